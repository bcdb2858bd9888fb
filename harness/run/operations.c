/* The operation table: the groups of all profiles, one after the other. */
#include "run/operations_internal.h"

#include "base/utf8.h"

static const struct operation *const groups[] = {
    operations_paid,     operations_kaspa_rules, operations_kaspa_tx,    operations_kaspa_data,
    operations_exact,    operations_exact_parts, operations_x402,        operations_evm,
    operations_batch,    operations_batch_tx,    operations_batch_build, operations_batch_payment,
    operations_evidence, operations_behaviour};

const struct operation *operation_at(size_t index)
{
    for (size_t g = 0; g < ARRAY_LEN(groups); g++)
        for (const struct operation *op = groups[g]; op->name != NULL; op++)
            if (index-- == 0)
                return op;
    return NULL;
}

const struct operation *operation_find(const char *name)
{
    const struct operation *op;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++)
        if (strcmp(op->name, name) == 0)
            return op;
    return NULL;
}

json_t *operation_words(const char *text)
{
    struct assay_buf clean = ASSAY_BUF_INIT(4 * ASSAY_ERR_TEXT_MAX_BYTES);
    json_t *value;

    assay_utf8_add_replaced(&clean, assay_str(text));
    value = json_string(assay_buf_ok(&clean) ? assay_buf_cstr(&clean) : "");
    assay_buf_fini(&clean);
    return value;
}

enum operation_answer operation_run(const struct operation *op, const json_t *in, json_t **result,
                                    struct assay_err *err)
{
    enum operation_answer answer;

    *result = NULL;
    answer = op->run(in, result, err);
    if (answer == OPERATION_ERROR || *result != NULL)
        return answer;
    assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return OPERATION_ERROR;
}
