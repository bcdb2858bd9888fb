/* Reports from a record, linked from ref/base, the record and the reports alone: that it builds
 * shows that no report needs the harness. `assay report` is the same with more options. */
#include "record/record.h"
#include "reports/report.h"

#include <stdio.h>
#include <string.h>

#define KINDS                                                                                      \
    "terminal, projection, html, junit, sarif, markdown, annotations, tap, ctrf, har, audit"

enum { EXIT_TROUBLE = 3, REPORT_MAX_BYTES = 256 << 20 };

static enum assay_code write_report(const char *kind, const json_t *run, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(REPORT_MAX_BYTES);
    enum assay_code rc;
    size_t i = 0;

    if (strcmp(kind, "terminal") == 0)
        return report_terminal(stdout, run, false, 100);
    while (i < REPORT_KINDS && strcmp(kind, report_kinds[i].name) != 0)
        i++;
    if (i < REPORT_KINDS)
        rc = report_kinds[i].write(&text, run, err);
    else if (strcmp(kind, "projection") == 0)
        rc = record_projection(&text, run, err);
    else
        rc = assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s: not one of " KINDS, kind);
    if (rc == ASSAY_OK && (fwrite(text.at, 1, text.len, stdout) != text.len || fflush(stdout) != 0))
        rc = assay_fail(err, ASSAY_E_IO, 0, "standard output cannot be written");
    assay_buf_fini(&text);
    return rc;
}

int main(int argc, char **argv)
{
    struct assay_err err = {0};
    json_t *run = NULL;
    enum assay_code rc;

    if (argc != 3) {
        (void)fputs("usage: assay-report RUN KIND, one of " KINDS "\n", stderr);
        return EXIT_TROUBLE;
    }
    if ((rc = record_read(&run, argv[1], &err)) == ASSAY_OK)
        rc = write_report(argv[2], run, &err);
    if (rc != ASSAY_OK)
        (void)fprintf(stderr, "assay-report: %s\n",
                      err.code != ASSAY_OK ? err.text : assay_code_text(rc));
    json_decref(run);
    return rc == ASSAY_OK ? 0 : EXIT_TROUBLE;
}
