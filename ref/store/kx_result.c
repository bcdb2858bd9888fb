/* How a handler's result and a paid answer are kept: as bytes. */
#include "store/kx_step.h"

#include "base/cursor.h"

enum { NUMBER_BYTES = 4 };

static void add_u32(struct assay_buf *out, uint32_t value)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        assay_buf_add_byte(out, (uint8_t)(value >> (shift - 8)));
}

/* The caller has seen that it fits. */
static void add_slice(struct assay_buf *out, struct assay_bytes bytes)
{
    add_u32(out, (uint32_t)bytes.len);
    assay_buf_add(out, bytes);
}

/* Adds without passing the limit; false where that would. */
static bool fits(size_t *sum, size_t len, size_t max)
{
    if (len > max - *sum)
        return false;
    *sum += len;
    return true;
}

static enum assay_code check(size_t *bytes, const struct kx_result *r, size_t max_headers,
                             size_t max_bytes, struct assay_err *err)
{
    size_t sum = 0;
    bool ok = fits(&sum, r->body.len, max_bytes);

    if (r->status < 100 || r->status > 599)
        return assay_fail(err, ASSAY_E_RANGE, 0, "status %d is none of 100 to 599", r->status);
    if (r->header_count > max_headers)
        return assay_fail(err, ASSAY_E_RANGE, 0, "%zu header fields, at most %zu are kept",
                          r->header_count, max_headers);
    for (size_t i = 0; i < r->header_count && ok; i++)
        ok = fits(&sum, r->headers[i].name.len, max_bytes) &&
             fits(&sum, r->headers[i].value.len, max_bytes);
    if (!ok)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "above the %zu bytes that are kept",
                          max_bytes);
    *bytes = sum;
    return ASSAY_OK;
}

enum assay_code kx_result_pack(struct assay_bytes *out, struct assay_arena *arena,
                               const struct kx_result *result, size_t max_headers, size_t max_bytes,
                               struct assay_err *err)
{
    size_t bytes = 0, len;
    enum assay_code code = check(&bytes, result, max_headers, max_bytes, err);
    struct assay_buf buf = {.fixed = true};

    if (code != ASSAY_OK)
        return code;
    len = bytes + NUMBER_BYTES * (3 + 2 * result->header_count);
    buf.at = assay_arena_alloc(arena, len);
    if (buf.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an answer of %zu bytes", len);
    buf.room = buf.max = len;
    add_u32(&buf, (uint32_t)result->status);
    add_u32(&buf, (uint32_t)result->header_count);
    for (size_t i = 0; i < result->header_count; i++) {
        add_slice(&buf, result->headers[i].name);
        add_slice(&buf, result->headers[i].value);
    }
    add_slice(&buf, result->body);
    *out = assay_buf_view(&buf);
    return ASSAY_OK;
}

static struct assay_bytes slice(struct assay_cur *c)
{
    return assay_cur_view(c, assay_cur_u32be(c));
}

enum assay_code kx_result_unpack(struct kx_result *out, struct assay_bytes packed,
                                 struct assay_err *err)
{
    struct assay_cur c = assay_cur_of(packed);
    struct kx_result r = {0};
    uint32_t status = assay_cur_u32be(&c);

    r.header_count = assay_cur_u32be(&c);
    if (status > 599 || r.header_count > ARRAY_LEN(r.headers))
        return assay_fail(err, ASSAY_E_IO, 0,
                          "a stored answer is damaged: status %u, %zu header fields",
                          (unsigned)status, r.header_count);
    r.status = (int)status;
    for (size_t i = 0; i < r.header_count; i++) {
        r.headers[i].name = slice(&c);
        r.headers[i].value = slice(&c);
    }
    r.body = slice(&c);
    if (!assay_cur_done(&c))
        return assay_fail(err, ASSAY_E_IO, 0, "a stored answer is damaged at byte %zu of %zu",
                          c.pos, packed.len);
    *out = r;
    return ASSAY_OK;
}
