/* The extension offer-receipt: what a server signs is what it offers and what it has settled, and
 * what comes back of it is as it was signed (x402 v2 digest, section 7). No document says that a
 * server has to sign; who does not say that he does (`supports`) is not asked. */
#include "peer/x402/peer.h"
#include "x402/offer_receipt.h"

#define EXTENSION "extensions." X402_OFFER_RECEIPT
#define OFFERS EXTENSION ".info.offers"
#define RECEIPT EXTENSION ".info.receipt"
#define SIGNER_WORD "offer-signer:" /* of `supports`: "offer-signer:0x…" */

/* A member of the extension's info; NONE: it is not there. */
static uint32_t info_of(const struct assay_json *doc, uint32_t extensions, const char *member)
{
    const char *const names[] = {X402_OFFER_RECEIPT, "info", member};
    uint32_t at = extensions;

    for (size_t i = 0; i < ARRAY_LEN(names) && at != ASSAY_JSON_NONE; i++)
        at = assay_json_member(doc, at, names[i]);
    return at;
}

/* ---- by whom ---- */

/* Who signs for this seller: told by the target file, or else whoever has signed the first. */
struct signer {
    struct evm_address address;
    bool is_known;
};

static struct signer given_signer(struct assay_case *t)
{
    const struct target_list *words = &case_target(t)->supports;
    struct signer signer = {.is_known = false};

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];

        if (strncmp(word, SIGNER_WORD, strlen(SIGNER_WORD)) != 0)
            continue;
        if (evm_address_parse(&signer.address, assay_str(word + strlen(SIGNER_WORD))) != ASSAY_OK)
            case_end(t, VERDICT_BROKEN,
                     "supports: \"%.80s\" names no address; write " SIGNER_WORD
                     "0x and 40 hex digits",
                     word);
        signer.is_known = true;
    }
    return signer;
}

static const char *address_text(struct assay_case *t, const struct evm_address *address)
{
    char *text = case_alloc(t, EVM_ADDRESS_TEXT_BYTES);

    evm_address_text(text, address);
    return text;
}

static void expect_signed_by(struct assay_case *t, struct signer *signer,
                             const struct evm_address *by)
{
    if (!signer->is_known)
        *signer = (struct signer){*by, true};
    expect(t, evm_address_equal(by, &signer->address),
           case_printf(t, "a signature of %s, over what is told with it for chain 1",
                       address_text(t, &signer->address)),
           "it is another key's, or over something else: %s is recovered", address_text(t, by));
}

/* ---- offers ---- */

static bool is_offered(const struct x402_signed_offer *signed_offer,
                       const struct x402_required *required)
{
    for (size_t i = 0; i < required->accept_count; i++)
        if (x402_offer_is_of(signed_offer, &required->accepts[i]))
            return true;
    return false;
}

/* False: it is of another form than eip712, and was not read. */
static bool read_offer(struct assay_case *t, struct x402_signed_offer *out,
                       const struct x4p_offer *offer, uint32_t token)
{
    struct assay_err err = {0};
    enum x402_fault fault = x402_offer_read(out, case_arena(t), offer->doc, token, &err);

    if (fault != X402_FAULT_NONE && err.code == ASSAY_E_UNSUPPORTED) {
        case_observe(t, "a signed offer of another form", "%s", err.text);
        return false;
    }
    expect(t, fault == X402_FAULT_NONE, "a signed offer that can be read", "%s", err.text);
    return true;
}

static void judge_offer(struct assay_case *t, const struct x4p_offer *offer,
                        const struct x402_signed_offer *read)
{
    expect(t, is_offered(read, &offer->required), "a signed offer of one of the entries",
           "its terms are those of none");
    expect(t, read->valid_until == 0 || read->valid_until > (uint64_t)(case_now_ms(t) / 1000),
           "a signed offer that has not ended", "it has");
    expect(t, assay_bytes_equal(read->resource_url, offer->required.url),
           "a signed offer of this resource", "its resourceUrl is another");
}

SCENARIO(signed_offers_are_of_the_entries,
         .title = "A signed offer has the terms of an entry and this resource, has not ended, and "
                  "is signed by the seller",
         .threat = "exact-offer-match", .rule = "offer.signed", .ideas = "X-45",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("x402.offer.signed_amount", "x402.offer.signed_path",
                            "x402.offer.signed_ended", "x402.offer.signed_chain",
                            "x402.offer.signed_high_s"),
         .needs = X4P_PAY | X4P_SIGNED)
{
    const struct x4p_offer *offer = x4p_given_offer(t, peer_endpoint(t, "paid_get"));
    uint32_t offers = info_of(offer->doc, offer->required.extensions, "offers"), at;
    struct signer signer = given_signer(t);
    struct x402_signed_offer read;
    size_t count = 0;

    expect(t, assay_json_first(offer->doc, offers) != ASSAY_JSON_NONE, "offers in " OFFERS,
           "there is none");
    for (at = assay_json_first(offer->doc, offers); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(offer->doc, offers, at)) {
        if (!read_offer(t, &read, offer, at))
            continue;
        judge_offer(t, offer, &read);
        expect_signed_by(t, &signer, &read.signer);
        count++;
    }
    if (count == 0)
        case_end(t, VERDICT_UNSUPPORTED, "no offer is signed in the form eip712");
}

/* ---- offers that come back ---- */

static const struct tampering {
    const char *name, *member, *json;
} tamperings[] = {
    {"another amount", "payload.amount", "\"1\""},
    {"another payee", "payload.payTo", "\"0x0000000000000000000000000000000000000001\""},
    {"no end", "payload.validUntil", "0"},
    {"a form without a signature", "format", "\"none\""},
    {"another signature", "signature", "\"0x00\""},
};

SCENARIO(tampered_offers_are_not_taken_back,
         .title = "A payment that brings the signed offers back tampered with is refused, and as "
                  "they were signed it is served",
         .threat = "duplicate-retry", .rule = "offer.extensions", .ideas = "X-44 X-45",
         .catches = DEFECTS("x402.offer.signed_echo_unchecked"), .needs = X4P_PAY | X4P_SIGNED,
         TABLE(tamperings))
{
    const struct tampering *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *path = case_printf(t, OFFERS ".0.%s", row->member);

    if (peer_tree_get(paid->tree, path) == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the first signed offer has no %s", row->member);
    expect_refused(t, x4p_send(t, row->name, want, x4p_with(t, paid, path, row->json)));
    expect_delivered(t, x4p_send_until_known(t, "as they were signed", want, paid), paid);
}

/* ---- receipts ---- */

/* Who has signed the offers signs the receipt. */
static void expect_offers_signer(struct assay_case *t, const struct x4p_offer *offer,
                                 const struct evm_address *by)
{
    uint32_t offers = info_of(offer->doc, offer->required.extensions, "offers");
    uint32_t first = assay_json_first(offer->doc, offers);
    struct signer signer = given_signer(t);
    struct x402_signed_offer read;

    if (!signer.is_known && first != ASSAY_JSON_NONE && read_offer(t, &read, offer, first))
        signer = (struct signer){read.signer, true};
    expect_signed_by(t, &signer, by);
}

static void judge_receipt(struct assay_case *t, const struct x402_signed_receipt *receipt,
                          const struct x402_settlement *said, const struct x4p_payment *paid)
{
    expect(t, assay_bytes_equal_nocase(receipt->payer, assay_str(paid->payload.payer)),
           "a receipt for who has paid", "its payer is another");
    expect(t, assay_bytes_equal(receipt->network, paid->offer->terms->network),
           "a receipt for the accepted network", "its network is another");
    expect(t, assay_bytes_equal(receipt->resource_url, paid->offer->required.url),
           "a receipt for this resource", "its resourceUrl is another");
    expect(t,
           receipt->transaction.len == 0 ||
               assay_bytes_equal(receipt->transaction, said->transaction),
           "a receipt for the settlement's transaction, or for none", "it names another");
}

static const struct way {
    const char *name;
    bool is_other;
} ways[] = {{"one way to pay", false}, {"another way to pay", true}};

SCENARIO(signed_receipt_is_of_the_settlement,
         .title = "A signed receipt names the payer, network, resource and transaction of its "
                  "settlement, and is signed by the seller",
         .threat = "store-cache", .rule = "settlement.signed", .ideas = "X-46",
         .catches = DEFECTS("x402.receipt.payee_as_payer", "x402.receipt.first_network",
                            "x402.receipt.own_transaction", "x402.receipt.offer_domain"),
         .needs = X4P_PAY | X4P_SIGNED, TABLE(ways))
{
    const struct way *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_offer *first = x4p_given_offer(t, want);
    const struct x4p_payment *paid =
        x4p_given_payment(t, row->is_other ? x4p_other_offer(t, first) : first);
    const struct peer_answer *answer = x4p_send_until_known(t, row->name, want, paid);
    struct x402_signed_receipt read;
    struct x402_settlement said;
    struct assay_err err = {0};
    enum x402_fault fault;
    uint32_t receipt;

    expect_delivered(t, answer, paid);
    (void)x4p_read_settlement(t, &said, answer); /* it was read: it is delivered by it */
    receipt = info_of(said.doc, said.extensions, "receipt");
    expect(t, receipt != ASSAY_JSON_NONE, "a receipt in " RECEIPT, "there is none");
    fault = x402_receipt_read(&read, case_arena(t), said.doc, receipt, &err);
    if (fault != X402_FAULT_NONE && err.code == ASSAY_E_UNSUPPORTED)
        case_end(t, VERDICT_UNSUPPORTED, "the receipt is not signed in the form eip712: %s",
                 err.text);
    expect(t, fault == X402_FAULT_NONE, "a receipt that can be read", "%s", err.text);
    judge_receipt(t, &read, &said, paid);
    expect_offers_signer(t, paid->offer, &read.signer);
}

SCENARIO(failed_settlement_has_no_receipt,
         .title = "A payment that could not be settled is given no signed receipt",
         .threat = "store-cache", .rule = "settlement.signed", .ideas = "X-46",
         .catches = DEFECTS("x402.receipt.of_failure"), .needs = X4P_PAY | X4P_SIGNED)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer;
    struct x402_settlement said;

    x4p_facilitator_behaves(t,
                            (struct facilitator_behaviour){
                                .settle = {.lie = FACILITATOR_NO, .reason = "insufficient_funds"}});
    answer = x4p_send(t, "pay", want, paid);
    expect_withheld(t, answer);
    expect(t,
           x4p_read_settlement(t, &said, answer) != NULL ||
               info_of(said.doc, said.extensions, "receipt") == ASSAY_JSON_NONE,
           "no receipt for what was not settled", "there is one in " RECEIPT);
}
