/* How an instance is launched: placeholders, environment, port, process, ready (target/instance.h).
 */
#include "base/utf8.h"
#include "http/sock.h"
#include "target/instance_internal.h"
#include "target/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
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

/* The folder of the target file from the root, since programs run in others; NULL for the embedded
 * one. */
static const char *file_folder(struct instance *i)
{
    const char *path = i->target->path, *slash = strrchr(path, '/');
    int len = slash != NULL ? (int)(slash - path) + 1 : 0;
    char here[PATH_MAX];

    if (path[0] == '/')
        return assay_arena_printf(i->arena, "%.*s", len, path);
    if (strcmp(path, "(embedded)") == 0 || getcwd(here, sizeof(here)) == NULL)
        return NULL;
    return assay_arena_printf(i->arena, "%s/%.*s", here, len, path);
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

/* NULL: that role is not played. */
static const char *instance_role_url(const struct instance *i, const char *role)
{
    const struct target_pair *at = i->options.roles;

    while (at->name != NULL && strcmp(at->name, role) != 0)
        at++;
    return at->value;
}

static enum assay_code fill_places(struct instance *i, struct assay_err *err)
{
    const struct target *target = i->target;
    const char *shared = i->options.share_store_of;
    struct command_values *values = &i->values;

    command_value_set(
        values, "STORE",
        assay_arena_printf(i->arena, "%s/store/store.db", shared != NULL ? shared : i->folder));
    if (target->launch.workdir != NULL)
        i->own_folder = command_text(i->arena, absolute(i, target->launch.workdir), values);
    command_value_set(values, "WORKDIR",
                      target->launch.workdir != NULL ? i->own_folder : i->folder);
    if (command_value(values, "STORE") == NULL || command_value(values, "WORKDIR") == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "launch.workdir cannot be told");
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

enum assay_code instance_fill_values(struct instance *i, struct assay_err *err)
{
    struct command_values *values = &i->values;

    *values = (struct command_values){.defects = i->options.defects};
    command_value_set(values, "ASSAY", own_program(i));
    command_value_set(values, "RULES", i->target->rules);
    for (size_t k = 0; k < ARRAY_LEN(command_roles); k++)
        command_value_set(values, command_roles[k].placeholder,
                          instance_role_url(i, command_roles[k].role));
    if (command_value(values, "ASSAY") == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "this program's own path cannot be told");
    return i->folder != NULL ? fill_places(i, err) : ASSAY_OK;
}

/* ---- environment and arguments ---- */

static enum assay_code set_launch_variables(struct environment *env, struct instance *i,
                                            const struct command_values *values,
                                            struct assay_err *err)
{
    const struct target_launch *launch = &i->target->launch;

    for (size_t k = 0; k < launch->env_count; k++) {
        const char *text = launch->env[k].value;
        const char *value = command_text(i->arena, text, values);

        if (value != NULL)
            environment_set(env, launch->env[k].name, value);
        else if (!command_names_absent_role(text, values))
            return assay_fail(err, ASSAY_E_MISSING, 0, "launch.env.%s cannot be filled in",
                              launch->env[k].name);
    }
    for (size_t k = 0; i->variant != NULL && k < i->variant->env_count; k++)
        environment_set(env, i->variant->env[k].name, i->variant->env[k].value);
    return ASSAY_OK;
}

static void set_secrets_and_roles(struct environment *env, struct instance *i)
{
    const struct target *target = i->target;

    for (size_t k = 0; k < target->secret_env_count; k++) {
        const char *value = i->options.secret_override != NULL
                                ? i->options.secret_override
                                : target_secret(target, target->secret_env[k].name);

        environment_set(env, target->secret_env[k].value, value);
    }
    for (size_t k = 0; k < target->role_count; k++) {
        const char *url = instance_role_url(i, target->roles[k].name);

        if (target->roles[k].variable != NULL && url != NULL)
            environment_set(env, target->roles[k].variable, url);
    }
}

static enum assay_code fill_environment(struct environment *env, struct instance *i,
                                        const struct instance_program *program,
                                        struct assay_err *err)
{
    const char *clock[FAULT_CLOCK_ENVIRONMENT];
    size_t clocks = 0;
    enum assay_code rc;

    environment_init(env, i->arena);
    environment_set(env, INSTANCE_MARK, strchr(i->tree.marker, '=') + 1);
    if (program->mark != NULL)
        environment_set(env, INSTANCE_RUN_MARK, strchr(program->mark, '=') + 1);
    rc = set_launch_variables(env, i, program->values, err);
    if (rc != ASSAY_OK)
        return rc;
    set_secrets_and_roles(env, i);
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

/* A port that is free now, and will be when the target is started again. */
static enum assay_code pick_port(struct instance *i, struct assay_err *err)
{
    enum assay_code rc;
    uint16_t port;

    command_value_set(&i->values, "PORT", NULL);
    if (!names_port(&i->target->launch))
        return ASSAY_OK;
    if ((rc = sock_find_port(&port, err)) != ASSAY_OK)
        return rc;
    command_value_set(&i->values, "PORT", assay_arena_printf(i->arena, "%u", (unsigned)port));
    return command_value(&i->values, "PORT") != NULL ? ASSAY_OK : no_memory(err);
}

/* ---- running it ---- */

static enum assay_code prepare(struct spawn *what, struct environment *env, struct instance *i,
                               struct instance_program *program, struct assay_err *err)
{
    enum assay_code rc = command_fill(&program->argv, i->arena, program->command, program->more,
                                      program->values, err);

    if (rc == ASSAY_OK && program->argv[0] == NULL)
        rc = assay_fail(err, ASSAY_E_MISSING, 0, "the command is empty");
    if (rc == ASSAY_OK)
        rc = spawn_program(&what->program, i->arena, program->argv[0], file_folder(i), err);
    if (rc == ASSAY_OK)
        rc = fill_environment(env, i, program, err);
    if (rc != ASSAY_OK)
        return rc;
    what->argv = program->argv;
    what->workdir = command_value(program->values, "WORKDIR");
    what->envp = env->at;
    what->supervisor = program->supervisor;
    return ASSAY_OK;
}

static void close_pipe(int ends[2])
{
    for (size_t k = 0; k < 2; k++) {
        if (ends[k] >= 0)
            (void)close(ends[k]);
        ends[k] = -1;
    }
}

/* What it reads as its input, where the value STDIN names a file. */
static enum assay_code open_input(int *out, const struct instance_program *program,
                                  struct assay_err *err)
{
    const char *path = program->values != NULL ? command_value(program->values, "STDIN") : NULL;

    *out = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    return path == NULL || *out >= 0
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_IO, 0, "%s: %s", path, strerror(errno));
}

enum assay_code instance_run(struct instance *i, struct instance_program *program,
                             struct capture *capture, pid_t *pid, int *pidfd, struct assay_err *err)
{
    struct spawn what = {.in = -1, .out = -1, .err = -1};
    int out[2] = {-1, -1}, errors[2] = {-1, -1};
    struct environment env;
    enum assay_code rc = prepare(&what, &env, i, program, err);

    if (rc == ASSAY_OK && capture != NULL &&
        (pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0))
        rc = assay_fail(err, ASSAY_E_IO, 0, "pipe: %s", strerror(errno));
    what.out = out[1];
    what.err = errors[1];
    if (rc == ASSAY_OK)
        rc = open_input(&what.in, program, err);
    if (rc == ASSAY_OK)
        rc = spawn(pid, pidfd, &what, err);
    if (what.in >= 0)
        (void)close(what.in);
    if (rc == ASSAY_OK && capture != NULL) {
        rc = capture_start(capture, out[0], errors[0], *pidfd, err);
        out[0] = errors[0] = -1; /* the capture's now */
    }
    close_pipe(out);
    close_pipe(errors);
    return rc;
}

enum assay_code instance_start_adapter(struct instance *i, struct assay_err *err)
{
    struct instance_program program = {.command = &i->target->launch.command,
                                       .more = i->variant != NULL ? &i->variant->args : NULL,
                                       .values = &i->values};
    struct spawn what = {0};
    struct adapter_hello hello;
    struct environment env;
    enum assay_code rc = prepare(&what, &env, i, &program, err);

    if (rc == ASSAY_OK)
        rc = adapter_start_as(&i->adapter, i->arena, &what, err);
    if (rc != ASSAY_OK)
        return rc;
    rc = adapter_hello(i->adapter, &hello, (int)i->target->launch.ready_ms, err);
    if (rc == ASSAY_OK)
        json_decref(hello.operations);
    return rc;
}

static enum assay_code launch(struct instance *i, struct assay_err *err)
{
    struct instance_program program = {.command = &i->target->launch.command,
                                       .more = i->variant != NULL ? &i->variant->args : NULL,
                                       .values = &i->values,
                                       .supervisor = i->supervisor};
    enum assay_code rc = pick_port(i, err);

    if (rc == ASSAY_OK)
        rc = instance_run(i, &program, i->capture, &i->pid, &i->pidfd, err);
    i->tree.first = i->pid;
    return rc;
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

void instance_name_peer(struct instance *i)
{
    const char *name = i->target->public_url != NULL ? strstr(i->target->public_url, "://") : NULL;

    if (name != NULL)
        i->peer.host = assay_bytes_of(name + 3, strcspn(name + 3, "/?#"));
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
    struct process_end end;
    const char *said;
    char how[64];
    enum assay_code rc = ready_await(&ready, &i->url, &i->peer, err);

    instance_name_peer(i);
    if (rc != ASSAY_E_CRASHED && rc != ASSAY_E_TIMEOUT)
        return rc;
    end = process_end_of(i->pidfd);
    process_end_text(how, sizeof(how), &end);
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
