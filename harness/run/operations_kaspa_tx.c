/* The operations of kaspa on transactions: ids, signature hashes, masses, covenants, scripts. All
 * rules at once are in operations_kaspa_rules.c. */
#include "run/operations_kaspa.h"

#include "kaspa/engine.h"
#include "kaspa/txid.h"

#include <stdlib.h>

#define REASON_MAX_BYTES 4096

static enum operation_answer txid(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_in k = KASPA_IN_INIT;
    struct kaspa_hash id, hash;

    if (operation_members(in, members, err) && kaspa_in_tx(&k, in, err)) {
        kaspa_txid(&id, &k.tx);
        kaspa_tx_hash(&hash, &k.tx);
        *result = json_pack("{s:o, s:o}", "id", kaspa_out_hash(&id), "hash", kaspa_out_hash(&hash));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&k.arena);
    return answer;
}

static enum operation_answer sighash(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", "utxos", "input", "type", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_in k = KASPA_IN_INIT;
    struct kaspa_hash schnorr, ecdsa;
    const struct kaspa_utxo *utxo;
    uint64_t type;

    if (!operation_members(in, members, err) || !kaspa_in_tx(&k, in, err) ||
        !kaspa_in_utxos(&k, in, false, err) || !kaspa_in_input(&k, in, err) ||
        !kaspa_in_small(&type, in, "type", UINT8_MAX, err))
        goto out;
    if (!kaspa_sighash_type_is_known((uint8_t)type)) {
        answer =
            operation_refused(result, kaspa_script_error_name(KASPA_SCRIPT_INVALID_SIG_HASH_TYPE),
                              kaspa_script_error_text(KASPA_SCRIPT_INVALID_SIG_HASH_TYPE));
        goto out;
    }
    utxo = &k.utxos[k.input];
    kaspa_sighash_schnorr(&schnorr, &k.tx, k.input, utxo, (uint8_t)type, NULL);
    kaspa_sighash_ecdsa(&ecdsa, &k.tx, k.input, utxo, (uint8_t)type, NULL);
    *result = json_pack("{s:o, s:o}", "schnorr", kaspa_out_hash(&schnorr), "ecdsa",
                        kaspa_out_hash(&ecdsa));
    answer = OPERATION_OK;
out:
    assay_arena_fini(&k.arena);
    return answer;
}

static enum operation_answer mass(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", "utxos", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_in k = KASPA_IN_INIT;
    uint64_t storage;

    if (!operation_members(in, members, err) || !kaspa_in_tx(&k, in, err) ||
        !kaspa_in_utxos(&k, in, false, err))
        goto out;
    if (!kaspa_storage_mass(&storage, &k.tx, k.utxos)) {
        answer = operation_refused(result, kaspa_tx_error_name(KASPA_TX_MASS_INCOMPUTABLE),
                                   kaspa_tx_error_text(KASPA_TX_MASS_INCOMPUTABLE));
        goto out;
    }
    *result =
        json_pack("{s:o, s:o, s:o, s:o}", "size", kaspa_out_u64(kaspa_estimated_size(&k.tx)),
                  "compute", kaspa_out_u64(kaspa_compute_mass(&k.tx)), "transient",
                  kaspa_out_u64(kaspa_transient_mass(&k.tx)), "storage", kaspa_out_u64(storage));
    answer = OPERATION_OK;
out:
    assay_arena_fini(&k.arena);
    return answer;
}

static enum operation_answer relay_fee(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_in k = KASPA_IN_INIT;

    if (operation_members(in, members, err) && kaspa_in_tx(&k, in, err)) {
        *result = json_pack("{s:o}", "fee", kaspa_out_u64(kaspa_relay_fee(&k.tx)));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&k.arena);
    return answer;
}

/* ---- covenants ---- */

static bool genesis_in(struct kaspa_genesis_output *genesis, struct kaspa_output *output,
                       struct assay_arena *arena, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"index", "value", "scriptPublicKey", NULL};
    uint64_t index;

    if (!operation_members(in, members, err) ||
        !kaspa_in_small(&index, in, "index", UINT32_MAX, err) ||
        !kaspa_in_u64(&output->value, in, "value", err) ||
        !kaspa_in_spk(&output->spk, arena, in, "scriptPublicKey", err))
        return false;
    *genesis = (struct kaspa_genesis_output){(uint32_t)index, output};
    return true;
}

static bool outpoint_in(struct kaspa_outpoint *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"transactionId", "index", NULL};
    const json_t *value = json_object_get(in, "outpoint");
    uint64_t index;

    if (!operation_members(value, members, err) ||
        !kaspa_in_hash(&out->txid, value, "transactionId", err) ||
        !kaspa_in_small(&index, value, "index", UINT32_MAX, err)) {
        (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member outpoint");
        return false;
    }
    out->index = (uint32_t)index;
    return true;
}

static enum operation_answer covenant_id(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"outpoint", "outputs", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_genesis_output *genesis;
    struct kaspa_outpoint outpoint;
    struct kaspa_output *outputs;
    struct kaspa_hash id;
    const json_t *array;
    size_t count;

    if (!operation_members(in, members, err) || !outpoint_in(&outpoint, in, err) ||
        (array = kaspa_in_array(in, "outputs", err)) == NULL)
        goto out;
    count = json_array_size(array);
    genesis = kaspa_in_room(&arena, count, sizeof *genesis, err);
    outputs = kaspa_in_room(&arena, count, sizeof *outputs, err);
    if (genesis == NULL || outputs == NULL)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (!genesis_in(&genesis[i], &outputs[i], &arena, json_array_get(array, i), err)) {
            (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member outputs[%zu]", i);
            goto out;
        }
    kaspa_covenant_id(&id, &outpoint, genesis, count);
    *result = json_pack("{s:o}", "covenantId", kaspa_out_hash(&id));
    answer = OPERATION_OK;
out:
    assay_arena_fini(&arena);
    return answer;
}

static json_t *numbers(const uint16_t *at, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(at[i]));
    return array;
}

/* The inputs that continue something, with what they continue. */
static json_t *continuing_inputs(const struct kaspa_covenants *covenants, size_t input_count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < input_count; i++) {
        const uint16_t *outputs;
        size_t count = kaspa_covenants_of_input(covenants, i, &outputs);

        if (count > 0)
            json_array_append_new(array, json_pack("{s:I, s:o}", "input", (json_int_t)i, "outputs",
                                                   numbers(outputs, count)));
    }
    return array;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(*(const struct kaspa_hash *const *)a, *(const struct kaspa_hash *const *)b,
                  KASPA_HASH_BYTES);
}

/* The ids of all inputs, each once, ascending; NULL: no memory. */
static const struct kaspa_hash **ids_of(size_t *count, struct kaspa_in *k, struct assay_err *err)
{
    const struct kaspa_hash **ids = kaspa_in_room(&k->arena, k->tx.input_count, sizeof *ids, err);
    size_t all = 0;

    *count = 0;
    for (size_t i = 0; ids != NULL && i < k->tx.input_count; i++)
        if (k->utxos[i].has_covenant)
            ids[all++] = &k->utxos[i].covenant_id;
    if (all > 0)
        qsort(ids, all, sizeof *ids, by_hash);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || !kaspa_hash_equal(ids[i], ids[*count - 1]))
            ids[(*count)++] = ids[i];
    return ids;
}

static json_t *ids_json(const struct kaspa_covenants *covenants, const struct kaspa_hash **ids,
                        size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const uint16_t *inputs, *outputs;
        size_t input_count = kaspa_covenants_inputs(covenants, ids[i], &inputs);
        size_t output_count = kaspa_covenants_outputs(covenants, ids[i], &outputs);

        json_array_append_new(array,
                              json_pack("{s:o, s:o, s:o}", "covenantId", kaspa_out_hash(ids[i]),
                                        "inputs", numbers(inputs, input_count), "outputs",
                                        numbers(outputs, output_count)));
    }
    return array;
}

/* The covenants of the input's transaction. OK, or REFUSED with `rule` (NULL: the node's kind). */
static enum operation_answer covenants_of(struct kaspa_covenants *out, struct kaspa_in *k,
                                          json_t **result, const char *rule, struct assay_err *err)
{
    struct kaspa_covenants made = {0};
    bool resource = false;
    size_t at = 0;
    enum kaspa_tx_error error =
        kaspa_covenants_make(&made, &at, &resource, &k->tx, k->utxos, &k->arena);

    *out = made;
    if (resource) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "its covenants need more memory than there is");
        return OPERATION_ERROR;
    }
    if (error == KASPA_TX_OK)
        return OPERATION_OK;
    return operation_refused(result, rule != NULL ? rule : kaspa_tx_error_name(error),
                             kaspa_tx_error_text(error));
}

static enum operation_answer covenants(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", "utxos", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_covenants made = {0};
    struct kaspa_in k = KASPA_IN_INIT;
    const struct kaspa_hash **ids;
    size_t count;

    if (!operation_members(in, members, err) || !kaspa_in_tx(&k, in, err) ||
        !kaspa_in_utxos(&k, in, false, err) || (ids = ids_of(&count, &k, err)) == NULL)
        goto out;
    answer = covenants_of(&made, &k, result, NULL, err);
    if (answer == OPERATION_OK)
        *result = json_pack("{s:o, s:o}", "inputs", continuing_inputs(&made, k.tx.input_count),
                            "ids", ids_json(&made, ids, count));
out:
    assay_arena_fini(&k.arena);
    return answer;
}

/* ---- scripts ---- */

/* "unlimited", a number, or absent: what the input committed to. */
static bool units_in(uint64_t *out, const struct kaspa_in *k, const json_t *in,
                     struct assay_err *err)
{
    const char *text = operation_text(in, "units", false, err);

    if (text == NULL)
        return false;
    if (text[0] == '\0')
        *out = kaspa_unit_limit(&k->tx, k->input);
    else if (strcmp(text, "unlimited") == 0)
        *out = KASPA_UNITS_UNLIMITED;
    else
        return kaspa_in_u64(out, in, "units", err);
    return true;
}

static enum operation_answer refused_by_script(json_t **result, const struct kaspa_run *run)
{
    struct assay_buf reason = ASSAY_BUF_INIT(REASON_MAX_BYTES);

    assay_buf_add_str(&reason, kaspa_script_error_text(run->error));
    if (run->part != KASPA_PART_NONE)
        assay_buf_printf(&reason, " (%s, offset %zu, %s)", kaspa_part_name(run->part), run->at,
                         kaspa_opcode_name(run->opcode));
    (void)operation_refused(result, kaspa_script_error_name(run->error), assay_buf_cstr(&reason));
    assay_buf_fini(&reason);
    json_object_set_new(*result, "usedUnits", kaspa_out_u64(run->used_units));
    return OPERATION_REFUSED;
}

static enum operation_answer answer_of_run(json_t **result, const struct kaspa_run *run)
{
    switch (run->outcome) {
    case KASPA_VALID:
        break;
    case KASPA_INVALID:
        return refused_by_script(result, run);
    case KASPA_UNDECIDED:
        *result = json_pack("{s:s}", "reason", kaspa_undecided_name(run->why));
        return OPERATION_UNSUPPORTED;
    }
    *result = json_pack("{s:o}", "usedUnits", kaspa_out_u64(run->used_units));
    return OPERATION_OK;
}

static enum operation_answer script_run(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", "utxos", "input", "units", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_covenants made = {0};
    struct kaspa_engine engine = {.arena = &arena, .covenants = &made};
    struct kaspa_in k = KASPA_IN_INIT;
    struct kaspa_run run;

    if (!operation_members(in, members, err) || !kaspa_in_tx(&k, in, err) ||
        !kaspa_in_utxos(&k, in, false, err) || !kaspa_in_input(&k, in, err) ||
        !units_in(&engine.unit_limit, &k, in, err))
        goto out;
    answer =
        covenants_of(&made, &k, result, kaspa_script_error_name(KASPA_SCRIPT_COVENANTS_ERROR), err);
    if (answer == OPERATION_REFUSED)
        json_object_set_new(*result, "usedUnits", json_string("0"));
    if (answer != OPERATION_OK)
        goto out;
    engine.tx = &k.tx;
    engine.utxos = k.utxos;
    engine.input = k.input;
    kaspa_engine_run_input(&run, &engine);
    answer = answer_of_run(result, &run);
out:
    assay_arena_fini(&arena);
    assay_arena_fini(&k.arena);
    return answer;
}

const struct operation operations_kaspa_tx[] = {
    {"kaspa.txid", "transaction", "id, hash", txid},
    {"kaspa.sighash", "transaction, utxos, input, type", "schnorr, ecdsa", sighash},
    {"kaspa.mass", "transaction, utxos", "size, compute, transient, storage", mass},
    {"kaspa.relay_fee", "transaction", "fee", relay_fee},
    {"kaspa.covenant.id", "outpoint, outputs [{index, value, scriptPublicKey}]", "covenantId",
     covenant_id},
    {"kaspa.covenants", "transaction, utxos", "inputs, ids", covenants},
    {"kaspa.script.run", "transaction, utxos, input, units?", "usedUnits", script_run},
    {0},
};
