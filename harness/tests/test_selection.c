/* Selecting: what a word of the command line means, and which cases it takes. */
#include "run/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SPENT "paid-tools/spent_proof_buys_nothing"
#define COPIES "paid-tools/copies_in_flight_buy_once"

static const struct {
    const char *word;
    size_t names, threats, rules;
} words[] = {
    {SPENT, 1, 0, 0},         {"paid-tools/spent", 1, 0, 0},
    {"paid-tools/", 1, 0, 0}, {COPIES "/64 copies of a GET", 1, 0, 0},
    {"T1-02", 1, 0, 0},       {"proof-replay", 0, 1, 0},
    {"NS-1", 0, 0, 1},
};

Test(selection, sorts_a_word_by_what_it_names)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct selection s = {.least = LEVEL_REPORT};
        struct assay_err err = {0};

        cr_expect_eq(selection_add(&s, words[i].word, &err), ASSAY_OK, "%s: %s", words[i].word,
                     err.text);
        cr_expect_eq(s.name_count, words[i].names, "%s", words[i].word);
        cr_expect_eq(s.threat_count, words[i].threats, "%s", words[i].word);
        cr_expect_eq(s.rule_count, words[i].rules, "%s", words[i].word);
    }
}

static const struct {
    const char *word, *nearest;
} unknowns[] = {
    {"paid-tools/spent_prof_buys_nothing", SPENT},
    {"spent_proof_buys_nothin", SPENT},
    {"proof-repley", "proof-replay"},
    {"NS-11", "NS-1"},
    {COPIES "/65 copies", COPIES},
    {"T1-", NULL},
    {"", NULL},
    {"\x1b[2J\xff", NULL},
};

Test(selection, refuses_what_names_nothing_and_says_what_is_near)
{
    for (size_t i = 0; i < ARRAY_LEN(unknowns); i++) {
        struct selection s = {.least = LEVEL_REPORT};
        struct assay_err err = {0};
        char near[160] = "did you mean";

        cr_expect_eq(selection_add(&s, unknowns[i].word, &err), ASSAY_E_UNKNOWN, "%s",
                     unknowns[i].word);
        if (unknowns[i].nearest != NULL)
            cr_assert_lt(snprintf(near, sizeof near, "did you mean \"%s", unknowns[i].nearest),
                         (int)sizeof near);
        cr_expect_eq(strstr(err.text, near) != NULL, unknowns[i].nearest != NULL, "%s: %s",
                     unknowns[i].word, err.text);
        cr_expect_eq(s.name_count + s.threat_count + s.rule_count, 0);
    }
}

Test(selection, takes_no_word_longer_than_it_can_compare)
{
    struct selection s = {.least = LEVEL_REPORT};
    struct assay_err err = {0};
    char word[4000];

    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    cr_expect_eq(selection_add(&s, word, &err), ASSAY_E_UNKNOWN);
}

Test(selection, holds_a_bounded_number_of_words)
{
    struct selection s = {.least = LEVEL_REPORT};
    enum assay_code rc = ASSAY_OK;
    size_t added = 0;

    while (rc == ASSAY_OK && added < 1000) {
        rc = selection_add(&s, SPENT, NULL);
        added += rc == ASSAY_OK ? 1 : 0;
    }
    cr_expect_eq(rc, ASSAY_E_TOO_LARGE);
    cr_expect_eq(added, ARRAY_LEN(s.names));
}

/* How many of a profile's cases the words take. */
static size_t taken(const char *const *of, enum rule_level least, const char *rules)
{
    struct selection s = {.least = least, .profile = "paid-tools"};
    size_t count, n = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; of[i] != NULL; i++)
        cr_assert_eq(selection_add(&s, of[i], NULL), ASSAY_OK, "%s", of[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < scenario_case_count(all[i]); k++)
            n += selection_takes(&s, all[i], k, rules) ? 1 : 0;
    return n;
}

static size_t all_cases(void)
{
    size_t count, n = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        n += strcmp(scenario_profile(all[i])->name, "paid-tools") == 0 ? scenario_case_count(all[i])
                                                                       : 0;
    return n;
}

static const char *const nothing[] = {NULL}, *const spent[] = {SPENT, NULL},
                         *const copies[] = {COPIES, NULL},
                         *const one_copy[] = {COPIES "/64 copies of a GET", NULL},
                         *const both[] = {SPENT, COPIES, SPENT, NULL},
                         *const everything[] = {"paid-tools/", NULL},
                         *const reported[] = {"paid-tools/nonce_of_our_own_is_refused", NULL};

Test(selection, takes_everything_by_no_word_and_else_what_any_word_names)
{
    const struct scenario *table = registry_find(COPIES);

    cr_assert_not_null(table);
    cr_expect_eq(taken(nothing, LEVEL_REPORT, "hardened"), all_cases());
    cr_expect_eq(taken(everything, LEVEL_REPORT, "hardened"), all_cases());
    cr_expect_eq(taken(spent, LEVEL_REPORT, "hardened"), 1);
    cr_expect_eq(taken(copies, LEVEL_REPORT, "hardened"), scenario_case_count(table));
    cr_expect_eq(taken(one_copy, LEVEL_REPORT, "hardened"), 1);
    cr_expect_eq(taken(both, LEVEL_REPORT, "hardened"), 1 + scenario_case_count(table),
                 "a word twice takes nothing twice");
}

Test(selection, leaves_out_what_is_below_the_level_in_that_rule_set)
{
    size_t before = 0;

    for (int l = LEVEL_MUST; l < LEVEL__COUNT; l++) {
        size_t n = taken(nothing, (enum rule_level)l, "base");

        cr_expect_geq(n, before, "%s", rule_level_name((enum rule_level)l));
        before = n;
    }
    cr_expect_gt(taken(nothing, LEVEL_MUST, "hardened"), taken(nothing, LEVEL_MUST, "base"),
                 "the hardened set demands more");
    cr_expect_eq(taken(reported, LEVEL_REPORT, "base"), 1);
    cr_expect_eq(taken(reported, LEVEL_OURS, "base"), 0, "a rule that base only reports");
    cr_expect_eq(taken(reported, LEVEL_MUST, "hardened"), 1);
}

Test(selection, keeps_to_a_profile)
{
    struct selection s = {.least = LEVEL_REPORT, .profile = "cashu"};

    cr_expect_not(selection_takes(&s, registry_find(SPENT), 0, "hardened"));
    s.profile = "paid-tools";
    cr_expect(selection_takes(&s, registry_find(SPENT), 0, "hardened"));
}
