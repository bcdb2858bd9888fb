/** The registry: profiles, and the scenarios that bring themselves into it.
 *
 *  A scenario registers itself before main (or when a pack is loaded). registry_check refuses what
 * could not mean anything: a requirement that names no defect it catches, a rule, threat, defect or
 * control that does not exist, an empty table, two cases of one name.
 */
#ifndef RUN_REGISTRY_H
#define RUN_REGISTRY_H

#include "target/target.h"

#define SCENARIO_ABI 2 /**< of packs: a pack built for another number is refused */
#define SCENARIO_CATCHES_MAX 24
#define PROFILE_RULE_SETS_MAX 2

struct assay_case;

enum scenario_kind { SCENARIO_REQUIREMENT, SCENARIO_CONTROL, SCENARIO_OBSERVATION };
const char *scenario_kind_name(enum scenario_kind kind);

/** What the harness or the target must be able to do; what is missing makes a case `unsupported`
 * with the reason. Bits from NEED_PROFILE on belong to the profile. */
enum scenario_need {
    NEED_ORIGIN = 1 << 0, /**< executions of the protected handler can be counted, and the handler
                             told what to do */
    NEED_LAUNCH = 1 << 1, /**< the target is started by us */
    NEED_CLOCK = 1 << 2,  /**< its clock can be moved */
    NEED_SUPERVISOR = 1 << 3, /**< its durable calls can be held, failed or cut off */
    NEED_STORE = 1 << 4,      /**< its store paths are named */
    NEED_SECOND = 1 << 5,     /**< a second worker can be started on the same store */
    NEED_DISRUPT = 1 << 6,    /**< floods or crashes: only on loopback, or with --disruptive */
    NEED_PROFILE = 1 << 8,
};

struct scenario {
    const char *name;  /**< "paid-tools/spent_proof_buys_nothing": profile, slash, C identifier */
    const char *title; /**< the requirement in one sentence */
    enum scenario_kind kind;
    enum target_side side; /**< of the targets that it is put to */
    const char *threat;    /**< id; of a control NULL */
    const char *rule;      /**< id; its level comes from the rule set the target is judged by */
    const char *ideas;     /**< ids of attack ideas, separated by spaces; may be NULL */
    /** name of the control it rests on; NULL: the first of its side. A control that names one is of
     * a part of the target: when it fails, that is a failure, and only what rests on it is lost */
    const char *rests_on;
    const char *catches[SCENARIO_CATCHES_MAX]; /**< defect ids */
    unsigned needs;                            /**< enum scenario_need and the profile's own */
    const char *variant;                       /**< launch variant it needs; NULL: none */
    bool fresh; /**< needs an instance of its own (implied by NEED_CLOCK, NEED_SUPERVISOR, variant)
                 */
    bool uses_up; /**< its instance, which is its own, can serve nobody after it: no honest probe */
    bool races; /**< what it catches shows in a window that requests may miss: the self-check takes
                   another scenario where there is one */
    unsigned deadline_ms; /**< of one case, beside the patience with the target; 0: 120,000 */
    const void *rows;     /**< table: each row begins with `const char *name`; NULL: no table */
    size_t row_count;
    size_t row_bytes;
    void (*body)(struct assay_case *t);
    const char *file; /**< __FILE__ */
    int line;
    struct scenario *next; /**< of the registry */
};

/** One rule as the registry knows it; a profile's own table may be richer. */
enum rule_level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_MAY, LEVEL_OURS, LEVEL_REPORT, LEVEL__COUNT };
const char *rule_level_name(enum rule_level level);

struct profile_rule {
    const char *id;
    enum rule_level level[PROFILE_RULE_SETS_MAX]; /**< in the order of the profile's rule sets */
    const char *source;
    const char *sentence;
    const char *remedy;
};

struct profile_threat {
    const char *id;
    const char *asset, *threat, *mitigation, *residual, *severity, *stride, *not_reached;
};

/** A public document that a profile's rules were read from. */
struct profile_source {
    const char *document; /**< as a person would look for it */
    const char *revision; /**< of run/revisions.h: the project and its commit */
};

/** An attack idea that no scenario implements, and why. */
struct profile_idea {
    const char *id;
    const char *reason;
};

/** What the roles of a profile are started with. */
struct profile_roles_options {
    const struct target *target; /**< target_role_listen says where a role must listen */
    uint64_t seed;               /**< of the case, or of the leg where its cases share them */
};

struct profile {
    const char *name;
    const char *const *rule_sets; /**< NULL-terminated; the first is the default */
    /** The words of `supports` in a target file, NULL-terminated; of one that ends with a colon
     * only the beginning is given. */
    const char *const *supports;
    const struct profile_rule *rules;
    size_t rule_count;
    const struct profile_threat *threats;
    size_t threat_count;
    const struct profile_source *sources;
    size_t source_count;
    const struct profile_idea *ideas_left; /**< ideas without a scenario */
    size_t ideas_left_count;
    const char *const *ideas; /**< every idea of the profile's digest, NULL-terminated */
    int accept_wait_ms; /**< how long a server waits for a payment to be accepted where its target
                           file does not say; 0: a server of this profile does not */
    /** What to look at where an honest purchase fails, as questions; of each side with scenarios.
     */
    const char *honest_hint[SIDE__COUNT];
    const char *first_control[SIDE__COUNT]; /**< of each side that has scenarios, else NULL */

    /* The services that it plays beside the origin; roles_start NULL: none. Those of a leg's shared
     * instance are shared by its cases; a case with an instance of its own has its own. */
    /** Starts all of them, behaving well. NULL and err on failure. */
    void *(*roles_start)(const struct profile_roles_options *options, struct assay_err *err);
    void (*roles_stop)(void *roles);
    /** Where that role listens ("node", see TARGET_ROLES); NULL: it is not played. Lives as long as
     * the roles. */
    const char *(*role_url)(void *roles, const char *role);
    /** Makes them behave well again: before each case, and before its honest probe. May be NULL. */
    void (*roles_calm)(void *roles);
    /** Adds what they saw since it was last called to the case's evidence (case_saw_role), at its
     * end. May be NULL. */
    void (*roles_tell)(void *roles, struct assay_case *t);
    /** How many movements of money the target has set going so far, as its roles saw them, so that
     * a refusal can be shown to have moved none. NULL: nobody counts. */
    uint64_t (*moves)(struct assay_case *t);

    /** Why the case's target cannot be asked for the profile's needs, or NULL when it can. Asked
     * before there is an instance: by what the target file says alone. */
    const char *(*lacks)(struct assay_case *t, unsigned needs);
    /** One honest purchase from, or (case_target(t)->side) by, the target; runs after every attack.
     * It judges with case_judge like a scenario. */
    void (*probe)(struct assay_case *t);
};

void scenario_register(struct scenario *scenario); /**< by SCENARIO(), before main */

const struct profile *profile_at(size_t index);       /**< NULL past the end */
const struct profile *profile_find(const char *name); /**< NULL: unknown */
const struct profile *scenario_profile(const struct scenario *scenario);
const struct profile_rule *profile_rule_find(const struct profile *profile, const char *id);
const struct profile_threat *profile_threat_find(const struct profile *profile, const char *id);
/** Index of a rule set of that name; the number of sets where the profile has no such one. */
size_t profile_rule_set(const struct profile *profile, const char *rules);
/** What the rule weighs in a rule set that the profile has; in another it is only reported. */
enum rule_level profile_level(const struct profile *profile, const struct profile_rule *rule,
                              const char *rules);

/** Scenarios sorted by name; the array lives as long as the program and changes when a pack is
 * loaded. */
const struct scenario *const *registry_scenarios(size_t *count);
const struct scenario *registry_find(const char *name);      /**< full name; NULL: unknown */
size_t scenario_case_count(const struct scenario *scenario); /**< 1 without a table */
const char *scenario_case_name(const struct scenario *scenario,
                               size_t i); /**< "" without a table */
bool scenario_names_defect(const struct scenario *scenario, const char *defect); /**< in .catches */
/** The level of the scenario's rule in that set. */
enum rule_level scenario_level(const struct scenario *scenario, const char *rules);
/** The control it rests on: its own, or the first of its side; NULL for a control. */
const struct scenario *scenario_control(const struct scenario *scenario);
bool scenario_cites_idea(const struct scenario *scenario, const char *idea);

/** Everything that the comment above refuses; the first fault in err. Every verb calls it before it
 * runs anything. */
enum assay_code registry_check(struct assay_err *err) ASSAY_MUST_USE;
/** dlopens a pack. IO: cannot be loaded (the reason of the system); MISMATCH: other ABI number;
 * MISSING: it registered nothing. */
enum assay_code registry_load_pack(const char *path, struct assay_err *err) ASSAY_MUST_USE;

#endif
