/* Set-up of a paid-tools case (offers and payments that must come about), and looking at answers.
 */
#include "peer/paid-tools/peer_internal.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/uuid.h"

#include <inttypes.h>

enum { BODY_MAX_TOKENS = 512 };

enum assay_code pt_challenge_of(struct pt_challenge *out, const struct peer_answer *answer,
                                struct assay_err *err)
{
    const struct http_response *response = &answer->exchange->response;
    struct assay_err of_body = {0};
    char amount[PT_TEXT_MAX_BYTES];
    bool bridged;
    struct assay_bytes header = http_response_header(response, "PAYMENT-REQUIRED", &bridged);
    enum assay_code rc = pt_challenge_parse(out, peer_body(answer), &of_body);

    if (rc == ASSAY_OK)
        return rc;
    if (bridged)
        return pt_bridge_required_parse(out, amount, header, err);
    return assay_fail(err, rc, of_body.at, "%s", of_body.text);
}

static const struct pt_offer *offer_in(struct assay_case *t, struct peer_want want,
                                       int64_t asked_ms, const struct peer_answer *answer)
{
    struct pt_offer *offer = case_alloc(t, sizeof *offer);
    struct assay_err err = {0};

    offer->want = want;
    offer->asked_ms = asked_ms;
    offer->exchange = answer->exchange;
    if (peer_status(answer) != 402)
        case_end(t, VERDICT_BROKEN, "%s %s without a proof: expected 402 with a challenge, got %s",
                 want.method, want.target, pt_seen(t, answer));
    if (pt_challenge_of(&offer->challenge, answer, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s %s without a proof: its 402 holds no challenge: %s",
                 want.method, want.target, err.text);
    return offer;
}

const struct pt_offer *given_offer_from(struct assay_case *t, struct instance *instance,
                                        struct peer_want want)
{
    int64_t asked_ms = case_now_ms(t);

    return offer_in(t, want, asked_ms,
                    pt_send_to(t, instance, "ask for an offer", want, (struct pt_with){0}));
}

const struct pt_offer *given_offer(struct assay_case *t, struct peer_want want)
{
    return given_offer_from(t, case_instance(t), want);
}

struct pt_proof *given_payment(struct assay_case *t, const struct pt_offer *offer)
{
    struct pt_proof *proof = case_alloc(t, sizeof *proof);

    if (pt_proof_pay(proof, &offer->challenge, pt_secret(t), "mock://assay-payer",
                     case_now_ms(t)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN,
                 "the offer cannot be paid: a member of it is too long for a proof");
    return proof;
}

const char *given_paid(struct assay_case *t, struct peer_want want)
{
    return pt_header(t, given_payment(t, given_offer(t, want)));
}

/* Not from the case's seed: what must never have been used may not repeat when the run does. */
static void unused_bytes(struct assay_case *t, uint8_t out[16])
{
    if (assay_random_system(out, 16) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the system gives no random bytes");
}

const char *given_key(struct assay_case *t)
{
    uint8_t bytes[16];
    char hex[2 * sizeof bytes + 1];

    unused_bytes(t, bytes);
    assay_hex_encode(hex, assay_bytes_of(bytes, sizeof bytes));
    return case_printf(t, "assay-%s", hex);
}

const char *given_uuid(struct assay_case *t)
{
    char *text = case_alloc(t, ASSAY_UUID_TEXT_BYTES);
    uint8_t bytes[16];

    unused_bytes(t, bytes);
    assay_uuid_v4_text(text, bytes);
    return text;
}

/* A challenge, or an error object: what some servers put under status 200. */
static bool is_refusal_text(struct assay_bytes body)
{
    struct assay_json_token tokens[BODY_MAX_TOKENS];
    struct assay_json doc;
    enum assay_json_type error;

    if (body.len == 0 || body.at[0] != '{')
        return false;
    if (assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), body, ASSAY_JSON_LAST_DUPLICATE_WINS,
                         NULL) != ASSAY_OK)
        return false;
    if (assay_json_member(&doc, 0, "x402") != ASSAY_JSON_NONE)
        return true;
    error = assay_json_type(&doc, assay_json_member(&doc, 0, "error"));
    return (error == ASSAY_JSON_OBJECT || error == ASSAY_JSON_STRING) &&
           assay_json_member(&doc, 0, "result") == ASSAY_JSON_NONE;
}

bool pt_is_granted(struct assay_case *t, const struct peer_answer *answer)
{
    int status = peer_status(answer);

    (void)t;
    return status >= 200 && status < 300 && !is_refusal_text(peer_body(answer));
}

bool pt_is_replay(const struct peer_answer *answer)
{
    bool found = false;
    struct assay_bytes value;

    if (peer_status(answer) == 0)
        return false;
    value = http_response_header(&answer->exchange->response, "x-idempotent-replay", &found);
    return found && assay_bytes_equal_nocase(value, ASSAY_LIT("true"));
}

size_t pt_count_granted(struct assay_case *t, const struct peer_answer *const *answers, size_t n)
{
    size_t granted = 0;

    for (size_t i = 0; i < n; i++)
        granted += pt_is_granted(t, answers[i]) ? 1 : 0;
    return granted;
}

const char *pt_seen(struct assay_case *t, const struct peer_answer *answer)
{
    return case_printf(t, "%s%s", peer_seen(t, answer),
                       is_refusal_text(peer_body(answer)) ? " that read as a refusal" : "");
}
