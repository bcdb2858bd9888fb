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
    kx_write_name(out, "delivered");
    assay_buf_add_str(out, a->is_delivered ? "true" : "false");
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

/* Members that are texts of another form than their fields. */
struct texts {
    struct assay_bytes state;
    uint8_t request_key[32], intent_hash[32];
};

static bool read_state(struct kx_client_attempt *out, const struct kx_reader *r,
                       struct assay_bytes text)
{
    for (int i = 0; i < KX_CLIENT_STATE__COUNT; i++) {
        if (assay_bytes_is(text, states[i])) {
            out->state = (enum kx_client_state)i;
            return true;
        }
    }
    return kx_read_fail(r, ASSAY_E_UNKNOWN, 0, "state", "is none");
}

static bool read_delivered(struct kx_client_attempt *out, const struct kx_reader *r)
{
    enum assay_json_type type = assay_json_type(r->doc, assay_json_member(r->doc, 0, "delivered"));

    out->is_delivered = type == ASSAY_JSON_TRUE;
    return type == ASSAY_JSON_TRUE || type == ASSAY_JSON_FALSE ||
           kx_read_fail(r, ASSAY_E_TYPE, 0, "delivered", "is neither true nor false");
}

/* What payments by channel have besides. */
static bool read_channel(struct kx_client_attempt *out, const struct kx_reader *r)
{
    static const struct kx_member members[] = {
        {"before", KX_KIND_SUM, KX_AT(struct kx_client_attempt, before), NULL, false},
        {"claimed", KX_KIND_SUM, KX_AT(struct kx_client_attempt, claimed), NULL, false},
        {"funding", KX_KIND_SUM, KX_AT(struct kx_client_attempt, funding), NULL, false},
        {"channelId", KX_KIND_TEXT, KX_AT(struct kx_client_attempt, channel_id), NULL, false},
    };

    out->channel_id = ASSAY_LIT("");
    if (assay_json_member(r->doc, 0, "channelId") == ASSAY_JSON_NONE)
        return true;
    return kx_read_members(r, 0, members, ARRAY_LEN(members), out) &&
           (out->channel_id.len > 0 ||
            kx_read_fail(r, ASSAY_E_MALFORMED, 0, "channelId", "is empty"));
}

static bool read_members(struct kx_client_attempt *out, const struct kx_reader *r)
{
#define TEXT(name, field)                                                                          \
    {                                                                                              \
        name, KX_KIND_TEXT, KX_AT(struct kx_client_attempt, field), NULL, false                    \
    }
    static const struct kx_member members[] = {
        {"format", KX_KIND_CONST, 0, 0, FORMAT, false},
        TEXT("amount", amount),
        TEXT("challenge", challenge),
        TEXT("expiresAt", expires_at),
        TEXT("header", header),
        TEXT("identifier", identifier),
        TEXT("method", method),
        TEXT("network", network),
        {"offer", KX_KIND_U32, KX_AT(struct kx_client_attempt, offer), NULL, false},
        TEXT("payTo", pay_to),
        TEXT("since", since),
        TEXT("txid", txid),
        TEXT("url", url),
    };
#undef TEXT
    static const struct kx_member others[] = {
        {"state", KX_KIND_TEXT, KX_AT(struct texts, state), NULL, false},
        {"requestKey", KX_KIND_BYTES, KX_AT(struct texts, request_key), NULL, false},
        {"intentHash", KX_KIND_BYTES, KX_AT(struct texts, intent_hash), NULL, false},
    };
    struct texts texts;

    if (!kx_read_members(r, 0, members, ARRAY_LEN(members), out) ||
        !kx_read_members(r, 0, others, ARRAY_LEN(others), &texts) ||
        !read_state(out, r, texts.state) || !read_delivered(out, r) || !read_channel(out, r))
        return false;
    assay_hex_encode(out->request_key, assay_bytes_of(texts.request_key, 32));
    assay_hex_encode(out->intent_hash, assay_bytes_of(texts.intent_hash, 32));
    return x402_identifier_id_is_valid(out->identifier) ||
           kx_read_fail(r, ASSAY_E_MALFORMED, 0, "identifier", "is none");
}

enum assay_code kx_client_attempt_read(struct kx_client_attempt *out, struct assay_arena *arena,
                                       struct assay_bytes text, struct assay_err *err)
{
    enum { EXACT_MEMBERS = 17, MEMBERS = 21 };
    struct kx_client_attempt read = {.offer = 0};
    struct assay_json_token tokens[2 * MEMBERS + 1];
    unsigned wanted = EXACT_MEMBERS;
    struct assay_json doc;
    struct assay_err inner = {0};
    const struct kx_reader r = {.doc = &doc, .arena = arena, .place = "attempt", .err = &inner};
    enum assay_code rc =
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), text, ASSAY_JSON_STRICT, &inner);

    if (rc == ASSAY_OK)
        wanted =
            assay_json_member(&doc, 0, "channelId") != ASSAY_JSON_NONE ? MEMBERS : EXACT_MEMBERS;
    if (rc == ASSAY_OK && doc.tokens[0].count != wanted)
        rc = assay_fail(&inner, ASSAY_E_MALFORMED, 0, "it has not %u members", wanted);
    if (rc == ASSAY_OK && !read_members(&read, &r))
        rc = inner.code;
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, inner.at, "%s", inner.text);
    *out = read;
    return ASSAY_OK;
}
