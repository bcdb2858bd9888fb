/** Slices: a borrowed view of bytes with its length, the currency of every parser here.
 *
 *  A slice never owns. An empty slice still points somewhere, since `NULL + 0` is undefined.
 */
#ifndef ASSAY_BASE_BYTES_H
#define ASSAY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ASSAY_MUST_USE __attribute__((warn_unused_result))
#define ASSAY_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

struct assay_bytes {
    const uint8_t *at; /**< never NULL in a slice made by the functions below */
    size_t len;        /**< in bytes */
};

/** The slice of a literal or other array of char, without its NUL. */
#define ASSAY_LIT(text) ((struct assay_bytes){(const uint8_t *)("" text), sizeof(text) - 1})

static inline struct assay_bytes assay_bytes_of(const void *at, size_t len)
{
    return (struct assay_bytes){at != NULL ? at : (const void *)"", at != NULL ? len : 0};
}

/** The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct assay_bytes assay_str(const char *text)
{
    return assay_bytes_of(text, text != NULL ? strlen(text) : 0);
}

/** Not for secrets: the time taken tells where the two differ. See assay_secret_equal (mac.h). */
static inline bool assay_bytes_equal(struct assay_bytes a, struct assay_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/** Order by unsigned byte, a strict prefix first: -1, 0 or 1. */
static inline int assay_bytes_compare(struct assay_bytes a, struct assay_bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;

    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static inline bool assay_bytes_is(struct assay_bytes a, const char *text)
{
    return assay_bytes_equal(a, assay_str(text));
}

/** The part from `from` up to `to`; both are cut to the slice, so it cannot reach outside. */
static inline struct assay_bytes assay_bytes_part(struct assay_bytes a, size_t from, size_t to)
{
    to = to < a.len ? to : a.len;
    from = from < to ? from : to;
    return (struct assay_bytes){a.at + from, to - from};
}

/** Offset of the first `byte` at or after `from`, or a.len. */
static inline size_t assay_bytes_find(struct assay_bytes a, uint8_t byte, size_t from)
{
    while (from < a.len && a.at[from] != byte)
        from++;
    return from < a.len ? from : a.len;
}

/** ASCII letters compared without case, as header names and schemes are. */
bool assay_bytes_equal_nocase(struct assay_bytes a, struct assay_bytes b);

#endif
