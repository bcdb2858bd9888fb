/* Operations on a channel's head (batch digest, section 14): claims, top-ups, refunds. Each is kept
 * before it is sent and never built anew, so that whatever becomes of it on the way, what the chain
 * says of this one transaction decides. */
#include "store/kx_step.h"

#include "defects/defects.h"

/* What is known of one that was applied has lost its text. */
static bool same_terms(const struct kx_lane_operation *known, const struct kx_lane_operation *o)
{
    return strcmp(known->channel_id, o->channel_id) == 0 && known->version == o->version &&
           known->kind == o->kind && known->amount == o->amount &&
           known->has_successor == o->has_successor &&
           (!o->has_successor || kx_lane_head_equal(&known->successor, &o->successor)) &&
           known->confirmations == o->confirmations &&
           (known->status == KX_APPLIED || assay_bytes_equal(known->transaction, o->transaction));
}

static bool may_begin(const struct kx_lane_record *r, const struct kx_lane_operation *o)
{
    return r->version == o->version &&
           (r->status == KX_CHANNEL_ACTIVE ||
            (r->status == KX_CHANNEL_SUSPICIOUS && o->kind != KX_TOP_UP));
}

/* Whether S and V lead to the successor's by the amount. A claim takes no more than was charged. */
static bool is_sum(const struct kx_lane_record *r, const struct kx_lane_operation *o)
{
    const struct kx_lane_head *from = &r->head, *to = &o->successor;

    switch (o->kind) {
    case KX_CLAIM:
        return o->amount > 0 && o->amount <= r->charged - from->claimed &&
               o->amount < from->value && to->value == from->value - o->amount &&
               to->claimed == from->claimed + o->amount;
    case KX_TOP_UP:
        return o->amount > 0 && o->amount <= KX_BATCH_AMOUNT_MAX - from->value &&
               to->value == from->value + o->amount && to->claimed == from->claimed;
    case KX_REFUND:
        return o->amount > 0 && o->amount <= from->value;
    }
    return false;
}

static enum assay_code check_sums(const struct kx_lane_record *r, const struct kx_lane_operation *o,
                                  struct assay_err *err)
{
    bool continues = o->kind != KX_REFUND;

    if (o->has_successor != continues || !is_sum(r, o) ||
        (continues && !kaspa_hash_equal(&o->successor.covenant_id, &r->head.covenant_id)))
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "a %s of %llu does not lead from S %llu, A %llu, V %llu to the successor",
                          kx_transition_name(o->kind), (unsigned long long)o->amount,
                          (unsigned long long)r->head.claimed, (unsigned long long)r->charged,
                          (unsigned long long)r->head.value);
    return ASSAY_OK;
}

static enum assay_code check_limits(const struct kx_lane_operation *o, struct assay_err *err)
{
    if (o->transaction.len > X402_ARTIFACT_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                          "the transaction's text has %zu bytes, at most %d", o->transaction.len,
                          X402_ARTIFACT_MAX_BYTES);
    return o->confirmations > 0
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_RANGE, 0, "0 confirmations are no threshold");
}

static enum assay_code write_begun(struct kx_ledger *l, struct kx_lane_entry *e,
                                   const struct kx_lane_operation *operation, int64_t now_ms,
                                   struct assay_err *err)
{
    struct kx_lane_operation o = *operation;
    enum assay_code code = check_sums(&e->record, &o, err);

    if (code != ASSAY_OK)
        return code;
    o.status = KX_PENDING;
    o.begun_ms = o.changed_ms = now_ms;
    memcpy(e->record.lease, o.txid, sizeof(o.txid));
    code = l->ops->put_operation(l, &o, err);
    return code == ASSAY_OK ? l->ops->put_channel(l, e, err) : code;
}

/* In a step: what is known of the transaction comes first, then who is in the way. */
static enum assay_code begin(struct kx_step *s, const struct kx_lane_operation *o, int64_t now_ms,
                             enum kx_operation_result *result, struct assay_err *err)
{
    struct kx_ledger *l = s->ledger;
    struct kx_lane_operation known;
    struct kx_lane_entry e = {0};
    enum assay_code code = l->ops->find_operation(l, &known, &s->arena, o->txid, err);

    if (code == ASSAY_OK) {
        *result = KX_OPERATION_EXISTS;
        return same_terms(&known, o) ? ASSAY_OK
                                     : assay_fail(err, ASSAY_E_MISMATCH, 0,
                                                  "transaction %s was begun on other terms, or "
                                                  "with other bytes",
                                                  o->txid);
    }
    *result = KX_OPERATION_MOVED;
    if (code == ASSAY_E_MISSING)
        code = l->ops->find_channel(l, &e, &s->arena, o->channel_id, err);
    if (code != ASSAY_OK)
        return code == ASSAY_E_MISSING ? ASSAY_OK : code;
    if (e.record.lease[0] != '\0' && !REF_DEFECT(kx_channel_no_lease))
        *result = KX_OPERATION_LEASED;
    else if (may_begin(&e.record, o))
        *result = KX_OPERATION_BEGUN;
    return *result == KX_OPERATION_BEGUN ? write_begun(l, &e, o, now_ms, err) : ASSAY_OK;
}

enum assay_code kx_operation_begin(struct kx_store *store,
                                   const struct kx_lane_operation *operation, int64_t now_ms,
                                   enum kx_operation_result *result, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    enum kx_operation_result r = KX_OPERATION_MOVED;
    struct kx_step s;
    enum assay_code code = check_limits(operation, err);

    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "store: begin operation");
    if ((code = kx_step_begin(&s, b->writer, err)) == ASSAY_OK)
        code = begin(&s, operation, now_ms, &r, err);
    if ((code = kx_step_end(&s, code, "begin operation", err)) == ASSAY_OK)
        *result = r;
    return code;
}

static enum assay_code find(struct kx_ledger *l, struct kx_lane_operation *out,
                            struct assay_arena *arena, const char *txid, struct assay_err *err)
{
    enum assay_code code = l->ops->find_operation(l, out, arena, txid, err);

    return code == ASSAY_E_MISSING
               ? assay_fail(err, code, 0, "there is no operation of transaction %s", txid)
               : code;
}

enum assay_code kx_operation_load(struct kx_store *store, struct kx_lane_operation *out,
                                  struct assay_arena *arena, const char *txid,
                                  struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_lane_operation o = {0};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = find(s.ledger, &o, arena, txid, err);
    if ((code = kx_step_end(&s, code, "load operation", err)) == ASSAY_OK)
        *out = o;
    return code;
}

/* Begins a step of the writer and finds. */
static enum assay_code find_to_change(struct kx_step *s, struct kx_lane_operation *out,
                                      struct kx_store *store, const char *txid,
                                      struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    enum assay_code code = kx_step_begin(s, b->writer, err);

    return code == ASSAY_OK ? find(s->ledger, out, &s->arena, txid, err) : code;
}

static enum assay_code put(struct kx_step *s, struct kx_lane_operation *o,
                           enum kx_attempt_status status, int64_t now_ms, struct assay_err *err)
{
    o->status = status;
    o->changed_ms = now_ms;
    return s->ledger->ops->put_operation(s->ledger, o, err);
}

enum assay_code kx_operation_broadcast(struct kx_store *store, const char *txid, int64_t now_ms,
                                       struct assay_err *err)
{
    struct kx_lane_operation o = {0};
    struct kx_step s;
    enum assay_code code = find_to_change(&s, &o, store, txid, err);

    if (code == ASSAY_OK && o.status == KX_PENDING)
        code = put(&s, &o, KX_BROADCAST, now_ms, err);
    return kx_step_end(&s, code, "broadcast operation", err);
}

static bool is_open(const struct kx_lane_operation *o)
{
    return o->status == KX_PENDING || o->status == KX_BROADCAST;
}

enum assay_code kx_operation_accept(struct kx_store *store, const char *txid,
                                    uint64_t confirmations, int64_t now_ms, struct assay_err *err)
{
    struct kx_lane_operation o = {0};
    struct kx_step s;
    enum assay_code code = find_to_change(&s, &o, store, txid, err);

    if (code == ASSAY_OK && is_open(&o))
        code = confirmations >= o.confirmations
                   ? put(&s, &o, KX_ACCEPTED, now_ms, err)
                   : assay_fail(err, ASSAY_E_RANGE, 0, "%llu confirmations, of %llu that it needs",
                                (unsigned long long)confirmations,
                                (unsigned long long)o.confirmations);
    return kx_step_end(&s, code, "accept operation", err);
}

/* The channel whose lease is the operation's. */
static enum assay_code find_leased(struct kx_step *s, struct kx_lane_entry *out,
                                   const struct kx_lane_operation *o, struct assay_err *err)
{
    enum assay_code code =
        s->ledger->ops->find_channel(s->ledger, out, &s->arena, o->channel_id, err);

    if (code == ASSAY_E_MISSING || (code == ASSAY_OK && strcmp(out->record.lease, o->txid) != 0))
        return assay_fail(err, ASSAY_E_IO, 0,
                          "the store is damaged: channel %s is not leased to its operation",
                          o->channel_id);
    return code;
}

static enum assay_code apply(struct kx_step *s, struct kx_lane_operation *o,
                             const struct kx_lane_record *to, int64_t now_ms, bool *applied,
                             struct assay_err *err)
{
    struct kx_lane_entry e = {0};
    enum assay_code code;

    *applied = o->status == KX_APPLIED;
    if (*applied)
        return ASSAY_OK;
    if (o->status != KX_ACCEPTED)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "the transaction is not accepted yet");
    if (to->status == KX_CHANNEL_ACTIVE &&
        (!o->has_successor || !kx_lane_head_equal(&to->head, &o->successor)))
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "an active channel stands on the successor of its last operation");
    if ((code = find_leased(s, &e, o, err)) != ASSAY_OK || e.record.version != to->version)
        return code;
    *applied = true;
    e.record.lease[0] = '\0';
    if ((code = kx_lane_follow(s->ledger, &e, to, now_ms, err)) != ASSAY_OK)
        return code;
    o->transaction = ASSAY_LIT("");
    return put(s, o, KX_APPLIED, now_ms, err);
}

enum assay_code kx_operation_apply(struct kx_store *store, const char *txid,
                                   const struct kx_lane_record *to, int64_t now_ms, bool *applied,
                                   struct assay_err *err)
{
    bool is_applied = false;
    struct kx_lane_operation o = {0};
    struct kx_step s;
    enum assay_code code = find_to_change(&s, &o, store, txid, err);

    if (code == ASSAY_OK)
        code = apply(&s, &o, to, now_ms, &is_applied, err);
    if ((code = kx_step_end(&s, code, "apply operation", err)) == ASSAY_OK)
        *applied = is_applied;
    return code;
}

enum assay_code kx_operation_abandon(struct kx_store *store, const char *txid,
                                     struct assay_err *err)
{
    struct kx_lane_operation o = {0};
    struct kx_lane_entry e = {0};
    struct kx_step s;
    enum assay_code code = find_to_change(&s, &o, store, txid, err);

    if (code == ASSAY_OK && !is_open(&o))
        code = assay_fail(err, ASSAY_E_MISMATCH, 0, "the transaction is accepted");
    if (code == ASSAY_OK)
        code = find_leased(&s, &e, &o, err);
    if (code == ASSAY_OK) {
        e.record.lease[0] = '\0';
        code = s.ledger->ops->put_channel(s.ledger, &e, err);
    }
    if (code == ASSAY_OK)
        code = s.ledger->ops->drop_operation(s.ledger, txid, err);
    return kx_step_end(&s, code, "abandon operation", err);
}
