/* SARIF, Markdown, annotations, TAP, CTRF and HAR: what they say, that they stay in the limits of
 * those who read them. Schemas and outside
 * readers are asked by e2e_reports.sh. */
#include "reports/report.h"
#include "sample_run.h"
#include "written.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* The failing sample with so many more failures. */
static json_t *many_failures(size_t more)
{
    json_t *run = sample_run(SAMPLE_FAILING), *cases = json_object_get(run, "cases"), *model = NULL;
    json_t *c;
    size_t i;

    json_array_foreach (cases, i, c)
        if (json_is_null(json_object_get(c, "expectation")) &&
            strcmp(written_text(c, "verdict"), "fail") == 0 && model == NULL)
            model = c;
    for (i = 0; i < more; i++) {
        json_t *copy = json_copy(model); /* shallow: only its name is its own */
        char name[32];

        (void)snprintf(name, sizeof(name), "copy-%zu", i);
        json_object_set_new(copy, "case", json_string(name));
        json_array_append_new(cases, copy);
    }
    return run;
}

/* ---- SARIF ---- */

Test(report_sarif, has_a_result_for_each_failure_worst_first_and_a_rule_for_each_scenario)
{
    static const struct {
        const char *rule, *level, *mark;
        size_t suppressions;
    } wanted[] = {
        {"paid-tools/forged_mac", "error", "fail", 0},
        {"paid-tools/proof_replay", "error", "fail", 0},
        {"paid-tools/flood", "error", "unexpected pass", 0},
        {"paid-tools/forged_mac", "note", "uncounted failure", 0},
        {"paid-tools/flood", "error", "known failure", 1},
    };
    json_t *run = sample_run(SAMPLE_FAILING), *file = written_json("sarif", run);
    json_t *results = written_at(file, "runs.0.results"),
           *rules = written_at(file, "runs.0.tool.driver.rules");

    cr_assert_eq(json_array_size(results), ARRAY_LEN(wanted));
    cr_expect_eq(json_array_size(rules), 5);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        json_t *result = json_array_get(results, i);
        size_t index = (size_t)json_integer_value(written_at(result, "ruleIndex"));

        cr_expect_str_eq(written_text(result, "ruleId"), wanted[i].rule, "%zu", i);
        cr_expect_str_eq(written_text(json_array_get(rules, index), "id"), wanted[i].rule, "%zu",
                         i);
        cr_expect_str_eq(written_text(result, "level"), wanted[i].level, "%zu", i);
        cr_expect_str_eq(written_text(result, "properties.mark"), wanted[i].mark, "%zu", i);
        cr_expect_eq(json_array_size(written_at(result, "suppressions")), wanted[i].suppressions);
    }
    cr_expect_not_null(strstr(written_text(results, "1.message.text"),
                              "expected 1 execution of the protected handler, saw 7 executions"));
    cr_expect_not_null(strstr(written_text(results, "1.message.text"), "Remedy: Record the nonce"));
    cr_expect(json_is_true(written_at(file, "runs.0.invocations.0.executionSuccessful")));
    json_decref(file);
    json_decref(run);
}

/* Code scanning shows a result beside a file of the repository: of ours there is none in it. */
Test(report_sarif, places_results_in_the_target_file_where_that_is_in_the_repository)
{
    static const struct {
        const char *target, *uri;
        int line;
    } rows[] = {
        {"shop.json", "shop.json", 1},
        {"ci/my shop.json", "ci/my%20shop.json", 1},
        {"/srv/shop.json", "scenarios/paid-tools/proof_replay.c", 41},
        {"ci/../../shop.json", "scenarios/paid-tools/proof_replay.c", 41},
        {"../shop.json", "scenarios/paid-tools/proof_replay.c", 41},
        {"(embedded)", "scenarios/paid-tools/proof_replay.c", 41},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *run = sample_run(SAMPLE_FAILING), *leg, *file, *place;
        size_t k;

        json_array_foreach (json_object_get(run, "legs"), k, leg)
            cr_assert_eq(json_object_set_new(leg, "target", json_string(rows[i].target)), 0);
        file = written_json("sarif", run);
        place = written_at(file, "runs.0.results.1.locations.0.physicalLocation");
        cr_expect_str_eq(written_text(place, "artifactLocation.uri"), rows[i].uri);
        cr_expect_eq(json_integer_value(written_at(place, "region.startLine")), rows[i].line);
        cr_expect_str_eq(written_text(file, "runs.0.results.1.properties.where"),
                         "scenarios/paid-tools/proof_replay.c:41");
        json_decref(file);
        json_decref(run);
    }
}

Test(report_sarif, has_rules_that_say_clause_remedy_and_severity)
{
    json_t *run = sample_run(SAMPLE_FAILING), *file = written_json("sarif", run), *rule = NULL;
    size_t i;

    json_array_foreach (written_at(file, "runs.0.tool.driver.rules"), i, rule)
        if (strcmp(written_text(rule, "id"), "paid-tools/proof_replay") == 0)
            break;
    cr_assert_not_null(rule);
    cr_expect_not_null(strstr(written_text(rule, "help.text"), "Clause: digest 5.2\n"));
    cr_expect_not_null(
        strstr(written_text(rule, "help.text"), "Remedy: Record the nonce in the same"));
    cr_expect_not_null(strstr(written_text(rule, "help.markdown"), "**Clause:** digest 5&#46;2\n"));
    cr_expect_str_eq(written_text(rule, "properties.security-severity"), "8.0");
    cr_expect_eq(json_array_size(written_at(rule, "properties.tags")), 7);
    json_decref(file);
    json_decref(run);
}

Test(report_sarif, knows_a_finding_again_whatever_was_seen)
{
    json_t *run = sample_run(SAMPLE_FAILING), *before = written_json("sarif", run), *after, *c;
    size_t i, k;

    json_array_foreach (json_object_get(run, "cases"), i, c)
        json_object_set_new(c, "seen", json_string("something else"));
    json_object_set_new(run, "seed", json_string("0000000000000001"));
    after = written_json("sarif", run);
    for (i = 0; i < 5; i++) {
        const char *print = written_text(json_array_get(written_at(before, "runs.0.results"), i),
                                         "partialFingerprints.primaryLocationLineHash");

        cr_expect_str_eq(print, written_text(json_array_get(written_at(after, "runs.0.results"), i),
                                             "partialFingerprints.primaryLocationLineHash"));
        for (k = 0; k < i; k++)
            cr_expect_str_neq(print,
                              written_text(json_array_get(written_at(before, "runs.0.results"), k),
                                           "partialFingerprints.primaryLocationLineHash"));
    }
    json_decref(before);
    json_decref(after);
    json_decref(run);
}

Test(report_sarif, says_that_an_invalid_run_did_not_succeed)
{
    json_t *run = sample_run(SAMPLE_INVALID), *file = written_json("sarif", run);
    json_t *invocation = written_at(file, "runs.0.invocations.0");

    cr_expect(json_is_false(written_at(invocation, "executionSuccessful")));
    cr_expect_eq(json_integer_value(written_at(invocation, "exitCode")), 2);
    cr_expect_str_eq(written_text(invocation, "toolExecutionNotifications.0.descriptor.id"),
                     "invalid");
    cr_expect_not_null(strstr(written_text(invocation, "toolExecutionNotifications.0.message.text"),
                              "check the secret"));
    json_decref(file);
    json_decref(run);
}

Test(report_sarif, cuts_what_code_scanning_would_not_take_and_says_so)
{
    json_t *run = many_failures(6000), *file = written_json("sarif", run), *known = NULL, *result;
    struct assay_buf first, again;
    size_t i;

    (void)written_report(&first, "sarif", run);
    (void)written_report(&again, "sarif", run);
    cr_expect(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&again)));
    cr_expect_lt(first.len, (size_t)10 * 1000 * 1000);
    json_array_foreach (written_at(file, "runs.0.results"), i, result)
        if (json_array_size(written_at(result, "suppressions")) > 0)
            known = result;
    cr_expect_leq(i, 5000);
    cr_expect_gt(i, 1000);
    cr_expect_null(known, "the mildest go first");
    cr_expect_eq(json_integer_value(written_at(file, "runs.0.properties.resultsLeftOut")),
                 (json_int_t)(6005 - i));
    cr_expect_str_eq(
        written_text(file, "runs.0.invocations.0.toolExecutionNotifications.0.descriptor.id"),
        "cut");
    assay_buf_fini(&first);
    assay_buf_fini(&again);
    json_decref(file);
    json_decref(run);
}

/* ---- Markdown and annotations ---- */

Test(report_markdown, names_each_failure_with_its_remedy_and_stays_below_a_mebibyte)
{
    json_t *run = sample_run(SAMPLE_FAILING), *many = many_failures(6000);
    struct assay_buf out;
    const char *text = written_report(&out, "markdown", run);

    cr_expect_eq(strncmp(text, "## Assay: FAILED\n\nshop fails against 2 of 3 threats\n", 52), 0,
                 "%.80s", text);
    cr_expect_not_null(strstr(text, "- remedy: Record the nonce in the same step"));
    cr_expect_eq(written_count(text, "\n#### "), 5);
    cr_expect_not_null(strstr(text, "| clock-gap | "));
    cr_expect_null(strstr(text, "do not fit"));
    assay_buf_fini(&out);

    text = written_report(&out, "markdown", many);
    cr_expect_lt(out.len, (size_t)1 << 20);
    cr_expect_not_null(strstr(text, "more cases and 0 more threats do not fit"));
    cr_expect_not_null(strstr(text, "### Threats"));
    assay_buf_fini(&out);
    json_decref(run);
    json_decref(many);
}

Test(report_annotations, are_at_most_ten_of_a_kind_worst_first_and_say_how_many_more)
{
    json_t *run = many_failures(50), *quiet = sample_run(SAMPLE_PASSING);
    struct assay_buf out;
    const char *text = written_report(&out, "annotations", run);

    cr_expect_eq(written_count(text, "\n::error ") + 1, 10);
    cr_expect_eq(strncmp(text, "::error title=paid-tools/forged_mac/wrong-secret::fail: A MAC", 58),
                 0, "%.80s", text);
    cr_expect_eq(written_count(text, "::warning title="), 1);
    cr_expect_eq(
        written_count(text, "::notice title=Assay%3A there is more::43 more failures and 0 more "),
        1, "%s", text);
    cr_expect_eq(written_count(text, "\n"), 12);
    assay_buf_fini(&out);

    (void)written_report(&out, "annotations", quiet);
    cr_expect_eq(out.len, 0);
    assay_buf_fini(&out);
    json_decref(run);
    json_decref(quiet);
}

Test(report_annotations, put_an_invalid_run_first)
{
    json_t *run = sample_run(SAMPLE_INVALID);
    struct assay_buf out;
    const char *text = written_report(&out, "annotations", run);

    cr_expect_eq(strncmp(text, "::error title=Assay%3A no verdict can be given::INVALID: ", 57), 0,
                 "%s", text);
    cr_expect_eq(written_count(text, "::error "), 2);
    cr_expect_eq(written_count(text, "::warning "), 3);
    assay_buf_fini(&out);
    json_decref(run);
}

/* ---- TAP ---- */

Test(report_tap, has_a_subtest_for_each_threat_and_directives_for_what_does_not_count)
{
    static const char *const wanted[] = {
        "TAP version 14\n1..4\n# Subtest: proof-replay\n    1..4\n",
        "    ok 1 - paid-tools/honest_payment\n",
        "    not ok 4 - paid-tools/proof_replay/64-at-once\n      ---\n      message: \"",
        "      remedy: \"Record the nonce in",
        "\nnot ok 1 - proof-replay\n",
        " # TODO level should, which --fail-on must does not count\n",
        " # TODO a known failure by the expectations file\n",
        "not ok 3 - paid-tools/flood/steady\n",
        "    ok 1 - paid-tools/clock/expiry # SKIP the target's clock cannot be moved",
        "\nok 3 - clock-gap # SKIP faketime is not installed",
    };
    json_t *run = sample_run(SAMPLE_FAILING), *invalid = sample_run(SAMPLE_INVALID);
    struct assay_buf out;
    const char *text = written_report(&out, "tap", run);

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        cr_expect_not_null(strstr(text, wanted[i]), "%s in\n%s", wanted[i], text);
    cr_expect_null(strstr(text, "Bail out!"));
    assay_buf_fini(&out);

    text = written_report(&out, "tap", invalid);
    cr_expect_eq(written_count(text, "\nBail out! no verdict can be given: the control "), 1);
    assay_buf_fini(&out);
    json_decref(run);
    json_decref(invalid);
}

/* ---- CTRF ---- */

Test(report_ctrf, counts_what_it_holds_and_is_never_green_on_an_invalid_run)
{
    static const char *const names[] = {"passed", "failed", "skipped", "pending", "other"};

    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *run = sample_run((enum sample)s), *file = written_json("ctrf", run), *test;
        json_t *summary = written_at(file, "results.summary"),
               *tests = written_at(file, "results.tests");
        size_t counts[ARRAY_LEN(names)] = {0}, i, k;

        cr_expect_eq(json_integer_value(written_at(summary, "tests")),
                     (json_int_t)json_array_size(tests), "%s", sample_names[s]);
        json_array_foreach (tests, i, test)
            for (k = 0; k < ARRAY_LEN(names); k++)
                counts[k] += strcmp(written_text(test, "status"), names[k]) == 0;
        for (k = 0; k < ARRAY_LEN(names); k++)
            cr_expect_eq(json_integer_value(written_at(summary, names[k])), (json_int_t)counts[k],
                         "%s %s", sample_names[s], names[k]);
        cr_expect_str_eq(written_text(tests, "0.status"),
                         json_is_true(written_at(run, "outcome.valid")) ? "passed" : "failed", "%s",
                         sample_names[s]);
        json_decref(file);
        json_decref(run);
    }
}

Test(report_formats, say_which_seeded_defects_were_not_caught)
{
    static const struct {
        const char *kind, *wanted;
    } rows[] = {
        {"sarif", "nonce.unrecorded: no scenario catches this defect"},
        {"markdown", "- <code>nonce&#46;unrecorded</code>: no scenario catches this defect\n"},
        {"annotations", "no scenario catches this defect: nonce.unrecorded%0A"},
        {"tap", "    not ok 3 - nonce.unrecorded: survived\n"},
        {"ctrf", "\"name\":\"nonce.unrecorded\",\"status\":\"failed\""},
    };
    json_t *run = sample_run(SAMPLE_SELFTEST);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out;
        const char *text = written_report(&out, rows[i].kind, run);

        cr_expect_not_null(strstr(text, rows[i].wanted), "%s: %s", rows[i].kind, text);
        assay_buf_fini(&out);
    }
    json_decref(run);
}

/* ---- HAR ---- */

Test(report_har, has_every_exchange_of_the_evidence_below_the_page_of_its_case)
{
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *run = sample_run((enum sample)s), *file = written_json("har", run), *page, *entry,
               *c;
        size_t exchanges = 0, i, k;

        if (s == SAMPLE_SELFTEST) /* shows the correct legs alone */
            goto next;
        json_array_foreach (json_object_get(run, "cases"), i, c)
            json_array_foreach (json_object_get(c, "evidence"), k, entry)
                exchanges += strcmp(written_text(entry, "kind"), "exchange") == 0;
        cr_expect_gt(exchanges, 0);
        cr_expect_eq(json_array_size(written_at(file, "log.entries")), exchanges, "%s",
                     sample_names[s]);
        json_array_foreach (written_at(file, "log.entries"), i, entry) {
            bool found = false;

            json_array_foreach (written_at(file, "log.pages"), k, page)
                found = found || json_equal(written_at(page, "id"), written_at(entry, "pageref"));
            cr_expect(found, "%s, entry %zu", sample_names[s], i);
        }
    next:
        json_decref(file);
        json_decref(run);
    }
}

Test(report_har, keeps_bodies_as_they_were)
{
    json_t *run = sample_run(SAMPLE_HOSTILE), *file = written_json("har", run), *entry;
    size_t i, binary = 0, hostile = 0, raw = 0;

    json_array_foreach (written_at(file, "log.entries"), i, entry) {
        json_t *content = written_at(entry, "response.content");

        if (written_at(content, "encoding") != NULL) {
            binary++;
            cr_expect_str_eq(written_text(content, "text"), "AAECAwT/gICAf0VMRgA=");
            cr_expect_str_eq(written_text(content, "comment"),
                             "cut: of 9000 bytes the first are here");
            cr_expect_eq(json_integer_value(written_at(content, "size")), 9000);
        }
        if (json_integer_value(written_at(entry, "response.status")) == 500) {
            hostile++;
            cr_expect_str_eq(written_text(content, "text"), sample_hostile_text);
        }
        if (strcmp(written_text(entry, "request.method"), "</pre></script><script>window.canary") ==
            0) {
            raw++;
            cr_expect_str_eq(written_text(entry, "request.postData.text"), sample_hostile_text);
            cr_expect_eq(json_integer_value(written_at(entry, "response.status")), 0);
        } else {
            cr_expect_str_eq(written_text(entry, "request.url"),
                             "http://127.0.0.1:8402/weather?city=Paris");
            cr_expect_str_eq(written_text(entry, "request.queryString.0.value"), "Paris");
        }
    }
    cr_expect(binary == 1 && hostile == 1 && raw == 1, "%zu, %zu, %zu", binary, hostile, raw);
    json_decref(file);
    json_decref(run);
}
