/** Payments that a facilitator settles, within the decision core: what a request holds of one, and
 *  what the other files of the core ask for. Internal to ref/core; see kx_facilitated.c. */
#ifndef KX_FACILITATED_H
#define KX_FACILITATED_H

#include "core/kx_core.h"
#include "x402/exact_evm.h"
#include "x402/payment_identifier.h"

struct kx_facilitated_state {
    bool has_identifier;
    struct x402_identifier identifier;
    bool is_authorized; /**< it is paid by an authorization of EIP-3009, `authorized` */
    struct x402_evm_payload authorized;
    struct x402_ask ask;
    struct x402_expected expected;
    enum kx_facilitator_call call; /**< that is on */
    int calls_left;
    bool is_again;      /**< its settlement was asked for before */
    bool has_result;    /**< the handler has answered with something that can be passed on */
    bool has_failed;    /**< its settlement was refused: nothing has moved */
    const char *reason; /**< why a facilitator refuses; NULL: it does not */
    struct x402_settlement settled;
    bool is_given_up;         /**< of a defect: in doubt, and free again */
    bool is_streamed;         /**< of a defect: the handler has told no length */
    bool is_signed_elsewhere; /**< the signed offers that came back are of another resource */
    bool is_spent;            /**< what settles it has bought already */
};

/** One entry of an offer; borrowed from the core, or of defects from what the facilitator lists. */
struct kx_facilitated_entry {
    struct assay_bytes scheme, network, asset, pay_to;
    struct assay_bytes extra; /**< JSON; empty: none */
};

/** The entries of what is published now: room for X402_ACCEPTS_MAX_ITEMS. How many. */
size_t kx_facilitated_entries(struct kx_facilitated_entry *out, const struct kx_core_request *r);
/** What each of them costs. */
uint64_t kx_facilitated_price(const struct kx_core_request *r);
/** Appends the entries of what is published now, behind as many as there are before. How many. */
size_t kx_facilitated_write(struct assay_buf *out, const struct kx_core_request *r, size_t before);
/** Whether the document accepts a kind that is sold through the facilitator. */
bool kx_facilitated_is_paid(struct kx_core_request *r);
/** Reads what was authorised, where the accepted terms are paid so. What does not have its values
 *  strictly is refused as a facilitator should (x402 v2 digest, section 4: invalid_payload).
 *  Its codes are those of x402_evm_payload_read. */
enum assay_code kx_facilitated_authorization(struct kx_core_request *r) ASSAY_MUST_USE;
/** Fills requirements, fingerprint, payload_hash and scope, and the identifier where the payer has
 *  given none. As kx_requirements_hash. */
enum assay_code kx_facilitated_name(struct kx_core_request *r) ASSAY_MUST_USE;
/** By what the transaction that has settled it is known, on its network; empty where none is named.
 *  out: X402_HASH_TEXT_BYTES. TOO_LARGE, NOMEM. */
enum assay_code kx_facilitated_name_settlement(char *out,
                                               const struct kx_core_request *r) ASSAY_MUST_USE;
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

/* ---- what is signed of offers and settlements (kx_facilitated_signed.c) ---- */

/** Appends to the extensions of a challenge what is signed of its entries, of which the first
 *  `before` are no facilitator's. Nothing without a key, or where none of them can be signed. */
void kx_facilitated_write_signed(struct assay_buf *out, const struct kx_core_request *r,
                                 size_t before);
/** Whether the payment brings no signed offers, or nothing but such as this server has signed, and
 *  that of the entry that is paid among them. Fills is_signed_elsewhere. */
bool kx_facilitated_is_signed_echo(struct kx_core_request *r, const struct x402_terms *paid);
/** Whether it brings such. */
bool kx_facilitated_has_signed(const struct kx_core_request *r);
/** Appends the settlement in facilitated.settled, with a receipt where it is signed. */
void kx_facilitated_add_receipt(struct assay_buf *out, struct kx_core_request *r);

#endif
