/* MCP tools: what is told of one that is not paid for, what a payment of one buys, and messages
 * that are none. Source: x402 v2 digest, section 5; Kaspa x402 exact digest,
 * section 17. */
#include "peer/kaspa-x402/mcp.h"
#include "peer/kaspa-x402/channel.h"

#define HONEST PROFILE "/honest_payment_buys_a_tool"
#define ARGUMENTS "{\"symbol\":\"KAS\"}"

static struct mcp_call quote(struct assay_case *t)
{
    return (struct mcp_call){mcp_tool(t, "mcp_tool"), ARGUMENTS};
}

static struct mcp_call bare(struct assay_case *t, const char *endpoint)
{
    return (struct mcp_call){mcp_tool(t, endpoint), NULL};
}

SCENARIO(honest_payment_buys_a_tool, .kind = SCENARIO_CONTROL,
         .title = "An honest payment in _meta buys one call of its tool", .rule = "honest.served",
         .rests_on = PROFILE "/honest_payment_is_served", .needs = KXP_PAY | KXP_MCP)
{
    struct mcp_call call = quote(t);

    expect_tool_served(t, kxp_call_until_known(t, "pay", call, kxp_paid_call(t, call)));
}

/* ---- without a payment ---- */

SCENARIO(unpaid_tool_asks_for_a_payment,
         .title = "A tool that is called without a payment asks for one in a result with isError, "
                  "in both places alike, and does not run",
         .threat = "mcp-result", .rule = "mcp.required", .ideas = "KX-183",
         .catches = DEFECTS("mcp.structured_alone", "mcp.text_alone", "mcp.text_differs",
                            "mcp.required_as_error"),
         .needs = KXP_PAY | KXP_MCP, TABLE(mcp_no_payments))
{
    const struct mcp_no_payment *row = case_row(t);

    expect_tool_asks(t, mcp_say(t, row->name, mcp_call_text(t, quote(t), row->payment)));
}

/* ---- a payment that was made for something else ---- */

static struct kxp_bound other_tool(struct assay_case *t)
{
    return (struct kxp_bound){bare(t, "mcp_tool_other"), NULL};
}

static struct kxp_bound other_arguments(struct assay_case *t)
{
    return (struct kxp_bound){{mcp_tool(t, "mcp_tool"), "{\"symbol\":\"BTC\"}"}, NULL};
}

static struct kxp_bound other_server(struct assay_case *t)
{
    return (struct kxp_bound){quote(t), "http://other.example"};
}

static const struct swap {
    const char *name;
    struct kxp_bound (*made_for)(struct assay_case *t);
    bool is_bare; /* the call that it is sent with has no arguments */
} swaps[] = {
    {"for another tool of that price", other_tool, true},
    {"for other arguments", other_arguments, false},
    {"for another server", other_server, false},
};

SCENARIO(payment_for_another_call_buys_nothing,
         .title = "A payment that was made for another tool, other arguments or another server "
                  "buys no call",
         .threat = "mcp-result", .rule = "mcp.bound", .ideas = "KX-180 KX-181 KX-182",
         .rests_on = HONEST,
         .catches = DEFECTS("mcp.tool_unbound", "mcp.arguments_unbound", "mcp.audience_unbound"),
         .needs = KXP_PAY | KXP_MCP, TABLE(swaps))
{
    const struct swap *row = case_row(t);
    struct mcp_call call = row->is_bare ? bare(t, "mcp_tool") : quote(t);
    const struct kxp_offer *offer = kxp_given_tool_offer(t, call);
    const struct kxp_payment *paid = kxp_tool_payment(t, offer, row->made_for(t));

    expect_tool_withheld(t, mcp_say(t, row->name, kxp_call_paid_with(t, call, paid)));
}

SCENARIO(payment_for_a_route_buys_no_tool,
         .title = "A payment for an HTTP route buys no tool, and one for a tool buys no route",
         .threat = "mcp-result", .rule = "mcp.bound", .ideas = "KX-182", .rests_on = HONEST,
         .catches = DEFECTS("mcp.arguments_unbound"), .needs = KXP_PAY | KXP_MCP)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct mcp_call call = quote(t);
    const struct kxp_payment *of_route = kxp_paid(t, want), *of_tool = kxp_paid_call(t, call);

    expect_tool_withheld(t, mcp_say(t, "a route's payment", kxp_call_paid_with(t, call, of_route)));
    expect_refused(t, kxp_send(t, "a tool's payment", want, of_tool));
}

/* ---- once ---- */

SCENARIO(bought_call_is_answered_again_and_buys_nothing_else,
         .title = "The identical call is given its first result again, and its payment buys no "
                  "other call",
         .threat = "mcp-result", .rule = "mcp.once", .ideas = "KX-186", .rests_on = HONEST,
         .catches = DEFECTS("mcp.call_reruns", "kx.identifier.conflict_served"),
         .needs = KXP_PAY | KXP_MCP)
{
    struct mcp_call call = quote(t), other = other_arguments(t).call;
    const struct kxp_payment *paid = kxp_paid_call(t, call);
    const struct mcp_answer *first = kxp_call_until_known(t, "pay", call, paid);

    expect_tool_served(t, first);
    expect_tool_again(t, mcp_say(t, "again", kxp_call_paid_with(t, call, paid)), first);
    expect_tool_withheld(t, mcp_say(t, "for other arguments", kxp_call_paid_with(t, other, paid)));
}

enum { AT_ONCE = 16 };

SCENARIO(copies_of_a_call_at_once_run_its_tool_once,
         .title = "Sixteen copies of one paid call at once run its tool once",
         .threat = "mcp-result", .rule = "mcp.once", .ideas = "KX-186", .rests_on = HONEST,
         .catches = DEFECTS("mcp.call_reruns"), .needs = KXP_PAY | KXP_MCP | NEED_ORIGIN)
{
    struct mcp_call call = quote(t);
    const struct kxp_payment *paid = kxp_paid_call(t, call);
    struct peer_want want = mcp_want(t, kxp_call_paid_with(t, call, paid));
    const struct peer_answer *const *answers =
        peer_burst_held(t, "copy", peer_copies(t, want, mcp_with(), AT_ONCE), AT_ONCE);

    (void)kxp_call_until_known(t, "afterwards", call, paid);
    expect_executions(t, 1);
    for (size_t i = 0; i < AT_ONCE; i++)
        expect(t, peer_status(answers[i]) != 0, "an answer to each copy", "%s",
               peer_seen(t, answers[i]));
}

/* ---- what is not settled ---- */

static const struct unsettled {
    const char *name;
    struct kaspa_node_behaviour behaviour;
} unsettled[] = {
    {"the node refuses it", {.fault = KASPA_NODE_ERROR, .fault_method = "submitTransaction"}},
    {"the node takes it, and the chain never sees it", {.lie = KASPA_NODE_SWALLOW}},
};

SCENARIO(tool_that_is_not_settled_is_withheld,
         .title = "Where the payment is not settled, the result has isError and nothing of the "
                  "tool's content",
         .threat = "mcp-result", .rule = "mcp.withheld", .ideas = "KX-185", .rests_on = HONEST,
         .catches = DEFECTS("mcp.settle_failure_served"), .needs = KXP_PAY | KXP_MCP,
         TABLE(unsettled))
{
    const struct unsettled *row = case_row(t);
    struct mcp_call call = quote(t);
    const struct kxp_payment *paid = kxp_paid_call(t, call);

    kxp_node_behaves(t, row->behaviour);
    expect_tool_withheld(t, mcp_say(t, row->name, kxp_call_paid_with(t, call, paid)));
}

SCENARIO(settlement_is_never_the_tools_own,
         .title = "The settlement that is told is of the payment that was made, whatever the tool "
                  "says",
         .threat = "mcp-result", .rule = "mcp.receipt", .ideas = "KX-184", .rests_on = HONEST,
         .catches = DEFECTS("mcp.meta_relayed"), .needs = KXP_PAY | KXP_MCP | NEED_ORIGIN)
{
    struct mcp_call call = quote(t);
    const struct kxp_payment *paid = kxp_paid_call(t, call);
    const struct mcp_answer *answer;
    const char *told;

    mcp_tool_forges(t);
    answer = kxp_call_until_known(t, "pay", call, paid);
    told = json_string_value(json_object_get(answer->settlement, "transaction"));
    expect(t, told == NULL || strcmp(told, paid->transaction_id) == 0,
           "no settlement, or that of the payment", "the settlement of transaction \"%.80s\"",
           told);
}

/* ---- messages ---- */

SCENARIO(message_that_is_none_has_its_error,
         .title = "A message that breaks JSON-RPC is answered by its standard error, one without "
                  "an id by nothing, and no tool runs",
         .threat = "mcp-result", .rule = "mcp.messages", .ideas = "KX-183",
         .catches = DEFECTS("mcp.batch_accepted", "mcp.notification_runs",
                            "mcp.payment_of_last_duplicate", "mcp.error_as_result",
                            "mcp.notification_answered"),
         .needs = KXP_MCP, TABLE(mcp_messages))
{
    const struct mcp_message *row = case_row(t);

    expect_rpc_answer(t, mcp_say(t, row->name, mcp_message_text(t, row)), row);
}

SCENARIO(pipe_carries_messages_and_nothing_else,
         .title = "Over a pipe a message is answered as over HTTP, in one line, and stdout has "
                  "nothing else",
         .threat = "mcp-result", .rule = "mcp.messages", .ideas = "KX-183",
         .catches = DEFECTS("mcp.chatter_on_stdout", "mcp.batch_accepted", "mcp.notification_runs",
                            "mcp.payment_of_last_duplicate", "mcp.error_as_result",
                            "mcp.notification_answered"),
         .needs = KXP_MCP | KXP_MCP_PIPE, TABLE(mcp_messages))
{
    const struct mcp_message *row = case_row(t);

    expect_rpc_answer(t, mcp_say_over_pipe(t, row->name, mcp_message_text(t, row)), row);
}

SCENARIO(tool_is_sold_once_over_a_pipe_and_http,
         .title = "What is bought over a pipe is answered again over HTTP, and runs once",
         .threat = "mcp-result", .rule = "mcp.once", .ideas = "KX-186", .rests_on = HONEST,
         .catches = DEFECTS("mcp.call_reruns"), .needs = KXP_PAY | KXP_MCP | KXP_MCP_PIPE)
{
    struct mcp_call call = quote(t);
    const struct kxp_payment *paid = kxp_paid_call(t, call);
    const char *message = kxp_call_paid_with(t, call, paid);
    const struct mcp_answer *first;

    expect_tool_asks(t, mcp_say_over_pipe(t, "unpaid", mcp_call_text(t, call, NULL)));
    first = mcp_say_over_pipe(t, "pay", message);
    if (mcp_is_put_off(first))
        first = kxp_call_until_known(t, "again until it is known", call, paid);
    expect(t, !first->is_error, "the tool's result", "%s", peer_seen(t, first->http));
    expect_tool_again(t, mcp_say_over_pipe(t, "again over the pipe", message), first);
    expect_tool_again(t, mcp_say(t, "again over HTTP", message), first);
}

SCENARIO(page_of_another_origin_is_refused,
         .title = "A call from a page of another origin is refused before it is read",
         .threat = "mcp-result", .rule = "mcp.origin", .catches = DEFECTS("mcp.origin_unchecked"),
         .needs = KXP_MCP)
{
    struct peer_with with = mcp_with();
    struct peer_want want = mcp_want(t, mcp_call_text(t, quote(t), NULL));

    with.fields[2] = (struct peer_field){"Origin", "http://rebound.example"};
    expect_refused(t, peer_send(t, "a page's call", want, with));
}

/* ---- channels ---- */

/* NULL: nothing of scheme batch-settlement is offered. */
static const json_t *batch_entry(const struct mcp_answer *answer)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (json_object_get(answer->structured, "accepts"), i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "scheme")), KX_SCHEME_BATCH) == 0)
            return entry;
    return NULL;
}

SCENARIO(tool_sold_by_channel_says_what_a_failure_costs,
         .title = "The channel offer of a tool says that a failed call costs the amount",
         .threat = "mcp-result", .rule = "mcp.charge", .ideas = "B37",
         .catches = DEFECTS("mcp.charge_unsaid"), .variant = "channels",
         .needs = KXP_PAY | KXP_MCP | KXP_CHANNELS)
{
    struct mcp_call call = quote(t);
    const struct kxp_offer *offer = kxp_given_tool_offer(t, call);
    const json_t *entry = batch_entry(mcp_read(t, offer->answer));
    const json_t *amount = json_object_get(entry, "amount");
    const json_t *charge = json_object_get(json_object_get(entry, "extra"), "mcpErrorChargeSompi");

    if (entry == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the tool is not sold by channel");
    expect(t, charge != NULL && json_equal(charge, amount), "extra.mcpErrorChargeSompi, the amount",
           "%s", charge != NULL ? "another sum" : "none");
}
