/* The Kaspa x402 store over whatever keeps its entries (exact digest, section 18): reading, an
 * attempt up to its acceptance, sweeping. Each operation is one step: find, decide, write. */
#include "store/kx_step.h"

#include "defects/defects.h"

enum { SWEEP_BATCH = 64 }; /* in one step, so that payments get in between */

static enum assay_code load_entry(struct kx_store *store, struct kx_entry *out,
                                  struct assay_arena *arena, enum kx_entry_key key,
                                  const char *value, const char *operation, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->find_entry(s.ledger, out, arena, key, value, err);
    return kx_step_end(&s, code, operation, err);
}

static enum assay_code load_attempt(struct kx_store *store, struct kx_attempt *out,
                                    struct assay_arena *arena, const char *txid,
                                    struct assay_err *err)
{
    struct kx_entry e = {0};
    enum assay_code code = load_entry(store, &e, arena, KX_BY_TXID, txid, "load attempt", err);

    if (code != ASSAY_OK)
        return code;
    e.attempt.has_result = e.attempt.status != KX_APPLIED && e.packed.len > 0;
    if (e.attempt.has_result)
        code = kx_result_unpack(&e.attempt.result, e.packed, err);
    if (code == ASSAY_OK)
        *out = e.attempt;
    return assay_err_wrap(err, code, "store: load attempt");
}

static enum assay_code load_payment(struct kx_store *store, struct kx_payment_record *out,
                                    struct assay_arena *arena, const char *txid,
                                    struct assay_err *err)
{
    struct kx_entry e = {0};
    struct kx_payment_record r = {0};
    enum assay_code code = load_entry(store, &e, arena, KX_BY_TXID, txid, "load payment", err);

    if (code != ASSAY_OK)
        return code;
    if (e.attempt.status != KX_APPLIED)
        return assay_fail(err, ASSAY_E_MISSING, 0, "store: load payment: it is not served yet");
    memcpy(r.txid, e.attempt.txid, sizeof(r.txid));
    memcpy(r.fingerprint, e.attempt.fingerprint, sizeof(r.fingerprint));
    memcpy(r.payload_hash, e.attempt.payload_hash, sizeof(r.payload_hash));
    memcpy(r.scope, e.attempt.scope, sizeof(r.scope));
    memcpy(r.settlement, e.settlement, sizeof(r.settlement));
    r.output_index = e.attempt.output_index;
    r.identifier = e.attempt.identifier;
    r.committed_ms = e.committed_ms;
    r.is_compacted = e.charge == 0;
    if (!r.is_compacted)
        code = kx_result_unpack(&r.answer, e.packed, err);
    if (code == ASSAY_OK)
        *out = r;
    return assay_err_wrap(err, code, "store: load payment");
}

static enum assay_code load_identifier(struct kx_store *store, struct kx_identifier_record *out,
                                       struct assay_bytes identifier, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_identifier_record r = {.state = KX_ID_NONE};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->find_identifier(s.ledger, &r, identifier, err);
    code = kx_step_end(&s, code == ASSAY_E_MISSING ? ASSAY_OK : code, "load identifier", err);
    if (code == ASSAY_OK)
        *out = r;
    return code;
}

static enum assay_code find_scope(struct kx_store *store, char *txid, const char *scope,
                                  struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_STEP_BYTES);
    struct kx_entry e;
    enum assay_code code = load_entry(store, &e, &arena, KX_BY_SCOPE, scope, "find scope", err);

    if (code == ASSAY_OK)
        memcpy(txid, e.attempt.txid, sizeof(e.attempt.txid));
    assay_arena_fini(&arena);
    return code;
}

static enum assay_code list(struct kx_store *store, enum kx_listed of,
                            char (*ids)[X402_HASH_TEXT_BYTES], size_t room, size_t *count,
                            const char *operation, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->list(s.ledger, of, ids, room, count, err);
    return kx_step_end(&s, code, operation, err);
}

static enum assay_code unresolved(struct kx_store *store, char (*txids)[X402_HASH_TEXT_BYTES],
                                  size_t room, size_t *count, struct assay_err *err)
{
    return list(store, KX_OF_ATTEMPTS, txids, room, count, "unresolved", err);
}

static enum assay_code unresolved_operations(struct kx_store *store,
                                             char (*txids)[X402_HASH_TEXT_BYTES], size_t room,
                                             size_t *count, struct assay_err *err)
{
    return list(store, KX_OF_OPERATIONS, txids, room, count, "unresolved operations", err);
}

static enum assay_code claimable(struct kx_store *store, char (*ids)[X402_HASH_TEXT_BYTES],
                                 size_t room, size_t *count, struct assay_err *err)
{
    return list(store, KX_OF_CHANNELS, ids, room, count, "claimable", err);
}

static enum assay_code broadcast(struct kx_store *store, const char *txid, int64_t now_ms,
                                 struct assay_err *err)
{
    struct kx_step s;
    struct kx_attempt *a = &s.entry.attempt;
    enum assay_code code = kx_step_find_to_change(&s, store, txid, err);
    bool is_again = code == ASSAY_OK && a->settles_last && a->status == KX_BROADCAST;

    if (code == ASSAY_OK && (a->status == KX_PENDING || is_again)) {
        a->status = is_again ? KX_ASKED_AGAIN : KX_BROADCAST;
        code = kx_step_put(&s, now_ms, err);
    }
    return kx_step_end(&s, code, "broadcast", err);
}

static enum assay_code accept_found(struct kx_step *s, enum kx_finality finality, int64_t now_ms,
                                    struct assay_err *err)
{
    struct kx_attempt *a = &s->entry.attempt;
    bool is_new = a->status == KX_PENDING || a->status == KX_BROADCAST;
    enum assay_code code;

    if (a->settles_last)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "a facilitator settles it");
    if (a->status == KX_APPLIED || (!is_new && finality <= a->finality))
        return ASSAY_OK;
    a->status = KX_ACCEPTED;
    a->finality = finality;
    code = kx_step_put(s, now_ms, err);
    return code == ASSAY_OK && is_new && a->has_head ? kx_head_advance(s->ledger, a, err) : code;
}

static enum assay_code accept_attempt(struct kx_store *store, const char *txid,
                                      enum kx_finality finality, int64_t now_ms,
                                      struct assay_err *err)
{
    struct kx_step s;
    enum assay_code code;

    if (finality < KX_FINALITY_ACCEPTED)
        return assay_fail(err, ASSAY_E_RANGE, 0, "store: accept: %s is not accepted",
                          kx_finality_name(finality));
    code = kx_step_find_to_change(&s, store, txid, err);
    if (code == ASSAY_OK)
        code = accept_found(&s, finality, now_ms, err);
    return kx_step_end(&s, code, "accept", err);
}

/* What may still be undone. */
static enum assay_code check_abandon(const struct kx_attempt *a, struct assay_err *err)
{
    if (a->has_channel)
        return a->handler_started_ms == KX_NO_TIME || REF_DEFECT(kx_channel_abandon_started)
                   ? ASSAY_OK
                   : assay_fail(err, ASSAY_E_MISMATCH, 0, "its handler was started");
    return a->status == KX_PENDING || a->status == KX_BROADCAST ||
                   (a->settles_last && a->status == KX_ASKED_AGAIN)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_MISMATCH, 0, "the transaction is accepted");
}

/* What was refused to the one who has asked. */
static enum assay_code check_refused(const struct kx_attempt *a, struct assay_err *err)
{
    return a->settles_last && a->status == KX_BROADCAST
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_MISMATCH, 0, "its settlement was asked for %s",
                            a->status == KX_PENDING ? "by nobody" : "more than once");
}

static enum assay_code give_up(struct kx_store *store, const char *txid,
                               enum assay_code (*check)(const struct kx_attempt *,
                                                        struct assay_err *),
                               struct assay_err *err)
{
    struct kx_step s;
    const struct kx_attempt *a = &s.entry.attempt;
    enum assay_code code = kx_step_find_to_change(&s, store, txid, err);

    if (code == ASSAY_OK)
        code = check(a, err);
    if (code == ASSAY_OK && a->has_head)
        code = kx_head_release(s.ledger, a, err);
    if (code == ASSAY_OK && a->has_channel)
        code = kx_lane_release(&s, err);
    if (code == ASSAY_OK)
        code = kx_forget(&s, err);
    return kx_step_end(&s, code, "abandon", err);
}

static enum assay_code abandon(struct kx_store *store, const char *txid, int64_t now_ms,
                               struct assay_err *err)
{
    (void)now_ms;
    return give_up(store, txid, check_abandon, err);
}

static enum assay_code abandon_refused(struct kx_store *store, const char *txid, int64_t now_ms,
                                       struct assay_err *err)
{
    (void)now_ms;
    return give_up(store, txid, check_refused, err);
}

/* Compacts one; *is_done: there is none left whose retention has passed. */
static enum assay_code compact_next(struct kx_step *s, int64_t until_ms, bool *is_done,
                                    struct assay_err *err)
{
    enum assay_code code =
        s->ledger->ops->find_entry(s->ledger, &s->entry, &s->arena, KX_OLDEST_ANSWER, NULL, err);

    *is_done = code == ASSAY_E_MISSING || (code == ASSAY_OK && s->entry.committed_ms > until_ms);
    if (code != ASSAY_OK || *is_done)
        return code == ASSAY_E_MISSING ? ASSAY_OK : code;
    s->entry.packed = ASSAY_LIT("");
    s->entry.charge = 0;
    code = s->ledger->ops->put_entry(s->ledger, &s->entry, err);
    assay_arena_fini(&s->arena);
    return code;
}

static enum assay_code sweep_batch(const struct kx_books *b, int64_t now_ms, bool *more,
                                   struct assay_err *err)
{
    bool is_done = false, lanes_done = false;
    size_t gone = 0;
    int64_t until_ms;
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->writer, err);

    if (__builtin_sub_overflow(now_ms, b->limits.retention_ms, &until_ms))
        until_ms = INT64_MIN;
    for (int i = 0; i < SWEEP_BATCH && code == ASSAY_OK && !is_done; i++)
        code = compact_next(&s, until_ms, &is_done, err);
    for (int i = 0; i < SWEEP_BATCH && code == ASSAY_OK && !lanes_done; i++)
        code = kx_lane_compact_next(&s, until_ms, &lanes_done, err);
    if (code == ASSAY_OK)
        code = s.ledger->ops->drop_identifiers(s.ledger, now_ms, SWEEP_BATCH, &gone, err);
    *more = !is_done || !lanes_done || gone == SWEEP_BATCH;
    return kx_step_end(&s, code, "sweep", err);
}

static enum assay_code sweep(struct kx_store *store, int64_t now_ms, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    enum assay_code code = ASSAY_OK;
    bool more = true;

    /* What others add meanwhile is for the next sweep. */
    for (uint64_t n = 0; more && code == ASSAY_OK && n <= b->limits.max_records / SWEEP_BATCH; n++)
        code = sweep_batch(b, now_ms, &more, err);
    return code;
}

static uint64_t commits(struct kx_store *store)
{
    struct kx_ledger *writer = ((struct kx_books *)store)->writer;

    return writer->ops->commits(writer);
}

static void close_books(struct kx_store *store)
{
    struct kx_books *b = (struct kx_books *)store;

    if (b == NULL)
        return;
    if (b->reader != b->writer)
        b->reader->ops->close(b->reader);
    b->writer->ops->close(b->writer); /* the last one copies a file's log into the file */
    assay_free(b);
}

static const struct kx_store_ops ops = {
    .load_attempt = load_attempt,
    .load_payment = load_payment,
    .load_identifier = load_identifier,
    .find_scope = find_scope,
    .claim = kx_claim,
    .broadcast = broadcast,
    .accept = accept_attempt,
    .begin_handler = kx_handler_begin,
    .reset_handler = kx_handler_reset,
    .record_result = kx_handler_record_result,
    .mark_recovery = kx_handler_mark_recovery,
    .commit = kx_handler_commit,
    .abandon = abandon,
    .abandon_refused = abandon_refused,
    .register_head = kx_head_register,
    .select_head = kx_head_select,
    .load_head = kx_head_load,
    .mark_head_unavailable = kx_head_mark_unavailable,
    .move_head = kx_head_move,
    .load_channel = kx_lane_load,
    .put_lineage = kx_lane_put_lineage,
    .rejudge = kx_handler_rejudge,
    .begin_operation = kx_operation_begin,
    .load_operation = kx_operation_load,
    .broadcast_operation = kx_operation_broadcast,
    .accept_operation = kx_operation_accept,
    .apply_operation = kx_operation_apply,
    .abandon_operation = kx_operation_abandon,
    .unresolved_operations = unresolved_operations,
    .claimable = claimable,
    .sweep = sweep,
    .unresolved = unresolved,
    .commits = commits,
    .close = close_books,
};

enum assay_code kx_store_over(struct kx_store **out, struct kx_ledger *reader,
                              struct kx_ledger *writer, const struct kx_store_limits *limits,
                              struct assay_err *err)
{
    struct kx_books *b = assay_alloc(sizeof(*b));

    if (b == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    *b = (struct kx_books){.base.ops = &ops, .limits = *limits, .reader = reader, .writer = writer};
    *out = &b->base;
    return ASSAY_OK;
}
