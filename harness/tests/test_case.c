/* One case from start to end, by small scenarios that no registry knows: verdicts, grades, memory,
 * clean-up, seeds, evidence, and the honest probe after each attack. */
#include "answering.h"

#include "peer/paid-tools/peer.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define CHALLENGE                                                                                  \
    "HTTP/1.1 402 Payment Required\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" \
    "{\"x402\":{\"version\":1,\"scheme\":\"exact\",\"price\":\"0.001\",\"asset\":\"USDC\","        \
    "\"network\":\"mock\",\"recipient\":\"shop\","                                                 \
    "\"nonce\":\"00000000-0000-4000-8000-000000000001\","                                          \
    "\"expiresAt\":\"2099-01-01T00:00:00.000Z\",\"requestHash\":"                                  \
    "\"b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1\"}}"
#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static const struct answering_with sells = {.unpaid = CHALLENGE, .paid = OK_HEAD "fine weather"};

static struct assay_arena arena = ASSAY_ARENA_INIT(1 << 22);
static struct target target;
static struct answering *server;
static struct case_world *world;

/* A target at a server that answers so. */
static void given_world(const struct answering_with *with, uint64_t seed, bool disruptive)
{
    char text[1024];
    struct assay_err err = {0};

    server = answering_start(with);
    cr_assert_lt(snprintf(text, sizeof text,
                          "{\"name\": \"shop\", \"profile\": \"paid-tools\", "
                          "\"base_url\": \"http://127.0.0.1:%u\", \"endpoints\": {\"paid_get\": "
                          "{\"method\": \"GET\", \"target\": \"/weather?city=Paris\"}}, "
                          "\"secrets\": {\"mac\": \"0123456789abcdef\"}}",
                          (unsigned)answering_port(server)),
                 (int)sizeof text);
    cr_assert_eq(target_parse(&target, &arena, assay_str(text), "target.json", &err), ASSAY_OK,
                 "%s", err.text);
    world = case_world_new(
        &(struct case_world_options){.target = &target, .disruptive = disruptive, .seed = seed});
    cr_assert_not_null(world);
}

static void end_world(void)
{
    case_world_free(world);
    world = NULL;
    answering_stop(server);
    server = NULL;
    assay_arena_fini(&arena);
}

static const char *text_of(const json_t *event, const char *member)
{
    const char *text = json_string_value(json_object_get(event, member));

    return text != NULL ? text : "";
}

#define OF_RULE(id)                                                                                \
    .name = "paid-tools/zz", .title = "Something holds", .threat = "proof-replay", .rule = (id),   \
    .file = "zz.c"
#define REQUIREMENT OF_RULE("NS-1")

static json_t *run(const struct scenario *s, size_t index)
{
    json_t *event = case_run(world, s, index);

    cr_assert_not_null(event);
    cr_expect_str_eq(text_of(event, "event"), "case");
    cr_expect_str_eq(text_of(event, "scenario"), s->name);
    return event;
}

/* ---- verdicts ---- */

static void holds(struct assay_case *t)
{
    expect(t, true, "that it holds", "it holds");
}

static void fails(struct assay_case *t)
{
    expect(t, false, "that it holds", "it is %d short", 3);
    case_note(t, "never reached");
}

static void holds_by_less(struct assay_case *t)
{
    case_judge(t, true, GRADE_OBSERVED, "one", "one");
    case_judge(t, true, GRADE_CLAIMED, "two", "two");
    case_judge(t, true, GRADE_DERIVED, "three", "three");
}

static void judges_nothing(struct assay_case *t)
{
    case_observe(t, "colour", "%s", "blue");
}

static void breaks(struct assay_case *t)
{
    case_end(t, VERDICT_BROKEN, "no %s", "stage");
}

static void cannot(struct assay_case *t)
{
    case_end(t, VERDICT_UNSUPPORTED, "no such door");
}

static void skips(struct assay_case *t)
{
    case_end(t, VERDICT_SKIPPED, "not today");
}

static void breaks_after_it_held(struct assay_case *t)
{
    holds(t);
    breaks(t);
}

static void eats_memory(struct assay_case *t)
{
    for (;;)
        (void)case_alloc(t, (size_t)100 << 20);
}

static void moves_a_clock_it_did_not_ask_for(struct assay_case *t)
{
    case_shift_clock(t, 1000);
}

static void buys(struct assay_case *t)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_granted(t, pt_send(t, "pay", want, (struct pt_with){.proof = given_paid(t, want)}));
}

static void counts(struct assay_case *t)
{
    expect_executions(t, 0);
}

static const struct {
    const char *name;
    struct scenario scenario;
    const char *verdict, *grade, *member, *says;
} verdicts[] = {
    {"held", {REQUIREMENT, .body = holds}, "pass", "observed", "expected", "that it holds"},
    {"seen", {REQUIREMENT, .body = holds}, "pass", "observed", "seen", ""},
    {"failed", {REQUIREMENT, .body = fails}, "fail", "observed", "seen", "it is 3 short"},
    {"where", {REQUIREMENT, .body = fails}, "fail", "observed", "where", "test_case.c:"},
    {"the weakest grade", {REQUIREMENT, .body = holds_by_less}, "pass", "claimed", NULL, NULL},
    {"nothing judged",
     {REQUIREMENT, .body = judges_nothing},
     "broken",
     NULL,
     "reason",
     "without having judged anything"},
    {"an observation judges nothing",
     {REQUIREMENT, .kind = SCENARIO_OBSERVATION, .body = judges_nothing},
     "pass",
     NULL,
     NULL,
     NULL},
    {"broken", {REQUIREMENT, .body = breaks}, "broken", NULL, "reason", "no stage"},
    {"unsupported", {REQUIREMENT, .body = cannot}, "unsupported", NULL, "reason", "no such door"},
    {"skipped", {REQUIREMENT, .body = skips}, "skipped", NULL, "reason", "not today"},
    {"broken after it held",
     {REQUIREMENT, .body = breaks_after_it_held},
     "broken",
     "observed",
     "reason",
     "no stage"},
    {"too much memory",
     {REQUIREMENT, .body = eats_memory},
     "broken",
     NULL,
     "reason",
     "needs more memory than its 256 MiB"},
    {"a clock it did not ask for",
     {REQUIREMENT, .body = moves_a_clock_it_did_not_ask_for},
     "broken",
     NULL,
     "reason",
     "does not NEED_CLOCK"},
    {"a purchase", {REQUIREMENT, .body = buys}, "pass", "derived", "seen", "200"},
    {"runs that nobody counts",
     {REQUIREMENT, .body = counts},
     "unsupported",
     NULL,
     "reason",
     "cannot be counted"},
    {"a rule that base only reports, and holds",
     {OF_RULE("NS-5"), .body = holds},
     "skipped",
     "observed",
     "reason",
     "it holds here"},
    {"a rule that base only reports, and does not hold",
     {OF_RULE("NS-5"), .body = fails},
     "skipped",
     "observed",
     "reason",
     "it does not hold here"},
    {"a launch",
     {REQUIREMENT, .body = holds, .needs = NEED_LAUNCH},
     "unsupported",
     NULL,
     "reason",
     "has no `launch`"},
    {"a clock",
     {REQUIREMENT, .body = holds, .needs = NEED_CLOCK},
     "unsupported",
     NULL,
     "reason",
     "has no `launch`"},
    {"a supervisor",
     {REQUIREMENT, .body = holds, .needs = NEED_SUPERVISOR},
     "unsupported",
     NULL,
     "reason",
     "has no `launch`"},
    {"an origin",
     {REQUIREMENT, .body = holds, .needs = NEED_ORIGIN},
     "unsupported",
     NULL,
     "reason",
     "the origin role"},
    {"a store",
     {REQUIREMENT, .body = holds, .needs = NEED_STORE},
     "unsupported",
     NULL,
     "reason",
     "names no store paths"},
    {"a second worker",
     {REQUIREMENT, .body = holds, .needs = NEED_SECOND},
     "unsupported",
     NULL,
     "reason",
     "no second worker"},
    {"a flood",
     {REQUIREMENT, .body = holds, .needs = NEED_DISRUPT},
     "unsupported",
     NULL,
     "reason",
     "need --disruptive"},
    {"a header form",
     {REQUIREMENT, .body = holds, .needs = PT_BRIDGE},
     "unsupported",
     NULL,
     "reason",
     "does not support \"bridge\""},
};

Test(case_run, tells_by_its_verdict_what_the_body_came_to)
{
    given_world(&sells, 1, false);
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        json_t *event = run(&verdicts[i].scenario, 0);
        const char *grade = json_string_value(json_object_get(event, "grade"));

        cr_expect_str_eq(text_of(event, "verdict"), verdicts[i].verdict, "%s: %s", verdicts[i].name,
                         text_of(event, "reason"));
        cr_expect_str_eq(grade != NULL ? grade : "",
                         verdicts[i].grade != NULL ? verdicts[i].grade : "", "%s",
                         verdicts[i].name);
        if (verdicts[i].member != NULL)
            cr_expect_not_null(strstr(text_of(event, verdicts[i].member), verdicts[i].says),
                               "%s: %s: %s", verdicts[i].name, verdicts[i].member,
                               text_of(event, verdicts[i].member));
        json_decref(event);
    }
    end_world();
}

Test(case_run, floods_where_that_is_allowed)
{
    const struct scenario s = {REQUIREMENT, .body = holds, .needs = NEED_DISRUPT};
    json_t *event;

    given_world(&sells, 1, true);
    event = run(&s, 0);
    cr_expect_str_eq(text_of(event, "verdict"), "pass");
    json_decref(event);
    end_world();
}

/* ---- the probe ---- */

static const struct answering_with broken_shop = {.unpaid = "HTTP/1.1 500 Oh\r\n\r\n"},
                                   greedy_shop = {.unpaid = CHALLENGE},
                                   closed_shop = {.unpaid = ""};

Test(case_run, fails_when_the_honest_path_is_broken_after_the_attack)
{
    const struct answering_with *const shops[] = {&broken_shop, &greedy_shop, &closed_shop};
    const struct scenario s = {REQUIREMENT, .body = holds},
                          reported = {OF_RULE("NS-5"), .body = holds},
                          control = {REQUIREMENT, .kind = SCENARIO_CONTROL, .body = holds};

    for (size_t i = 0; i < ARRAY_LEN(shops); i++) {
        json_t *event;

        given_world(shops[i], 1, false);
        event = run(&s, 0);
        cr_expect_str_eq(text_of(event, "verdict"), "fail", "shop %zu", i);
        cr_expect_not_null(strstr(text_of(event, "reason"), "after the attack"), "shop %zu: %s", i,
                           text_of(event, "reason"));
        json_decref(event);
        event = run(&reported, 0);
        cr_expect_str_eq(text_of(event, "verdict"), "fail", "of a reported rule too: shop %zu", i);
        json_decref(event);
        event = run(&control, 0);
        cr_expect_str_eq(text_of(event, "verdict"), "pass", "a control attacks nothing");
        json_decref(event);
        end_world();
    }
}

/* ---- clean-up ---- */

static char undone[256];
static size_t undone_count;

static void undo(void *with)
{
    undone[undone_count++] = *(const char *)with;
}

static void defers(struct assay_case *t)
{
    static const char letters[] = "abc";

    for (size_t i = 0; letters[i] != '\0'; i++)
        case_defer(t, undo, (void *)(uintptr_t)&letters[i]);
}

static void defers_and_fails(struct assay_case *t)
{
    defers(t);
    fails(t);
}

static void defers_too_much(struct assay_case *t)
{
    for (size_t i = 0; i < 100; i++)
        defers(t);
}

Test(case_run, undoes_what_was_deferred_last_first_however_it_ends)
{
    const struct scenario bodies[] = {{REQUIREMENT, .body = defers},
                                      {REQUIREMENT, .body = defers_and_fails}},
                          too_much = {REQUIREMENT, .body = defers_too_much};
    json_t *event;

    given_world(&sells, 1, false);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        undone_count = 0;
        json_decref(run(&bodies[i], 0));
        cr_expect_eq(undone_count, 3);
        cr_expect_eq(memcmp(undone, "cba", 3), 0);
    }
    undone_count = 0;
    event = run(&too_much, 0);
    cr_expect_str_eq(text_of(event, "verdict"), "broken");
    cr_expect_eq(undone_count, 65, "64 and the one that was too much");
    json_decref(event);
    end_world();
}

/* ---- seeds and rows ---- */

static const struct number_row {
    const char *name;
    int number;
} number_rows[] = {{"one", 1}, {"two", 2}};

static uint8_t drawn[16];
static int number;

static void draws(struct assay_case *t)
{
    const struct number_row *row = case_row(t);

    number = row != NULL ? row->number : 0;
    assay_random_bytes(case_random(t), drawn, sizeof drawn);
    holds(t);
}

struct draw {
    uint8_t bytes[16];
    char seed[32];
};

static struct draw draw(const struct scenario *s, size_t index)
{
    json_t *event = run(s, index);
    struct draw out;

    memcpy(out.bytes, drawn, sizeof out.bytes);
    cr_assert_lt(snprintf(out.seed, sizeof out.seed, "%s", text_of(event, "seed")),
                 (int)sizeof out.seed);
    cr_expect_str_eq(text_of(event, "case"), scenario_case_name(s, index));
    json_decref(event);
    return out;
}

static bool same(const struct draw *a, const struct draw *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0 && strcmp(a->seed, b->seed) == 0;
}

Test(case_run, draws_by_run_seed_scenario_and_case_alone)
{
    const struct scenario table = {REQUIREMENT, .body = draws, .rows = number_rows, .row_count = 2,
                                   .row_bytes = sizeof number_rows[0]};
    struct scenario other = table;
    struct draw one, two;

    other.name = "paid-tools/zy";
    given_world(&sells, 1, false);
    one = draw(&table, 0);
    cr_expect_eq(number, 1);
    two = draw(&table, 1);
    cr_expect_eq(number, 2);
    cr_expect_not(same(&one, &two), "another case");
    two = draw(&table, 0);
    cr_expect(same(&one, &two), "the same case again");
    two = draw(&other, 0);
    cr_expect_not(same(&one, &two), "another scenario");
    end_world();
    given_world(&sells, 2, false);
    two = draw(&table, 0);
    cr_expect_not(same(&one, &two), "another run");
    end_world();
    given_world(&sells, 1, false);
    two = draw(&table, 0);
    cr_expect(same(&one, &two), "the same run, another world");
    end_world();
}

/* ---- evidence ---- */

static void talks(struct assay_case *t)
{
    for (int i = 0; i < 1000; i++)
        case_note(t, "note %d", i);
    fails(t);
}

Test(case_run, keeps_the_beginning_and_the_end_of_much_evidence)
{
    const struct scenario s = {REQUIREMENT, .body = talks};
    json_t *event, *evidence;
    size_t count;

    given_world(&sells, 1, false);
    event = run(&s, 0);
    evidence = json_object_get(event, "evidence");
    count = json_array_size(evidence);
    cr_expect_leq(count, 400);
    cr_expect_str_eq(text_of(json_array_get(evidence, 0), "text"), "note 0");
    cr_expect_str_eq(text_of(json_array_get(evidence, count - 2), "text"), "note 999");
    cr_expect_not_null(strstr(text_of(json_array_get(evidence, count - 1), "text"),
                              "more entries of evidence were dropped"));
    json_decref(event);
    end_world();
}

static char long_answer[sizeof OK_HEAD + 5000] = OK_HEAD;

static const struct {
    const char *name, *answer, *member;
    json_int_t bytes;
    size_t kept;
    bool cut;
} bodies[] = {
    {"a short text", OK_HEAD "fine", "text", 4, 4, false},
    {"no body", OK_HEAD, "text", 0, 0, false},
    {"no UTF-8", OK_HEAD "\xff\xfe", "base64", 2, 4, false},
    {"a long text", long_answer, "text", 5000, 4096, true},
};

static void asks(struct assay_case *t)
{
    (void)pt_send(t, "ask", peer_endpoint(t, "paid_get"), (struct pt_with){0});
    holds(t);
}

Test(case_run, keeps_exchanges_with_capped_bodies)
{
    const struct scenario s = {REQUIREMENT, .kind = SCENARIO_CONTROL, .body = asks};

    memset(long_answer + sizeof OK_HEAD - 1, 'x', 5000);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct answering_with with = {.unpaid = bodies[i].answer};
        json_t *event, *exchange, *body;

        given_world(&with, 1, false);
        event = run(&s, 0);
        exchange = json_array_get(json_object_get(event, "evidence"), 0);
        body = json_object_get(json_object_get(exchange, "response"), "body");
        cr_expect_str_eq(text_of(exchange, "kind"), "exchange");
        cr_expect_str_eq(text_of(exchange, "label"), "ask");
        cr_expect_str_eq(text_of(json_object_get(exchange, "request"), "target"),
                         "/weather?city=Paris");
        cr_expect_eq(strlen(text_of(body, bodies[i].member)), bodies[i].kept, "%s: %s",
                     bodies[i].name, text_of(body, bodies[i].member));
        cr_expect_eq(json_integer_value(json_object_get(body, "bytes")), bodies[i].bytes, "%s",
                     bodies[i].name);
        cr_expect_eq(json_is_true(json_object_get(body, "cut")), bodies[i].cut, "%s",
                     bodies[i].name);
        json_decref(event);
        end_world();
    }
}

Test(case_run, tells_what_came_instead_of_an_answer)
{
    const struct scenario s = {REQUIREMENT, .kind = SCENARIO_CONTROL, .body = asks};
    json_t *event, *exchange;

    given_world(&closed_shop, 1, false);
    event = run(&s, 0);
    exchange = json_array_get(json_object_get(event, "evidence"), 0);
    cr_expect(json_is_null(json_object_get(exchange, "response")));
    cr_expect_gt(json_string_length(json_object_get(exchange, "outcome")), 0);
    json_decref(event);
    end_world();
}

Test(case_text, is_a_json_string_of_any_bytes)
{
    static const struct {
        struct assay_bytes in;
        const char *out;
    } rows[] = {
        {{(const uint8_t *)"plain", 5}, "plain"},
        {{(const uint8_t *)"", 0}, ""},
        {{(const uint8_t *)"\xff", 1}, "\xEF\xBF\xBD"},
        {{(const uint8_t *)"\xed\xa0\x80", 3}, NULL}, /* half a surrogate pair */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *text = case_text(rows[i].in);

        cr_assert(json_is_string(text));
        if (rows[i].out != NULL)
            cr_expect_str_eq(json_string_value(text), rows[i].out);
        else
            cr_expect_not_null(strstr(json_string_value(text), "\xEF\xBF\xBD"));
        json_decref(text);
    }
}
