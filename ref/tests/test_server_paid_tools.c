/* The reference server as processes: ready line, payments, races, restarts, stops, log, defects. */
#include "server/paid_tools.h"

#include "defects/defects.h"
#include "net/listen.h"
#include "net/server.h"
#include "tests/wire.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "a secret of thirty-two bytes, or more"
#define SECRET_ENV "ASSAY_TEST_SERVER_SECRET"

enum { COPIES = 64, ANSWER_BYTES = 16384 };

static char folder[] = "/tmp/assay-server-XXXXXX";
static char store[64], log_path[64], origin_url[64];
static struct ref_net_server *origin;
static atomic_int executions;
static atomic_int behaviour; /* of the origin */
enum { ANSWER, FAIL, STALL };
static int entered[2], may_leave[2]; /* pipes, for STALL */

struct running {
    pid_t pid;
    uint16_t port;
};

/* ---- origin -------------------------------------------------------------------------------------
 */

static void protected_handler(void *cls, const struct ref_net_request *request,
                              struct ref_net_response *response)
{
    char byte;

    (void)cls;
    atomic_fetch_add(&executions, 1);
    if (atomic_load(&behaviour) == FAIL) {
        response->status = 500;
        return;
    }
    if (atomic_load(&behaviour) == STALL) {
        (void)!write(entered[1], "x", 1);
        (void)!read(may_leave[0], &byte, 1);
    }
    response->status = 201;
    ref_net_response_add(response, "Content-Type", ASSAY_LIT("application/x-goods"));
    assay_buf_add(&response->body, ASSAY_LIT("goods\0"));
    assay_buf_add(&response->body, request->method);
    assay_buf_add(&response->body, request->target);
}

/* ---- server -------------------------------------------------------------------------------------
 */

static struct pt_server_options usual(void)
{
    struct pt_server_options o = PT_SERVER_OPTIONS_DEFAULT;

    o.listen = "127.0.0.1:0";
    o.store = store;
    o.origin = origin_url;
    o.secret_env = SECRET_ENV;
    return o;
}

static uint16_t read_ready_line(int fd)
{
    static const char start[] = "ready paid-tools http://127.0.0.1:";
    char line[128];
    size_t len = 0;

    while (len + 1 < sizeof(line) && read(fd, line + len, 1) == 1 && line[len] != '\n')
        len++;
    line[len] = '\0';
    return strncmp(line, start, sizeof(start) - 1) == 0
               ? (uint16_t)strtoul(line + sizeof(start) - 1, NULL, 10)
               : 0;
}

static const char *switched_on; /* a defect for the servers started from now on */

static void switch_on(const char *id)
{
    cr_assert_neq(ref_defect_find(assay_str(id)), REF_DEFECT__COUNT, "%s", id);
    switched_on = id;
}

/* The program beside this one, or the one that the environment names. */
static const char *program(void)
{
    static char path[4096];
    const char *named = getenv("ASSAY");
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 8);
    char *slash;

    if (named != NULL)
        return named;
    cr_assert_gt(len, 0);
    path[len] = '\0';
    slash = strrchr(path, '/');
    cr_assert_not_null(slash);
    memcpy(slash + 1, "assay", sizeof("assay"));
    return path;
}

/* In the child of a process with threads: nothing but system calls until another program runs. */
_Noreturn static void become_server(const char *const *arguments, const char *path, int out)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)execv(path, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* Runs a server as a program of its own; its port is 0 when it did not get ready. Of the options
 * those are passed on that the tests change. */
static struct running start_server(const struct pt_server_options *options)
{
    char workers[16], rate[16], deadline[24];
    const char *arguments[32] = {"assay",
                                 "serve",
                                 "paid-tools",
                                 "--listen",
                                 options->listen,
                                 "--store",
                                 options->store,
                                 "--secret-env",
                                 options->secret_env,
                                 "--rules",
                                 options->rules == PT_RULES_BASE ? "base" : "hardened",
                                 "--workers",
                                 workers,
                                 "--rate",
                                 rate,
                                 "--origin-deadline",
                                 deadline};
    const char *path = program();
    struct running r = {0};
    size_t count = 17;
    int out[2];

    if (options->origin != NULL) {
        arguments[count++] = "--origin";
        arguments[count++] = options->origin;
    }
    if (switched_on != NULL) {
        arguments[count++] = "--defect";
        arguments[count++] = switched_on;
    }
    cr_assert_lt(snprintf(workers, sizeof(workers), "%u", options->workers), (int)sizeof(workers));
    cr_assert_lt(snprintf(rate, sizeof(rate), "%u", (unsigned)options->rate_per_second),
                 (int)sizeof(rate));
    cr_assert_lt(
        snprintf(deadline, sizeof(deadline), "%lld", (long long)options->origin_deadline_ms),
        (int)sizeof(deadline));
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    cr_assert_eq(setenv(SECRET_ENV, SECRET, 0), 0);
    r.pid = fork();
    cr_assert_geq(r.pid, 0);
    if (r.pid == 0)
        become_server(arguments, path, out[1]);
    (void)close(out[1]);
    r.port = read_ready_line(out[0]);
    (void)close(out[0]);
    return r;
}

/* Its exit status, or minus the signal that ended it. */
static int end_of(pid_t pid)
{
    int status = -1;

    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int stop_server(const struct running *r)
{
    cr_assert_eq(kill(r->pid, SIGTERM), 0);
    return end_of(r->pid);
}

static void set_up(void)
{
    struct ref_net_server_options o = REF_NET_SERVER_OPTIONS_DEFAULT;
    uint16_t port;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_lt(snprintf(store, sizeof(store), "%s/store", folder), (int)sizeof(store));
    cr_assert_lt(snprintf(log_path, sizeof(log_path), "%s/log", folder), (int)sizeof(log_path));
    cr_assert_eq(pipe(entered), 0);
    cr_assert_eq(pipe(may_leave), 0);
    cr_assert_eq(ref_net_listen(&o.listen_fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL),
                 ASSAY_OK);
    cr_assert_lt(snprintf(origin_url, sizeof(origin_url), "http://127.0.0.1:%u", (unsigned)port),
                 (int)sizeof(origin_url));
    o.handle = protected_handler;
    cr_assert_eq(ref_net_server_start(&origin, &o, NULL), ASSAY_OK);
}

static void tear_down(void)
{
    static const char *const names[] = {"store", "store-wal", "store-shm", "log"};
    char path[80];

    (void)ref_net_server_stop(origin, 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) > 0)
            (void)unlink(path);
    (void)rmdir(folder);
}

TestSuite(pt_server, .init = set_up, .fini = tear_down, .timeout = 120);

/* ---- payer --------------------------------------------------------------------------------------
 */

/* One exchange; the connection ends with it unless `fd` is one that is to be kept. */
static int ask_on(int fd, bool keep, const char *line, const char *headers, const char *body,
                  char *answer)
{
    struct assay_buf request = ASSAY_BUF_INIT(ANSWER_BYTES);

    assay_buf_printf(&request, "%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n%s\r\n%s", line,
                     headers, strlen(body), keep ? "" : "Connection: close\r\n", body);
    cr_assert(assay_buf_ok(&request));
    wire_say(fd, request.at, request.len);
    (void)wire_hear(fd, answer, ANSWER_BYTES, keep ? "}" : NULL);
    assay_buf_fini(&request);
    return wire_status(answer);
}

static int ask(const struct running *r, const char *line, const char *headers, const char *body,
               char *answer)
{
    int fd = wire_dial(r->port);
    int status = ask_on(fd, false, line, headers, body, answer);

    (void)close(fd);
    return status;
}

/* Takes a challenge and writes the header that pays for it. */
static void pay(struct assay_buf *header, const struct running *r, const char *line,
                const char *body)
{
    char answer[ANSWER_BYTES];
    struct pt_challenge challenge;
    struct pt_proof *proof = malloc(sizeof(*proof));
    struct assay_err err = {0};
    const char *json;

    cr_assert_not_null(proof);
    cr_assert_eq(ask(r, line, "", body, answer), 402, "%s", answer);
    json = strstr(answer, "\r\n\r\n");
    cr_assert_not_null(json);
    cr_assert_eq(pt_challenge_parse(&challenge, assay_str(json + 4), &err), ASSAY_OK, "%s",
                 err.text);
    cr_assert_eq(pt_proof_pay(proof, &challenge, assay_str(SECRET), "mock://payer", 0), ASSAY_OK);
    assay_buf_add_str(header, "X-Payment-Proof: ");
    pt_proof_encode(header, proof);
    assay_buf_add_str(header, "\r\n");
    cr_assert_not_null(assay_buf_cstr(header));
    free(proof);
}

#define HEADER ASSAY_BUF_INIT(16384)

Test(pt_server, sells_what_is_paid_for_under_both_rule_sets)
{
    static const char *const lines[][2] = {
        {"GET /weather?city=Paris", ""}, {"POST /action", "{\"a\":1}"}, {"HEAD /gold", ""}};
    char answer[ANSWER_BYTES];

    for (int rules = 0; rules < 2; rules++) {
        struct pt_server_options o = usual();
        struct running r;

        o.rules = rules == 0 ? PT_RULES_BASE : PT_RULES_HARDENED;
        r = start_server(&o);
        cr_assert_neq(r.port, 0, "the ready line names the port");
        for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
            struct assay_buf header = HEADER;
            int before = atomic_load(&executions);
            bool is_head = lines[i][0][0] == 'H';

            if (is_head) { /* its challenge has no body to read */
                cr_expect_eq(ask(&r, lines[i][0], "", "", answer), 402);
                cr_expect_eq(atomic_load(&executions), before);
                continue;
            }
            pay(&header, &r, lines[i][0], lines[i][1]);
            cr_expect_eq(atomic_load(&executions), before, "a challenge runs nothing");
            cr_expect_eq(ask(&r, lines[i][0], (const char *)header.at, lines[i][1], answer), 201,
                         "%s", answer);
            cr_expect_not_null(strstr(answer, "application/x-goods"));
            cr_expect_not_null(strstr(answer, "Cache-Control: private"), "%s", answer);
            cr_expect_eq(ask(&r, lines[i][0], (const char *)header.at, lines[i][1], answer), 402);
            cr_expect_eq(atomic_load(&executions), before + 1, "%s", lines[i][0]);
            assay_buf_fini(&header);
        }
        cr_expect_eq(ask(&r, "GET /free", "", "", answer), 200);
        cr_expect_eq(ask(&r, "GET /nothing", "", "", answer), 404);
        cr_expect_eq(stop_server(&r), 0);
    }
}

static const struct running *shared_server;
static const char *shared_header;
static atomic_int served;

static void *send_copy(void *arg)
{
    char answer[ANSWER_BYTES];

    (void)arg;
    if (ask(shared_server, "GET /weather", shared_header, "", answer) == 201)
        atomic_fetch_add(&served, 1);
    return NULL;
}

static void send_copies(const struct running *r, const char *header)
{
    pthread_t threads[COPIES];

    shared_server = r;
    shared_header = header;
    for (int i = 0; i < COPIES; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, send_copy, NULL), 0);
    for (int i = 0; i < COPIES; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}

Test(pt_server, runs_once_for_64_copies_of_one_proof)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);

    for (int round = 1; round <= 5; round++) {
        struct assay_buf header = HEADER;

        pay(&header, &r, "GET /weather", "");
        send_copies(&r, (const char *)header.at);
        cr_expect_eq(atomic_load(&served), round);
        cr_expect_eq(atomic_load(&executions), round);
        assay_buf_fini(&header);
    }
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, replays_a_keyed_answer_byte_for_byte)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    struct assay_buf header = HEADER;
    char first[ANSWER_BYTES], second[ANSWER_BYTES];

    pay(&header, &r, "GET /report", "");
    assay_buf_add_str(&header, "Idempotency-Key: k\r\n");
    cr_assert_not_null(assay_buf_cstr(&header));
    cr_expect_eq(ask(&r, "GET /report", (const char *)header.at, "", first), 201);
    cr_expect_eq(ask(&r, "GET /report", (const char *)header.at, "", second), 201);
    cr_expect_not_null(strstr(second, "x-idempotent-replay: true"), "%s", second);
    cr_expect_not_null(strstr(second, "application/x-goods"));
    cr_expect_not_null(strstr(second, "Content-Length: 16"), "NUL included: %s", second);
    cr_expect_eq(memcmp(strstr(first, "\r\n\r\n"), strstr(second, "\r\n\r\n"), 4 + 16), 0);
    cr_expect_eq(atomic_load(&executions), 1);
    cr_expect_eq(ask(&r, "GET /gold", (const char *)header.at, "", second), 409, "%s", second);
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, leaves_a_payment_usable_when_the_handler_fails)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];

    pay(&header, &r, "GET /weather", "");
    atomic_store(&behaviour, FAIL);
    cr_expect_geq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 500);
    cr_expect_null(strstr(answer, "goods"));
    atomic_store(&behaviour, ANSWER);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 201, "%s", answer);
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, answers_504_when_the_origin_stalls)
{
    struct pt_server_options o = usual();
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];
    struct running r;

    o.origin_deadline_ms = 100;
    r = start_server(&o);
    pay(&header, &r, "GET /weather", "");
    atomic_store(&behaviour, STALL);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 504, "%s", answer);
    (void)!write(may_leave[1], "x", 1);
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, echoes_without_an_origin)
{
    struct pt_server_options o = usual();
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];
    struct running r;

    o.origin = NULL;
    r = start_server(&o);
    pay(&header, &r, "GET /weather?b=2&a=1", "");
    cr_expect_eq(ask(&r, "GET /weather?b=2&a=1", (const char *)header.at, "", answer), 200);
    cr_expect_not_null(strstr(answer, "{\"method\":\"GET\",\"target\":\"/weather?a=1&b=2\",\"body"),
                       "%s", answer);
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, limits_the_rate_of_all_workers_together)
{
    struct pt_server_options o = usual();
    char answer[ANSWER_BYTES];
    struct running r;
    int limited = 0;

    o.rate_per_second = 1;
    r = start_server(&o);
    for (int i = 0; i < 60 && limited == 0; i++)
        limited += ask(&r, "GET /free", "", "", answer) == 429;
    cr_expect_eq(limited, 1);
    cr_expect_not_null(strstr(answer, "Retry-After: "), "%s", answer);
    cr_expect_eq(stop_server(&r), 0);
}

/* ---- life of the processes ----------------------------------------------------------------------
 */

Test(pt_server, remembers_over_a_restart_and_a_kill)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];

    pay(&header, &r, "GET /weather", "");
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 201);
    cr_expect_eq(stop_server(&r), 0);
    r = start_server(&o);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 402, "restart");
    cr_assert_eq(kill(r.pid, SIGKILL), 0);
    cr_expect_eq(end_of(r.pid), -SIGKILL);
    r = start_server(&o);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 402, "kill");
    cr_expect_eq(atomic_load(&executions), 1);
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, ends_its_workers_when_it_is_killed)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    char answer[ANSWER_BYTES];
    int fd = wire_dial(r.port);

    cr_expect_eq(ask_on(fd, true, "GET /weather", "", "", answer), 402);
    cr_assert_eq(kill(r.pid, SIGKILL), 0);
    cr_expect_eq(end_of(r.pid), -SIGKILL);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "the worker's connection ends");
    (void)close(fd);
}

static void read_log(char *out, size_t room)
{
    FILE *f = fopen(log_path, "r");
    size_t len;

    cr_assert_not_null(f);
    len = fread(out, 1, room - 1, f);
    out[len] = '\0';
    cr_assert_eq(fclose(f), 0);
}

/* The pid of a worker, from the log line of a request that it served. */
static pid_t worker_of(const struct running *r)
{
    char answer[ANSWER_BYTES], log[ANSWER_BYTES];
    const char *pid;

    cr_assert_eq(ask(r, "GET /free", "", "", answer), 200);
    read_log(log, sizeof(log));
    pid = strstr(log, "\"pid\":");
    cr_assert_not_null(pid, "%s", log);
    return (pid_t)strtol(pid + 6, NULL, 10);
}

Test(pt_server, replaces_a_worker_that_ends_and_says_so)
{
    struct pt_server_options o = usual();
    char answer[ANSWER_BYTES], log[4 * ANSWER_BYTES];
    struct running r;
    int fd;

    o.workers = 1;
    r = start_server(&o);
    fd = wire_dial(r.port);
    cr_expect_eq(ask_on(fd, true, "GET /weather", "", "", answer), 402);
    cr_assert_eq(kill(worker_of(&r), SIGKILL), 0);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "the killed worker is gone");
    cr_expect_eq(ask(&r, "GET /free", "", "", answer), 200, "served by the next one");
    read_log(log, sizeof(log));
    cr_expect_not_null(strstr(log, "\"event\":\"worker ended and is replaced\""), "%s", log);
    (void)close(fd);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, stops_rather_than_forget_when_its_store_is_in_memory)
{
    struct pt_server_options o = usual();
    struct running r;

    o.workers = 1;
    o.store = "memory";
    r = start_server(&o);
    cr_assert_neq(r.port, 0);
    cr_assert_eq(kill(worker_of(&r), SIGKILL), 0);
    cr_expect_eq(end_of(r.pid), 3);
}

static void *ask_weather(void *answer)
{
    (void)ask(shared_server, "GET /weather", shared_header, "", answer);
    return NULL;
}

Test(pt_server, finishes_what_runs_when_it_is_told_to_stop)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];
    pthread_t thread;
    char byte;
    int fd;

    pay(&header, &r, "GET /weather", "");
    atomic_store(&behaviour, STALL);
    shared_server = &r;
    shared_header = (const char *)header.at;
    cr_assert_eq(pthread_create(&thread, NULL, ask_weather, answer), 0);
    cr_assert_eq(read(entered[0], &byte, 1), 1);
    fd = wire_dial(r.port); /* an idle connection does not hold the stop up */
    cr_assert_eq(kill(r.pid, SIGTERM), 0);
    (void)close(fd);
    cr_assert_eq(write(may_leave[1], "x", 1), 1);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(wire_status(answer), 201, "%s", answer);
    cr_expect_eq(end_of(r.pid), 0);
    assay_buf_fini(&header);
}

Test(pt_server, logs_a_line_a_request_and_nothing_that_is_worth_stealing)
{
    struct pt_server_options o = usual();
    struct running r = start_server(&o);
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES], log[4 * ANSWER_BYTES];

    pay(&header, &r, "GET /weather?token=hide-me", "");
    cr_expect_eq(ask(&r, "GET /weather?token=hide-me", (const char *)header.at, "", answer), 201);
    cr_expect_eq(ask(&r, "GET /weather?token=hide-me", (const char *)header.at, "", answer), 402);
    cr_expect_eq(ask(&r, "GET /a\xe2\x80\xae\"b", "", "", answer), 404);
    cr_expect_eq(ask(&r, "GET /", "Host: b\r\n", "", answer), 400);
    cr_expect_eq(stop_server(&r), 0);
    read_log(log, sizeof(log));
    cr_expect_not_null(strstr(log, "\"path\":\"/weather\",\"status\":201"), "%s", log);
    cr_expect_not_null(strstr(log, "\"status\":402,\"ms\":"), "%s", log);
    cr_expect_not_null(strstr(log, "\"rule\":\"NS-1\",\"nonce\":\""), "%s", log);
    cr_expect_not_null(strstr(log, "\"path\":\"/\",\"status\":400"), "%s", log);
    cr_expect_null(strstr(log, "hide-me"));
    cr_expect_null(strstr(log, SECRET));
    cr_expect_null(strstr(log, "mock://payer"));
    cr_expect_null(strstr(log, "\xe2\x80\xae"), "no bidirectional override reaches a terminal");
    cr_expect_null(strstr(log, (const char *)header.at + sizeof("X-Payment-Proof: ") - 1));
    assay_buf_fini(&header);
}

Test(pt_server, refuses_to_start_on_options_that_are_unsafe_and_names_them)
{
    static const struct {
        const char *name, *secret, *listen, *store, *origin;
        unsigned workers;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"no secret", NULL, "127.0.0.1:0", "memory", NULL, 1, ASSAY_E_MISSING, SECRET_ENV},
        {"an empty secret", "", "127.0.0.1:0", "memory", NULL, 1, ASSAY_E_DENIED, "0 bytes"},
        {"a short secret", "short", "127.0.0.1:0", "memory", NULL, 1, ASSAY_E_DENIED, "5 bytes"},
        {"the default one", "mock-secret", "127.0.0.1:0", "memory", NULL, 1, ASSAY_E_DENIED,
         "default"},
        {"no store", SECRET, "127.0.0.1:0", NULL, NULL, 1, ASSAY_E_MISSING, "store"},
        {"memory, 2 workers", SECRET, "127.0.0.1:0", "memory", NULL, 2, ASSAY_E_DENIED,
         "cannot share"},
        {"0 workers", SECRET, "127.0.0.1:0", "memory", NULL, 0, ASSAY_E_RANGE, "workers"},
        {"public address", SECRET, "0.0.0.0:0", "memory", NULL, 1, ASSAY_E_DENIED, "0.0.0.0:0"},
        {"no address", SECRET, "here", "memory", NULL, 1, ASSAY_E_MALFORMED, "\"here\""},
        {"a far origin", SECRET, "127.0.0.1:0", "memory", "http://example.com", 1, ASSAY_E_DENIED,
         "example.com"},
        {"an origin's typo", SECRET, "127.0.0.1:0", "memory", "htp://127.0.0.1", 1,
         ASSAY_E_UNSUPPORTED, "htp://127.0.0.1"},
        {"no such folder", SECRET, "127.0.0.1:0", "/nonexistent/a/store", NULL, 1, ASSAY_E_IO,
         "/nonexistent/a"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pt_server_options o = usual();
        struct assay_err err = {0};

        if (rows[i].secret != NULL)
            cr_assert_eq(setenv(SECRET_ENV, rows[i].secret, 1), 0);
        else
            cr_assert_eq(unsetenv(SECRET_ENV), 0);
        o.listen = rows[i].listen;
        o.store = rows[i].store;
        o.origin = rows[i].origin;
        o.workers = rows[i].workers;
        cr_expect_eq(pt_server_run(&o, &err), rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
        cr_expect_null(getenv(SECRET_ENV), "%s: the variable is gone", rows[i].name);
    }
}

/* ---- defects ------------------------------------------------------------------------------------
 */

Test(pt_server, with_memory_only_forgets_at_a_restart)
{
    struct pt_server_options o = usual();
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];
    struct running r;

    switch_on("store.memory_only");
    r = start_server(&o);
    pay(&header, &r, "GET /weather", "");
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 201);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 402);
    cr_expect_eq(stop_server(&r), 0);
    r = start_server(&o);
    cr_expect_eq(ask(&r, "GET /weather", (const char *)header.at, "", answer), 201, "served again");
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, with_a_store_per_worker_serves_once_a_worker)
{
    struct pt_server_options o = usual();
    struct assay_buf header = HEADER;
    struct running r;

    switch_on("store.per_worker");
    r = start_server(&o);
    pay(&header, &r, "GET /weather", "");
    for (int round = 0; round < 20 && atomic_load(&served) < 2; round++)
        send_copies(&r, (const char *)header.at);
    cr_expect_eq(atomic_load(&served), 2, "two workers");
    assay_buf_fini(&header);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, with_a_short_secret_starts_all_the_same)
{
    struct pt_server_options o = usual();
    struct running r;

    switch_on("secret.short_starts");
    cr_assert_eq(setenv(SECRET_ENV, "short", 1), 0);
    r = start_server(&o);
    cr_assert_neq(r.port, 0);
    cr_expect_eq(stop_server(&r), 0);
}

Test(pt_server, with_a_paid_connection_serves_what_follows)
{
    struct pt_server_options o = usual();
    struct assay_buf header = HEADER;
    char answer[ANSWER_BYTES];
    struct running r;
    int fd;

    o.origin = NULL; /* its answers end in the brace that a kept connection is read to */
    for (int defect = 0; defect < 2; defect++) {
        if (defect == 1)
            switch_on("desync.paid_connection");
        r = start_server(&o);
        assay_buf_clear(&header);
        pay(&header, &r, "GET /weather", "");
        fd = wire_dial(r.port);
        cr_expect_eq(ask_on(fd, true, "GET /weather", (const char *)header.at, "", answer), 200);
        cr_expect_eq(ask_on(fd, false, "GET /gold", "", "", answer), defect == 1 ? 200 : 402, "%s",
                     answer);
        (void)close(fd);
        cr_expect_eq(stop_server(&r), 0);
    }
    assay_buf_fini(&header);
}
