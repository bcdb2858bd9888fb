/* The mutations that the official consensus profiles name: who refuses each, consensus or profile.
 */
#include "ref/tests/kx_rows.h"
#include "ref/tests/upstream.h"

#include <stdlib.h>

static void flip_signature(struct kx_world *w)
{
    json_t *in = json_array_get(json_object_get(w->text, "inputs"), w->plan.spend_count - 1);
    char *text = strdup(json_string_value(json_object_get(in, "signatureScript")));

    text[20] = text[20] == '0' ? '1' : '0';
    kx_world_set(in, "signatureScript", text);
    free(text);
}
static void move(struct kx_world *w, uint64_t sompi)
{
    w->made[0].value += sompi;
    w->made[1].value -= sompi;
}
static void below_threshold(struct kx_world *w)
{
    move(w, 0 - (KX_WORLD_AMOUNT - 9999999));
}
static void one_more(struct kx_world *w)
{
    move(w, 1);
}
static void pay_twice(struct kx_world *w)
{
    w->made[1].spk = w->made[0].spk;
}
static void budget_11(struct kx_world *w)
{
    w->inputs[1].commit = 11;
}
static void budget_9(struct kx_world *w)
{
    w->inputs[1].commit = 9;
}
static void other_mass(struct kx_world *w)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)w->tx.storage_mass + 1);
    kx_world_set(w->text, "storageMass", text);
}
static void other_script(struct kx_world *w)
{
    w->made[0].spk.script = kx_world_script(w, &w->stranger);
}
static void version_0(struct kx_world *w)
{
    w->tx.version = 0;
}
static void version_1(struct kx_world *w)
{
    w->tx.version = 1;
}
static void forge_amount(struct kx_world *w)
{
    w->hints[0].amount++;
}
static void know_amount(struct kx_world *w)
{
    w->coins[0].amount--;
}
static void high_fee(struct kx_world *w)
{
    w->made[1].value -= KX_FEE_MAX_DEFAULT;
}
static void gas(struct kx_world *w)
{
    w->tx.gas = 1;
}
static void payload(struct kx_world *w)
{
    w->tx.payload = ASSAY_LIT("x");
}

static const struct {
    const char *name;
    enum kx_profile profile;
    struct kx_change change;
} mutations[] = {
    {"additiveBadSignature", A, {.text = flip_signature}},
    {"additiveBelowThreshold", A, {.tx = below_threshold}},
    {"additiveDuplicateMerchantBenefit", A, {.tx = pay_twice}},
    {"additiveExcessiveDelta", A, {.tx = one_more}},
    {"additiveOverbudget", A, {.tx = budget_11}},
    {"additiveUnderbudget", A, {.tx = budget_9}},
    {"additiveWrongMass", A, {.text = other_mass}},
    {"additiveWrongScript", A, {.tx = other_script}},
    {"additiveWrongVersion", A, {.tx = version_0}},
    {"forgedUtxoAmount", S, {.tx = forge_amount, .judge = know_amount}},
    {"standardBadSignature", S, {.text = flip_signature}},
    {"standardDuplicateMerchantOutput", S, {.tx = pay_twice}},
    {"standardExcessiveFee", S, {.tx = high_fee}},
    {"standardGas", S, {.tx = gas}},
    {"standardMerchantOverpayment", S, {.tx = one_more}},
    {"standardPayload", S, {.tx = payload}},
    {"standardWrongMass", S, {.text = other_mass}},
    {"standardWrongVersion", S, {.tx = version_1}},
};

Test(kx_mutations, are_refused_by_whom_the_official_profiles_say)
{
    json_t *vector = upstream_load("kaspa-x402/vectors/exact/consensus-profiles.json");
    const json_t *expected = json_object_get(json_object_get(vector, "expected"), "mutations");

    cr_assert_eq(json_object_size(expected), ARRAY_LEN(mutations));
    for (size_t i = 0; i < ARRAY_LEN(mutations); i++) {
        const char *by = json_string_value(json_object_get(expected, mutations[i].name));
        struct kx_world *w = kx_world_new(mutations[i].profile);
        enum kaspa_check_result consensus;

        cr_assert_not_null(by, "%s", mutations[i].name);
        kx_world_run(w, &mutations[i].change);
        cr_assert_eq(w->local, KX_LOCAL_NONE);
        consensus = w->verdict.checks[KX_EXACT_CONSENSUS].result;
        cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "row: %s", mutations[i].name);
        cr_expect_lt((int)w->verdict.first, KX_EXACT_CONSENSUS, "row: %s", mutations[i].name);
        cr_expect_eq(consensus,
                     strcmp(by, "consensus-rejected") == 0 ? KASPA_CHECK_BROKEN : KASPA_CHECK_HELD,
                     "row: %s: %s", mutations[i].name, w->verdict.checks[KX_EXACT_CONSENSUS].why);
        kx_world_free(w);
    }
    json_decref(vector);
}
