/** What the two halves of an instance share: its life (instance.c) and its launch
 * (instance_launch.c).
 */
#ifndef TARGET_INSTANCE_INTERNAL_H
#define TARGET_INSTANCE_INTERNAL_H

#include "fault/tree.h"
#include "target/adapter.h"
#include "target/capture.h"
#include "target/command.h"
#include "target/instance.h"
#include "target/process_end.h"
#include "target/spawn.h"

#define INSTANCE_MARK                                                                              \
    "ASSAY_INSTANCE" /**< the variable that marks every process of an instance                     \
                      */

#define INSTANCE_RUN_MARK                                                                          \
    "ASSAY_CLIENT_RUN" /**< and those of one run of a command                                      \
                        */

struct instance {
    const struct target *target;
    struct assay_arena *arena;
    struct instance_options options; /* deep copies */
    const struct target_variant *variant;
    const char *folder;     /* the fresh one, or NULL */
    const char *own_folder; /* launch.workdir, or NULL */
    struct command_values values;
    struct target_list store_paths;
    struct process_tree tree;
    pid_t pid; /* 0: not running */
    int pidfd; /* -1 then */
    bool has_clock;
    struct fault_clock clock;
    struct supervisor *supervisor;
    struct capture *capture;
    struct adapter *adapter; /* of a library, else NULL */
    const char *url;
    struct http_peer peer;
};

/** Gives a tree of processes a marker of that name that no other has. IO. */
enum assay_code instance_mark(struct process_tree *tree, const char *name,
                              struct assay_err *err) ASSAY_MUST_USE;
const char *instance_keep(struct instance *i, const char *text); /**< a copy; NULL of NULL */
/** The values of the placeholders but ${PORT}; where it has a folder, of ${STORE} and ${WORKDIR}
 * and the store paths, too. */
enum assay_code instance_fill_values(struct instance *i, struct assay_err *err) ASSAY_MUST_USE;

/** A command of the target, as it is run in the instance's folder with its environment. */
struct instance_program {
    const struct target_list *command, *more; /**< more: behind it, or NULL */
    const struct command_values *values;
    const char *mark;              /**< of a run, "ASSAY_CLIENT_RUN=…"; or NULL */
    struct supervisor *supervisor; /**< or NULL */
    const char *const *argv;       /**< out: what was run, in the instance's arena */
};

/** Starts it, its output going to `capture` (NULL: nowhere). */
enum assay_code instance_run(struct instance *i, struct instance_program *program,
                             struct capture *capture, pid_t *pid, int *pidfd,
                             struct assay_err *err) ASSAY_MUST_USE;
/** The same of a library: its adapter says hello within launch.ready_ms. */
enum assay_code instance_start_adapter(struct instance *i, struct assay_err *err) ASSAY_MUST_USE;
/** Starts the target and waits until it is ready; on failure what was started is still there. */
enum assay_code instance_launch(struct instance *i, struct assay_err *err) ASSAY_MUST_USE;

/** Puts the target's public name into the peer, whose URL is known. */
void instance_name_peer(struct instance *i);

#endif
