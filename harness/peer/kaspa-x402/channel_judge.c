/* Judging what was charged to a channel, refused, corrected, and told of it. See channel.h. */
#include "peer/kaspa-x402/channel_internal.h"

struct kx_channel_view kxc_view(struct assay_case *t, const struct kxc_channel *channel,
                                uint64_t total)
{
    const struct kx_lane_head *head = &channel->head;
    struct assay_buf bytes = ASSAY_BUF_INIT(2 + KASPA_SPK_MAX_STANDARD_BYTES);
    struct kx_channel_view view = {.binding = channel->lane.binding,
                                   .covenant_id = head->covenant_id,
                                   .outpoint = head->outpoint,
                                   .accounts = {.funding = head->value,
                                                .authorized = total,
                                                .charged = total,
                                                .claimed = head->claimed,
                                                .reserve = channel->reserve}};
    struct kaspa_spk spk;

    if (kx_lane_spk(&spk, case_arena(t), &channel->lane, head->claimed) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "out of memory for a channel's script");
    kaspa_spk_add_bytes(&bytes, &spk);
    view.spk = peer_keep(t, &bytes);
    memcpy(view.channel_id, channel->lane.channel_id, sizeof(view.channel_id));
    return view;
}

/* A header field as the text that it encodes; false: it is not there, or none. */
static bool decoded(struct assay_case *t, const struct peer_answer *answer, const char *name,
                    struct assay_bytes *text, struct assay_json *doc)
{
    return x402_header_decode(text, case_arena(t), peer_header(answer, name), NULL) == ASSAY_OK &&
           x402_document_parse(doc, case_arena(t), *text, false, NULL) == ASSAY_OK;
}

/* Where an answer tells a signature that can be spent (section 6.5); NULL: nowhere. */
static const char *leak_of(struct assay_case *t, const struct peer_answer *answer,
                           const struct kxc_payment *payment)
{
    static const char *const fields[] = {"PAYMENT-RESPONSE", "PAYMENT-REQUIRED"};
    struct assay_err err = {0};
    struct assay_bytes text;
    struct assay_json doc;

    if (kx_text_holds_signature(peer_body(answer), payment->voucher))
        return "its body has the voucher's signature";
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!decoded(t, answer, fields[i], &text, &doc))
            continue;
        if (kx_text_holds_signature(text, payment->voucher))
            return case_printf(t, "its %s has the voucher's signature", fields[i]);
        if (kx_holds_no_signature(&doc, &err) != ASSAY_OK)
            return case_printf(t, "its %s can be a signature: %s", fields[i], err.text);
    }
    return NULL;
}

/* ---- charged ---- */

const char *kxc_receipt_fault(struct assay_case *t, const struct peer_answer *answer,
                              const struct kxc_payment *payment)
{
    const struct kx_channel_view view = kxc_view(t, payment->channel, payment->total);
    struct kx_batch_settled told;
    struct assay_err err = {0};
    struct assay_bytes text;
    struct assay_json doc;

    if (peer_header(answer, "PAYMENT-RESPONSE").len == 0)
        return "it has no PAYMENT-RESPONSE";
    if (!decoded(t, answer, "PAYMENT-RESPONSE", &text, &doc))
        return "its PAYMENT-RESPONSE is no JSON in base64";
    if (kx_batch_settlement_read(&told, case_arena(t), &doc, view.binding, payment->type, &err) !=
        KX_LOCAL_NONE)
        return case_printf(t, "its PAYMENT-RESPONSE cannot be read: %s", err.text);
    if (!assay_bytes_equal(told.network, payment->channel->lane.channel.network))
        return "its PAYMENT-RESPONSE names another network";
    if (kx_batch_settlement_judge(&told, &view, &payment->commitment, &err) != KX_LOCAL_NONE)
        return case_printf(t, "its PAYMENT-RESPONSE is not of this charge: %s", err.text);
    return NULL;
}

static void judge_charged(struct assay_case *t, const struct peer_answer *answer,
                          const struct kxc_payment *payment, bool may_be_stored)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = kxp_is_served(answer) ? kxc_receipt_fault(t, answer, payment) : NULL;
    bool runs_hold = !look.counted || look.runs == 1 || (may_be_stored && look.runs == 0);

    peer_end_if_rate_limited(t, look.status);
    if (fault == NULL)
        fault = leak_of(t, answer, payment);
    case_judge(t, kxp_is_served(answer) && runs_hold && fault == NULL && look.moves == 0,
               look.grade,
               may_be_stored
                   ? "the paid answer, now or stored, with PAYMENT-RESPONSE for this charge, after "
                     "at most one run of the handler"
                   : "the paid answer (2xx) with PAYMENT-RESPONSE for this charge, one run of the "
                     "handler, and nothing submitted",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
    payment->channel->total = payment->total;
}

void kxc_expect_charged(struct assay_case *t, const struct peer_answer *answer,
                        const struct kxc_payment *payment)
{
    judge_charged(t, answer, payment, false);
}

void kxc_expect_charged_once(struct assay_case *t, const struct kxc_payment *payment)
{
    judge_charged(t, kxc_send_until_known(t, "the identical retry, which must be served", payment),
                  payment, true);
}

/* ---- refused ---- */

void kxc_expect_refused_and_goes_on(struct assay_case *t, const struct peer_answer *answer,
                                    const struct kxc_payment *payment)
{
    const char *leak = leak_of(t, answer, payment);

    (expect_refused)(t, answer);
    case_judge(t, leak == NULL, GRADE_OBSERVED, "an answer without a voucher's signature", "%s",
               leak != NULL ? leak : "none");
    (void)kxc_buy(t, "the honest voucher, afterwards", payment->channel);
}

void kxc_expect_corrected(struct assay_case *t, const struct peer_answer *answer,
                          const struct kxc_payment *payment)
{
    const struct kxc_channel *channel = payment->channel;
    const struct kx_channel_view view = kxc_view(t, channel, channel->total);
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;
    const struct kxp_offer *offer =
        kxp_channel_offer_of(t, payment->sent.offer->want, answer, &fault);
    struct assay_err err = {0};

    peer_end_if_rate_limited(t, look.status);
    if (fault == NULL && !offer->batch.has_state)
        fault = "its offer has no channelState";
    if (fault == NULL && kx_channel_state_judge(&offer->batch.state, &view, &err) != KX_LOCAL_NONE)
        fault = case_printf(t, "its channelState is not so: %s", err.text);
    if (fault == NULL && offer->batch.state.authorized != channel->total)
        fault = "its channelState has another total";
    if (fault == NULL)
        fault = leak_of(t, answer, payment);
    case_judge(t, fault == NULL && peer_is_refusal(&look), look.grade,
               "402 with an offer whose channelState is where the channel stands, without a "
               "voucher's signature, and no run of the handler",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

void kxc_expect_told_nothing(struct assay_case *t, const struct peer_answer *answer,
                             const struct kxc_payment *payment)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL, *leak = leak_of(t, answer, payment);
    const struct kxp_offer *offer =
        look.status == 402 ? kxp_channel_offer_of(t, payment->sent.offer->want, answer, &fault)
                           : NULL;

    peer_end_if_rate_limited(t, look.status);
    if (offer != NULL && offer->batch.has_state)
        leak = "its offer tells where the channel stands";
    case_judge(t, peer_is_refusal(&look) && leak == NULL, look.grade,
               "a refusal that tells nothing of any channel, and no run of the handler", "%s%s%s",
               look.seen, leak != NULL ? "; " : "", leak != NULL ? leak : "");
}
