/** A shop of the tests (kx_shop.h) that sells what a facilitator settles, and payments for it. */
#ifndef REF_TESTS_KX_SOLD_H
#define REF_TESTS_KX_SOLD_H

#include "ref/tests/kx_shop.h"

#include <jansson.h>

#define SOLD_NETWORK "eip155:84532"
#define SOLD_ASSET "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
#define SOLD_PAYEE "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
#define SOLD_PAYER "0x857b06519e91e3a54538791bdbb0e22373e36b66"
#define SOLD_EXTRA "{\"name\":\"USDC\",\"version\":\"2\"}"

/** What the facilitator lists; at first the network above, with both modes. */
struct sold_list {
    struct x402_kind kinds[4];
    struct x402_supported supported;
};

/** Sells exact on the network above and on solana:devnet, and settles nothing itself. The
 *  facilitator says yes to everything. */
void sold_open(struct shop *s, struct sold_list *list);
struct x402_kind sold_kind(const char *scheme, const char *network);
/** What it may say; a refusal has moved nothing. */
struct kx_facilitator_word sold_word(enum kx_word said);

/** The challenge for `ask`, which has to be one; for GET /report. */
struct shop_reply sold_challenge_for(struct shop *s, const struct shop_ask *ask);
struct shop_reply sold_challenge(struct shop *s);
size_t sold_offers(struct shop *s);
/** A payment by the first offer of what is required, with an authorization whose nonce is that
 *  number, in hex; nobody has signed it. The caller's. */
json_t *sold_payment_by(json_t *required, const char *nonce);
/** The same for `ask`. */
json_t *sold_payment_for(struct shop *s, const struct shop_ask *ask, const char *nonce);
/** The value of PAYMENT-SIGNATURE that pays GET /report; takes the payment where one is given. */
const char *sold_header(struct shop *s, json_t *payment);
const char *sold_pay(struct shop *s, const char *nonce);
/** GET /report with it. */
struct shop_reply sold_send(struct shop *s, const char *payment);
/** Sends it until its settlement is to be asked for; and goes on from there to its answer. */
struct shop_errand *sold_begin(struct shop *s, const struct shop_ask *ask);
struct shop_reply sold_finish(struct shop_errand *e);
/** Adds the extension payment-identifier, as it is advertised, with that id. */
void sold_identify(struct shop *s, json_t *payment, const char *id);

#endif
