/* assay run: judge a target. */
#include "cli/cli.h"
#include "defects/defects.h"
#include "run/session.h"

#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "usage: assay run [options] [names]\n\n"
    "Judges a target by the scenarios of its profile and writes a record. Without --target it "
    "judges the\n"
    "embedded reference server. Names select scenarios by prefix, threat, rule or attack idea.\n\n"
    "  --target FILE      target file (docs/adding-a-target.md)\n"
    "  --rules SET        rule set of the embedded reference: base or hardened (default;\n"
    "                     with --defect: one under which it shows)\n"
    "  --defect ID        switch a seeded defect on in the embedded reference (assay list "
    "defects)\n"
    "  --level LEVEL      only rules of that level or above: must, should, may, ours\n"
    "  --fail-on LEVEL    levels that count for exit 1: must (default), should, ours\n"
    "  --expectations F   known failures, which are reported as expected\n"
    "  --repeat N         every case so often (at most 1000)\n"
    "  --allow-host HOST  this host may be connected to, beside loopback; may be repeated\n"
    "  --disruptive       floods and crashes also against a target that is not on loopback\n"
    "  --no-self-check    leave the self-check out; the record says so\n"
    "  --pack FILE        shared object with more scenarios; may be repeated\n"
    "  --plan             print what would run, one case a line, and stop\n" CLI_RUNNING_HELP
    "\nexit: 0 all judged passed, 1 failures, 2 INVALID, 3 usage or own trouble, 130 interrupted\n";

struct run_options {
    struct cli_running running;
    struct selection selection;
    const char *target, *rules, *defect, *expectations;
    enum rule_level fail_on;
    uint64_t repeat;
    bool no_self_check, print_plan;
};

static bool level_of(enum rule_level *out, const char *option, const char *text)
{
    for (int l = LEVEL_MUST; l < LEVEL_REPORT; l++) {
        if (strcmp(text, rule_level_name((enum rule_level)l)) == 0) {
            *out = (enum rule_level)l;
            return true;
        }
    }
    cli_wrong("run", "%s: expected must, should, may or ours, found \"%s\"", option, text);
    return false;
}

static bool keep_in(const char **list, size_t *count, const char *option, const char *value)
{
    if (*count < PLAN_HOSTS_MAX) {
        list[(*count)++] = value;
        return true;
    }
    cli_wrong("run", "%s: more than %d of them", option, PLAN_HOSTS_MAX);
    return false;
}

static bool take_pack(struct plan *plan, const char *path)
{
    struct assay_err err = {0};

    if (registry_load_pack(path, &err) == ASSAY_OK)
        return keep_in(plan->packs, &plan->pack_count, "--pack", path);
    cli_wrong("run", "%s", err.text);
    return false;
}

static bool take_rules(struct run_options *o, const char *text)
{
    o->rules = text;
    if (strcmp(text, "base") == 0 || strcmp(text, "hardened") == 0)
        return true;
    cli_wrong("run", "--rules: expected base or hardened, found \"%s\"", text);
    return false;
}

static bool take_defect(struct run_options *o, const char *text)
{
    o->defect = text;
    if (ref_defect_find(assay_str(text)) != REF_DEFECT__COUNT)
        return true;
    cli_wrong("run", "--defect: there is no defect \"%s\"; `assay list defects` shows them", text);
    return false;
}

/* 1: go on, 0: help was printed, -1: wrong. */
static int take_option(struct run_options *o, struct plan *plan, int option)
{
    bool ok = true;

    switch (option) {
    case 'h':
        fputs(help, stdout);
        return 0;
    case 'T':
        o->target = optarg;
        break;
    case 'R':
        ok = take_rules(o, optarg);
        break;
    case 'D':
        ok = take_defect(o, optarg);
        break;
    case 'L':
        ok = level_of(&o->selection.least, "--level", optarg);
        break;
    case 'F':
        ok = level_of(&o->fail_on, "--fail-on", optarg);
        break;
    case 'E':
        o->expectations = optarg;
        break;
    case 'N':
        ok = cli_number(&o->repeat, "run", "--repeat", optarg, 1, 1000);
        break;
    case 'A':
        ok = keep_in(plan->hosts, &plan->host_count, "--allow-host", optarg);
        break;
    case 'X':
        plan->disruptive = true;
        break;
    case 'C':
        o->no_self_check = true;
        break;
    case 'K':
        ok = take_pack(plan, optarg);
        break;
    case 'P':
        o->print_plan = true;
        break;
    default:
        return cli_running_option(&o->running, "run", option, optarg) == 1 ? 1 : -1;
    }
    return ok ? 1 : -1;
}

static int parse(struct run_options *o, struct plan *plan, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"target", required_argument, NULL, 'T'},
        {"rules", required_argument, NULL, 'R'},
        {"defect", required_argument, NULL, 'D'},
        {"level", required_argument, NULL, 'L'},
        {"fail-on", required_argument, NULL, 'F'},
        {"repeat", required_argument, NULL, 'N'},
        {"expectations", required_argument, NULL, 'E'},
        {"disruptive", no_argument, NULL, 'X'},
        {"allow-host", required_argument, NULL, 'A'},
        {"pack", required_argument, NULL, 'K'},
        {"no-self-check", no_argument, NULL, 'C'},
        {"plan", no_argument, NULL, 'P'},
        CLI_RUNNING_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct assay_err err = {0};
    int option, taken = 1;

    while (taken == 1 && (option = cli_option(argc, argv, options)) != -1)
        taken = option == '?' ? -1 : take_option(o, plan, option);
    if (taken != 1)
        return taken;
    if (registry_check(&err) != ASSAY_OK) {
        fprintf(stderr, "assay run: %s\n", err.text);
        return -1;
    }
    for (int i = optind; i < argc; i++)
        if (selection_add(&o->selection, argv[i], &err) != ASSAY_OK) {
            cli_wrong("run", "%s", err.text);
            return -1;
        }
    if (o->target != NULL && (o->defect != NULL || o->rules != NULL)) {
        cli_wrong("run", "--defect and --rules are for the embedded reference; a target file says "
                         "its own rules");
        return -1;
    }
    return 1;
}

static void print_plan(const struct plan *plan)
{
    for (size_t i = 0; i < plan->leg_count; i++)
        for (size_t k = 0; k < plan->legs[i].case_count; k++) {
            const struct planned_case *c = &plan->legs[i].cases[k];
            const char *name = scenario_case_name(c->scenario, c->index);

            printf("%s\t%s%s%s\n", plan->legs[i].id, c->scenario->name, name[0] != '\0' ? "/" : "",
                   name);
        }
}

/* The rule set of the embedded reference: as asked for, else one under which the defect shows. */
static const char *rules_for(const struct run_options *o)
{
    const char *sets =
        o->defect != NULL ? ref_defect_at(ref_defect_find(assay_str(o->defect)))->sets : "both";

    if (o->rules != NULL)
        return o->rules;
    return strcmp(sets, "base") == 0 ? "base" : "hardened";
}

static int carry_out(struct run_options *o, struct plan *plan, int argc, char **argv)
{
    struct self_check_pair pairs[SESSION_PAIRS_MAX];
    struct session_options session = {.verb = "run",
                                      .argc = argc,
                                      .argv = argv,
                                      .fail_on = o->fail_on,
                                      .selection = &o->selection,
                                      .self_check_left_out = o->no_self_check,
                                      .pairs = pairs,
                                      .progress = isatty(STDERR_FILENO) != 0};
    struct assay_err err = {0};
    struct leg *leg;
    int status = EXIT_TROUBLE;
    enum assay_code rc = cli_running_apply(&o->running, plan, &err);

    if (rc != ASSAY_OK)
        return cli_wrong("run", "%s", err.text);
    /* The target is read before anything is started, so that a wrong file costs nothing. */
    leg = plan_add_leg(plan, "target", LEG_TARGET, o->target, "paid-tools", rules_for(o), o->defect,
                       &err);
    if (leg == NULL)
        return cli_wrong("run", "%s", err.text);
    if (!cli_target_usable("run", leg->target, plan))
        return EXIT_TROUBLE;
    leg_add_selection(plan, leg, &o->selection, (unsigned)o->repeat);
    if (!o->no_self_check && leg->case_count > 0 &&
        plan_self_check(plan, &o->selection, leg->profile, leg->rules, pairs, ARRAY_LEN(pairs),
                        &session.pair_count, &err) != ASSAY_OK)
        return cli_wrong("run", "%s", err.text);
    if (o->print_plan) {
        print_plan(plan);
        return 0;
    }
    plan->disruptive = plan->disruptive || cli_target_is_local(leg->target);
    session.shown = leg;
    session.out = o->running.out;
    session.replace = o->running.replace;
    session.expectations = o->expectations != NULL ? o->expectations : leg->target->expectations;
    if (session_run(plan, &session, &status, &err) != ASSAY_OK)
        return cli_wrong("run", "%s", err.text);
    return cli_show("run", o->running.out) ? status : EXIT_TROUBLE;
}

int cli_run(int argc, char **argv)
{
    static struct plan plan;
    struct run_options o = {
        .selection = {.least = LEVEL_REPORT}, .fail_on = LEVEL_MUST, .repeat = 1};
    int parsed, status;

    plan_init(&plan);
    parsed = parse(&o, &plan, argc, argv);
    status = parsed == 1 ? carry_out(&o, &plan, argc, argv) : parsed == 0 ? 0 : EXIT_TROUBLE;
    plan_fini(&plan);
    return status;
}
