/* The durable ledger of a Kaspa x402 server: one SQLite file in WAL mode with full sync, shared by
 * threads and processes. Here: the file, its steps, its identifiers.
 *
 * Two connections a process: what writes excludes other writers from its start (BEGIN IMMEDIATE)
 * and waits for the disk, what only asks waits for neither. */
#include "store/kx_sqlite.h"

#include "defects/defects.h"

enum { SCHEMA_VERSION = 5 };

/* A column for each member of kx_entry, of kx_lane_entry, of kx_lane_operation; 64-bit numbers keep
 * their pattern. An index is on what is looked for, and no more of it: `live` holds what counts
 * against the quotas, `due` the answers that are kept and the channels that were refunded,
 * `unresolved` what has not ended. A lineage is large and changes rarely: it has a row of its own.
 */
static const char schema[] =
    "CREATE TABLE entry(txid TEXT PRIMARY KEY, profile INTEGER NOT NULL, amount INTEGER NOT NULL,"
    " output_index INTEGER NOT NULL, fingerprint TEXT NOT NULL, requirements_hash TEXT NOT NULL,"
    " payload_hash TEXT NOT NULL, authorization_id TEXT NOT NULL, scope TEXT NOT NULL,"
    " identifier TEXT NOT NULL, authorization_expires_ms INTEGER NOT NULL,"
    " challenge_expires_ms INTEGER NOT NULL, pay_to_spk BLOB NOT NULL, tx TEXT NOT NULL,"
    " required INTEGER NOT NULL, payer BLOB NOT NULL, head_id BLOB, head_version INTEGER NOT NULL,"
    " head_next_amount INTEGER NOT NULL, channel_id TEXT, channel_version INTEGER,"
    " charged_before INTEGER, charged_after INTEGER, voucher BLOB, commitment_id TEXT,"
    " settles_last INTEGER NOT NULL, since TEXT NOT NULL, status INTEGER NOT NULL,"
    " finality INTEGER NOT NULL, claimed_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,"
    " handler_started_ms INTEGER NOT NULL, recovery TEXT NOT NULL, packed BLOB NOT NULL,"
    " committed_ms INTEGER NOT NULL, charge INTEGER NOT NULL, settlement TEXT NOT NULL);"
    "CREATE INDEX entry_scope ON entry(scope);"
    "CREATE UNIQUE INDEX entry_settlement ON entry(settlement) WHERE settlement <> '';"
    "CREATE INDEX entry_live ON entry(payer, charge) WHERE charge > 0;"
    "CREATE INDEX entry_due ON entry(committed_ms) WHERE status = 3 AND charge > 0;"
    "CREATE INDEX entry_unresolved ON entry(claimed_ms) WHERE status < 3;"
    "CREATE TABLE identifier(id TEXT PRIMARY KEY, state INTEGER NOT NULL, txid TEXT NOT NULL,"
    " fingerprint TEXT NOT NULL, payload_hash TEXT NOT NULL, scope TEXT NOT NULL,"
    " until_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX identifier_released ON identifier(until_ms) WHERE state = 4;"
    "CREATE TABLE head(id BLOB PRIMARY KEY, version INTEGER NOT NULL, txid BLOB NOT NULL,"
    " output_index INTEGER NOT NULL, amount INTEGER NOT NULL, threshold INTEGER NOT NULL,"
    " owner BLOB NOT NULL, status INTEGER NOT NULL, UNIQUE(txid, output_index)) WITHOUT ROWID;"
    "CREATE TABLE channel(id TEXT PRIMARY KEY, client BLOB NOT NULL, config TEXT NOT NULL,"
    " status INTEGER NOT NULL, is_closed INTEGER NOT NULL, txid BLOB NOT NULL,"
    " output_index INTEGER NOT NULL, covenant_id BLOB NOT NULL, value INTEGER NOT NULL, claimed "
    "INTEGER NOT NULL,"
    " charged INTEGER NOT NULL, authorized INTEGER NOT NULL, voucher BLOB,"
    " version INTEGER NOT NULL, lease TEXT NOT NULL, last_attempt TEXT NOT NULL,"
    " changed_ms INTEGER NOT NULL, charge INTEGER NOT NULL);"
    "CREATE INDEX channel_covenant ON channel(covenant_id);"
    "CREATE INDEX channel_live ON channel(client, charge) WHERE charge > 0;"
    "CREATE INDEX channel_due ON channel(changed_ms) WHERE status = 1 AND charge > 0;"
    "CREATE TABLE lineage(channel_id TEXT PRIMARY KEY, state BLOB NOT NULL);"
    "CREATE TABLE operation(txid TEXT PRIMARY KEY, channel_id TEXT NOT NULL,"
    " version INTEGER NOT NULL, kind INTEGER NOT NULL, amount INTEGER NOT NULL,"
    " confirmations INTEGER NOT NULL, next_txid BLOB, next_index INTEGER, covenant_id BLOB,"
    " value INTEGER, claimed INTEGER, tx TEXT NOT NULL, status INTEGER NOT NULL,"
    " begun_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL);"
    "CREATE INDEX operation_unresolved ON operation(begun_ms) WHERE status < 3;";

#define X(name, text) text,
static const char *const texts[] = {KX_SQLITE_STATEMENTS(X)};
#undef X

_Static_assert(ARRAY_LEN(texts) == KX_S__COUNT && KX_S__COUNT <= REF_SQLITE_STATEMENTS_MAX,
               "a connection has room for them");

static struct ref_sqlite_connection *connection(struct kx_ledger *ledger)
{
    return &((struct kx_sqlite *)ledger)->connection;
}

sqlite3_stmt *kx_sqlite_statement(struct kx_ledger *ledger, enum kx_sqlite_statement which)
{
    return connection(ledger)->statements[which];
}

enum assay_code kx_sqlite_run(struct kx_ledger *ledger, enum kx_sqlite_statement which,
                              struct assay_err *err)
{
    return ref_sqlite_run(connection(ledger), kx_sqlite_statement(ledger, which), err);
}

enum assay_code kx_sqlite_row(struct kx_ledger *ledger, sqlite3_stmt *s, struct assay_err *err)
{
    int rc = sqlite3_step(s);

    return rc == SQLITE_DONE ? ASSAY_E_MISSING : ref_sqlite_judged(connection(ledger), rc, err);
}

bool kx_sqlite_column_bytes(uint8_t *out, size_t len, sqlite3_stmt *s, int at)
{
    struct assay_bytes bytes = ref_sqlite_column(s, at);

    if (bytes.len != len)
        return false;
    memcpy(out, bytes.at, len);
    return true;
}

bool kx_sqlite_column_text(char *out, size_t len, sqlite3_stmt *s, int at)
{
    out[len] = '\0';
    return kx_sqlite_column_bytes((uint8_t *)out, len, s, at);
}

enum assay_code kx_sqlite_damaged(const char *what, struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_IO, 0, "the file is damaged: %s is not as it was written", what);
}

static enum assay_code sqlite_begin(struct kx_ledger *ledger, struct assay_err *err)
{
    return ref_sqlite_begin(connection(ledger), err);
}

static enum assay_code sqlite_commit(struct kx_ledger *ledger, struct assay_err *err)
{
    return ref_sqlite_commit(connection(ledger), err);
}

static void sqlite_leave(struct kx_ledger *ledger)
{
    ref_sqlite_leave(connection(ledger));
}

static enum assay_code read_identifier(struct kx_identifier_record *out, sqlite3_stmt *s,
                                       struct assay_err *err)
{
    enum { LEN = X402_HASH_TEXT_BYTES - 1 };
    struct kx_identifier_record r = {.state = (enum kx_identifier_state)sqlite3_column_int(s, 0)};

    if (!kx_sqlite_column_text(r.txid, LEN, s, 1) ||
        !kx_sqlite_column_text(r.fingerprint, LEN, s, 2) ||
        !kx_sqlite_column_text(r.payload_hash, LEN, s, 3) ||
        !kx_sqlite_column_text(r.scope, LEN, s, 4))
        return kx_sqlite_damaged("an identifier", err);
    *out = r;
    return ASSAY_OK;
}

static enum assay_code sqlite_find_identifier(struct kx_ledger *ledger,
                                              struct kx_identifier_record *out,
                                              struct assay_bytes identifier, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_IDENTIFIER_GET);
    enum assay_code code;

    ref_sqlite_bind_text(s, 1, identifier);
    if ((code = kx_sqlite_row(ledger, s, err)) == ASSAY_OK)
        code = read_identifier(out, s, err);
    (void)sqlite3_reset(s);
    return code;
}

static enum assay_code sqlite_put_identifier(struct kx_ledger *ledger,
                                             struct assay_bytes identifier,
                                             const struct kx_identifier_record *record,
                                             int64_t until_ms, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_IDENTIFIER_PUT);

    ref_sqlite_bind_text(s, 1, identifier);
    ref_sqlite_bind_i64(s, 2, (int64_t)record->state);
    ref_sqlite_bind_text(s, 3, assay_str(record->txid));
    ref_sqlite_bind_text(s, 4, assay_str(record->fingerprint));
    ref_sqlite_bind_text(s, 5, assay_str(record->payload_hash));
    ref_sqlite_bind_text(s, 6, assay_str(record->scope));
    ref_sqlite_bind_i64(s, 7, until_ms);
    return kx_sqlite_run(ledger, KX_S_IDENTIFIER_PUT, err);
}

static enum assay_code sqlite_drop_identifiers(struct kx_ledger *ledger, int64_t now_ms,
                                               size_t limit, size_t *gone, struct assay_err *err)
{
    sqlite3_stmt *s = kx_sqlite_statement(ledger, KX_S_IDENTIFIERS_DROP);
    enum assay_code code;

    ref_sqlite_bind_i64(s, 1, now_ms);
    ref_sqlite_bind_u64(s, 2, limit);
    code = kx_sqlite_run(ledger, KX_S_IDENTIFIERS_DROP, err);
    if (code == ASSAY_OK)
        *gone = (size_t)sqlite3_changes(connection(ledger)->db);
    return code;
}

static uint64_t sqlite_commits(struct kx_ledger *ledger)
{
    return connection(ledger)->commits;
}

static void sqlite_close(struct kx_ledger *ledger)
{
    ref_sqlite_connection_close(connection(ledger));
    assay_free(ledger);
}

static const struct kx_ledger_ops ops = {
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .leave = sqlite_leave,
    .find_entry = kx_sqlite_find_entry,
    .put_entry = kx_sqlite_put_entry,
    .drop_entry = kx_sqlite_drop_entry,
    .used = kx_sqlite_used,
    .list = kx_sqlite_list,
    .find_identifier = sqlite_find_identifier,
    .put_identifier = sqlite_put_identifier,
    .drop_identifiers = sqlite_drop_identifiers,
    .find_head = kx_sqlite_find_head,
    .find_head_at = kx_sqlite_find_head_at,
    .find_available = kx_sqlite_find_available,
    .count_heads = kx_sqlite_count_heads,
    .put_head = kx_sqlite_put_head,
    .find_channel = kx_sqlite_find_channel,
    .find_covenant = kx_sqlite_find_covenant,
    .put_channel = kx_sqlite_put_channel,
    .find_lineage = kx_sqlite_find_lineage,
    .put_lineage = kx_sqlite_put_lineage,
    .find_operation = kx_sqlite_find_operation,
    .put_operation = kx_sqlite_put_operation,
    .drop_operation = kx_sqlite_drop_operation,
    .commits = sqlite_commits,
    .close = sqlite_close,
};

static enum assay_code ledger_open(struct kx_ledger **out, const char *path, bool writes,
                                   struct assay_err *err)
{
    const struct ref_sqlite_kind kind = {
        .application = REF_SQLITE_KASPA_X402,
        .version = SCHEMA_VERSION,
        .schema = schema,
        .statements = texts,
        .statement_count = KX_S__COUNT,
        .is_unsynced = REF_DEFECT(kx_store_unsynced),
    };
    struct kx_sqlite *s = assay_alloc(sizeof(*s));
    enum assay_code code;

    if (s == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    *s = (struct kx_sqlite){.base.ops = &ops, .connection = REF_SQLITE_CONNECTION_INIT};
    code = ref_sqlite_connection_open(&s->connection, path, &kind, writes, err);
    if (code == ASSAY_OK)
        *out = &s->base;
    else
        sqlite_close(&s->base);
    return code;
}

enum assay_code kx_store_sqlite_open(struct kx_store **out, const char *path,
                                     const struct kx_store_limits *limits, struct assay_err *err)
{
    struct kx_ledger *reader = NULL, *writer = NULL;
    enum assay_code code;

    if ((code = ref_sqlite_make_file(path, err)) != ASSAY_OK)
        goto out;
    if ((code = ledger_open(&writer, path, true, err)) != ASSAY_OK)
        goto out;
    if ((code = ledger_open(&reader, path, false, err)) != ASSAY_OK)
        goto out;
    if ((code = kx_store_over(out, reader, writer, limits, err)) != ASSAY_OK)
        goto out;
    reader = writer = NULL; /* the store owns them now */
out:
    if (reader != NULL)
        sqlite_close(reader);
    if (writer != NULL)
        sqlite_close(writer);
    return assay_err_wrap(err, code, "store %s", path);
}
