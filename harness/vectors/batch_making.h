/** What the files of vectors/batch_base share: a transaction in the making. */
#ifndef VECTORS_BATCH_MAKING_H
#define VECTORS_BATCH_MAKING_H

#include "vectors/batch_base.h"

/* What a transaction is made of, one after the other. */
struct batch_making {
    struct vectors *v;
    const struct vectors_batch_patch *patches;
    enum kx_batch_kind kind;
    int generation;
    struct assay_arena arena;
    struct kaspa_in k; /* the transaction as it was changed, with its coins */
    struct kx_lane lane;
    struct kx_lane_head head;
    struct kx_batch_funding funding[2];
    json_t *plan, *in, *signing, *asked;
    json_t *signatures; /* of the head's input, as .build takes them */
    json_t *funders;    /* one an input of funding */
};

static inline bool batch_has_failed(const struct batch_making *m)
{
    return m->v->err->code != ASSAY_OK;
}
static inline void batch_no_memory(struct batch_making *m)
{
    assay_fail(m->v->err, ASSAY_E_NOMEM, 0, "out of memory");
}
static inline uint64_t batch_number_of(struct batch_making *m, const json_t *object,
                                       const char *name)
{
    uint64_t number = 0;

    (void)kaspa_in_u64(&number, object, name, m->v->err);
    return number;
}
static inline size_t batch_first_funding(const struct batch_making *m)
{
    return m->kind == KX_BATCH_GENESIS ? 0 : 1;
}
static inline json_t *batch_tx_of(const struct batch_making *m)
{
    return json_object_get(m->in, "transaction");
}

/** Makes the changes of a stage, and puts in what words stand for. */
void batch_change(struct batch_making *m, enum vectors_batch_stage stage, json_t *value);
/** Weighs, identifies and signs the transaction as it was changed. */
void batch_sign(struct batch_making *m);

#endif
