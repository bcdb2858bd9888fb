/** A simulated chain for tests, transactions for it that need no signature, and everything that a
 *  chain says about itself as one text, to compare. */
#ifndef TESTS_CHAIN_WORLD_H
#define TESTS_CHAIN_WORLD_H

#include "roles/kaspa_chain.h"

#include <criterion/criterion.h>

#define KAS KASPA_SOMPI_PER_KAS
#define DRAFT_MAX 6

/** Anyone's to spend: TRUE. No relay policy lets it pass. */
struct kaspa_spk open_spk(void);
/** Text as kaspa_script_assemble reads it; the arena has the script. */
struct kaspa_spk spk_of(struct assay_arena *arena, const char *text);

/** Of version 0 under the open script. It points into itself, so it stays where it is made. */
struct draft {
    struct kaspa_input inputs[DRAFT_MAX];
    struct kaspa_output outputs[DRAFT_MAX];
    struct kaspa_tx tx;
};
void draft_init(struct draft *d);
void draft_spend(struct draft *d, const struct kaspa_hash *txid, uint32_t index);
void draft_pay(struct draft *d, uint64_t value);

/** Without relay policy. */
struct kaspa_chain *chain_of(const char *seed);
struct kaspa_hash funded(struct kaspa_chain *chain, uint64_t amount);
/** Submits a spend of (txid, 0) that pays `value` back; it must come out as expected. */
struct kaspa_hash spend(struct kaspa_chain *chain, const struct kaspa_hash *txid, uint64_t value,
                        enum kaspa_submission expected);
void mine(struct kaspa_chain *chain, unsigned blocks);
enum kaspa_chain_tx_state state_of(const struct kaspa_chain *chain, const struct kaspa_hash *id);
struct kaspa_chain_info info_of(const struct kaspa_chain *chain);

/** It is worded as a node's, and has this part. */
void expect_reason(const struct assay_buf *reason, const char *part, const char *row);

/** Everything: blocks of the selected chain, the mempool, the log, the outputs under the open
 *  script, and every transaction of the log and the blocks. */
void chain_dump(struct assay_buf *out, const struct kaspa_chain *chain);
void expect_same(const struct kaspa_chain *a, const struct kaspa_chain *b, const char *what);

#endif
