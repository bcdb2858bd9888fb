/** What the files of the operation table share: their groups, and readers of inputs. Internal. */
#ifndef RUN_OPERATIONS_INTERNAL_H
#define RUN_OPERATIONS_INTERNAL_H

#include "run/operations.h"

#define OPERATION_INPUT_MAX_BYTES ((size_t)16 << 20)

/** The entries of each profile; the last has no name. */
extern const struct operation operations_paid[];
extern const struct operation operations_kaspa_rules[];   /**< all rules of a transaction */
extern const struct operation operations_kaspa_tx[];      /**< what else takes a transaction */
extern const struct operation operations_kaspa_data[];    /**< scripts, addresses, numbers, … */
extern const struct operation operations_exact[];         /**< all checks of an exact payment */
extern const struct operation operations_exact_parts[];   /**< its terms, hashes, deadlines, … */
extern const struct operation operations_x402[];          /**< headers, envelopes, identifiers */
extern const struct operation operations_evm[];           /**< payments of EVM networks */
extern const struct operation operations_batch[];         /**< channels, templates, vouchers */
extern const struct operation operations_batch_tx[];      /**< its transactions, judged */
extern const struct operation operations_batch_build[];   /**< the same, put together */
extern const struct operation operations_batch_payment[]; /**< all checks of a batch request */
extern const struct operation operations_evidence[];      /**< bundles of live evidence */
extern const struct operation operations_behaviour[];     /**< what a drifted template allows */

/** Whether it is an object without members beside these, the last of which is NULL. */
bool operation_members(const json_t *in, const char *const *members, struct assay_err *err);
/** A text member; `required` decides what its absence means ("" where it may be). NULL: wrong, err
 * says so. */
const char *operation_text(const json_t *in, const char *member, bool required,
                           struct assay_err *err);
/** A whole number; absent: `fallback`. */
bool operation_number(const json_t *in, const char *member, int64_t fallback, int64_t *out,
                      struct assay_err *err);
/** true or false; absent: `fallback`. */
bool operation_flag(bool *out, const json_t *in, const char *member, bool fallback,
                    struct assay_err *err);
/** Of two members that say the same in different ways: one, or at most one. */
bool operation_not_both(const json_t *in, const char *one, const char *other, bool required,
                        struct assay_err *err);

/** Makes the result of a refusal: {"rule", "reason"}, "" where NULL. */
enum operation_answer operation_refused(json_t **result, const char *rule, const char *reason);

#endif
