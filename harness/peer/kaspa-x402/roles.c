/* The network around a target: a simulated chain, a node, and a miner that mines what the target
 * submits, so that an honest payment is accepted at once. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/hex.h"

#include <time.h>

enum {
    START_BEHIND_MS = 60000, /* the genesis: so that blocks need not be in the future */
    IDLE_MS = 50,            /* between looks where nothing was submitted */
    LEAST_INTERVAL_MS = 1,   /* between blocks, where the chain is not behind the clock */
    SETTLE_MS = 2,
    SETTLE_TRIES = 20,
};

/* 2026-01-01T00:00:00Z. A server that is running already remembers how far its node was, and a
 * later run's chain must not stand behind that: scores begin with the milliseconds since then,
 * which is more than a run mines, and less than what lock times can name for fifteen years. */
#define SCORES_FROM_MS INT64_C(1767225600000)

static int64_t wall_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum assay_code kxp_mine_now(struct kaspa_chain *chain, unsigned blocks, unsigned merged)
{
    struct kaspa_chain_info info;
    struct kaspa_mining how = {
        .blocks = blocks, .merged = merged, .interval_ms = LEAST_INTERVAL_MS};
    int64_t behind;

    kaspa_chain_info(chain, &info);
    behind = wall_ms() - info.sink_time_ms;
    if (blocks > 0 && behind / blocks > LEAST_INTERVAL_MS && behind / blocks < INT32_MAX)
        how.interval_ms = (unsigned)(behind / blocks);
    return kaspa_chain_mine(chain, &how);
}

/* ---- the miner ---- */

static size_t mempool_size(struct kxp_roles *r)
{
    struct kaspa_chain_info info;

    kaspa_chain_lock_take(r->lock);
    kaspa_chain_info(r->chain, &info);
    kaspa_chain_lock_give(r->lock);
    return info.mempool_size;
}

static size_t mine_block(struct kxp_roles *r)
{
    enum assay_code rc;

    kaspa_chain_lock_take(r->lock);
    rc = kxp_mine_now(r->chain, 1, 0);
    kaspa_chain_lock_give(r->lock);
    if (rc == ASSAY_OK)
        kaspa_node_changed(r->node);
    return mempool_size(r);
}

/* What spends a transaction of the mempool takes a block of its own. What a block leaves that has
 * taken nothing is held there, and waits for somebody to release it. */
static size_t mine_mempool(struct kxp_roles *r, size_t size)
{
    size_t before;

    do {
        before = size;
        size = mine_block(r);
    } while (size > 0 && size < before);
    return size;
}

static bool may_mine(struct kxp_roles *r, bool *is_ending)
{
    bool may;

    pthread_mutex_lock(&r->guard);
    may = r->is_mining;
    *is_ending = r->is_ending;
    pthread_mutex_unlock(&r->guard);
    return may;
}

/* A call is counted before it is carried out, so after one the mempool is looked at more often. */
static void *mine(void *with)
{
    struct kxp_roles *r = with;
    uint64_t seen = 0;
    size_t left = 0; /* in the mempool, and not for mining */
    int tries = 0;
    bool is_ending = false;

    while (!is_ending) {
        int wait_ms = tries > 0 ? SETTLE_MS : IDLE_MS;
        size_t size;

        tries = tries > 0 ? tries - 1 : 0;
        if (kaspa_node_await_submissions(r->node, seen + 1, wait_ms)) {
            seen++;
            tries = SETTLE_TRIES;
        }
        size = mempool_size(r);
        if (size < left)
            left = size;
        if (may_mine(r, &is_ending) && size > left)
            left = mine_mempool(r, size);
    }
    return NULL;
}

static void set_mining(struct kxp_roles *r, bool on)
{
    pthread_mutex_lock(&r->guard);
    r->is_mining = on;
    pthread_mutex_unlock(&r->guard);
}

bool kxp_is_mining(struct assay_case *t)
{
    bool is_ending;

    return may_mine(kxp_roles_of(t), &is_ending);
}

void kxp_mining(struct assay_case *t, bool on)
{
    set_mining(kxp_roles_of(t), on);
}

/* ---- start and stop ---- */

/* The coin of an additive head, which the target is told of; its owner's key is in the target's own
 * options (harness/target/embedded_kaspa_x402.c). */
static enum assay_code fund_head(struct kxp_roles *r)
{
    uint8_t redeem_room[128], script_room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf redeem = ASSAY_BUF_OVER(redeem_room), script = ASSAY_BUF_OVER(script_room);
    struct assay_buf text = ASSAY_BUF_OVER(r->head);
    struct kaspa_outpoint outpoint;
    struct assay_key owner;
    struct kaspa_spk spk;
    enum assay_code rc;

    kaspa_key_from_seed(&owner, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("head owner"));
    kx_additive_redeem(&redeem, owner.xonly, KX_THRESHOLD_MIN_DEFAULT);
    kaspa_script_add_pay_to_script_hash(&script, assay_buf_view(&redeem));
    spk = (struct kaspa_spk){.script = assay_buf_view(&script)};
    rc = kaspa_chain_fund(r->chain, &outpoint, &spk, KASPA_SOMPI_PER_KAS);
    assay_buf_add_hex(&text, assay_bytes_of(outpoint.txid.at, sizeof(outpoint.txid.at)));
    assay_buf_printf(&text, ":%u", (unsigned)outpoint.index);
    return rc == ASSAY_OK && assay_buf_cstr(&text) == NULL ? ASSAY_E_TOO_LARGE : rc;
}

static enum assay_code start_chain(struct kxp_roles *r, const struct profile_roles_options *options,
                                   struct assay_err *err)
{
    const int64_t now_ms = wall_ms();
    const struct kaspa_chain_options chain = {
        .seed = assay_bytes_of(&options->seed, sizeof(options->seed)),
        .network = KASPA_TESTNET,
        .start_ms = now_ms - START_BEHIND_MS,
        .daa_ahead = now_ms > SCORES_FROM_MS ? (uint64_t)(now_ms - SCORES_FROM_MS) : 0};

    if (kaspa_chain_lock_new(&r->lock) != ASSAY_OK ||
        kaspa_chain_new(&r->chain, &chain) != ASSAY_OK || fund_head(r) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a chain");
    return kaspa_node_start(
        &r->node,
        &(struct kaspa_node_options){.chain = r->chain,
                                     .lock = r->lock,
                                     .rpc_port = target_role_port(options->target, "node"),
                                     .rest_port = target_role_port(options->target, "node-rest")},
        err);
}

void kxp_roles_stop(void *with)
{
    struct kxp_roles *r = with;

    if (r == NULL)
        return;
    pthread_mutex_lock(&r->guard);
    r->is_ending = true;
    pthread_mutex_unlock(&r->guard);
    if (r->miner_runs)
        pthread_join(r->miner, NULL);
    kxp_client_roles_stop(r);
    kaspa_node_stop(r->node);
    kaspa_chain_free(r->fork);
    kaspa_chain_free(r->chain);
    kaspa_chain_lock_free(r->lock);
    json_decref(r->known);
    pthread_mutex_destroy(&r->guard);
    assay_free(r);
}

void *kxp_roles_start(const struct profile_roles_options *options, struct assay_err *err)
{
    struct kxp_roles *r = assay_alloc(sizeof(*r));
    enum assay_code rc;

    if (r == NULL) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the role node");
        return NULL;
    }
    *r = (struct kxp_roles){.is_mining = true, .known = json_object()};
    pthread_mutex_init(&r->guard, NULL);
    if (options->target->side == SIDE_LIBRARY) /* is asked, and sees no network */
        return r;
    rc = start_chain(r, options, err);
    if (rc == ASSAY_OK && options->target->side == SIDE_CLIENT)
        rc = kxp_client_roles_start(r, options, err);
    if (rc == ASSAY_OK && pthread_create(&r->miner, NULL, mine, r) != 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "no thread for a miner");
    if (rc != ASSAY_OK) {
        kxp_roles_stop(r);
        return NULL;
    }
    r->miner_runs = true;
    return r;
}

const char *kxp_role_url(void *with, const char *role)
{
    struct kxp_roles *r = with;

    if (r->node == NULL)
        return NULL;
    if (strcmp(role, "node") == 0)
        return kaspa_node_rpc_url(r->node);
    if (strcmp(role, "node-rest") == 0)
        return kaspa_node_rest_url(r->node);
    if (strcmp(role, "wallet") == 0)
        return r->wallet != NULL ? kaspa_wallet_url(r->wallet) : NULL;
    return strcmp(role, "head") == 0 ? r->head : NULL;
}

/* ---- of a case ---- */

/* Whatever an earlier case left behind: a node that lies, a fork, a pause. */
void kxp_roles_calm(void *with)
{
    struct kxp_roles *r = with;

    if (r->chain == NULL)
        return;
    kaspa_node_behave(r->node, &(struct kaspa_node_behaviour){0});
    kaspa_node_switch(r->node, r->chain);
    kaspa_chain_lock_take(r->lock);
    kaspa_chain_set_relay_policy(r->chain, true);
    kaspa_chain_lock_give(r->lock);
    kaspa_chain_free(r->fork);
    r->fork = NULL;
    set_mining(r, true);
    r->submissions_before = kaspa_node_submissions(r->node);
    r->ours = 0;
    r->calls_before = kaspa_node_calls(r->node);
    kaspa_chain_lock_take(r->lock);
    r->events_before = kaspa_chain_event_count(r->chain);
    kaspa_chain_lock_give(r->lock);
    if (r->wallet != NULL)
        kxp_client_roles_calm(r);
}

struct kxp_roles *kxp_roles_of(struct assay_case *t)
{
    struct kxp_roles *r = case_roles(t);

    if (r == NULL)
        case_end(t, VERDICT_BROKEN, "the role node is not there");
    return r;
}

struct kaspa_node *kxp_node(struct assay_case *t)
{
    return kxp_roles_of(t)->node;
}

struct kaspa_chain *kxp_chain(struct assay_case *t)
{
    return kxp_roles_of(t)->chain;
}

struct kaspa_chain_lock *kxp_lock(struct assay_case *t)
{
    return kxp_roles_of(t)->lock;
}
