/* A paying client in virtual time; see kx_play.h. */
#include "ref/tests/kx_play.h"

#include "base/base64.h"
#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "ref/tests/scarce.h"

#include <stdlib.h>

#define URL "https://api.example.test/file"
#define STEPS_MAX 200

static struct assay_bytes text_of(struct kx_play *p, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct assay_bytes copy = assay_arena_copy(&p->arena, assay_str(text));

    free(text);
    cr_assert_not_null(copy.at);
    return copy;
}

static struct assay_bytes header_of(struct kx_play *p, const json_t *value)
{
    struct assay_buf out = ASSAY_BUF_INIT((size_t)4 << 20);
    struct assay_bytes copy;

    assay_base64_encode(&out, ASSAY_BASE64_STD, text_of(p, value));
    copy = assay_arena_copy(&p->arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    cr_assert_not_null(copy.at);
    return copy;
}

struct kx_play *kx_play_new(enum kx_profile profile)
{
    struct kx_play *p = calloc(1, sizeof(*p));

    cr_assert_not_null(p);
    p->arena.max = (size_t)64 << 20;
    p->allocations = SIZE_MAX;
    p->w = kx_world_new(profile);
    p->now_ms = KX_WORLD_NOW_MS;
    p->policy = (struct kx_policy){
        .origins = {.at = {ASSAY_LIT("https://api.example.test/")}, .count = 1},
        .pay_to = {.count = 1},
        .amount_max = KX_WORLD_AMOUNT,
        .fee_max = KX_FEE_MAX_DEFAULT,
        .source = ASSAY_LIT("hot-wallet"),
        .networks = {[KASPA_TESTNET] = true},
        .profiles = {[KX_STANDARD_NATIVE] = true, [KX_ADDITIVE] = true},
        .confirmations = 30,
        .authorization_ms = 30000,
        .request_timeout_ms = 1000,
        .wallet_timeout_ms = 1000,
        .retry_after_max_ms = 5000,
    };
    p->policy.pay_to.at[0] =
        assay_str(json_string_value(json_object_get(kx_world_terms(p->w), "payTo")));
    p->job = (struct kx_client_job){
        .method = ASSAY_LIT("GET"),
        .url = ASSAY_LIT(URL),
        .body = ASSAY_LIT(""),
        .identifier = ASSAY_LIT(KX_WORLD_ID),
        .retries = 2,
        .has_node = true,
        .wait_ms = 1000,
        .poll_ms = 400,
    };
    p->answers[0] = (struct kx_play_answer){.status = 402};
    p->answers[1] = (struct kx_play_answer){.status = 200, .receipt = "paid"};
    p->sights[0] = (struct kx_play_sight){.status = KX_CHAIN_UNKNOWN};
    p->sights[1] = (struct kx_play_sight){.status = KX_CHAIN_ACCEPTED, .confirmations = 1};
    return p;
}

void kx_play_free(struct kx_play *p)
{
    for (size_t i = 0; i < KX_PLAY_MANY; i++)
        json_decref(p->answers[i].challenge);
    kx_client_free(p->client);
    kx_world_free(p->w);
    assay_arena_fini(&p->arena);
    free(p);
}

/* ---- memory: what stands between these two is what may fail for want of it ---- */

static struct kx_client *entered(const struct kx_play *p)
{
    scarce_enter(p->allocations);
    return p->client;
}

static struct kx_client_action left(struct kx_play *p, struct kx_client_action next)
{
    scarce_leave(&p->allocations);
    return next;
}

/* ---- the server ---- */

static json_t *receipt_of(struct kx_play *p, const char *what)
{
    const char *transaction = p->has_file ? (const char *)p->w->verdict.transaction_id : "";

    if (strcmp(what, "failed") == 0)
        return json_pack("{s:b, s:s, s:s, s:s}", "success", 0, "transaction", "", "network",
                         KX_NETWORK_TESTNET, "errorReason", "invalid_transaction_state");
    return json_pack("{s:b, s:s, s:s, s:s}", "success", 1, "transaction", transaction, "network",
                     KX_NETWORK_TESTNET, "amount", strcmp(what, "other") == 0 ? "1" : "20000000");
}

static void fill_receipt(struct kx_play *p, struct kx_client_reply *reply, const char *what)
{
    json_t *receipt;

    if (what == NULL)
        return;
    reply->response = (struct kx_client_field){1, ASSAY_LIT("nonsense")};
    if (strcmp(what, "nonsense") == 0)
        return;
    receipt = receipt_of(p, what);
    reply->response.value = header_of(p, receipt);
    json_decref(receipt);
}

static const struct kx_play_answer *next_answer(struct kx_play *p)
{
    size_t i = p->answered++;

    while (i > 0 && (i >= KX_PLAY_MANY || p->answers[i].status == 0) &&
           p->answers[i].retry_after == NULL)
        i--;
    return &p->answers[i];
}

static void note_fetch(struct kx_play *p, const struct kx_client_action *action)
{
    kx_note_wait(p->trace, &p->now_ms, action->wait_ms);
    kx_note(p->trace, "%s%s", assay_bytes_is(action->url, URL) ? "get" : "elsewhere",
            action->payment.len > 0 ? "+pay" : "");
    if (action->payment.len == 0)
        return;
    if (p->header.len == 0)
        p->header = assay_arena_copy(&p->arena, action->payment);
    p->is_header_changed = p->is_header_changed || !assay_bytes_equal(p->header, action->payment);
}

static struct kx_client_action fetch(struct kx_play *p, const struct kx_client_action *action)
{
    const struct kx_play_answer *answer = next_answer(p);
    struct kx_client_reply reply = {.status = answer->status,
                                    .body = ASSAY_LIT("goods"),
                                    .content_type = ASSAY_LIT("text/plain")};

    note_fetch(p, action);
    if (answer->status == 0 || answer->status == -1)
        return left(p, kx_client_fetched(entered(p), ASSAY_E_TIMEOUT, &reply, NULL, p->now_ms));
    if (answer->status == 402)
        reply.required = (struct kx_client_field){
            answer->challenges > 0 ? answer->challenges : 1,
            header_of(p, answer->challenge != NULL ? answer->challenge : p->w->required)};
    fill_receipt(p, &reply, answer->receipt);
    if (answer->retry_after != NULL)
        reply.retry_after = (struct kx_client_field){1, assay_str(answer->retry_after)};
    if (answer->location != NULL)
        reply.location = (struct kx_client_field){1, assay_str(answer->location)};
    return left(p, kx_client_fetched(entered(p), ASSAY_OK, &reply, NULL, p->now_ms));
}

/* ---- the wallet ---- */

static json_t *make_result(struct kx_play *p)
{
    struct kx_world *w = p->w;
    json_t *outpoints = json_array(), *payload;

    if (w->payment == NULL)
        kx_world_run(w, &(struct kx_change){0});
    payload = kx_world_payload(w);
    for (size_t i = 0; i < w->tx.input_count; i++)
        (void)json_array_append_new(
            outpoints, json_pack("{s:o, s:i}", "txid",
                                 kx_world_hex(assay_bytes_of(w->tx.inputs[i].previous.txid.at, 32)),
                                 "index", (int)w->tx.inputs[i].previous.index));
    return json_pack("{s:O, s:s, s:s, s:i, s:O, s:s, s:o}", "transaction",
                     json_object_get(payload, "transaction"), "transactionEncoding", KX_ENCODING,
                     "transactionId", w->verdict.transaction_id, "paymentOutputIndex",
                     (int)w->output_index, "authorization",
                     json_object_get(payload, "authorization"), "fundingSource", "hot-wallet",
                     "inputOutpoints", outpoints);
}

static struct kx_client_action signs(struct kx_play *p)
{
    json_t *result = make_result(p), *answer;
    struct assay_bytes text;

    cr_assert_not_null(result);
    if (p->spoil != NULL)
        p->spoil(result);
    answer = json_pack("{s:o}", "result", result);
    text = text_of(p, answer);
    json_decref(answer);
    return left(p, kx_client_called(entered(p), p->wallet_code, text, NULL, p->now_ms));
}

static struct kx_client_action say(struct kx_play *p, const char *json)
{
    char *text = assay_arena_printf(&p->arena, "{\"result\":%s}", json);

    return left(p, kx_client_called(entered(p), ASSAY_OK, assay_str(text), NULL, p->now_ms));
}

static struct kx_client_action call(struct kx_play *p, const struct kx_client_action *action)
{
    size_t i = p->asked_kind;

    if (strcmp(action->call, "sourceKind") == 0) {
        kx_note(p->trace, "kind");
        while (i > 0 && p->kinds[i] == NULL)
            i--;
        p->asked_kind++;
        return say(p, p->kinds[i] != NULL ? p->kinds[i] : "\"hot-wallet\"");
    }
    if (strcmp(action->call, "networkId") == 0) {
        kx_note(p->trace, "network");
        return say(p, p->network != NULL ? p->network : "\"kaspa:testnet-10\"");
    }
    if (strcmp(action->call, "payExactTransaction") == 0) {
        kx_note(p->trace, "sign");
        p->intent = assay_arena_copy(&p->arena, action->body);
        return signs(p);
    }
    kx_note(p->trace, "release:%s",
            strstr((const char *)action->body.at, "absent") != NULL ? "absent" : "accepted");
    return say(p, "null");
}

/* ---- the folder and the node ---- */

static struct kx_client_action save(struct kx_play *p, const struct kx_client_action *action)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_ATTEMPT_MAX_BYTES);

    kx_note(p->trace, "save:%s%s", kx_client_state_name(action->attempt->state),
            action->attempt->is_delivered ? "+delivered" : "");
    if (++p->saved == p->fails_save)
        return left(p, kx_client_saved(entered(p), ASSAY_E_IO, NULL, p->now_ms));
    kx_client_attempt_write(&text, action->attempt);
    p->file = assay_arena_copy(&p->arena, assay_buf_view(&text));
    p->has_file = true;
    assay_buf_fini(&text);
    return left(p, kx_client_saved(entered(p), ASSAY_OK, NULL, p->now_ms));
}

static struct kx_client_action look(struct kx_play *p, const struct kx_client_action *action)
{
    size_t i = p->looked++;
    struct kx_sight sight = {.utxos = p->w->coins, .is_missing = p->w->is_missing};

    while (i > 0 && (i >= KX_PLAY_MANY ||
                     (p->sights[i].status == KX_CHAIN_UNKNOWN && p->sights[i].code == ASSAY_OK &&
                      p->sights[i].confirmations == 0)))
        i--;
    kx_note_wait(p->trace, &p->now_ms, action->wait_ms);
    kx_note(p->trace, action->look->has_tx ? "look" : "coins");
    cr_expect_eq(action->network, KASPA_TESTNET);
    for (size_t k = 0; k < ARRAY_LEN(p->w->is_missing); k++)
        p->w->is_missing[k] = p->sights[i].is_missing;
    sight.pov = p->w->pov;
    sight.evidence = p->w->evidence;
    sight.evidence.status = p->sights[i].status;
    sight.evidence.has_confirmations = p->sights[i].confirmations > 0;
    sight.evidence.confirmations = p->sights[i].confirmations;
    return left(p, kx_client_looked(entered(p), p->sights[i].code, &sight, NULL, p->now_ms));
}

/* ---- a run ---- */

static void finish(struct kx_play *p, const struct kx_client_action *action)
{
    p->outcome = action->outcome;
    p->attempt = action->attempt;
    kx_note_end(p->trace, &action->outcome);
}

static struct kx_client_action carry_out(struct kx_play *p, const struct kx_client_action *action)
{
    switch (action->kind) {
    case KX_CLIENT_DO_FETCH:
        return fetch(p, action);
    case KX_CLIENT_DO_WALLET:
        return call(p, action);
    case KX_CLIENT_DO_SAVE:
        return save(p, action);
    case KX_CLIENT_DO_LOOK:
        return look(p, action);
    case KX_CLIENT_DO_HAND_ON:
        return left(p, kx_client_handed_on(entered(p), true));
    case KX_CLIENT_DO_FIND:
    case KX_CLIENT_DO_SUBMIT:
        cr_assert_fail("no channel is meant");
        break;
    case KX_CLIENT_DO_FINISH:
        break;
    }
    finish(p, action);
    return *action;
}

void kx_play_run(struct kx_play *p)
{
    struct kx_client_attempt known;
    struct kx_client_action action;
    struct assay_err err = {0};
    const char *key;

    kx_client_free(p->client);
    p->client = kx_client_new(&p->policy);
    cr_assert_not_null(p->client);
    cr_assert_eq(kx_client_prepare(p->client, &p->job, &key, &err), ASSAY_OK, "%s", err.text);
    if (p->has_file)
        cr_assert_eq(kx_client_attempt_read(&known, &p->arena, p->file, &err), ASSAY_OK, "%s",
                     err.text);
    action = left(p, kx_client_start(entered(p), p->has_file ? &known : NULL, p->now_ms));
    for (p->done = 0; p->done < STEPS_MAX; p->done++) {
        bool is_end = action.kind == KX_CLIENT_DO_FINISH;

        if (p->dies_at > 0 && p->done + 1 == p->dies_at) {
            kx_note(p->trace, "dies");
            return;
        }
        action = carry_out(p, &action);
        if (is_end)
            return;
    }
    cr_assert_fail("it never ends: %s", p->trace);
}

void kx_play_restart(struct kx_play *p)
{
    p->dies_at = p->fails_save = 0;
    p->asked_kind = 0;
    p->trace[0] = '\0';
    kx_play_run(p);
}
