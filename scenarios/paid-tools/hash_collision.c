/* Threat hash-collision: two requests that a handler can tell apart share a requestHash, so that
 * one payment buys either. A pair is guilty only when the origin ran two different requests for one
 * hash. */
#include "peer/paid-tools/peer.h"

/* ---- pairs ---- */

/* Without the origin role: whether only the spelling can have made the two bodies differ, since the
 * first request, bought once more after both, answers as it did before them. */
static void expect_same_body(struct assay_case *t, struct peer_want want,
                             const struct peer_answer *bought, const struct peer_answer *used)
{
    const struct peer_answer *again;

    if (assay_bytes_equal(peer_body(bought), peer_body(used)))
        case_end(t, VERDICT_UNSUPPORTED,
                 "the payment for one also bought the other, and without the origin role "
                 "nobody can tell whether the handler saw a difference");
    again =
        pt_send(t, "the first, bought again", want, (struct pt_with){.proof = given_paid(t, want)});
    expect_granted(t, again);
    if (!assay_bytes_equal(peer_body(bought), peer_body(again)))
        case_end(t, VERDICT_UNSUPPORTED,
                 "the payment for one also bought the other, and without the origin role nobody "
                 "can tell whether the handler saw a difference: its answers to one request "
                 "differ too");
    expect(t, false, "the other request refused, or the same answer to both",
           "%s: granted by the payment for the first, with another body", used->label);
}

/* The two granted answers are runs of one and the same request, as far as can be known. */
static void expect_same_run(struct assay_case *t, struct peer_want want,
                            const struct peer_answer *bought, uint64_t first,
                            const struct peer_answer *used)
{
    struct origin *origin = case_origin(t);
    struct origin_execution one, other;
    bool same;

    if (origin == NULL) {
        expect_same_body(t, want, bought, used);
        return;
    }
    (void)case_executions(t);
    if (!origin_execution(origin, first, &one) || !origin_execution(origin, first + 1, &other))
        case_end(t, VERDICT_BROKEN, "the origin has no record of the two runs");
    same = strcmp(one.method, other.method) == 0 && strcmp(one.target, other.target) == 0 &&
           one.body_bytes == other.body_bytes && strcmp(one.body_sha256, other.body_sha256) == 0;
    expect(t, same, "the other request refused, or no difference for the handler between the two",
           "one payment's hash ran %s %s (body %.12s) and %s %s (body %.12s)", one.method,
           one.target, one.body_sha256, other.method, other.target, other.body_sha256);
}

/* Buys `bought` once, then presents another payment for it with `used`. */
static void expect_pair_apart(struct assay_case *t, struct peer_want bought, struct peer_want used)
{
    const struct peer_answer *refusal, *paid, *crossed;
    const struct pt_offer *offer = pt_try_offer(t, "the first of the pair", bought, &refusal);
    uint64_t first;

    if (offer == NULL) {
        case_observe(t, "refused without a price", "%s %s: status %d", bought.method, bought.target,
                     peer_status(refusal));
        expect_refused(t, refusal);
        return;
    }
    (void)case_executions(t);
    first = case_origin(t) != NULL ? origin_executions(case_origin(t)) + 1 : 0;
    paid = pt_send(t, "the first, paid", bought,
                   (struct pt_with){.proof = pt_header(t, given_payment(t, offer))});
    expect_granted(t, paid);
    crossed = pt_send(t, "the other, with a payment for the first", used,
                      (struct pt_with){.proof = given_paid(t, bought)});
    if (pt_is_granted(t, crossed))
        expect_same_run(t, bought, paid, first, crossed);
    else
        expect_refused(t, crossed);
}

static const struct pair {
    const char *name;
    const char *endpoint;
    const char *bought, *used; /* appended to the endpoint's target; "?": as a query member */
} pairs[] = {
    {"bytes that are no UTF-8", "paid_get", "?id=%ff", "?id=%fe"},
    {"plus and space", "paid_get", "?q=a+b", "?q=a%20b"},
    {"no value and an empty one", "paid_get", "?x", "?x="},
    {"an escaped letter", "paid_get", "?%71=1", "?q=1"},
    {"a trailing ampersand", "paid_get", "?q=1", "?q=1&"},
    {"escaped dot segments", "wildcard", "b", "a/%2e%2e/b"},
    {"dot segments", "wildcard", "b", "a/../b"},
    {"a single dot segment", "wildcard", "b", "./b"},
    {"backslash and slash", "wildcard", "a/b", "a\\b"},
    {"a doubled slash", "wildcard", "a/b", "a//b"},
    {"a fragment", "wildcard", "b", "b#c"},
    {"an escaped slash", "wildcard", "a/b", "a%2Fb"},
    {"letters of an escape", "wildcard", "a%2fb", "a%2Fb"},
};

static struct peer_want of_pair(struct assay_case *t, const struct pair *row, const char *what)
{
    struct peer_want want = peer_endpoint(t, row->endpoint);

    return what[0] == '?' ? peer_want_query(t, want, what + 1)
                          : peer_want_target(want, case_printf(t, "%s%s", want.target, what));
}

SCENARIO(
    requests_that_differ_share_no_payment,
    .title = "Where one payment buys two spellings, the handler is given one and the same request",
    .threat = "hash-collision", .rule = "RH-2", .ideas = "T4-01 T4-02 T4-03",
    .catches = DEFECTS("hash.raw_target_forwarded"), .needs = PT_SECRET, TABLE(pairs))
{
    const struct pair *row = case_row(t);

    expect_pair_apart(t, of_pair(t, row, row->bought), of_pair(t, row, row->used));
}

static const char *without_query(struct assay_case *t, struct peer_want want)
{
    return case_printf(t, "%.*s", (int)strcspn(want.target, "?"), want.target);
}

static const struct authority {
    const char *name;
    const char *cheap, *dear; /* endpoints */
} authorities[] = {
    {"at one price", "paid_get", "html"},
    {"at another price", "paid_get", "dear"},
};

SCENARIO(doubled_slash_opens_no_other_route,
         .title = "A payment for //cheap does not open //dear, whichever of them is routed",
         .threat = "hash-collision", .rule = "RH-2", .ideas = "T4-04",
         .catches = DEFECTS("hash.authority_dropped"), .needs = PT_SECRET, TABLE(authorities))
{
    const struct authority *row = case_row(t);
    struct peer_want cheap = peer_endpoint(t, row->cheap), dear = peer_endpoint(t, row->dear);

    cheap = peer_want_target(cheap, case_printf(t, "/%s", without_query(t, cheap)));
    dear = peer_want_target(dear, case_printf(t, "/%s", without_query(t, dear)));
    expect_pair_apart(t, cheap, dear);
}

/* ---- what is hashed ---- */

static const struct sample {
    const char *name;
    const char *endpoint;
    const char *added; /* "?": the query instead of the endpoint's; else appended to its target;
                          NULL: as it is */
    const char *body;  /* NULL: the endpoint's own */
    bool odd;          /* a server may refuse it instead of pricing it */
} samples[] = {
    {"as it stands", "paid_get", NULL, NULL},
    {"no query", "paid_get", "?", NULL},
    {"one member", "paid_get", "?city=Paris", NULL},
    {"two members out of order", "paid_get", "?units=metric&city=Paris", NULL},
    {"plus for space", "paid_get", "?q=a+b", NULL},
    {"escapes of letters", "paid_get", "?%63ity=P%61ris", NULL},
    {"small letters in escapes", "paid_get", "?q=%c3%a4%2f", NULL},
    {"no value", "paid_get", "?x", NULL},
    {"empty pieces", "paid_get", "?&&x=1&", NULL},
    {"an equals sign in a value", "paid_get", "?x=a=b", NULL},
    {"repeated names", "paid_get", "?a=2&b=1&a=1", NULL},
    {"bytes that are no UTF-8", "paid_get", "?x=%ff%c3", NULL, true},
    {"marks that stay", "paid_get", "?x=-_.!~*'()", NULL},
    {"a stray percent sign", "paid_get", "?x=50%&y=%zz", NULL, true},
    {"escapes in the path", "wildcard", "a%2eb%41%0A", NULL, true},
    {"dot segments", "wildcard", "a/%2E%2e/b/./c", NULL, true},
    {"a body", "paid_post", NULL, "{\"a\":1}"},
    {"an empty body", "paid_post", NULL, ""},
    {"a body with line feeds", "paid_post", NULL, "\n\n"},
};

static struct peer_want of_sample(struct assay_case *t, const struct sample *row)
{
    struct peer_want want = peer_endpoint(t, row->endpoint);

    if (row->added != NULL && row->added[0] == '?')
        want = peer_want_target(want, case_printf(t, "%s%s", without_query(t, want),
                                                  row->added[1] != '\0' ? row->added : ""));
    else if (row->added != NULL)
        want = peer_want_target(want, case_printf(t, "%s%s", want.target, row->added));
    return row->body != NULL ? peer_want_body(want, assay_str(row->body)) : want;
}

SCENARIO(
    challenge_names_the_hash_of_its_request,
    .title = "The requestHash of a challenge is that of section 4 over the request as it was sent",
    .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-07",
    .catches = DEFECTS("hash.query_not_canonical", "hash.path_decoded"), TABLE(samples))
{
    const struct sample *row = case_row(t);
    struct peer_want want = of_sample(t, row);
    const struct peer_answer *answer = pt_send(t, "ask for an offer", want, (struct pt_with){0});

    if (row->odd && peer_status(answer) != 402) {
        case_observe(t, "refused without a price", "%s %s: status %d", want.method, want.target,
                     peer_status(answer));
        expect_refused(t, answer);
        return;
    }
    expect_challenge(t, answer, want);
}

enum { GAMES_MAX = 32 };

/* Requests whose fields read alike where a line feed may move: each must have a hash of its own. */
static size_t boundary_games(struct assay_case *t, struct peer_want *out)
{
    static const char *const paths[] = {"a",     "a%0A",  "a%0Ab",  "a%0A%0A", "a?b",
                                        "a?%0A", "a%3Fb", "a%0Ab=", "a%2E",    "a.",
                                        "%61",   "a%5Cb", "a%2Fb"};
    static const char *const bodies[] = {"", "\n", "\n\n", "\nb=", "b=\n", "a", "\na"};
    struct peer_want files = peer_endpoint(t, "wildcard"), post = peer_endpoint(t, "paid_post");
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        out[n++] = peer_want_target(files, case_printf(t, "%s%s", files.target, paths[i]));
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        out[n++] = peer_want_body(post, assay_str(bodies[i]));
    out[n++] = peer_want_body(out[0], ASSAY_LIT("\n"));
    out[n++] = peer_want_body(out[0], ASSAY_LIT("b=\n"));
    out[n++] = peer_want_body(peer_want_query(t, post, "%0A"), ASSAY_LIT(""));
    out[n++] = peer_want_body(peer_want_query(t, post, "b"), ASSAY_LIT(""));
    out[n++] = peer_want_body(peer_want_query(t, post, "b"), ASSAY_LIT("\n"));
    return n;
}

SCENARIO(
    field_boundaries_do_not_move,
    .title = "Line feeds and escapes in path, query or body never make two requests share a hash",
    .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-06",
    .catches = DEFECTS("hash.path_decoded", "hash.without_body"))
{
    struct peer_want games[GAMES_MAX];
    const struct pt_offer *offers[GAMES_MAX];
    size_t n = boundary_games(t, games), priced = 0;
    const struct peer_answer *refusal;

    for (size_t i = 0; i < n; i++) {
        const struct pt_offer *offer = pt_try_offer(t, "one of the requests", games[i], &refusal);

        if (offer == NULL)
            case_observe(t, "refused without a price", "%s %s: status %d", games[i].method,
                         games[i].target, peer_status(refusal));
        else
            offers[priced++] = offer;
    }
    for (size_t i = 0; i < priced; i++) {
        for (size_t k = 0; k < i; k++)
            expect(t,
                   strcmp(offers[i]->challenge.request_hash, offers[k]->challenge.request_hash) !=
                       0,
                   "a requestHash of its own for every request",
                   "%s %s (%zu bytes) and %s %s (%zu bytes) share %s", offers[k]->want.method,
                   offers[k]->want.target, offers[k]->want.body.len, offers[i]->want.method,
                   offers[i]->want.target, offers[i]->want.body.len,
                   offers[i]->challenge.request_hash);
    }
    expect(t, priced > 1, "at least two of the requests priced", "%zu of %zu", priced, n);
}

static const struct absolute {
    const char *name;
    const char *authority; /* NULL: the target's own */
} absolutes[] = {
    {"its own host", NULL},
    {"another host", "other.invalid"},
};

SCENARIO(absolute_form_is_the_same_resource,
         .title = "An absolute-form target has the hash of its origin form, or is refused",
         .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-05",
         .catches = DEFECTS("hash.query_not_canonical"), .needs = PT_SECRET, TABLE(absolutes))
{
    const struct absolute *row = case_row(t);
    struct peer_want want = peer_want_query(t, peer_endpoint(t, "paid_get"), "%71=1"), absolute;
    const struct peer_answer *refusal;
    const struct pt_offer *offer;

    absolute = peer_want_target(
        want, row->authority != NULL ? case_printf(t, "http://%s%s", row->authority, want.target)
                                     : case_printf(t, "%s%s", peer_base_url(t), want.target));
    expect_challenge(t, pt_send(t, "origin form", want, (struct pt_with){0}), want);
    offer = pt_try_offer(t, "absolute form", absolute, &refusal);
    if (offer == NULL) {
        expect_refused(t, refusal);
        return;
    }
    expect(t, strcmp(offer->challenge.request_hash, pt_hash_of(t, want)) == 0,
           "the hash of the origin form, or a refusal", "another hash: %s",
           offer->challenge.request_hash);
    expect_pair_apart(t, want, absolute);
}

SCENARIO(order_of_mixed_case_names, .kind = SCENARIO_OBSERVATION,
         .title = "Query names of both cases are sorted by bytes, or by a locale",
         .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-08")
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want mixed =
        peer_want_target(want, case_printf(t, "%s?a=1&B=2", without_query(t, want)));
    const struct peer_answer *answer;
    const struct pt_offer *offer = pt_try_offer(t, "a and B", mixed, &answer);
    bool by_bytes =
        offer != NULL && strcmp(offer->challenge.request_hash, pt_hash_of(t, mixed)) == 0;

    case_observe(t, "order of query names", "%s",
                 offer == NULL ? "a query of mixed case is not priced"
                 : by_bytes    ? "by bytes: B before a"
                               : "not by bytes: probably by a locale, a before B");
}

/* ---- bodies ---- */

SCENARIO(chunked_body_has_the_same_hash,
         .title = "A body sent in chunks has the hash of the same bytes sent whole",
         .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-09",
         .catches = DEFECTS("hash.without_body"), .needs = PT_SECRET)
{
    struct peer_want whole = peer_endpoint(t, "paid_post"), chunked = whole;
    const struct peer_answer *answer;

    chunked.chunked = true;
    expect_challenge(t, pt_send(t, "whole", whole, (struct pt_with){0}), whole);
    answer = pt_send(t, "in chunks", chunked, (struct pt_with){0});
    if (peer_status(answer) != 402) { /* 411 and its like are a server's right */
        case_observe(t, "chunked bodies", "refused with status %d", peer_status(answer));
        expect_refused(t, answer);
        return;
    }
    expect_challenge(t, answer, whole);
    expect_granted(t, pt_send(t, "paid whole, sent in chunks", chunked,
                              (struct pt_with){.proof = given_paid(t, whole)}));
}

/* gzip of {"a":1} */
static const uint8_t gzipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                  0x03, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0x05,
                                  0x00, 0xaf, 0xac, 0x1b, 0x56, 0x07, 0x00, 0x00, 0x00};

SCENARIO(
    coded_body_is_hashed_as_received,
    .title =
        "A gzip-coded body is hashed as received, and the handler sees the bytes that were hashed",
    .threat = "hash-collision", .rule = "RH-2", .ideas = "T4-10",
    .catches = DEFECTS("hash.without_body"), .needs = PT_SECRET | NEED_ORIGIN)
{
    struct peer_want want =
        peer_want_body(peer_endpoint(t, "paid_post"), assay_bytes_of(gzipped, sizeof gzipped));
    struct pt_with coded = {.extra_name = "Content-Encoding", .extra_value = "gzip"};
    const struct peer_answer *asked = pt_send(t, "coded body, unpaid", want, coded), *paid;
    struct origin_execution ran;

    if (peer_status(asked) != 402) {
        case_observe(t, "coded bodies", "refused with status %d", peer_status(asked));
        expect_refused(t, asked);
        return;
    }
    expect_challenge(t, asked, want);
    coded.proof = given_paid(t, want);
    paid = pt_send(t, "coded body, paid", want, coded);
    expect_granted(t, paid);
    if (!origin_execution(case_origin(t), origin_executions(case_origin(t)), &ran))
        case_end(t, VERDICT_BROKEN, "the origin has no record of the run");
    expect(t, assay_bytes_equal(ran.body, want.body),
           "the handler given the bytes that were hashed",
           "%zu bytes sent, %llu given to the handler", want.body.len,
           (unsigned long long)ran.body_bytes);
}

/* ---- tools ---- */

SCENARIO(order_of_tool_arguments_does_not_matter,
         .title = "Tool arguments in another order of members share a hash; in another order of "
                  "elements they do not",
         .threat = "hash-collision", .rule = "CH-3", .ideas = "T4-11",
         .catches = DEFECTS("hash.mcp_member_order"), .needs = PT_SECRET | PT_MCP)
{
    struct peer_want one = pt_want_tool(t, "{\"b\":[1,2],\"a\":{\"y\":1,\"x\":2}}");
    struct peer_want twin = pt_want_tool(t, "{ \"a\": {\"x\":2, \"y\":1}, \"b\": [1, 2] }");
    struct peer_want other = pt_want_tool(t, "{\"a\":{\"x\":2,\"y\":1},\"b\":[2,1]}");
    const char *paid = given_paid(t, one);

    expect_challenge(t, pt_send(t, "members out of order", one, (struct pt_with){0}), one);
    expect_challenge(t, pt_send(t, "members in order", twin, (struct pt_with){0}), one);
    expect_refused(t, pt_send(t, "elements swapped", other, (struct pt_with){.proof = paid}));
    expect_granted(t, pt_send(t, "members in order, paid", twin, (struct pt_with){.proof = paid}));
}

static const struct numbers {
    const char *name;
    const char *bought, *used;
} numbers[] = {
    {"beyond 2^53", "{\"n\":9007199254740992}", "{\"n\":9007199254740993}"},
    {"a long fraction", "{\"n\":0.1}", "{\"n\":0.1000000000000000055}"},
    {"an exponent", "{\"n\":100}", "{\"n\":1e2}"},
    {"minus zero", "{\"n\":0}", "{\"n\":-0}"},
};

SCENARIO(collapsed_numbers_are_what_the_tool_sees,
         .title = "Where two numbers share a hash, the tool is given one and the same number",
         .threat = "hash-collision", .rule = "RH-2", .ideas = "T4-12",
         .catches = DEFECTS("hash.mcp_numbers_forwarded"), .needs = PT_SECRET | PT_MCP,
         TABLE(numbers))
{
    const struct numbers *row = case_row(t);

    expect_pair_apart(t, pt_want_tool(t, row->bought), pt_want_tool(t, row->used));
}
