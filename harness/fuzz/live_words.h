/** Edits as the dice draw them, with the words that servers trip over. */
#ifndef FUZZ_LIVE_WORDS_H
#define FUZZ_LIVE_WORDS_H

#include "fuzz/dice.h"
#include "fuzz/live_payer.h"

/** The i-th text that edits of that kind put in; false: there are no more. */
bool live_word(struct assay_bytes *out, enum live_edit_kind kind, size_t i);
/** One edit of any kind; its text is of the arena. False: no memory. */
bool live_edit_draw(struct live_edit *out, struct assay_arena *arena, struct fuzz_dice *dice,
                    const struct live_payer *payer);

#endif
