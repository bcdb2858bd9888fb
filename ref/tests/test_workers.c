/* The parent of a server: its ready line, its workers' places, their replacement, and stops. */
#include "server/workers.h"

#include "ref/tests/forked.h"
#include "tests/wire.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int entered[2], may_leave[2]; /* pipes, for /stall */
static int events[2]; /* "P" prepared, "B0" begun, "S" stopping, "E" ended, "T" settled */

static atomic_uint *begun; /* workers, of all processes */
static unsigned may_begin; /* of them */

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
    if (assay_bytes_is(request->target, "/end"))
        _exit(7);
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

static void stall(void *worker, int64_t deadline_ms)
{
    char byte;

    (void)worker;
    (void)deadline_ms;
    (void)!read(may_leave[0], &byte, 1);
}

static enum assay_code begin(void *cls, unsigned index, void **out,
                             struct ref_net_server_options *net, struct assay_err *err)
{
    struct worker *w;

    if (cls != NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "%s", (const char *)cls);
    if (atomic_fetch_add(begun, 1) >= may_begin)
        return assay_fail(err, ASSAY_E_MISSING, 0, "no more bread");
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

static enum assay_code run(const void *cls, struct assay_err *err)
{
    return ref_workers_run(cls, err);
}

/* Its port, or 0: it did not get ready. */
static uint16_t start_in(struct forked *r, const struct ref_workers_options *options,
                         const struct forked_scarcity *scarce)
{
    forked_start(r, run, options, scarce);
    return forked_port(r, "a-profile");
}

static uint16_t start(struct forked *r, const struct ref_workers_options *options)
{
    return start_in(r, options, NULL);
}

/* The worker that answered, and its process. */
static unsigned ask(uint16_t port, pid_t *pid)
{
    char answer[1024];
    int fd = wire_dial(port), number = 0;
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
    begun = mmap(NULL, sizeof(*begun), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(begun, MAP_FAILED);
    may_begin = UINT_MAX;
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
    struct forked r;
    uint16_t port = start(&r, &o);
    char happened[64] = "";
    pid_t pid;

    cr_assert_neq(port, 0, "%s", r.said);
    cr_expect_lt(ask(port, &pid), 2);
    cr_expect_neq(pid, r.pid);
    cr_expect_eq(forked_stop(&r), ASSAY_OK, "%s", r.said);
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
    struct forked r;
    uint16_t port;
    unsigned index;
    pid_t pid, next;

    o.workers = 1;
    port = start(&r, &o);
    cr_assert_neq(port, 0, "%s", r.said);
    index = ask(port, &pid);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert(forked_hear(&r, "is replaced"), "%s", r.said);
    cr_expect_eq(ask(port, &next), index);
    cr_expect_neq(next, pid);
    cr_expect_not_null(strstr(r.said, "\"signal\":9"), "%s", r.said);
    cr_expect_eq(forked_stop(&r), ASSAY_OK, "%s", r.said);
}

Test(workers, that_end_with_what_cannot_be_had_again_end_the_server)
{
    struct ref_workers_options o = usual();
    struct forked r;
    uint16_t port;
    pid_t pid;

    o.workers = 1;
    o.forgets = "all that it knew";
    port = start(&r, &o);
    cr_assert_neq(port, 0, "%s", r.said);
    (void)ask(port, &pid);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_expect_eq(forked_end(&r), ASSAY_E_CRASHED);
    cr_expect_not_null(strstr(r.said, "and with it all that it knew"), "%s", r.said);
}

Test(workers, that_do_not_begin_say_why_before_anything_is_ready)
{
    static char bread[] = "it has no bread", letter[] = "r", nothing[] = "";
    static const struct {
        const char *name, *listen, *why;
        char *said; /* by the worker */
        unsigned workers;
        enum assay_code code;
    } rows[] = {
        {"a worker", "127.0.0.1:0", "it has no bread", bread, 2, ASSAY_E_IO},
        {"a letter", "127.0.0.1:0", "r", letter, 1, ASSAY_E_IO},
        {"no word", "127.0.0.1:0", "a worker ended as it started", nothing, 1, ASSAY_E_IO},
        {"the address", "10.0.0.1:0", "10.0.0.1:0", bread, 2, ASSAY_E_DENIED},
        {"no workers", "127.0.0.1:0", "1 to 64", bread, 0, ASSAY_E_RANGE},
        {"many workers", "127.0.0.1:0", "1 to 64", bread, 65, ASSAY_E_RANGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_workers_options o = usual();
        struct forked f;

        o.cls = rows[i].said;
        o.workers = rows[i].workers;
        o.listen = rows[i].listen;
        cr_expect_eq(start(&f, &o), 0, "%s", rows[i].name);
        cr_expect_eq(forked_end(&f), (int)rows[i].code, "%s: %s", rows[i].name, f.said);
        cr_expect_not_null(strstr(f.said, rows[i].why), "%s: %s", rows[i].name, f.said);
    }
}

Test(workers, that_are_told_to_stop_answer_what_runs)
{
    struct ref_workers_options o = usual();
    struct forked r;
    uint16_t port = start(&r, &o);
    char answer[1024], byte;
    int fd;

    cr_assert_neq(port, 0, "%s", r.said);
    fd = wire_dial(port);
    wire_say_text(fd, "GET /stall HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert_eq(read(entered[0], &byte, 1), 1);
    cr_assert_eq(kill(r.pid, SIGTERM), 0);
    cr_assert_eq(write(may_leave[1], "x", 1), 1);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "it closes");
    cr_expect_eq(wire_status(answer), 200, "%s", answer);
    (void)close(fd);
    cr_expect_eq(forked_end(&r), ASSAY_OK, "%s", r.said);
}

/* Nothing is settled where nothing is to be; a signal that is none of its own changes nothing. */
Test(workers, that_end_by_themselves_are_replaced_too)
{
    struct ref_workers_options o = usual();
    struct forked r;
    uint16_t port;
    pid_t pid;
    int fd;

    o.workers = 1;
    o.settle = NULL;
    o.stopping = NULL;
    o.prepare = NULL;
    port = start(&r, &o);
    cr_assert_neq(port, 0, "%s", r.said);
    fd = wire_dial(port);
    wire_say_text(fd, "GET /end HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert(forked_hear(&r, "is replaced"), "%s", r.said);
    (void)close(fd);
    cr_expect_not_null(strstr(r.said, "\"status\":7"), "%s", r.said);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(ask(port, &pid), 0);
        forked_interrupt(&r);
    }
    cr_expect_eq(ask(port, &pid), 0);
    cr_expect_eq(forked_stop(&r), ASSAY_OK, "%s", r.said);
}

Test(workers, that_end_again_and_again_end_the_server)
{
    struct ref_workers_options o = usual();
    struct forked r;
    uint16_t port;
    pid_t pid;

    o.workers = 1;
    may_begin = 1;
    port = start(&r, &o);
    cr_assert_neq(port, 0, "%s", r.said);
    (void)ask(port, &pid);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_expect_eq(forked_end(&r), ASSAY_E_CRASHED, "%s", r.said);
    cr_expect_not_null(strstr(r.said, "workers ended 17 times"), "%s", r.said);
    cr_expect_eq(atomic_load(begun), 17, "the first and 16 in its place");
}

Test(workers, that_do_not_stop_in_time_are_killed)
{
    struct ref_workers_options o = usual();
    struct forked r;

    o.stop_deadline_ms = 1;
    o.slack_ms = 0;
    o.stopping = stall;
    cr_assert_neq(start(&r, &o), 0, "%s", r.said);
    cr_expect_eq(forked_stop(&r), ASSAY_OK, "%s", r.said);
    cr_expect_not_null(strstr(r.said, "worker did not stop well"), "%s", r.said);
    cr_expect_not_null(strstr(r.said, "\"signal\":9"), "%s", r.said);
}

/* ---- what is scarce ---- */

/* It is ready and stops as it is told to, or it has ended and said why. */
static bool started(const struct ref_workers_options *o, const struct forked_scarcity *scarce)
{
    struct forked r;
    bool is_ready = start_in(&r, o, scarce) != 0;
    int status = is_ready ? forked_stop(&r) : forked_end(&r);

    cr_expect(status == ASSAY_OK ? is_ready : status == ASSAY_E_IO || status == ASSAY_E_NOMEM,
              "%zu allocations, %u files: %d: %s", scarce->allocations, scarce->files, status,
              r.said);
    cr_expect_gt(strlen(r.said), 1, "%zu allocations, %u files: it says why", scarce->allocations,
                 scarce->files);
    return is_ready;
}

Test(workers, start_or_say_that_there_are_no_descriptors)
{
    struct ref_workers_options o = usual();
    unsigned refused = 0, files = 3;

    while (files < 128 && !started(&o, &(struct forked_scarcity){.files = files})) {
        refused++;
        files++;
    }
    cr_expect(refused > 8 && files < 128, "%u refused, ready with %u", refused, files);
}

Test(workers, start_or_say_that_there_is_no_memory)
{
    struct ref_workers_options o = usual();
    size_t n = 1;

    while (n < 128 && !started(&o, &(struct forked_scarcity){.allocations = n}))
        n++;
    cr_expect(n > 2 && n < 128, "%zu", n);
}
