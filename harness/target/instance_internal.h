/** What the two halves of an instance share: its life (instance.c) and its launch
 * (instance_launch.c).
 */
#ifndef TARGET_INSTANCE_INTERNAL_H
#define TARGET_INSTANCE_INTERNAL_H

#include "fault/tree.h"
#include "target/capture.h"
#include "target/command.h"
#include "target/instance.h"
#include "target/spawn.h"

#define INSTANCE_MARK                                                                              \
    "ASSAY_INSTANCE" /**< the variable that marks every process of an instance                     \
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
    const char *url;
    struct http_peer peer;
};

const char *instance_keep(struct instance *i, const char *text); /**< a copy; NULL of NULL */
/** The values of the placeholders but ${PORT}, and the store paths. */
enum assay_code instance_fill_values(struct instance *i, struct assay_err *err) ASSAY_MUST_USE;
/** Starts a command of the target in its folder, with its environment. Descriptors as in spawn. */
enum assay_code instance_run(struct instance *i, const struct target_list *command,
                             const struct target_list *more, struct spawn what, pid_t *pid,
                             int *pidfd, struct assay_err *err) ASSAY_MUST_USE;
/** Starts the target and waits until it is ready; on failure what was started is still there. */
enum assay_code instance_launch(struct instance *i, struct assay_err *err) ASSAY_MUST_USE;

#endif
