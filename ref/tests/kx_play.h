/** A paying client in virtual time: a script of what server, wallet, folder and node say, and the
 * trace of what the client wanted. The wallet is honest (kx_world signs), unless a row changes its
 * result.
 */
#ifndef REF_TESTS_KX_PLAY_H
#define REF_TESTS_KX_PLAY_H

#include "ref/tests/kx_trace.h"
#include "ref/tests/kx_world.h"

#define KX_PLAY_MANY 12

/** One answer of the server, by its order. */
struct kx_play_answer {
    int status;          /**< 0: none came (TIMEOUT) */
    const char *receipt; /**< PAYMENT-RESPONSE: "paid", "failed", "other", "nonsense"; NULL: none */
    const char *retry_after, *location;
    json_t *challenge; /**< PAYMENT-REQUIRED; NULL: of 402 the world's own */
    size_t challenges; /**< how often that header comes; 0: once */
};

/** One look of the node. */
struct kx_play_sight {
    enum assay_code code;
    enum kx_chain_status status;
    uint64_t confirmations;
    bool is_missing; /**< the coins */
};

struct kx_play {
    struct kx_world *w;
    struct kx_policy policy;
    struct kx_client *client;
    struct kx_client_job job;
    struct assay_arena arena;
    int64_t now_ms;

    /* the script; what comes behind its end is the last one again */
    struct kx_play_answer answers[KX_PLAY_MANY];
    const char *kinds[KX_PLAY_MANY]; /**< JSON texts of sourceKind's result; NULL at first: right */
    const char *network;             /**< JSON text; NULL: right */
    void (*spoil)(json_t *result);   /**< of payExactTransaction */
    enum assay_code wallet_code;     /**< of payExactTransaction */
    struct kx_play_sight sights[KX_PLAY_MANY];
    size_t fails_save;  /**< the n-th save fails; 0: none */
    size_t dies_at;     /**< before the n-th action is carried out; 0: never */
    size_t allocations; /**< that the client is given from now on; SIZE_MAX: all */

    /* what happened */
    char trace[KX_TRACE_BYTES];
    size_t answered, asked_kind, looked, saved, done;
    struct assay_bytes file; /**< what was saved last */
    bool has_file;
    struct assay_bytes intent; /**< what the wallet was asked to sign last */
    struct kx_client_outcome outcome;
    const struct kx_client_attempt *attempt; /**< of the end */
    struct assay_bytes header;               /**< that was sent first */
    bool is_header_changed;                  /**< another was sent later */
};

/** A standard-native purchase that goes well: the script is 402, then 200 with a receipt, and a
 * node that shows it accepted. */
struct kx_play *kx_play_new(enum kx_profile profile);
void kx_play_free(struct kx_play *p);
/** Runs from the saved attempt, if there is one. */
void kx_play_run(struct kx_play *p);
/** Runs again: the same program started anew on the same folder, with what the script says next. */
void kx_play_restart(struct kx_play *p);

#endif
