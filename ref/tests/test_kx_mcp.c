/* Calls of MCP tools in the decision core: what is offered for one, what its payment is bound to,
 * and what is told of one that was not settled. Source: Kaspa x402 exact digest, section 17. */
#include "ref/tests/kx_shop.h"

#include "defects/defects.h"

#include <stdlib.h>

#define ARGUMENTS "{\"symbol\":\"KAS\"}"

static struct shop s;

static void open_shop(void)
{
    shop_open(&s);
}
static void close_shop(void)
{
    shop_close(&s);
    ref_defect_all_off();
}
TestSuite(kx_mcp, .init = open_shop, .fini = close_shop);

static const struct kx_tool_call quote = {
    .audience = {(const uint8_t *)SHOP_URL, sizeof(SHOP_URL) - 1},
    .name = {(const uint8_t *)"quote", 5},
    .arguments = {(const uint8_t *)ARGUMENTS, sizeof(ARGUMENTS) - 1}};

static struct shop_ask call_of(const struct kx_tool_call *tool)
{
    struct shop_ask ask = {.method = KX_CALL, .tool = tool};

    ask.target = assay_arena_printf(&s.arena, KX_TOOL "%.*s", (int)tool->name.len,
                                    (const char *)tool->name.at);
    ask.body = tool->arguments.len > 0 ? (const char *)tool->arguments.at : "{}";
    return ask;
}

static struct kx_tool_call without_arguments(const char *name)
{
    return (struct kx_tool_call){
        .audience = assay_str(SHOP_URL), .name = assay_str(name), .arguments = ASSAY_LIT("")};
}

/* Pays for a call as another would be paid for; the JSON. */
static const char *pay_for(const struct shop_ask *ask, const struct shop_ask *bound_as)
{
    struct kx_world *w = shop_offer(&s, ask, 0), *as = shop_offer(&s, bound_as, 0);
    const char *kept;
    char *text;

    w->request_hash = as->request_hash;
    (void)shop_seal(&s, w);
    text = json_dumps(w->payment, JSON_COMPACT | JSON_SORT_KEYS);
    kept = (const char *)assay_arena_copy(&s.arena, assay_str(text)).at;
    free(text);
    kx_world_free(as);
    kx_world_free(w);
    return kept;
}

static struct shop_reply send_paid(struct shop_ask ask, const char *payment)
{
    ask.payment = payment;
    return shop_send(&s, &ask);
}

static const char *url_of(const struct shop_reply *reply)
{
    return json_string_value(json_object_get(json_object_get(reply->offer, "resource"), "url"));
}

/* ---- offers ---- */

Test(kx_mcp, a_tool_is_offered_under_its_own_resource_alone)
{
    const struct shop_ask ask = call_of(&quote);
    const struct shop_reply reply = shop_send(&s, &ask);

    cr_assert_eq(reply.status, 402, "%d %s", reply.status, reply.body);
    cr_expect_str_eq(url_of(&reply), "mcp://tool/quote");
    cr_expect_eq(json_object_size(json_object_get(reply.offer, "resource")), 1,
                 "all of the resource is bound: nothing else stands in it");
    cr_expect_eq(s.runs, 0);
}

Test(kx_mcp, is_no_route_of_http_and_the_reverse)
{
    static const struct kx_tool_call report = {.audience = {(const uint8_t *)"a", 1},
                                               .name = {(const uint8_t *)"report", 6},
                                               .arguments = {(const uint8_t *)"", 0}};
    struct shop_ask ask = {.target = KX_TOOL "quote"};

    cr_expect_eq(shop_send(&s, &ask).status, 404, "GET");
    ask.method = "POST";
    cr_expect_eq(shop_send(&s, &ask).status, 404, "POST");
    ask = call_of(&report);
    cr_expect_eq(shop_send(&s, &ask).status, 404);
    ask = call_of(&quote);
    ask.host = "evil.test";
    cr_expect_eq(shop_send(&s, &ask).status, 400, "another host");
    ask.host = "";
    cr_expect_eq(shop_send(&s, &ask).status, 402, "none, as over a pipe");
    cr_expect_eq(s.runs, 0);
}

Test(kx_mcp, what_is_free_runs_with_its_arguments)
{
    struct kx_tool_call tool = without_arguments("free");
    struct shop_ask ask = call_of(&tool);

    cr_expect_eq(shop_send(&s, &ask).status, 200);
    cr_expect_str_eq(s.ran_target, KX_TOOL "free");
}

/* ---- payments ---- */

Test(kx_mcp, an_honest_payment_buys_the_call_once)
{
    const struct shop_ask ask = call_of(&quote);
    const char *payment = pay_for(&ask, &ask);
    struct shop_reply reply = send_paid(ask, payment);

    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
    cr_assert_not_null(reply.settlement);
    cr_expect(json_is_true(json_object_get(reply.settlement, "success")));
    cr_expect_eq(send_paid(ask, payment).status, 200);
    cr_expect_eq(s.runs, 1);
    cr_expect_eq(s.submissions, 1);
}

Test(kx_mcp, an_identical_call_runs_again_with_its_defect)
{
    const struct shop_ask ask = call_of(&quote);
    const char *payment = pay_for(&ask, &ask);

    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("mcp.call_reruns"), NULL), ASSAY_OK);
    for (int i = 0; i < 2; i++)
        (void)send_paid(ask, payment);
    cr_expect_eq(s.runs, 2);
}

Test(kx_mcp, a_known_caller_is_bound_too)
{
    struct kx_tool_call tool = without_arguments("private");
    struct shop_ask ask = call_of(&tool);
    struct shop_reply reply;

    cr_expect_eq(shop_send(&s, &ask).status, 400);
    ask.token = SHOP_TOKEN;
    reply = send_paid(ask, pay_for(&ask, &ask));
    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
}

static const char *const no_payments[] = {"\"e30=\"",           "null", "5", "[]", "{}", "true",
                                          "{\"x402Version\":1}"};

Test(kx_mcp, what_is_no_payment_is_asked_for_one)
{
    const struct shop_ask ask = call_of(&quote);

    for (size_t i = 0; i < ARRAY_LEN(no_payments); i++) {
        const struct shop_reply reply = send_paid(ask, no_payments[i]);

        cr_expect_eq(reply.status, 402, "%s", no_payments[i]);
        cr_expect_not_null(reply.offer, "%s", no_payments[i]);
    }
    cr_expect_eq(s.runs + s.submissions, 0);
}

/* What a payment was made for, where another call brings it. */
enum swap { OTHER_TOOL, OTHER_ARGUMENTS, NO_ARGUMENTS, OTHER_AUDIENCE, SWAPS };

static struct shop_ask swapped(enum swap swap, struct kx_tool_call *tool)
{
    *tool = quote;
    switch (swap) {
    case OTHER_TOOL:
        *tool = without_arguments("forecast");
        break;
    case OTHER_ARGUMENTS:
        tool->arguments = ASSAY_LIT("{\"symbol\":\"BTC\"}");
        break;
    case NO_ARGUMENTS:
        tool->arguments = ASSAY_LIT("");
        break;
    case OTHER_AUDIENCE:
        tool->audience = ASSAY_LIT("http://other.test:8402");
        break;
    case SWAPS:
        break;
    }
    return call_of(tool);
}

static int status_of_swap(enum swap swap)
{
    struct kx_tool_call plain = without_arguments("quote"), other;
    const struct kx_tool_call *here = swap == OTHER_TOOL ? &plain : &quote;
    struct shop_ask made_for = swapped(swap, &other), ask = call_of(here);

    return send_paid(ask, pay_for(&ask, &made_for)).status;
}

Test(kx_mcp, a_payment_for_another_call_buys_nothing)
{
    for (int i = 0; i < SWAPS; i++) {
        cr_expect_eq(status_of_swap((enum swap)i), 402, "swap %d", i);
        cr_expect_eq(s.runs + s.submissions, 0, "swap %d", i);
    }
}

static const struct {
    const char *defect;
    enum swap buys;
} unbound[] = {
    {"mcp.tool_unbound", OTHER_TOOL},
    {"mcp.arguments_unbound", OTHER_ARGUMENTS},
    {"mcp.audience_unbound", OTHER_AUDIENCE},
};

Test(kx_mcp, a_payment_for_another_call_buys_with_its_defect)
{
    for (size_t i = 0; i < ARRAY_LEN(unbound); i++) {
        close_shop();
        open_shop();
        cr_assert_eq(ref_defect_switch_on(assay_str(unbound[i].defect), NULL), ASSAY_OK);
        cr_expect_eq(status_of_swap(unbound[i].buys), 200, "%s", unbound[i].defect);
    }
}

/* ---- what is not settled ---- */

static struct shop_reply refused_by_node(void)
{
    const struct shop_ask ask = call_of(&quote);
    const char *payment = pay_for(&ask, &ask);

    s.submit_code = ASSAY_E_DENIED;
    return send_paid(ask, payment);
}

Test(kx_mcp, what_the_node_refuses_is_not_served)
{
    const struct shop_reply reply = refused_by_node();

    cr_expect_eq(reply.status, 503, "%d %s", reply.status, reply.body);
    cr_expect_eq(s.runs, 0);
}

Test(kx_mcp, what_the_node_refuses_is_served_with_its_defect)
{
    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("mcp.settle_failure_served"), NULL), ASSAY_OK);
    cr_expect_eq(refused_by_node().status, 200);
    cr_expect_eq(s.runs, 1);
}
