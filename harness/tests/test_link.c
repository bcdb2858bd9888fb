/* The fault link: each rule on its own, between a client and an origin. */
#include "fault/link.h"

#include "http/client.h"
#include "http/sock.h"
#include "roles/origin.h"
#include "scripted.h"

#include <criterion/criterion.h>
#include <poll.h>

enum { DEADLINE_MS = 20000, SHORT_MS = 80 };

#define GET "GET /l HTTP/1.1\r\nHost: x\r\n\r\n"

struct setting {
    struct origin *origin;
    struct fault_link *link;
    struct http_peer peer;
    struct assay_arena arena;
    struct http_exchange *exchange;
    bool closed;
};

static void set_up(struct setting *s)
{
    struct assay_url url;

    *s = (struct setting){.arena = ASSAY_ARENA_INIT(32 << 20)};
    cr_assert_eq(origin_start(&s->origin, 0, NULL), ASSAY_OK);
    cr_assert_eq(assay_url_split(&url, assay_str(origin_url(s->origin)), NULL), ASSAY_OK);
    cr_assert_eq(fault_link_start(&s->link, "127.0.0.1", url.port, NULL), ASSAY_OK);
    s->peer = loopback_peer(fault_link_port(s->link));
}

static void tear_down(struct setting *s)
{
    fault_link_stop(s->link);
    origin_stop(s->origin);
    assay_arena_fini(&s->arena);
}

static enum http_outcome ask(struct setting *s, int deadline_ms)
{
    const struct http_piece piece = {.bytes = ASSAY_LIT(GET)};
    size_t answers;

    cr_assert_eq(http_raw(&s->exchange, &answers, &s->closed, &s->arena, &s->peer, &piece, 1, 1,
                          false, deadline_ms, NULL),
                 ASSAY_OK);
    return s->exchange->outcome;
}

/* Where a connection is reset at once, the client sees that while it connects or just after. */
static bool is_reset(enum http_outcome outcome)
{
    return outcome == HTTP_CLOSED || outcome == HTTP_NO_CONNECTION;
}

static void behave(struct setting *s, struct link_rule rule)
{
    fault_link_behave(s->link, &rule);
}

#define RULE(after, ...) ((struct link_rule){.cut_after = (after), __VA_ARGS__})

Test(link, forwards_bytes_both_ways_and_counts_them)
{
    struct setting s;
    uint64_t towards, back, connections;

    set_up(&s);
    for (uint64_t i = 1; i <= 3; i++) {
        cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
        fault_link_counts(s.link, &towards, &back, &connections);
        cr_expect_eq(connections, i);
        cr_expect_eq(towards, i * (sizeof(GET) - 1));
        cr_expect_gt(back, i * s.exchange->response.body_bytes);
    }
    tear_down(&s);
}

Test(link, forwards_more_than_it_holds)
{
    struct setting s;
    struct http_client *client = http_client_new();
    uint8_t *body = calloc(1, 3 << 20);
    struct http_request request = http_post("/", NULL, assay_bytes_of(body, 3 << 20));
    struct origin_execution one;

    cr_assert(client != NULL && body != NULL);
    set_up(&s);
    origin_behave(s.origin,
                  &(struct origin_rule){.behaviour = ORIGIN_LARGE, .large_bytes = 3 << 20});
    cr_assert_eq(http_send(client, &s.exchange, &s.arena, &s.peer, &request, DEADLINE_MS, NULL),
                 ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED, "%s", s.exchange->trouble);
    cr_expect_eq(s.exchange->response.body_bytes, 3u << 20);
    cr_assert(origin_execution(s.origin, 1, &one));
    cr_expect_eq(one.body_bytes, 3u << 20);
    free(body);
    http_client_free(client);
    tear_down(&s);
}

Test(link, passes_on_the_ends_of_both_sides)
{
    const struct http_piece piece = {.bytes = ASSAY_LIT("GET /half")};
    struct setting s;
    size_t answers;

    set_up(&s);
    cr_assert_eq(http_raw(&s.exchange, &answers, &s.closed, &s.arena, &s.peer, &piece, 1, 1, true,
                          DEADLINE_MS, NULL),
                 ASSAY_OK);
    cr_expect(s.closed);
    origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_RESET});
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_CLOSED);
    origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_TRUNCATE});
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_CLOSED);
    tear_down(&s);
}

Test(link, holds_bytes_back)
{
    struct setting s;
    int64_t before_ns;

    set_up(&s);
    behave(&s, RULE(-1, .delay_ms = 30));
    before_ns = sock_now_ns();
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    cr_expect_geq(sock_now_ns() - before_ns, 60000000 - 1000000); /* once in each direction */
    tear_down(&s);
}

Test(link, resets_new_connections_only)
{
    const struct http_piece pieces[] = {{.bytes = ASSAY_LIT(GET), .await_answer = true},
                                        {.bytes = ASSAY_LIT(GET)}};
    struct http_exchange *exchanges[2];
    struct setting s;
    size_t answers;

    set_up(&s);
    behave(&s, RULE(-1, .refuse = 1));
    cr_expect(is_reset(ask(&s, DEADLINE_MS)));
    cr_expect_eq(origin_executions(s.origin), 0u);
    behave(&s, RULE(-1, .refuse = 0));
    cr_assert_eq(http_raw(exchanges, &answers, &s.closed, &s.arena, &s.peer, pieces, 2, 2, false,
                          DEADLINE_MS, NULL),
                 ASSAY_OK);
    cr_expect_eq(answers, 2u);
    tear_down(&s);
}

/* The link closes a connection whose client has ended, and has then read all that it sent. */
Test(link, swallows_what_is_sent)
{
    const struct http_piece piece = {.bytes = ASSAY_LIT(GET)};
    struct setting s;
    size_t answers;
    uint64_t towards, back, connections;

    set_up(&s);
    behave(&s, RULE(-1, .blackhole = 1));
    cr_assert_eq(http_raw(&s.exchange, &answers, &s.closed, &s.arena, &s.peer, &piece, 1, 1, true,
                          DEADLINE_MS, NULL),
                 ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_CLOSED);
    fault_link_counts(s.link, &towards, &back, &connections);
    cr_expect_eq(towards, 0u);
    cr_expect_eq(back, 0u);
    behave(&s, RULE(-1, .blackhole = 0));
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    cr_expect_eq(origin_executions(s.origin), 1u);
    tear_down(&s);
}

static const struct {
    const char *name;
    int64_t after;
    int reset;
} cuts[] = {
    {"the whole answer", 0, 0},
    {"the whole answer, reset", 0, 1},
    {"within the head", 10, 0},
    {"within the head, reset", 10, 1},
};

/* The origin ran: only its answer is lost. A rule set again counts from then on. */
Test(link, cuts_answers_after_so_many_bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct setting s;
        uint64_t towards, back, connections;

        set_up(&s);
        behave(&s, RULE(cuts[i].after, .reset = cuts[i].reset));
        for (uint64_t n = 1; n <= 2; n++) {
            cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_CLOSED, "row: %s", cuts[i].name);
            fault_link_counts(s.link, &towards, &back, &connections);
            cr_expect_eq(back, n * (uint64_t)cuts[i].after, "row: %s", cuts[i].name);
            cr_expect_eq(origin_executions(s.origin), n, "row: %s", cuts[i].name);
        }
        tear_down(&s);
    }
}

Test(link, lets_an_answer_pass_that_ends_where_it_would_cut)
{
    struct setting s;
    uint64_t towards, back, connections;

    set_up(&s);
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    fault_link_counts(s.link, &towards, &back, &connections);
    behave(&s, RULE((int64_t)back, .reset = 0));
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    behave(&s, RULE((int64_t)back - 1, .reset = 0));
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_CLOSED);
    tear_down(&s);
}

Test(link, drips_bytes)
{
    struct setting s;
    int64_t before_ns;
    size_t bytes = sizeof(GET) - 1;

    set_up(&s);
    behave(&s, RULE(-1, .drip_bytes = 10, .drip_ms = 5));
    before_ns = sock_now_ns();
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    cr_expect_geq(sock_now_ns() - before_ns, (int64_t)((bytes - 1) / 10) * 5000000);
    tear_down(&s);
}

Test(link, sends_bursts_twice)
{
    struct setting s;
    struct origin_execution one;

    set_up(&s);
    behave(&s, RULE(-1, .duplicate = 1));
    for (uint64_t n = 1; n <= 3; n++) {
        cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
        cr_expect(origin_await(s.origin, 2 * n, DEADLINE_MS));
    }
    cr_expect(origin_execution(s.origin, 6, &one));
    cr_expect_str_eq(one.target, "/l");
    cr_expect_eq(origin_executions(s.origin), 6u);
    behave(&s, RULE(-1, .duplicate = 0));
    cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED);
    cr_expect_not(origin_await(s.origin, 8, SHORT_MS));
    tear_down(&s);
}

Test(link, resets_its_client_when_the_service_is_gone)
{
    struct setting s;

    set_up(&s);
    origin_stop(s.origin);
    s.origin = NULL;
    cr_expect(is_reset(ask(&s, DEADLINE_MS)));
    tear_down(&s);
}

Test(link, serves_more_connections_than_it_has_places_for_in_turn)
{
    struct setting s;

    set_up(&s);
    behave(&s, RULE(-1, .duplicate = 1));
    for (int i = 0; i < 400; i++)
        cr_expect_eq(ask(&s, DEADLINE_MS), HTTP_ANSWERED, "%d: %s", i, s.exchange->trouble);
    cr_expect(origin_await(s.origin, 800, DEADLINE_MS));
    tear_down(&s);
}

Test(link, goes_to_loopback_alone)
{
    struct fault_link *link = NULL;
    struct assay_err err = {0};

    cr_expect_eq(fault_link_start(&link, "192.0.2.1", 80, &err), ASSAY_E_DENIED);
    cr_expect_not_null(strstr(err.text, "192.0.2.1"));
    cr_expect_null(link);
    fault_link_stop(NULL);
}

Test(link, survives_failing_allocations)
{
    bool answered = false;

    for (size_t n = 0; n < 100 && !answered; n++) {
        struct setting s;
        const struct http_piece piece = {.bytes = ASSAY_LIT(GET)};
        enum assay_code rc;
        size_t answers;

        set_up(&s);
        behave(&s, RULE(-1, .duplicate = 1));
        (void)assay_alloc_fail_after(n);
        rc = http_raw(&s.exchange, &answers, &s.closed, &s.arena, &s.peer, &piece, 1, 1, false,
                      DEADLINE_MS, NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        answered = rc == ASSAY_OK && s.exchange->outcome == HTTP_ANSWERED;
        tear_down(&s);
    }
    cr_expect(answered);
}
