/* The terms of batch offers: every fault by the members that cause it; what is written is read. */
#include "ref/tests/kx_batch_world.h"
#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"

#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"
#define MAX "9223372036854775807"

/* One edit: a member of the offer, or deeper; a JSON value, or NULL to take it away. */
struct row {
    const char *name, *member, *value;
    enum kx_batch_terms_fault fault;
};

static enum kx_batch_terms_fault read_offer(struct kx_batch_offer *out, struct assay_arena *arena,
                                            const json_t *offer, struct assay_err *err)
{
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));
    struct x402_terms terms;

    cr_assert_not_null(doc);
    *doc = doc_of_value(arena, offer);
    cr_assert_eq(x402_terms_read(&terms, arena, doc, 0, err), X402_FAULT_NONE, "%s", err->text);
    return kx_batch_offer_read(out, arena, doc, &terms, err);
}

/* Of no member: as it is. */
static void edit(json_t *object, const char *member, const char *value)
{
    if (member != NULL)
        kx_world_edit(object, member, value);
}

#define OK KX_BATCH_TERMS_OK
#define STATE                                                                                      \
    "{\"channelId\":\"" H64 "\",\"covenantId\":\"" H64 "\",\"activeOutpoint\":{\"txid\":\"" H64    \
    "\",\"index\":2},\"activeScriptPublicKey\":"                                                   \
    "\"0000aa\",\"fundingAmount\":\"90\",\"authorizedCumulativeAmount\":\"17\","                   \
    "\"claimedCumulativeAmount\":\"0\""

static const struct row rows[] = {
    {"as it is", NULL, NULL, OK},
    {"scheme", "scheme", "\"exact\"", KX_BATCH_TERMS_SCHEME},
    {"network alias", "network", "\"testnet-10\"", KX_BATCH_TERMS_NETWORK},
    {"mainnet (B106)", "network", "\"kaspa:mainnet\"", KX_BATCH_TERMS_NETWORK},
    {"asset", "asset", "\"kas\"", KX_BATCH_TERMS_ASSET},
    {"amount with a zero (B17)", "amount", "\"01000000\"", KX_BATCH_TERMS_AMOUNT},
    {"amount with an exponent (B17)", "amount", "\"1e6\"", KX_BATCH_TERMS_AMOUNT},
    {"amount with a sign (B17)", "amount", "\"+1\"", KX_BATCH_TERMS_AMOUNT},
    {"amount with a space (B17)", "amount", "\" 1\"", KX_BATCH_TERMS_AMOUNT},
    {"amount above 63 bits (B12)", "amount", "\"9223372036854775808\"", KX_BATCH_TERMS_AMOUNT},
    {"amount of 63 bits", "amount", "\"" MAX "\"", KX_BATCH_TERMS_DEPOSIT},
    {"amount 0", "amount", "\"0\"", KX_BATCH_TERMS_ZERO},
    {"no binding", "extra.binding", NULL, KX_BATCH_TERMS_BINDING},
    {"binding unknown", "extra.binding", "\"kaspa-escrow-v4\"", KX_BATCH_TERMS_BINDING},
    {"binding a number", "extra.binding", "3", KX_BATCH_TERMS_BINDING},
    {"binding of another generation", "extra.binding", "\"kaspa-escrow-v2\"",
     KX_BATCH_TERMS_BINDING},
    {"template of another generation", "extra.templateId", "\"kaspa-x402-escrow-v3\"",
     KX_BATCH_TERMS_BINDING},
    {"template as published", "extra.templateId", "\"kaspa-x402-escrow-v4\"", OK},
    {"a network of no binding", "network", "\"kaspa:mainnet\"", KX_BATCH_TERMS_NETWORK},
    {"no template", "extra.templateId", NULL, KX_BATCH_TERMS_BINDING},
    {"timeout 0", "maxTimeoutSeconds", "0", KX_BATCH_TERMS_FORM},
    {"no timeout", "maxTimeoutSeconds", NULL, KX_BATCH_TERMS_FORM},
    {"timeout large", "maxTimeoutSeconds", "9007199254740991", OK},
    {"no key", "extra.serverPublicKey", NULL, KX_BATCH_TERMS_FORM},
    {"key too short", "extra.serverPublicKey", "\"00\"", KX_BATCH_TERMS_FORM},
    {"key of no point (B115)", "extra.serverPublicKey",
     "\"0000000000000000000000000000000000000000000000000000000000000000\"", KX_BATCH_TERMS_KEY},
    {"no context", "extra.securityContextHash", NULL, KX_BATCH_TERMS_FORM},
    {"context in capitals (B110)", "extra.securityContextHash", "\"" H64 "\"", OK},
    {"context null", "extra.securityContextHash", "null", KX_BATCH_TERMS_FORM},
    {"asset kind", "extra.assetKind", "\"native\"", OK},
    {"asset kind another", "extra.assetKind", "\"token\"", KX_BATCH_TERMS_FORM},
    {"decimals", "extra.assetDecimals", "8", OK},
    {"decimals another", "extra.assetDecimals", "6", KX_BATCH_TERMS_FORM},
    {"an unknown member", "extra.note", "{\"x\":[1]}", OK},
    {"policy empty", "extra.claimPolicy", "{}", OK},
    {"policy full", "extra.claimPolicy",
     "{\"claimAfterSeconds\":4294967295,\"claimWhenUnclaimedAmountExceeds\":\"" MAX "\"}", OK},
    {"policy with more", "extra.claimPolicy", "{\"claimDaily\":true}", KX_BATCH_TERMS_FORM},
    {"policy amount a number", "extra.claimPolicy", "{\"claimWhenUnclaimedAmountExceeds\":1}",
     KX_BATCH_TERMS_FORM},
    {"policy time too long", "extra.claimPolicy", "{\"claimAfterSeconds\":4294967296}",
     KX_BATCH_TERMS_FORM},
    {"policy an array", "extra.claimPolicy", "[]", KX_BATCH_TERMS_FORM},
    {"no deposit", "extra.minDepositSompi", NULL, KX_BATCH_TERMS_DEPOSIT_FORM},
    {"deposit a number", "extra.minDepositSompi", "90000000", KX_BATCH_TERMS_DEPOSIT_FORM},
    {"no reserve", "extra.claimReserveSompi", NULL, KX_BATCH_TERMS_DEPOSIT_FORM},
    {"reserve above 63 bits", "extra.claimReserveSompi", "\"9223372036854775808\"",
     KX_BATCH_TERMS_DEPOSIT_FORM},
    {"no refund timeout", "extra.refundTimeoutDaa", NULL, KX_BATCH_TERMS_TIMEOUT},
    {"refund timeout largest", "extra.refundTimeoutDaa", "\"499999999999\"", OK},
    {"refund timeout a time (B86)", "extra.refundTimeoutDaa", "\"500000000000\"",
     KX_BATCH_TERMS_TIMEOUT},
    {"state", "extra.channelState", STATE "}", OK},
    {"state open", "extra.channelState", STATE ",\"status\":\"open\"}", OK},
    {"state closed", "extra.channelState", STATE ",\"status\":\"closed\"}", KX_BATCH_TERMS_STATE},
    {"state with a signature (B95)", "extra.channelState", STATE ",\"signature\":\"00\"}",
     KX_BATCH_TERMS_STATE},
    {"state with A", "extra.channelState", STATE ",\"chargedCumulativeAmount\":\"1\"}",
     KX_BATCH_TERMS_STATE},
    {"state without T", "extra.channelState", "{}", KX_BATCH_TERMS_STATE},
    {"state of the zero covenant (B06)", "extra.channelState",
     "{\"channelId\":\"" H64 "\",\"covenantId\":"
     "\"0000000000000000000000000000000000000000000000000000000000000000\",\"activeOutpoint\":"
     "{\"txid\":\"" H64 "\",\"index\":2},\"activeScriptPublicKey\":\"0000aa\",\"fundingAmount\":"
     "\"90\",\"authorizedCumulativeAmount\":\"17\",\"claimedCumulativeAmount\":\"0\"}",
     KX_BATCH_TERMS_STATE},
    {"voucher state (B95)", "extra.voucherState", "{}", KX_BATCH_TERMS_STATE},
    {"payTo without prefix", "payTo", "\"qqqq\"", KX_BATCH_TERMS_PAY_TO_NETWORK},
    {"payTo of mainnet", "payTo", "\"kaspa:qqqq\"", KX_BATCH_TERMS_PAY_TO_NETWORK},
    {"payTo cut off", "payTo", "\"kaspatest:qqqq\"", KX_BATCH_TERMS_PAY_TO},
    {"deposit just enough (B16)", "extra.minDepositSompi", "\"3000000\"", OK},
    {"deposit one short (B16)", "extra.minDepositSompi", "\"2999999\"", KX_BATCH_TERMS_DEPOSIT},
    {"reserve that passes the range (B16)", "extra.claimReserveSompi", "\"" MAX "\"",
     KX_BATCH_TERMS_DEPOSIT},
    {"MCP charge", "extra.mcpErrorChargeSompi", "\"1000000\"", OK},
    {"MCP charge 0 (B38)", "extra.mcpErrorChargeSompi", "\"0\"", KX_BATCH_TERMS_MCP},
    {"MCP charge one short (B38)", "extra.mcpErrorChargeSompi", "\"999999\"", KX_BATCH_TERMS_MCP},
    {"MCP charge a number", "extra.mcpErrorChargeSompi", "1000000", KX_BATCH_TERMS_MCP},
};

Test(kx_batch_terms, are_refused_for_what_is_wrong_first)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
        struct assay_err err = {0};
        struct kx_batch_offer offer;
        enum kx_batch_terms_fault fault;

        edit(kx_batch_world_terms(w), rows[i].member, rows[i].value);
        fault = read_offer(&offer, &w->lane.arena, kx_batch_world_terms(w), &err);
        cr_expect_eq(fault, rows[i].fault, "row: %s: fault %d: %s", rows[i].name, fault, err.text);
        cr_expect_eq(err.text[0] != '\0', fault != OK, "row: %s", rows[i].name);
        cr_expect_eq(kx_batch_terms_local(fault) == KX_LOCAL_NONE, fault == OK);
        kx_batch_world_free(w);
    }
}

/* Of the older bindings, at members that are others there. */
static const struct {
    const char *name;
    unsigned binding;
    const char *template_id, *member, *value;
    enum kx_batch_terms_fault fault;
} older_rows[] = {
    {"the first as it is", 0, "kaspa-x402-escrow-v1", NULL, NULL, OK},
    {"the first on mainnet", 0, "kaspa-x402-escrow-v1", "network", "\"kaspa:mainnet\"",
     KX_BATCH_TERMS_PAY_TO_NETWORK},
    {"the first has 64 bits", 0, "kaspa-x402-escrow-v1", "extra.minDepositSompi",
     "\"18446744073709551615\"", OK},
    {"it has no reserve", 0, "kaspa-x402-escrow-v1", "extra.claimReserveSompi", "true", OK},
    {"and no context", 0, "kaspa-x402-escrow-v1", "extra.securityContextHash", NULL, OK},
    {"its voucher state is known", 0, "kaspa-x402-escrow-v1", "extra.voucherState", "{}", OK},
    {"the second as it is", 1, "kaspa-x402-escrow-v2", NULL, NULL, OK},
    {"its other template", 1, "kaspa-x402-escrow-v3", NULL, NULL, OK},
    {"of the third", 1, "kaspa-x402-escrow-v5", NULL, NULL, KX_BATCH_TERMS_BINDING},
    {"the second on mainnet", 1, "kaspa-x402-escrow-v2", "network", "\"kaspa:mainnet\"",
     KX_BATCH_TERMS_NETWORK},
    {"it has a reserve", 1, "kaspa-x402-escrow-v2", "extra.claimReserveSompi", NULL,
     KX_BATCH_TERMS_DEPOSIT_FORM},
    {"and no charge for errors", 1, "kaspa-x402-escrow-v2", "extra.mcpErrorChargeSompi", "0", OK},
    {"a state of the third", 1, "kaspa-x402-escrow-v2", "extra.channelState", STATE "}",
     KX_BATCH_TERMS_STATE},
};

Test(kx_batch_terms, of_an_older_binding_are_those_of_its_row)
{
    for (size_t i = 0; i < ARRAY_LEN(older_rows); i++) {
        struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
        struct assay_err err = {0};
        struct kx_batch_offer offer;
        enum kx_batch_terms_fault fault;

        kx_world_set(kx_batch_world_extra(w), "binding",
                     kx_batch_bindings[older_rows[i].binding].name);
        kx_world_set(kx_batch_world_extra(w), "templateId", older_rows[i].template_id);
        edit(kx_batch_world_terms(w), older_rows[i].member, older_rows[i].value);
        fault = read_offer(&offer, &w->lane.arena, kx_batch_world_terms(w), &err);
        cr_expect_eq(fault, older_rows[i].fault, "row: %s: fault %d: %s", older_rows[i].name, fault,
                     err.text);
        kx_batch_world_free(w);
    }
}

/* ---- written ---- */

static json_t *write_and_load(const struct kx_batch_offer *offer)
{
    struct assay_buf text = ASSAY_BUF_INIT(8192);
    json_t *written;
    char *sorted;

    kx_batch_offer_write(&text, offer);
    cr_assert(assay_buf_ok(&text));
    written = json_loads(assay_buf_cstr(&text), JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(written, "%s", assay_buf_cstr(&text));
    sorted = json_dumps(written, JSON_COMPACT | JSON_SORT_KEYS);
    cr_expect_str_eq(assay_buf_cstr(&text), sorted, "it is not canonical");
    free(sorted);
    assay_buf_fini(&text);
    return written;
}

Test(kx_batch_terms, are_written_as_they_are_read)
{
    static const struct {
        const char *member, *value;
    } edits[] = {
        {NULL, NULL},
        {"extra.assetKind", "\"native\""},
        {"extra.mcpErrorChargeSompi", "\"1000000\""},
        {"extra.claimPolicy", "{\"claimAfterSeconds\":7}"},
        {"extra.claimPolicy", "{\"claimWhenUnclaimedAmountExceeds\":\"5\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
        json_t *terms = kx_batch_world_terms(w), *written;
        struct kx_batch_offer offer;
        struct assay_err err = {0};

        edit(terms, edits[i].member, edits[i].value);
        edit(terms, i == 1 ? "extra.assetDecimals" : NULL, "8");
        cr_assert_eq(read_offer(&offer, &w->lane.arena, terms, &err), OK, "%s", err.text);
        written = write_and_load(&offer);
        cr_expect(json_equal(terms, written), "row %zu", i);
        json_decref(written);
        kx_batch_world_free(w);
    }
}

/* ---- the official offers ---- */

#define FOLDER "kaspa-x402/vectors/"

Test(kx_batch_terms, of_the_official_vectors_are_right_and_hash_as_published)
{
    static const char *const files[] = {"batch/interop-v1.json", "batch/interop-v2.json",
                                        "batch/interop-v3.json"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_err err = {0};
        struct kx_batch_offer offer;
        struct kaspa_hash hash;
        char path[64];
        json_t *vector, *requirements, *written;

        (void)snprintf(path, sizeof(path), FOLDER "%s", files[i]);
        vector = upstream_load(path);
        requirements = json_object_get(vector, "paymentRequirements");
        cr_assert_eq(read_offer(&offer, &arena, json_object_get(requirements, "value"), &err), OK,
                     "%s: %s", files[i], err.text);
        cr_assert_eq(offer.binding - kx_batch_bindings, (ptrdiff_t)i);
        cr_assert_eq(kx_batch_accepted_hash(hash.at, &offer, &err), ASSAY_OK);
        upstream_expect_hash(&hash, json_object_get(requirements, "sha256"), files[i]);
        written = write_and_load(&offer);
        cr_expect(json_equal(written, json_object_get(requirements, "value")), "%s", files[i]);
        json_decref(written);
        json_decref(vector);
        assay_arena_fini(&arena);
    }
}

Test(kx_batch_terms, of_the_official_correction_carry_a_state)
{
    json_t *vector = upstream_load(FOLDER "settlement-response/corrective-402.json");
    const json_t *required = json_object_get(vector, "correctivePaymentRequired");
    const json_t *terms = json_array_get(json_object_get(required, "accepts"), 0);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_err err = {0};
    struct kx_batch_offer offer;
    json_t *written;

    cr_assert_eq(read_offer(&offer, &arena, terms, &err), OK, "%s", err.text);
    cr_assert(offer.has_state && offer.state.is_open);
    cr_expect_eq(offer.state.authorized, 1700000);
    cr_expect_eq(offer.state.outpoint.index, 2);
    written = write_and_load(&offer);
    cr_expect(json_equal(written, terms));
    json_decref(written);
    json_decref(vector);
    assay_arena_fini(&arena);
}

/* ---- hashed ---- */

static void hash_of(uint8_t out[32], const char *member, const char *value)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    struct assay_err err = {0};
    struct kx_batch_offer offer;

    kx_world_edit(kx_batch_world_terms(w), "extra.channelState", STATE "}");
    kx_world_edit(kx_batch_world_terms(w), member, value);
    cr_assert_eq(read_offer(&offer, &w->lane.arena, kx_batch_world_terms(w), &err), OK, "%s: %s",
                 member, err.text);
    cr_assert_eq(kx_batch_accepted_hash(out, &offer, &err), ASSAY_OK);
    kx_batch_world_free(w);
}

Test(kx_batch_terms, hash_hex_of_either_case_alike_and_all_else_as_it_is)
{
    static const struct {
        const char *name, *member, *one, *other;
        bool is_equal;
    } hashed[] = {
        {"context (B110)", "extra.securityContextHash", "\"" H64 "\"",
         "\"abcdef7171717171717171717171717171717171717171717171717171717171\"", true},
        {"server key (B110)", "extra.serverPublicKey",
         "\"56B328B30C8BF5839E24058747879408BDB36241DC9C2E7C619FAA12B2920967\"",
         "\"56b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967\"", true},
        {"state (B110)", "extra.channelState", STATE "}",
         "{\"channelId\":\"abcdef7171717171717171717171717171717171717171717171717171717171\","
         "\"covenantId\":\"abcdef7171717171717171717171717171717171717171717171717171717171\","
         "\"activeOutpoint\":{\"txid\":"
         "\"abcdef7171717171717171717171717171717171717171717171717171717171\",\"index\":2},"
         "\"activeScriptPublicKey\":\"0000AA\",\"fundingAmount\":\"90\","
         "\"authorizedCumulativeAmount\":\"17\",\"claimedCumulativeAmount\":\"0\"}",
         true},
        {"an unknown member's case", "extra.note", "\"AB\"", "\"ab\"", false},
        {"an unknown member (B19)", "extra.note", "1", "2", false},
        {"a member of the exact scheme", "extra.headId", "\"AB\"", "\"ab\"", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(hashed); i++) {
        uint8_t one[32], other[32];

        hash_of(one, hashed[i].member, hashed[i].one);
        hash_of(other, hashed[i].member, hashed[i].other);
        cr_expect_eq(memcmp(one, other, sizeof(one)) == 0, hashed[i].is_equal, "row: %s",
                     hashed[i].name);
    }
}

/* The offer's text with a member that is spelt as it is given here. */
static void hash_text(uint8_t out[32], const char *spelt)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    struct assay_buf text = ASSAY_BUF_INIT(8192);
    struct assay_err err = {0};
    struct assay_json doc;
    char *rest;

    rest = json_dumps(kx_batch_world_extra(w), JSON_COMPACT);
    assay_buf_printf(&text, "{\"scheme\":\"batch-settlement\",%s,\"extra\":%s}", spelt, rest);
    free(rest);
    doc = doc_of_bytes(&w->lane.arena, assay_buf_view(&text));
    cr_assert_eq(kx_batch_requirements_hash(out, w->lane.lane.binding, &doc, 0, &err), ASSAY_OK,
                 "%s", err.text);
    assay_buf_fini(&text);
    kx_batch_world_free(w);
}

/* B108, section 2. */
Test(kx_batch_terms, hash_whatever_is_spelt_for_one_value_alike)
{
    static const struct {
        const char *name, *one, *other;
        bool is_equal;
    } spellings[] = {
        {"numbers", "\"x\":1E21", "\"x\":1000000000000000000000", true},
        {"minus zero", "\"x\":-0", "\"x\":0", true},
        {"places", "\"x\":60.0", "\"x\":60", true},
        {"escapes", "\"x\":\"\\u0041\\u000A\\/\"", "\"x\":\"A\\n/\"", true},
        {"order", "\"x\":1,\"y\":2", "\"y\":2,\"x\":1", true},
        {"the last duplicate", "\"x\":1,\"x\":2", "\"x\":2", true},
        {"an astral name stands before one of the private plane's end",
         "\"\xEF\xBF\xBD\":1,\"\xF0\x9F\x98\x80\":2", "\"\xF0\x9F\x98\x80\":2,\"\xEF\xBF\xBD\":1",
         true},
        {"a lone surrogate", "\"x\":\"\\uD800\"", "\"x\":\"\\ud800\"", true},
        {"a text and a number", "\"x\":\"1\"", "\"x\":1", false},
        {"null and nothing", "\"x\":null", "\"y\":null", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        uint8_t one[32], other[32];

        hash_text(one, spellings[i].one);
        hash_text(other, spellings[i].other);
        cr_expect_eq(memcmp(one, other, sizeof(one)) == 0, spellings[i].is_equal, "row: %s",
                     spellings[i].name);
    }
}

Test(kx_batch_terms, of_a_public_route_have_the_context_of_its_resource)
{
    json_t *context = json_pack("{s:s, s:s}", "resource", KX_BATCH_URL, "scope",
                                "kaspa:x402:security-context:v1");
    char want[X402_HASH_TEXT_BYTES], got[X402_HASH_TEXT_BYTES];

    kx_world_hash(want, context);
    cr_assert_eq(kx_public_context_hash(got, ASSAY_LIT(KX_BATCH_URL)), ASSAY_OK);
    cr_expect_str_eq(got, want);
    cr_assert_eq(kx_public_context_hash(got, ASSAY_LIT("https://api.example.com/other")), ASSAY_OK);
    cr_expect_str_neq(got, want);
    json_decref(context);
}
