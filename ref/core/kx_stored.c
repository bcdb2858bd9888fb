/* What the store knows of a payment before it is verified, and so whether it is an identical retry,
 * another request in its name, or new. Source: Kaspa x402 exact digest, sections 11, 12 and 13,
 * steps 13 and 31.
 *
 *  A payment is the same if identifier, fingerprint, scope and payload hash are. Records may change
 * between two questions: an attempt may be abandoned or become a payment. What was there and is
 * gone is 503, and the next retry sees what became of it.
 */
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa/safejson.h"

static bool is_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static struct kx_action conflict(struct kx_core_request *r, const char *rule)
{
    return kx_core_refuse(r, 409, kx_wire_text(KX_WIRE_STATE), rule);
}

/* Whether what is stored is this very payment. */
static bool is_same(const struct kx_core_request *r, const char *fingerprint, const char *scope,
                    const char *payload_hash)
{
    bool any_payment = REF_DEFECT(kx_unpaid_cached);
    bool any_contents = any_payment || REF_DEFECT(kx_identifier_conflict);
    bool any_signature = any_contents || REF_DEFECT(kx_identifier_resigned);

    return (any_contents || is_text(fingerprint, r->fingerprint)) &&
           (any_payment || is_text(scope, r->scope)) &&
           (any_signature || is_text(payload_hash, r->payload_hash));
}

/* ---- by the identifier ---- */

/* A batch payment is known by its attempt's id alone: its scope is the channel, where many meet. */
static struct kx_action unnamed(struct kx_core_request *r)
{
    if (r->is_refused)
        return kx_core_challenge(r, r->refusal, r->rule);
    return r->is_batch ? kx_core_search(r, KX_SEARCH_TXID) : kx_core_ask(r, KX_ASK_SCOPE);
}

struct kx_action kx_core_on_identifier(struct kx_core_request *r, enum assay_code code,
                                       const struct kx_store_answer *answer)
{
    const struct kx_identifier_record *record = &answer->identifier;

    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    switch (record->state) {
    case KX_ID_NONE:
    case KX_ID_RELEASED:
        return unnamed(r);
    case KX_ID_PENDING:
    case KX_ID_RECOVERY:
    case KX_ID_COMPLETED:
        break;
    }
    if (!is_same(r, record->fingerprint, record->scope, record->payload_hash))
        return conflict(r, "identifier.conflict");
    memcpy(r->txid, record->txid, sizeof(r->txid));
    return kx_core_search(r, KX_SEARCH_KNOWN);
}

/* ---- by the transaction ---- */

struct kx_action kx_core_on_scope(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_store_answer *answer)
{
    if (code == ASSAY_E_MISSING)
        return kx_core_judge(r);
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    memcpy(r->txid, answer->txid, sizeof(r->txid));
    return kx_core_search(r, KX_SEARCH_KNOWN);
}

struct kx_action kx_core_search(struct kx_core_request *r, enum kx_search search)
{
    r->search = search;
    return kx_core_ask(r, KX_ASK_PAYMENT);
}

static bool is_own_payment(const struct kx_core_request *r, const struct kx_payment_record *record)
{
    return assay_bytes_equal(record->identifier, r->identifier) &&
           is_same(r, record->fingerprint, record->scope, record->payload_hash);
}

static bool is_own_attempt(const struct kx_core_request *r, const struct kx_attempt *attempt)
{
    return assay_bytes_equal(attempt->identifier, r->identifier) &&
           is_same(r, attempt->fingerprint, attempt->scope, attempt->payload_hash);
}

/* Of defects: the handler runs again for what was answered before. */
static bool is_rerun(const struct kx_core_request *r, const struct kx_payment_record *record)
{
    return REF_DEFECT(kx_identifier_rerun) || (REF_DEFECT(kx_mcp_rerun) && r->event.tool != NULL) ||
           (REF_DEFECT(kx_cache_compacted) && record->is_compacted);
}

struct kx_action kx_core_on_rerun(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_result *result)
{
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    r->record.answer.status = result->status;
    r->record.answer.body = result->body;
    return kx_core_deliver(r, &r->record.answer, false);
}

/* Of defect kx.finality.reorganised_released: bought before, and judged as new. */
static struct kx_action forget(struct kx_core_request *r)
{
    r->is_again = true;
    if (kx_core_remember_as(r, r->scope) != ASSAY_OK)
        return kx_core_unavailable(r);
    return kx_core_judge(r);
}

/* Of defect fac.settle.repeats: what was settled before is sent to the node once more. */
static bool is_submitted_again(struct kx_core_request *r)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct kaspa_claims claims;

    return REF_DEFECT(kx_fac_settle_repeats) &&
           kaspa_tx_parse(&r->tx, &claims, &r->arena, r->payment.transaction, &options, NULL) ==
               ASSAY_OK;
}

struct kx_action kx_core_on_payment(struct kx_core_request *r, enum assay_code code,
                                    const struct kx_store_answer *answer)
{
    if (code == ASSAY_E_MISSING)
        return kx_core_ask(r, KX_ASK_ATTEMPT);
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    if (kx_fac_only_verifies(r))
        return conflict(r, "facilitator.once");
    if (REF_DEFECT(kx_final_forgets) && !is_own_payment(r, &answer->payment) && !r->is_again)
        return forget(r);
    if (!is_own_payment(r, &answer->payment) || REF_DEFECT(kx_identifier_terminal))
        return conflict(r, "replay.once");
    r->record = answer->payment;
    if (is_submitted_again(r))
        return kx_core_submit(r);
    if (is_rerun(r, &r->record))
        return kx_core_run(r, KX_RUN_AGAIN);
    if (answer->payment.is_compacted && r->core->fac != NULL)
        return kx_fac_recall(r);
    if (answer->payment.is_compacted)
        return kx_core_refuse(r, 409, "replay_record_retained", "store.retention");
    return kx_core_deliver(r, &r->record.answer, true);
}

/* Another's attempt is on its way, and may yet be abandoned (24.13). */
static struct kx_action foreign(struct kx_core_request *r, const struct kx_attempt *attempt)
{
    if (r->core->fac != NULL)
        return conflict(r, "facilitator.tenant");
    if (assay_bytes_equal(attempt->identifier, r->identifier))
        return conflict(r, "identifier.conflict");
    return kx_core_pending(r, "replay.once");
}

/* An exact payment was judged without the chain; the total of a batch payment follows from what was
 * bought before, so that it is judged when that is known. */
static struct kx_action is_new(struct kx_core_request *r)
{
    if (r->is_facilitated)
        return kx_facilitated_verify(r);
    return r->is_batch ? kx_batch_judge(r) : kx_core_look_at_coins(r);
}

struct kx_action kx_core_on_attempt(struct kx_core_request *r, enum assay_code code,
                                    const struct kx_store_answer *answer)
{
    const struct kx_attempt *attempt = &answer->attempt;

    if (code == ASSAY_E_MISSING)
        return r->search == KX_SEARCH_TXID ? is_new(r) : kx_core_pending(r, NULL);
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    if (kx_fac_only_verifies(r))
        return conflict(r, "facilitator.once");
    if (attempt->status == KX_APPLIED && !r->is_second_search) {
        r->is_second_search = true; /* it was committed meanwhile */
        return kx_core_search(r, KX_SEARCH_KNOWN);
    }
    if (!is_own_attempt(r, attempt))
        return foreign(r, attempt);
    r->attempt = *attempt;
    return kx_core_resume(r);
}
