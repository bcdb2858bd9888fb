/** Command lines and environments of a launch: placeholders replaced, variants, roles and secrets
 *  put in. */
#ifndef TARGET_COMMAND_H
#define TARGET_COMMAND_H

#include "target/target.h"

#define COMMAND_VALUES_MAX 24

/** What stands for each placeholder: "STORE" for ${STORE}. */
struct command_values {
    struct target_pair at[COMMAND_VALUES_MAX]; /**< a NULL name behind the last */
    size_t count;
    const char *const *defects; /**< NULL-terminated; NULL: none */
};

/** Sets or replaces one; value NULL: there is none. Both are borrowed. There is room for every
 *  placeholder that a target file may name. */
void command_value_set(struct command_values *values, const char *name, const char *value);
/** NULL: there is none. */
const char *command_value(const struct command_values *values, const char *name);
/** A role and the placeholder of its URL. */
struct command_role {
    const char *role;        /**< "node" */
    const char *placeholder; /**< "NODE" */
    const char *mark;        /**< as it stands in texts: "${NODE}" */
};
extern const struct command_role command_roles[TARGET_ROLES_COUNT];

/** `text` with every placeholder replaced; NULL: out of memory, or a placeholder without a value.
 */
const char *command_text(struct assay_arena *arena, const char *text,
                         const struct command_values *values);
/** Whether it names the placeholder of a role that has no value: that role is not played. */
bool command_names_absent_role(const char *text, const struct command_values *values);
/** An argv of both lists. Where the placeholder of a role has no value, the item that names it is
 *  dropped, with the option before it (an item that begins with '-') unless it is one itself. An
 * item "${DEFECTS}" becomes --defect X for each. NOMEM; MISSING: another placeholder has no value.
 */
enum assay_code command_fill(const char *const **argv, struct assay_arena *arena,
                             const struct target_list *command, const struct target_list *more,
                             const struct command_values *values,
                             struct assay_err *err) ASSAY_MUST_USE;

/** An environment under construction: NAME=value texts, a later one of a name in the place of the
 *  earlier. */
struct environment {
    const char **at; /**< NULL-terminated after each call */
    size_t count, room;
    struct assay_arena *arena;
    bool failed; /**< out of memory: checked once, at the end */
};

/** Starts from this process's own environment. */
void environment_init(struct environment *env, struct assay_arena *arena);
void environment_set(struct environment *env, const char *name, const char *value);
/** Puts NAME=value behind the value that is there already, with a colon, unless it is our own. */
void environment_join(struct environment *env, const char *pair);

#endif
