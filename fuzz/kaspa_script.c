/* The script engine, with what it may use bounded. Held: each step does to the stack what a second
 * implementation says (fuzz/lib/script_model.h); the verdict is the same watched or not, with
 * exactly the units that were used, and whatever follows the instruction that failed; with one unit
 * less it is refused. A script that decodes is written as text, and assembled to the same bytes.
 *
 * An input is what unlocks, the script, and options: it runs alone, as the spent script, or as a
 * redeem script, behind a signature that is made here with the stand-in. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "fuzz/lib/mutate.h"
#include "fuzz/lib/script_model.h"
#include "kaspa/sign.h"

enum { ARENA_BYTES = 1 << 24, UNITS_MAX = 3000000, SCRIPTS_MAX = 1 << 18, TEXT_MAX = 1 << 20 };
enum { OF_REDEEM = 1, OF_SPENT = 2, SIGNED = 4, ECDSA = 8, OLD = 16 }; /* options */

struct world {
    struct assay_arena arena;
    uint8_t options;
    struct assay_bytes script;
    struct kaspa_tx tx;
    struct kaspa_input inputs[2];
    struct kaspa_output outputs[2];
    struct kaspa_utxo utxos[2];
    struct kaspa_covenants covenants;
};

static const struct assay_key *signer(struct assay_key *key)
{
    kaspa_key_from_seed(key, ASSAY_LIT("fuzz"), ASSAY_LIT("script"));
    return key;
}

static struct assay_bytes kept(struct world *w, struct assay_buf *buf)
{
    struct assay_bytes bytes = assay_arena_copy(&w->arena, assay_buf_view(buf));

    FUZZ_CHECK(assay_buf_ok(buf) && bytes.at != NULL);
    assay_buf_fini(buf);
    return bytes;
}

/* Two inputs and two outputs; input 1 and output 1 are in one covenant. */
static void make_tx(struct world *w)
{
    static const struct kaspa_hash id = {{0xcc, 1}};
    size_t at;
    bool resource = false;

    w->tx = (struct kaspa_tx){.version = (w->options & OLD) != 0 ? 0 : 1,
                              .inputs = w->inputs,
                              .input_count = ARRAY_LEN(w->inputs),
                              .outputs = w->outputs,
                              .output_count = ARRAY_LEN(w->outputs),
                              .lock_time = 1000,
                              .payload = ASSAY_LIT("payload")};
    for (size_t i = 0; i < 2; i++) {
        w->inputs[i].previous = (struct kaspa_outpoint){{{0x11, (uint8_t)i}}, (uint32_t)i};
        w->inputs[i].sequence = 7 + i;
        w->inputs[i].signature_script = ASSAY_LIT("");
        w->outputs[i].value = 1000 * (i + 1);
        w->outputs[i].spk.script = ASSAY_LIT("\x51");
        w->utxos[i] = (struct kaspa_utxo){
            .amount = 5000, .spk = {.script = ASSAY_LIT("\x51")}, .block_daa_score = 900};
    }
    w->utxos[1].has_covenant = w->outputs[1].has_covenant = w->tx.version == 1;
    w->utxos[1].covenant_id = w->outputs[1].covenant_id = id;
    w->outputs[1].authorizing_input = 1;
    FUZZ_CHECK(kaspa_covenants_make(&w->covenants, &at, &resource, &w->tx, w->utxos, &w->arena) ==
                   KASPA_TX_OK &&
               !resource);
}

/* The spent script stands before it is signed. */
static void lock_and_unlock(struct world *w, struct assay_bytes unlock)
{
    struct assay_buf spk = ASSAY_BUF_INIT(KASPA_SPK_SCRIPT_HASH_BYTES);
    struct assay_buf witness = ASSAY_BUF_INIT(2 * SCRIPTS_MAX);
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    struct assay_key key;

    kaspa_script_add_pay_to_script_hash(&spk, w->script);
    w->utxos[0].spk.script = kept(w, &spk);
    if ((w->options & OF_SPENT) != 0)
        w->utxos[0].spk.script = w->script;
    assay_buf_add(&witness, unlock);
    if ((w->options & SIGNED) != 0) {
        FUZZ_CHECK(((w->options & ECDSA) != 0
                        ? kaspa_sign_ecdsa(push, &w->tx, 0, &w->utxos[0], KASPA_SIGHASH_ALL,
                                           signer(&key), NULL)
                        : kaspa_sign_schnorr(push, &w->tx, 0, &w->utxos[0], KASPA_SIGHASH_ALL,
                                             signer(&key), NULL)) == ASSAY_OK);
        assay_buf_add(&witness, assay_bytes_of(push, sizeof(push)));
    }
    if ((w->options & OF_SPENT) == 0)
        kaspa_script_add_push(&witness, w->script);
    w->inputs[0].signature_script = kept(w, &witness);
}

static void run(struct kaspa_run *out, struct world *w, struct assay_bytes script, uint64_t limit,
                struct fuzz_model *model)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_engine engine = {.unit_limit = limit, .arena = &arena};

    if (model != NULL) {
        engine.on_step = fuzz_model_step;
        engine.context = model;
    }
    if ((w->options & (OF_REDEEM | OF_SPENT)) != 0) {
        engine.tx = &w->tx;
        engine.utxos = w->utxos;
        engine.covenants = &w->covenants;
        kaspa_engine_run_input(out, &engine);
    } else {
        kaspa_engine_run_script(out, &engine, script);
    }
    if (model != NULL)
        fuzz_model_end(model, out,
                       engine.tx == NULL ||
                               kaspa_spk_class(&w->utxos[0].spk) != KASPA_CLASS_SCRIPT_HASH
                           ? KASPA_PART_SPK
                           : KASPA_PART_REDEEM);
    assay_arena_fini(&arena);
}

static bool equal(const struct kaspa_run *a, const struct kaspa_run *b)
{
    return a->outcome == b->outcome && a->error == b->error && a->why == b->why &&
           a->part == b->part && a->at == b->at && a->opcode == b->opcode &&
           a->used_units == b->used_units;
}

static void check_limits(struct world *w, const struct kaspa_run *whole)
{
    struct kaspa_run again;

    if (whole->outcome != KASPA_VALID)
        return;
    run(&again, w, w->script, whole->used_units, NULL);
    FUZZ_CHECK(equal(whole, &again));
    if (whole->used_units == 0)
        return;
    run(&again, w, w->script, whole->used_units - 1, NULL);
    FUZZ_CHECK(again.outcome == KASPA_INVALID);
    FUZZ_CHECK(again.error == KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS);
}

/* Of a script on its own, whose failing instruction decodes: nothing behind it was looked at. */
static void check_tail(struct world *w, const struct kaspa_run *whole)
{
    struct assay_buf other = ASSAY_BUF_INIT(SCRIPTS_MAX);
    struct kaspa_instruction failing;
    struct kaspa_run again;

    if ((w->options & (OF_REDEEM | OF_SPENT)) != 0 || whole->outcome == KASPA_VALID ||
        whole->part == KASPA_PART_NONE ||
        kaspa_instruction_decode(&failing, w->script, whole->at) != KASPA_SCRIPT_OK)
        return;
    assay_buf_add(&other, assay_bytes_part(w->script, 0, failing.next));
    assay_buf_add(&other, ASSAY_LIT("\x4c\xff\x00"));
    run(&again, w, assay_buf_view(&other), UNITS_MAX, NULL);
    FUZZ_CHECK(equal(whole, &again));
    assay_buf_fini(&other);
}

static bool decodes(struct assay_bytes script)
{
    struct kaspa_instruction instruction = {.next = 0};

    while (instruction.next < script.len) {
        if (kaspa_instruction_decode(&instruction, script, instruction.next) != KASPA_SCRIPT_OK)
            return false;
        FUZZ_CHECK(instruction.next > instruction.at && instruction.next <= script.len);
    }
    return true;
}

static void check_text(struct assay_bytes script)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX), again = ASSAY_BUF_INIT(SCRIPTS_MAX);
    bool is_whole = decodes(script);
    struct assay_bytes last;
    struct kaspa_spk spk = {.script = script};

    kaspa_script_add_text(&text, script);
    FUZZ_CHECK(assay_buf_ok(&text));
    FUZZ_CHECK((kaspa_script_assemble(&again, assay_buf_view(&text), NULL) == ASSAY_OK) ==
               is_whole);
    if (is_whole)
        FUZZ_CHECK(assay_bytes_equal(script, assay_buf_view(&again)));
    else
        FUZZ_CHECK(again.len == 0 && !kaspa_script_last_push(&last, script));
    FUZZ_CHECK(is_whole || kaspa_spk_is_unspendable(&spk));
    assay_buf_fini(&text);
    assay_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES)};
    struct fuzz_input in = fuzz_input_of(data, size < SCRIPTS_MAX ? size : SCRIPTS_MAX);
    struct fuzz_model model = {.is_known = false};
    struct kaspa_run watched, plain;
    struct assay_bytes unlock;

    w.options = fuzz_option(&in);
    unlock = fuzz_view(&in, fuzz_option(&in));
    w.script = in.rest;
    make_tx(&w);
    lock_and_unlock(&w, unlock);
    run(&watched, &w, w.script, UNITS_MAX, &model);
    run(&plain, &w, w.script, UNITS_MAX, NULL);
    FUZZ_CHECK(equal(&watched, &plain));
    FUZZ_CHECK(plain.outcome != KASPA_VALID || plain.used_units <= UNITS_MAX);
    check_limits(&w, &plain);
    check_tail(&w, &plain);
    check_text(w.script);
    assay_arena_fini(&w.arena);
    return 0;
}

/* ---- mutation: instructions put in, taken out and moved ---- */

static void add_data(struct assay_buf *out, struct fuzz_dice *dice)
{
    static const uint8_t sizes[] = {1, 2, 4, 8, 9, 32, 33, 64, 65};
    uint8_t bytes[65];
    size_t len = sizes[fuzz_roll_below(dice, sizeof(sizes))];

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)fuzz_roll(dice);
    kaspa_script_add_push(out, assay_bytes_of(bytes, len));
}

/* A message with its signature and key, for the opcodes that take them from the stack. */
static void add_signed(struct assay_buf *out, struct fuzz_dice *dice)
{
    bool is_ecdsa = fuzz_roll_once_in(dice, 2);
    uint8_t sig[ASSAY_SIG_BYTES], message[32] = {1};
    struct assay_key key;
    enum assay_code rc = is_ecdsa ? assay_ecdsa_sign(sig, message, signer(&key))
                                  : assay_schnorr_sign(sig, message, signer(&key), NULL);

    if (rc != ASSAY_OK)
        return;
    kaspa_script_add_push(out, assay_bytes_of(sig, sizeof(sig)));
    kaspa_script_add_push(out, assay_bytes_of(message, sizeof(message)));
    kaspa_script_add_push(out, is_ecdsa ? assay_bytes_of(key.compressed, ASSAY_PUBKEY_BYTES)
                                        : assay_bytes_of(key.xonly, ASSAY_XONLY_BYTES));
    kaspa_script_add_opcode(out, is_ecdsa ? KASPA_OP_CHECKSIGFROMSTACKECDSA
                                          : KASPA_OP_CHECKSIGFROMSTACK);
}

static void add_instruction(struct assay_buf *out, struct fuzz_dice *dice)
{
    struct assay_key key;
    size_t shift;

    switch (fuzz_roll_below(dice, 8)) {
    case 0:
        add_data(out, dice);
        break;
    case 1:
        kaspa_script_add_push(out, assay_bytes_of(signer(&key)->xonly, ASSAY_XONLY_BYTES));
        kaspa_script_add_opcode(out, KASPA_OP_CHECKSIG);
        break;
    case 2:
        kaspa_script_add_push(out, assay_bytes_of(signer(&key)->compressed, ASSAY_PUBKEY_BYTES));
        kaspa_script_add_opcode(out, KASPA_OP_CHECKSIGECDSA);
        break;
    case 3:
        add_signed(out, dice);
        break;
    case 4:
        shift = fuzz_roll_below(dice, 64);
        kaspa_script_add_number(out, (int64_t)(fuzz_roll(dice) >> shift));
        break;
    case 5:
        kaspa_script_add_number(out, (int64_t)fuzz_roll_below(dice, 20) - 2);
        break;
    default:
        kaspa_script_add_opcode(
            out, (uint8_t)(KASPA_OP_NOP +
                           fuzz_roll_below(dice, KASPA_OP_BLAKE3WITHKEY + 1 - KASPA_OP_NOP)));
        break;
    }
}

static bool decode_next(struct kaspa_instruction *i, struct assay_bytes script)
{
    return i->next < script.len && kaspa_instruction_decode(i, script, i->next) == KASPA_SCRIPT_OK;
}

/* Of the instructions up to the first that does not decode. */
static size_t count_of(struct assay_bytes script)
{
    struct kaspa_instruction i = {.next = 0};
    size_t count = 0;

    while (decode_next(&i, script))
        count++;
    return count;
}

/* The script anew: each instruction stays but for one, which goes, comes twice, or comes behind one
 * that is put in. What does not decode stays as it is. */
static void rewrite(struct assay_buf *out, struct assay_bytes script, struct fuzz_dice *dice)
{
    struct kaspa_instruction i = {.next = 0};
    size_t count = count_of(script), chosen = fuzz_roll_below(dice, count + 1);
    size_t how = fuzz_roll_below(dice, 6);

    for (size_t n = 0; n < count && decode_next(&i, script); n++) {
        struct assay_bytes raw = assay_bytes_part(script, i.at, i.next);

        if (n == chosen && how > 1)
            add_instruction(out, dice);
        if (n != chosen || how != 0)
            assay_buf_add(out, raw);
        if (n == chosen && how == 1)
            assay_buf_add(out, raw);
    }
    assay_buf_add(out, assay_bytes_part(script, i.next, script.len));
    if (chosen == count)
        add_instruction(out, dice);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct assay_buf made = ASSAY_BUF_INIT(SCRIPTS_MAX);
    struct fuzz_input in = fuzz_input_of(data, size);
    struct assay_bytes unlock;
    struct fuzz_dice dice;
    uint8_t tail[2];

    fuzz_dice_init(&dice, seed);
    if (size < sizeof(tail) || fuzz_roll_once_in(&dice, 4))
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(tail, data + size - sizeof(tail), sizeof(tail));
    (void)fuzz_option(&in);
    unlock = fuzz_view(&in, fuzz_option(&in));
    if (fuzz_roll_once_in(&dice, 8))
        tail[1] ^= (uint8_t)(1U << fuzz_roll_below(&dice, 5));
    assay_buf_add(&made, unlock);
    rewrite(&made, in.rest, &dice);
    assay_buf_add(&made, assay_bytes_of(tail, sizeof(tail)));
    if (assay_buf_ok(&made) && made.len <= max_size) {
        size = made.len;
        memcpy(data, assay_buf_view(&made).at, size);
    }
    assay_buf_fini(&made);
    return size;
}
