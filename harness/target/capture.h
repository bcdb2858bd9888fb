/** What a process prints, drained by one thread, and the moment it ends. */
#ifndef TARGET_CAPTURE_H
#define TARGET_CAPTURE_H

#include "base/arena.h"

#define CAPTURE_MAX_BYTES (8u << 20) /**< of each stream; the rest is read and dropped */

enum capture_stream { CAPTURE_STDOUT, CAPTURE_STDERR };

struct capture;

struct capture *capture_new(void);    /**< NULL: out of memory or descriptors */
void capture_free(struct capture *c); /**< stops; NULL is taken */

/** Drains both pipes and watches the process; out and err are taken over even on failure, pidfd
 *  stays the caller's. What was captured before stays in front. NOMEM: no thread. */
enum assay_code capture_start(struct capture *c, int out, int err, int pidfd,
                              struct assay_err *e) ASSAY_MUST_USE;
/** Takes what is in the pipes and ends the thread, also where a process still holds their other
 *  end. */
void capture_stop(struct capture *c);

/** What capture_await_line came to. */
enum capture_event { CAPTURE_LINE, CAPTURE_ENDED, CAPTURE_LATE };
/** Waits for a complete line of stdout, since the start, that begins so; out: the line in the
 *  arena, without its end, or NULL when there is no memory. */
enum capture_event capture_await_line(struct capture *c, const char *prefix, int64_t deadline_ns,
                                      const char **line, struct assay_arena *arena);
/** Waits until the process has ended; false: not by then. */
bool capture_await_end(struct capture *c, int64_t deadline_ns);

/** All that was printed up to now, in a copy that is valid until the next call for the same stream.
 */
struct assay_bytes capture_view(struct capture *c, enum capture_stream stream);

#endif
