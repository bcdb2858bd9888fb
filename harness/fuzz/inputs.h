/** Folders of inputs, as corpora are: files named by what they hold. */
#ifndef FUZZ_INPUTS_H
#define FUZZ_INPUTS_H

#include "base/buf.h"

#define INPUT_NAME_BYTES 41 /**< 40 hex digits of SHA-256, and a NUL; libFuzzer's are as long */

/** How many files a folder has, and their bytes; none where it is not there. */
void inputs_count(uint64_t *count, uint64_t *bytes, const char *folder);
/** Whether there is a file in it. */
bool inputs_any(const char *folder);
/** Writes an input under its name, unless it is there; not synced, since inputs are many and can be
 *  found again. Out: *added is counted up by one if it was not. IO, NOMEM. */
enum assay_code inputs_add(uint64_t *added, const char *folder, struct assay_bytes input,
                           struct assay_err *err) ASSAY_MUST_USE;
/** Adds every file of `from` whose name has the text in it (NULL: any); inputs over max_bytes are
 *  passed over. A folder that is not there has none. IO, NOMEM. */
enum assay_code inputs_copy(uint64_t *added, const char *to, const char *from, const char *text,
                            size_t max_bytes, struct assay_err *err) ASSAY_MUST_USE;

#endif
