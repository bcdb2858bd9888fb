/* An exact payment as it is sent, judged by its shape; see exact_payment.h. */
#include "kaspa_x402/exact_payment.h"

#include "defects/defects.h"
#include "kaspa_x402/exact_read.h"
#include "x402/limits.h"

/* MALFORMED: not of the pattern; RANGE: of the pattern, and no such time. */
static enum assay_code parse_time(int64_t *ms, struct assay_bytes text)
{
    static const char places[] = ".000Z";
    uint8_t room[ASSAY_TIME_TEXT_BYTES - 1];
    size_t seconds = sizeof(room) - (sizeof(places) - 1);

    if (text.len != seconds + 1)
        return assay_time_parse(ms, text);
    if (text.at[seconds] != 'Z')
        return ASSAY_E_MALFORMED;
    memcpy(room, text.at, seconds);
    memcpy(room + seconds, places, sizeof(places) - 1);
    return assay_time_parse(ms, assay_bytes_of(room, sizeof(room)));
}

struct kaspa_json_options kx_transaction_limits(void)
{
    return (struct kaspa_json_options){
        .unknown_members = true,
        .max_inputs = REF_DEFECT(kx_budget_none) ? X402_MAX_NODES : KX_INPUTS_MAX,
        .max_outputs = REF_DEFECT(kx_budget_none) ? X402_MAX_NODES : KX_OUTPUTS_MAX};
}

bool kx_time_read(int64_t *ms, struct assay_bytes text)
{
    return parse_time(ms, text) == ASSAY_OK;
}

bool kx_deadline_read(int64_t *ms, struct assay_bytes text)
{
    *ms = KX_NO_TIME;
    return parse_time(ms, text) != ASSAY_E_MALFORMED;
}

enum kx_local kx_envelope_read(struct x402_payment *out, struct x402_identifier *identifier,
                               enum x402_identifier_state *state, struct assay_arena *arena,
                               const struct assay_json *doc, const char *scheme,
                               struct assay_err *err)
{
    enum x402_fault fault = x402_payment_read(out, arena, doc, err);

    if (fault != X402_FAULT_NONE)
        return fault == X402_FAULT_VERSION ? KX_LOCAL_VERSION : KX_LOCAL_PAYLOAD;
    *state = x402_identifier_read(identifier, arena, doc, out->extensions, err);
    if (*state == X402_IDENTIFIER_MALFORMED)
        return KX_LOCAL_IDENTIFIER;
    if (!assay_bytes_is(out->accepted.scheme, scheme)) {
        (void)assay_fail(err, ASSAY_E_UNKNOWN, 0, "accepted.scheme is not %s", scheme);
        return KX_LOCAL_SCHEME;
    }
    return KX_LOCAL_NONE;
}

static bool read_profile(struct kx_payment *out, const struct kx_reader *r)
{
    for (int p = 0; p < KX_PROFILE__COUNT; p++) {
        if (assay_bytes_is(out->profile_text, kx_profile_name((enum kx_profile)p))) {
            out->profile = (enum kx_profile)p;
            return true;
        }
    }
    return kx_read_fail(r, ASSAY_E_UNKNOWN, out->envelope.payload, "profile", "is not known");
}

/* Who pays to a head names its challenge, and of a hash-chain the grant; nobody else has a
 * challenge. A grant that nobody asked for is an unknown member, but for its form. */
static bool read_challenge(struct kx_payment *out, const struct kx_reader *r)
{
    const struct kx_member members[] = {
        {"challengeId", KX_KIND_BYTES, KX_AT(struct kx_payment, challenge_id), NULL, false},
        {"grantId", KX_KIND_BYTES, KX_AT(struct kx_payment, grant_id), NULL,
         out->profile != KX_HASH_CHAIN},
    };
    uint32_t payload = out->envelope.payload;
    bool is_standard = out->profile == KX_STANDARD_NATIVE;

    if (is_standard && !kx_read_without(r, payload, &ASSAY_LIT("challengeId"), 1))
        return false;
    out->has_challenge = !is_standard;
    out->has_grant = assay_json_member(r->doc, payload, members[1].name) != ASSAY_JSON_NONE;
    return kx_read_members(r, payload, members + (is_standard ? 1 : 0),
                           ARRAY_LEN(members) - (is_standard ? 1 : 0), out);
}

static bool read_payload(struct kx_payment *out, const struct kx_reader *r)
{
    static const struct kx_member members[] = {
        {"profile", KX_KIND_TEXT, KX_AT(struct kx_payment, profile_text), NULL, false},
        {"transaction", KX_KIND_TEXT, KX_AT(struct kx_payment, transaction), NULL, false},
        {"transactionEncoding", KX_KIND_CONST, 0, 0, KX_ENCODING, false},
        {"paymentOutputIndex", KX_KIND_U32, KX_AT(struct kx_payment, output_index), NULL, false},
        {"requestHash", KX_KIND_BYTES, KX_AT(struct kx_payment, request_hash), NULL, false},
        {"payerAddress", KX_KIND_TEXT, KX_AT(struct kx_payment, payer_address), NULL, true},
    };
    uint32_t payload = out->envelope.payload;

    out->payer_address = ASSAY_LIT("");
    if (!kx_read_members(r, payload, members, ARRAY_LEN(members), out) ||
        !kx_read_without(r, payload, &ASSAY_LIT("transactionId"), 1))
        return false;
    if (out->transaction.len == 0 || out->transaction.len > X402_ARTIFACT_MAX_BYTES)
        return kx_read_fail(r, ASSAY_E_TOO_LARGE, payload, "transaction",
                            "is empty or above 65536 bytes");
    return read_profile(out, r) && read_challenge(out, r);
}

/* A closed object. A time that is of the pattern and none is judged with the deadlines. */
static bool read_authorization(struct kx_payment *out, const struct kx_reader *r)
{
    static const struct kx_member members[] = {
        {"version", KX_KIND_CONST, 0, 0, KX_AUTHORIZATION, false},
        {"inputIndex", KX_KIND_U32, KX_AT(struct kx_authorization, input_index), NULL, false},
        {"expiresAt", KX_KIND_TEXT, KX_AT(struct kx_authorization, expires_at), NULL, false},
        {"digest", KX_KIND_BYTES, KX_AT(struct kx_authorization, digest), NULL, false},
        {"signature", KX_KIND_BYTES, KX_AT(struct kx_authorization, signature), NULL, false},
    };
    uint32_t token = assay_json_member(r->doc, out->envelope.payload, "authorization");
    struct kx_authorization *authorization = &out->authorization;
    size_t first = REF_DEFECT(kx_auth_v1) ? 1 : 0; /* of the members that are looked at */
    struct kx_reader inner = *r;

    inner.place = "payload.authorization";
    if (!kx_read_members(&inner, token, members + first, ARRAY_LEN(members) - first, authorization))
        return false;
    if (r->doc->tokens[token].count != 5)
        return kx_read_fail(r, ASSAY_E_UNKNOWN, token, "authorization", "has another member");
    authorization->version = ASSAY_LIT(KX_AUTHORIZATION);
    if (!kx_deadline_read(&authorization->expires_at_ms, authorization->expires_at))
        return kx_read_fail(&inner, ASSAY_E_MALFORMED, token, "expiresAt", "is no time");
    return true;
}

enum kx_local kx_payment_read(struct kx_payment *out, struct assay_arena *arena,
                              const struct assay_json *doc, struct assay_err *err)
{
    struct kx_reader r = {.doc = doc, .arena = arena, .place = "payload", .err = err};
    struct kx_payment read = {.doc = doc};
    enum kx_local local = kx_envelope_read(&read.envelope, &read.identifier, &read.identifier_state,
                                           arena, doc, KX_SCHEME_EXACT, err);
    uint32_t type;

    if (local != KX_LOCAL_NONE)
        return local;
    type = assay_json_member(doc, read.envelope.payload, "type");
    if (!assay_json_string_is(doc, type, KX_PAYLOAD_EXACT)) {
        kx_read_record(&r, ASSAY_E_UNKNOWN, type, "type", "is not exact-transaction");
        return KX_LOCAL_PAYLOAD_TYPE;
    }
    if (!read_payload(&read, &r) || !read_authorization(&read, &r))
        return KX_LOCAL_PAYLOAD;
    *out = read;
    return KX_LOCAL_NONE;
}
