/* Raw conversations: pieces, pauses, several answers, closes, and answers to HEAD. */
#include "http/client.h"

#include "http/sock.h"
#include "roles/origin.h"
#include "scripted.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { DEADLINE_MS = 20000, SHORT_MS = 1000, ANSWERS_MAX = 4 };

#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define PIECE(text) .bytes = {(const uint8_t *)(text), sizeof(text) - 1}

struct talk {
    struct assay_arena arena;
    struct http_exchange *exchanges[ANSWERS_MAX];
    size_t answers;
    bool closed;
};

static void say(struct talk *talk, const struct http_peer *peer, const struct http_piece *pieces,
                size_t count, size_t max_answers, bool half_close, int deadline_ms)
{
    struct assay_err err = {0};

    *talk = (struct talk){.arena = ASSAY_ARENA_INIT(8 << 20)};
    cr_assert_eq(http_raw(talk->exchanges, &talk->answers, &talk->closed, &talk->arena, peer,
                          pieces, count, max_answers, half_close, deadline_ms, &err),
                 ASSAY_OK, "%s", err.text);
    cr_assert(talk->answers >= 1 && talk->answers <= max_answers);
}

static struct http_peer start(struct origin **origin)
{
    struct http_peer peer = {0};

    cr_assert_eq(origin_start(origin, 0, NULL), ASSAY_OK);
    cr_assert_eq(assay_url_split(&peer.url, assay_str(origin_url(*origin)), NULL), ASSAY_OK);
    return peer;
}

Test(http_raw, reads_every_answer_of_a_pipeline_in_order)
{
    const struct http_piece pieces[] = {
        {PIECE("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n")},
        {PIECE("Host: x\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n")},
    };
    struct origin *origin = NULL;
    struct http_peer peer = start(&origin);
    struct talk talk;

    say(&talk, &peer, pieces, 2, ANSWERS_MAX, false, DEADLINE_MS);
    cr_assert_eq(talk.answers, 3u);
    cr_expect(talk.closed);
    for (size_t i = 0; i < talk.answers; i++) {
        const struct http_exchange *x = talk.exchanges[i];
        char expected[64];

        (void)snprintf(expected, sizeof(expected), "execution %zu of GET /%zu\n", i + 1, i + 1);
        cr_expect_eq(x->outcome, HTTP_ANSWERED);
        cr_expect_null(x->request);
        cr_expect(assay_bytes_is(x->response.body, expected));
        cr_expect_eq(x->sent.len, pieces[0].bytes.len + pieces[1].bytes.len);
        cr_expect(x->first_ns >= x->sent_ns && x->end_ns >= x->first_ns && x->sent_ns > 0);
    }
    assay_arena_fini(&talk.arena);
    origin_stop(origin);
}

Test(http_raw, stops_after_the_answers_it_was_to_read)
{
    const struct http_piece piece = {PIECE(GET GET GET)};
    struct origin *origin = NULL;
    struct http_peer peer = start(&origin);
    struct talk talk;

    say(&talk, &peer, &piece, 1, 2, false, DEADLINE_MS);
    cr_expect_eq(talk.answers, 2u);
    cr_expect_not(talk.closed);
    assay_arena_fini(&talk.arena);
    origin_stop(origin);
}

Test(http_raw, waits_for_an_answer_or_a_while_between_pieces)
{
    const struct http_piece pieces[] = {
        {PIECE("HEAD /1 HTTP/1.1\r\n\r\n"), .await_answer = true},
        {PIECE("GET /2 HTTP/1.1\r\n\r\n"), .await_answer = true},
        {PIECE("HEAD /3 HT"), .pause_ms = 20},
        {PIECE("TP/1.1\r\n\r\n")},
    };
    struct origin *origin = NULL;
    struct http_peer peer = start(&origin);
    struct origin_execution second, third;
    struct talk talk;

    say(&talk, &peer, pieces, 4, 3, false, DEADLINE_MS);
    cr_assert_eq(talk.answers, 3u);
    cr_expect_eq(talk.exchanges[0]->response.body.len, 0u);
    cr_expect(assay_bytes_is(talk.exchanges[1]->response.body, "execution 2 of GET /2\n"));
    cr_expect_eq(talk.exchanges[2]->outcome, HTTP_ANSWERED);
    cr_expect_eq(talk.exchanges[2]->response.body.len, 0u);
    cr_assert(origin_execution(origin, 2, &second) && origin_execution(origin, 3, &third));
    cr_expect_geq(third.start_ns - second.start_ns, 20000000);
    assay_arena_fini(&talk.arena);
    origin_stop(origin);
}

Test(http_raw, says_which_answer_did_not_come)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(EMPTY), SCRIPTED_KEEP}};
    const struct http_piece pieces[] = {
        {PIECE(GET), .await_answer = true},
        {PIECE(GET), .await_answer = true},
        {PIECE(GET)},
    };
    struct scripted *scripted = scripted_start(answers, 1);
    struct http_peer peer = scripted_peer(scripted);
    struct talk talk;

    say(&talk, &peer, pieces, 3, 3, false, SHORT_MS);
    cr_assert_eq(talk.answers, 2u);
    cr_expect_eq(talk.exchanges[0]->outcome, HTTP_ANSWERED);
    cr_expect_eq(talk.exchanges[1]->outcome, HTTP_TIMEOUT);
    cr_expect_eq(talk.exchanges[1]->sent.len, 2 * sizeof(GET) - 2);
    cr_expect_not(talk.closed);
    assay_arena_fini(&talk.arena);
    scripted_stop(scripted);
}

static const struct {
    const char *name, *answer;
    enum scripted_end end;
    size_t answers;
    enum http_outcome last;
    bool closed;
} ends[] = {
    {"two answers at once", EMPTY EMPTY, SCRIPTED_CLOSE, 2, HTTP_ANSWERED, true},
    {"one, then garbage", EMPTY "what?", SCRIPTED_KEEP, 2, HTTP_GARBLED, false},
    {"one and a half", EMPTY "HTTP/1.1 200", SCRIPTED_CLOSE, 2, HTTP_CLOSED, true},
    {"one without an end", "HTTP/1.1 200 OK\r\n\r\nabc", SCRIPTED_CLOSE, 1, HTTP_ANSWERED, true},
    {"one without an end, reset", "HTTP/1.1 200 OK\r\n\r\nabc", SCRIPTED_RESET, 1, HTTP_CLOSED,
     true},
    {"nothing", "", SCRIPTED_CLOSE, 1, HTTP_CLOSED, true},
    {"silence", "", SCRIPTED_KEEP, 1, HTTP_TIMEOUT, false},
    {"one, then silence", EMPTY, SCRIPTED_KEEP, 1, HTTP_ANSWERED, false},
};

Test(http_raw, tells_how_a_conversation_ended)
{
    const struct http_piece piece = {PIECE(GET)};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct scripted_answer answer = {assay_str(ends[i].answer), ends[i].end};
        struct scripted *scripted = scripted_start(&answer, 1);
        struct http_peer peer = scripted_peer(scripted);
        struct talk talk;

        say(&talk, &peer, &piece, 1, ANSWERS_MAX, false,
            ends[i].end == SCRIPTED_KEEP ? SHORT_MS : DEADLINE_MS);
        cr_assert_eq(talk.answers, ends[i].answers, "row: %s", ends[i].name);
        cr_expect_eq(talk.exchanges[talk.answers - 1]->outcome, ends[i].last, "row: %s",
                     ends[i].name);
        cr_expect_eq(talk.closed, ends[i].closed, "row: %s", ends[i].name);
        assay_arena_fini(&talk.arena);
        scripted_stop(scripted);
    }
}

/* The origin ends a connection whose client has ended without a request; a stalled one stays. */
Test(http_raw, ends_its_side_when_told_to)
{
    const struct http_piece piece = {PIECE("GET / HTTP/1.1\r\nContent-Le")};
    struct origin *origin = NULL;
    struct http_peer peer = start(&origin);
    struct talk talk;

    say(&talk, &peer, &piece, 1, 1, true, DEADLINE_MS);
    cr_expect_eq(talk.exchanges[0]->outcome, HTTP_CLOSED);
    cr_expect(talk.closed);
    assay_arena_fini(&talk.arena);
    say(&talk, &peer, &piece, 1, 1, false, SHORT_MS);
    cr_expect_eq(talk.exchanges[0]->outcome, HTTP_TIMEOUT);
    cr_expect_not(talk.closed);
    assay_arena_fini(&talk.arena);
    cr_expect_eq(origin_executions(origin), 0u);
    origin_stop(origin);
}

Test(http_raw, reads_an_answer_that_comes_before_all_is_sent)
{
    const struct http_piece pieces[] = {
        {PIECE("broken\r\n\r\n"), .pause_ms = DEADLINE_MS},
        {PIECE("never sent")},
    };
    struct origin *origin = NULL;
    struct http_peer peer = start(&origin);
    struct talk talk;

    say(&talk, &peer, pieces, 2, ANSWERS_MAX, false, DEADLINE_MS);
    cr_assert_eq(talk.answers, 1u);
    cr_expect_eq(talk.exchanges[0]->response.status, 400);
    cr_expect_eq(talk.exchanges[0]->sent.len, pieces[0].bytes.len);
    cr_expect(talk.closed);
    assay_arena_fini(&talk.arena);
    origin_stop(origin);
}

Test(http_raw, says_when_there_is_no_connection_or_nobody_may_be_reached)
{
    struct http_peer peer = loopback_peer(unused_port());
    const struct http_piece piece = {PIECE(GET)};
    struct assay_err err = {0};
    struct talk talk;

    say(&talk, &peer, &piece, 1, 1, false, DEADLINE_MS);
    cr_expect_eq(talk.exchanges[0]->outcome, HTTP_NO_CONNECTION);
    cr_expect_eq(talk.exchanges[0]->sent.len, 0u);
    assay_arena_fini(&talk.arena);
    peer.url.scheme = ASSAY_LIT("https");
    say(&talk, &peer, &piece, 1, 1, false, DEADLINE_MS);
    cr_expect_eq(talk.exchanges[0]->outcome, HTTP_NO_CONNECTION);
    peer.url.host = ASSAY_LIT("192.0.2.1");
    cr_expect_eq(http_raw(talk.exchanges, &talk.answers, &talk.closed, &talk.arena, &peer, &piece,
                          1, 1, false, DEADLINE_MS, &err),
                 ASSAY_E_DENIED);
    cr_expect_not_null(strstr(err.text, "192.0.2.1"));
    assay_arena_fini(&talk.arena);
}

Test(http_raw, writes_requests_as_they_are_described)
{
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    struct http_peer peer = loopback_peer(80);
    struct http_request request = http_get("*");

    request.method = "OPTIONS";
    peer.url.path = ASSAY_LIT("/base");
    http_request_write(&out, &peer, &request, true);
    cr_expect_str_eq(assay_buf_cstr(&out),
                     "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: assay\r\n"
                     "Connection: close\r\n\r\n");
    assay_buf_clear(&out);
    request = http_post("/x", NULL, ASSAY_LIT("0123456789abcdef"));
    request.chunked = true;
    peer.url.host = ASSAY_LIT("::1");
    peer.url.port = 8080;
    cr_assert(http_request_add(&request, "user-agent", ASSAY_LIT("other")));
    http_request_write(&out, &peer, &request, false);
    cr_expect_str_eq(assay_buf_cstr(&out),
                     "POST /base/x HTTP/1.1\r\nHost: [::1]:8080\r\nuser-agent: other\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    assay_buf_clear(&out);
    cr_assert(http_request_add(&request, "Host", ASSAY_LIT("elsewhere")));
    request.chunked = false;
    cr_assert(http_request_add(&request, "Content-Length", ASSAY_LIT("3")));
    http_request_write(&out, &peer, &request, false);
    cr_expect_str_eq(assay_buf_cstr(&out),
                     "POST /base/x HTTP/1.1\r\nuser-agent: other\r\nHost: elsewhere\r\n"
                     "Content-Length: 3\r\n\r\n0123456789abcdef");
    assay_buf_fini(&out);
}

Test(http_raw, takes_no_more_headers_than_there_is_room_for)
{
    struct http_request request = http_get("/");

    for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
        cr_assert(http_request_add(&request, "A", ASSAY_LIT("b")));
    cr_expect_not(http_request_add(&request, "A", ASSAY_LIT("b")));
    cr_expect_eq(request.header_count, (size_t)HTTP_HEADERS_MAX);
}
