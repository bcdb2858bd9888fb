/* Offers that need not come, many payments, and when an offer ends. */
#include "peer/paid-tools/peer_internal.h"

#include "base/time.h"

enum { FLOOD_BURST = 32 };

const struct pt_offer *pt_try_offer(struct assay_case *t, const char *label, struct peer_want want,
                                    const struct peer_answer **answer)
{
    struct pt_offer *offer = case_alloc(t, sizeof *offer);

    *offer = (struct pt_offer){.want = want, .asked_ms = case_now_ms(t)};
    *answer = pt_send(t, label, want, (struct pt_with){0});
    offer->exchange = (*answer)->exchange;
    if (peer_status(*answer) != 402 ||
        pt_challenge_of(&offer->challenge, *answer, NULL) != ASSAY_OK)
        return NULL;
    return offer;
}

const char *const *given_paid_many(struct assay_case *t, struct peer_want want, size_t n)
{
    const char **headers = case_alloc(t, n * sizeof *headers);
    struct assay_err err = {0};

    for (size_t done = 0; done < n;) {
        size_t some = n - done < FLOOD_BURST ? n - done : FLOOD_BURST;
        struct pt_offer offer = {.want = want, .asked_ms = case_now_ms(t)};
        const struct peer_answer *const *answers =
            pt_copies(t, "ask for offers", want, (struct pt_with){0}, some);

        for (size_t i = 0; i < some; i++) {
            if (peer_status(answers[i]) != 402 ||
                pt_challenge_of(&offer.challenge, answers[i], &err) != ASSAY_OK)
                case_end(t, VERDICT_BROKEN, "%s: expected 402 with a challenge, got %s",
                         answers[i]->label, pt_seen(t, answers[i]));
            headers[done++] = pt_header(t, given_payment(t, &offer));
        }
    }
    return headers;
}

int64_t pt_expiry_ms(struct assay_case *t, const struct pt_challenge *challenge)
{
    int64_t ms = 0;

    if (assay_time_parse(&ms, assay_str(challenge->expires_at)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the challenge's expiresAt is no time of the one form: %s",
                 challenge->expires_at);
    return ms;
}
