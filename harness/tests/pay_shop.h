/** A world for tests of a paying client: a chain, a node, a wallet with coins, and a small shop
 * whose every answer is as right or wrong as a test wants it. */
#ifndef TESTS_PAY_SHOP_H
#define TESTS_PAY_SHOP_H

#include "node_world.h"
#include "roles/kaspa_wallet.h"

#include <pthread.h>

#define SHOP_MANY 16
#define SHOP_PRICE UINT64_C(30000000)

/** What the shop does with a request. */
enum shop_turn {
    SHOP_USUAL,      /**< asks who does not pay; submits, mines and serves who does */
    SHOP_FORGES,     /**< to a payment: serves with a receipt, and submits nothing */
    SHOP_NO_RECEIPT, /**< as USUAL, without a receipt */
    SHOP_ASKS,       /**< 402 whatever comes */
    SHOP_BUSY,       /**< 503 with `retry_after` */
    SHOP_REDIRECTS,  /**< 307 to `location` */
    SHOP_FAILS,      /**< 500 */
    SHOP_POOLS,      /**< submits and serves, and nothing is mined */
};

struct pay_shop {
    struct node_world w;
    struct kaspa_wallet *wallet;
    struct ref_net_server *server;
    char url[64], origin[64]; /**< url: of the goods, "http://127.0.0.1:PORT/goods" */
    pthread_mutex_t lock;

    /* of the script; the last one holds for all that follow */
    enum shop_turn turns[SHOP_MANY];
    size_t turn_count;
    const char *retry_after, *location, *network, *pay_to, *resource, *amount;
    unsigned timeout_s;
    bool foreign_first; /**< an offer of another scheme comes first */

    /* what came */
    size_t requests, paid;
    char headers[SHOP_MANY][65]; /**< hashes of the payments, in their order */
    char bodies[SHOP_MANY][64];  /**< and what came with them */
};

/** The wallet has `coins` coins of 5 KAS. */
void pay_shop_begin(struct pay_shop *s, unsigned coins);
void pay_shop_end(struct pay_shop *s);
/** Sets the script: the turns of requests one after the other. */
void pay_shop_script(struct pay_shop *s, const enum shop_turn *turns, size_t count);
/** Submissions that the chain has seen. */
size_t pay_shop_submissions(struct pay_shop *s);
/** How many different payments the shop was shown. */
size_t pay_shop_payments(struct pay_shop *s);

#endif
