/** What the files of the lineage share. Internal to ref/kaspa_x402. */
#ifndef KX_LINEAGE_INTERNAL_H
#define KX_LINEAGE_INTERNAL_H

#include "kaspa_x402/lineage.h"

/** Notes a rule that is broken, in words, and returns it. */
enum kx_lineage_rule kx_lineage_refuse(struct assay_err *err, enum kx_lineage_rule rule,
                                       const char *what);
/** Whether an event of the journal stands: no later one removes its block. */
bool kx_event_stands(const struct kx_lineage *lineage, size_t at);
/** Moves a stand on by one event that stands. */
enum kx_lineage_rule kx_stand_step(struct kx_stand *stand, const struct kx_lineage *lineage,
                                   const struct kx_event *event, struct assay_err *err);
/** Judges a reported transition by itself and makes it an event. */
enum kx_lineage_rule kx_transition_judge(struct kx_event *out, struct assay_arena *arena,
                                         const struct kx_lane *lane,
                                         const struct kx_lineage *lineage,
                                         const struct kx_transition *t, struct assay_err *err);
/** Folds the first n events. NOMEM; the lineage is unspecified then. */
enum assay_code kx_lineage_fold(struct kx_lineage *lineage, struct assay_arena *arena,
                                const struct kx_lane *lane, size_t n);

/** Canonical JSON of one event, whose number is `number`; of REMOVED with the transactions that it
 *  undoes, those before `at` in the journal. */
enum assay_code kx_event_write(struct assay_buf *out, struct assay_arena *arena,
                               const struct kx_lane *lane, const struct kx_lineage *lineage,
                               size_t at);
void kx_stand_write(struct assay_buf *out, const struct kx_stand *stand);

#endif
