/* assay explain: everything the suite knows of one rule, threat, scenario, defect or idea. */
#include "cli/cli.h"
#include "defects/defects.h"

#include <stdio.h>

static const char help[] =
    "usage: assay explain NAME\n\n"
    "NAME is a rule (NS-1), a threat (proof-replay), a scenario (paid-tools/…), a defect\n"
    "(nonce.two_steps) or an attack idea (T1-02).\n";

static void scenario_line(const struct scenario *s)
{
    printf("  %s\n      %s\n", s->name, s->title);
}

static void scenarios_where(const struct profile *p,
                            bool (*holds)(const struct scenario *s, const char *name),
                            const char *name)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    puts("scenarios:");
    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == p && holds(all[i], name))
            scenario_line(all[i]);
}

static bool is_of_rule(const struct scenario *s, const char *rule)
{
    return strcmp(s->rule, rule) == 0;
}

static bool is_of_threat(const struct scenario *s, const char *threat)
{
    return s->threat != NULL && strcmp(s->threat, threat) == 0;
}

static bool explain_rule(const char *name)
{
    const struct profile *p;
    bool found = false;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        const struct profile_rule *r = profile_rule_find(p, name);

        if (r == NULL)
            continue;
        found = true;
        printf("rule %s of %s (", r->id, p->name);
        for (size_t k = 0; p->rule_sets[k] != NULL; k++)
            printf("%s%s in %s", k > 0 ? ", " : "", rule_level_name(r->level[k]), p->rule_sets[k]);
        printf(")\n%s\nsource: %s\nremedy: %s\n", r->sentence, r->source, r->remedy);
        scenarios_where(p, is_of_rule, name);
    }
    return found;
}

static bool explain_threat(const char *name)
{
    const struct profile *p;
    bool found = false;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        const struct profile_threat *t = profile_threat_find(p, name);

        if (t == NULL)
            continue;
        found = true;
        printf("threat %s of %s (severity %s, STRIDE %s)\nasset: %s\nthreat: %s\nmitigation: "
               "%s\nresidual risk: %s\n"
               "what a black box cannot reach: %s\n",
               t->id, p->name, t->severity, t->stride, t->asset, t->threat, t->mitigation,
               t->residual, t->not_reached[0] != '\0' ? t->not_reached : "nothing known");
        scenarios_where(p, is_of_threat, name);
    }
    return found;
}

static bool explain_scenario(const char *name)
{
    const struct scenario *s = registry_find(name);

    if (s == NULL)
        return false;
    printf("scenario %s (%s:%d)\n%s\nput to: a %s\nthreat: %s\nrule: %s\nattack ideas: %s\n"
           "rests on: %s\n",
           s->name, s->file, s->line, s->title, target_side_name(s->side),
           s->threat != NULL ? s->threat : "none: it is a control", s->rule,
           s->ideas != NULL ? s->ideas : "none",
           scenario_control(s) != NULL ? scenario_control(s)->name : "nothing: it is a control");
    for (size_t i = 0; s->rows != NULL && i < scenario_case_count(s); i++)
        printf("  case %s\n", scenario_case_name(s, i));
    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && s->catches[i] != NULL; i++)
        printf("  catches %s: %s\n", s->catches[i],
               ref_defect_at(ref_defect_find(assay_str(s->catches[i])))->sentence);
    return true;
}

static bool explain_defect(const char *name)
{
    enum ref_defect_id id = ref_defect_find(assay_str(name));
    const struct ref_defect *d = id != REF_DEFECT__COUNT ? ref_defect_at(id) : NULL;

    if (d == NULL)
        return false;
    printf("defect %s of %s (rule sets: %s)\n%s\nthreat: %s\nrule: %s\nin: %s\n", d->id, d->profile,
           d->sets, d->sentence, d->threat, d->rule, d->place);
    scenarios_where(profile_find(d->profile), scenario_names_defect, name);
    return true;
}

static bool explain_idea(const char *name)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
        for (size_t k = 0; p->ideas[k] != NULL; k++) {
            if (strcmp(p->ideas[k], name) != 0)
                continue;
            printf("attack idea %s of %s\n", name, p->name);
            for (size_t l = 0; l < p->ideas_left_count; l++)
                if (strcmp(p->ideas_left[l].id, name) == 0)
                    printf("left out: %s\n", p->ideas_left[l].reason);
            scenarios_where(p, scenario_cites_idea, name);
            return true;
        }
    return false;
}

int cli_explain(int argc, char **argv)
{
    static bool (*const kinds[])(const char *name) = {
        explain_rule, explain_threat, explain_scenario, explain_defect, explain_idea};
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct selection nearest = {0};
    struct assay_err err = {0};
    int option = cli_option(argc, argv, options);

    if (option == 'h') {
        fputs(help, stdout);
        return 0;
    }
    if (option == '?')
        return EXIT_TROUBLE;
    if (optind + 1 != argc)
        return cli_wrong("explain", "expected one name");
    if (registry_check(&err) != ASSAY_OK)
        return cli_wrong("explain", "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i](argv[optind]))
            return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
    if (selection_add(&nearest, argv[optind], &err) == ASSAY_OK)
        return cli_wrong("explain", "%s is the beginning of several names; give one in full",
                         argv[optind]);
    return cli_wrong("explain", "%s", err.text);
}
