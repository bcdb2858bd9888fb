/* The way of a channel's transaction onto the chain. One under way owns the channel, survives a
 * restart, and is given to a node once. Source: Kaspa x402 client digest, F10; batch digest,
 * section 8. */
#include "client/kx_client_internal.h"

#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#define ORDER_MAX_BYTES ((size_t)1 << 20)

struct kx_client_action kx_client_submit(struct kx_client *c)
{
    struct kx_client_action action = {.kind = KX_CLIENT_DO_SUBMIT, .call = ""};

    c->step = KX_CLIENT_STEP_SUBMIT;
    action.tx = &c->move;
    action.txid = &c->move_id;
    action.network = c->terms.network;
    return action;
}

/* The coins that it spends, and the head that it makes. False: no memory. */
static bool look_for_move(struct kx_client *c)
{
    bool is_refund = kx_client_move_kind(c) == KX_BATCH_REFUND;
    size_t count = c->move.input_count;
    struct kaspa_outpoint *outpoints =
        assay_arena_alloc(&c->arena, (count + 1) * sizeof(*outpoints));
    struct kaspa_spk *spks = assay_arena_alloc(&c->arena, (count + 1) * sizeof(*spks));

    if (outpoints == NULL || spks == NULL)
        return kx_client_object(c, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        outpoints[i] = c->move.inputs[i].previous;
        spks[i] = c->move_claims.utxos[i].spk;
    }
    outpoints[count] = c->next.outpoint;
    spks[count] = c->move.outputs[0].spk;
    c->look = (struct kx_look){
        .outpoints = outpoints,
        .spks = spks,
        .count = is_refund ? count : count + 1, /* what is back may be spent */
        .has_tx = true,
        .txid = c->move_id,
        .output_index = c->next.outpoint.index,
        .output_spk = spks[count],
        .output_amount = c->next.value,
    };
    c->look.has_since = assay_hex_decode(c->look.since.at, sizeof(c->look.since.at),
                                         c->channel.since, true) == ASSAY_OK;
    return true;
}

struct kx_client_action kx_client_await(struct kx_client *c, int64_t now_ms)
{
    c->until_ms = now_ms + c->job.wait_ms;
    if (!kx_client_read_move(c, c->channel.move) || !look_for_move(c))
        return kx_client_finish(c);
    return kx_client_look(c, KX_CLIENT_STEP_AWAIT, 0);
}

void kx_client_take_back(struct kx_client *c)
{
    c->channel.state =
        kx_client_move_kind(c) == KX_BATCH_GENESIS ? KX_CHANNEL_IS_INTENDED : KX_CHANNEL_IS_OPEN;
    c->channel.move = ASSAY_LIT("");
}

/* What the node has refused, or was never given, has not left: it may be asked for again. Of all
 * else nothing is known but what the chain will show (F10). */
struct kx_client_action kx_client_submitted(struct kx_client *c, enum assay_code code, bool sent,
                                            const struct assay_err *err, int64_t now_ms)
{
    if (code == ASSAY_E_DENIED || (code != ASSAY_OK && !sent)) {
        kx_client_record(c, "client.channel.node",
                         "the node has not taken the channel's transaction: %s",
                         kx_client_reason(code, err));
        kx_client_take_back(c);
        return kx_client_save(c, KX_CLIENT_STEP_UNDO);
    }
    return kx_client_await(c, now_ms);
}

struct kx_client_action kx_client_tell_wallet(struct kx_client *c, enum kx_client_step step,
                                              struct assay_bytes attempt,
                                              const struct kaspa_hash *txid, bool is_accepted)
{
    struct assay_buf text = ASSAY_BUF_INIT(ORDER_MAX_BYTES);
    struct assay_bytes body;

    assay_buf_add_byte(&text, '{');
    kx_write_text(&text, "attemptId", attempt);
    kx_write_str(&text, "outcome", is_accepted ? "accepted" : "absent");
    kx_write_hex32(&text, "transactionId", txid->at);
    assay_buf_add_byte(&text, '}');
    body = kx_client_kept(c, &text);
    if (body.at != NULL)
        return kx_client_call(c, step, "finalizeEscrowTransition", body);
    kx_client_record(c, NULL, "out of memory");
    return kx_client_finish(c);
}

static bool is_deep(const struct kx_chain_evidence *evidence, uint64_t confirmations)
{
    return evidence->has_confirmations && evidence->confirmations >= confirmations;
}

struct kx_client_action kx_client_moved(struct kx_client *c, enum kx_client_channel_state state)
{
    c->channel.state = state;
    c->channel.move = c->channel.consent = ASSAY_LIT("");
    return kx_client_save(c, KX_CLIENT_STEP_MOVED);
}

static bool has_arrived(const struct kx_client *c, const struct kx_sight *sight)
{
    return sight->evidence.status == KX_CHAIN_ACCEPTED &&
           kaspa_hash_equal(&sight->evidence.transaction_id, &c->move_id) &&
           is_deep(&sight->evidence,
                   REF_DEFECT(kx_client_shallow) ? 0 : c->policy->batch.confirmations);
}

/* It is there: the channel stands on what it has made, which the server has yet to be shown. */
static struct kx_client_action arrived(struct kx_client *c, const struct kx_sight *sight)
{
    c->channel.head = c->next;
    c->channel.is_announced = false;
    return kx_client_set_since(c, sight) ? kx_client_moved(c, KX_CHANNEL_IS_OPEN)
                                         : kx_client_finish(c);
}

/* Another transaction has spent its coins, as deep as anything is that is held to be settled. */
static bool is_lost(const struct kx_client *c, const struct kx_sight *sight)
{
    uint64_t exact = c->policy->confirmations, channel = c->policy->batch.confirmations;

    return sight->evidence.status == KX_CHAIN_ABSENT &&
           is_deep(&sight->evidence, exact > channel ? exact : channel);
}

/* It can never be there: a channel that it was to open is none, and keeps it for a refund, should
 * the chain think otherwise later; one that it was to fill or to end stands where it stood, or
 * where that was moved to. */
static struct kx_client_action never_arrives(struct kx_client *c)
{
    kx_client_record(c, "client.channel.node",
                     "a confirmed transaction spends the coins of the channel's: it can "
                     "never arrive");
    if (kx_client_move_kind(c) != KX_BATCH_GENESIS)
        return kx_client_moved(c, KX_CHANNEL_IS_OPEN);
    c->channel.state = KX_CHANNEL_IS_ENDED;
    return kx_client_save(c, KX_CLIENT_STEP_MOVED);
}

/* The server's signature is made by its operator, and no request asks for one (batch digest,
 * section 8.4): the payer has to bring it there. */
struct kx_client_action kx_client_wait_for_server(struct kx_client *c)
{
    char id[X402_HASH_TEXT_BYTES];

    assay_hex_encode(id, assay_bytes_of(c->channel.channel_id, sizeof(c->channel.channel_id)));
    kx_client_record(c, "client.channel.top-up",
                     "the channel has to be topped up, which its server signs beside us: "
                     "give its operator what assay pay --top-up %s prints, and run the same "
                     "again when it is on the chain. If the server is silent, --refund "
                     "takes back what is left after the channel's timeout",
                     id);
    return kx_client_finish(c);
}

/* Neither there as it should be, nor gone for good. */
static struct kx_client_action not_yet(struct kx_client *c, int64_t now_ms)
{
    char txid[X402_HASH_TEXT_BYTES];

    if (now_ms < c->until_ms)
        return kx_client_look(c, KX_CLIENT_STEP_AWAIT, c->job.poll_ms);
    if (c->channel.state == KX_CHANNEL_IS_TOPPING_UP)
        return kx_client_wait_for_server(c);
    if (c->channel.state == KX_CHANNEL_IS_OPENING && REF_DEFECT(kx_client_opened_again))
        return never_arrives(c);
    assay_hex_encode(txid, assay_bytes_of(c->move_id.at, sizeof(c->move_id.at)));
    kx_client_record(c, "client.channel.node",
                     "the channel's transaction %s is not as deep on the chain as the policy "
                     "asks: run the same again later. If it never arrives, have the wallet "
                     "spend one of its coins otherwise, and the channel is given up",
                     txid);
    return kx_client_finish(c);
}

struct kx_client_action kx_client_awaited(struct kx_client *c, enum assay_code code,
                                          const struct kx_sight *sight, const struct assay_err *err,
                                          int64_t now_ms)
{
    size_t last = c->look.count - 1;

    if (code != ASSAY_OK && now_ms >= c->until_ms)
        return kx_client_stop_for(c, "client.channel.node", "the node cannot be asked", code, err,
                                  now_ms);
    if (code != ASSAY_OK)
        return not_yet(c, now_ms);
    if (is_lost(c, sight))
        return never_arrives(c);
    if (!has_arrived(c, sight))
        return not_yet(c, now_ms);
    if (kx_client_move_kind(c) == KX_BATCH_REFUND)
        return kx_client_refund_arrived(c);
    /* A head that is spent already was there: the id commits to it. */
    if (!sight->is_missing[last] && !kx_client_is_head(c, &c->next, &sight->utxos[last])) {
        kx_client_record(c, "client.channel.head",
                         "the node has another coin than the channel's head where it stands");
        return kx_client_finish(c);
    }
    return arrived(c, sight);
}

struct kx_client_action kx_client_finalize(struct kx_client *c)
{
    return kx_client_tell_wallet(c, KX_CLIENT_STEP_FINALIZE, c->channel.move_attempt, &c->move_id,
                                 c->err.code == ASSAY_OK);
}
