/* Puts the shards of a run together (run/shards.h). */
#include "run/shards.h"

#include "record/record.h"
#include "run/session.h"
#include "run/version.h"

#include <stdio.h>

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

static json_int_t shard_number(const json_t *run, const char *member)
{
    return json_integer_value(json_object_get(json_object_get(run, "shard"), member));
}

/* ---- whether they belong together ---- */

static enum assay_code check_pair(const struct shards *s, size_t i, struct assay_err *err)
{
    static const char *const members[] = {"assay",  "verb",      "seed", "target",
                                          "failOn", "catalogue", "legs"};
    const json_t *first = s->runs[0], *run = s->runs[i];

    for (size_t k = 0; k < ARRAY_LEN(members); k++)
        if (!json_equal(json_object_get(first, members[k]), json_object_get(run, members[k])))
            return assay_fail(
                err, ASSAY_E_MISMATCH, 0,
                "%s and %s are not shards of one run: their %s differs; each is to be "
                "run by one version of Assay with the same --seed and options",
                s->names[0], s->names[i], members[k]);
    if (shard_number(first, "of") != shard_number(run, "of") ||
        !json_equal(json_object_get(json_object_get(first, "shard"), "names"),
                    json_object_get(json_object_get(run, "shard"), "names")))
        return assay_fail(err, ASSAY_E_MISMATCH, 0,
                          "%s and %s are not shards of one run: they are parts of another number "
                          "of shards, or other names were given",
                          s->names[0], s->names[i]);
    for (size_t k = 0; k < i; k++)
        if (shard_number(s->runs[k], "index") == shard_number(run, "index"))
            return assay_fail(err, ASSAY_E_DUPLICATE, 0, "%s and %s are both shard %d of %d",
                              s->names[k], s->names[i], (int)shard_number(run, "index"),
                              (int)shard_number(run, "of"));
    return ASSAY_OK;
}

enum assay_code shards_check(const struct shards *s, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < s->count && rc == ASSAY_OK; i++) {
        if (json_object_get(s->runs[i], "shard") == NULL)
            return assay_fail(err, ASSAY_E_MISSING, 0,
                              "%s is no shard: only what assay run --shard has written is merged",
                              s->names[i]);
        rc = check_pair(s, i, err);
    }
    if (rc == ASSAY_OK && (json_int_t)s->count != shard_number(s->runs[0], "of"))
        return assay_fail(err, ASSAY_E_MISSING, 0, "there are %zu of %d shards; name them all",
                          s->count, (int)shard_number(s->runs[0], "of"));
    if (rc == ASSAY_OK &&
        strcmp(text_of(json_object_get(s->runs[0], "assay"), "version"), ASSAY_VERSION) != 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "the shards are of Assay %s, and this is %s: merge with the version that "
                          "ran them",
                          text_of(json_object_get(s->runs[0], "assay"), "version"), ASSAY_VERSION);
    return rc;
}

/* ---- cases ---- */

struct merge {
    const struct shards *shards;
    const char *folder;
    struct record_writer *record;
    struct selection selection;
    struct outcome outcome;
    struct executor_result result;
};

static enum target_side side_of(const json_t *leg)
{
    int side = 0;

    while (side + 1 < SIDE__COUNT &&
           strcmp(text_of(leg, "side"), target_side_name((enum target_side)side)) != 0)
        side++;
    return (enum target_side)side;
}

static bool is_target_leg(const json_t *run, const char *id)
{
    const json_t *leg;
    size_t i;

    json_array_foreach (json_object_get(run, "legs"), i, leg)
        if (strcmp(text_of(leg, "id"), id) == 0)
            return strcmp(text_of(leg, "purpose"), "target") == 0;
    return false;
}

static bool is_control(const json_t *c)
{
    return strcmp(text_of(c, "kind"), "control") == 0;
}

static bool is_same(const json_t *a, const json_t *b)
{
    return strcmp(text_of(a, "scenario"), text_of(b, "scenario")) == 0 &&
           strcmp(text_of(a, "case"), text_of(b, "case")) == 0 &&
           strcmp(text_of(a, "leg"), text_of(b, "leg")) == 0;
}

static int gravity(const json_t *c)
{
    static const char *const worst_last[] = {"pass", "skipped", "unsupported", "broken", "fail"};
    int i = (int)ARRAY_LEN(worst_last) - 1;

    while (i > 0 && strcmp(text_of(c, "verdict"), worst_last[i]) != 0)
        i--;
    return i;
}

/* The shard to take a control from: the first of those where it went worst. */
static size_t shard_to_take(const struct shards *s, const json_t *control, size_t from)
{
    size_t best = from, i, k;
    int worst = -1;

    for (i = 0; i < s->count; i++) {
        const json_t *c;

        json_array_foreach (json_object_get(s->runs[i], "cases"), k, c)
            if (is_control(c) && is_same(c, control) && gravity(c) > worst) {
                worst = gravity(c);
                best = i;
            }
    }
    return best;
}

static enum assay_code plan_of(struct planned_case *out, const json_t *c, struct assay_err *err)
{
    *out = (struct planned_case){.scenario = registry_find(text_of(c, "scenario"))};
    for (; out->scenario != NULL && out->index < scenario_case_count(out->scenario); out->index++)
        if (strcmp(scenario_case_name(out->scenario, out->index), text_of(c, "case")) == 0)
            return ASSAY_OK;
    return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                      "%s/%s is no case of this program; shards with scenarios of packs cannot be "
                      "merged",
                      text_of(c, "scenario"), text_of(c, "case"));
}

static enum assay_code add_case(struct merge *m, json_t *c, struct assay_err *err)
{
    struct planned_case planned;
    json_t *event;
    enum assay_code rc = plan_of(&planned, c, err);

    if (rc != ASSAY_OK)
        return rc;
    outcome_add_recorded(&m->outcome, &planned, c);
    event = json_copy(c);
    json_object_set_new(event, "event", json_string("case"));
    json_object_set_new(event, "replay", session_replay_command(m->folder, &planned));
    rc = record_add(m->record, event, err);
    json_decref(event);
    return rc;
}

/* Controls first, since what rests on them is judged by them; of the self-check those of the first
 * shard. */
static enum assay_code add_cases(struct merge *m, bool controls, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    size_t i, k;
    json_t *c;

    for (i = 0; i < m->shards->count; i++)
        json_array_foreach (json_object_get(m->shards->runs[i], "cases"), k, c) {
            if (is_control(c) != controls ||
                !is_target_leg(m->shards->runs[i], text_of(c, "leg")) ||
                (controls && shard_to_take(m->shards, c, i) != i))
                continue;
            if ((rc = add_case(m, c, err)) != ASSAY_OK)
                return rc;
        }
    return rc;
}

/* ---- the rest of the record ---- */

static enum assay_code add_member(struct merge *m, const char *event, const char *member,
                                  struct assay_err *err)
{
    json_t *copy = json_copy(json_object_get(m->shards->runs[0], member));
    enum assay_code rc = ASSAY_OK;

    if (copy == NULL)
        return ASSAY_OK;
    if (json_object_set_new(copy, "event", json_string(event)) != 0)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc == ASSAY_OK)
        rc = record_add(m->record, copy, err);
    json_decref(copy);
    return rc;
}

/* Times of one form sort as text. */
static json_t *extreme_time(const struct shards *s, const char *object, const char *member,
                            bool last)
{
    const char *best = NULL;

    for (size_t i = 0; i < s->count; i++) {
        const json_t *in = object != NULL ? json_object_get(s->runs[i], object) : s->runs[i];
        const char *text = json_string_value(json_object_get(in, member));

        if (text != NULL && (best == NULL || (strcmp(text, best) > 0) == last))
            best = text;
    }
    return best != NULL ? json_string(best) : json_null();
}

static enum assay_code add_opening(struct merge *m, int argc, char **argv, struct assay_err *err)
{
    static const char *const kept[] = {"schema", "assay", "verb", "seed", "target", "failOn"};
    json_t *run = json_pack("{s:s}", "event", "run"), *command = json_array(), *leg;
    enum assay_code rc;
    size_t i;

    json_array_append_new(command, json_string("assay"));
    json_array_append_new(command, json_string("report"));
    for (i = 0; (int)i < argc; i++)
        json_array_append_new(command, case_text(assay_str(argv[i])));
    json_object_set_new(run, "command", command);
    json_object_set_new(run, "started", extreme_time(m->shards, NULL, "started", false));
    for (i = 0; i < ARRAY_LEN(kept); i++)
        json_object_set(run, kept[i], json_object_get(m->shards->runs[0], kept[i]));
    rc = record_add(m->record, run, err);
    json_decref(run);
    if (rc == ASSAY_OK)
        rc = add_member(m, "catalogue", "catalogue", err);
    json_array_foreach (json_object_get(m->shards->runs[0], "legs"), i, leg) {
        json_t *event = json_copy(leg);

        json_object_set_new(event, "event", json_string("leg"));
        if (rc == ASSAY_OK)
            rc = record_add(m->record, event, err);
        json_decref(event);
    }
    return rc;
}

/* What kept a shard from its cases holds of the whole. */
static void take_troubles(struct merge *m)
{
    const json_t *reason;
    size_t i, k;

    for (i = 0; i < m->shards->count; i++) {
        const json_t *outcome = json_object_get(m->shards->runs[i], "outcome");

        m->result.interrupted =
            m->result.interrupted || json_is_true(json_object_get(outcome, "interrupted"));
        m->result.done += json_array_size(json_object_get(m->shards->runs[i], "cases"));
        json_array_foreach (json_object_get(outcome, "invalid"), k, reason) {
            const char *code = text_of(reason, "code");

            if (strcmp(code, outcome_invalid_code(INVALID_OUT_OF_TIME)) == 0)
                m->result.out_of_time = true;
            if (strcmp(code, outcome_invalid_code(INVALID_SELF_CHECK_FAILED)) == 0)
                outcome_invalidate(&m->outcome, INVALID_SELF_CHECK_FAILED, "in %s: %s",
                                   m->shards->names[i], text_of(reason, "text"));
        }
    }
    m->result.total = m->result.done; /* how many were left over nobody has recorded */
}

static enum assay_code add_ending(struct merge *m, int *exit_status, struct assay_err *err)
{
    enum assay_code rc = add_member(m, "selfCheck", "selfCheck", err);
    json_t *end;

    if (rc != ASSAY_OK)
        return rc;
    take_troubles(m);
    end = outcome_end(&m->outcome, &m->result, exit_status);
    json_object_set_new(end, "ended", extreme_time(m->shards, "outcome", "ended", true));
    rc = record_add(m->record, end, err);
    json_decref(end);
    return rc;
}

static enum assay_code begin_outcome(struct merge *m, struct assay_err *err)
{
    const json_t *run = m->shards->runs[0], *name, *leg;
    enum rule_level fail_on = LEVEL_MUST;
    enum assay_code rc = ASSAY_OK;
    size_t i;

    m->selection.least = LEVEL_REPORT;
    json_array_foreach (json_object_get(json_object_get(run, "shard"), "names"), i, name)
        if (rc == ASSAY_OK)
            rc = selection_add(&m->selection, json_string_value(name), err);
    while (fail_on < LEVEL_OURS && strcmp(text_of(run, "failOn"), rule_level_name(fail_on)) != 0)
        fail_on++;
    if (rc == ASSAY_OK)
        rc = outcome_init(&m->outcome, fail_on, &m->selection, err);
    json_array_foreach (json_object_get(run, "legs"), i, leg) {
        const struct profile *profile = profile_find(text_of(leg, "profile"));

        if (rc == ASSAY_OK && profile == NULL)
            rc = assay_fail(err, ASSAY_E_UNKNOWN, 0, "there is no profile \"%s\"",
                            text_of(leg, "profile"));
        if (rc == ASSAY_OK && strcmp(text_of(leg, "purpose"), "target") == 0)
            outcome_concerns(&m->outcome, profile, side_of(leg));
    }
    return rc;
}

enum assay_code shards_merge(int *exit_status, const struct shards *shards, const char *folder,
                             int argc, char **argv, struct assay_err *err)
{
    struct merge m = {.shards = shards, .folder = folder};
    enum assay_code rc = begin_outcome(&m, err);

    if (rc == ASSAY_OK)
        rc = record_create(&m.record, folder, NULL, err);
    if (rc != ASSAY_OK)
        goto out;
    if ((rc = add_opening(&m, argc, argv, err)) == ASSAY_OK &&
        (rc = add_cases(&m, true, err)) == ASSAY_OK && (rc = add_cases(&m, false, err)) == ASSAY_OK)
        rc = add_ending(&m, exit_status, err);
    if (rc == ASSAY_OK) {
        rc = record_close(m.record, err);
    } else {
        struct assay_err ignored = {0};

        if (record_close(m.record, &ignored) == ASSAY_OK &&
            session_remove_record(folder, &ignored) != ASSAY_OK)
            assay_err_wrap(err, rc, "%s", ignored.text);
    }
out:
    outcome_fini(&m.outcome);
    return rc;
}
