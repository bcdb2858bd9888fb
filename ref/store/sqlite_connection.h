/** The two connections of the SQLite store and their statements. For store/sqlite.c (what a payment
 * does) and store/sqlite_open.c (what a file must be). */
#ifndef REF_STORE_SQLITE_CONNECTION_H
#define REF_STORE_SQLITE_CONNECTION_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>

/* name, text */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
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
enum ref_sqlite_statement { STATEMENTS(X) S__COUNT };
#undef X

struct ref_sqlite_connection {
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *statements[S__COUNT];
};

/** What a result code of SQLite means here; err gets the connection's own text. */
enum assay_code ref_sqlite_judged(const struct ref_sqlite_connection *c, int rc,
                                  struct assay_err *err);

/** Opens a file that is there, or makes its schema if it is empty; c is zero-initialised, and
 * closed by _close also after a failure. IO, BUSY, NOMEM as ref_store_sqlite_open. */
enum assay_code ref_sqlite_connection_open(struct ref_sqlite_connection *c, const char *path,
                                           struct assay_err *err) ASSAY_MUST_USE;
void ref_sqlite_connection_close(struct ref_sqlite_connection *c);

/** Makes the file, empty and for its owner alone, where it is missing. IO. */
enum assay_code ref_sqlite_make_file(const char *path, struct assay_err *err) ASSAY_MUST_USE;

#endif
