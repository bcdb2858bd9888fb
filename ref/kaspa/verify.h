/** The rules of a transaction, in the node's order, each with its result.
 *
 *  Source: Kaspa consensus digest, section 6. Rules are data (rules.def); verdicts, vectors and
 *  reports cite them by id. A node stops at the first rule broken. Here every rule is judged that
 *  can be; one that cannot, since what it needs is not known or an earlier rule did not hold that
 *  it rests on, is "not judged", says why, and never counts as held:
 *
 *  - Isolation rests on nothing; but outpoints are compared only among at most 1000 inputs, and an
 *    unknown version has no rule for its fields.
 *  - Finality rests on the point of view, where there is a lock time that an input does not waive.
 *  - Spending rests on all of isolation, on its being no coinbase, and on the UTXOs, none of them
 *    missing; maturity and sequence locks on the point of view too, where there is a coinbase or a
 *    lock; fee and storage mass on the
 *    amounts of the inputs too; scripts on the covenants too, and on the block's limits, which
 *    bound what they may cost.
 *  - Block rests on all of isolation and on its being no coinbase, and a limit that is kept on the
 *    storage mass too; a limit that is passed is told without it.
 *  - Relay rests on all of isolation and on its being no coinbase; inputs on the UTXOs too, the fee
 * on the rule that there is one.
 *
 *  A coinbase spends nothing, and what it may pay is for its block to say: of its rules those of
 *  isolation and finality alone are judged, and so its outcome is never better than undecided.
 */
#ifndef KASPA_VERIFY_H
#define KASPA_VERIFY_H

#include "kaspa/engine.h"

enum kaspa_stage {
    KASPA_STAGE_ISOLATION, /**< of the transaction alone */
    KASPA_STAGE_FINALITY,  /**< against the header of the block it goes into */
    KASPA_STAGE_SPENDING,  /**< with what it spends */
    KASPA_STAGE_BLOCK,     /**< what a block has room for */
    KASPA_STAGE_RELAY,     /**< what nodes relay: policy, not consensus */
};

/* X(constant, id, stage, source, sentence) */
enum kaspa_rule_number {
#define X(constant, id, stage, source, sentence) KASPA_RULE_##constant,
#include "kaspa/rules.def"
#undef X
    KASPA_RULE__COUNT
};

struct kaspa_rule {
    const char *id; /**< "kaspa.isolation.inputs" */
    enum kaspa_stage stage;
    const char *source;
    const char *sentence;
};

extern const struct kaspa_rule kaspa_rules[KASPA_RULE__COUNT];

/** Where the transaction is judged: the virtual block of a node, or a block. */
struct kaspa_point_of_view {
    uint64_t daa_score;
    uint64_t past_median_time_ms;
};

enum kaspa_check_result {
    KASPA_CHECK_HELD,
    KASPA_CHECK_BROKEN,
    KASPA_CHECK_UNDECIDED,
    KASPA_CHECK_NOT_JUDGED
};

struct kaspa_check {
    enum kaspa_check_result result;
    enum kaspa_tx_error error; /**< of BROKEN */
    struct kaspa_run run;      /**< of the scripts' rule, where a script is why */
    size_t at; /**< of BROKEN and UNDECIDED: number of the input or output it is about; else 0 */
    /** static text: of NOT_JUDGED; of a script that is BROKEN, where more than its kind is known */
    const char *why;
};

struct kaspa_verdict {
    enum kaspa_outcome outcome; /**< of the consensus rules. Any not judged: UNDECIDED at best */
    enum kaspa_tx_error error;  /**< of INVALID: the node's kind, of the first rule broken */
    enum kaspa_script_error script_error;
    enum kaspa_outcome relay; /**< of the rules of relay policy alone, by the same measure */
    struct kaspa_check checks[KASPA_RULE__COUNT];
    struct kaspa_hash id;
    uint64_t compute_mass, transient_mass;
    bool has_storage_mass; /**< it could be computed */
    uint64_t storage_mass;
    uint64_t input_sum;  /**< sompi; 0 unless kaspa.utxo.amounts held */
    uint64_t output_sum; /**< 0 unless kaspa.isolation.amounts held */
    bool has_fee;        /**< the inputs are worth no less than the outputs */
    uint64_t fee;
    uint64_t relay_fee; /**< the minimum */
};

struct kaspa_verify {
    const struct kaspa_utxo *utxos;        /**< one an input, or NULL: not known */
    const struct kaspa_point_of_view *pov; /**< NULL: not known */
    bool mass_is_filled_in;    /**< a storage mass of 0 is no claim: the mempool sets it */
    struct assay_arena *arena; /**< for covenants and scripts; not NULL where utxos are given */
    /** One an input: a node says that there is no such output, or not any more. NULL: none is. */
    const bool *is_missing;
    /** One an input: what its script used, up to where it ended. Left alone where none was run.
     *  NULL: not asked for. */
    uint64_t *used_units;
};

/** Judges every rule. Never fails; takes any transaction, however wrong. Without the arena's memory
 *  covenants or scripts are undecided. Of several scripts the first that fails decides, an
 *  undecided one before it or not; the scripts behind it are not run. */
void kaspa_tx_verify(struct kaspa_verdict *out, const struct kaspa_tx *tx,
                     const struct kaspa_verify *with);

/** Isolation alone: the error of the first rule broken, or OK; *at as in struct kaspa_check. */
enum kaspa_tx_error kaspa_tx_check_isolation(const struct kaspa_tx *tx, size_t *at);
/** Whether the lock time lets it into a block at this point of view. */
bool kaspa_tx_is_final(const struct kaspa_tx *tx, const struct kaspa_point_of_view *pov);
/** Whether the relative lock of one input is open. Scores are signed to the node: one of
 *  UINT64_MAX, of what is in the mempool only, is -1, which opens locks that a block would not. */
bool kaspa_sequence_lock_is_open(uint64_t sequence, uint64_t utxo_daa_score,
                                 uint64_t pov_daa_score);

/** Appends one plain sentence about a rule's result, with its figures: "its fee is below the
 * minimum for relay: 1 000 sompi, at least 203 600 are needed". Of a rule that held: the rule. `tx`
 * is the one that was judged. Fails as the buffer does. */
void kaspa_check_explain(struct assay_buf *out, const struct kaspa_verdict *v,
                         enum kaspa_rule_number rule, const struct kaspa_tx *tx);

#endif
