/* All or nothing: each operation of the Kaspa x402 store when memory, a statement or the disk
 * fails it, and what a file is after a crash, when it is damaged, or another program's. */
#include "ref/tests/kx_phases.h"
#include "ref/tests/sqlite_memory.h"

#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 4000 };

TestSuite(kx_faults, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

static void database_with(const char *sql)
{
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static enum assay_code do_claim(struct kx_store *s, const struct kx_paid *p)
{
    enum kx_claim_result result = KX_CLAIM_FULL;
    enum assay_code code = s->ops->claim(s, &p->attempt, PHASES_NOW, &result, NULL);

    if (code == ASSAY_OK)
        cr_expect_eq(result, KX_CLAIM_CREATED);
    else
        cr_expect_eq(result, KX_CLAIM_FULL, "nothing is said of a claim that failed");
    return code;
}

static enum assay_code do_broadcast(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->broadcast(s, p->attempt.txid, PHASES_NOW, NULL);
}

static enum assay_code do_accept(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->accept(s, p->attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL);
}

static enum assay_code do_begin(struct kx_store *s, const struct kx_paid *p)
{
    bool begun = false;
    enum assay_code code = s->ops->begin_handler(s, p->attempt.txid, PHASES_MARK, &begun, NULL);

    cr_expect_eq(begun, code == ASSAY_OK, "no handler runs on an error");
    return code;
}

static enum assay_code do_reset(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->reset_handler(s, p->attempt.txid, PHASES_MARK, NULL);
}

static enum assay_code do_record(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->record_result(s, p->attempt.txid, &p->result, PHASES_NOW, NULL);
}

static enum assay_code do_recover(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->mark_recovery(s, p->attempt.txid, ASSAY_LIT("it fell over"), PHASES_NOW, NULL);
}

static enum assay_code do_commit(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->commit(s, &p->payment, NULL);
}

static enum assay_code do_abandon(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->abandon(s, p->attempt.txid, PHASES_NOW, NULL);
}

static enum assay_code do_sweep(struct kx_store *s, const struct kx_paid *p)
{
    return s->ops->sweep(s, p->payment.committed_ms + PHASES_RETENTION_MS, NULL);
}

/* faults: how many of the failing statements below it meets, at least one for each of its writes */
static const struct {
    const char *name;
    enum assay_code (*act)(struct kx_store *s, const struct kx_paid *p);
    enum kx_phase from, to;
    enum kx_head_status before, after;
    size_t faults;
} acts[] = {
    {"claim", do_claim, PHASE_UNKNOWN, PHASE_PENDING, KX_HEAD_AVAILABLE, KX_HEAD_CLAIMED, 4},
    {"claim of what was released", do_claim, PHASE_RELEASED, PHASE_PENDING, KX_HEAD_AVAILABLE,
     KX_HEAD_CLAIMED, 4},
    {"broadcast", do_broadcast, PHASE_PENDING, PHASE_BROADCAST, KX_HEAD_CLAIMED, KX_HEAD_CLAIMED,
     2},
    {"accept", do_accept, PHASE_PENDING, PHASE_ACCEPTED, KX_HEAD_CLAIMED, KX_HEAD_AVAILABLE, 4},
    {"begin", do_begin, PHASE_ACCEPTED, PHASE_STARTED, KX_HEAD_AVAILABLE, KX_HEAD_AVAILABLE, 2},
    {"reset", do_reset, PHASE_RECOVERY, PHASE_ACCEPTED, KX_HEAD_AVAILABLE, KX_HEAD_AVAILABLE, 3},
    {"record", do_record, PHASE_RECOVERY, PHASE_ANSWERED, KX_HEAD_AVAILABLE, KX_HEAD_AVAILABLE, 3},
    {"mark recovery", do_recover, PHASE_STARTED, PHASE_RECOVERY, KX_HEAD_AVAILABLE,
     KX_HEAD_AVAILABLE, 3},
    {"commit", do_commit, PHASE_ANSWERED, PHASE_APPLIED, KX_HEAD_AVAILABLE, KX_HEAD_AVAILABLE, 3},
    {"abandon", do_abandon, PHASE_BROADCAST, PHASE_RELEASED, KX_HEAD_CLAIMED, KX_HEAD_AVAILABLE, 4},
    {"sweep", do_sweep, PHASE_APPLIED, PHASE_COMPACTED, KX_HEAD_AVAILABLE, KX_HEAD_AVAILABLE, 2},
};

/* The nth payment, of a head of its own, in the phase before an act. */
static void ready(struct kx_store *store, struct kx_paid *paid, unsigned n, enum kx_phase phase)
{
    struct kx_head_record head = kx_head_of(n);

    kx_head_registered(store, &head);
    kx_paid_make(paid, n);
    kx_paid_for_head(paid, &head);
    kx_paid_take_to(store, paid, phase);
}

static void expect_all(struct kx_store *store, const struct kx_paid *paid, enum kx_phase phase,
                       enum kx_head_status status, const char *when)
{
    struct kx_head_record head = {0};
    bool has_moved = phase >= PHASE_ACCEPTED && phase != PHASE_RELEASED;

    memcpy(head.id, paid->attempt.head_id, sizeof(head.id));
    head = kx_head_loaded(store, &head);
    kx_paid_expect(store, paid, phase, when);
    cr_expect_eq(head.status, status, "%s: the head's status is %d", when, (int)head.status);
    cr_expect_eq(head.version, paid->attempt.head_version + has_moved, "%s: the head's version",
                 when);
}

Test(kx_faults, of_memory_leave_everything_as_it_was)
{
    sqlite_memory_is_counted();
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(acts); i++) {
            size_t failures = 0;
            enum assay_code code;
            struct kx_paid paid;

            ready(store, &paid, i + 1, acts[i].from);
            for (;;) {
                (void)assay_alloc_fail_after(failures);
                code = acts[i].act(store, &paid);
                (void)assay_alloc_fail_after(SIZE_MAX);
                if (code == ASSAY_OK)
                    break;
                cr_assert_eq(code, ASSAY_E_NOMEM, "%s: %s", acts[i].name, assay_code_name(code));
                expect_all(store, &paid, acts[i].from, acts[i].before, acts[i].name);
                cr_assert_lt(++failures, 20000);
            }
            cr_expect_gt(failures, 0, "%s: %s", kx_store_kinds[kind], acts[i].name);
            expect_all(store, &paid, acts[i].to, acts[i].after, acts[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_faults, of_a_statement_leave_everything_as_it_was)
{
    static const char *const events[] = {
        "BEFORE INSERT ON entry",      "BEFORE UPDATE ON entry",      "BEFORE DELETE ON entry",
        "BEFORE INSERT ON identifier", "BEFORE DELETE ON identifier", "BEFORE INSERT ON head",
        "BEFORE UPDATE ON head",
    };
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    unsigned n = 1;

    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        size_t faults = 0;

        for (size_t e = 0; e < ARRAY_LEN(events); e++) {
            char sql[128];
            struct kx_paid paid;
            enum assay_code code;

            ready(store, &paid, n++, acts[i].from);
            cr_assert_lt(snprintf(sql, sizeof(sql),
                                  "CREATE TRIGGER fault %s BEGIN SELECT RAISE(ABORT, 'fault'); END",
                                  events[e]),
                         (int)sizeof(sql));
            database_with(sql);
            code = acts[i].act(store, &paid);
            database_with("DROP TRIGGER fault");
            if (code != ASSAY_OK) {
                faults++;
                cr_expect_eq(code, ASSAY_E_IO, "%s: %s", acts[i].name, assay_code_name(code));
                expect_all(store, &paid, acts[i].from, acts[i].before, events[e]);
                cr_expect_eq(acts[i].act(store, &paid), ASSAY_OK, "%s", acts[i].name);
            }
            expect_all(store, &paid, acts[i].to, acts[i].after, events[e]);
        }
        cr_expect_eq(faults, acts[i].faults, "%s: %zu", acts[i].name, faults);
    }
    store->ops->close(store);
}

/* The statement that waits for its turn, and does not get it. */
Test(kx_faults, of_a_file_that_stays_busy_leave_everything_as_it_was)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_paid paid, held;
    sqlite3 *db = NULL;

    kx_paid_make(&paid, 1);
    kx_paid_make(&held, 2);
    kx_paid_take_to(store, &held, PHASE_ACCEPTED);
    cr_assert_eq(sqlite3_busy_timeout(kx_store_writer(store)->db, 0), SQLITE_OK);
    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int again = 0; again < 2; again++) {
        cr_expect_eq(do_claim(store, &paid), ASSAY_E_BUSY);
        cr_expect_eq(do_begin(store, &held), ASSAY_E_BUSY);
        kx_paid_expect(store, &paid, PHASE_UNKNOWN, "who only asks does not wait");
        kx_paid_expect(store, &held, PHASE_ACCEPTED, "who only asks does not wait");
    }
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    cr_expect_eq(do_claim(store, &paid), ASSAY_OK);
    store->ops->close(store);
}

/* A file may grow no more, from wherever it stands now: as on a full disk. */
Test(kx_faults, of_a_full_disk_leave_everything_as_it_was)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct rlimit limit;
    enum assay_code code = ASSAY_OK;
    struct kx_paid paid;
    struct stat st;
    unsigned n = 0;

    cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(stat(kx_store_file(), &st), 0);
    limit.rlim_cur = (rlim_t)st.st_size + (64 << 10);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (code == ASSAY_OK && n < MANY) {
        kx_paid_make(&paid, ++n);
        code = do_claim(store, &paid);
    }
    cr_expect_eq(code, ASSAY_E_IO, "after %u claims: %s", n, assay_code_name(code));
    kx_paid_expect(store, &paid, PHASE_UNKNOWN, "the claim that failed");
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(do_claim(store, &paid), ASSAY_OK, "once there is room");
    for (unsigned i = 1; i <= n; i++) {
        kx_paid_make(&paid, i);
        kx_paid_expect(store, &paid, PHASE_PENDING, "a claim that was acknowledged");
    }
    store->ops->close(store);
}

Test(kx_faults, of_its_process_lose_nothing_that_was_acknowledged)
{
    for (enum kx_phase phase = PHASE_PENDING; phase < PHASE__COUNT; phase++) {
        struct kx_store *store;
        struct kx_paid paid;
        int status = -1;
        pid_t child;

        kx_paid_make(&paid, (unsigned)phase);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            kx_paid_take_to(kx_store_opened(KX_STORE_SQLITE), &paid, phase);
            _exit(0); /* no close: as a crash would */
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
        if (phase == PHASE_COMPACTED)
            paid.payment.committed_ms = PHASES_NOW - PHASES_RETENTION_MS;
        store = kx_store_opened(KX_STORE_SQLITE);
        kx_paid_expect(store, &paid, phase, kx_phase_name(phase));
        store->ops->close(store);
    }
}

Test(kx_faults, are_none_of_opening_again_after_every_phase)
{
    static const enum kx_phase life[] = {PHASE_PENDING, PHASE_BROADCAST, PHASE_ACCEPTED,
                                         PHASE_STARTED, PHASE_RECOVERY,  PHASE_ANSWERED,
                                         PHASE_APPLIED, PHASE_COMPACTED};
    enum assay_code (*const steps[])(struct kx_store * s, const struct kx_paid *p) = {
        do_claim, do_broadcast, do_accept, do_begin, do_recover, do_record, do_commit, do_sweep};
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_paid paid;

    _Static_assert(ARRAY_LEN(life) == ARRAY_LEN(steps), "a step to each phase");
    ready(store, &paid, 1, PHASE_UNKNOWN);
    for (size_t i = 0; i < ARRAY_LEN(life); i++) {
        enum kx_head_status status = i < 2 ? KX_HEAD_CLAIMED : KX_HEAD_AVAILABLE;

        cr_assert_eq(steps[i](store, &paid), ASSAY_OK, "%s", kx_phase_name(life[i]));
        store->ops->close(store);
        store = kx_store_opened(KX_STORE_SQLITE);
        expect_all(store, &paid, life[i], status, kx_phase_name(life[i]));
    }
    store->ops->close(store);
}

Test(kx_faults, of_opening_are_told_and_leak_nothing)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        const struct kx_store_ops *ops;
        struct kx_store *store = NULL;
        size_t failures = 0;
        enum assay_code code;

        do {
            (void)assay_alloc_fail_after(failures);
            code = kx_store_open(&store, kind, &kx_store_test_limits, NULL);
            (void)assay_alloc_fail_after(SIZE_MAX);
            cr_assert(code == ASSAY_OK || code == ASSAY_E_NOMEM);
            cr_assert_eq(store != NULL, code == ASSAY_OK);
        } while (code != ASSAY_OK && ++failures < 100);
        cr_expect_geq(failures, 2, "%s", kx_store_kinds[kind]);
        ops = store->ops;
        ops->close(store);
        ops->close(NULL);
    }
}

Test(kx_faults, of_a_damaged_file_are_told_and_nothing_of_it_is_believed)
{
    static const struct {
        const char *name, *sql;
        bool attempt, payment, identifier, head; /* can be loaded */
    } rows[] = {
        {"a hash too short", "UPDATE entry SET fingerprint = 'abc'", false, false, true, true},
        {"a hash too long", "UPDATE entry SET scope = scope || 'a'", false, false, true, true},
        {"a payer too short", "UPDATE entry SET payer = x'00'", false, false, true, true},
        {"a head id too short", "UPDATE entry SET head_id = x'00'", false, false, true, true},
        {"no answer", "UPDATE entry SET packed = x''", true, false, true, true},
        {"an answer that ends early", "UPDATE entry SET packed = substr(packed, 1, 20)", true,
         false, true, true},
        {"an answer that goes on", "UPDATE entry SET packed = packed || x'00'", true, false, true,
         true},
        {"a status", "UPDATE entry SET packed = x'ffffffff00000000'", true, false, true, true},
        {"many headers", "UPDATE entry SET packed = x'000000c800000042'", true, false, true, true},
        {"an identifier", "UPDATE identifier SET txid = ''", true, true, false, true},
        {"an identifier's request", "UPDATE identifier SET fingerprint = 'a'", true, true, false,
         true},
        {"an identifier's payload", "UPDATE identifier SET payload_hash = ''", true, true, false,
         true},
        {"an identifier's scope", "UPDATE identifier SET scope = scope || 'a'", true, true, false,
         true},
        {"a head's coin", "UPDATE head SET txid = x'00'", true, true, true, false},
        {"a head's owner", "UPDATE head SET owner = x'00'", true, true, true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kx_store *store;
        struct kx_attempt attempt;
        struct kx_payment_record payment;
        struct kx_identifier_record id;
        struct kx_head_record head;
        struct kx_paid paid;

        kx_store_folder_drop();
        kx_store_folder_make();
        store = kx_store_opened(KX_STORE_SQLITE);
        ready(store, &paid, 1, PHASE_APPLIED);
        database_with(rows[i].sql);
        cr_expect_eq(store->ops->load_attempt(store, &attempt, &arena, paid.attempt.txid, NULL),
                     rows[i].attempt ? ASSAY_OK : ASSAY_E_IO, "%s", rows[i].name);
        cr_expect_eq(store->ops->load_payment(store, &payment, &arena, paid.attempt.txid, NULL),
                     rows[i].payment ? ASSAY_OK : ASSAY_E_IO, "%s", rows[i].name);
        cr_expect_eq(store->ops->load_identifier(store, &id, paid.attempt.identifier, NULL),
                     rows[i].identifier ? ASSAY_OK : ASSAY_E_IO, "%s", rows[i].name);
        cr_expect_eq(store->ops->load_head(store, &head, paid.attempt.head_id, NULL),
                     rows[i].head ? ASSAY_OK : ASSAY_E_IO, "%s", rows[i].name);
        store->ops->close(store);
        assay_arena_fini(&arena);
    }
}

Test(kx_faults, of_a_damaged_result_stop_the_handlers_answer)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct assay_err err = {0};
    struct kx_attempt a;
    struct kx_paid paid;

    ready(store, &paid, 1, PHASE_ANSWERED);
    database_with("UPDATE entry SET packed = x'00'");
    cr_expect_eq(store->ops->load_attempt(store, &a, &arena, paid.attempt.txid, &err), ASSAY_E_IO);
    cr_expect_str_eq(err.text, "store: load attempt: a stored answer is damaged at byte 0 of 1");
    database_with("UPDATE head SET id = x'00'");
    cr_expect_eq(store->ops->select_head(store, &(struct kx_head_record){0}, 0, NULL), ASSAY_E_IO);
    database_with("UPDATE entry SET txid = 'short'");
    cr_expect_eq(store->ops->unresolved(store, &a.txid, 1, &(size_t){0}, NULL), ASSAY_E_IO);
    assay_arena_fini(&arena);
    store->ops->close(store);
}

/* As a file may be whose entries were lost: the identifier still says whose it is. */
Test(kx_faults, of_lost_entries_leave_identifiers_to_their_owners)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_paid paid, other;

    kx_paid_make(&paid, 1);
    kx_paid_take_to(store, &paid, PHASE_PENDING);
    kx_paid_make(&other, 2);
    other.attempt.identifier = paid.attempt.identifier;
    database_with("DELETE FROM entry");
    cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_ID_TAKEN);
    memcpy(other.attempt.txid, paid.attempt.txid, sizeof(other.attempt.txid));
    cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_ID_TAKEN, "another request");
    memcpy(other.attempt.fingerprint, paid.attempt.fingerprint, sizeof(other.attempt.fingerprint));
    cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_ID_TAKEN, "another authorization");
    cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
    store->ops->close(store);
}

static void file_with(const char *bytes)
{
    FILE *f = fopen(kx_store_file(), "w");

    cr_assert_not_null(f);
    cr_assert_geq(fputs(bytes, f), 0);
    cr_assert_eq(fclose(f), 0);
}

static void paid_tools_store(const char *with)
{
    static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;
    struct ref_store *store = NULL;

    (void)with;
    cr_assert_eq(ref_store_sqlite_open(&store, kx_store_file(), &limits, NULL), ASSAY_OK);
    store->ops->close(store);
}

Test(kx_faults, of_the_wrong_file_are_told_in_a_sentence)
{
    static const struct {
        const char *name;
        void (*make)(const char *with);
        const char *with, *says;
    } rows[] = {
        {"text", file_with, "this is a letter, not a database, and long enough to be read as one",
         "not a database"},
        {"foreign program", database_with, "CREATE TABLE cat(name)", "another program"},
        {"foreign store", database_with, "PRAGMA application_id=7", "another program"},
        {"later version", database_with, "PRAGMA application_id=1098074968; PRAGMA user_version=6",
         "is a store of version 6, this program needs 5"},
        {"earlier version", database_with,
         "PRAGMA application_id=1098074968; PRAGMA user_version=4",
         "is a store of version 4, this program needs 5"},
        {"paid-tools", paid_tools_store, "",
         "is the store of a paid-tools server, not of a Kaspa x402 server: name another file"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_store *store = NULL;
        struct assay_err err = {0};

        kx_store_folder_drop();
        kx_store_folder_make();
        rows[i].make(rows[i].with);
        cr_expect_eq(kx_store_open(&store, KX_STORE_SQLITE, &kx_store_test_limits, &err),
                     ASSAY_E_IO, "%s", rows[i].name);
        cr_expect_null(store);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, kx_store_file()), "%s: %s", rows[i].name, err.text);
    }
}

Test(kx_faults, of_a_paid_tools_server_that_is_given_this_store)
{
    static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct ref_store *other = NULL;
    struct assay_err err = {0};
    struct kx_paid paid;

    kx_paid_make(&paid, 1);
    kx_paid_take_to(store, &paid, PHASE_PENDING);
    cr_expect_eq(ref_store_sqlite_open(&other, kx_store_file(), &limits, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "is the store of a Kaspa x402 server"), "%s", err.text);
    kx_paid_expect(store, &paid, PHASE_PENDING, "it is left as it was");
    store->ops->close(store);
}

Test(kx_faults, of_a_path_that_cannot_be_made_are_told)
{
    struct kx_store *store = NULL;
    struct assay_err err = {0};

    cr_expect_eq(kx_store_sqlite_open(&store, "/nonexistent/store", &kx_store_test_limits, &err),
                 ASSAY_E_IO);
    cr_expect_str_eq(err.text, "store /nonexistent/store: No such file or directory");
}

Test(kx_faults, of_a_store_open_to_others_are_none)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct stat st;

    cr_assert_eq(stat(kx_store_file(), &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600, "mode %o", st.st_mode & 0777u);
    store->ops->close(store);
}
