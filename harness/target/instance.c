/* The life of one running copy of a target (target/instance.h). */
#include "target/instance.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/utf8.h"
#include "fault/tree.h"
#include "target/capture.h"
#include "target/command.h"
#include "target/ready.h"
#include "target/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_DEADLINE_MS = 10000, RESET_DEADLINE_MS = 30000, QUOTE_BYTES = 200 };

#define MARK "ASSAY_INSTANCE"

struct instance {
    const struct target *target;
    struct assay_arena *arena;
    struct instance_options options; /* deep copies */
    const struct target_variant *variant;
    const char *folder;     /* the fresh one, or NULL */
    const char *own_folder; /* launch.workdir, or NULL */
    struct command_values values;
    struct target_list store_paths;
    struct process_tree tree;
    pid_t pid; /* 0: not running */
    int pidfd; /* -1 then */
    bool has_clock;
    struct fault_clock clock;
    struct supervisor *supervisor;
    struct capture *capture;
    const char *url;
    struct http_peer peer;
};

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static const char *keep(struct instance *i, const char *text)
{
    return text != NULL ? (const char *)assay_arena_copy(i->arena, assay_str(text)).at : NULL;
}

static const char *const *keep_all(struct instance *i, const char *const *texts)
{
    const char **copy;
    size_t n = 0;

    while (texts != NULL && texts[n] != NULL)
        n++;
    copy = assay_arena_alloc(i->arena, (n + 1) * sizeof(*copy));
    for (size_t k = 0; copy != NULL && k < n; k++)
        copy[k] = keep(i, texts[k]);
    return copy;
}

/* ---- where it lives ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    (void)remove(path);
    return 0;
}

static void remove_folder(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static enum assay_code make_folder(struct instance *i, struct assay_err *err)
{
    const char *below = getenv("TMPDIR");
    char *folder = assay_arena_printf(i->arena, "%s/assay-XXXXXX",
                                      below != NULL && below[0] == '/' ? below : "/tmp");
    char *store;

    if (folder == NULL)
        return no_memory(err);
    if (mkdtemp(folder) == NULL)
        return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be made: %s", folder, strerror(errno));
    i->folder = folder;
    store = assay_arena_printf(i->arena, "%s/store", folder);
    if (store == NULL)
        return no_memory(err);
    if (mkdir(store, 0700) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be made: %s", store, strerror(errno));
    return ASSAY_OK;
}

/* The folder of the target file, or NULL for the embedded one and one that stands here. */
static const char *file_folder(struct instance *i)
{
    const char *slash = strrchr(i->target->path, '/');

    return slash == NULL ? NULL
                         : assay_arena_printf(i->arena, "%.*s", (int)(slash - i->target->path) + 1,
                                              i->target->path);
}

static const char *absolute(struct instance *i, const char *path)
{
    const char *folder = file_folder(i);

    if (path[0] == '/' || folder == NULL)
        return path;
    return assay_arena_printf(i->arena, "%s%s", folder, path);
}

static const char *own_program(struct instance *i)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len < 0)
        return NULL;
    path[len] = '\0';
    return keep(i, path);
}

static enum assay_code fill_values(struct instance *i, struct assay_err *err)
{
    const struct target *target = i->target;
    const char *shared = i->options.share_store_of;
    struct command_values *values = &i->values;

    *values = (struct command_values){
        .assay = own_program(i),
        .store =
            assay_arena_printf(i->arena, "%s/store/store.db", shared != NULL ? shared : i->folder),
        .rules = target->rules,
        .origin = i->options.origin_url,
        .defects = i->options.defects,
    };
    values->workdir = i->folder;
    if (target->launch.workdir != NULL) {
        i->own_folder = command_text(i->arena, absolute(i, target->launch.workdir), values);
        values->workdir = i->own_folder;
    }
    if (values->assay == NULL || values->store == NULL || values->workdir == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "launch.workdir or this program's own path cannot be told");
    for (size_t k = 0; k < target->store_paths.count; k++) {
        const char *path = command_text(i->arena, target->store_paths.items[k], values);

        if (path == NULL)
            return assay_fail(err, ASSAY_E_MISSING, 0, "store.paths: \"%s\" cannot be filled in",
                              target->store_paths.items[k]);
        i->store_paths.items[k] = absolute(i, path);
        i->store_paths.count = k + 1;
    }
    return ASSAY_OK;
}

/* ---- environment and arguments ---- */

static enum assay_code fill_environment(struct environment *env, struct instance *i,
                                        struct assay_err *err)
{
    const struct target *target = i->target;
    const char *clock[FAULT_CLOCK_ENVIRONMENT];
    const char *origin = target_role_variable(target, "origin");
    const char *mark = strchr(i->tree.marker, '=') + 1;
    size_t clocks = 0;

    environment_init(env, i->arena);
    environment_set(env, MARK, mark);
    for (size_t k = 0; k < target->launch.env_count; k++) {
        const char *value = command_text(i->arena, target->launch.env[k].value, &i->values);

        if (value != NULL)
            environment_set(env, target->launch.env[k].name, value);
        else if (i->values.origin != NULL)
            return assay_fail(err, ASSAY_E_MISSING, 0, "launch.env.%s cannot be filled in",
                              target->launch.env[k].name);
    }
    for (size_t k = 0; i->variant != NULL && k < i->variant->env_count; k++)
        environment_set(env, i->variant->env[k].name, i->variant->env[k].value);
    for (size_t k = 0; k < target->secret_env_count; k++) {
        const char *value = i->options.secret_override != NULL
                                ? i->options.secret_override
                                : target_secret(target, target->secret_env[k].name);

        environment_set(env, target->secret_env[k].value, value);
    }
    if (origin != NULL && i->options.origin_url != NULL)
        environment_set(env, origin, i->options.origin_url);
    if (i->has_clock) {
        clocks = fault_clock_environment(&i->clock, clock, ARRAY_LEN(clock), i->arena);
        env->failed = env->failed || clocks == 0;
    }
    for (size_t k = 0; k < clocks; k++)
        environment_join(env, clock[k]);
    return env->failed ? no_memory(err) : ASSAY_OK;
}

static bool names_port(const struct target_launch *launch)
{
    bool named = launch->ready_url != NULL && strstr(launch->ready_url, "${PORT}") != NULL;

    for (size_t k = 0; k < launch->command.count; k++)
        named = named || strstr(launch->command.items[k], "${PORT}") != NULL;
    for (size_t k = 0; k < launch->env_count; k++)
        named = named || strstr(launch->env[k].value, "${PORT}") != NULL;
    return named;
}

/* A port that is free now. */
static enum assay_code pick_port(struct instance *i, struct assay_err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd;

    i->values.port = NULL;
    if (!names_port(&i->target->launch))
        return ASSAY_OK;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        enum assay_code rc = assay_fail(err, ASSAY_E_IO, 0, "no free port: %s", strerror(errno));

        if (fd >= 0)
            (void)close(fd);
        return rc;
    }
    (void)close(fd);
    i->values.port = assay_arena_printf(i->arena, "%u", (unsigned)ntohs(at.sin_port));
    return i->values.port != NULL ? ASSAY_OK : no_memory(err);
}

/* ---- running it ---- */

static enum assay_code run_command(struct instance *i, const struct target_list *command,
                                   const struct target_list *more, int out, int errors,
                                   struct supervisor *supervisor, pid_t *pid, int *pidfd,
                                   struct assay_err *err)
{
    struct spawn what = {.workdir = i->values.workdir,
                         .in = -1,
                         .out = out,
                         .err = errors,
                         .supervisor = supervisor};
    struct environment env;
    enum assay_code rc = command_fill(&what.argv, i->arena, command, more, &i->values, err);

    if (rc == ASSAY_OK && what.argv[0] == NULL)
        rc = assay_fail(err, ASSAY_E_MISSING, 0, "the command is empty");
    if (rc == ASSAY_OK)
        rc = spawn_program(&what.program, i->arena, what.argv[0], file_folder(i), err);
    if (rc == ASSAY_OK)
        rc = fill_environment(&env, i, err);
    if (rc != ASSAY_OK)
        return rc;
    what.envp = env.at;
    return spawn(pid, pidfd, &what, err);
}

static enum assay_code launch(struct instance *i, struct assay_err *err)
{
    const struct target_list *more = i->variant != NULL ? &i->variant->args : NULL;
    int out[2] = {-1, -1}, errors[2] = {-1, -1};
    enum assay_code rc = pick_port(i, err);

    if (rc == ASSAY_OK && (pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0))
        rc = assay_fail(err, ASSAY_E_IO, 0, "pipe: %s", strerror(errno));
    if (rc == ASSAY_OK)
        rc = run_command(i, &i->target->launch.command, more, out[1], errors[1], i->supervisor,
                         &i->pid, &i->pidfd, err);
    if (out[1] >= 0)
        (void)close(out[1]);
    if (errors[1] >= 0)
        (void)close(errors[1]);
    if (rc != ASSAY_OK) {
        if (out[0] >= 0)
            (void)close(out[0]);
        if (errors[0] >= 0)
            (void)close(errors[0]);
        return rc;
    }
    i->tree.first = i->pid;
    return capture_start(i->capture, out[0], errors[0], i->pidfd, err);
}

/* "exit status 3", "signal 9 (Killed)"; the state itself stays for whoever reaps. */
static void describe_end(const struct instance *i, char *out, size_t room)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)i->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        (void)snprintf(out, room, "in an unknown way");
    else if (info.si_code == CLD_EXITED)
        (void)snprintf(out, room, "with exit status %d", info.si_status);
    else
        (void)snprintf(out, room, "by signal %d (%s)", info.si_status, strsignal(info.si_status));
}

/* The last lines of stderr, fit to be read. */
static void quote_stderr(struct instance *i, struct assay_buf *out)
{
    struct assay_bytes text = instance_stderr(i);
    size_t from = text.len > QUOTE_BYTES ? text.len - QUOTE_BYTES : 0;

    if (from > 0 && assay_bytes_find(text, '\n', from) + 1 < text.len)
        from = assay_bytes_find(text, '\n', from) + 1;
    while (text.len > from && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    if (text.len == from)
        assay_buf_add_str(out, "it printed nothing to stderr");
    else
        assay_buf_add_str(out, "its stderr ends: ");
    while (from < text.len) {
        size_t end = assay_bytes_find(text, '\n', from);

        assay_utf8_add_printable(out, assay_bytes_part(text, from, end));
        assay_buf_add_str(out, end < text.len ? " / " : "");
        from = end + 1;
    }
}

static enum assay_code await_ready(struct instance *i, struct assay_err *err)
{
    struct ready ready = {
        .launch = &i->target->launch,
        .values = &i->values,
        .capture = i->capture,
        .allowed_hosts = i->options.allowed_hosts,
        .arena = i->arena,
    };
    struct assay_buf quote = ASSAY_BUF_INIT(8 * QUOTE_BYTES);
    const char *said;
    char how[64];
    enum assay_code rc = ready_await(&ready, &i->url, &i->peer, err);

    if (rc != ASSAY_E_CRASHED && rc != ASSAY_E_TIMEOUT)
        return rc;
    describe_end(i, how, sizeof(how));
    quote_stderr(i, &quote);
    said = assay_buf_cstr(&quote) != NULL ? assay_buf_cstr(&quote) : "";
    if (rc == ASSAY_E_CRASHED)
        rc = assay_fail(err, rc, 0, "ended %s before it was ready; %s", how, said);
    else
        rc = assay_fail(err, rc, 0, "not ready within %ju ms (launch.ready: %s); %s",
                        (uintmax_t)i->target->launch.ready_ms,
                        i->target->launch.ready_url != NULL ? i->target->launch.ready_url
                                                            : i->target->launch.ready_line,
                        said);
    assay_buf_fini(&quote);
    return rc;
}

static enum assay_code launch_and_await(struct instance *i, struct assay_err *err)
{
    enum assay_code rc = launch(i, err);

    if (rc == ASSAY_OK)
        rc = await_ready(i, err);
    if (rc != ASSAY_OK)
        instance_kill(i);
    return assay_err_wrap(err, rc, "%s", i->target->name);
}

/* ---- starting ---- */

static enum assay_code use_url(struct instance *i, struct assay_err *err)
{
    const struct target *target = i->target;
    enum assay_code rc = ASSAY_OK;

    if (i->options.clock || i->options.supervise)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "%s: clock and supervisor need a target that is launched (launch)",
                          target->path);
    for (size_t k = target->base_urls.count; k-- > 0 && rc == ASSAY_OK;) {
        i->url = target->base_urls.items[k];
        rc = ready_use_url(&i->peer, i->url, i->options.allowed_hosts, err);
    }
    return assay_err_wrap(err, rc, "%s", target->path);
}

static enum assay_code set_up_faults(struct instance *i, struct assay_err *err)
{
    char store[PATH_MAX];
    struct stat st;
    enum assay_code rc = ASSAY_OK;

    if (i->options.clock) {
        if (!i->target->clock_movable)
            return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "the target file says clock: false");
        if (fault_clock_library(err) == NULL)
            return ASSAY_E_UNSUPPORTED;
        rc = fault_clock_init(&i->clock, i->folder, err);
        i->has_clock = rc == ASSAY_OK;
    }
    if (rc != ASSAY_OK || !i->options.supervise)
        return rc;
    rc = fault_supervisor_available(err);
    if (rc != ASSAY_OK)
        return rc;
    /* The folder of the first store path counts, or that folder itself. */
    if (snprintf(store, sizeof(store), "%s",
                 i->store_paths.count > 0 ? i->store_paths.items[0] : i->values.store) >=
        (int)sizeof(store))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the store's path is too long");
    if ((stat(store, &st) != 0 || !S_ISDIR(st.st_mode)) && strrchr(store, '/') != NULL)
        *strrchr(store, '/') = '\0';
    return supervisor_new(&i->supervisor, store, err);
}

static enum assay_code mark(struct instance *i, struct assay_err *err)
{
    uint8_t random[16];
    char hex[2 * sizeof(random) + 1];

    if (assay_random_system(random, sizeof(random)) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_IO, 0, "the system gives no random bytes");
    assay_hex_encode(hex, assay_bytes_of(random, sizeof(random)));
    (void)snprintf(i->tree.marker, sizeof(i->tree.marker), "%s=%s", MARK, hex);
    return ASSAY_OK;
}

static enum assay_code keep_options(struct instance *i, const struct instance_options *o,
                                    struct assay_err *err)
{
    i->options = *o;
    i->options.origin_url = keep(i, o->origin_url);
    i->options.secret_override = keep(i, o->secret_override);
    i->options.share_store_of = keep(i, o->share_store_of);
    i->options.defects = keep_all(i, o->defects);
    i->options.allowed_hosts = keep_all(i, o->allowed_hosts);
    if (i->options.defects == NULL || i->options.allowed_hosts == NULL)
        return no_memory(err);
    if (o->variant == NULL)
        return ASSAY_OK;
    i->variant = target_variant(i->target, o->variant);
    return i->variant != NULL ? ASSAY_OK
                              : assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s: has no variant \"%s\"",
                                           i->target->path, o->variant);
}

static enum assay_code start(struct instance *i, struct assay_err *err)
{
    enum assay_code rc;

    if (!i->target->has_launch)
        return use_url(i, err);
    i->capture = capture_new();
    if (i->capture == NULL)
        return no_memory(err);
    process_tree_adopt();
    rc = mark(i, err);
    if (rc == ASSAY_OK)
        rc = make_folder(i, err);
    if (rc == ASSAY_OK)
        rc = fill_values(i, err);
    if (rc == ASSAY_OK)
        rc = set_up_faults(i, err);
    return rc == ASSAY_OK ? launch_and_await(i, err)
                          : assay_err_wrap(err, rc, "%s", i->target->name);
}

enum assay_code instance_start(struct instance **out, struct assay_arena *arena,
                               const struct target *target, const struct instance_options *options,
                               struct assay_err *err)
{
    static const struct instance_options none = {0};
    struct instance *i = assay_alloc(sizeof(*i));
    enum assay_code rc;

    *out = NULL;
    if (i == NULL)
        return no_memory(err);
    *i = (struct instance){.target = target, .arena = arena, .pidfd = -1};
    rc = keep_options(i, options != NULL ? options : &none, err);
    if (rc == ASSAY_OK)
        rc = start(i, err);
    if (rc != ASSAY_OK) {
        instance_free(i);
        return rc;
    }
    *out = i;
    return ASSAY_OK;
}

/* ---- ending ---- */

void instance_kill(struct instance *i)
{
    pid_t pids[PROCESS_TREE_MAX];
    size_t count;

    if (i->tree.marker[0] == '\0')
        return;
    count = i->has_clock ? instance_processes(i, pids, ARRAY_LEN(pids)) : 0;
    (void)process_tree_end(&i->tree, true, END_DEADLINE_MS);
    capture_stop(i->capture);
    for (size_t k = 0; k < count; k++)
        fault_clock_forget(pids[k]);
    if (i->has_clock && i->pid > 0)
        fault_clock_forget(i->pid);
    if (i->pidfd >= 0)
        (void)close(i->pidfd);
    i->pidfd = -1;
    i->pid = 0;
    i->tree.first = 0;
}

void instance_free(struct instance *i)
{
    if (i == NULL)
        return;
    instance_kill(i);
    supervisor_free(i->supervisor);
    capture_free(i->capture);
    if (i->folder != NULL)
        remove_folder(i->folder);
    assay_free(i);
}

static bool await_pidfd(int pidfd, int deadline_ms)
{
    struct pollfd one = {.fd = pidfd, .events = POLLIN};
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    int rc;

    do
        rc = poll(&one, 1, milliseconds_until(until));
    while (rc < 0 && errno == EINTR);
    return rc == 1;
}

enum assay_code instance_stop(struct instance *i, int deadline_ms, struct assay_err *err)
{
    bool ended = true;

    if (i->pidfd >= 0) {
        (void)pidfd_send_signal(i->pidfd, SIGTERM, NULL, 0);
        ended = await_pidfd(i->pidfd, deadline_ms);
    }
    instance_kill(i);
    return ended ? ASSAY_OK
                 : assay_fail(err, ASSAY_E_TIMEOUT, 0,
                              "%s: did not end within %d ms of SIGTERM and was killed",
                              i->target->name, deadline_ms);
}

enum assay_code instance_restart(struct instance *i, struct assay_err *err)
{
    if (!i->target->has_launch)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "%s: is not launched by Assay (launch)",
                          i->target->path);
    instance_kill(i);
    return launch_and_await(i, err);
}

static enum assay_code reset_by_command(struct instance *i, struct assay_err *err)
{
    struct process_tree tree = {0};
    siginfo_t info = {0};
    pid_t pid;
    int pidfd;
    bool ended;
    enum assay_code rc =
        run_command(i, &i->target->reset_command, NULL, -1, -1, NULL, &pid, &pidfd, err);

    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "reset");
    tree.first = pid;
    ended = await_pidfd(pidfd, RESET_DEADLINE_MS) &&
            waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    (void)process_tree_end(&tree, true, END_DEADLINE_MS);
    (void)close(pidfd);
    if (ended && info.si_code == CLD_EXITED && info.si_status == 0)
        return ASSAY_OK;
    if (!ended)
        return assay_fail(err, ASSAY_E_IO, 0, "reset: not done within %d ms", RESET_DEADLINE_MS);
    return assay_fail(err, ASSAY_E_IO, 0, "reset: the command ended with %s %d",
                      info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
}

static enum assay_code reset_by_fresh_store(struct instance *i, struct assay_err *err)
{
    char store[PATH_MAX];

    if (i->options.share_store_of != NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "%s: its store belongs to another instance",
                          i->target->name);
    if (snprintf(store, sizeof(store), "%s/store", i->folder) >= (int)sizeof(store))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the store's path is too long");
    instance_kill(i);
    remove_folder(store);
    if (mkdir(store, 0700) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be made: %s", store, strerror(errno));
    return launch_and_await(i, err);
}

enum assay_code instance_reset(struct instance *i, struct assay_err *err)
{
    if (i->target->reset == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "%s: names no way to reset it (reset)",
                          i->target->path);
    return strcmp(i->target->reset, "command") == 0 ? reset_by_command(i, err)
                                                    : reset_by_fresh_store(i, err);
}

/* ---- what it is now ---- */

const struct http_peer *instance_peer(const struct instance *i)
{
    return &i->peer;
}

const char *instance_url(const struct instance *i)
{
    return i->url;
}

const char *instance_workdir(const struct instance *i)
{
    return i->folder;
}

const char *instance_own_folder(const struct instance *i)
{
    return i->own_folder;
}

const struct target_list *instance_store_paths(const struct instance *i)
{
    return &i->store_paths;
}

pid_t instance_pid(const struct instance *i)
{
    return i->pid;
}

size_t instance_processes(struct instance *i, pid_t *out, size_t room)
{
    return i->tree.marker[0] != '\0' ? process_tree_list(&i->tree, out, room) : 0;
}

bool instance_alive(struct instance *i)
{
    return i->pidfd >= 0 && !await_pidfd(i->pidfd, 0);
}

struct fault_clock *instance_clock(struct instance *i)
{
    return i->has_clock ? &i->clock : NULL;
}

struct supervisor *instance_supervisor(struct instance *i)
{
    return i->supervisor;
}

struct assay_bytes instance_stdout(struct instance *i)
{
    return i->capture != NULL ? capture_view(i->capture, CAPTURE_STDOUT) : assay_bytes_of(NULL, 0);
}

struct assay_bytes instance_stderr(struct instance *i)
{
    return i->capture != NULL ? capture_view(i->capture, CAPTURE_STDERR) : assay_bytes_of(NULL, 0);
}
