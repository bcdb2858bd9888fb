/** What the files of the generator share: draws, room, transactions in the making. Internal.
 *
 *  Nothing here fails: all room is taken when the generator is made, and a script that would need
 *  more than its own is cut.
 */
#ifndef FUZZ_KASPA_GEN_INTERNAL_H
#define FUZZ_KASPA_GEN_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/random.h"
#include "fuzz/kaspa_gen.h"
#include "kaspa/script.h"
#include "kaspa/sign.h"

#define GEN_KEYS 4
#define GEN_INPUTS_MAX 300
#define GEN_OUTPUTS_MAX 300
#define GEN_ROOM_BYTES ((size_t)32 << 20) /**< of one case; the largest takes a quarter of it */
#define GEN_SCRIPT_BYTES ((size_t)16 << 10)

/** A transaction in the making, whose arrays may still be written to. */
struct gen_tx {
    struct kaspa_tx tx;
    struct kaspa_input inputs[GEN_INPUTS_MAX];
    struct kaspa_output outputs[GEN_OUTPUTS_MAX];
    struct kaspa_utxo utxos[GEN_INPUTS_MAX];
    size_t input; /**< the one that the case is about */
    bool has_units;
    uint64_t units;
};

struct kaspa_gen {
    struct assay_random random;
    uint64_t number;                   /**< of the case */
    uint8_t drawn[ASSAY_SHA256_BYTES]; /**< of the stream, and not used yet: the last `left` */
    size_t left;
    uint8_t *room;
    size_t used;
    struct assay_key keys[GEN_KEYS];
    struct gen_tx spend;
};

/* ---- draws (kaspa_gen_draw.c) ---- */

uint64_t gen_u64(struct kaspa_gen *g);
uint32_t gen_below(struct kaspa_gen *g, uint32_t limit); /**< limit > 0 */
bool gen_chance(struct kaspa_gen *g, uint32_t percent);
bool gen_one_in(struct kaspa_gen *g, uint32_t count);
/** One of the indices of a table of weights. */
size_t gen_weighted(struct kaspa_gen *g, const uint8_t *weights, size_t count);
/** Powers of two and limits of consensus, and their neighbours; else any number of any width. */
uint64_t gen_edge(struct kaspa_gen *g);
/** Mostly small; at times as gen_edge. */
uint64_t gen_count(struct kaspa_gen *g, uint32_t usual_below);
void gen_fill(struct kaspa_gen *g, uint8_t *out, size_t len);
void gen_hash(struct kaspa_gen *g, struct kaspa_hash *out);

/** Room of the case, uninitialised. */
uint8_t *gen_room(struct kaspa_gen *g, size_t len);
/** A buffer over room of its own. */
struct assay_buf gen_buf(struct kaspa_gen *g, size_t max);
struct assay_bytes gen_bytes(struct kaspa_gen *g, size_t len);
/** A copy that may be written to. */
uint8_t *gen_copy(struct kaspa_gen *g, struct assay_bytes bytes);

/* ---- transactions (kaspa_gen_tx.c, kaspa_gen_mutate.c) ---- */

/** Any transaction, with what it spends; `input` is one of its inputs. */
void gen_tx_make(struct kaspa_gen *g, struct gen_tx *t);
/** Puts outputs into covenants with right ids, continued ones and new ones, some of them then made
 *  wrong. */
void gen_tx_join_covenants(struct kaspa_gen *g, struct gen_tx *t);
/** Changes one thing of it, or of what it spends. Its arrays of bytes are copied first. */
void gen_tx_mutate(struct kaspa_gen *g, struct gen_tx *t);
void gen_spk(struct kaspa_gen *g, struct kaspa_spk *out);
/** The standard script of a class around key `key`. */
struct assay_bytes gen_standard(struct kaspa_gen *g, enum kaspa_class class, size_t key);
struct assay_bytes gen_pay_to_script(struct kaspa_gen *g, struct assay_bytes redeem);

/* ---- spends (kaspa_gen_spend.c) ---- */

/** Locks the input by a script of a common kind and signs for it. */
void gen_spend_sign(struct kaspa_gen *g, struct gen_tx *t);
/** A whole transaction from the builder, with change and fee. False: its plan was none. */
bool gen_spend_build(struct kaspa_gen *g, struct gen_tx *t);
/** Decides how many units the input may use: any, what it committed to, or about what it needs. */
void gen_spend_limit(struct kaspa_gen *g, struct gen_tx *t);
/** Appends the push of a signature by key `key`; one in `wrong_one_in` is wrong in some way. */
void gen_signature(struct kaspa_gen *g, const struct gen_tx *t, struct assay_buf *out, size_t key,
                   bool is_ecdsa, uint32_t wrong_one_in);

/* ---- scripts (kaspa_gen_script.c, kaspa_gen_giant.c, kaspa_gen_operand.c) ---- */

/** Locks the input by a random program and unlocks it, rightly as often as not. */
void gen_script_spend(struct kaspa_gen *g, struct gen_tx *t);
/** A script of the size, the operations or the item that are the most that there may be, or one
 * more; slow, and so not made often. Its units are not limited. */
void gen_giant_spend(struct kaspa_gen *g, struct gen_tx *t, uint64_t which);
/** Appends a push in any of its encodings, mostly the shortest. */
void gen_push(struct kaspa_gen *g, struct assay_buf *out, struct assay_bytes bytes);
/** Instructions of any opcode, nearly all of which decode. */
void gen_garbage(struct kaspa_gen *g, struct assay_buf *out);

#endif
