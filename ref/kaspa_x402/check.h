/** One check of a verdict, whichever the list of rules: its result, and in words why it did not
 *  hold. */
#ifndef KX_CHECK_H
#define KX_CHECK_H

#include "kaspa/verify.h"
#include "kaspa_x402/kx.h"

#include <stdarg.h>

#define KX_CHECK_WHY_BYTES 160

/** Zero-initialised has held. */
struct kx_check {
    enum kaspa_check_result result;
    enum kx_local local;          /**< of BROKEN */
    char why[KX_CHECK_WHY_BYTES]; /**< in words; empty where held */
};

/** Broken, and what that is called. Words are cut where they are too long. */
void kx_check_set_broken(struct kx_check *check, enum kx_local local, const char *format, ...)
    ASSAY_PRINTF(3, 4);
void kx_check_set_broken_v(struct kx_check *check, enum kx_local local, const char *format,
                           va_list args) ASSAY_PRINTF(3, 0);
/** Not judged, for want of what `why` names. */
void kx_check_set_not_judged(struct kx_check *check, const char *why);
/** Undecided, for want of memory. */
void kx_check_set_undecided(struct kx_check *check);

/** A verdict of so many checks: VALID where all have held, UNDECIDED where none is broken. *first:
 *  the first broken, of INVALID; else unchanged. */
enum kaspa_outcome kx_checks_conclude(size_t *first, const struct kx_check *checks, size_t count);

/** Undecided, for what leaves that rule of consensus so. */
void kx_check_set_undecided_as(struct kx_check *check, const struct kaspa_verdict *verdict,
                               enum kaspa_rule_number rule, const struct kaspa_tx *tx);
/** As consensus judges the transaction: by the first rule that it refuses it for, cannot decide, or
 *  has not judged. */
void kx_check_set_by_consensus(struct kx_check *check, enum kx_local local,
                               const struct kaspa_verdict *verdict, const struct kaspa_tx *tx);

#endif
