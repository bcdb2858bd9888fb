/* The payment-identifier extension: {"offer": extensions, "paid": extensions}. What is read of
 * each, and whether the paid one echoes the offer, is asked a second time of another library's
 * reading, with a judge of the schema subset of this file's own, and so is each side's info by its
 * own schema; what is read is written in the built-in form and read as the same, which echoes
 * itself. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "x402/payment_identifier.h"

enum { ARENA_BYTES = 1 << 25 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

/* ---- a second judge: of documents without fractions and exponents ---- */

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text != NULL && strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_type_name(const json_t *value)
{
    static const char *const names[] = {"null",  "boolean", "number", "string",
                                        "array", "object",  "integer"};

    return is_one_of(json_string_value(value), names, ARRAY_LEN(names)) &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_list_of(const json_t *value, bool is_item(const json_t *))
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_item(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) <= INT64_C(9007199254740991);
}

static bool is_schema(const json_t *schema);

static bool is_keyword(const char *name, const json_t *value)
{
    static const char *const texts[] = {"$id", "$schema", "title", "description"};
    static const char *const counts[] = {"minLength", "maxLength"};
    static const char *const lists[] = {"enum", "examples"};
    static const char *const any[] = {"const", "default"};
    const char *inner;
    json_t *property;

    if (is_one_of(name, texts, ARRAY_LEN(texts)))
        return json_is_string(value);
    if (is_one_of(name, counts, ARRAY_LEN(counts)))
        return is_count(value);
    if (is_one_of(name, lists, ARRAY_LEN(lists)))
        return json_is_array(value);
    if (is_one_of(name, any, ARRAY_LEN(any)))
        return true;
    if (strcmp(name, "required") == 0)
        return is_list_of(value, is_text);
    if (strcmp(name, "type") == 0)
        return is_type_name(value) ||
               (json_array_size(value) > 0 && is_list_of(value, is_type_name));
    if (strcmp(name, "additionalProperties") == 0)
        return json_is_boolean(value) || is_schema(value);
    if (strcmp(name, "properties") != 0 || !json_is_object(value))
        return false;
    json_object_foreach ((json_t *)(uintptr_t)value, inner, property)
        if (!is_schema(property))
            return false;
    return true;
}

/* As deep as documents are. */
static bool is_schema(const json_t *schema)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)schema, name, value)
        if (!is_keyword(name, value))
            return false;
    return json_is_object(schema);
}

static bool is_of_type(const json_t *value, const char *type)
{
    return (strcmp(type, "null") == 0 && json_is_null(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value)) ||
           ((strcmp(type, "number") == 0 || strcmp(type, "integer") == 0) &&
            json_is_integer(value));
}

static bool is_of_kind(const json_t *value, const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type"), *same = json_object_get(schema, "const");
    const json_t *list = json_object_get(schema, "enum");
    bool has_type = type == NULL, is_listed = list == NULL;

    if (json_is_string(type))
        has_type = is_of_type(value, json_string_value(type));
    for (size_t i = 0; i < json_array_size(type); i++)
        has_type = has_type || is_of_type(value, json_string_value(json_array_get(type, i)));
    for (size_t i = 0; i < json_array_size(list); i++)
        is_listed = is_listed || json_equal(value, json_array_get(list, i));
    return has_type && is_listed && (same == NULL || json_equal(value, same));
}

static bool is_as_long(const json_t *value, const json_t *schema)
{
    const json_t *least = json_object_get(schema, "minLength");
    const json_t *most = json_object_get(schema, "maxLength");
    const char *text = json_string_value(value);
    json_int_t length = 0;

    for (size_t i = 0; i < json_string_length(value); i++)
        length += ((unsigned char)text[i] & 0xC0) != 0x80;
    return !json_is_string(value) || ((least == NULL || length >= json_integer_value(least)) &&
                                      (most == NULL || length <= json_integer_value(most)));
}

static bool has_named(const json_t *object, const json_t *name)
{
    const char *text = json_string_value(name);

    return strlen(text) == json_string_length(name) && json_object_get(object, text) != NULL;
}

static bool is_instance(const json_t *value, const json_t *schema)
{
    const json_t *names = json_object_get(schema, "required");
    const char *name;
    json_t *member;

    if (!is_of_kind(value, schema) || !is_as_long(value, schema))
        return false;
    for (size_t i = 0; json_is_object(value) && i < json_array_size(names); i++)
        if (!has_named(value, json_array_get(names, i)))
            return false;
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        const json_t *rule = json_object_get(json_object_get(schema, "properties"), name);

        if (rule == NULL)
            rule = json_object_get(schema, "additionalProperties");
        if (json_is_false(rule) || (json_is_object(rule) && !is_instance(member, rule)))
            return false;
    }
    return true;
}

/* ---- a second reading ---- */

static bool is_id(const json_t *id)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = json_string_length(id);

    return id == NULL || (json_is_string(id) && len >= 16 && len <= 128 &&
                          strspn(json_string_value(id), letters) == len);
}

static enum x402_identifier_state second_state(const json_t *extensions, const json_t *built_in)
{
    const json_t *extension = json_object_get(extensions, "payment-identifier");
    const json_t *info = json_object_get(extension, "info");
    const json_t *schema = json_object_get(extension, "schema");

    if (extension == NULL)
        return X402_IDENTIFIER_ABSENT;
    if (!json_is_object(info) || !json_is_object(schema) ||
        !json_is_boolean(json_object_get(info, "required")) || !is_id(json_object_get(info, "id")))
        return X402_IDENTIFIER_MALFORMED;
    return json_equal(schema, built_in) || is_schema(schema) ? X402_IDENTIFIER_PRESENT
                                                             : X402_IDENTIFIER_MALFORMED;
}

static bool second_is_echo(const json_t *paid, const json_t *offer, const json_t *built_in)
{
    const json_t *echo = json_object_get(paid, "payment-identifier");
    const json_t *advertised = json_object_get(offer, "payment-identifier");
    const json_t *schema = json_object_get(advertised, "schema");
    const json_t *info = json_object_get(echo, "info");
    const char *name;
    json_t *member;

    json_object_foreach (json_object_get(advertised, "info"), name, member)
        if (!json_equal(member, json_object_get(info, name)))
            return false;
    return json_equal(schema, json_object_get(echo, "schema")) &&
           (json_equal(schema, built_in) || is_instance(info, schema));
}

/* ---- checks ---- */

struct side {
    enum x402_identifier_state state;
    struct x402_identifier identifier;
};

static struct side read_side(struct assay_arena *arena, const struct assay_json *doc,
                             const char *name)
{
    struct assay_err err = {0};
    struct side side = {.identifier = {.id = ASSAY_LIT("")}};

    side.state =
        x402_identifier_read(&side.identifier, arena, doc, assay_json_member(doc, 0, name), &err);
    FUZZ_CHECK((side.state == X402_IDENTIFIER_MALFORMED) == (err.code != ASSAY_OK));
    FUZZ_CHECK(err.code != ASSAY_E_NOMEM);
    return side;
}

/* Its schema, by another library. */
static json_t *check_written(struct assay_arena *arena, const struct x402_identifier *identifier)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct assay_json doc;
    struct side again;
    json_t *written, *schema;

    assay_buf_add_str(&out, "{\"paid\":{\"payment-identifier\":");
    x402_identifier_write(&out, identifier->required, identifier->id);
    assay_buf_add_str(&out, "}}");
    FUZZ_CHECK(x402_document_parse(&doc, arena, assay_buf_view(&out), true, NULL) == ASSAY_OK);
    again = read_side(arena, &doc, "paid");
    FUZZ_CHECK(again.state == X402_IDENTIFIER_PRESENT);
    FUZZ_CHECK(again.identifier.required == identifier->required);
    FUZZ_CHECK(assay_bytes_equal(again.identifier.id, identifier->id));
    FUZZ_CHECK(x402_identifier_is_echo(&doc, &again.identifier, &doc, &again.identifier));
    written = fuzz_second(assay_buf_view(&out));
    schema = json_incref(json_object_get(
        json_object_get(json_object_get(written, "paid"), "payment-identifier"), "schema"));
    json_decref(written);
    assay_buf_fini(&out);
    return schema;
}

/* Each side's info by the schema beside it, whatever the other side says. */
static void check_instance(const struct assay_json *doc, const char *side, const json_t *second)
{
    uint32_t extensions = assay_json_member(doc, 0, side);
    uint32_t extension = assay_json_member(doc, extensions, "payment-identifier");
    uint32_t info = assay_json_member(doc, extension, "info");
    uint32_t schema = assay_json_member(doc, extension, "schema");
    const json_t *same = json_object_get(json_object_get(second, side), "payment-identifier");
    const json_t *value = json_object_get(same, "info"), *by = json_object_get(same, "schema");
    enum assay_code rc = ASSAY_E_MALFORMED;

    if (info == ASSAY_JSON_NONE || schema == ASSAY_JSON_NONE)
        return;
    if (is_schema(by))
        rc = is_instance(value, by) ? ASSAY_OK : ASSAY_E_MISMATCH;
    FUZZ_CHECK(x402_identifier_check_schema(doc, info, doc, schema, NULL) == rc);
}

static void check_second(const struct assay_json *doc, const json_t *second,
                         const struct side *offer, const struct side *paid, const json_t *built_in)
{
    const json_t *offered = json_object_get(second, "offer");
    const json_t *echoed = json_object_get(second, "paid");

    check_instance(doc, "offer", second);
    check_instance(doc, "paid", second);
    FUZZ_CHECK(offer->state == second_state(offered, built_in));
    FUZZ_CHECK(paid->state == second_state(echoed, built_in));
    if (offer->state == X402_IDENTIFIER_PRESENT && paid->state == X402_IDENTIFIER_PRESENT)
        FUZZ_CHECK(x402_identifier_is_echo(doc, &paid->identifier, doc, &offer->identifier) ==
                   second_is_echo(echoed, offered, built_in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct side offer, paid;
    struct assay_json doc;
    json_t *built_in, *second;

    if (x402_document_parse(&doc, &arena, assay_bytes_of(data, size), true, NULL) == ASSAY_OK) {
        offer = read_side(&arena, &doc, "offer");
        paid = read_side(&arena, &doc, "paid");
        built_in = check_written(&arena, &paid.identifier);
        second = fuzz_second(doc.text);
        if (second != NULL && !fuzz_second_has_real(second))
            check_second(&doc, second, &offer, &paid, built_in);
        json_decref(second);
        json_decref(built_in);
    }
    assay_arena_fini(&arena);
    return 0;
}
