/* The operation exact.payment: every check of an exact payment, with its result. */
#include "run/operations_exact.h"
#include "run/operations_checks.h"

#include "kaspa/safejson.h"

/* All that a payment is judged with. */
struct judging {
    struct assay_arena arena;
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct kx_payment payment;
    struct exact_request request;
    struct kaspa_in k;
    struct kaspa_point_of_view pov;
    struct kx_head head;
    struct kx_chain_evidence evidence;
    struct kx_exact with;
    struct kx_exact_verdict verdict;
};

static bool has(const json_t *in, const char *member)
{
    return json_object_get(in, member) != NULL;
}

/* ---- the input ---- */

static bool policy_in(struct kx_exact_policy *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"feeMax", "thresholdMin", "finality", "confirmations",
                                          NULL};
    const json_t *policy = json_object_get(in, "policy");

    if (policy == NULL)
        return true;
    if (operation_members(policy, members, err) &&
        (!has(policy, "feeMax") || kaspa_in_u64(&out->fee_max, policy, "feeMax", err)) &&
        (!has(policy, "thresholdMin") ||
         kaspa_in_u64(&out->threshold_min, policy, "thresholdMin", err)) &&
        (!has(policy, "finality") || exact_in_finality(&out->finality, policy, "finality", err)) &&
        (!has(policy, "confirmations") ||
         kaspa_in_u64(&out->confirmations, policy, "confirmations", err)))
        return true;
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member policy");
    return false;
}

/* Under the names that the terms have for it. */
static bool head_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {
        "headId",     "headVersion",         "expectedHeadOutpoint",
        "headAmount", "headScriptPublicKey", "headRedeemScript",
        NULL};
    static const char *const outpoint_members[] = {"txid", "index", NULL};
    const json_t *head = json_object_get(in, "head");
    const json_t *outpoint = json_object_get(head, "expectedHeadOutpoint");
    struct kaspa_hash id;
    uint64_t index;

    if (!operation_members(head, members, err) || !kaspa_in_hash(&id, head, "headId", err) ||
        !kaspa_in_u64(&j->head.version, head, "headVersion", err) ||
        !kaspa_in_u64(&j->head.amount, head, "headAmount", err) ||
        !kaspa_in_hex(&j->head.spk, &j->arena, head, "headScriptPublicKey", err) ||
        !kaspa_in_hex(&j->head.redeem, &j->arena, head, "headRedeemScript", err) ||
        !operation_members(outpoint, outpoint_members, err) ||
        !kaspa_in_hash(&j->head.outpoint.txid, outpoint, "txid", err) ||
        !kaspa_in_small(&index, outpoint, "index", UINT32_MAX, err)) {
        (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member head");
        return false;
    }
    memcpy(j->head.id, id.at, sizeof(j->head.id));
    j->head.outpoint.index = (uint32_t)index;
    j->with.head = &j->head;
    return true;
}

/* Coins are one an input, so that the transaction is read for their number; where it cannot be
 * read there is nothing that they could be compared with. */
static bool utxos_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct assay_bytes text = j->payment.transaction;
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = kaspa_in_room(&j->arena, room, sizeof *tokens, err);
    struct assay_json doc;

    if (tokens == NULL)
        return false;
    if (assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) !=
            ASSAY_OK ||
        kaspa_tx_parse_value(&j->k.tx, NULL, &j->k.arena, &doc, 0, &options, NULL) != ASSAY_OK)
        return true;
    if (!kaspa_in_utxos(&j->k, in, true, err))
        return false;
    j->with.utxos = j->k.utxos;
    j->with.is_missing = j->k.is_missing;
    return true;
}

static bool pov_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    if (!kaspa_in_pov(&j->pov, in, err))
        return false;
    j->with.pov = &j->pov;
    return true;
}

static bool evidence_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    if (!exact_in_evidence(&j->evidence, in, err))
        return false;
    j->with.evidence = &j->evidence;
    return true;
}

/* What is known beside the payment. */
static bool context_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    return policy_in(&j->with.policy, in, err) && exact_in_time(&j->with.now_ms, in, "now", err) &&
           operation_flag(&j->with.is_claimed, in, "claimed", false, err) &&
           (!has(in, "utxos") || utxos_in(j, in, err)) && (!has(in, "pov") || pov_in(j, in, err)) &&
           (!has(in, "head") || head_in(j, in, err)) &&
           (!has(in, "evidence") || evidence_in(j, in, err));
}

/* ---- the result ---- */

/* By which a payment is known again. */
static void set_names(json_t *object, const struct kx_exact_verdict *v,
                      const struct kx_payment *payment)
{
    char identity[X402_HASH_TEXT_BYTES], hash[X402_HASH_TEXT_BYTES];
    bool has_identity = kx_transaction_identity(identity, payment->transaction) == ASSAY_OK;

    if (has_identity && v->requirements_hash[0] != '\0' &&
        kx_payload_hash(hash, payment, v->requirements_hash, identity) == ASSAY_OK)
        operation_set_text(object, "payloadHash", hash);
    if (has_identity)
        operation_set_text(object, "identity", identity);
    if (kx_authorization_id(hash, &payment->authorization) == ASSAY_OK)
        operation_set_text(object, "authorizationId", hash);
}

static json_t *verdict_json(const struct kx_exact_verdict *v, const struct kx_payment *payment)
{
    json_t *all = json_object();

    operation_set_text(all, "transactionId", v->transaction_id);
    operation_set_text(all, "fingerprint", v->fingerprint);
    operation_set_text(all, "requirementsHash", v->requirements_hash);
    set_names(all, v, payment);
    if (v->checks[KX_EXACT_FEE].result == KASPA_CHECK_HELD)
        json_object_set_new(all, "fee", kaspa_out_u64(v->fee));
    if (v->checks[KX_EXACT_AUTHORIZATION].result == KASPA_CHECK_HELD)
        json_object_set_new(all, "payer",
                            kaspa_out_hex(assay_bytes_of(v->payer, sizeof(v->payer))));
    return all;
}

static const char *rule_id(size_t rule)
{
    return kx_exact_rules[rule].id;
}

static enum operation_answer judge(struct judging *j, const json_t *in, json_t **result,
                                   struct assay_err *err)
{
    enum operation_answer answer;

    if (!exact_in_offer(&j->offer, &j->offer_doc, &j->arena, in, err))
        return OPERATION_ERROR;
    if ((answer = exact_in_payment(&j->payment, &j->payment_doc, &j->arena, in, result, err)) !=
            OPERATION_OK ||
        (answer = exact_in_request(&j->request, json_object_get(in, "request"), result, err)) !=
            OPERATION_OK)
        return answer;
    j->with = (struct kx_exact){.offer = &j->offer,
                                .payment = &j->payment,
                                .request = &j->request.request,
                                .policy = KX_EXACT_POLICY_INIT,
                                .arena = &j->arena};
    if (!context_in(j, in, err))
        return OPERATION_ERROR;
    kx_exact_verify(&j->verdict, &j->with);
    return operation_judged(result, verdict_json(&j->verdict, &j->payment),
                            &(struct checks_verdict){.outcome = j->verdict.outcome,
                                                     .checks = j->verdict.checks,
                                                     .count = KX_EXACT__COUNT,
                                                     .first = j->verdict.first,
                                                     .id = rule_id});
}

static enum operation_answer exact_payment(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"required", "payment", "request", "policy",
                                          "now",      "utxos",   "pov",     "head",
                                          "evidence", "claimed", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct judging j = {.arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES), .k = KASPA_IN_INIT};

    j.request.arena = &j.arena;
    if (operation_members(in, members, err))
        answer = judge(&j, in, result, err);
    assay_arena_fini(&j.k.arena);
    assay_arena_fini(&j.arena);
    return answer;
}

const struct operation operations_exact[] = {
    {"exact.payment",
     "required, payment (each an object or a header's value), request {method?, url, body?, "
     "requestHash?, context?}, now, policy? {feeMax?, thresholdMin?, finality?, confirmations?}, "
     "utxos? (null: not there), pov?, head?, evidence? {status, transactionId?, confirmations?}, "
     "claimed?",
     "outcome, transactionId, fingerprint, requirementsHash, payloadHash, identity, "
     "authorizationId, fee, payer, checks",
     exact_payment},
    {0},
};
