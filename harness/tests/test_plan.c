/* Plans: legs, their cases with the controls they rest on, rounds, and the legs of the self-check.
 */
#include "run/plan.h"

#include "defects/defects.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct plan plan;

static void make(void)
{
    plan_init(&plan);
}

static void unmake(void)
{
    plan_fini(&plan);
}

TestSuite(plan, .init = make, .fini = unmake);

static struct leg *embedded(const char *rules, const char *defect)
{
    const struct leg_subject subject = {.profile = "paid-tools", .rules = rules, .defect = defect};
    struct assay_err err = {0};
    struct leg *leg = plan_add_leg(&plan, "a leg", LEG_TARGET, &subject, &err);

    cr_assert_not_null(leg, "%s", err.text);
    return leg;
}

static size_t count_of(const struct leg *leg, const char *name, unsigned round)
{
    size_t n = 0;

    for (size_t i = 0; i < leg->case_count; i++)
        n += strcmp(leg->cases[i].scenario->name, name) == 0 && leg->cases[i].round == round;
    return n;
}

Test(plan, makes_a_leg_of_the_embedded_reference)
{
    const struct leg *leg = embedded("base", "nonce.unrecorded");

    cr_expect_str_eq(leg->id, "a leg");
    cr_expect_str_eq(leg->rules, "base");
    cr_expect_eq(leg->profile, profile_find("paid-tools"));
    cr_expect_eq(leg->side, SIDE_SERVER);
    cr_expect_str_eq(leg->defect, "nonce.unrecorded");
    cr_expect(leg->target->has_launch);
    cr_expect_eq(leg->case_count, 0);
    cr_expect_eq(plan.leg_count, 1);
}

Test(plan, can_read_every_embedded_reference_under_every_rule_set)
{
    const struct profile *p;
    size_t sides = 0;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
        for (int side = 0; side < SIDE__COUNT; side++)
            for (size_t set = 0; p->rule_sets[set] != NULL; set++) {
                const struct leg_subject subject = {
                    .profile = p->name, .side = (enum target_side)side, .rules = p->rule_sets[set]};
                struct assay_err err = {0};
                const struct leg *leg;

                if (!target_has_embedded(p->name, subject.side))
                    continue;
                leg = plan_add_leg(&plan, "x", LEG_TARGET, &subject, &err);
                cr_assert_not_null(leg, "%s: %s", p->name, err.text);
                cr_expect_eq(leg->side, subject.side, "%s", p->name);
                cr_expect_eq(leg->profile, p);
                cr_expect_str_eq(leg->rules, subject.rules);
                sides++;
            }
    cr_expect_geq(sides, 2);
}

Test(plan, adds_no_leg_when_its_target_cannot_be_read)
{
    static const struct {
        struct leg_subject subject;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {{.path = "/nowhere/target.json"}, ASSAY_E_IO, "/nowhere/target.json"},
        {{.profile = "cashu", .rules = "base"}, ASSAY_E_UNKNOWN, "the profile cashu has no"},
        {{.profile = "paid-tools", .rules = "strict"}, ASSAY_E_UNKNOWN, "no rule set \"strict\""},
        {{.profile = "paid-tools", .side = SIDE_CLIENT, .rules = "base"},
         ASSAY_E_UNKNOWN,
         "no embedded reference client"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};

        cr_expect_null(plan_add_leg(&plan, "x", LEG_TARGET, &rows[i].subject, &err));
        cr_expect_eq(err.code, rows[i].code, "%s", err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s", err.text);
    }
    cr_expect_eq(plan.leg_count, 0);
}

Test(plan, knows_the_words_that_a_profile_supports)
{
    static const struct {
        const char *profile, *word;
        bool is_known;
    } rows[] = {
        {"paid-tools", "idempotency", true},
        {"paid-tools", "idempotancy", false},
        {"paid-tools", "x-mine", true},
        {"paid-tools", "kind:exact,eip155:1", false},
        {"x402", "kind:exact,eip155:1", true},
        {"x402", "kind", false},
        {"paid-tools", "\\u001b[31mproof", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char path[] = "/tmp/assay-plan-XXXXXX";
        struct leg_subject subject = {.path = path};
        struct assay_err err = {0};
        int fd = mkstemp(path);

        cr_assert_geq(fd, 0);
        cr_assert_gt(dprintf(fd,
                             "{\"name\": \"n\", \"profile\": \"%s\", \"base_url\": "
                             "\"http://127.0.0.1:9\", \"supports\": [\"%s\"], \"endpoints\": "
                             "{\"paid_get\": {\"method\": \"GET\", \"target\": \"/a\"}}}",
                             rows[i].profile, rows[i].word),
                     0);
        (void)close(fd);
        cr_expect_eq(plan_add_leg(&plan, "x", LEG_TARGET, &subject, &err) != NULL, rows[i].is_known,
                     "%s: %s", rows[i].word, err.text);
        cr_expect_eq(strstr(err.text, "which has: ") == NULL, rows[i].is_known, "%s", err.text);
        cr_expect_null(strchr(err.text, '\x1b'));
        (void)unlink(path);
    }
}

Test(plan, holds_a_bounded_number_of_legs)
{
    const struct leg_subject subject = {.profile = "paid-tools", .rules = "base"};
    struct assay_err err = {0};
    size_t added = 0;

    while (added < PLAN_LEGS_MAX + 1 &&
           plan_add_leg(&plan, "x", LEG_SELFTEST, &subject, &err) != NULL)
        added++;
    cr_expect_eq(added, PLAN_LEGS_MAX);
    cr_expect_eq(err.code, ASSAY_E_NOMEM);
}

Test(plan, brings_the_control_that_a_case_rests_on_once)
{
    const struct scenario *spent = registry_find("paid-tools/spent_proof_buys_nothing");
    struct leg *leg = embedded("hardened", NULL);

    for (unsigned round = 0; round < 3; round++)
        for (int twice = 0; twice < 2; twice++)
            cr_assert_eq(leg_add(&plan, leg, spent, 0, round), ASSAY_OK);
    cr_expect_eq(leg->case_count, 4, "one control, three rounds");
    cr_expect_eq(leg->cases[0].scenario, scenario_control(spent), "the control comes first");
    for (unsigned round = 0; round < 3; round++)
        cr_expect_eq(count_of(leg, spent->name, round), 1);
}

Test(plan, puts_a_race_to_a_defect_more_than_once)
{
    const struct scenario *race = registry_find("kaspa-x402/copies_in_flight_buy_once");
    const struct scenario *one = registry_find("kaspa-x402/settled_payment_buys_one_response");
    const struct leg_subject subject = {
        .profile = "kaspa-x402", .side = SIDE_SERVER, .rules = "base"};
    struct assay_err err = {0};
    struct leg *leg = plan_add_leg(&plan, "x", LEG_SELFTEST, &subject, &err);

    cr_assert_not_null(leg, "%s", err.text);
    cr_assert(race->races && !one->races);
    cr_assert_eq(leg_add_catching(&plan, leg, race), ASSAY_OK);
    cr_assert_eq(leg_add_catching(&plan, leg, one), ASSAY_OK);
    for (unsigned round = 0; round < PLAN_RACE_ROUNDS; round++)
        cr_expect_eq(count_of(leg, race->name, round), scenario_case_count(race));
    cr_expect_eq(count_of(leg, one->name, 0), 1);
    cr_expect_eq(count_of(leg, one->name, 1), 0);
}

Test(plan, adds_a_selection_with_its_controls_before_it_and_each_round)
{
    struct selection all = {.least = LEVEL_REPORT};
    struct leg *leg = embedded("hardened", NULL);
    size_t count;
    const struct scenario *const *scenarios = registry_scenarios(&count);

    leg_add_selection(&plan, leg, &all, 2);
    for (size_t i = 0; i < count; i++) {
        if (scenario_profile(scenarios[i]) != leg->profile)
            continue;
        cr_expect_eq(count_of(leg, scenarios[i]->name, 0), scenario_case_count(scenarios[i]), "%s",
                     scenarios[i]->name);
        cr_expect_eq(count_of(leg, scenarios[i]->name, 1), scenario_case_count(scenarios[i]), "%s",
                     scenarios[i]->name);
    }
    cr_expect_eq(leg->case_count, leg->selected);
    cr_expect_eq(leg->cases[0].scenario->kind, SCENARIO_CONTROL);
    for (size_t i = 0; i < leg->case_count; i++) {
        const struct scenario *control = scenario_control(leg->cases[i].scenario);
        size_t k = 0;

        while (control != NULL && k < i && leg->cases[k].scenario != control)
            k++;
        cr_assert(control == NULL || k < i, "%s stands before its control",
                  leg->cases[i].scenario->name);
    }
}

Test(plan, adds_nothing_where_the_selection_takes_nothing)
{
    struct selection none = {.least = LEVEL_REPORT, .profile = "cashu"};
    struct leg *leg = embedded("hardened", NULL);

    leg_add_selection(&plan, leg, &none, 1);
    cr_expect_eq(leg->selected, 0);
    cr_expect_eq(leg->case_count, 0);
}

enum { SHARDS = 3 };

/* Each with what it rests on, and none much larger than the others. */
Test(plan, splits_a_selection_into_shards_that_have_each_case_once)
{
    size_t count, cases = 0;
    const struct scenario *const *scenarios = registry_scenarios(&count);
    struct leg *legs[SHARDS];

    for (unsigned shard = 1; shard <= SHARDS; shard++) {
        struct selection part = {.least = LEVEL_REPORT, .shard = shard, .shards = SHARDS};
        struct leg *leg = legs[shard - 1] = embedded("hardened", NULL);

        leg_add_selection(&plan, leg, &part, 1);
        cr_expect_eq(leg->selected, legs[0]->selected);
        cr_expect_gt(leg->case_count, leg->selected / SHARDS / 2);
        cr_expect_lt(leg->case_count, leg->selected / 2);
        cr_expect_eq(leg->cases[0].scenario->kind, SCENARIO_CONTROL);
    }
    for (size_t i = 0; i < count; i++) {
        if (scenario_profile(scenarios[i]) != legs[0]->profile ||
            scenarios[i]->side != legs[0]->side || scenarios[i]->kind == SCENARIO_CONTROL)
            continue;
        cases += scenario_case_count(scenarios[i]);
        cr_expect_eq(count_of(legs[0], scenarios[i]->name, 0) +
                         count_of(legs[1], scenarios[i]->name, 0) +
                         count_of(legs[2], scenarios[i]->name, 0),
                     scenario_case_count(scenarios[i]), "%s", scenarios[i]->name);
    }
    cr_expect_gt(cases, 100);
}

Test(plan, tells_under_which_rules_a_defect_shows)
{
    static const struct {
        const char *sets, *rules;
        bool shows;
    } rows[] = {
        {"both", "base", true},      {"both", "hardened", true},  {"base", "base", true},
        {"base", "hardened", false}, {"hardened", "base", false}, {"hardened", "hardened", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(defect_shows_under(&(struct ref_defect){.sets = rows[i].sets}, rows[i].rules),
                     rows[i].shows, "%s under %s", rows[i].sets, rows[i].rules);
}

static size_t pairs_of(struct self_check_pair *pairs, const char *word, const char *rules)
{
    struct selection s = {.least = LEVEL_REPORT};
    struct assay_err err = {0};
    size_t count = 0;

    if (word != NULL)
        cr_assert_eq(selection_add(&s, word, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(plan_self_check(&plan, &s, embedded(rules, NULL), pairs, 64, &count, &err),
                 ASSAY_OK, "%s", err.text);
    return count;
}

Test(plan, checks_itself_on_every_threat_that_has_a_scenario)
{
    static const char *const sets[] = {"base", "hardened"};
    const struct profile *p = profile_find("paid-tools");

    for (size_t r = 0; r < ARRAY_LEN(sets); r++) {
        struct self_check_pair pairs[64];
        size_t count = pairs_of(pairs, NULL, sets[r]);

        cr_expect_eq(count, p->threat_count, "one pair a threat under %s", sets[r]);
        for (size_t i = 0; i < count; i++) {
            const struct ref_defect *d = ref_defect_at(ref_defect_find(assay_str(pairs[i].defect)));

            cr_expect_str_eq(pairs[i].scenario->threat, pairs[i].threat);
            cr_expect(scenario_names_defect(pairs[i].scenario, pairs[i].defect));
            cr_expect(defect_shows_under(d, sets[r]), "%s under %s", d->id, sets[r]);
            cr_expect_null(pairs[i].correct->defect);
            cr_expect_str_eq(pairs[i].broken->defect, pairs[i].defect);
            cr_expect_eq(count_of(pairs[i].correct, pairs[i].scenario->name, 0),
                         scenario_case_count(pairs[i].scenario));
            cr_expect_eq(count_of(pairs[i].broken, pairs[i].scenario->name, 0),
                         scenario_case_count(pairs[i].scenario));
        }
    }
}

static bool share_a_defect(const struct scenario *a, const struct scenario *b)
{
    bool share = false;

    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && a->catches[i] != NULL; i++)
        share = share || scenario_names_defect(b, a->catches[i]);
    return share && scenario_profile(a) == scenario_profile(b) && a->side == b->side &&
           strcmp(a->threat, b->threat) != 0;
}

static void expect_each_leg_once(const struct scenario *a, const struct scenario *b)
{
    struct selection s = {
        .least = LEVEL_REPORT, .names = {a->name, b->name}, .name_count = 2, .profile = NULL};
    const struct profile *profile = scenario_profile(a);
    const struct leg_subject subject = {
        .profile = profile->name, .side = a->side, .rules = profile->rule_sets[0]};
    struct self_check_pair pairs[64];
    struct assay_err err = {0};
    size_t count = 0;
    const struct leg *of;

    unmake();
    make();
    of = plan_add_leg(&plan, "a leg", LEG_TARGET, &subject, &err);
    cr_assert_not_null(of, "%s", err.text);
    cr_assert_eq(plan_self_check(&plan, &s, of, pairs, 64, &count, &err), ASSAY_OK);
    for (size_t i = 0; i < plan.leg_count; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(plan.legs[i].id, plan.legs[k].id, "%s and %s", a->name, b->name);
}

Test(plan, checks_itself_with_each_leg_once_though_a_defect_proves_two_threats)
{
    size_t count, together = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (all[i]->threat != NULL && all[k]->threat != NULL &&
                share_a_defect(all[i], all[k])) {
                expect_each_leg_once(all[i], all[k]);
                together++;
            }
    cr_expect_gt(together, 0);
}

Test(plan, checks_itself_only_on_what_was_selected)
{
    struct self_check_pair pairs[64];

    cr_expect_eq(pairs_of(pairs, "proof-replay", "hardened"), 1);
    cr_expect_str_eq(pairs[0].threat, "proof-replay");
    cr_expect_eq(pairs_of(pairs, "paid-tools/spent_proof_buys_nothing", "base"), 1);
    cr_expect_str_eq(pairs[0].scenario->name, "paid-tools/spent_proof_buys_nothing");
    cr_expect_eq(
        pairs_of(pairs, "paid-tools/copies_in_flight_buy_once/32 copies of a POST", "hardened"), 1,
        "one case of a table");
    cr_expect_eq(pairs_of(pairs, "paid-tools/honest_payment_is_served", "hardened"), 0,
                 "a control catches nothing");
}
