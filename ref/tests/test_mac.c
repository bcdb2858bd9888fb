/* HMAC-SHA256 against RFC 4231, comparison and wiping. */
#include "base/mac.h"

#include "base/hex.h"

#include <criterion/criterion.h>

/* RFC 4231 section 4, cases 1 to 4, 6 and 7, then keys of one block and of one byte more; a key or
 * message of one byte repeated has `repeat`. */
static const struct {
    const char *key;
    size_t key_repeat;
    const char *message;
    size_t message_repeat;
    const char *hex;
} rows[] = {
    {"\x0B", 20, "Hi There", 1, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", 1, "what do ya want for nothing?", 1,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"\xAA", 20, "\xDD", 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10\x11\x12\x13\x14\x15\x16\x17"
     "\x18\x19",
     1, "\xCD", 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"\xAA", 131, "Test Using Larger Than Block-Size Key - Hash Key First", 1,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"\xAA", 131,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     1, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    {"\xAA", 64, "Hi There", 1, "ebef34e13d0a0fe04593d043bc7a865106db0604211d404c18206d862e5d7852"},
    {"\xAA", 65, "Hi There", 1, "00af6c42340b99e2e1d9a1cdf1547be431fe2e9bab3215c68d013ba858891927"},
};

static struct assay_bytes repeated(uint8_t *room, const char *text, size_t repeat)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < repeat; i++)
        memcpy(room + i * len, text, len);
    return assay_bytes_of(room, repeat * len);
}

Test(mac, gives_the_known_answers)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t key[256], message[256], out[ASSAY_SHA256_BYTES];
        char hex[2 * ASSAY_SHA256_BYTES + 1];

        assay_hmac_sha256(out, repeated(key, rows[i].key, rows[i].key_repeat),
                          repeated(message, rows[i].message, rows[i].message_repeat));
        assay_hex_encode(hex, assay_bytes_of(out, sizeof(out)));
        cr_expect_str_eq(hex, rows[i].hex, "row %zu", i);
    }
}

Test(mac, notices_one_flipped_bit_in_key_or_message)
{
    uint8_t text[40] = "a message of forty bytes, keyed by itse";
    uint8_t want[ASSAY_SHA256_BYTES], got[ASSAY_SHA256_BYTES];
    struct assay_bytes key = assay_bytes_of(text, 20);
    struct assay_bytes message = assay_bytes_of(text + 20, 20);

    assay_hmac_sha256(want, key, message);
    for (size_t bit = 0; bit < 8 * sizeof(text); bit++) {
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assay_hmac_sha256(got, key, message);
        cr_expect_not(assay_secret_equal(assay_bytes_of(want, 32), assay_bytes_of(got, 32)),
                      "bit %zu", bit);
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

Test(mac, secrets_are_equal_only_whole)
{
    cr_expect(assay_secret_equal(ASSAY_LIT("secret"), ASSAY_LIT("secret")));
    cr_expect(assay_secret_equal(ASSAY_LIT(""), ASSAY_LIT("")));
    cr_expect_not(assay_secret_equal(ASSAY_LIT("secret"), ASSAY_LIT("secreT")));
    cr_expect_not(assay_secret_equal(ASSAY_LIT("secret"), ASSAY_LIT("Secret")));
    cr_expect_not(assay_secret_equal(ASSAY_LIT("secret"), ASSAY_LIT("secre")));
    cr_expect_not(assay_secret_equal(ASSAY_LIT("a\0b"), ASSAY_LIT("a\0c")));
}

Test(mac, wiping_leaves_zeros)
{
    uint8_t secret[64];
    static const uint8_t zeros[64];

    memset(secret, 0xAA, sizeof(secret));
    assay_wipe(secret, sizeof(secret));
    cr_expect_arr_eq(secret, zeros, sizeof(zeros));
}
