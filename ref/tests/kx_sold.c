/* A shop that sells what a facilitator settles; see kx_sold.h. */
#include "ref/tests/kx_sold.h"

#include <criterion/criterion.h>

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
        .payer = said == KX_WORD_YES ? ASSAY_LIT("0xpayer") : ASSAY_LIT(""),
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

json_t *sold_payment_for(struct shop *s, const struct shop_ask *ask, const char *nonce)
{
    const struct shop_reply reply = sold_challenge_for(s, ask);
    json_t *first = json_array_get(json_object_get(reply.offer, "accepts"), 0);

    return json_pack("{s:i, s:o, s:{s:s, s:{s:s, s:s}}}", "x402Version", 2, "accepted",
                     json_deep_copy(first), "payload", "signature", "0x01", "authorization", "from",
                     "0xpayer", "nonce", nonce);
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

void sold_identify(struct shop *s, json_t *payment, const char *id)
{
    json_t *extensions = json_deep_copy(json_object_get(sold_challenge(s).offer, "extensions"));
    json_t *info = json_object_get(json_object_get(extensions, "payment-identifier"), "info");

    (void)json_object_set_new(info, "id", json_string(id));
    (void)json_object_set_new(payment, "extensions", extensions);
}
