/* Sending one request: what goes out, what outcomes come back, and where no socket is connected to.
 */
#include "http/client.h"

#include "base/hash.h"
#include "http/sock.h"
#include "roles/origin.h"
#include "scripted.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>

enum { DEADLINE_MS = 20000, SHORT_MS = 100, LARGE_BODY_BYTES = 40000 };

#define OK "HTTP/1.1 200 OK\r\n"
#define EMPTY OK "Content-Length: 0\r\n\r\n"

struct setting {
    struct assay_arena arena;
    struct http_client *client;
    struct http_exchange *exchange;
    struct assay_err err;
};

static void set_up(struct setting *s)
{
    *s = (struct setting){.arena = ASSAY_ARENA_INIT(32 << 20)};
    s->client = http_client_new();
    cr_assert_not_null(s->client);
}

static void tear_down(struct setting *s)
{
    http_client_free(s->client);
    assay_arena_fini(&s->arena);
}

static enum assay_code send_to(struct setting *s, const struct http_peer *peer,
                               const struct http_request *request, int deadline_ms)
{
    return http_send(s->client, &s->exchange, &s->arena, peer, request, deadline_ms, &s->err);
}

static struct http_peer peer_of(struct origin *origin)
{
    struct http_peer peer = {0};

    cr_assert_eq(assay_url_split(&peer.url, assay_str(origin_url(origin)), NULL), ASSAY_OK);
    return peer;
}

static bool contains(struct assay_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

/* The same request through libcurl, and, with a header it frames by itself, raw. */
static void sends_verbatim(bool raw)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(EMPTY), SCRIPTED_KEEP}};
    struct scripted *scripted = scripted_start(answers, 1);
    struct http_peer peer = scripted_peer(scripted);
    struct http_request request =
        http_post("/a/../b/%2e/./c?q=%zz&x=y z", "text/x", ASSAY_LIT("12345"));
    struct setting s;
    struct assay_bytes got;

    set_up(&s);
    peer.url.path = ASSAY_LIT("/pre/");
    request.target = "/a/../b/%2e/./c?q=%zz#x";
    cr_assert(http_request_add(&request, "X-Odd", ASSAY_LIT("\x01 caf\xc3\xa9 \xff ")));
    cr_assert(http_request_add(&request, "X-Odd", ASSAY_LIT("again")));
    if (raw)
        cr_assert(http_request_add(&request, "Blank", ASSAY_LIT("")));
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED, "%s", s.exchange->trouble);
    cr_expect_eq(s.exchange->request, &request);
    cr_expect_eq(s.exchange->response.status, 200);
    cr_expect(s.exchange->sent_ns > 0 && s.exchange->first_ns >= s.exchange->sent_ns &&
              s.exchange->end_ns >= s.exchange->first_ns);
    got = scripted_received(scripted);
    cr_expect(contains(got, "POST /pre/a/../b/%2e/./c?q=%zz#x HTTP/1.1\r\nHost: 127.0.0.1:"));
    cr_expect(contains(got, "\r\nX-Odd: \x01 caf\xc3\xa9 \xff \r\nX-Odd: again\r\n"));
    cr_expect(contains(got, "\r\nUser-Agent: assay\r\n"));
    cr_expect(contains(got, "\r\nContent-Length: 5\r\n"));
    cr_expect(contains(got, "\r\nContent-Type: text/x\r\n"));
    cr_expect_eq(contains(got, "\r\nBlank: \r\n"), raw);
    cr_expect_eq(contains(got, "\r\nConnection: close\r\n"), raw);
    cr_expect_not(contains(got, "Accept"));
    cr_expect_not(contains(got, "Expect"));
    cr_expect(contains(got, "\r\n\r\n12345"));
    tear_down(&s);
    scripted_stop(scripted);
}

Test(http_client, sends_target_and_headers_as_they_are)
{
    sends_verbatim(false);
}

Test(http_client, sends_what_libcurl_cannot_as_raw_bytes)
{
    sends_verbatim(true);
}

Test(http_client, sends_line_ends_in_a_value_as_they_are)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(EMPTY), SCRIPTED_KEEP}};
    struct scripted *scripted = scripted_start(answers, 1);
    struct http_peer peer = scripted_peer(scripted);
    struct http_request request = http_get("/");
    struct setting s;

    set_up(&s);
    cr_assert(http_request_add(&request, "X", ASSAY_LIT("a\r\nInjected: \0b")));
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED);
    cr_expect(contains(scripted_received(scripted), "\r\nX: a\r\nInjected: "));
    tear_down(&s);
    scripted_stop(scripted);
}

static const struct {
    const char *name, *method;
    size_t body_bytes;
    bool has_body, chunked, raw;
} bodies[] = {
    {"none", "GET", 0, false, false, false},
    {"POST without", "POST", 0, false, false, false},
    {"empty", "POST", 0, true, false, false},
    {"small", "PUT", 10, true, false, false},
    {"with GET", "GET", 10, true, false, false},
    {"with a method of its own", "BREW", 10, true, false, false},
    {"large", "POST", 3000000, true, false, false},
    {"chunked", "POST", 70000, true, true, false},
    {"chunked and empty", "POST", 0, true, true, false},
    {"large and raw", "POST", 3000000, true, false, true},
    {"chunked and raw", "POST", 70000, true, true, true},
    {"with HEAD", "HEAD", 10, true, false, false},
    {"DELETE without", "DELETE", 0, false, false, true},
};

Test(http_client, frames_bodies_of_every_size)
{
    struct origin *origin = NULL;
    struct http_peer peer;
    struct setting s;
    uint8_t *body = calloc(1, 3000000);

    set_up(&s);
    cr_assert_not_null(body);
    memset(body, 'b', 3000000);
    cr_assert_eq(origin_start(&origin, 0, NULL), ASSAY_OK);
    peer = peer_of(origin);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct http_request request = http_get("/x");
        struct origin_execution seen;
        char sha[65];

        request.method = bodies[i].method;
        request.body = assay_bytes_of(body, bodies[i].body_bytes);
        request.has_body = bodies[i].has_body;
        request.chunked = bodies[i].chunked;
        if (bodies[i].raw)
            cr_assert(http_request_add(&request, "Blank", ASSAY_LIT(" ")));
        cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
        cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED, "row: %s: %s", bodies[i].name,
                     s.exchange->trouble);
        cr_assert(origin_execution(origin, i + 1, &seen), "row: %s", bodies[i].name);
        assay_sha256_hex(sha, request.body);
        cr_expect_str_eq(seen.method, bodies[i].method, "row: %s", bodies[i].name);
        cr_expect_eq(seen.body_bytes, bodies[i].body_bytes, "row: %s", bodies[i].name);
        cr_expect_str_eq(seen.body_sha256, sha, "row: %s", bodies[i].name);
        cr_expect_str_eq(seen.content_type, "", "row: %s", bodies[i].name);
        cr_expect_eq(s.exchange->response.body.len == 0, strcmp(bodies[i].method, "HEAD") == 0);
    }
    cr_expect_eq(origin_executions(origin), ARRAY_LEN(bodies));
    origin_stop(origin);
    free(body);
    tear_down(&s);
}

static const struct {
    const char *name, *answer;
    enum scripted_end end;
    enum http_outcome outcome;
    int status;
    const char *body;
} outcomes[] = {
    {"complete", OK "Content-Length: 2\r\n\r\nab", SCRIPTED_KEEP, HTTP_ANSWERED, 200, "ab"},
    {"until the close", OK "\r\nab", SCRIPTED_CLOSE, HTTP_ANSWERED, 200, "ab"},
    {"with a trailer", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n",
     SCRIPTED_KEEP, HTTP_ANSWERED, 200, "ab"},
    {"a redirect", "HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     SCRIPTED_KEEP, HTTP_ANSWERED, 302, ""},
    {"a cookie", OK "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", SCRIPTED_KEEP, HTTP_ANSWERED,
     200, ""},
    {"after an interim", "HTTP/1.1 103 E\r\nA: b\r\n\r\n" EMPTY, SCRIPTED_KEEP, HTTP_ANSWERED, 200,
     ""},
    {"nothing", "", SCRIPTED_CLOSE, HTTP_CLOSED, 0, ""},
    {"a reset", "", SCRIPTED_RESET, HTTP_CLOSED, 0, ""},
    {"half of the head", OK "Content-Le", SCRIPTED_CLOSE, HTTP_CLOSED, 0, ""},
    {"a head alone", OK "A: b\r\n", SCRIPTED_CLOSE, HTTP_CLOSED, 0, ""},
    {"half of the body", OK "Content-Length: 4\r\n\r\nab", SCRIPTED_CLOSE, HTTP_CLOSED, 0, ""},
    {"half of the chunks", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", SCRIPTED_CLOSE,
     HTTP_CLOSED, 0, ""},
    {"silence", "", SCRIPTED_KEEP, HTTP_TIMEOUT, 0, ""},
    {"half, then silence", OK "Content-Length: 4\r\n\r\nab", SCRIPTED_KEEP, HTTP_TIMEOUT, 0, ""},
    {"another protocol", "220 smtp.example ESMTP\r\n\r\n", SCRIPTED_CLOSE, HTTP_GARBLED, 0, ""},
    {"wrong chunks", OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\nab\r\n", SCRIPTED_CLOSE,
     HTTP_GARBLED, 0, ""},
    {"two lengths", OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", SCRIPTED_CLOSE,
     HTTP_GARBLED, 0, ""},
    {"a folded header", OK "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", SCRIPTED_CLOSE, HTTP_GARBLED,
     0, ""},
};

/* Through libcurl and raw the same answer is the same outcome. */
Test(http_client, tells_every_outcome_apart)
{
    for (size_t i = 0; i < 2 * ARRAY_LEN(outcomes); i++) {
        bool raw = i % 2 == 1;
        size_t row = i / 2;
        struct scripted_answer answer = {assay_str(outcomes[row].answer), outcomes[row].end};
        struct scripted *scripted = scripted_start(&answer, 1);
        struct http_peer peer = scripted_peer(scripted);
        struct http_request request = http_get("/");
        struct setting s;

        set_up(&s);
        if (raw)
            cr_assert(http_request_add(&request, "Blank", ASSAY_LIT("")));
        cr_assert_eq(send_to(&s, &peer, &request,
                             outcomes[row].outcome == HTTP_TIMEOUT ? SHORT_MS : DEADLINE_MS),
                     ASSAY_OK);
        cr_expect_eq(s.exchange->outcome, outcomes[row].outcome, "row: %s, raw %d: %s: %s",
                     outcomes[row].name, raw, http_outcome_text(s.exchange->outcome),
                     s.exchange->trouble);
        cr_expect_eq(s.exchange->trouble == NULL, outcomes[row].outcome == HTTP_ANSWERED);
        if (outcomes[row].outcome == HTTP_ANSWERED) {
            cr_expect_eq(s.exchange->response.status, outcomes[row].status, "row: %s",
                         outcomes[row].name);
            cr_expect(assay_bytes_is(s.exchange->response.body, outcomes[row].body), "row: %s",
                      outcomes[row].name);
        }
        cr_expect(outcomes[row].outcome == HTTP_TIMEOUT || scripted_requests(scripted) == 1,
                  "row: %s, raw %d", outcomes[row].name, raw);
        tear_down(&s);
        scripted_stop(scripted);
    }
}

Test(http_client, says_when_nothing_listens)
{
    struct http_peer peer = loopback_peer(unused_port());
    struct http_request request = http_get("/");
    struct setting s;

    set_up(&s);
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_NO_CONNECTION);
    cr_assert(http_request_add(&request, "Blank", ASSAY_LIT("")));
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_NO_CONNECTION);
    tear_down(&s);
}

/* A kept connection is used again; one that dies under a request does not make it go out twice, and
 * the requests after it are sent. */
static void sends_once(size_t body_bytes)
{
    const struct scripted_answer answers[] = {
        {ASSAY_LIT(EMPTY), SCRIPTED_KEEP},
        {ASSAY_LIT(EMPTY), SCRIPTED_KEEP},
        {ASSAY_LIT(""), SCRIPTED_CLOSE},
        {ASSAY_LIT(EMPTY), SCRIPTED_KEEP},
    };
    static const enum http_outcome expected[] = {HTTP_ANSWERED, HTTP_ANSWERED, HTTP_CLOSED,
                                                 HTTP_ANSWERED};
    static uint8_t body[LARGE_BODY_BYTES];
    struct scripted *scripted = scripted_start(answers, ARRAY_LEN(answers));
    struct http_peer peer = scripted_peer(scripted);
    struct http_request request = http_post("/", NULL, assay_bytes_of(body, body_bytes));
    struct setting s;

    set_up(&s);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
        cr_expect_eq(s.exchange->outcome, expected[i], "request %zu of %zu bytes: %s", i,
                     body_bytes, s.exchange->trouble);
        cr_expect_eq(s.exchange->kept_ended, expected[i] == HTTP_CLOSED, "request %zu", i);
        cr_expect_eq(scripted_requests(scripted), i + 1);
    }
    tear_down(&s);
    scripted_stop(scripted);
}

Test(http_client, sends_a_request_once_when_a_kept_connection_dies)
{
    sends_once(1);
}

Test(http_client, sends_a_large_body_once_when_a_kept_connection_dies)
{
    sends_once(LARGE_BODY_BYTES);
}

Test(http_client, ignores_proxies_of_the_environment)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(EMPTY), SCRIPTED_KEEP}};
    struct scripted *scripted = scripted_start(answers, 1);
    struct http_peer peer = scripted_peer(scripted);
    struct http_request request = http_get("/");
    struct setting s;

    cr_assert_eq(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
    cr_assert_eq(setenv("ALL_PROXY", "http://127.0.0.1:1/", 1), 0);
    set_up(&s);
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED);
    tear_down(&s);
    scripted_stop(scripted);
}

static const struct {
    const char *host;
    bool loopback;
} hosts[] = {
    {"127.0.0.1", true},
    {"127.9.9.9", true},
    {"localhost", true},
    {"LocalHost", true},
    {"::1", true},
    {"10.0.0.1", false},
    {"192.0.2.1", false},
    {"0.0.0.0", false},
    {"2130706433", false},
    {"::ffff:127.0.0.1", false},
    {"::", false},
    {"example.com", false},
    {"localhost.example.com", false},
};

/* Denied before anything is looked up or sent, whichever way it would have gone. */
Test(http_client, connects_to_loopback_and_allowed_hosts_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct http_peer peer = loopback_peer(unused_port());
        struct http_request request = http_get("/"), blank = request;
        const struct http_peer *peers[] = {&peer};
        const struct http_request *requests[] = {&request};
        enum assay_code expected = hosts[i].loopback ? ASSAY_OK : ASSAY_E_DENIED;
        struct http_overlap overlap;
        struct setting s;

        set_up(&s);
        peer.url.host = assay_str(hosts[i].host);
        cr_assert(http_request_add(&blank, "Blank", ASSAY_LIT("")));
        cr_expect_eq(send_to(&s, &peer, &request, DEADLINE_MS), expected, "%s", hosts[i].host);
        cr_expect_eq(s.err.code, expected);
        cr_expect_eq(send_to(&s, &peer, &blank, DEADLINE_MS), expected, "%s", hosts[i].host);
        cr_expect_eq(
            http_burst(&s.exchange, &overlap, &s.arena, peers, requests, 1, DEADLINE_MS, NULL),
            expected, "%s", hosts[i].host);
        tear_down(&s);
    }
}

Test(http_client, judges_the_address_of_the_socket_too)
{
    static const char *const allowed[] = {"shop.example", NULL};
    struct sockaddr_in far = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xC0000201)};
    struct sockaddr_in near = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001)};
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct http_peer peer = loopback_peer(1);

    cr_expect_not(sock_may_connect(&peer, (struct sockaddr *)&far));
    cr_expect(sock_may_connect(&peer, (struct sockaddr *)&near));
    cr_expect_not(sock_may_connect(&peer, &local));
    peer.url.host = ASSAY_LIT("Shop.Example");
    peer.allowed_hosts = allowed;
    cr_expect(sock_may_connect(&peer, (struct sockaddr *)&far));
    cr_expect_not(sock_may_connect(&peer, &local));
    peer.url.host = ASSAY_LIT("shop.example.org");
    cr_expect_not(sock_may_connect(&peer, (struct sockaddr *)&far));
    cr_expect_eq(sock_may_reach(&peer, NULL), ASSAY_E_DENIED);
}

Test(http_client, reaches_localhost_by_name)
{
    const struct scripted_answer answers[] = {{ASSAY_LIT(EMPTY), SCRIPTED_CLOSE},
                                              {ASSAY_LIT(EMPTY), SCRIPTED_CLOSE}};
    struct scripted *scripted = scripted_start(answers, 2);
    struct http_peer peer = scripted_peer(scripted);
    struct http_request request = http_get("/");
    struct setting s;

    set_up(&s);
    peer.url.host = ASSAY_LIT("localhost");
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED);
    cr_assert(http_request_add(&request, "Blank", ASSAY_LIT("")));
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED);
    tear_down(&s);
    scripted_stop(scripted);
}

Test(http_client, keeps_of_a_large_body_what_it_has_room_for)
{
    struct origin *origin = NULL;
    struct http_request request = http_get("/");
    struct http_peer peer;
    struct setting s;

    set_up(&s);
    s.arena.max = 1 << 20;
    cr_assert_eq(origin_start(&origin, 0, NULL), ASSAY_OK);
    peer = peer_of(origin);
    origin_behave(origin, &(struct origin_rule){.behaviour = ORIGIN_LARGE, .large_bytes = 9 << 20});
    cr_assert_eq(send_to(&s, &peer, &request, DEADLINE_MS), ASSAY_OK);
    cr_expect_eq(s.exchange->outcome, HTTP_ANSWERED);
    cr_expect_eq(s.exchange->response.body_bytes, 9u << 20);
    cr_expect(s.exchange->response.body.len > 0 && s.exchange->response.body.len <= 1u << 19);
    origin_stop(origin);
    tear_down(&s);
}

/* Whichever allocation fails, the end is a clean one. The origin shares the countdown, so that a
 * closed connection is one of them. */
Test(http_client, survives_failing_allocations)
{
    struct origin *origin = NULL;
    struct http_peer peer;
    bool answered = false;

    cr_assert_eq(origin_start(&origin, 0, NULL), ASSAY_OK);
    peer = peer_of(origin);
    for (size_t n = 0; n < 200 && !answered; n++) {
        struct setting s;
        struct http_request request = http_post("/", "text/plain", ASSAY_LIT("x"));
        enum assay_code rc;

        set_up(&s);
        if (n % 2 == 1)
            cr_assert(http_request_add(&request, "Blank", ASSAY_LIT("")));
        (void)assay_alloc_fail_after(n / 2);
        rc = send_to(&s, &peer, &request, DEADLINE_MS);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
        answered = rc == ASSAY_OK && s.exchange->outcome == HTTP_ANSWERED && n % 2 == 1;
        tear_down(&s);
    }
    cr_expect(answered);
    origin_stop(origin);
}
