/** Ed25519 keys as OpenSSH keeps them: `ssh-keygen -t ed25519` without a passphrase makes them, and
 *  what is made here is read by it. Sources: openssh-portable PROTOCOL.key; RFC 8709. */
#ifndef BUNDLE_SSH_KEY_H
#define BUNDLE_SSH_KEY_H

#include "base/buf.h"

#define SSH_PUBLIC_BYTES 32
#define SSH_SIGNATURE_BYTES 64
#define SSH_FINGERPRINT_BYTES 51 /**< "SHA256:", 43 characters of base64, a NUL */
#define SSH_PUBLIC_KEYS_MAX 64

struct ssh_public {
    uint8_t point[SSH_PUBLIC_BYTES];
};

/** _wipe when done. */
struct ssh_key {
    uint8_t secret[32];
    struct ssh_public public;
};

/** IO: the system gives no random bytes, or libcrypto has no Ed25519. */
enum assay_code ssh_key_make(struct ssh_key *out, struct assay_err *err) ASSAY_MUST_USE;
void ssh_key_wipe(struct ssh_key *key);
/** The same message gives the same signature. IO: libcrypto fails. */
enum assay_code ssh_key_sign(uint8_t signature[SSH_SIGNATURE_BYTES], const struct ssh_key *key,
                             struct assay_bytes message, struct assay_err *err) ASSAY_MUST_USE;
bool ssh_public_verify(const struct ssh_public *key, const uint8_t signature[SSH_SIGNATURE_BYTES],
                       struct assay_bytes message);

/** Appends the private key's file. Wipe the buffer. */
void ssh_key_write(struct assay_buf *out, const struct ssh_key *key);
/** MALFORMED: no such file; UNSUPPORTED: with a passphrase, or of another type; MISMATCH: its
 *  public key is not that of the secret. Unchanged on failure. */
enum assay_code ssh_key_read(struct ssh_key *out, struct assay_bytes text,
                             struct assay_err *err) ASSAY_MUST_USE;

/** Appends the key as a string of a type and 32 bytes. */
void ssh_public_add(struct assay_buf *out, const struct ssh_public *key);
/** The same read back: false where it is no key of this type. */
bool ssh_public_of(struct ssh_public *out, struct assay_bytes blob);
/** Appends "ssh-ed25519 BASE64", without an end of line. */
void ssh_public_add_text(struct assay_buf *out, const struct ssh_public *key);
/** As `ssh-keygen -l` prints it. */
void ssh_public_fingerprint(char out[SSH_FINGERPRINT_BYTES], const struct ssh_public *key);

struct ssh_public_list {
    struct ssh_public keys[SSH_PUBLIC_KEYS_MAX];
    size_t count;
};
/** Reads a public key's file, or an allowed_signers file of ssh-keygen(1): one key a line, in front
 *  of it principals, and options of which namespaces="…" alone is known; a line that is for other
 *  namespaces than `space`, and one of another type of key, is passed over. MALFORMED, UNSUPPORTED:
 *  err->line says which line; MISSING: there is no Ed25519 key; TOO_LARGE. Unchanged on failure. */
enum assay_code ssh_public_list_read(struct ssh_public_list *out, struct assay_bytes text,
                                     const char *space, struct assay_err *err) ASSAY_MUST_USE;

#endif
