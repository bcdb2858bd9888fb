/* Heads in a SQLite file. */
#include "store/kx_sqlite.h"

/* In the order of KX_SQLITE_HEAD. */
static enum assay_code read_head(struct kx_head_record *out, sqlite3_stmt *s, struct assay_err *err)
{
    struct kx_head_record h = {
        .version = ref_sqlite_column_u64(s, 1),
        .outpoint.index = (uint32_t)sqlite3_column_int64(s, 3),
        .amount = ref_sqlite_column_u64(s, 4),
        .threshold = ref_sqlite_column_u64(s, 5),
        .status = (enum kx_head_status)sqlite3_column_int(s, 7),
    };

    if (!kx_sqlite_column_bytes(h.id, sizeof(h.id), s, 0) ||
        !kx_sqlite_column_bytes(h.outpoint.txid.at, sizeof(h.outpoint.txid.at), s, 2) ||
        !kx_sqlite_column_bytes(h.owner, sizeof(h.owner), s, 6))
        return kx_sqlite_damaged("a head", err);
    *out = h;
    return ASSAY_OK;
}

/* Runs a statement that has its parameters, for the one head that it gives. */
static enum assay_code one_head(struct kx_ledger *ledger, struct kx_head_record *out,
                                sqlite3_stmt *s, struct assay_err *err)
{
    enum assay_code code = kx_sqlite_row(ledger, s, err);

    if (code == ASSAY_OK)
        code = read_head(out, s, err);
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_find_head(struct kx_ledger *ledger, struct kx_head_record *out,
                                    const uint8_t *id, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_HEAD_BY_ID);

    ref_sqlite_bind_blob(s, 1, assay_bytes_of(id, sizeof(out->id)));
    return one_head(ledger, out, s, err);
}

static void bind_outpoint(sqlite3_stmt *s, int at, const struct kaspa_outpoint *outpoint)
{
    ref_sqlite_bind_blob(s, at, assay_bytes_of(outpoint->txid.at, sizeof(outpoint->txid.at)));
    ref_sqlite_bind_i64(s, at + 1, outpoint->index);
}

enum assay_code kx_sqlite_find_head_at(struct kx_ledger *ledger, struct kx_head_record *out,
                                       const struct kaspa_outpoint *outpoint, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_HEAD_AT);

    bind_outpoint(s, 1, outpoint);
    return one_head(ledger, out, s, err);
}

enum assay_code kx_sqlite_find_available(struct kx_ledger *ledger, struct kx_head_record *out,
                                         uint64_t nth, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_HEAD_NTH);

    ref_sqlite_bind_u64(s, 1, nth);
    return one_head(ledger, out, s, err);
}

enum assay_code kx_sqlite_count_heads(struct kx_ledger *ledger, uint64_t *all, uint64_t *available,
                                      struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_HEADS_COUNT);
    enum assay_code code = kx_sqlite_row(ledger, s, err);

    if (code == ASSAY_OK) {
        *all = ref_sqlite_column_u64(s, 0);
        *available = ref_sqlite_column_u64(s, 1);
    }
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_put_head(struct kx_ledger *ledger, const struct kx_head_record *head,
                                   struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_HEAD_PUT);

    ref_sqlite_bind_blob(s, 1, assay_bytes_of(head->id, sizeof(head->id)));
    ref_sqlite_bind_u64(s, 2, head->version);
    bind_outpoint(s, 3, &head->outpoint);
    ref_sqlite_bind_u64(s, 5, head->amount);
    ref_sqlite_bind_u64(s, 6, head->threshold);
    ref_sqlite_bind_blob(s, 7, assay_bytes_of(head->owner, sizeof(head->owner)));
    ref_sqlite_bind_i64(s, 8, (int64_t)head->status);
    return kx_sqlite_run(ledger, KX_S_HEAD_PUT, err);
}
