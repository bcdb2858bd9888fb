/* Payments for tests of the Kaspa x402 store; see kx_phases.h. */
#include "ref/tests/kx_phases.h"

#include "store/kx_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOAD_BYTES = 1 << 20, PAYER = 0x55 };

#define FOLDER "/tmp/assay-kx-store-XXXXXX"

static char folder[sizeof(FOLDER)];
static char file[64];

const char *const kx_store_kinds[KX_STORE_KINDS] = {"memory", "sqlite"};

const struct kx_store_limits kx_store_test_limits = {.max_records = 10000,
                                                     .max_bytes = UINT64_C(16) << 30,
                                                     .max_per_payer = 10000,
                                                     .max_heads = 256,
                                                     .retention_ms = PHASES_RETENTION_MS};

const char *kx_phase_name(enum kx_phase phase)
{
    static const char *const names[] = {"unknown",   "pending",  "broadcast", "accepted",
                                        "started",   "recovery", "answered",  "applied",
                                        "compacted", "released"};

    _Static_assert(ARRAY_LEN(names) == PHASE__COUNT, "a phase has a name");
    return names[phase];
}

void kx_store_folder_make(void)
{
    memcpy(folder, FOLDER, sizeof(folder));
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_lt(snprintf(file, sizeof(file), "%s/store", folder), (int)sizeof(file));
}

void kx_store_folder_drop(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char name[80];

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        cr_assert_lt(snprintf(name, sizeof(name), "%s%s", file, ends[i]), (int)sizeof(name));
        (void)unlink(name);
    }
    (void)rmdir(folder);
}

const char *kx_store_file(void)
{
    return file;
}

enum assay_code kx_store_open(struct kx_store **out, size_t kind,
                              const struct kx_store_limits *limits, struct assay_err *err)
{
    return kind == KX_STORE_SQLITE ? kx_store_sqlite_open(out, file, limits, err)
                                   : kx_store_memory_open(out, limits, err);
}

struct kx_store *kx_store_opened(size_t kind)
{
    struct kx_store *store = NULL;
    struct assay_err err = {0};

    cr_assert_eq(kx_store_open(&store, kind, &kx_store_test_limits, &err), ASSAY_OK, "%s",
                 err.text);
    return store;
}

struct ref_sqlite_connection *kx_store_writer(struct kx_store *store)
{
    return &((struct kx_sqlite *)((struct kx_books *)store)->writer)->connection;
}

/* 64 hex digits that say what they are of. */
static void hash_of(char out[X402_HASH_TEXT_BYTES], unsigned n, unsigned what)
{
    cr_assert_eq(snprintf(out, X402_HASH_TEXT_BYTES, "%04x%060x", what, n), 64);
}

static struct kx_result result_of(int status)
{
    return (struct kx_result){.status = status,
                              .headers = {{ASSAY_LIT("content-type"), ASSAY_LIT("text/plain")},
                                          {ASSAY_LIT("x-empty"), ASSAY_LIT("")}},
                              .header_count = 2,
                              .body = ASSAY_LIT("what was paid for,\0 with a NUL")};
}

static void payment_of(struct kx_payment_record *p, const struct kx_paid *paid)
{
    const struct kx_attempt *a = &paid->attempt;

    *p = (struct kx_payment_record){.output_index = a->output_index,
                                    .identifier = a->identifier,
                                    .committed_ms = PHASES_NOW + 5,
                                    .answer = paid->result};
    memcpy(p->txid, a->txid, sizeof(p->txid));
    memcpy(p->fingerprint, a->fingerprint, sizeof(p->fingerprint));
    memcpy(p->payload_hash, a->payload_hash, sizeof(p->payload_hash));
    memcpy(p->scope, a->scope, sizeof(p->scope));
    p->answer.headers[p->answer.header_count++] =
        (struct kx_field){ASSAY_LIT("PAYMENT-RESPONSE"), ASSAY_LIT("e30=")};
}

void kx_paid_make(struct kx_paid *paid, unsigned n)
{
    static const uint8_t spk[] = {0, 0, 0x20, 1, 2, 3, 0xac};
    struct kx_attempt *a = &paid->attempt;

    *paid = (struct kx_paid){.result = result_of(203)};
    cr_assert_gt(snprintf(paid->identifier, sizeof(paid->identifier), "identifier-%08x", n), 0);
    cr_assert_gt(snprintf(paid->transaction, sizeof(paid->transaction), "{\"id\":%u}", n), 0);
    *a = (struct kx_attempt){
        .profile = KX_STANDARD_NATIVE,
        .amount = UINT64_C(20000000) + n,
        .output_index = n % 2,
        .identifier = assay_str(paid->identifier),
        .authorization_expires_ms = PHASES_NOW + 60000,
        .challenge_expires_ms = KX_NO_TIME,
        .pay_to_spk = {spk, sizeof(spk)},
        .transaction = assay_str(paid->transaction),
        .required = KX_FINALITY_CONFIRMED,
        .since = ASSAY_LIT("5555555555555555555555555555555555555555555555555555555555555555"),
        .handler_started_ms = KX_NO_TIME,
    };
    hash_of(a->txid, n, 0x1111);
    hash_of(a->fingerprint, n, 0x2222);
    hash_of(a->requirements_hash, n, 0x3333);
    hash_of(a->payload_hash, n, 0x4444);
    hash_of(a->authorization_id, n, 0x5555);
    hash_of(a->scope, n, 0x6666);
    memset(a->payer, PAYER, sizeof(a->payer));
    payment_of(&paid->payment, paid);
}

void kx_paid_for_head(struct kx_paid *paid, const struct kx_head_record *head)
{
    struct kx_attempt *a = &paid->attempt;

    a->profile = KX_ADDITIVE;
    a->output_index = 0;
    a->challenge_expires_ms = PHASES_NOW + 70000;
    a->has_head = true;
    memcpy(a->head_id, head->id, sizeof(a->head_id));
    a->head_version = head->version;
    a->head_next_amount = head->amount + a->amount;
    payment_of(&paid->payment, paid);
}

struct kx_head_record kx_head_of(unsigned n)
{
    struct kx_head_record h = {.version = 7,
                               .outpoint.index = 3,
                               .amount = UINT64_C(900000000) + n,
                               .threshold = 10000000,
                               .status = KX_HEAD_AVAILABLE};

    memset(h.id, (int)n, sizeof(h.id));
    memset(h.outpoint.txid.at, (int)n, sizeof(h.outpoint.txid.at));
    memset(h.owner, 0x77, sizeof(h.owner));
    return h;
}

void kx_head_registered(struct kx_store *store, const struct kx_head_record *head)
{
    struct assay_err err = {0};

    cr_assert_eq(store->ops->register_head(store, head, &err), ASSAY_OK, "%s", err.text);
}

struct kx_head_record kx_head_loaded(struct kx_store *store, const struct kx_head_record *head)
{
    struct kx_head_record h = {0};
    struct assay_err err = {0};

    cr_assert_eq(store->ops->load_head(store, &h, head->id, &err), ASSAY_OK, "%s", err.text);
    return h;
}

enum kx_claim_result kx_claimed(struct kx_store *store, const struct kx_paid *paid)
{
    enum kx_claim_result result = KX_CLAIM_FULL;
    struct assay_err err = {0};

    cr_assert_eq(store->ops->claim(store, &paid->attempt, PHASES_NOW, &result, &err), ASSAY_OK,
                 "%s", err.text);
    return result;
}

bool kx_begun(struct kx_store *store, const struct kx_paid *paid)
{
    bool begun = false;
    struct assay_err err = {0};

    cr_assert_eq(store->ops->begin_handler(store, paid->attempt.txid, PHASES_MARK, &begun, &err),
                 ASSAY_OK, "%s", err.text);
    return begun;
}

static enum assay_code step_to(struct kx_store *store, const struct kx_paid *paid,
                               enum kx_phase phase)
{
    const struct kx_store_ops *ops = store->ops;
    const char *txid = paid->attempt.txid;

    switch (phase) {
    case PHASE_PENDING:
        return kx_claimed(store, paid) == KX_CLAIM_CREATED ? ASSAY_OK : ASSAY_E_CONFLICT;
    case PHASE_BROADCAST:
        return ops->broadcast(store, txid, PHASES_NOW + 1, NULL);
    case PHASE_ACCEPTED:
        return ops->accept(store, txid, KX_FINALITY_ACCEPTED, PHASES_NOW + 2, NULL);
    case PHASE_STARTED:
        return kx_begun(store, paid) ? ASSAY_OK : ASSAY_E_CONFLICT;
    case PHASE_RECOVERY:
        return ops->mark_recovery(store, txid, ASSAY_LIT("it fell over"), PHASES_NOW + 4, NULL);
    case PHASE_ANSWERED:
        return ops->record_result(store, txid, &paid->result, PHASES_NOW + 4, NULL);
    case PHASE_APPLIED:
        return ops->commit(store, &paid->payment, NULL);
    case PHASE_COMPACTED:
        return ops->sweep(store, PHASES_NOW, NULL);
    case PHASE_RELEASED:
        return ops->abandon(store, txid, PHASES_NOW + 1, NULL);
    case PHASE_UNKNOWN:
    case PHASE__COUNT:
        break;
    }
    return ASSAY_OK;
}

void kx_paid_take_to(struct kx_store *store, struct kx_paid *paid, enum kx_phase phase)
{
    static const enum kx_phase ways[PHASE__COUNT][PHASE__COUNT] = {
        [PHASE_PENDING] = {PHASE_PENDING},
        [PHASE_BROADCAST] = {PHASE_PENDING, PHASE_BROADCAST},
        [PHASE_ACCEPTED] = {PHASE_PENDING, PHASE_ACCEPTED},
        [PHASE_STARTED] = {PHASE_PENDING, PHASE_ACCEPTED, PHASE_STARTED},
        [PHASE_RECOVERY] = {PHASE_PENDING, PHASE_ACCEPTED, PHASE_STARTED, PHASE_RECOVERY},
        [PHASE_ANSWERED] = {PHASE_PENDING, PHASE_ACCEPTED, PHASE_STARTED, PHASE_ANSWERED},
        [PHASE_APPLIED] = {PHASE_PENDING, PHASE_ACCEPTED, PHASE_STARTED, PHASE_ANSWERED,
                           PHASE_APPLIED},
        [PHASE_COMPACTED] = {PHASE_PENDING, PHASE_ACCEPTED, PHASE_STARTED, PHASE_ANSWERED,
                             PHASE_APPLIED, PHASE_COMPACTED},
        [PHASE_RELEASED] = {PHASE_PENDING, PHASE_RELEASED},
    };

    if (phase == PHASE_COMPACTED) /* its retention is over now, no other's is */
        paid->payment.committed_ms = PHASES_NOW - PHASES_RETENTION_MS;
    for (size_t i = 0; i < PHASE__COUNT && ways[phase][i] != PHASE_UNKNOWN; i++)
        cr_assert_eq(step_to(store, paid, ways[phase][i]), ASSAY_OK, "to %s by %s",
                     kx_phase_name(phase), kx_phase_name(ways[phase][i]));
}

static bool same_result(const struct kx_result *a, const struct kx_result *b)
{
    bool same = a->status == b->status && a->header_count == b->header_count &&
                assay_bytes_equal(a->body, b->body);

    for (size_t i = 0; i < a->header_count && same; i++)
        same = assay_bytes_equal(a->headers[i].name, b->headers[i].name) &&
               assay_bytes_equal(a->headers[i].value, b->headers[i].value);
    return same;
}

static void expect_terms(const struct kx_attempt *a, const struct kx_attempt *want,
                         const char *when)
{
    cr_expect_str_eq(a->txid, want->txid, "%s", when);
    cr_expect_eq(a->profile, want->profile, "%s", when);
    cr_expect_eq(a->amount, want->amount, "%s", when);
    cr_expect_eq(a->output_index, want->output_index, "%s", when);
    cr_expect_str_eq(a->fingerprint, want->fingerprint, "%s", when);
    cr_expect_str_eq(a->requirements_hash, want->requirements_hash, "%s", when);
    cr_expect_str_eq(a->payload_hash, want->payload_hash, "%s", when);
    cr_expect_str_eq(a->authorization_id, want->authorization_id, "%s", when);
    cr_expect_str_eq(a->scope, want->scope, "%s", when);
    cr_expect(assay_bytes_equal(a->identifier, want->identifier), "%s", when);
    cr_expect_eq(a->authorization_expires_ms, want->authorization_expires_ms, "%s", when);
    cr_expect_eq(a->challenge_expires_ms, want->challenge_expires_ms, "%s", when);
    cr_expect(assay_bytes_equal(a->pay_to_spk, want->pay_to_spk), "%s", when);
    cr_expect_eq(a->required, want->required, "%s", when);
    cr_expect_eq(memcmp(a->payer, want->payer, sizeof(a->payer)), 0, "%s", when);
    cr_expect_eq(a->has_head, want->has_head, "%s", when);
    cr_expect_eq(memcmp(a->head_id, want->head_id, sizeof(a->head_id)), 0, "%s", when);
    cr_expect_eq(a->head_version, want->head_version, "%s", when);
    cr_expect_eq(a->head_next_amount, want->head_next_amount, "%s", when);
    cr_expect(assay_bytes_equal(a->since, want->since), "%s", when);
    cr_expect_eq(a->claimed_ms, PHASES_NOW, "%s", when);
}

static void expect_charge(const struct kx_attempt *a, const struct kx_attempt *want,
                          const char *when)
{
    static const struct kx_charge spent;
    const uint8_t *voucher =
        a->status == KX_APPLIED ? spent.voucher : want->charge.voucher; /* the channel has it */

    cr_expect_eq(a->has_channel, want->has_channel, "%s", when);
    cr_expect_str_eq(a->charge.channel_id, want->charge.channel_id, "%s", when);
    cr_expect_eq(a->charge.version, want->charge.version, "%s", when);
    cr_expect_eq(a->charge.before, want->charge.before, "%s", when);
    cr_expect_eq(a->charge.after, want->charge.after, "%s", when);
    cr_expect_eq(memcmp(a->charge.voucher, voucher, sizeof(a->charge.voucher)), 0, "%s", when);
    cr_expect_str_eq(a->charge.commitment_id, want->charge.commitment_id, "%s", when);
    cr_expect_null(a->deposit, "%s", when);
}

static void expect_progress(const struct kx_attempt *a, const struct kx_paid *paid,
                            enum kx_phase phase, const char *when)
{
    bool is_applied = phase == PHASE_APPLIED || phase == PHASE_COMPACTED;
    bool is_accepted = phase >= PHASE_ACCEPTED;
    bool is_started = phase >= PHASE_STARTED;

    cr_expect_eq(a->status,
                 is_applied                 ? KX_APPLIED
                 : is_accepted              ? KX_ACCEPTED
                 : phase == PHASE_BROADCAST ? KX_BROADCAST
                                            : KX_PENDING,
                 "%s: status %d", when, (int)a->status);
    cr_expect_eq(a->finality,
                 !is_accepted     ? KX_FINALITY_MEMPOOL
                 : a->has_channel ? KX_FINALITY_CONFIRMED
                                  : KX_FINALITY_ACCEPTED,
                 "%s", when);
    cr_expect_eq(a->handler_started_ms, is_started ? PHASES_MARK : KX_NO_TIME, "%s", when);
    cr_expect(assay_bytes_is(a->transaction, is_applied ? "" : paid->transaction), "%s", when);
    cr_expect(assay_bytes_is(a->recovery, phase == PHASE_RECOVERY ? "it fell over" : ""),
              "%s: recovery", when);
    cr_expect_eq(a->has_result, phase == PHASE_ANSWERED, "%s", when);
    if (phase == PHASE_ANSWERED)
        cr_expect(same_result(&a->result, &paid->result), "%s: the result", when);
}

static void expect_identifier(struct kx_store *store, const struct kx_paid *paid,
                              enum kx_phase phase, const char *when)
{
    static const enum kx_identifier_state states[PHASE__COUNT] = {
        [PHASE_UNKNOWN] = KX_ID_NONE,        [PHASE_PENDING] = KX_ID_PENDING,
        [PHASE_BROADCAST] = KX_ID_PENDING,   [PHASE_ACCEPTED] = KX_ID_PENDING,
        [PHASE_STARTED] = KX_ID_PENDING,     [PHASE_RECOVERY] = KX_ID_RECOVERY,
        [PHASE_ANSWERED] = KX_ID_PENDING,    [PHASE_APPLIED] = KX_ID_COMPLETED,
        [PHASE_COMPACTED] = KX_ID_COMPLETED, [PHASE_RELEASED] = KX_ID_RELEASED,
    };
    struct kx_identifier_record r = {0};

    cr_assert_eq(store->ops->load_identifier(store, &r, paid->attempt.identifier, NULL), ASSAY_OK);
    cr_expect_eq(r.state, states[phase], "%s: the identifier is %d", when, (int)r.state);
    if (r.state == KX_ID_NONE)
        return;
    cr_expect_str_eq(r.txid, paid->attempt.txid, "%s", when);
    cr_expect_str_eq(r.fingerprint, paid->attempt.fingerprint, "%s", when);
    cr_expect_str_eq(r.payload_hash, paid->attempt.payload_hash, "%s", when);
    cr_expect_str_eq(r.scope, paid->attempt.scope, "%s", when);
}

static void expect_payment(struct kx_store *store, const struct kx_paid *paid,
                           struct assay_arena *arena, bool is_compacted, const char *when)
{
    const struct kx_payment_record want = paid->payment;
    struct kx_payment_record p = {0};

    cr_assert_eq(store->ops->load_payment(store, &p, arena, want.txid, NULL), ASSAY_OK, "%s", when);
    cr_expect_str_eq(p.txid, want.txid, "%s", when);
    cr_expect_str_eq(p.fingerprint, want.fingerprint, "%s", when);
    cr_expect_str_eq(p.payload_hash, want.payload_hash, "%s", when);
    cr_expect_str_eq(p.scope, want.scope, "%s", when);
    cr_expect_str_eq(p.settlement, want.settlement, "%s", when);
    cr_expect_eq(p.output_index, want.output_index, "%s", when);
    cr_expect(assay_bytes_equal(p.identifier, want.identifier), "%s", when);
    cr_expect_eq(p.committed_ms, want.committed_ms, "%s", when);
    cr_expect_eq(p.is_compacted, is_compacted, "%s", when);
    if (is_compacted)
        cr_expect_eq(p.answer.status, 0, "%s: the answer is gone", when);
    else
        cr_expect(same_result(&p.answer, &want.answer), "%s: the answer", when);
}

void kx_paid_expect(struct kx_store *store, const struct kx_paid *paid, enum kx_phase phase,
                    const char *when)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(LOAD_BYTES);
    bool is_there = phase != PHASE_UNKNOWN && phase != PHASE_RELEASED;
    bool is_applied = phase == PHASE_APPLIED || phase == PHASE_COMPACTED;
    enum assay_code there = is_there ? ASSAY_OK : ASSAY_E_MISSING;
    struct kx_attempt a = {0};
    struct kx_payment_record p;
    char txid[X402_HASH_TEXT_BYTES] = "";

    cr_assert_eq(store->ops->load_attempt(store, &a, &arena, paid->attempt.txid, NULL), there, "%s",
                 when);
    if (is_there) {
        expect_terms(&a, &paid->attempt, when);
        expect_charge(&a, &paid->attempt, when);
        expect_progress(&a, paid, phase, when);
    }
    cr_expect_eq(store->ops->find_scope(store, txid, paid->attempt.scope, NULL), there, "%s", when);
    cr_expect_str_eq(txid, is_there ? paid->attempt.txid : "", "%s", when);
    expect_identifier(store, paid, phase, when);
    if (is_applied)
        expect_payment(store, paid, &arena, phase == PHASE_COMPACTED, when);
    else
        cr_expect_eq(store->ops->load_payment(store, &p, &arena, paid->attempt.txid, NULL),
                     ASSAY_E_MISSING, "%s", when);
    assay_arena_fini(&arena);
}
