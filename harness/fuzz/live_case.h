/** One sequence sent to a running target, as a case is: roles played, an honest purchase
 * afterwards.
 *
 *  Accusations are made of what a correct server cannot do, whatever it is sent:
 *    crash   a process of it ended, or nothing listens any more
 *    5xx     500 or above, by whose own fault: no role is made to fail here. 501 and 505 are
 *            answers to a bent method, version or coding; where the profile lets a server put a
 *            request off, the identical request is repeated first
 *    hang    no whole answer in time to what is a whole request by the strictest reading
 *    unpaid  the protected handler ran, or its text was served, for a request without a payment
 *    replay  it ran more than once for one payment
 *    stuck   honest purchases afterwards, two of them, are not served as before
 *    growth  of memory over many sequences: judged by fuzz/growth.h
 *  The accounting is that of fuzz/live_account.h: a payment that was taken out of a request, or has
 *  another text in its place, was not sent. Runs
 *  of what the target file calls "free" are none. A payment for one endpoint that buys another is
 *  not judged: the scenarios do that.
 */
#ifndef FUZZ_LIVE_CASE_H
#define FUZZ_LIVE_CASE_H

#include "fuzz/live_answer.h"
#include "fuzz/live_payer.h"

#define LIVE_FINDINGS(X)                                                                           \
    X(CRASH, "crash")                                                                              \
    X(5XX, "5xx")                                                                                  \
    X(HANG, "hang")                                                                                \
    X(UNPAID, "unpaid")                                                                            \
    X(REPLAY, "replay")                                                                            \
    X(STUCK, "stuck")                                                                              \
    X(GROWTH, "growth")
#define LIVE_FINDING_ENUM(name, text) LIVE_FINDING_##name,
enum live_finding { LIVE_NOTHING, LIVE_FINDINGS(LIVE_FINDING_ENUM) LIVE_FINDING__COUNT };
#undef LIVE_FINDING_ENUM
const char *live_finding_name(enum live_finding finding); /**< "" of LIVE_NOTHING */

#define LIVE_SAID_BYTES 1024
#define LIVE_PROCESSES_MAX 64

struct live_outcome {
    enum live_finding finding;
    size_t exchange;            /**< 1, 2 …: where; 0: nowhere in particular */
    char said[LIVE_SAID_BYTES]; /**< what was sent, came and was expected; or the trouble. What the
                                     target said in it is escaped */
    bool is_trouble; /**< nothing can be judged: the target does not start, or sells nothing */
    struct live_class classes[LIVE_EXCHANGES_MAX];
    size_t class_count;   /**< exchanges that were carried out */
    struct assay_buf log; /**< every byte sent and, cut, received; what its process said last */
};

struct live_world;

struct live_world_options {
    const struct target *target;
    const char *const *allowed_hosts; /**< beside loopback, NULL-terminated; or NULL */
    const char *const *defects;       /**< switched on, NULL-terminated; or NULL */
    uint64_t seed;
    int timeout_ms; /**< for one answer */
};

/** NULL: no memory, or a profile that live_payer_of does not know. Starts nothing yet. */
struct live_world *live_world_new(const struct live_world_options *options);
void live_world_free(struct live_world *world); /**< ends what it started; NULL is taken */
/** Ends the instance and its roles: the next sequence gets a fresh one. */
void live_world_renew(struct live_world *world);
/** A fresh instance that has been bought from once, so that it is known which processes it has;
 * where it does not sell so, one that nobody has bought from. Out: *sells. NOMEM. */
enum assay_code live_world_fresh(struct live_world *world, bool *sells) ASSAY_MUST_USE;
/** Looks for that kind alone from now on, LIVE_NOTHING: for all. For a crash it then waits after
 * each sequence, since some take their time to die: seconds for the first one, and as long as that
 * one needed, and some, from then on. It buys honestly for LIVE_FINDING_STUCK alone, since who
 * waits for a server that is stuck waits long. */
void live_world_seek(struct live_world *world, enum live_finding kind);
/** Resident bytes of all its processes; false: it was not started by us, or has ended. */
bool live_world_resident(struct live_world *world, uint64_t *bytes);
/** Runs of the handler on this instance when the last sequence began; 0 where they cannot be
 *  counted. */
uint64_t live_world_bought(const struct live_world *world);
/** Sends it, then buys honestly. Out: *out, whose log is the caller's to free. NOMEM. */
enum assay_code live_world_run(struct live_world *world, const struct live_sequence *sequence,
                               struct live_outcome *out) ASSAY_MUST_USE;

#endif
