/** A node world with the client of a node before it, for tests of that client. */
#ifndef TESTS_CLIENT_WORLD_H
#define TESTS_CLIENT_WORLD_H

#include "net/kaspa_node.h"
#include "node_world.h"

struct client_world {
    struct node_world w;
    struct ref_kaspa_node *client;
    const struct kaspa_tx *tx; /**< a payment of 3 KAS from the funding, in its output 0 */
    struct kaspa_hash txid;
    /* of the last question */
    struct kx_sight sight;
    struct assay_err err;
};

/** Options that suit the world's node: its chain is dated, so its lag is not judged. */
struct ref_kaspa_node_options client_options(const struct node_world *w);
void client_begin(struct client_world *c);
/** The same with another client: what it is told comes from `change` (may be NULL). */
void client_begin_with(struct client_world *c,
                       void (*change)(struct ref_kaspa_node_options *options));
void client_be_quick(struct ref_kaspa_node_options *options); /**< such a change: to time out */
void client_end(struct client_world *c);

/** The look for the payment: its coin is the funding. */
struct kx_look client_question(const struct client_world *c);
enum assay_code client_look(struct client_world *c);       /**< for the payment */
enum assay_code client_look_coins(struct client_world *c); /**< for the funding alone */
enum assay_code client_coins(struct client_world *c);      /**< of the world's script */
enum assay_code client_submit(struct client_world *c, bool *sent);

/** The questions above as a table has them. */
enum client_question { ASK_LOOK, ASK_LOOK_COINS, ASK_COINS, ASK_SUBMIT, ASK__COUNT };
extern const char *const client_question_names[ASK__COUNT];
enum assay_code client_ask(struct client_world *c, enum client_question question);

/** A spend of one output of the payment, or of any outpoint of the world's script, to that script
 * again. */
const struct kaspa_tx *client_spend(struct client_world *c, struct kaspa_outpoint outpoint,
                                    uint64_t amount);
/** How many calls of this method the node has had. */
unsigned client_calls(struct client_world *c, const char *method);
/** "ACCEPTED" and so on. */
const char *client_status(enum kx_chain_status status);

#endif
