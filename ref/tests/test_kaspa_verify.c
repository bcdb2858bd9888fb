/* The rules of a transaction: a signed one for which all hold, and one change after another that
 * breaks one rule and leaves the others as they are. */
#include "kaspa/verify.h"

#include "ref/tests/kaspa_faults.h"

static void judge(struct kaspa_verdict *v, struct payment *p, const struct kaspa_fault *fault)
{
    if (fault->made == MADE_AFTER)
        fault->change(p);
    commit_to_mass(p);
    sign(p);
    if (fault->made == MADE_BEFORE)
        fault->change(p);
    kaspa_tx_verify(v, &p->tx, &p->with);
}

static void letters(char *out, const struct kaspa_verdict *v)
{
    for (size_t i = 0; i < KASPA_RULE__COUNT; i++) {
        if (i > 0 && kaspa_rules[i].stage != kaspa_rules[i - 1].stage)
            *out++ = ' ';
        *out++ = "HBUN"[v->checks[i].result];
    }
    *out = '\0';
}

/* The first rule that is broken, or else undecided; KASPA_RULE__COUNT: none. */
static size_t decisive(const struct kaspa_verdict *v)
{
    size_t undecided = KASPA_RULE__COUNT;

    for (size_t i = KASPA_RULE__COUNT; i > 0; i--)
        if (v->checks[i - 1].result == KASPA_CHECK_UNDECIDED)
            undecided = i - 1;
    for (size_t i = 0; i < KASPA_RULE__COUNT && undecided == KASPA_RULE__COUNT; i++)
        if (v->checks[i].result == KASPA_CHECK_BROKEN)
            return i;
    return undecided;
}

static enum kaspa_outcome outcome_of(const char *checks)
{
    return strchr(checks, 'B') != NULL                                  ? KASPA_INVALID
           : strchr(checks, 'U') != NULL || strchr(checks, 'N') != NULL ? KASPA_UNDECIDED
                                                                        : KASPA_VALID;
}

/* The outcomes as the letters say it, the last four being policy. */
static void expect_outcomes(const struct kaspa_verdict *v, const struct kaspa_fault *fault)
{
    char consensus[32];
    size_t len = strlen(fault->checks) - 4;

    memcpy(consensus, fault->checks, len);
    consensus[len] = '\0';
    cr_expect_eq(v->outcome, outcome_of(consensus), "row: %s", fault->name);
    cr_expect_eq(v->relay, outcome_of(fault->checks + len), "row: %s", fault->name);
    cr_expect_eq(v->error, v->outcome == KASPA_INVALID ? fault->error : KASPA_TX_OK, "row: %s",
                 fault->name);
}

static void expect_sentence(const struct kaspa_verdict *v, const struct payment *p, size_t rule,
                            const struct kaspa_fault *fault)
{
    struct assay_buf text = ASSAY_BUF_INIT(400);

    kaspa_check_explain(&text, v, (enum kaspa_rule_number)rule, &p->tx);
    cr_assert(assay_buf_ok(&text));
    cr_expect_str_eq(assay_buf_cstr(&text), fault->sentence, "row: %s: %s", fault->name,
                     assay_buf_cstr(&text));
    assay_buf_fini(&text);
}

Test(kaspa_verify, judges_every_rule_apart)
{
    for (size_t i = 0; i < kaspa_fault_count; i++) {
        const struct kaspa_fault *fault = &kaspa_faults[i];
        struct payment *p = payment_new();
        struct kaspa_verdict v;
        char got[2 *
                 KASPA_RULE__COUNT]; /* a letter a rule, a space before each stage but the first */
        size_t rule;

        judge(&v, p, fault);
        letters(got, &v);
        cr_expect_str_eq(got, fault->checks, "row: %s: %s", fault->name, got);
        expect_outcomes(&v, fault);
        rule = decisive(&v);
        if (rule < KASPA_RULE__COUNT) {
            cr_expect_eq(v.checks[rule].error, fault->error, "row: %s", fault->name);
            cr_expect_eq(v.checks[rule].at, fault->at, "row: %s: at %zu", fault->name,
                         v.checks[rule].at);
        } else {
            cr_expect_eq(fault->error, KASPA_TX_OK, "row: %s", fault->name);
        }
        if (fault->sentence != NULL)
            expect_sentence(&v, p, rule, fault);
        payment_free(p);
    }
}

Test(kaspa_verify, finds_every_kind_of_error)
{
    for (int error = KASPA_TX_OK + 1; error < KASPA_TX__COUNT; error++) {
        size_t found = 0;

        for (size_t i = 0; i < kaspa_fault_count; i++)
            found += kaspa_faults[i].error == (enum kaspa_tx_error)error;
        cr_expect_gt(found, 0, "%s", kaspa_tx_error_name((enum kaspa_tx_error)error));
    }
}

/* How many rows have this letter for a rule. */
static size_t count_of(size_t rule, char letter)
{
    size_t at = rule, count = 0;

    for (size_t i = 1; i <= rule; i++)
        at += kaspa_rules[i].stage != kaspa_rules[i - 1].stage;
    for (size_t i = 0; i < kaspa_fault_count; i++)
        count += kaspa_faults[i].checks[at] == letter;
    return count;
}

Test(kaspa_verify, has_seen_every_rule_held_and_broken_and_not_judged)
{
    for (size_t i = 0; i < KASPA_RULE__COUNT; i++) {
        bool rests_on_something =
            i >= KASPA_RULE_FINALITY || i == KASPA_RULE_OUTPOINTS || i == KASPA_RULE_FIELDS;

        cr_expect_gt(count_of(i, 'H'), 0, "%s", kaspa_rules[i].id);
        cr_expect_gt(count_of(i, 'B'), 0, "%s", kaspa_rules[i].id);
        cr_expect_eq(count_of(i, 'N') > 0, rests_on_something, "%s", kaspa_rules[i].id);
    }
    cr_expect_gt(count_of(KASPA_RULE_COVENANTS, 'U'), 0);
    cr_expect_gt(count_of(KASPA_RULE_SCRIPTS, 'U'), 0);
}

Test(kaspa_verify, finds_in_isolation_what_isolation_alone_finds)
{
    for (size_t i = 0; i < kaspa_fault_count; i++) {
        const struct kaspa_fault *fault = &kaspa_faults[i];
        struct payment *p = payment_new();
        struct kaspa_verdict v;
        enum kaspa_tx_error error;
        size_t at = 7, rule;

        judge(&v, p, fault);
        rule = decisive(&v);
        error = kaspa_tx_check_isolation(&p->tx, &at);
        if (rule < KASPA_RULE_FINALITY) {
            cr_expect_eq(error, fault->error, "row: %s", fault->name);
            cr_expect_eq(at, fault->at, "row: %s", fault->name);
        } else {
            cr_expect_eq(error, KASPA_TX_OK, "row: %s", fault->name);
            cr_expect_eq(at, 0, "row: %s", fault->name);
        }
        payment_free(p);
    }
}

Test(kaspa_verify, explains_every_rule_in_every_state)
{
    for (size_t i = 0; i < kaspa_fault_count; i++) {
        const struct kaspa_fault *fault = &kaspa_faults[i];
        struct payment *p = payment_new();
        struct kaspa_verdict v;

        judge(&v, p, fault);
        for (size_t rule = 0; rule < KASPA_RULE__COUNT; rule++) {
            struct assay_buf text = ASSAY_BUF_INIT(300), none = ASSAY_BUF_INIT(8);

            kaspa_check_explain(&text, &v, (enum kaspa_rule_number)rule, &p->tx);
            kaspa_check_explain(&none, &v, (enum kaspa_rule_number)rule, &p->tx);
            cr_expect(assay_buf_ok(&text) && text.len > 15, "row: %s: %s", fault->name,
                      kaspa_rules[rule].id);
            cr_expect_not(assay_buf_ok(&none));
            if (v.checks[rule].result == KASPA_CHECK_HELD)
                cr_expect_str_eq(assay_buf_cstr(&text), kaspa_rules[rule].sentence);
            assay_buf_fini(&text);
            assay_buf_fini(&none);
        }
        payment_free(p);
    }
}
