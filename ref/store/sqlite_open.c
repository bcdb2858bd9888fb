/* What a file must be to serve as a store: made, checked, opened with its settings and statements.
 */
#include "store/sqlite_connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { BUSY_WAIT_MS = 5000, OPEN_TRIES = 100 };

void ref_sqlite_connection_close(struct ref_sqlite_connection *c)
{
    sqlite3_stmt *const own[] = {c->begin, c->commit, c->roll_back};

    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        (void)sqlite3_finalize(own[i]);
    for (size_t i = 0; i < ARRAY_LEN(c->statements); i++)
        (void)sqlite3_finalize(c->statements[i]); /* of NULL: nothing */
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

/* Whose store a file is that has an application id of ours; NULL: of none. */
static const char *whose(int64_t application)
{
    static const struct {
        enum ref_sqlite_application application;
        const char *whose;
    } known[] = {
        {REF_SQLITE_PAID_TOOLS, "a paid-tools server"},
        {REF_SQLITE_KASPA_X402, "a Kaspa x402 server"},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (application == (int64_t)known[i].application)
            return known[i].whose;
    }
    return NULL;
}

/* What is wrong with a file that is not empty, if anything is. */
static enum assay_code check_kind(const struct ref_sqlite_kind *kind, int64_t application,
                                  int64_t version, struct assay_err *err)
{
    const char *other = whose(application);

    if (application == (int64_t)kind->application)
        return version == kind->version
                   ? ASSAY_OK
                   : assay_fail(err, ASSAY_E_IO, 0,
                                "is a store of version %lld, this program needs %d",
                                (long long)version, kind->version);
    return other != NULL
               ? assay_fail(err, ASSAY_E_IO, 0, "is the store of %s, not of %s: name another file",
                            other, whose((int64_t)kind->application))
               : assay_fail(err, ASSAY_E_IO, 0,
                            "is a SQLite database of another program: name another file");
}

static enum assay_code execute(const struct ref_sqlite_connection *c, const char *sql,
                               struct assay_err *err)
{
    return ref_sqlite_judged(c, sqlite3_exec(c->db, sql, NULL, NULL, NULL), err);
}

static enum assay_code make_schema(const struct ref_sqlite_connection *c,
                                   const struct ref_sqlite_kind *kind, struct assay_err *err)
{
    char marks[96];
    int len = snprintf(marks, sizeof(marks), "PRAGMA application_id=%d; PRAGMA user_version=%d",
                       (int)kind->application, kind->version);
    enum assay_code code = execute(c, kind->schema, err);

    if (code != ASSAY_OK)
        return code;
    assert(len > 0 && (size_t)len < sizeof(marks)); /* of two numbers */
    (void)len;
    return execute(c, marks, err);
}

/* Makes the schema in an empty file, or finds it there; processes may come here at once. */
static enum assay_code schema_ready(const struct ref_sqlite_connection *c,
                                    const struct ref_sqlite_kind *kind, struct assay_err *err)
{
    int64_t version = 0, application = 0, tables = 0;
    enum assay_code code;

    if ((code = execute(c, "BEGIN IMMEDIATE", err)) != ASSAY_OK)
        return code;
    if ((code = pragma_i64(c, "PRAGMA user_version", &version, err)) != ASSAY_OK ||
        (code = pragma_i64(c, "PRAGMA application_id", &application, err)) != ASSAY_OK ||
        (code = pragma_i64(c, "SELECT count(*) FROM sqlite_master", &tables, err)) != ASSAY_OK)
        goto out;
    if (version == 0 && application == 0 && tables == 0)
        code = make_schema(c, kind, err);
    else
        code = check_kind(kind, application, version, err);
    if (code == ASSAY_OK)
        code = execute(c, "COMMIT", err);
out:
    if (sqlite3_get_autocommit(c->db) == 0)
        (void)execute(c, "ROLLBACK", NULL);
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

static enum assay_code prepare(const struct ref_sqlite_connection *c, sqlite3_stmt **out,
                               const char *sql, struct assay_err *err)
{
    return ref_sqlite_judged(
        c, sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL), err);
}

static enum assay_code prepare_all(struct ref_sqlite_connection *c,
                                   const struct ref_sqlite_kind *kind, struct assay_err *err)
{
    const char *begin = c->writes ? "BEGIN IMMEDIATE" : "BEGIN";
    enum assay_code code;

    if ((code = prepare(c, &c->begin, begin, err)) != ASSAY_OK ||
        (code = prepare(c, &c->commit, "COMMIT", err)) != ASSAY_OK ||
        (code = prepare(c, &c->roll_back, "ROLLBACK", err)) != ASSAY_OK)
        return code;
    assert(kind->statement_count <= ARRAY_LEN(c->statements));
    for (size_t i = 0; i < kind->statement_count && code == ASSAY_OK; i++)
        code = prepare(c, &c->statements[i], kind->statements[i], err);
    return code;
}

enum assay_code ref_sqlite_connection_open(struct ref_sqlite_connection *c, const char *path,
                                           const struct ref_sqlite_kind *kind, bool writes,
                                           struct assay_err *err)
{
    static const char settings[] = "PRAGMA wal_autocheckpoint=64; PRAGMA auto_vacuum=NONE;"
                                   "PRAGMA trusted_schema=OFF";
    enum assay_code code;
    int rc;

    c->writes = writes;
    rc = sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if ((code = ref_sqlite_judged(c, rc, err)) != ASSAY_OK)
        return code;
    (void)sqlite3_busy_timeout(c->db, BUSY_WAIT_MS);
    (void)sqlite3_extended_result_codes(c->db, 0);
    /* What it is comes first: another program's database is left as it was. */
    if ((code = schema_ready(c, kind, err)) != ASSAY_OK)
        return code;
    if ((code = turn_to_wal(c, err)) != ASSAY_OK)
        return code;
    if ((code = execute(c, kind->is_unsynced ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL",
                        err)) != ASSAY_OK)
        return code;
    if ((code = execute(c, settings, err)) != ASSAY_OK)
        return code;
    return prepare_all(c, kind, err);
}
