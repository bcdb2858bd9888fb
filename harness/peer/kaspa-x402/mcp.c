/* Offers and payments of MCP calls; see mcp.h. */
#include "peer/kaspa-x402/mcp.h"

#include "peer/kaspa-x402/peer_internal.h"

/* ---- offers ---- */

/* What is asked without a payment may be put off, since a server may ask its node first. */
static const struct mcp_answer *ask(struct assay_case *t, struct mcp_call call)
{
    const char *message = mcp_call_text(t, call, NULL);
    struct kxp_tries tries = kxp_tries(t);
    const struct mcp_answer *answer = mcp_say(t, "ask for an offer", message);

    while (mcp_is_put_off(answer) && kxp_another_try(t, &tries))
        answer = mcp_say(t, "ask for an offer", message);
    return answer;
}

const struct kxp_offer *kxp_given_tool_offer(struct assay_case *t, struct mcp_call call)
{
    struct kxp_offer *offer = case_alloc(t, sizeof(*offer));
    const struct mcp_answer *answer = ask(t, call);
    const char *fault;

    *offer = (struct kxp_offer){.want = mcp_want(t, mcp_call_text(t, call, NULL)),
                                .answer = answer->http,
                                .asked_ms = case_now_ms(t)};
    fault = mcp_read_required(t, &offer->doc, &offer->required, answer);
    if (fault == NULL)
        fault = kxp_find_standard(t, offer);
    if (fault != NULL)
        case_end(t, VERDICT_BROKEN, "%s called without a payment: %s", call.tool, fault);
    return offer;
}

/* ---- payments ---- */

/* The hash is made with jansson's sorted form, and so by other code than a target's. */
static void bind_to_call(struct kxp_draft *d)
{
    const struct kxp_bound *bound = d->arg;
    struct assay_case *t = d->t;
    const char *audience = bound->audience != NULL ? bound->audience : peer_base_url(t);
    char requirements[X402_HASH_TEXT_BYTES], hash[X402_HASH_TEXT_BYTES];
    json_t *arguments =
        bound->call.arguments != NULL ? json_loads(bound->call.arguments, 0, NULL) : json_null();

    kxp_hash_json(t, requirements, d->accepted);
    kxp_hash_json(t, hash,
                  kxp_owned(t, json_pack("{s:s, s:s, s:s, s:o, s:s, s:{s:s}, s:n}", "scope",
                                         "kaspa:x402:mcp-tool-call:v3", "audience", audience,
                                         "toolName", bound->call.tool, "arguments", arguments,
                                         "paymentRequirementsHash", requirements, "resource", "url",
                                         case_printf(t, "mcp://tool/%s", bound->call.tool),
                                         "securityContextHash")));
    d->request_hash = case_printf(t, "%s", hash);
}

const struct kxp_payment *kxp_tool_payment(struct assay_case *t, const struct kxp_offer *offer,
                                           struct kxp_bound bound)
{
    return kxp_bent(t, offer, (struct kxp_bend){.text = bind_to_call, .arg = &bound});
}

const struct kxp_payment *kxp_paid_call(struct assay_case *t, struct mcp_call call)
{
    return kxp_tool_payment(t, kxp_given_tool_offer(t, call), (struct kxp_bound){call, NULL});
}

const char *kxp_call_paid_with(struct assay_case *t, struct mcp_call call,
                               const struct kxp_payment *payment)
{
    return mcp_call_text(t, call, kxp_json_text(t, payment->json));
}

const struct mcp_answer *kxp_call_until_known(struct assay_case *t, const char *label,
                                              struct mcp_call call,
                                              const struct kxp_payment *payment)
{
    struct peer_want want = mcp_want(t, kxp_call_paid_with(t, call, payment));
    struct peer_before before = peer_before(t);
    struct kxp_tries tries = kxp_tries(t);
    const struct mcp_answer *answer;

    answer = mcp_read(t, peer_send_counted(t, case_peer(t), label, want, mcp_with(), before));
    while (mcp_is_put_off(answer) && kxp_another_try(t, &tries)) {
        kxp_mine(t, KXP_BLOCKS_MEANWHILE);
        answer = mcp_read(t, peer_send_counted(t, case_peer(t), label, want, mcp_with(), before));
    }
    return answer;
}
