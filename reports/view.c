/* Sorts out what a run's record holds, once for every report (reports/view.h). */
#include "reports/view.h"

#include "base/time.h"
#include "record/record.h"

const struct report_mark_text report_marks[MARK__COUNT] = {
    [MARK_FAIL] = {"fail", "\xe2\x9c\x95", "fail"},
    [MARK_UNEXPECTED_PASS] = {"unexpected pass", "\xe2\x89\xa0", "fail"},
    [MARK_BROKEN] = {"broken", "!", "broken"},
    [MARK_MILD_FAIL] = {"uncounted failure", "\xe2\x96\xb3", "mild"},
    [MARK_KNOWN_FAIL] = {"known failure", "\xe2\x89\x88", "mild"},
    [MARK_UNSUPPORTED] = {"unsupported", "\xe2\x80\x93", "none"},
    [MARK_SKIPPED] = {"skipped", "\xe2\x97\x8b", "none"},
    [MARK_PASS] = {"pass", "\xe2\x9c\x93", "pass"},
};

struct assay_bytes report_text(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    return assay_bytes_of(json_string_value(value), json_string_length(value));
}

int64_t report_number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static bool is(const json_t *object, const char *member, const char *text)
{
    return assay_bytes_is(report_text(object, member), text);
}

bool report_mark_is_bad(enum report_mark mark)
{
    return mark == MARK_FAIL || mark == MARK_UNEXPECTED_PASS;
}

/* must is counted always, should from --fail-on should, ours from --fail-on ours; may and report
 * never are. */
static bool level_counts(const json_t *run, const json_t *c)
{
    if (is(c, "level", "must"))
        return true;
    if (is(c, "level", "should"))
        return !is(run, "failOn", "must");
    return is(c, "level", "ours") && is(run, "failOn", "ours");
}

static enum report_mark mark_of(const json_t *run, const json_t *c)
{
    if (is(c, "expectation", "unexpected-pass"))
        return MARK_UNEXPECTED_PASS;
    if (is(c, "expectation", "expected"))
        return MARK_KNOWN_FAIL;
    if (is(c, "verdict", "fail"))
        return level_counts(run, c) ? MARK_FAIL : MARK_MILD_FAIL;
    if (is(c, "verdict", "broken"))
        return MARK_BROKEN;
    if (is(c, "verdict", "unsupported"))
        return MARK_UNSUPPORTED;
    return is(c, "verdict", "skipped") ? MARK_SKIPPED : MARK_PASS;
}

static const json_t *find(const json_t *list, const char *member, struct assay_bytes id)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry)
        if (assay_bytes_equal(report_text(entry, member), id))
            return entry;
    return NULL;
}

/* A rule or threat of that profile: two profiles may use one id. */
static const json_t *find_of(const json_t *list, struct assay_bytes profile, struct assay_bytes id)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry)
        if (assay_bytes_equal(report_text(entry, "id"), id) &&
            assay_bytes_equal(report_text(entry, "profile"), profile))
            return entry;
    return NULL;
}

/* The first part of the scenario's name. */
static struct assay_bytes profile_of(const json_t *c)
{
    struct assay_bytes scenario = report_text(c, "scenario");

    return assay_bytes_part(scenario, 0, assay_bytes_find(scenario, '/', 0));
}

static struct report_threat *find_threat(struct report_view *view, struct assay_bytes profile,
                                         struct assay_bytes id)
{
    for (size_t i = 0; i < view->threat_count; i++)
        if (assay_bytes_equal(view->threats[i].id, id) &&
            assay_bytes_equal(view->threats[i].profile, profile))
            return &view->threats[i];
    return NULL;
}

/* There is room: see report_view_init. */
static struct report_threat *need_threat(struct report_view *view, struct assay_bytes profile,
                                         struct assay_bytes id)
{
    struct report_threat *threat = find_threat(view, profile, id);

    if (threat == NULL) {
        threat = &view->threats[view->threat_count++];
        *threat = (struct report_threat){.profile = profile, .id = id};
        if (!assay_bytes_equal(profile, view->threats[0].profile))
            view->several_profiles = true;
    }
    return threat;
}

/* Those of the catalogue, before each profile's its controls. */
static void add_threats(struct report_view *view)
{
    const json_t *catalogue = json_object_get(view->run, "catalogue"), *entry, *c;
    size_t i, k;

    json_array_foreach (json_object_get(catalogue, "threats"), i, entry) {
        struct assay_bytes profile = report_text(entry, "profile");

        json_array_foreach (json_object_get(view->run, "cases"), k, c)
            if (report_text(c, "threat").len == 0 && assay_bytes_equal(profile_of(c), profile))
                break;
        if (k < json_array_size(json_object_get(view->run, "cases")))
            (void)need_threat(view, profile, ASSAY_LIT(""));
        need_threat(view, profile, report_text(entry, "id"))->entry = entry;
    }
}

/* A leg that tests the target; of a selftest one that tests the correct reference. The others are
 * the business of the self-check and of the matrix. */
static bool is_shown_leg(const json_t *run, const json_t *leg)
{
    if (is(leg, "purpose", "target"))
        return true;
    return is(run, "verb", "selftest") && is(leg, "purpose", "selftest") &&
           !json_is_string(json_object_get(leg, "defect"));
}

/* There is room, too. */
static struct report_leg *need_leg(struct report_view *view, const json_t *leg)
{
    size_t i = 0;

    while (i < view->leg_count && view->legs[i].leg != leg)
        i++;
    if (i == view->leg_count)
        view->legs[view->leg_count++] = (struct report_leg){.leg = leg};
    return &view->legs[i];
}

/* Of repeated correct runs of a side the first is shown whole, the others only where they differ
 * from a pass; what is not judged is so each time under one rule set. */
static bool is_repeated(const struct report_view *view, const json_t *leg, enum report_mark mark)
{
    bool is_unjudged = mark == MARK_UNSUPPORTED || mark == MARK_SKIPPED;

    if (mark != MARK_PASS && !is_unjudged)
        return false;
    for (size_t i = 0; i < view->leg_count && view->legs[i].leg != leg; i++) {
        const json_t *other = view->legs[i].leg;

        if (is(view->run, "verb", "selftest") &&
            assay_bytes_equal(report_text(other, "profile"), report_text(leg, "profile")) &&
            assay_bytes_equal(report_text(other, "side"), report_text(leg, "side")) &&
            (!is_unjudged ||
             assay_bytes_equal(report_text(other, "rules"), report_text(leg, "rules"))))
            return true;
    }
    return false;
}

static void add_case(struct report_view *view, const json_t *c)
{
    const json_t *catalogue = json_object_get(view->run, "catalogue");
    const json_t *leg = find(json_object_get(view->run, "legs"), "id", report_text(c, "leg"));
    struct report_case *added = &view->cases[view->case_count];
    struct assay_bytes profile = profile_of(c);
    struct report_threat *threat;
    struct report_leg *of_leg;

    if (leg == NULL || !is_shown_leg(view->run, leg))
        return;
    *added = (struct report_case){.c = c, .leg = leg, .mark = mark_of(view->run, c)};
    if (is_repeated(view, leg, added->mark))
        return;
    of_leg = need_leg(view, leg);
    view->several_legs = view->leg_count > 1;
    threat = need_threat(view, profile, report_text(c, "threat"));
    added->rule = find_of(json_object_get(catalogue, "rules"), profile, report_text(c, "rule"));
    added->threat = (size_t)(threat - view->threats);
    added->number = ++view->case_count;
    threat->of[added->mark]++;
    of_leg->of[added->mark]++;
    view->of[added->mark]++;
}

static enum report_status status_of(const json_t *outcome)
{
    if (report_number(outcome, "exit") == 1)
        return REPORT_FAILED;
    if (json_is_true(json_object_get(outcome, "interrupted")))
        return REPORT_INTERRUPTED;
    return report_number(outcome, "exit") == 0 && json_is_true(json_object_get(outcome, "valid"))
               ? REPORT_PASSED
               : REPORT_INVALID;
}

enum assay_code report_view_init(struct report_view *view, const json_t *run)
{
    const json_t *cases = json_object_get(run, "cases"), *outcome = json_object_get(run, "outcome");
    const json_t *threats = json_object_get(json_object_get(run, "catalogue"), "threats");
    const json_t *not_judged = json_object_get(outcome, "notJudged"), *entry;
    size_t room = 2 * json_array_size(cases) + json_array_size(threats) +
                  json_array_size(not_judged) + 1,
           i;

    *view = (struct report_view){.run = run, .outcome = outcome, .status = status_of(outcome)};
    view->cases = assay_alloc((json_array_size(cases) + 1) * sizeof(*view->cases));
    view->threats = assay_alloc(room * sizeof(*view->threats));
    view->legs =
        assay_alloc((json_array_size(json_object_get(run, "legs")) + 1) * sizeof(*view->legs));
    if (view->cases == NULL || view->threats == NULL || view->legs == NULL) {
        report_view_fini(view);
        return ASSAY_E_NOMEM;
    }
    add_threats(view);
    json_array_foreach (cases, i, entry)
        add_case(view, entry);
    json_array_foreach (not_judged, i, entry)
        need_threat(view, report_text(entry, "profile"), report_text(entry, "threat"))->not_judged =
            report_text(entry, "reason");
    return ASSAY_OK;
}

void report_view_fini(struct report_view *view)
{
    assay_free(view->cases);
    assay_free(view->threats);
    assay_free(view->legs);
    *view = (struct report_view){0};
}

void report_threat_name(struct assay_buf *out, const struct report_view *view,
                        const struct report_threat *threat)
{
    if (view->several_profiles) {
        assay_buf_add(out, threat->profile);
        assay_buf_add_byte(out, '/');
    }
    assay_buf_add(out, threat->id.len > 0 ? threat->id : ASSAY_LIT("controls"));
}

void report_add_marks(struct assay_buf *out, const size_t of[MARK__COUNT])
{
    assay_buf_printf(out, "%zu pass, %zu fail", of[MARK_PASS], of[MARK_FAIL]);
    for (size_t mark = 0; mark < MARK__COUNT; mark++)
        if (mark != MARK_PASS && mark != MARK_FAIL && of[mark] > 0)
            assay_buf_printf(out, ", %zu %s", of[mark], report_marks[mark].word);
}

size_t report_judged(const size_t of[MARK__COUNT])
{
    return of[MARK_PASS] + of[MARK_FAIL] + of[MARK_UNEXPECTED_PASS] + of[MARK_MILD_FAIL] +
           of[MARK_KNOWN_FAIL];
}

enum report_mark report_threat_mark(const struct report_threat *threat)
{
    static const enum report_mark worst_first[] = {MARK_FAIL, MARK_BROKEN, MARK_UNEXPECTED_PASS};

    for (size_t i = 0; i < ARRAY_LEN(worst_first); i++)
        if (threat->of[worst_first[i]] > 0)
            return worst_first[i];
    if (threat->of[MARK_MILD_FAIL] + threat->of[MARK_KNOWN_FAIL] > 0)
        return MARK_MILD_FAIL;
    return report_judged(threat->of) > 0 ? MARK_PASS : MARK_SKIPPED;
}

const char *report_threat_word(const struct report_threat *threat)
{
    switch (report_threat_mark(threat)) {
    case MARK_FAIL:
        return "fail";
    case MARK_UNEXPECTED_PASS:
        return "unexpected pass";
    case MARK_BROKEN:
        return "undecided";
    case MARK_MILD_FAIL:
    case MARK_KNOWN_FAIL:
        return "uncounted";
    case MARK_PASS:
        return "pass";
    case MARK_UNSUPPORTED:
    case MARK_SKIPPED:
    case MARK__COUNT:
        break;
    }
    return "not judged";
}

void report_threats_count(const struct report_view *view, size_t *judged, size_t *failing)
{
    *judged = *failing = 0;
    for (size_t i = 0; i < view->threat_count; i++) {
        const struct report_threat *threat = &view->threats[i];

        if (threat->id.len == 0)
            continue;
        *judged += report_judged(threat->of) > 0;
        *failing += report_threat_mark(threat) == MARK_FAIL;
    }
}

void report_case_name(struct assay_buf *out, const struct report_view *view,
                      const struct report_case *c)
{
    struct assay_bytes name = report_text(c->c, "case");

    assay_buf_add(out, report_text(c->c, "scenario"));
    if (name.len > 0)
        assay_buf_add_byte(out, '/');
    assay_buf_add(out, name);
    if (view->several_legs) {
        assay_buf_add_str(out, " [");
        assay_buf_add(out, report_text(c->leg, "id"));
        assay_buf_add_byte(out, ']');
    }
}

struct assay_bytes report_case_remedy(const struct report_case *c)
{
    if (!assay_bytes_is(report_text(c->c, "kind"), "control"))
        return report_text(c->rule, "remedy");
    return ASSAY_LIT("This is an honest exchange, on which the other cases rest. See that the "
                     "target file is right (addresses, routes, prices, secrets), and what the "
                     "target says about it in its own log.");
}

bool report_case_is_consequence(const struct report_case *c)
{
    return c->mark == MARK_BROKEN && assay_bytes_is(report_text(c->c, "reason"), RECORD_REST_LOST);
}

void report_case_reason(struct assay_buf *out, const struct report_view *view,
                        const struct report_case *c)
{
    struct assay_bytes reason = report_text(c->c, "reason");

    switch (c->mark) {
    case MARK_UNEXPECTED_PASS:
        assay_buf_add_str(
            out,
            "the expectations file calls this a known failure, but it passes: remove it there");
        break;
    case MARK_KNOWN_FAIL:
        assay_buf_add_str(out, "a known failure by the expectations file");
        break;
    case MARK_MILD_FAIL:
        assay_buf_add_str(out, "level ");
        assay_buf_add(out, report_text(c->c, "level"));
        assay_buf_add_str(out, ", which --fail-on ");
        assay_buf_add(out, report_text(view->run, "failOn"));
        assay_buf_add_str(out, " does not count");
        break;
    case MARK_BROKEN:
    case MARK_UNSUPPORTED:
    case MARK_SKIPPED:
        if (reason.len == 0)
            assay_buf_add_str(out, "no reason was recorded");
        break;
    case MARK_FAIL:
    case MARK_PASS:
    case MARK__COUNT:
        break;
    }
    if (reason.len > 0 && out->len > 0)
        assay_buf_add_str(out, "; ");
    assay_buf_add(out, reason);
}

int64_t report_duration_ms(const struct report_view *view)
{
    int64_t from, to;

    if (assay_time_parse(&from, report_text(view->run, "started")) != ASSAY_OK ||
        assay_time_parse(&to, report_text(view->outcome, "ended")) != ASSAY_OK || to < from)
        return -1;
    return to - from;
}

void report_done(struct assay_buf *out, struct assay_buf *part)
{
    if (assay_buf_ok(out))
        out->bad = part->bad;
    assay_buf_fini(part);
}

void report_add_count(struct assay_buf *out, size_t count, const char *singular, const char *plural)
{
    assay_buf_printf(out, "%zu %s", count, count == 1 ? singular : plural);
}

static bool is_plain_word(struct assay_bytes word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            strchr("-_./:=@%+,", c) == NULL)
            return false;
    }
    return word.len > 0;
}

void report_add_command(struct assay_buf *out, const json_t *words)
{
    const json_t *word;
    size_t i;

    json_array_foreach (words, i, word) {
        struct assay_bytes text = assay_bytes_of(json_string_value(word), json_string_length(word));

        if (i > 0)
            assay_buf_add_byte(out, ' ');
        if (is_plain_word(text)) {
            assay_buf_add(out, text);
            continue;
        }
        assay_buf_add_byte(out, '\'');
        for (size_t at = 0; at < text.len; at++) {
            if (text.at[at] == '\'')
                assay_buf_add_str(out, "'\\'");
            assay_buf_add_byte(out, text.at[at]);
        }
        assay_buf_add_byte(out, '\'');
    }
}

const char *report_status_word(enum report_status status)
{
    switch (status) {
    case REPORT_PASSED:
        return "PASSED";
    case REPORT_FAILED:
        return "FAILED";
    case REPORT_INVALID:
        return "INVALID";
    case REPORT_INTERRUPTED:
        return "INTERRUPTED";
    }
    return "INVALID";
}

static void headline_of_matrix(struct assay_buf *out, const json_t *matrix)
{
    const json_t *rows = json_object_get(matrix, "rows"), *row;
    size_t caught = 0, i;

    json_array_foreach (rows, i, row)
        caught += is(row, "verdict", "caught");
    report_add_count(out, json_array_size(rows), "defect", "defects");
    assay_buf_printf(out, ", %zu caught, ", caught);
    report_add_count(out, json_array_size(json_object_get(matrix, "falseAlarms")), "false alarm",
                     "false alarms");
}

void report_headline(struct assay_buf *out, const struct report_view *view)
{
    const json_t *matrix = json_object_get(view->run, "matrix");
    size_t mild = view->of[MARK_MILD_FAIL] + view->of[MARK_KNOWN_FAIL];
    size_t judged, failing;

    report_threats_count(view, &judged, &failing);
    if (matrix != NULL) {
        headline_of_matrix(out, matrix);
        return;
    }
    switch (view->status) {
    case REPORT_PASSED:
        assay_buf_add(out, report_text(json_object_get(view->run, "target"), "name"));
        assay_buf_printf(out, " kept every promise that %s, against ",
                         mild == 0 ? "was judged" : "counts");
        report_add_count(out, judged, "threat", "threats");
        if (mild > 0) {
            assay_buf_add_str(out, "; not counted: ");
            report_add_count(out, mild, "failure", "failures");
        }
        break;
    case REPORT_FAILED:
        assay_buf_add(out, report_text(json_object_get(view->run, "target"), "name"));
        if (failing == 0 && view->of[MARK_UNEXPECTED_PASS] > 0) {
            assay_buf_add_str(out, " passes where its expectations file says it fails");
            break;
        }
        assay_buf_printf(out,
                         failing == 0
                             ? " does not serve every honest payer; it fails against %zu of "
                             : " fails against %zu of ",
                         failing);
        report_add_count(out, judged, "threat", "threats");
        break;
    case REPORT_INVALID:
        assay_buf_add_str(out, "No verdict can be given on ");
        assay_buf_add(out, report_text(json_object_get(view->run, "target"), "name"));
        break;
    case REPORT_INTERRUPTED:
        assay_buf_add_str(out, "The run was interrupted: no verdict can be given on ");
        assay_buf_add(out, report_text(json_object_get(view->run, "target"), "name"));
        break;
    }
}
