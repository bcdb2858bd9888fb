/* assay selftest: the suite proves its own strength on the correct references and on every seeded
 * defect. */
#include "cli/cli.h"
#include "defects/defects.h"
#include "run/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { CORRECT_RUNS_MAX = 400 };

static const char help[] =
    "usage: assay selftest [options] [defects or scenario names]\n\n"
    "Puts every scenario to the correct references and to every seeded defect, and prints the "
    "matrix.\n"
    "A defect that survives, one that a scenario misses which names it, one that only scenarios "
    "catch which do\n"
    "not name it, and a correct reference that is refused are failures of the suite.\n\n"
    "  --profile NAME     only that profile\n"
    "  --named            against a defect only the scenarios that name it (quick)\n"
    "  --correct N        put everything to the correct references so many times, each time to "
    "new\n"
    "                     ones (default 1, at most 400; 0: leave them out)\n"
    "  --rules SET        only that rule set, of the profiles that have it\n" CLI_RUNNING_HELP
    "\nexit: 0 every defect caught and no false alarm, 1 otherwise, 2 INVALID, 3 usage or own "
    "trouble, 130 interrupted\n";

struct selftest_options {
    struct cli_running running;
    bool named_only;
    uint64_t correct;
    const char *rules, *profile;
    const struct leg *shown[CLI_REFERENCES_MAX];
    size_t shown_count;
    const char *const *words;
    int word_count;
};

static bool wanted(const struct selftest_options *o, const char *defect)
{
    bool any_defect = false;

    for (int i = 0; i < o->word_count; i++) {
        if (ref_defect_find(assay_str(o->words[i])) == REF_DEFECT__COUNT)
            continue;
        any_defect = true;
        if (strcmp(o->words[i], defect) == 0)
            return true;
    }
    return !any_defect;
}

static void add_naming(struct plan *plan, struct leg *leg)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (all[i]->side == leg->side && scenario_names_defect(all[i], leg->defect) &&
            leg_add_catching(plan, leg, all[i]) != ASSAY_OK)
            return;
}

/* The rule set that a defect is put to: the one asked for, else the first under which it shows.
 * NULL: none. */
static const char *rules_for(const struct selftest_options *o, const struct profile *profile,
                             const struct ref_defect *defect)
{
    for (size_t i = 0; profile->rule_sets[i] != NULL; i++)
        if (defect_shows_under(defect, profile->rule_sets[i]) &&
            (o->rules == NULL || strcmp(o->rules, profile->rule_sets[i]) == 0))
            return profile->rule_sets[i];
    return NULL;
}

static bool is_of_profile(const struct selftest_options *o, const char *profile)
{
    return o->profile == NULL || strcmp(o->profile, profile) == 0;
}

static enum assay_code add_defect(const struct selftest_options *o, struct plan *plan,
                                  const struct selection *selection, const struct ref_defect *d,
                                  enum target_side side, struct assay_err *err)
{
    const struct profile *profile = profile_find(d->profile);
    const struct leg_subject subject = {
        .profile = d->profile, .side = side, .rules = rules_for(o, profile, d), .defect = d->id};
    struct leg *leg;
    char id[128];

    if (subject.rules == NULL || !defect_concerns(d, side))
        return ASSAY_OK;
    if (snprintf(id, sizeof id, "selftest %s %s", target_side_name(side), d->id) >= (int)sizeof id)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the defect's id is too long: %s", d->id);
    leg = plan_add_leg(plan, id, LEG_SELFTEST, &subject, err);
    if (leg == NULL)
        return err->code;
    add_naming(plan, leg);
    if (!o->named_only)
        leg_add_selection(plan, leg, selection, 1);
    return ASSAY_OK;
}

static enum assay_code add_defects(const struct selftest_options *o, struct plan *plan,
                                   const struct selection *selection, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        if (profile_find(d->profile) == NULL || !is_of_profile(o, d->profile) || !wanted(o, d->id))
            continue;
        for (int side = 0; rc == ASSAY_OK && side < SIDE__COUNT; side++)
            rc = add_defect(o, plan, selection, d, (enum target_side)side, err);
    }
    return rc;
}

/* The correct reference of a side under a rule set. */
static struct leg *add_correct_leg(const struct selftest_options *o, struct plan *plan,
                                   const struct selection *selection,
                                   const struct leg_subject *subject, uint64_t run,
                                   struct assay_err *err)
{
    struct leg *leg;
    char id[128];

    if (snprintf(id, sizeof id, "selftest %s %s correct %s %" PRIu64, subject->profile,
                 target_side_name(subject->side), subject->rules, run + 1) >= (int)sizeof id) {
        assay_fail(err, ASSAY_E_TOO_LARGE, 0, "a name is too long: %s", subject->profile);
        return NULL;
    }
    leg = plan_add_leg(plan, id, LEG_SELFTEST, subject, err);
    if (leg != NULL && o->correct > 0)
        leg_add_selection(plan, leg, selection, 1);
    return leg;
}

/* Each run is a leg, whose instances start anew: a store keeps no more than it is told to, and a
 * server that has served fifty runs has a full one. The first leg of a side is shown. */
static enum assay_code add_correct_runs(struct selftest_options *o, struct plan *plan,
                                        const struct selection *selection,
                                        const struct leg_subject *subject, bool shown,
                                        struct assay_err *err)
{
    uint64_t runs = o->correct > 0 ? o->correct : 1;

    for (uint64_t run = 0; run < runs; run++) {
        struct leg *leg = add_correct_leg(o, plan, selection, subject, run, err);

        if (leg == NULL)
            return err->code;
        if (run == 0 && shown && o->shown_count < CLI_REFERENCES_MAX)
            o->shown[o->shown_count++] = leg;
    }
    return ASSAY_OK;
}

static enum assay_code add_correct_side(struct selftest_options *o, struct plan *plan,
                                        const struct selection *selection,
                                        const struct profile *profile, enum target_side side,
                                        struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    bool first = true;

    for (size_t i = 0; rc == ASSAY_OK && profile->rule_sets[i] != NULL; i++) {
        const struct leg_subject subject = {
            .profile = profile->name, .side = side, .rules = profile->rule_sets[i]};

        if (!profile_is_played(profile, side) ||
            (o->rules != NULL && strcmp(o->rules, subject.rules) != 0))
            continue;
        rc = add_correct_runs(o, plan, selection, &subject, first, err);
        first = false;
    }
    return rc;
}

static enum assay_code add_correct(struct selftest_options *o, struct plan *plan,
                                   const struct selection *selection, struct assay_err *err)
{
    const struct profile *profile;
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; (profile = profile_at(i)) != NULL; i++)
        for (int side = 0; rc == ASSAY_OK && side < SIDE__COUNT; side++)
            if (is_of_profile(o, profile->name))
                rc = add_correct_side(o, plan, selection, profile, (enum target_side)side, err);
    if (rc == ASSAY_OK && o->shown_count == 0)
        rc = assay_fail(err, ASSAY_E_MISSING, 0,
                        "no profile has scenarios and that rule set: there is nothing to test");
    return rc;
}

static int carry_out(struct selftest_options *o, struct plan *plan, int argc, char **argv)
{
    struct selection selection = {.least = LEVEL_REPORT};
    struct session_options session = {.verb = "selftest",
                                      .argc = argc,
                                      .argv = argv,
                                      .fail_on = LEVEL_OURS,
                                      .selection = &selection,
                                      .self_check_left_out = true,
                                      .progress = isatty(STDERR_FILENO) != 0};
    struct assay_err err = {0};
    int status = EXIT_TROUBLE;

    for (int i = 0; i < o->word_count; i++)
        if (ref_defect_find(assay_str(o->words[i])) == REF_DEFECT__COUNT &&
            selection_add(&selection, o->words[i], &err) != ASSAY_OK)
            return cli_wrong("selftest", "%s", err.text);
    if (cli_running_apply(&o->running, plan, &err) != ASSAY_OK ||
        add_correct(o, plan, &selection, &err) != ASSAY_OK ||
        add_defects(o, plan, &selection, &err) != ASSAY_OK)
        return cli_wrong("selftest", "%s", err.text);
    plan->disruptive = true;
    session.shown = o->shown;
    session.shown_count = o->shown_count;
    session.out = o->running.out;
    session.replace = o->running.replace;
    if (session_run(plan, &session, &status, &err) != ASSAY_OK)
        return cli_wrong("selftest", "%s", err.text);
    return cli_show("selftest", o->running.out) ? status : EXIT_TROUBLE;
}

int cli_selftest(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"named", no_argument, NULL, 'N'},
                                            {"correct", required_argument, NULL, 'C'},
                                            {"profile", required_argument, NULL, 'p'},
                                            {"rules", required_argument, NULL, 'R'},
                                            CLI_RUNNING_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    static struct plan plan;
    struct selftest_options o = {.correct = 1};
    struct assay_err err = {0};
    int option, status;

    plan_init(&plan);
    while ((option = cli_option(argc, argv, options)) != -1) {
        int taken = cli_running_option(&o.running, "selftest", option, optarg);

        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'N')
            o.named_only = true;
        else if (option == 'R' && cli_rules_known("selftest", optarg))
            o.rules = optarg;
        else if (option == 'p' && profile_find(optarg) != NULL)
            o.profile = optarg;
        else if (option == 'p')
            return cli_wrong("selftest", "--profile: there is no profile \"%s\"", optarg);
        else if (taken != 1 && (option != 'C' || !cli_number(&o.correct, "selftest", "--correct",
                                                             optarg, 0, CORRECT_RUNS_MAX)))
            return EXIT_TROUBLE;
    }
    if (registry_check(&err) != ASSAY_OK) {
        fprintf(stderr, "assay selftest: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    o.words = (const char *const *)argv + optind;
    o.word_count = argc - optind;
    status = carry_out(&o, &plan, argc, argv);
    plan_fini(&plan);
    return status;
}
