/* What drifted scripts let happen: the known mutations, with the damage that the batch digest,
 * section 9.3, names; single bytes; and scripts that are none. */
#include "kaspa_x402/escrow_mutations.h"
#include "ref/tests/kx_behaviour_world.h"
#include "ref/tests/kx_escrow_world.h"

#include <criterion/criterion.h>

#define NONE KX_EXECUTION__COUNT
#define DEAD(path) (1U << KX_ESCROW_##path)
#define ALL_DEAD (DEAD(CLAIM) | DEAD(TOP_UP) | DEAD(REFUND))

/* What it must allow, up to three; and the families of which nothing honest is left. */
static const struct {
    const char *id;
    enum kx_behaviour_class class;
    enum kx_execution_id allows[3];
    unsigned dead;
} damages[] = {
    {"D1", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_CLAIM_VOUCHER_DOMAIN, NONE, NONE}, DEAD(CLAIM)},
    {"D2", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_CLAIM_VOUCHER_NETWORK, NONE, NONE}, DEAD(CLAIM)},
    {"D3",
     KX_BEHAVIOUR_BOTH,
     {KX_EXECUTION_REFUND_BY_PROVIDER, KX_EXECUTION_CLAIM_CROSSED, KX_EXECUTION_TOP_UP_CROSSED},
     ALL_DEAD},
    {"D4", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_TOP_UP_STRANGER_PROVIDER, NONE, NONE}, DEAD(TOP_UP)},
    {"D5", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_REFUND_BY_STRANGER, NONE, NONE}, DEAD(REFUND)},
    {"D6", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM)},
    {"D7", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_CLAIM_PAYOUT_REFUND, NONE, NONE}, DEAD(CLAIM)},
    {"D8", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_REFUND_STRANGER, NONE, NONE}, DEAD(REFUND)},
    {"D9", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(REFUND)},
    {"D9b", KX_BEHAVIOUR_SAME, {NONE, NONE, NONE}, 0},
    {"D10", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(REFUND)},
    {"D10b", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_REFUND_TIME, NONE, NONE}, DEAD(REFUND)},
    {"D10c", KX_BEHAVIOUR_SAME, {NONE, NONE, NONE}, 0},
    {"D11", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(REFUND)},
    {"D11b",
     KX_BEHAVIOUR_MORE,
     {KX_EXECUTION_REFUND_EARLY, KX_EXECUTION_REFUND_AT_ONCE, KX_EXECUTION_REFUND_TIME},
     0},
    {"D12", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_CLAIM_MORE, KX_EXECUTION_CLAIM_MUCH_MORE, NONE}, 0},
    {"D13",
     KX_BEHAVIOUR_BOTH,
     {KX_EXECUTION_CLAIM_AGAIN_ALL, KX_EXECUTION_CLAIM_STATE_KEPT, NONE},
     DEAD(CLAIM)},
    {"D14", KX_BEHAVIOUR_MORE, {KX_EXECUTION_CLAIM_NEXT_LONG, NONE, NONE}, 0},
    {"D14b",
     KX_BEHAVIOUR_MORE,
     {KX_EXECUTION_CLAIM_NEXT_SHORT, KX_EXECUTION_CLAIM_NEXT_NOTHING, NONE},
     0},
    {"D15", KX_BEHAVIOUR_BOTH, {KX_EXECUTION_CLAIM_PAYOUT_MORE, NONE, NONE}, 0},
    {"D15b",
     KX_BEHAVIOUR_MORE,
     {KX_EXECUTION_CLAIM_PAYOUT_MORE, KX_EXECUTION_CLAIM_PAYOUT_ALL, NONE},
     0},
    {"D16", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM)},
    {"D17",
     KX_BEHAVIOUR_MORE,
     {KX_EXECUTION_CLAIM_NEXT_STRANGER, KX_EXECUTION_CLAIM_STATE_KEPT,
      KX_EXECUTION_CLAIM_AGAIN_ALL},
     0},
    {"D17b", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM)},
    {"D18", KX_BEHAVIOUR_SAME, {NONE, NONE, NONE}, 0},
    {"D19", KX_BEHAVIOUR_MORE, {KX_EXECUTION_CLAIM_PAYOUT_NEW, NONE, NONE}, 0},
    {"D20",
     KX_BEHAVIOUR_MORE,
     {KX_EXECUTION_TOP_UP_BY_CLIENT, KX_EXECUTION_TOP_UP_STRANGER_PROVIDER, NONE},
     0},
    {"D21", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, 0},
    {"D22",
     KX_BEHAVIOUR_BOTH,
     {KX_EXECUTION_CLAIM_AS_TOP_UP, NONE, NONE},
     DEAD(CLAIM) | DEAD(TOP_UP)},
    {"D22b", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(TOP_UP)},
    {"D23", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM)},
    {"D24", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM) | DEAD(TOP_UP)},
    {"D25", KX_BEHAVIOUR_SAME, {NONE, NONE, NONE}, 0},
    {"D26", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, DEAD(CLAIM) | DEAD(REFUND)},
    {"D27",
     KX_BEHAVIOUR_BOTH,
     {KX_EXECUTION_TOP_UP_BY_CLIENT, KX_EXECUTION_CLAIM_VOUCHER_DOMAIN, NONE},
     DEAD(CLAIM) | DEAD(TOP_UP)},
    {"D28", KX_BEHAVIOUR_LESS, {NONE, NONE, NONE}, 0},
};

static void judge_mutation(struct kx_behaviour_verdict *out, const struct kx_behaviour_world *w,
                           size_t i)
{
    struct assay_buf script = ASSAY_BUF_INIT(KX_BEHAVIOUR_SCRIPT_MAX);

    cr_assert_eq(kx_escrow_mutate(&script, &w->b, i), ASSAY_OK, "%s", kx_escrow_mutation_at(i)->id);
    kx_behaviour_world_judge(out, w, assay_buf_view(&script));
    assay_buf_fini(&script);
}

Test(kx_behaviour_drift, of_each_known_mutation_does_the_damage_that_it_is_known_for)
{
    struct kx_behaviour_world w;

    kx_behaviour_world_init(&w, 5, false);
    cr_assert_eq(kx_escrow_mutation_count(), ARRAY_LEN(damages));
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        struct kx_behaviour_verdict v;

        cr_assert_str_eq(kx_escrow_mutation_at(i)->id, damages[i].id);
        judge_mutation(&v, &w, i);
        cr_expect_eq(v.class, damages[i].class, "%s: %s", damages[i].id,
                     kx_behaviour_class_name(v.class));
        cr_expect_eq(v.dead, damages[i].dead, "%s: %x", damages[i].id, v.dead);
        for (size_t k = 0; k < ARRAY_LEN(damages[i].allows); k++)
            cr_expect(damages[i].allows[k] == NONE || v.allowed[damages[i].allows[k]],
                      "%s: %zu is refused", damages[i].id, k);
    }
    kx_behaviour_world_fini(&w);
}

/* But where a stranger holds the key that the script names, which on the curve he does not here. */
Test(kx_behaviour_drift, is_the_same_with_signatures_on_the_curve)
{
    struct kx_behaviour_world stood, real;

    kx_behaviour_world_init(&stood, 5, false);
    kx_behaviour_world_init(&real, 5, true);
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        struct kx_behaviour_verdict a, b;

        if (strcmp(damages[i].id, "D4") == 0 || strcmp(damages[i].id, "D5") == 0)
            continue;
        judge_mutation(&a, &stood, i);
        judge_mutation(&b, &real, i);
        for (size_t k = 0; k < KX_EXECUTION__COUNT; k++)
            cr_expect_eq(a.allowed[k], b.allowed[k], "%s: %s", damages[i].id,
                         kx_execution((enum kx_execution_id)k)->name);
    }
    kx_behaviour_world_fini(&real);
    kx_behaviour_world_fini(&stood);
}

static void expect_byte(const struct kx_behaviour_world *w, size_t at, uint8_t byte)
{
    uint8_t script[KX_ESCROW_BYTES_MAX];
    struct kx_behaviour_verdict whole, quick;

    memcpy(script, w->b.reference.at, w->b.reference.len);
    script[at] = byte;
    kx_behaviour_world_judge(&whole, w, assay_bytes_of(script, w->b.reference.len));
    cr_assert_eq(kx_behaviour_judge_byte(&quick, &w->b, at, byte), ASSAY_OK);
    cr_expect_eq(memcmp(whole.allowed, quick.allowed, sizeof(whole.allowed)), 0, "byte %zu, 0x%02x",
                 at, (unsigned)byte);
    cr_expect_eq(whole.class, quick.class, "byte %zu, 0x%02x", at, (unsigned)byte);
}

/* What is not run again is what cannot have changed. */
Test(kx_behaviour_drift, of_one_byte_is_judged_as_that_of_a_whole_script)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x20, 0x4c, 0x51, 0x63, 0x67, 0x68, 0x69,
                                    0x75, 0x7e, 0x80, 0x87, 0x95, 0xac, 0xb0, 0xff};
    struct kx_behaviour_world w;

    kx_behaviour_world_init(&w, 5, false);
    for (size_t at = 0; at < w.b.reference.len; at++)
        for (size_t k = at % 8; k < ARRAY_LEN(bytes); k += 8)
            if (w.b.reference.at[at] != bytes[k])
                expect_byte(&w, at, bytes[k]);
    kx_behaviour_world_fini(&w);
}

Test(kx_behaviour_drift, of_a_key_with_a_slip_in_it_is_nobody_s_gain)
{
    static const size_t keys[] = {103, 279, 568, 604, 902};
    struct kx_behaviour_world w;

    kx_behaviour_world_init(&w, 5, false);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        for (int flip = 1; flip < 256; flip++) {
            struct kx_behaviour_verdict v;

            cr_assert_eq(kx_behaviour_judge_byte(&v, &w.b, keys[i],
                                                 (uint8_t)(w.b.reference.at[keys[i]] ^ flip)),
                         ASSAY_OK);
            cr_expect_eq(v.class, KX_BEHAVIOUR_LESS, "byte %zu, flip %d", keys[i], flip);
        }
    kx_behaviour_world_fini(&w);
}

static void expect_text(const struct kx_behaviour_world *w, struct assay_bytes script,
                        const char *want)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 14);
    struct kx_behaviour_verdict v;

    kx_behaviour_world_judge(&v, w, script);
    kx_behaviour_add_text(&text, &w->b, &v, 2);
    cr_expect_str_eq(assay_buf_cstr(&text), want, "%s", assay_buf_cstr(&text));
    assay_buf_fini(&text);
}

Test(kx_behaviour_drift, is_told_in_words)
{
    static const uint8_t anything[] = {0x51};
    struct kx_behaviour_world w;
    uint8_t script[KX_ESCROW_BYTES_MAX];

    kx_behaviour_world_init(&w, 5, false);
    memcpy(script, w.b.reference.at, w.b.reference.len);
    expect_text(&w, w.b.reference, "none of 147 executions tried comes out otherwise");
    script[899] = 0x75;
    expect_text(&w, assay_bytes_of(script, w.b.reference.len),
                "a refund 1 before the timeout is allowed; a refund long before the timeout is "
                "allowed (and 1 more)");
    script[899] = 0x6a;
    expect_text(&w, assay_bytes_of(script, w.b.reference.len), "no refund is possible");
    expect_text(&w, assay_bytes_of(anything, sizeof(anything)),
                "a coin that whoever knows its script takes to himself is allowed; no claim is "
                "possible; no top-up is possible; no honest refund is possible");
    expect_text(&w, assay_bytes_of(NULL, 0),
                "no claim is possible; no top-up is possible; no refund is possible");
    kx_behaviour_world_fini(&w);
}

Test(kx_behaviour_drift, of_any_bytes_is_an_answer)
{
    uint64_t seed = 0x5eed;
    struct kx_behaviour_world w;
    struct kx_behaviour_verdict v;
    uint8_t much[KX_BEHAVIOUR_SCRIPT_MAX + 1] = {0};

    kx_behaviour_world_init(&w, 5, false);
    for (int i = 0; i < 60; i++) {
        struct assay_buf script = kx_escrow_world_edited(w.b.reference, &seed);

        kx_behaviour_world_judge(&v, &w, assay_buf_view(&script));
        cr_expect_eq(v.class == KX_BEHAVIOUR_SAME, v.more_count + v.less_count == 0, "edit %d", i);
        assay_buf_fini(&script);
    }
    kx_behaviour_world_judge(&v, &w, assay_bytes_of(much, KX_BEHAVIOUR_SCRIPT_MAX));
    cr_expect_eq(kx_behaviour_judge(&v, &w.b, assay_bytes_of(much, sizeof(much))),
                 ASSAY_E_TOO_LARGE);
    kx_behaviour_world_fini(&w);
}

/* Of the current template alone, whose places the list has; without memory nothing is half made. */
Test(kx_behaviour_drift, is_made_of_the_current_template_or_not_at_all)
{
    struct kx_behaviour_world w;
    struct assay_buf none = ASSAY_BUF_INIT(KX_BEHAVIOUR_SCRIPT_MAX);

    kx_behaviour_world_init(&w, 4, false);
    cr_expect_eq(kx_escrow_mutate(&none, &w.b, 0), ASSAY_E_UNSUPPORTED);
    cr_expect_eq(none.len, 0);
    kx_behaviour_world_fini(&w);
    kx_behaviour_world_init(&w, 5, false);
    for (size_t i = 0; i < kx_escrow_mutation_count(); i++) {
        enum assay_code rc = ASSAY_E_NOMEM;
        size_t n = 0;

        for (; rc != ASSAY_OK && n < 1000; n++) {
            struct assay_buf script = ASSAY_BUF_INIT(KX_BEHAVIOUR_SCRIPT_MAX);

            (void)assay_alloc_fail_after(n);
            rc = kx_escrow_mutate(&script, &w.b, i);
            (void)assay_alloc_fail_after(SIZE_MAX);
            cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%s, %zu",
                      kx_escrow_mutation_at(i)->id, n);
            cr_expect_eq(script.bad, rc, "%s, %zu", kx_escrow_mutation_at(i)->id, n);
            assay_buf_fini(&script);
        }
        cr_expect(rc == ASSAY_OK && n > 1, "%s", kx_escrow_mutation_at(i)->id);
    }
    kx_behaviour_world_fini(&w);
}

/* The first template has no lineage, and so no way of its own to spend: nothing of it is allowed.
 */
Test(kx_behaviour_drift, of_the_first_template_is_no_behaviour)
{
    const struct kx_escrow official = kx_escrow_world_official(0);
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(1), &official);
    struct kx_behaviour_world w;
    struct kx_behaviour_verdict v;

    kx_behaviour_world_init(&w, 5, false);
    kx_behaviour_world_judge(&v, &w, assay_buf_view(&script));
    cr_expect_neq(v.class, KX_BEHAVIOUR_SAME);
    cr_expect_eq(v.more_count, 0);
    cr_expect_not(v.allowed[KX_EXECUTION_CLAIM_HONEST]);
    kx_behaviour_world_fini(&w);
    assay_buf_fini(&script);
}

/* A run that had no memory is no refusal. */
Test(kx_behaviour_drift, is_no_answer_where_there_is_no_memory)
{
    struct kx_behaviour_world w;
    struct kx_behaviour_verdict v;
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t failures = 0;

    kx_behaviour_world_init(&w, 5, false);
    for (size_t n = 0; rc == ASSAY_E_NOMEM; n = n * 2 + 1, failures++) {
        (void)assay_alloc_fail_after(n);
        rc = kx_behaviour_judge(&v, &w.b, w.b.reference);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_assert(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
    }
    cr_expect_gt(failures, 3);
    cr_expect_eq(v.class, KX_BEHAVIOUR_SAME);
    kx_behaviour_world_fini(&w);
}
