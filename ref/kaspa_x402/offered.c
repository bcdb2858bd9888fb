/* What is accepted and echoed, against what is offered; see offered.h. */
#include "kaspa_x402/offered.h"

/* The same text has the same hash, which tells of any other (24.9). */
static enum assay_code is_like(bool *is_equal, const struct assay_json *doc, uint32_t offered,
                               struct assay_bytes accepted, const char *accepted_hash)
{
    char hash[X402_HASH_TEXT_BYTES];
    enum assay_code rc;

    *is_equal = assay_bytes_equal(assay_json_raw(doc, offered), accepted);
    if (*is_equal)
        return ASSAY_OK;
    rc = kx_requirements_hash(hash, doc, offered, NULL);
    *is_equal = rc == ASSAY_OK && strcmp(hash, accepted_hash) == 0;
    return rc;
}

enum assay_code kx_offered(bool *is_offered, const struct x402_required *offer,
                           const struct assay_json *doc, uint32_t accepted, const char *hash)
{
    struct assay_bytes text = assay_json_raw(doc, accepted);
    enum assay_code rc = ASSAY_OK;

    *is_offered = false;
    for (size_t i = 0; i < offer->accept_count && !*is_offered && rc != ASSAY_E_NOMEM; i++)
        rc = is_like(is_offered, offer->doc, offer->accepts[i].token, text, hash);
    return rc;
}

/* Values are also said to differ for want of memory, which their hash would tell. */
static bool has_room_to_compare(const struct assay_json *doc, uint32_t token)
{
    char hash[X402_HASH_TEXT_BYTES];

    return x402_hash(hash, doc, token, NULL) != ASSAY_E_NOMEM;
}

enum assay_code kx_echoes(const struct assay_json *paid, const struct x402_identifier *echo,
                          const struct assay_json *offer, const struct x402_identifier *advertised)
{
    if (x402_identifier_is_echo(paid, echo, offer, advertised))
        return ASSAY_OK;
    return has_room_to_compare(offer, advertised->schema) ? ASSAY_E_MISMATCH : ASSAY_E_NOMEM;
}
