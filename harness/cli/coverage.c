/* assay list coverage: docs/coverage.md, generated: what every threat, rule and attack idea is
 * proved by. */
#include "cli/coverage.h"

#include "defects/defects.h"
#include "run/registry.h"

#include <stdio.h>

static const char *short_name(const struct scenario *s)
{
    const char *slash = strchr(s->name, '/');

    return slash != NULL ? slash + 1 : s->name;
}

/* Writes the scenarios for which `of` holds, separated by commas; returns how many. */
static size_t scenarios_where(const struct profile *p,
                              bool (*of)(const struct scenario *, const char *), const char *id)
{
    size_t count, found = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == p && of(all[i], id))
            printf("%s`%s`", found++ > 0 ? ", " : "", short_name(all[i]));
    return found;
}

static bool of_threat(const struct scenario *s, const char *threat)
{
    return s->threat != NULL && strcmp(s->threat, threat) == 0;
}

/* Its own rule, or one of a table whose cases are named after the rules that they judge. */
static bool of_rule(const struct scenario *s, const char *rule)
{
    bool is_of = strcmp(s->rule, rule) == 0;

    for (size_t i = 0; i < scenario_case_count(s) && !is_of; i++)
        is_of = strcmp(scenario_case_name(s, i), rule) == 0;
    return is_of;
}

static void defects_where(const struct profile *p, bool by_threat, const char *id)
{
    size_t found = 0;

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        if (strcmp(d->profile, p->name) == 0 && strcmp(by_threat ? d->threat : d->rule, id) == 0)
            printf("%s`%s`", found++ > 0 ? ", " : "", d->id);
    }
}

static void cover_sources(const struct profile *p)
{
    puts("Rules are read from:\n");
    for (size_t i = 0; i < p->source_count; i++)
        printf("- %s (%s)\n", p->sources[i].document, p->sources[i].revision);
}

static void cover_threats(const struct profile *p)
{
    puts("\n## Threats\n\n| threat | scenarios | seeded defects |\n|---|---|---|");
    for (size_t i = 0; i < p->threat_count; i++) {
        printf("| `%s` | ", p->threats[i].id);
        scenarios_where(p, of_threat, p->threats[i].id);
        fputs(" | ", stdout);
        defects_where(p, true, p->threats[i].id);
        puts(" |");
    }
}

/* Our own text, in which a bar would end the cell. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
    fputs(" | ", stdout);
}

static void cover_rules(const struct profile *p)
{
    fputs("\n## Rules\n\n| rule | what it says | clause |", stdout);
    for (size_t i = 0; p->rule_sets[i] != NULL; i++)
        printf(" %s |", p->rule_sets[i]);
    fputs(" scenarios | seeded defects |\n|---|---|---|", stdout);
    for (size_t i = 0; p->rule_sets[i] != NULL; i++)
        fputs("---|", stdout);
    puts("---|---|");
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct profile_rule *r = &p->rules[i];

        printf("| `%s` | ", r->id);
        put_cell(r->sentence);
        put_cell(r->source);
        for (size_t k = 0; p->rule_sets[k] != NULL; k++)
            printf("%s | ", rule_level_name(r->level[k]));
        scenarios_where(p, of_rule, r->id);
        fputs(" | ", stdout);
        defects_where(p, false, r->id);
        puts(" |");
    }
}

static const char *why_left(const struct profile *p, const char *idea)
{
    for (size_t i = 0; i < p->ideas_left_count; i++)
        if (strcmp(p->ideas_left[i].id, idea) == 0)
            return p->ideas_left[i].reason;
    return NULL;
}

static void cover_ideas(const struct profile *p)
{
    puts("\n## Attack ideas\n\n| idea | proved by, or why not |\n|---|---|");
    for (size_t i = 0; p->ideas[i] != NULL; i++) {
        const char *reason = why_left(p, p->ideas[i]);

        printf("| %s | ", p->ideas[i]);
        if (scenarios_where(p, scenario_cites_idea, p->ideas[i]) == 0)
            fputs(reason != NULL ? reason : "**missing**", stdout);
        else if (reason != NULL)
            printf("; %s", reason);
        puts(" |");
    }
}

static bool has_scenarios(const struct profile *p)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == p)
            return true;
    return false;
}

void coverage_print(void)
{
    const struct profile *p;

    puts("# Coverage\n\nWritten by `assay list coverage`; a test compares this file with what the "
         "program says.\n");
    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        printf("%s# Profile `%s`\n\n", i > 0 ? "\n" : "", p->name);
        if (!has_scenarios(p)) {
            puts("It has no scenarios yet.");
            continue;
        }
        cover_sources(p);
        cover_threats(p);
        cover_rules(p);
        cover_ideas(p);
    }
}

static size_t idea_gaps(const struct profile *p)
{
    size_t gaps = 0, count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t k = 0; p->ideas[k] != NULL; k++) {
        bool cited = why_left(p, p->ideas[k]) != NULL;

        for (size_t i = 0; i < count && !cited; i++)
            cited = scenario_profile(all[i]) == p && scenario_cites_idea(all[i], p->ideas[k]);
        gaps += cited ? 0 : 1;
    }
    return gaps;
}

static bool is_judged(const struct profile *p, const char *rule)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == p && all[i]->kind == SCENARIO_REQUIREMENT &&
            of_rule(all[i], rule))
            return true;
    return false;
}

static bool is_broken(const struct profile *p, const char *rule)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        if (strcmp(d->profile, p->name) == 0 && strcmp(d->rule, rule) == 0)
            return true;
    }
    return false;
}

size_t coverage_gaps(void)
{
    const struct profile *p;
    size_t gaps = 0;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        if (!has_scenarios(p))
            continue;
        gaps += idea_gaps(p);
        for (size_t k = 0; k < p->rule_count; k++)
            gaps += is_judged(p, p->rules[k].id) && is_broken(p, p->rules[k].id) ? 0 : 1;
    }
    return gaps;
}
