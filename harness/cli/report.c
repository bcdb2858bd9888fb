/* assay report: reports from a recorded run. Whatever is asked for is written whole or not at all.
 */
#include "cli/audit_pdf.h"
#include "cli/outputs.h"
#include "cli/report_runs.h"
#include "record/record.h"

#include <stdio.h>

#define PROJECTION_MAX_BYTES ((size_t)256 << 20)

static const char help[] =
    "usage: assay report RUN [options]\n"
    "       assay report compare BEFORE AFTER\n"
    "       assay report trend RUN...\n"
    "       assay report matrix RUN...\n"
    "       assay report merge OUT SHARD...\n\n"
    "Derives reports from a recorded run: a folder, its run.json or its record.jsonl. Without "
    "options it prints\n"
    "the terminal summary. The other forms take several runs; each has a --help. A folder of such "
    "a "
    "name is ./compare.\n\n" CLI_OUTPUT_HELP
    "  --audit-pdf FILE   the audit report as PDF, printed by Chromium\n"
    "  --projection FILE  what is compared between runs, one case a line\n"
    "\nexit: that of the recorded run when nothing was asked for, 0 when everything was written, 3 "
    "otherwise\n";

struct wanted {
    struct cli_outputs outputs;
    const char *projection, *pdf;
};

/* The browser is looked for before anything is written, and the PDF is written first: it is what
 * may fail. */
static bool write_pdf(const struct wanted *w, const json_t *run)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_buf content = ASSAY_BUF_INIT(PROJECTION_MAX_BYTES);
    struct assay_err err = {0};
    const char *browser = NULL;
    enum assay_code rc = cli_pdf_browser(&browser, &arena, &err);

    if (rc == ASSAY_OK)
        rc = cli_pdf_add(&content, browser, run, &err);
    assay_arena_fini(&arena);
    return cli_output_write("report", w->pdf, rc, &content, &err);
}

static bool write_all(const struct wanted *w, const json_t *run)
{
    struct assay_buf content = ASSAY_BUF_INIT(PROJECTION_MAX_BYTES);
    struct assay_err err = {0};

    return (w->pdf == NULL || write_pdf(w, run)) && cli_outputs_write(&w->outputs, "report", run) &&
           (w->projection == NULL ||
            cli_output_write("report", w->projection, record_projection(&content, run, &err),
                             &content, &err));
}

int cli_report(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"projection", required_argument, NULL, 'P'},
                                            {"audit-pdf", required_argument, NULL, 'A'},
                                            CLI_OUTPUT_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    struct wanted w = {0};
    struct assay_err err = {0};
    json_t *run = NULL;
    int option, status;

    if (cli_report_runs(argc, argv, &status))
        return status;
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'P')
            w.projection = optarg;
        else if (option == 'A')
            w.pdf = optarg;
        else if (!cli_output_option(&w.outputs, option, optarg))
            return EXIT_TROUBLE;
    }
    if (argc - optind != 1)
        return cli_wrong("report", "expected one run");
    if (record_read(&run, argv[optind], &err) != ASSAY_OK)
        return cli_wrong("report", "%s", err.text);
    if (cli_outputs_wanted(&w.outputs) || w.projection != NULL || w.pdf != NULL)
        status = write_all(&w, run) ? 0 : EXIT_TROUBLE;
    else
        status =
            cli_show_run("report", run)
                ? (int)json_integer_value(json_object_get(json_object_get(run, "outcome"), "exit"))
                : EXIT_TROUBLE;
    json_decref(run);
    return status;
}
