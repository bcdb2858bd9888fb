/* UUIDs of version 4; see uuid.h. */
#include "base/uuid.h"

#include "base/hex.h"

/* Bytes in each of the five dash-separated groups. */
static const uint8_t groups[] = {4, 2, 2, 2, 6};

void assay_uuid_v4_text(char out[ASSAY_UUID_TEXT_BYTES], const uint8_t bytes[16])
{
    uint8_t marked[16];
    size_t from = 0;

    memcpy(marked, bytes, sizeof(marked));
    marked[6] = (uint8_t)((marked[6] & 0x0F) | 0x40);
    marked[8] = (uint8_t)((marked[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        assay_hex_encode(out, assay_bytes_of(marked + from, groups[i]));
        from += groups[i];
        out += 2 * (size_t)groups[i];
        if (i + 1 < ARRAY_LEN(groups))
            *out++ = '-';
    }
}

enum assay_code assay_uuid_v4_parse(uint8_t out[16], struct assay_bytes text)
{
    uint8_t bytes[16];
    size_t from = 0, to = 0;

    if (text.len != ASSAY_UUID_TEXT_BYTES - 1)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        size_t width = 2 * (size_t)groups[i];

        if (assay_hex_decode(bytes + to, groups[i], assay_bytes_part(text, from, from + width),
                             true) != ASSAY_OK)
            return ASSAY_E_MALFORMED;
        to += groups[i];
        from += width;
        if (from < text.len && text.at[from++] != '-')
            return ASSAY_E_MALFORMED;
    }
    if (bytes[6] >> 4 != 4 || bytes[8] >> 6 != 2)
        return ASSAY_E_MALFORMED;
    memcpy(out, bytes, sizeof(bytes));
    return ASSAY_OK;
}
