/* A launched target's clock, moved through libfaketime's control file (fault/clock.h). */
#include "fault/clock.h"
#include "fault/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIAL_DEADLINE_MS = 10000, TRIAL_SHIFT_S = 86400000, TRIAL_SLACK_S = 3600 };

/* The first that is there: the variant for threads before the other. */
static const char *const places[] = {
    "/usr/lib/*/faketime/libfaketimeMT.so.1",     "/usr/lib*/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1", "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/lib*/faketime/libfaketime.so.1",        "/usr/local/lib/faketime/libfaketime.so.1",
};

static char library[512]; /* "": not found; written once, under the lock */

static bool find_library(void)
{
    for (size_t i = 0; i < ARRAY_LEN(places) && library[0] == '\0'; i++) {
        glob_t found;

        if (glob(places[i], 0, NULL, &found) != 0)
            continue;
        if (snprintf(library, sizeof(library), "%s", found.gl_pathv[0]) >= (int)sizeof(library))
            library[0] = '\0';
        globfree(&found);
    }
    return library[0] != '\0';
}

static int64_t real_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum assay_code write_control(const struct fault_clock *clock, const char *text,
                                     struct assay_err *err)
{
    enum assay_code rc = assay_file_write(clock->control_path, assay_str(text), err);

    return assay_err_wrap(err, rc, "clock");
}

/* ---- the trial ---- */

/* In the child: `date` under the moved clock, its answer into the pipe. */
static void exec_date(int out, const char *const *variables, size_t count)
{
    static char name[] = "date", seconds[] = "+%s";
    char *argv[] = {name, seconds, NULL};

    for (size_t i = 0; i < count; i++)
        (void)putenv((char *)(uintptr_t)variables[i]);
    if (dup2(out, STDOUT_FILENO) >= 0)
        (void)execvp(name, argv);
    _exit(127);
}

/* The number it prints, or -1. */
static long long read_answer(int fd)
{
    int64_t deadline_ns = monotonic_ns() + (int64_t)TRIAL_DEADLINE_MS * 1000000;
    char text[64] = "";
    size_t len = 0;
    char *end;
    long long seconds;

    while (len < sizeof(text) - 1) {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&one, 1, milliseconds_until(deadline_ns)) == 0)
            break;
        n = read(fd, text + len, sizeof(text) - 1 - len);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    seconds = strtoll(text, &end, 10);
    return end != text && *end == '\n' ? seconds : -1;
}

static enum assay_code date_moves(const struct fault_clock *clock, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    const char *variables[FAULT_CLOCK_ENVIRONMENT];
    size_t count = fault_clock_environment(clock, variables, ARRAY_LEN(variables), &arena);
    struct process_tree tree = {0};
    int ends[2] = {-1, -1};
    long long seen = -1, gap;

    if (pipe2(ends, O_CLOEXEC) == 0)
        tree.first = fork();
    if (ends[0] >= 0 && tree.first == 0)
        exec_date(ends[1], variables, count);
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (tree.first > 0) {
        seen = read_answer(ends[0]);
        (void)process_tree_end(&tree, true, TRIAL_DEADLINE_MS);
    }
    if (ends[0] >= 0)
        (void)close(ends[0]);
    assay_arena_fini(&arena);
    gap = seen - fault_clock_now_ms(clock) / 1000;
    if (gap < -TRIAL_SLACK_S || gap > TRIAL_SLACK_S)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "clock: %s is there but does not move the time of a trial program "
                          "(date): reinstall the package faketime",
                          library);
    return ASSAY_OK;
}

static enum assay_code try_library(struct assay_err *err)
{
    const char *below = getenv("TMPDIR");
    char folder[PATH_MAX];
    struct fault_clock clock;
    enum assay_code rc;

    if (!find_library())
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "clock: libfaketime is not installed (Debian package: faketime)");
    if (snprintf(folder, sizeof(folder), "%s/assay-clock-XXXXXX",
                 below != NULL && below[0] == '/' ? below : "/tmp") >= (int)sizeof(folder))
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "clock: the path in TMPDIR is too long");
    if (mkdtemp(folder) == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "clock: %s: %s", folder, strerror(errno));
    rc = fault_clock_init(&clock, folder, err);
    if (rc == ASSAY_OK)
        rc = fault_clock_shift(&clock, (int64_t)TRIAL_SHIFT_S * 1000, err);
    if (rc == ASSAY_OK)
        rc = date_moves(&clock, err);
    (void)unlink(clock.control_path);
    (void)rmdir(folder);
    return rc;
}

const char *fault_clock_library(struct assay_err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct assay_err found;
    static bool tried;

    pthread_mutex_lock(&lock);
    if (!tried && try_library(&found) != ASSAY_OK)
        found.code = ASSAY_E_UNSUPPORTED;
    tried = true;
    pthread_mutex_unlock(&lock);
    if (found.code == ASSAY_OK)
        return library;
    (void)assay_fail(err, found.code, 0, "%s", found.text);
    return NULL;
}

/* ---- the clock ---- */

enum assay_code fault_clock_init(struct fault_clock *clock, const char *folder,
                                 struct assay_err *err)
{
    int len = snprintf(clock->control_path, sizeof(clock->control_path), "%s/clock", folder);

    if (len < 0 || (size_t)len >= sizeof(clock->control_path)) {
        clock->control_path[0] = '\0';
        return assay_fail(err, ASSAY_E_RANGE, 0, "clock: the folder's path is too long");
    }
    return fault_clock_shift(clock, 0, err);
}

/* NAME=value, with this process's own value of that name put before or behind. */
static const char *beside_own(struct assay_arena *arena, const char *name, const char *value,
                              bool own_first)
{
    const char *own = getenv(name);

    if (own == NULL || own[0] == '\0')
        return assay_arena_printf(arena, "%s=%s", name, value);
    return own_first ? assay_arena_printf(arena, "%s=%s:%s", name, own, value)
                     : assay_arena_printf(arena, "%s=%s:%s", name, value, own);
}

size_t fault_clock_environment(const struct fault_clock *clock, const char **out, size_t room,
                               struct assay_arena *arena)
{
    const char *all[FAULT_CLOCK_ENVIRONMENT] = {
        beside_own(arena, "LD_PRELOAD", library, false),
        beside_own(arena, "ASAN_OPTIONS", "verify_asan_link_order=0", true),
        assay_arena_printf(arena, "FAKETIME_TIMESTAMP_FILE=%s", clock->control_path),
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "DONT_FAKE_MONOTONIC=1", /* its name before 0.9.10 */
        "FAKETIME_FMT=%s",       /* a frozen time in seconds since 1970: no time zone in it */
    };

    if (room < ARRAY_LEN(all) || library[0] == '\0')
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (all[i] == NULL)
            return 0;
        out[i] = all[i];
    }
    return ARRAY_LEN(all);
}

enum assay_code fault_clock_shift(struct fault_clock *clock, int64_t offset_ms,
                                  struct assay_err *err)
{
    uint64_t size = offset_ms < 0 ? 0 - (uint64_t)offset_ms : (uint64_t)offset_ms;
    enum assay_code rc;
    char text[64];

    (void)snprintf(text, sizeof(text), "%c%ju.%03ju\n", offset_ms < 0 ? '-' : '+',
                   (uintmax_t)(size / 1000), (uintmax_t)(size % 1000));
    rc = write_control(clock, text, err);
    if (rc == ASSAY_OK) {
        clock->offset_ms = offset_ms;
        clock->frozen_ms = -1;
    }
    return rc;
}

enum assay_code fault_clock_freeze(struct fault_clock *clock, int64_t at_ms, struct assay_err *err)
{
    enum assay_code rc;
    char text[64];

    if (at_ms < 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "clock: it cannot stand still before 1970");
    (void)snprintf(text, sizeof(text), "%jd\n", (intmax_t)(at_ms / 1000));
    rc = write_control(clock, text, err);
    if (rc == ASSAY_OK)
        clock->frozen_ms = at_ms - at_ms % 1000;
    return rc;
}

int64_t fault_clock_now_ms(const struct fault_clock *clock)
{
    return clock->frozen_ms >= 0 ? clock->frozen_ms : real_ms() + clock->offset_ms;
}

void fault_clock_forget(pid_t pid)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "/faketime_sem_%ld", (long)pid);
    (void)sem_unlink(name);
    (void)snprintf(name, sizeof(name), "/faketime_shm_%ld", (long)pid);
    (void)shm_unlink(name);
}
