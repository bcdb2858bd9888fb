/* What goes on while others are answered: bursts whose handlers are held, and raw conversations in
 * a thread of their own. */
#include "peer/http/peer_internal.h"

#include <pthread.h>

enum { HOLD_MS = 150 };

#define BESIDE_MAX_BYTES ((size_t)4 << 20)

struct meanwhile {
    void (*work)(void *);
    void *with;
    pthread_t thread;
    bool started, joined;
};

static void *work(void *with)
{
    struct meanwhile *m = with;

    m->work(m->with);
    return NULL;
}

static void end_work(void *with)
{
    struct meanwhile *m = with;

    if (m->started && !m->joined)
        pthread_join(m->thread, NULL);
    m->joined = true;
}

const struct peer_answer *const *peer_burst_beside(struct assay_case *t, const char *label,
                                                   const struct peer_shot *shots, size_t n,
                                                   void (*beside)(void *), void *with)
{
    struct meanwhile *m = case_alloc(t, sizeof *m);
    const struct peer_answer *const *answers;

    *m = (struct meanwhile){.work = beside, .with = with};
    case_defer(t, end_work, m);
    if (pthread_create(&m->thread, NULL, work, m) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", label);
    m->started = true;
    answers = peer_burst(t, label, shots, n);
    end_work(m);
    return answers;
}

struct hold {
    struct origin *origin;
    uint64_t second; /* the number of the run that ends the wait */
};

static void release_in_time(void *with)
{
    struct hold *hold = with;

    (void)origin_await(hold->origin, hold->second, HOLD_MS);
    origin_behave(hold->origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    origin_release(hold->origin);
}

const struct peer_answer *const *peer_burst_held(struct assay_case *t, const char *label,
                                                 const struct peer_shot *shots, size_t n)
{
    struct hold *hold = case_alloc(t, sizeof *hold);

    if (case_origin(t) == NULL)
        return peer_burst(t, label, shots, n);
    hold->origin = case_origin(t);
    (void)case_executions(t); /* waits until nothing runs */
    hold->second = origin_executions(hold->origin) + 2;
    origin_behave(hold->origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
    return peer_burst_beside(t, label, shots, n, release_in_time, hold);
}

struct peer_beside {
    const char *label;
    const struct http_peer *peer;
    const struct http_piece *pieces;
    size_t piece_count;
    int deadline_ms;
    struct peer_before before;
    struct assay_arena arena; /* the thread's own, until it was joined */
    struct http_exchange *exchanges[1];
    size_t answers;
    bool closed;
    struct assay_err err;
    enum assay_code rc;
    pthread_t thread;
    bool started, joined;
};

static void *talk(void *with)
{
    struct peer_beside *b = with;

    b->rc = http_raw(b->exchanges, &b->answers, &b->closed, &b->arena, b->peer, b->pieces,
                     b->piece_count, ARRAY_LEN(b->exchanges), false, b->deadline_ms, &b->err);
    return NULL;
}

static void join(struct peer_beside *b)
{
    if (b->started && !b->joined)
        pthread_join(b->thread, NULL);
    b->joined = true;
}

static void end_beside(void *with)
{
    struct peer_beside *b = with;

    join(b);
    assay_arena_fini(&b->arena);
}

struct peer_beside *peer_raw_beside(struct assay_case *t, const char *label,
                                    const struct http_piece *pieces, size_t piece_count,
                                    int deadline_ms)
{
    struct peer_beside *b = case_alloc(t, sizeof *b);

    *b = (struct peer_beside){.label = label,
                              .peer = case_peer(t),
                              .pieces = pieces,
                              .piece_count = piece_count,
                              .deadline_ms = deadline_ms,
                              .before = peer_before(t),
                              .arena = ASSAY_ARENA_INIT(BESIDE_MAX_BYTES)};
    case_defer(t, end_beside, b);
    if (pthread_create(&b->thread, NULL, talk, b) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", label);
    b->started = true;
    return b;
}

const struct peer_answer *peer_beside_end(struct assay_case *t, struct peer_beside *b, bool *closed)
{
    join(b);
    if (b->rc != ASSAY_OK || b->answers == 0)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", b->label, b->err.text);
    b->exchanges[0]->label = b->label;
    case_saw_exchange(t, b->exchanges[0], b->label);
    *closed = b->closed;
    return peer_answer_of(t, b->exchanges[0], b->label, b->before);
}
