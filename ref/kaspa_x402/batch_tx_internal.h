/** What the files of batch_tx_verify share: a judgement under way, and what judges each rule. */
#ifndef KX_BATCH_TX_INTERNAL_H
#define KX_BATCH_TX_INTERNAL_H

#include "kaspa/sign.h"
#include "kaspa_x402/batch_tx.h"

/** Of a P2PK funding input; and of the head's, for each signature that its path checks. */
#define KX_TX_SIGNATURE_BUDGET 10U

/** The arguments that a path takes before its selector. */
enum kx_tx_argument {
    KX_ARGUMENT_PROVIDER, /**< a signature of the transaction */
    KX_ARGUMENT_CLIENT,   /**< the same */
    KX_ARGUMENT_VOUCHER,  /**< a signature of the voucher */
    KX_ARGUMENT_TOTAL,    /**< T; under kaspa-escrow-v1 the voucher's amount */
    KX_ARGUMENT_AMOUNT,   /**< D */
    KX_ARGUMENT__COUNT
};
#define KX_TX_ARGUMENTS_MAX 4

struct kx_tx_layout {
    enum kx_tx_argument arguments[KX_TX_ARGUMENTS_MAX];
    size_t count;
    size_t signature_count; /**< that its script checks, the voucher's too */
    struct assay_bytes selector;
};
/** What the head's witness consists of, but for the redeem script. Of a genesis: nothing. */
void kx_tx_layout_of(struct kx_tx_layout *out, const struct kx_escrow_template *tmpl,
                     enum kx_batch_kind kind);
/** In bytes: 65, 64 or 8. */
size_t kx_tx_argument_width(enum kx_tx_argument argument);

/** Reads them from a head's signature script, up to the first that is not a push of its width:
 *  that one's is left as it is, and those behind it. The rest of the script. */
struct assay_bytes kx_tx_read_arguments(struct assay_bytes arguments[KX_ARGUMENT__COUNT],
                                        const struct kx_tx_layout *layout,
                                        struct assay_bytes script);

/** Which output continues the channel, and which one leaves it. */
static inline size_t kx_tx_successor(enum kx_batch_kind kind)
{
    return kind == KX_BATCH_CLAIM ? 1 : 0;
}
static inline size_t kx_tx_payee(enum kx_batch_kind kind)
{
    return kind == KX_BATCH_TOP_UP ? 1 : 0;
}
static inline const struct kaspa_spk *kx_tx_payee_spk(const struct kx_lane *lane,
                                                      enum kx_batch_kind kind)
{
    return kind == KX_BATCH_CLAIM ? &lane->payout : &lane->refund;
}
static inline size_t kx_tx_first_funding(enum kx_batch_kind kind)
{
    return kind == KX_BATCH_GENESIS ? 0 : 1;
}
static inline bool kx_tx_is_funded(enum kx_batch_kind kind)
{
    return kind == KX_BATCH_GENESIS || kind == KX_BATCH_TOP_UP;
}
static inline bool kx_tx_has_lineage(const struct kx_escrow_template *tmpl)
{
    return tmpl->state_at != 0;
}
/** Whether the template has such a transaction. */
bool kx_tx_has_kind(const struct kx_escrow_template *tmpl, enum kx_batch_kind kind);
/** The id of the covenant that starts at an outpoint with one output. */
void kx_tx_genesis_id(struct kaspa_hash *out, const struct kaspa_outpoint *from,
                      const struct kaspa_output *output);

struct kx_tx_judging {
    const struct kx_batch_tx *with;
    const struct kx_lane *lane;
    const struct kaspa_tx *tx;
    struct kx_batch_tx_verdict *out;
    bool has_shape; /**< as many inputs and outputs as the kind has */
    /** The head's coin and redeem script, made of lane and head; not of a genesis. */
    struct kaspa_utxo head_coin;
    struct assay_bytes redeem;
    /** The arguments where the witness has them; at NULL where it could not be read up to there. */
    struct assay_bytes arguments[KX_ARGUMENT__COUNT];
    struct assay_bytes rest; /**< of the witness, behind the arguments that could be read */
    bool has_amount;         /**< D is known and right; always but of a claim */
    /** The chain's; of a claim or refund else the head's; or NULL. */
    const struct kaspa_utxo *coins;
    uint64_t *units;                /**< that the scripts used */
    struct kaspa_verdict consensus; /**< where there are coins */
};

/** Judges one rule; called only where what it rests on is there. */
typedef void kx_tx_judge(struct kx_tx_judging *j, enum kx_batch_tx_rule rule);

/** Broken, and called what its rule is called. */
void kx_tx_break(struct kx_tx_judging *j, enum kx_batch_tx_rule rule, const char *format, ...)
    ASSAY_PRINTF(3, 4);
void kx_tx_pass_over(struct kx_tx_judging *j, enum kx_batch_tx_rule rule, const char *why);
static inline bool kx_tx_has_held(const struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    return j->out->checks[rule].result == KASPA_CHECK_HELD;
}

/** The first rule of a verdict whose check came out so; KX_BATCH_TX__COUNT: none did. */
enum kx_batch_tx_rule kx_tx_first(const struct kx_batch_tx_verdict *verdict,
                                  enum kaspa_check_result result);

/* batch_tx_form.c: of the transaction's form */
kx_tx_judge kx_tx_judge_kind, kx_tx_judge_version, kx_tx_judge_subnetwork, kx_tx_judge_gas,
    kx_tx_judge_payload, kx_tx_judge_inputs, kx_tx_judge_outputs, kx_tx_judge_sequence,
    kx_tx_judge_lock_time, kx_tx_judge_refund_lock;
/* batch_tx_spend.c: of what it spends, and of the witness */
void kx_tx_read_witness(struct kx_tx_judging *j);
/** Whether a coin is what lane and head say; else *what differs. */
bool kx_tx_coin_is_head(const struct kx_tx_judging *j, const struct kaspa_utxo *coin,
                        const char **what);
kx_tx_judge kx_tx_judge_head, kx_tx_judge_coin, kx_tx_judge_arguments, kx_tx_judge_selector,
    kx_tx_judge_redeem, kx_tx_judge_funding;
/* batch_tx_value.c: of amounts and outputs */
kx_tx_judge kx_tx_judge_total, kx_tx_judge_amount, kx_tx_judge_drain, kx_tx_judge_payee,
    kx_tx_judge_payee_unbound, kx_tx_judge_payee_amount, kx_tx_judge_successor_bound,
    kx_tx_judge_covenant_id, kx_tx_judge_successor_script, kx_tx_judge_successor_amount;
/* batch_tx_sign.c: of signatures */
kx_tx_judge kx_tx_judge_hash_type, kx_tx_judge_voucher, kx_tx_judge_provider, kx_tx_judge_client,
    kx_tx_judge_funding_signature;
/* batch_tx_run.c: of what was run */
kx_tx_judge kx_tx_judge_fee, kx_tx_judge_storage_mass, kx_tx_judge_budget, kx_tx_judge_script,
    kx_tx_judge_ready, kx_tx_judge_consensus;

#endif
