/** The Kaspa x402 store in trouble: an operation on it with each of its needs denied once. */
#ifndef REF_TESTS_KX_TROUBLE_H
#define REF_TESTS_KX_TROUBLE_H

#include "ref/tests/kx_lanes.h"
#include "ref/tests/store_trouble.h"

/** A payment, what it charges or grows, and an operation on the channel. */
struct kx_troubled {
    struct kx_store *store;
    struct kx_paid paid;
    struct kx_head_record head;
    struct kx_test_lane lane;
    struct kx_lane_operation operation;
    struct assay_err err;
    const void *what; /**< of the suite's own */
};

struct kx_trouble_flow {
    const char *name;
    void (*open)(struct kx_troubled *s, unsigned n); /**< up to it; the nth in this store */
    enum assay_code (*act)(struct kx_troubled *s);   /**< CONFLICT: it decided otherwise */
    /** That all is as before it, or as it leaves it. */
    void (*expect)(struct kx_troubled *s, bool is_done, const char *when);
};

/** Fixture of a suite, beside kx_store_folder_drop. */
void kx_trouble_make(void);
/** In a new store, with the nth need denied, for every n: an error says that it is trouble, and has
 * changed nothing, so that the next try begins where this one did; what is no error is done. */
void kx_trouble_expect(size_t store_kind, enum store_trouble trouble,
                       const struct kx_trouble_flow *flow, const void *what);

#endif
