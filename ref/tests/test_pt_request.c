/* requestHash: the vectors and properties of the paid-tools digest, section 4 and 7. */
#include "paid_tools/mcp.h"
#include "paid_tools/request.h"

#include <criterion/criterion.h>

static struct pt_request request_of(const char *method, const char *target, const char *body)
{
    return (struct pt_request){assay_str(method), assay_str(target), ASSAY_LIT("shop.test"),
                               assay_str(body)};
}

static enum assay_code hash_of(char out[PT_HASH_TEXT_BYTES], const char *method, const char *target,
                               const char *body)
{
    struct pt_request request = request_of(method, target, body);

    out[0] = '\0';
    return pt_request_hash(out, &request, NULL);
}

/* The table of section 4. */
static const struct {
    const char *method, *target, *body, *hash;
} vectors[] = {
    {"GET", "/weather", "", "a654af316da7efacf015d41b89d39e165d5f172e8e44223b52ca2b93c253c690"},
    {"GET", "/weather?city=Paris", "",
     "b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1"},
    {"GET", "/weather?units=metric&city=Paris", "",
     "94bcef790f49967b4163c70d2f5dd4edff42a189f1d2d78a067c0e29e19b33c7"},
    {"GET", "/weather?q=a+b", "",
     "eb2b04473664f214b57dc3d06be5ffb1d4f2c80720e2f7a6285e48f1cce5cb36"},
    {"POST", "/action", "{\"a\":1}",
     "4e68bab37f10b4b50404c50028a77c751288c24ac87647fc484de622d92d612e"},
};

Test(pt_request, hashes_the_vectors_of_the_digest)
{
    char hash[PT_HASH_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        cr_assert_eq(hash_of(hash, vectors[i].method, vectors[i].target, vectors[i].body),
                     ASSAY_OK);
        cr_expect_str_eq(hash, vectors[i].hash, "%s", vectors[i].target);
    }
}

Test(pt_request, hashes_the_mcp_vector_of_the_digest)
{
    char hash[PT_HASH_TEXT_BYTES];

    pt_mcp_hash(hash, ASSAY_LIT("/mcp"), ASSAY_LIT("get_weather"),
                ASSAY_LIT("{\"city\":\"London\"}"));
    cr_expect_str_eq(hash, "a496fbe7ea720e2bfb21fbdcbe67d3acaed5d3529065d7532b1e0142b19aabb4");
}

static const struct {
    const char *name, *a, *b;
    bool equal;
} pairs[] = {
    {"a name without '='", "/w?x", "/w?x=", true},
    {"plus and %20", "/w?q=a+b", "/w?q=a%20b", true},
    {"an escaped name", "/w?%63ity=1", "/w?city=1", true},
    {"a trailing ampersand", "/w?a=1&", "/w?a=1", true},
    {"an empty piece", "/w?a=1&&b=2", "/w?a=1&b=2", true},
    {"permuted names", "/w?b=2&a=1", "/w?a=1&b=2", true},
    {"an empty query", "/w?", "/w", true},
    {"a fragment", "/w#x", "/w", true},
    {"dot segments", "/a/../w", "/w", true},
    {"escaped dot segments", "/a/%2e%2E/w", "/w", true},
    {"a backslash", "/f\\w", "/f/w", true},
    {"absolute form of the Host", "http://shop.test/w?a=1", "/w?a=1", true},
    {"case of escapes in a query", "/w?a=%c3%a9", "/w?a=%C3%A9", true},
    {"repeated names swapped", "/w?a=1&a=2", "/w?a=2&a=1", false},
    {"mixed-case names are others", "/w?a=1&B=2", "/w?A=1&b=2", false},
    {"an escape in the path", "/%77", "/w", false},
    {"case of escapes in a path", "/%c3%a9", "/%C3%A9", false},
    {"a value", "/w?a=1", "/w?a=2", false},
    {"an added member", "/w?a=1", "/w?a=1&b=1", false},
    {"a line feed in the path", "/w%0Aa=1", "/w?a=1", false},
    {"a line feed in the query", "/w?a=%0A", "/w?a=", false},
    {"a trailing slash", "/w/", "/w", false},
};

Test(pt_request, makes_equal_requests_equal_and_no_others)
{
    char a[PT_HASH_TEXT_BYTES], b[PT_HASH_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        cr_assert_eq(hash_of(a, "GET", pairs[i].a, ""), ASSAY_OK, "%s", pairs[i].name);
        cr_assert_eq(hash_of(b, "GET", pairs[i].b, ""), ASSAY_OK, "%s", pairs[i].name);
        cr_expect_eq(strcmp(a, b) == 0, pairs[i].equal, "row: %s", pairs[i].name);
    }
}

Test(pt_request, binds_method_and_body)
{
    char get[PT_HASH_TEXT_BYTES], head[PT_HASH_TEXT_BYTES], lower[PT_HASH_TEXT_BYTES];
    char body[PT_HASH_TEXT_BYTES], space[PT_HASH_TEXT_BYTES], line[PT_HASH_TEXT_BYTES];

    cr_assert_eq(hash_of(get, "GET", "/w", ""), ASSAY_OK);
    cr_assert_eq(hash_of(head, "HEAD", "/w", ""), ASSAY_OK);
    cr_assert_eq(hash_of(lower, "get", "/w", ""), ASSAY_OK);
    cr_assert_eq(hash_of(body, "POST", "/w", "{}"), ASSAY_OK);
    cr_assert_eq(hash_of(space, "POST", "/w", "{} "), ASSAY_OK);
    cr_assert_eq(hash_of(line, "POST", "/w", "\n{}"), ASSAY_OK);
    cr_expect_str_neq(get, head);
    cr_expect_str_eq(get, lower);
    cr_assert_eq(hash_of(get, "[", "/w", ""), ASSAY_OK);
    cr_assert_eq(hash_of(lower, "{", "/w", ""), ASSAY_OK);
    cr_expect_str_neq(get, lower, "only letters have two cases");
    cr_expect_str_neq(body, space);
    cr_expect_str_neq(body, line);
}

static const struct {
    const char *target, *canonical;
    enum assay_code code;
} targets[] = {
    {"/w?b=2&a=1", "/w?a=1&b=2", ASSAY_OK},
    {"/w?B=1&a=2", "/w?B=1&a=2", ASSAY_OK},
    {"/w?id=%ff", "/w?id=%EF%BF%BD", ASSAY_OK},
    {"/w?k=!~*'()-_.", "/w?k=!~*'()-_.", ASSAY_OK},
    {"/w?=", "/w?=", ASSAY_OK},
    {"/files/a/%2e%2e/b", "/files/b", ASSAY_OK},
    {"/files/a\\b", "/files/a/b", ASSAY_OK},
    {"//gold", NULL, ASSAY_E_CONFLICT},
    {"//gold/weather", NULL, ASSAY_E_CONFLICT},
    {"\\\\gold/weather", NULL, ASSAY_E_CONFLICT},
    {"http://other.test/weather", NULL, ASSAY_E_CONFLICT},
    {"http://u@shop.test/weather", NULL, ASSAY_E_CONFLICT},
    {"http://SHOP.test/weather", "/weather", ASSAY_OK},
    {"http://shop.test?b=2&a=1", "/?a=1&b=2", ASSAY_OK},
    {"http://shop.test#/weather", "/", ASSAY_OK},
    {"http://other.test?a=1", NULL, ASSAY_E_CONFLICT},
    {"/.//gold", NULL, ASSAY_E_CONFLICT},
    {"/a/..//gold", NULL, ASSAY_E_CONFLICT},
    {"http://shop.test//gold", NULL, ASSAY_E_CONFLICT},
    {"*", NULL, ASSAY_E_MALFORMED},
    {"", NULL, ASSAY_E_MALFORMED},
    {"/a b", NULL, ASSAY_E_MALFORMED},
    {"/a\tb", NULL, ASSAY_E_MALFORMED},
    {"/a\nb", NULL, ASSAY_E_MALFORMED},
    {"/a\x7F", NULL, ASSAY_E_MALFORMED},
};

Test(pt_request, resolves_a_target_to_one_resource_or_refuses_it)
{
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
        struct pt_request request = request_of("GET", targets[i].target, "");

        cr_expect_eq(pt_request_canonical_target(&out, &request, NULL), targets[i].code,
                     "target: %s", targets[i].target);
        if (targets[i].canonical != NULL)
            cr_expect_str_eq(assay_buf_cstr(&out), targets[i].canonical);
        else
            cr_expect_eq(out.len, 0, "target: %s", targets[i].target);
        assay_buf_fini(&out);
    }
}

Test(pt_request, has_a_query_that_a_handler_is_given)
{
    struct assay_buf out = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct pt_request good = request_of("GET", "/w?b=2&a=1", "");
    struct pt_request bad = request_of("GET", "//gold?a=1", "");

    cr_expect_eq(pt_request_query(&out, &bad, NULL), ASSAY_E_CONFLICT);
    cr_expect_eq(out.len, 0);
    cr_expect_eq(pt_request_query(&out, &good, NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "a=1&b=2");
    assay_buf_fini(&out);
}

Test(pt_request, has_limits_for_length_and_pieces)
{
    struct assay_buf target = ASSAY_BUF_INIT(1 << 16);
    char hash[PT_HASH_TEXT_BYTES];

    assay_buf_add_str(&target, "/w?a");
    for (int i = 1; i < PT_QUERY_MAX_PIECES; i++)
        assay_buf_add_str(&target, "&a");
    cr_expect_eq(hash_of(hash, "GET", assay_buf_cstr(&target), ""), ASSAY_OK);
    assay_buf_add_str(&target, "&a");
    cr_expect_eq(hash_of(hash, "GET", assay_buf_cstr(&target), ""), ASSAY_E_TOO_LARGE);
    assay_buf_clear(&target);
    assay_buf_add_str(&target, "/w?");
    while (target.len < PT_TARGET_MAX_BYTES)
        assay_buf_add_byte(&target, 0xFF);
    cr_expect_eq(hash_of(hash, "GET", assay_buf_cstr(&target), ""), ASSAY_OK);
    assay_buf_add_byte(&target, 'a');
    cr_expect_eq(hash_of(hash, "GET", assay_buf_cstr(&target), ""), ASSAY_E_TOO_LARGE);
    assay_buf_fini(&target);
}

Test(pt_request, fails_cleanly_when_memory_runs_out)
{
    char hash[PT_HASH_TEXT_BYTES];
    enum assay_code rc = ASSAY_E_NOMEM;

    for (size_t n = 0; rc == ASSAY_E_NOMEM; n++) {
        cr_assert(n < 64);
        assay_alloc_fail_after(n);
        rc = hash_of(hash, "GET", "/w?b=2&a=1", "");
        assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || hash[0] == '\0');
    }
    cr_expect_eq(rc, ASSAY_OK);
}

static const struct {
    const char *name, *body, *id, *arguments;
    enum pt_mcp_kind kind;
} messages[] = {
    {"a call",
     "{\"id\":7,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"t\",\"arguments\":{\"b\":1,\"a\":[2,1]}}}",
     "7", "{\"a\":[2,1],\"b\":1}", PT_MCP_CALL},
    {"no arguments", "{\"id\":\"x\",\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}",
     "\"x\"", "{}", PT_MCP_CALL},
    {"null arguments",
     "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\",\"arguments\":null}}", "1",
     "{}", PT_MCP_CALL},
    {"collapsing numbers",
     "{\"id\":1,\"method\":\"tools/"
     "call\",\"params\":{\"name\":\"t\",\"arguments\":{\"n\":9007199254740993}}}",
     "1", "{\"n\":9007199254740992}", PT_MCP_CALL},
    {"an object for an id", "{\"id\":{},\"method\":\"ping\"}", "null", "", PT_MCP_FREE},
    {"a free method", "{\"id\":1,\"method\":\"tools/list\"}", "1", "", PT_MCP_FREE},
    {"no tool name", "{\"id\":1,\"method\":\"tools/call\",\"params\":{}}", "1", "", PT_MCP_FREE},
    {"an empty tool name", "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"\"}}", "1",
     "", PT_MCP_FREE},
    {"a number as tool", "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":5}}", "1", "",
     PT_MCP_FREE},
    {"no object", "5", "null", "", PT_MCP_FREE},
    {"a batch", "[{\"id\":1,\"method\":\"ping\"}]", "null", "", PT_MCP_BATCH},
    {"no JSON", "{", "null", "", PT_MCP_BROKEN},
    {"nothing", "", "null", "", PT_MCP_BROKEN},
    {"a member twice", "{\"id\":1,\"id\":2,\"method\":\"ping\"}", "null", "", PT_MCP_BROKEN},
    {"a number past doubles",
     "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\",\"arguments\":{\"n\":1e999}}}",
     "1", "", PT_MCP_BROKEN},
};

Test(pt_mcp, tells_what_is_payable)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct assay_buf id = ASSAY_BUF_INIT(4096), arguments = ASSAY_BUF_INIT(4096);
        struct pt_mcp_message m;

        pt_mcp_read(&m, &id, &arguments, assay_str(messages[i].body));
        cr_expect_eq(m.kind, messages[i].kind, "row: %s", messages[i].name);
        cr_expect_str_eq(assay_buf_cstr(&id), messages[i].id, "row: %s", messages[i].name);
        if (m.kind == PT_MCP_CALL)
            cr_expect_str_eq(assay_buf_cstr(&arguments), messages[i].arguments, "row: %s",
                             messages[i].name);
        assay_buf_fini(&id);
        assay_buf_fini(&arguments);
    }
}

/* Who asks for the kind alone is told it; a message may be long. */
Test(pt_mcp, tells_the_kind_of_a_message_however_long)
{
    static const char call[] = "{\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}";
    struct assay_buf body = ASSAY_BUF_INIT(1 << 20);
    struct pt_mcp_message m;

    assay_buf_add_str(&body, call);
    pt_mcp_read(&m, NULL, NULL, assay_buf_view(&body));
    cr_expect_eq(m.kind, PT_MCP_CALL);
    cr_expect_str_eq(m.tool, "t");
    while (body.len <= 2 * (size_t)PT_MCP_MAX_TOKENS)
        assay_buf_add_byte(&body, ' ');
    pt_mcp_read(&m, NULL, NULL, assay_buf_view(&body));
    cr_expect_eq(m.kind, PT_MCP_CALL);
    assay_buf_clear(&body);
    assay_buf_add_str(&body, "[0");
    for (size_t i = 2; i < PT_MCP_MAX_TOKENS; i++)
        assay_buf_add_str(&body, ",0");
    assay_buf_add_str(&body, "]");
    pt_mcp_read(&m, NULL, NULL, assay_buf_view(&body));
    cr_expect_eq(m.kind, PT_MCP_BATCH, "as many values as are read");
    body.at[body.len - 1] = ',';
    assay_buf_add_str(&body, "0]");
    pt_mcp_read(&m, NULL, NULL, assay_buf_view(&body));
    cr_expect_eq(m.kind, PT_MCP_BROKEN, "and one more");
    assay_buf_fini(&body);
}
