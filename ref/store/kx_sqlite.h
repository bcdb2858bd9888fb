/** The ledger in a SQLite file: its connection and statements. For kx_sqlite.c (the file and its
 * steps), kx_sqlite_entries.c, kx_sqlite_heads.c and kx_sqlite_channels.c (what is read and written
 * in them), kx_sqlite_row.c (how). */
#ifndef REF_STORE_KX_SQLITE_H
#define REF_STORE_KX_SQLITE_H

#include "store/kx_ledger.h"
#include "store/sqlite_connection.h"

#define KX_SQLITE_ENTRY                                                                            \
    "txid, profile, amount, output_index, fingerprint, requirements_hash, payload_hash,"           \
    " authorization_id, scope, identifier, authorization_expires_ms, challenge_expires_ms,"        \
    " pay_to_spk, tx, required, payer, head_id, head_version, head_next_amount, channel_id,"       \
    " channel_version, charged_before, charged_after, voucher, commitment_id, settles_last, "      \
    "since, status,"                                                                               \
    " finality, claimed_ms, changed_ms, handler_started_ms, recovery, packed, committed_ms,"       \
    " charge, settlement"
#define KX_SQLITE_HEAD "id, version, txid, output_index, amount, threshold, owner, status"
#define KX_SQLITE_CHANNEL                                                                          \
    "id, client, config, status, is_closed, txid, output_index, covenant_id, value, claimed,"      \
    " charged, authorized, voucher, version, lease, last_attempt, changed_ms, charge"
#define KX_SQLITE_OPERATION                                                                        \
    "txid, channel_id, version, kind, amount, confirmations, next_txid, next_index, covenant_id,"  \
    " value, claimed, tx, status, begun_ms, changed_ms"

/* name, text */
#define KX_SQLITE_STATEMENTS(X)                                                                    \
    X(ENTRY_BY_TXID, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE txid = ?1")                      \
    X(ENTRY_BY_SCOPE, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE scope = ?1 LIMIT 1")            \
    X(ENTRY_BY_SETTLEMENT, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE settlement = ?1"           \
                           " AND settlement <> ''")                                                \
    X(ENTRY_OLDEST, "SELECT " KX_SQLITE_ENTRY " FROM entry WHERE status = 3 AND charge > 0"        \
                    " ORDER BY committed_ms LIMIT 1")                                              \
    X(ENTRY_PUT,                                                                                   \
      "INSERT INTO entry(" KX_SQLITE_ENTRY ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"     \
      " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28," \
      " ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37) ON CONFLICT(txid) DO UPDATE SET tx = ?14,"    \
      " channel_version = ?21, voucher = ?24, status = ?28, finality = ?29, changed_ms = ?31,"     \
      " handler_started_ms = ?32, recovery = ?33, packed = ?34, committed_ms = ?35, charge = ?36," \
      " settlement = ?37")                                                                         \
    X(ENTRY_DROP, "DELETE FROM entry WHERE txid = ?1")                                             \
    X(USED, "SELECT sum(records), sum(bytes), sum(of_payer) FROM"                                  \
            " (SELECT count(*) AS records, coalesce(sum(charge), 0) AS bytes,"                     \
            " (SELECT count(*) FROM entry WHERE payer = ?1 AND charge > 0) AS of_payer"            \
            " FROM entry WHERE charge > 0 UNION ALL SELECT count(*), coalesce(sum(charge), 0),"    \
            " (SELECT count(*) FROM channel WHERE client = ?1 AND charge > 0)"                     \
            " FROM channel WHERE charge > 0)")                                                     \
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
                " amount = ?5, threshold = ?6, owner = ?7, status = ?8")                           \
    X(CHANNEL_BY_ID, "SELECT " KX_SQLITE_CHANNEL " FROM channel WHERE id = ?1")                    \
    X(CHANNEL_REFUNDED, "SELECT " KX_SQLITE_CHANNEL " FROM channel WHERE status = 1"               \
                        " AND charge > 0 AND lease = '' ORDER BY changed_ms LIMIT 1")              \
    X(CHANNEL_OF_COVENANT, "SELECT id FROM channel WHERE covenant_id = ?1")                        \
    X(CHANNEL_PUT,                                                                                 \
      "INSERT INTO channel(" KX_SQLITE_CHANNEL ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10," \
      " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) ON CONFLICT(id) DO UPDATE SET status = ?4,"        \
      " is_closed = ?5, txid = ?6, output_index = ?7, value = ?9, claimed = ?10, charged = ?11,"   \
      " authorized = ?12, voucher = ?13, version = ?14, lease = ?15, last_attempt = ?16,"          \
      " changed_ms = ?17, charge = ?18")                                                           \
    X(LINEAGE_GET, "SELECT state FROM lineage WHERE channel_id = ?1")                              \
    X(LINEAGE_PUT, "INSERT INTO lineage(channel_id, state) VALUES(?1, ?2)"                         \
                   " ON CONFLICT(channel_id) DO UPDATE SET state = ?2")                            \
    X(OPERATION_GET, "SELECT " KX_SQLITE_OPERATION " FROM operation WHERE txid = ?1")              \
    X(OPERATION_PUT,                                                                               \
      "INSERT INTO operation(" KX_SQLITE_OPERATION ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"  \
      " ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT(txid) DO UPDATE SET tx = ?12, status = ?13,"     \
      " changed_ms = ?15")                                                                         \
    X(OPERATION_DROP, "DELETE FROM operation WHERE txid = ?1")                                     \
    X(OPERATIONS_UNRESOLVED, "SELECT txid FROM operation WHERE status < 3"                         \
                             " ORDER BY begun_ms, rowid")                                          \
    X(CHANNELS_CLAIMABLE, "SELECT id FROM channel WHERE charged > claimed AND status IN (0, 2)")

#define KX_SQLITE_STATEMENT(name, text) KX_S_##name,
enum kx_sqlite_statement { KX_SQLITE_STATEMENTS(KX_SQLITE_STATEMENT) KX_S__COUNT };
#undef KX_SQLITE_STATEMENT

/* The numbers that the file and its statements have. */
_Static_assert(KX_PENDING == 0 && KX_BROADCAST == 1 && KX_ACCEPTED == 2 && KX_APPLIED == 3 &&
                   KX_ID_PENDING == 1 && KX_ID_RECOVERY == 2 && KX_ID_COMPLETED == 3 &&
                   KX_ID_RELEASED == 4 && KX_HEAD_AVAILABLE == 0 && KX_HEAD_RETIRED == 3 &&
                   KX_STANDARD_NATIVE == 0 && KX_ADDITIVE == 1 && KX_FINALITY_CONFIRMED == 2 &&
                   KX_CHANNEL_ACTIVE == 0 && KX_CHANNEL_REFUNDED == 1 &&
                   KX_CHANNEL_SUSPICIOUS == 2 && KX_CHANNEL_UNAVAILABLE == 3 && KX_CLAIM == 0 &&
                   KX_TOP_UP == 1 && KX_REFUND == 2,
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

/** One column after the other. */
struct kx_columns {
    sqlite3_stmt *s;
    int at; /**< the next one */
    bool is_damaged;
};
int64_t kx_columns_i64(struct kx_columns *c);
uint64_t kx_columns_u64(struct kx_columns *c);
void kx_columns_hash(struct kx_columns *c, char *out);
void kx_columns_name(struct kx_columns *c, char *out); /**< a hash, or empty */
void kx_columns_bytes(struct kx_columns *c, uint8_t *out, size_t len);
/** false: NULL */
bool kx_columns_bytes_or_null(struct kx_columns *c, uint8_t *out, size_t len);
struct assay_bytes kx_columns_slice(struct kx_columns *c);

/** One parameter after the other. */
struct kx_parameters {
    sqlite3_stmt *s;
    int at; /**< the last one that was set */
};
void kx_parameters_i64(struct kx_parameters *p, int64_t value);
void kx_parameters_u64(struct kx_parameters *p, uint64_t value);
void kx_parameters_text(struct kx_parameters *p, struct assay_bytes text);
void kx_parameters_blob(struct kx_parameters *p, struct assay_bytes bytes);
void kx_parameters_null(struct kx_parameters *p, int count);

enum assay_code kx_sqlite_find_entry(struct kx_ledger *ledger, struct kx_entry *out,
                                     struct assay_arena *arena, enum kx_entry_key key,
                                     const char *value, struct assay_err *err);
enum assay_code kx_sqlite_put_entry(struct kx_ledger *ledger, const struct kx_entry *entry,
                                    struct assay_err *err);
enum assay_code kx_sqlite_drop_entry(struct kx_ledger *ledger, const char *txid,
                                     struct assay_err *err);
enum assay_code kx_sqlite_used(struct kx_ledger *ledger, struct kx_used *out, const uint8_t *payer,
                               struct assay_err *err);
enum assay_code kx_sqlite_list(struct kx_ledger *ledger, enum kx_listed of,
                               char (*txids)[X402_HASH_TEXT_BYTES], size_t room, size_t *count,
                               struct assay_err *err);

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

enum assay_code kx_sqlite_find_channel(struct kx_ledger *ledger, struct kx_lane_entry *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err);
enum assay_code kx_sqlite_find_covenant(struct kx_ledger *ledger, char *channel_id,
                                        const struct kaspa_hash *covenant_id,
                                        struct assay_err *err);
enum assay_code kx_sqlite_put_channel(struct kx_ledger *ledger, const struct kx_lane_entry *entry,
                                      struct assay_err *err);
enum assay_code kx_sqlite_find_lineage(struct kx_ledger *ledger, struct assay_bytes *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err);
enum assay_code kx_sqlite_put_lineage(struct kx_ledger *ledger, const char *channel_id,
                                      struct assay_bytes lineage, struct assay_err *err);
enum assay_code kx_sqlite_find_operation(struct kx_ledger *ledger, struct kx_lane_operation *out,
                                         struct assay_arena *arena, const char *txid,
                                         struct assay_err *err);
enum assay_code kx_sqlite_put_operation(struct kx_ledger *ledger,
                                        const struct kx_lane_operation *operation,
                                        struct assay_err *err);
enum assay_code kx_sqlite_drop_operation(struct kx_ledger *ledger, const char *txid,
                                         struct assay_err *err);

#endif
