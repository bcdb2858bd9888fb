/* Messages of MCP: what is read of them, which error each wrong one is, and what is answered. */
#include "x402/mcp.h"

#include "defects/defects.h"
#include "ref/tests/guard.h"
#include "ref/tests/x402_docs.h"
#include "x402/mcp_http.h"

#define V "\"jsonrpc\":\"2.0\""
#define CALL(params) "{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":" params "}"

static struct assay_arena arena;
static struct assay_buf out;

static void begin(void)
{
    arena = (struct assay_arena)ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    out = (struct assay_buf)ASSAY_BUF_INIT(1 << 20);
}
static void end(void)
{
    assay_arena_fini(&arena);
    assay_buf_fini(&out);
    ref_defect_all_off();
}
TestSuite(x402_mcp, .init = begin, .fini = end);

/* ---- messages ---- */

static const struct {
    const char *name, *text;
    enum x402_mcp_error error;
    enum x402_mcp_kind kind;
    const char *id;
} messages[] = {
    {"request", "{" V ",\"id\":1,\"method\":\"ping\"}", X402_MCP_OK, X402_MCP_ASKS, "1"},
    {"negative id", "{" V ",\"id\":-7,\"method\":\"ping\"}", X402_MCP_OK, X402_MCP_ASKS, "-7"},
    {"id of many digits", "{" V ",\"id\":9007199254740993,\"method\":\"ping\"}", X402_MCP_OK,
     X402_MCP_ASKS, "9007199254740993"},
    {"text id", "{" V ",\"id\":\"a\\u0041\",\"method\":\"ping\"}", X402_MCP_OK, X402_MCP_ASKS,
     "\"a\\u0041\""},
    {"empty text id", "{" V ",\"id\":\"\",\"method\":\"ping\"}", X402_MCP_OK, X402_MCP_ASKS,
     "\"\""},
    {"notification", "{" V ",\"method\":\"notifications/initialized\"}", X402_MCP_OK,
     X402_MCP_TELLS, "null"},
    {"response", "{" V ",\"id\":1,\"result\":{}}", X402_MCP_OK, X402_MCP_ANSWERS, "1"},
    {"error of no request", "{" V ",\"error\":{\"code\":1}}", X402_MCP_OK, X402_MCP_ANSWERS,
     "null"},
    {"space around", " \r\n{" V ",\"id\":1,\"method\":\"ping\"} ", X402_MCP_OK, X402_MCP_ASKS, "1"},

    {"nothing", "", X402_MCP_PARSE, 0, "null"},
    {"no JSON", "{", X402_MCP_PARSE, 0, "null"},
    {"two messages", "{" V ",\"id\":1,\"method\":\"ping\"}{}", X402_MCP_PARSE, 0, "null"},
    {"no UTF-8", "{" V ",\"id\":1,\"method\":\"\xff\"}", X402_MCP_PARSE, 0, "null"},
    {"two ids", "{" V ",\"id\":1,\"id\":2,\"method\":\"ping\"}", X402_MCP_PARSE, 0, "null"},
    {"two payments", CALL("{\"name\":\"a\",\"_meta\":{\"x402/payment\":{},\"x402/payment\":{}}}"),
     X402_MCP_PARSE, 0, "null"},
    {"a member twice by an escape", "{" V ",\"id\":1,\"\\u0069d\":2,\"method\":\"ping\"}",
     X402_MCP_PARSE, 0, "null"},

    {"empty array", "[]", X402_MCP_REQUEST, 0, "null"},
    {"array of one", "[{" V ",\"id\":1,\"method\":\"ping\"}]", X402_MCP_REQUEST, 0, "null"},
    {"text", "\"ping\"", X402_MCP_REQUEST, 0, "null"},
    {"null", "null", X402_MCP_REQUEST, 0, "null"},
    {"empty object", "{}", X402_MCP_REQUEST, 0, "null"},
    {"no version", "{\"id\":1,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "1"},
    {"version 1.0", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "1"},
    {"version a number", "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", X402_MCP_REQUEST, 0,
     "1"},
    {"id null", "{" V ",\"id\":null,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"id a fraction", "{" V ",\"id\":1.5,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"id 1.0", "{" V ",\"id\":1.0,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"id with an exponent", "{" V ",\"id\":1e3,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"id a claim", "{" V ",\"id\":true,\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"id an object", "{" V ",\"id\":{},\"method\":\"ping\"}", X402_MCP_REQUEST, 0, "null"},
    {"method a number", "{" V ",\"id\":1,\"method\":1}", X402_MCP_REQUEST, 0, "1"},
    {"method empty", "{" V ",\"id\":1,\"method\":\"\"}", X402_MCP_REQUEST, 0, "1"},
    {"method and result", "{" V ",\"id\":1,\"method\":\"ping\",\"result\":{}}", X402_MCP_REQUEST, 0,
     "1"},
    {"method and error", "{" V ",\"id\":1,\"method\":\"ping\",\"error\":{}}", X402_MCP_REQUEST, 0,
     "1"},
    {"neither", "{" V ",\"id\":1}", X402_MCP_REQUEST, 0, "1"},
    {"result and error", "{" V ",\"id\":1,\"result\":{},\"error\":{}}", X402_MCP_REQUEST, 0, "1"},
    {"result of no request", "{" V ",\"result\":{}}", X402_MCP_REQUEST, 0, "null"},

    {"params an array", "{" V ",\"id\":1,\"method\":\"ping\",\"params\":[]}", X402_MCP_PARAMS, 0,
     "1"},
    {"params a text", "{" V ",\"id\":1,\"method\":\"ping\",\"params\":\"a\"}", X402_MCP_PARAMS, 0,
     "1"},
    {"params null", "{" V ",\"id\":1,\"method\":\"ping\",\"params\":null}", X402_MCP_PARAMS, 0,
     "1"},
    {"params an array, of a notification", "{" V ",\"method\":\"notifications/x\",\"params\":[]}",
     X402_MCP_OK, X402_MCP_TELLS, "null"},
};

Test(x402_mcp, is_read_or_refused_with_its_error)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct guard g = guard_of(assay_str(messages[i].text));
        struct x402_mcp_message m = {.kind = X402_MCP_ANSWERS};
        enum x402_mcp_error error = x402_mcp_read(&m, &arena, g.bytes);

        cr_expect_eq(error, messages[i].error, "%s: %d", messages[i].name,
                     x402_mcp_error_code(error));
        cr_expect(assay_bytes_is(m.id, messages[i].id), "%s: %.*s", messages[i].name, (int)m.id.len,
                  (const char *)m.id.at);
        if (error == X402_MCP_OK)
            cr_expect_eq(m.kind, messages[i].kind, "%s", messages[i].name);
        guard_free(&g);
    }
}

Test(x402_mcp, codes_are_those_of_json_rpc)
{
    cr_expect_eq(x402_mcp_error_code(X402_MCP_OK), 0);
    cr_expect_eq(x402_mcp_error_code(X402_MCP_PARSE), -32700);
    cr_expect_eq(x402_mcp_error_code(X402_MCP_REQUEST), -32600);
    cr_expect_eq(x402_mcp_error_code(X402_MCP_METHOD), -32601);
    cr_expect_eq(x402_mcp_error_code(X402_MCP_PARAMS), -32602);
    cr_expect_eq(x402_mcp_error_code(X402_MCP_INTERNAL), -32603);
}

/* `count` of a text within a message that is right but for their number. */
static struct assay_bytes many(const char *before, const char *what, size_t count,
                               const char *after)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    struct assay_bytes kept;

    assay_buf_add_str(&text, before);
    for (size_t i = 0; i < count; i++)
        assay_buf_add_str(&text, what);
    assay_buf_add_str(&text, after);
    kept = assay_arena_copy(&arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    return kept;
}

Test(x402_mcp, what_passes_a_budget_is_no_request)
{
    static const char before[] = "{" V ",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":";
    const struct {
        const char *name;
        struct assay_bytes text;
    } rows[] = {
        {"too deep", many(before, "[", 40, "")},
        {"deep and closed", many(before, "[", 20000, "")},
        {"too long", many(before, "1", X402_DECODED_MAX_BYTES, "}}")},
        {"an id too long",
         many("{" V ",\"method\":\"ping\",\"id\":\"", "a", X402_MCP_ID_MAX_BYTES + 1, "\"}")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct x402_mcp_message m;
        enum x402_mcp_error error = x402_mcp_read(&m, &arena, rows[i].text);

        cr_expect(error == X402_MCP_REQUEST || error == X402_MCP_PARSE, "%s", rows[i].name);
        cr_expect(assay_bytes_is(m.id, "null"), "%s", rows[i].name);
    }
}

Test(x402_mcp, without_memory_it_is_an_internal_error)
{
    static struct assay_arena none;
    struct x402_mcp_message m;

    cr_expect_eq(x402_mcp_read(&m, &none, ASSAY_LIT("{" V ",\"id\":1,\"method\":\"ping\"}")),
                 X402_MCP_INTERNAL);
    cr_expect(assay_bytes_is(m.id, "null"));
}

Test(x402_mcp, without_memory_for_its_arguments_it_is_an_internal_error)
{
    struct x402_mcp_message m;
    struct x402_mcp_call call;
    enum x402_mcp_error error = X402_MCP_INTERNAL;
    size_t n = 0;

    cr_assert_eq(x402_mcp_read(&m, &arena, ASSAY_LIT(CALL("{\"name\":\"q\",\"arguments\":{}}"))),
                 X402_MCP_OK);
    for (; error != X402_MCP_OK; n++) {
        cr_assert_lt(n, 100);
        (void)assay_alloc_fail_after(n);
        error = x402_mcp_call_read(&call, &arena, &m);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(error == X402_MCP_OK || error == X402_MCP_INTERNAL, "%zu", n);
    }
    cr_expect_gt(n, 1);
    cr_expect(assay_bytes_is(call.arguments, "{}"));
}

/* ---- calls ---- */

static const struct {
    const char *name, *text;
    enum x402_mcp_error error;
    const char *tool, *arguments, *payment;
} calls[] = {
    {"bare", CALL("{\"name\":\"quote\"}"), X402_MCP_OK, "quote", "", ""},
    {"arguments are made canonical", CALL("{\"name\":\"q\",\"arguments\":{\"b\":1.50,\"a\":[]}}"),
     X402_MCP_OK, "q", "{\"a\":[],\"b\":1.5}", ""},
    {"no arguments are not empty ones", CALL("{\"name\":\"q\",\"arguments\":{}}"), X402_MCP_OK, "q",
     "{}", ""},
    {"paid", CALL("{\"name\":\"q\",\"_meta\":{\"x402/payment\":{\"a\": 1}}}"), X402_MCP_OK, "q", "",
     "{\"a\": 1}"},
    {"base64 in its place", CALL("{\"name\":\"q\",\"_meta\":{\"x402/payment\":\"e30=\"}}"),
     X402_MCP_OK, "q", "", "\"e30=\""},
    {"another's _meta", CALL("{\"name\":\"q\",\"_meta\":{\"progressToken\":1}}"), X402_MCP_OK, "q",
     "", ""},
    {"a payment that stands elsewhere", CALL("{\"name\":\"q\",\"x402/payment\":{}}"), X402_MCP_OK,
     "q", "", ""},

    {"no params", "{" V ",\"id\":1,\"method\":\"tools/call\"}", X402_MCP_PARAMS, "", "", ""},
    {"no name", CALL("{}"), X402_MCP_PARAMS, "", "", ""},
    {"empty name", CALL("{\"name\":\"\"}"), X402_MCP_PARAMS, "", "", ""},
    {"name a number", CALL("{\"name\":1}"), X402_MCP_PARAMS, "", "", ""},
    {"arguments an array", CALL("{\"name\":\"q\",\"arguments\":[]}"), X402_MCP_PARAMS, "", "", ""},
    {"arguments null", CALL("{\"name\":\"q\",\"arguments\":null}"), X402_MCP_PARAMS, "", "", ""},
    {"a number beyond numbers", CALL("{\"name\":\"q\",\"arguments\":{\"a\":1e999}}"),
     X402_MCP_PARAMS, "", "", ""},
    {"_meta a text", CALL("{\"name\":\"q\",\"_meta\":\"x\"}"), X402_MCP_PARAMS, "", "", ""},
};

Test(x402_mcp, a_call_has_a_tool_its_arguments_and_perhaps_a_payment)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        struct x402_mcp_message m;
        struct x402_mcp_call call = {.name = ASSAY_LIT("")};

        cr_assert_eq(x402_mcp_read(&m, &arena, assay_str(calls[i].text)), X402_MCP_OK, "%s",
                     calls[i].name);
        cr_expect_eq(x402_mcp_call_read(&call, &arena, &m), calls[i].error, "%s", calls[i].name);
        cr_expect(assay_bytes_is(call.name, calls[i].tool), "%s", calls[i].name);
        if (calls[i].error != X402_MCP_OK)
            continue;
        cr_expect(assay_bytes_is(call.arguments, calls[i].arguments), "%s", calls[i].name);
        cr_expect(assay_bytes_is(call.payment, calls[i].payment), "%s", calls[i].name);
    }
}

Test(x402_mcp, a_tools_name_has_a_length)
{
    struct x402_mcp_message m;
    struct x402_mcp_call call;

    for (size_t more = 0; more < 2; more++) {
        struct assay_bytes text =
            many("{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"", "n",
                 X402_MCP_TOOL_MAX_BYTES + more, "\"}}");

        cr_assert_eq(x402_mcp_read(&m, &arena, text), X402_MCP_OK);
        cr_expect_eq(x402_mcp_call_read(&call, &arena, &m),
                     more == 0 ? X402_MCP_OK : X402_MCP_PARAMS);
    }
}

/* ---- answers ---- */

static const struct x402_mcp_tool tools[] = {{"quote", "A \"quote\""}, {"free", "Free"}};
static const struct x402_mcp_server server = {"s", "1", tools, ARRAY_LEN(tools)};

static const struct {
    const char *name, *text;
    enum x402_mcp_error error;
    const char *says;
} methods[] = {
    {"ping", "{" V ",\"id\":\"p\",\"method\":\"ping\"}", X402_MCP_OK,
     "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}"},
    {"initialize",
     "{" V ",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\"}}",
     X402_MCP_OK,
     "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\","
     "\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}"},
    {"initialize with batches",
     "{" V ",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-03-26\"}}",
     X402_MCP_OK,
     "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\","
     "\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}"},
    {"initialize without a version", "{" V ",\"id\":0,\"method\":\"initialize\",\"params\":{}}",
     X402_MCP_PARAMS,
     "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32602,\"message\":\"Invalid params\"}}"},
    {"tools", "{" V ",\"id\":1,\"method\":\"tools/list\"}", X402_MCP_OK,
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":["
     "{\"name\":\"quote\",\"description\":\"A \\\"quote\\\"\",\"inputSchema\":{\"type\":"
     "\"object\"}},{\"name\":\"free\",\"description\":\"Free\",\"inputSchema\":{\"type\":"
     "\"object\"}}]}}"},
    {"tools from a cursor",
     "{" V ",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}}", X402_MCP_PARAMS,
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"Invalid params\"}}"},
    {"unknown", "{" V ",\"id\":1,\"method\":\"resources/read\"}", X402_MCP_METHOD,
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method not "
     "found\"}}"},
};

Test(x402_mcp, methods_are_answered)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct x402_mcp_message m;

        assay_buf_clear(&out);
        cr_assert_eq(x402_mcp_read(&m, &arena, assay_str(methods[i].text)), X402_MCP_OK, "%s",
                     methods[i].name);
        cr_expect_eq(x402_mcp_write_method(&out, &server, &m), methods[i].error, "%s",
                     methods[i].name);
        cr_expect_str_eq(assay_buf_cstr(&out), methods[i].says, "%s", methods[i].name);
    }
}

#define REQUIRED "{\"a\":\"\\\"\",\"x402Version\":2}"

static const struct {
    const char *name;
    struct x402_mcp_result result;
    const char *says; /* of the result */
} results[] = {
    {"served",
     {false,
      {(const uint8_t *)"", 0},
      {(const uint8_t *)"{\"s\":1}", 7},
      {(const uint8_t *)"a\"b", 3}},
     "{\"content\":[{\"type\":\"text\",\"text\":\"a\\\"b\"}],\"isError\":false,"
     "\"_meta\":{\"x402/payment-response\":{\"s\":1}}}"},
    {"failed and told why",
     {true, {(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}, {(const uint8_t *)"no", 2}},
     "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"isError\":true}"},
    {"required, and nothing beside it",
     {false,
      {(const uint8_t *)REQUIRED, sizeof(REQUIRED) - 1},
      {(const uint8_t *)"", 0},
      {(const uint8_t *)"paid content", 12}},
     "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":\\\"\\\\\\\"\\\",\\\"x402Version\\\":"
     "2}\"}],\"structuredContent\":" REQUIRED ",\"isError\":true}"},
    {"not settled",
     {false,
      {(const uint8_t *)"{}", 2},
      {(const uint8_t *)"{\"success\":false}", 17},
      {(const uint8_t *)"paid content", 12}},
     "{\"content\":[{\"type\":\"text\",\"text\":\"{}\"}],\"structuredContent\":{},\"isError\":"
     "true,\"_meta\":{\"x402/payment-response\":{\"success\":false}}}"},
    {"bytes",
     {false, {(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}, {(const uint8_t *)"\xff", 1}},
     "{\"content\":[{\"type\":\"resource\",\"resource\":{\"uri\":\"x402:answer\",\"mimeType\":"
     "\"application/octet-stream\",\"blob\":\"/w==\"}}],\"isError\":false}"},
};

static const char *result_text(const struct x402_mcp_result *result)
{
    assay_buf_clear(&out);
    x402_mcp_write_result(&out, ASSAY_LIT("5"), result);
    return assay_buf_cstr(&out);
}

Test(x402_mcp, results_tell_what_came_of_the_call)
{
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        char *wanted = NULL;

        cr_assert_geq(
            asprintf(&wanted, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":%s}", results[i].says), 0);
        cr_expect_str_eq(result_text(&results[i].result), wanted, "%s", results[i].name);
        free(wanted);
    }
}

/* ---- Streamable HTTP ---- */

#define OWN "http://shop.example:8402"

static const struct {
    const char *name, *method, *origin, *accept, *type, *version;
    int status;
} http[] = {
    {"as it should be", "POST", "", "application/json, text/event-stream", "application/json", "",
     0},
    {"of our own page", "POST", OWN, "application/json", "application/json; charset=utf-8",
     "2025-06-18", 0},
    {"anything is accepted", "POST", "", "text/html, */*;q=0.1", "Application/JSON", "", 0},
    {"spaces and tabs around", "POST", "", "\t text/html,\tapplication/json \t;q=1",
     " \tapplication/json\t ; charset=utf-8", "", 0},
    {"all of a kind is accepted", "POST", "", "Application/*", "application/json", "", 0},
    {"space alone is accepted", "POST", "", " \t", "application/json", "", 406},
    {"nothing is said to be accepted", "POST", "", "", "application/json", "", 0},
    {"of another page", "POST", "http://evil.example", "*/*", "application/json", "", 403},
    {"of our host by another port", "POST", "http://shop.example", "*/*", "application/json", "",
     403},
    {"of a page without an origin", "POST", "null", "*/*", "application/json", "", 403},
    {"of a name that begins as ours", "POST", OWN ".evil.example", "*/*", "application/json", "",
     403},
    {"GET", "GET", "", "text/event-stream", "", "", 405},
    {"GET of another page", "GET", "http://evil.example", "", "", "", 403},
    {"DELETE", "DELETE", "", "*/*", "", "", 405},
    {"streams alone", "POST", "", "text/event-stream", "application/json", "", 406},
    {"a form", "POST", "", "*/*", "text/plain", "", 415},
    {"no type", "POST", "", "*/*", "", "", 415},
    {"a version that is not spoken", "POST", "", "*/*", "application/json", "1999-01-01", 400},
};

static int refusal(size_t i)
{
    const struct x402_mcp_http request = {
        .method = assay_str(http[i].method),
        .origin = assay_str(http[i].origin),
        .accept = assay_str(http[i].accept),
        .content_type = assay_str(http[i].type),
        .version = assay_str(http[i].version),
    };

    return x402_mcp_http_refusal(&request, ASSAY_LIT(OWN));
}

Test(x402_mcp, is_spoken_over_http_by_posts_of_json_from_nowhere_else)
{
    for (size_t i = 0; i < ARRAY_LEN(http); i++)
        cr_expect_eq(refusal(i), http[i].status, "%s", http[i].name);
}

/* ---- defects ---- */

static enum x402_mcp_error read_with(const char *defect, struct x402_mcp_message *m,
                                     const char *text)
{
    cr_assert_eq(ref_defect_switch_on(assay_str(defect), NULL), ASSAY_OK, "%s", defect);
    return x402_mcp_read(m, &arena, assay_str(text));
}

Test(x402_mcp, defects_of_reading_show)
{
    struct x402_mcp_message m;
    struct x402_mcp_call call;

    cr_expect_eq(read_with("mcp.batch_accepted", &m, "[" CALL("{\"name\":\"q\"}") "]"),
                 X402_MCP_OK);
    ref_defect_all_off();
    cr_expect_eq(read_with("mcp.notification_runs", &m, "{" V ",\"method\":\"tools/call\"}"),
                 X402_MCP_OK);
    cr_expect_eq(m.kind, X402_MCP_ASKS);
    ref_defect_all_off();
    cr_expect_eq(read_with("mcp.notification_answered", &m,
                           "{" V ",\"method\":\"notifications/x\",\"params\":[]}"),
                 X402_MCP_PARAMS);
    ref_defect_all_off();
    cr_expect_eq(
        read_with("mcp.payment_of_last_duplicate", &m,
                  CALL("{\"name\":\"q\",\"_meta\":{\"x402/payment\":1,\"x402/payment\":2}}")),
        X402_MCP_OK);
    cr_expect_eq(x402_mcp_call_read(&call, &arena, &m), X402_MCP_OK);
    cr_expect(assay_bytes_is(call.payment, "2"));
}

static const struct {
    const char *defect, *lacks;
} told_wrong[] = {
    {"mcp.structured_alone", "\"type\":\"text\""},
    {"mcp.text_alone", "structuredContent"},
    {"mcp.text_differs", "\\\"a\\\""},
    {"mcp.required_as_error", "\"result\""},
};

Test(x402_mcp, defects_of_what_is_required_show)
{
    for (size_t i = 0; i < ARRAY_LEN(told_wrong); i++) {
        cr_expect(strstr(result_text(&results[2].result), told_wrong[i].lacks) != NULL);
        cr_assert_eq(ref_defect_switch_on(assay_str(told_wrong[i].defect), NULL), ASSAY_OK);
        cr_expect(strstr(result_text(&results[2].result), told_wrong[i].lacks) == NULL, "%s",
                  told_wrong[i].defect);
        ref_defect_all_off();
    }
}

Test(x402_mcp, a_page_of_elsewhere_is_heard_with_its_defect)
{
    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("mcp.origin_unchecked"), NULL), ASSAY_OK);
    cr_expect_eq(refusal(4), 0);
}
