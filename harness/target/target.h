/** Target files: what is under test, how it is reached or started, what it supports.
 *
 *  JSON, checked member by member; an error names file, line and member, says what was expected
 *  and what to do. Unknown members are errors. Source: design, section 4; schema:
 *  reports/schema/target.json (for editors), which also says what each member means. Some shapes:
 *  `ready` is a URL, or else the beginning of a line; a secret is a text, {"value": text} or
 *  {"env": variable of ours}, the latter two with "pass_as": variable of the target's; `reset` is
 *  "fresh-store", "none" or {"command": [...]}; `executions` is "origin" or {"counter": member of
 *  the answer's body}.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "base/arena.h"

#define TARGET_LIST_MAX 32

struct target_pair {
    const char *name;
    const char *value;
};

struct target_list {
    const char *items[TARGET_LIST_MAX];
    size_t count;
};

/** A named set of changes to the launch: extra arguments and environment ("rate_limited", "dev").
 */
struct target_variant {
    const char *name;
    struct target_list args;
    struct target_pair env[TARGET_LIST_MAX];
    size_t env_count;
    uint64_t rate_per_second; /**< of limits, under this variant; 0: none */
};

struct target_endpoint {
    const char *name; /**< what the profile calls it: "paid_get", "free", "mcp" … */
    const char *method;
    const char *target;
    const char *price; /**< NULL where the file does not say */
};

struct target_launch {
    /** NULL-free; ${ASSAY} ${PORT} ${STORE} ${WORKDIR} ${RULES} ${ORIGIN} are replaced; an
     *  item "${DEFECTS}" becomes --defect X for each defect switched on */
    struct target_list command;
    struct target_pair env[TARGET_LIST_MAX];
    size_t env_count;
    const char *ready_url; /**< polled until it answers anything; or */
    /** a line of stdout that begins so; a URL in it becomes the base URL */
    const char *ready_line;
    const char *workdir; /**< NULL: a fresh folder for each instance */
    uint64_t ready_ms;   /**< default 10,000 */
};

struct target {
    const char *path; /**< of the file; "(embedded)" for the reference */
    const char *name;
    const char *profile;
    /** "http" is the one this version drives; others are read and refused by run */
    const char *interface;
    const char *rules; /**< "base" or "hardened": the rule set it is judged by */
    struct target_list base_urls;
    bool has_launch;
    struct target_launch launch;
    const char *reset; /**< "command", "fresh-store" or NULL (none) */
    struct target_list reset_command;
    struct target_endpoint endpoints[TARGET_LIST_MAX];
    size_t endpoint_count;
    /** name, value (resolved from the environment where asked) */
    struct target_pair secrets[TARGET_LIST_MAX];
    /** secret name, variable by which a launched target gets it */
    struct target_pair secret_env[TARGET_LIST_MAX];
    size_t secret_count, secret_env_count;
    struct target_list supports;
    const char *executions; /**< "origin", "counter" with counter_member, or NULL */
    const char *counter_member;
    bool clock_movable; /**< default: launched */
    /** files whose growth is measured; see instance_store_paths */
    struct target_list store_paths;
    bool persistent; /**< default true: the target promises to remember across restarts */
    struct target_pair operations[TARGET_LIST_MAX];
    size_t operation_count;
    struct target_pair roles[TARGET_LIST_MAX]; /**< role name, variable that receives its URL */
    size_t role_count;
    struct target_variant variants[8];
    size_t variant_count;
    uint64_t ttl_ms; /**< limits.challenge_ttl_ms: 0 where not said (learnt from a challenge) */
    uint64_t body_max_bytes;     /**< limits.body_bytes; 0: not stated, and not judged */
    uint64_t read_deadline_ms;   /**< limits.read_deadline_ms; 0: not stated, and not judged */
    uint64_t origin_deadline_ms; /**< limits.handler_deadline_ms, default 10,000 */
    uint64_t rate_per_second;    /**< limits.requests_per_second; 0: none */
    uint64_t sweep_ms; /**< limits.sweep_ms: real time until what is over has been removed; 0: not
                          stated */
    uint64_t flood_requests; /**< limits.flood_requests, default 200 */
    const char *repository;
    /** path of an expectations file, resolved against the target file's folder */
    const char *expectations;
};

/** Reads a target file. Everything lives in the arena. */
enum assay_code target_load(struct target *out, struct assay_arena *arena, const char *path,
                            struct assay_err *err) ASSAY_MUST_USE;
/** The embedded reference of a profile: `assay serve`. rules: "base" or "hardened". UNKNOWN: no
 *  such profile. */
enum assay_code target_embedded(struct target *out, struct assay_arena *arena, const char *profile,
                                const char *rules, struct assay_err *err) ASSAY_MUST_USE;
/** Parses JSON text as if it stood in `path`; target_load and target_embedded end here, and tests
 *  begin here. */
enum assay_code target_parse(struct target *out, struct assay_arena *arena, struct assay_bytes text,
                             const char *path, struct assay_err *err) ASSAY_MUST_USE;

/** NULL: none */
const struct target_endpoint *target_endpoint(const struct target *target, const char *name);
const struct target_variant *target_variant(const struct target *target, const char *name);
const char *target_secret(const struct target *target, const char *name);
bool target_supports(const struct target *target, const char *what);
const char *target_role_variable(const struct target *target, const char *role);

#endif
