/* One attempt as the text of its file, written and read; see kx_attempts.h. */
#include "client/kx_attempts.h"

#include "base/hex.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"

#define FORMAT "assay-payment-attempt/1"

static const char *const states[] = {
#define X(name, text) text,
    KX_CLIENT_STATES(X)
#undef X
};

const char *kx_client_state_name(enum kx_client_state state)
{
    return states[state];
}

bool kx_client_attempt_is_unresolved(const struct kx_client_attempt *attempt)
{
    return attempt->state == KX_CLIENT_INTENDED || attempt->state == KX_CLIENT_SIGNED ||
           (attempt->state == KX_CLIENT_SETTLED && !attempt->is_delivered);
}

void kx_client_attempt_write(struct assay_buf *out, const struct kx_client_attempt *a)
{
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "amount", a->amount);
    if (a->channel_id.len > 0) {
        kx_write_decimal(out, "before", a->before);
        kx_write_text(out, "channelId", a->channel_id);
        kx_write_decimal(out, "claimed", a->claimed);
        kx_write_decimal(out, "funding", a->funding);
    }
    kx_write_text(out, "challenge", a->challenge);
    kx_write_flag(out, "delivered", a->is_delivered);
    kx_write_text(out, "expiresAt", a->expires_at);
    kx_write_str(out, "format", FORMAT);
    kx_write_text(out, "header", a->header);
    kx_write_text(out, "identifier", a->identifier);
    kx_write_str(out, "intentHash", a->intent_hash);
    kx_write_text(out, "method", a->method);
    kx_write_text(out, "network", a->network);
    kx_write_number(out, "offer", a->offer);
    kx_write_text(out, "payTo", a->pay_to);
    kx_write_str(out, "requestKey", a->request_key);
    kx_write_text(out, "since", a->since);
    kx_write_str(out, "state", kx_client_state_name(a->state));
    kx_write_text(out, "txid", a->txid);
    kx_write_text(out, "url", a->url);
    assay_buf_add_str(out, "}\n");
}

/* ---- read ---- */

/* What is read, with members that are texts of another form than their fields. */
struct reading {
    struct kx_client_attempt read;
    struct assay_bytes state;
    uint8_t request_key[32], intent_hash[32];
};

#define MEMBER(name, kind, field)                                                                  \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct reading, field), NULL, false                            \
    }

enum { OF_CHANNELS = 4 };

/* The last ones are those that payments by channel have besides. */
static const struct kx_member members[] = {
    {"format", KX_KIND_CONST, 0, 0, FORMAT, false},
    MEMBER("amount", TEXT, read.amount),
    MEMBER("challenge", TEXT, read.challenge),
    MEMBER("delivered", FLAG, read.is_delivered),
    MEMBER("expiresAt", TEXT, read.expires_at),
    MEMBER("header", TEXT, read.header),
    MEMBER("identifier", TEXT, read.identifier),
    MEMBER("intentHash", BYTES, intent_hash),
    MEMBER("method", TEXT, read.method),
    MEMBER("network", TEXT, read.network),
    MEMBER("offer", U32, read.offer),
    MEMBER("payTo", TEXT, read.pay_to),
    MEMBER("requestKey", BYTES, request_key),
    MEMBER("since", TEXT, read.since),
    MEMBER("state", TEXT, state),
    MEMBER("txid", TEXT, read.txid),
    MEMBER("url", TEXT, read.url),
    MEMBER("before", SUM, read.before),
    MEMBER("channelId", TEXT, read.channel_id),
    MEMBER("claimed", SUM, read.claimed),
    MEMBER("funding", SUM, read.funding),
};

static bool read_members(struct reading *t, const struct kx_reader *r)
{
    bool is_by_channel = assay_json_member(r->doc, 0, "channelId") != ASSAY_JSON_NONE;
    size_t count = ARRAY_LEN(members) - (is_by_channel ? 0 : OF_CHANNELS);

    t->read.channel_id = ASSAY_LIT("");
    return kx_read_closed(r, 0, members, count, t) &&
           (!is_by_channel || t->read.channel_id.len > 0 ||
            kx_read_fail(r, ASSAY_E_MALFORMED, 0, "channelId", "is empty"));
}

static bool read_state(struct reading *t, const struct kx_reader *r)
{
    for (int i = 0; i < KX_CLIENT_STATE__COUNT; i++) {
        if (assay_bytes_is(t->state, states[i])) {
            t->read.state = (enum kx_client_state)i;
            return true;
        }
    }
    return kx_read_fail(r, ASSAY_E_UNKNOWN, 0, "state", "is none");
}

static bool read_names(struct reading *t, const struct kx_reader *r)
{
    assay_hex_encode(t->read.request_key, assay_bytes_of(t->request_key, 32));
    assay_hex_encode(t->read.intent_hash, assay_bytes_of(t->intent_hash, 32));
    return x402_identifier_id_is_valid(t->read.identifier) ||
           kx_read_fail(r, ASSAY_E_MALFORMED, 0, "identifier", "is none");
}

enum assay_code kx_client_attempt_read(struct kx_client_attempt *out, struct assay_arena *arena,
                                       struct assay_bytes text, struct assay_err *err)
{
    enum { MORE = 1 }; /* so that it can be told of */
    struct reading t = {.read.offer = 0};
    struct assay_json_token tokens[2 * (ARRAY_LEN(members) + MORE) + 1];
    struct assay_json doc;
    struct assay_err inner = {0};
    const struct kx_reader r = {.doc = &doc, .arena = arena, .place = "attempt", .err = &inner};
    enum assay_code rc =
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), text, ASSAY_JSON_STRICT, &inner);

    if (rc == ASSAY_OK && (!read_members(&t, &r) || !read_state(&t, &r) || !read_names(&t, &r)))
        rc = inner.code;
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, inner.at, "%s", inner.text);
    *out = t.read;
    return ASSAY_OK;
}
