/* Digests against the known answers of their documents. */
#include "base/hash.h"

#include "base/hex.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

static uint8_t million[1000000];

static void expect_hex(const uint8_t *digest, size_t len, const char *want, const char *name)
{
    char text[2 * ASSAY_BLAKE2B_MAX_BYTES + 1];

    assay_hex_encode(text, assay_bytes_of(digest, len));
    cr_expect_str_eq(text, want, "%s", name);
}

Test(hash, sha256_gives_the_known_answers)
{
    struct {
        const char *name;
        struct assay_bytes message;
        const char *hex;
    } rows[] = {
        {"empty", ASSAY_LIT(""),
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", ASSAY_LIT("abc"),
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"two blocks", ASSAY_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a million times a", assay_bytes_of(million, sizeof(million)),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };

    memset(million, 'a', sizeof(million));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t digest[ASSAY_SHA256_BYTES];
        char text[2 * ASSAY_SHA256_BYTES + 1];

        assay_sha256(digest, rows[i].message);
        expect_hex(digest, sizeof(digest), rows[i].hex, rows[i].name);
        assay_sha256_hex(text, rows[i].message);
        cr_expect_str_eq(text, rows[i].hex);
    }
}

Test(hash, sha256_in_parts_is_sha256_at_once)
{
    for (size_t len = 0; len < 200; len++) {
        uint8_t whole[ASSAY_SHA256_BYTES], parts[ASSAY_SHA256_BYTES];
        struct guard g = guard_of(assay_bytes_of(million, len));

        assay_sha256(whole, g.bytes);
        for (size_t cut = 0; cut <= len; cut += 13) {
            struct assay_sha256 h;

            assay_sha256_init(&h);
            assay_sha256_add(&h, assay_bytes_part(g.bytes, 0, cut));
            assay_sha256_add(&h, ASSAY_LIT(""));
            assay_sha256_add(&h, assay_bytes_part(g.bytes, cut, len));
            assay_sha256_end(&h, parts);
            cr_expect_arr_eq(whole, parts, sizeof(whole), "%zu cut at %zu", len, cut);
        }
        guard_free(&g);
    }
}

Test(hash, blake2b_gives_the_known_answers)
{
    uint8_t numbers[255];
    uint8_t digest[ASSAY_BLAKE2B_MAX_BYTES];
    struct assay_bytes none = ASSAY_LIT("");

    for (size_t i = 0; i < sizeof(numbers); i++)
        numbers[i] = (uint8_t)i;
    assay_blake2b(digest, 64, none, ASSAY_LIT("abc")); /* RFC 7693 appendix A */
    expect_hex(digest, 64,
               "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
               "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
               "abc");
    assay_blake2b(digest, 32, none, none);
    expect_hex(digest, 32, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
               "empty, 32 bytes");
    assay_blake2b(digest, 64, assay_bytes_of(numbers, 64), assay_bytes_of(numbers, 255));
    expect_hex(digest, 64, /* the last row of the authors' keyed vectors */
               "142709d62e28fcccd0af97fad0f8465b971e82201dc51070faa0372aa43e9248"
               "4be1c1e73ba10906d5d1853db6a4106e0a7bf9800d373d6dee2d46d62ef2a461",
               "keyed");
}

Test(hash, blake3_gives_the_known_answers)
{
    static const struct {
        size_t len;
        bool keyed;
        const char *hex;
    } rows[] = {
        {0, false, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
        {1, false, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
        {1024, false, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
        {1025, false, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
        {0, true, "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"},
        {1, true, "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"},
        {1024, true, "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"},
        {1025, true, "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"},
    };
    static const char key[] = "whats the Elvish word for friend";
    uint8_t input[1025];

    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t digest[ASSAY_BLAKE3_BYTES];

        assay_blake3(digest, rows[i].keyed ? (const uint8_t *)key : NULL,
                     assay_bytes_of(input, rows[i].len));
        expect_hex(digest, sizeof(digest), rows[i].hex, rows[i].keyed ? "keyed" : "plain");
    }
}

/* Lengths about the block of BLAKE2b (128), and about the block and the chunk of BLAKE3 (64 and
 * 1024), with several chunks that make a tree. */
static const size_t part_lens[] = {0,   1,   63,   64,   65,   127,  128,  129,  255,
                                   256, 257, 1023, 1024, 1025, 2047, 2048, 2049, 5000};

/* The message in two parts, and then in many of the same length. */
static void expect_blake2b_in_parts(size_t out_len, struct assay_bytes key, struct assay_bytes in,
                                    size_t part)
{
    uint8_t whole[ASSAY_BLAKE2B_MAX_BYTES], parts[ASSAY_BLAKE2B_MAX_BYTES];
    struct assay_blake2b two, many;

    assay_blake2b(whole, out_len, key, in);
    assay_blake2b_init(&two, out_len, key);
    assay_blake2b_add(&two, assay_bytes_part(in, 0, part));
    assay_blake2b_add(&two, ASSAY_LIT(""));
    assay_blake2b_add(&two, assay_bytes_part(in, part, in.len));
    assay_blake2b_end(&two, parts, out_len);
    cr_expect_arr_eq(whole, parts, out_len, "%zu cut at %zu", in.len, part);
    assay_blake2b_init(&many, out_len, key);
    for (size_t at = 0; at < in.len; at += part)
        assay_blake2b_add(&many, assay_bytes_part(in, at, at + part));
    assay_blake2b_end(&many, parts, out_len);
    cr_expect_arr_eq(whole, parts, out_len, "%zu in parts of %zu", in.len, part);
}

static void expect_blake3_in_parts(const uint8_t *key, struct assay_bytes in, size_t part)
{
    uint8_t whole[ASSAY_BLAKE3_BYTES], parts[ASSAY_BLAKE3_BYTES];
    struct assay_blake3 two, many;

    assay_blake3(whole, key, in);
    assay_blake3_init(&two, key);
    assay_blake3_add(&two, assay_bytes_part(in, 0, part));
    assay_blake3_add(&two, ASSAY_LIT(""));
    assay_blake3_add(&two, assay_bytes_part(in, part, in.len));
    assay_blake3_end(&two, parts);
    cr_expect_arr_eq(whole, parts, sizeof(whole), "%zu cut at %zu", in.len, part);
    assay_blake3_init(&many, key);
    for (size_t at = 0; at < in.len; at += part)
        assay_blake3_add(&many, assay_bytes_part(in, at, at + part));
    assay_blake3_end(&many, parts);
    cr_expect_arr_eq(whole, parts, sizeof(whole), "%zu in parts of %zu", in.len, part);
}

static void fill_million(void)
{
    for (size_t i = 0; i < sizeof(million); i++)
        million[i] = (uint8_t)(i % 251);
}

Test(hash, blake2b_in_parts_is_blake2b_at_once)
{
    struct assay_bytes keys[] = {ASSAY_LIT(""), ASSAY_LIT("TransactionID"),
                                 assay_bytes_of(million, ASSAY_BLAKE2B_MAX_BYTES)};

    fill_million();
    for (size_t i = 0; i < ARRAY_LEN(part_lens); i++) {
        struct guard g = guard_of(assay_bytes_of(million, part_lens[i]));

        for (size_t k = 1; k < ARRAY_LEN(part_lens); k++) {
            for (size_t key = 0; key < ARRAY_LEN(keys); key++) {
                expect_blake2b_in_parts(32, keys[key], g.bytes, part_lens[k]);
                expect_blake2b_in_parts(64, keys[key], g.bytes, part_lens[k]);
            }
        }
        guard_free(&g);
    }
}

Test(hash, blake3_in_parts_is_blake3_at_once)
{
    fill_million();
    for (size_t i = 0; i < ARRAY_LEN(part_lens); i++) {
        struct guard g = guard_of(assay_bytes_of(million, part_lens[i]));

        for (size_t k = 1; k < ARRAY_LEN(part_lens); k++) {
            expect_blake3_in_parts(NULL, g.bytes, part_lens[k]);
            expect_blake3_in_parts(million, g.bytes, part_lens[k]);
        }
        guard_free(&g);
    }
}
