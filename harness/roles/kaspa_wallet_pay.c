/* What the role `wallet` signs: one artifact an attempt, honest or as it is told to lie. */
#include "roles/kaspa_wallet_internal.h"

#include "base/hex.h"
#include "base/time.h"
#include "kaspa/build.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"

#define HIGH_FEE (2 * KASPA_SOMPI_PER_KAS)
#define TEXT_MAX_BYTES ((size_t)1 << 20)
enum { COINS_LOOKED_AT = 256 };

/* ---- the order ---- */

static bool read_profile(struct wallet_order *out, const struct kx_reader *r)
{
    if (assay_bytes_is(out->profile_text, kx_profile_name(KX_STANDARD_NATIVE)))
        out->terms.profile = KX_STANDARD_NATIVE;
    else if (assay_bytes_is(out->profile_text, kx_profile_name(KX_ADDITIVE)))
        out->terms.profile = KX_ADDITIVE;
    else
        return kx_read_fail(r, ASSAY_E_UNSUPPORTED, 0, "profile", "is not one that is signed here");
    return true;
}

static bool read_head(struct wallet_order *out, const struct kx_reader *r)
{
    static const struct kx_member members[] = {
        {"challengeId", KX_KIND_BYTES, KX_AT(struct kx_terms, challenge_id), NULL, false},
        {"headAmount", KX_KIND_AMOUNT, KX_AT(struct kx_terms, head.amount), NULL, false},
        {"headScriptPublicKey", KX_KIND_SPK, KX_AT(struct kx_terms, head.spk), NULL, false},
        {"headRedeemScript", KX_KIND_SCRIPT, KX_AT(struct kx_terms, head.redeem), NULL, false},
    };
    struct outpoint {
        struct kaspa_hash txid;
        uint64_t index;
    } outpoint;
    static const struct kx_member of_outpoint[] = {
        {"txid", KX_KIND_BYTES, KX_AT(struct outpoint, txid), NULL, false},
        {"index", KX_KIND_U32, KX_AT(struct outpoint, index), NULL, false},
    };

    if (!kx_read_members(r, 0, members, ARRAY_LEN(members), &out->terms) ||
        !kx_read_members(r, assay_json_member(r->doc, 0, "expectedHeadOutpoint"), of_outpoint,
                         ARRAY_LEN(of_outpoint), &outpoint))
        return false;
    out->terms.head.outpoint = (struct kaspa_outpoint){outpoint.txid, (uint32_t)outpoint.index};
    return true;
}

bool wallet_order_read(struct wallet_order *out, struct assay_arena *arena,
                       const struct assay_json *doc, struct assay_err *why)
{
#define TEXT(name, field)                                                                          \
    {                                                                                              \
        name, KX_KIND_TEXT, KX_AT(struct wallet_order, field), NULL, false                         \
    }
    static const struct kx_member texts[] = {
        TEXT("attemptId", attempt_id),
        TEXT("authorizationExpiresAt", expires_at),
        TEXT("fundingSource", source),
        TEXT("intentHash", intent_hash),
        TEXT("network", network),
        TEXT("origin", origin),
        TEXT("paymentIdentifier", identifier),
        TEXT("paymentRequirementsHash", requirements_hash),
        TEXT("profile", profile_text),
        TEXT("requestHash", request_hash),
        TEXT("requiredFinality", finality),
        TEXT("resourceUrl", url),
        TEXT("amount", terms.amount_text),
        TEXT("payTo", terms.pay_to),
    };
#undef TEXT
    static const struct kx_member terms[] = {
        {"amount", KX_KIND_AMOUNT, KX_AT(struct wallet_order, terms.amount), NULL, false},
        {"payToScriptPublicKey", KX_KIND_SPK, KX_AT(struct wallet_order, terms.spk), NULL, false},
    };
    const struct kx_reader r = {.doc = doc, .arena = arena, .place = "order", .err = why};

    *out = (struct wallet_order){.source = ASSAY_LIT("")};
    if (!kx_read_members(&r, 0, texts, ARRAY_LEN(texts), out) ||
        !kx_read_members(&r, 0, terms, ARRAY_LEN(terms), out) || !read_profile(out, &r))
        return false;
    out->terms.network_text = out->network;
    if (out->requirements_hash.len != 64 || out->request_hash.len != 64)
        return kx_read_fail(&r, ASSAY_E_MALFORMED, 0, "requestHash", "or the terms' is no hash");
    if (out->terms.profile != KX_STANDARD_NATIVE && !read_head(out, &r))
        return false;
    return (out->terms.amount <= KASPA_MAX_SOMPI && out->terms.head.amount <= KASPA_MAX_SOMPI) ||
           kx_read_fail(&r, ASSAY_E_RANGE, 0, "amount", "is more than there is");
}

/* ---- the transaction ---- */

static bool is_kept_back(const struct wallet_artifacts *artifacts,
                         const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < artifacts->count; i++) {
        const struct wallet_attempt *a = artifacts->at[i];

        for (size_t j = 0; a->is_reserved && j < a->coin_count; j++)
            if (a->coins[j].index == outpoint->index &&
                kaspa_hash_equal(&a->coins[j].txid, &outpoint->txid))
                return true;
    }
    return false;
}

/* A plan under way: the head's input, if there is one, then coins of the wallet. */
struct draft {
    struct kaspa_spend spends[KASPA_WALLET_COINS_MAX + 1];
    struct kaspa_output outputs[3];
    struct kaspa_plan plan;
    struct kaspa_output fee; /* of HIGH_FEE: what is left out of the change */
};

/* The script stays with the transaction, which borrows it, longer than the order. False: no memory.
 */
static bool add_outputs(struct kaspa_wallet *w, struct draft *d, const struct wallet_order *order)
{
    const struct kx_terms *terms = &order->terms;
    struct kaspa_output *paid = &d->outputs[d->plan.output_count++];

    *paid = (struct kaspa_output){
        .value = terms->amount + terms->head.amount,
        .spk = {.script = assay_arena_copy(&w->artifacts.arena,
                                           assay_bytes_part(terms->spk, 2, terms->spk.len))},
    };
    if (w->how.lie == KASPA_WALLET_OTHER_PAYEE)
        paid->spk = w->stranger_spk;
    if (w->how.lie == KASPA_WALLET_MORE)
        paid->value++;
    if (w->how.lie == KASPA_WALLET_LESS)
        paid->value--;
    if (w->how.lie == KASPA_WALLET_EXTRA_OUTPUT)
        d->outputs[d->plan.output_count++] =
            (struct kaspa_output){.value = KASPA_SOMPI_PER_KAS, .spk = w->stranger_spk};
    return paid->spk.script.at != NULL;
}

/* False: the chain has no such head. */
static bool add_head(const struct kaspa_wallet *w, struct draft *d,
                     const struct wallet_order *order)
{
    struct kaspa_spend *head = &d->spends[0];

    if (order->terms.profile != KX_ADDITIVE)
        return true;
    *head = (struct kaspa_spend){
        .kind = KASPA_SPEND_SCRIPT_HASH,
        .outpoint = order->terms.head.outpoint,
        .sequence = KASPA_SEQUENCE_FINAL,
        .commit = KASPA_COMMIT_LEARN,
        .unlock = assay_bytes_of("\0", 1), /* the borrower's branch */
        .redeem = order->terms.head.redeem,
    };
    d->plan.version = 1;
    d->plan.spend_count = 1;
    return kaspa_chain_utxo(w->chain, &head->utxo, &head->outpoint);
}

static void add_coin(const struct kaspa_wallet *w, struct draft *d,
                     const struct kaspa_outpoint *outpoint, const struct kaspa_utxo *utxo)
{
    d->spends[d->plan.spend_count++] = (struct kaspa_spend){
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = *outpoint,
        .utxo = *utxo,
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &w->key,
        .commit = KASPA_COMMIT_LEARN,
    };
}

/* Coins one after the other, until they cover the payment. */
static enum assay_code build(struct kaspa_wallet *w, struct draft *d, struct kaspa_tx *tx,
                             struct assay_err *why)
{
    struct kaspa_outpoint *coins =
        assay_arena_alloc(&w->artifacts.arena, COINS_LOOKED_AT * sizeof(*coins));
    struct kaspa_utxo *utxos =
        assay_arena_alloc(&w->artifacts.arena, COINS_LOOKED_AT * sizeof(*utxos));
    size_t room = KASPA_WALLET_COINS_MAX, count;
    enum assay_code rc = ASSAY_E_RANGE;

    if (coins == NULL || utxos == NULL)
        return assay_fail(why, ASSAY_E_NOMEM, 0, "no memory for coins");
    count = kaspa_chain_utxos_of(w->chain, &w->spk, coins, utxos, COINS_LOOKED_AT);
    for (size_t i = 0; i < count && i < COINS_LOOKED_AT && rc == ASSAY_E_RANGE; i++) {
        struct assay_err inner = {0};

        if (is_kept_back(&w->artifacts, &coins[i]) || d->plan.spend_count == room)
            continue;
        add_coin(w, d, &coins[i], &utxos[i]);
        rc = kaspa_build(tx, &w->artifacts.arena, &d->plan, &inner);
    }
    if (rc != ASSAY_OK)
        return assay_fail(why, rc, 0, "the wallet's coins do not cover the payment");
    return ASSAY_OK;
}

/* With HIGH_FEE the change is an output of the plan, worth less than it could be. */
static enum assay_code drain(struct kaspa_wallet *w, struct draft *d, struct kaspa_tx *tx,
                             struct assay_err *why)
{
    uint64_t change = tx->output_count > 1 ? tx->outputs[tx->output_count - 1].value : 0;

    if (w->how.lie != KASPA_WALLET_HIGH_FEE || change <= HIGH_FEE)
        return ASSAY_OK;
    d->outputs[d->plan.output_count++] =
        (struct kaspa_output){.value = change - HIGH_FEE, .spk = w->spk};
    d->plan.change = NULL;
    return kaspa_build(tx, &w->artifacts.arena, &d->plan, why);
}

static bool make_transaction(struct kaspa_wallet *w, struct wallet_attempt *a,
                             const struct wallet_order *order, struct assay_err *why)
{
    struct draft d = {.plan = {.change = &w->spk, .payload = ASSAY_LIT("")}};
    struct kaspa_tx *tx = assay_arena_alloc(&w->artifacts.arena, sizeof(*tx));

    d.plan.spends = d.spends;
    d.plan.outputs = d.outputs;
    if (tx == NULL || !add_head(w, &d, order)) {
        (void)assay_fail(why, ASSAY_E_MISSING, 0, "the head is not there to be spent");
        return false;
    }
    if (!add_outputs(w, &d, order)) {
        (void)assay_fail(why, ASSAY_E_NOMEM, 0, "no memory for a payment");
        return false;
    }
    if (build(w, &d, tx, why) != ASSAY_OK || drain(w, &d, tx, why) != ASSAY_OK)
        return false;
    a->spent = kaspa_plan_utxos(&w->artifacts.arena, &d.plan);
    a->tx = tx;
    kaspa_txid(&a->txid, tx);
    for (size_t i = 0; i < d.plan.spend_count && a->coin_count < KASPA_WALLET_COINS_MAX; i++)
        if (d.spends[i].key != NULL)
            a->coins[a->coin_count++] = d.spends[i].outpoint;
    w->artifacts.signed_count++;
    return a->spent != NULL;
}

/* A coin of the exact amount as output 0, the rest as change: a genesis has none of its own. */
bool wallet_split(struct kaspa_wallet *w, struct wallet_payment *out, struct wallet_attempt *a,
                  uint64_t amount, struct assay_err *why)
{
    struct draft d = {.plan = {.change = &w->spk, .payload = ASSAY_LIT("")}};
    struct kaspa_tx *tx = assay_arena_alloc(&w->artifacts.arena, sizeof(*tx));

    d.plan.spends = d.spends;
    d.plan.outputs = d.outputs;
    d.outputs[d.plan.output_count++] = (struct kaspa_output){.value = amount, .spk = w->spk};
    if (tx == NULL)
        return assay_fail(why, ASSAY_E_NOMEM, 0, "no memory for a coin") == ASSAY_OK;
    if (build(w, &d, tx, why) != ASSAY_OK)
        return false;
    *out = (struct wallet_payment){tx, kaspa_plan_utxos(&w->artifacts.arena, &d.plan)};
    for (size_t i = 0; i < d.plan.spend_count && a->coin_count < KASPA_WALLET_COINS_MAX; i++)
        a->coins[a->coin_count++] = d.spends[i].outpoint;
    return out->spent != NULL;
}

/* ---- the artifact ---- */

static void add_outpoints(struct assay_buf *out, const struct kaspa_wallet *w,
                          const struct kaspa_tx *tx)
{
    size_t count = w->how.lie == KASPA_WALLET_UNLISTED_COINS ? 0 : tx->input_count;

    kx_write_name(out, "inputOutpoints");
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(out, i > 0 ? ",{" : "{");
        kx_write_number(out, "index", tx->inputs[i].previous.index);
        kx_write_hex(out, "txid", assay_bytes_of(tx->inputs[i].previous.txid.at, KASPA_HASH_BYTES));
        assay_buf_add_byte(out, '}');
    }
    assay_buf_add_byte(out, ']');
}

static void end_later(char text[ASSAY_TIME_TEXT_BYTES], struct assay_bytes told)
{
    int64_t ms = 0;

    (void)kx_time_read(&ms, told);
    assay_time_text(text, ms + 60000);
}

/* The digest is made here, of the terms that were asked for, and of nothing that a server sent
 * (F12).
 */
static bool add_authorization(struct assay_buf *out, struct kaspa_wallet *w,
                              const struct wallet_attempt *a, const struct wallet_order *order)
{
    char txid[X402_HASH_TEXT_BYTES], requirements[X402_HASH_TEXT_BYTES],
        request[X402_HASH_TEXT_BYTES], later[ASSAY_TIME_TEXT_BYTES];
    struct kx_authorized authorized = {
        .terms = &order->terms,
        .transaction_id = txid,
        .requirements_hash = requirements,
        .fingerprint = request,
        .identifier = order->identifier,
        .input_index = order->terms.profile == KX_ADDITIVE ? 1 : 0,
        .expires_at = order->expires_at,
    };
    uint8_t digest[ASSAY_SIG_MESSAGE_BYTES], signature[ASSAY_SIG_BYTES];

    assay_hex_encode(txid, assay_bytes_of(a->txid.at, sizeof(a->txid.at)));
    memcpy(requirements, order->requirements_hash.at, 64);
    memcpy(request, order->request_hash.at, 64);
    requirements[64] = request[64] = '\0';
    if (w->how.lie == KASPA_WALLET_OTHER_REQUEST)
        request[0] = request[0] == '0' ? '1' : '0';
    if (w->how.lie == KASPA_WALLET_ENDS_LATER) {
        end_later(later, order->expires_at);
        authorized.expires_at = assay_str(later);
    }
    if (w->how.lie == KASPA_WALLET_NEW_SIGNATURE)
        w->artifacts.aux[0]++;
    if (kx_authorization_digest(digest, &authorized) != ASSAY_OK ||
        assay_schnorr_sign(signature, digest, &w->key, w->artifacts.aux) != ASSAY_OK)
        return false;
    kx_write_name(out, "authorization");
    assay_buf_add_byte(out, '{');
    kx_write_hex(out, "digest", assay_bytes_of(digest, sizeof(digest)));
    kx_write_text(out, "expiresAt", authorized.expires_at);
    kx_write_number(out, "inputIndex", authorized.input_index);
    kx_write_hex(out, "signature", assay_bytes_of(signature, sizeof(signature)));
    kx_write_str(out, "version", KX_AUTHORIZATION);
    assay_buf_add_byte(out, '}');
    return true;
}

/* Of OTHER_TX: the same spends and outputs, of another lock time, and so under another id. */
static void add_transaction(struct assay_buf *out, const struct kaspa_wallet *w,
                            const struct wallet_attempt *a)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct kaspa_tx shown = *a->tx;

    shown.lock_time += w->how.lie == KASPA_WALLET_OTHER_TX;
    kaspa_tx_write(&text, &shown, a->spent, KASPA_JSON_NESTED);
    kx_write_text(out, "transaction", assay_buf_view(&text));
    if (!assay_buf_ok(&text))
        out->bad = text.bad;
    assay_buf_fini(&text);
}

static bool add_artifact(struct assay_buf *out, struct kaspa_wallet *w,
                         const struct wallet_attempt *a, const struct wallet_order *order)
{
    struct kaspa_hash txid = a->txid;

    txid.at[0] ^= w->how.lie == KASPA_WALLET_OTHER_ID;
    kx_write_name(out, "result");
    assay_buf_add_byte(out, '{');
    if (!add_authorization(out, w, a, order))
        return false;
    wallet_add_kind(out, w, "fundingSource", w->how.result_kind);
    add_outpoints(out, w, a->tx);
    kx_write_number(out, "paymentOutputIndex", 0);
    add_transaction(out, w, a);
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    kx_write_hex(out, "transactionId", assay_bytes_of(txid.at, sizeof(txid.at)));
    assay_buf_add_byte(out, '}');
    return assay_buf_ok(out);
}

/* ---- attempts ---- */

struct wallet_attempt *wallet_find(const struct wallet_artifacts *artifacts, struct assay_bytes id)
{
    for (size_t i = 0; i < artifacts->count; i++)
        if (assay_bytes_equal(artifacts->at[i]->id, id))
            return artifacts->at[i];
    return NULL;
}

struct wallet_attempt *wallet_new_attempt(struct kaspa_wallet *w, struct assay_bytes id,
                                          struct assay_bytes intent, struct assay_err *why)
{
    struct wallet_artifacts *artifacts = &w->artifacts;
    struct wallet_attempt *a = assay_arena_alloc(&artifacts->arena, sizeof(*a));

    if (a != NULL && artifacts->count < KASPA_WALLET_ATTEMPTS_MAX) {
        a->id = assay_arena_copy(&artifacts->arena, id);
        a->intent = assay_arena_copy(&artifacts->arena, intent);
        a->is_reserved = true;
    }
    if (a != NULL && a->id.at != NULL && a->intent.at != NULL)
        return a;
    (void)assay_fail(why, ASSAY_E_NOMEM, 0, "the wallet has no room for another attempt");
    return NULL;
}

static struct wallet_attempt *make_attempt(struct kaspa_wallet *w, struct assay_bytes intent,
                                           const struct wallet_order *order, struct assay_err *why)
{
    struct wallet_artifacts *artifacts = &w->artifacts;
    struct wallet_attempt *a = wallet_new_attempt(w, order->attempt_id, intent, why);

    if (a == NULL || !make_transaction(w, a, order, why))
        return NULL;
    artifacts->at[artifacts->count++] = a;
    return a;
}

/* What the wallet itself makes sure of before it signs. */
bool wallet_judge_source(const struct kaspa_wallet *w, struct assay_bytes source,
                         struct assay_bytes network, struct assay_err *why)
{
    if (!assay_bytes_is(source, w->kind))
        (void)assay_fail(why, ASSAY_E_MISMATCH, 0, "fundingSource is not this wallet's, %s",
                         w->kind);
    else if (!assay_bytes_is(network,
                             w->network == KASPA_MAINNET ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET))
        (void)assay_fail(why, ASSAY_E_MISMATCH, 0, "network is not this wallet's");
    else
        return true;
    return false;
}

bool wallet_pay(struct kaspa_wallet *w, struct assay_buf *out, struct assay_bytes intent,
                const struct wallet_order *order, struct assay_err *why)
{
    struct wallet_attempt *a = wallet_find(&w->artifacts, order->attempt_id);
    bool is_new = a == NULL;

    if (!wallet_judge_source(w, order->source, order->network, why))
        return false;
    if (!is_new && !assay_bytes_equal(a->intent, intent)) {
        (void)assay_fail(why, ASSAY_E_CONFLICT, 0, "this attempt was made for other terms");
        return false;
    }
    kaspa_chain_lock_take(w->chain_lock);
    if (is_new)
        a = make_attempt(w, intent, order, why);
    if (a != NULL && is_new && w->how.lie == KASPA_WALLET_BROADCASTS)
        (void)kaspa_chain_submit(w->chain, a->tx, NULL, NULL, NULL);
    kaspa_chain_lock_give(w->chain_lock);
    return a != NULL && add_artifact(out, w, a, order);
}

/* ---- against what was signed ---- */

static bool spend_otherwise(struct kaspa_wallet *w, const struct wallet_attempt *a)
{
    struct kaspa_spend spend = {.kind = KASPA_SPEND_PUBKEY,
                                .outpoint = a->coins[0],
                                .sequence = KASPA_SEQUENCE_FINAL,
                                .key = &w->key,
                                .commit = KASPA_COMMIT_LEARN};
    const struct kaspa_plan plan = {
        .spends = &spend, .spend_count = 1, .change = &w->stranger_spk, .payload = ASSAY_LIT("")};
    struct kaspa_tx tx;

    return kaspa_chain_utxo(w->chain, &spend.utxo, &spend.outpoint) &&
           kaspa_build(&tx, &w->artifacts.arena, &plan, NULL) == ASSAY_OK &&
           kaspa_chain_submit(w->chain, &tx, NULL, NULL, NULL) == KASPA_SUBMITTED;
}

bool kaspa_wallet_double_spend(struct kaspa_wallet *w)
{
    bool done = false;

    pthread_mutex_lock(&w->lock);
    if (w->artifacts.count > 0) {
        kaspa_chain_lock_take(w->chain_lock);
        done = spend_otherwise(w, w->artifacts.at[w->artifacts.count - 1]);
        kaspa_chain_lock_give(w->chain_lock);
    }
    pthread_mutex_unlock(&w->lock);
    return done;
}
