/* Journals as they are stored, compacted and reported. Sections are those of the batch digest. */
#include "base/hex.h"
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

TestSuite(kx_lineage_state, .init = setup, .fini = teardown);

/* ---- compaction ---- */

Test(kx_lineage_state, is_compacted_where_the_129th_event_would_be)
{
    struct kaspa_hash old = kx_journal_block(10), kept = kx_journal_block(73);

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    cr_expect_eq(w.lineage.count, KX_JOURNAL_MAX);
    cr_expect_eq(w.lineage.anchor.folded, 0);
    cr_expect_not(kx_anchor_has(&w.lineage.anchor, &old));
    kx_journal_claims(&w, 200, 1);
    cr_expect_eq(w.lineage.count, KX_JOURNAL_KEPT + 1);
    cr_expect_eq(w.lineage.anchor.folded, 64);
    cr_expect(kx_anchor_has(&w.lineage.anchor, &old));
    cr_expect(kx_lineage_head(&w.head, &w.lineage));
    cr_expect_eq(w.head.claimed, 128);
    kx_journal_begin(&w, 300);
    for (unsigned i = 0; i < KX_UPDATE_REMOVED_MAX; i++)
        kx_journal_remove(&w, i == 0 ? 200 : 137 - i);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    cr_expect_not(kx_anchor_has(&w.lineage.anchor, &kept));
}

Test(kx_lineage_state, ends_where_a_removal_reaches_behind_the_anchor)
{
    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    kx_journal_claims(&w, 200, 1);
    kx_journal_begin(&w, 300);
    kx_journal_remove(&w, 10);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_REMOVED_FORGOTTEN);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_UNAVAILABLE);
}

/* What could not be undone by itself is kept: here a block whose events are on both sides. */
Test(kx_lineage_state, does_not_cut_a_block_in_two)
{
    kx_journal_claims(&w, 10, 62);
    kx_journal_begin(&w, 90);
    kx_journal_add(&w, 80);
    (void)kx_journal_transit(&w, 80, KX_CLAIM, 1);
    (void)kx_journal_transit(&w, 81, KX_CLAIM, 1);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    kx_journal_claims(&w, 100, 63);
    cr_assert_eq(w.lineage.count, KX_JOURNAL_MAX);
    cr_assert_eq(kx_lineage_compact(&w.lineage, &w.lane.arena, &w.lane.lane), ASSAY_OK);
    cr_expect_eq(w.lineage.count, KX_JOURNAL_KEPT + 1);
    cr_expect_eq(w.lineage.anchor.folded, 63);
}

Test(kx_lineage_state, is_full_where_removals_reach_too_far_back_to_compact)
{
    kx_journal_claims(&w, 10, 63);
    kx_journal_remove_down(&w, 72, 41);
    kx_journal_remove_down(&w, 40, 10);
    cr_assert_eq(w.lineage.count, 127);
    kx_journal_claims(&w, 100, 1);
    kx_journal_begin(&w, 300);
    for (unsigned i = 0; i < 3; i++) {
        kx_journal_add(&w, 200 + i);
        (void)kx_journal_transit(&w, 200 + i, KX_CLAIM, 1);
    }
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_JOURNAL_LIMIT, "%s", w.err.text);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_UNAVAILABLE);
}

Test(kx_lineage_state, is_left_as_it_was_where_there_is_no_memory_to_compact)
{
    size_t failed = 0;
    enum assay_code rc;

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    do {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);

        (void)assay_alloc_fail_after(failed++);
        rc = kx_lineage_compact(&w.lineage, &arena, &w.lane.lane);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(w.lineage.count, rc == ASSAY_OK ? KX_JOURNAL_KEPT : KX_JOURNAL_MAX);
        cr_assert_lt(failed, 20000);
        assay_arena_fini(&arena);
    } while (rc != ASSAY_OK);
    cr_expect_gt(failed, 2);
}

/* ---- the state's text ---- */

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
    struct kx_lineage read;
    struct assay_arena arena = ASSAY_ARENA_INIT(64 << 20);
    enum kx_lineage_rule rule = kx_lineage_read(&read, &arena, &w.lane.lane, text, err);

    assay_arena_fini(&arena);
    return rule;
}

/* The state with one text of it replaced by another. */
static struct assay_bytes edited(const char *from, const char *to)
{
    struct assay_bytes text = state_text();
    struct assay_buf out = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    const char *at = strstr((const char *)text.at, from); /* a copy has a NUL behind it */
    struct assay_bytes copy;
    size_t before;

    cr_assert_not_null(at, "%s is not in the state", from);
    before = (size_t)((const uint8_t *)at - text.at);
    assay_buf_add(&out, assay_bytes_part(text, 0, before));
    assay_buf_add_str(&out, to);
    assay_buf_add(&out, assay_bytes_part(text, before + strlen(from), text.len));
    copy = assay_arena_copy(&w.lane.arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    return copy;
}

Test(kx_lineage_state, refuses_a_state_that_was_changed)
{
    static const struct {
        const char *from, *to;
        enum kx_lineage_rule rule;
    } rows[] = {
        {"assay-lineage/1", "assay-lineage/2", KX_LINEAGE_STATE_FORM},
        {"\"sequence\":\"1\"", "\"sequence\":\"2\"", KX_LINEAGE_STATE_FORM},
        {"\"rolledBack\":true", "\"rolledBack\":0", KX_LINEAGE_STATE_FORM},
        {"\"rolledBack\":true", "\"rolledBack\":true,\"head\":null", KX_LINEAGE_STATE_FORM},
        {"\"rolledBack\":true", " \"rolledBack\":true", KX_LINEAGE_STATE_FORM},
        {"\"unavailable\":null", "\"unavailable\":\"batch.chain.form\"", KX_LINEAGE_STATE_FORM},
        {"\"transactionIds\":[\"7a000b", "\"transactionIds\":[\"7a000c", KX_LINEAGE_STATE_FORM},
        {"\"value\":\"89999999\"", "\"value\":\"89999998\"", KX_LINEAGE_TRANSITION_VALUE},
        {"\"authorizedSuccessorCount\":1", "\"authorizedSuccessorCount\":0", KX_LINEAGE_STATE_FORM},
        {"\"kind\":\"claim\"", "\"kind\":\"burn\"", KX_LINEAGE_STATE_FORM},
        {"\"event\":\"removed\"", "\"event\":\"undone\"", KX_LINEAGE_STATE_FORM},
    };
    struct assay_err err = {.code = ASSAY_OK};

    kx_journal_claims(&w, 10, 2);
    kx_journal_begin(&w, 40);
    kx_journal_remove(&w, 11);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    cr_assert_eq(read_back(state_text(), &err), KX_LINEAGE_OK, "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum kx_lineage_rule rule;

        err = (struct assay_err){.code = ASSAY_OK};
        rule = read_back(edited(rows[i].from, rows[i].to), &err);
        cr_expect_eq(rule, rows[i].rule, "row: %s: %s: %s", rows[i].to, kx_lineage_rules[rule].id,
                     err.text);
        cr_expect_neq(err.text[0], '\0', "row: %s", rows[i].to);
    }
}

Test(kx_lineage_state, refuses_an_anchor_that_was_changed)
{
    struct assay_err err = {.code = ASSAY_OK};

    kx_journal_claims(&w, 10, 63);
    kx_journal_claims(&w, 73, 64);
    kx_journal_claims(&w, 200, 1);
    cr_assert_eq(read_back(state_text(), &err), KX_LINEAGE_OK, "%s", err.text);
    cr_expect_eq(read_back(edited("\"stand\":{\"head\":{\"claimedCumulativeAmount\":\"63\"",
                                  "\"stand\":{\"head\":{\"claimedCumulativeAmount\":\"62\""),
                           &err),
                 KX_LINEAGE_STATE_ANCHOR);
    cr_expect_eq(read_back(edited("\"folded\":\"64\"", "\"folded\":\"0\""), &err),
                 KX_LINEAGE_STATE_FORM);
}

/* B105: 513 KiB of state, 129 events, and a text of every length but the right one */
Test(kx_lineage_state, reads_no_more_than_its_limits)
{
    struct assay_bytes text;
    struct assay_buf many = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES + 1024);
    struct assay_err err = {.code = ASSAY_OK};
    const char *events;

    text = state_text();
    events = strstr((const char *)text.at, "\"events\":[");
    cr_assert_not_null(events);
    assay_buf_add(&many, assay_bytes_of(text.at, (size_t)((const uint8_t *)events - text.at)));
    assay_buf_add_str(&many, "\"events\":[");
    for (int i = 0; i < KX_JOURNAL_MAX; i++)
        assay_buf_add_str(&many, "0,");
    assay_buf_add_str(&many, "0],\"format\"");
    assay_buf_add_str(&many, strstr(events, "\"format\"") + strlen("\"format\""));
    cr_expect_eq(read_back(assay_buf_view(&many), &err), KX_LINEAGE_JOURNAL_LIMIT, "%s", err.text);
    while (many.len <= KX_STATE_MAX_BYTES)
        assay_buf_add_byte(&many, ' ');
    cr_expect_eq(read_back(assay_buf_view(&many), &err), KX_LINEAGE_STATE_FORM);
    assay_buf_fini(&many);
    for (size_t len = 0; len < text.len; len++)
        cr_expect_eq(read_back(assay_bytes_part(text, 0, len), NULL), KX_LINEAGE_STATE_FORM);
}

/* ---- updates as they are reported ---- */

static void make_update(void)
{
    kx_journal_claims(&w, 10, 2);
    kx_journal_begin(&w, 40);
    kx_journal_remove(&w, 11);
    kx_journal_remove(&w, 10);
    kx_journal_remove(&w, 1);
    kx_journal_add(&w, 20);
    kx_journal_genesis(&w);
    (void)kx_journal_transit(&w, 20, KX_CLAIM, 500);
    (void)kx_journal_transit(&w, 21, KX_TOP_UP, 600);
    kx_journal_add(&w, 22);
    (void)kx_journal_transit(&w, 22, KX_REFUND, 700);
}

Test(kx_lineage_state, reads_an_update_as_it_was_made)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_UPDATE_MAX_BYTES + 1);
    struct kx_update read;

    make_update();
    kx_journal_update_write(&text, &w);
    cr_assert_eq(kx_update_read(&read, &w.lane.arena, assay_buf_view(&text), &w.err), KX_LINEAGE_OK,
                 "%s", w.err.text);
    w.update = read;
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE), KX_CHANNEL_REFUNDED);
    while (text.len < KX_UPDATE_MAX_BYTES)
        assay_buf_add_byte(&text, ' ');
    cr_expect_eq(kx_update_read(&read, &w.lane.arena, assay_buf_view(&text), NULL), KX_LINEAGE_OK);
    assay_buf_add_byte(&text, ' ');
    cr_expect_eq(kx_update_read(&read, &w.lane.arena, assay_buf_view(&text), NULL),
                 KX_LINEAGE_UPDATE_LIMITS);
    assay_buf_fini(&text);
}

Test(kx_lineage_state, names_the_place_of_what_is_wrong_in_an_update)
{
    static const struct {
        const char *from, *to, *place;
    } rows[] = {
        {"\"continuity\":\"complete\"", "\"continuity\":\"gap\"", "continuity"},
        {"\"kind\":\"top-up\"", "\"kind\":\"topUp\"", "added[0].transitions[1].kind"},
        {"\"value\":\"89999500\"", "\"value\":89999500", "added[0].transitions[0].successor.value"},
        {"\"value\":\"89999500\"", "\"value\":\"9223372036854775808\"",
         "added[0].transitions[0].successor.value"},
        {"\"genesis\":null", "\"genesis\":1", "added[1].genesis"},
        {"\"terminalOutput\":{\"index\":0", "\"terminalOutput\":{\"index\":-1",
         "added[1].transitions[0].terminalOutput.index"},
        {"\"removed\":[\"b1", "\"removed\":[\"b", "removed[0]"},
        {"\"added\":", "\"head\":null,\"added\":", "head"},
    };
    struct assay_buf text = ASSAY_BUF_INIT(KX_UPDATE_MAX_BYTES);

    make_update();
    kx_journal_update_write(&text, &w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *whole = assay_buf_cstr(&text);
        const char *at = strstr(whole, rows[i].from);
        struct assay_err err = {.code = ASSAY_OK};
        struct kx_update read;
        const char *changed;

        cr_assert_not_null(at, "row: %s", rows[i].to);
        changed = assay_arena_printf(&w.lane.arena, "%.*s%s%s", (int)(at - whole), whole,
                                     rows[i].to, at + strlen(rows[i].from));
        cr_expect_eq(kx_update_read(&read, &w.lane.arena, assay_str(changed), &err),
                     KX_LINEAGE_UPDATE_FORM, "row: %s", rows[i].to);
        cr_expect_eq(strncmp(err.text, rows[i].place, strlen(rows[i].place)), 0, "row: %s: %s",
                     rows[i].to, err.text);
    }
    assay_buf_fini(&text);
}

Test(kx_lineage_state, takes_any_text_for_an_update_or_a_state)
{
    enum { CHANGES = 2000 };
    struct assay_buf text = ASSAY_BUF_INIT(KX_UPDATE_MAX_BYTES);
    uint64_t random = 7;

    make_update();
    kx_journal_update_write(&text, &w);
    for (int i = 0; i < CHANGES; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_lineage lineage = w.lineage;
        struct assay_err err = {.code = ASSAY_OK};
        struct kx_update read;
        uint8_t *at, was;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at = &text.at[(size_t)(random >> 24) % text.len];
        was = *at;
        *at = (uint8_t)(was ^ (1U << (random >> 61)));
        if (kx_update_read(&read, &arena, assay_buf_view(&text), &err) != KX_LINEAGE_OK ||
            kx_lineage_apply(&lineage, &arena, &w.lane.lane, &read, &err) != KX_LINEAGE_OK)
            cr_expect_neq(err.text[0], '\0');
        *at = was;
        assay_arena_fini(&arena);
    }
    cr_expect_neq(read_back(assay_buf_view(&text), NULL), KX_LINEAGE_OK);
    assay_buf_fini(&text);
}

/* ---- what a record may become ---- */

static struct kx_channel_record before, after;

static void other_launch(void)
{
    after.lineage.launch[0] ^= 1;
}
static void other_genesis(void)
{
    after.lineage.genesis.value++;
}
static void other_charged(void)
{
    after.offchain.charged++;
}
static void other_authorized(void)
{
    after.offchain.authorized--;
}
static void other_voucher(void)
{
    after.offchain.voucher[63] ^= 1;
}
static void other_commitment(void)
{
    after.offchain.last_commitment[0] ^= 1;
}
static void same_version(void)
{
    after.offchain.version--;
}
static void two_versions(void)
{
    after.offchain.version++;
}
static void event_gone(void)
{
    after.lineage.count = 1;
}
static void event_changed(void)
{
    after.lineage.events[1].acceptance.confirmations++;
}
static void rollback_forgotten(void)
{
    after.lineage.is_rolled_back = false;
}
static void anchor_invented(void)
{
    after.lineage.anchor.folded = 1;
}

Test(kx_lineage_state, extends_a_record_upon_what_the_chain_says_alone)
{
    static const struct {
        const char *name;
        void (*change)(void);
        enum kx_lineage_rule rule;
    } rows[] = {
        {"other launch", other_launch, KX_LINEAGE_EXTENSION_LAUNCH},
        {"other genesis", other_genesis, KX_LINEAGE_EXTENSION_LAUNCH},
        {"A", other_charged, KX_LINEAGE_EXTENSION_OFFCHAIN},
        {"T", other_authorized, KX_LINEAGE_EXTENSION_OFFCHAIN},
        {"voucher", other_voucher, KX_LINEAGE_EXTENSION_OFFCHAIN},
        {"last commitment", other_commitment, KX_LINEAGE_EXTENSION_OFFCHAIN},
        {"same version", same_version, KX_LINEAGE_EXTENSION_VERSION},
        {"version + 2", two_versions, KX_LINEAGE_EXTENSION_VERSION},
        {"an event is gone", event_gone, KX_LINEAGE_EXTENSION_JOURNAL},
        {"an event was changed", event_changed, KX_LINEAGE_EXTENSION_JOURNAL},
        {"the rollback is forgotten", rollback_forgotten, KX_LINEAGE_EXTENSION_JOURNAL},
        {"an anchor was invented", anchor_invented, KX_LINEAGE_EXTENSION_JOURNAL},
    };

    kx_journal_claims(&w, 10, 1);
    w.lineage.is_rolled_back = true;
    before = (struct kx_channel_record){.offchain = {.version = 3, .charged = 9, .authorized = 9}};
    before.lineage = w.lineage;
    kx_journal_claims(&w, 20, 1);
    for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
        bool is_right = i == ARRAY_LEN(rows);
        struct assay_err err = {.code = ASSAY_OK};

        after = (struct kx_channel_record){.offchain = before.offchain, .lineage = w.lineage};
        after.offchain.version++;
        if (!is_right)
            rows[i].change();
        cr_expect_eq(kx_record_extends(&before, &after, &w.lane.arena, &w.lane.lane, &err),
                     is_right ? KX_LINEAGE_OK : rows[i].rule, "row: %s: %s",
                     is_right ? "right" : rows[i].name, err.text);
    }
}
