/* One check of a verdict, as consensus judges: what is open is said to be open for what it is. */
#include "kaspa_x402/check.h"

#include <criterion/criterion.h>

Test(kx_check, says_what_a_transaction_cannot_be_decided_for)
{
    static const struct {
        enum kaspa_undecided why;
        const char *text;
    } rows[] = {
        {KASPA_UNDECIDED_ZK, "input 2: cannot be decided here: zk precompile"},
        {KASPA_UNDECIDED_SEQ_COMMIT, "input 2: cannot be decided here: sequencing commitment"},
        {KASPA_UNDECIDED_RESOURCE, "input 2: cannot be decided here: resource"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_verdict verdict = {.outcome = KASPA_UNDECIDED};
        struct kaspa_tx tx = {.input_count = 3};
        struct kx_check check = {0};

        verdict.checks[KASPA_RULE_SCRIPTS] =
            (struct kaspa_check){.result = KASPA_CHECK_UNDECIDED, .at = 2, .run.why = rows[i].why};
        kx_check_set_by_consensus(&check, KX_LOCAL_TRANSACTION, &verdict, &tx);
        cr_expect_eq(check.result, KASPA_CHECK_UNDECIDED);
        cr_expect_str_eq(check.why, rows[i].text);
    }
}

Test(kx_check, is_not_judged_where_consensus_has_not)
{
    struct kaspa_verdict verdict = {.outcome = KASPA_UNDECIDED};
    struct kaspa_tx tx = {.input_count = 1};
    struct kx_check check = {0};

    verdict.checks[KASPA_RULE_FINALITY] = (struct kaspa_check){
        .result = KASPA_CHECK_NOT_JUDGED, .why = "the point of view is not known"};
    kx_check_set_by_consensus(&check, KX_LOCAL_TRANSACTION, &verdict, &tx);
    cr_expect_eq(check.result, KASPA_CHECK_NOT_JUDGED);
    cr_expect_str_eq(check.why, "the point of view is not known");
    verdict.outcome = KASPA_VALID;
    kx_check_set_by_consensus(&check, KX_LOCAL_TRANSACTION, &verdict, &tx);
    cr_expect_eq(check.result, KASPA_CHECK_HELD);
}
