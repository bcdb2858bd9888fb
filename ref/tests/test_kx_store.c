/* The contract of the Kaspa x402 store, asked of both implementations: what each operation does to
 * a payment in each phase of its life, what claims compare, and in which order. */
#include "ref/tests/kx_phases.h"

#include <stdio.h>

TestSuite(kx_store, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

/* What an operation came to: its code, or what it decided. */
enum outcome {
    DONE,
    MISSING,
    MISMATCH,
    NOT_BEGUN,
    BEGUN,
    CREATED,
    EXISTS,
    OTHER,
    ELSE /* nothing that is expected of anything */
};

static enum outcome of_code(enum assay_code code)
{
    return code == ASSAY_OK           ? DONE
           : code == ASSAY_E_MISSING  ? MISSING
           : code == ASSAY_E_MISMATCH ? MISMATCH
                                      : ELSE;
}

static enum outcome claim_of(struct kx_store *s, const struct kx_attempt *attempt)
{
    enum kx_claim_result result = KX_CLAIM_FULL;
    enum assay_code code = s->ops->claim(s, attempt, PHASES_NOW, &result, NULL);

    if (code != ASSAY_OK)
        return of_code(code);
    return result == KX_CLAIM_CREATED       ? CREATED
           : result == KX_CLAIM_EXISTS      ? EXISTS
           : result == KX_CLAIM_OTHER_TERMS ? OTHER
                                            : ELSE;
}

static enum outcome claim(struct kx_store *s, struct kx_paid *p)
{
    return claim_of(s, &p->attempt);
}

/* The claim that another request makes with the same transaction. */
static enum outcome claim_otherwise(struct kx_store *s, struct kx_paid *p)
{
    struct kx_attempt other = p->attempt;

    other.fingerprint[63] ^= 1;
    other.identifier = ASSAY_LIT("another-identifier");
    return claim_of(s, &other);
}

static enum outcome broadcast(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->broadcast(s, p->attempt.txid, PHASES_NOW, NULL));
}

static enum outcome accept_it(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->accept(s, p->attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW, NULL));
}

static enum outcome begin(struct kx_store *s, struct kx_paid *p)
{
    bool begun = false;
    enum assay_code code = s->ops->begin_handler(s, p->attempt.txid, PHASES_MARK, &begun, NULL);

    return code != ASSAY_OK ? of_code(code) : begun ? BEGUN : NOT_BEGUN;
}

static enum outcome reset(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->reset_handler(s, p->attempt.txid, PHASES_MARK, NULL));
}

static enum outcome reset_other_mark(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->reset_handler(s, p->attempt.txid, PHASES_MARK + 1, NULL));
}

static enum outcome reset_no_mark(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->reset_handler(s, p->attempt.txid, KX_NO_TIME, NULL));
}

static enum outcome record(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->record_result(s, p->attempt.txid, &p->result, PHASES_NOW, NULL));
}

static enum outcome recover(struct kx_store *s, struct kx_paid *p)
{
    return of_code(
        s->ops->mark_recovery(s, p->attempt.txid, ASSAY_LIT("it fell over"), PHASES_NOW, NULL));
}

static enum outcome commit(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->commit(s, &p->payment, NULL));
}

static enum outcome commit_fingerprint(struct kx_store *s, struct kx_paid *p)
{
    struct kx_payment_record other = p->payment;

    other.fingerprint[0] ^= 1;
    return of_code(s->ops->commit(s, &other, NULL));
}

static enum outcome commit_payload(struct kx_store *s, struct kx_paid *p)
{
    struct kx_payment_record other = p->payment;

    other.payload_hash[0] ^= 1;
    return of_code(s->ops->commit(s, &other, NULL));
}

static enum outcome commit_index(struct kx_store *s, struct kx_paid *p)
{
    struct kx_payment_record other = p->payment;

    other.output_index++;
    return of_code(s->ops->commit(s, &other, NULL));
}

static enum outcome abandon(struct kx_store *s, struct kx_paid *p)
{
    return of_code(s->ops->abandon(s, p->attempt.txid, PHASES_NOW, NULL));
}

/* By phase: unknown, pending, broadcast, accepted, started, recovery, answered, applied, compacted,
 * released. Where `to` is not given the phase stays. */
static const struct {
    const char *name;
    enum outcome (*act)(struct kx_store *s, struct kx_paid *p);
    enum outcome want[PHASE__COUNT];
    enum kx_phase to[PHASE__COUNT];
} acts[] = {
    {"the same claim",
     claim,
     {CREATED, EXISTS, EXISTS, EXISTS, EXISTS, EXISTS, EXISTS, EXISTS, EXISTS, CREATED},
     {[PHASE_UNKNOWN] = PHASE_PENDING, [PHASE_RELEASED] = PHASE_PENDING}},
    {"a claim on other terms",
     claim_otherwise,
     {ELSE, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, ELSE},
     {0}},
    {"broadcast",
     broadcast,
     {MISSING, DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, MISSING},
     {[PHASE_PENDING] = PHASE_BROADCAST}},
    {"accept",
     accept_it,
     {MISSING, DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, MISSING},
     {[PHASE_PENDING] = PHASE_ACCEPTED, [PHASE_BROADCAST] = PHASE_ACCEPTED}},
    {"begin the handler",
     begin,
     {MISSING, NOT_BEGUN, NOT_BEGUN, BEGUN, NOT_BEGUN, NOT_BEGUN, NOT_BEGUN, NOT_BEGUN, NOT_BEGUN,
      MISSING},
     {[PHASE_ACCEPTED] = PHASE_STARTED}},
    {"reset the handler",
     reset,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, DONE, DONE, MISMATCH, MISMATCH, MISMATCH, MISSING},
     {[PHASE_STARTED] = PHASE_ACCEPTED, [PHASE_RECOVERY] = PHASE_ACCEPTED}},
    {"reset another mark",
     reset_other_mark,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH,
      MISSING},
     {0}},
    {"reset what is no mark",
     reset_no_mark,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH,
      MISSING},
     {0}},
    {"record the result",
     record,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, DONE, DONE, DONE, MISMATCH, MISMATCH, MISSING},
     {[PHASE_STARTED] = PHASE_ANSWERED, [PHASE_RECOVERY] = PHASE_ANSWERED}},
    {"mark recovery",
     recover,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, DONE, DONE, MISMATCH, MISMATCH, MISMATCH, MISSING},
     {[PHASE_STARTED] = PHASE_RECOVERY}},
    {"commit",
     commit,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, DONE, DONE, DONE, MISSING},
     {[PHASE_ANSWERED] = PHASE_APPLIED}},
    {"commit with another fingerprint",
     commit_fingerprint,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH,
      MISSING},
     {0}},
    {"commit with another payload hash",
     commit_payload,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH,
      MISSING},
     {0}},
    {"commit another output",
     commit_index,
     {MISSING, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH,
      MISSING},
     {0}},
    {"abandon",
     abandon,
     {MISSING, DONE, DONE, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISMATCH, MISSING},
     {[PHASE_PENDING] = PHASE_RELEASED, [PHASE_BROADCAST] = PHASE_RELEASED}},
};

Test(kx_store, does_in_each_phase_what_the_contract_says)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        unsigned n = 1;

        for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
            for (enum kx_phase from = PHASE_UNKNOWN; from < PHASE__COUNT; from++) {
                enum kx_phase to = acts[i].to[from] != PHASE_UNKNOWN ? acts[i].to[from] : from;
                char when[96];
                struct kx_paid paid;

                if (acts[i].want[from] == ELSE)
                    continue;
                cr_assert_gt(snprintf(when, sizeof(when), "%s: %s when %s", kx_store_kinds[kind],
                                      acts[i].name, kx_phase_name(from)),
                             0);
                kx_paid_make(&paid, n++);
                kx_paid_take_to(store, &paid, from);
                kx_paid_expect(store, &paid, from, when);
                cr_expect_eq(acts[i].act(store, &paid), acts[i].want[from], "%s", when);
                kx_paid_expect(store, &paid, to, when);
            }
        }
        store->ops->close(store);
    }
}

Test(kx_store, keeps_the_answer_that_was_committed_first)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_payment_record later;
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        later = paid.payment;
        later.committed_ms += 50;
        later.answer.status = 299;
        cr_expect_eq(store->ops->commit(store, &later, NULL), ASSAY_OK);
        kx_paid_expect(store, &paid, PHASE_APPLIED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_store, commits_only_the_attempt_that_was_claimed)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_payment_record other;
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_ANSWERED);
        other = paid.payment;
        other.scope[5] ^= 1;
        cr_expect_eq(store->ops->commit(store, &other, NULL), ASSAY_E_MISMATCH, "scope");
        other = paid.payment;
        other.identifier = ASSAY_LIT("identifier-of-another");
        cr_expect_eq(store->ops->commit(store, &other, NULL), ASSAY_E_MISMATCH, "identifier");
        kx_paid_expect(store, &paid, PHASE_ANSWERED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_store, takes_one_result_and_no_other)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_result other;
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_ANSWERED);
        other = paid.result;
        other.status++;
        cr_expect_eq(store->ops->record_result(store, paid.attempt.txid, &other, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH, "another status");
        other = paid.result;
        other.header_count--;
        cr_expect_eq(store->ops->record_result(store, paid.attempt.txid, &other, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH, "a header less");
        other = paid.result;
        other.body.len--;
        cr_expect_eq(store->ops->record_result(store, paid.attempt.txid, &other, PHASES_NOW, NULL),
                     ASSAY_E_MISMATCH, "a byte less");
        kx_paid_expect(store, &paid, PHASE_ANSWERED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_store, lets_finality_rise_and_never_fall)
{
    static const struct {
        const char *name;
        enum kx_finality finality;
        enum assay_code code;
        enum kx_finality after;
    } rows[] = {
        {"mempool is none", KX_FINALITY_MEMPOOL, ASSAY_E_RANGE, KX_FINALITY_MEMPOOL},
        {"accepted", KX_FINALITY_ACCEPTED, ASSAY_OK, KX_FINALITY_ACCEPTED},
        {"confirmed", KX_FINALITY_CONFIRMED, ASSAY_OK, KX_FINALITY_CONFIRMED},
        {"accepted, seen late", KX_FINALITY_ACCEPTED, ASSAY_OK, KX_FINALITY_CONFIRMED},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_PENDING);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
            struct kx_attempt a = {0};

            cr_expect_eq(store->ops->accept(store, paid.attempt.txid, rows[i].finality,
                                            PHASES_NOW + 2 + (int64_t)i, NULL),
                         rows[i].code, "%s", rows[i].name);
            cr_assert_eq(store->ops->load_attempt(store, &a, &arena, paid.attempt.txid, NULL),
                         ASSAY_OK);
            cr_expect_eq(a.finality, rows[i].after, "%s", rows[i].name);
            cr_expect_eq(a.changed_ms, i == 0 ? PHASES_NOW : PHASES_NOW + 3 + (i > 1), "%s",
                         rows[i].name);
            assay_arena_fini(&arena);
        }
        store->ops->close(store);
    }
}

Test(kx_store, replaces_a_reason_by_a_later_one_and_needs_one)
{
    char text[KX_STORE_REASON_MAX_BYTES + 1];
    const struct {
        const char *name;
        size_t len;
        enum assay_code code;
    } rows[] = {
        {"empty", 0, ASSAY_E_RANGE},
        {"the longest", KX_STORE_REASON_MAX_BYTES, ASSAY_OK},
        {"one more byte", KX_STORE_REASON_MAX_BYTES + 1, ASSAY_E_TOO_LARGE},
        {"short", 1, ASSAY_OK},
    };

    memset(text, 'r', sizeof(text));
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kx_attempt a = {0};
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_STARTED);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            cr_expect_eq(store->ops->mark_recovery(store, paid.attempt.txid,
                                                   assay_bytes_of(text, rows[i].len), PHASES_NOW,
                                                   NULL),
                         rows[i].code, "%s", rows[i].name);
        cr_assert_eq(store->ops->load_attempt(store, &a, &arena, paid.attempt.txid, NULL),
                     ASSAY_OK);
        cr_expect_eq(a.recovery.len, 1);
        assay_arena_fini(&arena);
        store->ops->close(store);
    }
}

Test(kx_store, needs_a_time_for_a_start_mark)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        bool begun = false;
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_ACCEPTED);
        cr_expect_eq(store->ops->begin_handler(store, paid.attempt.txid, KX_NO_TIME, &begun, NULL),
                     ASSAY_E_RANGE);
        kx_paid_expect(store, &paid, PHASE_ACCEPTED, kx_store_kinds[kind]);
        store->ops->close(store);
    }
}

Test(kx_store, says_which_payment_it_does_not_know)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_err err = {0};

        cr_expect_eq(store->ops->broadcast(store, "ab12", PHASES_NOW, &err), ASSAY_E_MISSING);
        cr_expect_str_eq(err.text, "store: broadcast: there is no attempt of transaction ab12");
        store->ops->close(store);
    }
}

Test(kx_store, lists_what_is_unresolved_oldest_first)
{
    static const enum kx_phase phases[] = {PHASE_RECOVERY, PHASE_APPLIED,  PHASE_PENDING,
                                           PHASE_RELEASED, PHASE_ANSWERED, PHASE_ACCEPTED};
    static const unsigned want[] = {1, 3, 5, 6};

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        char txids[ARRAY_LEN(want)][X402_HASH_TEXT_BYTES] = {""};
        size_t count = 99;

        cr_assert_eq(store->ops->unresolved(store, NULL, 0, &count, NULL), ASSAY_OK);
        cr_expect_eq(count, 0);
        for (unsigned n = 1; n <= ARRAY_LEN(phases); n++) {
            struct kx_paid paid;

            kx_paid_make(&paid, n);
            kx_paid_take_to(store, &paid, phases[n - 1]);
        }
        cr_assert_eq(store->ops->unresolved(store, txids, ARRAY_LEN(txids), &count, NULL),
                     ASSAY_OK);
        cr_assert_eq(count, ARRAY_LEN(want), "%s: %zu", kx_store_kinds[kind], count);
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
            struct kx_paid paid;

            kx_paid_make(&paid, want[i]);
            cr_expect_str_eq(txids[i], paid.attempt.txid, "%s: %zu", kx_store_kinds[kind], i);
        }
        cr_assert_eq(store->ops->unresolved(store, txids, 1, &count, NULL), ASSAY_OK);
        cr_expect_eq(count, ARRAY_LEN(want), "all are counted, whatever there is room for");
        store->ops->close(store);
    }
}

Test(kx_store, loads_into_the_arena_or_not_at_all)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena small = ASSAY_ARENA_INIT(64);
        struct kx_attempt a = {.amount = 42};
        struct assay_err err = {0};
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        kx_paid_take_to(store, &paid, PHASE_APPLIED);
        cr_expect_eq(store->ops->load_attempt(store, &a, &small, paid.attempt.txid, &err),
                     ASSAY_E_NOMEM);
        cr_expect_eq(a.amount, 42, "what was handed in is untouched");
        kx_paid_expect(store, &paid, PHASE_APPLIED, kx_store_kinds[kind]);
        assay_arena_fini(&small);
        store->ops->close(store);
    }
}
