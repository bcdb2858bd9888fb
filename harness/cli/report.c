/* assay report: reports from a recorded run. Whatever is asked for is written whole or not at all.
 */
#include "reports/report.h"
#include "cli/cli.h"
#include "record/record.h"

#include <stdio.h>

#define REPORT_MAX_BYTES ((size_t)256 << 20)

static const char help[] =
    "usage: assay report RUN [options]\n\n"
    "Derives reports from a recorded run: a folder, its run.json or its record.jsonl. Without "
    "options it prints\n"
    "the terminal summary.\n\n"
    "  --html FILE        one self-contained page\n"
    "  --junit FILE       JUnit XML\n"
    "  --projection FILE  what is compared between runs, one case a line (\"-\": standard output)\n"
    "\nexit: that of the recorded run when nothing was asked for, 0 when everything was written, 3 "
    "otherwise\n";

struct wanted {
    const char *html, *junit, *projection;
};

static bool write_one(const char *path, enum assay_code rc, struct assay_buf *content,
                      struct assay_err *err)
{
    if (rc == ASSAY_OK && strcmp(path, "-") == 0)
        rc = fwrite(content->at, 1, content->len, stdout) == content->len && fflush(stdout) == 0
                 ? ASSAY_OK
                 : ASSAY_E_IO;
    else if (rc == ASSAY_OK)
        rc = assay_file_write(path, assay_buf_view(content), err);
    if (rc != ASSAY_OK)
        cli_wrong("report", "%s: %s", path, err->text[0] != '\0' ? err->text : assay_code_text(rc));
    assay_buf_fini(content);
    return rc == ASSAY_OK;
}

static bool write_all(const struct wanted *w, const json_t *run)
{
    struct assay_buf content = ASSAY_BUF_INIT(REPORT_MAX_BYTES);
    struct assay_err err = {0};
    bool ok = true;

    if (w->html != NULL)
        ok = write_one(w->html, report_html(&content, run, &err), &content, &err);
    if (ok && w->junit != NULL)
        ok = write_one(w->junit, report_junit(&content, run, &err), &content, &err);
    if (ok && w->projection != NULL)
        ok = write_one(w->projection, record_projection(&content, run, &err), &content, &err);
    return ok;
}

int cli_report(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"html", required_argument, NULL, 'H'},
                                            {"junit", required_argument, NULL, 'J'},
                                            {"projection", required_argument, NULL, 'P'},
                                            {NULL, 0, NULL, 0}};
    struct wanted w = {0};
    struct assay_err err = {0};
    json_t *run = NULL;
    int option, status;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        *(option == 'H' ? &w.html : option == 'J' ? &w.junit : &w.projection) = optarg;
    }
    if (argc - optind != 1)
        return cli_wrong("report", "expected one run");
    if (w.html == NULL && w.junit == NULL && w.projection == NULL) {
        if (!cli_show("report", argv[optind]) || record_read(&run, argv[optind], &err) != ASSAY_OK)
            return EXIT_TROUBLE;
        status = (int)json_integer_value(json_object_get(json_object_get(run, "outcome"), "exit"));
    } else {
        if (record_read(&run, argv[optind], &err) != ASSAY_OK)
            return cli_wrong("report", "%s", err.text);
        status = write_all(&w, run) ? 0 : EXIT_TROUBLE;
    }
    json_decref(run);
    return status;
}
