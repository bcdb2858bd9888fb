/* Runs of a command (target/client_run.h). */
#include "target/client_run.h"

#include "target/client_run_internal.h"

#include <signal.h>
#include <unistd.h>

enum { END_DEADLINE_MS = 10000 };

struct client_run {
    struct instance *instance;
    struct instance_program program;
    struct command_values values;
    struct process_tree tree;
    struct capture *capture;
    int pidfd; /* -1: it has ended, and its processes are gone */
    struct process_end end;
    int64_t began_ns, ended_ns;
};

static enum assay_code start(struct client_run *run, struct assay_err *err)
{
    pid_t pid = 0;
    enum assay_code rc = instance_mark(&run->tree, INSTANCE_RUN_MARK, err);

    if (rc != ASSAY_OK)
        return rc;
    run->program.mark = run->tree.marker;
    run->program.values = &run->values;
    run->began_ns = monotonic_ns();
    rc = instance_run(run->instance, &run->program, run->capture, &pid, &run->pidfd, err);
    run->tree.first = pid;
    return rc;
}

enum assay_code client_run_of(struct client_run **out, struct instance *instance,
                              const struct instance_program *program,
                              const struct target_pair *values, struct assay_err *err)
{
    struct client_run *run = assay_alloc(sizeof(*run));
    enum assay_code rc;

    *out = NULL;
    if (run == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    *run = (struct client_run){.instance = instance,
                               .program = *program,
                               .values = instance->values,
                               .capture = capture_new(),
                               .pidfd = -1,
                               .end = {.status = -1}};
    for (; values != NULL && values->name != NULL; values++)
        command_value_set(&run->values, values->name, values->value);
    rc =
        run->capture != NULL ? start(run, err) : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc != ASSAY_OK) {
        client_run_free(run);
        return assay_err_wrap(err, rc, "%s", instance->target->name);
    }
    *out = run;
    return ASSAY_OK;
}

enum assay_code client_run_start(struct client_run **out, struct instance *instance,
                                 const struct client_run_options *options, struct assay_err *err)
{
    struct instance_program program = {.command = &instance->target->launch.command,
                                       .more = instance->variant != NULL ? &instance->variant->args
                                                                         : NULL};

    *out = NULL;
    if (options->supervise && instance->supervisor == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "%s: was started without a supervisor",
                          instance->target->name);
    program.supervisor = options->supervise ? instance->supervisor : NULL;
    return client_run_of(out, instance, &program, options->values, err);
}

/* Whatever is left of it; how it ended has been noted. */
static void end_all(struct client_run *run)
{
    (void)process_tree_end(&run->tree, true, END_DEADLINE_MS);
    capture_stop(run->capture);
    if (run->pidfd >= 0)
        (void)close(run->pidfd);
    run->pidfd = -1;
    run->ended_ns = monotonic_ns();
}

bool client_run_await(struct client_run *run, int deadline_ms)
{
    if (run->pidfd < 0)
        return true;
    if (!process_await(run->pidfd, deadline_ms))
        return false;
    run->end = process_end_of(run->pidfd);
    end_all(run);
    return true;
}

bool client_run_await_line(struct client_run *run, const char *prefix, int deadline_ms)
{
    struct assay_arena scratch = ASSAY_ARENA_INIT(2 * (size_t)CAPTURE_MAX_BYTES);
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    const char *line = NULL;
    bool found = capture_await_line(run->capture, prefix, until, &line, &scratch) == CAPTURE_LINE;

    assay_arena_fini(&scratch);
    return found;
}

void client_run_kill(struct client_run *run)
{
    if (client_run_await(run, 0))
        return;
    run->end = (struct process_end){.ended = true, .status = -1, .signal = SIGKILL};
    end_all(run);
}

void client_run_free(struct client_run *run)
{
    if (run == NULL)
        return;
    if (run->tree.first != 0)
        client_run_kill(run);
    capture_free(run->capture);
    assay_free(run);
}

struct process_end client_run_end(const struct client_run *run)
{
    return run->end;
}

const char *const *client_run_argv(const struct client_run *run)
{
    return run->program.argv;
}

struct assay_bytes client_run_stdout(struct client_run *run)
{
    return capture_view(run->capture, CAPTURE_STDOUT);
}

struct assay_bytes client_run_stderr(struct client_run *run)
{
    return capture_view(run->capture, CAPTURE_STDERR);
}

int64_t client_run_ms(const struct client_run *run)
{
    int64_t until = run->ended_ns != 0 ? run->ended_ns : monotonic_ns();

    return (until - run->began_ns) / 1000000;
}
