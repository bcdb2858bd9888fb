/* Channels in the Kaspa x402 store, asked of both implementations: charged by payments, moved by
 * the chain, and what an operator does where the two met. */
#include "ref/tests/kx_lanes.h"

#include "store/kx_step.h"

TestSuite(kx_channels, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

Test(kx_channels, are_opened_by_a_deposit_and_charged_by_each_payment)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_make(&lane, 1);
        kx_paid_deposits(&paid, 1, &lane.record);
        for (unsigned n = 1; n < 5; n++) {
            kx_paid_take_to(store, &paid, PHASE_ACCEPTED);
            kx_paid_expect(store, &paid, PHASE_ACCEPTED, "claimed");
            memcpy(lane.record.lease, paid.attempt.txid, sizeof(lane.record.lease));
            kx_lane_expect(store, &lane.record, "leased, and nothing is charged yet");
            cr_assert(kx_begun(store, &paid));
            cr_assert_eq(
                store->ops->record_result(store, paid.attempt.txid, &paid.result, PHASES_NOW, NULL),
                ASSAY_OK);
            kx_lane_expect(store, &lane.record, "answered, and nothing is charged yet");
            for (int again = 0; again < 2; again++) {
                cr_assert_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK);
                kx_paid_expect(store, &paid, PHASE_APPLIED, "committed");
            }
            kx_lane_charged(&lane.record, &paid);
            kx_lane_expect(store, &lane.record, "charged once, and free");
            cr_expect_eq(lane.record.charged, n * LANE_CHARGE);
            kx_paid_for_lane(&paid, n + 1, &lane.record);
        }
        store->ops->close(store);
    }
}

/* ---- giving up, and operators ---- */

Test(kx_channels, are_free_again_when_a_payment_is_abandoned_before_its_handler)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_err err = {0};
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_make(&lane, 1);
        kx_paid_deposits(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_RELEASED);
        kx_paid_expect(store, &paid, PHASE_RELEASED, "abandoned");
        kx_lane_expect(store, &lane.record, "the coin that it brought is there");
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_STARTED);
        cr_expect_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, &err),
                     ASSAY_E_MISMATCH);
        cr_expect_str_eq(err.text, "store: abandon: its handler was started");
        memcpy(lane.record.lease, paid.attempt.txid, sizeof(lane.record.lease));
        kx_lane_expect(store, &lane.record, "it may have had its effect");
        store->ops->close(store);
    }
}

Test(kx_channels, wait_for_the_operator_and_charge_what_was_served)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_lane_operation claim;
        struct kx_test_lane lane;
        struct kx_paid paid, other;

        kx_lane_opened(store, &lane, 1);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_for_lane(&other, 2, &lane.record);
        claim = kx_operation_of(1, KX_CLAIM, &lane.record, 1);
        kx_paid_take_to(store, &paid, PHASE_RECOVERY);
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_LEASED);
        cr_expect_eq(kx_operation_begun(store, &claim), KX_OPERATION_LEASED);
        cr_expect_not(kx_begun(store, &paid), "never twice");
        cr_assert_eq(
            store->ops->record_result(store, paid.attempt.txid, &paid.result, PHASES_NOW, NULL),
            ASSAY_OK);
        cr_assert_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        kx_lane_charged(&lane.record, &paid);
        kx_lane_expect(store, &lane.record, "it was served");
        store->ops->close(store);
    }
}

Test(kx_channels, wait_for_the_operator_and_charge_nothing_that_was_not_served)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_opened(store, &lane, 1);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_RECOVERY);
        cr_assert_eq(store->ops->reset_handler(store, paid.attempt.txid, PHASES_MARK, NULL),
                     ASSAY_OK);
        cr_assert_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        kx_paid_expect(store, &paid, PHASE_RELEASED, kx_store_kinds[kind]);
        kx_lane_expect(store, &lane.record, "it never ran");
        store->ops->close(store);
    }
}

/* ---- the chain ---- */

Test(kx_channels, begin_no_handler_once_they_have_moved)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_opened(store, &lane, 1);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_ACCEPTED);
        lane.record.status = KX_CHANNEL_SUSPICIOUS;
        kx_lane_moved(store, &lane.record);
        cr_expect_not(kx_begun(store, &paid));
        kx_paid_expect(store, &paid, PHASE_ACCEPTED, "no mark is set");
        cr_assert_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        kx_lane_expect(store, &lane.record, "free, and suspicious");
        kx_paid_for_lane(&paid, 1, &lane.record);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CHANNEL_MOVED, "never charged again");
        store->ops->close(store);
    }
}

Test(kx_channels, that_moved_under_a_payment_are_charged_when_an_operator_says_so)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        const struct kx_store_ops *ops = store->ops;
        struct assay_err err = {0};
        struct kx_test_lane lane;
        struct kx_paid paid;
        const char *id = paid.attempt.txid;

        kx_lane_opened(store, &lane, 1);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_ANSWERED);
        cr_expect_eq(ops->mark_recovery(store, id, ASSAY_LIT("no"), PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH, "it can be committed");
        lane.record.status = KX_CHANNEL_SUSPICIOUS;
        lane.record.head.value -= 7;
        kx_lane_moved(store, &lane.record);
        memcpy(lane.record.lease, id, sizeof(lane.record.lease));
        cr_expect_eq(ops->commit(store, &paid.payment, &err), ASSAY_E_MISMATCH);
        cr_expect_str_eq(err.text, "store: commit: the channel has moved since the payment was "
                                   "judged: an operator has to decide");
        kx_paid_expect(store, &paid, PHASE_ANSWERED, "the refused commit");
        kx_lane_expect(store, &lane.record, "the refused commit");
        cr_assert_eq(ops->mark_recovery(store, id, ASSAY_LIT("it moved"), PHASES_NOW, NULL),
                     ASSAY_OK);
        cr_expect_eq(ops->rejudge(store, id, lane.record.version - 1, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH);
        cr_expect_eq(ops->rejudge(store, id, lane.record.version + 1, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH);
        cr_assert_eq(ops->rejudge(store, id, lane.record.version, PHASES_NOW, NULL), ASSAY_OK);
        paid.attempt.charge.version = lane.record.version;
        kx_paid_expect(store, &paid, PHASE_ANSWERED, "nothing is wrong any more");
        cr_assert_eq(ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        kx_lane_charged(&lane.record, &paid);
        kx_lane_expect(store, &lane.record, "charged, and suspicious still");
        kx_paid_expect(store, &paid, PHASE_APPLIED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_channels, are_judged_again_only_for_a_payment_that_has_begun)
{
    static const struct {
        enum kx_phase phase;
        enum assay_code code;
    } rows[] = {
        {PHASE_UNKNOWN, ASSAY_E_MISSING},  {PHASE_ACCEPTED, ASSAY_E_MISMATCH},
        {PHASE_STARTED, ASSAY_OK},         {PHASE_RECOVERY, ASSAY_OK},
        {PHASE_ANSWERED, ASSAY_OK},        {PHASE_APPLIED, ASSAY_E_MISMATCH},
        {PHASE_RELEASED, ASSAY_E_MISSING},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid exact;

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            const char *when = kx_phase_name(rows[i].phase);
            struct kx_test_lane lane;
            struct kx_paid paid;

            kx_lane_opened(store, &lane, i + 1);
            kx_paid_for_lane(&paid, i + 1, &lane.record);
            kx_paid_take_to(store, &paid, rows[i].phase);
            cr_expect_eq(store->ops->rejudge(store, paid.attempt.txid, 0, PHASES_NOW, NULL),
                         rows[i].code, "%s", when);
            kx_paid_expect(store, &paid, rows[i].phase, when);
        }
        kx_paid_make(&exact, 100);
        kx_paid_take_to(store, &exact, PHASE_STARTED);
        cr_expect_eq(store->ops->rejudge(store, exact.attempt.txid, 0, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH, "it has no channel");
        store->ops->close(store);
    }
}

static void to_another_covenant(struct kx_lane_record *r)
{
    r->head.covenant_id.at[31] ^= 1;
}

static void to_more_claimed_than_charged(struct kx_lane_record *r)
{
    r->head.claimed = r->charged + 1;
}

static void to_an_impossible_value(struct kx_lane_record *r)
{
    r->head.value = (uint64_t)INT64_MAX + 1;
}

static void to_a_long_lineage(struct kx_lane_record *r)
{
    static const uint8_t bytes[KX_STATE_MAX_BYTES + 1];

    r->lineage = assay_bytes_of(bytes, sizeof(bytes));
}

static void to_a_channel_unknown(struct kx_lane_record *r)
{
    r->channel_id[63] ^= 1;
}

static void to_another_version(struct kx_lane_record *r)
{
    r->version++;
}

/* Everything that it may not change, too. */
static void to_another_place(struct kx_lane_record *r)
{
    r->head.outpoint.index ^= 9;
    r->head.value -= 100;
    r->head.claimed += 100;
    r->lineage = ASSAY_LIT("[\"genesis\",\"claim\"]");
    r->charged = r->authorized = 1;
    r->has_voucher = false;
    r->client[0]++;
    r->config = r->lineage;
    memset(r->last_attempt, 'e', 64);
    memset(r->lease, 'e', 64);
}

Test(kx_channels, follow_the_chain_and_keep_what_was_charged)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_lane_record *r);
        enum assay_code code;
        bool applied;
    } rows[] = {
        {"another covenant", to_another_covenant, ASSAY_E_RANGE, false},
        {"more claimed than charged", to_more_claimed_than_charged, ASSAY_E_RANGE, false},
        {"a value above 2^63-1", to_an_impossible_value, ASSAY_E_RANGE, false},
        {"a lineage too long", to_a_long_lineage, ASSAY_E_TOO_LARGE, false},
        {"a channel that is not known", to_a_channel_unknown, ASSAY_E_MISSING, false},
        {"another version", to_another_version, ASSAY_OK, false},
        {"another place", to_another_place, ASSAY_OK, true},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_make(&lane, 1);
        kx_paid_deposits(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        kx_lane_charged(&lane.record, &paid);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_lane_record to = lane.record;
            bool applied = false;

            rows[i].change(&to);
            cr_expect_eq(store->ops->put_lineage(store, &to, PHASES_NOW, &applied, NULL),
                         rows[i].code, "%s", rows[i].name);
            cr_expect_eq(applied, rows[i].applied, "%s", rows[i].name);
            if (applied) {
                lane.record.head = to.head;
                lane.record.lineage = to.lineage;
                lane.record.version++;
            }
            kx_lane_expect(store, &lane.record, rows[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_channels, that_are_not_known_are_named)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kx_store *store = kx_store_opened(kind);
        struct kx_lane_operation o;
        struct kx_lane_record r;
        struct assay_err err = {0};

        cr_expect_eq(store->ops->load_channel(store, &r, &arena, "ab12", true, &err),
                     ASSAY_E_MISSING);
        cr_expect_str_eq(err.text, "store: load channel: there is no channel ab12");
        err = (struct assay_err){0};
        cr_expect_eq(store->ops->load_operation(store, &o, &arena, "ab12", &err), ASSAY_E_MISSING);
        cr_expect_str_eq(err.text,
                         "store: load operation: there is no operation of transaction ab12");
        assay_arena_fini(&arena);
        store->ops->close(store);
    }
}

Test(kx_channels, that_were_undone_are_never_active_again)
{
    static const struct {
        enum kx_channel_status from, to;
        enum assay_code code;
    } rows[] = {
        {KX_CHANNEL_ACTIVE, KX_CHANNEL_UNAVAILABLE, ASSAY_OK},
        {KX_CHANNEL_UNAVAILABLE, KX_CHANNEL_ACTIVE, ASSAY_OK},
        {KX_CHANNEL_ACTIVE, KX_CHANNEL_SUSPICIOUS, ASSAY_OK},
        {KX_CHANNEL_SUSPICIOUS, KX_CHANNEL_ACTIVE, ASSAY_E_RANGE},
        {KX_CHANNEL_SUSPICIOUS, KX_CHANNEL_REFUNDED, ASSAY_OK},
        {KX_CHANNEL_REFUNDED, KX_CHANNEL_ACTIVE, ASSAY_E_RANGE},
        {KX_CHANNEL_REFUNDED, KX_CHANNEL_SUSPICIOUS, ASSAY_OK},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;

        kx_lane_opened(store, &lane, 1);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            bool applied = false;

            cr_assert_eq(kx_lane_loaded(store, lane.record.channel_id).status, rows[i].from);
            lane.record.status = rows[i].to;
            cr_expect_eq(store->ops->put_lineage(store, &lane.record, PHASES_NOW, &applied, NULL),
                         rows[i].code, "%s to %s", kx_channel_status_name(rows[i].from),
                         kx_channel_status_name(rows[i].to));
            lane.record.version += applied;
        }
        store->ops->close(store);
    }
}

/* What no operation writes. */
static void force(struct kx_store *store, const struct kx_lane_record *record)
{
    struct kx_ledger *ledger = ((struct kx_books *)store)->writer;
    const struct kx_lane_entry e = {.record = *record, .charge = 1};

    cr_assert_eq(ledger->ops->begin(ledger, NULL), ASSAY_OK);
    cr_assert_eq(ledger->ops->put_channel(ledger, &e, NULL), ASSAY_OK);
    cr_assert_eq(ledger->ops->commit(ledger, NULL), ASSAY_OK);
    ledger->ops->leave(ledger);
}

static void expect_closed(struct kx_store *store, enum kx_channel_status by)
{
    struct assay_err err = {0};
    struct kx_test_lane lane;
    struct kx_paid paid;
    bool applied = false;

    kx_lane_opened(store, &lane, 1);
    lane.record.status = by;
    kx_lane_moved(store, &lane.record);
    lane.record.status = KX_CHANNEL_UNAVAILABLE;
    lane.record.is_closed = false; /* nobody's word is taken for it */
    kx_lane_moved(store, &lane.record);
    lane.record.is_closed = true;
    kx_lane_expect(store, &lane.record, kx_channel_status_name(by));
    lane.record.status = KX_CHANNEL_ACTIVE;
    cr_expect_eq(store->ops->put_lineage(store, &lane.record, PHASES_NOW, &applied, &err),
                 ASSAY_E_RANGE);
    cr_expect_not_null(strstr(err.text, "never active again"), "%s", err.text);
    cr_expect_not(applied);
    force(store, &lane.record);
    kx_paid_for_lane(&paid, 7, &lane.record);
    cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CHANNEL_MOVED);
}

/* A history that could not be read for a while is no pardon. */
Test(kx_channels, that_were_undone_are_closed_whatever_comes_between)
{
    static const enum kx_channel_status closing[] = {KX_CHANNEL_SUSPICIOUS, KX_CHANNEL_REFUNDED};

    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(closing); i++) {
        struct kx_store *store;

        kx_store_folder_drop();
        kx_store_folder_make();
        store = kx_store_opened(i % KX_STORE_KINDS);
        expect_closed(store, closing[i / KX_STORE_KINDS]);
        store->ops->close(store);
    }
}

Test(kx_channels, are_at_their_last_version_for_good)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;
        bool applied = false;

        kx_lane_opened(store, &lane, 1);
        lane.record.version = UINT64_MAX;
        force(store, &lane.record);
        cr_expect_eq(store->ops->put_lineage(store, &lane.record, PHASES_NOW, &applied, NULL),
                     ASSAY_E_RANGE);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_ANSWERED);
        cr_expect_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_E_RANGE);
        kx_paid_expect(store, &paid, PHASE_ANSWERED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}
