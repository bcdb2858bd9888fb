/* By what a payment that a facilitator settles is known: what it can move once, and what it has
 * bought. Source: x402 v2 digest, sections 2.2, 7 and 10. */
#include "core/kx_core_internal.h"

#include "defects/defects.h"

#define PAYLOAD "assay:x402:payload:v1"
#define SPENT "assay:x402:spent:v1"

/* Of defects: what shall not be in the name, and makes another of it for each request, or for each
 * time that it comes. */
static void add_alias(struct assay_buf *text, const struct kx_core_request *r)
{
    if (REF_DEFECT(fac_unbound))
        assay_buf_add_str(text, r->fingerprint);
    if (REF_DEFECT(fac_memory))
        assay_buf_printf(text, "%llu", (unsigned long long)r->event.random);
}

/* Of a part of the payment, on the network and of the asset that it accepts. */
static enum assay_code hash_of(char *out, const char *domain, const struct kx_core_request *r,
                               uint32_t token)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    enum assay_code rc;

    assay_buf_add_str(&text, domain);
    add_alias(&text, r);
    assay_json_add_string(&text, accepted->network);
    assay_json_add_string(&text, accepted->asset);
    rc = assay_json_canonical(&text, &r->doc, token, NULL);
    if (rc == ASSAY_OK)
        rc = text.bad;
    if (rc == ASSAY_OK)
        x402_hash_text(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

/* What can move money once: what was authorised, whoever may write its signature otherwise; where a
 * scheme says no such thing, the whole payload. */
static uint32_t spent_part(const struct kx_core_request *r)
{
    uint32_t payload = r->payment.envelope.payload;
    uint32_t authorization = assay_json_member(&r->doc, payload, "authorization");

    return assay_json_type(&r->doc, authorization) == ASSAY_JSON_OBJECT ? authorization : payload;
}

enum assay_code kx_facilitated_name(struct kx_core_request *r)
{
    const struct x402_payment *envelope = &r->payment.envelope;
    enum assay_code rc;

    if ((rc = kx_requirements_hash(r->requirements, &r->doc, envelope->accepted.token, NULL)) !=
            ASSAY_OK ||
        (rc = kx_fingerprint(r->fingerprint, &r->request, r->requirements, NULL)) != ASSAY_OK ||
        (rc = hash_of(r->payload_hash, PAYLOAD, r, envelope->payload)) != ASSAY_OK ||
        (rc = hash_of(r->scope, SPENT, r, spent_part(r))) != ASSAY_OK)
        return rc;
    if (r->identifier.len == 0 || REF_DEFECT(fac_memory))
        r->identifier = assay_str(r->payload_hash);
    return ASSAY_OK;
}
