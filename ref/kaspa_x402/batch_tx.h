/** The transactions of a batch channel: genesis, claim, top-up and refund, built and judged.
 *
 *  Both sides begin from the channel and the head of its lineage, and make every script, id, mass
 *  and amount from these; nothing that is handed over is believed. So a provider that is asked to
 *  sign a top-up builds it from its terms, compares the id, and signs what it has built.
 *
 *  Under a template without a lineage (kaspa-escrow-v1) there are claims and refunds alone, no
 *  output is bound, a successor goes to the same script again, and D is what the claim takes from
 *  its coin. Source: Kaspa x402 batch digest, sections 8 to 11, 15.2 and 16.
 */
#ifndef KX_BATCH_TX_H
#define KX_BATCH_TX_H

#include "kaspa_x402/check.h"
#include "kaspa_x402/lane.h"

/** sompi; a fee above it is a mistake, or a theft by whoever made the transaction */
#define KX_BATCH_FEE_MAX_DEFAULT UINT64_C(100000000)
/** a signature, and the byte of its type, as transactions carry it */
#define KX_TX_SIGNATURE_BYTES (ASSAY_SIG_BYTES + 1)

enum kx_batch_kind {
    KX_BATCH_GENESIS, /**< funding inputs to the first head */
    KX_BATCH_CLAIM,   /**< D off the head: a payout, and a successor that is worth D less */
    KX_BATCH_TOP_UP,  /**< head and funding inputs to a successor that is worth more */
    KX_BATCH_REFUND,  /**< the head to the client, after the timeout: the end */
};
#define KX_BATCH_KINDS 4
/** "genesis", "claim", "top-up", "refund". */
const char *kx_batch_kind_name(enum kx_batch_kind kind);

/** Who signs transactions. A voucher is no signature of a transaction. */
enum kx_batch_signer { KX_BATCH_PROVIDER, KX_BATCH_CLIENT, KX_BATCH_FUNDER };
#define KX_BATCH_SIGNERS 3

/* ---- judging ---- */

/** The rules of a transaction, in the order in which one is found broken. */
enum kx_batch_tx_rule {
#define X(constant, kinds, id, local, source, sentence, remedy) KX_BATCH_TX_##constant,
#include "kaspa_x402/batch_tx_checks.def"
#undef X
    KX_BATCH_TX__COUNT
};

struct kx_batch_tx_rule_row {
    unsigned kinds; /**< 1 << kind of each that it is a rule of */
    const char *id; /**< "batch.tx.payout.script" */
    enum kx_local local;
    const char *source, *sentence, *remedy;
};
extern const struct kx_batch_tx_rule_row kx_batch_tx_rules[KX_BATCH_TX__COUNT];

struct kx_batch_tx {
    enum kx_batch_kind kind;
    const struct kx_lane *lane;
    const struct kx_lane_head *head; /**< that it spends; of a genesis: not looked at */
    const struct kaspa_tx *tx;
    /** As the chain has them, one an input; NULL: not known. Then a claim or refund is judged over
     *  the coin that the head says there is, and what needs the chain is not judged. */
    const struct kaspa_utxo *utxos;
    const bool *is_missing; /**< one an input: the chain has no such coin. NULL: none is. Counts
                                 only with utxos */
    const struct kaspa_point_of_view *pov; /**< NULL: not known */
    uint64_t fee_max;                      /**< sompi */
    struct assay_arena *arena;
};

struct kx_batch_tx_verdict {
    /** VALID: every rule of its kind has held. UNDECIDED: none is broken, one could not be judged.
     *  What is below is to be used of VALID alone, but for telling what was seen. */
    enum kaspa_outcome outcome;
    enum kx_batch_tx_rule first;                /**< of INVALID: the first broken */
    struct kx_check checks[KX_BATCH_TX__COUNT]; /**< of rules of other kinds: held */
    /** Whether nodes relay it, by their policy; UNDECIDED where coins are not known. */
    enum kaspa_outcome relay;
    struct kaspa_hash id, hash;

    /** The hash type of each signer; 0: there is no such signature, or it was not read. FUNDER:
     *  that of the first funding input that is not ALL, else ALL. */
    uint8_t hash_types[KX_BATCH_SIGNERS];
    bool weak_scope; /**< one of them is weaker than ALL: see kx_batch_tx_add_scopes */

    uint64_t total;  /**< T, of a claim */
    uint64_t amount; /**< D of a claim; what a top-up or a genesis adds */
    uint64_t payout; /**< what leaves: a claim's payout, a top-up's change (or 0), a refund */
    bool has_fee;
    uint64_t fee;
    bool has_next; /**< but of a refund: where the lineage stands behind it */
    struct kx_lane_head next;
    struct kaspa_spk next_spk;    /**< the script that `next` must have; in the arena */
    struct kaspa_output terminal; /**< of a refund: its output, borrowed from the transaction */
};

/** Judges every rule of the kind that can be judged with what is given. Never fails; takes any
 *  transaction, however wrong. lane, tx and arena are not NULL, nor is the head but of a genesis.
 *
 *  Signatures are verified once: by the script where it has run, one by one where it has not or
 *  where it refused. */
void kx_batch_tx_verify(struct kx_batch_tx_verdict *out, const struct kx_batch_tx *with);

/** Appends a sentence for each signature that is weaker than ALL, with what it leaves open to
 *  whoever sees the transaction (section 8.2); nothing where none is. Fails as the buffer does. */
void kx_batch_tx_add_scopes(struct assay_buf *out, enum kx_batch_kind kind,
                            const struct kx_batch_tx_verdict *verdict);

/** The coin that a head is: what its signatures vouch for. In the arena; of no known block. NOMEM.
 */
enum assay_code kx_batch_head_coin(struct kaspa_utxo *out, struct assay_arena *arena,
                                   const struct kx_lane *lane,
                                   const struct kx_lane_head *head) ASSAY_MUST_USE;

/* ---- building ---- */

/** Where one signature comes from. Neither: it is left out, as zeros. */
struct kx_batch_signing {
    const struct assay_key *key; /**< signs here, without auxiliary randomness */
    const uint8_t *signature; /**< KX_TX_SIGNATURE_BYTES, made elsewhere; where there is no key */
    uint8_t hash_type;        /**< of the key's; 0: ALL */
};

struct kx_batch_funding {
    struct kaspa_outpoint outpoint;
    struct kaspa_utxo utxo; /**< pay-to-pubkey, in no covenant */
    struct kx_batch_signing signing;
};

struct kx_batch_plan {
    enum kx_batch_kind kind;
    const struct kx_lane *lane;
    const struct kx_lane_head *head; /**< but of a genesis */
    uint64_t fee;                    /**< exact */
    /** D of a claim; what a genesis or top-up adds. The rest of a top-up's funding, less the fee,
     *  is change to the refund script. A genesis has no change: its funding is amount and fee. */
    uint64_t amount;
    uint64_t total;         /**< T, of a claim */
    const uint8_t *voucher; /**< of a claim: ASSAY_SIG_BYTES; NULL: left out, as zeros */
    uint64_t lock_time;     /**< of a refund */
    struct kx_batch_signing provider, client;
    const struct kx_batch_funding *funding; /**< of a genesis or top-up */
    size_t funding_count;
};

/** A transaction with what its signers sign. */
struct kx_batch_artifact {
    struct kaspa_tx tx;
    const struct kaspa_utxo *utxos; /**< one an input, as head and plan say */
    struct kaspa_hash id, hash;
    bool is_complete; /**< every signature is there: it was judged, and breaks no rule */
    /** Of the head's input: what PROVIDER and CLIENT sign there, for their hash types. */
    struct kaspa_hash digests[KX_BATCH_SIGNERS];
    const struct kaspa_hash *funding; /**< what each funding input's owner signs */
    struct kx_lane_head next;         /**< but of a refund */
    struct kaspa_spk next_spk;
};

/** Builds, signs with the keys that are there, and judges what is complete. The same plan gives the
 *  same bytes, and never what a rule above refuses. Arrays and witnesses are in the arena; scripts
 *  of outputs are the lane's and those of coins the plan's.
 *
 *  Unchanged on failure; err says what is wrong and what would be right. UNSUPPORTED: the template
 *  has no such transaction. RANGE: an amount, the fee, T or the lock time, or a key that was never
 *  made. MISSING, TOO_LARGE: no funding, or too much of it. TYPE: a funding coin is not
 *  pay-to-pubkey, or in a covenant. UNKNOWN: a hash type that is none. MISMATCH: what is complete
 *  breaks a rule (the text names it), such as a signature that is wrong. NOMEM. Else as
 * kaspa_build.
 */
enum assay_code kx_batch_tx_build(struct kx_batch_artifact *out, struct assay_arena *arena,
                                  const struct kx_batch_plan *plan,
                                  struct assay_err *err) ASSAY_MUST_USE;

/* ---- co-signing ---- */

/** A top-up that its client has built and signed, with the provider's signature in its place. It is
 *  built anew from what it adds, spends and gives back, so that nothing is signed but what this
 *  function has made and every rule of a top-up lets in (sections 8.4 and 16). asked: of kind
 *  TOP_UP, with utxos as the chain has them; what its provider's signature is does not count.
 *
 *  Unchanged on failure; err says what is wrong. UNSUPPORTED: the template's top-ups have no such
 *  signature. MISMATCH: it breaks a rule (the text names it), or is not what its terms make.
 *  MISSING: a rule is left open for want of what the text names, such as the point of view; NOMEM:
 *  for want of memory. Else as kx_batch_tx_build. */
enum assay_code kx_batch_tx_co_sign(struct kx_batch_artifact *out, const struct kx_batch_tx *asked,
                                    const struct assay_key *provider,
                                    struct assay_err *err) ASSAY_MUST_USE;

#endif
