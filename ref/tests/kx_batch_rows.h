/** Tables of batch requests with one defect each. */
#ifndef REF_TESTS_KX_BATCH_ROWS_H
#define REF_TESTS_KX_BATCH_ROWS_H

#include "ref/tests/kx_batch_world.h"

#define R(constant) KX_BATCH_RULE_##constant
#define V KX_STORY_VOUCHER
#define O KX_STORY_OPEN
#define S KX_STORY_SAME
#define T KX_STORY_TOP_UP

struct kx_batch_row {
    const char *name;
    enum kx_batch_story story;
    enum kx_extent extent;
    enum kx_batch_rule rule; /* the first that it breaks */
    struct kx_batch_change change;
    enum kx_local local; /* what that is called; NONE: as the rule is */
};

/** Every row is refused as it says, and every rule from `first` up to `last` has a row. */
void kx_batch_rows_expect(const struct kx_batch_row *rows, size_t count, enum kx_batch_rule first,
                          enum kx_batch_rule last);

#endif
