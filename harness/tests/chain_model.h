/** A simulated chain as simply as it can be said, to compare the real one with: who is where, and
 *  everything else found by looking at all of it again. */
#ifndef TESTS_CHAIN_MODEL_H
#define TESTS_CHAIN_MODEL_H

#include "chain_world.h"

#define MODEL_MAX_TXS 1200
#define MODEL_MAX_BLOCKS 4000
#define MODEL_NONE SIZE_MAX

enum model_place { NOWHERE, POOL, CHAIN };

struct model_tx {
    struct draft draft; /**< of a funding: its output alone */
    struct kaspa_hash id;
    size_t makers[DRAFT_MAX]; /**< numbers, one an input */
    bool is_funding, is_held;
    enum model_place place;
    size_t block; /**< of CHAIN */
};

struct model {
    struct model_tx txs[MODEL_MAX_TXS];
    size_t tx_count;
    struct model_block {
        uint64_t daa_score;
        size_t merged;
        size_t accepted[MODEL_MAX_TXS / 4];
        size_t accepted_count;
    } blocks[MODEL_MAX_BLOCKS];
    size_t block_count;
    size_t pool[MODEL_MAX_TXS];
    size_t pool_count;
};

struct model *model_new(void);
/** The transaction of a draft whose makers are known: an old one of the same id, or a new one. */
size_t model_tx_of(struct model *m, const struct model_tx *tx);

/* Each does what the chain must do, and says what it must say. */
void model_fund(struct model *m, const struct kaspa_hash *id, uint64_t amount);
enum kaspa_submission model_submit(struct model *m, size_t tx);
enum kaspa_submission model_replace(struct model *m, size_t tx);
void model_mine(struct model *m, const struct kaspa_mining *how);
bool model_hold(struct model *m, size_t tx, bool hold);
bool model_evict(struct model *m, size_t tx);
enum assay_code model_reorganise(struct model *m, size_t depth, size_t winner);

/** The accepted transaction that spends an output, at or below a block; MODEL_NONE: none. */
size_t model_spender(const struct model *m, size_t maker, uint32_t index, size_t block);
void model_compare(const struct model *m, const struct kaspa_chain *chain, const char *step);

#endif
