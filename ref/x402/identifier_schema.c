/* The subset of JSON Schema that an advertised schema of the payment-identifier extension may use;
 * see payment_identifier.h.
 *
 * A schema is judged as a whole before a value is: every keyword has the shape that JSON Schema
 * gives it, and no other is there. Of duplicate members the last one counts, so objects are walked
 * in canonical order. Both walks call themselves through nested schemas, and a document nests them
 * no deeper than the tokenizer allows. */
#include "x402/payment_identifier.h"

#include "base/planted.h"

enum { NUMBER_TEXT_MAX_BYTES = 32 };

/* What the value of a keyword has to be. */
enum shape {
    ANYTHING,
    TEXT,
    COUNT,
    LIST,
    NAMES,          /* an array of texts */
    TYPES,          /* the name of a type, or an array of them */
    SCHEMAS,        /* an object of schemas */
    SCHEMA_OR_FLAG, /* a schema, or whether anything may be */
};

static const struct {
    const char *name;
    enum shape shape;
} keywords[] = {
    {"$id", TEXT},           {"$schema", TEXT},
    {"title", TEXT},         {"description", TEXT},
    {"const", ANYTHING},     {"default", ANYTHING},
    {"enum", LIST},          {"examples", LIST},
    {"minLength", COUNT},    {"maxLength", COUNT},
    {"required", NAMES},     {"type", TYPES},
    {"properties", SCHEMAS}, {"additionalProperties", SCHEMA_OR_FLAG},
};

/* By the type that a document's value has; the last is said of numbers besides. */
enum { INTEGER = ASSAY_JSON_OBJECT + 1 };
static const char *const type_names[] = {
    [ASSAY_JSON_NULL] = "null",     [ASSAY_JSON_FALSE] = "boolean", [ASSAY_JSON_TRUE] = "boolean",
    [ASSAY_JSON_NUMBER] = "number", [ASSAY_JSON_STRING] = "string", [ASSAY_JSON_ARRAY] = "array",
    [ASSAY_JSON_OBJECT] = "object", [INTEGER] = "integer",
};

struct schema_reader {
    const struct assay_json *doc;
    struct assay_err *err;
};

static enum assay_code malformed(const struct schema_reader *r, uint32_t at, const char *what)
{
    size_t byte = at < r->doc->token_count ? r->doc->tokens[at].start : 0;

    return assay_fail(r->err, ASSAY_E_MALFORMED, byte, "x402: the schema: %s, at byte %zu", what,
                      byte);
}

static enum assay_code check_schema(const struct schema_reader *r, uint32_t schema);

static bool is_type_name(const struct assay_json *doc, uint32_t token)
{
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        if (assay_json_string_is(doc, token, type_names[i]))
            return true;
    }
    return false;
}

static bool is_text(const struct assay_json *doc, uint32_t token)
{
    return assay_json_type(doc, token) == ASSAY_JSON_STRING;
}

/* An array whose items all are what is asked. */
static bool is_array_of(const struct assay_json *doc, uint32_t array,
                        bool is_item(const struct assay_json *, uint32_t))
{
    if (assay_json_type(doc, array) != ASSAY_JSON_ARRAY)
        return false;
    for (uint32_t at = assay_json_first(doc, array); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, array, at)) {
        if (!is_item(doc, at))
            return false;
    }
    return true;
}

/* A name that a value's members cannot be compared with would be a rule that never holds. */
static enum assay_code check_schemas(const struct schema_reader *r, uint32_t object)
{
    enum assay_code rc = ASSAY_OK;

    if (assay_json_type(r->doc, object) != ASSAY_JSON_OBJECT)
        return malformed(r, object, "properties is no object");
    for (uint32_t name = r->doc->tokens[object].order; name != ASSAY_JSON_NONE && rc == ASSAY_OK;
         name = r->doc->tokens[name].order) {
        if (x402_member_like(r->doc, object, r->doc, name) == ASSAY_JSON_NONE)
            return malformed(r, name, "the name of a property holds U+0000 or is too long");
        rc = check_schema(r, name + 1);
    }
    return rc;
}

static enum assay_code check_shape(const struct schema_reader *r, enum shape shape, uint32_t object,
                                   const char *name, uint32_t value)
{
    enum assay_json_type type = assay_json_type(r->doc, value);
    uint64_t count = 0;
    bool ok = true;

    switch (shape) {
    case ANYTHING:
        break;
    case TEXT:
        ok = type == ASSAY_JSON_STRING;
        break;
    case COUNT:
        ok = x402_integer(&count, r->doc, object, name);
        break;
    case LIST:
        ok = type == ASSAY_JSON_ARRAY;
        break;
    case NAMES:
        ok = is_array_of(r->doc, value, is_text);
        break;
    case TYPES:
        ok = is_type_name(r->doc, value) ||
             (r->doc->tokens[value].count > 0 && is_array_of(r->doc, value, is_type_name));
        break;
    case SCHEMAS:
        return check_schemas(r, value);
    case SCHEMA_OR_FLAG:
        if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
            return check_schema(r, value);
        break;
    }
    return ok ? ASSAY_OK : malformed(r, value, "the value of a keyword has the wrong shape");
}

static enum assay_code check_keyword(const struct schema_reader *r, uint32_t object, uint32_t name)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
        if (assay_json_string_is(r->doc, name, keywords[i].name))
            return check_shape(r, keywords[i].shape, object, keywords[i].name, name + 1);
    }
    return malformed(r, name, "a keyword is outside the subset");
}

static enum assay_code check_schema(const struct schema_reader *r, uint32_t schema)
{
    enum assay_code rc = ASSAY_OK;

    if (assay_json_type(r->doc, schema) != ASSAY_JSON_OBJECT)
        return malformed(r, schema, "it is no object");
    for (uint32_t name = r->doc->tokens[schema].order; name != ASSAY_JSON_NONE && rc == ASSAY_OK;
         name = r->doc->tokens[name].order)
        rc = check_keyword(r, schema, name);
    return rc;
}

/* A value of one document against a schema of another. */
struct judge {
    const struct assay_json *doc;
    const struct assay_json *schemas;
    struct assay_err *err;
};

static enum assay_code mismatch(const struct judge *j, uint32_t value, const char *keyword)
{
    size_t byte = j->doc->tokens[value].start;

    return assay_fail(j->err, ASSAY_E_MISMATCH, byte,
                      "x402: breaks %s of the advertised schema, at byte %zu", keyword, byte);
}

static enum assay_code judge_value(const struct judge *j, uint32_t value, uint32_t schema);

/* Number.isInteger: above 2^53 every double is one, and from 10^21 on they have an exponent. */
static bool is_integral(const struct assay_json *doc, uint32_t number)
{
    char room[NUMBER_TEXT_MAX_BYTES];
    struct assay_buf text = ASSAY_BUF_OVER(room);
    struct assay_bytes form;
    size_t exponent;

    if (assay_json_canonical(&text, doc, number, NULL) != ASSAY_OK)
        return false; /* infinite */
    form = assay_buf_view(&text);
    exponent = assay_bytes_find(form, 'e', 0);
    if (exponent < form.len)
        return form.at[exponent + 1] == '+';
    return assay_bytes_find(form, '.', 0) == form.len;
}

static bool is_of_type(const struct judge *j, uint32_t value, uint32_t type)
{
    enum assay_json_type have = assay_json_type(j->doc, value);

    return assay_json_string_is(j->schemas, type, type_names[have]) ||
           (have == ASSAY_JSON_NUMBER &&
            assay_json_string_is(j->schemas, type, type_names[INTEGER]) &&
            is_integral(j->doc, value));
}

static bool is_equal(const struct judge *j, uint32_t value, uint32_t wanted)
{
    return x402_equal(j->doc, value, j->schemas, wanted);
}

/* Whether one item of the array, or what stands there instead of an array, is what is asked. */
static bool has_one(const struct judge *j, uint32_t value, uint32_t array,
                    bool is_it(const struct judge *, uint32_t value, uint32_t item))
{
    for (uint32_t at = assay_json_first(j->schemas, array); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(j->schemas, array, at)) {
        if (is_it(j, value, at))
            return true;
    }
    return assay_json_type(j->schemas, array) != ASSAY_JSON_ARRAY && is_it(j, value, array);
}

static enum assay_code judge_kind(const struct judge *j, uint32_t value, uint32_t schema)
{
    uint32_t type = assay_json_member(j->schemas, schema, "type");
    uint32_t same = assay_json_member(j->schemas, schema, "const");
    uint32_t list = assay_json_member(j->schemas, schema, "enum");

    if (type != ASSAY_JSON_NONE && !has_one(j, value, type, is_of_type))
        return mismatch(j, value, "type");
    if (same != ASSAY_JSON_NONE && !is_equal(j, value, same))
        return mismatch(j, value, "const");
    if (list != ASSAY_JSON_NONE && !has_one(j, value, list, is_equal))
        return mismatch(j, value, "enum");
    return ASSAY_OK;
}

static enum assay_code judge_length(const struct judge *j, uint32_t value, uint32_t schema)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    uint64_t least = 0, most = UINT64_MAX, length = 0;
    bool has_least = x402_integer(&least, j->schemas, schema, "minLength");
    bool has_most = x402_integer(&most, j->schemas, schema, "maxLength");
    enum assay_code rc;

    if (!(has_least || has_most) || !is_text(j->doc, value))
        return ASSAY_OK;
    rc = assay_json_string(&text, j->doc, value);
    for (size_t i = 0; i < text.len; i++)
        /* a code point has one first byte */
        length += (text.at[i] & 0xC0) != 0x80 || PLANTED(schema_length) ? 1 : 0;
    assay_buf_fini(&text);
    if (rc != ASSAY_OK)
        return assay_fail(j->err, rc, j->doc->tokens[value].start, "x402: %s", assay_code_text(rc));
    if (length < least)
        return mismatch(j, value, "minLength");
    return length <= most ? ASSAY_OK : mismatch(j, value, "maxLength");
}

static enum assay_code judge_required(const struct judge *j, uint32_t object, uint32_t schema)
{
    uint32_t names = assay_json_member(j->schemas, schema, "required");

    for (uint32_t at = assay_json_first(j->schemas, names); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(j->schemas, names, at)) {
        if (x402_member_like(j->doc, object, j->schemas, at) == ASSAY_JSON_NONE)
            return mismatch(j, object, "required");
    }
    return ASSAY_OK;
}

/* A member that properties names is judged by its schema there, any other by
 * additionalProperties. */
static enum assay_code judge_member(const struct judge *j, uint32_t name, uint32_t schema)
{
    uint32_t properties = assay_json_member(j->schemas, schema, "properties");
    uint32_t rule = x402_member_like(j->schemas, properties, j->doc, name);

    if (rule == ASSAY_JSON_NONE)
        rule = assay_json_member(j->schemas, schema, "additionalProperties");
    if (assay_json_type(j->schemas, rule) == ASSAY_JSON_FALSE)
        return mismatch(j, name, "additionalProperties");
    return assay_json_type(j->schemas, rule) == ASSAY_JSON_OBJECT ? judge_value(j, name + 1, rule)
                                                                  : ASSAY_OK;
}

static enum assay_code judge_value(const struct judge *j, uint32_t value, uint32_t schema)
{
    enum assay_code rc;

    if ((rc = judge_kind(j, value, schema)) != ASSAY_OK ||
        (rc = judge_length(j, value, schema)) != ASSAY_OK)
        return rc;
    if (assay_json_type(j->doc, value) != ASSAY_JSON_OBJECT)
        return ASSAY_OK;
    rc = judge_required(j, value, schema);
    for (uint32_t name = j->doc->tokens[value].order; name != ASSAY_JSON_NONE && rc == ASSAY_OK;
         name = j->doc->tokens[name].order)
        rc = judge_member(j, name, schema);
    return rc;
}

enum assay_code x402_identifier_check_schema(const struct assay_json *doc, uint32_t info,
                                             const struct assay_json *schema_doc, uint32_t schema,
                                             struct assay_err *err)
{
    const struct schema_reader reader = {schema_doc, err};
    const struct judge judge = {doc, schema_doc, err};
    enum assay_code rc = check_schema(&reader, schema);

    return rc != ASSAY_OK || info == ASSAY_JSON_NONE ? rc : judge_value(&judge, info, schema);
}
