/* What an operator does about payments that a facilitator settles (server/kx_recover.c): in every
 * state that a server can leave one in, what is listed, and what each of his words comes to. */
#include "ref/tests/kx_phases.h"

#include "server/kaspa_x402.h"

#include <stdio.h>

TestSuite(server_recover, .init = kx_store_folder_make, .fini = kx_store_folder_drop,
          .timeout = 60);

#define PAYMENT                                                                                    \
    "{\"x402Version\":2,\"accepted\":{\"amount\":\"1000\",\"asset\":\"0xasset\","                  \
    "\"maxTimeoutSeconds\":60,\"network\":\"eip155:84532\",\"payTo\":\"0xpayee\","                 \
    "\"scheme\":\"exact\"},\"payload\":{\"signature\":\"0xsecret\",\"authorization\":"             \
    "{\"nonce\":\"0x1\",\n\"from\":\"0xpayer\"}}}"

/* How far it came. */
enum state { CLAIMED, BEGUN, ANSWERED, ASKED, STATES };
static const char *const state_names[STATES] = {"claimed", "begun", "answered", "asked"};

static void leave(struct kx_paid *paid, unsigned n, enum state state)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    const struct kx_store_ops *ops = store->ops;

    kx_paid_make(paid, n);
    paid->attempt.settles_last = true;
    paid->attempt.transaction = ASSAY_LIT(PAYMENT);
    cr_assert_eq(kx_claimed(store, paid), KX_CLAIM_CREATED);
    if (state >= BEGUN)
        cr_assert(kx_begun(store, paid));
    if (state >= ANSWERED)
        cr_assert_eq(ops->record_result(store, paid->attempt.txid, &paid->result, PHASES_NOW, NULL),
                     ASSAY_OK);
    if (state >= ASKED)
        cr_assert_eq(ops->broadcast(store, paid->attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
    ops->close(store);
}

static enum assay_code recover(struct assay_buf *out, const struct kx_recovery_request *request,
                               struct assay_err *err)
{
    struct kx_server_options options = KX_SERVER_OPTIONS_DEFAULT;

    options.store = kx_store_file();
    options.limits = kx_store_test_limits;
    return kx_server_recover(&options, request, out, err);
}

/* Its answer, once it is applied; the status of the attempt, or -1: it is gone. */
static int status_after(struct assay_bytes *receipt, struct assay_arena *arena, const char *txid)
{
    struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);
    struct kx_payment_record payment;
    struct kx_attempt attempt;
    int status = -1;

    *receipt = ASSAY_LIT("");
    if (store->ops->load_attempt(store, &attempt, arena, txid, NULL) == ASSAY_OK)
        status = (int)attempt.status;
    if (store->ops->load_payment(store, &payment, arena, txid, NULL) == ASSAY_OK)
        for (size_t i = 0; i < payment.answer.header_count; i++)
            if (assay_bytes_is(payment.answer.headers[i].name, "PAYMENT-RESPONSE"))
                *receipt = payment.answer.headers[i].value;
    store->ops->close(store);
    return status;
}

Test(server_recover, lists_what_is_needed_and_no_signature)
{
    static const char *const needs[STATES] = {"retry", "result", "retry", "settlement"};

    for (int state = 0; state < STATES; state++) {
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
        struct assay_err err = {0};
        const char *text, *end;
        struct kx_paid paid;
        char wanted[64];

        leave(&paid, 1, (enum state)state);
        cr_assert_eq(recover(&out, &(struct kx_recovery_request){.txid = NULL}, &err), ASSAY_OK,
                     "%s", err.text);
        text = assay_buf_cstr(&out);
        end = strchr(text, '\n');
        (void)snprintf(wanted, sizeof(wanted), "\"needs\":\"%s\"", needs[state]);
        cr_expect(strstr(text, wanted) != NULL, "%s: %s", state_names[state], text);
        cr_expect(strstr(text, "\"authorization\":{\"from\":\"0xpayer\",\"nonce\":\"0x1\"}") !=
                      NULL,
                  "%s: %s", state_names[state], text);
        cr_expect(strstr(text, "0xsecret") == NULL, "%s", text);
        cr_expect(end != NULL && end[1] == '\0', "one line: %s", text);
        assay_buf_fini(&out);
        kx_store_folder_drop();
        kx_store_folder_make();
    }
}

/* What each word comes to in each state. GONE: the payment is its payer's again. */
enum { GONE = -1 };
static const struct row {
    const char *name;
    struct kx_recovery_request request;
    struct {
        enum assay_code code;
        int status;
    } of[STATES];
} rows[] = {
    {"all",
     {.asks_all = true},
     {{ASSAY_OK, GONE},
      {ASSAY_E_UNKNOWN, KX_PENDING},
      {ASSAY_OK, KX_PENDING},
      {ASSAY_E_UNKNOWN, KX_BROADCAST}}},
    {"settled",
     {.settled = "0xfeed"},
     {{ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_OK, KX_APPLIED}}},
    {"settled by no name",
     {.settled = "0x feed"},
     {{ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_E_RANGE, KX_PENDING},
      {ASSAY_E_RANGE, KX_BROADCAST}}},
    {"not settled",
     {.has_not_settled = true},
     {{ASSAY_OK, GONE}, {ASSAY_OK, GONE}, {ASSAY_OK, GONE}, {ASSAY_OK, GONE}}},
    {"not run",
     {.has_not_run = true},
     {{ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_OK, KX_PENDING},
      {ASSAY_E_MISMATCH, KX_PENDING},
      {ASSAY_E_MISMATCH, KX_BROADCAST}}},
};

static void expect_outcome(const struct row *row, enum state state)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    struct assay_arena arena = ASSAY_ARENA_INIT(8 << 20);
    struct kx_recovery_request request = row->request;
    struct assay_bytes receipt;
    struct assay_err err = {0};
    struct kx_paid paid;
    enum assay_code code;
    int status;

    leave(&paid, 1, state);
    request.txid = request.asks_all ? NULL : paid.attempt.txid;
    code = recover(&out, &request, &err);
    status = status_after(&receipt, &arena, paid.attempt.txid);
    cr_expect_eq(code, row->of[state].code, "%s, %s: %s %s", row->name, state_names[state],
                 assay_code_name(code), err.text);
    cr_expect_eq(status, row->of[state].status, "%s, %s: %d", row->name, state_names[state],
                 status);
    cr_expect_eq(receipt.len > 0, status == KX_APPLIED, "%s, %s", row->name, state_names[state]);
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

Test(server_recover, does_what_the_operator_says_and_nothing_else)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int state = 0; state < STATES; state++) {
            expect_outcome(&rows[i], (enum state)state);
            kx_store_folder_drop();
            kx_store_folder_make();
        }
}

/* One transaction settles one payment, also by an operator's word. */
Test(server_recover, believes_no_transaction_that_has_bought)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    struct kx_paid paid[2];

    for (unsigned n = 0; n < 2; n++)
        leave(&paid[n], n + 1, ASKED);
    for (unsigned n = 0; n < 2; n++) {
        struct assay_err err = {0};
        enum assay_code code = recover(
            &out, &(struct kx_recovery_request){.txid = paid[n].attempt.txid, .settled = "0xfeed"},
            &err);

        cr_expect_eq(code, n == 0 ? ASSAY_OK : ASSAY_E_DUPLICATE, "%u: %s", n, err.text);
        cr_expect(n == 0 || strstr(err.text, "has settled another payment") != NULL, "%s",
                  err.text);
    }
    assay_buf_fini(&out);
}
