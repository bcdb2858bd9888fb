/* The parent of a server: its ready line, its workers' places, their replacement, and stops. */
#include "server/workers.h"

#include "tests/wire.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_BYTES = 4096 };

static int entered[2], may_leave[2]; /* pipes, for /stall */
static int events[2]; /* "P" prepared, "B0" begun, "S" stopping, "E" ended, "T" settled */

static void tell(const char *what)
{
    (void)!write(events[1], what, strlen(what));
}

/* ---- a server that says which worker answers ----------------------------------------------------
 */

struct worker {
    unsigned index;
};

static void handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    const struct worker *w = cls;
    char byte;

    if (assay_bytes_is(request->target, "/stall")) {
        (void)!write(entered[1], "x", 1);
        (void)!read(may_leave[0], &byte, 1);
    }
    response->status = 200;
    assay_buf_printf(&response->body, "worker %u pid %d.", w->index, (int)getpid());
}

static enum assay_code prepare(void *cls, const char *url, struct assay_err *err)
{
    (void)cls;
    if (strncmp(url, "http://127.0.0.1:", 17) != 0)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "no such url: %s", url);
    tell("P");
    return ASSAY_OK;
}

static enum assay_code begin(void *cls, unsigned index, void **out,
                             struct ref_net_server_options *net, struct assay_err *err)
{
    struct worker *w;

    if (cls != NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "%s", (const char *)cls);
    w = assay_alloc(sizeof(*w));
    if (w == NULL)
        return ASSAY_E_NOMEM;
    w->index = index;
    net->handle = handle;
    net->cls = w;
    *out = w;
    tell(index == 0 ? "B0" : "B1");
    return ASSAY_OK;
}

static void stopping(void *worker, int64_t deadline_ms)
{
    (void)worker;
    (void)deadline_ms;
    tell("S");
}

static void end(void *cls, void *worker)
{
    (void)cls;
    tell("E");
    assay_free(worker);
}

static void settle(void *cls)
{
    (void)cls;
    tell("T");
}

struct running {
    pid_t pid;
    uint16_t port; /* 0: it did not get ready */
    int out;       /* what it says on both */
    char said[SAID_BYTES];
};

/* Until that text is there, or it has ended. */
static bool hear(struct running *r, const char *text)
{
    size_t len = strlen(r->said);

    while (strstr(r->said, text) == NULL) {
        ssize_t got = read(r->out, r->said + len, sizeof(r->said) - 1 - len);

        if (got <= 0)
            return false;
        len += (size_t)got;
        r->said[len] = '\0';
    }
    return true;
}

static struct ref_workers_options usual(void)
{
    return (struct ref_workers_options){
        .profile = "a-profile",
        .listen = "127.0.0.1:0",
        .workers = 2,
        .stop_deadline_ms = WIRE_PATIENCE_MS,
        .slack_ms = WIRE_PATIENCE_MS,
        .net = REF_NET_SERVER_OPTIONS_DEFAULT,
        .prepare = prepare,
        .begin = begin,
        .stopping = stopping,
        .end = end,
        .settle = settle,
    };
}

/* In a process of its own, which has one thread. Its status is the code. */
static struct running start(const struct ref_workers_options *options)
{
    static const char line[] = "ready a-profile http://127.0.0.1:";
    struct running r = {.port = 0};
    const char *ready;
    int out[2];

    cr_assert_eq(pipe(out), 0);
    r.pid = fork();
    cr_assert_geq(r.pid, 0);
    if (r.pid == 0) {
        struct assay_err err = {0};
        enum assay_code code;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(out[1], STDERR_FILENO);
        (void)close(out[1]);
        code = ref_workers_run(options, &err);
        (void)!write(STDOUT_FILENO, err.text, strlen(err.text));
        _exit((int)code);
    }
    (void)close(out[1]);
    r.out = out[0];
    ready = hear(&r, "\n") ? strstr(r.said, line) : NULL;
    r.port = ready != NULL ? (uint16_t)strtoul(ready + sizeof(line) - 1, NULL, 10) : 0;
    return r;
}

static int end_of(struct running *r)
{
    int status = 0;

    (void)hear(r, "\x01"); /* all that it says */
    cr_assert_eq(waitpid(r->pid, &status, 0), r->pid);
    (void)close(r->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int stop(struct running *r)
{
    cr_assert_eq(kill(r->pid, SIGTERM), 0);
    return end_of(r);
}

/* The worker that answered, and its process. */
static unsigned ask(const struct running *r, pid_t *pid)
{
    char answer[1024];
    int fd = wire_dial(r->port), number = 0;
    unsigned index = UINT32_MAX;
    const char *body;

    wire_say_text(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (void)wire_hear(fd, answer, sizeof(answer), NULL);
    (void)close(fd);
    body = strstr(answer, "worker ");
    cr_assert_not_null(body, "%s", answer);
    cr_assert_eq(sscanf(body, "worker %u pid %d", &index, &number), 2);
    *pid = number;
    return index;
}

static void set_up(void)
{
    cr_assert(pipe(entered) == 0 && pipe(may_leave) == 0 && pipe(events) == 0);
}

TestSuite(workers, .init = set_up, .timeout = 120);

/* ---- tests --------------------------------------------------------------------------------------
 */

static size_t count_of(const char *text, char c)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == c ? 1 : 0;
    return count;
}

Test(workers, are_ready_together_serve_and_stop_in_order)
{
    struct ref_workers_options o = usual();
    struct running r = start(&o);
    char happened[64] = "";
    pid_t pid;

    cr_assert_neq(r.port, 0, "%s", r.said);
    cr_expect_lt(ask(&r, &pid), 2);
    cr_expect_neq(pid, r.pid);
    cr_expect_eq(stop(&r), ASSAY_OK, "%s", r.said);
    cr_assert_gt(read(events[0], happened, sizeof(happened) - 1), 0);
    cr_expect_eq(happened[0], 'P', "%s", happened);
    cr_expect_eq(count_of(happened, 'B'), 2, "%s", happened);
    cr_expect(strstr(happened, "B0") != NULL && strstr(happened, "B1") != NULL, "%s", happened);
    cr_expect_eq(count_of(happened, 'S'), 2, "%s", happened);
    cr_expect_eq(count_of(happened, 'E'), 2, "%s", happened);
    cr_expect_eq(happened[strlen(happened) - 1], 'T', "%s", happened);
}

Test(workers, that_end_are_replaced_in_their_place)
{
    struct ref_workers_options o = usual();
    struct running r;
    unsigned index;
    pid_t pid, next;

    o.workers = 1;
    r = start(&o);
    cr_assert_neq(r.port, 0, "%s", r.said);
    index = ask(&r, &pid);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert(hear(&r, "is replaced"), "%s", r.said);
    cr_expect_eq(ask(&r, &next), index);
    cr_expect_neq(next, pid);
    cr_expect_not_null(strstr(r.said, "\"signal\":9"), "%s", r.said);
    cr_expect_eq(stop(&r), ASSAY_OK, "%s", r.said);
}

Test(workers, that_end_with_what_cannot_be_had_again_end_the_server)
{
    struct ref_workers_options o = usual();
    struct running r;
    pid_t pid;

    o.workers = 1;
    o.forgets = "all that it knew";
    r = start(&o);
    cr_assert_neq(r.port, 0, "%s", r.said);
    (void)ask(&r, &pid);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_expect_eq(end_of(&r), ASSAY_E_CRASHED);
    cr_expect_not_null(strstr(r.said, "and with it all that it knew"), "%s", r.said);
}

Test(workers, that_do_not_begin_say_why_before_anything_is_ready)
{
    static const struct {
        const char *name, *listen, *why;
        unsigned workers;
        enum assay_code code;
    } rows[] = {
        {"a worker", "127.0.0.1:0", "it has no bread", 2, ASSAY_E_IO},
        {"the address", "10.0.0.1:0", "10.0.0.1:0", 2, ASSAY_E_DENIED},
        {"no workers", "127.0.0.1:0", "1 to 64", 0, ASSAY_E_RANGE},
        {"many workers", "127.0.0.1:0", "1 to 64", 65, ASSAY_E_RANGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static char why[] = "it has no bread";
        struct ref_workers_options o = usual();
        struct running r;

        o.cls = why;
        o.workers = rows[i].workers;
        o.listen = rows[i].listen;
        r = start(&o);
        cr_expect_eq(r.port, 0, "%s", rows[i].name);
        cr_expect_eq(end_of(&r), (int)rows[i].code, "%s: %s", rows[i].name, r.said);
        cr_expect_not_null(strstr(r.said, rows[i].why), "%s: %s", rows[i].name, r.said);
    }
}

Test(workers, that_are_told_to_stop_answer_what_runs)
{
    struct ref_workers_options o = usual();
    struct running r = start(&o);
    char answer[1024], byte;
    int fd;

    cr_assert_neq(r.port, 0, "%s", r.said);
    fd = wire_dial(r.port);
    wire_say_text(fd, "GET /stall HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert_eq(read(entered[0], &byte, 1), 1);
    cr_assert_eq(kill(r.pid, SIGTERM), 0);
    cr_assert_eq(write(may_leave[1], "x", 1), 1);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "it closes");
    cr_expect_eq(wire_status(answer), 200, "%s", answer);
    (void)close(fd);
    cr_expect_eq(end_of(&r), ASSAY_OK, "%s", r.said);
}
