/* What an operator does on channels (server/kx_operator.c), where options, memory, the store, the
 * node or the chain fail him: he is told, nothing is claimed twice, and the next run goes on.
 * Source: Kaspa x402 batch digest, sections 8.4 and 14. */
#include "channel_payer.h"

#include "base/hex.h"
#include "server/kaspa_x402.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUICK_MS = 0, MEMORY_MOST = 2000 };

static struct channel_payer payer;
static struct kx_server_options o;
static const char *store; /* that the server had */
static char secret[2 * 32 + 1];

/* A debt of one purchase, and a server that is stopped: its store is a file alone. */
static void begin(void)
{
    channel_payer_begin(&payer);
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "the debt");
    serve_stop(&payer.world);
    store = serve_text(&payer.world, payer.world.server.folder, "/store");
    o = (struct kx_server_options)KX_SERVER_OPTIONS_DEFAULT;
    o.store = store;
    o.node = kaspa_node_rpc_url(payer.world.chain.node);
    o.node_max_lag_ms = 0;
    o.poll_ms = 20;
    o.channel_confirmations = 1;
    assay_hex_encode(secret, assay_bytes_of(payer.server_key.secret, 32));
}

static void end(void)
{
    channel_payer_end(&payer);
}

TestSuite(claim_trouble, .init = begin, .fini = end, .timeout = 300);

/* ---- a run ---- */

struct run {
    enum assay_code code;
    struct assay_err err;
    struct assay_buf out;
    const char *said; /* its lines, and the error */
};

static struct run operate(const struct kx_operate_request *request, size_t room)
{
    struct run r = {.out = ASSAY_BUF_INIT(room)};
    struct kx_operate_request wanted = *request;

    cr_assert_eq(setenv("KX_TEST_SECRET", secret, 1), 0);
    wanted.secret_variable = "KX_TEST_SECRET";
    r.code = kx_server_operate(&o, &wanted, &r.out, &r.err);
    cr_expect_null(getenv("KX_TEST_SECRET"), "it is wiped");
    r.said = assay_arena_printf(&payer.world.chain.arena, "%.*s%s", (int)r.out.len,
                                r.out.len > 0 ? (const char *)r.out.at : "", r.err.text);
    assay_buf_fini(&r.out);
    return r;
}

static void expect_of(const struct kx_operate_request *request, enum assay_code code,
                      const char *says, const char *name)
{
    struct run r = operate(request, 1 << 20);

    cr_expect_eq(r.code, code, "%s: %s: %s", name, assay_code_name(r.code), r.said);
    cr_expect_not_null(strstr(r.said, says), "%s: %s", name, r.said);
}

/* Of every channel. */
static void expect_claim(enum assay_code code, const char *says, const char *name)
{
    expect_of(&(struct kx_operate_request){.channel_id = NULL}, code, says, name);
}

/* ---- its store ---- */

static int keep_text(void *out, int count, char **values, char **names)
{
    (void)names;
    *(const char **)out = count == 1 && values[0] != NULL
                              ? assay_arena_printf(&payer.world.chain.arena, "%s", values[0])
                              : NULL;
    return 0;
}

/* What the statement selects, if anything. */
static const char *database(const char *file, const char *sql)
{
    const char *text = NULL;
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, PATIENCE_MS);
    cr_assert_eq(sqlite3_exec(db, sql, keep_text, &text, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    return text;
}

static const char *copy_of(const char *name)
{
    const char *path = serve_text(&payer.world, payer.world.server.folder, name);

    (void)database(store, assay_arena_printf(&payer.world.chain.arena, "VACUUM INTO '%s'", path));
    return path;
}

static void submit_and_leave(void)
{
    atomic_store(&payer.world.mines, false);
    o.accept_wait_ms = QUICK_MS;
    expect_claim(ASSAY_E_UNKNOWN, "the chain has not confirmed it yet", "unconfirmed");
}

static void mine_it(void)
{
    atomic_store(&payer.world.mines, true);
    o.accept_wait_ms = PATIENCE_MS;
    cr_assert(serve_await_mempool(&payer.world, 0));
}

/* ---- options ---- */

Test(claim_trouble, is_told_of_options_before_anything_is_done)
{
    static const char unknown[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    const struct kx_operate_request all = {.channel_id = NULL}, one = {.channel_id = unknown};
    const struct kx_server_options right = o;
    const struct {
        const char *name, *store, *node;
        const struct kx_operate_request *request;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"no node", store, NULL, &all, ASSAY_E_MISSING, "the node is missing"},
        {"no URL", store, "http://127.0.0.1:1", &all, ASSAY_E_MALFORMED, "ws://"},
        {"no store", NULL, o.node, &all, ASSAY_E_MISSING, "the store is missing"},
        {"no file", "/nonexistent/store", o.node, &all, ASSAY_E_MISSING, "no such file"},
        {"a node that is not there", store, "ws://127.0.0.1:1", &all, ASSAY_E_IO, "channel "},
        {"no such channel", store, o.node, &one, ASSAY_E_MISSING, unknown},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        o = right;
        o.store = rows[i].store;
        o.node = rows[i].node;
        expect_of(rows[i].request, rows[i].code, rows[i].says, rows[i].name);
    }
    cr_expect_eq(kaspa_node_submissions(payer.world.chain.node), 1, "the deposit alone");
}

Test(claim_trouble, is_told_where_there_is_no_room_for_the_answer)
{
    struct run r = operate(&(struct kx_operate_request){.channel_id = NULL}, 8);

    cr_expect_eq(r.code, ASSAY_E_TOO_LARGE, "%s", r.said);
    expect_claim(ASSAY_OK, "", "it is claimed all the same");
}

/* ---- the chain ---- */

Test(claim_trouble, waits_for_as_many_confirmations_as_it_was_begun_with)
{
    o.channel_confirmations = 3;
    o.accept_wait_ms = 1000;
    expect_claim(ASSAY_E_UNKNOWN, "the chain has not confirmed it yet", "one block");
    world_mine(&payer.world.chain, 3);
    o.channel_confirmations = 1000;
    expect_claim(ASSAY_OK, "\"did\":\"claimed\"", "three more");
}

/* Of two stores that claim one debt, which nobody should have, the other is told. */
Test(claim_trouble, gives_up_what_the_node_rejects_or_another_has_spent)
{
    static const char fault[] = "CREATE TRIGGER fault BEFORE DELETE ON operation BEGIN"
                                " SELECT RAISE(ABORT, 'fault'); END";
    const char *others[3];

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        static const char *const names[] = {"/first", "/second", "/third"};

        others[i] = copy_of(names[i]);
        (void)database(others[i], "UPDATE channel SET charged = charged - 10000000");
    }
    submit_and_leave();
    o.store = others[0];
    expect_claim(ASSAY_E_UNKNOWN, "the node rejects the transaction", "rejected");
    o.store = others[1];
    (void)database(others[1], fault);
    expect_claim(ASSAY_E_IO, "channel ", "rejected, and the store fails");
    expect_claim(ASSAY_E_UNKNOWN, "has not confirmed it yet", "rejected again");
    mine_it();
    expect_claim(ASSAY_E_IO, "channel ", "spent by another, and the store fails");
    (void)database(others[1], "DROP TRIGGER fault");
    expect_claim(ASSAY_E_UNKNOWN, "another transaction has spent", "spent by another");
    o.store = others[2];
    expect_claim(ASSAY_E_UNKNOWN, "another transaction has spent", "before it was begun");
    o.store = store;
    expect_claim(ASSAY_OK, "\"did\":\"claimed\"", "the one that was first");
    expect_of(&(struct kx_operate_request){.channel_id = database(store, "SELECT id FROM channel")},
              ASSAY_E_UNKNOWN, "\"did\":\"nothing\"", "it owes nothing more");
}

/* ---- what is stored ---- */

Test(claim_trouble, carries_out_nothing_that_cannot_be_read)
{
    static const struct {
        const char *name, *change;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"its configuration", "UPDATE channel SET config = 'x'", ASSAY_E_UNKNOWN,
         "what the store has of it cannot be read"},
        {"no transaction", "UPDATE operation SET tx = 'x'", ASSAY_E_UNKNOWN,
         "what is on its way in it: JSON"},
        {"no coin", "UPDATE operation SET tx = json_remove(tx, '$.inputs[0].utxo')",
         ASSAY_E_MISSING, "what is on its way in it: its input 0 does not say its coin"},
        {"no successor", "UPDATE operation SET next_txid = NULL", ASSAY_E_UNKNOWN,
         "what is on its way in it cannot be read"},
        {"no such output", "UPDATE operation SET next_index = 99", ASSAY_E_UNKNOWN,
         "what is on its way in it cannot be read"},
        {"of no operation", "DELETE FROM operation", ASSAY_E_UNKNOWN, "a payment is on its way"},
    };

    submit_and_leave();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        o.store = copy_of(assay_arena_printf(&payer.world.chain.arena, "/copy%zu", i));
        (void)database(o.store, rows[i].change);
        expect_claim(rows[i].code, rows[i].says, rows[i].name);
    }
    o.store = store;
    mine_it();
    expect_claim(ASSAY_OK, "\"did\":\"claimed\"", "the store as it was");
}

/* Of one that is asked for by its name. */
Test(claim_trouble, claims_nothing_of_a_channel_that_is_not_active)
{
    const struct kx_operate_request one = {.channel_id = database(store, "SELECT id FROM channel")};

    (void)database(store, "UPDATE channel SET status = status + 1");
    expect_of(&one, ASSAY_E_UNKNOWN, "the channel is not active any more", "another status");
    cr_expect_eq(kaspa_node_submissions(payer.world.chain.node), 1, "the deposit alone");
}

/* ---- top-ups ---- */

Test(claim_trouble, of_a_top_up_says_what_is_wrong_with_its_transaction)
{
    const char *tx, *bare, *channel;
    struct kx_operate_request request = {.top_up = ASSAY_LIT("{}")};

    submit_and_leave();
    channel = database(store, "SELECT id FROM channel");
    tx = database(store, "SELECT tx FROM operation");
    bare = database(store, "SELECT json_remove(tx, '$.inputs[0].utxo') FROM operation");
    cr_assert(channel != NULL && tx != NULL && bare != NULL);
    request.channel_id = channel;
    mine_it();
    expect_of(&request, ASSAY_E_UNKNOWN, "that was begun before", "a claim is on its way");
    expect_of(&request, ASSAY_E_MISSING, "the transaction", "no transaction");
    request.top_up = assay_str(bare);
    expect_of(&request, ASSAY_E_MISSING, "its input 0 does not say its coin", "no coin");
    request.top_up = assay_str(tx);
    expect_of(&request, ASSAY_E_MISMATCH, channel, "a claim's transaction");
    o.node = "ws://127.0.0.1:1";
    expect_of(&request, ASSAY_E_IO, channel, "no node to ask for its coins");
}

/* ---- memory ---- */

/* In a process of its own, since the simulated node shares this one's memory. */
static int claim_with(size_t allocations)
{
    int status = 0;
    pid_t pid = fork();

    cr_assert_geq(pid, 0);
    if (pid == 0) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct assay_err err = {0};
        const struct kx_operate_request request = {.secret_variable = "KX_TEST_SECRET"};
        enum assay_code code;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setenv("KX_TEST_SECRET", secret, 1);
        (void)assay_alloc_fail_after(allocations);
        code = kx_server_operate(&o, &request, &out, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        _exit(code != ASSAY_OK && err.text[0] == '\0' ? 127 : (int)code);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Test(claim_trouble, claims_once_however_often_memory_fails)
{
    size_t seen = serve_submissions(&payer.world);
    int status = ASSAY_E_NOMEM;
    size_t n = 0;

    o.accept_wait_ms = 200;
    for (; n < MEMORY_MOST && status != ASSAY_OK; n++) {
        status = claim_with(n);
        cr_expect(status == ASSAY_OK || status == ASSAY_E_NOMEM || status == ASSAY_E_UNKNOWN ||
                      status == ASSAY_E_IO,
                  "%zu: %d", n, status);
    }
    cr_expect(n > 20 && n < MEMORY_MOST, "%zu", n);
    cr_expect_eq(serve_submissions(&payer.world), seen + 1, "one transaction");
    o.accept_wait_ms = PATIENCE_MS;
    expect_claim(ASSAY_OK, "", "nothing is owed");
}
