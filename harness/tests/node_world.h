/** A simulated chain, a node before it, and clients of both interfaces, for tests of the node. */
#ifndef TESTS_NODE_WORLD_H
#define TESTS_NODE_WORLD_H

#include "base/sig.h"
#include "http/client.h"
#include "kaspa/build.h"
#include "roles/kaspa_node.h"
#include "ws_client.h"

#include <criterion/criterion.h>

#define KAS KASPA_SOMPI_PER_KAS
enum { DEADLINE_MS = 20000, SHORT_MS = 80 };

struct node_world {
    struct kaspa_chain *chain;
    struct kaspa_chain_lock *lock;
    struct kaspa_node *node;
    struct ws_client ws;
    struct http_client *http;
    struct http_peer rest;
    struct assay_arena arena;
    struct assay_key key;
    struct kaspa_spk spk;                       /**< that pays to the key */
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES]; /**< of the key */
    struct kaspa_outpoint funding;              /**< 10 KAS */
    uint64_t ids;                               /**< of calls so far */
};

void world_begin(struct node_world *w);
void world_end(struct node_world *w);
void world_behave(struct node_world *w, struct kaspa_node_behaviour behaviour);
/** Mines, and tells the node of it. */
void world_mine(struct node_world *w, unsigned blocks);

/* The chain as it is and changes, with its lock taken, since the node's threads read it. Nobody is
 * told. */
struct kaspa_chain_info world_info(struct node_world *w);
struct kaspa_chain_block world_block_at(struct node_world *w, uint64_t height);
size_t world_events(struct node_world *w);
void world_change(struct node_world *w, const struct kaspa_mining *mining);
void world_reorganise(struct node_world *w, unsigned depth);
void world_prune(struct node_world *w, unsigned keep);
void world_fund(struct node_world *w, struct kaspa_outpoint *outpoint, const struct kaspa_spk *spk,
                uint64_t amount);

/** A signed payment of 3 KAS with change from the funding; `memo` makes it another one. */
const struct kaspa_tx *world_payment(struct node_world *w, const char *memo);
/** Hands it to the chain itself; its id. */
struct kaspa_hash world_submit(struct node_world *w, const struct kaspa_tx *tx);
const char *hex_of(struct node_world *w, const struct kaspa_hash *hash);
/** A transaction as RPC takes it; `form` 'r' for REST, with script public keys in parts. */
const char *tx_json(struct node_world *w, const struct kaspa_tx *tx, char form);

/** Sends a call; its answer as it came, NULL: none came. */
const char *rpc(struct node_world *w, const char *method, const char *format, ...)
    ASSAY_PRINTF(3, 4);
/** The raw text of a value by its path, "params.entries.0.utxoEntry.amount"; "" where there is
 * none. */
const char *at(struct node_world *w, const char *json, const char *path);
/** Status and body of a REST call. */
struct rest_answer {
    enum http_outcome outcome;
    int status;
    const char *body;
    uint64_t bytes;
};
struct rest_answer rest_get(struct node_world *w, const char *format, ...) ASSAY_PRINTF(2, 3);
struct rest_answer rest_post(struct node_world *w, const char *target, const char *body);

#endif
