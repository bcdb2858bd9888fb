/* The vectors of EVM payments leave out no rule, and tell by it and its reason what is wrong. */
#include "run/operations.h"
#include "vectors/vectors.h"
#include "x402/exact_evm.h"

#include <criterion/criterion.h>

static json_t *cases_of(void)
{
    struct assay_err err = {0};
    json_t *cases = NULL;

    cr_assert_eq(vectors_of(&cases, "evm.authorization", &err), ASSAY_OK, "%s", err.text);
    return cases;
}

/* Of the answers those with such a text at that member. */
static size_t count_of(const json_t *cases, const char *answer, const char *member,
                       const char *text)
{
    size_t count = 0, i;
    json_t *one;

    json_array_foreach (cases, i, one) {
        const json_t *said = json_object_get(one, answer);
        const char *is = json_string_value(member != NULL ? json_object_get(said, member) : said);

        count += is != NULL && strcmp(is, text) == 0;
    }
    return count;
}

Test(vectors_evm, hold_a_refusal_by_every_rule_and_by_its_reason)
{
    json_t *cases = cases_of();

    for (size_t rule = 0; rule < X402_EVM__COUNT; rule++) {
        const struct x402_evm_rule_row *row = &x402_evm_rules[rule];
        size_t refused = count_of(cases, "refused", "rule", row->id);

        if (rule == X402_EVM_METHOD) /* which is no fault, and cannot be judged */
            refused = count_of(cases, "unsupported", NULL, row->id);
        else
            cr_expect_gt(count_of(cases, "refused", "wire", row->reason), 0, "%s", row->id);
        cr_expect_gt(refused, 0, "%s", row->id);
    }
    cr_expect_gt(count_of(cases, "ok", "outcome", "valid"), 3);
    json_decref(cases);
}

/* ---- what is no input ---- */

static const struct {
    const char *name, *in;
    enum operation_answer answer;
    enum assay_code code;
} inputs[] = {
    {"nothing", "{}", OPERATION_ERROR, ASSAY_E_MISSING},
    {"requirements that are none", "{\"requirements\": {\"scheme\": \"exact\"}}", OPERATION_ERROR,
     ASSAY_E_MISSING},
    {"no payload",
     "{\"requirements\": {\"scheme\": \"\", \"network\": \"\", \"amount\": \"\", \"asset\": \"\", "
     "\"payTo\": \"\"}}",
     OPERATION_ERROR, ASSAY_E_MISSING},
    {"no time",
     "{\"requirements\": {\"scheme\": \"\", \"network\": \"\", \"amount\": \"\", \"asset\": \"\", "
     "\"payTo\": \"\"}, \"payload\": {}}",
     OPERATION_ERROR, ASSAY_E_MISSING},
    {"a member that is not known", "{\"chainId\": 1}", OPERATION_ERROR, ASSAY_E_UNKNOWN},
};

Test(vectors_evm, operation_says_which_member_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        json_t *in = json_loads(inputs[i].in, 0, NULL), *result = NULL;
        struct assay_err err = {0};

        cr_assert_not_null(in);
        cr_expect_eq(operation_run(operation_find("evm.authorization"), in, &result, &err),
                     inputs[i].answer, "row: %s", inputs[i].name);
        cr_expect_eq(err.code, inputs[i].code, "row: %s: %s", inputs[i].name, err.text);
        json_decref(result);
        json_decref(in);
    }
}
