/* The checks of a batch request that look at what the client signed: the voucher, its total, and
 * the presentation. Source: Kaspa x402 batch digest, sections 5, 6.1 and 7, steps 13 to 17. */
#include "kaspa_x402/batch_verify_internal.h"

#include "base/hash.h"
#include "base/planted.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_verify.h"

/* ---- who pays, and from where ---- */

static const uint8_t *client_key(const struct kx_judging *v)
{
    return REF_DEFECT(kx_batch_client_believed) ? v->payment->client : v->out->lane->channel.client;
}

void kx_judge_client(struct kx_judging *v, enum kx_batch_rule rule)
{
    kx_batch_judge_that(v, rule,
                        memcmp(v->payment->client, client_key(v), sizeof(v->payment->client)) == 0,
                        "the channel has another client's key");
}

/* Of a deposit the script is judged with its address. */
void kx_judge_batch_head(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_lane_head *head = &v->out->head;

    if (v->out->path == KX_PATH_SAME)
        kx_batch_judge_that(v, rule, v->payment->funding == head->value,
                            "the stored head is worth another amount");
    else if (v->out->path != KX_PATH_VOUCHER || REF_DEFECT(kx_batch_head_unchecked))
        kx_batch_hold(v, rule);
    else if (PLANTED(voucher_head)
                 ? !kaspa_hash_equal(&v->payment->outpoint.txid, &head->outpoint.txid)
                 : !kaspa_outpoint_equal(&v->payment->outpoint, &head->outpoint))
        kx_batch_break(v, rule, "fundingOutpoint is not the head of the lineage");
    else if (v->has_spk != ASSAY_OK)
        kx_batch_lacks(v, rule, v->has_spk, "");
    else
        kx_batch_judge_that(v, rule, kx_is_spk(v->payment->spk, &v->spk),
                            "activeScriptPublicKey is not the head's script");
}

/* Of a deposit that opens the lane it is judged with the genesis. */
void kx_judge_lineage(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->out->path == KX_PATH_OPEN || v->payment->binding->is_of_outpoint)
        kx_batch_hold(v, rule);
    else
        kx_batch_judge_that(
            v, rule, kaspa_hash_equal(&v->payment->voucher.covenant_id, &v->voucher.covenant_id),
            "the voucher is for another lineage");
}

/* ---- the total ---- */

void kx_judge_total(struct kx_judging *v, enum kx_batch_rule rule)
{
    uint64_t required = 0;
    enum kx_account_fault fault =
        kx_accounts_required(&required, v->payment->binding, &v->before, v->offer.terms.amount);

    if (fault == KX_ACCOUNT_RANGE || fault == KX_ACCOUNT_PENDING || fault == KX_ACCOUNT_ZERO)
        kx_batch_break(v, rule, "%s", kx_account_text(fault));
    else if (fault != KX_ACCOUNT_OK)
        kx_batch_pass_over(v, rule, "the channel's sums do not allow the request");
    else if (kx_accounts_is_total(v->payment->voucher.amount, required))
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "the voucher is for %llu, required is %llu",
                       (unsigned long long)v->payment->voucher.amount,
                       (unsigned long long)required);
}

void kx_judge_accounts(struct kx_judging *v, enum kx_batch_rule rule)
{
    struct kx_accounts next = v->before;
    enum kx_account_fault fault = kx_accounts_authorize(
        &next, v->payment->binding, v->offer.terms.amount, v->payment->voucher.amount);

    if (v->out->checks[KX_BATCH_RULE_TOTAL].result == KASPA_CHECK_BROKEN) {
        kx_batch_pass_over(v, rule, "the total is not the required one");
    } else if (fault != KX_ACCOUNT_OK) {
        kx_batch_break(v, rule, "%s", kx_account_text(fault));
    } else {
        v->out->accounts = next;
        kx_batch_hold(v, rule);
    }
}

/* ---- what is signed ---- */

/* Of defect batch.voucher_sum_alone: over the eight bytes of the total. */
static bool signs_sum(const struct kx_judging *v)
{
    uint8_t sum[8], digest[ASSAY_SHA256_BYTES];

    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(v->voucher.amount >> 8 * i);
    assay_sha256(digest, assay_bytes_of(sum, sizeof(sum)));
    return assay_schnorr_verify(v->payment->voucher.signature, digest, client_key(v)) ==
           ASSAY_SIG_GOOD;
}

static bool is_signed(const struct kx_judging *v)
{
    return kx_voucher_verify(v->out->lane->binding, &v->voucher, v->payment->voucher.signature,
                             client_key(v)) == ASSAY_SIG_GOOD ||
           (REF_DEFECT(kx_batch_sum) && signs_sum(v));
}

void kx_judge_voucher(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->payment->binding->is_of_outpoint && v->has_spk != ASSAY_OK)
        kx_batch_lacks(v, rule, v->has_spk, "");
    else
        kx_batch_judge_that(
            v, rule, is_signed(v),
            "its signature is not by the channel's client over network, lineage and total");
}

/* The first member that is not what this side has made of it; NULL: none. */
static const char *foreign_member(const struct kx_judging *v)
{
    const struct kx_presentation *says = &v->payment->presentation.says, *e = &v->expected;

    if (memcmp(says->fingerprint, e->fingerprint, sizeof(e->fingerprint)) != 0)
        return "requestFingerprint";
    if (memcmp(says->requirements, e->requirements, sizeof(e->requirements)) != 0)
        return "acceptedRequirementsHash";
    if (memcmp(says->context, e->context, sizeof(e->context)) != 0)
        return "securityContextHash";
    if (memcmp(says->channel_id, e->channel_id, sizeof(e->channel_id)) != 0)
        return "channelId";
    if (!kaspa_hash_equal(&says->covenant_id, &e->covenant_id))
        return "covenantId";
    if (memcmp(says->voucher_digest, e->voucher_digest, sizeof(e->voucher_digest)) != 0)
        return "voucherDigest";
    if (says->has_identifier != e->has_identifier ||
        !assay_bytes_equal(says->identifier, e->identifier))
        return "paymentIdentifier";
    return NULL;
}

void kx_judge_presented(struct kx_judging *v, enum kx_batch_rule rule)
{
    enum assay_code lacking = v->has_fingerprint;
    const char *member;

    if (lacking == ASSAY_OK)
        lacking = v->has_accepted;
    if (lacking == ASSAY_OK)
        lacking = v->has_context;
    if (lacking != ASSAY_OK) {
        kx_batch_lacks(v, rule, lacking, "the request, its terms or its caller have no hash");
        return;
    }
    if (REF_DEFECT(kx_batch_presented))
        v->expected = v->payment->presentation.says;
    member = foreign_member(v);
    if (member == NULL)
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "its %s is not that of this request", member);
}

/* Of defect batch.digest_as_sent. */
static void take_digest(struct kx_judging *v, enum kx_batch_rule rule)
{
    memcpy(v->out->presentation_digest, v->payment->presentation.digest,
           sizeof(v->out->presentation_digest));
    kx_batch_hold(v, rule);
}

void kx_judge_digest(struct kx_judging *v, enum kx_batch_rule rule)
{
    uint8_t *digest = v->out->presentation_digest;
    const struct kx_signed_presentation *sent = &v->payment->presentation;

    if (!kx_batch_held(v, KX_BATCH_RULE_PRESENTED))
        kx_batch_pass_over(v, rule, "it does not present this request");
    else if (kx_presentation_digest(digest, &v->expected) != ASSAY_OK)
        kx_batch_lacks(v, rule, ASSAY_E_NOMEM, "");
    else if (REF_DEFECT(kx_batch_digest))
        take_digest(v, rule);
    else
        kx_batch_judge_that(v, rule, memcmp(digest, sent->digest, sizeof(sent->digest)) == 0,
                            "its digest is not the computed one");
}

void kx_judge_expiry(struct kx_judging *v, enum kx_batch_rule rule)
{
    const char *fault = kx_expiry_bounds_fault(v->payment->presentation.says.expires_at,
                                               v->offer.terms.max_timeout_s, v->with->now_ms);

    if (fault == NULL || REF_DEFECT(kx_batch_expiry_far))
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "%s", fault);
}

void kx_judge_presentation(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (!kx_batch_held(v, KX_BATCH_RULE_DIGEST))
        kx_batch_pass_over(v, rule, "its digest is not known");
    else
        kx_batch_judge_that(v, rule,
                            assay_schnorr_verify(v->payment->presentation.signature,
                                                 v->out->presentation_digest,
                                                 client_key(v)) == ASSAY_SIG_GOOD ||
                                REF_DEFECT(kx_batch_unsigned),
                            "its signature is not by the channel's client");
}

/* ---- when ---- */

/* Of defects: whether it has expired is not asked, or not asked again. */
static bool is_past_asking(const struct kx_judging *v)
{
    return REF_DEFECT(kx_batch_expired) ||
           (REF_DEFECT(kx_batch_expiry_once) && v->with->sight != NULL);
}

void kx_judge_batch_live(struct kx_judging *v, enum kx_batch_rule rule)
{
    int64_t expires = v->payment->presentation.expires_at_ms;

    v->out->is_recovery =
        expires != KX_NO_TIME && expires <= v->with->now_ms && v->with->is_started;
    if (expires == KX_NO_TIME)
        kx_batch_pass_over(v, rule, "its expiry is no time");
    else
        kx_batch_judge_that(v, rule,
                            expires > v->with->now_ms - PLANTED(voucher_expiry) ||
                                v->with->is_started || is_past_asking(v),
                            "it has expired");
}

void kx_judge_claiming(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_batch_channel *channel = v->with->channel;

    kx_batch_judge_that(v, rule, channel == NULL || !channel->is_claiming,
                        "a claim of the channel is under way");
}
