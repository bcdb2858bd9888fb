/* A session: from plan to closed record. Events are written in the order in which they become
 * known. */
#include "run/session.h"

#include "base/time.h"
#include "record/record.h"
#include "run/catalogue.h"
#include "run/matrix.h"
#include "run/secrets.h"
#include "run/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct session {
    const struct plan *plan;
    const struct session_options *options;
    struct record_redactor *redactor;
    struct record_writer *record;
    struct outcome outcome;
    struct matrix *matrix;
    struct assay_err trouble; /* the first that came up while cases were running */
    const char *accepts[SESSION_PAIRS_MAX],
        *catches[SESSION_PAIRS_MAX]; /* verdicts of the self-check */
    int64_t began_ns, self_check_ns;
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;

    return clock_gettime(clock, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec : 0;
}

static json_t *time_now(void)
{
    char text[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(text, now_ns(CLOCK_REALTIME) / 1000000);
    return json_string(text);
}

/* Adds an event and drops it; the first trouble is kept for the end. */
static void add(struct session *s, json_t *event)
{
    if (event == NULL)
        assay_fail(&s->trouble, ASSAY_E_NOMEM, 0, "out of memory");
    else if (s->trouble.code == ASSAY_OK && record_add(s->record, event, &s->trouble) != ASSAY_OK)
        assay_err_wrap(&s->trouble, s->trouble.code, "the record");
    json_decref(event);
}

enum target_fact { FACT_NAME, FACT_PROFILE, FACT_RULES, FACT_INTERFACE };

static const char *fact_of(const struct leg *leg, enum target_fact fact)
{
    switch (fact) {
    case FACT_NAME:
        return leg->target->name;
    case FACT_PROFILE:
        return leg->profile->name;
    case FACT_RULES:
        return leg->rules;
    case FACT_INTERFACE:
        return leg->target->interface;
    }
    return "";
}

/* Of several targets each different text once, joined by commas. */
static json_t *fact(const struct session_options *o, enum target_fact which)
{
    struct assay_buf all = ASSAY_BUF_INIT(65536);
    json_t *out;

    for (size_t i = 0; i < o->shown_count; i++) {
        const char *text = fact_of(o->shown[i], which);
        size_t before = 0;

        while (before < i && strcmp(fact_of(o->shown[before], which), text) != 0)
            before++;
        if (before == i)
            assay_buf_printf(&all, "%s%s", i > 0 ? ", " : "", text);
    }
    out = case_text(assay_buf_view(&all));
    assay_buf_fini(&all);
    return out;
}

/* What was selected by, since who puts shards together must know what was named; NULL: no shard. */
static json_t *shard_of(const struct selection *by)
{
    json_t *names = json_array();

    if (by == NULL || by->shards == 0) {
        json_decref(names);
        return NULL;
    }
    for (size_t i = 0; i < by->threat_count; i++)
        json_array_append_new(names, json_string(by->threats[i]));
    for (size_t i = 0; i < by->rule_count; i++)
        json_array_append_new(names, json_string(by->rules[i]));
    for (size_t i = 0; i < by->name_count; i++)
        json_array_append_new(names, json_string(by->names[i]));
    return json_pack("{s:i, s:i, s:o}", "index", (int)by->shard, "of", (int)by->shards, "names",
                     names);
}

static json_t *run_event(const struct session *s)
{
    const struct session_options *o = s->options;
    json_t *command = json_array();
    bool launched = true;

    json_array_append_new(command, json_string("assay"));
    for (int i = 0; i < o->argc; i++)
        json_array_append_new(command, case_text(assay_str(o->argv[i])));
    for (size_t i = 0; i < o->shown_count; i++)
        launched = launched && o->shown[i]->target->has_launch;
    return json_pack(
        "{s:s, s:s, s:{s:s}, s:s, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:b}, s:s, s:o*}", "event",
        "run", "schema", RECORD_SCHEMA, "assay", "version", ASSAY_VERSION, "verb", o->verb,
        "command", command, "seed", json_sprintf("%016llx", (unsigned long long)s->plan->seed),
        "started", time_now(), "target", "name", fact(o, FACT_NAME), "profile",
        fact(o, FACT_PROFILE), "rules", fact(o, FACT_RULES), "interface", fact(o, FACT_INTERFACE),
        "launched", launched, "failOn", rule_level_name(o->fail_on), "shard",
        shard_of(o->selection));
}

static json_t *leg_event(const struct leg *leg)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:b, s:s, s:o, s:s}", "event", "leg", "id",
                     leg->id, "target",
                     leg->target_path != NULL ? case_text(assay_str(leg->target_path))
                                              : json_string("(embedded)"),
                     "name", leg->target->name, "profile", leg->profile->name, "side",
                     target_side_name(leg->side), "launched", leg->target->has_launch, "rules",
                     leg->rules, "defect",
                     leg->defect != NULL ? json_string(leg->defect) : json_null(), "purpose",
                     leg_purpose_name(leg->purpose));
}

/* ---- the self-check ---- */

/* By how much they say: what cannot be asked of this reference says nothing, beside a row that can.
 * -1: none yet. */
static int gravity(const char *verdict)
{
    static const enum verdict order[] = {VERDICT_SKIPPED, VERDICT_UNSUPPORTED, VERDICT_PASS,
                                         VERDICT_BROKEN, VERDICT_FAIL};
    int i = (int)ARRAY_LEN(order) - 1;

    while (i >= 0 && (verdict == NULL || strcmp(verdict, verdict_name(order[i])) != 0))
        i--;
    return i;
}

static const char *graver(const char *one, const char *other)
{
    return gravity(other) > gravity(one) ? other : one;
}

/* Of several cases the worst verdict counts: one failure refuses the correct reference, and catches
 * the broken one. */
static void note_self_check(struct session *s, const struct leg *leg, const struct planned_case *c,
                            const json_t *event)
{
    const char *verdict = verdict_name(outcome_verdict(event));

    for (size_t i = 0; i < s->options->pair_count && i < SESSION_PAIRS_MAX; i++) {
        const struct self_check_pair *pair = &s->options->pairs[i];

        if (pair->scenario != c->scenario)
            continue;
        if (leg == pair->correct)
            s->accepts[i] = graver(s->accepts[i], verdict);
        if (leg == pair->broken)
            s->catches[i] = graver(s->catches[i], verdict);
    }
    s->self_check_ns = now_ns(CLOCK_MONOTONIC);
}

/* A scenario that this machine cannot run (no libfaketime) says nothing about the suite. */
static bool pair_holds(const char *accepts, const char *catches)
{
    int unsupported = gravity(verdict_name(VERDICT_UNSUPPORTED));

    if (accepts != NULL && catches != NULL && gravity(accepts) <= unsupported &&
        gravity(catches) <= unsupported)
        return true;
    return accepts != NULL && catches != NULL && strcmp(accepts, "pass") == 0 &&
           strcmp(catches, "fail") == 0;
}

static json_t *self_check_event(struct session *s, const struct executor_result *result)
{
    json_t *threats = json_array();
    const struct session_options *o = s->options;
    size_t wrong = 0;

    for (size_t i = 0; i < o->pair_count && i < SESSION_PAIRS_MAX; i++) {
        const char *accepts = s->accepts[i] != NULL ? s->accepts[i] : "not run";
        const char *catches = s->catches[i] != NULL ? s->catches[i] : "not run";

        if (!pair_holds(s->accepts[i], s->catches[i]) && !result->interrupted &&
            !result->out_of_time) {
            wrong++;
            outcome_invalidate(
                &s->outcome, INVALID_SELF_CHECK_FAILED,
                "%s said \"%s\" of the correct reference and \"%s\" of the one with defect %s",
                o->pairs[i].scenario->name, accepts, catches, o->pairs[i].defect);
        }
        json_array_append_new(threats,
                              json_pack("{s:s, s:b, s:s, s:b, s:s}", "threat", o->pairs[i].threat,
                                        "accepts", strcmp(accepts, "pass") == 0, "defect",
                                        o->pairs[i].defect, "catches", strcmp(catches, "fail") == 0,
                                        "scenario", o->pairs[i].scenario->name));
    }
    return json_pack(
        "{s:s, s:b, s:b, s:I, s:s, s:o}", "event", "selfCheck", "ran", o->pair_count > 0, "passed",
        o->pair_count > 0 && wrong == 0, "milliseconds",
        (json_int_t)(s->self_check_ns > 0 ? (s->self_check_ns - s->began_ns) / 1000000 : 0),
        "reason", o->self_check_left_out ? "left out by --no-self-check" : "", "threats", threats);
}

/* ---- cases as they come ---- */

/* A word of a command line, quoted for a shell where it must be. */
static void add_word(struct assay_buf *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@,";

    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        assay_buf_add_str(out, word);
        return;
    }
    assay_buf_add_byte(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            assay_buf_add_str(out, "'\\''");
        else
            assay_buf_add_byte(out, (uint8_t)*word);
    }
    assay_buf_add_byte(out, '\'');
}

json_t *session_replay_command(const char *folder, const struct planned_case *c)
{
    const char *name = scenario_case_name(c->scenario, c->index);
    struct assay_buf command = ASSAY_BUF_INIT(65536), full = ASSAY_BUF_INIT(4096);
    json_t *out;

    assay_buf_printf(&full, "%s%s%s", c->scenario->name, name[0] != '\0' ? "/" : "", name);
    assay_buf_add_str(&command, "assay replay ");
    add_word(&command, folder);
    assay_buf_add_byte(&command, ' ');
    if (assay_buf_cstr(&full) != NULL)
        add_word(&command, assay_buf_cstr(&full));
    out = case_text(assay_buf_view(&command));
    assay_buf_fini(&command);
    assay_buf_fini(&full);
    return out;
}

static void on_case(void *with, const struct leg *leg, const struct planned_case *c, json_t *event)
{
    struct session *s = with;

    json_object_set_new(event, "replay", session_replay_command(s->options->out, c));
    json_object_set_new(event, "expectation", json_null());
    if (leg->purpose == LEG_SELF_CHECK) {
        note_self_check(s, leg, c, event);
        return;
    }
    if (leg->purpose == LEG_SELFTEST) {
        matrix_add(s->matrix, leg, c, event);
        if (outcome_verdict(event) == VERDICT_PASS)
            json_array_clear(
                json_object_get(event, "evidence")); /* of what a reference does right */
    } else {
        outcome_add(&s->outcome, c, event);
    }
    if (leg->defect == NULL || leg->purpose == LEG_TARGET) {
        json_incref(event);
        add(s, event);
    }
}

static void on_progress(void *with, size_t done, size_t total)
{
    const struct session *s = with;

    if (s->options->progress && fprintf(stderr, "\r%zu of %zu cases ", done, total) > 0)
        fflush(stderr);
    if (s->options->progress && done == total)
        fputs("\r\033[K", stderr);
}

/* ---- beginning and end ---- */

enum assay_code session_remove_record(const char *folder, struct assay_err *err)
{
    static const char *const files[] = {"record.jsonl", "run.json"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[4096];

        if (snprintf(path, sizeof path, "%s/%s", folder, files[i]) >= (int)sizeof path ||
            (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR))
            return assay_fail(err, ASSAY_E_IO, 0, "%s cannot be removed: %s", path,
                              strerror(errno));
    }
    return ASSAY_OK;
}

static enum assay_code open_record(struct session *s, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    s->redactor = record_redactor_new();
    if (s->redactor == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    for (size_t i = 0; rc == ASSAY_OK && i < s->options->shown_count; i++)
        rc = secrets_add(s->redactor, s->options->shown[i]->target);
    if (rc == ASSAY_OK && s->options->replace)
        rc = session_remove_record(s->options->out, err);
    return rc == ASSAY_OK ? record_create(&s->record, s->options->out, s->redactor, err) : rc;
}

static void write_opening(struct session *s)
{
    add(s, run_event(s));
    add(s, catalogue_event(s->options->shown, s->options->shown_count));
    for (size_t i = 0; i < s->plan->leg_count; i++)
        add(s, leg_event(&s->plan->legs[i]));
}

/* What a matrix says as an exit status: survivors, unnamed catches and false alarms are failures of
 * the suite. */
static int judge_matrix(struct session *s, const struct executor_result *result)
{
    struct matrix_counts counts;

    add(s, matrix_event(s->matrix, &counts));
    if (result->interrupted)
        return 130;
    if (result->out_of_time) /* what did not run was not caught, and says nothing */
        return counts.false_alarms > 0 ? 1 : 2;
    if (counts.caught != counts.defects || counts.false_alarms > 0)
        return 1;
    return counts.broken > 0 || counts.defects == 0 ? 2 : 0;
}

static void write_ending(struct session *s, const struct executor_result *result, int *exit_status)
{
    json_t *end;

    add(s, self_check_event(s, result));
    if (s->options->selection != NULL && result->total == 0)
        outcome_invalidate(&s->outcome, INVALID_NOTHING_SELECTED,
                           "the names and levels given leave nothing to run");
    end = outcome_end(&s->outcome, result, exit_status);
    if (s->matrix != NULL) {
        *exit_status = judge_matrix(s, result);
        json_object_set_new(end, "exit", json_integer(*exit_status));
        json_object_set_new(end, "notJudged",
                            json_array()); /* the matrix says what was not caught */
        if (!result->interrupted && !result->out_of_time) {
            json_object_set_new(end, "valid", json_boolean(*exit_status != 2));
            json_object_set_new(end, "invalid", json_array());
        }
    }
    json_object_set_new(end, "ended", time_now());
    add(s, end);
}

enum assay_code session_run(const struct plan *plan, const struct session_options *options,
                            int *exit_status, struct assay_err *err)
{
    struct session s = {.plan = plan, .options = options};
    const struct executor_hooks hooks = {
        .on_case = on_case, .on_progress = on_progress, .with = &s};
    static const struct selection everything = {.least = LEVEL_REPORT};
    struct executor_result result = {0};
    enum assay_code rc;

    rc = outcome_init(&s.outcome, options->fail_on,
                      options->selection != NULL ? options->selection : &everything, err);
    for (size_t i = 0; i < options->shown_count; i++)
        outcome_concerns(&s.outcome, options->shown[i]->profile, options->shown[i]->side);
    if (rc == ASSAY_OK && options->expectations != NULL)
        rc = outcome_expectations(&s.outcome, options->expectations, err);
    if (rc == ASSAY_OK && strcmp(options->verb, "selftest") == 0 &&
        (s.matrix = matrix_new(plan)) == NULL)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc == ASSAY_OK)
        rc = open_record(&s, err);
    if (rc != ASSAY_OK)
        goto out;
    s.began_ns = now_ns(CLOCK_MONOTONIC);
    write_opening(&s);
    rc = execute_plan(plan, &hooks, &result, err);
    if (rc == ASSAY_OK) {
        write_ending(&s, &result, exit_status);
        rc = record_close(s.record, err);
        s.record = NULL;
    }
    if (rc == ASSAY_OK && s.trouble.code != ASSAY_OK)
        rc = assay_fail(err, s.trouble.code, 0, "%s", s.trouble.text);
out:
    if (s.record != NULL) {
        struct assay_err ignored = {0};

        if (record_close(s.record, &ignored) != ASSAY_OK)
            assay_err_wrap(err, rc, "%s", ignored.text);
    }
    record_redactor_free(s.redactor);
    matrix_free(s.matrix);
    outcome_fini(&s.outcome);
    return rc;
}
