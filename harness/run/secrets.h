/** What of a target must not reach the record. */
#ifndef RUN_SECRETS_H
#define RUN_SECRETS_H

#include "record/record.h"
#include "target/target.h"

/** Names to the redactor every secret of the target's file: its `secrets`, what its launch and its
 *  variants put into variables that are called SECRET, TOKEN, PASSWORD and the like, and the
 *  credentials in the headers of its principals and operations, as a whole and in the parts that a
 * log or an answer may hold alone: what stands behind the scheme, the password of a basic one, each
 * cookie's value. Values below 4 bytes are no secrets. NOMEM, TOO_LARGE. */
enum assay_code secrets_add(struct record_redactor *redactor,
                            const struct target *target) ASSAY_MUST_USE;

#endif
