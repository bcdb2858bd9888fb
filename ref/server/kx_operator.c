/* A server's own transactions of channels, for an operator: what clients owe is claimed, and a
 * client's top-up signed; one transaction a channel, from its lease to its successor. A run that
 * ends early leaves the operation in the store, where the next one takes it up; the claim of one
 * channel's version is always the same. Source: Kaspa x402 batch digest, sections 8.4, 13 and 14.
 */
#include "base/hex.h"
#include "base/json.h"
#include "base/mac.h"
#include "core/kx_operate.h"
#include "defects/defects.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "net/clock.h"
#include "server/kx_parts.h"

#include <stdlib.h>

#define CHANNEL_ARENA_BYTES ((size_t)16 << 20)

struct operating {
    const struct kx_server_options *options;
    const struct kx_operate_request *request;
    struct kx_batch_core batch;
    struct kx_operator by;
    struct assay_key key;
    struct kx_store *store;
    struct ref_kaspa_node *node;
    struct assay_buf *out;
    int64_t until_ms; /* on the steady clock: nothing is waited for beyond it */
};

/* One channel's operation on its way. */
struct run {
    struct operating *all;
    struct assay_arena arena, scratch; /* scratch: of one look */
    struct kx_operated channel;
    struct kx_lane_operation operation;
    struct kaspa_tx tx;
    struct kaspa_hash txid;
    struct kaspa_outpoint *outpoints; /* that it spends, one an input, and the scripts there */
    struct kaspa_spk *spks;
    bool is_new;       /* begun by this run, so that nobody was sent it before */
    bool is_submitted; /* by this run */
};

/* ---- lines ---- */

static void add_line(struct run *c, const char *did, const char *reason)
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
static enum assay_code leave(struct run *c, const char *did, const char *reason,
                             struct assay_err *err)
{
    add_line(c, did, reason);
    return assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s", reason);
}

/* ---- the chain ---- */

/* Anew for every look, so that many looks need no more than one. */
static struct assay_arena *fresh(struct run *c)
{
    assay_arena_fini(&c->scratch);
    c->scratch = (struct assay_arena)ASSAY_ARENA_INIT(CHANNEL_ARENA_BYTES);
    return &c->scratch;
}

static enum assay_code look(struct run *c, struct kx_sight *sight, struct assay_err *err)
{
    const uint32_t successor = c->operation.successor.outpoint.index;
    const struct kx_look look = {.outpoints = c->outpoints,
                                 .spks = c->spks,
                                 .count = c->tx.input_count,
                                 .has_tx = true,
                                 .txid = c->txid,
                                 .output_index = successor,
                                 .output_spk = c->tx.outputs[successor].spk,
                                 .output_amount = c->tx.outputs[successor].value,
                                 .has_since = c->channel.journal.has_before,
                                 .since = c->channel.journal.before,
                                 .wants_body = true};

    *sight = (struct kx_sight){.is_read = false};
    return ref_kaspa_node_look(c->all->node, sight, fresh(c), &look, err);
}

static bool is_confirmed(const struct run *c, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *e = &sight->evidence;

    return e->status == KX_CHAIN_ACCEPTED && e->has_confirmations &&
           e->confirmations >= c->operation.confirmations && sight->has_body;
}

static bool is_lost(const struct run *c, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *e = &sight->evidence;

    return e->status == KX_CHAIN_ABSENT && e->has_confirmations &&
           e->confirmations >= c->operation.confirmations;
}

/* ---- the store ---- */

static enum assay_code load(struct run *c, const char *channel_id, struct assay_err *err)
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
static enum assay_code apply(struct run *c, const struct kx_sight *sight, struct assay_err *err)
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
        return leave(c, "pending", "the channel moved meanwhile: say it again", err);
    add_line(c, c->operation.kind == KX_CLAIM ? "claimed" : "topped-up", NULL);
    return ASSAY_OK;
}

/* ---- one operation ---- */

static enum assay_code submit(struct run *c, struct assay_err *err)
{
    const struct kx_store_ops *ops = c->all->store->ops;
    struct assay_err why = {0};
    bool sent = false;
    enum assay_code code;

    c->is_submitted = true;
    code = ref_kaspa_node_submit(c->all->node, &c->tx, &c->txid, &sent, &why);
    if (code == ASSAY_E_DENIED && c->is_new) {
        /* nobody but this node was ever sent it */
        if ((code = ops->abandon_operation(c->all->store, c->operation.txid, err)) != ASSAY_OK)
            return code;
        return leave(c, "abandoned", why.text, err);
    }
    if (code != ASSAY_OK)
        return ASSAY_OK; /* what became of it the next look sees */
    return ops->broadcast_operation(c->all->store, c->operation.txid, ref_net_wall_ms(), err);
}

static bool wait_a_while(const struct run *c)
{
    int64_t wait_ms = c->all->options->poll_ms;

    if (ref_net_now_ms() + wait_ms > c->all->until_ms)
        return false;
    ref_net_wait_ms(wait_ms);
    return true;
}

/* From a lease that is taken: the chain is looked at before anything is sent, since an earlier run
 * may have sent it. */
static enum assay_code carry_out(struct run *c, struct assay_err *err)
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
                       ? leave(c, "abandoned", "another transaction has spent what it spends", err)
                       : code;
        }
        if (sight.evidence.status == KX_CHAIN_UNKNOWN && !c->is_submitted &&
            (code = submit(c, err)) != ASSAY_OK)
            return code;
    } while (wait_a_while(c));
    return leave(c, "pending", "the chain has not confirmed it yet: say it again", err);
}

/* The coins that it spends, of which it says the scripts. */
static enum assay_code note_coins(struct run *c, const struct kaspa_utxo *utxos,
                                  struct assay_err *err)
{
    size_t count = c->tx.input_count;

    c->outpoints = assay_arena_alloc(&c->arena, count * sizeof(*c->outpoints));
    c->spks = assay_arena_alloc(&c->arena, count * sizeof(*c->spks));
    if (c->outpoints == NULL || c->spks == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a transaction");
    for (size_t i = 0; i < count; i++) {
        c->outpoints[i] = c->tx.inputs[i].previous;
        c->spks[i] = utxos[i].spk;
    }
    return ASSAY_OK;
}

static enum assay_code read_tx(struct run *c, struct assay_bytes text, struct assay_err *err)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct kaspa_claims claims;
    enum assay_code code = kaspa_tx_parse(&c->tx, &claims, &c->arena, text, &options, err);

    if (code != ASSAY_OK)
        return code;
    for (size_t i = 0; i < c->tx.input_count; i++)
        if (!claims.has_utxo[i])
            return assay_fail(err, ASSAY_E_MISSING, 0, "its input %zu does not say its coin", i);
    return note_coins(c, claims.utxos, err);
}

static enum assay_code make_claim(struct run *c, struct kx_batch_artifact *made,
                                  struct assay_err *err)
{
    enum assay_code code =
        kx_operate_claim(&c->operation, made, &c->arena, &c->channel, &c->all->by, err);

    if (code == ASSAY_E_MISSING || code == ASSAY_E_RANGE)
        return leave(c, "nothing", err->text, err);
    return code;
}

/* Its coins are what the chain says; what the text says of them is where to look. */
static enum assay_code make_top_up(struct run *c, struct kx_batch_artifact *made,
                                   struct assay_err *err)
{
    struct kx_sight coins = {.is_read = false};
    struct kx_look look;
    enum assay_code code = read_tx(c, c->all->request->top_up, err);

    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "the transaction");
    look = (struct kx_look){.outpoints = c->outpoints, .spks = c->spks, .count = c->tx.input_count};
    if ((code = ref_kaspa_node_look(c->all->node, &coins, &c->arena, &look, err)) != ASSAY_OK)
        return code;
    return kx_operate_top_up(&c->operation, made, &c->arena, &c->channel, &c->all->by, &c->tx,
                             &coins, err);
}

static enum assay_code begin(struct run *c, struct assay_err *err)
{
    struct operating *all = c->all;
    enum kx_operation_result result = KX_OPERATION_MOVED;
    struct kx_batch_artifact made = {.is_complete = false};
    enum assay_code code =
        all->request->top_up.at == NULL ? make_claim(c, &made, err) : make_top_up(c, &made, err);

    if (code != ASSAY_OK)
        return code;
    c->tx = made.tx;
    if ((code = note_coins(c, made.utxos, err)) != ASSAY_OK ||
        (code = all->store->ops->begin_operation(all->store, &c->operation, ref_net_wall_ms(),
                                                 &result, err)) != ASSAY_OK)
        return code;
    c->is_new = result == KX_OPERATION_BEGUN;
    if (result == KX_OPERATION_LEASED)
        return leave(c, "nothing", "a payment is on its way: say it again", err);
    if (result == KX_OPERATION_MOVED)
        return leave(c, "nothing", "the channel is not active any more", err);
    return ASSAY_OK;
}

/* An operation of an earlier run: its very transaction, whatever is asked now. */
static enum assay_code take_up(struct run *c, struct assay_err *err)
{
    enum assay_code code = c->all->store->ops->load_operation(
        c->all->store, &c->operation, &c->arena, c->channel.record.lease, err);

    if (code == ASSAY_E_MISSING)
        return REF_DEFECT(kx_channel_no_lease)
                   ? begin(c, err)
                   : leave(c, "nothing", "a payment is on its way: say it again", err);
    if (code != ASSAY_OK)
        return code;
    code = read_tx(c, c->operation.transaction, err);
    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "what is on its way in it");
    if (!c->operation.has_successor || c->operation.successor.outpoint.index >= c->tx.output_count)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "what is on its way in it cannot be read");
    return ASSAY_OK;
}

/* What an earlier run has begun is carried out first, be it what is asked now or not. */
static enum assay_code operate_on(struct run *c, const char *channel_id, struct assay_err *err)
{
    const bool is_top_up = c->all->request->top_up.at != NULL;
    enum assay_code code = load(c, channel_id, err);

    if (code == ASSAY_OK)
        code = c->channel.record.lease[0] != '\0' ? take_up(c, err) : begin(c, err);
    if (code != ASSAY_OK)
        return code;
    kaspa_txid(&c->txid, &c->tx);
    code = carry_out(c, err);
    if (code == ASSAY_OK && (c->operation.kind == KX_TOP_UP) != is_top_up)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "that was begun before: say it again");
    return code;
}

/* What is wrong with one channel alone: another server key, a debt that no transaction can pay out.
 */
static bool is_its_own(enum assay_code code)
{
    return code == ASSAY_E_MISMATCH || code == ASSAY_E_MALFORMED || code == ASSAY_E_UNSUPPORTED;
}

static enum assay_code one(struct operating *all, const char *channel_id, struct assay_err *err)
{
    struct run c = {.all = all,
                    .arena = ASSAY_ARENA_INIT(CHANNEL_ARENA_BYTES),
                    .scratch = ASSAY_ARENA_INIT(CHANNEL_ARENA_BYTES)};
    enum assay_code code;

    memcpy(c.channel.record.channel_id, channel_id, sizeof(c.channel.record.channel_id));
    code = operate_on(&c, channel_id, err);
    if (is_its_own(code) && all->request->channel_id == NULL)
        code = leave(&c, "failed", err->text, err);
    assay_arena_fini(&c.scratch);
    assay_arena_fini(&c.arena);
    return code == ASSAY_OK || code == ASSAY_E_UNKNOWN
               ? code
               : assay_err_wrap(err, code, "channel %.64s", channel_id);
}

/* ---- all of them ---- */

/* UNKNOWN: one at least is not done. */
static enum assay_code each(struct operating *all, struct assay_err *err)
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
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "not all of it is done");
    return code;
}

static enum assay_code open_all(struct operating *all, struct assay_err *err)
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

enum assay_code kx_server_operate(const struct kx_server_options *o,
                                  const struct kx_operate_request *request, struct assay_buf *out,
                                  struct assay_err *err)
{
    struct operating all = {.options = o,
                            .request = request,
                            .out = out,
                            .until_ms = ref_net_now_ms() + o->accept_wait_ms};
    char key[2 * ASSAY_XONLY_BYTES + 1];
    struct kx_server_options with = *o;
    enum assay_code code = kx_parts_take_key(&all.key, request->secret_variable, err);

    if (code == ASSAY_OK) {
        assay_hex_encode(key, assay_bytes_of(all.key.xonly, sizeof(all.key.xonly)));
        with.channel_key = key;
        code = kx_parts_batch(&all.batch, &with, err);
        all.by = (struct kx_operator){.server = &all.key,
                                      .fee_max = o->fee_max,
                                      .confirmations = all.batch.policy.confirmations};
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
