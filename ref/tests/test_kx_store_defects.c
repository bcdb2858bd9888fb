/* The seeded defects of the Kaspa x402 store: each shows what it is named for, and the store
 * without it does not. */
#include "ref/tests/kx_phases.h"

#include "ref/tests/seeded.h"

#include <pthread.h>
#include <sched.h>

enum { PATIENCE_MS = 60000 }; /* on a busy machine one may come late */

TestSuite(kx_store_defects, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

static void run_sql(sqlite3 *db, const char *sql)
{
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
}

struct attempt_of_two {
    struct kx_store *store;
    struct kx_paid paid;
    bool won;
};

static void *claim_it(void *arg)
{
    struct attempt_of_two *a = arg;

    a->won = kx_claimed(a->store, &a->paid) == KX_CLAIM_CREATED;
    return NULL;
}

static void *begin_it(void *arg)
{
    struct attempt_of_two *a = arg;

    a->won = kx_begun(a->store, &a->paid);
    return NULL;
}

/* Two servers at one file, which neither may write until both are at the point of writing: what
 * they looked at before that is stale for one of them. Returns how many won. */
static int meet(struct attempt_of_two each[2], void *(*act)(void *))
{
    pthread_t threads[2];
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    run_sql(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < 2; i++) {
        (void)sqlite3_busy_timeout(kx_store_writer(each[i].store)->db, PATIENCE_MS);
        cr_assert_eq(pthread_create(&threads[i], NULL, act, &each[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_mutex_t *lock = &kx_store_writer(each[i].store)->lock;

        while (pthread_mutex_trylock(lock) == 0) { /* it waits for the file once it holds this */
            pthread_mutex_unlock(lock);
            (void)sched_yield();
        }
    }
    run_sql(db, "COMMIT");
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    return each[0].won + each[1].won;
}

static void two_claims_of_one_identifier(struct attempt_of_two each[2], unsigned n)
{
    for (unsigned i = 0; i < 2; i++)
        kx_paid_make(&each[i].paid, n + i);
    each[1].paid.attempt.identifier = each[0].paid.attempt.identifier;
}

static void two_claims_of_one_head(struct attempt_of_two each[2], unsigned n)
{
    struct kx_head_record head = kx_head_of(n);

    kx_head_registered(each[0].store, &head);
    for (unsigned i = 0; i < 2; i++) {
        kx_paid_make(&each[i].paid, n + i);
        kx_paid_for_head(&each[i].paid, &head);
    }
}

Test(kx_store_defects, claim_in_two_steps_lets_concurrent_claims_pass)
{
    void (*const makes[])(struct attempt_of_two each[2],
                          unsigned n) = {two_claims_of_one_identifier, two_claims_of_one_head};
    struct attempt_of_two each[2];

    for (int i = 0; i < 2; i++)
        each[i].store = kx_store_opened(KX_STORE_SQLITE);
    for (unsigned i = 0; i < ARRAY_LEN(makes); i++) {
        ref_defect_all_off();
        makes[i](each, 10 * i + 1);
        cr_expect_eq(meet(each, claim_it), 1, "without it");
        switch_on("kx.store.claim_in_two_steps");
        makes[i](each, 10 * i + 6);
        cr_expect_eq(meet(each, claim_it), 2, "with it");
    }
    for (int i = 0; i < 2; i++)
        each[i].store->ops->close(each[i].store);
}

Test(kx_store_defects, start_mark_in_two_steps_lets_a_handler_run_twice)
{
    struct attempt_of_two each[2];

    for (int i = 0; i < 2; i++)
        each[i].store = kx_store_opened(KX_STORE_SQLITE);
    for (int on = 0; on < 2; on++) {
        if (on == 1)
            switch_on("kx.store.start_mark_in_two_steps");
        for (int i = 0; i < 2; i++)
            kx_paid_make(&each[i].paid, 1 + (unsigned)on);
        kx_paid_take_to(each[0].store, &each[0].paid, PHASE_ACCEPTED);
        cr_expect_eq(meet(each, begin_it), 1 + on);
        cr_expect_not(kx_begun(each[0].store, &each[0].paid), "one after the other they do not");
    }
    for (int i = 0; i < 2; i++)
        each[i].store->ops->close(each[i].store);
}

Test(kx_store_defects, identifier_unreserved_is_taken_by_each_payment)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_identifier_record id = {0};
        struct kx_paid a, b;

        switch_on("kx.store.identifier_unreserved");
        kx_paid_make(&a, 1);
        kx_paid_make(&b, 2);
        b.attempt.identifier = b.payment.identifier = a.attempt.identifier;
        kx_paid_take_to(store, &a, PHASE_ANSWERED);
        kx_paid_take_to(store, &b, PHASE_ANSWERED);
        cr_assert_eq(store->ops->load_identifier(store, &id, a.attempt.identifier, NULL), ASSAY_OK);
        cr_expect_eq(id.state, KX_ID_NONE);
        cr_expect_eq(store->ops->commit(store, &a.payment, NULL), ASSAY_OK);
        cr_expect_eq(store->ops->commit(store, &b.payment, NULL), ASSAY_OK, "both are served");
        store->ops->close(store);
    }
}

Test(kx_store_defects, unsynced_asks_for_no_sync)
{
    for (int on = 0; on < 2; on++) {
        struct kx_store *store;
        sqlite3_stmt *s = NULL;

        if (on == 1)
            switch_on("kx.store.unsynced");
        store = kx_store_opened(KX_STORE_SQLITE);
        cr_assert_eq(
            sqlite3_prepare_v2(kx_store_writer(store)->db, "PRAGMA synchronous", -1, &s, NULL),
            SQLITE_OK);
        cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
        cr_expect_eq(sqlite3_column_int(s, 0), on == 1 ? 0 : 2, "0 is OFF, 2 is FULL");
        (void)sqlite3_finalize(s);
        store->ops->close(store);
    }
}

/* The crash between its steps is a statement that fails. */
Test(kx_store_defects, commit_in_two_steps_loses_the_answer_between_them)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_paid paid, lucky;

    switch_on("kx.store.commit_in_two_steps");
    kx_paid_make(&lucky, 1);
    kx_paid_take_to(store, &lucky, PHASE_APPLIED);
    kx_paid_expect(store, &lucky, PHASE_APPLIED, "without a crash nothing is lost");
    kx_paid_make(&paid, 2);
    kx_paid_take_to(store, &paid, PHASE_ANSWERED);
    run_sql(kx_store_writer(store)->db,
            "CREATE TRIGGER crash BEFORE UPDATE ON entry WHEN new.status = 3 AND new.charge > 0"
            " BEGIN SELECT RAISE(ABORT, 'crash'); END");
    cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_E_IO);
    run_sql(kx_store_writer(store)->db, "DROP TRIGGER crash");
    cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK, "nothing to do");
    {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kx_payment_record p = {0};

        cr_assert_eq(store->ops->load_payment(store, &p, &arena, paid.attempt.txid, NULL),
                     ASSAY_OK);
        cr_expect(p.is_compacted, "paid for, and never to be had");
        assay_arena_fini(&arena);
    }
    store->ops->close(store);
}

Test(kx_store_defects, evicts_forgets_a_payment_for_a_new_one)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_paid a, b, c;

        switch_on("kx.store.evicts");
        limits.max_records = 1;
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        kx_paid_make(&a, 1);
        kx_paid_make(&b, 2);
        kx_paid_make(&c, 3);
        kx_paid_take_to(store, &a, PHASE_APPLIED);
        cr_expect_eq(kx_claimed(store, &b), KX_CLAIM_CREATED);
        kx_paid_expect(store, &a, PHASE_RELEASED, "it may buy again");
        kx_paid_expect(store, &b, PHASE_PENDING, "the new one");
        cr_expect_eq(kx_claimed(store, &c), KX_CLAIM_FULL, "what is not served is not forgotten");
        store->ops->close(store);
    }
}

Test(kx_store_defects, expiry_unchecked_at_claim_lets_a_late_one_pass)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        switch_on("kx.expiry.unchecked_at_claim");
        kx_paid_make(&paid, 1);
        paid.attempt.authorization_expires_ms = PHASES_NOW;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
        store->ops->close(store);
    }
}

Test(kx_store_defects, head_unclaimed_is_paid_for_twice)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid a, b;

        switch_on("kx.head.unclaimed");
        kx_head_registered(store, &head);
        kx_paid_make(&a, 1);
        kx_paid_for_head(&a, &head);
        kx_paid_make(&b, 2);
        kx_paid_for_head(&b, &head);
        cr_expect_eq(kx_claimed(store, &a), KX_CLAIM_CREATED);
        cr_expect_eq(kx_claimed(store, &b), KX_CLAIM_CREATED, "both are submitted");
        cr_expect_eq(
            store->ops->accept(store, a.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_OK);
        cr_expect_eq(kx_head_loaded(store, &head).version, head.version + 1);
        store->ops->close(store);
    }
}
