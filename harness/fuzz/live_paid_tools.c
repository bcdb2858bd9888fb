/* The payer of paid-tools in live fuzzing; see live_payer.h. */
#include "fuzz/live_payer.h"

#include "peer/paid-tools/peer.h"

static const struct live_way proof = {
    .name = "proof", .carrier = {.header = "X-Payment-Proof", .form = ASSAY_BASE64_URL}};
static const struct live_way bridge = {
    .name = "bridge", .carrier = {.header = "PAYMENT-SIGNATURE", .form = ASSAY_BASE64_STD}};

static const char *const headers[] = {"X-Payment-Proof", "PAYMENT-SIGNATURE", "Idempotency-Key",
                                      "Accept", NULL};

static const char *lacks(const struct target *target)
{
    return target_secret(target, "mac") != NULL
               ? NULL
               : "the secret \"mac\" is not known (`secrets` in the target file): nothing can be "
                 "paid";
}

static enum live_endpoint endpoint(const struct target *target, const char *name)
{
    if (strcmp(name, "free") == 0)
        return LIVE_FREE;
    return strcmp(name, "mcp") != 0 || target_supports(target, "mcp") ? LIVE_PAID : LIVE_UNUSED;
}

static size_t ways(const struct live_way *out[LIVE_WAYS_MAX], const struct target *target,
                   const char *name)
{
    (void)name;
    out[0] = &proof;
    out[1] = &bridge;
    return target_supports(target, "bridge") ? 2 : 1;
}

static struct peer_want want_of(struct assay_case *t, const char *name)
{
    return strcmp(name, "mcp") == 0 ? pt_want_tool(t, "{\"city\":\"Paris\"}")
                                    : peer_endpoint(t, name);
}

static const void *pay(struct assay_case *t, const char *name, const struct live_way *way)
{
    (void)way;
    return given_payment(t, given_offer(t, want_of(t, name)));
}

static struct assay_bytes request(struct assay_case *t, const char *name,
                                  const struct live_way *way, const void *payment, const char *key)
{
    struct pt_with with = {.key = key};

    if (payment != NULL && way == &bridge)
        with.bridge = pt_bridge_header(t, payment);
    else if (payment != NULL)
        with.proof = pt_header(t, payment);
    return pt_bytes(t, want_of(t, name), with, false);
}

/* Rule IK-5 is of the hardened set. */
static bool key_answers(const struct target *target)
{
    return strcmp(target->rules, "hardened") != 0;
}

static const char *mark(const void *payment, const struct live_way *way)
{
    const struct pt_proof *paid = payment;

    (void)way;
    return paid->signature;
}

const struct live_payer live_paid_tools = {.profile = PROFILE,
                                           .headers = headers,
                                           .has_keys = true,
                                           .key_answers = key_answers,
                                           .lacks = lacks,
                                           .endpoint = endpoint,
                                           .ways = ways,
                                           .pay = pay,
                                           .mark = mark,
                                           .request = request};
