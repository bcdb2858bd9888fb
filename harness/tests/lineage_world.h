/** A client world with a lineage on its chain: a genesis, and a claim and a refund of its head that
 *  are ready to be sent. Its coins are in a covenant, under an ordinary script: what scripts do is
 *  for others to test. */
#ifndef TESTS_LINEAGE_WORLD_H
#define TESTS_LINEAGE_WORLD_H

#include "client_world.h"

enum { LINEAGE_MERGED = 9 }; /**< blocks that each of the first ones merges */

struct lineage {
    struct client_world c;
    struct kaspa_hash covenant;
    struct kaspa_outpoint head; /**< that the genesis makes: its only output */
    uint64_t value;
    struct kaspa_hash born; /**< the sink before it was there */
    const struct kaspa_tx *genesis;
    const struct kaspa_tx *claim;  /**< of 3 KAS in output 0; its successor is output 1 */
    const struct kaspa_tx *refund; /**< of all of it, in one output */
    struct kaspa_hash claim_id, refund_id;
};

/** With the genesis submitted, and `blocks` mined upon that. */
void lineage_begin(struct lineage *l, unsigned blocks);
void lineage_end(struct lineage *l);
/** kaspa_chain_reorganise */
void lineage_reorganise(struct lineage *l, unsigned depth, const struct kaspa_tx *winner);

/** What has made the head, whole, and whether the head is there. */
struct kx_look lineage_birth(const struct lineage *l);
/** Whether the head is there, and else who has spent it, whole. */
struct kx_look lineage_head(const struct lineage *l);
/** The sight and the error are the client world's. */
enum assay_code lineage_ask(struct lineage *l, const struct kx_look *question);

/** What the last sight says; confirmations 0: it has none. */
void lineage_expect(struct lineage *l, const char *when, enum kx_chain_status status,
                    uint64_t confirmations);
void lineage_expect_body(struct lineage *l, const char *when, const struct kaspa_hash *id,
                         const struct kaspa_tx *tx);

#endif
