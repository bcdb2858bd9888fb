/* What is really locked and signed: common scripts, true signatures and nearly true ones, whole
 * transactions of the builder; see kaspa_gen_internal.h. */
#include "fuzz/kaspa_gen_internal.h"

#include "kaspa/build.h"
#include "kaspa/engine.h"

#define BUILD_ARENA_BYTES ((size_t)16 << 20)

/* ---- signatures ---- */

static uint8_t any_type(struct kaspa_gen *g)
{
    static const uint8_t types[] = {0x01, 0x01, 0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

    return types[gen_below(g, ARRAY_LEN(types))];
}

/* The other s of the same ECDSA signature: the group's order less it. */
static void negate_s(uint8_t *s)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                      0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    unsigned borrow = 0;

    for (size_t i = sizeof(order); i-- > 0;) {
        unsigned difference = 0x100u + order[i] - s[i] - borrow;

        s[i] = (uint8_t)difference;
        borrow = difference < 0x100 ? 1 : 0;
    }
}

/* `push` is the opcode, 64 bytes and the type. Returns how many bytes of it are left. */
static size_t spoil_signature(struct kaspa_gen *g, uint8_t *push)
{
    uint8_t *sig = push + 1;

    switch (gen_below(g, 7)) {
    case 0:
        sig[gen_below(g, ASSAY_SIG_BYTES)] ^= (uint8_t)(1 << gen_below(g, 8));
        break;
    case 1:
        sig[ASSAY_SIG_BYTES] = (uint8_t)gen_below(g, 256);
        break;
    case 2:
        negate_s(sig + 32);
        break;
    case 3: /* above the order */
        memset(sig + (gen_chance(g, 50) ? 32 : 0), 0xff, 32);
        break;
    case 4:
        memset(sig + (gen_chance(g, 50) ? 32 : 0), 0, 32);
        break;
    case 5: /* the type moves down with the end */
        sig[ASSAY_SIG_BYTES - 1] = sig[ASSAY_SIG_BYTES];
        push[0]--;
        return KASPA_SIGNATURE_PUSH_BYTES - 1;
    default:
        push[0] = KASPA_OP_0;
        return 1;
    }
    return KASPA_SIGNATURE_PUSH_BYTES;
}

void gen_signature(struct kaspa_gen *g, const struct gen_tx *t, struct assay_buf *out, size_t key,
                   bool is_ecdsa, uint32_t wrong_one_in)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES] = {KASPA_OP_DATA65};
    bool is_wrong = gen_one_in(g, wrong_one_in);
    size_t input = is_wrong && gen_one_in(g, 5) ? 0 : t->input, len = sizeof(push);
    const struct kaspa_utxo *utxo = &t->utxos[input];
    uint8_t type = any_type(g);
    enum assay_code rc =
        is_ecdsa ? kaspa_sign_ecdsa(push, &t->tx, input, utxo, type, &g->keys[key], NULL)
                 : kaspa_sign_schnorr(push, &t->tx, input, utxo, type, &g->keys[key], NULL);

    if (is_wrong || rc != ASSAY_OK)
        len = spoil_signature(g, push);
    assay_buf_add(out, assay_bytes_of(push, len));
}

/* ---- common locks ---- */

enum lock { LOCK_KEY, LOCK_MULTISIG, LOCK_TIME, LOCK_AGE, LOCK_PREIMAGE, LOCK_COVENANT };

struct plan {
    enum lock lock;
    bool is_ecdsa;
    size_t first, signers; /**< whose keys sign, one after the other */
    size_t keys;           /**< MULTISIG: how many there are from `first` on */
    struct assay_bytes preimage;
};

static void add_key(struct kaspa_gen *g, struct assay_buf *out, size_t key, bool is_ecdsa)
{
    const struct assay_key *k = &g->keys[key];

    kaspa_script_add_push(out, is_ecdsa ? assay_bytes_of(k->compressed, sizeof(k->compressed))
                                        : assay_bytes_of(k->xonly, sizeof(k->xonly)));
}

static void add_multisig(struct kaspa_gen *g, struct assay_buf *out, const struct plan *plan)
{
    kaspa_script_add_number(out, (int64_t)plan->signers);
    for (size_t k = 0; k < plan->keys; k++)
        add_key(g, out, plan->first + k, plan->is_ecdsa);
    kaspa_script_add_number(out, (int64_t)plan->keys);
    kaspa_script_add_opcode(out,
                            plan->is_ecdsa ? KASPA_OP_CHECKMULTISIGECDSA : KASPA_OP_CHECKMULTISIG);
}

/* The operand of a lock is unsigned and may fill eight bytes, which no number does. */
static void add_lock(struct kaspa_gen *g, struct assay_buf *out, uint64_t open, uint8_t opcode)
{
    uint64_t wanted = open + gen_below(g, 4) - 2;
    uint8_t bytes[sizeof(wanted)];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(wanted >> (8 * i));
    kaspa_script_add_push(out, assay_bytes_of(bytes, sizeof(bytes)));
    kaspa_script_add_opcode(out, opcode);
}

/* The first output that the input continues is of the same covenant. */
static void add_covenant_rule(struct assay_buf *out)
{
    static const uint8_t rule[] = {
        KASPA_OP_TXINPUTINDEX,  KASPA_OP_INPUTCOVENANTID,  KASPA_OP_TXINPUTINDEX, KASPA_OP_0,
        KASPA_OP_AUTHOUTPUTIDX, KASPA_OP_OUTPUTCOVENANTID, KASPA_OP_EQUALVERIFY};

    assay_buf_add(out, assay_bytes_of(rule, sizeof(rule)));
}

static void add_locking_script(struct kaspa_gen *g, const struct gen_tx *t, struct assay_buf *out,
                               const struct plan *plan)
{
    uint8_t digest[ASSAY_SHA256_BYTES];

    switch (plan->lock) {
    case LOCK_MULTISIG:
        add_multisig(g, out, plan);
        return;
    case LOCK_TIME:
        add_lock(g, out, t->tx.lock_time, KASPA_OP_CHECKLOCKTIMEVERIFY);
        break;
    case LOCK_AGE:
        add_lock(g, out, t->inputs[t->input].sequence & KASPA_SEQUENCE_LOCK_MASK,
                 KASPA_OP_CHECKSEQUENCEVERIFY);
        break;
    case LOCK_PREIMAGE:
        assay_sha256(digest, plan->preimage);
        kaspa_script_add_opcode(out, KASPA_OP_SHA256);
        kaspa_script_add_push(out, assay_bytes_of(digest, sizeof(digest)));
        kaspa_script_add_opcode(out, KASPA_OP_EQUALVERIFY);
        break;
    case LOCK_COVENANT:
        add_covenant_rule(out);
        break;
    case LOCK_KEY:
        break;
    }
    add_key(g, out, plan->first, plan->is_ecdsa);
    kaspa_script_add_opcode(out, plan->is_ecdsa ? KASPA_OP_CHECKSIGECDSA : KASPA_OP_CHECKSIG);
}

static struct plan any_plan(struct kaspa_gen *g)
{
    static const uint8_t weights[] = {40, 25, 10, 10, 10, 10};
    struct plan plan = {.lock = (enum lock)gen_weighted(g, weights, ARRAY_LEN(weights)),
                        .is_ecdsa = gen_chance(g, 35),
                        .signers = 1,
                        .preimage = ASSAY_LIT("")};

    if (plan.lock == LOCK_MULTISIG) {
        plan.keys = 1 + gen_below(g, GEN_KEYS);
        plan.signers = gen_below(g, (uint32_t)plan.keys + 1);
    } else {
        plan.first = gen_below(g, GEN_KEYS);
    }
    if (plan.lock == LOCK_PREIMAGE)
        plan.preimage = gen_bytes(g, gen_below(g, 100));
    return plan;
}

void gen_spend_sign(struct kaspa_gen *g, struct gen_tx *t)
{
    struct assay_buf script = gen_buf(g, GEN_SCRIPT_BYTES), unlock = gen_buf(g, GEN_SCRIPT_BYTES);
    struct plan plan = any_plan(g);
    bool is_hashed = gen_chance(g, plan.lock == LOCK_KEY ? 30 : 80);
    struct kaspa_spk *spk = &t->utxos[t->input].spk;

    add_locking_script(g, t, &script, &plan);
    *spk = (struct kaspa_spk){.script = is_hashed ? gen_pay_to_script(g, assay_buf_view(&script))
                                                  : assay_buf_view(&script)};
    for (size_t i = 0; i < plan.signers; i++)
        gen_signature(g, t, &unlock, plan.first + i, plan.is_ecdsa, 25);
    if (plan.lock == LOCK_PREIMAGE)
        kaspa_script_add_push(&unlock, plan.preimage);
    if (is_hashed)
        kaspa_script_add_push(&unlock, assay_buf_view(&script));
    t->inputs[t->input].signature_script = assay_buf_view(&unlock);
}

/* ---- units ---- */

static bool has_commitment_of_version(const struct gen_tx *t)
{
    return (t->inputs[t->input].commit_kind == KASPA_COMMIT_SIG_OPS) == (t->tx.version == 0);
}

/* What it needs, whether it succeeds or not; 0 where that cannot be known. */
static uint64_t units_needed(const struct gen_tx *t)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    struct kaspa_covenants covenants = {0};
    struct kaspa_engine engine = {.tx = &t->tx,
                                  .utxos = t->utxos,
                                  .input = t->input,
                                  .covenants = &covenants,
                                  .unit_limit = KASPA_UNITS_UNLIMITED,
                                  .arena = &arena};
    struct kaspa_run run = {0};
    bool resource = false;
    size_t at;

    if (kaspa_covenants_make(&covenants, &at, &resource, &t->tx, t->utxos, &arena) == KASPA_TX_OK)
        kaspa_engine_run_input(&run, &engine);
    assay_arena_fini(&arena);
    return run.used_units;
}

static void limit_to_need(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = &t->inputs[t->input];
    uint64_t needed = units_needed(t);
    uint16_t budget;

    if (input->commit_kind == KASPA_COMMIT_BUDGET && gen_chance(g, 50) &&
        kaspa_budget_for(&budget, needed)) {
        input->commit = (uint16_t)(budget - (budget > 0 && gen_one_in(g, 3) ? 1 : 0));
        return;
    }
    t->has_units = true;
    t->units = needed;
    if (gen_one_in(g, 5))
        t->units = gen_below(g, (uint32_t)(needed % UINT32_MAX) + 1);
    else if (gen_chance(g, 60) && needed > 0)
        t->units--;
}

void gen_spend_limit(struct kaspa_gen *g, struct gen_tx *t)
{
    uint32_t at = gen_below(g, 100);

    if (!t->has_units && at >= 75)
        limit_to_need(g, t);
    if (!t->has_units && (at < 50 || !has_commitment_of_version(t))) {
        t->has_units = true;
        t->units = KASPA_UNITS_UNLIMITED;
    }
}

/* ---- the builder ---- */

static void plan_spend(struct kaspa_gen *g, struct kaspa_spend *out, uint32_t index)
{
    size_t key = gen_below(g, GEN_KEYS);
    bool is_ecdsa = gen_chance(g, 40);

    *out = (struct kaspa_spend){
        .kind = is_ecdsa ? KASPA_SPEND_PUBKEY_ECDSA : KASPA_SPEND_PUBKEY,
        .outpoint.index = index,
        .utxo = {.amount = KASPA_SOMPI_PER_KAS * (1 + gen_below(g, 1000)),
                 .block_daa_score = gen_below(g, 1000)},
        .key = &g->keys[key],
        .sighash_type = any_type(g),
        .commit = KASPA_COMMIT_LEARN,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
    };
    gen_hash(g, &out->outpoint.txid);
    out->utxo.spk.script =
        gen_standard(g, is_ecdsa ? KASPA_CLASS_PUBKEY_ECDSA : KASPA_CLASS_PUBKEY, key);
}

/* Out of the builder's arena into the generator's room. */
static void take_over(struct kaspa_gen *g, struct gen_tx *t, const struct kaspa_tx *built,
                      const struct kaspa_spend *spends)
{
    t->tx = *built;
    t->tx.inputs = t->inputs;
    t->tx.outputs = t->outputs;
    for (size_t i = 0; i < built->input_count; i++) {
        struct assay_bytes script = built->inputs[i].signature_script;

        t->inputs[i] = built->inputs[i];
        t->inputs[i].signature_script = assay_bytes_of(gen_copy(g, script), script.len);
        t->utxos[i] = spends[i].utxo;
    }
    for (size_t i = 0; i < built->output_count; i++)
        t->outputs[i] = built->outputs[i];
}

bool gen_spend_build(struct kaspa_gen *g, struct gen_tx *t)
{
    enum { SPENDS_MAX = 3, OUTPUTS_MAX = 2 };
    struct assay_arena arena = ASSAY_ARENA_INIT(BUILD_ARENA_BYTES);
    struct kaspa_spk change = {.script = gen_standard(g, KASPA_CLASS_PUBKEY, 0)};
    struct kaspa_spend spends[SPENDS_MAX];
    struct kaspa_output outputs[OUTPUTS_MAX] = {0};
    struct kaspa_plan plan = {.version = (uint16_t)gen_below(g, 2),
                              .spends = spends,
                              .spend_count = 1 + gen_below(g, SPENDS_MAX),
                              .outputs = outputs,
                              .output_count = gen_below(g, OUTPUTS_MAX + 1),
                              .change = &change,
                              .payload = ASSAY_LIT("")};
    struct kaspa_tx built;
    bool is_built;

    for (size_t i = 0; i < plan.spend_count; i++)
        plan_spend(g, &spends[i], (uint32_t)i);
    for (size_t i = 0; i < plan.output_count; i++) {
        outputs[i].value = KASPA_SOMPI_PER_KAS / 10 * (1 + gen_below(g, 10));
        outputs[i].spk.script = gen_standard(g, KASPA_CLASS_SCRIPT_HASH, 0);
    }
    is_built = kaspa_build(&built, &arena, &plan, NULL) == ASSAY_OK;
    if (is_built) {
        take_over(g, t, &built, spends);
        t->input = gen_below(g, (uint32_t)plan.spend_count);
        t->has_units = false;
    }
    assay_arena_fini(&arena);
    return is_built;
}
