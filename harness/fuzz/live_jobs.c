/* Campaigns side by side; see live_jobs.h. Each tells this process through a pipe: notes, views,
 * findings, and in the end its result. */
#include "fuzz/live_jobs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOTE_BYTES = 8192, FOUND_MAX = 512, POLL_MS = 200 };

enum message_kind { NOTE, VIEW, FOUND, RESULT };

struct message {
    enum message_kind kind;
    union {
        char note[NOTE_BYTES];
        struct live_view view;
        struct {
            enum live_finding kind;
            uint64_t sort;
        } found;
        struct {
            enum assay_code rc;
            struct assay_err err;
        } result;
    } is;
};

struct job {
    pid_t pid;
    int fd;     /* -1: at its end */
    size_t got; /* bytes of `in` */
    struct message in;
    struct live_view view;
    bool has_result;
};

struct jobs {
    const struct live_options *options;
    struct job all[LIVE_JOBS_MAX];
    unsigned count;
    struct {
        enum live_finding kind;
        uint64_t sort;
    } found[FOUND_MAX];
    size_t found_count;
    enum assay_code rc;
    struct assay_err *err;
};

/* ---- in a process of its own ---- */

static void tell(void *context, const struct message *message)
{
    const int *fd = context;
    const uint8_t *at = (const uint8_t *)message;

    for (size_t done = 0; done < sizeof(*message);) {
        ssize_t n = write(*fd, at + done, sizeof(*message) - done);

        if (n < 0 && errno != EINTR)
            _exit(3); /* nobody listens any more */
        done += n > 0 ? (size_t)n : 0;
    }
}

static void tell_note(void *context, const char *text)
{
    struct message m = {.kind = NOTE};

    (void)snprintf(m.is.note, sizeof(m.is.note), "%s", text);
    tell(context, &m);
}

static void tell_view(void *context, const struct live_view *view)
{
    const struct message m = {.kind = VIEW, .is.view = *view};

    tell(context, &m);
}

static void tell_found(void *context, enum live_finding kind, uint64_t sort)
{
    const struct message m = {.kind = FOUND, .is.found = {kind, sort}};

    tell(context, &m);
}

static _Noreturn void run_job(const struct jobs *jobs, unsigned number, int fd)
{
    struct live_options options = *jobs->options;
    struct message m = {.kind = RESULT};
    struct live_view view;

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        _exit(3);
    options.context = &fd;
    options.on_note = tell_note;
    options.on_tick = tell_view;
    options.on_found = tell_found;
    options.seed += number * UINT64_C(0x9e3779b97f4a7c15);
    m.is.result.rc = live_run(&view, &options, &m.is.result.err);
    tell_view(&fd, &view);
    tell(&fd, &m);
    _exit(0);
}

/* ---- in this one ---- */

static void sum_up(struct live_view *out, const struct jobs *jobs)
{
    *out = (struct live_view){.findings = jobs->found_count};
    for (unsigned i = 0; i < jobs->count; i++) {
        const struct live_view *v = &jobs->all[i].view;

        out->sequences += v->sequences;
        out->requests += v->requests;
        out->classes = v->classes > out->classes ? v->classes : out->classes;
        out->kept += v->kept;
        out->rate += v->rate;
        out->left_s = v->left_s > out->left_s ? v->left_s : out->left_s;
        out->unrepeated += v->unrepeated;
        out->lost += v->lost;
        out->growth_was_judged = out->growth_was_judged || v->growth_was_judged;
    }
}

static void take_found(struct jobs *jobs, enum live_finding kind, uint64_t sort)
{
    for (size_t i = 0; i < jobs->found_count; i++)
        if (jobs->found[i].kind == kind && jobs->found[i].sort == sort)
            return;
    if (jobs->found_count == FOUND_MAX)
        return;
    jobs->found[jobs->found_count].kind = kind;
    jobs->found[jobs->found_count++].sort = sort;
}

static void take(struct jobs *jobs, struct job *job)
{
    const struct live_options *o = jobs->options;
    struct live_view view;

    switch (job->in.kind) {
    case NOTE:
        job->in.is.note[NOTE_BYTES - 1] = '\0';
        o->on_note(o->context, job->in.is.note);
        break;
    case VIEW:
        job->view = job->in.is.view;
        sum_up(&view, jobs);
        o->on_tick(o->context, &view);
        break;
    case FOUND:
        take_found(jobs, job->in.is.found.kind, job->in.is.found.sort);
        break;
    case RESULT:
        job->has_result = true;
        if (jobs->rc == ASSAY_OK && job->in.is.result.rc != ASSAY_OK)
            jobs->rc =
                assay_fail(jobs->err, job->in.is.result.rc, 0, "%s", job->in.is.result.err.text);
    }
}

static void listen_to(struct jobs *jobs, struct job *job)
{
    ssize_t n = read(job->fd, (uint8_t *)&job->in + job->got, sizeof(job->in) - job->got);

    if (n > 0) {
        job->got += (size_t)n;
        if (job->got < sizeof(job->in))
            return;
        job->got = 0;
        take(jobs, job);
    } else if (n == 0 || errno != EINTR) {
        (void)close(job->fd);
        job->fd = -1;
    }
}

static bool start(struct jobs *jobs, struct job *job, unsigned number)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    job->pid = fork();
    if (job->pid == 0) {
        (void)close(ends[0]);
        run_job(jobs, number, ends[1]);
    }
    (void)close(ends[1]);
    job->fd = ends[0];
    if (job->pid < 0)
        (void)close(ends[0]);
    return job->pid > 0;
}

/* Until each has ended; a signal to us is one to them. */
static void serve(struct jobs *jobs)
{
    bool told = false, runs = true;

    while (runs) {
        struct pollfd at[LIVE_JOBS_MAX];

        for (unsigned i = 0; i < jobs->count; i++)
            at[i] = (struct pollfd){.fd = jobs->all[i].fd, .events = POLLIN};
        (void)poll(at, jobs->count, POLL_MS);
        runs = false;
        for (unsigned i = 0; i < jobs->count; i++) {
            if (at[i].fd >= 0 && (at[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
                listen_to(jobs, &jobs->all[i]);
            runs = runs || jobs->all[i].fd >= 0;
        }
        for (unsigned i = 0; i < jobs->count && *jobs->options->stop != 0 && !told; i++)
            (void)kill(jobs->all[i].pid, SIGTERM);
        told = told || *jobs->options->stop != 0;
    }
}

static void end(struct jobs *jobs, struct job *job)
{
    int status = 0;

    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!job->has_result && jobs->rc == ASSAY_OK)
        jobs->rc = assay_fail(jobs->err, ASSAY_E_IO, 0,
                              "one of the %u processes ended without a result (status %d)",
                              jobs->count, status);
}

enum assay_code live_jobs_run(struct live_view *view, const struct live_options *options,
                              unsigned count, struct assay_err *err)
{
    struct jobs *jobs;
    enum assay_code rc;

    if (count <= 1)
        return live_run(view, options, err);
    *view = (struct live_view){0};
    jobs = assay_alloc(sizeof(*jobs));
    if (jobs == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for several processes");
    *jobs = (struct jobs){.options = options, .err = err};
    while (jobs->count < count && jobs->count < LIVE_JOBS_MAX &&
           start(jobs, &jobs->all[jobs->count], jobs->count))
        jobs->count++;
    serve(jobs);
    for (unsigned i = 0; i < jobs->count; i++)
        end(jobs, &jobs->all[i]);
    if (jobs->count == 0)
        jobs->rc = assay_fail(err, ASSAY_E_IO, 0, "no process can be started: %s", strerror(errno));
    sum_up(view, jobs);
    rc = jobs->rc;
    assay_free(jobs);
    return rc;
}
