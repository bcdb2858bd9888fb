/* The steps of a bundle that are about the channel, and restarts of both schemes; see evidence.h.
 */
#include "kaspa_x402/evidence_internal.h"

#include "kaspa/txid.h"

#include <inttypes.h>

/* ---- state ---- */

static bool judge_state(struct kx_bundling *b, const struct kx_step *step)
{
    const struct kx_accounts *got = &step->state, *want = &b->accounts;
    enum kx_account_fault fault;

    if (!kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "state.A", got->charged, want->charged) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "state.S", got->claimed, want->claimed) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "state.T", got->authorized,
                                want->authorized) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "state.V", got->funding, want->funding) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "state.R", got->reserve, want->reserve))
        return false;
    fault = kx_accounts_check(b->lane.binding, want);
    return fault == KX_ACCOUNT_OK ||
           kx_bundle_refuse(b, KX_BUNDLE_ACCOUNTING, "state", "breaks: %s", kx_account_text(fault));
}

static bool judge_account(struct kx_bundling *b, const char *member, enum kx_account_fault fault)
{
    return fault == KX_ACCOUNT_OK ||
           kx_bundle_refuse(b, KX_BUNDLE_ACCOUNTING, member, "does not reconcile: %s",
                            kx_account_text(fault));
}

/* ---- transactions ---- */

static bool judge_report(struct kx_bundling *b, const struct kx_step *step,
                         const struct kaspa_tx *tx, uint64_t fee)
{
    struct kaspa_hash artifact;

    if (step->report.is_exact)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, "report",
                                "has members of an exact payment's report");
    return kx_bundle_artifact(b, &artifact, tx) &&
           kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "report.artifactSha256",
                                &step->report.artifact, &artifact) &&
           kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.feeSompi", step->report.fee,
                                  fee) &&
           kx_bundle_judge_number(b, KX_BUNDLE_ACCOUNTING, "report.storageMass",
                                  step->report.storage_mass, tx->storage_mass);
}

/* A transaction of the channel, and what it was judged to be. */
struct moved {
    struct kx_lane_head head; /* that it spends; of a genesis: zeros */
    struct kx_step_spend spend;
    struct kx_batch_tx_verdict verdict;
};

static bool judge_verdict(struct kx_bundling *b, const struct kx_batch_tx_verdict *verdict)
{
    if (verdict->outcome == KASPA_INVALID)
        return kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "transaction", "breaks %s: %s",
                                kx_batch_tx_rules[verdict->first].id,
                                verdict->checks[verdict->first].why);
    return verdict->outcome == KASPA_VALID ||
           kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "transaction", "cannot be judged in full");
}

/* It continues the head, and holds before the verifier of its kind. */
static bool judge_moved(struct kx_bundling *b, const struct kx_step *step, enum kx_batch_kind kind,
                        struct moved *m)
{
    const struct kaspa_point_of_view pov = {.daa_score = step->chain.checkpoint.daa_score};
    struct kx_batch_tx with = {
        .kind = kind,
        .lane = &b->lane,
        .head = &m->head,
        .tx = &m->spend.tx,
        .pov = &pov,
        .fee_max = b->policy->fee_max,
        .arena = b->arena,
    };
    const struct kaspa_tx *tx = &m->spend.tx;
    bool is_genesis = kind == KX_BATCH_GENESIS;

    if (!is_genesis)
        (void)kx_lineage_head(&m->head, b->lineage); /* there is one until the refund */
    if (!kx_bundle_read_spend(b, step, &m->spend) || !kx_bundle_judge_broadcast(b, step, tx, true))
        return false;
    if (!is_genesis &&
        (tx->input_count == 0 || !kaspa_outpoint_equal(&tx->inputs[0].previous, &m->head.outpoint)))
        return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "transaction",
                                "does not spend the head of the lineage");
    with.utxos = m->spend.coins;
    kx_batch_tx_verify(&m->verdict, &with);
    return judge_verdict(b, &m->verdict) &&
           kx_bundle_judge_claims(b, "transaction", tx, &m->spend.claims, m->spend.coins) &&
           judge_report(b, step, tx, m->verdict.fee);
}

/* The chain goes on from step to step. */
static bool judge_order(struct kx_bundling *b, const struct kx_step *step)
{
    const struct kx_checkpoint *before = &b->lineage->checkpoint, *now = &step->chain.checkpoint;

    return (now->blue_score > before->blue_score && now->daa_score >= before->daa_score) ||
           kx_checkpoint_equal(now, before) ||
           kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "chain.checkpoint",
                            "is not behind that of the step before it");
}

/* Its place in the lineage, by the journal that a server would keep. */
static bool add_transition(struct kx_bundling *b, const struct kx_step *step,
                           enum kx_transition_kind kind, const struct moved *m)
{
    struct kx_transition t = {
        .kind = kind,
        .covenant_id = b->launch.covenant_id,
        .template_id = assay_str(b->lane.tmpl->id),
        .consumed = m->head.outpoint,
        .txid = m->verdict.id,
        .successor_count = kind == KX_REFUND ? 0 : 1,
        .has_successor = kind != KX_REFUND,
        .successor = m->verdict.next,
        .spk = m->verdict.next_spk,
        .has_terminal = kind == KX_REFUND,
        .terminal_spk = m->verdict.terminal.spk,
        .terminal_value = m->verdict.terminal.value,
        .acceptance = step->chain,
    };
    const struct kx_added block = {.block = step->chain.block, .transitions = &t, .count = 1};
    const struct kx_update update = {
        .from = b->lineage->checkpoint,
        .to = step->chain.checkpoint,
        .added = &block,
        .added_count = 1,
    };
    struct assay_err err = {.code = ASSAY_OK};

    if (!judge_order(b, step))
        return false;
    return kx_lineage_apply(b->lineage, b->arena, &b->lane, &update, &err) == KX_LINEAGE_OK ||
           kx_bundle_refuse_in(b, KX_BUNDLE_LINEAGE, NULL, &err);
}

bool kx_step_genesis(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct moved m = {.head.value = 0};
    struct assay_err err = {.code = ASSAY_OK};

    (void)flow;
    if (!judge_moved(b, step, KX_BATCH_GENESIS, &m))
        return false;
    if (kx_launch_judge(&b->launch, b->arena, &b->lane, &m.spend.tx, &err) != KX_LINEAGE_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_CONFIGURATION, "transaction", &err);
    if (!kaspa_hash_equal(&step->chain.block, &b->launch.acceptance.block))
        return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "chain.acceptingBlockHash",
                                "is not the one of the launch manifest");
    if (!kx_bundle_judge_number(b, KX_BUNDLE_LINEAGE, "chain.acceptingBlockBlueScore",
                                step->chain.blue_score, b->launch.acceptance.blue_score))
        return false;
    b->accounts.funding = m.verdict.next.value;
    return judge_state(b, step);
}

bool kx_step_claim(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct moved m = {.head.value = 0};

    (void)flow;
    if (!judge_moved(b, step, KX_BATCH_CLAIM, &m))
        return false;
    if (m.verdict.total != b->accounts.authorized)
        return kx_bundle_refuse(b, KX_BUNDLE_VOUCHER, "transaction",
                                "claims with a voucher of %" PRIu64
                                ", but the lifetime voucher is of %" PRIu64,
                                m.verdict.total, b->accounts.authorized);
    return add_transition(b, step, KX_CLAIM, &m) &&
           judge_account(b, "transaction",
                         kx_accounts_claim(&b->accounts, b->lane.binding, m.verdict.amount)) &&
           judge_state(b, step);
}

bool kx_step_top_up(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct moved m = {.head.value = 0};

    (void)flow;
    return judge_moved(b, step, KX_BATCH_TOP_UP, &m) && add_transition(b, step, KX_TOP_UP, &m) &&
           judge_account(b, "transaction",
                         kx_accounts_top_up(&b->accounts, b->lane.binding, m.verdict.next.value)) &&
           judge_state(b, step);
}

/* ---- vouchers ---- */

bool kx_step_voucher(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct kx_lane_head head = {.value = 0};
    uint8_t digest[32];

    (void)flow;
    (void)kx_lineage_head(&head, b->lineage); /* there is one until the refund */
    if (!kaspa_hash_equal(&step->voucher_covenant, &head.covenant_id))
        return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "voucher.covenantId", "is another lineage's");
    if (!judge_account(b, "amount",
                       kx_accounts_authorize(&b->accounts, b->lane.binding, step->amount,
                                             step->voucher_total)) ||
        !judge_account(b, "amount",
                       kx_accounts_charge(&b->accounts, b->lane.binding, step->amount)))
        return false;
    if (kx_lane_voucher(digest, b->arena, &b->lane, &head, step->voucher_total) != ASSAY_OK ||
        assay_schnorr_verify(step->voucher_signature, digest, b->channel.client) != ASSAY_SIG_GOOD)
        return kx_bundle_refuse(b, KX_BUNDLE_VOUCHER, "voucher.signature",
                                "is not the client's for this lineage and total");
    return judge_state(b, step);
}

/* ---- refunds ---- */

bool kx_step_reserved(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    (void)flow;
    if (step->stored_at_ms >= step->broadcast_at_ms)
        return kx_bundle_refuse(b, KX_BUNDLE_REFUND, "storedAt",
                                "is not before broadcastAt: the exact bytes are stored first");
    b->reserved = *step;
    return true;
}

bool kx_step_refund(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    struct moved m = {.head.value = 0};
    struct kaspa_hash artifact;

    (void)flow;
    if (!judge_moved(b, step, KX_BATCH_REFUND, &m))
        return false;
    if (!kaspa_hash_equal(&b->reserved.txid, &m.verdict.id))
        return kx_bundle_refuse(b, KX_BUNDLE_REFUND, "transaction",
                                "is another one than was stored before the broadcast");
    if (!kx_bundle_artifact(b, &artifact, &m.spend.tx))
        return false;
    if (!kaspa_hash_equal(&artifact, &b->reserved.artifact))
        return kx_bundle_refuse(b, KX_BUNDLE_REFUND, "transaction",
                                "has other bytes than were stored before the broadcast");
    b->refund = m.verdict.id;
    return add_transition(b, step, KX_REFUND, &m);
}

/* ---- restarts ---- */

/* What was unresolved when the process ended; zeros: any attempt, of the channel's own restart. */
static struct kaspa_hash subject_of(const struct kx_bundling *b, enum kx_flow flow)
{
    if (flow == KX_FLOW_REFUND_RESTART)
        return b->refund;
    return flow == KX_FLOW_EXACT_RESTART ? b->payments[b->payment_count - 1].txid
                                         : (struct kaspa_hash){{0}};
}

static bool judge_done(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    bool is_exact = flow == KX_FLOW_EXACT_RESTART;
    uint64_t sent = flow == KX_FLOW_BATCH_RESTART ? 0 : 1;

    if (step->executions > (flow == KX_FLOW_REFUND_RESTART ? 0U : 1U) ||
        (is_exact && step->kind == KX_STEP_RECOVERY && step->executions != 1))
        return kx_bundle_refuse(b, KX_BUNDLE_RECOVERY, "executions",
                                "is %" PRIu64 ": recovery neither repeats nor loses the work",
                                step->executions);
    if (step->broadcasts != sent)
        return kx_bundle_refuse(b, KX_BUNDLE_RECOVERY, "broadcasts",
                                "is %" PRIu64 ", expected %" PRIu64
                                ": what is unresolved is never sent again",
                                step->broadcasts, sent);
    return true;
}

bool kx_step_restart(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    const struct kaspa_hash subject = subject_of(b, flow);

    if (!kaspa_hash_is_zero(&subject) && !kaspa_hash_equal(&step->unresolved, &subject))
        return kx_bundle_refuse(b, KX_BUNDLE_RECOVERY, "unresolved",
                                "is not the transaction that was in flight");
    if (kaspa_hash_is_zero(&step->unresolved))
        return kx_bundle_refuse(b, KX_BUNDLE_RECOVERY, "unresolved",
                                "is zeros: the flow shows an attempt that was unresolved");
    if (step->kind == KX_STEP_RELOAD && !judge_state(b, step))
        return false;
    return judge_done(b, flow, step);
}

bool kx_step_recovery(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    const struct kaspa_hash subject = subject_of(b, flow);
    struct kx_awaited awaited = {.txid = subject, .threshold = b->policy->confirmations};
    enum kx_lineage_rule rule = KX_LINEAGE_OK;
    struct assay_err err = {.code = ASSAY_OK};
    struct kx_evidence evidence;

    if (!kaspa_hash_equal(&step->txid, &subject))
        return kx_bundle_refuse(
            b, flow == KX_FLOW_REFUND_RESTART ? KX_BUNDLE_REFUND : KX_BUNDLE_RECOVERY,
            "transactionId", "is another one than was unresolved");
    if (kx_evidence_read(&evidence, b->arena, b->r.doc, step->evidence, &err) != KX_LINEAGE_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_FORM, "evidence", &err);
    if (kx_evidence_decide(&rule, &evidence, &awaited, &err) != KX_DECISION_ACCEPTED)
        return kx_bundle_refuse(
            b, KX_BUNDLE_RECOVERY, "evidence", "does not show the transaction confirmed: %s",
            rule == KX_LINEAGE_OK ? "it is too few blocks deep, or unknown" : err.text);
    return judge_done(b, flow, step);
}
