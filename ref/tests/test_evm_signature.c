/* Signatures with recovery, EIP-712 and EIP-3009: known answers, and that every bit counts. */
#include "evm/signature.h"
#include "evm/transfer.h"

#include "ref/tests/hex_text.h"

#include <criterion/criterion.h>

#define COW "c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define MAX "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static struct evm_address address_of(const char *text)
{
    struct evm_address address;

    cr_assert_eq(evm_address_parse(&address, assay_str(text)), ASSAY_OK, "%s", text);
    return address;
}

static struct evm_uint256 number_of(const char *text)
{
    struct evm_uint256 number;

    cr_assert_eq(evm_uint256_parse(&number, assay_str(text)), ASSAY_OK, "%s", text);
    return number;
}

/* ---- EIP-712 ---- */

static void add_person(struct evm_typed *s, const char *name, const char *wallet)
{
    struct evm_address address = address_of(wallet);
    uint8_t hash[EVM_KECCAK_BYTES];
    struct evm_typed person;

    evm_typed_init(&person, "Person(string name,address wallet)");
    evm_typed_add_text(&person, assay_str(name));
    evm_typed_add_address(&person, &address);
    evm_typed_end(&person, hash);
    evm_typed_add_word(s, hash);
}

/* The example of EIP-712: its domain separator, digest, and the signature of the key
 * keccak256("cow"). Also checked with eth-account. */
Test(evm_typed_data, gives_the_answers_of_the_example_of_eip_712)
{
    struct evm_address contract = address_of("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC");
    const struct evm_domain domain = {.name = ASSAY_LIT("Ether Mail"),
                                      .version = ASSAY_LIT("1"),
                                      .chain_id = 1,
                                      .contract = &contract};
    uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
    struct assay_key key = key_of(COW);
    struct evm_typed s;

    evm_domain_hash(digest, &domain);
    expect_bytes(digest, sizeof(digest),
                 "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f", "domain");
    evm_typed_init(&s, "Mail(Person from,Person to,string contents)"
                       "Person(string name,address wallet)");
    add_person(&s, "Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
    add_person(&s, "Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB");
    evm_typed_add_text(&s, ASSAY_LIT("Hello, Bob!"));
    evm_typed_digest(digest, &domain, &s);
    expect_bytes(digest, sizeof(digest),
                 "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2", "digest");
    cr_assert_eq(evm_signature_make(signature, digest, &key), ASSAY_OK);
    expect_bytes(signature, sizeof(signature),
                 "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
                 "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c",
                 "signature");
}

/* ---- EIP-3009 ---- */

/* Made with eth-account and with viem, which agree: a usual transfer, and one at the ends of what
 * its members can be, under a name that is not ASCII. */
static const struct {
    const char *name, *domain_name, *version, *contract, *secret, *from, *to, *value, *valid_after,
        *valid_before, *nonce, *digest, *signature;
    uint64_t chain_id;
} transfers[] = {
    {"a usual one", "USDC", "2", "0x036CbD53842c5426634e7929541eC2318f3dCF7e", COW,
     "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
     "10000", "1740672089", "1740672154",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "37137f07524ec7fc75b6dbae43b30958cd0278d863b25ac72dca39fff92d45c7",
     "15e020a87121ec219e817441f6beeb91eb16dc8250215b64e8d464c0d1915761"
     "695c1a3fcfaa0b7ea046ae5fe8d613e5a5443d742db0bf103ad0c2bf4ef3e6161c",
     84532},
    {"one of extremes",
     "USD\xe2\x82\xae"
     "0 \xf0\x9f\x92\xb0",
     "", "0x52908400098527886E0F7030069857D2E4169EE7", ONE,
     "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "0x0000000000000000000000000000000000000000",
     MAX, "0", MAX, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "bf0c935e7fc0188eccfbfc56bf9203d39e292190a47ab9df5adea8ea9ba0ba93",
     "20a88ddf66553821663d40e7e287a8ca95f66d3488980a8bff8302c690678ca7"
     "0e0dc3d195c0959b26464767d52e31b4cc69526094bbe2da9b287dd9e61d5f891c",
     INT64_MAX},
};

Test(evm_transfer, is_signed_as_by_two_other_implementations)
{
    for (size_t i = 0; i < ARRAY_LEN(transfers); i++) {
        struct evm_address contract = address_of(transfers[i].contract), signer;
        const struct evm_domain domain = {.name = assay_str(transfers[i].domain_name),
                                          .version = assay_str(transfers[i].version),
                                          .chain_id = transfers[i].chain_id,
                                          .contract = &contract};
        struct evm_transfer transfer = {.from = address_of(transfers[i].from),
                                        .to = address_of(transfers[i].to),
                                        .value = number_of(transfers[i].value),
                                        .valid_after = number_of(transfers[i].valid_after),
                                        .valid_before = number_of(transfers[i].valid_before)};
        uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
        struct assay_key key = key_of(transfers[i].secret);
        const char *why = NULL;

        from_hex(transfer.nonce, sizeof(transfer.nonce), transfers[i].nonce);
        evm_transfer_digest(digest, &domain, &transfer);
        expect_bytes(digest, sizeof(digest), transfers[i].digest, transfers[i].name);
        cr_assert_eq(evm_signature_make(signature, digest, &key), ASSAY_OK);
        expect_bytes(signature, sizeof(signature), transfers[i].signature, transfers[i].name);
        cr_assert_eq(evm_signature_recover(&signer, signature, digest, &why), ASSAY_OK);
        cr_expect(evm_address_equal(&signer, &transfer.from), "row: %s", transfers[i].name);
    }
}

/* ---- recovery ---- */

static void digest_of(uint8_t digest[EVM_KECCAK_BYTES], unsigned n)
{
    evm_keccak256(digest, assay_bytes_of(&n, sizeof(n)));
}

Test(evm_signature, is_recovered_and_is_the_one_that_is_made_without_recovery)
{
    struct assay_key key = key_of(COW);
    bool seen[2] = {false, false};

    for (unsigned n = 0; n < 32; n++) {
        uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES], plain[ASSAY_SIG_BYTES];
        struct evm_address signer, own;
        const char *why = "";

        digest_of(digest, n);
        cr_assert_eq(evm_signature_make(signature, digest, &key), ASSAY_OK);
        cr_assert_eq(assay_ecdsa_sign(plain, digest, &key), ASSAY_OK);
        cr_expect_arr_eq(signature, plain, sizeof(plain));
        cr_assert_eq(evm_signature_recover(&signer, signature, digest, &why), ASSAY_OK, "%s", why);
        cr_assert_eq(evm_address_of_key(&own, &key), ASSAY_OK);
        cr_expect(evm_address_equal(&signer, &own));
        cr_assert(signature[ASSAY_SIG_BYTES] == 27 || signature[ASSAY_SIG_BYTES] == 28);
        seen[signature[ASSAY_SIG_BYTES] - 27] = true;
    }
    cr_expect(seen[0] && seen[1], "both values of v occur");
}

Test(evm_signature, is_anothers_or_none_when_any_bit_is_flipped)
{
    uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
    struct assay_key key = key_of(COW);
    struct evm_address signer, own;
    const char *why = "";

    digest_of(digest, 1);
    cr_assert_eq(evm_signature_make(signature, digest, &key), ASSAY_OK);
    cr_assert_eq(evm_address_of_key(&own, &key), ASSAY_OK);
    for (size_t bit = 0; bit < 8 * sizeof(signature) + 8 * sizeof(digest); bit++) {
        bool of_digest = bit >= 8 * sizeof(signature);
        size_t at = of_digest ? bit - 8 * sizeof(signature) : bit;
        uint8_t *bytes = of_digest ? digest : signature;

        bytes[at / 8] ^= (uint8_t)(1U << at % 8);
        cr_expect(evm_signature_recover(&signer, signature, digest, &why) != ASSAY_OK ||
                      !evm_address_equal(&signer, &own),
                  "bit %zu", bit);
        bytes[at / 8] ^= (uint8_t)(1U << at % 8);
    }
}

/* n - s, with v flipped, is a signature of the same message by the same key: the other of two. */
static void mirror(uint8_t *signature)
{
    uint8_t order[32], *s = signature + 32;
    int borrow = 0;

    from_hex(order, sizeof(order), ORDER);
    for (size_t i = sizeof(order); i-- > 0;) {
        int digit = order[i] - s[i] - borrow;

        borrow = digit < 0;
        s[i] = (uint8_t)(digit + 256 * borrow);
    }
    signature[ASSAY_SIG_BYTES] ^= 27 ^ 28;
}

static const struct {
    const char *name, *r, *s;
    uint8_t v;
    enum assay_code code;
} wrong[] = {
    {"zeros", ZEROS, ZEROS, 27, ASSAY_E_MISMATCH},
    {"zeros with v 0", ZEROS, ZEROS, 0, ASSAY_E_MALFORMED},
    {"r is the order", ORDER, ONE, 27, ASSAY_E_MALFORMED},
    {"s is the order", ONE, ORDER, 27, ASSAY_E_MALFORMED},
    {"r is 0", ZEROS, ONE, 28, ASSAY_E_MISMATCH},
    {"s is 0", ONE, ZEROS, 28, ASSAY_E_MISMATCH},
    {"v is a recovery id", ONE, ONE, 1, ASSAY_E_MALFORMED},
    {"v of a chain, as transactions have it", ONE, ONE, 37, ASSAY_E_MALFORMED},
    {"v is 29", ONE, ONE, 29, ASSAY_E_MALFORMED},
};

Test(evm_signature, is_refused_where_it_is_none)
{
    uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
    struct assay_key key = key_of(COW);
    struct evm_address signer;
    const char *why;

    digest_of(digest, 2);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        from_hex(signature, 32, wrong[i].r);
        from_hex(signature + 32, 32, wrong[i].s);
        signature[ASSAY_SIG_BYTES] = wrong[i].v;
        why = NULL;
        cr_expect_eq(evm_signature_recover(&signer, signature, digest, &why), wrong[i].code,
                     "row: %s", wrong[i].name);
        cr_expect_not_null(why, "row: %s", wrong[i].name);
    }
    cr_assert_eq(evm_signature_make(signature, digest, &key), ASSAY_OK);
    mirror(signature);
    cr_expect_eq(evm_signature_recover(&signer, signature, digest, &why), ASSAY_E_MISMATCH,
                 "a high s is refused");
    mirror(signature);
    cr_expect_eq(evm_signature_recover(&signer, signature, digest, &why), ASSAY_OK);
}

Test(evm_signature, is_not_recovered_for_an_id_that_there_is_not)
{
    uint8_t digest[EVM_KECCAK_BYTES], signature[ASSAY_SIG_BYTES];
    uint8_t whole[ASSAY_PUBKEY_WHOLE_BYTES] = {0};
    struct assay_key key = key_of(COW);
    unsigned id = 9;

    digest_of(digest, 3);
    cr_assert_eq(assay_ecdsa_sign_recoverable(signature, &id, digest, &key), ASSAY_OK);
    cr_expect_lt(id, 4);
    cr_expect_eq(assay_ecdsa_recover(whole, signature, 4, digest), ASSAY_SIG_MALFORMED);
    cr_expect_eq(assay_ecdsa_recover(whole, signature, (unsigned)-1, digest), ASSAY_SIG_MALFORMED);
    cr_expect_eq(whole[0], 0, "unchanged");
}

Test(evm_signature, is_not_made_by_a_key_that_was_wiped)
{
    uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
    struct assay_key key = key_of(COW);

    assay_key_wipe(&key);
    digest_of(digest, 4);
    cr_expect_eq(evm_signature_make(signature, digest, &key), ASSAY_E_RANGE);
}
