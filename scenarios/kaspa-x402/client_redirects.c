/* Threat payer-drain, where a payment goes to: redirects, before it is made and after, and
 * challenges for another resource than the one that was asked for. */
#include "peer/kaspa-x402/client.h"

/* ---- redirects ---- */

static const struct redirect {
    const char *name;
    int status;
    bool of_paid, is_elsewhere;
} redirects[] = {
    {"301 before payment, same origin", 301, false, false},
    {"302 before payment, same origin", 302, false, false},
    {"303 before payment, same origin", 303, false, false},
    {"307 before payment, same origin", 307, false, false},
    {"308 before payment, same origin", 308, false, false},
    {"301 before payment, another origin", 301, false, true},
    {"302 before payment, another origin", 302, false, true},
    {"303 before payment, another origin", 303, false, true},
    {"307 before payment, another origin", 307, false, true},
    {"308 before payment, another origin", 308, false, true},
    {"301 of the payment, same origin", 301, true, false},
    {"302 of the payment, same origin", 302, true, false},
    {"303 of the payment, same origin", 303, true, false},
    {"307 of the payment, same origin", 307, true, false},
    {"308 of the payment, same origin", 308, true, false},
    {"301 of the payment, another origin", 301, true, true},
    {"302 of the payment, another origin", 302, true, true},
    {"303 of the payment, another origin", 303, true, true},
    {"307 of the payment, another origin", 307, true, true},
    {"308 of the payment, another origin", 308, true, true},
};

/* Requests that went to where the redirect sent them. */
static uint64_t followed(struct assay_case *t)
{
    struct kaspa_shop_call call;
    uint64_t count = 0;

    for (uint64_t i = 1; kxp_asked(t, i, &call); i++)
        count += call.is_elsewhere || strcmp(call.target, KXP_GOODS) != 0;
    return count;
}

SCENARIO(client_follows_no_redirect, OF_A_CLIENT,
         .title = "A redirect is not followed, before the payment or with it",
         .threat = "payer-drain", .rule = "client.redirect", .ideas = "KX-190 CL-14",
         .catches = DEFECTS("client.redirect.followed"), TABLE(redirects))
{
    const struct redirect *row = case_row(t);
    const struct kaspa_shop_answer answer = {
        .status = row->status,
        .payment = KASPA_SHOP_LEAVES,
        .fields = {{"Location", row->is_elsewhere ? kxp_elsewhere_url(t, "/other")
                                                  : kxp_shop_url(t, "/other")}}};
    const struct kaspa_shop_behaviour behaviour = {/* once: who follows is to arrive somewhere */
                                                   .unpaid = {answer, {.status = 0}},
                                                   .unpaid_count = row->of_paid ? 0 : 2,
                                                   .paid = {answer, {.status = 0}},
                                                   .paid_count = 2};
    const struct kxp_run *run;

    kxp_shop_behaves(t, behaviour);
    run = kxp_client_buys(t);
    expect(t, followed(t) == 0, "no request to where the redirect leads", "%llu",
           (unsigned long long)followed(t));
    if (row->of_paid)
        expect_pending(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}

/* ---- resources ---- */

static void name_resource(const void *arg, json_t *required)
{
    kxp_set_text(required, "resource.url", arg);
}

static const struct resource {
    const char *name;
    const char *scheme, *host, *path; /* host NULL: the shop's with its port */
    bool is_elsewhere;
} resources[] = {
    {"another path", "http", NULL, "/other", false},
    {"a longer path", "http", NULL, "/goods/", false},
    {"the path in capitals", "http", NULL, "/GOODS", false},
    {"a query", "http", NULL, "/goods?of=another", false},
    {"another port", "http", NULL, "/goods", true},
    {"another host", "http", "shop.example", "/goods", false},
    {"another scheme", "https", NULL, "/goods", false},
    {"user information", "http", "me@127.0.0.1", "/goods", false},
};

SCENARIO(client_pays_for_what_it_asked_for, OF_A_CLIENT,
         .title = "A challenge for another resource than the one that was asked for is refused",
         .threat = "payer-drain", .rule = "client.resource", .ideas = "KX-192 CL-29",
         .catches = DEFECTS("client.resource.unchecked", "client.resource.by_origin",
                            "client.resource.signed"),
         TABLE(resources))
{
    const struct resource *row = case_row(t);
    const char *origin =
        row->is_elsewhere ? kaspa_shop_elsewhere(kxp_shop(t)) : kaspa_shop_origin(kxp_shop(t));
    const char *host = row->host != NULL ? row->host : strstr(origin, "//") + 2;

    kxp_shop_offers(t, name_resource, case_printf(t, "%s://%s%s", row->scheme, host, row->path));
    expect_client_refused(t, kxp_client_buys(t), KXP_ASKS_NOTHING);
}
