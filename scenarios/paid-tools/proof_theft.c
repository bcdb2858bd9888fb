/* Threat proof-theft: whoever reads a proof off the wire uses it himself. It works for nothing but
 * the identical request, refusing it elsewhere leaves it good for that request, and no shared cache
 * hands its answer on. */
#include "peer/paid-tools/peer.h"

static const struct theft {
    const char *name;
    const char *endpoint;
    const char *bought;        /* query member of the paid request; NULL: none */
    const char *used;          /* of the thief's */
    const char *used_endpoint; /* NULL: the same */
    const char *used_method;   /* NULL: the same */
    const char *used_body;     /* NULL: the same */
} thefts[] = {
    {"another path", "paid_get", NULL, NULL, "paid_get_other", NULL, NULL},
    {"one query value changed", "paid_get", "lang=en", "lang=de", NULL, NULL, NULL},
    {"a query member appended", "paid_get", NULL, "admin=1", NULL, NULL, NULL},
    {"a query member left out", "paid_get", "limit=1", NULL, NULL, NULL, NULL},
    {"repeated members swapped", "paid_get", "a=1&a=2", "a=2&a=1", NULL, NULL, NULL},
    {"HEAD instead of GET", "paid_get", NULL, NULL, NULL, "HEAD", NULL},
    {"POST instead of GET", "paid_get", NULL, NULL, NULL, "POST", NULL},
    {"one space more in the body", "paid_post", NULL, NULL, NULL, NULL, "{\"a\": 1}"},
    {"another body", "paid_post", NULL, NULL, NULL, NULL, "{\"a\":2}"},
    {"an empty body", "paid_post", NULL, NULL, NULL, NULL, ""},
};

static struct peer_want stolen_for(struct assay_case *t, const struct theft *row)
{
    struct peer_want want =
        peer_endpoint(t, row->used_endpoint != NULL ? row->used_endpoint : row->endpoint);

    if (row->used != NULL)
        want = peer_want_query(t, want, row->used);
    if (row->used_method != NULL)
        want = peer_want_method(want, row->used_method);
    if (row->used_body != NULL)
        want = peer_want_body(want, assay_str(row->used_body));
    return want;
}

SCENARIO(
    stolen_proof_buys_only_its_request,
    .title = "A stolen proof buys nothing but the request it was made for, and still buys that",
    .threat = "proof-theft", .rule = "RH-1", .ideas = "T3-01 T3-02 T3-03 T3-04 T3-05 T3-06",
    .catches = DEFECTS("hash.unchecked", "hash.without_body", "hash.without_method",
                       "hash.without_query", "hash.values_sorted"),
    .needs = PT_SECRET, TABLE(thefts))
{
    const struct theft *row = case_row(t);
    struct peer_want bought = peer_endpoint(t, row->endpoint), used = stolen_for(t, row);
    struct pt_with stolen = {0};

    if (row->bought != NULL)
        bought = peer_want_query(t, bought, row->bought);
    stolen.proof = given_paid(t, bought);
    expect_refused(t, pt_send(t, "stolen, for another request", used, stolen));
    expect_still_buys(t, bought, stolen);
}

SCENARIO(permuted_query_is_the_same_request,
         .title = "A payment also buys its request with the query's members in another order, once",
         .threat = "proof-theft", .rule = "CH-3", .ideas = "T3-08",
         .catches = DEFECTS("hash.query_not_canonical"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, peer_want_query(t, want, "one=1&two=2"))};
    struct peer_want twin = peer_want_query(t, want, "two=2&one=1");

    expect_granted(t, pt_send(t, "members permuted", twin, paid));
    expect_refused(t, pt_send(t, "once more", twin, paid));
}

SCENARIO(proof_is_a_bearer_ticket, .kind = SCENARIO_OBSERVATION,
         .title = "Whoever presents an unused proof first, from wherever, is served",
         .threat = "proof-theft", .rule = "RH-1", .ideas = "T3-07", .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct http_piece piece = {
        .bytes = pt_bytes(t, want, (struct pt_with){.proof = given_paid(t, want)}, true)};
    size_t answers;
    bool closed;
    const struct peer_answer *const *thief =
        peer_raw(t, "thief's own connection", &piece, 1, 1, &answers, &closed);

    case_observe(
        t, "bearer proof", "an unused proof on a connection of somebody else's was %s (status %d)",
        pt_is_granted(t, thief[0]) ? "granted: it is a bearer ticket by design" : "refused",
        peer_status(thief[0]));
}

/* Headers are outside the hash; where the handler heeds one, a proof buys more than it names. */
SCENARIO(headers_are_outside_the_hash, .kind = SCENARIO_OBSERVATION,
         .title = "A header that the handler heeds is not bound by the payment",
         .threat = "proof-theft", .rule = "RH-2", .ideas = "T3-09",
         .needs = PT_SECRET | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_post");
    const char *paid = given_paid(t, want);
    const struct peer_answer *answer;
    struct origin_execution seen;

    want.content_type = "text/plain";
    answer = pt_send(t, "another content type", want, (struct pt_with){.proof = paid});
    if (!pt_is_granted(t, answer) || case_executions(t) == 0 ||
        !origin_execution(case_origin(t), origin_executions(case_origin(t)), &seen))
        case_observe(t, "binding of headers", "a changed content type was refused (status %d)",
                     peer_status(answer));
    else
        case_observe(
            t, "binding of headers",
            "paid for as application/json, sent as text/plain: the handler was told \"%s\"",
            seen.content_type);
}

/* Whether Cache-Control has that directive, with or without a value. */
static bool has_directive(struct assay_bytes value, const char *directive)
{
    for (size_t from = 0; from < value.len;) {
        size_t to = assay_bytes_find(value, ',', from);
        struct assay_bytes one = assay_bytes_part(value, from, to);

        while (one.len > 0 && (one.at[0] == ' ' || one.at[0] == '\t'))
            one = assay_bytes_part(one, 1, one.len);
        one = assay_bytes_part(one, 0, assay_bytes_find(one, '=', 0));
        while (one.len > 0 && (one.at[one.len - 1] == ' ' || one.at[one.len - 1] == '\t'))
            one.len--;
        if (assay_bytes_equal_nocase(one, assay_str(directive)))
            return true;
        from = to + 1;
    }
    return false;
}

static void expect_uncacheable(struct assay_case *t, const struct peer_answer *answer,
                               bool may_be_private)
{
    struct assay_bytes value = ASSAY_LIT("");
    bool kept_out;

    if (peer_status(answer) != 0)
        value = http_response_header(&answer->exchange->response, "Cache-Control", NULL);
    kept_out =
        has_directive(value, "no-store") || (may_be_private && has_directive(value, "private"));
    expect(t, kept_out,
           may_be_private ? "Cache-Control: private or no-store, so that no shared cache keeps it"
                          : "Cache-Control: no-store",
           "%s: status %d, Cache-Control: \"%.*s\"", answer->label, peer_status(answer),
           (int)value.len, (const char *)value.at);
}

SCENARIO(no_shared_cache_keeps_an_answer,
         .title = "Challenges and refusals are not stored, and paid answers not by a shared cache",
         .threat = "proof-theft", .rule = "CH-4", .ideas = "T3-10",
         .catches = DEFECTS("answer.cacheable"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};
    const struct peer_answer *granted = pt_send(t, "paid answer", want, paid);

    expect_granted(t, granted);
    expect_uncacheable(t, granted, true);
    expect_uncacheable(t, pt_send(t, "challenge", want, (struct pt_with){0}), false);
    expect_uncacheable(t, pt_send(t, "refused replay", want, paid), false);
}

SCENARIO(no_shared_cache_keeps_a_replay,
         .title = "A stored answer given again is not kept by a shared cache",
         .threat = "proof-theft", .rule = "CH-4", .ideas = "T3-10",
         .catches = DEFECTS("answer.cacheable"), .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with keyed = {.proof = given_paid(t, want), .key = given_key(t)};

    expect_granted(t, pt_send(t, "paid answer", want, keyed));
    expect_uncacheable(t, pt_send(t, "replay of it", want, keyed), true);
}
