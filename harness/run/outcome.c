/* What a run comes to: a run that judged nothing must never look green. */
#include "run/outcome.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *outcome_invalid_code(enum outcome_invalid invalid)
{
    static const char *const codes[] = {
#define X(ident, code, text) code,
        OUTCOME_INVALIDS(X)
#undef X
    };

    return invalid < INVALID__COUNT ? codes[invalid] : "?";
}

enum { KEY_MAX_BYTES = 160 };

static const char *meaning_of(enum outcome_invalid invalid)
{
    static const char *const texts[] = {
#define X(ident, code, text) text,
        OUTCOME_INVALIDS(X)
#undef X
    };

    return texts[invalid];
}

enum assay_code outcome_init(struct outcome *o, enum rule_level fail_on,
                             const struct selection *selection, struct assay_err *err)
{
    *o = (struct outcome){.arena = ASSAY_ARENA_INIT((size_t)8 << 20),
                          .fail_on = fail_on,
                          .selection = selection,
                          .invalid = json_array(),
                          .threats = json_object(),
                          .words = json_object()};
    if (o->invalid == NULL || o->threats == NULL || o->words == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return ASSAY_OK;
}

void outcome_concerns(struct outcome *o, const struct profile *profile, enum target_side side)
{
    size_t i = 0;

    while (o->profiles[i] != NULL && o->profiles[i] != profile)
        i++;
    assert(i + 1 < OUTCOME_PROFILES_MAX);
    o->profiles[i] = profile;
    o->concerns[i][side] = true;
}

void outcome_fini(struct outcome *o)
{
    json_decref(o->invalid);
    json_decref(o->threats);
    json_decref(o->words);
    assay_arena_fini(&o->arena);
}

void outcome_invalidate(struct outcome *o, enum outcome_invalid why, const char *format, ...)
{
    char text[1024];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(o->invalid,
                          json_pack("{s:s, s:o}", "code", outcome_invalid_code(why), "text",
                                    json_sprintf("%s: %s", meaning_of(why), len > 0 ? text : "")));
}

/* ---- taking cases into account ---- */

static void count_answers(struct outcome *o, const json_t *evidence)
{
    size_t i;
    json_t *entry;

    json_array_foreach ((json_t *)(uintptr_t)evidence, i, entry) {
        const char *kind = json_string_value(json_object_get(entry, "kind"));
        json_int_t status =
            json_integer_value(json_object_get(json_object_get(entry, "response"), "status"));

        if (kind == NULL || strcmp(kind, "exchange") != 0)
            continue;
        o->answers += status != 0 ? 1 : 0;
        o->refused_connections += status == 0 ? 1 : 0;
        o->statuses_401 += status == 401 || status == 403 ? 1 : 0;
        o->statuses_5xx += status >= 500 ? 1 : 0;
    }
}

enum verdict outcome_verdict(const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "verdict"));

    for (int v = 0; v < VERDICT__COUNT; v++)
        if (name != NULL && strcmp(name, verdict_name((enum verdict)v)) == 0)
            return (enum verdict)v;
    return VERDICT_BROKEN;
}

static const char *text_of(const json_t *event, const char *member)
{
    const char *text = json_string_value(json_object_get(event, member));

    return text != NULL ? text : "";
}

/* Counts under a threat, rule or name how often it was judged, and keeps the first reason why it
 * was not. */
static void count_under(json_t *table, const char *word, bool judged, const char *reason)
{
    json_t *entry = json_object_get(table, word);
    json_int_t before = json_integer_value(json_object_get(entry, "judged"));

    if (entry == NULL) {
        json_object_set_new(table, word, json_pack("{s:i, s:s}", "judged", 0, "reason", ""));
        entry = json_object_get(table, word);
    }
    if (judged)
        json_object_set_new(entry, "judged", json_integer(before + 1));
    else if (text_of(entry, "reason")[0] == '\0')
        json_object_set_new(entry, "reason", json_string(reason));
}

/* Two profiles may have a threat of the same id. */
static const char *threat_key(char key[KEY_MAX_BYTES], const struct profile *profile,
                              const char *threat)
{
    if (snprintf(key, KEY_MAX_BYTES, "%s/%s", profile->name, threat) >= KEY_MAX_BYTES)
        key[0] = '\0';
    return key;
}

static void count_judged(struct outcome *o, const struct planned_case *c, enum verdict verdict,
                         const char *reason)
{
    bool judged = verdict == VERDICT_PASS || verdict == VERDICT_FAIL;
    bool is_requirement = c->scenario->kind == SCENARIO_REQUIREMENT;
    const struct profile *profile = scenario_profile(c->scenario);
    char key[KEY_MAX_BYTES];

    if (c->scenario->threat != NULL)
        count_under(o->threats, threat_key(key, profile, c->scenario->threat),
                    judged && is_requirement, reason);
    for (size_t i = 0; i < o->selection->rule_count; i++)
        if (strcmp(o->selection->rules[i], c->scenario->rule) == 0)
            count_under(o->words, o->selection->rules[i], judged && is_requirement, reason);
    for (size_t i = 0; i < o->selection->name_count; i++)
        if (selection_name_takes(o->selection->names[i], c->scenario, c->index))
            count_under(o->words, o->selection->names[i], judged, reason);
}

static bool counts_for_exit(const struct outcome *o, const json_t *event)
{
    const char *level = text_of(event, "level");

    for (int l = LEVEL_MUST; l <= (int)o->fail_on; l++)
        if (strcmp(level, rule_level_name((enum rule_level)l)) == 0)
            return true;
    return false;
}

/* What keeps the target from being asked at all is the same for each control: it is said once. */
static void lose_control(struct outcome *o, const struct planned_case *c, const json_t *event,
                         enum verdict verdict)
{
    const struct profile *profile = scenario_profile(c->scenario);
    bool failed = verdict == VERDICT_FAIL;
    const char *why = text_of(event, failed ? "seen" : "reason");

    if (!failed && o->control_broken != NULL && strcmp(o->control_broken, why) == 0)
        return;
    if (!failed)
        o->control_broken = (const char *)assay_arena_copy(&o->arena, assay_str(why)).at;
    outcome_invalidate(o, INVALID_CONTROL_FAILED, "%s%s%s: %s%s%s%s", c->scenario->name,
                       c->scenario->rows != NULL ? "/" : "",
                       scenario_case_name(c->scenario, c->index), why, failed ? " (" : "",
                       failed ? profile->honest_hint[c->scenario->side] : "", failed ? ")" : "");
}

/* A control that rests on another is of a part of the target (its callers, its heads): that the
 * part does not serve honest payers is a failure like any, and takes along only what rests on it.
 */
static bool is_of_a_part(const struct scenario *control)
{
    return control != NULL && control->kind == SCENARIO_CONTROL && control->rests_on != NULL;
}

static bool is_first_control(const struct scenario *s)
{
    const char *name = scenario_profile(s)->first_control[s->side];

    return name != NULL && strcmp(s->name, name) == 0;
}

static bool is_lost_with_its_part(const struct outcome *o, const struct scenario *s)
{
    const struct scenario *control = scenario_control(s);

    for (size_t i = 0; i < o->lost_part_count; i++)
        if (o->lost_parts[i] == control)
            return true;
    return false;
}

static void lose_part(struct outcome *o, const struct scenario *control)
{
    if (o->lost_part_count < ARRAY_LEN(o->lost_parts))
        o->lost_parts[o->lost_part_count++] = control;
}

static void note_control(struct outcome *o, const struct planned_case *c, const json_t *event,
                         enum verdict verdict)
{
    if (verdict == VERDICT_FAIL || verdict == VERDICT_BROKEN)
        lose_control(o, c, event, verdict);
    if (verdict != VERDICT_UNSUPPORTED || !is_first_control(c->scenario))
        return;
    o->unasked = c->scenario;
    o->unasked_why = assay_arena_printf(&o->arena, "%s", text_of(event, "reason"));
}

void outcome_add_recorded(struct outcome *o, const struct planned_case *planned,
                          const json_t *event)
{
    enum verdict verdict = outcome_verdict(event);
    const char *expectation = text_of(event, "expectation");
    bool is_control = planned->scenario->kind == SCENARIO_CONTROL;

    o->counts[verdict]++;
    o->judged += planned->scenario->kind == SCENARIO_REQUIREMENT &&
                         (verdict == VERDICT_PASS || verdict == VERDICT_FAIL)
                     ? 1
                     : 0;
    count_answers(o, json_object_get(event, "evidence"));
    count_judged(o, planned, verdict, text_of(event, "reason"));
    o->failures += strcmp(expectation, "unexpected-pass") == 0 ? 1 : 0;
    o->broken_with_their_part +=
        verdict == VERDICT_BROKEN && is_lost_with_its_part(o, planned->scenario) ? 1 : 0;
    if (verdict == VERDICT_FAIL && is_of_a_part(planned->scenario))
        lose_part(o, planned->scenario);
    if (is_control && !is_of_a_part(planned->scenario)) {
        note_control(o, planned, event, verdict);
    } else if (verdict == VERDICT_FAIL && expectation[0] == '\0' && counts_for_exit(o, event))
        o->failures++;
}

void outcome_add(struct outcome *o, const struct planned_case *planned, json_t *event)
{
    enum verdict verdict = outcome_verdict(event);
    const char *expectation = NULL;

    if (outcome_is_known(o, planned) && verdict == VERDICT_FAIL)
        expectation = "expected";
    else if (outcome_is_known(o, planned) && verdict == VERDICT_PASS)
        expectation = "unexpected-pass";
    json_object_set_new(event, "expectation",
                        expectation != NULL ? json_string(expectation) : json_null());
    outcome_add_recorded(o, planned, event);
}

/* ---- conclusions ---- */

static void judge_broken(struct outcome *o)
{
    size_t controls = json_array_size(o->invalid);
    uint64_t broken = o->counts[VERDICT_BROKEN] - o->broken_with_their_part;

    if (broken > 0 && controls == 0)
        outcome_invalidate(o, INVALID_BROKEN, "%" PRIu64 " case%s; each says why", broken,
                           broken == 1 ? "" : "s");
}

static void judge_answers(struct outcome *o)
{
    if (o->answers == 0 && o->refused_connections > 0)
        outcome_invalidate(o, INVALID_UNREACHABLE,
                           "%" PRIu64 " requests, no answer; is it listening at base_url?",
                           o->refused_connections);
    if (o->answers > 0 && o->statuses_401 == o->answers)
        outcome_invalidate(
            o, INVALID_ALL_UNAUTHORIZED,
            "%" PRIu64 " of %" PRIu64
            " were 401 or 403; does the target file give the credentials the server wants?",
            o->statuses_401, o->answers);
    if (o->answers > 0 && o->statuses_5xx == o->answers)
        outcome_invalidate(o, INVALID_ALL_SERVER_ERRORS,
                           "%" PRIu64 " of %" PRIu64 "; look into the server's log",
                           o->statuses_5xx, o->answers);
}

/* Where an honest payment cannot even be made, no refusal means anything. */
static void judge_unasked(struct outcome *o)
{
    if (o->unasked != NULL && o->judged > 0)
        outcome_invalidate(o, INVALID_CONTROL_FAILED, "%s: %s", o->unasked->name,
                           o->unasked_why != NULL ? o->unasked_why : "");
}

static bool was_judged(const json_t *table, const char *word)
{
    return json_integer_value(json_object_get(json_object_get(table, word), "judged")) > 0;
}

static const char *why_not_judged(const json_t *table, const char *word)
{
    const char *reason = text_of(json_object_get(table, word), "reason");

    return reason[0] != '\0' ? reason : "no requirement of it was selected and carried out";
}

/* In each profile of the run that has it. */
static void judge_named_threat(struct outcome *o, const char *threat)
{
    bool known = false;

    for (size_t i = 0; o->profiles[i] != NULL; i++) {
        char key[KEY_MAX_BYTES];

        if (profile_threat_find(o->profiles[i], threat) == NULL)
            continue;
        known = true;
        if (!was_judged(o->threats, threat_key(key, o->profiles[i], threat)))
            outcome_invalidate(o, INVALID_NAMED_NOT_JUDGED, "threat %s: %s", threat,
                               why_not_judged(o->threats, key));
    }
    if (!known)
        outcome_invalidate(o, INVALID_NAMED_NOT_JUDGED,
                           "threat %s: the target's profile has none "
                           "of that name",
                           threat);
}

/* What was named and not judged makes the run INVALID: whoever names a thing relies on it. */
static void judge_named(struct outcome *o)
{
    for (size_t i = 0; i < o->selection->threat_count; i++)
        judge_named_threat(o, o->selection->threats[i]);
    for (size_t i = 0; i < o->selection->rule_count + o->selection->name_count; i++) {
        bool is_rule = i < o->selection->rule_count;
        const char *word =
            is_rule ? o->selection->rules[i] : o->selection->names[i - o->selection->rule_count];

        if (!was_judged(o->words, word))
            outcome_invalidate(o, INVALID_NAMED_NOT_JUDGED, "%s: %s", word,
                               why_not_judged(o->words, word));
    }
}

/* Of a threat no case of which was planned: it may be one of the other side's. */
static const char *why_not_planned(const struct profile *profile, const char *threat,
                                   const bool concerned[SIDE__COUNT])
{
    bool has[SIDE__COUNT] = {false};
    bool can = false;
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (all[i]->threat != NULL && strcmp(all[i]->threat, threat) == 0 &&
            scenario_profile(all[i]) == profile)
            has[all[i]->side] = true;
    for (int side = 0; side < SIDE__COUNT; side++)
        can = can || (has[side] && concerned[side]);
    if (can)
        return "not selected";
    if (has[SIDE_FACILITATOR])
        return "its scenarios are put to facilitators";
    return has[SIDE_CLIENT]   ? "its scenarios are put to clients"
           : has[SIDE_SERVER] ? "its scenarios are put to servers"
                              : "no scenario is about it";
}

static void add_not_judged(json_t *out, const struct outcome *o, size_t index)
{
    const struct profile *profile = o->profiles[index];

    for (size_t i = 0; i < profile->threat_count; i++) {
        char key[KEY_MAX_BYTES];
        const char *id = profile->threats[i].id;
        const json_t *entry = json_object_get(o->threats, threat_key(key, profile, id));

        if (!was_judged(o->threats, key))
            json_array_append_new(
                out, json_pack("{s:s, s:s, s:s}", "profile", profile->name, "threat", id, "reason",
                               entry != NULL ? text_of(entry, "reason")
                                             : why_not_planned(profile, id, o->concerns[index])));
    }
}

static json_t *not_judged(const struct outcome *o)
{
    json_t *out = json_array();

    for (size_t i = 0; o->profiles[i] != NULL; i++)
        add_not_judged(out, o, i);
    return out;
}

static int exit_of(const struct outcome *o, const struct executor_result *result)
{
    if (result->interrupted)
        return 130;
    if (o->failures > 0)
        return 1;
    return json_array_size(o->invalid) > 0 ? 2 : 0;
}

json_t *outcome_end(struct outcome *o, const struct executor_result *result, int *exit_status)
{
    json_t *counts = json_object();

    if (result->interrupted)
        outcome_invalidate(o, INVALID_INTERRUPTED, "%zu of %zu cases had run", result->done,
                           result->total);
    else if (result->out_of_time)
        outcome_invalidate(o, INVALID_OUT_OF_TIME, "%zu of %zu cases had run", result->done,
                           result->total);
    judge_broken(o);
    judge_answers(o);
    judge_unasked(o);
    if (!result->interrupted && o->selection->shards == 0) /* of shards the merged run says it */
        judge_named(o);
    if (o->judged == 0 && json_array_size(o->invalid) == 0)
        outcome_invalidate(o, INVALID_NOTHING_JUDGED,
                           "every case was unsupported, skipped, a control or an observation");
    *exit_status = exit_of(o, result);
    for (int v = 0; v < VERDICT__COUNT; v++)
        json_object_set_new(counts, verdict_name((enum verdict)v),
                            json_integer((json_int_t)o->counts[v]));
    return json_pack("{s:s, s:i, s:b, s:b, s:O, s:o, s:o}", "event", "end", "exit", *exit_status,
                     "valid", json_array_size(o->invalid) == 0, "interrupted", result->interrupted,
                     "invalid", o->invalid, "counts", counts, "notJudged", not_judged(o));
}
