/* Reading JSON objects by tables of their members; see json_read.h. */
#include "kaspa/json_read.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "base/planted.h"
#include "kaspa/script.h"

#include <assert.h>

enum { NAME_SHOWN_BYTES = 40, PATH_MAX_BYTES = 128 };

/* An object that is being read into `out`. */
struct object {
    const struct kaspa_json_shape *shape;
    void *out;
    unsigned names; /* rows of the shape that were met */
    unsigned seen;  /* things that were read */
};

void kaspa_json_enter(struct kaspa_json_reader *r, const char *name, size_t index)
{
    assert(r->steps < KASPA_JSON_PATH_STEPS);
    r->path[r->steps++] = (struct kaspa_json_step){name, index};
}

void kaspa_json_leave(struct kaspa_json_reader *r)
{
    r->steps--;
}

enum assay_code kaspa_json_fail(struct kaspa_json_reader *r, enum assay_code code, uint32_t token,
                                const char *what)
{
    size_t at = token < r->doc->token_count ? r->doc->tokens[token].start : 0;
    char room[PATH_MAX_BYTES];
    struct assay_buf path = ASSAY_BUF_OVER(room);

    for (size_t i = 0; i < r->steps; i++) {
        assay_buf_add_str(&path, i > 0 ? "." : "");
        assay_buf_add_str(&path, r->path[i].name);
        if (r->path[i].index != KASPA_JSON_NO_INDEX)
            assay_buf_printf(&path, "[%zu]", r->path[i].index);
    }
    if (r->steps == 0)
        assay_buf_add_str(&path, "the value");
    return assay_fail(r->err, code, at, "%.*s %s", (int)path.len, room, what);
}

enum assay_code kaspa_json_fail_memory(struct kaspa_json_reader *r, uint32_t token)
{
    return kaspa_json_fail(r, ASSAY_E_NOMEM, token, "cannot be kept: out of memory");
}

/* What stands between the quotes of a string. */
static struct assay_bytes raw_text(const struct kaspa_json_reader *r, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(r->doc, token);

    return assay_bytes_part(raw, 1, raw.len - 1);
}

/* The content of a string, its escapes resolved. */
static enum assay_code text_of(struct kaspa_json_reader *r, uint32_t token, struct assay_bytes *out)
{
    struct assay_buf plain = {.fixed = true};
    enum assay_code rc;

    if (assay_json_type(r->doc, token) != ASSAY_JSON_STRING)
        return kaspa_json_fail(r, ASSAY_E_TYPE, token, "is no text");
    *out = raw_text(r, token);
    if (!r->doc->tokens[token].escaped)
        return ASSAY_OK;
    plain.room = plain.max = out->len; /* what an escape stands for is shorter than the escape */
    plain.at = assay_arena_alloc(r->arena, out->len);
    if (plain.at == NULL)
        return kaspa_json_fail_memory(r, token);
    rc = assay_json_string(&plain, r->doc, token);
    *out = assay_buf_view(&plain);
    return rc;
}

static enum assay_code check_number(struct kaspa_json_reader *r, enum assay_code rc, uint32_t token,
                                    uint64_t max)
{
    char what[64];
    struct assay_buf text = ASSAY_BUF_OVER(what);

    if (rc == ASSAY_E_RANGE) {
        assay_buf_add_str(&text, "is above ");
        assay_buf_add_u64(&text, max);
        return kaspa_json_fail(r, rc, token, assay_buf_cstr(&text));
    }
    if (rc != ASSAY_OK)
        return kaspa_json_fail(r, rc, token,
                               "is no plain decimal number: digits alone, without a leading zero");
    return ASSAY_OK;
}

enum assay_code kaspa_json_u64(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes text = ASSAY_LIT("");
    uint64_t value = 0;
    enum assay_code rc;

    if (r->options->numbers && assay_json_type(r->doc, token) == ASSAY_JSON_NUMBER)
        rc = assay_json_u64(&value, r->doc, token);
    else if ((rc = text_of(r, token, &text)) != ASSAY_OK)
        return rc;
    else
        rc = assay_decimal_u64(&value, text);
    *(uint64_t *)out = value;
    return check_number(r, rc, token, UINT64_MAX);
}

/* The narrow integers are numbers in every form. */
static enum assay_code read_number(struct kaspa_json_reader *r, uint32_t token, uint64_t max,
                                   uint64_t *out)
{
    enum assay_code rc = assay_json_u64(out, r->doc, token);

    if (rc == ASSAY_E_TYPE)
        return kaspa_json_fail(r, rc, token, "is no number");
    return check_number(r, rc == ASSAY_OK && *out > max ? ASSAY_E_RANGE : rc, token, max);
}

enum assay_code kaspa_json_u32(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    uint64_t value = 0;
    enum assay_code rc =
        read_number(r, token, PLANTED(json_index) ? UINT64_MAX : UINT32_MAX, &value);

    *(uint32_t *)out = (uint32_t)value;
    return rc;
}

enum assay_code kaspa_json_u16(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    uint64_t value = 0;
    enum assay_code rc = read_number(r, token, UINT16_MAX, &value);

    *(uint16_t *)out = (uint16_t)value;
    return rc;
}

enum assay_code kaspa_json_u8(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    uint64_t value = 0;
    enum assay_code rc = read_number(r, token, UINT8_MAX, &value);

    *(uint16_t *)out = (uint16_t)value;
    return rc;
}

enum assay_code kaspa_json_bool(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum assay_json_type type = assay_json_type(r->doc, token);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        return kaspa_json_fail(r, ASSAY_E_TYPE, token, "is neither true nor false");
    *(bool *)out = type == ASSAY_JSON_TRUE;
    return ASSAY_OK;
}

enum assay_code kaspa_json_hex(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = text_of(r, token, &text);
    uint8_t *at;

    if (rc != ASSAY_OK)
        return rc;
    at = assay_arena_alloc(r->arena, text.len / 2);
    if (at == NULL)
        return kaspa_json_fail_memory(r, token);
    if (assay_hex_decode(at, text.len / 2, text, false) != ASSAY_OK)
        return kaspa_json_fail(r, ASSAY_E_MALFORMED, token,
                               text.len % 2 != 0 ? "has an odd number of hex digits"
                                                 : "has a character that is no hex digit");
    *(struct assay_bytes *)out = assay_bytes_of(at, text.len / 2);
    return ASSAY_OK;
}

static enum assay_code read_bytes(struct kaspa_json_reader *r, uint32_t token, uint8_t *out,
                                  size_t len)
{
    struct assay_bytes bytes = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_hex(r, token, &bytes);

    if (rc != ASSAY_OK)
        return rc;
    if (PLANTED(json_hash_length) ? bytes.len < len : bytes.len != len)
        return kaspa_json_fail(r, ASSAY_E_RANGE, token,
                               len == KASPA_HASH_BYTES ? "is not 32 bytes long"
                                                       : "is not 20 bytes long");
    memcpy(out, bytes.at, len);
    return ASSAY_OK;
}

enum assay_code kaspa_json_hash(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    return read_bytes(r, token, ((struct kaspa_hash *)out)->at, KASPA_HASH_BYTES);
}

enum assay_code kaspa_json_subnetwork(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    return read_bytes(r, token, out, KASPA_SUBNETWORK_BYTES);
}

enum assay_code kaspa_json_spk(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes bytes = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_hex(r, token, &bytes);

    if (rc != ASSAY_OK)
        return rc;
    if (kaspa_spk_parse(out, bytes) != ASSAY_OK)
        return kaspa_json_fail(r, ASSAY_E_MALFORMED, token, "is shorter than its version");
    return ASSAY_OK;
}

enum assay_code kaspa_json_text(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    return text_of(r, token, out);
}

enum assay_code kaspa_json_token(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)r;
    *(uint32_t *)out = token;
    return ASSAY_OK;
}

enum assay_code kaspa_json_pass_text(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return assay_json_type(r->doc, token) == ASSAY_JSON_STRING
               ? ASSAY_OK
               : kaspa_json_fail(r, ASSAY_E_TYPE, token, "is no text");
}

static const struct kaspa_json_member *
find_member(const struct kaspa_json_reader *r, const struct kaspa_json_shape *shape, uint32_t name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (assay_json_string_is(r->doc, name, shape->members[i].name))
            return &shape->members[i];
    }
    return NULL;
}

/* The name goes into the text as far as it is printable ASCII; it is anybody's. */
static enum assay_code fail_unknown(struct kaspa_json_reader *r, uint32_t name)
{
    struct assay_bytes raw = raw_text(r, name);
    char shown[NAME_SHOWN_BYTES + 1];
    enum assay_code rc;
    size_t len;

    for (len = 0; len < raw.len && len < NAME_SHOWN_BYTES; len++)
        shown[len] = raw.at[len] > ' ' && raw.at[len] < 0x7F ? (char)raw.at[len] : '?';
    shown[len] = '\0';
    kaspa_json_enter(r, shown, KASPA_JSON_NO_INDEX);
    rc = kaspa_json_fail(r, ASSAY_E_UNKNOWN, name, "is no member of any form");
    kaspa_json_leave(r);
    return rc;
}

/* The other name of a thing that was read already: it has to say the same. */
static enum assay_code read_again(struct kaspa_json_reader *r, uint32_t token,
                                  const struct object *o, const struct kaspa_json_member *m)
{
    union {
        uint64_t number;
        struct kaspa_hash hash;
    } second;
    enum assay_code rc = m->read(r, token, &second);

    if (rc != ASSAY_OK)
        return rc;
    if (memcmp((const uint8_t *)o->out + m->offset, &second, m->size) != 0)
        return kaspa_json_fail(r, ASSAY_E_CONFLICT, token,
                               "differs from the same under its other name");
    return ASSAY_OK;
}

static enum assay_code read_known(struct kaspa_json_reader *r, uint32_t name, struct object *o,
                                  const struct kaspa_json_member *m)
{
    unsigned row = 1U << (unsigned)(m - o->shape->members);
    uint32_t value = name + 1;

    if ((o->names & row) != 0)
        return kaspa_json_fail(r, ASSAY_E_DUPLICATE, name, "appears twice");
    o->names |= row;
    if (m->nullable && assay_json_type(r->doc, value) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    if ((o->seen & m->thing) != 0)
        return read_again(r, value, o, m);
    o->seen |= m->thing;
    return m->read(r, value, (uint8_t *)o->out + m->offset);
}

static enum assay_code read_member(struct kaspa_json_reader *r, uint32_t name, struct object *o)
{
    const struct kaspa_json_member *m = find_member(r, o->shape, name);
    enum assay_code rc;

    if (m == NULL)
        return r->options->unknown_members ? ASSAY_OK : fail_unknown(r, name);
    kaspa_json_enter(r, m->name, KASPA_JSON_NO_INDEX);
    rc = read_known(r, name, o, m);
    kaspa_json_leave(r);
    return rc;
}

enum assay_code kaspa_json_fail_missing(struct kaspa_json_reader *r, uint32_t token,
                                        const char *name)
{
    enum assay_code rc;

    kaspa_json_enter(r, name, KASPA_JSON_NO_INDEX);
    rc = kaspa_json_fail(r, ASSAY_E_MISSING, token, "is missing");
    kaspa_json_leave(r);
    return rc;
}

enum assay_code kaspa_json_object(struct kaspa_json_reader *r, uint32_t token,
                                  const struct kaspa_json_shape *shape, void *out, unsigned *seen)
{
    struct object o = {.shape = shape, .out = out};
    enum assay_code rc = ASSAY_OK;

    if (assay_json_type(r->doc, token) != ASSAY_JSON_OBJECT)
        return kaspa_json_fail(r, ASSAY_E_TYPE, token, "is no object");
    for (uint32_t name = assay_json_first(r->doc, token); name != ASSAY_JSON_NONE;
         name = assay_json_next_sibling(r->doc, token, name)) {
        if ((rc = read_member(r, name, &o)) != ASSAY_OK)
            return rc;
    }
    for (size_t i = 0; i < shape->count; i++) {
        if ((shape->required & shape->members[i].thing & ~o.seen) != 0)
            return kaspa_json_fail_missing(r, token, shape->members[i].name);
    }
    *seen = o.seen;
    return ASSAY_OK;
}
