/* Numbers of 256 bits and addresses: texts that are taken, texts that are not, and round trips. */
#include "evm/address.h"
#include "evm/uint256.h"

#include "ref/tests/guard.h"
#include "ref/tests/hex_text.h"

#include <criterion/criterion.h>

#define MAX "115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define OVER "115792089237316195423570985008687907853269984665640564039457584007913129639936"

/* ---- numbers ---- */

static const struct {
    const char *name, *text;
    enum assay_code code;
} numbers[] = {
    {"zero", "0", ASSAY_OK},
    {"an amount", "10000", ASSAY_OK},
    {"the largest of 64 bits", "18446744073709551615", ASSAY_OK},
    {"one more", "18446744073709551616", ASSAY_OK},
    {"10^77",
     "1"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000",
     ASSAY_OK},
    {"the largest of 256 bits", MAX, ASSAY_OK},
    {"one more than that", OVER, ASSAY_E_RANGE},
    {"ten times that", MAX "0", ASSAY_E_RANGE},
    {"78 nines", "999999999999999999999999999999999999999999999999999999999999999999999999999999",
     ASSAY_E_RANGE},
    {"nothing", "", ASSAY_E_MALFORMED},
    {"a sign", "-1", ASSAY_E_MALFORMED},
    {"a plus", "+1", ASSAY_E_MALFORMED},
    {"a leading zero", "01", ASSAY_E_MALFORMED},
    {"two zeros", "00", ASSAY_E_MALFORMED},
    {"hexadecimal", "0x10", ASSAY_E_MALFORMED},
    {"an exponent", "1e3", ASSAY_E_MALFORMED},
    {"a point", "1.0", ASSAY_E_MALFORMED},
    {"a space before", " 1", ASSAY_E_MALFORMED},
    {"a line end behind", "1\n", ASSAY_E_MALFORMED},
    {"digits of another alphabet", "\xd9\xa1", ASSAY_E_MALFORMED},
};

Test(evm_uint256, takes_canonical_decimals_alone_and_writes_them_back)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const struct evm_uint256 was = evm_uint256_of(77);
        struct evm_uint256 number = was;
        char text[EVM_UINT256_TEXT_MAX_BYTES];
        struct guard g = guard_of(assay_str(numbers[i].text));

        cr_expect_eq(evm_uint256_parse(&number, g.bytes), numbers[i].code, "row: %s",
                     numbers[i].name);
        evm_uint256_text(text, &number);
        cr_expect_str_eq(text, numbers[i].code == ASSAY_OK ? numbers[i].text : "77", "row: %s",
                         numbers[i].name);
        guard_free(&g);
    }
}

Test(evm_uint256, keeps_a_number_of_64_bits_and_says_where_one_is_larger)
{
    static const uint64_t rows[] = {0, 1, 255, 256, UINT32_MAX, UINT64_MAX};
    uint64_t number = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct evm_uint256 wide = evm_uint256_of(rows[i]);

        cr_expect(evm_uint256_u64(&number, &wide));
        cr_expect_eq(number, rows[i]);
    }
    for (size_t byte = 0; byte < EVM_WORD_BYTES - 8; byte++) {
        struct evm_uint256 wide = evm_uint256_of(5);

        wide.at[byte] = 1;
        number = 9;
        cr_expect_not(evm_uint256_u64(&number, &wide));
        cr_expect_eq(number, 9);
    }
}

Test(evm_uint256, is_ordered_by_value)
{
    static const char *const rising[] = {"0", "1", "255", "256", "18446744073709551616", MAX};
    struct evm_uint256 numbers_of[ARRAY_LEN(rising)];

    for (size_t i = 0; i < ARRAY_LEN(rising); i++)
        cr_assert_eq(evm_uint256_parse(&numbers_of[i], assay_str(rising[i])), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(rising); i++)
        for (size_t k = 0; k < ARRAY_LEN(rising); k++)
            cr_expect_eq(evm_uint256_compare(&numbers_of[i], &numbers_of[k]), i < k ? -1 : i > k,
                         "%s, %s", rising[i], rising[k]);
}

static const struct {
    const char *number;
    uint64_t by;
    const char *sum, *rest; /* NULL: there is none */
} sums[] = {
    {"0", 0, "0", "0"},
    {"0", 1, "1", NULL},
    {"255", 1, "256", "254"},
    {"18446744073709551615", UINT64_MAX, "36893488147419103230", "0"},
    {"18446744073709551616", 1, "18446744073709551617", "18446744073709551615"},
    {"18446744073709551614", UINT64_MAX, "36893488147419103229", NULL},
    {MAX, 1, NULL,
     "115792089237316195423570985008687907853269984665640564039457584007913129639934"},
    {MAX, 0, MAX, MAX},
};

Test(evm_uint256, adds_and_subtracts_what_has_a_result)
{
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        char text[EVM_UINT256_TEXT_MAX_BYTES];
        struct evm_uint256 sum, rest;

        cr_assert_eq(evm_uint256_parse(&sum, assay_str(sums[i].number)), ASSAY_OK);
        rest = sum;
        cr_expect_eq(evm_uint256_add(&sum, sums[i].by), sums[i].sum != NULL, "row %zu", i);
        evm_uint256_text(text, &sum);
        cr_expect_str_eq(text, sums[i].sum != NULL ? sums[i].sum : sums[i].number, "row %zu", i);
        cr_expect_eq(evm_uint256_subtract(&rest, sums[i].by), sums[i].rest != NULL, "row %zu", i);
        evm_uint256_text(text, &rest);
        cr_expect_str_eq(text, sums[i].rest != NULL ? sums[i].rest : sums[i].number, "row %zu", i);
    }
}

/* ---- addresses ---- */

/* The accepted ones with letters of two cases are the test cases of EIP-55 itself. */
static const struct {
    const char *name, *text;
    enum assay_code code;
    const char *written; /* NULL: as it was read */
} addresses[] = {
    {"a checksum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", ASSAY_OK, NULL},
    {"a second", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", ASSAY_OK, NULL},
    {"a third", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", ASSAY_OK, NULL},
    {"a fourth", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", ASSAY_OK, NULL},
    {"capitals alone", "0x52908400098527886E0F7030069857D2E4169EE7", ASSAY_OK, NULL},
    {"small letters alone", "0xde709f2102306220921060314715629080e2fb77", ASSAY_OK, NULL},
    {"no checksum, since all are small", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ASSAY_OK,
     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
    {"no checksum, since all are capitals", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", ASSAY_OK,
     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
    {"digits alone", "0x0000000000000000000000000000000000000000", ASSAY_OK, NULL},
    {"one letter of the other case", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", ASSAY_E_MISMATCH,
     NULL},
    {"a digit changed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", ASSAY_E_MISMATCH, NULL},
    {"a capital X", "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ASSAY_E_MALFORMED, NULL},
    {"no prefix", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ASSAY_E_MALFORMED, NULL},
    {"a digit too few", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", ASSAY_E_MALFORMED, NULL},
    {"a byte too many", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed00", ASSAY_E_MALFORMED, NULL},
    {"a letter that is no digit", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", ASSAY_E_MALFORMED,
     NULL},
    {"a space behind", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed ", ASSAY_E_MALFORMED, NULL},
    {"a name", "vitalik.eth", ASSAY_E_MALFORMED, NULL},
    {"a prefix alone", "0x", ASSAY_E_MALFORMED, NULL},
    {"half a prefix", "0", ASSAY_E_MALFORMED, NULL},
    {"nothing", "", ASSAY_E_MALFORMED, NULL},
};

Test(evm_address, is_read_with_its_checksum_and_written_with_it)
{
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        const char *expected =
            addresses[i].written != NULL ? addresses[i].written : addresses[i].text;
        struct guard g = guard_of(assay_str(addresses[i].text));
        struct evm_address address;
        char text[EVM_ADDRESS_TEXT_BYTES];
        enum assay_code rc = evm_address_parse(&address, g.bytes);

        cr_expect_eq(rc, addresses[i].code, "row: %s", addresses[i].name);
        if (rc == ASSAY_OK) {
            evm_address_text(text, &address);
            cr_expect_str_eq(text, expected, "row: %s", addresses[i].name);
        }
        guard_free(&g);
    }
}

/* Keys 1 and 2, and the key of the example of EIP-712. Checked with eth-account and viem. */
static const struct {
    const char *secret, *address;
} keys[] = {
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"},
    {"0000000000000000000000000000000000000000000000000000000000000002",
     "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"},
    {"c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4",
     "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
};

Test(evm_address, is_made_of_a_key)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char text[EVM_ADDRESS_TEXT_BYTES];
        struct evm_address address;
        struct assay_key key = key_of(keys[i].secret);

        cr_assert_eq(evm_address_of_key(&address, &key), ASSAY_OK);
        evm_address_text(text, &address);
        cr_expect_str_eq(text, keys[i].address);
    }
}

Test(evm_address, is_not_made_of_a_key_that_was_wiped)
{
    struct assay_key key = {.secret = {0}};
    struct evm_address address;

    cr_expect_eq(evm_address_of_key(&address, &key), ASSAY_E_RANGE);
}
