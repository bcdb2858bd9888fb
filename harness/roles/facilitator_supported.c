/* What a facilitator lists, and how it lists more or less than it does; see facilitator.h. */
#include "roles/facilitator_internal.h"

/* Twice the longest list: a lie adds to each kind at most two. */
enum { LISTED_MAX = 3 * FACILITATOR_KINDS_MAX };

/* What is listed, while it is made up. */
struct listing {
    struct x402_kind kinds[LISTED_MAX];
    size_t count;
    const struct facilitator_config *config;
};

/* ---- kinds ---- */

/* Reads one's extra. */
static enum assay_code read_extra(struct facilitator_config *config, struct x402_kind *kind,
                                  const char *text, struct assay_err *err)
{
    struct assay_json *doc = assay_arena_alloc(&config->arena, sizeof(*doc));
    enum assay_code rc;

    if (doc == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if ((rc = x402_document_parse(doc, &config->arena, assay_str(text), true, err)) != ASSAY_OK)
        return rc;
    if (assay_json_type(doc, 0) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "it is no JSON object");
    kind->doc = doc;
    kind->extra = 0;
    return ASSAY_OK;
}

enum assay_code facilitator_config_read(struct facilitator_config *out,
                                        const struct facilitator_options *options,
                                        struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    *out = (struct facilitator_config){.options = *options,
                                       .arena = ASSAY_ARENA_INIT(FACILITATOR_TURN_MAX_BYTES)};
    for (size_t i = 0; i < FACILITATOR_KINDS_MAX && options->kinds[i].scheme != NULL; i++) {
        const struct facilitator_kind *from = &options->kinds[i];
        struct x402_kind *kind = &out->kinds[out->kind_count++];

        *kind = (struct x402_kind){.version = X402_VERSION,
                                   .scheme = assay_str(from->scheme),
                                   .network = assay_str(from->network),
                                   .extra = ASSAY_JSON_NONE};
        if (from->extra != NULL && (rc = read_extra(out, kind, from->extra, err)) != ASSAY_OK)
            return assay_err_wrap(err, rc, "extra of a facilitator's kind %s on %s", from->scheme,
                                  from->network);
    }
    return ASSAY_OK;
}

void facilitator_config_fini(struct facilitator_config *config)
{
    assay_arena_fini(&config->arena);
}

/* ---- lists ---- */

static void add(struct listing *l, struct x402_kind kind)
{
    const struct facilitator_config *c = l->config;

    for (size_t i = 0; i < c->kind_count; i++)
        if (assay_bytes_equal(kind.scheme, c->kinds[i].scheme) &&
            assay_bytes_equal(kind.network, c->kinds[i].network))
            return; /* its own already */
    if (l->count < LISTED_MAX)
        l->kinds[l->count++] = kind;
}

static void add_schemes(struct listing *l, struct x402_kind kind)
{
    kind.scheme = ASSAY_LIT("upto");
    add(l, kind);
    kind.scheme = ASSAY_LIT(X402_SCHEME_BATCH);
    add(l, kind);
}

static void add_networks(struct listing *l, struct x402_kind kind)
{
    kind.network = ASSAY_LIT("eip155:1");
    add(l, kind);
    kind.network = ASSAY_LIT("kaspa:mainnet");
    add(l, kind);
}

/* Which lie there is, as far as it changes the list. */
static void falsify(struct listing *l, enum facilitator_lie lie, const struct assay_json *assets)
{
    size_t own = l->count;

    for (size_t i = 0; i < own; i++) {
        if (lie == FACILITATOR_MORE_SCHEMES)
            add_schemes(l, l->kinds[i]);
        else if (lie == FACILITATOR_MORE_NETWORKS)
            add_networks(l, l->kinds[i]);
        if (lie == FACILITATOR_MORE_MODES) {
            l->kinds[i].modes_state = X402_MODES_KNOWN;
            l->kinds[i].modes =
                X402_MODE_VERIFY | X402_MODE_SETTLE | X402_MODE_CLAIM | X402_MODE_REFUND;
        } else if (lie == FACILITATOR_MORE_ASSETS && assets->token_count > 0) {
            l->kinds[i].doc = assets;
            l->kinds[i].extra = 0;
        }
    }
    if (lie == FACILITATOR_MORE_KINDS)
        add(l, (struct x402_kind){.version = X402_VERSION,
                                  .scheme = ASSAY_LIT("upto"),
                                  .network = ASSAY_LIT("eip155:1"),
                                  .extra = ASSAY_JSON_NONE});
    else if (lie == FACILITATOR_NO_KINDS)
        l->count = 0;
    else if (lie == FACILITATOR_FEWER_KINDS && l->count > 1)
        l->count = 1;
}

void facilitator_list(const struct facilitator_config *c, struct assay_buf *out,
                      struct assay_arena *arena, enum facilitator_lie lie)
{
    static const char other_assets[] =
        "{\"asset\":\"0x000000000000000000000000000000000000dEaD\",\"assets\":[\"WORTHLESS\","
        "\"0x000000000000000000000000000000000000dEaD\"],\"name\":\"Worthless\",\"version\":\"1\"}";
    struct assay_bytes signers = assay_str(c->options.signers);
    struct assay_json assets = {.token_count = 0};
    struct listing listing = {.count = c->kind_count, .config = c};

    memcpy(listing.kinds, c->kinds, c->kind_count * sizeof(c->kinds[0]));
    if (x402_document_parse(&assets, arena, assay_str(other_assets), true, NULL) != ASSAY_OK)
        assets.token_count = 0; /* without memory the list is the honest one */
    falsify(&listing, lie, &assets);
    if (lie == FACILITATOR_MORE_SIGNERS)
        signers = ASSAY_LIT("{\"*\":[\"0x000000000000000000000000000000000000dEaD\"]}");
    x402_supported_write(out, listing.kinds, listing.count, assay_str(c->options.extensions),
                         signers);
}
