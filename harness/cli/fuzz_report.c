/* assay fuzz report: how it went, as a page or as lines. */
#include "base/utf8.h"
#include "cli/fuzz.h"
#include "fuzz/summary.h"
#include "reports/fuzz.h"

#include <stdio.h>

#define VERB "fuzz report"
#define PAGE_MAX_BYTES ((size_t)256 << 20)

static const char help[] =
    "usage: assay fuzz report [options]\n\n"
    "Tells of a campaign what to do next, what was found and how each target grew.\n\n"
    "  --html FILE        as one self-contained page; without it: as lines\n"
    "  --out DIR          the campaign's folder (default out/fuzz)\n"
    "  --engines DIR      a folder of programs (again for more), so that targets that were never "
    "fuzzed are\n"
    "                     named too (default: as for `fuzz run`)\n"
    "  --coverage FILE    what no input reaches: an export of llvm-cov, or what `make cov` "
    "prints\n"
    "  --link TEXT        where the coverage can be read line by line\n"
    "\nexit: 0 written, 3 usage or own trouble\n";

struct wanted {
    const char *out, *html;
    struct summary_options options;
    struct fuzz_engines engines;
};

static void print_hostile(const char *text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(1 << 16);

    assay_utf8_add_printable(&shown, assay_str(text));
    fputs(assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", stdout);
    assay_buf_fini(&shown);
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void print_lines(const json_t *summary)
{
    const json_t *row;
    size_t i;

    printf("%-28s %-10s %10s %14s %10s %8s %6s\n", "target", "state", "edges", "executions",
           "a second", "inputs", "found");
    json_array_foreach (json_object_get(summary, "targets"), i, row)
        printf("%-28s %-10s %10" JSON_INTEGER_FORMAT " %14" JSON_INTEGER_FORMAT
               " %10" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT " %6" JSON_INTEGER_FORMAT "\n",
               json_string_value(json_object_get(row, "name")),
               json_string_value(json_object_get(row, "state")), number(row, "edges"),
               number(row, "executions"), number(row, "rate"), number(row, "corpus"),
               number(row, "findings"));
    json_array_foreach (json_object_get(summary, "next"), i, row) {
        print_hostile(json_string_value(row));
        putchar('\n');
    }
}

static enum assay_code write_page(const char *path, const json_t *summary, struct assay_err *err)
{
    struct assay_buf page = ASSAY_BUF_INIT(PAGE_MAX_BYTES);
    enum assay_code rc = report_fuzz_html(&page, summary, err);

    if (rc == ASSAY_OK)
        rc = assay_file_write(path, assay_buf_view(&page), err);
    assay_buf_fini(&page);
    return rc;
}

static int carry_out(struct wanted *w)
{
    struct assay_err err = {0};
    struct campaign c;
    json_t *summary = NULL;
    enum assay_code rc = campaign_open(&c, w->out, false, &err);

    for (size_t i = 0; rc == ASSAY_OK && w->engines.at[i] != NULL; i++)
        rc = campaign_discover(&c, w->engines.at[i], &err);
    if (rc == ASSAY_OK)
        rc = summary_make(&summary, &c, &w->options, &err);
    if (rc == ASSAY_OK && w->html != NULL)
        rc = write_page(w->html, summary, &err);
    else if (rc == ASSAY_OK)
        print_lines(summary);
    json_decref(summary);
    campaign_close(&c);
    if (rc != ASSAY_OK)
        return fuzz_failed(VERB, &err);
    return fflush(stdout) == 0 ? 0 : cli_wrong(VERB, "the result cannot be printed");
}

static bool take_option(void *cls, int option)
{
    struct wanted *w = cls;

    switch (option) {
    case 'e':
        return fuzz_engines_add(&w->engines, VERB, optarg);
    case 'H':
        w->html = optarg;
        return true;
    case 'o':
        w->out = optarg;
        return true;
    case 'c':
        w->options.coverage = optarg;
        return true;
    case 'l':
        w->options.link = optarg;
        return true;
    default:
        return false;
    }
}

int fuzz_command_report(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"html", required_argument, NULL, 'H'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"engines", required_argument, NULL, 'e'},
                                            {"coverage", required_argument, NULL, 'c'},
                                            {"link", required_argument, NULL, 'l'},
                                            {NULL, 0, NULL, 0}};
    struct wanted w = {.out = FUZZ_OUT_DEFAULT};
    int status;

    if ((status = fuzz_options(argc, argv, options, help, take_option, &w)) >= 0)
        return status;
    if (optind < argc)
        return cli_wrong(VERB, "expected options alone, found \"%s\"", argv[optind]);
    fuzz_engines_finish(&w.engines);
    return carry_out(&w);
}
