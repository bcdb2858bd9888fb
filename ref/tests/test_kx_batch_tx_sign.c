/* Who signed a batch transaction, and how much of it. Sections are those of the batch digest; B
 * names a row of its section 18. */
#include "kaspa/sign.h"
#include "ref/tests/kx_tx_world.h"

#define CLAIMS (KX_STEP(CLAIM) | KX_STEP(CLAIM_TWO))
#define FUNDED (KX_STEP(GENESIS) | KX_STEP(TOP_UP))

static const uint8_t types[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

static void voucher_of_a_stranger(struct kx_tx_world *w)
{
    w->voucher = &w->stranger;
}
static void voucher_of_the_provider(struct kx_tx_world *w)
{
    w->voucher = &w->lane.server;
}
static void voucher_of_less(struct kx_tx_world *w)
{
    w->voucher_total--;
}
static void voucher_of_another_lineage(struct kx_tx_world *w)
{
    w->voucher_head.covenant_id.at[0] ^= 1;
}

/* Puts a voucher of another kind into the witness: behind the provider's signature. */
static void put_voucher(struct kx_tx_world *w, const uint8_t digest[32])
{
    uint8_t *script = kx_tx_world_witness(w);

    cr_assert_eq(
        assay_schnorr_sign(script + KASPA_SIGNATURE_PUSH_BYTES + 1, digest, &w->lane.client, NULL),
        ASSAY_OK);
}
/* B04 */
static void voucher_of_mainnet(struct kx_tx_world *w)
{
    const struct kx_voucher voucher = {.network = ASSAY_LIT(KX_NETWORK_MAINNET),
                                       .covenant_id = w->head.covenant_id,
                                       .amount = w->total};
    uint8_t digest[32];

    kx_voucher_digest(digest, w->lane.lane.binding, &voucher);
    put_voucher(w, digest);
}
/* B07 */
static void voucher_of_binding_v2(struct kx_tx_world *w)
{
    const struct kx_voucher voucher = {
        .network = w->lane.channel.network, .covenant_id = w->head.covenant_id, .amount = w->total};
    uint8_t digest[32];

    kx_voucher_digest(digest, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v2")), &voucher);
    put_voucher(w, digest);
}
static void no_voucher(struct kx_tx_world *w)
{
    memset(kx_tx_world_witness(w) + KASPA_SIGNATURE_PUSH_BYTES + 1, 0, ASSAY_SIG_BYTES);
}

static void provider_is_a_stranger(struct kx_tx_world *w)
{
    w->provider = &w->stranger;
}
static void provider_is_the_client(struct kx_tx_world *w)
{
    w->provider = &w->lane.client;
}
static void provider_is_nobody(struct kx_tx_world *w)
{
    w->provider = NULL;
}
static void client_is_a_stranger(struct kx_tx_world *w)
{
    w->client = &w->stranger;
}
static void client_is_the_provider(struct kx_tx_world *w)
{
    w->client = &w->lane.server;
}
static void client_is_nobody(struct kx_tx_world *w)
{
    w->client = NULL;
}
static void flip_first_signature(struct kx_tx_world *w)
{
    kx_tx_world_witness(w)[20] ^= 1;
}
static void flip_first_type(struct kx_tx_world *w)
{
    kx_tx_world_witness(w)[KX_TX_SIGNATURE_BYTES] ^= 0x80;
}
static void first_type_is_none(struct kx_tx_world *w)
{
    kx_tx_world_witness(w)[KX_TX_SIGNATURE_BYTES] = 0x03;
}
static void flip_funding(struct kx_tx_world *w)
{
    struct kaspa_input *in = &w->inputs[w->tx.input_count - 1];
    uint8_t *copy = assay_arena_alloc(&w->lane.arena, in->signature_script.len);

    cr_assert_not_null(copy);
    memcpy(copy, in->signature_script.at, in->signature_script.len);
    copy[20] ^= 1;
    in->signature_script.at = copy;
}

static const struct kx_tx_row rows[] = {
    {"a hash type that is none", KX_ALL_STEPS, KX_BATCH_TX_HASH_TYPE, REFUSED, NULL,
     first_type_is_none},
};

Test(kx_batch_tx_sign, has_hash_types_that_are_some)
{
    kx_tx_rows_expect(rows, ARRAY_LEN(rows), KX_BATCH_TX_HASH_TYPE, KX_BATCH_TX_HASH_TYPE);
}

static const struct kx_tx_row signature_rows[] = {
    {"a voucher of a stranger", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED, voucher_of_a_stranger, NULL},
    {"a voucher of the provider", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED, voucher_of_the_provider,
     NULL},
    {"a voucher of another T", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED, voucher_of_less, NULL},
    {"B05: a voucher of another lineage", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED,
     voucher_of_another_lineage, NULL},
    {"B04: a voucher of mainnet", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED, NULL, voucher_of_mainnet},
    {"B07: a voucher of binding v2", CLAIMS | KX_SINCE(4), KX_BATCH_TX_VOUCHER, REFUSED, NULL,
     voucher_of_binding_v2},
    {"a voucher of nobody", CLAIMS, KX_BATCH_TX_VOUCHER, REFUSED, NULL, no_voucher},
    {"a provider who is a stranger", CLAIMS | KX_STEP(TOP_UP) | KX_SINCE(4), KX_BATCH_TX_PROVIDER,
     REFUSED, provider_is_a_stranger, NULL},
    {"B75: a provider who is the client", CLAIMS | KX_STEP(TOP_UP) | KX_SINCE(4),
     KX_BATCH_TX_PROVIDER, REFUSED, provider_is_the_client, NULL},
    {"B75: no provider", CLAIMS | KX_STEP(TOP_UP) | KX_SINCE(4), KX_BATCH_TX_PROVIDER, REFUSED,
     provider_is_nobody, NULL},
    {"a provider's signature with a bit flipped", CLAIMS, KX_BATCH_TX_PROVIDER, REFUSED, NULL,
     flip_first_signature},
    {"B83: the provider's type is flipped", CLAIMS | KX_SINCE(5), KX_BATCH_TX_PROVIDER, REFUSED,
     NULL, flip_first_type},
    {"a client who is a stranger", KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_CLIENT, REFUSED,
     client_is_a_stranger, NULL},
    {"a client who is the provider", KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_CLIENT, REFUSED,
     client_is_the_provider, NULL},
    {"no client", KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_CLIENT, REFUSED, client_is_nobody,
     NULL},
    {"a client's signature with a bit flipped", KX_STEP(TOP_UP) | KX_STEP(REFUND),
     KX_BATCH_TX_CLIENT, REFUSED, NULL, flip_first_signature},
    {"B83: the client's type is flipped", KX_STEP(TOP_UP) | KX_STEP(REFUND) | KX_SINCE(5),
     KX_BATCH_TX_CLIENT, REFUSED, NULL, flip_first_type},
    {"a funding signature with a bit flipped", FUNDED, KX_BATCH_TX_FUNDING_SIGNATURE, REFUSED, NULL,
     flip_funding},
};

Test(kx_batch_tx_sign, is_signed_by_whom_it_must_be)
{
    kx_tx_rows_expect(signature_rows, ARRAY_LEN(signature_rows), KX_BATCH_TX_VOUCHER,
                      KX_BATCH_TX_FUNDING_SIGNATURE);
}

/* Before anything of the chain is known, a signature of the head's is judged by itself. */
Test(kx_batch_tx_sign, is_judged_without_the_chain)
{
    for (size_t i = 0; i < ARRAY_LEN(signature_rows); i++)
        for (int step = 0; step < KX_LANE_STEPS; step++) {
            const struct kx_tx_row *row = &signature_rows[i];
            struct kx_tx_world *w;

            if ((row->steps & 1U << step) == 0 || row->rule == KX_BATCH_TX_FUNDING_SIGNATURE)
                continue;
            w = kx_tx_world_new(5, (enum kx_lane_step)step);
            w->with.utxos = NULL;
            kx_tx_world_run(w, row->change, row->late);
            cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "row: %s", row->name);
            cr_expect_eq(w->verdict.first, row->rule, "row: %s: %s", row->name,
                         kx_batch_tx_rules[w->verdict.first].id);
            kx_tx_world_free(w);
        }
}

/* What cannot be judged without the coins, and is said not to have been. */
Test(kx_batch_tx_sign, says_what_needs_the_chain)
{
    static const enum kx_batch_tx_rule of_chain[] = {KX_BATCH_TX_COIN, KX_BATCH_TX_CONSENSUS};
    static const enum kx_batch_tx_rule of_funding[] = {
        KX_BATCH_TX_FUNDING, KX_BATCH_TX_FEE,    KX_BATCH_TX_STORAGE_MASS,
        KX_BATCH_TX_BUDGET,  KX_BATCH_TX_SCRIPT, KX_BATCH_TX_FUNDING_SIGNATURE};

    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_tx_world *w = kx_tx_world_new(5, (enum kx_lane_step)step);
        bool is_funded = step == KX_LANE_GENESIS || step == KX_LANE_TOP_UP;
        bool want[KX_BATCH_TX__COUNT] = {false};

        for (size_t i = 0; i < ARRAY_LEN(of_chain); i++)
            want[of_chain[i]] = true;
        for (size_t i = 0; i < ARRAY_LEN(of_funding) && is_funded; i++)
            want[of_funding[i]] = true;
        want[KX_BATCH_TX_COIN] = step != KX_LANE_GENESIS;
        want[KX_BATCH_TX_BUDGET] = step == KX_LANE_TOP_UP;
        w->with.utxos = NULL;
        kx_tx_world_run(w, NULL, NULL);
        cr_expect_eq(w->verdict.outcome, KASPA_UNDECIDED);
        for (int r = 0; r < KX_BATCH_TX__COUNT; r++)
            cr_expect_eq(w->verdict.checks[r].result == KASPA_CHECK_NOT_JUDGED, want[r],
                         "step %d: %s: %s", step, kx_batch_tx_rules[r].id,
                         w->verdict.checks[r].why);
        kx_tx_world_free(w);
    }
}

/* ---- scopes: section 8.2 ---- */

static void expect_valid(const struct kx_tx_world *w, const char *name, unsigned type)
{
    cr_expect_eq(w->verdict.outcome, KASPA_VALID, "%s, type 0x%02x: %s: %s", name, type,
                 kx_batch_tx_rules[w->verdict.first].id, w->verdict.checks[w->verdict.first].why);
}

/* Sections 8.2 and 11. */
Test(kx_batch_tx_scopes, are_six_and_told_where_they_are_weak)
{
    for (int step = 0; step < KX_LANE_STEPS; step++)
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
            struct kx_tx_world *w = kx_tx_world_new(5, (enum kx_lane_step)step);

            w->provider_type = w->client_type = w->funding_type = types[i];
            kx_tx_world_run(w, NULL, NULL);
            expect_valid(w, kx_batch_kind_name(w->plan.kind), types[i]);
            cr_expect_eq(w->verdict.weak_scope, types[i] != 0x01);
            kx_tx_world_free(w);
        }
}

Test(kx_batch_tx_scopes, may_differ_between_client_and_provider)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        for (size_t k = 0; k < ARRAY_LEN(types); k++) {
            struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_TOP_UP);

            w->client_type = types[i];
            w->provider_type = types[k];
            kx_tx_world_run(w, NULL, NULL);
            expect_valid(w, "top-up", types[i]);
            cr_expect_eq(w->verdict.hash_types[KX_BATCH_CLIENT], types[i]);
            cr_expect_eq(w->verdict.hash_types[KX_BATCH_PROVIDER], types[k]);
            cr_expect_eq(w->verdict.hash_types[KX_BATCH_FUNDER], 0x01);
            cr_expect_eq(w->verdict.weak_scope, i + k != 0);
            kx_tx_world_free(w);
        }
}

/* Section 11: SINGLE of a funding input that has no output of its number. */
Test(kx_batch_tx_scopes, may_be_of_an_output_that_is_not_there)
{
    struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_TOP_UP);

    kx_tx_world_add_input(w, 10000000);
    w->outputs[0].value += 10000000;
    w->funding_type = 0x04;
    kx_tx_world_run(w, NULL, NULL);
    expect_valid(w, "top-up", 0x04);
    cr_expect_eq(w->verdict.hash_types[KX_BATCH_FUNDER], 0x04);
    kx_tx_world_free(w);
}

/* B82 */
Test(kx_batch_tx_scopes, that_are_none_are_refused_before_any_digest)
{
    static const uint8_t none[] = {0x00, 0x03, 0x05, 0x08, 0x80, 0x83, 0x85, 0xff};

    for (int step = 0; step < KX_LANE_STEPS; step++)
        for (size_t i = 0; i < ARRAY_LEN(none); i++) {
            struct kx_tx_world *w = kx_tx_world_new(5, (enum kx_lane_step)step);

            kx_tx_world_sign(w);
            kx_tx_world_witness(w)[KX_TX_SIGNATURE_BYTES] = none[i];
            kx_tx_world_judge(w);
            cr_expect_eq(w->verdict.first, KX_BATCH_TX_HASH_TYPE, "step %d, 0x%02x", step, none[i]);
            cr_expect_eq(w->verdict.checks[KX_BATCH_TX_CLIENT].result,
                         step == KX_LANE_TOP_UP || step == KX_LANE_REFUND ? KASPA_CHECK_NOT_JUDGED
                                                                          : KASPA_CHECK_HELD);
            kx_tx_world_free(w);
        }
}

/* Section 8.2: the scripts of escrow-v2 to -v4 look at the byte themselves. */
Test(kx_batch_tx_scopes, are_all_alone_in_older_generations)
{
    for (int generation = 2; generation <= 4; generation++)
        for (int step = KX_LANE_CLAIM; step < KX_LANE_STEPS; step++)
            for (size_t i = 1; i < ARRAY_LEN(types); i++) {
                struct kx_tx_world *w = kx_tx_world_new(generation, (enum kx_lane_step)step);

                w->provider_type = w->client_type = types[i];
                kx_tx_world_run(w, NULL, NULL);
                cr_expect_eq(w->verdict.first, KX_BATCH_TX_HASH_TYPE, "escrow-v%d, step %d, 0x%02x",
                             generation, step, types[i]);
                cr_expect_eq(w->verdict.checks[KX_BATCH_TX_SCRIPT].result, KASPA_CHECK_BROKEN,
                             "escrow-v%d, step %d, 0x%02x", generation, step, types[i]);
                kx_tx_world_free(w);
            }
}

/* Section 16.1 */
Test(kx_batch_tx_scopes, are_six_in_escrow_v1)
{
    static const enum kx_lane_step steps[] = {KX_LANE_CLAIM, KX_LANE_REFUND};

    for (size_t k = 0; k < ARRAY_LEN(steps); k++)
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
            struct kx_tx_world *w = kx_tx_world_new(1, steps[k]);

            w->provider_type = w->client_type = types[i];
            kx_tx_world_run(w, NULL, NULL);
            expect_valid(w, "escrow-v1", types[i]);
            kx_tx_world_free(w);
        }
}

Test(kx_batch_tx_scopes, are_explained)
{
    static const struct {
        enum kx_lane_step step;
        uint8_t provider, client, funding;
        const char *text;
    } explained[] = {
        {KX_LANE_CLAIM, 1, 1, 1, ""},
        {KX_LANE_CLAIM, 0x02, 1, 1,
         "The provider signed 0x02, which leaves open: the payout, down to 1 sompi, and D, up to "
         "T - S. "},
        {KX_LANE_CLAIM, 0x84, 1, 1,
         "The provider signed 0x84, which leaves open: D, up to T - S, where what the successor "
         "then lacks is fee; and no other input, since the script allows none. "},
        {KX_LANE_TOP_UP, 0x01, 0x82, 1,
         "The client signed 0x82, which leaves open: the successor, down to V + 1, and the change; "
         "and other inputs. "},
        {KX_LANE_REFUND, 1, 0x02, 1,
         "The client signed 0x02, which leaves open: the refund, down to 1 sompi. "},
        {KX_LANE_GENESIS, 1, 1, 0x81,
         "The owner of a funding coin signed 0x81, which leaves open: other inputs. "},
        {KX_LANE_GENESIS, 1, 1, 0x02,
         "The owner of a funding coin signed 0x02, which leaves open: what its coin pays for. "},
        {KX_LANE_TOP_UP, 0x04, 1, 0x04,
         "The provider signed 0x04, which leaves open: the change. The owner of a funding coin "
         "signed 0x04, which leaves open: all outputs but the one of its own number. "},
        {KX_LANE_REFUND, 1, 0x04, 1,
         "The client signed 0x04, which leaves open: nothing: there is no other output. "},
    };

    for (size_t i = 0; i < ARRAY_LEN(explained); i++) {
        struct kx_tx_world *w = kx_tx_world_new(5, explained[i].step);
        struct assay_buf text = ASSAY_BUF_INIT(1024);

        w->provider_type = explained[i].provider;
        w->client_type = explained[i].client;
        w->funding_type = explained[i].funding;
        kx_tx_world_run(w, NULL, NULL);
        kx_batch_tx_add_scopes(&text, w->plan.kind, &w->verdict);
        cr_expect_str_eq(assay_buf_cstr(&text), explained[i].text);
        assay_buf_fini(&text);
        kx_tx_world_free(w);
    }
}

/* B81: whoever sees it raises D to T - S and lowers the payout; nobody signs again, and the total
 * stays the client's. */
Test(kx_batch_tx_scopes, that_are_weak_let_a_claim_be_changed)
{
    struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_CLAIM);
    uint8_t *script;

    w->provider_type = KASPA_SIGHASH_NONE;
    kx_tx_world_sign(w);
    w->outputs[0].value = 5000000;
    w->outputs[1].value = w->head.value - 30000000;
    cr_assert_eq(kx_lane_spk(&w->outputs[1].spk, &w->lane.arena, &w->lane.lane, 30000000),
                 ASSAY_OK);
    cr_assert(kaspa_storage_mass(&w->tx.storage_mass, &w->tx, w->utxos));
    script = kx_tx_world_witness(w) + 66 + 65 + 9 + 1;
    memcpy(script, (const uint8_t[]){0x80, 0xc3, 0xc9, 0x01, 0, 0, 0, 0}, 8);
    w->with.fee_max = KX_BATCH_FEE_MAX_DEFAULT;
    kx_tx_world_judge(w);
    expect_valid(w, "claim", 0x02);
    cr_expect(w->verdict.weak_scope);
    cr_expect_eq(w->verdict.amount, 30000000);
    cr_expect_eq(w->verdict.fee, 25000000);
    cr_expect_leq(w->verdict.next.claimed, w->verdict.total);
    kx_tx_world_free(w);
}
