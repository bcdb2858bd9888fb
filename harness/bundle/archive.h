/** Archives of plain files that have one spelling: the same files give the same bytes.
 *
 *  POSIX ustar, uncompressed, which tar reads everywhere: names sorted by their bytes, mode 0644,
 *  owner 0 without a name, time 0, two blocks of zeros at the end and nothing behind them. The
 *  reader takes this spelling alone, so what is read is written again to the same bytes, and a
 *  changed bit is either refused here or is a name or content that differs.
 */
#ifndef BUNDLE_ARCHIVE_H
#define BUNDLE_ARCHIVE_H

#include "base/buf.h"

#define ARCHIVE_FILES_MAX 256
#define ARCHIVE_NAME_MAX_BYTES 99
#define ARCHIVE_MAX_BYTES ((size_t)640 << 20) /**< above the largest record */

struct archive_file {
    struct assay_bytes name; /**< "run/run.json": letters, digits, "._-" and "/" between parts */
    struct assay_bytes content;
};

struct archive {
    struct archive_file files[ARCHIVE_FILES_MAX]; /**< sorted by name, each once */
    size_t count;
};

/** Puts a file in its place; name and content stay the caller's. DENIED: no such name may be in an
 *  archive; DUPLICATE; TOO_LARGE: ARCHIVE_FILES_MAX. Nothing is added then. */
enum assay_code archive_add(struct archive *archive, const char *name, struct assay_bytes content,
                            struct assay_err *err) ASSAY_MUST_USE;
/** NULL: none of that name. */
const struct archive_file *archive_find(const struct archive *archive, const char *name);

/** Appends the archive. TOO_LARGE, NOMEM: what out may hold. */
enum assay_code archive_write(struct assay_buf *out, const struct archive *archive,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Reads one; names and contents point into `bytes`. MALFORMED: truncated, foreign, or written in
 *  another way; DENIED: a name that leads out of a folder, or anything but a plain file; DUPLICATE,
 *  TOO_LARGE: as archive_add. err->at is the offset. Unchanged on failure. */
enum assay_code archive_read(struct archive *out, struct assay_bytes bytes,
                             struct assay_err *err) ASSAY_MUST_USE;

#endif
