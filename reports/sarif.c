/* SARIF 2.1.0 (reports/report.h), cut to what GitHub code scanning takes: 25,000 results, of which
 * it keeps 5,000; 20 tags a rule; 1,024 characters of a description; 10 MB compressed, which is
 * kept here of the uncompressed file. Worst findings stand first, so what is cut is the mildest.
 *
 * A scenario with a case in the run is a rule; a failure is a result, one that does not count has a
 * suppression or is a note; what could not be judged is a notification of the invocation. */
#include "base/hash.h"
#include "base/hex.h"
#include "base/url.h"
#include "reports/findings.h"
#include "reports/json_out.h"
#include "reports/report.h"

enum {
    RESULTS_MAX = 5000,
    RULES_MAX = 25000,
    NOTIFICATIONS_MAX = 1000,
    RULES_MAX_BYTES = 4 << 20,
    RESULTS_MAX_BYTES = 9 << 20,
    TAGS_MAX = 20,
    TEXT_MAX_BYTES = 1000,
    MESSAGE_MAX_BYTES = 1 << 16,
    FINGERPRINT_CHARS = 16,
};

struct sarif {
    struct json_out json;
    const struct report_view *view;
    struct findings findings;
    struct assay_bytes *rules; /* names of scenarios, in the order of the file */
    size_t rule_count, rules_cut, results_cut;
};

static const struct {
    const char *word, *score; /* of code scanning: above 9.0 is critical, from 7.0 high, … */
} severities[] = {
    [SEVERITY_CRITICAL] = {"critical", "9.5"},
    [SEVERITY_HIGH] = {"high", "8.0"},
    [SEVERITY_MEDIUM] = {"medium", "5.5"},
    [SEVERITY_LOW] = {"low", "2.0"},
};

static void add_message(struct json_out *j, const char *name, struct assay_bytes text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES);

    finding_add_shown(&shown, text, TEXT_MAX_BYTES);
    json_open(j, name, '{');
    json_text(j, "text", assay_buf_view(&shown));
    json_close(j, '}');
    report_done(j->out, &shown);
}

/* ---- rules ---- */

struct tags {
    struct assay_bytes items[TAGS_MAX];
    size_t count;
};

/* Each once. */
static void add_tag(struct json_out *j, struct tags *tags, struct assay_bytes text)
{
    size_t i = 0;

    text = assay_bytes_part(text, 0, TEXT_MAX_BYTES / 10);
    while (i < tags->count && !assay_bytes_equal(tags->items[i], text))
        i++;
    if (text.len == 0 || i < tags->count || i == TAGS_MAX)
        return;
    tags->items[tags->count++] = text;
    json_shown(j, NULL, text);
}

static void add_tags(struct sarif *s, const struct finding *f)
{
    static const struct {
        const char *letter, *word;
    } stride[] = {{"S", "spoofing"},          {"T", "tampering"},
                  {"R", "repudiation"},       {"I", "information-disclosure"},
                  {"D", "denial-of-service"}, {"E", "elevation-of-privilege"}};
    const struct report_threat *threat = &s->view->threats[f->c->threat];
    struct tags tags = {.count = 0};
    const json_t *idea;
    size_t i;

    json_open(&s->json, "tags", '[');
    add_tag(&s->json, &tags, ASSAY_LIT("security"));
    add_tag(&s->json, &tags, threat->profile);
    add_tag(&s->json, &tags, threat->id);
    add_tag(&s->json, &tags, report_text(f->c->c, "level"));
    add_tag(&s->json, &tags, report_text(f->c->c, "kind"));
    for (i = 0; i < ARRAY_LEN(stride); i++)
        if (assay_bytes_is(report_text(threat->entry, "stride"), stride[i].letter))
            add_tag(&s->json, &tags, assay_str(stride[i].word));
    json_array_foreach (json_object_get(f->scenario, "ideas"), i, idea)
        add_tag(&s->json, &tags, assay_str(json_string_value(idea)));
    json_close(&s->json, ']');
}

static void add_help(struct sarif *s, const struct finding *f)
{
    const struct report_threat *threat = &s->view->threats[f->c->threat];
    const struct {
        const char *label;
        struct assay_bytes text;
    } parts[] = {
        {"Rule", report_text(f->c->rule, "sentence")},
        {"Clause", report_text(f->c->rule, "source")},
        {"Remedy", report_case_remedy(f->c)},
        {"Threat", report_text(threat->entry, "threat")},
        {"Mitigation", report_text(threat->entry, "mitigation")},
        {"Residual risk", report_text(threat->entry, "residual")},
    };
    struct assay_buf plain = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES),
                     markdown = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].text.len == 0)
            continue;
        finding_add_line(&plain, parts[i].label, parts[i].text, TEXT_MAX_BYTES);
        assay_buf_printf(&markdown, "**%s:** ", parts[i].label);
        finding_add_markdown(&markdown, parts[i].text, TEXT_MAX_BYTES);
        assay_buf_add_str(&markdown, "\n\n");
    }
    finding_add_line(&plain, "Scenario", report_text(f->c->c, "scenario"), TEXT_MAX_BYTES);
    assay_buf_add_str(&markdown, "**Scenario:** ");
    finding_add_markdown(&markdown, report_text(f->c->c, "scenario"), TEXT_MAX_BYTES);
    json_open(&s->json, "help", '{');
    json_text(&s->json, "text", assay_buf_view(&plain));
    json_text(&s->json, "markdown", assay_buf_view(&markdown));
    json_close(&s->json, '}');
    report_done(s->json.out, &plain);
    report_done(s->json.out, &markdown);
}

static bool is_kept_rule(const struct sarif *s, struct assay_bytes scenario, size_t *index)
{
    for (*index = s->rule_count; *index > 0; (*index)--)
        if (assay_bytes_equal(s->rules[*index - 1], scenario)) {
            (*index)--;
            return true;
        }
    return false;
}

static void add_rule(struct sarif *s, const struct report_case *c)
{
    struct finding f = {.c = c,
                        .scenario = finding_scenario(s->view, c->c),
                        .severity = finding_severity(&s->view->threats[c->threat])};
    struct assay_bytes scenario = report_text(c->c, "scenario"), sentence;
    size_t index;

    if (is_kept_rule(s, scenario, &index))
        return;
    if (s->rule_count == RULES_MAX || s->json.out->len > RULES_MAX_BYTES) {
        s->rules_cut++;
        return;
    }
    s->rules[s->rule_count++] = scenario;
    sentence = report_text(c->rule, "sentence");
    json_open(&s->json, NULL, '{');
    json_shown(&s->json, "id", assay_bytes_part(scenario, 0, TEXT_MAX_BYTES / 5));
    add_message(&s->json, "shortDescription",
                report_text(f.scenario != NULL ? f.scenario : c->c, "title"));
    add_message(&s->json, "fullDescription",
                sentence.len > 0 ? sentence : report_text(c->c, "title"));
    add_help(s, &f);
    json_open(&s->json, "defaultConfiguration", '{');
    json_str(&s->json, "level",
             assay_bytes_is(report_text(c->c, "level"), "must") ? "error" : "warning");
    json_close(&s->json, '}');
    json_open(&s->json, "properties", '{');
    json_str(&s->json, "security-severity", severities[f.severity].score);
    json_str(&s->json, "problem.severity",
             assay_bytes_is(report_text(c->c, "level"), "must") ? "error" : "warning");
    add_tags(s, &f);
    json_close(&s->json, '}');
    json_close(&s->json, '}');
}

static void add_driver(struct sarif *s)
{
    json_open(&s->json, "tool", '{');
    json_open(&s->json, "driver", '{');
    json_str(&s->json, "name", "Assay");
    json_shown(&s->json, "version", report_text(json_object_get(s->view->run, "assay"), "version"));
    json_open(&s->json, "rules", '[');
    for (size_t i = 0; i < s->view->case_count; i++)
        if (i == 0 || !assay_bytes_equal(report_text(s->view->cases[i - 1].c, "scenario"),
                                         report_text(s->view->cases[i].c, "scenario")))
            add_rule(s, &s->view->cases[i]);
    json_close(&s->json, ']');
    json_close(&s->json, '}');
    json_close(&s->json, '}');
}

/* ---- results ---- */

/* How it is known decides: what only the target itself claims is a warning. */
static const char *level_of(const struct finding *f)
{
    if (f->c->mark == MARK_MILD_FAIL)
        return "note";
    return assay_bytes_is(report_text(f->c->c, "grade"), "claimed") ? "warning" : "error";
}

/* The target file, which is in the repository that is looked at; "" where it is another's or none.
 */
static struct assay_bytes target_file(const struct finding *f)
{
    struct assay_bytes path = report_text(f->c->leg, "target");
    bool is_outside = path.len == 0 || path.at[0] == '/' || path.at[0] == '(';

    for (size_t i = 0; i + 1 < path.len;
         i++) /* whatever leads upwards, and some names that do not */
        is_outside = is_outside || (path.at[i] == '.' && path.at[i + 1] == '.');

    return is_outside ? ASSAY_LIT("") : path;
}

/* A place that is the same in every run: the target file, else where the scenario stands. */
static void add_location(struct sarif *s, const struct finding *f)
{
    struct assay_bytes at = target_file(f);
    struct assay_buf uri = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES);
    int64_t line = at.len > 0 ? 1 : report_number(f->scenario, "line");

    if (at.len == 0)
        at = report_text(f->scenario, "file");
    if (at.len == 0)
        at = report_text(f->c->c, "scenario");
    at = assay_bytes_part(at, 0, TEXT_MAX_BYTES);
    while (at.len > 0 &&
           (at.at[0] == '/' || at.at[0] == '.')) /* below the root, whatever it says */
        at = assay_bytes_part(at, 1, at.len);
    for (size_t i = 0; i < at.len; i++) {
        if (at.at[i] == '/')
            assay_buf_add_byte(&uri, '/');
        else
            assay_url_escape_component(&uri, assay_bytes_part(at, i, i + 1));
    }
    json_open(&s->json, "locations", '[');
    json_open(&s->json, NULL, '{');
    json_open(&s->json, "physicalLocation", '{');
    json_open(&s->json, "artifactLocation", '{');
    json_text(&s->json, "uri", uri.len > 0 ? assay_buf_view(&uri) : ASSAY_LIT("assay"));
    json_close(&s->json, '}');
    json_open(&s->json, "region", '{');
    json_number(&s->json, "startLine", line > 0 ? line : 1);
    json_close(&s->json, '}');
    json_close(&s->json, '}');
    json_close(&s->json, '}');
    json_close(&s->json, ']');
    report_done(s->json.out, &uri);
}

/* Of what a case is, not of what was seen: the same in the next run. */
static void add_fingerprint(struct sarif *s, const struct finding *f)
{
    const struct assay_bytes parts[] = {report_text(f->c->c, "scenario"),
                                        report_text(f->c->c, "case"), report_text(f->c->leg, "id"),
                                        report_text(f->c->leg, "rules"),
                                        report_text(f->c->leg, "defect")};
    struct assay_sha256 h;
    uint8_t digest[ASSAY_SHA256_BYTES];
    char hex[2 * ASSAY_SHA256_BYTES + 1];
    struct assay_buf line = ASSAY_BUF_INIT(64);

    assay_sha256_init(&h);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        assay_sha256_add(&h, parts[i]);
        assay_sha256_add(&h, assay_bytes_of("", 1));
    }
    assay_sha256_end(&h, digest);
    assay_hex_encode(hex, assay_bytes_of(digest, sizeof(digest)));
    assay_buf_printf(&line, "%.*s:1", FINGERPRINT_CHARS, hex);
    json_open(&s->json, "partialFingerprints", '{');
    json_str(&s->json, "assayCase/v1", hex);
    json_text(&s->json, "primaryLocationLineHash", assay_buf_view(&line)); /* code scanning's */
    json_close(&s->json, '}');
    report_done(s->json.out, &line);
}

static void add_result_message(struct sarif *s, const struct finding *f)
{
    struct assay_buf message = ASSAY_BUF_INIT((size_t)64 << 20),
                     text = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES);

    finding_message(&message, s->view, f->c);
    finding_add_shown(&text, report_text(f->c->c, "title"), TEXT_MAX_BYTES);
    assay_buf_add_str(&text, ": ");
    finding_add_shown(&text, assay_buf_view(&message), TEXT_MAX_BYTES);
    assay_buf_add_str(&text, ".\n");
    finding_add_line(&text, "Remedy", report_case_remedy(f->c), TEXT_MAX_BYTES);
    finding_add_line(&text, "Case", report_text(f->c->c, "case"), TEXT_MAX_BYTES);
    finding_add_line(&text, "Repeat", report_text(f->c->c, "replay"), TEXT_MAX_BYTES);
    json_open(&s->json, "message", '{');
    json_text(&s->json, "text", assay_buf_view(&text));
    json_close(&s->json, '}');
    report_done(s->json.out, &message);
    report_done(s->json.out, &text);
}

static void add_result(struct sarif *s, const struct finding *f)
{
    struct assay_bytes scenario = report_text(f->c->c, "scenario");
    size_t index;

    json_open(&s->json, NULL, '{');
    json_shown(&s->json, "ruleId", assay_bytes_part(scenario, 0, TEXT_MAX_BYTES / 5));
    if (is_kept_rule(s, scenario, &index))
        json_number(&s->json, "ruleIndex", (int64_t)index);
    json_str(&s->json, "kind", "fail");
    json_str(&s->json, "level", level_of(f));
    add_result_message(s, f);
    add_location(s, f);
    add_fingerprint(s, f);
    json_open(&s->json, "suppressions", '[');
    if (f->c->mark == MARK_KNOWN_FAIL) {
        json_open(&s->json, NULL, '{');
        json_str(&s->json, "kind", "external");
        json_str(&s->json, "status", "accepted");
        json_str(&s->json, "justification", "a known failure by the expectations file");
        json_close(&s->json, '}');
    }
    json_close(&s->json, ']');
    json_open(&s->json, "properties", '{');
    json_str(&s->json, "mark", report_marks[f->c->mark].word);
    json_shown(&s->json, "grade", report_text(f->c->c, "grade"));
    json_shown(&s->json, "level", report_text(f->c->c, "level"));
    json_str(&s->json, "severity", severities[f->severity].word);
    json_shown(&s->json, "where", report_text(f->c->c, "where"));
    json_close(&s->json, '}');
    json_close(&s->json, '}');
}

static void add_results(struct sarif *s)
{
    json_open(&s->json, "results", '[');
    for (size_t i = 0; i < s->findings.count; i++) {
        if (i == RESULTS_MAX || s->json.out->len > RESULTS_MAX_BYTES) {
            s->results_cut = s->findings.count - i;
            break;
        }
        add_result(s, &s->findings.items[i]);
    }
    json_close(&s->json, ']');
}

/* ---- the invocation ---- */

static void add_notification(struct sarif *s, const char *id, const char *level,
                             struct assay_bytes text)
{
    json_open(&s->json, NULL, '{');
    json_open(&s->json, "descriptor", '{');
    json_str(&s->json, "id", id);
    json_close(&s->json, '}');
    json_str(&s->json, "level", level);
    add_message(&s->json, "message", text);
    json_close(&s->json, '}');
}

static void add_cut(struct sarif *s)
{
    struct assay_buf text = ASSAY_BUF_INIT(1024);

    if (s->results_cut + s->rules_cut == 0)
        return;
    assay_buf_printf(&text,
                     "this file is cut to what code scanning takes: %zu milder findings and %zu "
                     "scenarios are left out; the HTML report has all",
                     s->results_cut, s->rules_cut);
    add_notification(s, "cut", "warning", assay_buf_view(&text));
    report_done(s->json.out, &text);
}

static void add_unjudged_threat(struct sarif *s, const struct report_threat *threat)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)64 << 20);

    if (threat->not_judged.len == 0)
        return;
    report_threat_name(&text, s->view, threat);
    assay_buf_add_str(&text, ": ");
    assay_buf_add(&text, threat->not_judged);
    add_notification(s, "not-judged", "note", assay_buf_view(&text));
    report_done(s->json.out, &text);
}

/* What a selftest finds is about the suite, and so no result about a target. */
static void add_uncaught(struct sarif *s)
{
    const json_t *row;
    size_t listed = 0, i;

    json_array_foreach (json_object_get(json_object_get(s->view->run, "matrix"), "rows"), i, row) {
        struct assay_buf text = ASSAY_BUF_INIT((size_t)64 << 20);

        if (finding_row_is_caught(row) || listed++ >= NOTIFICATIONS_MAX)
            continue;
        assay_buf_add(&text, report_text(row, "defect"));
        assay_buf_printf(&text, ": %s", finding_row_word(row));
        add_notification(s, "uncaught", "error", assay_buf_view(&text));
        report_done(s->json.out, &text);
    }
}

static void add_notifications(struct sarif *s)
{
    const json_t *reason;
    size_t broken = 0, i;

    json_open(&s->json, "toolExecutionNotifications", '[');
    json_array_foreach (json_object_get(s->view->outcome, "invalid"), i, reason)
        if (i < NOTIFICATIONS_MAX)
            add_notification(s, "invalid", "error", report_text(reason, "text"));
    add_cut(s);
    add_uncaught(s);
    for (i = 0; i < s->view->case_count && broken < NOTIFICATIONS_MAX; i++) {
        struct assay_buf text = ASSAY_BUF_INIT((size_t)64 << 20);

        if (s->view->cases[i].mark != MARK_BROKEN)
            continue;
        broken++;
        report_case_name(&text, s->view, &s->view->cases[i]);
        assay_buf_add_str(&text, ": ");
        report_case_reason(&text, s->view, &s->view->cases[i]);
        add_notification(s, "broken", "warning", assay_buf_view(&text));
        report_done(s->json.out, &text);
    }
    for (i = 0; i < s->view->threat_count && i < NOTIFICATIONS_MAX; i++)
        add_unjudged_threat(s, &s->view->threats[i]);
    json_close(&s->json, ']');
}

static void add_invocation(struct sarif *s)
{
    struct assay_bytes ended = report_text(s->view->outcome, "ended");
    struct assay_buf command = ASSAY_BUF_INIT((size_t)64 << 20);

    report_add_command(&command, json_object_get(s->view->run, "command"));
    json_open(&s->json, "invocations", '[');
    json_open(&s->json, NULL, '{');
    json_flag(&s->json, "executionSuccessful",
              json_is_true(json_object_get(s->view->outcome, "valid")));
    json_number(&s->json, "exitCode", report_number(s->view->outcome, "exit"));
    json_shown(&s->json, "commandLine",
               assay_bytes_part(assay_buf_view(&command), 0, 4 * TEXT_MAX_BYTES));
    json_text(&s->json, "startTimeUtc", report_text(s->view->run, "started"));
    if (ended.len > 0)
        json_text(&s->json, "endTimeUtc", ended);
    add_notifications(s);
    json_close(&s->json, '}');
    json_close(&s->json, ']');
    report_done(s->json.out, &command);
}

static void add_run(struct sarif *s)
{
    struct assay_buf id = ASSAY_BUF_INIT((size_t)64 << 20);

    json_open(&s->json, NULL, '{');
    add_driver(s);
    assay_buf_add_str(&id, "assay/");
    finding_add_shown(&id, report_text(json_object_get(s->view->run, "target"), "profile"),
                      TEXT_MAX_BYTES);
    assay_buf_add_byte(&id, '/');
    json_open(&s->json, "automationDetails", '{');
    json_text(&s->json, "id", assay_buf_view(&id));
    json_close(&s->json, '}');
    json_str(&s->json, "columnKind", "utf16CodeUnits");
    add_results(s);
    add_invocation(s);
    json_open(&s->json, "properties", '{');
    json_shown(&s->json, "target",
               assay_bytes_part(report_text(json_object_get(s->view->run, "target"), "name"), 0,
                                TEXT_MAX_BYTES));
    json_text(&s->json, "seed", report_text(s->view->run, "seed"));
    json_number(&s->json, "resultsLeftOut", (int64_t)s->results_cut);
    json_close(&s->json, '}');
    json_close(&s->json, '}');
    report_done(s->json.out, &id);
}

enum assay_code report_sarif(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    struct report_view view = {0};
    struct sarif s = {.json = {.out = out}, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc == ASSAY_OK)
        rc = findings_init(&s.findings, &view,
                           FINDINGS_BAD | MARK_BIT(MARK_MILD_FAIL) | MARK_BIT(MARK_KNOWN_FAIL));
    if (rc == ASSAY_OK && (s.rules = assay_alloc((view.case_count + 1) * sizeof(*s.rules))) == NULL)
        rc = ASSAY_E_NOMEM;
    if (rc != ASSAY_OK)
        goto out;
    json_open(&s.json, NULL, '{');
    json_str(&s.json, "$schema",
             "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json");
    json_str(&s.json, "version", "2.1.0");
    json_open(&s.json, "runs", '[');
    add_run(&s);
    json_close(&s.json, ']');
    json_close(&s.json, '}');
    assay_buf_add_byte(out, '\n');
    rc = out->bad;
out:
    assay_free(s.rules);
    findings_fini(&s.findings);
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "SARIF report: %s", assay_code_text(rc));
}
