/* A facilitator's settlements from the claim on: what the node and the store may say, crashes
 * between any two actions, and copies that meet at every one (ref/core/kx_fac.c, kx_settle.c). */
#include "ref/tests/fac_shop.h"

enum { STEPS = 16 }; /* actions of a settlement that meets nobody, at most; without the response */

static struct fac_shop f;

static void open_shop(void)
{
    fac_open(&f);
}
static void close_shop(void)
{
    fac_close(&f);
}
TestSuite(kx_fac_settle, .init = open_shop, .fini = close_shop);

static void reopen(void)
{
    close_shop();
    open_shop();
}

static struct shop_errand *begin(const char *token)
{
    const struct shop_ask ask = fac_ask(&f, "/settle", token);

    return shop_begin(&f.shop, &ask);
}

static void expect_pending(const struct fac_reply *reply, const char *row)
{
    cr_expect_eq(reply->http.status, 200, "%s: %d %s", row, reply->http.status, reply->http.body);
    cr_expect_not(fac_is_settled(reply), "%s: %s", row, reply->http.body);
    cr_expect_str_eq(fac_text(reply, "errorReason"), "settlement_pending", "%s: %s", row,
                     reply->http.body);
    cr_expect_eq(strlen(fac_text(reply, "transaction")), 64, "%s: it is named", row);
    cr_expect_str_eq(fac_text(reply, "network"), "kaspa:testnet-10", "%s", row);
}

static void expect_settled(const struct fac_reply *reply, const char *row)
{
    cr_expect_eq(reply->http.status, 200, "%s: %d %s", row, reply->http.status, reply->http.body);
    cr_expect(fac_is_settled(reply), "%s: %s", row, reply->http.body);
    cr_expect_eq(strlen(fac_text(reply, "transaction")), 64, "%s: it is named", row);
}

/* ---- what the node says ---- */

static const struct {
    const char *name;
    enum assay_code code;
    bool is_unsent, takes;
} words[] = {
    {"its answer is lost", ASSAY_E_TIMEOUT, false, true},
    {"it is cut off", ASSAY_E_IO, false, true},
    {"it answers nonsense", ASSAY_E_MALFORMED, false, true},
    {"it refuses what another node has", ASSAY_E_DENIED, false, true},
    {"it could not be asked", ASSAY_E_IO, true, false},
};

Test(kx_fac_settle, finds_what_became_of_a_submission_by_asking_and_not_by_another)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct fac_reply reply;

        reopen();
        f.shop.submit_code = words[i].code;
        f.shop.is_unsent = words[i].is_unsent;
        f.shop.takes_silently = words[i].takes;
        f.shop.accepts = false;
        reply = fac_settle(&f);
        expect_pending(&reply, words[i].name);
        fac_drop(&reply);
        f.shop.submit_code = ASSAY_OK;
        f.shop.is_unsent = false;
        f.shop.accepts = true;
        reply = fac_settle(&f);
        expect_settled(&reply, words[i].name);
        fac_drop(&reply);
        cr_expect_eq(f.shop.submissions, 1, "%s: %u", words[i].name, f.shop.submissions);
    }
}

static const struct {
    const char *name;
    enum assay_code code;
} blind[] = {
    {"no answer", ASSAY_E_TIMEOUT},  {"no connection", ASSAY_E_IO},
    {"nonsense", ASSAY_E_MALFORMED}, {"another network, or out of sync", ASSAY_E_DENIED},
    {"too busy", ASSAY_E_BUSY},
};

Test(kx_fac_settle, claims_nothing_without_a_node_and_says_that_it_is_its_own_trouble)
{
    const char *const paths[] = {"/verify", "/settle"};
    const char *const reasons[] = {"unexpected_verify_error", "unexpected_settle_error"};

    for (size_t i = 0; i < 2 * ARRAY_LEN(blind); i++) {
        const char *member = i % 2 == 0 ? "invalidReason" : "errorReason";
        struct fac_reply reply;

        f.shop.look_code = blind[i / 2].code;
        reply = fac_send(&f, paths[i % 2], SHOP_TOKEN);
        cr_expect_eq(reply.http.status, 503, "%s: %s", blind[i / 2].name, reply.http.body);
        cr_expect_eq(reply.http.retry_after_s, 1, "%s", blind[i / 2].name);
        cr_expect_str_eq(fac_text(&reply, member), reasons[i % 2], "%s", reply.http.body);
        fac_drop(&reply);
    }
    cr_expect_eq(f.shop.submissions, 0);
}

Test(kx_fac_settle, gives_up_what_another_transaction_has_spent_for_good)
{
    struct fac_reply reply;

    f.shop.accepts = false;
    reply = fac_settle(&f);
    expect_pending(&reply, "not seen");
    fac_drop(&reply);
    shop_spend_elsewhere(&f.shop, &f.world->spends[0].outpoint, f.shop.core.policy.confirmations);
    reply = fac_settle(&f);
    cr_expect_str_eq(fac_text(&reply, "errorReason"), "invalid_transaction_state", "%s",
                     reply.http.body);
    fac_drop(&reply);
    cr_expect_eq(f.shop.submissions, 1);
}

Test(kx_fac_settle, says_that_it_was_settled_when_the_answer_is_forgotten)
{
    static const struct kx_store_limits limits = KX_STORE_LIMITS_DEFAULT;
    struct fac_reply first = fac_settle(&f), again;
    struct kx_store *store = f.shop.store;

    f.shop.now_ms += limits.retention_ms + 1;
    cr_assert_eq(store->ops->sweep(store, f.shop.now_ms, NULL), ASSAY_OK);
    again = fac_settle(&f);
    expect_settled(&again, "forgotten");
    cr_expect_str_neq(first.http.body, again.http.body, "it is forgotten");
    cr_expect_str_eq(fac_text(&first, "transaction"), fac_text(&again, "transaction"));
    cr_expect_str_eq(fac_text(&first, "network"), fac_text(&again, "network"));
    cr_expect_eq(f.shop.submissions, 1);
    fac_drop(&first);
    fac_drop(&again);
    again = fac_send(&f, "/settle", SHOP_TOKEN_B);
    cr_expect_str_eq(fac_text(&again, "errorReason"), "invalid_transaction_state");
    fac_drop(&again);
}

/* ---- what the store says ---- */

static const int failing[] = {KX_ASK_IDENTIFIER, KX_ASK_SCOPE,     KX_ASK_PAYMENT, KX_ASK_ATTEMPT,
                              KX_ASK_CLAIM,      KX_ASK_BROADCAST, KX_ASK_ACCEPT,  KX_ASK_BEGIN,
                              KX_ASK_RESULT,     KX_ASK_COMMIT};

Test(kx_fac_settle, submits_once_whichever_step_the_store_fails_at)
{
    const enum assay_code codes[] = {ASSAY_E_IO, ASSAY_E_BUSY, ASSAY_E_NOMEM, ASSAY_E_MISMATCH};

    for (size_t i = 0; i < ARRAY_LEN(failing) * ARRAY_LEN(codes); i++) {
        struct fac_reply reply;

        reopen();
        f.shop.break_at = failing[i / ARRAY_LEN(codes)];
        f.shop.break_code = codes[i % ARRAY_LEN(codes)];
        reply = fac_settle(&f);
        if (fac_is_settled(&reply)) /* who came too late looks once more */
            cr_expect_eq(f.shop.break_code, ASSAY_E_MISMATCH, "%zu: %s", i, reply.http.body);
        else if (f.shop.submissions > 0)
            expect_pending(&reply, "after the submission");
        else
            cr_expect_str_eq(fac_text(&reply, "transaction"), "", "%zu: %s", i, reply.http.body);
        fac_drop(&reply);
        f.shop.break_at = -1;
        reply = fac_settle(&f);
        expect_settled(&reply, "again");
        fac_drop(&reply);
        cr_expect_eq(f.shop.submissions, 1, "%zu: %u", i, f.shop.submissions);
    }
}

/* ---- crashes and copies ---- */

static bool steps(struct shop_errand *e, int count)
{
    for (int i = 0; i < count; i++)
        if (!shop_step(e))
            return false;
    return true;
}

/* The second goes ahead. */
static void finish(struct shop_errand *first, struct shop_errand *second)
{
    bool goes_on = true;

    for (int left = SHOP_STEPS_MAX; goes_on && left > 0; left--) {
        goes_on = shop_step(second);
        goes_on = shop_step(first) || goes_on;
    }
}

/* A claim that was never submitted is resolved by an operator (section 14): nobody knows that it
 * was not. */
Test(kx_fac_settle, finishes_after_a_crash_at_any_step_what_was_submitted)
{
    int finished = 0, left = 0;

    for (int at = 0; at < STEPS; at++) {
        struct shop_errand *e;
        struct fac_reply reply;

        reopen();
        e = begin(SHOP_TOKEN);
        (void)steps(e, at);
        shop_drop(e);
        reply = fac_settle(&f);
        if (fac_is_settled(&reply)) {
            finished++;
            cr_expect_eq(f.shop.submissions, 1, "%d", at);
        } else {
            left++;
            expect_pending(&reply, "claimed");
            cr_expect_eq(f.shop.submissions, 0, "%d", at);
        }
        fac_drop(&reply);
    }
    cr_expect_eq(left, 1, "between the claim and the submission alone: %d", left);
    cr_expect_eq(finished, STEPS - 1);
}

Test(kx_fac_settle, gives_copies_that_meet_at_any_step_one_submission_and_one_answer)
{
    for (int at = 0; at < STEPS; at++) {
        struct shop_errand *first, *second;
        struct fac_reply one, other;

        reopen();
        first = begin(SHOP_TOKEN);
        second = begin(SHOP_TOKEN);
        (void)steps(first, at);
        finish(first, second);
        one = fac_end(first);
        other = fac_end(second);
        cr_expect_eq(f.shop.submissions, 1, "%d: %u", at, f.shop.submissions);
        expect_settled(&one, "first");
        expect_settled(&other, "second");
        cr_expect_str_eq(one.http.body, other.http.body, "%d", at);
        fac_drop(&one);
        fac_drop(&other);
    }
}

Test(kx_fac_settle, gives_one_of_two_tenants_that_meet_at_any_step_the_payment)
{
    for (int at = 0; at < STEPS; at++) {
        struct shop_errand *first, *second;
        struct fac_reply one, other;

        reopen();
        first = begin(SHOP_TOKEN);
        second = begin(SHOP_TOKEN_B);
        (void)steps(first, at);
        finish(first, second);
        one = fac_end(first);
        other = fac_end(second);
        cr_expect_eq(f.shop.submissions, 1, "%d", at);
        cr_expect_eq(fac_is_settled(&one) + fac_is_settled(&other), 1, "%d: %s %s", at,
                     one.http.body, other.http.body);
        fac_drop(&one);
        fac_drop(&other);
    }
}

Test(kx_fac_settle, fails_cleanly_wherever_memory_ends)
{
    bool done = false;

    for (size_t n = 0; !done && n < 4000; n++) {
        struct fac_reply reply;

        reopen();
        f.shop.allocations = n;
        reply = fac_settle(&f);
        done = f.shop.allocations > 0 && fac_is_settled(&reply);
        cr_expect_leq(f.shop.submissions, 1);
        f.shop.allocations = SIZE_MAX;
        fac_drop(&reply);
    }
    cr_expect(done);
}

/* What is being settled is verified for nobody: it can buy nothing more. */
Test(kx_fac_settle, what_is_on_its_way_is_not_valid_any_more)
{
    struct fac_reply reply;

    f.shop.accepts = false;
    reply = fac_settle(&f);
    cr_expect_not(fac_is_settled(&reply));
    fac_drop(&reply);
    reply = fac_verify(&f);
    cr_expect_not(fac_is_valid(&reply), "%s", reply.http.body);
    cr_expect_str_eq(reply.http.rule, "facilitator.once");
    fac_drop(&reply);
    f.shop.accepts = true;
    reply = fac_settle(&f);
    cr_expect(fac_is_settled(&reply), "%s", reply.http.body);
    cr_expect_eq(f.shop.submissions, 1);
    fac_drop(&reply);
}
