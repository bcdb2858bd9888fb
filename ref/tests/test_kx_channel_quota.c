/* What channels in the Kaspa x402 store count for, and what of them stays for good, asked of both
 * implementations. */
#include "ref/tests/kx_lanes.h"

TestSuite(kx_channel_quota, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

/* A refunded channel, past its retention. */
static void refunded_and_swept(struct kx_store *store, struct kx_test_lane *lane)
{
    lane->record.status = KX_CHANNEL_REFUNDED;
    kx_lane_moved(store, &lane->record);
    cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 9 + PHASES_RETENTION_MS, NULL), ASSAY_OK);
}

Test(kx_channel_quota, count_until_they_were_refunded_long_ago)
{
    static const struct {
        const char *name;
        uint64_t max_records, max_per_payer;
    } rows[] = {{"records", 3, 100}, {"of a payer", 100, 3}};

    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(rows); i++) {
        const char *when = rows[i / 2].name;
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_test_lane first, second;
        struct kx_paid opens_second;

        limits.max_records = rows[i / 2].max_records;
        limits.max_per_payer = rows[i / 2].max_per_payer;
        kx_store_folder_drop();
        kx_store_folder_make();
        cr_assert_eq(kx_store_open(&store, i % 2, &limits, NULL), ASSAY_OK);
        kx_lane_opened(store, &first, 1);
        kx_lane_make(&second, 2);
        kx_paid_deposits(&opens_second, 20, &second.record);
        cr_assert_eq(kx_claimed(store, &opens_second), KX_CLAIM_CREATED, "%s: 3 of 3", when);
        cr_assert_eq(store->ops->abandon(store, opens_second.attempt.txid, PHASES_NOW, NULL),
                     ASSAY_OK);
        kx_lane_make(&second, 3);
        kx_paid_deposits(&opens_second, 30, &second.record);
        cr_expect_eq(kx_claimed(store, &opens_second), KX_CLAIM_FULL, "%s: 4 of 3", when);
        cr_assert_eq(store->ops->sweep(store, INT64_MAX, NULL), ASSAY_OK);
        cr_expect_eq(kx_claimed(store, &opens_second), KX_CLAIM_FULL, "%s: it is active", when);
        refunded_and_swept(store, &first);
        first.record.lineage = ASSAY_LIT("");
        kx_lane_expect(store, &first.record, "what it was stays");
        cr_expect_eq(kx_claimed(store, &opens_second), KX_CLAIM_CREATED, "%s", when);
        store->ops->close(store);
    }
}

Test(kx_channel_quota, keep_their_lineage_for_good)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane first, thief;
        struct kx_paid paid;

        kx_lane_opened(store, &first, 1);
        kx_lane_make(&thief, 2);
        thief.record.head.covenant_id = first.record.head.covenant_id;
        kx_paid_deposits(&paid, 3, &thief.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LINEAGE_TAKEN, "while it is active");
        refunded_and_swept(store, &first);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LINEAGE_TAKEN, "when it is long gone");
        store->ops->close(store);
    }
}

Test(kx_channel_quota, count_by_the_bytes_that_they_hold)
{
    static uint8_t bytes[KX_STATE_MAX_BYTES];

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_test_lane lane, other;
        struct kx_paid paid;

        limits.max_bytes = KX_STORE_RESERVED_BYTES + sizeof(bytes);
        kx_store_folder_drop();
        kx_store_folder_make();
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        kx_lane_opened(store, &lane, 1);
        kx_lane_make(&other, 2);
        other.record.lineage = assay_bytes_of(bytes, sizeof(bytes));
        kx_paid_deposits(&paid, 2, &other.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_FULL, "it would bring too much");
        lane.record.lineage = other.record.lineage;
        kx_lane_moved(store, &lane.record);
        kx_paid_for_lane(&paid, 2, &lane.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_FULL, "a lineage may grow, and counts");
        lane.record.lineage = ASSAY_LIT("");
        kx_lane_moved(store, &lane.record);
        kx_paid_for_lane(&paid, 2, &lane.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED, "and counts no more");
        store->ops->close(store);
    }
}

Test(kx_channel_quota, sweep_more_than_one_batch)
{
    enum { MANY = 150 };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_test_lane lane;
        struct kx_paid paid;

        limits.max_records = MANY + 1;
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        for (unsigned n = 1; n <= MANY; n++) {
            kx_lane_opened(store, &lane, n);
            lane.record.status = KX_CHANNEL_REFUNDED;
            kx_lane_moved(store, &lane.record);
        }
        kx_lane_make(&lane, MANY + 1);
        kx_paid_deposits(&paid, 1, &lane.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_FULL);
        cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 9 + PHASES_RETENTION_MS, NULL),
                     ASSAY_OK);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED, "%s", kx_store_kinds[kind]);
        store->ops->close(store);
    }
}
