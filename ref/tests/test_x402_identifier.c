/* The payment-identifier extension: what is one, what echoes it, and the subset of JSON Schema. */
#include "x402/payment_identifier.h"

#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"

#define ID "abcdefghijklmnop" /* 16 characters */
#define EXTENSION(info, schema) "{\"payment-identifier\":{\"info\":" info ",\"schema\":" schema "}}"
#define REQUIRED "{\"required\":true}"
#define WITH_ID "{\"required\":true,\"id\":\"" ID "\"}"
#define BUILT_IN                                                                                   \
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","                               \
    "\"$id\":\"https://kaspa-x402.org/schemas/payment-identifier.schema.json\","                   \
    "\"title\":\"Kaspa x402 Payment Identifier Extension Info\",\"type\":\"object\","              \
    "\"required\":[\"required\"],\"properties\":{\"required\":{\"type\":\"boolean\"},"             \
    "\"id\":{\"type\":\"string\",\"minLength\":16,\"maxLength\":128,"                              \
    "\"pattern\":\"^[A-Za-z0-9_-]+$\"}},\"additionalProperties\":true}"

Test(x402_identifier_id, is_16_to_128_of_its_alphabet)
{
    char room[130];

    memset(room, 'x', sizeof(room));
    for (size_t len = 0; len <= sizeof(room); len++)
        cr_expect_eq(x402_identifier_id_is_valid(assay_bytes_of(room, len)),
                     len >= 16 && len <= 128, "%zu", len);
    for (int c = 0; c < 256; c++) {
        bool ok =
            c != 0 && c < 0x80 &&
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", c) != NULL;

        room[19] = (char)c;
        cr_expect_eq(x402_identifier_id_is_valid(assay_bytes_of(room, 20)), ok, "%d", c);
    }
}

static const struct {
    const char *name, *text;
    enum x402_identifier_state state;
    const char *says;
} reads[] = {
    {"no extension", "{}", X402_IDENTIFIER_ABSENT, ""},
    {"another extension", "{\"payment_identifier\":1}", X402_IDENTIFIER_ABSENT, ""},
    {"extensions no object", "[]", X402_IDENTIFIER_ABSENT, ""},
    {"built-in schema", EXTENSION(REQUIRED, BUILT_IN), X402_IDENTIFIER_PRESENT, ""},
    {"empty schema", EXTENSION(REQUIRED, "{}"), X402_IDENTIFIER_PRESENT, ""},
    {"not required", EXTENSION("{\"required\":false}", "{}"), X402_IDENTIFIER_PRESENT, ""},
    {"more in info", EXTENSION("{\"required\":true,\"x\":[]}", "{}"), X402_IDENTIFIER_PRESENT, ""},
    {"more beside info", "{\"payment-identifier\":{\"info\":" REQUIRED ",\"schema\":{},\"x\":1}}",
     X402_IDENTIFIER_PRESENT, ""},
    {"a schema longer than the built-in one", EXTENSION(REQUIRED, "{\"default\":" BUILT_IN "}"),
     X402_IDENTIFIER_PRESENT, ""},
    {"a schema that asks for the id", EXTENSION(REQUIRED, "{\"required\":[\"id\"]}"),
     X402_IDENTIFIER_PRESENT, ""},
    {"no object", "{\"payment-identifier\":5}", X402_IDENTIFIER_MALFORMED, "info is no"},
    {"null", "{\"payment-identifier\":null}", X402_IDENTIFIER_MALFORMED, "info is no"},
    {"no info", "{\"payment-identifier\":{\"schema\":{}}}", X402_IDENTIFIER_MALFORMED,
     "info is no"},
    {"info an array", EXTENSION("[]", "{}"), X402_IDENTIFIER_MALFORMED, "info is no"},
    {"no schema", "{\"payment-identifier\":{\"info\":" REQUIRED "}}", X402_IDENTIFIER_MALFORMED,
     "schema is no"},
    {"schema true", EXTENSION(REQUIRED, "true"), X402_IDENTIFIER_MALFORMED, "schema is no"},
    {"no required", EXTENSION("{\"id\":\"" ID "\"}", "{}"), X402_IDENTIFIER_MALFORMED, "boolean"},
    {"required a text", EXTENSION("{\"required\":\"true\"}", "{}"), X402_IDENTIFIER_MALFORMED,
     "boolean"},
    {"required 1", EXTENSION("{\"required\":1}", "{}"), X402_IDENTIFIER_MALFORMED, "boolean"},
    {"required null", EXTENSION("{\"required\":null}", "{}"), X402_IDENTIFIER_MALFORMED, "boolean"},
    {"id null", EXTENSION("{\"required\":true,\"id\":null}", "{}"), X402_IDENTIFIER_MALFORMED,
     "no text"},
    {"id a number", EXTENSION("{\"required\":true,\"id\":1}", "{}"), X402_IDENTIFIER_MALFORMED,
     "no text"},
    {"id empty", EXTENSION("{\"required\":true,\"id\":\"\"}", "{}"), X402_IDENTIFIER_MALFORMED,
     "16 to 128"},
    {"id of 15", EXTENSION("{\"required\":true,\"id\":\"abcdefghijklmno\"}", BUILT_IN),
     X402_IDENTIFIER_MALFORMED, "16 to 128"},
    {"id with a space", EXTENSION("{\"required\":true,\"id\":\"abcdefgh ijklmnop\"}", BUILT_IN),
     X402_IDENTIFIER_MALFORMED, "16 to 128"},
    {"built-in with another $id",
     EXTENSION(REQUIRED, "{\"$id\":\"x\",\"properties\":{\"id\":{\"pattern\":\"^a$\"}}}"),
     X402_IDENTIFIER_MALFORMED, "outside the subset"},
    {"pattern", EXTENSION(REQUIRED, "{\"pattern\":\"x\"}"), X402_IDENTIFIER_MALFORMED,
     "outside the subset"},
};

Test(x402_identifier, is_read_where_its_shape_its_id_and_its_schema_are_right)
{
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, reads[i].text);
        struct x402_identifier out = {.info = 99};
        struct assay_err err = {0};

        cr_expect_eq(x402_identifier_read(&out, &arena, &doc, 0, &err), reads[i].state, "row: %s",
                     reads[i].name);
        cr_expect_eq(out.info != 99, reads[i].state == X402_IDENTIFIER_PRESENT, "row: %s",
                     reads[i].name);
        cr_expect_eq(err.code != ASSAY_OK, reads[i].state == X402_IDENTIFIER_MALFORMED, "row: %s",
                     reads[i].name);
        cr_expect_not_null(strstr(err.text, reads[i].says), "row: %s: %s", reads[i].name, err.text);
        assay_arena_fini(&arena);
    }
}

Test(x402_identifier, gives_its_id_unescaped)
{
    static const char text[] =
        EXTENSION("{\"required\":false,\"id\":\"\\u0061bcdefghijklmnop\"}", BUILT_IN);
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), full = ASSAY_ARENA_INIT(0);
    struct assay_json doc = doc_of(&arena, text), plain = doc_of(&arena, "{}");
    struct x402_identifier out;
    struct assay_err err = {0};

    cr_assert_eq(x402_identifier_read(&out, &arena, &doc, 0, NULL), X402_IDENTIFIER_PRESENT);
    cr_expect(assay_bytes_is(out.id, ID));
    cr_expect_not(out.required);
    cr_expect_eq(x402_identifier_read(&out, &full, &doc, 0, &err), X402_IDENTIFIER_MALFORMED);
    cr_expect_eq(err.code, ASSAY_E_NOMEM);
    cr_expect_eq(x402_identifier_read(&out, &arena, &plain, ASSAY_JSON_NONE, NULL),
                 X402_IDENTIFIER_ABSENT);
    doc = doc_of(&arena, EXTENSION(REQUIRED, BUILT_IN));
    cr_assert_eq(x402_identifier_read(&out, &arena, &doc, 0, NULL), X402_IDENTIFIER_PRESENT);
    cr_expect_eq(out.id.len, 0);
    cr_expect(out.required);
    assay_arena_fini(&arena);
}

#define CUSTOM                                                                                     \
    "{\"type\":\"object\",\"required\":[\"required\",\"id\"],\"properties\":{"                     \
    "\"required\":{\"const\":true},\"id\":{\"maxLength\":16}}}"

static const struct {
    const char *name, *offer, *paid;
    bool ok;
} echoes[] = {
    {"id added", EXTENSION(REQUIRED, BUILT_IN), EXTENSION(WITH_ID, BUILT_IN), true},
    {"no id", EXTENSION(REQUIRED, BUILT_IN), EXTENSION(REQUIRED, BUILT_IN), true},
    {"members reordered", EXTENSION("{\"required\":true,\"a\":{\"x\":1,\"y\":2}}", "{}"),
     EXTENSION("{\"id\":\"" ID "\",\"a\":{\"y\":2.0,\"x\":1},\"required\":true}", "{}"), true},
    {"more members", EXTENSION(REQUIRED, "{}"),
     EXTENSION("{\"required\":true,\"a\":1,\"z\":2}", "{}"), true},
    {"advertised by escape", EXTENSION("{\"required\":true,\"\\u0061\":1}", "{}"),
     EXTENSION("{\"a\":1,\"required\":true}", "{}"), true},
    {"of a duplicate the last", EXTENSION("{\"required\":true,\"a\":1,\"a\":2}", "{}"),
     EXTENSION("{\"a\":2,\"required\":true}", "{}"), true},
    {"required changed", EXTENSION(REQUIRED, BUILT_IN), EXTENSION("{\"required\":false}", BUILT_IN),
     false},
    {"a member dropped", EXTENSION("{\"required\":true,\"a\":1}", "{}"), EXTENSION(WITH_ID, "{}"),
     false},
    {"a member changed", EXTENSION("{\"required\":true,\"a\":1}", "{}"),
     EXTENSION("{\"required\":true,\"a\":\"1\"}", "{}"), false},
    {"deep within", EXTENSION("{\"required\":true,\"a\":[{\"b\":1}]}", "{}"),
     EXTENSION("{\"required\":true,\"a\":[{\"b\":2}]}", "{}"), false},
    {"a member null for absent", EXTENSION("{\"required\":true,\"a\":null}", "{}"),
     EXTENSION(REQUIRED, "{}"), false},
    {"schema altered", EXTENSION(REQUIRED, BUILT_IN), EXTENSION(WITH_ID, "{}"), false},
    {"schema with more", EXTENSION(REQUIRED, "{}"), EXTENSION(WITH_ID, "{\"title\":\"x\"}"), false},
    {"instance of the advertised", EXTENSION(REQUIRED, CUSTOM), EXTENSION(WITH_ID, CUSTOM), true},
    {"not its instance", EXTENSION(REQUIRED, CUSTOM), EXTENSION(REQUIRED, CUSTOM), false},
    {"id too long for it", EXTENSION(REQUIRED, CUSTOM),
     EXTENSION("{\"required\":true,\"id\":\"" ID "q\"}", CUSTOM), false},
    {"a name that holds U+0000", EXTENSION("{\"required\":true,\"\\u0000\":1}", "{}"),
     EXTENSION("{\"required\":true,\"\\u0000\":1}", "{}"), false},
};

static void expect_echo(struct assay_arena *arena, const struct assay_json *offer,
                        const struct assay_json *paid, bool ok, const char *name)
{
    uint32_t there = assay_json_member(offer, 0, "extensions");
    uint32_t here = assay_json_member(paid, 0, "extensions");
    struct x402_identifier advertised, echo;

    cr_assert_eq(
        x402_identifier_read(&advertised, arena, offer, there != ASSAY_JSON_NONE ? there : 0, NULL),
        X402_IDENTIFIER_PRESENT, "row: %s", name);
    cr_assert_eq(x402_identifier_read(&echo, arena, paid, here != ASSAY_JSON_NONE ? here : 0, NULL),
                 X402_IDENTIFIER_PRESENT, "row: %s", name);
    cr_expect_eq(x402_identifier_is_echo(paid, &echo, offer, &advertised), ok, "row: %s", name);
}

Test(x402_identifier, is_echoed_with_its_schema_and_every_advertised_member)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(echoes); i++) {
        struct assay_json offer = doc_of(&arena, echoes[i].offer);
        struct assay_json paid = doc_of(&arena, echoes[i].paid);

        expect_echo(&arena, &offer, &paid, echoes[i].ok, echoes[i].name);
    }
    assay_arena_fini(&arena);
}

Test(x402_identifier, of_the_official_retries_echoes_the_official_offers)
{
    static const struct {
        const char *file, *id;
    } rows[] = {
        {"kaspa-x402/vectors/x402-http/exact-transaction.json", "exact_http_vector_0001"},
        {"kaspa-x402/vectors/x402-http/hash-chain-exact.json", "hash_chain_vector_0001"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *data = upstream_load(rows[i].file);
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json offer = doc_of_value(&arena, json_object_get(data, "paymentRequired"));
        struct assay_json paid = doc_of_value(&arena, json_object_get(data, "paymentPayload"));
        uint32_t extensions = assay_json_member(&paid, 0, "extensions");
        uint32_t extension = assay_json_member(&paid, extensions, "payment-identifier");
        struct assay_buf text = ASSAY_BUF_INIT(4096), form = ASSAY_BUF_INIT(4096);
        struct x402_identifier echo;

        expect_echo(&arena, &offer, &paid, true, rows[i].file);
        cr_assert_eq(x402_identifier_read(&echo, &arena, &paid, extensions, NULL),
                     X402_IDENTIFIER_PRESENT);
        cr_expect(assay_bytes_is(echo.id, rows[i].id), "%s", rows[i].file);
        x402_identifier_write(&text, true, echo.id);
        cr_assert_eq(assay_json_canonical(&form, &paid, extension, NULL), ASSAY_OK);
        cr_expect_str_eq(assay_buf_cstr(&text), assay_buf_cstr(&form));
        assay_buf_fini(&text);
        assay_buf_fini(&form);
        assay_arena_fini(&arena);
        json_decref(data);
    }
}

/* A retry without the extension, of an offer whose schema is none of the built-in form. */
Test(x402_identifier, is_absent_from_the_official_retry_that_lacks_it)
{
    json_t *data = upstream_load("kaspa-x402/vectors/negative/missing-payment-identifier.json");
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json offer = doc_of_value(&arena, json_object_get(data, "paymentRequired"));
    struct assay_json paid = doc_of_value(&arena, json_object_get(data, "paymentPayload"));
    struct x402_identifier out;
    struct assay_err err = {0};

    cr_expect_eq(x402_identifier_read(&out, &arena, &offer,
                                      assay_json_member(&offer, 0, "extensions"), &err),
                 X402_IDENTIFIER_PRESENT, "%s", err.text);
    cr_expect(out.required);
    cr_expect_eq(
        x402_identifier_read(&out, &arena, &paid, assay_json_member(&paid, 0, "extensions"), NULL),
        X402_IDENTIFIER_ABSENT);
    assay_arena_fini(&arena);
    json_decref(data);
}

Test(x402_identifier, of_the_official_conflict_has_a_valid_id_twice)
{
    json_t *data = upstream_load("kaspa-x402/vectors/negative/payment-identifier-conflict.json");
    static const char *const requests[] = {"first", "second"};

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const json_t *info = json_object_get(json_object_get(data, requests[i]), "extensionInfo");
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of_value(&arena, info);
        struct assay_bytes id;

        cr_assert(x402_text(&id, &arena, &doc, 0, "id"));
        cr_expect(x402_identifier_id_is_valid(id));
        assay_arena_fini(&arena);
    }
    json_decref(data);
}

Test(x402_identifier, is_written_in_the_form_that_is_read)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_bytes quoted = ASSAY_LIT("{\"info\":{\"id\":\"a\\\"\\n\",\"required\":true}");
    struct assay_buf text = ASSAY_BUF_INIT(4096), form = ASSAY_BUF_INIT(4096);
    struct x402_identifier out;
    struct assay_json doc;

    assay_buf_add_str(&text, "{\"payment-identifier\":");
    x402_identifier_write(&text, false, ASSAY_LIT(""));
    assay_buf_add_byte(&text, '}');
    doc = doc_of_bytes(&arena, assay_buf_view(&text));
    cr_assert_eq(x402_identifier_read(&out, &arena, &doc, 0, NULL), X402_IDENTIFIER_PRESENT);
    cr_expect(!out.required && out.id.len == 0);
    cr_assert_eq(assay_json_canonical(&form, &doc, 0, NULL), ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_buf_view(&form), assay_buf_view(&text)));
    assay_buf_clear(&text);
    x402_identifier_write(&text, true, ASSAY_LIT("a\"\n"));
    cr_expect(assay_bytes_equal(assay_bytes_part(assay_buf_view(&text), 0, quoted.len), quoted),
              "an id of no valid form is still quoted");
    assay_buf_fini(&text);
    assay_buf_fini(&form);
    assay_arena_fini(&arena);
}

#define DEEP_NAME "\"properties\":{\"a\":{\"properties\":{\"b\":{\"type\":\"null\"}}}}"

static const struct {
    const char *name, *schema, *value;
    enum assay_code rc;
} schemas[] = {
    {"annotations",
     "{\"$id\":\"\",\"$schema\":\"\",\"title\":\"\",\"description\":\"\","
     "\"default\":{\"pattern\":1},\"examples\":[]}",
     "5", ASSAY_OK},
    {"$id no text", "{\"$id\":1}", "5", ASSAY_E_MALFORMED},
    {"$schema no text", "{\"$schema\":{}}", "5", ASSAY_E_MALFORMED},
    {"title no text", "{\"title\":null}", "5", ASSAY_E_MALFORMED},
    {"description no text", "{\"description\":[]}", "5", ASSAY_E_MALFORMED},
    {"examples no array", "{\"examples\":{}}", "5", ASSAY_E_MALFORMED},
    {"no object", "5", "5", ASSAY_E_MALFORMED},
    {"true", "true", "5", ASSAY_E_MALFORMED},
    {"pattern", "{\"pattern\":\"x\"}", "\"x\"", ASSAY_E_MALFORMED},
    {"allOf", "{\"allOf\":[]}", "{}", ASSAY_E_MALFORMED},
    {"$ref", "{\"$ref\":\"#\"}", "{}", ASSAY_E_MALFORMED},
    {"items", "{\"items\":{}}", "[]", ASSAY_E_MALFORMED},
    {"minimum", "{\"minimum\":0}", "1", ASSAY_E_MALFORMED},
    {"__proto__", "{\"__proto__\":0}", "1", ASSAY_E_MALFORMED},
    {"outside, before another", "{\"pattern\":\"x\",\"title\":\"\"}", "5", ASSAY_E_MALFORMED},
    {"outside, nested", "{\"properties\":{\"x\":{\"format\":\"uri\"}}}", "{}", ASSAY_E_MALFORMED},
    {"outside, in the rest", "{\"additionalProperties\":{\"not\":{}}}", "{}", ASSAY_E_MALFORMED},
    {"a name of a property is no keyword", "{\"properties\":{\"pattern\":{}}}", "{}", ASSAY_OK},
    {"of a duplicate keyword the last", "{\"type\":\"null\",\"type\":\"number\"}", "1", ASSAY_OK},
    {"of a duplicate property the last", "{\"properties\":{\"a\":{\"x\":1},\"a\":{}}}", "{}",
     ASSAY_OK},

    {"null", "{\"type\":\"null\"}", "null", ASSAY_OK},
    {"boolean", "{\"type\":\"boolean\"}", "true", ASSAY_OK},
    {"boolean false", "{\"type\":\"boolean\"}", "false", ASSAY_OK},
    {"object", "{\"type\":\"object\"}", "{}", ASSAY_OK},
    {"array", "{\"type\":\"array\"}", "[]", ASSAY_OK},
    {"string", "{\"type\":\"string\"}", "\"\"", ASSAY_OK},
    {"number", "{\"type\":\"number\"}", "1.5", ASSAY_OK},
    {"infinite number", "{\"type\":\"number\"}", "1e999", ASSAY_OK},
    {"integer", "{\"type\":\"integer\"}", "-3", ASSAY_OK},
    {"integer with a point", "{\"type\":\"integer\"}", "3.0", ASSAY_OK},
    {"integer above 2^53", "{\"type\":\"integer\"}", "1.5e21", ASSAY_OK},
    {"fraction", "{\"type\":\"integer\"}", "3.5", ASSAY_E_MISMATCH},
    {"small fraction", "{\"type\":\"integer\"}", "1e-7", ASSAY_E_MISMATCH},
    {"infinite", "{\"type\":\"integer\"}", "1e999", ASSAY_E_MISMATCH},
    {"text for integer", "{\"type\":\"integer\"}", "\"3\"", ASSAY_E_MISMATCH},
    {"null for boolean", "{\"type\":\"boolean\"}", "null", ASSAY_E_MISMATCH},
    {"one of two types", "{\"type\":[\"null\",\"string\"]}", "\"\"", ASSAY_OK},
    {"none of two types", "{\"type\":[\"null\",\"string\"]}", "1", ASSAY_E_MISMATCH},
    {"no type", "{\"type\":[]}", "1", ASSAY_E_MALFORMED},
    {"unknown type", "{\"type\":\"any\"}", "1", ASSAY_E_MALFORMED},
    {"unknown type of two", "{\"type\":[\"null\",\"int\"]}", "null", ASSAY_E_MALFORMED},
    {"type no text", "{\"type\":1}", "1", ASSAY_E_MALFORMED},
    {"type an object", "{\"type\":{\"a\":\"null\"}}", "1", ASSAY_E_MALFORMED},

    {"const", "{\"const\":{\"a\":[1]}}", "{\"a\":[1.0]}", ASSAY_OK},
    {"another", "{\"const\":{\"a\":[1]}}", "{\"a\":[2]}", ASSAY_E_MISMATCH},
    {"const null", "{\"const\":null}", "false", ASSAY_E_MISMATCH},
    {"enum", "{\"enum\":[1,\"x\",null]}", "\"\\u0078\"", ASSAY_OK},
    {"not in enum", "{\"enum\":[1,\"x\",null]}", "\"y\"", ASSAY_E_MISMATCH},
    {"empty enum", "{\"enum\":[]}", "1", ASSAY_E_MISMATCH},
    {"enum no array", "{\"enum\":1}", "1", ASSAY_E_MALFORMED},

    {"just long enough", "{\"minLength\":2}", "\"ab\"", ASSAY_OK},
    {"too short", "{\"minLength\":3}", "\"ab\"", ASSAY_E_MISMATCH},
    {"just short enough", "{\"maxLength\":2}", "\"ab\"", ASSAY_OK},
    {"too long", "{\"maxLength\":1}", "\"ab\"", ASSAY_E_MISMATCH},
    {"within both", "{\"minLength\":1,\"maxLength\":1}", "\"a\"", ASSAY_OK},
    {"code points", "{\"minLength\":3,\"maxLength\":3}", "\"\xC3\xA9\\ud83d\\ude00\\ud800\"",
     ASSAY_OK},
    {"of no text", "{\"minLength\":5}", "[]", ASSAY_OK},
    {"2.0 is a length", "{\"maxLength\":2.0}", "\"ab\"", ASSAY_OK},
    {"negative length", "{\"minLength\":-1}", "\"ab\"", ASSAY_E_MALFORMED},
    {"length a text", "{\"maxLength\":\"2\"}", "\"ab\"", ASSAY_E_MALFORMED},
    {"length a fraction", "{\"maxLength\":2.5}", "\"ab\"", ASSAY_E_MALFORMED},

    {"required", "{\"required\":[\"a\",\"\\u0062\"]}", "{\"b\":null,\"a\":1}", ASSAY_OK},
    {"one missing", "{\"required\":[\"a\",\"b\"]}", "{\"a\":1}", ASSAY_E_MISMATCH},
    {"required of no object", "{\"required\":[\"a\"]}", "5", ASSAY_OK},
    {"required no array", "{\"required\":true}", "{}", ASSAY_E_MALFORMED},
    {"required a number", "{\"required\":[1]}", "{}", ASSAY_E_MALFORMED},

    {"property", "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":null}", ASSAY_OK},
    {"by escape", "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"\\u0061\":1}",
     ASSAY_E_MISMATCH},
    {"property not there", "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"b\":1}", ASSAY_OK},
    {"last of duplicates", "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":1,\"a\":null}",
     ASSAY_OK},
    {"nested", "{" DEEP_NAME "}", "{\"a\":{\"b\":null}}", ASSAY_OK},
    {"wrong within", "{" DEEP_NAME "}", "{\"a\":{\"b\":1}}", ASSAY_E_MISMATCH},
    {"properties no object", "{\"properties\":[]}", "{}", ASSAY_E_MALFORMED},
    {"property wrong before another", "{\"properties\":{\"a\":1,\"b\":{}}}", "{}",
     ASSAY_E_MALFORMED},
    {"property true", "{\"properties\":{\"a\":true}}", "{}", ASSAY_E_MALFORMED},
    {"property with U+0000", "{\"properties\":{\"\\u0000\":{}}}", "{}", ASSAY_E_MALFORMED},

    {"rest allowed", "{\"additionalProperties\":true}", "{\"a\":1}", ASSAY_OK},
    {"rest refused", "{\"additionalProperties\":false}", "{\"a\":1}", ASSAY_E_MISMATCH},
    {"no rest", "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}",
     ASSAY_OK},
    {"U+0000 is rest", "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
     "{\"a\\u0000\":1}", ASSAY_E_MISMATCH},
    {"rest by schema", "{\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":null}", ASSAY_OK},
    {"rest breaks it", "{\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1}",
     ASSAY_E_MISMATCH},
    {"rest not of a property",
     "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1}",
     ASSAY_OK},
    {"rest a number", "{\"additionalProperties\":0}", "{}", ASSAY_E_MALFORMED},
};

Test(x402_identifier_schema, is_the_subset_and_nothing_else)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
        struct assay_json schema = doc_of(&arena, schemas[i].schema);
        struct assay_json value = doc_of(&arena, schemas[i].value);
        struct assay_err err = {0};
        enum assay_code alone = schemas[i].rc == ASSAY_E_MALFORMED ? ASSAY_E_MALFORMED : ASSAY_OK;

        cr_expect_eq(x402_identifier_check_schema(&value, 0, &schema, 0, &err), schemas[i].rc,
                     "row: %s: %s", schemas[i].name, err.text);
        cr_expect_eq(err.code, schemas[i].rc, "row: %s", schemas[i].name);
        cr_expect_eq(x402_identifier_check_schema(&value, ASSAY_JSON_NONE, &schema, 0, NULL), alone,
                     "row: %s", schemas[i].name);
    }
    assay_arena_fini(&arena);
}

Test(x402_identifier_schema, that_is_not_there_is_malformed)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, "{}");

    cr_expect_eq(x402_identifier_check_schema(&doc, 0, &doc, ASSAY_JSON_NONE, NULL),
                 ASSAY_E_MALFORMED);
    assay_arena_fini(&arena);
}

Test(x402_identifier_schema, is_never_met_by_chance_where_memory_is_short)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json schema = doc_of(
        &arena,
        "{\"properties\":{\"a\":{\"const\":\"x\"},\"b\":{\"minLength\":1,\"enum\":[1,\"y\"]}}}");
    struct assay_json value = doc_of(&arena, "{\"a\":\"x\",\"b\":\"y\"}");
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t successes = 0, exhausted = 0;

    for (; rc != ASSAY_OK && successes < 100; successes++) {
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(successes);
        rc = x402_identifier_check_schema(&value, 0, &schema, 0, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM || rc == ASSAY_E_MISMATCH);
        cr_expect_eq(rc, err.code);
        exhausted += rc == ASSAY_E_NOMEM ? 1 : 0;
    }
    cr_expect_eq(rc, ASSAY_OK);
    cr_expect_geq(exhausted, 1);
    assay_arena_fini(&arena);
}
