/* A bundle's sources, and the channel that it is about; see evidence.h. */
#include "kaspa_x402/evidence_internal.h"

/* ---- sources ---- */

enum { ENDPOINTS_MAX = 8 };

struct source_text {
    struct assay_bytes name, class, operator;
    struct assay_bytes endpoints[ENDPOINTS_MAX];
    size_t endpoint_count;
};

static enum assay_code read_endpoints(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct source_text *source = out;

    return kx_json_items(r, token, kaspa_json_text, source->endpoints, sizeof(source->endpoints[0]),
                         ENDPOINTS_MAX, &source->endpoint_count);
}

static enum assay_code read_class(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const classes[] = {"own-node", "public-node", "indexer"};
    size_t which;
    enum assay_code rc = kx_json_choose(r, token, classes, ARRAY_LEN(classes), &which);

    return rc == ASSAY_OK ? kaspa_json_text(r, token, out) : rc;
}

static enum assay_code read_source(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"name", kaspa_json_text, KASPA_JSON_AT(struct source_text, name), 1, false},
        {"class", read_class, KASPA_JSON_AT(struct source_text, class), 2, false},
        {"operator", kaspa_json_text, KASPA_JSON_AT(struct source_text, operator), 4, false},
        {"endpoints", read_endpoints, 0, sizeof(struct source_text), 8, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static bool shares_endpoint(const struct source_text *a, const struct source_text *b)
{
    for (size_t i = 0; i < a->endpoint_count; i++) {
        for (size_t k = 0; k < b->endpoint_count; k++) {
            if (assay_bytes_equal_nocase(a->endpoints[i], b->endpoints[k]))
                return true;
        }
    }
    return false;
}

static bool judge_source(struct kx_bundling *b, const struct source_text *sources, size_t at)
{
    const struct source_text *source = &sources[at];

    if (source->name.len == 0 || source->operator.len == 0 || source->endpoint_count == 0)
        return kx_bundle_refuse(b, KX_BUNDLE_SOURCES, NULL, "lacks name, operator or endpoints");
    for (size_t i = 0; i < at; i++) {
        if (assay_bytes_equal_nocase(source->operator, sources[i].operator))
            return kx_bundle_refuse(b, KX_BUNDLE_SOURCES, "operator",
                                    "is that of sources[%zu]: endpoints of one operator are one "
                                    "source",
                                    i);
        if (assay_bytes_equal(source->name, sources[i].name) ||
            shares_endpoint(source, &sources[i]))
            return kx_bundle_refuse(b, KX_BUNDLE_SOURCES, NULL,
                                    "has the name or an endpoint of sources[%zu]", i);
    }
    b->sources[at] = source->name;
    b->source_count = at + 1;
    return true;
}

bool kx_bundle_read_sources(struct kx_bundling *b, uint32_t token)
{
    struct source_text sources[KX_BUNDLE_SOURCES_MAX];
    size_t count = 0;
    enum assay_code rc;

    memset(sources, 0, sizeof(sources));
    kaspa_json_enter(&b->r, "sources", KASPA_JSON_NO_INDEX);
    rc = kx_json_items(&b->r, token, read_source, sources, sizeof(sources[0]), ARRAY_LEN(sources),
                       &count);
    if (rc != ASSAY_OK)
        return false;
    if (count == 0)
        return kx_bundle_refuse(b, KX_BUNDLE_SOURCES, NULL, "are none: one is needed at least");
    kaspa_json_leave(&b->r);
    for (size_t i = 0; i < count; i++) {
        kaspa_json_enter(&b->r, "sources", i);
        if (!judge_source(b, sources, i))
            return false;
        kaspa_json_leave(&b->r);
    }
    return true;
}

/* ---- the channel ---- */

struct manifest_text {
    struct kx_channel channel;
    struct assay_bytes confirmation, asset;
    uint64_t reserve;
    uint32_t launch;
};

static enum assay_code read_channel(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"network", kaspa_json_text, KASPA_JSON_AT(struct manifest_text, channel.network), 1,
         false},
        {"asset", kaspa_json_text, KASPA_JSON_AT(struct manifest_text, asset), 2, false},
        {"templateId", kaspa_json_text, KASPA_JSON_AT(struct manifest_text, channel.template_id), 4,
         false},
        {"clientPublicKey", kx_json_bytes32, KASPA_JSON_AT(struct manifest_text, channel.client), 8,
         false},
        {"serverPublicKey", kx_json_bytes32, KASPA_JSON_AT(struct manifest_text, channel.server),
         16, false},
        {"payTo", kaspa_json_text, KASPA_JSON_AT(struct manifest_text, channel.pay_to), 32, false},
        {"refundAddress", kaspa_json_text,
         KASPA_JSON_AT(struct manifest_text, channel.refund_address), 64, false},
        {"refundTimeoutDaa", kx_json_amount,
         KASPA_JSON_AT(struct manifest_text, channel.refund_timeout_daa), 128, false},
        {"salt", kx_json_bytes32, KASPA_JSON_AT(struct manifest_text, channel.salt), 256, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static bool open_lane(struct kx_bundling *b, const struct manifest_text *text)
{
    struct assay_err err = {.code = ASSAY_OK};

    b->channel = text->channel;
    if (!assay_bytes_is(text->channel.network, KX_NETWORK_TESTNET))
        return kx_bundle_refuse(b, KX_BUNDLE_NETWORK, "channel.network", "is not %s",
                                KX_NETWORK_TESTNET);
    if (!assay_bytes_is(text->asset, KX_ASSET))
        return kx_bundle_refuse(b, KX_BUNDLE_CONFIGURATION, "channel.asset", "is not %s", KX_ASSET);
    if (kx_lane_open(&b->lane, b->arena, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")),
                     &b->channel, &err) != KX_LOCAL_NONE)
        return kx_bundle_refuse_in(b, KX_BUNDLE_CONFIGURATION, "channel", &err);
    return true;
}

/* The genesis transaction is held against it in its flow. */
static bool read_launch(struct kx_bundling *b, const struct manifest_text *text)
{
    struct assay_err err = {.code = ASSAY_OK};

    if (kx_launch_read(&b->launch, b->arena, b->r.doc, text->launch, &err) != KX_LINEAGE_OK ||
        kx_launch_judge(&b->launch, b->arena, &b->lane, NULL, &err) != KX_LINEAGE_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_CONFIGURATION, "launch", &err);
    if (kx_lineage_open(b->lineage, &b->launch) != ASSAY_OK)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, "launch", "cannot be kept: out of memory");
    b->accounts = (struct kx_accounts){.reserve = text->reserve};
    return true;
}

bool kx_bundle_read_manifest(struct kx_bundling *b, uint32_t token)
{
    static const struct kaspa_json_member members[] = {
        {"confirmation", kaspa_json_text, KASPA_JSON_AT(struct manifest_text, confirmation), 1,
         false},
        {"channel", read_channel, 0, sizeof(struct manifest_text), 2, false},
        {"claimReserveSompi", kx_json_amount, KASPA_JSON_AT(struct manifest_text, reserve), 4,
         false},
        {"launch", kaspa_json_token, KASPA_JSON_AT(struct manifest_text, launch), 8, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct manifest_text text = {.launch = ASSAY_JSON_NONE, .confirmation = ASSAY_LIT("")};
    enum assay_code rc;

    kaspa_json_enter(&b->r, "manifest", KASPA_JSON_NO_INDEX);
    rc = kx_json_whole(&b->r, token, &shape, &text);
    if (rc != ASSAY_OK) {
        b->rule = rc != ASSAY_E_MISSING ? KX_BUNDLE_FORM
                  : assay_json_member(b->r.doc, token, "confirmation") == ASSAY_JSON_NONE
                      ? KX_BUNDLE_CONFIRMATION
                      : KX_BUNDLE_CONFIGURATION;
        return false;
    }
    if (!assay_bytes_is(text.confirmation, KX_BUNDLE_CONFIRMATION_TEXT))
        return kx_bundle_refuse(b, KX_BUNDLE_CONFIRMATION, "confirmation", "is not \"%s\"",
                                KX_BUNDLE_CONFIRMATION_TEXT);
    if (!open_lane(b, &text) || !read_launch(b, &text))
        return false;
    kaspa_json_leave(&b->r);
    return true;
}
