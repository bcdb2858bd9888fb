/* What the target asked its node about one payment, among all that it asks. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/hex.h"
#include "kaspa/address.h"

enum { TEXTS_MAX = KXP_SPENDS_MAX + 2 };

/* Without its prefix: URLs write the colon in more than one way. */
static const char *address_of(struct assay_case *t, const struct kaspa_spk *spk)
{
    char *text = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);
    struct kaspa_address address;

    if (!kaspa_address_of_script(&address, spk, KASPA_TESTNET))
        case_end(t, VERDICT_BROKEN, "the payer's script has no address");
    kaspa_address_encode(text, &address);
    return strchr(text, ':') + 1;
}

static bool names(const struct kaspa_node_call *call, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(call->params, texts[i]) != NULL || strstr(call->method, texts[i]) != NULL)
            return true;
    return false;
}

uint64_t kxp_calls_naming(struct assay_case *t, const char *const *texts, size_t text_count)
{
    struct kxp_roles *r = kxp_roles_of(t);
    uint64_t last = kaspa_node_calls(r->node), count = 0;
    struct kaspa_node_call call;

    for (uint64_t i = r->calls_before + 1; i <= last; i++)
        if (kaspa_node_call(r->node, i, &call) && names(&call, texts, text_count))
            count++;
    return count;
}

uint64_t kxp_calls_about(struct assay_case *t, const struct kxp_payment *payment)
{
    const struct kxp_draft *d = payment->draft;
    struct kaspa_spk payer = kxp_spk_of(t, &d->payer);
    const char *texts[TEXTS_MAX] = {payment->transaction_id, address_of(t, &payer)};
    size_t count = 2;

    for (size_t i = 0; i < d->spend_count; i++)
        texts[count++] = kxp_hex(t, assay_bytes_of(d->spends[i].outpoint.txid.at,
                                                   sizeof(d->spends[i].outpoint.txid.at)));
    return kxp_calls_naming(t, texts, count);
}
