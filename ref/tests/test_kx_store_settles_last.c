/* Payments that a facilitator settles when their handler has answered (kx_store.h): what may happen
 * to one in which order, asked of both stores. */
#include "ref/tests/kx_phases.h"

TestSuite(kx_store_settles_last, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 60);

static void make(struct kx_paid *paid, unsigned n)
{
    kx_paid_make(paid, n);
    paid->attempt.settles_last = true;
}

/* Claimed, begun and answered, and nothing has moved. */
static void answer(struct kx_store *store, const struct kx_paid *paid)
{
    const struct kx_store_ops *ops = store->ops;
    const char *txid = paid->attempt.txid;

    cr_assert_eq(kx_claimed(store, paid), KX_CLAIM_CREATED);
    cr_assert(kx_begun(store, paid));
    cr_assert_not(kx_begun(store, paid));
    cr_assert_eq(ops->record_result(store, txid, &paid->result, PHASES_NOW, NULL), ASSAY_OK);
}

static struct kx_attempt loaded(struct kx_store *store, const struct kx_paid *paid,
                                struct assay_arena *arena)
{
    struct kx_attempt attempt;

    cr_assert_eq(store->ops->load_attempt(store, &attempt, arena, paid->attempt.txid, NULL),
                 ASSAY_OK);
    return attempt;
}

Test(kx_store_settles_last, is_served_once_it_is_settled)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        const struct kx_store_ops *ops = store->ops;
        struct kx_attempt attempt;
        struct kx_paid paid;

        make(&paid, 1);
        answer(store, &paid);
        cr_assert_eq(ops->broadcast(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        attempt = loaded(store, &paid, &arena);
        cr_expect(attempt.settles_last && attempt.has_result);
        cr_expect_eq(attempt.status, KX_BROADCAST);
        cr_assert_eq(ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        cr_expect_eq(loaded(store, &paid, &arena).status, KX_APPLIED);
        assay_arena_fini(&arena);
        ops->close(store);
    }
}

Test(kx_store_settles_last, is_not_served_before_its_settlement_was_asked_for)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        const struct kx_store_ops *ops = store->ops;
        struct assay_err err = {0};
        struct kx_paid paid;

        make(&paid, 1);
        answer(store, &paid);
        cr_expect_eq(ops->commit(store, &paid.payment, &err), ASSAY_E_MISMATCH);
        cr_expect(strstr(err.text, "not accepted yet") != NULL, "%s", err.text);
        ops->close(store);
    }
}

Test(kx_store_settles_last, is_gone_where_its_settlement_failed)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        const struct kx_store_ops *ops = store->ops;
        struct kx_identifier_record id;
        struct kx_paid paid;

        make(&paid, 1);
        answer(store, &paid);
        cr_assert_eq(ops->broadcast(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_assert_eq(ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_assert_eq(ops->load_identifier(store, &id, paid.attempt.identifier, NULL), ASSAY_OK);
        cr_expect_eq(id.state, KX_ID_RELEASED);
        answer(store, &paid);
        ops->close(store);
    }
}

/* Two copies of a payment may ask at once: the one that is refused must not give up what the other
 * was told is settled. */
Test(kx_store_settles_last, is_given_up_by_a_refusal_where_it_was_asked_for_once)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        const struct kx_store_ops *ops = store->ops;
        struct kx_paid paid;
        const char *txid = paid.attempt.txid;

        make(&paid, 1);
        answer(store, &paid);
        cr_expect_eq(ops->abandon_refused(store, txid, PHASES_NOW, NULL), ASSAY_E_MISMATCH);
        cr_assert_eq(ops->broadcast(store, txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_assert_eq(ops->abandon_refused(store, txid, PHASES_NOW, NULL), ASSAY_OK);
        answer(store, &paid);
        for (int i = 0; i < 3; i++)
            cr_assert_eq(ops->broadcast(store, txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_expect_eq(loaded(store, &paid, &arena).status, KX_ASKED_AGAIN);
        cr_expect_eq(ops->abandon_refused(store, txid, PHASES_NOW, NULL), ASSAY_E_MISMATCH);
        cr_expect_eq(ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        cr_expect_eq(ops->abandon_refused(store, txid, PHASES_NOW, NULL), ASSAY_E_MISMATCH);
        assay_arena_fini(&arena);
        ops->close(store);
    }
}

Test(kx_store_settles_last, is_not_abandoned_once_it_is_served)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        const struct kx_store_ops *ops = store->ops;
        struct kx_paid paid;

        make(&paid, 1);
        answer(store, &paid);
        cr_assert_eq(ops->broadcast(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_expect_eq(ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH);
        cr_assert_eq(ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        cr_expect_eq(ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_E_MISMATCH);
        ops->close(store);
    }
}

Test(kx_store_settles_last, is_begun_before_its_settlement_and_others_behind_theirs)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid last, first;

        make(&last, 1);
        kx_paid_make(&first, 2);
        cr_assert_eq(kx_claimed(store, &last), KX_CLAIM_CREATED);
        cr_assert_eq(kx_claimed(store, &first), KX_CLAIM_CREATED);
        cr_expect_not(kx_begun(store, &first));
        cr_assert_eq(store->ops->broadcast(store, last.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_expect_not(kx_begun(store, &last), "its settlement was asked for already");
        last.attempt.settles_last = false;
        cr_expect_eq(kx_claimed(store, &last), KX_CLAIM_OTHER_TERMS);
        store->ops->close(store);
    }
}

static void settle_by(struct kx_paid *paid, unsigned n, const char *settlement)
{
    make(paid, n);
    memcpy(paid->payment.settlement, settlement, sizeof(paid->payment.settlement));
}

static enum assay_code served(struct kx_store *store, const struct kx_paid *paid)
{
    answer(store, paid);
    cr_assert_eq(store->ops->broadcast(store, paid->attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
    return store->ops->commit(store, &paid->payment, NULL);
}

/* 64 hex digits each. */
#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

Test(kx_store_settles_last, is_served_once_a_settlement)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_paid first, second, third;
        struct kx_payment_record kept;

        settle_by(&first, 1, ONE);
        settle_by(&second, 2, ONE);
        settle_by(&third, 3, TWO);
        cr_expect_eq(served(store, &first), ASSAY_OK);
        cr_expect_eq(store->ops->commit(store, &first.payment, NULL), ASSAY_OK, "again");
        cr_expect_eq(served(store, &second), ASSAY_E_DUPLICATE);
        cr_expect_eq(loaded(store, &second, &arena).status, KX_BROADCAST, "nothing has changed");
        cr_expect_eq(served(store, &third), ASSAY_OK);
        cr_assert_eq(store->ops->load_payment(store, &kept, &arena, first.attempt.txid, NULL),
                     ASSAY_OK);
        cr_expect_str_eq(kept.settlement, ONE);
        cr_expect_eq(store->ops->abandon(store, second.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        assay_arena_fini(&arena);
        store->ops->close(store);
    }
}

/* When its answer is gone, and in a file also for who opens it later. */
Test(kx_store_settles_last, is_never_served_by_an_old_settlement)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid first, second;

        settle_by(&first, 1, ONE);
        settle_by(&second, 2, ONE);
        cr_expect_eq(served(store, &first), ASSAY_OK);
        cr_assert_eq(
            store->ops->sweep(store, first.payment.committed_ms + PHASES_RETENTION_MS, NULL),
            ASSAY_OK);
        if (kind == KX_STORE_SQLITE) {
            store->ops->close(store);
            store = kx_store_opened(kind);
        }
        cr_expect_eq(served(store, &second), ASSAY_E_DUPLICATE, "%s", kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

/* What settles itself needs no other name. */
Test(kx_store_settles_last, may_have_no_settlement)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid first, second;

        make(&first, 1);
        make(&second, 2);
        cr_expect_eq(served(store, &first), ASSAY_OK);
        cr_expect_eq(served(store, &second), ASSAY_OK);
        store->ops->close(store);
    }
}
