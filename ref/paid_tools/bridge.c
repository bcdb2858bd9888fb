/* The bridge format of challenges and proofs; see bridge.h. */
#include "paid_tools/bridge.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "defects/defects.h"
#include "paid_tools/text.h"

/* A challenge or proof as JSON text, every character of it escaped. */
enum { JSON_MAX_BYTES = 8 * (int)sizeof(struct pt_proof) };

/* Names of section 6 and their CAIP-2 identifiers; others pass through. */
static const struct {
    const char *name, *caip2;
} networks[] = {
    {"base", "eip155:8453"},
    {"base-sepolia", "eip155:84532"},
    {"ethereum", "eip155:1"},
    {"polygon", "eip155:137"},
    {"solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"},
    {"solana-devnet", "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"},
    {"mock", "mock:1"},
};

static const char *caip2_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        if (strcmp(networks[i].name, name) == 0)
            return networks[i].caip2;
    }
    return name;
}

static const char *name_of(const char *caip2)
{
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        if (strcmp(networks[i].caip2, caip2) == 0)
            return networks[i].name;
    }
    return caip2;
}

static void write_required(struct assay_buf *out, const struct pt_challenge *c,
                           struct assay_bytes resource_path, uint64_t amount)
{
    assay_buf_add_str(out,
                      "{\"x402Version\":1,\"error\":\"Payment Required\",\"resource\":{\"url\":");
    assay_json_add_string(out, resource_path);
    if (c->description[0] != '\0')
        pt_text_member(out, "description", c->description);
    assay_buf_add_str(out, "},\"accepts\":[{");
    pt_text_member(out, "scheme", c->scheme);
    pt_text_member(out, "network", caip2_of(c->network));
    pt_text_member(out, "asset", c->asset);
    assay_buf_add_str(out, ",\"amount\":\"");
    assay_buf_add_u64(out, amount);
    assay_buf_add_byte(out, '"');
    pt_text_member(out, "payTo", c->recipient);
    assay_buf_add_str(out, ",\"maxTimeoutSeconds\":");
    assay_buf_add_u64(out, c->timeout_s);
    assay_buf_add_str(out, ",\"extra\":{");
    pt_text_member(out, "nonce", c->nonce);
    pt_text_member(out, "requestHash", c->request_hash);
    pt_text_member(out, "expiresAt", c->expires_at);
    assay_buf_add_str(out, "}}]}");
}

enum assay_code pt_bridge_required(struct assay_buf *out, const struct pt_challenge *challenge,
                                   struct assay_bytes resource_path, unsigned places,
                                   struct assay_err *err)
{
    struct assay_buf json = ASSAY_BUF_INIT(JSON_MAX_BYTES + 6 * resource_path.len);
    uint64_t amount = 0;
    enum assay_code rc = assay_decimal_price(&amount, assay_str(challenge->price), places);

    if (rc != ASSAY_OK || amount == 0) {
        rc = assay_fail(err, ASSAY_E_RANGE, 0, "price: is no whole number of atomic units");
        goto out;
    }
    if (REF_DEFECT(amount_scaled))
        amount /= 1000;
    write_required(&json, challenge, resource_path, amount);
    if ((rc = json.bad) == ASSAY_OK) {
        assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&json));
        rc = out->bad;
    }
    if (rc != ASSAY_OK)
        rc = assay_fail(err, rc, 0, "PAYMENT-REQUIRED: %s", assay_code_text(rc));
out:
    assay_buf_fini(&json);
    return rc;
}

/* The first element of accepts, and what it asks for. */
static enum assay_code read_offer(struct pt_challenge *out, char *amount,
                                  const struct assay_json *doc, uint32_t offer,
                                  struct assay_err *err)
{
    uint32_t extra = assay_json_member(doc, offer, "extra");
    uint32_t seconds = assay_json_member(doc, offer, "maxTimeoutSeconds");
    char network[PT_TEXT_MAX_BYTES] = "";
    const struct {
        const char *name;
        char *text;
        uint32_t holder;
        bool optional;
    } texts[] = {
        {"scheme", out->scheme, offer, true},
        {"network", network, offer, true},
        {"asset", out->asset, offer, true},
        {"payTo", out->recipient, offer, true},
        {"amount", amount, offer, false},
        {"nonce", out->nonce, extra, false},
        {"requestHash", out->request_hash, extra, false},
        {"expiresAt", out->expires_at, extra, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        uint32_t token = assay_json_member(doc, texts[i].holder, texts[i].name);
        enum assay_code rc;

        if (texts[i].optional && token == ASSAY_JSON_NONE)
            continue;
        rc = pt_text_read(texts[i].text, PT_TEXT_MAX_BYTES, doc, token, texts[i].name, err);
        if (rc != ASSAY_OK)
            return rc;
    }
    if (assay_json_u64(&out->timeout_s, doc, seconds) != ASSAY_OK)
        out->timeout_s = 0;
    return pt_text_copy(out->network, PT_TEXT_MAX_BYTES, name_of(network));
}

enum assay_code pt_bridge_required_parse(struct pt_challenge *out, char *amount,
                                         struct assay_bytes header, struct assay_err *err)
{
    struct assay_buf json = ASSAY_BUF_INIT(PT_CHALLENGE_MAX_BYTES);
    struct assay_json_token tokens[PT_JSON_MAX_TOKENS];
    struct pt_challenge read = {.version = 1};
    char asked[PT_TEXT_MAX_BYTES];
    struct assay_json doc;
    uint32_t offer;
    enum assay_code rc = assay_base64_decode(&json, ASSAY_BASE64_STD, header, err);

    if (rc != ASSAY_OK)
        goto out;
    rc = assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_buf_view(&json), ASSAY_JSON_STRICT,
                          err);
    if (rc != ASSAY_OK) {
        rc = rc == ASSAY_E_DUPLICATE ? ASSAY_E_MALFORMED : rc;
        goto out;
    }
    offer = assay_json_first(&doc, assay_json_member(&doc, 0, "accepts"));
    if (offer == ASSAY_JSON_NONE) {
        rc = assay_fail(err, ASSAY_E_MISSING, 0, "accepts: is missing or empty");
        goto out;
    }
    if ((rc = read_offer(&read, asked, &doc, offer, err)) != ASSAY_OK)
        goto out;
    *out = read;
    memcpy(amount, asked, sizeof(asked));
out:
    assay_buf_fini(&json);
    return assay_err_wrap(err, rc, "PAYMENT-REQUIRED");
}

static enum assay_code read_signature(struct pt_proof *out, struct assay_bytes json,
                                      struct assay_err *err)
{
    struct assay_json_token tokens[PT_JSON_MAX_TOKENS];
    struct assay_json doc;
    uint32_t payload, version;
    enum assay_code rc;

    if (assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), json, ASSAY_JSON_STRICT, err) != ASSAY_OK)
        return ASSAY_E_MALFORMED;
    version = assay_json_member(&doc, 0, "x402Version");
    if (version == ASSAY_JSON_NONE)
        return assay_fail(err, ASSAY_E_MISSING, 0, "x402Version: is missing");
    if ((rc = assay_json_u64(&out->version, &doc, version)) != ASSAY_OK)
        return assay_fail(err, rc, 0, "x402Version: %s", assay_code_text(rc));
    payload = assay_json_member(&doc, 0, "payload");
    if (assay_json_type(&doc, payload) != ASSAY_JSON_OBJECT)
        return assay_fail(err, payload == ASSAY_JSON_NONE ? ASSAY_E_MISSING : ASSAY_E_TYPE, 0,
                          "payload: is no object");
    return pt_proof_members(out, &doc, payload, err);
}

enum assay_code pt_bridge_decode(struct pt_proof *out, struct assay_bytes header,
                                 struct assay_err *err)
{
    uint8_t json[PT_PROOF_HEADER_MAX_BYTES];
    struct assay_buf text = ASSAY_BUF_OVER(json);
    struct pt_proof read = {0};
    enum assay_code rc;

    if (header.len > PT_PROOF_HEADER_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, PT_PROOF_HEADER_MAX_BYTES,
                          "PAYMENT-SIGNATURE: has %zu bytes, the limit is %d", header.len,
                          PT_PROOF_HEADER_MAX_BYTES);
    rc = assay_base64_decode(&text, ASSAY_BASE64_STD, header, err);
    if (rc == ASSAY_OK)
        rc = read_signature(&read, assay_buf_view(&text), err);
    if (rc == ASSAY_OK)
        *out = read;
    else if (REF_DEFECT(bridge_500))
        rc = ASSAY_E_CRASHED;
    return assay_err_wrap(err, rc, "PAYMENT-SIGNATURE");
}

void pt_bridge_encode(struct assay_buf *out, const struct pt_proof *proof)
{
    struct assay_buf json = ASSAY_BUF_INIT(JSON_MAX_BYTES);

    assay_buf_add_str(&json, "{\"x402Version\":");
    assay_buf_add_u64(&json, proof->version);
    assay_buf_add_str(&json, ",\"payload\":{");
    pt_text_member(&json, "signature", proof->signature);
    pt_text_member(&json, "nonce", proof->nonce);
    pt_text_member(&json, "requestHash", proof->request_hash);
    pt_text_member(&json, "payer", proof->payer);
    pt_text_member(&json, "timestamp", proof->timestamp);
    pt_text_member(&json, "expiresAt", proof->expires_at);
    assay_buf_add_str(&json, "}}");
    if (assay_buf_ok(&json))
        assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&json));
    else if (assay_buf_ok(out))
        out->bad = json.bad;
    assay_buf_fini(&json);
}
