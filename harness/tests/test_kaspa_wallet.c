/* The role `wallet`: one artifact an attempt, changed terms refused, and every way to misbehave. */
#include "pay_shop.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

static struct pay_shop shop;

static void begin(void)
{
    pay_shop_begin(&shop, 3);
}

static void end(void)
{
    pay_shop_end(&shop);
}

TestSuite(kaspa_wallet, .init = begin, .fini = end, .timeout = 300);

struct said {
    enum http_outcome outcome;
    int status;
    const char *body;
    uint64_t bytes;
};

static struct said say_within(const char *call, const char *body, int deadline_ms)
{
    struct http_request *request = assay_arena_alloc(&shop.w.arena, sizeof(*request));
    struct http_client *client = http_client_new();
    struct http_exchange *x = NULL;
    struct http_peer peer = {.allowed_hosts = NULL};
    struct assay_err err = {0};

    cr_assert(request != NULL && client != NULL);
    cr_assert_eq(assay_url_split(&peer.url, assay_str(kaspa_wallet_url(shop.wallet)), NULL),
                 ASSAY_OK);
    *request = http_post(assay_arena_printf(&shop.w.arena, "/%s", call), "application/json",
                         assay_str(body));
    cr_assert_eq(http_send(client, &x, &shop.w.arena, &peer, request, deadline_ms, &err), ASSAY_OK,
                 "%s", err.text);
    http_client_free(client);
    return (struct said){.outcome = x->outcome,
                         .status = x->outcome == HTTP_ANSWERED ? x->response.status : 0,
                         .body = (const char *)assay_arena_copy(&shop.w.arena, x->response.body).at,
                         .bytes = x->response.body_bytes};
}

static struct said say(const char *call, const char *body)
{
    return say_within(call, body, DEADLINE_MS);
}

/* An order of 0.3 KAS for the world's key. */
static const char *order(const char *attempt, const char *amount, const char *source,
                         const char *network)
{
    struct kaspa_hash key;
    const char *script;

    memcpy(key.at, shop.w.key.xonly, sizeof(key.at));
    script = assay_arena_printf(&shop.w.arena, "000020%sac", hex_of(&shop.w, &key));
    return assay_arena_printf(
        &shop.w.arena,
        "{\"amount\":\"%s\",\"attemptId\":\"%s\",\"authorizationExpiresAt\":"
        "\"2099-01-01T00:00:00.000Z\",\"fundingSource\":\"%s\",\"intentHash\":\"x\",\"network\":"
        "\"%s\",\"origin\":\"http://127.0.0.1\",\"payTo\":\"%s\",\"payToScriptPublicKey\":\"%s\","
        "\"paymentIdentifier\":\"%s\",\"paymentRequirementsHash\":\"%064d\",\"profile\":"
        "\"standard-native\",\"requestHash\":\"%064d\",\"requiredFinality\":\"accepted\","
        "\"resourceUrl\":\"http://127.0.0.1/goods\"}",
        amount, attempt, source, network, shop.w.address, script, attempt, 1, 2);
}

static const char *usual(const char *attempt)
{
    return order(attempt, "30000000", "hot-wallet", "kaspa:testnet-10");
}

static void behave(struct kaspa_wallet_behaviour how)
{
    kaspa_wallet_behave(shop.wallet, &how);
}

Test(kaspa_wallet, makes_one_artifact_an_attempt)
{
    struct said first = say("payExactTransaction", usual("attempt-number-one"));
    struct said again = say("payExactTransaction", usual("attempt-number-one"));
    struct said other = say("payExactTransaction", usual("attempt-number-two"));

    cr_assert_eq(first.status, 200, "%s", first.body);
    cr_expect_str_eq(first.body, again.body, "identical calls give identical bytes");
    cr_expect_str_neq(first.body, other.body);
    cr_expect_eq(kaspa_wallet_signed(shop.wallet), 2);
    cr_expect_eq(kaspa_wallet_reserved(shop.wallet), 2);
    cr_expect_eq(pay_shop_submissions(&shop), 0, "nothing is broadcast");
}

Test(kaspa_wallet, refuses_changed_terms_before_a_signature)
{
    static const struct {
        const char *name, *amount, *source, *network;
        int status;
    } rows[] = {
        {"another amount", "30000001", "hot-wallet", "kaspa:testnet-10", 409},
        {"another source", "30000000", "vault-treasury", "kaspa:testnet-10", 422},
        {"another network", "30000000", "hot-wallet", "kaspa:mainnet", 422},
        {"no amount", "x", "hot-wallet", "kaspa:testnet-10", 422},
    };

    cr_assert_eq(say("payExactTransaction", usual("attempt-number-one")).status, 200);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said said = say("payExactTransaction", order("attempt-number-one", rows[i].amount,
                                                            rows[i].source, rows[i].network));

        cr_expect_eq(said.status, rows[i].status, "row: %s: %s", rows[i].name, said.body);
        cr_expect_not_null(strstr(said.body, "\"error\""), "row: %s", rows[i].name);
    }
    cr_expect_eq(kaspa_wallet_signed(shop.wallet), 1);
}

Test(kaspa_wallet, keeps_coins_back_until_an_attempt_is_over)
{
    char body[256], txid[65];
    const char *at;
    struct said said = say("payExactTransaction", usual("attempt-number-one"));

    at = strstr(said.body, "\"transactionId\":\"");
    cr_assert_not_null(at);
    (void)snprintf(txid, sizeof(txid), "%s", at + strlen("\"transactionId\":\""));
    cr_assert_eq(say("payExactTransaction", usual("attempt-number-two")).status, 200);
    cr_assert_eq(say("payExactTransaction", usual("attempt-number-three")).status, 200);
    cr_expect_eq(say("payExactTransaction", usual("attempt-number-four")).status, 422,
                 "every coin is kept back");
    (void)snprintf(body, sizeof(body),
                   "{\"attemptId\":\"attempt-number-one\",\"transactionId\":\"%s\",\"outcome\":"
                   "\"maybe\"}",
                   txid);
    cr_expect_eq(say("finalizeExactPaymentAttempt", body).status, 422);
    (void)snprintf(body, sizeof(body),
                   "{\"attemptId\":\"attempt-number-two\",\"transactionId\":\"%s\",\"outcome\":"
                   "\"absent\"}",
                   txid);
    cr_expect_eq(say("finalizeExactPaymentAttempt", body).status, 422, "of another attempt");
    cr_expect_eq(kaspa_wallet_reserved(shop.wallet), 3);
    (void)snprintf(body, sizeof(body),
                   "{\"attemptId\":\"attempt-number-one\",\"transactionId\":\"%s\",\"outcome\":"
                   "\"absent\"}",
                   txid);
    cr_expect_eq(say("finalizeExactPaymentAttempt", body).status, 200);
    cr_expect_eq(kaspa_wallet_reserved(shop.wallet), 2);
    cr_expect_eq(say("payExactTransaction", usual("attempt-number-four")).status, 200);
}

Test(kaspa_wallet, tells_its_network_and_its_coins)
{
    cr_expect_str_eq(say("networkId", "{}").body, "{\"result\":\"kaspa:testnet-10\"}");
    cr_expect_not_null(strstr(say("getUtxos", "{}").body, "\"amount\":\"500000000\""));
    behave((struct kaspa_wallet_behaviour){.network = "kaspa:mainnet"});
    cr_expect_str_eq(say("networkId", "{}").body, "{\"result\":\"kaspa:mainnet\"}");
}

Test(kaspa_wallet, names_its_source_as_it_is_told)
{
    static const struct {
        enum kaspa_wallet_kind kind;
        const char *body, *member;
    } rows[] = {
        {KASPA_WALLET_OWN_KIND, "{\"result\":\"hot-wallet\"}", "\"fundingSource\":\"hot-wallet\""},
        {KASPA_WALLET_OTHER_KIND, "{\"result\":\"external-wallet-adapter\"}",
         "\"fundingSource\":\"external-wallet-adapter\""},
        {KASPA_WALLET_NO_KIND, "{}", NULL},
        {KASPA_WALLET_NULL_KIND, "{\"result\":null}", "\"fundingSource\":null"},
        {KASPA_WALLET_CASE_KIND, "{\"result\":\"HOT-WALLET\"}", "\"fundingSource\":\"HOT-WALLET\""},
        {KASPA_WALLET_UNKNOWN_KIND, "{\"result\":\"piggy-bank\"}",
         "\"fundingSource\":\"piggy-bank\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said paid;

        behave((struct kaspa_wallet_behaviour){.kind = rows[i].kind, .result_kind = rows[i].kind});
        cr_expect_str_eq(say("sourceKind", "{}").body, rows[i].body);
        paid = say("payExactTransaction", usual("attempt-number-one"));
        cr_expect_eq(strstr(paid.body, rows[i].member != NULL ? rows[i].member : "fundingSource") !=
                         NULL,
                     rows[i].member != NULL, "row %zu: %s", i, paid.body);
    }
}

Test(kaspa_wallet, changes_its_source_at_the_nth_question)
{
    behave((struct kaspa_wallet_behaviour){.kind = KASPA_WALLET_OTHER_KIND, .kind_from = 3});
    for (int i = 1; i <= 4; i++)
        cr_expect_eq(strstr(say("sourceKind", "{}").body, "hot-wallet") != NULL, i < 3, "%d", i);
}

/* The seeds are the same each time, and so is everything but for the lie. */
Test(kaspa_wallet, lies_in_what_it_signs)
{
    char *honest = strdup(say("payExactTransaction", usual("attempt-number-one")).body);

    cr_assert_not_null(honest);
    for (int lie = KASPA_WALLET_OTHER_PAYEE; lie < KASPA_WALLET_NEW_SIGNATURE; lie++) {
        struct said said;

        pay_shop_end(&shop);
        pay_shop_begin(&shop, 3);
        behave((struct kaspa_wallet_behaviour){.lie = (enum kaspa_wallet_lie)lie});
        said = say("payExactTransaction", usual("attempt-number-one"));
        cr_assert_eq(said.status, 200, "lie %d: %s", lie, said.body);
        cr_expect_str_neq(said.body, honest, "lie %d", lie);
    }
    free(honest);
}

Test(kaspa_wallet, signs_anew_or_broadcasts_when_told_to)
{
    struct said first, again;

    behave((struct kaspa_wallet_behaviour){.lie = KASPA_WALLET_NEW_SIGNATURE});
    first = say("payExactTransaction", usual("attempt-number-one"));
    again = say("payExactTransaction", usual("attempt-number-one"));
    cr_expect_str_neq(first.body, again.body);
    behave((struct kaspa_wallet_behaviour){.lie = KASPA_WALLET_BROADCASTS});
    cr_expect_eq(say("payExactTransaction", usual("attempt-number-two")).status, 200);
    cr_expect_eq(pay_shop_submissions(&shop), 1);
}

Test(kaspa_wallet, fails_as_it_is_told)
{
    static const struct {
        const char *name;
        struct kaspa_wallet_behaviour how;
        int status;
        const char *says;
        uint64_t least;
    } rows[] = {
        {"error", {.fault = KASPA_WALLET_ERROR}, 500, "told to fail", 1},
        {"malformed", {.fault = KASPA_WALLET_MALFORMED}, 200, "{\"result\"", 1},
        {"another shape", {.fault = KASPA_WALLET_WRONG_SHAPE}, 200, "{\"result\":0}", 1},
        {"huge", {.fault = KASPA_WALLET_HUGE, .large_bytes = 3 << 20}, 200, "hot-wallet", 3 << 20},
        {"slow", {.fault = KASPA_WALLET_SLOW, .delay_ms = 50}, 200, "hot-wallet", 1},
        {"another call",
         {.fault = KASPA_WALLET_ERROR, .fault_call = "networkId"},
         200,
         "hot-wallet",
         1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said said;

        behave(rows[i].how);
        said = say("sourceKind", "{}");
        cr_expect_eq(said.status, rows[i].status, "row: %s", rows[i].name);
        cr_expect_geq(said.bytes, rows[i].least, "row: %s", rows[i].name);
        cr_expect_not_null(strstr(said.body, rows[i].says), "row: %s: %.100s", rows[i].name,
                           said.body);
    }
    behave((struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_ERROR, .fault_times = 1});
    cr_expect_eq(say("sourceKind", "{}").status, 500);
    cr_expect_eq(say("sourceKind", "{}").status, 200, "the fault has worn off");
}

/* It is carried out all the same, and others are answered meanwhile. */
Test(kaspa_wallet, is_silent_until_it_is_told_otherwise)
{
    behave((struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SILENT,
                                           .fault_call = "payExactTransaction"});
    cr_expect_eq(say_within("payExactTransaction", usual("attempt-number-one"), SHORT_MS).outcome,
                 HTTP_TIMEOUT);
    cr_expect_eq(say("networkId", "{}").status, 200);
    cr_expect(kaspa_wallet_await(shop.wallet, "payExactTransaction", 1, DEADLINE_MS));
    behave((struct kaspa_wallet_behaviour){.lie = KASPA_WALLET_HONEST});
    cr_expect_eq(say("payExactTransaction", usual("attempt-number-one")).status, 200);
    cr_expect_eq(kaspa_wallet_signed(shop.wallet), 1);
}

Test(kaspa_wallet, stops_with_a_silent_call)
{
    behave((struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SILENT});
    cr_expect_eq(say_within("sourceKind", "{}", SHORT_MS).outcome, HTTP_TIMEOUT);
}

Test(kaspa_wallet, logs_every_call_with_what_it_brought)
{
    struct kaspa_node_call call;

    (void)say("networkId", "{}");
    (void)say("sourceKind", "{\"a\":1}");
    (void)say("nothing", "{}");
    (void)say("sourceKind", "no JSON");
    cr_expect_eq(kaspa_wallet_calls(shop.wallet), 4);
    cr_expect_eq(kaspa_wallet_count(shop.wallet, "sourceKind"), 2);
    cr_assert(kaspa_wallet_call(shop.wallet, 2, &call));
    cr_expect_str_eq(call.method, "sourceKind");
    cr_expect_str_eq(call.params, "{\"a\":1}");
    cr_expect_not(kaspa_wallet_call(shop.wallet, 5, &call));
    cr_expect(kaspa_wallet_await(shop.wallet, NULL, 4, 0));
    cr_expect_not(kaspa_wallet_await(shop.wallet, "networkId", 2, 0));
}

Test(kaspa_wallet, answers_what_it_does_not_know_with_an_error)
{
    static const struct {
        const char *call, *body;
        int status;
    } rows[] = {
        {"nothing", "{}", 404},
        {"", "{}", 404},
        {"sourceKind", "", 400},
        {"sourceKind", "{\"a\":", 400},
        {"payExactTransaction", "{}", 422},
        {"payExactTransaction", "[]", 422},
        {"finalizeExactPaymentAttempt", "{}", 422},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(say(rows[i].call, rows[i].body).status, rows[i].status, "row: %s %s",
                     rows[i].call, rows[i].body);
}

static bool is_known(const char *txid)
{
    struct kaspa_chain_tx found = {.state = KASPA_TX_UNKNOWN};
    struct kaspa_hash id;

    cr_assert_eq(assay_hex_decode(id.at, sizeof(id.at), assay_str(txid), true), ASSAY_OK);
    kaspa_chain_lock_take(shop.w.lock);
    (void)kaspa_chain_tx(shop.w.chain, &found, &id);
    kaspa_chain_lock_give(shop.w.lock);
    return found.state != KASPA_TX_UNKNOWN;
}

Test(kaspa_wallet, spends_what_it_has_signed_otherwise)
{
    const char *id;
    struct said said;

    cr_expect_not(kaspa_wallet_double_spend(shop.wallet), "nothing was signed");
    said = say("payExactTransaction", usual("an-attempt-of-mine"));
    cr_assert_eq(said.status, 200, "%s", said.body);
    id = strstr(said.body, "\"transactionId\":\"");
    cr_assert_not_null(id);
    id = assay_arena_printf(&shop.w.arena, "%.64s", id + strlen("\"transactionId\":\""));
    cr_expect(kaspa_wallet_double_spend(shop.wallet));
    cr_expect_eq(pay_shop_submissions(&shop), 1);
    cr_expect_not(is_known(id), "what it signed is not what was submitted");
    cr_expect_not(kaspa_wallet_double_spend(shop.wallet), "the coin is spent in the mempool");
}
