/* Ed25519 by libcrypto, and the private key's file (bundle/ssh_key.h). */
#include "bundle/ssh_key.h"

#include "base/base64.h"
#include "base/mac.h"
#include "base/random.h"
#include "bundle/ssh_wire.h"

#include <openssl/evp.h>

#define LABEL "OPENSSH PRIVATE KEY"
#define MAGIC "openssh-key-v1" /* and its NUL */
enum { FILE_MAX_BYTES = 16 * 1024, BLOCK = 8 };

/* ---- the algorithm ---- */

static enum assay_code fail_crypto(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_IO, 0, "libcrypto has no Ed25519, or no memory");
}

static bool public_of(struct ssh_public *out, const uint8_t secret[32])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
    size_t len = sizeof out->point;
    bool ok = key != NULL && EVP_PKEY_get_raw_public_key(key, out->point, &len) == 1 &&
              len == sizeof out->point;

    EVP_PKEY_free(key);
    return ok;
}

enum assay_code ssh_key_make(struct ssh_key *out, struct assay_err *err)
{
    struct ssh_key key;

    if (assay_random_system(key.secret, sizeof key.secret) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_IO, 0, "the system gives no random bytes");
    if (!public_of(&key.public, key.secret)) {
        ssh_key_wipe(&key);
        return fail_crypto(err);
    }
    *out = key;
    ssh_key_wipe(&key);
    return ASSAY_OK;
}

void ssh_key_wipe(struct ssh_key *key)
{
    assay_wipe(key, sizeof(*key));
}

enum assay_code ssh_key_sign(uint8_t signature[SSH_SIGNATURE_BYTES], const struct ssh_key *key,
                             struct assay_bytes message, struct assay_err *err)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->secret, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = SSH_SIGNATURE_BYTES;
    bool ok = pkey != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestSign(ctx, signature, &len, message.at, message.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok && len == SSH_SIGNATURE_BYTES ? ASSAY_OK : fail_crypto(err);
}

bool ssh_public_verify(const struct ssh_public *key, const uint8_t signature[SSH_SIGNATURE_BYTES],
                       struct assay_bytes message)
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->point, sizeof key->point);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = pkey != NULL && ctx != NULL &&
              EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestVerify(ctx, signature, SSH_SIGNATURE_BYTES, message.at, message.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

/* ---- the file ---- */

/* What a passphrase would encrypt: two equal numbers, the key, a comment, and 1, 2, 3 … up to a
 * multiple of eight bytes. */
static void add_secret_part(struct assay_buf *out, const struct ssh_key *key)
{
    uint8_t whole[64];

    memcpy(whole, key->secret, 32);
    memcpy(whole + 32, key->public.point, 32);
    ssh_add_u32(out, 0);
    ssh_add_u32(out, 0);
    ssh_add_string(out, assay_str(SSH_KEY_TYPE));
    ssh_add_string(out, assay_bytes_of(key->public.point, SSH_PUBLIC_BYTES));
    ssh_add_string(out, assay_bytes_of(whole, sizeof whole));
    ssh_add_string(out, ASSAY_LIT("assay bundle"));
    for (uint8_t i = 1; out->len % BLOCK != 0 && assay_buf_ok(out); i++)
        assay_buf_add_byte(out, i);
    assay_wipe(whole, sizeof whole);
}

void ssh_key_write(struct assay_buf *out, const struct ssh_key *key)
{
    struct assay_buf blob = ASSAY_BUF_INIT(FILE_MAX_BYTES), part = ASSAY_BUF_INIT(FILE_MAX_BYTES);

    assay_buf_add(&blob, assay_bytes_of(MAGIC, sizeof MAGIC));
    ssh_add_string(&blob, ASSAY_LIT("none"));
    ssh_add_string(&blob, ASSAY_LIT("none"));
    ssh_add_string(&blob, ASSAY_LIT(""));
    ssh_add_u32(&blob, 1);
    ssh_public_add(&part, &key->public);
    ssh_add_string(&blob, assay_buf_view(&part));
    assay_buf_clear(&part);
    add_secret_part(&part, key);
    ssh_add_string(&blob, assay_buf_view(&part));
    ssh_add_armour(out, LABEL, assay_buf_view(&blob));
    if (out->bad == ASSAY_OK)
        out->bad = part.bad != ASSAY_OK ? part.bad : blob.bad;
    assay_buf_wipe(&part);
    assay_buf_wipe(&blob);
}

static enum assay_code read_secret_part(struct ssh_key *out, struct assay_bytes part,
                                        struct assay_err *err)
{
    struct assay_cur c = assay_cur_of(part);
    uint32_t first = assay_cur_u32be(&c), second = assay_cur_u32be(&c);
    struct assay_bytes type = ssh_cur_string(&c), point = ssh_cur_string(&c),
                       whole = ssh_cur_string(&c);

    (void)ssh_cur_string(&c); /* a comment */
    for (uint8_t i = 1; !c.bad && c.pos < part.len; i++)
        c.bad = assay_cur_u8(&c) != i || i >= BLOCK;
    if (!assay_cur_done(&c) || first != second || !assay_bytes_is(type, SSH_KEY_TYPE) ||
        point.len != SSH_PUBLIC_BYTES || whole.len != 64)
        return assay_fail(err, ASSAY_E_MALFORMED, c.pos, "its secret part is damaged");
    memcpy(out->secret, whole.at, 32);
    if (!public_of(&out->public, out->secret))
        return fail_crypto(err);
    if (memcmp(out->public.point, point.at, 32) != 0 ||
        memcmp(out->public.point, whole.at + 32, 32) != 0)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "its public key is not that of its secret");
    return ASSAY_OK;
}

static enum assay_code read_blob(struct ssh_key *out, struct assay_bytes blob,
                                 struct assay_err *err)
{
    struct assay_cur c = assay_cur_of(blob);
    struct assay_bytes magic = assay_cur_view(&c, sizeof MAGIC), cipher = ssh_cur_string(&c);
    struct assay_bytes public_blob, part;
    struct ssh_public public;
    uint32_t count;
    enum assay_code rc;

    if (!c.bad && assay_bytes_equal(magic, assay_bytes_of(MAGIC, sizeof MAGIC)) &&
        !assay_bytes_is(cipher, "none"))
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "it has a passphrase: use a key of its own without one (`assay bundle "
                          "keygen`)");
    ssh_cur_expect(&c, "none");
    ssh_cur_expect(&c, "");
    count = assay_cur_u32be(&c);
    public_blob = ssh_cur_string(&c);
    part = ssh_cur_string(&c);
    if (!assay_cur_done(&c) || !assay_bytes_equal(magic, assay_bytes_of(MAGIC, sizeof MAGIC)))
        return assay_fail(err, ASSAY_E_MALFORMED, c.pos, "it is damaged");
    if (count != 1 || !ssh_public_of(&public, public_blob))
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "it is no single key of type %s",
                          SSH_KEY_TYPE);
    rc = read_secret_part(out, part, err);
    if (rc == ASSAY_OK && memcmp(&public, &out->public, sizeof public) != 0)
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0, "its public key is not that of its secret");
    return rc;
}

enum assay_code ssh_key_read(struct ssh_key *out, struct assay_bytes text, struct assay_err *err)
{
    struct assay_buf blob = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    struct ssh_key key = {0};
    enum assay_code rc = ssh_armour_decode(&blob, LABEL, text, err);

    if (rc == ASSAY_OK && (rc = read_blob(&key, assay_buf_view(&blob), err)) == ASSAY_OK)
        *out = key;
    ssh_key_wipe(&key);
    assay_buf_wipe(&blob);
    return rc;
}
