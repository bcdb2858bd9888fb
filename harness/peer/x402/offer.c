/* Offers: asking for one, and what can be paid of it; see peer.h. */
#include "peer/x402/peer_internal.h"

enum { TRIES = 12, FIRST_PAUSE_MS = 25, LONGEST_PAUSE_MS = 400 };

struct x4p_tries x4p_tries(void)
{
    return (struct x4p_tries){.left = TRIES, .pause_ms = FIRST_PAUSE_MS};
}

bool x4p_another_try(struct assay_case *t, struct x4p_tries *tries)
{
    if (tries->left <= 0)
        return false;
    tries->left--;
    peer_pause(t, tries->pause_ms);
    if (tries->pause_ms < LONGEST_PAUSE_MS)
        tries->pause_ms *= 2;
    return true;
}

bool x4p_try_again(struct assay_case *t, struct x4p_tries *tries, const struct peer_answer *answer)
{
    return x4p_is_later(answer) && x4p_another_try(t, tries);
}

/* The tree and the terms of the chosen entry. */
static void choose(struct x4p_offer *offer, size_t entry)
{
    offer->chosen = entry;
    offer->terms = &offer->required.accepts[entry];
    offer->accepted = json_array_get(json_object_get(offer->tree, "accepts"), entry);
}

const char *x4p_choose(struct assay_case *t, struct x4p_offer *offer)
{
    const struct x4p_roles *r = x4p_roles_of(t);

    for (size_t i = 0; i < offer->required.accept_count; i++)
        if (x4p_is_settled_by(r, &offer->required.accepts[i])) {
            choose(offer, i);
            return NULL;
        }
    return "none of its entries is of a kind that the facilitator of this run settles (name it in "
           "`supports`: \"kind:SCHEME,NETWORK\")";
}

static const char *read_offer(struct assay_case *t, struct x4p_offer *offer)
{
    struct assay_json *doc = case_alloc(t, sizeof(*doc));
    const char *fault;

    if (peer_status(offer->answer) != 402)
        return case_printf(t, "expected 402, got %s (is it a priced route?)",
                           peer_seen(t, offer->answer));
    if ((fault = x4p_read_required(t, doc, &offer->required, offer->answer)) != NULL)
        return fault;
    offer->doc = doc;
    offer->tree = peer_tree(t, x4p_header_text(t, offer->answer, "PAYMENT-REQUIRED"));
    return x4p_choose(t, offer);
}

const struct x4p_offer *x4p_offer_of(struct assay_case *t, struct peer_want want,
                                     const struct peer_answer *answer, const char **fault)
{
    struct x4p_offer *offer = case_alloc(t, sizeof(*offer));

    *offer = (struct x4p_offer){.want = want, .answer = answer, .asked_ms = case_now_ms(t)};
    *fault = read_offer(t, offer);
    return *fault == NULL ? offer : NULL;
}

/* A server may end a connection that it has kept, as the next request is on its way; who asks for
 * an offer loses nothing by asking once more, on a new one (RFC 9110, section 9.2.2). */
static bool was_closed_before(bool *once, const struct peer_answer *answer)
{
    bool again = !*once && answer->exchange->kept_ended;

    *once = *once || again;
    return again;
}

const struct x4p_offer *x4p_given_offer(struct assay_case *t, struct peer_want want)
{
    struct x4p_tries tries = x4p_tries();
    const struct x4p_offer *offer;
    bool closed = false;
    const struct peer_answer *answer;
    const char *fault = NULL;

    do
        answer = x4p_send(t, "ask for an offer", want, NULL);
    while (was_closed_before(&closed, answer) || x4p_try_again(t, &tries, answer));
    offer = x4p_offer_of(t, want, answer, &fault);
    if (offer == NULL)
        case_end(t, VERDICT_BROKEN, "%s %s without a payment: %s", want.method, want.target, fault);
    return offer;
}

const struct x4p_offer *x4p_other_offer(struct assay_case *t, const struct x4p_offer *offer)
{
    const struct x4p_roles *r = x4p_roles_of(t);
    struct x4p_offer *other = case_alloc(t, sizeof(*other));

    *other = *offer;
    for (size_t i = 0; i < offer->required.accept_count; i++) {
        const struct x402_terms *terms = &offer->required.accepts[i];

        if (!x4p_is_settled_by(r, terms) ||
            (assay_bytes_equal(terms->network, offer->terms->network) &&
             assay_bytes_equal(terms->asset, offer->terms->asset)))
            continue;
        choose(other, i);
        return other;
    }
    case_end(t, VERDICT_UNSUPPORTED, "what is priced is offered in one way alone");
}

const struct x4p_offer *x4p_opaque_offer(struct assay_case *t, struct peer_want want)
{
    const struct x4p_roles *r = x4p_roles_of(t);
    struct x4p_offer *offer = case_alloc(t, sizeof(*offer));

    *offer = *x4p_given_offer(t, want);
    for (size_t i = 0; i < offer->required.accept_count; i++) {
        const struct x402_terms *terms = &offer->required.accepts[i];

        if (x4p_is_settled_by(r, terms) && strcmp(x4p_plugin_name(terms), "opaque") == 0) {
            choose(offer, i);
            return offer;
        }
    }
    case_end(t, VERDICT_UNSUPPORTED, "nothing is offered whose payload is opaque to us");
}
