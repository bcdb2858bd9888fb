/* The payment-identifier extension: read, echoed and written; see payment_identifier.h. */
#include "x402/payment_identifier.h"

#include "base/planted.h"
#include "defects/defects.h"

/* The schema of info as the reference advertises it, in canonical form. */
static const char built_in_schema[] =
    "{\"$id\":\"https://kaspa-x402.org/schemas/payment-identifier.schema.json\","
    "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"additionalProperties\":true,"
    "\"properties\":{\"id\":{\"maxLength\":128,\"minLength\":16,"
    "\"pattern\":\"^[A-Za-z0-9_-]+$\",\"type\":\"string\"},\"required\":{\"type\":\"boolean\"}},"
    "\"required\":[\"required\"],\"title\":\"Kaspa x402 Payment Identifier Extension Info\","
    "\"type\":\"object\"}";

static bool is_built_in(const struct assay_json *doc, uint32_t schema)
{
    char room[sizeof(built_in_schema)];
    struct assay_buf text = ASSAY_BUF_OVER(room);

    if (assay_bytes_is(assay_json_raw(doc, schema), built_in_schema))
        return true;
    return assay_json_canonical(&text, doc, schema, NULL) == ASSAY_OK &&
           assay_bytes_is(assay_buf_view(&text), built_in_schema);
}

bool x402_identifier_id_is_valid(struct assay_bytes id)
{
    if (REF_DEFECT(kx_identifier_form))
        return true;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.at[i];
        uint8_t letter = c | 0x20;

        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return id.len + PLANTED(identifier_length) >= X402_IDENTIFIER_MIN_CHARS &&
           id.len <= X402_IDENTIFIER_MAX_CHARS;
}

static enum assay_code fail(const struct assay_json *doc, uint32_t token, enum assay_code code,
                            const char *what, struct assay_err *err)
{
    return assay_fail(err, code, doc->tokens[token].start, "x402: payment-identifier: %s", what);
}

/* The member of that type; `in` is its parent. */
static enum assay_code find_object(uint32_t *out, const struct assay_json *doc, uint32_t in,
                                   const char *name, struct assay_err *err)
{
    uint32_t value = assay_json_member(doc, in, name);

    if (assay_json_type(doc, value) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_TYPE, doc->tokens[in].start,
                          "x402: payment-identifier: %s is no object", name);
    *out = value;
    return ASSAY_OK;
}

static enum assay_code read_required(struct x402_identifier *out, const struct assay_json *doc,
                                     struct assay_err *err)
{
    uint32_t value = assay_json_member(doc, out->info, "required");
    enum assay_json_type type = assay_json_type(doc, value);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        return fail(doc, out->info, ASSAY_E_TYPE, "required is no boolean", err);
    out->required = type == ASSAY_JSON_TRUE;
    return ASSAY_OK;
}

static enum assay_code read_id(struct x402_identifier *out, struct assay_arena *arena,
                               const struct assay_json *doc, struct assay_err *err)
{
    uint32_t value = assay_json_member(doc, out->info, "id");

    if (value == ASSAY_JSON_NONE)
        return ASSAY_OK;
    if (assay_json_type(doc, value) != ASSAY_JSON_STRING)
        return fail(doc, value, ASSAY_E_TYPE, "id is no text", err);
    if (!x402_text(&out->id, arena, doc, out->info, "id"))
        return fail(doc, value, ASSAY_E_NOMEM, "no memory for its id", err);
    if (!x402_identifier_id_is_valid(out->id))
        return fail(doc, value, ASSAY_E_MALFORMED, "id is not 16 to 128 of A-Z a-z 0-9 _ -", err);
    return ASSAY_OK;
}

enum x402_identifier_state x402_identifier_read(struct x402_identifier *out,
                                                struct assay_arena *arena,
                                                const struct assay_json *doc, uint32_t extensions,
                                                struct assay_err *err)
{
    uint32_t extension = assay_json_member(doc, extensions, "payment-identifier");
    struct x402_identifier found = {.id = ASSAY_LIT("")};

    if (extension == ASSAY_JSON_NONE)
        return X402_IDENTIFIER_ABSENT;
    if (find_object(&found.info, doc, extension, "info", err) != ASSAY_OK ||
        find_object(&found.schema, doc, extension, "schema", err) != ASSAY_OK ||
        read_required(&found, doc, err) != ASSAY_OK || read_id(&found, arena, doc, err) != ASSAY_OK)
        return X402_IDENTIFIER_MALFORMED;
    if (!is_built_in(doc, found.schema) &&
        x402_identifier_check_schema(doc, ASSAY_JSON_NONE, doc, found.schema, err) != ASSAY_OK)
        return X402_IDENTIFIER_MALFORMED;
    *out = found;
    return X402_IDENTIFIER_PRESENT;
}

static bool has_members_of(const struct assay_json *paid, uint32_t echoed,
                           const struct assay_json *offer, uint32_t advertised)
{
    for (uint32_t name = offer->tokens[advertised].order; name != ASSAY_JSON_NONE;
         name = offer->tokens[name].order) {
        if (!x402_equal(paid, x402_member_like(paid, echoed, offer, name), offer, name + 1))
            return false;
    }
    return true;
}

bool x402_identifier_is_echo(const struct assay_json *paid, const struct x402_identifier *echo,
                             const struct assay_json *offer,
                             const struct x402_identifier *advertised)
{
    if (!x402_equal(paid, echo->schema, offer, advertised->schema) ||
        !has_members_of(paid, echo->info, offer, advertised->info))
        return false;
    return is_built_in(offer, advertised->schema) ||
           x402_identifier_check_schema(paid, echo->info, offer, advertised->schema, NULL) ==
               ASSAY_OK;
}

void x402_identifier_write(struct assay_buf *out, bool required, struct assay_bytes id)
{
    assay_buf_add_str(out, "{\"info\":{");
    if (id.len > 0) {
        assay_buf_add_str(out, "\"id\":");
        assay_json_add_string(out, id);
        assay_buf_add_byte(out, ',');
    }
    assay_buf_add_str(out, required ? "\"required\":true" : "\"required\":false");
    assay_buf_add_str(out, "},\"schema\":");
    assay_buf_add_str(out, built_in_schema);
    assay_buf_add_byte(out, '}');
}
