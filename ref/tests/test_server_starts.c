/* The starts of the reference servers: what they refuse, and with which words, and what becomes of
 * them where memory or descriptors are short. */
#include "base/hash.h"
#include "base/hex.h"
#include "ref/tests/forked.h"
#include "ref/tests/kx_phases.h"
#include "ref/tests/limits.h"
#include "server/kaspa_x402.h"
#include "server/paid_tools.h"
#include "tests/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRESS "kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy"
#define NOBODY "ws://127.0.0.1:1" /* where no node is */
#define DIGITS "0000000000000000000000000000000000000000000000000000000000000001"
#define SECRET "a secret of thirty-two bytes, or more"
#define TOO_LONG_BYTES 8191 /* beside anything else for tokens, of which all have 8192 */

static struct kx_server_options o;

/* Everything that takes memory, descriptors or a variable. */
static void sell_everything(void)
{
    o = (struct kx_server_options)KX_SERVER_OPTIONS_DEFAULT;
    o.listen = "127.0.0.1:0";
    o.store = kx_store_file();
    o.limits = kx_store_test_limits;
    o.node = NOBODY;
    o.pay_to = ADDRESS;
    o.origin = "http://127.0.0.1:1";
    o.facilitator = "http://127.0.0.1:1";
    o.sells[0] = "exact,eip155:84532,0xasset,0xpayee,{\"name\":\"coin\"}";
    o.sell_count = 1;
    o.facilitator_token = "KX_TEST_TOKEN";
    o.offer_key = "KX_TEST_SECRET";
    o.channel_key = DIGITS;
    o.principals[0] = "alice:a:KX_TEST_ALICE";
    o.principals[1] = "bob::KX_TEST_BOB";
    o.principal_count = 2;
    o.has_mcp = true;
}

/* The least. */
static void sell(void)
{
    sell_everything();
    o.facilitator = o.facilitator_token = o.offer_key = o.channel_key = o.origin = NULL;
    o.sell_count = o.principal_count = 0;
    o.has_mcp = false;
}

static void set_up(void)
{
    kx_store_folder_make();
    cr_assert_eq(setenv("KX_TEST_TOKEN", "a token of many bytes", 1), 0);
    cr_assert_eq(setenv("KX_TEST_ALICE", "one more token of many bytes", 1), 0);
    cr_assert_eq(setenv("KX_TEST_BOB", "another token of many bytes", 1), 0);
    cr_assert_eq(setenv("KX_TEST_LONG", text_of_length(TOO_LONG_BYTES), 1), 0);
    cr_assert_eq(setenv("KX_TEST_SECRET", DIGITS, 1), 0);
    cr_assert_eq(setenv("PT_TEST_SECRET", SECRET, 1), 0);
    cr_assert_eq(setenv("PT_TEST_LONG", text_of_length(PT_SECRET_MAX_BYTES + 1), 1), 0);
    sell();
}

TestSuite(server_starts, .init = set_up, .fini = kx_store_folder_drop, .timeout = 300);

static enum assay_code run_kaspa(const void *cls, struct assay_err *err)
{
    return kx_server_run(cls, err);
}

static enum assay_code run_tools(const void *cls, struct assay_err *err)
{
    return pt_server_run(cls, err);
}

/* ---- options that are refused ---- */

static void sell_through(const char *kind)
{
    o.facilitator = "http://127.0.0.1:1";
    o.sells[0] = kind;
    o.sell_count = 1;
}

static void know(const char *principal)
{
    o.principals[0] = principal;
    o.principal_count = 1;
}

static void facilitate_for(const char *tenant)
{
    o.facilitates = true;
    o.pay_to = NULL;
    know(tenant);
}

static void register_head(const char *head)
{
    o.head_owner = DIGITS;
    o.heads[0] = head;
    o.head_count = 1;
}

static const char *many_members(void)
{
    static char text[4096];
    size_t n = (size_t)snprintf(text, sizeof(text), "exact,eip155:1,a,b,{\"0\":0");

    for (int i = 1; i < 200; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"%d\":0", i);
    (void)snprintf(text + n, sizeof(text) - n, "}");
    return text;
}

/* More between the two than there is room for names. */
static const char *too_long(const char *before, const char *after)
{
    static char text[70000];
    size_t len = sizeof(text) - 1 - strlen(after);

    memset(text, 'n', len);
    memcpy(text, before, strlen(before));
    (void)snprintf(text + len, sizeof(text) - len, "%s", after);
    return text;
}

CHANGE(no_store, o.store = NULL)
CHANGE(no_workers, o.workers = 0)
CHANGE(store_is_a_folder, o.store = "/")
CHANGE(many_workers, o.workers = KX_SERVER_WORKERS_MAX + 1)
CHANGE(shared_memory, o.store = "memory")
CHANGE(no_folder, o.store = "/nonexistent/a/store")
CHANGE(no_network, o.network = NULL)
CHANGE(other_network, o.network = "kaspa:simnet")
CHANGE(coins_of_value, o.network = "kaspa:mainnet")
CHANGE(coins_of_value_meant, o.network = "kaspa:mainnet"; o.mainnet = true)
CHANGE(long_address, o.pay_to = text_of_length(200))
CHANGE(no_address, o.pay_to = NULL)
CHANGE(no_node, o.node = NULL)
CHANGE(far_node, o.node = "ws://10.0.0.1:1")
CHANGE(far_origin, o.origin = "http://example.com")
CHANGE(far_facilitator, sell_through("exact,eip155:1,a,b"); o.facilitator = "http://example.com")
CHANGE(far_facilitator_alone, far_facilitator(); o.pay_to = NULL)
CHANGE(nothing_through_it, o.facilitator = "http://127.0.0.1:1")
CHANGE(extra_is_none, sell_through("exact,eip155:1,a,b,{"))
CHANGE(extra_is_a_list, sell_through("exact,eip155:1,a,b,[1]"))
CHANGE(extra_is_large, sell_through(many_members()))
CHANGE(sells_its_own, sell_through("exact,kaspa:testnet-10,a,b"))
CHANGE(key_alone, o.offer_key = "KX_TEST_SECRET")
CHANGE(key_of_nothing, sell_through("exact,eip155:1,a,b"); o.offer_key = "NOT_THERE")
CHANGE(key_itself, sell_through("exact,eip155:1,a,b"); o.offer_key = DIGITS)
CHANGE(short_channel_key, o.channel_key = "f00d")
CHANGE(token_of_nothing, o.facilitator_token = "NOT_THERE")
CHANGE(long_token, o.facilitator_token = "KX_TEST_LONG")
CHANGE(one_token_more, know("a::KX_TEST_LONG"); o.facilitator_token = "KX_TEST_TOKEN")
CHANGE(two_long_tokens, know("a::KX_TEST_LONG"); o.principals[1] = "b::KX_TEST_BOB";
       o.principal_count = 2)
CHANGE(principal_without_a_name, know("::KX_TEST_ALICE"))
CHANGE(principal_without_a_tenant, know("a"))
CHANGE(principal_without_a_variable, know("a:b:"))
CHANGE(principal_of_a_long_name, know(too_long("", ":a:KX_TEST_ALICE")))
CHANGE(principal_of_a_long_tenant, know(too_long("a:", ":KX_TEST_ALICE")))
CHANGE(principal_of_a_long_variable, know(too_long("a:b:", "")))
CHANGE(tenant_of_a_long_name, facilitate_for(too_long("", ":KX_TEST_ALICE")))
CHANGE(tenant_of_a_long_variable, facilitate_for(too_long("a:", "")))
CHANGE(tenant_without_a_name, facilitate_for(":KX_TEST_ALICE"))
CHANGE(tenant_without_a_variable, facilitate_for("a:"))
CHANGE(tenant_alone, facilitate_for("a"))
CHANGE(tenant_of_nothing, facilitate_for("a:NOT_THERE"))
CHANGE(facilitator_without_a_node, facilitate_for("a:KX_TEST_ALICE"); o.node = NULL)
CHANGE(head_of_nobody, register_head(DIGITS ":0"); o.head_owner = NULL)
CHANGE(head_of_no_key, register_head(DIGITS ":0"); o.head_owner = "f00d")
CHANGE(head_without_an_index, register_head(DIGITS))
CHANGE(head_of_no_transaction, register_head("f00d:0"))
CHANGE(head_of_a_large_index, register_head(DIGITS ":4294967296"))
CHANGE(head_that_nobody_knows, register_head(DIGITS ":0"))
CHANGE(no_url, o.base_url = "shop")
CHANGE(nameless_pipe, o.is_piped = o.has_mcp = true; o.workers = 1)
CHANGE(piped_by_a_bad_name, nameless_pipe(); o.base_url = "shop")
CHANGE(public_address, o.listen = "0.0.0.0:0")
CHANGE(slow_polls, o.poll_ms = 0)

static const struct limit_row refused[] = {
    {"no store", no_store, ASSAY_E_MISSING, "the store is missing"},
    {"no workers", no_workers, ASSAY_E_RANGE, "workers: 1 to 64"},
    {"many workers", many_workers, ASSAY_E_RANGE, "workers: 1 to 64"},
    {"shared memory", shared_memory, ASSAY_E_DENIED, "use one worker"},
    {"no folder", no_folder, ASSAY_E_IO, "/nonexistent/a"},
    {"a folder", store_is_a_folder, ASSAY_E_IO, "/"},
    {"no network", no_network, ASSAY_E_MALFORMED, "kaspa:testnet-10"},
    {"another network", other_network, ASSAY_E_MALFORMED, "\"kaspa:simnet\""},
    {"coins of value", coins_of_value, ASSAY_E_DENIED, "say so with mainnet"},
    {"coins of value, meant", coins_of_value_meant, ASSAY_E_MALFORMED, "payTo"},
    {"a long address", long_address, ASSAY_E_MALFORMED, "longer than any address"},
    {"no address", no_address, ASSAY_E_MISSING, "pay-to is missing"},
    {"no node", no_node, ASSAY_E_MISSING, "the node is missing"},
    {"a far node", far_node, ASSAY_E_DENIED, "node \"ws://10.0.0.1:1\""},
    {"a far origin", far_origin, ASSAY_E_DENIED, "origin \"http://example.com\""},
    {"a far facilitator", far_facilitator, ASSAY_E_IO, "facilitator"},
    {"that one alone", far_facilitator_alone, ASSAY_E_DENIED, "facilitator"},
    {"nothing through it", nothing_through_it, ASSAY_E_MISSING, "go together"},
    {"no JSON", extra_is_none, ASSAY_E_MALFORMED, "EXTRA"},
    {"a list", extra_is_a_list, ASSAY_E_MALFORMED, "no JSON object"},
    {"many members", extra_is_large, ASSAY_E_TOO_LARGE, "EXTRA"},
    {"its own network", sells_its_own, ASSAY_E_RANGE, "settles kaspa:testnet-10 itself"},
    {"a key alone", key_alone, ASSAY_E_MISSING, "name one"},
    {"a key of nothing", key_of_nothing, ASSAY_E_MISSING, "NOT_THERE holds no secret key"},
    {"a key itself", key_itself, ASSAY_E_MISSING, "and not a key"},
    {"a short channel key", short_channel_key, ASSAY_E_MALFORMED, "channel-key"},
    {"no such token", token_of_nothing, ASSAY_E_MISSING, "facilitator token: "},
    {"a long token", long_token, ASSAY_E_TOO_LARGE, "8192 bytes at most"},
    {"one token more", one_token_more, ASSAY_E_TOO_LARGE, "8192 bytes at most"},
    {"two long tokens", two_long_tokens, ASSAY_E_TOO_LARGE, "principal \"b::KX_TEST_BOB\""},
    {"no name", principal_without_a_name, ASSAY_E_MALFORMED, "NAME:TENANT:VARIABLE"},
    {"a name alone", principal_without_a_tenant, ASSAY_E_MALFORMED, "NAME:TENANT:VARIABLE"},
    {"no variable", principal_without_a_variable, ASSAY_E_MALFORMED, "NAME:TENANT:VARIABLE"},
    {"a long name", principal_of_a_long_name, ASSAY_E_NOMEM, "no memory for names"},
    {"a long tenant", principal_of_a_long_tenant, ASSAY_E_NOMEM, "no memory for names"},
    {"a long variable", principal_of_a_long_variable, ASSAY_E_NOMEM, "no memory for names"},
    {"a tenant's long name", tenant_of_a_long_name, ASSAY_E_NOMEM, "no memory for names"},
    {"its long variable", tenant_of_a_long_variable, ASSAY_E_NOMEM, "no memory for names"},
    {"a nameless tenant", tenant_without_a_name, ASSAY_E_MALFORMED, "tenant \":KX_TEST_ALICE\""},
    {"its variable missing", tenant_without_a_variable, ASSAY_E_MALFORMED, "tenant \"a:\""},
    {"a tenant alone", tenant_alone, ASSAY_E_MALFORMED, "tenant \"a\""},
    {"its token missing", tenant_of_nothing, ASSAY_E_MISSING, "NOT_THERE"},
    {"to facilitate blindly", facilitator_without_a_node, ASSAY_E_MISSING, "the node is missing"},
    {"a head of nobody", head_of_nobody, ASSAY_E_MALFORMED, "head-owner"},
    {"a head of no key", head_of_no_key, ASSAY_E_MALFORMED, "head-owner"},
    {"a head of no index", head_without_an_index, ASSAY_E_MALFORMED, "64 hex digits, a colon"},
    {"of no transaction", head_of_no_transaction, ASSAY_E_MALFORMED, "head f00d:0"},
    {"2^32", head_of_a_large_index, ASSAY_E_MALFORMED, ":4294967296"},
    {"a head, no node", head_that_nobody_knows, ASSAY_E_IO, "heads: node " NOBODY},
    {"no URL", no_url, ASSAY_E_MALFORMED, "base URL"},
    {"a nameless pipe", nameless_pipe, ASSAY_E_MISSING, "base-url is missing"},
    {"a misnamed pipe", piped_by_a_bad_name, ASSAY_E_MALFORMED, "base URL"},
    {"a public address", public_address, ASSAY_E_DENIED, "0.0.0.0:0"},
    {"no pause", slow_polls, ASSAY_E_RANGE, "times"},
};

Test(server_starts, name_the_option_that_they_refuse)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct forked f;
        int status;

        sell();
        refused[i].change();
        forked_start(&f, run_kaspa, &o, NULL);
        status = forked_hear(&f, "ready ") ? forked_stop(&f) : forked_end(&f);
        cr_expect_eq(status, (int)refused[i].code, "%s: %d: %s", refused[i].name, status, f.said);
        cr_expect_not_null(strstr(f.said, refused[i].says), "%s: %s", refused[i].name, f.said);
    }
}

/* ---- a restart ---- */

/* The head that the store knows is not asked for: no node is there. */
Test(server_starts, ask_for_no_head_that_they_know)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_head_record head = kx_head_of(1);
    uint8_t name[sizeof(head.outpoint.txid.at) + 4] = {0};
    struct forked f;

    memset(&head.outpoint, 0, sizeof(head.outpoint));
    name[31] = head.outpoint.txid.at[31] = 1;
    assay_sha256(head.id, assay_bytes_of(name, sizeof(name)));
    kx_head_registered(store, &head);
    store->ops->close(store);
    register_head(DIGITS ":0");
    o.heads[1] = DIGITS ":0";
    o.head_count = 2;
    forked_start(&f, run_kaspa, &o, NULL);
    cr_assert_neq(forked_port(&f, "kaspa-x402"), 0, "%s", f.said);
    cr_expect_eq(forked_stop(&f), ASSAY_OK, "%s", f.said);
}

/* ---- what is scarce ---- */

static struct pt_server_options tools;
static char tools_store[160];

static void sell_tools(void)
{
    (void)snprintf(tools_store, sizeof(tools_store), "%s.tools", kx_store_file());
    tools = (struct pt_server_options)PT_SERVER_OPTIONS_DEFAULT;
    tools.listen = "127.0.0.1:0";
    tools.store = tools_store;
    tools.origin = "http://127.0.0.1:1";
    tools.secret_env = "PT_TEST_SECRET";
}

static void facilitate(void)
{
    facilitate_for("shop:KX_TEST_ALICE");
    o.modes = X402_MODE_VERIFY | X402_MODE_SETTLE;
}

static void sell_everything_by_one(void)
{
    sell_everything();
    o.workers = 1;
}

/* Through a facilitator alone. */
static void sell_without_a_node(void)
{
    sell_everything();
    o.node = o.pay_to = o.channel_key = NULL;
}

static const struct {
    const char *name, *profile;
    forked_main *run;
    const void *options;
    void (*make)(void);
    bool
        has_node; /* whose library, where it could not open its own pipe, ends half a minute late */
} servers[] = {
    {"a server", "kaspa-x402", run_kaspa, &o, sell_everything, true},
    {"a server of one worker", "kaspa-x402", run_kaspa, &o, sell_everything_by_one, true},
    {"a server without a node", "kaspa-x402", run_kaspa, &o, sell_without_a_node, false},
    {"a facilitator", "facilitator", run_kaspa, &o, facilitate, true},
    {"paid tools", "paid-tools", run_tools, &tools, sell_tools, false},
};

/* It is ready and stops as it is told to, or it has ended and said why. */
static bool started(size_t i, const struct forked_scarcity *scarce)
{
    struct forked f;
    bool is_ready;
    int status;

    sell();
    servers[i].make();
    forked_start(&f, servers[i].run, servers[i].options, scarce);
    is_ready = forked_port(&f, servers[i].profile) != 0;
    status = is_ready ? forked_stop(&f) : forked_end(&f);
    cr_expect_eq(status == ASSAY_OK, is_ready, "%s: %zu, %u: %d: %s", servers[i].name,
                 scarce->allocations, scarce->files, status, f.said);
    cr_expect_gt(strlen(f.said), 1, "%s: %zu, %u: it says why", servers[i].name,
                 scarce->allocations, scarce->files);
    return is_ready;
}

Test(server_starts, are_whole_or_say_that_there_is_no_memory)
{
    enum { MOST = 1000 };

    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        size_t n = 1;

        while (n < MOST && !started(i, &(struct forked_scarcity){.allocations = n}))
            n++;
        cr_expect(n > 10 && n < MOST, "%s: %zu", servers[i].name, n);
    }
}

Test(server_starts, are_whole_or_say_that_there_are_no_descriptors)
{
    enum { MOST = 128 };

    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        unsigned files = 4;

        if (servers[i].has_node)
            continue;
        while (files < MOST && !started(i, &(struct forked_scarcity){.files = files}))
            files++;
        cr_expect(files > 10 && files < MOST, "%s: %u", servers[i].name, files);
    }
}

#ifndef __SANITIZE_ADDRESS__ /* which maps memory as it goes, and is left none */
Test(server_starts, say_that_there_is_nothing_to_share)
{
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        struct forked f;

        sell();
        servers[i].make();
        forked_start(&f, servers[i].run, servers[i].options,
                     &(struct forked_scarcity){.has_no_space = true});
        cr_expect_eq(forked_end(&f), ASSAY_E_NOMEM, "%s: %s", servers[i].name, f.said);
        cr_expect_not_null(strstr(f.said, "no memory to share"), "%s: %s", servers[i].name, f.said);
    }
}
#endif

/* ---- answers ---- */

static void sell_goods_by_one(void)
{
    sell();
    o.workers = 1;
    o.base_url = "http://shop.test";
}

static void sell_for_an_origin_by_one(void)
{
    sell_goods_by_one();
    o.origin = "http://127.0.0.1:1";
}

static void sell_tools_by_one(void)
{
    sell_tools();
    tools.workers = 1;
}

static const struct {
    const char *name, *profile;
    forked_main *run;
    const void *options;
    void (*make)(void);
    const char *target;
    int status; /* with all the memory */
} answers[] = {
    {"paid tools", "paid-tools", run_tools, &tools, sell_tools_by_one, "/weather", 402},
    {"goods", "kaspa-x402", run_kaspa, &o, sell_goods_by_one, "/free", 200},
    {"a challenge", "kaspa-x402", run_kaspa, &o, sell_goods_by_one, "/report", 402},
    {"no origin", "kaspa-x402", run_kaspa, &o, sell_for_an_origin_by_one, "/free", 502},
};

/* 0: it was not ready, or it closed the connection. */
static int answer_of(size_t i, size_t denied)
{
    char request[128], answer[8192] = "";
    struct forked f;
    uint16_t port;
    int fd;

    sell();
    answers[i].make();
    forked_start(&f, answers[i].run, answers[i].options,
                 &(struct forked_scarcity){.allocations = denied});
    port = forked_port(&f, answers[i].profile);
    if (port == 0) {
        cr_expect_neq(forked_end(&f), ASSAY_OK, "%s, %zu: %s", answers[i].name, denied, f.said);
        return 0;
    }
    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n",
                   answers[i].target);
    fd = wire_dial(port);
    wire_say_text(fd, request);
    (void)wire_hear(fd, answer, sizeof(answer), NULL);
    (void)close(fd);
    cr_expect_eq(forked_stop(&f), ASSAY_OK, "%s, %zu: %s", answers[i].name, denied, f.said);
    return wire_status(answer);
}

Test(server_starts, answer_or_say_that_it_cannot_be_now)
{
    enum { MOST = 1000 };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        int status = 0;
        size_t n = 0;

        while (n++ < MOST && status != answers[i].status) {
            status = answer_of(i, n);
            cr_assert(status == answers[i].status || status == 0 || status == 500 || status == 503,
                      "%s, %zu: %d", answers[i].name, n, status);
        }
        cr_expect(n > 10 && n < MOST, "%s: %zu", answers[i].name, n);
    }
}

CHANGE(long_secret, tools.secret_env = "PT_TEST_LONG")
CHANGE(many_tool_workers, tools.workers = PT_SERVER_WORKERS_MAX + 1)
CHANGE(default_secret, tools.secret_env = "NOT_THERE"; tools.dev = true)

static const struct limit_row tools_rows[] = {
    {"a long secret", long_secret, ASSAY_E_DENIED, "is longer than"},
    {"many workers", many_tool_workers, ASSAY_E_RANGE, "workers: 1 to 64"},
    {"the default secret, meant", default_secret, ASSAY_OK, "ready paid-tools"},
};

Test(server_starts, of_paid_tools_take_the_default_secret_where_they_may)
{
    for (size_t i = 0; i < ARRAY_LEN(tools_rows); i++) {
        struct forked f;
        int status;

        sell_tools();
        tools_rows[i].change();
        forked_start(&f, run_tools, &tools, NULL);
        status = forked_hear(&f, "ready ") ? forked_stop(&f) : forked_end(&f);
        cr_expect_eq(status, (int)tools_rows[i].code, "%s: %s", tools_rows[i].name, f.said);
        cr_expect_not_null(strstr(f.said, tools_rows[i].says), "%s: %s", tools_rows[i].name,
                           f.said);
    }
}
