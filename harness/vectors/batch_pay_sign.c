/* What the client of a channel signs for a request; see batch_pay.h. Source: Kaspa x402 batch
 * digest, sections 3.1, 5.1, 5.3 and 15.1. */
#include "vectors/batch_paying.h"

#include "base/hash.h"
#include "base/hex.h"

#include <stdio.h>

/* What a voucher for it is over. */
static json_t *voucher_of(struct pay_making *m)
{
    const json_t *lineage = json_object_get(m->plan, "lineage");
    json_t *voucher =
        json_pack("{s:s, s:O, s:O}", "binding", m->lane.binding->name, "network",
                  json_object_get(json_object_get(m->plan, "channelConfig"), "network"), "amount",
                  json_object_get(m->plan, "total"));

    if (!m->binding->is_of_outpoint) {
        (void)json_object_set(voucher, "covenantId",
                              json_is_null(lineage) ? json_object_get(m->head, "covenantId")
                                                    : (json_t *)(uintptr_t)lineage);
        return voucher;
    }
    (void)json_object_set(voucher, "outpoint", json_object_get(m->head, "outpoint"));
    (void)json_object_set_new(voucher, "scriptPublicKey", kaspa_out_spk(&m->spk));
    return voucher;
}

/* The prototype's, which the sum alone was signed of (section 15.1, H1). */
static void digest_sum(struct pay_making *m, uint8_t digest[32])
{
    uint64_t total = 0;
    uint8_t sum[8];

    (void)kaspa_in_u64(&total, m->plan, "total", m->v->err);
    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(total >> 8 * i);
    assay_sha256(digest, assay_bytes_of(sum, sizeof(sum)));
}

static json_t *sign_voucher(struct pay_making *m)
{
    json_t *signed_one = json_deep_copy(m->voucher);
    uint8_t digest[32];

    pay_change(m, PAY_SIGNED, signed_one);
    if (strcmp(vectors_text(m->plan, "signs"), "sum") == 0)
        digest_sum(m, digest);
    else
        vectors_voucher_digest(m->v, digest, signed_one);
    json_decref(signed_one);
    return vectors_signature(m->v, digest, vectors_text(m->plan, "signer"));
}

json_t *pay_sent_voucher(struct pay_making *m)
{
    json_t *sent = json_object();

    if (!m->binding->is_of_outpoint)
        (void)json_object_set(sent, "covenantId", json_object_get(m->voucher, "covenantId"));
    (void)json_object_set(sent, m->binding->is_fixed ? "authorizedCumulativeAmount" : "amount",
                          json_object_get(m->plan, "total"));
    (void)json_object_set_new(sent, "signature", sign_voucher(m));
    return sent;
}

/* Of a caller who is known it is hashed once more, with him. */
static void fingerprint(struct pay_making *m, char *out)
{
    char requirements[X402_HASH_TEXT_BYTES];
    json_t *request = json_deep_copy(json_object_get(m->plan, "request")), *of_caller;
    const char *given = vectors_text(m->plan, "requestHash");

    vectors_hash(requirements, m->accepted);
    (void)json_object_set_new(request, "paymentRequirementsHash", json_string(requirements));
    vectors_hash(out, request);
    json_decref(request);
    if (given[0] != '\0')
        (void)snprintf(out, X402_HASH_TEXT_BYTES, "%s", given);
    if (json_is_null(json_object_get(m->plan, "caller")))
        return;
    of_caller = json_pack("{s:s, s:s, s:s}", "scope", "kaspa:x402:trusted-request-context:v1",
                          "requestHash", out, "securityContextHash", m->context);
    vectors_hash(out, of_caller);
    json_decref(of_caller);
}

static void accepted_hash(struct pay_making *m, char *out)
{
    json_t *of_terms = json_pack("{s:O, s:s}", "accepted", m->accepted, "scope",
                                 "kaspa:x402:batch-payment-requirements:v3");

    vectors_hash(out, of_terms);
    json_decref(of_terms);
}

void pay_present(struct pay_making *m)
{
    char request[X402_HASH_TEXT_BYTES], accepted[X402_HASH_TEXT_BYTES];
    uint8_t digest[32];

    m->voucher = voucher_of(m);
    fingerprint(m, request);
    accepted_hash(m, accepted);
    vectors_voucher_digest(m->v, digest, m->voucher);
    m->presented =
        json_pack("{s:s, s:s, s:s, s:O, s:o, s:O, s:o, s:O, s:O, s:O}", "scope",
                  "kaspa:x402:batch-presentation:v1", "requestFingerprint", request,
                  "acceptedRequirementsHash", accepted, "securityContextHash",
                  vectors_member(json_object_get(m->accepted, "extra"), "securityContextHash"),
                  "channelId", kaspa_out_hex(assay_bytes_of(m->channel_id, 32)), "covenantId",
                  vectors_member(m->voucher, "covenantId"), "voucherDigest",
                  kaspa_out_hex(assay_bytes_of(digest, 32)), "paymentIdentifier",
                  vectors_member(m->plan, "identifier"), "nonce", vectors_member(m->plan, "nonce"),
                  "expiresAt", vectors_member(m->plan, "expiresAt"));
    pay_change(m, PAY_PRESENTED, m->presented);
}

json_t *pay_sent_presentation(struct pay_making *m)
{
    char text[X402_HASH_TEXT_BYTES];
    uint8_t digest[32] = {0};
    json_t *sent = json_pack("{s:s}", "version", KX_PRESENTATION_VERSION);

    vectors_hash(text, m->presented);
    if (assay_hex_decode(digest, sizeof(digest), assay_str(text), true) != ASSAY_OK)
        assay_fail(m->v->err, ASSAY_E_RANGE, 0, "a presentation has no digest");
    (void)json_object_update(sent, m->presented);
    (void)json_object_del(sent, "scope");
    (void)json_object_set_new(sent, "digest", json_string(text));
    (void)json_object_set_new(sent, "signature",
                              vectors_signature(m->v, digest, vectors_text(m->plan, "presenter")));
    return sent;
}
