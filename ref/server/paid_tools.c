/* The reference server of paid-tools: its secret, its store, and what its workers begin with. */
#include "server/paid_tools.h"

#include "defects/defects.h"
#include "net/client.h"
#include "net/clock.h"
#include "server/shop.h"
#include "server/workers.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

_Static_assert(PT_SERVER_WORKERS_MAX <= REF_WORKERS_MAX, "as many as the parent takes");

enum { STOP_SLACK_MS = 2000 /* for a worker to close its store and end */ };

struct server {
    struct pt_server_options options;
    struct pt_core core;
    struct pt_shop_shared *shared;
    struct assay_buf secret;
};

struct worker {
    struct ref_store *store;
    struct pt_shop *shop;
};

static bool in_memory(const struct server *s)
{
    return strcmp(s->options.store, "memory") == 0;
}

static enum assay_code store_open(struct ref_store **out, const struct server *s,
                                  struct assay_err *err)
{
    static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;

    return in_memory(s) ? ref_store_memory_open(out, &limits, err)
                        : ref_store_sqlite_open(out, s->options.store, &limits, err);
}

/* ---- a worker -----------------------------------------------------------------------------------
 */

static void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    pt_shop_free(w->shop);
    if (w->store != NULL)
        w->store->ops->close(w->store);
    assay_free(w);
}

static enum assay_code worker_begin(void *cls, unsigned index, void **out,
                                    struct ref_net_server_options *net, struct assay_err *err)
{
    struct server *s = cls;
    struct worker *w = assay_alloc(sizeof(*w));
    enum assay_code code;

    (void)index;
    if (w == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    *w = (struct worker){0};
    if ((code = store_open(&w->store, s, err)) != ASSAY_OK ||
        (code = pt_shop_new(&w->shop, &s->core, &s->options, s->shared, w->store, err)) !=
            ASSAY_OK) {
        worker_free(w);
        return code;
    }
    net->handle = pt_shop_handle;
    net->refused = pt_shop_refused;
    net->cls = w->shop;
    *out = w;
    return ASSAY_OK;
}

static void worker_end(void *cls, void *worker)
{
    struct server *s = cls;

    worker_free(worker);
    assay_buf_wipe(&s->secret);
}

/* ---- the parent ---------------------------------------------------------------------------------
 */

/* Workers that close the store at one moment each leave its log to the other: once they have ended,
 * the file is opened alone, so that the log is in it. What fails here is done by the next start. */
static void settle_store(void *cls)
{
    const struct server *s = cls;
    struct ref_store *store = NULL;

    if (!in_memory(s) && store_open(&store, s, NULL) == ASSAY_OK)
        store->ops->close(store);
}

/* The variable is wiped where it stands, so that neither children nor /proc show it for longer. */
static enum assay_code take_secret(struct server *s, struct assay_err *err)
{
    const char *name = s->options.secret_env;
    char *value = getenv(name);

    if (value == NULL && !s->options.dev)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "the secret is missing: set the environment variable %s", name);
    assay_buf_add_str(&s->secret, value != NULL ? value : PT_DEFAULT_SECRET);
    if (value != NULL) {
        assay_wipe(value, strlen(value));
        (void)unsetenv(name);
    }
    return assay_buf_ok(&s->secret)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_DENIED, 0, "the secret in %s is longer than %d bytes",
                            name, PT_SECRET_MAX_BYTES);
}

static enum assay_code check_options(struct server *s, struct assay_err *err)
{
    const struct pt_server_options *o = &s->options;
    struct ref_net_client_options origin = {.origin = o->origin, .is_public = o->is_public};
    enum assay_code code;

    if (o->store == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the store is missing: name a file, or memory");
    if (REF_DEFECT(store_memory_only)) {
        s->options.store = "memory";
        s->options.workers = 1;
    }
    if (o->workers < 1 || o->workers > PT_SERVER_WORKERS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "workers: 1 to %d", PT_SERVER_WORKERS_MAX);
    if (in_memory(s) && o->workers > 1)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "workers cannot share a store in memory: name a file, or use one worker");
    if (o->origin != NULL && (code = ref_net_client_check(&origin, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "origin \"%s\"", o->origin);
    pt_shop_core(&s->core, o, assay_buf_view(&s->secret));
    return pt_core_check(&s->core, o->dev || REF_DEFECT(secret_short), err);
}

/* Opened and closed once before there are workers: a file that is no store is refused at once, a
 * new one is made without a race, and the floor is known. */
static enum assay_code prepare_store(struct server *s, struct assay_err *err)
{
    struct ref_store *store = NULL;
    int64_t floor_ms = 0;
    enum assay_code code = store_open(&store, s, err);

    if (code == ASSAY_OK)
        code = store->ops->floor(store, &floor_ms, err);
    if (store != NULL)
        store->ops->close(store);
    atomic_store(&s->shared->floor_ms, floor_ms);
    /* The floor is the time of the last sweep; a store that never had one is counted from now. */
    atomic_store(&s->shared->last_sweep_ms, floor_ms > 0 ? floor_ms : ref_net_wall_ms());
    return code;
}

static enum assay_code prepare(struct server *s, struct assay_err *err)
{
    enum assay_code code;
    void *shared;

    if ((code = take_secret(s, err)) != ASSAY_OK || (code = check_options(s, err)) != ASSAY_OK)
        return code;
    shared =
        mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory to share");
    s->shared = shared;
    return prepare_store(s, err);
}

static enum assay_code serve(struct server *s, struct assay_err *err)
{
    struct ref_workers_options workers = {
        .profile = "paid-tools",
        .listen = s->options.listen,
        .is_public = s->options.is_public,
        .workers = s->options.workers,
        .forgets = in_memory(s) ? "what it knew of spent payments" : NULL,
        .stop_deadline_ms = s->options.stop_deadline_ms,
        .slack_ms = s->options.origin_deadline_ms + STOP_SLACK_MS,
        .net = REF_NET_SERVER_OPTIONS_DEFAULT,
        .begin = worker_begin,
        .end = worker_end,
        .settle = settle_store,
        .cls = s,
    };

    workers.net.body_max_bytes = s->options.body_max_bytes;
    workers.net.read_deadline_ms = s->options.read_deadline_ms;
    workers.net.connection_max = s->options.connection_max;
    return ref_workers_run(&workers, err);
}

enum assay_code pt_server_run(const struct pt_server_options *options, struct assay_err *err)
{
    struct server s = {.options = *options, .secret = ASSAY_BUF_INIT(PT_SECRET_MAX_BYTES)};
    enum assay_code code;

    (void)setrlimit(RLIMIT_CORE,
                    &(struct rlimit){0, 0}); /* the secret is not left in a core file */
    code = prepare(&s, err);
    if (code == ASSAY_OK)
        code = serve(&s, err);
    if (s.shared != NULL)
        (void)munmap(s.shared, sizeof(*s.shared));
    assay_buf_wipe(&s.secret);
    return code;
}
