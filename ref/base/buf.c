/* Growing buffers with a maximum, and the allocator whose failures tests can order. */
#include "base/buf.h"

#include "base/mac.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM_BYTES = 64 };

/* For tests only; atomic since the threads of a runner allocate at once. */
static atomic_size_t allocs_allowed = SIZE_MAX;
static atomic_size_t allocs_asked;

size_t assay_alloc_fail_after(size_t successes)
{
    atomic_store(&allocs_allowed, successes);
    return atomic_exchange(&allocs_asked, 0);
}

bool assay_alloc_may(void)
{
    size_t before = atomic_fetch_add_explicit(&allocs_asked, 1, memory_order_relaxed);

    return before < atomic_load_explicit(&allocs_allowed, memory_order_relaxed);
}

void *assay_alloc(size_t len)
{
    return assay_alloc_may() ? malloc(len > 0 ? len : 1) : NULL;
}

void *assay_realloc(void *old, size_t len)
{
    return assay_alloc_may() ? realloc(old, len > 0 ? len : 1) : NULL;
}

void assay_free(void *at)
{
    free(at);
}

static void forget(struct assay_buf *buf)
{
    if (!buf->fixed) {
        assay_free(buf->at);
        buf->at = NULL;
        buf->room = 0;
    }
    assay_buf_clear(buf);
}

void assay_buf_fini(struct assay_buf *buf)
{
    forget(buf);
}

void assay_buf_wipe(struct assay_buf *buf)
{
    if (buf->at != NULL)
        assay_wipe(buf->at, buf->room);
    forget(buf);
}

void assay_buf_clear(struct assay_buf *buf)
{
    buf->len = 0;
    buf->bad = ASSAY_OK;
}

bool assay_buf_ok(const struct assay_buf *buf)
{
    return buf->bad == ASSAY_OK;
}

/* Makes room for `len` more bytes, which there is not. Heap storage has one byte beyond `room`,
 * which is for the NUL of assay_buf_cstr. The old storage is wiped before it goes, since it may
 * hold a secret.
 */
static bool grow(struct assay_buf *buf, size_t len)
{
    size_t room = buf->room > 0 ? buf->room : FIRST_ROOM_BYTES;
    uint8_t *at;

    if (len > buf->max - buf->len || buf->len + len > PTRDIFF_MAX / 2) {
        buf->bad = ASSAY_E_TOO_LARGE;
        return false;
    }
    while (room - buf->len < len)
        room = room <= buf->max / 2 ? room * 2 : buf->max;
    room = room < buf->max ? room : buf->max;
    at = assay_alloc(room + 1);
    if (at == NULL) {
        buf->bad = ASSAY_E_NOMEM;
        return false;
    }
    if (buf->len > 0) {
        memcpy(at, buf->at, buf->len);
        assay_wipe(buf->at, buf->len);
    }
    assay_free(buf->at);
    buf->at = at;
    buf->room = room;
    return true;
}

uint8_t *assay_buf_extend(struct assay_buf *buf, size_t len)
{
    static uint8_t nothing;

    if (buf->bad != ASSAY_OK)
        return NULL;
    if (len == 0)
        return buf->at != NULL ? buf->at + buf->len : &nothing;
    if (len > buf->room - buf->len && !grow(buf, len))
        return NULL;
    buf->len += len;
    return buf->at + buf->len - len;
}

void assay_buf_add(struct assay_buf *buf, struct assay_bytes bytes)
{
    uint8_t *at = assay_buf_extend(buf, bytes.len);

    if (at != NULL && bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
}

void assay_buf_add_str(struct assay_buf *buf, const char *text)
{
    assay_buf_add(buf, assay_str(text));
}

void assay_buf_add_byte(struct assay_buf *buf, uint8_t byte)
{
    if (buf->bad == ASSAY_OK && (buf->len < buf->room || grow(buf, 1)))
        buf->at[buf->len++] = byte;
}

void assay_buf_add_u64(struct assay_buf *buf, uint64_t value)
{
    uint8_t digits[20]; /* 2^64-1 has twenty */
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    assay_buf_add(buf, assay_bytes_of(digits + at, sizeof(digits) - at));
}

void assay_buf_printf(struct assay_buf *buf, const char *format, ...)
{
    char small[256];
    char *large = NULL;
    va_list args, again;
    int len;

    if (buf->bad != ASSAY_OK)
        return;
    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(small, sizeof(small), format, args);
    assert(len >= 0);
    if ((size_t)len < sizeof(small)) {
        assay_buf_add(buf, assay_bytes_of(small, (size_t)len));
        goto out;
    }
    if ((size_t)len > buf->max - buf->len) {
        buf->bad = ASSAY_E_TOO_LARGE;
        goto out;
    }
    large = assay_alloc((size_t)len + 1);
    if (large == NULL) {
        buf->bad = ASSAY_E_NOMEM;
        goto out;
    }
    (void)vsnprintf(large, (size_t)len + 1, format, again);
    assay_buf_add(buf, assay_bytes_of(large, (size_t)len));
out:
    assay_free(large);
    va_end(again);
    va_end(args);
}

struct assay_bytes assay_buf_view(const struct assay_buf *buf)
{
    return assay_bytes_of(buf->at, buf->len);
}

const char *assay_buf_cstr(struct assay_buf *buf)
{
    if (buf->bad != ASSAY_OK)
        return NULL;
    if (buf->at == NULL)
        return "";
    if (buf->fixed && buf->len == buf->room) {
        buf->bad = ASSAY_E_TOO_LARGE;
        return NULL;
    }
    buf->at[buf->len] = '\0';
    return (const char *)buf->at;
}
