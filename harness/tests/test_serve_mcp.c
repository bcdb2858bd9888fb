/* `assay serve kaspa-x402 --mcp`: tools over HTTP and over a pipe, paid through a facilitator,
 * since such a payment needs no chain. What messages mean is in test_x402_mcp.c, what payments are
 * bound to in test_kx_mcp.c; Kaspa payments of tools are scenarios. */
#include "sold_world.h"

#include "net/clock.h"
#include "roles/facilitator.h"

#include <jansson.h>
#include <stdlib.h>

#define NETWORK "eip155:84532"
#define CALL(more)                                                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"quote\"" more  \
    "}}"

static const char sell[] = "--sell=exact," NETWORK ",0xasset,0xpayee";

static struct serve_world w;
static struct facilitator *role;
static json_t *answers[64]; /* that were read */
static size_t answer_count;

static void begin(void)
{
    const struct facilitator_options options = {.kinds = {{"exact", NETWORK, NULL}}};
    struct assay_err err = {0};

    cr_assert_eq(facilitator_start(&role, &options, &err), ASSAY_OK, "%s", err.text);
    serve_world_begin(&w);
    serve_use(&w, serve_text(&w, "--facilitator=", facilitator_url(role)));
    serve_use(&w, sell);
    serve_use(&w, "--facilitator-list=50");
    serve_use(&w, "--mcp");
}
static void end(void)
{
    for (size_t i = 0; i < answer_count; i++)
        json_decref(answers[i]);
    serve_world_end(&w);
    facilitator_stop(role);
}
TestSuite(serve_mcp, .init = begin, .fini = end, .timeout = 120);

static const json_t *read_answer(struct assay_bytes text)
{
    json_t *json = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);

    cr_assert_not_null(json, "%.*s", (int)text.len, (const char *)text.at);
    cr_assert_lt(answer_count, ARRAY_LEN(answers));
    answers[answer_count++] = json;
    return json;
}

/* ---- payments ---- */

/* The call's message with a payment of what the answer asks for, of that nonce; in the world's
 * arena. */
static const char *paid(const json_t *asked, const char *nonce)
{
    const json_t *required = json_object_get(json_object_get(asked, "result"), "structuredContent");
    json_t *extensions = json_deep_copy(json_object_get(required, "extensions"));
    json_t *one, *payment = NULL;
    const char *message;
    char *text;
    size_t i;

    (void)json_object_set_new(
        json_object_get(json_object_get(extensions, "payment-identifier"), "info"), "id",
        json_sprintf("an_identifier_%s", nonce));
    json_array_foreach (json_object_get(required, "accepts"), i, one)
        if (strcmp(json_string_value(json_object_get(one, "network")), NETWORK) == 0)
            payment = json_pack("{s:i, s:O, s:o, s:O}", "x402Version", 2, "accepted", one,
                                "payload", sold_payload(nonce), "extensions", extensions);
    cr_assert_not_null(payment, "nothing is offered on %s", NETWORK);
    text = json_dumps(payment, JSON_COMPACT);
    message = assay_arena_printf(&w.chain.arena, CALL(",\"_meta\":{\"x402/payment\":%s}"), text);
    free(text);
    json_decref(payment);
    json_decref(extensions);
    return message;
}

static const json_t *settlement_of(const json_t *answer)
{
    return json_object_get(json_object_get(json_object_get(answer, "result"), "_meta"),
                           "x402/payment-response");
}

static bool is_error(const json_t *answer)
{
    return json_is_true(json_object_get(json_object_get(answer, "result"), "isError"));
}

static const char *text_of(const json_t *answer)
{
    const json_t *content = json_object_get(json_object_get(answer, "result"), "content");
    const char *text = json_string_value(json_object_get(json_array_get(content, 0), "text"));

    return text != NULL ? text : "";
}

/* ---- over HTTP ---- */

static struct http_request message_of(const char *text)
{
    struct http_request request = request_of("POST", "/mcp", text);

    cr_assert(http_request_add(&request, "Content-Type", ASSAY_LIT("application/json")));
    cr_assert(
        http_request_add(&request, "Accept", ASSAY_LIT("application/json, text/event-stream")));
    return request;
}

static const json_t *say(const char *text)
{
    const struct http_request request = message_of(text);
    const struct http_exchange *answer = serve_send(&w, &request);

    cr_assert_eq(status_of(answer), 200, "%d: %s", status_of(answer), body_of(&w, answer));
    cr_expect(assay_bytes_is(header_of(answer, "Content-Type"), "application/json"));
    cr_expect(assay_bytes_is(header_of(answer, "Cache-Control"), "private, no-store, max-age=0"));
    return read_answer(answer->response.body);
}

/* Each worker asks for its own list, with its first request. */
static const json_t *asked(void)
{
    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS; i++) {
        const struct http_request request = message_of(CALL(""));
        const struct http_exchange *answer = serve_send(&w, &request);

        if (strstr(body_of(&w, answer), NETWORK) != NULL)
            return read_answer(answer->response.body);
        ref_net_wait_ms(LOOK_AGAIN_MS);
    }
    cr_assert_fail("nothing was ever offered on %s", NETWORK);
    return NULL;
}

Test(serve_mcp, sells_a_tool_once_over_http)
{
    const json_t *first, *again;
    const char *message;

    serve_start(&w);
    message = paid(asked(), "0x1");
    first = say(message);
    cr_expect_not(is_error(first));
    cr_expect_not_null(strstr(text_of(first), "POST /tool/quote"), "%s", text_of(first));
    cr_expect(json_is_true(json_object_get(settlement_of(first), "success")));
    again = say(message);
    cr_expect(json_equal(first, again));
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(facilitator_counts(role).moved, 1);
    serve_stop(&w);
}

/* The facilitator says no, in an answer that is one: nothing of the tool leaves (incident 7). */
static const json_t *not_settled(void)
{
    const struct facilitator_behaviour refuses = {
        .settle = {.lie = FACILITATOR_DENIES, .reason = "insufficient_funds", .times = 1}};
    const char *message = paid(asked(), "0x2");

    facilitator_behave(role, &refuses);
    return say(message);
}

Test(serve_mcp, withholds_what_was_not_settled)
{
    const json_t *answer;

    serve_start(&w);
    answer = not_settled();
    cr_expect(is_error(answer));
    cr_expect_null(strstr(text_of(answer), "execution"), "%s", text_of(answer));
    cr_expect(json_is_false(json_object_get(settlement_of(answer), "success")));
    cr_expect_eq(origin_executions(w.origin), 1);
}

Test(serve_mcp, serves_what_was_not_settled_with_its_defect)
{
    serve_use(&w, "--defect=mcp.settle_failure_served");
    serve_start(&w);
    cr_expect_not_null(strstr(text_of(not_settled()), "execution"));
}

static const char forged[] =
    "{\"_meta\":{\"x402/payment-response\":{\"success\":true,\"transaction\":\"forged\"}}}";

static const char *told_transaction(void)
{
    const char *message = paid(asked(), "0x3");

    origin_behave(w.origin, &(struct origin_rule){.content_type = "application/json",
                                                  .body = assay_str(forged),
                                                  .body_set = true});
    return json_string_value(json_object_get(settlement_of(say(message)), "transaction"));
}

Test(serve_mcp, tells_its_own_settlement_whatever_the_tool_says)
{
    serve_start(&w);
    cr_expect_str_neq(told_transaction(), "forged");
}

Test(serve_mcp, tells_the_tools_settlement_with_its_defect)
{
    serve_use(&w, "--defect=mcp.meta_relayed");
    serve_start(&w);
    cr_expect_str_eq(told_transaction(), "forged");
}

static const struct {
    const char *name, *method, *header, *value, *body;
    int status;
} http[] = {
    {"GET", "GET", NULL, NULL, NULL, 405},
    {"DELETE", "DELETE", NULL, NULL, NULL, 405},
    {"another origin", "POST", "Origin", "http://evil.example", CALL(""), 403},
    {"a version that is not spoken", "POST", "MCP-Protocol-Version", "1999-01-01", CALL(""), 400},
    {"no JSON", "POST", NULL, NULL, "{", 400},
    {"an array", "POST", NULL, NULL, "[" CALL("") "]", 400},
    {"a notification", "POST", NULL, NULL,
     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 202},
    {"a call without an id", "POST", NULL, NULL,
     "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"free\"}}", 202},
    {"a response", "POST", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 202},
    {"a method that there is not", "POST", NULL, NULL,
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"none\"}", 200},
};

Test(serve_mcp, is_spoken_over_http_as_mcp_has_it)
{
    serve_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(http); i++) {
        struct http_request request = http[i].body != NULL
                                          ? message_of(http[i].body)
                                          : request_of(http[i].method, "/mcp", NULL);
        const struct http_exchange *answer;

        if (http[i].header != NULL)
            cr_assert(http_request_add(&request, http[i].header, assay_str(http[i].value)));
        answer = serve_send(&w, &request);
        cr_expect_eq(status_of(answer), http[i].status, "%s: %d %s", http[i].name,
                     status_of(answer), body_of(&w, answer));
        cr_expect_eq(answer->response.body.len == 0, http[i].status == 202, "%s", http[i].name);
    }
    cr_expect_eq(origin_executions(w.origin), 0);
    serve_stop(&w);
}

Test(serve_mcp, answers_nonsense_by_a_result_with_its_defect)
{
    const struct http_request request = message_of("{");

    serve_use(&w, "--defect=mcp.error_as_result");
    serve_start(&w);
    cr_expect_not_null(strstr(body_of(&w, serve_send(&w, &request)), "\"result\""));
}

/* ---- over a pipe ---- */

/* What is said to these lines; the store stays for the next. */
static void run_pipe_with(struct program *p, const char *lines, const char *more)
{
    const char *const args[] = {"serve",
                                "kaspa-x402",
                                "--mcp",
                                "stdio",
                                "--base-url=http://tools.example",
                                "--store=store",
                                sell,
                                serve_text(&w, "--facilitator=", facilitator_url(role)),
                                serve_text(&w, "--origin=", origin_url(w.origin)),
                                more,
                                NULL};

    program_write(p, "stdin", assay_str(lines));
    program_run(p, args, NULL);
    cr_assert_eq(p->status, 0, "%d: %.*s", p->status, (int)p->err.len, (const char *)p->err.at);
}

static void run_pipe(struct program *p, const char *lines)
{
    run_pipe_with(p, lines, NULL);
}

/* The lines of stdout, each an answer. */
static size_t read_lines(const struct program *p, const json_t **out, size_t room)
{
    struct assay_bytes said = assay_buf_view(&p->out);
    size_t count = 0, at = 0;

    while (at < said.len) {
        size_t end = assay_bytes_find(said, '\n', at);

        cr_assert_lt(end, said.len, "a line without an end");
        cr_assert_lt(count, room);
        out[count++] = read_answer(assay_bytes_part(said, at, end));
        at = end + 1;
    }
    return count;
}

static int code_of(const json_t *answer)
{
    return (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

Test(serve_mcp, says_nothing_but_answers_over_a_pipe)
{
    static const char lines[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-06-18\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
        "{\n"
        "[]\r\n"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"free\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}";
    const json_t *said[8];
    struct program p;

    program_init(&p);
    run_pipe(&p, lines);
    cr_assert_eq(read_lines(&p, said, ARRAY_LEN(said)), 5, "a line without an end is none");
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(said[0], "result"), "protocolVersion")),
        "2025-06-18");
    cr_expect_eq(code_of(said[1]), -32700);
    cr_expect_eq(code_of(said[2]), -32600);
    cr_expect_not_null(json_object_get(json_object_get(said[3], "result"), "tools"));
    cr_expect_not(is_error(said[4]));
    cr_expect_eq(origin_executions(w.origin), 1);
    program_fini(&p);
}

Test(serve_mcp, chatters_over_a_pipe_with_its_defect)
{
    struct program p;

    program_init(&p);
    run_pipe_with(&p, "", "--defect=mcp.chatter_on_stdout");
    cr_expect_gt(p.out.len, 0);
    run_pipe(&p, "");
    cr_expect_eq(p.out.len, 0);
    program_fini(&p);
}

Test(serve_mcp, passes_over_a_line_that_is_too_long)
{
    struct assay_buf lines = ASSAY_BUF_INIT(8 << 20);
    const json_t *said[4];
    struct program p;

    for (size_t i = 0; i < 3u << 20; i++)
        assay_buf_add_byte(&lines, 'x');
    assay_buf_add_str(&lines, "\n{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}\n");
    program_init(&p);
    run_pipe(&p, assay_buf_cstr(&lines));
    cr_assert_eq(read_lines(&p, said, ARRAY_LEN(said)), 2);
    cr_expect_eq(code_of(said[0]), -32600);
    cr_expect_not_null(json_object_get(said[1], "result"));
    program_fini(&p);
    assay_buf_fini(&lines);
}

Test(serve_mcp, sells_over_a_pipe_and_remembers)
{
    const json_t *said[2];
    const char *message;
    struct program p;

    program_init(&p);
    run_pipe(&p, CALL("") "\n");
    cr_assert_eq(read_lines(&p, said, 2), 1);
    message = serve_text(&w, paid(said[0], "0x4"), "\n");
    run_pipe(&p, message);
    cr_assert_eq(read_lines(&p, &said[0], 1), 1);
    cr_expect_not(is_error(said[0]), "%s", text_of(said[0]));
    run_pipe(&p, message);
    cr_assert_eq(read_lines(&p, &said[1], 1), 1);
    cr_expect(json_equal(said[0], said[1]));
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(facilitator_counts(role).moved, 1);
    program_fini(&p);
}

Test(serve_mcp, needs_a_name_over_a_pipe)
{
    const char *const args[] = {"serve",
                                "kaspa-x402",
                                "--mcp",
                                "stdio",
                                "--store=store",
                                sell,
                                serve_text(&w, "--facilitator=", facilitator_url(role)),
                                NULL};
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "base-url is missing"));
    program_fini(&p);
}
