/* The operation kaspa.tx: every rule of a transaction, with its result. */
#include "run/operations_kaspa.h"

#include "kaspa/verify.h"

#define REASON_MAX_BYTES 4096

static json_t *explanation(const struct kaspa_verdict *v, enum kaspa_rule_number rule,
                           const struct kaspa_tx *tx)
{
    struct assay_buf text = ASSAY_BUF_INIT(REASON_MAX_BYTES);
    json_t *value;

    kaspa_check_explain(&text, v, rule, tx);
    value = operation_words(assay_buf_cstr(&text));
    assay_buf_fini(&text);
    return value;
}

static json_t *checks_json(const struct kaspa_verdict *v, const struct kaspa_tx *tx)
{
    static const char *const names[] = {"held", "broken", "undecided", "not judged"};
    json_t *array = json_array();

    for (int i = 0; i < KASPA_RULE__COUNT; i++) {
        enum kaspa_check_result result = v->checks[i].result;
        json_t *one = json_pack("{s:s, s:s}", "rule", kaspa_rules[i].id, "result", names[result]);

        if (result == KASPA_CHECK_BROKEN)
            json_object_set_new(one, "error", json_string(kaspa_tx_error_name(v->checks[i].error)));
        if (result != KASPA_CHECK_HELD)
            json_object_set_new(one, "reason", explanation(v, (enum kaspa_rule_number)i, tx));
        json_array_append_new(array, one);
    }
    return array;
}

static json_t *verdict_json(const struct kaspa_verdict *v, const struct kaspa_tx *tx)
{
    json_t *masses = json_pack("{s:o, s:o}", "compute", kaspa_out_u64(v->compute_mass), "transient",
                               kaspa_out_u64(v->transient_mass));
    json_t *all =
        json_pack("{s:s, s:s, s:o, s:o}", "outcome", kaspa_outcome_name(v->outcome), "relay",
                  kaspa_outcome_name(v->relay), "id", kaspa_out_hash(&v->id), "masses", masses);

    if (v->has_storage_mass)
        json_object_set_new(masses, "storage", kaspa_out_u64(v->storage_mass));
    if (v->has_fee)
        json_object_set_new(all, "fee", kaspa_out_u64(v->fee));
    json_object_set_new(all, "relayFee", kaspa_out_u64(v->relay_fee));
    json_object_set_new(all, "checks", checks_json(v, tx));
    return all;
}

/* The first consensus rule with this result; of relay policy alone the outcome tells nothing. */
static enum kaspa_rule_number first_with(const struct kaspa_verdict *v,
                                         enum kaspa_check_result result)
{
    for (int i = 0; i < KASPA_RULE__COUNT; i++)
        if (v->checks[i].result == result && kaspa_rules[i].stage != KASPA_STAGE_RELAY)
            return (enum kaspa_rule_number)i;
    return KASPA_RULE__COUNT;
}

static enum operation_answer answer_of_verdict(json_t **result, const struct kaspa_verdict *v,
                                               const struct kaspa_tx *tx)
{
    enum kaspa_rule_number rule;

    *result = verdict_json(v, tx);
    if (v->outcome == KASPA_VALID)
        return OPERATION_OK;
    rule = first_with(v, v->outcome == KASPA_INVALID ? KASPA_CHECK_BROKEN : KASPA_CHECK_UNDECIDED);
    if (rule == KASPA_RULE__COUNT)
        rule = first_with(v, KASPA_CHECK_NOT_JUDGED);
    if (rule != KASPA_RULE__COUNT) {
        json_object_set_new(*result, "rule", json_string(kaspa_rules[rule].id));
        json_object_set_new(*result, "reason", explanation(v, rule, tx));
    }
    if (v->outcome == KASPA_UNDECIDED)
        return OPERATION_UNSUPPORTED;
    json_object_set_new(*result, "error", json_string(kaspa_tx_error_name(v->error)));
    if (v->script_error != KASPA_SCRIPT_OK)
        json_object_set_new(*result, "script",
                            json_string(kaspa_script_error_name(v->script_error)));
    return OPERATION_REFUSED;
}

static enum operation_answer verify_tx(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"transaction", "utxos", "pov", "fillMass", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_verify with = {.arena = &arena};
    struct kaspa_in k = KASPA_IN_INIT;
    struct kaspa_point_of_view pov;
    struct kaspa_verdict *verdict;

    if (!operation_members(in, members, err) || !kaspa_in_tx(&k, in, err) ||
        (json_object_get(in, "utxos") != NULL && !kaspa_in_utxos(&k, in, true, err)) ||
        (json_object_get(in, "pov") != NULL && !kaspa_in_pov(&pov, in, err)) ||
        !operation_flag(&with.mass_is_filled_in, in, "fillMass", false, err) ||
        (verdict = kaspa_in_room(&k.arena, 1, sizeof *verdict, err)) == NULL)
        goto out;
    with.utxos = k.utxos;
    with.is_missing = k.is_missing;
    with.pov = json_object_get(in, "pov") != NULL ? &pov : NULL;
    kaspa_tx_verify(verdict, &k.tx, &with);
    answer = answer_of_verdict(result, verdict, &k.tx);
out:
    assay_arena_fini(&arena);
    assay_arena_fini(&k.arena);
    return answer;
}

const struct operation operations_kaspa_rules[] = {
    {"kaspa.tx", "transaction, utxos?, pov? {daaScore, pastMedianTime}, fillMass?",
     "outcome, relay, id, masses, fee?, relayFee, checks", verify_tx},
    {0},
};
