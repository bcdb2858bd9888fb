/** The rules of a transaction, in the node's order, each with its result.
 *
 *  Source: Kaspa consensus digest, section 6. Rules are data (rules.def); verdicts, vectors and
 *  reports cite them by id. A rule that cannot be judged, since what it needs is not known or an
 *  earlier rule failed that it rests on, says so and is never counted as held.
 */
#ifndef KASPA_VERIFY_H
#define KASPA_VERIFY_H

#include "kaspa/engine.h"

enum kaspa_stage {
    KASPA_STAGE_ISOLATION, /**< of the transaction alone */
    KASPA_STAGE_FINALITY,  /**< against the header of the block it goes into */
    KASPA_STAGE_SPENDING,  /**< with what it spends */
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
    size_t at;                 /**< of BROKEN and UNDECIDED: number of the input or output */
    const char *why;           /**< of NOT_JUDGED: static text */
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
    bool has_fee; /**< the inputs are worth no less than the outputs */
    uint64_t fee;
    uint64_t relay_fee; /**< the minimum */
};

struct kaspa_verify {
    const struct kaspa_utxo *utxos;        /**< one an input, or NULL: not known */
    const struct kaspa_point_of_view *pov; /**< NULL: not known */
    bool mass_is_filled_in;    /**< a storage mass of 0 is no claim: the mempool sets it */
    struct assay_arena *arena; /**< for the scripts */
};

/** Judges every rule. Never fails; takes any transaction, however wrong. */
void kaspa_tx_verify(struct kaspa_verdict *out, const struct kaspa_tx *tx,
                     const struct kaspa_verify *with);

/** Isolation alone: the error of the first rule broken, or OK; *at as in struct kaspa_check. */
enum kaspa_tx_error kaspa_tx_check_isolation(const struct kaspa_tx *tx, size_t *at);
/** Whether the lock time lets it into a block at this point of view. */
bool kaspa_tx_is_final(const struct kaspa_tx *tx, const struct kaspa_point_of_view *pov);
/** Whether the relative lock of one input is open. */
bool kaspa_sequence_lock_is_open(uint64_t sequence, uint64_t utxo_daa_score,
                                 uint64_t pov_daa_score);

#endif
