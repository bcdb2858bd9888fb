/* All or nothing, for channels of the Kaspa x402 store: each operation on one when memory or a
 * statement fails it, what a file is after a crash, and when it is damaged. */
#include "ref/tests/kx_lanes.h"
#include "ref/tests/sqlite_memory.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_BYTES = 2048, FAILURES_MAX = 20000 };

TestSuite(kx_lane_faults, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

static void database_with(const char *sql)
{
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

/* A channel, a payment that charges it, and an operation on it. */
struct scene {
    struct kx_store *store;
    struct kx_test_lane lane; /* as it is */
    struct kx_lane_record to; /* as it is to become */
    struct kx_paid paid;
    struct kx_lane_operation operation;
};

/* ---- what a store says ---- */

struct said {
    char text[SAID_BYTES];
    size_t len;
};

#define SAY(said, ...)                                                                             \
    ((said)->len +=                                                                                \
     (size_t)snprintf((said)->text + (said)->len, SAID_BYTES - (said)->len, __VA_ARGS__))

static void say_channel(struct said *said, const struct scene *s, struct assay_arena *arena)
{
    struct kx_lane_record r = {0};
    enum assay_code code =
        s->store->ops->load_channel(s->store, &r, arena, s->lane.record.channel_id, true, NULL);

    SAY(said, "channel %d: %d S %lu A %lu T %lu V %lu #%u voucher %d%d version %lu [%s] [%s] %zu\n",
        (int)code, (int)r.status, (unsigned long)r.head.claimed, (unsigned long)r.charged,
        (unsigned long)r.authorized, (unsigned long)r.head.value, (unsigned)r.head.outpoint.index,
        (int)r.has_voucher, (int)r.voucher[0], (unsigned long)r.version, r.lease, r.last_attempt,
        r.lineage.len);
}

static void say_payment(struct said *said, const struct scene *s, struct assay_arena *arena)
{
    const struct kx_store_ops *ops = s->store->ops;
    struct kx_attempt a = {0};
    struct kx_payment_record p = {0};
    struct kx_identifier_record id = {0};
    enum assay_code code = ops->load_attempt(s->store, &a, arena, s->paid.attempt.txid, NULL);

    SAY(said, "attempt %d: %d started %ld result %d reason %zu version %lu voucher %d\n", (int)code,
        (int)a.status, (long)a.handler_started_ms, (int)a.has_result, a.recovery.len,
        (unsigned long)a.charge.version, (int)a.charge.voucher[0]);
    code = ops->load_payment(s->store, &p, arena, s->paid.attempt.txid, NULL);
    SAY(said, "payment %d: status %d\n", (int)code, p.answer.status);
    cr_assert_eq(ops->load_identifier(s->store, &id, s->paid.attempt.identifier, NULL), ASSAY_OK);
    SAY(said, "identifier %d [%s]\n", (int)id.state, id.txid);
}

static void say_operation(struct said *said, const struct scene *s, struct assay_arena *arena)
{
    struct kx_lane_operation o = {0};
    enum assay_code code =
        s->store->ops->load_operation(s->store, &o, arena, s->operation.txid, NULL);
    size_t payments = 0, operations = 0;

    SAY(said, "operation %d: %d %zu\n", (int)code, (int)o.status, o.transaction.len);
    cr_assert_eq(s->store->ops->unresolved(s->store, NULL, 0, &payments, NULL), ASSAY_OK);
    cr_assert_eq(s->store->ops->unresolved_operations(s->store, NULL, 0, &operations, NULL),
                 ASSAY_OK);
    SAY(said, "open %zu, %zu\n", payments, operations);
}

static void say(struct said *said, const struct scene *s)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    said->len = 0;
    say_channel(said, s, &arena);
    say_payment(said, s, &arena);
    say_operation(said, s, &arena);
    cr_assert_lt(said->len, SAID_BYTES);
    assay_arena_fini(&arena);
}

/* ---- what is done ---- */

static enum assay_code claim(struct scene *s)
{
    enum kx_claim_result result = KX_CLAIM_FULL;
    enum assay_code code =
        s->store->ops->claim(s->store, &s->paid.attempt, PHASES_NOW, &result, NULL);

    cr_expect_eq(result, code == ASSAY_OK ? KX_CLAIM_CREATED : KX_CLAIM_FULL, "claim: %d",
                 (int)result);
    return code;
}

static enum assay_code begin(struct scene *s)
{
    bool begun = false;
    enum assay_code code =
        s->store->ops->begin_handler(s->store, s->paid.attempt.txid, PHASES_MARK, &begun, NULL);

    cr_expect_eq(begun, code == ASSAY_OK);
    return code;
}

static enum assay_code commit(struct scene *s)
{
    return s->store->ops->commit(s->store, &s->paid.payment, NULL);
}

static enum assay_code recover(struct scene *s)
{
    return s->store->ops->mark_recovery(s->store, s->paid.attempt.txid, ASSAY_LIT("it moved"),
                                        PHASES_NOW, NULL);
}

static enum assay_code rejudge(struct scene *s)
{
    return s->store->ops->rejudge(s->store, s->paid.attempt.txid, s->lane.record.version,
                                  PHASES_NOW, NULL);
}

static enum assay_code abandon(struct scene *s)
{
    return s->store->ops->abandon(s->store, s->paid.attempt.txid, PHASES_NOW, NULL);
}

static enum assay_code put_lineage(struct scene *s)
{
    bool applied = false;
    enum assay_code code = s->store->ops->put_lineage(s->store, &s->to, PHASES_NOW, &applied, NULL);

    cr_expect_eq(applied, code == ASSAY_OK);
    return code;
}

static enum assay_code begin_operation(struct scene *s)
{
    enum kx_operation_result result = KX_OPERATION_MOVED;
    enum assay_code code =
        s->store->ops->begin_operation(s->store, &s->operation, PHASES_NOW, &result, NULL);

    cr_expect_eq(result, code == ASSAY_OK ? KX_OPERATION_BEGUN : KX_OPERATION_MOVED);
    return code;
}

static enum assay_code broadcast_operation(struct scene *s)
{
    return s->store->ops->broadcast_operation(s->store, s->operation.txid, PHASES_NOW, NULL);
}

static enum assay_code accept_operation(struct scene *s)
{
    return s->store->ops->accept_operation(s->store, s->operation.txid, 30, PHASES_NOW, NULL);
}

static enum assay_code apply_operation(struct scene *s)
{
    bool applied = false;
    enum assay_code code = s->store->ops->apply_operation(s->store, s->operation.txid, &s->to,
                                                          PHASES_NOW, &applied, NULL);

    cr_expect_eq(applied, code == ASSAY_OK);
    return code;
}

static enum assay_code abandon_operation(struct scene *s)
{
    return s->store->ops->abandon_operation(s->store, s->operation.txid, NULL);
}

static enum assay_code sweep(struct scene *s)
{
    return s->store->ops->sweep(s->store, PHASES_NOW + 100 + PHASES_RETENTION_MS, NULL);
}

/* ---- before it ---- */

static void unknown(struct scene *s, unsigned n)
{
    kx_lane_make(&s->lane, n);
    kx_paid_deposits(&s->paid, n, &s->lane.record);
    s->operation = kx_operation_of(n, KX_TOP_UP, &s->lane.record, 500);
}

static void opened(struct scene *s, unsigned n)
{
    kx_lane_opened(s->store, &s->lane, n);
    kx_paid_for_lane(&s->paid, n, &s->lane.record);
    s->operation = kx_operation_of(n, KX_TOP_UP, &s->lane.record, 500);
    s->to = s->lane.record;
    kx_lane_after(&s->to, &s->operation);
    s->to.lineage = ASSAY_LIT("[\"genesis\",\"top-up\"]");
}

static void topped_up(struct scene *s, unsigned n)
{
    opened(s, n);
    s->to.version++;
    s->paid.attempt.charge.version++;
    s->paid.attempt.deposit = &s->to;
}

static void accepted(struct scene *s, unsigned n)
{
    opened(s, n);
    kx_paid_take_to(s->store, &s->paid, PHASE_ACCEPTED);
}

static void answered(struct scene *s, unsigned n)
{
    opened(s, n);
    kx_paid_take_to(s->store, &s->paid, PHASE_ANSWERED);
}

static void moved(struct scene *s, unsigned n)
{
    answered(s, n);
    kx_lane_moved(s->store, &s->lane.record);
}

static void recovering(struct scene *s, unsigned n)
{
    moved(s, n);
    cr_assert_eq(recover(s), ASSAY_OK);
}

static void operation_begun(struct scene *s, unsigned n)
{
    opened(s, n);
    cr_assert_eq(begin_operation(s), ASSAY_OK);
}

static void operation_accepted(struct scene *s, unsigned n)
{
    operation_begun(s, n);
    cr_assert_eq(accept_operation(s), ASSAY_OK);
}

static void refunded(struct scene *s, unsigned n)
{
    opened(s, n);
    s->lane.record.status = KX_CHANNEL_REFUNDED;
    kx_lane_moved(s->store, &s->lane.record);
}

/* faults: how many of the failing statements below it meets, at least one for each of its writes */
static const struct {
    const char *name;
    void (*ready)(struct scene *s, unsigned n);
    enum assay_code (*act)(struct scene *s);
    size_t faults;
} acts[] = {
    {"claim with a deposit", unknown, claim, 4},
    {"claim", opened, claim, 4},
    {"claim with a top-up", topped_up, claim, 6},
    {"begin", accepted, begin, 2},
    {"commit", answered, commit, 5},
    {"mark recovery", moved, recover, 3},
    {"rejudge", recovering, rejudge, 3},
    {"abandon", accepted, abandon, 4},
    {"put lineage", opened, put_lineage, 4},
    {"begin operation", opened, begin_operation, 3},
    {"broadcast operation", operation_begun, broadcast_operation, 2},
    {"accept operation", operation_begun, accept_operation, 2},
    {"apply operation", operation_accepted, apply_operation, 6},
    {"abandon operation", operation_begun, abandon_operation, 3},
    {"sweep", refunded, sweep, 4},
};

static void expect_same(const struct said *before, const struct scene *s, const char *when)
{
    struct said now;

    say(&now, s);
    cr_expect_str_eq(now.text, before->text, "%s", when);
}

static void expect_other(const struct said *before, const struct scene *s, const char *when)
{
    struct said now;

    say(&now, s);
    cr_expect_str_neq(now.text, before->text, "%s", when);
}

Test(kx_lane_faults, of_memory_leave_everything_as_it_was)
{
    sqlite_memory_is_counted();
    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(acts); i++) {
        size_t failures = 0, act = i / KX_STORE_KINDS;
        struct scene s = {.store = NULL};
        enum assay_code code;
        struct said before;

        kx_store_folder_drop();
        kx_store_folder_make();
        s.store = kx_store_opened(i % KX_STORE_KINDS);
        acts[act].ready(&s, 1);
        say(&before, &s);
        for (;;) {
            (void)assay_alloc_fail_after(failures);
            code = acts[act].act(&s);
            (void)assay_alloc_fail_after(SIZE_MAX);
            if (code == ASSAY_OK)
                break;
            cr_assert_eq(code, ASSAY_E_NOMEM, "%s: %s", acts[act].name, assay_code_name(code));
            expect_same(&before, &s, acts[act].name);
            cr_assert_lt(++failures, FAILURES_MAX);
        }
        cr_expect(failures > 0 || i % KX_STORE_KINDS != KX_STORE_SQLITE, "%s", acts[act].name);
        expect_other(&before, &s, acts[act].name);
        s.store->ops->close(s.store);
    }
}

Test(kx_lane_faults, of_a_statement_leave_everything_as_it_was)
{
    static const char *const events[] = {
        "INSERT ON entry",     "UPDATE ON entry",     "DELETE ON entry",     "INSERT ON identifier",
        "INSERT ON channel",   "UPDATE ON channel",   "INSERT ON lineage",   "UPDATE ON lineage",
        "INSERT ON operation", "UPDATE ON operation", "DELETE ON operation",
    };

    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        struct scene s = {.store = NULL};
        size_t faults = 0;

        kx_store_folder_drop();
        kx_store_folder_make();
        s.store = kx_store_opened(KX_STORE_SQLITE);
        for (unsigned e = 0; e < ARRAY_LEN(events); e++) {
            struct said before;
            enum assay_code code;
            char sql[128];

            acts[i].ready(&s, e + 1);
            say(&before, &s);
            cr_assert_lt(snprintf(sql, sizeof(sql),
                                  "CREATE TRIGGER fault BEFORE %s BEGIN"
                                  " SELECT RAISE(ABORT, 'fault'); END",
                                  events[e]),
                         (int)sizeof(sql));
            database_with(sql);
            code = acts[i].act(&s);
            database_with("DROP TRIGGER fault");
            if (code != ASSAY_OK) {
                faults++;
                cr_expect_eq(code, ASSAY_E_IO, "%s: %s", acts[i].name, assay_code_name(code));
                expect_same(&before, &s, events[e]);
                cr_expect_eq(acts[i].act(&s), ASSAY_OK, "%s", acts[i].name);
            }
            expect_other(&before, &s, acts[i].name);
        }
        cr_expect_eq(faults, acts[i].faults, "%s: %zu", acts[i].name, faults);
        s.store->ops->close(s.store);
    }
}

/* The handler's effect is there, its result is staged, and the last write fails. */
Test(kx_lane_faults, of_a_commit_keep_the_result_for_the_next)
{
    struct scene s = {.store = kx_store_opened(KX_STORE_SQLITE)};

    answered(&s, 1);
    database_with("CREATE TRIGGER fault BEFORE UPDATE ON channel BEGIN"
                  " SELECT RAISE(ABORT, 'fault'); END");
    cr_expect_eq(commit(&s), ASSAY_E_IO);
    database_with("DROP TRIGGER fault");
    kx_paid_expect(s.store, &s.paid, PHASE_ANSWERED, "the failed commit");
    cr_expect_not(kx_begun(s.store, &s.paid), "its handler does not run again");
    cr_expect_eq(commit(&s), ASSAY_OK);
    kx_paid_expect(s.store, &s.paid, PHASE_APPLIED, "the next one");
    kx_lane_charged(&s.lane.record, &s.paid);
    kx_lane_expect(s.store, &s.lane.record, "charged once");
    s.store->ops->close(s.store);
}

Test(kx_lane_faults, of_its_process_leave_the_channel_to_the_operator)
{
    static const enum kx_phase phases[] = {PHASE_ACCEPTED, PHASE_STARTED, PHASE_RECOVERY,
                                           PHASE_ANSWERED, PHASE_APPLIED};

    for (unsigned i = 0; i < ARRAY_LEN(phases); i++) {
        struct scene s = {.store = NULL};
        int status = -1;
        pid_t child;

        kx_lane_make(&s.lane, i + 1);
        kx_paid_deposits(&s.paid, i + 1, &s.lane.record);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            kx_paid_take_to(kx_store_opened(KX_STORE_SQLITE), &s.paid, phases[i]);
            _exit(0); /* no close: as a crash would */
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
        s.store = kx_store_opened(KX_STORE_SQLITE);
        kx_paid_expect(s.store, &s.paid, phases[i], kx_phase_name(phases[i]));
        cr_expect_eq(kx_begun(s.store, &s.paid), phases[i] == PHASE_ACCEPTED, "%s",
                     kx_phase_name(phases[i]));
        if (phases[i] == PHASE_APPLIED)
            kx_lane_charged(&s.lane.record, &s.paid);
        else
            memcpy(s.lane.record.lease, s.paid.attempt.txid, sizeof(s.lane.record.lease));
        kx_lane_expect(s.store, &s.lane.record, kx_phase_name(phases[i]));
        s.store->ops->close(s.store);
    }
}

Test(kx_lane_faults, of_a_damaged_file_are_told_and_nothing_of_it_is_believed)
{
    static const struct {
        const char *sql;
        enum assay_code channel, operation, attempt;
    } rows[] = {
        {"UPDATE channel SET client = x'00'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE channel SET txid = x'00'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE channel SET covenant_id = x'00'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE channel SET voucher = x'00'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE channel SET lease = 'a'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE channel SET last_attempt = 'a'", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"DELETE FROM lineage", ASSAY_E_IO, ASSAY_OK, ASSAY_OK},
        {"UPDATE operation SET channel_id = 'a'", ASSAY_OK, ASSAY_E_IO, ASSAY_OK},
        {"UPDATE operation SET next_txid = x'00'", ASSAY_OK, ASSAY_E_IO, ASSAY_OK},
        {"DELETE FROM channel", ASSAY_E_MISSING, ASSAY_OK, ASSAY_OK},
        {"UPDATE entry SET channel_id = 'a'", ASSAY_OK, ASSAY_OK, ASSAY_E_IO},
        {"UPDATE entry SET voucher = x'00'", ASSAY_OK, ASSAY_OK, ASSAY_E_IO},
        {"UPDATE entry SET commitment_id = ''", ASSAY_OK, ASSAY_OK, ASSAY_E_IO},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct scene s = {.store = NULL};
        struct kx_test_lane other;
        struct kx_lane_record r;
        struct kx_lane_operation o;
        struct kx_attempt a;

        kx_store_folder_drop();
        kx_store_folder_make();
        s.store = kx_store_opened(KX_STORE_SQLITE);
        operation_accepted(&s, 1);
        kx_lane_opened(s.store, &other, 2);
        kx_paid_for_lane(&s.paid, 2, &other.record);
        kx_paid_take_to(s.store, &s.paid, PHASE_ACCEPTED);
        database_with(rows[i].sql);
        cr_expect_eq(
            s.store->ops->load_channel(s.store, &r, &arena, s.lane.record.channel_id, true, NULL),
            rows[i].channel, "%s", rows[i].sql);
        cr_expect_eq(s.store->ops->load_operation(s.store, &o, &arena, s.operation.txid, NULL),
                     rows[i].operation, "%s", rows[i].sql);
        cr_expect_eq(s.store->ops->load_attempt(s.store, &a, &arena, s.paid.attempt.txid, NULL),
                     rows[i].attempt, "%s", rows[i].sql);
        assay_arena_fini(&arena);
        s.store->ops->close(s.store);
    }
}

Test(kx_lane_faults, of_a_lost_channel_stop_its_payments)
{
    struct scene s = {.store = kx_store_opened(KX_STORE_SQLITE)};
    struct assay_err err = {0};
    bool begun = false;

    accepted(&s, 1);
    database_with("DELETE FROM channel");
    cr_expect_eq(
        s.store->ops->begin_handler(s.store, s.paid.attempt.txid, PHASES_MARK, &begun, &err),
        ASSAY_E_IO);
    cr_expect_not(begun);
    cr_expect_not_null(strstr(err.text, "the store has lost the payment's channel"), "%s",
                       err.text);
    s.store->ops->close(s.store);
}

Test(kx_lane_faults, of_a_lost_lease_stop_the_payment_that_held_it)
{
    struct scene s = {.store = kx_store_opened(KX_STORE_SQLITE)};
    struct scene later = {.store = s.store};

    answered(&s, 1);
    accepted(&later, 2);
    database_with("UPDATE channel SET lease = ''");
    cr_expect_eq(commit(&s), ASSAY_E_MISMATCH);
    cr_expect_not(kx_begun(s.store, &later.paid));
    kx_lane_expect(s.store, &s.lane.record, "nothing is charged");
    cr_expect_eq(abandon(&later), ASSAY_OK, "there is nothing to be freed");
    s.store->ops->close(s.store);
}
