/** The readers of a target file's members, shared by the files target*.c alone (target/members.h).
 */
#ifndef TARGET_TARGET_INTERNAL_H
#define TARGET_TARGET_INTERNAL_H

#include "target/members.h"
#include "target/target.h"

#define FIELD(type, member) offsetof(struct type, member)

/* Of texts (target_list). */
members_reader target_read_list;      /**< any */
members_reader target_read_command;   /**< a program and its arguments, with placeholders */
members_reader target_read_arguments; /**< arguments, with placeholders */
/** Headers of a request, at most TARGET_FEW_MAX, with placeholders. */
enum assay_code target_read_headers(struct members *m, uint32_t token, struct target_pair *at,
                                    size_t *count) ASSAY_MUST_USE;
members_reader target_read_method; /**< of a request, in capitals */
/** UNKNOWN: it names a placeholder that there is not. */
enum assay_code target_check_placeholders(struct members *m, uint32_t token,
                                          const char *text) ASSAY_MUST_USE;

/* Of the target as a whole (struct target). */
members_reader target_read_launch;
members_reader target_read_variants;
members_reader target_read_reset;
members_reader target_read_operations;
members_reader target_read_endpoints;
members_reader target_read_secrets;
members_reader target_read_principals;
members_reader target_read_executions;
members_reader target_read_store;
members_reader target_read_roles;
members_reader target_read_limits;

#endif
