/* The defects whose place is the exact library: switched on, each takes what its rule refuses, and
 * an honest payment still holds. */
#include "ref/tests/kx_rows.h"

#include "base/base64.h"
#include "ref/tests/seeded.h"

#include <stdlib.h>

static void one_less(struct kx_world *w)
{
    w->made[0].value--;
}
static void one_more(struct kx_world *w)
{
    w->made[0].value++;
}
static void above_threshold(struct kx_world *w)
{
    w->made[0].value += KX_WORLD_AMOUNT;
    w->made[1].value -= KX_WORLD_AMOUNT;
}
static void in_two_parts(struct kx_world *w)
{
    w->made[1].spk = w->made[0].spk;
    w->made[1].value = w->made[0].value / 2;
    w->made[0].value -= w->made[1].value;
    w->hints[0].amount = KX_WORLD_AMOUNT + 10000000;
}
static void paid_twice(struct kx_world *w)
{
    w->made[1].spk = w->made[0].spk;
}
static void claim_change(struct kx_world *w)
{
    w->output_index = 1;
}
static void pay_oneself(struct kx_world *w)
{
    w->made[0].spk = w->made[1].spk;
}
static void three_outputs(struct kx_world *w)
{
    w->made[2] = w->made[1];
    w->made[2].value = w->made[1].value /= 2;
    w->tx.output_count = 3;
}
static void claim_another_request(struct kx_world *w)
{
    kx_world_edit(kx_world_payload(w), "authorization.expiresAt", "\"2098-12-31T23:59:31.000Z\"");
}
static void name_no_input(struct kx_world *w)
{
    w->input_index = 9;
}
static void name_version_1(struct kx_world *w)
{
    kx_world_edit(kx_world_payload(w), "authorization.version",
                  "\"kaspa-x402-exact-request-authorization-v1\"");
}
static void short_identifier(struct kx_world *w)
{
    w->identifier = "../x";
}
static void version_1(struct kx_world *w)
{
    kx_world_edit(w->payment, "x402Version", "1");
}

static const struct {
    const char *id;
    enum kx_profile profile;
    struct kx_change change;
} rows[] = {
    {"kx.output.one_short", S, {.tx = one_less}},
    {"kx.output.at_least", S, {.tx = one_more}},
    {"kx.head.at_least", A, {.tx = above_threshold}},
    {"kx.output.sum", S, {.tx = in_two_parts}},
    {"kx.output.twice", S, {.tx = paid_twice}},
    {"kx.output.any_index", S, {.text = claim_change}},
    {"kx.output.any_script", S, {.tx = pay_oneself}},
    {"kx.outputs.any_number", S, {.tx = three_outputs}},
    {"kx.authorization.digest_as_sent", S, {.payment = claim_another_request}},
    {"kx.authorization.any_input", A, {.text = name_no_input}},
    {"kx.authorization.v1", S, {.payment = name_version_1}},
    {"kx.identifier.any_form", S, {.text = short_identifier}},
    {"kx.http.any_version", S, {.payment = version_1}},
};

static bool is_taken(enum kx_profile profile, const struct kx_change *change)
{
    struct kx_world *w = kx_world_new(profile);
    bool taken;

    kx_world_run(w, change);
    taken = w->local == KX_LOCAL_NONE && w->verdict.outcome == KASPA_VALID;
    kx_world_free(w);
    return taken;
}

Test(kx_exact_defects, take_what_their_rule_refuses_and_what_is_right)
{
    static const struct kx_change none = {.offer = NULL};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_not(is_taken(rows[i].profile, &rows[i].change), "%s", rows[i].id);
        switch_on(rows[i].id);
        cr_expect(is_taken(rows[i].profile, &rows[i].change), "%s", rows[i].id);
        cr_expect(is_taken(rows[i].profile, &none), "%s", rows[i].id);
        ref_defect_all_off();
        cr_expect_not(is_taken(rows[i].profile, &rows[i].change), "%s", rows[i].id);
    }
}

/* A head takes no more for the defect of outputs, and the other way round. */
Test(kx_exact_defects, of_heads_and_of_outputs_are_two)
{
    const struct kx_change more = {.tx = one_more};

    switch_on("kx.output.at_least");
    cr_expect_not(is_taken(A, &more));
    ref_defect_all_off();
    switch_on("kx.head.at_least");
    cr_expect_not(is_taken(S, &more));
    ref_defect_all_off();
}

static bool is_decoded(const char *header, const char *want)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_bytes text;
    bool is = x402_header_decode(&text, &arena, assay_str(header), NULL) == ASSAY_OK &&
              assay_bytes_is(text, want);

    assay_arena_fini(&arena);
    return is;
}

Test(kx_exact_defects, of_base64_take_every_spelling)
{
    static const char *const lenient[] = {"e30", "e 30=", " e30=\n", "e30=="};

    for (size_t i = 0; i < ARRAY_LEN(lenient); i++) {
        cr_expect_not(is_decoded(lenient[i], "{}"), "%s", lenient[i]);
        switch_on("kx.http.lenient_base64");
        cr_expect(is_decoded(lenient[i], "{}"), "%s", lenient[i]);
        cr_expect(is_decoded("e30=", "{}"));
        cr_expect(is_decoded("Pj4_", ">>?"));
        ref_defect_all_off();
    }
}

static bool is_read(struct assay_bytes text)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
    struct assay_json doc;
    bool is = x402_document_parse(&doc, &arena, text, false, NULL) == ASSAY_OK;

    assay_arena_fini(&arena);
    return is;
}

Test(kx_exact_defects, of_budgets_take_more_than_there_may_be)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);

    assay_buf_add_byte(&text, '[');
    for (int i = 0; i < 60000; i++)
        assay_buf_add_str(&text, "1,");
    assay_buf_add_str(&text, "1]");
    cr_expect_not(is_read(assay_buf_view(&text)));
    switch_on("kx.http.no_budget");
    cr_expect(is_read(assay_buf_view(&text)));
    ref_defect_all_off();
    assay_buf_fini(&text);
}
