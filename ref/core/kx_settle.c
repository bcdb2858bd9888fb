/* From a claim to the answer: submission, finality, the handler, its result, commit. Source: Kaspa
 * x402 exact digest, sections 13 (34 to 38), 14 and 18.
 *
 *  Any number of copies of one payment may be on their way, on any workers, and each may end after
 * any action. What holds then, by what the store has:
 *
 *  Nothing: nobody has submitted. One of the copies creates the claim, the others find it.
 *
 *  PENDING, BROADCAST: who created the claim submits, once; all others only look. Who died before,
 *  between or after leaves the next copy to look, which is 503 until the chain has accepted. A
 * claim goes away only where nothing was ever sent, or where a conflicting spend is confirmed: both
 * say that the transaction has bought nothing.
 *
 *  ACCEPTED: the coins are spent, and deadlines count no more. One copy sets the start mark, and it
 *  alone runs the handler; the others are 503. Where it died before the mark the next copy sets it.
 *
 *  ACCEPTED with the mark: only who set it goes on. Where it died nobody knows what the handler
 * did: every copy is 503 until an operator supplies the result. The mark is taken back where the
 * handler provably was not reached.
 *
 *  ACCEPTED with a result: anyone commits. The answer follows from the stored terms and the stored
 *  result, so that two who do it write the same.
 *
 *  APPLIED: every copy is given the stored answer.
 *
 *  So the transaction is submitted at most once, the handler runs at most once, no answer leaves
 * before it is stored, and no copy is refused for good while its money may have moved. Two payments
 * with one identifier or of one transaction meet in the claim; two to one head do too, and the
 * loser has submitted nothing.
 */
#include "core/kx_core_internal.h"
#include "defects/defects.h"

/* ---- after the submission ---- */

/* At most as many looks as fit, whatever the clock does. */
static struct kx_action wait_for_chain(struct kx_core_request *r)
{
    const struct kx_core *core = r->core;

    r->look_until_ms = r->now_ms + core->accept_wait_ms;
    r->looks_left = core->accept_wait_ms / core->poll_ms + 1;
    return kx_core_look(r, core->poll_ms);
}

struct kx_action kx_core_look_once(struct kx_core_request *r)
{
    r->look_until_ms = r->now_ms;
    r->looks_left = 1;
    return kx_core_look(r, 0);
}

bool kx_core_ignores_settlement(const struct kx_core_request *r)
{
    return REF_DEFECT(kx_mcp_settle_served) && r->event.tool != NULL;
}

/* What a node has refused may still reach the chain by another one: nothing is given up for its
 * word alone. It may also have been accepted before. */
struct kx_action kx_core_on_submitted(struct kx_core_request *r, enum assay_code code, bool sent)
{
    if (REF_DEFECT(kx_fac_verify_submits) && kx_fac_only_verifies(r))
        return kx_fac_valid(r);
    if (REF_DEFECT(kx_fac_settle_repeats) && r->record.txid[0] != '\0')
        return kx_core_deliver(r, &r->record.answer, true);
    if (r->is_late)
        return wait_for_chain(r);
    if (code == ASSAY_OK || kx_core_ignores_settlement(r))
        return kx_core_ask(r, KX_ASK_BROADCAST);
    r->is_unsent = !sent || REF_DEFECT(kx_node_loses);
    if (r->is_unsent)
        return kx_core_ask(r, KX_ASK_ABANDON);
    if (code == ASSAY_E_MISMATCH) /* who took it for another is not asked what became of it */
        return kx_core_pending(r, "broadcast.id");
    return code == ASSAY_E_DENIED ? kx_core_look_once(r) : wait_for_chain(r);
}

/* ---- what the chain says ---- */

static struct kx_action look_again(struct kx_core_request *r)
{
    if (--r->looks_left <= 0 || r->now_ms >= r->look_until_ms)
        return kx_core_pending(r, "broadcast.ambiguous");
    return kx_core_look(r, r->core->poll_ms);
}

static struct kx_action accept(struct kx_core_request *r)
{
    return r->is_late ? kx_core_run(r, KX_RUN_PAID) : kx_core_ask(r, KX_ASK_ACCEPT);
}

bool kx_core_trusts(enum assay_code code)
{
    return (code == ASSAY_E_TIMEOUT && REF_DEFECT(kx_node_error_final)) ||
           (code == ASSAY_E_MALFORMED && REF_DEFECT(kx_node_malformed));
}

/* Of defects: what is no evidence, and taken for it. */
static bool is_trusted(const struct kx_core_request *r, enum assay_code code,
                       const struct kx_sight *sight)
{
    if (code != ASSAY_OK)
        return kx_core_trusts(code);
    return kx_core_ignores_settlement(r) ||
           (sight->evidence.status == KX_CHAIN_MEMPOOL && REF_DEFECT(kx_final_mempool)) ||
           (sight->evidence.status == KX_CHAIN_ABSENT && REF_DEFECT(kx_replaced_served));
}

/* Evidence of another transaction is evidence of nothing. */
struct kx_action kx_core_on_evidence(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_sight *sight)
{
    r->reached = KX_FINALITY_ACCEPTED;
    if (is_trusted(r, code, sight))
        return accept(r);
    if (code != ASSAY_OK || !kaspa_hash_equal(&sight->evidence.transaction_id, &r->look.txid))
        return look_again(r);
    switch (kx_core_recover(r->core, &r->attempt, sight, &r->reached)) {
    case KX_RECOVERY_ACCEPT:
        return accept(r);
    case KX_RECOVERY_ABANDON:
        return kx_core_ask(r, KX_ASK_ABANDON);
    case KX_RECOVERY_NOTHING:
        break;
    }
    return look_again(r);
}

/* ---- an attempt of an earlier request ---- */

struct kx_action kx_core_commit(struct kx_core_request *r)
{
    if (kx_core_write_answer(r) != ASSAY_OK)
        return kx_core_pending(r, NULL);
    return kx_core_ask(r, KX_ASK_COMMIT);
}

/* A retry looks once, and submits nothing: whoever made the claim has, or nobody may any more. */
static struct kx_action find(struct kx_core_request *r)
{
    if (REF_DEFECT(kx_accept_lost) && r->attempt.authorization_expires_ms <= r->now_ms)
        return kx_core_challenge(r, KX_WIRE_PAYLOAD, "expiry.claim");
    if (REF_DEFECT(kx_fac_settle_races) && r->attempt.status == KX_PENDING)
        return kx_core_submit(r);
    if (r->core->fac != NULL) /* nobody is kept from his goods meanwhile */
        return wait_for_chain(r);
    return REF_DEFECT(kx_node_resubmits) ? kx_core_submit(r) : kx_core_look_once(r);
}

/* Nothing of the payment is judged again: it is the one that was, and what it was judged by may
 * have changed or expired since (section 6, step C). */
struct kx_action kx_core_resume(struct kx_core_request *r)
{
    const struct kx_attempt *attempt = &r->attempt;
    bool has_started = attempt->handler_started_ms != KX_NO_TIME;

    r->has_attempt = true;
    if (REF_DEFECT(kx_handler_failed_burns) && attempt->recovery.len > 0)
        return kx_core_refuse(r, 409, kx_wire_text(KX_WIRE_STATE), "handler.failure");
    if (REF_DEFECT(kx_recovery_none) && attempt->has_result)
        return kx_core_pending(r, "handler.recovery");
    if (attempt->status == KX_APPLIED || attempt->recovery.len > 0 ||
        (has_started && !attempt->has_result && r->core->fac == NULL))
        return kx_core_pending(r, "handler.once");
    if (r->is_facilitated)
        return kx_facilitated_resume(r);
    if (r->is_batch)
        return kx_batch_resume(r);
    if (r->fault != KX_TERMS_OK ||
        kx_core_look_for(&r->look, &r->tx, &r->arena, attempt, NULL) != ASSAY_OK)
        return kx_core_pending(r, NULL);
    if (attempt->status != KX_ACCEPTED)
        return find(r);
    if (!attempt->has_result)
        return kx_core_ask(r, KX_ASK_BEGIN);
    r->result = attempt->result;
    return kx_core_commit(r);
}

/* ---- the handler ---- */

/* An answer that is one (section 18): no interim one, and no failure. */
static bool is_success(int status)
{
    return status >= 200 && status <= (REF_DEFECT(kx_handler_error_stored) ? 599 : 499);
}

/* What became of the handler is not known to the store: whoever comes next is told to wait for an
 * operator. */
static struct kx_action lost_result(struct kx_core_request *r)
{
    return kx_core_refuse(r, 500, kx_core_recovery(r), "handler.failure");
}

/* Of defect kx.handler.large_truncated. */
static bool cut_off(struct kx_result *out, const struct kx_result *in)
{
    *out = (struct kx_result){.status = in->status,
                              .body = assay_bytes_part(in->body, 0, KX_STORE_RESULT_MAX_BYTES)};
    return true;
}

static bool is_good(struct kx_core_request *r, enum assay_code code, const struct kx_result *result)
{
    return code == ASSAY_OK && is_success(result->status) &&
           (kx_core_clean(&r->result, result) ||
            (REF_DEFECT(kx_handler_large) && cut_off(&r->result, result)));
}

/* Of defects that claim when the handler has answered: a failure leaves no trace, and who comes
 * second is given his answer all the same. */
static struct kx_action claim_late(struct kx_core_request *r, bool has_result)
{
    return has_result ? kx_core_ask(r, KX_ASK_CLAIM) : lost_result(r);
}

struct kx_action kx_core_on_late_claim(struct kx_core_request *r, bool is_created)
{
    if (is_created)
        return kx_core_ask(r, KX_ASK_ACCEPT);
    return kx_core_write_answer(r) == ASSAY_OK ? kx_core_deliver(r, &r->record.answer, false)
                                               : kx_core_unavailable(r);
}

struct kx_action kx_core_on_paid_result(struct kx_core_request *r, enum assay_code code,
                                        bool reached, const struct kx_result *result)
{
    if (r->is_facilitated)
        return kx_facilitated_on_result(r, code, result);
    if (code != ASSAY_OK && !reached && !r->is_late)
        return kx_core_ask(r, KX_ASK_RESET);
    if (r->is_late)
        return claim_late(r, is_good(r, code, result));
    if (is_good(r, code, result))
        return kx_core_ask(r, KX_ASK_RESULT);
    return kx_core_ask(r, REF_DEFECT(kx_handler_failed_reruns) ? KX_ASK_RESET : KX_ASK_RECOVERY);
}

/* ---- the steps in the store ---- */

static struct kx_action begun(struct kx_core_request *r, bool done)
{
    if (r->is_late)
        return kx_core_ask(r, KX_ASK_RESULT);
    if (r->is_batch)
        return kx_batch_on_begun(r, done);
    if (r->core->fac != NULL) /* who set the mark has written the same, or never will */
        return kx_fac_settled(r);
    done = done || (r->is_facilitated && REF_DEFECT(fac_race));
    return done ? kx_core_run(r, KX_RUN_PAID) : kx_core_pending(r, "handler.once");
}

static struct kx_action recorded(struct kx_core_request *r, enum assay_code code)
{
    if (r->is_facilitated)
        return kx_facilitated_on_recorded(r, code);
    if (code == ASSAY_OK)
        return kx_core_commit(r);
    if (code == ASSAY_E_TOO_LARGE || code == ASSAY_E_RANGE)
        return kx_core_ask(r, KX_ASK_RECOVERY);
    return lost_result(r);
}

/* MISSING: another copy has given it up. */
static struct kx_action abandoned(struct kx_core_request *r, enum assay_code code)
{
    if (r->is_unsent || (code != ASSAY_OK && code != ASSAY_E_MISSING))
        return kx_core_pending(r, "broadcast.ambiguous");
    return kx_core_challenge(r, KX_WIRE_STATE, "broadcast.ambiguous");
}

/* What the node has taken is not accepted. */
static struct kx_action submitted(struct kx_core_request *r)
{
    if (r->is_facilitated)
        return kx_facilitated_settle(r);
    r->reached = KX_FINALITY_ACCEPTED;
    return REF_DEFECT(kx_final_at_submit) ? accept(r) : wait_for_chain(r);
}

/* MISMATCH, of a channel: it has moved since the payment was judged. DUPLICATE, of what a
 * facilitator settles: its transaction has bought already. */
static struct kx_action committed(struct kx_core_request *r, enum assay_code code)
{
    r->facilitated.is_spent = r->is_facilitated && code == ASSAY_E_DUPLICATE;
    if (r->facilitated.is_spent)
        return kx_core_ask(r, KX_ASK_ABANDON);
    r->batch.has_moved = r->is_batch && code == ASSAY_E_MISMATCH;
    if (r->batch.has_moved)
        return kx_core_ask(r, KX_ASK_RECOVERY);
    return code == ASSAY_OK ? kx_core_deliver(r, &r->record.answer, false)
                            : kx_core_pending(r, "store.fail-closed");
}

struct kx_action kx_core_on_step(struct kx_core_request *r, enum assay_code code, bool done)
{
    if (code == ASSAY_E_MISMATCH && kx_fac_looks_again(r))
        return kx_core_search(r, KX_SEARCH_KNOWN);
    switch (r->ask) {
    case KX_ASK_BROADCAST:
        return code == ASSAY_OK ? submitted(r) : kx_core_pending(r, "store.fail-closed");
    case KX_ASK_ACCEPT:
        return code == ASSAY_OK ? kx_core_ask(r, KX_ASK_BEGIN)
                                : kx_core_pending(r, "store.fail-closed");
    case KX_ASK_BEGIN:
        return code == ASSAY_OK ? begun(r, done) : kx_core_pending(r, "store.fail-closed");
    case KX_ASK_RESULT:
        return recorded(r, code);
    case KX_ASK_RECOVERY:
        return r->batch.is_expired ? kx_core_pending(r, "expiry.claim") : lost_result(r);
    case KX_ASK_COMMIT: /* not 500 as [R], 24.14: the result is stored, the next retry is given it
                         */
        return committed(r, code);
    case KX_ASK_ABANDON_REFUSED:
    case KX_ASK_ABANDON:
        if (r->is_facilitated)
            return kx_facilitated_on_abandoned(r, code);
        return r->is_batch ? kx_batch_on_abandoned(r, code) : abandoned(r, code);
    case KX_ASK_RESET: /* be it reset or not: the handler has not run for this request */
    case KX_ASK_IDENTIFIER:
    case KX_ASK_SCOPE:
    case KX_ASK_ATTEMPT:
    case KX_ASK_PAYMENT:
    case KX_ASK_HEAD:
    case KX_ASK_CHANNEL:
    case KX_ASK_LINEAGE:
    case KX_ASK_OPERATION:
    case KX_ASK_SELECT:
    case KX_ASK_CLAIM:
    case KX_ASK_HEAD_LOST:
    case KX_ASK_FOLLOW:
        break;
    }
    return kx_core_pending(r, "handler.once");
}
