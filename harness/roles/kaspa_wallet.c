/* The role `wallet`: its server, its calls, and how they are spoiled; see kaspa_wallet.h. */
#include "roles/kaspa_wallet_internal.h"

#include "base/hex.h"
#include "http/sock.h"
#include "kaspa/sign.h"
#include "kaspa_x402/exact_write.h"
#include "net/server.h"

#include <errno.h>
#include <stdio.h>

enum { BODY_MAX_BYTES = 256 << 10, STOP_DEADLINE_MS = 5000 };

/* ---- calls ---- */

/* One call while it is answered. */
struct turn {
    struct kaspa_wallet *wallet;
    struct assay_bytes body;
    struct assay_json doc;
    struct assay_arena arena;
    struct assay_buf *out;
    struct assay_err why;
};

void wallet_add_kind(struct assay_buf *out, const struct kaspa_wallet *w, const char *member,
                     enum kaspa_wallet_kind kind)
{
    static const char other[] = "external-wallet-adapter";

    switch (kind) {
    case KASPA_WALLET_OWN_KIND:
        kx_write_str(out, member, w->kind);
        break;
    case KASPA_WALLET_OTHER_KIND:
        kx_write_str(out, member, strcmp(w->kind, other) == 0 ? "vault-treasury" : other);
        break;
    case KASPA_WALLET_NO_KIND:
        break;
    case KASPA_WALLET_NULL_KIND:
        kx_write_str(out, member, NULL);
        break;
    case KASPA_WALLET_CASE_KIND:
        kx_write_name(out, member);
        assay_buf_add_byte(out, '"');
        for (const char *at = w->kind; *at != '\0'; at++)
            assay_buf_add_byte(out, (uint8_t)(*at >= 'a' && *at <= 'z' ? *at - 32 : *at));
        assay_buf_add_byte(out, '"');
        break;
    case KASPA_WALLET_UNKNOWN_KIND:
        kx_write_str(out, member, "piggy-bank");
        break;
    }
}

static bool network_id(struct turn *t)
{
    const struct kaspa_wallet *w = t->wallet;
    const char *own = w->network == KASPA_MAINNET ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET;

    kx_write_str(t->out, "result", w->how.network != NULL ? w->how.network : own);
    return true;
}

static bool source_kind(struct turn *t)
{
    struct kaspa_wallet *w = t->wallet;
    bool lies = ++w->kinds >= w->how.kind_from;

    wallet_add_kind(t->out, w, "result", lies ? w->how.kind : KASPA_WALLET_OWN_KIND);
    return true;
}

static bool pay(struct turn *t)
{
    struct wallet_order order;

    return wallet_order_read(&order, &t->arena, &t->doc, &t->why) &&
           wallet_pay(t->wallet, t->out, t->body, &order, &t->why);
}

/* Only the attempt's own transaction ends its reservation. */
static bool finalize(struct turn *t)
{
    struct wallet_artifacts *artifacts = &t->wallet->artifacts;
    uint32_t id = assay_json_member(&t->doc, 0, "attemptId");
    uint32_t txid = assay_json_member(&t->doc, 0, "transactionId");
    uint32_t outcome = assay_json_member(&t->doc, 0, "outcome");

    if (!assay_json_string_is(&t->doc, outcome, "accepted") &&
        !assay_json_string_is(&t->doc, outcome, "absent"))
        return assay_fail(&t->why, ASSAY_E_UNKNOWN, 0, "outcome is neither accepted nor absent") ==
               ASSAY_OK;
    for (size_t i = 0; i < artifacts->count; i++) {
        struct wallet_attempt *a = artifacts->at[i];

        if (!assay_json_string_is(&t->doc, id, (const char *)a->id.at) ||
            !assay_json_string_is(&t->doc, txid, node_hex(&a->txid).text))
            continue;
        a->is_reserved = false;
        kx_write_str(t->out, "result", NULL);
        return true;
    }
    return assay_fail(&t->why, ASSAY_E_MISSING, 0, "no attempt has this id and transaction") ==
           ASSAY_OK;
}

static bool get_utxos(struct turn *t)
{
    enum { ROOM = 256 };
    struct kaspa_wallet *w = t->wallet;
    struct kaspa_outpoint *coins = assay_arena_alloc(&t->arena, ROOM * sizeof(*coins));
    struct kaspa_utxo *utxos = assay_arena_alloc(&t->arena, ROOM * sizeof(*utxos));
    size_t count;

    if (coins == NULL || utxos == NULL)
        return assay_fail(&t->why, ASSAY_E_NOMEM, 0, "out of memory") == ASSAY_OK;
    kaspa_chain_lock_take(w->chain_lock);
    count = kaspa_chain_utxos_of(w->chain, &w->spk, coins, utxos, ROOM);
    kaspa_chain_lock_give(w->chain_lock);
    kx_write_name(t->out, "result");
    assay_buf_add_byte(t->out, '[');
    for (size_t i = 0; i < count && i < ROOM; i++) {
        assay_buf_add_str(t->out, i > 0 ? ",{" : "{");
        kx_write_decimal(t->out, "amount", utxos[i].amount);
        kx_write_number(t->out, "index", coins[i].index);
        kx_write_hex(t->out, "txid", assay_bytes_of(coins[i].txid.at, KASPA_HASH_BYTES));
        assay_buf_add_byte(t->out, '}');
    }
    assay_buf_add_byte(t->out, ']');
    return true;
}

static bool authorize(struct turn *t)
{
    return wallet_authorize(t->wallet, t->out, &t->arena, &t->doc, &t->why);
}

static bool make_key(struct turn *t)
{
    return wallet_make_key(t->wallet, t->out, &t->arena, &t->doc, &t->why);
}

static bool deposit(struct turn *t)
{
    return wallet_move(t->wallet, t->out, &t->arena, &t->doc, KX_BATCH_GENESIS, &t->why);
}

static bool top_up(struct turn *t)
{
    return wallet_move(t->wallet, t->out, &t->arena, &t->doc, KX_BATCH_TOP_UP, &t->why);
}

static bool refund(struct turn *t)
{
    return wallet_move(t->wallet, t->out, &t->arena, &t->doc, KX_BATCH_REFUND, &t->why);
}

static bool sign_batch(struct turn *t)
{
    return wallet_sign_batch(t->wallet, t->out, &t->arena, &t->doc, &t->why);
}

static const struct wallet_call {
    const char *name;
    bool (*answer)(struct turn *t); /* writes the member `result`; false: why */
} calls[] = {
    {"networkId", network_id},        {"sourceKind", source_kind},
    {"payExactTransaction", pay},     {"finalizeExactPaymentAttempt", finalize},
    {"getUtxos", get_utxos},          {"authorizeBatchPayment", authorize},
    {"createChannelKey", make_key},   {"prepareEscrowDeposit", deposit},
    {"prepareEscrowTopUp", top_up},   {"signEscrowRefund", refund},
    {"signBatchPayment", sign_batch}, {"finalizeEscrowTransition", finalize},
};

static const struct wallet_call *find_call(struct assay_bytes target)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (target.len > 0 &&
            assay_bytes_is(assay_bytes_part(target, 1, target.len), calls[i].name))
            return &calls[i];
    return NULL;
}

static void add_error(struct assay_buf *out, const char *text)
{
    assay_buf_clear(out);
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "error", text);
    assay_buf_add_byte(out, '}');
}

/* Status and body of a call that is carried out. The lock is held. */
static int answer(struct turn *t, const struct wallet_call *call)
{
    bool done;

    if (!node_json_parse(&t->doc, &t->arena, t->body)) {
        add_error(t->out, "the body is no JSON");
        return 400;
    }
    assay_buf_add_byte(t->out, '{');
    done = call->answer(t);
    assay_buf_add_byte(t->out, '}');
    if (done && assay_buf_ok(t->out))
        return 200;
    add_error(t->out, t->why.code != ASSAY_OK ? t->why.text : "the answer has no room");
    return t->why.code == ASSAY_E_CONFLICT ? 409 : 422;
}

/* ---- how a call is spoiled ---- */

/* The lock is held. */
static enum kaspa_wallet_fault take_fault(struct kaspa_wallet *w, const char *call)
{
    const struct kaspa_wallet_behaviour *how = &w->how;

    if (how->fault == KASPA_WALLET_SOUND ||
        (how->fault_call != NULL && strcmp(how->fault_call, call) != 0) ||
        (how->fault_times != 0 && w->faults >= how->fault_times))
        return KASPA_WALLET_SOUND;
    w->faults++;
    return how->fault;
}

/* Until the time is over, the behaviour changes or the wallet stops. The lock is held. */
static void hold(struct kaspa_wallet *w, int64_t until_ns)
{
    uint64_t behaviours = w->behaviours;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    int rc = 0;

    while (!w->stopping && w->behaviours == behaviours && rc != ETIMEDOUT)
        rc = until_ns == INT64_MAX ? pthread_cond_wait(&w->changed, &w->lock)
                                   : pthread_cond_timedwait(&w->changed, &w->lock, &until);
}

static void inflate(struct assay_buf *body, size_t len)
{
    size_t more = len > body->len ? len - body->len : 0;
    uint8_t *at = assay_buf_extend(body, more);

    if (at != NULL)
        memset(at, ' ', more);
}

static void spoil(struct kaspa_wallet *w, struct assay_buf *body, enum kaspa_wallet_fault fault)
{
    switch (fault) {
    case KASPA_WALLET_SOUND:
    case KASPA_WALLET_ERROR:
        break;
    case KASPA_WALLET_SILENT:
        hold(w, INT64_MAX);
        break;
    case KASPA_WALLET_SLOW:
        hold(w, sock_now_ns() + (int64_t)w->how.delay_ms * 1000000);
        break;
    case KASPA_WALLET_MALFORMED:
        node_spoil(body, KASPA_NODE_MALFORMED, NULL);
        break;
    case KASPA_WALLET_WRONG_SHAPE:
        node_spoil(body, KASPA_NODE_WRONG_SHAPE, NULL);
        break;
    case KASPA_WALLET_HUGE:
        inflate(body, w->how.large_bytes);
        break;
    }
}

static uint64_t log_call(struct kaspa_wallet *w, const struct ref_net_request *request)
{
    struct assay_bytes target = request->target;
    char name[KASPA_NODE_NAME_MAX_BYTES];
    uint64_t number;

    (void)!snprintf(name, sizeof(name), "%.*s", (int)(target.len > 0 ? target.len - 1 : 0),
                    (const char *)target.at + (target.len > 0));
    pthread_mutex_lock(&w->log.lock);
    number = node_log_add(&w->log, true, name, request->body);
    pthread_mutex_unlock(&w->log.lock);
    return number;
}

static void serve(struct kaspa_wallet *w, const struct wallet_call *call,
                  const struct ref_net_request *request, struct ref_net_response *response)
{
    struct turn t = {.wallet = w,
                     .body = request->body,
                     .arena = ASSAY_ARENA_INIT(NODE_CALL_MAX_BYTES),
                     .out = &response->body};
    enum kaspa_wallet_fault fault;

    pthread_mutex_lock(&w->lock);
    fault = take_fault(w, call->name);
    if (fault == KASPA_WALLET_ERROR) {
        add_error(&response->body, "the wallet was told to fail");
        response->status = 500;
    } else {
        response->status = answer(&t, call);
    }
    spoil(w, &response->body, fault);
    pthread_mutex_unlock(&w->lock);
    assay_arena_fini(&t.arena);
}

static void handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    const struct wallet_call *call = find_call(request->target);
    struct kaspa_wallet *w = cls;
    uint64_t number = log_call(w, request);

    ref_net_response_add(response, "Content-Type", ASSAY_LIT("application/json"));
    if (call == NULL || !assay_bytes_is(request->method, "POST")) {
        add_error(&response->body, "there is no such call; each is POST /NAME with a JSON object");
        response->status = 404;
    } else {
        serve(w, call, request, response);
    }
    node_log_answered(&w->log, number);
}

/* ---- its owner's side ---- */

static void init(struct kaspa_wallet *w, const struct kaspa_wallet_options *options)
{
    pthread_condattr_t attributes;
    struct kaspa_address address;

    *w = (struct kaspa_wallet){
        .artifacts = {.arena = ASSAY_ARENA_INIT(WALLET_ARENA_MAX_BYTES)},
        .chain = options->chain,
        .chain_lock = options->lock,
        .network = options->network,
        .kind = options->kind != NULL ? options->kind : "hot-wallet",
    };
    kaspa_key_from_seed(&w->key, options->seed, ASSAY_LIT("wallet"));
    kaspa_key_from_seed(&w->stranger, options->seed, ASSAY_LIT("stranger to the wallet"));
    address = (struct kaspa_address){.version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};
    memcpy(address.payload, w->key.xonly, 32);
    kaspa_address_script(&w->spk, w->script, &address);
    memcpy(address.payload, w->stranger.xonly, 32);
    kaspa_address_script(&w->stranger_spk, w->stranger_script, &address);
    node_log_init(&w->log);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum assay_code start_server(struct kaspa_wallet *w, uint16_t port, struct assay_err *err)
{
    struct ref_net_server_options options = REF_NET_SERVER_OPTIONS_DEFAULT;
    enum assay_code rc = sock_listen(&options.listen_fd, &port, port, err);

    options.body_max_bytes = BODY_MAX_BYTES;
    options.handle = handle;
    options.cls = w;
    if (rc != ASSAY_OK)
        return rc;
    (void)!snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u", (unsigned)port);
    return ref_net_server_start(&w->server, &options, err);
}

enum assay_code kaspa_wallet_start(struct kaspa_wallet **out,
                                   const struct kaspa_wallet_options *options,
                                   struct assay_err *err)
{
    struct kaspa_wallet *w = assay_alloc(sizeof(*w));
    enum assay_code rc;

    if (w == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a wallet");
    init(w, options);
    if ((rc = start_server(w, options->port, err)) == ASSAY_OK)
        *out = w;
    else
        kaspa_wallet_stop(w);
    return rc;
}

void kaspa_wallet_stop(struct kaspa_wallet *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    (void)ref_net_server_stop(w->server, STOP_DEADLINE_MS);
    assay_key_wipe(&w->key);
    assay_key_wipe(&w->stranger);
    for (size_t i = 0; i < w->channels.count; i++)
        assay_key_wipe(&w->channels.at[i].key);
    node_log_fini(&w->log);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    assay_arena_fini(&w->artifacts.arena);
    assay_free(w);
}

const char *kaspa_wallet_url(const struct kaspa_wallet *w)
{
    return w->url;
}

struct kaspa_spk kaspa_wallet_spk(const struct kaspa_wallet *w)
{
    return w->spk;
}

void kaspa_wallet_behave(struct kaspa_wallet *w, const struct kaspa_wallet_behaviour *behaviour)
{
    pthread_mutex_lock(&w->lock);
    w->how = *behaviour;
    w->faults = w->kinds = 0;
    w->behaviours++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

uint64_t kaspa_wallet_signed(struct kaspa_wallet *w)
{
    uint64_t count;

    pthread_mutex_lock(&w->lock);
    count = w->artifacts.signed_count;
    pthread_mutex_unlock(&w->lock);
    return count;
}

uint64_t kaspa_wallet_vouchers(struct kaspa_wallet *w)
{
    uint64_t count;

    pthread_mutex_lock(&w->lock);
    count = w->channels.vouchers;
    pthread_mutex_unlock(&w->lock);
    return count;
}

size_t kaspa_wallet_reserved(struct kaspa_wallet *w)
{
    size_t count = 0;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->artifacts.count; i++)
        count += w->artifacts.at[i]->is_reserved;
    pthread_mutex_unlock(&w->lock);
    return count;
}

uint64_t kaspa_wallet_calls(struct kaspa_wallet *w)
{
    uint64_t count;

    pthread_mutex_lock(&w->log.lock);
    count = w->log.count;
    pthread_mutex_unlock(&w->log.lock);
    return count;
}

uint64_t kaspa_wallet_count(struct kaspa_wallet *w, const char *call)
{
    uint64_t count = 0;

    pthread_mutex_lock(&w->log.lock);
    for (size_t i = 0; i < w->log.kept; i++)
        count += strcmp(w->log.calls[i].method, call) == 0;
    pthread_mutex_unlock(&w->log.lock);
    return count;
}

bool kaspa_wallet_call(struct kaspa_wallet *w, uint64_t number, struct kaspa_node_call *out)
{
    bool found;

    pthread_mutex_lock(&w->log.lock);
    found = number != 0 && number <= w->log.kept;
    if (found)
        *out = w->log.calls[number - 1];
    pthread_mutex_unlock(&w->log.lock);
    return found;
}

bool kaspa_wallet_await(struct kaspa_wallet *w, const char *call, uint64_t count, int deadline_ms)
{
    return node_log_await(&w->log, call, count, deadline_ms);
}
