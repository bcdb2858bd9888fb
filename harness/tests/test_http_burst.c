/* Bursts: all are in flight at once, each answer goes to its own request, and one that fails harms
 * no other. */
#include "http/client.h"

#include "http/sock.h"
#include "roles/origin.h"
#include "scripted.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <unistd.h>

enum { DEADLINE_MS = 30000, SHORT_MS = 100 };

struct setting {
    struct assay_arena arena;
    struct http_peer peer, other;
    struct http_request requests[HTTP_BURST_MAX];
    const struct http_peer *peers[HTTP_BURST_MAX];
    const struct http_request *all[HTTP_BURST_MAX];
    struct http_exchange *exchanges[HTTP_BURST_MAX];
    struct http_overlap overlap;
    struct assay_err err;
};

/* n requests for /0, /1, ... to the origin; large ones pass the socket's buffers. */
static struct setting *set_up(struct origin **origin, size_t n)
{
    struct setting *s = calloc(1, sizeof(*s));

    cr_assert_not_null(s);
    s->arena = (struct assay_arena)ASSAY_ARENA_INIT(64 << 20);
    cr_assert_eq(origin_start(origin, 0, NULL), ASSAY_OK);
    cr_assert_eq(assay_url_split(&s->peer.url, assay_str(origin_url(*origin)), NULL), ASSAY_OK);
    for (size_t i = 0; i < n; i++) {
        s->requests[i] = http_get(assay_arena_printf(&s->arena, "/%zu", i));
        s->all[i] = &s->requests[i];
        s->peers[i] = &s->peer;
    }
    return s;
}

static void send_all(struct setting *s, size_t n, int deadline_ms)
{
    cr_assert_eq(
        http_burst(s->exchanges, &s->overlap, &s->arena, s->peers, s->all, n, deadline_ms, &s->err),
        ASSAY_OK, "%s", s->err.text);
    cr_expect_eq(s->overlap.requests, n);
}

static void tear_down(struct setting *s, struct origin *origin)
{
    origin_stop(origin);
    assay_arena_fini(&s->arena);
    free(s);
}

static bool is_answer_to(const struct http_exchange *x, const char *target)
{
    struct assay_bytes tail = ASSAY_LIT(""), body = x->response.body;
    size_t len = strlen(target);

    if (body.len > len)
        tail = assay_bytes_part(body, body.len - len - 1, body.len - 1);
    return x->outcome == HTTP_ANSWERED && assay_bytes_is(tail, target);
}

Test(http_burst, gives_each_request_its_own_answer)
{
    static const size_t sizes[] = {1, 2, 64, HTTP_BURST_MAX};
    struct origin *origin = NULL;

    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        struct setting *s = set_up(&origin, sizes[k]);

        send_all(s, sizes[k], DEADLINE_MS);
        cr_expect_eq(origin_executions(origin), sizes[k]);
        for (size_t i = 0; i < sizes[k]; i++) {
            cr_expect(is_answer_to(s->exchanges[i], s->requests[i].target), "%zu of %zu", i,
                      sizes[k]);
            cr_expect_eq(s->exchanges[i]->request, &s->requests[i]);
            cr_expect(s->exchanges[i]->sent_ns > 0 && s->exchanges[i]->first_ns > 0);
        }
        cr_expect(s->overlap.in_flight >= 1 && s->overlap.in_flight <= sizes[k]);
        cr_expect_geq(s->overlap.release_ns, 0);
        tear_down(s, origin);
    }
}

/* One request cannot be sent, since its peer never reads: the others wait for it, then go without
 * it. */
Test(http_burst, sends_nothing_whole_before_all_are_ready_or_given_up)
{
    enum { LATE_MS = 2000, LARGE_BYTES = 40 << 20 };
    struct origin *origin = NULL;
    struct setting *s = set_up(&origin, 8);
    uint8_t *body = calloc(1, LARGE_BYTES);
    int64_t start_ns = sock_now_ns();
    struct origin_execution one;
    uint16_t port;
    int deaf;

    cr_assert_not_null(body);
    cr_assert_eq(sock_listen(&deaf, &port, 0, NULL), ASSAY_OK);
    s->other = loopback_peer(port);
    s->peers[3] = &s->other;
    s->requests[3].has_body = true;
    s->requests[3].body = assay_bytes_of(body, LARGE_BYTES);
    send_all(s, 8, LATE_MS);
    cr_expect_eq(s->exchanges[3]->outcome, HTTP_TIMEOUT);
    cr_expect_eq(s->exchanges[3]->sent_ns, 0);
    cr_expect_eq(origin_executions(origin), 7u);
    for (size_t i = 1; i <= 7; i++) {
        cr_assert(origin_execution(origin, i, &one));
        cr_expect_geq(one.start_ns - start_ns, LATE_MS / 2 * INT64_C(1000000));
    }
    close(deaf);
    free(body);
    tear_down(s, origin);
}

static void *release_when_all_came(void *origin)
{
    if (origin_await(origin, 32, DEADLINE_MS))
        origin_release(origin);
    return NULL;
}

/* A peer that answers only when all requests have come shows that they were in flight together. */
Test(http_burst, measures_full_overlap_when_nobody_is_answered_early)
{
    struct origin *origin = NULL;
    struct setting *s = set_up(&origin, 32);
    pthread_t releasing;

    origin_behave(origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
    cr_assert_eq(pthread_create(&releasing, NULL, release_when_all_came, origin), 0);
    send_all(s, 32, DEADLINE_MS);
    pthread_join(releasing, NULL);
    cr_expect_eq(s->overlap.in_flight, 32u);
    for (size_t i = 0; i < 32; i++)
        cr_expect(is_answer_to(s->exchanges[i], s->requests[i].target), "%zu", i);
    tear_down(s, origin);
}

Test(http_burst, gives_up_at_its_deadline)
{
    struct origin *origin = NULL;
    struct setting *s = set_up(&origin, 3);

    origin_behave(origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
    send_all(s, 3, SHORT_MS);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(s->exchanges[i]->outcome, HTTP_TIMEOUT);
    cr_expect(origin_await_idle(origin, DEADLINE_MS));
    tear_down(s, origin);
}

Test(http_burst, sends_large_and_chunked_bodies)
{
    struct origin *origin = NULL;
    struct setting *s = set_up(&origin, 4);
    uint8_t *body = calloc(1, 1 << 20);

    cr_assert_not_null(body);
    for (size_t i = 0; i < 4; i++) {
        s->requests[i].method = i == 3 ? "HEAD" : "POST";
        s->requests[i].has_body = i != 3;
        s->requests[i].chunked = i == 1;
        s->requests[i].body = assay_bytes_of(body, i == 2 ? 1 : 1 << 20);
    }
    send_all(s, 4, DEADLINE_MS);
    for (size_t i = 0; i < 3; i++)
        cr_expect(is_answer_to(s->exchanges[i], s->requests[i].target), "%zu", i);
    cr_expect_eq(s->exchanges[3]->outcome, HTTP_ANSWERED);
    cr_expect_eq(s->exchanges[3]->response.body.len, 0u);
    free(body);
    tear_down(s, origin);
}

Test(http_burst, is_not_harmed_by_one_that_fails)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT("220 hello\r\n"), SCRIPTED_CLOSE}};
    struct scripted *scripted = scripted_start(answers, 1);
    struct origin *origin = NULL;
    struct setting *s = set_up(&origin, 5);
    struct http_peer garbling = scripted_peer(scripted), tls = s->peer;

    s->other = loopback_peer(unused_port());
    tls.url.scheme = ASSAY_LIT("https");
    s->peers[1] = &s->other;
    s->peers[2] = &garbling;
    s->peers[3] = &tls;
    send_all(s, 5, DEADLINE_MS);
    cr_expect(is_answer_to(s->exchanges[0], "/0"));
    cr_expect_eq(s->exchanges[1]->outcome, HTTP_NO_CONNECTION);
    cr_expect_eq(s->exchanges[2]->outcome, HTTP_GARBLED);
    cr_expect_eq(s->exchanges[3]->outcome, HTTP_NO_CONNECTION);
    cr_expect(is_answer_to(s->exchanges[4], "/4"));
    tear_down(s, origin);
    scripted_stop(scripted);
}

Test(http_burst, tells_resets_and_cut_answers)
{
    static const enum origin_behaviour behaviours[] = {ORIGIN_RESET, ORIGIN_TRUNCATE};

    for (size_t k = 0; k < ARRAY_LEN(behaviours); k++) {
        struct origin *origin = NULL;
        struct setting *s = set_up(&origin, 8);
        size_t closed = 0, answered = 0;

        origin_behave(origin, &(struct origin_rule){.behaviour = behaviours[k], .times = 5});
        send_all(s, 8, DEADLINE_MS);
        for (size_t i = 0; i < 8; i++) {
            closed += s->exchanges[i]->outcome == HTTP_CLOSED;
            answered += s->exchanges[i]->outcome == HTTP_ANSWERED;
        }
        cr_expect_eq(closed, 5u);
        cr_expect_eq(answered, 3u);
        tear_down(s, origin);
    }
}

Test(http_burst, survives_failing_allocations)
{
    bool answered = false;

    for (size_t n = 0; n < 300 && !answered; n++) {
        struct origin *origin = NULL;
        struct setting *s = set_up(&origin, 3);
        enum assay_code rc;

        (void)assay_alloc_fail_after(n);
        rc = http_burst(s->exchanges, &s->overlap, &s->arena, s->peers, s->all, 3, DEADLINE_MS,
                        NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
        answered = rc == ASSAY_OK;
        for (size_t i = 0; i < 3 && answered; i++)
            answered = s->exchanges[i]->outcome == HTTP_ANSWERED;
        tear_down(s, origin);
    }
    cr_expect(answered);
}
