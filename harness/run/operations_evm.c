/* The operation evm.authorization: a payment by EIP-3009, judged by every rule that needs no chain.
 */
#include "run/operations_checks.h"
#include "run/operations_exact.h"
#include "x402/exact_evm.h"

static const char *rule_id(size_t rule)
{
    return x402_evm_rules[rule].id;
}

static const char *wire_of(size_t rule)
{
    return x402_evm_rules[rule].reason;
}

struct judging {
    struct assay_arena arena;
    struct assay_json offer, payment;
    struct x402_terms terms;
    struct x402_evm with;
    struct x402_evm_verdict verdict;
};

static void check_of(struct kx_check *out, const struct x402_evm_check *check)
{
    switch (check->result) {
    case X402_EVM_HELD:
        *out = (struct kx_check){.result = KASPA_CHECK_HELD};
        break;
    case X402_EVM_BROKEN:
        kx_check_set_broken(out, KX_LOCAL_NONE, "%s", check->why);
        break;
    case X402_EVM_OPEN:
        kx_check_set_not_judged(out, check->why);
        break;
    }
}

static json_t *told(const struct x402_evm_verdict *v)
{
    json_t *all = json_object();
    char payer[EVM_ADDRESS_TEXT_BYTES];

    if (v->has_payload) {
        evm_address_text(payer, &v->payload.transfer.from);
        json_object_set_new(all, "payer", json_string(payer));
    }
    if (v->has_digest)
        json_object_set_new(all, "digest",
                            kaspa_out_hex(assay_bytes_of(v->digest, sizeof(v->digest))));
    return all;
}

static enum operation_answer answer_of(const struct x402_evm_verdict *v, json_t **result)
{
    static const enum kaspa_outcome outcomes[] = {[X402_EVM_VALID] = KASPA_VALID,
                                                  [X402_EVM_INVALID] = KASPA_INVALID,
                                                  [X402_EVM_UNDECIDED] = KASPA_UNDECIDED};
    struct kx_check checks[X402_EVM__COUNT];

    for (size_t rule = 0; rule < X402_EVM__COUNT; rule++)
        check_of(&checks[rule], &v->checks[rule]);
    return operation_judged(result, told(v),
                            &(struct checks_verdict){.outcome = outcomes[v->outcome],
                                                     .checks = checks,
                                                     .count = X402_EVM__COUNT,
                                                     .first = v->first,
                                                     .id = rule_id,
                                                     .wire = wire_of});
}

/* What the server asks for itself is an input of the operation; only its rules are judged. */
static bool terms_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    const json_t *value = json_object_get(in, "requirements");

    if (value == NULL)
        assay_fail(err, ASSAY_E_MISSING, 0, "member requirements: expected an offer");
    else if (exact_in_value(&j->offer, &j->arena, value, err) &&
             x402_terms_read(&j->terms, &j->arena, &j->offer, 0, err) == X402_FAULT_NONE)
        return true;
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "evm.authorization");
    return false;
}

static enum operation_answer judge(struct judging *j, const json_t *in, json_t **result,
                                   struct assay_err *err)
{
    enum operation_answer answer;

    if (!terms_in(j, in, err))
        return OPERATION_ERROR;
    answer = exact_in_message(&j->payment, &j->arena, in, "payload", result, err);
    if (answer != OPERATION_OK)
        return answer;
    j->with = (struct x402_evm){
        .offer = &j->offer, .terms = &j->terms, .payment = &j->payment, .arena = &j->arena};
    if (!exact_in_time(&j->with.now_ms, in, "now", err))
        return OPERATION_ERROR;
    x402_evm_verify(&j->verdict, &j->with);
    return answer_of(&j->verdict, result);
}

static enum operation_answer authorization(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"requirements", "payload", "now", NULL};
    struct judging j = {.arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES)};
    enum operation_answer answer = OPERATION_ERROR;

    if (operation_members(in, members, err))
        answer = judge(&j, in, result, err);
    assay_arena_fini(&j.arena);
    return answer;
}

const struct operation operations_evm[] = {
    {"evm.authorization", "requirements (an offer), payload {signature, authorization}, now",
     "outcome, payer, digest, checks", authorization},
    {0},
};
