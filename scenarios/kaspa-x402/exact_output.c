/* Threats exact-output and exact-txid: a transaction that does not pay what was offered, or whose
 * text says other things than its body and the chain. Each is signed and authorised after it was
 * bent, so that nothing else is wrong with it: it is refused, nothing runs, and the node is not
 * asked to take it. */
#include "peer/kaspa-x402/peer.h"

struct row {
    const char *name;
    struct kxp_bend bend;
};

static void refuse(struct assay_case *t, const struct kxp_bend *bend)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *bent = kxp_bent(t, given_offer(t, want), *bend);

    expect_refused(t, kxp_send(t, "the payment, wrong in this alone", want, bent));
}

static void refuse_row(struct assay_case *t)
{
    const struct row *row = case_row(t);

    refuse(t, &row->bend);
}

/* ---- the merchant's output ---- */

static void one_sompi_less(struct kxp_draft *d)
{
    d->outputs[0].value--;
}

static void one_sompi_more(struct kxp_draft *d)
{
    d->outputs[0].value++;
}

static void twice_the_amount(struct kxp_draft *d)
{
    d->outputs[0].value *= 2;
}

SCENARIO(one_sompi_less_is_refused, .title = "An output one sompi short of the amount is refused",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-080",
         .catches = DEFECTS("kx.output.one_short"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = one_sompi_less});
}

static const struct row above[] = {
    {"one sompi", {.terms = one_sompi_more}},
    {"twice", {.terms = twice_the_amount}},
};

SCENARIO(more_than_the_amount_is_refused, .title = "An output above the amount is refused",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-080",
         .catches = DEFECTS("kx.output.at_least"), .needs = KXP_PAY, TABLE(above))
{
    refuse_row(t);
}

/* Two outputs, and a fee like any: a third output, or a large fee, would be refused for itself. */
static void pay_in_two(struct kxp_draft *d, uint64_t first, uint64_t second)
{
    d->outputs[0].value = first;
    d->outputs[1] = d->outputs[0];
    d->outputs[1].value = second;
    d->output_count = 2;
    d->no_change = true;
    d->coin_amounts[0] = first + second + KASPA_SOMPI_PER_KAS / 100;
}

static void same_output_again(struct kxp_draft *d)
{
    pay_in_two(d, d->offer->terms.amount, d->offer->terms.amount);
}

static void half_and_half(struct kxp_draft *d)
{
    uint64_t half = d->offer->terms.amount / 2;

    pay_in_two(d, half, d->offer->terms.amount - half);
}

static void amount_and_half(struct kxp_draft *d)
{
    pay_in_two(d, d->offer->terms.amount, d->offer->terms.amount / 2);
}

static const struct row doubled[] = {
    {"the amount twice", {.terms = same_output_again}},
    {"the amount, and a part of it", {.terms = amount_and_half}},
};

SCENARIO(second_output_to_the_merchant_is_refused,
         .title = "A second output to the merchant is refused: it could buy a second answer",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output",
         .ideas = "KX-056 KX-081",
         .catches = DEFECTS("kx.output.twice", "kx.replay.keyed_with_index"), .needs = KXP_PAY,
         TABLE(doubled))
{
    refuse_row(t);
}

SCENARIO(split_amount_is_refused, .title = "The amount in two outputs to the merchant is refused",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-081",
         .catches = DEFECTS("kx.output.sum"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = half_and_half});
}

static void name_the_change(struct kxp_draft *d)
{
    d->output_index = 1;
}

static void name_the_second(struct kxp_draft *d)
{
    d->output_index = 2;
}

static void name_the_last_of_all(struct kxp_draft *d)
{
    d->output_index = UINT32_MAX;
}

static const struct row indexes[] = {
    {"the change", {.text = name_the_change}},
    {"behind the last", {.text = name_the_second}},
    {"the largest number", {.text = name_the_last_of_all}},
};

SCENARIO(another_index_is_refused,
         .title = "A payment that names another output than the merchant's is refused",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-084",
         .catches = DEFECTS("kx.output.any_index"), .needs = KXP_PAY, TABLE(indexes))
{
    refuse_row(t);
}

/* ---- the other outputs ---- */

static void change_to_a_stranger(struct kxp_draft *d)
{
    struct assay_key stranger = kxp_stranger(d->t);

    d->change = kxp_spk_of(d->t, &stranger);
}

SCENARIO(foreign_change_is_refused,
         .title = "An output to somebody who is neither merchant nor payer is refused",
         .threat = "exact-output", .rule = "exact.transaction.change", .ideas = "KX-082",
         .catches = DEFECTS("kx.change.foreign"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = change_to_a_stranger});
}

static void two_changes(struct kxp_draft *d)
{
    d->outputs[1] = (struct kaspa_output){.value = d->offer->terms.amount, .spk = d->change};
    d->output_count = 2;
}

SCENARIO(third_output_is_refused, .title = "A third output is refused, though it is the payer's",
         .threat = "exact-output", .rule = "exact.transaction.outputs", .ideas = "KX-083",
         .catches = DEFECTS("kx.outputs.any_number"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = two_changes});
}

static void cover_an_output(struct kxp_draft *d)
{
    d->made[0].has_covenant = true;
    d->made[0].authorizing_input = 0;
    memset(d->made[0].covenant_id.at, 0x90, sizeof(d->made[0].covenant_id.at));
}

SCENARIO(covenant_output_is_refused, .title = "An output with a covenant is refused",
         .threat = "exact-output", .rule = "exact.transaction.outputs", .ideas = "KX-100",
         .catches = DEFECTS("kx.outputs.covenant"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.tx = cover_an_output});
}

/* ---- the rest of the body ---- */

static void lock_time(struct kxp_draft *d)
{
    d->tx.lock_time = 1;
}

static void gas(struct kxp_draft *d)
{
    d->tx.gas = 1;
}

static void payload(struct kxp_draft *d)
{
    d->tx.payload = assay_bytes_of("\0", 1);
}

static void subnetwork(struct kxp_draft *d)
{
    d->tx.subnetwork_id[0] = 1;
}

static void version(struct kxp_draft *d)
{
    d->tx.version = 1;
}

static const struct row contexts[] = {
    {"lock time", {.tx = lock_time}},   {"gas", {.tx = gas}},         {"payload", {.tx = payload}},
    {"subnetwork", {.tx = subnetwork}}, {"version", {.tx = version}},
};

SCENARIO(other_context_is_refused,
         .title = "A lock time, gas, payload, subnetwork or version other than the profile's is "
                  "refused",
         .threat = "exact-output", .rule = "exact.transaction.shape", .ideas = "KX-085",
         .catches = DEFECTS("kx.context.unchecked"), .needs = KXP_PAY, TABLE(contexts))
{
    refuse_row(t);
}

static void two_operations(struct kxp_draft *d)
{
    d->inputs[0].commit = 2;
}

static void no_operation(struct kxp_draft *d)
{
    d->inputs[0].commit = 0;
}

/* Enough for the mass of one operation more. */
static void ample_fee(struct kxp_draft *d)
{
    d->no_change = true;
    d->coin_amounts[0] = d->outputs[0].value + KASPA_SOMPI_PER_KAS / 100;
}

static const struct row commitments[] = {
    {"two operations", {.terms = ample_fee, .tx = two_operations}},
    {"none", {.terms = ample_fee, .tx = no_operation}},
};

SCENARIO(other_commitments_are_refused,
         .title = "An input that commits to more or fewer signature operations than its one is "
                  "refused",
         .threat = "exact-output", .rule = "exact.transaction.commitments",
         .catches = DEFECTS("kx.commitments.unchecked"), .needs = KXP_PAY, TABLE(commitments))
{
    refuse_row(t);
}

/* ---- what the text says of the body ---- */

static void mass_plus_one(struct kxp_draft *d)
{
    unsigned long long mass = (unsigned long long)d->tx.storage_mass + 1;

    kxp_set_text(d->text, "storageMass", case_printf(d->t, "%llu", mass));
}

static void mass_minus_one(struct kxp_draft *d)
{
    unsigned long long mass = (unsigned long long)d->tx.storage_mass - 1;

    kxp_set_text(d->text, "storageMass", case_printf(d->t, "%llu", mass));
}

static void mass_zero(struct kxp_draft *d)
{
    kxp_set_text(d->text, "storageMass", "0");
}

static void mass_absent(struct kxp_draft *d)
{
    kxp_set(d->text, "storageMass", NULL);
}

static const struct row masses[] = {
    {"one more", {.text = mass_plus_one}},
    {"one less", {.text = mass_minus_one}},
    {"zero", {.text = mass_zero}},
};

SCENARIO(other_storage_mass_is_refused,
         .title = "A storage mass other than the computed one is refused", .threat = "exact-output",
         .rule = "exact.transaction.storage-mass", .ideas = "KX-094",
         .catches = DEFECTS("kx.mass.believed"), .needs = KXP_PAY, TABLE(masses))
{
    refuse_row(t);
}

SCENARIO(missing_storage_mass_is_refused, .title = "A text without a storage mass is refused",
         .threat = "exact-output", .rule = "exact.transaction.encoding", .ideas = "KX-094",
         .catches = DEFECTS("kx.encoding.lenient"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.text = mass_absent});
}

static void id_of_another(struct kxp_draft *d)
{
    kxp_set_text(d->text, "id", "9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b");
}

SCENARIO(id_of_another_transaction_is_refused,
         .title = "A text that names another transaction's id is refused", .threat = "exact-txid",
         .rule = "exact.transaction.id", .ideas = "KX-086",
         .catches = DEFECTS("kx.id.believed", "kx.id.key"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.text = id_of_another});
}

/* ---- fees ---- */

static void fee_above_policy(struct kxp_draft *d)
{
    d->no_change = true;
}

SCENARIO(fee_above_the_policy_is_refused,
         .title = "A fee above what the server's policy allows is refused, since it is the payer's "
                  "loss",
         .threat = "fee-and-relay", .rule = "exact.transaction.fee", .ideas = "KX-095",
         .catches = DEFECTS("kx.fee.unlimited"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = fee_above_policy});
}

/* ---- amounts above all money ---- */

/* Little beside the amount, so that what is left is a fee like any where sums wrap around. */
static void small_coin(struct kxp_draft *d)
{
    d->coin_amounts[0] = d->outputs[0].value + 3 * KASPA_SOMPI_PER_KAS / 10;
}

static void sum_to(struct kxp_draft *d, uint64_t sum)
{
    d->made[1].value = sum - d->made[0].value;
}

static void sum_to_2_63(struct kxp_draft *d)
{
    sum_to(d, UINT64_C(1) << 63);
}

static void sum_below_2_64(struct kxp_draft *d)
{
    sum_to(d, UINT64_MAX);
}

static void sum_past_2_64(struct kxp_draft *d)
{
    d->made[1].value = UINT64_MAX;
}

static const struct row sums[] = {
    {"2^63", {.terms = small_coin, .tx = sum_to_2_63}},
    {"one below 2^64", {.terms = small_coin, .tx = sum_below_2_64}},
    {"past 2^64", {.terms = small_coin, .tx = sum_past_2_64}},
};

SCENARIO(outputs_above_all_money_are_refused,
         .title = "Outputs that add up to 2^63, or past 2^64, are refused and not submitted, "
                  "however the sum is kept",
         .threat = "exact-output", .rule = "exact.transaction.fee",
         .catches = DEFECTS("kx.output.wraps"), .needs = KXP_PAY, TABLE(sums))
{
    refuse_row(t);
}

/* ---- coins ---- */

static void raise_the_hint(struct kxp_draft *d)
{
    d->coins[0].amount += KASPA_SOMPI_PER_KAS / 1000;
}

static void never_existed(struct kxp_draft *d)
{
    d->spends[0].outpoint.txid.at[0] ^= 1;
}

static void another_output(struct kxp_draft *d)
{
    d->spends[0].outpoint.index = 7;
}

static const struct row hints[] = {
    {"a higher amount", {.tx = raise_the_hint}},
    {"a coin that never was", {.coins = never_existed}},
    {"an output that never was", {.coins = another_output}},
};

SCENARIO(coins_that_are_not_there_are_refused,
         .title =
             "What the text says of the coins that it spends is compared with the chain, before "
             "anything is submitted",
         .threat = "exact-output", .rule = "exact.transaction.hints", .ideas = "KX-087 KX-089",
         .catches = DEFECTS("kx.hints.believed"), .needs = KXP_PAY, TABLE(hints))
{
    refuse_row(t);
}

SCENARIO(spent_coin_is_refused,
         .title = "A payment from a coin that another accepted transaction has spent is refused, "
                  "and not submitted",
         .threat = "exact-output", .rule = "exact.transaction.hints", .ideas = "KX-088",
         .catches = DEFECTS("kx.hints.believed"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_submit_ourselves(t, kxp_conflict(t, paid));
    kxp_mine(t, 1);
    expect_refused(t, kxp_send_briefly(t, "from a spent coin", want, paid));
}

static void same_coin_twice(struct kxp_draft *d)
{
    d->spends[1] = d->spends[0];
    d->spend_count = 2;
}

SCENARIO(coin_spent_twice_is_refused,
         .title = "A transaction that spends one coin twice is refused, and not submitted",
         .threat = "exact-output", .rule = "exact.transaction.outpoints", .ideas = "KX-098",
         .catches = DEFECTS("kx.outpoints.twice"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.coins = same_coin_twice});
}

static void relative_lock(struct kxp_draft *d)
{
    d->spends[0].sequence = 1000000;
}

SCENARIO(transaction_that_consensus_refuses_is_not_submitted,
         .title = "A transaction that consensus does not allow yet is refused, and not submitted",
         .threat = "exact-output", .rule = "exact.transaction.consensus",
         .catches = DEFECTS("kx.consensus.unchecked"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.coins = relative_lock});
}

/* A second coin pays and authorises, so that the first one's kind is all that is wrong. */
static void coin_of_a_script(struct kxp_draft *d)
{
    uint8_t room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    struct kaspa_spend *first = &d->spends[0];

    d->spends[d->spend_count++] = *first;
    kaspa_script_add_pay_to_script_hash(&script, first->utxo.spk.script);
    first->redeem = first->utxo.spk.script;
    first->utxo.spk.script = case_copy(d->t, assay_buf_view(&script));
    first->kind = KASPA_SPEND_SCRIPT_HASH;
    first->outpoint = kxp_fund(d->t, &first->utxo.spk, first->utxo.amount);
    d->keeps_scripts = true;
    d->input_index = 1;
}

SCENARIO(other_kinds_of_coins_are_refused,
         .title =
             "A payment from a coin that is not pay-to-pubkey is refused, though it is validly "
             "spent",
         .threat = "exact-output", .rule = "exact.transaction.funding", .ideas = "KX-090",
         .catches = DEFECTS("kx.funding.any_script"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.coins = coin_of_a_script});
}

/* ---- signature flags ---- */

struct flag {
    const char *name;
    uint8_t flag;
};

static void sign_with(struct kxp_draft *d)
{
    const struct flag *row = d->arg;

    d->sighash = row->flag;
}

static const struct flag legal[] = {
    {"ALL", 0x01},
    {"NONE", 0x02},
    {"SINGLE", 0x04},
    {"ALL, ANYONECANPAY", 0x81},
    {"NONE, ANYONECANPAY", 0x82},
    {"SINGLE, ANYONECANPAY", 0x84},
};

SCENARIO(
    every_signature_flag_pays,
    .title = "A payment signed with any of the six flags is served: the profile allows them all",
    .threat = "exact-output", .rule = "exact.transaction.funding", .ideas = "KX-091",
    .catches = DEFECTS("kx.sighash.all_only"), .needs = KXP_PAY, TABLE(legal))
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.terms = sign_with, .arg = case_row(t)};
    const struct kxp_payment *paid = kxp_bent(t, given_offer(t, want), bend);

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}

static void put_flag(struct kxp_draft *d)
{
    const struct flag *row = d->arg;
    const char *script = json_string_value(kxp_get(d->text, "inputs.0.signatureScript"));

    kxp_set_text(d->text, "inputs.0.signatureScript",
                 case_printf(d->t, "%.*s%02x", (int)strlen(script) - 2, script, row->flag));
}

static const struct flag illegal[] = {
    {"zero", 0x00},
    {"three", 0x03},
    {"forty-one", 0x41},
    {"all bits", 0xff},
};

SCENARIO(
    unknown_signature_flags_are_refused,
    .title = "A signature with a flag that consensus does not know is refused, and not submitted",
    .threat = "exact-output", .rule = "exact.transaction.funding", .ideas = "KX-091",
    .catches = DEFECTS("kx.funding.unverified"), .needs = KXP_PAY, TABLE(illegal))
{
    refuse(t, &(struct kxp_bend){.text = put_flag, .arg = case_row(t)});
}

/* NONE does not cover outputs, so the signature still holds; the output rule has to see it. */
static void redirect(struct kxp_draft *d)
{
    struct assay_key stranger = kxp_stranger(d->t);

    d->made[0].spk = kxp_spk_of(d->t, &stranger);
    kxp_write_text(d);
}

static const struct flag none = {"NONE", 0x02};

SCENARIO(
    unsigned_outputs_are_checked_all_the_same,
    .title = "Outputs that the signature does not cover, changed after it was made, are refused",
    .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-092",
    .catches = DEFECTS("kx.output.any_script"), .needs = KXP_PAY)
{
    refuse(t, &(struct kxp_bend){.terms = sign_with, .text = redirect, .arg = &none});
}

/* ---- forgeries and sizes ---- */

static void forge_signature(struct kxp_draft *d)
{
    char *script =
        case_printf(d->t, "%s", json_string_value(kxp_get(d->text, "inputs.0.signatureScript")));

    script[20] = script[20] == '0' ? '1' : '0';
    kxp_set_text(d->text, "inputs.0.signatureScript", script);
}

/* Few enough for a server that takes its time over each. */
enum { FORGERIES = 16 };

SCENARIO(forgeries_cost_the_node_nothing,
         .title =
             "Payments with a forged funding signature are refused without asking the node about "
             "them",
         .threat = "stale-node", .rule = "node.after-signatures", .ideas = "KX-096",
         .catches = DEFECTS("kx.verify.chain_first"), .needs = KXP_PAY | NEED_DISRUPT)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *forged =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.text = forge_signature});
    struct peer_with withs[FORGERIES];

    for (size_t i = 0; i < ARRAY_LEN(withs); i++)
        withs[i] = kxp_headers(forged);
    expect_each_refused(t, "a forged funding signature", want, withs, ARRAY_LEN(withs));
    expect_no_lookup(t, forged);
}

static void many_inputs(struct kxp_draft *d)
{
    for (size_t i = 1; i < 17; i++) {
        d->spends[i] = d->spends[0];
        d->spends[i].outpoint.index = (uint32_t)i;
    }
    d->spend_count = 17;
}

static void many_outputs(struct kxp_draft *d)
{
    json_t *outputs = kxp_get(d->text, "outputs");

    while (json_array_size(outputs) < 65)
        (void)json_array_append_new(outputs, json_deep_copy(json_array_get(outputs, 0)));
}

static void large_text(struct kxp_draft *d)
{
    enum { SIZE = 65537 };
    char *note = case_alloc(d->t, SIZE + 1);

    memset(note, 'x', SIZE);
    note[SIZE] = '\0';
    kxp_set_text(d->text, "note", note);
}

static const struct row sizes[] = {
    {"17 inputs", {.coins = many_inputs}},
    {"65 outputs", {.text = many_outputs}},
    {"a text above 65,536 bytes", {.text = large_text}},
};

SCENARIO(large_transactions_are_refused_before_the_node_is_asked,
         .title = "A transaction above the limits is refused without asking the node about it",
         .threat = "exact-output", .rule = "http.budget", .ideas = "KX-097",
         .catches = DEFECTS("kx.http.no_budget"), .needs = KXP_PAY, TABLE(sizes))
{
    const struct row *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *bent = kxp_bent(t, given_offer(t, want), row->bend);

    expect_refused(t, kxp_send(t, row->name, want, bent));
    expect_no_lookup(t, bent);
}
