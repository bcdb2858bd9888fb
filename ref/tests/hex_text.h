/** Bytes as tests write them: hex text to bytes, and a buffer against hex text. */
#ifndef REF_TESTS_HEX_TEXT_H
#define REF_TESTS_HEX_TEXT_H

#include "base/arena.h"
#include "base/hex.h"

#include <criterion/criterion.h>

/** The bytes live in the arena; a text that is no hex fails the test. */
static inline struct assay_bytes hex(struct assay_arena *arena, const char *text)
{
    uint8_t *at = assay_arena_alloc(arena, strlen(text) / 2);

    cr_assert_not_null(at);
    cr_assert_eq(assay_hex_decode(at, strlen(text) / 2, assay_str(text), true), ASSAY_OK);
    return assay_bytes_of(at, strlen(text) / 2);
}

/** Fails the test, naming `row`, unless the buffer holds what the text spells. */
static inline void expect_hex(const struct assay_buf *buf, const char *text, const char *row)
{
    struct assay_buf got = ASSAY_BUF_INIT(2 * buf->len + 1);

    assay_buf_add_hex(&got, assay_buf_view(buf));
    cr_expect_str_eq(assay_buf_cstr(&got), text, "row: %s", row);
    assay_buf_fini(&got);
}

#endif
