/* The official batch transactions: rebuilt from configuration and keys alone, byte for byte, and
 * judged. Sections are those of the batch digest. */
#include "ref/tests/channel_txs.h"
#include "ref/tests/kx_lane_world.h"

#include "kaspa/txid.h"

static struct kx_lane_world w;

static void setup(void)
{
    kx_lane_world_init(&w);
}

static void teardown(void)
{
    kx_lane_world_fini(&w);
}

TestSuite(kx_batch_tx_official, .init = setup, .fini = teardown);

/* Those of the generations that the vectors are of, by the number of their template. */
static const struct {
    const char *file;
    int generation;
    enum kx_lane_step step;
} rows[] = {
    {"kaspa-x402/vectors/tx-v1/batch-genesis.json", 5, KX_LANE_GENESIS},
    {"kaspa-x402/vectors/tx-v1/batch-claim.json", 5, KX_LANE_CLAIM},
    {"kaspa-x402/vectors/tx-v1/batch-claim-second.json", 5, KX_LANE_CLAIM_TWO},
    {"kaspa-x402/vectors/tx-v1/batch-top-up.json", 5, KX_LANE_TOP_UP},
    {"kaspa-x402/vectors/tx-v1/batch-refund.json", 5, KX_LANE_REFUND},
    {"kaspa-x402/older/escrow-v4/vectors/tx-v1/batch-refund.json", 4, KX_LANE_REFUND},
    {"kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-genesis.json", 2, KX_LANE_GENESIS},
    {"kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-claim.json", 2, KX_LANE_CLAIM},
};

static void expect_bytes(const char *row, struct assay_bytes found, const json_t *want)
{
    cr_expect(assay_bytes_equal(found, upstream_hex(&w.arena, want)), "row: %s", row);
}

static struct assay_bytes encoded(const struct kaspa_tx *tx)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    struct assay_bytes copy;

    kaspa_tx_encode(&out, tx, KASPA_ENCODE_ALL);
    copy = assay_arena_copy(&w.arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    return copy;
}

/* Newer vectors have a list of digests, one an input; older ones a single one. */
static const json_t *digest_of(const json_t *want, size_t input)
{
    const json_t *list = json_object_get(want, "sighashes");
    const json_t *one =
        list != NULL ? json_array_get(list, input) : json_object_get(want, "sighash");

    return json_object_get(one, "digest");
}

static void expect_digests(const char *row, const struct kx_batch_artifact *made,
                           enum kx_batch_kind kind, const json_t *want)
{
    size_t first = kind == KX_BATCH_GENESIS ? 0 : 1;

    if (kind == KX_BATCH_CLAIM || kind == KX_BATCH_TOP_UP)
        upstream_expect_hash(&made->digests[KX_BATCH_PROVIDER], digest_of(want, 0), row);
    if (kind == KX_BATCH_TOP_UP || kind == KX_BATCH_REFUND)
        upstream_expect_hash(&made->digests[KX_BATCH_CLIENT], digest_of(want, 0), row);
    for (size_t i = first; i < made->tx.input_count; i++)
        upstream_expect_hash(&made->funding[i - first], digest_of(want, i), row);
}

static void expect_artifact(const char *row, const struct kx_batch_artifact *made,
                            enum kx_batch_kind kind, const json_t *want)
{
    const json_t *tx = json_object_get(want, "transaction");

    cr_expect(made->is_complete, "row: %s", row);
    upstream_expect_hash(&made->id, json_object_get(want, "transactionId"), row);
    upstream_expect_hash(&made->hash, json_object_get(want, "transactionHash"), row);
    expect_bytes(row, encoded(&made->tx), json_object_get(want, "serializedTransaction"));
    cr_expect_eq(made->tx.storage_mass, upstream_u64(json_object_get(tx, "mass")), "row: %s", row);
    cr_expect_eq(kaspa_estimated_size(&made->tx),
                 upstream_u64(json_object_get(tx, "estimatedSerializedSize")), "row: %s", row);
    for (size_t i = 0; i < made->tx.input_count; i++)
        cr_expect_eq(made->tx.inputs[i].commit,
                     upstream_u64(json_object_get(json_array_get(json_object_get(tx, "inputs"), i),
                                                  "computeBudget")),
                     "row: %s", row);
    expect_digests(row, made, kind, want);
}

/* Section 8.4; the channel of escrow-v4's one vector is of another length of life, with the same
 * steps. */
Test(kx_batch_tx_official, is_rebuilt_byte_for_byte)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *doc = upstream_load(rows[i].file);
        struct kx_batch_artifact made;
        struct kx_batch_plan plan;

        kx_lane_world_generation(&w, rows[i].generation);
        kx_lane_world_plan(&plan, &w, rows[i].step);
        kx_lane_world_build(&made, &w, &plan);
        expect_artifact(rows[i].file, &made, plan.kind, json_object_get(doc, "expected"));
        json_decref(doc);
    }
}

static void expect_every_rule_judged(const char *row, const struct kx_batch_tx_verdict *v)
{
    cr_expect_eq(v->outcome, KASPA_VALID, "row: %s", row);
    for (int r = 0; r < KX_BATCH_TX__COUNT; r++)
        cr_expect_eq(v->checks[r].result, KASPA_CHECK_HELD, "row: %s: %s: %s", row,
                     kx_batch_tx_rules[r].id, v->checks[r].why);
}

static const struct kaspa_point_of_view after = {.daa_score = 123456790};

Test(kx_batch_tx_official, is_judged_by_every_rule_and_holds)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_tx_verdict verdict;
        struct channel_tx official;
        struct kx_batch_plan plan;

        channel_tx_load(&official, rows[i].file);
        kx_lane_world_generation(&w, rows[i].generation);
        kx_lane_world_plan(&plan, &w, rows[i].step);
        kx_batch_tx_verify(&verdict, &(struct kx_batch_tx){.kind = plan.kind,
                                                           .lane = &w.lane,
                                                           .head = plan.head,
                                                           .tx = &official.tx,
                                                           .utxos = official.utxos,
                                                           .pov = &after,
                                                           .fee_max = plan.fee,
                                                           .arena = &w.arena});
        expect_every_rule_judged(rows[i].file, &verdict);
        upstream_expect_hash(&verdict.id, json_object_get(official.want, "transactionId"),
                             rows[i].file);
        cr_expect_eq(verdict.fee, plan.fee, "row: %s", rows[i].file);
        cr_expect_not(verdict.weak_scope, "row: %s", rows[i].file);
        channel_tx_free(&official);
    }
}

static void expect_hex(const struct kaspa_hash *found, const char *want)
{
    json_t *text = json_string(want);

    upstream_expect_hash(found, text, want);
    json_decref(text);
}

/* Section 16.1: of these the vectors say id, hash and digest alone. */
Test(kx_batch_tx_official, of_binding_v1_has_the_pinned_ids)
{
    static const struct {
        enum kx_lane_step step;
        const char *id, *hash, *digest;
    } pins[] = {
        {KX_LANE_CLAIM, "d9820918c4c0425fa121f6da30601ecb833f4c75f7d72d8d2b85b600a4afb8b1",
         "c33648576c065dcd377c629192a7224aba512dfcae18b41c56e50feb7f56bf23",
         "b9ac2f8bd5ffcda0721159a675c5cffdf5fe1143942b76059ebe3d26cd5e1a5f"},
        {KX_LANE_REFUND, "2fcc817afffe96f75bfdaaab14dc23ef559d7a4e8b53b9be971a50e28fe6ba36",
         "a6460e116616c56e5d6e21f3f1be7f834b4377777914e64d0a42c3683b805e8a",
         "2de3a948548066243905b6b7013a39812e9b412b7a88907cc3d0b6298fd776b2"},
    };

    kx_lane_world_generation(&w, 1);
    for (size_t i = 0; i < ARRAY_LEN(pins); i++) {
        struct kx_batch_artifact made;
        struct kx_batch_plan plan;

        kx_lane_world_plan(&plan, &w, pins[i].step);
        kx_lane_world_build(&made, &w, &plan);
        expect_hex(&made.id, pins[i].id);
        expect_hex(&made.hash, pins[i].hash);
        expect_hex(&made.digests[plan.kind == KX_BATCH_CLAIM ? KX_BATCH_PROVIDER : KX_BATCH_CLIENT],
                   pins[i].digest);
    }
}

/* Every generation, whatever the vectors have of it. */
Test(kx_batch_tx_official, has_every_step_in_every_generation)
{
    for (int number = 1; number <= KX_ESCROW_TEMPLATES; number++) {
        kx_lane_world_generation(&w, number);
        for (int step = 0; step < KX_LANE_STEPS; step++) {
            struct kx_batch_tx_verdict verdict;
            struct kx_batch_artifact made;
            struct kx_batch_plan plan;
            char row[64];

            kx_lane_world_plan(&plan, &w, (enum kx_lane_step)step);
            if (number == 1 && (plan.kind == KX_BATCH_GENESIS || plan.kind == KX_BATCH_TOP_UP))
                continue;
            kx_lane_world_build(&made, &w, &plan);
            kx_batch_tx_verify(&verdict, &(struct kx_batch_tx){.kind = plan.kind,
                                                               .lane = &w.lane,
                                                               .head = plan.head,
                                                               .tx = &made.tx,
                                                               .utxos = made.utxos,
                                                               .pov = &after,
                                                               .fee_max = plan.fee,
                                                               .arena = &w.arena});
            (void)snprintf(row, sizeof(row), "escrow-v%d, step %d", number, step);
            expect_every_rule_judged(row, &verdict);
        }
    }
}
