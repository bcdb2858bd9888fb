/* The seeded defects of the channels in the Kaspa x402 store: each shows what it is named for. That
 * the store without it does not is in test_kx_channels.c and test_kx_lane_faults.c. */
#include "ref/tests/kx_lanes.h"

#include "ref/tests/seeded.h"

TestSuite(kx_lane_defects, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

/* A channel, and its first payment in a phase. */
static struct kx_store *ready(size_t kind, struct kx_test_lane *lane, struct kx_paid *paid,
                              enum kx_phase phase)
{
    struct kx_store *store = kx_store_opened(kind);

    kx_lane_opened(store, lane, 1);
    kx_paid_for_lane(paid, 1, &lane->record);
    kx_paid_take_to(store, paid, phase);
    return store;
}

Test(kx_lane_defects, no_cas_charges_a_channel_that_has_moved)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_test_lane lane;
        struct kx_paid paid;
        struct kx_store *store = ready(kind, &lane, &paid, PHASE_ANSWERED);

        switch_on("kx.channel.no_cas");
        lane.record.status = KX_CHANNEL_SUSPICIOUS;
        kx_lane_moved(store, &lane.record);
        cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        cr_expect_eq(kx_lane_loaded(store, lane.record.channel_id).charged, LANE_CHARGE);
        store->ops->close(store);
    }
}

Test(kx_lane_defects, no_lease_runs_two_handlers_for_one_total)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_test_lane lane;
        struct kx_lane_operation claim;
        struct kx_paid paid, other;
        struct kx_store *store = ready(kind, &lane, &paid, PHASE_STARTED);

        switch_on("kx.channel.no_lease");
        kx_paid_for_lane(&other, 2, &lane.record);
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_CREATED);
        cr_expect(kx_begun(store, &other), "and the first is running");
        claim = kx_operation_of(3, KX_TOP_UP, &lane.record, 1);
        cr_expect_eq(kx_operation_begun(store, &claim), KX_OPERATION_BEGUN);
        store->ops->close(store);
    }
}

/* The crash between its steps is a statement that fails. */
Test(kx_lane_defects, split_commit_charges_for_an_answer_that_is_lost)
{
    struct kx_test_lane lane;
    struct kx_paid paid;
    struct kx_store *store = ready(KX_STORE_SQLITE, &lane, &paid, PHASE_ANSWERED);
    sqlite3 *db = kx_store_writer(store)->db;

    switch_on("kx.channel.split_commit");
    cr_assert_eq(sqlite3_exec(db,
                              "CREATE TRIGGER crash BEFORE UPDATE ON entry"
                              " BEGIN SELECT RAISE(ABORT, 'crash'); END",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_E_IO);
    cr_assert_eq(sqlite3_exec(db, "DROP TRIGGER crash", NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(kx_lane_loaded(store, lane.record.channel_id).charged, LANE_CHARGE);
    cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_E_MISMATCH,
                 "paid for, and never to be had");
    store->ops->close(store);
}

Test(kx_lane_defects, lineage_reused_opens_two_channels_with_one_coin)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_test_lane lane, thief;
        struct kx_paid paid, other;
        struct kx_store *store = ready(kind, &lane, &paid, PHASE_APPLIED);

        switch_on("kx.channel.lineage_reused");
        kx_lane_make(&thief, 2);
        thief.record.head = lane.record.head;
        kx_paid_deposits(&other, 2, &thief.record);
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_CREATED);
        store->ops->close(store);
    }
}

Test(kx_lane_defects, identifier_apart_buys_again)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid exact, paid;

        switch_on("kx.channel.identifier_apart");
        kx_lane_opened(store, &lane, 1);
        kx_paid_make(&exact, 2);
        kx_paid_take_to(store, &exact, PHASE_APPLIED);
        kx_paid_for_lane(&paid, 1, &lane.record);
        paid.attempt.identifier = exact.attempt.identifier;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
        store->ops->close(store);
    }
}

Test(kx_lane_defects, voucher_lost_keeps_a_total_that_nobody_signed)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_test_lane lane;
        struct kx_paid paid;
        struct kx_lane_record r;
        struct kx_store *store;

        switch_on("kx.channel.voucher_lost");
        store = ready(kind, &lane, &paid, PHASE_APPLIED);
        r = kx_lane_loaded(store, lane.record.channel_id);
        cr_expect_eq(r.authorized, LANE_CHARGE);
        cr_expect_neq(memcmp(r.voucher, paid.attempt.charge.voucher, sizeof(r.voucher)), 0);
        store->ops->close(store);
    }
}

Test(kx_lane_defects, abandon_started_forgets_what_was_served)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_test_lane lane;
        struct kx_paid paid;
        struct kx_store *store = ready(kind, &lane, &paid, PHASE_STARTED);

        switch_on("kx.channel.abandon_started");
        cr_expect_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        kx_lane_expect(store, &lane.record, "free, and not charged");
        store->ops->close(store);
    }
}
