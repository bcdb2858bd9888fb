/* What a transaction spent that is on the chain already, as the client of a node tells it: the
 * coins are gone, and who shows the payment may say of them what he likes. */
#include "client_world.h"

#include "net/kaspa_node_internal.h"

enum { BLOCKS = 30, MERGED = 9, SMALL_BYTES = 4096, LONG_SCRIPT_BYTES = 9000 };

static struct kx_look ask_for_spent(const struct client_world *c)
{
    struct kx_look question = client_question(c);

    question.wants_spent = true;
    return question;
}

static enum assay_code look(struct client_world *c, const struct kx_look *question)
{
    c->err = (struct assay_err){.code = ASSAY_OK};
    c->sight = (struct kx_sight){.utxos = NULL};
    return ref_kaspa_node_look(c->client, &c->sight, &c->w.arena, question, &c->err);
}

/* As the chain has it on record. */
static void expect_told(struct client_world *c, const char *when, size_t i)
{
    struct kaspa_chain_tx truth;

    kaspa_chain_lock_take(c->w.lock);
    cr_assert(kaspa_chain_tx(c->w.chain, &truth, &c->txid));
    cr_expect(kaspa_utxo_equal(&c->sight.utxos[i], &truth.spent[0]), "%s: %llu sompi", when,
              (unsigned long long)c->sight.utxos[i].amount);
    kaspa_chain_lock_give(c->w.lock);
    cr_expect(c->sight.is_missing[i], "%s", when);
    cr_expect_eq(c->sight.evidence.status, KX_CHAIN_ACCEPTED, "%s", when);
}

static void accept(struct client_world *c, unsigned blocks)
{
    world_mine(&c->w, 3);
    world_submit(&c->w, c->tx);
    world_mine(&c->w, blocks);
}

/* ---- the truth ---- */

Test(kaspa_client_spent, is_told_of_an_accepted_transaction_whoever_is_said_to_have_owned_it)
{
    static const uint8_t other_script[KASPA_SPK_SCHNORR_BYTES] = {0x20, [33] = KASPA_OP_CHECKSIG};
    const struct kaspa_spk other = {.script = assay_bytes_of(other_script, sizeof(other_script))};
    struct client_world c;
    struct kx_look question;

    client_begin(&c);
    accept(&c, 2);
    question = ask_for_spent(&c);
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "asked for by its script", 0);
    question.spks = &other;
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "asked for by another", 0);
    client_end(&c);
}

Test(kaspa_client_spent, is_told_of_the_coins_that_it_spends_in_their_order)
{
    const struct kaspa_outpoint nowhere = {.index = 9};
    struct client_world c;
    struct kaspa_outpoint outpoints[3];
    struct kaspa_spk spks[3];
    struct kx_look question;

    client_begin(&c);
    accept(&c, 1);
    question = ask_for_spent(&c);
    outpoints[0] = outpoints[2] = nowhere;
    outpoints[1] = c.w.funding;
    spks[0] = spks[1] = spks[2] = c.w.spk;
    question.outpoints = outpoints;
    question.spks = spks;
    question.count = 3;
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "in the middle", 1);
    cr_expect(c.sight.is_missing[0] && c.sight.is_missing[2]);
    cr_expect_eq(c.sight.utxos[0].amount + c.sight.utxos[2].amount, 0);
    client_end(&c);
}

Test(kaspa_client_spent, is_read_of_a_look_that_asks_for_it_and_of_what_is_accepted_alone)
{
    struct client_world c;
    struct kx_look question;

    client_begin(&c);
    question = ask_for_spent(&c);
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    cr_expect(!c.sight.is_missing[0] && c.sight.utxos[0].amount == 10 * KAS);
    world_submit(&c.w, c.tx);
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    cr_expect(!c.sight.is_missing[0] && c.sight.utxos[0].amount == 10 * KAS);
    world_mine(&c.w, 1);
    cr_assert_eq(client_look(&c), ASSAY_OK, "%s", c.err.text);
    cr_expect(c.sight.is_missing[0] && c.sight.utxos[0].amount == 0);
    question.count = 0;
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(client_calls(&c, "getVirtualChainFromBlockV2"), 0);
    client_end(&c);
}

/* ---- where it is read ---- */

/* The last question to the node about transactions in full. */
static const char *last_params(struct client_world *c)
{
    const char *params = "";
    struct kaspa_node_call call;

    for (uint64_t i = 1; kaspa_node_call(c->w.node, i, &call); i++)
        if (strcmp(call.method, "getVirtualChainFromBlockV2") == 0)
            params = call.params;
    return params;
}

/* Of a busy network more than a few blocks in full are above what a message may have. */
Test(kaspa_client_spent, is_read_in_the_accepting_block_alone_however_deep_that_is)
{
    const struct kaspa_mining merging = {.blocks = BLOCKS, .merged = MERGED};
    struct client_world c;
    struct kaspa_chain_block accepting, below;
    struct kx_look question;
    const char *answer;

    client_begin(&c);
    accept(&c, 1);
    world_change(&c.w, &merging);
    question = ask_for_spent(&c);
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "deep", 0);
    cr_expect_eq(c.sight.evidence.confirmations, BLOCKS + 1);
    cr_assert_eq(client_calls(&c, "getVirtualChainFromBlockV2"), 1);
    cr_assert(kaspa_chain_block(c.w.chain, &accepting, &c.sight.accepting_block));
    below = world_block_at(&c.w, accepting.height - 1);
    cr_expect_not_null(strstr(last_params(&c), hex_of(&c.w, &below.hash)), "%s", last_params(&c));
    answer = rpc(&c.w, "getVirtualChainFromBlockV2", "%s", last_params(&c));
    cr_expect_str_neq(at(&c.w, answer, "params.addedChainBlockHashes.0"), "");
    cr_expect_str_eq(at(&c.w, answer, "params.addedChainBlockHashes.1"), "");
    client_end(&c);
}

Test(kaspa_client_spent, is_found_also_where_the_look_began_above_it_or_on_another_branch)
{
    struct client_world c;
    struct kx_look question;

    client_begin(&c);
    accept(&c, 10);
    question = ask_for_spent(&c);
    question.has_since = true;
    question.since = world_block_at(&c.w, 10).hash;
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "began above it", 0);
    client_end(&c);

    client_begin(&c);
    world_mine(&c.w, 5);
    question = ask_for_spent(&c);
    question.has_since = true;
    question.since = world_block_at(&c.w, 4).hash;
    world_reorganise(&c.w, 4);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 2);
    cr_assert_eq(look(&c, &question), ASSAY_OK, "%s", c.err.text);
    expect_told(&c, "began on a branch that is left", 0);
    client_end(&c);
}

/* ---- lies ---- */

static const struct {
    enum kaspa_node_lie lie;
    enum assay_code code;
    bool is_told;
} lies[] = {
    {KASPA_NODE_HONEST, ASSAY_OK, true},
    {KASPA_NODE_ACCEPTS_NONE, ASSAY_OK, false},
    {KASPA_NODE_OTHER_TX, ASSAY_E_MALFORMED, false},
    {KASPA_NODE_OTHER_AMOUNT, ASSAY_E_MALFORMED, false},
    {KASPA_NODE_CONTRADICT, ASSAY_E_MALFORMED, false},
    {KASPA_NODE_BLUE_IS_DEPTH, ASSAY_OK, true},
};

Test(kaspa_client_spent, is_not_told_by_a_node_that_contradicts_itself)
{
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct client_world c;
        struct kx_look question;

        client_begin(&c);
        accept(&c, 3);
        question = ask_for_spent(&c);
        world_behave(&c.w, (struct kaspa_node_behaviour){.lie = lies[i].lie});
        cr_expect_eq(look(&c, &question), lies[i].code, "lie %d: %s", (int)lies[i].lie, c.err.text);
        if (lies[i].is_told)
            expect_told(&c, "told", 0);
        else if (lies[i].code == ASSAY_OK)
            cr_expect(c.sight.is_missing[0] && c.sight.utxos[0].amount == 0);
        client_end(&c);
    }
}

/* ---- one input ---- */

#define SCRIPT "\"000051\""
#define ENTRY(amount, spk, score, coinbase)                                                        \
    "{\"verboseData\":{\"utxoEntry\":{\"amount\":" amount ",\"scriptPublicKey\":" spk              \
    ",\"blockDaaScore\":" score ",\"isCoinbase\":" coinbase "}}}"

static const struct {
    const char *name, *input;
    enum assay_code code;
    bool is_told;
} inputs[] = {
    {"all of it", ENTRY("9", SCRIPT, "5", "true"), ASSAY_OK, true},
    {"a member that nobody knows", ENTRY("9", SCRIPT, "5", "true,\"verboseData\":{}"), ASSAY_OK,
     true},
    {"no covenant", ENTRY("9", SCRIPT, "5", "true,\"covenantId\":null"), ASSAY_OK, true},
    {"no verbose data", "{}", ASSAY_OK, false},
    {"verbose data of null", "{\"verboseData\":null}", ASSAY_OK, false},
    {"no entry", "{\"verboseData\":{}}", ASSAY_OK, false},
    {"an entry of null", "{\"verboseData\":{\"utxoEntry\":null}}", ASSAY_OK, false},
    {"an empty entry", "{\"verboseData\":{\"utxoEntry\":{}}}", ASSAY_OK, false},
    {"no amount", ENTRY("null", SCRIPT, "5", "true"), ASSAY_OK, false},
    {"no script", ENTRY("9", "null", "5", "true"), ASSAY_OK, false},
    {"no score", ENTRY("9", SCRIPT, "null", "true"), ASSAY_OK, false},
    {"not whether it is a coinbase", ENTRY("9", SCRIPT, "5", "null"), ASSAY_OK, false},
    {"verbose data as list", "{\"verboseData\":[]}", ASSAY_E_MALFORMED, false},
    {"an entry as text", "{\"verboseData\":{\"utxoEntry\":\"\"}}", ASSAY_E_MALFORMED, false},
    {"an amount as text", ENTRY("\"9\"", SCRIPT, "5", "true"), ASSAY_E_MALFORMED, false},
    {"an amount with a fraction", ENTRY("9.0", SCRIPT, "5", "true"), ASSAY_E_MALFORMED, false},
    {"an amount above all money", ENTRY("2900000000000000001", SCRIPT, "5", "true"),
     ASSAY_E_MALFORMED, false},
    {"a score as text", ENTRY("9", SCRIPT, "\"5\"", "true"), ASSAY_E_MALFORMED, false},
    {"a coinbase as 1", ENTRY("9", SCRIPT, "5", "1"), ASSAY_E_MALFORMED, false},
    {"a script as number", ENTRY("9", "10000051", "5", "true"), ASSAY_E_MALFORMED, false},
    {"a script in two parts", ENTRY("9", "{\"version\":0}", "5", "true"), ASSAY_E_MALFORMED, false},
    {"a script of no length", ENTRY("9", "\"\"", "5", "true"), ASSAY_E_MALFORMED, false},
    {"a script of one byte", ENTRY("9", "\"00\"", "5", "true"), ASSAY_E_MALFORMED, false},
    {"half a byte", ENTRY("9", "\"0000511\"", "5", "true"), ASSAY_E_MALFORMED, false},
    {"no hex digits", ENTRY("9", "\"0000zz\"", "5", "true"), ASSAY_E_MALFORMED, false},
    {"a covenant that is no hash", ENTRY("9", SCRIPT, "5", "true,\"covenantId\":7"),
     ASSAY_E_MALFORMED, false},
};

static enum assay_code read_input(struct kaspa_utxo *out, struct assay_arena *arena,
                                  const char *text)
{
    struct assay_json_token tokens[64];
    struct assay_json doc;
    struct assay_err err = {.code = ASSAY_OK};
    struct ref_kaspa_reader r = {.doc = &doc, .method = "a test", .err = &err};

    cr_assert_eq(
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(text), ASSAY_JSON_STRICT, NULL),
        ASSAY_OK, "%s", text);
    ref_kaspa_read_spent(&r, out, arena, 0);
    cr_expect_eq(err.code, r.bad);
    return r.bad;
}

Test(kaspa_client_spent, is_all_of_a_coin_or_nothing)
{
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct kaspa_utxo utxo = {.amount = 0};

        cr_expect_eq(read_input(&utxo, &arena, inputs[i].input), inputs[i].code, "%s",
                     inputs[i].name);
        cr_expect_eq(utxo.amount, inputs[i].is_told ? 9 : 0, "%s", inputs[i].name);
        cr_expect_eq(utxo.spk.script.len, inputs[i].is_told ? 1 : 0, "%s", inputs[i].name);
        if (inputs[i].is_told)
            cr_expect(utxo.block_daa_score == 5 && utxo.is_coinbase && !utxo.has_covenant, "%s",
                      inputs[i].name);
        assay_arena_fini(&arena);
    }
}

Test(kaspa_client_spent, may_be_of_any_script_that_there_is_memory_for)
{
    struct assay_arena small = ASSAY_ARENA_INIT(SMALL_BYTES), large = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct kaspa_utxo utxo = {.amount = 0};

    assay_buf_add_str(&text, "{\"verboseData\":{\"utxoEntry\":{\"amount\":9,\"blockDaaScore\":5,"
                             "\"isCoinbase\":false,\"scriptPublicKey\":\"0001");
    for (int i = 0; i < LONG_SCRIPT_BYTES; i++)
        assay_buf_add_str(&text, "6a");
    assay_buf_add_str(&text, "\"}}}");
    cr_expect_eq(read_input(&utxo, &small, assay_buf_cstr(&text)), ASSAY_E_NOMEM);
    cr_expect_eq(utxo.amount, 0);
    cr_expect_eq(read_input(&utxo, &large, assay_buf_cstr(&text)), ASSAY_OK);
    cr_expect_eq(utxo.spk.script.len, LONG_SCRIPT_BYTES);
    cr_expect_eq(utxo.spk.version, 1);
    assay_buf_fini(&text);
    assay_arena_fini(&small);
    assay_arena_fini(&large);
}
