/* A Kaspa x402 server in virtual time, for tests; see kx_shop.h. */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"
#include "base/hex.h"
#include "ref/tests/scarce.h"

#include <stdio.h>
#include <stdlib.h>

static const struct kx_route routes[] = {
    {.method = "GET", .path = "/report", .price = KX_WORLD_AMOUNT, .description = "a \"report\""},
    {.method = "GET", .path = "/other", .price = KX_WORLD_AMOUNT},
    {.method = "GET", .path = "/files/*", .price = KX_WORLD_AMOUNT},
    {.method = "GET", .path = "/files/free", .price = 0},
    {.method = "POST", .path = "/action", .price = KX_WORLD_AMOUNT},
    {.method = "GET", .path = "/notes", .price = KX_WORLD_AMOUNT},
    {.method = "POST", .path = "/notes", .price = KX_WORLD_AMOUNT},
    {.method = "GET", .path = "/additive", .price = KX_WORLD_AMOUNT, .is_additive = true},
    {.method = "GET", .path = "/private", .price = KX_WORLD_AMOUNT, .is_authenticated = true},
    {.method = "GET", .path = "/free", .price = 0},
    {.method = "GET", .path = "/batch", .price = SHOP_BATCH_PRICE, .is_batch = true},
    {.method = "POST", .path = "/batch", .price = SHOP_BATCH_PRICE, .is_batch = true},
    {.method = "GET", .path = "/batch/other", .price = SHOP_BATCH_PRICE, .is_batch = true},
    {.method = "GET",
     .path = "/batch/private",
     .price = SHOP_BATCH_PRICE,
     .is_authenticated = true,
     .is_batch = true},
    {.method = KX_CALL,
     .path = KX_TOOL "quote",
     .price = KX_WORLD_AMOUNT,
     .description = "a quote"},
    {.method = KX_CALL, .path = KX_TOOL "forecast", .price = KX_WORLD_AMOUNT},
    {.method = KX_CALL,
     .path = KX_TOOL "private",
     .price = KX_WORLD_AMOUNT,
     .is_authenticated = true},
    {.method = KX_CALL, .path = KX_TOOL "free", .price = 0},
    {.method = KX_CALL, .path = KX_TOOL "batch", .price = SHOP_BATCH_PRICE, .is_batch = true},
};
static const struct kx_principal principals[] = {
    {.name = "alice",
     .tenant = "a",
     .token = {(const uint8_t *)SHOP_TOKEN, sizeof(SHOP_TOKEN) - 1}},
    {.name = "bob", .token = {(const uint8_t *)SHOP_TOKEN_B, sizeof(SHOP_TOKEN_B) - 1}},
};

/* ---- the shop ---- */

void shop_open(struct shop *s)
{
    static const struct kx_store_limits limits = KX_STORE_LIMITS_DEFAULT;
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);

    *s = (struct shop){
        .core = {.network = KASPA_TESTNET,
                 .base_url = SHOP_URL,
                 .max_timeout_s = 60,
                 .policy = KX_EXACT_POLICY_INIT,
                 .routes = routes,
                 .route_count = ARRAY_LEN(routes),
                 .principals = principals,
                 .principal_count = ARRAY_LEN(principals),
                 .threshold = KX_THRESHOLD_MIN_DEFAULT,
                 .challenge_ms = 45000,
                 .accept_wait_ms = 1000,
                 .poll_ms = 250,
                 .caller_quota = 1000,
                 .running_max = 64,
                 .caller_running_max = 16,
                 .scope_running_max = 8,
                 .sweep_every_ms = 60000},
        .arena = ASSAY_ARENA_INIT((size_t)256 << 20),
        .log = ASSAY_BUF_INIT(1 << 20),
        .now_ms = KX_WORLD_NOW_MS,
        .last_sweep_ms = KX_WORLD_NOW_MS,
        .scope_running = 1,
        .accepts = true,
        .confirmations = 1,
        .result = {.status = 200,
                   .headers = {{ASSAY_LIT("content-type"), ASSAY_LIT("text/html")},
                               {ASSAY_LIT("Set-Cookie"), ASSAY_LIT("a=b")}},
                   .header_count = 2,
                   .body = ASSAY_LIT("<p>sun\0rain</p>")},
        .allocations = SIZE_MAX,
        .break_at = -1,
    };
    (void)snprintf(s->core.pay_to, sizeof(s->core.pay_to), "%s",
                   json_string_value(json_object_get(kx_world_terms(w), "payTo")));
    kx_world_free(w);
    cr_assert_eq(kx_core_check(&s->core, NULL), ASSAY_OK);
    cr_assert_eq(kx_store_memory_open(&s->store, &limits, NULL), ASSAY_OK);
}

void shop_close(struct shop *s)
{
    s->store->ops->close(s->store);
    for (size_t i = 0; i < s->kept_count; i++)
        json_decref(s->kept[i]);
    assay_buf_fini(&s->log);
    assay_arena_fini(&s->arena);
}

static json_t *keep(struct shop *s, json_t *value)
{
    cr_assert(value != NULL && s->kept_count < ARRAY_LEN(s->kept));
    return s->kept[s->kept_count++] = value;
}

static const char *text_of(struct shop *s, struct assay_bytes bytes)
{
    struct assay_bytes copy = assay_arena_copy(&s->arena, bytes);

    cr_assert_not_null(copy.at);
    return (const char *)copy.at;
}

static void note(struct shop *s, const char *what)
{
    assay_buf_add_str(&s->log, s->log.len > 0 ? "; " : "");
    assay_buf_add_str(&s->log, what);
}

const char *shop_log(struct shop *s)
{
    const char *text = text_of(s, assay_buf_view(&s->log));

    assay_buf_clear(&s->log);
    return text;
}

/* ---- memory: what stands between these two is what may fail for want of it ---- */

static void enter(const struct shop *s)
{
    scarce_enter(s->allocations);
}

static void leave(struct shop *s)
{
    scarce_leave(&s->allocations);
}

/* ---- the store ---- */

static const char *const questions[] = {
    [KX_ASK_IDENTIFIER] = "identifier",
    [KX_ASK_SCOPE] = "scope",
    [KX_ASK_ATTEMPT] = "attempt",
    [KX_ASK_PAYMENT] = "payment",
    [KX_ASK_HEAD] = "head",
    [KX_ASK_CHANNEL] = "channel",
    [KX_ASK_LINEAGE] = "lineage",
    [KX_ASK_OPERATION] = "operation",
    [KX_ASK_SELECT] = "select",
    [KX_ASK_CLAIM] = "claim",
    [KX_ASK_BROADCAST] = "broadcast",
    [KX_ASK_ACCEPT] = "accept",
    [KX_ASK_BEGIN] = "begin",
    [KX_ASK_RESET] = "reset",
    [KX_ASK_RESULT] = "result",
    [KX_ASK_RECOVERY] = "recovery",
    [KX_ASK_COMMIT] = "commit",
    [KX_ASK_ABANDON] = "abandon",
    [KX_ASK_ABANDON_REFUSED] = "abandon refused",
    [KX_ASK_HEAD_LOST] = "head lost",
    [KX_ASK_FOLLOW] = "follow",
};

/* ---- errands ---- */

static struct assay_bytes bearer(struct shop *s, const char *token)
{
    return token != NULL ? assay_str(assay_arena_printf(&s->arena, "Bearer %s", token))
                         : ASSAY_LIT("");
}

struct shop_errand *shop_begin(struct shop *s, const struct shop_ask *ask)
{
    struct shop_errand *e = calloc(1, sizeof(*e));

    cr_assert_not_null(e);
    e->shop = s;
    e->core = kx_core_request_new(&s->core);
    cr_assert_not_null(e->core);
    e->event = (struct kx_event_request){
        .method = assay_str(ask->method != NULL ? ask->method : "GET"),
        .target = assay_str(ask->target != NULL ? ask->target : "/report"),
        .tool = ask->tool,
        .host = assay_str(ask->host != NULL ? ask->host : "shop.test:8402"),
        .body = assay_str(ask->body),
        .content_type = assay_str(ask->type != NULL ? ask->type : "text/plain"),
        .payment = assay_str(ask->payment),
        .legacy = assay_str(ask->legacy),
        .authorization = bearer(s, ask->token),
        .now_ms = s->now_ms,
        .last_sweep_ms = s->last_sweep_ms,
        .requests = s->requests,
        .caller_requests = s->caller_requests,
        .running = s->running,
        .caller_running = s->caller_running,
        .random = s->random,
        .daa_score = s->daa_score,
        .daa_age_ms = s->daa_age_ms,
        .supported = s->supported,
    };
    enter(s);
    e->action = kx_core_request(e->core, &e->event);
    leave(s);
    e->sweep = e->action.sweep;
    return e;
}

static struct kx_action carry_out_store(struct shop_errand *e)
{
    struct shop *s = e->shop;
    struct kx_store_answer answer = {.done = false};
    enum assay_code code = s->break_code;
    struct kx_action next;

    note(s, questions[e->action.ask]);
    enter(s);
    if (s->break_at != (int)e->action.ask)
        code = kx_core_ask_store(e->core, &e->action, s->store, &answer);
    next = kx_core_store(e->core, code, &answer, s->now_ms);
    leave(s);
    return next;
}

static struct kx_action carry_out_look(struct shop_errand *e)
{
    struct shop *s = e->shop;
    struct kx_sight sight;
    struct kx_action next;
    enum assay_code code;

    note(s, e->action.look->has_tx ? "look" : "coins");
    cr_assert(e->action.wait_ms >= 0);
    s->now_ms += e->action.wait_ms;
    code = shop_look(s, &sight, kx_core_arena(e->core), e->action.look);
    enter(s);
    next = kx_core_sight(e->core, code, &sight, s->now_ms);
    leave(s);
    return next;
}

static struct kx_action carry_out_submit(struct shop_errand *e)
{
    struct shop *s = e->shop;
    enum assay_code code = shop_submit(s, e->action.tx);
    struct kx_action next;

    enter(s);
    next = kx_core_submitted(e->core, code, !s->is_unsent, s->now_ms);
    leave(s);
    return next;
}

static struct kx_action carry_out_handler(struct shop_errand *e)
{
    struct shop *s = e->shop;
    struct kx_action next;

    note(s, "run");
    s->runs += s->is_unreached ? 0 : 1;
    s->ran_target = text_of(s, e->action.target);
    enter(s);
    next = kx_core_result(e->core, s->handler_code, !s->is_unreached, &s->result, s->now_ms);
    leave(s);
    return next;
}

static struct kx_facilitator_word word_of_settlement(struct shop *s)
{
    struct kx_facilitator_word word = s->settled[s->settle_calls++ > 0];
    struct assay_buf name = ASSAY_BUF_INIT(64);

    if (word.word == KX_WORD_YES && s->settles_anew && s->transactions++ > 0) {
        assay_buf_add(&name, word.transaction);
        assay_buf_printf(&name, "%u", s->transactions);
        word.transaction = assay_str(text_of(s, assay_buf_view(&name)));
    }
    assay_buf_fini(&name);
    return word;
}

static struct kx_action carry_out_call(struct shop_errand *e)
{
    struct shop *s = e->shop;
    struct kx_facilitator_word word = s->verified;
    struct kx_action next;
    struct assay_buf body = ASSAY_BUF_INIT(1 << 20);

    x402_request_write(&body, e->action.facilitator);
    s->asked = text_of(s, assay_buf_view(&body));
    assay_buf_fini(&body);
    if (e->action.call == KX_FACILITATOR_VERIFY) {
        note(s, "verify");
        s->verify_calls++;
    } else {
        note(s, "settle");
        word = word_of_settlement(s);
    }
    enter(s);
    next = kx_core_facilitated(e->core, &word, s->now_ms);
    leave(s);
    return next;
}

bool shop_step(struct shop_errand *e)
{
    struct shop *s = e->shop;

    switch (e->action.kind) {
    case KX_DO_STORE:
        e->action = carry_out_store(e);
        return true;
    case KX_DO_LOOK:
        e->action = carry_out_look(e);
        return true;
    case KX_DO_SUBMIT:
        note(s, "submit");
        e->action = carry_out_submit(e);
        return true;
    case KX_DO_ORIGIN:
        e->action = carry_out_handler(e);
        return true;
    case KX_DO_FACILITATOR:
        e->action = carry_out_call(e);
        return true;
    case KX_DO_ADMIT:
        note(s, "admit");
        enter(s);
        e->action = kx_core_admitted(e->core, s->scope_running, s->now_ms);
        leave(s);
        return true;
    case KX_DO_RESPOND:
        break;
    }
    return false;
}

static json_t *decode(struct shop *s, struct assay_bytes value)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    json_t *decoded;

    cr_assert_eq(assay_base64_decode(&text, ASSAY_BASE64_STD, value, NULL), ASSAY_OK);
    decoded = keep(s, json_loads(assay_buf_cstr(&text), JSON_REJECT_DUPLICATES, NULL));
    assay_buf_fini(&text);
    return decoded;
}

static void read_headers(struct shop *s, struct shop_reply *reply, const struct kx_response *from)
{
    for (size_t i = 0; i < from->header_count; i++) {
        struct assay_bytes name = assay_arena_copy(&s->arena, from->headers[i].name);
        struct assay_bytes value = assay_arena_copy(&s->arena, from->headers[i].value);

        reply->headers[reply->header_count++] = (struct kx_field){name, value};
        if (assay_bytes_is(name, "PAYMENT-REQUIRED"))
            reply->offer = decode(s, value);
        if (assay_bytes_is(name, "PAYMENT-RESPONSE")) {
            reply->receipt = (const char *)value.at;
            reply->settlement = decode(s, value);
        }
    }
}

static const char *error_of(struct shop *s, const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    const char *error = json_string_value(json_object_get(root, "error"));

    if (error == NULL) {
        json_decref(root);
        return NULL;
    }
    return json_string_value(json_object_get(keep(s, root), "error"));
}

struct shop_reply shop_end(struct shop_errand *e)
{
    struct shop *s = e->shop;
    const struct kx_response *from = &e->action.response;
    struct shop_reply reply = {
        .status = from->status,
        .body = text_of(s, from->body),
        .body_len = from->body.len,
        .type = from->content_type.len > 0 ? text_of(s, from->content_type) : NULL,
        .rule = e->action.rule,
        .retry_after_s = from->retry_after_s,
        .no_store = from->no_store,
        .sweep = e->sweep,
    };
    char status[16];

    cr_assert_eq(e->action.kind, KX_DO_RESPOND);
    read_headers(s, &reply, from);
    reply.error = error_of(s, reply.body);
    (void)snprintf(status, sizeof(status), "%d", reply.status);
    note(s, status);
    shop_drop(e);
    return reply;
}

void shop_drop(struct shop_errand *e)
{
    kx_core_request_free(e->core);
    free(e);
}

struct shop_reply shop_send(struct shop *s, const struct shop_ask *ask)
{
    struct shop_errand *e = shop_begin(s, ask);
    int steps = 0;

    while (shop_step(e))
        cr_assert_lt(++steps, SHOP_STEPS_MAX, "no end: %s", shop_log(s));
    return shop_end(e);
}

/* ---- payments ---- */

static json_t *context_of(const char *token)
{
    if (token == NULL)
        return NULL;
    if (strcmp(token, SHOP_TOKEN) == 0)
        return json_pack("{s:s, s:s, s:s, s:[], s:{}}", "version",
                         "kaspa-x402-trusted-security-context-v1", "principal", "alice", "tenant",
                         "a", "authorizationScopes", "handlerState");
    return json_pack("{s:s, s:s, s:n, s:[], s:{}}", "version",
                     "kaspa-x402-trusted-security-context-v1", "principal", "bob", "tenant",
                     "authorizationScopes", "handlerState");
}

/* Section 17; by the caller it is bound once more, where he is known. */
static const char *call_hash(struct kx_world *w, const struct shop_ask *ask)
{
    const struct kx_tool_call *tool = ask->tool;
    char *out = assay_arena_alloc(&w->arena, X402_HASH_TEXT_BYTES);
    char terms[X402_HASH_TEXT_BYTES], base[X402_HASH_TEXT_BYTES], caller[X402_HASH_TEXT_BYTES];
    json_t *arguments = json_loadb((const char *)tool->arguments.at, tool->arguments.len, 0, NULL);
    json_t *call, *binding;

    kx_world_hash(terms, w->accepted);
    if (w->context != NULL)
        kx_world_hash(caller, w->context);
    call = json_pack("{s:s, s:s%, s:s%, s:o*, s:s, s:{s:o}, s:s?}", "scope",
                     "kaspa:x402:mcp-tool-call:v3", "audience", tool->audience.at,
                     tool->audience.len, "toolName", tool->name.at, tool->name.len, "arguments",
                     arguments != NULL ? arguments : json_null(), "paymentRequirementsHash", terms,
                     "resource", "url", json_sprintf("mcp:/%s", ask->target), "securityContextHash",
                     w->context != NULL ? caller : NULL);
    cr_assert_not_null(call);
    kx_world_hash(w->context != NULL ? base : out, call);
    json_decref(call);
    if (w->context == NULL)
        return out;
    binding = json_pack("{s:s, s:s, s:s}", "requestHash", base, "scope",
                        "kaspa:x402:trusted-request-context:v1", "securityContextHash", caller);
    kx_world_hash(out, binding);
    json_decref(binding);
    return out;
}

struct kx_world *shop_offer(struct shop *s, const struct shop_ask *ask, size_t entry)
{
    struct kx_world *w = kx_world_new(entry == 0 ? KX_STANDARD_NATIVE : KX_ADDITIVE);
    struct shop_ask unpaid = *ask;
    struct shop_reply reply;

    unpaid.payment = NULL;
    reply = shop_send(s, &unpaid);
    cr_assert_eq(reply.status, 402, "%d %s", reply.status, reply.body);
    cr_assert_not_null(reply.offer);
    json_decref(w->required);
    w->required = json_deep_copy(reply.offer);
    w->accepted = json_deep_copy(json_array_get(json_object_get(reply.offer, "accepts"), entry));
    cr_assert_not_null(w->accepted);
    w->method = ask->method != NULL ? ask->method : "GET";
    w->url = assay_arena_printf(&w->arena, "%s%s", SHOP_URL,
                                ask->target != NULL ? ask->target : "/report");
    w->body = ask->body;
    w->context = context_of(ask->token);
    if (ask->tool != NULL)
        w->request_hash = call_hash(w, ask);
    return w;
}

const char *shop_header(struct shop *s, const json_t *payment)
{
    char *text = json_dumps(payment, JSON_COMPACT | JSON_SORT_KEYS);
    struct assay_buf header = ASSAY_BUF_INIT(1 << 20);
    const char *value;

    cr_assert_not_null(text);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    value = text_of(s, assay_buf_view(&header));
    assay_buf_fini(&header);
    free(text);
    return value;
}

const char *shop_seal(struct shop *s, struct kx_world *w)
{
    kx_world_build(w);
    kx_world_sign(w);
    kx_world_write(w);
    kx_world_pay(w);
    for (size_t i = 0; i < w->plan.spend_count; i++)
        shop_add_coin(s, &w->spends[i].outpoint, &w->spends[i].utxo);
    return shop_header(s, w->payment);
}

struct shop_tx *shop_publish(struct shop *s, struct kx_world *w)
{
    struct shop_tx *tx = shop_take(s, &w->tx);

    shop_accept(s, tx, 1);
    return tx;
}

const char *shop_pay(struct shop *s, const struct shop_ask *ask)
{
    struct kx_world *w = shop_offer(s, ask, 0);
    const char *header = shop_seal(s, w);

    kx_world_free(w);
    (void)shop_log(s);
    return header;
}

void shop_other_coin(struct kx_world *w, uint8_t number)
{
    w->spends[w->plan.spend_count - 1].outpoint.txid.at[31] = number;
}

void shop_resign(struct kx_world *w)
{
    json_t *payload = kx_world_payload(w), *text;
    json_t *input;
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES], aux[32] = {1};
    struct kaspa_hash message;
    char *again;

    kaspa_sighash_schnorr(&message, &w->tx, 0, &w->hints[0], KASPA_SIGHASH_ALL, NULL);
    push[0] = ASSAY_SIG_BYTES + 1;
    cr_assert_eq(assay_schnorr_sign(push + 1, message.at, &w->payer, aux), ASSAY_OK);
    push[KASPA_SIGNATURE_PUSH_BYTES - 1] = KASPA_SIGHASH_ALL;
    text = json_loads(json_string_value(json_object_get(payload, "transaction")), 0, NULL);
    input = json_array_get(json_object_get(text, "inputs"), 0);
    json_object_set_new(input, "signatureScript", kx_world_hex(assay_bytes_of(push, sizeof(push))));
    again = json_dumps(text, JSON_COMPACT);
    kx_world_set(payload, "transaction", again);
    free(again);
    json_decref(text);
}

void shop_register_head(struct shop *s, struct kx_world *w)
{
    struct kx_head_record head = {.version = 7,
                                  .outpoint = w->spends[0].outpoint,
                                  .amount = KX_WORLD_HEAD_AMOUNT,
                                  .threshold = KX_THRESHOLD_MIN_DEFAULT};

    memset(head.id, 0x90, sizeof(head.id));
    memcpy(head.owner, w->owner.xonly, sizeof(head.owner));
    cr_assert_eq(s->store->ops->register_head(s->store, &head, NULL), ASSAY_OK);
}
