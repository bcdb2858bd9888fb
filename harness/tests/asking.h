/** Operations as their tests ask them, and what is expected of each of them alike. */
#ifndef TESTS_ASKING_H
#define TESTS_ASKING_H

#include "run/operations.h"

/** There has to be one of that name. The result is the caller's to release. */
enum operation_answer ask(const char *op, const json_t *in, json_t **out, struct assay_err *err);

/** That the member is that text. */
void expect_text(const json_t *object, const char *name, const char *text);
/** That the input is no proper one: no result, and an error of that code whose text has those
 * words. */
void expect_wrong(const char *op, const json_t *in, const char *row, enum assay_code code,
                  const char *says);
/** That "required" and "payment" are understood as headers too; the input is changed. */
void expect_same_by_header(const char *op, json_t *in);
/** That it never refuses what it answers with enough memory, whichever allocation fails. */
void expect_no_refusal_without_memory(const char *op, const json_t *in);

#endif
