/* Building batch transactions: what a builder refuses, and who signs what. Sections are those of
 * the batch digest; B names a row of its section 18. */
#include "ref/tests/kx_lane_world.h"

#include "kaspa/sign.h"

#include <criterion/criterion.h>

static struct kx_lane_world w;

static void setup(void)
{
    kx_lane_world_init(&w);
}

static void teardown(void)
{
    kx_lane_world_fini(&w);
}

TestSuite(kx_batch_tx_build, .init = setup, .fini = teardown);

/* ---- what is refused ---- */

static struct kx_lane_head head;
static struct kx_batch_funding funding;
static uint8_t signature[KX_TX_SIGNATURE_BYTES];

static void total_is_claimed(struct kx_batch_plan *plan)
{
    plan->total = plan->head->claimed;
}
static void total_is_negative(struct kx_batch_plan *plan)
{
    plan->total = UINT64_C(1) << 63;
}
static void amount_of_0(struct kx_batch_plan *plan)
{
    plan->amount = 0;
}
static void amount_above(struct kx_batch_plan *plan)
{
    plan->amount = plan->total - plan->head->claimed + 1;
}
static void amount_is_value(struct kx_batch_plan *plan)
{
    plan->total = plan->head->claimed + plan->head->value;
    plan->amount = plan->head->value;
}
static void fee_is_amount(struct kx_batch_plan *plan)
{
    plan->fee = plan->amount;
}
static void fee_is_value(struct kx_batch_plan *plan)
{
    plan->fee = plan->head->value;
}
static void early_lock(struct kx_batch_plan *plan)
{
    plan->lock_time--;
}
static void time_lock(struct kx_batch_plan *plan)
{
    plan->lock_time = KASPA_LOCK_TIME_THRESHOLD;
}
static void no_funding(struct kx_batch_plan *plan)
{
    plan->funding_count = 0;
}
static void too_little_funding(struct kx_batch_plan *plan)
{
    funding.utxo.amount = plan->amount + plan->fee - 1;
}
static void too_much_funding(struct kx_batch_plan *plan)
{
    funding.utxo.amount = plan->amount + plan->fee + 1;
}
static void too_many_funding(struct kx_batch_plan *plan)
{
    plan->funding_count = KASPA_TX_MAX_INPUTS;
}
static void funding_above_all(struct kx_batch_plan *plan)
{
    (void)plan;
    funding.utxo.amount = KASPA_MAX_SOMPI + 1;
}
static void script_funding(struct kx_batch_plan *plan)
{
    (void)plan;
    cr_assert_eq(kx_lane_spk(&funding.utxo.spk, &w.arena, &w.lane, 0), ASSAY_OK);
}
static void covenant_funding(struct kx_batch_plan *plan)
{
    (void)plan;
    funding.utxo.has_covenant = true;
}
static void funding_of_the_head(struct kx_batch_plan *plan)
{
    funding.outpoint = plan->head->outpoint;
}
static void more_than_there_can_be(struct kx_batch_plan *plan)
{
    head.value = KASPA_MAX_SOMPI;
    plan->amount = 1;
}
static void more_than_there_can_be_already(struct kx_batch_plan *plan)
{
    (void)plan;
    head.value = KASPA_MAX_SOMPI + 1;
}
static void wrong_voucher(struct kx_batch_plan *plan)
{
    plan->voucher = signature;
}
static void wrong_provider(struct kx_batch_plan *plan)
{
    plan->provider = (struct kx_batch_signing){.signature = signature};
}
static void provider_is_the_client(struct kx_batch_plan *plan)
{
    plan->provider.key = &w.client;
}
static void client_is_the_provider(struct kx_batch_plan *plan)
{
    plan->client.key = &w.server;
}
static void hash_type_of_3(struct kx_batch_plan *plan)
{
    plan->provider.hash_type = plan->client.hash_type = 3;
}
static void signature_of_type_3(struct kx_batch_plan *plan)
{
    signature[ASSAY_SIG_BYTES] = 3;
    plan->client = plan->provider = (struct kx_batch_signing){.signature = signature};
}
static void key_never_made(struct kx_batch_plan *plan)
{
    static const struct assay_key none;

    plan->client.key = plan->provider.key = &none;
}
static void dust(struct kx_batch_plan *plan)
{
    plan->fee = plan->amount - 1;
}

static const struct {
    const char *name;
    enum kx_lane_step step;
    void (*change)(struct kx_batch_plan *plan);
    enum assay_code code;
    const char *words;
} refused[] = {
    {"T is claimed", KX_LANE_CLAIM_TWO, total_is_claimed, ASSAY_E_RANGE, "above the 8000000"},
    {"T is negative", KX_LANE_CLAIM, total_is_negative, ASSAY_E_RANGE, "at most 2^63 - 1"},
    {"D is 0", KX_LANE_CLAIM, amount_of_0, ASSAY_E_RANGE, "above 0"},
    {"D is above T - S", KX_LANE_CLAIM_TWO, amount_above, ASSAY_E_RANGE, "T - S, 22000000"},
    {"D is V", KX_LANE_CLAIM, amount_is_value, ASSAY_E_RANGE, "below the head's 90000000"},
    {"the fee is D", KX_LANE_CLAIM, fee_is_amount, ASSAY_E_RANGE, "below D"},
    {"the refund's fee is V", KX_LANE_REFUND, fee_is_value, ASSAY_E_RANGE, "below the head's"},
    {"B85: early", KX_LANE_REFUND, early_lock, ASSAY_E_RANGE, "at least the timeout, 123456789"},
    {"B86: a time", KX_LANE_REFUND, time_lock, ASSAY_E_RANGE, "below 500000000000"},
    {"no funding", KX_LANE_GENESIS, no_funding, ASSAY_E_MISSING, "no funding input"},
    {"no funding", KX_LANE_TOP_UP, no_funding, ASSAY_E_MISSING, "no funding input"},
    {"too little", KX_LANE_GENESIS, too_little_funding, ASSAY_E_RANGE, "does not cover"},
    {"too little", KX_LANE_TOP_UP, too_little_funding, ASSAY_E_RANGE, "does not cover"},
    {"change", KX_LANE_GENESIS, too_much_funding, ASSAY_E_RANGE, "a genesis has no change"},
    {"nothing", KX_LANE_GENESIS, amount_of_0, ASSAY_E_RANGE, "must be something"},
    {"nothing is added", KX_LANE_TOP_UP, amount_of_0, ASSAY_E_RANGE, "must be something"},
    {"too much", KX_LANE_TOP_UP, more_than_there_can_be, ASSAY_E_RANGE, "there can be"},
    {"too much before", KX_LANE_TOP_UP, more_than_there_can_be_already, ASSAY_E_RANGE,
     "there can be"},
    {"too many", KX_LANE_TOP_UP, too_many_funding, ASSAY_E_TOO_LARGE, "too many"},
    {"above all", KX_LANE_GENESIS, funding_above_all, ASSAY_E_RANGE, "above what there can be"},
    {"a script", KX_LANE_GENESIS, script_funding, ASSAY_E_TYPE, "pay-to-pubkey"},
    {"a covenant", KX_LANE_TOP_UP, covenant_funding, ASSAY_E_TYPE, "of no covenant"},
    {"the head twice", KX_LANE_TOP_UP, funding_of_the_head, ASSAY_E_MISMATCH, "batch.tx."},
    {"a wrong voucher", KX_LANE_CLAIM, wrong_voucher, ASSAY_E_MISMATCH,
     "batch.tx.signature.voucher: "},
    {"a wrong provider", KX_LANE_CLAIM, wrong_provider, ASSAY_E_MISMATCH,
     "batch.tx.signature.provider: "},
    {"B75", KX_LANE_TOP_UP, provider_is_the_client, ASSAY_E_MISMATCH,
     "batch.tx.signature.provider: "},
    {"a wrong client", KX_LANE_REFUND, client_is_the_provider, ASSAY_E_MISMATCH,
     "batch.tx.signature.client: "},
    {"no hash type", KX_LANE_TOP_UP, hash_type_of_3, ASSAY_E_UNKNOWN, "0x03"},
    {"no hash type", KX_LANE_CLAIM, signature_of_type_3, ASSAY_E_UNKNOWN, "0x03"},
    {"no key", KX_LANE_REFUND, key_never_made, ASSAY_E_RANGE, "never made"},
    {"dust", KX_LANE_CLAIM, dust, ASSAY_E_MISMATCH, "batch.tx.consensus: "},
};

Test(kx_batch_tx_build, refuses_what_would_be_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct kx_batch_artifact made = {.is_complete = true};
        struct assay_err err = {0};
        struct kx_batch_plan plan;

        memset(signature, 0, sizeof(signature));
        signature[ASSAY_SIG_BYTES] = 1;
        kx_lane_world_plan(&plan, &w, refused[i].step);
        head = *plan.head;
        funding = *plan.funding;
        plan.head = &head;
        plan.funding = &funding;
        refused[i].change(&plan);
        cr_expect_eq(kx_batch_tx_build(&made, &w.arena, &plan, &err), refused[i].code,
                     "row: %s: %s", refused[i].name, err.text);
        cr_expect_not_null(strstr(err.text, refused[i].words), "row: %s: %s", refused[i].name,
                           err.text);
        cr_expect(made.is_complete && made.tx.inputs == NULL, "row: %s", refused[i].name);
    }
}

/* Section 16.1 */
Test(kx_batch_tx_build, knows_what_a_template_has_not)
{
    static const enum kx_lane_step steps[] = {KX_LANE_GENESIS, KX_LANE_TOP_UP};

    kx_lane_world_generation(&w, 1);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct kx_batch_artifact made;
        struct assay_err err = {0};
        struct kx_batch_plan plan;

        kx_lane_world_plan(&plan, &w, steps[i]);
        cr_expect_eq(kx_batch_tx_build(&made, &w.arena, &plan, &err), ASSAY_E_UNSUPPORTED);
        cr_expect_not_null(strstr(err.text, "kaspa-x402-escrow-v1 has no"), "%s", err.text);
    }
}

/* ---- who signs what ---- */

/* The signature that a witness has at a push. */
static void take_signature(uint8_t out[KX_TX_SIGNATURE_BYTES], const struct kx_batch_artifact *made,
                           size_t input, size_t push)
{
    memcpy(out, made->tx.inputs[input].signature_script.at + push * KASPA_SIGNATURE_PUSH_BYTES + 1,
           KX_TX_SIGNATURE_BYTES);
}

static void expect_same(const struct kx_batch_artifact *a, const struct kx_batch_artifact *b)
{
    cr_expect(kaspa_hash_equal(&a->id, &b->id));
    cr_expect(kaspa_hash_equal(&a->hash, &b->hash));
}

/* B76: the provider is told terms and a signature, builds the whole transaction from them and signs
 * that. */
Test(kx_batch_tx_build, lets_client_and_provider_sign_apart)
{
    struct kx_batch_artifact whole, of_client, of_provider;
    uint8_t client[KX_TX_SIGNATURE_BYTES], funder[KX_TX_SIGNATURE_BYTES];
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &w, KX_LANE_TOP_UP);
    kx_lane_world_build(&whole, &w, &plan);

    plan.provider.key = NULL;
    kx_lane_world_build(&of_client, &w, &plan);
    cr_expect_not(of_client.is_complete);
    cr_expect(kaspa_hash_equal(&of_client.id, &whole.id));
    take_signature(client, &of_client, 0, 0);
    take_signature(funder, &of_client, 1, 0);

    funding = plan.funding[0];
    funding.signing = (struct kx_batch_signing){.signature = funder};
    plan.funding = &funding;
    plan.client = (struct kx_batch_signing){.signature = client};
    plan.provider.key = &w.server;
    kx_lane_world_build(&of_provider, &w, &plan);
    cr_expect(of_provider.is_complete);
    expect_same(&of_provider, &whole);
}

/* B76, section 8.4: other terms than those that the client signed have another id, and the
 * provider's own build refuses the client's signature. */
Test(kx_batch_tx_build, notices_other_terms_than_those_signed)
{
    struct kx_batch_artifact of_client, of_provider;
    uint8_t client[KX_TX_SIGNATURE_BYTES];
    struct assay_err err = {0};
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &w, KX_LANE_TOP_UP);
    plan.provider.key = NULL;
    kx_lane_world_build(&of_client, &w, &plan);
    take_signature(client, &of_client, 0, 0);

    plan.client = (struct kx_batch_signing){.signature = client};
    plan.amount--;
    kx_lane_world_build(&of_provider, &w, &plan);
    cr_expect_not(kaspa_hash_equal(&of_provider.id, &of_client.id));
    plan.provider.key = &w.server;
    cr_expect_eq(kx_batch_tx_build(&of_provider, &w.arena, &plan, &err), ASSAY_E_MISMATCH);
    cr_expect_not_null(strstr(err.text, "batch.tx.signature.client: "), "%s", err.text);
}

/* The digests are what the missing signatures are made over. */
Test(kx_batch_tx_build, tells_what_is_to_be_signed)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_batch_artifact whole, unsigned_one, filled;
        uint8_t made[3][KX_TX_SIGNATURE_BYTES];
        struct kx_batch_plan plan;

        kx_lane_world_plan(&plan, &w, (enum kx_lane_step)step);
        kx_lane_world_build(&whole, &w, &plan);
        funding = plan.funding[0];
        plan.funding = &funding;
        plan.provider.key = plan.client.key = funding.signing.key = NULL;
        kx_lane_world_build(&unsigned_one, &w, &plan);
        cr_expect_not(unsigned_one.is_complete);
        made[0][64] = made[1][64] = made[2][64] = 1;
        cr_assert_eq(assay_schnorr_sign(made[0], unsigned_one.digests[KX_BATCH_PROVIDER].at,
                                        &w.server, NULL),
                     ASSAY_OK);
        cr_assert_eq(
            assay_schnorr_sign(made[1], unsigned_one.digests[KX_BATCH_CLIENT].at, &w.client, NULL),
            ASSAY_OK);
        if (step == KX_LANE_GENESIS || step == KX_LANE_TOP_UP)
            cr_assert_eq(assay_schnorr_sign(made[2], unsigned_one.funding[0].at, &w.client, NULL),
                         ASSAY_OK);
        plan.provider.signature = made[0];
        plan.client.signature = made[1];
        funding.signing.signature = made[2];
        kx_lane_world_build(&filled, &w, &plan);
        cr_expect(filled.is_complete, "step %d", step);
        expect_same(&filled, &whole);
    }
}

Test(kx_batch_tx_build, leaves_out_a_voucher_that_is_not_there_yet)
{
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &w, KX_LANE_CLAIM);
    plan.voucher = NULL;
    kx_lane_world_build(&made, &w, &plan);
    cr_expect_not(made.is_complete);
}

/* Section 8.4: "optional change". */
Test(kx_batch_tx_build, leaves_out_change_of_nothing)
{
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &w, KX_LANE_TOP_UP);
    plan.amount = plan.funding[0].utxo.amount - plan.fee;
    kx_lane_world_build(&made, &w, &plan);
    cr_expect(made.is_complete);
    cr_expect_eq(made.tx.output_count, 1);
}

Test(kx_batch_tx_build, tells_where_the_lineage_stands_as_the_verdict_does)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_batch_tx_verdict verdict;
        struct kx_batch_artifact made;
        struct kx_batch_plan plan;

        kx_lane_world_plan(&plan, &w, (enum kx_lane_step)step);
        kx_lane_world_build(&made, &w, &plan);
        kx_batch_tx_verify(&verdict, &(struct kx_batch_tx){.kind = plan.kind,
                                                           .lane = &w.lane,
                                                           .head = plan.head,
                                                           .tx = &made.tx,
                                                           .utxos = made.utxos,
                                                           .fee_max = plan.fee,
                                                           .arena = &w.arena});
        cr_expect_eq(verdict.has_next, plan.kind != KX_BATCH_REFUND);
        cr_expect_eq(verdict.terminal.value, plan.kind == KX_BATCH_REFUND ? 89999100 : 0);
        if (plan.kind == KX_BATCH_REFUND)
            continue;
        cr_expect(kaspa_outpoint_equal(&verdict.next.outpoint, &made.next.outpoint));
        cr_expect(kaspa_hash_equal(&verdict.next.covenant_id, &made.next.covenant_id));
        cr_expect_eq(verdict.next.value, made.next.value);
        cr_expect_eq(verdict.next.claimed, made.next.claimed);
        cr_expect(kaspa_spk_equal(&verdict.next_spk, &made.next_spk));
        cr_expect(
            kaspa_spk_equal(&verdict.next_spk, &made.tx.outputs[made.next.outpoint.index].spk));
    }
}

/* ---- memory ---- */

/* Whatever the arena may give, until it is enough. */
Test(kx_batch_tx_build, tells_that_there_is_no_memory)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_batch_plan plan;
        enum assay_code rc = ASSAY_E_NOMEM;

        kx_lane_world_plan(&plan, &w, (enum kx_lane_step)step);
        for (size_t max = 0; rc != ASSAY_OK && max < 1 << 16; max += 256) {
            struct assay_arena small = ASSAY_ARENA_INIT(max);
            struct kx_batch_artifact made;
            struct assay_err err = {0};

            rc = kx_batch_tx_build(&made, &small, &plan, &err);
            cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "step %d, %zu: %s", step, max,
                      err.text);
            assay_arena_fini(&small);
        }
        cr_expect_eq(rc, ASSAY_OK, "step %d", step);
    }
}

static const struct kaspa_point_of_view after = {.daa_score = 123456790};

/* Every allocation fails once: nothing is built, and nothing that was built is accused. */
static void deny(enum kx_lane_step step)
{
    struct kx_batch_tx_verdict verdict = {.outcome = KASPA_UNDECIDED};
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n;

    kx_lane_world_plan(&plan, &w, step);
    for (n = 0; rc != ASSAY_OK && n < 10000; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

        (void)assay_alloc_fail_after(n);
        rc = kx_batch_tx_build(&made, &arena, &plan, NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "step %d, %zu: %s", step, n,
                  assay_code_text(rc));
        assay_arena_fini(&arena);
    }
    cr_expect(rc == ASSAY_OK && n > 10, "step %d: %zu", step, n);
    kx_lane_world_build(&made, &w, &plan);
    for (n = 0; verdict.outcome != KASPA_VALID && n < 10000; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_batch_tx with = {.kind = plan.kind,
                                   .lane = &w.lane,
                                   .head = plan.head,
                                   .tx = &made.tx,
                                   .utxos = made.utxos,
                                   .pov = &after,
                                   .fee_max = plan.fee,
                                   .arena = &arena};

        (void)assay_alloc_fail_after(n);
        kx_batch_tx_verify(&verdict, &with);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_neq(verdict.outcome, KASPA_INVALID, "step %d, %zu: %s: %s", step, n,
                      kx_batch_tx_rules[verdict.first].id, verdict.checks[verdict.first].why);
        assay_arena_fini(&arena);
    }
    cr_expect(verdict.outcome == KASPA_VALID && n > 3, "step %d: %zu", step, n);
}

Test(kx_batch_tx_build, tells_of_every_allocation_that_fails)
{
    for (int step = 0; step < KX_LANE_STEPS; step++)
        deny((enum kx_lane_step)step);
    kx_lane_world_generation(&w, 1);
    deny(KX_LANE_CLAIM);
    deny(KX_LANE_REFUND);
}

Test(kx_batch_tx_build, is_never_valid_for_want_of_memory)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_batch_tx_verdict verdict = {.outcome = KASPA_UNDECIDED};
        struct kx_batch_artifact made;
        struct kx_batch_plan plan;

        kx_lane_world_plan(&plan, &w, (enum kx_lane_step)step);
        kx_lane_world_build(&made, &w, &plan);
        for (size_t max = 0; verdict.outcome != KASPA_VALID && max < 1 << 18; max += 512) {
            struct assay_arena small = ASSAY_ARENA_INIT(max);

            kx_batch_tx_verify(&verdict, &(struct kx_batch_tx){.kind = plan.kind,
                                                               .lane = &w.lane,
                                                               .head = plan.head,
                                                               .tx = &made.tx,
                                                               .utxos = made.utxos,
                                                               .pov = &after,
                                                               .fee_max = plan.fee,
                                                               .arena = &small});
            cr_expect_neq(verdict.outcome, KASPA_INVALID, "step %d, %zu: %s: %s", step, max,
                          kx_batch_tx_rules[verdict.first].id, verdict.checks[verdict.first].why);
            assay_arena_fini(&small);
        }
        cr_expect_eq(verdict.outcome, KASPA_VALID, "step %d", step);
    }
}
