/* Payloads for networks that we cannot sign for: an object that is new each time, and says in the
 * words of the others what it would pay; see payload.h. */
#include "peer/x402/payload_internal.h"

#include "base/hash.h"

static bool takes(const struct x402_terms *terms)
{
    (void)terms;
    return true;
}

/* No address of any network: a name that is the same for the same seed. */
static enum assay_code prepare(struct x4p_draft *d, struct assay_err *err)
{
    char hash[2 * ASSAY_SHA256_BYTES + 1];

    (void)err;
    assay_sha256_hex(hash, d->ask->payer);
    d->from = x4p_text(d, "assay-%.40s", hash);
    return ASSAY_OK;
}

static enum assay_code sign(struct x4p_draft *d, struct assay_err *err)
{
    (void)err;
    d->payload =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "from", d->from, "to", d->to, "value", d->value,
                  "validAfter", d->valid_after, "validBefore", d->valid_before, "nonce", d->nonce);
    return d->payload != NULL
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_MALFORMED, 0, "a text of the payload is no UTF-8");
}

const struct x4p_plugin x4p_opaque = {
    .name = "opaque", .takes = takes, .prepare = prepare, .sign = sign};
