/* What a node says, through all of the node client: the connection and the clocks are this file's,
 * and the input is the answers, {"getBlock": [answer, answer …], …}: each call of a method takes
 * the next of its list, and the last one again. "?" in an answer is the hash that was asked for; a
 * number in place of an answer is a connection that ends. The last byte chooses the question.
 *
 * Every answer that was given is read a second time, by another library. Held: nothing is told by a
 * node that is not fit; a transaction is accepted only where an answer says by which block, that
 * block is one of the chain, and it is as deep as the blocks that were told; what is in the mempool
 * or has a coin was said to be; and a failure leaves no sight. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/node_said.h"
#include "fuzz/lib/second.h"
#include "kaspa/script.h"
#include "kaspa/txid.h"
#include "net/clock.h"
#include "net/kaspa_node_internal.h"

enum {
    ARENA_BYTES = 1 << 24,
    COINS_MAX = 16,
    DAA_STEP = 100,
    OPTIONS = 1,
    SPENT_INDEX = 1,
    AMOUNT = 7,
    UNTOUCHED = 99
};

/* Of the last byte. */
enum {
    ASKS_COINS = 1,
    SUBMITS = 2,
    WANTS_SPENT = 4,
    WANTS_SPENDER = 8,
    HAS_SINCE = 16,
    WANTS_BODY = 32,
    HAS_OWN = 64,
    NO_TX = 128
};

#define NOW_MS INT64_C(1767225600000)
#define LAG_MS INT64_C(600000)
#define NETWORK "testnet-10"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

/* ---- the clocks ---- */

int64_t ref_net_now_ms(void)
{
    return 0;
}

int64_t ref_net_wall_ms(void)
{
    return NOW_MS;
}

void ref_net_wait_ms(int64_t ms)
{
    (void)ms;
}

/* ---- the connection ---- */

struct ref_ws {
    const struct assay_json *script;
    struct fuzz_said said;
};

enum assay_code ref_ws_check(const struct ref_ws_options *options, struct assay_err *err)
{
    (void)options;
    (void)err;
    return ASSAY_OK;
}

enum assay_code ref_ws_start(struct ref_ws **out, const struct ref_ws_options *options,
                             struct assay_err *err)
{
    (void)options;
    (void)err;
    *out = calloc(1, sizeof(**out));
    FUZZ_CHECK(*out != NULL);
    return ASSAY_OK;
}

void ref_ws_end(struct ref_ws *ws)
{
    (void)ws;
}

void ref_ws_free(struct ref_ws *ws)
{
    fuzz_said_fini(&ws->said);
    free(ws);
}

void ref_ws_answer_fini(struct ref_ws_answer *answer)
{
    assay_buf_fini(&answer->text);
    assay_free(answer->tokens);
    answer->tokens = NULL;
}

/* The hash of a block that a question names, or nothing. */
static struct assay_bytes asked_hash(struct assay_bytes params)
{
    static const char *const before[] = {"{\"hash\":\"", "{\"startHash\":\""};

    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        size_t from = strlen(before[i]);

        if (assay_bytes_is(assay_bytes_part(params, 0, from), before[i]))
            return assay_bytes_part(params, from, assay_bytes_find(params, '"', from));
    }
    return ASSAY_LIT("");
}

static bool is_of(const struct assay_json *script, uint32_t answer, struct assay_bytes hash)
{
    uint32_t of = assay_json_member(script, answer, "of");
    struct assay_bytes raw = assay_json_raw(script, of);

    return of != ASSAY_JSON_NONE && raw.len > 2 &&
           assay_bytes_equal(assay_bytes_part(raw, 1, raw.len - 1), hash);
}

/* The answer to a call: that of its block, or the next one, or NONE. */
static uint32_t next_answer(const struct ref_ws *ws, const char *method, struct assay_bytes hash)
{
    uint32_t list = assay_json_member(ws->script, 0, method), answer = ASSAY_JSON_NONE;
    size_t number = fuzz_said_count(&ws->said, method), seen = 0;

    if (assay_json_type(ws->script, list) != ASSAY_JSON_ARRAY)
        return ASSAY_JSON_NONE;
    for (uint32_t at = assay_json_first(ws->script, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(ws->script, list, at)) {
        if (is_of(ws->script, at, hash))
            return at;
        if (seen++ <= number)
            answer = at;
    }
    return answer;
}

static void add_answer(struct assay_buf *out, struct assay_bytes text, struct assay_bytes hash)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '?')
            assay_buf_add(out, hash);
        else
            assay_buf_add_byte(out, text.at[i]);
    }
}

static enum assay_code parse_answer(struct ref_ws_answer *answer, struct assay_err *err)
{
    struct assay_bytes text = assay_buf_view(&answer->text);
    size_t room = assay_json_token_bound(text);

    answer->tokens = assay_alloc(room * sizeof(*answer->tokens));
    FUZZ_CHECK(answer->tokens != NULL && assay_buf_ok(&answer->text));
    return assay_json_parse(&answer->doc, answer->tokens, room, text, ASSAY_JSON_STRICT, err);
}

enum assay_code ref_ws_ask(struct ref_ws *ws, struct ref_ws_answer *answer, bool *sent,
                           const struct ref_ws_question *question, struct assay_err *err)
{
    struct assay_bytes hash = asked_hash(question->params);
    uint32_t token = next_answer(ws, question->method, hash);
    enum assay_code rc;

    *sent = true;
    if (assay_json_type(ws->script, token) != ASSAY_JSON_OBJECT || ws->said.count == FUZZ_SAID_MAX)
        return assay_fail(err, ASSAY_E_CLOSED, 0, "the connection ended");
    *answer = (struct ref_ws_answer){.text = ASSAY_BUF_INIT(ARENA_BYTES)};
    add_answer(&answer->text, assay_json_raw(ws->script, token), hash);
    rc = parse_answer(answer, err);
    if (rc != ASSAY_OK) {
        ref_ws_answer_fini(answer);
        return rc;
    }
    ws->said.at[ws->said.count++] =
        (struct fuzz_answer){question->method, fuzz_second(assay_buf_view(&answer->text))};
    return ASSAY_OK;
}

/* ---- the questions ---- */

/* The transaction that is looked for, and the script that it spends from and pays to. */
struct wanted {
    uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    struct kaspa_input input;
    struct kaspa_output output;
    struct kaspa_tx tx;
    struct kaspa_hash txid;
    struct kaspa_outpoint outpoints[2];
    struct kaspa_spk spks[2];
};

static void make_wanted(struct wanted *w)
{
    *w = (struct wanted){.script = {0x20}};
    memset(w->script + 1, 0x11, KASPA_HASH_BYTES);
    w->script[sizeof(w->script) - 1] = KASPA_OP_CHECKSIG;
    w->output.value = AMOUNT;
    w->output.spk.script = assay_bytes_of(w->script, sizeof(w->script));
    w->input.signature_script = ASSAY_LIT("");
    w->input.previous.index = SPENT_INDEX;
    memset(w->input.previous.txid.at, 0xD3, KASPA_HASH_BYTES);
    w->tx = (struct kaspa_tx){.inputs = &w->input,
                              .input_count = 1,
                              .outputs = &w->output,
                              .output_count = 1,
                              .payload = ASSAY_LIT("")};
    kaspa_txid(&w->txid, &w->tx);
    w->outpoints[0] = w->input.previous;
    w->outpoints[1].txid = w->txid;
    w->spks[0] = w->spks[1] = w->output.spk;
}

static struct kx_look look_of(const struct wanted *w, uint8_t options)
{
    struct kx_look look = {
        .outpoints = w->outpoints,
        .spks = w->spks,
        .count = options & HAS_OWN ? 2 : 1,
        .has_tx = (options & NO_TX) == 0,
        .txid = w->txid,
        .output_spk = w->output.spk,
        .output_amount = AMOUNT,
        .wants_spent = (options & WANTS_SPENT) != 0,
        .wants_spender = (options & WANTS_SPENDER) != 0,
        .has_since = (options & HAS_SINCE) != 0,
        .wants_body = (options & WANTS_BODY) != 0,
    };

    memset(look.since.at, 0xA0, sizeof(look.since.at));
    return look;
}

/* What it makes anew from the bytes that it was told. */
static void check_body(const struct kx_sight *sight)
{
    struct kaspa_hash id;

    if (!sight->has_body)
        return;
    kaspa_txid(&id, &sight->body);
    FUZZ_CHECK(kaspa_hash_equal(&id, &sight->accepted));
}

static void check_sight(const struct fuzz_said *said, const struct kx_look *look,
                        const struct kx_sight *sight)
{
    check_body(sight);
    if (fuzz_said_is_known(said)) {
        fuzz_said_check_fit(said, NETWORK, NOW_MS, LAG_MS);
        fuzz_said_check_sight(said, look, sight);
    }
}

static void ask_look(struct ref_kaspa_node *node, const struct wanted *w, uint8_t options)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    const struct kx_look look = look_of(w, options);
    struct kx_sight sight = {.sink_blue_score = UNTOUCHED};
    struct assay_err err = {0};
    uint64_t highest = node->daa_highest;
    enum assay_code rc = ref_kaspa_node_look(node, &sight, &arena, &look, &err);

    FUZZ_CHECK(rc == err.code && rc != ASSAY_E_CONFLICT && rc != ASSAY_E_NOMEM);
    FUZZ_CHECK(rc == ASSAY_OK || (sight.sink_blue_score == UNTOUCHED && sight.utxos == NULL));
    FUZZ_CHECK(rc != ASSAY_OK || sight.pov.daa_score >= highest ||
               highest - sight.pov.daa_score <= DAA_STEP);
    if (rc == ASSAY_OK)
        check_sight(&node->ws->said, &look, &sight);
    assay_arena_fini(&arena);
}

static void check_coins(const struct fuzz_said *said, const struct wanted *w, size_t count,
                        const struct kaspa_outpoint *outpoints, const struct kaspa_utxo *utxos)
{
    bool is_known = fuzz_said_is_known(said);

    if (is_known)
        fuzz_said_check_fit(said, NETWORK, NOW_MS, LAG_MS);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(kaspa_spk_equal(&utxos[i].spk, &w->output.spk));
        FUZZ_CHECK(!is_known || fuzz_said_has_coin(said, &outpoints[i], &utxos[i]));
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(!kaspa_outpoint_equal(&outpoints[i], &outpoints[k]));
    }
}

static void ask_coins(struct ref_kaspa_node *node, const struct wanted *w)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_outpoint outpoints[COINS_MAX];
    struct kaspa_utxo utxos[COINS_MAX];
    size_t count = 0;

    if (ref_kaspa_node_coins(node, outpoints, utxos, COINS_MAX, &count, &arena, &w->output.spk,
                             NULL) == ASSAY_OK) {
        FUZZ_CHECK(count <= COINS_MAX);
        check_coins(&node->ws->said, w, count, outpoints, utxos);
    }
    assay_arena_fini(&arena);
}

static void ask_submit(struct ref_kaspa_node *node, const struct wanted *w)
{
    const struct fuzz_said *said = &node->ws->said;
    bool sent = false;

    if (ref_kaspa_node_submit(node, &w->tx, &w->txid, &sent, NULL) == ASSAY_OK)
        FUZZ_CHECK(sent && (!fuzz_said_is_known(said) || fuzz_said_has_taken(said, &w->txid)));
}

/* The next question; what was answered before it is no longer looked at. */
static void begin_question(struct ref_kaspa_node *node)
{
    node->ws->said.first = node->ws->said.count;
}

/* Two looks before a node that goes on, so that it is remembered what was seen. */
static void ask(const struct assay_json *script, uint8_t options)
{
    struct ref_kaspa_node_options how = REF_KASPA_NODE_OPTIONS_DEFAULT;
    struct ref_kaspa_node *node;
    struct wanted wanted;

    how.url = "ws://127.0.0.1:1";
    how.coins_max = COINS_MAX;
    how.max_lag_ms = LAG_MS;
    how.max_step_back = DAA_STEP;
    how.page_max = 4;
    make_wanted(&wanted);
    FUZZ_CHECK(ref_kaspa_node_start(&node, &how, NULL) == ASSAY_OK);
    node->ws->script = script;
    if (options & ASKS_COINS)
        ask_coins(node, &wanted);
    begin_question(node);
    if (options & SUBMITS)
        ask_submit(node, &wanted);
    begin_question(node);
    ask_look(node, &wanted, options);
    begin_question(node);
    ask_look(node, &wanted, (uint8_t)(options & ~HAS_SINCE));
    ref_kaspa_node_stop(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t options = size > 0 ? data[size - 1] : 0;
    struct assay_bytes text = assay_bytes_of(data, size > 0 ? size - 1 : 0);
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_alloc(room * sizeof(*tokens));
    struct assay_json script;

    FUZZ_CHECK(tokens != NULL);
    if (assay_json_parse(&script, tokens, room, text, ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) ==
        ASSAY_OK)
        ask(&script, options);
    assay_free(tokens);
    return 0;
}
