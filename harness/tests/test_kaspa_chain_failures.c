/* The simulated Kaspa network where memory fails or its tables are full: nothing has changed then.
 */
#include "chain_world.h"

#include "roles/kaspa_chain_internal.h"

/* What the tables of a chain have room for at first: with as much in them, each must grow. */
enum { FULL_TABLE = 64 };

/* A chain in the middle of things, and one call that is to fail. */
struct scene {
    struct kaspa_chain *chain, *made;
    struct kaspa_hash funding, first, second, third;
    struct draft draft;
    struct assay_arena arena;
};

static void scene_draft(struct scene *s, const struct kaspa_hash *spent, uint64_t value)
{
    draft_init(&s->draft);
    draft_spend(&s->draft, spent, 0);
    draft_pay(&s->draft, value);
}

/* A script that takes more memory than what is at hand, when it is submitted and when it is mined:
 * its spender does not know the score yet. */
static void spend_hungrily(struct scene *s)
{
    scene_draft(s, &s->first, 7000 * KAS);
    s->draft.outputs[0].spk =
        spk_of(&s->arena, "'0123456789abcdef' DUP CAT DUP CAT DUP CAT DUP CAT "
                          "DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT "
                          "DROP TRUE");
    cr_assert_eq(kaspa_chain_submit(s->chain, &s->draft.tx, &s->second, NULL, NULL),
                 KASPA_SUBMITTED);
    scene_draft(s, &s->second, 6000 * KAS);
    s->draft.inputs[0].commit = 1;
    cr_assert_eq(kaspa_chain_submit(s->chain, &s->draft.tx, &s->third, NULL, NULL),
                 KASPA_SUBMITTED);
}

static void scene_init(struct scene *s)
{
    *s = (struct scene){.chain = chain_of("scene"), .arena = ASSAY_ARENA_INIT(1 << 20)};
    for (size_t i = 3; i < FULL_TABLE; i++)
        s->funding = funded(s->chain, 9000 * KAS);
    s->first = spend(s->chain, &s->funding, 8000 * KAS, KASPA_SUBMITTED);
    mine(s->chain, 2);
    spend_hungrily(s);
    while (kaspa_chain_event_count(s->chain) < FULL_TABLE)
        spend(s->chain, &s->funding, 8000 * KAS, KASPA_KNOWN);
}

static void scene_fini(struct scene *s)
{
    kaspa_chain_free(s->chain);
    kaspa_chain_free(s->made);
    assay_arena_fini(&s->arena);
}

static bool fund_fails(struct scene *s)
{
    struct kaspa_spk spk = open_spk();
    struct kaspa_outpoint outpoint;
    enum assay_code rc = kaspa_chain_fund(s->chain, &outpoint, &spk, KAS);

    cr_assert(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
    return rc != ASSAY_OK;
}

static bool submission_fails(enum kaspa_submission result, enum kaspa_submission expected)
{
    cr_assert(result == expected || result == KASPA_FULL, "%d", (int)result);
    return result == KASPA_FULL;
}

static bool orphan_fails(struct scene *s)
{
    scene_draft(s, &s->funding, 1000 * KAS);
    return submission_fails(kaspa_chain_submit(s->chain, &s->draft.tx, NULL, NULL, NULL),
                            KASPA_ORPHAN);
}

static bool submit_fails(struct scene *s)
{
    scene_draft(s, &s->third, 1000 * KAS);
    return submission_fails(kaspa_chain_submit(s->chain, &s->draft.tx, NULL, NULL, NULL),
                            KASPA_SUBMITTED);
}

static bool replace_fails(struct scene *s)
{
    scene_draft(s, &s->first, 1000 * KAS);
    return submission_fails(kaspa_chain_replace(s->chain, &s->draft.tx, NULL, NULL),
                            KASPA_SUBMITTED);
}

static bool mine_fails(struct scene *s)
{
    enum assay_code rc =
        kaspa_chain_mine(s->chain, &(struct kaspa_mining){.blocks = 3, .merged = 2});

    cr_assert(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
    return rc != ASSAY_OK;
}

static bool reorganise_fails(struct scene *s)
{
    enum assay_code rc;

    scene_draft(s, &s->funding, 1000 * KAS);
    rc = kaspa_chain_reorganise(s->chain, 2, &s->draft.tx, NULL);
    cr_assert(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
    return rc != ASSAY_OK;
}

static bool fork_fails(struct scene *s)
{
    enum assay_code rc = kaspa_chain_fork(&s->made, s->chain, ASSAY_LIT("fork"));

    cr_assert(rc == ASSAY_OK || (rc == ASSAY_E_NOMEM && s->made == NULL));
    return rc != ASSAY_OK;
}

static bool new_fails(struct scene *s)
{
    enum assay_code rc =
        kaspa_chain_new(&s->made, &(struct kaspa_chain_options){.seed = ASSAY_LIT("new")});

    cr_assert(rc == ASSAY_OK || (rc == ASSAY_E_NOMEM && s->made == NULL));
    return rc != ASSAY_OK;
}

static bool hungry_fails(struct scene *s)
{
    scene_draft(s, &s->second, 5000 * KAS);
    s->draft.inputs[0].commit = 1;
    return submission_fails(kaspa_chain_replace(s->chain, &s->draft.tx, NULL, NULL),
                            KASPA_SUBMITTED);
}

static const struct {
    const char *name;
    bool (*fails)(struct scene *s);
    size_t step; /* bytes, between two caps that are tried; 0: none is */
} calls[] = {
    {"fund", fund_fails, 16},
    {"submit an orphan", orphan_fails, 16},
    {"submit", submit_fails, 16},
    {"replace", replace_fails, 16},
    {"replace with a hungry script", hungry_fails, 16},
    {"mine", mine_fails, 16},
    {"reorganise", reorganise_fails, 16},
    {"fork", fork_fails, 80},
    {"new", new_fails, 0},
};

/* A failure and nothing else has changed, or it has succeeded. */
static bool leaves_all(struct scene *s, size_t row, struct assay_buf *before,
                       struct assay_buf *after)
{
    bool failed = calls[row].fails(s);

    assay_alloc_fail_after(SIZE_MAX);
    chain_dump(after, s->chain);
    cr_assert(!failed || assay_bytes_equal(assay_buf_view(before), assay_buf_view(after)),
              "row: %s", calls[row].name);
    return failed;
}

/* From the same beginning each time, for what a failed call took of the arena it keeps. */
static bool fails_after(size_t successes, size_t row)
{
    struct assay_buf before = {0}, after = {0};
    struct scene s;
    bool failed;

    scene_init(&s);
    chain_dump(&before, s.chain);
    assay_alloc_fail_after(successes);
    failed = leaves_all(&s, row, &before, &after);
    scene_fini(&s);
    assay_buf_fini(&before);
    assay_buf_fini(&after);
    return failed;
}

Test(kaspa_chain_failures, of_any_allocation_change_nothing)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        size_t successes = 0;

        while (fails_after(successes, i))
            successes++;
        cr_expect_gt(successes, 0, "row: %s", calls[i].name);
    }
}

/* At ever higher caps until it succeeds; then all is as if it had never failed. */
static void rise_to_success(size_t row, const struct assay_buf *expected)
{
    struct assay_buf before = {0}, after = {0};
    struct scene s;
    size_t room = 0;
    bool is_fork = calls[row].fails == fork_fails;

    scene_init(&s);
    chain_dump(&before, s.chain);
    do {
        s.chain->arena.max = (is_fork ? 0 : s.chain->arena.used) + room;
        room += calls[row].step;
    } while (leaves_all(&s, row, &before, &after));
    cr_expect_gt(room, calls[row].step, "row: %s", calls[row].name);
    cr_expect(assay_bytes_equal(assay_buf_view(expected), assay_buf_view(&after)), "row: %s",
              calls[row].name);
    scene_fini(&s);
    assay_buf_fini(&before);
    assay_buf_fini(&after);
}

Test(kaspa_chain_failures, at_the_cap_of_its_memory_change_nothing)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        struct assay_buf expected = {0};
        struct scene s;

        if (calls[i].step == 0)
            continue;
        scene_init(&s);
        cr_assert_not(calls[i].fails(&s));
        chain_dump(&expected, s.chain);
        rise_to_success(i, &expected);
        scene_fini(&s);
        assay_buf_fini(&expected);
    }
}

/* What it had planned by then would show in the next blocks: a spender without its maker. */
Test(kaspa_chain_failures, of_mining_leave_no_plan_behind)
{
    bool failed = true;

    for (size_t room = 0; failed; room += 16) {
        struct scene s;

        scene_init(&s);
        s.chain->arena.max = s.chain->arena.used + room;
        failed = mine_fails(&s);
        s.chain->arena.max = CHAIN_ARENA_BYTES;
        if (failed) {
            cr_assert(kaspa_chain_hold(s.chain, &s.second, true));
            mine(s.chain, 3);
            cr_expect_eq(state_of(s.chain, &s.third), KASPA_TX_IN_MEMPOOL, "room %zu", room);
        }
        scene_fini(&s);
    }
}

/* Each spends the one before, so that it shows too that the mempool does not become slow. */
Test(kaspa_chain_failures, say_that_it_is_full)
{
    uint8_t room[1024];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_chain *chain = chain_of("full");
    struct kaspa_spk spk = open_spk();
    struct kaspa_hash funding = funded(chain, KASPA_MAX_SOMPI), id = funding, last;
    struct kaspa_outpoint outpoint;
    struct draft d;

    for (size_t i = 1; i < KASPA_CHAIN_MAX_TXS; i++)
        id = spend(chain, &id, KASPA_MAX_SOMPI - i, KASPA_SUBMITTED);
    draft_init(&d);
    draft_spend(&d, &id, 0);
    draft_pay(&d, KAS);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, &last, NULL, &reason), KASPA_FULL);
    cr_expect_not_null(strstr(assay_buf_cstr(&reason), ": the mempool is full"));
    cr_expect_eq(state_of(chain, &last), KASPA_TX_UNKNOWN);
    cr_expect_eq(kaspa_chain_event_count(chain), KASPA_CHAIN_MAX_TXS - 1);
    cr_expect_eq(kaspa_chain_fund(chain, &outpoint, &spk, KAS), ASSAY_E_TOO_LARGE);
    d.inputs[0].previous.txid = funding;
    cr_expect_eq(kaspa_chain_reorganise(chain, 0, &d.tx, NULL), ASSAY_E_TOO_LARGE);
    mine(chain, 1);
    cr_expect_eq(info_of(chain).mempool_size, KASPA_CHAIN_MAX_TXS - 2);
    kaspa_chain_free(chain);
}
