/* assay selftest: the suite proves its own strength on the correct references and on every seeded
 * defect. */
#include "cli/cli.h"
#include "defects/defects.h"
#include "run/session.h"

#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "usage: assay selftest [options] [defects or scenario names]\n\n"
    "Puts every scenario to the correct reference servers and to every seeded defect, and prints "
    "the matrix.\n"
    "A defect that survives, one that only scenarios catch which do not name it, and a correct "
    "server that is\n"
    "refused are failures of the suite.\n\n"
    "  --named            against a defect only the scenarios that name it (quick)\n"
    "  --correct N        put everything to the correct servers so many times (default 1; 0: leave "
    "them out)\n"
    "  --rules SET        only that rule set: base or hardened\n" CLI_RUNNING_HELP
    "\nexit: 0 every defect caught and no false alarm, 1 otherwise, 2 INVALID, 3 usage or own "
    "trouble, 130 interrupted\n";

struct selftest_options {
    struct cli_running running;
    bool named_only;
    uint64_t correct;
    const char *rules;
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
        for (size_t k = 0;
             scenario_names_defect(all[i], leg->defect) && k < scenario_case_count(all[i]); k++)
            if (leg_add(plan, leg, all[i], k, 0) != ASSAY_OK)
                return;
}

static enum assay_code add_defects(const struct selftest_options *o, struct plan *plan,
                                   const struct selection *selection, struct assay_err *err)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);
        const char *rules =
            strcmp(d->sets, "both") == 0 ? o->rules != NULL ? o->rules : "hardened" : d->sets;
        struct leg *leg;
        char id[96];

        if (!wanted(o, d->id) || (o->rules != NULL && strcmp(rules, o->rules) != 0))
            continue;
        if (snprintf(id, sizeof id, "selftest %s", d->id) >= (int)sizeof id)
            return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the defect's id is too long: %s", d->id);
        leg = plan_add_leg(plan, id, LEG_SELFTEST, NULL, d->profile, rules, d->id, err);
        if (leg == NULL)
            return err->code;
        add_naming(plan, leg);
        if (!o->named_only)
            leg_add_selection(plan, leg, selection, 1);
    }
    return ASSAY_OK;
}

static enum assay_code add_correct(const struct selftest_options *o, struct plan *plan,
                                   const struct selection *selection, struct assay_err *err)
{
    static const char *const sets[] = {"hardened", "base"};

    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct leg *leg;
        char id[96];

        if ((o->rules != NULL && strcmp(o->rules, sets[i]) != 0) ||
            snprintf(id, sizeof id, "selftest correct %s", sets[i]) >= (int)sizeof id)
            continue;
        leg = plan_add_leg(plan, id, LEG_SELFTEST, NULL, "paid-tools", sets[i], NULL, err);
        if (leg == NULL)
            return err->code;
        if (o->correct > 0)
            leg_add_selection(plan, leg, selection, (unsigned)o->correct);
    }
    return ASSAY_OK;
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
    session.shown = &plan->legs[0];
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
        else if (option == 'R' && (strcmp(optarg, "base") == 0 || strcmp(optarg, "hardened") == 0))
            o.rules = optarg;
        else if (option == 'R')
            return cli_wrong("selftest", "--rules: expected base or hardened, found \"%s\"",
                             optarg);
        else if (taken != 1 && (option != 'C' ||
                                !cli_number(&o.correct, "selftest", "--correct", optarg, 0, 1000)))
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
