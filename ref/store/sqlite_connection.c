/* What a connection to a store's file does: transactions, statements, parameters and columns. */
#include "store/sqlite_connection.h"

static enum assay_code code_of(int rc)
{
    switch (rc & 0xFF) { /* the low byte is the primary result code */
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ASSAY_OK;
    case SQLITE_NOMEM:
        return ASSAY_E_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ASSAY_E_BUSY;
    case SQLITE_TOOBIG:
        return ASSAY_E_TOO_LARGE;
    default: /* the codes are plain numbers: all else is trouble with the file */
        return ASSAY_E_IO;
    }
}

enum assay_code ref_sqlite_judged(const struct ref_sqlite_connection *c, int rc,
                                  struct assay_err *err)
{
    enum assay_code code = code_of(rc);

    return code == ASSAY_OK ? ASSAY_OK : assay_fail(err, code, 0, "%s", sqlite3_errmsg(c->db));
}

enum assay_code ref_sqlite_run(const struct ref_sqlite_connection *c, sqlite3_stmt *s,
                               struct assay_err *err)
{
    enum assay_code code = ref_sqlite_judged(c, sqlite3_step(s), err);

    (void)sqlite3_reset(s); /* repeats the error of the step */
    return code;
}

bool ref_sqlite_changed(const struct ref_sqlite_connection *c)
{
    return sqlite3_changes(c->db) > 0;
}

enum assay_code ref_sqlite_begin(struct ref_sqlite_connection *c, struct assay_err *err)
{
    enum assay_code code;

    pthread_mutex_lock(&c->lock);
    code = ref_sqlite_run(c, c->begin, err);
    if (code != ASSAY_OK)
        pthread_mutex_unlock(&c->lock);
    return code;
}

enum assay_code ref_sqlite_commit(struct ref_sqlite_connection *c, struct assay_err *err)
{
    enum assay_code code = ref_sqlite_run(c, c->commit, err);
    int64_t changes = sqlite3_total_changes64(c->db);

    if (code == ASSAY_OK && changes != c->changes_then)
        c->commits++;
    c->changes_then = changes;
    return code;
}

void ref_sqlite_leave(struct ref_sqlite_connection *c)
{
    if (sqlite3_get_autocommit(c->db) == 0) /* not committed, nor rolled back by a failure */
        (void)ref_sqlite_run(c, c->roll_back, NULL);
    pthread_mutex_unlock(&c->lock);
}

/* Binding cannot fail: the index exists and nothing is copied; what is too big fails when it is
 * stepped. */
void ref_sqlite_bind_blob(sqlite3_stmt *s, int at, struct assay_bytes bytes)
{
    (void)sqlite3_bind_blob64(s, at, bytes.at != NULL ? bytes.at : (const uint8_t *)"", bytes.len,
                              SQLITE_STATIC);
}

void ref_sqlite_bind_text(sqlite3_stmt *s, int at, struct assay_bytes text)
{
    (void)sqlite3_bind_text64(s, at, text.at != NULL ? (const char *)text.at : "", text.len,
                              SQLITE_STATIC, SQLITE_UTF8);
}

void ref_sqlite_bind_i64(sqlite3_stmt *s, int at, int64_t value)
{
    (void)sqlite3_bind_int64(s, at, value);
}

void ref_sqlite_bind_u64(sqlite3_stmt *s, int at, uint64_t value)
{
    int64_t pattern;

    memcpy(&pattern, &value, sizeof(pattern));
    ref_sqlite_bind_i64(s, at, pattern);
}

struct assay_bytes ref_sqlite_column(sqlite3_stmt *s, int at)
{
    const void *bytes = sqlite3_column_blob(s, at);

    return assay_bytes_of(bytes, (size_t)sqlite3_column_bytes(s, at));
}

uint64_t ref_sqlite_column_u64(sqlite3_stmt *s, int at)
{
    int64_t pattern = sqlite3_column_int64(s, at);
    uint64_t value;

    memcpy(&value, &pattern, sizeof(value));
    return value;
}
