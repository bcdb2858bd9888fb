/* The answers of a paid-tools server: what stands in them, and what may keep a copy. */
#include "base/json.h"
#include "core/paid_tools_request.h"
#include "defects/defects.h"
#include "paid_tools/text.h"

static const char no_store[] = "no-store";
static const char private_no_store[] = "private, no-store";

/* What a paid answer may be kept by. */
static const char *paid_cache(void)
{
    return REF_DEFECT(answer_cacheable) ? NULL : private_no_store;
}

struct pt_response pt_core_response(int status, struct assay_bytes content_type,
                                    struct assay_bytes body, const char *cache_control)
{
    return (struct pt_response){.status = status,
                                .content_type = content_type,
                                .body = body,
                                .cache_control = cache_control,
                                .payment_required = ASSAY_LIT("")};
}

/* A response whose body is what stands in r->body. */
static struct pt_response written(const struct pt_core_request *r, int status)
{
    return pt_core_response(status, ASSAY_LIT("application/json; charset=utf-8"),
                            assay_buf_view(&r->body), no_store);
}

struct pt_response pt_core_refusal(struct pt_core_request *r, int status, const char *error,
                                   const char *hint)
{
    assay_buf_clear(&r->body);
    assay_buf_add_byte(&r->body, '{');
    pt_text_member(&r->body, "error", error);
    if (hint != NULL)
        pt_text_member(&r->body, "hint", hint);
    assay_buf_add_byte(&r->body, '}');
    return written(r, status);
}

/* Of defect desync.payer_reflected. */
static struct pt_response reflect_payer(struct pt_core_request *r, const char *error)
{
    assay_buf_clear(&r->body);
    assay_buf_printf(&r->body, "{\"error\":\"%s\",\"hint\":\"payer: %s\"}", error, r->proof.payer);
    return written(r, 402);
}

static struct pt_response refuse_proof(struct pt_core_request *r, const char *error)
{
    if (REF_DEFECT(payer_reflected) && r->has_proof)
        return reflect_payer(r, error);
    return pt_core_refusal(r, 402, error, "Ask again without a proof to get a fresh challenge.");
}

struct pt_response pt_core_invalid(struct pt_core_request *r)
{
    return refuse_proof(r, "Invalid or expired payment proof");
}

struct pt_response pt_core_replayed(struct pt_core_request *r)
{
    return refuse_proof(r, "Nonce already used (replay detected)");
}

struct pt_response pt_core_conflict(struct pt_core_request *r, const char *error)
{
    assay_buf_clear(&r->body);
    assay_buf_add_byte(&r->body, '{');
    pt_text_member(&r->body, "error", error);
    assay_buf_add_str(&r->body, ",\"idempotencyKey\":");
    assay_json_add_string(&r->body, r->event.key);
    assay_buf_add_byte(&r->body, '}');
    return written(r, 409);
}

int64_t pt_core_lifetime_ms(const struct pt_core *core)
{
    return REF_DEFECT(ttl_unit) ? core->ttl_ms * 1000 : core->ttl_ms;
}

/* pt_core_check has seen to it that every text fits. */
static void put(char *out, const char *text)
{
    (void)!pt_text_copy(out, PT_TEXT_MAX_BYTES, text);
}

void pt_core_terms(struct pt_challenge *terms, const struct pt_core_request *r, const char *hash)
{
    *terms = (struct pt_challenge){.version = 1};
    put(terms->scheme, "exact");
    put(terms->price, REF_DEFECT(price_of_another) ? r->core->routes[0].price : r->price);
    put(terms->asset, r->core->asset);
    put(terms->network, r->core->network);
    put(terms->recipient, r->core->recipient);
    put(terms->description, r->description);
    put(terms->request_hash, hash);
    terms->timeout_s = (uint64_t)(pt_core_lifetime_ms(r->core) / 1000);
}

/* Of defect nonce.predictable: the second of issue and twelve random bits. */
static void weaken(uint8_t random[16], int64_t *now_ms)
{
    int64_t second = *now_ms / 1000;

    *now_ms = second * 1000;
    random[5] &= 0x0F;
    memset(random + 6, 0, 10);
    for (int i = 0; i < 4; i++)
        random[i] = (uint8_t)(second >> (8 * i));
}

static void issue(struct pt_core_request *r)
{
    int64_t now_ms = r->claim.now_ms;
    uint8_t random[16];

    memcpy(random, r->event.random, sizeof(random));
    if (REF_DEFECT(nonce_predictable))
        weaken(random, &now_ms);
    pt_core_terms(&r->challenge, r, r->hash);
    assay_time_text(r->challenge.expires_at, now_ms + pt_core_lifetime_ms(r->core));
    switch (r->core->rules) {
    case PT_RULES_BASE:
        assay_uuid_v4_text(r->challenge.nonce, random);
        return;
    case PT_RULES_HARDENED:
        pt_nonce_issue(&r->challenge, r->core->secret, random);
        return;
    }
}

struct pt_response pt_core_challenge(struct pt_core_request *r)
{
    struct pt_response response;

    issue(r);
    assay_buf_clear(&r->body);
    assay_buf_clear(&r->header);
    if (r->core->wire == PT_WIRE_COINBASE)
        assay_buf_add_str(&r->body, "{\"error\":\"Payment Required\"}");
    else
        pt_challenge_write(&r->body, &r->challenge);
    if (r->core->wire != PT_WIRE_TOOLKIT &&
        pt_bridge_required(&r->header, &r->challenge, assay_buf_view(&r->path), r->core->places,
                           NULL) != ASSAY_OK)
        r->header.bad = ASSAY_E_RANGE;
    response = written(r, 402);
    response.payment_required = assay_buf_view(&r->header);
    if (REF_DEFECT(answer_cacheable))
        response.cache_control = NULL;
    return response;
}

/* {"jsonrpc":"2.0","id":…, and the rest is the caller's, with its brace. */
static void begin_rpc(struct pt_core_request *r)
{
    assay_buf_clear(&r->body);
    assay_buf_add_str(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":");
    assay_buf_add(&r->body, assay_buf_view(&r->id));
}

static struct pt_response tool_result(struct pt_core_request *r, struct assay_bytes text,
                                      bool is_error)
{
    begin_rpc(r);
    assay_buf_add_str(&r->body, ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
    assay_json_add_string(&r->body, text);
    assay_buf_add_str(&r->body, "}],\"isError\":");
    assay_buf_add_str(&r->body, is_error ? "true}}" : "false}}");
    return written(r, 200);
}

struct pt_response pt_core_deliver(struct pt_core_request *r, const struct ref_answer *answer)
{
    struct pt_response response =
        pt_core_response(answer->status, answer->content_type, answer->body, NULL);

    if (r->is_mcp)
        response = tool_result(r, answer->body, answer->status >= 400);
    response.cache_control = paid_cache();
    response.granted = true;
    return response;
}

struct pt_response pt_core_replay(const struct ref_answer *answer)
{
    struct pt_response response =
        pt_core_response(answer->status, answer->content_type, answer->body, paid_cache());

    response.replay = true;
    response.granted = true;
    if (REF_DEFECT(key_loses_type))
        response.content_type = ASSAY_LIT("text/plain; charset=utf-8");
    return response;
}

struct pt_response pt_core_failed(struct pt_core_request *r, int status)
{
    bool is_kept = r->core->rules == PT_RULES_HARDENED;

    if (r->is_mcp)
        return tool_result(r,
                           is_kept ? ASSAY_LIT("The tool failed. The payment was not used.")
                                   : ASSAY_LIT("The tool failed. The payment is spent."),
                           true);
    return pt_core_refusal(r, status, "The handler failed",
                           is_kept ? "The payment was not used: send the same proof again."
                                   : "The payment is spent.");
}

struct pt_response pt_core_rpc_error(struct pt_core_request *r, int status, int code,
                                     const char *message)
{
    begin_rpc(r);
    assay_buf_printf(&r->body, ",\"error\":{\"code\":%d", code);
    pt_text_member(&r->body, "message", message);
    assay_buf_add_str(&r->body, "}}");
    return written(r, status);
}

static struct pt_response list_tools(struct pt_core_request *r)
{
    begin_rpc(r);
    assay_buf_add_str(&r->body, ",\"result\":{\"tools\":[");
    for (size_t i = 0; r->core->mcp_tools != NULL && r->core->mcp_tools[i] != NULL; i++) {
        assay_buf_add_str(&r->body, i > 0 ? ",{" : "{");
        pt_text_member(&r->body, "name", r->core->mcp_tools[i]);
        assay_buf_add_str(&r->body, ",\"inputSchema\":{\"type\":\"object\"}}");
    }
    assay_buf_add_str(&r->body, "]}}");
    return written(r, 200);
}

struct pt_response pt_core_mcp_free(struct pt_core_request *r)
{
    const char *method = r->call.method;

    if (method[0] == '\0')
        return pt_core_rpc_error(r, 400, -32600, "Invalid Request");
    if (assay_bytes_is(assay_buf_view(&r->id),
                       "null")) /* a notification: there is no one to answer */
        return pt_core_response(202, ASSAY_LIT(""), ASSAY_LIT(""), no_store);
    if (strcmp(method, "tools/list") == 0)
        return list_tools(r);
    if (strcmp(method, "tools/call") == 0)
        return pt_core_rpc_error(r, 200, -32602, "Invalid params");
    begin_rpc(r);
    if (strcmp(method, "ping") == 0)
        assay_buf_add_str(&r->body, ",\"result\":{}}");
    else if (strcmp(method, "initialize") == 0)
        assay_buf_add_str(&r->body,
                          ",\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":"
                          "{\"tools\":{}},\"serverInfo\":{\"name\":\"assay paid-tools reference\","
                          "\"version\":\"1\"}}}");
    else
        return pt_core_rpc_error(r, 200, -32601, "Method not found");
    return written(r, 200);
}
