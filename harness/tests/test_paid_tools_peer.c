/* Tests of the paid-tools verbs: what they make of a proof, and what they hold against an answer.
 */
#include "defects/defects.h"
#include "peer/paid-tools/peer.h"
#include "run/case_internal.h"
#include "run/profiles.h"

#include <criterion/criterion.h>

/* A case without a server: memory, a target, and an origin where runs are to be counted. */
struct bench {
    struct target target;
    struct case_world world;
    struct assay_case t;
};

static const struct scenario no_scenario = {
    .name = PROFILE "/none", .title = "none", .rule = "CH-1"};

static void bench_init(struct bench *b, const struct scenario *scenario)
{
    *b = (struct bench){.target = {.name = "bench", .rules = "base", .persistent = true}};
    b->target.secrets[0] = (struct target_pair){"mac", PT_DEFAULT_SECRET};
    b->target.secret_count = 1;
    b->target.endpoints[0] =
        (struct target_endpoint){"paid_get", "GET", "/weather?city=Paris", NULL};
    b->target.endpoints[1] = (struct target_endpoint){"paid_post", "POST", "/action", NULL};
    b->target.endpoints[2] = (struct target_endpoint){"mcp", "POST", "/mcp", NULL};
    b->target.endpoint_count = 3;
    b->world.options.target = &b->target;
    b->t.world = &b->world;
    b->t.scenario = scenario;
    b->t.arena = (struct assay_arena)ASSAY_ARENA_INIT((size_t)1 << 24);
    b->t.thread = pthread_self();
    b->t.observations = json_array();
    b->t.evidence = json_array();
}

static void bench_fini(struct bench *b)
{
    origin_stop(b->t.origin);
    json_decref(b->t.observations);
    json_decref(b->t.evidence);
    assay_arena_fini(&b->t.arena);
}

/* All but the signature. The nonce and the hash are those of the digest's MAC vector (section 4).
 */
static struct pt_proof some_proof(void)
{
    return (struct pt_proof){
        .version = 1,
        .nonce = "00000000-0000-4000-8000-000000000001",
        .request_hash = "b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1",
        .payer = "mock://~~~",
        .timestamp = "2026-01-01T00:00:00.000Z",
        .expires_at = "2026-01-01T00:05:00.000Z",
    };
}

Test(paid_tools_peer, signs_as_the_digest_says)
{
    struct bench b;
    struct pt_proof proof = some_proof();

    bench_init(&b, &no_scenario);
    cr_expect_str_eq(pt_resigned(&b.t, &proof)->signature,
                     "85f78b1768a012f537441d607b02acade64c114d7df2b8ed4dc023511274f91a");
    cr_expect_str_eq(pt_sign(&b.t, proof.nonce, proof.request_hash),
                     pt_resigned(&b.t, &proof)->signature);
    bench_fini(&b);
}

static const struct {
    const char *name, *member, *raw, *begin, *end;
} rewritings[] = {
    {"first replaced", "version", "99", "{\"version\":99,\"nonce\":", "\"signature\":\"\"}"},
    {"in between", "nonce", "[5]",
     "{\"version\":1,\"nonce\":[5],\"requestHash\":", "\"signature\":\"\"}"},
    {"last replaced", "signature", "null", "{\"version\":1,", ",\"signature\":null}"},
    {"first left out", "version", NULL, "{\"nonce\":\"00", "\"signature\":\"\"}"},
    {"last left out", "signature", NULL, "{\"version\":1,",
     "\"expiresAt\":\"2026-01-01T00:05:00.000Z\"}"},
    {"appended", "note", "true", "{\"version\":1,", ",\"note\":true}"},
    {"absent left out", "note", NULL, "{\"version\":1,", "\"signature\":\"\"}"},
};

static bool frames(const char *text, const char *begin, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);

    return strncmp(text, begin, strlen(begin)) == 0 && len >= tail &&
           strcmp(text + len - tail, end) == 0;
}

Test(paid_tools_peer, changes_one_member_and_leaves_the_others)
{
    struct bench b;
    struct pt_proof proof = some_proof();

    bench_init(&b, &no_scenario);
    for (size_t i = 0; i < ARRAY_LEN(rewritings); i++) {
        const char *json = pt_json_with(&b.t, &proof, rewritings[i].member, rewritings[i].raw);

        cr_expect(frames(json, rewritings[i].begin, rewritings[i].end), "row %s: %s",
                  rewritings[i].name, json);
    }
    cr_expect_str_eq(pt_json_with(&b.t, &proof, "version", "1"), pt_json(&b.t, &proof));
    bench_fini(&b);
}

Test(paid_tools_peer, headers_decode_to_the_proof_they_were_made_of)
{
    struct bench b;
    struct pt_proof proof = some_proof(), own, bridged;

    bench_init(&b, &no_scenario);
    proof = *pt_resigned(&b.t, &proof);
    cr_assert_eq(pt_proof_decode(&own, assay_str(pt_header(&b.t, &proof)), NULL), ASSAY_OK);
    cr_assert_eq(pt_bridge_decode(&bridged, assay_str(pt_bridge_header(&b.t, &proof)), NULL),
                 ASSAY_OK);
    cr_expect_str_eq(pt_json(&b.t, &own), pt_json(&b.t, &proof));
    cr_expect_str_eq(pt_json(&b.t, &bridged), pt_json(&b.t, &proof));
    bench_fini(&b);
}

Test(paid_tools_peer, no_other_spelling_of_a_header_is_the_header)
{
    static const char *(*const bend[])(struct assay_case *, const char *) = {
        pt_padded,          pt_in_standard_alphabet, pt_with_junk_behind, pt_with_space_within,
        pt_twice_in_a_list,
    };
    struct bench b;
    struct pt_proof proof = some_proof(), decoded;
    const char *header;

    bench_init(&b, &no_scenario);
    header = pt_header(&b.t, &proof);
    for (size_t i = 0; i < ARRAY_LEN(bend); i++)
        cr_expect_neq(pt_proof_decode(&decoded, assay_str(bend[i](&b.t, header)), NULL), ASSAY_OK,
                      "row %zu", i);
    bench_fini(&b);
}

Test(paid_tools_peer, wants_what_the_target_file_names_and_varies_it)
{
    struct bench b;
    struct peer_want get, post;

    bench_init(&b, &no_scenario);
    get = peer_endpoint(&b.t, "paid_get");
    post = peer_endpoint(&b.t, "paid_post");
    cr_expect(!get.has_body && post.has_body);
    cr_expect_str_eq(peer_want_query(&b.t, get, "x=1").target, "/weather?city=Paris&x=1");
    cr_expect_str_eq(peer_want_query(&b.t, post, "x=1").target, "/action?x=1");
    cr_expect_str_eq(peer_want_method(get, "HEAD").method, "HEAD");
    cr_expect_str_eq(peer_want_target(get, "/gold").target, "/gold");
    bench_fini(&b);
}

/* An answer with that status and body, since when the handler ran so often. */
static const struct peer_answer *answer_of(struct bench *b, int status, const char *body,
                                           uint64_t runs)
{
    struct http_exchange *x = case_alloc(&b->t, sizeof *x);
    struct peer_answer *answer = case_alloc(&b->t, sizeof *answer);

    x->outcome = status == 0 ? HTTP_CLOSED : HTTP_ANSWERED;
    x->trouble = "the connection was closed";
    x->response.status = status;
    x->response.body = assay_str(body);
    x->response.body_bytes = strlen(body);
    answer->exchange = x;
    answer->label = "answer";
    b->t.executions_before = (uint64_t)0 - runs; /* the origin itself ran nothing */
    return answer;
}

/* How the case ends when that is judged. */
static enum verdict verdict_on(struct bench *b,
                               void (*judge)(struct assay_case *, const struct peer_answer *),
                               const struct peer_answer *answer)
{
    b->t.in_body = true;
    b->t.verdict = VERDICT_PASS;
    if (setjmp(b->t.end) == 0)
        judge(&b->t, answer);
    b->t.in_body = false;
    return b->t.verdict;
}

#define TEXT_OF_HANDLER "execution 12 of GET /weather?city=Paris\n"

static const struct verb {
    const char *name;
    void (*judge)(struct assay_case *, const struct peer_answer *);
    int status;
    const char *body;
    uint64_t runs;
    enum verdict counted, uncounted;
} judgements[] = {
    {"paid answer", expect_granted, 200, TEXT_OF_HANDLER, 1, VERDICT_PASS, VERDICT_PASS},
    {"created", expect_granted, 201, "x", 1, VERDICT_PASS, VERDICT_PASS},
    {"paid answer without a run", expect_granted, 200, "x", 0, VERDICT_FAIL, VERDICT_PASS},
    {"paid answer of two runs", expect_granted, 200, "x", 2, VERDICT_FAIL, VERDICT_PASS},
    {"challenge under 200", expect_granted, 200, "{\"x402\":{}}", 1, VERDICT_FAIL, VERDICT_FAIL},
    {"error under 200", expect_granted, 200, "{\"error\":\"no\"}", 1, VERDICT_FAIL, VERDICT_FAIL},
    {"no error under 200", expect_granted, 200, "{\"error\":null}", 1, VERDICT_PASS, VERDICT_PASS},
    {"refused though paid", expect_granted, 402, "{}", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"no answer though paid", expect_granted, 0, "", 0, VERDICT_FAIL, VERDICT_FAIL},

    {"402", expect_refused, 402, "{}", 0, VERDICT_PASS, VERDICT_PASS},
    {"any 4xx", expect_refused, 431, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"402 after a run", expect_refused, 402, "{}", 1, VERDICT_FAIL, VERDICT_PASS},
    {"402 around the paid text", expect_refused, 402, TEXT_OF_HANDLER, 0, VERDICT_FAIL,
     VERDICT_PASS},
    {"200", expect_refused, 200, "x", 1, VERDICT_FAIL, VERDICT_FAIL},
    {"200 from a cache", expect_refused, 200, "x", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"redirect", expect_refused, 302, "", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"500", expect_refused, 500, "", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"closed", expect_refused, 0, "", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"rate limited", expect_refused, 429, "", 0, VERDICT_BROKEN, VERDICT_BROKEN},

    {"closed is as good", expect_refused_or_closed, 0, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"closed after a run", expect_refused_or_closed, 0, "", 1, VERDICT_FAIL, VERDICT_PASS},
    {"500 is not", expect_refused_or_closed, 500, "", 0, VERDICT_FAIL, VERDICT_FAIL},

    {"405", expect_nothing_bought, 405, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"redirected", expect_nothing_bought, 301, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"something free", expect_nothing_bought, 200, "index", 0, VERDICT_PASS, VERDICT_UNSUPPORTED},
    {"something paid", expect_nothing_bought, 200, "x", 1, VERDICT_FAIL, VERDICT_UNSUPPORTED},
    {"an earlier paid text", expect_nothing_bought, 404, TEXT_OF_HANDLER, 0, VERDICT_FAIL,
     VERDICT_FAIL},
    {"run behind a 404", expect_nothing_bought, 404, "", 1, VERDICT_FAIL, VERDICT_PASS},

    {"409", expect_conflict, 409, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"409 after a run", expect_conflict, 409, "", 1, VERDICT_FAIL, VERDICT_PASS},
    {"402 is no conflict", expect_conflict, 402, "", 0, VERDICT_FAIL, VERDICT_FAIL},

    {"404 is no server error", expect_no_server_error, 404, "", 0, VERDICT_PASS, VERDICT_PASS},
    {"503 is one", expect_no_server_error, 503, "", 0, VERDICT_FAIL, VERDICT_FAIL},
    {"so is no answer", expect_no_server_error, 0, "", 0, VERDICT_FAIL, VERDICT_FAIL},
};

static void expect_judgements(bool counted)
{
    struct bench b;

    bench_init(&b, &no_scenario);
    if (counted)
        cr_assert_eq(origin_start(&b.t.origin, 0, NULL), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
        const struct verb *j = &judgements[i];
        enum verdict got = verdict_on(&b, j->judge, answer_of(&b, j->status, j->body, j->runs));

        cr_expect_eq(got, counted ? j->counted : j->uncounted, "row %s (%s): %s, seen %s", j->name,
                     counted ? "counted" : "not counted", verdict_name(got), b.t.judged.seen);
    }
    cr_expect_eq(b.t.judged.grade, counted ? GRADE_OBSERVED : GRADE_DERIVED);
    bench_fini(&b);
}

Test(paid_tools_peer, judges_answers_and_counted_runs)
{
    expect_judgements(true);
}

Test(paid_tools_peer, judges_answers_where_runs_cannot_be_counted)
{
    expect_judgements(false);
}

static const struct {
    const char *name;
    int status[3]; /* of three copies */
    uint64_t runs;
    size_t expected;
    enum verdict verdict;
} counts[] = {
    {"one of three", {402, 200, 402}, 1, 1, VERDICT_PASS},
    {"a busy store refuses too", {503, 200, 402}, 1, 1, VERDICT_PASS},
    {"two granted", {200, 200, 402}, 2, 1, VERDICT_FAIL},
    {"none granted", {402, 402, 402}, 0, 1, VERDICT_FAIL},
    {"none expected", {402, 402, 402}, 0, 0, VERDICT_PASS},
    {"one granted, two runs", {402, 200, 402}, 2, 1, VERDICT_FAIL},
    {"a failure among them", {402, 200, 500}, 1, 1, VERDICT_FAIL},
    {"one not answered", {402, 200, 0}, 1, 1, VERDICT_FAIL},
};

Test(paid_tools_peer, counts_grants_and_runs_of_a_burst)
{
    struct bench b;

    bench_init(&b, &no_scenario);
    cr_assert_eq(origin_start(&b.t.origin, 0, NULL), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        const struct peer_answer *answers[3];

        for (size_t k = 0; k < 3; k++)
            answers[k] = answer_of(&b, counts[i].status[k], "", counts[i].runs);
        b.t.in_body = true;
        b.t.verdict = VERDICT_PASS;
        if (setjmp(b.t.end) == 0)
            expect_granted_count(&b.t, answers, 3, counts[i].expected);
        b.t.in_body = false;
        cr_expect_eq(b.t.verdict, counts[i].verdict, "row %s: seen %s", counts[i].name,
                     b.t.judged.seen);
    }
    bench_fini(&b);
}

static const struct {
    unsigned need;
    const char *word; /* of `supports`; NULL: the profile needs something else */
} needs[] = {
    {PT_BRIDGE, "bridge"},  {PT_KEYS, "idempotency"}, {PT_MCP, "mcp"},
    {PT_DUAL, "wire-dual"}, {PT_WILDCARD, NULL},
};

Test(paid_tools_profile, says_what_a_target_lacks)
{
    struct bench b;

    bench_init(&b, &no_scenario);
    cr_expect_null(profile_paid_tools.lacks(&b.t, PT_SECRET));
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        cr_expect_not_null(profile_paid_tools.lacks(&b.t, needs[i].need), "row %zu", i);
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        if (needs[i].word != NULL)
            b.target.supports.items[b.target.supports.count++] = needs[i].word;
    }
    b.target.endpoints[b.target.endpoint_count++] =
        (struct target_endpoint){"wildcard", "GET", "/files/", NULL};
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        cr_expect_null(profile_paid_tools.lacks(&b.t, needs[i].need), "row %zu", i);
    b.target.secret_count = 0;
    cr_expect_not_null(profile_paid_tools.lacks(&b.t, PT_SECRET));
    bench_fini(&b);
}

static bool is_left_out(const char *idea)
{
    for (size_t i = 0; i < profile_paid_tools.ideas_left_count; i++)
        if (strcmp(profile_paid_tools.ideas_left[i].id, idea) == 0)
            return profile_paid_tools.ideas_left[i].reason[0] != '\0';
    return false;
}

static bool is_cited(const char *idea)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (scenario_cites_idea(all[i], idea))
            return true;
    return false;
}

Test(paid_tools_profile, implements_every_idea_or_says_why_not)
{
    size_t count = 0;

    for (; profile_paid_tools.ideas[count] != NULL; count++) {
        const char *idea = profile_paid_tools.ideas[count];

        cr_expect_neq(is_cited(idea), is_left_out(idea), "idea %s: %s", idea,
                      is_cited(idea) ? "cited and left out" : "neither cited nor left out");
    }
    cr_expect_eq(count, 83); /* of the digest's section 11 */
}

static bool has_a_case(const char *rule)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (all[i]->kind == SCENARIO_REQUIREMENT && strcmp(all[i]->rule, rule) == 0)
            return true;
    return false;
}

Test(paid_tools_profile, has_a_case_for_every_rule)
{
    cr_expect_gt(profile_paid_tools.rule_count, 0);
    for (size_t i = 0; i < profile_paid_tools.rule_count; i++)
        cr_expect(has_a_case(profile_paid_tools.rules[i].id), "rule %s",
                  profile_paid_tools.rules[i].id);
}

static bool is_named(const char *defect)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < SCENARIO_CATCHES_MAX && all[i]->catches[k] != NULL; k++)
            if (strcmp(all[i]->catches[k], defect) == 0)
                return true;
    return false;
}

Test(paid_tools_profile, has_a_scenario_that_names_every_defect)
{
    for (unsigned i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        cr_expect(strcmp(d->profile, PROFILE) != 0 || is_named(d->id), "defect %s", d->id);
    }
}
