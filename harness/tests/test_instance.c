/* Instances: shells and this program itself as targets, started, ended, restarted, and never left
 * behind. */
#include "fault/tree.h"
#include "target/instance.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

#define SERVER_VARIABLE "ASSAY_TEST_INSTANCE_SERVER"

/* Started with its variable set, this program answers every connection to that port with one line
 * of HTTP. */
__attribute__((constructor)) static void be_the_server(void)
{
    static const char answer[] =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const char *port = getenv(SERVER_VARIABLE);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener, client;
    char request[4096];

    if (port == NULL)
        return;
    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 8) != 0)
        _exit(1);
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        if (read(client, request, sizeof(request)) <= 0 ||
            write(client, answer, sizeof(answer) - 1) <= 0)
            _exit(2);
        (void)close(client);
    }
    _exit(0);
}

static struct assay_arena arena = ASSAY_ARENA_INIT(64u << 20);

static void free_arena(void)
{
    assay_arena_fini(&arena);
}

TestSuite(instance, .fini = free_arena);

/* A target whose program is a shell with this script; `more` are members put behind, "" or ", ...".
 */
static struct target shell(const char *script, const char *more)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};
    struct target target;

    assay_buf_printf(
        &text,
        "{\"name\": \"shell\", \"profile\": \"paid-tools\", \"launch\": {\"command\": [\"sh\", "
        "\"-c\", \"%s\", "
        "\"x\", \"--store\", \"${STORE}\", \"--origin\", \"${ORIGIN}\", \"${DEFECTS}\"], "
        "\"env\": {\"STORE\": \"${STORE}\", \"WORK\": \"${WORKDIR}\"}, \"ready\": \"ready \"}, "
        "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/\"}}%s}",
        script, more);
    cr_assert_eq(target_parse(&target, &arena, assay_buf_view(&text), "/nowhere/t.json", &err),
                 ASSAY_OK, "%s", err.text);
    assay_buf_fini(&text);
    return target;
}

#define READY "echo ready http://127.0.0.1:7/; "
#define STAY "exec tail -f /dev/null"

static struct instance *started(const struct target *target, const struct instance_options *options)
{
    struct instance *instance = NULL;
    struct assay_err err = {0};

    cr_assert_eq(instance_start(&instance, &arena, target, options, &err), ASSAY_OK, "%s",
                 err.text);
    return instance;
}

static bool holds(struct assay_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

static const char *text_of(struct assay_bytes text)
{
    return (const char *)assay_arena_copy(&arena, text).at;
}

Test(instance, is_ready_at_its_line_and_known_by_the_url_in_it)
{
    struct target target =
        shell("echo noise; echo ready at http://127.0.0.1:4711/base now; " STAY, "");
    struct instance *i = started(&target, NULL);

    cr_expect_str_eq(instance_url(i), "http://127.0.0.1:4711/base");
    cr_expect_eq(instance_peer(i)->url.port, 4711);
    cr_expect(assay_bytes_is(instance_peer(i)->url.path, "/base"));
    cr_expect(instance_alive(i) && instance_pid(i) > 0);
    cr_expect(holds(instance_stdout(i), "noise\nready at"));
    cr_expect_null(instance_clock(i));
    cr_expect_null(instance_supervisor(i));
    instance_free(i);
}

Test(instance, is_ready_when_its_url_answers_anything)
{
    static const char text[] =
        "{\"name\": \"self\", \"profile\": \"paid-tools\", \"launch\": {\"command\": "
        "[\"${ASSAY}\"], "
        "\"env\": {\"" SERVER_VARIABLE
        "\": \"${PORT}\"}, \"ready\": \"http://127.0.0.1:${PORT}/health?x\"}, "
        "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/\"}}}";
    struct assay_err err = {0};
    struct target target;
    struct instance *i;

    cr_assert_eq(target_parse(&target, &arena, assay_str(text), "a", &err), ASSAY_OK, "%s",
                 err.text);
    i = started(&target, NULL);
    cr_expect_gt(instance_peer(i)->url.port, 1023);
    cr_expect_eq(instance_peer(i)->url.path.len, 0);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect(instance_alive(i));
    instance_free(i);
}

static const struct {
    const char *name, *script, *more;
    struct instance_options options;
    enum assay_code code;
    const char *says;
} failures[] = {
    {"ends at once",
     "echo first >&2; echo last words >&2; exit 3",
     "",
     {0},
     ASSAY_E_CRASHED,
     "shell: ended with exit status 3 before it was ready; its stderr ends: first / last words"},
    {"kills itself",
     "kill -9 $$",
     "",
     {0},
     ASSAY_E_CRASHED,
     "ended by signal 9 (Killed) before it was ready; it printed nothing"},
    {"hostile last words",
     "printf 'a\\\\033[31mb' >&2; exit 1",
     "",
     {0},
     ASSAY_E_CRASHED,
     "a\\x1B[31mb"},
    {"names no URL",
     "echo ready; echo ready now; " STAY,
     "",
     {0},
     ASSAY_E_MALFORMED,
     "its ready line names no URL"},
    {"names another machine",
     "echo ready http://192.0.2.1:80/; " STAY,
     "",
     {0},
     ASSAY_E_DENIED,
     "http://192.0.2.1:80/: is not on this machine; if you may test it, add --allow-host "
     "192.0.2.1"},
    {"no such variant",
     READY STAY,
     "",
     {.variant = "fast"},
     ASSAY_E_UNKNOWN,
     "has no variant \"fast\""},
    {"its clock may not move",
     READY STAY,
     ", \"clock\": false",
     {.clock = true},
     ASSAY_E_UNSUPPORTED,
     "clock: false"},
};

Test(instance, says_what_happened_when_it_does_not_become_ready)
{
    for (size_t k = 0; k < ARRAY_LEN(failures); k++) {
        struct target target = shell(failures[k].script, failures[k].more);
        struct instance *i = (struct instance *)&target; /* anything but NULL */
        struct assay_err err = {0};
        enum assay_code rc = instance_start(&i, &arena, &target, &failures[k].options, &err);

        cr_expect_eq(rc, failures[k].code, "%s: %s", failures[k].name, err.text);
        cr_expect_not_null(strcasestr(err.text, failures[k].says), "%s: %s", failures[k].name,
                           err.text);
        cr_expect_null(i, "%s", failures[k].name);
    }
}

Test(instance, says_that_it_was_not_ready_in_time)
{
    struct target target = shell("echo waiting >&2; " STAY, "");
    struct assay_err err = {0};
    struct instance *i;

    target.launch.ready_ms = 300;
    cr_expect_eq(instance_start(&i, &arena, &target, NULL, &err), ASSAY_E_TIMEOUT);
    cr_expect_not_null(strstr(err.text, "not ready within 300 ms (launch.ready: ready )"), "%s",
                       err.text);
    target.launch.ready_line = NULL;
    target.launch.ready_url = "http://127.0.0.1:1/";
    err = (struct assay_err){0};
    cr_expect_eq(instance_start(&i, &arena, &target, NULL, &err), ASSAY_E_TIMEOUT);
    cr_expect_not_null(strstr(err.text, "its stderr ends: waiting"), "%s", err.text);
}

Test(instance, says_which_command_is_not_there)
{
    static const char *const names[] = {"assay-no-such-program", "./no-such-program",
                                        "/etc/passwd"};
    struct target target = shell(STAY, "");

    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct assay_err err = {0};
        struct instance *i;

        target.launch.command.items[0] = names[k];
        cr_expect_eq(instance_start(&i, &arena, &target, NULL, &err), ASSAY_E_IO, "%s", names[k]);
        cr_expect_not_null(strstr(err.text, "command not found"), "%s", err.text);
    }
}

Test(instance, of_a_running_server_is_its_url_only)
{
    static const char text[] =
        "{\"name\": \"there\", \"profile\": \"paid-tools\", \"base_url\": "
        "[\"http://LOCALHOST:81\", \"http://[::1]:82\"], "
        "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/\"}}}";
    const char *const hosts[] = {"example.org", NULL};
    struct instance_options clock = {.clock = true}, allow = {.allowed_hosts = hosts};
    struct assay_err err = {0};
    struct target target;
    struct instance *i;

    cr_assert_eq(target_parse(&target, &arena, assay_str(text), "a", &err), ASSAY_OK, "%s",
                 err.text);
    i = started(&target, NULL);
    cr_expect_str_eq(instance_url(i), "http://LOCALHOST:81");
    cr_expect(!instance_alive(i) && instance_pid(i) == 0 && instance_workdir(i) == NULL);
    cr_expect_eq(instance_stdout(i).len, 0);
    cr_expect_eq(instance_restart(i, NULL), ASSAY_E_UNSUPPORTED);
    cr_expect_eq(instance_reset(i, NULL), ASSAY_E_UNSUPPORTED);
    cr_expect_eq(instance_stop(i, 1000, NULL), ASSAY_OK);
    instance_free(i);
    cr_expect_eq(instance_start(&i, &arena, &target, &clock, NULL), ASSAY_E_UNSUPPORTED);
    target.base_urls.items[1] = "https://Example.org/";
    cr_expect_eq(instance_start(&i, &arena, &target, NULL, &err), ASSAY_E_DENIED);
    cr_expect_not_null(strstr(err.text, "add --allow-host Example.org"), "%s", err.text);
    instance_free(started(&target, &allow));
}

Test(instance, gets_its_placeholders_variant_secrets_and_roles)
{
    static const char script[] =
        "echo ready http://127.0.0.1:7/ $* T_V=$T_V T_S=$T_S T_O=$T_O; " STAY;
    static const char more[] =
        ", \"variants\": {\"v\": {\"args\": [\"--more\", \"r=${RULES}\"], "
        "\"env\": {\"T_V\": \"w\"}}}, "
        "\"secrets\": {\"mac\": {\"value\": \"hush\", \"pass_as\": \"T_S\"}}, "
        "\"rules\": \"hardened\", "
        "\"roles\": {\"origin\": \"T_O\"}";
    struct target target = shell(script, more);
    const char *const defects[] = {"one", "two", NULL};
    const struct target_pair roles[] = {{"origin", "http://127.0.0.1:5"}, {NULL, NULL}};
    struct instance_options options = {.variant = "v", .defects = defects, .roles = roles};
    struct instance *i = started(&target, &options);

    cr_expect(holds(instance_stdout(i),
                    "/store/store.db --origin http://127.0.0.1:5 --defect one --defect two "
                    "--more r=hardened T_V=w T_S=hush T_O=http://127.0.0.1:5\n"),
              "%s", text_of(instance_stdout(i)));
    instance_free(i);
    options = (struct instance_options){.secret_override = ""};
    i = started(&target, &options);
    cr_expect(holds(instance_stdout(i), "/store/store.db T_V= T_S= T_O=\n"), "%s",
              text_of(instance_stdout(i)));
    instance_free(i);
}

Test(instance, inherits_no_descriptor_and_reads_nothing)
{
    struct target target = shell(
        "cat; for f in 0 1 2 50; do test -e /proc/self/fd/$f && echo fd $f; done; " READY STAY, "");
    struct instance *i;

    cr_assert_eq(dup2(STDERR_FILENO, 50), 50);
    i = started(&target, NULL);
    cr_expect(holds(instance_stdout(i), "fd 2\n"));
    cr_expect(!holds(instance_stdout(i), "fd 50"));
    instance_free(i);
    (void)close(50);
}

Test(instance, keeps_at_most_8_mib_of_what_it_prints)
{
    struct target target = shell(READY "head -c 9000000 /dev/zero; echo done >&2; " STAY, "");
    struct instance *i = started(&target, NULL);
    struct pollfd none = {.fd = -1};

    for (int k = 0; k < PATIENCE_MS / 10 && !holds(instance_stderr(i), "done"); k++)
        (void)poll(&none, 1, 10);
    cr_expect(holds(instance_stderr(i), "done"));
    cr_expect_eq(instance_stop(i, PATIENCE_MS, NULL), ASSAY_OK);
    cr_expect_eq(instance_stdout(i).len, 8u << 20);
    instance_free(i);
}

/* ---- ending ---- */

#define DETACHED                                                                                   \
    "setsid tail -f /dev/null & (setsid sh -c 'tail -f /dev/null & exec tail -f /dev/null' &) ; "  \
    "env -i setsid tail -f /dev/null & "

static bool wait_for_processes(struct instance *i, size_t count)
{
    struct pollfd none = {.fd = -1};
    pid_t pids[64];
    size_t n = 0;

    for (int k = 0; k < PATIENCE_MS / 10; k++) {
        n = instance_processes(i, pids, ARRAY_LEN(pids));
        if (n == count)
            return true;
        (void)poll(&none, 1, 10);
    }
    cr_log_error("%zu processes instead of %zu", n, count);
    return false;
}

Test(instance, leaves_no_process_and_no_file_behind)
{
    struct target target = shell(DETACHED "echo x > $WORK/file; " READY STAY, "");
    struct instance *i = started(&target, NULL);
    char folder[256];
    pid_t pids[8];
    size_t n;

    (void)snprintf(folder, sizeof(folder), "%s", instance_workdir(i));
    cr_expect(wait_for_processes(i, 5));
    n = instance_processes(i, pids, ARRAY_LEN(pids));
    instance_free(i);
    for (size_t k = 0; k < n; k++)
        cr_expect_neq(kill(pids[k], 0), 0, "process %d is still there", (int)pids[k]);
    cr_expect_neq(access(folder, F_OK), 0);
}

Test(instance, that_is_killed_takes_its_whole_tree_along)
{
    struct target target = shell(DETACHED READY STAY, "");
    struct instance *i = started(&target, NULL);

    instance_kill(i);
    cr_expect(!instance_alive(i));
    cr_expect_eq(instance_pid(i), 0);
    cr_expect(wait_for_processes(i, 0));
    cr_expect(holds(instance_stdout(i), "ready"));
    instance_free(i);
}

Test(instance, stops_when_asked_or_is_killed)
{
    struct target polite = shell(
        "trap 'echo bye; exit 0' TERM; " READY "while :; do tail -f /dev/null & wait; done", "");
    struct target deaf = shell("trap '' TERM; " READY STAY, "");
    struct assay_err err = {0};
    struct instance *i = started(&polite, NULL);

    cr_expect_eq(instance_stop(i, PATIENCE_MS, &err), ASSAY_OK, "%s", err.text);
    cr_expect(holds(instance_stdout(i), "bye"));
    cr_expect_eq(instance_stop(i, PATIENCE_MS, &err), ASSAY_OK, "it has ended already");
    instance_free(i);
    i = started(&deaf, NULL);
    cr_expect_eq(instance_stop(i, 100, &err), ASSAY_E_TIMEOUT);
    cr_expect_not_null(strstr(err.text, "did not end within 100 ms of SIGTERM"), "%s", err.text);
    cr_expect(!instance_alive(i));
    instance_free(i);
}

Test(instance, notices_that_it_died_by_itself)
{
    struct target target = shell(READY "kill -9 $$", "");
    struct instance *i = started(&target, NULL);
    struct pollfd none = {.fd = -1};

    for (int k = 0; k < PATIENCE_MS / 10 && instance_alive(i); k++)
        (void)poll(&none, 1, 10);
    cr_expect(!instance_alive(i));
    instance_free(i);
}

/* ---- again ---- */

/* Each start adds a line to the store, and the port it names is how many lines there are. */
#define COUNTING "echo x >> $STORE; echo ready http://127.0.0.1:$(wc -l < $STORE)/; " STAY

Test(instance, keeps_its_store_over_a_restart_and_loses_it_in_a_reset)
{
    struct target target = shell(
        COUNTING,
        ", \"reset\": \"fresh-store\", \"store\": {\"paths\": [\"${STORE}\", \"/x\", \"y\"]}");
    struct instance *i = started(&target, NULL);
    struct assay_err err = {0};

    cr_expect_eq(instance_peer(i)->url.port, 1);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(instance_peer(i)->url.port, 2);
    cr_expect_eq(instance_stop(i, PATIENCE_MS, &err), ASSAY_OK);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(instance_peer(i)->url.port, 3);
    cr_expect_eq(instance_reset(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(instance_peer(i)->url.port, 1);
    cr_expect(holds(instance_stdout(i), ":3/\nready http://127.0.0.1:1/"), "the log goes on");
    cr_assert_eq(instance_store_paths(i)->count, 3);
    cr_expect_str_eq(instance_store_paths(i)->items[1], "/x");
    cr_expect_str_eq(instance_store_paths(i)->items[2], "/nowhere/y");
    instance_free(i);
}

Test(instance, shares_its_store_with_a_second_worker)
{
    struct target target = shell(COUNTING, ", \"reset\": \"fresh-store\"");
    struct instance *first = started(&target, NULL);
    struct instance_options options = {.share_store_of = instance_workdir(first)};
    struct instance *second = started(&target, &options);

    cr_expect_eq(instance_peer(second)->url.port, 2);
    cr_expect_str_neq(instance_workdir(first), instance_workdir(second));
    cr_expect_eq(instance_reset(second, NULL), ASSAY_E_UNSUPPORTED);
    instance_free(second);
    cr_expect_eq(instance_restart(first, NULL), ASSAY_OK);
    cr_expect_eq(instance_peer(first)->url.port, 3);
    instance_free(first);
}

Test(instance, is_reset_by_its_own_command)
{
    struct target target =
        shell(COUNTING, ", \"reset\": {\"command\": [\"sh\", \"-c\", \"rm $STORE\"]}");
    struct target wrong =
        shell(COUNTING, ", \"reset\": {\"command\": [\"sh\", \"-c\", \"exit 5\"]}");
    struct assay_err err = {0};
    struct instance *i = started(&target, NULL);

    cr_expect_eq(instance_reset(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect(instance_alive(i));
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK);
    cr_expect_eq(instance_peer(i)->url.port, 1);
    instance_free(i);
    i = started(&wrong, NULL);
    cr_expect_eq(instance_reset(i, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "exit status 5"), "%s", err.text);
    instance_free(i);
}

Test(instance, stays_ended_when_a_restart_fails)
{
    struct target target = shell("test -e $STORE && exit 4; " COUNTING, "");
    struct instance *i = started(&target, NULL);
    struct assay_err err = {0};

    cr_expect_eq(instance_restart(i, &err), ASSAY_E_CRASHED);
    cr_expect_not_null(strstr(err.text, "exit status 4"), "%s", err.text);
    cr_expect(!instance_alive(i) && instance_pid(i) == 0);
    instance_free(i);
}

/* ---- under faults ---- */

/* Waits until the store has so many bytes. */
static bool wait_for_store(struct instance *i, off_t size)
{
    struct pollfd none = {.fd = -1};
    struct stat st = {0};
    char store[256];

    (void)snprintf(store, sizeof(store), "%s/store/store.db", instance_workdir(i));
    for (int k = 0; k < PATIENCE_MS / 10; k++) {
        if (stat(store, &st) == 0 && st.st_size == size)
            return true;
        (void)poll(&none, 1, 10);
    }
    cr_log_error("%jd bytes instead of %jd", (intmax_t)st.st_size, (intmax_t)size);
    return false;
}

Test(instance, sees_the_clock_it_is_under)
{
    struct target target = shell("echo ready http://127.0.0.1:7/ $(date +%s); " STAY, "");
    struct instance_options options = {.clock = true};
    struct assay_err err = {0};
    const char *said;
    struct instance *i;
    long long gap;

    if (fault_clock_library(&err) == NULL)
        cr_skip_test("%s", err.text);
    i = started(&target, &options);
    cr_assert_not_null(instance_clock(i));
    cr_expect_eq(fault_clock_freeze(instance_clock(i), 1234567890000, &err), ASSAY_OK);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    said = text_of(instance_stdout(i));
    cr_expect_not_null(strstr(said, ":7/ 1234567890\n"), "%s", said);
    gap =
        strtoll(strstr(said, ":7/ ") + 4, NULL, 10) - fault_clock_now_ms(instance_clock(i)) / 1000;
    cr_expect_gt(gap, 86400, "the first start was not frozen");
    instance_free(i);
}

Test(instance, dies_before_the_call_its_supervisor_was_told)
{
    struct target target = shell(READY "for n in 1 2 3 4 5; do echo $n >> $STORE; done; " STAY, "");
    struct supervisor_rule rule = {.calls = SUPERVISOR_WRITE, .kill_before = 8};
    struct instance_options options = {.supervise = true};
    struct assay_err err = {0};
    struct pollfd none = {.fd = -1};
    struct instance *i;

    if (fault_supervisor_available(&err) != ASSAY_OK)
        cr_skip_test("%s", err.text);
    i = started(&target, &options);
    cr_assert_not_null(instance_supervisor(i));
    cr_expect(wait_for_store(i, 10));
    supervisor_behave(instance_supervisor(i), &rule);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    cr_expect(wait_for_store(i, 20));
    rule.kill_before = 3;
    supervisor_behave(instance_supervisor(i), &rule);
    cr_expect_eq(instance_restart(i, &err), ASSAY_OK, "%s", err.text);
    for (int k = 0; k < PATIENCE_MS / 10 && instance_alive(i); k++)
        (void)poll(&none, 1, 10);
    cr_expect(supervisor_killed(instance_supervisor(i)));
    cr_expect(wait_for_store(i, 24));
    instance_free(i);
}
