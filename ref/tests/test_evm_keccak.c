/* Keccak-256 against known answers, and its sponge against libcrypto's, which has it with the
 * padding of SHA3. */
#include "evm/keccak.h"

#include "base/hex.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>

enum { BLOCK = 136, LONGEST = 3 * BLOCK + 2 };

static void expect_digest(const uint8_t *digest, const char *text, size_t row)
{
    char hex[2 * EVM_KECCAK_BYTES + 1];

    assay_hex_encode(hex, assay_bytes_of(digest, EVM_KECCAK_BYTES));
    cr_expect_str_eq(hex, text, "row %zu", row);
}

/* Byte i of a message of n bytes is 7 i + n. The first two rows are the well-known ones of the
 * empty message and of "abc"; the others are about where a block ends. All were computed by two
 * Python libraries (pycryptodome 3 and eth-utils), which agree. */
static const struct {
    const char *text; /* NULL: made of its length */
    size_t len;
    const char *digest;
} known[] = {
    {"", 0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
    {"abc", 3, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
    {NULL, 135, "8ab570337c9a3a773c3605160ca58e3f0546d92d217c908669cc4f35a31933bc"},
    {NULL, 136, "16b30a6be318a7acbcba7a2194789f628abf68dfbbf55a4d840f22f6a4d29efd"},
    {NULL, 137, "6a7e8293441d51be41bf4994995b35981f90c07866c7fd0465f405e2b7a8f8dd"},
    {NULL, 272, "443464c0c3ac8036d14a6f8647fc93b592d514adefbe88683cbbda3b4b2c4553"},
};

Test(evm_keccak, gives_the_known_answers)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        uint8_t message[LONGEST], digest[EVM_KECCAK_BYTES];

        for (size_t k = 0; k < known[i].len; k++)
            message[k] =
                known[i].text != NULL ? (uint8_t)known[i].text[k] : (uint8_t)(7 * k + known[i].len);
        evm_keccak256(digest, assay_bytes_of(message, known[i].len));
        expect_digest(digest, known[i].digest, i);
    }
}

/* A message that differs for each length. */
static struct assay_bytes message_of(uint8_t *room, size_t len)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (uint8_t)(i * i + 31 * len + i / 7);
    return assay_bytes_of(room, len);
}

Test(evm_keccak, has_the_sponge_of_another_implementation_of_sha3)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        uint8_t room[LONGEST], ours[EVM_KECCAK_BYTES], theirs[EVM_KECCAK_BYTES];
        struct assay_bytes message = message_of(room, len);
        struct evm_keccak h;

        evm_keccak_init(&h);
        evm_keccak_add(&h, message);
        evm_keccak_end_padded(&h, ours, EVM_PADDING_SHA3);
        cr_assert(EVP_Digest(message.at, message.len, theirs, NULL, EVP_sha3_256(), NULL));
        cr_expect_arr_eq(ours, theirs, sizeof(ours), "%zu bytes", len);
    }
}

Test(evm_keccak, does_not_depend_on_the_parts_that_a_message_comes_in)
{
    for (size_t cut = 0; cut <= LONGEST; cut++) {
        uint8_t room[LONGEST], whole[EVM_KECCAK_BYTES], parts[EVM_KECCAK_BYTES];
        struct assay_bytes message = message_of(room, LONGEST);
        struct evm_keccak h;

        evm_keccak256(whole, message);
        evm_keccak_init(&h);
        evm_keccak_add(&h, assay_bytes_part(message, 0, cut));
        evm_keccak_add(&h, assay_bytes_part(message, cut, LONGEST));
        evm_keccak_end(&h, parts);
        cr_expect_arr_eq(whole, parts, sizeof(whole), "cut at %zu", cut);
    }
}
