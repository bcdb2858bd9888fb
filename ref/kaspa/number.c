/* Numbers of the script engine; see number.h. */
#include "kaspa/number.h"

#include "base/planted.h"

#define SIGN 0x80

enum kaspa_script_error kaspa_number_decode(int64_t *out, struct assay_bytes bytes)
{
    uint64_t magnitude = 0;
    bool is_negative;

    if (bytes.len > KASPA_NUMBER_MAX_BYTES)
        return KASPA_SCRIPT_NUMBER_TOO_BIG;
    for (size_t i = 0; i < bytes.len; i++)
        magnitude |= (uint64_t)bytes.at[i] << (8 * i);
    is_negative =
        bytes.len > 0 && (bytes.at[PLANTED(script_number_sign) ? 0 : bytes.len - 1] & SIGN) != 0;
    if (is_negative)
        magnitude -= (uint64_t)SIGN << (8 * (bytes.len - 1));
    *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_number_encode(uint8_t *out, size_t *len, int64_t number)
{
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t count = 0;

    if (number == INT64_MIN)
        return KASPA_SCRIPT_SERIALIZATION;
    for (; magnitude > 0; magnitude >>= 8)
        out[count++] = (uint8_t)magnitude;
    if (count > 0 && (out[count - 1] & SIGN) != 0)
        out[count++] = 0; /* room for the sign */
    if (number < 0)
        out[count - 1] |= SIGN;
    *len = count;
    return KASPA_SCRIPT_OK;
}

bool kaspa_bytes_are_true(struct assay_bytes bytes)
{
    size_t rest;

    if (bytes.len == 0)
        return false;
    rest = bytes.len - 1;
    if ((bytes.at[rest] & ~SIGN) != 0)
        return true;
    /* All the others are zero when the first is, and each is what the next one is. memcmp, since a
     * script may ask this of a long item again and again. */
    return rest > 0 && (bytes.at[0] != 0 || memcmp(bytes.at, bytes.at + 1, rest - 1) != 0);
}
