/* A batch offer: taken from a challenge, and what is accepted of it. Source: Kaspa x402 batch
 * digest, sections 3, 4 and 5.3; client digest, F7 and F11. */
#include "client/kx_client_internal.h"

#include "kaspa_x402/exact_write.h"

#include <inttypes.h>
#include <stdio.h>

/* What both schemes have, where the rest of the client looks for it. */
static void set_terms(struct kx_client *c, const struct x402_terms *said)
{
    c->terms = (struct kx_terms){
        .doc = &c->challenge,
        .token = said->token,
        .network = c->batch.network,
        .network_text = c->batch.terms.network,
        .pay_to = c->batch.terms.pay_to,
        .amount_text = said->amount,
        .amount = c->batch.terms.amount,
        .max_timeout_s = c->batch.terms.max_timeout_s,
        .finality = KX_FINALITY_ACCEPTED,
    };
}

/* Whether an offer is a batch offer that can be read; else err says why not, unless it is of
 * another scheme. */
static bool read_offer(struct kx_client *c, size_t i, struct assay_err *err)
{
    const struct x402_terms *said = &c->required.accepts[i];

    if (!assay_bytes_is(said->scheme, KX_SCHEME_BATCH) ||
        kx_batch_offer_read(&c->batch, &c->arena, &c->challenge, said, err) != KX_BATCH_TERMS_OK)
        return false;
    c->is_batch = true;
    set_terms(c, said);
    return true;
}

/* Whether a channel of it can be followed at all is a question of our own node (F7). */
static bool is_followed(struct kx_client *c)
{
    return c->job.has_node ||
           kx_client_object(c, "client.policy.profile",
                            "a batch offer is paid only with a node of one's own to follow the "
                            "channel: give one with --node");
}

bool kx_client_choose_batch(struct kx_client *c)
{
    struct assay_err unknown = {0};

    for (size_t i = 0; i < c->required.accept_count; i++) {
        if (!read_offer(c, i, &unknown))
            continue;
        if (is_followed(c) && kx_client_judge_offer(c)) {
            c->attempt.offer = i;
            c->err = (struct assay_err){0};
            c->outcome.rule = NULL;
            return true;
        }
    }
    c->is_batch = false;
    return unknown.code == ASSAY_OK
               ? false
               : kx_client_object(c, "client.skip", "the batch offer: %s", unknown.text);
}

bool kx_client_retake_batch(struct kx_client *c, size_t offer)
{
    struct assay_err err = {0};

    return (offer < c->required.accept_count && read_offer(c, offer, &err)) ||
           kx_client_object(c, NULL, "the saved attempt cannot be read: %s", err.text);
}

/* ---- what is accepted ---- */

/* A copy of an object with the text of one member replaced. */
static void copy_object(struct assay_buf *out, const struct assay_json *doc, uint32_t object,
                        const char *member, struct assay_bytes value)
{
    bool is_first = true;

    assay_buf_add_byte(out, '{');
    for (uint32_t at = assay_json_first(doc, object); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, object, at)) {
        if (!is_first)
            assay_buf_add_byte(out, ',');
        is_first = false;
        assay_buf_add(out, assay_json_raw(doc, at));
        assay_buf_add_byte(out, ':');
        assay_buf_add(out,
                      assay_json_string_is(doc, at, member) ? value : assay_json_raw(doc, at + 1));
    }
    assay_buf_add_byte(out, '}');
}

/* The offer as it came; but a channel that is there was made for a timeout of its own, which offers
 * leave behind them as time goes on, and which its terms keep for its life. */
static struct assay_bytes accepted_text(struct kx_client *c)
{
    struct assay_buf extra = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES),
                     text = ASSAY_BUF_INIT(2 * (size_t)X402_DECODED_MAX_BYTES);
    uint32_t token = c->terms.token;
    char timeout[32];

    if (!c->has_channel)
        return assay_json_raw(&c->challenge, token);
    (void)snprintf(timeout, sizeof(timeout), "\"%" PRIu64 "\"",
                   c->channel.config.refund_timeout_daa);
    copy_object(&extra, &c->challenge, assay_json_member(&c->challenge, token, "extra"),
                "refundTimeoutDaa", assay_str(timeout));
    copy_object(&text, &c->challenge, token, "extra", assay_buf_view(&extra));
    if (!assay_buf_ok(&extra))
        text.bad = extra.bad;
    assay_buf_fini(&extra);
    return kx_client_kept(c, &text);
}

static bool hash_accepted(struct kx_client *c, struct assay_err *err)
{
    kx_client_believe_hash(c, &c->accepted, 0);
    return kx_requirements_hash(c->requirements_hash, &c->accepted, 0, err) == ASSAY_OK &&
           kx_fingerprint(c->fingerprint, &c->request, c->requirements_hash, err) == ASSAY_OK &&
           kx_batch_accepted_hash(c->accepted_hash, &c->batch, err) == ASSAY_OK;
}

bool kx_client_accept(struct kx_client *c)
{
    struct assay_bytes text = accepted_text(c);
    struct assay_err err = {0};
    struct x402_terms said;

    if (text.at != NULL &&
        x402_document_parse(&c->accepted, &c->arena, text, true, &err) == ASSAY_OK &&
        x402_terms_read(&said, &c->arena, &c->accepted, 0, &err) == X402_FAULT_NONE &&
        kx_batch_offer_read(&c->batch, &c->arena, &c->accepted, &said, &err) == KX_BATCH_TERMS_OK &&
        hash_accepted(c, &err))
        return true;
    return kx_client_object(c, NULL, "the offer cannot be accepted: %s",
                            err.code != ASSAY_OK ? err.text : "out of memory");
}
