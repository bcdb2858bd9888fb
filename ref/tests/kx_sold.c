/* A shop that sells what a facilitator settles; see kx_sold.h. */
#include "ref/tests/kx_sold.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct kx_facilitated_kind kinds[] = {
    {"exact", SOLD_NETWORK, SOLD_ASSET, SOLD_PAYEE, SOLD_EXTRA},
    {"exact", "solana:devnet", "mint", "payee", NULL},
};
static const struct kx_facilitated_core facilitated = {kinds, ARRAY_LEN(kinds)};

struct x402_kind sold_kind(const char *scheme, const char *network)
{
    return (struct x402_kind){.extra = ASSAY_JSON_NONE,
                              .version = X402_VERSION,
                              .scheme = assay_str(scheme),
                              .network = assay_str(network),
                              .modes = X402_MODE_VERIFY | X402_MODE_SETTLE};
}

struct kx_facilitator_word sold_word(enum kx_word said)
{
    return (struct kx_facilitator_word){
        .word = said,
        .may_have_moved = said != KX_WORD_NO,
        .reason = said == KX_WORD_NO ? "insufficient_funds" : NULL,
        .transaction = said == KX_WORD_YES ? ASSAY_LIT("0xabc") : ASSAY_LIT(""),
        .payer = said == KX_WORD_YES ? ASSAY_LIT(SOLD_PAYER) : ASSAY_LIT(""),
    };
}

void sold_open(struct shop *s, struct sold_list *list)
{
    shop_open(s);
    list->kinds[0] = sold_kind("exact", SOLD_NETWORK);
    list->supported = (struct x402_supported){.kinds = list->kinds, .kind_count = 1};
    s->core.pay_to[0] = '\0';
    s->core.facilitated = &facilitated;
    s->supported = &list->supported;
    s->settles_anew = true;
    s->verified = s->settled[0] = s->settled[1] = sold_word(KX_WORD_YES);
}

struct shop_reply sold_challenge_for(struct shop *s, const struct shop_ask *ask)
{
    const struct shop_reply reply = shop_send(s, ask);

    cr_assert_eq(reply.status, 402, "%d %s", reply.status, reply.body);
    return reply;
}

struct shop_reply sold_challenge(struct shop *s)
{
    return sold_challenge_for(s, &(struct shop_ask){0});
}

size_t sold_offers(struct shop *s)
{
    return json_array_size(json_object_get(sold_challenge(s).offer, "accepts"));
}

/* Of 65 bytes, by nobody. */
static json_t *signature(void)
{
    return json_sprintf("0x%0*d", 130, 1);
}

static json_t *authorization(json_t *offer, const char *nonce)
{
    return json_pack("{s:s, s:O, s:O, s:s, s:s, s:o}", "from", SOLD_PAYER, "to",
                     json_object_get(offer, "payTo"), "value", json_object_get(offer, "amount"),
                     "validAfter", "1", "validBefore", "9999999999", "nonce",
                     json_sprintf("0x%064llx", strtoull(nonce, NULL, 16)));
}

json_t *sold_payment_by(json_t *required, const char *nonce)
{
    json_t *first = json_array_get(json_object_get(required, "accepts"), 0);

    return json_pack("{s:i, s:o, s:{s:o, s:o}}", "x402Version", 2, "accepted",
                     json_deep_copy(first), "payload", "signature", signature(), "authorization",
                     authorization(first, nonce));
}

json_t *sold_payment_for(struct shop *s, const struct shop_ask *ask, const char *nonce)
{
    return sold_payment_by(sold_challenge_for(s, ask).offer, nonce);
}

const char *sold_header(struct shop *s, json_t *payment)
{
    const char *header = shop_header(s, payment);

    json_decref(payment);
    return header;
}

const char *sold_pay(struct shop *s, const char *nonce)
{
    return sold_header(s, sold_payment_for(s, &(struct shop_ask){0}, nonce));
}

struct shop_reply sold_send(struct shop *s, const char *payment)
{
    return shop_send(s, &(struct shop_ask){.payment = payment});
}

struct shop_errand *sold_begin(struct shop *s, const struct shop_ask *ask)
{
    struct shop_errand *e = shop_begin(s, ask);

    while (e->action.kind != KX_DO_FACILITATOR || e->action.call != KX_FACILITATOR_SETTLE)
        cr_assert(shop_step(e), "it never asks for its settlement");
    return e;
}

struct shop_reply sold_finish(struct shop_errand *e)
{
    while (shop_step(e))
        continue;
    return shop_end(e);
}

void sold_identify(struct shop *s, json_t *payment, const char *id)
{
    json_t *extensions = json_deep_copy(json_object_get(sold_challenge(s).offer, "extensions"));
    json_t *info = json_object_get(json_object_get(extensions, "payment-identifier"), "info");

    (void)json_object_set_new(info, "id", json_string(id));
    (void)json_object_set_new(payment, "extensions", extensions);
}
