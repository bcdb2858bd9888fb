/** What a store keeps of channels (scheme batch-settlement): their records, and what payments
 * charge to them. The rules are in kx_store.h.
 *
 *  Source: Kaspa x402 batch digest, sections 6.1, 13 and 14.
 */
#ifndef REF_STORE_KX_CHANNEL_H
#define REF_STORE_KX_CHANNEL_H

#include "kaspa_x402/lineage.h"
#include "x402/document.h"

#define KX_STORE_CONFIG_MAX_BYTES 4096 /**< its lineage: KX_STATE_MAX_BYTES */

/** One channel. Slices are borrowed by what takes it; of what was loaded they are views into the
 * caller's storage. */
struct kx_lane_record {
    /* what it is; never changes, nor does the covenant id of its head */
    char channel_id[X402_HASH_TEXT_BYTES];
    uint8_t client[ASSAY_XONLY_BYTES];
    struct assay_bytes config; /**< canonical JSON */

    /* where its lineage stands */
    enum kx_channel_status status;
    /** It was suspicious or refunded once, whatever its status became since: never active again,
     * never charged again (section 13). Only the store sets it, and nothing takes it away. */
    bool is_closed;
    struct kx_lane_head head;   /**< with V and S; where there is none: the last one */
    struct assay_bytes lineage; /**< manifest and journal, for who reads them */

    /* what was charged. S <= charged <= authorized <= KX_BATCH_AMOUNT_MAX, and the latter two are
     * one but while an attempt holds the lease */
    uint64_t charged;    /**< A: committed charges */
    uint64_t authorized; /**< T: what the last voucher is for */
    bool has_voucher;
    uint8_t voucher[ASSAY_SIG_BYTES]; /**< of T; whoever could spend it must not see it: no log, no
                                         answer */

    uint64_t version; /**< one more with each change, but for taking the lease or abandoning it */
    char lease[X402_HASH_TEXT_BYTES];        /**< of the attempt or operation; empty: none */
    char last_attempt[X402_HASH_TEXT_BYTES]; /**< that was committed; empty: none yet */
    int64_t changed_ms;                      /**< with its version */
};

/** What one payment charges to its channel: T after it is A after it. */
struct kx_charge {
    char channel_id[X402_HASH_TEXT_BYTES];
    uint64_t version; /**< of the record that it was judged with; of the one that it brings, if it
                         brings one */
    uint64_t before, after;           /**< A, and A with the payment's amount */
    uint8_t voucher[ASSAY_SIG_BYTES]; /**< of `after`; zeros once the attempt is APPLIED */
    char commitment_id[X402_HASH_TEXT_BYTES];
};

#endif
