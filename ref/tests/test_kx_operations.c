/* Operations on channels in the Kaspa x402 store, asked of both implementations: what each call
 * does in each step of a claim's, a top-up's or a refund's life, and who is in whose way. */
#include "ref/tests/kx_lanes.h"

#include <stdio.h>

TestSuite(kx_operations, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

enum phase { UNKNOWN, PENDING, BROADCAST, ACCEPTED, APPLIED, PHASES };
static const char *const phase_names[PHASES] = {"unknown", "pending", "broadcast", "accepted",
                                                "applied"};

/* A channel with 10,000 charged, and a claim of 4,000. */
struct scene {
    struct kx_store *store;
    struct kx_test_lane lane; /* as it should be */
    struct kx_lane_operation operation;
};

enum outcome { DONE, MISSING, MISMATCH, RANGE, BEGUN, EXISTS, LEASED, MOVED, ELSE };

static enum outcome of_code(enum assay_code code)
{
    return code == ASSAY_OK           ? DONE
           : code == ASSAY_E_MISSING  ? MISSING
           : code == ASSAY_E_MISMATCH ? MISMATCH
           : code == ASSAY_E_RANGE    ? RANGE
                                      : ELSE;
}

static enum outcome begin_it(struct kx_store *store, const struct kx_lane_operation *o)
{
    static const enum outcome of[] = {[KX_OPERATION_BEGUN] = BEGUN,
                                      [KX_OPERATION_EXISTS] = EXISTS,
                                      [KX_OPERATION_LEASED] = LEASED,
                                      [KX_OPERATION_MOVED] = MOVED};
    enum kx_operation_result result = KX_OPERATION_MOVED;
    enum assay_code code = store->ops->begin_operation(store, o, PHASES_NOW, &result, NULL);

    return code == ASSAY_OK ? of[result] : of_code(code);
}

static enum outcome begin(struct scene *s)
{
    return begin_it(s->store, &s->operation);
}

static enum outcome begin_other_bytes(struct scene *s)
{
    struct kx_lane_operation other = s->operation;

    other.transaction = ASSAY_LIT("{\"version\":1,\"mass\":7}");
    return begin_it(s->store, &other);
}

static enum outcome begin_other_amount(struct scene *s)
{
    struct kx_lane_operation other = s->operation;

    other.amount++;
    other.successor.value--;
    other.successor.claimed++;
    return begin_it(s->store, &other);
}

static enum outcome begin_other_version(struct scene *s)
{
    struct kx_lane_operation other = s->operation;

    other.version++;
    return begin_it(s->store, &other);
}

static enum outcome begin_another(struct scene *s)
{
    struct kx_lane_operation other = s->operation;

    other.txid[0] = 'e';
    return begin_it(s->store, &other);
}

static enum outcome broadcast(struct scene *s)
{
    return of_code(
        s->store->ops->broadcast_operation(s->store, s->operation.txid, PHASES_NOW, NULL));
}

static enum outcome accept_it(struct scene *s)
{
    return of_code(
        s->store->ops->accept_operation(s->store, s->operation.txid, 30, PHASES_NOW, NULL));
}

static enum outcome accept_early(struct scene *s)
{
    return of_code(
        s->store->ops->accept_operation(s->store, s->operation.txid, 29, PHASES_NOW, NULL));
}

/* The channel as the operation leaves it. */
static struct kx_lane_record after(const struct scene *s)
{
    struct kx_lane_record to = s->lane.record;

    kx_lane_after(&to, &s->operation);
    to.lineage = ASSAY_LIT("[\"genesis\",\"claim\"]");
    return to;
}

static enum outcome apply_to(struct scene *s, const struct kx_lane_record *to)
{
    bool applied = false;
    enum assay_code code =
        s->store->ops->apply_operation(s->store, s->operation.txid, to, PHASES_NOW, &applied, NULL);

    return code != ASSAY_OK ? of_code(code) : applied ? DONE : MOVED;
}

static enum outcome apply(struct scene *s)
{
    struct kx_lane_record to = after(s);

    return apply_to(s, &to);
}

static enum outcome abandon(struct scene *s)
{
    return of_code(s->store->ops->abandon_operation(s->store, s->operation.txid, NULL));
}

/* By phase; where `to` is not given the phase stays, but for what is abandoned. */
static const struct {
    const char *name;
    enum outcome (*act)(struct scene *s);
    enum outcome want[PHASES];
    enum phase to[PHASES];
    bool ends; /* it is gone where that was done */
} acts[] = {
    {"begin", begin, {BEGUN, EXISTS, EXISTS, EXISTS, EXISTS}, {[UNKNOWN] = PENDING}, false},
    {"begin with other bytes",
     begin_other_bytes,
     {ELSE, MISMATCH, MISMATCH, MISMATCH, EXISTS},
     {0},
     false},
    {"begin with another amount",
     begin_other_amount,
     {ELSE, MISMATCH, MISMATCH, MISMATCH, MISMATCH},
     {0},
     false},
    {"begin at another version",
     begin_other_version,
     {ELSE, MISMATCH, MISMATCH, MISMATCH, MISMATCH},
     {0},
     false},
    {"begin another", begin_another, {ELSE, LEASED, LEASED, LEASED, MOVED}, {0}, false},
    {"broadcast", broadcast, {MISSING, DONE, DONE, DONE, DONE}, {[PENDING] = BROADCAST}, false},
    {"accept",
     accept_it,
     {MISSING, DONE, DONE, DONE, DONE},
     {[PENDING] = ACCEPTED, [BROADCAST] = ACCEPTED},
     false},
    {"accept early", accept_early, {MISSING, RANGE, RANGE, DONE, DONE}, {0}, false},
    {"apply", apply, {MISSING, MISMATCH, MISMATCH, DONE, DONE}, {[ACCEPTED] = APPLIED}, false},
    {"abandon", abandon, {MISSING, DONE, DONE, MISMATCH, MISMATCH}, {0}, true},
};

static void scene_make(struct scene *s, struct kx_store *store, unsigned n)
{
    struct kx_paid paid;

    *s = (struct scene){.store = store};
    kx_lane_make(&s->lane, n);
    kx_paid_deposits(&paid, n, &s->lane.record);
    paid.attempt.amount = paid.attempt.charge.after = 10000;
    kx_paid_take_to(store, &paid, PHASE_APPLIED);
    kx_lane_charged(&s->lane.record, &paid);
    s->operation = kx_operation_of(n, KX_CLAIM, &s->lane.record, 4000);
}

static void take_to(struct scene *s, enum phase phase)
{
    if (phase != UNKNOWN)
        cr_assert_eq(begin(s), BEGUN);
    if (phase == BROADCAST)
        cr_assert_eq(broadcast(s), DONE);
    if (phase >= ACCEPTED)
        cr_assert_eq(accept_it(s), DONE);
    if (phase == APPLIED)
        cr_assert_eq(apply(s), DONE);
}

static void expect_kept(const struct kx_lane_operation *o, const struct scene *s, enum phase phase,
                        const char *when)
{
    static const enum kx_attempt_status statuses[PHASES] = {[PENDING] = KX_PENDING,
                                                            [BROADCAST] = KX_BROADCAST,
                                                            [ACCEPTED] = KX_ACCEPTED,
                                                            [APPLIED] = KX_APPLIED};
    const struct kx_lane_operation *want = &s->operation;

    cr_expect(strcmp(o->channel_id, want->channel_id) == 0, "%s", when);
    cr_expect_eq(o->version, want->version, "%s", when);
    cr_expect_eq(o->kind, want->kind, "%s", when);
    cr_expect_eq(o->amount, want->amount, "%s", when);
    cr_expect_eq(o->confirmations, want->confirmations, "%s", when);
    cr_expect_eq(o->has_successor, want->has_successor, "%s", when);
    cr_expect(kaspa_outpoint_equal(&o->successor.outpoint, &want->successor.outpoint), "%s", when);
    cr_expect_eq(o->successor.value, want->successor.value, "%s", when);
    cr_expect_eq(o->successor.claimed, want->successor.claimed, "%s", when);
    cr_expect_eq(o->status, statuses[phase], "%s: status %d", when, (int)o->status);
    cr_expect_eq(o->transaction.len, phase == APPLIED ? 0 : want->transaction.len, "%s", when);
    cr_expect_eq(o->begun_ms, PHASES_NOW, "%s", when);
}

static void expect_scene(const struct scene *s, enum phase phase, const char *when)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_lane_record want = phase == APPLIED ? after(s) : s->lane.record;
    char txids[1][X402_HASH_TEXT_BYTES];
    struct kx_lane_operation o;
    size_t open = 9;

    cr_assert_eq(s->store->ops->load_operation(s->store, &o, &arena, s->operation.txid, NULL),
                 phase == UNKNOWN ? ASSAY_E_MISSING : ASSAY_OK, "%s", when);
    if (phase != UNKNOWN)
        expect_kept(&o, s, phase, when);
    want.version += phase == APPLIED;
    if (phase != UNKNOWN && phase != APPLIED)
        memcpy(want.lease, s->operation.txid, sizeof(want.lease));
    kx_lane_expect(s->store, &want, when);
    cr_assert_eq(s->store->ops->unresolved_operations(s->store, txids, 1, &open, NULL), ASSAY_OK);
    cr_expect_eq(open, phase != UNKNOWN && phase != APPLIED, "%s: %zu are open", when, open);
    if (open == 1)
        cr_expect_str_eq(txids[0], s->operation.txid, "%s", when);
    assay_arena_fini(&arena);
}

Test(kx_operations, do_in_each_phase_what_the_contract_says)
{
    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(acts) * PHASES; i++) {
        size_t kind = i % KX_STORE_KINDS, act = i / KX_STORE_KINDS / PHASES;
        enum phase from = (enum phase)(i / KX_STORE_KINDS % PHASES);
        enum phase to = acts[act].to[from] != UNKNOWN ? acts[act].to[from] : from;
        char when[96];
        struct scene s;

        if (acts[act].want[from] == ELSE)
            continue;
        cr_assert_gt(snprintf(when, sizeof(when), "%s: %s when %s", kx_store_kinds[kind],
                              acts[act].name, phase_names[from]),
                     0);
        kx_store_folder_drop();
        kx_store_folder_make();
        scene_make(&s, kx_store_opened(kind), 1);
        take_to(&s, from);
        expect_scene(&s, from, when);
        cr_expect_eq(acts[act].act(&s), acts[act].want[from], "%s", when);
        expect_scene(&s, acts[act].ends && acts[act].want[from] == DONE ? UNKNOWN : to, when);
        s.store->ops->close(s.store);
    }
}

/* ---- sums ---- */

static void too_much(struct kx_lane_operation *o)
{
    o->amount = 10001;
    o->successor.value = LANE_FUNDING - 10001;
    o->successor.claimed = 10001;
}

static void all_of_it(struct kx_lane_operation *o)
{
    o->amount = 10000;
    o->successor.value = LANE_FUNDING - 10000;
    o->successor.claimed = 10000;
}

static void none_of_it(struct kx_lane_operation *o)
{
    o->amount = 0;
    o->successor.value = LANE_FUNDING;
    o->successor.claimed = 0;
}

static void short_continuation(struct kx_lane_operation *o)
{
    o->successor.value--;
}

static void wrong_state(struct kx_lane_operation *o)
{
    o->successor.claimed--;
}

static void other_lineage(struct kx_lane_operation *o)
{
    o->successor.covenant_id.at[0] ^= 1;
}

static void no_successor(struct kx_lane_operation *o)
{
    o->has_successor = false;
}

static void no_threshold(struct kx_lane_operation *o)
{
    o->confirmations = 0;
}

static void long_text(struct kx_lane_operation *o)
{
    static const uint8_t bytes[X402_ARTIFACT_MAX_BYTES + 1];

    o->transaction = assay_bytes_of(bytes, sizeof(bytes));
}

static void other_version(struct kx_lane_operation *o)
{
    o->version++;
}

static void unknown_channel(struct kx_lane_operation *o)
{
    o->channel_id[0] = 'a';
}

static void refund_all(struct kx_lane_operation *o)
{
    *o = (struct kx_lane_operation){.kind = KX_REFUND, .version = 1, .confirmations = 30};
    memset(o->txid, 'a', sizeof(o->txid) - 1);
    o->amount = LANE_FUNDING;
}

static void refund_more(struct kx_lane_operation *o)
{
    refund_all(o);
    o->amount++;
}

static void refund_nothing(struct kx_lane_operation *o)
{
    refund_all(o);
    o->amount = 0;
}

static void refund_with_successor(struct kx_lane_operation *o)
{
    struct kx_lane_head successor = o->successor;

    refund_all(o);
    o->has_successor = true;
    o->successor = successor;
}

static void tops_up(struct kx_lane_operation *o)
{
    o->kind = KX_TOP_UP;
    o->amount = (uint64_t)INT64_MAX - LANE_FUNDING;
    o->successor.value = INT64_MAX;
    o->successor.claimed = 0;
}

static void tops_up_above(struct kx_lane_operation *o)
{
    tops_up(o);
    o->amount++;
    o->successor.value++;
}

static void tops_up_by_nothing(struct kx_lane_operation *o)
{
    tops_up(o);
    o->amount = 0;
    o->successor.value = LANE_FUNDING;
}

static void tops_up_other_value(struct kx_lane_operation *o)
{
    tops_up(o);
    o->successor.value--;
}

static void tops_up_other_state(struct kx_lane_operation *o)
{
    tops_up(o);
    o->successor.claimed = 1;
}

static const struct {
    const char *name;
    void (*change)(struct kx_lane_operation *o);
    enum assay_code code;
    enum kx_operation_result result;
} sums[] = {
    {"all that was charged", all_of_it, ASSAY_OK, KX_OPERATION_BEGUN},
    {"more than was charged", too_much, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"nothing", none_of_it, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a short continuation", short_continuation, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"another S", wrong_state, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"another covenant", other_lineage, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a claim that ends the lineage", no_successor, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"no threshold", no_threshold, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a long text", long_text, ASSAY_E_TOO_LARGE, KX_OPERATION_MOVED},
    {"another version", other_version, ASSAY_OK, KX_OPERATION_MOVED},
    {"another channel", unknown_channel, ASSAY_OK, KX_OPERATION_MOVED},
    {"a refund of all", refund_all, ASSAY_OK, KX_OPERATION_BEGUN},
    {"a refund of more", refund_more, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a refund of nothing", refund_nothing, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a refund that goes on", refund_with_successor, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"the largest top-up", tops_up, ASSAY_OK, KX_OPERATION_BEGUN},
    {"a top-up above 2^63-1", tops_up_above, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a top-up by nothing", tops_up_by_nothing, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a top-up with another S", tops_up_other_state, ASSAY_E_RANGE, KX_OPERATION_MOVED},
    {"a top-up to another V", tops_up_other_value, ASSAY_E_RANGE, KX_OPERATION_MOVED},
};

Test(kx_operations, lead_from_the_channels_sums_to_the_successors)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct scene s;

        scene_make(&s, store, 1);
        for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
            enum kx_operation_result result = KX_OPERATION_MOVED;
            struct kx_lane_operation o = s.operation;
            struct assay_err err = {0};

            memcpy(o.channel_id, s.lane.record.channel_id, sizeof(o.channel_id));
            sums[i].change(&o);
            if (o.kind == KX_REFUND)
                memcpy(o.channel_id, s.lane.record.channel_id, sizeof(o.channel_id));
            cr_expect_eq(store->ops->begin_operation(store, &o, PHASES_NOW, &result, &err),
                         sums[i].code, "%s: %s", sums[i].name, err.text);
            cr_expect_eq(result, sums[i].result, "%s", sums[i].name);
            if (result == KX_OPERATION_BEGUN)
                cr_assert_eq(store->ops->abandon_operation(store, o.txid, NULL), ASSAY_OK);
            kx_lane_expect(store, &s.lane.record, sums[i].name);
        }
        store->ops->close(store);
    }
}

/* Of one channel after the other: what was claimed is not claimed again, and no claim takes all. */
Test(kx_operations, claim_what_is_left_of_the_charges_and_of_the_coin)
{
    static const struct {
        const char *name;
        uint64_t claimed, value, amount;
        enum assay_code code;
    } rows[] = {
        {"the rest", 4000, LANE_FUNDING, 6000, ASSAY_OK},
        {"more than the rest", 4000, LANE_FUNDING, 6001, ASSAY_E_RANGE},
        {"nothing is left", 10000, LANE_FUNDING, 1, ASSAY_E_RANGE},
        {"all of the coin but one", 0, 6000, 5999, ASSAY_OK},
        {"all of the coin", 0, 6000, 6000, ASSAY_E_RANGE},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);

        for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
            enum kx_operation_result result = KX_OPERATION_MOVED;
            struct kx_lane_operation o;
            struct scene s;

            scene_make(&s, store, i + 1);
            s.lane.record.head.claimed = rows[i].claimed;
            s.lane.record.head.value = rows[i].value;
            kx_lane_moved(store, &s.lane.record);
            o = kx_operation_of(100 + i, KX_CLAIM, &s.lane.record, rows[i].amount);
            cr_expect_eq(store->ops->begin_operation(store, &o, PHASES_NOW, &result, NULL),
                         rows[i].code, "%s", rows[i].name);
        }
        store->ops->close(store);
    }
}

Test(kx_operations, begin_where_the_channels_status_allows_it)
{
    static const struct {
        enum kx_channel_status status;
        bool claims, tops_up, refunds;
    } rows[] = {
        {KX_CHANNEL_ACTIVE, true, true, true},
        {KX_CHANNEL_UNAVAILABLE, false, false, false},
        {KX_CHANNEL_SUSPICIOUS, true, false, true},
        {KX_CHANNEL_REFUNDED, false, false, false},
    };

    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct scene s;
        struct kx_lane_record *r = &s.lane.record;

        scene_make(&s, store, 1);
        for (unsigned i = 0; i < ARRAY_LEN(rows) * 3; i++) {
            enum kx_transition_kind what = (enum kx_transition_kind)(i % 3);
            bool may = what == KX_CLAIM    ? rows[i / 3].claims
                       : what == KX_TOP_UP ? rows[i / 3].tops_up
                                           : rows[i / 3].refunds;
            struct kx_lane_operation o;

            r->status = rows[i / 3].status;
            kx_lane_moved(store, r);
            o = kx_operation_of(100 + i, what, r, 1);
            cr_expect_eq(kx_operation_begun(store, &o),
                         may ? KX_OPERATION_BEGUN : KX_OPERATION_MOVED, "%s of one that is %s",
                         kx_transition_name(what), kx_channel_status_name(r->status));
            if (may)
                cr_assert_eq(store->ops->abandon_operation(store, o.txid, NULL), ASSAY_OK);
        }
        store->ops->close(store);
    }
}

/* ---- in each other's way ---- */

Test(kx_operations, and_payments_wait_for_each_other)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct kx_paid paid;
        struct scene s;

        scene_make(&s, store, 1);
        kx_paid_for_lane(&paid, 7, &s.lane.record);
        kx_paid_take_to(store, &paid, PHASE_ACCEPTED);
        cr_expect_eq(begin(&s), LEASED, "a payment is on its way");
        cr_assert_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
        take_to(&s, PENDING);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LEASED, "a claim is on its way");
        cr_assert_eq(accept_it(&s), DONE);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_LEASED, "until it is applied");
        cr_assert_eq(apply(&s), DONE);
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CHANNEL_MOVED, "judged before it");
        paid.attempt.charge.version++;
        cr_expect_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED, "judged with its successor");
        store->ops->close(store);
    }
}

/* The node took it and the answer was lost, or it answered with another id: both say nothing. */
Test(kx_operations, whose_broadcast_is_unknown_are_kept_and_not_built_anew)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_store *store = kx_store_opened(kind);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kx_lane_operation kept;
        struct scene s;

        scene_make(&s, store, 1);
        take_to(&s, PENDING);
        cr_expect_eq(begin_another(&s), LEASED, "no other is built meanwhile");
        cr_assert_eq(store->ops->load_operation(store, &kept, &arena, s.operation.txid, NULL),
                     ASSAY_OK);
        cr_expect(assay_bytes_equal(kept.transaction, s.operation.transaction));
        cr_assert_eq(accept_it(&s), DONE, "found on the chain without a broadcast");
        kx_lane_after(&s.lane.record, &kept); /* the stored continuation */
        s.lane.record.lineage = ASSAY_LIT("[\"genesis\",\"claim\"]");
        cr_expect_eq(apply_to(&s, &s.lane.record), DONE);
        s.lane.record.version++;
        kx_lane_expect(store, &s.lane.record, kx_store_kinds[kind]);
        assay_arena_fini(&arena);
        store->ops->close(store);
    }
}

Test(kx_operations, are_applied_to_the_channel_as_it_is_by_then)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct scene s;
        struct kx_lane_record *r = &s.lane.record;

        kx_store_folder_drop();
        kx_store_folder_make();
        scene_make(&s, kx_store_opened(kind), 1);
        take_to(&s, ACCEPTED);
        r->head.outpoint.index = 9; /* it is not the successor */
        cr_expect_eq(apply_to(&s, r), RANGE, "active, somewhere else");
        *r = after(&s);
        kx_lane_moved(s.store, r); /* who watches the chain has seen it, too */
        r->version--;
        cr_expect_eq(apply_to(&s, r), MOVED, "read before that");
        r->version++;
        cr_expect_eq(apply_to(&s, r), DONE);
        r->version++;
        kx_lane_expect(s.store, r, kx_store_kinds[kind]);
        s.store->ops->close(s.store);
    }
}

Test(kx_operations, end_lineages_by_refunds)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct kx_paid paid;
        struct scene s;

        kx_store_folder_drop();
        kx_store_folder_make();
        scene_make(&s, kx_store_opened(kind), 1);
        s.operation = kx_operation_of(1, KX_REFUND, &s.lane.record, 1);
        take_to(&s, ACCEPTED);
        cr_expect_eq(apply_to(&s, &s.lane.record), RANGE, "it is not active then");
        take_to(&s, UNKNOWN);
        cr_expect_eq(apply(&s), DONE);
        expect_scene(&s, APPLIED, kx_store_kinds[kind]);
        kx_paid_for_lane(&paid, 7, &s.lane.record);
        paid.attempt.charge.version = 2;
        cr_expect_eq(kx_claimed(s.store, &paid), KX_CLAIM_CHANNEL_MOVED);
        s.store->ops->close(s.store);
    }
}

/* A damaged store: it says so, and moves nothing. */
Test(kx_operations, of_channels_that_are_not_theirs_are_told)
{
    struct scene s;
    sqlite3 *db = NULL;

    scene_make(&s, kx_store_opened(KX_STORE_SQLITE), 1);
    take_to(&s, ACCEPTED);
    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "UPDATE channel SET lease = ''", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    cr_expect_eq(apply(&s), ELSE);
    kx_lane_expect(s.store, &s.lane.record, "nothing is moved");
    s.store->ops->close(s.store);
}

/* ---- one transaction, one set of terms ---- */

static void other_kind(struct kx_lane_operation *o)
{
    o->kind = KX_REFUND;
}

static void ends(struct kx_lane_operation *o)
{
    o->has_successor = false;
}

static void goes_elsewhere(struct kx_lane_operation *o)
{
    o->successor.outpoint.index++;
}

static void is_deeper(struct kx_lane_operation *o)
{
    o->confirmations++;
}

static void is_of_another(struct kx_lane_operation *o)
{
    o->channel_id[0] = o->channel_id[0] == 'a' ? 'b' : 'a';
}

static void refunds(struct kx_lane_operation *o)
{
    o->kind = KX_REFUND;
    o->has_successor = false;
}

/* kx_store.h: what is known by that txid is the same in every term, or it is no operation of ours:
 * MISMATCH. A refund has no successor to be compared. */
Test(kx_operations, are_the_same_in_every_term_or_are_refused)
{
    static const struct {
        const char *name;
        void (*first)(struct kx_lane_operation *o);
        void (*again)(struct kx_lane_operation *o);
        enum outcome want;
    } rows[] = {
        {"the same claim", NULL, NULL, EXISTS},
        {"another kind", NULL, other_kind, MISMATCH},
        {"no successor", NULL, ends, MISMATCH},
        {"another successor", NULL, goes_elsewhere, MISMATCH},
        {"another depth", NULL, is_deeper, MISMATCH},
        {"another channel", NULL, is_of_another, MISMATCH},
        {"the same refund", refunds, NULL, EXISTS},
        {"a deeper refund", refunds, is_deeper, MISMATCH},
    };

    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(rows); i++) {
        size_t row = i / KX_STORE_KINDS;
        struct kx_store *store = kx_store_opened(i % KX_STORE_KINDS);
        struct scene s;

        scene_make(&s, store, 1);
        if (rows[row].first != NULL)
            rows[row].first(&s.operation);
        cr_assert_eq(begin(&s), BEGUN, "row: %s", rows[row].name);
        if (rows[row].again != NULL)
            rows[row].again(&s.operation);
        cr_expect_eq(begin(&s), rows[row].want, "row: %s", rows[row].name);
        store->ops->close(store);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
}

/* kx_store.h: what can be claimed is more charged than claimed, and neither refunded nor
 * unavailable. */
Test(kx_operations, can_be_begun_on_what_is_claimable)
{
    static const struct {
        enum kx_channel_status status;
        bool is_charged, is_listed;
    } rows[] = {
        {KX_CHANNEL_ACTIVE, true, true},       {KX_CHANNEL_ACTIVE, false, false},
        {KX_CHANNEL_SUSPICIOUS, true, true},   {KX_CHANNEL_REFUNDED, true, false},
        {KX_CHANNEL_UNAVAILABLE, true, false},
    };

    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(rows); i++) {
        size_t row = i / KX_STORE_KINDS, count = 7;
        struct kx_store *store = kx_store_opened(i % KX_STORE_KINDS);
        char ids[2][X402_HASH_TEXT_BYTES];
        struct kx_test_lane lane;
        struct kx_paid paid;

        if (rows[row].is_charged) {
            kx_lane_make(&lane, 1);
            kx_paid_deposits(&paid, 1, &lane.record);
            kx_paid_take_to(store, &paid, PHASE_APPLIED);
            kx_lane_charged(&lane.record, &paid);
        } else {
            kx_lane_opened(store, &lane, 1);
        }
        lane.record.status = rows[row].status;
        kx_lane_moved(store, &lane.record);
        cr_assert_eq(store->ops->claimable(store, ids, 2, &count, NULL), ASSAY_OK);
        cr_expect_eq(count, rows[row].is_listed, "row %zu: %zu", row, count);
        if (count > 0)
            cr_expect_str_eq(ids[0], lane.record.channel_id, "row %zu", row);
        store->ops->close(store);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
}
