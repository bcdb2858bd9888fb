/** Payments that a facilitator settles, within the decision core: what a request holds of one, and
 *  what the other files of the core ask for. Internal to ref/core; see kx_facilitated.c. */
#ifndef KX_FACILITATED_H
#define KX_FACILITATED_H

#include "core/kx_core.h"
#include "x402/payment_identifier.h"

struct kx_facilitated_state {
    bool has_identifier;
    struct x402_identifier identifier;
    struct x402_ask ask;
    struct x402_expected expected;
    enum kx_facilitator_call call; /**< that is on */
    int calls_left;
    bool is_again;      /**< its settlement was asked for before */
    bool has_result;    /**< the handler has answered with something that can be passed on */
    bool has_failed;    /**< its settlement was refused: nothing has moved */
    const char *reason; /**< why a facilitator refuses; NULL: it does not */
    struct x402_settlement settled;
    bool is_given_up; /**< of a defect: in doubt, and free again */
};

/** Appends the entries of what is published now, behind as many as there are before. How many. */
size_t kx_facilitated_write(struct assay_buf *out, const struct kx_core_request *r, size_t before);
/** Whether the document accepts a kind that is sold through the facilitator. */
bool kx_facilitated_is_paid(struct kx_core_request *r);
/** Fills requirements, fingerprint, payload_hash and scope, and the identifier where the payer has
 *  given none. As kx_requirements_hash. */
enum assay_code kx_facilitated_name(struct kx_core_request *r);
struct kx_action kx_facilitated_read(struct kx_core_request *r);
struct kx_action kx_facilitated_judge(struct kx_core_request *r);
/** It is new: the facilitator is asked whether it is good. */
struct kx_action kx_facilitated_verify(struct kx_core_request *r);
/** Its settlement is asked for, which the store knows. */
struct kx_action kx_facilitated_settle(struct kx_core_request *r);
struct kx_action kx_facilitated_on_result(struct kx_core_request *r, enum assay_code code,
                                          const struct kx_result *result);
/** The handler's answer is in the store, or is not. */
struct kx_action kx_facilitated_on_recorded(struct kx_core_request *r, enum assay_code code);
struct kx_action kx_facilitated_on_abandoned(struct kx_core_request *r, enum assay_code code);
struct kx_action kx_facilitated_resume(struct kx_core_request *r);
void kx_facilitated_add_receipt(struct assay_buf *out, const struct kx_core_request *r);

#endif
