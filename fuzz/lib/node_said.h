/** What a node has said, for targets that hold a client's sight against it: every answer that was
 *  given, read by another library. A check stops the process where the sight says what no answer
 *  did. */
#ifndef ASSAY_FUZZ_LIB_NODE_SAID_H
#define ASSAY_FUZZ_LIB_NODE_SAID_H

#include "kaspa_x402/chain_evidence.h"

#include <jansson.h>

enum { FUZZ_SAID_MAX = 96 };

struct fuzz_said {
    struct fuzz_answer {
        const char *method;
        json_t *answer; /**< NULL: the other library does not read it */
    } at[FUZZ_SAID_MAX];
    size_t count;
    size_t first; /**< of the question whose answer is checked: what is before it says nothing */
};

void fuzz_said_fini(struct fuzz_said *said);
/** The number of answers to a method, those to earlier questions too. */
size_t fuzz_said_count(const struct fuzz_said *said, const char *method);
/** False: one of them is unknown here, and no check can be made. */
bool fuzz_said_is_known(const struct fuzz_said *said);

/** That the node is fit to be believed: synced, with an index of coins, of that network, and its
 *  time within lag_ms of now. */
void fuzz_said_check_fit(const struct fuzz_said *said, const char *network, int64_t now_ms,
                         int64_t lag_ms);
/** That coins, transaction and depth of a sight were said. */
void fuzz_said_check_sight(const struct fuzz_said *said, const struct kx_look *look,
                           const struct kx_sight *sight);
/** Whether a coin of that amount and score was among those of an answer. */
bool fuzz_said_has_coin(const struct fuzz_said *said, const struct kaspa_outpoint *outpoint,
                        const struct kaspa_utxo *utxo);
/** Whether the last answer says that the node has a transaction, by its id or in a node's words. */
bool fuzz_said_has_taken(const struct fuzz_said *said, const struct kaspa_hash *txid);

#endif
