/** One file with what a recorded run has shown, for a third party to check without us.
 *
 *  An archive (bundle/archive.h) of
 *
 *    README.txt                 what is in it, and how to check it with other tools
 *    SHA256SUMS                 of every other file but the signature, as sha256sum -c reads it
 *    SHA256SUMS.sig             an OpenSSH signature of SHA256SUMS, where there was a key
 *    compared/projection.jsonl  record_projection
 *    compared/catalogue.json    rules, threats, scenarios and defects that the run was judged by
 *    compared/matrix.json       the defect matrix, where the run has one
 *    compared/versions.json     of Assay, the formats and the rule sets
 *    compared/vectors/…         the known answers that libraries were held against, where they were
 *    run/run.json               the record with its evidence, times and nonces
 *
 *  What is below compared/ has the same bytes for the same seed and version. OpenSSH signatures,
 *  since ssh-keygen is installed wherever there is ssh or git, and many have such a key already.
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "bundle/ssh_key.h"

#include <jansson.h>

#define BUNDLE_FORMAT "assay-bundle/1"
#define BUNDLE_NAMESPACE "assay-bundle"

/** Appends the bundle of a run that record_read gave. key: NULL leaves it unsigned. TOO_LARGE,
 *  NOMEM; IO: libcrypto fails; what vectors_all says. */
enum assay_code bundle_write(struct assay_buf *out, const json_t *run, const struct ssh_key *key,
                             struct assay_err *err) ASSAY_MUST_USE;

struct bundle_about {
    size_t files;
    bool is_signed;
    struct ssh_public signer; /**< of a signed one: the key that it says; trust is the caller's */
    json_t *run;              /**< the record; the caller's reference */
};
/** Checks all of a bundle but whether its signer is to be trusted. MISMATCH: a content, the
 *  signature or the projection is not what the rest says; MISSING: a file that every bundle has;
 *  else as archive_read, record_parse and ssh_signature_check. Unchanged on failure. */
enum assay_code bundle_check(struct bundle_about *out, struct assay_bytes bytes,
                             struct assay_err *err) ASSAY_MUST_USE;

#endif
