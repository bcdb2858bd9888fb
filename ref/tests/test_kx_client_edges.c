/* A paying client at the edges of its contract: nodes that tell what is not so, or not all of it,
 * files that were changed or are gone, wallets that sign other things, answers that are no answers
 * (ref/client/kx_client.h). Source: Kaspa x402 client digest, F1, F5, F7 and F10. */
#include "ref/tests/kx_channel_play.h"
#include "ref/tests/kx_play.h"

#include <stdlib.h>

TestSuite(kx_client_edges, .timeout = 240);

#define LATER UINT64_C(10000000) /* past every timeout */

static void expect(const struct kx_channel_play *p, enum kx_client_end end, const char *why,
                   const char *row)
{
    cr_expect_eq(p->outcome.end, end, "row: %s: %s: %s", row, p->trace, p->outcome.why);
    cr_expect_not_null(strstr(p->outcome.why, why), "row: %s: %s: %s", row, p->trace,
                       p->outcome.why);
}

/* ---- what a node tells of the head ---- */

static void other_amount(struct kx_sight *sight)
{
    sight->utxos[0].amount++;
}

static void other_script(struct kx_sight *sight)
{
    sight->utxos[0].spk.version ^= 1;
}

static void no_covenant(struct kx_sight *sight)
{
    sight->utxos[0].has_covenant = false;
}

static void other_covenant(struct kx_sight *sight)
{
    sight->utxos[0].covenant_id.at[0] ^= 1;
}

static void unknown_spender(struct kx_sight *sight)
{
    sight->evidence.status = KX_CHAIN_UNKNOWN;
}

static void no_depth(struct kx_sight *sight)
{
    sight->evidence.has_confirmations = false;
}

static void no_body(struct kx_sight *sight)
{
    sight->has_body = false;
}

/* F7: nothing is signed upon a head that the payer's own node does not show, whole. */
Test(kx_client_edges, a_head_is_what_the_node_shows_or_nothing)
{
    static const struct {
        const char *name;
        void (*lie)(struct kx_sight *sight);
        bool is_claimed;
        const char *why;
    } rows[] = {
        {"another amount", other_amount, false, "another coin"},
        {"another script", other_script, false, "another coin"},
        {"no covenant", no_covenant, false, "another coin"},
        {"another covenant", other_covenant, false, "another coin"},
        {"who has spent it is not accepted", unknown_spender, true, "run the same again later"},
        {"how deep that is, is not told", no_depth, true, "run the same again later"},
        {"what has spent it is not told", no_body, true, "run the same again later"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();
        size_t vouchers;

        kx_channel_play_open(p);
        if (rows[i].is_claimed)
            (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
        p->shop.lie = rows[i].lie;
        vouchers = p->vouchers;
        kx_channel_play_run(p);
        expect(p, KX_CLIENT_REFUSED, rows[i].why, rows[i].name);
        cr_expect_eq(p->vouchers, vouchers, "row: %s", rows[i].name);
        p->shop.lie = NULL;
        kx_channel_play_run(p);
        expect(p, KX_CLIENT_SERVED, "", rows[i].name);
        kx_channel_play_free(p);
    }
}

static void other_transaction(struct kx_sight *sight)
{
    sight->evidence.transaction_id.at[0] ^= 1;
}

/* F10: a channel is open once its own transaction is there, and as deep as the policy asks. */
Test(kx_client_edges, a_genesis_is_awaited_until_the_node_shows_it_deep)
{
    void (*const lies[])(struct kx_sight *) = {unknown_spender, no_depth, other_transaction};

    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->shop.lie = lies[i];
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_UNRESOLVED, "%zu: %s", i, p->trace);
        cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_OPENING, "%zu", i);
        cr_expect_eq(p->vouchers, 0, "%zu", i);
        p->shop.lie = NULL;
        kx_channel_play_run(p);
        expect(p, KX_CLIENT_SERVED, "", "then");
        cr_expect_eq(p->submissions, 1, "%zu", i);
        kx_channel_play_free(p);
    }
}

/* ---- what a wallet signs ---- */

/* Changes the transaction that the wallet has signed for a channel. */
static void change_move(json_t *said, void (*change)(json_t *tx))
{
    json_t *result = json_object_get(said, "result");
    json_t *tx = json_loads(json_string_value(json_object_get(result, "transaction")), 0, NULL);
    char *text;

    cr_assert_not_null(tx);
    change(tx);
    text = json_dumps(tx, JSON_COMPACT);
    (void)json_object_set_new(result, "transaction", json_string(text));
    free(text);
    json_decref(tx);
}

static void drop_outputs(json_t *tx)
{
    cr_assert_eq(json_array_clear(json_object_get(tx, "outputs")), 0);
}

static void drop_covenant(json_t *tx)
{
    json_t *output = json_array_get(json_object_get(tx, "outputs"), 0);

    cr_assert_eq(json_object_del(output, "covenant"), 0);
}

static void drop_coins(json_t *tx)
{
    cr_assert_eq(json_object_del(json_array_get(json_object_get(tx, "inputs"), 0), "utxo"), 0);
}

static void (*changed)(json_t *tx);

static void spoil_genesis(const char *call, json_t *said)
{
    if (strcmp(call, "prepareEscrowDeposit") == 0)
        change_move(said, changed);
}

/* F1, F5: what the wallet has signed is verified before it is kept or leaves. */
Test(kx_client_edges, a_genesis_that_makes_no_head_does_not_leave)
{
    void (*const changes[])(json_t * tx) = {drop_outputs, drop_covenant, drop_coins};

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        changed = changes[i];
        p->spoil = spoil_genesis;
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_REFUSED, "%zu: %s", i, p->trace);
        cr_expect_not_null(strstr(p->outcome.why, "transaction of the channel"), "%zu: %s", i,
                           p->outcome.why);
        cr_expect_eq(p->submissions, 0, "%zu", i);
        cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_INTENDED, "%zu", i);
        kx_channel_play_free(p);
    }
}

/* ---- files that were changed, or are gone ---- */

/* A file with a member set to a JSON value. */
static struct assay_bytes edited(struct assay_arena *arena, struct assay_bytes file,
                                 const char *member, const char *value)
{
    json_t *root = json_loadb((const char *)file.at, file.len, 0, NULL);
    struct assay_bytes copy;
    char *text;

    cr_assert_not_null(json_object_get(root, member), "%s", member);
    (void)json_object_set_new(root, member, json_loads(value, JSON_DECODE_ANY, NULL));
    text = json_dumps(root, JSON_COMPACT);
    copy = assay_arena_copy(arena, assay_str(text));
    cr_assert_not_null(copy.at);
    free(text);
    json_decref(root);
    return copy;
}

/* A channel that is open, and a payment on it that is signed and not sent. */
static struct kx_channel_play *play_signed(void)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->dies_at = 11;
    kx_channel_play_run(p);
    cr_assert_not_null(strstr(p->trace, "save:open:signed dies"), "%s", p->trace);
    return p;
}

static void lose_channel(struct kx_channel_play *p)
{
    p->channel = ASSAY_LIT("");
}

static void pend_another(struct kx_channel_play *p)
{
    p->channel = edited(&p->arena, p->channel, "pending", "\"another-identifier\"");
}

static void move_channel(struct kx_channel_play *p)
{
    p->channel = edited(&p->arena, p->channel, "state", "\"refunding\"");
}

static void last(struct kx_channel_play *p, const char *member, const char *value)
{
    struct assay_bytes *file = &p->attempts[p->attempt_count - 1];

    *file = edited(&p->arena, *file, member, value);
}

/* F5: what was signed is sent as it was signed, and paid once, whatever became of the channel's
 * file; a receipt counts for a channel on which the payment is pending, and no other. */
Test(kx_client_edges, a_signed_payment_is_sent_whatever_became_of_its_channel)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_channel_play *p);
        uint64_t total; /* that the channel counts then, in prices; UINT64_MAX: there is none */
    } rows[] = {
        {"as it was", NULL, 2},
        {"its file is gone", lose_channel, UINT64_MAX},
        {"another payment is pending", pend_another, 1},
        {"it is being refunded", move_channel, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int is_late = 0; is_late < 2; is_late++) {
            struct kx_channel_play *p = play_signed();
            size_t vouchers = p->vouchers;

            if (rows[i].change != NULL)
                rows[i].change(p);
            if (is_late && rows[i].change == NULL) {
                kx_channel_play_free(p);
                continue;
            }
            p->late = (size_t)is_late;
            kx_channel_play_run(p);
            cr_expect_eq(p->vouchers, vouchers, "row: %s: nothing is signed anew: %s", rows[i].name,
                         p->trace);
            cr_expect_eq(p->outcome.end, is_late ? KX_CLIENT_UNRESOLVED : KX_CLIENT_SERVED,
                         "row: %s: %s: %s", rows[i].name, p->trace, p->outcome.why);
            if (rows[i].total < UINT64_MAX && !is_late)
                cr_expect_eq(kx_channel_play_channel(p).total, rows[i].total * SHOP_BATCH_PRICE,
                             "row: %s", rows[i].name);
            cr_expect_eq(p->shop.shop.runs, is_late ? 1 : 2, "row: %s", rows[i].name);
            kx_channel_play_free(p);
        }
    }
}

/* What contradicts itself is not sent. */
Test(kx_client_edges, a_signed_payment_that_was_changed_is_not_sent)
{
    static const struct {
        const char *member, *value, *why;
    } rows[] = {
        {"before", "\"99900000000\"", "contradicts its attempt"},
        {"offer", "99", "cannot be read"},
        {"header", "\"bm9uZQ==\"", ""},
        {"challenge", "\"bm9uZQ==\"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = play_signed();
        size_t paid = p->paid;

        last(p, rows[i].member, rows[i].value);
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_UNRESOLVED, "row: %s: %s", rows[i].member, p->trace);
        cr_expect_not_null(strstr(p->outcome.why, rows[i].why), "row: %s: %s", rows[i].member,
                           p->outcome.why);
        cr_expect_gt(strlen(p->outcome.why), 5, "row: %s", rows[i].member);
        cr_expect_eq(p->paid, paid, "row: %s: %s", rows[i].member, p->trace);
        kx_channel_play_free(p);
    }
}

/* The time of a refused payment that cannot be read is not held to be over. */
Test(kx_client_edges, a_refused_payment_without_a_time_is_not_over)
{
    struct kx_channel_play *p = play_signed();

    last(p, "expiresAt", "\"never\"");
    p->channel = edited(&p->arena, p->channel, "pending", "\"another-identifier\"");
    p->late = 1;
    kx_channel_play_run(p);
    expect(p, KX_CLIENT_UNRESOLVED, "nothing more is signed", "never");
    kx_channel_play_free(p);
}

Test(kx_client_edges, a_folder_that_fails_stops_everything)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->find_code = ASSAY_E_IO;
    kx_channel_play_run(p);
    expect(p, KX_CLIENT_REFUSED, "the channel cannot be found", "io");
    cr_expect_eq(p->vouchers + p->submissions, 0);
    kx_channel_play_free(p);
}

/* An answer that the buyer was not given is asked for again, and is not paid again. */
Test(kx_client_edges, an_answer_that_was_not_taken_is_asked_for_again)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->is_not_taken = true;
    kx_channel_play_run(p);
    expect(p, KX_CLIENT_UNRESOLVED, "cannot be handed on", "not taken");
    p->is_not_taken = false;
    kx_channel_play_run(p);
    expect(p, KX_CLIENT_SERVED, "", "taken");
    cr_expect_eq(p->vouchers, 2);
    cr_expect_eq(p->shop.shop.runs, 2);
    kx_channel_play_free(p);
}

/* ---- refunds of what cannot be refunded ---- */

static void other_network(struct kx_client_channel *c)
{
    c->config.network = ASSAY_LIT("kaspa:elsewhere");
}

static void other_payee(struct kx_client_channel *c)
{
    c->config.pay_to = ASSAY_LIT("nobody");
}

Test(kx_client_edges, a_channel_that_nobody_knows_is_not_refunded)
{
    static const struct {
        void (*change)(struct kx_client_channel *c);
        const char *why;
    } rows[] = {{other_network, "no network that is known"}, {other_payee, "the channel: "}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();
        struct kx_client_channel channel;
        struct kx_client_action action;

        kx_channel_play_open(p);
        channel = kx_channel_play_channel(p);
        rows[i].change(&channel);
        kx_client_free(p->client);
        p->client = kx_client_new(&p->policy);
        cr_assert_not_null(p->client);
        action = kx_client_start_refund(p->client, &p->job, &channel, p->shop.shop.now_ms);
        cr_assert_eq(action.kind, KX_CLIENT_DO_FINISH);
        cr_expect_eq(action.outcome.end, KX_CLIENT_REFUSED);
        cr_expect_not_null(strstr(action.outcome.why, rows[i].why), "%s", action.outcome.why);
        kx_channel_play_free(p);
    }
}

/* A top-up that cannot be read any more is not given up for a refund, nor followed. */
Test(kx_client_edges, a_top_up_that_was_changed_stops_the_refund)
{
    for (int is_there = 0; is_there < 2; is_there++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->policy.batch.deposit = 0;
        kx_channel_play_open(p);
        for (int i = 0; i < 2; i++)
            kx_channel_play_run(p);
        cr_assert_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_TOPPING_UP, "%s", p->trace);
        if (is_there > 0)
            (void)kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT);
        p->channel = edited(&p->arena, p->channel, "move", "\"{}\"");
        p->shop.daa += LATER;
        kx_channel_play_refund(p);
        expect(p, KX_CLIENT_UNRESOLVED, "cannot be read", is_there ? "there" : "not there");
        cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_TOPPING_UP);
        kx_channel_play_free(p);
    }
}

/* ---- answers of the server ---- */

static void say_503(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (p->is_paying)
        reply->status = 503;
}

static void say_it_twice(struct kx_channel_play *p, struct shop_reply *reply)
{
    for (size_t i = 0; p->is_paying && i < reply->header_count; i++) {
        if (assay_bytes_equal_nocase(reply->headers[i].name,
                                     assay_str(KX_CLIENT_HEADER_RESPONSE))) {
            reply->headers[reply->header_count++] = reply->headers[i];
            return;
        }
    }
}

static void say_no_json(struct kx_channel_play *p, struct shop_reply *reply)
{
    for (size_t i = 0; p->is_paying && i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_RESPONSE)))
            reply->headers[i].value = ASSAY_LIT("e30gewo=");
}

/* Only what is said to be paid for, once and in full, is an answer to a payment; then it is one
 * with any status. */
Test(kx_client_edges, a_receipt_decides_what_an_answer_is)
{
    static const struct {
        const char *name;
        void (*bend)(struct kx_channel_play *p, struct shop_reply *reply);
        enum kx_client_end end;
        enum kx_client_word word;
    } rows[] = {
        {"a failure that was paid for", say_503, KX_CLIENT_SERVED, KX_CLIENT_SAID_PAID},
        {"two receipts", say_it_twice, KX_CLIENT_UNRESOLVED, KX_CLIENT_SAID_NONSENSE},
        {"none in JSON", say_no_json, KX_CLIENT_UNRESOLVED, KX_CLIENT_SAID_NONSENSE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        kx_channel_play_open(p);
        p->bend = rows[i].bend;
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, rows[i].end, "row: %s: %s", rows[i].name, p->trace);
        cr_expect_eq(p->outcome.word, rows[i].word, "row: %s", rows[i].name);
        cr_expect_eq(kx_channel_play_channel(p).total,
                     rows[i].word == KX_CLIENT_SAID_PAID ? 2 * SHOP_BATCH_PRICE : SHOP_BATCH_PRICE,
                     "row: %s", rows[i].name);
        kx_channel_play_free(p);
    }
}

/* What may be there next time is asked for again, as often as the job allows; of all else the
 * payer is told why, in the caller's words or in those of the code. */
Test(kx_client_edges, a_request_without_an_answer_is_sent_again_or_ends)
{
    static const struct {
        enum assay_code code;
        const char *says; /* of the caller; NULL: nothing */
        bool is_again;
    } rows[] = {
        {ASSAY_E_TIMEOUT, "late", true},    {ASSAY_E_CLOSED, "shut", true},
        {ASSAY_E_IO, NULL, true},           {ASSAY_E_DENIED, "not this one", false},
        {ASSAY_E_TOO_LARGE, "much", false}, {ASSAY_E_NOMEM, NULL, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int is_null = 0; is_null < 2; is_null++) {
            struct kx_channel_play *p = kx_channel_play_new();
            const struct kx_client_reply none = {.body = ASSAY_LIT("")};
            struct assay_err err = {0};
            struct kx_client_action action;
            const char *key;

            if (rows[i].says != NULL)
                (void)assay_fail(&err, rows[i].code, 0, "%s", rows[i].says);
            p->client = kx_client_new(&p->policy);
            p->job.retries = 1;
            cr_assert_eq(kx_client_prepare(p->client, &p->job, &key, NULL), ASSAY_OK);
            action = kx_client_start(p->client, NULL, p->shop.shop.now_ms);
            cr_assert_eq(action.kind, KX_CLIENT_DO_FETCH);
            action = kx_client_fetched(p->client, rows[i].code, &none, is_null ? NULL : &err,
                                       p->shop.shop.now_ms);
            if (rows[i].is_again) {
                cr_expect_eq(action.kind, KX_CLIENT_DO_FETCH, "row %zu", i);
                cr_expect_gt(action.wait_ms, 0, "row %zu", i);
                action = kx_client_fetched(p->client, rows[i].code, &none, is_null ? NULL : &err,
                                           p->shop.shop.now_ms);
            }
            cr_expect_eq(action.kind, KX_CLIENT_DO_FINISH, "row %zu", i);
            cr_expect_eq(action.outcome.end, KX_CLIENT_REFUSED, "row %zu", i);
            cr_expect_not_null(strstr(action.outcome.why, rows[i].says != NULL && !is_null
                                                              ? rows[i].says
                                                              : assay_code_text(rows[i].code)),
                               "row %zu: %s", i, action.outcome.why);
            kx_channel_play_free(p);
        }
    }
}

/* ---- an exact payment that was intended ---- */

/* Killed when it was intended, and not signed. */
static struct kx_play *play_intended(const char *identifier)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->job.identifier = assay_str(identifier);
    p->dies_at = 6;
    kx_play_run(p);
    cr_assert(p->has_file, "%s", p->trace);
    p->dies_at = 0;
    return p;
}

static void never_ends(struct kx_play *p)
{
    p->file = edited(&p->arena, p->file, "expiresAt", "\"never\"");
}

static void is_over(struct kx_play *p)
{
    p->now_ms += 100000;
}

static void is_dear(struct kx_play *p)
{
    p->policy.amount_max = 1;
}

static void is_abandoned(struct kx_play *p)
{
    p->file = edited(&p->arena, p->file, "state", "\"abandoned\"");
}

static void is_of_no_offer(struct kx_play *p)
{
    p->file = edited(&p->arena, p->file, "offer", "99");
}

/* F5: an identifier is for one payment; what was intended is signed as it was, or never. */
Test(kx_client_edges, an_intention_is_carried_out_or_is_over)
{
    static const struct {
        const char *name;
        void (*change)(struct kx_play *p);
        const char *why;
    } rows[] = {
        {"its time cannot be read", never_ends, "give another"},
        {"its time is over", is_over, "give another"},
        {"it is above the policy's amount now", is_dear, ""},
        {"it was given up", is_abandoned, "give another"},
        {"its offer is none", is_of_no_offer, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = play_intended(KX_WORLD_ID);

        rows[i].change(p);
        kx_play_restart(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_REFUSED, "row: %s: %s", rows[i].name, p->trace);
        cr_expect_not_null(strstr(p->outcome.why, rows[i].why), "row: %s: %s", rows[i].name,
                           p->outcome.why);
        cr_expect_gt(strlen(p->outcome.why), 5, "row: %s", rows[i].name);
        cr_expect_null(strstr(p->trace, "+pay"), "row: %s: %s", rows[i].name, p->trace);
        kx_play_free(p);
    }
}

/* ---- challenges ---- */

/* F5: an identifier is the payer's to make; without the extension he could not tell his attempts
 * apart, and one that cannot be read is none. */
Test(kx_client_edges, a_challenge_advertises_identifiers_and_brings_none)
{
    static const struct {
        const char *path, *value, *why;
    } rows[] = {
        {"extensions.payment-identifier.info.id", "\"an-identifier-of-theirs\"",
         "that is the payer's to make"},
        {"extensions.payment-identifier.info", "1", "the challenge"},
        {"extensions.payment-identifier", NULL, "advertises no payment-identifier"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->answers[0].challenge = json_deep_copy(p->w->required);
        kx_world_edit(p->answers[0].challenge, rows[i].path, rows[i].value);
        kx_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_REFUSED, "row: %s: %s", rows[i].path, p->trace);
        cr_expect_not_null(strstr(p->outcome.why, rows[i].why), "row: %s: %s", rows[i].path,
                           p->outcome.why);
        cr_expect_not(p->has_file, "row: %s", rows[i].path);
        kx_play_free(p);
    }
}
