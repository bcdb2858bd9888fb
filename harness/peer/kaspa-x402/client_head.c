/* The shop's offer of an additive head, for clients that may pay such, and those that may not. The
 * head is the one that the roles put on the chain. Source: Kaspa x402 exact digest, section 8. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "base/time.h"

enum { OFFERED_MS = 50000 }; /* within the time that the shop offers */

struct kxp_head_offer {
    json_t *extra; /* of the offer; the case's */
    const char *pay_to;
};

static struct kx_head head_of(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);
    const char *colon = strchr(r->head, ':');
    struct kx_head head = {.version = 1, .amount = KASPA_SOMPI_PER_KAS};
    struct assay_buf redeem = ASSAY_BUF_INIT(128), spk = ASSAY_BUF_INIT(64);
    uint8_t script[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf hash = ASSAY_BUF_OVER(script);
    struct assay_key owner;

    kaspa_key_from_seed(&owner, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("head owner"));
    kx_additive_redeem(&redeem, owner.xonly, KX_THRESHOLD_MIN_DEFAULT);
    kaspa_script_add_pay_to_script_hash(&hash, assay_buf_view(&redeem));
    kaspa_spk_add_bytes(&spk, &(struct kaspa_spk){.script = assay_buf_view(&hash)});
    head.redeem = peer_keep(t, &redeem);
    head.spk = peer_keep(t, &spk);
    if (colon == NULL ||
        assay_hex_decode(head.outpoint.txid.at, sizeof(head.outpoint.txid.at),
                         assay_bytes_of(r->head, (size_t)(colon - r->head)), true) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the role head has no outpoint");
    head.outpoint.index = (uint32_t)(colon[1] - '0'); /* of a funding, which has few outputs */
    return head;
}

static const char *pay_to_of(struct assay_case *t, const struct kx_head *head)
{
    char *text = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (kaspa_spk_parse(&spk, head->spk) != ASSAY_OK ||
        !kaspa_address_of_script(&address, &spk, KASPA_TESTNET))
        case_end(t, VERDICT_BROKEN, "the head has no address");
    kaspa_address_encode(text, &address);
    return text;
}

static json_t *extra_of(struct assay_case *t, const struct kx_terms *terms)
{
    const struct kx_head *head = &terms->head;
    char challenge[X402_HASH_TEXT_BYTES];

    if (kx_additive_challenge_id(challenge, terms) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "a head's challenge cannot be made");
    return json_pack(
        "{s:s, s:s, s:s, s:{s:i, s:s}, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s}",
        "additiveThresholdSompi", case_printf(t, "%llu", (unsigned long long)terms->threshold),
        "challengeExpiresAt", (const char *)terms->challenge_expires_at.at, "challengeId",
        challenge, "expectedHeadOutpoint", "index", (int)head->outpoint.index, "txid",
        kxp_hex(t, assay_bytes_of(head->outpoint.txid.at, sizeof(head->outpoint.txid.at))),
        "headAmount", case_printf(t, "%llu", (unsigned long long)head->amount), "headId",
        kxp_hex(t, assay_bytes_of(head->id, sizeof(head->id))), "headRedeemScript",
        kxp_hex(t, head->redeem), "headScriptPublicKey", kxp_hex(t, head->spk), "headVersion",
        case_printf(t, "%llu", (unsigned long long)head->version), "paymentOutputIndex", 0,
        "profile", kx_profile_name(KX_ADDITIVE), "templateId", KX_TEMPLATE_ADDITIVE);
}

const struct kxp_head_offer *kxp_given_head_offer(struct assay_case *t)
{
    struct kxp_head_offer *offer = case_alloc(t, sizeof(*offer));
    const char *expires = kxp_time_text(t, case_now_ms(t) + OFFERED_MS);
    struct kx_terms terms = {.network_text = ASSAY_LIT(KX_NETWORK_TESTNET),
                             .amount = KASPA_SHOP_PRICE,
                             .threshold = KX_THRESHOLD_MIN_DEFAULT,
                             .challenge_expires_at = assay_str(expires),
                             .head = head_of(t)};

    offer->pay_to = pay_to_of(t, &terms.head);
    terms.pay_to = assay_str(offer->pay_to);
    offer->extra = kxp_owned(t, extra_of(t, &terms));
    return offer;
}

const char *kxp_head_payee(const struct kxp_head_offer *offer)
{
    return offer->pay_to;
}

void kxp_offer_head(const void *arg, json_t *required)
{
    const struct kxp_head_offer *offer = arg;
    json_t *first = kxp_offer_at(required, 0);

    kxp_offer_pays(first, offer->pay_to);
    (void)json_object_update(json_object_get(first, "extra"), offer->extra);
}
