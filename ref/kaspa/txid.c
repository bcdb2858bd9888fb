/* Transaction ids and hashes, and the one encoder below them; see txid.h. */
#include "kaspa/txid.h"

#include "base/planted.h"

/* Where an encoding goes: into the digest, or into the buffer where there is no digest. */
struct sink {
    struct kaspa_digest *digest;
    struct assay_buf *buf;
};

static void put(const struct sink *to, struct assay_bytes bytes)
{
    if (to->digest != NULL)
        kaspa_digest_add(to->digest, bytes);
    else
        assay_buf_add(to->buf, bytes);
}

/* Little-endian, in len bytes. */
static void put_number(const struct sink *to, uint64_t value, size_t len)
{
    uint8_t at[sizeof(value)];

    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    put(to, assay_bytes_of(at, len));
}

static void put_u16(const struct sink *to, uint16_t value)
{
    put_number(to, value, sizeof(value));
}

static void put_u64(const struct sink *to, uint64_t value)
{
    put_number(to, value, sizeof(value));
}

static void put_var(const struct sink *to, struct assay_bytes bytes)
{
    put_u64(to, bytes.len);
    put(to, bytes);
}

static void put_hash(const struct sink *to, const struct kaspa_hash *hash)
{
    put(to, assay_bytes_of(hash->at, sizeof(hash->at)));
}

static void put_outpoint(const struct sink *to, const struct kaspa_outpoint *outpoint)
{
    put_hash(to, &outpoint->txid);
    put_number(to, outpoint->index, sizeof(outpoint->index));
}

/* The version is little-endian here, other than in texts and on the stack of a script. */
static void put_spk(const struct sink *to, const struct kaspa_spk *spk)
{
    if (PLANTED(tx_spk_version))
        put(to, assay_bytes_of(
                    (const uint8_t[]){(uint8_t)(spk->version >> 8), (uint8_t)spk->version}, 2));
    else
        put_u16(to, spk->version);
    put_var(to, spk->script);
}

static void put_output(const struct sink *to, uint16_t version, const struct kaspa_output *output)
{
    put_u64(to, output->value);
    put_spk(to, &output->spk);
    if (version == 0)
        return;
    put_number(to, output->has_covenant, 1);
    if (output->has_covenant) {
        put_u16(to, output->authorizing_input);
        put_hash(to, &output->covenant_id);
    }
}

/* A commitment of the kind that does not go with the version is hashed as 0: section 1.2. */
static uint16_t commit_of(const struct kaspa_input *input, enum kaspa_commit kind)
{
    return input->commit_kind == kind ? input->commit : 0;
}

uint8_t kaspa_input_sig_ops(const struct kaspa_input *input)
{
    return (uint8_t)commit_of(input, KASPA_COMMIT_SIG_OPS);
}

static void put_input(const struct sink *to, uint16_t version, const struct kaspa_input *input,
                      unsigned flags)
{
    put_outpoint(to, &input->previous);
    if ((flags & KASPA_ENCODE_NO_SIGNATURE) != 0) {
        put_u64(to, 0); /* the length of no script; the count goes with the script */
    } else {
        put_var(to, input->signature_script);
        if (version == 0)
            put_number(to, kaspa_input_sig_ops(input), 1);
    }
    put_u64(to, input->sequence);
    if (version > 0 && (flags & KASPA_ENCODE_NO_MASS) == 0)
        put_u16(to, commit_of(input, KASPA_COMMIT_BUDGET));
}

/* Version 0 leaves out a mass of 0, so that old transactions kept their hashes. */
static bool has_mass(const struct kaspa_tx *tx, unsigned flags)
{
    return (flags & KASPA_ENCODE_NO_MASS) == 0 && (tx->version > 0 || tx->storage_mass > 0);
}

static void put_tx(const struct sink *to, const struct kaspa_tx *tx, unsigned flags)
{
    bool no_payload = (flags & KASPA_ENCODE_NO_PAYLOAD) != 0;

    put_u16(to, tx->version);
    put_u64(to, tx->input_count);
    for (size_t i = 0; i < tx->input_count; i++)
        put_input(to, tx->version, &tx->inputs[i], flags);
    put_u64(to, tx->output_count);
    for (size_t i = 0; i < tx->output_count; i++)
        put_output(to, tx->version, &tx->outputs[i]);
    put_u64(to, tx->lock_time);
    put(to, assay_bytes_of(tx->subnetwork_id, sizeof(tx->subnetwork_id)));
    put_u64(to, tx->gas);
    put_var(to, no_payload ? ASSAY_LIT("") : tx->payload);
    if (has_mass(tx, flags))
        put_u64(to, tx->storage_mass);
}

void kaspa_tx_encode(struct assay_buf *out, const struct kaspa_tx *tx, unsigned flags)
{
    put_tx(&(struct sink){.buf = out}, tx, flags);
}

void kaspa_digest_outpoint(struct kaspa_digest *d, const struct kaspa_outpoint *outpoint)
{
    put_outpoint(&(struct sink){.digest = d}, outpoint);
}

void kaspa_digest_spk(struct kaspa_digest *d, const struct kaspa_spk *spk)
{
    put_spk(&(struct sink){.digest = d}, spk);
}

void kaspa_digest_output(struct kaspa_digest *d, uint16_t version,
                         const struct kaspa_output *output)
{
    put_output(&(struct sink){.digest = d}, version, output);
}

static void digest_tx(struct kaspa_hash *out, enum kaspa_domain domain, const struct kaspa_tx *tx,
                      unsigned flags)
{
    struct kaspa_digest d;

    kaspa_digest_init(&d, domain);
    put_tx(&(struct sink){.digest = &d}, tx, flags);
    kaspa_digest_end(&d, out);
}

void kaspa_tx_hash(struct kaspa_hash *hash, const struct kaspa_tx *tx)
{
    digest_tx(hash, KASPA_DOMAIN_TRANSACTION_HASH, tx, KASPA_ENCODE_ALL);
}

void kaspa_txid(struct kaspa_hash *id, const struct kaspa_tx *tx)
{
    unsigned unsigned_parts = KASPA_ENCODE_NO_SIGNATURE | KASPA_ENCODE_NO_MASS;
    struct kaspa_hash parts[2]; /* of the payload, and of the rest */

    if (tx->version == 0) {
        digest_tx(id, KASPA_DOMAIN_TRANSACTION_ID, tx, unsigned_parts);
        return;
    }
    kaspa_hash_of(&parts[0], KASPA_DOMAIN_PAYLOAD_DIGEST, tx->payload);
    digest_tx(&parts[1], KASPA_DOMAIN_TRANSACTION_REST, tx,
              unsigned_parts | KASPA_ENCODE_NO_PAYLOAD);
    kaspa_hash_of(id, KASPA_DOMAIN_TRANSACTION_V1_ID, assay_bytes_of(parts, sizeof(parts)));
}
