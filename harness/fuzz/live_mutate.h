/** Making and changing sequences: which are the honest ones, and one change after another.
 *
 *  The same target file, sequence and dice make the same sequence.
 */
#ifndef FUZZ_LIVE_MUTATE_H
#define FUZZ_LIVE_MUTATE_H

#include "fuzz/dice.h"
#include "fuzz/live_payer.h"

#define LIVE_SEEDS_MAX 512

/** The honest sequences of a target, in a fixed order: of each endpoint the request alone, and of
 *  what is sold with a payment in each way, the same again, with a key, and a request for another
 *  thing with the same payment; of "paid_get" with each text that servers trip over instead of the
 *  payment, and with one that is too long; and without a payment by every method, with every piece
 *  before its path, and with every further header line. How many; at most `room`. */
size_t live_seeds(struct live_sequence *out, size_t room, const struct live_payer *payer,
                  const struct target *target);

/** Changes it in one to six ways: edits are added, changed or left out, requests are repeated, put
 *  in, exchanged or left out, payments and keys named elsewhere. Part of `other` may be appended
 *  (NULL: none). Texts are of the arena. NOMEM; the sequence is then as far as it came. */
enum assay_code live_mutate(struct live_sequence *sequence, struct assay_arena *arena,
                            struct fuzz_dice *dice, const struct live_payer *payer,
                            const struct target *target,
                            const struct live_sequence *other) ASSAY_MUST_USE;

#endif
