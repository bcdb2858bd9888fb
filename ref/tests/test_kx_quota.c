/* What the Kaspa x402 store has room for, and what it forgets; asked of both implementations. */
#include "ref/tests/kx_phases.h"

TestSuite(kx_quota, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

static struct kx_result with_headers(size_t count)
{
    struct kx_result r = {.status = 200, .body = ASSAY_LIT("body")};

    for (size_t i = 0; i < count && i < ARRAY_LEN(r.headers); i++)
        r.headers[i] = (struct kx_field){ASSAY_LIT("a"), ASSAY_LIT("b")};
    r.header_count = count;
    return r;
}

static struct kx_result with_status(int status)
{
    return (struct kx_result){.status = status, .body = ASSAY_LIT("")};
}

static struct kx_result with_bytes(size_t name, size_t value, size_t body)
{
    static uint8_t bytes[KX_STORE_ANSWER_MAX_BYTES + 1];

    return (struct kx_result){
        .status = 200,
        .headers = {{assay_bytes_of(bytes, name), assay_bytes_of(bytes, value)}},
        .header_count = 1,
        .body = assay_bytes_of(bytes, body)};
}

Test(kx_quota, keeps_results_and_answers_within_their_limits)
{
    const size_t most = KX_STORE_RESULT_MAX_BYTES, answer = KX_STORE_ANSWER_MAX_BYTES;
    const struct {
        const char *name;
        bool is_answer;
        struct kx_result result;
        enum assay_code code;
    } rows[] = {
        {"status 99", false, with_status(99), ASSAY_E_RANGE},
        {"status 600", false, with_status(600), ASSAY_E_RANGE},
        {"status -200", false, with_status(-200), ASSAY_E_RANGE},
        {"65 headers", false, with_headers(65), ASSAY_E_RANGE},
        {"very many headers", false, with_headers(SIZE_MAX), ASSAY_E_RANGE},
        {"body too long", false, with_bytes(0, 0, most + 1), ASSAY_E_TOO_LARGE},
        {"with its name", false, with_bytes(1, 0, most), ASSAY_E_TOO_LARGE},
        {"with its value", false, with_bytes(1, most - 1, 1), ASSAY_E_TOO_LARGE},
        {"value too long", false, with_bytes(0, most + 1, 0), ASSAY_E_TOO_LARGE},
        {"64 headers", false, with_headers(64), ASSAY_OK},
        {"answer: status 99", true, with_status(99), ASSAY_E_RANGE},
        {"answer: 66 headers", true, with_headers(66), ASSAY_E_RANGE},
        {"answer too long", true, with_bytes(0, 1, answer), ASSAY_E_TOO_LARGE},
        {"answer: 65 headers", true, with_headers(65), ASSAY_OK},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_STARTED);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            enum assay_code code;

            paid.payment.answer = rows[i].result;
            code = rows[i].is_answer ? store->ops->commit(store, &paid.payment, NULL)
                                     : store->ops->record_result(store, paid.attempt.txid,
                                                                 &rows[i].result, PHASES_NOW, NULL);
            cr_expect_eq(code, rows[i].code, "%s: %s: %s", kx_store_kinds[kind], rows[i].name,
                         assay_code_name(code));
        }
        kx_paid_expect(store, &paid, PHASE_APPLIED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_quota, refuses_claims_until_there_is_room)
{
    static const struct {
        const char *name;
        uint64_t max_records, max_per_payer;
    } rows[] = {
        {"records", 3, 100},
        {"of one payer", 100, 3},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS * ARRAY_LEN(rows); kind++) {
        const char *when = rows[kind / 2].name;
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_paid paid[5];

        limits.max_records = rows[kind / 2].max_records;
        limits.max_per_payer = rows[kind / 2].max_per_payer;
        kx_store_folder_drop();
        kx_store_folder_make();
        cr_assert_eq(kx_store_open(&store, kind % 2, &limits, NULL), ASSAY_OK);
        for (unsigned i = 0; i < ARRAY_LEN(paid); i++)
            kx_paid_make(&paid[i], i + 1);
        kx_paid_take_to(store, &paid[0], PHASE_APPLIED);
        kx_paid_take_to(store, &paid[1], PHASE_ACCEPTED);
        kx_paid_take_to(store, &paid[2], PHASE_PENDING);
        cr_expect_eq(kx_claimed(store, &paid[3]), KX_CLAIM_FULL, "%s", when);
        kx_paid_expect(store, &paid[3], PHASE_UNKNOWN, when);
        cr_assert_eq(store->ops->abandon(store, paid[2].attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        cr_expect_eq(kx_claimed(store, &paid[3]), KX_CLAIM_CREATED, "%s: one was abandoned", when);
        cr_expect_eq(kx_claimed(store, &paid[4]), KX_CLAIM_FULL, "%s", when);
        cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 5 + PHASES_RETENTION_MS, NULL),
                     ASSAY_OK);
        kx_paid_expect(store, &paid[0], PHASE_COMPACTED, when);
        cr_expect_eq(kx_claimed(store, &paid[4]), KX_CLAIM_CREATED, "%s: one is compacted", when);
        store->ops->close(store);
    }
}

Test(kx_quota, counts_payers_apart)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store_limits limits = kx_store_test_limits;
        struct kx_store *store = NULL;
        struct kx_paid first, second;

        limits.max_per_payer = 1;
        cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
        kx_paid_make(&first, 1);
        kx_paid_make(&second, 2);
        cr_expect_eq(kx_claimed(store, &first), KX_CLAIM_CREATED);
        cr_expect_eq(kx_claimed(store, &second), KX_CLAIM_FULL);
        second.attempt.payer[0]++;
        cr_expect_eq(kx_claimed(store, &second), KX_CLAIM_CREATED, "another payer");
        store->ops->close(store);
    }
}

/* Whether a store of that many bytes takes this claim after another was taken to a phase. */
static bool has_room(size_t kind, uint64_t max_bytes, enum kx_phase before)
{
    struct kx_store_limits limits = kx_store_test_limits;
    struct kx_store *store = NULL;
    enum kx_claim_result result;
    struct kx_paid first, second;

    limits.max_bytes = max_bytes;
    kx_store_folder_drop();
    kx_store_folder_make();
    cr_assert_eq(kx_store_open(&store, kind, &limits, NULL), ASSAY_OK);
    kx_paid_make(&first, 1);
    kx_paid_make(&second, 2);
    kx_paid_take_to(store, &first, before);
    result = kx_claimed(store, &second);
    store->ops->close(store);
    cr_assert(result == KX_CLAIM_CREATED || result == KX_CLAIM_FULL);
    return result == KX_CLAIM_CREATED;
}

/* The fewest bytes with which that is so; found by halving. */
static uint64_t room_needed(size_t kind, enum kx_phase before)
{
    uint64_t low = KX_STORE_RESERVED_BYTES, high = 4 * KX_STORE_RESERVED_BYTES;

    if (before != PHASE_UNKNOWN)
        low = room_needed(kind, PHASE_UNKNOWN);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (has_room(kind, middle, before))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

Test(kx_quota, reserves_room_for_an_answer_and_gives_it_back)
{
    uint64_t one[KX_STORE_KINDS], applied[KX_STORE_KINDS];

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        one[kind] = room_needed(kind, PHASE_UNKNOWN);
        applied[kind] = room_needed(kind, PHASE_APPLIED);
        cr_expect_gt(one[kind], KX_STORE_RESERVED_BYTES, "its own bytes come on top");
        cr_expect_lt(one[kind], KX_STORE_RESERVED_BYTES + 4096);
        cr_expect_gt(applied[kind], one[kind], "an answer counts");
        cr_expect_lt(applied[kind], one[kind] + 4096, "and frees what was reserved");
        cr_expect_not(has_room(kind, 2 * one[kind] - 1, PHASE_PENDING));
        cr_expect(has_room(kind, 2 * one[kind], PHASE_PENDING));
        cr_expect(has_room(kind, one[kind], PHASE_COMPACTED), "what is compacted does not count");
        cr_expect(has_room(kind, one[kind], PHASE_RELEASED));
    }
    cr_expect_eq(one[0], one[1], "both count alike");
    cr_expect_eq(applied[0], applied[1]);
}

Test(kx_quota, forgets_answers_and_remembers_payments_for_good)
{
    static const struct {
        const char *name;
        int64_t after_ms; /* its commit */
        enum kx_phase phase;
    } rows[] = {
        {"before its retention is over", PHASES_RETENTION_MS - 1, PHASE_APPLIED},
        {"when it is over", PHASES_RETENTION_MS, PHASE_COMPACTED},
        {"at the end of time", INT64_MAX - PHASES_NOW - 5, PHASE_COMPACTED},
        {"when the clock was set back", -PHASES_NOW, PHASE_COMPACTED},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid, running;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        kx_paid_make(&running, 2);
        kx_paid_take_to(store, &running, PHASE_ANSWERED);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 5 + rows[i].after_ms, NULL),
                         ASSAY_OK);
            kx_paid_expect(store, &paid, rows[i].phase, rows[i].name);
            kx_paid_expect(store, &running, PHASE_ANSWERED, rows[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_quota, sweeps_nothing_where_time_began)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        cr_assert_eq(store->ops->sweep(store, INT64_MIN, NULL), ASSAY_OK);
        kx_paid_expect(store, &paid, PHASE_APPLIED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_quota, forgets_released_identifiers_past_their_deadlines)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid, other;

        kx_paid_make(&paid, 1);
        paid.attempt.challenge_expires_ms = PHASES_NOW + 70000; /* the later of the two */
        kx_paid_take_to(store, &paid, PHASE_RELEASED);
        kx_paid_make(&other, 2);
        kx_paid_take_to(store, &other, PHASE_PENDING);
        cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 69999, NULL), ASSAY_OK);
        kx_paid_expect(store, &paid, PHASE_RELEASED, "in its last millisecond");
        cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 70000, NULL), ASSAY_OK);
        kx_paid_expect(store, &paid, PHASE_UNKNOWN, "at its deadline");
        kx_paid_expect(store, &other, PHASE_PENDING, "a claim that is held");
        store->ops->close(store);
    }
}

Test(kx_quota, sweeps_more_than_one_batch)
{
    enum { MANY = 150 };
    static struct kx_paid paid[MANY];

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < MANY; i++) {
            kx_paid_make(&paid[i], i + 1);
            kx_paid_take_to(store, &paid[i], i % 2 == 0 ? PHASE_APPLIED : PHASE_RELEASED);
        }
        cr_assert_eq(store->ops->sweep(store, PHASES_NOW + 60000, NULL), ASSAY_OK);
        for (unsigned i = 0; i < MANY; i++)
            kx_paid_expect(store, &paid[i], i % 2 == 0 ? PHASE_COMPACTED : PHASE_UNKNOWN,
                           kx_store_kinds[kind]);
        store->ops->close(store);
    }
}
