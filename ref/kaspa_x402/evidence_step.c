/* Reading the steps of a bundle, each by the members of its kind; see evidence.h. */
#include "kaspa_x402/evidence_internal.h"

#include "base/hex.h"
#include "kaspa/mass.h"
#include "kaspa/txid.h"

enum {
    SENT = KX_HAS_OFFER | KX_HAS_REQUEST | KX_HAS_PAYMENT | KX_HAS_RECEIVED_AT | KX_HAS_COINS,
    SEEN = KX_HAS_CHAIN | KX_HAS_BROADCAST,
    DONE = KX_HAS_EXECUTIONS | KX_HAS_BROADCASTS,
    MOVED = KX_HAS_TRANSACTION | KX_HAS_COINS | SEEN | KX_HAS_REPORT,
};

static const struct {
    const char *name;
    unsigned has;
} kinds[KX_STEP__COUNT] = {
    [KX_STEP_PAYMENT] = {"payment", SENT | SEEN | KX_HAS_REPORT | KX_HAS_RESPONSE},
    [KX_STEP_REFUSED] = {"refused", KX_HAS_PAYMENT | KX_HAS_STATUS | DONE},
    [KX_STEP_INVALID] = {"invalid", SENT | KX_HAS_STATUS | DONE},
    [KX_STEP_PENDING] = {"pending",
                         KX_HAS_TRANSACTION | KX_HAS_COINS | KX_HAS_EVIDENCE | KX_HAS_REPLACEMENTS},
    [KX_STEP_DUPLICATE] = {"duplicate", KX_HAS_RESPONSE | DONE},
    [KX_STEP_EXTERNAL] = {"external", KX_HAS_TRANSACTION | KX_HAS_COINS | SEEN},
    [KX_STEP_RESTART] = {"restart", KX_HAS_UNRESOLVED | DONE},
    [KX_STEP_RELOAD] = {"reload", KX_HAS_UNRESOLVED | DONE | KX_HAS_STATE},
    [KX_STEP_RECOVERY] = {"recovery", KX_HAS_TXID | KX_HAS_EVIDENCE | DONE},
    [KX_STEP_GENESIS] = {"genesis", MOVED | KX_HAS_STATE},
    [KX_STEP_VOUCHER] = {"voucher", KX_HAS_VOUCHER | KX_HAS_AMOUNT | KX_HAS_STATE},
    [KX_STEP_CLAIM] = {"claim", MOVED | KX_HAS_STATE},
    [KX_STEP_TOP_UP] = {"top-up", MOVED | KX_HAS_STATE},
    [KX_STEP_RESERVED] = {"reserved",
                          KX_HAS_TXID | KX_HAS_ARTIFACT | KX_HAS_STORED_AT | KX_HAS_BROADCAST_AT},
    [KX_STEP_REFUND] = {"refund", MOVED},
};

static enum assay_code read_time(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_text(r, token, &text);

    if (rc == ASSAY_OK && !kx_time_read(out, text))
        return kaspa_json_fail(r, ASSAY_E_MALFORMED, token,
                               "is no time like 2026-01-31T12:00:00.000Z");
    return rc;
}

static enum assay_code read_broadcast(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"network", kaspa_json_text, KASPA_JSON_AT(struct kx_step_broadcast, network), 1, false},
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_step_broadcast, txid), 2, false},
        {"version", kaspa_json_u16, KASPA_JSON_AT(struct kx_step_broadcast, version), 4, false},
        {"versionFrom", kaspa_json_text, KASPA_JSON_AT(struct kx_step_broadcast, version_from), 8,
         false},
        {"finality", kaspa_json_text, KASPA_JSON_AT(struct kx_step_broadcast, finality), 16, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_head(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"id", kaspa_json_hash, KASPA_JSON_AT(struct kx_step_report, head_id), 1, false},
        {"version", kx_json_score, KASPA_JSON_AT(struct kx_step_report, head_version), 2, false},
        {"outpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_step_report, head_outpoint), 4,
         false},
        {"increaseSompi", kaspa_json_u64, KASPA_JSON_AT(struct kx_step_report, head_increase), 8,
         false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    ((struct kx_step_report *)out)->has_head = true;
    return kx_json_whole(r, token, &shape, out);
}

/* Of an exact payment all but `head`, which is there where a head is paid; of a channel's
 * transaction the first three. */
static enum assay_code read_report(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum { COMMON = 1 | 2 | 4, EXACT = 8 | 16 | 32 | 64 | 128, HEAD = 256 };
    static const struct kaspa_json_member members[] = {
        {"artifactSha256", kaspa_json_hash, KASPA_JSON_AT(struct kx_step_report, artifact), 1,
         false},
        {"feeSompi", kaspa_json_u64, KASPA_JSON_AT(struct kx_step_report, fee), 2, false},
        {"storageMass", kaspa_json_u64, KASPA_JSON_AT(struct kx_step_report, storage_mass), 4,
         false},
        {"encoding", kaspa_json_text, KASPA_JSON_AT(struct kx_step_report, encoding), 8, false},
        {"outputIndex", kaspa_json_u32, KASPA_JSON_AT(struct kx_step_report, output_index), 16,
         false},
        {"settlementId", kaspa_json_hash, KASPA_JSON_AT(struct kx_step_report, settlement_id), 32,
         false},
        {"merchantGainSompi", kaspa_json_u64, KASPA_JSON_AT(struct kx_step_report, merchant_gain),
         64, false},
        {"payerCostSompi", kaspa_json_u64, KASPA_JSON_AT(struct kx_step_report, payer_cost), 128,
         false},
        {"head", read_head, 0, sizeof(struct kx_step_report), HEAD, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, COMMON);
    unsigned seen = 0;
    enum assay_code rc = kaspa_json_object(r, token, &shape, out, &seen);

    ((struct kx_step_report *)out)->is_exact = (seen & EXACT) == EXACT;
    if (rc == ASSAY_OK && (seen & (EXACT | HEAD)) != 0 && (seen & EXACT) != EXACT)
        return kaspa_json_fail(r, ASSAY_E_MISSING, token,
                               "has some members of an exact payment's report and lacks others");
    return rc;
}

static enum assay_code read_state(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"A", kx_json_amount, KASPA_JSON_AT(struct kx_accounts, charged), 1, false},
        {"S", kx_json_amount, KASPA_JSON_AT(struct kx_accounts, claimed), 2, false},
        {"T", kx_json_amount, KASPA_JSON_AT(struct kx_accounts, authorized), 4, false},
        {"V", kx_json_amount, KASPA_JSON_AT(struct kx_accounts, funding), 8, false},
        {"R", kx_json_amount, KASPA_JSON_AT(struct kx_accounts, reserve), 16, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_signature(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes bytes = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_hex(r, token, &bytes);

    if (rc == ASSAY_OK && bytes.len != ASSAY_SIG_BYTES)
        return kaspa_json_fail(r, ASSAY_E_RANGE, token, "is not 64 bytes long");
    if (rc == ASSAY_OK)
        memcpy(out, bytes.at, ASSAY_SIG_BYTES);
    return rc;
}

static enum assay_code read_voucher(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kx_step, voucher_covenant), 1, false},
        {"authorizedCumulativeAmount", kx_json_amount, KASPA_JSON_AT(struct kx_step, voucher_total),
         2, false},
        {"signature", read_signature, KASPA_JSON_AT(struct kx_step, voucher_signature), 4, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static const struct kaspa_json_member members[] = {
    {"kind", kaspa_json_pass_text, 0, sizeof(struct kx_step), KX_HAS_KIND, false},
    {"offer", kaspa_json_token, KASPA_JSON_AT(struct kx_step, offer), KX_HAS_OFFER, false},
    {"request", kaspa_json_token, KASPA_JSON_AT(struct kx_step, request), KX_HAS_REQUEST, false},
    {"payment", kaspa_json_token, KASPA_JSON_AT(struct kx_step, payment), KX_HAS_PAYMENT, false},
    {"receivedAt", read_time, KASPA_JSON_AT(struct kx_step, received_at_ms), KX_HAS_RECEIVED_AT,
     false},
    {"coins", kaspa_json_token, KASPA_JSON_AT(struct kx_step, coins), KX_HAS_COINS, false},
    {"transaction", kaspa_json_token, KASPA_JSON_AT(struct kx_step, transaction),
     KX_HAS_TRANSACTION, false},
    {"chain", kx_json_acceptance, KASPA_JSON_AT(struct kx_step, chain), KX_HAS_CHAIN, false},
    {"broadcast", read_broadcast, KASPA_JSON_AT(struct kx_step, broadcast), KX_HAS_BROADCAST,
     false},
    {"report", read_report, KASPA_JSON_AT(struct kx_step, report), KX_HAS_REPORT, false},
    {"state", read_state, KASPA_JSON_AT(struct kx_step, state), KX_HAS_STATE, false},
    {"response", kaspa_json_token, KASPA_JSON_AT(struct kx_step, response), KX_HAS_RESPONSE, false},
    {"evidence", kaspa_json_token, KASPA_JSON_AT(struct kx_step, evidence), KX_HAS_EVIDENCE, false},
    {"executions", kx_json_score, KASPA_JSON_AT(struct kx_step, executions), KX_HAS_EXECUTIONS,
     false},
    {"broadcasts", kx_json_score, KASPA_JSON_AT(struct kx_step, broadcasts), KX_HAS_BROADCASTS,
     false},
    {"status", kx_json_score, KASPA_JSON_AT(struct kx_step, status), KX_HAS_STATUS, false},
    {"replacements", kx_json_score, KASPA_JSON_AT(struct kx_step, replacements),
     KX_HAS_REPLACEMENTS, false},
    {"voucher", read_voucher, 0, sizeof(struct kx_step), KX_HAS_VOUCHER, false},
    {"amount", kx_json_amount, KASPA_JSON_AT(struct kx_step, amount), KX_HAS_AMOUNT, false},
    {"unresolved", kaspa_json_hash, KASPA_JSON_AT(struct kx_step, unresolved), KX_HAS_UNRESOLVED,
     false},
    {"storedAt", read_time, KASPA_JSON_AT(struct kx_step, stored_at_ms), KX_HAS_STORED_AT, false},
    {"broadcastAt", read_time, KASPA_JSON_AT(struct kx_step, broadcast_at_ms), KX_HAS_BROADCAST_AT,
     false},
    {"artifactSha256", kaspa_json_hash, KASPA_JSON_AT(struct kx_step, artifact), KX_HAS_ARTIFACT,
     false},
    {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_step, txid), KX_HAS_TXID, false},
};

/* A member that is missing says more of some than that the form is wrong. */
static enum kx_bundle_rule rule_of(enum assay_code rc, const struct kaspa_json_reader *r,
                                   uint32_t token)
{
    uint32_t broadcast = assay_json_member(r->doc, token, "broadcast");

    if (rc != ASSAY_E_MISSING)
        return KX_BUNDLE_FORM;
    if (assay_json_type(r->doc, broadcast) != ASSAY_JSON_OBJECT)
        return KX_BUNDLE_STEPS;
    if (assay_json_member(r->doc, broadcast, "version") == ASSAY_JSON_NONE ||
        assay_json_member(r->doc, broadcast, "versionFrom") == ASSAY_JSON_NONE)
        return KX_BUNDLE_VERSION;
    if (assay_json_member(r->doc, broadcast, "finality") == ASSAY_JSON_NONE ||
        assay_json_member(r->doc, token, "chain") == ASSAY_JSON_NONE)
        return KX_BUNDLE_FINALITY;
    return KX_BUNDLE_STEPS;
}

bool kx_step_read(struct kx_bundling *b, struct kx_step *out, enum kx_step_kind kind,
                  uint32_t token)
{
    unsigned want = kinds[kind].has | KX_HAS_KIND;
    struct kaspa_json_shape shape = {members, ARRAY_LEN(members), want};
    size_t depth = b->r.steps;
    enum assay_code rc;

    memset(out, 0, sizeof(*out));
    out->kind = kind;
    if (assay_json_type(b->r.doc, token) == ASSAY_JSON_OBJECT &&
        !assay_json_string_is(b->r.doc, assay_json_member(b->r.doc, token, "kind"),
                              kinds[kind].name))
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "kind", "is not %s, whose place it is",
                                kinds[kind].name);
    rc = kaspa_json_object(&b->r, token, &shape, out, &out->has);
    b->r.steps = depth;
    if (rc != ASSAY_OK) {
        b->rule = rule_of(rc, &b->r, token);
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if ((out->has & ~want & members[i].thing) != 0)
            return kx_bundle_refuse(b, KX_BUNDLE_FORM, members[i].name, "is no member of a %s",
                                    kinds[kind].name);
    }
    return true;
}

/* ---- transactions ---- */

static bool read_tx(struct kx_bundling *b, const struct kx_step *step, struct kx_step_spend *out)
{
    struct kaspa_json_options options = kx_transaction_limits();
    struct assay_bytes text = ASSAY_LIT("");
    struct assay_err err = {.code = ASSAY_OK};
    enum assay_code rc;

    options.unknown_members = false;
    if (assay_json_type(b->r.doc, step->transaction) != ASSAY_JSON_STRING)
        rc = kaspa_tx_parse_value(&out->tx, &out->claims, b->arena, b->r.doc, step->transaction,
                                  &options, &err);
    else if ((rc = kaspa_json_text(&b->r, step->transaction, &text)) == ASSAY_OK)
        rc = kaspa_tx_parse(&out->tx, &out->claims, b->arena, text, &options, &err);
    return rc == ASSAY_OK || kx_bundle_refuse_in(b, KX_BUNDLE_FORM, "transaction", &err);
}

bool kx_bundle_read_coins(struct kx_bundling *b, const struct kx_step *step, size_t count,
                          struct kaspa_utxo **out)
{
    static const struct kaspa_json_options strict = {.numbers = false};
    struct kaspa_utxo *coins = assay_arena_alloc(b->arena, (count + 1) * sizeof(*coins));
    struct assay_err err = {.code = ASSAY_OK};
    size_t i = 0;

    if (coins == NULL)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, "coins", "cannot be kept: out of memory");
    if (assay_json_type(b->r.doc, step->coins) != ASSAY_JSON_ARRAY ||
        b->r.doc->tokens[step->coins].count != count)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "coins", "are not %zu, one an input", count);
    for (uint32_t coin = assay_json_first(b->r.doc, step->coins); coin != ASSAY_JSON_NONE;
         coin = assay_json_next_sibling(b->r.doc, step->coins, coin)) {
        if (kaspa_utxo_parse_value(&coins[i++], b->arena, b->r.doc, coin, &strict, &err) !=
            ASSAY_OK)
            return kx_bundle_refuse_in(b, KX_BUNDLE_FORM, "coins", &err);
    }
    *out = coins;
    return true;
}

bool kx_bundle_read_spend(struct kx_bundling *b, const struct kx_step *step,
                          struct kx_step_spend *out)
{
    memset(out, 0, sizeof(*out));
    return read_tx(b, step, out) && kx_bundle_read_coins(b, step, out->tx.input_count, &out->coins);
}

/* What a text does not say of a coin is 0, false and none. */
static bool is_said_of(const struct kaspa_utxo *said, const struct kaspa_utxo *coin)
{
    return said->amount == coin->amount && kaspa_spk_equal(&said->spk, &coin->spk) &&
           (said->block_daa_score == 0 || said->block_daa_score == coin->block_daa_score) &&
           (!said->is_coinbase || coin->is_coinbase) &&
           (!said->has_covenant ||
            (coin->has_covenant && kaspa_hash_equal(&said->covenant_id, &coin->covenant_id)));
}

static bool judge_claims(struct kx_bundling *b, const struct kaspa_tx *tx,
                         const struct kaspa_claims *claims, const struct kaspa_utxo *coins)
{
    struct kaspa_hash id;
    uint64_t mass;

    kaspa_txid(&id, tx);
    if (claims->has_id && !kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "id", &claims->id, &id))
        return false;
    if (claims->has_storage_mass &&
        (!kaspa_storage_mass(&mass, tx, coins) || mass != tx->storage_mass))
        return kx_bundle_refuse(b, KX_BUNDLE_ACCOUNTING, "storageMass",
                                "is not the one that follows from outputs and coins");
    for (size_t i = 0; i < tx->input_count; i++) {
        if (!claims->has_utxo[i] || is_said_of(&claims->utxos[i], &coins[i]))
            continue;
        kaspa_json_enter(&b->r, "inputs", i);
        return kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "utxo",
                                "is not the coin that the input spends");
    }
    return true;
}

bool kx_bundle_judge_claims(struct kx_bundling *b, const char *member, const struct kaspa_tx *tx,
                            const struct kaspa_claims *claims, const struct kaspa_utxo *coins)
{
    kaspa_json_enter(&b->r, member, KASPA_JSON_NO_INDEX);
    if (!judge_claims(b, tx, claims, coins))
        return false;
    kaspa_json_leave(&b->r);
    return true;
}
