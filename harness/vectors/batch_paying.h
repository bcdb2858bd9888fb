/** What the files of vectors/batch_pay share: a request in the making. */
#ifndef VECTORS_BATCH_PAYING_H
#define VECTORS_BATCH_PAYING_H

#include "vectors/batch_pay.h"

/** What a request is made of, one after the other. */
struct pay_making {
    struct vectors *v;
    const struct vectors_pay_patch *patches;
    enum vectors_pay_story story;
    struct assay_arena arena;
    const struct kx_batch_binding *binding; /**< of the terms */
    struct kx_lane lane;  /**< what its scripts are made of: the channel, or as long as that cannot
                           * be opened the channel before it was changed */
    struct kaspa_spk spk; /**< of the head that is presented */
    char escrow_address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    char context[X402_HASH_TEXT_BYTES]; /**< of the caller, or of the route */
    uint8_t channel_id[32];
    json_t *plan, *head, *required, *accepted, *voucher, *presented, *payment;
};

/** Makes the changes of a stage, and puts in what words stand for. */
void pay_change(struct pay_making *m, enum vectors_pay_stage stage, json_t *value);

/** Makes what the voucher is for, and what is presented. */
void pay_present(struct pay_making *m);
/** The same, signed, as they are sent. */
json_t *pay_sent_voucher(struct pay_making *m);
json_t *pay_sent_presentation(struct pay_making *m);

#endif
