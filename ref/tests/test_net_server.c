/* The HTTP server: what it refuses, what it hands on, its limits and deadlines; and the origin's
 * client against it. Raw sockets, since no client library would send most of this. */
#include "net/client.h"
#include "net/listen.h"
#include "net/server.h"

#include "tests/seeded.h"
#include "tests/wire.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_MAX = 65536, BODY_MAX = 1000 };

static struct ref_net_server *server;
static uint16_t port;
static atomic_int handled, refused;
static atomic_int gate; /* /wait: entered 1, may go 2 */

static void echo(void *cls, const struct ref_net_request *request,
                 struct ref_net_response *response)
{
    struct assay_bytes x = ref_net_request_header(request, "x-a");

    (void)cls;
    atomic_fetch_add(&handled, 1);
    response->status = 200;
    if (assay_bytes_is(request->target, "/split")) {
        ref_net_response_add(response, "Content-Type", ASSAY_LIT("text/plain\r\nSet-Cookie: a=b"));
        ref_net_response_add(response, "X-Good", ASSAY_LIT("yes"));
    }
    if (assay_bytes_is(request->target, "/large"))
        (void)!assay_buf_extend(&response->body, REF_NET_RESPONSE_MAX_BYTES + 1);
    if (assay_bytes_is(request->target, "/mark")) {
        assay_buf_add_str(&response->body, *request->connection_mark ? "marked" : "unmarked");
        *request->connection_mark = true;
        return;
    }
    if (assay_bytes_is(request->target, "/wait")) {
        atomic_store(&gate, 1);
        while (atomic_load(&gate) != 2)
            (void)sched_yield();
    }
    assay_buf_add(&response->body, request->method);
    assay_buf_add_byte(&response->body, ' ');
    assay_buf_add(&response->body, request->target);
    assay_buf_add_byte(&response->body, ' ');
    assay_buf_add(&response->body, x);
    assay_buf_add_byte(&response->body, ' ');
    assay_buf_add(&response->body, request->body);
}

static void count_refusal(void *cls, int status, struct assay_bytes method,
                          struct assay_bytes target)
{
    (void)cls;
    (void)status;
    (void)method;
    (void)target;
    atomic_fetch_add(&refused, 1);
}

static struct ref_net_server_options usual(void)
{
    struct ref_net_server_options o = REF_NET_SERVER_OPTIONS_DEFAULT;

    o.header_max_bytes = HEADER_MAX;
    o.body_max_bytes = BODY_MAX;
    o.handle = echo;
    o.refused = count_refusal;
    return o;
}

static void start_with(struct ref_net_server_options o)
{
    struct assay_err err = {0};

    cr_assert_eq(ref_net_listen(&o.listen_fd, &port, ASSAY_LIT("127.0.0.1:0"), false, &err),
                 ASSAY_OK, "%s", err.text);
    cr_assert_eq(ref_net_server_start(&server, &o, &err), ASSAY_OK, "%s", err.text);
}

static void start(void)
{
    start_with(usual());
}

static void stop(void)
{
    cr_expect(ref_net_server_stop(server, WIRE_PATIENCE_MS), "all requests were answered");
    server = NULL;
}

static int dial(void)
{
    return wire_dial(port);
}

/* One request on a connection of its own, to its end. */
static int ask(const char *bytes, size_t len, char *answer, size_t room)
{
    int fd = dial();

    wire_say(fd, bytes, len);
    cr_expect(wire_hear(fd, answer, room, NULL), "the connection was not closed: %s", answer);
    (void)close(fd);
    return wire_status(answer);
}

TestSuite(net_server, .init = start, .fini = stop, .timeout = 120);

#define HOST "Host: a\r\n"
#define END "Connection: close\r\n\r\n"

Test(net_server, refuses_whatever_is_not_framed_beyond_doubt)
{
#define ROW(name, text, status)                                                                    \
    {                                                                                              \
        name, text, sizeof(text) - 1, status                                                       \
    }
    static const struct {
        const char *name, *bytes;
        size_t len;
        int status;
    } rows[] = {
        ROW("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        ROW("two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400),
        ROW("two different Hosts", "GET / HTTP/1.1\r\n" HOST "Host: b\r\n\r\n", 400),
        ROW("length and coding",
            "POST / HTTP/1.1\r\n" HOST
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            400),
        ROW("coding and length",
            "POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            400),
        ROW("two different lengths",
            "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        ROW("two equal lengths",
            "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ROW("a list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400),
        ROW("a signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400),
        ROW("a negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc", 400),
        ROW("a hexadecimal length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc",
            400),
        ROW("an empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400),
        ROW("another coding",
            "POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            400),
        ROW("identity coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
            400),
        ROW("two codings",
            "POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        ROW("a coding in HTTP/1.0",
            "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ROW("a space before the colon", "POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc",
            400),
        ROW("an empty name", "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400),
        ROW("a line without a colon", "GET / HTTP/1.1\r\n" HOST "nothing\r\n\r\n", 400),
        ROW("a control in a value",
            "GET / HTTP/1.1\r\n" HOST "X-A: a\x01"
            "b\r\n\r\n",
            400),
        ROW("a DEL in a value", "GET / HTTP/1.1\r\n" HOST "X-A: a\x7f\r\n\r\n", 400),
        ROW("a NUL in a value", "GET / HTTP/1.1\r\n" HOST "X-A: a\0b\r\nX-B: c\r\n\r\n", 400),
        ROW("a NUL in the last value", "GET / HTTP/1.1\r\n" HOST "X-A: a\0b\r\n\r\n", 400),
        ROW("a NUL in a length", "POST / HTTP/1.1\r\nContent-Length: 3\0 4\r\n" HOST "\r\nabc",
            400),
        ROW("a bare CR in a value", "GET / HTTP/1.1\r\n" HOST "X-A: a\rX-B: b\r\n\r\n", 400),
        ROW("a folded line", "GET / HTTP/1.1\r\n" HOST "X-A: a\r\n b\r\nX-B: c\r\n\r\n", 400),
        ROW("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
        ROW("one bare LF", "GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n", 400),
        ROW("a NUL in the target", "GET /a\0b HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("a control in the target", "GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("a control in the method", "G\x01T / HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("no version", "GET /\r\n" HOST "\r\n", 400),
        ROW("a lower-case version", "GET / http/1.1\r\n" HOST "\r\n", 400),
        ROW("version 1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505),
        ROW("version 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505),
        ROW("a length above the limit", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n",
            413),
    };
#undef ROW
    char answer[4096];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int fd = dial(), status;

        wire_say(fd, rows[i].bytes, rows[i].len);
        cr_expect(wire_hear(fd, answer, sizeof(answer), "GET / ") || wire_status(answer) != 200,
                  "%s: served", rows[i].name);
        status = wire_status(answer);
        /* libmicrohttpd 1.0 closes without a word on a NUL in the request line. */
        cr_expect(status == rows[i].status || (status == 0 && strstr(rows[i].name, "NUL in the t")),
                  "%s: %d", rows[i].name, status);
        (void)close(fd);
    }
    cr_expect_eq(atomic_load(&handled), 0, "the handler saw none of them");
    cr_expect_gt(atomic_load(&refused), 0, "refusals are told");
}

Test(net_server, hands_on_exactly_what_was_sent)
{
    static const struct {
        const char *name, *bytes, *body;
    } rows[] = {
        {"an escaped target", "GET /a%2Fb/../c?x=%20&y=+%00#f HTTP/1.1\r\n" HOST END,
         "GET /a%2Fb/../c?x=%20&y=+%00#f  "},
        {"an absolute target", "GET http://other/x?y HTTP/1.1\r\n" HOST END,
         "GET http://other/x?y  "},
        {"bytes above 7F", "GET /\xff HTTP/1.1\r\n" HOST "X-A: \xc3\xa9\r\n" END,
         "GET /\xff \xc3\xa9 "},
        {"repeated headers",
         "GET / HTTP/1.1\r\n" HOST "X-A: 1\r\nOther: z\r\nx-a: 2\r\nX-A:\r\nX-A:  3 \r\n" END,
         "GET / 1, 2, , 3 "},
        {"a length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc", "POST /  abc"},
        {"chunks",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n" END
         "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
         "POST /  abc"},
        {"a trailer is no header",
         "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
         "1\r\na\r\n0\r\nX-A: late\r\n\r\n",
         "POST /  a"},
        {"an empty line before", "\r\nGET / HTTP/1.1\r\n" HOST END, "GET /  "},
        {"an unknown method", "BREW / HTTP/1.1\r\n" HOST END, "BREW /  "},
        {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET /  "},
        {"a body with GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" END "a", "GET /  a"},
        {"a tab in a value", "GET / HTTP/1.1\r\n" HOST "X-A: a\tb\r\n" END, "GET / a\tb "},
    };
    char answer[4096];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int status = ask(rows[i].bytes, strlen(rows[i].bytes), answer, sizeof(answer));
        const char *body = strstr(answer, "\r\n\r\n");

        cr_assert_eq(status, 200, "%s: %s", rows[i].name, answer);
        cr_assert_not_null(body);
        cr_expect_str_eq(body + 4, rows[i].body, "%s", rows[i].name);
    }
}

Test(net_server, keeps_a_connection_and_its_mark_apart_from_others)
{
    char answer[4096];

    for (int connection = 0; connection < 2; connection++) {
        int fd = dial();

        wire_say_text(fd, "GET /mark HTTP/1.1\r\n" HOST "\r\n");
        cr_expect_not(wire_hear(fd, answer, sizeof(answer), "marked"));
        cr_expect_not_null(strstr(answer, "unmarked"), "%s", answer);
        wire_say_text(fd, "GET /mark HTTP/1.1\r\n" HOST END);
        cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
        cr_expect_null(strstr(answer, "unmarked"), "%s", answer);
        cr_expect_not_null(strstr(answer, "marked"), "%s", answer);
        (void)close(fd);
    }
}

Test(net_server, answers_pipelined_requests_in_order)
{
    char answer[4096];
    const char *second;
    int fd = dial();

    wire_say_text(fd, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na"
                      "GET /2 HTTP/1.1\r\n" HOST END);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    second = strstr(answer, "GET /2");
    cr_expect_not_null(strstr(answer, "POST /1"));
    cr_expect_not_null(second);
    cr_expect(strstr(answer, "POST /1") < second);
    (void)close(fd);
}

Test(net_server, answers_head_without_a_body)
{
    static const char request[] = "HEAD /abc HTTP/1.1\r\n" HOST END;
    char answer[4096];

    cr_expect_eq(ask(request, sizeof(request) - 1, answer, sizeof(answer)), 200);
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    cr_expect_not_null(strstr(answer, "Content-Length: 11"), "%s", answer);
}

Test(net_server, never_lets_a_handler_write_protocol)
{
    static const char request[] = "GET /split HTTP/1.1\r\n" HOST END;
    char answer[4096];

    cr_expect_eq(ask(request, sizeof(request) - 1, answer, sizeof(answer)), 200);
    cr_expect_null(strstr(answer, "Set-Cookie"), "%s", answer);
    cr_expect_not_null(strstr(answer, "X-Good: yes"), "%s", answer);
}

Test(net_server, answers_500_where_a_handler_answers_too_much)
{
    static const char request[] = "GET /large HTTP/1.1\r\n" HOST END;
    char answer[4096];

    cr_expect_eq(ask(request, sizeof(request) - 1, answer, sizeof(answer)), 500);
}

/* A request with `len` bytes of 'a' between before and after. */
static int ask_long(const char *before, size_t len, const char *after)
{
    char *bytes = malloc(len + 200), answer[4096];
    size_t total = strlen(before);
    int status;

    cr_assert_not_null(bytes);
    cr_assert_lt(total + strlen(after), 200);
    memcpy(bytes, before, total);
    memset(bytes + total, 'a', len);
    total += len;
    memcpy(bytes + total, after, strlen(after));
    status = ask(bytes, total + strlen(after), answer, sizeof(answer));
    free(bytes);
    return status;
}

Test(net_server, bounds_request_line_and_header_fields)
{
    cr_expect_eq(ask_long("GET / HTTP/1.1\r\n" HOST "X-A: ", 60000, "\r\n" END), 200);
    cr_expect_eq(ask_long("GET / HTTP/1.1\r\n" HOST "X-A: ", 66000, "\r\n" END), 431);
    cr_expect_eq(ask_long("GET / HTTP/1.1\r\n" HOST "X-A: ", 200000, "\r\n" END), 431);
    cr_expect_eq(ask_long("GET /", 60000, " HTTP/1.1\r\n" HOST END), 200);
    cr_expect_eq(ask_long("GET /", 200000, " HTTP/1.1\r\n" HOST END), 414);
}

Test(net_server, bounds_the_number_of_header_names)
{
    char bytes[4096], answer[4096];
    size_t len = 0;

    len += (size_t)snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < REF_NET_HEADERS_MAX; i++)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "X-%d: a\r\n", i);
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, END);
    cr_expect_eq(ask(bytes, len, answer, sizeof(answer)), 431);
}

Test(net_server, takes_a_body_up_to_its_limit)
{
    cr_expect_eq(ask_long("POST / HTTP/1.1\r\n" HOST
                          "Connection: close\r\nContent-Length: 1000\r\n\r\n",
                          1000, ""),
                 200);
    cr_expect_eq(ask_long("POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 1001, ""),
                 413);
    cr_expect_eq(ask_long("POST / HTTP/1.1\r\n" HOST "Content-Length: 999999\r\n\r\n", 0, ""), 413,
                 "before any of it is sent");
    cr_expect_eq(
        ask_long("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 1001, ""),
        413, "as soon as it passes, not at its end");
    cr_expect_eq(atomic_load(&handled), 1);
}

Test(net_server, tells_a_client_that_waits_whether_to_send_its_body)
{
    char answer[4096];
    int fd = dial();

    wire_say_text(fd, "POST / HTTP/1.1\r\n" HOST
                      "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    cr_expect_eq(wire_status(answer), 413);
    (void)close(fd);
    fd = dial();
    wire_say_text(fd,
                  "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n" END);
    cr_expect_not(wire_hear(fd, answer, sizeof(answer), "\r\n\r\n"));
    cr_expect_eq(wire_status(answer), 100);
    wire_say_text(fd, "abc");
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    cr_expect_eq(wire_status(answer), 200);
    (void)close(fd);
}

/* ---- deadlines ----------------------------------------------------------------------------------
 */

TestSuite(net_deadline, .fini = stop, .timeout = 120);

static void start_impatient(void)
{
    struct ref_net_server_options o = usual();

    o.read_deadline_ms = 150;
    o.idle_deadline_ms = 300;
    o.body_max_bytes = 1u << 20;
    start_with(o);
}

/* Sends a byte whenever the server is silent for 20 ms, until it closes; false when it never does.
 */
static bool drip(int fd, char byte, size_t most, char *answer, size_t room)
{
    size_t len = 0;

    answer[0] = '\0';
    for (size_t i = 0; i < most; i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        if (poll(&p, 1, 20) == 0) {
            wire_say(fd, &byte, 1);
            continue;
        }
        ssize_t got = recv(fd, answer + len, room - len - 1, 0);
        if (got <= 0)
            return true;
        len += (size_t)got;
        answer[len] = '\0';
    }
    return false;
}

Test(net_deadline, ends_a_body_that_drips)
{
    char answer[512];
    int fd;

    start_impatient();
    fd = dial();
    wire_say_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
    cr_expect(drip(fd, 'a', 1000, answer, sizeof(answer)));
    cr_expect_eq(wire_status(answer), 408, "%s", answer);
    cr_expect_eq(atomic_load(&handled), 0);
    (void)close(fd);
}

Test(net_deadline, ends_header_fields_that_drip)
{
    char answer[512];
    int fd;

    start_impatient();
    fd = dial();
    wire_say_text(fd, "GET / HTTP/1.1\r\n" HOST "X-A: ");
    cr_expect(drip(fd, 'a', 1000, answer, sizeof(answer)));
    cr_expect_eq(wire_status(answer), 408, "%s", answer);
    (void)close(fd);
}

Test(net_deadline, closes_a_connection_that_is_idle_or_never_asks)
{
    char answer[512];
    int fd;

    start_impatient();
    fd = dial();
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    cr_expect_str_eq(answer, "");
    (void)close(fd);
    fd = dial();
    cr_expect(drip(fd, 'G', 1000, answer, sizeof(answer)), "half a request line");
    (void)close(fd);
    fd = dial();
    wire_say_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "after an answer");
    cr_expect_eq(wire_status(answer), 200);
    (void)close(fd);
}

static void *open_gate(void *arg)
{
    int fd = *(const int *)arg;
    char byte;

    (void)!read(fd, &byte, 1);
    atomic_store(&gate, 2);
    return NULL;
}

Test(net_deadline, does_not_count_the_handler_as_reading)
{
    char answer[512];
    int fd, idle, pipes[2];
    pthread_t opener;

    start_impatient();
    cr_assert_eq(pipe(pipes), 0);
    cr_assert_eq(pthread_create(&opener, NULL, open_gate, &pipes[0]), 0);
    fd = dial();
    wire_say_text(fd, "GET /wait HTTP/1.1\r\n" HOST END);
    idle = dial(); /* its end shows that more than a read deadline has passed */
    cr_expect(wire_hear(idle, answer, sizeof(answer), NULL));
    cr_assert_eq(write(pipes[1], "x", 1), 1);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    cr_expect_eq(wire_status(answer), 200, "%s", answer);
    cr_assert_eq(pthread_join(opener, NULL), 0);
    (void)close(fd);
    (void)close(idle);
}

Test(net_deadline, serves_others_while_many_drip)
{
    enum { MANY = 40 };
    static const char request[] = "GET / HTTP/1.1\r\n" HOST END;
    char answer[512];
    int fds[MANY];

    start();
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial();
        wire_say_text(fds[i], "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\na");
    }
    cr_expect_eq(ask(request, sizeof(request) - 1, answer, sizeof(answer)), 200);
    for (int i = 0; i < MANY; i++)
        (void)close(fds[i]);
}

Test(net_deadline, serves_no_more_connections_at_once_than_its_limit)
{
    struct ref_net_server_options o = usual();
    char answer[512];
    int first, second;
    struct pollfd p = {.events = POLLIN};

    o.connection_max = 1;
    start_with(o);
    first = dial();
    wire_say_text(first, "GET /mark HTTP/1.1\r\n" HOST "\r\n");
    cr_expect_not(wire_hear(first, answer, sizeof(answer), "marked"));
    second = dial();
    wire_say_text(second, "GET / HTTP/1.1\r\n" HOST END);
    p.fd = second;
    if (poll(&p, 1, 100) == 1) /* closed, or left waiting */
        cr_expect_leq(recv(second, answer, sizeof(answer), 0), 0);
    cr_expect_eq(atomic_load(&handled), 1);
    (void)close(second);
    wire_say_text(first, "GET / HTTP/1.1\r\n" HOST END);
    cr_expect(wire_hear(first, answer, sizeof(answer), NULL));
    cr_expect_eq(wire_status(answer), 200);
    (void)close(first);
}

/* ---- stopping -----------------------------------------------------------------------------------
 */

static void *stop_server(void *arg)
{
    *(bool *)arg = ref_net_server_stop(server, WIRE_PATIENCE_MS);
    return NULL;
}

static bool is_refused_or_closed(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool gone;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    gone = connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0;
    (void)close(fd);
    return gone;
}

Test(net_stop, answers_what_runs_and_accepts_no_more)
{
    char answer[512];
    bool answered = false;
    pthread_t stopper;
    int fd;

    start();
    fd = dial();
    wire_say_text(fd, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
    while (atomic_load(&gate) != 1)
        (void)sched_yield();
    cr_assert_eq(pthread_create(&stopper, NULL, stop_server, &answered), 0);
    while (!is_refused_or_closed())
        (void)sched_yield();
    atomic_store(&gate, 2);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL), "and then it closes");
    cr_expect_eq(wire_status(answer), 200);
    cr_assert_eq(pthread_join(stopper, NULL), 0);
    cr_expect(answered);
    (void)close(fd);
}

Test(net_stop, does_not_wait_for_a_request_that_never_ends)
{
    int fd;

    start();
    fd = dial();
    wire_say_text(fd,
                  "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    char answer[512];
    cr_expect_not(wire_hear(fd, answer, sizeof(answer), "100"));
    cr_expect_not(ref_net_server_stop(server, 50));
    (void)close(fd);
}

/* ---- defects ------------------------------------------------------------------------------------
 */

Test(net_deadline, with_no_body_deadline_lets_a_body_drip)
{
    char answer[512];
    int fd;

    switch_on("limits.no_body_deadline");
    start_impatient();
    fd = dial();
    wire_say_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 50\r\n" END);
    cr_expect(drip(fd, 'a', 1000, answer, sizeof(answer)));
    cr_expect_eq(wire_status(answer), 200, "fifty bytes took a second: %s", answer);
    (void)close(fd);
}

Test(net_deadline, with_an_unbounded_body_reads_it_whole_before_refusing)
{
    char answer[512], body[1001];
    struct pollfd p = {.events = POLLIN};
    int fd;

    switch_on("limits.body_unbounded");
    start();
    fd = dial();
    wire_say_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1002\r\n\r\n");
    memset(body, 'a', sizeof(body));
    wire_say(fd, body, sizeof(body));
    p.fd = fd;
    cr_expect_eq(poll(&p, 1, 200), 0, "waits for the last byte");
    wire_say(fd, body, 1);
    cr_expect(wire_hear(fd, answer, sizeof(answer), NULL));
    cr_expect_eq(wire_status(answer), 413);
    cr_expect_eq(atomic_load(&handled), 0);
    (void)close(fd);
}

/* ---- listening ----------------------------------------------------------------------------------
 */

Test(net_listen, takes_loopback_addresses_and_refuses_others_with_a_reason)
{
    static const struct {
        const char *text;
        enum assay_code code;
    } rows[] = {
        {"127.0.0.1:0", ASSAY_OK},
        {"localhost:0", ASSAY_OK},
        {"0.0.0.0:0", ASSAY_E_DENIED},
        {"10.0.0.1:0", ASSAY_E_DENIED},
        {"127.0.0.1", ASSAY_E_MALFORMED},
        {"127.0.0.1:", ASSAY_E_MALFORMED},
        {"127.0.0.1:65536", ASSAY_E_MALFORMED},
        {"127.0.0.1:-1", ASSAY_E_MALFORMED},
        {"example.com:80", ASSAY_E_MALFORMED},
        {":80", ASSAY_E_MALFORMED},
        {"", ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        uint16_t got = 0;
        int fd = -1;

        cr_expect_eq(ref_net_listen(&fd, &got, assay_str(rows[i].text), false, &err), rows[i].code,
                     "%s: %s", rows[i].text, err.text);
        cr_expect_eq(fd >= 0, rows[i].code == ASSAY_OK, "%s", rows[i].text);
        cr_expect_eq(got > 0, rows[i].code == ASSAY_OK, "%s", rows[i].text);
        if (fd >= 0)
            (void)close(fd);
    }
}

/* ---- the client ---------------------------------------------------------------------------------
 */

static char origin[64];

static struct ref_net_client *client_of(int64_t deadline_ms, size_t most)
{
    struct ref_net_client_options o = {
        .origin = origin, .deadline_ms = deadline_ms, .response_max_bytes = most};
    struct ref_net_client *c;

    cr_assert_lt(snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", (unsigned)port),
                 (int)sizeof(origin));
    cr_assert_eq(ref_net_client_check(&o, NULL), ASSAY_OK);
    c = ref_net_client_new(&o);
    cr_assert_not_null(c);
    return c;
}

static struct ref_net_call call_of(const char *method, const char *target, const char *body)
{
    return (struct ref_net_call){assay_str(method), assay_str(target), assay_str(body),
                                 ASSAY_LIT("")};
}

Test(net_server, is_asked_verbatim_by_the_client)
{
    static const struct {
        const char *method, *target, *body, *answer;
    } rows[] = {
        {"GET", "/a/../b?x=%20+%c3", "", "GET /a/../b?x=%20+%c3  "},
        {"POST", "/", "abc", "POST /  abc"},
        {"GET", "//double", "", "GET //double  "},
        {"PUT", "/", "", "PUT /  "},
        {"HEAD", "/", "", ""},
        {"GET", "/", "a", "GET /  a"},
        {"GET", "/", "", "GET /  "},
    };
    struct ref_net_client *c = client_of(WIRE_PATIENCE_MS, 10000);

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct ref_net_call call = call_of(rows[i].method, rows[i].target, rows[i].body);
            struct ref_net_reply reply;

            cr_assert_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_OK, "%s",
                         rows[i].target);
            cr_expect_eq(reply.status, 200);
            cr_expect(assay_bytes_is(reply.body, rows[i].answer), "%s %s: %.*s", rows[i].method,
                      rows[i].target, (int)reply.body.len, (const char *)reply.body.at);
        }
    }
    ref_net_client_free(c);
}

Test(net_server, bounds_what_the_client_reads)
{
    struct ref_net_client *c = client_of(WIRE_PATIENCE_MS, 10);
    struct ref_net_call call = call_of("GET", "/12345678", "");
    struct ref_net_reply reply;

    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_TOO_LARGE);
    call.target = ASSAY_LIT("/");
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_OK, "and goes on afterwards");
    call.target = ASSAY_LIT("/a b");
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_MALFORMED);
    call.target = ASSAY_LIT("/a\r\nX: y");
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_MALFORMED);
    ref_net_client_free(c);
}

/* An origin that reads requests and closes: the first is answered, so that the connection is kept.
 */
static void *answer_once_then_close(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int fd = *(const int *)arg;
    bool first = true;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (poll(&p, 1, 500) == 1) { /* half a second without a connection: the client is done */
        int peer = accept(fd, NULL, NULL);
        char bytes[4096];

        while (recv(peer, bytes, sizeof(bytes), 0) > 0) {
            atomic_fetch_add(&handled, 1);
            if (!first)
                break;
            wire_say(peer, answer, sizeof(answer) - 1);
            first = false;
        }
        (void)close(peer);
    }
    return NULL;
}

Test(net_client, never_sends_a_request_twice)
{
    struct ref_net_call call = call_of("POST", "/", "x");
    struct ref_net_reply reply;
    struct ref_net_client *c;
    pthread_t thread;
    int fd;

    cr_assert_eq(ref_net_listen(&fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL), ASSAY_OK);
    cr_assert_eq(pthread_create(&thread, NULL, answer_once_then_close, &fd), 0);
    c = client_of(WIRE_PATIENCE_MS, 100);
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_OK);
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_CLOSED);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(atomic_load(&handled), 2, "two calls, %d requests", atomic_load(&handled));
    ref_net_client_free(c);
    (void)close(fd);
}

Test(net_client, gives_up_at_its_deadline_and_says_when_nobody_is_there)
{
    struct ref_net_call call = call_of("GET", "/", "");
    struct ref_net_reply reply;
    struct ref_net_client *c;
    int fd;

    cr_assert_eq(ref_net_listen(&fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL), ASSAY_OK);
    c = client_of(100, 100);
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_TIMEOUT);
    (void)close(fd);
    cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_IO);
    ref_net_client_free(c);
}

Test(net_client, refuses_an_origin_that_it_may_not_reach)
{
    static const struct {
        const char *url;
        enum assay_code code;
    } rows[] = {
        {"http://127.0.0.1:1", ASSAY_OK},         {"http://localhost", ASSAY_OK},
        {"http://10.0.0.1", ASSAY_E_DENIED},      {"http://example.com", ASSAY_E_DENIED},
        {"https://127.0.0.1", ASSAY_E_MALFORMED}, {"127.0.0.1:80", ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_net_client_options o = {.origin = rows[i].url};

        cr_expect_eq(ref_net_client_check(&o, NULL), rows[i].code, "%s", rows[i].url);
    }
}
