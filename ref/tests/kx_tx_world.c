/* An official batch transaction that can be changed; see kx_tx_world.h. */
#include "ref/tests/kx_tx_world.h"

#include "kaspa/sign.h"
#include "kaspa/txid.h"

#include <stdio.h>
#include <stdlib.h>

static void meet_stranger(struct kx_tx_world *w)
{
    struct kaspa_address address = {
        .network = KASPA_TESTNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};
    uint8_t *script = assay_arena_alloc(&w->lane.arena, KASPA_SPK_MAX_STANDARD_BYTES);

    kaspa_key_from_seed(&w->stranger, ASSAY_LIT("batch"), ASSAY_LIT("stranger"));
    memcpy(address.payload, w->stranger.xonly, 32);
    cr_assert_not_null(script);
    kaspa_address_script(&w->stranger_spk, script, &address);
}

static void take_apart(struct kx_tx_world *w, const struct kx_batch_artifact *made)
{
    w->tx = made->tx;
    memcpy(w->inputs, made->tx.inputs, made->tx.input_count * sizeof(w->inputs[0]));
    memcpy(w->outputs, made->tx.outputs, made->tx.output_count * sizeof(w->outputs[0]));
    memcpy(w->utxos, made->utxos, made->tx.input_count * sizeof(w->utxos[0]));
    w->tx.inputs = w->inputs;
    w->tx.outputs = w->outputs;
}

static void take_witness(struct kx_tx_world *w)
{
    static const enum kx_escrow_path paths[] = {KX_ESCROW_COMMON, KX_ESCROW_CLAIM, KX_ESCROW_TOP_UP,
                                                KX_ESCROW_REFUND};
    bool is_claim = w->plan.kind == KX_BATCH_CLAIM, is_top_up = w->plan.kind == KX_BATCH_TOP_UP;
    struct kx_lane_world *lane = &w->lane;

    w->total = w->voucher_total = w->plan.total;
    w->amount = w->plan.amount;
    w->voucher_head = w->head;
    w->selector = lane->lane.tmpl->selectors[paths[w->plan.kind]];
    w->provider = is_claim || (is_top_up && lane->lane.tmpl->is_cosigned) ? &lane->server : NULL;
    w->client = is_claim ? NULL : &lane->client;
    w->voucher = is_claim ? &lane->client : NULL;
    w->provider_type = w->client_type = w->funding_type = KASPA_SIGHASH_ALL;
    cr_assert_eq(kx_lane_redeem(&w->redeem, &lane->arena, &lane->lane, w->head.claimed), ASSAY_OK);
}

struct kx_tx_world *kx_tx_world_new(int generation, enum kx_lane_step step)
{
    struct kx_tx_world *w = calloc(1, sizeof(*w));
    struct kx_batch_artifact made;

    cr_assert_not_null(w);
    kx_lane_world_init(&w->lane);
    kx_lane_world_generation(&w->lane, generation);
    kx_lane_world_plan(&w->plan, &w->lane, step);
    kx_lane_world_build(&made, &w->lane, &w->plan);
    w->head = *w->plan.head;
    meet_stranger(w);
    take_apart(w, &made);
    take_witness(w);
    w->pov = (struct kaspa_point_of_view){.daa_score = 123456790};
    w->with = (struct kx_batch_tx){
        .kind = w->plan.kind,
        .lane = &w->lane.lane,
        .head = &w->head,
        .tx = &w->tx,
        .utxos = w->utxos,
        .is_missing = w->is_missing,
        .pov = &w->pov,
        .fee_max = w->plan.fee,
        .arena = &w->lane.arena,
    };
    return w;
}

void kx_tx_world_free(struct kx_tx_world *w)
{
    assay_key_wipe(&w->stranger);
    kx_lane_world_fini(&w->lane);
    free(w);
}

/* Of the coin that the chain has. key NULL: zeros. */
static void add_signature(struct assay_buf *out, struct kx_tx_world *w, size_t input,
                          const struct assay_key *key, uint8_t type)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES] = {KX_TX_SIGNATURE_BYTES};

    push[sizeof(push) - 1] = type;
    if (key != NULL)
        cr_assert_eq(kaspa_sign_schnorr(push, &w->tx, input, &w->utxos[input], type, key, NULL),
                     ASSAY_OK);
    assay_buf_add(out, assay_bytes_of(push, sizeof(push)));
}

static void add_number(struct assay_buf *out, uint64_t number)
{
    assay_buf_add_byte(out, 8);
    for (int i = 0; i < 8; i++)
        assay_buf_add_byte(out, (uint8_t)(number >> 8 * i));
}

static void add_arguments(struct assay_buf *out, struct kx_tx_world *w)
{
    uint8_t voucher[ASSAY_SIG_BYTES] = {0}, digest[32];

    if (w->plan.kind != KX_BATCH_CLAIM) {
        add_signature(out, w, 0, w->client, w->client_type);
        if (w->plan.kind == KX_BATCH_TOP_UP && w->lane.lane.tmpl->is_cosigned)
            add_signature(out, w, 0, w->provider, w->provider_type);
        return;
    }
    add_signature(out, w, 0, w->provider, w->provider_type);
    cr_assert_eq(
        kx_lane_voucher(digest, &w->lane.arena, &w->lane.lane, &w->voucher_head, w->voucher_total),
        ASSAY_OK);
    cr_assert_eq(assay_schnorr_sign(voucher, digest, w->voucher, NULL), ASSAY_OK);
    assay_buf_add_byte(out, sizeof(voucher));
    assay_buf_add(out, assay_bytes_of(voucher, sizeof(voucher)));
    add_number(out, w->total);
    if (!w->lane.lane.binding->is_of_outpoint)
        add_number(out, w->amount);
}

static void sign_input(struct kx_tx_world *w, size_t i)
{
    struct assay_buf script = ASSAY_BUF_INIT(4096);

    if (i == 0 && w->plan.kind != KX_BATCH_GENESIS) {
        add_arguments(&script, w);
        assay_buf_add(&script, w->selector);
        kaspa_script_add_push(&script, w->redeem);
    } else {
        add_signature(&script, w, i, &w->lane.client, w->funding_type);
    }
    w->inputs[i].signature_script = assay_arena_copy(&w->lane.arena, assay_buf_view(&script));
    assay_buf_fini(&script);
}

void kx_tx_world_sign(struct kx_tx_world *w)
{
    uint64_t mass;

    if (kaspa_storage_mass(&mass, &w->tx, w->utxos))
        w->tx.storage_mass = mass;
    for (size_t i = 0; i < w->tx.input_count; i++)
        sign_input(w, i);
}

void kx_tx_world_judge(struct kx_tx_world *w)
{
    kx_batch_tx_verify(&w->verdict, &w->with);
}

void kx_tx_world_run(struct kx_tx_world *w, kx_tx_change *change, kx_tx_change *late)
{
    if (change != NULL)
        change(w);
    kx_tx_world_sign(w);
    if (late != NULL)
        late(w);
    kx_tx_world_judge(w);
}

uint8_t *kx_tx_world_witness(struct kx_tx_world *w)
{
    struct assay_bytes script = w->inputs[0].signature_script;
    uint8_t *copy = assay_arena_alloc(&w->lane.arena, script.len);

    cr_assert_not_null(copy);
    memcpy(copy, script.at, script.len);
    w->inputs[0].signature_script = assay_bytes_of(copy, script.len);
    return copy;
}

struct kaspa_output *kx_tx_world_add_output(struct kx_tx_world *w, uint64_t value,
                                            const struct kaspa_spk *spk)
{
    struct kaspa_output *output = &w->outputs[w->tx.output_count++];

    cr_assert_leq(w->tx.output_count, KX_TX_WORLD_MAX);
    *output = (struct kaspa_output){.value = value, .spk = *spk};
    return output;
}

void kx_tx_world_add_input(struct kx_tx_world *w, uint64_t value)
{
    size_t i = w->tx.input_count++;

    cr_assert_leq(w->tx.input_count, KX_TX_WORLD_MAX);
    w->inputs[i] = (struct kaspa_input){.commit_kind = KASPA_COMMIT_BUDGET, .commit = 10};
    memset(w->inputs[i].previous.txid.at, 0x30, KASPA_HASH_BYTES);
    w->utxos[i] = (struct kaspa_utxo){.amount = value, .spk = w->lane.lane.refund};
}

static enum kx_on_chain on_chain(const struct kx_batch_tx_verdict *v)
{
    switch (v->checks[KX_BATCH_TX_SCRIPT].result) {
    case KASPA_CHECK_HELD:
        return ALLOWED;
    case KASPA_CHECK_BROKEN:
        return REFUSED;
    case KASPA_CHECK_UNDECIDED:
    case KASPA_CHECK_NOT_JUDGED:
        break;
    }
    return NOT_RUN;
}

/* A provider that is asked for it signs what is right, or nothing. Witness and budgets, which the
 * id does not cover, are made anew. */
static void expect_co_signed(struct kx_tx_world *w, const char *name)
{
    struct kx_batch_artifact made;
    struct assay_err err = {0};
    enum assay_code rc = kx_batch_tx_co_sign(&made, &w->with, &w->lane.server, &err);
    struct kaspa_hash id;

    if (rc != ASSAY_OK) {
        cr_expect_neq(err.text[0], '\0', "row: %s", name);
        return;
    }
    kaspa_txid(&id, &w->tx);
    cr_expect(kaspa_hash_equal(&made.id, &id), "row: %s", name);
    w->with.tx = &made.tx;
    kx_tx_world_judge(w);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID, "row: %s: %s", name,
                 w->verdict.checks[w->verdict.first].why);
}

static void expect_row(const struct kx_tx_row *row, enum kx_lane_step step, int generation)
{
    static const char *const outcomes[] = {"refused", "allowed", "not run"};
    struct kx_tx_world *w = kx_tx_world_new(generation, step);
    const struct kx_batch_tx_verdict *v = &w->verdict;
    const struct kx_check *check = &v->checks[row->rule];
    char name[128];

    (void)snprintf(name, sizeof(name), "%s, step %d, escrow-v%d", row->name, (int)step, generation);
    kx_tx_world_run(w, row->change, row->late);
    cr_expect_eq(v->outcome, KASPA_INVALID, "row: %s", name);
    cr_expect_eq(v->first, row->rule, "row: %s: %s: %s", name, kx_batch_tx_rules[v->first].id,
                 v->checks[v->first].why);
    cr_expect_eq(check->local, kx_batch_tx_rules[row->rule].local, "row: %s", name);
    cr_expect_neq(check->why[0], '\0', "row: %s", name);
    cr_expect_eq(on_chain(v), row->on_chain, "row: %s: %s on chain: %s", name,
                 outcomes[on_chain(v)], v->checks[KX_BATCH_TX_SCRIPT].why);
    if (step == KX_LANE_TOP_UP && w->lane.lane.tmpl->is_cosigned)
        expect_co_signed(w, name);
    kx_tx_world_free(w);
}

static void expect_generations(const struct kx_tx_row *row)
{
    int since = (int)(row->steps >> 8);

    for (int generation = since != 0 ? since : 2; generation <= 5; generation++)
        for (int step = 0; step < KX_LANE_STEPS; step++)
            if ((row->steps & 1U << step) != 0)
                expect_row(row, (enum kx_lane_step)step, generation);
}

static bool has_row(const struct kx_tx_row *rows, size_t count, enum kx_batch_tx_rule rule,
                    enum kx_batch_kind kind)
{
    static const unsigned steps[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = KX_STEP(GENESIS),
        [KX_BATCH_CLAIM] = KX_STEP(CLAIM) | KX_STEP(CLAIM_TWO),
        [KX_BATCH_TOP_UP] = KX_STEP(TOP_UP),
        [KX_BATCH_REFUND] = KX_STEP(REFUND),
    };
    size_t i = 0;

    while (i < count && (rows[i].rule != rule || (rows[i].steps & steps[kind]) == 0))
        i++;
    return i < count;
}

void kx_tx_rows_expect(const struct kx_tx_row *rows, size_t count, enum kx_batch_tx_rule first,
                       enum kx_batch_tx_rule last)
{
    for (size_t i = 0; i < count; i++)
        expect_generations(&rows[i]);
    for (int r = (int)first; r <= (int)last; r++)
        for (int kind = 0; kind < KX_BATCH_KINDS; kind++)
            cr_expect((kx_batch_tx_rules[r].kinds & 1U << kind) == 0 ||
                          has_row(rows, count, (enum kx_batch_tx_rule)r, (enum kx_batch_kind)kind),
                      "%s has no row for a %s", kx_batch_tx_rules[r].id,
                      kx_batch_kind_name((enum kx_batch_kind)kind));
}
