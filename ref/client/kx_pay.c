/* The driver of one payment: sockets, the folder, the node, and the clock; see kx_pay.h. */
#include "client/kx_pay.h"

#include "base/hex.h"
#include "base/random.h"
#include "base/url.h"
#include "defects/defects.h"
#include "net/client.h"
#include "net/clock.h"
#include "net/kaspa_node.h"

enum { STEPS_MAX = 1 << 20 };
#define SIGHT_MAX_BYTES ((size_t)64 << 20)

struct payer {
    const struct kx_pay_options *options;
    const struct kx_pay_buyer *buyer;
    struct kx_client *client;
    struct kx_attempts *attempts;
    struct ref_net_client *server, *wallet;
    struct ref_kaspa_node *node; /* made when it is first asked */
    struct assay_arena arena;    /* of what was found in the folder, and of one exchange's URL */
};

/* ---- the server ---- */

static struct kx_client_field field(struct ref_net_client *client, const char *name)
{
    struct kx_client_field found = {.count = 0};

    found.count = ref_net_client_header(client, &found.value, name);
    return found;
}

/* A client of the URL's origin, anew for every exchange: nothing of one is left for the next. */
static enum assay_code dial(struct payer *p, struct assay_bytes *target, struct assay_bytes url,
                            struct assay_err *err)
{
    struct ref_net_client_options to = {
        .deadline_ms = p->options->policy->request_timeout_ms,
        .response_max_bytes =
            REF_DEFECT(kx_client_body_unbounded) ? SIZE_MAX / 2 : KX_PAY_BODY_MAX_BYTES,
    };
    struct assay_url parts;
    enum assay_code rc = assay_url_split(&parts, url, err);

    ref_net_client_free(p->server);
    p->server = NULL;
    if (rc != ASSAY_OK)
        return rc;
    to.origin = (const char *)assay_arena_copy(&p->arena, url).at;
    if (to.origin == NULL)
        return ASSAY_E_NOMEM;
    if ((rc = ref_net_client_check(&to, err)) != ASSAY_OK)
        return rc;
    *target = parts.path.len > 0 ? assay_bytes_part(url, (size_t)(parts.path.at - url.at), url.len)
                                 : ASSAY_LIT("/");
    p->server = ref_net_client_new(&to);
    return p->server != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
}

static struct kx_client_action fetch(struct payer *p, const struct kx_client_action *action)
{
    const struct ref_net_field fields[] = {
        {ASSAY_LIT("Cache-Control"), ASSAY_LIT("no-store")},
        {ASSAY_LIT(KX_CLIENT_HEADER_PAYMENT), action->payment},
    };
    struct ref_net_call call = {
        .method = assay_str(p->options->method),
        .body = p->options->body,
        .content_type = ASSAY_LIT(""),
        .headers = fields,
        .header_count = action->payment.len > 0 ? 2 : 1,
    };
    struct kx_client_reply reply = {.status = 0};
    struct assay_err err = {0};
    struct ref_net_reply got;
    enum assay_code rc;

    ref_net_wait_ms(action->wait_ms);
    rc = dial(p, &call.target, action->url, &err);
    if (rc == ASSAY_OK)
        rc = ref_net_client_call(p->server, &got, &call, &err);
    if (rc == ASSAY_OK)
        reply = (struct kx_client_reply){
            .status = got.status,
            .body = got.body,
            .content_type = got.content_type,
            .required = field(p->server, KX_CLIENT_HEADER_REQUIRED),
            .response = field(p->server, KX_CLIENT_HEADER_RESPONSE),
            .retry_after = field(p->server, "Retry-After"),
            .location = field(p->server, "Location"),
        };
    return kx_client_fetched(p->client, rc, &reply, &err, ref_net_wall_ms());
}

/* ---- the wallet ---- */

static struct kx_client_action call_wallet(struct payer *p, const struct kx_client_action *action)
{
    char room[64];
    struct assay_buf target = ASSAY_BUF_OVER(room);
    struct ref_net_call call = {.method = ASSAY_LIT("POST"),
                                .body = action->body,
                                .content_type = ASSAY_LIT("application/json")};
    struct ref_net_reply got = {.body = ASSAY_LIT("")};
    struct assay_err err = {0};
    enum assay_code rc;

    assay_buf_add_byte(&target, '/');
    assay_buf_add_str(&target, action->call);
    call.target = assay_buf_view(&target);
    rc = ref_net_client_call(p->wallet, &got, &call, &err);
    if (rc == ASSAY_OK && got.status != 200)
        rc = assay_fail(&err, ASSAY_E_DENIED, 0, "%s was answered %d: %.*s", action->call,
                        got.status, (int)assay_bytes_part(got.body, 0, 300).len,
                        (const char *)got.body.at);
    return kx_client_called(p->client, rc, got.body, &err, ref_net_wall_ms());
}

/* ---- the folder and the node ---- */

static struct kx_client_action save(struct payer *p, const struct kx_client_action *action)
{
    struct assay_err err = {0};
    enum assay_code rc = ASSAY_OK;

    if (action->attempt != NULL)
        rc = kx_attempts_save(p->attempts, action->attempt, &err);
    if (rc == ASSAY_OK && action->channel != NULL)
        rc = kx_channels_save(p->attempts, action->channel, &err);
    return kx_client_saved(p->client, rc, &err, ref_net_wall_ms());
}

/* The channel of the key, and the attempt that is pending on it. */
static struct kx_client_action find(struct payer *p, const struct kx_client_action *action)
{
    struct kx_client_channel channel;
    struct kx_client_attempt pending;
    bool found = false, is_pending = false;
    struct assay_err err = {0};
    enum assay_code rc =
        kx_channels_find(p->attempts, &channel, &found, &p->arena, action->channel_key, &err);

    if (rc == ASSAY_OK && found && channel.pending.len > 0)
        rc = kx_attempts_find(p->attempts, &pending, &is_pending, &p->arena, "", channel.pending,
                              &err);
    return kx_client_found(p->client, rc, found ? &channel : NULL, is_pending ? &pending : NULL,
                           &err, ref_net_wall_ms());
}

static struct ref_kaspa_node_options node_options(const struct payer *p)
{
    struct ref_kaspa_node_options options = REF_KASPA_NODE_OPTIONS_DEFAULT;

    options.url = p->options->node;
    options.deadline_ms = p->options->node_deadline_ms;
    options.max_lag_ms = p->options->node_max_lag_ms;
    return options;
}

static enum assay_code open_node(struct payer *p, enum kaspa_network network, struct assay_err *err)
{
    struct ref_kaspa_node_options options = node_options(p);

    options.network = network;
    return p->node != NULL ? ASSAY_OK : ref_kaspa_node_start(&p->node, &options, err);
}

static struct kx_client_action ask_node(struct payer *p, const struct kx_client_action *action)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(SIGHT_MAX_BYTES); /* looks may be many */
    struct kx_sight sight = {.utxos = NULL};
    struct kx_client_action next;
    struct assay_err err = {0};
    enum assay_code rc;

    ref_net_wait_ms(action->wait_ms);
    rc = open_node(p, action->network, &err);
    if (rc == ASSAY_OK)
        rc = ref_kaspa_node_look(p->node, &sight, &arena, action->look, &err);
    next = kx_client_looked(p->client, rc, &sight, &err, ref_net_wall_ms());
    assay_arena_fini(&arena);
    return next;
}

static struct kx_client_action submit(struct payer *p, const struct kx_client_action *action)
{
    struct assay_err err = {0};
    bool sent = false;
    enum assay_code rc = open_node(p, action->network, &err);

    if (rc == ASSAY_OK)
        rc = ref_kaspa_node_submit(p->node, action->tx, action->txid, &sent, &err);
    return kx_client_submitted(p->client, rc, sent, &err, ref_net_wall_ms());
}

/* ---- a payment ---- */

static struct kx_client_action carry_out(struct payer *p, const struct kx_client_action *action)
{
    switch (action->kind) {
    case KX_CLIENT_DO_FETCH:
        return fetch(p, action);
    case KX_CLIENT_DO_WALLET:
        return call_wallet(p, action);
    case KX_CLIENT_DO_SAVE:
        return save(p, action);
    case KX_CLIENT_DO_FIND:
        return find(p, action);
    case KX_CLIENT_DO_SUBMIT:
        return submit(p, action);
    case KX_CLIENT_DO_LOOK:
        return ask_node(p, action);
    case KX_CLIENT_DO_HAND_ON:
        return kx_client_handed_on(p->client, p->buyer->take(p->buyer->cls, action->outcome.body,
                                                             action->outcome.content_type));
    case KX_CLIENT_DO_FINISH:
        break;
    }
    return *action;
}

static enum assay_code open_wallet(struct payer *p, struct assay_err *err)
{
    const struct ref_net_client_options to = {
        .origin = p->options->wallet,
        .deadline_ms = p->options->policy->wallet_timeout_ms,
        .response_max_bytes = KX_PAY_WALLET_MAX_BYTES,
    };
    enum assay_code rc = ref_net_client_check(&to, err);

    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "the wallet's URL (--wallet)");
    p->wallet = ref_net_client_new(&to);
    return p->wallet != NULL ? ASSAY_OK : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static enum assay_code check_node(const struct payer *p, struct assay_err *err)
{
    const struct ref_kaspa_node_options options = node_options(p);

    if (options.url == NULL)
        return ASSAY_OK;
    return assay_err_wrap(err, ref_kaspa_node_check(&options, err), "the node's URL (--node)");
}

/* What is found in a walk through the folder, copied out of it. */
struct wanted {
    struct assay_arena *arena;
    const char *id;
    struct assay_bytes text;
    uint64_t version;
};

/* One that was about to be put away when it was killed is there twice: the older is the live one.
 */
static bool is_wanted(void *cls, const struct kx_client_channel *channel)
{
    struct wanted *wanted = cls;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CHANNEL_MAX_BYTES);
    char id[X402_HASH_TEXT_BYTES];

    assay_hex_encode(id, assay_bytes_of(channel->channel_id, sizeof(channel->channel_id)));
    if (strcmp(id, wanted->id) == 0 &&
        (wanted->version == 0 || channel->version < wanted->version)) {
        wanted->version = channel->version;
        kx_client_channel_write(&text, channel);
        wanted->text = assay_arena_copy(wanted->arena, assay_buf_view(&text));
    }
    assay_buf_fini(&text);
    return true;
}

enum assay_code kx_pay_find_channel(struct kx_client_channel *out, struct assay_arena *arena,
                                    const char *state, const char *id, struct assay_err *err)
{
    struct wanted wanted = {.arena = arena, .id = id, .text = ASSAY_LIT("")};
    uint8_t bytes[32];
    enum assay_code rc;

    if (assay_hex_decode(bytes, sizeof(bytes), assay_str(id), true) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "%.80s is no id of a channel: that is 64 digits 0-9 a-f, as --list shows "
                          "it",
                          id);
    rc = kx_channels_each(state, is_wanted, &wanted, err);
    if (rc == ASSAY_OK && wanted.text.len == 0)
        rc = assay_fail(err, ASSAY_E_MISSING, 0,
                        "state folder %s: has no channel %s; --list shows those that it has", state,
                        id);
    return rc == ASSAY_OK ? kx_client_channel_read(out, arena, wanted.text, err) : rc;
}

static enum assay_code prepare(struct payer *p, struct kx_client_job *job, const char **key,
                               struct assay_err *err)
{
    const struct kx_pay_options *o = p->options;
    struct {
        uint8_t identifier[sizeof(job->random)], salt[sizeof(job->salt)], nonce[sizeof(job->nonce)],
            move[sizeof(job->move_random)];
    } random;
    enum assay_code rc;

    *job = (struct kx_client_job){
        .method = assay_str(o->method),
        .url = assay_str(o->url),
        .body = o->body,
        .has_body = o->has_body,
        .identifier = assay_str(o->identifier),
        .retries = o->retries,
        .has_node = o->node != NULL,
        .wait_ms = o->wait_ms,
        .poll_ms = o->poll_ms,
    };
    if ((p->client = kx_client_new(o->policy)) == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if ((rc = assay_random_system((uint8_t *)&random, sizeof(random))) != ASSAY_OK)
        return assay_fail(err, rc, 0, "the system gives no random bytes");
    memcpy(job->random, random.identifier, sizeof(job->random));
    memcpy(job->salt, random.salt, sizeof(job->salt));
    memcpy(job->nonce, random.nonce, sizeof(job->nonce));
    memcpy(job->move_random, random.move, sizeof(job->move_random));
    if (o->refund == NULL && (rc = kx_client_prepare(p->client, job, key, err)) != ASSAY_OK)
        return rc;
    if ((rc = open_wallet(p, err)) != ASSAY_OK || (rc = check_node(p, err)) != ASSAY_OK)
        return rc;
    return kx_attempts_open(&p->attempts, o->state, err);
}

/* The first action: of a payment, or of a refund. */
static enum assay_code begin(struct payer *p, const struct kx_client_job *job, const char *key,
                             struct kx_client_action *action, struct assay_err *err)
{
    const struct kx_pay_options *o = p->options;
    struct kx_client_attempt attempt;
    struct kx_client_channel channel;
    bool found = false;
    enum assay_code rc;

    if (o->refund != NULL) {
        rc = kx_pay_find_channel(&channel, &p->arena, o->state, o->refund, err);
        if (rc == ASSAY_OK)
            *action = kx_client_start_refund(p->client, job, &channel, ref_net_wall_ms());
        return rc;
    }
    rc = kx_attempts_find(p->attempts, &attempt, &found, &p->arena, key, assay_str(o->identifier),
                          err);
    if (rc == ASSAY_OK)
        *action = kx_client_start(p->client, found ? &attempt : NULL, ref_net_wall_ms());
    return rc;
}

/* Of looks without a pause between them, or of a mistake of ours. */
static const struct kx_client_outcome endless = {
    .end = KX_CLIENT_UNRESOLVED,
    .why = "it came to no end after a million steps: run the same again, with longer pauses "
           "between looks",
};

enum assay_code kx_pay_run(const struct kx_pay_options *options, const struct kx_pay_buyer *buyer,
                           struct assay_err *err)
{
    struct payer p = {
        .options = options, .buyer = buyer, .arena = ASSAY_ARENA_INIT((size_t)16 << 20)};
    struct kx_client_action action = {.kind = KX_CLIENT_DO_FINISH};
    struct kx_client_job job;
    const char *key = NULL;
    enum assay_code rc;

    if ((rc = prepare(&p, &job, &key, err)) == ASSAY_OK)
        rc = begin(&p, &job, key, &action, err);
    if (rc == ASSAY_OK) {
        for (int i = 0; action.kind != KX_CLIENT_DO_FINISH && i < STEPS_MAX; i++)
            action = carry_out(&p, &action);
        if (action.kind != KX_CLIENT_DO_FINISH)
            action.outcome = endless;
        buyer->told(buyer->cls, &action.outcome, action.attempt);
    }
    ref_net_client_free(p.server);
    ref_net_client_free(p.wallet);
    ref_kaspa_node_stop(p.node);
    kx_attempts_close(p.attempts);
    kx_client_free(p.client);
    assay_arena_fini(&p.arena);
    return rc;
}
