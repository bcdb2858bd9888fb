/* What a run comes to: expectations, the INVALID law and the exit status, from made-up events. */
#include "run/outcome.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SPENT "paid-tools/spent_proof_buys_nothing"
#define COPIES "paid-tools/copies_in_flight_buy_once"
#define CONTROL "paid-tools/honest_payment_is_served"
#define PART_CONTROL "kaspa-x402/honest_caller_is_served"
#define OF_THE_PART "kaspa-x402/answers_belong_to_the_caller_that_paid"
#define OBSERVATION "paid-tools/proof_is_a_bearer_ticket"

enum { EVENTS_MAX = 4 };

/* One finished case: its scenario and index, its verdict, and the statuses of its answers. */
struct finished {
    const char *scenario;
    size_t index;
    const char *verdict, *level;
    int statuses[3]; /* 0 ends the list; -1: no answer came */
};

#define ENDED(name, as)                                                                            \
    {                                                                                              \
        .scenario = (name), .verdict = (as)                                                        \
    }
#define SECOND(name, as)                                                                           \
    {                                                                                              \
        .scenario = (name), .index = 1, .verdict = (as)                                            \
    }
#define AT_LEVEL(of, name, as)                                                                     \
    {                                                                                              \
        .scenario = (name), .verdict = (as), .level = (of)                                         \
    }
#define SAW(name, as, ...)                                                                         \
    {                                                                                              \
        .scenario = (name), .verdict = (as), .statuses = { __VA_ARGS__ }                           \
    }

struct row {
    const char *name;
    const char *words[3]; /* of the selection */
    enum rule_level fail_on;
    const char *known; /* content of the expectations file */
    struct finished events[EVENTS_MAX];
    bool interrupted, out_of_time;
    int exit;
    const char *invalid[3]; /* codes, in order */
};

static json_t *event_of(const struct finished *f)
{
    json_t *evidence = json_array();

    for (size_t i = 0; i < ARRAY_LEN(f->statuses) && f->statuses[i] != 0; i++)
        json_array_append_new(
            evidence, f->statuses[i] > 0 ? json_pack("{s:s, s:{s:i}}", "kind", "exchange",
                                                     "response", "status", f->statuses[i])
                                         : json_pack("{s:s, s:n}", "kind", "exchange", "response"));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "verdict", f->verdict, "level",
                     f->level != NULL ? f->level : "must", "seen", "what was seen", "reason",
                     "the reason", "evidence", evidence);
}

static enum assay_code read_known(struct outcome *o, const char *text, struct assay_err *err)
{
    char path[] = "/tmp/assay-test-XXXXXX";
    int fd = mkstemp(path);
    enum assay_code rc;

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    rc = outcome_expectations(o, path, err);
    (void)unlink(path);
    return rc;
}

static json_t *conclude(const struct row *row, int *status, json_t *expectations)
{
    struct executor_result result = {
        .done = 1, .total = 2, .interrupted = row->interrupted, .out_of_time = row->out_of_time};
    struct selection s = {.least = LEVEL_REPORT};
    struct outcome o;
    struct assay_err err = {0};
    json_t *end;

    for (size_t i = 0; i < ARRAY_LEN(row->words) && row->words[i] != NULL; i++)
        cr_assert_eq(selection_add(&s, row->words[i], &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(outcome_init(&o, row->fail_on, &s, &err), ASSAY_OK);
    outcome_concerns(&o, profile_find("paid-tools"), SIDE_SERVER);
    if (row->known != NULL)
        cr_assert_eq(read_known(&o, row->known, &err), ASSAY_OK, "%s", err.text);
    for (size_t i = 0; i < EVENTS_MAX && row->events[i].scenario != NULL; i++) {
        struct planned_case c = {.scenario = registry_find(row->events[i].scenario),
                                 .index = row->events[i].index};
        json_t *event = event_of(&row->events[i]);

        cr_assert_not_null(c.scenario, "%s", row->events[i].scenario);
        outcome_add(&o, &c, event);
        json_array_append(expectations, json_object_get(event, "expectation"));
        json_decref(event);
    }
    end = outcome_end(&o, &result, status);
    outcome_fini(&o);
    return end;
}

static const struct row rows[] = {
    {.name = "all passed", .events = {ENDED(CONTROL, "pass"), ENDED(SPENT, "pass")}, .exit = 0},
    {.name = "a failure whose control held",
     .events = {ENDED(CONTROL, "pass"), ENDED(SPENT, "fail")},
     .exit = 1},
    {.name = "a failure goes before what is INVALID",
     .events = {ENDED(CONTROL, "pass"), ENDED(SPENT, "fail"), ENDED(COPIES, "broken")},
     .exit = 1,
     .invalid = {"broken"}},
    {.name = "a part that serves nobody, and what rests on it",
     .events = {ENDED(PART_CONTROL, "fail"), ENDED(OF_THE_PART, "broken"), ENDED(SPENT, "pass")},
     .exit = 1},
    {.name = "a part that could not be asked",
     .events = {ENDED(PART_CONTROL, "broken"), ENDED(OF_THE_PART, "broken"), ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"broken"}},
    {.name = "a part that serves nobody, and something else broken",
     .events = {ENDED(PART_CONTROL, "fail"), ENDED(OF_THE_PART, "broken"), ENDED(SPENT, "broken")},
     .exit = 1,
     .invalid = {"broken"}},
    {.name = "a failure below what counts",
     .events = {AT_LEVEL("should", SPENT, "fail")},
     .exit = 0},
    {.name = "the same where it counts",
     .fail_on = LEVEL_SHOULD,
     .events = {AT_LEVEL("should", SPENT, "fail")},
     .exit = 1},
    {.name = "ours counts last",
     .fail_on = LEVEL_SHOULD,
     .events = {AT_LEVEL("ours", SPENT, "fail")},
     .exit = 0},
    {.name = "ours where it counts",
     .fail_on = LEVEL_OURS,
     .events = {AT_LEVEL("ours", SPENT, "fail")},
     .exit = 1},
    {.name = "nothing", .exit = 2, .invalid = {"nothing-judged"}},
    {.name = "controls alone",
     .events = {ENDED(CONTROL, "pass")},
     .exit = 2,
     .invalid = {"nothing-judged"}},
    {.name = "an observation alone",
     .events = {ENDED(CONTROL, "pass"), ENDED(OBSERVATION, "pass")},
     .exit = 2,
     .invalid = {"nothing-judged"}},
    {.name = "all unsupported or skipped",
     .events = {ENDED(SPENT, "unsupported"), ENDED(COPIES, "skipped")},
     .exit = 2,
     .invalid = {"nothing-judged"}},
    {.name = "a control that failed",
     .events = {ENDED(CONTROL, "fail"), ENDED(SPENT, "broken")},
     .exit = 2,
     .invalid = {"control-failed"}},
    {.name = "a control that broke",
     .events = {ENDED(CONTROL, "broken"), ENDED(SPENT, "broken")},
     .exit = 2,
     .invalid = {"control-failed"}},
    {.name = "an honest payment that cannot be made there, beside a pass",
     .events = {ENDED(CONTROL, "unsupported"), ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"control-failed"}},
    {.name = "controls that broke for one reason",
     .events = {ENDED(CONTROL, "broken"), ENDED(CONTROL, "broken")},
     .exit = 2,
     .invalid = {"control-failed"}},
    {.name = "a failed control beside a pass",
     .events = {ENDED(CONTROL, "fail"), ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"control-failed"}},
    {.name = "a broken case beside a pass",
     .events = {ENDED(SPENT, "pass"), ENDED(COPIES, "broken")},
     .exit = 2,
     .invalid = {"broken"}},
    {.name = "no answer at all",
     .events = {SAW(SPENT, "pass", -1, -1)},
     .exit = 2,
     .invalid = {"unreachable"}},
    {.name = "one answer of many", .events = {SAW(SPENT, "pass", -1, 402, -1)}, .exit = 0},
    {.name = "401 and 403 alone",
     .events = {SAW(SPENT, "pass", 401, 403)},
     .exit = 2,
     .invalid = {"all-unauthorized"}},
    {.name = "401 beside 402", .events = {SAW(SPENT, "pass", 401, 402)}, .exit = 0},
    {.name = "server errors alone",
     .events = {SAW(SPENT, "pass", 500, 503)},
     .exit = 2,
     .invalid = {"all-server-errors"}},
    {.name = "a named threat that was judged",
     .words = {"proof-replay"},
     .events = {ENDED(SPENT, "pass"), ENDED(COPIES, "unsupported")},
     .exit = 0},
    {.name = "a named threat that was not",
     .words = {"proof-replay"},
     .events = {ENDED(SPENT, "unsupported")},
     .exit = 2,
     .invalid = {"named-not-judged"}},
    {.name = "a named threat without any case",
     .words = {"proof-replay", "nonce-flood"},
     .events = {ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"named-not-judged"}},
    {.name = "a named rule that a control alone cites",
     .words = {"CH-1", SPENT},
     .events = {ENDED(CONTROL, "pass"), ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"named-not-judged"}},
    {.name = "a named scenario that was not judged beside one that was",
     .words = {SPENT, COPIES},
     .events = {ENDED(SPENT, "pass"), ENDED(COPIES, "unsupported")},
     .exit = 2,
     .invalid = {"named-not-judged"}},
    {.name = "a named control",
     .words = {SPENT, CONTROL},
     .events = {ENDED(CONTROL, "pass"), ENDED(SPENT, "pass")},
     .exit = 0},
    {.name = "an idea that was not judged",
     .words = {"T1-02", SPENT},
     .events = {ENDED(SPENT, "pass"), ENDED(COPIES, "unsupported")},
     .exit = 2,
     .invalid = {"named-not-judged"}},
    {.name = "interrupted",
     .words = {"nonce-flood"},
     .interrupted = true,
     .events = {ENDED(SPENT, "pass")},
     .exit = 130,
     .invalid = {"interrupted"}},
    {.name = "interrupted after a failure",
     .interrupted = true,
     .events = {ENDED(SPENT, "fail")},
     .exit = 130,
     .invalid = {"interrupted"}},
    {.name = "out of time",
     .out_of_time = true,
     .events = {ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"out-of-time"}},
    {.name = "out of time after a failure",
     .out_of_time = true,
     .events = {ENDED(SPENT, "fail")},
     .exit = 1,
     .invalid = {"out-of-time"}},
    {.name = "a known failure",
     .known = "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\"}]}",
     .events = {ENDED(SPENT, "fail")},
     .exit = 0},
    {.name = "a known failure that passes",
     .known = "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\"}]}",
     .events = {ENDED(SPENT, "pass")},
     .exit = 1},
    {.name = "a known failure of one case, beside another's",
     .known = "{\"known\": [{\"scenario\": \"" COPIES
              "\", \"case\": \"64 copies of a GET\", \"reason\": \"r\"}]}",
     .events = {ENDED(COPIES, "fail"), SECOND(COPIES, "fail")},
     .exit = 1},
    {.name = "a known failure of every case",
     .known = "{\"known\": [{\"scenario\": \"" COPIES "\", \"reason\": \"r\"}]}",
     .events = {ENDED(COPIES, "fail"), SECOND(COPIES, "fail")},
     .exit = 0},
    {.name = "a known failure that cannot be tried",
     .known = "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\"}]}",
     .events = {ENDED(SPENT, "unsupported"), ENDED(COPIES, "pass")},
     .exit = 0},
    {.name = "a control is no known failure",
     .known = "{\"known\": [{\"scenario\": \"" CONTROL "\", \"reason\": \"r\"}]}",
     .events = {ENDED(CONTROL, "fail"), ENDED(SPENT, "pass")},
     .exit = 2,
     .invalid = {"control-failed"}},
};

Test(outcome, follows_the_invalid_law)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *expectations = json_array(), *end, *invalid;
        int status = -1;
        size_t k = 0;

        end = conclude(&rows[i], &status, expectations);
        invalid = json_object_get(end, "invalid");
        cr_expect_eq(status, rows[i].exit, "%s: exit %d", rows[i].name, status);
        cr_expect_eq(json_integer_value(json_object_get(end, "exit")), status, "%s", rows[i].name);
        for (; k < ARRAY_LEN(rows[i].invalid) && rows[i].invalid[k] != NULL; k++) {
            const json_t *entry = json_array_get(invalid, k);
            const char *code = json_string_value(json_object_get(entry, "code"));

            cr_expect_str_eq(code != NULL ? code : "", rows[i].invalid[k], "%s", rows[i].name);
            cr_expect_gt(json_string_length(json_object_get(entry, "text")), 20, "%s",
                         rows[i].name);
        }
        cr_expect_eq(json_array_size(invalid), k, "%s: other reasons", rows[i].name);
        cr_expect_eq(json_is_true(json_object_get(end, "valid")), k == 0, "%s", rows[i].name);
        json_decref(expectations);
        json_decref(end);
    }
}

Test(outcome, writes_into_each_event_what_was_expected_of_it)
{
    static const struct row row = {
        .known = "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\"}]}",
        .events = {ENDED(SPENT, "fail"), ENDED(SPENT, "pass"), ENDED(SPENT, "broken"),
                   ENDED(COPIES, "fail")},
    };
    json_t *expectations = json_array();
    int status = -1;
    json_t *end = conclude(&row, &status, expectations);

    cr_expect_str_eq(json_string_value(json_array_get(expectations, 0)), "expected");
    cr_expect_str_eq(json_string_value(json_array_get(expectations, 1)), "unexpected-pass");
    cr_expect(json_is_null(json_array_get(expectations, 2)));
    cr_expect(json_is_null(json_array_get(expectations, 3)));
    json_decref(expectations);
    json_decref(end);
}

Test(outcome, lists_each_threat_that_was_not_judged_with_a_reason)
{
    static const struct row row = {.events = {ENDED(SPENT, "pass")}};
    const struct profile *p = profile_find("paid-tools");
    json_t *expectations = json_array();
    int status = -1;
    json_t *end = conclude(&row, &status, expectations), *list = json_object_get(end, "notJudged");

    cr_expect_eq(json_array_size(list), p->threat_count - 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);

        cr_expect_str_eq(json_string_value(json_object_get(entry, "profile")), "paid-tools");
        cr_expect_str_neq(json_string_value(json_object_get(entry, "threat")), "proof-replay");
        cr_expect_gt(json_string_length(json_object_get(entry, "reason")), 0);
    }
    json_decref(expectations);
    json_decref(end);
}

static const char *reason_of(enum target_side side, const char *threat)
{
    const struct selection s = {.least = LEVEL_REPORT};
    const struct executor_result result = {0};
    static char reason[160];
    const json_t *entry;
    struct outcome o;
    json_t *end;
    int status;
    size_t i;

    cr_assert_eq(outcome_init(&o, LEVEL_MUST, &s, NULL), ASSAY_OK);
    outcome_concerns(&o, profile_find("kaspa-x402"), side);
    end = outcome_end(&o, &result, &status);
    reason[0] = '\0';
    json_array_foreach (json_object_get(end, "notJudged"), i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "threat")), threat) == 0)
            (void)snprintf(reason, sizeof reason, "%s",
                           json_string_value(json_object_get(entry, "reason")));
    json_decref(end);
    outcome_fini(&o);
    return reason;
}

Test(outcome, tells_what_was_left_out_from_what_is_the_other_sides)
{
    cr_expect_str_eq(reason_of(SIDE_SERVER, "exact-replay"), "not selected");
    cr_expect_str_eq(reason_of(SIDE_CLIENT, "exact-replay"), "its scenarios are put to servers");
}

static const struct {
    const char *name, *text;
    enum assay_code code;
    const char *says;
} wrong_files[] = {
    {"no JSON", "{\"known\":\n [}", ASSAY_E_MALFORMED, ":2: "},
    {"empty", "", ASSAY_E_MALFORMED, ":1: "},
    {"a member twice", "{\"known\": [], \"known\": []}", ASSAY_E_MALFORMED, "known"},
    {"no object", "[]", ASSAY_E_MALFORMED, "exactly one member"},
    {"no list", "{\"known\": {}}", ASSAY_E_MALFORMED, "the array \"known\""},
    {"a member beside the list", "{\"known\": [], \"more\": 1}", ASSAY_E_MALFORMED,
     "exactly one member"},
    {"an entry that is a text", "{\"known\": [\"" SPENT "\"]}", ASSAY_E_TYPE, "known[0]: expected"},
    {"no reason", "{\"known\": [{\"scenario\": \"" SPENT "\"}]}", ASSAY_E_TYPE,
     "known[0]: expected"},
    {"no scenario", "{\"known\": [{\"reason\": \"r\"}]}", ASSAY_E_TYPE, "known[0]: expected"},
    {"a case that is a number",
     "{\"known\": [{\"scenario\": \"" SPENT "\", \"case\": 1, \"reason\": \"r\"}]}", ASSAY_E_TYPE,
     "known[0]: expected"},
    {"an unknown member",
     "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\", \"until\": \"x\"}]}",
     ASSAY_E_UNKNOWN, "known[0].until: no such member"},
    {"an unknown scenario, the second",
     "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"r\"}, "
     "{\"scenario\": \"paid-tools/gone\", \"reason\": \"r\"}]}",
     ASSAY_E_UNKNOWN, "known[1]: there is no paid-tools/gone"},
    {"an unknown case",
     "{\"known\": [{\"scenario\": \"" COPIES "\", \"case\": \"x\", \"reason\": \"r\"}]}",
     ASSAY_E_UNKNOWN, "there is no " COPIES "/x"},
};

Test(outcome, refuses_wrong_expectations_and_names_the_place)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong_files); i++) {
        static const struct selection everything = {.least = LEVEL_REPORT};
        struct assay_err err = {0};
        struct outcome o;
        enum assay_code rc;

        cr_assert_eq(outcome_init(&o, LEVEL_MUST, &everything, &err), ASSAY_OK);
        rc = read_known(&o, wrong_files[i].text, &err);
        cr_expect_eq(rc, wrong_files[i].code, "%s: %s", wrong_files[i].name, assay_code_name(rc));
        cr_expect_not_null(strstr(err.text, wrong_files[i].says), "%s: %s", wrong_files[i].name,
                           err.text);
        cr_expect_not_null(strstr(err.text, "/tmp/assay-test-"), "%s: %s", wrong_files[i].name,
                           err.text);
        outcome_fini(&o);
    }
}

Test(outcome, names_each_way_of_being_invalid_once)
{
    for (int i = 0; i < INVALID__COUNT; i++)
        for (int k = 0; k < i; k++)
            cr_expect_str_neq(outcome_invalid_code((enum outcome_invalid)i),
                              outcome_invalid_code((enum outcome_invalid)k));
}

Test(outcome, known_cases_are_those_that_are_named_and_all_of_a_scenario_without_one)
{
    struct selection selection = {.least = LEVEL_REPORT};
    const char *cases[64], *few[2];
    struct assay_err err = {0};
    struct outcome o;
    size_t all = scenario_case_count(registry_find(COPIES));

    cr_assert_eq(outcome_init(&o, LEVEL_MUST, &selection, &err), ASSAY_OK);
    outcome_known_cases(&o, cases, ARRAY_LEN(cases));
    cr_expect_null(cases[0]);
    cr_assert_eq(
        read_known(&o, "{\"known\": [{\"scenario\": \"" COPIES "\", \"reason\": \"r\"}]}", &err),
        ASSAY_OK, "%s", err.text);
    cr_assert(all > 1 && all < ARRAY_LEN(cases));
    outcome_known_cases(&o, cases, ARRAY_LEN(cases));
    cr_expect_str_eq(cases[all - 1], scenario_case_name(registry_find(COPIES), all - 1));
    cr_expect_null(cases[all]);
    outcome_known_cases(&o, few, ARRAY_LEN(few));
    cr_expect_str_eq(few[0], cases[0]);
    cr_expect_null(few[1]);
    outcome_fini(&o);
}
