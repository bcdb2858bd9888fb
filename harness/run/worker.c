/* The worker's side of the executor: legs and cases come in as JSON lines, events go out. */
#include "run/executor.h"

#include "defects/defects.h"
#include "fault/tree.h"
#include "target/folder.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define SOCKET_FD 3
#define TREE_END_MS 5000

struct worker {
    FILE *in, *out;
    struct assay_arena arena; /* of the leg */
    struct target target;
    struct case_world *world;
    const char *defects[2];
    const char *hosts[PLAN_HOSTS_MAX + 1];
};

static const char *text_of(const json_t *message, const char *name)
{
    const char *text = json_string_value(json_object_get(message, name));

    return text != NULL ? text : "";
}

static char *kept(struct worker *w, const char *text)
{
    return assay_arena_printf(&w->arena, "%s", text);
}

static void leave_leg(struct worker *w)
{
    case_world_free(w->world);
    w->world = NULL;
    assay_arena_fini(&w->arena);
    w->arena = (struct assay_arena)ASSAY_ARENA_INIT((size_t)16 << 20);
}

static enum assay_code enter_leg(struct worker *w, const json_t *leg, struct assay_err *err)
{
    const char *path = text_of(leg, "target");
    const json_t *hosts = json_object_get(leg, "hosts");
    enum target_side side = (enum target_side)json_integer_value(json_object_get(leg, "side"));
    struct case_world_options options = {0};
    enum assay_code rc;

    leave_leg(w);
    rc = path[0] != '\0' ? target_load(&w->target, &w->arena, path, err)
                         : target_embedded(&w->target, &w->arena, text_of(leg, "profile"), side,
                                           text_of(leg, "rules"), err);
    if (rc != ASSAY_OK)
        return rc;
    if (text_of(leg, "rules")[0] != '\0')
        w->target.rules = kept(w, text_of(leg, "rules"));
    w->defects[0] = text_of(leg, "defect")[0] != '\0' ? kept(w, text_of(leg, "defect")) : NULL;
    for (size_t i = 0; i < PLAN_HOSTS_MAX; i++)
        w->hosts[i] = i < json_array_size(hosts)
                          ? kept(w, json_string_value(json_array_get(hosts, i)))
                          : NULL;
    options =
        (struct case_world_options){.target = &w->target,
                                    .defects = w->defects,
                                    .allowed_hosts = w->hosts,
                                    .disruptive = json_is_true(json_object_get(leg, "disruptive")),
                                    .seed = strtoull(text_of(leg, "seed"), NULL, 16)};
    w->world = case_world_new(&options);
    return w->world != NULL ? ASSAY_OK : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static bool answer(struct worker *w, const json_t *message)
{
    return json_dumpf(message, w->out, JSON_COMPACT) == 0 && fputc('\n', w->out) != EOF &&
           fflush(w->out) == 0;
}

static bool run_one(struct worker *w, const json_t *message)
{
    const struct scenario *scenario = registry_find(text_of(message, "scenario"));
    size_t index = (size_t)json_integer_value(json_object_get(message, "index"));
    json_t *event = NULL;
    bool ok;

    if (w->world != NULL && scenario != NULL && index < scenario_case_count(scenario))
        event = case_run(w->world, scenario, index);
    ok = event != NULL && answer(w, event);
    json_decref(event);
    return ok;
}

/* One message: {"leg": …} prepares, {"scenario": …, "index": n} runs. */
static bool serve_line(struct worker *w, const char *line, size_t len)
{
    json_t *message = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *leg = json_object_get(message, "leg");
    struct assay_err err = {0};
    bool ok;

    if (leg == NULL) {
        ok = run_one(w, message);
    } else {
        ok = enter_leg(w, leg, &err) == ASSAY_OK;
        if (!ok && fprintf(stderr, "assay worker: %s\n", err.text) < 0)
            ok = false;
    }
    json_decref(message);
    return ok;
}

static bool load_packs(void)
{
    const char *packs = getenv("ASSAY_WORKER_PACKS");
    char *copy = packs != NULL ? strdup(packs) : NULL;
    struct assay_err err = {0};
    char *rest = NULL;
    bool ok = true;

    for (char *path = copy != NULL ? strtok_r(copy, "\n", &rest) : NULL; path != NULL;
         path = strtok_r(NULL, "\n", &rest))
        ok = ok && registry_load_pack(path, &err) == ASSAY_OK;
    free(copy);
    return ok;
}

/* What the executor would have removed. Each worker does so at its end, and the last leaves none.
 */
static void remove_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    const char *name = folder != NULL ? strrchr(folder, '/') : NULL;

    if (name != NULL && strncmp(name + 1, EXECUTOR_FOLDER, strlen(EXECUTOR_FOLDER)) == 0 &&
        !folder_remove(folder))
        fprintf(stderr, "assay worker: %s could not be removed\n", folder);
}

/* Waits for the end of the executor. Where it comes before ours it was killed, and nobody else is
 * left to end what this worker has started. */
static void *guard(void *executor)
{
    struct pollfd one = {.fd = *(const int *)executor, .events = POLLIN};
    const char *run = getenv("ASSAY_RUN");
    struct process_tree tree = {0};

    while (poll(&one, 1, -1) <= 0)
        continue;
    if (run != NULL &&
        snprintf(tree.marker, sizeof tree.marker, "ASSAY_RUN=%s", run) < (int)sizeof tree.marker)
        process_tree_end(&tree, false, TREE_END_MS);
    remove_temporary();
    _exit(3);
}

/* False: the executor, which told us its process id, is gone already. */
static bool start_guard(void)
{
    static int executor; /* a pidfd */
    const char *run = getenv("ASSAY_RUN");
    pthread_t thread;

    executor = run != NULL ? pidfd_open((pid_t)strtol(run, NULL, 10), 0) : -1;
    return executor >= 0 && pthread_create(&thread, NULL, guard, &executor) == 0 &&
           pthread_detach(thread) == 0;
}

int executor_worker(void)
{
    struct worker w = {.arena = ASSAY_ARENA_INIT((size_t)16 << 20)};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    signal(SIGPIPE, SIG_IGN);
    process_tree_adopt();
    w.in = fdopen(SOCKET_FD, "r");
    w.out = w.in != NULL ? fdopen(dup(SOCKET_FD), "w") : NULL;
    if (w.out == NULL || !start_guard() || !load_packs()) {
        fputs("assay worker: started by `assay run` only\n", stderr);
        return 3;
    }
    while ((len = getline(&line, &room, w.in)) > 0)
        if (!serve_line(&w, line, (size_t)len))
            break;
    leave_leg(&w);
    free(line);
    fclose(w.in);
    fclose(w.out);
    return 0;
}
