/* The world around a paying client; see pay_shop.h. */
#include "pay_shop.h"

#include <stdio.h>

void pay_shop_begin(struct pay_shop *s, unsigned coins)
{
    struct kaspa_wallet_options wallet = {.seed = ASSAY_LIT("a payer"), .network = KASPA_TESTNET};
    struct kaspa_shop_options shop = {.chain = NULL};
    struct kaspa_outpoint outpoint;
    struct assay_key channel_key;
    struct kaspa_spk spk;

    memset(s, 0, sizeof(*s));
    world_begin(&s->w);
    wallet.chain = shop.chain = s->w.chain;
    wallet.lock = shop.lock = s->w.lock;
    shop.node = s->w.node;
    shop.pay_to = s->w.address;
    kaspa_key_from_seed(&channel_key, ASSAY_LIT("a shop"), ASSAY_LIT("channel server"));
    shop.channel_key = &channel_key;
    cr_assert_eq(kaspa_wallet_start(&s->wallet, &wallet, NULL), ASSAY_OK);
    spk = kaspa_wallet_spk(s->wallet);
    for (unsigned i = 0; i < coins; i++)
        cr_assert_eq(kaspa_chain_fund(s->w.chain, &outpoint, &spk, 5 * KAS), ASSAY_OK);
    cr_assert_eq(kaspa_shop_start(&s->shop, &shop, NULL), ASSAY_OK);
    (void)snprintf(s->url, sizeof(s->url), "%s/goods", kaspa_shop_origin(s->shop));
}

void pay_shop_end(struct pay_shop *s)
{
    kaspa_shop_stop(s->shop);
    kaspa_wallet_stop(s->wallet);
    world_end(&s->w);
}

size_t pay_shop_submissions(struct pay_shop *s)
{
    size_t count;

    kaspa_chain_lock_take(s->w.lock);
    count = kaspa_chain_event_count(s->w.chain);
    kaspa_chain_lock_give(s->w.lock);
    return count;
}

/* Whether a call before that one came with the same payment. */
static bool is_known(struct pay_shop *s, const struct kaspa_shop_call *call)
{
    struct kaspa_shop_call before;

    for (uint64_t i = 1; i < call->number && kaspa_shop_call(s->shop, i, &before); i++)
        if (before.payment != NULL && strcmp(before.payment, call->payment) == 0)
            return true;
    return false;
}

size_t pay_shop_payments(struct pay_shop *s)
{
    struct kaspa_shop_call call;
    size_t different = 0;

    for (uint64_t i = 1; kaspa_shop_call(s->shop, i, &call); i++)
        different += call.payment != NULL && !is_known(s, &call);
    return different;
}
