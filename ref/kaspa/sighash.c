/* What signatures sign; see sighash.h. A part that a type leaves out is 32 zero bytes, and is never
 * kept: the cache holds what ALL signs and nothing else. */
#include "kaspa/sighash.h"

#include "base/planted.h"
#include "kaspa/txid.h"

#include <assert.h>

enum { BASE_MASK = 0x07 };

static const struct kaspa_hash left_out;

bool kaspa_sighash_type_is_known(uint8_t type)
{
    uint8_t base = type & (uint8_t)~KASPA_SIGHASH_ANYONE_CAN_PAY;

    return base == KASPA_SIGHASH_ALL || base == KASPA_SIGHASH_NONE || base == KASPA_SIGHASH_SINGLE;
}

static bool is_anyone_can_pay(uint8_t type)
{
    return (type & KASPA_SIGHASH_ANYONE_CAN_PAY) != 0;
}

static const struct kaspa_hash *outpoints_hash(struct kaspa_sighash_cache *cache,
                                               const struct kaspa_tx *tx, uint8_t type)
{
    struct kaspa_digest d;

    if (is_anyone_can_pay(type))
        return &left_out;
    if (!cache->has_outpoints) {
        kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
        for (size_t i = 0; i < tx->input_count; i++)
            kaspa_digest_outpoint(&d, &tx->inputs[i].previous);
        kaspa_digest_end(&d, &cache->outpoints);
        cache->has_outpoints = true;
    }
    return &cache->outpoints;
}

static const struct kaspa_hash *sequences_hash(struct kaspa_sighash_cache *cache,
                                               const struct kaspa_tx *tx, uint8_t type)
{
    struct kaspa_digest d;

    if ((PLANTED(sighash_sequences) ? type & BASE_MASK : type) != KASPA_SIGHASH_ALL)
        return &left_out;
    if (!cache->has_sequences) {
        kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
        for (size_t i = 0; i < tx->input_count; i++)
            kaspa_digest_u64(&d, tx->inputs[i].sequence);
        kaspa_digest_end(&d, &cache->sequences);
        cache->has_sequences = true;
    }
    return &cache->sequences;
}

static const struct kaspa_hash *sig_ops_hash(struct kaspa_sighash_cache *cache,
                                             const struct kaspa_tx *tx, uint8_t type)
{
    struct kaspa_digest d;

    if (is_anyone_can_pay(type))
        return &left_out;
    if (!cache->has_sig_ops) {
        kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
        for (size_t i = 0; i < tx->input_count; i++)
            kaspa_digest_u8(&d, kaspa_input_sig_ops(&tx->inputs[i]));
        kaspa_digest_end(&d, &cache->sig_ops);
        cache->has_sig_ops = true;
    }
    return &cache->sig_ops;
}

static void digest_outputs(struct kaspa_hash *out, const struct kaspa_tx *tx, size_t from,
                           size_t to)
{
    struct kaspa_digest d;

    kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
    for (size_t i = from; i < to; i++)
        kaspa_digest_output(&d, tx->version, &tx->outputs[i]);
    kaspa_digest_end(&d, out);
}

/* SINGLE depends on the input and is not kept; `single` is its room. An input without an output of
 * its number signs none. */
static const struct kaspa_hash *outputs_hash(struct kaspa_sighash_cache *cache,
                                             struct kaspa_hash *single, const struct kaspa_tx *tx,
                                             size_t input, uint8_t type)
{
    uint8_t base = type & BASE_MASK;

    if (base == KASPA_SIGHASH_NONE || (base == KASPA_SIGHASH_SINGLE && input >= tx->output_count))
        return &left_out;
    if (base == KASPA_SIGHASH_SINGLE) {
        digest_outputs(single, tx, input, input + 1);
        return single;
    }
    if (!cache->has_outputs) {
        digest_outputs(&cache->outputs, tx, 0, tx->output_count);
        cache->has_outputs = true;
    }
    return &cache->outputs;
}

/* The same whatever the type. A lane's empty payload is digested, a native one is left out. */
static const struct kaspa_hash *payload_hash(struct kaspa_sighash_cache *cache,
                                             const struct kaspa_tx *tx)
{
    struct kaspa_digest d;

    if (tx->payload.len == 0 && kaspa_tx_is_native(tx))
        return &left_out;
    if (!cache->has_payload) {
        kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
        kaspa_digest_var(&d, tx->payload);
        kaspa_digest_end(&d, &cache->payload);
        cache->has_payload = true;
    }
    return &cache->payload;
}

/* The input that is signed and what it spends. */
static void digest_input(struct kaspa_digest *d, uint16_t version, const struct kaspa_input *input,
                         const struct kaspa_utxo *utxo)
{
    kaspa_digest_outpoint(d, &input->previous);
    kaspa_digest_spk(d, &utxo->spk);
    kaspa_digest_u64(d, PLANTED(sighash_amount) ? (uint32_t)utxo->amount : utxo->amount);
    kaspa_digest_u64(d, input->sequence);
    if (version == 0)
        kaspa_digest_u8(d, kaspa_input_sig_ops(input));
}

void kaspa_sighash_schnorr(struct kaspa_hash *out, const struct kaspa_tx *tx, size_t input,
                           const struct kaspa_utxo *utxo, uint8_t type,
                           struct kaspa_sighash_cache *cache)
{
    struct kaspa_sighash_cache none = {.has_outpoints = false};
    struct kaspa_hash single;
    struct kaspa_digest d;

    assert(input < tx->input_count && kaspa_sighash_type_is_known(type));
    if (cache == NULL)
        cache = &none;
    kaspa_digest_init(&d, KASPA_DOMAIN_SIGNING);
    kaspa_digest_u16(&d, tx->version);
    kaspa_digest_hash(&d, outpoints_hash(cache, tx, type));
    kaspa_digest_hash(&d, sequences_hash(cache, tx, type));
    if (tx->version == 0)
        kaspa_digest_hash(&d, sig_ops_hash(cache, tx, type));
    digest_input(&d, tx->version, &tx->inputs[input], utxo);
    kaspa_digest_hash(&d, outputs_hash(cache, &single, tx, input, type));
    kaspa_digest_u64(&d, tx->lock_time);
    kaspa_digest_add(&d, assay_bytes_of(tx->subnetwork_id, sizeof(tx->subnetwork_id)));
    kaspa_digest_u64(&d, tx->gas);
    kaspa_digest_hash(&d, payload_hash(cache, tx));
    kaspa_digest_u8(&d, type);
    kaspa_digest_end(&d, out);
}

void kaspa_sighash_ecdsa(struct kaspa_hash *out, const struct kaspa_tx *tx, size_t input,
                         const struct kaspa_utxo *utxo, uint8_t type,
                         struct kaspa_sighash_cache *cache)
{
    struct kaspa_hash schnorr;

    kaspa_sighash_schnorr(&schnorr, tx, input, utxo, type, cache);
    kaspa_hash_of(out, KASPA_DOMAIN_SIGNING_ECDSA, assay_bytes_of(schnorr.at, sizeof(schnorr.at)));
}
