/* The defect matrix: the suite's proof that its verdicts mean something. */
#include "run/matrix.h"

#include "defects/defects.h"

#include <stdlib.h>

struct row {
    const struct leg *leg; /* of a defect */
    json_t *caught_by;     /* "scenario" or "scenario/case" */
    bool named;            /* one of them names the defect */
};

struct matrix {
    struct row *rows;
    size_t row_count;
    json_t *false_alarms;
    size_t broken, correct;
};

struct matrix *matrix_new(const struct plan *plan)
{
    struct matrix *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    m->rows = calloc(plan->leg_count + 1, sizeof *m->rows);
    m->false_alarms = json_array();
    for (size_t i = 0; m->rows != NULL && i < plan->leg_count; i++)
        if (plan->legs[i].defect != NULL)
            m->rows[m->row_count++] =
                (struct row){.leg = &plan->legs[i], .caught_by = json_array()};
    if (m->rows == NULL || m->false_alarms == NULL) {
        matrix_free(m);
        return NULL;
    }
    return m;
}

void matrix_free(struct matrix *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->row_count; i++)
        json_decref(m->rows[i].caught_by);
    free(m->rows);
    json_decref(m->false_alarms);
    free(m);
}

static json_t *full_name(const struct planned_case *c)
{
    return c->scenario->rows == NULL ? json_string(c->scenario->name)
                                     : json_sprintf("%s/%s", c->scenario->name,
                                                    scenario_case_name(c->scenario, c->index));
}

void matrix_add(struct matrix *m, const struct leg *leg, const struct planned_case *c,
                const json_t *event)
{
    const char *verdict = json_string_value(json_object_get(event, "verdict"));
    bool failed = verdict != NULL && strcmp(verdict, "fail") == 0;
    bool broken = verdict == NULL || strcmp(verdict, "broken") == 0;

    if (leg->defect == NULL) {
        m->correct++;
        m->broken += broken ? 1 : 0;
        if (failed)
            json_array_append_new(m->false_alarms, full_name(c));
        return;
    }
    for (size_t i = 0; failed && i < m->row_count; i++) {
        if (m->rows[i].leg != leg)
            continue;
        json_array_append_new(m->rows[i].caught_by, full_name(c));
        m->rows[i].named = m->rows[i].named || scenario_names_defect(c->scenario, leg->defect);
    }
}

static json_t *scenarios_naming(const char *defect, enum target_side side)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        if (all[i]->side == side && scenario_names_defect(all[i], defect))
            json_array_append_new(out, json_string(all[i]->name));
    return out;
}

json_t *matrix_event(const struct matrix *m, struct matrix_counts *counts)
{
    json_t *rows = json_array();

    *counts = (struct matrix_counts){.defects = m->row_count,
                                     .broken = m->broken,
                                     .false_alarms = json_array_size(m->false_alarms)};
    for (size_t i = 0; i < m->row_count; i++) {
        const struct row *row = &m->rows[i];
        const struct ref_defect *d = ref_defect_at(ref_defect_find(assay_str(row->leg->defect)));
        const char *verdict = row->named                            ? "caught"
                              : json_array_size(row->caught_by) > 0 ? "unnamed"
                                                                    : "survived";

        counts->caught += row->named ? 1 : 0;
        counts->unnamed += !row->named && json_array_size(row->caught_by) > 0 ? 1 : 0;
        counts->survived += json_array_size(row->caught_by) == 0 ? 1 : 0;
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:s}", "defect", d->id, "profile",
                            d->profile, "side", target_side_name(row->leg->side), "rules",
                            row->leg->rules, "threat", d->threat, "caughtBy", row->caught_by,
                            "named", scenarios_naming(d->id, row->leg->side), "verdict", verdict));
    }
    return json_pack("{s:s, s:o, s:O, s:I}", "event", "matrix", "rows", rows, "falseAlarms",
                     m->false_alarms, "correctRuns", (json_int_t)m->correct);
}
