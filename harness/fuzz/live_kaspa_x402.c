/* The payer of kaspa-x402 in live fuzzing, by scheme exact and, where the target sells so, by
 * channels; see live_payer.h. */
#include "fuzz/live_payer.h"

#include "peer/kaspa-x402/channel.h"
#include "peer/kaspa-x402/mcp.h"
#include "peer/kaspa-x402/peer.h"

#define ARGUMENTS "{\"a\":1}"

static const struct live_way exact = {
    .name = "exact", .carrier = {.header = "PAYMENT-SIGNATURE", .form = ASSAY_BASE64_STD}};
static const struct live_way deposit = {
    .name = "deposit", .carrier = {.header = "PAYMENT-SIGNATURE", .form = ASSAY_BASE64_STD}};
static const struct live_way voucher = {
    .name = "voucher", .carrier = {.header = "PAYMENT-SIGNATURE", .form = ASSAY_BASE64_STD}};
static const struct live_way tool = {.name = "mcp",
                                     .carrier = {.header = NULL, .form = ASSAY_BASE64_STD}};

static const char *const headers[] = {"PAYMENT-SIGNATURE",    "X-PAYMENT", "Authorization",
                                      "MCP-Protocol-Version", "Origin",    NULL};

static const char *lacks(const struct target *target)
{
    return target_meets_role(target, "node") || target_meets_role(target, "node-rest")
               ? NULL
               : "the target is not told where the role node is (`roles` in the target file): "
                 "nothing can be paid";
}

/* What is for a principal, or a head's owner, is only asked for. */
static enum live_endpoint endpoint(const struct target *target, const char *name)
{
    if (strcmp(name, "additive") == 0 || strcmp(name, "private") == 0)
        return LIVE_ASKED;
    return live_x402.endpoint(target, name);
}

static size_t ways(const struct live_way *out[LIVE_WAYS_MAX], const struct target *target,
                   const char *name)
{
    /* a variant that is not applied is not what runs */
    bool has_channels =
        target_supports(target, "channels") && target_variant(target, "channels") == NULL;

    if (strncmp(name, "mcp_", 4) == 0) {
        out[0] = &tool;
        return 1;
    }
    out[0] = &exact;
    out[1] = &deposit;
    out[2] = &voucher;
    return has_channels ? 3 : 1;
}

static struct mcp_call call_of(struct assay_case *t, const char *name)
{
    return (struct mcp_call){mcp_tool(t, name), ARGUMENTS};
}

static const void *pay(struct assay_case *t, const char *name, const struct live_way *way)
{
    if (way == &tool)
        return kxp_paid_call(t, call_of(t, name));
    if (way == &deposit)
        return &kxc_deposit(t, kxc_funded(t, given_channel_offer(t, peer_endpoint(t, name))))->sent;
    if (way == &voucher)
        return &kxc_voucher(t, kxc_opened(t, peer_endpoint(t, name)))->sent;
    return kxp_paid(t, peer_endpoint(t, name));
}

static struct assay_bytes request(struct assay_case *t, const char *name,
                                  const struct live_way *way, const void *payment, const char *key)
{
    const char *message;

    (void)key;
    if (way != &tool)
        return peer_bytes(t, peer_endpoint(t, name), kxp_headers(payment), false);
    message = payment != NULL ? kxp_call_paid_with(t, call_of(t, name), payment)
                              : mcp_call_text(t, call_of(t, name), NULL);
    return peer_bytes(t, mcp_want(t, message), mcp_with(), false);
}

/* Of scheme exact: the signature of the authorization. */
static const char *mark(const void *payment, const struct live_way *way)
{
    const struct kxp_payment *paid = payment;

    return way == &exact || way == &tool
               ? json_string_value(peer_tree_get(paid->json, "payload.authorization.signature"))
               : NULL;
}

const struct live_payer live_kaspa_x402 = {.profile = PROFILE,
                                           .headers = headers,
                                           .may_put_off = true,
                                           .lacks = lacks,
                                           .endpoint = endpoint,
                                           .ways = ways,
                                           .pay = pay,
                                           .mark = mark,
                                           .request = request};
