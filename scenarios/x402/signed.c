/* The extension offer-receipt: what a server signs is what it offers and what it has settled
 * (x402 v2 digest, section 7). No document says that a server has to sign. */
#include "peer/x402/peer.h"
#include "x402/offer_receipt.h"

#define OFFERS "extensions.offer-receipt.info.offers"
#define RECEIPT "extensions.offer-receipt.info.receipt"

static uint32_t member(const struct assay_json *doc, uint32_t at, const char *const *names)
{
    for (; *names != NULL && at != ASSAY_JSON_NONE; names++)
        at = assay_json_member(doc, at, *names);
    return at;
}

static bool is_offered(const struct x402_signed_offer *signed_offer,
                       const struct x402_required *required)
{
    for (size_t i = 0; i < required->accept_count; i++)
        if (x402_offer_is_of(signed_offer, &required->accepts[i]))
            return true;
    return false;
}

/* Of form eip712; of another it is told that it was not read. */
static void judge_offer(struct assay_case *t, const struct x4p_offer *offer, uint32_t token)
{
    struct x402_signed_offer read;
    struct assay_err err = {0};
    enum x402_fault fault = x402_offer_read(&read, case_arena(t), offer->doc, token, &err);

    if (fault != X402_FAULT_NONE && err.code == ASSAY_E_UNSUPPORTED) {
        case_observe(t, "a signed offer of another form", "%s", err.text);
        return;
    }
    expect(t, fault == X402_FAULT_NONE, "a signed offer that can be read", "%s", err.text);
    expect(t, is_offered(&read, &offer->required), "a signed offer of one of the entries",
           "its terms are those of none");
    expect(t, read.valid_until == 0 || read.valid_until > (uint64_t)(case_now_ms(t) / 1000),
           "a signed offer that has not ended", "it has");
    expect(t, assay_bytes_equal(read.resource_url, offer->required.url),
           "a signed offer of this resource", "its resourceUrl is another");
}

SCENARIO(signed_offers_are_of_the_entries, .kind = SCENARIO_OBSERVATION,
         .title = "A signed offer has the terms of an entry, this resource, and has not ended",
         .threat = "exact-offer-match", .rule = "offer.form", .ideas = "X-45",
         .needs = X4P_PAY | X4P_SIGNED)
{
    static const char *const path[] = {"offer-receipt", "info", "offers", NULL};
    const struct x4p_offer *offer = x4p_given_offer(t, peer_endpoint(t, "paid_get"));
    uint32_t offers = member(offer->doc, offer->required.extensions, path);
    uint32_t at = ASSAY_JSON_NONE;
    size_t count = 0;

    if (offers != ASSAY_JSON_NONE)
        at = assay_json_first(offer->doc, offers);
    for (; at != ASSAY_JSON_NONE; at = assay_json_next_sibling(offer->doc, offers, at), count++)
        judge_offer(t, offer, at);
    expect(t, count > 0, "offers in " OFFERS, "there is none");
}

SCENARIO(signed_receipt_is_of_the_settlement, .kind = SCENARIO_OBSERVATION,
         .title = "A signed receipt names the payer, network and resource of its settlement",
         .threat = "exact-offer-match", .rule = "settlement.response", .ideas = "X-46",
         .needs = X4P_PAY | X4P_SIGNED)
{
    static const char *const path[] = {"offer-receipt", "info", "receipt", NULL};
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x402_settlement said;
    const char *fault = x4p_read_settlement(t, &said, x4p_send_until_known(t, "pay", want, paid));
    struct x402_signed_receipt read;
    struct assay_err err = {0};
    uint32_t receipt;

    expect(t, fault == NULL, "a PAYMENT-RESPONSE", "%s", fault != NULL ? fault : "");
    receipt = member(said.doc, said.extensions, path);
    expect(t, receipt != ASSAY_JSON_NONE, "a receipt in " RECEIPT, "there is none");
    expect(t, x402_receipt_read(&read, case_arena(t), said.doc, receipt, &err) == X402_FAULT_NONE,
           "a receipt that can be read", "%s", err.text);
    expect(t,
           assay_bytes_equal(read.network, said.network) &&
               assay_bytes_equal_nocase(read.payer, said.payer) &&
               assay_bytes_equal(read.resource_url, paid->offer->required.url),
           "payer, network and resource of the settlement", "they are others");
}
