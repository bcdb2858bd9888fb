/* Writing the canonical objects that are hashed; see exact_write.h. */
#include "kaspa_x402/exact_write.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"

#include <assert.h>

#define WRITTEN_MAX_BYTES ((size_t)64 << 20)
enum { STACK_BYTES = 2048 }; /* more than the objects of an honest payment take */

/* `"name":` and room for its value, which is returned; NULL where the buffer fails. */
static uint8_t *add_member(struct assay_buf *out, const char *name, size_t value_len)
{
    bool is_first = out->len == 0 || out->at[out->len - 1] == '{';
    size_t name_len = strlen(name), front = is_first ? 0 : 1;
    uint8_t *at = assay_buf_extend(out, front + name_len + 3 + value_len);

    if (at == NULL)
        return NULL;
    if (!is_first)
        *at++ = ',';
    *at++ = '"';
    memcpy(at, name, name_len);
    at += name_len;
    *at++ = '"';
    *at++ = ':';
    return at;
}

void kx_write_name(struct assay_buf *out, const char *name)
{
    (void)add_member(out, name, 0);
}

void kx_write_text(struct assay_buf *out, const char *name, struct assay_bytes text)
{
    kx_write_name(out, name);
    assay_json_add_string(out, text);
}

void kx_write_str(struct assay_buf *out, const char *name, const char *text)
{
    if (text != NULL) {
        kx_write_text(out, name, assay_str(text));
        return;
    }
    kx_write_name(out, name);
    assay_buf_add_str(out, "null");
}

void kx_write_hex(struct assay_buf *out, const char *name, struct assay_bytes bytes)
{
    uint8_t *at = add_member(out, name, 2 * bytes.len + 2);

    if (at == NULL)
        return;
    at[0] = '"';
    assay_hex_encode((char *)at + 1, bytes); /* its NUL gives way to the quote */
    at[2 * bytes.len + 1] = '"';
}

void kx_write_hex32(struct assay_buf *out, const char *name, const uint8_t *bytes)
{
    kx_write_hex(out, name, assay_bytes_of(bytes, KASPA_HASH_BYTES));
}

void kx_write_flag(struct assay_buf *out, const char *name, bool is_set)
{
    kx_write_name(out, name);
    assay_buf_add_str(out, is_set ? "true" : "false");
}

void kx_write_number(struct assay_buf *out, const char *name, uint64_t number)
{
    assert(number < UINT64_C(1) << 53);
    kx_write_name(out, name);
    assay_buf_add_u64(out, number);
}

void kx_write_decimal(struct assay_buf *out, const char *name, uint64_t number)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '"');
    assay_buf_add_u64(out, number);
    assay_buf_add_byte(out, '"');
}

void kx_write_outpoint(struct assay_buf *out, const char *name,
                       const struct kaspa_outpoint *outpoint)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '{');
    kx_write_number(out, "index", outpoint->index);
    kx_write_hex(out, "txid", assay_bytes_of(outpoint->txid.at, sizeof(outpoint->txid.at)));
    assay_buf_add_byte(out, '}');
}

static enum assay_code digest_into(uint8_t *out, struct assay_buf *room, kx_writer *writer,
                                   const void *what, struct assay_err *err)
{
    enum assay_code rc = writer(room, what, err);

    if (rc == ASSAY_OK)
        rc = room->bad;
    if (rc == ASSAY_OK)
        assay_sha256(out, assay_buf_view(room));
    return rc;
}

enum assay_code kx_write_digest(uint8_t *out, kx_writer *writer, const void *what,
                                struct assay_err *err)
{
    uint8_t bytes[STACK_BYTES];
    struct assay_buf room = ASSAY_BUF_OVER(bytes), heap = ASSAY_BUF_INIT(WRITTEN_MAX_BYTES);
    enum assay_code rc = digest_into(out, &room, writer, what, NULL);

    if (rc == ASSAY_OK)
        return ASSAY_OK;
    rc = digest_into(out, &heap, writer, what, err);
    assay_buf_fini(&heap);
    return rc;
}

enum assay_code kx_write_hash(char *out, kx_writer *writer, const void *what, struct assay_err *err)
{
    uint8_t digest[ASSAY_SHA256_BYTES];
    enum assay_code rc = kx_write_digest(digest, writer, what, err);

    if (rc == ASSAY_OK)
        assay_hex_encode(out, assay_bytes_of(digest, sizeof(digest)));
    return rc;
}
