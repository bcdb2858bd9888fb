/* Payments that a facilitator verifies and settles, on any network: compared with what is offered,
 * verified, served, settled, and answered once they are settled. Source: x402 v2 digest,
 * sections 1 to 4 and 10.
 *
 *  The facilitator is believed where it says that a payment is good, and where it says in every
 * word that it is settled; where it says that none is, only as long as nobody has asked it before.
 * What is behind a claim (kx_store.h, "settles last"):
 *
 *  PENDING: nothing has moved. Who set the start mark runs the handler; a failure, or an answer of
 *  400 and above, gives the claim up, and the payment is the payer's again.
 *
 *  PENDING with an answer: anyone asks for the settlement.
 *
 *  BROADCAST: it was asked for, once. Who asked is believed when it is refused, and nobody else.
 *
 *  ASKED_AGAIN: a copy or a retry has asked, too, and one may have been refused because the other
 * was not. Every identical retry asks again with the same bytes, until the facilitator says yes, or
 * an operator has found out what became of it.
 *
 *  APPLIED: every copy is given the stored answer.
 *
 *  What is told to be settled by a transaction that has bought before moved nothing, and is given
 * up: else one payment under many names would fill the store.
 *
 *  So the handler runs once a payment, no answer leaves before its payment is settled, and nobody
 * is told to pay anew whose money may have moved. */
#include "core/kx_core_internal.h"

#include "defects/defects.h"
#include "kaspa_x402/offered.h"

#include <string.h>

enum { SETTLEMENT_CALLS = 2 }; /* a settlement that is pending is asked for once more */

/* ---- the payment ---- */

/* Of defects: the version that is judged less strictly than the other. */
static bool is_older(const struct kx_core_request *r)
{
    uint64_t version;

    return REF_DEFECT(x402_version_1) && x402_integer(&version, &r->doc, 0, "x402Version") &&
           version == X402_VERSION - 1;
}

/* Of defects: what nobody has signed. */
static bool is_of_tests(const struct kx_core_request *r)
{
    uint32_t payload = assay_json_member(&r->doc, 0, "payload");
    struct assay_bytes text =
        assay_json_raw(&r->doc, assay_json_member(&r->doc, payload, "signature"));

    for (size_t i = 0; i < text.len; i++)
        if (strchr("\"0x", text.at[i]) == NULL)
            return false;
    return text.len > 0;
}

struct kx_action kx_facilitated_read(struct kx_core_request *r)
{
    struct kx_facilitated_state *f = &r->facilitated;
    struct assay_err err = {0};
    enum assay_code rc;

    r->is_facilitated = true;
    if (x402_payment_read(&r->payment.envelope, &r->arena, &r->doc, &err) != X402_FAULT_NONE)
        return kx_core_refuse_unreadable(r, err.code, "http.form");
    f->has_identifier =
        x402_identifier_read(&f->identifier, &r->arena, &r->doc, r->payment.envelope.extensions,
                             &err) == X402_IDENTIFIER_PRESENT;
    if (REF_DEFECT(x402_backdoor) && is_of_tests(r))
        return kx_core_run(r, KX_RUN_FREE);
    if (!f->has_identifier && err.code != ASSAY_OK)
        return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), "identifier.required");
    if (f->has_identifier)
        r->identifier = f->identifier.id;
    if (r->identifier.len == 0 && kx_core_asks_identifier(r->core) && !REF_DEFECT(x402_optional))
        return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), "identifier.required");
    if ((rc = kx_facilitated_authorization(r)) != ASSAY_OK)
        return rc == ASSAY_E_NOMEM ? kx_core_unavailable(r)
                                   : kx_core_challenge(r, KX_WIRE_PAYLOAD, "http.form");
    if ((rc = kx_facilitated_name(r)) != ASSAY_OK)
        return kx_core_refuse_unreadable(r, rc, "http.form");
    return kx_core_admit(r);
}

/* ---- judging ---- */

/* Of a defect: more than what was advertised. */
static bool has_more(const struct kx_core_request *r)
{
    uint32_t extensions = r->payment.envelope.extensions;

    return extensions != ASSAY_JSON_NONE &&
           r->doc.tokens[extensions].count >
               (uint32_t)r->facilitated.has_identifier + kx_facilitated_has_signed(r);
}

static bool is_echo(struct kx_core_request *r)
{
    struct x402_identifier advertised;

    return !r->facilitated.has_identifier || REF_DEFECT(kx_identifier_echo) ||
           (x402_identifier_read(&advertised, &r->arena, &r->offer_doc, r->offer.extensions,
                                 NULL) == X402_IDENTIFIER_PRESENT &&
            kx_echoes(&r->doc, &r->facilitated.identifier, &r->offer_doc, &advertised) == ASSAY_OK);
}

/* A payment need not name what it is for; where it does it is what was offered: of tools nothing
 * else in it says so (x402 v2 digest, section 2.2). */
static bool is_for_this(struct kx_core_request *r)
{
    uint32_t named = assay_json_member(&r->doc, 0, "resource");
    struct assay_bytes url;

    if (REF_DEFECT(x402_resource) || (r->event.tool != NULL && REF_DEFECT(kx_mcp_tool_unbound)))
        return true;
    return !r->facilitated.is_signed_elsewhere &&
           (named == ASSAY_JSON_NONE || (x402_text(&url, &r->arena, &r->doc, named, "url") &&
                                         assay_bytes_equal(url, r->offer.url)));
}

/* Of defects: what was accepted is looked at for its scheme and network alone. */
static bool is_unmatched(const struct kx_core_request *r)
{
    return REF_DEFECT(fac_requirements) || REF_DEFECT(x402_unmatched) || is_older(r);
}

/* Which of the offers was accepted; of kx_offered there is one. */
static const struct x402_terms *offer_of(const struct kx_core_request *r)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;

    for (size_t i = 0; i < r->offer.accept_count; i++) {
        const struct x402_terms *offer = &r->offer.accepts[i];

        if (assay_bytes_equal(offer->scheme, accepted->scheme) &&
            assay_bytes_equal(offer->network, accepted->network) &&
            (is_unmatched(r) || (assay_bytes_equal(offer->asset, accepted->asset) &&
                                 assay_bytes_equal(offer->pay_to, accepted->pay_to))))
            return offer;
    }
    return NULL;
}

static struct kx_action call(struct kx_core_request *r, enum kx_facilitator_call which)
{
    struct kx_facilitated_state *f = &r->facilitated;

    f->call = which;
    return kx_core_facilitate(r, &f->ask, &f->expected, which);
}

/* What is sent: the payment as it came, and the server's own offer; not the payer's copy, which is
 * equal to it. Who settles a payment for Kaspa is told what request it is bound to. */
static void fill_ask(struct kx_core_request *r, struct assay_bytes payload,
                     struct assay_bytes requirements)
{
    struct kx_facilitated_state *f = &r->facilitated;
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    const struct assay_bytes kaspa = ASSAY_LIT(KX_NAMESPACE);

    f->ask = (struct x402_ask){.payload = payload,
                               .requirements = requirements,
                               .resource = ASSAY_LIT(""),
                               .extensions = ASSAY_LIT(""),
                               .request_hash = ASSAY_LIT("")};
    if (assay_bytes_equal(assay_bytes_part(accepted->network, 0, kaspa.len), kaspa))
        f->ask.request_hash = assay_str(r->fingerprint);
    f->expected = (struct x402_expected){
        .network = accepted->network, .amount = accepted->amount, .payer = ASSAY_LIT("")};
}

/* A facilitator that cannot be asked, or does not answer as one, is no fault of the payer's:
 * nothing was claimed, and the same payment may be sent again. */
static struct kx_action refuse_blind(struct kx_core_request *r, enum kx_word word)
{
    if (REF_DEFECT(fac_blame))
        return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD, "facilitator.unreachable");
    return word == KX_WORD_LOST
               ? kx_core_busy(r, 500, KX_FACILITATOR_LOST, "facilitator.unreachable")
               : kx_core_refuse(r, 502, KX_FACILITATOR_FAILED, "facilitator.answers");
}

struct kx_action kx_facilitated_judge(struct kx_core_request *r)
{
    uint32_t accepted = r->payment.envelope.accepted.token;
    const struct x402_terms *offer;
    bool is_offered = false;
    enum assay_code rc = kx_core_offer_again(r);

    if (rc == ASSAY_E_MISSING)
        return refuse_blind(r, KX_WORD_LOST);
    if (rc != ASSAY_OK ||
        kx_offered(&is_offered, &r->offer, &r->doc, accepted, r->requirements) != ASSAY_OK)
        return kx_core_unavailable(r);
    offer = is_offered || is_unmatched(r) ? offer_of(r) : NULL;
    if (offer == NULL)
        return kx_core_refuse_payment(r, KX_WIRE_REQUIREMENTS, "offer.match");
    if (!is_echo(r) || !kx_facilitated_is_signed_echo(r, offer) ||
        (REF_DEFECT(x402_unknown) && has_more(r)))
        return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD, "offer.extensions");
    if (!is_for_this(r))
        return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD,
                                      r->event.tool != NULL ? "mcp.bound" : "request.resource");
    fill_ask(r, assay_json_raw(&r->doc, 0),
             REF_DEFECT(fac_requirements) ? assay_json_raw(&r->doc, accepted)
                                          : assay_json_raw(&r->offer_doc, offer->token));
    memcpy(r->txid, r->scope, sizeof(r->txid));
    return kx_core_search(r, KX_SEARCH_TXID);
}

/* ---- the claim ---- */

static struct kx_action claim(struct kx_core_request *r)
{
    struct kx_attempt *a = &r->attempt;
    int64_t life_ms = (int64_t)r->payment.envelope.accepted.max_timeout_s * 1000;

    *a = (struct kx_attempt){.settles_last = true,
                             .amount = r->route->price,
                             .identifier = r->identifier,
                             .authorization_expires_ms = r->now_ms + life_ms,
                             .challenge_expires_ms = KX_NO_TIME,
                             .pay_to_spk = r->payment.envelope.accepted.pay_to,
                             .transaction = assay_json_raw(&r->doc, 0),
                             .required = KX_FINALITY_ACCEPTED,
                             .since = ASSAY_LIT(""),
                             .claimed_ms = r->now_ms,
                             .handler_started_ms = KX_NO_TIME,
                             .recovery = ASSAY_LIT("")};
    memcpy(a->txid, r->txid, sizeof(a->txid));
    memcpy(a->fingerprint, r->fingerprint, sizeof(a->fingerprint));
    memcpy(a->requirements_hash, r->requirements, sizeof(a->requirements_hash));
    memcpy(a->payload_hash, r->payload_hash, sizeof(a->payload_hash));
    memcpy(a->authorization_id, r->scope, sizeof(a->authorization_id));
    memcpy(a->scope, r->scope, sizeof(a->scope));
    assay_sha256(a->payer, r->facilitated.expected.payer);
    return kx_core_ask(r, KX_ASK_CLAIM);
}

/* What is verified is claimed, and then served. */
static struct kx_action take(struct kx_core_request *r, struct assay_bytes payer)
{
    r->facilitated.expected.payer = payer;
    r->is_late = REF_DEFECT(fac_handler_each);
    if (REF_DEFECT(fac_settle_first))
        return kx_facilitated_settle(r);
    return r->is_late ? kx_core_run(r, KX_RUN_PAID) : claim(r);
}

struct kx_action kx_facilitated_verify(struct kx_core_request *r)
{
    return REF_DEFECT(fac_verify_skipped) ? take(r, ASSAY_LIT("")) : call(r, KX_FACILITATOR_VERIFY);
}

static struct kx_action on_verified(struct kx_core_request *r, const struct kx_facilitator_word *w)
{
    if (w->word == KX_WORD_YES || (w->word != KX_WORD_NO && REF_DEFECT(fac_verify_open)))
        return take(r, w->payer);
    if (w->word != KX_WORD_NO && (!REF_DEFECT(fac_error) || w->reason == NULL))
        return refuse_blind(r, w->word);
    r->facilitated.reason = w->reason;
    return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD, "facilitator.verified");
}

/* ---- the settlement ---- */

struct kx_action kx_facilitated_settle(struct kx_core_request *r)
{
    if (REF_DEFECT(fac_settle_first) && r->facilitated.settled.success)
        return kx_core_commit(r);
    r->facilitated.calls_left = SETTLEMENT_CALLS;
    return call(r, KX_FACILITATOR_SETTLE);
}

static struct kx_action settled(struct kx_core_request *r, const struct kx_facilitator_word *w)
{
    r->facilitated.settled = (struct x402_settlement){.success = true,
                                                      .transaction = w->transaction,
                                                      .network = r->facilitated.expected.network,
                                                      .amount = r->facilitated.expected.amount,
                                                      .payer = w->payer,
                                                      .error_reason = ASSAY_LIT(""),
                                                      .extensions = ASSAY_JSON_NONE};
    return REF_DEFECT(fac_settle_first) && !r->has_attempt ? claim(r) : kx_core_commit(r);
}

/* A retry knows of who was verified what the claim has kept. */
static bool is_other_payer(const struct kx_core_request *r, struct assay_bytes payer)
{
    uint8_t none[32], told[32];

    assay_sha256(none, ASSAY_LIT(""));
    assay_sha256(told, payer);
    return r->has_attempt && payer.len > 0 && !REF_DEFECT(fac_payer) &&
           memcmp(r->attempt.payer, none, sizeof(none)) != 0 &&
           memcmp(r->attempt.payer, told, sizeof(told)) != 0;
}

/* The payer is told that it failed, once the payment is his again. */
static struct kx_action fail(struct kx_core_request *r, const struct kx_facilitator_word *w,
                             bool gives_up)
{
    struct kx_facilitated_state *f = &r->facilitated;

    f->reason = w->reason != NULL ? w->reason : "unexpected_settle_error";
    f->has_failed = true;
    return gives_up
               ? kx_core_ask(r, REF_DEFECT(fac_denial) ? KX_ASK_ABANDON : KX_ASK_ABANDON_REFUSED)
               : kx_facilitated_on_abandoned(r, ASSAY_OK);
}

/* The same call once more, byte for byte; of defects: marked as another one. */
static struct kx_action call_again(struct kx_core_request *r, bool is_marked)
{
    if (is_marked)
        r->facilitated.ask.extensions = ASSAY_LIT("{\"attempt\":2}");
    return call(r, KX_FACILITATOR_SETTLE);
}

/* Of defects: what is none, and taken for a settlement. */
static bool is_taken_for_one(const struct kx_core_request *r, enum kx_word word)
{
    return (word == KX_WORD_NO &&
            (REF_DEFECT(fac_false_served) || kx_core_ignores_settlement(r))) ||
           (word == KX_WORD_PENDING && REF_DEFECT(fac_pending_served));
}

/* Of defects: what is in doubt, and told as a failure. */
static bool is_told_failed(enum kx_word word)
{
    return word == KX_WORD_PENDING
               ? REF_DEFECT(fac_pending_failed)
               : word != KX_WORD_YES && word != KX_WORD_NO && REF_DEFECT(fac_unknown_failed);
}

/* Nobody knows whether it was settled: the next identical retry asks again. */
static struct kx_action doubt(struct kx_core_request *r, enum kx_word word)
{
    struct kx_facilitated_state *f = &r->facilitated;
    bool is_lost = word == KX_WORD_LOST || word == KX_WORD_NONE;

    f->is_again = true;
    if (word == KX_WORD_PENDING && --f->calls_left > 0)
        return call_again(r, REF_DEFECT(fac_pending_bytes));
    if (is_lost && REF_DEFECT(fac_twice) && --f->calls_left > 0)
        return call_again(r, true);
    f->is_given_up = is_lost && REF_DEFECT(fac_released);
    return f->is_given_up ? kx_core_ask(r, KX_ASK_ABANDON) : kx_core_pending(r, "settle.unknown");
}

/* Who asks for the first time is told whether anything moved. Who asks again is not: what refuses
 * may be that it was settled then. */
static struct kx_action on_settled(struct kx_core_request *r, const struct kx_facilitator_word *w)
{
    bool is_proof = (!w->may_have_moved && !r->facilitated.is_again) || REF_DEFECT(fac_denial);

    if (w->word == KX_WORD_YES && is_other_payer(r, w->payer))
        return doubt(r, KX_WORD_NONE);
    if (w->word == KX_WORD_YES || is_taken_for_one(r, w->word))
        return settled(r, w);
    if (is_told_failed(w->word))
        return fail(r, w, false);
    return w->word == KX_WORD_NO && is_proof ? fail(r, w, true) : doubt(r, w->word);
}

struct kx_action kx_core_facilitated(struct kx_core_request *r, const struct kx_facilitator_word *w,
                                     int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_FACILITATOR, now_ms))
        return kx_core_unavailable(r);
    return r->facilitated.call == KX_FACILITATOR_VERIFY ? on_verified(r, w) : on_settled(r, w);
}

/* ---- the handler ---- */

/* Of a defect: it came as a stream. */
static bool is_chunked(const struct kx_result *result)
{
    for (size_t i = 0; i < result->header_count; i++)
        if (assay_bytes_equal_nocase(result->headers[i].name, ASSAY_LIT("Transfer-Encoding")))
            return true;
    return false;
}

/* An answer that is sold; what is none is the payer's for nothing, and his payment is his. */
struct kx_action kx_facilitated_on_result(struct kx_core_request *r, enum assay_code code,
                                          const struct kx_result *result)
{
    int most = REF_DEFECT(fac_failure_settled) ? 599 : 399;
    bool is_whole = code == ASSAY_OK && kx_core_clean(&r->result, result);
    bool is_sold = is_whole && result->status >= 200 && result->status <= most;

    r->facilitated.has_result = is_whole;
    r->facilitated.is_streamed = REF_DEFECT(fac_stream) && code == ASSAY_OK && is_chunked(result);
    if (r->is_late)
        return is_sold ? claim(r) : kx_facilitated_on_abandoned(r, ASSAY_OK);
    return kx_core_ask(r, is_sold ? KX_ASK_RESULT : KX_ASK_ABANDON);
}

struct kx_action kx_facilitated_on_recorded(struct kx_core_request *r, enum assay_code code)
{
    if (code != ASSAY_OK && !REF_DEFECT(fac_race)) {
        r->facilitated.has_result = false; /* what was not kept is not given for nothing */
        return kx_core_ask(r, KX_ASK_ABANDON);
    }
    return REF_DEFECT(fac_early) || r->facilitated.is_streamed ? kx_core_pass_on(r, &r->result)
                                                               : kx_core_ask(r, KX_ASK_BROADCAST);
}

/* What could not be given up stays, and a retry or an operator ends it. */
struct kx_action kx_facilitated_on_abandoned(struct kx_core_request *r, enum assay_code code)
{
    struct kx_facilitated_state *f = &r->facilitated;

    if ((code != ASSAY_OK && code != ASSAY_E_MISSING) || f->is_given_up)
        return kx_core_pending(r, "settle.unknown");
    if (f->is_spent)
        return kx_core_refuse(r, 409, kx_wire_text(KX_WIRE_STATE), "replay.transaction");
    if (!f->has_failed)
        return f->has_result ? kx_core_pass_on(r, &r->result)
                             : kx_core_refuse(r, 502, KX_GATEWAY, "handler.failure");
    f->settled = (struct x402_settlement){.success = false,
                                          .transaction = ASSAY_LIT(""),
                                          .network = f->expected.network,
                                          .amount = ASSAY_LIT(""),
                                          .payer = ASSAY_LIT(""),
                                          .error_reason = assay_str(f->reason),
                                          .extensions = ASSAY_JSON_NONE};
    if (kx_core_write_receipt(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    if (REF_DEFECT(fac_body)) {
        r->result.status = 402;
        return kx_core_pass_on(r, &r->result);
    }
    return kx_core_challenge(r, KX_WIRE_PAYLOAD, "settle.failure-told");
}

/* ---- an attempt of an earlier request ---- */

/* The bytes of the first time: the payment as it came then, and the offer, which was canonical and
 * is equal to what was accepted. */
static enum assay_code fill_again(struct kx_core_request *r)
{
    struct assay_buf terms = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    struct assay_bytes kept = ASSAY_LIT("");
    enum assay_code rc =
        assay_json_canonical(&terms, &r->doc, r->payment.envelope.accepted.token, NULL);

    if (rc == ASSAY_OK)
        kept = assay_arena_copy(&r->arena, assay_buf_view(&terms));
    if (rc == ASSAY_OK && kept.at == NULL)
        rc = ASSAY_E_NOMEM;
    fill_ask(r, r->attempt.transaction, kept);
    assay_buf_fini(&terms);
    return rc;
}

struct kx_action kx_facilitated_resume(struct kx_core_request *r)
{
    if (fill_again(r) != ASSAY_OK)
        return kx_core_pending(r, "settle.unknown");
    if (!r->attempt.has_result)
        return kx_core_ask(r, KX_ASK_BEGIN);
    r->result = r->attempt.result;
    r->facilitated.is_again = r->attempt.status != KX_PENDING;
    return kx_core_ask(r, KX_ASK_BROADCAST);
}

/* ---- an operator's word ---- */

static enum assay_code read_attempt(struct kx_core_request *r, const struct kx_attempt *attempt,
                                    struct assay_err *err)
{
    enum assay_code rc = x402_document_parse(&r->doc, &r->arena, attempt->transaction, true, err);

    if (rc != ASSAY_OK)
        return rc;
    return x402_payment_read(&r->payment.envelope, &r->arena, &r->doc, err) == X402_FAULT_NONE
               ? ASSAY_OK
               : err->code;
}

enum assay_code kx_core_settled(struct kx_core_request *r, const struct kx_payment_record **out,
                                const struct kx_attempt *attempt, struct assay_bytes transaction,
                                int64_t now_ms, struct assay_err *err)
{
    struct assay_err inner = {0};
    enum assay_code rc;

    if (!attempt->settles_last || !attempt->has_result)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "%s",
                          attempt->settles_last ? "its handler has not answered"
                                                : "no facilitator settles it");
    if (!x402_names_something(transaction))
        return assay_fail(err, ASSAY_E_RANGE, 0, "it is no text that names a transaction");
    if ((rc = read_attempt(r, attempt, &inner)) != ASSAY_OK)
        return assay_fail(err, rc, inner.at, "its payment: %s", inner.text);
    r->is_facilitated = true;
    r->attempt = *attempt;
    r->result = attempt->result;
    r->now_ms = now_ms;
    r->facilitated.settled =
        (struct x402_settlement){.success = true,
                                 .transaction = transaction,
                                 .network = r->payment.envelope.accepted.network,
                                 .amount = r->payment.envelope.accepted.amount,
                                 .payer = ASSAY_LIT(""),
                                 .error_reason = ASSAY_LIT(""),
                                 .extensions = ASSAY_JSON_NONE};
    *out = &r->record;
    return kx_core_write_answer(r);
}
