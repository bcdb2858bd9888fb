/* The report of a campaign: what it says to do, how it shows hostile text, and its page in a real
 * browser. */
#include "fuzz/findings.h"
#include "fuzz/summary.h"
#include "fuzz_world.h"
#include "reports/fuzz.h"
#include "webdriver.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct program p;
static struct assay_err err;

static void make(void)
{
    program_init(&p);
}

static void drop(void)
{
    program_fini(&p);
}

TestSuite(fuzz_report, .init = make, .fini = drop, .timeout = 300);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HOSTILE                                                                                    \
    "</pre></script><script>window.canary=1</script><svg onload=window.canary=2>\\u001b[31m"

/* Targets: growing, flat, untouched (a program alone) and one of AFL++; findings, some triaged. */
static void given_campaign(void)
{
    struct assay_buf journal = ASSAY_BUF_INIT(1 << 20);

    fuzz_world_engine(&p, "untouched");
    fuzz_world_put(&p, "out/growing/corpus/1", "x");
    fuzz_world_put(&p, "out/flat/corpus/1", "x");
    fuzz_world_put(&p, "out/alone/corpus/1", "x");
    fuzz_world_put(&p, "out/flat/findings/0123456789abcdef", "x");
    fuzz_world_put(&p, "out/flat/findings/1123456789abcdef", "x");
    fuzz_world_put(&p, "out/flat/findings/2123456789abcdef", "x");
    fuzz_world_put(
        &p, "out/growing/state.json",
        "{\"format\":\"assay-fuzz-state/1\",\"slices\":5,\"flatSlices\":0,\"seconds\":500,"
        "\"executions\":1234567,\"edges\":300,\"corpus\":1,\"memoryMb\":99}");
    fuzz_world_put(
        &p, "out/flat/state.json",
        "{\"format\":\"assay-fuzz-state/1\",\"slices\":1000,\"flatSlices\":9,\"seconds\":"
        "100000,\"executions\":5000,\"edges\":50,\"failedSlices\":2}");
    fuzz_world_put(
        &p, "out/alone/state.json",
        "{\"format\":\"assay-fuzz-state/1\",\"slices\":2,\"flatSlices\":1,\"seconds\":20,"
        "\"executions\":50000,\"aflEdges\":70}");
    fuzz_world_put(
        &p, "out/triage.json",
        "{\"format\":\"assay-fuzz-triage/1\",\"findings\":["
        "{\"target\":\"flat\",\"name\":\"0123456789abcdef\",\"kind\":\"oracle\",\"key\":\"" HOSTILE
        "\",\"tries\":3,\"reproduced\":3,\"bytes\":9,\"minimalBytes\":1,"
        "\"found\":\"2026-01-01T00:00:00.000Z\",\"said\":\"" HOSTILE
        "\",\"command\":[\"fuzz-flat\",\"a b'c\"],\"input\":\"i\"},"
        "{\"target\":\"flat\",\"name\":\"1123456789abcdef\",\"kind\":\"oracle\",\"key\":\"" HOSTILE
        "\",\"tries\":3,\"reproduced\":3,\"bytes\":19,\"sameAs\":\"0123456789abcdef\","
        "\"found\":\"2026-01-01T00:00:00.000Z\"}]}");
    for (int i = 0; i < 1000; i++)
        assay_buf_printf(&journal,
                         "{\"time\":\"2026-01-01T%02d:%02d:%02d.000Z\",\"target\":\"flat\","
                         "\"engine\":\"%s\",\"end\":\"time\",\"seconds\":100,\"executions\":5,"
                         "\"rate\":1,\"edges\":%d,\"features\":1,\"corpus\":1,\"memoryMb\":1,"
                         "\"findings\":0}\n",
                         i / 3600, i / 60 % 60, i % 60, i % 2 == 0 ? "afl" : "libfuzzer",
                         i % 2 == 0 ? 9999
                         : i < 100  ? i
                                    : 50);
    assay_buf_add_str(&journal, "{\"time\":\"2026-01-0");
    fuzz_world_put(&p, "out/stats.jsonl", assay_buf_cstr(&journal));
    assay_buf_fini(&journal);
}

static json_t *given_summary(const struct summary_options *options)
{
    struct campaign c;
    json_t *summary = NULL;
    char engines[96];

    fuzz_world_campaign(&p, &c);
    (void)snprintf(engines, sizeof(engines), "%s/engines", p.folder);
    cr_assert_eq(campaign_discover(&c, engines, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(summary_make(&summary, &c, options, &err), ASSAY_OK, "%s", err.text);
    campaign_close(&c);
    return summary;
}

static json_t *target_of(const json_t *summary, const char *name)
{
    json_t *target;
    size_t i;

    json_array_foreach (json_object_get(summary, "targets"), i, target)
        if (strcmp(json_string_value(json_object_get(target, "name")), name) == 0)
            return target;
    cr_assert_fail("there is no %s", name);
    return NULL;
}

static bool says_next(const json_t *summary, const char *text)
{
    const json_t *sentence;
    size_t i;

    json_array_foreach (json_object_get(summary, "next"), i, sentence)
        if (strstr(json_string_value(sentence), text) != NULL)
            return true;
    return false;
}

static const struct {
    const char *target, *state;
} states[] = {
    {"growing", "growing"},
    {"flat", "flat"},
    {"alone", "growing"},
    {"untouched", "untouched"},
};

Test(fuzz_report, says_of_each_target_how_it_stands_and_what_to_do)
{
    const struct summary_options options = {0};
    json_t *summary, *totals;

    given_campaign();
    summary = given_summary(&options);
    totals = json_object_get(summary, "totals");
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        cr_expect_str_eq(
            json_string_value(json_object_get(target_of(summary, states[i].target), "state")),
            states[i].state, "%s", states[i].target);
    cr_expect_eq(json_integer_value(json_object_get(totals, "targets")), 4);
    cr_expect_eq(json_integer_value(json_object_get(totals, "failing")), 1, "of one sort");
    cr_expect_eq(json_integer_value(json_object_get(totals, "findings")), 3);
    cr_expect_eq(json_integer_value(json_object_get(totals, "untriaged")), 1);
    cr_expect_eq(json_integer_value(json_object_get(totals, "edges")), 420);
    cr_expect_eq(json_integer_value(json_object_get(summary, "torn")), 1);
    cr_expect(says_next(summary, "1 found and not triaged"));
    cr_expect(says_next(summary, "Mend 1 failure"));
    cr_expect(says_next(summary, "untouched: not fuzzed yet"));
    cr_expect(says_next(summary, "flat: no new coverage for a while"));
    cr_expect(says_next(summary, "flat: slices ended badly"));
    cr_expect(says_next(summary, "flat: fewer than a thousand executions a second"));
    json_decref(summary);
}

Test(fuzz_report, a_long_line_is_thinned_out_and_keeps_its_ends)
{
    const struct summary_options options = {0};
    json_t *summary, *points;

    given_campaign();
    summary = given_summary(&options);
    points = json_object_get(target_of(summary, "flat"), "points");
    cr_expect_leq(json_array_size(points), SUMMARY_POINTS_MAX);
    cr_expect_gt(json_array_size(points), SUMMARY_POINTS_MAX / 4);
    cr_expect_eq(json_integer_value(json_array_get(json_array_get(points, 0), 1)), 1,
                 "libFuzzer's edges, not AFL++'s");
    cr_expect_eq(
        json_integer_value(json_array_get(json_array_get(points, json_array_size(points) - 1), 0)),
        100000);
    cr_expect_eq(
        json_integer_value(json_array_get(json_array_get(points, json_array_size(points) - 1), 1)),
        99);
    cr_expect_eq(json_integer_value(json_object_get(target_of(summary, "flat"), "flatSeconds")),
                 90000);
    json_decref(summary);
}

Test(fuzz_report, an_empty_campaign_has_a_page_too)
{
    struct assay_buf page = ASSAY_BUF_INIT(1 << 20);

    fuzz_world_engine(&p, "untouched");
    fuzz_world_put(&p, "out/lock", "x");
    fuzz_world_run(&p, WORDS("report", "--engines", "engines", "--html", "page.html"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    program_read(&p, "page.html", &page);
    cr_expect_neq(strstr(assay_buf_cstr(&page), "NOTHING RUN"), NULL);
    assay_buf_fini(&page);
}

Test(fuzz_report, lines_for_a_terminal_hold_no_controls)
{
    given_campaign();
    fuzz_world_run(&p, WORDS("report", "--engines", "engines"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect(program_says(&p, "growing growing 300 1234567 2469 1 0"), "%s",
              assay_buf_cstr(&p.out));
    cr_expect_null(memchr(p.out.at, '\033', p.out.len));
    fuzz_world_run(&p, WORDS("report", "--engines", "engines", "more"));
    cr_expect_eq(p.status, 3);
}

/* ---- coverage files ---- */

static const struct {
    const char *name, *content, *file, *what;
    json_int_t count;
} coverage[] = {
    {"an export of llvm-cov",
     "{\"data\":[{\"files\":[{\"filename\":\"/a/ref/base/x.c\"},{\"filename\":\"/a/ref/base/"
     "y.c\"}],"
     "\"functions\":[{\"name\":\"x.c:one\",\"count\":0,\"filenames\":[\"/a/ref/base/x.c\"]},"
     "{\"name\":\"two\",\"count\":0,\"filenames\":[\"/a/ref/base/x.c\"]},"
     "{\"name\":\"three\",\"count\":7,\"filenames\":[\"/a/ref/base/y.c\"]}]}]}",
     "ref/base/x.c", "one, two", 2},
    {"the text of make cov",
     "  98.5% of    120 lines    90.0% of     50 branches  ref/base/x.c\n"
     "  50.5% of    120 lines    40.5% of     50 branches  ref/base/y.c\n"
     " 100.0% of    120 lines   100.0% of     50 branches  ref/base/z.c\n"
     "  70.0% of    120 lines    60.0% of     50 branches  total\n",
     "ref/base/y.c", "50.5 % of 120 lines, 40.5 % of 50 branches", 2},
    {"something else", "hello\n", NULL, NULL, 0},
    {"other JSON", "{\"data\": 3}", NULL, NULL, 0},
    {"nothing", "", NULL, NULL, 0},
};

Test(fuzz_report, what_no_input_reaches_comes_from_either_form_of_coverage)
{
    for (size_t i = 0; i < ARRAY_LEN(coverage); i++) {
        json_t *uncovered = NULL, *row;
        char path[96];

        program_write(&p, "cov", assay_str(coverage[i].content));
        (void)snprintf(path, sizeof(path), "%s/cov", p.folder);
        err = (struct assay_err){0};
        if (coverage[i].file == NULL) {
            cr_expect_eq(summary_uncovered(&uncovered, path, &err), ASSAY_E_MALFORMED, "%s",
                         coverage[i].name);
            continue;
        }
        cr_assert_eq(summary_uncovered(&uncovered, path, &err), ASSAY_OK, "%s: %s",
                     coverage[i].name, err.text);
        row = json_array_get(json_object_get(uncovered, "rows"), 0);
        cr_expect_str_eq(json_string_value(json_object_get(row, "file")), coverage[i].file);
        cr_expect_str_eq(json_string_value(json_object_get(row, "what")), coverage[i].what);
        cr_expect_eq(json_integer_value(json_object_get(uncovered, "count")), coverage[i].count);
        json_decref(uncovered);
    }
}

/* ---- the page ---- */

static void given_page(void)
{
    given_campaign();
    program_write(&p, "cov", assay_str(coverage[1].content));
    fuzz_world_run(&p, WORDS("report", "--engines", "engines", "--html", "page.html", "--coverage",
                             "cov", "--link", "<script>window.canary=3</script>"));
    cr_assert_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
}

Test(fuzz_report, hostile_text_is_text_on_the_page)
{
    struct assay_buf page = ASSAY_BUF_INIT(1 << 22);
    const char *text;

    given_page();
    program_read(&p, "page.html", &page);
    text = assay_buf_cstr(&page);
    cr_expect_null(strstr(text, "<script>window"));
    cr_expect_null(strstr(text, "<svg onload"));
    cr_expect_neq(strstr(text, "&lt;script&gt;window.canary=1"), NULL);
    cr_expect_null(strchr(text, '\033'));
    assay_buf_fini(&page);
}

Test(fuzz_report, another_tree_is_no_summary)
{
    struct assay_buf page = ASSAY_BUF_INIT(1 << 20);
    json_t *other = json_pack("{s:s}", "format", "assay-run/1");

    cr_expect_eq(report_fuzz_html(&page, other, &err), ASSAY_E_MALFORMED);
    cr_expect_eq(page.len, 0);
    json_decref(other);
    assay_buf_fini(&page);
}

static bool holds(struct webdriver *browser, const char *script)
{
    json_t *value = webdriver_run(browser, script);
    bool yes = json_is_true(value);

    json_decref(value);
    return yes;
}

static const struct {
    const char *what, *script;
} in_browser[] = {
    {"nothing of a target runs",
     "return window.canary === undefined && document.scripts.length === 1"},
    {"it fetches nothing", "return performance.getEntriesByType('resource').length === 0"},
    {"what to do comes first", "return document.querySelector('main > section').id === 'next'"},
    {"each line is drawn within its picture",
     "return [...document.querySelectorAll('svg.chart polyline')].length === 1 && "
     "[...document.querySelectorAll('polyline')].every(l => { const b = l.getBBox(); return "
     "b.x >= 0 && b.y >= 0 && b.x + b.width <= 1000 && b.y + b.height <= 200 && b.width > 900; })"},
    {"a picture says what it shows", "return document.querySelector('svg title').textContent === "
                                     "'from 1 to 99 edges over 27 h 46 min'"},
    {"the command can be copied",
     "return document.querySelector('.finding .command code').textContent === "
     "\"fuzz-flat 'a b'\\\\''c'\""},
    {"the page fits", "return document.documentElement.scrollWidth <= innerWidth"},
};

Test(fuzz_report, its_page_works_in_a_browser)
{
    struct webdriver *browser = webdriver_start();
    json_t *console;
    char path[96];

    if (browser == NULL)
        cr_skip_test(
            "not run: chromedriver or chromium is not installed ('make deps' installs them)");
    given_page();
    (void)snprintf(path, sizeof(path), "%s/page.html", p.folder);
    webdriver_open(browser, path);
    for (size_t i = 0; i < ARRAY_LEN(in_browser); i++)
        cr_expect(holds(browser, in_browser[i].script), "%s", in_browser[i].what);
    webdriver_command(browser, "Emulation.setDeviceMetricsOverride",
                      json_pack("{s:i, s:i, s:i, s:b}", "width", 390, "height", 900,
                                "deviceScaleFactor", 1, "mobile", 1));
    cr_expect(holds(browser, in_browser[ARRAY_LEN(in_browser) - 1].script), "on a telephone");
    console = webdriver_console(browser);
    cr_expect_eq(json_array_size(console), 0, "its policy refuses nothing of its own");
    json_decref(console);
    webdriver_stop(browser);
}
