/* The durable store: one SQLite file in WAL mode with full sync, shared by threads and processes.
 *
 * Two connections a process: what writes waits for the disk, what only asks does not wait for it. A
 * payment is two commits, _begin and _finish, and each is one sync of the log. */
#include "store/store.h"

#include "defects/defects.h"
#include "store/sqlite_connection.h"

enum { SCHEMA_VERSION = 1, SWEEP_BATCH_ROWS = 4096 };

#define SCHEMA                                                                                     \
    "CREATE TABLE nonce(id BLOB PRIMARY KEY, until_ms INTEGER NOT NULL, ended INTEGER NOT NULL)"   \
    " WITHOUT ROWID;"                                                                              \
    "CREATE INDEX nonce_until ON nonce(until_ms);"                                                 \
    "CREATE TABLE answer(key BLOB PRIMARY KEY, request_hash BLOB NOT NULL, payment BLOB NOT NULL," \
    " until_ms INTEGER NOT NULL, ended INTEGER NOT NULL, status INTEGER, content_type BLOB,"       \
    " body BLOB);"                                                                                 \
    "CREATE INDEX answer_until ON answer(until_ms);"                                               \
    "CREATE TABLE fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"              \
    "INSERT INTO fact VALUES('floor_ms',0),('nonces',0),('keys',0);"

/* name, text */
#define STATEMENTS(X)                                                                              \
    X(NONCE_ADD, "INSERT OR IGNORE INTO nonce(id, until_ms, ended) VALUES(?1, ?2, 0)")             \
    X(NONCE_PUT, "INSERT OR REPLACE INTO nonce(id, until_ms, ended) VALUES(?1, ?2, 0)")            \
    X(NONCE_GET, "SELECT 1 FROM nonce WHERE id = ?1")                                              \
    X(NONCE_END, "UPDATE nonce SET ended = 1 WHERE id = ?1 AND ended = 0")                         \
    X(NONCE_FREE, "DELETE FROM nonce WHERE id = ?1 AND ended = 0")                                 \
    X(KEY_GET, "SELECT request_hash, payment, ended, status, content_type, body FROM answer"       \
               " WHERE key = ?1 AND until_ms > ?2")                                                \
    X(KEY_DROP, "DELETE FROM answer WHERE key = ?1")                                               \
    X(KEY_ADD, "INSERT INTO answer(key, request_hash, payment, until_ms, ended)"                   \
               " VALUES(?1, ?3, ?4, ?2, 0)")                                                       \
    X(KEY_END, "UPDATE answer SET ended = 1, until_ms = ?2, status = ?5, content_type = ?6,"       \
               " body = ?7 WHERE key = ?1 AND request_hash = ?3 AND payment = ?4 AND ended = 0")   \
    X(KEY_PUT, "INSERT OR REPLACE INTO answer(key, until_ms, request_hash, payment, ended, status" \
               ", content_type, body) VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)")                      \
    X(KEY_FREE, "DELETE FROM answer WHERE key = ?1 AND payment = ?4 AND ended = 0")                \
    X(FACT_GET, "SELECT value FROM fact WHERE name = ?1")                                          \
    X(COUNT_MOVE,                                                                                  \
      "UPDATE fact SET value = max(0, value + ?2) WHERE name = ?1 AND value + ?2 <= ?3")           \
    X(FLOOR_RAISE, "UPDATE fact SET value = max(value, ?1) WHERE name = 'floor_ms'")               \
    X(NONCE_SWEEP, "DELETE FROM nonce WHERE id IN"                                                 \
                   " (SELECT id FROM nonce WHERE until_ms <= ?1 LIMIT ?2)")                        \
    X(KEY_SWEEP, "DELETE FROM answer WHERE key IN"                                                 \
                 " (SELECT key FROM answer WHERE until_ms <= ?1 LIMIT ?2)")

#define X(name, text) S_##name,
enum statement { STATEMENTS(X) S__COUNT };
#undef X

#define X(name, text) text,
static const char *const texts[] = {STATEMENTS(X)};
#undef X

_Static_assert(S__COUNT <= REF_SQLITE_STATEMENTS_MAX, "a connection has room for them");

static const struct ref_sqlite_kind kind = {
    .application = REF_SQLITE_PAID_TOOLS,
    .version = SCHEMA_VERSION,
    .schema = SCHEMA,
    .statements = texts,
    .statement_count = S__COUNT,
};

struct sqlite_store {
    struct ref_store base;
    struct ref_store_limits limits;
    struct ref_sqlite_connection reader, writer;
};

static sqlite3_stmt *statement(const struct ref_sqlite_connection *c, enum statement which)
{
    return c->statements[which];
}

/* Runs a statement that gives no rows. */
static enum assay_code run(const struct ref_sqlite_connection *c, enum statement which,
                           struct assay_err *err)
{
    return ref_sqlite_run(c, statement(c, which), err);
}

static enum assay_code run_by_name(const struct ref_sqlite_connection *c, enum statement which,
                                   struct assay_bytes name, int64_t until_ms, struct assay_err *err)
{
    ref_sqlite_bind_blob(statement(c, which), 1, name);
    if (sqlite3_bind_parameter_count(statement(c, which)) > 1)
        ref_sqlite_bind_i64(statement(c, which), 2, until_ms);
    return run(c, which, err);
}

static enum assay_code found_set(struct ref_found *found, sqlite3_stmt *row)
{
    struct assay_buf *s = &found->storage;
    size_t type_end, body_end;

    assay_buf_clear(s);
    assay_buf_add(s, ref_sqlite_column(row, 4));
    type_end = s->len;
    assay_buf_add(s, ref_sqlite_column(row, 5));
    body_end = s->len;
    assay_buf_add(s, ref_sqlite_column(row, 1));
    if (!assay_buf_ok(s))
        return s->bad;
    found->answer.status = sqlite3_column_int(row, 3);
    found->answer.content_type = assay_bytes_part(assay_buf_view(s), 0, type_end);
    found->answer.body = assay_bytes_part(assay_buf_view(s), type_end, body_end);
    found->payment = assay_bytes_part(assay_buf_view(s), body_end, s->len);
    return ASSAY_OK;
}

/* What a key says of a claim. A key past its time says nothing (IK-2: it is new again). */
static enum assay_code ask_key(const struct ref_sqlite_connection *c, const struct ref_claim *claim,
                               enum ref_claim_result *result, struct ref_found *found,
                               struct assay_err *err)
{
    sqlite3_stmt *s = statement(c, S_KEY_GET);
    enum assay_code code;
    int rc;

    *result = REF_CLAIM_FREE;
    if (claim->key.len == 0)
        return ASSAY_OK;
    ref_sqlite_bind_blob(s, 1, claim->key);
    ref_sqlite_bind_i64(s, 2, claim->now_ms);
    rc = sqlite3_step(s);
    code = ref_sqlite_judged(c, rc, err);
    if (rc == SQLITE_ROW) {
        if (!assay_bytes_equal(ref_sqlite_column(s, 0), claim->request_hash))
            *result = REF_CLAIM_KEY_CONFLICT;
        else
            *result = sqlite3_column_int(s, 2) != 0 ? REF_CLAIM_ANSWERED : REF_CLAIM_KEY_BUSY;
        code = found_set(found, s);
    }
    (void)sqlite3_reset(s);
    return code;
}

static enum assay_code sqlite_lookup(struct ref_store *store, const struct ref_claim *claim,
                                     enum ref_claim_result *result, struct ref_found *found,
                                     struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum assay_code code;

    pthread_mutex_lock(&s->reader.lock);
    code = ask_key(&s->reader, claim, result, found, err);
    pthread_mutex_unlock(&s->reader.lock);
    return assay_err_wrap(err, code, "store: lookup");
}

/* Moves a counter; *full when that would pass the limit. */
static enum assay_code move_count(const struct ref_sqlite_connection *c, const char *name,
                                  int64_t by, uint64_t limit, bool *full, struct assay_err *err)
{
    sqlite3_stmt *s = statement(c, S_COUNT_MOVE);
    enum assay_code code;

    (void)sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    ref_sqlite_bind_i64(s, 2, by);
    ref_sqlite_bind_i64(s, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    code = run(c, S_COUNT_MOVE, err);
    *full = code == ASSAY_OK && !ref_sqlite_changed(c);
    return code;
}

static void bind_key(sqlite3_stmt *s, const struct ref_claim *claim)
{
    ref_sqlite_bind_blob(s, 1, claim->key);
    ref_sqlite_bind_i64(s, 2, claim->key_until_ms);
    ref_sqlite_bind_blob(s, 3, claim->request_hash);
    ref_sqlite_bind_blob(s, 4, claim->payment);
}

static enum assay_code reserve_key(const struct sqlite_store *store, const struct ref_claim *claim,
                                   bool *full, struct assay_err *err)
{
    const struct ref_sqlite_connection *w = &store->writer;
    enum assay_code code;

    /* One that is there is past its time: ask_key came before. */
    if ((code = run_by_name(w, S_KEY_DROP, claim->key, 0, err)) != ASSAY_OK)
        return code;
    if (!ref_sqlite_changed(w)) {
        code = move_count(w, "keys", 1, store->limits.max_keys, full, err);
        if (code != ASSAY_OK || *full)
            return code;
    }
    bind_key(statement(w, S_KEY_ADD), claim);
    return run(w, S_KEY_ADD, err);
}

/* All checks and both reservations, inside a transaction that the caller ends. */
static enum assay_code reserve(const struct sqlite_store *store, const struct ref_claim *claim,
                               enum ref_claim_result *result, struct ref_found *found,
                               struct assay_err *err)
{
    const struct ref_sqlite_connection *w = &store->writer;
    enum statement add = REF_DEFECT(nonce_two_steps) ? S_NONCE_PUT : S_NONCE_ADD;
    bool full = false;
    enum assay_code code;

    code = ask_key(w, claim, result, found, err);
    if (code != ASSAY_OK || *result != REF_CLAIM_FREE)
        return code;
    if (claim->nonce.len > 0) {
        code = run_by_name(w, add, claim->nonce, claim->nonce_until_ms, err);
        if (code != ASSAY_OK)
            return code;
        if (!ref_sqlite_changed(w)) {
            *result = REF_CLAIM_NONCE_TAKEN;
            return ASSAY_OK;
        }
        code = move_count(w, "nonces", 1, store->limits.max_nonces, &full, err);
    }
    if (code == ASSAY_OK && !full && claim->key.len > 0 && !REF_DEFECT(key_race))
        code = reserve_key(store, claim, &full, err);
    if (full)
        *result = REF_CLAIM_FULL;
    return code;
}

/* Whether the nonce is there, without waiting for a writer. A yes stands; a no proves nothing. */
static enum assay_code ask_nonce(struct sqlite_store *s, const struct ref_claim *claim,
                                 enum ref_claim_result *result, struct assay_err *err)
{
    struct ref_sqlite_connection *r = &s->reader;
    enum assay_code code;
    int rc;

    pthread_mutex_lock(&r->lock);
    ref_sqlite_bind_blob(statement(r, S_NONCE_GET), 1, claim->nonce);
    rc = sqlite3_step(statement(r, S_NONCE_GET));
    code = ref_sqlite_judged(r, rc, err);
    *result = rc == SQLITE_ROW ? REF_CLAIM_NONCE_TAKEN : REF_CLAIM_FREE;
    (void)sqlite3_reset(statement(r, S_NONCE_GET));
    pthread_mutex_unlock(&r->lock);
    return code;
}

static enum assay_code sqlite_begin(struct ref_store *store, const struct ref_claim *claim,
                                    enum ref_claim_result *result, struct ref_found *found,
                                    struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    struct ref_sqlite_connection *w = &s->writer;
    enum assay_code code = ASSAY_OK;

    *result = REF_CLAIM_FREE;
    /* A flood of replays stays off the writer. With a key, what the key says comes first. */
    if (claim->key.len == 0 || REF_DEFECT(nonce_two_steps))
        code = ask_nonce(s, claim, result, err);
    if (code != ASSAY_OK || *result != REF_CLAIM_FREE)
        return assay_err_wrap(err, code, "store: begin");
    if ((code = ref_sqlite_begin(w, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "store: begin");
    if ((code = reserve(s, claim, result, found, err)) != ASSAY_OK || *result != REF_CLAIM_FREE)
        goto out;
    code = ref_sqlite_commit(w, err);
out:
    ref_sqlite_leave(w);
    return assay_err_wrap(err, code, "store: begin");
}

static enum assay_code end_nonce(const struct ref_sqlite_connection *w,
                                 const struct ref_claim *claim, enum ref_outcome outcome,
                                 struct assay_err *err)
{
    bool full;
    enum assay_code code = run_by_name(w, outcome == REF_OUTCOME_SPENT ? S_NONCE_END : S_NONCE_FREE,
                                       claim->nonce, 0, err);

    if (code != ASSAY_OK)
        return code;
    if (!ref_sqlite_changed(w) && !REF_DEFECT(nonce_two_steps))
        return assay_fail(err, ASSAY_E_MISSING, 0, "the nonce is not reserved");
    return outcome == REF_OUTCOME_SPENT ? ASSAY_OK
                                        : move_count(w, "nonces", -1, UINT64_MAX, &full, err);
}

static enum assay_code end_key(const struct ref_sqlite_connection *w, const struct ref_claim *claim,
                               const struct ref_answer *answer, struct assay_err *err)
{
    enum statement end = answer == NULL ? S_KEY_FREE : S_KEY_END;
    sqlite3_stmt *s;
    bool full;
    enum assay_code code;

    if (REF_DEFECT(key_race) && answer != NULL)
        end = S_KEY_PUT;
    s = statement(w, end);
    bind_key(s, claim);
    if (answer != NULL) {
        struct assay_bytes body = answer->body;

        if (REF_DEFECT(key_loses_bytes))
            body.len = assay_bytes_find(body, 0, 0);
        ref_sqlite_bind_i64(s, 5, answer->status);
        ref_sqlite_bind_blob(s, 6, answer->content_type);
        ref_sqlite_bind_blob(s, 7, body);
    }
    if ((code = run(w, end, err)) != ASSAY_OK)
        return code;
    if (!ref_sqlite_changed(w) && !REF_DEFECT(key_race))
        return assay_fail(err, ASSAY_E_MISSING, 0, "the key is not reserved for this payment");
    return answer != NULL ? ASSAY_OK : move_count(w, "keys", -1, UINT64_MAX, &full, err);
}

static enum assay_code sqlite_finish(struct ref_store *store, const struct ref_claim *claim,
                                     enum ref_outcome outcome, const struct ref_answer *answer,
                                     struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    struct ref_sqlite_connection *w = &s->writer;
    enum assay_code code;

    if (outcome == REF_OUTCOME_RELEASED)
        answer = NULL;
    if (answer != NULL && answer->body.len > REF_STORE_BODY_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "store: finish: a body of %zu bytes",
                          answer->body.len);
    if (claim->nonce.len == 0 && claim->key.len == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0, "store: finish: neither nonce nor key");
    if ((code = ref_sqlite_begin(w, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "store: finish");
    if (claim->nonce.len > 0 && (code = end_nonce(w, claim, outcome, err)) != ASSAY_OK)
        goto out;
    if (claim->key.len > 0 && (code = end_key(w, claim, answer, err)) != ASSAY_OK)
        goto out;
    code = ref_sqlite_commit(w, err);
out:
    ref_sqlite_leave(w);
    return assay_err_wrap(err, code, "store: finish");
}

/* Removes at most one batch of each table, so that payments get in between; *more: there may be
 * more. */
static enum assay_code sweep_batch(struct ref_sqlite_connection *w, int64_t now_ms, bool *more,
                                   struct assay_err *err)
{
    static const struct {
        enum statement sweep;
        const char *count;
    } tables[] = {
        {S_NONCE_SWEEP, "nonces"},
        {S_KEY_SWEEP, "keys"},
    };
    enum assay_code code;
    bool full;

    *more = false;
    if ((code = ref_sqlite_begin(w, err)) != ASSAY_OK)
        return code;
    ref_sqlite_bind_i64(statement(w, S_FLOOR_RAISE), 1, now_ms);
    if ((code = run(w, S_FLOOR_RAISE, err)) != ASSAY_OK)
        goto out;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        int gone;

        ref_sqlite_bind_i64(statement(w, tables[i].sweep), 1, now_ms);
        ref_sqlite_bind_i64(statement(w, tables[i].sweep), 2, SWEEP_BATCH_ROWS);
        if ((code = run(w, tables[i].sweep, err)) != ASSAY_OK)
            goto out;
        gone = sqlite3_changes(w->db);
        *more = *more || gone == SWEEP_BATCH_ROWS;
        code = move_count(w, tables[i].count, -(int64_t)gone, UINT64_MAX, &full, err);
        if (code != ASSAY_OK)
            goto out;
    }
    code = ref_sqlite_commit(w, err);
out:
    ref_sqlite_leave(w);
    return code;
}

static enum assay_code sqlite_sweep(struct ref_store *store, int64_t now_ms, struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    uint64_t rows =
        s->limits.max_nonces > s->limits.max_keys ? s->limits.max_nonces : s->limits.max_keys;
    enum assay_code code = ASSAY_OK;
    bool more = true;

    for (uint64_t n = 0; more && code == ASSAY_OK && n <= rows / SWEEP_BATCH_ROWS + 1; n++)
        code = sweep_batch(&s->writer, now_ms, &more, err);
    return assay_err_wrap(err, code, "store: sweep");
}

static enum assay_code fact(const struct ref_sqlite_connection *c, const char *name, int64_t *value,
                            struct assay_err *err)
{
    sqlite3_stmt *s = statement(c, S_FACT_GET);
    enum assay_code code;
    int rc;

    (void)sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    rc = sqlite3_step(s);
    code = ref_sqlite_judged(c, rc, err);
    if (rc == SQLITE_ROW)
        *value = sqlite3_column_int64(s, 0);
    else if (code == ASSAY_OK)
        code = assay_fail(err, ASSAY_E_IO, 0, "the row \"%s\" is gone from the file", name);
    (void)sqlite3_reset(s);
    return code;
}

static enum assay_code sqlite_floor(struct ref_store *store, int64_t *floor_ms,
                                    struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    enum assay_code code;

    pthread_mutex_lock(&s->reader.lock);
    code = fact(&s->reader, "floor_ms", floor_ms, err);
    pthread_mutex_unlock(&s->reader.lock);
    return assay_err_wrap(err, code, "store: floor");
}

static enum assay_code sqlite_count(struct ref_store *store, uint64_t *nonces, uint64_t *keys,
                                    struct assay_err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    int64_t n = 0, k = 0;
    enum assay_code code;

    pthread_mutex_lock(&s->reader.lock);
    if ((code = fact(&s->reader, "nonces", &n, err)) == ASSAY_OK)
        code = fact(&s->reader, "keys", &k, err);
    pthread_mutex_unlock(&s->reader.lock);
    if (code == ASSAY_OK) {
        *nonces = (uint64_t)n;
        *keys = (uint64_t)k;
    }
    return assay_err_wrap(err, code, "store: count");
}

static void sqlite_close(struct ref_store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    if (s == NULL)
        return;
    ref_sqlite_connection_close(&s->reader);
    ref_sqlite_connection_close(&s->writer); /* the last one copies the log into the file */
    assay_free(s);
}

static const struct ref_store_ops sqlite_ops = {
    .lookup = sqlite_lookup,
    .begin = sqlite_begin,
    .finish = sqlite_finish,
    .sweep = sqlite_sweep,
    .floor = sqlite_floor,
    .count = sqlite_count,
    .close = sqlite_close,
};

enum assay_code ref_store_sqlite_open(struct ref_store **out, const char *path,
                                      const struct ref_store_limits *limits, struct assay_err *err)
{
    struct sqlite_store *s = assay_alloc(sizeof(*s));
    enum assay_code code;

    if (s == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    *s = (struct sqlite_store){.base.ops = &sqlite_ops,
                               .limits = *limits,
                               .reader = REF_SQLITE_CONNECTION_INIT,
                               .writer = REF_SQLITE_CONNECTION_INIT};
    if ((code = ref_sqlite_make_file(path, err)) != ASSAY_OK)
        goto out;
    if ((code = ref_sqlite_connection_open(&s->writer, path, &kind, true, err)) != ASSAY_OK)
        goto out;
    if ((code = ref_sqlite_connection_open(&s->reader, path, &kind, false, err)) != ASSAY_OK)
        goto out;
    *out = &s->base;
    s = NULL; /* the caller owns it now */
out:
    if (s != NULL)
        sqlite_close(&s->base);
    return assay_err_wrap(err, code, "store %s", path);
}
