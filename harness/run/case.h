/** One case on its way: what a scenario body, and the verbs it is written in, may do.
 *
 *  Everything acquired belongs to the case and ends with it. The ends (case_end, a case_judge that
 * does not hold) unwind to the case's frame and do not return; they may be called from the case's
 * own thread only.
 */
#ifndef RUN_CASE_H
#define RUN_CASE_H

#include "base/random.h"
#include "http/client.h"
#include "observers/observers.h"
#include "roles/origin.h"
#include "run/registry.h"
#include "target/client_run.h"
#include "target/operation.h"

#include <jansson.h>

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_UNSUPPORTED,
    VERDICT_SKIPPED,
    VERDICT_BROKEN,
    VERDICT__COUNT
};
const char *verdict_name(enum verdict verdict);

/** How a verdict is known. */
enum grade { GRADE_OBSERVED, GRADE_DERIVED, GRADE_CLAIMED, GRADE__COUNT };
const char *grade_name(enum grade grade);

/* What the case is. */
const struct scenario *case_scenario(const struct assay_case *t);
const void *case_row(const struct assay_case *t); /**< the row of its table; NULL without one */
const struct target *case_target(const struct assay_case *t);
bool case_judged_by(const struct assay_case *t, const char *rules); /**< that rule set */
struct assay_random *
case_random(struct assay_case *t); /**< a function of run seed, scenario and case name */

/* Memory and clean-up. These never return NULL: without memory the case is broken. */
void *case_alloc(struct assay_case *t, size_t len);
char *case_printf(struct assay_case *t, const char *format, ...) ASSAY_PRINTF(2, 3);
struct assay_bytes case_copy(struct assay_case *t, struct assay_bytes bytes);
struct assay_arena *case_arena(struct assay_case *t);
void case_defer(struct assay_case *t, void (*undo)(void *),
                void *with); /**< run at the end, last first */
/** Frees a tree with the case, and hands it back; `broken` where it is NULL, for want of memory. */
json_t *case_owned(struct assay_case *t, json_t *value);

/* The world around it. */
struct instance *case_instance(struct assay_case *t); /**< running, and answering */
struct origin *
case_origin(struct assay_case *t); /**< NULL: executions cannot be counted on this target */
/** What the profile's roles_start made, for its own verbs; NULL: it plays no roles. */
void *case_roles(struct assay_case *t);
struct http_client *case_http(struct assay_case *t);
/** A second worker: another instance on the same store (launched), or the next base URL;
 * `unsupported` without. */
struct instance *case_second_instance(struct assay_case *t);
const struct http_peer *case_peer(struct assay_case *t);
int case_patience_ms(const struct assay_case *t);    /**< how long to wait for an answer */
int case_patience_with(const struct target *target); /**< the same, of any case on that target */
/** How long a case may take that by itself takes so long. */
int64_t case_deadline_with(const struct target *target, unsigned own_ms);
/** The target's wall clock, by our reckoning. */
int64_t case_now_ms(struct assay_case *t);
/** Moves it from now on (offset to real time). The case must NEED_CLOCK. */
void case_shift_clock(struct assay_case *t, int64_t offset_ms);
void case_freeze_clock(struct assay_case *t, int64_t at_ms);
/** Starts an instance of its own beside, with these options filled further by the runner (origin,
 * hosts, defects); failing to start is handed back, so that "does not start" can be judged. NULL
 * and err on failure. */
struct instance *case_try_instance(struct assay_case *t, struct instance_options options,
                                   struct assay_err *err);
/** Beside a target that is tested from the other side: the embedded reference server of the
 * profile, correct, on the case's roles, so that a client has somebody honest to buy from. The same
 * one each time; `broken` where it does not start. */
struct instance *case_reference_server(struct assay_case *t);
/** Runs a command target once, in the case's instance (its folder and store); the run ends with the
 * case. `broken` where it cannot be started. */
struct client_run *case_start_client(struct assay_case *t,
                                     const struct client_run_options *options);
/** An operation of the target file (target/operation.h), with its evidence. `unsupported` where the
 * file has none of that name, `broken` where it cannot be carried out. */
const struct operation_result *case_operation(struct assay_case *t, const char *name,
                                              const struct target_pair *values);

/* Executions of the protected handler, counted by the origin since the case began. */
bool case_can_count(struct assay_case *t);
uint64_t case_executions(
    struct assay_case *t); /**< waits until nothing runs; 0 where it cannot be counted */

/* Evidence; also kept when the case passes. */
bool case_was_answered(
    const struct assay_case *t); /**< a connection was made for an exchange or burst of this case */
void case_saw_exchange(struct assay_case *t, const struct http_exchange *exchange,
                       const char *label);
void case_saw_burst(struct assay_case *t, const struct http_overlap *overlap,
                    struct http_exchange *const *exchanges, size_t n, const char *label);
/** What a role saw or did at that moment (CLOCK_MONOTONIC; 0: now): the timeline is in order of
 * time, whenever it is told. */
void case_saw_role(struct assay_case *t, const char *role, int64_t at_ns, const char *what,
                   struct assay_bytes detail);
/** A run of a command: what was run, how it ended, the ends of what it printed. */
void case_saw_run(struct assay_case *t, struct client_run *run, const char *label);
void case_saw_sample(struct assay_case *t, const char *name, int64_t value, const char *unit);
void case_note(struct assay_case *t, const char *format, ...) ASSAY_PRINTF(2, 3);
/** What no document settles: reported by name, never judged. */
void case_observe(struct assay_case *t, const char *name, const char *format, ...)
    ASSAY_PRINTF(3, 4);

/* Judging. `where` is "file:line" of the scenario, put there by the macros of run/scenario.h. */
void case_where(struct assay_case *t, const char *file, int line);
/** Records what was expected and seen and how that is known; ends the case as `fail` when it does
 * not hold. */
void case_judge(struct assay_case *t, bool holds, enum grade grade, const char *expected,
                const char *seen, ...) ASSAY_PRINTF(5, 6);
/** The same of a fact that is observed, where the text is known only for when it does not hold. */
void case_expect(struct assay_case *t, bool holds, const char *expected, const char *otherwise, ...)
    ASSAY_PRINTF(4, 5);
/** Ends the case: `broken` for set-up that failed, `unsupported`, `skipped`; with the reason. */
_Noreturn void case_end(struct assay_case *t, enum verdict verdict, const char *reason, ...)
    ASSAY_PRINTF(3, 4);

/* For the runner: run one case from start to end. */
struct case_world; /**< what a worker keeps between cases: the leg's shared instance, its origin */

struct case_world_options {
    const struct target *target;
    const char *const *defects;       /**< NULL-terminated, or NULL */
    const char *const *allowed_hosts; /**< NULL-terminated */
    bool disruptive;
    uint64_t seed;
};

struct case_world *
case_world_new(const struct case_world_options *options); /**< NULL: out of memory */
void case_world_free(struct case_world *world);
/** A JSON string of any bytes; what is no UTF-8 is replaced. */
json_t *case_text(struct assay_bytes text);
/** Runs case `index` of the scenario, then the profile's probe. Returns the `case` event of
 * record/FORMAT.md without its members leg, expectation and replay; NULL: out of memory. */
json_t *case_run(struct case_world *world, const struct scenario *scenario, size_t index);

#endif
