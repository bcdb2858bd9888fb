/* What claims compare of channels in the Kaspa x402 store, asked of both implementations: charges,
 * deposits and top-ups, who is under way, and identifiers. */
#include "ref/tests/kx_lanes.h"

TestSuite(kx_channel_claims, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

/* A claim of the nth payment on a channel at version 1 with 1,000 charged, changed. */
struct trial {
    struct kx_paid paid;
    struct kx_lane_record deposit; /* of that channel, not brought unless the change says so */
};

static void nothing(struct trial *t)
{
    (void)t;
}

static void other_channel(struct trial *t)
{
    t->paid.attempt.charge.channel_id[63] ^= 1;
}

static void earlier_version(struct trial *t)
{
    t->paid.attempt.charge.version--;
}

static void later_version(struct trial *t)
{
    t->paid.attempt.charge.version++;
}

static void earlier_total(struct trial *t)
{
    t->paid.attempt.charge.before--;
    t->paid.attempt.charge.after--;
}

static void later_total(struct trial *t)
{
    t->paid.attempt.charge.before++;
    t->paid.attempt.charge.after++;
}

static void deposits(struct trial *t)
{
    t->paid.attempt.deposit = &t->deposit;
}

static void deposits_other_value(struct trial *t)
{
    deposits(t);
    t->deposit.head.value++;
}

static void deposits_other_lineage(struct trial *t)
{
    deposits(t);
    t->deposit.lineage.len--;
}

static void deposits_other_state(struct trial *t)
{
    deposits(t);
    t->deposit.head.claimed++;
}

static void deposits_other_covenant(struct trial *t)
{
    deposits(t);
    t->deposit.head.covenant_id.at[0] ^= 1;
}

static void deposits_later_version(struct trial *t)
{
    deposits(t);
    t->deposit.version++;
    t->paid.attempt.charge.version++;
}

static void tops_up(struct trial *t)
{
    deposits_later_version(t);
    t->deposit.head.outpoint.index++;
    t->deposit.head.value++;
    t->deposit.lineage = ASSAY_LIT("[\"genesis\",\"top-up\"]");
}

static void tops_up_by_nothing(struct trial *t)
{
    tops_up(t);
    t->deposit.head.value--;
}

static void tops_up_at_its_version(struct trial *t)
{
    tops_up(t);
    t->deposit.version--;
    t->paid.attempt.charge.version--;
}

static void tops_up_two_versions(struct trial *t)
{
    tops_up(t);
    t->deposit.version++;
    t->paid.attempt.charge.version++;
}

static void tops_up_judged_without(struct trial *t)
{
    tops_up(t);
    t->paid.attempt.charge.version--;
}

static void tops_up_other_state(struct trial *t)
{
    tops_up(t);
    t->deposit.head.claimed++;
}

/* A channel that is not known yet. */
static void opens(struct trial *t)
{
    static struct kx_test_lane lane;

    kx_lane_make(&lane, 77);
    kx_paid_deposits(&t->paid, 500, &lane.record);
    t->deposit = lane.record;
    deposits(t);
}

static void opens_on_a_known_lineage(struct trial *t)
{
    struct kaspa_hash covenant_id = t->deposit.head.covenant_id;

    opens(t);
    t->deposit.head.covenant_id = covenant_id;
}

static void opens_at_a_version(struct trial *t)
{
    opens(t);
    t->deposit.version = t->paid.attempt.charge.version = 1;
}

static void opens_suspicious(struct trial *t)
{
    opens(t);
    t->deposit.status = KX_CHANNEL_SUSPICIOUS;
}

static void opens_closed(struct trial *t)
{
    opens(t);
    t->deposit.is_closed = true;
}

static void opens_empty(struct trial *t)
{
    opens(t);
    t->deposit.head.value = 0;
}

static void opens_claimed(struct trial *t)
{
    opens(t);
    t->deposit.head.claimed = 1;
}

static void opens_charged(struct trial *t)
{
    opens(t);
    t->deposit.charged = t->deposit.authorized = 1;
}

static void opens_with_a_voucher(struct trial *t)
{
    opens(t);
    t->deposit.has_voucher = true;
}

static void opens_authorized(struct trial *t)
{
    opens(t);
    t->deposit.authorized = 1;
}

static void opens_with_a_payment(struct trial *t)
{
    opens(t);
    t->deposit.last_attempt[0] = 'a';
}

static void opens_leased(struct trial *t)
{
    opens(t);
    t->deposit.lease[0] = 'a';
}

static const struct {
    const char *name;
    void (*change)(struct trial *t);
    enum kx_claim_result result;
} trials[] = {
    {"as it is", nothing, KX_CLAIM_CREATED},
    {"a channel that is not known", other_channel, KX_CLAIM_CHANNEL_MOVED},
    {"an earlier version", earlier_version, KX_CLAIM_CHANNEL_MOVED},
    {"a later version", later_version, KX_CLAIM_CHANNEL_MOVED},
    {"an earlier total", earlier_total, KX_CLAIM_CHANNEL_MOVED},
    {"a later total", later_total, KX_CLAIM_CHANNEL_MOVED},
    {"the deposit again", deposits, KX_CLAIM_CREATED},
    {"the deposit with another value", deposits_other_value, KX_CLAIM_CHANNEL_MOVED},
    {"the deposit with another lineage", deposits_other_lineage, KX_CLAIM_CHANNEL_MOVED},
    {"the deposit with another S", deposits_other_state, KX_CLAIM_CHANNEL_MOVED},
    {"the deposit of another covenant", deposits_other_covenant, KX_CLAIM_CHANNEL_MOVED},
    {"the deposit at a later version", deposits_later_version, KX_CLAIM_CHANNEL_MOVED},
    {"a top-up", tops_up, KX_CLAIM_CREATED},
    {"a top-up by nothing", tops_up_by_nothing, KX_CLAIM_CHANNEL_MOVED},
    {"a top-up at the same version", tops_up_at_its_version, KX_CLAIM_CHANNEL_MOVED},
    {"a top-up two versions on", tops_up_two_versions, KX_CLAIM_CHANNEL_MOVED},
    {"a top-up that was not judged", tops_up_judged_without, KX_CLAIM_CHANNEL_MOVED},
    {"a top-up with another S", tops_up_other_state, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel", opens, KX_CLAIM_CREATED},
    {"a new channel on a known lineage", opens_on_a_known_lineage, KX_CLAIM_LINEAGE_TAKEN},
    {"a new channel at version 1", opens_at_a_version, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel that is suspicious", opens_suspicious, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel that was closed", opens_closed, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel without value", opens_empty, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with something claimed", opens_claimed, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with something charged", opens_charged, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with a voucher", opens_with_a_voucher, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with a lease", opens_leased, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with something authorized", opens_authorized, KX_CLAIM_CHANNEL_MOVED},
    {"a new channel with a last payment", opens_with_a_payment, KX_CLAIM_CHANNEL_MOVED},
};

/* The nth channel, charged once, and a claim on it. */
static void trial_ready(struct kx_store *store, struct trial *t, struct kx_test_lane *lane,
                        unsigned n)
{
    struct kx_paid first;

    kx_lane_make(lane, n);
    kx_paid_deposits(&first, 2 * n, &lane->record);
    kx_paid_take_to(store, &first, PHASE_APPLIED);
    kx_lane_charged(&lane->record, &first);
    kx_paid_for_lane(&t->paid, 2 * n + 1, &lane->record);
    t->deposit = lane->record;
}

Test(kx_channel_claims, are_compared_in_the_step_that_claims_them)
{
    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(trials); i++) {
        size_t row = i / KX_STORE_KINDS;
        struct kx_store *store = NULL;
        struct kx_test_lane lane;
        struct trial t;

        kx_store_folder_drop();
        kx_store_folder_make();
        store = kx_store_opened(i % KX_STORE_KINDS);
        trial_ready(store, &t, &lane, 1);
        trials[row].change(&t);
        cr_expect_eq(kx_claimed(store, &t.paid), trials[row].result, "%s", trials[row].name);
        kx_paid_expect(store, &t.paid,
                       trials[row].result == KX_CLAIM_CREATED ? PHASE_ACCEPTED : PHASE_UNKNOWN,
                       trials[row].name);
        if (trials[row].result == KX_CLAIM_CREATED && t.paid.attempt.deposit != NULL)
            lane.record = t.deposit; /* is written */
        if (trials[row].result == KX_CLAIM_CREATED)
            memcpy(lane.record.lease, t.paid.attempt.txid, sizeof(lane.record.lease));
        kx_lane_expect(store, &lane.record, trials[row].name);
        store->ops->close(store);
    }
}

static void amount_of_another(struct trial *t)
{
    t->paid.attempt.amount++;
}

static void amount_of_nothing(struct trial *t)
{
    t->paid.attempt.amount = 0;
    t->paid.attempt.charge.after = t->paid.attempt.charge.before;
}

static void amount_backwards(struct trial *t)
{
    t->paid.attempt.charge.before = t->paid.attempt.charge.after + 1;
    t->paid.attempt.amount = UINT64_MAX;
}

static void total_too_large(struct trial *t)
{
    t->paid.attempt.charge.after = (uint64_t)INT64_MAX + 1;
    t->paid.attempt.charge.before = t->paid.attempt.charge.after - t->paid.attempt.amount;
}

static void deposit_of_another_channel(struct trial *t)
{
    deposits(t);
    t->deposit.channel_id[63] ^= 1;
}

static void deposit_of_another_client(struct trial *t)
{
    deposits(t);
    t->deposit.client[0]++;
}

static void deposit_of_no_covenant(struct trial *t)
{
    deposits(t);
    memset(&t->deposit.head.covenant_id, 0, sizeof(t->deposit.head.covenant_id));
}

static void config_too_long(struct trial *t)
{
    static const uint8_t bytes[KX_STORE_CONFIG_MAX_BYTES + 1];

    deposits(t);
    t->deposit.config = assay_bytes_of(bytes, sizeof(bytes));
}

static void lineage_too_long(struct trial *t)
{
    static const uint8_t bytes[KX_STATE_MAX_BYTES + 1];

    deposits(t);
    t->deposit.lineage = assay_bytes_of(bytes, sizeof(bytes));
}

Test(kx_channel_claims, take_no_charge_that_is_none)
{
    static const struct {
        const char *name;
        void (*change)(struct trial *t);
        enum assay_code code;
    } rows[] = {
        {"another amount", amount_of_another, ASSAY_E_RANGE},
        {"nothing", amount_of_nothing, ASSAY_E_RANGE},
        {"backwards", amount_backwards, ASSAY_E_RANGE},
        {"above 2^63-1", total_too_large, ASSAY_E_RANGE},
        {"deposit of another channel", deposit_of_another_channel, ASSAY_E_RANGE},
        {"deposit of another client", deposit_of_another_client, ASSAY_E_RANGE},
        {"deposit of no covenant", deposit_of_no_covenant, ASSAY_E_RANGE},
        {"configuration too long", config_too_long, ASSAY_E_TOO_LARGE},
        {"lineage too long", lineage_too_long, ASSAY_E_TOO_LARGE},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct trial t;

        trial_ready(store, &t, &lane, 1);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            enum kx_claim_result result = KX_CLAIM_FULL;
            struct trial other = t;
            struct assay_err err = {0};

            rows[i].change(&other);
            if (other.paid.attempt.deposit != NULL)
                other.paid.attempt.deposit = &other.deposit;
            cr_expect_eq(store->ops->claim(store, &other.paid.attempt, PHASES_NOW, &result, &err),
                         rows[i].code, "%s: %s", rows[i].name, err.text);
            cr_expect_eq(result, KX_CLAIM_FULL, "%s: nothing is said", rows[i].name);
            kx_lane_expect(store, &lane.record, rows[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_channel_claims, carry_the_largest_lineage)
{
    static uint8_t bytes[KX_STATE_MAX_BYTES];

    memset(bytes, 'j', sizeof(bytes));
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid;

        kx_lane_make(&lane, 1);
        lane.record.lineage = assay_bytes_of(bytes, sizeof(bytes));
        kx_paid_deposits(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        kx_lane_charged(&lane.record, &paid);
        kx_paid_deposits(&paid, 2, &lane.record); /* the same coin again: compared as a whole */
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        kx_lane_charged(&lane.record, &paid);
        kx_lane_moved(store, &lane.record);
        kx_lane_expect(store, &lane.record, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_channel_claims, have_one_thing_on_its_way)
{
    static const struct {
        enum kx_phase phase;
        enum kx_claim_result result;
    } rows[] = {
        {PHASE_ACCEPTED, KX_CLAIM_LEASED},       {PHASE_STARTED, KX_CLAIM_LEASED},
        {PHASE_RECOVERY, KX_CLAIM_LEASED},       {PHASE_ANSWERED, KX_CLAIM_LEASED},
        {PHASE_APPLIED, KX_CLAIM_CHANNEL_MOVED}, {PHASE_RELEASED, KX_CLAIM_CREATED},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            const char *when = kx_phase_name(rows[i].phase);
            struct kx_test_lane lane;
            struct kx_paid first, second;

            kx_lane_opened(store, &lane, i + 1);
            kx_paid_for_lane(&first, 100 + i, &lane.record);
            kx_paid_for_lane(&second, 200 + i, &lane.record);
            kx_paid_take_to(store, &first, rows[i].phase);
            cr_expect_eq(kx_claimed(store, &second), rows[i].result, "%s: %s", kx_store_kinds[kind],
                         when);
            cr_expect_eq(kx_claimed(store, &first),
                         rows[i].phase == PHASE_RELEASED ? KX_CLAIM_LEASED : KX_CLAIM_EXISTS, "%s",
                         when);
        }
        store->ops->close(store);
    }
}

Test(kx_channel_claims, know_a_payment_by_its_total_and_its_payload)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_test_lane lane;
        struct kx_paid paid, other;

        kx_lane_opened(store, &lane, 1);
        kx_paid_for_lane(&paid, 1, &lane.record);
        kx_paid_take_to(store, &paid, PHASE_ACCEPTED);
        other = paid;
        other.attempt.charge.version++;
        other.attempt.charge.commitment_id[0] = 'a';
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_EXISTS, "judged again, later");
        other.attempt.charge.before++;
        other.attempt.charge.after++;
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_OTHER_TERMS, "another total");
        other = paid;
        other.attempt.charge.channel_id[0] = 'a';
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_OTHER_TERMS, "another channel");
        other = paid;
        other.attempt.has_channel = false;
        cr_expect_eq(kx_claimed(store, &other), KX_CLAIM_OTHER_TERMS, "another scheme");
        kx_paid_expect(store, &paid, PHASE_ACCEPTED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

/* Everything objects at first; each row puts right what the one before was refused for. */
Test(kx_channel_claims, name_the_first_of_several_objections)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_test_lane lane, other;
        struct kx_paid held, paid;
        struct kx_attempt *a = &paid.attempt;

        limits.max_records = 3;
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        kx_lane_opened(store, &lane, 1);
        kx_lane_opened(store, &other, 2);
        kx_paid_for_lane(&held, 1, &lane.record);
        kx_paid_take_to(store, &held, PHASE_ACCEPTED);
        kx_paid_deposits(&paid, 2, &lane.record);
        lane.record.head.covenant_id = other.record.head.covenant_id;
        a->identifier = held.attempt.identifier;
        a->authorization_expires_ms = PHASES_NOW;
        a->charge.version++;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_ID_TAKEN);
        a->identifier = ASSAY_LIT("");
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_EXPIRED);
        a->authorization_expires_ms = PHASES_NOW + 60000;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LINEAGE_TAKEN);
        a->deposit = NULL;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LEASED);
        memcpy(a->charge.channel_id, other.record.channel_id, sizeof(a->charge.channel_id));
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CHANNEL_MOVED);
        a->charge.version--;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_FULL);
        kx_lane_expect(store, &other.record, "nothing of it is there");
        store->ops->close(store);
    }
}

Test(kx_channel_claims, share_identifiers_with_every_other_payment)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid exact, later, batch;
        struct kx_test_lane lane;

        kx_lane_opened(store, &lane, 1);
        kx_paid_make(&exact, 1);
        kx_paid_take_to(store, &exact, PHASE_APPLIED);
        kx_paid_for_lane(&batch, 2, &lane.record);
        batch.attempt.identifier = batch.payment.identifier = exact.attempt.identifier;
        cr_expect_eq(kx_claimed(store, &batch), KX_CLAIM_ID_TAKEN, "by an exact payment");
        kx_paid_for_lane(&batch, 2, &lane.record);
        kx_paid_take_to(store, &batch, PHASE_APPLIED);
        kx_paid_make(&later, 3);
        later.attempt.identifier = batch.attempt.identifier;
        cr_expect_eq(kx_claimed(store, &later), KX_CLAIM_ID_TAKEN, "by a channel's");
        store->ops->close(store);
    }
}

Test(kx_channel_claims, need_no_identifiers)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned n = 1; n <= 2; n++) {
            struct kx_identifier_record id = {.state = KX_ID_PENDING};
            struct kx_test_lane lane;
            struct kx_paid paid;

            kx_lane_opened(store, &lane, n);
            kx_paid_for_lane(&paid, n, &lane.record);
            paid.attempt.identifier = paid.payment.identifier = ASSAY_LIT("");
            kx_paid_take_to(store, &paid, PHASE_STARTED);
            cr_assert_eq(store->ops->mark_recovery(store, paid.attempt.txid, ASSAY_LIT("it fell"),
                                                   PHASES_NOW, NULL),
                         ASSAY_OK);
            cr_assert_eq(
                store->ops->record_result(store, paid.attempt.txid, &paid.result, PHASES_NOW, NULL),
                ASSAY_OK);
            cr_assert_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK);
            cr_expect_eq(kx_lane_loaded(store, lane.record.channel_id).charged, LANE_CHARGE);
            cr_assert_eq(store->ops->load_identifier(store, &id, ASSAY_LIT(""), NULL), ASSAY_OK);
            cr_expect_eq(id.state, KX_ID_NONE, "none is nobody's");
        }
        store->ops->close(store);
    }
}
