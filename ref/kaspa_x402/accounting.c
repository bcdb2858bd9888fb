/* The sums of a channel; see accounting.h. */
#include "kaspa_x402/accounting.h"

#include "base/planted.h"
#include "defects/defects.h"

#include <assert.h>

static const struct {
    const char *name, *text;
} faults[] = {{"ok", "nothing is wrong"},
#define X(fault, name, text) {name, text},
              KX_ACCOUNT_FAULTS(X)
#undef X
};

static_assert(ARRAY_LEN(faults) == KX_ACCOUNT__COUNT, "a row for every fault");

const char *kx_account_name(enum kx_account_fault fault)
{
    assert((size_t)fault < ARRAY_LEN(faults));
    return faults[fault].name;
}

const char *kx_account_text(enum kx_account_fault fault)
{
    assert((size_t)fault < ARRAY_LEN(faults));
    return faults[fault].text;
}

/* False: the sum is no amount of the binding. */
static bool add(uint64_t *sum, const struct kx_batch_binding *binding, uint64_t a, uint64_t b)
{
    if (a > binding->amount_max || (b > binding->amount_max - a && !PLANTED(accounts_sum)))
        return false;
    *sum = a + b;
    return true;
}

static bool is_in_range(const struct kx_batch_binding *binding, const struct kx_accounts *a)
{
    const uint64_t sums[] = {a->funding, a->authorized, a->charged, a->claimed, a->reserve};

    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        if (sums[i] > binding->amount_max)
            return false;
    return true;
}

/* What the voucher still allows to be taken off the output. */
static uint64_t left(const struct kx_batch_binding *binding, const struct kx_accounts *a)
{
    return binding->is_of_outpoint ? a->authorized : a->authorized - a->claimed;
}

static bool is_covered(uint64_t sum, const struct kx_accounts *a)
{
    return sum <= a->funding || REF_DEFECT(kx_batch_uncovered);
}

enum kx_account_fault kx_accounts_check(const struct kx_batch_binding *binding,
                                        const struct kx_accounts *a)
{
    uint64_t needed;

    if (!is_in_range(binding, a))
        return KX_ACCOUNT_RANGE;
    if (a->claimed > a->charged)
        return KX_ACCOUNT_CLAIMED;
    if (!binding->is_of_outpoint && a->charged > a->authorized)
        return KX_ACCOUNT_CHARGED;
    if (!is_covered(a->charged - a->claimed, a) || !is_covered(left(binding, a), a))
        return KX_ACCOUNT_COVER;
    if (!add(&needed, binding, left(binding, a), a->reserve))
        return KX_ACCOUNT_RANGE;
    return is_covered(needed, a) || REF_DEFECT(kx_batch_reserve) ? KX_ACCOUNT_OK
                                                                 : KX_ACCOUNT_RESERVE;
}

enum kx_account_fault kx_accounts_required(uint64_t *out, const struct kx_batch_binding *binding,
                                           const struct kx_accounts *a, uint64_t amount)
{
    enum kx_account_fault fault = kx_accounts_check(binding, a);
    uint64_t since = binding->is_of_outpoint ? a->claimed : 0; /* where T begins */
    uint64_t next, taken = a->claimed - since;

    if (fault != KX_ACCOUNT_OK)
        return fault;
    if (amount == 0)
        return KX_ACCOUNT_ZERO;
    if (!add(&next, binding, a->charged - since, amount))
        return KX_ACCOUNT_RANGE;
    if (binding->is_fixed && a->authorized != a->charged && a->authorized != next)
        return KX_ACCOUNT_PENDING;
    if (next < a->authorized && !PLANTED(accounts_total))
        next = a->authorized;
    if (!is_covered(next - taken, a))
        return KX_ACCOUNT_COVER;
    *out = next;
    return KX_ACCOUNT_OK;
}

bool kx_accounts_is_total(uint64_t total, uint64_t required)
{
    return total == required || (total > required && REF_DEFECT(kx_batch_total_above)) ||
           (total < required && REF_DEFECT(kx_batch_total_below));
}

enum kx_account_fault kx_accounts_authorize(struct kx_accounts *a,
                                            const struct kx_batch_binding *binding, uint64_t amount,
                                            uint64_t total)
{
    struct kx_accounts next = *a;
    enum kx_account_fault fault = kx_accounts_required(&next.authorized, binding, a, amount);

    if (fault == KX_ACCOUNT_OK && !kx_accounts_is_total(total, next.authorized))
        fault = KX_ACCOUNT_TOTAL;
    if (fault == KX_ACCOUNT_OK)
        fault = kx_accounts_check(binding, &next);
    if (fault == KX_ACCOUNT_OK)
        *a = next;
    return fault;
}

enum kx_account_fault kx_accounts_charge(struct kx_accounts *a,
                                         const struct kx_batch_binding *binding, uint64_t charge)
{
    struct kx_accounts next = *a;

    if (!add(&next.charged, binding, a->charged, charge))
        return KX_ACCOUNT_RANGE;
    if (binding->is_of_outpoint && next.charged - a->claimed > a->authorized)
        return KX_ACCOUNT_CHARGED;
    if (!binding->is_of_outpoint && next.charged > a->authorized)
        return KX_ACCOUNT_CHARGED;
    *a = next;
    return KX_ACCOUNT_OK;
}

enum kx_account_fault kx_accounts_claim(struct kx_accounts *a,
                                        const struct kx_batch_binding *binding, uint64_t claim)
{
    enum kx_account_fault fault = kx_accounts_check(binding, a);

    if (fault != KX_ACCOUNT_OK)
        return fault;
    if (claim == 0)
        return KX_ACCOUNT_ZERO;
    if (claim > a->charged - a->claimed || claim > left(binding, a))
        return KX_ACCOUNT_OVERCLAIM;
    if (binding->is_of_outpoint && claim != a->charged - a->claimed)
        return KX_ACCOUNT_PARTIAL;
    if (claim >= a->funding + PLANTED(accounts_drain))
        return KX_ACCOUNT_DRAIN;
    a->claimed += claim;
    a->funding -= claim;
    if (binding->is_of_outpoint)
        a->authorized = 0;
    return KX_ACCOUNT_OK;
}

enum kx_account_fault kx_accounts_top_up(struct kx_accounts *a,
                                         const struct kx_batch_binding *binding, uint64_t funding)
{
    if (funding <= a->funding)
        return KX_ACCOUNT_NO_INCREASE;
    if (funding > binding->amount_max)
        return KX_ACCOUNT_RANGE;
    a->funding = funding;
    if (binding->is_of_outpoint)
        a->authorized = 0;
    return KX_ACCOUNT_OK;
}
