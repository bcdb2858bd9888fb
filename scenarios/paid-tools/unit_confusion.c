/* Threat unit-confusion: whole and atomic units, seconds and milliseconds, digits and what looks
 * like them. Amounts and lifetimes are exact, and a look-alike is never taken for the text it
 * resembles. */
#include "peer/paid-tools/peer.h"

#include "base/decimal.h"

#include <inttypes.h>

enum { SLACK_MS = 2000 };

/* PAYMENT-REQUIRED of an unpaid request. */
static void read_required(struct assay_case *t, const struct pt_offer *offer,
                          struct pt_challenge *out, char *amount)
{
    struct assay_err err = {0};
    bool found;
    struct assay_bytes header =
        http_response_header(&offer->exchange->response, "PAYMENT-REQUIRED", &found);

    expect(t, found && pt_bridge_required_parse(out, amount, header, &err) == ASSAY_OK,
           "PAYMENT-REQUIRED with a readable offer", "%s", found ? err.text : "no such header");
}

static const struct priced {
    const char *name; /* of the endpoint */
} priced[] = {{"paid_get"}, {"paid_get_other"}, {"paid_post"}, {"dear"}};

/* Beside the amount, what else both offers say: nonce, hash and lifetime. */
static void expect_one_offer(struct assay_case *t, const struct pt_offer *offer,
                             const struct pt_challenge *required)
{
    int64_t lifetime_ms = pt_expiry_ms(t, &offer->challenge) - offer->asked_ms;
    int64_t said_ms = (int64_t)required->timeout_s * 1000;

    expect(t,
           strcmp(required->nonce, offer->challenge.nonce) == 0 &&
               strcmp(required->request_hash, offer->challenge.request_hash) == 0,
           "one nonce and one requestHash in body and header", "%s %s and %s %s",
           offer->challenge.nonce, offer->challenge.request_hash, required->nonce,
           required->request_hash);
    expect(t, said_ms >= lifetime_ms - 2 * SLACK_MS && said_ms <= lifetime_ms + 2 * SLACK_MS,
           case_printf(t, "maxTimeoutSeconds that ends with expiresAt, in %" PRId64 " ms",
                       lifetime_ms),
           "in %" PRId64 " ms", said_ms);
}

SCENARIO(amount_is_the_price_in_atomic_units,
         .title = "PAYMENT-REQUIRED asks for the price of the body in atomic units, exactly, and "
                  "for the same offer",
         .threat = "unit-confusion", .rule = "UC-1", .catches = DEFECTS("unit.amount_scaled"),
         .needs = PT_DUAL, TABLE(priced))
{
    const struct priced *row = case_row(t);
    const struct pt_offer *offer = given_offer(t, peer_endpoint(t, row->name));
    char amount[PT_TEXT_MAX_BYTES] = "";
    struct pt_challenge required = {.version = 0};
    uint64_t price = 0, asked = 0;
    bool exact;

    read_required(t, offer, &required, amount);
    exact = assay_decimal_price(&price, assay_str(offer->challenge.price),
                                PT_BRIDGE_DEFAULT_PLACES) == ASSAY_OK &&
            assay_decimal_u64(&asked, assay_str(amount)) == ASSAY_OK && price == asked;
    expect(
        t, exact,
        case_printf(t, "%" PRIu64 " atomic units for a price of %s", price, offer->challenge.price),
        "%s", amount);
    expect_one_offer(t, offer, &required);
}

/* As amounts, so that "0.10" is "0.1"; as text where a price has more places than that. */
static bool is_price(const char *wanted, const char *asked)
{
    uint64_t a, b;

    if (assay_decimal_price(&a, assay_str(wanted), PT_BRIDGE_DEFAULT_PLACES) == ASSAY_OK &&
        assay_decimal_price(&b, assay_str(asked), PT_BRIDGE_DEFAULT_PLACES) == ASSAY_OK)
        return a == b;
    return strcmp(wanted, asked) == 0;
}

SCENARIO(route_asks_its_own_price,
         .title = "The challenge of a route asks what the target file says that it costs",
         .threat = "unit-confusion", .rule = "UC-1", .catches = DEFECTS("unit.price_of_another"),
         TABLE(priced))
{
    const struct priced *row = case_row(t);
    const struct pt_offer *offer = given_offer(t, peer_endpoint(t, row->name));
    const char *price = target_endpoint(case_target(t), row->name)->price;
    uint64_t atomic;

    if (price == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file states no `price` of \"%s\"", row->name);
    if (assay_decimal_price(&atomic, assay_str(price), PT_BRIDGE_DEFAULT_PLACES) ==
        ASSAY_E_MALFORMED)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target file's `price` of \"%s\" is no decimal, such as \"0.001\"", row->name);
    expect(t, is_price(price, offer->challenge.price),
           case_printf(t, "a price of %s, as the target file says", price), "%s",
           offer->challenge.price);
}

SCENARIO(challenge_lives_as_long_as_it_says,
         .title = "A challenge expires one lifetime after it was issued, within two seconds",
         .threat = "unit-confusion", .rule = "CH-2", .catches = DEFECTS("unit.ttl_in_seconds"))
{
    const struct pt_offer *offer = given_offer(t, peer_endpoint(t, "paid_get"));
    int64_t answered_ms = case_now_ms(t), expiry_ms = pt_expiry_ms(t, &offer->challenge);
    int64_t ttl_ms = (int64_t)case_target(t)->ttl_ms;

    if (ttl_ms == 0)
        case_end(
            t, VERDICT_UNSUPPORTED,
            "the target file states no `limits.challenge_ttl_ms`; a challenge lived for %" PRId64
            " ms",
            expiry_ms - offer->asked_ms);
    expect(t,
           expiry_ms >= offer->asked_ms + ttl_ms - SLACK_MS &&
               expiry_ms <= answered_ms + ttl_ms + SLACK_MS,
           case_printf(t, "an expiry %" PRId64 " ms from now, within %d", ttl_ms, SLACK_MS),
           "%" PRId64 " ms from now (%s)", expiry_ms - answered_ms, offer->challenge.expires_at);
}

/* ---- look-alikes ---- */

static const struct look_alike {
    const char *name;
    char letter;       /* ASCII; '\0': none is replaced */
    const char *alike; /* UTF-8 */
} look_alikes[] = {
    {"a full-width digit", '0', "\xEF\xBC\x90"},   {"a Cyrillic letter", 'a', "\xD0\xB0"},
    {"a full-width letter", 'e', "\xEF\xBD\x85"},  {"a Kelvin-like capital", 'c', "\xE2\x85\xAD"},
    {"an invisible joiner", '\0', "\xE2\x80\x8D"}, {"a soft hyphen", '-', "\xC2\xAD"},
};

/* Replaces the first such letter of text; where there is none, the look-alike is put behind its
 * first character. */
static void disguise(struct assay_case *t, char *text, size_t room, const struct look_alike *row)
{
    size_t at = row->letter != '\0' ? strcspn(text, (char[]){row->letter, '\0'}) : strlen(text);
    bool found = text[at] != '\0';
    const char *changed;

    at = found ? at : 1;
    changed = case_printf(t, "%.*s%s%s", (int)at, text, row->alike, text + at + (found ? 1 : 0));
    if (strlen(changed) >= room)
        case_end(t, VERDICT_BROKEN, "the text is too long to be disguised");
    memcpy(text, changed, strlen(changed) + 1);
}

SCENARIO(look_alikes_are_other_texts,
         .title = "A nonce, requestHash or signature in letters that only look alike is refused",
         .threat = "unit-confusion", .rule = "UC-1", .catches = DEFECTS("nonce.length_unbounded"),
         .needs = PT_SECRET, TABLE(look_alikes))
{
    const struct look_alike *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_proof *nonce = pt_copy(t, paid), *hash = pt_copy(t, paid), *mac = pt_copy(t, paid);

    disguise(t, nonce->nonce, sizeof nonce->nonce, row);
    disguise(t, hash->request_hash, sizeof hash->request_hash, row);
    disguise(t, mac->signature, sizeof mac->signature, row);
    expect_refused(t, pt_send(t, "nonce", want,
                              (struct pt_with){.proof = pt_header(t, pt_resigned(t, nonce))}));
    expect_refused(
        t, pt_send(t, "hash", want, (struct pt_with){.proof = pt_header(t, pt_resigned(t, hash))}));
    expect_refused(t, pt_send(t, "signature", want, (struct pt_with){.proof = pt_header(t, mac)}));
    expect_still_buys(t, want, (struct pt_with){.proof = pt_header(t, paid)});
}
