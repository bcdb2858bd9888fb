/* The steps of a bundle that are about exact payments; see evidence.h. */
#include "kaspa_x402/evidence_internal.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "kaspa/txid.h"
#include "kaspa_x402/settlement.h"

#include <assert.h>

/* What a payment's documents are within the bundle, each read by itself. */
struct sent {
    struct assay_json offer_doc, payment_doc, request_doc, body_doc;
    struct x402_required offer;
    struct kx_payment payment;
    struct kx_request request;
    struct kx_terms terms;
    struct kx_exact_verdict verdict;
    struct kaspa_utxo *coins;
};

static bool read_document(struct kx_bundling *b, const char *member, uint32_t token,
                          struct assay_json *out)
{
    struct assay_err err = {.code = ASSAY_OK};

    return x402_document_parse(out, b->arena, assay_json_raw(b->r.doc, token), true, &err) ==
               ASSAY_OK ||
           kx_bundle_refuse_in(b, KX_BUNDLE_FORM, member, &err);
}

/* {method, url, body?}: a body is JSON. */
static bool read_request(struct kx_bundling *b, const struct kx_step *step, struct sent *s)
{
    uint32_t body;

    if (!read_document(b, "request", step->request, &s->request_doc))
        return false;
    if (!x402_text(&s->request.method, b->arena, &s->request_doc, 0, "method") ||
        !x402_text(&s->request.url, b->arena, &s->request_doc, 0, "url"))
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, "request", "lacks method or url");
    body = assay_json_member(&s->request_doc, 0, "body");
    if (body != ASSAY_JSON_NONE) {
        struct assay_err err = {.code = ASSAY_OK};

        if (x402_document_parse(&s->body_doc, b->arena, assay_json_raw(&s->request_doc, body), true,
                                &err) != ASSAY_OK)
            return kx_bundle_refuse_in(b, KX_BUNDLE_FORM, "request.body", &err);
        s->request.body = &s->body_doc;
    }
    return true;
}

/* Offers of another network have no place here, whichever of them was taken. */
static bool judge_network(struct kx_bundling *b, const struct sent *s)
{
    for (size_t i = 0; i < s->offer.accept_count; i++) {
        if (!assay_bytes_is(s->offer.accepts[i].network, KX_NETWORK_TESTNET))
            return kx_bundle_refuse(b, KX_BUNDLE_NETWORK, "offer", "has an offer that is not of %s",
                                    KX_NETWORK_TESTNET);
    }
    return true;
}

static bool read_sent(struct kx_bundling *b, const struct kx_step *step, struct sent *s)
{
    struct assay_err err = {.code = ASSAY_OK};

    memset(s, 0, sizeof(*s));
    if (!read_document(b, "offer", step->offer, &s->offer_doc) ||
        !read_document(b, "payment", step->payment, &s->payment_doc) || !read_request(b, step, s))
        return false;
    if (x402_required_read(&s->offer, b->arena, &s->offer_doc, &err) != X402_FAULT_NONE)
        return kx_bundle_refuse_in(b, KX_BUNDLE_PAYMENT, "offer", &err);
    if (!judge_network(b, s))
        return false;
    if (kx_payment_read(&s->payment, b->arena, &s->payment_doc, &err) != KX_LOCAL_NONE)
        return kx_bundle_refuse_in(b, KX_BUNDLE_PAYMENT, "payment", &err);
    if (kx_terms_read(&s->terms, b->arena, &s->payment_doc, &s->payment.envelope.accepted, &err) !=
        KX_TERMS_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_PAYMENT, "payment", &err);
    return true;
}

/* Before the exact verifier, as the server was when it had the payment; the head is the offered
 * one, whose place in the chain is judged with the flow. */
static bool judge_sent(struct kx_bundling *b, const struct kx_step *step, struct sent *s)
{
    const struct kx_chain_evidence evidence = {
        .status = KX_CHAIN_ACCEPTED,
        .transaction_id = step->chain.txid,
        .has_confirmations = true,
        .confirmations = step->chain.confirmations,
        .accepting_blue_score = step->chain.blue_score,
    };
    struct kx_exact with = {
        .offer = &s->offer,
        .payment = &s->payment,
        .request = &s->request,
        .policy = KX_EXACT_POLICY_INIT,
        .now_ms = step->received_at_ms,
        .head = &s->terms.head,
        .evidence = (step->has & KX_HAS_CHAIN) != 0 ? &evidence : NULL,
        .arena = b->arena,
    };

    with.policy.fee_max = b->policy->fee_max;
    with.policy.confirmations = b->policy->confirmations;
    kx_exact_verify(&s->verdict,
                    &with); /* reads the transaction, and so how many coins there are */
    if (!s->verdict.has_transaction)
        return kx_bundle_refuse(b, KX_BUNDLE_PAYMENT, "payment.payload.transaction",
                                "is no transaction: %s", s->verdict.checks[KX_EXACT_ENCODING].why);
    if (!kx_bundle_read_coins(b, step, s->verdict.tx.input_count, &s->coins))
        return false;
    with.utxos = s->coins;
    kx_exact_verify(&s->verdict, &with);
    return true;
}

static bool is_valid(struct kx_bundling *b, const struct sent *s)
{
    if (s->verdict.outcome == KASPA_INVALID)
        return kx_bundle_refuse(b, KX_BUNDLE_PAYMENT, "payment", "breaks %s: %s",
                                kx_exact_rules[s->verdict.first].id,
                                s->verdict.checks[s->verdict.first].why);
    for (int i = 0; i < KX_EXACT__COUNT; i++) {
        if (s->verdict.checks[i].result != KASPA_CHECK_HELD)
            return kx_bundle_refuse(b, KX_BUNDLE_PAYMENT, "payment", "cannot be judged by %s: %s",
                                    kx_exact_rules[i].id, s->verdict.checks[i].why);
    }
    return true;
}

/* ---- sums ---- */

/* What leaves the payer's scripts. The verifier has judged that the sums fit and reconcile, and
 * that all but what is paid goes back to them. */
static uint64_t payer_cost(const struct sent *s)
{
    const struct kaspa_tx *tx = &s->verdict.tx;
    size_t first = s->payment.profile == KX_STANDARD_NATIVE ? 0 : 1;
    uint64_t cost = 0;

    for (size_t i = first; i < tx->input_count; i++)
        cost += s->coins[i].amount;
    for (size_t i = 0; i < tx->output_count; i++) {
        if (i != s->payment.output_index)
            cost -= tx->outputs[i].value;
    }
    return cost;
}

static uint64_t merchant_gain(const struct sent *s)
{
    uint64_t paid = s->verdict.tx.outputs[s->payment.output_index].value;

    return s->payment.profile == KX_STANDARD_NATIVE ? paid : paid - s->terms.head.amount;
}

static bool judge_head(struct kx_bundling *b, const struct kx_step_report *report,
                       const struct sent *s)
{
    const struct kx_head *head = &s->terms.head;
    struct kaspa_hash id;

    if (!report->has_head)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "report.head",
                                "is missing: a head was paid, and how it moved is to be reported");
    memcpy(id.at, head->id, sizeof(id.at));
    if (!kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "report.head.id", &report->head_id, &id))
        return false;
    if (!kaspa_outpoint_equal(&report->head_outpoint, &head->outpoint))
        return kx_bundle_refuse(b, KX_BUNDLE_IDENTITY, "report.head.outpoint",
                                "is not the one that the payment spends");
    return kx_bundle_judge_number(b, KX_BUNDLE_IDENTITY, "report.head.version",
                                  report->head_version, head->version) &&
           kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.head.increaseSompi",
                                  report->head_increase, s->terms.amount);
}

static bool judge_report(struct kx_bundling *b, const struct kx_step *step, const struct sent *s)
{
    const struct kx_step_report *report = &step->report;
    struct kaspa_hash artifact, id;

    if (!report->is_exact)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "report",
                                "lacks what an exact payment is reported with");
    kaspa_txid(&id, &s->verdict.tx);
    assay_sha256(artifact.at, s->payment.transaction);
    if (!assay_bytes_is(report->encoding, KX_ENCODING))
        return kx_bundle_refuse(b, KX_BUNDLE_IDENTITY, "report.encoding", "is not %s", KX_ENCODING);
    if (!kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "report.artifactSha256", &report->artifact,
                              &artifact) ||
        !kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "report.settlementId", &report->settlement_id,
                              &id) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_IDENTITY, "report.outputIndex", report->output_index,
                                s->payment.output_index) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.feeSompi", report->fee,
                                s->verdict.fee) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.storageMass", report->storage_mass,
                                s->verdict.tx.storage_mass) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.merchantGainSompi",
                                report->merchant_gain, merchant_gain(s)) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.payerCostSompi",
                                report->payer_cost, payer_cost(s)))
        return false;
    return s->payment.profile == KX_STANDARD_NATIVE || judge_head(b, report, s);
}

static bool judge_response(struct kx_bundling *b, const struct kx_step *step, const struct sent *s)
{
    struct x402_settlement settlement;
    struct assay_err err = {.code = ASSAY_OK};
    struct assay_json doc;
    uint64_t amount = 0;

    if (!read_document(b, "response", step->response, &doc))
        return false;
    if (kx_settlement_check(&settlement, b->arena, &doc, &err) != KX_LOCAL_NONE)
        return kx_bundle_refuse_in(b, KX_BUNDLE_IDENTITY, "response", &err);
    if (!assay_bytes_is(settlement.network, KX_NETWORK_TESTNET))
        return kx_bundle_refuse(b, KX_BUNDLE_NETWORK, "response.network", "is not %s",
                                KX_NETWORK_TESTNET);
    if (!settlement.success || !assay_bytes_is(settlement.transaction, s->verdict.transaction_id))
        return kx_bundle_refuse(b, KX_BUNDLE_IDENTITY, "response",
                                "is no success that names the payment's transaction");
    (void)!assay_decimal_u64(&amount, settlement.amount); /* a success has one */
    return kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "response.amount", amount,
                                  s->terms.amount);
}

/* ---- flows ---- */

const struct kx_bundle_payment *kx_bundle_last_payment(const struct kx_bundling *b)
{
    assert(b->payment_count > 0);
    return &b->payments[b->payment_count - 1];
}

static bool judge_place(struct kx_bundling *b, enum kx_flow flow,
                        const struct kx_bundle_payment *payment,
                        const struct kx_bundle_payment *before)
{
    bool pays_head = payment->profile != KX_STANDARD_NATIVE;
    bool must_pay_head = flow == KX_FLOW_EXACT_ADDITIVE || flow == KX_FLOW_HEAD_SHARDS ||
                         flow == KX_FLOW_HEAD_CONFLICT || flow == KX_FLOW_HEAD_ADVANCED;

    if (must_pay_head && !pays_head)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "payment", "pays to no head");
    if (flow == KX_FLOW_EXACT_NATIVE && pays_head)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "payment", "is not standard-native");
    if (before == NULL)
        return true;
    if (flow == KX_FLOW_EXACT_NATIVE && before->amount >= payment->amount)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "payment",
                                "is not larger than the tiny one before it");
    if (flow == KX_FLOW_HEAD_SHARDS && memcmp(before->head.id, payment->head.id, 32) == 0)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "payment",
                                "is to the same head as the one before it");
    return true;
}

/* One artifact, one settlement: no two payments of a bundle are one transaction, or spend one head.
 */
static bool judge_new(struct kx_bundling *b, const struct kx_bundle_payment *payment)
{
    for (size_t i = 0; i < b->payment_count; i++) {
        const struct kx_bundle_payment *before = &b->payments[i];

        if (kaspa_hash_equal(&before->txid, &payment->txid))
            return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "payment",
                                    "was reported before: each payment is one of its own");
        if (payment->profile != KX_STANDARD_NATIVE && before->profile != KX_STANDARD_NATIVE &&
            kaspa_outpoint_equal(&before->head.outpoint, &payment->head.outpoint))
            return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "payment",
                                    "spends a head that another payment of the bundle has spent");
    }
    return true;
}

static bool judge_advanced(struct kx_bundling *b, const struct kx_head *head)
{
    return (kaspa_outpoint_equal(&head->outpoint, &b->advanced) &&
            head->amount == b->advanced_value) ||
           kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "payment",
                            "does not spend the head that the external transaction made");
}

static bool add_payment(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step,
                        const struct sent *s)
{
    bool is_second = b->r.path[b->r.steps - 1].index > 0;
    struct kx_bundle_payment *payment = &b->payments[b->payment_count];

    assert(b->payment_count < KX_BUNDLE_PAYMENTS_MAX); /* the flows have fewer */
    *payment = (struct kx_bundle_payment){
        .profile = s->payment.profile,
        .amount = s->terms.amount,
        .identifier = s->payment.identifier.id,
        .head = s->terms.head,
        .response = step->response,
        .tx = &s->verdict.tx,
        .coins = s->coins,
    };
    kaspa_txid(&payment->txid, &s->verdict.tx);
    if (!judge_new(b, payment) ||
        (flow == KX_FLOW_HEAD_ADVANCED && !judge_advanced(b, &payment->head)))
        return false;
    if (!judge_place(b, flow, payment, is_second ? kx_bundle_last_payment(b) : NULL))
        return false;
    b->payment_count++;
    return true;
}

bool kx_step_payment(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct sent *s = assay_arena_alloc(b->arena, sizeof(*s));

    if (s == NULL)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, NULL, "cannot be kept: out of memory");
    return read_sent(b, step, s) && judge_sent(b, step, s) &&
           kx_bundle_judge_broadcast(b, step, &s->verdict.tx, false) && is_valid(b, s) &&
           judge_report(b, step, s) && judge_response(b, step, s) && add_payment(b, flow, step, s);
}

/* ---- what bought nothing ---- */

static bool judge_nothing_done(struct kx_bundling *b, const struct kx_step *step)
{
    if (step->status < 400 || step->status > 599)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "status",
                                "is no refusal: expected 400 to 599");
    if (step->executions != 0)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "executions",
                                "is not 0: work was done for a payment that was refused");
    if (step->broadcasts != 0)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "broadcasts",
                                "is not 0: a payment was broadcast that was refused");
    return true;
}

/* The same transaction as the payment of the flow, by whatever it was sent. */
static bool judge_exact_replay(struct kx_bundling *b, const struct assay_json *doc)
{
    const struct kx_bundle_payment *paid = kx_bundle_last_payment(b);
    struct kaspa_json_options options = kx_transaction_limits();
    struct assay_err err = {.code = ASSAY_OK};
    struct kaspa_claims claims;
    struct kx_payment payment;
    struct kaspa_hash id;
    struct kaspa_tx tx;

    if (kx_payment_read(&payment, b->arena, doc, &err) != KX_LOCAL_NONE ||
        kaspa_tx_parse(&tx, &claims, b->arena, payment.transaction, &options, &err) != ASSAY_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_REPLAY, "payment", &err);
    kaspa_txid(&id, &tx);
    if (!kaspa_hash_equal(&id, &paid->txid))
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "payment",
                                "is not the one of this flow sent again");
    return kx_bundle_judge_claims(b, "payment.payload.transaction", &tx, &claims, paid->coins);
}

/* A batch payment under an identifier that an exact payment had. */
static bool judge_scheme_replay(struct kx_bundling *b, const struct assay_json *doc)
{
    struct x402_identifier identifier = {.id = ASSAY_LIT("")};
    struct assay_err err = {.code = ASSAY_OK};
    struct x402_payment payment;

    if (x402_payment_read(&payment, b->arena, doc, &err) != X402_FAULT_NONE)
        return kx_bundle_refuse_in(b, KX_BUNDLE_REPLAY, "payment", &err);
    if (!assay_bytes_is(payment.accepted.scheme, KX_SCHEME_BATCH))
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "payment", "is not of scheme %s",
                                KX_SCHEME_BATCH);
    if (x402_identifier_read(&identifier, b->arena, doc, payment.extensions, &err) !=
        X402_IDENTIFIER_PRESENT)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "payment", "has no payment identifier");
    for (size_t i = 0; i < b->payment_count; i++) {
        if (assay_bytes_equal(identifier.id, b->payments[i].identifier))
            return true;
    }
    return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "payment",
                            "has the identifier of none of the exact payments");
}

bool kx_step_refused(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct assay_json doc;

    if (!read_document(b, "payment", step->payment, &doc) ||
        !(flow == KX_FLOW_CROSS_SCHEME ? judge_scheme_replay(b, &doc)
                                       : judge_exact_replay(b, &doc)))
        return false;
    return judge_nothing_done(b, step);
}

bool kx_step_invalid(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct sent *s = assay_arena_alloc(b->arena, sizeof(*s));

    (void)flow;
    if (s == NULL)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, NULL, "cannot be kept: out of memory");
    if (!read_sent(b, step, s) || !judge_sent(b, step, s))
        return false;
    if (s->verdict.checks[KX_EXACT_AUTHORIZATION].result != KASPA_CHECK_BROKEN &&
        s->verdict.checks[KX_EXACT_SIGNER].result != KASPA_CHECK_BROKEN)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "payment",
                                "has an authorization that is not invalid, as the flow shows one");
    return judge_nothing_done(b, step);
}

bool kx_step_duplicate(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    const struct kx_bundle_payment *paid = kx_bundle_last_payment(b);

    (void)flow;
    if (!x402_equal(b->r.doc, step->response, b->r.doc, paid->response))
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "response",
                                "is not the one that the payment was answered with first");
    if (step->executions != 1 || step->broadcasts != 1)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY,
                                step->executions != 1 ? "executions" : "broadcasts",
                                "is not 1: the same payment is executed and broadcast once");
    return true;
}
