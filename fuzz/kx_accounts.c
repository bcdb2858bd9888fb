/* The sums of a channel against a model with wide numbers, in which nothing can wrap: sequences of
 * vouchers, charges, claims and top-ups. Held: each is taken exactly where the model takes it and
 * changes the same sums, else nothing; T never falls but where a coin's epoch ends, and no more is
 * ever claimed than was charged and signed for. Source: Kaspa x402 batch digest, sections 6.1 and
 * 16.1. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "kaspa_x402/accounting.h"

enum { STEPS_MAX = 32, NARROW = 128 }; /* from NARROW on an option asks for a number of two bytes */

__extension__ typedef __int128 wide;

struct model {
    wide v, t, a, s, r, max;
    bool is_of_outpoint, is_fixed;
};

static wide left(const struct model *m)
{
    return m->is_of_outpoint ? m->t : m->t - m->s;
}

static bool is_sound(const struct model *m)
{
    return m->v <= m->max && m->t <= m->max && m->a <= m->max && m->s <= m->a && m->r <= m->max &&
           (m->is_of_outpoint || m->a <= m->t) && m->a - m->s <= m->v && left(m) + m->r <= m->v &&
           left(m) <= m->v;
}

/* Whether a voucher of that total is taken for one more charge. */
static bool authorize(struct model *m, wide amount, wide total)
{
    struct model next = *m;
    wide base = m->is_of_outpoint ? m->a - m->s : m->a, required = base + amount;

    if (!is_sound(m) || amount == 0 || required > m->max)
        return false;
    if (m->is_fixed && m->t != base && m->t != required)
        return false;
    next.t = required > m->t ? required : m->t;
    if (total != next.t || !is_sound(&next))
        return false;
    *m = next;
    return true;
}

static bool charge(struct model *m, wide amount)
{
    wide charged = m->a + amount - (m->is_of_outpoint ? m->s : 0);

    if (m->a + amount > m->max || charged > m->t)
        return false;
    m->a += amount;
    return true;
}

static bool claim(struct model *m, wide amount)
{
    if (!is_sound(m) || amount == 0 || amount > m->a - m->s || amount > left(m) || amount >= m->v ||
        (m->is_of_outpoint && amount != m->a - m->s))
        return false;
    m->s += amount;
    m->v -= amount;
    if (m->is_of_outpoint)
        m->t = 0;
    return true;
}

static bool top_up(struct model *m, wide funding)
{
    if (funding <= m->v || funding > m->max)
        return false;
    m->v = funding;
    if (m->is_of_outpoint)
        m->t = 0;
    return true;
}

static bool equal(const struct kx_accounts *a, const struct model *m)
{
    return a->funding == m->v && a->authorized == m->t && a->charged == m->a &&
           a->claimed == m->s && a->reserve == m->r;
}

/* Any number, or one that is near what a step could take. */
static uint64_t number(struct fuzz_input *in, uint8_t option, wide near)
{
    uint64_t any = fuzz_number(in, option >= NARROW ? 2 : 8);

    return (option & 0x40) != 0 ? any : (uint64_t)near + any % 3 - 1;
}

static bool step(struct kx_accounts *a, struct model *m, const struct kx_batch_binding *binding,
                 struct fuzz_input *in)
{
    uint8_t option = fuzz_option(in);
    uint64_t amount, total;

    switch (option & 3) {
    case 0:
        amount = number(in, option | 0x40, 0);
        total = number(in, option, (m->is_of_outpoint ? m->a - m->s : m->a) + amount);
        return (kx_accounts_authorize(a, binding, amount, total) == KX_ACCOUNT_OK) ==
               authorize(m, amount, total);
    case 1:
        amount = number(in, option, m->t - m->a);
        return (kx_accounts_charge(a, binding, amount) == KX_ACCOUNT_OK) == charge(m, amount);
    case 2:
        amount = number(in, option, m->a - m->s);
        return (kx_accounts_claim(a, binding, amount) == KX_ACCOUNT_OK) == claim(m, amount);
    default:
        amount = number(in, option, m->v);
        return (kx_accounts_top_up(a, binding, amount) == KX_ACCOUNT_OK) == top_up(m, amount);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    const struct kx_batch_binding *binding =
        &kx_batch_bindings[fuzz_option_below(&in, KX_BATCH_BINDINGS)];
    struct kx_accounts a = {.funding = 0};
    struct model m, before;

    if ((fuzz_option(&in) & 1) != 0) { /* where it may stand already */
        a.claimed = fuzz_number(&in, 7);
        a.charged = a.claimed + fuzz_number(&in, 4);
        a.authorized = binding->is_of_outpoint ? fuzz_number(&in, 4) : a.charged;
    }
    a.funding = fuzz_number(&in, 8);
    a.reserve = fuzz_number(&in, 3);
    m = (struct model){a.funding,
                       a.authorized,
                       a.charged,
                       a.claimed,
                       a.reserve,
                       binding->amount_max,
                       binding->is_of_outpoint,
                       binding->is_fixed};
    FUZZ_CHECK((kx_accounts_check(binding, &a) == KX_ACCOUNT_OK) == is_sound(&m));
    for (size_t i = 0; i < STEPS_MAX && in.rest.len > 0; i++) {
        before = m;
        FUZZ_CHECK(step(&a, &m, binding, &in));
        FUZZ_CHECK(equal(&a, &m));
        FUZZ_CHECK(m.s >= before.s && m.a >= before.a);
        FUZZ_CHECK(m.t >= before.t || (m.is_of_outpoint && m.t == 0));
        FUZZ_CHECK(!is_sound(&before) || m.s <= m.a);
    }
    return 0;
}
