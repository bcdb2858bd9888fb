/* Signatures of files in OpenSSH's form (bundle/ssh_signature.h). */
#include "bundle/ssh_signature.h"

#include "bundle/ssh_wire.h"

#include <openssl/evp.h>

#define LABEL "SSH SIGNATURE"
#define MAGIC "SSHSIG"
#define HASH "sha512"
enum { VERSION = 1, HASH_BYTES = 64, BLOB_MAX_BYTES = 16 * 1024 };

/* What the key signs: the namespace and a hash of the message. */
static bool add_signed(struct assay_buf *out, const char *space, struct assay_bytes message)
{
    uint8_t hash[HASH_BYTES];
    unsigned len = 0;

    if (EVP_Digest(message.at, message.len, hash, &len, EVP_sha512(), NULL) != 1 ||
        len != HASH_BYTES)
        return false;
    assay_buf_add_str(out, MAGIC);
    ssh_add_string(out, assay_str(space));
    ssh_add_string(out, ASSAY_LIT(""));
    ssh_add_string(out, ASSAY_LIT(HASH));
    ssh_add_string(out, assay_bytes_of(hash, sizeof hash));
    return assay_buf_ok(out);
}

static void add_blob(struct assay_buf *out, const struct ssh_public *key, const char *space,
                     const uint8_t signature[SSH_SIGNATURE_BYTES])
{
    struct assay_buf part = ASSAY_BUF_INIT(BLOB_MAX_BYTES);

    assay_buf_add_str(out, MAGIC);
    ssh_add_u32(out, VERSION);
    ssh_public_add(&part, key);
    ssh_add_string(out, assay_buf_view(&part));
    ssh_add_string(out, assay_str(space));
    ssh_add_string(out, ASSAY_LIT(""));
    ssh_add_string(out, ASSAY_LIT(HASH));
    assay_buf_clear(&part);
    ssh_add_string(&part, assay_str(SSH_KEY_TYPE));
    ssh_add_string(&part, assay_bytes_of(signature, SSH_SIGNATURE_BYTES));
    ssh_add_string(out, assay_buf_view(&part));
    if (out->bad == ASSAY_OK)
        out->bad = part.bad;
    assay_buf_fini(&part);
}

/* The file of a signature, the one spelling of it. */
static void add_file(struct assay_buf *out, const struct ssh_public *key, const char *space,
                     const uint8_t signature[SSH_SIGNATURE_BYTES])
{
    struct assay_buf blob = ASSAY_BUF_INIT(BLOB_MAX_BYTES);

    add_blob(&blob, key, space, signature);
    ssh_add_armour(out, LABEL, assay_buf_view(&blob));
    if (out->bad == ASSAY_OK)
        out->bad = blob.bad;
    assay_buf_fini(&blob);
}

enum assay_code ssh_signature_write(struct assay_buf *out, const struct ssh_key *key,
                                    const char *space, struct assay_bytes message,
                                    struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(BLOB_MAX_BYTES);
    uint8_t signature[SSH_SIGNATURE_BYTES];
    enum assay_code rc = add_signed(&text, space, message)
                             ? ssh_key_sign(signature, key, assay_buf_view(&text), err)
                             : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");

    if (rc == ASSAY_OK) {
        add_file(out, &key->public, space, signature);
        rc = assay_buf_ok(out) ? ASSAY_OK
                               : assay_fail(err, out->bad, 0, "%s", assay_code_text(out->bad));
    }
    assay_buf_fini(&text);
    return rc;
}

/* The parts of a blob: the key, and the 64 bytes. */
static enum assay_code read_blob(struct ssh_public *key, uint8_t signature[SSH_SIGNATURE_BYTES],
                                 struct assay_bytes blob, const char *space, struct assay_err *err)
{
    struct assay_cur c = assay_cur_of(blob), of_key;
    struct assay_bytes magic = assay_cur_view(&c, sizeof MAGIC - 1), key_blob, name, hash, bytes;
    uint32_t version = assay_cur_u32be(&c);

    key_blob = ssh_cur_string(&c);
    name = ssh_cur_string(&c);
    (void)ssh_cur_string(&c); /* reserved */
    hash = ssh_cur_string(&c);
    of_key = assay_cur_of(ssh_cur_string(&c));
    if (!assay_cur_done(&c) || !assay_bytes_is(magic, MAGIC) || version != VERSION)
        return assay_fail(err, ASSAY_E_MALFORMED, c.pos, "it is damaged, or of another version");
    if (!ssh_public_of(key, key_blob) || !assay_bytes_is(hash, HASH))
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "it is of another type of key than %s, or over another hash than %s",
                          SSH_KEY_TYPE, HASH);
    if (!assay_bytes_is(name, space))
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "it was made for another purpose than %s",
                          space);
    ssh_cur_expect(&of_key, SSH_KEY_TYPE);
    bytes = ssh_cur_string(&of_key);
    if (!assay_cur_done(&of_key) || bytes.len != SSH_SIGNATURE_BYTES)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "it is damaged");
    memcpy(signature, bytes.at, SSH_SIGNATURE_BYTES);
    return ASSAY_OK;
}

enum assay_code ssh_signature_check(struct ssh_public *signer, struct assay_bytes text,
                                    const char *space, struct assay_bytes message,
                                    struct assay_err *err)
{
    struct assay_buf blob = ASSAY_BUF_INIT(BLOB_MAX_BYTES), again = ASSAY_BUF_INIT(BLOB_MAX_BYTES);
    uint8_t signature[SSH_SIGNATURE_BYTES];
    struct ssh_public key = {0};
    enum assay_code rc = ssh_armour_decode(&blob, LABEL, text, err);

    if (rc == ASSAY_OK)
        rc = read_blob(&key, signature, assay_buf_view(&blob), space, err);
    if (rc != ASSAY_OK)
        goto out;
    add_file(&again, &key, space, signature);
    assay_buf_clear(&blob);
    if (!assay_buf_ok(&again) || !assay_bytes_equal(assay_buf_view(&again), text))
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0, "it is not spelled as OpenSSH writes it");
    else if (!add_signed(&blob, space, message) ||
             !ssh_public_verify(&key, signature, assay_buf_view(&blob)))
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0,
                        "it is not a signature of this content by the key that it names");
    else
        *signer = key;
out:
    assay_buf_fini(&blob);
    assay_buf_fini(&again);
    return rc;
}
