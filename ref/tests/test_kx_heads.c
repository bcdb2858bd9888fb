/* Heads of the additive profile in the Kaspa x402 store, asked of both implementations: registered,
 * selected, claimed, moved. */
#include "ref/tests/kx_phases.h"

#include "base/hex.h"

TestSuite(kx_heads, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

static void expect_head(struct kx_store *store, const struct kx_head_record *want, const char *when)
{
    struct kx_head_record h = kx_head_loaded(store, want);

    cr_expect_eq(h.version, want->version, "%s: version %lu", when, (unsigned long)h.version);
    cr_expect(kaspa_hash_equal(&h.outpoint.txid, &want->outpoint.txid), "%s: outpoint", when);
    cr_expect_eq(h.outpoint.index, want->outpoint.index, "%s: outpoint", when);
    cr_expect_eq(h.amount, want->amount, "%s: amount", when);
    cr_expect_eq(h.threshold, want->threshold, "%s: threshold", when);
    cr_expect_eq(memcmp(h.owner, want->owner, sizeof(h.owner)), 0, "%s: owner", when);
    cr_expect_eq(h.status, want->status, "%s: status %d", when, (int)h.status);
}

/* What the head is once the payment is accepted. */
static struct kx_head_record after(const struct kx_head_record *head, const struct kx_paid *paid)
{
    struct kx_head_record next = *head;

    next.version++;
    next.amount += paid->attempt.amount;
    next.outpoint.index = 0;
    cr_assert_eq(assay_hex_decode(next.outpoint.txid.at, sizeof(next.outpoint.txid.at),
                                  assay_str(paid->attempt.txid), true),
                 ASSAY_OK);
    return next;
}

static void same(struct kx_head_record *h)
{
    (void)h;
}

static void taken_meanwhile(struct kx_head_record *h)
{
    h->status = KX_HEAD_RETIRED;
}

static void other_version(struct kx_head_record *h)
{
    h->version++;
}

static void other_coin(struct kx_head_record *h)
{
    h->outpoint.index++;
}

static void other_amount(struct kx_head_record *h)
{
    h->amount++;
}

static void other_threshold(struct kx_head_record *h)
{
    h->threshold++;
}

static void other_owner(struct kx_head_record *h)
{
    h->owner[0]++;
}

static void other_id_same_coin(struct kx_head_record *h)
{
    h->id[0]++;
}

static void of_the_most(struct kx_head_record *h)
{
    memset(h->id, 0xff, sizeof(h->id));
    memset(&h->outpoint, 0xff, sizeof(h->outpoint));
    h->version = UINT64_MAX;
    h->amount = UINT64_MAX;
    h->threshold = UINT64_MAX;
}

Test(kx_heads, are_registered_once)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_head_record *h);
        enum assay_code code;
    } rows[] = {
        {"the same", same, ASSAY_OK},
        {"the same with another status", taken_meanwhile, ASSAY_OK},
        {"version", other_version, ASSAY_E_DUPLICATE},
        {"coin", other_coin, ASSAY_E_DUPLICATE},
        {"amount", other_amount, ASSAY_E_DUPLICATE},
        {"threshold", other_threshold, ASSAY_E_DUPLICATE},
        {"owner", other_owner, ASSAY_E_DUPLICATE},
        {"another head on that coin", other_id_same_coin, ASSAY_E_DUPLICATE},
        {"another head", of_the_most, ASSAY_OK},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1), most = head;

        kx_head_registered(store, &head);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_head_record other = head;

            rows[i].change(&other);
            cr_expect_eq(store->ops->register_head(store, &other, NULL), rows[i].code, "%s: %s",
                         kx_store_kinds[kind], rows[i].name);
        }
        expect_head(store, &head, "the first");
        of_the_most(&most);
        expect_head(store, &most, "numbers of 64 bits");
        store->ops->close(store);
    }
}

Test(kx_heads, are_no_more_than_there_is_room_for)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_head_record a = kx_head_of(1), b = kx_head_of(2);
        struct kx_store *store = NULL;
        struct assay_err err = {0};

        limits.max_heads = 1;
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        kx_head_registered(store, &a);
        cr_expect_eq(store->ops->register_head(store, &b, &err), ASSAY_E_TOO_LARGE);
        cr_expect_str_eq(err.text,
                         "store: register head: 1 heads are registered, at most 1 may be");
        kx_head_registered(store, &a);
        cr_expect_eq(store->ops->load_head(store, &b, b.id, NULL), ASSAY_E_MISSING);
        store->ops->close(store);
    }
}

Test(kx_heads, are_selected_among_the_available_by_id)
{
    static const struct {
        uint64_t key;
        unsigned head;
    } rows[] = {{0, 2}, {1, 5}, {2, 9}, {3, 2}, {UINT64_MAX, 2}, {UINT64_MAX - 1, 9}};
    static const unsigned order[] = {5, 9, 7, 2}; /* of registration; 7 is not available */

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record h;

        cr_expect_eq(store->ops->select_head(store, &h, 0, NULL), ASSAY_E_MISSING);
        for (size_t i = 0; i < ARRAY_LEN(order); i++) {
            h = kx_head_of(order[i]);
            if (order[i] == 7)
                h.status = KX_HEAD_RETIRED;
            kx_head_registered(store, &h);
        }
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            cr_assert_eq(store->ops->select_head(store, &h, rows[i].key, NULL), ASSAY_OK);
            cr_expect_eq(h.id[0], rows[i].head, "%s: key %lu: %u", kx_store_kinds[kind],
                         (unsigned long)rows[i].key, h.id[0]);
        }
        store->ops->close(store);
    }
}

Test(kx_heads, follow_the_payment_that_claims_them)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1), next, h;
        struct kx_paid paid;

        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        next = after(&head, &paid);
        kx_paid_take_to(store, &paid, PHASE_BROADCAST);
        kx_paid_expect(store, &paid, PHASE_BROADCAST, kx_store_kinds[kind]);
        head.status = KX_HEAD_CLAIMED;
        expect_head(store, &head, "claimed");
        cr_expect_eq(store->ops->select_head(store, &h, 0, NULL), ASSAY_E_MISSING);
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(store->ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED,
                                            PHASES_NOW, NULL),
                         ASSAY_OK);
            expect_head(store, &next, "accepted");
        }
        cr_assert_eq(
            store->ops->accept(store, paid.attempt.txid, KX_FINALITY_CONFIRMED, PHASES_NOW, NULL),
            ASSAY_OK);
        expect_head(store, &next, "confirmed later");
        store->ops->close(store);
    }
}

Test(kx_heads, are_available_again_when_a_payment_is_abandoned)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid paid;

        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        kx_paid_take_to(store, &paid, PHASE_RELEASED);
        expect_head(store, &head, kx_store_kinds[kind]);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
        store->ops->close(store);
    }
}

static void version_before(struct kx_attempt *a)
{
    a->head_version--;
}

static void unknown_head(struct kx_attempt *a)
{
    a->head_id[0] ^= 0x80;
}

static void one_short(struct kx_attempt *a)
{
    a->head_next_amount--;
}

static void one_more(struct kx_attempt *a)
{
    a->head_next_amount++;
}

static void wraps(struct kx_attempt *a)
{
    a->amount = UINT64_MAX;
    a->head_next_amount = kx_head_of(1).amount - 1;
}

Test(kx_heads, are_claimed_as_they_were_offered_or_not)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_attempt *a);
    } rows[] = {
        {"the version before", version_before}, {"an unknown head", unknown_head},
        {"a sompi short", one_short},           {"a sompi more", one_more},
        {"an amount that wraps", wraps},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid first, second;

        kx_head_registered(store, &head);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            kx_paid_make(&first, 1);
            kx_paid_for_head(&first, &head);
            rows[i].change(&first.attempt);
            cr_expect_eq(kx_claimed(store, &first), KX_CLAIM_HEAD_MOVED, "%s: %s",
                         kx_store_kinds[kind], rows[i].name);
            expect_head(store, &head, rows[i].name);
        }
        kx_paid_make(&first, 1);
        kx_paid_for_head(&first, &head);
        kx_paid_make(&second, 2);
        kx_paid_for_head(&second, &head);
        cr_expect_eq(kx_claimed(store, &first), KX_CLAIM_CREATED);
        cr_expect_eq(kx_claimed(store, &second), KX_CLAIM_HEAD_MOVED, "while it is claimed");
        cr_assert_eq(
            store->ops->accept(store, first.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_OK);
        cr_expect_eq(kx_claimed(store, &second), KX_CLAIM_HEAD_MOVED, "when it has moved");
        kx_paid_expect(store, &second, PHASE_UNKNOWN, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_heads, are_marked_unavailable_if_they_are_still_as_seen)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_head_record *h);
        bool applied;
    } rows[] = {
        {"version", other_version, false},
        {"coin", other_coin, false},
        {"amount", other_amount, false},
        {"status", taken_meanwhile, false},
        {"an unknown head", other_id_same_coin, false},
        {"as it is", same, true},
        {"as it was", same, false},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);

        kx_head_registered(store, &head);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_head_record seen = head;
            bool applied = !rows[i].applied;

            rows[i].change(&seen);
            cr_assert_eq(store->ops->mark_head_unavailable(store, &seen, &applied, NULL), ASSAY_OK);
            cr_expect_eq(applied, rows[i].applied, "%s: %s", kx_store_kinds[kind], rows[i].name);
        }
        head.status = KX_HEAD_UNAVAILABLE;
        expect_head(store, &head, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_heads, move_along_proved_steps)
{
    static const struct {
        const char *name;
        enum kx_head_status status;
        unsigned steps;
        uint64_t version;
        enum assay_code code;
        bool applied;
    } rows[] = {
        {"no step", KX_HEAD_AVAILABLE, 0, 7, ASSAY_E_RANGE, false},
        {"65 steps", KX_HEAD_AVAILABLE, 65, 7, ASSAY_E_RANGE, false},
        {"past the last version", KX_HEAD_AVAILABLE, 1, UINT64_MAX, ASSAY_E_RANGE, false},
        {"one step", KX_HEAD_AVAILABLE, 1, 7, ASSAY_OK, true},
        {"64 steps to the last version", KX_HEAD_AVAILABLE, 64, UINT64_MAX - 64, ASSAY_OK, true},
        {"unavailable", KX_HEAD_UNAVAILABLE, 2, 7, ASSAY_OK, true},
        {"claimed", KX_HEAD_CLAIMED, 1, 7, ASSAY_OK, false},
        {"retired", KX_HEAD_RETIRED, 1, 7, ASSAY_OK, false},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_head_record head = kx_head_of(i + 1), to;
            bool applied = false;

            head.status = rows[i].status;
            head.version = rows[i].version;
            kx_head_registered(store, &head);
            to = head;
            to.outpoint.index = 100 + i;
            to.amount += 5;
            cr_expect_eq(store->ops->move_head(store, &head, &to.outpoint, to.amount, rows[i].steps,
                                               &applied, NULL),
                         rows[i].code, "%s", rows[i].name);
            cr_expect_eq(applied, rows[i].applied, "%s", rows[i].name);
            to.version += rows[i].steps;
            to.status = KX_HEAD_AVAILABLE;
            expect_head(store, rows[i].applied ? &to : &head, rows[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_heads, move_only_from_where_they_were_seen)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_head_record *h);
        enum assay_code code;
        bool applied;
    } rows[] = {
        {"version", other_version, ASSAY_OK, false},
        {"coin", other_coin, ASSAY_OK, false},
        {"amount", other_amount, ASSAY_OK, false},
        {"an unknown head", other_id_same_coin, ASSAY_OK, false},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1), other = kx_head_of(2);
        bool applied = true;

        kx_head_registered(store, &head);
        kx_head_registered(store, &other);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_head_record seen = head;
            struct kaspa_outpoint to = {.index = 77};

            rows[i].change(&seen);
            cr_expect_eq(store->ops->move_head(store, &seen, &to, 1, 1, &applied, NULL),
                         rows[i].code, "%s", rows[i].name);
            cr_expect_not(applied, "%s", rows[i].name);
        }
        cr_expect_eq(store->ops->move_head(store, &head, &other.outpoint, 1, 1, &applied, NULL),
                     ASSAY_E_DUPLICATE, "onto another head's coin");
        expect_head(store, &head, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

/* A head that was called unavailable while a payment of it was on its way. */
Test(kx_heads, stay_unavailable_when_the_payment_is_abandoned_and_return_when_it_is_accepted)
{
    for (size_t i = 0; i < 2 * KX_STORE_KINDS; i++) {
        bool is_accepted = i % 2 == 1, applied = false;
        struct kx_head_record head = kx_head_of(1), want;
        struct kx_store *store;
        struct kx_paid paid;

        kx_store_folder_drop();
        kx_store_folder_make();
        store = kx_store_opened(i / 2);
        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        head = kx_head_loaded(store, &head);
        cr_assert_eq(store->ops->mark_head_unavailable(store, &head, &applied, NULL), ASSAY_OK);
        cr_assert(applied);
        want = is_accepted ? after(&head, &paid) : head;
        want.status = is_accepted ? KX_HEAD_AVAILABLE : KX_HEAD_UNAVAILABLE;
        cr_assert_eq(is_accepted ? store->ops->accept(store, paid.attempt.txid,
                                                      KX_FINALITY_ACCEPTED, PHASES_NOW, NULL)
                                 : store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL),
                     ASSAY_OK);
        expect_head(store, &want, kx_store_kinds[i / 2]);
        store->ops->close(store);
    }
}

/* The chain was followed to the payment's own coin before the payment was seen as accepted. */
Test(kx_heads, are_not_moved_back_by_a_payment_that_was_followed_already)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1), next;
        bool applied = false;
        struct kx_paid paid;

        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        next = after(&head, &paid);
        head = kx_head_loaded(store, &head);
        cr_assert_eq(store->ops->mark_head_unavailable(store, &head, &applied, NULL), ASSAY_OK);
        head.status = KX_HEAD_UNAVAILABLE;
        cr_assert_eq(
            store->ops->move_head(store, &head, &next.outpoint, next.amount, 1, &applied, NULL),
            ASSAY_OK);
        cr_assert(applied);
        cr_assert_eq(
            store->ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_OK);
        expect_head(store, &next, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_heads, refuse_a_coin_on_which_another_stands)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1), other = kx_head_of(2);
        struct kx_paid paid;

        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        other.outpoint = after(&head, &paid).outpoint;
        kx_head_registered(store, &other);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        cr_expect_eq(
            store->ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_E_DUPLICATE);
        kx_paid_expect(store, &paid, PHASE_PENDING, "nothing was changed");
        head.status = KX_HEAD_CLAIMED;
        expect_head(store, &head, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_heads, do_not_pass_their_last_version)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid paid;

        head.version = UINT64_MAX;
        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        cr_expect_eq(
            store->ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_E_RANGE);
        kx_paid_expect(store, &paid, PHASE_PENDING, "nothing was changed");
        store->ops->close(store);
    }
}

Test(kx_heads, need_a_transaction_id_that_is_one)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid paid;

        kx_head_registered(store, &head);
        kx_paid_make(&paid, 1);
        kx_paid_for_head(&paid, &head);
        paid.attempt.txid[0] = 'X';
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        cr_expect_eq(
            store->ops->accept(store, paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL),
            ASSAY_E_MALFORMED);
        kx_paid_expect(store, &paid, PHASE_PENDING, "nothing was changed");
        store->ops->close(store);
    }
}
