/* Random histories of one channel: sixteen clients, an operator, the chain and the server's own
 * operations act in any order, and a model of the accounts says what each call must come to. */
#include "ref/tests/kx_lanes.h"

TestSuite(kx_lane_history, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 120);

enum { CLIENTS = 16, ACTS = 1000, NOBODY = -1, OPERATION = CLIENTS };

enum state { IDLE, CLAIMED, STARTED, RECOVERING, ANSWERED };

struct client {
    enum state state;
    bool has_recovery; /* a reason is stored */
    struct kx_paid paid;
};

struct model {
    struct kx_store *store;
    uint64_t random;
    unsigned next; /* number of the next payment or operation */
    struct kx_lane_record lane;
    int holder; /* of the lease: a client, OPERATION, or NOBODY */
    struct client clients[CLIENTS];
    struct kx_lane_operation operation;
    enum kx_attempt_status step;                         /* of the operation */
    unsigned charged, refused, rejudged, moved, applied; /* how often */
};

/* xorshift64*: the same history for the same seed. */
static unsigned draw(struct model *m, unsigned below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (unsigned)((m->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void hold(struct model *m, int holder, const char *id)
{
    m->holder = holder;
    memcpy(m->lane.lease, id, sizeof(m->lane.lease));
}

static void let_go(struct model *m)
{
    m->holder = NOBODY;
    m->lane.lease[0] = '\0';
}

static bool is_as_judged(const struct model *m, int who)
{
    return m->holder == who && m->clients[who].paid.attempt.charge.version == m->lane.version;
}

/* ---- clients ---- */

static void claim(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool is_stale = draw(m, 8) == 0 && m->lane.version > 0;
    enum kx_claim_result want = m->holder != NOBODY                   ? KX_CLAIM_LEASED
                                : is_stale                            ? KX_CLAIM_CHANNEL_MOVED
                                : m->lane.status != KX_CHANNEL_ACTIVE ? KX_CLAIM_CHANNEL_MOVED
                                                                      : KX_CLAIM_CREATED;

    kx_paid_for_lane(&c->paid, m->next++, &m->lane);
    c->paid.attempt.charge.version -= is_stale;
    cr_expect_eq(kx_claimed(m->store, &c->paid), want);
    m->refused += want != KX_CLAIM_CREATED;
    if (want != KX_CLAIM_CREATED)
        return;
    c->state = CLAIMED;
    hold(m, who, c->paid.attempt.txid);
}

static void start(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = is_as_judged(m, who) && c->state == CLAIMED;

    cr_expect_eq(kx_begun(m->store, &c->paid), may);
    if (may)
        c->state = STARTED;
}

static void give_up(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = c->state == CLAIMED;

    cr_expect_eq(m->store->ops->abandon(m->store, c->paid.attempt.txid, PHASES_NOW, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (!may)
        return;
    c->state = IDLE;
    let_go(m);
}

static void fall_over(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = c->state == STARTED || c->state == RECOVERING ||
               (c->state == ANSWERED && !is_as_judged(m, who));

    cr_expect_eq(m->store->ops->mark_recovery(m->store, c->paid.attempt.txid,
                                              ASSAY_LIT("it fell over"), PHASES_NOW, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (may && c->state == STARTED)
        c->state = RECOVERING;
}

static void answer(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = c->state != CLAIMED;

    cr_expect_eq(m->store->ops->record_result(m->store, c->paid.attempt.txid, &c->paid.result,
                                              PHASES_NOW, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (may)
        c->state = ANSWERED;
}

static void undo(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = c->state == STARTED || c->state == RECOVERING;

    cr_expect_eq(m->store->ops->reset_handler(m->store, c->paid.attempt.txid, PHASES_MARK, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (may)
        c->state = CLAIMED;
}

static void commit(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    bool may = c->state == ANSWERED && is_as_judged(m, who);

    cr_expect_eq(m->store->ops->commit(m->store, &c->paid.payment, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (!may)
        return;
    c->state = IDLE;
    kx_lane_charged(&m->lane, &c->paid);
    m->holder = NOBODY;
    m->charged++;
}

static void rejudge(struct model *m, int who)
{
    struct client *c = &m->clients[who];
    uint64_t version = m->lane.version + draw(m, 2);
    bool may = c->state != CLAIMED && version == m->lane.version;

    m->rejudged += may && !is_as_judged(m, who);
    cr_expect_eq(m->store->ops->rejudge(m->store, c->paid.attempt.txid, version, PHASES_NOW, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    if (may)
        c->paid.attempt.charge.version = version;
}

static void client_acts(struct model *m, int who)
{
    static void (*const any[])(struct model *, int) = {start, give_up, fall_over, answer,
                                                       undo,  commit,  rejudge};
    static void (*const usual[])(struct model *, int) = {[IDLE] = claim,
                                                         [CLAIMED] = start,
                                                         [STARTED] = answer,
                                                         [RECOVERING] = answer,
                                                         [ANSWERED] = commit};
    enum state state = m->clients[who].state;

    if (state == IDLE || draw(m, 2) == 0)
        usual[state](m, who);
    else
        any[draw(m, ARRAY_LEN(any))](m, who);
}

/* ---- the chain, and the server's operations ---- */

/* A reorganisation, or a confirmation: somewhere between what was claimed and what was funded. */
static void move(struct model *m)
{
    uint64_t all = m->lane.head.value + m->lane.head.claimed;

    m->lane.head.claimed = draw(m, (unsigned)m->lane.charged + 1);
    if (m->lane.head.claimed >= all)
        m->lane.head.claimed = all - 1;
    m->lane.head.value = all - m->lane.head.claimed;
    m->lane.head.outpoint.index++;
    m->lane.status = draw(m, 3) == 0 ? KX_CHANNEL_UNAVAILABLE : KX_CHANNEL_ACTIVE;
    kx_lane_moved(m->store, &m->lane);
    m->moved++;
}

static void begin_operation(struct model *m)
{
    enum kx_transition_kind kind = draw(m, 2) == 0 ? KX_CLAIM : KX_TOP_UP;
    uint64_t due = m->lane.charged - m->lane.head.claimed;
    uint64_t amount = kind == KX_TOP_UP ? 5000 : due;
    enum kx_operation_result want = m->holder != NOBODY                   ? KX_OPERATION_LEASED
                                    : m->lane.status != KX_CHANNEL_ACTIVE ? KX_OPERATION_MOVED
                                                                          : KX_OPERATION_BEGUN;
    struct kx_lane_operation o;

    if (amount == 0 || amount >= m->lane.head.value)
        return;
    o = kx_operation_of(m->next++, kind, &m->lane, amount);
    cr_expect_eq(kx_operation_begun(m->store, &o), want);
    if (want != KX_OPERATION_BEGUN)
        return;
    m->operation = o;
    m->step = KX_PENDING;
    hold(m, OPERATION, o.txid);
}

static void apply(struct model *m)
{
    struct kx_lane_record to = m->lane;
    bool may = m->step == KX_ACCEPTED, applied = false;

    kx_lane_after(&to, &m->operation);
    to.status = KX_CHANNEL_ACTIVE;
    to.head.claimed = m->operation.successor.claimed;
    cr_expect_eq(m->store->ops->apply_operation(m->store, m->operation.txid, &to, PHASES_NOW,
                                                &applied, NULL),
                 may ? ASSAY_OK : ASSAY_E_MISMATCH);
    cr_expect_eq(applied, may);
    if (!may)
        return;
    m->lane = to;
    m->lane.version++;
    let_go(m);
    m->applied++;
}

static void operation_acts(struct model *m)
{
    const struct kx_store_ops *ops = m->store->ops;
    const char *txid = m->operation.txid;
    bool is_open = m->step < KX_ACCEPTED;

    switch (draw(m, 4)) {
    case 0:
        cr_expect_eq(ops->broadcast_operation(m->store, txid, PHASES_NOW, NULL), ASSAY_OK);
        m->step = is_open ? KX_BROADCAST : m->step;
        break;
    case 1:
        cr_expect_eq(ops->accept_operation(m->store, txid, 30, PHASES_NOW, NULL), ASSAY_OK);
        m->step = KX_ACCEPTED;
        break;
    case 2:
        cr_expect_eq(ops->abandon_operation(m->store, txid, NULL),
                     is_open ? ASSAY_OK : ASSAY_E_MISMATCH);
        if (is_open)
            let_go(m);
        break;
    default:
        apply(m);
    }
}

static void act(struct model *m)
{
    unsigned what = draw(m, 24);

    if (what == 0 || (what < 5 && m->lane.status != KX_CHANNEL_ACTIVE))
        move(m);
    else if (what < 5)
        begin_operation(m);
    else if (what < 18 && m->holder == OPERATION)
        operation_acts(m);
    else if (what < 18 && m->holder != NOBODY && m->holder != OPERATION)
        client_acts(m, m->holder);
    else
        client_acts(m, (int)draw(m, CLIENTS));
}

/* Nobody but the holder is under way. */
static void expect_one_under_way(const struct model *m)
{
    for (int i = 0; i < CLIENTS; i++)
        cr_expect_eq(m->clients[i].state != IDLE, m->holder == i);
    cr_expect_leq(m->lane.head.claimed, m->lane.charged);
    cr_expect_eq(m->lane.charged, m->lane.authorized);
}

/* Returns whether everything that can happen has happened in it. */
static bool run_history(size_t kind, uint64_t seed)
{
    static struct model m;
    struct kx_test_lane lane;

    kx_store_folder_drop();
    kx_store_folder_make();
    m = (struct model){.store = kx_store_opened(kind), .random = seed, .next = 1, .holder = NOBODY};
    kx_lane_opened(m.store, &lane, 1);
    m.lane = lane.record;
    for (int i = 0; i < ACTS; i++) {
        if (kind == KX_STORE_SQLITE && i % 100 == 99) { /* it is stopped, and started again */
            m.store->ops->close(m.store);
            m.store = kx_store_opened(kind);
        }
        act(&m);
        expect_one_under_way(&m);
        kx_lane_expect(m.store, &m.lane, kx_store_kinds[kind]);
    }
    m.store->ops->close(m.store);
    cr_expect_eq(m.lane.charged, m.charged * LANE_CHARGE, "each is charged once");
    return m.charged > 0 && m.refused > 0 && m.rejudged > 0 && m.moved > 0 && m.applied > 0;
}

Test(kx_lane_history, of_sixteen_clients_is_that_of_the_accounts)
{
    static const struct {
        size_t kind;
        uint64_t seed;
    } rows[] = {{0, 1},
                {0, 2},
                {0, 3},
                {0, 4},
                {0, 5},
                {0, 6},
                {0, 7},
                {0, 8},
                {0, 9},
                {0, 10},
                {KX_STORE_SQLITE, 1},
                {KX_STORE_SQLITE, 11}};
    unsigned whole = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        whole += run_history(rows[i].kind, rows[i].seed);
    cr_expect_eq(whole, ARRAY_LEN(rows), "%u of them met everything", whole);
}
