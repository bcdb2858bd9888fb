/** The script engine: what a Kaspa node runs to let an input spend.
 *
 *  It works on slices of the caller's scripts, and in the caller's arena where a script makes bytes
 *  that were nowhere before; a script that only pushes and checks allocates nothing. Two opcodes
 * are never decided here (the zero-knowledge precompile, the sequencing commitment), nor is a
 * script that needs more memory than the arena may give: these end as UNDECIDED, which is not
 * valid. Source: Kaspa consensus digest, section 4.
 */
#ifndef KASPA_ENGINE_H
#define KASPA_ENGINE_H

#include "base/sig.h"
#include "kaspa/covenant.h"
#include "kaspa/mass.h"
#include "kaspa/script.h"
#include "kaspa/sighash.h"

#define KASPA_STACK_MAX_ITEMS 244 /**< of both stacks together */
#define KASPA_OPERATIONS_MAX 1000000
#define KASPA_ENGINE_ARENA_BYTES ((size_t)64 << 20) /**< a cap that no honest script comes near */

enum kaspa_part { KASPA_PART_SIGNATURE, KASPA_PART_SPK, KASPA_PART_REDEEM, KASPA_PART_NONE };

/** The state before an instruction, for whoever watches. Borrowed for the call. */
struct kaspa_step {
    enum kaspa_part part;
    struct kaspa_instruction instruction;
    bool executed; /**< not in a dead branch */
    const struct assay_bytes *stack;
    size_t stack_len; /**< the last is the top */
    const struct assay_bytes *alt;
    size_t alt_len;
    uint64_t used_units;
};

struct kaspa_engine {
    const struct kaspa_tx *tx;      /**< NULL: a script on its own (kaspa_engine_run_script) */
    const struct kaspa_utxo *utxos; /**< tx->input_count of them */
    size_t input;
    const struct kaspa_covenants *covenants; /**< of the same transaction; NULL: none */
    struct kaspa_sighash_cache *cache;       /**< may be NULL */
    uint64_t unit_limit;                     /**< kaspa_unit_limit, or KASPA_UNITS_UNLIMITED */
    struct assay_arena *arena;
    void (*on_step)(void *context, const struct kaspa_step *step); /**< may be NULL */
    void *context;                                                 /**< of on_step and on_schnorr */
    /** Answers for the curve, of 64 bytes, 32 and 32; NULL: the curve does. Only for who asks what
     * a script makes of signatures that nobody here can make, never to judge a spend. */
    enum assay_sig (*on_schnorr)(void *context, const uint8_t *sig, const uint8_t *message,
                                 const uint8_t *xonly);
};

struct kaspa_run {
    enum kaspa_outcome outcome;
    enum kaspa_script_error error; /**< of INVALID */
    enum kaspa_undecided why;      /**< of UNDECIDED */
    enum kaspa_part part;          /**< where it ended; NONE: not within an instruction */
    size_t at;                     /**< offset of that instruction in its script */
    uint8_t opcode;
    uint64_t used_units; /**< up to there; the charge that broke the limit included */
};

/** Runs the signature script and the spent script of an input, and the redeem script of P2SH. */
void kaspa_engine_run_input(struct kaspa_run *out, const struct kaspa_engine *engine);
/** Runs one script on an empty stack, with neither the surcharge for its length nor the push-only
 *  rule; what asks for a transaction fails with INVALID_SOURCE where there is none. Its part is
 *  KASPA_PART_SPK. */
void kaspa_engine_run_script(struct kaspa_run *out, const struct kaspa_engine *engine,
                             struct assay_bytes script);
/** "signature script", "script public key", "redeem script", "". */
const char *kaspa_part_name(enum kaspa_part part);

#endif
