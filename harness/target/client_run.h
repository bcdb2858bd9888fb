/** One run of a target that is a command: a program that buys something once and ends.
 *
 *  It runs in the folder, on the store and with the clock of its instance, so that runs one after
 *  the other remember, and several at once meet on one store. Its processes are its own: ending one
 *  run leaves the others alone, and freeing the instance ends all. Used from one thread.
 */
#ifndef TARGET_CLIENT_RUN_H
#define TARGET_CLIENT_RUN_H

#include "target/instance.h"
#include "target/process_end.h"

struct client_run_options {
    /** placeholders beyond the instance's: {"URL", "http://127.0.0.1:1/report"}, {"POLICY", path};
     *  ends with a NULL name */
    const struct target_pair *values;
    /** under the instance's supervisor (instance_supervisor), with the rule set there; of the runs
     * of an instance one at a time */
    bool supervise;
};

struct client_run;

/** Returns once the program runs. IO, MISSING (a placeholder has no value), UNSUPPORTED (the
 *  instance has no supervisor), NOMEM. Free it before the instance. */
enum assay_code client_run_start(struct client_run **out, struct instance *instance,
                                 const struct client_run_options *options,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Ends every process of it; NULL is taken. */
void client_run_free(struct client_run *run);

/** Waits for its end, and then ends what its first process left behind; false: it still runs. */
bool client_run_await(struct client_run *run, int deadline_ms);
/** Waits for a line of stdout that begins so; false: not by then, or it ended without. */
bool client_run_await_line(struct client_run *run, const char *prefix, int deadline_ms);
/** SIGKILL to every process of it. To restart, start another run on the same instance. */
void client_run_kill(struct client_run *run);

/** How it ended; of one that was killed: signal 9. */
struct process_end client_run_end(const struct client_run *run);
/** NULL-terminated, as it was run. */
const char *const *client_run_argv(const struct client_run *run);
/** What it has printed so far, at most CAPTURE_MAX_BYTES; valid until the next call. */
struct assay_bytes client_run_stdout(struct client_run *run);
struct assay_bytes client_run_stderr(struct client_run *run);
/** From its start to its end, or to now. */
int64_t client_run_ms(const struct client_run *run);

#endif
