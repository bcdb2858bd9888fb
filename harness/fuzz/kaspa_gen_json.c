/* The generator's values as JSON; see kaspa_gen_json.h. */
#include "fuzz/kaspa_gen_json.h"

#include "base/hex.h"

void gen_json_set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new_nocheck(object, name, value);
}

/* The text is made in room that is free until the next draw of room. */
static json_t *hex_behind(struct kaspa_gen *g, size_t before, struct assay_bytes bytes)
{
    char *text = (char *)g->room + g->used;

    assay_hex_encode(text + before, bytes);
    return json_stringn_nocheck(text, before + 2 * bytes.len);
}

json_t *gen_json_hex(struct kaspa_gen *g, struct assay_bytes bytes)
{
    return hex_behind(g, 0, bytes);
}

json_t *gen_json_hash(struct kaspa_gen *g, const struct kaspa_hash *hash)
{
    return gen_json_hex(g, assay_bytes_of(hash->at, sizeof(hash->at)));
}

json_t *gen_json_spk(struct kaspa_gen *g, const struct kaspa_spk *spk)
{
    const uint8_t version[] = {(uint8_t)(spk->version >> 8), (uint8_t)spk->version};

    assay_hex_encode((char *)g->room + g->used, assay_bytes_of(version, sizeof(version)));
    return hex_behind(g, 2 * sizeof(version), spk->script);
}

json_t *gen_json_u64(uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return json_stringn_nocheck(text + at, sizeof(text) - at);
}

static json_t *small(uint64_t value)
{
    return json_integer((json_int_t)value);
}

json_t *gen_json_outpoint(struct kaspa_gen *g, const struct kaspa_outpoint *outpoint)
{
    json_t *object = json_object();

    gen_json_set(object, "transactionId", gen_json_hash(g, &outpoint->txid));
    gen_json_set(object, "index", small(outpoint->index));
    return object;
}

static json_t *input_json(struct kaspa_gen *g, const struct kaspa_input *input)
{
    json_t *object = json_object();

    gen_json_set(object, "previousOutpoint", gen_json_outpoint(g, &input->previous));
    gen_json_set(object, "signatureScript", gen_json_hex(g, input->signature_script));
    gen_json_set(object, "sequence", gen_json_u64(input->sequence));
    gen_json_set(object,
                 input->commit_kind == KASPA_COMMIT_SIG_OPS ? "sigOpCount" : "computeBudget",
                 small(input->commit));
    return object;
}

static json_t *binding_json(struct kaspa_gen *g, const struct kaspa_output *output)
{
    json_t *object;

    if (!output->has_covenant)
        return json_null();
    object = json_object();
    gen_json_set(object, "authorizingInput", small(output->authorizing_input));
    gen_json_set(object, "covenantId", gen_json_hash(g, &output->covenant_id));
    return object;
}

static json_t *output_json(struct kaspa_gen *g, const struct kaspa_output *output)
{
    json_t *object = json_object();

    gen_json_set(object, "value", gen_json_u64(output->value));
    gen_json_set(object, "scriptPublicKey", gen_json_spk(g, &output->spk));
    gen_json_set(object, "covenant", binding_json(g, output));
    return object;
}

static json_t *utxo_json(struct kaspa_gen *g, const struct kaspa_utxo *utxo)
{
    json_t *object = json_object();

    gen_json_set(object, "amount", gen_json_u64(utxo->amount));
    gen_json_set(object, "scriptPublicKey", gen_json_spk(g, &utxo->spk));
    gen_json_set(object, "blockDaaScore", gen_json_u64(utxo->block_daa_score));
    gen_json_set(object, "isCoinbase", json_boolean(utxo->is_coinbase));
    gen_json_set(object, "covenantId",
                 utxo->has_covenant ? gen_json_hash(g, &utxo->covenant_id) : json_null());
    return object;
}

static json_t *tx_json(struct kaspa_gen *g, const struct kaspa_tx *tx)
{
    json_t *object = json_object(), *inputs = json_array(), *outputs = json_array();

    for (size_t i = 0; i < tx->input_count; i++)
        (void)json_array_append_new(inputs, input_json(g, &tx->inputs[i]));
    for (size_t i = 0; i < tx->output_count; i++)
        (void)json_array_append_new(outputs, output_json(g, &tx->outputs[i]));
    gen_json_set(object, "version", small(tx->version));
    gen_json_set(object, "inputs", inputs);
    gen_json_set(object, "outputs", outputs);
    gen_json_set(object, "lockTime", gen_json_u64(tx->lock_time));
    gen_json_set(object, "subnetworkId",
                 gen_json_hex(g, assay_bytes_of(tx->subnetwork_id, sizeof(tx->subnetwork_id))));
    gen_json_set(object, "gas", gen_json_u64(tx->gas));
    gen_json_set(object, "payload", gen_json_hex(g, tx->payload));
    gen_json_set(object, "storageMass", gen_json_u64(tx->storage_mass));
    return object;
}

json_t *gen_json_spend(struct kaspa_gen *g, const struct gen_tx *t, bool has_utxos)
{
    json_t *object = json_object(), *utxos;

    gen_json_set(object, "transaction", tx_json(g, &t->tx));
    if (!has_utxos)
        return object;
    utxos = json_array();
    for (size_t i = 0; i < t->tx.input_count; i++)
        (void)json_array_append_new(utxos, utxo_json(g, &t->utxos[i]));
    gen_json_set(object, "utxos", utxos);
    return object;
}

static json_t *level_json(struct kaspa_gen *g, const struct kaspa_parents *level)
{
    json_t *hashes = json_array();

    for (size_t i = 0; i < level->count; i++)
        (void)json_array_append_new(hashes, gen_json_hash(g, &level->hashes[i]));
    return hashes;
}

json_t *gen_json_header(struct kaspa_gen *g, const struct kaspa_header *header,
                        const char *blue_work)
{
    json_t *object = json_object(), *levels = json_array();

    for (size_t i = 0; i < header->level_count; i++)
        (void)json_array_append_new(levels, level_json(g, &header->levels[i]));
    gen_json_set(object, "version", small(header->version));
    gen_json_set(object, "parentsByLevel", levels);
    gen_json_set(object, "hashMerkleRoot", gen_json_hash(g, &header->hash_merkle_root));
    gen_json_set(object, "acceptedIdMerkleRoot",
                 gen_json_hash(g, &header->accepted_id_merkle_root));
    gen_json_set(object, "utxoCommitment", gen_json_hash(g, &header->utxo_commitment));
    gen_json_set(object, "timestamp", gen_json_u64(header->timestamp_ms));
    gen_json_set(object, "bits", small(header->bits));
    gen_json_set(object, "nonce", gen_json_u64(header->nonce));
    gen_json_set(object, "daaScore", gen_json_u64(header->daa_score));
    gen_json_set(object, "blueScore", gen_json_u64(header->blue_score));
    gen_json_set(object, "blueWork", json_string(blue_work));
    gen_json_set(object, "pruningPoint", gen_json_hash(g, &header->pruning_point));
    return object;
}
