/* Challenges: to JSON text and back. See challenge.h. */
#include "paid_tools/challenge.h"

#include "paid_tools/text.h"

void pt_challenge_write(struct assay_buf *out, const struct pt_challenge *challenge)
{
    assay_buf_add_str(out, "{\"x402\":{\"version\":");
    assay_buf_add_u64(out, challenge->version);
    pt_text_member(out, "scheme", challenge->scheme);
    pt_text_member(out, "price", challenge->price);
    pt_text_member(out, "asset", challenge->asset);
    pt_text_member(out, "network", challenge->network);
    pt_text_member(out, "recipient", challenge->recipient);
    pt_text_member(out, "nonce", challenge->nonce);
    pt_text_member(out, "expiresAt", challenge->expires_at);
    pt_text_member(out, "requestHash", challenge->request_hash);
    if (challenge->description[0] != '\0')
        pt_text_member(out, "description", challenge->description);
    assay_buf_add_str(out, "}}");
}

static enum assay_code read_members(struct pt_challenge *out, const struct assay_json *doc,
                                    uint32_t object, struct assay_err *err)
{
    const struct {
        const char *name;
        char *text;
        bool optional;
    } texts[] = {
        {"scheme", out->scheme, false},
        {"price", out->price, false},
        {"asset", out->asset, false},
        {"network", out->network, false},
        {"recipient", out->recipient, false},
        {"nonce", out->nonce, false},
        {"expiresAt", out->expires_at, false},
        {"requestHash", out->request_hash, false},
        {"description", out->description, true},
    };
    uint32_t version = assay_json_member(doc, object, "version");
    enum assay_code rc;

    if (version == ASSAY_JSON_NONE)
        return assay_fail(err, ASSAY_E_MISSING, 0, "version: is missing");
    if ((rc = assay_json_u64(&out->version, doc, version)) != ASSAY_OK)
        return assay_fail(err, rc, 0, "version: %s", assay_code_text(rc));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        uint32_t token = assay_json_member(doc, object, texts[i].name);

        if (texts[i].optional && token == ASSAY_JSON_NONE)
            continue;
        rc = pt_text_read(texts[i].text, PT_TEXT_MAX_BYTES, doc, token, texts[i].name, err);
        if (rc != ASSAY_OK)
            return rc;
    }
    return ASSAY_OK;
}

enum assay_code pt_challenge_parse(struct pt_challenge *out, struct assay_bytes body,
                                   struct assay_err *err)
{
    struct assay_json_token tokens[PT_JSON_MAX_TOKENS];
    struct pt_challenge read = {0};
    struct assay_json doc;
    uint32_t inner;
    enum assay_code rc;

    if (body.len > PT_CHALLENGE_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "challenge: has %zu bytes, the limit is %d",
                          body.len, PT_CHALLENGE_MAX_BYTES);
    rc = assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), body, ASSAY_JSON_STRICT, err);
    if (rc == ASSAY_E_DUPLICATE)
        rc = ASSAY_E_MALFORMED;
    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "challenge");
    if (assay_json_type(&doc, 0) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_TYPE, 0, "challenge: is no object");
    inner = assay_json_member(&doc, 0, "x402");
    if (inner == ASSAY_JSON_NONE)
        return assay_fail(err, ASSAY_E_MISSING, 0, "challenge: x402: is missing");
    if (assay_json_type(&doc, inner) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_TYPE, 0, "challenge: x402: is no object");
    if (tokens[0].count != 1)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "challenge: has other members beside x402");
    if ((rc = read_members(&read, &doc, inner, err)) != ASSAY_OK)
        return assay_err_wrap(err, rc, "challenge");
    *out = read;
    return ASSAY_OK;
}

enum assay_code pt_challenge_check(const struct pt_challenge *challenge, const char *hash,
                                   struct assay_err *err)
{
    uint8_t uuid[16];
    int64_t ms;

    if (challenge->version != 1)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "version: is not 1");
    if (assay_uuid_v4_parse(uuid, assay_str(challenge->nonce)) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "nonce: is no lower-case UUID of version 4");
    if (assay_time_parse(&ms, assay_str(challenge->expires_at)) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "expiresAt: is no time of the form YYYY-MM-DDTHH:MM:SS.mmmZ");
    if (strcmp(challenge->request_hash, hash) != 0)
        return assay_fail(err, ASSAY_E_MISMATCH, 0,
                          "requestHash: is not the hash of the request that was sent");
    return ASSAY_OK;
}
