/* `assay init`: what it writes of the embedded references runs once it is filled in, and not
 * before; and nothing that a server says gets further than its text. */
#include "answering.h"
#include "program.h"
#include "scripted.h"

#include "target/target.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#define RUN(p, ...) program_run((p), (const char *const[]){__VA_ARGS__, NULL}, NULL)

static const char secret[] = "a-test-secret-of-at-least-32-bytes-1";

static const char *text(struct assay_buf *buf)
{
    const char *at = assay_buf_cstr(buf);

    return at != NULL ? at : "(too much)";
}

/* The embedded server at a port of its own; its URL. */
static void serve(struct program *server, const char *const *args, char *url, size_t room)
{
    static const char *const env[] = {"ASSAY_SECRET=a-test-secret-of-at-least-32-bytes-1", NULL};
    const char *at;

    program_init(server);
    program_start(server, args, env);
    cr_assert(program_await_text(server, "stdout", "ready ", PROGRAM_DEADLINE_MS),
              "it is not ready");
    program_read(server, "stdout", &server->out);
    at = strstr(text(&server->out), "http://");
    cr_assert_not_null(at);
    cr_assert_lt(snprintf(url, room, "%.*s", (int)strcspn(at, "\n"), at), (int)room);
}

/* Puts a value in the place of what is to be filled in, at member.within.last. */
static void fill_in(struct program *p, const char *member, const char *within, const char *last,
                    const char *value)
{
    struct assay_buf file = ASSAY_BUF_INIT(1 << 20);
    json_t *target, *at;
    char *dump;

    program_read(p, "assay-target.json", &file);
    target = json_loadb((const char *)file.at, file.len, 0, NULL);
    at = json_object_get(json_object_get(target, member), within);
    cr_assert_not_null(json_object_get(at, last), "%s.%s.%s is not left", member, within, last);
    json_object_set_new(at, last, json_string(value));
    dump = json_dumps(target, JSON_INDENT(2));
    program_write(p, "assay-target.json", assay_str(dump));
    free(dump);
    json_decref(target);
    assay_buf_fini(&file);
}

Test(init, of_the_reference_of_paid_tools_runs_once_it_is_filled_in)
{
    static const char *const args[] = {"serve",   "paid-tools", "--listen",  "127.0.0.1:0",
                                       "--store", "memory",     "--workers", "1",
                                       "--wire",  "dual",       NULL};
    struct program server, p;
    char url[128], paid[160];

    serve(&server, args, url, sizeof url);
    program_init(&p);
    (void)snprintf(paid, sizeof paid, "%s/weather?city=Paris", url);
    RUN(&p, "init", paid, "--endpoint", "/forecast?city=Paris", "--endpoint",
        "paid_post=POST:/action");
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    cr_expect(program_says(&p, "profile paid-tools"));
    cr_expect(program_says(&p, "secrets.mac"));
    cr_expect(program_says(&p, "it has tools"));
    RUN(&p, "run", "--target", "assay-target.json", "--plan");
    cr_expect_eq(p.status, 3, "it ran before it was filled in");
    cr_expect(program_says(&p, "secrets.mac.value: is still to be filled in"), "%s", text(&p.err));
    fill_in(&p, "secrets", "mac", "value", secret);
    RUN(&p, "run", "--target", "assay-target.json", "--no-self-check", "--out", "r",
        "paid-tools/honest_payment_is_served", "proof-replay");
    cr_expect_eq(p.status, 0, "%s%s", text(&p.out), text(&p.err));
    cr_expect(program_says(&p, " 0 fail"), "%s", text(&p.out));
    RUN(&p, "init", paid);
    cr_expect_eq(p.status, 3, "it wrote over a file");
    RUN(&p, "init", paid, "--force");
    cr_expect_eq(p.status, 0, "%s", text(&p.err));
    program_fini(&p);
    program_fini(&server);
}

Test(init, of_the_reference_of_kaspa_x402_runs_once_it_is_filled_in)
{
    char node[64], listen[32], url[128], paid[160];
    const char *const args[] = {
        "serve",
        "kaspa-x402",
        "--listen",
        "127.0.0.1:0",
        "--store",
        "memory",
        "--workers",
        "1",
        "--node",
        node,
        "--pay-to",
        "kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy",
        "--network",
        "kaspa:testnet-10",
        "--accept-wait",
        "500",
        "--poll",
        "20",
        "--quota",
        "0",
        NULL};
    struct program server, p;

    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", unused_port());
    (void)snprintf(node, sizeof node, "ws://%s", listen);
    serve(&server, args, url, sizeof url);
    program_init(&p);
    (void)snprintf(paid, sizeof paid, "%s/report?day=1", url);
    RUN(&p, "init", paid, "--endpoint", "paid_get_other=GET:/other?day=1");
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    cr_expect(program_says(&p, "profile kaspa-x402"));
    cr_expect(program_says(&p, "network kaspa:testnet-10"));
    RUN(&p, "run", "--target", "assay-target.json", "--plan");
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "roles.node.listen: is still to be filled in"), "%s", text(&p.err));
    fill_in(&p, "roles", "node", "listen", listen);
    RUN(&p, "run", "--target", "assay-target.json", "--no-self-check", "--out", "r",
        "kaspa-x402/honest_payment_is_served", "exact-replay");
    cr_expect_eq(p.status, 0, "%s%s", text(&p.out), text(&p.err));
    cr_expect(program_says(&p, " 0 fail"), "%s", text(&p.out));
    program_fini(&p);
    program_fini(&server);
}

/* ---- other servers ---- */

static void ask(struct program *p, const char *answer)
{
    struct answering *server = answering_start(&(struct answering_with){.unpaid = answer});
    char url[64];

    program_init(p);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/paid", answering_port(server));
    RUN(p, "init", url);
    answering_stop(server);
}

#define HEAD                                                                                       \
    "HTTP/1.1 402 Payment Required\r\nContent-Type: application/json\r\nConnection: close\r\n"

Test(init, of_an_x402_server_knows_its_offers)
{
    static const char body[] =
        "{\"x402Version\":2,\"resource\":{\"url\":\"https://shop.example/paid\"},\"accepts\":["
        "{\"scheme\":\"exact\",\"network\":\"eip155:84532\",\"amount\":\"1000\"},"
        "{\"scheme\":\"exact\",\"network\":\"eip155:1\",\"amount\":\"2000\"}],"
        "\"extensions\":{\"payment-identifier\":{}}}";
    struct assay_buf answer = ASSAY_BUF_INIT(4096), file = ASSAY_BUF_INIT(1 << 16);
    struct program p;

    assay_buf_printf(&answer, HEAD "Content-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    ask(&p, text(&answer));
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    program_read(&p, "assay-target.json", &file);
    cr_expect_not_null(strstr(text(&file), "\"profile\": \"x402\""));
    cr_expect_not_null(strstr(text(&file), "\"two-offers\""));
    cr_expect_not_null(strstr(text(&file), "\"payment-identifier\""));
    cr_expect_not_null(strstr(text(&file), "\"public_url\": \"https://shop.example\""));
    cr_expect_not_null(strstr(text(&file), "\"price\": \"1000\""));
    program_fini(&p);
    assay_buf_fini(&answer);
    assay_buf_fini(&file);
}

Test(init, says_what_it_does_not_know_and_writes_nothing_then)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        HEAD "Content-Length: 2\r\n\r\n{}",
        HEAD "Content-Length: 9\r\n\r\n\x1b[2J::err",
        HEAD "PAYMENT-REQUIRED: !!!\r\nContent-Length: 0\r\n\r\n",
        HEAD "\r\n{\"x402Version\":1,\"accepts\":[{\"network\":\"base\","
             "\"scheme\":\"exact\"}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct assay_buf file = ASSAY_BUF_INIT(1 << 16);
        struct program p;

        ask(&p, answers[i]);
        cr_expect_eq(p.status, 2, "answer %zu: %d %s", i, p.status, text(&p.err));
        cr_expect_null(memchr(p.err.at, 0x1b, p.err.len), "answer %zu", i);
        program_read(&p, "assay-target.json", &file);
        cr_expect_eq(file.len, 0, "answer %zu", i);
        assay_buf_fini(&file);
        program_fini(&p);
    }
}

Test(init, lets_no_text_of_a_server_out_unescaped)
{
    static const char body[] = "{\"x402Version\":2,\"resource\":{\"url\":\"http://"
                               "\\u001b[31m<script>/paid\"},\"accepts\":[{"
                               "\"scheme\":\"exact\",\"network\":\"\\u001b]0;x\\u0007\\n::error::<"
                               "script>\",\"amount\":\"1\"}]}";
    struct assay_buf answer = ASSAY_BUF_INIT(4096), file = ASSAY_BUF_INIT(1 << 16);
    struct program p;

    assay_buf_printf(&answer, HEAD "Content-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    ask(&p, text(&answer));
    program_read(&p, "assay-target.json", &file);
    cr_expect_null(memchr(p.out.at, 0x1b, p.out.len));
    cr_expect_null(strstr(text(&p.out), "\n::"), "a workflow command: %s", text(&p.out));
    cr_expect(file.len == 0 || memchr(file.at, 0x1b, file.len) == NULL);
    program_fini(&p);
    assay_buf_fini(&answer);
    assay_buf_fini(&file);
}

Test(init, asks_loopback_alone_unless_a_host_is_named)
{
    struct program p;

    program_init(&p);
    RUN(&p, "init", "http://192.0.2.1/paid");
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "--allow-host 192.0.2.1"), "%s", text(&p.err));
    RUN(&p, "init", "no url");
    cr_expect_eq(p.status, 3);
    RUN(&p, "init", "http://127.0.0.1:1/x", "--endpoint", "paid_post=/x y");
    cr_expect_eq(p.status, 3);
    program_fini(&p);
}
