/* Transactions as a node takes them over RPC. Source: Kaspa consensus digest, section 7.2. */
#include "kaspa/safejson.h"

#include <criterion/criterion.h>

#define ID "0101010101010101010101010101010101010101010101010101010101010101"

static const struct kaspa_input input = {
    .previous = {.txid = {.at = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
                 .index = UINT32_MAX},
    .signature_script = {(const uint8_t *)"\x51\x52", 2},
    .sequence = UINT64_MAX,
    .commit_kind = KASPA_COMMIT_SIG_OPS,
    .commit = 255,
};

static const struct kaspa_output output = {
    .value = UINT64_MAX,
    .spk = {.script = {(const uint8_t *)"\x51", 1}},
};

static struct kaspa_tx sample(uint16_t version)
{
    return (struct kaspa_tx){
        .version = version,
        .inputs = &input,
        .input_count = 1,
        .outputs = &output,
        .output_count = 1,
        .lock_time = UINT64_C(1) << 63,
        .gas = 5,
        .payload = ASSAY_LIT("\x0a"),
        .storage_mass = UINT64_MAX - 1,
    };
}

static const char *written(struct assay_buf *out, const struct kaspa_tx *tx)
{
    assay_buf_clear(out);
    kaspa_tx_write(out, tx, NULL, KASPA_JSON_RPC);
    cr_assert(assay_buf_ok(out));
    return assay_buf_cstr(out);
}

Test(kaspa_rpcjson, has_numbers_both_commitments_and_both_names_of_the_mass)
{
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    struct kaspa_tx tx = sample(0);

    cr_expect_str_eq(
        written(&out, &tx),
        "{\"version\":0,\"inputs\":[{\"previousOutpoint\":{\"transactionId\":\"" ID
        "\",\"index\":4294967295},\"sequence\":18446744073709551615,\"sigOpCount\":255,"
        "\"computeBudget\":0,\"signatureScript\":\"5152\"}],\"outputs\":[{\"value\":"
        "18446744073709551615,\"scriptPublicKey\":\"000051\",\"covenant\":null}],"
        "\"lockTime\":9223372036854775808,\"subnetworkId\":"
        "\"0000000000000000000000000000000000000000\",\"gas\":5,\"payload\":\"0a\","
        "\"storageMass\":18446744073709551614,\"mass\":18446744073709551614}");
    assay_buf_fini(&out);
}

Test(kaspa_rpcjson, reads_back_as_what_it_was)
{
    static const struct kaspa_json_options options = {.numbers = true};
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    struct kaspa_input budget = input;
    struct kaspa_output covenant = output;

    budget.commit_kind = KASPA_COMMIT_BUDGET;
    budget.commit = UINT16_MAX;
    covenant.has_covenant = true;
    covenant.authorizing_input = 7;
    for (uint16_t version = 0; version <= KASPA_TX_MAX_VERSION; version++) {
        struct kaspa_tx tx = sample(version), again;
        struct assay_err err = {.code = ASSAY_OK};

        tx.inputs = version > 0 ? &budget : &input;
        tx.outputs = version > 0 ? &covenant : &output;
        cr_assert_eq(
            kaspa_tx_parse(&again, NULL, &arena, assay_str(written(&out, &tx)), &options, &err),
            ASSAY_OK, "%s", err.text);
        cr_expect(kaspa_tx_equal(&tx, &again), "version %u", (unsigned)version);
    }
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

/* A commitment of the wrong kind stays one, so that the node refuses it by its name. */
Test(kaspa_rpcjson, hides_no_commitment_of_the_wrong_kind)
{
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    struct kaspa_tx tx = sample(1);

    struct kaspa_input budget = input;
    struct kaspa_tx other;

    cr_expect_not_null(strstr(written(&out, &tx), "\"sigOpCount\":255,\"computeBudget\":0,"));
    budget.commit_kind = KASPA_COMMIT_BUDGET;
    tx.version = 0;
    other = tx;
    other.inputs = &budget;
    cr_expect_not_null(strstr(written(&out, &other), "\"sigOpCount\":0,\"computeBudget\":255,"));
    cr_expect_not(kaspa_tx_equal(&tx, &other), "nor takes the one for the other");
    assay_buf_fini(&out);
}

Test(kaspa_rpcjson, leaves_out_what_is_not_the_nodes)
{
    static const struct kaspa_utxo utxo = {.amount = 1,
                                           .spk = {.script = {(const uint8_t *)"", 0}}};
    struct assay_buf with = ASSAY_BUF_INIT(4096), without = ASSAY_BUF_INIT(4096);
    struct kaspa_tx tx = sample(0);

    kaspa_tx_write(&with, &tx, &utxo, KASPA_JSON_RPC);
    cr_expect_str_eq(assay_buf_cstr(&with), written(&without, &tx));
    assay_buf_fini(&with);
    assay_buf_fini(&without);
}
