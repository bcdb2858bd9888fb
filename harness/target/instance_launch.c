/* How an instance is launched: placeholders, environment, port, process, ready (target/instance.h).
 */
#include "base/utf8.h"
#include "target/instance_internal.h"
#include "target/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUOTE_BYTES = 200 };

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

const char *instance_keep(struct instance *i, const char *text)
{
    return text != NULL ? (const char *)assay_arena_copy(i->arena, assay_str(text)).at : NULL;
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
    return instance_keep(i, path);
}

enum assay_code instance_fill_values(struct instance *i, struct assay_err *err)
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
    environment_set(env, INSTANCE_MARK, mark);
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

enum assay_code instance_run(struct instance *i, const struct target_list *command,
                             const struct target_list *more, struct spawn what, pid_t *pid,
                             int *pidfd, struct assay_err *err)
{
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
    what.workdir = i->values.workdir;
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
        rc = instance_run(
            i, &i->target->launch.command, more,
            (struct spawn){.in = -1, .out = out[1], .err = errors[1], .supervisor = i->supervisor},
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

enum assay_code instance_launch(struct instance *i, struct assay_err *err)
{
    enum assay_code rc = launch(i, err);

    return rc == ASSAY_OK ? await_ready(i, err) : rc;
}
