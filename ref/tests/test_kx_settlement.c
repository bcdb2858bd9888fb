/* Settlement responses: what a server writes is what the published vectors have and the check
 * takes; what breaks the schema is refused. */
#include "ref/tests/kx_world.h"
#include "ref/tests/upstream.h"

#include "base/base64.h"
#include "base/hex.h"
#include "kaspa_x402/settlement.h"

#include <stdlib.h>

#define H64 "5555555555555555555555555555555555555555555555555555555555555555"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static enum kx_local check(const char *text, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct x402_settlement settlement;
    struct assay_json doc = {.token_count = 0};
    enum kx_local local;

    cr_assert_eq(x402_document_parse(&doc, &arena, assay_str(text), true, err), ASSAY_OK, "%s",
                 text);
    local = kx_settlement_check(&settlement, &arena, &doc, err);
    assay_arena_fini(&arena);
    return local;
}

/* ---- written ---- */

/* The terms that a published response settled, by its own payment. */
static struct kx_terms *terms_of(struct kx_world *w, const json_t *vector)
{
    struct kx_terms *terms = assay_arena_alloc(&w->arena, sizeof(*terms));
    struct assay_json *doc = assay_arena_alloc(&w->arena, sizeof(*doc));
    struct x402_terms offer;
    struct assay_err err = {0};

    cr_assert(terms != NULL && doc != NULL);
    *doc = kx_world_doc(w, json_object_get(json_object_get(vector, "paymentPayload"), "accepted"));
    cr_assert_eq(x402_terms_read(&offer, &w->arena, doc, 0, &err), X402_FAULT_NONE);
    /* the hash-chain vector's address is stale (24.21), which its receipt does not show */
    if (kx_terms_read(terms, &w->arena, doc, &offer, &err) != KX_TERMS_OK)
        cr_assert_eq(terms->profile, KX_HASH_CHAIN, "%s", err.text);
    return terms;
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void expect_published(const char *file, enum kx_profile profile)
{
    json_t *vector = upstream_load(file);
    const json_t *response = json_object_get(vector, "settlementResponse");
    const json_t *kaspa = json_object_get(json_object_get(response, "extensions"), "kaspa");
    struct kx_world *w = kx_world_new(profile);
    struct kx_settled settled = {.terms = terms_of(w, vector),
                                 .transaction_id = text_of(response, "transaction"),
                                 .fingerprint = text_of(kaspa, "requestHash"),
                                 .finality = KX_FINALITY_ACCEPTED,
                                 .payer = w->payer.xonly};
    struct assay_buf written = ASSAY_BUF_INIT(8192), header = ASSAY_BUF_INIT(8192);

    kx_settlement_write(&written, &settled);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_buf_view(&written));
    cr_expect_str_eq(assay_buf_cstr(&header),
                     text_of(json_object_get(vector, "headers"), "paymentResponse"), "%s: %s", file,
                     assay_buf_cstr(&written));
    assay_buf_fini(&written);
    assay_buf_fini(&header);
    kx_world_free(w);
    json_decref(vector);
}

Test(kx_settlement, of_the_additive_vector_is_written_as_published)
{
    expect_published("kaspa-x402/vectors/x402-http/exact-transaction.json", KX_ADDITIVE);
}

Test(kx_settlement, of_the_hash_chain_vector_is_written_as_published)
{
    expect_published("kaspa-x402/vectors/x402-http/hash-chain-exact.json", KX_HASH_CHAIN);
}

Test(kx_settlement, of_a_standard_native_payment_is_canonical_and_taken)
{
    static const char want[] =
        "{\"amount\":\"20000000\",\"extensions\":{\"kaspa\":{\"exactProfile\":\"standard-native\","
        "\"finality\":\"confirmed\",\"paymentOutputIndex\":1,\"requestHash\":\"" H64
        "\",\"transactionEncoding\":\"kaspa-sdk-safe-json-v2.0.0\"}},\"network\":"
        "\"kaspa:testnet-10\",\"success\":true,\"transaction\":\"" H64 "\"}";
    struct kx_terms terms = {.network_text = ASSAY_LIT("kaspa:testnet-10"),
                             .amount_text = ASSAY_LIT("20000000")};
    struct kx_settled settled = {.terms = &terms,
                                 .transaction_id = H64,
                                 .fingerprint = H64,
                                 .output_index = 1,
                                 .finality = KX_FINALITY_CONFIRMED};
    struct assay_buf written = ASSAY_BUF_INIT(4096);
    struct assay_err err = {0};

    kx_settlement_write(&written, &settled);
    cr_expect_str_eq(assay_buf_cstr(&written), want);
    cr_expect_eq(check(want, &err), KX_LOCAL_NONE, "%s", err.text);
    assay_buf_fini(&written);
}

Test(kx_settlement, of_a_failure_names_a_wire_reason_and_is_taken)
{
    static const struct {
        struct assay_bytes network;
        const char *want;
    } rows[] = {
        {{(const uint8_t *)"", 0},
         "{\"errorReason\":\"invalid_transaction_state\",\"success\":false,\"transaction\":\"\"}"},
        {{(const uint8_t *)"kaspa:mainnet", 13},
         "{\"errorReason\":\"invalid_transaction_state\",\"network\":\"kaspa:mainnet\","
         "\"success\":false,\"transaction\":\"\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf written = ASSAY_BUF_INIT(4096);
        struct assay_err err = {0};

        kx_settlement_write_failure(&written, KX_WIRE_STATE, rows[i].network);
        cr_expect_str_eq(assay_buf_cstr(&written), rows[i].want);
        cr_expect_eq(check(rows[i].want, &err), KX_LOCAL_NONE, "%s", err.text);
        assay_buf_fini(&written);
    }
}

/* Whatever of it there is room for: nothing half written counts as written. */
Test(kx_settlement, without_room_fails_its_buffer)
{
    struct kx_terms terms = {.network_text = ASSAY_LIT("kaspa:testnet-10"),
                             .amount_text = ASSAY_LIT("20000000")};
    struct kx_settled settled = {.terms = &terms, .transaction_id = H64, .fingerprint = H64};

    for (size_t room = 0; room < 300; room += 37) {
        struct assay_buf written = ASSAY_BUF_INIT(room);

        kx_settlement_write(&written, &settled);
        cr_expect_not(assay_buf_ok(&written), "%zu", room);
        assay_buf_fini(&written);
    }
}

/* ---- checked ---- */

#define OK KX_LOCAL_NONE
#define TX KX_LOCAL_TRANSACTION
#define BAD KX_LOCAL_SETTLEMENT

/* Each is the response below with one member set, or taken away where value is NULL. */
static const struct {
    const char *name, *path, *value;
    enum kx_local local;
} rows[] = {
    {"no transaction", "transaction", NULL, BAD},
    {"a transaction that is no text", "transaction", "7", TX},
    {"a success without a transaction", "transaction", "\"\"", TX},
    {"a transaction of 63 digits", "transaction", "\"5\"", TX},
    {"a transaction in capitals", "transaction",
     "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", OK},
    {"no success", "success", NULL, BAD},
    {"success in quotes", "success", "\"true\"", BAD},
    {"a success without a network", "network", NULL, BAD},
    {"another network", "network", "\"kaspa:testnet-11\"", BAD},
    {"mainnet", "network", "\"kaspa:mainnet\"", OK},
    {"a success without an amount", "amount", NULL, BAD},
    {"an amount with a zero in front", "amount", "\"01\"", BAD},
    {"an amount that is a number", "amount", "1", BAD},
    {"the largest amount", "amount", "\"18446744073709551615\"", OK},
    {"an amount above 64 bits", "amount", "\"18446744073709551616\"", BAD},
    {"a payer that is no text", "payer", "{}", BAD},
    {"no payer", "payer", NULL, OK},
    {"extra beside extensions", "extra", "{}", BAD},
    {"an unknown member", "note", "{}", OK},
    {"no extensions", "extensions", NULL, OK},
    {"extensions of another kind", "extensions", "[]", BAD},
    {"an extension that is no object", "extensions.kaspa", "[]", BAD},
    {"another extension", "extensions.other", "5", OK},
    {"the members of the specification's text", "extensions.kaspa.previousHeadOutpoint", "{}", OK},
    {"a binding, as in the specification's text", "extensions.kaspa.binding", "\"x\"", OK},
    {"an index above 32 bits", "extensions.kaspa.paymentOutputIndex", "4294967296", BAD},
    {"a finality that is none", "extensions.kaspa.finality", "\"final\"", BAD},
    {"a finality of the mempool", "extensions.kaspa.finality", "\"mempool\"", OK},
    {"a profile that is none", "extensions.kaspa.exactProfile", "\"standard\"", BAD},
    {"a template that is none", "extensions.kaspa.templateId", "\"x\"", BAD},
    {"a request hash of no hex", "extensions.kaspa.requestHash", "\"x\"", BAD},
    {"another encoding", "extensions.kaspa.transactionEncoding", "\"x\"", BAD},
    {"a head's version that is a number", "extensions.kaspa.headVersion", "0", BAD},
    {"a head's outpoint", "extensions.kaspa.headOutpoint", "{\"txid\":\"" H64 "\",\"index\":0}",
     OK},
    {"an outpoint with a third member", "extensions.kaspa.headOutpoint",
     "{\"txid\":\"" H64 "\",\"index\":0,\"x\":0}", BAD},
    {"an outpoint without an index", "extensions.kaspa.headOutpoint", "{\"txid\":\"" H64 "\"}",
     BAD},
    {"an outpoint that is a text", "extensions.kaspa.headOutpoint", "\"" H64 "\"", BAD},
    {"a covenant", "extensions.kaspa.covenantId", "\"" H64 "\"", OK},
    {"a covenant of zeros", "extensions.kaspa.covenantId", "\"" ZEROS "\"", BAD},
    {"a funding amount alone", "extensions.kaspa.fundingAmount", "\"1\"", BAD},
    {"a commitment alone", "extensions.kaspa.commitmentId", "\"" H64 "\"", BAD},
    {"a charge", "extensions.kaspa.chargedAmount", "\"9223372036854775807\"", OK},
    {"a funding amount above 63 bits", "extensions.kaspa.fundingAmount", "\"9223372036854775808\"",
     BAD},
    {"a charge above 63 bits", "extensions.kaspa.chargedAmount", "\"9223372036854775808\"", BAD},
    {"a channel's state that is no object", "extensions.kaspa.channelState", "[]", BAD},
    {"a refund address that is no text", "extensions.kaspa.refundAddress", "1", BAD},
};

static json_t *response(void)
{
    json_t *made =
        json_pack("{s:b, s:s, s:s, s:s, s:s, s:{s:{s:i, s:s}}}", "success", 1, "transaction", H64,
                  "network", "kaspa:testnet-10", "amount", "20000000", "payer", "whoever",
                  "extensions", "kaspa", "paymentOutputIndex", 0, "finality", "accepted");

    cr_assert_not_null(made);
    return made;
}

static enum kx_local check_json(const json_t *value, struct assay_err *err)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    enum kx_local local = check(text, err);

    free(text);
    return local;
}

Test(kx_settlement, is_judged_member_by_member)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *made = response();
        struct assay_err err = {0};

        cr_assert_eq(check_json(made, &err), KX_LOCAL_NONE, "%s", err.text);
        kx_world_edit(made, rows[i].path, rows[i].value);
        cr_expect_eq(check_json(made, &err), rows[i].local, "row: %s: %s", rows[i].name, err.text);
        cr_expect_eq(err.text[0] != '\0', rows[i].local != KX_LOCAL_NONE, "row: %s", rows[i].name);
        json_decref(made);
    }
}

#define FAILED_OF_COVENANT                                                                         \
    "{\"success\":false,\"transaction\":\"\",\"errorReason\":\"x\",\"extensions\":{\"kaspa\":{"    \
    "\"covenantId\":\"" H64 "\"}}"

Test(kx_settlement, that_failed_names_its_reason_and_no_transaction_or_one)
{
    static const struct {
        const char *text;
        enum kx_local local;
    } failures[] = {
        {"{\"success\":false,\"transaction\":\"\",\"errorReason\":\"x\"}", OK},
        {"{\"success\":false,\"transaction\":\"" H64 "\",\"errorReason\":\"x\"}", OK},
        {"{\"success\":false,\"transaction\":\"5\",\"errorReason\":\"x\"}", TX},
        {"{\"success\":false,\"transaction\":\"\"}", BAD},
        {"{\"success\":false,\"transaction\":\"\",\"errorReason\":\"x\",\"network\":\"x\"}", BAD},
        {"{\"success\":false,\"transaction\":\"\",\"errorReason\":\"x\",\"amount\":\"-1\"}", BAD},
        {FAILED_OF_COVENANT "}", OK},
        {FAILED_OF_COVENANT ",\"network\":\"kaspa:testnet-10\",\"amount\":\"9223372036854775807\"}",
         OK},
        {FAILED_OF_COVENANT ",\"network\":\"kaspa:mainnet\"}", BAD},
        {FAILED_OF_COVENANT ",\"amount\":\"9223372036854775808\"}", BAD},
        {"[]", BAD},
        {"7", BAD},
    };

    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct assay_err err = {0};

        cr_expect_eq(check(failures[i].text, &err), failures[i].local, "%s: %s", failures[i].text,
                     err.text);
    }
}

/* Section 3.5 and 24.18: what belongs to channels and covenants is of testnet-10 alone. */
Test(kx_settlement, with_members_of_a_channel_is_of_testnet_and_of_63_bits)
{
    static const struct {
        const char *member, *value;
    } members[] = {
        {"chargedAmount", "\"1\""},
        {"channelId", "\"" H64 "\""},
        {"covenantId", "\"" H64 "\""},
        {"channelState", "{}"},
        {"claimOutpoint", "{\"txid\":\"" H64 "\",\"index\":0}"},
        {"continuationOutpoint", "{\"txid\":\"" H64 "\",\"index\":0}"},
        {"refundAddress", "\"x\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *made = response();
        struct assay_err err = {0};
        char path[64];

        (void)snprintf(path, sizeof(path), "extensions.kaspa.%s", members[i].member);
        kx_world_edit(made, path, members[i].value);
        cr_expect_eq(check_json(made, &err), OK, "%s: %s", path, err.text);
        kx_world_edit(made, "network", "\"kaspa:mainnet\"");
        cr_expect_eq(check_json(made, &err), BAD, "%s", path);
        kx_world_edit(made, "network", "\"kaspa:testnet-10\"");
        kx_world_edit(made, "amount", "\"9223372036854775808\"");
        cr_expect_eq(check_json(made, &err), BAD, "%s", path);
        json_decref(made);
    }
}

Test(kx_settlement, has_all_of_its_commitment_where_it_has_one)
{
    json_t *made = response();
    struct assay_err err = {0};

    kx_world_edit(made, "extensions.kaspa.commitmentId", "\"" H64 "\"");
    kx_world_edit(made, "extensions.kaspa.chargedAmount", "\"1\"");
    cr_expect_eq(check_json(made, &err), BAD);
    kx_world_edit(made, "extensions.kaspa.channelState", "{}");
    cr_expect_eq(check_json(made, &err), OK, "%s", err.text);
    kx_world_edit(made, "extensions.kaspa.fundingAmount", "\"1\"");
    cr_expect_eq(check_json(made, &err), OK, "%s", err.text);
    json_decref(made);
}

/* ---- the published ones ---- */

/* Those of a scheme that was removed break what was decided since. */
static const struct {
    const char *file, *member;
    enum kx_local local;
} published[] = {
    {"x402-http/exact-transaction", "settlementResponse", OK},
    {"x402-http/hash-chain-exact", "settlementResponse", OK},
    {"settlement-response/claim-success", "response", OK},
    {"settlement-response/corrective-402", "response", OK},
    {"settlement-response/deposit-voucher-success", "response", OK},
    {"settlement-response/failure", "response", OK},
    {"settlement-response/refund-success", "response", OK},
    {"settlement-response/upto-pending", "response", OK},
    {"settlement-response/upto-zero-charge-success", "response", TX},
    {"settlement-response/voucher-only-success", "response", OK},
    {"negative/settlement-success-missing-amount", "value", BAD},
};

Test(kx_settlement, of_every_published_vector_is_taken_or_refused_as_it_says)
{
    for (size_t i = 0; i < ARRAY_LEN(published); i++) {
        struct assay_err err = {0};
        char path[128];
        json_t *vector, *value;

        (void)snprintf(path, sizeof(path), "kaspa-x402/vectors/%s.json", published[i].file);
        vector = upstream_load(path);
        value = json_object_get(vector, published[i].member);
        cr_assert_not_null(value, "%s", path);
        cr_expect_eq(check_json(value, &err), published[i].local, "%s: %s", path, err.text);
        json_decref(vector);
    }
}

Test(kx_settlement, without_its_amount_is_taken_with_the_amount_repaired)
{
    json_t *vector =
        upstream_load("kaspa-x402/vectors/negative/settlement-success-missing-amount.json");
    json_t *value = json_object_get(vector, "value");
    struct assay_err err = {0};

    cr_expect_str_eq(kx_local_text(check_json(value, &err)), text_of(vector, "expectedError"));
    kx_world_edit(value, "amount", "\"1000000\"");
    cr_expect_eq(check_json(value, &err), KX_LOCAL_NONE, "%s", err.text);
    json_decref(vector);
}
