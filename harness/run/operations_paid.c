/* The operations of paid tools: the pure library of the profile behind JSON. */
#include "run/operations_internal.h"

#include "base/base64.h"
#include "paid_tools/bridge.h"
#include "paid_tools/mcp.h"
#include "paid_tools/nonce.h"

#include <stdlib.h>

/* The body as text, or as base64. */
static bool body_in(const json_t *in, struct assay_buf *storage, struct assay_bytes *body,
                    struct assay_err *err)
{
    const char *text = operation_text(in, "body", false, err);
    const char *encoded = operation_text(in, "bodyBase64", false, err);

    if (text == NULL || encoded == NULL ||
        !operation_not_both(in, "body", "bodyBase64", false, err))
        return false;
    *body = assay_str(text);
    if (encoded[0] == '\0')
        return true;
    if (assay_base64_decode(storage, ASSAY_BASE64_STD, assay_str(encoded), err) != ASSAY_OK)
        return false;
    *body = assay_buf_view(storage);
    return true;
}

static enum operation_answer refused(json_t **result, const char *rule, const struct assay_err *why)
{
    return operation_refused(result, rule,
                             why->text[0] != '\0' ? why->text : assay_code_text(why->code));
}

static enum operation_answer paid_request_hash(const json_t *in, json_t **result,
                                               struct assay_err *err)
{
    static const char *const members[] = {"method", "target", "host", "body", "bodyBase64", NULL};
    struct assay_buf storage = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES),
                     canonical = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char hash[PT_HASH_TEXT_BYTES];
    struct assay_err why = {0};
    struct pt_request request;
    const char *method, *target, *host;

    if (!operation_members(in, members, err) ||
        (method = operation_text(in, "method", true, err)) == NULL ||
        (target = operation_text(in, "target", true, err)) == NULL ||
        (host = operation_text(in, "host", false, err)) == NULL ||
        !body_in(in, &storage, &request.body, err))
        goto out;
    request.method = assay_str(method);
    request.target = assay_str(target);
    request.host = assay_str(host);
    if (pt_request_hash(hash, &request, &why) != ASSAY_OK ||
        pt_request_canonical_target(&canonical, &request, &why) != ASSAY_OK) {
        answer = refused(result, "CH-3", &why);
        goto out;
    }
    *result =
        json_pack("{s:s, s:s}", "requestHash", hash, "canonicalTarget", assay_buf_cstr(&canonical));
    answer = OPERATION_OK;
out:
    assay_buf_fini(&storage);
    assay_buf_fini(&canonical);
    return answer;
}

static enum operation_answer paid_mcp_hash(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"path", "body", "bodyBase64", NULL};
    struct assay_buf storage = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES),
                     arguments = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    static const char *const kinds[] = {"free", "call", "batch", "broken"};
    enum operation_answer answer = OPERATION_ERROR;
    struct pt_mcp_message message;
    char hash[PT_HASH_TEXT_BYTES];
    struct assay_bytes body;
    const char *path;

    if (!operation_members(in, members, err) ||
        (path = operation_text(in, "path", true, err)) == NULL ||
        !body_in(in, &storage, &body, err))
        goto out;
    pt_mcp_read(&message, NULL, &arguments, body);
    *result = json_pack("{s:s, s:s, s:s}", "kind", kinds[message.kind], "method", message.method,
                        "tool", message.tool);
    if (message.kind == PT_MCP_CALL) {
        pt_mcp_hash(hash, assay_str(path), assay_str(message.tool), assay_buf_view(&arguments));
        json_object_set_new(*result, "requestHash", json_string(hash));
    }
    answer = OPERATION_OK;
out:
    assay_buf_fini(&storage);
    assay_buf_fini(&arguments);
    return answer;
}

static enum operation_answer paid_proof_mac(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"secret", "nonce", "requestHash", NULL};
    char mac[PT_HASH_TEXT_BYTES];
    const char *secret, *nonce, *hash;

    if (!operation_members(in, members, err) ||
        (secret = operation_text(in, "secret", true, err)) == NULL ||
        (nonce = operation_text(in, "nonce", true, err)) == NULL ||
        (hash = operation_text(in, "requestHash", true, err)) == NULL)
        return OPERATION_ERROR;
    pt_proof_mac(mac, assay_str(secret), assay_str(nonce), assay_str(hash));
    *result = json_pack("{s:s}", "signature", mac);
    return OPERATION_OK;
}

static json_t *proof_json(const struct pt_proof *p)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "version", (json_int_t)p->version,
                     "nonce", p->nonce, "requestHash", p->request_hash, "payer", p->payer,
                     "timestamp", p->timestamp, "expiresAt", p->expires_at, "signature",
                     p->signature);
}

/* Header text to proof: X-Payment-Proof, or PAYMENT-SIGNATURE under "bridge". */
static bool decode(struct pt_proof *proof, const json_t *in, bool *wrong_input,
                   struct assay_err *why, struct assay_err *err)
{
    const char *header = operation_text(in, "header", false, err),
               *bridge = operation_text(in, "bridge", false, err);

    *wrong_input =
        header == NULL || bridge == NULL || !operation_not_both(in, "header", "bridge", true, err);
    if (*wrong_input)
        return false;
    return bridge[0] != '\0' ? pt_bridge_decode(proof, assay_str(bridge), why) == ASSAY_OK
                             : pt_proof_decode(proof, assay_str(header), why) == ASSAY_OK;
}

static enum operation_answer paid_proof_decode(const json_t *in, json_t **result,
                                               struct assay_err *err)
{
    static const char *const members[] = {"header", "bridge", NULL};
    struct pt_proof *proof = calloc(1, sizeof *proof);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_err why = {0};
    bool wrong_input = true;

    if (proof == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    } else if (!operation_members(in, members, err)) {
        answer = OPERATION_ERROR;
    } else if (decode(proof, in, &wrong_input, &why, err)) {
        *result = proof_json(proof);
        answer = OPERATION_OK;
    } else if (!wrong_input) {
        answer = refused(result, "PF-1", &why);
    }
    free(proof);
    return answer;
}

static enum operation_answer paid_proof_verify(const json_t *in, json_t **result,
                                               struct assay_err *err)
{
    static const char *const members[] = {"header", "bridge", "secret", "requestHash",
                                          "nowMs",  "ttlMs",  NULL};
    struct pt_proof *proof = calloc(1, sizeof *proof);
    enum operation_answer answer = OPERATION_ERROR;
    struct pt_verify with = {0};
    struct assay_err why = {0};
    const char *secret, *rule = "PF-1";
    bool wrong_input = true;

    if (proof == NULL || !operation_members(in, members, err) ||
        (secret = operation_text(in, "secret", true, err)) == NULL ||
        (with.request_hash = operation_text(in, "requestHash", true, err)) == NULL ||
        !operation_number(in, "nowMs", 0, &with.now_ms, err) ||
        !operation_number(in, "ttlMs", PT_DEFAULT_TTL_MS, &with.ttl_ms, err))
        goto out;
    with.secret = assay_str(secret);
    if (!decode(proof, in, &wrong_input, &why, err)) {
        answer = wrong_input ? OPERATION_ERROR : refused(result, rule, &why);
    } else if (pt_proof_verify(proof, &with, &rule, &why) != ASSAY_OK) {
        answer = refused(result, rule, &why);
    } else {
        *result = proof_json(proof);
        answer = OPERATION_OK;
    }
out:
    free(proof);
    return answer;
}

static enum operation_answer paid_challenge_check(const json_t *in, json_t **result,
                                                  struct assay_err *err)
{
    static const char *const members[] = {"body", "bodyBase64", "requestHash", NULL};
    struct assay_buf storage = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct pt_challenge challenge;
    struct assay_err why = {0};
    struct assay_bytes body;
    const char *hash;

    if (!operation_members(in, members, err) ||
        (hash = operation_text(in, "requestHash", true, err)) == NULL ||
        !body_in(in, &storage, &body, err))
        goto out;
    if (pt_challenge_parse(&challenge, body, &why) != ASSAY_OK)
        answer = refused(result, "CH-1", &why);
    else if (pt_challenge_check(&challenge, hash, &why) != ASSAY_OK)
        answer = refused(result, why.code == ASSAY_E_MISMATCH ? "CH-3" : "CH-2", &why);
    else {
        *result = json_pack("{s:s, s:s, s:s}", "nonce", challenge.nonce, "expiresAt",
                            challenge.expires_at, "price", challenge.price);
        answer = OPERATION_OK;
    }
out:
    assay_buf_fini(&storage);
    return answer;
}

const struct operation operations_paid[] = {
    {"paid.request_hash", "method, target, host?, body? or bodyBase64?",
     "requestHash, canonicalTarget", paid_request_hash},
    {"paid.mcp_hash", "path, body or bodyBase64", "kind, method, tool, requestHash?",
     paid_mcp_hash},
    {"paid.challenge.check", "body or bodyBase64, requestHash", "nonce, expiresAt, price",
     paid_challenge_check},
    {"paid.proof.mac", "secret, nonce, requestHash", "signature", paid_proof_mac},
    {"paid.proof.decode", "header or bridge", "the proof's members", paid_proof_decode},
    {"paid.proof.verify", "header or bridge, secret, requestHash, nowMs, ttlMs?",
     "the proof's members", paid_proof_verify},
    {0},
};
