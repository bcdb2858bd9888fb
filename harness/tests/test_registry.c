/* The registry: what is in it, and what it refuses because it could not mean anything. */
#include "run/scenario.h"

#include <criterion/criterion.h>

static void body(struct assay_case *t)
{
    (void)t;
}

struct case_row {
    const char *name;
};

static const struct case_row two_rows[] = {{"one"}, {"other"}}, same_rows[] = {{"one"}, {"one"}},
                             nameless_row[] = {{""}}, null_row[] = {{NULL}};

#define VALID                                                                                      \
    {                                                                                              \
        .name = "paid-tools/zz_of_a_test", .title = "Something holds", .threat = "proof-replay",   \
        .rule = "NS-1", .catches = {"nonce.unrecorded"}, .body = body, .file = "zz.c", .line = 7,  \
    }
static const struct scenario valid = VALID;

Test(registry, holds_what_a_profile_brings_and_finds_nothing_wrong)
{
    struct assay_err err = {0};
    size_t count, controls = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    cr_expect_eq(registry_check(&err), ASSAY_OK, "%s", err.text);
    cr_assert_gt(count, 50);
    for (size_t i = 0; i < count; i++) {
        controls += all[i]->kind == SCENARIO_CONTROL ? 1 : 0;
        cr_expect(i == 0 || strcmp(all[i - 1]->name, all[i]->name) < 0, "sorted: %s", all[i]->name);
        cr_expect_eq(registry_find(all[i]->name), all[i]);
        cr_expect_not_null(scenario_profile(all[i]), "%s", all[i]->name);
        cr_expect((scenario_control(all[i]) == NULL) == (all[i]->kind == SCENARIO_CONTROL), "%s",
                  all[i]->name);
        cr_expect_gt(scenario_case_count(all[i]), 0);
    }
    cr_expect_gt(controls, 0);
    cr_expect_null(registry_find("paid-tools/"));
    cr_expect_null(registry_find("paid-tools/nothing_of_this_name"));
}

Test(registry, knows_profiles_rules_and_threats_by_their_ids)
{
    const struct profile *p = profile_find("paid-tools");

    cr_assert_not_null(p);
    cr_expect_null(profile_find("paid-tool"));
    cr_expect_null(profile_find("cashu"), "no scenarios of it yet");
    for (size_t i = 0; i < p->rule_count; i++)
        cr_expect_eq(profile_rule_find(p, p->rules[i].id), &p->rules[i]);
    for (size_t i = 0; i < p->threat_count; i++)
        cr_expect_eq(profile_threat_find(p, p->threats[i].id), &p->threats[i]);
    cr_expect_null(profile_rule_find(p, "NS-99"));
    cr_expect_null(profile_rule_find(p, NULL));
    cr_expect_null(profile_threat_find(p, NULL));
    cr_expect_eq(registry_find(p->first_control[SIDE_SERVER])->kind, SCENARIO_CONTROL);
}

Test(registry, has_of_every_rule_what_is_asked_why_and_what_to_do)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        for (size_t side = 0; side < SIDE__COUNT; side++)
            cr_expect_eq(p->honest_hint[side] != NULL, p->first_control[side] != NULL, "%s",
                         p->name);
        for (size_t k = 0; k < p->rule_count; k++) {
            const struct profile_rule *rule = &p->rules[k];

            cr_expect_eq(profile_rule_find(p, rule->id), rule, "%s is there twice", rule->id);
            cr_expect(strlen(rule->sentence) > 15 && strlen(rule->remedy) > 25 &&
                          rule->source[0] != '\0',
                      "%s", rule->id);
            for (size_t j = 0; j < k; j++)
                cr_expect_str_neq(rule->remedy, p->rules[j].remedy, "%s", rule->id);
        }
    }
}

Test(registry, knows_what_a_rule_weighs_in_each_rule_set)
{
    const struct profile *p = profile_find("paid-tools");
    const struct profile_rule *rule = profile_rule_find(p, "CH-4");

    cr_expect_str_eq(p->rule_sets[0], "hardened", "the default");
    cr_expect_eq(profile_rule_set(p, "base"), 1);
    cr_expect_eq(profile_rule_set(p, "strict"), 2);
    cr_expect_eq(profile_level(p, rule, "hardened"), LEVEL_MUST);
    cr_expect_eq(profile_level(p, rule, "base"), LEVEL_SHOULD);
    cr_expect_eq(profile_level(p, rule, "strict"), LEVEL_REPORT);
    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        size_t sets = 0;

        while (p->rule_sets[sets] != NULL)
            sets++;
        cr_expect(sets >= 1 && sets <= PROFILE_RULE_SETS_MAX, "%s", p->name);
        cr_expect_eq(profile_find(p->name), p);
    }
}

static const struct {
    const char *what;
    struct scenario scenario; /* members that are set replace those of the valid one */
    bool without;             /* catches are taken away */
    enum assay_code code;
    const char *says;
} wrongs[] = {
    {"an unknown profile", {.name = "paid-toolz/zz"}, false, ASSAY_E_UNKNOWN, "no known profile"},
    {"no profile", {.name = "zz"}, false, ASSAY_E_UNKNOWN, "no known profile"},
    {"no title", {.title = ""}, false, ASSAY_E_MISSING, "it has no title"},
    {"an unknown threat",
     {.threat = "proof-repley"},
     false,
     ASSAY_E_UNKNOWN,
     "its threat \"proof-repley\" is not in the profile's list"},
    {"an unknown rule", {.rule = "NS-99"}, false, ASSAY_E_UNKNOWN, "its rule \"NS-99\""},
    {"no defect that it catches", {.name = NULL}, true, ASSAY_E_MISSING, "catches nothing"},
    {"an unknown defect",
     {.catches = {"nonce.unrecorded", "nonce.gone"}},
     false,
     ASSAY_E_UNKNOWN,
     "it catches \"nonce.gone\", which is no defect"},
    {"an unknown control",
     {.rests_on = "paid-tools/gone"},
     false,
     ASSAY_E_UNKNOWN,
     "it rests on \"paid-tools/gone\", which is no control"},
    {"a control that is none",
     {.rests_on = "paid-tools/spent_proof_buys_nothing"},
     false,
     ASSAY_E_UNKNOWN,
     "which is no control"},
    {"a defect of another profile",
     {.catches = {"kx.unpaid.head_served"}},
     false,
     ASSAY_E_UNKNOWN,
     "which is no defect of paid-tools"},
    {"a control of another side",
     {.side = SIDE_CLIENT, .rests_on = "paid-tools/honest_payment_is_served"},
     false,
     ASSAY_E_CONFLICT,
     "it is put to a client and rests on"},
    {"a side without a control",
     {.side = SIDE_CLIENT},
     false,
     ASSAY_E_UNKNOWN,
     "which is no control"},
    {"an empty table",
     {.rows = two_rows, .row_count = 0, .row_bytes = sizeof two_rows[0]},
     false,
     ASSAY_E_MISSING,
     "its table of cases is empty"},
    {"two cases of one name",
     {.rows = same_rows, .row_count = 2, .row_bytes = sizeof same_rows[0]},
     false,
     ASSAY_E_DUPLICATE,
     "two cases are named \"one\""},
    {"a case without a name",
     {.rows = nameless_row, .row_count = 1, .row_bytes = sizeof nameless_row[0]},
     false,
     ASSAY_E_MISSING,
     "case 1 of its table has no name"},
    {"a case with no name at all",
     {.rows = null_row, .row_count = 1, .row_bytes = sizeof null_row[0]},
     false,
     ASSAY_E_MISSING,
     "case 1 of its table has no name"},
    {"the name of another",
     {.name = "paid-tools/spent_proof_buys_nothing"},
     false,
     ASSAY_E_DUPLICATE,
     "two scenarios are named paid-tools/spent_proof_buys_nothing"},
};

static void spoil(struct scenario *s, const struct scenario *with, bool without)
{
    struct scenario *next = s->next;

    *s = valid;
    s->next = next;
    s->name = with->name != NULL ? with->name : s->name;
    s->title = with->title != NULL ? with->title : s->title;
    s->threat = with->threat != NULL ? with->threat : s->threat;
    s->rule = with->rule != NULL ? with->rule : s->rule;
    s->rests_on = with->rests_on;
    s->side = with->side;
    s->rows = with->rows;
    s->row_count = with->row_count;
    s->row_bytes = with->row_bytes;
    if (with->catches[0] != NULL || without)
        memcpy(s->catches, with->catches, sizeof s->catches);
}

/* Each wrong one is registered anew, so that the registry sorts it in; the one before is mended. */
Test(registry, refuses_what_could_not_mean_anything_and_names_the_place)
{
    static struct scenario scenarios[ARRAY_LEN(wrongs)];
    static char names[ARRAY_LEN(wrongs)][40];

    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
        struct assay_err err = {0};
        enum assay_code rc;

        spoil(&scenarios[i], &wrongs[i].scenario, wrongs[i].without);
        scenario_register(&scenarios[i]);
        rc = registry_check(&err);
        cr_expect_eq(rc, wrongs[i].code, "%s: %s", wrongs[i].what, assay_code_name(rc));
        cr_expect_not_null(strstr(err.text, wrongs[i].says), "%s: %s", wrongs[i].what, err.text);
        cr_expect_not_null(strstr(err.text, "zz.c:7"), "%s: %s", wrongs[i].what, err.text);
        spoil(&scenarios[i], &(struct scenario){0}, false);
        cr_assert_lt(snprintf(names[i], sizeof names[i], "paid-tools/zz_%zu", i),
                     (int)sizeof names[i]);
        scenarios[i].name = names[i];
    }
    scenario_register(&(struct scenario)VALID);
    cr_expect_eq(registry_check(NULL), ASSAY_OK, "the mended ones are fine");
}

Test(registry, tells_cases_ideas_and_defects_of_a_scenario)
{
    const struct scenario table = {.name = "paid-tools/zz",
                                   .ideas = "T1-02 T1-10",
                                   .catches = {"a.b", "c.d"},
                                   .rows = two_rows,
                                   .row_count = 2,
                                   .row_bytes = sizeof two_rows[0]};

    cr_expect_eq(scenario_case_count(&valid), 1);
    cr_expect_str_eq(scenario_case_name(&valid, 0), "");
    cr_expect_eq(scenario_case_count(&table), 2);
    cr_expect_str_eq(scenario_case_name(&table, 1), "other");
    cr_expect(scenario_cites_idea(&table, "T1-02"));
    cr_expect(scenario_cites_idea(&table, "T1-10"));
    cr_expect_not(scenario_cites_idea(&table, "T1-1"), "a beginning is not the idea");
    cr_expect_not(scenario_cites_idea(&table, "1-02"), "an end is not either");
    cr_expect_not(scenario_cites_idea(&valid, "T1-02"));
    cr_expect(scenario_names_defect(&table, "c.d"));
    cr_expect_not(scenario_names_defect(&table, "c"));
}
