/* Threat mcp-result: tools that are sold before our facilitator. What is told of one that is not
 * paid for, what a payment of one buys, and what becomes of its content where the settlement fails.
 * Source: x402 v2 digest, section 5. */
#include "peer/x402/tool.h"

#define HONEST PROFILE "/honest_payment_buys_a_tool"
#define ARGUMENTS "{\"symbol\":\"KAS\"}"

static struct mcp_call quote(struct assay_case *t)
{
    return (struct mcp_call){mcp_tool(t, "mcp_tool"), ARGUMENTS};
}

static struct mcp_call other_tool(struct assay_case *t)
{
    return (struct mcp_call){mcp_tool(t, "mcp_tool_other"), ARGUMENTS};
}

static struct mcp_call other_arguments(struct assay_case *t)
{
    return (struct mcp_call){mcp_tool(t, "mcp_tool"), "{\"symbol\":\"BTC\"}"};
}

SCENARIO(honest_payment_buys_a_tool, .kind = SCENARIO_CONTROL,
         .title = "An honest payment in _meta buys one call of its tool", .rule = "honest.served",
         .needs = X4P_PAY | X4P_MCP)
{
    struct mcp_call call = quote(t);

    expect_tool_served(t, x4p_call_until_known(t, "pay", call, x4p_paid_call(t, call)));
}

SCENARIO(unpaid_tool_asks_for_a_payment,
         .title = "A tool that is called without a payment asks for one in a result with isError, "
                  "in both places alike, and does not run",
         .threat = "mcp-result", .rule = "mcp.challenge", .ideas = "X-54 X-56",
         .catches = DEFECTS("x402.mcp.structured_alone", "x402.mcp.text_alone",
                            "x402.mcp.text_differs", "x402.mcp.required_as_error"),
         .needs = X4P_PAY | X4P_MCP, TABLE(mcp_no_payments))
{
    const struct mcp_no_payment *row = case_row(t);

    expect_tool_asks(t, mcp_say(t, row->name, mcp_call_text(t, quote(t), row->payment)));
}

SCENARIO(message_that_is_none_has_its_error,
         .title = "A message that breaks JSON-RPC, a batch among them, is answered by its standard "
                  "error, one without an id by nothing, and no tool runs",
         .threat = "mcp-result", .rule = "mcp.form", .ideas = "X-56",
         .catches = DEFECTS("x402.mcp.batch_accepted", "x402.mcp.notification_runs",
                            "x402.mcp.payment_of_last_duplicate", "x402.mcp.error_as_result",
                            "x402.mcp.notification_answered"),
         .needs = X4P_MCP, TABLE(mcp_messages))
{
    const struct mcp_message *row = case_row(t);

    expect_rpc_answer(t, mcp_say(t, row->name, mcp_message_text(t, row)), row);
}

/* ---- what a payment is for ---- */

SCENARIO(payment_for_one_tool_buys_no_other,
         .title = "A payment that was made for one tool buys no other of that price",
         .threat = "mcp-result", .rule = "mcp.bound", .ideas = "X-56", .rests_on = HONEST,
         .catches = DEFECTS("x402.mcp.tool_unbound"), .needs = X4P_PAY | X4P_MCP)
{
    const struct x4p_payment *paid = x4p_paid_call(t, quote(t));

    expect_tool_withheld(
        t, mcp_say(t, "for another tool", x4p_call_paid_with(t, other_tool(t), paid)));
}

static const struct other {
    const char *name;
    struct mcp_call (*make)(struct assay_case *t);
} others[] = {
    {"another tool", other_tool},
    {"other arguments", other_arguments},
};

SCENARIO(bought_call_is_answered_again_and_buys_nothing_else,
         .title = "The identical call is given its first result again, and what was authorised "
                  "for it buys no other tool and no other arguments",
         .threat = "mcp-result", .rule = "mcp.bound", .ideas = "X-56", .rests_on = HONEST,
         .catches = DEFECTS("facilitator.resource_unbound"), .needs = X4P_PAY | X4P_MCP,
         TABLE(others))
{
    const struct other *row = case_row(t);
    struct mcp_call call = quote(t), other = row->make(t);
    const struct x4p_payment *paid = x4p_paid_call(t, call), *reused;
    const struct mcp_answer *first = x4p_call_until_known(t, "pay", call, paid);

    expect_tool_served(t, first);
    expect_tool_again(t, mcp_say(t, "again", x4p_call_paid_with(t, call, paid)), first);
    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    reused = x4p_reused(t, x4p_given_tool_offer(t, other), paid);
    expect_tool_withheld(t, mcp_say(t, row->name, x4p_call_paid_with(t, other, reused)));
}

/* ---- what is not settled ---- */

static const struct refusal {
    const char *name;
    struct facilitator_rule rule;
} refusals[] = {
    {"success false", {.lie = FACILITATOR_NO, .reason = "insufficient_funds"}},
    {"the same under 400", {.lie = FACILITATOR_NO, .reason = "insufficient_funds", .status = 400}},
};

SCENARIO(tool_that_is_not_settled_is_withheld,
         .title = "Where the settlement fails the result has isError, the failure in _meta, and "
                  "nothing of the content of the tool, which ran",
         .threat = "mcp-result", .rule = "mcp.settlement", .ideas = "X-55", .rests_on = HONEST,
         .catches = DEFECTS("x402.mcp.settle_failure_served"), .needs = X4P_PAY | X4P_MCP,
         TABLE(refusals))
{
    const struct refusal *row = case_row(t);
    struct mcp_call call = quote(t);
    const struct x4p_payment *paid = x4p_paid_call(t, call);

    x4p_facilitator_behaves(t, (struct facilitator_behaviour){.settle = row->rule});
    expect_tool_unsettled(t, mcp_say(t, row->name, x4p_call_paid_with(t, call, paid)));
}

SCENARIO(settlement_is_never_the_tools_own,
         .title = "The settlement that is told is the facilitator's, whatever the tool says",
         .threat = "mcp-result", .rule = "mcp.receipt", .rests_on = HONEST,
         .catches = DEFECTS("x402.mcp.meta_relayed"), .needs = X4P_PAY | X4P_MCP | NEED_ORIGIN)
{
    struct mcp_call call = quote(t);
    const struct x4p_payment *paid = x4p_paid_call(t, call);
    const struct mcp_answer *answer;
    const char *told;

    mcp_tool_forges(t);
    answer = x4p_call_until_known(t, "pay", call, paid);
    told = json_string_value(json_object_get(answer->settlement, "transaction"));
    expect(t, told == NULL || strcmp(told, MCP_FORGED) != 0,
           "no settlement, or that of the payment", "the settlement that the tool made up");
}
