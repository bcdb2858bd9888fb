/** A facilitator in virtual time, for tests of the decision core: the shop of kx_shop.h once its
 * payer has paid for /report, as the facilitator of two tenants, alice and bob. */
#ifndef REF_TESTS_FAC_SHOP_H
#define REF_TESTS_FAC_SHOP_H

#include "ref/tests/kx_shop.h"

struct fac_shop {
    struct shop shop;
    struct kx_world *world; /**< whose payment it is */
    json_t *body;           /**< of the request; to be changed */
};

/** What it said, as JSON; owned by the caller. */
struct fac_reply {
    struct shop_reply http;
    json_t *said;
};

void fac_open(struct fac_shop *f);
/** The same with a payment to a head. */
void fac_open_additive(struct fac_shop *f);
void fac_close(struct fac_shop *f);
/** Pays anew, from another coin. */
void fac_pay(struct fac_shop *f, uint8_t coin, const char *identifier);
/** The member of the body with that path ("paymentPayload.payload"). */
json_t *fac_at(struct fac_shop *f, const char *path);

/** The request that the shop of `f` is asked with, of the body as it is. token NULL: none. */
struct shop_ask fac_ask(struct fac_shop *f, const char *path, const char *token);
/** Sends it. */
struct fac_reply fac_send(struct fac_shop *f, const char *path, const char *token);
/** With alice's token. */
struct fac_reply fac_verify(struct fac_shop *f);
struct fac_reply fac_settle(struct fac_shop *f);
/** Sends this text for a body. */
struct fac_reply fac_send_text(struct fac_shop *f, const char *path, const char *text);
/** The end of an errand. */
struct fac_reply fac_end(struct shop_errand *errand);
void fac_drop(struct fac_reply *reply);

/** A text member of what was said, "" where there is none. */
const char *fac_text(const struct fac_reply *reply, const char *member);
bool fac_is_valid(const struct fac_reply *reply);
bool fac_is_settled(const struct fac_reply *reply);

#endif
