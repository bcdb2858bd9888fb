/** The parent of a reference server: one listening socket, several worker processes, a ready line,
 * replacement of workers that end, an orderly stop. What is sold and how is the profile's business.
 */
#ifndef REF_SERVER_WORKERS_H
#define REF_SERVER_WORKERS_H

#include "net/server.h"

#define REF_WORKERS_MAX 64

struct ref_workers_options {
    const char *profile; /**< of the ready line: "paid-tools" */
    const char *listen;
    bool is_public;
    unsigned workers;         /**< 1 to REF_WORKERS_MAX */
    const char *forgets;      /**< what is lost with a worker, so that one that ended is not
                                   replaced: "what it knew of spent payments"; NULL: nothing */
    int64_t stop_deadline_ms; /**< for running requests; then slack_ms, then SIGKILL */
    int64_t slack_ms;         /**< for what a handler may still be waiting for, and to close */
    struct ref_net_server_options net; /**< without listen_fd, handle, refused, cls */

    /** In the parent, once the socket listens: url is "http://ADDRESS:PORT". May be NULL. */
    enum assay_code (*prepare)(void *cls, const char *url, struct assay_err *err);
    /** In a worker, after fork: fills handle, refused and cls of net. index is below `workers`, and
     * a worker that replaces another has its index. What failed has nothing left to end. */
    enum assay_code (*begin)(void *cls, unsigned index, void **worker,
                             struct ref_net_server_options *net, struct assay_err *err);
    /** In a worker that was told to stop, before running requests are waited for. May be NULL. */
    void (*stopping)(void *worker, int64_t deadline_ms);
    /** In a worker, before it ends; worker is NULL where begin failed. */
    void (*end)(void *cls, void *worker);
    void (*settle)(void *cls); /**< in the parent, once all workers have ended. May be NULL */
    void *cls;
};

/** Runs until SIGTERM or SIGINT, which are blocked from the call on. The calling process must have
 * one thread. Once every worker accepts, "ready PROFILE URL" goes to stdout; a worker that ended is
 * a line of JSON on stderr, and is replaced, 16 times without a calm hour in between.
 *
 *  Returns: ASSAY_OK after a stop. Before ready: MALFORMED, DENIED or IO of the address, what
 * prepare returned, IO (a worker did not begin; err says why). After: CRASHED (workers ended too
 * often). */
enum assay_code ref_workers_run(const struct ref_workers_options *options,
                                struct assay_err *err) ASSAY_MUST_USE;

#endif
