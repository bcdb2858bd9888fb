/* Sending payments: once, until it is known what became of them, and held at the facilitator. */
#include "peer/x402/peer_internal.h"

enum { FIRST_MS = 2000, NEXT_MS = 150 }; /* what is waited for the first call, and the next one */

struct peer_with x4p_headers(const struct x4p_payment *payment)
{
    return (struct peer_with){{{"PAYMENT-SIGNATURE", payment != NULL ? payment->header : NULL}}};
}

const struct peer_answer *x4p_send(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct x4p_payment *payment)
{
    return peer_send(t, label, want, x4p_headers(payment));
}

const struct peer_answer *x4p_send_until_known(struct assay_case *t, const char *label,
                                               struct peer_want want,
                                               const struct x4p_payment *payment)
{
    struct peer_before before = peer_before(t);
    struct x4p_tries tries = x4p_tries();
    const struct peer_answer *answer;

    do
        answer = peer_send_counted(t, case_peer(t), label, want, x4p_headers(payment), before);
    while (x4p_try_again(t, &tries, answer));
    return answer;
}

/* ---- held at the facilitator ---- */

/* What the scenario asked for, but that calls of this kind are held. */
static void hold(struct x4p_roles *r, enum facilitator_what what)
{
    struct facilitator_behaviour held = r->behaviour;

    if (what == FACILITATOR_VERIFY)
        held.verify.fault = FACILITATOR_HELD;
    else
        held.settle.fault = FACILITATOR_HELD;
    facilitator_behave(r->facilitator, &held);
}

struct release {
    struct x4p_roles *roles;
    enum facilitator_what what;
    uint64_t before, count; /* of calls: when it began, and at which nobody is held any longer */
};

static uint64_t count_of(struct x4p_roles *r, enum facilitator_what what)
{
    return facilitator_counts(r->facilitator).calls[what];
}

static void release(void *with)
{
    const struct release *w = with;
    struct facilitator *f = w->roles->facilitator;
    uint64_t seen = w->before;

    while (seen < w->count &&
           facilitator_await(f, w->what, seen + 1, seen == w->before ? FIRST_MS : NEXT_MS))
        seen = count_of(w->roles, w->what);
    facilitator_behave(f, &w->roles->behaviour);
}

const struct peer_answer *const *x4p_burst_held(struct assay_case *t, const char *label,
                                                const struct peer_shot *shots, size_t n,
                                                enum facilitator_what what)
{
    struct x4p_roles *r = x4p_roles_of(t);
    struct release *with = case_alloc(t, sizeof(*with));

    *with = (struct release){.roles = r, .what = what, .before = count_of(r, what)};
    with->count = with->before + n;
    hold(r, what);
    return peer_burst_beside(t, label, shots, n, release, with);
}

const struct peer_answer *const *x4p_copies_held(struct assay_case *t, const char *label,
                                                 struct peer_want want,
                                                 const struct x4p_payment *payment, size_t n,
                                                 enum facilitator_what what)
{
    return x4p_burst_held(t, label, peer_copies(t, want, x4p_headers(payment), n), n, what);
}

static void let_go(void *with)
{
    struct x4p_roles *r = with;

    facilitator_behave(r->facilitator, &r->behaviour);
}

struct peer_pending *x4p_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct x4p_payment *payment, enum facilitator_what what)
{
    struct x4p_roles *r = x4p_roles_of(t);
    uint64_t count = count_of(r, what) + 1;
    struct peer_pending *pending;

    hold(r, what);
    pending = peer_send_beside(t, NULL, label, want, x4p_headers(payment));
    case_defer(t, let_go, r); /* before its thread is waited for */
    if (!facilitator_await(r->facilitator, what, count, case_patience_ms(t)))
        case_end(t, VERDICT_BROKEN, "%s: the facilitator was not asked", label);
    return pending;
}
