/* The HTTP server at its edges: what it listens on, values of a head, statuses and fields that a
 * handler may not send, and memory that runs out. Source: server.h, listen.h; RFC 9112. */
#include "net/listen.h"
#include "net/server.h"
#include "tests/wire.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { ALLOCATIONS_MOST = 500 };

static struct ref_net_server *server;
static uint16_t port;

/* Answers with the status that its target names, and fields that it may and may not send. */
static void handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    int status = 0;

    (void)cls;
    for (size_t i = 1; i < request->target.len; i++)
        status = status * 10 + (request->target.at[i] - '0');
    response->status = status;
    ref_net_response_add(response, "X-Good", ASSAY_LIT("yes"));
    ref_net_response_add(response, "X-Two: a\r\nX-Bad", ASSAY_LIT("a"));
    ref_net_response_add(response, "X-Bad", ASSAY_LIT("a\x7f"));
    ref_net_response_add(response, "X-Bad", ASSAY_LIT("a\x01"));
    ref_net_response_add(response, "", ASSAY_LIT("X-Bad"));
    assay_buf_add(&response->body, ref_net_request_header(request, "X-A"));
    assay_buf_add_str(&response->body, "!");
}

static enum assay_code start_on(int listen_fd, struct assay_err *err)
{
    struct ref_net_server_options o = REF_NET_SERVER_OPTIONS_DEFAULT;

    o.handle = handle;
    o.listen_fd = listen_fd;
    return ref_net_server_start(&server, &o, err);
}

static int listening(void)
{
    struct assay_err err = {0};
    int fd = -1;

    cr_assert_eq(ref_net_listen(&fd, &port, ASSAY_LIT("127.0.0.1:0"), false, &err), ASSAY_OK, "%s",
                 err.text);
    return fd;
}

static void start(void)
{
    cr_assert_eq(start_on(listening(), NULL), ASSAY_OK);
}

static void stop(void)
{
    cr_expect(ref_net_server_stop(server, WIRE_PATIENCE_MS));
}

TestSuite(net_server_edges, .timeout = 120);

static int ask(const char *text, char *answer, size_t room)
{
    int fd = wire_dial(port);

    wire_say_text(fd, text);
    cr_expect(wire_hear(fd, answer, room, NULL), "%s", answer);
    (void)close(fd);
    return wire_status(answer);
}

/* ---- requests ---- */

Test(net_server_edges, take_a_head_as_its_grammar_says, .init = start, .fini = stop)
{
    static const struct {
        const char *name, *text;
        int status;
        const char *ends;
    } rows[] = {
        {"spaces around a value", "GET /200 HTTP/1.1\r\nHost: a\r\nX-A: \t b c \t\r\n", 200,
         "b c!"},
        {"only spaces", "GET /200 HTTP/1.1\r\nHost: a\r\nX-A: \t \r\n", 200, "\r\n!"},
        {"a field twice", "GET /200 HTTP/1.1\r\nHost: a\r\nX-A: b\r\nx-a: c\r\n", 200, "b, c!"},
        {"a method of every kind of sign", "aZ09!#$%&'*+-.^_`|~ /200 HTTP/1.1\r\nHost: a\r\n", 200,
         "!"},
        {"a method with a bracket", "G[ET /200 HTTP/1.1\r\nHost: a\r\n", 400, ""},
        {"a method with an at sign", "G@T /200 HTTP/1.1\r\nHost: a\r\n", 400, ""},
        {"a method with a colon", "G:T /200 HTTP/1.1\r\nHost: a\r\n", 400, ""},
        {"a method with a brace", "G{T /200 HTTP/1.1\r\nHost: a\r\n", 400, ""},
        {"a length of 19 digits",
         "GET /200 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n", 400, ""},
        {"HTTP/1.0 without Host", "GET /200 HTTP/1.0\r\n", 200, "!"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[256], answer[4096];
        int status;

        (void)snprintf(text, sizeof(text), "%sConnection: close\r\n\r\n", rows[i].text);
        status = ask(text, answer, sizeof(answer));
        /* libmicrohttpd refuses some itself, with 413 for a length beyond its own type. */
        cr_expect(status == rows[i].status || (status == 413 && strstr(rows[i].name, "digits")),
                  "%s: %s", rows[i].name, answer);
        cr_expect(strlen(answer) >= strlen(rows[i].ends) &&
                      strcmp(answer + strlen(answer) - strlen(rows[i].ends), rows[i].ends) == 0,
                  "%s: %s", rows[i].name, answer);
    }
}

/* ---- answers ---- */

Test(net_server_edges, send_no_status_or_field_that_is_none, .init = start, .fini = stop)
{
    static const struct {
        const char *target;
        int status;
    } rows[] = {{"/200", 200}, {"/599", 599}, {"/600", 500}, {"/199", 500}, {"/0", 500}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[128], answer[4096];

        (void)snprintf(text, sizeof(text),
                       "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", rows[i].target);
        cr_expect_eq(ask(text, answer, sizeof(answer)), rows[i].status, "%s: %s", rows[i].target,
                     answer);
        cr_expect_null(strstr(answer, "X-Bad"), "%s", answer);
        cr_expect_null(strstr(answer, "X-Two"), "%s", answer);
        cr_expect_eq(strstr(answer, "X-Good: yes\r\n") != NULL, rows[i].status != 500, "%s",
                     answer);
    }
}

/* ---- memory ---- */

Test(net_server_edges, start_or_say_that_memory_is_short)
{
    bool is_whole = false;
    size_t n = 0;

    for (; !is_whole; n++) {
        struct assay_err err = {0};
        int fd = listening();
        enum assay_code code;

        cr_assert_lt(n, ALLOCATIONS_MOST);
        (void)assay_alloc_fail_after(n);
        code = start_on(fd, &err);
        is_whole = assay_alloc_fail_after(SIZE_MAX) <= n;
        cr_assert_eq(code, is_whole ? ASSAY_OK : ASSAY_E_NOMEM, "%zu: %s", n, err.text);
        cr_expect(is_whole || err.text[0] != '\0', "%zu", n);
        if (is_whole)
            stop();
        else
            (void)close(fd);
    }
    cr_expect_gt(n, 1, "%zu", n);
}

/* A thread has a stack, and one of that size is not to be had. */
Test(net_server_edges, start_or_say_that_there_are_no_threads)
{
    struct assay_err err = {0};
    pthread_attr_t large;
    int fd = listening();

    cr_assert_eq(pthread_attr_init(&large), 0);
    cr_assert_eq(pthread_attr_setstacksize(&large, (size_t)1 << 47), 0);
    cr_assert_eq(pthread_setattr_default_np(&large), 0);
    cr_expect_eq(start_on(fd, &err), ASSAY_E_IO, "%s", err.text);
    cr_expect_neq(err.text[0], '\0');
    (void)pthread_attr_destroy(&large);
    (void)close(fd);
}

Test(net_server_edges, answer_whole_or_500_or_503_or_close_when_memory_is_short, .init = start,
     .fini = stop)
{
    static const char text[] = "POST /200 HTTP/1.1\r\nHost: a\r\nX-A: b\r\nX-A: c\r\n"
                               "Content-Length: 4\r\nConnection: close\r\n\r\nbody";
    bool is_whole = false;
    size_t n = 0;

    for (; !is_whole; n++) {
        char answer[4096];
        int status;

        cr_assert_lt(n, ALLOCATIONS_MOST);
        (void)assay_alloc_fail_after(n);
        status = ask(text, answer, sizeof(answer));
        is_whole = assay_alloc_fail_after(SIZE_MAX) <= n;
        cr_expect(status == 200 || (!is_whole && (status == 0 || status == 500 || status == 503)),
                  "%zu: %s", n, answer);
        cr_expect(status != 200 || strstr(answer, "b, c!") != NULL, "%zu: %s", n, answer);
        cr_expect(status != 0 || answer[0] == '\0', "%zu: %s", n, answer);
    }
    cr_expect_gt(n, 4, "%zu", n);
    cr_expect_eq(ask(text, (char[4096]){0}, 4096), 200, "and the next one as ever");
}

/* ---- where ---- */

Test(net_server_edges, listen_where_they_are_told_or_say_why_not)
{
    static const struct {
        const char *address;
        bool is_public;
        enum assay_code code;
    } rows[] = {
        {"[::1]:0", false, ASSAY_OK},
        {"::1:0", false, ASSAY_OK},
        {"[::]:0", false, ASSAY_E_DENIED},
        {"[::1:0", false, ASSAY_E_MALFORMED},
        {"[]:0", false, ASSAY_E_MALFORMED},
        {"127.0.0.1.............................................................:0", false,
         ASSAY_E_MALFORMED},
        {"192.0.2.1:0", true, ASSAY_E_IO}, /* nobody's */
    };

    for (size_t i = wire_has_ipv6() ? 0 : 2; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        uint16_t got = 0;
        int fd = -1;

        cr_expect_eq(ref_net_listen(&fd, &got, assay_str(rows[i].address), rows[i].is_public, &err),
                     rows[i].code, "%s: %s", rows[i].address, err.text);
        cr_expect_eq(fd >= 0 && got > 0, rows[i].code == ASSAY_OK, "%s", rows[i].address);
        cr_expect(rows[i].code == ASSAY_OK || err.text[0] != '\0', "%s", rows[i].address);
        if (fd >= 0)
            (void)close(fd);
    }
}

Test(net_server_edges, listen_on_no_port_that_is_taken)
{
    struct assay_err err = {0};
    char address[32];
    uint16_t got = 0;
    int fd = listening(), second = -1;

    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)port);
    cr_expect_eq(ref_net_listen(&second, &got, assay_str(address), false, &err), ASSAY_E_IO);
    cr_expect_eq(second, -1);
    cr_expect_str_eq(err.text, "Address already in use");
    (void)close(fd);
}
