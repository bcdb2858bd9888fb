/* Exact payments as they are sent: what is read of them, and every shape that is refused. */
#include "ref/tests/kx_world.h"

#include <stdlib.h>

struct row {
    const char *name, *member, *value; /* as of the whole payment; NULL: taken away */
    enum kx_local local;
};

static struct kx_world *paid_world(enum kx_profile profile)
{
    static const struct kx_change none = {.offer = NULL};
    struct kx_world *w = kx_world_new(profile);

    kx_world_run(w, &none);
    cr_assert_eq(w->verdict.outcome, KASPA_VALID);
    return w;
}

static void expect_rows(enum kx_profile profile, const struct row *rows, size_t count)
{
    struct kx_world *w = paid_world(profile);

    for (size_t i = 0; i < count; i++) {
        json_t *payment = json_deep_copy(w->payment);
        struct kx_payment untouched, read;
        struct assay_err err = {0};
        struct assay_json doc;
        enum kx_local local;

        kx_world_edit(payment, rows[i].member, rows[i].value);
        doc = kx_world_doc(w, payment);
        memset(&untouched, 0x5a, sizeof(untouched));
        read = untouched;
        local = kx_payment_read(&read, &w->arena, &doc, &err);
        cr_expect_eq(local, rows[i].local, "row: %s: %s: %s", rows[i].name, kx_local_text(local),
                     err.text);
        cr_expect_eq(err.text[0] != '\0', local != KX_LOCAL_NONE, "row: %s", rows[i].name);
        if (local != KX_LOCAL_NONE)
            cr_expect_arr_eq(&read, &untouched, sizeof(read), "row: %s", rows[i].name);
        json_decref(payment);
    }
    kx_world_free(w);
}

#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"

static const struct row standard_rows[] = {
    {"more members", "note", "1", KX_LOCAL_NONE},
    {"version 1", "x402Version", "1", KX_LOCAL_VERSION},
    {"version 3", "x402Version", "3", KX_LOCAL_VERSION},
    {"version a text", "x402Version", "\"2\"", KX_LOCAL_VERSION},
    {"version with places", "x402Version", "2.0", KX_LOCAL_NONE},
    {"no accepted", "accepted", NULL, KX_LOCAL_PAYLOAD},
    {"amount a number", "accepted.amount", "1", KX_LOCAL_PAYLOAD},
    {"no payload", "payload", NULL, KX_LOCAL_PAYLOAD},
    {"extensions an array", "extensions", "[]", KX_LOCAL_PAYLOAD},
    {"no extensions", "extensions", NULL, KX_LOCAL_NONE},
    {"identifier without info", "extensions.payment-identifier.info", NULL, KX_LOCAL_IDENTIFIER},
    {"identifier too short", "extensions.payment-identifier.info.id", "\"fifteen_chars__\"",
     KX_LOCAL_IDENTIFIER},
    {"identifier with a space", "extensions.payment-identifier.info.id", "\"sixteen chars____\"",
     KX_LOCAL_IDENTIFIER},
    {"no identifier", "extensions.payment-identifier.info.id", NULL, KX_LOCAL_NONE},
    {"scheme", "accepted.scheme", "\"batch-settlement\"", KX_LOCAL_SCHEME},
    {"no type", "payload.type", NULL, KX_LOCAL_PAYLOAD_TYPE},
    {"another type", "payload.type", "\"voucher\"", KX_LOCAL_PAYLOAD_TYPE},
    {"no profile", "payload.profile", NULL, KX_LOCAL_PAYLOAD},
    {"profile unknown", "payload.profile", "\"upto\"", KX_LOCAL_PAYLOAD},
    {"profile with a challenge and without one", "payload.profile", "\"additive\"",
     KX_LOCAL_PAYLOAD},
    {"no transaction", "payload.transaction", NULL, KX_LOCAL_PAYLOAD},
    {"transaction an object", "payload.transaction", "{}", KX_LOCAL_PAYLOAD},
    {"transaction empty", "payload.transaction", "\"\"", KX_LOCAL_PAYLOAD},
    {"transaction of any text", "payload.transaction", "\"x\"", KX_LOCAL_NONE},
    {"no encoding", "payload.transactionEncoding", NULL, KX_LOCAL_PAYLOAD},
    {"another encoding", "payload.transactionEncoding", "\"hex\"", KX_LOCAL_PAYLOAD},
    {"no output", "payload.paymentOutputIndex", NULL, KX_LOCAL_PAYLOAD},
    {"output a text", "payload.paymentOutputIndex", "\"0\"", KX_LOCAL_PAYLOAD},
    {"output of 32 bits", "payload.paymentOutputIndex", "4294967295", KX_LOCAL_NONE},
    {"output above 32 bits", "payload.paymentOutputIndex", "4294967296", KX_LOCAL_PAYLOAD},
    {"output negative", "payload.paymentOutputIndex", "-1", KX_LOCAL_PAYLOAD},
    {"output broken", "payload.paymentOutputIndex", "0.5", KX_LOCAL_PAYLOAD},
    {"no request hash", "payload.requestHash", NULL, KX_LOCAL_PAYLOAD},
    {"request hash short", "payload.requestHash", "\"99\"", KX_LOCAL_PAYLOAD},
    {"request hash in capitals", "payload.requestHash", "\"" H64 "\"", KX_LOCAL_NONE},
    {"a challenge", "payload.challengeId", "\"" H64 "\"", KX_LOCAL_PAYLOAD},
    {"a challenge of null", "payload.challengeId", "null", KX_LOCAL_PAYLOAD},
    {"a grant", "payload.grantId", "\"" H64 "\"", KX_LOCAL_NONE},
    {"a grant that is none", "payload.grantId", "\"9\"", KX_LOCAL_PAYLOAD},
    {"a transaction id", "payload.transactionId", "\"" H64 "\"", KX_LOCAL_PAYLOAD},
    {"a label", "payload.payerAddress", "\"anything\"", KX_LOCAL_NONE},
    {"a label that is no text", "payload.payerAddress", "1", KX_LOCAL_PAYLOAD},
    {"more in the payload", "payload.note", "{}", KX_LOCAL_NONE},
    {"no authorization", "payload.authorization", NULL, KX_LOCAL_PAYLOAD},
    {"authorization a text", "payload.authorization", "\"x\"", KX_LOCAL_PAYLOAD},
    {"more in the authorization", "payload.authorization.note", "1", KX_LOCAL_PAYLOAD},
    {"no authorization version", "payload.authorization.version", NULL, KX_LOCAL_PAYLOAD},
    {"authorization of version 1", "payload.authorization.version",
     "\"kaspa-x402-exact-request-authorization-v1\"", KX_LOCAL_PAYLOAD},
    {"no input", "payload.authorization.inputIndex", NULL, KX_LOCAL_PAYLOAD},
    {"input above 32 bits", "payload.authorization.inputIndex", "4294967296", KX_LOCAL_PAYLOAD},
    {"no expiry", "payload.authorization.expiresAt", NULL, KX_LOCAL_PAYLOAD},
    {"expiry with an offset", "payload.authorization.expiresAt", "\"2099-01-01T00:00:00+00:00\"",
     KX_LOCAL_PAYLOAD},
    {"expiry with two places", "payload.authorization.expiresAt", "\"2099-01-01T00:00:00.00Z\"",
     KX_LOCAL_PAYLOAD},
    {"expiry with a small z", "payload.authorization.expiresAt", "\"2099-01-01T00:00:00z\"",
     KX_LOCAL_PAYLOAD},
    {"expiry without places", "payload.authorization.expiresAt", "\"2099-01-01T00:00:00Z\"",
     KX_LOCAL_NONE},
    {"expiry of the pattern and no time", "payload.authorization.expiresAt",
     "\"2099-13-01T00:00:00Z\"", KX_LOCAL_NONE},
    {"no digest", "payload.authorization.digest", NULL, KX_LOCAL_PAYLOAD},
    {"digest long", "payload.authorization.digest", "\"" H64 "00\"", KX_LOCAL_PAYLOAD},
    {"no signature", "payload.authorization.signature", NULL, KX_LOCAL_PAYLOAD},
    {"signature of 65 bytes", "payload.authorization.signature", "\"" H64 H64 "00\"",
     KX_LOCAL_PAYLOAD},
    {"signature odd", "payload.authorization.signature", "\"" H64 H64 "0\"", KX_LOCAL_PAYLOAD},
    {"signature of zeros is one", "payload.authorization.signature", "\"" H64 H64 "\"",
     KX_LOCAL_NONE},
};

Test(kx_payment, of_standard_native)
{
    expect_rows(KX_STANDARD_NATIVE, standard_rows, ARRAY_LEN(standard_rows));
}

static const struct row additive_rows[] = {
    {"no challenge", "payload.challengeId", NULL, KX_LOCAL_PAYLOAD},
    {"challenge short", "payload.challengeId", "\"91\"", KX_LOCAL_PAYLOAD},
    {"output 1", "payload.paymentOutputIndex", "1", KX_LOCAL_NONE},
    {"profile without a challenge and with one", "payload.profile", "\"standard-native\"",
     KX_LOCAL_PAYLOAD},
    {"profile with a grant and without one", "payload.profile", "\"hash-chain-additive\"",
     KX_LOCAL_PAYLOAD},
};

Test(kx_payment, of_additive)
{
    expect_rows(KX_ADDITIVE, additive_rows, ARRAY_LEN(additive_rows));
}

static const struct row hash_chain_rows[] = {
    {"no grant", "payload.grantId", NULL, KX_LOCAL_PAYLOAD},
    {"no challenge", "payload.challengeId", NULL, KX_LOCAL_PAYLOAD},
    {"as additive", "payload.profile", "\"additive\"", KX_LOCAL_NONE},
};

Test(kx_payment, of_a_hash_chain)
{
    expect_rows(KX_HASH_CHAIN, hash_chain_rows, ARRAY_LEN(hash_chain_rows));
}

Test(kx_payment, is_all_there_once_read)
{
    struct kx_world *w = paid_world(KX_ADDITIVE);
    const struct kx_payment *p = &w->read;

    cr_expect_eq(p->profile, KX_ADDITIVE);
    cr_expect(assay_bytes_is(p->profile_text, "additive"));
    cr_expect_eq(p->output_index, 0);
    cr_expect(p->has_challenge);
    cr_expect_not(p->has_grant);
    cr_expect_eq(p->challenge_id[0], 0x91);
    cr_expect_eq(p->payer_address.len, 0);
    cr_expect_eq(p->identifier_state, X402_IDENTIFIER_PRESENT);
    cr_expect(assay_bytes_is(p->identifier.id, KX_WORLD_ID));
    cr_expect(assay_bytes_is(p->authorization.version, KX_AUTHORIZATION));
    cr_expect_eq(p->authorization.input_index, 1);
    cr_expect_eq(p->authorization.expires_at_ms, KX_WORLD_NOW_MS + 30000);
    cr_expect_eq(p->transaction.at[0], '{');
    kx_world_free(w);
}

Test(kx_payment, takes_a_transaction_up_to_the_artifacts_budget)
{
    struct kx_world *w = paid_world(KX_STANDARD_NATIVE);
    char *text = malloc(X402_ARTIFACT_MAX_BYTES + 1);
    struct kx_payment read;
    struct assay_json doc;

    memset(text, 'x', X402_ARTIFACT_MAX_BYTES);
    text[X402_ARTIFACT_MAX_BYTES] = '\0';
    kx_world_set(kx_world_payload(w), "transaction", text);
    doc = kx_world_doc(w, w->payment);
    cr_expect_eq(kx_payment_read(&read, &w->arena, &doc, NULL), KX_LOCAL_NONE);
    cr_expect_eq(read.transaction.len, X402_ARTIFACT_MAX_BYTES);
    free(text);
    kx_world_free(w);
}

/* A document need not have been read within the budgets. */
Test(kx_payment, refuses_a_transaction_above_the_artifacts_budget)
{
    struct kx_world *w = paid_world(KX_STANDARD_NATIVE);
    char *text = malloc(X402_ARTIFACT_MAX_BYTES + 2), *whole;
    struct assay_json_token tokens[200];
    struct assay_err err = {0};
    struct kx_payment read;
    struct assay_json doc;

    memset(text, 'x', X402_ARTIFACT_MAX_BYTES + 1);
    text[X402_ARTIFACT_MAX_BYTES + 1] = '\0';
    kx_world_set(kx_world_payload(w), "transaction", text);
    whole = json_dumps(w->payment, JSON_COMPACT);
    cr_assert_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(whole),
                                  ASSAY_JSON_STRICT, &err),
                 ASSAY_OK);
    cr_expect_eq(kx_payment_read(&read, &w->arena, &doc, &err), KX_LOCAL_PAYLOAD);
    cr_expect_eq(err.code, ASSAY_E_TOO_LARGE);
    free(text);
    free(whole);
    kx_world_free(w);
}

Test(kx_payment, that_finds_no_memory_says_so)
{
    struct kx_world *w = paid_world(KX_ADDITIVE);
    size_t failed = 0;

    kx_world_set(kx_world_payload(w), "payerAddress", "with \"escapes\"");
    w->payment_doc = kx_world_doc(w, w->payment);
    for (size_t max = 0; max < 8192; max += 64) {
        struct assay_arena arena = ASSAY_ARENA_INIT(max);
        struct assay_err err = {0};
        struct kx_payment read;
        enum kx_local local = kx_payment_read(&read, &arena, &w->payment_doc, &err);

        cr_expect_eq(local != KX_LOCAL_NONE, err.code == ASSAY_E_NOMEM, "%zu: %s", max, err.text);
        failed += local != KX_LOCAL_NONE;
        assay_arena_fini(&arena);
    }
    cr_expect_geq(failed, 2);
    kx_world_free(w);
}
