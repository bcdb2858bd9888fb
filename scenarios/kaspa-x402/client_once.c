/* Threat payer-drain, by asking again: one purchase is one payment, whatever the shop asks for
 * after it was given one; and another purchase is another. */
#include "peer/kaspa-x402/client.h"

SCENARIO(
    client_pays_each_purchase_by_itself, OF_A_CLIENT,
    .title = "Two purchases of one thing are two payments, each under an identifier of its own",
    .threat = "payer-drain", .rule = "client.artifact.once",
    .catches = DEFECTS("client.identifier.of_request"))
{
    expect_bought(t, kxp_client_buys(t));
    expect_bought(t, kxp_client_buys(t));
    expect(t, kxp_payments_shown(t) == 2 && kxp_submitted_ids(t) == 2,
           "two payments, of two transactions", "%zu payments, %zu transactions",
           kxp_payments_shown(t), kxp_submitted_ids(t));
}

/* ---- a second challenge ---- */

/* What the second one has otherwise; path NULL: nothing. */
struct change {
    const char *path, *value;
    struct kaspa_wallet *wallet; /* whose identifier it echoes; NULL: it brings none */
};

/* The identifier of the payment, which the shop has been told with it. */
static void echo_identifier(json_t *required, struct kaspa_wallet *wallet)
{
    struct kaspa_node_call call = {.method = ""};
    json_t *order;

    for (uint64_t i = 1; strcmp(call.method, "payExactTransaction") != 0; i++)
        if (!kaspa_wallet_call(wallet, i, &call))
            return;
    order = json_loads(call.params, 0, NULL);
    kxp_set_text(required, "extensions.payment-identifier.info.id",
                 json_string_value(json_object_get(order, "paymentIdentifier")));
    json_decref(order);
}

static void change(const void *arg, json_t *required)
{
    const struct change *how = arg;

    if (how->path != NULL)
        kxp_set(required, how->path, json_loads(how->value, JSON_DECODE_ANY, NULL));
    if (how->wallet != NULL)
        echo_identifier(required, how->wallet);
}

static const struct second {
    const char *name, *path, *value;
    bool echoes, cuts_first;
} seconds[] = {
    {"the same terms", NULL, NULL, false, false},
    {"the same terms, under the same identifier", NULL, NULL, true, false},
    {"a lower price", "accepts.0.amount", "\"20000000\"", false, false},
    {"a lower price, under the same identifier", "accepts.0.amount", "\"20000000\"", true, false},
    {"a longer time, under the same identifier", "accepts.0.maxTimeoutSeconds", "300", true, false},
    {"another resource, under the same identifier", "resource.url", "\"http://127.0.0.1/\"", true,
     false},
    {"another payee, under the same identifier", "accepts.0.payTo",
     "\"kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz\"", true, false},
    {"fresh terms after no answer", "accepts.0.maxTimeoutSeconds", "61", false, true},
};

SCENARIO(client_signs_once_whatever_is_asked, OF_A_CLIENT,
         .title = "A shop that answers a payment by asking for another one is given no second one",
         .threat = "payer-drain", .rule = "client.artifact.once", .ideas = "KX-191 CL-18 CL-20",
         .catches = DEFECTS("client.artifact.paid_again"), TABLE(seconds))
{
    const struct second *row = case_row(t);
    const struct kaspa_shop_answer asks = {.status = 402, .payment = KASPA_SHOP_LEAVES},
                                   cuts = {.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_CUTS};
    struct change *how = case_alloc(t, sizeof(*how));

    *how = (struct change){row->path, row->value, row->echoes ? kxp_wallet(t) : NULL};
    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.paid = {row->cuts_first ? cuts : asks, asks},
                                                      .paid_count = 2,
                                                      .edit = change,
                                                      .arg = how,
                                                      .edits_later = true});
    expect_pending(t, kxp_client_buys(t));
    expect_one_payment(t);
    kxp_shop_is_honest(t);
    expect_bought_or_pending(t, kxp_client_buys(t));
    expect_one_payment(t);
}
