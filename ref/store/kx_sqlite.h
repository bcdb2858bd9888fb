/** The ledger in a SQLite file: its connection and statements. For kx_sqlite.c (the file and its
 * steps), kx_sqlite_entries.c and kx_sqlite_heads.c (what is read and written in them). */
#ifndef REF_STORE_KX_SQLITE_H
#define REF_STORE_KX_SQLITE_H

#include "store/kx_ledger.h"
#include "store/sqlite_connection.h"

#define KX_SQLITE_ENTRY                                                                            \
    "txid, profile, amount, output_index, fingerprint, requirements_hash, payload_hash,"           \
    " authorization_id, scope, identifier, authorization_expires_ms, challenge_expires_ms,"        \
    " pay_to_spk, tx, required, payer, head_id, head_version, head_next_amount, since, status,"    \
    " finality, claimed_ms, changed_ms, handler_started_ms, recovery, packed, committed_ms,"       \
    " charge"
#define KX_SQLITE_HEAD "id, version, txid, output_index, amount, threshold, owner, status"

/* name, text */
#define KX_SQLITE_STATEMENTS(X)                                                                    \
    X(ENTRY_BY_TXID, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE txid = ?1")                      \
    X(ENTRY_BY_SCOPE, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE scope = ?1 LIMIT 1")            \
    X(ENTRY_OLDEST, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE status = 3 AND charge > 0"        \
                    " ORDER BY committed_ms LIMIT 1")                                              \
    X(ENTRY_PUT,                                                                                   \
      "INSERT INTO entry(" KX_SQLITE_ENTRY ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"     \
      " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28," \
      " ?29) ON CONFLICT(txid) DO UPDATE SET tx = ?14, status = ?21, finality = ?22,"              \
      " changed_ms = ?24, handler_started_ms = ?25, recovery = ?26, packed = ?27,"                 \
      " committed_ms = ?28, charge = ?29")                                                         \
    X(ENTRY_DROP, "DELETE FROM entry WHERE txid = ?1")                                             \
    X(USED, "SELECT count(*), coalesce(sum(charge), 0),"                                           \
            " (SELECT count(*) FROM entry WHERE payer = ?1 AND charge > 0)"                        \
            " FROM entry WHERE charge > 0")                                                        \
    X(UNRESOLVED, "SELECT txid FROM entry WHERE status < 3 ORDER BY claimed_ms, rowid")            \
    X(IDENTIFIER_GET, "SELECT state, txid, fingerprint, payload_hash, scope FROM identifier"       \
                      " WHERE id = ?1")                                                            \
    X(IDENTIFIER_PUT,                                                                              \
      "INSERT OR REPLACE INTO identifier(id, state, txid, fingerprint, payload_hash, scope,"       \
      " until_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                             \
    X(IDENTIFIERS_DROP, "DELETE FROM identifier WHERE id IN (SELECT id FROM identifier"            \
                        " WHERE state = 4 AND until_ms <= ?1 LIMIT ?2)")                           \
    X(HEAD_BY_ID, "SELECT " KX_SQLITE_HEAD " FROM head WHERE id = ?1")                             \
    X(HEAD_AT, "SELECT " KX_SQLITE_HEAD " FROM head WHERE txid = ?1 AND output_index = ?2")        \
    X(HEAD_NTH, "SELECT " KX_SQLITE_HEAD " FROM head WHERE status = 0 ORDER BY id"                 \
                " LIMIT 1 OFFSET ?1")                                                              \
    X(HEADS_COUNT, "SELECT count(*), coalesce(sum(status = 0), 0) FROM head")                      \
    X(HEAD_PUT, "INSERT INTO head(" KX_SQLITE_HEAD ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"      \
                " ON CONFLICT(id) DO UPDATE SET version = ?2, txid = ?3, output_index = ?4,"       \
                " amount = ?5, threshold = ?6, owner = ?7, status = ?8")

#define KX_SQLITE_STATEMENT(name, text) KX_S_##name,
enum kx_sqlite_statement { KX_SQLITE_STATEMENTS(KX_SQLITE_STATEMENT) KX_S__COUNT };
#undef KX_SQLITE_STATEMENT

/* The numbers that the file and its statements have. */
_Static_assert(KX_PENDING == 0 && KX_BROADCAST == 1 && KX_ACCEPTED == 2 && KX_APPLIED == 3 &&
                   KX_ID_PENDING == 1 && KX_ID_RECOVERY == 2 && KX_ID_COMPLETED == 3 &&
                   KX_ID_RELEASED == 4 && KX_HEAD_AVAILABLE == 0 && KX_HEAD_RETIRED == 3 &&
                   KX_STANDARD_NATIVE == 0 && KX_ADDITIVE == 1 && KX_FINALITY_CONFIRMED == 2,
               "another order is another version of the file");

struct kx_sqlite {
    struct kx_ledger base;
    struct ref_sqlite_connection connection;
};

sqlite3_stmt *kx_sqlite_statement(struct kx_ledger *ledger, enum kx_sqlite_statement which);
/** Runs one that gives no rows. */
enum assay_code kx_sqlite_run(struct kx_ledger *ledger, enum kx_sqlite_statement which,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Steps to its next row; MISSING: there is none. Reset it afterwards. */
enum assay_code kx_sqlite_row(struct kx_ledger *ledger, sqlite3_stmt *s,
                              struct assay_err *err) ASSAY_MUST_USE;

/** Columns of a fixed length: false where the file has another. out of _text: that length and a
 * NUL. */
bool kx_sqlite_column_text(char *out, size_t len, sqlite3_stmt *s, int at);
bool kx_sqlite_column_bytes(uint8_t *out, size_t len, sqlite3_stmt *s, int at);
/** The code of a row that is not as it was written. */
enum assay_code kx_sqlite_damaged(const char *what, struct assay_err *err);

enum assay_code kx_sqlite_find_entry(struct kx_ledger *ledger, struct kx_entry *out,
                                     struct assay_arena *arena, enum kx_entry_key key,
                                     const char *value, struct assay_err *err);
enum assay_code kx_sqlite_put_entry(struct kx_ledger *ledger, const struct kx_entry *entry,
                                    struct assay_err *err);
enum assay_code kx_sqlite_drop_entry(struct kx_ledger *ledger, const char *txid,
                                     struct assay_err *err);
enum assay_code kx_sqlite_used(struct kx_ledger *ledger, struct kx_used *out, const uint8_t *payer,
                               struct assay_err *err);
enum assay_code kx_sqlite_unresolved(struct kx_ledger *ledger, char (*txids)[X402_HASH_TEXT_BYTES],
                                     size_t room, size_t *count, struct assay_err *err);

enum assay_code kx_sqlite_find_head(struct kx_ledger *ledger, struct kx_head_record *out,
                                    const uint8_t *id, struct assay_err *err);
enum assay_code kx_sqlite_find_head_at(struct kx_ledger *ledger, struct kx_head_record *out,
                                       const struct kaspa_outpoint *outpoint,
                                       struct assay_err *err);
enum assay_code kx_sqlite_find_available(struct kx_ledger *ledger, struct kx_head_record *out,
                                         uint64_t nth, struct assay_err *err);
enum assay_code kx_sqlite_count_heads(struct kx_ledger *ledger, uint64_t *all, uint64_t *available,
                                      struct assay_err *err);
enum assay_code kx_sqlite_put_head(struct kx_ledger *ledger, const struct kx_head_record *head,
                                   struct assay_err *err);

#endif
