/* The operations on a channel's transactions: genesis, claim, top-up, refund, each judged by every
 * rule of its kind. */
#include "kaspa_x402/batch_tx.h"
#include "run/operations_batch.h"
#include "run/operations_checks.h"

static const char *rule_id(size_t rule)
{
    return kx_batch_tx_rules[rule].id;
}

static bool is_of_kind(size_t rule, unsigned kind)
{
    return (kx_batch_tx_rules[rule].kinds >> kind & 1U) != 0;
}

/* ---- the input ---- */

struct judging {
    struct kaspa_in k;
    struct kx_lane lane;
    struct kx_lane_head head;
    struct kaspa_point_of_view pov;
    struct kx_batch_tx with;
    struct kx_batch_tx_verdict verdict;
};

static bool chain_in(struct judging *j, const json_t *in, struct assay_err *err)
{
    if (json_object_get(in, "utxos") != NULL) {
        if (!kaspa_in_utxos(&j->k, in, true, err))
            return false;
        j->with.utxos = j->k.utxos;
        j->with.is_missing = j->k.is_missing;
    }
    if (json_object_get(in, "pov") == NULL)
        return true;
    j->with.pov = &j->pov;
    return kaspa_in_pov(&j->pov, in, err);
}

static bool head_in(struct judging *j, const json_t *in, enum kx_batch_kind kind,
                    struct assay_err *err)
{
    if (kind != KX_BATCH_GENESIS)
        return batch_in_head(&j->head, in, j->lane.binding, err);
    if (json_object_get(in, "head") == NULL)
        return true;
    assay_fail(err, ASSAY_E_CONFLICT, 0, "member head: a genesis has none before it");
    return false;
}

static enum operation_answer read(struct judging *j, const json_t *in, enum kx_batch_kind kind,
                                  json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding", "channelConfig", "head",   "transaction",
                                          "utxos",   "pov",           "feeMax", NULL};
    enum operation_answer answer;

    j->with = (struct kx_batch_tx){.kind = kind,
                                   .lane = &j->lane,
                                   .head = kind != KX_BATCH_GENESIS ? &j->head : NULL,
                                   .tx = &j->k.tx,
                                   .fee_max = KX_BATCH_FEE_MAX_DEFAULT,
                                   .arena = &j->k.arena};
    if (!operation_members(in, members, err))
        return OPERATION_ERROR;
    if ((answer = batch_in_lane(&j->lane, &j->k.arena, in, result, err)) != OPERATION_OK)
        return answer;
    return head_in(j, in, kind, err) && kaspa_in_tx(&j->k, in, err) && chain_in(j, in, err) &&
                   (json_object_get(in, "feeMax") == NULL ||
                    kaspa_in_u64(&j->with.fee_max, in, "feeMax", err))
               ? OPERATION_OK
               : OPERATION_ERROR;
}

/* ---- the result ---- */

static void set_amount(json_t *all, const char *name, bool is_there, uint64_t amount)
{
    if (is_there)
        json_object_set_new(all, name, kaspa_out_u64(amount));
}

static void set_scopes(json_t *all, const struct judging *j)
{
    static const char *const names[KX_BATCH_SIGNERS] = {"provider", "client", "funding"};
    const struct kx_batch_tx_verdict *v = &j->verdict;
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    json_t *types = json_object();

    for (size_t i = 0; i < KX_BATCH_SIGNERS; i++)
        if (v->hash_types[i] != 0)
            json_object_set_new(types, names[i],
                                kaspa_out_hex(assay_bytes_of(&v->hash_types[i], 1)));
    json_object_set_new(all, "hashTypes", types);
    kx_batch_tx_add_scopes(&text, j->with.kind, v);
    if (v->weak_scope)
        json_object_set_new(all, "weakScope", operation_words(assay_buf_cstr(&text)));
    assay_buf_fini(&text);
}

static json_t *verdict_json(const struct judging *j)
{
    const struct kx_batch_tx_verdict *v = &j->verdict;
    json_t *all = json_pack("{s:o, s:o}", "transactionId", kaspa_out_hash(&v->id),
                            "transactionHash", kaspa_out_hash(&v->hash));
    bool is_claim = j->with.kind == KX_BATCH_CLAIM;

    if (v->outcome != KASPA_VALID)
        return all;
    set_amount(all, "total", is_claim, v->total);
    set_amount(all, "amount", j->with.kind != KX_BATCH_REFUND, v->amount);
    set_amount(all, "payout", j->with.kind != KX_BATCH_GENESIS, v->payout);
    set_amount(all, "fee", v->has_fee, v->fee);
    if (v->has_next)
        json_object_set_new(all, "next", batch_out_head(&v->next, &v->next_spk));
    json_object_set_new(all, "relay", json_string(kaspa_outcome_name(v->relay)));
    set_scopes(all, j);
    return all;
}

/* An id in the text that is another transaction's comes before all else: whatever is said of this
 * one would be taken for that one. As of a payment's transaction (Kaspa x402 exact digest, section
 * 7 (12)). */
static enum operation_answer answer_of(const struct judging *j, json_t **result)
{
    const struct kaspa_claims *claims = &j->k.claims;
    enum operation_answer answer;

    if (!claims->has_id || kaspa_hash_equal(&claims->id, &j->verdict.id))
        return operation_judged(result, verdict_json(j),
                                &(struct checks_verdict){.outcome = j->verdict.outcome,
                                                         .checks = j->verdict.checks,
                                                         .count = KX_BATCH_TX__COUNT,
                                                         .first = j->verdict.first,
                                                         .id = rule_id,
                                                         .concerns = is_of_kind,
                                                         .kind = j->with.kind});
    answer = exact_refused(result, kx_exact_rules[KX_EXACT_ID].id,
                           kx_exact_rules[KX_EXACT_ID].local, "the text has another id");
    json_object_set_new(*result, "transactionId", kaspa_out_hash(&j->verdict.id));
    return answer;
}

static enum operation_answer judge(enum kx_batch_kind kind, const json_t *in, json_t **result,
                                   struct assay_err *err)
{
    struct judging j = {.k = KASPA_IN_INIT};
    enum operation_answer answer = read(&j, in, kind, result, err);

    if (answer == OPERATION_OK) {
        kx_batch_tx_verify(&j.verdict, &j.with);
        answer = answer_of(&j, result);
    }
    assay_arena_fini(&j.k.arena);
    return answer;
}

static enum operation_answer genesis(const json_t *in, json_t **result, struct assay_err *err)
{
    return judge(KX_BATCH_GENESIS, in, result, err);
}

static enum operation_answer claim(const json_t *in, json_t **result, struct assay_err *err)
{
    return judge(KX_BATCH_CLAIM, in, result, err);
}

static enum operation_answer top_up(const json_t *in, json_t **result, struct assay_err *err)
{
    return judge(KX_BATCH_TOP_UP, in, result, err);
}

static enum operation_answer refund(const json_t *in, json_t **result, struct assay_err *err)
{
    return judge(KX_BATCH_REFUND, in, result, err);
}

#define IN "channelConfig, transaction, utxos? (null: not there), pov?, feeMax?, binding?"
#define HEAD "head {outpoint, value, claimed, covenantId?}, "
#define OUT "outcome, transactionId, transactionHash, "
#define COMMON "fee, relay, hashTypes, weakScope?, checks"

const struct operation operations_batch_tx[] = {
    {"genesis.verify", IN, OUT "amount, next, " COMMON, genesis},
    {"claim.verify", HEAD IN, OUT "total (T), amount (D), payout, next, " COMMON, claim},
    {"topup.verify", HEAD IN, OUT "amount, payout (change), next, " COMMON, top_up},
    {"refund.verify", HEAD IN, OUT "payout, " COMMON, refund},
    {0},
};
