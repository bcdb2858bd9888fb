/* Journals at their edges: transitions with one amount that is wrong, blocks that come and go,
 * states that no update makes, memory that runs out. Sections are those of the batch digest. */
#include "kaspa_x402/lineage_internal.h"
#include "ref/tests/kx_lineage_world.h"

#include <criterion/criterion.h>

static struct kx_lineage_world w;

static void setup(void)
{
    kx_lineage_world_init(&w);
}

static void teardown(void)
{
    kx_lineage_world_fini(&w);
}

TestSuite(kx_lineage_edges, .init = setup, .fini = teardown);

/* ---- amounts ---- */

static void set_claimed(struct kx_transition *t, uint64_t claimed)
{
    t->successor.claimed = claimed;
    cr_assert_eq(kx_lane_spk(&t->spk, &w.lane.arena, &w.lane.lane, claimed), ASSAY_OK);
}

static void leaves_nothing(struct kx_transition *t)
{
    t->successor.value = 0;
}
static void takes_nothing(struct kx_transition *t)
{
    t->successor.value += 1000;
}
static void claims_backwards(struct kx_transition *t)
{
    set_claimed(t, 0);
}
static void claims_by_the_way(struct kx_transition *t)
{
    set_claimed(t, t->successor.claimed + 1);
}
static void is_worth_2_to_63(struct kx_transition *t)
{
    t->successor.value = (uint64_t)INT64_MAX + 1;
}
static void names_a_successor(struct kx_transition *t)
{
    t->successor_count = 1;
}
static void pays_to_nobody(struct kx_transition *t)
{
    t->has_terminal = false;
}

Test(kx_lineage_edges, refuses_a_transition_for_each_amount_that_is_wrong)
{
    static const struct {
        enum kx_transition_kind kind;
        void (*change)(struct kx_transition *t);
        enum kx_lineage_rule rule;
        const char *says;
    } rows[] = {
        {KX_CLAIM, leaves_nothing, KX_LINEAGE_TRANSITION_VALUE, "does not add to the total"},
        {KX_CLAIM, takes_nothing, KX_LINEAGE_TRANSITION_VALUE, "does not add to the total"},
        {KX_CLAIM, claims_backwards, KX_LINEAGE_TRANSITION_VALUE, "does not add to the total"},
        {KX_CLAIM, is_worth_2_to_63, KX_LINEAGE_TRANSITION_VALUE, "is above 9223372036854775807"},
        {KX_TOP_UP, claims_by_the_way, KX_LINEAGE_TRANSITION_VALUE, "raise the value alone"},
        {KX_REFUND, names_a_successor, KX_LINEAGE_TRANSITION_SUCCESSOR, "has no successor"},
        {KX_REFUND, pays_to_nobody, KX_LINEAGE_TRANSITION_TERMINAL, "needs its terminalOutput"},
    };

    kx_journal_claims(&w, 3, 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        kx_journal_begin(&w, 9);
        kx_journal_add(&w, 8);
        rows[i].change(kx_journal_transit(&w, 8, rows[i].kind, 1000));
        cr_expect_eq(kx_journal_apply(&w), rows[i].rule, "row %zu: %s", i, w.err.text);
        cr_expect_not_null(strstr(w.err.text, rows[i].says), "row %zu: %s", i, w.err.text);
        cr_expect_eq(w.lineage.count, 2, "row %zu", i);
    }
}

/* ---- limits of an update ---- */

Test(kx_lineage_edges, counts_blocks_as_it_counts_events)
{
    kx_journal_begin(&w, 100);
    for (unsigned i = 0; i < KX_UPDATE_EVENTS_MAX + 1; i++)
        kx_journal_add(&w, 10 + i);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_LIMITS, "65 blocks of nothing");
    kx_journal_begin(&w, 100);
    for (unsigned i = 0; i < KX_UPDATE_EVENTS_MAX + 4; i++) {
        kx_journal_add(&w, 10 + i);
        (void)kx_journal_transit(&w, 10 + i, KX_CLAIM, 1);
    }
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_LIMITS, "68 claims");
    kx_journal_begin(&w, 100);
    kx_journal_add(&w, 4);
    kx_journal_add(&w, 5);
    kx_journal_add(&w, 4);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_DUPLICATE);
    cr_expect_not_null(strstr(w.err.text, "added[2]"), "%s", w.err.text);
}

static enum kx_lineage_rule read_with(const char *from, const char *to, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_UPDATE_MAX_BYTES);
    struct kx_update read;
    const char *whole, *at, *changed;
    enum kx_lineage_rule rule;

    kx_journal_update_write(&text, &w);
    whole = assay_buf_cstr(&text);
    at = strstr(whole, from);
    cr_assert_not_null(at, "%s is not in %s", from, whole);
    changed = assay_arena_printf(&w.lane.arena, "%.*s%s%s", (int)(at - whole), whole, to,
                                 at + strlen(from));
    cr_assert_not_null(changed);
    *err = (struct assay_err){.code = ASSAY_OK};
    rule = kx_update_read(&read, &w.lane.arena, assay_str(changed), err);
    assay_buf_fini(&text);
    return rule;
}

Test(kx_lineage_edges, reads_no_longer_list_than_it_applies)
{
    struct assay_err err;

    kx_journal_begin(&w, 9);
    for (unsigned i = 0; i < KX_UPDATE_REMOVED_MAX; i++)
        kx_journal_remove(&w, 100 + i);
    cr_expect_eq(read_with("\"removed\":[", "\"removed\":[", &err), KX_LINEAGE_OK, "%s", err.text);
    cr_expect_eq(read_with("\"removed\":[", "\"removed\":[\"00\",", &err),
                 KX_LINEAGE_UPDATE_LIMITS);
    cr_expect_not_null(strstr(err.text, "removed"), "%s", err.text);
    cr_expect_eq(read_with("\"added\":[]", "\"added\":{}", &err), KX_LINEAGE_UPDATE_FORM);
    cr_expect_not_null(strstr(err.text, "added"), "%s", err.text);
}

/* ---- blocks that come and go ---- */

/* The claim of block 10 is undone and made again there: what was before its return can be cut off
 * without it. */
Test(kx_lineage_edges, cuts_behind_the_removal_of_a_block_that_came_back)
{
    kx_journal_claims(&w, 10, 1);
    kx_journal_remove_down(&w, 10, 10);
    kx_journal_begin(&w, 12);
    kx_journal_add(&w, 10);
    w.head = w.lineage.genesis;
    (void)kx_journal_transit(&w, 10, KX_CLAIM, 1);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    kx_journal_claims(&w, 20, KX_JOURNAL_KEPT - 1);
    cr_assert_eq(w.lineage.count, KX_JOURNAL_KEPT + 3);
    cr_assert_eq(kx_lineage_compact(&w.lineage, &w.lane.arena, &w.lane.lane), ASSAY_OK);
    cr_expect_eq(w.lineage.anchor.folded, 3);
    cr_expect_eq(w.lineage.count, KX_JOURNAL_KEPT);
    cr_expect_eq(w.lineage.events[0].kind, KX_EVENT_ACCEPTED,
                 "its return is the first of the rest");
}

/* The removal of the genesis reaches back to the beginning: nothing can be cut off. */
Test(kx_lineage_edges, is_left_whole_where_its_genesis_was_removed)
{
    kx_journal_claims(&w, 10, 63);
    kx_journal_remove_down(&w, 72, 41);
    kx_journal_remove_down(&w, 40, 10);
    kx_journal_remove_down(&w, 1, 1);
    cr_assert_eq(w.lineage.count, KX_JOURNAL_MAX);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_UNAVAILABLE);
    cr_expect_eq(kx_lineage_compact(&w.lineage, &w.lane.arena, &w.lane.lane), ASSAY_OK);
    cr_expect_eq(w.lineage.count, KX_JOURNAL_MAX);
    cr_expect_eq(w.lineage.anchor.folded, 0);
}

/* What was rolled back before, and told, is not rolled back again by whatever comes next. */
Test(kx_lineage_edges, is_not_rolled_back_by_what_was_moved_before)
{
    kx_journal_claims(&w, 3, 1);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    kx_journal_add(&w, 5);
    w.head = w.lineage.genesis;
    (void)kx_journal_transit(&w, 3, KX_CLAIM, 1);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    kx_journal_claims(&w, 8, 1);
    cr_expect_not(w.lineage.is_rolled_back);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_ACTIVE);
}

/* ---- states ---- */

static struct assay_bytes state_text(void)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    struct assay_bytes copy;

    cr_assert_eq(kx_lineage_write(&text, &w.lane.arena, &w.lane.lane, &w.lineage), ASSAY_OK);
    copy = assay_arena_copy(&w.lane.arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    cr_assert_not_null(copy.at);
    return copy;
}

static enum kx_lineage_rule read_back(struct assay_bytes text, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(64 << 20);
    struct kx_lineage read;
    enum kx_lineage_rule rule;

    *err = (struct assay_err){.code = ASSAY_OK};
    rule = kx_lineage_read(&read, &arena, &w.lane.lane, text, err);
    assay_arena_fini(&arena);
    return rule;
}

/* All between two words of the state is replaced. */
static struct assay_bytes replaced(const char *from, const char *until, const char *by)
{
    const char *text = (const char *)state_text().at; /* a copy has a NUL behind it */
    const char *at = strstr(text, from);
    const char *end = at != NULL ? strstr(at, until) : NULL;

    cr_assert_not_null(end, "%s", text);
    return assay_str(
        assay_arena_printf(&w.lane.arena, "%.*s%s%s", (int)(at - text), text, by, end));
}

Test(kx_lineage_edges, is_read_back_with_a_block_that_was_removed_twice)
{
    struct assay_err err;

    for (int i = 0; i < 2; i++) {
        kx_journal_begin(&w, 12);
        kx_journal_add(&w, 10);
        (void)kx_journal_transit(&w, 10, KX_CLAIM, 1);
        cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
        kx_journal_remove_down(&w, 10, 10);
    }
    cr_expect_eq(read_back(state_text(), &err), KX_LINEAGE_OK, "%s", err.text);
}

Test(kx_lineage_edges, is_not_read_with_a_member_of_another_form)
{
    static const struct {
        const char *from, *until, *by;
    } rows[] = {
        {"\"events\":", "\"format\"", "\"events\":{},"},
        {"\"filter\":", "\"folded\"", "\"filter\":\"zz\","},
        {"\"filter\":", "\"folded\"", "\"filter\":\"00\","},
    };

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    kx_journal_claims(&w, 200, 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err;

        cr_expect_eq(read_back(replaced(rows[i].from, rows[i].until, rows[i].by), &err),
                     KX_LINEAGE_STATE_FORM, "row: %s", rows[i].by);
        cr_expect_neq(err.text[0], '\0', "row: %s", rows[i].by);
    }
}

/* An anchor that folded all away and whose hash is not of that. */
Test(kx_lineage_edges, is_not_read_with_an_anchor_of_nothing)
{
    struct assay_err err;

    w.lineage.anchor = (struct kx_anchor){.folded = 1};
    cr_expect_eq(read_back(state_text(), &err), KX_LINEAGE_STATE_ANCHOR, "%s", err.text);
    cr_expect_not_null(strstr((const char *)state_text().at, "{\"head\":null,\"tip\":null}"));
}

Test(kx_lineage_edges, of_a_journal_that_no_update_makes_has_no_head)
{
    struct kx_stand stand;
    struct kx_lane_head head;
    struct assay_err err = {.code = ASSAY_OK};

    kx_journal_claims(&w, 10, 2);
    w.lineage.events[2] = w.lineage.events[1];
    cr_expect_eq(kx_lineage_derive(&stand, &w.lineage, &err), KX_LINEAGE_TRANSITION_REPEATED);
    cr_expect_not_null(strstr(err.text, "events[2]"), "%s", err.text);
    cr_expect_not(kx_lineage_head(&head, &w.lineage));
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_UNAVAILABLE);
    w.lineage.count = 0;
    cr_expect_not(kx_lineage_head(&head, &w.lineage));
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_UNAVAILABLE);
}

/* ---- what a record may become ---- */

static struct kx_channel_record before, after;

static void no_version_left(void)
{
    before.offchain.version = UINT64_MAX;
    after.offchain.version = 0;
}
static void other_kind(void)
{
    after.lineage.events[5].transition = KX_TOP_UP;
}
static void other_consumed(void)
{
    after.lineage.events[5].consumed.index++;
}
static void other_successor(void)
{
    after.lineage.events[5].successor.value++;
}
static void other_event_kind(void)
{
    after.lineage.events[5].kind = KX_EVENT_REMOVED;
}
static void folded_less(void)
{
    after.lineage.anchor.folded--;
}
static void folded_what_never_was(void)
{
    after.lineage.anchor.folded += after.lineage.count + 1;
}
static void other_history(void)
{
    after.lineage.anchor.history[0] ^= 1;
}
static void other_snapshot(void)
{
    after.lineage.anchor.snapshot[31] ^= 1;
}
static void other_filter(void)
{
    after.lineage.anchor.filter[7] ^= 1;
}

Test(kx_lineage_edges, extends_a_folded_record_by_what_it_folded)
{
    static const struct {
        const char *name;
        void (*change)(void);
        enum kx_lineage_rule rule;
    } rows[] = {
        {"the last version", no_version_left, KX_LINEAGE_EXTENSION_VERSION},
        {"another event", other_event_kind, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another transition", other_kind, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another outpoint", other_consumed, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another successor", other_successor, KX_LINEAGE_EXTENSION_JOURNAL},
        {"less is folded", folded_less, KX_LINEAGE_EXTENSION_JOURNAL},
        {"more is folded", folded_what_never_was, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another history", other_history, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another snapshot", other_snapshot, KX_LINEAGE_EXTENSION_JOURNAL},
        {"another filter", other_filter, KX_LINEAGE_EXTENSION_JOURNAL},
        {"nothing", NULL, KX_LINEAGE_OK},
    };

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    kx_journal_claims(&w, 200, 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {.code = ASSAY_OK};

        before = (struct kx_channel_record){.offchain = {.version = 3}, .lineage = w.lineage};
        after = before;
        after.offchain.version++;
        if (rows[i].change != NULL)
            rows[i].change();
        cr_expect_eq(kx_record_extends(&before, &after, &w.lane.arena, &w.lane.lane, &err),
                     rows[i].rule, "row: %s: %s", rows[i].name, err.text);
    }
}

/* ---- memory ---- */

/* Either there is memory for all of it, or nothing has happened and the reason is told. */
Test(kx_lineage_edges, is_left_as_it_was_where_there_is_no_memory_to_make_room)
{
    enum kx_lineage_rule rule;
    size_t n = 0;

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    before = (struct kx_channel_record){.offchain = {.version = 3}, .lineage = w.lineage};
    do {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);

        kx_journal_begin(&w, 300);
        kx_journal_add(&w, 200);
        (void)kx_journal_transit(&w, 200, KX_CLAIM, 1);
        (void)assay_alloc_fail_after(n++);
        rule = kx_lineage_apply(&w.lineage, &arena, &w.lane.lane, &w.update, &w.err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(rule == KX_LINEAGE_OK, w.err.code == ASSAY_OK, "%s", w.err.text);
        cr_expect(rule == KX_LINEAGE_OK || w.err.code == ASSAY_E_NOMEM, "%s", w.err.text);
        cr_expect_eq(w.lineage.count, rule == KX_LINEAGE_OK ? KX_JOURNAL_KEPT + 1 : KX_JOURNAL_MAX);
        cr_assert_lt(n, 20000);
        assay_arena_fini(&arena);
    } while (rule != KX_LINEAGE_OK);
    after = (struct kx_channel_record){.offchain = {.version = 4}, .lineage = w.lineage};
    for (n = 0, rule = KX_LINEAGE_EXTENSION_JOURNAL; rule != KX_LINEAGE_OK; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);
        struct assay_err err = {.code = ASSAY_OK};

        (void)assay_alloc_fail_after(n);
        rule = kx_record_extends(&before, &after, &arena, &w.lane.lane, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rule == KX_LINEAGE_OK || err.code == ASSAY_E_NOMEM, "%s", err.text);
        cr_assert_lt(n, 20000);
        assay_arena_fini(&arena);
    }
    cr_expect_gt(n, 2);
}

Test(kx_lineage_edges, is_not_opened_nor_read_without_memory)
{
    struct assay_bytes text;
    struct kx_lineage lineage;
    enum assay_code opened = ASSAY_E_NOMEM;
    enum kx_lineage_rule rule = KX_LINEAGE_STATE_FORM;
    static uint8_t abi[20000];
    size_t n;

    memset(abi, ' ', sizeof(abi)); /* more than is hashed without memory */
    w.launch.parts[KX_LAUNCH_ABI] = assay_bytes_of(abi, sizeof(abi));
    for (n = 0; opened != ASSAY_OK; n++) {
        (void)assay_alloc_fail_after(n);
        opened = kx_lineage_open(&lineage, &w.launch);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(opened == ASSAY_OK || opened == ASSAY_E_NOMEM);
        cr_assert_lt(n, 100);
    }
    cr_expect_gt(n, 1);
    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    kx_journal_claims(&w, 200, 1);
    text = state_text();
    for (n = 0; rule != KX_LINEAGE_OK; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);
        struct assay_err err = {.code = ASSAY_OK};

        (void)assay_alloc_fail_after(n);
        rule = kx_lineage_read(&lineage, &arena, &w.lane.lane, text, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(rule == KX_LINEAGE_OK, err.code == ASSAY_OK, "%zu: %s", n, err.text);
        cr_assert_lt(n, 20000);
        assay_arena_fini(&arena);
    }
    cr_expect_gt(n, 10);
}
