/** Observers: what counts or records beside the wire. Executions are the origin role's
 *  (roles/origin.h). */
#ifndef OBSERVERS_OBSERVERS_H
#define OBSERVERS_OBSERVERS_H

#include "base/arena.h"
#include "target/instance.h"

/** Resident bytes of every process of the instance, from /proc. UNSUPPORTED: not launched, or it
 *  has ended. */
enum assay_code observe_resident(uint64_t *bytes, struct instance *instance,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** The same of processes by their ids; one that has ended has none. */
uint64_t observe_resident_of(const pid_t *pids, size_t count);
/** Bytes of the files at the target's store paths (what is not there counts 0): of a folder all
 *  regular files in it, of a file also the -wal and -journal that SQLite keeps beside it.
 *  UNSUPPORTED: none named. */
enum assay_code observe_store(uint64_t *bytes, struct instance *instance,
                              struct assay_err *err) ASSAY_MUST_USE;

/** A text planted somewhere, to be looked for in every encoding it may leak in. */
struct canary {
    const char *name;
    struct assay_bytes value; /**< at least 8 bytes */
};

/** Looks for the canary raw, in hex (either case), base64, base64url (both also as a part of a
 *  longer text) and percent-encoded; returns the name of the encoding of the first hit and its
 *  offset, or NULL. A canary shorter than 8 bytes is never found. */
const char *canary_find(const struct canary *canary, struct assay_bytes text, size_t *offset);
/** Looks through the instance's stdout, stderr and all regular files of its folders (each at most
 *  64 MiB, at most 10,000 of them, symbolic links not followed). Out: *where in the arena, "stderr
 *  at byte 120 (base64)" or NULL; bytes and sources looked through, so that a report can say "none
 *  in N bytes of M sources". UNSUPPORTED: not launched, so that there is nothing to look through;
 *  NOMEM. */
enum assay_code canary_scan(const char **where, uint64_t *bytes, size_t *sources,
                            struct assay_arena *arena, struct instance *instance,
                            const struct canary *canary, struct assay_err *err) ASSAY_MUST_USE;

#endif
