/* Sending payments, once, at once, and until it is known what became of them. */
#include "peer/kaspa-x402/peer_internal.h"

#include "http/sock.h"

#define NS_PER_MS INT64_C(1000000)

enum {
    DEFAULT_ACCEPT_WAIT_MS = 10000,
    CALM_MS = 2000,  /* who was cut off from its node may ask it again after a while */
    LEAST_TRIES = 4, /* however long each takes */
    FIRST_PAUSE_MS = 50,
    LONGEST_PAUSE_MS = 400,
};

struct peer_with kxp_headers(const struct kxp_payment *payment)
{
    return (struct peer_with){{{"PAYMENT-SIGNATURE", payment != NULL ? payment->header : NULL}}};
}

struct peer_with kxp_headers_as(struct assay_case *t, const char *caller,
                                const struct kxp_payment *payment)
{
    const struct target_principal *principal =
        caller != NULL ? target_principal(case_target(t), caller) : NULL;
    struct peer_with with = kxp_headers(payment);

    if (caller != NULL && principal == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file has no principal \"%s\"", caller);
    for (size_t i = 0;
         principal != NULL && i < principal->header_count && i + 1 < ARRAY_LEN(with.fields); i++)
        with.fields[i + 1] =
            (struct peer_field){principal->headers[i].name, principal->headers[i].value};
    return with;
}

const struct peer_answer *kxp_send(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct kxp_payment *payment)
{
    return peer_send(t, label, want, kxp_headers(payment));
}

const struct peer_answer *const *kxp_copies(struct assay_case *t, const char *label,
                                            struct peer_want want,
                                            const struct kxp_payment *payment, size_t n)
{
    return peer_burst(t, label, peer_copies(t, want, kxp_headers(payment), n), n);
}

int kxp_accept_wait_ms(struct assay_case *t)
{
    uint64_t stated = case_target(t)->accept_wait_ms;

    return stated > 0 && stated < INT32_MAX / 2 ? (int)stated : DEFAULT_ACCEPT_WAIT_MS;
}

bool kxp_is_later(const struct peer_answer *answer)
{
    int status = peer_status(answer);

    return status == 429 || status == 503 || status == 504;
}

/* Twice the wait for acceptance: the first request may have begun just before the chain accepted.
 */
struct kxp_tries kxp_tries(struct assay_case *t)
{
    int64_t ms = 2 * (int64_t)kxp_accept_wait_ms(t) + CALM_MS;

    return (struct kxp_tries){.until_ns = sock_now_ns() + ms * NS_PER_MS,
                              .least_left = LEAST_TRIES,
                              .pause_ms = FIRST_PAUSE_MS};
}

bool kxp_another_try(struct assay_case *t, struct kxp_tries *tries)
{
    if (tries->least_left <= 0 && sock_now_ns() >= tries->until_ns)
        return false;
    if (tries->least_left > 0)
        tries->least_left--;
    peer_pause(t, tries->pause_ms);
    if (tries->pause_ms < LONGEST_PAUSE_MS)
        tries->pause_ms *= 2;
    return true;
}

bool kxp_ask_again(struct assay_case *t, struct kxp_tries *tries, const struct peer_answer *answer)
{
    return kxp_is_later(answer) && kxp_another_try(t, tries);
}

bool kxp_try_again(struct assay_case *t, struct kxp_tries *tries, const struct peer_answer *answer)
{
    if (!kxp_ask_again(t, tries, answer))
        return false;
    kxp_mine(t, KXP_BLOCKS_MEANWHILE);
    return true;
}

/* One request that is sent again and again; its answers share what was before the first. */
struct repeated {
    const char *label;
    struct peer_want want;
    struct peer_with with;
    struct peer_before before;
    const struct peer_answer *answer;
};

static void ask(struct assay_case *t, struct repeated *r)
{
    r->answer = peer_send_counted(t, case_peer(t), r->label, r->want, r->with, r->before);
}

static void ask_until_known(struct assay_case *t, struct repeated *r, struct kxp_tries tries)
{
    while (kxp_try_again(t, &tries, r->answer))
        ask(t, r);
}

static struct kxp_tries few_tries(void)
{
    return (struct kxp_tries){.least_left = LEAST_TRIES, .pause_ms = FIRST_PAUSE_MS};
}

const struct peer_answer *kxp_send_briefly(struct assay_case *t, const char *label,
                                           struct peer_want want, const struct kxp_payment *payment)
{
    struct repeated r = {
        .label = label, .want = want, .with = kxp_headers(payment), .before = peer_before(t)};

    ask(t, &r);
    ask_until_known(t, &r, few_tries());
    return r.answer;
}

const struct peer_answer *kxp_send_until_known_as(struct assay_case *t, const char *label,
                                                  struct peer_want want,
                                                  const struct kxp_payment *payment,
                                                  const char *caller)
{
    struct repeated r = {.label = label,
                         .want = want,
                         .with = kxp_headers_as(t, caller, payment),
                         .before = peer_before(t)};

    ask(t, &r);
    ask_until_known(t, &r, kxp_tries(t));
    if (!kxp_is_later(r.answer) || !kxp_reconcile(t, payment))
        return r.answer;
    ask_until_known(t, &r, few_tries());
    if (!kxp_is_later(r.answer))
        case_observe(t, "reconcile", "a retry is answered with %d only after this operation",
                     peer_status(r.answer));
    return r.answer;
}

const struct peer_answer *kxp_send_until_known(struct assay_case *t, const char *label,
                                               struct peer_want want,
                                               const struct kxp_payment *payment)
{
    return kxp_send_until_known_as(t, label, want, payment, NULL);
}

const struct peer_answer *kxp_send_until_run(struct assay_case *t, const char *label,
                                             struct peer_want want,
                                             const struct kxp_payment *payment)
{
    struct repeated r = {
        .label = label, .want = want, .with = kxp_headers(payment), .before = peer_before(t)};
    struct kxp_tries tries = kxp_tries(t);

    ask(t, &r);
    while (case_executions(t) == r.before.runs && kxp_try_again(t, &tries, r.answer))
        ask(t, &r);
    return r.answer;
}

/* ---- held by its handler ---- */

/* Waits until that run of the handler, while the chain goes on. pending: NULL, or its request,
 * which may end before. */
static bool reaches_run(struct assay_case *t, uint64_t run, const struct peer_pending *pending,
                        int64_t until_ns)
{
    bool reached = origin_await(case_origin(t), run, FIRST_PAUSE_MS);

    while (!reached && sock_now_ns() < until_ns &&
           (pending == NULL || !peer_is_answered(pending))) {
        kxp_mine(t, KXP_BLOCKS_MEANWHILE);
        reached = origin_await(case_origin(t), run, FIRST_PAUSE_MS);
    }
    return reached;
}

struct peer_pending *kxp_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct kxp_payment *payment)
{
    uint64_t run = origin_executions(case_origin(t)) + 1;
    struct kxp_tries tries = kxp_tries(t);
    const struct peer_answer *answer = NULL;

    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_STALL, .times = 1});
    do {
        int64_t until_ns = sock_now_ns() + (int64_t)case_patience_ms(t) * NS_PER_MS;
        struct peer_pending *pending = peer_send_beside(t, NULL, label, want, kxp_headers(payment));

        if (reaches_run(t, run, pending, until_ns))
            return pending;
        answer = peer_finish(t, pending);
    } while (kxp_try_again(t, &tries, answer));
    case_end(t, VERDICT_BROKEN, "%s: the handler was not asked to run: %s", label,
             peer_seen(t, answer));
}

struct peer_cut *kxp_send_unheard(struct assay_case *t, const char *label, struct peer_want want,
                                  const struct kxp_payment *payment)
{
    uint64_t run = origin_executions(case_origin(t)) + 1;
    int64_t ms = kxp_accept_wait_ms(t) + CALM_MS; /* of a request that may have been put off */

    for (int i = 0; i < LEAST_TRIES; i++) {
        struct peer_cut *cut = peer_send_unheard(t, label, want, kxp_headers(payment));

        if (reaches_run(t, run, NULL, sock_now_ns() + ms * NS_PER_MS))
            return cut;
        peer_hang_up(t, cut);
    }
    case_end(t, VERDICT_BROKEN, "%s: the handler was not asked to run", label);
}
