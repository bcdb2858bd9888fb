/* Folds the events of record.jsonl into the document that run.json is (record/fold.h). */
#include "record/fold.h"

#include "base/planted.h"
#include "record/record.h"

enum { EXIT_INTERRUPTED = 130 };

static enum assay_code out_of_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
}

json_t *fold_begin(void)
{
    return json_pack("{s:[], s:[]}", "legs", "cases");
}

enum assay_code fold_add(json_t *document, enum shape_event_kind kind, json_t *event,
                         struct assay_err *err)
{
    const struct shape_event *rule = &shape_events[kind];

    if (kind != EVENT_RUN && json_object_get(document, "schema") == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "expected the event run first, found %s",
                          rule->name);
    if (json_object_get(document, "outcome") != NULL && !PLANTED(record_end))
        return assay_fail(err, ASSAY_E_CONFLICT, 0, "the event %s stands behind the end",
                          rule->name);
    if (!rule->repeats &&
        json_object_get(document, rule->member != NULL ? rule->member : "schema") != NULL)
        return assay_fail(err, ASSAY_E_DUPLICATE, 0, "the event %s comes a second time",
                          rule->name);
    (void)json_object_del(event, "event");
    if (rule->member == NULL)
        return json_object_update(document, event) == 0 ? ASSAY_OK : out_of_memory(err);
    if (rule->repeats)
        return json_array_append(json_object_get(document, rule->member), event) == 0
                   ? ASSAY_OK
                   : out_of_memory(err);
    return json_object_set(document, rule->member, event) == 0 ? ASSAY_OK : out_of_memory(err);
}

static bool is_self_check(const json_t *document, const char *leg_id)
{
    const json_t *leg;
    size_t i;

    json_array_foreach (json_object_get(document, "legs"), i, leg)
        if (strcmp(json_string_value(json_object_get(leg, "id")), leg_id) == 0)
            return strcmp(json_string_value(json_object_get(leg, "purpose")), "self-check") == 0;
    return false;
}

/* What was judged before the interruption, verdict by verdict, the self-check apart. */
static json_t *count_verdicts(const json_t *document)
{
    json_t *counts = json_pack("{s:i, s:i, s:i, s:i, s:i}", "pass", 0, "fail", 0, "unsupported", 0,
                               "skipped", 0, "broken", 0);
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(document, "cases"), i, c) {
        json_t *count = json_object_get(counts, json_string_value(json_object_get(c, "verdict")));

        if (count != NULL && !is_self_check(document, json_string_value(json_object_get(c, "leg"))))
            (void)json_integer_set(count, json_integer_value(count) + 1);
    }
    return counts;
}

/* A case's profile is the first part of its scenario's name. */
static bool is_of_profile(const json_t *c, const char *profile)
{
    const char *scenario = json_string_value(json_object_get(c, "scenario"));
    size_t len = strlen(profile);

    return strncmp(scenario, profile, len) == 0 && scenario[len] == '/';
}

static bool has_case_of(const json_t *document, const char *profile, const char *threat)
{
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(document, "cases"), i, c)
        if (strcmp(json_string_value(json_object_get(c, "threat")), threat) == 0 &&
            is_of_profile(c, profile) &&
            !is_self_check(document, json_string_value(json_object_get(c, "leg"))))
            return true;
    return false;
}

static json_t *threats_not_reached(const json_t *document)
{
    json_t *list = json_array();
    const json_t *threat;
    size_t i;

    json_array_foreach (json_object_get(json_object_get(document, "catalogue"), "threats"), i,
                        threat) {
        const json_t *id = json_object_get(threat, "id");
        const json_t *profile = json_object_get(threat, "profile");

        if (has_case_of(document, json_string_value(profile), json_string_value(id)))
            continue;
        if (json_array_append_new(list,
                                  json_pack("{s:O, s:O, s:s}", "profile", profile, "threat", id,
                                            "reason", "the run was interrupted before it")) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum assay_code fold_finish(json_t *document, struct assay_err *err)
{
    json_t *outcome;

    if (json_object_get(document, "schema") == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "holds no complete event; the run ended before it began");
    if (json_object_get(document, "catalogue") == NULL &&
        json_object_set_new(
            document, "catalogue",
            json_pack("{s:[], s:[], s:[], s:[]}", "rules", "threats", "scenarios", "defects")) != 0)
        return out_of_memory(err);
    if (json_object_get(document, "outcome") != NULL)
        return ASSAY_OK;
    outcome = json_pack(
        "{s:n, s:i, s:b, s:b, s:[{s:s, s:s}], s:o, s:o}", "ended", "exit", EXIT_INTERRUPTED,
        "valid", 0, "interrupted", 1, "invalid", "code", "interrupted", "text",
        "the run stopped before its end; the record is complete up to there, and no verdict can be "
        "given",
        "counts", count_verdicts(document), "notJudged", threats_not_reached(document));
    return json_object_set_new(document, "outcome", outcome) == 0 ? ASSAY_OK : out_of_memory(err);
}
