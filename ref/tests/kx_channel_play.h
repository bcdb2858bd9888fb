/** A client that pays by channel, in virtual time, against the real decision core of a server and
 *  its chain (kx_batch_shop.h). The wallet signs honestly with the client's key, unless a row
 * spoils what it says; the folder holds the texts that were saved. */
#ifndef REF_TESTS_KX_CHANNEL_PLAY_H
#define REF_TESTS_KX_CHANNEL_PLAY_H

#include "ref/tests/kx_batch_shop.h"
#include "ref/tests/kx_trace.h"

#define PLAY_TARGET "/batch"
#define PLAY_URL SHOP_URL PLAY_TARGET
#define PLAY_DEPOSIT BATCH_FUNDING
#define PLAY_FILES 16

struct kx_channel_play {
    struct batch_shop shop; /**< its time is everybody's */
    struct assay_arena arena;
    struct kx_policy policy;
    struct kx_client_job job;
    struct kx_client *client;
    const char *server_key;

    /* the script of one run */
    size_t dies_at;    /**< before the n-th action is carried out; 0: never */
    size_t fails_save; /**< the n-th save fails; 0: none */
    size_t dies_in;    /**< of the n-th save, behind the first of its files; 0: none */
    /** Changes what the wallet answers to a call. NULL: nothing. */
    void (*spoil)(const char *call, json_t *result);
    /** Changes what the server answers; a status of 0: nothing comes. NULL: nothing. */
    void (*bend)(struct kx_channel_play *p, struct shop_reply *reply);
    size_t late;               /**< so many payments come when their presentations are over */
    enum assay_code fund_code; /**< of prepareEscrowDeposit */
    size_t allocations;        /**< that the client is given from now on; SIZE_MAX: all */
    enum assay_code look_code, submit_code;
    bool is_unsent;            /**< of submit_code */
    bool is_not_taken;         /**< the buyer cannot be given the answer */
    enum assay_code find_code; /**< of the folder's channel */
    uint64_t confirmations;    /**< of what is submitted; 0: it is not accepted */

    /* what happened */
    char trace[KX_TRACE_BYTES];
    size_t saved, done, submissions, vouchers, paid; /**< of all runs */
    uint64_t signed_total;                           /**< of the last voucher */
    uint8_t fingerprint[32];                         /**< of its presentation */
    size_t keys;                                     /**< asked for before consent */
    bool is_consented;                               /**< in this run */
    struct assay_bytes paid_with;                    /**< the last PAYMENT-SIGNATURE */
    char
        finals[1024]; /**< what the wallet was told became of its attempts: "ID=accepted ID=absent "
                       */
    bool is_paying;   /**< the exchange under way has one */
    struct kx_client_outcome outcome;

    /* the folder */
    struct assay_bytes channel; /**< empty: none */
    struct assay_bytes ended;   /**< the one that has ended last, as it was saved last */
    struct assay_bytes attempts[PLAY_FILES];
    size_t attempt_count;
    size_t numbers; /**< that random bytes are made of */
};

/** A shop whose offer a policy allows, and no channel. */
struct kx_channel_play *kx_channel_play_new(void);
void kx_channel_play_free(struct kx_channel_play *p);
/** A run from the folder as it is, its trace anew. */
void kx_channel_play_run(struct kx_channel_play *p);
/** One that opens the channel and is served. */
void kx_channel_play_open(struct kx_channel_play *p);
/** As it was saved last; where there is none, the one that has ended. */
struct kx_client_channel kx_channel_play_channel(struct kx_channel_play *p);
struct kx_client_attempt kx_channel_play_attempt(struct kx_channel_play *p, size_t number);
/** The same of a run that takes back what is left of the channel. */
void kx_channel_play_refund(struct kx_channel_play *p);
/** What it waits for is on the chain; a top-up with its server's signature. */
struct batch_tx *kx_channel_play_co_sign(struct kx_channel_play *p, uint64_t confirmations);
/** The client's channel becomes that of the shop's own verbs, which move its head. */
void kx_channel_play_adopt(struct kx_channel_play *p);

#endif
