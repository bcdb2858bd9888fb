/* Channels, their lineages, and what spends their heads, in a SQLite file. */
#include "store/kx_sqlite.h"

enum { HEAD_COLUMNS = 5 };

static void read_head(struct kx_lane_head *out, struct kx_columns *c)
{
    kx_columns_bytes(c, out->outpoint.txid.at, sizeof(out->outpoint.txid.at));
    out->outpoint.index = (uint32_t)kx_columns_i64(c);
    kx_columns_bytes(c, out->covenant_id.at, sizeof(out->covenant_id.at));
    out->value = kx_columns_u64(c);
    out->claimed = kx_columns_u64(c);
}

static void bind_head(struct kx_parameters *p, const struct kx_lane_head *head)
{
    kx_parameters_blob(p, assay_bytes_of(head->outpoint.txid.at, sizeof(head->outpoint.txid.at)));
    kx_parameters_i64(p, head->outpoint.index);
    kx_parameters_blob(p, assay_bytes_of(head->covenant_id.at, sizeof(head->covenant_id.at)));
    kx_parameters_u64(p, head->value);
    kx_parameters_u64(p, head->claimed);
}

static enum assay_code copy(struct assay_bytes *slice, struct assay_arena *arena, const char *what,
                            struct assay_err *err)
{
    *slice = assay_arena_copy(arena, *slice);
    return slice->at != NULL ? ASSAY_OK
                             : assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for %s", what);
}

/* ---- channels ---- */

/* In the order of KX_SQLITE_CHANNEL. */
static enum assay_code read_channel(struct kx_lane_entry *out, struct assay_arena *arena,
                                    sqlite3_stmt *s, struct assay_err *err)
{
    struct kx_columns c = {.s = s};
    struct kx_lane_entry e = {0};
    struct kx_lane_record *r = &e.record;
    enum assay_code code;

    kx_columns_hash(&c, r->channel_id);
    kx_columns_bytes(&c, r->client, sizeof(r->client));
    r->config = kx_columns_slice(&c);
    r->status = (enum kx_channel_status)kx_columns_i64(&c);
    r->is_closed = kx_columns_i64(&c) != 0;
    read_head(&r->head, &c);
    r->charged = kx_columns_u64(&c);
    r->authorized = kx_columns_u64(&c);
    r->has_voucher = kx_columns_bytes_or_null(&c, r->voucher, sizeof(r->voucher));
    r->version = kx_columns_u64(&c);
    kx_columns_name(&c, r->lease);
    kx_columns_name(&c, r->last_attempt);
    r->changed_ms = kx_columns_i64(&c);
    e.charge = kx_columns_u64(&c);
    if (c.is_damaged)
        return kx_sqlite_damaged("a channel", err);
    r->lineage = ASSAY_LIT("");
    if ((code = copy(&r->config, arena, "a channel", err)) == ASSAY_OK)
        *out = e;
    return code;
}

enum assay_code kx_sqlite_find_channel(struct kx_ledger *ledger, struct kx_lane_entry *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, channel_id != NULL ? KX_S_CHANNEL_BY_ID
                                                                     : KX_S_CHANNEL_REFUNDED);
    enum assay_code code;

    if (channel_id != NULL)
        ref_sqlite_bind_text(s, 1, assay_str(channel_id));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK)
        code = read_channel(out, arena, s, err);
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_find_covenant(struct kx_ledger *ledger, char *channel_id,
                                        const struct kaspa_hash *covenant_id, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_CHANNEL_OF_COVENANT);
    enum assay_code code;

    ref_sqlite_bind_blob(s, 1, assay_bytes_of(covenant_id->at, sizeof(covenant_id->at)));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK &&
        !kx_sqlite_column_text(channel_id, X402_HASH_TEXT_BYTES - 1, s, 0))
        code = kx_sqlite_damaged("a channel", err);
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_put_channel(struct kx_ledger *ledger, const struct kx_lane_entry *entry,
                                      struct assay_err *err)
{
    const struct kx_lane_record *r = &entry->record;
    struct kx_parameters p = {.s = kx_sqlite_statement(ledger, KX_S_CHANNEL_PUT)};

    kx_parameters_text(&p, assay_str(r->channel_id));
    kx_parameters_blob(&p, assay_bytes_of(r->client, sizeof(r->client)));
    kx_parameters_text(&p, r->config);
    kx_parameters_i64(&p, (int64_t)r->status);
    kx_parameters_i64(&p, r->is_closed);
    bind_head(&p, &r->head);
    kx_parameters_u64(&p, r->charged);
    kx_parameters_u64(&p, r->authorized);
    if (r->has_voucher)
        kx_parameters_blob(&p, assay_bytes_of(r->voucher, sizeof(r->voucher)));
    else
        kx_parameters_null(&p, 1);
    kx_parameters_u64(&p, r->version);
    kx_parameters_text(&p, assay_str(r->lease));
    kx_parameters_text(&p, assay_str(r->last_attempt));
    kx_parameters_i64(&p, r->changed_ms);
    kx_parameters_u64(&p, entry->charge);
    return kx_sqlite_run(ledger, KX_S_CHANNEL_PUT, err);
}

enum assay_code kx_sqlite_find_lineage(struct kx_ledger *ledger, struct assay_bytes *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_LINEAGE_GET);
    struct assay_bytes state = ASSAY_LIT("");
    enum assay_code code;

    ref_sqlite_bind_text(s, 1, assay_str(channel_id));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK) {
        state = ref_sqlite_column(s, 0);
        code = copy(&state, arena, "a lineage", err);
    }
    (void)sqlite3_reset(s);
    if (code == ASSAY_OK)
        *out = state;
    return code == ASSAY_E_MISSING ? kx_sqlite_damaged("a channel without lineage", err) : code;
}

enum assay_code kx_sqlite_put_lineage(struct kx_ledger *ledger, const char *channel_id,
                                      struct assay_bytes lineage, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_LINEAGE_PUT);

    ref_sqlite_bind_text(s, 1, assay_str(channel_id));
    ref_sqlite_bind_blob(s, 2, lineage);
    return kx_sqlite_run(ledger, KX_S_LINEAGE_PUT, err);
}

/* ---- operations ---- */

/* In the order of KX_SQLITE_OPERATION. */
static enum assay_code read_operation(struct kx_lane_operation *out, struct assay_arena *arena,
                                      sqlite3_stmt *s, struct assay_err *err)
{
    struct kx_columns c = {.s = s};
    struct kx_lane_operation o = {0};
    enum assay_code code;

    kx_columns_hash(&c, o.txid);
    kx_columns_hash(&c, o.channel_id);
    o.version = kx_columns_u64(&c);
    o.kind = (enum kx_transition_kind)kx_columns_i64(&c);
    o.amount = kx_columns_u64(&c);
    o.confirmations = kx_columns_u64(&c);
    o.has_successor = sqlite3_column_type(s, c.at) != SQLITE_NULL;
    if (o.has_successor)
        read_head(&o.successor, &c);
    else
        c.at += HEAD_COLUMNS;
    o.transaction = kx_columns_slice(&c);
    o.status = (enum kx_attempt_status)kx_columns_i64(&c);
    o.begun_ms = kx_columns_i64(&c);
    o.changed_ms = kx_columns_i64(&c);
    if (c.is_damaged)
        return kx_sqlite_damaged("an operation", err);
    if ((code = copy(&o.transaction, arena, "an operation", err)) == ASSAY_OK)
        *out = o;
    return code;
}

enum assay_code kx_sqlite_find_operation(struct kx_ledger *ledger, struct kx_lane_operation *out,
                                         struct assay_arena *arena, const char *txid,
                                         struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_OPERATION_GET);
    enum assay_code code;

    ref_sqlite_bind_text(s, 1, assay_str(txid));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK)
        code = read_operation(out, arena, s, err);
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_put_operation(struct kx_ledger *ledger,
                                        const struct kx_lane_operation *operation,
                                        struct assay_err *err)
{
    struct kx_parameters p = {.s = kx_sqlite_statement(ledger, KX_S_OPERATION_PUT)};

    kx_parameters_text(&p, assay_str(operation->txid));
    kx_parameters_text(&p, assay_str(operation->channel_id));
    kx_parameters_u64(&p, operation->version);
    kx_parameters_i64(&p, (int64_t)operation->kind);
    kx_parameters_u64(&p, operation->amount);
    kx_parameters_u64(&p, operation->confirmations);
    if (operation->has_successor)
        bind_head(&p, &operation->successor);
    else
        kx_parameters_null(&p, HEAD_COLUMNS);
    kx_parameters_text(&p, operation->transaction);
    kx_parameters_i64(&p, (int64_t)operation->status);
    kx_parameters_i64(&p, operation->begun_ms);
    kx_parameters_i64(&p, operation->changed_ms);
    return kx_sqlite_run(ledger, KX_S_OPERATION_PUT, err);
}

enum assay_code kx_sqlite_drop_operation(struct kx_ledger *ledger, const char *txid,
                                         struct assay_err *err)
{
    ref_sqlite_bind_text(kx_sqlite_statement(ledger, KX_S_OPERATION_DROP), 1, assay_str(txid));
    return kx_sqlite_run(ledger, KX_S_OPERATION_DROP, err);
}
