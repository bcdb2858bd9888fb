/* Bytes in groups of five bits with a checksum; see address_text.h. Digest, section 3. */
#include "kaspa/address_text.h"

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One step of the checksum, a polynomial over groups of five bits. */
static uint64_t step(uint64_t c, uint8_t group)
{
    static const uint64_t generator[] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8,
                                         0x1e4f43e470};
    uint64_t high = c >> 35;

    c = (c & 0x07ffffffff) << 5 ^ group;
    for (size_t i = 0; i < ARRAY_LEN(generator); i++)
        c ^= (high >> i & 1) != 0 ? generator[i] : 0;
    return c;
}

/* The state after the prefix and the zero that parts it from the data. */
static uint64_t checksum_init(struct assay_bytes prefix)
{
    uint64_t c = 1;

    for (size_t i = 0; i < prefix.len; i++)
        c = step(c, prefix.at[i] & 0x1f);
    return step(c, 0);
}

static uint64_t checksum_end(uint64_t c)
{
    for (size_t i = 0; i < KASPA_ADDRESS_CHECKSUM_CHARACTERS; i++)
        c = step(c, 0);
    return c ^ 1;
}

/* How many groups hold so many bytes, the last one filled up with zeros. */
static size_t group_count(size_t byte_count)
{
    return (byte_count * 8 + 4) / 5;
}

/* The i-th group of bytes, i < group_count(bytes.len). */
static uint8_t group_at(struct assay_bytes bytes, size_t i)
{
    size_t byte = i * 5 / 8, shift = i * 5 % 8;
    unsigned next = byte + 1 < bytes.len ? bytes.at[byte + 1] : 0;
    unsigned window = (unsigned)bytes.at[byte] << 8 | next;

    return window >> (11 - shift) & 0x1f;
}

void kaspa_address_text_write_groups(char *out, struct assay_bytes prefix, const uint8_t *groups,
                                     size_t count)
{
    uint64_t c = checksum_init(prefix);

    for (size_t i = 0; i < count; i++)
        c = step(c, groups[i]);
    c = checksum_end(c);
    memcpy(out, prefix.at, prefix.len);
    out += prefix.len;
    *out++ = ':';
    for (size_t i = 0; i < count; i++)
        *out++ = alphabet[groups[i]];
    for (size_t i = KASPA_ADDRESS_CHECKSUM_CHARACTERS; i > 0; i--)
        *out++ = alphabet[c >> 5 * (i - 1) & 0x1f];
    *out = '\0';
}

/* The groups are made where their characters will stand. */
void kaspa_address_text_write(char *out, struct assay_bytes prefix, struct assay_bytes data)
{
    uint8_t *groups = (uint8_t *)out + prefix.len + 1;
    size_t count = group_count(data.len);

    for (size_t i = 0; i < count; i++)
        groups[i] = group_at(data, i);
    kaspa_address_text_write_groups(out, prefix, groups, count);
}

/* Where the characters from '0' to DEL stand in the alphabet. */
static const int8_t places[] = {
    /* clang-format off */
    15, -1, 10, 17, 21, 20, 26, 30, 7, 5, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, 29, -1, 24, 13, 25, 9, 8, 23, -1, 18, 22, 31, 27, 19, -1,
    1, 0, 3, 16, 11, 28, 12, 14, 6, 4, 2, -1, -1, -1, -1, -1,
    /* clang-format on */
};

/* The group that a character stands for, or -1. */
static int group_of(uint8_t c)
{
    return c >= '0' && c < '0' + sizeof(places) ? places[c - '0'] : -1;
}

/* The first `room` of the bytes that the characters hold. All are of the alphabet. */
static void read_groups(uint8_t *out, size_t room, struct assay_bytes text)
{
    unsigned window = 0, bits = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len && len < room; i++) {
        window = (window << 5 | (unsigned)group_of(text.at[i])) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[len++] = (uint8_t)(window >> bits);
        }
    }
}

enum kaspa_address_error kaspa_address_text_read(uint8_t *out, size_t room, size_t *len, size_t *at,
                                                 struct assay_bytes prefix, struct assay_bytes text)
{
    uint64_t c = checksum_init(prefix), checksum = 0;
    size_t split;

    for (size_t i = 0; i < text.len; i++) {
        if (group_of(text.at[i]) < 0) {
            *at = i;
            return KASPA_ADDRESS_DECODING_ERROR;
        }
    }
    if (text.len < KASPA_ADDRESS_CHECKSUM_CHARACTERS) {
        *at = text.len;
        return KASPA_ADDRESS_BAD_PAYLOAD;
    }
    split = text.len - KASPA_ADDRESS_CHECKSUM_CHARACTERS;
    for (size_t i = 0; i < split; i++)
        c = step(c, (uint8_t)group_of(text.at[i]));
    for (size_t i = split; i < text.len; i++)
        checksum = checksum << 5 | (uint64_t)group_of(text.at[i]);
    if (checksum_end(c) != checksum) {
        *at = split;
        return KASPA_ADDRESS_BAD_CHECKSUM;
    }
    *len = split / 8 * 5 + split % 8 * 5 / 8; /* split * 5 / 8, which could wrap */
    read_groups(out, room, assay_bytes_part(text, 0, split));
    return KASPA_ADDRESS_OK;
}
