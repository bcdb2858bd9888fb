/* What clients owe through channels, claimed for an operator: one transaction a channel, from its
 * lease to its successor. A run that ends early leaves the operation in the store, where the next
 * one takes it up; the transaction of one channel's version is always the same. Source: Kaspa x402
 * batch digest, sections 8.4, 13 and 14. */
#include "base/hex.h"
#include "base/json.h"
#include "base/mac.h"
#include "core/kx_operate.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "net/clock.h"
#include "server/kx_parts.h"

#include <stdlib.h>

#define CLAIM_ARENA_BYTES ((size_t)16 << 20)

struct claiming {
    const struct kx_server_options *options;
    struct kx_batch_core batch;
    struct assay_key key;
    struct kx_store *store;
    struct ref_kaspa_node *node;
    struct assay_buf *out;
    int64_t until_ms; /* on the steady clock: nothing is waited for beyond it */
};

/* One channel's claim on its way. */
struct claim {
    struct claiming *all;
    struct assay_arena arena, scratch; /* scratch: of one look */
    struct kx_operated channel;
    struct kx_lane_operation operation;
    struct kaspa_tx tx;
    struct kaspa_hash txid;
    struct kaspa_outpoint head; /* that it spends, and the script there */
    struct kaspa_spk head_spk;
    bool is_submitted; /* by this run */
};

/* ---- lines ---- */

static void add_line(struct claim *c, const char *did, const char *reason)
{
    struct assay_buf *out = c->all->out;
    const struct kx_lane_operation *o = &c->operation;

    assay_buf_printf(out, "{\"channel\":\"%s\",\"did\":\"%s\"", c->channel.record.channel_id, did);
    if (o->txid[0] != '\0')
        assay_buf_printf(out, ",\"transaction\":\"%s\",\"amount\":\"%llu\"", o->txid,
                         (unsigned long long)o->amount);
    if (reason != NULL) {
        assay_buf_add_str(out, ",\"reason\":");
        assay_json_add_string(out, assay_str(reason));
    }
    assay_buf_add_str(out, "}\n");
}

/* Nothing was done, or not all: the line says why, and the run goes on. */
static enum assay_code leave(struct claim *c, const char *did, const char *reason,
                             struct assay_err *err)
{
    add_line(c, did, reason);
    return assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s", reason);
}

/* ---- the chain ---- */

static enum assay_code look(struct claim *c, struct kx_sight *sight, struct assay_err *err)
{
    const struct kx_look look = {.outpoints = &c->head,
                                 .spks = &c->head_spk,
                                 .count = 1,
                                 .has_tx = true,
                                 .txid = c->txid,
                                 .output_index = 1,
                                 .output_spk = c->tx.outputs[1].spk,
                                 .output_amount = c->tx.outputs[1].value,
                                 .has_since = c->channel.journal.has_before,
                                 .since = c->channel.journal.before,
                                 .wants_body = true};

    *sight = (struct kx_sight){.is_read = false};
    assay_arena_fini(&c->scratch);
    c->scratch = (struct assay_arena)ASSAY_ARENA_INIT(CLAIM_ARENA_BYTES);
    return ref_kaspa_node_look(c->all->node, sight, &c->scratch, &look, err);
}

static bool is_confirmed(const struct claim *c, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *e = &sight->evidence;

    return e->status == KX_CHAIN_ACCEPTED && e->has_confirmations &&
           e->confirmations >= c->operation.confirmations && sight->has_body;
}

static bool is_lost(const struct claim *c, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *e = &sight->evidence;

    return e->status == KX_CHAIN_ABSENT && e->has_confirmations &&
           e->confirmations >= c->operation.confirmations;
}

/* ---- the store ---- */

static enum assay_code load(struct claim *c, const char *channel_id, struct assay_err *err)
{
    struct kx_store *store = c->all->store;
    struct kx_lane_record record;
    enum assay_code code =
        store->ops->load_channel(store, &record, &c->arena, channel_id, true, err);

    if (code != ASSAY_OK)
        return code;
    code = kx_operated_read(&c->channel, &c->arena, c->all->batch.binding, &record);
    return code == ASSAY_OK ? code
                            : assay_fail(err, code, 0, "what the store has of it cannot be read");
}

/* The channel as it is now: requests may have followed the claim meanwhile. */
static enum assay_code apply(struct claim *c, const struct kx_sight *sight, struct assay_err *err)
{
    const struct kx_store_ops *ops = c->all->store->ops;
    char id[X402_HASH_TEXT_BYTES];
    bool applied = false;
    enum assay_code code;

    memcpy(id, c->operation.channel_id, sizeof(id));
    if ((code = ops->accept_operation(c->all->store, c->operation.txid,
                                      sight->evidence.confirmations, ref_net_wall_ms(), err)) !=
            ASSAY_OK ||
        (code = load(c, id, err)) != ASSAY_OK ||
        (code = kx_operate_move(&c->channel, &c->arena, sight, err)) != ASSAY_OK ||
        (code = ops->apply_operation(c->all->store, c->operation.txid, &c->channel.record,
                                     ref_net_wall_ms(), &applied, err)) != ASSAY_OK)
        return code;
    if (!applied)
        return leave(c, "pending", "the channel moved meanwhile: claim again", err);
    add_line(c, "claimed", NULL);
    return ASSAY_OK;
}

/* ---- one claim ---- */

static enum assay_code submit(struct claim *c, struct assay_err *err)
{
    const struct kx_store_ops *ops = c->all->store->ops;
    struct assay_err why = {0};
    bool sent = false;
    enum assay_code code;

    c->is_submitted = true;
    code = ref_kaspa_node_submit(c->all->node, &c->tx, &c->txid, &sent, &why);
    if (code == ASSAY_E_DENIED && c->operation.status == KX_PENDING) {
        /* nobody but this node was ever sent it */
        if ((code = ops->abandon_operation(c->all->store, c->operation.txid, err)) != ASSAY_OK)
            return code;
        return leave(c, "abandoned", why.text, err);
    }
    if (code != ASSAY_OK)
        return ASSAY_OK; /* what became of it the next look sees */
    return ops->broadcast_operation(c->all->store, c->operation.txid, ref_net_wall_ms(), err);
}

static bool wait_a_while(const struct claim *c)
{
    int64_t wait_ms = c->all->options->poll_ms;

    if (ref_net_now_ms() + wait_ms > c->all->until_ms)
        return false;
    ref_net_wait_ms(wait_ms);
    return true;
}

/* From a lease that is taken: the chain is looked at before anything is sent, since an earlier run
 * may have sent it. */
static enum assay_code carry_out(struct claim *c, struct assay_err *err)
{
    struct kx_sight sight;
    enum assay_code code;

    do {
        if ((code = look(c, &sight, err)) != ASSAY_OK)
            return code;
        if (is_confirmed(c, &sight))
            return apply(c, &sight, err);
        if (is_lost(c, &sight)) {
            code = c->all->store->ops->abandon_operation(c->all->store, c->operation.txid, err);
            return code == ASSAY_OK
                       ? leave(c, "abandoned", "another transaction has spent the head", err)
                       : code;
        }
        if (sight.evidence.status == KX_CHAIN_UNKNOWN && !c->is_submitted &&
            (code = submit(c, err)) != ASSAY_OK)
            return code;
    } while (wait_a_while(c));
    return leave(c, "pending", "the chain has not confirmed it yet: claim again", err);
}

static enum assay_code begin(struct claim *c, struct assay_err *err)
{
    struct claiming *all = c->all;
    enum kx_operation_result result = KX_OPERATION_MOVED;
    enum assay_code code =
        kx_operate_claim(&c->operation, &c->tx, &c->arena, &c->channel, &all->key,
                         all->options->fee_max, all->batch.policy.confirmations, err);

    if (code == ASSAY_E_MISSING || code == ASSAY_E_RANGE)
        return leave(c, "nothing", err->text, err);
    if (code == ASSAY_OK)
        code = all->store->ops->begin_operation(all->store, &c->operation, ref_net_wall_ms(),
                                                &result, err);
    if (code != ASSAY_OK)
        return code;
    if (result == KX_OPERATION_LEASED)
        return leave(c, "nothing", "a payment is on its way: claim again", err);
    if (result == KX_OPERATION_MOVED)
        return leave(c, "nothing", "the channel is not active any more", err);
    return ASSAY_OK;
}

/* An operation of an earlier run: its very transaction. */
static enum assay_code take_up(struct claim *c, struct assay_err *err)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct kaspa_claims claims;
    const char *txid = c->channel.record.lease;
    enum assay_code code =
        c->all->store->ops->load_operation(c->all->store, &c->operation, &c->arena, txid, err);

    if (code == ASSAY_E_MISSING)
        return leave(c, "nothing", "a payment is on its way: claim again", err);
    if (code != ASSAY_OK)
        return code;
    code = kaspa_tx_parse(&c->tx, &claims, &c->arena, c->operation.transaction, &options, err);
    if (code != ASSAY_OK || c->tx.output_count != 2 || c->operation.kind != KX_CLAIM)
        return assay_fail(err, code != ASSAY_OK ? code : ASSAY_E_UNSUPPORTED, 0,
                          "what is on its way in it is no claim that can be read");
    return ASSAY_OK;
}

static enum assay_code claim_channel(struct claim *c, const char *channel_id, struct assay_err *err)
{
    enum assay_code code = load(c, channel_id, err);

    if (code == ASSAY_OK)
        code = c->channel.record.lease[0] != '\0' ? take_up(c, err) : begin(c, err);
    if (code != ASSAY_OK)
        return code;
    kaspa_txid(&c->txid, &c->tx);
    c->head = c->tx.inputs[0].previous;
    code = kx_lane_spk(&c->head_spk, &c->arena, &c->channel.lane, c->channel.record.head.claimed);
    return code == ASSAY_OK ? carry_out(c, err) : code;
}

static enum assay_code one(struct claiming *all, const char *channel_id, struct assay_err *err)
{
    struct claim c = {.all = all,
                      .arena = ASSAY_ARENA_INIT(CLAIM_ARENA_BYTES),
                      .scratch = ASSAY_ARENA_INIT(CLAIM_ARENA_BYTES)};
    enum assay_code code = claim_channel(&c, channel_id, err);

    assay_arena_fini(&c.scratch);
    assay_arena_fini(&c.arena);
    return code == ASSAY_OK || code == ASSAY_E_UNKNOWN
               ? code
               : assay_err_wrap(err, code, "channel %.64s", channel_id);
}

/* ---- all of them ---- */

/* UNKNOWN: one at least is not claimed. */
static enum assay_code each(struct claiming *all, struct assay_err *err)
{
    char(*ids)[X402_HASH_TEXT_BYTES];
    size_t count;
    bool is_left = false;
    enum assay_code code = kx_parts_list(&ids, &count, all->store, all->store->ops->claimable, err);

    if (code != ASSAY_OK)
        return code;
    for (size_t i = 0; code == ASSAY_OK && i < count; i++) {
        code = one(all, ids[i], err);
        is_left = is_left || code == ASSAY_E_UNKNOWN;
        code = code == ASSAY_E_UNKNOWN ? ASSAY_OK : code;
    }
    assay_free(ids);
    if (code == ASSAY_OK && is_left)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "not all of them are claimed");
    return code;
}

/* Its secret is wiped where it stands. */
static enum assay_code take_key(struct assay_key *out, const char *variable, struct assay_err *err)
{
    char *value = getenv(variable);
    uint8_t secret[32];
    bool is_key = value != NULL &&
                  assay_hex_decode(secret, sizeof(secret), assay_str(value), false) == ASSAY_OK &&
                  assay_key_init(out, secret) == ASSAY_OK;

    assay_wipe(secret, sizeof(secret));
    if (value != NULL)
        assay_wipe(value, strlen(value));
    (void)unsetenv(variable);
    return is_key ? ASSAY_OK
                  : assay_fail(err, ASSAY_E_MISSING, 0,
                               "the environment variable %s holds no secret key, which is 64 hex "
                               "digits",
                               variable);
}

static enum assay_code open_all(struct claiming *all, struct assay_err *err)
{
    const struct ref_kaspa_node_options node = kx_parts_node(all->options);
    enum assay_code code;

    if (all->options->node == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the node is missing: name its ws:// URL");
    if ((code = kx_parts_existing_store(&all->store, all->options, err)) != ASSAY_OK ||
        (code = ref_kaspa_node_check(&node, err)) != ASSAY_OK)
        return code;
    return ref_kaspa_node_start(&all->node, &node, err);
}

enum assay_code kx_server_claim(const struct kx_server_options *o,
                                const struct kx_claim_request *request, struct assay_buf *out,
                                struct assay_err *err)
{
    struct claiming all = {
        .options = o, .out = out, .until_ms = ref_net_now_ms() + o->accept_wait_ms};
    char key[2 * ASSAY_XONLY_BYTES + 1];
    struct kx_server_options with = *o;
    enum assay_code code = take_key(&all.key, request->secret_variable, err);

    if (code == ASSAY_OK) {
        assay_hex_encode(key, assay_bytes_of(all.key.xonly, sizeof(all.key.xonly)));
        with.channel_key = key;
        code = kx_parts_batch(&all.batch, &with, err);
    }
    if (code == ASSAY_OK && (code = open_all(&all, err)) == ASSAY_OK)
        code = request->channel_id != NULL ? one(&all, request->channel_id, err) : each(&all, err);
    ref_kaspa_node_stop(all.node);
    if (all.store != NULL)
        all.store->ops->close(all.store);
    assay_key_wipe(&all.key);
    if (code == ASSAY_OK || code == ASSAY_E_UNKNOWN)
        code = assay_buf_ok(out) ? code : assay_fail(err, out->bad, 0, "no room for the answer");
    return code;
}
