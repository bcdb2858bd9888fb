/* Journals: what is applied, what is refused, and what a channel is afterwards. Sections are those
 * of the batch digest; B-rows are those of its section 18. */
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

TestSuite(kx_lineage, .init = setup, .fini = teardown);

static void expect_head(uint64_t value, uint64_t claimed)
{
    struct kx_lane_head head;

    cr_assert(kx_lineage_head(&head, &w.lineage));
    cr_expect_eq(head.value, value);
    cr_expect_eq(head.claimed, claimed);
}

static void expect_status(enum kx_channel_status want)
{
    enum kx_channel_status status = kx_lineage_status(&w.lineage, KX_CHANNEL_ACTIVE);

    cr_expect_eq(status, want, "%s", kx_channel_status_name(status));
}

static void accept_ok(unsigned block, unsigned txid, enum kx_transition_kind kind, uint64_t amount)
{
    enum kx_lineage_rule rule = kx_journal_accept(&w, block, txid, kind, amount);

    cr_assert_eq(rule, KX_LINEAGE_OK, "%s: %s", kx_lineage_rules[rule].id, w.err.text);
}

Test(kx_lineage, follows_claims_top_ups_and_the_refund)
{
    expect_head(90000000, 0);
    accept_ok(3, 1, KX_CLAIM, 8000000);
    accept_ok(5, 2, KX_CLAIM, 9000000);
    expect_head(73000000, 17000000);
    accept_ok(7, 3, KX_TOP_UP, 17000000);
    expect_head(90000000, 17000000);
    expect_status(KX_CHANNEL_ACTIVE);
    accept_ok(9, 4, KX_REFUND, 900);
    expect_status(KX_CHANNEL_REFUNDED);
    cr_expect_not(kx_lineage_head(&w.head, &w.lineage));
}

Test(kx_lineage, follows_several_transitions_of_one_block)
{
    kx_journal_begin(&w, 5);
    kx_journal_add(&w, 3);
    (void)kx_journal_transit(&w, 1, KX_CLAIM, 1);
    (void)kx_journal_transit(&w, 2, KX_CLAIM, 2);
    kx_journal_add(&w, 4);
    (void)kx_journal_transit(&w, 3, KX_TOP_UP, 10);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_head(90000007, 3);
}

/* The order of blocks begins from what stands, and not from what stood. */
Test(kx_lineage, follows_a_claim_into_a_lower_block_only_where_the_higher_one_was_removed)
{
    accept_ok(9, 1, KX_CLAIM, 8000000);
    cr_expect_eq(kx_journal_accept(&w, 8, 2, KX_CLAIM, 1000), KX_LINEAGE_TRANSITION_ACCEPTANCE);
    cr_expect_not_null(strstr(w.err.text, "acceptingBlockBlueScore is 1080, below 1090"), "%s",
                       w.err.text);
    kx_journal_begin(&w, 9);
    kx_journal_remove(&w, 9);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    accept_ok(8, 1, KX_CLAIM, 8000000);
    accept_ok(8, 2, KX_CLAIM, 1000);
    expect_head(81999000, 8001000);
}

/* ---- what is refused ---- */

typedef void edit(struct kx_transition *t);

static void other_covenant(struct kx_transition *t)
{
    t->covenant_id.at[0] ^= 1;
}
static void other_successor_covenant(struct kx_transition *t)
{
    t->successor.covenant_id.at[31] ^= 1;
}
static void other_template(struct kx_transition *t)
{
    t->template_id = ASSAY_LIT("kaspa-x402-escrow-v4");
}
static void no_successor(struct kx_transition *t)
{
    t->has_successor = false;
}
static void two_successors(struct kx_transition *t)
{
    t->successor_count = 2;
}
static void successor_of_another(struct kx_transition *t)
{
    t->successor.outpoint.txid.at[5] ^= 1;
}
static void successor_at_0(struct kx_transition *t)
{
    t->successor.outpoint.index = 0;
}
static void other_input(struct kx_transition *t)
{
    t->authorizing_input = 1;
}
static void older_state(struct kx_transition *t)
{
    t->spk = w.launch.spk;
}
static void spent_other(struct kx_transition *t)
{
    t->consumed.index++;
}
static void claims_and_ends(struct kx_transition *t)
{
    t->has_terminal = true;
    t->terminal_value = 1;
}
static void loses_a_sompi(struct kx_transition *t)
{
    t->successor.value--;
}
static void is_called_top_up(struct kx_transition *t)
{
    t->kind = KX_TOP_UP;
    t->successor.outpoint.index = 0;
}
static void overflows(struct kx_transition *t)
{
    t->successor.claimed = (uint64_t)INT64_MAX + 1;
}
static void other_block(struct kx_transition *t)
{
    t->acceptance.block = kx_journal_block(4);
}
static void other_checkpoint(struct kx_transition *t)
{
    t->acceptance.checkpoint.daa_score++;
}
static void other_txid(struct kx_transition *t)
{
    t->acceptance.txid.at[4] ^= 1;
}
static void below_the_last(struct kx_transition *t)
{
    t->acceptance.blue_score = w.lineage.events[1].acceptance.blue_score - 1;
}
static void counts_blue_scores(struct kx_transition *t)
{
    t->acceptance.confirmations = 500;
}
static void seen_before(struct kx_transition *t)
{
    t->txid = t->acceptance.txid = t->successor.outpoint.txid = kx_journal_txid(1);
}

Test(kx_lineage, refuses_a_claim_that_is_none)
{
    static const struct {
        const char *name;
        edit *change;
        enum kx_lineage_rule rule;
    } rows[] = {
        {"other covenant", other_covenant, KX_LINEAGE_TRANSITION_LANE},
        {"successor's covenant", other_successor_covenant, KX_LINEAGE_TRANSITION_LANE},
        {"other template", other_template, KX_LINEAGE_TRANSITION_LANE},
        {"no successor", no_successor, KX_LINEAGE_TRANSITION_SUCCESSOR},
        {"two successors", two_successors, KX_LINEAGE_TRANSITION_SUCCESSOR},
        {"successor of another", successor_of_another, KX_LINEAGE_TRANSITION_SUCCESSOR},
        {"successor at 0", successor_at_0, KX_LINEAGE_TRANSITION_SUCCESSOR},
        {"bound by input 1", other_input, KX_LINEAGE_TRANSITION_SUCCESSOR},
        {"script of another state", older_state, KX_LINEAGE_TRANSITION_SCRIPT},
        {"spends another outpoint", spent_other, KX_LINEAGE_TRANSITION_CONTINUITY},
        {"has a terminal output", claims_and_ends, KX_LINEAGE_TRANSITION_TERMINAL},
        {"loses a sompi", loses_a_sompi, KX_LINEAGE_TRANSITION_VALUE},
        {"is called top-up", is_called_top_up, KX_LINEAGE_TRANSITION_VALUE},
        {"claims 2^63", overflows, KX_LINEAGE_TRANSITION_VALUE},
        {"of another block", other_block, KX_LINEAGE_TRANSITION_ACCEPTANCE},
        {"of another checkpoint", other_checkpoint, KX_LINEAGE_TRANSITION_ACCEPTANCE},
        {"evidence of another", other_txid, KX_LINEAGE_TRANSITION_ACCEPTANCE},
        {"in a block below the last", below_the_last, KX_LINEAGE_TRANSITION_ACCEPTANCE},
        {"blue scores as depth", counts_blue_scores, KX_LINEAGE_TRANSITION_ACCEPTANCE},
        {"transaction seen before", seen_before, KX_LINEAGE_TRANSITION_REPEATED},
    };

    accept_ok(3, 1, KX_CLAIM, 8000000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_lineage before = w.lineage;
        enum kx_lineage_rule rule;

        kx_journal_begin(&w, 9);
        kx_journal_add(&w, 8);
        rows[i].change(kx_journal_transit(&w, 2, KX_CLAIM, 1000));
        rule = kx_journal_apply(&w);
        cr_expect_eq(rule, rows[i].rule, "row: %s: %s", rows[i].name, kx_lineage_rules[rule].id);
        cr_expect_neq(w.err.text[0], '\0', "row: %s", rows[i].name);
        cr_expect_eq(w.lineage.count, before.count, "row: %s", rows[i].name);
        cr_expect_eq(w.lineage.unavailable, KX_LINEAGE_OK, "row: %s", rows[i].name);
        cr_expect(kx_checkpoint_equal(&w.lineage.checkpoint, &before.checkpoint), "row: %s",
                  rows[i].name);
    }
    expect_status(KX_CHANNEL_ACTIVE);
}

static void pays_another(struct kx_transition *t)
{
    t->terminal_spk = w.lane.lane.payout;
}
static void pays_nothing(struct kx_transition *t)
{
    t->terminal_value = 0;
}
static void pays_more(struct kx_transition *t)
{
    t->terminal_value = 90000001;
}
static void pays_at_1(struct kx_transition *t)
{
    t->terminal_index = 1;
}
static void goes_on(struct kx_transition *t)
{
    t->has_successor = true;
}

Test(kx_lineage, refuses_a_refund_that_is_none)
{
    static const struct {
        const char *name;
        edit *change;
        enum kx_lineage_rule rule;
    } rows[] = {
        {"to the payee", pays_another, KX_LINEAGE_TRANSITION_TERMINAL},
        {"of nothing", pays_nothing, KX_LINEAGE_TRANSITION_TERMINAL},
        {"at output 1", pays_at_1, KX_LINEAGE_TRANSITION_TERMINAL},
        {"of more than there is", pays_more, KX_LINEAGE_TRANSITION_VALUE},
        {"with a successor", goes_on, KX_LINEAGE_TRANSITION_SUCCESSOR},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum kx_lineage_rule rule;

        kx_journal_begin(&w, 9);
        kx_journal_add(&w, 8);
        rows[i].change(kx_journal_transit(&w, 2, KX_REFUND, 900));
        rule = kx_journal_apply(&w);
        cr_expect_eq(rule, rows[i].rule, "row: %s: %s", rows[i].name, kx_lineage_rules[rule].id);
    }
}

Test(kx_lineage, ends_with_its_refund)
{
    accept_ok(3, 1, KX_REFUND, 900);
    cr_expect_eq(kx_journal_accept(&w, 5, 2, KX_CLAIM, 1000), KX_LINEAGE_TRANSITION_CONTINUITY);
    expect_status(KX_CHANNEL_REFUNDED);
}

/* B101 */
Test(kx_lineage, refuses_two_spends_of_one_outpoint_in_an_update)
{
    struct kx_transition *second;

    kx_journal_begin(&w, 5);
    kx_journal_add(&w, 3);
    (void)kx_journal_transit(&w, 1, KX_CLAIM, 1000);
    kx_journal_add(&w, 4);
    second = kx_journal_transit(&w, 2, KX_CLAIM, 2000);
    second->consumed = w.lineage.genesis.outpoint;
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_BRANCH);
    expect_head(90000000, 0);
}

/* ---- reorganisations ---- */

/* B96 */
Test(kx_lineage, rolls_back_a_claim_and_is_suspicious_ever_after)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    expect_head(90000000, 0);
    expect_status(KX_CHANNEL_SUSPICIOUS);
    accept_ok(7, 1, KX_CLAIM, 8000000);
    expect_head(82000000, 8000000);
    expect_status(KX_CHANNEL_SUSPICIOUS);
}

Test(kx_lineage, stays_active_where_a_claim_moved_to_another_block)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    kx_journal_add(&w, 5);
    w.head = w.lineage.genesis;
    (void)kx_journal_transit(&w, 1, KX_CLAIM, 8000000);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_head(82000000, 8000000);
    expect_status(KX_CHANNEL_ACTIVE);
}

Test(kx_lineage, is_suspicious_where_another_claim_took_its_place)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    kx_journal_add(&w, 5);
    w.head = w.lineage.genesis;
    (void)kx_journal_transit(&w, 2, KX_CLAIM, 9000000);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_head(81000000, 9000000);
    expect_status(KX_CHANNEL_SUSPICIOUS);
}

/* B97 */
Test(kx_lineage, is_never_active_again_when_its_refund_is_removed)
{
    accept_ok(3, 1, KX_REFUND, 900);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    expect_head(90000000, 0);
    expect_status(KX_CHANNEL_SUSPICIOUS);
    accept_ok(7, 1, KX_REFUND, 900);
    expect_status(KX_CHANNEL_REFUNDED);
}

Test(kx_lineage, keeps_what_the_record_knew_before)
{
    cr_expect_str_eq(kx_channel_status_name(KX_CHANNEL_ACTIVE), "active");
    cr_expect_str_eq(kx_channel_status_name(KX_CHANNEL_UNAVAILABLE), "unavailable");
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_SUSPICIOUS), KX_CHANNEL_SUSPICIOUS);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_REFUNDED), KX_CHANNEL_SUSPICIOUS);
    cr_expect_eq(kx_lineage_status(&w.lineage, KX_CHANNEL_UNAVAILABLE), KX_CHANNEL_ACTIVE);
}

/* B98 */
Test(kx_lineage, is_unavailable_until_its_genesis_is_accepted_again)
{
    kx_journal_begin(&w, 4);
    kx_journal_remove(&w, 1);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    expect_status(KX_CHANNEL_UNAVAILABLE);
    cr_expect_not(kx_lineage_head(&w.head, &w.lineage));
    w.head = w.lineage.genesis;
    cr_expect_eq(kx_journal_accept(&w, 6, 1, KX_CLAIM, 1000), KX_LINEAGE_TRANSITION_CONTINUITY);
    kx_journal_begin(&w, 9);
    kx_journal_add(&w, 8);
    kx_journal_genesis(&w);
    (void)kx_journal_transit(&w, 1, KX_CLAIM, 1000);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_head(89999000, 1000);
    expect_status(KX_CHANNEL_ACTIVE);
}

Test(kx_lineage, takes_a_genesis_again_only_where_it_was_removed)
{
    kx_journal_begin(&w, 4);
    kx_journal_add(&w, 3);
    kx_journal_genesis(&w);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_GENESIS_AGAIN);
    kx_journal_begin(&w, 4);
    kx_journal_remove(&w, 1);
    kx_journal_add(&w, 3);
    kx_journal_genesis(&w);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_status(KX_CHANNEL_ACTIVE);
    kx_journal_begin(&w, 7);
    kx_journal_remove(&w, 3);
    kx_journal_add(&w, 6);
    kx_journal_genesis(&w);
    w.added[0].genesis.txid = kx_journal_txid(9);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_TRANSITION_ACCEPTANCE);
}

/* B99: whatever the order in which they are reported, removals come first. */
Test(kx_lineage, removes_before_it_adds)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    accept_ok(5, 2, KX_CLAIM, 1000000);
    kx_journal_begin(&w, 9);
    kx_journal_add(&w, 7);
    w.head = w.lineage.genesis;
    (void)kx_journal_transit(&w, 3, KX_CLAIM, 5000000);
    kx_journal_remove(&w, 5);
    kx_journal_remove(&w, 3);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK, "%s", w.err.text);
    expect_head(85000000, 5000000);
    cr_expect_eq(w.lineage.events[3].kind, KX_EVENT_REMOVED);
    cr_expect_eq(w.lineage.events[5].kind, KX_EVENT_ACCEPTED);
}

Test(kx_lineage, follows_a_block_that_comes_back)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    accept_ok(3, 1, KX_CLAIM, 8000000);
    expect_head(82000000, 8000000);
    kx_journal_begin(&w, 6);
    kx_journal_remove(&w, 3);
    cr_assert_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    expect_head(90000000, 0);
}

Test(kx_lineage, is_unavailable_after_a_removal_with_a_gap)
{
    accept_ok(3, 1, KX_CLAIM, 8000000);
    accept_ok(5, 2, KX_CLAIM, 1000000);
    kx_journal_begin(&w, 9);
    kx_journal_remove(&w, 3);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_REMOVED_GAP);
    expect_status(KX_CHANNEL_UNAVAILABLE);
}

Test(kx_lineage, passes_over_removed_blocks_without_its_transitions)
{
    kx_journal_begin(&w, 9);
    kx_journal_remove(&w, 7);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    cr_expect_eq(w.lineage.count, 1);
}

/* ---- gaps: B100 ---- */

static void pruned(void)
{
    w.update.is_pruned = true;
}
static void other_from_block(void)
{
    w.update.from.block.at[9] ^= 1;
}
static void other_from_score(void)
{
    w.update.from.blue_score++;
}
static void other_from_daa(void)
{
    w.update.from.daa_score--;
}

Test(kx_lineage, is_unavailable_for_good_after_a_gap)
{
    static const struct {
        const char *name;
        void (*change)(void);
        enum kx_lineage_rule rule;
    } rows[] = {
        {"pruned", pruned, KX_LINEAGE_UPDATE_PRUNED},
        {"from another block", other_from_block, KX_LINEAGE_UPDATE_RESUMES},
        {"with another blue score", other_from_score, KX_LINEAGE_UPDATE_RESUMES},
        {"with another DAA score", other_from_daa, KX_LINEAGE_UPDATE_RESUMES},
    };
    const struct kx_lineage good = w.lineage;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        w.lineage = good;
        kx_journal_begin(&w, 4);
        rows[i].change();
        cr_expect_eq(kx_journal_apply(&w), rows[i].rule, "row: %s", rows[i].name);
        expect_status(KX_CHANNEL_UNAVAILABLE);
        kx_journal_begin(&w, 4);
        cr_expect_eq(kx_journal_apply(&w), rows[i].rule, "row: %s", rows[i].name);
        cr_expect_eq(w.lineage.count, 1);
    }
}

/* ---- limits: B105 ---- */

Test(kx_lineage, reads_at_most_32_removed_blocks)
{
    kx_journal_begin(&w, 9);
    for (unsigned i = 0; i < KX_UPDATE_REMOVED_MAX; i++)
        kx_journal_remove(&w, 100 + i);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_OK);
    kx_journal_begin(&w, 10);
    for (unsigned i = 0; i <= KX_UPDATE_REMOVED_MAX; i++)
        kx_journal_remove(&w, 100 + i);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_LIMITS);
}

static enum kx_lineage_rule apply_claims(unsigned count, unsigned first)
{
    kx_journal_begin(&w, first + count + 1);
    for (unsigned i = 0; i < count; i++) {
        kx_journal_add(&w, first + i);
        (void)kx_journal_transit(&w, first + i, KX_CLAIM, 1);
    }
    return kx_journal_apply(&w);
}

Test(kx_lineage, reads_at_most_64_events)
{
    cr_expect_eq(apply_claims(KX_UPDATE_EVENTS_MAX + 1, 10), KX_LINEAGE_UPDATE_LIMITS);
    cr_expect_eq(apply_claims(KX_UPDATE_EVENTS_MAX, 10), KX_LINEAGE_OK, "%s", w.err.text);
    cr_expect_eq(w.lineage.count, 65);
}

Test(kx_lineage, counts_removals_among_the_events_of_an_update)
{
    accept_ok(3, 1, KX_CLAIM, 5);
    kx_journal_begin(&w, 200);
    kx_journal_remove(&w, 3);
    w.head = w.lineage.genesis;
    for (unsigned i = 0; i < KX_UPDATE_EVENTS_MAX; i++) {
        kx_journal_add(&w, 10 + i);
        (void)kx_journal_transit(&w, 10 + i, KX_CLAIM, 1);
    }
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_LIMITS);
    cr_expect_eq(w.lineage.count, 2);
}

Test(kx_lineage, names_no_block_twice)
{
    kx_journal_begin(&w, 9);
    kx_journal_remove(&w, 4);
    kx_journal_remove(&w, 4);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_DUPLICATE);
    kx_journal_begin(&w, 9);
    kx_journal_add(&w, 4);
    kx_journal_add(&w, 4);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_DUPLICATE);
    kx_journal_begin(&w, 9);
    kx_journal_remove(&w, 4);
    kx_journal_add(&w, 4);
    cr_expect_eq(kx_journal_apply(&w), KX_LINEAGE_UPDATE_DUPLICATE);
}

Test(kx_lineage, has_a_rule_with_words_for_each_refusal)
{
    for (int i = 1; i < KX_LINEAGE__COUNT; i++) {
        cr_expect_eq(strncmp(kx_lineage_rules[i].id, "batch.", 6), 0);
        cr_expect_neq(kx_lineage_rules[i].sentence[0], '\0');
        cr_expect_neq(kx_lineage_rules[i].remedy[0], '\0');
        for (int k = 1; k < i; k++)
            cr_expect_str_neq(kx_lineage_rules[i].id, kx_lineage_rules[k].id);
    }
}
