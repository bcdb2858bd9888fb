/** Readers and writers of the JSON values of the kaspa operations. Internal to the operation table
 *  and to the vectors, which sign what they read.
 *
 *  64-bit values are decimal texts, hashes and scripts are hex, a script public key is the hex of
 *  its version (two big-endian bytes) and its script. What a reader makes lives in the arena given.
 *  Every reader says false after saying in err what is wrong.
 */
#ifndef RUN_OPERATIONS_KASPA_H
#define RUN_OPERATIONS_KASPA_H

#include "kaspa/safejson.h"
#include "kaspa/script.h"
#include "kaspa/verify.h"
#include "run/operations_internal.h"

/** The parsed input of an operation on a transaction. Zero-initialised but for the arena. */
struct kaspa_in {
    struct assay_arena arena;
    struct kaspa_tx tx;
    struct kaspa_claims claims; /**< what the text of the transaction says of it */
    struct kaspa_utxo *utxos;   /**< one an input, or NULL */
    bool *is_missing;           /**< one an input, or NULL */
    size_t input;
};

#define KASPA_IN_MAX_BYTES                                                                         \
    ((size_t)96 << 20) /**< the text of 16 MiB, its tokens, what they say                          \
                        */
#define KASPA_IN_INIT                                                                              \
    {                                                                                              \
        .arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES)                                              \
    }

/** The member "transaction": an object with texts for 64-bit values, or a text with JSON in any
 * published form, in which err->at is then an offset. Of an object the spelling of small integers
 * is jansson's (-0 is 0): only a text is judged to the letter. */
bool kaspa_in_tx(struct kaspa_in *k, const json_t *in, struct assay_err *err);
/** The member "utxos": as many as there are inputs, in their order. null says that there is no such
 * output, or not any more, where the operation can tell that. */
bool kaspa_in_utxos(struct kaspa_in *k, const json_t *in, bool may_be_missing,
                    struct assay_err *err);
/** The member "pov": {"daaScore", "pastMedianTime"}. */
bool kaspa_in_pov(struct kaspa_point_of_view *out, const json_t *in, struct assay_err *err);
/** The member "input": one that the transaction has. */
bool kaspa_in_input(struct kaspa_in *k, const json_t *in, struct assay_err *err);

bool kaspa_in_hex(struct assay_bytes *out, struct assay_arena *arena, const json_t *in,
                  const char *member, struct assay_err *err);
bool kaspa_in_hash(struct kaspa_hash *out, const json_t *in, const char *member,
                   struct assay_err *err);
bool kaspa_in_spk(struct kaspa_spk *out, struct assay_arena *arena, const json_t *in,
                  const char *member, struct assay_err *err);
bool kaspa_in_u64(uint64_t *out, const json_t *in, const char *member, struct assay_err *err);
/** A JSON integer from 0 to `most`. */
bool kaspa_in_small(uint64_t *out, const json_t *in, const char *member, uint64_t most,
                    struct assay_err *err);
/** An array of objects or texts; its elements are read by the caller. */
const json_t *kaspa_in_array(const json_t *in, const char *member, struct assay_err *err);
/** Room for `count` things in the arena; NULL after saying that there is none. */
void *kaspa_in_room(struct assay_arena *arena, size_t count, size_t size, struct assay_err *err);

json_t *kaspa_out_hex(struct assay_bytes bytes);
json_t *kaspa_out_hash(const struct kaspa_hash *hash);
json_t *kaspa_out_spk(const struct kaspa_spk *spk);
json_t *kaspa_out_u64(uint64_t value);

#endif
