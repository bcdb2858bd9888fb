/* Requests that wait for their answer in threads of their own, so that others can be sent while
 * their handlers run. */
#include "peer/http/peer_internal.h"

#include <pthread.h>
#include <stdatomic.h>

#define PENDING_MAX_BYTES ((size_t)16 << 20)

struct peer_pending {
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
    struct peer_before before;
    pthread_t thread;
    bool started;
    bool joined;
    atomic_bool answered; /* the thread is done */
};

static void *wait_for_answer(void *with)
{
    struct peer_pending *p = with;

    p->rc =
        http_send(p->http, &p->exchange, &p->arena, p->peer, p->request, p->patience_ms, &p->err);
    atomic_store(&p->answered, true);
    return NULL;
}

static void join(struct peer_pending *p)
{
    if (p->started && !p->joined) {
        if (p->origin != NULL)
            origin_release(p->origin);
        pthread_join(p->thread, NULL);
        p->joined = true;
    }
}

static void end_pending(void *with)
{
    struct peer_pending *p = with;

    join(p);
    http_client_free(p->http);
    assay_arena_fini(&p->arena);
}

static struct peer_pending *prepare(struct assay_case *t, const struct http_peer *peer,
                                    const char *label, struct peer_want want, struct peer_with with)
{
    struct peer_pending *p = case_alloc(t, sizeof *p);

    *p = (struct peer_pending){.label = label,
                               .peer = peer != NULL ? peer : case_peer(t),
                               .request = peer_request_of(t, want, with),
                               .origin = case_origin(t),
                               .http = http_client_new(),
                               .arena = ASSAY_ARENA_INIT(PENDING_MAX_BYTES),
                               .patience_ms = case_patience_ms(t),
                               .before = peer_before(t)};
    case_defer(t, end_pending, p);
    if (p->http == NULL)
        case_end(t, VERDICT_BROKEN, "%s: out of memory", label);
    return p;
}

static void start(struct assay_case *t, struct peer_pending *p)
{
    peer_keep_to_rate(t, 1);
    if (pthread_create(&p->thread, NULL, wait_for_answer, p) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", p->label);
    p->started = true;
}

struct peer_pending *peer_send_beside(struct assay_case *t, const struct http_peer *peer,
                                      const char *label, struct peer_want want,
                                      struct peer_with with)
{
    struct peer_pending *p = prepare(t, peer, label, want, with);

    start(t, p);
    return p;
}

struct peer_pending *peer_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                    struct peer_with with)
{
    struct peer_pending *p = prepare(t, NULL, label, want, with);
    uint64_t so_far;

    if (p->origin == NULL)
        case_end(t, VERDICT_BROKEN, "%s: its handler cannot be held", label);
    so_far = origin_executions(p->origin);
    origin_behave(p->origin, &(struct origin_rule){.behaviour = ORIGIN_STALL, .times = 1});
    start(t, p);
    if (!origin_await(p->origin, so_far + 1, p->patience_ms))
        case_end(t, VERDICT_BROKEN, "%s: the handler was not asked to run", label);
    return p;
}

bool peer_is_answered(const struct peer_pending *pending)
{
    return atomic_load(&pending->answered);
}

const struct peer_answer *peer_send_during(struct assay_case *t, const struct peer_pending *pending,
                                           const char *label, struct peer_want want,
                                           struct peer_with with)
{
    struct peer_before before = {.runs = pending->before.runs + 1, .moves = peer_moves(t)};

    return peer_send_counted(t, case_peer(t), label, want, with, before);
}

const struct peer_answer *peer_finish(struct assay_case *t, struct peer_pending *pending)
{
    join(pending);
    if (pending->rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", pending->label, pending->err.text);
    pending->exchange->label = pending->label;
    case_saw_exchange(t, pending->exchange, pending->label);
    return peer_answer_of(t, pending->exchange, pending->label, pending->before);
}
