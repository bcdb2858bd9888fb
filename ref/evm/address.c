/* Addresses; see address.h. */
#include "evm/address.h"

#include "base/hex.h"
#include "evm/hex.h"
#include "evm/keccak.h"

enum { DIGITS = 2 * EVM_ADDRESS_BYTES };

bool evm_address_equal(const struct evm_address *a, const struct evm_address *b)
{
    return memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

/* Of a hex digit. */
static bool is_lower(char c)
{
    return c >= 'a';
}

/* EIP-55: a letter is a capital where the same half byte of the lower-case text's hash is above 7.
 */
void evm_address_text(char out[EVM_ADDRESS_TEXT_BYTES], const struct evm_address *address)
{
    char *digits = out + EVM_HEX_PREFIX_CHARS;
    uint8_t hash[EVM_KECCAK_BYTES];

    memcpy(out, EVM_HEX_PREFIX, EVM_HEX_PREFIX_CHARS);
    assay_hex_encode(digits, assay_bytes_of(address->at, sizeof(address->at)));
    evm_keccak256(hash, assay_bytes_of(digits, DIGITS));
    for (size_t i = 0; i < DIGITS; i++)
        if (is_lower(digits[i]) && (hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 8) != 0)
            digits[i] = (char)(digits[i] - 'a' + 'A');
}

static bool has_checksum(struct assay_bytes digits)
{
    bool lower = false, upper = false;

    for (size_t i = 0; i < digits.len; i++) {
        lower = lower || is_lower((char)digits.at[i]);
        upper = upper || (digits.at[i] >= 'A' && digits.at[i] <= 'F');
    }
    return lower && upper;
}

enum assay_code evm_address_parse(struct evm_address *out, struct assay_bytes text)
{
    struct assay_bytes digits = assay_bytes_part(text, EVM_HEX_PREFIX_CHARS, text.len);
    char right[EVM_ADDRESS_TEXT_BYTES];
    struct evm_address address;

    if (evm_hex_decode(address.at, sizeof(address.at), text) != ASSAY_OK)
        return ASSAY_E_MALFORMED;
    evm_address_text(right, &address);
    if (has_checksum(digits) && !assay_bytes_is(text, right))
        return ASSAY_E_MISMATCH;
    *out = address;
    return ASSAY_OK;
}

void evm_address_of_pubkey(struct evm_address *out, const uint8_t *whole)
{
    uint8_t hash[EVM_KECCAK_BYTES];

    evm_keccak256(hash, assay_bytes_of(whole + 1, ASSAY_PUBKEY_WHOLE_BYTES - 1));
    memcpy(out->at, hash + EVM_KECCAK_BYTES - EVM_ADDRESS_BYTES, EVM_ADDRESS_BYTES);
}

enum assay_code evm_address_of_key(struct evm_address *out, const struct assay_key *key)
{
    uint8_t whole[ASSAY_PUBKEY_WHOLE_BYTES];
    enum assay_code rc = assay_key_whole(whole, key);

    if (rc == ASSAY_OK)
        evm_address_of_pubkey(out, whole);
    return rc;
}
