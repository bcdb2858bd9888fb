/* Signatures of libsecp256k1, the real ones: what is made verifies and gives its key back, one byte
 * changed in signature, message or key is refused, the high form of an ECDSA signature too; and of
 * any bytes what is malformed is told from what is wrong, by ranges that are compared here. */
#include "fuzz.h"

#include "base/sig.h"
#include "fuzz/lib/input.h"

enum { HALF_BYTES = 32, RECOVERY_IDS = 4 };

static const uint8_t group_order[HALF_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

/* The bytes of one check; what is changed is any of them. */
struct triple {
    uint8_t sig[ASSAY_SIG_BYTES];
    uint8_t message[ASSAY_SIG_MESSAGE_BYTES];
    uint8_t key[ASSAY_PUBKEY_BYTES]; /* of Schnorr: from its second byte */
};

static bool is_below_order(const uint8_t *number)
{
    return memcmp(number, group_order, HALF_BYTES) < 0;
}

static bool is_secret(const uint8_t *secret)
{
    static const uint8_t zeros[HALF_BYTES];

    return is_below_order(secret) && memcmp(secret, zeros, HALF_BYTES) != 0;
}

static enum assay_sig judge(const struct triple *t, bool is_schnorr)
{
    return is_schnorr ? assay_schnorr_verify(t->sig, t->message, t->key + 1)
                      : assay_ecdsa_verify(t->sig, t->message, t->key);
}

/* 0 by the group's order: an ECDSA signature of it is as good for the key's negative. Nothing that
 * is known has such a hash. */
static bool is_zero_message(const uint8_t *message)
{
    static const uint8_t zeros[ASSAY_SIG_MESSAGE_BYTES];

    return memcmp(message, zeros, sizeof(zeros)) == 0 ||
           memcmp(message, group_order, sizeof(group_order)) == 0;
}

/* One bit anywhere; of Schnorr the key's first byte is none of it. */
static void check_change(struct triple t, bool is_schnorr, struct fuzz_input *in)
{
    uint8_t *at[] = {t.sig, t.message, is_schnorr ? t.key + 1 : t.key};
    size_t room[] = {sizeof(t.sig), sizeof(t.message), sizeof(t.key) - (is_schnorr ? 1 : 0)};
    size_t part = fuzz_option_below(in, 3), byte = fuzz_option_below(in, room[part]);

    if (!is_schnorr && at[part] == t.key && byte == 0 && is_zero_message(t.message))
        return;
    at[part][byte] ^= (uint8_t)(1U << fuzz_option_below(in, 8));
    FUZZ_CHECK(judge(&t, is_schnorr) != ASSAY_SIG_GOOD);
}

/* n - s in place of s: as good for the curve, refused by whoever asks for the low one. */
static void check_high(struct triple t)
{
    unsigned borrow = 0;

    for (size_t i = HALF_BYTES; i-- > 0;) {
        unsigned take = t.sig[HALF_BYTES + i] + borrow;

        borrow = group_order[i] < take ? 1 : 0;
        t.sig[HALF_BYTES + i] = (uint8_t)(group_order[i] - take);
    }
    FUZZ_CHECK(judge(&t, false) == ASSAY_SIG_WRONG);
}

static void check_recovery(const struct triple *t, const struct assay_key *key)
{
    uint8_t again[ASSAY_SIG_BYTES], whole[ASSAY_PUBKEY_WHOLE_BYTES];
    uint8_t recovered[ASSAY_PUBKEY_WHOLE_BYTES];
    unsigned id = RECOVERY_IDS;

    FUZZ_CHECK(assay_ecdsa_sign_recoverable(again, &id, t->message, key) == ASSAY_OK);
    FUZZ_CHECK(memcmp(again, t->sig, sizeof(again)) == 0 && id < RECOVERY_IDS);
    FUZZ_CHECK(assay_key_whole(whole, key) == ASSAY_OK);
    FUZZ_CHECK(assay_ecdsa_recover(recovered, t->sig, id, t->message) == ASSAY_SIG_GOOD);
    FUZZ_CHECK(memcmp(whole, recovered, sizeof(whole)) == 0);
    FUZZ_CHECK(assay_ecdsa_recover(recovered, t->sig, id ^ 1, t->message) != ASSAY_SIG_GOOD ||
               memcmp(whole, recovered, sizeof(whole)) != 0);
    FUZZ_CHECK(whole[0] == 4 && memcmp(whole + 1, key->xonly, HALF_BYTES) == 0);
    FUZZ_CHECK((whole[sizeof(whole) - 1] & 1) == (key->compressed[0] & 1));
}

static void check_made(const struct assay_key *key, struct fuzz_input *in)
{
    bool is_schnorr = (fuzz_option(in) & 1) != 0;
    struct triple t;

    fuzz_bytes(in, t.message, sizeof(t.message));
    memcpy(t.key, key->compressed, sizeof(t.key));
    FUZZ_CHECK(memcmp(key->compressed + 1, key->xonly, HALF_BYTES) == 0);
    if (is_schnorr) {
        struct assay_bytes aux = fuzz_view(in, HALF_BYTES);

        FUZZ_CHECK(assay_schnorr_sign(t.sig, t.message, key,
                                      aux.len == HALF_BYTES ? aux.at : NULL) == ASSAY_OK);
    } else {
        FUZZ_CHECK(assay_ecdsa_sign(t.sig, t.message, key) == ASSAY_OK);
    }
    FUZZ_CHECK(judge(&t, is_schnorr) == ASSAY_SIG_GOOD);
    check_change(t, is_schnorr, in);
    if (!is_schnorr) {
        check_high(t);
        check_recovery(&t, key);
    }
}

/* Any bytes: the key is judged first, then the ranges; who verifies can be recovered. */
static void check_any(struct fuzz_input *in)
{
    struct triple t;
    enum assay_sig ecdsa;
    bool is_point, is_found = false;

    fuzz_bytes(in, t.key, sizeof(t.key));
    fuzz_bytes(in, t.sig, sizeof(t.sig));
    fuzz_bytes(in, t.message, sizeof(t.message));
    is_point = assay_xonly_is_point(t.key + 1);
    ecdsa = judge(&t, false);
    FUZZ_CHECK((judge(&t, true) == ASSAY_SIG_BAD_KEY) == !is_point);
    FUZZ_CHECK((ecdsa == ASSAY_SIG_BAD_KEY) == (!is_point || (t.key[0] != 2 && t.key[0] != 3)));
    if (ecdsa != ASSAY_SIG_BAD_KEY)
        FUZZ_CHECK((ecdsa == ASSAY_SIG_MALFORMED) ==
                   !(is_below_order(t.sig) && is_below_order(t.sig + HALF_BYTES)));
    for (unsigned id = 0; id <= RECOVERY_IDS; id++) {
        uint8_t whole[ASSAY_PUBKEY_WHOLE_BYTES];
        enum assay_sig recovered = assay_ecdsa_recover(whole, t.sig, id, t.message);

        FUZZ_CHECK(recovered != ASSAY_SIG_BAD_KEY);
        FUZZ_CHECK(
            (recovered == ASSAY_SIG_MALFORMED) ==
            (id == RECOVERY_IDS || !is_below_order(t.sig) || !is_below_order(t.sig + HALF_BYTES)));
        if (recovered == ASSAY_SIG_GOOD) {
            struct triple found = t;

            found.key[0] = (uint8_t)(2 | (whole[sizeof(whole) - 1] & 1));
            memcpy(found.key + 1, whole + 1, HALF_BYTES);
            FUZZ_CHECK(judge(&found, false) == ASSAY_SIG_GOOD);
            is_found = is_found || memcmp(found.key, t.key, sizeof(t.key)) == 0;
        }
    }
    FUZZ_CHECK((ecdsa == ASSAY_SIG_GOOD) == is_found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    uint8_t secret[HALF_BYTES];
    struct assay_key key;
    enum assay_code rc;

    if ((fuzz_option(&in) & 1) != 0) {
        check_any(&in);
        return 0;
    }
    fuzz_bytes(&in, secret, sizeof(secret));
    rc = assay_key_init(&key, secret);
    FUZZ_CHECK(rc == (is_secret(secret) ? ASSAY_OK : ASSAY_E_RANGE));
    if (rc == ASSAY_OK)
        check_made(&key, &in);
    return 0;
}
