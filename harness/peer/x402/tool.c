/* Offers and payments of MCP calls before our facilitator; see tool.h. */
#include "peer/x402/tool.h"

#include "peer/x402/peer_internal.h"

static const struct mcp_answer *until_known(struct assay_case *t, const char *label,
                                            struct peer_want want)
{
    struct peer_before before = peer_before(t);
    struct x4p_tries tries = x4p_tries();
    const struct mcp_answer *answer;

    do
        answer = mcp_read(t, peer_send_counted(t, case_peer(t), label, want, mcp_with(), before));
    while (mcp_is_put_off(answer) && x4p_another_try(t, &tries));
    return answer;
}

static const char *read_offer(struct assay_case *t, struct x4p_offer *offer,
                              const struct mcp_answer *answer)
{
    struct assay_json *doc = case_alloc(t, sizeof(*doc));
    const char *fault = mcp_read_required(t, doc, &offer->required, answer);

    if (fault != NULL)
        return fault;
    offer->doc = doc;
    offer->tree = case_owned(t, json_deep_copy(answer->structured));
    return x4p_choose(t, offer);
}

const struct x4p_offer *x4p_given_tool_offer(struct assay_case *t, struct mcp_call call)
{
    struct x4p_offer *offer = case_alloc(t, sizeof(*offer));
    struct peer_want want = mcp_want(t, mcp_call_text(t, call, NULL));
    const struct mcp_answer *answer = until_known(t, "ask for an offer", want);
    const char *fault;

    *offer = (struct x4p_offer){.want = want, .answer = answer->http, .asked_ms = case_now_ms(t)};
    if ((fault = read_offer(t, offer, answer)) != NULL)
        case_end(t, VERDICT_BROKEN, "%s called without a payment: %s", call.tool, fault);
    return offer;
}

const struct x4p_payment *x4p_paid_call(struct assay_case *t, struct mcp_call call)
{
    return x4p_given_payment(t, x4p_given_tool_offer(t, call));
}

const char *x4p_call_paid_with(struct assay_case *t, struct mcp_call call,
                               const struct x4p_payment *payment)
{
    return mcp_call_text(t, call, peer_tree_text(t, payment->tree));
}

const struct mcp_answer *x4p_call_until_known(struct assay_case *t, const char *label,
                                              struct mcp_call call,
                                              const struct x4p_payment *payment)
{
    return until_known(t, label, mcp_want(t, x4p_call_paid_with(t, call, payment)));
}
