/* The role origin: every behaviour, what it logs, and how it ends. */
#include "roles/origin.h"

#include "base/hash.h"
#include "http/client.h"
#include "http/sock.h"
#include "scripted.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, SHORT_MS = 60 };

struct setting {
    struct origin *origin;
    struct http_peer peer;
    struct assay_arena arena;
    struct http_client *client;
    struct http_request request;
};

static void set_up(struct setting *s)
{
    *s = (struct setting){.arena = ASSAY_ARENA_INIT(32 << 20), .request = http_get("/work?a=b")};
    cr_assert_eq(origin_start(&s->origin, 0, NULL), ASSAY_OK);
    cr_assert_eq(assay_url_split(&s->peer.url, assay_str(origin_url(s->origin)), NULL), ASSAY_OK);
    s->client = http_client_new();
    cr_assert_not_null(s->client);
}

static void tear_down(struct setting *s)
{
    origin_stop(s->origin);
    http_client_free(s->client);
    assay_arena_fini(&s->arena);
}

static const struct http_exchange *ask(struct setting *s, int deadline_ms)
{
    struct http_exchange *exchange = NULL;
    struct assay_err err = {0};

    cr_assert_eq(
        http_send(s->client, &exchange, &s->arena, &s->peer, &s->request, deadline_ms, &err),
        ASSAY_OK, "%s", err.text);
    return exchange;
}

static const struct {
    const char *name;
    struct origin_rule rule;
    enum http_outcome outcome;
    int status;
    const char *body; /* NULL: not looked at */
    uint64_t body_bytes;
} rules[] = {
    {"the default",
     {.behaviour = ORIGIN_ANSWER},
     HTTP_ANSWERED,
     200,
     "execution 1 of GET /work?a=b\n",
     29},
    {"another status", {.behaviour = ORIGIN_ANSWER, .status = 203}, HTTP_ANSWERED, 203, NULL, 29},
    {"no content", {.behaviour = ORIGIN_ANSWER, .status = 204}, HTTP_ANSWERED, 204, "", 0},
    {"a body",
     {.behaviour = ORIGIN_ANSWER, .body = {(const uint8_t *)"a\0b", 3}},
     HTTP_ANSWERED,
     200,
     NULL,
     3},
    {"an empty body", {.behaviour = ORIGIN_ANSWER, .body_set = true}, HTTP_ANSWERED, 200, "", 0},
    {"a failure",
     {.behaviour = ORIGIN_FAIL},
     HTTP_ANSWERED,
     500,
     "execution 1 of GET /work?a=b failed\n",
     36},
    {"a failure of a kind",
     {.behaviour = ORIGIN_FAIL, .status = 503},
     HTTP_ANSWERED,
     503,
     NULL,
     36},
    {"a reset", {.behaviour = ORIGIN_RESET}, HTTP_CLOSED, 0, NULL, 0},
    {"half an answer", {.behaviour = ORIGIN_TRUNCATE}, HTTP_CLOSED, 0, NULL, 0},
    {"half a stream", {.behaviour = ORIGIN_BREAK_OFF}, HTTP_CLOSED, 0, NULL, 0},
    {"a large one",
     {.behaviour = ORIGIN_LARGE, .large_bytes = 1000003},
     HTTP_ANSWERED,
     200,
     NULL,
     1000003},
    {"an empty large one", {.behaviour = ORIGIN_LARGE}, HTTP_ANSWERED, 200, "", 0},
};

Test(origin, answers_as_its_rule_says)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct setting s;
        const struct http_exchange *x;

        set_up(&s);
        origin_behave(s.origin, &rules[i].rule);
        x = ask(&s, DEADLINE_MS);
        cr_expect_eq(x->outcome, rules[i].outcome, "row: %s: %s", rules[i].name, x->trouble);
        if (rules[i].outcome == HTTP_ANSWERED) {
            cr_expect_eq(x->response.status, rules[i].status, "row: %s", rules[i].name);
            cr_expect_eq(x->response.body_bytes, rules[i].body_bytes, "row: %s", rules[i].name);
            cr_expect(rules[i].body == NULL || assay_bytes_is(x->response.body, rules[i].body),
                      "row: %s", rules[i].name);
        }
        cr_expect(origin_await_idle(s.origin, DEADLINE_MS), "row: %s", rules[i].name);
        cr_expect_eq(origin_executions(s.origin), 1u, "row: %s", rules[i].name);
        tear_down(&s);
    }
}

Test(origin, answers_head_without_a_body)
{
    struct setting s;
    const struct http_exchange *x;

    set_up(&s);
    s.request.method = "HEAD";
    origin_behave(s.origin, &(struct origin_rule){
                                .behaviour = ORIGIN_LARGE, .large_bytes = 1 << 20, .times = 1});
    for (size_t i = 0; i < 3; i++) {
        x = ask(&s, DEADLINE_MS);
        cr_expect_eq(x->outcome, HTTP_ANSWERED);
        cr_expect(assay_bytes_is(http_response_header(&x->response, "content-length", NULL),
                                 i == 0 ? "1048576" : "30"));
    }
    tear_down(&s);
}

Test(origin, sends_a_content_type_and_body_that_are_its_own_copies)
{
    char type[] = "text/x", body[] = "body";
    struct origin_rule rule = {
        .behaviour = ORIGIN_ANSWER, .content_type = type, .body = assay_str(body)};
    struct setting s;
    const struct http_exchange *x;

    set_up(&s);
    origin_behave(s.origin, &rule);
    memset(type, '-', sizeof(type) - 1);
    memset(body, '-', sizeof(body) - 1);
    x = ask(&s, DEADLINE_MS);
    cr_expect(assay_bytes_is(http_response_header(&x->response, "Content-Type", NULL), "text/x"));
    cr_expect(assay_bytes_is(x->response.body, "body"));
    tear_down(&s);
}

Test(origin, returns_to_answering_after_so_many_executions)
{
    struct setting s;

    set_up(&s);
    origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_FAIL, .times = 2});
    for (int i = 0; i < 4; i++)
        cr_expect_eq(ask(&s, DEADLINE_MS)->response.status, i < 2 ? 500 : 200);
    tear_down(&s);
}

/* Sends a request and leaves its answer to be read; the origin is executing it on return. */
static int begin_request(struct setting *s)
{
    static const char get[] = "GET /s HTTP/1.1\r\n\r\n";
    uint64_t before = origin_executions(s->origin);
    struct sock_dial dial;

    cr_assert_eq(sock_dial_init(&dial, &s->peer, NULL), ASSAY_OK);
    while (sock_dial_step(&dial) != SOCK_CONNECTED) {
        struct pollfd at = {.fd = dial.fd, .events = POLLOUT};

        cr_assert_geq(dial.fd, 0);
        cr_assert_eq(poll(&at, 1, DEADLINE_MS), 1);
    }
    cr_assert_eq(send(dial.fd, get, sizeof(get) - 1, 0), (ssize_t)sizeof(get) - 1);
    cr_assert(origin_await(s->origin, before + 1, DEADLINE_MS));
    return dial.fd;
}

/* Stalled: not answered, counted as running, let go by release, by another rule, or by the client's
 * end. */
Test(origin, holds_answers_until_they_are_let_go)
{
    for (int how = 0; how < 3; how++) {
        struct setting s;
        uint8_t in[256];
        int fd;

        set_up(&s);
        origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
        fd = begin_request(&s);
        cr_expect_eq(origin_running(s.origin), 1u);
        cr_expect_not(origin_await_idle(s.origin, SHORT_MS));
        cr_expect_eq(recv(fd, in, sizeof(in), MSG_DONTWAIT), -1);
        if (how == 0)
            origin_release(s.origin);
        else if (how == 1)
            origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_FAIL});
        else
            close(fd);
        cr_expect(origin_await_idle(s.origin, DEADLINE_MS));
        if (how < 2) {
            ssize_t len = recv(fd, in, sizeof(in), 0);

            cr_expect(len > 0 && memmem(in, (size_t)len, "200 OK", 6) != NULL);
            close(fd);
        }
        tear_down(&s);
    }
}

/* Reads until that has come; what came so far stays in `in`. */
static void read_to(struct assay_buf *in, int fd, const char *text)
{
    while (assay_buf_cstr(in) == NULL || strstr(assay_buf_cstr(in), text) == NULL) {
        struct pollfd at = {.fd = fd, .events = POLLIN}; /* the socket does not block */
        uint8_t more[256];
        ssize_t len;

        cr_assert_eq(poll(&at, 1, DEADLINE_MS), 1, "nothing comes before %s", text);
        len = recv(fd, more, sizeof(more), 0);
        cr_assert_gt(len, 0, "it ends before %s", text);
        assay_buf_add(in, assay_bytes_of(more, (size_t)len));
    }
}

Test(origin, begins_a_stream_and_ends_it_when_it_is_let_go)
{
    static const char half[] = "\r\n\r\n3\r\nbeg\r\n";
    struct assay_buf in = ASSAY_BUF_INIT(4096);
    struct setting s;
    uint8_t more;
    int fd;

    set_up(&s);
    origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_STREAM,
                                                  .body = {(const uint8_t *)"begun.", 6}});
    fd = begin_request(&s);
    read_to(&in, fd, half);
    cr_expect_not_null(strstr(assay_buf_cstr(&in), "Transfer-Encoding: chunked\r\n"));
    cr_expect_not(origin_await_idle(s.origin, SHORT_MS));
    cr_expect_eq(recv(fd, &more, 1, MSG_DONTWAIT), -1);
    origin_release(s.origin);
    read_to(&in, fd, "\r\n3\r\nun.\r\n0\r\n\r\n");
    cr_expect(origin_await_idle(s.origin, DEADLINE_MS));
    close(fd);
    assay_buf_fini(&in);
    tear_down(&s);
}

Test(origin, is_stopped_while_it_holds_answers)
{
    struct setting s;
    uint8_t in;
    int fd;

    set_up(&s);
    origin_behave(s.origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
    fd = begin_request(&s);
    tear_down(&s);
    cr_expect_eq(recv(fd, &in, 1, 0), 0);
    close(fd);
}

Test(origin, logs_what_it_was_given)
{
    struct origin_execution one;
    char sha[65];
    uint8_t *body = calloc(1, 100000);
    struct setting s;

    set_up(&s);
    cr_assert_not_null(body);
    s.request = http_post("/a//b%2F?x", "application/json; x=y", assay_bytes_of(body, 100000));
    (void)ask(&s, DEADLINE_MS);
    s.request.chunked = true;
    s.request.body = ASSAY_LIT("{\"a\": 1}");
    (void)ask(&s, DEADLINE_MS);
    cr_assert(origin_await_idle(s.origin, DEADLINE_MS));

    cr_assert(origin_execution(s.origin, 1, &one));
    assay_sha256_hex(sha, assay_bytes_of(body, 100000));
    cr_expect_str_eq(one.body_sha256, sha);
    cr_expect_eq(one.body_bytes, 100000u);
    cr_expect_eq(one.body.len, 65536u);
    cr_expect_str_eq(one.target, "/a//b%2F?x");
    cr_expect_str_eq(one.content_type, "application/json; x=y");
    cr_expect(one.start_ns > 0 && one.end_ns >= one.start_ns);

    cr_assert(origin_execution(s.origin, 2, &one));
    cr_expect_eq(one.number, 2u);
    cr_expect_str_eq(one.method, "POST");
    cr_expect(assay_bytes_is(one.body, "{\"a\": 1}"));
    cr_expect_not(origin_execution(s.origin, 0, &one));
    cr_expect_not(origin_execution(s.origin, 3, &one));
    free(body);
    tear_down(&s);
}

/* The log has an end; strings that were handed out stay. */
Test(origin, forgets_the_oldest_executions_but_not_what_it_lent)
{
    struct origin_execution lent, one;
    struct setting s;

    set_up(&s);
    s.request.target = "/first";
    (void)ask(&s, DEADLINE_MS);
    cr_assert(origin_execution(s.origin, 1, &lent));
    s.request.target = "/later";
    for (int i = 0; i < 4096; i++)
        (void)ask(&s, DEADLINE_MS);
    cr_expect_not(origin_execution(s.origin, 1, &one));
    cr_expect(origin_execution(s.origin, 2, &one));
    cr_expect_str_eq(lent.target, "/first");
    cr_expect_eq(origin_executions(s.origin), 4097u);
    tear_down(&s);
}

static const struct {
    const char *name, *request;
} refused[] = {
    {"no request line", "\r\n\r\n"},
    {"another version", "GET / HTTP/2.0\r\n\r\n"},
    {"two spaces", "GET  / HTTP/1.1\r\n\r\n"},
    {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"},
    {"two framings",
     "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"another coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"},
    {"a wrong chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"},
    {"a folded header", "GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n"},
    {"space before a colon", "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx"},
    {"a length in words", "POST / HTTP/1.1\r\nContent-Length: one\r\n\r\nx"},
};

Test(origin, does_not_count_what_is_no_clear_request)
{
    struct setting s;

    set_up(&s);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct http_piece piece = {.bytes = assay_str(refused[i].request)};
        struct http_exchange *exchange = NULL;
        size_t answers;
        bool closed;

        cr_assert_eq(http_raw(&exchange, &answers, &closed, &s.arena, &s.peer, &piece, 1, 1, false,
                              DEADLINE_MS, NULL),
                     ASSAY_OK);
        cr_expect_eq(exchange->outcome, HTTP_ANSWERED, "row: %s", refused[i].name);
        cr_expect_eq(exchange->response.status, 400, "row: %s", refused[i].name);
    }
    cr_expect_eq(origin_executions(s.origin), 0u);
    tear_down(&s);
}

Test(origin, lets_a_client_go_on_that_waits_for_it)
{
    const struct http_piece pieces[] = {
        {.bytes =
             ASSAY_LIT("POST /e HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
         .pause_ms = 20},
        {.bytes = ASSAY_LIT("bo")},
        {.bytes = ASSAY_LIT("dyGET /next HTTP/1.0\r\n\r\n")},
    };
    struct http_exchange *exchanges[3] = {NULL};
    struct origin_execution one;
    struct setting s;
    size_t answers = 0;
    bool closed = false;

    set_up(&s);
    cr_assert_eq(http_raw(exchanges, &answers, &closed, &s.arena, &s.peer, pieces, 3, 3, false,
                          DEADLINE_MS, NULL),
                 ASSAY_OK);
    cr_assert_eq(answers, 2u);
    cr_expect(closed);
    cr_assert(origin_execution(s.origin, 1, &one));
    cr_expect(assay_bytes_is(one.body, "body"));
    cr_expect(assay_bytes_is(exchanges[1]->response.body, "execution 2 of GET /next\n"));
    tear_down(&s);
}

Test(origin, is_started_or_says_why_not)
{
    enum assay_code rc = ASSAY_E_NOMEM;

    for (size_t n = 0; n < 10 && rc == ASSAY_E_NOMEM; n++) {
        struct origin *origin = NULL;
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        rc = origin_start(&origin, 0, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(err.code, rc);
        cr_expect_eq(origin != NULL, rc == ASSAY_OK);
        origin_stop(origin);
    }
    cr_expect_eq(rc, ASSAY_OK);
    origin_stop(NULL);
}
