/* The decision core of a Kaspa x402 server in virtual time: what it asks for, in which order, and
 * what it answers. Sections are those of the exact digest. */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"
#include "base/hex.h"

static struct shop shop;

static void open_shop(void)
{
    shop_open(&shop);
}

static void close_shop(void)
{
    shop_close(&shop);
}

TestSuite(kx_core, .init = open_shop, .fini = close_shop);

static struct shop_reply get(const char *target)
{
    return shop_send(&shop, &(struct shop_ask){.target = target});
}

static void expect_error(const struct shop_reply *reply, int status, const char *error,
                         const char *row)
{
    cr_expect_eq(reply->status, status, "%s: %d %s", row, reply->status, reply->body);
    cr_expect(reply->error != NULL && strcmp(reply->error, error) == 0, "%s: %s", row, reply->body);
    cr_expect_str_eq(reply->type, "application/json", "%s", row);
    cr_expect(reply->no_store, "%s", row);
    cr_expect_eq(shop.runs, 0, "%s", row);
    cr_expect_eq(shop.submissions, 0, "%s", row);
}

/* A fresh offer, whose error is the one of the body, or without a word. */
static void expect_challenge(const struct shop_reply *reply, const char *error, const char *row)
{
    const char *in_offer = json_string_value(json_object_get(reply->offer, "error"));

    cr_expect_eq(reply->status, 402, "%s: %d %s", row, reply->status, reply->body);
    cr_expect_not_null(reply->offer, "%s", row);
    cr_expect_eq(in_offer == NULL, error == NULL, "%s: %s", row, reply->body);
    if (error != NULL) {
        cr_expect_str_eq(in_offer, error, "%s: rule %s", row, reply->rule);
        cr_expect(reply->error != NULL && strcmp(reply->error, error) == 0, "%s: %s", row,
                  reply->body);
    }
    cr_expect_str_eq(reply->type, "application/json", "%s", row);
    cr_expect(reply->no_store, "%s", row);
    cr_expect_eq(shop.runs, 0, "%s", row);
    cr_expect_eq(shop.submissions, 0, "%s", row);
}

/* ---- the order of decisions ---- */

Test(kx_core, asks_for_one_thing_after_another)
{
    struct shop_ask ask = {.target = "/report"};

    (void)get("/report");
    cr_expect_str_eq(shop_log(&shop), "402");
    (void)get("/free");
    cr_expect_str_eq(shop_log(&shop), "run; 200");
    shop.runs = 0;
    ask.payment = shop_pay(&shop, &ask);
    cr_expect_eq(shop_send(&shop, &ask).status, 200);
    cr_expect_str_eq(shop_log(&shop), "admit; identifier; scope; payment; attempt; coins; claim; "
                                      "submit; broadcast; look; accept; begin; run; result; "
                                      "commit; 200");
    cr_expect_eq(shop_send(&shop, &ask).status, 200);
    cr_expect_str_eq(shop_log(&shop), "admit; identifier; payment; 200");
    cr_expect_eq(shop.runs, 1);
    cr_expect_eq(shop.submissions, 1);
}

Test(kx_core, asks_for_a_head_where_one_is_paid)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE), *w;
    struct shop_ask ask = {.target = "/additive"};

    shop_register_head(&shop, head);
    w = shop_offer(&shop, &ask, 1);
    cr_expect_str_eq(shop_log(&shop), "select; 402");
    ask.payment = shop_seal(&shop, w);
    cr_expect_eq(shop_send(&shop, &ask).status, 200);
    cr_expect_str_eq(shop_log(&shop), "admit; identifier; scope; head; payment; attempt; coins; "
                                      "claim; submit; broadcast; look; accept; begin; run; "
                                      "result; commit; 200");
    kx_world_free(w);
    kx_world_free(head);
}

/* ---- what needs no payment ---- */

Test(kx_core, routes_before_it_prices)
{
    static const struct {
        const char *name, *method, *target, *host, *token;
        int status;
        const char *error, *allow;
    } rows[] = {
        {"unknown", "GET", "/unknown", NULL, NULL, 404, "not_found", NULL},
        {"another spelling", "GET", "/%72eport", NULL, NULL, 404, "not_found", NULL},
        {"case", "GET", "/Report", NULL, NULL, 404, "not_found", NULL},
        {"two slashes", "GET", "//report", NULL, NULL, 404, "not_found", NULL},
        {"HEAD", "HEAD", "/report", NULL, NULL, 405, "method_not_allowed", "GET"},
        {"OPTIONS", "OPTIONS", "/notes", NULL, NULL, 405, "method_not_allowed", "GET, POST"},
        {"lower case", "get", "/report", NULL, NULL, 405, "method_not_allowed", "GET"},
        {"wrong method", "GET", "/action", NULL, NULL, 405, "method_not_allowed", "POST"},
        {"no host", "GET", "/report", "", NULL, 400, "invalid_resource_url", NULL},
        {"host with a path", "GET", "/report", "shop.test:8402/x", NULL, 400,
         "invalid_resource_url", NULL},
        {"host with a query", "GET", "/report", "shop.test:8402?", NULL, 400,
         "invalid_resource_url", NULL},
        {"user information", "GET", "/report", "a@shop.test:8402", NULL, 400,
         "invalid_resource_url", NULL},
        {"two hosts", "GET", "/report", "shop.test:8402, b", NULL, 400, "invalid_resource_url",
         NULL},
        {"another host", "GET", "/report", "evil.test:8402", NULL, 400, "resource_url_mismatch",
         NULL},
        {"another port", "GET", "/report", "shop.test", NULL, 400, "resource_url_mismatch", NULL},
        {"no target", "GET", "", NULL, NULL, 400, "invalid_resource_url", NULL},
        {"asterisk", "OPTIONS", "*", NULL, NULL, 400, "invalid_resource_url", NULL},
        {"a space", "GET", "/re port", NULL, NULL, 400, "invalid_resource_url", NULL},
        {"absolute, elsewhere", "GET", "http://evil.test:8402/report", NULL, NULL, 400,
         "resource_url_mismatch", NULL},
        {"absolute, other scheme", "GET", "https://shop.test:8402/report", NULL, NULL, 400,
         "resource_url_mismatch", NULL},
        {"longer host", "GET", "http://shop.test.evil:8402/report", NULL, NULL, 400,
         "resource_url_mismatch", NULL},
        {"no caller", "GET", "/private", NULL, NULL, 400, "missing_trusted_security_context", NULL},
        {"unknown caller", "GET", "/private", NULL, "eve", 400, "missing_trusted_security_context",
         NULL},
        {"caller of a public route", "GET", "/report", NULL, SHOP_TOKEN, 400,
         "invalid_route_access", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply = shop_send(&shop, &(struct shop_ask){.method = rows[i].method,
                                                                      .target = rows[i].target,
                                                                      .host = rows[i].host,
                                                                      .token = rows[i].token});

        expect_error(&reply, rows[i].status, rows[i].error, rows[i].name);
        cr_expect_eq(reply.header_count, rows[i].allow != NULL ? 1 : 0, "%s", rows[i].name);
        if (rows[i].allow != NULL)
            cr_expect(assay_bytes_is(reply.headers[0].value, rows[i].allow), "%s", rows[i].name);
    }
}

/* Section 2.3: what is priced, and what the handler is given, is one normal form. */
Test(kx_core, resolves_every_spelling_of_a_resource)
{
    static const struct {
        const char *target, *host, *resource;
    } rows[] = {
        {"/report", NULL, "/report"},
        {"/./report", NULL, "/report"},
        {"/free/../report", NULL, "/report"},
        {"/free/%2e%2E/report#part", NULL, "/report"},
        {"/report?b=2&a=1", NULL, "/report?b=2&a=1"},
        {"/report?", NULL, "/report?"},
        {"http://shop.test:8402/report", NULL, "/report"},
        {"HTTP://SHOP.test:8402/./report", "SHOP.TEST:8402", "/report"},
        {"/files/a/b", NULL, "/files/a/b"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply =
            shop_send(&shop, &(struct shop_ask){.target = rows[i].target, .host = rows[i].host});
        const char *url =
            json_string_value(json_object_get(json_object_get(reply.offer, "resource"), "url"));

        expect_challenge(&reply, NULL, rows[i].target);
        cr_expect_str_eq(url, assay_arena_printf(&shop.arena, SHOP_URL "%s", rows[i].resource));
    }
    (void)get("/report/../free?x#y");
    cr_expect_str_eq(shop.ran_target, "/free?x");
    (void)get("/files/free");
    cr_expect_eq(shop.runs, 2);
}

Test(kx_core, limits_before_it_reads)
{
    static const struct {
        uint32_t requests, running, caller_running, scope_running;
        const char *error;
    } rows[] = {
        {1000, 64, 16, 8, NULL},
        {1001, 64, 16, 8, "caller_quota_exceeded"},
        {1000, 65, 16, 8, "global_concurrency_exceeded"},
        {1000, 64, 17, 8, "caller_concurrency_exceeded"},
        {1000, 64, 16, 9, "channel_concurrency_exceeded"},
    };
    struct shop_ask ask = {.target = "/report"};

    ask.payment = shop_pay(&shop, &ask);
    for (size_t i = ARRAY_LEN(rows); i-- > 0;) { /* the one that is served comes last */
        struct shop_reply reply;

        shop.caller_requests = rows[i].requests;
        shop.running = rows[i].running;
        shop.caller_running = rows[i].caller_running;
        shop.scope_running = rows[i].scope_running;
        reply = shop_send(&shop, &ask);
        if (rows[i].error == NULL) {
            cr_expect_eq(reply.status, 200);
            continue;
        }
        expect_error(&reply, 429, rows[i].error, rows[i].error);
        cr_expect_eq(reply.retry_after_s, 1);
        cr_expect_str_eq(reply.rule, "limits.concurrency");
    }
}

Test(kx_core, passes_a_free_answer_on)
{
    struct shop_reply reply = get("/free");

    cr_expect_eq(reply.status, 200);
    cr_expect_eq(reply.body_len, shop.result.body.len);
    cr_expect_str_eq(reply.type, "text/html");
    cr_expect_not(reply.no_store);
    shop.handler_code = ASSAY_E_TIMEOUT;
    reply = get("/free");
    cr_expect_eq(reply.status, 502);
    cr_expect_null(reply.offer);
}

Test(kx_core, asks_for_a_sweep_when_the_last_one_is_old)
{
    cr_expect_not(get("/report").sweep);
    shop.now_ms += 59999;
    cr_expect_not(get("/report").sweep);
    shop.now_ms++;
    cr_expect(get("/free").sweep);
}

/* ---- offers ---- */

static void expect_terms(json_t *entry, enum kx_profile profile, const char *row)
{
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
    struct assay_json doc = kx_world_doc(w, entry);
    struct x402_terms terms;
    struct kx_terms read;
    struct assay_err err = {0};

    cr_assert_eq(x402_terms_read(&terms, &w->arena, &doc, 0, &err), X402_FAULT_NONE, "%s", row);
    cr_expect_eq(kx_terms_read(&read, &w->arena, &doc, &terms, &err), KX_TERMS_OK, "%s: %s", row,
                 err.text);
    cr_expect_eq(read.profile, profile, "%s", row);
    cr_expect_eq(read.amount, KX_WORLD_AMOUNT, "%s", row);
    cr_expect_eq(read.max_timeout_s, 60, "%s", row);
    cr_expect_eq(read.finality, shop.core.policy.finality, "%s", row);
    if (profile == KX_ADDITIVE) {
        char id[X402_HASH_TEXT_BYTES], offered[X402_HASH_TEXT_BYTES];

        cr_assert_eq(kx_additive_challenge_id(id, &read), ASSAY_OK);
        assay_hex_encode(offered, assay_bytes_of(read.challenge_id, sizeof(read.challenge_id)));
        cr_expect_str_eq(offered, id, "%s: the challenge is the derived one", row);
    }
    kx_world_free(w);
}

/* Sections 3.1 to 3.3 and 4: canonical, and alike in header and body. */
Test(kx_core, offers_what_the_readers_read)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE);
    struct shop_reply reply = get("/additive");
    char *text;

    cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), 1, "no head yet");
    shop_register_head(&shop, head);
    shop.core.policy.finality = KX_FINALITY_CONFIRMED;
    reply = get("/additive");
    expect_challenge(&reply, NULL, "additive");
    cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), 2);
    expect_terms(json_array_get(json_object_get(reply.offer, "accepts"), 0), KX_STANDARD_NATIVE,
                 "standard");
    expect_terms(json_array_get(json_object_get(reply.offer, "accepts"), 1), KX_ADDITIVE,
                 "additive");
    text = json_dumps(reply.offer, JSON_COMPACT | JSON_SORT_KEYS);
    cr_expect_str_eq(reply.body, text, "canonical");
    free(text);
    kx_world_free(head);
}

/* Section 12: required, with a schema, and no id yet. */
Test(kx_core, advertises_the_payment_identifier)
{
    struct shop_reply reply = get("/report");
    json_t *extension =
        json_object_get(json_object_get(reply.offer, "extensions"), "payment-identifier");

    cr_expect(json_is_true(json_object_get(json_object_get(extension, "info"), "required")));
    cr_expect_eq(json_object_size(json_object_get(extension, "info")), 1);
    cr_expect(json_is_object(json_object_get(extension, "schema")));
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(reply.offer, "resource"), "description")),
        "a \"report\"");
}

/* A head that cannot sell at this price is in no offer. */
Test(kx_core, offers_no_head_that_it_could_not_sell_for)
{
    static const struct {
        const char *name;
        uint64_t amount, threshold;
        enum kx_head_status status;
        size_t entries;
    } rows[] = {
        {"good", KX_WORLD_HEAD_AMOUNT, KX_WORLD_AMOUNT, KX_HEAD_AVAILABLE, 2},
        {"threshold", KX_WORLD_HEAD_AMOUNT, KX_WORLD_AMOUNT + 1, KX_HEAD_AVAILABLE, 1},
        {"sum", KASPA_MAX_SOMPI, KX_WORLD_AMOUNT, KX_HEAD_AVAILABLE, 1},
        {"retired", KX_WORLD_HEAD_AMOUNT, KX_WORLD_AMOUNT, KX_HEAD_RETIRED, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_head_record head = {.version = 1,
                                      .outpoint = {{{0x33}}, 0},
                                      .amount = rows[i].amount,
                                      .threshold = rows[i].threshold,
                                      .status = rows[i].status};
        struct shop_reply reply;

        shop_close(&shop);
        shop_open(&shop);
        cr_assert_eq(shop.store->ops->register_head(shop.store, &head, NULL), ASSAY_OK);
        reply = get("/additive");
        cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), rows[i].entries,
                     "%s", rows[i].name);
    }
}

/* ---- payments that cannot be read (sections 2.1, 2.4 and 24.12) ---- */

static const char *encoded(const char *text)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    struct assay_bytes copy;

    assay_base64_encode(&out, ASSAY_BASE64_STD, assay_str(text));
    copy = assay_arena_copy(&shop.arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    return (const char *)copy.at;
}

static const char *filled(size_t len)
{
    char *text = assay_arena_alloc(&shop.arena, len + 1);

    cr_assert_not_null(text);
    memset(text, 'A', len);
    return text;
}

Test(kx_core, refuses_what_is_no_base64_with_400)
{
    const struct {
        const char *name, *payment;
    } rows[] = {
        {"one character", "A"}, {"no padding", "e30"},         {"the URL alphabet", "e-_9"},
        {"a space", "e30= "},   {"two headers", "e30=, e30="}, {"too long", filled(131076)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply = shop_send(&shop, &(struct shop_ask){.payment = rows[i].payment});

        expect_error(&reply, 400, "invalid_payload", rows[i].name);
        cr_expect_null(reply.offer, "%s", rows[i].name);
    }
}

Test(kx_core, answers_what_is_no_payment_with_a_fresh_offer)
{
    const struct {
        const char *name, *payment, *legacy;
    } rows[] = {
        {"nothing", NULL, NULL},
        {"empty", "", NULL},
        {"a legacy header", NULL, "e30="},
        {"no UTF-8", "/w==", NULL},
        {"no JSON", encoded("{"), NULL},
        {"no object", encoded("[]"), NULL},
        {"nothing in it", encoded("{}"), NULL},
        {"a member twice", encoded("{\"x402Version\":2,\"x402Version\":2}"), NULL},
        {"nested too deep", filled(131072), NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply = shop_send(
            &shop, &(struct shop_ask){.payment = rows[i].payment, .legacy = rows[i].legacy});

        expect_challenge(&reply, NULL, rows[i].name);
        cr_expect_str_eq(shop_log(&shop), "402", "%s", rows[i].name);
    }
}

/* One member of a good payment changed: a fresh offer, and no word (section 13, 8 to 10). */
Test(kx_core, answers_a_payment_of_another_form_with_a_fresh_offer)
{
    static const struct {
        const char *path, *value;
    } rows[] = {
        {"x402Version", "1"},
        {"accepted.scheme", "\"batch-settlement\""},
        {"accepted.amount", "20000000"},
        {"payload.type", "\"other\""},
        {"payload.transactionId", "\"00\""},
        {"payload.authorization", NULL},
        {"payload.authorization.version", "\"kaspa-x402-exact-request-authorization-v1\""},
        {"payload.authorization.more", "1"},
        {"payload.challengeId", "\"00\""},
        {"extensions.payment-identifier.info.id", NULL},
        {"extensions.payment-identifier.info.id", "\"short\""},
        {"extensions.payment-identifier.info.id", "\"../../../../etc/passwd\""},
        {"extensions", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_ask ask = {.target = "/report"};
        struct kx_world *w = shop_offer(&shop, &ask, 0);
        struct shop_reply reply;

        (void)shop_seal(&shop, w);
        kx_world_edit(w->payment, rows[i].path, rows[i].value);
        ask.payment = shop_header(&shop, w->payment);
        reply = shop_send(&shop, &ask);
        expect_challenge(&reply, NULL, rows[i].path);
        kx_world_free(w);
    }
}

Test(kx_core, refuses_a_body_that_is_no_text)
{
    struct shop_reply reply =
        shop_send(&shop, &(struct shop_ask){.method = "POST", .target = "/action", .body = "\xff"});

    expect_error(&reply, 400, "invalid_payload", "body");
}
