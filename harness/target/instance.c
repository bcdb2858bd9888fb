/* The life of one running copy of a target (target/instance.h). */
#include "base/hex.h"
#include "base/random.h"
#include "target/folder.h"
#include "target/instance_internal.h"
#include "target/ready.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { END_DEADLINE_MS = 10000, RESET_DEADLINE_MS = 30000 };

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static const char *const *keep_all(struct instance *i, const char *const *texts)
{
    const char **copy;
    size_t n = 0;

    while (texts != NULL && texts[n] != NULL)
        n++;
    copy = assay_arena_alloc(i->arena, (n + 1) * sizeof(*copy));
    for (size_t k = 0; copy != NULL && k < n; k++)
        copy[k] = instance_keep(i, texts[k]);
    return copy;
}

static const struct target_pair *keep_pairs(struct instance *i, const struct target_pair *pairs)
{
    struct target_pair *copy;
    size_t n = 0;

    while (pairs != NULL && pairs[n].name != NULL)
        n++;
    copy = assay_arena_alloc(i->arena, (n + 1) * sizeof(*copy));
    for (size_t k = 0; copy != NULL && k < n; k++)
        copy[k] =
            (struct target_pair){instance_keep(i, pairs[k].name), instance_keep(i, pairs[k].value)};
    if (copy != NULL)
        copy[n] = (struct target_pair){NULL, NULL};
    return copy;
}

/* ---- where it lives ---- */

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

/* ---- starting ---- */

static enum assay_code launch_and_await(struct instance *i, struct assay_err *err)
{
    enum assay_code rc = target_is_command(i->target)   ? ASSAY_OK
                         : target_is_adapter(i->target) ? instance_start_adapter(i, err)
                                                        : instance_launch(i, err);

    if (rc != ASSAY_OK)
        instance_kill(i);
    return assay_err_wrap(err, rc, "%s", i->target->name);
}

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
    instance_name_peer(i);
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
                 i->store_paths.count > 0
                     ? i->store_paths.items[0]
                     : command_value(&i->values, "STORE")) >= (int)sizeof(store))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the store's path is too long");
    if ((stat(store, &st) != 0 || !S_ISDIR(st.st_mode)) && strrchr(store, '/') != NULL)
        *strrchr(store, '/') = '\0';
    return supervisor_new(&i->supervisor, store, err);
}

enum assay_code instance_mark(struct process_tree *tree, const char *name, struct assay_err *err)
{
    uint8_t random[16];
    char hex[2 * sizeof(random) + 1];

    if (assay_random_system(random, sizeof(random)) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_IO, 0, "the system gives no random bytes");
    assay_hex_encode(hex, assay_bytes_of(random, sizeof(random)));
    (void)snprintf(tree->marker, sizeof(tree->marker), "%s=%s", name, hex);
    return ASSAY_OK;
}

static enum assay_code keep_options(struct instance *i, const struct instance_options *o,
                                    struct assay_err *err)
{
    i->options = *o;
    i->options.roles = keep_pairs(i, o->roles);
    i->options.secret_override = instance_keep(i, o->secret_override);
    i->options.share_store_of = instance_keep(i, o->share_store_of);
    i->options.defects = keep_all(i, o->defects);
    i->options.allowed_hosts = keep_all(i, o->allowed_hosts);
    if (i->options.defects == NULL || i->options.allowed_hosts == NULL || i->options.roles == NULL)
        return no_memory(err);
    if (o->variant == NULL)
        return ASSAY_OK;
    i->variant = target_variant(i->target, o->variant);
    return i->variant != NULL ? ASSAY_OK
                              : assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s: has no variant \"%s\"",
                                           i->target->path, o->variant);
}

static enum assay_code make_home(struct instance *i, struct assay_err *err)
{
    enum assay_code rc;

    i->capture = capture_new();
    if (i->capture == NULL)
        return no_memory(err);
    rc = make_folder(i, err);
    if (rc == ASSAY_OK)
        rc = instance_fill_values(i, err);
    return rc == ASSAY_OK ? set_up_faults(i, err) : rc;
}

static enum assay_code start(struct instance *i, struct assay_err *err)
{
    enum assay_code rc;

    process_tree_adopt();
    rc = instance_mark(&i->tree, INSTANCE_MARK, err);
    if (rc == ASSAY_OK && i->target->has_launch)
        rc = make_home(i, err);
    else if (rc == ASSAY_OK)
        rc = instance_fill_values(i, err);
    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "%s", i->target->name);
    return i->target->has_launch ? launch_and_await(i, err) : use_url(i, err);
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
    if (i->tree.marker[0] == '\0')
        return;
    adapter_free(i->adapter);
    i->adapter = NULL;
    (void)process_tree_end(&i->tree, true, END_DEADLINE_MS);
    if (i->capture != NULL)
        capture_stop(i->capture);
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
#ifdef ASSAY_COVERAGE
    if (i->tree.marker[0] != '\0')
        process_tree_ask(&i->tree, END_DEADLINE_MS);
#endif
    instance_kill(i);
    supervisor_free(i->supervisor);
    capture_free(i->capture);
    if (i->folder != NULL)
        (void)folder_remove(i->folder);
    assay_free(i);
}

enum assay_code instance_stop(struct instance *i, int deadline_ms, struct assay_err *err)
{
    bool ended = true;

    if (i->pidfd >= 0) {
        (void)pidfd_send_signal(i->pidfd, SIGTERM, NULL, 0);
        ended = process_await(i->pidfd, deadline_ms);
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
    struct instance_program program = {.command = &i->target->reset_command, .values = &i->values};
    struct process_tree tree = {0};
    struct process_end end;
    char how[64];
    pid_t pid;
    int pidfd;
    enum assay_code rc = instance_run(i, &program, NULL, &pid, &pidfd, err);

    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "reset");
    tree.first = pid;
    (void)process_await(pidfd, RESET_DEADLINE_MS);
    end = process_end_of(pidfd);
    (void)process_tree_end(&tree, true, END_DEADLINE_MS);
    (void)close(pidfd);
    if (!end.ended)
        return assay_fail(err, ASSAY_E_IO, 0, "reset: not done within %d ms", RESET_DEADLINE_MS);
    process_end_text(how, sizeof(how), &end);
    return end.status == 0 ? ASSAY_OK
                           : assay_fail(err, ASSAY_E_IO, 0, "reset: the command ended %s", how);
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
    (void)folder_remove(store);
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

struct adapter *instance_adapter(const struct instance *i)
{
    return i->adapter;
}

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
    return i->pidfd >= 0 && !process_await(i->pidfd, 0);
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
