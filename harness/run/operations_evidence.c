/* The operation evidence.bundle: a bundle of live evidence, judged. It needs no key and reaches
 * nothing but its input. */
#include "kaspa_x402/evidence.h"
#include "run/operations_kaspa.h"

#include <stdlib.h>

static bool policy_in(struct kx_bundle_policy *out, const json_t *in, struct assay_err *err)
{
    if ((json_object_get(in, "confirmations") != NULL &&
         !kaspa_in_u64(&out->confirmations, in, "confirmations", err)) ||
        (json_object_get(in, "feeMax") != NULL && !kaspa_in_u64(&out->fee_max, in, "feeMax", err)))
        return false;
    if (out->confirmations > 0)
        return true;
    assay_fail(err, ASSAY_E_RANGE, 0, "member confirmations: 0 are no confirmation");
    return false;
}

static enum operation_answer judge(const json_t *bundle, const struct kx_bundle_policy *policy,
                                   json_t **result, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
    char *text = json_is_string(bundle) ? NULL : json_dumps(bundle, JSON_COMPACT);
    const char *document = text != NULL ? text : json_string_value(bundle);
    enum operation_answer answer = OPERATION_ERROR;
    struct kx_bundle_summary summary;
    struct assay_err why = {0};
    enum kx_bundle_rule rule = kx_bundle_judge(&summary, &arena, assay_str(document), policy, &why);

    if (rule == KX_BUNDLE_OK) {
        *result =
            json_pack("{s:s, s:I, s:I}", "statement", summary.statement, "sources",
                      (json_int_t)summary.sources, "broadcasts", (json_int_t)summary.broadcasts);
        answer = OPERATION_OK;
    } else if (why.code == ASSAY_E_NOMEM) {
        assay_fail(err, why.code, 0, "out of memory");
    } else {
        answer = operation_refused(result, kx_bundle_rules[rule].id, why.text);
    }
    free(text);
    assay_arena_fini(&arena);
    return answer;
}

/* The bundle alone, as its file is, or with how it is to be judged. */
static enum operation_answer evidence_bundle(const json_t *in, json_t **result,
                                             struct assay_err *err)
{
    static const char *const members[] = {"bundle", "confirmations", "feeMax", NULL};
    struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    const json_t *bundle = json_object_get(in, "bundle");

    if (bundle == NULL)
        return judge(in, &policy, result, err);
    if (!operation_members(in, members, err) || !policy_in(&policy, in, err))
        return OPERATION_ERROR;
    if (!json_is_object(bundle) && !json_is_string(bundle)) {
        assay_fail(err, ASSAY_E_TYPE, 0, "member bundle: expected an object, or its text");
        return OPERATION_ERROR;
    }
    return judge(bundle, &policy, result, err);
}

const struct operation operations_evidence[] = {
    {"evidence.bundle",
     "a bundle (docs/evidence-bundle.md), or bundle (or its text), confirmations?, feeMax?",
     "statement, sources, broadcasts", evidence_bundle},
    {0},
};
