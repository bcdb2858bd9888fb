/** Judging a paid batch request: every check in the spec's order, each by its rule.
 *
 *  Pure: what the store holds and what the chain says is handed in. A server judges without the
 *  chain first, so that a forgery costs no read, then with it; a verdict is valid only with both.
 *  What a request would cost, who signed it and over what is computed here from the server's own
 *  values; what the payload says of them is compared and never used.
 *
 *  A check that does not concern a payment has held. Source: Kaspa x402 batch digest, sections 5 to
 *  7, 8.5, 10 and 12.
 */
#ifndef KX_BATCH_VERIFY_H
#define KX_BATCH_VERIFY_H

#include "kaspa_x402/acceptance.h"
#include "kaspa_x402/accounting.h"
#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/check.h"
#include "kaspa_x402/lane.h"

#define KX_REFUND_LEAD_DEFAULT UINT64_C(1000) /**< DAA */

/** The checks of a request, in order. */
enum kx_batch_rule {
#define X(constant, id, local, source, sentence, remedy) KX_BATCH_RULE_##constant,
#include "kaspa_x402/batch_checks.def"
#undef X
    KX_BATCH_RULE__COUNT
};

struct kx_batch_rule_row {
    const char *id;
    enum kx_local local; /**< what breaking it is called */
    const char *source, *sentence, *remedy;
};
extern const struct kx_batch_rule_row kx_batch_rules[KX_BATCH_RULE__COUNT];

/** The check that a fault of the terms breaks; KX_BATCH_RULE__COUNT for OK. */
enum kx_batch_rule kx_batch_terms_rule(enum kx_batch_terms_fault fault);

struct kx_batch_policy {
    uint64_t confirmations;   /**< of what made the head; > 0 */
    uint64_t refund_lead_daa; /**< vouchers end so long before the refund opens */
    uint64_t horizon_daa;     /**< refunds open no later than so far from now; 0: any time */
};

#define KX_BATCH_POLICY_INIT                                                                       \
    {                                                                                              \
        .confirmations = KX_THRESHOLD_DEFAULT, .refund_lead_daa = KX_REFUND_LEAD_DEFAULT           \
    }

/** A lane as the store holds it. */
struct kx_batch_channel {
    const struct kx_lane *lane;
    struct kx_lane_head head;
    struct kx_accounts accounts; /**< funding and claimed as in the head */
    bool is_active;              /**< else refunded, suspicious or not available: never charged */
    bool is_claiming;            /**< a claim attempt is open */
    bool has_last;               /**< what was committed last */
    struct kx_commitment last;
    char last_payload[X402_HASH_TEXT_BYTES]; /**< its replay hash */
};

/** What the chain says of the transaction that made a head: a genesis, or a top-up. */
struct kx_birth {
    struct kaspa_outpoint spent; /**< by the input that authorises: of a top-up the old head */
    uint64_t output_count;       /**< of the transaction, in all */
    uint64_t authorized_count;   /**< of those, how many that input continues */
    struct kaspa_outpoint outpoint;
    struct kaspa_output output; /**< there */
    struct kx_acceptance acceptance;
};

/** Reads it of the transaction, but for its acceptance, which stays zeros: by the input that
 *  authorises the output (sections 8.5 and 9.2). False: there is no such output or input, and *out
 *  is unchanged. The output's script is borrowed. */
bool kx_birth_read(struct kx_birth *out, const struct kaspa_tx *tx,
                   const struct kaspa_outpoint *outpoint) ASSAY_MUST_USE;

/** What the chain says of the head that a payment presents. */
struct kx_head_sight {
    bool is_missing; /**< there is no such coin */
    struct kaspa_utxo coin;
    struct kx_evidence evidence;  /**< of the transaction that made it */
    const struct kx_birth *birth; /**< of a deposit; NULL: not known */
    bool has_daa;
    uint64_t daa_score; /**< now */
};

struct kx_batch {
    const struct x402_required *offer; /**< what this server offers */
    const struct kx_batch_payment *payment;
    const struct kx_request *request;
    struct kx_batch_policy policy;
    int64_t now_ms;
    const struct kx_batch_channel *channel; /**< that the store holds under the payload's channel
                                                 id; NULL: none */
    const struct kx_head_sight *sight;      /**< NULL: the chain was not asked yet */
    bool is_started; /**< the very same attempt is pending, and its handler has started: then an
                          expired presentation is good for its recovery, and for nothing else */
    struct assay_arena *arena;
};

/** How a payment stands to the lane that it names. */
enum kx_batch_path {
    KX_PATH_NONE,    /**< not known: no such lane, or a payload of another type */
    KX_PATH_VOUCHER, /**< on the stored head */
    KX_PATH_OPEN,    /**< a deposit that opens the lane */
    KX_PATH_SAME,    /**< a deposit of the stored head again */
    KX_PATH_TOP_UP,  /**< a deposit of another outpoint of a stored lane */
};

struct kx_batch_verdict {
    enum kaspa_outcome outcome; /**< VALID: every check held. UNDECIDED: nothing broken, something
                                     not judged */
    enum kx_batch_rule first;   /**< of INVALID: the first broken */
    struct kx_check checks[KX_BATCH_RULE__COUNT];
    enum kx_batch_path path;
    /** It is the request that was committed last: its stored answer is due, whatever else is judged
     *  here (section 7, C8). */
    bool is_replay;
    bool is_recovery; /**< expired: a stored result may be delivered, and no handler run */

    /* what comes next; of VALID, but for telling what was seen */
    const struct kx_lane *lane;  /**< the stored one; of OPEN in the arena; NULL: not known */
    struct kx_lane_head head;    /**< that the payment presents */
    struct kx_accounts accounts; /**< with the voucher taken and nothing charged: T is the required
                                      total */
    struct kx_commitment commitment; /**< of the whole offered amount */
    uint8_t commitment_id[32], voucher_digest[32], presentation_digest[32];
    char fingerprint[X402_HASH_TEXT_BYTES], requirements[X402_HASH_TEXT_BYTES],
        payload[X402_HASH_TEXT_BYTES], attempt[X402_HASH_TEXT_BYTES];
};

/** Judges everything that can be judged with what is given. Never fails: what needs memory that the
 *  arena does not give is undecided. offer, payment, request and arena are not NULL. */
void kx_batch_verify(struct kx_batch_verdict *out, const struct kx_batch *with);

/** Whether vouchers are still taken at a DAA score: the refund is no time, further away than the
 *  lead, and within the horizon (0: none). NULL: they are; else why not. */
const char *kx_refund_window_fault(uint64_t timeout_daa, uint64_t now_daa,
                                   const struct kx_batch_policy *policy);

#endif
