/* Batch payments as they are sent: what is read of them, every shape that is refused, and what
 * makes two the same. */
#include "ref/tests/kx_batch_world.h"
#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"

#include "base/hash.h"
#include "base/hex.h"

#define OK KX_LOCAL_NONE
#define PAYLOAD KX_LOCAL_PAYLOAD
#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define MAX "9223372036854775807"
#define P "payload."

struct row {
    const char *name, *member, *value; /* of the whole payment; value NULL: taken away */
    enum kx_local local;
};

static void expect_rows(const json_t *payment, struct assay_arena *arena, const struct row *rows,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *edited = json_deep_copy(payment);
        struct kx_batch_payment untouched, read;
        struct assay_err err = {0};
        enum kx_local local;

        if (rows[i].member != NULL)
            kx_world_edit(edited, rows[i].member, rows[i].value);
        memset(&untouched, 0x5a, sizeof(untouched));
        memset(&read, 0x5a, sizeof(read));
        local = kx_batch_world_parse(&read, arena, edited, &err);
        cr_expect_eq(local, rows[i].local, "row: %s: %s: %s", rows[i].name, kx_local_text(local),
                     err.text);
        cr_expect_eq(err.text[0] != '\0', local != OK, "row: %s", rows[i].name);
        if (local != OK)
            cr_expect_arr_eq(&read, &untouched, sizeof(read), "row: %s", rows[i].name);
        json_decref(edited);
    }
}

static void expect_story(enum kx_batch_story story, const struct row *rows, size_t count)
{
    struct kx_batch_world *w = kx_batch_world_paid(story);

    expect_rows(w->payment, &w->lane.arena, rows, count);
    kx_batch_world_free(w);
}

static const struct row voucher_rows[] = {
    {"as it is", NULL, NULL, OK},
    {"version 1", "x402Version", "1", KX_LOCAL_VERSION},
    {"no payload", "payload", NULL, PAYLOAD},
    {"identifier too short", "extensions.payment-identifier.info.id", "\"fifteen_chars__\"",
     KX_LOCAL_IDENTIFIER},
    {"no extensions", "extensions", NULL, OK},
    {"exact", "accepted.scheme", "\"exact\"", KX_LOCAL_SCHEME},
    {"binding unknown", "accepted.extra.binding", "\"kaspa-escrow-v9\"", KX_LOCAL_BINDING},
    {"no type", P "type", NULL, KX_LOCAL_PAYLOAD_TYPE},
    {"a type of exact", P "type", "\"exact-transaction\"", KX_LOCAL_PAYLOAD_TYPE},
    {"more in the payload", P "note", "[1]", OK},
    {"no outpoint", P "fundingOutpoint", NULL, KX_LOCAL_OUTPOINT},
    {"outpoint a text", P "fundingOutpoint", "\"x\"", KX_LOCAL_OUTPOINT},
    {"outpoint with more", P "fundingOutpoint.value", "1", KX_LOCAL_OUTPOINT},
    {"index of 32 bits", P "fundingOutpoint.index", "4294967295", OK},
    {"index too large", P "fundingOutpoint.index", "4294967296", KX_LOCAL_OUTPOINT},
    {"index a text", P "fundingOutpoint.index", "\"0\"", KX_LOCAL_OUTPOINT},
    {"txid too short", P "fundingOutpoint.txid", "\"11\"", KX_LOCAL_OUTPOINT},
    {"txid in capitals (B110)", P "fundingOutpoint.txid", "\"" H64 "\"", OK},
    {"no channel", P "channelId", NULL, PAYLOAD},
    {"channel too short", P "channelId", "\"ab\"", PAYLOAD},
    {"no client", P "clientPublicKey", NULL, PAYLOAD},
    {"no script", P "activeScriptPublicKey", NULL, PAYLOAD},
    {"script of version 1", P "activeScriptPublicKey", "\"0001aa\"", PAYLOAD},
    {"script empty", P "activeScriptPublicKey", "\"0000\"", PAYLOAD},
    {"a label", P "payerAddress", "\"me\"", OK},
    {"a label that is none", P "payerAddress", "1", PAYLOAD},
    {"a deposit's member of its form", P "fundingAmountSompi", "\"1\"", OK},
    {"a deposit's member of no form", P "fundingAmountSompi", "1", PAYLOAD},
    {"no voucher", P "voucher", NULL, PAYLOAD},
    {"voucher an array", P "voucher", "[]", PAYLOAD},
    {"voucher with more", P "voucher.network", "\"x\"", PAYLOAD},
    {"voucher of the second binding (B08)", P "voucher.amount", "\"25000000\"", PAYLOAD},
    {"voucher without T", P "voucher.authorizedCumulativeAmount", NULL, PAYLOAD},
    {"T a number", P "voucher.authorizedCumulativeAmount", "25000000", PAYLOAD},
    {"T with a zero", P "voucher.authorizedCumulativeAmount", "\"025000000\"", PAYLOAD},
    {"T of 0", P "voucher.authorizedCumulativeAmount", "\"0\"", PAYLOAD},
    {"T of 63 bits (B12)", P "voucher.authorizedCumulativeAmount", "\"" MAX "\"", OK},
    {"T above it (B12)", P "voucher.authorizedCumulativeAmount", "\"9223372036854775808\"",
     PAYLOAD},
    {"covenant of zeros (B06)", P "voucher.covenantId", "\"" Z64 "\"", PAYLOAD},
    {"covenant in capitals (B110)", P "voucher.covenantId", "\"" H64 "\"", OK},
    {"signature with its type", P "voucher.signature", "\"" H64 H64 "01\"", PAYLOAD},
    {"no presentation", P "presentation", NULL, PAYLOAD},
    {"presentation null", P "presentation", "null", PAYLOAD},
    {"presentation with more", P "presentation.scope", "\"x\"", PAYLOAD},
    {"presentation of another version", P "presentation.version",
     "\"kaspa-x402-batch-presentation-v2\"", PAYLOAD},
    {"no fingerprint", P "presentation.requestFingerprint", NULL, PAYLOAD},
    {"no requirements", P "presentation.acceptedRequirementsHash", NULL, PAYLOAD},
    {"no context", P "presentation.securityContextHash", NULL, PAYLOAD},
    {"no voucher digest", P "presentation.voucherDigest", NULL, PAYLOAD},
    {"no nonce", P "presentation.nonce", NULL, PAYLOAD},
    {"no digest", P "presentation.digest", NULL, PAYLOAD},
    {"no signature", P "presentation.signature", NULL, PAYLOAD},
    {"presentation of the zero covenant (B06)", P "presentation.covenantId", "\"" Z64 "\"",
     PAYLOAD},
    {"identifier null", P "presentation.paymentIdentifier", "null", OK},
    {"identifier missing", P "presentation.paymentIdentifier", NULL, PAYLOAD},
    {"identifier empty", P "presentation.paymentIdentifier", "\"\"", PAYLOAD},
    {"identifier a number", P "presentation.paymentIdentifier", "7", PAYLOAD},
    {"identifier with an escape", P "presentation.paymentIdentifier", "\"a\\nb\"", OK},
    {"expiry without places", P "presentation.expiresAt", "\"2026-09-09T02:00:30Z\"", OK},
    {"expiry with an offset (B22)", P "presentation.expiresAt", "\"2026-09-09T02:00:30+00:00\"",
     PAYLOAD},
    {"expiry without Z (B22)", P "presentation.expiresAt", "\"2026-09-09T02:00:30.000\"", PAYLOAD},
    {"expiry in microseconds (B22)", P "presentation.expiresAt", "\"2026-09-09T02:00:30.000000Z\"",
     PAYLOAD},
    {"expiry a number", P "presentation.expiresAt", "1788919230", PAYLOAD},
    {"expiry at no date (B22)", P "presentation.expiresAt", "\"2026-02-30T02:00:30Z\"", OK},
};

Test(kx_batch_payment, of_a_voucher)
{
    expect_story(KX_STORY_VOUCHER, voucher_rows, ARRAY_LEN(voucher_rows));
}

static const struct row deposit_rows[] = {
    {"as it is", NULL, NULL, OK},
    {"no configuration", P "channelConfig", NULL, PAYLOAD},
    {"configuration with more", P "channelConfig.note", "1", PAYLOAD},
    {"configuration without its asset", P "channelConfig.asset", NULL, PAYLOAD},
    {"another asset", P "channelConfig.asset", "\"kas\"", PAYLOAD},
    {"no salt", P "channelConfig.salt", NULL, PAYLOAD},
    {"no template", P "channelConfig.templateId", NULL, PAYLOAD},
    {"timeout largest", P "channelConfig.refundTimeoutDaa", "\"499999999999\"", OK},
    {"timeout a time (B86)", P "channelConfig.refundTimeoutDaa", "\"500000000000\"", PAYLOAD},
    {"timeout a number", P "channelConfig.refundTimeoutDaa", "123456789", PAYLOAD},
    {"client in capitals", P "channelConfig.clientPublicKey", "\"" H64 "\"", OK},
    {"no address", P "escrowAddress", NULL, PAYLOAD},
    {"no amount", P "fundingAmountSompi", NULL, PAYLOAD},
    {"amount of 63 bits", P "fundingAmountSompi", "\"" MAX "\"", OK},
    {"amount above it", P "fundingAmountSompi", "\"9223372036854775808\"", PAYLOAD},
    {"funding transaction", P "fundingTransaction", "\"AB\"", OK},
    {"funding transaction empty", P "fundingTransaction", "\"\"", PAYLOAD},
    {"funding transaction of odd hex", P "fundingTransaction", "\"abc\"", PAYLOAD},
    {"no client key is needed", P "clientPublicKey", "\"" H64 "\"", OK},
};

Test(kx_batch_payment, of_a_deposit)
{
    expect_story(KX_STORY_OPEN, deposit_rows, ARRAY_LEN(deposit_rows));
}

/* ---- operations ---- */

static const struct row claim_rows[] = {
    {"as it is", NULL, NULL, OK},
    {"no voucher", P "voucher", NULL, PAYLOAD},
    {"no amount", P "claimAmount", NULL, PAYLOAD},
    {"amount above 63 bits", P "claimAmount", "\"9223372036854775808\"", PAYLOAD},
    {"amount a number", P "claimAmount", "8000000", PAYLOAD},
    {"no outpoint", P "fundingOutpoint", NULL, KX_LOCAL_OUTPOINT},
};
static const struct row refund_rows[] = {
    {"as it is", NULL, NULL, OK},
    {"no covenant", P "covenantId", NULL, PAYLOAD},
    {"covenant of zeros", P "covenantId", "\"" Z64 "\"", PAYLOAD},
    {"no address", P "refundAddress", NULL, PAYLOAD},
    {"no amount", P "refundAmount", NULL, PAYLOAD},
    {"signature without its type", P "clientSignature", "\"" H64 H64 "\"", PAYLOAD},
    {"no signature", P "clientSignature", NULL, PAYLOAD},
};

Test(kx_batch_payment, of_a_claim_and_of_a_refund)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_VOUCHER);

    expect_rows(kx_batch_world_operation(w, "claim"), &w->lane.arena, claim_rows,
                ARRAY_LEN(claim_rows));
    expect_rows(kx_batch_world_operation(w, "refund"), &w->lane.arena, refund_rows,
                ARRAY_LEN(refund_rows));
    kx_batch_world_free(w);
}

/* ---- older bindings ---- */

static const struct row first_rows[] = {
    {"as it is", NULL, NULL, OK},
    {"total of 64 bits", P "voucher.amount", "\"18446744073709551615\"", OK},
    {"with a covenant", P "voucher.covenantId", "\"" H64 "\"", PAYLOAD},
    {"a total of the third", P "voucher.authorizedCumulativeAmount", "\"1\"", PAYLOAD},
};
static const struct row second_rows[] = {
    {"as it is", P "voucher.covenantId", "\"" H64 "\"", OK},
    {"without a covenant", NULL, NULL, PAYLOAD},
    {"total above 63 bits", P "voucher.amount", "\"9223372036854775808\"", PAYLOAD},
};

Test(kx_batch_payment, of_an_older_binding_has_its_voucher_and_no_presentation)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_VOUCHER);

    kx_world_edit(w->payment, P "presentation", NULL);
    kx_world_edit(w->payment, P "voucher.covenantId", NULL);
    kx_world_edit(w->payment, P "voucher.authorizedCumulativeAmount", NULL);
    kx_world_edit(w->payment, P "voucher.amount", "\"1\"");
    kx_world_edit(w->payment, "accepted.extra.binding", "\"kaspa-escrow-v1\"");
    expect_rows(w->payment, &w->lane.arena, first_rows, ARRAY_LEN(first_rows));
    kx_world_edit(w->payment, "accepted.extra.binding", "\"kaspa-escrow-v2\"");
    expect_rows(w->payment, &w->lane.arena, second_rows, ARRAY_LEN(second_rows));
    kx_batch_world_free(w);
}

/* ---- the official negatives ---- */

Test(kx_batch_payment, of_the_official_negatives_is_no_outpoint)
{
    static const char *const files[] = {"outpoint-index-overflow", "txid-wrong-length"};
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_VOUCHER);

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct kx_batch_payment read;
        struct assay_err err = {0};
        char path[96];
        json_t *vector;

        (void)snprintf(path, sizeof(path), "kaspa-x402/vectors/negative/%s.json", files[i]);
        vector = upstream_load(path);
        (void)json_object_set(w->payment, "payload", json_object_get(vector, "value"));
        cr_expect_str_eq(
            kx_local_text(kx_batch_world_parse(&read, &w->lane.arena, w->payment, &err)),
            json_string_value(json_object_get(vector, "expectedError")), "%s: %s", files[i],
            err.text);
        json_decref(vector);
    }
    kx_batch_world_free(w);
}

/* Its vouchers are of the second binding (B08), which an exact offer has none of. */
Test(kx_batch_payment, of_the_official_mismatch_is_of_another_scheme)
{
    json_t *vector = upstream_load("kaspa-x402/vectors/negative/scheme-payload-mismatch.json");
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_batch_payment read;
    struct assay_err err = {0};

    cr_expect_eq(kx_batch_world_parse(&read, &arena, json_object_get(vector, "value"), &err),
                 KX_LOCAL_SCHEME);
    assay_arena_fini(&arena);
    json_decref(vector);
}

/* ---- memory ---- */

Test(kx_batch_payment, that_finds_no_memory_says_so)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_OPEN);
    struct assay_json doc;
    bool was_read = false;

    kx_world_edit(w->payment, P "fundingTransaction", "\"ab00\"");
    kx_world_edit(w->payment, P "presentation.paymentIdentifier", "\"a\\nb\"");
    doc = doc_of_value(&w->lane.arena, w->payment);
    for (size_t room = 0; room <= 4096 && !was_read; room += 16) {
        struct assay_arena arena = ASSAY_ARENA_INIT(room);
        struct kx_batch_payment read;
        struct assay_err err = {0};
        enum kx_local local = kx_batch_payment_read(&read, &arena, &doc, &err);

        was_read = local == OK;
        cr_expect(was_read || err.code == ASSAY_E_NOMEM, "%zu: %s: %s", room, kx_local_text(local),
                  err.text);
        assay_arena_fini(&arena);
    }
    cr_expect(was_read);
    kx_batch_world_free(w);
}
