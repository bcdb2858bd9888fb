/* The harness's side of a library adapter: lines out, lines in (target/adapter.h). */
#include "fault/tree.h"
#include "target/adapter_internal.h"
#include "target/adapter_line.h"
#include "target/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    END_DEADLINE_MS = 10000,
    CHUNK_BYTES = 1 << 16,
    STDERR_KEEP_BYTES = 1 << 16,
    QUOTE_BYTES = 160 /* of its stderr, from the end */
};

/* One request under way, or answered and not yet asked for. */
struct slot {
    uint64_t id; /* 0: free */
    bool done;
    struct adapter_answer answer;
};

struct adapter {
    struct assay_arena *arena;
    struct spawn program; /* but for its pipes */
    struct process_tree tree;
    int pidfd, in, out, err;         /* -1: not running, or closed */
    struct assay_buf to, from, said; /* what is to be written, a line under way, its stderr */
    size_t written;                  /* of `to` */
    struct slot slots[ADAPTER_OUTSTANDING_MAX];
    uint64_t last_id;
    json_t *events;
    unsigned starts;
};

/* ---- the process ---- */

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void end_process(struct adapter *a)
{
    if (a->tree.first > 0)
        (void)process_tree_end(&a->tree, true, END_DEADLINE_MS);
    a->tree.first = 0;
    close_one(&a->pidfd);
    close_one(&a->in);
    close_one(&a->out);
    close_one(&a->err);
    assay_buf_clear(&a->to);
    assay_buf_clear(&a->from);
    assay_buf_clear(&a->said);
    a->written = 0;
}

static enum assay_code start_process(struct adapter *a, struct assay_err *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
    struct spawn what = a->program;
    enum assay_code rc = ASSAY_OK;

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "pipe: %s", strerror(errno));
    what.in = in[0];
    what.out = out[1];
    what.err = errors[1];
    if (rc == ASSAY_OK)
        rc = spawn(&a->tree.first, &a->pidfd, &what, err);
    close_one(&in[0]);
    close_one(&out[1]);
    close_one(&errors[1]);
    a->in = in[1];
    a->out = out[0];
    a->err = errors[0];
    if (rc != ASSAY_OK) {
        a->tree.first = 0;
        end_process(a);
        return rc;
    }
    (void)fcntl(a->in, F_SETFL, O_WRONLY | O_NONBLOCK);
    (void)fcntl(a->out, F_SETFL, O_RDONLY | O_NONBLOCK);
    (void)fcntl(a->err, F_SETFL, O_RDONLY | O_NONBLOCK);
    a->starts++;
    return ASSAY_OK;
}

/* Gives every open request that status and ends the process. */
static void give_up(struct adapter *a, enum adapter_status status, const char *what,
                    struct assay_bytes quote)
{
    for (size_t i = 0; i < ARRAY_LEN(a->slots); i++) {
        struct slot *slot = &a->slots[i];

        if (slot->id == 0 || slot->done)
            continue;
        slot->done = true;
        slot->answer.status = status;
        adapter_answer_say(&slot->answer, what, quote);
    }
    end_process(a);
}

static void give_up_ended(struct adapter *a)
{
    siginfo_t info = {0};
    struct assay_bytes said = assay_buf_view(&a->said);
    char what[96];

    (void)waitid(P_PIDFD, (id_t)a->pidfd, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == 0)
        (void)snprintf(what, sizeof(what), "closed its output before the answer%s",
                       said.len > 0 ? "; its stderr ends: " : "");
    else
        (void)snprintf(what, sizeof(what), "ended %s %d before the answer%s",
                       info.si_code == CLD_EXITED ? "with exit status" : "by signal",
                       info.si_status, said.len > 0 ? "; its stderr ends: " : "");
    while (said.len > 0 && said.at[said.len - 1] == '\n')
        said.len--;
    if (said.len > QUOTE_BYTES)
        said = assay_bytes_part(said, said.len - QUOTE_BYTES, said.len);
    give_up(a, ADAPTER_CRASHED, what, said);
}

/* ---- lines in ---- */

static struct slot *slot_of(struct adapter *a, uint64_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(a->slots); i++) {
        if (a->slots[i].id == id)
            return &a->slots[i];
    }
    return NULL;
}

static void take_event(struct adapter *a, json_t *event)
{
    if (json_array_size(a->events) < ADAPTER_EVENTS_MAX)
        (void)json_array_append(a->events, event);
    json_decref(event);
}

/* False: nothing that was asked waits for it. */
static bool take_answer(struct adapter *a, uint64_t id, struct adapter_answer *answer)
{
    struct slot *slot = slot_of(a, id);

    if (slot == NULL || slot->done) {
        adapter_answer_fini(answer);
        return false;
    }
    slot->answer = *answer;
    slot->done = true;
    return true;
}

static bool take_line(struct adapter *a, struct assay_bytes line)
{
    struct adapter_answer answer = {.status = ADAPTER_OK};
    json_t *event = NULL;
    uint64_t id = 0;
    bool good = false;

    switch (adapter_line_read(&event, &id, &answer, line)) {
    case ADAPTER_LINE_EVENT:
        take_event(a, event);
        return true;
    case ADAPTER_LINE_ANSWER:
        good = take_answer(a, id, &answer);
        break;
    case ADAPTER_LINE_WRONG:
        break;
    case ADAPTER_LINE_NONE:
        give_up(a, ADAPTER_GARBLED, "a line that is no JSON object: ", line);
        return false;
    }
    if (!good)
        give_up(a, ADAPTER_GARBLED, "no proper answer to anything that was asked: ", line);
    return good;
}

/* Takes the complete lines out of `from`; `searched` bytes of it are known to hold no line end. */
static void take_lines(struct adapter *a, size_t searched)
{
    struct assay_bytes text = assay_buf_view(&a->from);
    size_t begin = 0, end = assay_bytes_find(text, '\n', searched);

    while (end < text.len) {
        if (!take_line(a, assay_bytes_part(text, begin, end)))
            return; /* given up: the buffer is gone */
        begin = end + 1;
        end = assay_bytes_find(text, '\n', begin);
    }
    a->from.len -= begin;
    if (begin > 0)
        memmove(a->from.at, a->from.at + begin, a->from.len);
}

static void read_output(struct adapter *a)
{
    size_t before = a->from.len;
    size_t ask = a->from.max - before < CHUNK_BYTES ? a->from.max - before : CHUNK_BYTES;
    uint8_t *at = ask > 0 ? assay_buf_extend(&a->from, ask) : NULL;
    ssize_t n;

    if (at == NULL) {
        give_up(a, ADAPTER_OVERSIZED, "an answer longer than 16 MiB", assay_bytes_of(NULL, 0));
        return;
    }
    n = read(a->out, at, ask);
    a->from.len = before + (n > 0 ? (size_t)n : 0);
    if (n > 0)
        take_lines(a, before);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_one(&a->out);
}

/* Keeps the end of what it says. */
static void read_errors(struct adapter *a)
{
    uint8_t chunk[4096];
    ssize_t n = read(a->err, chunk, sizeof(chunk));

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_one(&a->err);
    if (n <= 0)
        return;
    if (a->said.len + (size_t)n > a->said.max)
        assay_buf_clear(&a->said);
    assay_buf_add(&a->said, assay_bytes_of(chunk, (size_t)n));
}

/* ---- lines out ---- */

/* A write to a pipe nobody reads is EPIPE, without the signal that would end this process. */
static ssize_t write_quietly(int fd, const uint8_t *at, size_t len)
{
    static const struct timespec at_once = {0};
    sigset_t pipe_only, before, pending;
    ssize_t n;
    int failed;
    bool was_pending;

    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    n = write(fd, at, len);
    failed = errno;
    if (n < 0 && failed == EPIPE && !was_pending)
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failed;
    return n;
}

static void write_some(struct adapter *a)
{
    ssize_t n = write_quietly(a->in, a->to.at + a->written, a->to.len - a->written);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        close_one(&a->in);
    a->written += n > 0 ? (size_t)n : 0;
    if (a->written == a->to.len) {
        assay_buf_clear(&a->to);
        a->written = 0;
    }
}

/* Moves what can be moved, waiting at most until the deadline. False: it has passed. */
static bool pump(struct adapter *a, int64_t deadline_ns)
{
    bool to_write = a->in >= 0 && a->to.len > a->written;
    struct pollfd fds[] = {{.fd = a->out, .events = POLLIN},
                           {.fd = a->err, .events = POLLIN},
                           {.fd = to_write ? a->in : -1, .events = POLLOUT}};
    int rc = poll(fds, ARRAY_LEN(fds), milliseconds_until(deadline_ns));

    if (rc <= 0)
        return rc < 0;
    if (fds[2].revents != 0)
        write_some(a);
    if (fds[1].revents != 0)
        read_errors(a);
    if (fds[0].revents != 0)
        read_output(a);
    return true;
}

/* Its output is at an end: what it said last, and how it ended, come in a moment. */
static void hear_the_end(struct adapter *a, int64_t deadline_ns)
{
    struct pollfd ended = {.fd = a->pidfd, .events = POLLIN};
    int wait_ms = milliseconds_until(deadline_ns);

    while (a->err >= 0 && pump(a, deadline_ns))
        ;
    (void)poll(&ended, 1, wait_ms < 1000 ? wait_ms : 1000);
    give_up_ended(a);
}

/* One that ended meanwhile is no finding of the request that comes now. */
static void notice_end(struct adapter *a)
{
    struct pollfd ended = {.fd = a->pidfd, .events = POLLIN};

    if (a->tree.first == 0 || poll(&ended, 1, 0) != 1)
        return;
    while (a->tree.first != 0 && (a->out >= 0 || a->err >= 0) && pump(a, 0))
        ;
    if (a->tree.first != 0)
        give_up_ended(a);
}

/* ---- for callers ---- */

enum assay_code adapter_start_as(struct adapter **out, struct assay_arena *arena,
                                 const struct spawn *program, struct assay_err *err)
{
    struct adapter *a = assay_alloc(sizeof(*a));
    enum assay_code rc;

    if (a == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    memset(a, 0, sizeof(*a));
    a->arena = arena;
    a->program = *program;
    a->pidfd = a->in = a->out = a->err = -1;
    a->to.max = (size_t)ADAPTER_OUTSTANDING_MAX * ADAPTER_LINE_MAX_BYTES;
    a->from.max = ADAPTER_LINE_MAX_BYTES + 1; /* and its end */
    a->said.max = STDERR_KEEP_BYTES;
    a->events = json_array();
    process_tree_adopt();
    rc = a->events == NULL ? assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory")
                           : start_process(a, err);
    if (rc != ASSAY_OK) {
        adapter_free(a);
        return assay_err_wrap(err, rc, "adapter");
    }
    *out = a;
    return ASSAY_OK;
}

enum assay_code adapter_start(struct adapter **out, struct assay_arena *arena,
                              const char *const *argv, const char *folder, struct assay_err *err)
{
    struct spawn program = {.argv = argv};
    enum assay_code rc = spawn_program(&program.program, arena, argv[0], folder, err);

    return rc == ASSAY_OK ? adapter_start_as(out, arena, &program, err)
                          : assay_err_wrap(err, rc, "adapter");
}

void adapter_free(struct adapter *a)
{
    if (a == NULL)
        return;
    end_process(a);
    for (size_t i = 0; i < ARRAY_LEN(a->slots); i++)
        adapter_answer_fini(&a->slots[i].answer);
    json_decref(a->events);
    assay_buf_fini(&a->to);
    assay_buf_fini(&a->from);
    assay_buf_fini(&a->said);
    assay_free(a);
}

void adapter_end(struct adapter *a)
{
    if (a->tree.first != 0)
        give_up(a, ADAPTER_CRASHED, "was ended by the harness", assay_bytes_of(NULL, 0));
}

size_t adapter_processes(const struct adapter *a, pid_t *out, size_t room)
{
    return a->tree.first > 0 ? process_tree_list(&a->tree, out, room) : 0;
}

/* Appends the request as one line. */
static enum assay_code queue_line(struct adapter *a, uint64_t id, const char *op, const json_t *in,
                                  struct assay_err *err)
{
    json_t *request = in != NULL ? json_copy((json_t *)(uintptr_t)in) : json_object();
    enum assay_code rc = ASSAY_OK;
    char *text = NULL;

    if (json_object_set_new(request, "id", json_integer((json_int_t)id)) == 0 &&
        json_object_set_new(request, "op", json_string(op)) == 0)
        text = json_dumps(request, JSON_COMPACT);
    if (text == NULL)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "adapter: the request cannot be written as JSON");
    else if (strlen(text) > ADAPTER_LINE_MAX_BYTES)
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "adapter: a request longer than 16 MiB");
    if (rc == ASSAY_OK) {
        size_t before = a->to.len;

        assay_buf_add_str(&a->to, text);
        assay_buf_add_byte(&a->to, '\n');
        if (!assay_buf_ok(&a->to)) {
            a->to.len = before;
            a->to.bad = ASSAY_OK;
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "adapter: out of memory");
        }
    }
    free(text);
    json_decref(request);
    return rc;
}

enum assay_code adapter_ask(struct adapter *a, uint64_t *id, const char *op, const json_t *in,
                            struct assay_err *err)
{
    struct slot *slot = slot_of(a, 0);
    enum assay_code rc = ASSAY_OK;

    if (slot == NULL)
        return assay_fail(err, ASSAY_E_BUSY, 0, "adapter: %d requests are outstanding",
                          ADAPTER_OUTSTANDING_MAX);
    notice_end(a);
    if (a->tree.first == 0)
        rc = start_process(a, err);
    if (rc == ASSAY_OK)
        rc = queue_line(a, a->last_id + 1, op, in, err);
    if (rc != ASSAY_OK)
        return rc;
    *slot = (struct slot){.id = ++a->last_id};
    *id = slot->id;
    (void)pump(a, 0);
    return ASSAY_OK;
}

void adapter_await(struct adapter *a, uint64_t id, int deadline_ms, struct adapter_answer *answer)
{
    int64_t deadline_ns = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    struct slot *slot = id != 0 ? slot_of(a, id) : NULL;

    *answer = (struct adapter_answer){.status = ADAPTER_ERROR};
    if (slot == NULL) {
        adapter_answer_say(answer, "no such request is outstanding", assay_bytes_of(NULL, 0));
        return;
    }
    while (!slot->done) {
        if (a->out < 0)
            hear_the_end(a, deadline_ns);
        else if (!pump(a, deadline_ns))
            give_up(a, ADAPTER_HUNG, "no answer in time", assay_bytes_of(NULL, 0));
    }
    *answer = slot->answer;
    *slot = (struct slot){0};
}

bool adapter_names(const json_t *operations, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach (operations, i, one)
        if (strcmp(json_string_value(one), name) == 0)
            return true;
    return false;
}

void adapter_answer_fini(struct adapter_answer *answer)
{
    json_decref(answer->value);
    answer->value = NULL;
}

struct assay_arena *adapter_arena(const struct adapter *a)
{
    return a->arena;
}

const json_t *adapter_events(const struct adapter *a)
{
    return a->events;
}

unsigned adapter_starts(const struct adapter *a)
{
    return a->starts;
}
