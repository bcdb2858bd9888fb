/* Writing transactions as JSON text, and telling whether two are equal; see safejson.h. */
#include "kaspa/safejson.h"

#include "base/hex.h"
#include "kaspa/script.h"
#include "kaspa/txid.h"

/* What stands before a value, and the value: bytes and 64 bits in quotes, the rest bare; over RPC
 * 64 bits are bare too. */
static void add_bytes(struct assay_buf *out, const char *before, struct assay_bytes bytes)
{
    assay_buf_add_str(out, before);
    assay_buf_add_byte(out, '"');
    assay_buf_add_hex(out, bytes);
    assay_buf_add_byte(out, '"');
}

static void add_hash(struct assay_buf *out, const char *before, const struct kaspa_hash *hash)
{
    add_bytes(out, before, assay_bytes_of(hash->at, sizeof(hash->at)));
}

static void add_spk(struct assay_buf *out, const char *before, const struct kaspa_spk *spk)
{
    assay_buf_add_str(out, before);
    assay_buf_add_byte(out, '"');
    kaspa_spk_add_hex(out, spk);
    assay_buf_add_byte(out, '"');
}

static void add_u64(struct assay_buf *out, const char *before, uint64_t value,
                    enum kaspa_json_form form)
{
    const char *quote = form == KASPA_JSON_RPC ? "" : "\"";

    assay_buf_add_str(out, before);
    assay_buf_add_str(out, quote);
    assay_buf_add_u64(out, value);
    assay_buf_add_str(out, quote);
}

static void add_number(struct assay_buf *out, const char *before, uint32_t value)
{
    assay_buf_add_str(out, before);
    assay_buf_add_u64(out, value);
}

void kaspa_utxo_write(struct assay_buf *out, const struct kaspa_utxo *utxo)
{
    add_u64(out, "{\"address\":null,\"amount\":", utxo->amount, KASPA_JSON_FLAT);
    add_spk(out, ",\"scriptPublicKey\":", &utxo->spk);
    add_u64(out, ",\"blockDaaScore\":", utxo->block_daa_score, KASPA_JSON_FLAT);
    assay_buf_add_str(out, utxo->is_coinbase ? ",\"isCoinbase\":true" : ",\"isCoinbase\":false");
    if (utxo->has_covenant)
        add_hash(out, ",\"covenantId\":", &utxo->covenant_id);
    else
        assay_buf_add_str(out, ",\"covenantId\":null");
    assay_buf_add_byte(out, '}');
}

/* Both safe forms have both members in version 1; in version 0 only the SDK's has both. RPC always
 * has both: a node asks for the one and takes the other for 0 where it is not there. */
static void add_commitment(struct assay_buf *out, const struct kaspa_input *in, uint16_t version,
                           enum kaspa_json_form form)
{
    bool counts = in->commit_kind == KASPA_COMMIT_SIG_OPS;
    bool fits = counts == (version == 0);

    if (counts || fits || form == KASPA_JSON_RPC)
        add_number(out, ",\"sigOpCount\":", counts ? in->commit : 0);
    if (!counts || form == KASPA_JSON_RPC || (fits && form == KASPA_JSON_FLAT))
        add_number(out, ",\"computeBudget\":", counts ? 0 : in->commit);
}

static void add_input(struct assay_buf *out, const struct kaspa_input *in,
                      const struct kaspa_utxo *utxo, uint16_t version, enum kaspa_json_form form)
{
    bool flat = form == KASPA_JSON_FLAT;

    add_hash(out, flat ? "{\"transactionId\":" : "{\"previousOutpoint\":{\"transactionId\":",
             &in->previous.txid);
    add_number(out, ",\"index\":", in->previous.index);
    add_u64(out, flat ? ",\"sequence\":" : "},\"sequence\":", in->sequence, form);
    add_commitment(out, in, version, form);
    add_bytes(out, ",\"signatureScript\":", in->signature_script);
    if (utxo != NULL && flat) {
        assay_buf_add_str(out, ",\"utxo\":");
        kaspa_utxo_write(out, utxo);
    } else if (utxo != NULL && form == KASPA_JSON_NESTED) {
        add_u64(out, ",\"utxo\":{\"amount\":", utxo->amount, form);
        add_spk(out, ",\"scriptPublicKey\":", &utxo->spk);
        assay_buf_add_byte(out, '}');
    }
    assay_buf_add_byte(out, '}');
}

static void add_output(struct assay_buf *out, const struct kaspa_output *output,
                       enum kaspa_json_form form)
{
    add_u64(out, "{\"value\":", output->value, form);
    add_spk(out, ",\"scriptPublicKey\":", &output->spk);
    if (output->has_covenant) {
        add_number(out, ",\"covenant\":{\"authorizingInput\":", output->authorizing_input);
        add_hash(out, ",\"covenantId\":", &output->covenant_id);
        assay_buf_add_str(out, "}}");
    } else {
        assay_buf_add_str(out, ",\"covenant\":null}");
    }
}

/* The members behind the lists, in the order that each form is published in. */
static void add_tail(struct assay_buf *out, const struct kaspa_tx *tx, enum kaspa_json_form form)
{
    bool flat = form == KASPA_JSON_FLAT;
    struct assay_bytes subnetwork = assay_bytes_of(tx->subnetwork_id, sizeof(tx->subnetwork_id));

    if (flat)
        add_bytes(out, ",\"subnetworkId\":", subnetwork);
    add_u64(out, ",\"lockTime\":", tx->lock_time, form);
    if (!flat)
        add_bytes(out, ",\"subnetworkId\":", subnetwork);
    add_u64(out, ",\"gas\":", tx->gas, form);
    if (flat)
        add_u64(out, ",\"storageMass\":", tx->storage_mass, form);
    add_bytes(out, ",\"payload\":", tx->payload);
    if (!flat)
        add_u64(out, ",\"storageMass\":", tx->storage_mass, form);
    if (form == KASPA_JSON_RPC) /* a node takes either name, and both that agree */
        add_u64(out, ",\"mass\":", tx->storage_mass, form);
}

void kaspa_tx_write(struct assay_buf *out, const struct kaspa_tx *tx,
                    const struct kaspa_utxo *utxos, enum kaspa_json_form form)
{
    struct kaspa_hash id;

    if (form == KASPA_JSON_RPC) {
        add_number(out, "{\"version\":", tx->version);
    } else {
        kaspa_txid(&id, tx);
        add_hash(out, "{\"id\":", &id);
        add_number(out, ",\"version\":", tx->version);
    }
    assay_buf_add_str(out, ",\"inputs\":[");
    for (size_t i = 0; i < tx->input_count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        add_input(out, &tx->inputs[i], utxos != NULL ? &utxos[i] : NULL, tx->version, form);
    }
    assay_buf_add_str(out, "],\"outputs\":[");
    for (size_t i = 0; i < tx->output_count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        add_output(out, &tx->outputs[i], form);
    }
    assay_buf_add_byte(out, ']');
    add_tail(out, tx, form);
    assay_buf_add_byte(out, '}');
}

static bool input_equal(const struct kaspa_input *a, const struct kaspa_input *b)
{
    return kaspa_hash_equal(&a->previous.txid, &b->previous.txid) &&
           a->previous.index == b->previous.index &&
           assay_bytes_equal(a->signature_script, b->signature_script) &&
           a->sequence == b->sequence && a->commit_kind == b->commit_kind && a->commit == b->commit;
}

static bool output_equal(const struct kaspa_output *a, const struct kaspa_output *b)
{
    if (a->value != b->value || !kaspa_spk_equal(&a->spk, &b->spk) ||
        a->has_covenant != b->has_covenant)
        return false;
    return !a->has_covenant || (a->authorizing_input == b->authorizing_input &&
                                kaspa_hash_equal(&a->covenant_id, &b->covenant_id));
}

bool kaspa_tx_equal(const struct kaspa_tx *a, const struct kaspa_tx *b)
{
    if (a->version != b->version || a->input_count != b->input_count ||
        a->output_count != b->output_count || a->lock_time != b->lock_time || a->gas != b->gas ||
        a->storage_mass != b->storage_mass || !assay_bytes_equal(a->payload, b->payload) ||
        memcmp(a->subnetwork_id, b->subnetwork_id, sizeof(a->subnetwork_id)) != 0)
        return false;
    for (size_t i = 0; i < a->input_count; i++) {
        if (!input_equal(&a->inputs[i], &b->inputs[i]))
            return false;
    }
    for (size_t i = 0; i < a->output_count; i++) {
        if (!output_equal(&a->outputs[i], &b->outputs[i]))
            return false;
    }
    return true;
}

bool kaspa_utxo_equal(const struct kaspa_utxo *a, const struct kaspa_utxo *b)
{
    return a->amount == b->amount && kaspa_spk_equal(&a->spk, &b->spk) &&
           a->block_daa_score == b->block_daa_score && a->is_coinbase == b->is_coinbase &&
           a->has_covenant == b->has_covenant &&
           (!a->has_covenant || kaspa_hash_equal(&a->covenant_id, &b->covenant_id));
}
