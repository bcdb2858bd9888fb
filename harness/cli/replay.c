/* assay replay: repeat one case of a recorded run, with its seed, rule set and defect. */
#include "cli/cli.h"
#include "record/record.h"
#include "run/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "usage: assay replay RUN SCENARIO[/case] [options]\n\n"
    "Repeats one case of a recorded run with the same seed, target, rule set and defect, and shows "
    "everything\n"
    "that was seen. RUN is the folder of a record or its run.json.\n\n"
    "  --target FILE      another target file than the recorded one\n"
    "  --allow-host HOST  this host may be connected to, beside loopback\n"
    "  --disruptive       floods and crashes also against a target that is not on "
    "loopback\n" CLI_RUNNING_HELP "\nexit: as assay run\n";

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

/* The record's case of that full name; NULL when the run has none. */
static const json_t *find_case(const json_t *run, const char *name)
{
    size_t i;
    json_t *entry;

    json_array_foreach (json_object_get(run, "cases"), i, entry) {
        const char *scenario = text_of(entry, "scenario"), *of_case = text_of(entry, "case");
        size_t len = strlen(scenario);

        if (strncmp(name, scenario, len) != 0)
            continue;
        if ((name[len] == '\0' && of_case[0] == '\0') ||
            (name[len] == '/' && strcmp(name + len + 1, of_case) == 0))
            return entry;
    }
    return NULL;
}

static const json_t *find_leg(const json_t *run, const char *id)
{
    size_t i;
    json_t *leg;

    json_array_foreach (json_object_get(run, "legs"), i, leg)
        if (strcmp(text_of(leg, "id"), id) == 0)
            return leg;
    return NULL;
}

/* Index of the scenario's case of that name; SIZE_MAX: it has none any more. */
static size_t index_of(const struct scenario *scenario, const char *of_case)
{
    for (size_t i = 0; scenario != NULL && i < scenario_case_count(scenario); i++)
        if (strcmp(scenario_case_name(scenario, i), of_case) == 0)
            return i;
    return SIZE_MAX;
}

static void print_evidence(const char *folder)
{
    struct assay_err err = {0};
    json_t *run = NULL, *entry;
    size_t i, k;

    if (record_read(&run, folder, &err) != ASSAY_OK)
        return;
    json_array_foreach (json_object_get(run, "cases"), i, entry) {
        json_t *seen;

        json_array_foreach (json_object_get(entry, "evidence"), k, seen) {
            char *text =
                json_dumps(seen, JSON_COMPACT | JSON_ENSURE_ASCII); /* ASCII: inert on a terminal */

            printf("  %s\n", text != NULL ? text : "");
            free(text);
        }
    }
    json_decref(run);
}

static int carry_out(struct plan *plan, struct cli_running *running, const json_t *run,
                     const char *name, const char *target_file, int argc, char **argv)
{
    struct selection selection = {.least = LEVEL_REPORT};
    struct session_options session = {.verb = "replay",
                                      .argc = argc,
                                      .argv = argv,
                                      .fail_on = LEVEL_MUST,
                                      .selection = &selection,
                                      .self_check_left_out = true};
    const json_t *recorded = find_case(run, name);
    const json_t *of_leg = recorded != NULL ? find_leg(run, text_of(recorded, "leg")) : NULL;
    const char *defect =
        of_leg != NULL ? json_string_value(json_object_get(of_leg, "defect")) : NULL;
    const struct scenario *scenario = registry_find(text_of(recorded, "scenario"));
    size_t index = index_of(scenario, text_of(recorded, "case"));
    const char *path = target_file;
    struct assay_err err = {0};
    struct leg *leg;
    const struct leg *shown;
    int status = EXIT_TROUBLE;

    if (of_leg == NULL)
        return cli_wrong("replay", "the run has no case %s", name);
    if (index == SIZE_MAX)
        return cli_wrong("replay", "this version has no case %s", name);
    if (path == NULL && strcmp(text_of(of_leg, "target"), "(embedded)") != 0)
        path = text_of(of_leg, "target");
    if (!running->seed_set) {
        running->seed = strtoull(text_of(run, "seed"), NULL, 16);
        running->seed_set = true;
    }
    if (selection_add(&selection, name, &err) != ASSAY_OK ||
        cli_running_apply(running, plan, &err) != ASSAY_OK)
        return cli_wrong("replay", "%s", err.text);
    leg = plan_add_leg(plan, "target", LEG_TARGET,
                       &(struct leg_subject){.path = path,
                                             .profile = text_of(of_leg, "profile"),
                                             .side = scenario->side,
                                             .rules = text_of(of_leg, "rules"),
                                             .defect = defect},
                       &err);
    if (leg == NULL)
        return cli_wrong("replay", "%s", err.text);
    shown = leg;
    if (!cli_target_usable("replay", leg->target, plan))
        return EXIT_TROUBLE;
    plan->disruptive = plan->disruptive || cli_target_is_local(leg->target);
    if (leg_add(plan, leg, scenario, index, 0) != ASSAY_OK)
        return cli_wrong("replay", "out of memory");
    session.shown = &shown;
    session.shown_count = 1;
    session.out = running->out;
    session.replace = running->replace;
    if (session_run(plan, &session, &status, &err) != ASSAY_OK)
        return cli_wrong("replay", "%s", err.text);
    if (!cli_show("replay", running->out))
        return EXIT_TROUBLE;
    print_evidence(running->out);
    return status;
}

int cli_replay(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"target", required_argument, NULL, 'T'},
                                            {"allow-host", required_argument, NULL, 'A'},
                                            {"disruptive", no_argument, NULL, 'X'},
                                            CLI_RUNNING_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    static struct plan plan;
    struct cli_running running = {0};
    struct assay_err err = {0};
    const char *target_file = NULL;
    json_t *run = NULL;
    int option, status;

    plan_init(&plan);
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'T')
            target_file = optarg;
        else if (option == 'X')
            plan.disruptive = true;
        else if (option == 'A' && plan.host_count < PLAN_HOSTS_MAX)
            plan.hosts[plan.host_count++] = optarg;
        else if (cli_running_option(&running, "replay", option, optarg) != 1)
            return EXIT_TROUBLE;
    }
    if (argc - optind != 2)
        return cli_wrong("replay", "expected a run and the name of one of its cases");
    if (registry_check(&err) != ASSAY_OK || record_read(&run, argv[optind], &err) != ASSAY_OK)
        return cli_wrong("replay", "%s", err.text);
    status = carry_out(&plan, &running, run, argv[optind + 1], target_file, argc, argv);
    json_decref(run);
    plan_fini(&plan);
    return status;
}
