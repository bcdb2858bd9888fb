/** One running copy of a target: launch, ready, stop, kill, restart, a second worker, logs, no
 *  leftovers.
 *
 *  A launched instance is a session of its own with this process as its subreaper; instance_free
 *  ends every process of it (by process id: descendants, the session, and whatever carries the
 *  instance's mark in its environment), so that none outlives the run. It dies with the thread
 *  that started it, too. stdout and stderr are captured, capped at 8 MiB each. An instance of a
 *  target without `launch` is only its URL; one of a command is its folder and store, in which
 *  client_run.h runs it; one of a library is its folder and its adapter, which has said hello and
 * is started again by the next question if it ends. Used from one thread.
 *
 *  Each launched instance has a fresh folder below TMPDIR, or /tmp, that is removed with it.
 *  ${STORE} is store/store.db in it, ${WORKDIR} and the current folder are launch.workdir
 *  (relative to the target file) or else that folder. A command with a slash is relative to the
 *  target file. ${PORT} is a port that was free a moment ago: another program may take it first,
 *  and the target then fails to start.
 */
#ifndef TARGET_INSTANCE_H
#define TARGET_INSTANCE_H

#include "fault/clock.h"
#include "fault/supervisor.h"
#include "http/exchange.h"
#include "target/adapter.h"
#include "target/target.h"

struct instance_options {
    const char *variant;        /**< NULL: none */
    const char *const *defects; /**< NULL-terminated ids for ${DEFECTS}; NULL: none */
    /** roles and their URLs, ends with a NULL name; NULL: none are played */
    const struct target_pair *roles;
    bool clock;     /**< under libfaketime */
    bool supervise; /**< under the supervisor */
    /** not NULL: the value every secret_env variable gets instead */
    const char *secret_override;
    const char *const *allowed_hosts; /**< NULL-terminated, beside loopback */
    /** workdir of another instance whose ${STORE} is used: a second worker */
    const char *share_store_of;
};

struct instance;

/** Starts and waits for ready. Out: *out also on failure to become ready is NULL and everything is
 *  ended again; err then says what happened and quotes the last lines of its stderr. Errors:
 *  CRASHED (ended before ready), TIMEOUT (not ready in time), IO (command not found ...),
 * UNSUPPORTED (clock or supervisor not to be had here), DENIED (host not allowed), UNKNOWN (no such
 * variant), MALFORMED (its ready line names no URL). `arena` and `target` must outlive the
 * instance; the options and what they point at need not. */
enum assay_code instance_start(struct instance **out, struct assay_arena *arena,
                               const struct target *target, const struct instance_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
void instance_free(struct instance *instance); /**< ends every process of it; NULL is taken */

/** Of a library; else NULL. */
struct adapter *instance_adapter(const struct instance *instance);
/** its first base URL */
const struct http_peer *instance_peer(const struct instance *instance);
const char *instance_url(const struct instance *instance);
/** its fresh folder; NULL: not launched */
const char *instance_workdir(const struct instance *instance);
/** launch.workdir as a path, where the target has one; else NULL. */
const char *instance_own_folder(const struct instance *instance);
/** The target's store paths with their placeholders replaced. */
const struct target_list *instance_store_paths(const struct instance *instance);
pid_t instance_pid(const struct instance *instance); /**< 0: not launched, or ended */
/** Ids of its living processes, at most `room`; returns how many. */
size_t instance_processes(struct instance *instance, pid_t *out, size_t room);
bool instance_alive(struct instance *instance); /**< launched and its first process runs */
struct fault_clock *instance_clock(struct instance *instance); /**< NULL: not under one */
/** NULL: not under one. The same one after a restart; a rule set meanwhile holds from the first
 *  call on. */
struct supervisor *instance_supervisor(struct instance *instance);

/** Asks it to end (SIGTERM) and waits; TIMEOUT: it did not within deadline_ms and was killed. What
 *  its first process leaves behind is killed in any case. */
enum assay_code instance_stop(struct instance *instance, int deadline_ms,
                              struct assay_err *err) ASSAY_MUST_USE;
/** SIGKILL to every process of it, waits for each */
void instance_kill(struct instance *instance);
/** Starts it again on the same store, workdir, clock and (where the command names ${PORT}) a port
 *  that may differ: instance_peer is up to date afterwards. Killed first if it still runs.
 *  UNSUPPORTED: not launched; else as instance_start, and the instance then stays ended. */
enum assay_code instance_restart(struct instance *instance, struct assay_err *err) ASSAY_MUST_USE;
/** The target's own way back to a clean state: its reset command, or a restart on a fresh store.
 *  UNSUPPORTED: none, or the store belongs to another instance; IO: the command failed. */
enum assay_code instance_reset(struct instance *instance, struct assay_err *err) ASSAY_MUST_USE;

/** What it has printed so far; valid until the next call. */
struct assay_bytes instance_stdout(struct instance *instance);
struct assay_bytes instance_stderr(struct instance *instance);

#endif
