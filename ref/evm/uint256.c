/* Numbers of 256 bits; see uint256.h. */
#include "evm/uint256.h"

#include "base/planted.h"

enum { U64_BYTES = 8, DIGITS_MAX = EVM_UINT256_TEXT_MAX_BYTES - 1 };

struct evm_uint256 evm_uint256_of(uint64_t number)
{
    struct evm_uint256 word = {{0}};

    for (size_t i = 0; i < U64_BYTES; i++)
        word.at[EVM_WORD_BYTES - 1 - i] = (uint8_t)(number >> 8 * i);
    return word;
}

bool evm_uint256_u64(uint64_t *out, const struct evm_uint256 *number)
{
    uint64_t low = 0;
    uint8_t high = 0;

    for (size_t i = 0; i < EVM_WORD_BYTES - U64_BYTES; i++)
        high |= number->at[i];
    for (size_t i = EVM_WORD_BYTES - U64_BYTES; i < EVM_WORD_BYTES; i++)
        low = low << 8 | number->at[i];
    if (high == 0)
        *out = low;
    return high == 0;
}

int evm_uint256_compare(const struct evm_uint256 *a, const struct evm_uint256 *b)
{
    return assay_bytes_compare(assay_bytes_of(a->at, sizeof(a->at)),
                               assay_bytes_of(b->at, sizeof(b->at)));
}

bool evm_uint256_add(struct evm_uint256 *number, uint64_t more)
{
    const struct evm_uint256 term = evm_uint256_of(more);
    struct evm_uint256 sum = {{0}};
    unsigned carry = 0;

    for (size_t i = EVM_WORD_BYTES; i-- > 0;) {
        carry += (unsigned)number->at[i] + term.at[i];
        sum.at[i] = (uint8_t)carry;
        carry >>= 8;
    }
    if (carry == 0)
        *number = sum;
    return carry == 0;
}

bool evm_uint256_subtract(struct evm_uint256 *number, uint64_t less)
{
    const struct evm_uint256 term = evm_uint256_of(less);
    struct evm_uint256 rest = {{0}};
    int borrow = 0;

    for (size_t i = EVM_WORD_BYTES; i-- > 0;) {
        int digit = number->at[i] - term.at[i] - borrow;

        borrow = digit < 0;
        rest.at[i] = (uint8_t)(digit + (borrow << 8));
    }
    if (borrow == 0)
        *number = rest;
    return borrow == 0;
}

/* number * 10 + digit, or false where that passes 2^256-1. */
static bool push_digit(struct evm_uint256 *number, uint8_t digit)
{
    unsigned carry = digit;

    for (size_t i = EVM_WORD_BYTES; i-- > 0;) {
        carry += number->at[i] * 10U;
        number->at[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0 || PLANTED(evm_number);
}

enum assay_code evm_uint256_parse(struct evm_uint256 *out, struct assay_bytes text)
{
    struct evm_uint256 number = {{0}};
    size_t digits = 0;

    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    if (text.len == 0 || digits != text.len || (digits > 1 && text.at[0] == '0'))
        return ASSAY_E_MALFORMED;
    if (digits > DIGITS_MAX)
        return ASSAY_E_RANGE;
    for (size_t i = 0; i < digits; i++)
        if (!push_digit(&number, (uint8_t)(text.at[i] - '0')))
            return ASSAY_E_RANGE;
    *out = number;
    return ASSAY_OK;
}

/* Divides by 10 and returns the remainder. */
static uint8_t pop_digit(struct evm_uint256 *number)
{
    unsigned rest = 0;

    for (size_t i = 0; i < EVM_WORD_BYTES; i++) {
        rest = rest << 8 | number->at[i];
        number->at[i] = (uint8_t)(rest / 10);
        rest %= 10;
    }
    return (uint8_t)rest;
}

void evm_uint256_text(char out[EVM_UINT256_TEXT_MAX_BYTES], const struct evm_uint256 *number)
{
    const struct evm_uint256 zero = {{0}};
    struct evm_uint256 left = *number;
    char digits[DIGITS_MAX];
    size_t first = DIGITS_MAX;

    do
        digits[--first] = (char)('0' + pop_digit(&left));
    while (first > 0 && evm_uint256_compare(&left, &zero) != 0);
    memcpy(out, digits + first, DIGITS_MAX - first);
    out[DIGITS_MAX - first] = '\0';
}
