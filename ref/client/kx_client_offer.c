/* From a challenge to the offer that is paid: the resource, the identifier, the policy. Source:
 * Kaspa x402 client digest, F2 to F4 and F11; exact digest, sections 2.2, 3.1, 12 and 20. */
#include "client/kx_client_internal.h"

#include "base/decimal.h"
#include "defects/defects.h"

static bool names_resource(const struct kx_client *c, struct assay_bytes named)
{
    if (REF_DEFECT(kx_client_resource_origin))
        return assay_bytes_equal(assay_bytes_part(named, 0, c->origin.len + 1),
                                 assay_bytes_part(c->url, 0, c->origin.len + 1));
    return assay_bytes_equal(named, c->url) || REF_DEFECT(kx_client_resource);
}

/* The resource is the URL that was asked for, whatever is advertised (KX-192). */
static bool judge_resource(struct kx_client *c)
{
    struct assay_buf url = ASSAY_BUF_INIT(X402_STRING_MAX_BYTES * 3);
    bool is_same = kx_url_normalise(&url, c->required.url, NULL) == ASSAY_OK &&
                   names_resource(c, assay_buf_view(&url));

    if (REF_DEFECT(kx_client_resource_signed))
        c->request.url = assay_arena_copy(&c->arena, assay_buf_view(&url));
    assay_buf_fini(&url);
    return is_same || REF_DEFECT(kx_client_resource_signed) ||
           kx_client_object(c, "client.resource",
                            "the challenge is for the resource %.*s, and not for the "
                            "one that was asked for",
                            (int)assay_bytes_part(c->required.url, 0, 200).len,
                            (const char *)c->required.url.at);
}

/* Without an identifier of its own the payer could not tell its attempts apart (F5). */
static bool read_identifier(struct kx_client *c)
{
    struct assay_err err = {0};

    switch (x402_identifier_read(&c->advertised, &c->arena, &c->challenge, c->required.extensions,
                                 &err)) {
    case X402_IDENTIFIER_ABSENT:
        return kx_client_object(c, NULL,
                                "the challenge advertises no payment-identifier extension");
    case X402_IDENTIFIER_MALFORMED:
        return kx_client_object(c, NULL, "the challenge: %s", err.text);
    case X402_IDENTIFIER_PRESENT:
        break;
    }
    return c->advertised.id.len == 0 ||
           kx_client_object(
               c, "client.artifact.once",
               "the challenge brings a payment identifier: that is the payer's to make");
}

static bool read_required(struct kx_client *c, struct assay_bytes json)
{
    struct assay_err err = {0};

    if (x402_document_parse(&c->challenge, &c->arena, json, true, &err) != ASSAY_OK)
        return kx_client_object(c, "client.bounds", "the challenge: %s", err.text);
    if (x402_required_read_known(&c->required, &c->arena, &c->challenge, &err) != X402_FAULT_NONE)
        return kx_client_object(c, "client.skip", "the challenge: %s", err.text);
    return judge_resource(c) && read_identifier(c);
}

void kx_client_believe_hash(struct kx_client *c, const struct assay_json *doc, uint32_t terms)
{
    struct assay_bytes text;

    if (REF_DEFECT(kx_client_server_hash) &&
        x402_text(&text, &c->arena, doc, assay_json_member(doc, terms, "extra"), "requestHash"))
        c->request.request_hash = (const char *)assay_arena_copy(&c->arena, text).at;
}

static bool hash_request(struct kx_client *c)
{
    uint32_t token = c->terms.token;
    bool is_hashed =
        kx_requirements_hash(c->requirements_hash, &c->challenge, token, NULL) == ASSAY_OK;

    kx_client_believe_hash(c, &c->challenge, token);
    is_hashed = is_hashed &&
                kx_fingerprint(c->fingerprint, &c->request, c->requirements_hash, NULL) == ASSAY_OK;
    return is_hashed || kx_client_object(c, NULL, "the request cannot be hashed");
}

bool kx_client_judge_offer(struct kx_client *c)
{
    struct kx_terms terms = c->terms;
    struct assay_err err = {0};
    const char *rule;

    if (REF_DEFECT(kx_client_amount_first))
        (void)!assay_decimal_u64(&terms.amount, c->required.accepts[0].amount);
    rule = c->is_batch ? kx_policy_judge_batch(c->policy, &c->batch, c->url, &err)
                       : kx_policy_judge(c->policy, &terms, &err);
    return rule == NULL || kx_client_object(c, rule, "%s", err.text);
}

/* Whether an offer is one that this client understands; else err says why not. */
static bool read_terms(struct kx_client *c, size_t i, struct assay_err *err)
{
    return kx_terms_read(&c->terms, &c->arena, &c->challenge, &c->required.accepts[i], err) ==
           KX_TERMS_OK;
}

/* The first offer that is understood and that the policy allows; others are skipped (F11). What an
 * offer that was understood is refused for is the reason that counts. */
static bool choose(struct kx_client *c)
{
    struct assay_err unknown = {0};

    if (c->policy->batch.is_allowed && kx_client_choose_batch(c))
        return true;
    for (size_t i = 0; i < c->required.accept_count; i++) {
        if (!read_terms(c, i, &unknown)) {
            if (REF_DEFECT(kx_client_skip_fatal))
                break;
            continue;
        }
        if (kx_client_judge_offer(c)) {
            c->attempt.offer = i;
            c->err = (struct assay_err){0};
            c->outcome.rule = NULL;
            return hash_request(c);
        }
        if (REF_DEFECT(kx_client_skip_first))
            break;
    }
    return kx_client_object(c, "client.skip", "no offer is understood%s%s",
                            unknown.code != ASSAY_OK ? ": " : "", unknown.text);
}

bool kx_client_take_challenge(struct kx_client *c, const struct kx_client_field *header)
{
    struct assay_err err = {0};
    struct assay_bytes json;

    if (header->count != 1)
        return kx_client_object(c, NULL,
                                "the server asks for a payment with %zu " KX_CLIENT_HEADER_REQUIRED
                                " headers instead of one",
                                header->count);
    if (x402_header_decode(&json, &c->arena, header->value, &err) != ASSAY_OK)
        return kx_client_object(c, "client.bounds", KX_CLIENT_HEADER_REQUIRED ": %s", err.text);
    if (!read_required(c, json) || !choose(c))
        return false;
    c->attempt.challenge = json;
    return true;
}

bool kx_client_retake_challenge(struct kx_client *c)
{
    uint64_t offer = c->attempt.offer;

    if (!read_required(c, c->attempt.challenge))
        return false;
    if (c->attempt.channel_id.len > 0)
        return kx_client_retake_batch(c, offer < SIZE_MAX ? (size_t)offer : SIZE_MAX);
    if (offer >= c->required.accept_count || !read_terms(c, (size_t)offer, &c->err))
        return kx_client_object(c, NULL, "the saved attempt %.*s cannot be read",
                                (int)c->attempt.identifier.len,
                                (const char *)c->attempt.identifier.at);
    return hash_request(c);
}
