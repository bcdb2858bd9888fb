/** Tables of exact payments with one defect each. */
#ifndef REF_TESTS_KX_ROWS_H
#define REF_TESTS_KX_ROWS_H

#include "ref/tests/kx_world.h"

#define S KX_STANDARD_NATIVE
#define A KX_ADDITIVE
#define H KX_HASH_CHAIN

struct kx_row {
    const char *name;
    enum kx_profile profile;
    enum kx_extent extent;
    enum kx_exact_rule rule; /**< the first that it breaks */
    struct kx_change change;
    enum kx_local local; /**< what that is called; NONE: as the rule is */
};

/** Every row is refused as it says, and every rule from `first` up to `last` has a row. */
void kx_rows_expect(const struct kx_row *rows, size_t count, enum kx_exact_rule first,
                    enum kx_exact_rule last);

#endif
