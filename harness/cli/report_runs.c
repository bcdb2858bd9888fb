/* assay report compare, trend, matrix: reports on several runs (reports/several.h). */
#include "cli/report_runs.h"

#include "cli/outputs.h"
#include "record/record.h"
#include "reports/several.h"

#include <stdio.h>
#include <stdlib.h>

enum { RUNS_MAX = 60, TEXT_MAX_BYTES = 64 << 20 };

static const char compare_help[] =
    "usage: assay report compare BEFORE AFTER [--markdown FILE]\n\n"
    "Says what changed from one run to a later one: broken, new failures, fixed, no longer judged, "
    "new, gone.\n"
    "Cases are the same where scenario, case and rule set are.\n\n"
    "  --markdown FILE    the same as Markdown (\"-\": instead, on standard output)\n"
    "\nexit: 0 no regression, 1 something fails that did not, or is new and fails, 2 AFTER is "
    "INVALID or\n"
    "      nothing was judged in both, 3 a run cannot be read\n";
static const char trend_help[] =
    "usage: assay report trend RUN... [--markdown FILE]\n\n"
    "A table of runs, oldest first, each with what changed since the one before it.\n\n"
    "  --markdown FILE    the same as Markdown (\"-\": instead, on standard output)\n"
    "\nexit: 0, or 3 where a run cannot be read\n";
static const char matrix_help[] =
    "usage: assay report matrix RUN... [--markdown FILE]\n\n"
    "A table of threats, a column for each run: for several targets.\n\n"
    "  --markdown FILE    the same as Markdown (\"-\": instead, on standard output)\n"
    "\nexit: 0, or 3 where a run cannot be read\n";

struct several {
    const char *verb; /* for messages */
    const char *markdown;
    struct report_named runs[RUNS_MAX];
    json_t *trees[RUNS_MAX];
    size_t count;
};

/* Evidence fills most of a record, and none of these reports reads it. */
static void shed_evidence(json_t *run)
{
    json_t *c;
    size_t i;

    json_array_foreach (json_object_get(run, "cases"), i, c)
        (void)json_object_del(c, "evidence");
}

/* 1: go on, 0: help was printed, -1: wrong. */
static int read_arguments(struct several *s, const char *help, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"markdown", required_argument, NULL, 'M'},
                                            {NULL, 0, NULL, 0}};
    struct assay_err err = {0};
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option != 'M')
            return -1;
        s->markdown = optarg;
    }
    for (int i = optind; i < argc; i++) {
        if (s->count == RUNS_MAX) {
            cli_wrong(s->verb, "more than %d runs", RUNS_MAX);
            return -1;
        }
        if (record_read(&s->trees[s->count], argv[i], &err) != ASSAY_OK) {
            cli_wrong(s->verb, "%s", err.text);
            return -1;
        }
        shed_evidence(s->trees[s->count]);
        s->runs[s->count] = (struct report_named){.name = argv[i], .run = s->trees[s->count]};
        s->count++;
    }
    return 1;
}

typedef enum assay_code (*writer)(struct assay_buf *out, enum report_form form, struct several *s,
                                  struct assay_err *err);

/* Text on standard output, unless Markdown goes there. */
static bool write_forms(struct several *s, writer write)
{
    bool replaced = s->markdown != NULL && strcmp(s->markdown, "-") == 0;
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES),
                     markdown = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_err err = {0};
    bool ok = true;

    if (!replaced)
        ok = cli_output_write(s->verb, "-", write(&text, FORM_TEXT, s, &err), &text, &err);
    if (ok && s->markdown != NULL)
        ok = cli_output_write(s->verb, s->markdown, write(&markdown, FORM_MARKDOWN, s, &err),
                              &markdown, &err);
    return ok;
}

static enum assay_code write_trend(struct assay_buf *out, enum report_form form, struct several *s,
                                   struct assay_err *err)
{
    return report_trend(out, form, s->runs, s->count, err);
}

static enum assay_code write_matrix(struct assay_buf *out, enum report_form form, struct several *s,
                                    struct assay_err *err)
{
    return report_matrix(out, form, s->runs, s->count, err);
}

static enum assay_code write_changes(struct assay_buf *out, struct report_changes *changes,
                                     enum report_form form, const struct several *s,
                                     struct assay_err *err)
{
    return report_compare(out, changes, form, s->trees[0], s->trees[1], err);
}

static enum assay_code write_compare(struct assay_buf *out, enum report_form form,
                                     struct several *s, struct assay_err *err)
{
    struct report_changes changes;

    return write_changes(out, &changes, form, s, err);
}

static int exit_of_changes(const struct several *s)
{
    struct assay_buf unread = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct report_changes changes = {0};
    struct assay_err err = {0};
    enum assay_code rc = write_changes(&unread, &changes, FORM_TEXT, s, &err);

    assay_buf_fini(&unread);
    if (rc != ASSAY_OK)
        return cli_wrong(s->verb, "%s", err.text);
    if (changes.of[CHANGE_BROKEN] + changes.of[CHANGE_NEW_FAILURE] > 0)
        return 1;
    return changes.valid && changes.judged > 0 ? 0 : 2;
}

static int run_compare(struct several *s)
{
    if (s->count != 2)
        return cli_wrong(s->verb, "expected two runs, found %zu", s->count);
    return write_forms(s, write_compare) ? exit_of_changes(s) : EXIT_TROUBLE;
}

static int run_table(struct several *s, writer write)
{
    if (s->count == 0)
        return cli_wrong(s->verb, "expected one run or more");
    return write_forms(s, write) ? 0 : EXIT_TROUBLE;
}

static int run_trend(struct several *s)
{
    return run_table(s, write_trend);
}

static int run_matrix(struct several *s)
{
    return run_table(s, write_matrix);
}

bool cli_report_runs(int argc, char **argv, int *status)
{
    static const struct {
        const char *word, *verb, *help;
        int (*run)(struct several *s);
    } parts[] = {{"compare", "report compare", compare_help, run_compare},
                 {"trend", "report trend", trend_help, run_trend},
                 {"matrix", "report matrix", matrix_help, run_matrix}};
    struct several s = {0};
    size_t i = 0;
    int go_on;

    if (argc > 1 && strcmp(argv[1], "merge") == 0) {
        *status = cli_report_merge(argc - 1, argv + 1);
        return true;
    }
    while (i < ARRAY_LEN(parts) && (argc < 2 || strcmp(argv[1], parts[i].word) != 0))
        i++;
    if (i == ARRAY_LEN(parts))
        return false;
    s.verb = parts[i].verb;
    go_on = read_arguments(&s, parts[i].help, argc - 1, argv + 1);
    *status = go_on == 1 ? parts[i].run(&s) : go_on == 0 ? 0 : EXIT_TROUBLE;
    for (size_t k = 0; k < RUNS_MAX; k++)
        json_decref(s.trees[k]);
    return true;
}
