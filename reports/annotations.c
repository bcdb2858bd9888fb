/* GitHub annotations (reports/report.h): workflow commands, of which a step may have ten errors,
 * ten warnings and ten notices. No file is named: the scenario's is not one of the repository under
 * test. */
#include "reports/findings.h"
#include "reports/report.h"

enum { EACH_MAX = 10, TEXT_MAX_BYTES = 1000, NAME_MAX_BYTES = 1 << 20 };

struct annotations {
    struct assay_buf *out;
    const struct report_view *view;
    size_t errors, warnings;           /* written */
    size_t errors_more, warnings_more; /* not written */
};

/* As the runner reads them back: of a message it takes '%' and line ends, of a property ':' and ','
 * too. */
static void add_escaped(struct assay_buf *out, struct assay_bytes text, const char *signs)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '\0' && strchr(signs, text.at[i]) != NULL)
            assay_buf_printf(out, "%%%02X", text.at[i]);
        else
            assay_buf_add_byte(out, text.at[i]);
    }
}

static void add_command(struct annotations *a, const char *kind, struct assay_bytes title,
                        struct assay_bytes message)
{
    struct assay_buf shown = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);
    size_t trailing = message.len > 0 && message.at[message.len - 1] == '\n';

    assay_buf_printf(a->out, "::%s title=", kind);
    finding_add_shown(&shown, title, TEXT_MAX_BYTES / 5);
    add_escaped(a->out, assay_buf_view(&shown), "%\r\n:,");
    assay_buf_add_str(a->out, "::");
    add_escaped(a->out, assay_bytes_part(message, 0, message.len - trailing), "%\r\n");
    assay_buf_add_byte(a->out, '\n');
    report_done(a->out, &shown);
}

static void add_finding(struct annotations *a, const struct report_case *c)
{
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES), why = ASSAY_BUF_INIT(NAME_MAX_BYTES),
                     message = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);
    bool is_error = report_mark_is_bad(c->mark);
    size_t *count = is_error ? &a->errors : &a->warnings;

    if (*count == EACH_MAX) {
        *(is_error ? &a->errors_more : &a->warnings_more) += 1;
        return;
    }
    ++*count;
    report_case_name(&name, a->view, c);
    finding_message(&why, a->view, c);
    finding_add_line(&message, report_marks[c->mark].word, report_text(c->c, "title"),
                     TEXT_MAX_BYTES);
    finding_add_shown(&message, assay_buf_view(&why), TEXT_MAX_BYTES);
    assay_buf_add_byte(&message, '\n');
    finding_add_line(&message, "remedy", report_case_remedy(c), TEXT_MAX_BYTES);
    finding_add_line(&message, "repeat", report_text(c->c, "replay"), TEXT_MAX_BYTES);
    add_command(a, is_error ? "error" : "warning", assay_buf_view(&name), assay_buf_view(&message));
    report_done(a->out, &name);
    report_done(a->out, &why);
    report_done(a->out, &message);
}

/* One for all reasons, which comes first. */
static void add_invalid(struct annotations *a)
{
    const json_t *reasons = json_object_get(a->view->outcome, "invalid"), *reason;
    struct assay_buf message = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);
    size_t i;

    json_array_foreach (reasons, i, reason)
        if (i < EACH_MAX)
            finding_add_line(&message, "INVALID", report_text(reason, "text"), TEXT_MAX_BYTES);
    if (json_array_size(reasons) > 0) {
        a->errors++;
        add_command(a, "error", ASSAY_LIT("Assay: no verdict can be given"),
                    assay_buf_view(&message));
    }
    report_done(a->out, &message);
}

/* One for all seeded defects of a selftest that were not caught. */
static void add_uncaught(struct annotations *a)
{
    const json_t *row;
    struct assay_buf message = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);
    size_t listed = 0, i;

    json_array_foreach (json_object_get(json_object_get(a->view->run, "matrix"), "rows"), i, row)
        if (!finding_row_is_caught(row) && listed++ < EACH_MAX)
            finding_add_line(&message, finding_row_word(row), report_text(row, "defect"),
                             TEXT_MAX_BYTES);
    if (listed > EACH_MAX)
        assay_buf_printf(&message, "and %zu more\n", listed - EACH_MAX);
    if (listed > 0) {
        a->errors++;
        add_command(a, "error", ASSAY_LIT("Assay: seeded defects were not caught"),
                    assay_buf_view(&message));
    }
    report_done(a->out, &message);
}

static void add_more(struct annotations *a)
{
    struct assay_buf message = ASSAY_BUF_INIT(1024);

    if (a->errors_more + a->warnings_more == 0)
        return;
    assay_buf_printf(&message,
                     "%zu more failures and %zu more warnings are not annotated, since a step may "
                     "have ten of each; the reports have all",
                     a->errors_more, a->warnings_more);
    add_command(a, "notice", ASSAY_LIT("Assay: there is more"), assay_buf_view(&message));
    report_done(a->out, &message);
}

enum assay_code report_annotations(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    struct report_view view = {0};
    struct findings findings = {0};
    struct annotations a = {.out = out, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc == ASSAY_OK)
        rc = findings_init(&findings, &view,
                           FINDINGS_BAD | MARK_BIT(MARK_BROKEN) | MARK_BIT(MARK_MILD_FAIL));
    if (rc != ASSAY_OK)
        goto out;
    add_invalid(&a);
    add_uncaught(&a);
    for (size_t i = 0; i < findings.count; i++)
        if (!report_case_is_consequence(findings.items[i].c))
            add_finding(&a, findings.items[i].c);
    add_more(&a);
    rc = out->bad;
out:
    findings_fini(&findings);
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "annotations: %s", assay_code_text(rc));
}
