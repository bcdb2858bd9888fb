/* The transactions of channels that the role `wallet` signs: genesis, its half of a top-up, refund.
 * Each is built from terms that were consented to and told, and from the wallet's own coins; honest
 * or as it is told to lie. Source: Kaspa x402 client digest, section 1; batch digest, section 8.4.
 */
#include "roles/kaspa_wallet_internal.h"

#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa_x402/exact_write.h"

#define FEE UINT64_C(2000000) /* above what relay asks of any of them */
#define HIGH_FEE (2 * KASPA_SOMPI_PER_KAS)
#define TEXT_MAX_BYTES ((size_t)1 << 20)

struct order {
    enum kx_batch_kind kind;
    struct assay_bytes attempt_id, source;
    uint8_t digest[32]; /* of the consent; not of a refund, which brings money back */
    uint8_t channel_id[32];
    uint64_t amount; /* that goes in */
    uint64_t fee_max, lock_time;
    struct kx_lane_head head; /* but of a genesis */
    struct kx_channel config;
    struct kx_lane lane;
    struct wallet_channel *channel;
};

/* ---- the order ---- */

#define SAYS(name, kind, field)                                                                    \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct order, field), NULL, false                              \
    }

static const struct kx_member common[] = {
    SAYS("attemptId", TEXT, attempt_id),
    SAYS("channelId", BYTES, channel_id),
    SAYS("fundingSource", TEXT, source),
    SAYS("maximumFeeSompi", SUM, fee_max),
};
static const struct kx_member of_genesis[] = {
    SAYS("depositSompi", SUM, amount),
    SAYS("intentDigest", BYTES, digest),
};
static const struct kx_member of_top_up[] = {
    SAYS("topUpSompi", SUM, amount),
    SAYS("intentDigest", BYTES, digest),
};
static const struct kx_member of_refund[] = {
    SAYS("lockTimeDaa", SUM, lock_time),
};
static const struct kx_member of_head[] = {
    SAYS("claimedCumulativeAmount", SUM, head.claimed),
    SAYS("covenantId", BYTES, head.covenant_id),
    SAYS("currentFundingSompi", SUM, head.value),
    SAYS("headOutpoint", OUTPOINT, head.outpoint),
};
#undef SAYS

static bool read_of_kind(struct order *out, const struct kx_reader *r)
{
    switch (out->kind) {
    case KX_BATCH_GENESIS:
        return kx_read_members(r, 0, of_genesis, ARRAY_LEN(of_genesis), out);
    case KX_BATCH_TOP_UP:
        return kx_read_members(r, 0, of_top_up, ARRAY_LEN(of_top_up), out) &&
               kx_read_members(r, 0, of_head, ARRAY_LEN(of_head), out);
    case KX_BATCH_REFUND:
        return kx_read_members(r, 0, of_refund, ARRAY_LEN(of_refund), out) &&
               kx_read_members(r, 0, of_head, ARRAY_LEN(of_head), out);
    case KX_BATCH_CLAIM:
        break;
    }
    return false;
}

static bool read_order(struct order *out, struct assay_arena *arena, const struct assay_json *doc,
                       struct assay_err *why)
{
    const struct kx_batch_binding *binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3"));
    struct kx_reader r = wallet_reader(arena, doc, "order", why);

    if (!kx_read_members(&r, 0, common, ARRAY_LEN(common), out) || !read_of_kind(out, &r))
        return false;
    r.place = "channelConfig";
    if (!kx_channel_read(&out->config, &r, assay_json_member(doc, 0, "channelConfig")) ||
        kx_lane_open(&out->lane, arena, binding, &out->config, why) != KX_LOCAL_NONE)
        return false;
    return memcmp(out->lane.channel_id, out->channel_id, 32) == 0 ||
           wallet_refuse(why, ASSAY_E_MISMATCH, "channelId is not that of channelConfig");
}

/* ---- what it agrees with ---- */

/* What goes into a channel was consented to, once, of this amount, for this payee and server. */
static bool judge_consent(struct kaspa_wallet *w, const struct order *order, struct assay_err *why)
{
    const struct wallet_consent *consent = wallet_find_consent(w, order->digest);
    bool is_first = order->kind == KX_BATCH_GENESIS;

    if (consent == NULL || !assay_bytes_is(consent->operation, is_first ? "open" : "top-up"))
        return wallet_refuse(why, ASSAY_E_DENIED, "nothing of that digest was consented to");
    if (!wallet_consent_is_of(consent, order->channel))
        return wallet_refuse(why, ASSAY_E_MISMATCH, "this was consented to for another channel");
    if (!(assay_bytes_equal(order->config.pay_to, consent->pay_to) &&
          assay_bytes_equal(order->config.network, consent->network) &&
          memcmp(order->config.server, consent->server, 32) == 0 &&
          order->config.refund_timeout_daa == consent->timeout_daa &&
          order->amount == (is_first ? consent->deposit : consent->top_up)))
        return wallet_refuse(why, ASSAY_E_MISMATCH, "this is not what was consented to");
    return !consent->is_used ||
           wallet_refuse(why, ASSAY_E_CONFLICT, "another attempt has used this consent up");
}

/* The channel is this wallet's, and what spends it is on its own lineage. */
static bool judge_channel(struct kaspa_wallet *w, struct order *order, struct assay_err *why)
{
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    const struct wallet_channel *channel;

    wallet_own_address(address, w);
    channel = order->channel = wallet_find_channel(w, order->config.client);
    if (channel == NULL || !assay_bytes_is(order->config.refund_address, address))
        return wallet_refuse(why, ASSAY_E_MISMATCH,
                             "channelConfig has not this wallet's key and address");
    if (order->kind != KX_BATCH_GENESIS &&
        (!channel->is_made || memcmp(channel->id, order->channel_id, 32) != 0 ||
         !kaspa_hash_equal(&channel->covenant_id, &order->head.covenant_id)))
        return wallet_refuse(why, ASSAY_E_MISMATCH, "the channel is none of this wallet's");
    return order->fee_max >= FEE || wallet_refuse(why, ASSAY_E_RANGE, "maximumFeeSompi is too low");
}

static bool judge(struct kaspa_wallet *w, struct order *order, struct assay_err *why)
{
    return judge_channel(w, order, why) &&
           (order->kind == KX_BATCH_REFUND || judge_consent(w, order, why)) &&
           wallet_judge_source(w, order->source, order->config.network, why);
}

/* ---- the transaction ---- */

/* What it signs, bent when it lies. The lane's scripts stay with the transaction, which borrows
 * them, longer than the order. */
static bool bend(struct kaspa_wallet *w, struct order *order, struct assay_err *why)
{
    if (w->how.lie == KASPA_WALLET_OTHER_DEPOSIT)
        order->amount++;
    if (w->how.lie == KASPA_WALLET_OTHER_KEY)
        memcpy(order->config.client, w->stranger.xonly, ASSAY_XONLY_BYTES);
    if (w->how.lie == KASPA_WALLET_OTHER_CONFIG)
        order->config.refund_timeout_daa++;
    return kx_lane_open(&order->lane, &w->artifacts.arena, order->lane.binding, &order->config,
                        why) == KX_LOCAL_NONE;
}

/* A coin of exactly what is needed, which the wallet makes for itself: a genesis has no change. */
static bool make_coin(struct kaspa_wallet *w, struct wallet_attempt *a,
                      struct kx_batch_funding *funding, struct assay_err *why)
{
    struct wallet_payment split;

    if (!wallet_split(w, &split, a, funding->utxo.amount, why))
        return false;
    if (kaspa_chain_submit(w->chain, split.tx, &funding->outpoint.txid, NULL, NULL) !=
        KASPA_SUBMITTED)
        return wallet_refuse(why, ASSAY_E_DENIED, "the wallet's own coin cannot be made");
    a->coins[a->coin_count < KASPA_WALLET_COINS_MAX ? a->coin_count++ : 0] = funding->outpoint;
    return true;
}

static void remember(struct kaspa_wallet *w, struct order *order,
                     const struct kx_batch_artifact *made)
{
    struct wallet_consent *consent = wallet_find_consent(w, order->digest);

    if (consent != NULL) /* a refund has none */
        consent->is_used = true;
    if (order->kind != KX_BATCH_GENESIS)
        return;
    order->channel->is_made = true;
    order->channel->covenant_id = made->next.covenant_id;
    memcpy(order->channel->id, order->channel_id, sizeof(order->channel->id));
}

static bool make(struct kaspa_wallet *w, struct wallet_attempt *a, struct order *order,
                 struct assay_err *why)
{
    uint64_t fee = w->how.lie == KASPA_WALLET_HIGH_FEE ? HIGH_FEE : FEE;
    bool is_funded = order->kind != KX_BATCH_REFUND;
    struct kx_batch_funding funding = {.utxo = {.amount = order->amount + fee, .spk = w->spk},
                                       .signing.key = &w->key};
    const struct kx_batch_plan plan = {.kind = order->kind,
                                       .lane = &order->lane,
                                       .head = &order->head,
                                       .fee = fee,
                                       .amount = order->amount,
                                       .lock_time = order->lock_time,
                                       .client.key = &order->channel->key,
                                       .funding = &funding,
                                       .funding_count = is_funded ? 1 : 0};
    struct kx_batch_artifact *made = assay_arena_alloc(&w->artifacts.arena, sizeof(*made));

    if (made == NULL)
        return wallet_refuse(why, ASSAY_E_NOMEM, "no memory for a transaction");
    if ((is_funded && !make_coin(w, a, &funding, why)) ||
        kx_batch_tx_build(made, &w->artifacts.arena, &plan, why) != ASSAY_OK)
        return false;
    a->tx = &made->tx;
    a->spent = made->utxos;
    a->txid = made->id;
    remember(w, order, made);
    w->artifacts.signed_count++;
    return true;
}

/* ---- the answer ---- */

static bool add_artifact(struct assay_buf *out, const struct kaspa_wallet *w,
                         const struct wallet_attempt *a)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct kaspa_hash txid = a->txid;

    txid.at[0] ^= w->how.lie == KASPA_WALLET_OTHER_ID;
    kaspa_tx_write(&text, a->tx, a->spent, KASPA_JSON_FLAT); /* which tells coins' covenants */
    kx_write_name(out, "result");
    assay_buf_add_byte(out, '{');
    wallet_add_kind(out, w, "fundingSource", w->how.result_kind);
    kx_write_text(out, "transaction", assay_buf_view(&text));
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    kx_write_hex32(out, "transactionId", txid.at);
    assay_buf_add_byte(out, '}');
    if (!assay_buf_ok(&text))
        out->bad = text.bad;
    assay_buf_fini(&text);
    return assay_buf_ok(out);
}

bool wallet_move(struct kaspa_wallet *w, struct assay_buf *out, struct assay_arena *arena,
                 const struct assay_json *doc, enum kx_batch_kind kind, struct assay_err *why)
{
    struct order order = {.kind = kind};
    struct wallet_attempt *a;
    bool done;

    if (!read_order(&order, arena, doc, why))
        return false;
    a = wallet_find(&w->artifacts, order.attempt_id);
    if (a != NULL)
        return assay_bytes_equal(a->intent, doc->text)
                   ? add_artifact(out, w, a)
                   : wallet_refuse(why, ASSAY_E_CONFLICT, "this attempt was made for other terms");
    if (!judge(w, &order, why) || !bend(w, &order, why) ||
        (a = wallet_new_attempt(w, order.attempt_id, doc->text, why)) == NULL)
        return false;
    kaspa_chain_lock_take(w->chain_lock);
    done = make(w, a, &order, why);
    kaspa_chain_lock_give(w->chain_lock);
    if (done)
        w->artifacts.at[w->artifacts.count++] = a;
    return done && add_artifact(out, w, a);
}
