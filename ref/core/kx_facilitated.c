/* Payments that a facilitator verifies and settles, on any network: offered as far as it lists
 * them, verified, served, settled, and answered once it is settled. Source: x402 v2 digest,
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
 *  BROADCAST: it was asked for. Every identical retry asks again with the same bytes, until the
 *  facilitator says yes, or an operator has found out what became of it.
 *
 *  APPLIED: every copy is given the stored answer.
 *
 *  So the handler runs once a payment, no answer leaves before its payment is settled, and nobody
 * is told to pay anew whose money may have moved. */
#include "core/kx_core_internal.h"

#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/offered.h"

#include <string.h>

enum { SETTLEMENT_CALLS = 2 }; /* a settlement that is pending is asked for once more */

/* ---- what is offered ---- */

/* The intersection of what this server sells with what the facilitator does: nothing that is listed
 * there widens it. */
static size_t published(struct x402_kind *out, const struct kx_core_request *r)
{
    const struct kx_facilitated_core *f = r->core->facilitated;
    const struct x402_supported *listed = r->event.supported;
    struct x402_kind own[KX_FACILITATED_KINDS_MAX];

    if (f == NULL || listed == NULL)
        return 0;
    for (size_t i = 0; i < f->kind_count; i++)
        own[i] = (struct x402_kind){.extra = ASSAY_JSON_NONE,
                                    .version = X402_VERSION,
                                    .scheme = assay_str(f->kinds[i].scheme),
                                    .network = assay_str(f->kinds[i].network),
                                    .modes_state = X402_MODES_KNOWN,
                                    .modes = X402_MODE_VERIFY | X402_MODE_SETTLE};
    return x402_kinds_publish(out, own, f->kind_count, listed->kinds, listed->kind_count, false);
}

static bool is_kind(const struct kx_facilitated_kind *kind, struct assay_bytes scheme,
                    struct assay_bytes network)
{
    return assay_bytes_is(scheme, kind->scheme) && assay_bytes_is(network, kind->network);
}

static bool is_published(const struct kx_facilitated_kind *kind, const struct x402_kind *kinds,
                         size_t count)
{
    const unsigned both = X402_MODE_VERIFY | X402_MODE_SETTLE;

    for (size_t i = 0; i < count; i++)
        if (is_kind(kind, kinds[i].scheme, kinds[i].network) && (kinds[i].modes & both) == both)
            return true;
    return false;
}

static void write_entry(struct assay_buf *out, const struct kx_core_request *r,
                        const struct kx_facilitated_kind *kind)
{
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "amount", r->route->price);
    kx_write_str(out, "asset", kind->asset);
    if (kind->extra != NULL) {
        kx_write_name(out, "extra");
        assay_buf_add_str(out, kind->extra);
    }
    kx_write_number(out, "maxTimeoutSeconds", r->core->max_timeout_s);
    kx_write_str(out, "network", kind->network);
    kx_write_str(out, "payTo", kind->pay_to);
    kx_write_str(out, "scheme", kind->scheme);
    assay_buf_add_byte(out, '}');
}

size_t kx_facilitated_write(struct assay_buf *out, const struct kx_core_request *r, bool is_first)
{
    struct x402_kind kinds[KX_FACILITATED_KINDS_MAX];
    size_t count = published(kinds, r), written = 0;

    for (size_t i = 0; count > 0 && i < r->core->facilitated->kind_count; i++) {
        const struct kx_facilitated_kind *kind = &r->core->facilitated->kinds[i];

        if (!is_published(kind, kinds, count))
            continue;
        assay_buf_add_str(out, is_first && written == 0 ? "" : ",");
        write_entry(out, r, kind);
        written++;
    }
    return written;
}

/* ---- the payment ---- */

bool kx_facilitated_is_paid(struct kx_core_request *r)
{
    uint32_t accepted = assay_json_member(&r->doc, 0, "accepted");
    const struct kx_facilitated_core *f = r->core->facilitated;
    struct assay_bytes scheme, network;

    if (f == NULL || accepted == ASSAY_JSON_NONE ||
        !x402_text(&scheme, &r->arena, &r->doc, accepted, "scheme") ||
        !x402_text(&network, &r->arena, &r->doc, accepted, "network"))
        return false;
    for (size_t i = 0; i < f->kind_count; i++)
        if (is_kind(&f->kinds[i], scheme, network))
            return true;
    return false;
}

/* Of a part of the payment, on the network and of the asset that it accepts. */
static enum assay_code hash_of(char *out, const char *domain, const struct kx_core_request *r,
                               uint32_t token)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    enum assay_code rc;

    assay_buf_add_str(&text, domain);
    assay_json_add_string(&text, accepted->network);
    assay_json_add_string(&text, accepted->asset);
    rc = assay_json_canonical(&text, &r->doc, token, NULL);
    if (rc == ASSAY_OK)
        rc = text.bad;
    if (rc == ASSAY_OK)
        x402_hash_text(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

/* What can move money once: what was authorised, whoever may write its signature otherwise; where a
 * scheme says no such thing, the whole payload. */
static uint32_t spent_part(const struct kx_core_request *r)
{
    uint32_t payload = r->payment.envelope.payload;
    uint32_t authorization = assay_json_member(&r->doc, payload, "authorization");

    return authorization != ASSAY_JSON_NONE &&
                   r->doc.tokens[authorization].type == ASSAY_JSON_OBJECT
               ? authorization
               : payload;
}

static enum assay_code name_payment(struct kx_core_request *r)
{
    const struct x402_payment *envelope = &r->payment.envelope;
    enum assay_code rc;

    if ((rc = kx_requirements_hash(r->requirements, &r->doc, envelope->accepted.token, NULL)) !=
            ASSAY_OK ||
        (rc = kx_fingerprint(r->fingerprint, &r->request, r->requirements, NULL)) != ASSAY_OK ||
        (rc = hash_of(r->payload_hash, "assay:x402:payload:v1", r, envelope->payload)) !=
            ASSAY_OK ||
        (rc = hash_of(r->scope, "assay:x402:spent:v1", r, spent_part(r))) != ASSAY_OK)
        return rc;
    if (r->identifier.len == 0)
        r->identifier = assay_str(r->payload_hash);
    return ASSAY_OK;
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
    if (!f->has_identifier && err.code != ASSAY_OK)
        return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), "identifier.form");
    if (f->has_identifier)
        r->identifier = f->identifier.id;
    if (r->identifier.len == 0 && kx_core_settles(r->core))
        return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), "identifier.form");
    if ((rc = name_payment(r)) != ASSAY_OK)
        return kx_core_refuse_unreadable(r, rc, "http.form");
    return kx_core_admit(r);
}

/* ---- judging ---- */

static bool is_echo(struct kx_core_request *r)
{
    struct x402_identifier advertised;

    return !r->facilitated.has_identifier ||
           (x402_identifier_read(&advertised, &r->arena, &r->offer_doc, r->offer.extensions,
                                 NULL) == X402_IDENTIFIER_PRESENT &&
            kx_echoes(&r->doc, &r->facilitated.identifier, &r->offer_doc, &advertised) == ASSAY_OK);
}

/* Which of the offers was accepted; of kx_offered there is one. */
static const struct x402_terms *offer_of(const struct kx_core_request *r)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;

    for (size_t i = 0; i < r->offer.accept_count; i++) {
        const struct x402_terms *offer = &r->offer.accepts[i];

        if (assay_bytes_equal(offer->scheme, accepted->scheme) &&
            assay_bytes_equal(offer->network, accepted->network) &&
            assay_bytes_equal(offer->asset, accepted->asset) &&
            assay_bytes_equal(offer->pay_to, accepted->pay_to))
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
static void fill_ask(struct kx_core_request *r, struct assay_bytes requirements)
{
    struct kx_facilitated_state *f = &r->facilitated;
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    const struct assay_bytes kaspa = ASSAY_LIT(KX_NAMESPACE);

    f->ask = (struct x402_ask){.payload = assay_json_raw(&r->doc, 0),
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
    return word == KX_WORD_LOST
               ? kx_core_busy(r, 500, KX_FACILITATOR_LOST, "facilitator.answers")
               : kx_core_refuse(r, 502, KX_FACILITATOR_FAILED, "facilitator.answers");
}

struct kx_action kx_facilitated_judge(struct kx_core_request *r)
{
    const struct x402_terms *offer;
    bool is_offered = false;

    enum assay_code rc = kx_core_offer_again(r);

    if (rc == ASSAY_E_MISSING)
        return refuse_blind(r, KX_WORD_LOST);
    if (rc != ASSAY_OK ||
        kx_offered(&is_offered, &r->offer, &r->doc, r->payment.envelope.accepted.token,
                   r->requirements) != ASSAY_OK)
        return kx_core_unavailable(r);
    if (!is_offered || (offer = offer_of(r)) == NULL)
        return kx_core_refuse_payment(r, KX_WIRE_REQUIREMENTS, "facilitated.offer");
    if (!is_echo(r))
        return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD, "facilitated.identifier");
    fill_ask(r, assay_json_raw(&r->offer_doc, offer->token));
    memcpy(r->txid, r->scope, sizeof(r->txid));
    return kx_core_search(r, KX_SEARCH_TXID);
}

struct kx_action kx_facilitated_verify(struct kx_core_request *r)
{
    return call(r, KX_FACILITATOR_VERIFY);
}

/* ---- the claim ---- */

static struct kx_action claim(struct kx_core_request *r, struct assay_bytes payer)
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
    assay_sha256(a->payer, payer);
    return kx_core_ask(r, KX_ASK_CLAIM);
}

static struct kx_action on_verified(struct kx_core_request *r, const struct kx_facilitator_word *w)
{
    if (w->word == KX_WORD_YES) {
        r->facilitated.expected.payer = w->payer;
        return claim(r, w->payer);
    }
    if (w->word != KX_WORD_NO)
        return refuse_blind(r, w->word);
    r->facilitated.reason = w->reason;
    return kx_core_refuse_payment(r, KX_WIRE_PAYLOAD, "facilitator.verify");
}

/* ---- the settlement ---- */

struct kx_action kx_facilitated_settle(struct kx_core_request *r)
{
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
    return kx_core_commit(r);
}

/* Who asks for the first time is told whether anything moved. Who asks again is not: what refuses
 * may be that it was settled then. */
static struct kx_action on_settled(struct kx_core_request *r, const struct kx_facilitator_word *w)
{
    struct kx_facilitated_state *f = &r->facilitated;

    if (w->word == KX_WORD_YES)
        return settled(r, w);
    if (w->word == KX_WORD_NO && !w->may_have_moved && !f->is_again) {
        f->reason = w->reason;
        f->has_failed = true;
        return kx_core_ask(r, KX_ASK_ABANDON);
    }
    f->is_again = true;
    if (w->word == KX_WORD_PENDING && --f->calls_left > 0)
        return call(r, KX_FACILITATOR_SETTLE);
    return kx_core_pending(r, "facilitator.settle");
}

struct kx_action kx_core_facilitated(struct kx_core_request *r, const struct kx_facilitator_word *w,
                                     int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_FACILITATOR, now_ms))
        return kx_core_unavailable(r);
    return r->facilitated.call == KX_FACILITATOR_VERIFY ? on_verified(r, w) : on_settled(r, w);
}

/* ---- the handler ---- */

/* An answer that is sold; what is none is the payer's for nothing, and his payment is his. */
struct kx_action kx_facilitated_on_result(struct kx_core_request *r, enum assay_code code,
                                          const struct kx_result *result)
{
    bool is_whole = code == ASSAY_OK && kx_core_clean(&r->result, result);

    r->facilitated.has_result = is_whole;
    return kx_core_ask(r, is_whole && result->status >= 200 && result->status < 400
                              ? KX_ASK_RESULT
                              : KX_ASK_ABANDON);
}

/* What could not be given up stays, and a retry or an operator ends it. */
struct kx_action kx_facilitated_on_abandoned(struct kx_core_request *r, enum assay_code code)
{
    struct kx_facilitated_state *f = &r->facilitated;

    if (code != ASSAY_OK && code != ASSAY_E_MISSING)
        return kx_core_pending(r, "handler.failure");
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
    return kx_core_challenge(r, KX_WIRE_PAYLOAD, "facilitator.settle");
}

/* ---- an attempt of an earlier request ---- */

struct kx_action kx_facilitated_resume(struct kx_core_request *r)
{
    fill_ask(r, assay_json_raw(&r->doc, r->payment.envelope.accepted.token));
    if (!r->attempt.has_result)
        return kx_core_ask(r, KX_ASK_BEGIN);
    r->result = r->attempt.result;
    r->facilitated.is_again = r->attempt.status == KX_BROADCAST;
    return r->facilitated.is_again ? kx_facilitated_settle(r) : kx_core_ask(r, KX_ASK_BROADCAST);
}

void kx_facilitated_add_receipt(struct assay_buf *out, const struct kx_core_request *r)
{
    x402_settlement_write(out, &r->facilitated.settled);
}
