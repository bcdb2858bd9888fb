/** Runs of any command of a target, for the files of this folder alone. */
#ifndef TARGET_CLIENT_RUN_INTERNAL_H
#define TARGET_CLIENT_RUN_INTERNAL_H

#include "target/client_run.h"
#include "target/instance_internal.h"

/** Starts that program of the instance (its mark and values are filled in here). */
enum assay_code client_run_of(struct client_run **out, struct instance *instance,
                              const struct instance_program *program,
                              const struct target_pair *values,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
