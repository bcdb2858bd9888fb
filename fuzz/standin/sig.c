/* The cheap stand-in for ref/base/sig.c, the contract of which it keeps as far as that is cheap. It
 * is for fuzz targets whose bound would be the curve: a mutator can sign for whatever key stands in
 * an input, and a byte changed in key, message or signature is still refused.
 *
 *  - A signature is two hashes of key and message: the first with the key's x over it, so that
 * ECDSA gives the key back, the second of 254 bits, so that s is low. Both are public: it proves
 *    nothing to anybody.
 *  - A key's x is a hash of its secret. Whatever is above zero and below the field's size is the x
 *    of a point, so that keys of real signers are keys here too; their signatures are not.
 *  - Ranges are those of the curve. Auxiliary bytes change nothing.
 *
 * It is in no build but that of the targets which FUZZ_STANDIN of the Makefile names: it replaces
 * the archive's object when they are linked, and tools/standin-test.sh looks for it elsewhere. */
#include "base/sig.h"

#include "base/mac.h"

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#error "these are no signatures: for fuzz targets alone"
#endif

enum { HALF_BYTES = 32, EVEN = 2, ODD = 3, WHOLE = 4, RECOVERY_ID_MAX = 3 };

/* tools/standin-test.sh finds this text in whatever the stand-in is linked into. */
static const char domain[] = "assay: a stand-in, and no signature";

static const uint8_t field_size[HALF_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc, 0x2f};
static const uint8_t group_order[HALF_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
static const uint8_t zeros[HALF_BYTES];

static bool is_below(const uint8_t *number, const uint8_t *limit)
{
    return memcmp(number, limit, HALF_BYTES) < 0;
}

static bool is_secret(const uint8_t *secret)
{
    return memcmp(secret, zeros, HALF_BYTES) != 0 && is_below(secret, group_order);
}

/* One hash under the domain: of what, for a key and a message, each of 32 bytes. */
static void mix(uint8_t out[HALF_BYTES], uint8_t what, const uint8_t *key, const uint8_t *message)
{
    struct assay_sha256 h;

    assay_sha256_init(&h);
    assay_sha256_add(&h, assay_bytes_of(domain, sizeof(domain)));
    assay_sha256_add(&h, assay_bytes_of(&what, 1));
    assay_sha256_add(&h, assay_bytes_of(key, HALF_BYTES));
    assay_sha256_add(&h, assay_bytes_of(message, HALF_BYTES));
    assay_sha256_end(&h, out);
}

/* kind: 0 of Schnorr; EVEN or ODD, as the key begins, of ECDSA. */
static void make(uint8_t sig[ASSAY_SIG_BYTES], uint8_t kind, const uint8_t *x,
                 const uint8_t *message)
{
    mix(sig, 'r', zeros, message);
    for (size_t i = 0; i < HALF_BYTES; i++)
        sig[i] ^= x[i];
    mix(sig + HALF_BYTES, kind, x, message);
    sig[HALF_BYTES] &= 0x3f;
}

static enum assay_sig compare(const uint8_t *sig, uint8_t kind, const uint8_t *x,
                              const uint8_t *message)
{
    uint8_t made[ASSAY_SIG_BYTES];

    make(made, kind, x, message);
    return memcmp(sig, made, sizeof(made)) == 0 ? ASSAY_SIG_GOOD : ASSAY_SIG_WRONG;
}

bool assay_xonly_is_point(const uint8_t *xonly)
{
    return memcmp(xonly, zeros, HALF_BYTES) != 0 && is_below(xonly, field_size);
}

enum assay_sig assay_schnorr_verify(const uint8_t *sig, const uint8_t *message,
                                    const uint8_t *xonly)
{
    return assay_xonly_is_point(xonly) ? compare(sig, 0, xonly, message) : ASSAY_SIG_BAD_KEY;
}

static bool is_in_range(const uint8_t *sig)
{
    return is_below(sig, group_order) && is_below(sig + HALF_BYTES, group_order);
}

enum assay_sig assay_ecdsa_verify(const uint8_t *sig, const uint8_t *message,
                                  const uint8_t *compressed)
{
    if ((compressed[0] != EVEN && compressed[0] != ODD) || !assay_xonly_is_point(compressed + 1))
        return ASSAY_SIG_BAD_KEY;
    return is_in_range(sig) ? compare(sig, compressed[0], compressed + 1, message)
                            : ASSAY_SIG_MALFORMED;
}

/* y is a hash too, even or odd as it must be. */
static void write_whole(uint8_t *whole, uint8_t kind, const uint8_t *x)
{
    uint8_t made[ASSAY_PUBKEY_WHOLE_BYTES] = {WHOLE};

    memcpy(made + 1, x, HALF_BYTES);
    mix(made + 1 + HALF_BYTES, 'y', x, zeros);
    made[sizeof(made) - 1] = (uint8_t)((made[sizeof(made) - 1] & 0xfe) | (kind & 1));
    memcpy(whole, made, sizeof(made));
}

enum assay_sig assay_ecdsa_recover(uint8_t *whole, const uint8_t *sig, unsigned recovery_id,
                                   const uint8_t *message)
{
    uint8_t x[HALF_BYTES], kind = recovery_id == 0 ? EVEN : ODD;

    if (recovery_id > RECOVERY_ID_MAX || !is_in_range(sig))
        return ASSAY_SIG_MALFORMED;
    mix(x, 'r', zeros, message);
    for (size_t i = 0; i < HALF_BYTES; i++)
        x[i] ^= sig[i];
    if (recovery_id > 1 || !assay_xonly_is_point(x) ||
        compare(sig, kind, x, message) != ASSAY_SIG_GOOD)
        return ASSAY_SIG_WRONG;
    write_whole(whole, kind, x);
    return ASSAY_SIG_GOOD;
}

/* The first bit is taken off, so that no key and no signature passes its range. */
enum assay_code assay_key_init(struct assay_key *out, const uint8_t *secret)
{
    struct assay_key made;

    if (!is_secret(secret))
        return ASSAY_E_RANGE;
    memcpy(made.secret, secret, sizeof(made.secret));
    mix(made.xonly, 'x', secret, zeros);
    made.compressed[0] = (made.xonly[0] & 0x80) != 0 ? ODD : EVEN;
    made.xonly[0] &= 0x7f;
    memcpy(made.compressed + 1, made.xonly, sizeof(made.xonly));
    *out = made;
    return ASSAY_OK;
}

void assay_key_wipe(struct assay_key *key)
{
    assay_wipe(key, sizeof(*key));
}

enum assay_code assay_schnorr_sign(uint8_t *sig, const uint8_t *message,
                                   const struct assay_key *key, const uint8_t *aux)
{
    (void)aux;
    if (!is_secret(key->secret))
        return ASSAY_E_RANGE;
    make(sig, 0, key->xonly, message);
    return ASSAY_OK;
}

enum assay_code assay_ecdsa_sign(uint8_t *sig, const uint8_t *message, const struct assay_key *key)
{
    if (!is_secret(key->secret))
        return ASSAY_E_RANGE;
    make(sig, key->compressed[0], key->compressed + 1, message);
    return ASSAY_OK;
}

enum assay_code assay_ecdsa_sign_recoverable(uint8_t *sig, unsigned *recovery_id,
                                             const uint8_t *message, const struct assay_key *key)
{
    enum assay_code rc = assay_ecdsa_sign(sig, message, key);

    if (rc == ASSAY_OK)
        *recovery_id = key->compressed[0] & 1U;
    return rc;
}

enum assay_code assay_key_whole(uint8_t *whole, const struct assay_key *key)
{
    if (!is_secret(key->secret))
        return ASSAY_E_RANGE;
    write_whole(whole, key->compressed[0], key->compressed + 1);
    return ASSAY_OK;
}
