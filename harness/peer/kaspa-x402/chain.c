/* What a case does to the chain and its node, and what it has seen of them. */
#include "kaspa/mass.h"
#include "kaspa/txid.h"
#include "peer/kaspa-x402/peer_internal.h"

#include <limits.h>

enum { FIRST_FEE_FACTOR = 10, SETTLE_TRIES = 2000 };

static void end_if(struct assay_case *t, enum assay_code rc, const char *what)
{
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the simulated chain cannot %s: %s", what, assay_code_text(rc));
}

void kxp_mine_merging(struct assay_case *t, unsigned blocks, unsigned merged)
{
    struct kxp_roles *r = kxp_roles_of(t);
    enum assay_code rc;

    kaspa_chain_lock_take(r->lock);
    rc = kxp_mine_now(r->chain, blocks, merged);
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    end_if(t, rc, "mine");
}

void kxp_mine(struct assay_case *t, unsigned blocks)
{
    kxp_mine_merging(t, blocks, 0);
}

void kxp_node_behaves(struct assay_case *t, struct kaspa_node_behaviour behaviour)
{
    if ((behaviour.unsynced || behaviour.sync_flag_missing) &&
        target_supports(case_target(t), "node-rest-only"))
        case_end(t, VERDICT_UNSUPPORTED,
                 "a node says over RPC alone whether it is synced, and the target reads only REST "
                 "(`supports`: \"node-rest-only\")");
    kaspa_node_behave(kxp_node(t), &behaviour);
}

void kxp_node_is_sound(struct assay_case *t)
{
    kxp_node_behaves(t, (struct kaspa_node_behaviour){0});
}

void kxp_node_restarts(struct assay_case *t)
{
    struct assay_err err = {0};

    if (kaspa_node_restart(kxp_node(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the role node cannot be started again: %s", err.text);
}

void kxp_node_forks(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);
    enum assay_code rc = ASSAY_OK;

    if (r->fork == NULL) {
        kaspa_chain_lock_take(r->lock);
        rc = kaspa_chain_fork(&r->fork, r->chain, ASSAY_LIT("fork"));
        kaspa_chain_lock_give(r->lock);
    }
    end_if(t, rc, "fork");
    kaspa_node_switch(r->node, r->fork);
}

void kxp_node_returns(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);

    kaspa_node_switch(r->node, r->chain);
}

void kxp_reorganise(struct assay_case *t, unsigned depth, const struct kaspa_tx *winner)
{
    struct kxp_roles *r = kxp_roles_of(t);
    struct assay_err err = {0};
    enum assay_code rc;

    kaspa_chain_lock_take(r->lock);
    rc = kaspa_chain_reorganise(r->chain, depth, winner, &err);
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the simulated chain cannot be reorganised: %s", err.text);
}

static struct kaspa_hash id_of(const struct kxp_payment *payment)
{
    struct kaspa_hash id;

    kaspa_txid(&id, &payment->tx);
    return id;
}

static struct kaspa_chain_tx found_on(struct kxp_roles *r, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx found = {.state = KASPA_TX_UNKNOWN};

    kaspa_chain_lock_take(r->lock);
    (void)kaspa_chain_tx(r->chain, &found, id);
    kaspa_chain_lock_give(r->lock);
    return found;
}

void kxp_reorganise_tx_out(struct assay_case *t, const struct kaspa_tx *tx,
                           const struct kaspa_tx *winner)
{
    struct kaspa_chain_tx found;
    struct kaspa_hash id;

    kaspa_txid(&id, tx);
    found = found_on(kxp_roles_of(t), &id);
    if (found.state != KASPA_TX_ACCEPTED || found.confirmations > UINT_MAX)
        case_end(t, VERDICT_BROKEN, "the transaction is not on the chain, so it cannot leave it");
    kxp_reorganise(t, (unsigned)found.confirmations, winner);
}

void kxp_reorganise_out(struct assay_case *t, const struct kxp_payment *payment,
                        const struct kaspa_tx *winner)
{
    kxp_reorganise_tx_out(t, &payment->tx, winner);
}

void kxp_prune(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);
    enum assay_code rc;

    kaspa_chain_lock_take(r->lock);
    rc = kaspa_chain_mine(r->chain, &(struct kaspa_mining){.blocks = 1, .leave_mempool = true});
    if (rc == ASSAY_OK)
        kaspa_chain_prune(r->chain, 1);
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    end_if(t, rc, "mine");
}

void kxp_evict(struct assay_case *t, const struct kxp_payment *payment)
{
    struct kxp_roles *r = kxp_roles_of(t);
    struct kaspa_hash id = id_of(payment);
    bool there;

    kaspa_chain_lock_take(r->lock);
    there = kaspa_chain_evict(r->chain, &id);
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    if (!there)
        case_end(t, VERDICT_BROKEN, "the payment is not in the mempool, so it cannot be evicted");
}

void kxp_release_tx(struct assay_case *t, const struct kaspa_tx *tx)
{
    struct kxp_roles *r = kxp_roles_of(t);
    struct kaspa_hash id;
    bool there;

    kaspa_txid(&id, tx);
    kaspa_chain_lock_take(r->lock);
    there = kaspa_chain_hold(r->chain, &id, false);
    kaspa_chain_lock_give(r->lock);
    if (!there)
        case_end(t, VERDICT_BROKEN,
                 "the transaction is not in the mempool, so it cannot be released");
}

void kxp_release(struct assay_case *t, const struct kxp_payment *payment)
{
    kxp_release_tx(t, &payment->tx);
}

struct kaspa_outpoint kxp_fund(struct assay_case *t, const struct kaspa_spk *spk, uint64_t amount)
{
    struct kxp_roles *r = kxp_roles_of(t);
    struct kaspa_outpoint outpoint = {0};
    enum assay_code rc;

    kaspa_chain_lock_take(r->lock);
    rc = kaspa_chain_fund(r->chain, &outpoint, spk, amount);
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    end_if(t, rc, "make a coin");
    return outpoint;
}

void kxp_relay_policy(struct assay_case *t, bool on)
{
    struct kxp_roles *r = kxp_roles_of(t);

    kaspa_chain_lock_take(r->lock);
    kaspa_chain_set_relay_policy(r->chain, on);
    kaspa_chain_lock_give(r->lock);
}

void kxp_submit_ourselves(struct assay_case *t, const struct kaspa_tx *tx)
{
    struct kxp_roles *r = kxp_roles_of(t);
    char room[512];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    enum kaspa_submission result;

    kaspa_chain_lock_take(r->lock);
    result = kaspa_chain_submit(r->chain, tx, NULL, NULL, &reason);
    r->ours++;
    kaspa_chain_lock_give(r->lock);
    kaspa_node_changed(r->node);
    if (result != KASPA_SUBMITTED && result != KASPA_KNOWN)
        case_end(t, VERDICT_BROKEN, "the simulated chain does not take our own transaction: %.*s",
                 (int)reason.len, (const char *)reason.at);
}

const struct kaspa_tx *kxp_conflict(struct assay_case *t, const struct kxp_payment *payment)
{
    const struct kaspa_spend *spend = &payment->draft->spends[0];
    struct assay_key stranger = kxp_stranger(t);
    struct kaspa_spk to = kxp_spk_of(t, &stranger);
    struct kaspa_output output = {.value = spend->utxo.amount, .spk = to};
    const struct kaspa_plan plan = {.spends = spend,
                                    .spend_count = 1,
                                    .outputs = &output,
                                    .output_count = 1,
                                    .payload = ASSAY_LIT("")};
    struct kaspa_tx *tx = case_alloc(t, sizeof(*tx));
    struct assay_err err = {0};

    output.value -= FIRST_FEE_FACTOR * KASPA_RELAY_FEE_PER_KILOGRAM;
    if (kaspa_build(tx, case_arena(t), &plan, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "a conflicting transaction cannot be made: %s", err.text);
    return tx;
}

enum kaspa_chain_tx_state kxp_state(struct assay_case *t, const struct kxp_payment *payment)
{
    struct kaspa_hash id = id_of(payment);

    return found_on(kxp_roles_of(t), &id).state;
}

/* A call is counted before it is carried out. */
void kxp_await_in_mempool(struct assay_case *t, const struct kxp_payment *payment)
{
    bool came = kxp_await_submissions(t, 1);

    for (int i = 0; came && i < SETTLE_TRIES && kxp_state(t, payment) == KASPA_TX_UNKNOWN; i++)
        peer_pause(t, 1);
    if (kxp_state(t, payment) != KASPA_TX_IN_MEMPOOL)
        case_end(t, VERDICT_BROKEN, "the payment was not submitted");
}

uint64_t kxp_submissions(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);

    return kaspa_node_submissions(r->node) - r->submissions_before;
}

uint64_t kxp_calls(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);

    return kaspa_node_calls(r->node) - r->calls_before;
}

bool kxp_await_submissions(struct assay_case *t, uint64_t count)
{
    struct kxp_roles *r = kxp_roles_of(t);

    return kaspa_node_await_submissions(r->node, r->submissions_before + count,
                                        case_patience_ms(t));
}

bool kxp_await_calls(struct assay_case *t, uint64_t count)
{
    struct kxp_roles *r = kxp_roles_of(t);

    return kaspa_node_await(r->node, NULL, r->calls_before + count, kxp_accept_wait_ms(t));
}

static bool is_new(const struct kaspa_chain *chain, size_t first, size_t number,
                   const struct kaspa_hash *id)
{
    struct kaspa_chain_event earlier;

    for (size_t i = first; i < number; i++)
        if (kaspa_chain_event(chain, i, &earlier) && memcmp(&earlier.id, id, sizeof(*id)) == 0)
            return false;
    return true;
}

size_t kxp_submitted_ids(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);
    struct kaspa_chain_event event;
    size_t ids = 0;

    kaspa_chain_lock_take(r->lock);
    for (size_t i = r->events_before; i < kaspa_chain_event_count(r->chain); i++)
        if (kaspa_chain_event(r->chain, i, &event) &&
            is_new(r->chain, r->events_before, i, &event.id))
            ids++;
    kaspa_chain_lock_give(r->lock);
    return ids > r->ours ? ids - r->ours : 0;
}
