/* A resource server that has its payments verified and settled by the target; see facilitate.h. */
#include "peer/kaspa-x402/facilitate.h"

#include "peer/kaspa-x402/peer_internal.h"
#include "x402/facilitator.h"

#include <inttypes.h>

#define AMOUNT "20000000"

/* ---- what is sold ---- */

static json_t *terms_of(struct assay_case *t, struct kxp_sale sale)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;
    struct assay_key merchant;
    struct kaspa_spk spk;

    kaspa_key_from_seed(&merchant, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("resource server"));
    spk = kxp_spk_of(t, &merchant);
    if (!kaspa_address_of_script(&address, &spk, sale.is_mainnet ? KASPA_MAINNET : KASPA_TESTNET))
        case_end(t, VERDICT_BROKEN, "our own script has no address");
    kaspa_address_encode(text, &address);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "scheme",
        KX_SCHEME_EXACT, "network", sale.is_mainnet ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET,
        "asset", KX_ASSET, "amount", AMOUNT, "payTo", text, "maxTimeoutSeconds", 60, "extra",
        "binding", KX_BINDING_EXACT, "profile", kx_profile_name(KX_STANDARD_NATIVE), "finality",
        kx_finality_name(KX_FINALITY_ACCEPTED), "paymentFlow", "upfront", "transactionEncoding",
        KX_ENCODING, "payToScriptPublicKey", case_printf(t, "0000%s", kxp_hex(t, spk.script)));
}

const struct kxp_offer *kxp_own_offer(struct assay_case *t, struct kxp_sale sale)
{
    struct kxp_offer *offer = case_alloc(t, sizeof(*offer));
    struct assay_buf identifier = ASSAY_BUF_INIT(4096);
    struct assay_err err = {0};
    json_t *required;

    x402_identifier_write(&identifier, true, ASSAY_LIT(""));
    *offer = (struct kxp_offer){.want = {.method = "GET", .target = "/report?day=1"},
                                .asked_ms = case_now_ms(t)};
    required =
        kxp_owned(t, json_pack("{s:i, s:[o], s:{s:o}, s:{s:s}}", "x402Version", X402_VERSION,
                               "accepts", terms_of(t, sale), "extensions", "payment-identifier",
                               json_loads((const char *)peer_keep(t, &identifier).at, 0, NULL),
                               "resource", "url", kxp_url_of(t, offer->want)));
    offer->doc = kxp_doc(t, assay_str(kxp_json_text(t, required)));
    if (x402_required_read(&offer->required, case_arena(t), &offer->doc, &err) != X402_FAULT_NONE ||
        kx_terms_read(&offer->terms, case_arena(t), &offer->doc, &offer->required.accepts[0],
                      &err) != KX_TERMS_OK)
        case_end(t, VERDICT_BROKEN, "our own offer does not hold: %s", err.text);
    return offer;
}

const struct kxp_payment *kxp_owed(struct assay_case *t)
{
    return kxp_given_payment(t, kxp_own_offer(t, (struct kxp_sale){.is_mainnet = false}));
}

/* ---- what is posted ---- */

const char *kxp_tenant(struct assay_case *t, size_t index)
{
    const struct target *target = case_target(t);

    return index < target->principal_count ? target->principals[index].name : NULL;
}

json_t *kxp_request(struct assay_case *t, const struct kxp_payment *payment)
{
    const struct kxp_offer *offer = payment->offer;
    struct assay_bytes raw = assay_json_raw(&offer->doc, offer->terms.token);
    json_t *terms = json_loadb((const char *)raw.at, raw.len, 0, NULL);
    char requirements[X402_HASH_TEXT_BYTES];

    kxp_hash_json(t, requirements, terms);
    return kxp_owned(
        t, json_pack("{s:i, s:o, s:o, s:s}", "x402Version", X402_VERSION, "paymentPayload",
                     json_deep_copy(payment->json), "paymentRequirements", terms, "requestHash",
                     kxp_fingerprint(t, offer, kxp_url_of(t, offer->want), requirements)));
}

const char *kxp_call_name(enum kxp_call call)
{
    return call == KXP_VERIFY ? "verify" : "settle";
}

struct peer_want kxp_call_want(struct assay_case *t, enum kxp_call call, const json_t *body)
{
    struct peer_want want = peer_endpoint(t, kxp_call_name(call));

    want.content_type = "application/json";
    return peer_want_body(want, assay_str(kxp_json_text(t, body)));
}

const struct peer_answer *kxp_call(struct assay_case *t, const char *label, enum kxp_call call,
                                   const json_t *body, const char *tenant)
{
    return peer_send(t, label, kxp_call_want(t, call, body), kxp_headers_as(t, tenant, NULL));
}

static bool is_pending(struct assay_case *t, const struct peer_answer *answer)
{
    return strcmp(kxp_said_text(t, answer, "errorReason"), X402_REASON_PENDING) == 0;
}

const struct peer_answer *kxp_settle_until_known(struct assay_case *t, const char *label,
                                                 const json_t *body, const char *tenant)
{
    struct kxp_tries tries = kxp_tries(t);
    const struct peer_answer *answer = kxp_call(t, label, KXP_SETTLE, body, tenant);

    while ((kxp_is_later(answer) || is_pending(t, answer)) && kxp_another_try(t, &tries)) {
        kxp_mine(t, 1);
        answer = kxp_call(t, label, KXP_SETTLE, body, tenant);
    }
    return answer;
}

json_t *kxp_said(struct assay_case *t, const struct peer_answer *answer)
{
    struct assay_bytes body = peer_body(answer);
    json_t *said = json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(said))
        return kxp_owned(t, said);
    json_decref(said);
    return kxp_owned(t, json_object());
}

const char *kxp_said_text(struct assay_case *t, const struct peer_answer *answer,
                          const char *member)
{
    const char *text = json_string_value(json_object_get(kxp_said(t, answer), member));

    return text != NULL ? text : "";
}

/* ---- judging ---- */

static bool says(struct assay_case *t, const struct peer_answer *answer, bool is_good)
{
    json_t *said = kxp_said(t, answer);
    json_t *valid = json_object_get(said, "isValid"), *success = json_object_get(said, "success");
    json_t *word = valid != NULL ? valid : success;

    return is_good ? json_is_true(word) : json_is_false(word);
}

void(kxp_expect_valid)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, look.status == 200 && says(t, answer, true) && look.moves == 0, GRADE_OBSERVED,
               "200 with isValid true, and no money moved", "%s", look.seen);
}

static const char *state_text(enum kaspa_chain_tx_state state)
{
    return state == KASPA_TX_ACCEPTED ? "the chain has accepted the payment"
                                      : "the chain has not accepted the payment";
}

void(kxp_expect_settled)(struct assay_case *t, const struct peer_answer *answer,
                         const struct kxp_payment *payment)
{
    struct peer_look look = peer_look(t, answer);
    enum kaspa_chain_tx_state state = kxp_state(t, payment);

    case_judge(t, look.status == 200 && says(t, answer, true) && state == KASPA_TX_ACCEPTED,
               GRADE_OBSERVED, "200 with success true, and the chain has accepted the payment",
               "%s; %s", look.seen, state_text(state));
}

void(kxp_expect_negative)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);
    bool is_refused = look.status >= 400 && look.status < 500;

    peer_end_if_rate_limited(t, look.status);
    case_judge(t,
               (is_refused || (look.status == 200 && says(t, answer, false))) &&
                   !says(t, answer, true) && look.moves == 0,
               GRADE_OBSERVED,
               "a refusal (4xx, or 200 with isValid or success false), and no money moved", "%s",
               look.seen);
}

void(kxp_expect_unknown)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, !says(t, answer, true) && (look.status >= 500 || is_pending(t, answer)),
               GRADE_OBSERVED,
               "neither a success nor a failure for good (5xx, or " X402_REASON_PENDING ")", "%s",
               look.seen);
}

void(kxp_expect_handed_over)(struct assay_case *t, uint64_t n)
{
    uint64_t seen = kxp_submissions(t);

    case_judge(t, seen == n, GRADE_OBSERVED,
               case_printf(t, "the node is handed a transaction %s",
                           n == 0 ? "never" : case_printf(t, "%" PRIu64 " times", n)),
               "%" PRIu64 " times", seen);
}

void kxp_facilitator_probe(struct assay_case *t)
{
    const struct kxp_payment *paid = kxp_owed(t);
    const struct peer_answer *answer = kxp_settle_until_known(
        t, "honest resource server settles", kxp_request(t, paid), kxp_tenant(t, 0));

    (kxp_expect_settled)(t, answer, paid);
}
