/* What a claim compares, in which order, and its deadlines; asked of both implementations of the
 * Kaspa x402 store. */
#include "ref/tests/kx_phases.h"

#include "store/kx_step.h"

#include <time.h>

TestSuite(kx_claim, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

static enum kx_claim_result claimed_at(struct kx_store *store, const struct kx_attempt *attempt,
                                       int64_t now_ms)
{
    enum kx_claim_result result = (enum kx_claim_result)99;
    struct assay_err err = {0};

    cr_assert_eq(store->ops->claim(store, attempt, now_ms, &result, &err), ASSAY_OK, "%s",
                 err.text);
    return result;
}

static void other_profile(struct kx_attempt *a)
{
    a->profile = KX_STANDARD_NATIVE;
}

static void other_amount(struct kx_attempt *a)
{
    a->amount++;
}

static void other_index(struct kx_attempt *a)
{
    a->output_index++;
}

static void other_fingerprint(struct kx_attempt *a)
{
    a->fingerprint[0] = '9';
}

static void other_requirements(struct kx_attempt *a)
{
    a->requirements_hash[63] = '9';
}

static void other_payload(struct kx_attempt *a)
{
    a->payload_hash[1] = '9';
}

static void other_authorization(struct kx_attempt *a)
{
    a->authorization_id[2] = '9';
}

static void other_scope(struct kx_attempt *a)
{
    a->scope[3] = '9';
}

static void other_identifier(struct kx_attempt *a)
{
    a->identifier = ASSAY_LIT("identifier-0000000X");
}

static void other_deadline(struct kx_attempt *a)
{
    a->authorization_expires_ms++;
}

static void other_challenge(struct kx_attempt *a)
{
    a->challenge_expires_ms = KX_NO_TIME;
}

static void other_script(struct kx_attempt *a)
{
    a->pay_to_spk.len--;
}

static void other_finality(struct kx_attempt *a)
{
    a->required = KX_FINALITY_ACCEPTED;
}

static void other_payer(struct kx_attempt *a)
{
    a->payer[31]++;
}

static void no_head(struct kx_attempt *a)
{
    a->has_head = false;
}

static void other_head(struct kx_attempt *a)
{
    a->head_id[0]++;
}

static void other_version(struct kx_attempt *a)
{
    a->head_version++;
}

static void other_next_amount(struct kx_attempt *a)
{
    a->head_next_amount++;
}

static void other_text(struct kx_attempt *a)
{
    a->transaction = ASSAY_LIT("{ \"other witnesses\": true }");
}

static void other_checkpoint(struct kx_attempt *a)
{
    a->since = ASSAY_LIT("");
}

static void other_progress(struct kx_attempt *a)
{
    a->status = KX_APPLIED;
    a->finality = KX_FINALITY_CONFIRMED;
    a->handler_started_ms = PHASES_NOW;
    a->recovery = ASSAY_LIT("no");
}

static const struct {
    const char *name;
    void (*change)(struct kx_attempt *a);
    enum kx_claim_result result;
} terms[] = {
    {"profile", other_profile, KX_CLAIM_OTHER_TERMS},
    {"amount", other_amount, KX_CLAIM_OTHER_TERMS},
    {"output index", other_index, KX_CLAIM_OTHER_TERMS},
    {"fingerprint", other_fingerprint, KX_CLAIM_OTHER_TERMS},
    {"requirements", other_requirements, KX_CLAIM_OTHER_TERMS},
    {"payload", other_payload, KX_CLAIM_OTHER_TERMS},
    {"authorization", other_authorization, KX_CLAIM_OTHER_TERMS},
    {"scope", other_scope, KX_CLAIM_OTHER_TERMS},
    {"identifier", other_identifier, KX_CLAIM_OTHER_TERMS},
    {"deadline", other_deadline, KX_CLAIM_OTHER_TERMS},
    {"challenge's deadline", other_challenge, KX_CLAIM_OTHER_TERMS},
    {"payee's script", other_script, KX_CLAIM_OTHER_TERMS},
    {"finality", other_finality, KX_CLAIM_OTHER_TERMS},
    {"payer", other_payer, KX_CLAIM_OTHER_TERMS},
    {"no head", no_head, KX_CLAIM_OTHER_TERMS},
    {"head", other_head, KX_CLAIM_OTHER_TERMS},
    {"head's version", other_version, KX_CLAIM_OTHER_TERMS},
    {"head's next amount", other_next_amount, KX_CLAIM_OTHER_TERMS},
    {"spelling of the transaction", other_text, KX_CLAIM_EXISTS},
    {"checkpoint", other_checkpoint, KX_CLAIM_EXISTS},
    {"what became of it", other_progress, KX_CLAIM_EXISTS},
};

Test(kx_claim, compares_every_term_and_nothing_else)
{
    static const enum kx_phase phases[] = {PHASE_PENDING, PHASE_APPLIED, PHASE_COMPACTED};

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned p = 0; p < ARRAY_LEN(phases); p++) {
            struct kx_head_record head = kx_head_of(p + 1);
            struct kx_paid paid;

            kx_head_registered(store, &head);
            kx_paid_make(&paid, p + 1);
            kx_paid_for_head(&paid, &head);
            kx_paid_take_to(store, &paid, phases[p]);
            for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
                struct kx_attempt other = paid.attempt;

                terms[i].change(&other);
                cr_expect_eq(claimed_at(store, &other, PHASES_NOW), terms[i].result, "%s, %s: %s",
                             kx_store_kinds[kind], kx_phase_name(phases[p]), terms[i].name);
            }
            kx_paid_expect(store, &paid, phases[p], "after all these");
        }
        store->ops->close(store);
    }
}

Test(kx_claim, starts_as_pending_whatever_it_brings)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_attempt forward;
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        forward = paid.attempt;
        other_progress(&forward);
        cr_expect_eq(claimed_at(store, &forward, PHASES_NOW), KX_CLAIM_CREATED);
        kx_paid_expect(store, &paid, PHASE_PENDING, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_claim, takes_no_identifier_of_another)
{
    static const struct {
        enum kx_phase of_other;
        enum kx_claim_result result;
    } rows[] = {
        {PHASE_PENDING, KX_CLAIM_ID_TAKEN},   {PHASE_ACCEPTED, KX_CLAIM_ID_TAKEN},
        {PHASE_RECOVERY, KX_CLAIM_ID_TAKEN},  {PHASE_APPLIED, KX_CLAIM_ID_TAKEN},
        {PHASE_COMPACTED, KX_CLAIM_ID_TAKEN}, {PHASE_RELEASED, KX_CLAIM_CREATED},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            const char *when = kx_phase_name(rows[i].of_other);
            struct kx_paid first, second;

            kx_paid_make(&first, 2 * i + 1);
            kx_paid_make(&second, 2 * i + 2);
            second.attempt.identifier = first.attempt.identifier;
            kx_paid_take_to(store, &first, rows[i].of_other);
            cr_expect_eq(kx_claimed(store, &second), rows[i].result, "%s: %s", kx_store_kinds[kind],
                         when);
            if (rows[i].result == KX_CLAIM_CREATED)
                kx_paid_expect(store, &second, PHASE_PENDING, when);
            else
                kx_paid_expect(store, &first, rows[i].of_other, when);
        }
        store->ops->close(store);
    }
}

Test(kx_claim, refuses_a_deadline_that_is_now_or_past)
{
    static const struct {
        const char *name;
        int64_t authorization_ms, challenge_ms;
        enum kx_claim_result result;
    } rows[] = {
        {"authorization now", PHASES_NOW, KX_NO_TIME, KX_CLAIM_EXPIRED},
        {"authorization past", PHASES_NOW - 1, KX_NO_TIME, KX_CLAIM_EXPIRED},
        {"authorization without a time", KX_NO_TIME, KX_NO_TIME, KX_CLAIM_EXPIRED},
        {"authorization in a minute", PHASES_NOW + 60000, KX_NO_TIME, KX_CLAIM_CREATED},
        {"challenge now", PHASES_NOW + 60000, PHASES_NOW, KX_CLAIM_EXPIRED},
        {"challenge past", PHASES_NOW + 60000, 0, KX_CLAIM_EXPIRED},
        {"challenge in a minute", PHASES_NOW + 60000, PHASES_NOW + 60000, KX_CLAIM_CREATED},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            struct kx_paid paid;

            kx_paid_make(&paid, i + 1);
            paid.attempt.authorization_expires_ms = rows[i].authorization_ms;
            paid.attempt.challenge_expires_ms = rows[i].challenge_ms;
            cr_expect_eq(kx_claimed(store, &paid), rows[i].result, "%s: %s", kx_store_kinds[kind],
                         rows[i].name);
            kx_paid_expect(store, &paid,
                           rows[i].result == KX_CLAIM_CREATED ? PHASE_PENDING : PHASE_UNKNOWN,
                           rows[i].name);
        }
        store->ops->close(store);
    }
}

/* A ledger that somebody else has held when a step begins. */
enum { HELD_MS = 20 };
static const struct kx_ledger_ops *held_ops;

static int64_t steady_ms(void)
{
    struct timespec now;

    cr_assert_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum assay_code begin_held(struct kx_ledger *ledger, struct assay_err *err)
{
    int64_t until_ms = steady_ms() + HELD_MS;

    while (steady_ms() < until_ms)
        continue;
    return held_ops->begin(ledger, err);
}

Test(kx_claim, counts_the_time_that_it_waits)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_ledger *ledger = ((struct kx_books *)store)->writer;
        struct kx_ledger_ops late = *ledger->ops;
        struct kx_paid paid;

        held_ops = ledger->ops;
        late.begin = begin_held;
        ledger->ops = &late;
        kx_paid_make(&paid, 1);
        paid.attempt.authorization_expires_ms = PHASES_NOW + HELD_MS;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_EXPIRED, "%s", kx_store_kinds[kind]);
        ledger->ops = held_ops;
        kx_paid_expect(store, &paid, PHASE_UNKNOWN, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_claim, knows_its_own_after_their_deadlines)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        cr_expect_eq(claimed_at(store, &paid.attempt, INT64_MAX), KX_CLAIM_EXISTS);
        kx_paid_expect(store, &paid, PHASE_PENDING, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

/* Everything objects at first; each row puts right what the one before was refused for. */
Test(kx_claim, names_the_first_of_several_objections)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = NULL;
        struct kx_store_limits one = kx_store_test_limits;
        struct kx_head_record head = kx_head_of(1);
        struct kx_paid held, paid;
        struct kx_attempt a;

        one.max_records = 1;
        cr_assert_eq(kx_store_open(&store, kind, &one, NULL), ASSAY_OK);
        kx_head_registered(store, &head);
        kx_paid_make(&held, 1);
        kx_paid_take_to(store, &held, PHASE_PENDING);
        kx_paid_make(&paid, 2);
        kx_paid_for_head(&paid, &head);
        a = paid.attempt;
        a.head_version--;
        a.identifier = held.attempt.identifier;
        memcpy(a.txid, held.attempt.txid, sizeof(a.txid));
        a.authorization_expires_ms = PHASES_NOW;
        cr_expect_eq(claimed_at(store, &a, PHASES_NOW), KX_CLAIM_OTHER_TERMS);
        memcpy(a.txid, paid.attempt.txid, sizeof(a.txid));
        cr_expect_eq(claimed_at(store, &a, PHASES_NOW), KX_CLAIM_ID_TAKEN);
        a.identifier = paid.attempt.identifier;
        cr_expect_eq(claimed_at(store, &a, PHASES_NOW), KX_CLAIM_EXPIRED);
        a.authorization_expires_ms = PHASES_NOW + 60000;
        cr_expect_eq(claimed_at(store, &a, PHASES_NOW), KX_CLAIM_HEAD_MOVED);
        a.head_version++;
        cr_expect_eq(claimed_at(store, &a, PHASES_NOW), KX_CLAIM_FULL);
        kx_paid_expect(store, &paid, PHASE_UNKNOWN, "nothing of it is there");
        cr_expect_eq(kx_head_loaded(store, &head).status, KX_HEAD_AVAILABLE);
        cr_expect_eq(claimed_at(store, &held.attempt, PHASES_NOW), KX_CLAIM_EXISTS, "when full");
        store->ops->close(store);
    }
}

Test(kx_claim, refuses_slices_above_their_limits)
{
    enum { LONG = KX_STORE_SPK_MAX_BYTES + X402_ARTIFACT_MAX_BYTES };
    static uint8_t bytes[LONG];
    const struct {
        const char *name;
        size_t identifier, script, transaction, since;
        enum assay_code code;
    } rows[] = {
        {"the longest", X402_IDENTIFIER_MAX_CHARS, KX_STORE_SPK_MAX_BYTES, X402_ARTIFACT_MAX_BYTES,
         64, ASSAY_OK},
        {"identifier", X402_IDENTIFIER_MAX_CHARS + 1, 1, 1, 1, ASSAY_E_TOO_LARGE},
        {"script", 1, KX_STORE_SPK_MAX_BYTES + 1, 1, 1, ASSAY_E_TOO_LARGE},
        {"transaction", 1, 1, X402_ARTIFACT_MAX_BYTES + 1, 1, ASSAY_E_TOO_LARGE},
        {"checkpoint", 1, 1, 1, 65, ASSAY_E_TOO_LARGE},
    };

    memset(bytes, 'a', sizeof(bytes));
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            enum kx_claim_result result = KX_CLAIM_FULL;
            struct kx_paid paid;

            kx_paid_make(&paid, i + 1);
            paid.attempt.identifier = assay_bytes_of(bytes, rows[i].identifier);
            paid.attempt.pay_to_spk = assay_bytes_of(bytes, rows[i].script);
            paid.attempt.transaction = assay_bytes_of(bytes, rows[i].transaction);
            paid.attempt.since = assay_bytes_of(bytes, rows[i].since);
            cr_expect_eq(store->ops->claim(store, &paid.attempt, PHASES_NOW, &result, NULL),
                         rows[i].code, "%s: %s", kx_store_kinds[kind], rows[i].name);
            cr_expect_eq(result, rows[i].code == ASSAY_OK ? KX_CLAIM_CREATED : KX_CLAIM_FULL, "%s",
                         rows[i].name);
        }
        store->ops->close(store);
    }
}

/* An attempt with all its slices at their limits, its reason, result and answer, too. */
Test(kx_claim, carries_the_largest_payment_to_its_end)
{
    static uint8_t bytes[KX_STORE_ANSWER_MAX_BYTES];

    memset(bytes, 'a', sizeof(bytes));
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        paid.attempt.identifier = assay_bytes_of(bytes, X402_IDENTIFIER_MAX_CHARS);
        paid.attempt.pay_to_spk = assay_bytes_of(bytes, KX_STORE_SPK_MAX_BYTES);
        paid.attempt.transaction = assay_bytes_of(bytes, X402_ARTIFACT_MAX_BYTES);
        paid.payment.identifier = paid.attempt.identifier;
        paid.result = (struct kx_result){.status = 599,
                                         .body = assay_bytes_of(bytes, KX_STORE_RESULT_MAX_BYTES)};
        paid.payment.answer = (struct kx_result){
            .status = 599, .body = assay_bytes_of(bytes, KX_STORE_ANSWER_MAX_BYTES)};
        kx_paid_take_to(store, &paid, PHASE_STARTED);
        cr_assert_eq(store->ops->mark_recovery(store, paid.attempt.txid,
                                               assay_bytes_of(bytes, KX_STORE_REASON_MAX_BYTES),
                                               PHASES_NOW, NULL),
                     ASSAY_OK);
        for (int again = 0; again < 2; again++)
            cr_assert_eq(
                store->ops->record_result(store, paid.attempt.txid, &paid.result, PHASES_NOW, NULL),
                ASSAY_OK);
        for (int again = 0; again < 2; again++)
            cr_assert_eq(store->ops->commit(store, &paid.payment, NULL), ASSAY_OK);
        store->ops->close(store);
    }
}
