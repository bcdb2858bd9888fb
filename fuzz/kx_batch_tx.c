/* The life of a batch channel in transactions: up to six of them, each built, then changed in one
 * thing or not, signed anew or not, and judged. Held: what is built is valid, and for the script
 * too; of whatever is valid the money is counted again here, from the transaction alone, and never
 * more is claimed than the client has signed for; over all steps nothing is lost or made. What was
 * changed and not signed anew is refused, and a co-signer signs what is valid and nothing else.
 *
 * An input is the channel and its steps, field by field; signatures are the stand-in's. Source:
 * Kaspa x402 batch digest, sections 6.1, 8 to 11 and 16. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "fuzz/lib/kaspa_make.h"
#include "fuzz/lib/lane.h"
#include "kaspa/covenant.h"
#include "kaspa/txid.h"
#include "kaspa/verify.h"
#include "kaspa_x402/batch_tx.h"

enum { STEPS_MAX = 6, FUNDING_MAX = 3, ARENA_BYTES = 1 << 24 };
enum { CHANGED = 1, SIGNED_ANEW = 2, UNSIGNED = 4, OTHER_TYPES = 8 }; /* options of a step */

struct world {
    struct assay_arena arena;
    struct fuzz_input in;
    struct fuzz_lane sides;
    struct kx_lane lane;
    bool has_head;
    struct kx_lane_head head;
    uint64_t funded, paid, fees, signed_total; /* of the whole lineage */
};

/* One step, as it is judged. */
struct step {
    struct kx_batch_plan plan;
    struct kx_batch_funding funding[FUNDING_MAX];
    uint8_t voucher[ASSAY_SIG_BYTES];
    struct kx_batch_artifact made;
    struct fuzz_tx t;
    struct kaspa_point_of_view pov;
    struct kx_batch_tx with;
    struct kx_batch_tx_verdict verdict;
};

/* ---- the channel ---- */

static void open_lane(struct world *w)
{
    size_t number = fuzz_option_below(&w->in, KX_ESCROW_TEMPLATES);
    uint8_t salt[32];

    fuzz_bytes(&w->in, salt, sizeof(salt));
    fuzz_lane_open(&w->sides, &w->arena, number, salt);
    w->lane = w->sides.lane;
}

/* A coin of a binding without lineages is just there. */
static void find_coin(struct world *w)
{
    if (!w->lane.binding->is_of_outpoint)
        return;
    w->head = (struct kx_lane_head){.outpoint = {{{0x44}}, 2},
                                    .value = fuzz_number(&w->in, 5) + KASPA_SOMPI_PER_KAS};
    w->funded = w->head.value;
    w->has_head = true;
}

/* ---- a step's plan ---- */

static uint8_t type_of(struct fuzz_input *in, uint8_t options)
{
    static const uint8_t types[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

    return (options & OTHER_TYPES) != 0 ? types[fuzz_option_below(in, ARRAY_LEN(types))]
                                        : KASPA_SIGHASH_ALL;
}

static void plan_funding(struct world *w, struct step *s, uint8_t type)
{
    uint64_t sum = 0;

    s->plan.funding_count = 1 + fuzz_option_below(&w->in, FUNDING_MAX);
    for (size_t i = 0; i < s->plan.funding_count; i++) {
        struct kx_batch_funding *funding = &s->funding[i];

        fuzz_bytes(&w->in, funding->outpoint.txid.at, 8);
        funding->outpoint.index = (uint32_t)i;
        funding->utxo =
            (struct kaspa_utxo){.amount = fuzz_number(&w->in, 5) + 10000000, .spk = w->lane.refund};
        funding->signing = (struct kx_batch_signing){.key = &w->sides.client, .hash_type = type};
        sum += funding->utxo.amount;
    }
    s->plan.funding = s->funding;
    s->plan.amount = s->plan.kind == KX_BATCH_GENESIS ? sum - s->plan.fee
                                                      : sum / (1 + fuzz_option_below(&w->in, 4));
}

/* T is above what is claimed, as the client never signs for less; and D within T, or it is not. */
static void plan_claim(struct world *w, struct step *s)
{
    uint8_t digest[ASSAY_SHA256_BYTES];

    s->plan.amount = fuzz_number(&w->in, 4);
    s->plan.total = w->head.claimed + s->plan.amount + (fuzz_option(&w->in) & 0x7f) - 1;
    FUZZ_CHECK(kx_lane_voucher(digest, &w->arena, &w->lane, &w->head, s->plan.total) == ASSAY_OK);
    FUZZ_CHECK(assay_schnorr_sign(s->voucher, digest, &w->sides.client, NULL) == ASSAY_OK);
    s->plan.voucher = s->voucher;
}

static void plan(struct world *w, struct step *s, uint8_t options)
{
    static const enum kx_batch_kind later[] = {KX_BATCH_CLAIM, KX_BATCH_CLAIM, KX_BATCH_TOP_UP,
                                               KX_BATCH_REFUND};

    s->plan = (struct kx_batch_plan){.kind = KX_BATCH_GENESIS, .lane = &w->lane, .head = &w->head};
    if (w->has_head)
        s->plan.kind = later[fuzz_option_below(&w->in, ARRAY_LEN(later))];
    s->plan.fee = fuzz_number(&w->in, 3);
    s->plan.provider = (struct kx_batch_signing){&w->sides.server, NULL, type_of(&w->in, options)};
    s->plan.client = (struct kx_batch_signing){&w->sides.client, NULL, type_of(&w->in, options)};
    if ((options & UNSIGNED) != 0)
        s->plan.provider.key = NULL;
    if (s->plan.kind == KX_BATCH_CLAIM)
        plan_claim(w, s);
    else if (s->plan.kind == KX_BATCH_REFUND)
        s->plan.lock_time = FUZZ_LANE_TIMEOUT_DAA + (fuzz_option(&w->in) & 3) - 1;
    else
        plan_funding(w, s, type_of(&w->in, options));
}

/* ---- judging ---- */

static void judge(struct world *w, struct step *s)
{
    s->with = (struct kx_batch_tx){.kind = s->plan.kind,
                                   .lane = &w->lane,
                                   .head = &w->head,
                                   .tx = &s->t.tx,
                                   .utxos = s->t.utxos,
                                   .pov = &s->pov,
                                   .fee_max = UINT64_C(1) << 24,
                                   .arena = &w->arena};
    s->pov = (struct kaspa_point_of_view){.daa_score = FUZZ_LANE_TIMEOUT_DAA + 3};
    kx_batch_tx_verify(&s->verdict, &s->with);
    FUZZ_CHECK(s->verdict.outcome != KASPA_INVALID ||
               s->verdict.checks[s->verdict.first].why[0] != '\0');
}

static void take(struct step *s)
{
    const struct kaspa_tx *tx = &s->made.tx;
    bool known[FUZZ_TX_PARTS];
    struct kaspa_utxo coins[FUZZ_TX_PARTS];
    struct kaspa_claims claims = {.has_utxo = known, .utxos = coins};

    FUZZ_CHECK(tx->input_count <= FUZZ_TX_PARTS);
    for (size_t i = 0; i < tx->input_count; i++) {
        known[i] = true;
        coins[i] = s->made.utxos[i];
        coins[i].block_daa_score = 1000;
    }
    FUZZ_CHECK(fuzz_tx_load(&s->t, tx, &claims));
}

/* ---- signing anew: the witness keeps its form, its signatures become those of what it is now ----
 */

static struct assay_bytes signed_push(struct world *w, struct step *s, const struct assay_key *key,
                                      uint8_t type)
{
    uint8_t *push = assay_arena_alloc(&w->arena, KASPA_SIGNATURE_PUSH_BYTES);

    FUZZ_CHECK(push != NULL);
    FUZZ_CHECK(kaspa_sign_schnorr(push, &s->t.tx, 0, &s->t.utxos[0],
                                  kaspa_sighash_type_is_known(type) ? type : KASPA_SIGHASH_ALL, key,
                                  NULL) == ASSAY_OK);
    return assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES);
}

static void sign_head(struct world *w, struct step *s)
{
    struct assay_buf witness = ASSAY_BUF_INIT(1 << 14);
    struct assay_bytes old = s->made.tx.inputs[0].signature_script;
    struct kaspa_instruction i = {.next = 0};
    size_t count = 0;

    while (i.next < old.len) {
        bool is_client;

        FUZZ_CHECK(kaspa_instruction_decode(&i, old, i.next) == KASPA_SCRIPT_OK);
        is_client = s->plan.kind != KX_BATCH_CLAIM && count == 0;
        if (i.data.len == KX_TX_SIGNATURE_BYTES) {
            assay_buf_add(&witness,
                          signed_push(w, s, is_client ? &w->sides.client : &w->sides.server,
                                      i.data.at[KX_TX_SIGNATURE_BYTES - 1]));
            count++;
        } else {
            assay_buf_add(&witness, assay_bytes_part(old, i.at, i.next));
        }
    }
    s->t.inputs[0].signature_script = assay_arena_copy(&w->arena, assay_buf_view(&witness));
    FUZZ_CHECK(assay_buf_ok(&witness) && s->t.inputs[0].signature_script.at != NULL);
    assay_buf_fini(&witness);
}

static void change(struct world *w, struct step *s, uint8_t options)
{
    struct fuzz_dice dice;

    fuzz_dice_init(&dice, (unsigned)fuzz_number(&w->in, 4));
    fuzz_tx_change(&s->t, &dice);
    if ((options & SIGNED_ANEW) == 0 || s->t.tx.input_count == 0)
        return;
    fuzz_tx_sign(&s->t, KASPA_SIGHASH_ALL);
    if (s->plan.kind != KX_BATCH_GENESIS)
        sign_head(w, s);
}

/* ---- what a valid one must be ---- */

static uint64_t spent(const struct step *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < s->t.tx.input_count; i++) {
        FUZZ_CHECK(s->t.utxos[i].amount <= KASPA_MAX_SOMPI && sum <= KASPA_MAX_SOMPI);
        sum += s->t.utxos[i].amount;
    }
    return sum;
}

static uint64_t output(const struct step *s, size_t i, const struct kaspa_spk *spk)
{
    FUZZ_CHECK(i < s->t.tx.output_count && kaspa_spk_equal(&s->t.tx.outputs[i].spk, spk));
    FUZZ_CHECK(s->t.tx.outputs[i].value <= KASPA_MAX_SOMPI);
    return s->t.tx.outputs[i].value;
}

/* The output that goes on, at a total claimed. */
static uint64_t successor(struct world *w, struct step *s, size_t i, uint64_t claimed)
{
    const struct kaspa_output *out;
    struct kaspa_spk spk;
    uint64_t value;

    FUZZ_CHECK(kx_lane_spk(&spk, &w->arena, &w->lane, claimed) == ASSAY_OK);
    value = output(s, i, &spk);
    out = &s->t.tx.outputs[i];
    FUZZ_CHECK(out->has_covenant == !w->lane.binding->is_of_outpoint);
    FUZZ_CHECK(
        !out->has_covenant || s->plan.kind == KX_BATCH_GENESIS ||
        (out->authorizing_input == 0 && kaspa_hash_equal(&out->covenant_id, &w->head.covenant_id)));
    FUZZ_CHECK(s->verdict.has_next && s->verdict.next.outpoint.index == i);
    FUZZ_CHECK(s->verdict.next.value == value && s->verdict.next.claimed == claimed);
    return value;
}

/* The witness holds a voucher of the client's for the total that it says. */
static void check_voucher(struct world *w, struct step *s)
{
    struct assay_bytes script = s->t.tx.inputs[0].signature_script;
    struct kaspa_instruction i = {.next = 0};
    uint8_t digest[ASSAY_SHA256_BYTES];
    size_t count = 0;

    FUZZ_CHECK(kx_lane_voucher(digest, &w->arena, &w->lane, &w->head, s->verdict.total) ==
               ASSAY_OK);
    while (i.next < script.len) {
        FUZZ_CHECK(kaspa_instruction_decode(&i, script, i.next) == KASPA_SCRIPT_OK);
        if (i.data.len != ASSAY_SIG_BYTES)
            continue;
        FUZZ_CHECK(assay_schnorr_verify(i.data.at, digest, w->sides.client.xonly) ==
                   ASSAY_SIG_GOOD);
        count++;
    }
    FUZZ_CHECK(count == 1);
    if (s->verdict.total > w->signed_total)
        w->signed_total = s->verdict.total;
}

static void check_claim(struct world *w, struct step *s)
{
    bool has_lineage = !w->lane.binding->is_of_outpoint;
    uint64_t amount = s->verdict.amount, claimed = w->head.claimed + amount;
    uint64_t left = successor(w, s, 1, claimed), paid = output(s, 0, &w->lane.payout);

    FUZZ_CHECK(s->t.tx.output_count == 2 && amount > 0 && left > 0 && paid > 0);
    check_voucher(w, s);
    FUZZ_CHECK(has_lineage ? claimed <= s->verdict.total : amount <= s->verdict.total);
    FUZZ_CHECK(left + amount == w->head.value && paid + s->verdict.fee == amount);
    w->paid += paid;
}

static void check_top_up(struct world *w, struct step *s)
{
    uint64_t value = successor(w, s, 0, w->head.claimed), back = 0;

    FUZZ_CHECK(s->t.tx.output_count <= 2);
    if (s->t.tx.output_count == 2)
        back = output(s, 1, &w->lane.refund);
    FUZZ_CHECK(value == w->head.value + s->verdict.amount && s->verdict.amount > 0);
    FUZZ_CHECK(value + back + s->verdict.fee == spent(s));
    w->funded += spent(s) - w->head.value;
    w->paid += back;
}

static void check_refund(struct world *w, struct step *s)
{
    uint64_t back = output(s, 0, &w->lane.refund);

    FUZZ_CHECK(s->t.tx.output_count == 1 && s->t.tx.lock_time >= FUZZ_LANE_TIMEOUT_DAA);
    FUZZ_CHECK(back + s->verdict.fee == w->head.value && !s->verdict.has_next);
    w->paid += back;
}

static void check_genesis(struct world *w, struct step *s)
{
    struct kaspa_genesis_output begun = {0, &s->t.outputs[0]};
    struct kaspa_hash id;

    kaspa_covenant_id(&id, &s->t.inputs[0].previous, &begun, 1);
    FUZZ_CHECK(kaspa_hash_equal(&id, &s->t.outputs[0].covenant_id));
    FUZZ_CHECK(kaspa_hash_equal(&id, &s->verdict.next.covenant_id));
    FUZZ_CHECK(successor(w, s, 0, 0) == s->verdict.amount && s->t.tx.output_count == 1);
    w->funded += spent(s);
}

/* Then the lineage goes on from it, or has ended. */
static void check_valid(struct world *w, struct step *s)
{
    static void (*const checks[KX_BATCH_KINDS])(struct world *, struct step *) = {
        [KX_BATCH_GENESIS] = check_genesis,
        [KX_BATCH_CLAIM] = check_claim,
        [KX_BATCH_TOP_UP] = check_top_up,
        [KX_BATCH_REFUND] = check_refund,
    };
    struct kaspa_verify with = {.utxos = s->t.utxos, .pov = &s->pov, .arena = &w->arena};
    struct kaspa_verdict consensus;
    struct kaspa_hash id;

    kaspa_tx_verify(&consensus, &s->t.tx, &with);
    kaspa_txid(&id, &s->t.tx);
    FUZZ_CHECK(consensus.outcome == KASPA_VALID && kaspa_hash_equal(&id, &s->verdict.id));
    FUZZ_CHECK(s->verdict.has_fee && s->verdict.fee == consensus.fee);
    FUZZ_CHECK(s->verdict.fee <= s->with.fee_max);
    checks[s->plan.kind](w, s);
    w->fees += s->verdict.fee;
    w->has_head = s->verdict.has_next;
    if (w->has_head)
        w->head = s->verdict.next;
    FUZZ_CHECK(w->funded == w->paid + w->fees + (w->has_head ? w->head.value : 0));
    FUZZ_CHECK(w->lane.binding->is_of_outpoint || w->head.claimed <= w->signed_total);
}

/* Whoever is asked for his signature signs what is valid with it, and it is what was asked. */
static void check_co_sign(struct world *w, const struct step *s)
{
    struct kx_batch_tx again = s->with;
    struct kx_batch_tx_verdict verdict;
    struct kx_batch_artifact made;
    struct assay_err err = {0};
    struct kaspa_hash id;

    if (kx_batch_tx_co_sign(&made, &s->with, &w->sides.server, &err) != ASSAY_OK) {
        FUZZ_CHECK(err.text[0] != '\0');
        FUZZ_CHECK(s->verdict.outcome != KASPA_VALID || !w->lane.tmpl->is_cosigned);
        return;
    }
    kaspa_txid(&id, &s->t.tx);
    again.tx = &made.tx;
    kx_batch_tx_verify(&verdict, &again);
    FUZZ_CHECK(verdict.outcome == KASPA_VALID && kaspa_hash_equal(&id, &made.id));
}

/* ---- a step ---- */

/* False: there is nothing to go on with. */
static bool take_step(struct world *w)
{
    uint8_t options = fuzz_option(&w->in);
    struct step s = {.voucher = {0}};
    struct assay_err err = {0};
    struct kaspa_hash id;

    plan(w, &s, options);
    if (kx_batch_tx_build(&s.made, &w->arena, &s.plan, &err) != ASSAY_OK) {
        FUZZ_CHECK(err.text[0] != '\0');
        return w->has_head;
    }
    take(&s);
    judge(w, &s);
    FUZZ_CHECK(s.made.is_complete == (s.verdict.outcome == KASPA_VALID) ||
               s.verdict.fee > s.with.fee_max);
    if ((options & CHANGED) != 0) {
        change(w, &s, options);
        judge(w, &s);
        kaspa_txid(&id, &s.t.tx);
        FUZZ_CHECK(s.verdict.outcome != KASPA_VALID || kaspa_hash_equal(&id, &s.made.id) ||
                   (options & (SIGNED_ANEW | OTHER_TYPES)) != 0);
    }
    if (s.plan.kind == KX_BATCH_TOP_UP)
        check_co_sign(w, &s);
    if (s.verdict.outcome == KASPA_VALID)
        check_valid(w, &s);
    return w->has_head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES), .in = fuzz_input_of(data, size)};

    open_lane(&w);
    find_coin(&w);
    for (size_t i = 0; i < STEPS_MAX && w.in.rest.len > 0; i++) {
        if (!take_step(&w))
            break;
    }
    assay_arena_fini(&w.arena);
    return 0;
}
