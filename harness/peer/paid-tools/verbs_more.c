/* Verbs of paid-tools cases that hold, flood or step the clock: see the second half of "Sending" in
 * peer.h. */
#include "peer/paid-tools/peer_internal.h"

#include "base/time.h"

#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HOLD_MS = 150, FLOOD_BURST = 32 };

#define BESIDE_MAX_BYTES ((size_t)4 << 20)

const struct pt_offer *pt_try_offer(struct assay_case *t, const char *label, struct pt_want want,
                                    const struct pt_answer **answer)
{
    struct pt_offer *offer = case_alloc(t, sizeof *offer);

    *offer = (struct pt_offer){.want = want, .asked_ms = case_now_ms(t)};
    *answer = pt_send(t, label, want, (struct pt_with){0});
    offer->exchange = (*answer)->exchange;
    if (pt_status(*answer) != 402 || pt_challenge_of(&offer->challenge, *answer, NULL) != ASSAY_OK)
        return NULL;
    return offer;
}

/* ---- held bursts ---- */

struct hold {
    struct origin *origin;
    uint64_t second; /* the number of the run that ends the wait */
    pthread_t thread;
    bool started, joined;
};

static void *release_in_time(void *with)
{
    struct hold *hold = with;

    (void)origin_await(hold->origin, hold->second, HOLD_MS);
    origin_behave(hold->origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    origin_release(hold->origin);
    return NULL;
}

static void end_hold(void *with)
{
    struct hold *hold = with;

    if (hold->started && !hold->joined)
        pthread_join(hold->thread, NULL);
    hold->joined = true;
}

const struct pt_answer *const *pt_burst_held(struct assay_case *t, const char *label,
                                             const struct pt_want *wants,
                                             const struct pt_with *withs, size_t n)
{
    struct hold *hold = case_alloc(t, sizeof *hold);
    const struct pt_answer *const *answers;

    if (case_origin(t) == NULL)
        return pt_burst(t, label, wants, withs, n);
    hold->origin = case_origin(t);
    (void)case_executions(t); /* waits until nothing runs */
    hold->second = origin_executions(hold->origin) + 2;
    case_defer(t, end_hold, hold);
    origin_behave(hold->origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
    if (pthread_create(&hold->thread, NULL, release_in_time, hold) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", label);
    hold->started = true;
    answers = pt_burst(t, label, wants, withs, n);
    end_hold(hold);
    return answers;
}

/* ---- floods ---- */

const char *const *given_paid_many(struct assay_case *t, struct pt_want want, size_t n)
{
    const char **headers = case_alloc(t, n * sizeof *headers);
    struct assay_err err = {0};

    for (size_t done = 0; done < n;) {
        size_t some = n - done < FLOOD_BURST ? n - done : FLOOD_BURST;
        struct pt_offer offer = {.want = want, .asked_ms = case_now_ms(t)};
        const struct pt_answer *const *answers =
            pt_copies(t, "ask for offers", want, (struct pt_with){0}, some);

        for (size_t i = 0; i < some; i++) {
            if (pt_status(answers[i]) != 402 ||
                pt_challenge_of(&offer.challenge, answers[i], &err) != ASSAY_OK)
                case_end(t, VERDICT_BROKEN, "%s: expected 402 with a challenge, got %s",
                         answers[i]->label, pt_seen(t, answers[i]));
            headers[done++] = pt_header(t, given_payment(t, &offer));
        }
    }
    return headers;
}

/* ---- waiting ---- */

void pt_pause(struct assay_case *t, int ms)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 + 1}};
    pid_t pid = instance_pid(case_instance(t));
    struct pollfd events[2] = {
        {.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), .events = POLLIN},
        {.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN}};

    if (events[0].fd >= 0 && timerfd_settime(events[0].fd, 0, &when, NULL) == 0)
        (void)poll(events, ARRAY_LEN(events), ms + 1000);
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (events[i].fd >= 0)
            close(events[i].fd);
}

/* ---- bytes ---- */

struct assay_bytes pt_joined(struct assay_case *t, struct assay_bytes a, struct assay_bytes b)
{
    uint8_t *at = case_alloc(t, a.len + b.len + 1);

    memcpy(at, a.at, a.len);
    memcpy(at + a.len, b.at, b.len);
    return assay_bytes_of(at, a.len + b.len);
}

struct assay_bytes pt_head(struct assay_case *t, struct pt_want want, struct assay_bytes lines)
{
    const struct assay_url *url = &case_peer(t)->url;
    const char *start =
        case_printf(t, "%s %s HTTP/1.1\r\nHost: %.*s:%u\r\n", want.method, want.target,
                    (int)url->host.len, (const char *)url->host.at, (unsigned)url->port);

    return pt_joined(t, pt_joined(t, assay_str(start), lines), ASSAY_LIT("\r\n"));
}

/* ---- the clock ---- */

void pt_clock_at(struct assay_case *t, int64_t at_ms)
{
    struct timespec real;

    if (clock_gettime(CLOCK_REALTIME, &real) != 0)
        case_end(t, VERDICT_BROKEN, "this machine has no wall clock");
    case_shift_clock(t, at_ms - ((int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000));
}

int64_t pt_expiry_ms(struct assay_case *t, const struct pt_challenge *challenge)
{
    int64_t ms = 0;

    if (assay_time_parse(&ms, assay_str(challenge->expires_at)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the challenge's expiresAt is no time of the one form: %s",
                 challenge->expires_at);
    return ms;
}

/* ---- beside ---- */

struct pt_beside {
    const char *label;
    const struct http_peer *peer;
    const struct http_piece *pieces;
    size_t piece_count;
    int deadline_ms;
    uint64_t before;
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
    struct pt_beside *b = with;

    b->rc = http_raw(b->exchanges, &b->answers, &b->closed, &b->arena, b->peer, b->pieces,
                     b->piece_count, ARRAY_LEN(b->exchanges), false, b->deadline_ms, &b->err);
    return NULL;
}

static void join(struct pt_beside *b)
{
    if (b->started && !b->joined)
        pthread_join(b->thread, NULL);
    b->joined = true;
}

static void end_beside(void *with)
{
    struct pt_beside *b = with;

    join(b);
    assay_arena_fini(&b->arena);
}

struct pt_beside *pt_raw_beside(struct assay_case *t, const char *label,
                                const struct http_piece *pieces, size_t piece_count,
                                int deadline_ms)
{
    struct pt_beside *b = case_alloc(t, sizeof *b);

    *b = (struct pt_beside){.label = label,
                            .peer = case_peer(t),
                            .pieces = pieces,
                            .piece_count = piece_count,
                            .deadline_ms = deadline_ms,
                            .before = case_executions(t),
                            .arena = ASSAY_ARENA_INIT(BESIDE_MAX_BYTES)};
    case_defer(t, end_beside, b);
    if (pthread_create(&b->thread, NULL, talk, b) != 0)
        case_end(t, VERDICT_BROKEN, "%s: no thread can be started", label);
    b->started = true;
    return b;
}

const struct pt_answer *pt_beside_end(struct assay_case *t, struct pt_beside *b, bool *closed)
{
    join(b);
    if (b->rc != ASSAY_OK || b->answers == 0)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", b->label, b->err.text);
    b->exchanges[0]->label = b->label;
    case_saw_exchange(t, b->exchanges[0], b->label);
    *closed = b->closed;
    return pt_answer_of(t, b->exchanges[0], b->label, b->before);
}
