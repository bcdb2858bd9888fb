/* From the options of the kaspa-x402 server to its core, its store and its node. */
#include "server/kx_parts.h"

#include "base/hex.h"
#include "base/mac.h"

#include <stdlib.h>
#include <unistd.h>

enum { LISTED_LATER = 16 }; /* what came since it was counted */

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
        .asks_identifier = o->asks_identifier,
        .policy = {.fee_max = o->fee_max,
                   .threshold_min = o->threshold,
                   .finality = o->finality,
                   .confirmations = o->confirmations},
        .threshold = o->threshold,
        .challenge_ms = o->challenge_ms,
        .accept_wait_ms = o->accept_wait_ms,
        .poll_ms = o->poll_ms,
        .caller_quota = o->caller_quota,
        .quota = o->quota,
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

enum assay_code kx_parts_batch(struct kx_batch_core *out, const struct kx_server_options *o,
                               struct assay_err *err)
{
    *out = (struct kx_batch_core){
        .binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")),
        .template_id = KX_ESCROW_V5_TEMPLATE,
        .min_deposit = o->channel_deposit,
        .reserve = o->channel_reserve,
        .has_claim_above = o->channel_claim_above > 0,
        .claim_above = o->channel_claim_above,
        .has_claim_after = o->channel_claim_s > 0,
        .claim_after_s = o->channel_claim_s,
        .refund_bucket_daa = o->channel_bucket_daa,
        .refund_life_daa = o->channel_refund_daa,
        .policy = {.confirmations = o->channel_confirmations,
                   .refund_lead_daa = o->channel_lead_daa},
    };
    if (assay_hex_decode(out->server, sizeof(out->server), assay_str(o->channel_key), false) !=
        ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "channel-key: it is an x-only key, 64 hex digits");
    return ASSAY_OK;
}

/* ---- what is sold through a facilitator ---- */

/* As a text; NULL: no memory. */
static char *kept(struct assay_arena *arena, struct assay_bytes text)
{
    char *out = assay_arena_alloc(arena, text.len + 1);

    if (out == NULL)
        return NULL;
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return out;
}

/* One spelling, so that what comes back is compared with what was offered. */
static enum assay_code read_extra(struct kx_facilitated_kind *out, struct assay_arena *arena,
                                  struct assay_bytes text, struct assay_err *err)
{
    struct assay_json_token tokens[256];
    struct assay_buf canonical = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct assay_json doc;
    enum assay_code code = assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), text, 0, err);

    if (code == ASSAY_OK && doc.tokens[0].type != ASSAY_JSON_OBJECT)
        code = assay_fail(err, ASSAY_E_MALFORMED, 0, "it is no JSON object");
    if (code == ASSAY_OK)
        code = assay_json_canonical(&canonical, &doc, 0, err);
    if (code == ASSAY_OK && (!assay_buf_ok(&canonical) ||
                             (out->extra = kept(arena, assay_buf_view(&canonical))) == NULL))
        code = assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for it");
    assay_buf_fini(&canonical);
    return code;
}

static enum assay_code read_kind(struct kx_facilitated_kind *out, struct assay_arena *arena,
                                 const char *text, struct assay_err *err)
{
    char *rest = kept(arena, assay_str(text));

    if (rest == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "sell \"%.80s\": no memory for it", text);
    out->scheme = strsep(&rest, ",");
    out->network = strsep(&rest, ",");
    out->asset = strsep(&rest, ",");
    out->pay_to = strsep(&rest, ",");
    out->extra = NULL;
    if (out->pay_to == NULL || out->pay_to[0] == '\0')
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "sell \"%.80s\": it is SCHEME,NETWORK,ASSET,PAYTO, and perhaps ,EXTRA",
                          text);
    if (rest == NULL || rest[0] == '\0')
        return ASSAY_OK;
    return assay_err_wrap(err, read_extra(out, arena, assay_str(rest), err),
                          "sell \"%.80s\": EXTRA", text);
}

enum assay_code kx_parts_kinds(struct kx_facilitated_kind *out, struct assay_arena *arena,
                               const struct kx_server_options *o, struct assay_err *err)
{
    enum assay_code code = ASSAY_OK;

    for (size_t i = 0; code == ASSAY_OK && i < o->sell_count; i++)
        code = read_kind(&out[i], arena, o->sells[i], err);
    return code;
}

enum assay_code kx_parts_take_key(struct assay_key *out, const char *variable,
                                  struct assay_err *err)
{
    char *value = getenv(variable);
    uint8_t secret[32];
    bool is_key = value != NULL &&
                  assay_hex_decode(secret, sizeof(secret), assay_str(value), false) == ASSAY_OK &&
                  assay_key_init(out, secret) == ASSAY_OK;

    assay_wipe(secret, sizeof(secret));
    if (value != NULL)
        assay_wipe(value, strlen(value));
    (void)unsetenv(variable);
    if (is_key)
        return ASSAY_OK;
    if (assay_hex_decode(secret, sizeof(secret), assay_str(variable), false) == ASSAY_OK)
        return assay_fail(err, ASSAY_E_MISSING, 0, /* it may be the secret: it is not repeated */
                          "what is wanted is the name of the environment variable that holds the "
                          "secret key, and not a key");
    return assay_fail(err, ASSAY_E_MISSING, 0,
                      "the environment variable %s holds no secret key, which is 64 hex digits",
                      variable);
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

enum assay_code kx_parts_existing_store(struct kx_store **out, const struct kx_server_options *o,
                                        struct assay_err *err)
{
    if (o->store == NULL || kx_parts_in_memory(o))
        return assay_fail(err, ASSAY_E_MISSING, 0, "the store is missing: name the server's file");
    if (access(o->store, F_OK) != 0)
        return assay_fail(err, ASSAY_E_MISSING, 0, "store %.200s: there is no such file", o->store);
    return kx_parts_store(out, o, err);
}

enum assay_code kx_parts_list(char (**out)[X402_HASH_TEXT_BYTES], size_t *count,
                              struct kx_store *store, kx_parts_lister *list, struct assay_err *err)
{
    char(*ids)[X402_HASH_TEXT_BYTES];
    size_t there = 0, room;
    enum assay_code code = list(store, NULL, 0, &there, err);

    if (code != ASSAY_OK)
        return code;
    room = there + LISTED_LATER;
    if ((ids = assay_alloc(room * sizeof(*ids))) == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a list");
    if ((code = list(store, ids, room, &there, err)) != ASSAY_OK) {
        assay_free(ids);
        return code;
    }
    *out = ids;
    *count = there < room ? there : room;
    return ASSAY_OK;
}
