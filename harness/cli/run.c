/* assay run: judge a target. */
#include "cli/outputs.h"
#include "defects/defects.h"
#include "record/record.h"
#include "run/session.h"

#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "usage: assay run [options] [names]\n\n"
    "Judges a target by the scenarios of its profile and writes a record. Without --target it "
    "judges the\n"
    "embedded references of every profile. Names select scenarios by prefix, threat, rule or "
    "attack idea.\n\n"
    "  --target FILE      target file (docs/adding-a-target.md)\n"
    "  --profile NAME     only the embedded references of that profile (assay list profiles)\n"
    "  --rules SET        only embedded references that have that rule set, judged by it (default: "
    "the\n"
    "                     first of each profile; with --defect: one under which it shows)\n"
    "  --defect ID        switch a seeded defect on in the embedded references of its profile "
    "(assay list\n"
    "                     defects)\n"
    "  --level LEVEL      only rules of that level or above: must, should, may, ours\n"
    "  --fail-on LEVEL    levels that count for exit 1: must (default), should, ours\n"
    "  --expectations F   known failures, which are reported as expected\n"
    "  --repeat N         every case so often (at most 1000)\n"
    "  --shard I/N        the I-th of N parts, to be put together by assay report merge; needs "
    "--seed\n"
    "  --allow-host HOST  this host may be connected to, beside loopback; may be repeated\n"
    "  --disruptive       floods and crashes also against a target that is not on loopback\n"
    "  --no-self-check    leave the self-check out; the record says so\n"
    "  --pack FILE        shared object with more scenarios; may be repeated\n"
    "  --plan             print what would run, one case a line, and stop\n" CLI_RUNNING_HELP
        CLI_OUTPUT_HELP
    "\nexit: 0 all judged passed, 1 failures, 2 INVALID, 3 usage or own trouble, 130 interrupted\n";

struct run_options {
    struct cli_running running;
    struct cli_outputs outputs;
    struct selection selection;
    const char *target, *rules, *expectations;
    const struct ref_defect *defect;
    const struct leg *shown[CLI_REFERENCES_MAX];
    size_t shown_count;
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

static bool take_profile(struct run_options *o, const char *text)
{
    o->selection.profile = text;
    if (profile_find(text) != NULL)
        return true;
    cli_wrong("run", "--profile: there is no profile \"%s\"; `assay list profiles` shows them",
              text);
    return false;
}

static bool take_shard(struct run_options *o, const char *text)
{
    unsigned shard = 0, shards = 0;
    int len = 0;

    if (sscanf(text, "%4u/%4u%n", &shard, &shards, &len) == 2 && text[len] == '\0' &&
        text[0] >= '0' && text[0] <= '9' && shard >= 1 && shard <= shards &&
        shards <= PLAN_SHARDS_MAX) {
        o->selection.shard = shard;
        o->selection.shards = shards;
        return true;
    }
    cli_wrong("run", "--shard: expected I/N with 1 <= I <= N <= %d, found \"%s\"", PLAN_SHARDS_MAX,
              text);
    return false;
}

static bool take_defect(struct run_options *o, const char *text)
{
    enum ref_defect_id id = ref_defect_find(assay_str(text));

    if (id != REF_DEFECT__COUNT) {
        o->defect = ref_defect_at(id);
        return true;
    }
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
    case 'p':
        ok = take_profile(o, optarg);
        break;
    case 'R':
        o->rules = optarg;
        ok = cli_rules_known("run", optarg);
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
    case 'S':
        ok = take_shard(o, optarg);
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
        if (cli_output_option(&o->outputs, option, optarg))
            return 1;
        return cli_running_option(&o->running, "run", option, optarg) == 1 ? 1 : -1;
    }
    return ok ? 1 : -1;
}

/* Options that exclude each other. */
static bool check_together(const struct run_options *o)
{
    if (o->target != NULL &&
        (o->defect != NULL || o->rules != NULL || o->selection.profile != NULL)) {
        cli_wrong("run",
                  "--defect, --rules and --profile are for the embedded references; a target "
                  "file says its own profile and rules");
        return false;
    }
    if (o->selection.shards > 0 && !o->running.seed_set) {
        cli_wrong("run", "--shard needs --seed: the shards of one run have one seed");
        return false;
    }
    if (o->defect != NULL && o->selection.profile != NULL &&
        strcmp(o->defect->profile, o->selection.profile) != 0) {
        cli_wrong("run", "--defect %s is one of the profile %s", o->defect->id, o->defect->profile);
        return false;
    }
    return true;
}

static int parse(struct run_options *o, struct plan *plan, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"target", required_argument, NULL, 'T'},
        {"profile", required_argument, NULL, 'p'},
        {"rules", required_argument, NULL, 'R'},
        {"defect", required_argument, NULL, 'D'},
        {"level", required_argument, NULL, 'L'},
        {"fail-on", required_argument, NULL, 'F'},
        {"repeat", required_argument, NULL, 'N'},
        {"shard", required_argument, NULL, 'S'},
        {"expectations", required_argument, NULL, 'E'},
        {"disruptive", no_argument, NULL, 'X'},
        {"allow-host", required_argument, NULL, 'A'},
        {"pack", required_argument, NULL, 'K'},
        {"no-self-check", no_argument, NULL, 'C'},
        {"plan", no_argument, NULL, 'P'},
        CLI_RUNNING_OPTIONS,
        CLI_OUTPUT_OPTIONS,
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
    return check_together(o) ? 1 : -1;
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

/* The rule set of a profile's embedded references: as asked for, else one under which the defect
 * shows, else the default. NULL: the profile has no such one. */
static const char *rules_for(const struct run_options *o, const struct profile *profile)
{
    size_t set = 0;

    if (o->rules != NULL)
        return profile->rule_sets[profile_rule_set(profile, o->rules)];
    while (o->defect != NULL && profile->rule_sets[set] != NULL &&
           !defect_shows_under(o->defect, profile->rule_sets[set]))
        set++;
    return profile->rule_sets[set];
}

static bool is_wanted(const struct run_options *o, const struct profile *profile)
{
    if (o->defect != NULL && strcmp(o->defect->profile, profile->name) != 0)
        return false;
    return o->selection.profile == NULL || strcmp(o->selection.profile, profile->name) == 0;
}

/* A leg with the cases that are selected. One without is kept only where nothing is selected
 * anywhere, so that the run can say so. */
static bool add_reference(struct run_options *o, struct plan *plan, const struct profile *profile,
                          enum target_side side, bool keep_empty, struct assay_err *err)
{
    const struct leg_subject subject = {.profile = profile->name,
                                        .side = side,
                                        .rules = rules_for(o, profile),
                                        .defect = o->defect != NULL ? o->defect->id : NULL};
    struct leg *leg;
    char id[96];

    if (subject.rules == NULL || !profile_is_played(profile, side) ||
        (o->defect != NULL && !defect_concerns(o->defect, side)) ||
        snprintf(id, sizeof id, "%s %s", profile->name, target_side_name(side)) >= (int)sizeof id)
        return true;
    leg = plan_add_leg(plan, id, LEG_TARGET, &subject, err);
    if (leg == NULL)
        return false;
    leg_add_selection(plan, leg, &o->selection, (unsigned)o->repeat);
    if (leg->selected > 0 || keep_empty)
        o->shown[o->shown_count++] = leg;
    else
        plan_drop_leg(plan);
    return true;
}

static bool add_references(struct run_options *o, struct plan *plan, bool keep_empty,
                           struct assay_err *err)
{
    size_t room = keep_empty ? 1 : CLI_REFERENCES_MAX;
    const struct profile *profile;

    for (size_t i = 0; (profile = profile_at(i)) != NULL; i++)
        for (int side = 0; side < SIDE__COUNT && is_wanted(o, profile); side++)
            if (o->shown_count < room &&
                !add_reference(o, plan, profile, (enum target_side)side, keep_empty, err))
                return false;
    if (o->shown_count > 0)
        return true;
    if (!keep_empty)
        return add_references(o, plan, true, err);
    assay_fail(err, ASSAY_E_MISSING, 0,
               "there is no embedded reference of that profile and rule set with scenarios; "
               "`assay list profiles` shows what there is");
    return false;
}

static bool add_target(struct run_options *o, struct plan *plan, struct assay_err *err)
{
    struct leg *leg =
        plan_add_leg(plan, "target", LEG_TARGET, &(struct leg_subject){.path = o->target}, err);

    if (leg == NULL)
        return false;
    leg_add_selection(plan, leg, &o->selection, (unsigned)o->repeat);
    o->shown[o->shown_count++] = leg;
    return true;
}

static bool add_self_check(const struct run_options *o, struct plan *plan,
                           struct self_check_pair *pairs, size_t *count, struct assay_err *err)
{
    for (size_t i = 0; i < o->shown_count && !o->no_self_check; i++)
        if (o->shown[i]->selected > 0 && plan_self_check(plan, &o->selection, o->shown[i], pairs,
                                                         SESSION_PAIRS_MAX, count, err) != ASSAY_OK)
            return false;
    return true;
}

/* What there is one of cannot be asked by several workers at once. */
static void tell_of_workers(const struct run_options *o)
{
    const struct target *target = o->shown[0]->target;

    if (o->running.jobs > 1 && (!target->has_launch || target_has_fixed_role(target)))
        fprintf(stderr, "assay run: %s is asked by one worker, whatever --jobs says: %s\n",
                o->target,
                target->has_launch ? "its roles listen at one place (`roles` in the target file)"
                                   : "it is not started by Assay, so there is one of it");
}

/* Targets are read before anything is started, so that a wrong file costs nothing. Exit status, or
 * -1: go on. */
static int make_plan(struct run_options *o, struct plan *plan, struct self_check_pair *pairs,
                     size_t *pair_count)
{
    struct assay_err err = {0};

    if (cli_running_apply(&o->running, plan, &err) != ASSAY_OK ||
        !(o->target != NULL ? add_target(o, plan, &err) : add_references(o, plan, false, &err)))
        return cli_wrong("run", "%s", err.text);
    for (size_t i = 0; i < o->shown_count; i++)
        if (!cli_target_usable("run", o->shown[i]->target, plan))
            return EXIT_TROUBLE;
    if (!add_self_check(o, plan, pairs, pair_count, &err))
        return cli_wrong("run", "%s", err.text);
    if (!o->print_plan)
        return -1;
    print_plan(plan);
    return 0;
}

static bool show(const struct run_options *o)
{
    struct assay_err err = {0};
    json_t *run = NULL;
    bool ok = record_read(&run, o->running.out, &err) == ASSAY_OK;

    if (!ok)
        cli_wrong("run", "%s", err.text);
    ok = ok && cli_show_run("run", run) && cli_outputs_write(&o->outputs, "run", run);
    json_decref(run);
    return ok;
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
    int status = make_plan(o, plan, pairs, &session.pair_count);

    if (status >= 0)
        return status;
    tell_of_workers(o);
    plan->disruptive = plan->disruptive || cli_target_is_local(o->shown[0]->target);
    session.shown = o->shown;
    session.shown_count = o->shown_count;
    session.out = o->running.out;
    session.replace = o->running.replace;
    session.expectations =
        o->expectations != NULL ? o->expectations : o->shown[0]->target->expectations;
    if (session_run(plan, &session, &status, &err) != ASSAY_OK)
        return cli_wrong("run", "%s", err.text);
    return show(o) ? status : EXIT_TROUBLE;
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
