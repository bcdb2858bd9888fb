/* Expectations files: reading them, and the cases that they name (run/outcome.h). */
#include "run/outcome.h"

#include "base/planted.h"

void outcome_known_cases(const struct outcome *o, const char **out, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < o->known_count; i++) {
        const struct scenario *s = registry_find(o->known[i].scenario);

        if (o->known[i].case_name != NULL && count + 1 < room)
            out[count++] = o->known[i].case_name;
        for (size_t k = 0; o->known[i].case_name == NULL && k < scenario_case_count(s); k++)
            if (count + 1 < room)
                out[count++] = scenario_case_name(s, k);
    }
    out[count] = NULL;
}

bool outcome_is_known(const struct outcome *o, const struct planned_case *c)
{
    const char *name = scenario_case_name(c->scenario, c->index);

    for (size_t i = 0; i < o->known_count; i++)
        if (strcmp(o->known[i].scenario, c->scenario->name) == 0 &&
            (o->known[i].case_name == NULL || strcmp(o->known[i].case_name, name) == 0))
            return true;
    return false;
}

static bool has_case_named(const struct scenario *s, const char *name)
{
    for (size_t i = 0; i < scenario_case_count(s); i++)
        if (PLANTED(expected_case) ? strncmp(scenario_case_name(s, i), name, strlen(name)) == 0
                                   : strcmp(scenario_case_name(s, i), name) == 0)
            return true;
    return false;
}

static enum assay_code add_known(struct outcome *o, const char *path, size_t index,
                                 const json_t *entry, struct assay_err *err)
{
    const char *member, *name = json_string_value(json_object_get(entry, "scenario"));
    const char *case_name = json_string_value(json_object_get(entry, "case"));
    const char *reason = json_string_value(json_object_get(entry, "reason"));
    const struct scenario *s = name != NULL ? registry_find(name) : NULL;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)entry, member, value)
        if (strcmp(member, "scenario") != 0 && strcmp(member, "case") != 0 &&
            strcmp(member, "reason") != 0)
            return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                              "%s: known[%zu].%s: no such member; known are scenario, "
                              "case, reason",
                              path, index, member);
    if (name == NULL || reason == NULL ||
        (json_object_get(entry, "case") != NULL && case_name == NULL))
        return assay_fail(err, ASSAY_E_TYPE, 0,
                          "%s: known[%zu]: expected an object with the texts scenario and reason, "
                          "and perhaps case",
                          path, index);
    if (s == NULL || (case_name != NULL && !has_case_named(s, case_name)))
        return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                          "%s: known[%zu]: there is no %s%s%s; `assay list` shows what there is",
                          path, index, name, case_name != NULL ? "/" : "",
                          case_name != NULL ? case_name : "");
    if (o->known_count == OUTCOME_KNOWN_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: more than %d known failures", path,
                          OUTCOME_KNOWN_MAX);
    o->known[o->known_count++] = (struct known_failure){
        .scenario = s->name,
        .reason = assay_arena_printf(&o->arena, "%s", reason),
        .case_name = case_name != NULL ? assay_arena_printf(&o->arena, "%s", case_name) : NULL};
    return ASSAY_OK;
}

enum assay_code outcome_expectations_read(struct outcome *o, const json_t *file, const char *path,
                                          struct assay_err *err)
{
    const json_t *known = json_object_get(file, "known");
    size_t before = o->known_count;
    enum assay_code rc = ASSAY_OK;

    if (!json_is_array(known) || json_object_size(file) != 1)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "%s: expected an object with exactly one member, the array \"known\"",
                          path);
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(known); i++)
        rc = add_known(o, path, i, json_array_get(known, i), err);
    if (rc != ASSAY_OK)
        o->known_count = before;
    return rc;
}

enum assay_code outcome_expectations(struct outcome *o, const char *path, struct assay_err *err)
{
    json_error_t where;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    enum assay_code rc;

    if (file == NULL)
        return assay_fail(err, where.line > 0 ? ASSAY_E_MALFORMED : ASSAY_E_IO, 0, "%s:%d: %s",
                          path, where.line > 0 ? where.line : 0, where.text);
    rc = outcome_expectations_read(o, file, path, err);
    json_decref(file);
    return rc;
}
