/* Threat exact-finality, seen by who pays: what the shop says of a payment settles nothing. It
 * stays pending until the chain has accepted it, and then it is the same payment that is delivered.
 */
#include "peer/kaspa-x402/client.h"

/* ---- words ---- */

static const struct word {
    const char *name;
    struct kaspa_shop_answer answer;
} words[] = {
    {"a receipt for what was never submitted",
     {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_TRUE}},
    {"no receipt", {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_NONE}},
    {"a malformed receipt",
     {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_MALFORMED}},
    {"a negative receipt", {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_FAILED}},
    {"a receipt for another transaction",
     {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_OTHER_TX}},
    {"a receipt of another network",
     {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_OTHER_NETWORK}},
    {"a receipt for less",
     {.payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_OTHER_AMOUNT}},
    {"a refusal with a true receipt",
     {.status = 400, .payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_TRUE}},
    {"half of the goods", {.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_HALVES}},
};

SCENARIO(client_believes_no_receipt, OF_A_CLIENT,
         .title = "A payment that the chain does not know stays pending, whatever the shop says of "
                  "it, and is not made again",
         .threat = "exact-finality", .rule = "client.ack", .ideas = "KX-194 CL-17",
         .catches = DEFECTS("client.ack.settles", "client.ack.status_settles",
                            "client.ack.releases"),
         TABLE(words))
{
    const struct word *row = case_row(t);

    kxp_shop_answers_paid(t, row->answer);
    expect_pending(t, kxp_client_buys(t));
    expect_pending(t, kxp_client_buys(t));
    expect_one_payment(t);
}

/* ---- the mempool ---- */

SCENARIO(
    client_waits_for_the_chain, OF_A_CLIENT,
    .title = "A payment that is only in the mempool stays pending, and is delivered, unchanged, "
             "once it is accepted",
    .threat = "exact-finality", .rule = "client.ack", .ideas = "KX-194 CL-17",
    .catches = DEFECTS("client.ack.mempool_settles", "client.ack.releases", "client.ack.settles"))
{
    kxp_mining(t, false);
    kxp_shop_answers_paid(t, (struct kaspa_shop_answer){.payment = KASPA_SHOP_POOLS});
    expect_pending(t, kxp_client_buys(t));
    kxp_shop_is_honest(t);
    kxp_mine(t, 1);
    expect(t, kxp_client_buys(t)->has_bought, "the goods for the payment, now accepted",
           "another exit status than 0");
    expect_one_payment(t);
}
