/* One change of the payment after another, and what it breaks; see kaspa_faults.h. */
#include "ref/tests/kaspa_faults.h"

static void as_coinbase(struct payment *p)
{
    p->tx.subnetwork_id[0] = 1;
    p->tx.input_count = 0;
}

/* The script of a hash, and a signature script that is the push of its redeem script alone. */
static void pay_from_script_hash(struct payment *p, size_t input, struct assay_bytes redeem)
{
    struct assay_buf script = ASSAY_BUF_OVER(p->other_script);
    struct assay_buf push = ASSAY_BUF_OVER(p->redeem);

    kaspa_script_add_pay_to_script_hash(&script, redeem);
    kaspa_script_add_push(&push, redeem);
    p->utxos[input].spk.script = assay_buf_view(&script);
    p->inputs[input].signature_script = assay_buf_view(&push);
}

static void no_change(struct payment *p)
{
    (void)p;
}

static void no_inputs(struct payment *p)
{
    p->tx.input_count = 0;
}

static void too_many_inputs(struct payment *p)
{
    p->tx.input_count = MANY;
}

static void large_signature_script(struct payment *p)
{
    p->tx.input_count = 2;
    p->inputs[1].signature_script = assay_bytes_of(zeros, KASPA_SIGNATURE_SCRIPT_MAX_BYTES + 1);
}

static void too_many_outputs(struct payment *p)
{
    p->tx.output_count = MANY;
}

static void large_output_script(struct payment *p)
{
    p->outputs[1].spk.script = assay_bytes_of(zeros, KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1);
}

static void coinbase_with_inputs(struct payment *p)
{
    p->tx.subnetwork_id[0] = 1;
}

static void coinbase_with_mass(struct payment *p)
{
    as_coinbase(p);
    p->tx.storage_mass = 1;
}

static void coinbase_with_many_outputs(struct payment *p)
{
    as_coinbase(p);
    p->tx.output_count = KASPA_COINBASE_MAX_OUTPUTS + 1;
}

static void coinbase_with_more_outputs_than_others(struct payment *p)
{
    as_coinbase(p);
    p->tx.output_count = MANY;
}

static void coinbase_with_a_long_script(struct payment *p)
{
    as_coinbase(p);
    p->outputs[1].spk.script = assay_bytes_of(zeros, KASPA_COINBASE_OUTPUT_SCRIPT_MAX_BYTES + 1);
}

static void worthless_output(struct payment *p)
{
    p->outputs[1].value = 0;
}

static void immense_output(struct payment *p)
{
    p->outputs[1].value = KASPA_MAX_SOMPI + 1;
}

static void immense_outputs(struct payment *p)
{
    p->outputs[0].value = KASPA_MAX_SOMPI;
    p->outputs[1].value = 1;
}

static void one_outpoint_twice(struct payment *p)
{
    p->tx.input_count = 20;
    p->inputs[17].previous = p->inputs[3].previous;
    p->inputs[18].previous = p->inputs[4].previous;
}

static void outpoints_that_share_a_transaction(struct payment *p)
{
    p->tx.input_count = 3;
    p->inputs[1].previous.txid.at[31] = 1;
    p->inputs[2].previous.txid.at[0] = 1;
    p->outputs[2].value = 2 * KAS;
    p->tx.output_count = 3;
}

static void gas_in_version_0(struct payment *p)
{
    p->tx.gas = 1;
}

static void gas_without_a_lane(struct payment *p)
{
    as_version_1(p);
    p->tx.gas = 1;
}

static void unknown_subnetwork(struct payment *p)
{
    p->tx.subnetwork_id[0] = 2;
}

static void lane_in_version_0(struct payment *p)
{
    p->tx.subnetwork_id[3] = 1;
}

static void unknown_version(struct payment *p)
{
    p->tx.version = 2;
}

static void count_in_version_1(struct payment *p)
{
    as_version_1(p);
    p->inputs[0].commit_kind = KASPA_COMMIT_SIG_OPS;
}

static void budget_in_version_0(struct payment *p)
{
    p->tx.input_count = 2;
    p->inputs[1].commit_kind = KASPA_COMMIT_BUDGET;
}

static void covenant_in_version_0(struct payment *p)
{
    p->outputs[1].has_covenant = true;
}

static void lock_time_now(struct payment *p)
{
    p->tx.lock_time = p->pov.daa_score;
}

static void nothing_known(struct payment *p)
{
    p->with.utxos = NULL;
    p->with.pov = NULL;
    p->with.arena = NULL;
}

static void no_utxos(struct payment *p)
{
    p->with.utxos = NULL;
}

static void no_utxos_and_much_gas(struct payment *p)
{
    as_version_1(p);
    p->with.utxos = NULL;
    p->tx.subnetwork_id[3] = 1;
    p->tx.gas = KASPA_LANE_GAS_LIMIT + 1;
}

static void no_point_of_view(struct payment *p)
{
    p->with.pov = NULL;
}

static void lock_time_and_no_point_of_view(struct payment *p)
{
    p->tx.lock_time = 1;
    no_point_of_view(p);
}

static void coinbase_and_no_point_of_view(struct payment *p)
{
    p->utxos[0].is_coinbase = true;
    no_point_of_view(p);
}

static void no_locks_and_no_point_of_view(struct payment *p)
{
    for (size_t i = 0; i < p->tx.input_count; i++)
        p->inputs[i].sequence = KASPA_SEQUENCE_FINAL;
    p->tx.lock_time = 1;
    no_point_of_view(p);
}

static void missing_output(struct payment *p)
{
    p->tx.input_count = 3;
    p->is_missing[2] = true;
    p->with.is_missing = p->is_missing;
}

static void none_is_missing(struct payment *p)
{
    p->with.is_missing = p->is_missing;
}

static void young_coinbase(struct payment *p)
{
    p->utxos[0].is_coinbase = true;
    p->pov.daa_score = p->utxos[0].block_daa_score + 999;
}

static void grown_coinbase(struct payment *p)
{
    p->utxos[0].is_coinbase = true;
    p->pov.daa_score = p->utxos[0].block_daa_score + 1000;
}

static void first_coinbase(struct payment *p)
{
    p->utxos[0].is_coinbase = true;
    p->utxos[0].block_daa_score = 0;
    p->pov.daa_score = 999;
}

static void input_sum_past_64_bits(struct payment *p)
{
    p->tx.input_count = 2;
    p->utxos[1].amount = UINT64_MAX;
}

static void input_sum_too_high(struct payment *p)
{
    p->tx.input_count = 3;
    p->utxos[1].amount = KASPA_MAX_SOMPI;
}

static void more_than_there_is(struct payment *p)
{
    p->outputs[1].value = KAS / 2 + 1;
}

static void everything_and_no_fee(struct payment *p)
{
    p->outputs[1].value = KAS / 2;
}

static void worthless_input(struct payment *p)
{
    p->tx.input_count = 2;
    p->utxos[1].amount = 0;
}

static void another_storage_mass(struct payment *p)
{
    p->tx.storage_mass++;
}

static void no_storage_mass(struct payment *p)
{
    p->tx.storage_mass = 0;
}

static void storage_mass_left_to_the_mempool(struct payment *p)
{
    p->tx.storage_mass = 0;
    p->with.mass_is_filled_in = true;
}

static void another_storage_mass_left_to_the_mempool(struct payment *p)
{
    p->tx.storage_mass++;
    p->with.mass_is_filled_in = true;
}

static void closed_relative_lock(struct payment *p)
{
    p->inputs[0].sequence = 4001;
}

static void open_relative_lock(struct payment *p)
{
    p->inputs[0].sequence = 4000;
}

static void covenant_of_no_genesis(struct payment *p)
{
    as_version_1(p);
    p->outputs[1].has_covenant = true;
}

static void covenant_of_no_input(struct payment *p)
{
    covenant_of_no_genesis(p);
    p->outputs[1].authorizing_input = 1;
}

static void continued_covenant(struct payment *p)
{
    covenant_of_no_genesis(p);
    p->utxos[0].has_covenant = true;
}

static void covenant_without_memory(struct payment *p)
{
    continued_covenant(p);
    p->arena.max = 0;
}

static void flipped_signature(struct payment *p)
{
    p->signatures[0][10] ^= 1;
}

static void no_signature(struct payment *p)
{
    p->inputs[0].signature_script.len = 0;
}

static void too_small_a_count(struct payment *p)
{
    p->inputs[0].commit = 0;
}

/* A tag and the zero-knowledge precompile, and the budget that this costs. */
static void undecidable_input(struct payment *p)
{
    as_version_1(p);
    p->inputs[0].commit = 1500;
    pay_from_script_hash(p, 0, ASSAY_LIT("\x01\x20\xa6"));
    p->utxos[0].amount = 10 * KAS;
}

static void undecidable_inputs(struct payment *p)
{
    undecidable_input(p);
    p->tx.input_count = 3;
    p->inputs[2] = p->inputs[0];
    p->inputs[2].previous.index = 2;
    p->utxos[2] = p->utxos[0];
}

static void undecidable_input_before_a_wrong_one(struct payment *p)
{
    undecidable_input(p);
    p->tx.input_count = 2;
    p->inputs[1].signature_script.len = 0;
}

static void nonstandard_output(struct payment *p)
{
    p->outputs[1].spk.version = 1;
}

static void nonstandard_input(struct payment *p)
{
    p->tx.input_count = 2;
    p->utxos[1].spk.script = ASSAY_LIT("\x51");
    p->inputs[1].signature_script.len = 0;
}

static void sixteen_signature_operations(struct payment *p)
{
    pay_from_script_hash(p, 0,
                         ASSAY_LIT("\x00\x63\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac"
                                   "\xac\xac\xac\x68\x51"));
}

static void fifteen_signature_operations(struct payment *p)
{
    pay_from_script_hash(p, 0,
                         ASSAY_LIT("\x00\x63\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac\xac"
                                   "\xac\xac\x68\x51"));
}

static void rich(struct payment *p)
{
    p->utxos[0].amount = 100 * KAS;
}

static void large_payload(struct payment *p)
{
    rich(p);
    p->tx.payload = assay_bytes_of(zeros, 250000);
}

static void large_budget(struct payment *p)
{
    as_version_1(p);
    rich(p);
    p->inputs[0].commit = 5000;
}

static void small_output(struct payment *p)
{
    p->outputs[0].value = KAS / 100;
}

static void much_gas(struct payment *p)
{
    as_version_1(p);
    p->tx.subnetwork_id[3] = 1;
    p->tx.gas = KASPA_LANE_GAS_LIMIT + 1;
}

static void all_the_gas(struct payment *p)
{
    as_version_1(p);
    p->tx.subnetwork_id[3] = 1;
    p->tx.gas = KASPA_LANE_GAS_LIMIT;
}

static void fee_too_low(struct payment *p)
{
    p->outputs[1].value = KAS / 2 - 203599;
}

static void fee_just_right(struct payment *p)
{
    p->outputs[1].value = KAS / 2 - 203600;
}

#define ALL_HELD "HHHHHHHHH H HHHHHHHH H HHH"

const struct kaspa_fault kaspa_faults[] = {
    {"a payment", no_change, ALL_HELD},
    {"a payment in version 1", as_version_1, ALL_HELD},
    {"no inputs", no_inputs, "BHHHHHHHH H NNNNNNNN N NNN", KASPA_TX_NO_INPUTS, MADE_AFTER, 0,
     "it has no inputs"},
    {"1001 inputs", too_many_inputs, "BHHHNHHHH H NNNNNNNN N NNN", KASPA_TX_TOO_MANY_INPUTS,
     MADE_AFTER, 0, "it has more than 1000 inputs: 1 001"},
    {"a large signature script", large_signature_script, "BHHHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_TOO_BIG_SIGNATURE_SCRIPT, MADE_AFTER, 1,
     "input 1: a signature script is above 250 000 bytes: 250 001"},
    {"1001 outputs", too_many_outputs, "HBHHHHHHH H NNNNNNNN N NNN", KASPA_TX_TOO_MANY_OUTPUTS,
     MADE_AFTER, 0, "it has more than 1000 outputs: 1 001"},
    {"a large output script", large_output_script, "HBHHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_TOO_BIG_SCRIPT_PUBLIC_KEY, MADE_AFTER, 1,
     "output 1: an output's script is above 10 000 bytes: 10 001"},
    {"a coinbase", as_coinbase, "HHHHHHHHH H NNNNNNNN N NNN"},
    {"a coinbase with inputs", coinbase_with_inputs, "HHBHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_COINBASE_HAS_INPUTS, MADE_AFTER, 0, "a coinbase has inputs: 1"},
    {"a coinbase with a storage mass", coinbase_with_mass, "HHBHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_COINBASE_MASS, MADE_BEFORE, 0, "a coinbase commits to a storage mass"},
    {"a coinbase with 127 outputs", coinbase_with_many_outputs, "HHBHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_COINBASE_TOO_MANY_OUTPUTS, MADE_AFTER, 0,
     "a coinbase has more than 126 outputs: 127"},
    {"a coinbase with 1001 outputs", coinbase_with_more_outputs_than_others,
     "HHBHHHHHH H NNNNNNNN N NNN", KASPA_TX_COINBASE_TOO_MANY_OUTPUTS},
    {"a coinbase with a long script", coinbase_with_a_long_script, "HHBHHHHHH H NNNNNNNN N NNN",
     KASPA_TX_COINBASE_SCRIPT_TOO_LONG, MADE_AFTER, 1,
     "output 1: an output's script of a coinbase is above 150 bytes: 151"},
    {"an output of nothing", worthless_output, "HHHBHHHHH H NNNNNNNN N NNN", KASPA_TX_OUT_ZERO,
     MADE_AFTER, 1, "output 1: an output is worth nothing"},
    {"an immense output", immense_output, "HHHBHHHHH H NNNNNNNN N NNN", KASPA_TX_OUT_TOO_HIGH,
     MADE_AFTER, 1,
     "output 1: an output is worth more than there is: 2 900 000 000 000 000 001 sompi"},
    {"outputs that are immense together", immense_outputs, "HHHBHHHHH H NNNNNNNN N NNN",
     KASPA_TX_TOTAL_OUT_TOO_HIGH, MADE_AFTER, 1,
     "the outputs together are worth more than there is"},
    {"one outpoint twice", one_outpoint_twice, "HHHHBHHHH H NNNNNNNN N NNN",
     KASPA_TX_DUPLICATE_INPUTS, MADE_AFTER, 17, "input 17: two inputs spend the same outpoint"},
    {"outpoints alike", outpoints_that_share_a_transaction, ALL_HELD},
    {"gas in version 0", gas_in_version_0, "HHHHHBHHH H NNNNNNNN N NNN", KASPA_TX_HAS_GAS,
     MADE_AFTER, 0, "it has gas where none is allowed: 1"},
    {"gas without a lane", gas_without_a_lane, "HHHHHBHHH H NNNNNNNN N NNN", KASPA_TX_HAS_GAS},
    {"an unknown subnetwork", unknown_subnetwork, "HHHHHHBHH H NNNNNNNN N NNN",
     KASPA_TX_SUBNETWORKS_DISABLED, MADE_AFTER, 0, "its subnetwork is none that is enabled"},
    {"a lane in version 0", lane_in_version_0, "HHHHHHBHH H NNNNNNNN N NNN",
     KASPA_TX_SUBNETWORKS_DISABLED},
    {"an unknown version", unknown_version, "HHHHHHHBN H NNNNNNNN N NNN", KASPA_TX_UNKNOWN_VERSION,
     MADE_AFTER, 0, "its version is neither 0 nor 1: 2"},
    {"a count in version 1", count_in_version_1, "HHHHHHHHB H NNNNNNNN N NNN",
     KASPA_TX_SIG_OP_COUNT_IN_V1, MADE_AFTER, 0,
     "input 0: a version 1 input has a signature operation count"},
    {"a budget in version 0", budget_in_version_0, "HHHHHHHHB H NNNNNNNN N NNN",
     KASPA_TX_BUDGET_IN_V0, MADE_AFTER, 1, "input 1: a version 0 input has a compute budget"},
    {"a covenant in version 0", covenant_in_version_0, "HHHHHHHHB H NNNNNNNN N NNN",
     KASPA_TX_COVENANT_IN_V0, MADE_AFTER, 1, "output 1: a version 0 output has a covenant"},
    {"a lock time that is now", lock_time_now, "HHHHHHHHH B HHHHHHHH H HHH", KASPA_TX_NOT_FINALIZED,
     MADE_AFTER, 0, "its lock time has not come: DAA score 9 000"},
    {"nothing is known", nothing_known, "HHHHHHHHH H NNNNNNNN N HNN"},
    {"no UTXOs", no_utxos, "HHHHHHHHH H NNNNNNNN N HNN"},
    {"no UTXOs, and a limit passed", no_utxos_and_much_gas, "HHHHHHHHH H NNNNNNNN B HNN",
     KASPA_TX_GAS_ABOVE_LIMIT},
    {"no point of view", no_point_of_view, "HHHHHHHHH H HHHHHNHH H HHH"},
    {"a lock time, and no point of view", lock_time_and_no_point_of_view,
     "HHHHHHHHH N HHHHHNHH H HHH"},
    {"a coinbase, and no point of view", coinbase_and_no_point_of_view,
     "HHHHHHHHH H HNHHHNHH H HHH"},
    {"no locks, and no point of view", no_locks_and_no_point_of_view, ALL_HELD},
    {"a missing output", missing_output, "HHHHHHHHH H BNNNNNNN N HNN", KASPA_TX_MISSING_OUTPOINTS,
     MADE_AFTER, 2, "input 2: what it spends is not known"},
    {"none is missing", none_is_missing, ALL_HELD},
    {"a young coinbase", young_coinbase, "HHHHHHHHH H HBHHHHHH H HHH", KASPA_TX_IMMATURE_COINBASE,
     MADE_AFTER, 0, "input 0: it spends a coinbase before its maturity"},
    {"a grown coinbase", grown_coinbase, ALL_HELD},
    {"the first coinbase", first_coinbase, "HHHHHHHHH H HBHHHHHH H HHH",
     KASPA_TX_IMMATURE_COINBASE},
    {"an input sum past 64 bits", input_sum_past_64_bits, "HHHHHHHHH H HHBNNHHH N HHN",
     KASPA_TX_INPUT_OVERFLOW, MADE_AFTER, 1, "the inputs' sum does not fit 64 bits"},
    {"an input sum too high", input_sum_too_high, "HHHHHHHHH H HHBNNHHH N HHN",
     KASPA_TX_INPUT_TOO_HIGH, MADE_AFTER, 1, "the inputs together are worth more than there is"},
    {"more than there is", more_than_there_is, "HHHHHHHHH H HHHBHHHH H HHN",
     KASPA_TX_SPEND_TOO_HIGH, MADE_AFTER, 0,
     "the outputs are worth more than the inputs: 100 000 001 sompi, of 100 000 000"},
    {"no fee at all", everything_and_no_fee, "HHHHHHHHH H HHHHHHHH H HHB", KASPA_TX_FEE_TOO_LOW,
     MADE_AFTER, 0, "its fee is below the minimum for relay: 0 sompi, at least 203 600 are needed"},
    {"an input of nothing", worthless_input, "HHHHHHHHH H HHHHBHHN B HHH",
     KASPA_TX_MASS_INCOMPUTABLE, MADE_AFTER, 0, "its storage mass does not fit 64 bits"},
    {"another storage mass", another_storage_mass, "HHHHHHHHH H HHHHBHHH H HHH",
     KASPA_TX_WRONG_MASS, MADE_BEFORE, 0,
     "the committed storage mass is not the computed one: 30 409 instead of 30 408 grams"},
    {"no storage mass", no_storage_mass, "HHHHHHHHH H HHHHBHHH H HHH", KASPA_TX_WRONG_MASS,
     MADE_BEFORE},
    {"a storage mass for the mempool", storage_mass_left_to_the_mempool, ALL_HELD, KASPA_TX_OK,
     MADE_BEFORE},
    {"a wrong one for the mempool", another_storage_mass_left_to_the_mempool,
     "HHHHHHHHH H HHHHBHHH H HHH", KASPA_TX_WRONG_MASS, MADE_BEFORE},
    {"a closed lock", closed_relative_lock, "HHHHHHHHH H HHHHHBHH H HHH", KASPA_TX_SEQUENCE_LOCK,
     MADE_AFTER, 0, "input 0: a relative lock is not open yet: 4 001 DAA"},
    {"an open lock", open_relative_lock, ALL_HELD},
    {"a covenant of no genesis", covenant_of_no_genesis, "HHHHHHHHH H HHHHHHBN H HHH",
     KASPA_TX_WRONG_GENESIS, MADE_AFTER, 0,
     "input 0: a covenant's id is not the hash of its genesis"},
    {"a covenant of no input", covenant_of_no_input, "HHHHHHHHH H HHHHHHBN H HHH",
     KASPA_TX_AUTH_INPUT_OUT_OF_BOUNDS, MADE_AFTER, 1,
     "output 1: an output's authorizing input is not there"},
    {"a continued covenant", continued_covenant, ALL_HELD},
    {"a covenant without memory", covenant_without_memory, "HHHHHHHHH H HHHHHHUN H HHH",
     KASPA_TX_OK, MADE_AFTER, 0, "cannot be decided here: resource"},
    {"a flipped signature", flipped_signature, "HHHHHHHHH H HHHHHHHB H HHH",
     KASPA_TX_SIGNATURE_INVALID, MADE_BEFORE, 0,
     "input 0: a script refuses: the signature is not by this key over this transaction and this "
     "coin: the amount, the script or the transaction is not what was signed, or another key "
     "signed "
     "it"},
    {"no signature", no_signature, "HHHHHHHHH H HHHHHHHB H HHH", KASPA_TX_SIGNATURE_EMPTY},
    {"too small a count", too_small_a_count, "HHHHHHHHH H HHHHHHHB H HHH",
     KASPA_TX_SIGNATURE_INVALID, MADE_AFTER, 0,
     "input 0: a script refuses: the script costs more than its input committed to, 100 000 units "
     "of 9 999, in the script public key at byte 33 (CHECKSIG)"},
    {"an undecidable input", undecidable_input, "HHHHHHHHH H HHHHHHHU H HHH", KASPA_TX_OK,
     MADE_AFTER, 0, "input 0: cannot be decided here: zk precompile"},
    {"two undecidable inputs", undecidable_inputs, "HHHHHHHHH H HHHHHHHU H HHH", KASPA_TX_OK},
    {"an undecidable input, and a wrong one", undecidable_input_before_a_wrong_one,
     "HHHHHHHHH H HHHHHHHB H HHH", KASPA_TX_SIGNATURE_EMPTY, MADE_AFTER, 1},
    {"a nonstandard output", nonstandard_output, "HHHHHHHHH H HHHHHHHH H BHH",
     KASPA_TX_NONSTANDARD_OUTPUT, MADE_AFTER, 1,
     "output 1: an output's script is of no standard class"},
    {"a nonstandard input", nonstandard_input, "HHHHHHHHH H HHHHHHHH H HBH",
     KASPA_TX_NONSTANDARD_INPUT, MADE_AFTER, 1,
     "input 1: a script that it spends is of no standard class"},
    {"16 signature operations", sixteen_signature_operations, "HHHHHHHHH H HHHHHHHH H HBH",
     KASPA_TX_TOO_MANY_SIG_OPS, MADE_AFTER, 0,
     "input 0: a redeem script has more than 15 signature operations"},
    {"15 signature operations", fifteen_signature_operations, ALL_HELD},
    {"a large payload", large_payload, "HHHHHHHHH H HHHHHHHN B HHH", KASPA_TX_MASS_ABOVE_LIMIT,
     MADE_AFTER, 0,
     "a mass is above the limit of a block: 252 036 grams of compute, 1 001 264 of transient, "
     "40 308 of storage mass"},
    {"a large budget", large_budget, "HHHHHHHHH H HHHHHHHN B HHH", KASPA_TX_MASS_ABOVE_LIMIT},
    {"a small output", small_output, "HHHHHHHHH H HHHHHHHN B HHH", KASPA_TX_MASS_ABOVE_LIMIT},
    {"much gas", much_gas, "HHHHHHHHH H HHHHHHHN B HHH", KASPA_TX_GAS_ABOVE_LIMIT, MADE_AFTER, 0,
     "its gas is above the limit of a lane: 1 000 000 001"},
    {"all the gas", all_the_gas, ALL_HELD},
    {"a fee too low", fee_too_low, "HHHHHHHHH H HHHHHHHH H HHB", KASPA_TX_FEE_TOO_LOW, MADE_AFTER,
     0, "its fee is below the minimum for relay: 203 599 sompi, at least 203 600 are needed"},
    {"a fee just right", fee_just_right, ALL_HELD},
};

const size_t kaspa_fault_count = ARRAY_LEN(kaspa_faults);
