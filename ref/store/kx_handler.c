/* The protected handler of an accepted payment, run once, and the end of its attempt (exact digest,
 * section 18): the start mark, the result or why an operator is needed, the paid answer. */
#include "store/kx_step.h"

#include "defects/defects.h"

/* Whether what the payment was judged with is what there is. */
static enum assay_code look_at_channel(struct kx_step *s, bool *is_as_judged, struct assay_err *err)
{
    struct kx_lane_entry lane;

    *is_as_judged = true;
    return s->entry.attempt.has_channel ? kx_lane_of_attempt(&lane, s, is_as_judged, err)
                                        : ASSAY_OK;
}

/* Only a payment that can be committed then, or settled. */
static bool may_begin(const struct kx_attempt *a, bool is_as_judged)
{
    enum kx_attempt_status from = a->settles_last ? KX_PENDING : KX_ACCEPTED;

    return a->status == from && a->handler_started_ms == KX_NO_TIME && is_as_judged;
}

enum assay_code kx_handler_begin(struct kx_store *store, const char *txid, int64_t started_ms,
                                 bool *begun, struct assay_err *err)
{
    struct kx_books *b = (struct kx_books *)store;
    bool is_apart = REF_DEFECT(kx_handler_twice); /* reading the mark, and setting it */
    bool is_ours = false, is_as_judged = false;
    struct kx_step s;
    enum assay_code code;

    if (started_ms == KX_NO_TIME)
        return assay_fail(err, ASSAY_E_RANGE, 0, "store: begin handler: a mark needs a time");
    code = kx_step_begin(&s, is_apart ? b->reader : b->writer, err);
    if (code == ASSAY_OK)
        code = kx_step_find(&s, txid, err);
    if (code == ASSAY_OK && is_apart)
        code = kx_step_again(&s, b->writer, err);
    if (code == ASSAY_OK)
        code = look_at_channel(&s, &is_as_judged, err);
    if (code == ASSAY_OK && may_begin(&s.entry.attempt, is_as_judged)) {
        is_ours = true;
        s.entry.attempt.handler_started_ms = started_ms;
        code = kx_step_put(&s, started_ms, err);
    }
    if ((code = kx_step_end(&s, code, "begin handler", err)) == ASSAY_OK)
        *begun = is_ours;
    return code;
}

/* What settles last is committed as soon as it is known to be settled, and by that alone. */
static enum assay_code check_accepted(const struct kx_attempt *a, struct assay_err *err)
{
    if (a->status == (a->settles_last ? KX_BROADCAST : KX_ACCEPTED) ||
        (a->settles_last && a->status == KX_ASKED_AGAIN))
        return ASSAY_OK;
    return assay_fail(err, ASSAY_E_MISMATCH, 0, "the payment is %s",
                      a->status == KX_APPLIED ? "served already" : "not accepted yet");
}

/* A result and a recovery are of a handler that was started for a payment that allowed it. */
static enum assay_code check_started(const struct kx_attempt *a, struct assay_err *err)
{
    enum assay_code code =
        a->settles_last && a->status != KX_APPLIED ? ASSAY_OK : check_accepted(a, err);

    if (code != ASSAY_OK)
        return code;
    return a->handler_started_ms != KX_NO_TIME
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_MISMATCH, 0, "its handler was not started");
}

/* Whatever was wrong is over. */
static enum assay_code put_recovered(struct kx_step *s, int64_t now_ms, struct assay_err *err)
{
    struct kx_attempt *a = &s->entry.attempt;
    enum assay_code code =
        a->recovery.len > 0 ? kx_own_identifier(s->ledger, a, KX_ID_PENDING, err) : ASSAY_OK;

    a->recovery = ASSAY_LIT("");
    return code == ASSAY_OK ? kx_step_put(s, now_ms, err) : code;
}

enum assay_code kx_handler_reset(struct kx_store *store, const char *txid, int64_t started_ms,
                                 struct assay_err *err)
{
    struct kx_step s;
    struct kx_attempt *a = &s.entry.attempt;
    enum assay_code code = kx_step_find_to_change(&s, store, txid, err);

    if (code == ASSAY_OK)
        code = check_started(a, err);
    if (code == ASSAY_OK && (a->handler_started_ms != started_ms || s.entry.packed.len > 0))
        code = assay_fail(err, ASSAY_E_MISMATCH, 0, "%s",
                          s.entry.packed.len > 0 ? "its handler has answered"
                                                 : "its handler was started at another time");
    if (code == ASSAY_OK) {
        a->handler_started_ms = KX_NO_TIME;
        code = put_recovered(&s, a->changed_ms, err);
    }
    return kx_step_end(&s, code, "reset handler", err);
}

enum assay_code kx_handler_record_result(struct kx_store *store, const char *txid,
                                         const struct kx_result *result, int64_t now_ms,
                                         struct assay_err *err)
{
    struct kx_step s;
    struct assay_bytes packed = ASSAY_LIT("");
    enum assay_code code = kx_step_find_to_change(&s, store, txid, err);

    if (code == ASSAY_OK)
        code = check_started(&s.entry.attempt, err);
    if (code == ASSAY_OK)
        code = kx_result_pack(&packed, &s.arena, result, KX_STORE_HEADERS_MAX,
                              KX_STORE_RESULT_MAX_BYTES, err);
    if (code == ASSAY_OK && s.entry.packed.len > 0) {
        if (!assay_bytes_equal(s.entry.packed, packed))
            code = assay_fail(err, ASSAY_E_MISMATCH, 0, "its handler has given another answer");
    } else if (code == ASSAY_OK) {
        s.entry.packed = packed;
        code = put_recovered(&s, now_ms, err);
    }
    return kx_step_end(&s, code, "record result", err);
}

/* A handler that has answered needs an operator only where its payment cannot be committed. */
static enum assay_code check_recovery(struct kx_step *s, struct assay_err *err)
{
    bool is_as_judged = false;
    enum assay_code code = check_started(&s->entry.attempt, err);

    if (code == ASSAY_OK)
        code = look_at_channel(s, &is_as_judged, err);
    if (code == ASSAY_OK && s->entry.packed.len > 0 && is_as_judged)
        code = assay_fail(err, ASSAY_E_MISMATCH, 0, "its handler has answered");
    return code;
}

enum assay_code kx_handler_mark_recovery(struct kx_store *store, const char *txid,
                                         struct assay_bytes reason, int64_t now_ms,
                                         struct assay_err *err)
{
    struct kx_step s;
    enum assay_code code;

    if (reason.len == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "store: mark recovery: a reason is needed");
    if (reason.len > KX_STORE_REASON_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                          "store: mark recovery: a reason of %zu bytes, at most %d", reason.len,
                          KX_STORE_REASON_MAX_BYTES);
    code = kx_step_find_to_change(&s, store, txid, err);
    if (code == ASSAY_OK)
        code = check_recovery(&s, err);
    if (code == ASSAY_OK) {
        s.entry.attempt.recovery = reason;
        code = kx_step_put(&s, now_ms, err);
    }
    if (code == ASSAY_OK)
        code = kx_own_identifier(s.ledger, &s.entry.attempt, KX_ID_RECOVERY, err);
    return kx_step_end(&s, code, "mark recovery", err);
}

enum assay_code kx_handler_rejudge(struct kx_store *store, const char *txid, uint64_t version,
                                   int64_t now_ms, struct assay_err *err)
{
    bool is_as_judged = false;
    struct kx_step s;
    enum assay_code code = kx_step_find_to_change(&s, store, txid, err);

    if (code == ASSAY_OK)
        code = check_started(&s.entry.attempt, err);
    if (code == ASSAY_OK) {
        s.entry.attempt.charge.version = version;
        code = look_at_channel(&s, &is_as_judged, err);
    }
    if (code == ASSAY_OK && (!s.entry.attempt.has_channel || !is_as_judged))
        code = assay_fail(err, ASSAY_E_MISMATCH, 0,
                          "the payment holds no channel that is at version %llu",
                          (unsigned long long)version);
    if (code == ASSAY_OK)
        code =
            s.entry.packed.len > 0 ? put_recovered(&s, now_ms, err) : kx_step_put(&s, now_ms, err);
    return kx_step_end(&s, code, "rejudge", err);
}

static bool same_payment(const struct kx_attempt *a, const struct kx_payment_record *p)
{
    return strcmp(a->fingerprint, p->fingerprint) == 0 &&
           strcmp(a->payload_hash, p->payload_hash) == 0 && a->output_index == p->output_index;
}

static enum assay_code check_payment(const struct kx_entry *e, const struct kx_payment_record *p,
                                     struct assay_err *err)
{
    enum assay_code code;

    if (!same_payment(&e->attempt, p) ||
        (e->attempt.status != KX_APPLIED &&
         (strcmp(e->attempt.scope, p->scope) != 0 ||
          !assay_bytes_equal(e->attempt.identifier, p->identifier))))
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "the payment is not the attempt's");
    if (e->attempt.status == KX_APPLIED)
        return ASSAY_OK;
    if ((code = check_accepted(&e->attempt, err)) != ASSAY_OK ||
        (code = check_started(&e->attempt, err)) != ASSAY_OK)
        return code;
    return e->packed.len > 0 ? ASSAY_OK
                             : assay_fail(err, ASSAY_E_MISMATCH, 0, "its handler has not answered");
}

/* The wrong turn of kx_commit_split: the attempt ends without an answer, and the answer follows. */
static enum assay_code end_without_answer(struct kx_step *s, struct assay_err *err)
{
    struct kx_entry whole = s->entry;
    enum assay_code code;

    s->entry.packed = ASSAY_LIT("");
    s->entry.charge = 0;
    code = kx_step_put(s, whole.committed_ms, err);
    s->entry = whole;
    return code == ASSAY_OK ? kx_step_again(s, s->ledger, err) : code;
}

/* What has settled another payment settles none again. The other one is large: it has no place in
 * the step's arena. */
static enum assay_code take_settlement(struct kx_step *s, const char *settlement,
                                       struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_STEP_BYTES);
    struct kx_ledger *l = s->ledger;
    bool is_taken = false;
    struct kx_entry other;
    enum assay_code code = ASSAY_OK;

    if (settlement[0] != '\0')
        code = kx_found(&is_taken,
                        l->ops->find_entry(l, &other, &arena, KX_BY_SETTLEMENT, settlement, err));
    assay_arena_fini(&arena);
    if (is_taken)
        return assay_fail(err, ASSAY_E_DUPLICATE, 0, "what settles it has settled another payment");
    memcpy(s->entry.settlement, settlement, sizeof(s->entry.settlement));
    return code;
}

static enum assay_code apply(struct kx_step *s, const struct kx_payment_record *payment,
                             struct assay_err *err)
{
    struct kx_entry *e = &s->entry;
    enum assay_code code =
        kx_result_pack(&e->packed, &s->arena, &payment->answer, KX_STORE_ANSWER_HEADERS_MAX,
                       KX_STORE_ANSWER_MAX_BYTES, err);

    if (code != ASSAY_OK || (code = take_settlement(s, payment->settlement, err)) != ASSAY_OK)
        return code;
    e->attempt.status = KX_APPLIED;
    e->attempt.transaction = ASSAY_LIT("");
    e->committed_ms = payment->committed_ms;
    e->charge = kx_payment_charge(e);
    if (e->attempt.has_channel &&
        (code = kx_lane_charge(s, payment->committed_ms, err)) != ASSAY_OK)
        return code;
    if (REF_DEFECT(kx_channel_split) && (code = kx_step_again(s, s->ledger, err)) != ASSAY_OK)
        return code;
    memset(e->attempt.charge.voucher, 0,
           sizeof(e->attempt.charge.voucher)); /* the channel has it */
    if (REF_DEFECT(kx_commit_split) && (code = end_without_answer(s, err)) != ASSAY_OK)
        return code;
    code = kx_step_put(s, payment->committed_ms, err);
    return code == ASSAY_OK ? kx_own_identifier(s->ledger, &e->attempt, KX_ID_COMPLETED, err)
                            : code;
}

enum assay_code kx_handler_commit(struct kx_store *store, const struct kx_payment_record *payment,
                                  struct assay_err *err)
{
    struct kx_step s;
    enum assay_code code = kx_step_find_to_change(&s, store, payment->txid, err);

    if (code == ASSAY_OK)
        code = check_payment(&s.entry, payment, err);
    if (code == ASSAY_OK && s.entry.attempt.status != KX_APPLIED)
        code = apply(&s, payment, err);
    return kx_step_end(&s, code, "commit", err);
}
