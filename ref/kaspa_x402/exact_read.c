/* Reading the members of an object by a table; see exact_read.h. */
#include "kaspa_x402/exact_read.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "x402/document.h"

#include <stdio.h>

void kx_read_record(const struct kx_reader *r, enum assay_code code, uint32_t token,
                    const char *member, const char *what)
{
    size_t at = token < r->doc->token_count ? r->doc->tokens[token].start : 0;

    (void)assay_fail(r->err, code, at, "%s.%s %s", r->place, member, what);
}

/* The text of a member whose value is at `token`. */
static enum assay_code read_text(const struct kx_reader *r, uint32_t object, uint32_t token,
                                 const char *name, struct assay_bytes *out)
{
    struct assay_bytes raw = assay_json_raw(r->doc, token);

    if (assay_json_type(r->doc, token) != ASSAY_JSON_STRING)
        return ASSAY_E_TYPE;
    *out = assay_bytes_part(raw, 1, raw.len - 1);
    return !r->doc->tokens[token].escaped || x402_text(out, r->arena, r->doc, object, name)
               ? ASSAY_OK
               : ASSAY_E_NOMEM;
}

static enum assay_code read_u32(const struct kx_reader *r, uint32_t object, uint32_t token,
                                const char *name, uint64_t *out)
{
    if (assay_json_u64(out, r->doc, token) != ASSAY_OK && !x402_integer(out, r->doc, object, name))
        return ASSAY_E_TYPE;
    return *out <= UINT32_MAX ? ASSAY_OK : ASSAY_E_RANGE;
}

/* Hex of `least` bytes or more. */
static enum assay_code read_hex(const struct kx_reader *r, struct assay_bytes text, size_t least,
                                struct assay_bytes *out)
{
    uint8_t *at = assay_arena_alloc(r->arena, text.len / 2);

    if (at == NULL)
        return ASSAY_E_NOMEM;
    *out = assay_bytes_of(at, text.len / 2);
    if (out->len < least)
        return ASSAY_E_MALFORMED;
    return assay_hex_decode(at, out->len, text, false);
}

/* "0000" and at least one byte of script. */
static enum assay_code read_spk(const struct kx_reader *r, struct assay_bytes text,
                                struct assay_bytes *out)
{
    enum assay_code rc = read_hex(r, text, 3, out);

    return rc == ASSAY_OK && (out->at[0] != 0 || out->at[1] != 0) ? ASSAY_E_MALFORMED : rc;
}

static enum assay_code read_sum(uint64_t *out, struct assay_bytes text)
{
    uint64_t sum;
    enum assay_code rc = assay_decimal_u64(&sum, text);

    if (rc == ASSAY_OK && sum > INT64_MAX)
        rc = ASSAY_E_RANGE;
    if (rc == ASSAY_OK)
        *out = sum;
    return rc;
}

static enum assay_code read_flag(const struct kx_reader *r, uint32_t token, bool *out)
{
    enum assay_json_type type = assay_json_type(r->doc, token);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        return ASSAY_E_TYPE;
    *out = type == ASSAY_JSON_TRUE;
    return ASSAY_OK;
}

static enum assay_code read_outpoint(const struct kx_reader *r, uint32_t token, const char *name,
                                     struct kaspa_outpoint *out);

static enum assay_code read_value(const struct kx_reader *r, uint32_t object, uint32_t token,
                                  const struct kx_member *m, uint8_t *at)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc;

    if (m->kind == KX_KIND_U32)
        return read_u32(r, object, token, m->name, (void *)at);
    if (m->kind == KX_KIND_OUTPOINT)
        return read_outpoint(r, token, m->name, (void *)at);
    if (m->kind == KX_KIND_FLAG)
        return read_flag(r, token, (void *)at);
    if (m->kind == KX_KIND_TOKEN) {
        *(uint32_t *)(void *)at = token;
        return ASSAY_OK;
    }
    if ((rc = read_text(r, object, token, m->name, &text)) != ASSAY_OK)
        return rc;
    switch (m->kind) {
    case KX_KIND_CONST:
        return assay_bytes_is(text, m->text) ? ASSAY_OK : ASSAY_E_UNKNOWN;
    case KX_KIND_AMOUNT:
        return assay_decimal_u64((void *)at, text);
    case KX_KIND_SUM:
        return read_sum((void *)at, text);
    case KX_KIND_BYTES:
        return assay_hex_decode(at, m->size, text, false);
    case KX_KIND_HEX:
    case KX_KIND_SCRIPT:
        return read_hex(r, text, m->kind == KX_KIND_HEX ? 0 : 1, (void *)at);
    case KX_KIND_SPK:
        return read_spk(r, text, (void *)at);
    case KX_KIND_U32:
    case KX_KIND_OUTPOINT:
    case KX_KIND_TOKEN:
    case KX_KIND_FLAG:
    case KX_KIND_TEXT:
        break;
    }
    *(struct assay_bytes *)(void *)at = text;
    return ASSAY_OK;
}

static const char *what_is_wrong(enum assay_code rc, enum kx_kind kind)
{
    if (rc != ASSAY_E_TYPE)
        return assay_code_text(rc);
    switch (kind) {
    case KX_KIND_U32:
        return "has the wrong type: it has to be a number";
    case KX_KIND_AMOUNT:
    case KX_KIND_SUM:
        return "has the wrong type: it has to be a decimal text";
    case KX_KIND_OUTPOINT:
        return "has the wrong type: it has to be an object";
    case KX_KIND_FLAG:
        return "has the wrong type: it has to be true or false";
    case KX_KIND_CONST:
    case KX_KIND_TEXT:
    case KX_KIND_BYTES:
    case KX_KIND_HEX:
    case KX_KIND_SCRIPT:
    case KX_KIND_SPK:
    case KX_KIND_TOKEN:
        break;
    }
    return "has the wrong type: it has to be a text";
}

bool kx_read_members(const struct kx_reader *r, uint32_t object, const struct kx_member *members,
                     size_t count, void *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct kx_member *m = &members[i];
        uint32_t token = assay_json_member(r->doc, object, m->name);
        enum assay_code rc;

        if (token == ASSAY_JSON_NONE && m->is_optional)
            continue;
        if (token == ASSAY_JSON_NONE)
            rc = ASSAY_E_MISSING;
        else
            rc = read_value(r, object, token, m, (uint8_t *)out + m->offset);
        if (rc != ASSAY_OK)
            return kx_read_fail(r, rc, token == ASSAY_JSON_NONE ? object : token, m->name,
                                what_is_wrong(rc, m->kind));
    }
    return true;
}

/* Most names differ from all of the list in their length. */
static bool is_named(const struct assay_json *doc, uint32_t name, struct assay_bytes one)
{
    const struct assay_json_token *t = &doc->tokens[name];

    return (t->escaped || t->end - t->start == one.len) &&
           assay_json_string_is(doc, name, (const char *)one.at);
}

static bool is_in_table(const struct assay_json *doc, uint32_t name,
                        const struct kx_member *members, size_t count)
{
    size_t i = 0;

    while (i < count && !is_named(doc, name, assay_str(members[i].name)))
        i++;
    return i < count;
}

bool kx_read_closed(const struct kx_reader *r, uint32_t object, const struct kx_member *members,
                    size_t count, void *out)
{
    if (!kx_read_members(r, object, members, count, out))
        return false;
    for (uint32_t at = assay_json_first(r->doc, object); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, object, at)) {
        if (is_in_table(r->doc, at, members, count))
            continue;
        (void)assay_fail(r->err, ASSAY_E_UNKNOWN, r->doc->tokens[at].start, "%s has another member",
                         r->place);
        return false;
    }
    return true;
}

/* The tables within it have no outpoints, so that this goes no deeper. */
static enum assay_code read_outpoint(const struct kx_reader *r, uint32_t token, const char *name,
                                     struct kaspa_outpoint *out)
{
    struct nested {
        struct kaspa_hash txid;
        uint64_t index;
    } read;
    static const struct kx_member members[] = {
        {"txid", KX_KIND_BYTES, KX_AT(struct nested, txid), NULL, false},
        {"index", KX_KIND_U32, KX_AT(struct nested, index), NULL, false},
    };
    struct kx_reader inner = *r;
    char place[64];

    (void)snprintf(place, sizeof(place), "%s.%s", r->place, name); /* cut where it is longer */
    inner.place = place;
    if (!kx_read_closed(&inner, token, members, ARRAY_LEN(members), &read))
        return ASSAY_E_MALFORMED;
    *out = (struct kaspa_outpoint){read.txid, (uint32_t)read.index};
    return ASSAY_OK;
}

bool kx_read_without(const struct kx_reader *r, uint32_t object, const struct assay_bytes *names,
                     size_t count)
{
    for (uint32_t at = assay_json_first(r->doc, object); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, object, at)) {
        for (size_t i = 0; i < count; i++) {
            if (is_named(r->doc, at, names[i]))
                return kx_read_fail(r, ASSAY_E_DENIED, at, (const char *)names[i].at,
                                    "is not allowed");
        }
    }
    return true;
}
