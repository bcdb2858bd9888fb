/** What the files of the bundle share. Internal to ref/kaspa_x402. */
#ifndef KX_EVIDENCE_INTERNAL_H
#define KX_EVIDENCE_INTERNAL_H

#include "kaspa_x402/accounting.h"
#include "kaspa_x402/batch_tx.h"
#include "kaspa_x402/evidence.h"
#include "kaspa_x402/exact_verify.h"
#include "kaspa_x402/lineage_json_internal.h"

enum { KX_FLOW_STEPS_MAX = 3, KX_BUNDLE_PAYMENTS_MAX = 16 };

enum kx_step_kind {
    KX_STEP_NONE,
    KX_STEP_PAYMENT,   /**< an exact payment that settled */
    KX_STEP_REFUSED,   /**< a payment that was refused as a replay */
    KX_STEP_INVALID,   /**< an exact payment that was refused as invalid */
    KX_STEP_PENDING,   /**< the loser of a conflict */
    KX_STEP_DUPLICATE, /**< the answer to the same payment again */
    KX_STEP_EXTERNAL,  /**< a head moved on by somebody else */
    KX_STEP_RESTART,   /**< with a broadcast unresolved */
    KX_STEP_RECOVERY,
    KX_STEP_RELOAD, /**< a restart with an attempt unresolved, and the state after it */
    KX_STEP_GENESIS,
    KX_STEP_VOUCHER,
    KX_STEP_CLAIM,
    KX_STEP_TOP_UP,
    KX_STEP_RESERVED, /**< a refund, stored */
    KX_STEP_REFUND,
    KX_STEP__COUNT
};

/** The members of steps. */
enum kx_step_member {
    KX_HAS_KIND = 1 << 0,
    KX_HAS_OFFER = 1 << 1,
    KX_HAS_REQUEST = 1 << 2,
    KX_HAS_PAYMENT = 1 << 3,
    KX_HAS_RECEIVED_AT = 1 << 4,
    KX_HAS_COINS = 1 << 5,
    KX_HAS_TRANSACTION = 1 << 6,
    KX_HAS_CHAIN = 1 << 7,
    KX_HAS_BROADCAST = 1 << 8,
    KX_HAS_REPORT = 1 << 9,
    KX_HAS_STATE = 1 << 10,
    KX_HAS_RESPONSE = 1 << 11,
    KX_HAS_EVIDENCE = 1 << 12,
    KX_HAS_EXECUTIONS = 1 << 13,
    KX_HAS_BROADCASTS = 1 << 14,
    KX_HAS_STATUS = 1 << 15,
    KX_HAS_REPLACEMENTS = 1 << 16,
    KX_HAS_VOUCHER = 1 << 17,
    KX_HAS_AMOUNT = 1 << 18,
    KX_HAS_UNRESOLVED = 1 << 19,
    KX_HAS_STORED_AT = 1 << 20,
    KX_HAS_BROADCAST_AT = 1 << 21,
    KX_HAS_ARTIFACT = 1 << 22,
    KX_HAS_TXID = 1 << 23,
};

struct kx_step_broadcast {
    struct assay_bytes network, version_from, finality;
    struct kaspa_hash txid;
    uint16_t version;
};

/** What was reported of the bytes: of a batch transaction the first three. */
struct kx_step_report {
    struct kaspa_hash artifact; /**< SHA-256 of the bytes */
    uint64_t fee, storage_mass;
    bool is_exact;
    struct assay_bytes encoding;
    uint32_t output_index;
    struct kaspa_hash settlement_id;
    uint64_t merchant_gain, payer_cost;
    bool has_head;
    struct kaspa_hash head_id;
    uint64_t head_version, head_increase;
    struct kaspa_outpoint head_outpoint;
};

struct kx_step {
    enum kx_step_kind kind;
    unsigned has;                                                             /**< members */
    uint32_t offer, request, payment, coins, transaction, response, evidence; /**< tokens */
    int64_t received_at_ms, stored_at_ms, broadcast_at_ms;
    struct kx_acceptance chain;
    struct kx_step_broadcast broadcast;
    struct kx_step_report report;
    struct kx_accounts state;
    uint64_t executions, broadcasts, status, replacements, amount;
    struct kaspa_hash unresolved, artifact, txid;
    uint64_t voucher_total;
    struct kaspa_hash voucher_covenant;
    uint8_t voucher_signature[ASSAY_SIG_BYTES];
};

/** An exact payment that settled, as flows look back at it. */
struct kx_bundle_payment {
    enum kx_profile profile;
    struct kaspa_hash txid;
    uint64_t amount;
    struct assay_bytes identifier;
    struct kx_head head; /**< that it spent, of a profile with one */
    uint32_t response;   /**< token */
    const struct kaspa_tx *tx;
    const struct kaspa_utxo *coins; /**< one an input */
};

/** A step's transaction with what its text says of it, and the coins that it spends. */
struct kx_step_spend {
    struct kaspa_tx tx;
    struct kaspa_claims claims;
    struct kaspa_utxo *coins;
};

struct kx_bundling {
    struct kaspa_json_reader r; /**< its path is the place */
    struct assay_arena *arena;
    const struct kx_bundle_policy *policy;
    struct assay_bytes sources[KX_BUNDLE_SOURCES_MAX]; /**< their names */
    size_t source_count;
    /* the channel */
    struct kx_channel channel;
    struct kx_lane lane;
    struct kx_launch launch;
    struct kx_lineage *lineage;
    struct kx_accounts accounts;
    struct kx_step reserved;
    struct kaspa_hash refund;
    /* exact payments so far */
    struct kx_bundle_payment payments[KX_BUNDLE_PAYMENTS_MAX];
    size_t payment_count;
    struct kaspa_outpoint advanced; /**< the head that somebody else made, and its value */
    uint64_t advanced_value;
    size_t broadcasts;
    enum kx_bundle_rule rule; /**< that was broken */
};

/** Notes a refusal at a member of where the reader is (NULL: there itself) and returns false. */
bool kx_bundle_refuse(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                      const char *format, ...) ASSAY_PRINTF(4, 5);
/** The same of a document within the bundle, whose own err says where. */
bool kx_bundle_refuse_in(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                         const struct assay_err *inner);

/** Whether a document holds what may be a private key: err says how it is known and at which byte
 *  of it, never what it is.
 *  True too, with err's code NOMEM, where there is no memory to look. */
bool kx_bundle_has_key(struct assay_arena *arena, const struct assay_json *doc,
                       struct assay_err *err);

/** Reads sources, channel and launch manifest, and opens the lane. */
bool kx_bundle_read_sources(struct kx_bundling *b, uint32_t token);
bool kx_bundle_read_manifest(struct kx_bundling *b, uint32_t token);
/** Reads a step by the members of its kind. */
bool kx_step_read(struct kx_bundling *b, struct kx_step *out, enum kx_step_kind kind,
                  uint32_t token);

/** Judges one step by itself and against what was before it. */
typedef bool kx_step_judge(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step);
kx_step_judge kx_step_payment, kx_step_refused, kx_step_invalid, kx_step_pending, kx_step_duplicate,
    kx_step_external;
kx_step_judge kx_step_genesis, kx_step_voucher, kx_step_claim, kx_step_top_up, kx_step_reserved,
    kx_step_refund;
kx_step_judge kx_step_restart, kx_step_recovery;

/** Chain and broadcast of a transaction that the bundle has. */
bool kx_bundle_judge_broadcast(struct kx_bundling *b, const struct kx_step *step,
                               const struct kaspa_tx *tx, bool must_be_confirmed);
/** A step's transaction and coins, in the arena. */
bool kx_bundle_read_spend(struct kx_bundling *b, const struct kx_step *step,
                          struct kx_step_spend *out);
bool kx_bundle_read_coins(struct kx_bundling *b, const struct kx_step *step, size_t count,
                          struct kaspa_utxo **out);
/** Whether what a transaction's text says beside its bytes (id, storage mass, the coins of inputs)
 *  follows from them and from the coins of the chain. What it does not say is not missed. */
bool kx_bundle_judge_claims(struct kx_bundling *b, const char *member, const struct kaspa_tx *tx,
                            const struct kaspa_claims *claims, const struct kaspa_utxo *coins);
/** There was one: the first flow is of payments. */
const struct kx_bundle_payment *kx_bundle_last_payment(const struct kx_bundling *b);
/** SHA-256 of a transaction as it is encoded. */
bool kx_bundle_artifact(struct kx_bundling *b, struct kaspa_hash *out, const struct kaspa_tx *tx);
bool kx_bundle_judge_number(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                            uint64_t got, uint64_t want);
bool kx_bundle_judge_hash(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                          const struct kaspa_hash *got, const struct kaspa_hash *want);

#endif
