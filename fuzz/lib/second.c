/* A second reading of JSON; see second.h. */
#include "fuzz/lib/second.h"

enum { TEXT_MAX_BYTES = 1 << 24 };

json_t *fuzz_second(struct assay_bytes text)
{
    return json_loadb((const char *)text.at, text.len,
                      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
}

const json_t *fuzz_second_text(struct assay_bytes *out, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);

    *out = ASSAY_LIT("");
    if (!json_is_string(member))
        return NULL;
    *out = assay_bytes_of(json_string_value(member), json_string_length(member));
    return member;
}

static bool is_same_text(const struct assay_json *doc, uint32_t token, struct assay_bytes text)
{
    struct assay_buf read = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    bool is_same = assay_json_string(&read, doc, token) == ASSAY_OK &&
                   assay_bytes_equal(assay_buf_view(&read), text);

    assay_buf_fini(&read);
    return is_same;
}

/* What has a fraction or an exponent, or is negative, is no number of 64 bits here. */
static bool is_same_number(const struct assay_json *doc, uint32_t token, const json_t *value)
{
    uint64_t number = 0;
    enum assay_code rc = assay_json_u64(&number, doc, token);
    struct assay_bytes raw = assay_json_raw(doc, token);

    if (!json_is_integer(value) || raw.at[0] == '-')
        return json_is_number(value) && rc == ASSAY_E_MALFORMED;
    return rc == ASSAY_OK && number == (uint64_t)json_integer_value(value);
}

static bool is_same_array(const struct assay_json *doc, uint32_t token, const json_t *value)
{
    size_t i = 0;

    for (uint32_t at = assay_json_first(doc, token); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, token, at))
        if (!fuzz_second_agrees(doc, at, json_array_get(value, i++)))
            return false;
    return i == json_array_size(value) && i == doc->tokens[token].count;
}

static bool is_same_member(const struct assay_json *doc, uint32_t name, const json_t *object)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    bool is_same = assay_json_string(&text, doc, name) == ASSAY_OK;
    const char *key = assay_buf_cstr(&text);

    is_same = is_same && key != NULL && strlen(key) == text.len &&
              fuzz_second_agrees(doc, name + 1, json_object_get(object, key));
    assay_buf_fini(&text);
    return is_same;
}

static bool is_same_object(const struct assay_json *doc, uint32_t token, const json_t *value)
{
    for (uint32_t at = assay_json_first(doc, token); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, token, at))
        if (!is_same_member(doc, at, value))
            return false;
    return json_object_size(value) == doc->tokens[token].count;
}

/* As deep as the tokenizer takes documents. */
bool fuzz_second_agrees(const struct assay_json *doc, uint32_t token, const json_t *value)
{
    switch (assay_json_type(doc, token)) {
    case ASSAY_JSON_NULL:
        return token != ASSAY_JSON_NONE && json_is_null(value);
    case ASSAY_JSON_FALSE:
        return json_is_false(value);
    case ASSAY_JSON_TRUE:
        return json_is_true(value);
    case ASSAY_JSON_NUMBER:
        return is_same_number(doc, token, value);
    case ASSAY_JSON_STRING:
        return json_is_string(value) &&
               is_same_text(doc, token,
                            assay_bytes_of(json_string_value(value), json_string_length(value)));
    case ASSAY_JSON_ARRAY:
        return json_is_array(value) && is_same_array(doc, token, value);
    case ASSAY_JSON_OBJECT:
        return json_is_object(value) && is_same_object(doc, token, value);
    }
    return false;
}

/* As deep as jansson takes documents. */
bool fuzz_second_has_real(const json_t *value)
{
    const char *name;
    json_t *member;

    if (json_is_real(value))
        return true;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (fuzz_second_has_real(json_array_get(value, i)))
            return true;
    json_object_foreach ((json_t *)(uintptr_t)value, name, member)
        if (fuzz_second_has_real(member))
            return true;
    return false;
}
