/* The client of a node before one that fails, lies, lags or is not there: it says the truth, that
 * it does not know, or why it cannot say. */
#include "client_world.h"

#include <inttypes.h>

enum { LARGE_BYTES = 5 << 20 };

/* ---- every behaviour, every question ---- */

static const struct {
    const char *name;
    struct kaspa_node_behaviour how;
    enum assay_code code, submitted;
} behaviours[] = {
    {"honest", {.fault = KASPA_NODE_SOUND}, ASSAY_OK, ASSAY_OK},
    {"not synced", {.unsynced = true}, ASSAY_E_DENIED, ASSAY_OK},
    {"silent about sync", {.sync_flag_missing = true}, ASSAY_E_DENIED, ASSAY_OK},
    {"without index", {.no_utxo_index = true}, ASSAY_E_DENIED, ASSAY_OK},
    {"of mainnet", {.network = "mainnet"}, ASSAY_E_DENIED, ASSAY_OK},
    {"of a longer name", {.network = "testnet-100"}, ASSAY_E_DENIED, ASSAY_OK},
    {"silent", {.fault = KASPA_NODE_SILENT}, ASSAY_E_TIMEOUT, ASSAY_E_TIMEOUT},
    {"slow", {.fault = KASPA_NODE_SLOW, .delay_ms = 1}, ASSAY_OK, ASSAY_OK},
    {"slower than may be",
     {.fault = KASPA_NODE_SLOW, .delay_ms = 60000},
     ASSAY_E_TIMEOUT,
     ASSAY_E_TIMEOUT},
    {"malformed", {.fault = KASPA_NODE_MALFORMED}, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED},
    {"of another shape", {.fault = KASPA_NODE_WRONG_SHAPE}, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED},
    {"oversized",
     {.fault = KASPA_NODE_OVERSIZED, .large_bytes = LARGE_BYTES},
     ASSAY_E_TOO_LARGE,
     ASSAY_E_TOO_LARGE},
    {"a bomb",
     {.fault = KASPA_NODE_BOMB, .large_bytes = LARGE_BYTES},
     ASSAY_E_TOO_LARGE,
     ASSAY_E_TOO_LARGE},
    {"failing", {.fault = KASPA_NODE_ERROR}, ASSAY_E_DENIED, ASSAY_E_IO},
    {"refusing", {.fault = KASPA_NODE_REFUSE}, ASSAY_E_IO, ASSAY_E_IO},
    {"dropping", {.fault = KASPA_NODE_DROP}, ASSAY_E_CLOSED, ASSAY_E_CLOSED},
    {"dropping one", {.fault = KASPA_NODE_DROP, .fault_times = 1}, ASSAY_OK, ASSAY_E_CLOSED},
    {"flapping", {.fault = KASPA_NODE_FLAP}, ASSAY_OK, ASSAY_OK},
};

static bool is_slow(enum assay_code code)
{
    return code == ASSAY_E_TIMEOUT;
}

Test(kaspa_client_faults, meet_every_question)
{
    for (size_t i = 0; i < ARRAY_LEN(behaviours); i++)
        for (int question = 0; question < ASK__COUNT; question++) {
            enum assay_code want =
                question == ASK_SUBMIT ? behaviours[i].submitted : behaviours[i].code;
            struct client_world c;
            enum assay_code rc;

            client_begin_with(&c, is_slow(want) ? client_be_quick : NULL);
            world_behave(&c.w, behaviours[i].how);
            rc = client_ask(&c, (enum client_question)question);
            cr_expect_eq(rc, want, "%s: %s: %s: %s", behaviours[i].name,
                         client_question_names[question], assay_code_name(rc), c.err.text);
            cr_expect_eq(c.err.code, rc, "%s: %s", behaviours[i].name,
                         client_question_names[question]);
            cr_expect(rc == ASSAY_OK || c.sight.utxos == NULL, "%s: %s", behaviours[i].name,
                      client_question_names[question]);
            if (question == ASK_SUBMIT)
                cr_expect_leq(client_calls(&c, "submitTransaction"), 1, "%s", behaviours[i].name);
            client_end(&c);
        }
}

/* ---- every fault of every call that a look makes ---- */

static const char *const calls[] = {
    "getServerInfo", "getSyncStatus",       "getBlockDagInfo", "getVirtualChainFromBlock",
    "getBlock",      "getUtxosByAddresses", "getMempoolEntry", "getVirtualChainFromBlockV2",
};

static const struct {
    enum kaspa_node_fault fault;
    enum assay_code code, or_code;
} faults[] = {
    {KASPA_NODE_SILENT, ASSAY_E_TIMEOUT, ASSAY_E_TIMEOUT},
    {KASPA_NODE_MALFORMED, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED},
    {KASPA_NODE_WRONG_SHAPE, ASSAY_E_MALFORMED, ASSAY_E_DENIED},
    {KASPA_NODE_OVERSIZED, ASSAY_E_TOO_LARGE, ASSAY_E_TOO_LARGE},
    {KASPA_NODE_ERROR, ASSAY_E_DENIED, ASSAY_E_DENIED},
    {KASPA_NODE_DROP, ASSAY_E_CLOSED, ASSAY_E_CLOSED},
    {KASPA_NODE_FLAP, ASSAY_OK, ASSAY_OK},
};

/* Accepted, or its coin is gone: between them the two looks make all those calls. */
static void meet_fault(size_t fault, const char *method, bool is_accepted)
{
    const struct kaspa_node_behaviour how = {
        .fault = faults[fault].fault,
        .fault_method = method,
        .large_bytes = LARGE_BYTES,
    };
    /* That it is not there is told by an error, which has no shape to spoil. */
    bool is_spared = how.fault == KASPA_NODE_WRONG_SHAPE && strcmp(method, "getMempoolEntry") == 0;
    struct client_world c;
    enum assay_code rc;

    client_begin_with(&c, is_slow(faults[fault].code) ? client_be_quick : NULL);
    world_submit(&c.w, is_accepted ? c.tx : world_payment(&c.w, "another"));
    world_mine(&c.w, 2);
    world_behave(&c.w, how);
    rc = client_look(&c);
    if (client_calls(&c, method) == 0 || is_spared)
        cr_expect_eq(rc, ASSAY_OK, "%s: %s", method, c.err.text);
    else
        cr_expect(rc == faults[fault].code || rc == faults[fault].or_code, "%s: fault %d: %s: %s",
                  method, (int)faults[fault].fault, assay_code_name(rc), c.err.text);
    if (rc == ASSAY_OK)
        cr_expect_eq(c.sight.evidence.status, is_accepted ? KX_CHAIN_ACCEPTED : KX_CHAIN_ABSENT);
    client_end(&c);
}

Test(kaspa_client_faults, meet_every_call_of_a_look)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        for (size_t k = 0; k < ARRAY_LEN(faults); k++) {
            meet_fault(k, calls[i], true);
            meet_fault(k, calls[i], false);
        }
}

/* ---- lies ---- */

enum state { NOWHERE, IN_MEMPOOL, ACCEPTED, SPENT, STATE__COUNT };

static const char *const state_names[STATE__COUNT] = {"nowhere", "in the mempool", "accepted",
                                                      "spent by another"};
static const enum kx_chain_status truths[STATE__COUNT] = {KX_CHAIN_UNKNOWN, KX_CHAIN_MEMPOOL,
                                                          KX_CHAIN_ACCEPTED, KX_CHAIN_ABSENT};

static void bring_about(struct client_world *c, enum state state)
{
    world_mine(&c->w, 3);
    if (state == IN_MEMPOOL || state == ACCEPTED)
        world_submit(&c->w, c->tx);
    if (state == SPENT)
        world_submit(&c->w, world_payment(&c->w, "another"));
    if (state == ACCEPTED || state == SPENT)
        world_mine(&c->w, 4);
}

static const struct {
    const char *name;
    enum kaspa_node_lie lie;
} lies[] = {
    {"accepted as text", KASPA_NODE_ACCEPTED_AS_TEXT},
    {"accepts none", KASPA_NODE_ACCEPTS_NONE},
    {"another transaction", KASPA_NODE_OTHER_TX},
    {"another amount", KASPA_NODE_OTHER_AMOUNT},
    {"contradicts itself", KASPA_NODE_CONTRADICT},
    {"swallows", KASPA_NODE_SWALLOW},
    {"another id", KASPA_NODE_OTHER_ID},
    {"blue scores for depth", KASPA_NODE_BLUE_IS_DEPTH},
};

/* An error, that it is not known, or the truth; three times, since some lies alternate. */
Test(kaspa_client_faults, of_lies_make_nothing_accepted)
{
    for (size_t i = 0; i < ARRAY_LEN(lies); i++)
        for (int state = 0; state < STATE__COUNT; state++) {
            struct client_world c;

            client_begin(&c);
            bring_about(&c, (enum state)state);
            world_behave(&c.w, (struct kaspa_node_behaviour){.lie = lies[i].lie});
            for (int round = 0; round < 3; round++) {
                enum assay_code rc = client_look(&c);
                enum kx_chain_status status = c.sight.evidence.status;

                cr_expect(rc == ASSAY_OK || rc == ASSAY_E_MALFORMED, "%s: %s: %s: %s", lies[i].name,
                          state_names[state], assay_code_name(rc), c.err.text);
                cr_expect(status == KX_CHAIN_UNKNOWN || status == truths[state],
                          "%s: %s: round %d: %s", lies[i].name, state_names[state], round,
                          client_status(status));
                cr_expect(!c.sight.evidence.has_confirmations ||
                              c.sight.evidence.confirmations == 4,
                          "%s: %s: %" PRIu64, lies[i].name, state_names[state],
                          c.sight.evidence.confirmations);
            }
            client_end(&c);
        }
}

static const struct {
    const char *name;
    enum kaspa_node_lie lie;
    enum state state;
    enum assay_code code;
    enum kx_chain_status status;
} told[] = {
    {"none accepted, and it is", KASPA_NODE_ACCEPTS_NONE, ACCEPTED, ASSAY_OK, KX_CHAIN_UNKNOWN},
    {"another in the mempool", KASPA_NODE_OTHER_TX, IN_MEMPOOL, ASSAY_E_MALFORMED, 0},
    {"another spender", KASPA_NODE_OTHER_TX, SPENT, ASSAY_E_MALFORMED, 0},
    {"another output", KASPA_NODE_OTHER_AMOUNT, ACCEPTED, ASSAY_E_MALFORMED, 0},
    {"another entry", KASPA_NODE_OTHER_AMOUNT, IN_MEMPOOL, ASSAY_E_MALFORMED, 0},
    {"scores", KASPA_NODE_BLUE_IS_DEPTH, ACCEPTED, ASSAY_OK, KX_CHAIN_ACCEPTED},
};

Test(kaspa_client_faults, of_lies_are_found_out)
{
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct client_world c;
        enum assay_code rc;

        client_begin(&c);
        bring_about(&c, told[i].state);
        world_behave(&c.w, (struct kaspa_node_behaviour){.lie = told[i].lie});
        rc = client_look(&c);
        cr_expect_eq(rc, told[i].code, "row %s: %s: %s", told[i].name, assay_code_name(rc),
                     c.err.text);
        cr_expect_eq(c.sight.evidence.status, told[i].status, "row %s", told[i].name);
        client_end(&c);
    }
}

/* Whoever knows one node alone cannot tell; but a depth above one is never reached, since the
 * accepting block is always the last. */
Test(kaspa_client_faults, of_a_lie_without_contradiction_reach_a_depth_of_one_alone)
{
    struct client_world c;

    client_begin(&c);
    world_submit(&c.w, c.tx);
    kaspa_chain_lock_take(c.w.lock);
    cr_assert(kaspa_chain_hold(c.w.chain, &c.txid, true));
    kaspa_chain_lock_give(c.w.lock);
    world_behave(&c.w, (struct kaspa_node_behaviour){.lie = KASPA_NODE_ACCEPTS_ALL});
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
        cr_expect_eq(c.sight.evidence.status, KX_CHAIN_ACCEPTED);
        cr_expect_eq(c.sight.evidence.confirmations, 1);
        world_mine(&c.w, 10);
    }
    client_end(&c);
}

/* ---- submissions ---- */

static const struct {
    const char *name;
    struct kaspa_node_behaviour how;
    enum assay_code code;
    bool sent;
} submissions[] = {
    {"silent", {.fault = KASPA_NODE_SILENT}, ASSAY_E_TIMEOUT, true},
    {"malformed", {.fault = KASPA_NODE_MALFORMED}, ASSAY_E_MALFORMED, true},
    {"of another shape", {.fault = KASPA_NODE_WRONG_SHAPE}, ASSAY_E_MALFORMED, true},
    {"failing", {.fault = KASPA_NODE_ERROR}, ASSAY_E_IO, true},
    {"dropping", {.fault = KASPA_NODE_DROP}, ASSAY_E_CLOSED, true},
    {"oversized",
     {.fault = KASPA_NODE_OVERSIZED, .large_bytes = LARGE_BYTES},
     ASSAY_E_TOO_LARGE,
     true},
    {"refusing", {.fault = KASPA_NODE_REFUSE}, ASSAY_E_IO, false},
    {"swallowing", {.lie = KASPA_NODE_SWALLOW}, ASSAY_OK, true},
    {"another id", {.lie = KASPA_NODE_OTHER_ID}, ASSAY_E_MISMATCH, true},
};

Test(kaspa_client_faults, never_make_it_submit_twice)
{
    for (size_t i = 0; i < ARRAY_LEN(submissions); i++) {
        struct client_world c;
        enum assay_code rc;
        bool sent = !submissions[i].sent;

        client_begin_with(&c, is_slow(submissions[i].code) ? client_be_quick : NULL);
        world_behave(&c.w, submissions[i].how);
        rc = client_submit(&c, &sent);
        cr_expect_eq(rc, submissions[i].code, "row %s: %s: %s", submissions[i].name,
                     assay_code_name(rc), c.err.text);
        cr_expect_leq(client_calls(&c, "submitTransaction"), sent, "row %s", submissions[i].name);
        if (is_slow(rc)) /* then it may not have been sent yet */
            sent = submissions[i].sent;
        cr_expect_eq(sent, submissions[i].sent, "row %s", submissions[i].name);
        client_end(&c);
    }
}
