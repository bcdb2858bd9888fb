/* The terms of exact offers: every fault by the members that cause it. */
#include "ref/tests/kx_world.h"

#include "base/hex.h"

#include <stdlib.h>

#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"

/* One edit: a member of the offer, of its extra ("extra.x"), or deeper; a JSON value, or NULL to
 * take it away. */
struct row {
    const char *name, *member, *value;
    enum kx_terms_fault fault;
};

static enum kx_terms_fault read_terms(struct kx_world *w, struct kx_terms *out,
                                      struct assay_err *err)
{
    struct x402_terms terms;

    w->offer_doc = kx_world_doc(w, kx_world_terms(w));
    cr_assert_eq(x402_terms_read(&terms, &w->arena, &w->offer_doc, 0, err), X402_FAULT_NONE, "%s",
                 err->text);
    return kx_terms_read(out, &w->arena, &w->offer_doc, &terms, err);
}

static void expect_rows(enum kx_profile profile, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kx_world *w = kx_world_new(profile);
        struct assay_err err = {0};
        struct kx_terms terms;
        enum kx_terms_fault fault;

        kx_world_edit(kx_world_terms(w), rows[i].member, rows[i].value);
        fault = read_terms(w, &terms, &err);
        cr_expect_eq(fault, rows[i].fault, "row: %s: fault %d: %s", rows[i].name, fault, err.text);
        cr_expect_eq(err.text[0] != '\0', fault != KX_TERMS_OK, "row: %s", rows[i].name);
        kx_world_free(w);
    }
}

static const struct row standard_rows[] = {
    {"scheme", "scheme", "\"batch-settlement\"", KX_TERMS_SCHEME},
    {"scheme in capitals", "scheme", "\"EXACT\"", KX_TERMS_SCHEME},
    {"network alias", "network", "\"testnet-10\"", KX_TERMS_NETWORK},
    {"network in capitals", "network", "\"KASPA:TESTNET-10\"", KX_TERMS_NETWORK},
    {"other network", "network", "\"kaspa:mainnet\"", KX_TERMS_PAY_TO_NETWORK},
    {"asset", "asset", "\"kas\"", KX_TERMS_ASSET},
    {"amount with a zero", "amount", "\"01\"", KX_TERMS_AMOUNT},
    {"amount with a sign", "amount", "\"+1\"", KX_TERMS_AMOUNT},
    {"amount with an exponent", "amount", "\"1e3\"", KX_TERMS_AMOUNT},
    {"amount with a space", "amount", "\" 1\"", KX_TERMS_AMOUNT},
    {"amount empty", "amount", "\"\"", KX_TERMS_AMOUNT},
    {"amount above 64 bits", "amount", "\"18446744073709551616\"", KX_TERMS_AMOUNT},
    {"amount of 64 bits", "amount", "\"18446744073709551615\"", KX_TERMS_OK},
    {"amount 0", "amount", "\"0\"", KX_TERMS_ZERO},
    {"amount 1", "amount", "\"1\"", KX_TERMS_OK},
    {"no binding", "extra.binding", NULL, KX_TERMS_BINDING},
    {"binding of version 1", "extra.binding", "\"kaspa-exact-v1\"", KX_TERMS_BINDING},
    {"binding of another profile", "extra.binding", "\"kaspa-hash-chain-exact-v1\"",
     KX_TERMS_BINDING},
    {"no profile", "extra.profile", NULL, KX_TERMS_BINDING},
    {"profile unknown", "extra.profile", "\"upto\"", KX_TERMS_BINDING},
    {"profile of another binding", "extra.profile", "\"hash-chain-additive\"", KX_TERMS_BINDING},
    {"profile a number", "extra.profile", "0", KX_TERMS_BINDING},
    {"payTo empty", "payTo", "\"\"", KX_TERMS_FORM},
    {"timeout largest", "maxTimeoutSeconds", "4294967295", KX_TERMS_OK},
    {"timeout too large", "maxTimeoutSeconds", "4294967296", KX_TERMS_FORM},
    {"no flow", "extra.paymentFlow", NULL, KX_TERMS_FORM},
    {"flow escrow", "extra.paymentFlow", "\"escrow\"", KX_TERMS_FORM},
    {"flow authorization", "extra.paymentFlow", "\"authorization\"", KX_TERMS_FORM},
    {"flow null", "extra.paymentFlow", "null", KX_TERMS_FORM},
    {"flow with an escape", "extra.paymentFlow", "\"\\u0075pfront\"", KX_TERMS_OK},
    {"no finality", "extra.finality", NULL, KX_TERMS_FORM},
    {"finality mempool", "extra.finality", "\"mempool\"", KX_TERMS_FORM},
    {"finality confirmed", "extra.finality", "\"confirmed\"", KX_TERMS_OK},
    {"no encoding", "extra.transactionEncoding", NULL, KX_TERMS_FORM},
    {"encoding", "extra.transactionEncoding", "\"kaspa-sdk-safe-json-v1.0.0\"", KX_TERMS_FORM},
    {"no script", "extra.payToScriptPublicKey", NULL, KX_TERMS_FORM},
    {"script without its version", "extra.payToScriptPublicKey", "\"20ac\"", KX_TERMS_FORM},
    {"script of version 1", "extra.payToScriptPublicKey", "\"0001ac\"", KX_TERMS_FORM},
    {"script of version 256", "extra.payToScriptPublicKey", "\"0100ac\"", KX_TERMS_FORM},
    {"script empty", "extra.payToScriptPublicKey", "\"0000\"", KX_TERMS_FORM},
    {"script of odd hex", "extra.payToScriptPublicKey", "\"0000a\"", KX_TERMS_FORM},
    {"script no hex", "extra.payToScriptPublicKey", "\"0000zz\"", KX_TERMS_FORM},
    {"script a number", "extra.payToScriptPublicKey", "0", KX_TERMS_FORM},
    {"script another", "extra.payToScriptPublicKey", "\"0000ac\"", KX_TERMS_SCRIPT},
    {"output index", "extra.paymentOutputIndex", "4294967295", KX_TERMS_OK},
    {"output index with places", "extra.paymentOutputIndex", "2.0", KX_TERMS_OK},
    {"output index too large", "extra.paymentOutputIndex", "4294967296", KX_TERMS_FORM},
    {"output index a text", "extra.paymentOutputIndex", "\"0\"", KX_TERMS_FORM},
    {"output index negative", "extra.paymentOutputIndex", "-1", KX_TERMS_FORM},
    {"output index null", "extra.paymentOutputIndex", "null", KX_TERMS_FORM},
    {"asset kind", "extra.assetKind", "\"native\"", KX_TERMS_OK},
    {"asset kind another", "extra.assetKind", "\"token\"", KX_TERMS_FORM},
    {"decimals", "extra.assetDecimals", "8", KX_TERMS_OK},
    {"decimals another", "extra.assetDecimals", "6", KX_TERMS_FORM},
    {"an unknown member", "extra.note", "\"x\"", KX_TERMS_OK},
    {"templateId", "extra.templateId", "\"x\"", KX_TERMS_FORM},
    {"headId", "extra.headId", "null", KX_TERMS_FORM},
    {"headVersion", "extra.headVersion", "0", KX_TERMS_FORM},
    {"expectedHeadOutpoint", "extra.expectedHeadOutpoint", "{}", KX_TERMS_FORM},
    {"headAmount", "extra.headAmount", "0", KX_TERMS_FORM},
    {"headScriptPublicKey", "extra.headScriptPublicKey", "0", KX_TERMS_FORM},
    {"headRedeemScript", "extra.headRedeemScript", "0", KX_TERMS_FORM},
    {"additiveThresholdSompi", "extra.additiveThresholdSompi", "0", KX_TERMS_FORM},
    {"challengeId", "extra.challengeId", "0", KX_TERMS_FORM},
    {"challengeExpiresAt", "extra.challengeExpiresAt", "0", KX_TERMS_FORM},
    {"borrowOutpoint", "extra.borrowOutpoint", "0", KX_TERMS_FORM},
    {"borrowAmount", "extra.borrowAmount", "0", KX_TERMS_FORM},
    {"borrowScriptPublicKey", "extra.borrowScriptPublicKey", "0", KX_TERMS_FORM},
    {"borrowRedeemScript", "extra.borrowRedeemScript", "0", KX_TERMS_FORM},
    {"reservationId", "extra.reservationId", "0", KX_TERMS_FORM},
    {"reservationExpiresAt", "extra.reservationExpiresAt", "0", KX_TERMS_FORM},
    {"payTo without prefix", "payTo", "\"qqqq\"", KX_TERMS_PAY_TO_NETWORK},
    {"payTo of mainnet", "payTo", "\"kaspa:qqqq\"", KX_TERMS_PAY_TO_NETWORK},
    {"payTo in capitals", "payTo", "\"KASPATEST:QQQQ\"", KX_TERMS_PAY_TO_NETWORK},
    {"payTo prefix alone", "payTo", "\"kaspatest\"", KX_TERMS_PAY_TO_NETWORK},
    {"payTo of a longer prefix", "payTo", "\"kaspatestx:qq\"", KX_TERMS_PAY_TO_NETWORK},
    {"payTo cut off", "payTo", "\"kaspatest:qqqq\"", KX_TERMS_PAY_TO},
    {"payTo with capitals within", "payTo", "\"kaspatest:Qqqq\"", KX_TERMS_PAY_TO},
};

Test(kx_terms, of_standard_native)
{
    expect_rows(KX_STANDARD_NATIVE, standard_rows, ARRAY_LEN(standard_rows));
}

static const struct row additive_rows[] = {
    {"as it is", "extra.note", "1", KX_TERMS_OK},
    {"no template", "extra.templateId", NULL, KX_TERMS_HEAD_FORM},
    {"another template", "extra.templateId", "\"kaspa-x402-hash-chain-head-v2\"",
     KX_TERMS_HEAD_FORM},
    {"no head", "extra.headId", NULL, KX_TERMS_HEAD_FORM},
    {"head in capitals", "extra.headId", "\"" H64 "\"", KX_TERMS_OK},
    {"head too short", "extra.headId", "\"90\"", KX_TERMS_HEAD_FORM},
    {"no version", "extra.headVersion", NULL, KX_TERMS_HEAD_FORM},
    {"version a number", "extra.headVersion", "0", KX_TERMS_HEAD_FORM},
    {"version of 64 bits", "extra.headVersion", "\"18446744073709551615\"", KX_TERMS_OK},
    {"no outpoint", "extra.expectedHeadOutpoint", NULL, KX_TERMS_HEAD_FORM},
    {"outpoint a text", "extra.expectedHeadOutpoint", "\"x\"", KX_TERMS_HEAD_FORM},
    {"outpoint without index", "extra.expectedHeadOutpoint.index", NULL, KX_TERMS_HEAD_FORM},
    {"outpoint without txid", "extra.expectedHeadOutpoint.txid", NULL, KX_TERMS_HEAD_FORM},
    {"outpoint with more", "extra.expectedHeadOutpoint.x", "1", KX_TERMS_HEAD_FORM},
    {"outpoint index too large", "extra.expectedHeadOutpoint.index", "4294967296",
     KX_TERMS_HEAD_FORM},
    {"outpoint index 1", "extra.expectedHeadOutpoint.index", "1", KX_TERMS_OK},
    {"no amount of the head", "extra.headAmount", NULL, KX_TERMS_HEAD_FORM},
    {"amount of the head 0", "extra.headAmount", "\"0\"", KX_TERMS_HEAD_AMOUNT},
    {"the largest sum", "extra.headAmount", "\"18446744073689551615\"", KX_TERMS_OK},
    {"a sum above 64 bits", "extra.headAmount", "\"18446744073689551616\"", KX_TERMS_HEAD_AMOUNT},
    {"no script", "extra.headScriptPublicKey", NULL, KX_TERMS_HEAD_FORM},
    {"script of version 1", "extra.headScriptPublicKey", "\"000151\"", KX_TERMS_HEAD_FORM},
    {"script another", "extra.headScriptPublicKey", "\"000051\"", KX_TERMS_HEAD_SCRIPT},
    {"no redeem script", "extra.headRedeemScript", NULL, KX_TERMS_HEAD_FORM},
    {"redeem script empty", "extra.headRedeemScript", "\"\"", KX_TERMS_HEAD_FORM},
    {"redeem script odd", "extra.headRedeemScript", "\"515\"", KX_TERMS_HEAD_FORM},
    {"redeem script another", "extra.headRedeemScript", "\"51\"", KX_TERMS_HEAD_SCRIPT},
    {"no threshold", "extra.additiveThresholdSompi", NULL, KX_TERMS_HEAD_FORM},
    {"threshold 0", "extra.additiveThresholdSompi", "\"0\"", KX_TERMS_HEAD_AMOUNT},
    {"threshold above the amount", "extra.additiveThresholdSompi", "\"20000001\"",
     KX_TERMS_HEAD_AMOUNT},
    {"threshold not the script's", "extra.additiveThresholdSompi", "\"20000000\"",
     KX_TERMS_HEAD_SCRIPT},
    {"amount at the threshold", "amount", "\"10000000\"", KX_TERMS_OK},
    {"amount below the threshold", "amount", "\"9999999\"", KX_TERMS_HEAD_AMOUNT},
    {"no output index", "extra.paymentOutputIndex", NULL, KX_TERMS_HEAD_FORM},
    {"output index 1", "extra.paymentOutputIndex", "1", KX_TERMS_HEAD_FORM},
    {"no challenge", "extra.challengeId", NULL, KX_TERMS_HEAD_FORM},
    {"challenge no hash", "extra.challengeId", "\"91\"", KX_TERMS_HEAD_FORM},
    {"no time of the challenge", "extra.challengeExpiresAt", NULL, KX_TERMS_HEAD_FORM},
    {"time of the challenge a number", "extra.challengeExpiresAt", "0", KX_TERMS_HEAD_FORM},
    {"time of the challenge none", "extra.challengeExpiresAt", "\"soon\"", KX_TERMS_OK},
    {"reservation", "extra.reservationId", "1", KX_TERMS_FORM},
};

Test(kx_terms, of_additive)
{
    expect_rows(KX_ADDITIVE, additive_rows, ARRAY_LEN(additive_rows));
}

static const struct row hash_chain_rows[] = {
    {"as it is", "extra.note", "1", KX_TERMS_OK},
    {"mainnet", "network", "\"kaspa:mainnet\"", KX_TERMS_BINDING},
    {"binding of the other", "extra.binding", "\"kaspa-exact-v2\"", KX_TERMS_BINDING},
    {"template of version 1", "extra.templateId", "\"kaspa-x402-hash-chain-head-v1\"",
     KX_TERMS_HEAD_FORM},
    {"no method", "extra.assetTransferMethod", NULL, KX_TERMS_HEAD_FORM},
    {"no covenant", "extra.covenantId", NULL, KX_TERMS_HEAD_FORM},
    {"covenant zero", "extra.covenantId",
     "\"0000000000000000000000000000000000000000000000000000000000000000\"", KX_TERMS_HEAD_FORM},
    {"no guard", "extra.currentGuard", NULL, KX_TERMS_HEAD_FORM},
    {"guard another", "extra.currentGuard", "\"" H64 "\"", KX_TERMS_HEAD},
    {"next guard another", "extra.nextGuard", "\"" H64 "\"", KX_TERMS_HEAD},
    {"key another", "extra.oneTimePublicKey", "\"" H64 "\"", KX_TERMS_HEAD},
    {"no grant", "extra.grantId", NULL, KX_TERMS_HEAD_FORM},
    {"no place to claim", "extra.grantClaimUrl", NULL, KX_TERMS_HEAD_FORM},
    {"place to claim empty", "extra.grantClaimUrl", "\"\"", KX_TERMS_HEAD_FORM},
    {"no head", "extra.headId", NULL, KX_TERMS_HEAD_FORM},
    {"no time of issue", "extra.challengeIssuedAt", NULL, KX_TERMS_HEAD_FORM},
    {"time of issue none", "extra.challengeIssuedAt", "\"x\"", KX_TERMS_HEAD},
    {"time of expiry none", "extra.challengeExpiresAt", "\"x\"", KX_TERMS_HEAD},
    {"issued when it expires", "extra.challengeIssuedAt", "\"2098-12-31T23:59:45Z\"",
     KX_TERMS_HEAD},
    {"issued a millisecond before", "extra.challengeIssuedAt", "\"2098-12-31T23:59:44.999Z\"",
     KX_TERMS_OK},
    {"issued the whole time before", "extra.challengeIssuedAt", "\"2098-12-31T23:58:45Z\"",
     KX_TERMS_OK},
    {"issued a millisecond earlier", "extra.challengeIssuedAt", "\"2098-12-31T23:58:44.999Z\"",
     KX_TERMS_HEAD},
    {"amount 0 of the head", "extra.headAmount", "\"0\"", KX_TERMS_HEAD_AMOUNT},
    {"script of the head another", "extra.headScriptPublicKey", "\"000051\"", KX_TERMS_HEAD_SCRIPT},
    {"a reservation is an unknown member", "extra.reservationId", "1", KX_TERMS_OK},
    {"output index 1", "extra.paymentOutputIndex", "1", KX_TERMS_HEAD_FORM},
};

Test(kx_terms, of_a_hash_chain)
{
    expect_rows(KX_HASH_CHAIN, hash_chain_rows, ARRAY_LEN(hash_chain_rows));
}

static void pay_to_key(struct kx_world *w)
{
    struct kaspa_spk spk = {.script = kx_world_script(w, &w->merchant)};
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;

    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    kx_world_set(kx_world_terms(w), "payTo", text);
    (void)json_object_set_new(kx_world_extra(w), "payToScriptPublicKey",
                              kx_world_spk_hex(spk.script));
}

static void pay_to_head(struct kx_world *w)
{
    json_t *extra = kx_world_extra(w);
    struct kaspa_spk spk = w->spends[0].utxo.spk;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;

    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    kx_world_set(kx_world_terms(w), "payTo", text);
    (void)json_object_set(extra, "payToScriptPublicKey",
                          json_object_get(extra, "headScriptPublicKey"));
}

Test(kx_terms, say_who_is_paid_by_a_payment_to_a_head)
{
    static const struct {
        const char *name;
        enum kx_profile profile;
        kx_hook *change;
    } rows[] = {
        {"an additive head that pays to a key", KX_ADDITIVE, pay_to_key},
        {"a hash-chain that pays to a key", KX_HASH_CHAIN, pay_to_key},
        {"a hash-chain that pays to its head", KX_HASH_CHAIN, pay_to_head},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_world *w = kx_world_new(rows[i].profile);
        struct assay_err err = {0};
        struct kx_terms terms;

        rows[i].change(w);
        cr_expect_eq(read_terms(w, &terms, &err), KX_TERMS_HEAD_SCRIPT, "row: %s: %s", rows[i].name,
                     err.text);
        kx_world_free(w);
    }
}

Test(kx_terms, are_all_there_once_read)
{
    struct kx_world *w = kx_world_new(KX_HASH_CHAIN);
    struct assay_err err = {0};
    struct kx_terms t;

    kx_world_edit(kx_world_terms(w), "extra.finality", "\"confirmed\"");
    cr_assert_eq(read_terms(w, &t, &err), KX_TERMS_OK, "%s", err.text);
    cr_expect_eq(t.profile, KX_HASH_CHAIN);
    cr_expect_eq(t.network, KASPA_TESTNET);
    cr_expect(assay_bytes_is(t.network_text, "kaspa:testnet-10"));
    cr_expect(assay_bytes_is(t.amount_text, "20000000"));
    cr_expect_eq(t.amount, 20000000);
    cr_expect_eq(t.max_timeout_s, 60);
    cr_expect_eq(t.finality, KX_FINALITY_CONFIRMED);
    cr_expect_eq(t.spk.len, 37);
    cr_expect_eq(t.head.id[31], 0x90);
    cr_expect_eq(t.head.version, 7);
    cr_expect_eq(t.head.outpoint.txid.at[0], 0x71);
    cr_expect_eq(t.head.amount, 100000000);
    cr_expect(assay_bytes_equal(t.head.redeem, w->redeem));
    cr_expect_eq(t.challenge_id[0], 0x91);
    cr_expect(assay_bytes_is(t.challenge_expires_at, KX_WORLD_CHALLENGE_EXPIRES));
    cr_expect_eq(t.covenant_id[0], 0x80);
    cr_expect_eq(t.next_guard[1], 0xc0);
    cr_expect_arr_eq(t.one_time_key, w->one_time.xonly, 32);
    cr_expect_eq(t.grant_id[0], 0x93);
    cr_expect(assay_bytes_is(t.grant_claim_url, "https://api.example.test/grant"));
    cr_expect(assay_bytes_is(t.challenge_issued_at, "2098-12-31T23:58:59Z"));
    kx_world_free(w);
}

Test(kx_terms, name_the_member_that_is_wrong)
{
    struct kx_world *w = kx_world_new(KX_ADDITIVE);
    struct assay_err err = {0};
    struct kx_terms terms;

    kx_world_edit(kx_world_terms(w), "extra.expectedHeadOutpoint.txid", "\"71\"");
    cr_expect_eq(read_terms(w, &terms, &err), KX_TERMS_HEAD_FORM);
    cr_expect_str_eq(err.text, "extra.expectedHeadOutpoint.txid breaks its grammar");
    cr_expect_eq(err.code, ASSAY_E_MALFORMED);
    cr_expect(assay_bytes_is(assay_bytes_part(w->offer_doc.text, err.at, err.at + 2), "71"));
    kx_world_free(w);
}

/* A memory that fails at its nth block ends in a fault called NOMEM, or in none. */
Test(kx_terms, that_find_no_memory_say_so)
{
    size_t failed = 0;

    for (size_t max = 0; max < 4096; max += 16) {
        struct kx_world *w = kx_world_new(KX_ADDITIVE);
        struct assay_arena arena = ASSAY_ARENA_INIT(max);
        struct assay_err err = {0};
        struct x402_terms envelope;
        struct kx_terms terms;
        enum kx_terms_fault fault;

        kx_world_set(kx_world_extra(w), "templateId", KX_TEMPLATE_ADDITIVE "");
        w->offer_doc = kx_world_doc(w, kx_world_terms(w));
        cr_assert_eq(x402_terms_read(&envelope, &w->arena, &w->offer_doc, 0, &err),
                     X402_FAULT_NONE);
        fault = kx_terms_read(&terms, &arena, &w->offer_doc, &envelope, &err);
        cr_expect_eq(fault != KX_TERMS_OK, err.code == ASSAY_E_NOMEM, "%zu: %s", max, err.text);
        failed += fault != KX_TERMS_OK;
        assay_arena_fini(&arena);
        kx_world_free(w);
    }
    cr_expect_geq(failed, 3);
    cr_expect_lt(failed, 200);
}

static struct assay_bytes replaced(struct assay_arena *arena, const char *text, const char *old,
                                   const char *new)
{
    const char *at = strstr(text, old);
    char *made =
        assay_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));

    cr_assert_not_null(made);
    return assay_str(made);
}

/* Texts with escapes are unescaped in the arena. */
Test(kx_terms, with_escapes_are_the_same_terms)
{
    struct kx_world *w = kx_world_new(KX_ADDITIVE);
    char *text = json_dumps(kx_world_terms(w), JSON_COMPACT);
    struct assay_bytes escaped =
        replaced(&w->arena, text, "\"headId\":\"90", "\"h\\u0065adId\":\"\\u00390");
    struct assay_err err = {0};
    struct assay_json doc;
    struct x402_terms envelope;
    struct kx_terms terms;

    for (size_t max = 0; max < 3; max++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(max == 0 ? 0 : 1 << 20);
        enum kx_terms_fault fault;

        cr_assert_eq(x402_document_parse(&doc, &w->arena, escaped, false, &err), ASSAY_OK);
        cr_assert_eq(x402_terms_read(&envelope, &w->arena, &doc, 0, &err), X402_FAULT_NONE);
        memset(&err, 0, sizeof(err));
        fault = kx_terms_read(&terms, &arena, &doc, &envelope, &err);
        cr_expect_eq(fault == KX_TERMS_OK, max > 0, "%s", err.text);
        if (fault == KX_TERMS_OK)
            cr_expect_eq(terms.head.id[0], 0x90);
        memset(&err, 0, sizeof(err));
        assay_arena_fini(&arena);
    }
    free(text);
    kx_world_free(w);
}
