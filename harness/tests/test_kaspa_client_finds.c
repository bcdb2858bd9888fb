/* Where the client of a node finds a transaction that it did not see on its way: on a chain of more
 * pages than it reads, to a script of more coins than it reads, and below the pruning point. */
#include "client_world.h"

#include "kaspa/txid.h"

enum { PAGE_BLOCKS = 2480, LONG = PAGE_BLOCKS + 500, DUST = 5, COINS = 4, MERGED = 9, KEPT = 10 };

/* What became of the merchant's output. */
enum output { IS_THERE, IS_SPENT, CANNOT_BE_TOLD };

/* What the client has seen before it looks. */
enum seen { NOTHING, THE_START, THE_END };

struct shop {
    struct client_world c;
    uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    struct kaspa_spk spk;
};

static void one_page(struct ref_kaspa_node_options *options)
{
    options->page_max = 1;
    options->coins_max = COINS;
}

static void two_pages(struct ref_kaspa_node_options *options)
{
    one_page(options);
    options->page_max = 2;
}

/* A payment to another script than the payer's, which strangers have paid to very often. */
static void pay_to_dusted(struct shop *s)
{
    const struct kaspa_spend spend = {
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = s->c.w.funding,
        .utxo = {.amount = 10 * KAS, .spk = s->c.w.spk},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &s->c.w.key,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
        .commit = KASPA_COMMIT_LEARN,
    };
    struct kaspa_output output = {.value = 3 * KAS};
    const struct kaspa_plan plan = {
        .spends = &spend,
        .spend_count = 1,
        .outputs = &output,
        .output_count = 1,
        .change = &s->c.w.spk,
        .payload = ASSAY_LIT(""),
    };
    struct kaspa_tx *tx = assay_arena_alloc(&s->c.w.arena, sizeof(*tx));
    struct kaspa_outpoint dust;

    s->script[0] = KASPA_HASH_BYTES;
    s->script[sizeof(s->script) - 1] = KASPA_OP_CHECKSIG;
    s->spk = (struct kaspa_spk){.script = assay_bytes_of(s->script, sizeof(s->script))};
    output.spk = s->spk;
    cr_assert_not_null(tx);
    cr_assert_eq(kaspa_build(tx, &s->c.w.arena, &plan, NULL), ASSAY_OK);
    s->c.tx = tx;
    kaspa_txid(&s->c.txid, tx);
    for (int i = 0; i < DUST; i++)
        world_fund(&s->c.w, &dust, &s->spk, KAS);
}

static void shop_begin(struct shop *s, void (*change)(struct ref_kaspa_node_options *options),
                       enum output output)
{
    *s = (struct shop){.script = {0}};
    client_begin_with(&s->c, change);
    s->spk = s->c.w.spk;
    if (output == CANNOT_BE_TOLD)
        pay_to_dusted(s);
}

static enum assay_code look_since(struct shop *s, const struct kaspa_hash *since)
{
    struct kx_look question = client_question(&s->c);

    question.output_spk = s->spk;
    question.has_since = since != NULL;
    if (since != NULL)
        question.since = *since;
    s->c.err = (struct assay_err){.code = ASSAY_OK};
    s->c.sight = (struct kx_sight){.utxos = NULL};
    return ref_kaspa_node_look(s->c.client, &s->c.sight, &s->c.w.arena, &question, &s->c.err);
}

/* The payer hands it in himself. */
static void pay(struct shop *s, unsigned before, unsigned after, enum output output)
{
    struct kaspa_outpoint outpoint = {.txid = s->c.txid};

    world_mine(&s->c.w, before);
    world_submit(&s->c.w, s->c.tx);
    world_mine(&s->c.w, 1);
    if (output == IS_SPENT)
        world_submit(&s->c.w, client_spend(&s->c, outpoint, 3 * KAS));
    world_mine(&s->c.w, after - 1);
}

/* ---- on a long chain ---- */

static const struct {
    const char *name;
    void (*change)(struct ref_kaspa_node_options *options);
    enum seen seen;
    unsigned before, after;
    enum output output;
    uint64_t confirmations; /* 0: it is not found */
} rows[] = {
    {"at its end, output there", one_page, THE_END, LONG, 3, IS_THERE, 3},
    {"at its end, output there, nothing seen", one_page, NOTHING, LONG, 3, IS_THERE, 3},
    {"at its end, output there, too little seen", one_page, THE_START, LONG, 3, IS_THERE, 3},
    {"at its start, output there", one_page, THE_END, 3, LONG, IS_THERE, LONG},
    {"before several pages, output there", two_pages, THE_END, PAGE_BLOCKS / 2, 2 * PAGE_BLOCKS,
     IS_THERE, 2 * PAGE_BLOCKS},
    {"at its end, output unknown", one_page, THE_END, LONG, 3, CANNOT_BE_TOLD, 3},
    {"at its end, output unknown, nothing seen", one_page, NOTHING, LONG, 3, CANNOT_BE_TOLD, 3},
    {"at its end, output unknown, too little seen", one_page, THE_START, LONG, 3, CANNOT_BE_TOLD,
     3},
    {"a page back, output unknown", one_page, THE_END, LONG, PAGE_BLOCKS, CANNOT_BE_TOLD,
     PAGE_BLOCKS},
    {"two pages back, output unknown", one_page, THE_END, LONG, 2 * PAGE_BLOCKS, CANNOT_BE_TOLD, 0},
    {"two pages back, output unknown, two read", two_pages, THE_END, LONG, 2 * PAGE_BLOCKS,
     CANNOT_BE_TOLD, 2 * PAGE_BLOCKS},
    {"at its end, output spent, nothing seen", one_page, NOTHING, LONG, 3, IS_SPENT, 3},
    {"at its end, output spent, too little seen", one_page, THE_START, LONG, 3, IS_SPENT, 3},
    {"at its end, output spent, the end seen", one_page, THE_END, LONG, 3, IS_SPENT, 0},
};

/* Of what was found the sight says where the next look begins. */
static void expect_found_again(struct shop *s, const char *name, uint64_t confirmations)
{
    struct kaspa_hash before = s->c.sight.before;
    unsigned calls = client_calls(&s->c, "getVirtualChainFromBlock");

    cr_expect(s->c.sight.has_before, "row %s", name);
    cr_expect_eq(look_since(s, &before), ASSAY_OK, "row %s: %s", name, s->c.err.text);
    cr_expect_eq(s->c.sight.evidence.confirmations, confirmations, "row %s", name);
    cr_expect_leq(client_calls(&s->c, "getVirtualChainFromBlock") - calls,
                  1 + (unsigned)confirmations / PAGE_BLOCKS, "row %s", name);
}

Test(kaspa_client_finds, what_its_payer_handed_in_on_a_long_chain)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop s;
        uint64_t confirmations;

        shop_begin(&s, rows[i].change, rows[i].output);
        if (rows[i].seen == THE_START)
            cr_assert_eq(client_look_coins(&s.c), ASSAY_OK);
        pay(&s, rows[i].before, rows[i].after, rows[i].output);
        if (rows[i].seen == THE_END)
            cr_assert_eq(client_look_coins(&s.c), ASSAY_OK);
        cr_expect_eq(look_since(&s, NULL), ASSAY_OK, "row %s: %s", rows[i].name, s.c.err.text);
        confirmations = s.c.sight.evidence.confirmations;
        cr_expect_eq(confirmations, rows[i].confirmations, "row %s: %lu", rows[i].name,
                     (unsigned long)confirmations);
        cr_expect_eq(s.c.sight.evidence.status,
                     rows[i].confirmations > 0 ? KX_CHAIN_ACCEPTED : KX_CHAIN_UNKNOWN, "row %s: %s",
                     rows[i].name, client_status(s.c.sight.evidence.status));
        if (confirmations > 0)
            expect_found_again(&s, rows[i].name, confirmations);
        else
            cr_expect_not(s.c.sight.has_before, "row %s", rows[i].name);
        client_end(&s.c);
    }
}

/* What is found is counted as far as may be read; of what may be behind that nothing is said. */
Test(kaspa_client_finds, and_counts_as_many_pages_as_it_may)
{
    struct kaspa_hash since;
    struct shop s;

    shop_begin(&s, one_page, IS_THERE);
    since = world_info(&s.c.w).sink;
    pay(&s, 1, 2 * PAGE_BLOCKS + 100, IS_THERE);
    cr_assert_eq(look_since(&s, &since), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.confirmations, 2 * PAGE_BLOCKS - 1);
    cr_expect_eq(client_calls(&s.c, "getVirtualChainFromBlock"), 2);
    client_end(&s.c);
}

/* A page of hashes is more than a page of what its blocks accepted where these merge others. */
Test(kaspa_client_finds, or_says_that_it_may_not_read_so_far)
{
    const struct kaspa_mining merging = {.blocks = 1000, .merged = MERGED, .leave_mempool = true};
    struct shop s;

    shop_begin(&s, one_page, IS_THERE);
    world_change(&s.c.w, &merging);
    pay(&s, 0, 1, IS_THERE);
    cr_expect_eq(look_since(&s, NULL), ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(s.c.err.text, "pages"), "%s", s.c.err.text);
    client_end(&s.c);

    shop_begin(&s, NULL, IS_THERE);
    world_change(&s.c.w, &merging);
    pay(&s, 0, 1, IS_THERE);
    cr_expect_eq(look_since(&s, NULL), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.confirmations, 1);
    client_end(&s.c);
}

/* ---- to a script that strangers pay to ---- */

/* What the output's set would say is said by the id already, so it is not even asked for. */
Test(kaspa_client_finds, what_was_paid_to_a_script_of_more_coins_than_are_read)
{
    struct kaspa_hash since;
    struct shop s;

    shop_begin(&s, one_page, CANNOT_BE_TOLD);
    cr_assert_eq(client_look_coins(&s.c), ASSAY_OK, "%s", s.c.err.text);
    since = s.c.sight.sink;
    cr_expect_eq(look_since(&s, &since), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.status, KX_CHAIN_UNKNOWN);
    world_submit(&s.c.w, s.c.tx);
    cr_expect_eq(look_since(&s, &since), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.status, KX_CHAIN_MEMPOOL);
    world_mine(&s.c.w, 3);
    cr_expect_eq(look_since(&s, &since), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.status, KX_CHAIN_ACCEPTED);
    cr_expect_eq(s.c.sight.evidence.confirmations, 3);
    cr_expect_eq(client_calls(&s.c, "getUtxosByAddresses"), 4, "once a look");
    client_end(&s.c);
}

Test(kaspa_client_finds, nothing_of_a_conflict_lost_among_such_coins)
{
    struct kaspa_hash since;
    struct shop s;

    shop_begin(&s, one_page, CANNOT_BE_TOLD);
    since = world_info(&s.c.w).sink;
    world_submit(&s.c.w, world_payment(&s.c.w, "another"));
    world_mine(&s.c.w, 2);
    cr_expect_eq(look_since(&s, &since), ASSAY_OK, "%s", s.c.err.text);
    cr_expect_eq(s.c.sight.evidence.status, KX_CHAIN_ABSENT);
    cr_expect_eq(s.c.sight.evidence.confirmations, 2);
    client_end(&s.c);
}

/* Of a coin that was spent before the client has seen anything, who did it is told to who asks. */
Test(kaspa_client_finds, who_has_spent_a_coin_where_that_is_wanted)
{
    struct client_world c;
    struct kx_look question;

    client_begin(&c);
    world_submit(&c.w, world_payment(&c.w, "another"));
    world_mine(&c.w, 2);
    cr_assert_eq(client_look_coins(&c), ASSAY_OK, "%s", c.err.text);
    question = client_question(&c);
    for (int i = 0; i < 2; i++) {
        question.wants_spender = i == 1;
        cr_assert_eq(ref_kaspa_node_look(c.client, &c.sight, &c.w.arena, &question, &c.err),
                     ASSAY_OK, "%s", c.err.text);
        cr_expect_eq(c.sight.evidence.status, i == 1 ? KX_CHAIN_ABSENT : KX_CHAIN_UNKNOWN);
    }
    cr_expect_eq(c.sight.evidence.confirmations, 2);
    client_end(&c);
}

/* ---- below the pruning point ---- */

static const struct {
    const char *name;
    unsigned after, kept;
    enum output output;
    bool has_since;
    uint64_t confirmations;
} pruned[] = {
    {"output there", 40, KEPT, IS_THERE, false, KEPT},
    {"output there, as is its beginning", 40, KEPT, IS_THERE, true, KEPT},
    {"output there, accepted by the pruning point", KEPT, KEPT, IS_THERE, false, KEPT},
    {"output there, accepted upon the pruning point", KEPT, KEPT + 1, IS_THERE, false, KEPT},
    {"output there, nothing kept but the sink", 40, 1, IS_THERE, true, 1},
    {"output spent", 40, KEPT, IS_SPENT, false, 0},
    {"output unknown", 40, KEPT, CANNOT_BE_TOLD, true, 0},
};

Test(kaspa_client_finds, what_is_older_than_the_history_by_its_output)
{
    for (size_t i = 0; i < ARRAY_LEN(pruned); i++) {
        struct kaspa_chain_info info;
        struct kaspa_hash since;
        struct shop s;

        shop_begin(&s, one_page, pruned[i].output);
        since = world_info(&s.c.w).sink;
        pay(&s, 5, pruned[i].after, pruned[i].output);
        world_prune(&s.c.w, pruned[i].kept);
        info = world_info(&s.c.w);
        cr_expect_eq(look_since(&s, pruned[i].has_since ? &since : NULL), ASSAY_OK, "row %s: %s",
                     pruned[i].name, s.c.err.text);
        cr_expect_eq(s.c.sight.evidence.confirmations, pruned[i].confirmations, "row %s: %lu",
                     pruned[i].name, (unsigned long)s.c.sight.evidence.confirmations);
        cr_expect_eq(s.c.sight.evidence.status,
                     pruned[i].confirmations > 0 ? KX_CHAIN_ACCEPTED : KX_CHAIN_UNKNOWN, "row %s",
                     pruned[i].name);
        if (pruned[i].confirmations > 0)
            cr_expect_eq(kaspa_hash_equal(&s.c.sight.accepting_block, &info.pruning_point),
                         !s.c.sight.has_before, "row %s", pruned[i].name);
        cr_expect_eq(s.c.sight.has_before, pruned[i].kept > KEPT, "row %s", pruned[i].name);
        client_end(&s.c);
    }
}

/* An output of another amount makes nothing accepted, however old it is said to be. */
Test(kaspa_client_finds, no_output_that_is_not_what_it_pays)
{
    static const unsigned kept[] = {100, 1};

    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        struct shop s;

        shop_begin(&s, one_page, IS_THERE);
        pay(&s, 5, 5, IS_THERE);
        world_prune(&s.c.w, kept[i]);
        world_behave(&s.c.w, (struct kaspa_node_behaviour){.lie = KASPA_NODE_OTHER_AMOUNT});
        cr_expect_eq(look_since(&s, NULL), ASSAY_E_MALFORMED, "%u", kept[i]);
        cr_expect_not_null(strstr(s.c.err.text, "is not what it pays"), "%s", s.c.err.text);
        client_end(&s.c);
    }
}
