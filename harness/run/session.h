/** A session: a plan carried out, recorded as it happens and closed into a run. What run, selftest
 * and replay share. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "run/outcome.h"

#define SESSION_PAIRS_MAX 128

struct session_options {
    const char *verb; /**< "run", "selftest", "replay" */
    int argc;         /**< the command as given, for the record */
    char **argv;
    const char *out;                /**< folder of the record */
    bool replace;                   /**< an older record there is removed first */
    const struct leg *const *shown; /**< the legs the record is about: their targets and rules */
    size_t shown_count;             /**< at least 1 */
    const struct selection *selection;
    enum rule_level fail_on;
    const char *expectations; /**< path, or NULL */
    bool self_check_left_out; /**< --no-self-check: recorded */
    const struct self_check_pair *pairs;
    size_t pair_count;
    bool progress; /**< a line on stderr that is written over */
};

/** Executes and records. Out: *exit_status as design section 5 has it. Fails (exit 3 is the
 * caller's) when the record cannot be written, an expectations file is wrong, or no worker can be
 * started. */
enum assay_code session_run(const struct plan *plan, const struct session_options *options,
                            int *exit_status, struct assay_err *err) ASSAY_MUST_USE;

/** The command that repeats a case of the record in that folder, as a text of the record. */
json_t *session_replay_command(const char *folder, const struct planned_case *c);
/** Removes a record, if there is one, and nothing else of the folder. IO. */
enum assay_code session_remove_record(const char *folder, struct assay_err *err) ASSAY_MUST_USE;

#endif
