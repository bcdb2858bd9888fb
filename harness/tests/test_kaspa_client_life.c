/* The life of a node's client: time that passes, connections that end, questions at once, its
 * beginning and its stop, memory, and its seeded defects. */
#include "client_world.h"

#include "defects/defects.h"
#include "net/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum { ALLOCATIONS = 280, LATER_MS = 500, LARGE_BYTES = 5 << 20 };

/* ---- time ---- */

Test(kaspa_client_life, sees_a_node_step_back)
{
    static const struct {
        uint64_t lag_daa;
        enum assay_code code;
    } rows[] = {
        {100, ASSAY_OK}, {101, ASSAY_E_DENIED}, {UINT64_MAX, ASSAY_E_DENIED}, {0, ASSAY_OK}};
    struct client_world c;

    client_begin(&c);
    world_mine(&c.w, 200);
    cr_expect_eq(client_coins(&c), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world_behave(&c.w, (struct kaspa_node_behaviour){.lag_daa = rows[i].lag_daa});
        for (int question = 0; question < ASK_SUBMIT; question++)
            cr_expect_eq(client_ask(&c, (enum client_question)question), rows[i].code,
                         "row %zu: %s: %s", i, client_question_names[question], c.err.text);
    }
    client_end(&c);
}

Test(kaspa_client_life, remembers_how_far_the_chain_was_and_when)
{
    struct client_world c;
    int64_t age_ms = -1, started_ms = ref_net_now_ms();
    uint64_t score;

    client_begin(&c);
    cr_expect_eq(ref_kaspa_node_daa_score(c.client, &age_ms), 0);
    cr_expect_eq(client_coins(&c), ASSAY_OK);
    score = ref_kaspa_node_daa_score(c.client, &age_ms);
    cr_expect_gt(score, 0);
    cr_expect(age_ms >= 0 && age_ms <= ref_net_now_ms() - started_ms);
    world_mine(&c.w, 10);
    cr_expect_eq(client_coins(&c), ASSAY_OK);
    cr_expect_eq(ref_kaspa_node_daa_score(c.client, &age_ms), score + 10);
    client_end(&c);
}

static void judge_lag_closely(struct ref_kaspa_node_options *options)
{
    options->max_lag_ms = 1;
}

static void judge_lag_widely(struct ref_kaspa_node_options *options)
{
    options->max_lag_ms = INT64_MAX;
}

/* The chain of the world is dated, so that the clock is apart from it. */
Test(kaspa_client_life, sees_a_node_apart_from_the_clock)
{
    struct client_world c;

    client_begin_with(&c, judge_lag_closely);
    cr_expect_eq(client_look(&c), ASSAY_E_DENIED);
    cr_expect_eq(client_coins(&c), ASSAY_E_DENIED);
    cr_expect_not_null(strstr(c.err.text, "clock"), "%s", c.err.text);
    client_end(&c);
    client_begin_with(&c, judge_lag_widely);
    cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    client_end(&c);
}

/* What a node that lags does not know is not accepted, and what was spent since is there. */
Test(kaspa_client_life, knows_nothing_of_what_came_since_where_the_node_lags)
{
    struct client_world c;

    client_begin(&c);
    world_mine(&c.w, 10);
    cr_expect_eq(client_look(&c), ASSAY_OK);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 5);
    world_behave(&c.w, (struct kaspa_node_behaviour){.lag_daa = 6});
    cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.status, KX_CHAIN_UNKNOWN);
    cr_expect_not(c.sight.is_missing[0]);
    world_behave(&c.w, (struct kaspa_node_behaviour){.lag_daa = 4});
    cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.status, KX_CHAIN_ACCEPTED);
    cr_expect_eq(c.sight.evidence.confirmations, 1);
    client_end(&c);
}

/* ---- connections ---- */

Test(kaspa_client_life, goes_on_after_the_node_restarts)
{
    struct client_world c;

    client_begin(&c);
    for (int i = 0; i < 5; i++) {
        for (int question = 0; question < ASK__COUNT; question++)
            cr_expect_eq(client_ask(&c, (enum client_question)question), ASSAY_OK, "%s",
                         c.err.text);
        cr_assert_eq(kaspa_node_restart(c.w.node, NULL), ASSAY_OK);
    }
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_REFUSE});
    cr_assert_eq(kaspa_node_restart(c.w.node, NULL), ASSAY_OK);
    cr_expect_eq(client_look(&c), ASSAY_E_IO, "%s", c.err.text);
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SOUND});
    cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    client_end(&c);
}

/* ---- threads ---- */

struct asker {
    struct client_world c; /* the world's, with an arena of its own */
    pthread_t thread;
    enum client_question question;
    enum assay_code code;
};

static void *ask_once(void *context)
{
    struct asker *asker = context;

    asker->code = client_ask(&asker->c, asker->question);
    return NULL;
}

static void start_asker(struct asker *asker, const struct client_world *c,
                        enum client_question question)
{
    *asker = (struct asker){.c = *c, .question = question};
    asker->c.w.arena = (struct assay_arena)ASSAY_ARENA_INIT(1 << 20);
    cr_assert_eq(pthread_create(&asker->thread, NULL, ask_once, asker), 0);
}

static enum assay_code join_asker(struct asker *asker)
{
    pthread_join(asker->thread, NULL);
    assay_arena_fini(&asker->c.w.arena);
    return asker->code;
}

static void take_two_questions(struct ref_kaspa_node_options *options)
{
    options->question_max = 2;
}

/* A client that is stopped ends what is under way; both before and after that it takes no more
 * than it may. */
Test(kaspa_client_life, takes_no_more_questions_than_it_may_and_ends_them_when_it_stops)
{
    struct client_world c;
    struct asker askers[2];
    bool sent = true;

    client_begin_with(&c, take_two_questions);
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT});
    start_asker(&askers[0], &c, ASK_LOOK);
    start_asker(&askers[1], &c, ASK_SUBMIT);
    cr_assert(kaspa_node_await(c.w.node, "getServerInfo", 1, DEADLINE_MS));
    cr_assert(kaspa_node_await(c.w.node, "submitTransaction", 1, DEADLINE_MS));
    cr_expect_eq(client_look(&c), ASSAY_E_BUSY);
    cr_expect_eq(client_coins(&c), ASSAY_E_BUSY);
    cr_expect_eq(client_submit(&c, &sent), ASSAY_E_BUSY);
    cr_expect_not(sent);
    ref_kaspa_node_stop(c.client);
    c.client = NULL;
    for (int i = 0; i < 2; i++)
        cr_expect_eq(join_asker(&askers[i]), ASSAY_E_CLOSED, "%s", assay_code_name(askers[i].code));
    cr_expect_eq(client_calls(&c, "submitTransaction"), 1);
    client_end(&c);
}

/* An answer that is too large leaves alone who waits on the same connection: this one's comes
 * later, and what he asked is never asked twice. */
Test(kaspa_client_life, keeps_what_others_wait_for_where_one_answer_is_too_large)
{
    struct client_world c;
    struct asker asker;

    client_begin(&c);
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                     .fault_method = "submitTransaction",
                                                     .delay_ms = LATER_MS});
    start_asker(&asker, &c, ASK_SUBMIT);
    cr_assert(kaspa_node_await(c.w.node, "submitTransaction", 1, DEADLINE_MS));
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_OVERSIZED,
                                                     .fault_method = "getUtxosByAddresses",
                                                     .large_bytes = LARGE_BYTES});
    cr_expect_eq(client_look(&c), ASSAY_E_TOO_LARGE, "%s", c.err.text);
    cr_expect_eq(client_coins(&c), ASSAY_E_TOO_LARGE, "%s", c.err.text);
    cr_expect_eq(join_asker(&asker), ASSAY_OK, "%s", asker.c.err.text);
    cr_expect_eq(client_calls(&c, "submitTransaction"), 1);
    client_end(&c);
}

/* ---- beginnings ---- */

static const struct {
    const char *url;
    bool is_public;
    enum assay_code code;
} urls[] = {
    {"ws://127.0.0.1:18210", false, ASSAY_OK},
    {"ws://localhost:18210/", false, ASSAY_OK},
    {"WS://[::1]:18210/rpc?x=1", false, ASSAY_OK},
    {"ws://node.example:18210", true, ASSAY_OK},
    {"ws://node.example:18210", false, ASSAY_E_DENIED},
    {"ws://0.0.0.0:18210", false, ASSAY_E_DENIED},
    {"ws://127.0.0.1.example:18210", false, ASSAY_E_DENIED},
    {"wss://127.0.0.1:18210", false, ASSAY_E_MALFORMED},
    {"http://127.0.0.1:18210", false, ASSAY_E_MALFORMED},
    {"ws://a:b@127.0.0.1:18210", false, ASSAY_E_MALFORMED},
    {"127.0.0.1:18210", false, ASSAY_E_MALFORMED},
    {"ws://127.0.0.1:0", false, ASSAY_E_MALFORMED},
    {"", false, ASSAY_E_MALFORMED},
    {NULL, false, ASSAY_E_MALFORMED},
};

Test(kaspa_client_life, tells_what_is_wrong_with_a_url_before_it_starts)
{
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct ref_kaspa_node_options options = REF_KASPA_NODE_OPTIONS_DEFAULT;
        struct ref_kaspa_node *client = NULL;

        options.url = urls[i].url;
        options.is_public = urls[i].is_public;
        cr_expect_eq(ref_kaspa_node_check(&options, NULL), urls[i].code, "row %zu", i);
        cr_expect_eq(ref_kaspa_node_start(&client, &options, NULL), urls[i].code, "row %zu", i);
        cr_expect_eq(client != NULL, urls[i].code == ASSAY_OK, "row %zu", i);
        ref_kaspa_node_stop(client);
    }
}

Test(kaspa_client_life, takes_no_proxy_from_the_environment)
{
    struct client_world c;

    cr_assert_eq(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    cr_assert_eq(setenv("socks_proxy", "127.0.0.1:1", 1), 0);
    client_begin(&c);
    cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    client_end(&c);
}

/* The node shares the allocator, and fails in its own ways meanwhile. */
Test(kaspa_client_life, survives_every_allocation_that_fails)
{
    struct client_world c;

    client_begin_with(&c, client_be_quick);
    world_submit(&c.w, world_payment(&c.w, "another"));
    world_mine(&c.w, 2);
    for (size_t n = 0; n < ALLOCATIONS; n++) {
        enum assay_code rc;

        (void)assay_alloc_fail_after(n);
        rc = client_look(&c);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(rc == ASSAY_OK, c.sight.utxos != NULL, "%zu", n);
        cr_expect_eq(rc, c.err.code, "%zu: %s", n, c.err.text);
    }
    client_end(&c);
}

Test(kaspa_client_life, does_not_begin_without_memory)
{
    struct ref_kaspa_node_options options = REF_KASPA_NODE_OPTIONS_DEFAULT;
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n = 0;

    options.url = "ws://127.0.0.1:18210";
    for (; rc != ASSAY_OK && n < 20; n++) {
        struct ref_kaspa_node *client = NULL;

        (void)assay_alloc_fail_after(n);
        rc = ref_kaspa_node_start(&client, &options, NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", n, assay_code_name(rc));
        ref_kaspa_node_stop(client);
    }
    cr_expect(rc == ASSAY_OK && n > 3, "%zu: %s", n, assay_code_name(rc));
}

/* ---- defects ---- */

static void lag(struct client_world *c)
{
    world_mine(&c->w, 200);
    cr_expect_eq(client_look(c), ASSAY_OK);
    world_behave(&c->w, (struct kaspa_node_behaviour){.lag_daa = 150});
}

static void accept_deep(struct client_world *c)
{
    world_submit(&c->w, c->tx);
    world_mine(&c->w, 4);
    world_behave(&c->w, (struct kaspa_node_behaviour){.lie = KASPA_NODE_BLUE_IS_DEPTH});
}

static const struct {
    const char *id;
    struct kaspa_node_behaviour how;
    void (*before)(struct client_world *c);
    enum client_question question;
    enum assay_code right;
    uint64_t wrong_confirmations;
} wrong_turns[] = {
    {"kx.node.unsynced", {.unsynced = true}, NULL, ASK_LOOK, ASSAY_E_DENIED, 0},
    {"kx.node.sync_flag_missing", {.sync_flag_missing = true}, NULL, ASK_COINS, ASSAY_E_DENIED, 0},
    {"kx.node.any_network", {.network = "mainnet"}, NULL, ASK_LOOK_COINS, ASSAY_E_DENIED, 0},
    {"kx.node.lag", {.lag_daa = 150}, lag, ASK_LOOK, ASSAY_E_DENIED, 0},
    {"kx.node.other_id", {.lie = KASPA_NODE_OTHER_ID}, NULL, ASK_SUBMIT, ASSAY_E_MISMATCH, 0},
    {"kx.finality.blue_score",
     {.lie = KASPA_NODE_BLUE_IS_DEPTH},
     accept_deep,
     ASK_LOOK,
     ASSAY_OK,
     3001},
};

Test(kaspa_client_life, has_seeded_defects_that_show)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong_turns); i++)
        for (int on = 0; on < 2; on++) {
            struct client_world c;
            enum assay_code rc;

            ref_defect_all_off();
            if (on)
                cr_assert_eq(ref_defect_switch_on(assay_str(wrong_turns[i].id), NULL), ASSAY_OK);
            client_begin(&c);
            if (wrong_turns[i].before != NULL)
                wrong_turns[i].before(&c);
            world_behave(&c.w, wrong_turns[i].how);
            rc = client_ask(&c, wrong_turns[i].question);
            cr_expect_eq(rc, on ? ASSAY_OK : wrong_turns[i].right, "row %s: %s: %s",
                         wrong_turns[i].id, assay_code_name(rc), c.err.text);
            if (on && wrong_turns[i].wrong_confirmations > 0)
                cr_expect_eq(c.sight.evidence.confirmations, wrong_turns[i].wrong_confirmations);
            client_end(&c);
        }
    ref_defect_all_off();
}

/* Without a deadline it is a stop alone that ends a question. */
Test(kaspa_client_life, waits_for_ever_with_the_defect_that_has_no_deadline)
{
    struct client_world c;
    struct asker asker;

    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("kx.node.hangs"), NULL), ASSAY_OK);
    client_begin_with(&c, client_be_quick);
    world_behave(&c.w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT});
    start_asker(&asker, &c, ASK_LOOK);
    cr_assert(kaspa_node_await(c.w.node, "getServerInfo", 1, DEADLINE_MS));
    ref_kaspa_node_stop(c.client);
    c.client = NULL;
    cr_expect_eq(join_asker(&asker), ASSAY_E_CLOSED, "%s", assay_code_name(asker.code));
    ref_defect_all_off();
    client_end(&c);
}
