/* Runs of a command and operations of a target: shells as clients and as an operator's tools. */
#include "fault/tree.h"
#include "scripted.h"
#include "target/operation.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, NOT_AT_ONCE_MS = 50 };

static struct assay_arena arena = ASSAY_ARENA_INIT(64u << 20);

static void free_arena(void)
{
    assay_arena_fini(&arena);
}

TestSuite(client_run, .fini = free_arena);
TestSuite(operation, .fini = free_arena);

/* A client that is a shell with this script; its $1 is what to buy. */
static struct target client(const char *script)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};
    struct target target;

    assay_buf_printf(
        &text,
        "{\"name\": \"payer\", \"profile\": \"kaspa-x402\", \"interface\": \"command\", "
        "\"launch\": {\"command\": [\"sh\", \"-c\", \"%s\", \"pay\", \"${URL}\", "
        "\"--node\", \"${NODE}\", \"--wallet\", \"${WALLET}\", \"${DEFECTS}\"], "
        "\"env\": {\"STORE\": \"${STORE}\", \"POLICY\": \"${POLICY}\"}}}",
        script);
    cr_assert_eq(target_parse(&target, &arena, assay_buf_view(&text), "/nowhere/t.json", &err),
                 ASSAY_OK, "%s", err.text);
    assay_buf_fini(&text);
    return target;
}

static const struct target_pair buys[] = {
    {"URL", "http://127.0.0.1:1/report"}, {"POLICY", "/p.json"}, {NULL, NULL}};

static struct instance *home_of(const struct target *target, bool supervise)
{
    static const struct target_pair roles[] = {{"node", "ws://127.0.0.1:2"}, {NULL, NULL}};
    static const char *const defects[] = {"client.bad", NULL};
    const struct instance_options options = {
        .roles = roles, .defects = defects, .supervise = supervise};
    struct instance *home = NULL;
    struct assay_err err = {0};

    cr_assert_eq(instance_start(&home, &arena, target, &options, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(instance_pid(home), 0, "nothing runs yet");
    return home;
}

static struct client_run *run(struct instance *home, bool supervise)
{
    const struct client_run_options options = {.values = buys, .supervise = supervise};
    struct client_run *run = NULL;
    struct assay_err err = {0};

    cr_assert_eq(client_run_start(&run, home, &options, &err), ASSAY_OK, "%s", err.text);
    return run;
}

static bool says(struct assay_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

Test(client_run, tells_how_it_ended_and_what_it_printed)
{
    struct target target = client("echo $* p=$POLICY; echo oh >&2; exit 3");
    struct instance *home = home_of(&target, false);
    struct client_run *one = run(home, false);

    cr_assert(client_run_await(one, PATIENCE_MS));
    cr_expect(client_run_end(one).ended);
    cr_expect_eq(client_run_end(one).status, 3);
    cr_expect_eq(client_run_end(one).signal, 0);
    cr_expect(says(client_run_stdout(one),
                   "http://127.0.0.1:1/report --node ws://127.0.0.1:2 --defect client.bad "
                   "p=/p.json\n"),
              "what is not played (the wallet) is left out: %.*s", 200,
              (const char *)client_run_stdout(one).at);
    cr_expect(assay_bytes_is(client_run_stderr(one), "oh\n"));
    cr_expect_str_eq(client_run_argv(one)[3], "pay");
    cr_expect(client_run_await(one, 0), "it has ended for good");
    client_run_free(one);
    instance_free(home);
}

Test(client_run, remembers_from_run_to_run_and_forgets_when_reset)
{
    struct target target = client("echo $1 >> $STORE; wc -l < $STORE");
    static const char *const counts[] = {"1\n", "2\n", "3\n", "1\n"};
    struct instance *home;

    target.reset = "fresh-store";
    home = home_of(&target, false);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct client_run *one;

        if (i == 3)
            cr_assert_eq(instance_reset(home, NULL), ASSAY_OK);
        one = run(home, false);
        cr_assert(client_run_await(one, PATIENCE_MS));
        cr_expect(assay_bytes_is(client_run_stdout(one), counts[i]), "run %zu", i);
        client_run_free(one);
    }
    instance_free(home);
}

#define STAY "echo up; exec tail -f /dev/null"

Test(client_run, is_killed_alone_and_ended_with_its_home)
{
    struct target target = client("(setsid tail -f /dev/null &); " STAY);
    struct instance *home = home_of(&target, false);
    struct client_run *one = run(home, false), *other = run(home, false);
    pid_t pids[16];

    cr_assert(client_run_await_line(one, "up", PATIENCE_MS));
    cr_assert(client_run_await_line(other, "up", PATIENCE_MS));
    cr_expect_not(client_run_await(one, NOT_AT_ONCE_MS));
    cr_expect_not(client_run_end(one).ended);
    client_run_kill(one);
    cr_expect(client_run_end(one).ended);
    cr_expect_eq(client_run_end(one).signal, SIGKILL);
    cr_expect_eq(client_run_end(one).status, -1);
    cr_expect_geq(instance_processes(home, pids, ARRAY_LEN(pids)), 1, "the other goes on");
    cr_expect_not(client_run_await(other, 0));
    client_run_free(other);
    cr_expect_eq(instance_processes(home, pids, ARRAY_LEN(pids)), 0, "nothing is left");
    client_run_free(one);
    instance_free(home);
}

Test(client_run, leaves_nothing_behind_when_its_first_process_ends)
{
    struct target target = client("setsid tail -f /dev/null & exit 0");
    struct instance *home = home_of(&target, false);
    struct client_run *one = run(home, false);
    pid_t pids[16];

    cr_assert(client_run_await(one, PATIENCE_MS));
    cr_expect_eq(instance_processes(home, pids, ARRAY_LEN(pids)), 0);
    client_run_free(one);
    instance_free(home);
}

Test(client_run, is_cut_off_before_a_durable_call_and_goes_on_in_the_next_run)
{
    struct target target = client("echo a >> $STORE; mv $STORE $STORE.done; echo sent");
    const struct supervisor_rule rule = {.calls = SUPERVISOR_RENAME, .kill_before = 1};
    struct instance *home;
    struct client_run *one;

    if (fault_supervisor_available(NULL) != ASSAY_OK)
        cr_skip_test("not run: no seccomp user notification here");
    home = home_of(&target, true);
    supervisor_behave(instance_supervisor(home), &rule);
    one = run(home, true);
    cr_assert(client_run_await(one, PATIENCE_MS));
    cr_expect(supervisor_killed(instance_supervisor(home)));
    cr_expect_eq(client_run_end(one).signal, SIGKILL);
    cr_expect_eq(client_run_stdout(one).len, 0);
    client_run_free(one);
    one = run(home, true);
    cr_assert(client_run_await(one, PATIENCE_MS));
    cr_expect_eq(client_run_end(one).status, 0);
    cr_expect(assay_bytes_is(client_run_stdout(one), "sent\n"));
    client_run_free(one);
    instance_free(home);
}

Test(client_run, says_why_it_cannot_start)
{
    static const struct target_pair nothing[] = {{NULL, NULL}};
    struct target target = client("exit 0"), gone = client("exit 0");
    struct client_run *one = NULL;
    struct assay_err err = {0};
    struct instance *home = home_of(&target, false);
    struct client_run_options options = {.values = nothing};

    cr_expect_eq(client_run_start(&one, home, &options, &err), ASSAY_E_MISSING);
    cr_expect_null(one);
    cr_expect_not_null(strstr(err.text, "\"${URL}\" cannot be filled in"), "%s", err.text);
    err = (struct assay_err){0};
    options = (struct client_run_options){.values = buys, .supervise = true};
    cr_expect_eq(client_run_start(&one, home, &options, &err), ASSAY_E_UNSUPPORTED);
    instance_free(home);
    gone.launch.command.items[0] = "no-such-program-of-a-test";
    home = home_of(&gone, false);
    err = (struct assay_err){0};
    options.supervise = false;
    cr_expect_eq(client_run_start(&one, home, &options, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "command not found"), "%s", err.text);
    instance_free(home);
}

/* ---- operations ---- */

/* A server at that port with an operator's tools. */
static struct target served(uint16_t port)
{
    char text[2048];
    struct assay_err err = {0};
    struct target target;

    cr_assert_lt(
        snprintf(text, sizeof text,
                 "{\"name\": \"shop\", \"profile\": \"kaspa-x402\", \"base_url\": "
                 "\"http://127.0.0.1:%u\", \"endpoints\": {\"paid_get\": {\"method\": \"GET\", "
                 "\"target\": \"/\"}}, \"operations\": {"
                 "\"recover\": {\"command\": [\"sh\", \"-c\", \"echo $0 $1; test $1 = paid\", "
                 "\"${TXID}\", \"${RESULT}\"]}, "
                 "\"hang\": {\"command\": [\"tail\", \"-f\", \"/dev/null\"]}, "
                 "\"evict\": {\"url\": \"/admin/evict?tx=${TXID}\", \"headers\": {\"X-By\": "
                 "\"${STATUS}\"}}, "
                 "\"rotate\": {\"url\": \"${URL}/keys\", \"method\": \"PUT\"}, "
                 "\"far\": {\"url\": \"http://example.org/\"}}}",
                 (unsigned)port),
        (int)sizeof text);
    cr_assert_eq(target_parse(&target, &arena, assay_str(text), "t.json", &err), ASSAY_OK, "%s",
                 err.text);
    return target;
}

static const struct target_pair paid[] = {
    {"TXID", "ab12"}, {"RESULT", "paid"}, {"STATUS", "200"}, {NULL, NULL}};
static const struct target_pair lost[] = {{"TXID", "ab12"}, {"RESULT", "lost"}, {NULL, NULL}};

static enum assay_code operate(const struct target *target, const char *name,
                               const struct target_pair *values, int deadline_ms,
                               struct operation_result *result, struct assay_err *err)
{
    struct instance *instance = NULL;
    enum assay_code rc;

    cr_assert_eq(instance_start(&instance, &arena, target, NULL, err), ASSAY_OK, "%s", err->text);
    rc = instance_operation(instance, &arena, name, values, deadline_ms, result, err);
    if (result->run != NULL)
        cr_expect(client_run_end(result->run).ended);
    cr_expect(result->run == NULL || client_run_stdout(result->run).len > 0 ||
              strcmp(name, "hang") == 0);
    operation_result_fini(result);
    instance_free(instance);
    return rc;
}

Test(operation, runs_a_command_or_says_what_is_wrong)
{
    static const struct {
        const char *name;
        const struct target_pair *values;
        int deadline_ms;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"recover", paid, PATIENCE_MS, ASSAY_OK, ""},
        {"recover", lost, PATIENCE_MS, ASSAY_OK, ""},
        {"hang", paid, NOT_AT_ONCE_MS, ASSAY_OK, ""},
        {"recover", NULL, PATIENCE_MS, ASSAY_E_MISSING, "operation recover: "},
        {"evict", lost, PATIENCE_MS, ASSAY_E_MISSING, "\"${STATUS}\" cannot be filled in"},
        {"refund", paid, PATIENCE_MS, ASSAY_E_UNSUPPORTED, "no operation \"refund\""},
        {"far", paid, PATIENCE_MS, ASSAY_E_DENIED, "--allow-host example.org"},
    };
    struct target target = served(unused_port());

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct operation_result result = {0};
        struct assay_err err = {0};
        enum assay_code rc =
            operate(&target, rows[i].name, rows[i].values, rows[i].deadline_ms, &result, &err);

        cr_expect_eq(rc, rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
    }
}

Test(operation, is_done_when_the_command_says_so)
{
    struct target target = served(unused_port());
    struct instance *instance = NULL;
    struct operation_result result;

    cr_assert_eq(instance_start(&instance, &arena, &target, NULL, NULL), ASSAY_OK);
    cr_assert_eq(instance_operation(instance, &arena, "recover", paid, PATIENCE_MS, &result, NULL),
                 ASSAY_OK);
    cr_expect(result.done && result.status == 0);
    cr_expect(assay_bytes_is(client_run_stdout(result.run), "ab12 paid\n"));
    operation_result_fini(&result);
    cr_assert_eq(instance_operation(instance, &arena, "recover", lost, PATIENCE_MS, &result, NULL),
                 ASSAY_OK);
    cr_expect(!result.done && result.status == 1);
    operation_result_fini(&result);
    cr_assert_eq(instance_operation(instance, &arena, "hang", paid, NOT_AT_ONCE_MS, &result, NULL),
                 ASSAY_OK);
    cr_expect(!result.done && result.status == -1);
    operation_result_fini(&result);
    instance_free(instance);
}

#define ANSWER(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Test(operation, sends_a_request_with_its_method_and_headers)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(ANSWER("204 No Content")), SCRIPTED_CLOSE},
                                              {ASSAY_LIT(ANSWER("409 Conflict")), SCRIPTED_CLOSE}};
    struct scripted *server = scripted_start(answers, ARRAY_LEN(answers));
    struct target target = served(scripted_peer(server).url.port);
    struct instance *instance = NULL;
    struct operation_result result;

    cr_assert_eq(instance_start(&instance, &arena, &target, NULL, NULL), ASSAY_OK);
    cr_assert_eq(instance_operation(instance, &arena, "evict", paid, PATIENCE_MS, &result, NULL),
                 ASSAY_OK);
    cr_expect(result.done && result.status == 204 && result.run == NULL);
    cr_assert_not_null(result.exchange);
    cr_assert_eq(instance_operation(instance, &arena, "rotate", NULL, PATIENCE_MS, &result, NULL),
                 ASSAY_OK);
    cr_expect(!result.done && result.status == 409);
    cr_expect(says(scripted_received(server), "POST /admin/evict?tx=ab12 HTTP/1.1\r\n"));
    cr_expect(says(scripted_received(server), "X-By: 200\r\n"));
    cr_expect(says(scripted_received(server), "PUT /keys HTTP/1.1\r\n"));
    operation_result_fini(&result);
    instance_free(instance);
    scripted_stop(server);
}
