/* The HTTP client and origins that say anything: each answer is written byte by byte, and read as
 * the contract of net/client.h says or told apart by its code. */
#include "net/client.h"
#include "net/listen.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* One connection after another gets the same bytes, and is closed. */
static struct {
    int fd;
    pthread_t thread;
    const void *bytes;
    size_t len;
    char url[64];
} origin;

/* Until its request is there. A connection that says nothing gives way to the next one: the client
 * opens it for a request that it then must not repeat. */
static bool has_asked(int fd)
{
    char request[4096];
    size_t len = 0;

    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = origin.fd, .events = POLLIN}};
        ssize_t n;

        if (poll(fds, 2, -1) < 0 || (fds[0].revents == 0 && len == 0))
            return false;
        n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL || len == sizeof(request) - 1)
            return true;
    }
}

static void *serve(void *unused)
{
    int fd;

    while ((fd = accept(origin.fd, NULL, NULL)) >= 0) {
        ssize_t n = has_asked(fd) ? 1 : 0;

        for (size_t sent = 0; n > 0 && sent<origin.len; sent += n> 0 ? (size_t)n : 0)
            n = send(fd, (const char *)origin.bytes + sent, origin.len - sent, MSG_NOSIGNAL);
        (void)close(fd);
    }
    return unused;
}

static void start(void)
{
    uint16_t port;

    cr_assert_eq(ref_net_listen(&origin.fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL),
                 ASSAY_OK);
    (void)snprintf(origin.url, sizeof(origin.url), "http://127.0.0.1:%u", (unsigned)port);
    cr_assert_eq(fcntl(origin.fd, F_SETFL, 0), 0, "its thread waits in accept");
    cr_assert_eq(pthread_create(&origin.thread, NULL, serve, NULL), 0);
}

static void stop(void)
{
    (void)shutdown(origin.fd, SHUT_RDWR); /* ends its wait for a connection */
    (void)pthread_join(origin.thread, NULL);
    (void)close(origin.fd);
}

TestSuite(net_client_raw, .init = start, .fini = stop, .timeout = 120);

static struct ref_net_client *client_of(size_t response_max)
{
    const struct ref_net_client_options o = {.origin = origin.url,
                                             .deadline_ms = 60000,
                                             .response_max_bytes = response_max,
                                             .is_single_use = true};

    return ref_net_client_new(&o);
}

static enum assay_code get(struct ref_net_client *c, struct ref_net_reply *reply,
                           struct assay_bytes answer, struct assay_err *err)
{
    const struct ref_net_field field = {ASSAY_LIT("X-A"), ASSAY_LIT("1")};
    const struct ref_net_call call = {.method = ASSAY_LIT("GET"),
                                      .target = ASSAY_LIT("/a"),
                                      .body = ASSAY_LIT(""),
                                      .content_type = ASSAY_LIT("text/plain"),
                                      .headers = &field,
                                      .header_count = 1};

    origin.bytes = answer.at;
    origin.len = answer.len;
    return ref_net_client_call(c, reply, &call, err);
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define NO_BODY "Content-Length: 0\r\n\r\n"

Test(net_client_raw, reads_fields_however_they_are_written)
{
    static const struct {
        const char *name, *answer, *value; /* of X-A, the first */
        size_t count;
    } rows[] = {
        {"spaces around it", OK_LINE "X-A: \t b \t\r\n" NO_BODY, "b", 1},
        {"no value", OK_LINE "X-A:\r\n" NO_BODY, "", 1},
        {"spaces alone", OK_LINE "X-A: \t \r\n" NO_BODY, "", 1},
        {"folded", OK_LINE "X-A: b\r\n c\r\n\td\r\n" NO_BODY, "b   c  \td", 1},
        {"line ends alone", "HTTP/1.1 200 OK\nX-A: b\nContent-Length: 0\n\n", "b", 1},
        {"folded by line ends alone", "HTTP/1.1 200 OK\nX-A: b\n c\nContent-Length: 0\n\n", "b  c",
         1},
        {"twice", OK_LINE "X-A: b\r\nx-a: c\r\n" NO_BODY, "b", 2},
        {"of an answer before the answer",
         "HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\n" OK_LINE NO_BODY, "", 0},
        {"in a trailer",
         OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: late\r\n\r\n", "", 0},
        {"a colon in it", OK_LINE "X-A: b:c\r\n" NO_BODY, "b:c", 1},
    };
    struct ref_net_client *c = client_of(1000);

    cr_assert_not_null(c);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct ref_net_reply reply;
        struct assay_bytes value;

        cr_assert_eq(get(c, &reply, assay_str(rows[i].answer), &err), ASSAY_OK, "%s: %s",
                     rows[i].name, err.text);
        cr_expect_eq(ref_net_client_header(c, &value, "X-A"), rows[i].count, "%s", rows[i].name);
        cr_expect(assay_bytes_is(value, rows[i].value), "%s: \"%.*s\"", rows[i].name,
                  (int)value.len, (const char *)value.at);
        cr_expect(ref_net_client_reached(c), "%s", rows[i].name);
    }
    ref_net_client_free(c);
}

Test(net_client_raw, tells_apart_what_is_no_answer)
{
    static const struct {
        const char *name, *answer;
        enum assay_code code;
    } rows[] = {
        {"nothing", "", ASSAY_E_CLOSED},
        {"half a body", OK_LINE "Content-Length: 9\r\n\r\nabc", ASSAY_E_CLOSED},
        {"half a chunk", OK_LINE "Transfer-Encoding: chunked\r\n\r\n9\r\nabc", ASSAY_E_CLOSED},
        {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", ASSAY_E_IO},
        {"a body above the limit", OK_LINE "Content-Length: 11\r\n\r\nabcdefghijk",
         ASSAY_E_TOO_LARGE},
    };
    struct ref_net_client *c = client_of(10);

    cr_assert_not_null(c);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct ref_net_reply reply;

        cr_expect_eq(get(c, &reply, assay_str(rows[i].answer), &err), rows[i].code, "%s: %s",
                     rows[i].name, err.text);
        cr_expect_neq(err.text[0], '\0', "%s", rows[i].name);
        cr_expect(ref_net_client_reached(c), "%s", rows[i].name);
    }
    ref_net_client_free(c);
}

static enum assay_code get_fields(size_t count, size_t bytes, struct assay_err *err)
{
    struct ref_net_client *c = client_of(10);
    struct assay_buf answer = ASSAY_BUF_INIT((size_t)1 << 20);
    struct ref_net_reply reply;
    enum assay_code code;

    cr_assert_not_null(c);
    assay_buf_add_str(&answer, OK_LINE);
    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(&answer, "X-A: ");
        for (size_t k = 0; k < bytes; k++)
            assay_buf_add_byte(&answer, 'a');
        assay_buf_add_str(&answer, "\r\n");
    }
    assay_buf_add_str(&answer, NO_BODY);
    code = get(c, &reply, assay_buf_view(&answer), err);
    if (code == ASSAY_OK)
        cr_expect_eq(reply.header_count, count + 1);
    assay_buf_fini(&answer);
    ref_net_client_free(c);
    return code;
}

Test(net_client_raw, reads_as_many_fields_as_there_is_room_for)
{
    struct assay_err err = {0};

    cr_expect_eq(get_fields(REF_NET_REPLY_FIELDS_MAX - 1, 1, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(get_fields(REF_NET_REPLY_FIELDS_MAX, 1, &err), ASSAY_E_TOO_LARGE);
    cr_expect(strstr(err.text, "more than 128") != NULL, "%s", err.text);
    err = (struct assay_err){0};
    cr_expect_eq(get_fields(10, 30000, &err), ASSAY_E_TOO_LARGE);
    cr_expect(strstr(err.text, "larger than 262144") != NULL, "%s", err.text);
}

Test(net_client_raw, survives_every_allocation_that_fails)
{
    static const char answer[] = OK_LINE "X-A: b\r\nContent-Length: 3\r\n\r\nabc";
    enum assay_code code = ASSAY_E_NOMEM;
    size_t n = 0;

    for (; code != ASSAY_OK && n < 1000; n++) {
        struct assay_err err = {0};
        struct ref_net_client *c;
        struct ref_net_reply reply;

        (void)assay_alloc_fail_after(n);
        c = client_of(10);
        if (c != NULL)
            code = get(c, &reply, assay_str(answer), &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(code == ASSAY_OK || code == ASSAY_E_NOMEM, "%zu: %s", n, err.text);
        ref_net_client_free(c);
    }
    cr_expect(code == ASSAY_OK && n > 3, "%zu", n);
}

Test(net_client_raw, sends_nothing_that_http_has_not)
{
    static const struct {
        const char *name, *method, *target;
    } rows[] = {
        {"no method", "", "/"},
        {"no target", "GET", ""},
        {"a method in two", "GE T", "/"},
        {"a target in two", "GET", "/a b"},
        {"a line end", "GET", "/\r\nX-B: c"},
    };
    struct ref_net_client *c = client_of(10);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ref_net_call call = {.method = assay_str(rows[i].method),
                                          .target = assay_str(rows[i].target),
                                          .body = ASSAY_LIT(""),
                                          .content_type = ASSAY_LIT("")};
        struct ref_net_reply reply;

        cr_expect_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_E_MALFORMED, "%s",
                     rows[i].name);
        cr_expect_not(ref_net_client_reached(c), "%s", rows[i].name);
    }
    ref_net_client_free(c);
}
