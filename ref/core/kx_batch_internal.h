/** What a request on its way holds of a batch payment, and the functions of the files of the core
 *  that are for scheme batch-settlement alone. Internal to the core. */
#ifndef KX_BATCH_INTERNAL_H
#define KX_BATCH_INTERNAL_H

#include "core/kx_core.h"
#include "core/kx_lane_journal.h"
#include "kaspa_x402/batch_settlement.h"

struct kx_core_request;

struct kx_batch_state {
    struct kx_batch_payment payment;
    enum kx_batch_terms_fault fault;
    struct kx_batch_offer accepted; /**< where there is no fault */

    /* the channel that it names */
    bool has_record;
    struct kx_lane_record record;
    struct kx_lane lane;
    struct kx_batch_channel channel;
    bool is_leased; /**< by another payment */
    struct kx_lane_journal *journal;
    bool is_to_claim;            /**< it is loaded for a top-up that has held */
    struct kx_lane_record moved; /**< what is brought to the store, or put there */

    /* what it is judged by */
    struct kaspa_outpoint outpoint; /**< of the look */
    struct kaspa_spk spk;
    struct kx_head_sight sight;
    struct kx_birth birth;
    struct kaspa_hash before;
    bool has_before;
    struct kx_batch_verdict verdict;
    enum kx_batch_rule broken;
    bool is_client_known; /**< a voucher for this very lineage, and its presentation with this very
                               request, are signed by its client, who may pay on */

    /* its settlement */
    struct kx_lane_head head; /**< that is charged */
    bool is_expired;          /**< its presentation, before the handler ran */
    bool has_moved;           /**< the channel, while the handler ran */
};

/* ---- offers (kx_batch_offer.c) ---- */

bool kx_batch_is_sold(const struct kx_core_request *r);
/** A fresh offer; *shown is it, or as it was where none can be made. For a client that is known it
 *  has the timeout and the state of his channel (section 6.5). */
enum assay_code kx_batch_quote(struct kx_batch_offer *out, const struct kx_batch_offer **shown,
                               struct kx_core_request *r) ASSAY_MUST_USE;
/** What the accepted terms are compared with: made of what this server has, but for the refund
 *  timeout, which is the accepted one where this server gives it. */
enum assay_code kx_batch_quote_again(struct kx_batch_offer *out,
                                     struct kx_core_request *r) ASSAY_MUST_USE;

/* ---- from a document to a verdict (kx_batch_judge.c) ---- */

/** Whether the payment is one of batch-settlement that this route takes. */
bool kx_batch_is_paid(struct kx_core_request *r);
struct kx_action kx_batch_read(struct kx_core_request *r);
/** Loads the channel, and judges. */
struct kx_action kx_batch_judge(struct kx_core_request *r);
struct kx_action kx_batch_on_channel(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_store_answer *answer);
struct kx_action kx_batch_on_operation(struct kx_core_request *r, enum assay_code code);
struct kx_action kx_batch_on_sight(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_sight *sight);

/* ---- from the verdict to the answer (kx_batch_settle.c) ---- */

struct kx_action kx_batch_claim(struct kx_core_request *r);
/** Of a claim that the store refused for its channel. */
struct kx_action kx_batch_on_unclaimed(struct kx_core_request *r, enum kx_claim_result result);
/** The handler's mark is set, unless the presentation has expired meanwhile. */
struct kx_action kx_batch_begin(struct kx_core_request *r);
struct kx_action kx_batch_on_begun(struct kx_core_request *r, bool done);
struct kx_action kx_batch_on_abandoned(struct kx_core_request *r, enum assay_code code);
/** An attempt of an earlier request that is not over, and not with an operator: its channel is
 *  loaded, and it goes on. */
struct kx_action kx_batch_resume(struct kx_core_request *r);
struct kx_action kx_batch_go_on(struct kx_core_request *r);
/** What is settled, as PAYMENT-RESPONSE has it. */
void kx_batch_add_receipt(struct assay_buf *out, struct kx_core_request *r);

/* ---- the lane and its journal (kx_batch_lane.c) ---- */

/** The lane of r->batch.record. MALFORMED, NOMEM. */
enum assay_code kx_batch_open_lane(struct kx_core_request *r) ASSAY_MUST_USE;
/** A channel at a head with a total authorized, as it is told; its script is in the arena. */
enum assay_code kx_batch_state(struct kx_channel_state *out, struct kx_core_request *r,
                               const struct kx_lane_head *head, uint64_t authorized) ASSAY_MUST_USE;
/** The record that a deposit brings: of a new lane, or of a top-up, whose journal was loaded. */
enum assay_code kx_batch_write_deposit(struct kx_core_request *r) ASSAY_MUST_USE;
/** The journal of a loaded record, in the arena. */
enum assay_code kx_batch_read_journal(struct kx_core_request *r) ASSAY_MUST_USE;
/** r->batch.moved becomes the record with the journal as it is now, and what follows from it. */
enum assay_code kx_batch_write_moved(struct kx_core_request *r) ASSAY_MUST_USE;
/** Applies what the chain says to the journal. As kx_lane_journal_apply. */
enum assay_code kx_batch_apply(struct kx_core_request *r,
                               const struct kx_lane_journal_news *news) ASSAY_MUST_USE;

/* ---- where a head has gone (kx_batch_follow.c) ---- */

/** The head's coin is not there: the lane is synchronised, and the payment refused. */
struct kx_action kx_batch_follow(struct kx_core_request *r);
struct kx_action kx_batch_on_lineage(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_store_answer *answer);
struct kx_action kx_batch_on_birth(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_sight *sight);
struct kx_action kx_batch_on_spender(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_sight *sight);
struct kx_action kx_batch_on_followed(struct kx_core_request *r, enum assay_code code, bool is_put);

#endif
