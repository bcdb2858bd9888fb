/** Known answers: files of operation inputs with what the reference answers, for other
 *  implementations to be held against, and for this one to notice that it has changed.
 *
 *  The inputs come from tables in C, each with the class of its answer written by hand, so that a
 *  vector cannot record a wrong class. The form of the files is in docs/vectors.md.
 */
#ifndef VECTORS_VECTORS_H
#define VECTORS_VECTORS_H

#include "base/buf.h"

#include <jansson.h>

#define VECTORS_FORMAT "assay-vectors/1"

/** Every document, by the path below the vectors' folder ("kaspa/txid.json"). MISMATCH: an answer
 * is not of the class, or has not the members, that its table says; UNKNOWN: a file without
 * operation; MISSING: one without cases. The caller's reference. */
enum assay_code vectors_all(json_t **out, struct assay_err *err) ASSAY_MUST_USE;
/** The cases of one operation alone: an array, the caller's reference. UNKNOWN: it has none; else
 * as vectors_all. */
enum assay_code vectors_of(json_t **out, const char *operation,
                           struct assay_err *err) ASSAY_MUST_USE;
/** Appends a document as its file has it. */
void vectors_add_document(struct assay_buf *out, const json_t *document);
/** Writes every file below `folder`, whose subfolders it makes. As vectors_all, and IO. */
enum assay_code vectors_make(const char *folder, struct assay_err *err) ASSAY_MUST_USE;
/** Recomputes and compares. MISMATCH: err names the file and the first case that differs; IO,
 *  MALFORMED: a file that is not there, or no vectors. *count: how many cases agreed. */
enum assay_code vectors_check(size_t *count, const char *folder,
                              struct assay_err *err) ASSAY_MUST_USE;

/** An input with every {"$repeat": [[value, times], …]} carried out: texts are joined, other values
 *  make an array. NULL: wrong in form, or above 16 MiB. The caller's reference. */
json_t *vectors_expanded(const json_t *in);

#endif
