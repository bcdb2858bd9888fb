/** Bytes as tests write them: hex text to bytes, and bytes against hex text. */
#ifndef REF_TESTS_HEX_TEXT_H
#define REF_TESTS_HEX_TEXT_H

#include "base/arena.h"
#include "base/hex.h"
#include "base/sig.h"

#include <criterion/criterion.h>

/** So many bytes; a text that is no hex of them fails the test. */
static inline void from_hex(uint8_t *out, size_t len, const char *text)
{
    cr_assert_eq(assay_hex_decode(out, len, assay_str(text), true), ASSAY_OK, "hex: %s", text);
}

/** The bytes live in the arena. */
static inline struct assay_bytes hex(struct assay_arena *arena, const char *text)
{
    uint8_t *at = assay_arena_alloc(arena, strlen(text) / 2);

    cr_assert_not_null(at);
    from_hex(at, strlen(text) / 2, text);
    return assay_bytes_of(at, strlen(text) / 2);
}

static inline struct assay_key key_of(const char *secret)
{
    uint8_t bytes[32];
    struct assay_key key;

    from_hex(bytes, sizeof(bytes), secret);
    cr_assert_eq(assay_key_init(&key, bytes), ASSAY_OK);
    return key;
}

/** Fails the test, naming `row`, unless the bytes are what the text spells. */
static inline void expect_bytes(const uint8_t *bytes, size_t len, const char *text, const char *row)
{
    struct assay_buf got = ASSAY_BUF_INIT(2 * len + 1);

    assay_buf_add_hex(&got, assay_bytes_of(bytes, len));
    cr_expect_str_eq(assay_buf_cstr(&got), text, "row: %s", row);
    assay_buf_fini(&got);
}

/** The same of a buffer. */
static inline void expect_hex(const struct assay_buf *buf, const char *text, const char *row)
{
    expect_bytes(buf->at, buf->len, text, row);
}

#endif
