/* Target files: what is read, and how exactly each mistake is named. */
#include "target/target.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENDPOINTS "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/\"}}"
#define HEAD "{\"name\": \"n\", \"profile\": \"paid-tools\", "
#define LAUNCH "\"launch\": {\"command\": [\"x\"], \"ready\": \"go\"}, "

static struct assay_arena arena = ASSAY_ARENA_INIT(1 << 22);

static void free_arena(void)
{
    assay_arena_fini(&arena);
}

TestSuite(target, .fini = free_arena);

static enum assay_code parse(struct target *target, const char *text, struct assay_err *err)
{
    return target_parse(target, &arena, assay_str(text), "dir/a.json", err);
}

static const struct {
    const char *name, *text;
    enum assay_code code;
    const char *says;
} mistakes[] = {
    {"no JSON", "{\"name\": \"n\",\n\"profile\" 1}", ASSAY_E_MALFORMED, "dir/a.json:2: not JSON"},
    {"bytes after the end", "{}\n\n x", ASSAY_E_MALFORMED, "dir/a.json:3: "},
    {"a member twice", "{\"name\": \"n\",\n\"name\": \"m\"}", ASSAY_E_DUPLICATE, "dir/a.json:2: "},
    {"no object", "[]", ASSAY_E_TYPE, "dir/a.json:1: expected an object, found an array"},
    {"no name", "{\n\"profile\": \"paid-tools\"}", ASSAY_E_MISSING,
     "dir/a.json:1: name: is missing"},
    {"an empty name", "{\"name\": \"\"}", ASSAY_E_MALFORMED, "dir/a.json:1: name: is empty"},
    {"a name with a NUL", "{\"name\": \"a\\u0000b\"}", ASSAY_E_MALFORMED, "name: holds a NUL"},
    {"half a surrogate pair", "{\"name\": \"\\ud800\"}", ASSAY_E_MALFORMED,
     "name: holds a NUL or half"},
    {"another profile", "{\"name\": \"n\",\n \"profile\": \"paidtools\"}", ASSAY_E_UNKNOWN,
     "dir/a.json:2: profile: expected one of \"paid-tools\", \"x402\""},
    {"other rules", HEAD "\"rules\": \"strict\"}", ASSAY_E_UNKNOWN,
     "rules: expected one of \"base\", \"hardened\""},
    {"an unknown member", HEAD "\n\n\"lunch\": {}}", ASSAY_E_UNKNOWN,
     "dir/a.json:3: lunch: no such member; did you mean launch?; known: name, profile"},
    {"an unknown member like none", HEAD "\"zzzzzzzzz\": 1}", ASSAY_E_UNKNOWN,
     "zzzzzzzzz: no such member; known: "},
    {"a hostile member", HEAD "\"\x1b[2J\\u202e\": 1}", ASSAY_E_MALFORMED,
     "dir/a.json:1: not JSON"},
    {"an unknown member of launch", HEAD "\"launch\": {\n\"comand\": []}}", ASSAY_E_UNKNOWN,
     "dir/a.json:2: launch.comand: no such member; did you mean command?"},
    {"a number in a command", HEAD "\"launch\": {\"command\": [\"a\", \"b\",\n 3]}}", ASSAY_E_TYPE,
     "dir/a.json:2: launch.command[2]: expected a text, found a number; write it in quotes"},
    {"a command that is a text", HEAD "\"launch\": {\"command\": \"a b\"}}", ASSAY_E_TYPE,
     "launch.command: expected an array, found a text"},
    {"an empty command", HEAD "\"launch\": {\"command\": []}}", ASSAY_E_MISSING,
     "launch.command: is empty"},
    {"no ready", HEAD "\"launch\": {\"command\": [\"x\"]}}", ASSAY_E_MISSING,
     "launch.ready: is missing"},
    {"an unknown placeholder", HEAD "\"launch\": {\"command\": [\"x\", \"${HOME}\"]}}",
     ASSAY_E_UNKNOWN, "launch.command: a placeholder that is not known"},
    {"a deadline in the next geological age",
     HEAD "\"launch\": {\"command\": [\"x\"], \"ready_ms\": 1000000000001}}", ASSAY_E_RANGE,
     "launch.ready_ms: expected a whole number from 0 to 1000000000000"},
    {"a negative deadline", HEAD "\"launch\": {\"command\": [\"x\"], \"ready_ms\": -1}}",
     ASSAY_E_RANGE, "launch.ready_ms: expected a whole number"},
    {"a fraction", HEAD "\"limits\": {\"body_bytes\": 1.5}}", ASSAY_E_RANGE,
     "limits.body_bytes: expected a whole"},
    {"a number in quotes", HEAD "\"limits\": {\"body_bytes\": \"1\"}}", ASSAY_E_TYPE,
     "limits.body_bytes: expected a whole number, found a text"},
    {"a text for a truth", HEAD "\"clock\": \"yes\"}", ASSAY_E_TYPE,
     "clock: expected true or false, found a text"},
    {"base_url beside launch", HEAD LAUNCH ENDPOINTS ",\n\"base_url\": \"http://127.0.0.1:1\"}",
     ASSAY_E_CONFLICT, "dir/a.json:2: base_url: stands beside launch"},
    {"neither", HEAD ENDPOINTS "}", ASSAY_E_MISSING, "base_url: neither base_url nor launch"},
    {"no endpoints", HEAD LAUNCH "\"clock\": true}", ASSAY_E_MISSING,
     "endpoints: is missing or empty"},
    {"a base URL that is none", HEAD "\"base_url\": \"localhost:80\"}", ASSAY_E_MALFORMED,
     "base_url: expected a URL"},
    {"the second base URL", HEAD "\"base_url\": [\"http://[::1]\", \"http://\"]}",
     ASSAY_E_MALFORMED, "base_url: "},
    {"a base URL with a query", HEAD "\"base_url\": \"http://h/?a\"}", ASSAY_E_MALFORMED,
     "a base URL has no query"},
    {"a price that is a number", HEAD "\"endpoints\": {\"free\": {\"price\": 0.5}}}", ASSAY_E_TYPE,
     "endpoints.free.price: expected a text, found a number"},
    {"a relative target", HEAD "\"endpoints\": {\"free\": {\"target\": \"x\"}}}", ASSAY_E_MALFORMED,
     "endpoints.free.target: expected a path"},
    {"a small method", HEAD "\"endpoints\": {\"free\": {\"method\": \"get\"}}}", ASSAY_E_MALFORMED,
     "endpoints.free.method: expected a method in capitals"},
    {"a secret that is not set", HEAD "\"secrets\": {\"mac\":\n{\"env\": \"ASSAY_TEST_NOT_SET\"}}}",
     ASSAY_E_MISSING,
     "dir/a.json:2: secrets.mac: the environment variable ASSAY_TEST_NOT_SET is not set"},
    {"a secret that is empty", HEAD "\"secrets\": {\"mac\": {\"env\": \"ASSAY_TEST_EMPTY\"}}}",
     ASSAY_E_DENIED, "secrets.mac: the environment variable ASSAY_TEST_EMPTY is empty"},
    {"a secret from two places", HEAD "\"secrets\": {\"mac\": {\"env\": \"A\", \"value\": \"b\"}}}",
     ASSAY_E_CONFLICT, "secrets.mac: needs either value or env"},
    {"a secret from nowhere", HEAD "\"secrets\": {\"mac\": {}}}", ASSAY_E_MISSING,
     "secrets.mac: needs either"},
    {"a variable with '='", HEAD "\"launch\": {\"env\": {\"A=B\": \"c\"}}}", ASSAY_E_MALFORMED,
     "launch.env: a variable's name"},
    {"an origin nobody is told of", HEAD LAUNCH ENDPOINTS ", \"executions\": \"origin\"}",
     ASSAY_E_CONFLICT, "executions: the target is not told where the origin is"},
    {"fresh store without launch",
     HEAD ENDPOINTS ", \"base_url\": \"http://h\", \"reset\": \"fresh-store\"}", ASSAY_E_CONFLICT,
     "reset: a fresh store needs launch"},
    {"a clock without launch", HEAD ENDPOINTS ", \"base_url\": \"http://h\", \"clock\": true}",
     ASSAY_E_CONFLICT, "clock: a clock is moved under launch only"},
    {"a command without a launch", HEAD "\"interface\": \"command\"}", ASSAY_E_MISSING,
     "launch: is missing; launch.command is the program that buys ${URL}"},
    {"an adapter without a launch", HEAD "\"interface\": \"adapter\"}", ASSAY_E_MISSING,
     "launch.command is the adapter"},
    {"an adapter that is awaited", HEAD "\"interface\": \"adapter\", " LAUNCH "\"clock\": true}",
     ASSAY_E_CONFLICT, "ready when it has answered hello"},
    {"a command that is awaited", HEAD "\"interface\": \"command\", " LAUNCH "\"clock\": true}",
     ASSAY_E_CONFLICT, "launch.ready: a command runs once and ends"},
    {"a command that is reached",
     HEAD "\"interface\": \"command\", \"base_url\": \"http://127.0.0.1:1\"}", ASSAY_E_CONFLICT,
     "base_url: a command is launched"},
    {"another side", HEAD "\"side\": \"payer\"}", ASSAY_E_UNKNOWN,
     "side: expected one of \"server\", \"client\", \"library\""},
    {"a role that is not played", HEAD "\"roles\": {\"bank\": \"B\"}}", ASSAY_E_UNKNOWN,
     "roles.bank: no such role"},
    {"a role beyond loopback", HEAD "\"roles\": {\"node\": {\"listen\": \"0.0.0.0:1\"}}}",
     ASSAY_E_MALFORMED, "roles.node.listen: expected 127.0.0.1:PORT"},
    {"a role at no port", HEAD "\"roles\": {\"node\": {\"listen\": \"127.0.0.1:0\"}}}",
     ASSAY_E_MALFORMED, "roles.node.listen: expected 127.0.0.1:PORT"},
    {"a role that nobody can find", HEAD "\"roles\": {\"node\": {}}}", ASSAY_E_MISSING,
     "roles.node: needs variable"},
    {"two roles at one place",
     HEAD "\"roles\": {\"node\": {\"listen\": \"127.0.0.1:7\"}, \"wallet\": {\"listen\": "
          "\"127.0.0.1:7\"}}}",
     ASSAY_E_CONFLICT, "roles.wallet: node listens at 127.0.0.1:7 already"},
    {"a role at a port too high", HEAD "\"roles\": {\"node\": {\"listen\": \"127.0.0.1:65536\"}}}",
     ASSAY_E_MALFORMED, "roles.node.listen: expected 127.0.0.1:PORT"},
    {"a variable for what is not launched",
     HEAD ENDPOINTS ", \"base_url\": \"http://h\", \"roles\": {\"node\": \"N\"}}", ASSAY_E_CONFLICT,
     "roles: a role's variable needs launch"},
    {"an operation that is nothing", HEAD "\"operations\": {\"recover\": {}}}", ASSAY_E_MISSING,
     "operations.recover: needs either command or url"},
    {"an operation that is two things",
     HEAD "\"operations\": {\"recover\": {\"command\": [\"x\"], \"url\": \"/r\"}}}",
     ASSAY_E_CONFLICT, "operations.recover: needs either command or url"},
    {"an operation at no URL", HEAD "\"operations\": {\"recover\": {\"url\": \"recover\"}}}",
     ASSAY_E_MALFORMED, "operations.recover.url: expected a URL, or a path"},
    {"a header with a strange placeholder", HEAD "\"principals\": {\"a\": {\"X\": \"${WHO}\"}}}",
     ASSAY_E_UNKNOWN, "principals.a: a placeholder that is not known"},
    {"another reset", HEAD "\"reset\": \"hard\"}", ASSAY_E_UNKNOWN,
     "reset: expected one of \"fresh-store\", \"none\""},
};

Test(target, names_file_line_and_member_of_every_mistake)
{
    cr_assert_eq(setenv("ASSAY_TEST_EMPTY", "", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct target target = {.name = "untouched"};
        struct assay_err err = {0};
        enum assay_code rc = parse(&target, mistakes[i].text, &err);

        cr_expect_eq(rc, mistakes[i].code, "%s: %s", mistakes[i].name, assay_code_name(rc));
        cr_expect_not_null(strstr(err.text, mistakes[i].says), "%s: %s", mistakes[i].name,
                           err.text);
        cr_expect_gt(err.line, 0, "%s", mistakes[i].name);
        cr_expect_str_eq(target.name, "untouched", "%s", mistakes[i].name);
    }
}

Test(target, refuses_every_strict_prefix_of_a_file)
{
    static const char text[] = HEAD LAUNCH ENDPOINTS "}";
    struct target target;

    cr_expect_eq(parse(&target, text, NULL), ASSAY_OK);
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        cr_expect_neq(target_parse(&target, &arena, assay_bytes_of(text, len), "a", NULL), ASSAY_OK,
                      "%zu", len);
}

Test(target, has_the_documented_defaults)
{
    struct assay_err err = {0};
    struct target t;

    cr_assert_eq(parse(&t, HEAD LAUNCH ENDPOINTS "}", &err), ASSAY_OK, "%s", err.text);
    cr_expect_str_eq(t.interface, "http");
    cr_expect_str_eq(t.rules, "base");
    cr_expect(t.persistent && t.clock_movable && t.has_launch);
    cr_expect_eq(t.launch.ready_ms, 10000);
    cr_expect_eq(t.body_max_bytes, 0, "not stated");
    cr_expect_eq(t.read_deadline_ms, 0, "not stated");
    cr_expect_eq(t.origin_deadline_ms, 10000);
    cr_expect_eq(t.flood_requests, 200);
    cr_expect_null(t.reset);
    cr_expect_null(t.launch.ready_url);
    cr_expect_str_eq(t.launch.ready_line, "go");
    cr_assert_eq(parse(&t, HEAD ENDPOINTS ", \"base_url\": \"http://127.0.0.1:8\"}", &err),
                 ASSAY_OK);
    cr_expect(!t.clock_movable && !t.has_launch);
    cr_expect_eq(t.base_urls.count, 1);
}

Test(target, takes_its_side_from_its_interface_unless_it_says_another)
{
    static const struct {
        const char *text;
        enum target_side side;
    } rows[] = {
        {HEAD LAUNCH ENDPOINTS "}", SIDE_SERVER},
        {HEAD "\"interface\": \"command\", \"launch\": {\"command\": [\"pay\", \"${URL}\"]}}",
         SIDE_CLIENT},
        {HEAD "\"interface\": \"adapter\", \"launch\": {\"command\": [\"lib\"]}}", SIDE_LIBRARY},
        {HEAD "\"side\": \"client\", " LAUNCH ENDPOINTS "}", SIDE_CLIENT},
        {HEAD "\"side\": \"facilitator\", " LAUNCH ENDPOINTS "}", SIDE_FACILITATOR},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct target t;

        cr_assert_eq(parse(&t, rows[i].text, &err), ASSAY_OK, "%s", err.text);
        cr_expect_eq(t.side, rows[i].side, "%s: %s", rows[i].text, target_side_name(t.side));
    }
}

Test(target, reads_every_member)
{
    static const char text[] = HEAD
        "\"interface\": \"http\", \"rules\": \"hardened\",\n"
        "\"launch\": {\"command\": [\"srv\", \"\", \"${STORE}\"], \"env\": {\"A\": \"\", "
        "\"B\": \"${PORT}\"},\n"
        "  \"ready\": \"http://127.0.0.1:${PORT}/\", \"ready_ms\": 5, \"workdir\": \"w\"},\n"
        "\"variants\": {\"dev\": {\"args\": [\"--dev\"], \"env\": {\"C\": \"d\"}, "
        "\"requests_per_second\": 7}},\n"
        "\"reset\": {\"command\": [\"rm\", \"x\"]},\n"
        "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/f\", \"price\": "
        "\"0.1\"}},\n"
        "\"secrets\": {\"a\": \"plain\", \"b\": {\"value\": \"v\", \"pass_as\": \"B_ENV\"},\n"
        "  \"c\": {\"env\": \"ASSAY_TEST_SET\"}},\n"
        "\"supports\": [\"proof\", \"mcp\"], \"executions\": \"origin\", \"clock\": "
        "false,\n"
        "\"store\": {\"paths\": [\"${STORE}\", \"/x\"], \"persistent\": false},\n"
        "\"operations\": {\"claim\": {\"url\": \"/claim?tx=${TXID}\", \"method\": \"PUT\", "
        "\"headers\": {\"X-Op\": \"${STATUS}\"}},\n"
        "  \"recover\": {\"command\": [\"fix\", \"${RESULT}\"]}},\n"
        "\"principals\": {\"alice\": {\"Authorization\": \"Bearer a\", \"X\": \"y\"}, \"bob\": "
        "{},\n"
        "  \"carol\": {\"headers\": {\"X\": \"c\"}, \"principal\": \"user-17\", \"tenant\": "
        "\"acme\",\n"
        "    \"scopes\": [\"read\", \"buy\"]}, \"dave\": {\"headers\": \"of that name\"}},\n"
        "\"roles\": {\"origin\": \"ORIGIN_URL\", \"node\": {\"listen\": "
        "\"127.0.0.1:18210\"},\n"
        "  \"wallet\": {\"variable\": \"W\", \"listen\": \"127.0.0.1:1\"}},\n"
        "\"limits\": {\"challenge_ttl_ms\": 1, \"body_bytes\": 2, \"read_deadline_ms\": 3,\n"
        "  \"handler_deadline_ms\": 4, \"requests_per_second\": 5, \"flood_requests\": "
        "1000000000000,\n"
        "  \"accept_wait_ms\": 6, \"poll_ms\": 7, \"adapter_deadline_ms\": 8, \"concurrency\": "
        "9,\n"
        "  \"caller_quota\": 10},\n"
        "\"repository\": \"r\", \"expectations\": \"e.json\"}";
    struct assay_err err = {0};
    struct target t;

    cr_assert_eq(setenv("ASSAY_TEST_SET", "from outside", 1), 0);
    cr_assert_eq(parse(&t, text, &err), ASSAY_OK, "%s", err.text);
    cr_expect_str_eq(t.path, "dir/a.json");
    cr_expect_str_eq(t.rules, "hardened");
    cr_expect(t.launch.command.count == 3 && strcmp(t.launch.command.items[1], "") == 0);
    cr_expect(t.launch.env_count == 2 && strcmp(t.launch.env[1].value, "${PORT}") == 0);
    cr_expect_str_eq(t.launch.ready_url, "http://127.0.0.1:${PORT}/");
    cr_expect(t.launch.ready_ms == 5 && strcmp(t.launch.workdir, "w") == 0);
    cr_assert_not_null(target_variant(&t, "dev"));
    cr_expect_str_eq(target_variant(&t, "dev")->args.items[0], "--dev");
    cr_expect_str_eq(target_variant(&t, "dev")->env[0].value, "d");
    cr_expect_eq(target_variant(&t, "dev")->rate_per_second, 7);
    cr_expect(strcmp(t.reset, "command") == 0 && t.reset_command.count == 2);
    cr_assert_not_null(target_endpoint(&t, "free"));
    cr_expect_str_eq(target_endpoint(&t, "free")->price, "0.1");
    cr_expect_str_eq(target_secret(&t, "a"), "plain");
    cr_expect_str_eq(target_secret(&t, "b"), "v");
    cr_expect_str_eq(target_secret(&t, "c"), "from outside");
    cr_expect(t.secret_env_count == 1 && strcmp(t.secret_env[0].value, "B_ENV") == 0);
    cr_expect(target_supports(&t, "mcp") && !target_supports(&t, "bridge"));
    cr_expect_str_eq(t.executions, "origin");
    cr_expect(!t.clock_movable && !t.persistent && t.store_paths.count == 2);
    cr_expect_eq(t.operation_count, 2);
    cr_assert_not_null(target_operation(&t, "claim"));
    cr_expect_str_eq(target_operation(&t, "claim")->url, "/claim?tx=${TXID}");
    cr_expect_str_eq(target_operation(&t, "claim")->method, "PUT");
    cr_expect_str_eq(target_operation(&t, "claim")->headers[0].value, "${STATUS}");
    cr_expect_str_eq(target_operation(&t, "recover")->command.items[1], "${RESULT}");
    cr_assert_not_null(target_principal(&t, "alice"));
    cr_expect_eq(target_principal(&t, "alice")->header_count, 2);
    cr_expect_eq(target_principal(&t, "bob")->header_count, 0);
    cr_expect_str_eq(target_principal(&t, "bob")->principal, "bob");
    cr_expect_null(target_principal(&t, "bob")->tenant);
    cr_expect_eq(target_principal(&t, "carol")->header_count, 1);
    cr_expect_str_eq(target_principal(&t, "carol")->principal, "user-17");
    cr_expect_str_eq(target_principal(&t, "carol")->tenant, "acme");
    cr_expect_eq(target_principal(&t, "carol")->scopes.count, 2);
    cr_expect_str_eq(target_principal(&t, "carol")->scopes.items[1], "buy");
    cr_expect_str_eq(target_principal(&t, "dave")->headers[0].name, "headers");
    cr_expect_str_eq(target_role_listen(&t, "node"), "127.0.0.1:18210");
    cr_expect_null(target_role_variable(&t, "node"));
    cr_expect_str_eq(target_role_variable(&t, "wallet"), "W");
    cr_expect(target_meets_role(&t, "node") && !target_meets_role(&t, "facilitator"));
    cr_expect(t.accept_wait_ms == 6 && t.poll_ms == 7 && t.adapter_deadline_ms == 8);
    cr_expect(t.concurrency == 9 && t.caller_quota == 10);
    cr_expect_str_eq(target_role_variable(&t, "origin"), "ORIGIN_URL");
    cr_expect(t.ttl_ms == 1 && t.body_max_bytes == 2 && t.read_deadline_ms == 3);
    cr_expect(t.origin_deadline_ms == 4 && t.rate_per_second == 5 &&
              t.flood_requests == UINT64_C(1000000000000));
    cr_expect_str_eq(t.expectations, "dir/e.json");
    cr_expect_str_eq(t.repository, "r");
    cr_expect_null(target_endpoint(&t, "none"));
    cr_expect_null(target_variant(&t, "none"));
    cr_expect_null(target_secret(&t, "none"));
    cr_expect_null(target_role_variable(&t, "none"));
    cr_expect_null(target_role_listen(&t, "origin"));
    cr_expect_null(target_operation(&t, "none"));
    cr_expect_null(target_principal(&t, "none"));
}

Test(target, refuses_more_than_its_lists_hold)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};
    struct target t;

    assay_buf_add_str(&text, HEAD "\"supports\": [\"x\"");
    for (int i = 0; i < TARGET_LIST_MAX; i++)
        assay_buf_add_str(&text, ", \"x\"");
    assay_buf_add_str(&text, "]}");
    cr_expect_eq(target_parse(&t, &arena, assay_buf_view(&text), "a.json", &err),
                 ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, "supports: has 65 elements; at most 64"), "%s", err.text);
    assay_buf_fini(&text);
}

Test(target, says_which_file_cannot_be_read)
{
    struct assay_err err = {0};
    struct target t;

    cr_expect_eq(target_load(&t, &arena, "/nowhere/t.json", &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "/nowhere/t.json"), "%s", err.text);
}

Test(target, survives_every_failing_allocation)
{
    static const char text[] =
        HEAD LAUNCH ENDPOINTS ", \"secrets\": {\"a\": \"b\"}, \"supports\": [\"c\"]}";
    enum assay_code rc = ASSAY_E_NOMEM;

    for (size_t n = 0; n < 500 && rc != ASSAY_OK; n++) {
        struct assay_arena fresh = ASSAY_ARENA_INIT(1 << 20);
        struct target t;

        (void)assay_alloc_fail_after(n);
        rc = target_parse(&t, &fresh, assay_str(text), "a.json", NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "after %zu: %s", n, assay_code_name(rc));
        assay_arena_fini(&fresh);
    }
    cr_expect_eq(rc, ASSAY_OK);
}

/* ---- the embedded reference ---- */

Test(target, embeds_a_reference_for_each_rule_set_with_a_secret_of_its_own)
{
    static const char *const rules[] = {"base", "hardened"};
    static const char *const endpoints[] = {
        "paid_get", "paid_get_other", "paid_post", "dear", "wildcard",
        "html",     "empty",          "binary",    "free", "mcp"};
    static const char *const variants[] = {"rate_limited", "repriced", "dev", "wire_toolkit"};
    struct target t[2];

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct assay_err err = {0};

        cr_assert_eq(target_embedded(&t[i], &arena, "paid-tools", SIDE_SERVER, rules[i], &err),
                     ASSAY_OK, "%s", err.text);
        cr_expect_str_eq(t[i].rules, rules[i]);
        cr_expect_str_eq(t[i].path, "(embedded)");
        cr_assert_not_null(target_secret(&t[i], "mac"));
        cr_expect_eq(strlen(target_secret(&t[i], "mac")), 48);
        for (size_t e = 0; e < ARRAY_LEN(endpoints); e++)
            cr_expect_not_null(target_endpoint(&t[i], endpoints[e]), "%s", endpoints[e]);
        for (size_t v = 0; v < ARRAY_LEN(variants); v++)
            cr_expect_not_null(target_variant(&t[i], variants[v]), "%s", variants[v]);
        cr_expect_eq(target_variant(&t[i], "rate_limited")->rate_per_second, 20);
    }
    cr_expect_str_neq(target_secret(&t[0], "mac"), target_secret(&t[1], "mac"));
}

Test(target, embeds_nothing_for_what_it_does_not_know)
{
    struct assay_err err = {0};
    struct target t;

    cr_expect_eq(target_embedded(&t, &arena, "cashu", SIDE_SERVER, "base", &err), ASSAY_E_UNKNOWN);
    cr_expect_not_null(strstr(err.text, "cashu"), "%s", err.text);
    cr_expect_eq(target_embedded(&t, &arena, "paid-tools", SIDE_SERVER, "strict", NULL),
                 ASSAY_E_UNKNOWN);
    cr_expect_eq(target_embedded(&t, &arena, "paid-tools", SIDE_CLIENT, "base", NULL),
                 ASSAY_E_UNKNOWN);
    cr_expect(target_has_embedded("paid-tools", SIDE_SERVER));
    cr_expect_not(target_has_embedded("paid-tools", SIDE_CLIENT));
}

/* ---- the schema for editors knows the same members ---- */

/* Where each object of a target file stands: text that leads to an unknown member, and its place in
 * the schema. */
static const struct {
    const char *text;
    const char *schema[8];
} objects[] = {
    {"{\"?\": 1}", {NULL}},
    {"{\"launch\": {\"?\": 1}}", {"properties", "launch", NULL}},
    {"{\"variants\": {\"v\": {\"?\": 1}}}",
     {"properties", "variants", "additionalProperties", NULL}},
    {"{\"reset\": {\"?\": 1}}", {"properties", "reset", "oneOf", "1", NULL}},
    {"{\"endpoints\": {\"e\": {\"?\": 1}}}",
     {"properties", "endpoints", "additionalProperties", NULL}},
    {"{\"secrets\": {\"s\": {\"?\": 1}}}",
     {"properties", "secrets", "additionalProperties", "oneOf", "1", NULL}},
    {"{\"store\": {\"?\": 1}}", {"properties", "store", NULL}},
    {"{\"operations\": {\"o\": {\"?\": 1}}}",
     {"properties", "operations", "additionalProperties", NULL}},
    {"{\"roles\": {\"node\": {\"?\": 1}}}", {"$defs", "role", "oneOf", "1", NULL}},
    {"{\"limits\": {\"?\": 1}}", {"properties", "limits", NULL}},
};

static json_t *step_into(json_t *at, const char *step)
{
    return json_is_array(at) ? json_array_get(at, (size_t)(step[0] - '0'))
                             : json_object_get(at, step);
}

Test(target, is_described_by_a_schema_with_the_same_members)
{
    json_error_t where;
    json_t *schema = json_load_file("reports/schema/target.json", JSON_REJECT_DUPLICATES, &where);

    cr_assert_not_null(schema, "%s:%d: %s", where.source, where.line, where.text);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        struct assay_buf listed = ASSAY_BUF_INIT(1024);
        struct assay_err err = {0};
        struct target t;
        json_t *at = schema, *properties;
        const char *known;

        for (size_t s = 0; objects[i].schema[s] != NULL; s++)
            at = step_into(at, objects[i].schema[s]);
        cr_expect(json_is_false(json_object_get(at, "additionalProperties")), "%s",
                  objects[i].text);
        properties = json_object_get(at, "properties");
        for (void *it = json_object_iter(properties); it != NULL;
             it = json_object_iter_next(properties, it))
            assay_buf_printf(&listed, "%s%s", listed.len > 0 ? ", " : "", json_object_iter_key(it));
        cr_assert_eq(parse(&t, objects[i].text, &err), ASSAY_E_UNKNOWN, "%s: %s", objects[i].text,
                     err.text);
        known = strstr(err.text, "known: ");
        cr_assert_not_null(known, "%s", err.text);
        cr_expect_str_eq(known + strlen("known: "), assay_buf_cstr(&listed));
        assay_buf_fini(&listed);
    }
    json_decref(schema);
}
