/** The role `origin`: the protected work behind a target. It counts executions and keeps what each
 * was given; its behaviour can be changed while a case runs. One listening socket on 127.0.0.1, one
 * thread, many connections; the log is locked.
 */
#ifndef ROLES_ORIGIN_H
#define ROLES_ORIGIN_H

#include "base/arena.h"

enum origin_behaviour {
    ORIGIN_ANSWER, /**< status 200, `body`, or the default body */
    ORIGIN_FAIL,   /**< status (500 unless set) with a body that names the execution */
    ORIGIN_STALL,  /**< holds what ANSWER would send until origin_release, a change of behaviour, or
                      the connection ends */
    ORIGIN_RESET,  /**< reads the request, then resets the connection */
    ORIGIN_TRUNCATE, /**< sends half of the body it announced, then closes */
    ORIGIN_LARGE,    /**< a body of large_bytes */
    ORIGIN_STREAM,   /**< begins what ANSWER would send, in chunks, and holds the rest as STALL does
                      */
    ORIGIN_BREAK_OFF, /**< the same, and closes instead of holding */
};

struct origin_rule {
    enum origin_behaviour behaviour;
    int status;               /**< 0: the behaviour's own */
    const char *content_type; /**< NULL: text/plain; charset=utf-8 */
    const char *head_lines;  /**< further header lines, each with its CR LF, sent as they are; NULL:
                                none */
    struct assay_bytes body; /**< copied; len 0 and body_set false: the default body */
    bool body_set;
    uint64_t large_bytes;
    unsigned times; /**< apply to so many executions, then back to ANSWER; 0: for good */
};

/** One execution, as the handler was asked for it. Strings live until the origin stops. */
struct origin_execution {
    uint64_t number; /**< 1, 2, 3 … since the origin started */
    const char *method;
    const char *target;       /**< request-target as received */
    const char *content_type; /**< "" where none came */
    struct assay_bytes body;  /**< as received, at most 64 KiB kept */
    uint64_t body_bytes;
    char body_sha256[65];
    int64_t start_ns; /**< CLOCK_MONOTONIC, request complete */
    int64_t end_ns;   /**< answered or cut off; 0 while running */
};

struct origin;

/** Starts listening on that port of 127.0.0.1; 0: on any. IO, NOMEM. */
enum assay_code origin_start(struct origin **out, uint16_t port,
                             struct assay_err *err) ASSAY_MUST_USE;
void origin_stop(struct origin *origin); /**< closes, joins, frees; NULL is taken */

const char *origin_url(const struct origin *origin); /**< "http://127.0.0.1:PORT" */
/** The default body names the execution, so that two answers of two executions differ:
 *  "execution N of METHOD TARGET\n". */
void origin_behave(struct origin *origin,
                   const struct origin_rule *rule); /**< without memory for a copy: FAIL */
void origin_release(struct origin *origin); /**< lets every stalled execution answer, or go on */

uint64_t origin_executions(struct origin *origin); /**< so far: requests received completely */
uint64_t origin_running(struct origin *origin);    /**< received, not yet answered or cut off */
/** Waits until executions >= count, at most deadline_ms; false when it did not happen. */
bool origin_await(struct origin *origin, uint64_t count, int deadline_ms);
/** Waits until nothing runs. */
bool origin_await_idle(struct origin *origin, int deadline_ms);
/** Copies execution `number` (1-based); false where there is none (or it is older than the last
 * 4,096). */
bool origin_execution(struct origin *origin, uint64_t number, struct origin_execution *out);

#endif
