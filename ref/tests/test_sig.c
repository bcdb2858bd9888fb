/* Signatures on secp256k1: known answers of BIP-340 and of RFC 6979, and the edges of keys and
 * signatures. */
#include "base/sig.h"

#include "base/buf.h"
#include "base/hash.h"
#include "ref/tests/guard.h"
#include "ref/tests/hex_text.h"

#include <criterion/criterion.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ORDER_MINUS_1 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define FIELD "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define FIELD_PLUS_1 "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"
#define GENERATOR_X "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define NOT_AN_X "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"

/* The first four vectors of BIP-340's test-vectors.csv. */
static const struct {
    const char *secret, *xonly, *aux, *message, *sig;
} bip340[] = {
    {"0000000000000000000000000000000000000000000000000000000000000003",
     "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9", ZEROS, ZEROS,
     "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
     "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0"},
    {"b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
     "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
     "0000000000000000000000000000000000000000000000000000000000000001",
     "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
     "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
     "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a"},
    {"c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9",
     "dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8",
     "c87aa53824b4d7ae2eb035a2b5bbbccc080e76cdc6d1692c4b0b62d798e6d906",
     "7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c",
     "5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1b"
     "ab745879a5ad954a72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7"},
    {"0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
     "25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517", ONES, ONES,
     "7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec"
     "97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3"},
};

Test(sig, reproduces_and_verifies_the_vectors_of_bip_340)
{
    for (size_t i = 0; i < ARRAY_LEN(bip340); i++) {
        struct assay_key key = key_of(bip340[i].secret);
        uint8_t aux[32], message[32], sig[ASSAY_SIG_BYTES];

        from_hex(aux, sizeof(aux), bip340[i].aux);
        from_hex(message, sizeof(message), bip340[i].message);
        cr_assert_eq(assay_schnorr_sign(sig, message, &key, aux), ASSAY_OK);
        expect_bytes(key.xonly, sizeof(key.xonly), bip340[i].xonly, bip340[i].message);
        expect_bytes(sig, sizeof(sig), bip340[i].sig, bip340[i].message);
        cr_expect_eq(assay_schnorr_verify(sig, message, key.xonly), ASSAY_SIG_GOOD, "row %zu", i);
    }
}

Test(sig, auxiliary_bytes_that_are_not_given_are_zeros)
{
    struct assay_key key = key_of(bip340[0].secret);
    uint8_t message[32] = {0}, sig[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_schnorr_sign(sig, message, &key, NULL), ASSAY_OK);
    expect_bytes(sig, sizeof(sig), bip340[0].sig, "the first");
}

/* Deterministic nonces over the SHA-256 of a text, as several libraries publish them. */
static const struct {
    const char *secret, *text, *sig;
} rfc6979[] = {
    {"0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
     "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
     "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "All those moments will be lost in time, like tears in rain. Time to die...",
     "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
     "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
    {ORDER_MINUS_1, "Satoshi Nakamoto",
     "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
     "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
    {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
     "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
     "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
};

Test(sig, reproduces_and_verifies_deterministic_ecdsa)
{
    for (size_t i = 0; i < ARRAY_LEN(rfc6979); i++) {
        struct assay_key key = key_of(rfc6979[i].secret);
        uint8_t message[ASSAY_SHA256_BYTES], sig[ASSAY_SIG_BYTES];

        assay_sha256(message, assay_str(rfc6979[i].text));
        cr_assert_eq(assay_ecdsa_sign(sig, message, &key), ASSAY_OK);
        expect_bytes(sig, sizeof(sig), rfc6979[i].sig, rfc6979[i].text);
        cr_expect_eq(assay_ecdsa_verify(sig, message, key.compressed), ASSAY_SIG_GOOD, "row %zu",
                     i);
    }
}

Test(sig, half_of_all_numbers_are_the_x_of_a_point)
{
    uint8_t x[32] = {0};
    size_t points = 0;

    cr_expect_not(assay_xonly_is_point(x));
    for (x[31] = 1; x[31] < 9; x[31]++)
        points += assay_xonly_is_point(x) ? 1 : 0;
    cr_expect_eq(points, 6); /* of 1 to 8, all but 5 and 7 */
    memset(x, 0xff, sizeof(x));
    cr_expect_not(assay_xonly_is_point(x));
}

Test(sig, a_secret_is_at_least_1_and_below_the_order)
{
    static const struct {
        const char *name, *secret, *compressed; /* NULL: no key */
    } rows[] = {
        {"0", ZEROS, NULL},
        {"1", "0000000000000000000000000000000000000000000000000000000000000001", "02" GENERATOR_X},
        {"order - 1", ORDER_MINUS_1, "03" GENERATOR_X},
        {"order", ORDER, NULL},
        {"2^256 - 1", ONES, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t secret[32];
        struct assay_key key, before;

        memset(&key, 0x5A, sizeof(key));
        before = key;
        from_hex(secret, sizeof(secret), rows[i].secret);
        if (rows[i].compressed == NULL) {
            cr_expect_eq(assay_key_init(&key, secret), ASSAY_E_RANGE, "row: %s", rows[i].name);
            cr_expect_arr_eq(&key, &before, sizeof(key), "row: %s", rows[i].name);
            continue;
        }
        cr_expect_eq(assay_key_init(&key, secret), ASSAY_OK, "row: %s", rows[i].name);
        expect_bytes(key.compressed, sizeof(key.compressed), rows[i].compressed, rows[i].secret);
        expect_bytes(key.xonly, sizeof(key.xonly), GENERATOR_X, rows[i].secret);
        expect_bytes(key.secret, sizeof(key.secret), rows[i].secret, rows[i].secret);
    }
}

Test(sig, a_key_that_was_never_made_or_is_wiped_does_not_sign)
{
    struct assay_key never = {0}, wiped = key_of(ORDER_MINUS_1);
    uint8_t message[32] = {1}, sig[ASSAY_SIG_BYTES];

    assay_key_wipe(&wiped);
    cr_expect_arr_eq(&wiped, &never, sizeof(never));
    cr_expect_eq(assay_schnorr_sign(sig, message, &never, NULL), ASSAY_E_RANGE);
    cr_expect_eq(assay_ecdsa_sign(sig, message, &never), ASSAY_E_RANGE);
}

Test(sig, nothing_allocates)
{
    struct assay_key key;
    uint8_t bytes[32] = {7}, sig[ASSAY_SIG_BYTES];

    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(assay_key_init(&key, bytes), ASSAY_OK);
    cr_expect_eq(assay_schnorr_sign(sig, bytes, &key, NULL), ASSAY_OK);
    cr_expect_eq(assay_schnorr_verify(sig, bytes, key.xonly), ASSAY_SIG_GOOD);
    cr_expect_eq(assay_ecdsa_sign(sig, bytes, &key), ASSAY_OK);
    cr_expect_eq(assay_ecdsa_verify(sig, bytes, key.compressed), ASSAY_SIG_GOOD);
    cr_expect_eq(assay_alloc_fail_after(SIZE_MAX), 0);
}

/* order - s, both 32 bytes big-endian, 0 < s < order. */
static void negate(uint8_t *s)
{
    uint8_t order[32];
    int borrow = 0;

    from_hex(order, sizeof(order), ORDER);
    for (size_t i = sizeof(order); i-- > 0;) {
        int difference = order[i] - s[i] - borrow;

        borrow = difference < 0;
        s[i] = (uint8_t)difference;
    }
}

/* Halves that replace those of a good signature; NULL keeps it. */
static const struct {
    const char *name, *r, *s;
    enum assay_sig schnorr, ecdsa;
} halves[] = {
    {"as it is", NULL, NULL, ASSAY_SIG_GOOD, ASSAY_SIG_GOOD},
    {"r is 0", ZEROS, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
    {"s is 0", NULL, ZEROS, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
    {"r is the order less 1", ORDER_MINUS_1, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
    {"r is the order", ORDER, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_MALFORMED},
    {"s is the order less 1", NULL, ORDER_MINUS_1, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
    {"s is the order", NULL, ORDER, ASSAY_SIG_WRONG, ASSAY_SIG_MALFORMED},
    {"r is the field's prime", FIELD, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_MALFORMED},
    {"r is 2^256 - 1", ONES, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_MALFORMED},
    {"s is 2^256 - 1", NULL, ONES, ASSAY_SIG_WRONG, ASSAY_SIG_MALFORMED},
    {"r is the x of no point", NOT_AN_X, NULL, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
};

static void replace_halves(uint8_t *sig, size_t row)
{
    if (halves[row].r != NULL)
        from_hex(sig, 32, halves[row].r);
    if (halves[row].s != NULL)
        from_hex(sig + 32, 32, halves[row].s);
}

Test(sig, out_of_range_is_wrong_for_schnorr_and_malformed_for_ecdsa)
{
    struct assay_key key = key_of(bip340[2].secret);
    uint8_t message[32] = {9}, schnorr[ASSAY_SIG_BYTES], ecdsa[ASSAY_SIG_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        cr_assert_eq(assay_schnorr_sign(schnorr, message, &key, NULL), ASSAY_OK);
        cr_assert_eq(assay_ecdsa_sign(ecdsa, message, &key), ASSAY_OK);
        replace_halves(schnorr, i);
        replace_halves(ecdsa, i);
        cr_expect_eq(assay_schnorr_verify(schnorr, message, key.xonly), halves[i].schnorr,
                     "row: %s", halves[i].name);
        cr_expect_eq(assay_ecdsa_verify(ecdsa, message, key.compressed), halves[i].ecdsa, "row: %s",
                     halves[i].name);
    }
}

Test(sig, a_negated_s_is_wrong_though_ecdsa_itself_would_take_it)
{
    struct assay_key key = key_of(bip340[1].secret);
    uint8_t message[32] = {8}, schnorr[ASSAY_SIG_BYTES], ecdsa[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_schnorr_sign(schnorr, message, &key, NULL), ASSAY_OK);
    cr_assert_eq(assay_ecdsa_sign(ecdsa, message, &key), ASSAY_OK);
    cr_expect_lt(ecdsa[32], 0x80, "s is the low one");
    negate(schnorr + 32);
    negate(ecdsa + 32);
    cr_expect_geq(ecdsa[32], 0x7F, "s is the high one");
    cr_expect_eq(assay_schnorr_verify(schnorr, message, key.xonly), ASSAY_SIG_WRONG);
    cr_expect_eq(assay_ecdsa_verify(ecdsa, message, key.compressed), ASSAY_SIG_WRONG);
    negate(ecdsa + 32);
    cr_expect_eq(assay_ecdsa_verify(ecdsa, message, key.compressed), ASSAY_SIG_GOOD);
}

Test(sig, every_flipped_bit_of_signature_and_message_is_noticed)
{
    struct assay_key key = key_of(bip340[3].secret);
    uint8_t schnorr[32 + ASSAY_SIG_BYTES] = {3}, ecdsa[32 + ASSAY_SIG_BYTES] = {3};

    cr_assert_eq(assay_schnorr_sign(schnorr + 32, schnorr, &key, NULL), ASSAY_OK);
    cr_assert_eq(assay_ecdsa_sign(ecdsa + 32, ecdsa, &key), ASSAY_OK);
    for (size_t bit = 0; bit < 8 * sizeof(schnorr); bit++) {
        uint8_t mask = (uint8_t)(1 << bit % 8);

        schnorr[bit / 8] ^= mask;
        ecdsa[bit / 8] ^= mask;
        cr_expect_neq(assay_schnorr_verify(schnorr + 32, schnorr, key.xonly), ASSAY_SIG_GOOD,
                      "bit %zu", bit);
        cr_expect_neq(assay_ecdsa_verify(ecdsa + 32, ecdsa, key.compressed), ASSAY_SIG_GOOD,
                      "bit %zu", bit);
        schnorr[bit / 8] ^= mask;
        ecdsa[bit / 8] ^= mask;
    }
}

Test(sig, another_key_is_wrong_and_no_key_is_a_bad_key)
{
    static const struct {
        const char *name, *compressed; /* the x-only key is the part behind the first byte */
        enum assay_sig schnorr, ecdsa;
    } rows[] = {
        {"another key", "02" GENERATOR_X, ASSAY_SIG_WRONG, ASSAY_SIG_WRONG},
        {"a prefix 00", "00" GENERATOR_X, ASSAY_SIG_WRONG, ASSAY_SIG_BAD_KEY},
        {"a prefix 04", "04" GENERATOR_X, ASSAY_SIG_WRONG, ASSAY_SIG_BAD_KEY},
        {"a prefix 06", "06" GENERATOR_X, ASSAY_SIG_WRONG, ASSAY_SIG_BAD_KEY},
        {"the x of no point", "02" NOT_AN_X, ASSAY_SIG_BAD_KEY, ASSAY_SIG_BAD_KEY},
        {"an x of 0", "02" ZEROS, ASSAY_SIG_BAD_KEY, ASSAY_SIG_BAD_KEY},
        {"the field's prime", "02" FIELD, ASSAY_SIG_BAD_KEY, ASSAY_SIG_BAD_KEY},
        {"beyond the prime, where the x of a point is 1", "02" FIELD_PLUS_1, ASSAY_SIG_BAD_KEY,
         ASSAY_SIG_BAD_KEY},
        {"2^256 - 1", "03" ONES, ASSAY_SIG_BAD_KEY, ASSAY_SIG_BAD_KEY},
    };
    struct assay_key key = key_of(bip340[3].secret);
    uint8_t message[32] = {4}, schnorr[ASSAY_SIG_BYTES], ecdsa[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_schnorr_sign(schnorr, message, &key, NULL), ASSAY_OK);
    cr_assert_eq(assay_ecdsa_sign(ecdsa, message, &key), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t other[ASSAY_PUBKEY_BYTES];

        from_hex(other, sizeof(other), rows[i].compressed);
        cr_expect_eq(assay_schnorr_verify(schnorr, message, other + 1), rows[i].schnorr, "row: %s",
                     rows[i].name);
        cr_expect_eq(assay_ecdsa_verify(ecdsa, message, other), rows[i].ecdsa, "row: %s",
                     rows[i].name);
    }
}

Test(sig, the_other_sign_of_a_key_is_one_key_to_schnorr_and_another_to_ecdsa)
{
    struct assay_key key = key_of(bip340[0].secret), other;
    uint8_t message[32] = {5}, secret[32], sig[ASSAY_SIG_BYTES];

    memcpy(secret, key.secret, sizeof(secret));
    negate(secret);
    cr_assert_eq(assay_key_init(&other, secret), ASSAY_OK);
    cr_expect_arr_eq(other.xonly, key.xonly, sizeof(key.xonly));
    cr_expect_eq(other.compressed[0] ^ key.compressed[0], 1);
    cr_assert_eq(assay_schnorr_sign(sig, message, &other, NULL), ASSAY_OK);
    cr_expect_eq(assay_schnorr_verify(sig, message, key.xonly), ASSAY_SIG_GOOD);
    cr_assert_eq(assay_ecdsa_sign(sig, message, &other), ASSAY_OK);
    cr_expect_eq(assay_ecdsa_verify(sig, message, other.compressed), ASSAY_SIG_GOOD);
    cr_expect_eq(assay_ecdsa_verify(sig, message, key.compressed), ASSAY_SIG_WRONG);
}

Test(sig, reads_no_byte_beyond_its_inputs)
{
    struct assay_key key = key_of(bip340[0].secret);
    uint8_t message[32] = {6}, sig[ASSAY_SIG_BYTES];
    struct guard m = guard_of(assay_bytes_of(message, sizeof(message)));
    struct guard x = guard_of(assay_bytes_of(key.xonly, sizeof(key.xonly)));
    struct guard c = guard_of(assay_bytes_of(key.compressed, sizeof(key.compressed)));
    struct guard secret = guard_of(assay_bytes_of(key.secret, sizeof(key.secret)));
    struct guard s;

    cr_assert_eq(assay_schnorr_sign(sig, m.bytes.at, &key, m.bytes.at), ASSAY_OK);
    s = guard_of(assay_bytes_of(sig, sizeof(sig)));
    cr_expect_eq(assay_schnorr_verify(s.bytes.at, m.bytes.at, x.bytes.at), ASSAY_SIG_GOOD);
    guard_free(&s);
    cr_assert_eq(assay_ecdsa_sign(sig, m.bytes.at, &key), ASSAY_OK);
    s = guard_of(assay_bytes_of(sig, sizeof(sig)));
    cr_expect_eq(assay_ecdsa_verify(s.bytes.at, m.bytes.at, c.bytes.at), ASSAY_SIG_GOOD);
    guard_free(&s);
    cr_expect_eq(assay_key_init(&key, secret.bytes.at), ASSAY_OK);
    guard_free(&m);
    guard_free(&x);
    guard_free(&c);
    guard_free(&secret);
}
