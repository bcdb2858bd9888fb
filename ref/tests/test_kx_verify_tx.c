/* Exact payments with one defect each: the transaction by itself. */
#include "ref/tests/kx_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#define H64 "5555555555555555555555555555555555555555555555555555555555555555"

static void claim_output_1(struct kx_world *w)
{
    w->output_index = 1;
}

static void claim_output_9(struct kx_world *w)
{
    w->output_index = 9;
}

static json_t *input_text(struct kx_world *w, size_t i)
{
    return json_array_get(json_object_get(w->text, "inputs"), i);
}

static json_t *output_text(struct kx_world *w, size_t i)
{
    return json_array_get(json_object_get(w->text, "outputs"), i);
}

static void text_without_mass(struct kx_world *w)
{
    (void)json_object_del(w->text, "storageMass");
}

static void text_without_utxo(struct kx_world *w)
{
    (void)json_object_del(input_text(w, w->plan.spend_count - 1), "utxo");
}

static void text_without_covenant(struct kx_world *w)
{
    (void)json_object_del(output_text(w, 1), "covenant");
}

static void text_without_script(struct kx_world *w)
{
    (void)json_object_del(input_text(w, 0), "signatureScript");
}

static void text_with_17_inputs(struct kx_world *w)
{
    json_t *inputs = json_object_get(w->text, "inputs");

    while (json_array_size(inputs) < 17)
        (void)json_array_append(inputs, json_array_get(inputs, 0));
}

static void text_with_65_outputs(struct kx_world *w)
{
    json_t *outputs = json_object_get(w->text, "outputs");

    while (json_array_size(outputs) < 65)
        (void)json_array_append(outputs, json_array_get(outputs, 0));
}

static void text_with_numbers(struct kx_world *w)
{
    kx_world_edit(w->text, "lockTime", "0");
}

static void text_with_budget(struct kx_world *w)
{
    kx_world_edit(input_text(w, 0), "computeBudget", "1");
}

static void text_of_another_id(struct kx_world *w)
{
    kx_world_set(w->text, "id", H64);
}

static void text_without_id(struct kx_world *w)
{
    (void)json_object_del(w->text, "id");
}

static void change_mass(struct kx_world *w, int64_t by)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)w->tx.storage_mass + by);
    kx_world_set(w->text, "storageMass", text);
}

static void text_with_more_mass(struct kx_world *w)
{
    change_mass(w, 1);
}

static void text_with_less_mass(struct kx_world *w)
{
    change_mass(w, -1);
}

static void text_with_no_mass(struct kx_world *w)
{
    kx_world_set(w->text, "storageMass", "0");
}

static void no_transaction(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "transaction", "deadbeef");
}

static void no_object(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "transaction", "[]");
}

static void spend_twice(struct kx_world *w)
{
    w->spends[1] = w->spends[0];
    w->spends[1].outpoint.index = 1;
    w->plan.spend_count = 2;
}

static void same_outpoint(struct kx_world *w)
{
    w->inputs[1].previous = w->inputs[0].previous;
}

static void version_1(struct kx_world *w)
{
    w->plan.version = 1;
}

static void version_0(struct kx_world *w)
{
    w->tx.version = 0;
}

static void lock_time(struct kx_world *w)
{
    w->tx.lock_time = 1;
}

static void gas(struct kx_world *w)
{
    w->tx.gas = 1;
}

static void payload(struct kx_world *w)
{
    w->tx.payload = ASSAY_LIT("\0");
}

static void subnetwork(struct kx_world *w)
{
    w->tx.subnetwork_id[0] = 9;
}

static void one_input(struct kx_world *w)
{
    w->tx.input_count = 1;
}

static void no_input(struct kx_world *w)
{
    w->tx.input_count = 0;
}

static void nine_inputs(struct kx_world *w)
{
    for (uint32_t i = 2; i < 9; i++) {
        w->spends[i] = w->spends[1];
        w->spends[i].outpoint.index = i;
    }
    w->plan.spend_count = 9;
}

static void three_outputs(struct kx_world *w)
{
    w->made[2] = w->made[1];
    w->made[2].value = w->made[1].value /= 2;
    w->tx.output_count = 3;
}

static void no_outputs(struct kx_world *w)
{
    w->tx.output_count = 0;
}

static void change_of_version_1(struct kx_world *w)
{
    w->made[1].spk.version = 1;
}

static void change_in_covenant(struct kx_world *w)
{
    w->made[1].has_covenant = true;
    w->made[1].covenant_id = w->made[0].covenant_id;
}

static void head_without_covenant(struct kx_world *w)
{
    w->made[0].has_covenant = false;
}

static void head_in_another_covenant(struct kx_world *w)
{
    w->made[0].covenant_id.at[0] ^= 1;
}

static void head_by_another_input(struct kx_world *w)
{
    w->made[0].authorizing_input = 1;
}

static void no_sig_ops(struct kx_world *w)
{
    w->inputs[0].commit = 0;
}

static void two_sig_ops(struct kx_world *w)
{
    w->inputs[0].commit = 2;
}

static void budget_in_version_0(struct kx_world *w)
{
    w->inputs[0].commit_kind = KASPA_COMMIT_BUDGET;
}

static void budget_of_head_10(struct kx_world *w)
{
    w->inputs[0].commit = 10;
}

static void budget_of_payer_9(struct kx_world *w)
{
    w->inputs[1].commit = 9;
}

static void budget_of_payer_11(struct kx_world *w)
{
    w->inputs[1].commit = 11;
}

static void sig_ops_in_version_1(struct kx_world *w)
{
    w->inputs[1].commit_kind = KASPA_COMMIT_SIG_OPS;
}

static void allow_less_fee(struct kx_world *w)
{
    w->with.policy.fee_max = 1000;
}

static void pay_fee_above_cap(struct kx_world *w)
{
    w->made[1].value = w->hints[1].amount - KX_WORLD_AMOUNT - KX_HASH_CHAIN_FEE_MAX - 1;
}
static void pay_more_than_there_is(struct kx_world *w)
{
    w->made[1].value = w->hints[0].amount;
}

static void pay_beyond_64_bits(struct kx_world *w)
{
    w->made[1].value = UINT64_MAX;
}

static void own_beyond_64_bits(struct kx_world *w)
{
    w->hints[1].amount = UINT64_MAX;
}

static void worth_nothing(struct kx_world *w)
{
    w->made[1].value = 0;
}

static void pay_one_less(struct kx_world *w)
{
    w->made[0].value--;
    w->made[1].value++;
}

static void pay_one_more(struct kx_world *w)
{
    w->made[0].value++;
    w->made[1].value--;
}

static void pay_below_threshold(struct kx_world *w)
{
    w->made[0].value -= KX_WORLD_AMOUNT / 4 * 3;
    w->made[1].value += KX_WORLD_AMOUNT / 4 * 3;
}

static void pay_twice(struct kx_world *w)
{
    w->made[1].spk = w->made[0].spk;
}

static void pay_nobody(struct kx_world *w)
{
    w->made[0].spk = w->made[1].spk;
}

static void pay_another_version(struct kx_world *w)
{
    w->made[0].spk.version = 1;
}

static void sign_none_then_change(struct kx_world *w)
{
    w->sighash = KASPA_SIGHASH_NONE;
}

static void rob_merchant(struct kx_world *w)
{
    kx_world_set(output_text(w, 0), "value", "1000000");
    kx_world_edit(w->text, "id", "\"" H64 "\"");
}

static const struct kx_row rows[] = {
    {"no storage mass", S, ALONE, KX_EXACT_ENCODING, {.text = text_without_mass}},
    {"no hint", S, ALONE, KX_EXACT_ENCODING, {.text = text_without_utxo}},
    {"no second hint", A, ALONE, KX_EXACT_ENCODING, {.text = text_without_utxo}},
    {"no covenant member", S, ALONE, KX_EXACT_ENCODING, {.text = text_without_covenant}},
    {"no signature script", S, ALONE, KX_EXACT_ENCODING, {.text = text_without_script}},
    {"17 inputs", S, ALONE, KX_EXACT_ENCODING, {.text = text_with_17_inputs}},
    {"65 outputs", S, ALONE, KX_EXACT_ENCODING, {.text = text_with_65_outputs}},
    {"a number for a text", S, ALONE, KX_EXACT_ENCODING, {.text = text_with_numbers}},
    {"a budget in version 0", S, ALONE, KX_EXACT_ENCODING, {.text = text_with_budget}},
    {"no JSON", S, ALONE, KX_EXACT_ENCODING, {.payment = no_transaction}},
    {"no object", S, ALONE, KX_EXACT_ENCODING, {.payment = no_object}},
    {"the same outpoint twice",
     S,
     MORE,
     KX_EXACT_OUTPOINTS,
     {.offer = spend_twice, .tx = same_outpoint}},
    {"version 1", S, MORE, KX_EXACT_SHAPE, {.offer = version_1}},
    {"version 0 to a head", A, MORE, KX_EXACT_SHAPE, {.tx = version_0}},
    {"a lock time", S, ALONE, KX_EXACT_SHAPE, {.tx = lock_time}},
    {"gas", S, MORE, KX_EXACT_SHAPE, {.tx = gas}},
    {"a payload", S, ALONE, KX_EXACT_SHAPE, {.tx = payload}},
    {"a payload to a head", A, ALONE, KX_EXACT_SHAPE, {.tx = payload}},
    {"another subnetwork", S, MORE, KX_EXACT_SHAPE, {.tx = subnetwork}},
    {"the head's input alone", A, MORE, KX_EXACT_SHAPE, {.tx = one_input}},
    {"no input", S, MORE, KX_EXACT_SHAPE, {.tx = no_input}},
    {"no input to a head", H, MORE, KX_EXACT_SHAPE, {.tx = no_input}},
    {"nine inputs to a hash-chain", H, ALONE, KX_EXACT_SHAPE, {.offer = nine_inputs}},
    {"three outputs", S, ALONE, KX_EXACT_OUTPUTS, {.tx = three_outputs}},
    {"no outputs", S, MORE, KX_EXACT_OUTPUTS, {.tx = no_outputs}},
    {"a script of version 1", S, MORE, KX_EXACT_OUTPUTS, {.tx = change_of_version_1}},
    {"a covenant", S, MORE, KX_EXACT_OUTPUTS, {.tx = change_in_covenant}},
    {"a covenant to a head", A, MORE, KX_EXACT_OUTPUTS, {.tx = change_in_covenant}},
    {"a second output in the covenant", H, MORE, KX_EXACT_OUTPUTS, {.tx = change_in_covenant}},
    {"a next head in no covenant", H, MORE, KX_EXACT_OUTPUTS, {.tx = head_without_covenant}},
    {"a next head in another covenant",
     H,
     MORE,
     KX_EXACT_OUTPUTS,
     {.tx = head_in_another_covenant}},
    {"a next head by another input", H, MORE, KX_EXACT_OUTPUTS, {.tx = head_by_another_input}},
    {"sigOpCount 0", S, MORE, KX_EXACT_COMMITMENTS, {.tx = no_sig_ops}},
    {"sigOpCount 2", S, ALONE, KX_EXACT_COMMITMENTS, {.tx = two_sig_ops}},
    {"a budget alone in version 0", S, MORE, KX_EXACT_COMMITMENTS, {.tx = budget_in_version_0}},
    {"head's budget 10", A, ALONE, KX_EXACT_COMMITMENTS, {.tx = budget_of_head_10}},
    {"payer's budget 9", A, MORE, KX_EXACT_COMMITMENTS, {.tx = budget_of_payer_9}},
    {"payer's budget 11", A, ALONE, KX_EXACT_COMMITMENTS, {.tx = budget_of_payer_11}},
    {"a count in version 1, to a head",
     A,
     MORE,
     KX_EXACT_COMMITMENTS,
     {.tx = sig_ops_in_version_1}},
    {"a count in version 1", H, MORE, KX_EXACT_COMMITMENTS, {.tx = sig_ops_in_version_1}},
    {"storage mass one more", S, MORE, KX_EXACT_STORAGE_MASS, {.text = text_with_more_mass}},
    {"storage mass one less", S, MORE, KX_EXACT_STORAGE_MASS, {.text = text_with_less_mass}},
    {"storage mass 0", S, MORE, KX_EXACT_STORAGE_MASS, {.text = text_with_no_mass}},
    {"an output worth nothing", S, MORE, KX_EXACT_STORAGE_MASS, {.tx = worth_nothing}},
    {"fee above the policy", S, ALONE, KX_EXACT_FEE, {.judge = allow_less_fee}},
    {"a fee above the hash-chain's", H, ALONE, KX_EXACT_FEE, {.tx = pay_fee_above_cap}},
    {"a fee above a policy below the hash-chain's",
     H,
     ALONE,
     KX_EXACT_FEE,
     {.judge = allow_less_fee}},
    {"more than there is", S, MORE, KX_EXACT_FEE, {.tx = pay_more_than_there_is}},
    {"outputs above 64 bits", S, MORE, KX_EXACT_FEE, {.tx = pay_beyond_64_bits}},
    {"inputs above 64 bits", A, MORE, KX_EXACT_FEE, {.tx = own_beyond_64_bits}},
    {"another id", S, ALONE, KX_EXACT_ID, {.text = text_of_another_id}},
    {"no id in the text", A, ALONE, KX_EXACT_ID, {.text = text_without_id}},
    {"one sompi less", S, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_less}},
    {"one sompi more", S, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_more}},
    {"one sompi less to a head", A, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_less}},
    {"one sompi more to a head", A, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_more}},
    {"one sompi less to a hash-chain", H, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_less}},
    {"one sompi more to a hash-chain", H, ALONE, KX_EXACT_MERCHANT, {.tx = pay_one_more}},
    {"below the threshold", A, MORE, KX_EXACT_MERCHANT, {.tx = pay_below_threshold}},
    {"paid twice", S, MORE, KX_EXACT_MERCHANT, {.tx = pay_twice}},
    {"a head paid twice", A, MORE, KX_EXACT_MERCHANT, {.tx = pay_twice}},
    {"nobody paid", S, ALONE, KX_EXACT_MERCHANT, {.tx = pay_nobody}},
    {"the change claimed", S, MORE, KX_EXACT_MERCHANT, {.text = claim_output_1}},
    {"no output claimed", S, MORE, KX_EXACT_MERCHANT, {.text = claim_output_9}},
    {"paid to another version", S, MORE, KX_EXACT_OUTPUTS, {.tx = pay_another_version}},
    {"signed for none, and the merchant robbed",
     S,
     MORE,
     KX_EXACT_STORAGE_MASS,
     {.tx = sign_none_then_change, .text = rob_merchant}},
};

Test(kx_verify_tx, every_defect_breaks_its_check_first_under_its_name)
{
    kx_rows_expect(rows, ARRAY_LEN(rows), KX_EXACT_ENCODING, KX_EXACT_MERCHANT);
}
