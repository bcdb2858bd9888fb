/* Sending with the headers of paid-tools. */
#include "peer/paid-tools/peer_internal.h"

struct peer_with pt_headers(struct assay_case *t, struct peer_want want, struct pt_with with)
{
    return (struct peer_with){
        {{"Accept", pt_is_mcp(t, want) ? "application/json, text/event-stream" : NULL},
         {"X-Payment-Proof", with.proof},
         {"PAYMENT-SIGNATURE", with.bridge},
         {"Idempotency-Key", with.key},
         {with.extra_name, with.extra_name != NULL ? with.extra_value : NULL}}};
}

const struct peer_answer *pt_send(struct assay_case *t, const char *label, struct peer_want want,
                                  struct pt_with with)
{
    return peer_send(t, label, want, pt_headers(t, want, with));
}

const struct peer_answer *pt_send_to(struct assay_case *t, struct instance *instance,
                                     const char *label, struct peer_want want, struct pt_with with)
{
    return peer_send_to(t, instance, label, want, pt_headers(t, want, with));
}

struct peer_pending *given_running(struct assay_case *t, const char *label, struct peer_want want,
                                   struct pt_with with)
{
    return peer_send_held(t, label, want, pt_headers(t, want, with));
}

const struct peer_answer *pt_send_during(struct assay_case *t, const struct peer_pending *pending,
                                         const char *label, struct peer_want want,
                                         struct pt_with with)
{
    return peer_send_during(t, pending, label, want, pt_headers(t, want, with));
}

static const struct peer_shot *shots_of(struct assay_case *t, const struct peer_want *wants,
                                        const struct pt_with *withs, size_t n)
{
    struct peer_shot *shots = case_alloc(t, n * sizeof *shots);

    for (size_t i = 0; i < n; i++)
        shots[i] = (struct peer_shot){.want = wants[i], .with = pt_headers(t, wants[i], withs[i])};
    return shots;
}

const struct peer_answer *const *pt_burst(struct assay_case *t, const char *label,
                                          const struct peer_want *wants,
                                          const struct pt_with *withs, size_t n)
{
    return peer_burst(t, label, shots_of(t, wants, withs, n), n);
}

const struct peer_answer *const *pt_burst_held(struct assay_case *t, const char *label,
                                               const struct peer_want *wants,
                                               const struct pt_with *withs, size_t n)
{
    return peer_burst_held(t, label, shots_of(t, wants, withs, n), n);
}

const struct peer_answer *const *pt_copies(struct assay_case *t, const char *label,
                                           struct peer_want want, struct pt_with with, size_t n)
{
    return peer_burst(t, label, peer_copies(t, want, pt_headers(t, want, with), n), n);
}

struct assay_bytes pt_bytes(struct assay_case *t, struct peer_want want, struct pt_with with,
                            bool close)
{
    return peer_bytes(t, want, pt_headers(t, want, with), close);
}

const struct peer_answer *pt_series_send(struct assay_case *t, struct peer_series *series,
                                         struct peer_want want, struct pt_with with)
{
    return peer_series_send(t, series, want, pt_headers(t, want, with));
}
