/** Target files: what is under test, how it is reached or started, what it supports.
 *
 *  JSON, checked member by member; an error names file, line and member, says what was expected
 *  and what to do. Unknown members are errors. Source: design, section 4; schema:
 *  reports/schema/target.json (for editors), which also says what each member means. Some shapes:
 *  `ready` is a URL, or else the beginning of a line; a secret is a text, {"value": text} or
 *  {"env": variable of ours}, the latter two with "pass_as": variable of the target's; `reset` is
 *  "fresh-store", "none" or {"command": [...]}; a role is the variable that receives its URL, or
 * {"variable": that, "listen": "127.0.0.1:PORT"}; an operation is {"command": [...]} or {"url",
 * "method", "headers"}.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "base/arena.h"

#define TARGET_LIST_MAX 64
#define TARGET_FEW_MAX 16

/** What a target is in the exchange of money for a response. */
enum target_side { SIDE_SERVER, SIDE_CLIENT, SIDE_LIBRARY, SIDE_FACILITATOR, SIDE__COUNT };
/** "server", "client", "library", "facilitator" */
const char *target_side_name(enum target_side side);

/* X(role, the placeholder that stands for its URL): what Assay can play for a target. */
#define TARGET_ROLES(X)                                                                            \
    X("origin", "ORIGIN")                                                                          \
    X("node", "NODE")                                                                              \
    X("node-rest", "NODE_REST")                                                                    \
    X("wallet", "WALLET")                                                                          \
    X("facilitator", "FACILITATOR")                                                                \
    X("head", "HEAD") /* the outpoint of an additive head on the simulated chain */
#define TARGET_ROLES_COUNT 6

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
    /** NULL-free; ${ASSAY} ${PORT} ${STORE} ${WORKDIR} ${RULES} and the roles' ${ORIGIN} ${NODE} …
     *  are replaced, of a client also ${URL} and ${POLICY}; an item "${DEFECTS}" becomes --defect X
     *  for each defect switched on */
    struct target_list command;
    struct target_pair env[TARGET_LIST_MAX];
    size_t env_count;
    const char *ready_url; /**< polled until it answers anything; or */
    /** a line of stdout that begins so; a URL in it becomes the base URL */
    const char *ready_line;
    const char *workdir; /**< NULL: a fresh folder for each instance */
    uint64_t ready_ms;   /**< default 10,000 */
};

/** How a role meets the target: by a variable that receives its URL, at a place of the target
 *  file's choice (for a server that is running already), or both. */
struct target_role {
    const char *name;
    const char *variable; /**< NULL: none */
    const char *listen;   /**< "127.0.0.1:18210", a port of loopback; NULL: any */
};

/** What its operator can do: a command that is run, or a request to `url` (absolute, or a path of
 *  the target). Placeholders as in a launch, and ${URL} (its base URL) ${TXID} ${RESULT} ${STATUS}
 *  ${CHANNEL}.
 */
struct target_operation {
    const char *name;           /**< "recover" */
    struct target_list command; /**< empty: a request */
    const char *url, *method;
    struct target_pair headers[TARGET_FEW_MAX];
    size_t header_count;
};

/** One of several callers that the target tells apart, by headers of its requests. In the file the
 *  headers alone, or {"headers", "principal", "tenant", "scopes"}: who the target itself takes it
 *  for, where payments are bound to that. */
struct target_principal {
    const char *name; /**< by which scenarios ask for it */
    struct target_pair headers[TARGET_FEW_MAX];
    size_t header_count;
    const char *principal; /**< default: the name */
    const char *tenant;    /**< NULL: none */
    struct target_list scopes;
};

struct target {
    const char *path; /**< of the file; "(embedded)" for the reference */
    const char *name;
    const char *profile;
    /** "http", "command" and "adapter" are those this version drives; others are read and refused
     *  by run. A "command" is a program that is run once for each purchase (target/client_run.h),
     *  an "adapter" one that answers questions about a library (target/adapter.h) */
    const char *interface;
    enum target_side side; /**< default: by the interface */
    const char *rules;     /**< the rule set it is judged by; default "base" */
    struct target_list base_urls;
    /** "http://shop.example": what clients call it, where that is not how it is reached; NULL: the
     * base URL */
    const char *public_url;
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
    const char *executions; /**< "origin", or NULL */
    bool clock_movable;     /**< default: launched */
    /** files whose growth is measured; see instance_store_paths */
    struct target_list store_paths;
    bool persistent; /**< default true: the target promises to remember across restarts */
    struct target_operation operations[TARGET_FEW_MAX];
    size_t operation_count;
    struct target_principal principals[TARGET_FEW_MAX];
    size_t principal_count;
    struct target_role roles[TARGET_ROLES_COUNT];
    size_t role_count;
    struct target_variant variants[TARGET_FEW_MAX];
    size_t variant_count;
    uint64_t ttl_ms; /**< limits.challenge_ttl_ms: 0 where not said (learnt from a challenge) */
    uint64_t body_max_bytes;     /**< limits.body_bytes; 0: not stated, and not judged */
    uint64_t read_deadline_ms;   /**< limits.read_deadline_ms; 0: not stated, and not judged */
    uint64_t origin_deadline_ms; /**< limits.handler_deadline_ms, default 10,000 */
    uint64_t rate_per_second;    /**< limits.requests_per_second; 0: none */
    uint64_t sweep_ms; /**< limits.sweep_ms: real time until what is over has been removed; 0: not
                          stated */
    uint64_t flood_requests; /**< limits.flood_requests, default 200 */
    /* 0 in each of these: not stated, and not judged. */
    uint64_t accept_wait_ms;      /**< limits.accept_wait_ms: how long it waits for acceptance */
    uint64_t poll_ms;             /**< limits.poll_ms: how often it looks at the node */
    uint64_t adapter_deadline_ms; /**< limits.adapter_deadline_ms: for one answer of a role */
    uint64_t concurrency;         /**< limits.concurrency: requests in work at once */
    uint64_t caller_quota;        /**< limits.caller_quota: of these, for one principal */
    const char *repository;
    /** path of an expectations file, resolved against the target file's folder */
    const char *expectations;
};

/** Reads a target file. Everything lives in the arena. */
enum assay_code target_load(struct target *out, struct assay_arena *arena, const char *path,
                            struct assay_err *err) ASSAY_MUST_USE;
/** The embedded reference of a profile: this program itself, serving or paying. UNKNOWN: there is
 *  none for that profile, side and rule set. */
enum assay_code target_embedded(struct target *out, struct assay_arena *arena, const char *profile,
                                enum target_side side, const char *rules,
                                struct assay_err *err) ASSAY_MUST_USE;
bool target_has_embedded(const char *profile, enum target_side side);
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
/** "127.0.0.1:PORT" where the target file says so; NULL: wherever. */
const char *target_role_listen(const struct target *target, const char *role);
/** That port; 0: any. */
uint16_t target_role_port(const struct target *target, const char *role);
/** Whether it looks for one of them at such a place, which can be taken once. */
bool target_has_fixed_role(const struct target *target);
/** Whether the target can meet that role: it is told its URL, or expects it at a port. */
bool target_meets_role(const struct target *target, const char *role);
const struct target_operation *target_operation(const struct target *target, const char *name);
const struct target_principal *target_principal(const struct target *target, const char *name);
/** Whether it is a program that is run once for each purchase. */
bool target_is_command(const struct target *target);
/** Whether it is a library behind an adapter. */
bool target_is_adapter(const struct target *target);

#endif
