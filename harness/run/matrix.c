/* The defect matrix: the suite's proof that its verdicts mean something. */
#include "run/matrix.h"

#include "defects/defects.h"
#include "run/outcome.h"

#include <stdlib.h>

/* What a scenario has said of a defect it names, over all its cases. */
enum pair { PAIR_SILENT, PAIR_MISSED, PAIR_CAUGHT };

struct row {
    const struct leg *leg; /* of a defect */
    json_t *caught_by;     /* "scenario" or "scenario/case" */
    enum pair *pairs;      /* of each scenario of the registry, where it names the defect */
    bool named;            /* one of those has caught it */
};

struct matrix {
    struct row *rows;
    size_t row_count;
    enum pair *pairs; /* of all rows */
    json_t *false_alarms;
    size_t broken, correct;
};

struct matrix *matrix_new(const struct plan *plan)
{
    struct matrix *m = calloc(1, sizeof *m);
    size_t scenarios;

    if (m == NULL)
        return NULL;
    registry_scenarios(&scenarios);
    m->rows = calloc(plan->leg_count + 1, sizeof *m->rows);
    m->pairs = calloc((plan->leg_count + 1) * (scenarios + 1), sizeof *m->pairs);
    m->false_alarms = json_array();
    if (m->rows == NULL || m->pairs == NULL || m->false_alarms == NULL) {
        matrix_free(m);
        return NULL;
    }
    for (size_t i = 0; i < plan->leg_count; i++) {
        if (plan->legs[i].defect == NULL)
            continue;
        m->rows[m->row_count] = (struct row){.leg = &plan->legs[i],
                                             .caught_by = json_array(),
                                             .pairs = m->pairs + m->row_count * scenarios};
        m->row_count++;
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
    free(m->pairs);
    json_decref(m->false_alarms);
    free(m);
}

static json_t *full_name(const struct planned_case *c)
{
    return c->scenario->rows == NULL ? json_string(c->scenario->name)
                                     : json_sprintf("%s/%s", c->scenario->name,
                                                    scenario_case_name(c->scenario, c->index));
}

/* The rounds of a race are one case. */
static void add_once(json_t *names, json_t *name)
{
    const json_t *other;
    size_t i;

    json_array_foreach (names, i, other) {
        if (json_equal(other, name)) {
            json_decref(name);
            return;
        }
    }
    json_array_append_new(names, name);
}

/* One case that fails is enough; what this machine cannot carry out says nothing. */
static void note_pair(struct row *row, const struct planned_case *c, enum verdict verdict)
{
    size_t count, i = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    while (i < count && all[i] != c->scenario)
        i++;
    if (i == count || !scenario_names_defect(c->scenario, row->leg->defect))
        return;
    row->named = row->named || verdict == VERDICT_FAIL;
    if (verdict == VERDICT_FAIL)
        row->pairs[i] = PAIR_CAUGHT;
    else if (verdict != VERDICT_UNSUPPORTED && verdict != VERDICT_SKIPPED &&
             row->pairs[i] == PAIR_SILENT)
        row->pairs[i] = PAIR_MISSED;
}

void matrix_add(struct matrix *m, const struct leg *leg, const struct planned_case *c,
                const json_t *event)
{
    enum verdict verdict = outcome_verdict(event);

    if (leg->defect == NULL) {
        m->correct++;
        m->broken += verdict == VERDICT_BROKEN ? 1 : 0;
        if (verdict == VERDICT_FAIL)
            json_array_append_new(m->false_alarms, full_name(c));
        return;
    }
    for (size_t i = 0; i < m->row_count; i++) {
        if (m->rows[i].leg != leg)
            continue;
        note_pair(&m->rows[i], c, verdict);
        if (verdict == VERDICT_FAIL)
            add_once(m->rows[i].caught_by, full_name(c));
    }
}

/* The scenarios that name the defect of the row on its side, or those of them that missed it. */
static json_t *scenarios_naming(const struct row *row, bool missed_only)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        if (all[i]->side == row->leg->side && scenario_names_defect(all[i], row->leg->defect) &&
            (!missed_only || row->pairs[i] == PAIR_MISSED))
            json_array_append_new(out, json_string(all[i]->name));
    return out;
}

static const char *row_verdict(const struct row *row, const json_t *missed_by)
{
    if (json_array_size(row->caught_by) == 0)
        return "survived";
    if (!row->named)
        return "unnamed";
    return json_array_size(missed_by) > 0 ? "partly" : "caught";
}

static json_t *row_event(const struct row *row, struct matrix_counts *counts)
{
    const struct ref_defect *d = ref_defect_at(ref_defect_find(assay_str(row->leg->defect)));
    json_t *missed_by = scenarios_naming(row, true);
    const char *verdict = row_verdict(row, missed_by);

    counts->caught += strcmp(verdict, "caught") == 0 ? 1 : 0;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:o, s:s}", "defect", d->id, "profile",
                     d->profile, "side", target_side_name(row->leg->side), "rules", row->leg->rules,
                     "threat", d->threat, "caughtBy", row->caught_by, "missedBy", missed_by,
                     "named", scenarios_naming(row, false), "verdict", verdict);
}

json_t *matrix_event(const struct matrix *m, struct matrix_counts *counts)
{
    json_t *rows = json_array();

    *counts = (struct matrix_counts){.defects = m->row_count,
                                     .broken = m->broken,
                                     .false_alarms = json_array_size(m->false_alarms)};
    for (size_t i = 0; i < m->row_count; i++)
        json_array_append_new(rows, row_event(&m->rows[i], counts));
    return json_pack("{s:s, s:o, s:O, s:I}", "event", "matrix", "rows", rows, "falseAlarms",
                     m->false_alarms, "correctRuns", (json_int_t)m->correct);
}
