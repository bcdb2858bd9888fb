/* A request whose handler is held, so that others can be sent while it runs. */
#include "peer/paid-tools/peer_internal.h"

#include <pthread.h>

#define PENDING_MAX_BYTES ((size_t)16 << 20)

struct pt_pending {
    const char *label;
    const struct http_peer *peer;
    const struct http_request *request;
    struct origin *origin;
    struct http_client *http;
    struct assay_arena arena; /* the thread's own, until it was joined */
    struct http_exchange *exchange;
    struct assay_err err;
    enum assay_code rc;
    int patience_ms;
    uint64_t before; /* executions, as the case counts them */
    pthread_t thread;
    bool started;
    bool joined;
};

static void *wait_for_answer(void *with)
{
    struct pt_pending *p = with;

    p->rc =
        http_send(p->http, &p->exchange, &p->arena, p->peer, p->request, p->patience_ms, &p->err);
    return NULL;
}

static void join(struct pt_pending *p)
{
    if (p->started && !p->joined) {
        origin_release(p->origin);
        pthread_join(p->thread, NULL);
        p->joined = true;
    }
}

static void end_pending(void *with)
{
    struct pt_pending *p = with;

    join(p);
    http_client_free(p->http);
    assay_arena_fini(&p->arena);
}

struct pt_pending *given_running(struct assay_case *t, const char *label, struct pt_want want,
                                 struct pt_with with)
{
    struct pt_pending *p = case_alloc(t, sizeof *p);
    uint64_t so_far;

    *p = (struct pt_pending){.label = label,
                             .peer = case_peer(t),
                             .request = pt_request_of(t, want, with),
                             .origin = case_origin(t),
                             .http = http_client_new(),
                             .arena = ASSAY_ARENA_INIT(PENDING_MAX_BYTES),
                             .patience_ms = case_patience_ms(t),
                             .before = case_executions(t)};
    case_defer(t, end_pending, p);
    if (p->origin == NULL || p->http == NULL)
        case_end(t, VERDICT_BROKEN, "%s: its handler cannot be held", label);
    so_far = origin_executions(p->origin);
    origin_behave(p->origin, &(struct origin_rule){.behaviour = ORIGIN_STALL, .times = 1});
    pt_keep_to_rate(t, 1);
    if (pthread_create(&p->thread, NULL, wait_for_answer, p) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", label);
    p->started = true;
    if (!origin_await(p->origin, so_far + 1, p->patience_ms))
        case_end(t, VERDICT_BROKEN, "%s: the handler was not asked to run", label);
    return p;
}

const struct pt_answer *pt_send_during(struct assay_case *t, const struct pt_pending *pending,
                                       const char *label, struct pt_want want, struct pt_with with)
{
    return pt_send_counted(t, case_peer(t), label, want, with, pending->before + 1);
}

const struct pt_answer *pt_finish(struct assay_case *t, struct pt_pending *pending)
{
    join(pending);
    if (pending->rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", pending->label, pending->err.text);
    pending->exchange->label = pending->label;
    case_saw_exchange(t, pending->exchange, pending->label);
    return pt_answer_of(t, pending->exchange, pending->label, pending->before);
}
