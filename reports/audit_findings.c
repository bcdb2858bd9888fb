/* Failures as findings: by scenario, and how hard each is to exploit (reports/audit.h). */
#include "reports/audit.h"

#include <stdlib.h>
#include <strings.h>

static int by_scenario(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order;

    if (a->c->mark != b->c->mark)
        return a->c->mark < b->c->mark ? -1 : 1;
    order = assay_bytes_compare(report_text(a->c->c, "scenario"), report_text(b->c->c, "scenario"));
    if (order != 0)
        return order;
    return a->c->number < b->c->number ? -1 : a->c->number > b->c->number;
}

static int worst_first(const void *left, const void *right)
{
    const struct audit_finding *a = left, *b = right;

    if (a->cases->c->mark != b->cases->c->mark)
        return a->cases->c->mark < b->cases->c->mark ? -1 : 1;
    if (a->cases->severity != b->cases->severity)
        return a->cases->severity < b->cases->severity ? -1 : 1;
    if (a->difficulty != b->difficulty)
        return a->difficulty < b->difficulty ? -1 : 1;
    return a->cases->c->number < b->cases->c->number ? -1
                                                     : a->cases->c->number > b->cases->c->number;
}

/* ---- difficulty ---- */

void audit_difficulty_rule(struct html *page)
{
    html_raw(
        page,
        "<p>Difficulty is derived from the log of the easiest failing case:</p>\n<dl>"
        "<dt>low</dt><dd>Public requests are enough, or bytes handed to a library.</dd>"
        "<dt>medium</dt><dd>A request carries a payment or a credential (a header whose name "
        "begins "
        "with PAYMENT-, X-PAYMENT, X-CASHU or AUTHORIZATION, or that text in raw bytes); requests "
        "are released together; or the attacker is the server that a client calls.</dd>"
        "<dt>high</dt><dd>The suite injected a fault (a crash, a clock, a link, a device), which "
        "an "
        "attacker has to cause or to wait for.</dd></dl>\n<p>The log does not say who made a "
        "payment, nor whether a service that answered told the truth: where a threat needs a "
        "second "
        "party\xe2\x80\x99s payment or control of a service, it is harder than what is said "
        "here.</p>\n");
}

const char *audit_difficulty_word(enum audit_difficulty difficulty)
{
    static const char *const words[DIFFICULTY__COUNT] = {"low", "medium", "high"};

    return words[difficulty];
}

const char *audit_severity_word(enum finding_severity severity)
{
    static const char *const words[] = {"critical", "high", "medium", "low"};

    return words[severity];
}

static bool pays(const json_t *request)
{
    static const char *const names[] = {"payment-", "x-payment", "x-cashu", "authorization"};
    const char *raw = json_string_value(json_object_get(json_object_get(request, "raw"), "text"));
    const json_t *pair;
    size_t i;

    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        if (raw != NULL && strcasestr(raw, names[k]) != NULL)
            return true;
        json_array_foreach (json_object_get(request, "headers"), i, pair) {
            const char *name = json_string_value(json_array_get(pair, 0));

            if (name != NULL && strncasecmp(name, names[k], strlen(names[k])) == 0)
                return true;
        }
    }
    return false;
}

static enum audit_difficulty difficulty_of(const struct report_case *c)
{
    enum audit_difficulty difficulty = DIFFICULTY_LOW;
    const json_t *entry;
    size_t i;

    if (assay_bytes_is(report_text(c->leg, "side"), "client"))
        difficulty = DIFFICULTY_MEDIUM;
    json_array_foreach (json_object_get(c->c, "evidence"), i, entry) {
        struct assay_bytes kind = report_text(entry, "kind");

        if (assay_bytes_is(kind, "fault"))
            return DIFFICULTY_HIGH;
        if (assay_bytes_is(kind, "burst") ||
            (assay_bytes_is(kind, "exchange") && pays(json_object_get(entry, "request"))))
            difficulty = DIFFICULTY_MEDIUM;
    }
    return difficulty;
}

/* ---- grouping ---- */

static bool is_of(const struct audit_finding *f, const struct finding *c)
{
    return f->cases->c->mark == c->c->mark &&
           assay_bytes_equal(report_text(f->cases->c->c, "scenario"),
                             report_text(c->c->c, "scenario"));
}

static void group(struct audit_findings *f)
{
    for (size_t i = 0; i < f->cases.count; i++) {
        const struct finding *c = &f->cases.items[i];
        enum audit_difficulty difficulty = difficulty_of(c->c);

        if (f->count == 0 || !is_of(&f->items[f->count - 1], c))
            f->items[f->count++] = (struct audit_finding){.cases = c, .difficulty = difficulty};
        f->items[f->count - 1].count++;
        if (difficulty < f->items[f->count - 1].difficulty)
            f->items[f->count - 1].difficulty = difficulty;
    }
}

enum assay_code audit_findings_init(struct audit_findings *f, const struct report_view *view)
{
    enum assay_code rc;

    *f = (struct audit_findings){0};
    rc = findings_init(&f->cases, view,
                       FINDINGS_BAD | MARK_BIT(MARK_MILD_FAIL) | MARK_BIT(MARK_KNOWN_FAIL));
    if (rc != ASSAY_OK)
        return rc;
    f->items = assay_alloc((f->cases.count + 1) * sizeof(*f->items));
    if (f->items == NULL) {
        findings_fini(&f->cases);
        return ASSAY_E_NOMEM;
    }
    qsort(f->cases.items, f->cases.count, sizeof(*f->cases.items), by_scenario);
    group(f);
    qsort(f->items, f->count, sizeof(*f->items), worst_first);
    return ASSAY_OK;
}

void audit_findings_fini(struct audit_findings *f)
{
    findings_fini(&f->cases);
    assay_free(f->items);
    *f = (struct audit_findings){0};
}
