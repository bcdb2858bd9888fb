/** The plan of a run: legs to execute, each an instance to start, the cases to put to it, and what
 * for.
 *
 *  One executor serves run, self-check, selftest and replay: they differ in their plan alone.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "run/case.h"

#define PLAN_LEGS_MAX 512
#define PLAN_HOSTS_MAX 16

enum leg_purpose { LEG_TARGET, LEG_SELF_CHECK, LEG_SELFTEST };
const char *leg_purpose_name(enum leg_purpose purpose);

struct planned_case {
    const struct scenario *scenario;
    size_t index;
    unsigned round; /**< of --repeat, from 0 */
};

struct leg {
    const char *id; /**< "target", "self-check hardened", "selftest nonce.two_steps" */
    enum leg_purpose purpose;
    const char *target_path; /**< NULL: the embedded reference of `profile` */
    const char *profile;
    const char *rules;           /**< of an embedded reference; "" : as the target file says */
    const char *defect;          /**< NULL: none */
    const struct target *target; /**< as the parent has read it */
    struct planned_case *cases;  /**< controls first */
    size_t case_count, case_room;
};

struct plan {
    struct assay_arena arena;
    struct leg legs[PLAN_LEGS_MAX];
    size_t leg_count;
    uint64_t seed;
    unsigned jobs;          /**< worker processes; 0: as many as there are processors, at most 8 */
    uint64_t time_limit_ms; /**< 0: none */
    const char *hosts[PLAN_HOSTS_MAX + 1]; /**< --allow-host, NULL-terminated */
    size_t host_count;
    const char *packs[PLAN_HOSTS_MAX + 1];
    size_t pack_count;
    bool disruptive;
};

void plan_init(struct plan *plan);
void plan_fini(struct plan *plan);

/** What somebody asked to run. Names select by prefix of the scenario's name, optionally "/case"
 * behind a full name; by threat, rule or attack idea. Empty lists select everything. */
struct selection {
    const char *names[64];
    size_t name_count;
    const char *threats[32];
    size_t threat_count;
    const char *rules[32];
    size_t rule_count;
    enum rule_level least; /**< LEVEL_MUST: only those; LEVEL_REPORT: all */
    const char *profile;   /**< NULL: every profile */
};

/** Sorts a word of the command line: a name or prefix of a scenario, a threat, a rule, an idea
 * (which selects the scenarios that cite it). UNKNOWN: none of these; err names the nearest. */
enum assay_code selection_add(struct selection *selection, const char *word,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Whether a name of a selection means this case: by prefix, as "scenario/case", or as an idea it
 * cites. */
bool selection_name_takes(const char *name, const struct scenario *scenario, size_t index);
bool selection_takes(const struct selection *selection, const struct scenario *scenario,
                     size_t index, bool hardened);

/** A leg on a target file (path) or, path NULL, on the embedded reference. Returns NULL and err on
 * failure. */
struct leg *plan_add_leg(struct plan *plan, const char *id, enum leg_purpose purpose,
                         const char *target_path, const char *profile, const char *rules,
                         const char *defect, struct assay_err *err);
/** Adds one case and the control it rests on (once). NOMEM. */
enum assay_code leg_add(struct plan *plan, struct leg *leg, const struct scenario *scenario,
                        size_t index, unsigned round) ASSAY_MUST_USE;
/** Adds everything selected, controls first, `rounds` times. Returns how many cases that are no
 * controls were added. */
size_t leg_add_selection(struct plan *plan, struct leg *leg, const struct selection *selection,
                         unsigned rounds);

/** One pair of the self-check: this scenario must accept the correct reference and catch that
 * defect. */
struct self_check_pair {
    const char *threat;
    const struct scenario *scenario;
    const char *defect;
    const struct leg *correct, *broken;
};

/** Adds the self-check's legs for the threats selected: of each the cheapest scenario whose first
 * defect shows under `rules`. Out: pairs[0..*count), at most room. */
enum assay_code plan_self_check(struct plan *plan, const struct selection *selection,
                                const char *profile, const char *rules,
                                struct self_check_pair *pairs, size_t room, size_t *count,
                                struct assay_err *err) ASSAY_MUST_USE;
/** Whether a defect of these sets ("base", "hardened", "both") shows under a rule set. */
struct ref_defect;
bool defect_shows_under(const struct ref_defect *defect, const char *rules);

#endif
