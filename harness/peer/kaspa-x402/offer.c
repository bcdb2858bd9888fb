/* Offers: asking for one, and whether it holds. */
#include "peer/kaspa-x402/channel_internal.h"

#include "base/url.h"
#include "peer/x402/read.h"

enum { URL_MAX_BYTES = 16384 };

struct assay_json kxp_doc(struct assay_case *t, struct assay_bytes text)
{
    struct assay_json doc = {0};
    struct assay_err err = {0};

    if (x402_document_parse(&doc, case_arena(t), text, false, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "a document of our own cannot be read: %s", err.text);
    return doc;
}

const char *kxp_url_of(struct assay_case *t, struct peer_want want)
{
    struct assay_buf out = ASSAY_BUF_INIT(URL_MAX_BYTES);
    struct assay_err err = {0};
    const char *raw = case_printf(t, "%s%s", peer_base_url(t), want.target);

    if (kx_url_normalise(&out, assay_str(raw), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s is no URL that can be paid for: %s", raw, err.text);
    return (const char *)peer_keep(t, &out).at;
}

static const char *check_identifier(struct assay_case *t, const struct kxp_offer *offer)
{
    struct x402_identifier identifier;
    struct assay_err err = {0};

    if (x402_identifier_read(&identifier, case_arena(t), &offer->doc, offer->required.extensions,
                             &err) != X402_IDENTIFIER_PRESENT)
        return case_printf(t, "it advertises no payment-identifier extension: %s", err.text);
    return identifier.required ? NULL : "it does not say that a payment identifier is required";
}

static const char *check_resource(struct assay_case *t, const struct kxp_offer *offer)
{
    struct assay_buf out = ASSAY_BUF_INIT(URL_MAX_BYTES);
    const char *wanted = kxp_url_of(t, offer->want);

    if (kx_url_normalise(&out, offer->required.url, NULL) == ASSAY_OK &&
        assay_bytes_is(peer_keep(t, &out), wanted))
        return NULL;
    return case_printf(t, "its resource.url is not %s", wanted);
}

/* What is paid: makes the first entry that is of it the chosen one. NULL: there is one, and it
 * holds.
 */
typedef const char *kxp_finder(struct assay_case *t, struct kxp_offer *offer);

/* Entries of the other scheme stand beside these, and are its own finder's to judge. */
static const char *find_exact(struct assay_case *t, struct kxp_offer *offer,
                              enum kx_profile profile)
{
    struct assay_err err = {0};

    for (size_t i = 0; i < offer->required.accept_count; i++) {
        const struct x402_terms *entry = &offer->required.accepts[i];
        enum kx_terms_fault fault;

        if (assay_bytes_is(entry->scheme, KX_SCHEME_BATCH))
            continue;
        fault = kx_terms_read(&offer->terms, case_arena(t), &offer->doc, entry, &err);
        if (fault != KX_TERMS_OK)
            return case_printf(t, "entry %zu of accepts breaks the binding: %s", i, err.text);
        offer->chosen = i;
        if (offer->terms.profile == profile)
            return NULL;
    }
    return case_printf(t, "none of accepts is of the profile %s", kx_profile_name(profile));
}

const char *kxp_find_standard(struct assay_case *t, struct kxp_offer *offer)
{
    return find_exact(t, offer, KX_STANDARD_NATIVE);
}

static const char *find_additive(struct assay_case *t, struct kxp_offer *offer)
{
    return find_exact(t, offer, KX_ADDITIVE);
}

/* Of a binding with fixed charges: an older one beside it is passed over. */
static const char *find_channel(struct assay_case *t, struct kxp_offer *offer)
{
    struct assay_err err = {0};

    for (size_t i = 0; i < offer->required.accept_count; i++) {
        const struct x402_terms *entry = &offer->required.accepts[i];

        if (!assay_bytes_is(entry->scheme, KX_SCHEME_BATCH))
            continue;
        offer->chosen = i;
        offer->batch_fault =
            kx_batch_offer_read(&offer->batch, case_arena(t), &offer->doc, entry, &err);
        if (offer->batch_fault != KX_BATCH_TERMS_OK)
            return case_printf(t, "entry %zu of accepts breaks %s: %s", i,
                               kx_batch_rules[kx_batch_terms_rule(offer->batch_fault)].id,
                               err.text);
        if (offer->batch.binding->is_fixed)
            return NULL;
    }
    return "none of accepts is of scheme " KX_SCHEME_BATCH " with fixed charges";
}

static const char *judge_offer(struct assay_case *t, struct kxp_offer *offer, kxp_finder *find)
{
    const char *fault = peer_status(offer->answer) != 402
                            ? case_printf(t,
                                          "expected 402, got %s (is it a priced route, asked by "
                                          "its own name: `public_url` in the target file?)",
                                          peer_seen(t, offer->answer))
                            : x4p_read_required(t, &offer->doc, &offer->required, offer->answer);

    if (fault == NULL)
        fault = find(t, offer);
    if (fault == NULL)
        fault = check_identifier(t, offer);
    return fault != NULL ? fault : check_resource(t, offer);
}

static struct kxp_offer *read_offer(struct assay_case *t, struct peer_want want,
                                    const struct peer_answer *answer, kxp_finder *find,
                                    const char **fault)
{
    struct kxp_offer *offer = case_alloc(t, sizeof(*offer));

    *offer = (struct kxp_offer){.want = want, .answer = answer, .asked_ms = case_now_ms(t)};
    *fault = judge_offer(t, offer, find);
    return *fault == NULL ? offer : NULL;
}

const struct kxp_offer *kxp_offer_of(struct assay_case *t, struct peer_want want,
                                     const struct peer_answer *answer, const char **fault)
{
    return read_offer(t, want, answer, kxp_find_standard, fault);
}

const struct kxp_offer *kxp_additive_offer_of(struct assay_case *t, struct peer_want want,
                                              const struct peer_answer *answer, const char **fault)
{
    return read_offer(t, want, answer, find_additive, fault);
}

const struct kxp_offer *kxp_channel_offer_of(struct assay_case *t, struct peer_want want,
                                             const struct peer_answer *answer, const char **fault)
{
    return read_offer(t, want, answer, find_channel, fault);
}

static const struct kxp_offer *given(struct assay_case *t, struct peer_want want, kxp_finder *find,
                                     const char *caller)
{
    struct peer_with with = kxp_headers_as(t, caller, NULL);
    struct kxp_tries tries = kxp_tries(t);
    const struct peer_answer *answer;
    const char *fault = NULL;
    struct kxp_offer *offer;

    do
        answer = peer_send(t, "ask for an offer", want, with);
    while (kxp_ask_again(t, &tries, answer));
    offer = read_offer(t, want, answer, find, &fault);
    if (offer == NULL)
        case_end(t, VERDICT_BROKEN, "%s %s without a payment: %s", want.method, want.target, fault);
    offer->caller = caller;
    return offer;
}

const struct kxp_offer *kxp_given_offer(struct assay_case *t, struct peer_want want)
{
    return given(t, want, kxp_find_standard, NULL);
}

const struct kxp_offer *kxp_given_additive_offer(struct assay_case *t, struct peer_want want)
{
    return given(t, want, find_additive, NULL);
}

const struct kxp_offer *kxp_given_channel_offer(struct assay_case *t, struct peer_want want)
{
    return given(t, want, find_channel, NULL);
}

const struct kxp_offer *kxp_given_channel_offer_to(struct assay_case *t, struct peer_want want,
                                                   const char *caller)
{
    return given(t, want, find_channel, caller);
}

const struct kxp_payment *kxp_paid_as(struct assay_case *t, struct peer_want want,
                                      const char *caller)
{
    return kxp_given_payment(t, given(t, want, kxp_find_standard, caller));
}
