/* What the server, the wallet, the folder and the node tell, and what is wanted next; see
 * kx_client.h.
 */
#include "client/kx_client_internal.h"

#include "defects/defects.h"

/* ---- answers of the server ---- */

static bool may_pass(int status)
{
    return status == 409 || status == 429 || status == 503 || status == 504;
}

/* The same request once more, as often as the job allows. False: not again. */
static bool again(struct kx_client *c, struct kx_client_action *action, int64_t wait_ms)
{
    if (c->retries_left == 0 && !REF_DEFECT(kx_client_retry_unbounded))
        return false;
    c->retries_left -= c->retries_left > 0;
    *action = kx_client_fetch(c, c->step, wait_ms);
    return true;
}

/* Of a defect: the same request, with its payment, to wherever the server says. */
static struct kx_client_action follow(struct kx_client *c, struct assay_bytes location)
{
    struct kx_client_action action = kx_client_fetch(c, c->step, 0);

    action.url = assay_arena_copy(&c->arena, location);
    return action;
}

static struct kx_client_action redirected(struct kx_client *c, const struct kx_client_reply *reply,
                                          int64_t now_ms)
{
    if (REF_DEFECT(kx_client_redirect) && reply->location.count == 1)
        return follow(c, reply->location.value);
    kx_client_record(c, "client.redirect",
                     "the server redirects (%d), which a payment never follows", reply->status);
    return kx_client_stop(c, now_ms);
}

static void keep_answer(struct kx_client *c, const struct kx_client_reply *reply)
{
    c->outcome.body = reply->body;
    c->outcome.content_type = reply->content_type;
}

static struct kx_client_action asked_to_pay(struct kx_client *c,
                                            const struct kx_client_reply *reply)
{
    if (!kx_client_take_challenge(c, &reply->required))
        return kx_client_finish(c);
    if (REF_DEFECT(kx_client_source_unasked))
        return kx_client_call(c, KX_CLIENT_STEP_NETWORK, "networkId", ASSAY_LIT("{}"));
    return kx_client_ask_source(c, KX_CLIENT_STEP_SOURCE);
}

static struct kx_client_action answered_unpaid(struct kx_client *c,
                                               const struct kx_client_reply *reply, int64_t now_ms)
{
    struct kx_client_action action;

    if (reply->status == 402)
        return asked_to_pay(c, reply);
    if (may_pass(reply->status) && again(c, &action, kx_client_retry_after(c, &reply->retry_after)))
        return action;
    if (reply->status < 300) {
        keep_answer(c, reply);
        return kx_client_close(c);
    }
    kx_client_record(c, NULL, "the server answered %d before it was paid", reply->status);
    return kx_client_stop(c, now_ms);
}

/* Of defects that take an answer for permission to sign once more. */
static struct kx_client_action pay_anew(struct kx_client *c)
{
    c->retries_left--;
    c->job.random[0]++;
    return kx_client_begin(c);
}

/* A second 402 is a new offer and no permission: this payment may still arrive (KX-191, F5). */
struct kx_client_action kx_client_asked_again(struct kx_client *c, int64_t now_ms)
{
    if (REF_DEFECT(kx_client_pays_again) && c->retries_left > 0)
        return pay_anew(c);
    kx_client_record(c, "client.artifact.once",
                     "the server asks for another payment after it was given one; nothing more "
                     "is signed while that one may arrive");
    return kx_client_settle(c, now_ms);
}

static struct kx_client_action answered_paid(struct kx_client *c,
                                             const struct kx_client_reply *reply, int64_t now_ms)
{
    struct kx_client_action action;

    c->outcome.word = kx_client_word_of(c, &reply->response);
    if (c->is_batch && c->outcome.word == KX_CLIENT_SAID_PAID)
        kx_client_charged(c);
    if (reply->status == 402)
        return c->is_batch ? kx_client_refused(c, reply, now_ms) : kx_client_asked_again(c, now_ms);
    if (REF_DEFECT(kx_client_retry_signs) && may_pass(reply->status) && c->retries_left > 0)
        return pay_anew(c);
    if (may_pass(reply->status) && c->outcome.word != KX_CLIENT_SAID_PAID &&
        again(c, &action, kx_client_retry_after(c, &reply->retry_after)))
        return action;
    /* A handler may answer with any status; only what is said to be paid for is its answer. */
    if (reply->status < 300 || c->outcome.word == KX_CLIENT_SAID_PAID)
        keep_answer(c, reply);
    else
        kx_client_record(c, NULL, "the server answered %d to the payment", reply->status);
    return kx_client_settle(c, now_ms);
}

/* No answer may come next time; what cannot be asked at all, cannot be asked again. */
static struct kx_client_action not_answered(struct kx_client *c, enum assay_code code,
                                            const struct assay_err *err, int64_t now_ms)
{
    static const struct kx_client_field none = {.count = 0};
    bool is_asked = code == ASSAY_E_TIMEOUT || code == ASSAY_E_CLOSED || code == ASSAY_E_IO;
    struct kx_client_action action;

    if (is_asked && again(c, &action, kx_client_retry_after(c, &none)))
        return action;
    return kx_client_stop_for(c, code == ASSAY_E_TOO_LARGE ? "client.bounds" : NULL,
                              "the server gave no answer", code, err, now_ms);
}

struct kx_client_action kx_client_fetched(struct kx_client *c, enum assay_code code,
                                          const struct kx_client_reply *reply,
                                          const struct assay_err *err, int64_t now_ms)
{
    if (code != ASSAY_OK)
        return not_answered(c, code, err, now_ms);
    c->outcome.status = reply->status;
    if (reply->status >= 300 && reply->status < 400)
        return redirected(c, reply, now_ms);
    return c->step == KX_CLIENT_STEP_PAID ? answered_paid(c, reply, now_ms)
                                          : answered_unpaid(c, reply, now_ms);
}

/* ---- answers of the wallet ---- */

static bool names_required(struct kx_client *c, struct assay_bytes answer)
{
    return kx_client_is_required(c, kx_client_result_text(c, answer));
}

/* The wallet's own word on where its funds are from, by itself and before all else (F1). */
bool kx_client_judge_source(struct kx_client *c, struct assay_bytes answer)
{
    struct assay_bytes kind = kx_client_result_text(c, answer);

    c->is_source_known = kx_client_is_required(c, kind);
    return c->is_source_known ||
           kx_client_object(c, "client.source",
                            "the wallet's source is \"%.*s\", the policy requires %.*s",
                            (int)assay_bytes_part(kind, 0, 60).len, (const char *)kind.at,
                            (int)c->policy->source.len, (const char *)c->policy->source.at);
}

static struct kx_client_action sign(struct kx_client *c)
{
    struct assay_bytes intent = kx_client_intent_text(c, c->attempt.intent_hash);

    if (intent.at != NULL)
        return kx_client_call(c, KX_CLIENT_STEP_SIGN, "payExactTransaction", intent);
    kx_client_record(c, NULL, "out of memory");
    return kx_client_finish(c);
}

/* The source may have changed since the offer: it is asked for right before the signature. */
static struct kx_client_action confirm_source(struct kx_client *c)
{
    if (REF_DEFECT(kx_client_source_once) || REF_DEFECT(kx_client_source_unasked))
        return sign(c);
    return kx_client_ask_source(c, KX_CLIENT_STEP_CONFIRM);
}

static struct kx_client_action judge_network(struct kx_client *c, struct assay_bytes answer,
                                             int64_t now_ms)
{
    if (!assay_bytes_equal(kx_client_result_text(c, answer), c->terms.network_text) &&
        !REF_DEFECT(kx_client_wallet_network)) {
        kx_client_record(c, "client.mainnet", "the wallet works on another network than %.*s",
                         (int)c->terms.network_text.len, (const char *)c->terms.network_text.at);
        return kx_client_stop(c, now_ms);
    }
    if (c->is_refund)
        return kx_client_look_at_head(c, KX_CLIENT_STEP_HEAD, now_ms);
    if (c->is_batch)
        return kx_client_find(c, KX_CLIENT_STEP_CHANNEL);
    if (!c->has_attempt && !kx_client_intend(c, now_ms))
        return kx_client_finish(c);
    return REF_DEFECT(kx_client_intent_unsaved) ? confirm_source(c)
                                                : kx_client_save(c, KX_CLIENT_STEP_INTEND);
}

static struct kx_client_action keep(struct kx_client *c)
{
    c->attempt.state = KX_CLIENT_SIGNED;
    if (REF_DEFECT(kx_client_saved_late))
        return kx_client_fetch(c, KX_CLIENT_STEP_PAID, 0);
    return kx_client_save(c, KX_CLIENT_STEP_KEEP);
}

static struct kx_client_action signed_by_wallet(struct kx_client *c, struct assay_bytes answer,
                                                int64_t now_ms)
{
    if (!kx_client_take_artifact(c, answer, now_ms))
        return kx_client_finish(c);
    if (!c->job.has_node)
        return keep(c);
    return kx_client_look_for(c, false) ? kx_client_look(c, KX_CLIENT_STEP_COINS, 0)
                                        : kx_client_finish(c);
}

/* After the wallet has been told, or could not be. */
static struct kx_client_action released(struct kx_client *c)
{
    return c->goes_on ? kx_client_begin(c) : kx_client_finish(c);
}

struct kx_client_action kx_client_called(struct kx_client *c, enum assay_code code,
                                         struct assay_bytes answer, const struct assay_err *err,
                                         int64_t now_ms)
{
    if (c->step == KX_CLIENT_STEP_RELEASE)
        return released(c);
    if (c->step == KX_CLIENT_STEP_LAST_SOURCE)
        return code == ASSAY_OK && names_required(c, answer) ? kx_client_release(c) : released(c);
    if (c->step == KX_CLIENT_STEP_KEY && c->is_key_early)
        return kx_client_consent_late(c);
    if (c->step == KX_CLIENT_STEP_FINALIZE || c->step == KX_CLIENT_STEP_GIVEN_UP)
        /* the wallet's own affair, whatever it says */
        return kx_client_channel_called(c, answer, now_ms);
    if (code == ASSAY_E_DENIED && c->step == KX_CLIENT_STEP_FUND)
        return kx_client_not_funded(c, kx_client_reason(code, err), now_ms);
    if (code != ASSAY_OK)
        return kx_client_stop_for(c, NULL, "the wallet gave no answer that can be used", code, err,
                                  now_ms);
    if (kx_client_is_of_channel(c->step))
        return kx_client_channel_called(c, answer, now_ms);
    if (c->step == KX_CLIENT_STEP_NETWORK)
        return judge_network(c, answer, now_ms);
    if (c->step == KX_CLIENT_STEP_SIGN)
        return signed_by_wallet(c, answer, now_ms);
    if (!kx_client_judge_source(c, answer))
        return kx_client_stop(c, now_ms);
    return c->step == KX_CLIENT_STEP_SOURCE
               ? kx_client_call(c, KX_CLIENT_STEP_NETWORK, "networkId", ASSAY_LIT("{}"))
               : sign(c);
}

/* ---- the folder, and the node ---- */

struct kx_client_action kx_client_saved(struct kx_client *c, enum assay_code code,
                                        const struct assay_err *err, int64_t now_ms)
{
    if (code != ASSAY_OK && kx_client_is_of_channel(c->step))
        return kx_client_channel_unsaved(c, code, err);
    if (code != ASSAY_OK) {
        if (c->step == KX_CLIENT_STEP_KEEP)
            c->attempt.state = KX_CLIENT_INTENDED; /* and so it does not leave */
        kx_client_record(c, "client.artifact.persisted", "the attempt cannot be saved: %s",
                         kx_client_reason(code, err));
        return kx_client_finish(c);
    }
    if (kx_client_is_of_channel(c->step))
        return kx_client_channel_saved(c, now_ms);
    if (c->step == KX_CLIENT_STEP_INTEND)
        return confirm_source(c);
    if (c->step == KX_CLIENT_STEP_KEEP)
        return kx_client_fetch(c, KX_CLIENT_STEP_PAID, 0);
    if (c->step == KX_CLIENT_STEP_HAND_ON)
        return kx_client_close(c);
    return c->step == KX_CLIENT_STEP_RESUMED ? kx_client_resumed(c, now_ms) : kx_client_closed(c);
}

static struct kx_client_action saw_coins(struct kx_client *c, const struct kx_sight *sight,
                                         int64_t now_ms)
{
    return kx_client_judge_coins(c, sight, now_ms) ? keep(c) : kx_client_finish(c);
}

static struct kx_client_action saw_earlier(struct kx_client *c, int64_t now_ms)
{
    return c->attempt.state == KX_CLIENT_SIGNED ? kx_client_send_again(c, now_ms)
                                                : kx_client_save(c, KX_CLIENT_STEP_RESUMED);
}

static struct kx_client_action saw_payment(struct kx_client *c, int64_t now_ms)
{
    if (c->attempt.state == KX_CLIENT_SIGNED && now_ms < c->until_ms)
        return kx_client_look(c, KX_CLIENT_STEP_SETTLE, c->job.poll_ms);
    if (c->attempt.state == KX_CLIENT_ABSENT)
        kx_client_record(c, NULL,
                         "a confirmed transaction spends the coins of the payment: "
                         "it can never arrive");
    return kx_client_close(c);
}

struct kx_client_action kx_client_looked(struct kx_client *c, enum assay_code code,
                                         const struct kx_sight *sight, const struct assay_err *err,
                                         int64_t now_ms)
{
    if (kx_client_is_of_channel(c->step))
        return kx_client_channel_looked(c, code, sight, err, now_ms);
    if (c->step == KX_CLIENT_STEP_COINS)
        return code == ASSAY_OK
                   ? saw_coins(c, sight, now_ms)
                   : kx_client_stop_for(c, NULL, "the node cannot be asked for the coins", code,
                                        err, now_ms);
    if (code == ASSAY_OK)
        c->attempt.state = kx_client_state_of(c, sight);
    return c->step == KX_CLIENT_STEP_RESUME ? saw_earlier(c, now_ms) : saw_payment(c, now_ms);
}
