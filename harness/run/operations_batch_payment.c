/* The operation batch.payment: every check of a paid batch request, with its result. */
#include "base/hex.h"
#include "kaspa_x402/batch_verify.h"
#include "run/operations_batch.h"
#include "run/operations_checks.h"

/* All that a request is judged with. */
struct judging {
    struct assay_arena arena;
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct kx_batch_payment payment;
    struct exact_request request;
    struct kx_lane lane;
    struct kx_batch_channel channel;
    struct kx_birth birth;
    struct kx_head_sight sight;
    struct kx_batch with;
    struct kx_batch_verdict verdict;
};

static bool has(const json_t *in, const char *member)
{
    return json_object_get(in, member) != NULL;
}

/* Says which member it is within that is wrong. */
static bool wrong_in(const char *member, struct assay_err *err)
{
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member %s", member);
    return false;
}

/* ---- what was sent ---- */

/* The rule that a payment which cannot be read breaks. */
static const char *rule_of(enum kx_local local)
{
    if (local == KX_LOCAL_IDENTIFIER)
        return kx_batch_rules[KX_BATCH_RULE_IDENTIFIER].id;
    if (local == KX_LOCAL_PAYLOAD_TYPE)
        return kx_batch_rules[KX_BATCH_RULE_TYPE].id;
    if (local == KX_LOCAL_SCHEME || local == KX_LOCAL_BINDING)
        return kx_batch_rules[KX_BATCH_RULE_BINDING].id;
    return "http.form";
}

static enum operation_answer payment_in(struct judging *j, const json_t *in, json_t **result,
                                        struct assay_err *err)
{
    enum operation_answer answer =
        exact_in_message(&j->payment_doc, &j->arena, in, "payment", result, err);
    struct assay_err why = {0};
    enum kx_local local;

    if (answer != OPERATION_OK)
        return answer;
    local = kx_batch_payment_read(&j->payment, &j->arena, &j->payment_doc, &why);
    if (local == KX_LOCAL_NONE)
        return OPERATION_OK;
    if (why.code == ASSAY_E_NOMEM)
        return exact_refused_form(result, &why, err);
    return exact_refused(result, rule_of(local), local, why.text);
}

static bool policy_in(struct kx_batch_policy *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"confirmations", "refundLeadDaa", "horizonDaa", NULL};
    const json_t *policy = json_object_get(in, "policy");

    if (policy == NULL)
        return true;
    if (!operation_members(policy, members, err) ||
        (has(policy, "confirmations") &&
         !kaspa_in_u64(&out->confirmations, policy, "confirmations", err)) ||
        (has(policy, "refundLeadDaa") &&
         !kaspa_in_u64(&out->refund_lead_daa, policy, "refundLeadDaa", err)) ||
        (has(policy, "horizonDaa") && !kaspa_in_u64(&out->horizon_daa, policy, "horizonDaa", err)))
        return wrong_in("policy", err);
    if (out->confirmations > 0)
        return true;
    assay_fail(err, ASSAY_E_RANGE, 0, "member policy: member confirmations: 0 are no confirmation");
    return false;
}

/* ---- what the store holds ---- */

/* A channel that cannot be opened is none that a store holds. */
static bool lane_in(struct judging *j, const json_t *channel, struct assay_err *err)
{
    json_t *refused = NULL;
    enum operation_answer answer = batch_in_lane(&j->lane, &j->arena, channel, &refused, err);

    if (answer == OPERATION_REFUSED)
        assay_fail(err, ASSAY_E_MALFORMED, 0, "%s",
                   json_string_value(json_object_get(refused, "reason")));
    json_decref(refused);
    return answer == OPERATION_OK;
}

static bool last_in(struct kx_batch_channel *out, const json_t *last, struct assay_err *err)
{
    static const char *const members[] = {"commitment", "payloadHash", NULL};
    const struct kx_batch_binding *binding;
    uint8_t payload[32];

    if (!operation_members(last, members, err) ||
        !batch_in_bytes(payload, sizeof(payload), last, "payloadHash", err))
        return wrong_in("last", err);
    if (!batch_in_commitment(&out->last, &binding, json_object_get(last, "commitment"), err))
        return wrong_in("last: member commitment", err);
    if (binding->is_fixed)
        out->last.voucher_amount = out->last.after;
    assay_hex_encode(out->last_payload, assay_bytes_of(payload, sizeof(payload)));
    out->has_last = true;
    return true;
}

static bool accounts_in(struct kx_batch_channel *out, const json_t *channel, struct assay_err *err)
{
    out->accounts.funding = out->head.value;
    out->accounts.claimed = out->head.claimed;
    return kaspa_in_u64(&out->accounts.authorized, channel, "authorized", err) &&
           kaspa_in_u64(&out->accounts.charged, channel, "charged", err) &&
           (!out->lane->binding->has_reserve ||
            kaspa_in_u64(&out->accounts.reserve, channel, "reserve", err));
}

static bool channel_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {
        "binding", "channelConfig", "head",     "authorized", "charged",
        "reserve", "active",        "claiming", "last",       NULL};
    const json_t *channel = json_object_get(in, "channel"), *last;
    struct kx_batch_channel *out = &j->channel;

    if (channel == NULL)
        return true;
    out->lane = &j->lane;
    last = json_object_get(channel, "last");
    if (!operation_members(channel, members, err) || !lane_in(j, channel, err) ||
        !batch_in_head(&out->head, channel, j->lane.binding, err) ||
        !accounts_in(out, channel, err) ||
        !operation_flag(&out->is_active, channel, "active", true, err) ||
        !operation_flag(&out->is_claiming, channel, "claiming", false, err) ||
        (last != NULL && !last_in(out, last, err)))
        return wrong_in("channel", err);
    j->with.channel = out;
    return true;
}

/* ---- what the chain says ---- */

static bool coin_in(struct judging *j, const json_t *coin, struct assay_err *err)
{
    static const struct kaspa_json_options strict = {.numbers = false};
    struct assay_json doc;

    j->sight.is_missing = json_is_null(coin);
    if (j->sight.is_missing)
        return true;
    if (coin == NULL)
        assay_fail(err, ASSAY_E_MISSING, 0,
                   "expected the coin at the head, or null: there is none");
    else if (exact_in_value(&doc, &j->arena, coin, err) &&
             kaspa_utxo_parse_value(&j->sight.coin, &j->arena, &doc, 0, &strict, err) == ASSAY_OK)
        return true;
    return wrong_in("coin", err);
}

static bool evidence_in(struct kx_evidence *out, struct assay_arena *arena, const json_t *in,
                        const char *member, struct assay_err *err)
{
    const json_t *evidence = json_object_get(in, member);
    struct assay_json *doc = kaspa_in_room(arena, 1, sizeof *doc, err);

    if (doc != NULL && exact_in_value(doc, arena, evidence, err) &&
        kx_evidence_read(out, arena, doc, 0, err) == KX_LINEAGE_OK)
        return true;
    return wrong_in(member, err);
}

static bool born_in(struct kaspa_output *out, struct assay_arena *arena, const json_t *in,
                    struct assay_err *err)
{
    static const char *const members[] = {"value", "scriptPublicKey", "covenantId",
                                          "authorizingInput", NULL};
    const json_t *output = json_object_get(in, "output");
    uint64_t input = 0;

    out->has_covenant = has(output, "covenantId");
    if (!operation_members(output, members, err) ||
        !kaspa_in_u64(&out->value, output, "value", err) ||
        !kaspa_in_spk(&out->spk, arena, output, "scriptPublicKey", err) ||
        (out->has_covenant &&
         (!kaspa_in_hash(&out->covenant_id, output, "covenantId", err) ||
          !kaspa_in_small(&input, output, "authorizingInput", UINT16_MAX, err))))
        return wrong_in("output", err);
    out->authorizing_input = (uint16_t)input;
    return true;
}

/* What its acceptance is said to be where nothing is said of it is that of the coin. */
static bool birth_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"spent",  "outputs",  "authorized", "outpoint",
                                          "output", "evidence", NULL};
    const json_t *birth = json_object_get(in, "birth");
    struct kx_evidence evidence = j->sight.evidence;
    struct kx_birth *out = &j->birth;

    if (!operation_members(birth, members, err) ||
        !batch_in_outpoint(&out->spent, birth, "spent", err) ||
        !kaspa_in_small(&out->output_count, birth, "outputs", UINT32_MAX, err) ||
        !kaspa_in_small(&out->authorized_count, birth, "authorized", UINT32_MAX, err) ||
        !batch_in_outpoint(&out->outpoint, birth, "outpoint", err) ||
        !born_in(&out->output, &j->arena, birth, err) ||
        (has(birth, "evidence") && !evidence_in(&evidence, &j->arena, birth, "evidence", err)))
        return wrong_in("birth", err);
    out->acceptance = evidence.acceptance;
    j->sight.birth = out;
    return true;
}

static bool sight_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"coin", "evidence", "birth", "daaScore", NULL};
    const json_t *sight = json_object_get(in, "sight");

    if (sight == NULL)
        return true;
    j->sight.has_daa = has(sight, "daaScore");
    j->sight.evidence.txid = j->payment.outpoint.txid; /* of which nothing is known unless told */
    if (!operation_members(sight, members, err) ||
        !coin_in(j, json_object_get(sight, "coin"), err) ||
        (has(sight, "evidence") &&
         !evidence_in(&j->sight.evidence, &j->arena, sight, "evidence", err)) ||
        (has(sight, "birth") && !birth_in(j, sight, err)) ||
        (j->sight.has_daa && !kaspa_in_u64(&j->sight.daa_score, sight, "daaScore", err)))
        return wrong_in("sight", err);
    j->with.sight = &j->sight;
    return true;
}

/* What is known beside the payment. */
static bool context_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    return policy_in(&j->with.policy, in, err) && exact_in_time(&j->with.now_ms, in, "now", err) &&
           operation_flag(&j->with.is_started, in, "started", false, err) &&
           channel_in(j, in, err) && sight_in(j, in, err);
}

/* ---- the result ---- */

static void set_bytes(json_t *object, const char *name, const uint8_t bytes[32])
{
    json_object_set_new(object, name, kaspa_out_hex(assay_bytes_of(bytes, 32)));
}

/* By which the request is known again. */
static void set_names(json_t *all, const struct kx_batch_verdict *v)
{
    enum kaspa_check_result digest = v->checks[KX_BATCH_RULE_DIGEST].result;

    operation_set_text(all, "fingerprint", v->fingerprint);
    operation_set_text(all, "requirementsHash", v->requirements);
    operation_set_text(all, "payloadHash", v->payload);
    operation_set_text(all, "attemptId", v->attempt);
    if (v->lane == NULL)
        return;
    set_bytes(all, "channelId", v->lane->channel_id);
    set_bytes(all, "voucherDigest", v->voucher_digest);
    if (v->lane->binding->is_fixed && (digest == KASPA_CHECK_HELD || digest == KASPA_CHECK_BROKEN))
        set_bytes(all, "presentationDigest", v->presentation_digest);
}

static json_t *verdict_json(const struct kx_batch_verdict *v)
{
    static const char *const paths[] = {[KX_PATH_NONE] = "none",
                                        [KX_PATH_VOUCHER] = "voucher",
                                        [KX_PATH_OPEN] = "open",
                                        [KX_PATH_SAME] = "same",
                                        [KX_PATH_TOP_UP] = "top-up"};
    json_t *all = json_pack("{s:s, s:b, s:b}", "path", paths[v->path], "replay", (int)v->is_replay,
                            "recovery", (int)v->is_recovery);

    set_names(all, v);
    if (v->outcome != KASPA_VALID)
        return all;
    set_bytes(all, "acceptedRequirementsHash", v->commitment.requirements);
    set_bytes(all, "commitmentId", v->commitment_id);
    json_object_set_new(all, "total", kaspa_out_u64(v->accounts.authorized));
    return all;
}

static const char *rule_id(size_t rule)
{
    return kx_batch_rules[rule].id;
}

static enum operation_answer judge(struct judging *j, const json_t *in, json_t **result,
                                   struct assay_err *err)
{
    enum operation_answer answer;

    if (!exact_in_offer(&j->offer, &j->offer_doc, &j->arena, in, err))
        return OPERATION_ERROR;
    if ((answer = payment_in(j, in, result, err)) != OPERATION_OK ||
        (answer = exact_in_request(&j->request, json_object_get(in, "request"), result, err)) !=
            OPERATION_OK)
        return answer;
    j->with = (struct kx_batch){.offer = &j->offer,
                                .payment = &j->payment,
                                .request = &j->request.request,
                                .policy = KX_BATCH_POLICY_INIT,
                                .arena = &j->arena};
    if (!context_in(j, in, err))
        return OPERATION_ERROR;
    kx_batch_verify(&j->verdict, &j->with);
    return operation_judged(result, verdict_json(&j->verdict),
                            &(struct checks_verdict){.outcome = j->verdict.outcome,
                                                     .checks = j->verdict.checks,
                                                     .count = KX_BATCH_RULE__COUNT,
                                                     .first = j->verdict.first,
                                                     .id = rule_id});
}

static enum operation_answer batch_payment(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"required", "payment", "request", "policy", "now",
                                          "channel",  "sight",   "started", NULL};
    enum operation_answer answer = OPERATION_ERROR;
    struct judging j = {.arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES)};

    j.request.arena = &j.arena;
    if (operation_members(in, members, err))
        answer = judge(&j, in, result, err);
    assay_arena_fini(&j.arena);
    return answer;
}

const struct operation operations_batch_payment[] = {
    {"batch.payment",
     "required, payment (each an object or a header's value), request {method?, url, body?, "
     "requestHash?, context?}, now, policy? {confirmations?, refundLeadDaa?, horizonDaa?}, "
     "channel? (that the store holds: channelConfig, binding?, head {outpoint, value, claimed, "
     "covenantId?}, authorized, charged, reserve?, active?, claiming?, last? {commitment (as "
     "commitment.id takes it), payloadHash}), sight? (what the chain says: coin or null, evidence? "
     "(accepted, absent or unknown), birth? {spent, outputs, authorized, outpoint, output {value, "
     "scriptPublicKey, covenantId?, authorizingInput?}, evidence?}, daaScore?), started?",
     "outcome, path, replay, recovery, fingerprint, requirementsHash, payloadHash, attemptId, "
     "channelId, voucherDigest, presentationDigest, acceptedRequirementsHash, commitmentId, total, "
     "checks",
     batch_payment},
    {0},
};
