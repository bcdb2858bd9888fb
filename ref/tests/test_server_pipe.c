/* The reference server of kaspa-x402 over a pipe, as a process: its end, signals, what is wrong
 * with the pipe, and where memory is short. */
#include "ref/tests/forked.h"
#include "ref/tests/kx_phases.h"
#include "server/kaspa_x402.h"
#include "tests/wire.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct kx_server_options o;

static void set_up(void)
{
    kx_store_folder_make();
    o = (struct kx_server_options)KX_SERVER_OPTIONS_DEFAULT;
    o.store = kx_store_file();
    o.limits = kx_store_test_limits;
    o.node = "ws://127.0.0.1:1"; /* where none is */
    o.pay_to = "kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy";
    o.has_mcp = o.is_piped = true;
    o.base_url = "http://shop.test";
    o.workers = 1;
}

TestSuite(server_pipe, .init = set_up, .fini = kx_store_folder_drop, .timeout = 60);

static struct piped {
    int in, out; /* out: -1: what is heard */
} piped;

static enum assay_code run_piped(const void *cls, struct assay_err *err)
{
    const struct piped *p = cls;

    (void)dup2(p->in, STDIN_FILENO);
    if (p->out >= 0)
        (void)dup2(p->out, STDOUT_FILENO);
    return kx_server_run(&o, err);
}

#define PING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
#define LIST "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n"
#define QUOTE                                                                                      \
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"quote\","      \
    "\"arguments\":{}}}\n"
#define PONG "\"id\":1"

static void ask_by_pipe(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* A signal that is none of its own ends nothing, and SIGTERM all. */
Test(server_pipe, serves_until_it_is_stopped)
{
    struct forked f;
    int in[2];

    cr_assert_eq(pipe(in), 0);
    piped = (struct piped){.in = in[0], .out = -1};
    forked_start(&f, run_piped, &piped, NULL);
    ask_by_pipe(in[1], PING);
    cr_assert(forked_hear(&f, PONG), "%s", f.said);
    for (int i = 0; i < 3; i++) {
        forked_interrupt(&f);
        f.said[0] = '\0';
        ask_by_pipe(in[1], PING);
        cr_assert(forked_hear(&f, PONG), "%s", f.said);
    }
    cr_expect_eq(forked_stop(&f), ASSAY_OK, "%s", f.said);
    (void)close(in[0]);
    (void)close(in[1]);
}

Test(server_pipe, says_what_is_wrong_with_the_pipe)
{
    static const struct {
        const char *name, *says;
        bool is_in_folder, has_no_reader;
    } rows[] = {
        {"stdin is a folder", "stdin: ", true, false},
        {"nobody reads stdout", "stdout: ", false, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int folder = open("/", O_RDONLY | O_CLOEXEC), in[2], out[2];
        struct forked f;

        cr_assert(folder >= 0 && pipe(in) == 0 && pipe(out) == 0);
        (void)close(out[0]);
        piped = (struct piped){.in = rows[i].is_in_folder ? folder : in[0],
                               .out = rows[i].has_no_reader ? out[1] : -1};
        ask_by_pipe(in[1], PING);
        forked_start(&f, run_piped, &piped, NULL);
        cr_expect_eq(forked_end(&f), ASSAY_E_IO, "%s: %s", rows[i].name, f.said);
        cr_expect_not_null(strstr(f.said, rows[i].says), "%s: %s", rows[i].name, f.said);
        (void)close(folder);
        (void)close(in[0]);
        (void)close(in[1]);
        (void)close(out[1]);
    }
}

static enum assay_code run_server(const void *cls, struct assay_err *err)
{
    return kx_server_run(cls, err);
}

/* Over HTTP, of a name that ends with a slash: an origin of the web never does. */
Test(server_pipe, serves_the_origin_that_it_is_called)
{
    static const struct {
        const char *base, *origin;
        int status;
    } rows[] = {
        {"http://shop.test", "http://shop.test", 200},
        {"http://shop.test/", "http://shop.test", 200},
        {"http://shop.test/", "http://other.test", 403},
    };
    struct assay_buf request = ASSAY_BUF_INIT(4096);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char answer[4096];
        struct forked f;
        uint16_t port;
        int fd;

        o.listen = "127.0.0.1:0";
        o.is_piped = false;
        o.base_url = rows[i].base;
        forked_start(&f, run_server, &o, NULL);
        port = forked_port(&f, "kaspa-x402");
        cr_assert_neq(port, 0, "%s", f.said);
        fd = wire_dial(port);
        assay_buf_printf(&request,
                         "POST /mcp HTTP/1.1\r\nHost: shop.test\r\nOrigin: %s\r\n"
                         "Accept: application/json, text/event-stream\r\n"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                         "Connection: close\r\n\r\n" PING,
                         rows[i].origin, sizeof(PING) - 1);
        wire_say_text(fd, assay_buf_cstr(&request));
        (void)wire_hear(fd, answer, sizeof(answer), NULL);
        (void)close(fd);
        cr_expect_eq(wire_status(answer), rows[i].status, "%s, %s: %s", rows[i].base,
                     rows[i].origin, answer);
        cr_expect_eq(forked_stop(&f), ASSAY_OK, "%s", f.said);
        assay_buf_fini(&request);
    }
}

/* Nobody reads at first: a signal that comes as it writes loses nothing. */
Test(server_pipe, waits_for_who_reads)
{
    static char filler[4096];
    struct forked f;
    int in[2], out[2], unread = 1;
    char byte = 0;
    size_t filled = 0;

    cr_assert(pipe(in) == 0 && pipe2(out, O_NONBLOCK) == 0);
    while (write(out[1], filler, sizeof(filler)) > 0)
        filled += sizeof(filler);
    cr_assert_eq(fcntl(out[1], F_SETFL, 0), 0);
    cr_assert_eq(fcntl(out[0], F_SETFL, 0), 0);
    ask_by_pipe(in[1], PING);
    piped = (struct piped){.in = in[0], .out = out[1]};
    forked_start(&f, run_piped, &piped, NULL);
    (void)close(out[1]);
    for (int i = 0; i < FORKED_PATIENCE && unread > 0; i++) {
        cr_assert_eq(ioctl(in[0], FIONREAD, &unread), 0);
        cr_assert_not(forked_has_ended(&f), "%s", f.said);
    }
    forked_interrupt(&f);
    for (size_t i = 0; i < filled; i++)
        cr_assert_eq(read(out[0], &byte, 1), 1);
    cr_assert_eq(read(out[0], &byte, 1), 1);
    cr_expect_eq(byte, '{');
    cr_expect_eq(forked_stop(&f), ASSAY_OK, "%s", f.said);
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(out[0]);
}

static size_t lines_with(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* What is asked is there already, and then the end: all of it is answered, or what was short is
 * said. */
Test(server_pipe, answers_or_says_that_there_is_no_memory)
{
    enum { MOST = 1000 };
    bool is_whole = false;
    size_t n = 0;

    while (!is_whole && n++ < MOST) {
        struct forked f;
        int in[2], status;

        cr_assert_eq(pipe(in), 0);
        ask_by_pipe(in[1], PING LIST QUOTE);
        (void)close(in[1]);
        piped = (struct piped){.in = in[0], .out = -1};
        forked_start(&f, run_piped, &piped, &(struct forked_scarcity){.allocations = n});
        (void)close(in[0]);
        status = forked_end(&f);
        if (status == ASSAY_OK)
            cr_expect_eq(lines_with(f.said, "\"jsonrpc\":"), 3, "%zu: %s", n, f.said);
        else
            cr_expect(status == ASSAY_E_NOMEM && strstr(f.said, "memory") != NULL, "%zu: %d: %s", n,
                      status, f.said);
        is_whole = status == ASSAY_OK && strstr(f.said, "\"x402Version\":2") != NULL;
    }
    cr_expect(n > 10 && n < MOST, "%zu", n);
}
