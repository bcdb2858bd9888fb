/* Nonces that prove where they came from; see nonce.h.
 *
 * Layout of the 16 bytes: 58 random bits in bytes 0..6 and the upper six bits of byte 7, the 64
 * bits of the MAC in the lower two bits of byte 7 and all of 8..15, around the version and variant
 * bits.
 */
#include "paid_tools/nonce.h"

#include "base/mac.h"
#include "base/uuid.h"
#include "defects/defects.h"

/* Each field with its length before it, so that no two lists of fields give the same text. */
enum { TERMS_MAX_BYTES = 16 + 6 * (4 + PT_TEXT_MAX_BYTES) };

static void add_field(struct assay_buf *out, const char *text)
{
    struct assay_bytes field = assay_str(text);

    for (int shift = 24; shift >= 0; shift -= 8)
        assay_buf_add_byte(out, (uint8_t)(field.len >> shift));
    assay_buf_add(out, field);
}

/* Puts the MAC over the random bits of uuid and the terms into uuid. */
static void seal(uint8_t uuid[16], const struct pt_challenge *terms, struct assay_bytes secret)
{
    uint8_t key[ASSAY_SHA256_BYTES], mac[ASSAY_SHA256_BYTES], text[TERMS_MAX_BYTES];
    struct assay_buf message = ASSAY_BUF_OVER(text);

    uuid[6] = (uint8_t)(0x40 | (uuid[6] & 0x0F));
    uuid[7] &= 0xFC;
    assay_buf_add(&message, assay_bytes_of(uuid, 8));
    add_field(&message, terms->request_hash);
    if (!REF_DEFECT(expiry_not_authenticated))
        add_field(&message, terms->expires_at);
    if (!REF_DEFECT(price_not_authenticated))
        add_field(&message, terms->price);
    add_field(&message, terms->asset);
    add_field(&message, terms->network);
    add_field(&message, terms->recipient);
    assay_hmac_sha256(key, secret, ASSAY_LIT("paid-tools issued nonce 1"));
    assay_hmac_sha256(mac, assay_bytes_of(key, sizeof(key)), assay_buf_view(&message));
    uuid[7] |= (uint8_t)(mac[0] >> 6);
    uuid[8] = (uint8_t)(0x80 | (mac[0] & 0x3F));
    memcpy(uuid + 9, mac + 1, 7);
    assay_wipe(key, sizeof(key));
    assay_wipe(mac, sizeof(mac));
}

/* Of defect nonce.case_folded. */
static struct assay_bytes folded(char *room, struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        room[i] = (char)(text.at[i] >= 'A' && text.at[i] <= 'F' ? text.at[i] | 0x20 : text.at[i]);
    return assay_bytes_of(room, text.len);
}

enum assay_code pt_nonce_parse(uint8_t out[16], struct assay_bytes text)
{
    char room[ASSAY_UUID_TEXT_BYTES];

    if (REF_DEFECT(nonce_case_folded) && text.len < sizeof(room))
        text = folded(room, text);
    return assay_uuid_v4_parse(out, text);
}

void pt_nonce_issue(struct pt_challenge *challenge, struct assay_bytes secret,
                    const uint8_t random[16])
{
    uint8_t uuid[16];

    memcpy(uuid, random, sizeof(uuid));
    seal(uuid, challenge, secret);
    assay_uuid_v4_text(challenge->nonce, uuid);
}

enum assay_code pt_nonce_check(const struct pt_challenge *terms, struct assay_bytes secret)
{
    uint8_t given[16], sealed[16];
    bool same;

    if (pt_nonce_parse(given, assay_str(terms->nonce)) != ASSAY_OK)
        return ASSAY_E_MALFORMED;
    if (REF_DEFECT(nonce_unissued))
        return ASSAY_OK;
    memcpy(sealed, given, sizeof(sealed));
    seal(sealed, terms, secret);
    same = assay_secret_equal(assay_bytes_of(given, 16), assay_bytes_of(sealed, 16));
    assay_wipe(sealed, sizeof(sealed));
    return same ? ASSAY_OK : ASSAY_E_DENIED;
}
