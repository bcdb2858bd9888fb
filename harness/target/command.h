/** Command lines and environments of a launch: placeholders replaced, variants, roles and secrets
 *  put in. */
#ifndef TARGET_COMMAND_H
#define TARGET_COMMAND_H

#include "target/target.h"

/** What stands for each placeholder; NULL: there is none (see command_fill). */
struct command_values {
    const char *assay, *port, *store, *workdir, *rules, *origin;
    const char *const *defects; /**< NULL-terminated; NULL: none */
};

/** `text` with every placeholder replaced; NULL: out of memory, or a placeholder without a value.
 */
const char *command_text(struct assay_arena *arena, const char *text,
                         const struct command_values *values);
/** An argv of both lists. Where ${ORIGIN} has no value, the item that names it is dropped, with the
 *  option before it (an item that begins with '-') unless it is one itself. An item "${DEFECTS}"
 *  becomes --defect X for each. NOMEM; MISSING: another placeholder has no value. */
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
