/** The plan of a run: legs to execute, each an instance to start, the cases to put to it, and what
 * for.
 *
 *  One executor serves run, self-check, selftest and replay: they differ in their plan alone.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "run/case.h"

#define PLAN_LEGS_MAX 4096
#define PLAN_HOSTS_MAX 16
#define PLAN_RACE_ROUNDS 4

enum leg_purpose { LEG_TARGET, LEG_SELF_CHECK, LEG_SELFTEST };
const char *leg_purpose_name(enum leg_purpose purpose);

struct planned_case {
    const struct scenario *scenario;
    size_t index;
    unsigned round; /**< of --repeat, from 0 */
};

/** What a leg is about: a target file, or the embedded reference of a profile. */
struct leg_subject {
    const char *path; /**< NULL: the embedded one, of: */
    const char *profile;
    enum target_side side;
    const char *rules;
    const char *defect; /**< switched on in it; NULL: none */
};

struct leg {
    const char *id; /**< "target", "paid-tools server", "selftest nonce.two_steps" */
    enum leg_purpose purpose;
    const char *target_path; /**< NULL: the embedded reference */
    const struct profile *profile;
    enum target_side side;
    const char *rules;
    const char *defect;          /**< NULL: none */
    const struct target *target; /**< as the parent has read it */
    struct planned_case *cases;  /**< controls first */
    size_t case_count, case_room;
    size_t selected; /**< cases of the selection, those of other shards, too */
};

struct plan {
    struct assay_arena arena;
    struct leg legs[PLAN_LEGS_MAX];
    size_t leg_count;
    uint64_t seed;
    unsigned jobs;          /**< worker processes; 0: two a processor, since cases mostly
                               wait, at most 8 */
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
    enum rule_level least;  /**< LEVEL_MUST: only those; LEVEL_REPORT: all */
    const char *profile;    /**< NULL: every profile */
    unsigned shard, shards; /**< this of so many, from 1; 0: all is one */
};

#define PLAN_SHARDS_MAX 1000

/** Which shard of so many, from 1, a case belongs to: by a hash of its name alone, so that each
 * machine that splits the same suite splits it alike. */
unsigned plan_shard_of(const struct scenario *scenario, size_t index, unsigned shards);

/** Sorts a word of the command line: a name or prefix of a scenario, a threat, a rule, an idea
 * (which selects the scenarios that cite it). UNKNOWN: none of these; err names the nearest. */
enum assay_code selection_add(struct selection *selection, const char *word,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Whether a name of a selection means this case: by prefix, as "scenario/case", or as an idea it
 * cites. */
bool selection_name_takes(const char *name, const struct scenario *scenario, size_t index);
bool selection_takes(const struct selection *selection, const struct scenario *scenario,
                     size_t index, const char *rules);

/** Adds a leg. NULL and err on failure: the target cannot be read, or its profile or rule set is
 * none that this version has. */
struct leg *plan_add_leg(struct plan *plan, const char *id, enum leg_purpose purpose,
                         const struct leg_subject *subject, struct assay_err *err);
/** Takes the last leg out again. */
void plan_drop_leg(struct plan *plan);
/** Whether the profile has scenarios, and an embedded reference to put them to, on that side. */
bool profile_is_played(const struct profile *profile, enum target_side side);
/** Adds one case and the control it rests on (once). NOMEM. */
enum assay_code leg_add(struct plan *plan, struct leg *leg, const struct scenario *scenario,
                        size_t index, unsigned round) ASSAY_MUST_USE;
/** Adds all its cases against a defect that it names: one that races so often that the window is
 * not missed each time. NOMEM. */
enum assay_code leg_add_catching(struct plan *plan, struct leg *leg,
                                 const struct scenario *scenario) ASSAY_MUST_USE;
/** Adds everything selected that is of the leg's profile and side, controls first, `rounds` times;
 * of a shard its own cases and the controls that they rest on. */
void leg_add_selection(struct plan *plan, struct leg *leg, const struct selection *selection,
                       unsigned rounds);

/** One pair of the self-check: this scenario must accept the correct reference and catch that
 * defect. */
struct self_check_pair {
    const char *threat;
    const struct scenario *scenario;
    const char *defect;
    const struct leg *correct, *broken;
};

/** Adds the self-check's legs for the threats selected, on the embedded reference of the profile,
 * side and rules of `of`: of each threat the cheapest scenario whose first defect shows there. Out:
 * pairs[*count..), at most `room` in all; none where there is no such reference. */
enum assay_code plan_self_check(struct plan *plan, const struct selection *selection,
                                const struct leg *of, struct self_check_pair *pairs, size_t room,
                                size_t *count, struct assay_err *err) ASSAY_MUST_USE;
/** Whether a defect of these sets (the name of one, or "both") shows under a rule set. */
struct ref_defect;
bool defect_shows_under(const struct ref_defect *defect, const char *rules);
/** Whether it is put to the embedded reference of that side: one whose scenarios name it. What no
 * scenario names is put to the first side there is, where it survives. */
bool defect_concerns(const struct ref_defect *defect, enum target_side side);

#endif
