/* The decision core as a facilitator: what it lists, whom it serves, what it judges by, and what
 * its tenants are told (ref/core/kx_fac.c). Sections are those of the exact digest. */
#include "ref/tests/fac_shop.h"

#include <stdio.h>

static struct fac_shop f;

static void open_shop(void)
{
    fac_open(&f);
}
static void close_shop(void)
{
    fac_close(&f);
}
TestSuite(kx_fac, .init = open_shop, .fini = close_shop);

static void expect_negative(const char *row, const char *path, int status, const char *reason)
{
    unsigned submissions = f.shop.submissions;
    struct fac_reply reply = fac_send(&f, path, SHOP_TOKEN);
    bool verifies = strcmp(path, "/verify") == 0;

    cr_expect_eq(reply.http.status, status, "%s: %s: %d %s", row, path, reply.http.status,
                 reply.http.body);
    cr_expect(json_is_false(json_object_get(reply.said, verifies ? "isValid" : "success")),
              "%s: %s: %s", row, path, reply.http.body);
    cr_expect_str_eq(fac_text(&reply, verifies ? "invalidReason" : "errorReason"), reason,
                     "%s: %s: %s", row, path, reply.http.body);
    if (!verifies)
        cr_expect_str_eq(fac_text(&reply, "transaction"), "", "%s", row);
    cr_expect_eq(f.shop.submissions, submissions, "%s", row);
    fac_drop(&reply);
}

static void expect_refused(const char *row, int status, const char *reason)
{
    expect_negative(row, "/verify", status, reason);
    expect_negative(row, "/settle", status, reason);
}

/* ---- what it is ---- */

Test(kx_fac, lists_what_it_serves_and_by_whose_key)
{
    struct fac_reply reply = fac_send(&f, "/supported", NULL);
    json_t *kinds = json_object_get(reply.said, "kinds"), *kind = json_array_get(kinds, 0);
    json_t *extra = json_object_get(kind, "extra");
    json_t *signers = json_object_get(reply.said, "signers");

    cr_expect_eq(reply.http.status, 200);
    cr_expect_str_eq(reply.http.type, "application/json");
    cr_expect_eq(json_array_size(kinds), 1);
    cr_expect_eq(json_integer_value(json_object_get(kind, "x402Version")), 2);
    cr_expect_str_eq(json_string_value(json_object_get(kind, "scheme")), "exact");
    cr_expect_str_eq(json_string_value(json_object_get(kind, "network")), "kaspa:testnet-10");
    cr_expect_eq(json_array_size(json_object_get(extra, "modes")), 2);
    cr_expect_str_eq(json_string_value(json_object_get(extra, "profile")), "standard-native");
    cr_expect(json_is_array(json_object_get(reply.said, "extensions")));
    cr_expect_eq(json_object_size(signers), 1);
    cr_expect_eq(json_array_size(json_object_get(signers, "kaspa:testnet-10")), 0);
    cr_expect(json_is_array(json_object_get(signers, "kaspa:testnet-10")));
    fac_drop(&reply);
}

static const struct {
    const char *method, *target;
    int status;
} asked[] = {
    {"GET", "/supported", 200},       {"get", "/supported?x=1", 200}, {"POST", "/supported", 404},
    {"HEAD", "/supported", 404},      {"GET", "/supported/", 404},    {"GET", "/Supported", 404},
    {"GET", "/settle", 404},          {"PUT", "/settle", 404},        {"POST", "/settle/", 404},
    {"POST", "/SETTLE", 404},         {"POST", "/settle?a=b", 200},   {"post", "/verify", 200},
    {"POST", "//verify", 404},        {"POST", "/./verify", 404},     {"POST", "/%76erify", 404},
    {"POST", "/verify%20", 404},      {"OPTIONS", "/verify", 404},    {"GET", "/", 404},
    {"POST", "http://a/verify", 404},
};

Test(kx_fac, has_three_calls_and_no_other_spelling_of_them)
{
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        struct shop_ask ask = fac_ask(&f, asked[i].target, SHOP_TOKEN);
        struct shop_reply reply;

        ask.method = asked[i].method;
        reply = shop_send(&f.shop, &ask);
        cr_expect_eq(reply.status, asked[i].status, "%s %s: %d %s", ask.method, ask.target,
                     reply.status, reply.body);
        if (asked[i].status == 404)
            cr_expect_str_eq(reply.body, "{\"error\":\"not_found\"}");
    }
}

/* ---- the honest way ---- */

Test(kx_fac, verifies_an_honest_payment_and_names_its_payer)
{
    struct fac_reply reply = fac_verify(&f);

    cr_expect_eq(reply.http.status, 200, "%s", reply.http.body);
    cr_expect(fac_is_valid(&reply), "%s", reply.http.body);
    cr_expect(strncmp(fac_text(&reply, "payer"), "kaspatest:", 10) == 0, "%s", reply.http.body);
    cr_expect(reply.http.no_store);
    fac_drop(&reply);
}

Test(kx_fac, moves_nothing_and_asks_no_change_of_the_store_to_verify)
{
    struct fac_reply reply;

    for (int i = 0; i < 100; i++) {
        reply = fac_verify(&f);
        cr_expect(fac_is_valid(&reply), "%d: %s", i, reply.http.body);
        cr_expect_str_eq(shop_log(&f.shop),
                         "admit; identifier; scope; payment; attempt; coins; 200");
        fac_drop(&reply);
    }
    cr_expect_eq(f.shop.submissions, 0);
    reply = fac_settle(&f);
    cr_expect(fac_is_settled(&reply), "%s", reply.http.body);
    fac_drop(&reply);
}

Test(kx_fac, settles_with_the_transaction_that_pays)
{
    struct fac_reply reply = fac_settle(&f);
    char txid[X402_HASH_TEXT_BYTES];
    json_t *kaspa = json_object_get(json_object_get(reply.said, "extensions"), "kaspa");

    cr_expect_eq(reply.http.status, 200);
    cr_expect(fac_is_settled(&reply), "%s", reply.http.body);
    for (int i = 0; i < KASPA_HASH_BYTES; i++)
        (void)snprintf(txid + 2 * i, 3, "%02x", f.shop.txs[0].txid.at[i]);
    cr_expect_str_eq(fac_text(&reply, "transaction"), txid);
    cr_expect_str_eq(fac_text(&reply, "network"), "kaspa:testnet-10");
    cr_expect_str_eq(fac_text(&reply, "amount"), "20000000");
    cr_expect_str_eq(json_string_value(json_object_get(kaspa, "requestHash")),
                     json_string_value(fac_at(&f, "requestHash")));
    cr_expect_str_eq(reply.http.type, "application/json");
    cr_expect_eq(reply.http.header_count, 0, "it needs no PAYMENT-RESPONSE");
    cr_expect_str_eq(shop_log(&f.shop), "admit; identifier; scope; payment; attempt; coins; claim; "
                                        "submit; broadcast; look; accept; begin; result; commit; "
                                        "200");
    cr_expect_eq(f.shop.runs, 0);
    fac_drop(&reply);
}

Test(kx_fac, gives_a_repetition_the_same_answer_and_no_submission)
{
    struct fac_reply first = fac_settle(&f), again;

    for (int i = 0; i < 5; i++) {
        f.shop.now_ms += 3600000; /* its deadlines are long over */
        again = fac_settle(&f);
        cr_expect_str_eq(first.http.body, again.http.body);
        fac_drop(&again);
    }
    cr_expect_eq(f.shop.submissions, 1);
    expect_negative("what is settled is good for nothing else", "/verify", 200,
                    "invalid_transaction_state");
    fac_drop(&first);
}

/* ---- whom it serves ---- */

static const struct {
    const char *name, *header;
} nobodies[] = {
    {"no token", ""},
    {"another token", "Bearer alice-token-0123456780"},
    {"the front of a token", "Bearer alice-token-012345678"},
    {"one character of a token", "Bearer a"},
    {"an empty token", "Bearer "},
    {"a token and more", "Bearer " SHOP_TOKEN "0"},
    {"a token in another case", "Bearer ALICE-TOKEN-0123456789"},
    {"two tokens", "Bearer " SHOP_TOKEN ", Bearer " SHOP_TOKEN},
    {"another scheme", "Basic " SHOP_TOKEN},
};

Test(kx_fac, serves_nobody_without_the_whole_token_of_a_tenant)
{
    const char *const paths[] = {"/verify", "/settle"};

    for (size_t i = 0; i < 2 * ARRAY_LEN(nobodies); i++) {
        const struct shop_ask ask = fac_ask(&f, paths[i % 2], NULL);
        struct shop_errand *e;
        struct shop_reply reply;
        struct kx_core_request *r = kx_core_request_new(&f.shop.core);
        struct kx_event_request event = {.method = assay_str(ask.method),
                                         .target = assay_str(ask.target),
                                         .body = assay_str(ask.body),
                                         .content_type = assay_str(ask.type),
                                         .authorization = assay_str(nobodies[i / 2].header),
                                         .now_ms = f.shop.now_ms};

        e = shop_begin(&f.shop, &ask);
        kx_core_request_free(e->core);
        e->core = r;
        e->action = kx_core_request(r, &event);
        reply = shop_end(e);
        cr_expect_eq(reply.status, 401, "%s: %d", nobodies[i / 2].name, reply.status);
        cr_expect_str_eq(reply.body, "{\"error\":\"unauthorized\"}");
        cr_expect(assay_bytes_is(reply.headers[0].name, "WWW-Authenticate"));
    }
    cr_expect_eq(f.shop.coin_looks + f.shop.submissions, 0);
}

Test(kx_fac, tells_one_tenant_nothing_of_what_another_has_settled)
{
    struct fac_reply mine = fac_settle(&f), other;

    other = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect_eq(other.http.status, 200);
    cr_expect(!fac_is_settled(&other), "%s", other.http.body);
    cr_expect_str_eq(fac_text(&other, "errorReason"), "invalid_transaction_state");
    cr_expect_str_eq(fac_text(&other, "transaction"), "");
    fac_drop(&other);
    other = fac_send(&f, "/verify", SHOP_TOKEN_B);
    cr_expect(!fac_is_valid(&other), "%s", other.http.body);
    fac_drop(&other);
    cr_expect_eq(f.shop.submissions, 1);
    fac_drop(&mine);
}

Test(kx_fac, tells_one_tenant_nothing_of_what_another_has_on_its_way)
{
    struct fac_reply mine, other;

    f.shop.accepts = false;
    mine = fac_settle(&f);
    cr_expect_str_eq(fac_text(&mine, "errorReason"), "settlement_pending");
    other = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect_str_eq(fac_text(&other, "errorReason"), "invalid_transaction_state");
    cr_expect_str_eq(fac_text(&other, "transaction"), "");
    cr_expect_eq(f.shop.submissions, 1);
    fac_drop(&mine);
    fac_drop(&other);
}

/* So that a token can be exchanged. */
Test(kx_fac, knows_a_tenant_by_each_of_its_tokens)
{
    static const struct kx_principal twice[] = {
        {.name = "alice", .token = {(const uint8_t *)SHOP_TOKEN, sizeof(SHOP_TOKEN) - 1}},
        {.name = "alice", .token = {(const uint8_t *)SHOP_TOKEN_B, sizeof(SHOP_TOKEN_B) - 1}},
    };
    struct fac_reply old, new;

    f.shop.core.principals = twice;
    cr_assert_eq(kx_core_check(&f.shop.core, NULL), ASSAY_OK);
    old = fac_settle(&f);
    new = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect(fac_is_settled(&old), "%s", old.http.body);
    cr_expect_str_eq(old.http.body, new.http.body);
    fac_drop(&old);
    fac_drop(&new);
}

/* What payers name their payments is no secret between tenants, and no obstacle. */
Test(kx_fac, keeps_the_identifiers_of_tenants_apart)
{
    struct fac_reply mine = fac_settle(&f), other;

    fac_pay(&f, 7, f.world->identifier);
    other = fac_settle(&f);
    cr_expect_str_eq(fac_text(&other, "errorReason"), "invalid_transaction_state", "%s",
                     other.http.body);
    fac_drop(&other);
    other = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect(fac_is_settled(&other), "%s", other.http.body);
    cr_expect_eq(f.shop.submissions, 2);
    fac_drop(&mine);
    fac_drop(&other);
}

static const struct {
    const char *name, *error;
    uint32_t all, own, running;
} limits[] = {
    {"of a tenant", "caller_quota_exceeded", 0, 1001, 0},
    {"of all", "global_quota_exceeded", 2001, 1, 0},
    {"at once", "global_concurrency_exceeded", 0, 1, 65},
};

Test(kx_fac, tells_who_asks_too_often_when_to_come_again)
{
    f.shop.core.quota = 2000;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct fac_reply reply;

        f.shop.requests = limits[i].all;
        f.shop.caller_requests = limits[i].own;
        f.shop.running = limits[i].running;
        reply = fac_settle(&f);
        cr_expect_eq(reply.http.status, 429, "%s: %s", limits[i].name, reply.http.body);
        cr_expect_str_eq(reply.http.error, limits[i].error);
        cr_expect_eq(reply.http.retry_after_s, 1, "%s", limits[i].name);
        fac_drop(&reply);
    }
    cr_expect_eq(f.shop.submissions, 0);
}

/* ---- what it judges by ---- */

static const struct {
    const char *name, *path, *json; /* json NULL: the member is taken away */
    int status;
    const char *reason;
} changes[] = {
    {"no version", "x402Version", NULL, 400, "invalid_payload"},
    {"another version", "x402Version", "1", 400, "invalid_payload"},
    {"no payment", "paymentPayload", NULL, 400, "invalid_payload"},
    {"a payment that is a text", "paymentPayload", "\"e30=\"", 400, "invalid_payload"},
    {"no requirements", "paymentRequirements", NULL, 400, "invalid_payload"},
    {"empty requirements", "paymentRequirements", "{}", 400, "invalid_payload"},
    {"no request hash", "requestHash", NULL, 400, "invalid_payload"},
    {"an empty request hash", "requestHash", "\"\"", 400, "invalid_payload"},
    {"a request hash that is none", "requestHash", "\"00\"", 400, "invalid_payload"},
    {"a request hash that is null", "requestHash", "null", 400, "invalid_payload"},
    {"another request's hash", "requestHash",
     "\"0000000000000000000000000000000000000000000000000000000000000001\"", 200,
     "invalid_payload"},
    {"another amount", "paymentRequirements.amount", "\"20000001\"", 200,
     "invalid_payment_requirements"},
    {"another recipient", "paymentRequirements.payTo",
     "\"kaspatest:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhqrxplya\"", 200,
     "invalid_payment_requirements"},
    {"another time", "paymentRequirements.maxTimeoutSeconds", "61", 200,
     "invalid_payment_requirements"},
    {"another asset", "paymentRequirements.asset", "\"USD\"", 200, "invalid_payment_requirements"},
    {"one member more", "paymentRequirements.extra.more", "true", 200,
     "invalid_payment_requirements"},
    {"another scheme", "paymentRequirements.scheme", "\"upto\"", 200, "unsupported_scheme"},
    {"channels", "paymentRequirements.scheme", "\"batch-settlement\"", 200, "unsupported_scheme"},
    {"another network", "paymentRequirements.network", "\"kaspa:mainnet\"", 200, "invalid_network"},
    {"a network of another family", "paymentRequirements.network", "\"eip155:1\"", 200,
     "invalid_network"},
    {"no type", "paymentPayload.payload.type", NULL, 200, "invalid_payload"},
    {"another type", "paymentPayload.payload.type", "\"claim\"", 200, "invalid_payload"},
    {"no identifier", "paymentPayload.extensions", NULL, 200, "invalid_payload"},
};

Test(kx_fac, refuses_with_a_reason_what_it_was_not_asked_right)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        json_t *whole = json_deep_copy(f.body);

        kx_world_edit(f.body, changes[i].path, changes[i].json);
        expect_refused(changes[i].name, changes[i].status, changes[i].reason);
        json_decref(f.body);
        f.body = whole;
    }
    cr_expect_eq(f.shop.coin_looks, 0, "what is wrong by itself costs no look");
}

/* Whose request it refuses is told by the network that it named (x402 v2 digest, section 2.3). */
Test(kx_fac, names_the_network_of_what_it_refuses)
{
    static const struct {
        const char *name, *path, *json, *network;
    } rows[] = {
        {"another network", "paymentRequirements.network", "\"eip155:1\"", "eip155:1"},
        {"another scheme", "paymentRequirements.scheme", "\"upto\"", "kaspa:testnet-10"},
        {"another amount", "paymentRequirements.amount", "\"20000001\"", "kaspa:testnet-10"},
        {"no network", "paymentRequirements.network", NULL, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *whole = json_deep_copy(f.body);
        struct fac_reply reply;

        kx_world_edit(f.body, rows[i].path, rows[i].json);
        reply = fac_settle(&f);
        cr_expect_not(fac_is_settled(&reply), "%s", rows[i].name);
        cr_expect_str_eq(fac_text(&reply, "network"), rows[i].network, "%s", rows[i].name);
        fac_drop(&reply);
        json_decref(f.body);
        f.body = whole;
    }
}

static const char *const bodies[] = {
    "",
    "{",
    "[]",
    "null",
    "2",
    "{}",
    "\"x\"",
    "{\"x402Version\":2}",
    "{\"x402Version\":2,\"x402Version\":2}",
    "\xff",
    "{\"paymentPayload\":{}}",
    "{\"x402Version\":2,\"paymentPayload\":[],\"paymentRequirements\":[]}",
    "{\"x402Version\":2,\"paymentPayload\":{},\"paymentRequirements\":{}}",
};

Test(kx_fac, answers_whatever_is_no_request_with_400)
{
    for (size_t i = 0; i < 2 * ARRAY_LEN(bodies); i++) {
        struct fac_reply reply =
            fac_send_text(&f, i % 2 == 0 ? "/verify" : "/settle", bodies[i / 2]);

        cr_expect_eq(reply.http.status, 400, "%s: %d", bodies[i / 2], reply.http.status);
        cr_expect_str_eq(fac_text(&reply, i % 2 == 0 ? "invalidReason" : "errorReason"),
                         "invalid_payload", "%s: %s", bodies[i / 2], reply.http.body);
        fac_drop(&reply);
    }
}

Test(kx_fac, takes_no_member_twice_wherever_it_stands)
{
    const struct shop_ask ask = fac_ask(&f, "/settle", SHOP_TOKEN);
    const char *at = strstr(ask.body, "\"type\"");
    char *text = assay_arena_printf(&f.shop.arena, "%.*s\"type\":\"x\",%s", (int)(at - ask.body),
                                    ask.body, at);
    struct fac_reply reply = fac_send_text(&f, "/settle", text);

    cr_expect_eq(reply.http.status, 400, "%s", reply.http.body);
    cr_expect_eq(f.shop.submissions, 0);
    fac_drop(&reply);
}

static const struct {
    const char *type;
    bool is_json;
} types[] = {
    {"application/json", true},
    {"Application/JSON; charset=utf-8", true},
    {"application/json ;x", true},
    {"text/plain", false},
    {"application/jsonp", false},
    {"application/x-www-form-urlencoded", false},
    {"", false},
};

Test(kx_fac, reads_json_that_says_that_it_is)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct shop_ask ask = fac_ask(&f, "/verify", SHOP_TOKEN);
        struct shop_reply reply;

        ask.type = types[i].type;
        reply = shop_send(&f.shop, &ask);
        cr_expect_eq(reply.status, types[i].is_json ? 200 : 400, "%s: %s", ask.type, reply.body);
    }
}

Test(kx_fac, believes_no_word_of_the_body_on_who_is_asking)
{
    struct fac_reply reply;

    json_object_set_new(f.body, "trustedSecurityContext", json_pack("{s:s}", "principal", "alice"));
    json_object_set_new(f.body, "tenant", json_string("alice"));
    reply = fac_send(&f, "/settle", NULL);
    cr_expect_eq(reply.http.status, 401);
    fac_drop(&reply);
    reply = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect(fac_is_settled(&reply), "%s", reply.http.body);
    fac_drop(&reply);
    reply = fac_settle(&f);
    cr_expect_not(fac_is_settled(&reply), "it is bob's: %s", reply.http.body);
    fac_drop(&reply);
}

Test(kx_fac, serves_no_mode_that_it_does_not_list)
{
    static const struct kx_fac_core modes[] = {{X402_MODE_VERIFY}, {X402_MODE_SETTLE}};
    struct fac_reply reply;

    f.shop.core.fac = &modes[0];
    expect_negative("verify alone", "/settle", 200, "unsupported_scheme");
    reply = fac_verify(&f);
    cr_expect(fac_is_valid(&reply), "%s", reply.http.body);
    fac_drop(&reply);
    f.shop.core.fac = &modes[1];
    expect_negative("settle alone", "/verify", 200, "unsupported_scheme");
    reply = fac_settle(&f);
    cr_expect(fac_is_settled(&reply), "%s", reply.http.body);
    fac_drop(&reply);
}

Test(kx_fac, refuses_a_head_payment_which_it_does_not_list)
{
    fac_close(&f);
    fac_open_additive(&f);
    expect_refused("additive", 200, "invalid_payment_requirements");
}

Test(kx_fac, verifies_in_settle_what_was_never_verified)
{
    json_t *authorization = fac_at(&f, "paymentPayload.payload.authorization");
    const char *signature = json_string_value(json_object_get(authorization, "signature"));
    char forged[2 * ASSAY_SIG_BYTES + 1];

    (void)snprintf(forged, sizeof(forged), "%s", signature);
    forged[0] = forged[0] == '0' ? '1' : '0';
    kx_world_set(authorization, "signature", forged);
    expect_refused("forged", 200, "invalid_payload");
    cr_expect_eq(f.shop.submissions, 0);
}
