/* What binds an exact payment to a request: URLs, fingerprints, callers, terms, transactions. */
#include "kaspa_x402/exact_hash.h"

#include "ref/tests/guard.h"
#include "ref/tests/x402_docs.h"

#include <stdlib.h>

static const struct {
    const char *name, *url, *normal; /* NULL: refused */
} urls[] = {
    {"as it is", "https://api.example.test/file", "https://api.example.test/file"},
    {"case", "HTTPS://API.Example.TEST/File", "https://api.example.test/File"},
    {"default ports", "http://h:80/", "http://h/"},
    {"default port of https", "https://h:443/a", "https://h/a"},
    {"default ports of sockets", "wss://h:443/a", "wss://h/a"},
    {"the other's port", "https://h:80/", "https://h:80/"},
    {"port", "http://h:8080/a", "http://h:8080/a"},
    {"empty path", "http://h", "http://h/"},
    {"empty path and query", "http://h?a=1", "http://h/?a=1"},
    {"dots", "http://h/./a/../b/.", "http://h/b/"},
    {"escaped dots", "http://h/a/%2E%2e/b", "http://h/b"},
    {"above the root", "http://h/../../a", "http://h/a"},
    {"two slashes", "http://h//a", "http://h//a"},
    {"escapes stay", "http://h/%41%7e?%41%7e", "http://h/%41%7e?%41%7e"},
    {"dots of a query stay", "http://h/a?b=/../c", "http://h/a?b=/../c"},
    {"empty query", "http://h/a?", "http://h/a?"},
    {"fragment", "http://h/a?b#c?d", "http://h/a?b"},
    {"fragment alone", "http://h#c", "http://h/"},
    {"spaces are no URL", "http://h/a b", NULL},
    {"what a path escapes", "http://h/a\"<>`{}\xc3\xa9", "http://h/a%22%3C%3E%60%7B%7D%C3%A9"},
    {"what a query escapes", "http://h/?\"<>'`{}\xc3\xa9", "http://h/?%22%3C%3E%27`{}%C3%A9"},
    {"address", "http://127.0.0.1:5/", "http://127.0.0.1:5/"},
    {"address of six", "http://[::1]:80/a", "http://[::1]/a"},
    {"address of six in capitals", "http://[FE80::A]/", "http://[fe80::a]/"},
    {"no scheme", "//h/a", NULL},
    {"path alone", "/a", NULL},
    {"no host", "http:///a", NULL},
    {"user", "http://u@h/", NULL},
    {"no port of it", "http://h:65536/", NULL},
    {"other scheme", "ftp://h/", NULL},
    {"address out of range", "http://256.0.0.1/", NULL},
    {"empty", "", NULL},
};

Test(kx_url, has_one_normal_form)
{
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct guard g = guard_of(assay_str(urls[i].url));
        struct assay_buf out = ASSAY_BUF_INIT(256), again = ASSAY_BUF_INIT(256);
        struct assay_err err = {0};
        enum assay_code rc = kx_url_normalise(&out, g.bytes, &err);

        cr_expect_eq(rc, urls[i].normal != NULL ? ASSAY_OK : ASSAY_E_MALFORMED, "row: %s: %s",
                     urls[i].name, err.text);
        cr_expect_str_eq(assay_buf_cstr(&out), urls[i].normal != NULL ? urls[i].normal : "",
                         "row: %s", urls[i].name);
        if (rc == ASSAY_OK) {
            cr_expect_eq(kx_url_normalise(&again, assay_buf_view(&out), NULL), ASSAY_OK);
            cr_expect_str_eq(assay_buf_cstr(&again), urls[i].normal, "row: %s", urls[i].name);
        } else {
            cr_expect_eq(err.code, ASSAY_E_MALFORMED, "row: %s", urls[i].name);
        }
        assay_buf_fini(&out);
        assay_buf_fini(&again);
        guard_free(&g);
    }
}

Test(kx_url, that_does_not_fit_leaves_nothing)
{
    for (size_t room = 0; room < 20; room++) {
        uint8_t bytes[20];
        struct assay_buf out = {.at = bytes, .room = room, .max = room, .fixed = true};

        cr_expect_eq(kx_url_normalise(&out, ASSAY_LIT("http://h/a/b/c?d=\xc3"), NULL),
                     ASSAY_E_TOO_LARGE, "room %zu", room);
        cr_expect_eq(out.len, 0);
    }
}

static const struct assay_bytes scopes[] = {
    {(const uint8_t *)"write", 5}, {(const uint8_t *)"read", 4}, {(const uint8_t *)"write", 5}};

Test(kx_fingerprint, of_a_caller_and_its_binding_are_those_of_the_digest)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json state = doc_of(&arena, "{\"plan\":\"pro\"}");
    struct kx_context context = {.principal = ASSAY_LIT("user:42"),
                                 .tenant = ASSAY_LIT(""),
                                 .scopes = scopes,
                                 .scope_count = ARRAY_LEN(scopes),
                                 .state = &state};
    struct kx_request request = {
        .request_hash = "9999999999999999999999999999999999999999999999999999999999999999",
        .context = &context};
    char hash[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_context_hash(hash, &context, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, "bd190a4bccce33e15a905cf93d6a3cd328e21b2730c0bdfb25cc75ac3d7b67aa");
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, "dd7258f962bd736c5f913a4f0c3fb061ebd99ea4aa3a34f7422b2f928cceb4c0");
    assay_arena_fini(&arena);
}

/* The hash of the canonical text that the row spells. */
static void expect_hash_of(const char *hash, const char *canonical, const char *row)
{
    char want[X402_HASH_TEXT_BYTES];

    x402_hash_text(want, assay_str(canonical));
    cr_expect_str_eq(hash, want, "row: %s", row);
}

#define CONTEXT(scopes, state, principal, tenant)                                                  \
    "{\"authorizationScopes\":" scopes ",\"handlerState\":" state ",\"principal\":" principal      \
    ",\"tenant\":" tenant ",\"version\":\"kaspa-x402-trusted-security-context-v1\"}"

Test(kx_context, is_hashed_in_canonical_form)
{
    static const struct assay_bytes unordered[] = {{(const uint8_t *)"\xf0\x9f\x98\x80", 4},
                                                   {(const uint8_t *)"\xee\x80\x80", 3},
                                                   {(const uint8_t *)"ab", 2},
                                                   {(const uint8_t *)"a", 1},
                                                   {(const uint8_t *)"\xed\x9f\xbf", 3},
                                                   {(const uint8_t *)"B\"", 2},
                                                   {(const uint8_t *)"a", 1},
                                                   {(const uint8_t *)"\xef\xbf\xbd", 3}};
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json state = doc_of(&arena, "{\"z\":1.0,\"__proto__\":null,\"a\":true}");
    struct kx_context context = {.principal = ASSAY_LIT("p\n"), .tenant = ASSAY_LIT("t")};
    char hash[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_context_hash(hash, &context, NULL), ASSAY_OK);
    expect_hash_of(hash, CONTEXT("[]", "{}", "\"p\\n\"", "\"t\""), "least");
    context.state = &state;
    context.scopes = unordered;
    context.scope_count = ARRAY_LEN(unordered);
    cr_expect_eq(kx_context_hash(hash, &context, NULL), ASSAY_OK);
    /* by UTF-16: D7FF, then the pair that starts with D83D, then E000 and FFFD */
    expect_hash_of(hash,
                   CONTEXT("[\"B\\\"\",\"a\",\"ab\",\"\xed\x9f\xbf\",\"\xf0\x9f\x98\x80\","
                           "\"\xee\x80\x80\",\"\xef\xbf\xbd\"]",
                           "{\"__proto__\":null,\"a\":true,\"z\":1}", "\"p\\n\"", "\"t\""),
                   "ordered");
    assay_arena_fini(&arena);
}

static const struct {
    const char *name, *state;
    bool ok;
} states[] = {
    {"scalars", "{\"a\":\"x\",\"b\":1,\"c\":true,\"d\":null,\"e\":false}", true},
    {"no object", "[]", false},
    {"an object within", "{\"a\":{}}", false},
    {"an array within", "{\"a\":[]}", false},
    {"a number without end", "{\"a\":1e999}", false},
    {"empty name", "{\"\":1}", true},
    {"token", "{\"token\":1}", false},
    {"TOKEN", "{\"TOKEN\":1}", false},
    {"authorization", "{\"authorization\":1}", false},
    {"cookie", "{\"Cookie\":1}", false},
    {"credential", "{\"x_credential\":1}", false},
    {"password", "{\"password-x\":1}", false},
    {"secret", "{\"mySecretThing\":1}", false},
    {"tokens are none", "{\"tokens\":1}", true},
    {"tokenize", "{\"tokenizer\":1}", true},
    {"hump", "{\"authToken\":1}", false},
    {"after a digit", "{\"v2Token\":1}", false},
    {"after capitals", "{\"HTTPToken\":1}", false},
    {"within capitals", "{\"HTTPTOKEN\":1}", true},
    {"one capital at its end", "{\"tokenA\":1}", false},
    {"separators alone", "{\"-_-\":1}", true},
    {"between separators", "{\"__token__\":1}", false},
    {"escaped", "{\"\\u0074oken\":1}", false},
    {"later", "{\"a\":1,\"b_token\":2}", false},
    {"a duplicate", "{\"token\":1,\"token\":2}", false},
    {"__proto__", "{\"__proto__\":1}", true},
};

Test(kx_context, state_is_of_scalars_and_names_no_secret)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_json state = doc_of(&arena, states[i].state);
        struct kx_context context = {
            .principal = ASSAY_LIT("p"), .tenant = ASSAY_LIT(""), .state = &state};
        char hash[X402_HASH_TEXT_BYTES];

        cr_expect_eq(kx_context_hash(hash, &context, NULL),
                     states[i].ok ? ASSAY_OK : ASSAY_E_MALFORMED, "row: %s", states[i].name);
        assay_arena_fini(&arena);
    }
}

Test(kx_context, has_a_principal_and_no_empty_scope)
{
    static const struct assay_bytes empty[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"", 0}};
    struct kx_context context = {.principal = ASSAY_LIT(""), .tenant = ASSAY_LIT("")};
    struct kx_request request = {
        .method = ASSAY_LIT("GET"), .url = ASSAY_LIT("http://h/"), .context = &context};
    struct assay_err err = {0};
    char hash[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_context_hash(hash, &context, &err), ASSAY_E_MALFORMED);
    cr_expect_eq(err.code, ASSAY_E_MALFORMED);
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_E_MALFORMED);
    request.tool = &(const struct kx_tool_call){.audience = ASSAY_LIT("a"), .name = ASSAY_LIT("t")};
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_E_MALFORMED, "nor of a call");
    context.principal = ASSAY_LIT("p");
    context.scopes = empty;
    context.scope_count = 2;
    cr_expect_eq(kx_context_hash(hash, &context, NULL), ASSAY_E_MALFORMED);
    context.scope_count = 1;
    cr_expect_eq(kx_context_hash(hash, &context, NULL), ASSAY_OK);
}

Test(kx_fingerprint, is_made_over_method_url_body_and_terms)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json body = doc_of(&arena, "{\"b\":[1.50],\"a\":\"\\u00e9\"}");
    struct kx_request request = {.method = ASSAY_LIT("POST"), .url = ASSAY_LIT("http://h/?a")};
    char hash[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_fingerprint(hash, &request, "abc", NULL), ASSAY_OK);
    expect_hash_of(hash,
                   "{\"body\":null,\"method\":\"POST\",\"paymentRequirementsHash\":\"abc\","
                   "\"url\":\"http://h/?a\"}",
                   "no body");
    request.has_body_text = true;
    request.body_text = ASSAY_LIT("");
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    expect_hash_of(hash, "{\"body\":\"\",\"method\":\"POST\",\"url\":\"http://h/?a\"}", "empty");
    request.body_text = ASSAY_LIT("{\"a\":1}");
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    expect_hash_of(hash, "{\"body\":\"{\\\"a\\\":1}\",\"method\":\"POST\",\"url\":\"http://h/?a\"}",
                   "text");
    request.body = &body;
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    expect_hash_of(hash,
                   "{\"body\":{\"a\":\"\xc3\xa9\",\"b\":[1.5]},\"method\":\"POST\","
                   "\"url\":\"http://h/?a\"}",
                   "JSON");
    body = doc_of(&arena, "1e999");
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_E_RANGE);
    assay_arena_fini(&arena);
}

/* Terms are in the hash of a call where it is made for some. */
Test(kx_fingerprint, of_a_call_is_made_over_tool_arguments_and_terms)
{
    const struct kx_tool_call calls[] = {
        {.audience = ASSAY_LIT("a"), .name = ASSAY_LIT("t")},
        {.audience = ASSAY_LIT("a"), .name = ASSAY_LIT("u")},
        {.audience = ASSAY_LIT("b"), .name = ASSAY_LIT("t")},
        {.audience = ASSAY_LIT("a"), .name = ASSAY_LIT("t"), .arguments = ASSAY_LIT("{}")},
    };
    char hashes[2 * ARRAY_LEN(calls)][X402_HASH_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        struct kx_request request = {.url = ASSAY_LIT("mcp://h/"), .tool = &calls[i / 2]};

        cr_assert_eq(kx_fingerprint(hashes[i], &request, i % 2 == 0 ? NULL : "abc", NULL),
                     ASSAY_OK);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(hashes[i], hashes[k], "%zu and %zu", i, k);
    }
}

/* A caller's state has names that are looked through, which may take memory. */
Test(kx_context, memory_that_is_not_there_is_told)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json state = doc_of(&arena, "{\"\\u0061\":\"\\u0062\"}");
    struct kx_context context = {.principal = ASSAY_LIT("p"), .state = &state};
    char hash[X402_HASH_TEXT_BYTES];
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n = 0;

    for (; rc != ASSAY_OK && n < 100; n++) {
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        rc = kx_context_hash(hash, &context, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", n, err.text);
    }
    cr_expect(rc == ASSAY_OK && n > 1, "%zu", n);
    assay_arena_fini(&arena);
}

Test(kx_fingerprint, gives_way_to_the_hosts_own_hash)
{
    struct kx_request request = {
        .request_hash = "ABCDEFabcdef0123456789000000000000000000000000000000000000000000"};
    char hash[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, "abcdefabcdef0123456789000000000000000000000000000000000000000000");
    request.request_hash = "abcd";
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_E_MALFORMED);
}

Test(kx_fingerprint, takes_a_body_above_what_the_stack_holds)
{
    enum { LEN = 200000 };
    char *text = malloc(LEN + 1), *canonical = malloc(LEN + 100);
    struct kx_request request = {
        .method = ASSAY_LIT("POST"), .url = ASSAY_LIT("http://h/"), .has_body_text = true};
    char hash[X402_HASH_TEXT_BYTES];

    memset(text, 'x', LEN);
    text[LEN] = '\0';
    request.body_text = assay_str(text);
    (void)snprintf(canonical, LEN + 100,
                   "{\"body\":\"%s\",\"method\":\"POST\",\"url\":\"http://h/\"}", text);
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_OK);
    expect_hash_of(hash, canonical, "long");
    (void)assay_alloc_fail_after(0);
    cr_expect_eq(kx_fingerprint(hash, &request, NULL, NULL), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    free(text);
    free(canonical);
}

#define TERMS(binding, members) "{\"extra\":{\"binding\":\"" binding "\"" members "}}"
#define EXACT(members) TERMS("kaspa-exact-v2", members)
#define CHAIN(members) TERMS("kaspa-hash-chain-exact-v1", members)

static const struct {
    const char *name, *sent, *hashed;
} lowered[] = {
    {"no hex", "{\"a\":\"AB\"}", "{\"a\":\"AB\"}"},
    {"script", EXACT(",\"payToScriptPublicKey\":\"0000AB\""),
     EXACT(",\"payToScriptPublicKey\":\"0000ab\"")},
    {"head", EXACT(",\"headId\":\"AA\",\"headScriptPublicKey\":\"0F\",\"headRedeemScript\":\"fF\""),
     EXACT(",\"headId\":\"aa\",\"headScriptPublicKey\":\"0f\",\"headRedeemScript\":\"ff\"")},
    {"challenge and outpoint",
     EXACT(",\"challengeId\":\"CC\",\"expectedHeadOutpoint\":{\"txid\":\"DD\",\"index\":0}"),
     EXACT(",\"challengeId\":\"cc\",\"expectedHeadOutpoint\":{\"txid\":\"dd\",\"index\":0}")},
    {"an unknown member", EXACT(",\"note\":\"AB\""), EXACT(",\"note\":\"AB\"")},
    {"another binding's", EXACT(",\"currentGuard\":\"AB\",\"grantId\":\"AB\""),
     EXACT(",\"currentGuard\":\"AB\",\"grantId\":\"AB\"")},
    {"its own",
     CHAIN(",\"covenantId\":\"AB\",\"currentGuard\":\"AB\",\"nextGuard\":\"AB\","
           "\"oneTimePublicKey\":\"AB\",\"grantId\":\"AB\""),
     CHAIN(",\"covenantId\":\"ab\",\"currentGuard\":\"ab\",\"nextGuard\":\"ab\","
           "\"oneTimePublicKey\":\"ab\",\"grantId\":\"ab\"")},
    {"other letters stay", EXACT(",\"headId\":\"AZ\""), EXACT(",\"headId\":\"aZ\"")},
    {"no text", EXACT(",\"headId\":17,\"challengeId\":null"),
     EXACT(",\"headId\":17,\"challengeId\":null")},
    {"with an escape", EXACT(",\"headId\":\"\\u0041B\""), EXACT(",\"headId\":\"AB\"")},
};

Test(kx_requirements, known_hex_is_lowered_before_hashing_and_the_rest_is_not)
{
    for (size_t i = 0; i < ARRAY_LEN(lowered); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_json sent = doc_of(&arena, lowered[i].sent);
        struct assay_json hashed = doc_of(&arena, lowered[i].hashed);
        char hash[X402_HASH_TEXT_BYTES], want[X402_HASH_TEXT_BYTES];

        cr_expect_eq(kx_requirements_hash(hash, &sent, 0, NULL), ASSAY_OK);
        cr_expect_eq(x402_hash(want, &hashed, 0, NULL), ASSAY_OK);
        cr_expect_str_eq(hash, want, "row: %s", lowered[i].name);
        assay_arena_fini(&arena);
    }
}

Test(kx_requirements, memory_that_is_not_there_is_told)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json doc = doc_of(&arena, EXACT(",\"headId\":\"AB\""));
    char hash[X402_HASH_TEXT_BYTES];
    size_t failed = 0;

    for (size_t n = 0; n < 20; n++) {
        struct assay_err err = {0};
        enum assay_code rc;

        (void)assay_alloc_fail_after(n);
        rc = kx_requirements_hash(hash, &doc, 0, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        failed += rc != ASSAY_OK;
        cr_expect(rc == ASSAY_OK || (rc == ASSAY_E_NOMEM && err.code == rc), "%zu", n);
    }
    cr_expect_geq(failed, 2);
    doc = doc_of(&arena, "{\"a\":1e999}");
    cr_expect_eq(kx_requirements_hash(hash, &doc, 0, NULL), ASSAY_E_RANGE);
    assay_arena_fini(&arena);
}

#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define Z40 "0000000000000000000000000000000000000000"
#define IN "{\"previousOutpoint\":{\"transactionId\":\"" Z64 "\",\"index\":1},\"sequence\":\"2\"}"
#define OUT "{\"value\":\"3\",\"scriptPublicKey\":\"0000AB\",\"covenant\":null}"
#define TX(inputs, outputs, more)                                                                  \
    "{\"version\":0,\"inputs\":[" inputs "],\"outputs\":[" outputs "]" more "}"
#define PROJECTION(inputs, outputs)                                                                \
    "{\"scope\":\"kaspa:x402:exact-consensus-transaction-projection:v1\",\"transaction\":{"        \
    "\"gas\":\"0\",\"inputs\":[" inputs "],\"lockTime\":\"0\",\"outputs\":[" outputs               \
    "],\"payload\":\"\",\"subnetworkId\":\"" Z40 "\",\"version\":0}}"
#define PIN "{\"previousOutpoint\":{\"index\":1,\"transactionId\":\"" Z64 "\"},\"sequence\":\"2\"}"
#define POUT "{\"covenant\":null,\"scriptPublicKey\":\"0000ab\",\"value\":\"3\"}"

static const struct {
    const char *name, *text, *canonical; /* NULL: opaque */
} identities[] = {
    {"defaults", TX(IN, OUT, ""), PROJECTION(PIN, POUT)},
    {"said",
     TX(IN, OUT, ",\"lockTime\":\"0\",\"gas\":\"0\",\"payload\":\"\",\"subnetworkId\":\"" Z40 "\""),
     PROJECTION(PIN, POUT)},
    {"two of each", TX(IN "," IN, OUT "," OUT, ""), PROJECTION(PIN "," PIN, POUT "," POUT)},
    {"none of either", TX("", "", ""), PROJECTION("", "")},
    {"more members", TX(IN, OUT, ",\"id\":1,\"storageMass\":{}"), PROJECTION(PIN, POUT)},
    {"version with places", "{\"inputs\":[],\"outputs\":[],\"version\":0.0}", PROJECTION("", "")},
    {"a duplicate, of which the last counts",
     "{\"version\":7,\"inputs\":[],\"outputs\":[],\"version\":0}", PROJECTION("", "")},
    {"hex with an escape", TX(IN, "{\"value\":\"3\",\"scriptPublicKey\":\"0000\\u0041b\"}", ""),
     PROJECTION(PIN, POUT)},
    {"no covenant", TX(IN, "{\"value\":\"3\",\"scriptPublicKey\":\"0000AB\"}", ""),
     PROJECTION(PIN, POUT)},
    {"a covenant", TX(IN, "{\"value\":\"3\",\"scriptPublicKey\":\"00\",\"covenant\":{}}", ""),
     NULL},
    {"no version", "{\"inputs\":[],\"outputs\":[]}", NULL},
    {"version too large", "{\"inputs\":[],\"outputs\":[],\"version\":4294967296}", NULL},
    {"no inputs", "{\"version\":0,\"outputs\":[]}", NULL},
    {"no outputs", "{\"version\":0,\"inputs\":[]}", NULL},
    {"inputs an object", "{\"version\":0,\"inputs\":{},\"outputs\":[]}", NULL},
    {"flattened", TX("{\"transactionId\":\"" Z64 "\",\"index\":1,\"sequence\":\"2\"}", OUT, ""),
     NULL},
    {"no sequence",
     TX("{\"previousOutpoint\":{\"transactionId\":\"" Z64 "\",\"index\":1}}", "", ""), NULL},
    {"short hash",
     TX("{\"previousOutpoint\":{\"transactionId\":\"00\",\"index\":1},"
        "\"sequence\":\"2\"}",
        "", ""),
     NULL},
    {"a number for an amount", TX(IN, "{\"value\":3,\"scriptPublicKey\":\"00\"}", ""), NULL},
    {"odd hex", TX(IN, "{\"value\":\"3\",\"scriptPublicKey\":\"000\"}", ""), NULL},
    {"gas with a zero in front", TX(IN, OUT, ",\"gas\":\"00\""), NULL},
    {"no object", "[]", NULL},
    {"no JSON", "deadbeef", NULL},
    {"empty", "", NULL},
};

Test(kx_identity, is_structured_for_its_shape_and_opaque_for_all_else)
{
    for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
        struct guard g = guard_of(assay_str(identities[i].text));
        char hash[X402_HASH_TEXT_BYTES], artifact[X402_HASH_TEXT_BYTES], opaque[256];

        x402_hash_text(artifact, g.bytes);
        (void)snprintf(opaque, sizeof(opaque),
                       "{\"artifactHash\":\"%s\",\"scope\":"
                       "\"kaspa:x402:opaque-exact-transaction-artifact:v1\"}",
                       artifact);
        cr_expect_eq(kx_transaction_identity(hash, g.bytes), ASSAY_OK);
        expect_hash_of(hash, identities[i].canonical != NULL ? identities[i].canonical : opaque,
                       identities[i].name);
        guard_free(&g);
    }
}

Test(kx_identity, of_a_text_above_the_artifacts_budget_is_opaque)
{
    size_t len = X402_ARTIFACT_MAX_BYTES + 1;
    char *text = malloc(len + 1), at[X402_HASH_TEXT_BYTES], above[X402_HASH_TEXT_BYTES];

    memset(text, ' ', len);
    memcpy(text, TX("", "", ""), strlen(TX("", "", "")));
    cr_expect_eq(kx_transaction_identity(at, assay_bytes_of(text, len - 1)), ASSAY_OK);
    expect_hash_of(at, PROJECTION("", ""), "at the budget");
    cr_expect_eq(kx_transaction_identity(above, assay_bytes_of(text, len)), ASSAY_OK);
    cr_expect_str_neq(at, above);
    free(text);
}

Test(kx_identity, memory_that_is_not_there_is_told_and_gives_no_other_hash)
{
    char want[X402_HASH_TEXT_BYTES];
    size_t failed = 0;

    cr_assert_eq(kx_transaction_identity(want, ASSAY_LIT(TX(IN, OUT, ""))), ASSAY_OK);
    for (size_t n = 0; n < 20; n++) {
        char hash[X402_HASH_TEXT_BYTES];
        enum assay_code rc;

        (void)assay_alloc_fail_after(n);
        rc = kx_transaction_identity(hash, ASSAY_LIT(TX(IN, OUT, "")));
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_E_NOMEM || (rc == ASSAY_OK && strcmp(hash, want) == 0), "%zu", n);
        failed += rc != ASSAY_OK;
    }
    cr_expect_geq(failed, 1);
}
