/* The exact payments of a bundle; see evidence_world_internal.h. */
#include "ref/tests/evidence_world_internal.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/txid.h"
#include "kaspa_x402/settlement.h"
#include "ref/tests/kx_world.h"

/* What a payment is made with, beside what its world has. */
struct plan {
    enum kx_profile profile;
    unsigned number; /* of its coin and identifier */
    uint64_t amount;
    const char *head_id;        /* NULL: that of the world */
    struct kaspa_outpoint head; /* of a head that is not the world's; index 0 */
    bool has_head;
    uint64_t head_amount; /* 0: that of the world */
    bool is_forged;       /* signed by another key than its coin's */
};

static void set_head(struct kx_world *w, const struct plan *plan)
{
    json_t *extra = kx_world_extra(w);

    if (plan->head_id != NULL)
        kx_world_set(extra, "headId", plan->head_id);
    if (plan->head_amount != 0) {
        w->spends[0].utxo.amount = plan->head_amount;
        ew_set_text(extra, "headAmount", ew_decimal(plan->head_amount));
    }
    w->outputs[0].value = w->spends[0].utxo.amount + plan->amount;
    if (!plan->has_head)
        return;
    w->spends[0].outpoint = plan->head;
    ew_set_text(json_object_get(extra, "expectedHeadOutpoint"), "txid",
                ew_hash_text(&plan->head.txid));
}

static struct kx_world *pay(const struct plan *plan)
{
    struct kx_world *w = kx_world_new(plan->profile);
    size_t payer = plan->profile == KX_STANDARD_NATIVE ? 0 : 1;

    w->spends[payer].outpoint.index = 10 + plan->number;
    w->identifier = ew_identifier_of(plan->number);
    ew_set_text(kx_world_terms(w), "amount", ew_decimal(plan->amount));
    if (plan->profile == KX_STANDARD_NATIVE)
        w->outputs[0].value = plan->amount;
    else
        set_head(w, plan);
    if (plan->is_forged)
        w->signer = &w->stranger;
    kx_world_run(w, &(struct kx_change){.offer = NULL});
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    cr_assert(w->verdict.has_transaction);
    return w;
}

static json_t *sent_json(struct kx_world *w, const char *kind)
{
    return ew_pack(json_pack("{s:s, s:O, s:{s:s, s:s}, s:O, s:s, s:o}", "kind", kind, "offer",
                             w->required, "request", "method", w->method, "url", w->url, "payment",
                             w->payment, "receivedAt", "2098-12-31T23:59:00.000Z", "coins",
                             ew_coins_json(w->hints, w->plan.spend_count)));
}

static json_t *response_json(struct kx_world *w)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct kx_settled settled = {
        .transaction_id = w->verdict.transaction_id,
        .fingerprint = w->verdict.fingerprint,
        .output_index = w->read.output_index,
        .finality = KX_FINALITY_CONFIRMED,
        .payer = w->payer.xonly,
    };
    struct assay_err err = {.code = ASSAY_OK};
    struct kx_terms terms;

    cr_assert_eq(
        kx_terms_read(&terms, &w->arena, &w->payment_doc, &w->read.envelope.accepted, &err),
        KX_TERMS_OK, "%s", err.text);
    settled.terms = &terms;
    kx_settlement_write(&text, &settled);
    return ew_parsed(&text);
}

static json_t *report_json(struct kx_world *w, const struct plan *plan)
{
    struct kaspa_hash id, artifact;
    json_t *report;

    kaspa_txid(&id, &w->tx);
    assay_sha256(artifact.at, w->read.transaction);
    report = ew_pack(json_pack(
        "{s:o, s:o, s:o, s:s, s:i, s:o, s:o, s:o}", "artifactSha256", ew_hash_text(&artifact),
        "feeSompi", ew_decimal(w->verdict.fee), "storageMass", ew_decimal(w->tx.storage_mass),
        "encoding", KX_ENCODING, "outputIndex", (int)w->read.output_index, "settlementId",
        ew_hash_text(&id), "merchantGainSompi", ew_decimal(plan->amount), "payerCostSompi",
        ew_decimal(plan->amount + w->verdict.fee)));
    if (plan->profile != KX_STANDARD_NATIVE)
        ew_set_text(report, "head",
                    ew_pack(json_pack("{s:O, s:i, s:O, s:o}", "id",
                                      json_object_get(kx_world_extra(w), "headId"), "version", 7,
                                      "outpoint",
                                      json_object_get(kx_world_extra(w), "expectedHeadOutpoint"),
                                      "increaseSompi", ew_decimal(plan->amount))));
    return report;
}

static json_t *payment_json(struct ew_making *m, struct kx_world *w, const struct plan *plan)
{
    json_t *step = sent_json(w, "payment");
    struct kx_acceptance acceptance;
    struct kaspa_hash id;

    kaspa_txid(&id, &w->tx);
    acceptance = ew_accept(m, &id);
    ew_set_text(step, "chain", ew_acceptance_json(&acceptance));
    ew_set_text(step, "broadcast", ew_broadcast_json(&w->tx));
    ew_set_text(step, "report", report_json(w, plan));
    ew_set_text(step, "response", response_json(w));
    return step;
}

static json_t *paid(struct ew_making *m, const struct plan *plan)
{
    struct kx_world *w = pay(plan);
    json_t *step = payment_json(m, w, plan);

    kx_world_free(w);
    return step;
}

#define SHARD_A "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define SHARD_B "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"

void ew_add_payments(struct ew_making *m)
{
    const struct plan tiny = {.number = 1, .amount = 10000000};
    const struct plan normal = {.number = 2, .amount = 150000000};
    const struct plan additive = {.profile = KX_ADDITIVE, .number = 3, .amount = 20000000};
    const struct plan shard_a = {.profile = KX_ADDITIVE,
                                 .number = 4,
                                 .amount = 20000000,
                                 .head_id = SHARD_A,
                                 .head = {.txid = {{0xa1}}},
                                 .has_head = true};
    const struct plan shard_b = {.profile = KX_ADDITIVE,
                                 .number = 5,
                                 .amount = 20000000,
                                 .head_id = SHARD_B,
                                 .head = {.txid = {{0xb2}}},
                                 .has_head = true};
    json_t *first = paid(m, &tiny), *second = paid(m, &normal);

    ew_add_flow(m, KX_FLOW_EXACT_NATIVE, first, second, NULL);
    first = paid(m, &additive);
    second = ew_refused_json(json_deep_copy(json_object_get(first, "payment")), 409);
    ew_add_flow(m, KX_FLOW_EXACT_ADDITIVE, first, second, NULL);
    first = paid(m, &shard_a);
    second = paid(m, &shard_b);
    ew_add_flow(m, KX_FLOW_HEAD_SHARDS, first, second, NULL);
}

/* The loser is proved absent by the winner. */
static json_t *pending_json(const struct plan *plan, const json_t *winner)
{
    struct kx_world *loser = pay(plan);
    struct kaspa_hash id;
    json_t *step;

    kaspa_txid(&id, &loser->tx);
    step = ew_pack(json_pack("{s:s, s:o, s:o, s:{s:s, s:o, s:s, s:{s:s, s:O, s:O}}, s:i}", "kind",
                             "pending", "transaction", ew_tx_json(&loser->tx), "coins",
                             ew_coins_json(loser->hints, loser->plan.spend_count), "evidence",
                             "status", "absent", "transactionId", ew_hash_text(&id), "reason",
                             "its head was spent by the winner", "proof", "kind",
                             "confirmed-conflicting-spend", "spentOutpoint",
                             json_object_get(kx_world_extra(loser), "expectedHeadOutpoint"),
                             "evidence", json_object_get(winner, "chain"), "replacements", 0));
    kx_world_free(loser);
    return step;
}

static json_t *invalid_json(void)
{
    const struct plan plan = {.number = 9, .amount = 20000000, .is_forged = true};
    struct kx_world *w = pay(&plan);
    json_t *step = ew_done_json(sent_json(w, "invalid"), 0, 0);

    ew_set_text(step, "status", json_integer(402));
    kx_world_free(w);
    return step;
}

void ew_add_conflicts(struct ew_making *m)
{
    const struct plan winner = {.profile = KX_ADDITIVE,
                                .number = 6,
                                .amount = 20000000,
                                .head = {.txid = {{0xc3}}},
                                .has_head = true};
    struct plan loser = winner;
    const struct plan same = {.number = 8, .amount = 20000000};
    json_t *first = paid(m, &winner), *second;

    loser.number = 7;
    second = pending_json(&loser, first);
    ew_add_flow(m, KX_FLOW_HEAD_CONFLICT, first, second, NULL);
    first = paid(m, &same);
    second = ew_done_json(ew_pack(json_pack("{s:s, s:O}", "kind", "duplicate", "response",
                                            json_object_get(first, "response"))),
                          1, 1);
    ew_add_flow(m, KX_FLOW_EXACT_DUPLICATE, first, second, NULL);
    ew_add_flow(m, KX_FLOW_EXACT_INVALID, invalid_json(), NULL, NULL);
}

/* Somebody else spends the head that the second flow left behind. */
static json_t *external_json(struct ew_making *m, struct kaspa_hash *id)
{
    struct plan plan = {.profile = KX_ADDITIVE,
                        .number = 11,
                        .amount = 30000000,
                        .has_head = true,
                        .head_amount = 120000000};
    json_t *flow = json_array_get(m->flows, KX_FLOW_EXACT_ADDITIVE);
    json_t *chain = json_object_get(json_array_get(json_object_get(flow, "steps"), 0), "chain");
    struct kx_acceptance acceptance;
    struct kx_world *w;
    json_t *step;

    cr_assert_eq(assay_hex_decode(
                     plan.head.txid.at, 32,
                     assay_str(json_string_value(json_object_get(chain, "transactionId"))), true),
                 ASSAY_OK);
    w = pay(&plan);
    kaspa_txid(id, &w->tx);
    acceptance = ew_accept(m, id);
    step = ew_pack(json_pack(
        "{s:s, s:o, s:o, s:o, s:o}", "kind", "external", "transaction", ew_tx_json(&w->tx), "coins",
        ew_coins_json(w->hints, w->plan.spend_count), "chain", ew_acceptance_json(&acceptance),
        "broadcast", ew_broadcast_json(&w->tx)));
    kx_world_free(w);
    return step;
}

void ew_add_recoveries(struct ew_making *m)
{
    const struct plan restarted = {.number = 10, .amount = 20000000};
    struct plan next = {.profile = KX_ADDITIVE,
                        .number = 12,
                        .amount = 20000000,
                        .has_head = true,
                        .head_amount = 150000000};
    json_t *first = paid(m, &restarted), *second, *chain = json_object_get(first, "chain");

    ew_add_flow(m, KX_FLOW_EXACT_RESTART, first,
                ew_restart_json(json_object_get(chain, "transactionId"), 0, 1),
                ew_recovery_json(chain, 1));
    first = external_json(m, &next.head.txid);
    second = paid(m, &next);
    ew_add_flow(m, KX_FLOW_HEAD_ADVANCED, first, second, NULL);
}
