/* One payment from the unpaid request to its end; see kx_client.h. */
#include "client/kx_client_internal.h"

#include "base/url.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#include <stdarg.h>
#include <stdio.h>

struct kx_client *kx_client_new(const struct kx_policy *policy)
{
    struct kx_client *c = assay_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->policy = policy;
    c->arena.max = KX_CLIENT_ARENA_MAX_BYTES;
    return c;
}

void kx_client_free(struct kx_client *c)
{
    if (c == NULL)
        return;
    assay_arena_fini(&c->arena);
    assay_free(c);
}

struct assay_arena *kx_client_arena(struct kx_client *c)
{
    return &c->arena;
}

void kx_client_record(struct kx_client *c, const char *rule, const char *format, ...)
{
    char text[ASSAY_ERR_TEXT_MAX_BYTES];
    va_list args;

    if (c->err.code != ASSAY_OK)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut where it is longer */
    va_end(args);
    (void)assay_fail(&c->err, ASSAY_E_DENIED, 0, "%s", text);
    c->outcome.rule = rule;
}

const char *kx_client_reason(enum assay_code code, const struct assay_err *err)
{
    return err != NULL && err->code != ASSAY_OK ? err->text : assay_code_text(code);
}

/* ---- actions ---- */

static struct kx_client_action ask(struct kx_client *c, enum kx_client_do kind,
                                   enum kx_client_step step)
{
    c->step = step;
    return (struct kx_client_action){.kind = kind, .call = "", .attempt = &c->attempt};
}

struct kx_client_action kx_client_fetch(struct kx_client *c, enum kx_client_step step,
                                        int64_t wait_ms)
{
    struct kx_client_action action = ask(c, KX_CLIENT_DO_FETCH, step);

    action.wait_ms = wait_ms;
    action.url = c->url;
    action.payment = step == KX_CLIENT_STEP_PAID ? c->attempt.header : ASSAY_LIT("");
    return action;
}

struct kx_client_action kx_client_call(struct kx_client *c, enum kx_client_step step,
                                       const char *name, struct assay_bytes body)
{
    struct kx_client_action action = ask(c, KX_CLIENT_DO_WALLET, step);

    action.call = name;
    action.body = body;
    return action;
}

struct kx_client_action kx_client_ask_source(struct kx_client *c, enum kx_client_step step)
{
    return kx_client_call(c, step, "sourceKind", ASSAY_LIT("{}"));
}

struct kx_client_action kx_client_look(struct kx_client *c, enum kx_client_step step,
                                       int64_t wait_ms)
{
    struct kx_client_action action = ask(c, KX_CLIENT_DO_LOOK, step);

    action.wait_ms = wait_ms;
    action.look = &c->look;
    action.network = c->terms.network;
    return action;
}

struct kx_client_action kx_client_save(struct kx_client *c, enum kx_client_step step)
{
    struct kx_client_action action = ask(c, KX_CLIENT_DO_SAVE, step);

    if (c->is_batch && c->has_channel)
        action.channel = &c->channel;
    if (!c->has_attempt)
        action.attempt = NULL;
    return action;
}

/* Whether a payment may have left, in this run or before. */
static bool is_out(const struct kx_client *c)
{
    return c->has_attempt &&
           (c->attempt.state == KX_CLIENT_SIGNED || c->attempt.state == KX_CLIENT_SETTLED);
}

/* Whether a transaction of the channel is on its way, or may be. */
static bool is_moving(const struct kx_client *c)
{
    return c->is_batch && c->has_channel &&
           (c->channel.state == KX_CHANNEL_IS_OPENING ||
            c->channel.state == KX_CHANNEL_IS_TOPPING_UP ||
            c->channel.state == KX_CHANNEL_IS_REFUNDING);
}

struct kx_client_action kx_client_finish(struct kx_client *c)
{
    struct kx_client_action action = ask(c, KX_CLIENT_DO_FINISH, KX_CLIENT_STEP_DONE);
    bool is_delivered = c->outcome.body.at != NULL;

    if (!c->has_attempt)
        action.attempt = NULL;
    if (!is_out(c) && is_moving(c))
        c->outcome.end = KX_CLIENT_UNRESOLVED;
    else if (c->is_refund)
        c->outcome.end = c->err.code == ASSAY_OK ? KX_CLIENT_REFUNDED : KX_CLIENT_REFUSED;
    else if (!is_out(c))
        c->outcome.end = is_delivered && !c->has_attempt ? KX_CLIENT_FREE : KX_CLIENT_REFUSED;
    else if (c->attempt.state == KX_CLIENT_SETTLED && is_delivered)
        c->outcome.end = KX_CLIENT_SERVED;
    else
        c->outcome.end = KX_CLIENT_UNRESOLVED;
    if (!is_delivered)
        c->outcome.body = c->outcome.content_type = ASSAY_LIT("");
    c->outcome.why = c->err.text;
    action.outcome = c->outcome;
    return action;
}

/* ---- the end ---- */

struct kx_client_action kx_client_release(struct kx_client *c)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    struct assay_bytes body = {NULL, 0};

    assay_buf_add_byte(&text, '{');
    kx_write_text(&text, "attemptId", c->attempt.identifier);
    kx_write_str(&text, "outcome", c->attempt.state == KX_CLIENT_ABSENT ? "absent" : "accepted");
    kx_write_text(&text, "transactionId", c->attempt.txid);
    assay_buf_add_byte(&text, '}');
    if (assay_buf_ok(&text))
        body = assay_arena_copy(&c->arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    if (body.at == NULL)
        return kx_client_finish(c);
    return kx_client_call(c, KX_CLIENT_STEP_RELEASE, "finalizeExactPaymentAttempt", body);
}

struct kx_client_action kx_client_close(struct kx_client *c)
{
    struct kx_client_action action;

    if (c->outcome.body.at == NULL)
        return c->has_attempt ? kx_client_save(c, KX_CLIENT_STEP_CLOSE) : kx_client_finish(c);
    if (REF_DEFECT(kx_client_delivered_early) && c->has_attempt && !c->attempt.is_delivered) {
        c->attempt.is_delivered = true;
        return kx_client_save(c, KX_CLIENT_STEP_HAND_ON);
    }
    action = ask(c, KX_CLIENT_DO_HAND_ON, KX_CLIENT_STEP_HAND_ON);
    action.outcome = c->outcome;
    return action;
}

struct kx_client_action kx_client_handed_on(struct kx_client *c, bool is_done)
{
    if (!is_done) {
        c->outcome.body.at = NULL;
        kx_client_record(c, NULL, "the answer cannot be handed on");
    }
    c->attempt.is_delivered = c->attempt.is_delivered || is_done;
    return c->has_attempt ? kx_client_save(c, KX_CLIENT_STEP_CLOSE) : kx_client_finish(c);
}

/* The wallet's reservations end on the node's word alone, never on the server's (F6). */
struct kx_client_action kx_client_closed(struct kx_client *c)
{
    bool is_over = c->attempt.state == KX_CLIENT_SETTLED || c->attempt.state == KX_CLIENT_ABSENT;

    if (c->is_batch || /* of which the wallet keeps no coins back */
        (!is_over && !(REF_DEFECT(kx_client_release_early) && c->attempt.is_delivered)))
        return kx_client_finish(c);
    return c->is_source_known ? kx_client_release(c)
                              : kx_client_ask_source(c, KX_CLIENT_STEP_LAST_SOURCE);
}

/* No answer of the server will change anything any more: what is the payment to the chain? */
struct kx_client_action kx_client_settle(struct kx_client *c, int64_t now_ms)
{
    if (c->is_batch)
        return kx_client_close(c); /* the receipt has said it, or nothing has */
    c->until_ms = now_ms + c->job.wait_ms;
    if (REF_DEFECT(kx_client_word_settles) && c->outcome.word == KX_CLIENT_SAID_PAID)
        c->attempt.state = KX_CLIENT_SETTLED;
    if (REF_DEFECT(kx_client_status_settles) && c->outcome.body.at != NULL)
        c->attempt.state = KX_CLIENT_SETTLED;
    if (REF_DEFECT(kx_client_negative_is_absent) && c->outcome.word == KX_CLIENT_SAID_FAILED)
        c->attempt.state = KX_CLIENT_ABSENT;
    if (!c->job.has_node || c->attempt.state != KX_CLIENT_SIGNED || !kx_client_look_for(c, true))
        return kx_client_close(c);
    return kx_client_look(c, KX_CLIENT_STEP_SETTLE, 0);
}

/* Stops before anything has left, or with what became of what had left before. */
struct kx_client_action kx_client_stop(struct kx_client *c, int64_t now_ms)
{
    return is_out(c) ? kx_client_settle(c, now_ms) : kx_client_finish(c);
}

struct kx_client_action kx_client_stop_for(struct kx_client *c, const char *rule, const char *what,
                                           enum assay_code code, const struct assay_err *err,
                                           int64_t now_ms)
{
    kx_client_record(c, rule, "%s: %s", what, kx_client_reason(code, err));
    return kx_client_stop(c, now_ms);
}

/* ---- the request ---- */

enum assay_code kx_client_prepare(struct kx_client *c, const struct kx_client_job *job,
                                  const char **key, struct assay_err *err)
{
    struct assay_buf url = ASSAY_BUF_INIT(X402_STRING_MAX_BYTES);
    struct assay_url parts;
    enum assay_code rc;

    c->job = *job;
    c->retries_left = job->retries;
    if (job->identifier.len > 0 && !x402_identifier_id_is_valid(job->identifier))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "the identifier is not 16 to 128 of A-Z a-z 0-9 _ -");
    if ((rc = kx_url_normalise(&url, job->url, err)) == ASSAY_OK &&
        (c->url = assay_arena_copy(&c->arena, assay_buf_view(&url))).at == NULL)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    assay_buf_fini(&url);
    if (rc == ASSAY_OK)
        rc = assay_url_split(&parts, c->url, err);
    if (rc != ASSAY_OK)
        return rc;
    c->origin = assay_bytes_part(c->url, 0, (size_t)(parts.path.at - c->url.at));
    c->request = (struct kx_request){.method = job->method,
                                     .url = c->url,
                                     .body_text = job->body,
                                     .has_body_text = job->has_body};
    rc = kx_fingerprint(c->key, &c->request, NULL, err);
    *key = c->key;
    return rc;
}

/* Nothing is out, and nothing that was intended counts: from the unpaid request on. */
struct kx_client_action kx_client_begin(struct kx_client *c)
{
    c->has_attempt = c->is_batch = c->has_channel = c->is_consented = c->is_corrected = false;
    c->channel = (struct kx_client_channel){.version = 0};
    c->goes_on = c->goes_on && REF_DEFECT(kx_client_goes_on); /* to one payment */
    c->attempt = (struct kx_client_attempt){.header = ASSAY_LIT("")};
    c->err = (struct assay_err){0};
    c->outcome = (struct kx_client_outcome){.rule = NULL};
    return kx_client_fetch(c, KX_CLIENT_STEP_UNPAID, 0);
}

/* ---- an earlier attempt ---- */

/* Whether the caller's own identifier, if it gave one, is this attempt's, and still good. */
static bool may_resume(struct kx_client *c)
{
    const struct kx_client_attempt *a = &c->attempt;
    struct assay_bytes wanted = c->job.identifier;

    if (strcmp(a->request_key, c->key) != 0)
        return kx_client_object(c, "client.artifact.once",
                                "this identifier was used to pay for another request, %.*s %.100s",
                                (int)a->method.len, (const char *)a->method.at, a->url.at);
    if (wanted.len > 0 && !assay_bytes_equal(wanted, a->identifier))
        return kx_client_object(c, "client.replacement",
                                "this request has an unresolved payment, %.*s: it is not paid anew",
                                (int)a->identifier.len, (const char *)a->identifier.at);
    if (a->state == KX_CLIENT_ABSENT || a->state == KX_CLIENT_ABANDONED)
        return kx_client_object(
            c, "client.artifact.once",
            "this identifier was used by an attempt that is over: give another");
    return true;
}

static struct kx_client_action resume_intended(struct kx_client *c, int64_t now_ms)
{
    int64_t expires_ms;

    if (!kx_time_read(&expires_ms, c->attempt.expires_at) || expires_ms <= now_ms) {
        c->attempt.state = KX_CLIENT_ABANDONED; /* nothing of it has left, nor will it */
        return kx_client_save(c, KX_CLIENT_STEP_RESUMED);
    }
    if (!kx_client_judge_offer(c) || !kx_client_intent_is_same(c))
        return kx_client_finish(c);
    return kx_client_ask_source(c, KX_CLIENT_STEP_SOURCE);
}

/* What has been signed is sent as it is, if its terms are still allowed. */
struct kx_client_action kx_client_send_again(struct kx_client *c, int64_t now_ms)
{
    return kx_client_judge_offer(c) ? kx_client_fetch(c, KX_CLIENT_STEP_PAID, 0)
                                    : kx_client_settle(c, now_ms);
}

/* A voucher that was only intended has left nobody, and a later one may take its place. */
static struct kx_client_action resume_batch(struct kx_client *c)
{
    if (c->attempt.state == KX_CLIENT_INTENDED) {
        c->attempt.state = KX_CLIENT_ABANDONED;
        return kx_client_save(c, KX_CLIENT_STEP_RESUMED);
    }
    if (!kx_client_retake_challenge(c) || !kx_client_retake_voucher(c))
        return kx_client_finish(c);
    return kx_client_find(c, KX_CLIENT_STEP_RECALL);
}

static struct kx_client_action resume(struct kx_client *c, int64_t now_ms)
{
    if (!may_resume(c))
        return kx_client_finish(c);
    if (c->attempt.channel_id.len > 0)
        return resume_batch(c);
    if (!kx_client_retake_challenge(c))
        return kx_client_finish(c);
    if (c->attempt.state == KX_CLIENT_INTENDED)
        return resume_intended(c, now_ms);
    if (!kx_client_retake_artifact(c) || !kx_client_look_for(c, true))
        return kx_client_finish(c);
    if (c->job.has_node && c->attempt.state == KX_CLIENT_SIGNED)
        return kx_client_look(c, KX_CLIENT_STEP_RESUME, 0);
    return kx_client_send_again(c, now_ms);
}

struct kx_client_action kx_client_resumed(struct kx_client *c, int64_t now_ms)
{
    bool has_own = c->job.identifier.len > 0;

    if (c->attempt.state == KX_CLIENT_SETTLED)
        return kx_client_send_again(c, now_ms);
    c->goes_on = !has_own;
    if (has_own)
        kx_client_record(c, "client.artifact.once",
                         "this identifier's attempt is over: give another");
    if (c->attempt.state == KX_CLIENT_ABSENT)
        return kx_client_closed(c);
    return c->goes_on ? kx_client_begin(c) : kx_client_finish(c);
}

struct kx_client_action kx_client_start(struct kx_client *c, const struct kx_client_attempt *known,
                                        int64_t now_ms)
{
    if (!kx_policy_allows_url(c->policy, c->url)) {
        kx_client_record(c, "client.policy.origin", "the policy does not list the origin %.*s",
                         (int)c->origin.len, (const char *)c->origin.at);
        return kx_client_finish(c);
    }
    if (known == NULL)
        return kx_client_begin(c);
    c->attempt = *known;
    c->has_attempt = true;
    return resume(c, now_ms);
}
