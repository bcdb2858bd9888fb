/* assay list: what there is, one thing a line, tab-separated, so that other programs can read it.
 */
#include "cli/cli.h"
#include "cli/coverage.h"
#include "defects/defects.h"
#include "run/drift.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: assay list [what]\n\nOne thing a line, its fields separated by tabs.\n\n"
    "  scenarios (default)  name, case, threat, rule, kind, title\n"
    "  profiles             name, rules, threats, rule sets, sides with an embedded reference\n"
    "  threats              id, profile, severity, threat\n"
    "  rules                id, profile, level in each rule set, sentence\n"
    "  defects              id, profile, rule sets, threat, rule, sentence\n"
    "  ideas                id, scenarios that implement it, or why none does\n"
    "  coverage             all of that as Markdown: docs/coverage.md; exit 1 when an idea has "
    "neither scenario\n"
    "                       nor reason, or a rule no requirement or no defect\n"
    "  drift                what a covenant template that drifted would allow, as Markdown:\n"
    "                       docs/template-drift.md; about two minutes\n";

static void list_scenarios(void)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < scenario_case_count(all[i]); k++)
            printf("%s\t%s\t%s\t%s\t%s\t%s\n", all[i]->name, scenario_case_name(all[i], k),
                   all[i]->threat != NULL ? all[i]->threat : "", all[i]->rule,
                   scenario_kind_name(all[i]->kind), all[i]->title);
}

static void list_profiles(void)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        printf("%s\t%zu rules\t%zu threats\t", p->name, p->rule_count, p->threat_count);
        for (size_t k = 0; p->rule_sets[k] != NULL; k++)
            printf("%s%s", k > 0 ? " " : "", p->rule_sets[k]);
        putchar('\t');
        for (int side = 0; side < SIDE__COUNT; side++)
            if (target_has_embedded(p->name, (enum target_side)side))
                printf("%s ", target_side_name((enum target_side)side));
        putchar('\n');
    }
}

static void list_threats(void)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
        for (size_t k = 0; k < p->threat_count; k++)
            printf("%s\t%s\t%s\t%s\n", p->threats[k].id, p->name, p->threats[k].severity,
                   p->threats[k].threat);
}

static void list_rule(const struct profile *p, const struct profile_rule *r)
{
    printf("%s\t%s\t", r->id, p->name);
    for (size_t i = 0; p->rule_sets[i] != NULL; i++)
        printf("%s%s: %s", i > 0 ? ", " : "", p->rule_sets[i], rule_level_name(r->level[i]));
    printf("\t%s\n", r->sentence);
}

static void list_rules(void)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
        for (size_t k = 0; k < p->rule_count; k++)
            list_rule(p, &p->rules[k]);
}

static void list_defects(void)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        printf("%s\t%s\t%s\t%s\t%s\t%s\n", d->id, d->profile, d->sets, d->threat, d->rule,
               d->sentence);
    }
}

static void list_idea(const struct profile *p, const char *idea)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    printf("%s\t", idea);
    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == p && scenario_cites_idea(all[i], idea))
            printf("%s ", all[i]->name);
    for (size_t i = 0; i < p->ideas_left_count; i++)
        if (strcmp(p->ideas_left[i].id, idea) == 0)
            printf("left out: %s", p->ideas_left[i].reason);
    putchar('\n');
}

static void list_ideas(void)
{
    const struct profile *p;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++)
        for (size_t k = 0; p->ideas[k] != NULL; k++)
            list_idea(p, p->ideas[k]);
}

static int list_drift(void)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)16 << 20);
    struct drift_cells *cells = malloc(sizeof(*cells));
    struct assay_err err = {0};
    struct drift_world w;
    bool is_made = drift_world_init(&w, &err) == ASSAY_OK && cells != NULL &&
                   drift_cells_make(cells, &w) == ASSAY_OK;

    if (is_made) {
        drift_document(&text, &w, cells);
        is_made = assay_buf_ok(&text) && fwrite(text.at, 1, text.len, stdout) == text.len &&
                  fflush(stdout) == 0;
    }
    drift_world_fini(&w);
    assay_buf_fini(&text);
    free(cells);
    return is_made ? 0 : cli_wrong("list", "drift cannot be made or written %s", err.text);
}

int cli_list(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*list)(void);
    } lists[] = {{"scenarios", list_scenarios}, {"profiles", list_profiles},
                 {"threats", list_threats},     {"rules", list_rules},
                 {"defects", list_defects},     {"ideas", list_ideas},
                 {"coverage", coverage_print}};
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct assay_err err = {0};
    int option = cli_option(argc, argv, options);
    const char *what;

    if (option == 'h') {
        fputs(help, stdout);
        return 0;
    }
    if (option == '?')
        return EXIT_TROUBLE;
    if (registry_check(&err) != ASSAY_OK)
        return cli_wrong("list", "%s", err.text);
    what = optind < argc ? argv[optind] : "scenarios";
    if (strcmp(what, "drift") == 0)
        return list_drift();
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (strcmp(what, lists[i].name) == 0) {
            lists[i].list();
            if (fflush(stdout) != 0)
                return EXIT_TROUBLE;
            return lists[i].list == coverage_print && coverage_gaps() > 0 ? 1 : 0;
        }
    }
    return cli_wrong("list",
                     "there is no list of \"%s\"; there are scenarios, profiles, threats, rules, "
                     "defects, ideas, coverage, drift",
                     what);
}
