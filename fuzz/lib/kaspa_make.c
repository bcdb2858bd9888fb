/* Changing and signing transactions; see kaspa_make.h. */
#include "fuzz/lib/kaspa_make.h"

#include "fuzz/lib/edit.h"
#include "kaspa/mass.h"

struct assay_key fuzz_key_of(const uint8_t *xonly)
{
    struct assay_key key = {.secret = {1}, .compressed = {2}};

    memcpy(key.xonly, xonly, sizeof(key.xonly));
    memcpy(key.compressed + 1, xonly, sizeof(key.xonly));
    return key;
}

bool fuzz_tx_load(struct fuzz_tx *out, const struct kaspa_tx *tx, const struct kaspa_claims *claims)
{
    if (tx->input_count > FUZZ_TX_PARTS || tx->output_count > FUZZ_TX_PARTS)
        return false;
    memset(out, 0, sizeof(*out));
    out->tx = *tx;
    for (size_t i = 0; i < tx->input_count; i++) {
        if (!claims->has_utxo[i])
            return false;
        out->inputs[i] = tx->inputs[i];
        out->utxos[i] = claims->utxos[i];
    }
    for (size_t i = 0; i < tx->output_count; i++)
        out->outputs[i] = tx->outputs[i];
    out->tx.inputs = out->inputs;
    out->tx.outputs = out->outputs;
    return true;
}

static void change_counts(struct fuzz_tx *t, struct fuzz_dice *dice)
{
    struct kaspa_tx *tx = &t->tx;
    size_t kind = fuzz_roll_below(dice, 4);

    if (kind == 0 && tx->output_count > 0) {
        tx->output_count--;
    } else if (kind == 1 && tx->output_count > 0 && tx->output_count < FUZZ_TX_PARTS) {
        t->outputs[tx->output_count] = t->outputs[fuzz_roll_below(dice, tx->output_count)];
        tx->output_count++;
    } else if (kind == 2 && tx->input_count > 1) {
        tx->input_count--;
    } else if (tx->input_count > 0 && tx->input_count < FUZZ_TX_PARTS) {
        size_t from = fuzz_roll_below(dice, tx->input_count);

        t->inputs[tx->input_count] = t->inputs[from];
        t->utxos[tx->input_count] = t->utxos[from];
        t->inputs[tx->input_count].previous.index += (uint32_t)fuzz_roll_below(dice, 2);
        tx->input_count++;
    }
}

/* Of a key that nobody in the transaction has. */
static void pay_to_stranger(struct fuzz_tx *t, struct kaspa_output *output)
{
    static const uint8_t xonly[ASSAY_XONLY_BYTES] = {0xd0};
    struct assay_buf script = ASSAY_BUF_OVER(t->stranger);

    kaspa_script_add_pay_to_pubkey(&script, xonly);
    output->spk = (struct kaspa_spk){.version = 0, .script = assay_buf_view(&script)};
}

static void change_output(struct fuzz_tx *t, struct fuzz_dice *dice)
{
    struct kaspa_output *output, *other;

    if (t->tx.output_count == 0)
        return;
    output = &t->outputs[fuzz_roll_below(dice, t->tx.output_count)];
    other = &t->outputs[fuzz_roll_below(dice, t->tx.output_count)];
    switch (fuzz_roll_below(dice, 8)) {
    case 0:
        output->spk = other->spk;
        break;
    case 1:
        if (t->tx.input_count > 0)
            output->spk = t->utxos[fuzz_roll_below(dice, t->tx.input_count)].spk;
        break;
    case 2:
        output->spk.version ^= 1;
        break;
    case 4:
        pay_to_stranger(t, output);
        break;
    case 3:
        output->has_covenant = !output->has_covenant;
        output->authorizing_input = (uint16_t)fuzz_roll_below(dice, 2);
        if (t->tx.input_count > 0)
            output->covenant_id = t->utxos[0].covenant_id;
        break;
    default: { /* between two, so that the fee stays; or of one alone */
        uint64_t value = fuzz_near(dice, output->value);

        if (fuzz_roll_once_in(dice, 2))
            other->value += output->value - value;
        output->value = value;
    }
    }
}

static void change_input(struct fuzz_tx *t, struct fuzz_dice *dice)
{
    size_t i = fuzz_roll_below(dice, t->tx.input_count > 0 ? t->tx.input_count : 1);
    struct kaspa_input *input = &t->inputs[i];

    switch (fuzz_roll_below(dice, 6)) {
    case 0:
        input->previous.index ^= 1;
        break;
    case 1:
        input->sequence = fuzz_near(dice, input->sequence);
        break;
    case 2:
        input->commit = (uint16_t)fuzz_near(dice, input->commit);
        break;
    case 3:
        input->commit_kind =
            input->commit_kind == KASPA_COMMIT_BUDGET ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;
        break;
    case 4:
        t->utxos[i].spk = t->utxos[fuzz_roll_below(dice, t->tx.input_count)].spk;
        break;
    default:
        t->utxos[i].amount = fuzz_near(dice, t->utxos[i].amount);
        break;
    }
}

static void change_rest(struct fuzz_tx *t, struct fuzz_dice *dice)
{
    struct kaspa_tx *tx = &t->tx;

    switch (fuzz_roll_below(dice, 5)) {
    case 0:
        tx->version ^= 1;
        break;
    case 1:
        tx->lock_time = fuzz_near(dice, tx->lock_time);
        break;
    case 2:
        tx->gas = fuzz_near(dice, tx->gas);
        break;
    case 3:
        tx->subnetwork_id[fuzz_roll_below(dice, KASPA_SUBNETWORK_BYTES)] ^= 1;
        break;
    default:
        tx->payload = tx->payload.len > 0 ? ASSAY_LIT("") : ASSAY_LIT("a payload");
        break;
    }
}

void fuzz_tx_change(struct fuzz_tx *t, struct fuzz_dice *dice)
{
    size_t part = fuzz_roll_below(dice, 8);

    if (part < 3)
        change_output(t, dice);
    else if (part < 5 && t->tx.input_count > 0)
        change_input(t, dice);
    else if (part < 7)
        change_counts(t, dice);
    else
        change_rest(t, dice);
}

uint8_t fuzz_sighash_type(struct fuzz_dice *dice)
{
    static const uint8_t types[] = {KASPA_SIGHASH_NONE, KASPA_SIGHASH_SINGLE,
                                    KASPA_SIGHASH_ALL | KASPA_SIGHASH_ANYONE_CAN_PAY,
                                    KASPA_SIGHASH_NONE | KASPA_SIGHASH_ANYONE_CAN_PAY,
                                    KASPA_SIGHASH_SINGLE | KASPA_SIGHASH_ANYONE_CAN_PAY};

    return fuzz_roll_once_in(dice, 8) ? types[fuzz_roll_below(dice, ARRAY_LEN(types))]
                                      : KASPA_SIGHASH_ALL;
}

void fuzz_tx_sign(struct fuzz_tx *t, uint8_t type)
{
    uint64_t mass;

    if (kaspa_storage_mass(&mass, &t->tx, t->utxos))
        t->tx.storage_mass = mass;
    for (size_t i = 0; i < t->tx.input_count; i++) {
        const struct kaspa_utxo *utxo = &t->utxos[i];
        struct assay_key key;

        if (kaspa_spk_class(&utxo->spk) != KASPA_CLASS_PUBKEY)
            continue;
        key = fuzz_key_of(kaspa_spk_payload(&utxo->spk).at);
        if (kaspa_sign_schnorr(t->pushes[i], &t->tx, i, utxo, type, &key, NULL) == ASSAY_OK)
            t->inputs[i].signature_script = assay_bytes_of(t->pushes[i], sizeof(t->pushes[i]));
    }
}
