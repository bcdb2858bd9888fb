/* Payments: honest ones, and other spellings of them; see peer.h. */
#include "peer/x402/peer_internal.h"

static void encode(struct assay_case *t, struct x4p_payment *payment)
{
    payment->header = peer_base64(t, assay_str(peer_tree_text(t, payment->tree)));
}

/* What the offer advertises, and an identifier where it has those (digest, section 7). */
static json_t *extensions_of(struct assay_case *t, const struct x4p_offer *offer)
{
    json_t *all = json_deep_copy(json_object_get(offer->tree, "extensions"));

    if (peer_tree_get(all, "payment-identifier.info") != NULL)
        peer_tree_set_text(all, "payment-identifier.info.id", peer_identifier(t));
    return all;
}

static json_t *document_of(struct assay_case *t, const struct x4p_offer *offer, json_t *payload)
{
    json_t *resource = json_object_get(offer->tree, "resource");
    json_t *tree = json_pack("{s:i, s:O, s:O}", "x402Version", X402_VERSION, "accepted",
                             offer->accepted, "payload", payload);
    json_t *extensions = extensions_of(t, offer);

    (void)case_owned(t, tree);
    if (resource != NULL)
        (void)json_object_set(tree, "resource", resource);
    if (extensions != NULL)
        (void)json_object_set_new(tree, "extensions", extensions);
    return tree;
}

/* One payer a case: a server may keep to so many payments of one, and an instance may live through
 * thousands of cases. */
static struct assay_bytes payer_of(struct assay_case *t)
{
    const struct scenario *s = case_scenario(t);
    size_t index = s->rows == NULL
                       ? 0
                       : (size_t)((const char *)case_row(t) - (const char *)s->rows) / s->row_bytes;

    return assay_str(
        case_printf(t, "assay x402 payer of %s/%s", s->name, scenario_case_name(s, index)));
}

const struct x4p_payment *x4p_bent(struct assay_case *t, const struct x4p_offer *offer,
                                   struct x4p_bend bend)
{
    struct x4p_payment *payment = case_alloc(t, sizeof(*payment));
    struct x4p_ask ask = {.offer = offer->doc,
                          .terms = offer->terms,
                          .payer = payer_of(t),
                          .now_ms = case_now_ms(t),
                          .arena = case_arena(t),
                          .bend = bend};
    struct assay_err err = {0};

    /* Not from the case's seed: what must never have been used may not repeat when the run does. */
    if (assay_random_system(ask.fresh, sizeof(ask.fresh)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the system gives no random bytes");
    *payment = (struct x4p_payment){.offer = offer};
    if (x4p_payload_make(&payment->payload, &ask, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s", err.text);
    payment->tree = document_of(t, offer, case_owned(t, payment->payload.json));
    encode(t, payment);
    return payment;
}

const struct x4p_payment *x4p_given_payment(struct assay_case *t, const struct x4p_offer *offer)
{
    return x4p_bent(t, offer, (struct x4p_bend){0});
}

const struct x4p_payment *x4p_paid(struct assay_case *t, struct peer_want want)
{
    return x4p_given_payment(t, x4p_given_offer(t, want));
}

const struct x4p_payment *const *x4p_paid_many(struct assay_case *t, struct peer_want want,
                                               size_t n)
{
    const struct x4p_payment **payments = case_alloc(t, n * sizeof(void *));
    const struct x4p_offer *offer = x4p_given_offer(t, want);

    for (size_t i = 0; i < n; i++)
        payments[i] = x4p_given_payment(t, offer);
    return payments;
}

/* ---- other spellings ---- */

static struct x4p_payment *copy_of(struct assay_case *t, const struct x4p_payment *paid)
{
    struct x4p_payment *copy = case_alloc(t, sizeof(*copy));

    *copy = *paid;
    return copy;
}

static const struct x4p_payment *with_value(struct assay_case *t, const struct x4p_payment *paid,
                                            const char *path, json_t *value)
{
    struct x4p_payment *copy = copy_of(t, paid);

    copy->tree = case_owned(t, json_deep_copy(paid->tree));
    peer_tree_set(copy->tree, path, value);
    encode(t, copy);
    return copy;
}

const struct x4p_payment *x4p_with(struct assay_case *t, const struct x4p_payment *paid,
                                   const char *path, const char *json)
{
    return with_value(t, paid, path,
                      json != NULL ? json_incref(peer_tree(t, assay_str(json))) : NULL);
}

const struct x4p_payment *x4p_with_word(struct assay_case *t, const struct x4p_payment *paid,
                                        const char *path, const char *word)
{
    return with_value(t, paid, path, json_incref(case_owned(t, json_string(word))));
}

const struct x4p_payment *x4p_reused(struct assay_case *t, const struct x4p_offer *offer,
                                     const struct x4p_payment *paid)
{
    return with_value(t, x4p_given_payment(t, offer), "payload",
                      json_incref(json_object_get(paid->tree, "payload")));
}

const struct x4p_payment *x4p_with_document(struct assay_case *t, const struct x4p_payment *paid,
                                            struct assay_bytes text)
{
    return x4p_with_header(t, paid, peer_base64(t, text));
}

const struct x4p_payment *x4p_with_header(struct assay_case *t, const struct x4p_payment *paid,
                                          const char *header)
{
    struct x4p_payment *copy = copy_of(t, paid);

    copy->header = header;
    copy->tree = NULL;
    return copy;
}

struct assay_bytes x4p_document(struct assay_case *t, const struct x4p_payment *paid)
{
    if (paid->tree == NULL)
        case_end(t, VERDICT_BROKEN, "what is sent there is no document");
    return assay_str(peer_tree_text(t, paid->tree));
}
