/* Bounded children (fuzz/bounded.h). */
#include "fuzz/bounded.h"

#include "fault/tree.h"
#include "target/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ENV_MAX = 32,
    ARENA_MAX_BYTES = 1 << 16,
    FILES_MAX = 4096,
    KILL_MS = 5000,
    LOOK_MS = 200,
    CPU_SLACK_S = 60
};

/* What a sanitizer is told: to say all it knows, and that a lack of memory is an answer. */
static const char *const fixed_env[] = {
    "UBSAN_OPTIONS=print_stacktrace=1",
    "LC_ALL=C",
};
static const char *const kept_env[] = {"PATH", "TMPDIR", "ASAN_SYMBOLIZER_PATH"};

void bounded_word(struct bounded_words *words, const char *word)
{
    if (word != NULL && words->count < BOUNDED_WORDS_MAX)
        words->at[words->count++] = word;
    else
        words->failed = true;
}

void bounded_number(struct bounded_words *words, const char *name, uint64_t number)
{
    bounded_word(words, assay_arena_printf(&words->arena, "%s%" PRIu64, name, number));
}

static enum assay_code fill_env(const char *env[ENV_MAX], struct assay_arena *arena,
                                const char *marker, const char *const *more, struct assay_err *err)
{
    size_t n = 0;

    env[n++] = marker;
    for (size_t i = 0; i < ARRAY_LEN(fixed_env); i++)
        env[n++] = fixed_env[i];
    for (size_t i = 0; i < ARRAY_LEN(kept_env); i++) {
        const char *value = getenv(kept_env[i]);

        if (value != NULL &&
            (env[n++] = assay_arena_printf(arena, "%s=%s", kept_env[i], value)) == NULL)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "the environment is too large");
    }
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        if (n + 1 == ENV_MAX)
            return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d variables", ENV_MAX);
        env[n++] = more[i];
    }
    env[n] = NULL;
    return ASSAY_OK;
}

enum assay_code bounded_start(struct bounded *b, const struct bounded_plan *plan,
                              struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    const char *env[ENV_MAX];
    int log = open(plan->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    const struct spawn_limit limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, BOUNDED_FILE_BYTES},
        {RLIMIT_NOFILE, FILES_MAX},
        {RLIMIT_CPU, 2 * plan->seconds + CPU_SLACK_S},
    };
    const struct spawn what = {.program = plan->argv[0],
                               .argv = plan->argv,
                               .envp = env,
                               .in = -1,
                               .out = log,
                               .err = log,
                               .limits = limits,
                               .limit_count = ARRAY_LEN(limits)};
    enum assay_code rc = ASSAY_OK;

    *b = (struct bounded){.pidfd = -1, .start_ns = monotonic_ns()};
    (void)snprintf(b->marker, sizeof(b->marker), "ASSAY_BOUNDED=%jd-%" PRId64, (intmax_t)getpid(),
                   b->start_ns);
    if (log < 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s: %s", plan->log, strerror(errno));
    if (rc == ASSAY_OK)
        rc = fill_env(env, &arena, b->marker, plan->env, err);
    if (rc == ASSAY_OK)
        rc = spawn(&b->pid, &b->pidfd, &what, err);
    b->deadline_ns = b->start_ns + (int64_t)plan->seconds * 1000000000;
    if (log >= 0)
        (void)close(log);
    assay_arena_fini(&arena);
    return rc;
}

bool bounded_is_over(const struct bounded *b, int milliseconds)
{
    struct pollfd one = {.fd = b->pidfd, .events = POLLIN};
    int left = milliseconds_until(b->deadline_ns);

    return left == 0 || poll(&one, 1, left < milliseconds ? left : milliseconds) > 0;
}

struct process_end bounded_end(struct bounded *b, int grace_ms)
{
    struct process_tree tree = {.first = b->pid};
    struct process_end end = process_end_of(b->pidfd);

    memcpy(tree.marker, b->marker, sizeof(b->marker));
    if (!end.ended) {
        (void)pidfd_send_signal(b->pidfd, SIGINT, NULL, 0);
        if (process_await(b->pidfd, grace_ms))
            end = process_end_of(b->pidfd);
    }
    (void)process_tree_end(&tree, true, KILL_MS);
    (void)close(b->pidfd);
    *b = (struct bounded){.pidfd = -1};
    return end;
}

enum assay_code bounded_run(struct process_end *end, const struct bounded_plan *plan,
                            const volatile sig_atomic_t *stop, struct assay_err *err)
{
    struct bounded b;
    enum assay_code rc = bounded_start(&b, plan, err);

    if (rc != ASSAY_OK)
        return rc;
    while (*stop == 0 && !bounded_is_over(&b, LOOK_MS))
        continue;
    *end = bounded_end(&b, 0);
    return *stop == 0 ? ASSAY_OK : assay_fail(err, ASSAY_E_INTERRUPTED, 0, "interrupted");
}
