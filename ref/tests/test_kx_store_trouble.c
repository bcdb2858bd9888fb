/* The Kaspa x402 store when anything beneath it fails: an operation that returns an error has
 * changed nothing, says that it is trouble and never what it would have decided, and done again it
 * does what it should. Source: kx_store.h; Kaspa x402 exact digest, section 12. */
#include "ref/tests/kx_trouble.h"

#include <stdio.h>

TestSuite(kx_store_trouble, .init = kx_trouble_make, .fini = kx_store_folder_drop, .timeout = 300);

enum kind { PLAIN, OF_HEAD, DEPOSIT, DEPOSIT_AGAIN, OF_LANE, KINDS };
static const char *const kind_names[KINDS] = {"plain", "of a head", "a deposit", "a known deposit",
                                              "of a channel"};

/* ---- steps of a payment ---- */

static enum assay_code claim(struct kx_troubled *s)
{
    enum kx_claim_result result = KX_CLAIM_FULL;
    enum assay_code code =
        s->store->ops->claim(s->store, &s->paid.attempt, PHASES_NOW, &result, &s->err);

    return code == ASSAY_OK && result != KX_CLAIM_CREATED ? ASSAY_E_CONFLICT : code;
}

static enum assay_code broadcast(struct kx_troubled *s)
{
    return s->store->ops->broadcast(s->store, s->paid.attempt.txid, PHASES_NOW, &s->err);
}

static enum assay_code accept_it(struct kx_troubled *s)
{
    return s->store->ops->accept(s->store, s->paid.attempt.txid, KX_FINALITY_ACCEPTED, PHASES_NOW,
                                 &s->err);
}

static enum assay_code begin(struct kx_troubled *s)
{
    bool begun = false;
    enum assay_code code =
        s->store->ops->begin_handler(s->store, s->paid.attempt.txid, PHASES_MARK, &begun, &s->err);

    return code == ASSAY_OK && !begun ? ASSAY_E_CONFLICT : code;
}

static enum assay_code reset(struct kx_troubled *s)
{
    return s->store->ops->reset_handler(s->store, s->paid.attempt.txid, PHASES_MARK, &s->err);
}

static enum assay_code record(struct kx_troubled *s)
{
    return s->store->ops->record_result(s->store, s->paid.attempt.txid, &s->paid.result, PHASES_NOW,
                                        &s->err);
}

static enum assay_code recover(struct kx_troubled *s)
{
    return s->store->ops->mark_recovery(s->store, s->paid.attempt.txid, ASSAY_LIT("it fell over"),
                                        PHASES_NOW, &s->err);
}

static enum assay_code commit(struct kx_troubled *s)
{
    return s->store->ops->commit(s->store, &s->paid.payment, &s->err);
}

static enum assay_code abandon(struct kx_troubled *s)
{
    return s->store->ops->abandon(s->store, s->paid.attempt.txid, PHASES_NOW, &s->err);
}

static const struct step {
    const char *name;
    enum assay_code (*act)(struct kx_troubled *s);
    enum kx_phase from, to;
    enum { OF_ALL, OF_COINS, OF_CHANNELS } of; /* a channel's are ACCEPTED from their claim on */
} steps[] = {
    {"claim", claim, PHASE_UNKNOWN, PHASE_PENDING, OF_COINS},
    {"claim", claim, PHASE_UNKNOWN, PHASE_ACCEPTED, OF_CHANNELS},
    {"claim what was released", claim, PHASE_RELEASED, PHASE_PENDING, OF_COINS},
    {"broadcast", broadcast, PHASE_PENDING, PHASE_BROADCAST, OF_COINS},
    {"accept", accept_it, PHASE_PENDING, PHASE_ACCEPTED, OF_COINS},
    {"begin", begin, PHASE_ACCEPTED, PHASE_STARTED, OF_ALL},
    {"reset", reset, PHASE_RECOVERY, PHASE_ACCEPTED, OF_ALL},
    {"record", record, PHASE_STARTED, PHASE_ANSWERED, OF_ALL},
    {"record after recovery", record, PHASE_RECOVERY, PHASE_ANSWERED, OF_ALL},
    {"recover", recover, PHASE_STARTED, PHASE_RECOVERY, OF_ALL},
    {"commit", commit, PHASE_ANSWERED, PHASE_APPLIED, OF_ALL},
    {"abandon", abandon, PHASE_PENDING, PHASE_RELEASED, OF_COINS},
    {"abandon", abandon, PHASE_ACCEPTED, PHASE_RELEASED, OF_CHANNELS},
};

struct step_of {
    enum kind kind;
    const struct step *step;
};

/* The channel as the payment's phase leaves it. */
static void expect_lane(struct kx_troubled *s, enum kind kind, enum kx_phase phase,
                        const char *when)
{
    struct kx_lane_record want = s->lane.record;

    if (kind < DEPOSIT || (kind == DEPOSIT && phase == PHASE_UNKNOWN))
        return;
    if (phase == PHASE_APPLIED)
        kx_lane_charged(&want, &s->paid);
    else if (phase != PHASE_UNKNOWN && phase != PHASE_RELEASED)
        memcpy(want.lease, s->paid.attempt.txid, sizeof(want.lease));
    kx_lane_expect(s->store, &want, when);
}

static void expect_head(struct kx_troubled *s, enum kind kind, enum kx_phase phase,
                        const char *when)
{
    bool is_free = phase == PHASE_UNKNOWN || phase == PHASE_RELEASED;
    bool is_moved = phase >= PHASE_ACCEPTED && phase != PHASE_RELEASED;
    struct kx_head_record h;

    if (kind != OF_HEAD)
        return;
    h = kx_head_loaded(s->store, &s->head);
    cr_expect_eq(h.status, is_free || is_moved ? KX_HEAD_AVAILABLE : KX_HEAD_CLAIMED, "%s", when);
    cr_expect_eq(h.version, s->head.version + is_moved, "%s", when);
    cr_expect_eq(h.amount, s->head.amount + (is_moved ? s->paid.attempt.amount : 0), "%s", when);
}

static void expect(struct kx_troubled *s, bool is_done, const char *when)
{
    const struct step_of *of = s->what;
    enum kx_phase phase = is_done ? of->step->to : of->step->from;

    kx_paid_expect(s->store, &s->paid, phase, when);
    expect_lane(s, of->kind, phase, when);
    expect_head(s, of->kind, phase, when);
}

static void make(struct kx_troubled *s, enum kind kind, unsigned n)
{
    switch (kind) {
    case PLAIN:
        kx_paid_make(&s->paid, n);
        break;
    case OF_HEAD:
        kx_paid_make(&s->paid, n);
        s->head = kx_head_of(n);
        kx_head_registered(s->store, &s->head);
        kx_paid_for_head(&s->paid, &s->head);
        break;
    case DEPOSIT:
        kx_lane_make(&s->lane, n);
        kx_paid_deposits(&s->paid, n, &s->lane.record);
        break;
    case DEPOSIT_AGAIN:
        kx_lane_opened(s->store, &s->lane, n);
        kx_paid_deposits(&s->paid, n, &s->lane.record);
        break;
    case OF_LANE:
        kx_lane_opened(s->store, &s->lane, n);
        kx_paid_for_lane(&s->paid, n, &s->lane.record);
        break;
    case KINDS:
        break;
    }
}

static void open_step(struct kx_troubled *s, unsigned n)
{
    const struct step_of *of = s->what;

    make(s, of->kind, n);
    kx_paid_take_to(s->store, &s->paid, of->step->from);
}

/* Every step of every kind. */
static void expect_steps(enum store_trouble trouble)
{
    for (size_t i = 0; i < KX_STORE_KINDS * KINDS * ARRAY_LEN(steps); i++) {
        const struct step_of of = {i / KX_STORE_KINDS % KINDS, &steps[i / KX_STORE_KINDS / KINDS]};
        struct kx_trouble_flow flow = {.open = open_step, .act = of.step->act, .expect = expect};
        char name[64];

        if (of.step->of == (of.kind < DEPOSIT ? OF_CHANNELS : OF_COINS))
            continue;
        cr_assert_gt(snprintf(name, sizeof(name), "%s %s", of.step->name, kind_names[of.kind]), 0);
        flow.name = name;
        kx_trouble_expect(i % KX_STORE_KINDS, trouble, &flow, &of);
    }
}

Test(kx_store_trouble, of_memory_changes_nothing_of_a_payment)
{
    expect_steps(TROUBLE_MEMORY);
}

Test(kx_store_trouble, of_the_librarys_memory_changes_nothing_of_a_payment)
{
    expect_steps(TROUBLE_LIBRARY);
}

Test(kx_store_trouble, of_a_statement_changes_nothing_of_a_payment)
{
    expect_steps(TROUBLE_STATEMENT);
}

Test(kx_store_trouble, of_the_file_changes_nothing_of_a_payment)
{
    expect_steps(TROUBLE_FILE);
}

/* ---- what only reads ---- */

static struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
static char ids[4][X402_HASH_TEXT_BYTES];

static void open_read(struct kx_troubled *s, unsigned n)
{
    make(s, OF_LANE, n);
    kx_paid_take_to(s->store, &s->paid, PHASE_APPLIED);
    s->head = kx_head_of(n);
    kx_head_registered(s->store, &s->head);
}

static enum assay_code read_attempt(struct kx_troubled *s)
{
    struct kx_attempt out;

    return s->store->ops->load_attempt(s->store, &out, &arena, s->paid.attempt.txid, &s->err);
}

static enum assay_code read_payment(struct kx_troubled *s)
{
    struct kx_payment_record out;

    return s->store->ops->load_payment(s->store, &out, &arena, s->paid.attempt.txid, &s->err);
}

static enum assay_code read_identifier(struct kx_troubled *s)
{
    struct kx_identifier_record out;

    return s->store->ops->load_identifier(s->store, &out, s->paid.attempt.identifier, &s->err);
}

static enum assay_code read_scope(struct kx_troubled *s)
{
    return s->store->ops->find_scope(s->store, ids[0], s->paid.attempt.scope, &s->err);
}

static enum assay_code read_unresolved(struct kx_troubled *s)
{
    size_t count;

    return s->store->ops->unresolved(s->store, ids, ARRAY_LEN(ids), &count, &s->err);
}

static enum assay_code read_some_head(struct kx_troubled *s)
{
    struct kx_head_record out;

    return s->store->ops->select_head(s->store, &out, 1, &s->err);
}

static enum assay_code read_head(struct kx_troubled *s)
{
    struct kx_head_record out;

    return s->store->ops->load_head(s->store, &out, s->head.id, &s->err);
}

static enum assay_code read_channel(struct kx_troubled *s)
{
    struct kx_lane_record out;

    return s->store->ops->load_channel(s->store, &out, &arena, s->lane.record.channel_id, true,
                                       &s->err);
}

static enum assay_code read_operation(struct kx_troubled *s)
{
    struct kx_lane_operation out;
    enum assay_code code =
        s->store->ops->load_operation(s->store, &out, &arena, s->paid.attempt.txid, &s->err);

    return code == ASSAY_E_MISSING ? ASSAY_OK : code; /* there is none: that is its answer */
}

static enum assay_code read_claimable(struct kx_troubled *s)
{
    size_t count;

    return s->store->ops->claimable(s->store, ids, ARRAY_LEN(ids), &count, &s->err);
}

static void expect_applied(struct kx_troubled *s, bool is_done, const char *when)
{
    (void)is_done;
    kx_paid_expect(s->store, &s->paid, PHASE_APPLIED, when);
}

/* Trouble is told as such, and never as that there is nothing. */
Test(kx_store_trouble, of_anything_is_no_answer_to_who_asks)
{
    static const struct kx_trouble_flow flows[] = {
        {"load attempt", open_read, read_attempt, expect_applied},
        {"load payment", open_read, read_payment, expect_applied},
        {"load identifier", open_read, read_identifier, expect_applied},
        {"find scope", open_read, read_scope, expect_applied},
        {"list what is unresolved", open_read, read_unresolved, expect_applied},
        {"select head", open_read, read_some_head, expect_applied},
        {"load head", open_read, read_head, expect_applied},
        {"load channel", open_read, read_channel, expect_applied},
        {"load operation", open_read, read_operation, expect_applied},
        {"list what can be claimed", open_read, read_claimable, expect_applied},
    };

    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        for (enum store_trouble trouble = 0; trouble < TROUBLE__COUNT; trouble++)
            for (size_t kind = 0; kind < KX_STORE_KINDS; kind++)
                kx_trouble_expect(kind, trouble, &flows[i], NULL);
    assay_arena_fini(&arena);
}
