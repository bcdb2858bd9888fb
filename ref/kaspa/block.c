/* Merkle roots and header hashes; see block.h. */
#include "kaspa/block.h"

/* Level by level within `hashes`. A branch without a right side gets zeros there, and one without
 * either is not there: section 1.3. */
void kaspa_merkle_root(struct kaspa_hash *out, struct kaspa_hash *hashes, size_t count)
{
    static const struct kaspa_hash none;

    for (size_t left = count; left > 1; left = left / 2 + left % 2) {
        for (size_t i = 0; i < left; i += 2) {
            struct kaspa_digest d;

            kaspa_digest_init(&d, KASPA_DOMAIN_MERKLE_BRANCH);
            kaspa_digest_hash(&d, &hashes[i]);
            kaspa_digest_hash(&d, i + 1 < left ? &hashes[i + 1] : &none);
            kaspa_digest_end(&d, &hashes[i / 2]);
        }
    }
    *out = count > 0 ? hashes[0] : none;
}

static void digest_levels(struct kaspa_digest *d, const struct kaspa_header *header)
{
    kaspa_digest_u64(d, header->level_count);
    for (size_t i = 0; i < header->level_count; i++) {
        const struct kaspa_parents *level = &header->levels[i];

        kaspa_digest_u64(d, level->count);
        for (size_t k = 0; k < level->count; k++)
            kaspa_digest_hash(d, &level->hashes[k]);
    }
}

static struct assay_bytes without_leading_zeros(struct assay_bytes number)
{
    size_t from = 0;

    while (from < number.len && number.at[from] == 0)
        from++;
    return assay_bytes_part(number, from, number.len);
}

void kaspa_header_hash(struct kaspa_hash *out, const struct kaspa_header *header)
{
    struct kaspa_digest d;

    kaspa_digest_init(&d, KASPA_DOMAIN_BLOCK);
    kaspa_digest_u16(&d, header->version);
    digest_levels(&d, header);
    kaspa_digest_hash(&d, &header->hash_merkle_root);
    kaspa_digest_hash(&d, &header->accepted_id_merkle_root);
    kaspa_digest_hash(&d, &header->utxo_commitment);
    kaspa_digest_u64(&d, header->timestamp_ms);
    kaspa_digest_u32(&d, header->bits);
    kaspa_digest_u64(&d, header->nonce);
    kaspa_digest_u64(&d, header->daa_score);
    kaspa_digest_u64(&d, header->blue_score);
    kaspa_digest_var(&d, without_leading_zeros(header->blue_work));
    kaspa_digest_hash(&d, &header->pruning_point);
    kaspa_digest_end(&d, out);
}
