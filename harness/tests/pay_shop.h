/** A world for tests of a paying client: a chain, a node, a wallet with coins, and the role shop.
 */
#ifndef TESTS_PAY_SHOP_H
#define TESTS_PAY_SHOP_H

#include "node_world.h"
#include "roles/kaspa_shop.h"
#include "roles/kaspa_wallet.h"

struct pay_shop {
    struct node_world w;
    struct kaspa_wallet *wallet;
    struct kaspa_shop *shop;
    char url[64]; /**< of the goods, "http://127.0.0.1:PORT/goods" */
};

/** The wallet has `coins` coins of 5 KAS. */
void pay_shop_begin(struct pay_shop *s, unsigned coins);
void pay_shop_end(struct pay_shop *s);
/** Submissions that the chain has seen. */
size_t pay_shop_submissions(struct pay_shop *s);
/** How many different payments the shop was shown. */
size_t pay_shop_payments(struct pay_shop *s);

#endif
