/* The transaction of an execution: what is spent, and what is paid; see
 * escrow_behaviour_internal.h. Source: Kaspa x402 batch digest, section 8.4. */
#include "kaspa_x402/escrow_behaviour_internal.h"

#include <assert.h>

/* ---- the script's own state ---- */

static bool has_state(const struct kx_scene *s)
{
    size_t at = s->play->way->state_at;

    return s->script.len >= at + 8 && s->script.at[at - 1] == 8;
}

static uint64_t read_state(const struct kx_scene *s)
{
    uint64_t state = 0;

    for (size_t i = 0; i < 8; i++)
        state |= (uint64_t)s->script.at[s->play->way->state_at + i] << 8 * i;
    return state;
}

/* The script with another state, as who follows it would pay to it. */
static struct assay_bytes script_at(struct kx_scene *s, uint64_t state)
{
    memcpy(s->next_script, s->script.at, s->script.len);
    if (has_state(s))
        kx_escrow_set_state(s->next_script, s->play->way, state);
    return assay_bytes_of(s->next_script, s->script.len);
}

/* What pays to a script of the candidate's, made once a state: hashing is most of the work. */
static struct kaspa_spk script_hash(struct kx_scene *s, uint64_t state, struct assay_bytes redeem)
{
    struct kx_play_hashes *known = s->play->hashes;
    struct assay_buf out;
    size_t i = 0;

    while (i < known->count && known->rows[i].state != state)
        i++;
    if (i == known->count) {
        assert(known->count < KX_PLAY_HASHES); /* they are counted from the candidate's own */
        known->count++;
        known->rows[i].state = state;
        out = (struct assay_buf)ASSAY_BUF_OVER(known->rows[i].spk);
        kaspa_script_add_pay_to_script_hash(&out, redeem);
    }
    return (struct kaspa_spk){.script =
                                  assay_bytes_of(known->rows[i].spk, sizeof(known->rows[i].spk))};
}

/* ---- what is spent ---- */

static void add_input(struct kx_scene *s, const struct kaspa_utxo *coin)
{
    size_t i = s->tx.input_count++;

    s->inputs[i] = (struct kaspa_input){.commit_kind = KASPA_COMMIT_BUDGET, .commit = 20};
    memset(s->inputs[i].previous.txid.at, (int)i + 1, KASPA_HASH_BYTES);
    s->utxos[i] = *coin;
}

static void swap_inputs(struct kx_scene *s)
{
    struct kaspa_input input = s->inputs[0];
    struct kaspa_utxo coin = s->utxos[0];

    s->inputs[0] = s->inputs[1];
    s->utxos[0] = s->utxos[1];
    s->inputs[1] = input;
    s->utxos[1] = coin;
    s->head = 1;
}

static void make_inputs(struct kx_scene *s)
{
    const struct kx_execution *e = s->e;
    struct kaspa_utxo head = {.amount = s->value,
                              .spk = script_hash(s, s->state, s->script),
                              .has_covenant = true,
                              .covenant_id = s->covenant_id};
    struct kaspa_utxo plain = {.amount = (uint64_t)KX_PLAY_FUNDING, .spk = s->b->lane->refund};
    struct kaspa_utxo second = head;

    second.amount = (uint64_t)KX_PLAY_AMOUNT;
    add_input(s, &head);
    s->inputs[0].sequence = e->sequence;
    if (s->kind == KX_BATCH_TOP_UP && !e->has_no_funding)
        add_input(s, &plain);
    if (e->extra_input != KX_BOND_OWN)
        add_input(s, e->extra_input == KX_BOUND ? &second : &plain);
    if (e->is_behind)
        swap_inputs(s);
}

/* ---- what is paid ---- */

static struct kaspa_spk payee_spk(const struct kx_scene *s)
{
    const struct kx_lane *lane = s->b->lane;
    bool is_other = s->e->payee_to == KX_PAYEE_OTHER;

    if (s->e->payee_to == KX_PAYEE_STRANGER)
        return s->b->stranger;
    return (s->kind == KX_BATCH_CLAIM) != is_other ? lane->payout : lane->refund;
}

static uint64_t payee_value(const struct kx_scene *s)
{
    uint64_t honest = s->kind == KX_BATCH_CLAIM    ? s->amount
                      : s->kind == KX_BATCH_TOP_UP ? (uint64_t)(KX_PLAY_FUNDING - KX_PLAY_ADDED)
                                                   : s->value;

    return kx_moved(honest, s->e->payee_by - KX_PLAY_FEE);
}

static struct kaspa_output payee_of(const struct kx_scene *s)
{
    return (struct kaspa_output){.value = payee_value(s), .spk = payee_spk(s)};
}

/* The state that its successor is given. */
static uint64_t next_state(const struct kx_scene *s)
{
    return kx_moved(s->state,
                    (int64_t)(s->kind == KX_BATCH_CLAIM ? s->amount : 0) + s->e->state_by);
}

static struct kaspa_output next_of(struct kx_scene *s)
{
    struct kaspa_output next = {
        .value =
            kx_moved(s->value, s->kind == KX_BATCH_CLAIM ? -(int64_t)s->amount : KX_PLAY_ADDED)};

    next.value = kx_moved(next.value, s->e->next_by);
    next.spk = s->e->next_to == KX_NEXT_STRANGER
                   ? s->b->stranger
                   : script_hash(s, next_state(s), script_at(s, next_state(s)));
    return next;
}

/* A lineage of its own begins with the coin that is spent. */
static void bind(struct kx_scene *s, size_t i, enum kx_play_bond bond)
{
    struct kaspa_output *output = &s->outputs[i];
    const struct kaspa_genesis_output group = {.index = (uint32_t)i, .output = output};

    output->has_covenant = bond == KX_BOUND || bond == KX_BOUND_ANEW;
    if (!output->has_covenant)
        return;
    output->authorizing_input = (uint16_t)s->head;
    output->covenant_id = s->covenant_id;
    if (bond == KX_BOUND_ANEW)
        kaspa_covenant_id(&output->covenant_id, &s->inputs[s->head].previous, &group, 1);
}

static void add_output(struct kx_scene *s, const struct kaspa_output *output,
                       enum kx_play_bond bond)
{
    s->outputs[s->tx.output_count] = *output;
    bind(s, s->tx.output_count++, bond);
}

static void make_outputs(struct kx_scene *s)
{
    const struct kx_execution *e = s->e;
    struct kaspa_output payee = payee_of(s), next = next_of(s);
    bool has_next = s->kind != KX_BATCH_REFUND && !e->has_no_next;
    bool is_payee_first = (s->kind != KX_BATCH_TOP_UP) != e->is_swapped;
    enum kx_play_bond next_in = e->next_in == KX_BOND_OWN ? KX_BOUND : e->next_in;

    if (is_payee_first && !e->has_no_payee)
        add_output(s, &payee, e->payee_in);
    if (has_next)
        add_output(s, &next, next_in);
    if (!is_payee_first && !e->has_no_payee)
        add_output(s, &payee, e->payee_in);
    if (e->extra_output == KX_BOUND)
        add_output(s, &next, KX_BOUND);
    else if (e->extra_output != KX_BOND_OWN)
        add_output(s, &payee, KX_UNBOUND);
}

/* ---- all of it ---- */

void kx_scene_set(struct kx_scene *s, struct assay_bytes script, uint64_t value, uint64_t amount)
{
    const uint64_t sign_bit = UINT64_C(1) << 63;
    uint64_t timeout = s->b->lane->channel.refund_timeout_daa;

    s->cache = (struct kaspa_sighash_cache){.has_payload = false};
    s->script = script;
    s->value = value;
    s->amount = amount;
    s->state = has_state(s) ? read_state(s) : s->b->claimed;
    s->total = kx_moved(s->b->claimed, KX_PLAY_REST + s->e->total_by);
    s->total |= s->e->is_total_negative ? sign_bit : 0;
    s->tx = (struct kaspa_tx){.version = s->e->is_version_0 ? 0 : 1,
                              .inputs = s->inputs,
                              .outputs = s->outputs,
                              .lock_time = s->e->lock_time};
    if (s->kind == KX_BATCH_REFUND && s->e->lock_time == 0)
        s->tx.lock_time = kx_moved(timeout, s->e->lock_time_by);
    s->head = 0;
    make_inputs(s);
    make_outputs(s);
}
