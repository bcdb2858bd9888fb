/* `assay serve kaspa-x402 --claim` end to end, with a death before each step of a claim, of the
 * server and of the operator's command: begun anew, it ends as one claim. Source: Kaspa x402 batch
 * digest, section 14. */
#include "channel_payer.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>

enum {
    SYNCS_MAX = 40,
    STEPS_STORED = 4, /* lease, note of its submission, of its acceptance, successor */
};

static struct channel_payer payer;

static void begin(void)
{
    channel_payer_begin(&payer);
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
}

static void end(void)
{
    channel_payer_end(&payer);
}

TestSuite(serve_claim_deaths, .init = begin, .fini = end, .timeout = 300);

/* Before which step it dies. Of what the store writes, where the statement fails: its process ends
 * there. Of what the chain does, while it waits: it is killed. */
static const struct step {
    const char *name;
    const char *statement; /* that fails; NULL: none, but */
    const char *silent;    /* the call that is not answered; NULL: nothing is mined */
    unsigned submitted;    /* transactions by then */
} steps[] = {
    {"its lease", "INSERT ON operation", NULL, 0},
    {"its submission", NULL, "getServerInfo", 0},
    {"the answer to its submission", NULL, "submitTransaction", 1},
    {"the note that it is submitted", "UPDATE ON operation WHEN NEW.status = 1", NULL, 1},
    {"its block", NULL, NULL, 1},
    {"the note that it is accepted", "UPDATE ON operation WHEN NEW.status = 2", NULL, 1},
    {"its successor", "UPDATE ON channel WHEN NEW.txid <> OLD.txid", NULL, 1},
};

static const char *const claim[] = {"--claim", NULL};

/* ---- a death ---- */

static void database(const char *sql)
{
    const char *file = serve_text(&payer.world, payer.world.server.folder, "/store");
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, PATIENCE_MS);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static void end_at_statement(const struct step *step)
{
    struct program died;

    database(assay_arena_printf(&payer.world.chain.arena,
                                "CREATE TRIGGER fault BEFORE %s BEGIN SELECT RAISE(ABORT, 'fault');"
                                " END",
                                step->statement));
    program_init(&died);
    channel_payer_start_operator(&payer, &died, &payer.server_key, claim);
    program_end(&died, PROGRAM_DEADLINE_MS);
    cr_expect_eq(died.status, 3, "%s: %d: %.*s", step->name, died.status, (int)died.out.len,
                 (const char *)died.out.at);
    program_fini(&died);
    database("DROP TRIGGER fault");
}

/* Nobody but the command calls the node meanwhile. */
static void kill_as_it_waits(const struct step *step)
{
    struct kaspa_node *node = payer.world.chain.node;
    uint64_t calls = kaspa_node_calls(node);
    uint64_t submissions = kaspa_node_submissions(node) + step->submitted;
    struct program died;

    atomic_store(&payer.world.mines, false);
    if (step->silent != NULL)
        kaspa_node_behave(node, &(struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT,
                                                               .fault_method = step->silent});
    program_init(&died);
    channel_payer_start_operator(&payer, &died, &payer.server_key, claim);
    cr_assert(kaspa_node_await_submissions(node, submissions, PATIENCE_MS), "%s", step->name);
    if (step->silent == NULL) /* and what it asks next, with its submission noted */
        calls = kaspa_node_calls(node);
    cr_assert(kaspa_node_await(node, NULL, calls + 1, PATIENCE_MS), "%s", step->name);
    program_end(&died, 0);
    cr_expect_eq(died.status, PROGRAM_LATE, "%s", step->name);
    program_fini(&died);
    kaspa_node_behave(node, &(struct kaspa_node_behaviour){.fault = KASPA_NODE_SOUND});
    atomic_store(&payer.world.mines, true);
}

/* ---- what comes of it ---- */

/* Calls from there on that handed over a transaction, and whether it was one. */
static unsigned submitted_after(uint64_t calls, const char *name)
{
    const char *first = NULL;
    struct kaspa_node_call call;
    unsigned count = 0;

    for (uint64_t n = calls + 1; kaspa_node_call(payer.world.chain.node, n, &call); n++) {
        if (strcmp(call.method, "submitTransaction") != 0)
            continue;
        first = count++ == 0 ? call.params : first;
        cr_expect_str_eq(call.params, first, "%s: another transaction", name);
    }
    return count;
}

static void die_before(const struct step *step, const char *target)
{
    uint64_t calls;
    size_t seen;

    channel_payer_buy(&payer, target);
    channel_payer_expect(&payer, 0, "assay pay: paid", step->name);
    serve_kill(&payer.world);
    calls = kaspa_node_calls(payer.world.chain.node);
    seen = serve_submissions(&payer.world);
    if (step->statement != NULL)
        end_at_statement(step);
    else
        kill_as_it_waits(step);
    cr_expect_eq(submitted_after(calls, step->name), step->submitted, "%s", step->name);
    serve_start(&payer.world);
    channel_payer_operate(&payer, &payer.server_key, claim, "\"did\":\"claimed\"");
    (void)submitted_after(calls, step->name);
    cr_expect_eq(serve_submissions(&payer.world), seen + 1, "%s: one transaction", step->name);
}

/* What is claimed is claimed: another run has nothing to do. */
static void expect_nothing_owed(const char *name)
{
    struct program said;

    program_init(&said);
    channel_payer_start_operator(&payer, &said, &payer.server_key, claim);
    program_end(&said, PROGRAM_DEADLINE_MS);
    cr_expect(said.status == 0 && said.out.len == 0, "%s: nothing is owed: %d: %.*s", name,
              said.status, (int)said.out.len, (const char *)said.out.at);
    program_fini(&said);
}

static void expect_goes_on(size_t purchases)
{
    channel_payer_buy(&payer, "/report?after=all");
    channel_payer_expect(&payer, 0, "assay pay: paid", "after all of them");
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1, "one deposit");
    cr_expect_eq(origin_executions(payer.world.origin), purchases + 1);
}

Test(serve_claim_deaths, leave_one_claim_to_the_next_run)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        die_before(&steps[i], assay_arena_printf(&payer.world.chain.arena, "/report?step=%zu", i));
        expect_nothing_owed(steps[i].name);
    }
    expect_goes_on(ARRAY_LEN(steps));
}

/* Of the command alone, beside a server that goes on. False: there are fewer syncs in a claim. */
static bool killed_before_sync(struct supervisor *supervisor, uint64_t n)
{
    struct program died;
    bool was_killed;

    program_init(&died);
    died.under = supervisor;
    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .kill_before = n});
    channel_payer_start_operator(&payer, &died, &payer.server_key, claim);
    program_end(&died, PROGRAM_DEADLINE_MS);
    was_killed = supervisor_killed(supervisor);
    cr_expect_eq(died.status, was_killed ? 128 + SIGKILL : 0, "sync %" PRIu64 ": %d: %.*s", n,
                 died.status, (int)died.err.len, (const char *)died.err.at);
    program_fini(&died);
    return was_killed;
}

Test(serve_claim_deaths, before_any_sync_leave_one_claim_to_the_next_run)
{
    struct supervisor *supervisor = NULL;
    struct assay_err err = {0};
    bool was_killed = true;
    uint64_t n = 0;

    if (fault_supervisor_available(&err) != ASSAY_OK)
        cr_skip_test("%s", err.text);
    cr_assert_eq(supervisor_new(&supervisor, NULL, &err), ASSAY_OK, "%s", err.text);
    while (was_killed && n < SYNCS_MAX) {
        const char *name =
            assay_arena_printf(&payer.world.chain.arena, "/report?sync=%" PRIu64, ++n);
        uint64_t calls;
        size_t seen;

        channel_payer_buy(&payer, name);
        channel_payer_expect(&payer, 0, "assay pay: paid", name);
        calls = kaspa_node_calls(payer.world.chain.node);
        seen = serve_submissions(&payer.world);
        was_killed = killed_before_sync(supervisor, n);
        if (was_killed)
            channel_payer_operate(&payer, &payer.server_key, claim, "");
        (void)submitted_after(calls, name);
        cr_expect_eq(serve_submissions(&payer.world), seen + 1, "%s: one transaction", name);
        expect_nothing_owed(name);
    }
    cr_expect_gt(n, STEPS_STORED, "each step that the store takes is one sync at least");
    expect_goes_on(n);
    supervisor_free(supervisor);
}
