/* Selecting scenarios: words of a command line to the cases they mean. */
#include "base/nearest.h"
#include "run/plan.h"

static void nearer(const char *word, const char *candidate, const char **best, size_t *least)
{
    const char *tail = candidate != NULL ? strchr(candidate, '/') : NULL;
    size_t d;

    if (candidate == NULL)
        return;
    d = assay_name_distance(word, candidate);
    if (tail != NULL && assay_name_distance(word, tail + 1) < d)
        d = assay_name_distance(word, tail + 1);
    if (d < *least) {
        *least = d;
        *best = candidate;
    }
}

static enum assay_code unknown(const char *word, struct assay_err *err)
{
    size_t count, least = SIZE_MAX;
    const char *best = NULL;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++) {
        nearer(word, all[i]->name, &best, &least);
        nearer(word, all[i]->threat, &best, &least);
        nearer(word, all[i]->rule, &best, &least);
    }
    if (least > strlen(word) / 2 + 1)
        best = NULL; /* nothing is near enough to be meant */
    return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                      "\"%s\" is no scenario, prefix of one, threat, rule or attack idea%s%s%s; "
                      "`assay list` shows "
                      "what there is",
                      word, best != NULL ? " (did you mean \"" : "", best != NULL ? best : "",
                      best != NULL ? "\"?)" : "");
}

/* "profile/scenario" or a prefix of it, or "profile/scenario/case". */
static bool name_takes(const char *name, const struct scenario *s, size_t index)
{
    size_t len = strlen(s->name);

    if (strncmp(s->name, name, strlen(name)) == 0)
        return true;
    return strncmp(name, s->name, len) == 0 && name[len] == '/' &&
           strcmp(name + len + 1, scenario_case_name(s, index)) == 0;
}

bool selection_name_takes(const char *name, const struct scenario *s, size_t index)
{
    return name_takes(name, s, index) || scenario_cites_idea(s, name);
}

static bool any_named(const char *word)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < scenario_case_count(all[i]); k++)
            if (name_takes(word, all[i], k))
                return true;
    return false;
}

static bool any_cites(const char *idea)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (scenario_cites_idea(all[i], idea))
            return true;
    return false;
}

enum assay_code selection_add(struct selection *selection, const char *word, struct assay_err *err)
{
    const struct profile *profile;
    bool threat = false, rule = false;

    for (size_t i = 0; (profile = profile_at(i)) != NULL; i++) {
        threat = threat || profile_threat_find(profile, word) != NULL;
        rule = rule || profile_rule_find(profile, word) != NULL;
    }
    if (word[0] == '\0' || (!threat && !rule && !any_named(word) && !any_cites(word)))
        return unknown(word, err);
    if (selection->threat_count == ARRAY_LEN(selection->threats) ||
        selection->rule_count == ARRAY_LEN(selection->rules) ||
        selection->name_count == ARRAY_LEN(selection->names))
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                          "too many names; a common prefix selects them together");
    if (threat)
        selection->threats[selection->threat_count++] = word;
    else if (rule)
        selection->rules[selection->rule_count++] = word;
    else
        selection->names[selection->name_count++] = word;
    return ASSAY_OK;
}

static bool in_list(const char *const *list, size_t count, const char *value)
{
    for (size_t i = 0; value != NULL && i < count; i++)
        if (strcmp(list[i], value) == 0)
            return true;
    return false;
}

bool selection_takes(const struct selection *selection, const struct scenario *s, size_t index,
                     const char *rules)
{
    if (selection->profile != NULL && strcmp(scenario_profile(s)->name, selection->profile) != 0)
        return false;
    if (scenario_level(s, rules) > selection->least)
        return false;
    if (selection->name_count + selection->threat_count + selection->rule_count == 0)
        return true;
    for (size_t i = 0; i < selection->name_count; i++)
        if (selection_name_takes(selection->names[i], s, index))
            return true;
    return in_list(selection->threats, selection->threat_count, s->threat) ||
           in_list(selection->rules, selection->rule_count, s->rule);
}
