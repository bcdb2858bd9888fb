/** One change of an operation's input, which stays an object that a line of the adapter protocol
 *  can hold in one reading only: no name twice, no NUL, no number with a fraction of zero.
 * Documents in its texts, JSON or base64 of it, have no such bounds. */
#ifndef FUZZ_ADAPTER_MUTATE_H
#define FUZZ_ADAPTER_MUTATE_H

#include "fuzz/dice.h"

#include <jansson.h>

/** `other` is another input of the same operation, of which parts may be taken, or NULL. The
 *  caller's reference; NULL: the throw fitted nothing, or there is no memory. The same inputs and
 *  dice make the same change. */
json_t *adapter_mutate(const json_t *in, const json_t *other, struct fuzz_dice *dice);

#endif
