/* What a payer's policy says of channels: every limit is needed, and each list is asked. */
#include "client/kx_policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(kx_policy_batch, .timeout = 120);

#define KEY "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define LEAST                                                                                      \
    "{\"allowedOrigins\": [\"http://127.0.0.1:8402\"],\n"                                          \
    "\"allowedPayTo\": [\"kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz" \
    "\"],\n"                                                                                       \
    "\"maximumExactAmountSompi\": \"0\", \"requiredSource\": \"hot-wallet\""

static const struct {
    const char *name, *value;
} members[] = {
    {"maximumBatchChargeSompi", "\"1\""},
    {"maximumInitialDepositSompi", "\"2\""},
    {"maximumTopUpSompi", "\"3\""},
    {"maximumCumulativeAuthorizationSompi", "\"4\""},
    {"maximumTotalExposureSompi", "\"5\""},
    {"minimumRefundLeadDaa", "\"6\""},
    {"maximumRefundHorizonDaa", "\"7\""},
    {"allowedServerKeys", "[\"" KEY "\"]"},
    {"allowedResources", "[\"HTTP://127.0.0.1:8402/./a\", \"http://127.0.0.1:8402/files/*\"]"},
};

static struct assay_arena arena = ASSAY_ARENA_INIT((size_t)16 << 20);

/* A policy with these members, but for one, or with one of another value. */
static enum assay_code read_but(struct kx_policy *out, const char *more, size_t but,
                                const char *value, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(8192);
    struct assay_bytes kept;

    assay_buf_printf(&text, LEAST ", \"allowBatch\": true%s", more);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (i != but || value != NULL)
            assay_buf_printf(&text, ",\n\"%s\": %s", members[i].name,
                             i == but ? value : members[i].value);
    assay_buf_add_byte(&text, '}');
    kept = assay_arena_copy(&arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    cr_assert_not_null(kept.at);
    return kx_policy_read(out, &arena, kept, "policy.json", err);
}

Test(kx_policy_batch, allows_no_channel_by_itself)
{
    struct assay_err err = {0};
    struct kx_policy policy;

    cr_assert_eq(
        kx_policy_read(&policy, &arena, ASSAY_LIT(LEAST ", \"depositSompi\": \"1\"}"), "p", &err),
        ASSAY_OK, "%s", err.text);
    cr_expect_not(policy.batch.is_allowed);
}

Test(kx_policy_batch, takes_every_member)
{
    struct assay_err err = {0};
    struct kx_policy policy;
    const struct kx_policy_batch *batch = &policy.batch;

    cr_assert_eq(read_but(&policy,
                          ", \"depositSompi\": \"8\", \"topUpSompi\": \"9\","
                          " \"channelConfirmations\": 10",
                          SIZE_MAX, NULL, &err),
                 ASSAY_OK, "%s", err.text);
    cr_expect(batch->is_allowed && batch->limits.charge == 1 && batch->limits.deposit == 2 &&
              batch->limits.top_up == 3 && batch->limits.total == 4 &&
              batch->limits.exposure == 5 && batch->limits.refund_lead_daa == 6 &&
              batch->limits.refund_horizon_daa == 7);
    cr_expect(batch->deposit == 8 && batch->top_up == 9 && batch->confirmations == 10);
    cr_expect(assay_bytes_is(batch->resources.at[0], "http://127.0.0.1:8402/a"));
    cr_expect(assay_bytes_is(batch->resources.at[1], "http://127.0.0.1:8402/files/*"));
    cr_assert_eq(read_but(&policy, "", SIZE_MAX, NULL, &err), ASSAY_OK);
    cr_expect(batch->deposit == 0 && batch->top_up == 0 && batch->confirmations == 30);
}

/* Each alone can lose or lock up money (CL-08). */
Test(kx_policy_batch, needs_each_of_them)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct assay_err err = {0};
        struct kx_policy policy;

        cr_expect_eq(read_but(&policy, "", i, NULL, &err), ASSAY_E_MISSING, "%s: %s",
                     members[i].name, err.text);
        cr_expect_not_null(strstr(err.text, members[i].name), "%s", err.text);
    }
}

Test(kx_policy_batch, refuses_values_that_are_none)
{
    static const struct {
        size_t member;
        const char *value;
        enum assay_code code;
    } rows[] = {
        {0, "1", ASSAY_E_TYPE},
        {0, "\"01\"", ASSAY_E_MALFORMED},
        {3, "\"9223372036854775808\"", ASSAY_E_RANGE},
        {6, "null", ASSAY_E_TYPE},
        {7, "[]", ASSAY_E_TYPE},
        {8, "[\"\"]", ASSAY_E_MALFORMED},
        {8, "[\"*\"]", ASSAY_E_MALFORMED},
        {7, "[\"00\"]", ASSAY_E_MALFORMED},
        {7, "[\"0000000000000000000000000000000000000000000000000000000000000000\"]",
         ASSAY_E_MALFORMED},
        {8, "[\"*\"]", ASSAY_E_MALFORMED},
        {8, "[\"/report\"]", ASSAY_E_MALFORMED},
        {8, "[\"http://me:secret@127.0.0.1/\"]", ASSAY_E_MALFORMED},
        {6, "\"0\"", ASSAY_E_RANGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct kx_policy policy;

        cr_expect_neq(read_but(&policy, "", rows[i].member, rows[i].value, &err), ASSAY_OK,
                      "row %zu", i);
        cr_expect_not_null(strstr(err.text, members[rows[i].member].name), "row %zu: %s", i,
                           err.text);
    }
}

Test(kx_policy_batch, takes_keys_in_capitals)
{
    static const char capitals[] =
        "[\"79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798\"]";
    struct assay_err err = {0};
    struct kx_policy policy;

    cr_expect_eq(read_but(&policy, "", 7, capitals, &err), ASSAY_OK, "%s", err.text);
}

Test(kx_policy_batch, says_what_a_number_has_to_be)
{
    static const struct {
        const char *more, *says;
    } rows[] = {
        {", \"channelConfirmations\": 0", "is no number from 1 to 4294967295"},
        {", \"channelConfirmations\": \"30\"", "a number"},
        {", \"depositSompi\": 1", "a decimal text"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct kx_policy policy;

        cr_expect_neq(read_but(&policy, rows[i].more, SIZE_MAX, NULL, &err), ASSAY_OK);
        cr_expect_not_null(strstr(err.text, rows[i].says), "row %zu: %s", i, err.text);
    }
}

Test(kx_policy_batch, says_on_or_off)
{
    struct kx_policy policy;

    cr_expect_eq(
        kx_policy_read(&policy, &arena, ASSAY_LIT(LEAST ", \"allowBatch\": 1}"), "p", NULL),
        ASSAY_E_TYPE);
    cr_expect_eq(
        kx_policy_read(&policy, &arena, ASSAY_LIT(LEAST ", \"allowBatch\": false}"), "p", NULL),
        ASSAY_OK);
}
