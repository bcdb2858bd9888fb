/* What a file must be to serve as a store: made, checked, opened with its settings and statements.
 */
#include "store/sqlite_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCHEMA_VERSION = 1, BUSY_WAIT_MS = 5000, OPEN_TRIES = 100 };

/* "AsPT", so that another program's database is told from ours. */
#define APPLICATION_ID "1097035860"

#define SCHEMA                                                                                     \
    "CREATE TABLE nonce(id BLOB PRIMARY KEY, until_ms INTEGER NOT NULL, ended INTEGER NOT NULL)"   \
    " WITHOUT ROWID;"                                                                              \
    "CREATE INDEX nonce_until ON nonce(until_ms);"                                                 \
    "CREATE TABLE answer(key BLOB PRIMARY KEY, request_hash BLOB NOT NULL, payment BLOB NOT NULL," \
    " until_ms INTEGER NOT NULL, ended INTEGER NOT NULL, status INTEGER, content_type BLOB,"       \
    " body BLOB);"                                                                                 \
    "CREATE INDEX answer_until ON answer(until_ms);"                                               \
    "CREATE TABLE fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"              \
    "INSERT INTO fact VALUES('floor_ms',0),('nonces',0),('keys',0);"                               \
    "PRAGMA application_id=" APPLICATION_ID ";"                                                    \
    "PRAGMA user_version=1;"

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

void ref_sqlite_connection_close(struct ref_sqlite_connection *c)
{
    for (size_t i = 0; i < S__COUNT; i++)
        (void)sqlite3_finalize(c->statements[i]);
    (void)sqlite3_close(c->db);
    pthread_mutex_destroy(&c->lock);
}

/* SQLite would make the file with the mode of the umask. Never opens one that is there: closing it
 * again would drop the locks that another connection of this process holds on it. */
enum assay_code ref_sqlite_make_file(const char *path, struct assay_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno != EEXIST)
        return assay_fail(err, ASSAY_E_IO, 0, "%s", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return ASSAY_OK;
}

static enum assay_code pragma_i64(const struct ref_sqlite_connection *c, const char *sql,
                                  int64_t *value, struct assay_err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *value = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return ref_sqlite_judged(c, rc, err);
}

/* Makes the schema in an empty file, or finds it there; processes may come here at once. */
static enum assay_code schema_ready(const struct ref_sqlite_connection *c, struct assay_err *err)
{
    int64_t version = 0, application = 0, tables = 0;
    enum assay_code code;

    if ((code = ref_sqlite_judged(c, sqlite3_exec(c->db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                                  err)) != ASSAY_OK)
        return code;
    if ((code = pragma_i64(c, "PRAGMA user_version", &version, err)) != ASSAY_OK ||
        (code = pragma_i64(c, "PRAGMA application_id", &application, err)) != ASSAY_OK ||
        (code = pragma_i64(c, "SELECT count(*) FROM sqlite_master", &tables, err)) != ASSAY_OK)
        goto out;
    if (version == 0 && application == 0 && tables == 0)
        code = ref_sqlite_judged(c, sqlite3_exec(c->db, SCHEMA, NULL, NULL, NULL), err);
    else if (application != strtoll(APPLICATION_ID, NULL, 10))
        code = assay_fail(err, ASSAY_E_IO, 0, "is a SQLite database of another program");
    else if (version != SCHEMA_VERSION)
        code = assay_fail(err, ASSAY_E_IO, 0, "is a store of version %lld, this program needs %d",
                          (long long)version, SCHEMA_VERSION);
    if (code == ASSAY_OK)
        code = ref_sqlite_judged(c, sqlite3_exec(c->db, "COMMIT", NULL, NULL, NULL), err);
out:
    if (sqlite3_get_autocommit(c->db) == 0)
        (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* Turning to WAL answers BUSY at once when another process does the same; an empty transaction
 * waits for that one, by the busy timeout. */
static enum assay_code turn_to_wal(const struct ref_sqlite_connection *c, struct assay_err *err)
{
    int rc = SQLITE_BUSY;

    for (int i = 0; i < OPEN_TRIES && rc == SQLITE_BUSY; i++) {
        rc = sqlite3_exec(c->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if (rc == SQLITE_BUSY)
            (void)sqlite3_exec(c->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL);
    }
    return ref_sqlite_judged(c, rc, err);
}

enum assay_code ref_sqlite_connection_open(struct ref_sqlite_connection *c, const char *path,
                                           struct assay_err *err)
{
#define X(name, text) text,
    static const char *const texts[] = {STATEMENTS(X)};
#undef X
    static const char settings[] = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=64;"
                                   "PRAGMA auto_vacuum=NONE; PRAGMA trusted_schema=OFF";
    enum assay_code code;
    int rc;

    _Static_assert(ARRAY_LEN(texts) == S__COUNT, "one text for every statement");
    rc = sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if ((code = ref_sqlite_judged(c, rc, err)) != ASSAY_OK)
        return code;
    (void)sqlite3_busy_timeout(c->db, BUSY_WAIT_MS);
    (void)sqlite3_extended_result_codes(c->db, 0);
    /* What it is comes first: another program's database is left as it was. */
    if ((code = schema_ready(c, err)) != ASSAY_OK)
        return code;
    if ((code = turn_to_wal(c, err)) != ASSAY_OK)
        return code;
    if ((code = ref_sqlite_judged(c, sqlite3_exec(c->db, settings, NULL, NULL, NULL), err)) !=
        ASSAY_OK)
        return code;
    for (size_t i = 0; i < S__COUNT; i++) {
        rc = sqlite3_prepare_v3(c->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &c->statements[i],
                                NULL);
        if ((code = ref_sqlite_judged(c, rc, err)) != ASSAY_OK)
            return code;
    }
    return ASSAY_OK;
}
