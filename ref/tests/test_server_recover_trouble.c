/* What an operator does about payments (server/kx_recover.c), where the store, memory, the node or
 * the options fail him: he is told, and what was not done is not half done. */
#include "net/clock.h"
#include "ref/tests/kx_phases.h"
#include "ref/tests/kx_world.h"
#include "ref/tests/store_trouble.h"
#include "server/kaspa_x402.h"

#include <stdio.h>
#include <stdlib.h>

#define NOBODY "ws://127.0.0.1:1" /* where no node is */
#define PAYMENT                                                                                    \
    "{\"x402Version\":2,\"accepted\":{\"amount\":\"1000\",\"asset\":\"0xasset\","                  \
    "\"maxTimeoutSeconds\":60,\"network\":\"eip155:84532\",\"payTo\":\"0xpayee\","                 \
    "\"scheme\":\"exact\"},\"payload\":{\"authorization\":{\"nonce\":\"0x1\"}}}"

enum { MOST_FAILURES = 4000 };

static struct kx_server_options o;

static void set_up(void)
{
    store_trouble_install();
    kx_store_folder_make();
    o = (struct kx_server_options)KX_SERVER_OPTIONS_DEFAULT;
    o.store = kx_store_file();
    o.limits = kx_store_test_limits;
    o.node = NOBODY;
}

TestSuite(server_recover_trouble, .init = set_up, .fini = kx_store_folder_drop, .timeout = 300);

static enum assay_code recover(struct assay_buf *out, const struct kx_recovery_request *request,
                               struct assay_err *err)
{
    return kx_server_recover(&o, request, out, err);
}

/* ---- options ---- */

Test(server_recover_trouble, is_told_of_options_before_anything_is_done)
{
    static const struct {
        const char *name, *store, *network;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"no store", NULL, KX_NETWORK_TESTNET, ASSAY_E_MISSING, "name the server's file"},
        {"memory", "memory", KX_NETWORK_TESTNET, ASSAY_E_MISSING, "name the server's file"},
        {"no file", "/nonexistent/store", KX_NETWORK_TESTNET, ASSAY_E_MISSING, "no such file"},
        {"a folder", "/", KX_NETWORK_TESTNET, ASSAY_E_IO, "/"},
        {"another network", "s", "kaspa:simnet", ASSAY_E_MALFORMED, "kaspa:simnet"},
        {"coins of value", "s", KX_NETWORK_MAINNET, ASSAY_E_DENIED, "mainnet"},
    };
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};

        o.store = rows[i].store;
        o.network = rows[i].network;
        cr_expect_eq(recover(&out, &(struct kx_recovery_request){.asks_all = true}, &err),
                     rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
        cr_expect_eq(out.len, 0, "%s", rows[i].name);
    }
    assay_buf_fini(&out);
}

/* ---- payments of the chain ---- */

/* The text of a transaction, and the payment of it; of a channel where that is wanted. */
static void leave_in(struct kx_paid *paid, enum kx_phase phase, const char *transaction)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);

    kx_paid_make(paid, 1);
    if (transaction != NULL)
        paid->attempt.transaction = assay_str(transaction);
    kx_paid_take_to(store, paid, phase);
    store->ops->close(store);
}

static char *a_transaction(void)
{
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
    char *text;

    kx_world_build(w);
    kx_world_sign(w);
    kx_world_write(w);
    text = json_dumps(w->text, JSON_COMPACT);
    kx_world_free(w);
    cr_assert_not_null(text);
    return text;
}

Test(server_recover_trouble, of_one_payment_says_what_it_needs_or_why_nobody_knows)
{
    static const struct {
        const char *name;
        enum kx_phase phase;
        bool is_readable; /* its transaction */
        const char *node;
        enum assay_code code;
        const char *says; /* the error or else the line */
    } rows[] = {
        {"no node", PHASE_BROADCAST, true, NULL, ASSAY_E_MISSING, "the node is missing"},
        {"another node's URL", PHASE_BROADCAST, true, "http://127.0.0.1:1", ASSAY_E_MALFORMED,
         "node \"http://127.0.0.1:1\""},
        {"a node that is not there", PHASE_PENDING, true, NOBODY, ASSAY_E_IO, "node \"" NOBODY},
        {"no transaction", PHASE_BROADCAST, false, NOBODY, ASSAY_E_MALFORMED, "transaction"},
        {"accepted", PHASE_ACCEPTED, true, NOBODY, ASSAY_OK, "\"needs\":\"retry\""},
        {"its handler started", PHASE_STARTED, true, NOBODY, ASSAY_E_UNKNOWN, "only its result"},
        {"asked for recovery", PHASE_RECOVERY, true, NOBODY, ASSAY_E_UNKNOWN, "only its result"},
        {"answered", PHASE_ANSWERED, true, NOBODY, ASSAY_OK, "\"hasResult\":true"},
        {"applied", PHASE_APPLIED, true, NOBODY, ASSAY_OK, "\"needs\":\"nothing\""},
        {"unknown", PHASE_UNKNOWN, true, NOBODY, ASSAY_E_MISSING, "transaction "},
    };
    char *transaction = a_transaction();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct assay_err err = {0};
        struct kx_paid paid;
        enum assay_code code;
        const char *said;

        leave_in(&paid, rows[i].phase, rows[i].is_readable ? transaction : NULL);
        o.node = rows[i].node;
        code = recover(&out, &(struct kx_recovery_request){.txid = paid.attempt.txid}, &err);
        cr_expect_eq(code, rows[i].code, "%s: %s: %s", rows[i].name, assay_code_name(code),
                     err.text);
        said = code == ASSAY_OK ? assay_buf_cstr(&out) : err.text;
        cr_expect_not_null(strstr(said, rows[i].says), "%s: %s", rows[i].name, said);
        assay_buf_fini(&out);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
    free(transaction);
}

/* The first that is no answer ends it, and is named. */
Test(server_recover_trouble, of_all_payments_ends_where_nobody_answers)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    struct assay_err err = {0};
    struct kx_paid paid;

    leave_in(&paid, PHASE_BROADCAST, NULL);
    cr_expect_eq(recover(&out, &(struct kx_recovery_request){.asks_all = true}, &err),
                 ASSAY_E_MALFORMED, "%s", err.text);
    cr_expect_not_null(strstr(err.text, paid.attempt.txid), "%s", err.text);
    assay_buf_fini(&out);
}

/* ---- what a facilitator settles ---- */

static const struct word {
    const char *name;
    struct kx_recovery_request request; /* of the payment, but for the first two */
    enum kx_phase phase;                /* PENDING: claimed */
    bool has_begun;                     /* its handler, when it is claimed */
    enum assay_code code;
} words[] = {
    {"lists", {.txid = NULL}, PHASE_BROADCAST, true, ASSAY_OK},
    {"asks all", {.asks_all = true}, PHASE_BROADCAST, true, ASSAY_E_UNKNOWN},
    {"asks all that never ran", {.asks_all = true}, PHASE_PENDING, false, ASSAY_OK},
    {"settled", {.settled = "0xfeed"}, PHASE_BROADCAST, true, ASSAY_OK},
    {"not settled", {.has_not_settled = true}, PHASE_BROADCAST, true, ASSAY_OK},
    {"not run", {.has_not_run = true}, PHASE_PENDING, true, ASSAY_OK},
    {"a result", {.result = NULL}, PHASE_PENDING, true, ASSAY_OK},
};

static bool is_of_all(const struct word *word)
{
    return word < words + 3;
}

static void leave_facilitated(struct kx_paid *paid, const struct word *word)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    const struct kx_store_ops *ops = store->ops;

    kx_paid_make(paid, 1);
    paid->attempt.settles_last = true;
    paid->attempt.transaction = ASSAY_LIT(PAYMENT);
    cr_assert_eq(kx_claimed(store, paid), KX_CLAIM_CREATED);
    if (word->has_begun)
        cr_assert(kx_begun(store, paid));
    if (word->phase == PHASE_BROADCAST) {
        cr_assert_eq(ops->record_result(store, paid->attempt.txid, &paid->result, PHASES_NOW, NULL),
                     ASSAY_OK);
        cr_assert_eq(ops->broadcast(store, paid->attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
    }
    ops->close(store);
}

static enum assay_code say(const struct word *word, const struct kx_paid *paid,
                           struct assay_buf *out, struct assay_err *err)
{
    struct kx_recovery_request request = word->request;

    if (!is_of_all(word)) {
        request.txid = paid->attempt.txid;
        if (!request.has_not_run && !request.has_not_settled && request.settled == NULL)
            request.result = &paid->result;
    }
    return recover(out, &request, err);
}

static bool is_trouble(enum assay_code code)
{
    return code == ASSAY_E_NOMEM || code == ASSAY_E_IO || code == ASSAY_E_BUSY;
}

/* With the nth need denied, for every n. An error says so; the word said once more, if it is not
 * done by then, does what it should. */
static void expect_trouble_told(const struct word *word, enum store_trouble trouble)
{
    bool has_struck = true;
    size_t before = 0;

    for (; has_struck; before++) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct assay_err err = {0};
        struct kx_paid paid;
        enum assay_code code, again;

        cr_assert_lt(before, MOST_FAILURES);
        leave_facilitated(&paid, word);
        store_trouble_arm(trouble, before);
        code = say(word, &paid, &out, &err);
        has_struck = store_trouble_struck();
        cr_expect(code == word->code || (has_struck && is_trouble(code)), "%s, %s, %zu: %s: %s",
                  word->name, store_trouble_name(trouble), before, assay_code_name(code), err.text);
        cr_expect(code == ASSAY_OK || err.text[0] != '\0', "%s, %s, %zu", word->name,
                  store_trouble_name(trouble), before);
        assay_buf_fini(&out);
        if (is_trouble(code)) {
            again = say(word, &paid, &out, &err);
            cr_expect(again == word->code || again == ASSAY_E_MISSING || again == ASSAY_E_MISMATCH,
                      "%s, %s, %zu: again: %s: %s", word->name, store_trouble_name(trouble), before,
                      assay_code_name(again), err.text);
            assay_buf_fini(&out);
        }
        kx_store_folder_drop();
        kx_store_folder_make();
    }
    cr_expect_gt(before, 3, "%s, %s: %zu", word->name, store_trouble_name(trouble), before);
}

Test(server_recover_trouble, is_told_where_memory_fails)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        expect_trouble_told(&words[i], TROUBLE_MEMORY);
}

Test(server_recover_trouble, is_told_where_the_file_fails)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        expect_trouble_told(&words[i], TROUBLE_FILE);
}

Test(server_recover_trouble, is_told_where_there_is_no_room_for_the_answer)
{
    uint8_t room[8];

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct assay_buf out = ASSAY_BUF_OVER(room);
        struct assay_err err = {0};
        struct kx_paid paid;

        leave_facilitated(&paid, &words[i]);
        cr_expect_eq(say(&words[i], &paid, &out, &err), ASSAY_E_TOO_LARGE, "%s: %s", words[i].name,
                     err.text);
        cr_expect(words[i].code != ASSAY_OK || strstr(err.text, "no room for the answer") != NULL,
                  "%s: %s", words[i].name, err.text);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
}

/* What was authorised is told where it can be read. */
Test(server_recover_trouble, tells_no_authorization_that_cannot_be_read)
{
    static const struct {
        const char *transaction, *says;
    } rows[] = {
        {PAYMENT, "\"authorization\":{\"nonce\":\"0x1\"}"},
        {"{\"payload\":{}}", "\"authorization\":null"},
        {"{\"payload\":[]}", "\"authorization\":null"},
        {"{}", "\"authorization\":null"},
        {"no JSON", "\"authorization\":null"},
        {"{\"payload\":{\"authorization\":1e400}}", "\"authorization\":null"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct assay_err err = {0};
        struct kx_paid paid;

        kx_paid_make(&paid, 1);
        paid.attempt.settles_last = true;
        paid.attempt.transaction = assay_str(rows[i].transaction);
        cr_assert_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
        store->ops->close(store);
        cr_expect_eq(recover(&out, &(struct kx_recovery_request){.txid = NULL}, &err), ASSAY_OK,
                     "%s", err.text);
        cr_expect_not_null(strstr(assay_buf_cstr(&out), rows[i].says), "%s: %s",
                           rows[i].transaction, assay_buf_cstr(&out));
        assay_buf_fini(&out);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
}

/* What came to no handler yet may be on its way; and what is settled is settled. */
Test(server_recover_trouble, leaves_what_is_on_its_way_and_what_is_done)
{
    static const struct kx_recovery_request settled = {.settled = "0xfeed"};
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    struct kx_recovery_request request = {.txid = NULL};
    enum kx_claim_result result = KX_CLAIM_FULL;
    struct assay_err err = {0};
    struct kx_paid paid;

    kx_paid_make(&paid, 2);
    request.txid = paid.attempt.txid;
    paid.attempt.settles_last = true;
    paid.attempt.transaction = ASSAY_LIT(PAYMENT);
    paid.attempt.authorization_expires_ms = ref_net_wall_ms() + 60000;
    cr_assert_eq(store->ops->claim(store, &paid.attempt, ref_net_wall_ms(), &result, NULL),
                 ASSAY_OK);
    cr_assert_eq(result, KX_CLAIM_CREATED);
    store->ops->close(store);
    cr_expect_eq(recover(&out, &request, &err), ASSAY_E_UNKNOWN, "%s", err.text);
    cr_expect_not_null(strstr(assay_buf_cstr(&out), "\"did\":\"nothing\""));
    kx_store_folder_drop();
    kx_store_folder_make();
    assay_buf_fini(&out);
    leave_facilitated(&paid, &words[3]);
    request = settled;
    request.txid = paid.attempt.txid;
    cr_expect_eq(recover(&out, &request, &err), ASSAY_OK, "%s", err.text);
    request.settled = NULL;
    cr_expect_eq(recover(&out, &request, &err), ASSAY_OK, "%s", err.text);
    cr_expect_not_null(strstr(assay_buf_cstr(&out), "\"did\":\"nothing\""));
    assay_buf_fini(&out);
}
