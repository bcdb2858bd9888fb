/* Threat unpaid-access: priced answers for nothing. No proof, a broken one, another method, another
 * spelling of the path, a header that asks for less: the handler does not run and nothing of the
 * paid answer comes back. */
#include "peer/paid-tools/peer.h"

#include <ctype.h>

static const struct route {
    const char *name, *endpoint;
} routes[] = {
    {"GET", "paid_get"},
    {"another GET", "paid_get_other"},
    {"POST", "paid_post"},
    {"a dear one", "dear"},
};

SCENARIO(unpaid_request_gets_a_challenge,
         .title = "A priced route asked for without a proof answers 402 with a challenge",
         .threat = "unpaid-access", .rule = "CH-1", .catches = DEFECTS("unpaid.runs_before_paid"),
         TABLE(routes))
{
    const struct route *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);

    expect_challenge(t, pt_send(t, "without a proof", want, (struct pt_with){0}), want);
}

static const struct call {
    const char *name, *message;
    bool is_payable; /* and so gets a challenge; else whatever, but no run */
} calls[] = {
    {"a call",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}",
     true},
    {"a call without an id",
     "{\"jsonrpc\":\"2.0\",\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}",
     false},
    {"a batch",
     "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}]",
     false},
    {"a batch behind a free call",
     "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
     "\"tools/call\","
     "\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}]",
     false},
    {"two methods",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"get_weather\"}}",
     false},
    {"two methods, the other way",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
     "call\",\"method\":\"ping\",\"params\":{\"name\":\"get_weather\"}}",
     false},
    {"escaped letters in the method",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools\\/"
     "c\\u0061ll\",\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}",
     false},
    {"capitals in the method",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"Tools/"
     "Call\",\"params\":{\"name\":\"get_weather\",\"arguments\":{}}}",
     false},
    {"no tool name",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"arguments\":{}}}",
     false},
    {"an unknown tool",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_weather "
     "\",\"arguments\":{}}}",
     false},
};

SCENARIO(unpaid_call_runs_no_tool,
         .title = "A tool is not called without a payment, however the message is put",
         .threat = "unpaid-access", .rule = "CH-1", .catches = DEFECTS("unpaid.runs_before_paid"),
         .needs = PT_MCP | NEED_ORIGIN, TABLE(calls))
{
    const struct call *row = case_row(t);
    struct peer_want want = peer_want_body(peer_endpoint(t, "mcp"), assay_str(row->message));
    const struct peer_answer *answer = pt_send(t, row->name, want, (struct pt_with){0});

    if (row->is_payable)
        expect_challenge(t, answer, want);
    else
        expect_nothing_bought(t, answer);
}

static const struct header {
    const char *name;
    struct pt_with with;
} broken_proofs[] = {
    {"empty", {.proof = ""}},
    {"spaces", {.proof = "   "}},
    {"a word", {.proof = "paid"}},
    {"the word true", {.proof = "true"}},
    {"no base64", {.proof = "{\"version\":1}"}},
    {"base64 of no JSON", {.proof = "Z2FyYmFnZQ"}},
    {"cut off", {.proof = "eyJ2ZXJzaW9uIjoxLCJub25jZSI6"}},
    {"commas", {.proof = ", , ,"}},
    {"bytes above ASCII", {.proof = "\xC3\xA9\xFF\xFE"}},
    {"under another name", {.extra_name = "X-Payment", .extra_value = "eyJ2ZXJzaW9uIjoxfQ"}},
    {"under a name with an underscore",
     {.extra_name = "X_Payment_Proof", .extra_value = "eyJ2ZXJzaW9uIjoxfQ"}},
};

SCENARIO(broken_proof_buys_nothing, .title = "A header that is no proof buys nothing",
         .threat = "unpaid-access", .rule = "CH-1",
         .catches = DEFECTS("unpaid.malformed_proof_served"), TABLE(broken_proofs))
{
    const struct header *row = case_row(t);

    expect_refused_or_closed(t, pt_send(t, row->name, peer_endpoint(t, "paid_get"), row->with));
}

static const struct method {
    const char *name;
} methods[] = {
    {"HEAD"},   {"OPTIONS"}, {"POST"},     {"PUT"},  {"PATCH"},
    {"DELETE"}, {"TRACE"},   {"PROPFIND"}, {"GETX"}, {"get"},
};

SCENARIO(other_method_runs_nothing,
         .title = "No method reaches the handler of a priced GET without a payment",
         .threat = "unpaid-access", .rule = "CH-1", .catches = DEFECTS("unpaid.head_served"),
         .needs = NEED_ORIGIN, TABLE(methods))
{
    const struct method *row = case_row(t);
    struct peer_want want = peer_want_method(peer_endpoint(t, "paid_get"), row->name);

    expect_nothing_bought(t, pt_send(t, row->name, want, (struct pt_with){0}));
}

/* In a pattern, '@' stands for the priced path without its slash, '$' for it with its first letter
 * escaped, '&' for the same escaped twice, '^' for it in capitals, and '*' for the target's own
 * host and port. */
static const struct path {
    const char *name, *pattern;
} paths[] = {
    {"a dot segment", "/./@"},
    {"an escaped dot segment", "/%2e/@"},
    {"down and up", "/x/../@"},
    {"down and up, escaped", "/x/%2E%2e/@"},
    {"above the root", "/../@"},
    {"two slashes", "//@"},
    {"three slashes", "///@"},
    {"a slash behind", "/@/"},
    {"a dot behind", "/@/."},
    {"a backslash", "\\@"},
    {"slash and backslash", "/\\@"},
    {"a backslash behind", "/@\\"},
    {"an escaped letter", "/$"},
    {"a letter escaped twice", "/&"},
    {"capitals", "/^"},
    {"parameters", "/@;a=1"},
    {"an escaped space behind", "/@%20"},
    {"an escaped NUL behind", "/@%00"},
    {"an escaped line end behind", "/@%0a"},
    {"an escaped question mark", "/@%3fcity=Paris"},
    {"an escaped slash", "%2f@"},
    {"a suffix", "/@.json"},
    {"a fragment", "/@#free"},
    {"an empty query", "/@?"},
    {"a query that names a free path", "/@?path=/free"},
    {"its own absolute form", "http://*/@"},
    {"another host's absolute form", "http://other.example/@"},
    {"the absolute form of https", "https://*/@"},
};

static void add_spelled(struct assay_case *t, struct assay_buf *out, char mark, const char *path)
{
    if (mark == '@')
        assay_buf_add_str(out, path);
    else if (mark == '$')
        assay_buf_printf(out, "%%%02x%s", (unsigned)(unsigned char)path[0], path + 1);
    else if (mark == '&')
        assay_buf_printf(out, "%%25%02x%s", (unsigned)(unsigned char)path[0], path + 1);
    else if (mark == '*')
        assay_buf_add_str(out, peer_authority(t));
    else if (mark == '^')
        for (const char *at = path; *at != '\0'; at++)
            assay_buf_add_byte(out, (uint8_t)toupper((unsigned char)*at));
    else
        assay_buf_add_byte(out, (uint8_t)mark);
}

static struct peer_want spelled(struct assay_case *t, struct peer_want want, const char *pattern)
{
    char *path = case_printf(t, "%s", want.target + 1),
         *target = case_alloc(t, PT_TARGET_MAX_BYTES);
    struct assay_buf out = {.at = (uint8_t *)target,
                            .room = PT_TARGET_MAX_BYTES,
                            .max = PT_TARGET_MAX_BYTES,
                            .fixed = true};

    path[strcspn(path, "?")] = '\0';
    if (path[0] == '\0')
        case_end(t, VERDICT_UNSUPPORTED,
                 "the endpoint paid_get is the root: there is no path to spell otherwise");
    for (const char *at = pattern; *at != '\0'; at++)
        add_spelled(t, &out, *at, path);
    if (assay_buf_cstr(&out) == NULL)
        case_end(t, VERDICT_BROKEN, "the path is too long to be spelled otherwise");
    return peer_want_target(want, target);
}

SCENARIO(other_spelling_runs_nothing,
         .title = "No spelling of a priced path reaches its handler without a payment",
         .threat = "unpaid-access", .rule = "CH-1", .catches = DEFECTS("unpaid.path_spelling"),
         TABLE(paths))
{
    const struct path *row = case_row(t);
    struct peer_want want = spelled(t, peer_endpoint(t, "paid_get"), row->pattern);

    expect_nothing_bought(t, pt_send(t, row->name, want, (struct pt_with){0}));
}

static const struct header asides[] = {
    {"a range", {.extra_name = "Range", .extra_value = "bytes=0-99"}},
    {"if not changed", {.extra_name = "If-None-Match", .extra_value = "*"}},
    {"if modified",
     {.extra_name = "If-Modified-Since", .extra_value = "Thu, 01 Jan 1970 00:00:00 GMT"}},
    {"another method on top", {.extra_name = "X-HTTP-Method-Override", .extra_value = "HEAD"}},
    {"another path on top", {.extra_name = "X-Original-URL", .extra_value = "/free"}},
    {"a rewritten path", {.extra_name = "X-Rewrite-URL", .extra_value = "/free"}},
    {"from the machine itself", {.extra_name = "X-Forwarded-For", .extra_value = "127.0.0.1"}},
    {"a cookie that says paid", {.extra_name = "Cookie", .extra_value = "paid=true"}},
    {"a preflight", {.extra_name = "Access-Control-Request-Method", .extra_value = "GET"}},
    {"the receipt of a replay", {.extra_name = "x-idempotent-replay", .extra_value = "true"}},
};

SCENARIO(no_header_replaces_a_payment, .title = "No header but a proof makes a priced route answer",
         .threat = "unpaid-access", .rule = "CH-1", .catches = DEFECTS("unpaid.runs_before_paid"),
         TABLE(asides))
{
    const struct header *row = case_row(t);

    expect_nothing_bought(t, pt_send(t, row->name, peer_endpoint(t, "paid_get"), row->with));
}
