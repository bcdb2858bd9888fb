/* The sums of a channel: every invariant at its edge, and what a request, a claim and a top-up make
 * of them. */
#include "kaspa_x402/accounting.h"

#include <criterion/criterion.h>

#define V3 (&kx_batch_bindings[2])
#define MAX ((uint64_t)INT64_MAX)
#define OK KX_ACCOUNT_OK

/* V, T, A, S, R */
#define SUMS(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static bool equal(const struct kx_accounts *a, const struct kx_accounts *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static const struct {
    const char *name;
    unsigned binding;
    struct kx_accounts sums;
    enum kx_account_fault fault;
} snapshots[] = {
    {"nothing", 2, SUMS(0, 0, 0, 0, 0), OK},
    {"the vector's lane", 2, SUMS(90000000, 24000000, 24000000, 17000000, 2000000), OK},
    {"largest of all", 2, SUMS(MAX, MAX, MAX, 0, 0), OK},
    {"V one above the range", 2, SUMS(MAX + 1, 0, 0, 0, 0), KX_ACCOUNT_RANGE},
    {"T one above the range", 2, SUMS(MAX, MAX + 1, 0, 0, 0), KX_ACCOUNT_RANGE},
    {"R one above the range", 2, SUMS(MAX, 0, 0, 0, MAX + 1), KX_ACCOUNT_RANGE},
    {"the first binding has 64 bits", 0, SUMS(UINT64_MAX, UINT64_MAX, 0, 0, 0), OK},
    {"S one above A", 2, SUMS(10, 5, 5, 6, 0), KX_ACCOUNT_CLAIMED},
    {"S above A of a coin", 0, SUMS(10, 5, 5, 6, 0), KX_ACCOUNT_CLAIMED},
    {"A one above T", 2, SUMS(10, 5, 6, 0, 0), KX_ACCOUNT_CHARGED},
    {"A above T of a new coin", 0, SUMS(10, 5, 6, 0, 0), OK},
    {"T - S is V", 2, SUMS(10, 15, 15, 5, 0), OK},
    {"T - S is V + 1", 2, SUMS(10, 16, 15, 5, 0), KX_ACCOUNT_COVER},
    {"A - S is V + 1 of a coin", 0, SUMS(10, 0, 16, 5, 0), KX_ACCOUNT_COVER},
    {"T is V + 1 of a coin", 0, SUMS(10, 11, 5, 0, 0), KX_ACCOUNT_COVER},
    {"(T - S) + R is V", 2, SUMS(10, 13, 13, 5, 2), OK},
    {"(T - S) + R is V + 1", 2, SUMS(10, 13, 13, 5, 3), KX_ACCOUNT_RESERVE},
    {"(T - S) + R passes the range", 2, SUMS(MAX, 1, 1, 0, MAX), KX_ACCOUNT_RANGE},
    {"(T - S) + R is the range", 2, SUMS(MAX, 1, 1, 0, MAX - 1), OK},
};

Test(kx_accounting, takes_a_snapshot_whose_invariants_hold)
{
    for (size_t i = 0; i < ARRAY_LEN(snapshots); i++)
        cr_expect_eq(
            kx_accounts_check(&kx_batch_bindings[snapshots[i].binding], &snapshots[i].sums),
            snapshots[i].fault, "row: %s", snapshots[i].name);
}

static const struct {
    const char *name;
    unsigned binding;
    struct kx_accounts sums;
    uint64_t amount, required;
    enum kx_account_fault fault;
} requests[] = {
    {"the vector's request", 2, SUMS(90000000, 24000000, 24000000, 17000000, 2000000), 1000000,
     25000000, OK},
    {"the first request", 2, SUMS(90000000, 0, 0, 0, 2000000), 1000000, 1000000, OK},
    {"its retry while it is in flight", 2, SUMS(90, 25, 24, 17, 2), 1, 25, OK},
    {"another while one is in flight", 2, SUMS(90, 25, 24, 17, 2), 2, 0, KX_ACCOUNT_PENDING},
    {"nothing", 2, SUMS(90, 24, 24, 17, 2), 0, 0, KX_ACCOUNT_ZERO},
    {"T would be V + S", 2, SUMS(10, 12, 12, 5, 0), 3, 15, OK},
    {"T would be V + S + 1", 2, SUMS(10, 12, 12, 5, 0), 4, 0, KX_ACCOUNT_COVER},
    {"A is the range (B13)", 2, SUMS(MAX, MAX, MAX, MAX, 0), 1, 0, KX_ACCOUNT_RANGE},
    {"A + amount is the range", 2, SUMS(MAX, MAX - 1, MAX - 1, MAX - 1, 0), 1, MAX, OK},
    {"an amount that would wrap", 2, SUMS(90, 24, 24, 17, 2), UINT64_MAX, 0, KX_ACCOUNT_RANGE},
    {"accounts that are wrong already", 2, SUMS(10, 5, 6, 0, 0), 1, 0, KX_ACCOUNT_CHARGED},
    {"a ceiling above the charges stays", 1, SUMS(90, 30, 24, 17, 2), 1, 30, OK},
    {"a ceiling below them grows", 1, SUMS(90, 24, 24, 17, 2), 1, 25, OK},
    {"the first binding counts from the coin", 0, SUMS(90, 7, 24, 17, 0), 1, 8, OK},
    {"its ceiling stays", 0, SUMS(90, 30, 24, 17, 0), 1, 30, OK},
    {"its epoch begins anew (B118)", 0, SUMS(90, 0, 24, 24, 0), 1, 1, OK},
    {"its range is 64 bits", 0, SUMS(UINT64_MAX, 0, UINT64_MAX, 0, 0), 1, 0, KX_ACCOUNT_RANGE},
};

Test(kx_accounting, requires_exactly_one_total)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        uint64_t required = 0;

        cr_expect_eq(kx_accounts_required(&required, &kx_batch_bindings[requests[i].binding],
                                          &requests[i].sums, requests[i].amount),
                     requests[i].fault, "row: %s", requests[i].name);
        cr_expect_eq(required, requests[i].required, "row: %s: %llu", requests[i].name,
                     (unsigned long long)required);
    }
}

Test(kx_accounting, takes_no_total_above_or_below_the_required_one)
{
    static const struct kx_accounts before = SUMS(90, 24, 24, 17, 2);
    static const struct {
        const char *name;
        uint64_t total, reserve;
        enum kx_account_fault fault;
    } rows[] = {
        {"right", 25, 2, OK},
        {"unchanged (B10)", 24, 2, KX_ACCOUNT_TOTAL},
        {"an older one (B11)", 23, 2, KX_ACCOUNT_TOTAL},
        {"two amounts (B09)", 26, 2, KX_ACCOUNT_TOTAL},
        {"the reserve just fits (B14)", 25, 82, OK},
        {"the reserve is one too large (B14)", 25, 83, KX_ACCOUNT_RESERVE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_accounts a = before, want = before;

        a.reserve = want.reserve = rows[i].reserve;
        if (rows[i].fault == OK)
            want.authorized = rows[i].total;
        cr_expect_eq(kx_accounts_authorize(&a, V3, 1, rows[i].total), rows[i].fault, "row: %s",
                     rows[i].name);
        cr_expect(equal(&a, &want), "row: %s", rows[i].name);
    }
}

Test(kx_accounting, commits_what_is_authorized_and_no_more)
{
    static const struct {
        const char *name;
        unsigned binding;
        struct kx_accounts sums;
        uint64_t charge;
        enum kx_account_fault fault;
    } rows[] = {
        {"all of it", 2, SUMS(90, 25, 24, 17, 2), 1, OK},
        {"one more", 2, SUMS(90, 25, 24, 17, 2), 2, KX_ACCOUNT_CHARGED},
        {"nothing, below a ceiling", 1, SUMS(90, 30, 24, 17, 2), 0, OK},
        {"up to a coin's ceiling", 0, SUMS(90, 30, 24, 17, 0), 23, OK},
        {"above it", 0, SUMS(90, 30, 24, 17, 0), 24, KX_ACCOUNT_CHARGED},
        {"what would wrap", 0, SUMS(90, 30, 24, 17, 0), UINT64_MAX, KX_ACCOUNT_RANGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_accounts a = rows[i].sums, want = rows[i].sums;

        want.charged += rows[i].fault == OK ? rows[i].charge : 0;
        cr_expect_eq(kx_accounts_charge(&a, &kx_batch_bindings[rows[i].binding], rows[i].charge),
                     rows[i].fault, "row: %s", rows[i].name);
        cr_expect(equal(&a, &want), "row: %s", rows[i].name);
    }
}

Test(kx_accounting, moves_a_claim_from_the_output_to_what_was_claimed)
{
    static const struct {
        const char *name;
        unsigned binding;
        struct kx_accounts sums;
        uint64_t claim;
        enum kx_account_fault fault;
        struct kx_accounts after;
    } rows[] = {
        {"the vector's claim", 2, SUMS(90000000, 25000000, 25000000, 17000000, 2000000), 8000000,
         OK, SUMS(82000000, 25000000, 25000000, 25000000, 2000000)},
        {"a part", 2, SUMS(90, 25, 25, 17, 2), 1, OK, SUMS(89, 25, 25, 18, 2)},
        {"nothing", 2, SUMS(90, 25, 25, 17, 2), 0, KX_ACCOUNT_ZERO, SUMS(90, 25, 25, 17, 2)},
        {"one too many", 2, SUMS(90, 25, 25, 17, 2), 9, KX_ACCOUNT_OVERCLAIM,
         SUMS(90, 25, 25, 17, 2)},
        {"authorized and not charged (B119)", 1, SUMS(90, 30, 25, 17, 2), 9, KX_ACCOUNT_OVERCLAIM,
         SUMS(90, 30, 25, 17, 2)},
        {"all there is", 2, SUMS(8, 25, 25, 17, 0), 8, KX_ACCOUNT_DRAIN, SUMS(8, 25, 25, 17, 0)},
        {"all but one", 2, SUMS(9, 25, 25, 17, 0), 8, OK, SUMS(1, 25, 25, 25, 0)},
        {"a coin's charges", 0, SUMS(90, 30, 25, 17, 0), 8, OK, SUMS(82, 0, 25, 25, 0)},
        {"a part of a coin's charges", 0, SUMS(90, 30, 25, 17, 0), 7, KX_ACCOUNT_PARTIAL,
         SUMS(90, 30, 25, 17, 0)},
        {"more than a coin's voucher", 0, SUMS(90, 7, 25, 17, 0), 8, KX_ACCOUNT_OVERCLAIM,
         SUMS(90, 7, 25, 17, 0)},
        {"of accounts that are wrong already", 2, SUMS(90, 25, 17, 25, 0), 1, KX_ACCOUNT_CLAIMED,
         SUMS(90, 25, 17, 25, 0)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_accounts a = rows[i].sums;

        cr_expect_eq(kx_accounts_claim(&a, &kx_batch_bindings[rows[i].binding], rows[i].claim),
                     rows[i].fault, "row: %s", rows[i].name);
        cr_expect(equal(&a, &rows[i].after), "row: %s", rows[i].name);
    }
}

Test(kx_accounting, raises_what_the_output_is_worth)
{
    static const struct {
        const char *name;
        unsigned binding;
        uint64_t funding, authorized;
        enum kx_account_fault fault;
    } rows[] = {
        {"one more", 2, 91, 25, OK},
        {"as much", 2, 90, 25, KX_ACCOUNT_NO_INCREASE},
        {"less", 2, 89, 25, KX_ACCOUNT_NO_INCREASE},
        {"the range", 2, MAX, 25, OK},
        {"above it", 2, MAX + 1, 25, KX_ACCOUNT_RANGE},
        {"another coin", 0, MAX + 1, 0, OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_accounts a = SUMS(90, 25, 25, 17, 2), want = a;

        if (rows[i].fault == OK) {
            want.funding = rows[i].funding;
            want.authorized = rows[i].authorized;
        }
        cr_expect_eq(kx_accounts_top_up(&a, &kx_batch_bindings[rows[i].binding], rows[i].funding),
                     rows[i].fault, "row: %s", rows[i].name);
        cr_expect(equal(&a, &want), "row: %s", rows[i].name);
    }
}

Test(kx_accounting, has_a_name_and_words_for_every_fault)
{
    for (int f = 0; f < KX_ACCOUNT__COUNT; f++) {
        cr_expect_gt(strlen(kx_account_name((enum kx_account_fault)f)), 1);
        for (int g = 0; g < f; g++)
            cr_expect_str_neq(kx_account_name((enum kx_account_fault)f),
                              kx_account_name((enum kx_account_fault)g));
        cr_expect_gt(strlen(kx_account_text((enum kx_account_fault)f)), 10);
    }
}
