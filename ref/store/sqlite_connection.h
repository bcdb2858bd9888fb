/** One connection to a SQLite file that serves as a store: opened, its statements prepared, its
 * transactions begun and ended. For the stores of this folder: each says what kind of file it
 * needs, and keeps two connections a process, so that who only asks does not wait for the disk. */
#ifndef REF_STORE_SQLITE_CONNECTION_H
#define REF_STORE_SQLITE_CONNECTION_H

#include "base/err.h"

#include <pthread.h>
#include <sqlite3.h>

#define REF_SQLITE_STATEMENTS_MAX 32

/** The kinds of files, by the application_id in their headers: so one kind, and another program's
 * database, is told from the other. */
enum ref_sqlite_application {
    REF_SQLITE_PAID_TOOLS = 0x41637054,
    REF_SQLITE_KASPA_X402 = 0x41734b58,
};

struct ref_sqlite_kind {
    enum ref_sqlite_application application;
    int version;        /**< of the schema; the file's user_version */
    const char *schema; /**< makes it in an empty file */
    const char *const *statements;
    size_t statement_count; /**< at most REF_SQLITE_STATEMENTS_MAX */
    bool is_unsynced;       /**< what is committed is not synced: never but as a defect */
};

struct ref_sqlite_connection {
    pthread_mutex_t lock; /**< of a transaction; around a single question the caller takes it */
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *roll_back;
    sqlite3_stmt *statements[REF_SQLITE_STATEMENTS_MAX]; /**< in the order of the kind's */
    bool writes;
    uint64_t commits;     /**< of transactions that changed something: one sync each */
    int64_t changes_then; /**< total_changes of the last one */
};

#define REF_SQLITE_CONNECTION_INIT                                                                 \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/** Opens a file that is there, or makes its schema if it is empty; c is initialised as above, and
 * closed by _close also after a failure. writes: its transactions exclude other writers from their
 * start. IO: cannot be opened, is no such store; BUSY; NOMEM. */
enum assay_code ref_sqlite_connection_open(struct ref_sqlite_connection *c, const char *path,
                                           const struct ref_sqlite_kind *kind, bool writes,
                                           struct assay_err *err) ASSAY_MUST_USE;
/** Takes one that was initialised, opened or not. */
void ref_sqlite_connection_close(struct ref_sqlite_connection *c);

/** Makes the file, empty and for its owner alone, where it is missing. IO. */
enum assay_code ref_sqlite_make_file(const char *path, struct assay_err *err) ASSAY_MUST_USE;

/** Takes the lock and starts a transaction; after a failure the lock is free again. */
enum assay_code ref_sqlite_begin(struct ref_sqlite_connection *c,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Makes what it did durable. */
enum assay_code ref_sqlite_commit(struct ref_sqlite_connection *c,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** Undoes what was not committed, and frees the lock. */
void ref_sqlite_leave(struct ref_sqlite_connection *c);

/** What a result code of SQLite means here; err gets the connection's own text. */
enum assay_code ref_sqlite_judged(const struct ref_sqlite_connection *c, int rc,
                                  struct assay_err *err);
/** Runs a statement that gives no rows, and resets it. */
enum assay_code ref_sqlite_run(const struct ref_sqlite_connection *c, sqlite3_stmt *s,
                               struct assay_err *err);
/** Whether the statement that ran last changed a row. */
bool ref_sqlite_changed(const struct ref_sqlite_connection *c);

/** Parameters count from 1. The bytes are not copied and must live until the statement is reset. */
void ref_sqlite_bind_blob(sqlite3_stmt *s, int at, struct assay_bytes bytes);
void ref_sqlite_bind_text(sqlite3_stmt *s, int at, struct assay_bytes text);
void ref_sqlite_bind_i64(sqlite3_stmt *s, int at, int64_t value);
/** Of any 64 bits: SQLite's integers are signed, and keep the pattern. */
void ref_sqlite_bind_u64(sqlite3_stmt *s, int at, uint64_t value);

/** Columns count from 0; a view is valid until the statement is stepped or reset. */
struct assay_bytes ref_sqlite_column(sqlite3_stmt *s, int at);
uint64_t ref_sqlite_column_u64(sqlite3_stmt *s, int at);

#endif
