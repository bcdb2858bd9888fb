/* The terminal summary, JUnit and the page's text: what they say, and that nothing in a run can
 * make them say more. */
#include "base/base64.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "reports/report.h"
#include "sample_run.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>

/* ---- terminal ---- */

static char *terminal(enum sample sample, bool colour, int width)
{
    json_t *run = sample_run(sample);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert_not_null(out);
    cr_assert_eq(report_terminal(out, run, colour, width), ASSAY_OK);
    (void)fclose(out);
    json_decref(run);
    return text;
}

Test(report_terminal, is_a_few_lines_when_all_is_well)
{
    char *text = terminal(SAMPLE_PASSING, false, 100);

    cr_expect_str_eq(text, "not judged:\n"
                           "   clock-gap: faketime is not installed; apt install faketime\n"
                           "\n"
                           "1 of 7 cases could not be judged:\n"
                           "     1  the target's clock cannot be moved: faketime is not installed\n"
                           "\n"
                           "self-check: passed for 1 of 1 threats\n"
                           "6 pass, 0 fail, 1 unsupported in 8.4 s; seed 00c0ffee00c0ffee\n"
                           "PASSED  shop kept every promise that was judged, against 3 threats\n");
    free(text);
}

Test(report_terminal, gives_each_failure_what_a_person_needs)
{
    static const char *const wanted[] = {
        "One proof buys one execution, however many copies arrive at once",
        "expected  1 execution of the protected handler\n",
        "seen      7 executions; 7 of 64 answers were 200\n",
        "where     scenarios/paid-tools/proof_replay.c:41\n",
        "remedy    Record the nonce in the same step",
        "repeat    assay replay out/run paid-tools/proof_replay/64-at-once\n",
        "threat    proof-replay: One proof is presented again",
        "3  paid-tools/flood/steady  unexpected pass\n",
        "proof-replay      3      1            0\n",
        "1 known failure",
        "1 uncounted failure",
        "clock-gap: faketime is not installed",
    };
    char *text = terminal(SAMPLE_FAILING, false, 100);

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        cr_expect_not_null(strstr(text, wanted[i]), "wanted: %s\n%s", wanted[i], text);
    cr_expect_null(strstr(text, "4  "), "what does not count is no failure");
    cr_expect_eq(strncmp(text, "1  paid-tools/forged_mac/wrong-secret", 37), 0,
                 "the worst failure comes first, which is the second of the record");
    free(text);
}

static const char *last_lines(const char *text, unsigned count)
{
    const char *at = text + strlen(text);

    while (at > text && count > 0)
        count -= *--at == '\n' && at[1] != '\0';
    return count == 0 ? at + 1 : at;
}

Test(report_terminal, does_not_call_a_promise_kept_that_is_known_to_be_broken)
{
    char *text = terminal(SAMPLE_EXPECTED, false, 100);

    cr_expect_str_eq(last_lines(text, 2), "6 pass, 0 fail, 1 uncounted failure, 1 known failure in "
                                          "8.4 s; seed 00c0ffee00c0ffee\n"
                                          "PASSED  shop kept every promise that counts, against 3 "
                                          "threats; not counted: 2 failures\n");
    free(text);
}

Test(report_terminal, says_first_and_last_that_a_run_is_invalid_and_why)
{
    static const struct {
        enum sample sample;
        const char *first, *why;
    } rows[] = {
        {SAMPLE_INVALID, "INVALID  No verdict can be given on shop\n",
         "the control paid-tools/honest_payment failed"},
        {SAMPLE_INTERRUPTED, "INTERRUPTED  The run was interrupted",
         "the run stopped before its end"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = terminal(rows[i].sample, false, 0);
        const char *end = last_lines(text, 4);

        cr_expect_eq(strncmp(text, rows[i].first, strlen(rows[i].first)), 0, "%s", text);
        cr_expect_eq(strncmp(end, rows[i].first, strlen(rows[i].first)), 0, "%s", end);
        cr_expect_not_null(strstr(end, rows[i].why), "%s", end);
        cr_expect_not_null(strstr(end, "assay run --target shop.json --out out/run --replace\n"),
                           "%s", end);
        free(text);
    }
}

Test(report_terminal, ends_a_selftest_with_its_count)
{
    char *text = terminal(SAMPLE_SELFTEST, false, 100);

    cr_expect_str_eq(last_lines(text, 1), "FAILED  4 defects, 1 caught, 1 false alarm\n");
    cr_expect_not_null(strstr(
        text,
        "survived  nonce.unrecorded in a server under the rules base: no scenario catches it\n"));
    cr_expect_not_null(
        strstr(text, "partly  nonce.any_case in a server under the rules base: 1 case, "
                     "paid-tools/proof_replay\n    missed by paid-tools/flood, which names it\n"));
    cr_expect_not_null(
        strstr(text, "unnamed  hash.unchecked in a client under the rules base: caught only by"));
    cr_expect_not_null(strstr(text, ": 2 cases, first paid-tools/proof_replay/64-at-once\n"));
    cr_expect_null(strstr(text, "64-at-once  fail"), "a defect's leg has no paragraph of its own");
    free(text);
}

Test(report_terminal, tells_several_targets_and_equal_threats_of_two_profiles_apart)
{
    char *text = terminal(SAMPLE_SEVERAL, false, 0);

    cr_expect_not_null(strstr(text, "1  kaspa-x402/one_artifact/64-at-once [kaspa-x402 client]"));
    cr_expect_not_null(strstr(text, "rule      NS-1: One artifact is signed once.\n"), "%s", text);
    cr_expect_not_null(strstr(text, "threat    proof-replay: A client pays twice\n"), "%s", text);
    cr_expect_not_null(strstr(text, "paid-tools/proof-replay      3      0            0\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "kaspa-x402/controls          1      0            0\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "kaspa-x402/proof-replay      0      1            0\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "\n   paid-tools/clock-gap: faketime"), "%s", text);
    cr_expect_not_null(strstr(text, "target (shop, by the rules hardened): 6 pass, 0 fail\n"
                                    "kaspa-x402 client (payer, by the rules base): 1 pass, 1 fail\n"
                                    "7 pass, 1 fail in "),
                       "%s", text);
    cr_expect_str_eq(last_lines(text, 1), "FAILED  shop fails against 1 of 4 threats\n");
    free(text);
}

Test(report_terminal, keeps_hostile_text_from_the_terminal_and_the_ci)
{
    char *text = terminal(SAMPLE_HOSTILE, false, 72);

    for (const char *at = text; *at != '\0'; at++) {
        const char *line = at + strspn(at, " ");

        cr_expect((unsigned char)*at >= 0x20 || *at == '\n', "control %02x", (unsigned)*at);
        if (at == text || at[-1] == '\n')
            cr_expect(strncmp(line, "::", 2) != 0 && strncmp(line, "##", 2) != 0, "%.40s", at);
    }
    cr_expect_null(strstr(text, "\xe2\x80\xae"));
    cr_expect_not_null(strstr(text, "\\x1B[31mred"));
    free(text);
}

Test(report_terminal, colours_only_where_asked)
{
    char *plain = terminal(SAMPLE_FAILING, false, 80),
         *coloured = terminal(SAMPLE_FAILING, true, 80);
    size_t kept = 0;

    cr_expect_null(strchr(plain, '\x1b'));
    cr_expect_not_null(strstr(coloured, "\x1b[1;31mFAILED\x1b[0m"));
    for (size_t i = 0; coloured[i] != '\0'; i++) {
        if (coloured[i] == '\x1b')
            while (coloured[i] != 'm')
                i++;
        else
            coloured[kept++] = coloured[i];
    }
    coloured[kept] = '\0';
    cr_expect_str_eq(coloured, plain);
    free(plain);
    free(coloured);
}

Test(report_terminal, wraps_at_the_width)
{
    char *text = terminal(SAMPLE_FAILING, false, 60);
    size_t column = 0, labels = 0;

    for (const char *at = strstr(text, "expected"); at < strstr(text, "threat         pass");
         at++) {
        if (strncmp(at, "   repeat ", 10) == 0)
            at = strchr(at, '\n'); /* a command is copied, and so is not broken */
        column = *at == '\n' ? 0 : column + 1;
        labels += *at == '\n';
        cr_expect_leq(column, 66, "the longest word is what may stand out");
    }
    cr_expect_gt(labels, 20);
    cr_expect_not_null(
        strstr(text, "repeat    assay replay out/run paid-tools/proof_replay/64-at-once\n"),
        "although it is longer than the line");
    free(text);
}

/* ---- JUnit: a strict reader of the XML that is written ---- */

struct xml {
    const char *at;
    const char *names[16];
    size_t lengths[16], depth;
    size_t tests, failures, errors, skipped; /* elements */
    size_t said[4];                          /* by the root's attributes */
};

static bool is_xml_char(const unsigned char *at)
{
    if (*at < 0x20)
        return *at == '\n' || *at == '\t';
    return !(at[0] == 0xEF && at[1] == 0xBF && at[2] >= 0xBE) && *at != 0x7F;
}

/* Text up to `end`: only XML characters, no bare < or &. */
static const char *read_text(const char *at, char end)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (; *at != end; at++) {
        bool known = *at != '&';

        cr_assert(*at != '\0' && *at != '<', "%.60s", at);
        cr_assert(is_xml_char((const unsigned char *)at), "character %02x at %.60s",
                  (unsigned char)*at, at);
        for (size_t i = 0; i < ARRAY_LEN(entities) && !known; i++)
            known = strncmp(at, entities[i], strlen(entities[i])) == 0;
        cr_assert(known, "%.20s", at);
    }
    return at;
}

static void count_attribute(struct xml *x, const char *name, const char *value)
{
    static const char *const names[] = {"tests=", "failures=", "errors=", "skipped="};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (x->depth == 1 && strncmp(name, names[i], strlen(names[i])) == 0)
            x->said[i] = strtoul(value, NULL, 10);
}

static void count_element(struct xml *x, const char *name)
{
    x->tests += strncmp(name, "testcase", 8) == 0;
    x->failures += strncmp(name, "failure", 7) == 0;
    x->errors += strncmp(name, "error", 5) == 0;
    x->skipped += strncmp(name, "skipped", 7) == 0;
}

/* After "<name". */
static void read_attributes(struct xml *x)
{
    while (*x->at == ' ') {
        const char *name = ++x->at;

        while (islower((unsigned char)*x->at))
            x->at++;
        cr_assert(strncmp(x->at, "=\"", 2) == 0, "%.40s", name);
        count_attribute(x, name, x->at + 2);
        x->at = read_text(x->at + 2, '"') + 1;
    }
}

static void read_tag(struct xml *x)
{
    bool closes = x->at[1] == '/';
    const char *name = x->at + (closes ? 2 : 1);
    size_t len = 0;

    while (islower((unsigned char)name[len]))
        len++;
    cr_assert_gt(len, 0, "%.40s", x->at);
    x->at = name + len;
    if (closes) {
        cr_assert_gt(x->depth, 0);
        x->depth--;
        cr_assert(len == x->lengths[x->depth] && strncmp(name, x->names[x->depth], len) == 0,
                  "%.40s", name);
    } else {
        cr_assert_lt(x->depth, ARRAY_LEN(x->names));
        x->names[x->depth] = name;
        x->lengths[x->depth++] = len;
        count_element(x, name);
        read_attributes(x);
        if (*x->at == '/') {
            x->at++;
            x->depth--;
        }
    }
    cr_assert_eq(*x->at++, '>', "%.40s", name);
}

static struct xml read_xml(const char *text)
{
    static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    struct xml x = {.at = text + strlen(head)};

    cr_assert_eq(strncmp(text, head, strlen(head)), 0);
    do {
        if (*x.at == '<')
            read_tag(&x);
        else
            x.at = read_text(x.at, '<');
    } while (x.depth > 0);
    cr_assert_str_eq(x.at, "\n");
    return x;
}

static void junit(struct assay_buf *out, enum sample sample)
{
    json_t *run = sample_run(sample);
    struct assay_err err = {0};

    cr_assert_eq(report_junit(out, run, &err), ASSAY_OK, "%s", err.text);
    cr_assert_not_null(assay_buf_cstr(out));
    json_decref(run);
}

Test(report_junit, is_well_formed_and_counts_what_it_holds)
{
    static const struct {
        size_t tests, failures, errors, skipped;
    } rows[SAMPLE__COUNT] = {
        [SAMPLE_PASSING] = {8, 0, 0, 1},   [SAMPLE_FAILING] = {13, 3, 0, 3},
        [SAMPLE_INVALID] = {7, 1, 4, 2},   [SAMPLE_INTERRUPTED] = {7, 0, 1, 3},
        [SAMPLE_SELFTEST] = {13, 4, 0, 1}, [SAMPLE_HOSTILE] = {5, 1, 0, 3},
        [SAMPLE_EXPECTED] = {10, 0, 0, 3}, [SAMPLE_SEVERAL] = {10, 1, 0, 1},
    };

    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct xml x;

        junit(&out, (enum sample)s);
        cr_expect(assay_utf8_valid(assay_buf_view(&out)));
        x = read_xml(assay_buf_cstr(&out));
        cr_expect(x.tests == rows[s].tests && x.failures == rows[s].failures &&
                      x.errors == rows[s].errors && x.skipped == rows[s].skipped,
                  "%s: %zu tests, %zu failures, %zu errors, %zu skipped", sample_names[s], x.tests,
                  x.failures, x.errors, x.skipped);
        cr_expect(x.said[0] == x.tests && x.said[1] == x.failures && x.said[2] == x.errors &&
                      x.said[3] == x.skipped,
                  "%s: root", sample_names[s]);
        assay_buf_fini(&out);
    }
}

Test(report_junit, is_never_green_on_an_invalid_run)
{
    static const enum sample samples[] = {SAMPLE_INVALID, SAMPLE_INTERRUPTED};

    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);

        junit(&out, samples[i]);
        cr_expect_not_null(
            strstr(assay_buf_cstr(&out),
                   "<testcase name=\"run validity\" classname=\"run\"><error type=\"invalid\""));
        assay_buf_fini(&out);
    }
}

/* ---- the page as text; the browser test is elsewhere ---- */

static void page(struct assay_buf *out, enum sample sample)
{
    json_t *run = sample_run(sample);
    struct assay_err err = {0};

    cr_assert_eq(report_html(out, run, &err), ASSAY_OK, "%s", err.text);
    cr_assert_not_null(assay_buf_cstr(out));
    json_decref(run);
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        found++;
    return found;
}

Test(report_html, holds_one_script_and_allows_no_other)
{
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        struct assay_buf out = ASSAY_BUF_INIT(8 << 20), wanted = ASSAY_BUF_INIT(256);
        uint8_t digest[ASSAY_SHA256_BYTES];
        const char *text, *from, *to;

        page(&out, (enum sample)s);
        text = assay_buf_cstr(&out);
        cr_expect_eq(count(text, "<script"), 1, "%s", sample_names[s]);
        cr_expect_eq(count(text, "<img") + count(text, "<svg") + count(text, "onerror=\"") +
                         count(text, "style=\""),
                     0, "%s", sample_names[s]);
        from = strstr(text, "<script>") + 8;
        to = strstr(from, "</script>");
        assay_sha256(digest, assay_bytes_of(from, (size_t)(to - from)));
        assay_buf_add_str(&wanted, "content=\"default-src 'none'; style-src 'unsafe-inline'; "
                                   "base-uri 'none'; form-action 'none'; script-src 'sha256-");
        assay_base64_encode(&wanted, ASSAY_BASE64_STD, assay_bytes_of(digest, sizeof(digest)));
        assay_buf_add_str(&wanted, "'\"");
        cr_expect_eq(count(text, assay_buf_cstr(&wanted)), 1, "%s", sample_names[s]);
        cr_expect_eq(count(text, "{{status}}") + count(text, "{{content}}"), 0, "%s",
                     sample_names[s]);
        assay_buf_fini(&out);
        assay_buf_fini(&wanted);
    }
}

/* That header of the first exchange of a failed case, whose evidence is shown in full. */
static json_t *first_header(json_t *run, const char *name)
{
    json_t *c, *entry, *pair;
    size_t i, k, h;

    json_array_foreach (json_object_get(run, "cases"), i, c) {
        if (strcmp(json_string_value(json_object_get(c, "verdict")), "fail") != 0)
            continue;
        json_array_foreach (json_object_get(c, "evidence"), k, entry)
            json_array_foreach (json_object_get(json_object_get(entry, "request"), "headers"), h,
                                pair)
                if (strcmp(json_string_value(json_array_get(pair, 0)), name) == 0)
                    return pair;
    }
    return NULL;
}

/* {"amount":"<b>20000000</b>", ...}, then what is no document but is as long */
#define DOCUMENT                                                                                   \
    "eyJhbW91bnQiOiI8Yj4yMDAwMDAwMDwvYj4iLCJwYXlUbyI6Imthc3BhdGVzdDpxcXN4dHI5YzQ1ZXZ4cnY1cmVqcmRq" \
    "dHV2dnRrZHQ0ZnlqIn0="
#define NO_DOCUMENT                                                                                \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNE" \
    "RUZHSElKSw=="

Test(report_html, decodes_documents_that_travel_in_headers_and_nothing_else)
{
    static const char *const values[] = {DOCUMENT, NO_DOCUMENT};

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct assay_buf out = ASSAY_BUF_INIT((size_t)1 << 24);
        json_t *run = sample_run(SAMPLE_FAILING), *pair = first_header(run, "X-Payment-Proof");
        const char *text;

        cr_assert_not_null(pair);
        json_array_set_new(pair, 1, json_string(values[i]));
        cr_assert_eq(report_html(&out, run, NULL), ASSAY_OK);
        text = assay_buf_cstr(&out);
        cr_assert_not_null(text);
        cr_expect_eq(strstr(text, "X-Payment-Proof, decoded") != NULL, i == 0);
        cr_expect_eq(strstr(text, "&lt;b&gt;20000000&lt;/b&gt;") != NULL, i == 0);
        cr_expect_null(strstr(text, "<b>20000000"));
        cr_expect_eq(strstr(text, values[i]) != NULL, i == 1, "whole where it is not decoded");
        json_decref(run);
        assay_buf_fini(&out);
    }
}

/* A thousand cases more, of which every tenth fails. */
static json_t *large_run(void)
{
    json_t *run = sample_run(SAMPLE_FAILING), *cases = json_object_get(run, "cases");
    const json_t *pass = json_array_get(cases, 1), *fail = json_array_get(cases, 7);

    cr_assert_str_eq(json_string_value(json_object_get(fail, "verdict")), "fail");
    for (size_t i = 0; i < 1000; i++) {
        json_t *copy = json_deep_copy(i % 10 == 0 ? fail : pass), *evidence;

        evidence = json_object_get(copy, "evidence");
        for (size_t k = 0; k < 3; k++)
            json_array_extend(evidence, json_object_get(pass, "evidence"));
        json_array_append_new(evidence, json_pack("{s:i, s:s, s:s}", "t", 99, "kind", "note",
                                                  "text", "the end of the log"));
        json_array_append_new(cases, copy);
    }
    return run;
}

Test(report_html, of_a_thousand_cases_is_below_two_mebibytes_and_each_shows_how_it_ended)
{
    json_t *run = large_run();
    struct assay_buf out = ASSAY_BUF_INIT((size_t)64 << 20);
    const char *text;

    cr_assert_eq(report_html(&out, run, NULL), ASSAY_OK);
    text = assay_buf_cstr(&out);
    cr_assert_not_null(text);
    cr_expect_lt(out.len, (size_t)2 << 20, "%zu bytes", out.len);
    cr_expect_geq(count(text, "the end of the log"), 900);
    cr_expect_geq(count(text, "<summary>Evidence: "), 100);
    assay_buf_fini(&out);
    json_decref(run);
}

Test(report_html, fails_cleanly_where_there_is_no_room)
{
    json_t *run = sample_run(SAMPLE_FAILING);
    struct assay_buf small = ASSAY_BUF_INIT(20000);
    struct assay_err err = {0};

    cr_expect_eq(report_html(&small, run, &err), ASSAY_E_TOO_LARGE);
    cr_expect_str_eq(err.text, "HTML report: is larger than its limit");
    assay_buf_fini(&small);
    json_decref(run);
}

Test(reports, survive_every_failing_allocation)
{
    json_t *run = sample_run(SAMPLE_FAILING);

    for (size_t i = 0; i < REPORT_KINDS; i++) {
        struct assay_buf whole = ASSAY_BUF_INIT(1 << 20);
        size_t all;

        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_assert_eq(report_kinds[i].write(&whole, run, NULL), ASSAY_OK);
        all = assay_alloc_fail_after(SIZE_MAX);
        for (size_t n = 0; n < all; n++) {
            struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
            enum assay_code rc;

            (void)assay_alloc_fail_after(n);
            rc = report_kinds[i].write(&out, run, NULL);
            (void)assay_alloc_fail_after(SIZE_MAX);
            cr_expect(rc == ASSAY_E_NOMEM, "%s, allocation %zu of %zu: %s", report_kinds[i].name, n,
                      all, assay_code_name(rc));
            assay_buf_fini(&out);
        }
        assay_buf_fini(&whole);
    }
    json_decref(run);
}
