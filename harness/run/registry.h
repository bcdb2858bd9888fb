/** The registry: profiles, and the scenarios that bring themselves into it.
 *
 *  A scenario registers itself before main (or when a pack is loaded). registry_check refuses what
 * could not mean anything: a requirement that names no defect it catches, a rule, threat, defect or
 * control that does not exist, an empty table, two cases of one name.
 */
#ifndef RUN_REGISTRY_H
#define RUN_REGISTRY_H

#include "base/err.h"

#define SCENARIO_ABI 1 /**< of packs: a pack built for another number is refused */
#define SCENARIO_CATCHES_MAX 24

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
    const char *threat;   /**< id; of a control NULL */
    const char *rule;     /**< id; its level comes from the rule set the target is judged by */
    const char *ideas;    /**< ids of attack ideas, separated by spaces; may be NULL */
    const char *rests_on; /**< name of the control it rests on; NULL: the profile's first control */
    const char *catches[SCENARIO_CATCHES_MAX]; /**< defect ids */
    unsigned needs;                            /**< enum scenario_need and the profile's own */
    const char *variant;                       /**< launch variant it needs; NULL: none */
    bool fresh; /**< needs an instance of its own (implied by NEED_CLOCK, NEED_SUPERVISOR, variant)
                 */
    unsigned deadline_ms; /**< of one case; 0: 30,000 and the patience with the target */
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
    enum rule_level level[2]; /**< base, hardened; the same where a profile has one set */
    const char *source;
    const char *sentence;
    const char *remedy;
};

struct profile_threat {
    const char *id;
    const char *asset, *threat, *mitigation, *residual, *severity, *stride, *not_reached;
};

/** An attack idea that no scenario implements, and why. */
struct profile_idea {
    const char *id;
    const char *reason;
};

struct profile {
    const char *name;
    size_t rule_count, threat_count;
    const struct profile_rule *(*rule)(size_t index);
    const struct profile_threat *(*threat)(size_t index);
    const struct profile_idea *ideas_left; /**< ideas without a scenario */
    size_t ideas_left_count;
    const char *const *ideas; /**< every idea of the profile's digest, NULL-terminated */
    const char *first_control;
    /** Why the case's target cannot be asked for the profile's needs, or NULL when it can. */
    const char *(*lacks)(struct assay_case *t, unsigned needs);
    /** One honest purchase; runs after every attack. It judges with case_judge like a scenario. */
    void (*probe)(struct assay_case *t);
};

void scenario_register(struct scenario *scenario); /**< by SCENARIO(), before main */

const struct profile *profile_at(size_t index);       /**< NULL past the end */
const struct profile *profile_find(const char *name); /**< NULL: unknown */
const struct profile *scenario_profile(const struct scenario *scenario);
const struct profile_rule *profile_rule_find(const struct profile *profile, const char *id);
const struct profile_threat *profile_threat_find(const struct profile *profile, const char *id);

/** Scenarios sorted by name; the array lives as long as the program and changes when a pack is
 * loaded. */
const struct scenario *const *registry_scenarios(size_t *count);
const struct scenario *registry_find(const char *name);      /**< full name; NULL: unknown */
size_t scenario_case_count(const struct scenario *scenario); /**< 1 without a table */
const char *scenario_case_name(const struct scenario *scenario,
                               size_t i); /**< "" without a table */
bool scenario_names_defect(const struct scenario *scenario, const char *defect); /**< in .catches */
/** The control it rests on: its own, or the profile's first; NULL for a control. */
const struct scenario *scenario_control(const struct scenario *scenario);
bool scenario_cites_idea(const struct scenario *scenario, const char *idea);

/** Everything that the comment above refuses; the first fault in err. Every verb calls it before it
 * runs anything. */
enum assay_code registry_check(struct assay_err *err) ASSAY_MUST_USE;
/** dlopens a pack. IO: cannot be loaded (the reason of the system); MISMATCH: other ABI number;
 * MISSING: it registered nothing. */
enum assay_code registry_load_pack(const char *path, struct assay_err *err) ASSAY_MUST_USE;

#endif
