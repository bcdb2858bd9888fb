/* `assay pay` end to end: the program against a shop, a wallet, a node and a chain that behave as a
 * row has it. What counts is what left: payments that the shop was shown, transactions on the
 * chain, calls to the wallet. */
#include "pay_shop.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>

static struct pay_shop shop;
static struct program pay;

#define GOODS "the goods of /goods\n"

static void begin(void)
{
    pay_shop_begin(&shop, 4);
    program_init(&pay);
}

static void end(void)
{
    program_fini(&pay);
    pay_shop_end(&shop);
}

TestSuite(pay, .init = begin, .fini = end, .timeout = 300);

/* ---- a run ---- */

struct policy {
    const char *origin, *pay_to, *amount, *source, *wallet_ms; /* NULL: right */
};

static void write_policy(const struct policy *policy)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);

    assay_buf_printf(&text,
                     "{\"allowedOrigins\": [\"%s\"],\n \"allowedPayTo\": [\"%s\"],\n"
                     " \"maximumExactAmountSompi\": \"%s\", \"requiredSource\": \"%s\","
                     " \"requestTimeoutMilliseconds\": 20000, \"walletTimeoutMilliseconds\": %s,"
                     " \"maximumRetryAfterMilliseconds\": 20}",
                     policy->origin != NULL ? policy->origin : kaspa_shop_origin(shop.shop),
                     policy->pay_to != NULL ? policy->pay_to : shop.w.address,
                     policy->amount != NULL ? policy->amount : "30000000",
                     policy->source != NULL ? policy->source : "hot-wallet",
                     policy->wallet_ms != NULL ? policy->wallet_ms : "20000");
    program_write(&pay, "policy.json", assay_buf_view(&text));
    assay_buf_fini(&text);
}

struct run {
    const char *url;     /* NULL: the goods */
    const char *more[6]; /* further arguments */
    bool no_node;
};

/* The simulated chain is dated, so the node's lag is not judged; the node says what it has at once.
 */
static void start(const struct run *run)
{
    const char *args[32] = {"pay",        run->url != NULL ? run->url : shop.url,
                            "--policy",   "policy.json",
                            "--wallet",   kaspa_wallet_url(shop.wallet),
                            "--state",    "state",
                            "--wait",     "0",
                            "--poll",     "10",
                            "--node-lag", "0"};
    size_t n = 14;

    if (!run->no_node) {
        args[n++] = "--node";
        args[n++] = kaspa_node_rpc_url(shop.w.node);
    }
    for (size_t i = 0; i < ARRAY_LEN(run->more) && run->more[i] != NULL; i++)
        args[n++] = run->more[i];
    program_start(&pay, args, NULL);
}

static void run(const struct run *how)
{
    start(how);
    program_end(&pay, PROGRAM_DEADLINE_MS);
}

static void expect(int status, const char *body, const char *says, const char *row)
{
    cr_expect_eq(pay.status, status, "row: %s: %d: %.*s", row, pay.status, (int)pay.err.len,
                 (const char *)pay.err.at);
    cr_expect(assay_bytes_is(assay_buf_view(&pay.out), body), "row: %s: %.*s", row,
              (int)pay.out.len, (const char *)pay.out.at);
    cr_expect(program_says(&pay, says), "row: %s: %.*s", row, (int)pay.err.len,
              (const char *)pay.err.at);
}

static void expect_left(size_t payments, size_t submissions, uint64_t signatures, const char *row)
{
    cr_expect_eq(pay_shop_payments(&shop), payments, "row: %s: %zu payments", row,
                 pay_shop_payments(&shop));
    cr_expect_eq(pay_shop_submissions(&shop), submissions, "row: %s: %zu submissions", row,
                 pay_shop_submissions(&shop));
    cr_expect_eq(kaspa_wallet_signed(shop.wallet), signatures, "row: %s: %llu signatures", row,
                 (unsigned long long)kaspa_wallet_signed(shop.wallet));
}

/* ---- the honest path ---- */

Test(pay, buys_once_and_prints_the_goods)
{
    write_policy(&(struct policy){.origin = NULL});
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "assay pay: paid: 30000000 sompi to", "first");
    expect_left(1, 1, 1, "first");
    cr_expect_eq(kaspa_wallet_reserved(shop.wallet), 0, "the wallet was told that it is over");
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "settled", "another purchase of the same");
    expect_left(2, 2, 2, "second");
}

Test(pay, lists_what_it_remembers)
{
    static const char *const list[] = {"pay", "--state", "state", "--list", NULL};
    static const char *const json[] = {"pay", "--state", "state", "--list", "--json", NULL};

    write_policy(&(struct policy){.origin = NULL});
    run(&(struct run){.more = {"--id", "an-identifier-of-mine"}});
    cr_assert_eq(pay.status, 0);
    program_run(&pay, list, NULL);
    cr_expect_eq(pay.status, 0);
    cr_expect(program_says(&pay, "settled delivered an-identifier-of-mine 30000000 sompi"), "%.*s",
              (int)pay.out.len, (const char *)pay.out.at);
    program_run(&pay, json, NULL);
    cr_expect(program_says(&pay, "\"state\":\"settled\",\"delivered\":true"));
}

Test(pay, sends_the_body_with_both_requests)
{
    struct kaspa_shop_call call;

    write_policy(&(struct policy){.origin = NULL});
    program_write(&pay, "body", ASSAY_LIT("{\"a\":1}"));
    run(&(struct run){.more = {"--body", "body", "--json"}});
    expect(0, GOODS, "\"end\":\"paid\"", "body");
    cr_assert(kaspa_shop_call(shop.shop, 2, &call));
    cr_expect_str_eq(call.body, "{\"a\":1}");
    cr_expect(program_says(&pay, "\"method\":\"POST\""));
}

Test(pay, asks_for_the_goods_again_under_the_same_identifier)
{
    const struct run again = {.more = {"--id", "an-identifier-of-mine"}};

    write_policy(&(struct policy){.origin = NULL});
    run(&again);
    run(&again);
    expect(0, GOODS, "paid", "again");
    expect_left(1, 2, 1, "the chain is shown the same transaction twice");
}

Test(pay, is_not_settled_without_a_node)
{
    write_policy(&(struct policy){.origin = NULL});
    run(&(struct run){.no_node = true});
    expect(2, GOODS, "unresolved", "no node");
    run(&(struct run){.no_node = true});
    expect(2, GOODS, "unresolved", "no node, again");
    expect_left(1, 2, 1, "no node");
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "paid", "with a node");
    expect_left(1, 3, 1, "with a node");
}

/* ---- refused before anything is signed ---- */

#define STRANGER "kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz"

static const struct {
    const char *name, *says;
    uint64_t wallet_calls;
    struct policy policy;
    const char *member, *value; /* of the challenge, changed */
    struct kaspa_wallet_behaviour wallet;
    int status; /* of the first answer; 0: a challenge */
} refused[] = {
    {"one sompi above the maximum", "client.policy.amount", 0, .policy = {.amount = "29999999"}},
    {"another payee", "client.policy.payee", 0, .policy = {.pay_to = STRANGER}},
    {"another origin", "client.policy.origin", 0, .policy = {.origin = "http://127.0.0.1:1"}},
    {"mainnet", "client.skip", 0, .member = "network", .value = "kaspa:mainnet"},
    {"another resource", "client.resource", 0, .member = "url",
     .value = "http://127.0.0.1:1/goods"},
    {"a redirect", "client.redirect", 0, .status = 307},
    {"a vault is required", "client.source", 1, .policy = {.source = "vault-treasury"}},
    {"another source", "client.source", 1, .wallet = {.kind = KASPA_WALLET_OTHER_KIND}},
    {"no source", "client.source", 1, .wallet = {.kind = KASPA_WALLET_NO_KIND}},
    {"a null source", "client.source", 1, .wallet = {.kind = KASPA_WALLET_NULL_KIND}},
    {"a source in capitals", "client.source", 1, .wallet = {.kind = KASPA_WALLET_CASE_KIND}},
    {"an unknown source", "client.source", 1, .wallet = {.kind = KASPA_WALLET_UNKNOWN_KIND}},
    {"a wallet of mainnet", "client.mainnet", 2, .wallet = {.network = "kaspa:mainnet"}},
    {"a source that changes", "client.source", 3,
     .wallet = {.kind = KASPA_WALLET_OTHER_KIND, .kind_from = 2}},
    {"a silent wallet", "the wallet gave no answer", 1, .policy = {.wallet_ms = "100"},
     .wallet = {.fault = KASPA_WALLET_SILENT}},
    {"a wallet that fails", "told to fail", 1, .wallet = {.fault = KASPA_WALLET_ERROR}},
    {"a malformed wallet", "client.source", 1, .wallet = {.fault = KASPA_WALLET_MALFORMED}},
    {"a wallet of another shape", "client.source", 1,
     .wallet = {.fault = KASPA_WALLET_WRONG_SHAPE}},
    {"a huge wallet", "the wallet gave no answer", 1,
     .wallet = {.fault = KASPA_WALLET_HUGE, .large_bytes = 8 << 20}},
};

/* Of the offer, or the resource. */
static void change_member(const void *arg, json_t *required)
{
    size_t i = (size_t)((const char *)arg - (const char *)refused) / sizeof(refused[0]);
    json_t *in = strcmp(refused[i].member, "url") == 0
                     ? json_object_get(required, "resource")
                     : json_array_get(json_object_get(required, "accepts"), 0);

    (void)json_object_set_new(in, refused[i].member, json_string(refused[i].value));
}

Test(pay, refuses_before_anything_is_signed)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        end();
        begin();
        write_policy(&refused[i].policy);
        kaspa_wallet_behave(shop.wallet, &refused[i].wallet);
        kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){
                                         .unpaid = {{.status = refused[i].status,
                                                     .fields = {{"Location", shop.url}}}},
                                         .unpaid_count = 1,
                                         .edit = refused[i].member != NULL ? change_member : NULL,
                                         .arg = &refused[i]});
        run(&(struct run){.more = {"--retries", "0"}});
        expect(1, "", refused[i].says, refused[i].name);
        expect_left(0, 0, 0, refused[i].name);
        cr_expect_eq(kaspa_wallet_calls(shop.wallet), refused[i].wallet_calls, "row: %s: %llu",
                     refused[i].name, (unsigned long long)kaspa_wallet_calls(shop.wallet));
    }
}

/* ---- refused when it is signed ---- */

Test(pay, sends_nothing_that_the_wallet_has_signed_otherwise)
{
    static const struct {
        const char *name;
        struct kaspa_wallet_behaviour wallet;
        const char *rule;
    } rows[] = {
        {"another source", {.result_kind = KASPA_WALLET_OTHER_KIND}, "client.source"},
        {"no source", {.result_kind = KASPA_WALLET_NO_KIND}, "client.source"},
        {"another payee", {.lie = KASPA_WALLET_OTHER_PAYEE}, "client.verify-artifact"},
        {"more", {.lie = KASPA_WALLET_MORE}, "client.verify-artifact"},
        {"less", {.lie = KASPA_WALLET_LESS}, "client.verify-artifact"},
        {"a stranger as well", {.lie = KASPA_WALLET_EXTRA_OUTPUT}, "client.verify-artifact"},
        {"a high fee", {.lie = KASPA_WALLET_HIGH_FEE}, "client.verify-artifact"},
        {"another transaction", {.lie = KASPA_WALLET_OTHER_TX}, "client.verify-artifact"},
        {"another id", {.lie = KASPA_WALLET_OTHER_ID}, "client.verify-artifact"},
        {"another request", {.lie = KASPA_WALLET_OTHER_REQUEST}, "client.verify-artifact"},
        {"a longer time", {.lie = KASPA_WALLET_ENDS_LATER}, "client."},
        {"no list of coins", {.lie = KASPA_WALLET_UNLISTED_COINS}, "client.verify-artifact"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        end();
        begin();
        write_policy(&(struct policy){.origin = NULL});
        kaspa_wallet_behave(shop.wallet, &rows[i].wallet);
        run(&(struct run){.url = NULL});
        expect(1, "", rows[i].rule, rows[i].name);
        expect_left(0, 0, 1, rows[i].name);
    }
}

Test(pay, sends_nothing_when_the_node_does_not_show_the_coins)
{
    static const struct {
        const char *name;
        struct kaspa_node_behaviour node;
    } rows[] = {
        {"unsynced", {.unsynced = true}},
        {"another network", {.network = "mainnet"}},
        {"dropped", {.fault = KASPA_NODE_DROP}},
        {"errors", {.fault = KASPA_NODE_ERROR}},
        {"malformed", {.fault = KASPA_NODE_MALFORMED}},
        {"other amounts", {.lie = KASPA_NODE_OTHER_AMOUNT}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        end();
        begin();
        write_policy(&(struct policy){.origin = NULL});
        kaspa_node_behave(shop.w.node, &rows[i].node);
        run(&(struct run){.more = {"--node-deadline", "2000"}});
        expect(1, "", "not paid", rows[i].name);
        expect_left(0, 0, 1, rows[i].name);
    }
}

/* ---- after it is sent ---- */

/* Nothing becomes of the payment. */
#define LEAVES(...)                                                                                \
    {                                                                                              \
        .payment = KASPA_SHOP_LEAVES, __VA_ARGS__                                                  \
    }

Test(pay, pays_once_whatever_is_answered)
{
    static const struct {
        const char *name;
        struct kaspa_shop_answer paid[2]; /* to the payments, the last to all that follow */
        int status;
        const char *body, *says;
        size_t submissions;
    } rows[] = {
        {"a forged receipt",
         {LEAVES(.receipt = KASPA_SHOP_RECEIPT_TRUE)},
         2,
         GOODS,
         "unresolved",
         0},
        {"no receipt", {{.receipt = KASPA_SHOP_RECEIPT_NONE}}, 0, GOODS, "paid", 1},
        {"the mempool alone", {{.payment = KASPA_SHOP_POOLS}}, 2, GOODS, "unresolved", 1},
        {"402 for ever", {LEAVES(.status = 402)}, 2, "", "client.artifact.once", 0},
        {"a redirect", {LEAVES(.status = 307)}, 2, "", "client.redirect", 0},
        {"a failure", {LEAVES(.status = 500)}, 2, "", "answered 500", 0},
        {"busy for ever", {LEAVES(.status = 503)}, 2, "", "answered 503", 0},
        {"busy for a while",
         {LEAVES(.status = 503, .times = 2), {.times = 1}},
         0,
         GOODS,
         "paid",
         1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_shop_behaviour how = {.paid_count = rows[i].paid[1].times > 0 ? 2 : 1};

        end();
        begin();
        write_policy(&(struct policy){.origin = NULL});
        memcpy(how.paid, rows[i].paid, sizeof(rows[i].paid));
        kaspa_shop_behave(shop.shop, &how);
        run(&(struct run){.more = {"--retries", "3"}});
        expect(rows[i].status, rows[i].body, rows[i].says, rows[i].name);
        expect_left(1, rows[i].submissions, 1, rows[i].name);
    }
}

static void shop_fails(bool on)
{
    kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){.paid = {LEAVES(.status = 500)},
                                                                .paid_count = on ? 1 : 0});
}

Test(pay, resolves_later_what_was_left_unresolved)
{
    write_policy(&(struct policy){.origin = NULL});
    shop_fails(true);
    run(&(struct run){.url = NULL});
    expect(2, "", "unresolved", "first");
    run(&(struct run){.more = {"--id", "an-identifier-of-mine"}});
    expect(2, "", "client.replacement", "no other payment meanwhile");
    shop_fails(false);
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "paid", "second");
    expect_left(1, 1, 1, "one payment in all");
}

Test(pay, pays_twice_with_a_defect_that_forgets)
{
    static const char *const defects[] = {"client.attempt.unsaved", "client.attempt.forgotten"};
    for (size_t i = 0; i < ARRAY_LEN(defects); i++) {
        end();
        begin();
        write_policy(&(struct policy){.origin = NULL});
        shop_fails(true);
        run(&(struct run){.more = {"--defect", defects[i]}});
        shop_fails(false);
        run(&(struct run){.more = {"--defect", defects[i]}});
        cr_expect_eq(pay_shop_payments(&shop), 2, "%s", defects[i]);
    }
}

static void put_foreign_first(const void *arg, json_t *required)
{
    json_t *accepts = json_object_get(required, "accepts");
    json_t *foreign = json_deep_copy(json_array_get(accepts, 0));

    (void)arg;
    (void)json_object_set_new(foreign, "scheme", json_string("upto"));
    (void)json_array_insert_new(accepts, 0, foreign);
}

Test(pay, skips_offers_that_it_does_not_understand)
{
    write_policy(&(struct policy){.origin = NULL});
    kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){.edit = put_foreign_first});
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "paid", "foreign first");
}

/* Killed while the wallet is silent; then while the shop is busy. The wallet's artifact is
 * reloaded. */
Test(pay, goes_on_after_it_was_killed)
{
    const struct kaspa_wallet_behaviour silent = {.fault = KASPA_WALLET_SILENT,
                                                  .fault_call = "payExactTransaction"},
                                        sound = {.fault = KASPA_WALLET_SOUND};

    write_policy(&(struct policy){.origin = NULL});
    kaspa_wallet_behave(shop.wallet, &silent);
    start(&(struct run){.url = NULL});
    cr_assert(kaspa_wallet_await(shop.wallet, "payExactTransaction", 1, DEADLINE_MS));
    program_end(&pay, 0);
    cr_expect_eq(pay.status, PROGRAM_LATE);
    kaspa_wallet_behave(shop.wallet, &sound);
    run(&(struct run){.url = NULL});
    expect(0, GOODS, "paid", "after the wallet signed");
    expect_left(1, 1, 1, "after the wallet signed");
    cr_expect_eq(kaspa_wallet_count(shop.wallet, "payExactTransaction"), 2);
}

/* ---- usage ---- */

Test(pay, says_what_is_wrong_with_its_arguments)
{
    static const struct {
        const char *name, *args[12], *says;
    } rows[] = {
        {"no URL", {"pay", "--policy", "p"}, "name one URL"},
        {"no policy", {"pay", "http://127.0.0.1/"}, "--policy is missing"},
        {"no wallet",
         {"pay", "http://127.0.0.1/", "--policy", "policy.json"},
         "--wallet is missing"},
        {"no state",
         {"pay", "http://127.0.0.1/", "--policy", "policy.json", "--wallet", "w"},
         "--state is missing"},
        {"no list", {"pay", "--list"}, "--state is missing"},
        {"no such option", {"pay", "--purse"}, "there is no option --purse"},
        {"too many retries", {"pay", "--retries", "1001"}, "--retries"},
        {"an unknown defect", {"pay", "--defect", "client.nothing"}, "client.nothing"},
        {"a policy that is not there",
         {"pay", "http://127.0.0.1/", "--policy", "missing", "--wallet", "http://127.0.0.1",
          "--state", "state"},
         "missing"},
        {"a broken policy",
         {"pay", "http://127.0.0.1/", "--policy", "broken", "--wallet", "http://127.0.0.1",
          "--state", "state"},
         "broken:2: policy.\"purse\" is no member"},
        {"a wallet elsewhere",
         {"pay", "http://127.0.0.1/", "--policy", "policy.json", "--wallet", "http://192.0.2.1",
          "--state", "state"},
         "is not a loopback host"},
        {"a URL with credentials",
         {"pay", "http://me:secret@127.0.0.1/", "--policy", "policy.json", "--wallet",
          "http://127.0.0.1", "--state", "state"},
         "user information"},
        {"a wallet with credentials",
         {"pay", "http://127.0.0.1/", "--policy", "policy.json", "--wallet",
          "http://me:secret@127.0.0.1", "--state", "state"},
         "--wallet"},
        {"a node with credentials",
         {"pay", "http://127.0.0.1/", "--policy", "policy.json", "--wallet", "http://127.0.0.1",
          "--node", "ws://me:secret@127.0.0.1", "--state", "state"},
         "--node"},
        {"two commands", {"pay", "--list", "--refund", "x", "--state", "state"}, "give one"},
        {"two others", {"pay", "--top-up", "x", "--refund", "x", "--state", "state"}, "give one"},
        {"a refund of a URL", {"pay", "http://127.0.0.1/", "--refund", "x"}, "takes no URL"},
        {"a refund with a body", {"pay", "--refund", "x", "--body", "b"}, "--body"},
        {"a top-up with a method", {"pay", "--top-up", "x", "--method", "PUT"}, "--method"},
        {"a top-up of no id", {"pay", "--top-up", "x", "--state", "state"}, "64 digits"},
        {"a refund of no id",
         {"pay", "--refund", "x", "--policy", "policy.json", "--wallet", "http://127.0.0.1",
          "--state", "state"},
         "64 digits"},
    };

    write_policy(&(struct policy){.origin = NULL});
    program_write(&pay, "broken", ASSAY_LIT("{\n\"purse\": 1}"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        program_run(&pay, rows[i].args, NULL);
        cr_expect_eq(pay.status, 3, "row: %s: %d", rows[i].name, pay.status);
        cr_expect(program_says(&pay, rows[i].says), "row: %s: %.*s", rows[i].name, (int)pay.err.len,
                  (const char *)pay.err.at);
        cr_expect_not(program_says(&pay, "secret"), "row: %s: a password is not printed",
                      rows[i].name);
    }
    expect_left(0, 0, 0, "usage");
}
