/* The transactions of a channel: what the wallet is asked to sign, and whether what it has signed
 * is what was agreed on. Source: Kaspa x402 client digest, F1 and F5; batch digest, section 8. */
#include "client/kx_client_internal.h"

#include "defects/defects.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_write.h"

#define ORDER_MAX_BYTES ((size_t)1 << 20)

/* ---- the key ---- */

struct kx_client_action kx_client_make_key(struct kx_client *c, int64_t now_ms)
{
    struct assay_buf text = ASSAY_BUF_INIT(ORDER_MAX_BYTES);
    struct assay_bytes body;

    assay_buf_add_byte(&text, '{');
    kx_write_text(&text, "fundingSource", c->policy->source);
    kx_write_str(&text, "intentDigest", c->consent);
    assay_buf_add_byte(&text, '}');
    body = kx_client_kept(c, &text);
    if (body.at != NULL)
        return kx_client_call(c, KX_CLIENT_STEP_KEY, "createChannelKey", body);
    kx_client_record(c, NULL, "out of memory");
    return kx_client_stop(c, now_ms);
}

/* The channel of the terms that were consented to, with the key that the wallet has made for it. */
static void plan_channel(struct kx_client *c)
{
    const struct kx_batch_terms *terms = &c->batch.terms;
    struct kx_client_channel *channel = &c->channel;

    channel->config.network = terms->network;
    channel->config.template_id = terms->template_id;
    channel->config.pay_to = terms->pay_to;
    channel->config.refund_timeout_daa = terms->refund_timeout_daa;
    memcpy(channel->config.server, terms->server, sizeof(channel->config.server));
    memcpy(channel->config.salt, c->job.salt, sizeof(channel->config.salt));
    kx_channel_id(channel->channel_id, c->batch.binding, &channel->config);
    channel->state = KX_CHANNEL_IS_INTENDED;
    channel->origin = c->origin;
    channel->deposit = c->intent.deposit;
    channel->move_attempt = kx_client_identifier(c, c->job.move_random);
    channel->consent = assay_arena_copy(&c->arena, assay_str(c->consent));
    channel->pending = channel->move = channel->since = ASSAY_LIT("");
    c->has_channel = true;
}

bool kx_client_take_key(struct kx_client *c, struct assay_bytes answer)
{
    static const struct kx_member members[] = {
        {"clientPublicKey", KX_KIND_BYTES, KX_AT(struct kx_channel, client), NULL, false},
        {"refundAddress", KX_KIND_TEXT, KX_AT(struct kx_channel, refund_address), NULL, false},
    };
    struct assay_err err = {0};

    if (!kx_client_read_result(c, &c->channel.config, members, ARRAY_LEN(members), answer, &err))
        return kx_client_object(c, NULL, "the wallet's key: %s", err.text);
    plan_channel(c);
    if (c->channel.move_attempt.at == NULL || c->channel.consent.at == NULL)
        return kx_client_object(c, NULL, "out of memory");
    if (kx_lane_open(&c->lane, &c->arena, c->batch.binding, &c->channel.config, &err) !=
        KX_LOCAL_NONE)
        return kx_client_object(c, NULL, "a channel with the wallet's key: %s", err.text);
    return true;
}

/* ---- the wallet's order ---- */

bool kx_client_plan_top_up(struct kx_client *c)
{
    c->channel.move_attempt = kx_client_identifier(c, c->job.move_random);
    c->channel.consent = assay_arena_copy(&c->arena, assay_str(c->consent));
    return (c->channel.move_attempt.at != NULL && c->channel.consent.at != NULL) ||
           kx_client_object(c, NULL, "out of memory");
}

static void write_order(struct assay_buf *out, const struct kx_client *c)
{
    const struct kx_client_channel *channel = &c->channel;
    bool is_top_up = c->intent.operation == KX_INTENT_TOP_UP;

    assay_buf_add_byte(out, '{');
    kx_write_text(out, "attemptId", channel->move_attempt);
    kx_write_name(out, "channelConfig");
    kx_channel_write(out, &channel->config);
    kx_write_hex32(out, "channelId", channel->channel_id);
    if (is_top_up) {
        kx_write_decimal(out, "claimedCumulativeAmount", channel->head.claimed);
        kx_write_hex32(out, "covenantId", channel->head.covenant_id.at);
        kx_write_decimal(out, "currentFundingSompi", channel->head.value);
    } else {
        kx_write_decimal(out, "depositSompi", channel->deposit);
    }
    kx_write_text(out, "fundingSource", c->policy->source);
    if (is_top_up)
        kx_write_outpoint(out, "headOutpoint", &channel->head.outpoint);
    kx_write_text(out, "intentDigest", channel->consent);
    kx_write_decimal(out, "maximumFeeSompi", c->policy->fee_max);
    if (is_top_up)
        kx_write_decimal(out, "topUpSompi", c->intent.top_up);
    assay_buf_add_byte(out, '}');
}

/* What the wallet is asked for. */
static enum kx_batch_kind kind_asked(const struct kx_client *c)
{
    if (c->is_refund)
        return KX_BATCH_REFUND;
    return c->intent.operation == KX_INTENT_TOP_UP ? KX_BATCH_TOP_UP : KX_BATCH_GENESIS;
}

enum kx_batch_kind kx_client_move_kind(const struct kx_client *c)
{
    if (c->channel.state == KX_CHANNEL_IS_REFUNDING)
        return KX_BATCH_REFUND;
    return c->channel.state == KX_CHANNEL_IS_TOPPING_UP ? KX_BATCH_TOP_UP : KX_BATCH_GENESIS;
}

struct kx_client_action kx_client_fund(struct kx_client *c)
{
    static const char *const calls[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = "prepareEscrowDeposit",
        [KX_BATCH_TOP_UP] = "prepareEscrowTopUp",
        [KX_BATCH_REFUND] = "signEscrowRefund",
    };
    struct assay_buf text = ASSAY_BUF_INIT(ORDER_MAX_BYTES);
    struct assay_bytes body;

    if (c->is_refund)
        kx_client_write_refund(&text, c);
    else
        write_order(&text, c);
    body = kx_client_kept(c, &text);
    if (body.at != NULL)
        return kx_client_call(c, KX_CLIENT_STEP_FUND, calls[kind_asked(c)], body);
    kx_client_record(c, NULL, "out of memory");
    return kx_client_finish(c);
}

/* A channel of an earlier run that the policy does not allow any more, or the wallet does not know,
 * is given up; the next run makes another. */
struct kx_client_action kx_client_drop_intended(struct kx_client *c, int64_t now_ms)
{
    if (!c->is_channel_known || c->channel.state != KX_CHANNEL_IS_INTENDED)
        return kx_client_stop(c, now_ms);
    c->channel.state = KX_CHANNEL_IS_ENDED;
    return kx_client_save(c, KX_CLIENT_STEP_UNDO);
}

struct kx_client_action kx_client_not_funded(struct kx_client *c, const char *why, int64_t now_ms)
{
    kx_client_record(c, NULL, "the wallet does not fund the channel: %s", why);
    return kx_client_drop_intended(c, now_ms);
}

/* ---- what the wallet has signed ---- */

struct result {
    struct assay_bytes transaction, source;
    struct kaspa_hash txid;
};

static bool read_result(struct kx_client *c, struct result *out, struct assay_bytes answer)
{
    static const struct kx_member members[] = {
        {"transaction", KX_KIND_TEXT, KX_AT(struct result, transaction), NULL, false},
        {"transactionEncoding", KX_KIND_CONST, 0, 0, KX_ENCODING, false},
        {"transactionId", KX_KIND_BYTES, KX_AT(struct result, txid), NULL, false},
        {"fundingSource", KX_KIND_TEXT, KX_AT(struct result, source), NULL, true},
    };
    struct assay_err err = {0};

    *out = (struct result){.source = ASSAY_LIT("")};
    return kx_client_read_result(c, out, members, ARRAY_LEN(members), answer, &err) ||
           kx_client_object(c, "client.verify-artifact", "the wallet's answer: %s", err.text);
}

/* A transaction with all the coins that its text tells of: signatures are over their amounts, so
 * that one of other amounts is worth nothing. */
static bool read_tx(struct kx_client *c, struct assay_bytes text)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct assay_err err = {0};

    if (kaspa_tx_parse(&c->move, &c->move_claims, &c->arena, text, &options, &err) != ASSAY_OK)
        return kx_client_object(c, "client.verify-artifact",
                                "the transaction of the channel cannot be read: %s", err.text);
    for (size_t i = 0; i < c->move.input_count; i++)
        if (!c->move_claims.has_utxo[i])
            return kx_client_object(c, "client.verify-artifact",
                                    "the transaction of the channel does not tell its coins");
    kaspa_txid(&c->move_id, &c->move);
    return true;
}

/* Whether a rule rests on the signature that the server has not made yet. */
static bool is_for_the_server(enum kx_batch_kind kind, enum kx_batch_tx_rule rule)
{
    return kind == KX_BATCH_TOP_UP &&
           (rule == KX_BATCH_TX_HASH_TYPE || rule == KX_BATCH_TX_PROVIDER ||
            rule == KX_BATCH_TX_SCRIPT || rule == KX_BATCH_TX_CONSENSUS);
}

/* Where the lineage stands behind it, as was verified when it was taken; of a refund its one
 * output. */
static bool set_next(struct kx_client *c)
{
    const struct kaspa_output *output = c->move.outputs;
    enum kx_batch_kind kind = kx_client_move_kind(c);

    if (c->move.output_count == 0 || output->has_covenant != (kind != KX_BATCH_REFUND))
        return kx_client_object(c, "client.verify-artifact",
                                "the transaction of the channel makes no head, or one too many");
    c->next = (struct kx_lane_head){
        .outpoint = {.txid = c->move_id},
        .covenant_id = kind == KX_BATCH_GENESIS ? output->covenant_id : c->channel.head.covenant_id,
        .value = output->value,
        .claimed = c->channel.head.claimed,
    };
    return true;
}

bool kx_client_read_move(struct kx_client *c, struct assay_bytes text)
{
    return read_tx(c, text) && set_next(c);
}

/* What is consented to goes into the channel; what comes back is all but the fee, which the rules
 * have judged. */
static bool is_of_amount(struct kx_client *c)
{
    return kx_client_move_kind(c) == KX_BATCH_REFUND ||
           c->next.value == c->intent.resulting_funding ||
           kx_client_object(c, "client.verify-artifact",
                            "the wallet's transaction puts another amount into the channel than "
                            "was consented to");
}

/* It does what was consented to, and nothing else, for no more than the policy's fee. */
static bool verify_move(struct kx_client *c)
{
    struct kx_batch_tx_verdict *verdict = assay_arena_alloc(&c->arena, sizeof(*verdict));
    const struct kx_batch_tx with = {
        .kind = kx_client_move_kind(c),
        .lane = &c->lane,
        .head = kx_client_move_kind(c) != KX_BATCH_GENESIS ? &c->channel.head : NULL,
        .tx = &c->move,
        .utxos = kx_client_move_kind(c) != KX_BATCH_REFUND ? c->move_claims.utxos : NULL,
        .fee_max = c->policy->fee_max,
        .arena = &c->arena,
    };

    if (REF_DEFECT(kx_client_move_unverified))
        return true;
    if (verdict == NULL)
        return kx_client_object(c, NULL, "out of memory");
    kx_batch_tx_verify(verdict, &with);
    for (int i = 0; i < KX_BATCH_TX__COUNT; i++) {
        if (verdict->checks[i].result == KASPA_CHECK_BROKEN &&
            !is_for_the_server(with.kind, (enum kx_batch_tx_rule)i))
            return kx_client_object(c, "client.verify-artifact",
                                    "the wallet's transaction breaks %s: %s",
                                    kx_batch_tx_rules[i].id, verdict->checks[i].why);
    }
    return is_of_amount(c);
}

static bool take_move(struct kx_client *c, struct assay_bytes answer)
{
    struct result result;

    if (!read_result(c, &result, answer) || !kx_client_judge_named_source(c, result.source) ||
        !kx_client_read_move(c, result.transaction) || !verify_move(c))
        return false;
    if (!kaspa_hash_equal(&result.txid, &c->move_id))
        return kx_client_object(c, "client.verify-artifact",
                                "the wallet names another transaction than it has signed");
    c->channel.move = result.transaction;
    if (kx_client_move_kind(c) != KX_BATCH_GENESIS)
        return true; /* since it was seen last, that is */
    c->channel.since = assay_arena_copy(&c->arena, assay_str(c->since));
    return c->channel.since.at != NULL || kx_client_object(c, NULL, "out of memory");
}

bool kx_client_take_move(struct kx_client *c, struct assay_bytes answer)
{
    static const enum kx_client_channel_state states[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = KX_CHANNEL_IS_OPENING,
        [KX_BATCH_TOP_UP] = KX_CHANNEL_IS_TOPPING_UP,
        [KX_BATCH_REFUND] = KX_CHANNEL_IS_REFUNDING,
    };
    const struct kx_client_channel before = c->channel;

    c->channel.state = states[kind_asked(c)];
    if (take_move(c, answer))
        return true;
    c->channel = before;
    return false;
}
