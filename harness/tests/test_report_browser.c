/* The HTML page in a real browser: it loads without errors, works, fits, and hostile evidence in it
 * stays text. */
#include "reports/report.h"
#include "sample_run.h"
#include "webdriver.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct webdriver *browser;

static void start(void)
{
    browser = webdriver_start();
}

static void stop(void)
{
    webdriver_stop(browser);
}

TestSuite(report_page, .init = start, .fini = stop, .timeout = 300);

#define NEEDS_BROWSER()                                                                            \
    if (browser == NULL)                                                                           \
    cr_skip_test("not run: chromedriver or chromium is not installed ('make deps' installs them)")

/* Writes a report of a sample and opens it. */
static void open_report(enum sample sample,
                        enum assay_code (*write)(struct assay_buf *out, const json_t *run,
                                                 struct assay_err *err))
{
    json_t *run = sample_run(sample);
    struct assay_buf page = ASSAY_BUF_INIT(16 << 20);
    struct assay_err err = {0};
    char path[] = "/tmp/assay-page-XXXXXX.html";
    int fd = mkstemps(path, 5);

    cr_assert_geq(fd, 0);
    (void)close(fd);
    cr_assert_eq(write(&page, run, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(assay_file_write(path, assay_buf_view(&page), &err), ASSAY_OK, "%s", err.text);
    webdriver_open(browser, path);
    (void)unlink(path);
    assay_buf_fini(&page);
    json_decref(run);
}

static void open_page(enum sample sample)
{
    open_report(sample, report_html);
}

static bool holds(const char *script)
{
    json_t *value = webdriver_run(browser, script);
    bool yes = json_is_true(value);

    json_decref(value);
    return yes;
}

static long long number(const char *script)
{
    json_t *value = webdriver_run(browser, script);
    long long n = json_integer_value(value);

    cr_assert(json_is_integer(value), "%s", script);
    json_decref(value);
    return n;
}

static char *text(const char *script)
{
    json_t *value = webdriver_run(browser, script);
    char *copy;

    cr_assert(json_is_string(value), "%s", script);
    copy = strdup(json_string_value(value));
    json_decref(value);
    return copy;
}

static void expect_text(const char *script, const char *wanted)
{
    char *found = text(script);

    cr_expect_str_eq(found, wanted, "%s", script);
    free(found);
}

static void set_width(int width)
{
    webdriver_command(browser, "Emulation.setDeviceMetricsOverride",
                      json_pack("{s:i, s:i, s:i, s:b}", "width", width, "height", 900,
                                "deviceScaleFactor", 1, "mobile", width < 500));
}

static void set_scheme(const char *scheme)
{
    webdriver_command(
        browser, "Emulation.setEmulatedMedia",
        json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme", "value", scheme));
}

Test(report_page, loads_every_run_without_an_error_and_runs_nothing_of_the_target)
{
    NEEDS_BROWSER();
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *console;
        char *said;

        open_page((enum sample)s);
        console = webdriver_console(browser);
        said = json_dumps(console, JSON_COMPACT);
        cr_expect_str_eq(said, "[]", "%s", sample_names[s]);
        cr_expect_not(webdriver_has_alert(browser), "%s", sample_names[s]);
        cr_expect(holds("return window.canary === undefined"), "%s", sample_names[s]);
        cr_expect_eq(number("return document.scripts.length"), 1, "%s", sample_names[s]);
        cr_expect_eq(
            number("return document.querySelectorAll('img, svg, iframe, object, link').length"), 0,
            "%s", sample_names[s]);
        cr_expect_eq(number("return performance.getEntriesByType('resource').length"), 0,
                     "%s fetches nothing", sample_names[s]);
        free(said);
        json_decref(console);
    }
}

Test(report_page, of_an_audit_loads_without_an_error_folds_nothing_and_fits)
{
    NEEDS_BROWSER();
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *console;
        char *said;

        open_report((enum sample)s, report_audit);
        console = webdriver_console(browser);
        said = json_dumps(console, JSON_COMPACT);
        cr_expect_str_eq(said, "[]", "%s", sample_names[s]);
        cr_expect(holds("return window.canary === undefined"), "%s", sample_names[s]);
        cr_expect_eq(number("return document.querySelectorAll('script, img, svg, iframe, object, "
                            "link, details:not([open])').length"),
                     0, "%s", sample_names[s]);
        cr_expect_eq(number("return performance.getEntriesByType('resource').length"), 0,
                     "%s fetches nothing", sample_names[s]);
        cr_expect(holds("return document.documentElement.scrollWidth <= innerWidth"), "%s",
                  sample_names[s]);
        cr_expect(holds("return [...document.styleSheets[0].cssRules].some(r => r instanceof "
                        "CSSPageRule && r.cssText.includes('Audit report'))"),
                  "%s has a running title", sample_names[s]);
        free(said);
        json_decref(console);
    }
}

Test(report_page, stops_a_script_that_got_in_all_the_same)
{
    json_t *console;

    NEEDS_BROWSER();
    open_page(SAMPLE_HOSTILE);
    cr_expect(
        holds("const s = document.createElement('script'); s.textContent = 'window.canary = 9';"
              "document.body.append(s); document.body.insertAdjacentHTML('beforeend', '<img src=x "
              "onerror=\"window.canary = 8\">');"
              "return window.canary === undefined"));
    console = webdriver_console(browser);
    cr_expect_gt(json_array_size(console), 0, "the policy reports it");
    json_decref(console);
}

Test(report_page, shows_hostile_evidence_as_the_text_it_is)
{
    static const char shown[] =
        "</pre></script><script>window.canary = 1; alert(1)</script>\n"
        "<img src=x onerror=\"window.canary = 2\"><svg onload=window.canary=3>\n"
        "]]> &amp; &lt; \" ' \\x1B[31mred\\x1B]0;title\\x07 tab\there \\x01\\x08\\x7F \\u{9B}\n"
        "\\u{202E}esrever \\u{2066} isolate \\u{FFFE} \\u{FFFF} end\\x0D\n"
        "::error::workflow {{title}} {{script-hash}}";

    NEEDS_BROWSER();
    open_page(SAMPLE_HOSTILE);
    expect_text("return [...document.querySelectorAll('.wire h4')].find(h => "
                "h.textContent.startsWith('Sent')).parentElement"
                ".querySelector('pre').textContent",
                shown);
    cr_expect_eq(number("return [...document.querySelectorAll('pre.hostile')].filter(p => "
                        "p.textContent.startsWith('</pre>')).length"),
                 2, "the raw request and the body");
    cr_expect(holds("return document.title.startsWith('FAILED \\u00b7 </pre></script><script>')"));
    expect_text("return document.querySelector('.wire details summary').textContent",
                "body of 900,000,000 bytes, of which the first are kept");
    cr_expect_not(holds("return document.querySelector('.wire details').open"),
                  "a large body is folded");
    cr_expect_eq(number("return document.querySelector('pre.hex').textContent.indexOf('0000  00 01 "
                        "02 03 04 ff')"),
                 0);
}

/* The second one of the record is of a critical threat. */
Test(report_page, shows_the_worst_failure_first)
{
    NEEDS_BROWSER();
    set_width(1280);
    open_page(SAMPLE_FAILING);
    expect_text("return document.querySelector('main > section').id", "failures");
    expect_text("return document.querySelector('main h3').textContent",
                "A MAC that differs is refused");
    expect_text("return document.querySelector('h1').textContent",
                "shop fails against 2 of 3 threats");
    expect_text("return document.querySelector('.finding .seen').textContent",
                "200 and one execution");
    cr_expect(holds("return document.querySelector('.finding "
                    ".seen').getBoundingClientRect().bottom < innerHeight"),
              "without scrolling");
    cr_expect(holds("return document.querySelectorAll('.finding')[1].querySelector('.log')"
                    ".textContent.includes('64 requests released together, 61 in flight')"));
    expect_text("return document.querySelector('.finding .command code').textContent",
                "assay replay out/run paid-tools/forged_mac/wrong-secret");
    open_page(SAMPLE_INVALID);
    expect_text("return document.querySelector('main > section').id", "invalid");
    expect_text("return document.querySelector('.stamp').textContent", "INVALID");
}

static const char shown_cases[] = "return document.querySelectorAll('.case:not([hidden])').length";

static const struct {
    const char *what, *script;
    long long shown;
} filters[] = {
    {"everything", "", 12},
    {"no passes", "f.querySelector('[value=pass]').click()", 6},
    {"failures alone",
     "f.querySelector('[value=none]').click(); f.querySelector('[value=mild]').click()", 3},
    {"reset", "f.reset()", 12},
    {"one threat",
     "f.threat.value = [...f.threat.options].find(o => o.text === 'forged-proof').value", 4},
    {"and a word", "f.text.value = 'BIT'", 1},
    {"and one that is not there", "f.text.value = 'bit nowhere'", 0},
    {"all again", "f.threat.value = ''; f.text.value = ''", 12},
};

Test(report_page, filters_by_verdict_threat_and_words)
{
    NEEDS_BROWSER();
    open_page(SAMPLE_FAILING);
    cr_expect_not(holds("return document.getElementById('filter').hidden"));
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        char script[512];
        int len = snprintf(script, sizeof(script),
                           "const f = document.getElementById('filter').elements[0].form; %s; "
                           "return new Promise(done => setTimeout(() => { f.dispatchEvent(new "
                           "Event('input')); done(true); }))",
                           filters[i].script);

        cr_assert(len > 0 && (size_t)len < sizeof(script));
        cr_assert(holds(script), "%s", filters[i].what);
        cr_expect_eq(number(shown_cases), filters[i].shown, "%s", filters[i].what);
        cr_expect_eq(
            number("return parseInt(document.querySelector('#filter output').textContent)"),
            filters[i].shown, "%s", filters[i].what);
        cr_expect_eq(number("return document.querySelectorAll('.finding:not([hidden])').length - "
                            "document.querySelectorAll('.case.link:not([hidden])').length"),
                     0, "%s: findings follow", filters[i].what);
        cr_expect(holds("return [...document.querySelectorAll('.scenario:not([hidden])')].every(s "
                        "=> s.querySelector('.case:not([hidden])'))"),
                  "%s: no empty box", filters[i].what);
    }
}

Test(report_page, opens_what_a_link_points_at)
{
    NEEDS_BROWSER();
    open_page(SAMPLE_PASSING);
    cr_expect(holds("location.hash = 'case-2'; return new Promise(done => setTimeout(() => "
                    "done(document.getElementById('case-2').open)))"));
    cr_expect(holds("return document.querySelectorAll('a[href^=\"#\"]').length > 10 && "
                    "[...document.querySelectorAll('a[href^=\"#\"]')].every(a => "
                    "document.getElementById(a.hash.slice(1)))"),
              "no link leads nowhere");
}

Test(report_page, fits_a_telephone_and_a_desk)
{
    static const int widths[] = {390, 1280};

    NEEDS_BROWSER();
    for (size_t w = 0; w < ARRAY_LEN(widths); w++) {
        set_width(widths[w]);
        for (size_t s = 0; s < SAMPLE__COUNT; s++) {
            open_page((enum sample)s);
            (void)holds("document.querySelectorAll('details').forEach(d => { d.open = true; }); "
                        "return true");
            cr_expect_eq(number("return innerWidth"), widths[w]);
            cr_expect_leq(number("return document.documentElement.scrollWidth - "
                                 "document.documentElement.clientWidth"),
                          0, "%s at %d", sample_names[s], widths[w]);
        }
    }
}

/* Contrast of each text with what lies behind it, as WCAG 2 computes it; returns the worst one. */
static const char worst_contrast[] =
    "const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)"
    ".map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * "
    "g + .0722 * b; };"
    "const behind = e => { for (; e; e = e.parentElement) { const c = "
    "getComputedStyle(e).backgroundColor;"
    "if (!/, 0\\)$/.test(c)) return c; } };"
    "let worst = 21;"
    "for (const e of document.querySelectorAll('body *')) {"
    "if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || "
    "!e.getClientRects().length) continue;"
    "const a = light(getComputedStyle(e).color), b = light(behind(e));"
    "worst = Math.min(worst, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)); }"
    "return Math.floor(worst * 100)";

Test(report_page, has_a_light_and_a_dark_form_that_can_be_read)
{
    NEEDS_BROWSER();
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        char *light, *dark;

        open_page((enum sample)s);
        set_scheme("light");
        light = text("return getComputedStyle(document.body).backgroundColor");
        cr_expect_geq(number(worst_contrast), 450, "%s, light", sample_names[s]);
        set_scheme("dark");
        dark = text("return getComputedStyle(document.body).backgroundColor");
        cr_expect_geq(number(worst_contrast), 450, "%s, dark", sample_names[s]);
        cr_expect_str_neq(light, dark);
        free(light);
        free(dark);
    }
}

Test(report_page, can_be_read_without_scripts)
{
    NEEDS_BROWSER();
    webdriver_command(browser, "Emulation.setScriptExecutionDisabled",
                      json_pack("{s:b}", "value", 1));
    open_page(SAMPLE_FAILING);
    webdriver_command(browser, "Emulation.setScriptExecutionDisabled",
                      json_pack("{s:b}", "value", 0));
    cr_expect(holds("return document.getElementById('filter').hidden"),
              "the page's script did not run");
    cr_expect(
        holds("return document.body.innerText.includes('7 executions; 7 of 64 answers were 200')"));
    cr_expect_eq(number(shown_cases), 12);
    cr_expect_eq(number("return document.querySelectorAll('button:not(form *)').length"), 0,
                 "no button that does nothing");
}

Test(report_page, has_landmarks_one_heading_and_named_controls)
{
    NEEDS_BROWSER();
    open_page(SAMPLE_FAILING);
    cr_expect_eq(number("return document.querySelectorAll('main').length * 100 + "
                        "document.querySelectorAll('h1').length * 10 + "
                        "document.querySelectorAll('nav[aria-label]').length"),
                 111);
    cr_expect(holds("return [...document.querySelectorAll('form :is(select, "
                    "input[type=search])')].every(e => e.ariaLabel)"));
    cr_expect(holds("return [...document.querySelectorAll('main > section')].every(s => "
                    "document.getElementById(s.getAttribute('aria-labelledby')))"));
    cr_expect(holds("const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return new "
                    "Set(ids).size === ids.length"),
              "ids are unique");
}
