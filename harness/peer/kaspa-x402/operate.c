/* What an operator of the target does. */
#include "peer/kaspa-x402/peer_internal.h"

#include <stdio.h>

/* In the instance's folder, where a command of the target file can read it. */
static const char *result_file(struct assay_case *t, const char *text)
{
    const char *path = case_printf(t, "%s/result.txt", instance_workdir(case_instance(t)));
    FILE *file = fopen(path, "w");
    bool whole = file != NULL && fputs(text, file) >= 0;

    if (file == NULL || fclose(file) != 0 || !whole)
        case_end(t, VERDICT_BROKEN, "the operator's result cannot be written to %s", path);
    return path;
}

bool kxp_can_recover(struct assay_case *t)
{
    return target_operation(case_target(t), "recover") != NULL &&
           instance_workdir(case_instance(t)) != NULL;
}

void kxp_recover(struct assay_case *t, const struct kxp_payment *payment, const char *text)
{
    const struct target_pair values[] = {{"TXID", payment->transaction_id},
                                         {"STATUS", "200"},
                                         {"RESULT", result_file(t, text)},
                                         {NULL, NULL}};
    const struct operation_result *done = case_operation(t, "recover", values);

    case_judge(t, done->done, GRADE_OBSERVED, "the operation `recover` succeeds",
               "it ended with %d", done->status);
}

/* What it comes to, the next request shows. */
static bool operate(struct assay_case *t, const char *name, const struct kxp_payment *payment)
{
    const struct target_pair values[] = {{"TXID", payment->transaction_id}, {NULL, NULL}};

    if (target_operation(case_target(t), name) == NULL)
        return false;
    (void)case_operation(t, name, values);
    return true;
}

bool kxp_reconcile(struct assay_case *t, const struct kxp_payment *payment)
{
    return operate(t, "reconcile", payment);
}

bool kxp_not_run(struct assay_case *t, const struct kxp_payment *payment)
{
    return operate(t, "not_run", payment);
}
