/* Transactions as JSON text: whatever is accepted is written in both forms, and both are read as
 * the same transaction with its true id; and its outpoints, sequences and values are those that
 * another library reads, under whichever name. The last byte of an input chooses the options. */
#include "fuzz.h"

#include "base/hex.h"
#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "kaspa/safejson.h"
#include "kaspa/script.h"
#include "kaspa/txid.h"

enum { ARENA_BYTES = 1 << 26, OPTIONS = 1, NUMBERS = 1, UNKNOWN_MEMBERS = 2, FEW = 4 };

static const struct kaspa_json_options strict = {.numbers = false};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

/* ---- a second reading: what is said at all is said so ---- */

static bool says(const json_t *object, const char *name, const char *text, bool is_hex)
{
    const json_t *member = json_object_get(object, name);
    struct assay_bytes said;

    if (member == NULL)
        return true;
    (void)fuzz_second_text(&said, object, name);
    return is_hex ? assay_bytes_equal_nocase(said, assay_str(text)) : assay_bytes_is(said, text);
}

/* As a number, or as its digits. */
static bool says_number(const json_t *object, const char *name, uint64_t number)
{
    const json_t *member = json_object_get(object, name);
    char digits[24];
    struct assay_buf text = ASSAY_BUF_OVER(digits);

    if (json_is_integer(member))
        return json_integer_value(member) >= 0 && (uint64_t)json_integer_value(member) == number;
    assay_buf_add_u64(&text, number);
    return says(object, name, assay_buf_cstr(&text), false);
}

static bool says_outpoint(const json_t *object, const struct kaspa_outpoint *outpoint)
{
    char hex[2 * KASPA_HASH_BYTES + 1];

    assay_hex_encode(hex, assay_bytes_of(outpoint->txid.at, KASPA_HASH_BYTES));
    return says(object, "transactionId", hex, true) && says(object, "txid", hex, true) &&
           says_number(object, "index", outpoint->index);
}

static void check_second(const struct kaspa_tx *tx, const json_t *second)
{
    const json_t *inputs = json_object_get(second, "inputs");
    const json_t *outputs = json_object_get(second, "outputs");

    FUZZ_CHECK(json_array_size(inputs) == tx->input_count);
    FUZZ_CHECK(json_array_size(outputs) == tx->output_count);
    FUZZ_CHECK(says_number(second, "lockTime", tx->lock_time));
    for (size_t i = 0; i < tx->input_count; i++) {
        const json_t *input = json_array_get(inputs, i);

        FUZZ_CHECK(says_outpoint(input, &tx->inputs[i].previous));
        FUZZ_CHECK(
            says_outpoint(json_object_get(input, "previousOutpoint"), &tx->inputs[i].previous));
        FUZZ_CHECK(says_number(input, "sequence", tx->inputs[i].sequence));
    }
    for (size_t i = 0; i < tx->output_count; i++) {
        FUZZ_CHECK(says_number(json_array_get(outputs, i), "value", tx->outputs[i].value));
        FUZZ_CHECK(says_number(json_array_get(outputs, i), "amount", tx->outputs[i].value));
    }
}

/* ---- written ---- */

/* Whether the outputs to spend are known of every input, so that they can be written. */
static bool all_known(const struct kaspa_tx *tx, const struct kaspa_claims *claims)
{
    size_t known = 0;

    for (size_t i = 0; i < tx->input_count; i++)
        known += claims->has_utxo[i] ? 1 : 0;
    return known == tx->input_count;
}

static void check_utxos(const struct kaspa_tx *tx, const struct kaspa_utxo *utxos,
                        const struct kaspa_claims *again, enum kaspa_json_form form)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        const struct kaspa_utxo *a = &utxos[i], *b = &again->utxos[i];

        FUZZ_CHECK(again->has_utxo[i]);
        FUZZ_CHECK(a->amount == b->amount && kaspa_spk_equal(&a->spk, &b->spk));
        FUZZ_CHECK(form == KASPA_JSON_NESTED || kaspa_utxo_equal(a, b));
    }
}

static void check_form(const struct kaspa_tx *tx, const struct kaspa_utxo *utxos,
                       enum kaspa_json_form form)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
    struct assay_buf twice = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
    struct kaspa_claims claims;
    struct kaspa_tx again;
    struct kaspa_hash id;

    kaspa_tx_write(&text, tx, utxos, form);
    FUZZ_CHECK(assay_buf_ok(&text));
    FUZZ_CHECK(kaspa_tx_parse(&again, &claims, &arena, assay_buf_view(&text), &strict, NULL) ==
               ASSAY_OK);
    FUZZ_CHECK(kaspa_tx_equal(tx, &again));
    kaspa_txid(&id, &again);
    FUZZ_CHECK(claims.has_id && kaspa_hash_equal(&claims.id, &id) && claims.has_storage_mass);
    if (utxos != NULL)
        check_utxos(tx, utxos, &claims, form);
    kaspa_tx_write(&twice, &again, utxos, form);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&text), assay_buf_view(&twice)));
    assay_buf_fini(&text);
    assay_buf_fini(&twice);
    assay_arena_fini(&arena);
}

/* The options that allow everything read the same; a limit that is met refuses one more. */
static void check_options(const struct kaspa_tx *tx, struct assay_bytes text)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_json_options all = {.numbers = true, .unknown_members = true};
    struct kaspa_tx other;

    all.max_inputs = tx->input_count;
    all.max_outputs = tx->output_count;
    FUZZ_CHECK(kaspa_tx_parse(&other, NULL, &arena, text, &all, NULL) == ASSAY_OK);
    FUZZ_CHECK(kaspa_tx_equal(tx, &other));
    all.max_inputs = tx->input_count - 1;
    if (tx->input_count > 1)
        FUZZ_CHECK(kaspa_tx_parse(&other, NULL, &arena, text, &all, NULL) == ASSAY_E_TOO_LARGE);
    assay_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    uint8_t choice = size > 0 ? data[size - 1] : 0;
    struct assay_bytes text = assay_bytes_of(data, size > 0 ? size - 1 : 0);
    struct kaspa_json_options options = {
        .numbers = (choice & NUMBERS) != 0,
        .unknown_members = (choice & UNKNOWN_MEMBERS) != 0,
        .max_inputs = (choice & FEW) != 0 ? 1 : 0,
        .max_outputs = (choice & FEW) != 0 ? 2 : 0,
    };
    struct kaspa_claims claims;
    struct assay_err err = {0};
    struct kaspa_tx tx;
    enum assay_code rc = kaspa_tx_parse(&tx, &claims, &arena, text, &options, &err);

    FUZZ_CHECK(rc == err.code && err.at <= text.len && (rc == ASSAY_OK || err.text[0] != '\0'));
    if (rc == ASSAY_OK) {
        const struct kaspa_utxo *utxos = all_known(&tx, &claims) ? claims.utxos : NULL;
        json_t *second = fuzz_second(text);

        if (second != NULL)
            check_second(&tx, second);
        json_decref(second);
        check_form(&tx, utxos, KASPA_JSON_FLAT);
        check_form(&tx, utxos, KASPA_JSON_NESTED);
        check_options(&tx, text);
    }
    assay_arena_fini(&arena);
    return 0;
}
