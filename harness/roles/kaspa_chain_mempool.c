/* What comes into the mempool of a simulated chain and what leaves it; see kaspa_chain.h. */
#include "roles/kaspa_chain_internal.h"

#include "base/hex.h"
#include "kaspa/txid.h"

struct submitting {
    struct kaspa_chain *chain;
    const struct kaspa_tx *tx;
    bool replaces;
    struct assay_arena arena; /* for the time of the call */
    const struct chain_tx *known;
    struct chain_entries entries;
    struct kaspa_verdict verdict;
    size_t fault;
};

/* ---- replacing ---- */

/* What the mempool has that spends the same as an input. */
static struct chain_tx *rival_of(const struct submitting *s, size_t input)
{
    const struct kaspa_outpoint *previous = &s->tx->inputs[input].previous;
    const struct chain_tx *maker = chain_find_tx(s->chain, &previous->txid);
    struct chain_tx *spender;

    if (maker == NULL || previous->index >= maker->tx.output_count)
        return NULL;
    spender = maker->outputs[previous->index].spender;
    return spender != NULL && spender->state == KASPA_TX_IN_MEMPOOL ? spender : NULL;
}

/* The first rival from an input on; *input is input_count where there is none. */
static struct chain_tx *next_rival(const struct submitting *s, size_t *input)
{
    struct chain_tx *rival = NULL;

    while (*input < s->tx->input_count && (rival = rival_of(s, *input)) == NULL)
        (*input)++;
    return rival;
}

static void doom_rivals(const struct submitting *s)
{
    struct chain_tx *rival;

    for (size_t i = 0; (rival = next_rival(s, &i)) != NULL; i++)
        rival->is_doomed = true;
    chain_doom_spenders(s->chain);
}

/* The mass that a fee is set against: the largest of them, the transient one by half. */
static uint64_t mass_of(const struct kaspa_tx *tx, uint64_t storage_mass)
{
    uint64_t mass = kaspa_relay_mass(tx);

    return mass > storage_mass ? mass : storage_mass;
}

/* fee / mass > other_fee / other_mass. Masses are within the limits of a block, so that what is
 * left over times a mass fits. */
static bool is_higher_rate(uint64_t fee, uint64_t mass, uint64_t other_fee, uint64_t other_mass)
{
    uint64_t whole = fee / mass, other_whole = other_fee / other_mass;

    if (whole != other_whole)
        return whole > other_whole;
    return fee % mass * other_mass > other_fee % other_mass * mass;
}

static bool pays_more_than_rivals(const struct submitting *s)
{
    uint64_t mass = mass_of(s->tx, s->verdict.storage_mass);
    const struct chain_tx *rival;

    for (size_t i = 0; (rival = next_rival(s, &i)) != NULL; i++)
        if (!is_higher_rate(s->verdict.fee, mass, rival->fee,
                            mass_of(&rival->tx, rival->tx.storage_mass)))
            return false;
    return true;
}

/* ---- judging ---- */

static enum kaspa_submission judge_replacement(const struct submitting *s)
{
    size_t input = 0;

    if (next_rival(s, &input) == NULL)
        return KASPA_REFUSED;
    return pays_more_than_rivals(s) ? KASPA_SUBMITTED : KASPA_CONFLICT;
}

/* In the order of a node: known, rules of the transaction alone, double spends, the others. */
static enum kaspa_submission conclude(const struct submitting *s)
{
    size_t input = 0;

    if (s->fault < KASPA_RULE__COUNT && kaspa_rules[s->fault].stage == KASPA_STAGE_ISOLATION)
        return KASPA_REFUSED;
    if (!s->replaces && next_rival(s, &input) != NULL)
        return KASPA_CONFLICT;
    if (s->verdict.error == KASPA_TX_MISSING_OUTPOINTS)
        return KASPA_ORPHAN;
    if (s->fault < KASPA_RULE__COUNT)
        return KASPA_REFUSED;
    return s->replaces ? judge_replacement(s) : KASPA_SUBMITTED;
}

static enum kaspa_submission judge(struct submitting *s)
{
    struct kaspa_point_of_view pov = kaspa_chain_pov(s->chain);
    bool has_memory = chain_entries_gather(&s->entries, &s->arena, s->chain, s->tx, NULL);

    if (!chain_judge(&s->verdict, s->tx, &s->entries, &pov, &s->arena))
        has_memory = false;
    s->fault = chain_first_fault(&s->verdict, s->chain->has_relay_policy);
    s->known = chain_find_tx(s->chain, &s->verdict.id);
    if (s->known != NULL && s->known->state != KASPA_TX_UNKNOWN)
        return KASPA_KNOWN;
    return has_memory ? conclude(s) : KASPA_FULL;
}

/* ---- the reason ---- */

static void add_id(struct assay_buf *out, const struct kaspa_hash *id)
{
    assay_buf_add_hex(out, assay_bytes_of(id->at, sizeof(id->at)));
}

static void add_about(struct assay_buf *out, const struct submitting *s, const char *what)
{
    assay_buf_add_str(out, "transaction ");
    add_id(out, &s->verdict.id);
    assay_buf_add_str(out, what);
}

static void tell_conflict(struct assay_buf *out, const struct submitting *s)
{
    size_t input = 0;
    const struct chain_tx *rival = next_rival(s, &input);
    const struct kaspa_outpoint *outpoint = &s->tx->inputs[input].previous;

    if (s->replaces) {
        assay_buf_add_str(out, "fee rate per contextual mass gram is not greater than the fee "
                               "rate of the replaced transaction");
        return;
    }
    assay_buf_add_str(out, "output (");
    add_id(out, &outpoint->txid);
    assay_buf_printf(out, ", %lu) already spent by transaction ", (unsigned long)outpoint->index);
    add_id(out, &rival->id);
    assay_buf_add_str(out, " in the memory pool");
}

static void tell_refusal(struct assay_buf *out, const struct submitting *s)
{
    if (s->fault == KASPA_RULE__COUNT) {
        assay_buf_add_str(out, "a double spending transaction is required for a replacement");
        return;
    }
    if (kaspa_rules[s->fault].stage == KASPA_STAGE_RELAY)
        add_about(out, s, " is not standard: ");
    kaspa_check_explain(out, &s->verdict, (enum kaspa_rule_number)s->fault, s->tx);
}

/* The sentences that clients of a node look for; of a broken rule the one of ref/kaspa. */
static void tell(struct assay_buf *out, const struct submitting *s, enum kaspa_submission result)
{
    if (result == KASPA_SUBMITTED)
        return;
    assay_buf_add_str(out, "Rejected transaction ");
    add_id(out, &s->verdict.id);
    assay_buf_add_str(out, ": ");
    switch (result) {
    case KASPA_KNOWN:
        add_about(out, s,
                  s->known->state == KASPA_TX_ACCEPTED ? " was already accepted by the consensus"
                                                       : " is already in the mempool");
        break;
    case KASPA_ORPHAN:
        add_about(out, s, " is an orphan where orphan is disallowed");
        break;
    case KASPA_CONFLICT:
        tell_conflict(out, s);
        break;
    case KASPA_REFUSED:
        tell_refusal(out, s);
        break;
    case KASPA_FULL:
        assay_buf_add_str(out, "the mempool is full");
        break;
    case KASPA_SUBMITTED:
        break;
    }
}

/* ---- entering ---- */

static struct chain_tx *prepare(const struct submitting *s, const struct kaspa_tx *copy)
{
    if (chain_tx_reserve(s->chain) != ASSAY_OK)
        return NULL;
    return chain_tx_new(s->chain, copy, &s->entries, &s->verdict);
}

static void enter(const struct submitting *s, struct chain_tx *fresh)
{
    struct chain_tx *tx;

    if (s->replaces)
        chain_sweep_doomed(s->chain);
    tx = chain_tx_enter(s->chain, fresh);
    tx->state = KASPA_TX_IN_MEMPOOL;
    chain_list_push(&s->chain->mempool, tx);
}

/* Into the log, and into the mempool if it may: both or neither. */
static bool settle(const struct submitting *s, enum kaspa_submission result)
{
    struct kaspa_chain *chain = s->chain;
    struct kaspa_chain_event *event = assay_arena_alloc(&chain->arena, sizeof(*event));
    struct kaspa_tx *copy = assay_arena_alloc(&chain->arena, sizeof(*copy));
    struct chain_tx *fresh = NULL;

    if (event == NULL || copy == NULL || !chain_copy_tx(copy, &chain->arena, s->tx) ||
        !chain_list_reserve(&chain->events, 1))
        return false;
    if (result == KASPA_SUBMITTED) {
        if ((fresh = prepare(s, copy)) == NULL)
            return false;
        copy->storage_mass = s->verdict.storage_mass;
        enter(s, fresh);
    }
    *event = (struct kaspa_chain_event){.result = result, .id = s->verdict.id, .tx = copy};
    chain_list_push(&chain->events, event);
    return true;
}

static enum kaspa_submission submit(struct submitting *s, struct assay_buf *reason)
{
    enum kaspa_submission result;

    if (s->replaces && s->tx->input_count <= KASPA_TX_MAX_INPUTS)
        doom_rivals(s);
    result = judge(s);
    if (result != KASPA_FULL && !settle(s, result))
        result = KASPA_FULL;
    if (reason != NULL)
        tell(reason, s, result);
    if (s->replaces)
        chain_spare_doomed(s->chain);
    assay_arena_fini(&s->arena);
    return result;
}

enum kaspa_submission kaspa_chain_submit(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                                         struct kaspa_hash *id, struct kaspa_verdict *verdict,
                                         struct assay_buf *reason)
{
    struct submitting s = {
        .chain = chain, .tx = tx, .arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES)};
    enum kaspa_submission result = submit(&s, reason);

    if (id != NULL)
        *id = s.verdict.id;
    if (verdict != NULL)
        *verdict = s.verdict;
    return result;
}

enum kaspa_submission kaspa_chain_replace(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                                          struct kaspa_hash *id, struct assay_buf *reason)
{
    struct submitting s = {.chain = chain,
                           .tx = tx,
                           .replaces = true,
                           .arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES)};
    enum kaspa_submission result = submit(&s, reason);

    if (id != NULL)
        *id = s.verdict.id;
    return result;
}

/* ---- holding and evicting ---- */

static struct chain_tx *find_in_mempool(const struct kaspa_chain *chain,
                                        const struct kaspa_hash *id)
{
    struct chain_tx *tx = chain_find_tx(chain, id);

    return tx != NULL && tx->state == KASPA_TX_IN_MEMPOOL ? tx : NULL;
}

bool kaspa_chain_hold(struct kaspa_chain *chain, const struct kaspa_hash *id, bool hold)
{
    struct chain_tx *tx = find_in_mempool(chain, id);

    if (tx == NULL)
        return false;
    tx->is_held = hold;
    return true;
}

bool kaspa_chain_evict(struct kaspa_chain *chain, const struct kaspa_hash *id)
{
    struct chain_tx *tx = find_in_mempool(chain, id);

    if (tx == NULL)
        return false;
    tx->is_doomed = true;
    chain_doom_spenders(chain);
    chain_sweep_doomed(chain);
    return true;
}

size_t kaspa_chain_mempool(const struct kaspa_chain *chain, struct kaspa_hash *ids, size_t room)
{
    for (size_t i = 0; i < chain->mempool.len && i < room; i++)
        ids[i] = ((const struct chain_tx *)chain->mempool.at[i])->id;
    return chain->mempool.len;
}

/* ---- the log ---- */

size_t kaspa_chain_event_count(const struct kaspa_chain *chain)
{
    return chain->events.len;
}

bool kaspa_chain_event(const struct kaspa_chain *chain, size_t number,
                       struct kaspa_chain_event *out)
{
    if (number >= chain->events.len)
        return false;
    *out = *(const struct kaspa_chain_event *)chain->events.at[number];
    return true;
}
