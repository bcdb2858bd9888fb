/* Entries in a SQLite file: reading and writing one, counting them. */
#include "store/kx_sqlite.h"

enum { HASH_LEN = X402_HASH_TEXT_BYTES - 1 };

/* One column after the other, in the order of KX_SQLITE_ENTRY. */
struct columns {
    sqlite3_stmt *s;
    int at; /* the next one */
    bool is_damaged;
};

static int64_t next_i64(struct columns *c)
{
    return sqlite3_column_int64(c->s, c->at++);
}

static uint64_t next_u64(struct columns *c)
{
    return ref_sqlite_column_u64(c->s, c->at++);
}

static void next_hash(struct columns *c, char *out)
{
    c->is_damaged |= !kx_sqlite_column_text(out, HASH_LEN, c->s, c->at++);
}

static void next_bytes(struct columns *c, uint8_t *out, size_t len)
{
    c->is_damaged |= !kx_sqlite_column_bytes(out, len, c->s, c->at++);
}

static struct assay_bytes next_slice(struct columns *c)
{
    return ref_sqlite_column(c->s, c->at++);
}

static void read_head(struct kx_attempt *a, struct columns *c)
{
    a->has_head = sqlite3_column_type(c->s, c->at) != SQLITE_NULL;
    if (a->has_head)
        next_bytes(c, a->head_id, sizeof(a->head_id));
    else
        c->at++;
    a->head_version = next_u64(c);
    a->head_next_amount = next_u64(c);
}

/* Its slices are views into the row. */
static enum assay_code read_entry(struct kx_entry *out, sqlite3_stmt *s, struct assay_err *err)
{
    struct columns c = {.s = s};
    struct kx_attempt *a = &out->attempt;

    next_hash(&c, a->txid);
    a->profile = (enum kx_profile)next_i64(&c);
    a->amount = next_u64(&c);
    a->output_index = (uint32_t)next_i64(&c);
    next_hash(&c, a->fingerprint);
    next_hash(&c, a->requirements_hash);
    next_hash(&c, a->payload_hash);
    next_hash(&c, a->authorization_id);
    next_hash(&c, a->scope);
    a->identifier = next_slice(&c);
    a->authorization_expires_ms = next_i64(&c);
    a->challenge_expires_ms = next_i64(&c);
    a->pay_to_spk = next_slice(&c);
    a->transaction = next_slice(&c);
    a->required = (enum kx_finality)next_i64(&c);
    next_bytes(&c, a->payer, sizeof(a->payer));
    read_head(a, &c);
    a->since = next_slice(&c);
    a->status = (enum kx_attempt_status)next_i64(&c);
    a->finality = (enum kx_finality)next_i64(&c);
    a->claimed_ms = next_i64(&c);
    a->changed_ms = next_i64(&c);
    a->handler_started_ms = next_i64(&c);
    a->recovery = next_slice(&c);
    out->packed = next_slice(&c);
    out->committed_ms = next_i64(&c);
    out->charge = next_u64(&c);
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

/* Parameters in the order of KX_SQLITE_ENTRY. */
struct parameters {
    sqlite3_stmt *s;
    int at; /* the last one that was set */
};

static void add_i64(struct parameters *p, int64_t value)
{
    ref_sqlite_bind_i64(p->s, ++p->at, value);
}

static void add_u64(struct parameters *p, uint64_t value)
{
    ref_sqlite_bind_u64(p->s, ++p->at, value);
}

static void add_text(struct parameters *p, struct assay_bytes text)
{
    ref_sqlite_bind_text(p->s, ++p->at, text);
}

static void add_blob(struct parameters *p, struct assay_bytes bytes)
{
    ref_sqlite_bind_blob(p->s, ++p->at, bytes);
}

static void bind_head(struct parameters *p, const struct kx_attempt *a)
{
    if (a->has_head)
        add_blob(p, assay_bytes_of(a->head_id, sizeof(a->head_id)));
    else
        (void)sqlite3_bind_null(p->s, ++p->at);
    add_u64(p, a->head_version);
    add_u64(p, a->head_next_amount);
}

static void bind_entry(sqlite3_stmt *s, const struct kx_entry *entry)
{
    struct parameters p = {.s = s};
    const struct kx_attempt *a = &entry->attempt;

    add_text(&p, assay_str(a->txid));
    add_i64(&p, (int64_t)a->profile);
    add_u64(&p, a->amount);
    add_i64(&p, a->output_index);
    add_text(&p, assay_str(a->fingerprint));
    add_text(&p, assay_str(a->requirements_hash));
    add_text(&p, assay_str(a->payload_hash));
    add_text(&p, assay_str(a->authorization_id));
    add_text(&p, assay_str(a->scope));
    add_text(&p, a->identifier);
    add_i64(&p, a->authorization_expires_ms);
    add_i64(&p, a->challenge_expires_ms);
    add_blob(&p, a->pay_to_spk);
    add_text(&p, a->transaction);
    add_i64(&p, (int64_t)a->required);
    add_blob(&p, assay_bytes_of(a->payer, sizeof(a->payer)));
    bind_head(&p, a);
    add_text(&p, a->since);
    add_i64(&p, (int64_t)a->status);
    add_i64(&p, (int64_t)a->finality);
    add_i64(&p, a->claimed_ms);
    add_i64(&p, a->changed_ms);
    add_i64(&p, a->handler_started_ms);
    add_text(&p, a->recovery);
    add_blob(&p, entry->packed);
    add_i64(&p, entry->committed_ms);
    add_u64(&p, entry->charge);
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

enum assay_code kx_sqlite_unresolved(struct kx_ledger *ledger, char (*txids)[X402_HASH_TEXT_BYTES],
                                     size_t room, size_t *count, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_UNRESOLVED);
    size_t found = 0;
    enum assay_code code;

    while ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK) {
        if (found < room && !kx_sqlite_column_text(txids[found], HASH_LEN, s, 0)) {
            code = kx_sqlite_damaged("an attempt", err);
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
