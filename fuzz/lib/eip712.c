/* EIP-712 laid out as bytes; see eip712.h. */
#include "fuzz/lib/eip712.h"

#include "fuzz/fuzz.h"

static uint8_t *next_word(struct fuzz_712 *s)
{
    uint8_t *word = s->words + s->len;

    FUZZ_CHECK(s->len + FUZZ_712_WORD <= sizeof(s->words));
    memset(word, 0, FUZZ_712_WORD);
    s->len += FUZZ_712_WORD;
    return word;
}

void fuzz_712_init(struct fuzz_712 *s, const char *type)
{
    s->len = 0;
    evm_keccak256(next_word(s), assay_str(type));
}

void fuzz_712_text(struct fuzz_712 *s, struct assay_bytes text)
{
    evm_keccak256(next_word(s), text);
}

/* Digit by digit, the word times ten and the digit. */
void fuzz_712_decimal(struct fuzz_712 *s, struct assay_bytes digits)
{
    uint8_t *word = next_word(s);

    for (size_t i = 0; i < digits.len; i++) {
        unsigned carry = digits.at[i] - (unsigned)'0';

        for (size_t k = FUZZ_712_WORD; k > 0; k--) {
            carry += word[k - 1] * 10u;
            word[k - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        FUZZ_CHECK(carry == 0);
    }
}

static unsigned nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    return (c | 0x20u) - 'a' + 10;
}

void fuzz_712_hex(struct fuzz_712 *s, struct assay_bytes text)
{
    uint8_t *word = next_word(s);
    size_t bytes = (text.len - 2) / 2;

    FUZZ_CHECK(text.len % 2 == 0 && bytes <= FUZZ_712_WORD);
    for (size_t i = 0; i < bytes; i++)
        word[FUZZ_712_WORD - bytes + i] =
            (uint8_t)(nibble(text.at[2 + 2 * i]) << 4 | nibble(text.at[3 + 2 * i]));
}

static void hash_domain(uint8_t out[EVM_KECCAK_BYTES], struct assay_bytes name,
                        struct assay_bytes version, struct assay_bytes chain_id,
                        struct assay_bytes contract)
{
    struct fuzz_712 domain;

    fuzz_712_init(&domain, contract.len > 0
                               ? "EIP712Domain(string name,string version,uint256 chainId,"
                                 "address verifyingContract)"
                               : "EIP712Domain(string name,string version,uint256 chainId)");
    fuzz_712_text(&domain, name);
    fuzz_712_text(&domain, version);
    fuzz_712_decimal(&domain, chain_id);
    if (contract.len > 0)
        fuzz_712_hex(&domain, contract);
    evm_keccak256(out, assay_bytes_of(domain.words, domain.len));
}

void fuzz_712_digest(uint8_t out[EVM_KECCAK_BYTES], const struct fuzz_712 *s,
                     struct assay_bytes name, struct assay_bytes version,
                     struct assay_bytes chain_id, struct assay_bytes contract)
{
    uint8_t whole[2 + 2 * EVM_KECCAK_BYTES] = {0x19, 0x01};

    hash_domain(whole + 2, name, version, chain_id, contract);
    evm_keccak256(whole + 2 + EVM_KECCAK_BYTES, assay_bytes_of(s->words, s->len));
    evm_keccak256(out, assay_bytes_of(whole, sizeof(whole)));
}
