/** Signatures of files as OpenSSH writes them, which `ssh-keygen -Y verify` checks. Source:
 *  openssh-portable PROTOCOL.sshsig. Of the hashes it names SHA-512 alone is taken, which is what
 *  ssh-keygen uses unless it is told otherwise. */
#ifndef BUNDLE_SSH_SIGNATURE_H
#define BUNDLE_SSH_SIGNATURE_H

#include "bundle/ssh_key.h"

/** Appends the signature's file. The same message gives the same bytes. IO: libcrypto fails. */
enum assay_code ssh_signature_write(struct assay_buf *out, const struct ssh_key *key,
                                    const char *space, struct assay_bytes message,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** Checks one, and says by which key it is: whether that is a key to be trusted is the caller's
 *  question. MALFORMED: not such a file, or not in the one spelling that OpenSSH writes;
 *  UNSUPPORTED: of another type of key or hash; MISMATCH: for another namespace, or not over that
 *  message by that key. Unchanged on failure. */
enum assay_code ssh_signature_check(struct ssh_public *signer, struct assay_bytes text,
                                    const char *space, struct assay_bytes message,
                                    struct assay_err *err) ASSAY_MUST_USE;

#endif
