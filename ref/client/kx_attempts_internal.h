/** The folder of attempts, for what else is kept in it. Internal to ref/client. */
#ifndef KX_ATTEMPTS_INTERNAL_H
#define KX_ATTEMPTS_INTERNAL_H

#include "client/kx_attempts.h"

#include <dirent.h>

/** Writes a file of the folder whole; durable when it returns. text: its failure counts, too. */
enum assay_code kx_attempts_write(struct kx_attempts *a, const char *name,
                                  const struct assay_buf *text,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** Takes a file out of the folder, where it is there. */
enum assay_code kx_attempts_remove(struct kx_attempts *a, const char *name,
                                   struct assay_err *err) ASSAY_MUST_USE;
bool kx_attempts_has(const struct kx_attempts *a, const char *name);
const char *kx_attempts_folder(const struct kx_attempts *a);

/** A file's text, in the arena. max: above it TOO_LARGE. */
enum assay_code kx_folder_read(struct assay_bytes *out, struct assay_arena *arena,
                               const char *folder, const char *name, size_t max,
                               struct assay_err *err) ASSAY_MUST_USE;
/** Calls `each` for every file that `is_one` takes, by name, with an arena for the call, until it
 *  fails or *goes_on is false. */
enum assay_code kx_folder_walk(const char *folder, int (*is_one)(const struct dirent *entry),
                               enum assay_code (*each)(void *cls, bool *goes_on,
                                                       struct assay_arena *arena, const char *name,
                                                       struct assay_err *err),
                               void *cls, struct assay_err *err) ASSAY_MUST_USE;

#endif
