/* The HTTP client's further headers, of requests and of replies; the rest of it is tried with the
 * server (test_net_server.c). */
#include "net/client.h"
#include "net/listen.h"
#include "net/server.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct ref_net_server *server;
static char origin[64];

/* Answers with the request's X-A as body, and with headers by the target. */
static void handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    struct assay_buf large = ASSAY_BUF_INIT(1 << 20);

    (void)cls;
    response->status = 200;
    assay_buf_add(&response->body, ref_net_request_header(request, "x-a"));
    ref_net_response_add(response, "X-Once", ASSAY_LIT("one"));
    if (assay_bytes_is(request->target, "/twice"))
        ref_net_response_add(response, "x-once", ASSAY_LIT("two"));
    if (assay_bytes_is(request->target, "/redirect")) {
        response->status = 302;
        ref_net_response_add(response, "Location", ASSAY_LIT("/"));
    }
    if (assay_bytes_is(request->target, "/large")) {
        while (large.len < 20000)
            assay_buf_add_byte(&large, 'a');
        ref_net_response_add(response, "X-Large", assay_buf_view(&large));
    }
    assay_buf_fini(&large);
}

static void start(void)
{
    struct ref_net_server_options o = REF_NET_SERVER_OPTIONS_DEFAULT;
    uint16_t port;

    o.header_max_bytes = 512 << 10;
    o.handle = handle;
    cr_assert_eq(ref_net_listen(&o.listen_fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL),
                 ASSAY_OK);
    cr_assert_eq(ref_net_server_start(&server, &o, NULL), ASSAY_OK);
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%u/ignored", (unsigned)port);
}

static void stop(void)
{
    (void)ref_net_server_stop(server, 10000);
}

TestSuite(net_client, .init = start, .fini = stop, .timeout = 120);

static struct ref_net_client *new_client(void)
{
    const struct ref_net_client_options o = {
        .origin = origin, .deadline_ms = 20000, .response_max_bytes = 1 << 20};
    struct ref_net_client *c = ref_net_client_new(&o);

    cr_assert_not_null(c);
    return c;
}

static enum assay_code ask(struct ref_net_client *c, struct ref_net_reply *reply,
                           const char *target, const struct ref_net_field *fields, size_t count)
{
    const struct ref_net_call call = {.method = ASSAY_LIT("GET"),
                                      .target = assay_str(target),
                                      .body = ASSAY_LIT(""),
                                      .content_type = ASSAY_LIT(""),
                                      .headers = fields,
                                      .header_count = count};

    return ref_net_client_call(c, reply, &call, NULL);
}

Test(net_client, sends_headers_verbatim_and_not_in_the_next_call)
{
    struct ref_net_client *c = new_client();
    struct assay_buf large = ASSAY_BUF_INIT(1 << 20);
    struct ref_net_reply reply;
    struct ref_net_field field = {ASSAY_LIT("X-A"), ASSAY_LIT("a: b, \"c\"")};

    cr_assert_eq(ask(c, &reply, "/", &field, 1), ASSAY_OK);
    cr_expect(assay_bytes_equal(reply.body, field.value));
    cr_assert_eq(ask(c, &reply, "/", NULL, 0), ASSAY_OK);
    cr_expect_eq(reply.body.len, 0);
    while (large.len < 131072)
        assay_buf_add_byte(&large, 'A');
    field.value = assay_buf_view(&large);
    cr_assert_eq(ask(c, &reply, "/", &field, 1), ASSAY_OK);
    cr_expect_eq(reply.body.len, 131072, "the largest payment");
    assay_buf_fini(&large);
    ref_net_client_free(c);
}

Test(net_client, sends_no_header_that_would_be_two)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"X-A", "a\r\nX-B: c"}, {"X-A", "a\nb"}, {"X-A: b\r\nX-B", "c"},
        {"X A", "b"},           {"X-A", ""},     {"X-A", "a\x7f"},
    };
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ref_net_field field = {assay_str(rows[i].name), assay_str(rows[i].value)};
        struct ref_net_reply reply;

        cr_expect_eq(ask(c, &reply, "/", &field, 1), ASSAY_E_MALFORMED, "row %zu", i);
    }
    ref_net_client_free(c);
}

Test(net_client, tells_the_headers_of_the_reply_and_how_often_they_came)
{
    static const struct {
        const char *target, *name, *value;
        size_t count;
    } rows[] = {
        {"/", "x-ONCE", "one", 1},         {"/twice", "X-Once", "one", 2}, {"/", "X-None", "", 0},
        {"/redirect", "Location", "/", 1}, {"/", "Location", "", 0},
    };
    struct ref_net_client *c = new_client();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_bytes value;
        struct ref_net_reply reply;

        cr_assert_eq(ask(c, &reply, rows[i].target, NULL, 0), ASSAY_OK);
        cr_expect_eq(ref_net_client_header(c, &value, rows[i].name), rows[i].count, "row %zu", i);
        cr_expect(assay_bytes_is(value, rows[i].value), "row %zu", i);
    }
    ref_net_client_free(c);
}

Test(net_client, follows_no_redirect)
{
    struct ref_net_client *c = new_client();
    struct ref_net_reply reply;

    cr_assert_eq(ask(c, &reply, "/redirect", NULL, 0), ASSAY_OK);
    cr_expect_eq(reply.status, 302);
    ref_net_client_free(c);
}

Test(net_client, reads_a_large_header)
{
    struct ref_net_client *c = new_client();
    struct assay_bytes value;
    struct ref_net_reply reply;

    cr_assert_eq(ask(c, &reply, "/large", NULL, 0), ASSAY_OK);
    cr_expect_eq(ref_net_client_header(c, &value, "X-Large"), 1);
    cr_expect_eq(value.len, 20000);
    ref_net_client_free(c);
}
