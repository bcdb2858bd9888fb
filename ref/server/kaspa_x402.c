/* The reference server of kaspa-x402: its options, its store and heads, and what its workers begin
 * with. */
#include "server/kaspa_x402.h"

#include "base/mac.h"
#include "defects/defects.h"
#include "net/client.h"
#include "net/clock.h"
#include "server/facilitator.h"
#include "server/kx_mcp.h"
#include "server/kx_parts.h"
#include "server/log.h"
#include "server/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    STOP_SLACK_MS = 2000,              /* for a worker to close its store and end */
    HEADER_MAX_BYTES = 192 << 10,      /* PAYMENT-SIGNATURE may have 131,072 of them */
    ANSWER_HEAD_MAX_BYTES = 512 << 10, /* a handler's result and PAYMENT-RESPONSE, or an offer */
    TOKENS_MAX_BYTES = 8192,
    NAMES_MAX_BYTES = 65536,
};

_Static_assert(KX_SERVER_WORKERS_MAX <= REF_WORKERS_MAX, "as many as the parent takes");

struct server {
    struct kx_server_options options;
    struct kx_core core;
    struct kx_batch_core batch;
    struct kx_facilitated_kind kinds[KX_FACILITATED_KINDS_MAX];
    struct kx_facilitated_core facilitated;
    struct assay_key offer_key; /* wiped at the end */
    struct kx_fac_core fac;
    struct kx_route goods[KX_GOODS_MAX];
    struct kx_principal principals[KX_SERVER_PRINCIPALS_MAX];
    struct assay_arena names;         /* of principals, and of the server */
    uint8_t tokens[TOKENS_MAX_BYTES]; /* of the principals; wiped at the end */
    size_t token_bytes;
    struct assay_bytes authorization; /* at the facilitator, among the tokens; or empty */
    struct kx_shop_shared *shared;
    struct ref_admission *admission;
};

struct worker {
    struct kx_store *store;
    struct ref_kaspa_node *node;
    struct kx_facilitator *facilitator;
    struct kx_shop *shop;
    struct kx_mcp mcp; /* of the shop */
};

/* ---- a worker -----------------------------------------------------------------------------------
 */

/* What its sales have cost the disk, for who wants to know what limits them. */
static void log_commits(struct kx_store *store)
{
    char room[96];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    assay_buf_printf(&line, "{\"event\":\"store closed\",\"pid\":%d,\"commits\":%llu}",
                     (int)getpid(), (unsigned long long)store->ops->commits(store));
    ref_log_line(&line);
}

static void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    kx_shop_free(w->shop);
    ref_kaspa_node_stop(w->node);
    kx_facilitator_free(w->facilitator);
    if (w->store != NULL) {
        log_commits(w->store);
        w->store->ops->close(w->store);
    }
    assay_free(w);
}

static enum assay_code open_worker_store(struct kx_store **out, const struct server *s,
                                         struct assay_err *err)
{
    if (REF_DEFECT(kx_replay_worker))
        return kx_store_memory_open(out, &s->options.limits, err);
    return kx_parts_store(out, &s->options, err);
}

static enum assay_code worker_open(struct worker *w, const struct server *s, unsigned index,
                                   struct assay_err *err)
{
    const struct ref_kaspa_node_options node = kx_parts_node(&s->options);
    struct kx_shop_base base = {
        .core = &s->core,
        .options = &s->options,
        .shared = s->shared,
        .admission = s->admission,
        .worker = index,
    };
    enum assay_code code;

    code = open_worker_store(&w->store, s, err);
    if (code == ASSAY_OK && s->options.node != NULL)
        code = ref_kaspa_node_start(&w->node, &node, err);
    if (code == ASSAY_OK && s->options.facilitator != NULL)
        code = kx_facilitator_new(&w->facilitator, &s->options, s->authorization, err);
    if (code != ASSAY_OK)
        return code;
    base.store = w->store;
    base.node = w->node;
    base.facilitator = w->facilitator;
    code = kx_shop_new(&w->shop, &base, err);
    if (code == ASSAY_OK)
        kx_mcp_init(&w->mcp, w->shop, &s->core);
    return code;
}

static enum assay_code worker_begin(void *cls, unsigned index, void **out,
                                    struct ref_net_server_options *net, struct assay_err *err)
{
    struct server *s = cls;
    struct worker *w = assay_alloc(sizeof(*w));
    enum assay_code code;

    if (w == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    *w = (struct worker){0};
    ref_admission_forget(s->admission, index);
    code = worker_open(w, s, index, err);
    if (code != ASSAY_OK) {
        worker_free(w);
        return code;
    }
    net->handle = s->options.has_mcp ? kx_mcp_handle : kx_shop_handle;
    net->refused = kx_shop_refused;
    net->cls = s->options.has_mcp ? (void *)&w->mcp : (void *)w->shop;
    *out = w;
    return ASSAY_OK;
}

static void worker_stopping(void *worker, int64_t deadline_ms)
{
    const struct worker *w = worker;

    kx_shop_stopping(w->shop, deadline_ms);
}

static void worker_end(void *cls, void *worker)
{
    struct server *s = cls;

    worker_free(worker);
    assay_wipe(s->tokens, sizeof(s->tokens));
    assay_key_wipe(&s->offer_key);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static const char *keep_name(struct server *s, struct assay_bytes text)
{
    return (const char *)assay_arena_copy(&s->names, text).at;
}

/* The variable is wiped where it stands, so that neither children nor /proc show it for longer. */
static enum assay_code take_token(struct server *s, struct assay_bytes *out, const char *variable,
                                  struct assay_err *err)
{
    char *value = getenv(variable);
    size_t len = value != NULL ? strlen(value) : 0;

    if (len == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the environment variable %s has no token",
                          variable);
    if (len > sizeof(s->tokens) - s->token_bytes)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "all tokens together have %zu bytes at most",
                          sizeof(s->tokens));
    memcpy(s->tokens + s->token_bytes, value, len);
    *out = assay_bytes_of(s->tokens + s->token_bytes, len);
    s->token_bytes += len;
    assay_wipe(value, len);
    (void)unsetenv(variable);
    return ASSAY_OK;
}

/* "name:tenant:VARIABLE", the tenant perhaps empty. */
static enum assay_code take_principal(struct server *s, struct kx_principal *out,
                                      struct assay_bytes text, struct assay_err *err)
{
    size_t first = assay_bytes_find(text, ':', 0);
    size_t second = assay_bytes_find(text, ':', first + 1);
    struct assay_bytes tenant = assay_bytes_part(text, first + 1, second);
    const char *variable;

    if (first == 0 || first == text.len || second + 1 >= text.len)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "it is NAME:TENANT:VARIABLE");
    out->name = keep_name(s, assay_bytes_part(text, 0, first));
    out->tenant = tenant.len > 0 ? keep_name(s, tenant) : NULL;
    variable = keep_name(s, assay_bytes_part(text, second + 1, text.len));
    if (out->name == NULL || variable == NULL || (tenant.len > 0 && out->tenant == NULL))
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for names");
    return take_token(s, &out->token, variable, err);
}

static enum assay_code take_tenant(struct server *s, struct kx_principal *out,
                                   struct assay_bytes text, struct assay_err *err)
{
    struct assay_bytes name, variable;
    const char *kept;
    enum assay_code code;

    if ((code = ref_facilitator_read_tenant(&name, &variable, text, err)) != ASSAY_OK)
        return code;
    out->name = keep_name(s, name);
    kept = keep_name(s, variable);
    if (out->name == NULL || kept == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for names");
    return take_token(s, &out->token, kept, err);
}

static enum assay_code take_principals(struct server *s, struct assay_err *err)
{
    const struct kx_server_options *o = &s->options;

    for (size_t i = 0; i < o->principal_count; i++) {
        struct assay_bytes text = assay_str(o->principals[i]);
        enum assay_code code = o->facilitates ? take_tenant(s, &s->principals[i], text, err)
                                              : take_principal(s, &s->principals[i], text, err);

        if (code != ASSAY_OK)
            return assay_err_wrap(err, code, "%s \"%.80s\"",
                                  o->facilitates ? "tenant" : "principal", o->principals[i]);
    }
    return ASSAY_OK;
}

/* What the server itself is known by at the facilitator. */
static enum assay_code take_authorization(struct server *s, struct assay_err *err)
{
    static const char scheme[] = "Bearer ";
    const size_t start = s->token_bytes, len = sizeof(scheme) - 1;
    struct assay_bytes token;
    enum assay_code code;

    if (s->options.facilitator_token == NULL)
        return ASSAY_OK;
    if (len > sizeof(s->tokens) - start)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "all tokens together have %zu bytes at most",
                          sizeof(s->tokens));
    memcpy(s->tokens + start, scheme, len);
    s->token_bytes += len;
    if ((code = take_token(s, &token, s->options.facilitator_token, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "facilitator token");
    s->authorization = assay_bytes_of(s->tokens + start, s->token_bytes - start);
    return ASSAY_OK;
}

static enum assay_code check_store(struct server *s, struct assay_err *err)
{
    struct kx_server_options *o = &s->options;

    if (o->store == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the store is missing: name a file, or memory");
    if (REF_DEFECT(kx_replay_memory)) {
        o->store = "memory";
        o->workers = 1;
    }
    if (o->workers < 1 || o->workers > KX_SERVER_WORKERS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "workers: 1 to %d", KX_SERVER_WORKERS_MAX);
    if (kx_parts_in_memory(o) && o->workers > 1)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "workers cannot share a store in memory: name a file, or use one worker");
    return ASSAY_OK;
}

static enum assay_code check_facilitator(const struct server *s, struct assay_err *err)
{
    struct kx_facilitator *f;
    enum assay_code code = kx_facilitator_new(&f, &s->options, s->authorization, err);

    if (code == ASSAY_OK)
        kx_facilitator_free(f);
    return code;
}

static enum assay_code check_neighbours(const struct server *s, struct assay_err *err)
{
    const struct kx_server_options *o = &s->options;
    const struct ref_net_client_options origin = {.origin = o->origin, .is_public = o->is_public};
    const struct ref_kaspa_node_options node = kx_parts_node(o);
    enum assay_code code;

    if (o->origin != NULL && (code = ref_net_client_check(&origin, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "origin \"%s\"", o->origin);
    if ((o->facilitator == NULL) != (o->sell_count == 0))
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "a facilitator and what is sold through it go together");
    if (o->pay_to == NULL && o->facilitator != NULL)
        return check_facilitator(s, err);
    if (o->pay_to == NULL && !o->facilitates)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "pay-to is missing: name the address to be paid");
    if (o->node == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the node is missing: name its ws:// URL");
    return assay_err_wrap(err, ref_kaspa_node_check(&node, err), "node \"%s\"", o->node);
}

/* ---- the parent ---------------------------------------------------------------------------------
 */

/* Of every attempt whose handler was started and gave no result. */
static enum assay_code clear_marks(struct kx_store *store, struct assay_err *err)
{
    char txids[256][X402_HASH_TEXT_BYTES];
    size_t count = 0;
    enum assay_code code = store->ops->unresolved(store, txids, ARRAY_LEN(txids), &count, err);

    for (size_t i = 0; code == ASSAY_OK && i < count && i < ARRAY_LEN(txids); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_attempt attempt;

        if (store->ops->load_attempt(store, &attempt, &arena, txids[i], NULL) == ASSAY_OK)
            (void)store->ops->reset_handler(store, txids[i], attempt.handler_started_ms, NULL);
        assay_arena_fini(&arena);
    }
    return code;
}

/* Opened and closed once before there are workers: a file that is no store is refused at once, a
 * new one is made without a race, and heads are there before anybody asks. */
static enum assay_code prepare_store(const struct server *s, struct assay_err *err)
{
    struct kx_store *store = NULL;
    enum assay_code code = kx_parts_store(&store, &s->options, err);

    if (code == ASSAY_OK && REF_DEFECT(kx_restart_reruns))
        code = clear_marks(store, err);
    if (code == ASSAY_OK)
        code = kx_parts_register_heads(&s->options, store, err);
    if (store != NULL)
        store->ops->close(store);
    return code;
}

static enum assay_code prepare(void *cls, const char *url, struct assay_err *err)
{
    struct server *s = cls;
    const char *base = s->options.base_url != NULL ? s->options.base_url : url;
    enum assay_code code;

    s->core.base_url = keep_name(s, assay_str(base));
    if (s->core.base_url == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the server's name");
    if ((code = kx_core_check(&s->core, err)) != ASSAY_OK)
        return code;
    return prepare_store(s, err);
}

/* Workers that close the store at one moment each leave its log to the other: once they have ended,
 * the file is opened alone, so that the log is in it. What fails here is done by the next start. */
static void settle_store(void *cls)
{
    const struct server *s = cls;
    struct kx_store *store = NULL;

    if (!kx_parts_in_memory(&s->options) && kx_parts_store(&store, &s->options, NULL) == ASSAY_OK)
        store->ops->close(store);
}

/* What is sold through a facilitator, and the key that it is signed by. */
static enum assay_code read_facilitated(struct server *s, struct assay_err *err)
{
    const struct kx_server_options *o = &s->options;
    enum assay_code code = ASSAY_OK;

    if (o->offer_key != NULL)
        code =
            assay_err_wrap(err, kx_parts_take_key(&s->offer_key, o->offer_key, err), "offer key");
    if (code == ASSAY_OK && o->offer_key != NULL && o->facilitator == NULL)
        code = assay_fail(err, ASSAY_E_MISSING, 0,
                          "an offer key signs what is sold through a facilitator: name one");
    if (code == ASSAY_OK && o->facilitator != NULL)
        code = kx_parts_kinds(s->kinds, &s->names, o, err);
    if (code != ASSAY_OK || o->facilitator == NULL)
        return code;
    s->facilitated = (struct kx_facilitated_core){
        .kinds = s->kinds,
        .kind_count = o->sell_count,
        .offer_key = o->offer_key != NULL ? &s->offer_key : NULL,
    };
    s->core.facilitated = &s->facilitated;
    return ASSAY_OK;
}

static enum assay_code read_options(struct server *s, struct assay_err *err)
{
    enum assay_code code;

    if ((code = take_principals(s, err)) != ASSAY_OK ||
        (code = take_authorization(s, err)) != ASSAY_OK ||
        (code = check_store(s, err)) != ASSAY_OK ||
        (code = kx_parts_core(&s->core, &s->options, err)) != ASSAY_OK ||
        (code = check_neighbours(s, err)) != ASSAY_OK)
        return code;
    if (s->options.channel_key != NULL) {
        if ((code = kx_parts_batch(&s->batch, &s->options, err)) != ASSAY_OK)
            return code;
        s->core.batch = &s->batch;
    }
    if ((code = read_facilitated(s, err)) != ASSAY_OK)
        return code;
    s->core.principals = s->principals;
    s->core.principal_count = s->options.principal_count;
    s->fac.modes = s->options.modes;
    if (s->options.facilitates)
        s->core.fac = &s->fac;
    else
        s->core.route_count = kx_goods(s->goods, s->options.price, s->options.has_mcp);
    s->core.routes = s->goods;
    return ASSAY_OK;
}

static enum assay_code share(struct server *s, struct assay_err *err)
{
    void *shared =
        mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory to share");
    s->shared = shared;
    atomic_store(&s->shared->last_sweep_ms, ref_net_wall_ms());
    return ref_admission_new(&s->admission, s->options.workers, s->options.connection_max, err);
}

static int64_t longest_call(const struct kx_server_options *o)
{
    return o->origin_deadline_ms > o->node_deadline_ms ? o->origin_deadline_ms
                                                       : o->node_deadline_ms;
}

static enum assay_code serve(struct server *s, struct assay_err *err)
{
    const struct kx_server_options *o = &s->options;
    struct ref_workers_options workers = {
        .profile = o->facilitates ? "facilitator" : "kaspa-x402",
        .listen = o->listen,
        .is_public = o->is_public,
        .workers = o->workers,
        .forgets = kx_parts_in_memory(o) ? "what it knew of payments" : NULL,
        .stop_deadline_ms = o->stop_deadline_ms,
        .slack_ms = longest_call(o) + STOP_SLACK_MS,
        .net = REF_NET_SERVER_OPTIONS_DEFAULT,
        .prepare = prepare,
        .begin = worker_begin,
        .stopping = worker_stopping,
        .end = worker_end,
        .settle = settle_store,
        .cls = s,
    };

    workers.net.header_max_bytes = HEADER_MAX_BYTES;
    workers.net.response_head_max_bytes = ANSWER_HEAD_MAX_BYTES;
    workers.net.body_max_bytes = o->body_max_bytes;
    workers.net.read_deadline_ms = o->read_deadline_ms;
    workers.net.connection_max = o->connection_max;
    return ref_workers_run(&workers, err);
}

/* ---- over a pipe ---- */

/* No other thread may take what the pipe's end, or the operator, says: called before there is one.
 */
static enum assay_code catch_stops(int *out, struct assay_err *err)
{
    sigset_t stops;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stops, NULL);
    if ((*out = signalfd(-1, &stops, SFD_CLOEXEC)) < 0)
        return assay_fail(err, ASSAY_E_IO, 0, "signals: %s", strerror(errno));
    return ASSAY_OK;
}

static enum assay_code serve_pipe(struct server *s, struct assay_err *err)
{
    struct worker *w = NULL;
    struct ref_net_server_options unused;
    void *worker = NULL;
    int stops = -1;
    enum assay_code code;

    if (s->options.base_url == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "base-url is missing: over a pipe nothing else names this server, and "
                          "payments are bound to its name");
    if ((code = catch_stops(&stops, err)) == ASSAY_OK &&
        (code = prepare(s, s->options.base_url, err)) == ASSAY_OK &&
        (code = worker_begin(s, 0, &worker, &unused, err)) == ASSAY_OK) {
        w = worker;
        code = kx_mcp_pipe(&w->mcp, stops, s->options.body_max_bytes, err);
    }
    worker_free(w);
    settle_store(s);
    if (stops >= 0)
        (void)close(stops);
    return code;
}

enum assay_code kx_server_run(const struct kx_server_options *options, struct assay_err *err)
{
    struct server s = {.options = *options, .names = ASSAY_ARENA_INIT(NAMES_MAX_BYTES)};
    enum assay_code code;

    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* tokens are not left in a core file */
    code = read_options(&s, err);
    if (code == ASSAY_OK)
        code = share(&s, err);
    if (code == ASSAY_OK)
        code = s.options.is_piped ? serve_pipe(&s, err) : serve(&s, err);
    ref_admission_free(s.admission);
    if (s.shared != NULL)
        (void)munmap(s.shared, sizeof(*s.shared));
    assay_wipe(s.tokens, sizeof(s.tokens));
    assay_key_wipe(&s.offer_key);
    assay_arena_fini(&s.names);
    return code;
}
