/* The audit report: its parts, findings by scenario, difficulty, and its size. What hostile text
 * does there is in test_report_hostile.c. */
#include "reports/audit.h"
#include "reports/report.h"
#include "sample_run.h"
#include "written.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char *audit(struct assay_buf *out, const json_t *run)
{
    return written_report(out, "audit", run);
}

Test(report_audit, has_every_section_and_every_link_leads_somewhere)
{
    static const char *const ids[] = {"summary", "scope",    "threats", "findings", "not-judged",
                                      "limits",  "strength", "sources", "cases",    "again"};

    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *run = sample_run((enum sample)s);
        struct assay_buf out;
        const char *text = audit(&out, run), *link = text;
        size_t links = 0;

        for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
            char section[64];

            (void)snprintf(section, sizeof(section), "<section id=\"%s\"", ids[i]);
            cr_expect_eq(written_count(text, section), 1, "%s of %s", ids[i], sample_names[s]);
        }
        while ((link = strstr(link, "href=\"#")) != NULL) {
            char id[64];
            int len = (int)strcspn(link + 7, "\"");

            cr_assert_lt(len, 40);
            (void)snprintf(id, sizeof(id), " id=\"%.*s\"", len, link + 7);
            cr_expect_eq(written_count(text, id), 1, "%s of %s", id, sample_names[s]);
            links++;
            link += 7;
        }
        cr_expect_geq(links, ARRAY_LEN(ids), "%s", sample_names[s]);
        cr_expect_eq(written_count(text, "<details"), written_count(text, "<details open"),
                     "paper does not unfold: %s", sample_names[s]);
        cr_expect_null(strstr(text, "{{running"), "%s", sample_names[s]);
        cr_expect_null(strstr(text, "<script"), "%s", sample_names[s]);
        assay_buf_fini(&out);
        json_decref(run);
    }
}

Test(report_audit, names_the_revisions_that_the_rules_are_of)
{
    json_t *run = sample_run((enum sample)0);
    struct assay_buf with, without;
    const char *text = audit(&with, run);

    cr_expect_eq(written_count(text, "x402-toolkit 74784d7"), 1);
    cr_expect_null(strstr(text, "does not say of which revision"));
    json_object_del(json_object_get(run, "catalogue"), "sources");
    text = audit(&without, run);
    cr_expect_eq(written_count(text, "does not say of which revision"), 1);
    cr_expect_null(strstr(text, "74784d7"));
    assay_buf_fini(&with);
    assay_buf_fini(&without);
    json_decref(run);
}

Test(report_audit, says_first_that_a_run_is_invalid)
{
    json_t *run = sample_run(SAMPLE_INVALID);
    struct assay_buf out;
    const char *text = audit(&out, run), *stamp = strstr(text, "<p class=\"stamp\">INVALID</p>");

    cr_assert_not_null(stamp);
    cr_expect_lt(stamp, strstr(text, "<nav"));
    cr_expect_not_null(strstr(text, "<body class=\"INVALID\">"));
    cr_expect_not_null(strstr(text, "nothing in this document is a verdict on the target"));
    assay_buf_fini(&out);

    cr_assert_eq(json_array_clear(json_object_get(run, "cases")), 0);
    text = audit(&out, run);
    cr_expect_not_null(strstr(text, "of a run that is not valid that says nothing"));
    cr_expect_null(strstr(text, "Findings by severity"), "zeros would read as a verdict");
    assay_buf_fini(&out);
    json_decref(run);
}

/* The failing sample's case of that scenario. */
static json_t *failing_case(json_t *run, const char *scenario)
{
    json_t *c, *found = NULL;
    size_t i;

    json_array_foreach (json_object_get(run, "cases"), i, c)
        if (found == NULL && strcmp(written_text(c, "scenario"), scenario) == 0 &&
            strcmp(written_text(c, "verdict"), "fail") == 0)
            found = c;
    cr_assert_not_null(found, "no failing case of %s", scenario);
    return found;
}

Test(report_audit, makes_one_finding_of_the_cases_of_a_scenario)
{
    json_t *run = sample_run(SAMPLE_FAILING), *model = failing_case(run, "paid-tools/proof_replay");
    struct assay_buf before, after;
    const char *text = audit(&before, run);
    size_t findings = written_count(text, "<article class=\"finding\"");

    cr_assert_gt(findings, 1);
    for (size_t i = 0; i < 30; i++) {
        json_t *copy = json_copy(model);
        char name[32];

        (void)snprintf(name, sizeof(name), "copy-%zu", i);
        json_object_set_new(copy, "case", json_string(name));
        json_array_append_new(json_object_get(run, "cases"), copy);
    }
    text = audit(&after, run);
    cr_expect_eq(written_count(text, "<article class=\"finding\""), findings);
    cr_expect_not_null(strstr(text, "The same requirement failed in 30 more cases"));
    cr_expect_not_null(strstr(text, "11 more are in the appendix"));
    cr_expect_geq(written_count(text, "paid-tools/proof_replay/copy-29<"), 1);
    assay_buf_fini(&before);
    assay_buf_fini(&after);
    json_decref(run);
}

/* Of a log of one entry. */
static enum audit_difficulty difficulty(const char *entry, const char *side)
{
    json_t *run = sample_run(SAMPLE_FAILING), *c = failing_case(run, "paid-tools/proof_replay");
    json_t *evidence = json_loads(entry, 0, NULL), *leg;
    struct report_view view = {0};
    struct audit_findings f = {0};
    enum audit_difficulty found = DIFFICULTY__COUNT;
    size_t i;

    cr_assert(json_is_array(evidence));
    json_object_set_new(c, "evidence", evidence);
    json_array_foreach (json_object_get(run, "legs"), i, leg)
        json_object_set_new(leg, "side", json_string(side));
    cr_assert_eq(report_view_init(&view, run), ASSAY_OK);
    cr_assert_eq(audit_findings_init(&f, &view), ASSAY_OK);
    for (i = 0; i < f.count; i++)
        if (f.items[i].cases->c->c == c)
            found = f.items[i].difficulty;
    audit_findings_fini(&f);
    report_view_fini(&view);
    json_decref(run);
    return found;
}

Test(report_audit, derives_difficulty_from_the_log)
{
    static const struct {
        const char *log, *side;
        enum audit_difficulty wanted;
    } rows[] = {
        {"[]", "server", DIFFICULTY_LOW},
        {"[]", "client", DIFFICULTY_MEDIUM},
        {"[{\"kind\":\"exchange\",\"request\":{\"headers\":[[\"Accept\",\"x-payment\"]]}}]",
         "server", DIFFICULTY_LOW},
        {"[{\"kind\":\"exchange\",\"request\":{\"headers\":[[\"x-Payment-Proof\",\"a\"]]}}]",
         "server", DIFFICULTY_MEDIUM},
        {"[{\"kind\":\"exchange\",\"request\":{\"raw\":{\"text\":\"GET /\\r\\nPAYMENT-S: 1\"}}}]",
         "server", DIFFICULTY_MEDIUM},
        {"[{\"kind\":\"burst\",\"requests\":3}]", "server", DIFFICULTY_MEDIUM},
        {"[{\"kind\":\"note\"},{\"kind\":\"fault\"}]", "client", DIFFICULTY_HIGH},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(difficulty(rows[i].log, rows[i].side), rows[i].wanted, "row %zu", i);
}

/* Failures of as many scenarios, with fat logs. */
Test(report_audit, of_a_thousand_failing_scenarios_counts_the_evidence_that_it_leaves_out)
{
    json_t *run = sample_run(SAMPLE_FAILING), *model = failing_case(run, "paid-tools/proof_replay");
    json_t *evidence = json_object_get(model, "evidence");
    struct assay_buf out;
    const char *text;

    for (size_t i = 0; i < 200; i++)
        json_array_append(evidence, json_array_get(evidence, i % 3));
    for (size_t i = 0; i < 1000; i++) {
        json_t *copy = json_copy(model);
        char name[48];

        (void)snprintf(name, sizeof(name), "paid-tools/scenario_%zu", i);
        json_object_set_new(copy, "scenario", json_string(name));
        json_array_append_new(json_object_get(run, "cases"), copy);
    }
    text = audit(&out, run);
    cr_expect_geq(written_count(text, "<article class=\"finding\""), 1000);
    cr_expect_geq(written_count(text, "more entries are in run.json"), 1000);
    cr_expect_lt(out.len, (size_t)5 << 20, "%zu bytes", out.len);
    assay_buf_fini(&out);
    json_decref(run);
}
