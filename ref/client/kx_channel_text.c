/* One channel as the text of its file, written and read; see kx_channels.h. */
#include "client/kx_channels.h"

#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"

#define FORMAT "assay-payment-channel/1"
#define SCOPE "assay:kaspa-x402:channel-use:v1"

static const char *const states[] = {
#define X(name, text) text,
    KX_CLIENT_CHANNEL_STATES(X)
#undef X
};

const char *kx_client_channel_state_name(enum kx_client_channel_state state)
{
    return states[state];
}

enum assay_code kx_channel_key(char *out, const struct kx_channel_use *use)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_STRING_MAX_BYTES * 8);
    enum assay_code rc;

    assay_buf_add_byte(&text, '{');
    kx_write_text(&text, "network", use->network);
    kx_write_text(&text, "origin", use->origin);
    kx_write_text(&text, "payTo", use->pay_to);
    kx_write_str(&text, "scope", SCOPE);
    kx_write_hex32(&text, "serverPublicKey", use->server);
    kx_write_text(&text, "templateId", use->template_id);
    assay_buf_add_byte(&text, '}');
    if ((rc = text.bad) == ASSAY_OK) /* the key of half a text is another channel's, or none's */
        x402_hash_text(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

/* ---- written ---- */

static void write_head(struct assay_buf *out, const struct kx_lane_head *head)
{
    kx_write_decimal(out, "claimed", head->claimed);
    kx_write_hex32(out, "covenantId", head->covenant_id.at);
    kx_write_decimal(out, "funding", head->value);
    kx_write_outpoint(out, "outpoint", &head->outpoint);
}

void kx_client_channel_write(struct assay_buf *out, const struct kx_client_channel *c)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "format", FORMAT);
    kx_write_decimal(out, "version", c->version);
    kx_write_str(out, "state", kx_client_channel_state_name(c->state));
    kx_write_str(out, "key", c->key);
    kx_write_text(out, "origin", c->origin);
    kx_write_name(out, "channelConfig");
    kx_channel_write(out, &c->config);
    kx_write_hex32(out, "channelId", c->channel_id);
    kx_write_decimal(out, "deposit", c->deposit);
    write_head(out, &c->head);
    kx_write_decimal(out, "total", c->total);
    kx_write_decimal(out, "signedTotal", c->signed_total);
    kx_write_flag(out, "announced", c->is_announced);
    kx_write_text(out, "pending", c->pending);
    kx_write_decimal(out, "pendingTotal", c->pending_total);
    kx_write_text(out, "consent", c->consent);
    kx_write_text(out, "moveAttempt", c->move_attempt);
    kx_write_text(out, "move", c->move);
    kx_write_text(out, "since", c->since);
    kx_write_text(out, "givenUp", c->given_up);
    kx_write_hex32(out, "givenUpTransaction", c->given_up_id.at);
    kx_write_flag(out, "givenUpArrived", c->has_arrived);
    assay_buf_add_str(out, "}\n");
}

/* ---- read ---- */

/* What is read, with members that are texts of another form than their fields. */
struct reading {
    struct kx_client_channel read;
    struct assay_bytes state, key;
    uint32_t config;
};

#define MEMBER(name, kind, field)                                                                  \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct reading, field), NULL, false                            \
    }

static const struct kx_member members[] = {
    {"format", KX_KIND_CONST, 0, 0, FORMAT, false},
    MEMBER("version", SUM, read.version),
    MEMBER("state", TEXT, state),
    MEMBER("key", TEXT, key),
    MEMBER("origin", TEXT, read.origin),
    MEMBER("channelConfig", TOKEN, config),
    MEMBER("channelId", BYTES, read.channel_id),
    MEMBER("deposit", SUM, read.deposit),
    MEMBER("claimed", SUM, read.head.claimed),
    MEMBER("covenantId", BYTES, read.head.covenant_id),
    MEMBER("funding", SUM, read.head.value),
    MEMBER("outpoint", OUTPOINT, read.head.outpoint),
    MEMBER("total", SUM, read.total),
    MEMBER("signedTotal", SUM, read.signed_total),
    MEMBER("announced", FLAG, read.is_announced),
    MEMBER("pending", TEXT, read.pending),
    MEMBER("pendingTotal", SUM, read.pending_total),
    MEMBER("consent", TEXT, read.consent),
    MEMBER("moveAttempt", TEXT, read.move_attempt),
    MEMBER("move", TEXT, read.move),
    MEMBER("since", TEXT, read.since),
    MEMBER("givenUp", TEXT, read.given_up),
    MEMBER("givenUpTransaction", BYTES, read.given_up_id),
    MEMBER("givenUpArrived", FLAG, read.has_arrived),
};

static bool read_state(struct reading *t, const struct kx_reader *r)
{
    for (int i = 0; i < KX_CHANNEL_IS__COUNT; i++) {
        if (assay_bytes_is(t->state, states[i])) {
            t->read.state = (enum kx_client_channel_state)i;
            return true;
        }
    }
    return kx_read_fail(r, ASSAY_E_UNKNOWN, 0, "state", "is none");
}

static bool read_config(struct reading *t, const struct kx_reader *r)
{
    struct kx_reader inner = *r;

    inner.place = "channel.channelConfig";
    return kx_channel_read(&t->read.config, &inner, t->config);
}

/* The key and the id follow from the rest: a file that was changed by hand is no channel. */
static bool read_names(struct reading *t, const struct kx_reader *r)
{
    struct kx_client_channel *c = &t->read;
    const struct kx_channel_use use = {c->config.server, c->config.pay_to, c->config.template_id,
                                       c->config.network, c->origin};
    const struct kx_batch_binding *binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3"));
    enum assay_code rc = kx_channel_key(c->key, &use);
    uint8_t id[32];

    if (rc != ASSAY_OK)
        return kx_read_fail(r, rc, 0, "key", "cannot be made anew");
    kx_channel_id(id, binding, &c->config);
    if (!assay_bytes_is(t->key, c->key))
        return kx_read_fail(r, ASSAY_E_MISMATCH, 0, "key", "is not that of its terms");
    return memcmp(id, c->channel_id, sizeof(id)) == 0 ||
           kx_read_fail(r, ASSAY_E_MISMATCH, 0, "channelId", "is not that of its configuration");
}

/* What was claimed is the chain's word, and not judged here. */
static bool read_sums(struct reading *t, const struct kx_reader *r)
{
    const struct kx_client_channel *c = &t->read;

    return (c->total <= c->signed_total && c->pending_total <= c->signed_total) ||
           kx_read_fail(r, ASSAY_E_RANGE, 0, "total", "and the other sums contradict each other");
}

enum assay_code kx_client_channel_read(struct kx_client_channel *out, struct assay_arena *arena,
                                       struct assay_bytes text, struct assay_err *err)
{
    enum { WITHIN = 2 + 9, MORE = 1 }; /* of outpoint and configuration; to be told of */
    struct reading t = {.state = ASSAY_LIT("")};
    struct assay_json_token tokens[2 * (ARRAY_LEN(members) + WITHIN + MORE) + 1];
    struct assay_json doc;
    struct assay_err inner = {0};
    const struct kx_reader r = {.doc = &doc, .arena = arena, .place = "channel", .err = &inner};
    enum assay_code rc =
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), text, ASSAY_JSON_STRICT, &inner);

    if (rc == ASSAY_OK &&
        (!kx_read_closed(&r, 0, members, ARRAY_LEN(members), &t) || !read_state(&t, &r) ||
         !read_config(&t, &r) || !read_names(&t, &r) || !read_sums(&t, &r)))
        rc = inner.code;
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, inner.at, "%s", inner.text);
    *out = t.read;
    return ASSAY_OK;
}
