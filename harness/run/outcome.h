/** What a run comes to: counts, expectations, the INVALID law, the exit status. Source: design,
 * section 5. */
#ifndef RUN_OUTCOME_H
#define RUN_OUTCOME_H

#include "run/executor.h"

#define OUTCOME_INVALID_MAX 32
#define OUTCOME_KNOWN_MAX 256
#define OUTCOME_PROFILES_MAX 8

/* X(ident, code, what it means). Every way in which a run can come to nothing ends in one of these.
 */
#define OUTCOME_INVALIDS(X)                                                                        \
    X(NOTHING_SELECTED, "nothing-selected", "no case was selected")                                \
    X(NOTHING_JUDGED, "nothing-judged", "no requirement was judged")                               \
    X(CONTROL_FAILED, "control-failed",                                                            \
      "the honest path does not work, so no attack on it means anything")                          \
    X(BROKEN, "broken", "a case could not be carried out")                                         \
    X(UNREACHABLE, "unreachable", "the target never answered")                                     \
    X(ALL_UNAUTHORIZED, "all-unauthorized", "every answer was an authentication failure")          \
    X(ALL_SERVER_ERRORS, "all-server-errors", "every answer was a server error")                   \
    X(NAMED_NOT_JUDGED, "named-not-judged",                                                        \
      "something that was named on the command line was not judged")                               \
    X(SELF_CHECK_FAILED, "self-check-failed", "this assay does not tell right from wrong here")    \
    X(INTERRUPTED, "interrupted", "the run was interrupted")                                       \
    X(OUT_OF_TIME, "out-of-time", "the time limit passed before every case had run")

enum outcome_invalid {
#define X(ident, code, text) INVALID_##ident,
    OUTCOME_INVALIDS(X)
#undef X
        INVALID__COUNT
};
const char *outcome_invalid_code(enum outcome_invalid invalid);

/** A failure that is known: reported as expected. If it passes instead, that is an error. */
struct known_failure {
    const char *scenario;
    const char *case_name; /**< NULL: every case of it */
    const char *reason;
};

struct outcome {
    struct assay_arena arena;
    const struct profile *profiles[OUTCOME_PROFILES_MAX]; /**< each once, NULL-terminated */
    bool concerns[OUTCOME_PROFILES_MAX][SIDE__COUNT];     /**< the sides of each */
    enum rule_level fail_on;
    const struct selection *selection;
    struct known_failure known[OUTCOME_KNOWN_MAX];
    size_t known_count;
    uint64_t counts[VERDICT__COUNT]; /**< of target legs */
    uint64_t failures; /**< that count: level within fail_on, not expected; unexpected passes */
    uint64_t judged;   /**< requirements that passed or failed */
    uint64_t answers, refused_connections, statuses_401, statuses_5xx;
    const struct scenario *lost_parts[8]; /**< controls of parts of the target that failed */
    size_t lost_part_count;
    uint64_t broken_with_their_part; /**< of the broken: what rests on one of them */
    const struct scenario
        *unasked; /**< the first control of a side that was unsupported, or NULL */
    const char *unasked_why;
    const char *control_broken; /**< the reason of the last control that was broken; NULL: none */
    json_t *invalid;            /**< [{code, text}] */
    json_t *threats; /**< "profile/threat": {"judged": n, "reason": first reason why not} */
    json_t *words;   /**< the same for the rules and names of the selection */
};

/** NOMEM. selection must live as long. */
enum assay_code outcome_init(struct outcome *o, enum rule_level fail_on,
                             const struct selection *selection,
                             struct assay_err *err) ASSAY_MUST_USE;
/** The run is about targets of that profile and side, too: what of its threats is not judged will
 * be said. */
void outcome_concerns(struct outcome *o, const struct profile *profile, enum target_side side);
void outcome_fini(struct outcome *o);

/** Reads an expectations file: {"known": [{"scenario", "case"?, "reason"}]}. Errors name file, line
 * and member; a scenario or case that does not exist is UNKNOWN. */
enum assay_code outcome_expectations(struct outcome *o, const char *path,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** The same of one that is read already; path is for messages. Unchanged on failure. */
enum assay_code outcome_expectations_read(struct outcome *o, const json_t *file, const char *path,
                                          struct assay_err *err) ASSAY_MUST_USE;

/** The names of the cases that are known to fail, which of a library's are the rules that it does
 *  not keep: of a scenario that is known without a case all of them. NULL-terminated in `out`, as
 *  many as there is room for; borrowed. */
void outcome_known_cases(const struct outcome *o, const char **out, size_t room);

/** Whether a failure of the case is known. */
bool outcome_is_known(const struct outcome *o, const struct planned_case *c);

/** The verdict of a case event; `broken` where it says none. */
enum verdict outcome_verdict(const json_t *event);
/** Takes a case of a target leg into account and sets the event's `expectation`. */
void outcome_add(struct outcome *o, const struct planned_case *planned, json_t *event);
/** The same of a case that has been recorded, with the expectation that it has. */
void outcome_add_recorded(struct outcome *o, const struct planned_case *planned,
                          const json_t *event);
void outcome_invalidate(struct outcome *o, enum outcome_invalid why, const char *format, ...)
    ASSAY_PRINTF(3, 4);

/** Draws the conclusions: returns the `end` event (record/FORMAT.md) without `ended`, and the exit
 * status. */
json_t *outcome_end(struct outcome *o, const struct executor_result *result, int *exit_status);

#endif
