/* Entries in a SQLite file: reading and writing one, counting them. */
#include "store/kx_sqlite.h"

enum { CHARGE_COLUMNS = 6 };

static void read_head(struct kx_attempt *a, struct kx_columns *c)
{
    a->has_head = kx_columns_bytes_or_null(c, a->head_id, sizeof(a->head_id));
    a->head_version = kx_columns_u64(c);
    a->head_next_amount = kx_columns_u64(c);
}

static void read_channel(struct kx_attempt *a, struct kx_columns *c)
{
    struct kx_charge *g = &a->charge;

    a->has_channel = sqlite3_column_type(c->s, c->at) != SQLITE_NULL;
    if (!a->has_channel) {
        c->at += CHARGE_COLUMNS;
        return;
    }
    kx_columns_hash(c, g->channel_id);
    g->version = kx_columns_u64(c);
    g->before = kx_columns_u64(c);
    g->after = kx_columns_u64(c);
    kx_columns_bytes(c, g->voucher, sizeof(g->voucher));
    kx_columns_hash(c, g->commitment_id);
}

/* Its slices are views into the row. */
static enum assay_code read_entry(struct kx_entry *out, sqlite3_stmt *s, struct assay_err *err)
{
    struct kx_columns c = {.s = s};
    struct kx_attempt *a = &out->attempt;

    kx_columns_hash(&c, a->txid);
    a->profile = (enum kx_profile)kx_columns_i64(&c);
    a->amount = kx_columns_u64(&c);
    a->output_index = (uint32_t)kx_columns_i64(&c);
    kx_columns_hash(&c, a->fingerprint);
    kx_columns_hash(&c, a->requirements_hash);
    kx_columns_hash(&c, a->payload_hash);
    kx_columns_hash(&c, a->authorization_id);
    kx_columns_hash(&c, a->scope);
    a->identifier = kx_columns_slice(&c);
    a->authorization_expires_ms = kx_columns_i64(&c);
    a->challenge_expires_ms = kx_columns_i64(&c);
    a->pay_to_spk = kx_columns_slice(&c);
    a->transaction = kx_columns_slice(&c);
    a->required = (enum kx_finality)kx_columns_i64(&c);
    kx_columns_bytes(&c, a->payer, sizeof(a->payer));
    read_head(a, &c);
    read_channel(a, &c);
    a->settles_last = kx_columns_i64(&c) != 0;
    a->since = kx_columns_slice(&c);
    a->status = (enum kx_attempt_status)kx_columns_i64(&c);
    a->finality = (enum kx_finality)kx_columns_i64(&c);
    a->claimed_ms = kx_columns_i64(&c);
    a->changed_ms = kx_columns_i64(&c);
    a->handler_started_ms = kx_columns_i64(&c);
    a->recovery = kx_columns_slice(&c);
    out->packed = kx_columns_slice(&c);
    out->committed_ms = kx_columns_i64(&c);
    out->charge = kx_columns_u64(&c);
    kx_columns_name(&c, out->settlement);
    return c.is_damaged ? kx_sqlite_damaged("an attempt", err) : ASSAY_OK;
}

static enum assay_code copy_slices(struct kx_entry *entry, struct assay_arena *arena,
                                   struct assay_err *err)
{
    struct assay_bytes *slices[KX_ENTRY_SLICES];

    kx_entry_slices(entry, slices);
    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        *slices[i] = assay_arena_copy(arena, *slices[i]);
        if (slices[i]->at == NULL)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an attempt");
    }
    return ASSAY_OK;
}

enum assay_code kx_sqlite_find_entry(struct kx_ledger *ledger, struct kx_entry *out,
                                     struct assay_arena *arena, enum kx_entry_key key,
                                     const char *value, struct assay_err *err)
{
    static const enum kx_sqlite_statement by[] = {
        [KX_BY_TXID] = KX_S_ENTRY_BY_TXID,
        [KX_BY_SCOPE] = KX_S_ENTRY_BY_SCOPE,
        [KX_BY_SETTLEMENT] = KX_S_ENTRY_BY_SETTLEMENT,
        [KX_OLDEST_ANSWER] = KX_S_ENTRY_OLDEST,
    };
    sqlite3_stmt *s = kx_sqlite_statement(ledger, by[key]);
    struct kx_entry e = {0};
    enum assay_code code;

    if (key != KX_OLDEST_ANSWER)
        ref_sqlite_bind_text(s, 1, assay_str(value));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK)
        code = read_entry(&e, s, err);
    if (code == ASSAY_OK)
        code = copy_slices(&e, arena, err);
    (void)sqlite3_reset(s);
    if (code == ASSAY_OK)
        *out = e;
    return code;
}

static void bind_head(struct kx_parameters *p, const struct kx_attempt *a)
{
    if (a->has_head)
        kx_parameters_blob(p, assay_bytes_of(a->head_id, sizeof(a->head_id)));
    else
        kx_parameters_null(p, 1);
    kx_parameters_u64(p, a->head_version);
    kx_parameters_u64(p, a->head_next_amount);
}

static void bind_channel(struct kx_parameters *p, const struct kx_attempt *a)
{
    const struct kx_charge *g = &a->charge;

    if (!a->has_channel) {
        kx_parameters_null(p, CHARGE_COLUMNS);
        return;
    }
    kx_parameters_text(p, assay_str(g->channel_id));
    kx_parameters_u64(p, g->version);
    kx_parameters_u64(p, g->before);
    kx_parameters_u64(p, g->after);
    kx_parameters_blob(p, assay_bytes_of(g->voucher, sizeof(g->voucher)));
    kx_parameters_text(p, assay_str(g->commitment_id));
}

static void bind_entry(sqlite3_stmt *s, const struct kx_entry *entry)
{
    struct kx_parameters p = {.s = s};
    const struct kx_attempt *a = &entry->attempt;

    kx_parameters_text(&p, assay_str(a->txid));
    kx_parameters_i64(&p, (int64_t)a->profile);
    kx_parameters_u64(&p, a->amount);
    kx_parameters_i64(&p, a->output_index);
    kx_parameters_text(&p, assay_str(a->fingerprint));
    kx_parameters_text(&p, assay_str(a->requirements_hash));
    kx_parameters_text(&p, assay_str(a->payload_hash));
    kx_parameters_text(&p, assay_str(a->authorization_id));
    kx_parameters_text(&p, assay_str(a->scope));
    kx_parameters_text(&p, a->identifier);
    kx_parameters_i64(&p, a->authorization_expires_ms);
    kx_parameters_i64(&p, a->challenge_expires_ms);
    kx_parameters_blob(&p, a->pay_to_spk);
    kx_parameters_text(&p, a->transaction);
    kx_parameters_i64(&p, (int64_t)a->required);
    kx_parameters_blob(&p, assay_bytes_of(a->payer, sizeof(a->payer)));
    bind_head(&p, a);
    bind_channel(&p, a);
    kx_parameters_i64(&p, a->settles_last);
    kx_parameters_text(&p, a->since);
    kx_parameters_i64(&p, (int64_t)a->status);
    kx_parameters_i64(&p, (int64_t)a->finality);
    kx_parameters_i64(&p, a->claimed_ms);
    kx_parameters_i64(&p, a->changed_ms);
    kx_parameters_i64(&p, a->handler_started_ms);
    kx_parameters_text(&p, a->recovery);
    kx_parameters_blob(&p, entry->packed);
    kx_parameters_i64(&p, entry->committed_ms);
    kx_parameters_u64(&p, entry->charge);
    kx_parameters_text(&p, assay_str(entry->settlement));
}

enum assay_code kx_sqlite_put_entry(struct kx_ledger *ledger, const struct kx_entry *entry,
                                    struct assay_err *err)
{
    bind_entry(kx_sqlite_statement(ledger, KX_S_ENTRY_PUT), entry);
    return kx_sqlite_run(ledger, KX_S_ENTRY_PUT, err);
}

enum assay_code kx_sqlite_drop_entry(struct kx_ledger *ledger, const char *txid,
                                     struct assay_err *err)
{
    ref_sqlite_bind_text(kx_sqlite_statement(ledger, KX_S_ENTRY_DROP), 1, assay_str(txid));
    return kx_sqlite_run(ledger, KX_S_ENTRY_DROP, err);
}

enum assay_code kx_sqlite_used(struct kx_ledger *ledger, struct kx_used *out, const uint8_t *payer,
                               struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_USED);
    enum assay_code code;

    ref_sqlite_bind_blob(s, 1, assay_bytes_of(payer, sizeof(((struct kx_attempt *)0)->payer)));
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK) {
        out->records = ref_sqlite_column_u64(s, 0);
        out->bytes = ref_sqlite_column_u64(s, 1);
        out->of_payer = ref_sqlite_column_u64(s, 2);
    }
    (void)sqlite3_reset(s);
    return code;
}

enum assay_code kx_sqlite_list(struct kx_ledger *ledger, enum kx_listed of,
                               char (*ids)[X402_HASH_TEXT_BYTES], size_t room, size_t *count,
                               struct assay_err *err)
{
    static const struct {
        enum kx_sqlite_statement statement;
        const char *what;
    } lists[] = {
        [KX_OF_ATTEMPTS] = {KX_S_UNRESOLVED, "an attempt"},
        [KX_OF_OPERATIONS] = {KX_S_OPERATIONS_UNRESOLVED, "an operation"},
        [KX_OF_CHANNELS] = {KX_S_CHANNELS_CLAIMABLE, "a channel"},
    };
    sqlite3_stmt *s = kx_sqlite_statement(ledger, lists[of].statement);
    size_t found = 0;
    enum assay_code code;

    while ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK) {
        if (found < room && !kx_sqlite_column_text(ids[found], X402_HASH_TEXT_BYTES - 1, s, 0)) {
            code = kx_sqlite_damaged(lists[of].what, err);
            break;
        }
        found++;
    }
    (void)sqlite3_reset(s);
    if (code != ASSAY_E_MISSING) /* the end of them */
        return code;
    *count = found;
    return ASSAY_OK;
}
