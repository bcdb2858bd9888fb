/* The payer of x402 in live fuzzing, before the facilitator that the harness plays; see
 * live_payer.h. A bent payload of a network that is opaque to us may be a good payment of its own,
 * which the facilitator then settles: it counts as paid. */
#include "fuzz/live_payer.h"

#include "peer/x402/peer.h"
#include "peer/x402/tool.h"

#define ARGUMENTS "{\"a\":1}"

static const struct live_way header = {
    .name = "header", .carrier = {.header = "PAYMENT-SIGNATURE", .form = ASSAY_BASE64_STD}};
static const struct live_way tool = {.name = "mcp",
                                     .carrier = {.header = NULL, .form = ASSAY_BASE64_STD}};

static const char *const headers[] = {"PAYMENT-SIGNATURE",    "X-PAYMENT", "Accept",
                                      "MCP-Protocol-Version", "Origin",    NULL};

static const char *lacks(const struct target *target)
{
    return target_meets_role(target, "facilitator")
               ? NULL
               : "the target is not told where the role facilitator is (`roles` in the target "
                 "file): nothing can be paid";
}

static enum live_endpoint endpoint(const struct target *target, const char *name)
{
    if (strcmp(name, "free") == 0)
        return LIVE_FREE;
    if (strcmp(name, "mcp") == 0)
        return LIVE_UNUSED;
    return strncmp(name, "mcp_", 4) != 0 || target_supports(target, "mcp") ? LIVE_PAID
                                                                           : LIVE_UNUSED;
}

static size_t ways(const struct live_way *out[LIVE_WAYS_MAX], const struct target *target,
                   const char *name)
{
    (void)target;
    out[0] = strncmp(name, "mcp_", 4) == 0 ? &tool : &header;
    return 1;
}

static struct mcp_call call_of(struct assay_case *t, const char *name)
{
    return (struct mcp_call){mcp_tool(t, name), ARGUMENTS};
}

static const void *pay(struct assay_case *t, const char *name, const struct live_way *way)
{
    return way == &tool ? x4p_paid_call(t, call_of(t, name)) : x4p_paid(t, peer_endpoint(t, name));
}

static struct assay_bytes request(struct assay_case *t, const char *name,
                                  const struct live_way *way, const void *payment, const char *key)
{
    const char *message;

    (void)key;
    if (way != &tool)
        return peer_bytes(t, peer_endpoint(t, name), x4p_headers(payment), false);
    message = payment != NULL ? x4p_call_paid_with(t, call_of(t, name), payment)
                              : mcp_call_text(t, call_of(t, name), NULL);
    return peer_bytes(t, mcp_want(t, message), mcp_with(), false);
}

/* Of a payload that is opaque to us there is none. */
static const char *mark(const void *payment, const struct live_way *way)
{
    const struct x4p_payment *paid = payment;

    (void)way;
    return json_string_value(peer_tree_get(paid->tree, "payload.signature"));
}

static uint64_t taken(struct assay_case *t)
{
    return facilitator_counts(x4p_facilitator(t)).settled;
}

const struct live_payer live_x402 = {.profile = PROFILE,
                                     .headers = headers,
                                     .may_put_off = true,
                                     .lacks = lacks,
                                     .endpoint = endpoint,
                                     .ways = ways,
                                     .pay = pay,
                                     .mark = mark,
                                     .request = request,
                                     .taken = taken};
