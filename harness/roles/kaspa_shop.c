/* The role `shop`: what it does with requests and payments, its log, and its owner's side; see
 * kaspa_shop.h. */
#include "roles/kaspa_shop_internal.h"

#include "base/base64.h"
#include "base/hex.h"
#include "http/sock.h"

#include <errno.h>
#include <stdio.h>

enum { BODY_KEEP_BYTES = 64 << 10, LOOK_MS = 10 };

/* ---- replies ---- */

void shop_reply_fini(struct shop_reply *reply)
{
    assay_buf_fini(&reply->body);
    for (size_t i = 0; i < reply->field_count; i++)
        assay_buf_fini(&reply->fields[i].value);
}

struct assay_buf *shop_reply_add(struct shop_reply *reply, const char *name)
{
    struct shop_field *field = &reply->fields[reply->field_count++];

    *field = (struct shop_field){name, ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES)};
    return &field->value;
}

void kaspa_shop_goods(struct assay_buf *out, const char *target)
{
    assay_buf_printf(out, "the goods of %s\n", target);
}

/* ---- one request ---- */

/* A request while it is answered. The lock is held. */
struct turn {
    struct kaspa_shop *shop;
    const struct shop_request *request;
    struct kaspa_shop_answer answer;
    struct shop_payment payment;
    struct shop_reply *reply;
};

static struct kaspa_shop_answer take_answer(struct kaspa_shop *shop, bool is_paid)
{
    const struct kaspa_shop_answer *of = is_paid ? shop->how.paid : shop->how.unpaid;
    size_t count = is_paid ? shop->how.paid_count : shop->how.unpaid_count;
    size_t number = is_paid ? shop->paid++ : shop->unpaid++;
    size_t i = 0;

    for (; i + 1 < count && number >= of[i].times + (of[i].times == 0); i++)
        number -= of[i].times + (of[i].times == 0);
    return count > 0 ? of[i] : (struct kaspa_shop_answer){.status = 0};
}

static bool is_on_chain(struct kaspa_shop *shop, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx found = {.state = KASPA_TX_UNKNOWN};

    return kaspa_chain_tx(shop->chain, &found, id) && found.state == KASPA_TX_ACCEPTED;
}

/* One block is enough for the finality that it offers. */
static bool submit(struct turn *t)
{
    struct kaspa_shop *shop = t->shop;
    enum kaspa_submission result;
    struct kaspa_hash id;
    bool is_paid = true;

    kaspa_chain_lock_take(shop->chain_lock);
    result = kaspa_chain_submit(shop->chain, &t->payment.verdict.tx, &id, NULL, NULL);
    if (t->answer.payment == KASPA_SHOP_TAKES)
        is_paid =
            (result == KASPA_SUBMITTED || result == KASPA_KNOWN) &&
            (is_on_chain(shop, &id) ||
             kaspa_chain_mine(shop->chain, &(struct kaspa_mining){.blocks = 1}) == ASSAY_OK) &&
            is_on_chain(shop, &id);
    kaspa_chain_lock_give(shop->chain_lock);
    if (!is_paid)
        (void)!snprintf(t->payment.fault, sizeof(t->payment.fault),
                        "the chain does not take its transaction");
    return is_paid;
}

/* Whether the goods are due. */
static bool settle(struct turn *t)
{
    if (t->answer.payment == KASPA_SHOP_LEAVES)
        return true;
    if (t->payment.batch != NULL)
        return t->payment.is_good && shop_charge(t->shop, &t->payment);
    return t->payment.is_good && submit(t);
}

static bool gives_field(const struct turn *t, const char *name)
{
    for (size_t i = 0; i < KASPA_SHOP_FIELDS_MAX && t->answer.fields[i].name != NULL; i++)
        if (strcmp(t->answer.fields[i].name, name) == 0)
            return true;
    return false;
}

static void add_fields(struct turn *t, bool is_served)
{
    enum kaspa_shop_receipt receipt = t->answer.receipt;

    for (size_t i = 0; i < KASPA_SHOP_FIELDS_MAX && t->answer.fields[i].name != NULL; i++)
        assay_buf_add_str(shop_reply_add(t->reply, t->answer.fields[i].name),
                          t->answer.fields[i].value);
    if (receipt == KASPA_SHOP_RECEIPT_USUAL && is_served)
        receipt = KASPA_SHOP_RECEIPT_TRUE;
    if (receipt != KASPA_SHOP_RECEIPT_USUAL && receipt != KASPA_SHOP_RECEIPT_NONE &&
        t->payment.is_read)
        shop_add_receipt(shop_reply_add(t->reply, "PAYMENT-RESPONSE"), t->shop, &t->payment,
                         receipt);
}

static void challenge(struct turn *t)
{
    struct assay_buf json = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);

    t->reply->status = 402;
    if (gives_field(t, "PAYMENT-REQUIRED"))
        return;
    shop_add_challenge(&json, t->shop, t->request, t->request->payment != NULL, t->payment.channel);
    assay_base64_encode(shop_reply_add(t->reply, "PAYMENT-REQUIRED"), ASSAY_BASE64_STD,
                        assay_buf_view(&json));
    assay_buf_fini(&json);
}

static void reply(struct turn *t)
{
    bool is_paid = t->request->payment != NULL;
    bool is_due = is_paid && settle(t);
    bool is_served = is_due && t->answer.status == 0;

    t->reply->end = t->answer.end;
    t->reply->padding = t->answer.padding;
    add_fields(t, is_served);
    if (is_served) {
        t->reply->status = 200;
        kaspa_shop_goods(&t->reply->body, t->request->target);
    } else if (t->answer.status == 0 || t->answer.status == 402) {
        challenge(t);
        assay_buf_add_str(&t->reply->body, t->payment.fault);
    } else {
        t->reply->status = t->answer.status;
        assay_buf_add(&t->reply->body, t->answer.body);
    }
}

/* ---- the log ---- */

static const char *keep_text(struct kaspa_shop *shop, struct assay_bytes text)
{
    struct assay_bytes copy = assay_arena_copy(&shop->texts, text);

    return copy.at != NULL ? (const char *)copy.at : "";
}

static struct kaspa_shop_call *log_call(struct kaspa_shop *shop, const struct shop_request *request)
{
    struct timespec wall = {0};
    struct kaspa_shop_call *call;

    shop->count++;
    pthread_cond_broadcast(&shop->changed);
    if (shop->kept == KASPA_SHOP_CALLS_MAX || shop->kept + 1 != shop->count)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &wall);
    call = &shop->calls[shop->kept++];
    *call = (struct kaspa_shop_call){
        .number = shop->count,
        .is_elsewhere = request->is_elsewhere,
        .method = keep_text(shop, assay_str(request->method)),
        .target = keep_text(shop, assay_str(request->target)),
        .body = keep_text(shop, assay_bytes_part(request->body, 0, BODY_KEEP_BYTES)),
        .payment = request->payment != NULL ? keep_text(shop, assay_str(request->payment)) : NULL,
        .at_ns = sock_now_ns(),
        .at_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
    return call;
}

static void log_payment(struct kaspa_shop *shop, struct kaspa_shop_call *call,
                        const struct shop_payment *payment)
{
    if (payment->is_read) {
        if (payment->batch == NULL) {
            memcpy(call->txid, payment->verdict.transaction_id, sizeof(call->txid));
        } else {
            assay_hex_encode(call->txid, assay_bytes_of(payment->batch->verdict.commitment_id, 32));
            assay_hex_encode(call->channel, assay_bytes_of(payment->batch->said.channel_id, 32));
        }
        call->expires_ms = payment->expires_ms;
    }
    if (!payment->is_good)
        call->fault = keep_text(shop, assay_str(payment->fault));
}

/* ---- answering ---- */

/* Until the behaviour changes; false: who asked has gone, or the shop stops. The lock is held. */
static bool hold(struct kaspa_shop *shop, bool (*is_gone)(void *cls), void *cls)
{
    uint64_t behaviours = shop->behaviours;

    while (!shop->stopping && shop->behaviours == behaviours && !is_gone(cls)) {
        int64_t until_ns = sock_now_ns() + (int64_t)LOOK_MS * 1000000;
        struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};

        (void)pthread_cond_timedwait(&shop->changed, &shop->lock, &until);
    }
    return shop->behaviours != behaviours;
}

uint64_t shop_answer(struct kaspa_shop *shop, struct shop_reply *out,
                     const struct shop_request *request, bool (*is_gone)(void *cls), void *cls)
{
    struct turn t = {.shop = shop, .request = request, .reply = out};
    struct assay_arena arena = ASSAY_ARENA_INIT(SHOP_ARENA_MAX_BYTES);
    struct kaspa_shop_call *call;
    uint64_t number;

    pthread_mutex_lock(&shop->lock);
    call = log_call(shop, request);
    number = shop->count;
    t.answer = take_answer(shop, request->payment != NULL);
    if (t.answer.end == KASPA_SHOP_HOLDS)
        t.answer =
            hold(shop, is_gone, cls)
                ? take_answer(shop, request->payment != NULL)
                : (struct kaspa_shop_answer){.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_CUTS};
    if (request->payment != NULL)
        shop_read_payment(&t.payment, &arena, shop, request);
    reply(&t);
    if (call != NULL && request->payment != NULL)
        log_payment(shop, call, &t.payment);
    if (call != NULL && out->end != KASPA_SHOP_CUTS)
        call->status = out->status;
    pthread_mutex_unlock(&shop->lock);
    assay_arena_fini(&arena);
    if (shop->node != NULL)
        kaspa_node_changed(shop->node);
    return number;
}

void shop_taken(struct kaspa_shop *shop, uint64_t number, uint64_t bytes)
{
    pthread_mutex_lock(&shop->lock);
    if (number <= shop->kept)
        shop->calls[number - 1].taken += bytes;
    pthread_mutex_unlock(&shop->lock);
}

/* ---- its owner's side ---- */

static enum assay_code init(struct kaspa_shop *shop, const struct kaspa_shop_options *options,
                            struct assay_err *err)
{
    struct kaspa_address address;
    struct kaspa_chain_info info;
    pthread_condattr_t attributes;

    *shop = (struct kaspa_shop){.texts = ASSAY_ARENA_INIT(SHOP_LOG_MAX_BYTES),
                                .chain = options->chain,
                                .chain_lock = options->lock,
                                .node = options->node};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&shop->lock, NULL);
    pthread_cond_init(&shop->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    kaspa_chain_lock_take(options->lock);
    kaspa_chain_info(options->chain, &info);
    kaspa_chain_lock_give(options->lock);
    shop->network = info.network;
    shop->refund_daa = info.daa_score + KASPA_SHOP_LIFE;
    if (options->channel_key != NULL) {
        shop->channel_key = *options->channel_key;
        assay_hex_encode(shop->channel_key_text,
                         assay_bytes_of(shop->channel_key.xonly, ASSAY_XONLY_BYTES));
    }
    if (kaspa_address_decode(&address, NULL, assay_str(options->pay_to)) != KASPA_ADDRESS_OK ||
        snprintf(shop->pay_to, sizeof(shop->pay_to), "%s", options->pay_to) >=
            (int)sizeof(shop->pay_to))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "a shop is paid at an address, and \"%s\" is "
                          "none",
                          options->pay_to);
    return ASSAY_OK;
}

enum assay_code kaspa_shop_start(struct kaspa_shop **out, const struct kaspa_shop_options *options,
                                 struct assay_err *err)
{
    struct kaspa_shop *shop = assay_alloc(sizeof(*shop));
    enum assay_code rc;

    if (shop == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a shop");
    rc = init(shop, options, err);
    for (size_t i = 0; i < SHOP_PLACES && rc == ASSAY_OK; i++)
        rc = shop_http_start(&shop->http[i], shop->origin[i], shop, i > 0, err);
    if (rc == ASSAY_OK)
        *out = shop;
    else
        kaspa_shop_stop(shop);
    return rc;
}

void kaspa_shop_stop(struct kaspa_shop *shop)
{
    if (shop == NULL)
        return;
    pthread_mutex_lock(&shop->lock);
    shop->stopping = true;
    pthread_cond_broadcast(&shop->changed);
    pthread_mutex_unlock(&shop->lock);
    for (size_t i = 0; i < SHOP_PLACES; i++)
        shop_http_stop(shop->http[i]);
    pthread_cond_destroy(&shop->changed);
    pthread_mutex_destroy(&shop->lock);
    assay_arena_fini(&shop->texts);
    assay_key_wipe(&shop->channel_key);
    assay_free(shop);
}

const char *kaspa_shop_origin(const struct kaspa_shop *shop)
{
    return shop->origin[0];
}

const char *kaspa_shop_elsewhere(const struct kaspa_shop *shop)
{
    return shop->origin[1];
}

const char *kaspa_shop_pay_to(const struct kaspa_shop *shop)
{
    return shop->pay_to;
}

const char *kaspa_shop_channel_key(const struct kaspa_shop *shop)
{
    return shop->channel_key_text;
}

uint64_t kaspa_shop_refund_daa(const struct kaspa_shop *shop)
{
    return shop->refund_daa;
}

void kaspa_shop_behave(struct kaspa_shop *shop, const struct kaspa_shop_behaviour *behaviour)
{
    pthread_mutex_lock(&shop->lock);
    shop->how = *behaviour;
    shop->unpaid = shop->paid = 0;
    shop->behaviours++;
    pthread_cond_broadcast(&shop->changed);
    pthread_mutex_unlock(&shop->lock);
}

uint64_t kaspa_shop_calls(struct kaspa_shop *shop)
{
    uint64_t count;

    pthread_mutex_lock(&shop->lock);
    count = shop->count;
    pthread_mutex_unlock(&shop->lock);
    return count;
}

bool kaspa_shop_call(struct kaspa_shop *shop, uint64_t number, struct kaspa_shop_call *out)
{
    bool found;

    pthread_mutex_lock(&shop->lock);
    found = number != 0 && number <= shop->kept;
    if (found)
        *out = shop->calls[number - 1];
    pthread_mutex_unlock(&shop->lock);
    return found;
}

bool kaspa_shop_await(struct kaspa_shop *shop, uint64_t count, int deadline_ms)
{
    int64_t until_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    bool came;
    int rc = 0;

    pthread_mutex_lock(&shop->lock);
    while (shop->count < count && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&shop->changed, &shop->lock, &until);
    came = shop->count >= count;
    pthread_mutex_unlock(&shop->lock);
    return came;
}
