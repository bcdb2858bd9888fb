/** Documents for tests of ref/x402: parsed from a text, or from a value of the official data. What
 *  cannot be parsed fails the test. */
#ifndef REF_TESTS_X402_DOCS_H
#define REF_TESTS_X402_DOCS_H

#include "x402/document.h"

#include <criterion/criterion.h>
#include <jansson.h>

#define DOCS_ARENA_BYTES ((size_t)1 << 26)

static inline struct assay_json doc_of_bytes(struct assay_arena *arena, struct assay_bytes text)
{
    struct assay_err err = {0};
    struct assay_json doc = {.token_count = 0};

    cr_assert_eq(x402_document_parse(&doc, arena, text, false, &err), ASSAY_OK, "%s", err.text);
    return doc;
}

static inline struct assay_json doc_of(struct assay_arena *arena, const char *text)
{
    return doc_of_bytes(arena, assay_str(text));
}

/** The text is a copy in the arena. */
static inline struct assay_json doc_of_value(struct assay_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct assay_bytes copy = assay_arena_copy(arena, assay_str(text));

    cr_assert_not_null(text);
    free(text);
    return doc_of_bytes(arena, copy);
}

#endif
