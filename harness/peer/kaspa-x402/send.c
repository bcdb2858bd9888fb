/* Sending payments, once, at once, and until it is known what became of them. */
#include "peer/kaspa-x402/peer_internal.h"

enum { RETRY_PAUSE_MS = 50, DEFAULT_ACCEPT_WAIT_MS = 10000, RETRIES_MAX = 400 };

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
 * The chain goes on meanwhile, as chains do, for who waits for confirmations. */
const struct peer_answer *kxp_send_until_known_as(struct assay_case *t, const char *label,
                                                  struct peer_want want,
                                                  const struct kxp_payment *payment,
                                                  const char *caller)
{
    struct peer_before before = peer_before(t);
    struct peer_with with = kxp_headers_as(t, caller, payment);
    const struct peer_answer *answer = peer_send(t, label, want, with);
    int tries = 2 * kxp_accept_wait_ms(t) / RETRY_PAUSE_MS;

    for (int i = 0; i < tries && i < RETRIES_MAX && kxp_is_later(answer); i++) {
        peer_pause(t, RETRY_PAUSE_MS);
        if (kxp_is_mining(t))
            kxp_mine(t, 1);
        answer = peer_send_counted(t, case_peer(t), label, want, with, before);
    }
    return answer;
}

const struct peer_answer *kxp_send_until_known(struct assay_case *t, const char *label,
                                               struct peer_want want,
                                               const struct kxp_payment *payment)
{
    return kxp_send_until_known_as(t, label, want, payment, NULL);
}
