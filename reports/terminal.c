/* The summary for a terminal (reports/report.h): short when all is well, a paragraph for each
 * failure. */
#include "base/utf8.h"
#include "reports/findings.h"
#include "reports/reasons.h"
#include "reports/report.h"
#include "reports/terminal_text.h"

enum {
    BRIEF_SHOWN = 10,
    REASONS_SHOWN = 20, /* why a run is not valid */
    NOT_JUDGED_SHOWN = 8,
    THREAT_SHOWN_BYTES = 60
};

/* "1  scenario/case    must, observed" and what goes with it, down to the command that repeats it.
 */
static void add_failure(struct terminal *t, const struct report_case *c, size_t number)
{
    const struct report_threat *threat = &t->view->threats[c->threat];
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    report_case_name(&text, t->view, c);
    assay_buf_printf(&t->out, "%zu%s ", number, number < 10 ? " " : "");
    terminal_ink(t, INK_RED);
    assay_utf8_add_printable(&t->out, assay_buf_view(&text));
    terminal_ink(t, INK_PLAIN);
    assay_buf_printf(&t->out, "  %s\n", report_marks[c->mark].word);
    terminal_pad(t, 3);
    terminal_wrap(t, 3, report_text(c->c, "title"));
    terminal_labelled(t, "expected", report_text(c->c, "expected"));
    terminal_labelled(t, "seen", report_text(c->c, "seen"));
    assay_buf_clear(&text);
    report_case_reason(&text, t->view, c);
    terminal_labelled(t, "because", assay_buf_view(&text));
    assay_buf_clear(&text);
    assay_buf_add(&text, report_text(c->c, "rule"));
    assay_buf_add_str(&text, c->rule != NULL ? ": " : "");
    assay_buf_add(&text, report_text(c->rule, "sentence"));
    terminal_labelled(t, "rule", assay_buf_view(&text));
    terminal_labelled(t, "remedy", report_case_remedy(c));
    assay_buf_clear(&text);
    assay_buf_add(&text, threat->id);
    assay_buf_add_str(&text, threat->entry != NULL ? ": " : "");
    assay_buf_add(&text, report_text(threat->entry, "threat"));
    terminal_labelled(t, "threat", assay_buf_view(&text));
    terminal_labelled(t, "grade", report_text(c->c, "grade"));
    terminal_labelled(t, "where", report_text(c->c, "where"));
    if (report_text(c->c, "replay").len > 0) {
        terminal_label(t, "repeat");
        terminal_command(t, report_text(c->c, "replay"));
    }
    assay_buf_add_byte(&t->out, '\n');
    report_done(&t->out, &text);
}

/* Worst first. */
static void add_failures(struct terminal *t)
{
    struct findings found = {0};

    if (findings_init(&found, t->view, FINDINGS_BAD) != ASSAY_OK)
        t->out.bad = ASSAY_E_NOMEM;
    for (size_t i = 0; i < found.count; i++)
        add_failure(t, found.items[i].c, i + 1);
    findings_fini(&found);
}

/* The cases of one mark, a line or two each, with what was seen where something was; what rests on
 * a control that failed is counted. */
static void add_brief(struct terminal *t, enum report_mark mark)
{
    size_t shown = 0, resting = 0;

    for (size_t i = 0; i < t->view->case_count; i++) {
        const struct report_case *c = &t->view->cases[i];
        struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES),
                         reason = ASSAY_BUF_INIT(OUT_MAX_BYTES);

        if (c->mark == mark && report_case_is_consequence(c))
            resting++;
        if (c->mark != mark || shown == BRIEF_SHOWN || report_case_is_consequence(c))
            continue;
        report_case_name(&text, t->view, c);
        report_case_reason(&reason, t->view, c);
        assay_buf_add_str(&text, ": ");
        assay_buf_add(&text, report_text(c->c, "seen"));
        assay_buf_add_str(&text, report_text(c->c, "seen").len > 0 && reason.len > 0 ? "; " : "");
        assay_buf_add(&text, assay_buf_view(&reason));
        if (shown++ == 0)
            assay_buf_printf(&t->out, "%s:\n", report_marks[mark].word);
        terminal_pad(t, 3);
        terminal_wrap(t, 6, assay_buf_view(&text));
        report_done(&t->out, &text);
        report_done(&t->out, &reason);
    }
    if (t->view->of[mark] > shown + resting)
        assay_buf_printf(&t->out, "   and %zu more\n", t->view->of[mark] - shown - resting);
    if (resting > 0)
        assay_buf_printf(&t->out, "not judged, since a control that they rest on failed: %zu %s\n",
                         resting, resting == 1 ? "case" : "cases");
    if (shown + resting > 0)
        assay_buf_add_byte(&t->out, '\n');
}

static void add_invalid(struct terminal *t)
{
    const json_t *reason;
    size_t i;

    json_array_foreach (json_object_get(t->view->outcome, "invalid"), i, reason) {
        if (i == REASONS_SHOWN)
            break;
        terminal_ink(t, INK_YELLOW);
        assay_buf_add_str(&t->out, "   why  ");
        terminal_ink(t, INK_PLAIN);
        terminal_wrap(t, 8, report_text(reason, "text"));
    }
}

/* The name of a threat, fit for a terminal and cut. */
static void threat_text(struct assay_buf *out, const struct report_view *view,
                        const struct report_threat *threat)
{
    struct assay_buf name = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    report_threat_name(&name, view, threat);
    assay_utf8_add_printable(out, assay_bytes_part(assay_buf_view(&name), 0, THREAT_SHOWN_BYTES));
    report_done(out, &name);
}

static size_t threat_columns(const struct report_view *view)
{
    size_t widest = 8;

    for (size_t i = 0; i < view->threat_count; i++) {
        struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

        threat_text(&text, view, &view->threats[i]);
        if (terminal_columns(assay_buf_view(&text)) > widest)
            widest = terminal_columns(assay_buf_view(&text));
        assay_buf_fini(&text);
    }
    return widest;
}

static size_t not_judged(const size_t of[MARK__COUNT])
{
    return of[MARK_BROKEN] + of[MARK_UNSUPPORTED] + of[MARK_SKIPPED];
}

static void add_table(struct terminal *t)
{
    size_t widest = threat_columns(t->view);

    assay_buf_add_str(&t->out, "threat");
    terminal_pad(t, widest - 6);
    assay_buf_add_str(&t->out, "   pass   fail   not judged\n");
    for (size_t i = 0; i < t->view->threat_count; i++) {
        const struct report_threat *threat = &t->view->threats[i];
        struct assay_buf name = ASSAY_BUF_INIT(OUT_MAX_BYTES);
        size_t pass = threat->of[MARK_PASS] + threat->of[MARK_UNEXPECTED_PASS];
        bool bad = report_threat_mark(threat) == MARK_FAIL;

        if (report_judged(threat->of) + not_judged(threat->of) == 0)
            continue; /* it is named below, with the reason */
        threat_text(&name, t->view, threat);
        assay_buf_add(&t->out, assay_buf_view(&name));
        terminal_pad(t, widest - terminal_columns(assay_buf_view(&name)));
        report_done(&t->out, &name);
        assay_buf_printf(&t->out, " %6zu ", pass);
        terminal_ink(t, bad ? INK_RED : INK_PLAIN);
        assay_buf_printf(&t->out, "%6zu", report_judged(threat->of) - pass);
        terminal_ink(t, INK_PLAIN);
        assay_buf_printf(&t->out, " %12zu\n", not_judged(threat->of));
    }
    assay_buf_add_byte(&t->out, '\n');
}

/* Threats of the view from `first` on that were not judged for the same reason, joined by commas.
 */
static void add_same_reason(const struct terminal *t, struct assay_buf *text, size_t first)
{
    const struct report_threat *threats = t->view->threats;

    for (size_t i = first; i < t->view->threat_count; i++) {
        if (!assay_bytes_equal(threats[i].not_judged, threats[first].not_judged))
            continue;
        assay_buf_add_str(text, i > first ? ", " : "");
        report_threat_name(text, t->view, &threats[i]);
    }
    assay_buf_add_str(text, ": ");
    assay_buf_add(text, threats[first].not_judged);
}

static bool reason_came_before(const struct terminal *t, size_t index)
{
    const struct report_threat *threats = t->view->threats;

    for (size_t i = 0; i < index; i++)
        if (assay_bytes_equal(threats[i].not_judged, threats[index].not_judged))
            return true;
    return false;
}

static void add_not_judged(struct terminal *t)
{
    bool any = false;

    for (size_t i = 0; i < t->view->threat_count; i++) {
        struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

        if (t->view->threats[i].not_judged.len > 0 && !reason_came_before(t, i)) {
            assay_buf_add_str(&t->out, any ? "   " : "not judged:\n   ");
            any = true;
            add_same_reason(t, &text, i);
            terminal_wrap(t, 6, assay_buf_view(&text));
        }
        report_done(&t->out, &text);
    }
    if (any)
        assay_buf_add_byte(&t->out, '\n');
}

/* Of threats that were judged in part, too. */
static void add_reasons(struct terminal *t)
{
    struct report_reasons reasons = {0};
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    size_t told = 0;

    if (report_reasons_init(&reasons, t->view) != ASSAY_OK)
        t->out.bad = ASSAY_E_NOMEM;
    if (reasons.count > 0)
        assay_buf_printf(&t->out, "%zu of %zu cases could not be judged:\n", reasons.cases,
                         t->view->case_count);
    for (size_t i = 0; i < reasons.count && i < NOT_JUDGED_SHOWN; i++) {
        assay_buf_clear(&text);
        assay_buf_add(&text, reasons.items[i].text);
        assay_buf_printf(&t->out, "%6zu  ", reasons.items[i].count);
        terminal_wrap(t, 8, assay_buf_view(&text));
        told += reasons.items[i].count;
    }
    if (told < reasons.cases)
        assay_buf_printf(&t->out, "%6zu  for other reasons, which the reports have\n",
                         reasons.cases - told);
    if (reasons.count > 0)
        assay_buf_add_byte(&t->out, '\n');
    report_done(&t->out, &text);
    report_reasons_fini(&reasons);
}

/* "3 cases, first paid-tools/…": which cases a broken server failed. */
static void add_caught_by(struct terminal *t, const json_t *cases)
{
    size_t count = json_array_size(cases);

    report_add_count(&t->out, count, "case", "cases");
    assay_buf_add_str(&t->out, count > 1 ? ", first " : ", ");
    assay_utf8_add_printable(&t->out, assay_str(json_string_value(json_array_get(cases, 0))));
    assay_buf_add_byte(&t->out, '\n');
}

/* Each of the scenarios that name the defect and pass on the broken reference. */
static void add_missed_by(struct terminal *t, const json_t *scenarios)
{
    const json_t *scenario;
    size_t i;

    json_array_foreach (scenarios, i, scenario) {
        assay_buf_add_str(&t->out, "    missed by ");
        assay_utf8_add_printable(&t->out, assay_str(json_string_value(scenario)));
        assay_buf_add_str(&t->out, ", which names it\n");
    }
}

static void add_matrix(struct terminal *t, const json_t *matrix)
{
    const json_t *row, *alarm;
    size_t i;

    json_array_foreach (json_object_get(matrix, "rows"), i, row) {
        struct assay_bytes verdict = report_text(row, "verdict");
        bool is_caught = assay_bytes_is(verdict, "caught");
        bool is_unnamed = assay_bytes_is(verdict, "unnamed");

        terminal_ink(t, is_caught ? INK_PLAIN : INK_RED);
        assay_utf8_add_printable(&t->out, verdict);
        terminal_ink(t, INK_PLAIN);
        assay_buf_add_str(&t->out, "  ");
        assay_utf8_add_printable(&t->out, report_text(row, "defect"));
        assay_buf_add_str(&t->out, " in a ");
        assay_utf8_add_printable(&t->out, report_text(row, "side"));
        assay_buf_add_str(&t->out, " under the rules ");
        assay_utf8_add_printable(&t->out, report_text(row, "rules"));
        if (assay_bytes_is(verdict, "survived")) {
            assay_buf_add_str(&t->out, ": no scenario catches it\n");
        } else {
            assay_buf_add_str(
                &t->out, is_unnamed ? ": caught only by scenarios that do not name it: " : ": ");
            add_caught_by(t, json_object_get(row, "caughtBy"));
        }
        add_missed_by(t, json_object_get(row, "missedBy"));
    }
    json_array_foreach (json_object_get(matrix, "falseAlarms"), i, alarm) {
        terminal_ink(t, INK_RED);
        assay_buf_add_str(&t->out, "false alarm");
        terminal_ink(t, INK_PLAIN);
        assay_buf_add_str(&t->out, "  the correct reference is refused by ");
        assay_utf8_add_printable(&t->out, assay_str(json_string_value(alarm)));
        assay_buf_add_byte(&t->out, '\n');
    }
}

/* Where there are several: what each of them came to. */
static void add_legs(struct terminal *t)
{
    for (size_t i = 0; i < t->view->leg_count && t->view->several_legs; i++) {
        const struct report_leg *leg = &t->view->legs[i];
        struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

        assay_buf_add(&text, report_text(leg->leg, "id"));
        assay_buf_add_str(&text, " (");
        assay_buf_add(&text, report_text(leg->leg, "name"));
        assay_buf_add_str(&text, ", by the rules ");
        assay_buf_add(&text, report_text(leg->leg, "rules"));
        assay_buf_add_str(&text, "): ");
        report_add_marks(&text, leg->of);
        terminal_wrap(t, 0, assay_buf_view(&text));
        report_done(&t->out, &text);
    }
}

static void add_self_check(struct terminal *t)
{
    const json_t *check = json_object_get(t->view->run, "selfCheck");

    if (check == NULL)
        return;
    assay_buf_add_str(&t->out, "self-check: ");
    if (!json_is_true(json_object_get(check, "ran")))
        assay_buf_add_str(&t->out, "not run");
    else if (json_is_true(json_object_get(check, "passed")))
        assay_buf_printf(&t->out, "passed for %zu of %zu threats",
                         json_array_size(json_object_get(check, "threats")),
                         json_array_size(json_object_get(check, "threats")));
    else
        assay_buf_add_str(&t->out, "FAILED");
    if (report_text(check, "reason").len > 0) {
        assay_buf_add_str(&t->out, ": ");
        assay_utf8_add_printable(&t->out, report_text(check, "reason"));
    }
    assay_buf_add_byte(&t->out, '\n');
}

/* "FAILED  headline" */
static void add_headline(struct terminal *t)
{
    bool valid = json_is_true(json_object_get(t->view->outcome, "valid"));
    const char *word = report_status_word(t->view->status);
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    terminal_ink(t, t->view->status == REPORT_PASSED   ? INK_GREEN
                    : t->view->status == REPORT_FAILED ? INK_RED
                                                       : INK_YELLOW);
    assay_buf_add_str(&t->out, word);
    terminal_ink(t, INK_PLAIN);
    if (t->view->status == REPORT_FAILED && !valid)
        assay_buf_add_str(&t->out, ", and otherwise INVALID");
    assay_buf_add_str(&t->out, "  ");
    report_headline(&text, t->view);
    terminal_wrap(t, strlen(word) + 2, assay_buf_view(&text));
    report_done(&t->out, &text);
}

/* Its folder is there now. */
static bool must_replace(const json_t *command)
{
    bool names_folder = false, replaces = false;
    const json_t *word;
    size_t i;

    json_array_foreach (command, i, word) {
        struct assay_bytes text = assay_bytes_of(json_string_value(word), json_string_length(word));

        names_folder = names_folder || assay_bytes_is(text, "--out");
        replaces = replaces || assay_bytes_is(text, "--replace");
    }
    return names_folder && !replaces;
}

static void add_advice(struct terminal *t)
{
    const json_t *ran = json_object_get(t->view->run, "command");
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    assay_buf_add_str(&text, t->view->status == REPORT_INTERRUPTED
                                 ? "run it again to the end:"
                                 : "mend what is named above, then run it again:");
    assay_buf_add_str(&t->out, "   then ");
    terminal_wrap(t, 8, assay_buf_view(&text));
    assay_buf_clear(&text);
    report_add_command(&text, ran);
    if (must_replace(ran))
        assay_buf_add_str(&text, " --replace");
    terminal_pad(t, 8);
    terminal_command(t, assay_buf_view(&text));
    report_done(&t->out, &text);
}

static void add_totals(struct terminal *t)
{
    int64_t ms = report_duration_ms(t->view);
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    add_legs(t);
    report_add_marks(&text, t->view->of);
    if (ms >= 0)
        assay_buf_printf(&text, " in %lld.%lld s", (long long)(ms / 1000),
                         (long long)(ms % 1000 / 100));
    assay_buf_add_str(&text, "; seed ");
    assay_buf_add(&text, report_text(t->view->run, "seed"));
    terminal_wrap(t, 0, assay_buf_view(&text));
    report_done(&t->out, &text);
}

static void add_all(struct terminal *t)
{
    const json_t *matrix = json_object_get(t->view->run, "matrix");
    bool valid = json_is_true(json_object_get(t->view->outcome, "valid"));

    if (!valid) {
        add_headline(t);
        add_invalid(t);
        assay_buf_add_byte(&t->out, '\n');
    }
    add_failures(t);
    add_brief(t, MARK_MILD_FAIL);
    add_brief(t, MARK_BROKEN);
    if (matrix != NULL)
        add_matrix(t, matrix);
    if (t->view->status != REPORT_PASSED && matrix == NULL)
        add_table(t);
    add_not_judged(t);
    add_reasons(t);
    add_self_check(t);
    add_totals(t);
    add_headline(t);
    if (!valid) {
        add_invalid(t);
        add_advice(t);
    }
}

enum assay_code report_terminal(FILE *out, const json_t *run, bool colour, int width)
{
    struct report_view view = {0};
    struct terminal t = {ASSAY_BUF_INIT(OUT_MAX_BYTES), &view, colour,
                         width > 0 ? (size_t)width : SIZE_MAX};
    enum assay_code rc = report_view_init(&view, run);

    if (rc == ASSAY_OK) {
        add_all(&t);
        rc = t.out.bad;
    }
    if (rc == ASSAY_OK && (fwrite(t.out.at, 1, t.out.len, out) != t.out.len || fflush(out) != 0))
        rc = ASSAY_E_IO;
    assay_buf_fini(&t.out);
    report_view_fini(&view);
    return rc;
}
