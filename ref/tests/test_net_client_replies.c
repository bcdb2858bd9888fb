/* What the HTTP client takes of an origin that answers byte by byte as it likes, and what it sends.
 * Source: client.h; RFC 9112, sections 4 to 6. */
#include "net/client.h"
#include "net/listen.h"
#include "tests/wire.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKED_BYTES = 8192, BODY_MAX_BYTES = 64 };

/* An origin that answers every connection's one request with the same bytes. */
static struct {
    int fd;
    pthread_t thread;
    struct assay_buf answer;
    char asked[ASKED_BYTES];
} origin;
static char url[64];

static void *serve(void *cls)
{
    (void)cls;
    for (;;) {
        struct pollfd next = {.fd = origin.fd, .events = POLLIN};
        int peer = poll(&next, 1, -1) == 1 ? accept(origin.fd, NULL, NULL) : -1;
        size_t len = 0;
        ssize_t got = 1;

        if (peer < 0)
            return NULL;
        memset(origin.asked, 0, sizeof(origin.asked));
        while (got > 0 && strstr(origin.asked, "\r\n\r\n") == NULL &&
               len < sizeof(origin.asked) - 1) {
            got = recv(peer, origin.asked + len, sizeof(origin.asked) - 1 - len, 0);
            len += got > 0 ? (size_t)got : 0;
        }
        if (origin.answer.len > 0)
            (void)!send(peer, origin.answer.at, origin.answer.len, MSG_NOSIGNAL);
        (void)shutdown(peer, SHUT_WR);
        while (recv(peer, &(char){0}, 1, 0) > 0) {
        }
        (void)close(peer);
    }
}

static void open_on(const char *host)
{
    uint16_t port = 0;

    origin.answer = (struct assay_buf)ASSAY_BUF_INIT(1 << 20);
    (void)snprintf(url, sizeof(url), "%s:0", host);
    cr_assert_eq(ref_net_listen(&origin.fd, &port, assay_str(url), false, NULL), ASSAY_OK);
    (void)snprintf(url, sizeof(url), "http://%s:%u", host, (unsigned)port);
    cr_assert_eq(pthread_create(&origin.thread, NULL, serve, NULL), 0);
}

static void set_up(void)
{
    open_on("127.0.0.1");
}

static void take_down(void)
{
    (void)shutdown(origin.fd, SHUT_RDWR);
    (void)pthread_join(origin.thread, NULL);
    (void)close(origin.fd);
    assay_buf_fini(&origin.answer);
}

TestSuite(net_client_replies, .init = set_up, .fini = take_down, .timeout = 120);

static void will_answer(const char *bytes)
{
    assay_buf_clear(&origin.answer);
    assay_buf_add_str(&origin.answer, bytes);
}

static struct ref_net_client *new_client(void)
{
    const struct ref_net_client_options o = {.origin = url,
                                             .deadline_ms = WIRE_PATIENCE_MS,
                                             .response_max_bytes = BODY_MAX_BYTES,
                                             .is_single_use = true};
    struct ref_net_client *c = ref_net_client_new(&o);

    cr_assert_not_null(c);
    return c;
}

static enum assay_code ask(struct ref_net_client *c, struct ref_net_reply *reply,
                           struct assay_err *err)
{
    const struct ref_net_call call = {.method = ASSAY_LIT("GET"),
                                      .target = ASSAY_LIT("/"),
                                      .body = ASSAY_LIT(""),
                                      .content_type = ASSAY_LIT("")};

    return ref_net_client_call(c, reply, &call, err);
}

/* ---- replies ---- */

Test(net_client_replies, have_their_fields_as_they_came_but_for_spaces_and_folds)
{
    static const struct {
        const char *name, *answer, *value;
        size_t count; /* of fields X-A */
    } rows[] = {
        {"spaces around", "HTTP/1.1 200 OK\r\nX-A: \t one two \t \r\nContent-Length: 0\r\n\r\n",
         "one two", 1},
        {"no value", "HTTP/1.1 200 OK\r\nX-A:\r\nContent-Length: 0\r\n\r\n", "", 1},
        {"a colon in it", "HTTP/1.1 200 OK\r\nX-A: b:c\r\nContent-Length: 0\r\n\r\n", "b:c", 1},
        {"twice", "HTTP/1.1 200 OK\r\nX-A: b\r\nx-a: c\r\nContent-Length: 0\r\n\r\n", "b", 2},
        {"only spaces", "HTTP/1.1 200 OK\r\nX-A:  \t \r\nContent-Length: 0\r\n\r\n", "", 1},
        {"line feeds alone", "HTTP/1.1 200 OK\nX-A: one\nContent-Length: 0\n\n", "one", 1},
        {"folded", "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\tthree\r\nContent-Length: 0\r\n\r\n",
         "one   two  \tthree", 1},
        {"folded by line feeds alone", "HTTP/1.1 200 OK\nX-A: one\n two\nContent-Length: 0\n\n",
         "one  two", 1},
        {"a trailer",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: one\r\n\r\n2\r\nok\r\n0\r\n"
         "X-A: two\r\n\r\n",
         "one", 1},
        {"an answer of 1xx before it",
         "HTTP/1.1 103 Early\r\nX-A: early\r\n\r\nHTTP/1.1 200 OK\r\nX-A: late\r\n"
         "Content-Length: 0\r\n\r\n",
         "late", 1},
        {"none", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0},
    };
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_net_reply reply;
        struct assay_err err = {0};
        struct assay_bytes value;

        will_answer(rows[i].answer);
        cr_assert_eq(ask(c, &reply, &err), ASSAY_OK, "%s: %s", rows[i].name, err.text);
        cr_expect_eq(reply.status, 200, "%s", rows[i].name);
        cr_expect_eq(ref_net_client_header(c, &value, "x-a"), rows[i].count, "%s", rows[i].name);
        cr_expect(assay_bytes_is(value, rows[i].value), "%s: '%.*s'", rows[i].name, (int)value.len,
                  (const char *)value.at);
    }
    ref_net_client_free(c);
}

static void add_times(const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        assay_buf_add_str(&origin.answer, text);
}

Test(net_client_replies, are_bounded_in_the_number_and_the_size_of_their_fields)
{
    static const struct {
        const char *name, *field;
        size_t times;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"the most", "X-A: b\r\n", REF_NET_REPLY_FIELDS_MAX - 1, ASSAY_OK, ""},
        {"one more", "X-A: b\r\n", REF_NET_REPLY_FIELDS_MAX, ASSAY_E_TOO_LARGE,
         "origin: more than 128 header fields"},
        {"too large together",
         "X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n", 5000,
         ASSAY_E_TOO_LARGE, "origin: the header fields are larger than 262144 bytes"},
    };
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_net_reply reply;
        struct assay_err err = {0};

        will_answer("HTTP/1.1 200 OK\r\n");
        add_times(rows[i].field, rows[i].times);
        assay_buf_add_str(&origin.answer, "Content-Length: 0\r\n\r\n");
        cr_expect_eq(ask(c, &reply, &err), rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect_str_eq(err.text, rows[i].says, "%s", rows[i].name);
    }
    ref_net_client_free(c);
}

Test(net_client_replies, name_a_type_of_at_most_a_kibibyte)
{
    static const size_t lengths[] = {1024, 1025};
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct ref_net_reply reply;

        will_answer("HTTP/1.1 200 OK\r\nContent-Type: ");
        add_times("t", lengths[i]);
        assay_buf_add_str(&origin.answer, "\r\nContent-Length: 0\r\n\r\n");
        cr_assert_eq(ask(c, &reply, NULL), ASSAY_OK);
        cr_expect_eq(reply.content_type.len, lengths[i] > 1024 ? 0 : lengths[i]);
        cr_expect(reply.headers[0].value.len == lengths[i], "the field itself stays");
    }
    ref_net_client_free(c);
}

Test(net_client_replies, that_are_not_whole_or_no_http_are_errors)
{
    static const struct {
        const char *name, *answer;
        enum assay_code code;
    } rows[] = {
        {"nothing", "", ASSAY_E_CLOSED},
        {"a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", ASSAY_E_CLOSED},
        {"a chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour",
         ASSAY_E_CLOSED},
        {"HTTP/0.9", "<html>\x1b[2J::error::</html>", ASSAY_E_IO},
        {"a body above the limit",
         "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n"
         "0123456789012345678901234567890123456789012345678901234567890123X",
         ASSAY_E_TOO_LARGE},
    };
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_net_reply reply;
        struct assay_err err = {0};

        will_answer(rows[i].answer);
        cr_expect_eq(ask(c, &reply, &err), rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect_eq(strncmp(err.text, "origin: ", 8), 0, "%s: %s", rows[i].name, err.text);
        cr_expect(ref_net_client_reached(c), "%s", rows[i].name);
        for (const char *at = err.text; *at != '\0'; at++)
            cr_expect(*at >= ' ' && *at < 0x7F, "%s: nothing of the bytes is shown", rows[i].name);
    }
    ref_net_client_free(c);
}

/* ---- requests ---- */

Test(net_client_replies, are_to_requests_within_their_limits)
{
    static char long_text[65538];
    const struct {
        const char *name;
        struct assay_bytes method, target;
        enum assay_code code;
    } rows[] = {
        {"no method", ASSAY_LIT(""), ASSAY_LIT("/"), ASSAY_E_MALFORMED},
        {"no target", ASSAY_LIT("GET"), ASSAY_LIT(""), ASSAY_E_MALFORMED},
        {"a method with a space", ASSAY_LIT("GET /x"), ASSAY_LIT("/"), ASSAY_E_MALFORMED},
        {"a line end", ASSAY_LIT("GET"), ASSAY_LIT("/\r\nX-B: c"), ASSAY_E_MALFORMED},
        {"the longest method", assay_bytes_of(long_text, 64), ASSAY_LIT("/"), ASSAY_OK},
        {"a longer method", assay_bytes_of(long_text, 65), ASSAY_LIT("/"), ASSAY_E_MALFORMED},
        {"a longer target", ASSAY_LIT("GET"), assay_bytes_of(long_text, 65537), ASSAY_E_MALFORMED},
    };
    struct ref_net_client *c = new_client();

    memset(long_text, 'A', sizeof(long_text));
    will_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ref_net_call call = {.method = rows[i].method,
                                          .target = rows[i].target,
                                          .body = ASSAY_LIT(""),
                                          .content_type = ASSAY_LIT("")};
        struct ref_net_reply reply;
        struct assay_err err = {0};

        cr_expect_eq(ref_net_client_call(c, &reply, &call, &err), rows[i].code, "%s: %s",
                     rows[i].name, err.text);
        cr_expect_eq(ref_net_client_reached(c), rows[i].code == ASSAY_OK, "%s", rows[i].name);
    }
    ref_net_client_free(c);
}

Test(net_client_replies, are_to_a_type_that_is_sent_unless_it_holds_a_control_character)
{
    static const struct {
        const char *type;
        bool is_sent;
    } rows[] = {{"text/x-a", true}, {"text/x-a\r\nX-B: c", false}, {"", false}};
    struct ref_net_client *c = new_client();

    will_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ref_net_call call = {.method = ASSAY_LIT("POST"),
                                          .target = ASSAY_LIT("/"),
                                          .body = ASSAY_LIT(""),
                                          .content_type = assay_str(rows[i].type)};
        struct ref_net_reply reply;

        cr_assert_eq(ref_net_client_call(c, &reply, &call, NULL), ASSAY_OK);
        cr_expect_eq(strstr(origin.asked, "Content-Type: text/x-a\r\n") != NULL, rows[i].is_sent,
                     "%s", origin.asked);
        cr_expect_null(strstr(origin.asked, "X-B"), "%s", origin.asked);
    }
    ref_net_client_free(c);
}

Test(net_client_replies, are_had_or_memory_is_short_and_nothing_else)
{
    const struct ref_net_client_options o = {.origin = url,
                                             .deadline_ms = WIRE_PATIENCE_MS,
                                             .response_max_bytes = BODY_MAX_BYTES,
                                             .is_single_use = true};
    const struct ref_net_field field = {ASSAY_LIT("X-A"), ASSAY_LIT("b")};
    const struct ref_net_call call = {.method = ASSAY_LIT("POST"),
                                      .target = ASSAY_LIT("/"),
                                      .body = ASSAY_LIT("body"),
                                      .content_type = ASSAY_LIT("text/plain"),
                                      .headers = &field,
                                      .header_count = 1};
    bool is_whole = false;
    size_t n = 0;

    will_answer("HTTP/1.1 200 OK\r\nX-A: one\r\nContent-Length: 2\r\n\r\nok");
    for (; !is_whole; n++) {
        struct ref_net_reply reply;
        struct assay_err err = {0};
        enum assay_code code = ASSAY_E_NOMEM;
        struct ref_net_client *c;

        cr_assert_lt(n, 1000);
        (void)assay_alloc_fail_after(n);
        c = ref_net_client_new(&o);
        if (c != NULL)
            code = ref_net_client_call(c, &reply, &call, &err);
        is_whole = assay_alloc_fail_after(SIZE_MAX) <= n;
        cr_expect_eq(code, is_whole ? ASSAY_OK : ASSAY_E_NOMEM, "%zu: %s", n, err.text);
        cr_expect(c == NULL || code == ASSAY_OK || err.text[0] != '\0', "%zu", n);
        ref_net_client_free(c);
    }
    cr_expect_gt(n, 4, "%zu", n);
}

/* ---- the library's own memory ---- */

static size_t library_left; /* allocations that it is given */

static bool library_may(void)
{
    if (library_left == 0)
        return false;
    library_left--;
    return true;
}

static void *library_malloc(size_t len)
{
    return library_may() ? malloc(len) : NULL;
}

static void *library_realloc(void *at, size_t len)
{
    return library_may() ? realloc(at, len) : NULL;
}

static void *library_calloc(size_t count, size_t len)
{
    return library_may() ? calloc(count, len) : NULL;
}

static char *library_strdup(const char *text)
{
    return library_may() ? strdup(text) : NULL;
}

/* Whatever it is that has no memory, nothing is said to have come that has not. */
Test(net_client_replies, are_had_or_the_library_has_no_memory)
{
    const struct ref_net_client_options o = {.origin = url,
                                             .deadline_ms = WIRE_PATIENCE_MS,
                                             .response_max_bytes = BODY_MAX_BYTES,
                                             .is_single_use = true};
    const struct ref_net_field field = {ASSAY_LIT("X-A"), ASSAY_LIT("b")};
    bool is_typed = false;

    library_left = SIZE_MAX;
    cr_assert_eq(curl_global_init_mem(CURL_GLOBAL_DEFAULT, library_malloc, free, library_realloc,
                                      library_strdup, library_calloc),
                 CURLE_OK);
    will_answer("HTTP/1.1 200 OK\r\nX-A: one\r\nContent-Length: 2\r\n\r\nok");
    do {
        const struct ref_net_call call = {.method = ASSAY_LIT("POST"),
                                          .target = ASSAY_LIT("/"),
                                          .body = ASSAY_LIT("body"),
                                          .content_type =
                                              is_typed ? ASSAY_LIT("text/plain") : ASSAY_LIT(""),
                                          .headers = &field,
                                          .header_count = 1};
        enum assay_code code = ASSAY_E_NOMEM;
        size_t n = 0;

        for (; code != ASSAY_OK; n++) {
            struct assay_err err = {0};
            struct ref_net_reply reply;
            struct ref_net_client *c;

            cr_assert_lt(n, 1000);
            library_left = n;
            c = ref_net_client_new(&o);
            if (c != NULL)
                code = ref_net_client_call(c, &reply, &call, &err);
            library_left = SIZE_MAX;
            cr_expect(code != ASSAY_OK || assay_bytes_is(reply.body, "ok"), "%zu", n);
            cr_expect(c == NULL || code == ASSAY_OK || err.text[0] != '\0', "%zu", n);
            ref_net_client_free(c);
        }
        cr_expect_gt(n, 10, "%zu", n);
        is_typed = !is_typed;
    } while (is_typed);
}

/* ---- where to ---- */

Test(net_client_replies, come_by_ipv6_too)
{
    struct ref_net_client *c;
    struct ref_net_reply reply;

    if (!wire_has_ipv6())
        cr_skip_test("not run: there is no IPv6 here");
    take_down();
    open_on("[::1]");
    will_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    c = new_client();
    cr_assert_eq(ask(c, &reply, NULL), ASSAY_OK);
    cr_expect(assay_bytes_is(reply.body, "ok"));
    ref_net_client_free(c);
}

/* The name is nobody's business here: the socket is what counts. */
Test(net_client_replies, come_from_loopback_alone_whatever_a_name_resolves_to)
{
    static const char *const origins[] = {"http://192.0.2.1:9",  "http://[2001:db8::1]:9",
                                          "http://[0:0:1::1]:9", "http://[::1:0:0:1]:9",
                                          "http://[::1:0:1]:9",  "http://[::2]:9"};

    for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
        const struct ref_net_client_options o = {
            .origin = origins[i], .deadline_ms = WIRE_PATIENCE_MS, .response_max_bytes = 1};
        struct ref_net_client *c = ref_net_client_new(&o);
        struct ref_net_reply reply;

        cr_assert_not_null(c);
        cr_expect_eq(ask(c, &reply, NULL), ASSAY_E_IO, "%s", origins[i]);
        cr_expect_not(ref_net_client_reached(c), "%s", origins[i]);
        ref_net_client_free(c);
    }
}
