/* EIP-712; see typed_data.h. */
#include "evm/typed_data.h"

#define DOMAIN_START "EIP712Domain(string name,string version,uint256 chainId"

static struct assay_bytes hash_view(const uint8_t *hash)
{
    return assay_bytes_of(hash, EVM_KECCAK_BYTES);
}

void evm_typed_init(struct evm_typed *s, const char *type)
{
    evm_keccak_init(&s->hash);
    evm_typed_add_text(s, assay_str(type));
}

void evm_typed_add_text(struct evm_typed *s, struct assay_bytes text)
{
    uint8_t hash[EVM_KECCAK_BYTES];

    evm_keccak256(hash, text);
    evm_keccak_add(&s->hash, hash_view(hash));
}

void evm_typed_add_number(struct evm_typed *s, const struct evm_uint256 *number)
{
    evm_typed_add_word(s, number->at);
}

void evm_typed_add_address(struct evm_typed *s, const struct evm_address *address)
{
    uint8_t word[EVM_WORD_BYTES] = {0};

    memcpy(word + EVM_WORD_BYTES - EVM_ADDRESS_BYTES, address->at, EVM_ADDRESS_BYTES);
    evm_typed_add_word(s, word);
}

void evm_typed_add_word(struct evm_typed *s, const uint8_t word[EVM_WORD_BYTES])
{
    evm_keccak_add(&s->hash, assay_bytes_of(word, EVM_WORD_BYTES));
}

void evm_typed_end(struct evm_typed *s, uint8_t out[EVM_KECCAK_BYTES])
{
    evm_keccak_end(&s->hash, out);
}

void evm_domain_hash(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain)
{
    const struct evm_uint256 chain_id = evm_uint256_of(domain->chain_id);
    bool has_contract = domain->contract != NULL;
    struct evm_typed s;

    evm_typed_init(&s,
                   has_contract ? DOMAIN_START ",address verifyingContract)" : DOMAIN_START ")");
    evm_typed_add_text(&s, domain->name);
    evm_typed_add_text(&s, domain->version);
    evm_typed_add_number(&s, &chain_id);
    if (has_contract)
        evm_typed_add_address(&s, domain->contract);
    evm_typed_end(&s, out);
}

void evm_typed_digest(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain,
                      struct evm_typed *s)
{
    uint8_t separator[EVM_KECCAK_BYTES], hash[EVM_KECCAK_BYTES];
    struct evm_keccak whole;

    evm_domain_hash(separator, domain);
    evm_typed_end(s, hash);
    evm_keccak_init(&whole);
    evm_keccak_add(&whole, ASSAY_LIT("\x19\x01"));
    evm_keccak_add(&whole, hash_view(separator));
    evm_keccak_add(&whole, hash_view(hash));
    evm_keccak_end(&whole, out);
}
