/** The operation table: what stands behind `assay verify`, the reference adapter and differential
 * runs.
 *
 *  An operation takes a JSON object and gives one. Names are the same everywhere. Source: design,
 * sections 2 and 4.
 */
#ifndef RUN_OPERATIONS_H
#define RUN_OPERATIONS_H

#include "base/err.h"

#include <jansson.h>

enum operation_answer {
    OPERATION_OK,      /**< *result is the result */
    OPERATION_REFUSED, /**< the input is well-formed and breaks a rule: *result {"rule", "reason"}
                        */
    OPERATION_UNSUPPORTED, /**< it cannot be decided here, which is never a pass: *result {"reason"}
                            */
    OPERATION_ERROR, /**< the input is no proper input of the operation: err says where and why */
};

struct operation {
    const char *name; /**< "paid.request_hash" */
    const char
        *in; /**< its members, for help: "method, target, host?, body? (text) or bodyBase64?" */
    const char *out;
    enum operation_answer (*run)(const json_t *in, json_t **result, struct assay_err *err);
};

/** Carries it out. A result that there is no memory for is an error. */
enum operation_answer operation_run(const struct operation *op, const json_t *in, json_t **result,
                                    struct assay_err *err);
/** A text as JSON, where it quotes an input and may be cut: what is no UTF-8 is replaced. */
json_t *operation_words(const char *text);

const struct operation *operation_at(size_t index); /**< NULL past the end */
const struct operation *operation_find(const char *name);

#endif
