/* Scripts that nobody chose: every byte changed, junk, other templates' scripts, and values that
 * are not known. Sections are those of the batch digest. */
#include "kaspa/script.h"
#include "ref/tests/kx_escrow_world.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* What is listed is in order, within the two scripts, and can be told. */
static void expect_sound(const struct kx_drifts *drifts, struct assay_bytes script)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 10);

    cr_assert(drifts->count <= drifts->total && (drifts->total == 0 || drifts->count > 0));
    for (size_t i = 0; i < drifts->count; i++) {
        const struct kx_drift *d = &drifts->list[i];

        cr_assert(d->offset <= script.len && d->len <= script.len - d->offset);
        cr_assert(i == 0 || d->offset >= drifts->list[i - 1].offset);
        cr_assert(d->rule != NULL || d->kind == KX_DRIFT_TEMPLATE);
        assay_buf_clear(&text);
        kx_drift_add_text(&text, d);
        cr_assert(assay_buf_ok(&text) && text.len > 20);
    }
    assay_buf_fini(&text);
}

Test(kx_escrow_drift_any, finds_nothing_in_a_right_script)
{
    for (size_t i = 1; i <= KX_ESCROW_TEMPLATES; i++) {
        for (uint64_t claimed = 0; claimed <= 8000000; claimed += 4000000) {
            const struct kx_escrow official = kx_escrow_world_official(claimed);
            struct assay_buf script =
                kx_escrow_world_redeem(kx_escrow_world_template(i), &official);
            struct kx_drifts drifts;

            kx_escrow_world_judge(&drifts, i, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
            cr_expect_eq(drifts.total, 0);
            kx_escrow_world_judge(&drifts, i, &official, 0, assay_buf_view(&script));
            cr_expect_eq(drifts.total, 0);
            assay_buf_fini(&script);
        }
    }
}

/* B59, and of the slots too: one drift, which is where the byte is and of whose rule it is. */
Test(kx_escrow_drift_any, finds_every_changed_byte_and_whose_it_is)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    const struct kx_escrow_template *t = kx_escrow_world_template(5);
    struct assay_buf script = kx_escrow_world_redeem(t, &official);
    struct kx_drifts drifts;
    size_t begin;

    for (size_t at = 0; at < script.len; at++) {
        const struct kx_escrow_rule *rule = kx_escrow_rule_at(t, official.timeout_daa, at, &begin);

        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
            script.at[at] ^= changes[i];
            kx_escrow_world_judge(&drifts, 5, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
            script.at[at] ^= changes[i];
            cr_assert_eq(drifts.total, 1, "byte %zu", at);
            cr_assert_eq(drifts.list[0].rule, rule, "byte %zu", at);
            cr_assert(drifts.list[0].offset <= at &&
                          at < drifts.list[0].offset + drifts.list[0].len,
                      "byte %zu", at);
        }
    }
    assay_buf_fini(&script);
}

/* D21 and D27 */
Test(kx_escrow_drift_any, names_the_template_that_all_of_it_is_of)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);

    for (size_t i = 1; i <= KX_ESCROW_TEMPLATES; i++) {
        struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(i), &official);

        for (size_t k = 1; k <= KX_ESCROW_TEMPLATES; k++) {
            struct assay_buf text = ASSAY_BUF_INIT(1 << 10);
            struct kx_drifts drifts;

            if (k == i)
                continue;
            kx_escrow_world_judge(&drifts, k, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
            cr_assert_eq(drifts.total, 1);
            cr_expect_eq(drifts.list[0].kind, KX_DRIFT_TEMPLATE);
            cr_expect_str_eq(drifts.list[0].of, kx_escrow_world_template(i)->id);
            expect_sound(&drifts, assay_buf_view(&script));
            kx_drift_add_text(&text, &drifts.list[0]);
            if (i == 4 && k == 5)
                cr_expect_str_eq(assay_buf_cstr(&text), "the script is of kaspa-x402-escrow-v4, "
                                                        "expected kaspa-x402-escrow-v5");
            assay_buf_fini(&text);
        }
        assay_buf_fini(&script);
    }
}

/* D22: the claim's branch and the top-up's. */
Test(kx_escrow_drift_any, says_that_a_script_is_another)
{
    const struct kx_escrow official = kx_escrow_world_official(0);
    struct assay_buf right = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct assay_bytes view = assay_buf_view(&right);
    struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 10);
    struct kx_drifts drifts;

    assay_buf_add(&script, assay_bytes_part(view, 0, 11));
    assay_buf_add(&script, assay_bytes_part(view, 489, 836));
    assay_buf_add(&script, assay_bytes_part(view, 11, 489));
    assay_buf_add(&script, assay_bytes_part(view, 836, view.len));
    kx_escrow_world_judge(&drifts, 5, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
    cr_assert_eq(drifts.total, 1);
    cr_expect_eq(drifts.list[0].kind, KX_DRIFT_OTHER);
    kx_drift_add_text(&text, &drifts.list[0]);
    cr_expect_str_eq(assay_buf_cstr(&text),
                     "byte 12, in rule claim.selector (The selector names this path): from here on "
                     "it is another script: more than 96 instructions differ");
    assay_buf_fini(&text);
    assay_buf_fini(&script);
    assay_buf_fini(&right);
}

/* D4, D5, D8 of a template that is judged without its channel. */
Test(kx_escrow_drift_any, wants_of_an_unknown_value_that_it_is_one)
{
    static const struct {
        size_t at;
        enum kx_drift_hint hint;
    } rows[] = {
        {2, KX_HINT_NONE},      {103, KX_HINT_UNEQUAL}, {236, KX_HINT_NONE},
        {279, KX_HINT_UNEQUAL}, {361, KX_HINT_NONE},    {604, KX_HINT_UNEQUAL},
        {881, KX_HINT_NONE},    {902, KX_HINT_UNEQUAL}, {1005, KX_HINT_UNEQUAL},
    };
    const struct kx_escrow official = kx_escrow_world_official(8000000), none = {.claimed = 0};
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_drifts drifts;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        script.at[rows[i].at] ^= 1;
        kx_escrow_world_judge(&drifts, 5, &none, 0, assay_buf_view(&script));
        script.at[rows[i].at] ^= 1;
        cr_assert_eq(drifts.total > 0, rows[i].hint != KX_HINT_NONE, "byte %zu", rows[i].at);
        if (drifts.total > 0)
            cr_expect_eq(drifts.list[0].hint, rows[i].hint, "byte %zu", rows[i].at);
    }
    assay_buf_fini(&script);
}

Test(kx_escrow_drift_any, knows_some_values_and_others_not)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_escrow values = official;
    struct kx_drifts drifts;

    values.claimed = 1;
    values.timeout_daa = UINT64_MAX;
    kx_escrow_world_judge(&drifts, 5, &values, KX_SLOTS_KNOWN & ~KX_SLOT_BIT(KX_SLOT_CLAIMED),
                          assay_buf_view(&script));
    cr_assert_eq(drifts.total, 1);
    cr_expect_eq(drifts.list[0].kind, KX_DRIFT_TIMEOUT);
    kx_escrow_world_judge(&drifts, 1, &values, 0, assay_buf_view(&script));
    cr_expect_eq(drifts.list[0].kind, KX_DRIFT_TEMPLATE);
    cr_expect_eq(kx_escrow_drift(&drifts, kx_escrow_world_template(1), &values, KX_SLOTS_KNOWN,
                                 assay_buf_view(&script)),
                 ASSAY_E_RANGE);
    assay_buf_fini(&script);
}

/* In a block of its own, so that a read outside is seen. */
static void judge_junk(size_t number, const uint8_t *at, size_t len)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct kx_escrow_instance instance;
    struct kx_drifts drifts;
    bool is_one;

    cr_assert_not_null(copy);
    if (len > 0)
        memcpy(copy, at, len);
    kx_escrow_world_judge(&drifts, number, &official, KX_SLOTS_KNOWN, assay_bytes_of(copy, len));
    cr_expect_gt(drifts.total, 0);
    expect_sound(&drifts, assay_bytes_of(copy, len));
    kx_escrow_world_judge(&drifts, number, &official, 0, assay_bytes_of(copy, len));
    expect_sound(&drifts, assay_bytes_of(copy, len));
    is_one = kx_escrow_identify(&instance, assay_bytes_of(copy, len)) && instance.unequal == 0;
    cr_expect_eq(drifts.total == 0, is_one && instance.tmpl == kx_escrow_world_template(number));
    if (is_one) {
        struct assay_buf again = kx_escrow_world_redeem(instance.tmpl, &instance.values);

        cr_expect(assay_bytes_equal(assay_buf_view(&again), assay_bytes_of(copy, len)));
        assay_buf_fini(&again);
    }
    free(copy);
}

Test(kx_escrow_drift_any, takes_any_bytes)
{
    enum { MOST = 16384 };
    static const uint8_t fills[] = {0x00, 0x01, 0x20, 0x4b, 0x4c, 0x4d, 0x4e, 0x51, 0x75, 0xff};
    uint8_t *junk = malloc(MOST);
    uint64_t seed = 0x9e3779b97f4a7c15;

    cr_assert_not_null(junk);
    judge_junk(5, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
        memset(junk, fills[i], MOST);
        judge_junk(5, junk, MOST);
        judge_junk(1 + i % KX_ESCROW_TEMPLATES, junk, KX_ESCROW_V5_BYTES);
    }
    for (size_t i = 0; i < 100; i++) {
        size_t len = (size_t)(kx_escrow_world_random(&seed) %
                              (i % 10 == 0 ? MOST : 2 * KX_ESCROW_BYTES_MAX));

        for (size_t at = 0; at < len; at++)
            junk[at] = (uint8_t)(kx_escrow_world_random(&seed) >> 32);
        judge_junk(1 + i % KX_ESCROW_TEMPLATES, junk, len);
    }
    free(junk);
}

/* Edits at random places, so that the two are near each other in every way. */
Test(kx_escrow_drift_any, takes_a_script_that_was_edited_anywhere)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    uint64_t seed = 0x2545f4914f6cdd1d;

    for (size_t i = 0; i < 400; i++) {
        size_t number = 1 + i % KX_ESCROW_TEMPLATES;
        struct assay_buf right =
            kx_escrow_world_redeem(kx_escrow_world_template(number), &official);
        struct assay_buf script = kx_escrow_world_edited(assay_buf_view(&right), &seed);

        if (!assay_bytes_equal(assay_buf_view(&script), assay_buf_view(&right)))
            judge_junk(number, script.at, script.len);
        assay_buf_fini(&script);
        assay_buf_fini(&right);
    }
}

Test(kx_escrow_identify, reads_the_channel_of_each_template)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);

    for (size_t i = 1; i <= KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = kx_escrow_world_template(i);
        struct assay_buf script = kx_escrow_world_redeem(t, &official);
        struct kx_escrow_instance found;

        cr_assert(kx_escrow_identify(&found, assay_buf_view(&script)), "%s", t->id);
        cr_expect_eq(found.tmpl, t);
        cr_expect_eq(found.unequal, 0);
        cr_expect_eq(found.values.claimed, t->state_at != 0 ? 8000000 : 0);
        cr_expect_eq(found.values.timeout_daa, 123456789);
        cr_expect_arr_eq(found.values.server, official.server, 32);
        cr_expect_arr_eq(found.values.client, official.client, 32);
        cr_expect_arr_eq(found.values.network, official.network, 32);
        cr_expect_arr_eq(found.values.payout_spk, official.payout_spk, 32);
        cr_expect_arr_eq(found.values.refund_spk, official.refund_spk, 32);
        assay_buf_fini(&script);
    }
}

Test(kx_escrow_identify, says_which_slots_hold_two_values)
{
    static const struct {
        size_t at;
        uint32_t unequal;
    } rows[] = {
        {2, 0},
        {103, KX_SLOT_BIT(KX_SLOT_SERVER)},
        {568, KX_SLOT_BIT(KX_SLOT_CLIENT)},
        {902, KX_SLOT_BIT(KX_SLOT_CLIENT)},
        {727, KX_SLOT_BIT(KX_SLOT_REFUND)},
        {361, 0},
    };
    const struct kx_escrow official = kx_escrow_world_official(0);
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_escrow_instance found;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        script.at[rows[i].at] ^= 1;
        cr_assert(kx_escrow_identify(&found, assay_buf_view(&script)));
        script.at[rows[i].at] ^= 1;
        cr_expect_eq(found.unequal, rows[i].unequal, "byte %zu", rows[i].at);
    }
    assay_buf_fini(&script);
}

Test(kx_escrow_identify, knows_no_template_of_a_script_that_drifted)
{
    static const size_t at[] = {0, 1, 13, 163, 203, 337, 427, 441, 899, 1047};
    const struct kx_escrow official = kx_escrow_world_official(0);
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_escrow_instance found;

    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        script.at[at[i]] ^= 1;
        cr_expect_not(kx_escrow_identify(&found, assay_buf_view(&script)), "byte %zu", at[i]);
        script.at[at[i]] ^= 1;
    }
    cr_expect_not(kx_escrow_identify(&found, assay_bytes_part(assay_buf_view(&script), 0, 1047)));
    cr_expect_not(kx_escrow_identify(&found, ASSAY_LIT("")));
    assay_buf_fini(&script);
}

/* As long as a template, or as none, and of more instructions than any has. */
Test(kx_escrow_identify, knows_no_template_of_instructions_that_never_end)
{
    static uint8_t much[2 * KX_ESCROW_BYTES_MAX];
    struct kx_escrow_instance found;

    memset(much, KASPA_OP_DUP, sizeof(much));
    for (size_t len = 1; len <= sizeof(much); len++)
        cr_expect_not(kx_escrow_identify(&found, assay_bytes_of(much, len)), "%zu", len);
}

/* Section 16.1: a timeout of any width, if it is as short as it can be and not negative. */
Test(kx_escrow_identify, reads_the_first_template_with_any_timeout)
{
    static const struct {
        const char *push;
        bool is_one;
        uint64_t timeout;
    } rows[] = {
        {"0", true, 0},
        {"16", true, 16},
        {"17", true, 17},
        {"499999999999", true, 499999999999},
        {"9223372036854775807", true, INT64_MAX},
        {"-1", false, 0},
        {"-17", false, 0},
        {"DATA1 0x05", false, 0},
        {"DATA2 0x1100", false, 0},
        {"DATA9 0x151515151515151501", false, 0},
        {"PUSHDATA1 0x0111", false, 0},
        {"NOP", false, 0},
    };
    const struct kx_escrow official = kx_escrow_world_official(0);
    struct assay_buf right = kx_escrow_world_redeem(kx_escrow_world_template(1), &official);
    struct assay_bytes view = assay_buf_view(&right);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX);
        struct kx_escrow_instance found;

        assay_buf_add(&script, assay_bytes_part(view, 0, 275));
        cr_assert_eq(kaspa_script_assemble(&script, assay_str(rows[i].push), NULL), ASSAY_OK);
        assay_buf_add(&script, assay_bytes_part(view, 280, view.len));
        cr_assert_eq(kx_escrow_identify(&found, assay_buf_view(&script)), rows[i].is_one, "%s",
                     rows[i].push);
        if (rows[i].is_one)
            cr_expect_eq(found.values.timeout_daa, rows[i].timeout, "%s", rows[i].push);
        assay_buf_fini(&script);
    }
    assay_buf_fini(&right);
}
