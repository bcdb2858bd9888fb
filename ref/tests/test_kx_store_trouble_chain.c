/* What the Kaspa x402 store keeps of the chain, and what it lists, when anything beneath it fails:
 * heads, channels, operations, retention; see test_kx_store_trouble.c. */
#include "ref/tests/kx_trouble.h"

#include <stdio.h>

TestSuite(kx_store_trouble_chain, .init = kx_trouble_make, .fini = kx_store_folder_drop,
          .timeout = 300);

/* Past the retention of what ended until now, and past the deadlines of what was released. */
#define SWEPT_MS (PHASES_NOW + 1000000)

/* ---- heads ---- */

static void new_head(struct kx_troubled *s, unsigned n)
{
    s->head = kx_head_of(n);
}

static void known_head(struct kx_troubled *s, unsigned n)
{
    new_head(s, n);
    kx_head_registered(s->store, &s->head);
}

static enum assay_code register_head(struct kx_troubled *s)
{
    return s->store->ops->register_head(s->store, &s->head, &s->err);
}

static void expect_registered(struct kx_troubled *s, bool is_done, const char *when)
{
    struct kx_head_record h;

    cr_expect_eq(s->store->ops->load_head(s->store, &h, s->head.id, NULL),
                 is_done ? ASSAY_OK : ASSAY_E_MISSING, "%s", when);
}

static enum assay_code select_head(struct kx_troubled *s)
{
    struct kx_head_record h = {0};
    enum assay_code code = s->store->ops->select_head(s->store, &h, 0, &s->err);

    return code == ASSAY_OK && h.status != KX_HEAD_AVAILABLE ? ASSAY_E_CONFLICT : code;
}

static enum assay_code load_head(struct kx_troubled *s)
{
    struct kx_head_record h = {0};
    enum assay_code code = s->store->ops->load_head(s->store, &h, s->head.id, &s->err);

    return code == ASSAY_OK && h.amount != s->head.amount ? ASSAY_E_CONFLICT : code;
}

static void expect_head_same(struct kx_troubled *s, bool is_done, const char *when)
{
    struct kx_head_record h = kx_head_loaded(s->store, &s->head);

    (void)is_done;
    cr_expect_eq(h.status, KX_HEAD_AVAILABLE, "%s", when);
    cr_expect_eq(h.version, s->head.version, "%s", when);
}

static enum assay_code give_up_head(struct kx_troubled *s)
{
    bool applied = false;
    enum assay_code code =
        s->store->ops->mark_head_unavailable(s->store, &s->head, &applied, &s->err);

    return code == ASSAY_OK && !applied ? ASSAY_E_CONFLICT : code;
}

static void expect_given_up(struct kx_troubled *s, bool is_done, const char *when)
{
    struct kx_head_record h = kx_head_loaded(s->store, &s->head);

    cr_expect_eq(h.status, is_done ? KX_HEAD_UNAVAILABLE : KX_HEAD_AVAILABLE, "%s", when);
}

static enum assay_code move_head(struct kx_troubled *s)
{
    struct kaspa_outpoint to = s->head.outpoint;
    bool applied = false;
    enum assay_code code;

    to.index++;
    code =
        s->store->ops->move_head(s->store, &s->head, &to, s->head.amount + 1, 2, &applied, &s->err);
    return code == ASSAY_OK && !applied ? ASSAY_E_CONFLICT : code;
}

static void expect_head_moved(struct kx_troubled *s, bool is_done, const char *when)
{
    struct kx_head_record h = kx_head_loaded(s->store, &s->head);

    cr_expect_eq(h.version, s->head.version + (is_done ? 2 : 0), "%s", when);
    cr_expect_eq(h.amount, s->head.amount + is_done, "%s", when);
    cr_expect_eq(h.outpoint.index, s->head.outpoint.index + is_done, "%s", when);
}

/* ---- channels ---- */

/* A channel with 10,000 charged, and a claim of 4,000 to come. */
static void charged_lane(struct kx_troubled *s, unsigned n)
{
    kx_lane_make(&s->lane, n);
    kx_paid_deposits(&s->paid, n, &s->lane.record);
    s->paid.attempt.amount = s->paid.attempt.charge.after = 10000;
    kx_paid_take_to(s->store, &s->paid, PHASE_APPLIED);
    kx_lane_charged(&s->lane.record, &s->paid);
    s->operation = kx_operation_of(n, KX_CLAIM, &s->lane.record, 4000);
}

static struct kx_lane_record moved_lane(const struct kx_troubled *s)
{
    struct kx_lane_record to = s->lane.record;

    kx_lane_after(&to, &s->operation);
    to.lineage = ASSAY_LIT("[\"genesis\",\"claim\"]");
    return to;
}

static enum assay_code put_lineage(struct kx_troubled *s)
{
    struct kx_lane_record to = moved_lane(s);
    bool applied = false;
    enum assay_code code = s->store->ops->put_lineage(s->store, &to, PHASES_NOW, &applied, &s->err);

    return code == ASSAY_OK && !applied ? ASSAY_E_CONFLICT : code;
}

static void expect_lane_moved(struct kx_troubled *s, bool is_done, const char *when)
{
    struct kx_lane_record want = is_done ? moved_lane(s) : s->lane.record;

    want.version += is_done;
    kx_lane_expect(s->store, &want, when);
}

static enum assay_code load_channel(struct kx_troubled *s)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_lane_record r = {0};
    enum assay_code code =
        s->store->ops->load_channel(s->store, &r, &arena, s->lane.record.channel_id, true, &s->err);

    if (code == ASSAY_OK && !assay_bytes_equal(r.lineage, s->lane.record.lineage))
        code = ASSAY_E_CONFLICT;
    assay_arena_fini(&arena);
    return code;
}

static enum assay_code claimable(struct kx_troubled *s)
{
    char ids[2][X402_HASH_TEXT_BYTES] = {""};
    size_t count = 0;
    enum assay_code code = s->store->ops->claimable(s->store, ids, 2, &count, &s->err);

    return code == ASSAY_OK && (count != 1 || strcmp(ids[0], s->lane.record.channel_id) != 0)
               ? ASSAY_E_CONFLICT
               : code;
}

static void expect_lane_same(struct kx_troubled *s, bool is_done, const char *when)
{
    (void)is_done;
    kx_lane_expect(s->store, &s->lane.record, when);
}

/* ---- operations ---- */

static enum assay_code begin_operation(struct kx_troubled *s)
{
    enum kx_operation_result result = KX_OPERATION_MOVED;
    enum assay_code code =
        s->store->ops->begin_operation(s->store, &s->operation, PHASES_NOW, &result, &s->err);

    return code == ASSAY_OK && result != KX_OPERATION_BEGUN ? ASSAY_E_CONFLICT : code;
}

static void begun(struct kx_troubled *s, unsigned n)
{
    charged_lane(s, n);
    cr_assert_eq(kx_operation_begun(s->store, &s->operation), KX_OPERATION_BEGUN);
}

static void accepted(struct kx_troubled *s, unsigned n)
{
    begun(s, n);
    cr_assert_eq(s->store->ops->accept_operation(s->store, s->operation.txid, 30, PHASES_NOW, NULL),
                 ASSAY_OK);
}

static enum assay_code broadcast(struct kx_troubled *s)
{
    return s->store->ops->broadcast_operation(s->store, s->operation.txid, PHASES_NOW, &s->err);
}

static enum assay_code accept_it(struct kx_troubled *s)
{
    return s->store->ops->accept_operation(s->store, s->operation.txid, 30, PHASES_NOW, &s->err);
}

static enum assay_code apply(struct kx_troubled *s)
{
    struct kx_lane_record to = moved_lane(s);
    bool applied = false;
    enum assay_code code = s->store->ops->apply_operation(s->store, s->operation.txid, &to,
                                                          PHASES_NOW, &applied, &s->err);

    return code == ASSAY_OK && !applied ? ASSAY_E_CONFLICT : code;
}

static enum assay_code abandon(struct kx_troubled *s)
{
    return s->store->ops->abandon_operation(s->store, s->operation.txid, &s->err);
}

static enum assay_code load_operation(struct kx_troubled *s)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_lane_operation o = {0};
    enum assay_code code =
        s->store->ops->load_operation(s->store, &o, &arena, s->operation.txid, &s->err);

    if (code == ASSAY_OK && !assay_bytes_equal(o.transaction, s->operation.transaction))
        code = ASSAY_E_CONFLICT;
    assay_arena_fini(&arena);
    return code;
}

static enum assay_code open_operations(struct kx_troubled *s)
{
    char txids[2][X402_HASH_TEXT_BYTES] = {""};
    size_t count = 0;
    enum assay_code code =
        s->store->ops->unresolved_operations(s->store, txids, 2, &count, &s->err);

    return code == ASSAY_OK && (count != 1 || strcmp(txids[0], s->operation.txid) != 0)
               ? ASSAY_E_CONFLICT
               : code;
}

/* Whether it is there, with that status and the channel's lease. */
static void expect_operation(struct kx_troubled *s, bool is_there, enum kx_attempt_status status,
                             const char *when)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_lane_record want = is_there && status == KX_APPLIED ? moved_lane(s) : s->lane.record;
    struct kx_lane_operation o = {0};

    cr_assert_eq(s->store->ops->load_operation(s->store, &o, &arena, s->operation.txid, NULL),
                 is_there ? ASSAY_OK : ASSAY_E_MISSING, "%s", when);
    if (is_there && status != KX_APPLIED)
        memcpy(want.lease, s->operation.txid, sizeof(want.lease));
    want.version += is_there && status == KX_APPLIED;
    cr_expect_eq(o.status, is_there ? status : KX_PENDING, "%s: %d", when, (int)o.status);
    kx_lane_expect(s->store, &want, when);
    assay_arena_fini(&arena);
}

static void expect_begun(struct kx_troubled *s, bool is_done, const char *when)
{
    expect_operation(s, is_done, KX_PENDING, when);
}

static void expect_broadcast(struct kx_troubled *s, bool is_done, const char *when)
{
    expect_operation(s, true, is_done ? KX_BROADCAST : KX_PENDING, when);
}

static void expect_accepted(struct kx_troubled *s, bool is_done, const char *when)
{
    expect_operation(s, true, is_done ? KX_ACCEPTED : KX_PENDING, when);
}

static void expect_applied(struct kx_troubled *s, bool is_done, const char *when)
{
    expect_operation(s, true, is_done ? KX_APPLIED : KX_ACCEPTED, when);
}

static void expect_abandoned(struct kx_troubled *s, bool is_done, const char *when)
{
    expect_operation(s, !is_done, KX_PENDING, when);
}

static void expect_begun_same(struct kx_troubled *s, bool is_done, const char *when)
{
    (void)is_done;
    expect_operation(s, true, KX_PENDING, when);
}

/* ---- payments as they are asked for ---- */

static void pending(struct kx_troubled *s, unsigned n)
{
    kx_paid_make(&s->paid, n);
    kx_paid_take_to(s->store, &s->paid, PHASE_PENDING);
}

static void past_retention(struct kx_troubled *s, unsigned n)
{
    kx_paid_make(&s->paid, n);
    s->paid.payment.committed_ms = PHASES_NOW - PHASES_RETENTION_MS;
    kx_paid_take_to(s->store, &s->paid, PHASE_APPLIED);
}

static enum assay_code unresolved(struct kx_troubled *s)
{
    char txids[2][X402_HASH_TEXT_BYTES] = {""};
    size_t count = 0;
    enum assay_code code = s->store->ops->unresolved(s->store, txids, 2, &count, &s->err);

    return code == ASSAY_OK && (count != 1 || strcmp(txids[0], s->paid.attempt.txid) != 0)
               ? ASSAY_E_CONFLICT
               : code;
}

static enum assay_code find_scope(struct kx_troubled *s)
{
    char txid[X402_HASH_TEXT_BYTES] = "";
    enum assay_code code =
        s->store->ops->find_scope(s->store, txid, s->paid.attempt.scope, &s->err);

    return code == ASSAY_OK && strcmp(txid, s->paid.attempt.txid) != 0 ? ASSAY_E_CONFLICT : code;
}

static enum assay_code load_identifier(struct kx_troubled *s)
{
    struct kx_identifier_record r = {0};
    enum assay_code code =
        s->store->ops->load_identifier(s->store, &r, s->paid.attempt.identifier, &s->err);

    return code == ASSAY_OK && r.state != KX_ID_PENDING ? ASSAY_E_CONFLICT : code;
}

static enum assay_code load_payment(struct kx_troubled *s)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_payment_record p = {0};
    enum assay_code code =
        s->store->ops->load_payment(s->store, &p, &arena, s->paid.attempt.txid, &s->err);

    if (code == ASSAY_OK && p.answer.status != s->paid.payment.answer.status)
        code = ASSAY_E_CONFLICT;
    assay_arena_fini(&arena);
    return code;
}

static void expect_pending(struct kx_troubled *s, bool is_done, const char *when)
{
    (void)is_done;
    kx_paid_expect(s->store, &s->paid, PHASE_PENDING, when);
}

/* Beside it, an identifier that was released and a channel that was refunded. */
static void much_past_retention(struct kx_troubled *s, unsigned n)
{
    charged_lane(s, n + 1000);
    s->lane.record.status = KX_CHANNEL_REFUNDED;
    kx_lane_moved(s->store, &s->lane.record);
    kx_paid_make(&s->paid, n + 2000);
    kx_paid_take_to(s->store, &s->paid, PHASE_RELEASED);
    past_retention(s, n);
}

static enum assay_code sweep(struct kx_troubled *s)
{
    return s->store->ops->sweep(s->store, SWEPT_MS, &s->err);
}

/* Before an error it may have been done in part: each record is as it was, or compacted. */
static void expect_swept(struct kx_troubled *s, bool is_done, const char *when)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_lane_record r = {0};
    struct kx_payment_record p = {0};

    cr_assert_eq(s->store->ops->load_payment(s->store, &p, &arena, s->paid.attempt.txid, NULL),
                 ASSAY_OK, "%s", when);
    cr_expect(p.is_compacted ? p.answer.status == 0
                             : p.answer.status == s->paid.payment.answer.status && !is_done,
              "%s", when);
    cr_assert_eq(
        s->store->ops->load_channel(s->store, &r, &arena, s->lane.record.channel_id, true, NULL),
        ASSAY_OK, "%s", when);
    cr_expect(r.lineage.len == 0 ||
                  (assay_bytes_equal(r.lineage, s->lane.record.lineage) && !is_done),
              "%s", when);
    assay_arena_fini(&arena);
}

static void expect_kept(struct kx_troubled *s, bool is_done, const char *when)
{
    (void)is_done;
    kx_paid_expect(s->store, &s->paid, PHASE_APPLIED, when);
}

static const struct kx_trouble_flow flows[] = {
    {"register a head", new_head, register_head, expect_registered},
    {"select a head", known_head, select_head, expect_head_same},
    {"load a head", known_head, load_head, expect_head_same},
    {"give up a head", known_head, give_up_head, expect_given_up},
    {"move a head", known_head, move_head, expect_head_moved},
    {"put a lineage", charged_lane, put_lineage, expect_lane_moved},
    {"load a channel", charged_lane, load_channel, expect_lane_same},
    {"list what can be claimed", charged_lane, claimable, expect_lane_same},
    {"begin an operation", charged_lane, begin_operation, expect_begun},
    {"broadcast an operation", begun, broadcast, expect_broadcast},
    {"accept an operation", begun, accept_it, expect_accepted},
    {"apply an operation", accepted, apply, expect_applied},
    {"abandon an operation", begun, abandon, expect_abandoned},
    {"load an operation", begun, load_operation, expect_begun_same},
    {"list open operations", begun, open_operations, expect_begun_same},
    {"list what has not ended", pending, unresolved, expect_pending},
    {"find a scope", pending, find_scope, expect_pending},
    {"load an identifier", pending, load_identifier, expect_pending},
    {"sweep", much_past_retention, sweep, expect_swept},
    {"load a payment", past_retention, load_payment, expect_kept},
};

static void expect_flows(enum store_trouble trouble)
{
    for (size_t i = 0; i < KX_STORE_KINDS * ARRAY_LEN(flows); i++)
        kx_trouble_expect(i % KX_STORE_KINDS, trouble, &flows[i / KX_STORE_KINDS], NULL);
}

Test(kx_store_trouble_chain, of_memory_changes_nothing)
{
    expect_flows(TROUBLE_MEMORY);
}

Test(kx_store_trouble_chain, of_the_librarys_memory_changes_nothing)
{
    expect_flows(TROUBLE_LIBRARY);
}

Test(kx_store_trouble_chain, of_a_statement_changes_nothing)
{
    expect_flows(TROUBLE_STATEMENT);
}

Test(kx_store_trouble_chain, of_the_file_changes_nothing)
{
    expect_flows(TROUBLE_FILE);
}
