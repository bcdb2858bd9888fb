/* A batch payment as it is sent, judged by its shape; see batch_payment.h. */
#include "kaspa_x402/batch_payment.h"

#include <assert.h>

static const char *const type_names[] = {
#define X(constant, name) name,
    KX_PAYLOAD_TYPES(X)
#undef X
};

static_assert(ARRAY_LEN(type_names) == KX_PAYLOAD__COUNT, "a name for every type");

const char *kx_payload_type_name(enum kx_payload_type type)
{
    assert((size_t)type < ARRAY_LEN(type_names));
    return type_names[type];
}

/* A payment that is being read. */
struct reading {
    struct kx_batch_payment read;
    uint32_t config, voucher, presentation; /* tokens, or NONE */
    struct assay_bytes payer;               /* a label that nobody reads */
    struct kx_reader payload;               /* of the payload object */
};

static bool fail(const struct reading *t, const char *member, const char *what)
{
    return kx_read_fail(&t->payload, ASSAY_E_MALFORMED,
                        assay_json_member(t->payload.doc, t->read.envelope.payload, member), member,
                        what);
}

/* ---- the binding and the type ---- */

static enum kx_local read_binding(struct reading *t)
{
    struct assay_bytes name = ASSAY_LIT("");

    if (x402_text(&name, t->payload.arena, t->payload.doc, t->read.envelope.accepted.extra,
                  "binding"))
        t->read.binding = kx_batch_binding_find(name);
    if (t->read.binding != NULL)
        return KX_LOCAL_NONE;
    (void)assay_fail(t->payload.err, ASSAY_E_UNKNOWN, 0, "accepted.extra.binding is not known");
    return KX_LOCAL_BINDING;
}

static enum kx_local read_type(struct reading *t)
{
    uint32_t token = assay_json_member(t->payload.doc, t->read.envelope.payload, "type");

    for (int i = 0; i < KX_PAYLOAD__COUNT; i++) {
        if (assay_json_string_is(t->payload.doc, token, type_names[i])) {
            t->read.type = (enum kx_payload_type)i;
            return KX_LOCAL_NONE;
        }
    }
    (void)fail(t, "type", "is no type of payload");
    return KX_LOCAL_PAYLOAD_TYPE;
}

/* ---- the members of the payload ---- */

enum {
    OF_DEPOSIT = 1 << KX_PAYLOAD_DEPOSIT,
    OF_VOUCHER = 1 << KX_PAYLOAD_VOUCHER,
    OF_CLAIM = 1 << KX_PAYLOAD_CLAIM,
    OF_REFUND = 1 << KX_PAYLOAD_REFUND,
    OF_REQUESTS = OF_DEPOSIT | OF_VOUCHER,
    OF_ALL = OF_REQUESTS | OF_CLAIM | OF_REFUND,
};

#define MEMBER(name, kind, field)                                                                  \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct reading, field), NULL, true                             \
    }

/* Every member that the schema knows is of its form, whichever type it comes with; which types it
 * must come with stands behind it. Sums are those of the binding. */
static const struct {
    struct kx_member member;
    unsigned needed;
} known[] = {
    {MEMBER("channelId", BYTES, read.channel_id), OF_ALL},
    {MEMBER("activeScriptPublicKey", SPK, read.spk), OF_ALL},
    {MEMBER("clientPublicKey", BYTES, read.client), OF_VOUCHER},
    {MEMBER("escrowAddress", TEXT, read.escrow_address), OF_DEPOSIT},
    {MEMBER("fundingAmountSompi", SUM, read.funding), OF_DEPOSIT},
    {MEMBER("fundingTransaction", SCRIPT, read.funding_transaction), 0},
    {MEMBER("claimAmount", SUM, read.claim), OF_CLAIM},
    {MEMBER("covenantId", BYTES, read.covenant_id), OF_REFUND},
    {MEMBER("refundAddress", TEXT, read.refund_address), OF_REFUND},
    {MEMBER("refundAmount", SUM, read.refund), OF_REFUND},
    {MEMBER("clientSignature", BYTES, read.client_signature), OF_REFUND},
    {MEMBER("payerAddress", TEXT, payer), 0},
    {MEMBER("channelConfig", TOKEN, config), OF_DEPOSIT},
    {MEMBER("voucher", TOKEN, voucher), OF_REQUESTS | OF_CLAIM},
    {MEMBER("presentation", TOKEN, presentation), OF_REQUESTS},
};

/* What the binding does not have, nobody needs. */
static bool is_needed(const struct reading *t, size_t i)
{
    const struct kx_batch_binding *binding = t->read.binding;
    const char *name = known[i].member.name;

    if ((known[i].needed & 1U << t->read.type) == 0)
        return false;
    return !(binding->is_of_outpoint && strcmp(name, "covenantId") == 0) &&
           !(!binding->is_fixed && strcmp(name, "presentation") == 0);
}

static bool read_members(struct reading *t)
{
    t->config = t->voucher = t->presentation = ASSAY_JSON_NONE;
    t->read.escrow_address = t->read.funding_transaction = t->read.refund_address = ASSAY_LIT("");
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct kx_member member = known[i].member;

        member.is_optional = !is_needed(t, i);
        if (member.kind == KX_KIND_SUM)
            member.kind = kx_batch_sum_kind(t->read.binding);
        if (!kx_read_members(&t->payload, t->read.envelope.payload, &member, 1, t))
            return false;
    }
    if (t->read.type == KX_PAYLOAD_REFUND && !t->read.binding->is_of_outpoint &&
        kaspa_hash_is_zero(&t->read.covenant_id))
        return fail(t, "covenantId", "is zero");
    return true;
}

static bool read_outpoint(struct reading *t)
{
    static const struct kx_member outpoint[] = {
        {"fundingOutpoint", KX_KIND_OUTPOINT, KX_AT(struct reading, read.outpoint), NULL, false},
    };

    return kx_read_members(&t->payload, t->read.envelope.payload, outpoint, ARRAY_LEN(outpoint), t);
}

/* ---- the objects within it, which are closed ---- */

#define TERM(name, kind, field)                                                                    \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct kx_channel, field), NULL, false                         \
    }

bool kx_channel_read(struct kx_channel *out, const struct kx_reader *r, uint32_t token)
{
    static const struct kx_member members[] = {
        TERM("network", TEXT, network),
        {"asset", KX_KIND_CONST, 0, 0, KX_ASSET, false},
        TERM("templateId", TEXT, template_id),
        TERM("clientPublicKey", BYTES, client),
        TERM("serverPublicKey", BYTES, server),
        TERM("payTo", TEXT, pay_to),
        TERM("refundAddress", TEXT, refund_address),
        TERM("refundTimeoutDaa", AMOUNT, refund_timeout_daa),
        TERM("salt", BYTES, salt),
    };

    if (!kx_read_closed(r, token, members, ARRAY_LEN(members), out))
        return false;
    return out->refund_timeout_daa <= KX_BATCH_TIMEOUT_MAX ||
           kx_read_fail(r, ASSAY_E_RANGE, token, "refundTimeoutDaa",
                        "is a time, not a DAA score: it must be below 500000000000");
}

static bool read_config(struct reading *t)
{
    struct kx_reader r = t->payload;

    if (t->read.type != KX_PAYLOAD_DEPOSIT)
        return true;
    r.place = "payload.channelConfig";
    if (!kx_channel_read(&t->read.channel, &r, t->config))
        return false;
    memcpy(t->read.client, t->read.channel.client, sizeof(t->read.client));
    return true;
}

static bool read_voucher(struct reading *t)
{
    const struct kx_batch_binding *binding = t->read.binding;
    const char *total = binding->is_fixed ? "authorizedCumulativeAmount" : "amount";
    const struct kx_member members[] = {
        {"covenantId", KX_KIND_BYTES, KX_AT(struct kx_signed_voucher, covenant_id), NULL, false},
        {total, kx_batch_sum_kind(binding), KX_AT(struct kx_signed_voucher, amount), NULL, false},
        {"signature", KX_KIND_BYTES, KX_AT(struct kx_signed_voucher, signature), NULL, false},
    };
    size_t first = binding->is_of_outpoint ? 1 : 0;
    struct kx_reader r = t->payload;

    if (t->read.type == KX_PAYLOAD_REFUND)
        return true;
    r.place = "payload.voucher";
    if (!kx_read_closed(&r, t->voucher, members + first, ARRAY_LEN(members) - first,
                        &t->read.voucher))
        return false;
    if (first == 0 && kaspa_hash_is_zero(&t->read.voucher.covenant_id))
        return kx_read_fail(&r, ASSAY_E_MALFORMED, t->voucher, "covenantId", "is zero");
    return t->read.voucher.amount > 0 || kx_read_fail(&r, ASSAY_E_RANGE, t->voucher, total, "is 0");
}

/* null, or a text with something in it. */
static bool read_identifier(struct kx_presentation *out, const struct kx_reader *r, uint32_t object,
                            uint32_t token)
{
    out->identifier = ASSAY_LIT("");
    out->has_identifier = assay_json_type(r->doc, token) != ASSAY_JSON_NULL;
    if (!out->has_identifier)
        return true;
    if (assay_json_type(r->doc, token) != ASSAY_JSON_STRING)
        return kx_read_fail(r, ASSAY_E_TYPE, token, "paymentIdentifier",
                            "is neither null nor text");
    if (!x402_text(&out->identifier, r->arena, r->doc, object, "paymentIdentifier"))
        return kx_read_fail(r, ASSAY_E_NOMEM, token, "paymentIdentifier",
                            assay_code_text(ASSAY_E_NOMEM));
    return out->identifier.len > 0 ||
           kx_read_fail(r, ASSAY_E_MALFORMED, token, "paymentIdentifier", "is empty: null is none");
}

struct presentation {
    struct kx_signed_presentation p;
    uint32_t identifier;
};

#define SAYS(name, kind, field)                                                                    \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct presentation, field), NULL, false                       \
    }

static bool read_presentation(struct reading *t)
{
    static const struct kx_member members[] = {
        {"version", KX_KIND_CONST, 0, 0, KX_PRESENTATION_VERSION, false},
        SAYS("requestFingerprint", BYTES, p.says.fingerprint),
        SAYS("acceptedRequirementsHash", BYTES, p.says.requirements),
        SAYS("securityContextHash", BYTES, p.says.context),
        SAYS("channelId", BYTES, p.says.channel_id),
        SAYS("covenantId", BYTES, p.says.covenant_id),
        SAYS("voucherDigest", BYTES, p.says.voucher_digest),
        SAYS("paymentIdentifier", TOKEN, identifier),
        SAYS("nonce", BYTES, p.says.nonce),
        SAYS("expiresAt", TEXT, p.says.expires_at),
        SAYS("digest", BYTES, p.digest),
        SAYS("signature", BYTES, p.signature),
    };
    struct presentation read = {.p.says.expires_at = ASSAY_LIT("")};
    struct kx_reader r = t->payload;

    if ((1U << t->read.type & OF_REQUESTS) == 0 || !t->read.binding->is_fixed)
        return true;
    r.place = "payload.presentation";
    if (!kx_read_closed(&r, t->presentation, members, ARRAY_LEN(members), &read) ||
        !read_identifier(&read.p.says, &r, t->presentation, read.identifier))
        return false;
    if (kaspa_hash_is_zero(&read.p.says.covenant_id))
        return kx_read_fail(&r, ASSAY_E_MALFORMED, t->presentation, "covenantId", "is zero");
    if (!kx_deadline_read(&read.p.expires_at_ms, read.p.says.expires_at))
        return kx_read_fail(&r, ASSAY_E_MALFORMED, t->presentation, "expiresAt", "is no time");
    t->read.presentation = read.p;
    return true;
}

enum kx_local kx_batch_payment_read(struct kx_batch_payment *out, struct assay_arena *arena,
                                    const struct assay_json *doc, struct assay_err *err)
{
    struct reading t = {
        .read = {.doc = doc, .spk = ASSAY_LIT("")},
        .payload = {.doc = doc, .arena = arena, .place = "payload", .err = err},
    };
    enum kx_local local =
        kx_envelope_read(&t.read.envelope, &t.read.identifier, &t.read.identifier_state, arena, doc,
                         KX_SCHEME_BATCH, err);

    if (local == KX_LOCAL_NONE)
        local = read_binding(&t);
    if (local == KX_LOCAL_NONE)
        local = read_type(&t);
    if (local != KX_LOCAL_NONE)
        return local;
    if (!read_outpoint(&t))
        return KX_LOCAL_OUTPOINT;
    if (!read_members(&t) || !read_config(&t) || !read_voucher(&t) || !read_presentation(&t))
        return KX_LOCAL_PAYLOAD;
    *out = t.read;
    return KX_LOCAL_NONE;
}
