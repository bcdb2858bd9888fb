/* What a payer's policy says of channels; see kx_policy.h. */
#include "client/kx_policy_internal.h"

#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa_x402/escrow.h"
#include "kaspa_x402/exact_hash.h"

#include <assert.h>

#define CONFIRMATIONS_DEFAULT 30

/* ---- read ---- */

/* The limits' places, in the order of enum kx_intent_limit. */
#define LIMIT(field) offsetof(struct kx_intent_limits, field)
static const size_t limit_offsets[] = {
    LIMIT(charge),
    LIMIT(deposit),
    LIMIT(top_up),
    LIMIT(total),
    LIMIT(exposure),
    LIMIT(refund_lead_daa),
    LIMIT(refund_horizon_daa),
};
#undef LIMIT
static_assert(ARRAY_LEN(limit_offsets) + 1 == KX_INTENT_LIMIT__COUNT, "a place for every limit");

bool kx_policy_batch_knows(const struct assay_json *doc, uint32_t name)
{
    static const char *const known[] = {
        "allowBatch",   "allowedServerKeys", "allowedResources",
        "depositSompi", "topUpSompi",        "channelConfirmations",
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (assay_json_string_is(doc, name, known[i]))
            return true;
    for (int i = KX_INTENT_WITHIN + 1; i < KX_INTENT_LIMIT__COUNT; i++)
        if (assay_json_string_is(doc, name, kx_intent_limit_member((enum kx_intent_limit)i)))
            return true;
    return false;
}

/* Of defect client.channel.limit_missing: what is not there limits nothing. */
static const struct kx_intent_limits no_limits = {
    .charge = UINT64_MAX,
    .deposit = UINT64_MAX,
    .top_up = UINT64_MAX,
    .total = UINT64_MAX,
    .exposure = UINT64_MAX,
    .refund_horizon_daa = UINT64_MAX,
};

static bool read_limits(struct kx_policy_reading *p)
{
    if (REF_DEFECT(kx_client_limit_missing))
        p->out->batch.limits = no_limits;
    for (size_t i = 0; i < ARRAY_LEN(limit_offsets); i++) {
        const struct kx_member member = {
            kx_intent_limit_member((enum kx_intent_limit)(i + 1)),
            KX_KIND_SUM,
            limit_offsets[i],
            sizeof(uint64_t),
            NULL,
            REF_DEFECT(kx_client_limit_missing),
        };

        if (!kx_read_members(&p->r, 0, &member, 1, &p->out->batch.limits))
            return false;
    }
    return p->out->batch.limits.refund_horizon_daa > 0 ||
           kx_read_fail(&p->r, ASSAY_E_RANGE, 0, kx_intent_limit_member(KX_INTENT_LIMIT_HORIZON),
                        "is 0, and no refund is nearer than that: allow at least 1");
}

static bool take_server(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    uint8_t key[ASSAY_XONLY_BYTES];

    if (assay_hex_decode(key, sizeof(key), text, false) != ASSAY_OK || !assay_xonly_is_point(key))
        return kx_read_fail(&p->r, ASSAY_E_MALFORMED, token, "allowedServerKeys",
                            "has a text that is no x-only key of 64 hex digits");
    kx_policy_put(&p->out->batch.servers, text);
    return true;
}

/* A URL, or the beginning of some; that its origin is whole is seen to by allowedOrigins. */
static bool take_resource(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    struct assay_buf normal = ASSAY_BUF_INIT(KX_POLICY_MAX_BYTES);
    bool is_beginning = text.len > 0 && text.at[text.len - 1] == '*';
    struct assay_bytes kept = {NULL, 0};
    bool is_url = kx_url_normalise(&normal, assay_bytes_part(text, 0, text.len - is_beginning),
                                   NULL) == ASSAY_OK;

    if (is_beginning)
        assay_buf_add_byte(&normal, '*');
    if (is_url)
        kept = assay_arena_copy(p->r.arena, assay_buf_view(&normal));
    assay_buf_fini(&normal);
    if (!is_url)
        return kx_read_fail(&p->r, ASSAY_E_MALFORMED, token, "allowedResources",
                            "has a text that is no URL, with or without a * at its end");
    if (kept.at == NULL)
        return kx_read_fail(&p->r, ASSAY_E_NOMEM, token, "allowedResources", "has no memory");
    kx_policy_put(&p->out->batch.resources, kept);
    return true;
}

static bool read_choices(struct kx_policy_reading *p)
{
    static const struct kx_member members[] = {
        {"depositSompi", KX_KIND_SUM, KX_AT(struct kx_policy_batch, deposit), NULL, true},
        {"topUpSompi", KX_KIND_SUM, KX_AT(struct kx_policy_batch, top_up), NULL, true},
        {"channelConfirmations", KX_KIND_U32, KX_AT(struct kx_policy_batch, confirmations), NULL,
         true},
    };
    struct kx_policy_batch *out = &p->out->batch;

    out->confirmations = CONFIRMATIONS_DEFAULT;
    return kx_read_members(&p->r, 0, members, ARRAY_LEN(members), out) &&
           kx_policy_in_range(p, members[2].name, out->confirmations, UINT32_MAX);
}

bool kx_policy_batch_read(struct kx_policy_reading *p)
{
    if (!kx_policy_read_switch(p, "allowBatch", &p->out->batch.is_allowed))
        return false;
    return !p->out->batch.is_allowed ||
           (read_limits(p) && kx_policy_read_list(p, "allowedServerKeys", false, take_server) &&
            kx_policy_read_list(p, "allowedResources", false, take_resource) && read_choices(p));
}

/* ---- asked ---- */

static bool allows_server(const struct kx_policy_batch *batch, const uint8_t *server)
{
    char text[2 * ASSAY_XONLY_BYTES + 1];

    assay_hex_encode(text, assay_bytes_of(server, ASSAY_XONLY_BYTES));
    for (size_t i = 0; i < batch->servers.count; i++)
        if (assay_bytes_equal_nocase(batch->servers.at[i], assay_str(text)))
            return true;
    return REF_DEFECT(kx_client_any_server);
}

static bool allows_resource(const struct kx_policy_batch *batch, struct assay_bytes resource)
{
    for (size_t i = 0; i < batch->resources.count; i++) {
        struct assay_bytes known = batch->resources.at[i];
        bool is_pattern = known.at[known.len - 1] == '*',
             is_beginning = is_pattern || REF_DEFECT(kx_client_resource_prefix);

        known.len -= is_pattern;
        if (assay_bytes_equal(is_beginning ? assay_bytes_part(resource, 0, known.len) : resource,
                              known))
            return true;
    }
    return false;
}

static const char *object(struct assay_err *err, const char *rule, const char *what)
{
    (void)assay_fail(err, ASSAY_E_DENIED, 0, "%s", what);
    return rule;
}

const char *kx_policy_judge_batch(const struct kx_policy *policy,
                                  const struct kx_batch_offer *offer, struct assay_bytes resource,
                                  struct assay_err *err)
{
    const struct kx_policy_batch *batch = &policy->batch;
    const struct kx_batch_terms *terms = &offer->terms;

    if (!batch->is_allowed)
        return object(err, "client.policy.profile", "the policy does not allow channels");
    if (!policy->networks[offer->network] && !REF_DEFECT(kx_client_mainnet))
        return object(err, "client.mainnet", "the policy does not allow the batch offer's network");
    /* There is one generation, and no reader for older ones (section 1). */
    if ((!offer->binding->is_fixed || !assay_bytes_is(terms->template_id, KX_ESCROW_V5_TEMPLATE)) &&
        !REF_DEFECT(kx_client_old_template))
        return object(err, "client.skip",
                      "the batch offer is of an older generation than kaspa-escrow-v3 "
                      "with " KX_ESCROW_V5_TEMPLATE);
    if (!kx_policy_allows_pay_to(policy, terms->pay_to))
        return object(err, "client.policy.payee", "the policy does not list the channel's payee");
    if (!allows_server(batch, terms->server))
        return object(err, "client.policy.payee",
                      "the policy's allowedServerKeys do not list the channel's server key");
    if (!allows_resource(batch, resource))
        return object(err, "client.policy.origin",
                      "the policy's allowedResources do not list what is asked for");
    if (terms->amount > batch->limits.charge)
        return object(err, "client.policy.amount", kx_intent_limit_text(KX_INTENT_LIMIT_CHARGE));
    return NULL;
}
