/* Journals against a naive model: a chain of blocks, from which everything is computed anew after
 * each random change. Sections are those of the batch digest. */
#include "ref/tests/kx_lineage_world.h"

#include <criterion/criterion.h>

enum { SEQUENCES = 40, UPDATES = 120, BLOCKS_MAX = 1000, BLOCK_TRANSITIONS = 2 };

struct deed {
    unsigned txid;
    enum kx_transition_kind kind;
    uint64_t amount;
};

struct block {
    unsigned number;
    bool has_genesis;
    struct deed deeds[BLOCK_TRANSITIONS];
    size_t count;
};

struct model {
    struct block chain[BLOCKS_MAX];
    size_t len;
    struct block undone; /* the last that was removed: it may come back */
    bool has_undone;
    unsigned last; /* number that was given to a block or a transaction */
    bool is_rolled_back;
    uint64_t random;
};

static struct kx_lineage_world w;
static struct model m;

static unsigned below(unsigned bound)
{
    m.random = m.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(m.random >> 33) % bound;
}

/* ---- the model ---- */

struct model_head {
    bool has_genesis, has_head;
    struct kx_lane_head head;
};

static void do_deed(struct model_head *at, const struct deed *deed)
{
    at->has_head = deed->kind != KX_REFUND;
    at->head.outpoint =
        (struct kaspa_outpoint){kx_journal_txid(deed->txid), deed->kind == KX_CLAIM ? 1 : 0};
    if (deed->kind == KX_CLAIM) {
        at->head.value -= deed->amount;
        at->head.claimed += deed->amount;
    } else if (deed->kind == KX_TOP_UP) {
        at->head.value += deed->amount;
    }
}

static struct model_head replay(void)
{
    struct model_head at = {.has_head = false};

    for (size_t i = 0; i < m.len; i++) {
        if (m.chain[i].has_genesis) {
            at.has_genesis = at.has_head = true;
            at.head = w.lineage.genesis;
        }
        for (size_t k = 0; k < m.chain[i].count; k++)
            do_deed(&at, &m.chain[i].deeds[k]);
    }
    return at;
}

static bool chain_has(unsigned txid)
{
    for (size_t i = 0; i < m.len; i++) {
        for (size_t k = 0; k < m.chain[i].count; k++) {
            if (m.chain[i].deeds[k].txid == txid)
                return true;
        }
    }
    return false;
}

/* ---- random changes, made in the model and in the update ---- */

static struct block undone[BLOCKS_MAX];
static size_t undone_count;

static void pop_block(void)
{
    struct block *top = &m.chain[--m.len];

    kx_journal_remove(&w, top->number);
    undone[undone_count++] = *top;
    m.undone = *top;
    m.has_undone = true;
}

static void push_block(const struct block *block)
{
    struct model_head at = replay();

    if (block->count > 0 || block->has_genesis)
        kx_journal_add(&w, block->number);
    if (block->has_genesis) {
        kx_journal_genesis(&w);
        at.head = w.lineage.genesis;
    }
    for (size_t i = 0; i < block->count; i++) {
        w.head = at.head;
        (void)kx_journal_transit(&w, block->deeds[i].txid, block->deeds[i].kind,
                                 block->deeds[i].amount);
        do_deed(&at, &block->deeds[i]);
    }
    m.chain[m.len++] = *block;
}

static void make_block(struct block *block)
{
    struct model_head at = replay();
    size_t count = below(BLOCK_TRANSITIONS + 1);
    bool is_open;

    memset(block, 0, sizeof(*block));
    block->number = ++m.last;
    block->has_genesis = !at.has_genesis && below(2) == 0;
    is_open = at.has_head || block->has_genesis;
    for (size_t i = 0; i < count && is_open; i++) {
        unsigned die = below(40);

        block->deeds[i] = (struct deed){
            .txid = ++m.last,
            .kind = die == 0   ? KX_REFUND
                    : die < 10 ? KX_TOP_UP
                               : KX_CLAIM,
            .amount = 1 + below(1000),
        };
        block->count = i + 1;
        is_open = block->deeds[i].kind != KX_REFUND;
    }
}

/* A block that was removed comes back as it was, where the chain is again as it was below it:
 * blocks rise in number along the chain. */
static bool can_return(void)
{
    struct model_head at = replay();

    if (!m.has_undone || undone_count > 0 ||
        (m.len > 0 && m.chain[m.len - 1].number > m.undone.number))
        return false;
    if (m.undone.has_genesis)
        return !at.has_genesis;
    for (size_t i = 0; i < m.undone.count; i++) {
        if (chain_has(m.undone.deeds[i].txid))
            return false;
    }
    return at.has_head;
}

static void change_chain(void)
{
    unsigned depth = below(4) == 0 ? below(6) : 0;
    unsigned growth = 1 + below(3);

    undone_count = 0;
    while (depth-- > 0 && m.len > (below(10) == 0 ? 0U : 1U))
        pop_block();
    if (can_return() && below(2) == 0) {
        push_block(&m.undone);
        m.has_undone = false;
    }
    while (growth-- > 0) {
        struct block block;

        make_block(&block);
        push_block(&block);
    }
    for (size_t i = 0; i < undone_count; i++) {
        for (size_t k = 0; k < undone[i].count; k++)
            m.is_rolled_back = m.is_rolled_back || !chain_has(undone[i].deeds[k].txid);
    }
}

/* ---- the comparison ---- */

static enum kx_channel_status model_status(const struct model_head *at)
{
    if (!at->has_genesis)
        return KX_CHANNEL_UNAVAILABLE;
    if (!at->has_head)
        return KX_CHANNEL_REFUNDED;
    return m.is_rolled_back ? KX_CHANNEL_SUSPICIOUS : KX_CHANNEL_ACTIVE;
}

static void compare(unsigned sequence, unsigned update)
{
    struct model_head want = replay();
    struct kx_lane_head got;
    bool has_head = kx_lineage_head(&got, &w.lineage);

    cr_assert_eq(has_head, want.has_head && want.has_genesis, "%u.%u", sequence, update);
    cr_assert_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), model_status(&want), "%u.%u",
                 sequence, update);
    if (!has_head)
        return;
    cr_assert(kaspa_outpoint_equal(&got.outpoint, &want.head.outpoint), "%u.%u", sequence, update);
    cr_assert_eq(got.value, want.head.value, "%u.%u", sequence, update);
    cr_assert_eq(got.claimed, want.head.claimed, "%u.%u", sequence, update);
}

/* The record as it is stored may become the one that the update made, and is read as it was
 * written. */
static void expect_storable(const struct kx_lineage *before)
{
    struct kx_channel_record old = {.offchain = {.version = 7}, .lineage = *before};
    struct kx_channel_record new = {.offchain = {.version = 8}, .lineage = w.lineage};
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 24);
    struct kx_lineage read;
    struct assay_err err = {.code = ASSAY_OK};

    cr_assert_eq(kx_record_extends(&old, &new, &arena, &w.lane.lane, &err), KX_LINEAGE_OK, "%s",
                 err.text);
    cr_assert_eq(kx_lineage_write(&text, &arena, &w.lane.lane, &w.lineage), ASSAY_OK);
    cr_assert_eq(kx_lineage_read(&read, &arena, &w.lane.lane, assay_buf_view(&text), &err),
                 KX_LINEAGE_OK, "%s", err.text);
    new.lineage = read;
    cr_assert_eq(kx_record_extends(&old, &new, &arena, &w.lane.lane, &err), KX_LINEAGE_OK, "%s",
                 err.text);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
}

static void begin_sequence(unsigned seed)
{
    kx_lineage_world_init(&w);
    m = (struct model){.len = 1, .last = 10, .random = seed};
    m.chain[0] = (struct block){.number = 1, .has_genesis = true};
}

/* Section 13: the updates of a random chain give the head that the chain has. A removal may reach
 * behind what compaction has kept; the lineage ends there. */
Test(kx_lineage_model, agrees_with_a_chain_that_is_computed_anew)
{
    unsigned applied = 0, ended = 0, compacted = 0;

    for (unsigned s = 0; s < SEQUENCES; s++) {
        begin_sequence(s + 1);
        for (unsigned u = 0; u < UPDATES; u++) {
            struct kx_lineage before = w.lineage;
            enum kx_lineage_rule rule;

            kx_journal_begin(&w, m.last + 40);
            change_chain();
            rule = kx_journal_apply(&w);
            if (rule == KX_LINEAGE_REMOVED_FORGOTTEN) {
                cr_assert_gt(before.anchor.folded, 0);
                ended++;
                break;
            }
            cr_assert_eq(rule, KX_LINEAGE_OK, "%u.%u: %s", s, u, w.err.text);
            compare(s, u);
            compacted += w.lineage.anchor.folded > before.anchor.folded ? 1 : 0;
            if (u % 16 == 0 || w.lineage.anchor.folded > before.anchor.folded)
                expect_storable(&before);
            applied++;
        }
        kx_lineage_world_fini(&w);
    }
    cr_expect_gt(applied, SEQUENCES * UPDATES / 2, "only %u updates, %u ended", applied, ended);
    cr_expect_gt(compacted, 0);
}
