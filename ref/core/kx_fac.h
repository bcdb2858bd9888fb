/** A facilitator within the decision core: what it reads of a request of a resource server, and
 * what the other files of the core ask for. Internal to ref/core; see kx_fac.c. */
#ifndef KX_FAC_H
#define KX_FAC_H

#include "core/kx_core.h"

enum kx_fac_call {
    KX_FAC_NONE, /**< nothing of a payment was asked */
    KX_FAC_VERIFY,
    KX_FAC_SETTLE,
};

struct kx_fac_state {
    enum kx_fac_call call;
    const struct kx_principal *tenant;
    struct assay_json doc; /**< the body */
    struct x402_request request;
    struct assay_bytes network;              /**< ours, once the request is of one of our kinds */
    char request_hash[X402_HASH_TEXT_BYTES]; /**< that the resource server has computed */
    char identifier[X402_HASH_TEXT_BYTES];   /**< the payer's, as this tenant's */
};

/** limit: that was passed, or NULL. */
struct kx_action kx_fac_decide(struct kx_core_request *r, const char *limit);
/** Whether the payment is looked at and no more. */
bool kx_fac_only_verifies(const struct kx_core_request *r);
/** Whether a refusal with this status is told in the words of /verify and /settle. */
bool kx_fac_tells(const struct kx_core_request *r, int status);
struct kx_action kx_fac_refuse(struct kx_core_request *r, int status, const char *error,
                               const char *rule);
/** The payment is good, and as it was. */
struct kx_action kx_fac_valid(struct kx_core_request *r);
/** What the payment is compared with: the requirements of the resource server, in
 *  r->offer_text. */
void kx_fac_write_offer(struct kx_core_request *r);
/** What is the resource server's to judge, who knows what it has offered. */
bool kx_fac_leaves_open(const struct kx_core_request *r, enum kx_exact_rule rule);
/** The chain has accepted the payment: its one answer is recorded. */
struct kx_action kx_fac_settled(struct kx_core_request *r);
/** It was settled so long ago that its answer is forgotten: what is still known of it. */
struct kx_action kx_fac_recall(struct kx_core_request *r);
/** Of a step that came too late: whether the records are looked up once more, since another copy
 *  has ended the payment. */
bool kx_fac_looks_again(struct kx_core_request *r);

#endif
