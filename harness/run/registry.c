/* The registry: the list that scenarios put themselves into, sorted and checked before anything
 * runs. */
#include "run/registry.h"

#include "defects/defects.h"
#include "run/profiles.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>

#define SCENARIOS_MAX 4096

static struct scenario *registered; /* newest first, as the constructors ran */
static const struct scenario *sorted[SCENARIOS_MAX];
static size_t sorted_count;
static bool is_sorted;

void scenario_register(struct scenario *scenario)
{
    scenario->next = registered;
    registered = scenario;
    is_sorted = false;
}

static int by_name(const void *a, const void *b)
{
    const struct scenario *const *one = a;
    const struct scenario *const *other = b;

    return strcmp((*one)->name, (*other)->name);
}

const struct scenario *const *registry_scenarios(size_t *count)
{
    if (!is_sorted) {
        sorted_count = 0;
        for (const struct scenario *s = registered; s != NULL && sorted_count < SCENARIOS_MAX;
             s = s->next)
            sorted[sorted_count++] = s;
        qsort(sorted, sorted_count, sizeof sorted[0], by_name);
        is_sorted = true;
    }
    *count = sorted_count;
    return sorted;
}

const struct scenario *registry_find(const char *name)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

const char *rule_level_name(enum rule_level level)
{
    static const char *const names[] = {"must", "should", "may", "ours", "report"};

    static_assert(ARRAY_LEN(names) == LEVEL__COUNT, "one name a level");
    return level < LEVEL__COUNT ? names[level] : "?";
}

const char *scenario_kind_name(enum scenario_kind kind)
{
    static const char *const names[] = {"requirement", "control", "observation"};

    static_assert(ARRAY_LEN(names) == SCENARIO_OBSERVATION + 1, "one name a kind");
    return names[kind];
}

static const struct profile *const profiles[] = {&profile_paid_tools, &profile_kaspa_x402,
                                                 &profile_x402};

const struct profile *profile_at(size_t index)
{
    return index < ARRAY_LEN(profiles) ? profiles[index] : NULL;
}

const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
        if (strcmp(profiles[i]->name, name) == 0)
            return profiles[i];
    return NULL;
}

const struct profile *scenario_profile(const struct scenario *scenario)
{
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        size_t len = strlen(profiles[i]->name);

        if (strncmp(scenario->name, profiles[i]->name, len) == 0 && scenario->name[len] == '/')
            return profiles[i];
    }
    return NULL;
}

const struct profile_rule *profile_rule_find(const struct profile *profile, const char *id)
{
    for (size_t i = 0; id != NULL && i < profile->rule_count; i++)
        if (strcmp(profile->rules[i].id, id) == 0)
            return &profile->rules[i];
    return NULL;
}

const struct profile_threat *profile_threat_find(const struct profile *profile, const char *id)
{
    for (size_t i = 0; id != NULL && i < profile->threat_count; i++)
        if (strcmp(profile->threats[i].id, id) == 0)
            return &profile->threats[i];
    return NULL;
}

size_t profile_rule_set(const struct profile *profile, const char *rules)
{
    size_t i = 0;

    while (profile->rule_sets[i] != NULL && strcmp(profile->rule_sets[i], rules) != 0)
        i++;
    return i;
}

enum rule_level profile_level(const struct profile *profile, const struct profile_rule *rule,
                              const char *rules)
{
    size_t set = profile_rule_set(profile, rules);

    return profile->rule_sets[set] != NULL ? rule->level[set] : LEVEL_REPORT;
}

enum rule_level scenario_level(const struct scenario *scenario, const char *rules)
{
    const struct profile *profile = scenario_profile(scenario);

    return profile_level(profile, profile_rule_find(profile, scenario->rule), rules);
}

size_t scenario_case_count(const struct scenario *scenario)
{
    return scenario->rows == NULL ? 1 : scenario->row_count;
}

const char *scenario_case_name(const struct scenario *scenario, size_t i)
{
    const char *name = "";

    if (scenario->rows != NULL)
        memcpy(&name, (const char *)scenario->rows + i * scenario->row_bytes, sizeof name);
    return name;
}

bool scenario_names_defect(const struct scenario *scenario, const char *defect)
{
    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && scenario->catches[i] != NULL; i++)
        if (strcmp(scenario->catches[i], defect) == 0)
            return true;
    return false;
}

/* Its name; NULL where the profile has none for that side. */
static const char *control_of(const struct profile *p, const struct scenario *s)
{
    return s->rests_on != NULL ? s->rests_on : p->first_control[s->side];
}

const struct scenario *scenario_control(const struct scenario *s)
{
    const char *name = control_of(scenario_profile(s), s);

    return s->kind == SCENARIO_CONTROL || name == NULL ? NULL : registry_find(name);
}

bool scenario_cites_idea(const struct scenario *scenario, const char *idea)
{
    const char *at = scenario->ideas;
    size_t len = strlen(idea);

    while (at != NULL && (at = strstr(at, idea)) != NULL) {
        bool starts = at == scenario->ideas || at[-1] == ' ';

        if (starts && (at[len] == ' ' || at[len] == '\0'))
            return true;
        at += len;
    }
    return false;
}

static enum assay_code check_cases(const struct scenario *s, struct assay_err *err)
{
    size_t count = scenario_case_count(s);

    if (count == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "its table of cases is empty: it would judge nothing");
    for (size_t i = 0; s->rows != NULL && i < count; i++) {
        const char *name = scenario_case_name(s, i);

        if (name == NULL || name[0] == '\0')
            return assay_fail(err, ASSAY_E_MISSING, i, "case %zu of its table has no name", i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(scenario_case_name(s, k), name) == 0)
                return assay_fail(err, ASSAY_E_DUPLICATE, i, "two cases are named \"%s\"", name);
    }
    return ASSAY_OK;
}

static enum assay_code check_control(const struct profile *p, const struct scenario *s,
                                     struct assay_err *err)
{
    const char *name = control_of(p, s);
    const struct scenario *control = name != NULL ? registry_find(name) : NULL;

    if (s->kind == SCENARIO_CONTROL)
        return ASSAY_OK;
    if (control == NULL || control->kind != SCENARIO_CONTROL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "it rests on \"%s\", which is no control",
                          name != NULL ? name : "");
    if (control->side != s->side)
        return assay_fail(err, ASSAY_E_CONFLICT, 0,
                          "it is put to a %s and rests on \"%s\", which is put to a %s",
                          target_side_name(s->side), name, target_side_name(control->side));
    return ASSAY_OK;
}

static enum assay_code check_catches(const struct scenario *s, struct assay_err *err)
{
    if (s->kind == SCENARIO_REQUIREMENT && s->catches[0] == NULL)
        return assay_fail(
            err, ASSAY_E_MISSING, 0,
            "it names no defect it catches: a requirement that catches nothing proves "
            "nothing (add .catches = DEFECTS(\"…\"))");
    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && s->catches[i] != NULL; i++) {
        enum ref_defect_id id = ref_defect_find(assay_str(s->catches[i]));

        if (id == REF_DEFECT__COUNT ||
            strcmp(ref_defect_at(id)->profile, scenario_profile(s)->name) != 0)
            return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                              "it catches \"%s\", which is no defect of %s", s->catches[i],
                              scenario_profile(s)->name);
    }
    return ASSAY_OK;
}

static enum assay_code check_scenario(const struct scenario *s, struct assay_err *err)
{
    const struct profile *p = scenario_profile(s);
    enum assay_code rc;

    if (p == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "its name begins with no known profile");
    if (s->title == NULL || s->title[0] == '\0')
        return assay_fail(err, ASSAY_E_MISSING, 0, "it has no title");
    if (s->kind != SCENARIO_CONTROL && profile_threat_find(p, s->threat) == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "its threat \"%s\" is not in the profile's list",
                          s->threat != NULL ? s->threat : "");
    if (profile_rule_find(p, s->rule) == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "its rule \"%s\" is not in the profile's list",
                          s->rule != NULL ? s->rule : "");
    if ((rc = check_cases(s, err)) != ASSAY_OK || (rc = check_control(p, s, err)) != ASSAY_OK)
        return rc;
    return check_catches(s, err);
}

enum assay_code registry_check(struct assay_err *err)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);
    enum assay_code rc;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(all[i - 1]->name, all[i]->name) == 0)
            return assay_fail(err, ASSAY_E_DUPLICATE, 0,
                              "two scenarios are named %s (%s:%d and %s:%d)", all[i]->name,
                              all[i - 1]->file, all[i - 1]->line, all[i]->file, all[i]->line);
        if ((rc = check_scenario(all[i], err)) != ASSAY_OK)
            return assay_err_wrap(err, rc, "%s:%d: scenario %s", all[i]->file, all[i]->line,
                                  all[i]->name);
    }
    return ASSAY_OK;
}

enum assay_code registry_load_pack(const char *path, struct assay_err *err)
{
    struct scenario *before = registered;
    const int *abi;
    void *pack;

    if (strchr(path, '/') == NULL)
        return assay_fail(err, ASSAY_E_IO, 0, "pack %s: give a path (./%s), not a library name",
                          path, path);
    pack = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (pack == NULL)
        return assay_fail(err, ASSAY_E_IO, 0, "pack %s cannot be loaded: %s", path, dlerror());
    abi = dlsym(pack, "assay_pack_abi");
    if (abi == NULL || *abi != SCENARIO_ABI)
        return assay_fail(
            err, ASSAY_E_MISMATCH, 0,
            "pack %s was not built for ABI %d (it must define const int assay_pack_abi "
            "= SCENARIO_ABI); build it against this assay's headers",
            path, SCENARIO_ABI);
    if (registered == before)
        return assay_fail(err, ASSAY_E_MISSING, 0, "pack %s registered no scenario", path);
    return ASSAY_OK;
}
