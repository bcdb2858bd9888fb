/* Reading and writing the JSON of node RPC; see kaspa_json.h. */
#include "net/kaspa_json.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "base/planted.h"

void ref_kaspa_read_fail(struct ref_kaspa_reader *r, const char *name, const char *what)
{
    if (r->bad == ASSAY_OK)
        r->bad = assay_fail(r->err, ASSAY_E_MALFORMED, 0, "the answer to %s: %s %s", r->method,
                            name, what);
}

/* A member of that type, or NONE. */
static uint32_t read_typed(struct ref_kaspa_reader *r, uint32_t object, const char *name,
                           enum assay_json_type type, const char *what)
{
    uint32_t token = assay_json_member(r->doc, object, name);

    if (token == ASSAY_JSON_NONE)
        ref_kaspa_read_fail(r, name, "is missing");
    else if (assay_json_type(r->doc, token) != type)
        ref_kaspa_read_fail(r, name, what);
    return r->bad == ASSAY_OK ? token : ASSAY_JSON_NONE;
}

uint32_t ref_kaspa_read_object(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    return read_typed(r, object, name, ASSAY_JSON_OBJECT, "is no object");
}

uint32_t ref_kaspa_read_list(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    return read_typed(r, object, name, ASSAY_JSON_ARRAY, "is no list");
}

bool ref_kaspa_read_is(struct ref_kaspa_reader *r, uint32_t object, const char *name,
                       const char *text)
{
    uint32_t token = read_typed(r, object, name, ASSAY_JSON_STRING, "is no text");

    return token != ASSAY_JSON_NONE && assay_json_string_is(r->doc, token, text);
}

bool ref_kaspa_read_bool(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    uint32_t token = assay_json_member(r->doc, object, name);
    enum assay_json_type type = assay_json_type(r->doc, token);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        ref_kaspa_read_fail(r, name, "is neither true nor false");
    return r->bad == ASSAY_OK && type == ASSAY_JSON_TRUE;
}

uint64_t ref_kaspa_read_u64(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    uint32_t token = assay_json_member(r->doc, object, name);
    struct assay_bytes raw = assay_json_raw(r->doc, token);
    uint64_t value = 0;

    if (PLANTED(node_negative) && raw.len > 1 && raw.at[0] == '-')
        (void)!assay_decimal_u64(&value, assay_bytes_part(raw, 1, raw.len));
    else if (assay_json_u64(&value, r->doc, token) != ASSAY_OK)
        ref_kaspa_read_fail(r, name, "is no whole number of 64 bits");
    return r->bad == ASSAY_OK ? value : 0;
}

struct kaspa_hash ref_kaspa_read_hash_at(struct ref_kaspa_reader *r, uint32_t token,
                                         const char *name)
{
    struct assay_bytes raw = assay_json_raw(r->doc, token);
    struct kaspa_hash hash = {.at = {0}};

    if (assay_json_type(r->doc, token) != ASSAY_JSON_STRING ||
        assay_hex_decode(hash.at, sizeof(hash.at), assay_bytes_part(raw, 1, raw.len - 1), false) !=
            ASSAY_OK)
        ref_kaspa_read_fail(r, name, "is no text of 64 hex digits");
    return r->bad == ASSAY_OK ? hash : (struct kaspa_hash){.at = {0}};
}

struct kaspa_hash ref_kaspa_read_hash(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    return ref_kaspa_read_hash_at(r, assay_json_member(r->doc, object, name), name);
}

struct kaspa_outpoint ref_kaspa_read_outpoint(struct ref_kaspa_reader *r, uint32_t object,
                                              const char *name)
{
    uint32_t token = ref_kaspa_read_object(r, object, name);
    struct kaspa_outpoint outpoint = {.index = 0};
    uint64_t index;

    outpoint.txid = ref_kaspa_read_hash(r, token, "transactionId");
    index = ref_kaspa_read_u64(r, token, "index");
    if (index > UINT32_MAX)
        ref_kaspa_read_fail(r, "index", "is above 32 bits");
    outpoint.index = (uint32_t)index;
    return outpoint;
}

uint32_t ref_kaspa_read_optional(const struct ref_kaspa_reader *r, uint32_t object,
                                 const char *name)
{
    uint32_t token = assay_json_member(r->doc, object, name);

    return assay_json_type(r->doc, token) == ASSAY_JSON_NULL ? ASSAY_JSON_NONE : token;
}

void ref_kaspa_add_hash(struct assay_buf *out, const char *before, const struct kaspa_hash *hash)
{
    assay_buf_printf(out, "%s\"%s\"", before, ref_kaspa_hex(hash).text);
}

struct ref_kaspa_hex ref_kaspa_hex(const struct kaspa_hash *hash)
{
    struct ref_kaspa_hex hex;

    assay_hex_encode(hex.text, assay_bytes_of(hash->at, sizeof(hash->at)));
    return hex;
}

struct ref_kaspa_shown ref_kaspa_shown(const struct assay_json *doc, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(doc, token);
    struct ref_kaspa_shown shown = {.text = ""};

    if (assay_json_type(doc, token) == ASSAY_JSON_STRING)
        raw = assay_bytes_part(raw, 1, raw.len - 1);
    for (size_t i = 0; i < raw.len && i < sizeof(shown.text) - 1; i++)
        shown.text[i] = raw.at[i] >= ' ' && raw.at[i] < 0x7F ? (char)raw.at[i] : '?';
    return shown;
}
