/* From the options of the kaspa-x402 server to its core, its store and its node. */
#include "server/kx_parts.h"

static enum assay_code read_network(struct kx_core *out, const struct kx_server_options *o,
                                    struct assay_err *err)
{
    if (o->network == NULL || !kx_network_find(&out->network, assay_str(o->network)))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "network \"%.40s\": it is " KX_NETWORK_TESTNET " or " KX_NETWORK_MAINNET,
                          o->network != NULL ? o->network : "");
    if (out->network == KASPA_MAINNET && !o->mainnet)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "network: coins of " KX_NETWORK_MAINNET
                          " have value; say so with mainnet");
    return ASSAY_OK;
}

static enum assay_code read_pay_to(struct kx_core *out, const struct kx_server_options *o,
                                   struct assay_err *err)
{
    struct assay_bytes text = assay_str(o->pay_to);

    if (text.len >= sizeof(out->pay_to))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "pay-to: longer than any address");
    memcpy(out->pay_to, text.at, text.len);
    out->pay_to[text.len] = '\0';
    return ASSAY_OK;
}

struct ref_kaspa_node_options kx_parts_node(const struct kx_server_options *o)
{
    struct ref_kaspa_node_options node = REF_KASPA_NODE_OPTIONS_DEFAULT;

    node.url = o->node;
    node.is_public = o->is_public;
    (void)kx_network_find(&node.network, assay_str(o->network));
    node.deadline_ms = o->node_deadline_ms;
    node.question_max = o->node_questions_max;
    node.max_lag_ms = o->node_max_lag_ms;
    return node;
}

enum assay_code kx_parts_core(struct kx_core *out, const struct kx_server_options *o,
                              struct assay_err *err)
{
    struct kx_core core = {
        .max_timeout_s = o->max_timeout_s,
        .policy = {.fee_max = o->fee_max,
                   .threshold_min = o->threshold,
                   .finality = o->finality,
                   .confirmations = o->confirmations},
        .threshold = o->threshold,
        .challenge_ms = o->challenge_ms,
        .accept_wait_ms = o->accept_wait_ms,
        .poll_ms = o->poll_ms,
        .caller_quota = o->caller_quota,
        .running_max = o->running_max,
        .caller_running_max = o->caller_running_max,
        .scope_running_max = o->scope_running_max,
        .sweep_every_ms = o->sweep_every_ms,
    };
    enum assay_code code;

    if ((code = read_network(&core, o, err)) != ASSAY_OK ||
        (code = read_pay_to(&core, o, err)) != ASSAY_OK)
        return code;
    *out = core;
    return ASSAY_OK;
}

bool kx_parts_in_memory(const struct kx_server_options *o)
{
    return strcmp(o->store, "memory") == 0;
}

enum assay_code kx_parts_store(struct kx_store **out, const struct kx_server_options *o,
                               struct assay_err *err)
{
    return kx_parts_in_memory(o) ? kx_store_memory_open(out, &o->limits, err)
                                 : kx_store_sqlite_open(out, o->store, &o->limits, err);
}
