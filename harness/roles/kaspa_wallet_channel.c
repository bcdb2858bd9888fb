/* What the role `wallet` does about channels: it consents, makes the client's key, and signs
 * vouchers; honest or as it is told to lie. Every digest is made here, of members that are told and
 * were consented to; a digest that somebody else made is never signed (client digest, F12). Source:
 * Kaspa x402 client digest, section 1; batch digest, sections 5 and 8.4. */
#include "roles/kaspa_wallet_internal.h"

#include "base/hex.h"
#include "base/time.h"
#include "kaspa/sign.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"
#include "net/clock.h"

#include <stdio.h>

bool wallet_refuse(struct assay_err *why, enum assay_code code, const char *what)
{
    (void)assay_fail(why, code, 0, "%s", what);
    return false;
}

struct kx_reader wallet_reader(struct assay_arena *arena, const struct assay_json *doc,
                               const char *place, struct assay_err *why)
{
    return (struct kx_reader){.doc = doc, .arena = arena, .place = place, .err = why};
}

/* ---- consent ---- */

struct wallet_consent *wallet_find_consent(struct kaspa_wallet *w, const uint8_t digest[32])
{
    for (size_t i = 0; i < w->channels.consent_count; i++)
        if (memcmp(w->channels.consents[i].digest, digest, 32) == 0)
            return &w->channels.consents[i];
    return NULL;
}

static bool is_opening(const struct wallet_consent *consent)
{
    return assay_bytes_is(consent->operation, "open");
}

bool wallet_consent_is_of(const struct wallet_consent *consent,
                          const struct wallet_channel *channel)
{
    if (is_opening(consent))
        return memcmp(channel->consent, consent->digest, sizeof(consent->digest)) == 0;
    return channel->is_made && memcmp(channel->id, consent->channel_id, 32) == 0 &&
           memcmp(channel->key.xonly, consent->client, ASSAY_XONLY_BYTES) == 0 &&
           kaspa_hash_equal(&channel->covenant_id, &consent->covenant_id);
}

struct asked {
    struct wallet_consent consent;
    struct assay_bytes source;
    uint8_t digest[32];
};

static bool read_intent(struct asked *out, struct assay_arena *arena, const struct assay_json *doc,
                        struct assay_err *why)
{
#define SAYS(name, kind, field)                                                                    \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct asked, field), NULL, false                              \
    }
    static const struct kx_member members[] = {
        SAYS("acceptedRequirementsHash", BYTES, consent.requirements),
        SAYS("authorizedCumulativeAfter", SUM, consent.after),
        SAYS("fundingSource", TEXT, source),
        SAYS("initialDepositSompi", SUM, consent.deposit),
        SAYS("network", TEXT, consent.network),
        SAYS("operation", TEXT, consent.operation),
        SAYS("payTo", TEXT, consent.pay_to),
        SAYS("refundTimeoutDaa", SUM, consent.timeout_daa),
        SAYS("requestFingerprint", BYTES, consent.fingerprint),
        SAYS("securityContextHash", BYTES, consent.context),
        SAYS("serverPublicKey", BYTES, consent.server),
        SAYS("topUpSompi", SUM, consent.top_up),
    };
    static const struct kx_member of_channel[] = {
        SAYS("channelId", BYTES, consent.channel_id),
        SAYS("clientPublicKey", BYTES, consent.client),
        SAYS("covenantId", BYTES, consent.covenant_id),
    };
    static const struct kx_member digest = SAYS("intentDigest", BYTES, digest);
#undef SAYS
    const struct kx_reader r = wallet_reader(arena, doc, "intent", why);
    uint32_t intent = assay_json_member(doc, 0, "intent");
    char text[X402_HASH_TEXT_BYTES];

    if (!kx_read_members(&r, intent, members, ARRAY_LEN(members), out) ||
        (!is_opening(&out->consent) &&
         !kx_read_members(&r, intent, of_channel, ARRAY_LEN(of_channel), out)) ||
        !kx_read_members(&r, 0, &digest, 1, out) || x402_hash(text, doc, intent, why) != ASSAY_OK ||
        assay_hex_decode(out->consent.digest, 32, assay_str(text), true) != ASSAY_OK)
        return false;
    return memcmp(out->digest, out->consent.digest, 32) == 0 ||
           wallet_refuse(why, ASSAY_E_MISMATCH, "intentDigest is not that of the intent");
}

static bool keep_text(struct kaspa_wallet *w, struct assay_bytes *text)
{
    *text = assay_arena_copy(&w->artifacts.arena, *text);
    return text->at != NULL;
}

static bool remember(struct kaspa_wallet *w, const struct wallet_consent *consent,
                     struct assay_err *why)
{
    struct wallet_channels *channels = &w->channels;
    struct wallet_consent *kept = &channels->consents[channels->consent_count];

    if (wallet_find_consent(w, consent->digest) != NULL)
        return true;
    if (channels->consent_count == ARRAY_LEN(channels->consents))
        return wallet_refuse(why, ASSAY_E_TOO_LARGE, "the wallet has no room for another consent");
    *kept = *consent;
    if (!keep_text(w, &kept->operation) || !keep_text(w, &kept->network) ||
        !keep_text(w, &kept->pay_to))
        return wallet_refuse(why, ASSAY_E_NOMEM, "the wallet has no memory for another consent");
    channels->consent_count++;
    return true;
}

bool wallet_authorize(struct kaspa_wallet *w, struct assay_buf *out, struct assay_arena *arena,
                      const struct assay_json *doc, struct assay_err *why)
{
    struct asked asked = {.source = ASSAY_LIT("")};
    uint8_t digest[32];

    if (!read_intent(&asked, arena, doc, why) ||
        !wallet_judge_source(w, asked.source, asked.consent.network, why) ||
        !remember(w, &asked.consent, why))
        return false;
    memcpy(digest, asked.digest, sizeof(digest));
    digest[0] ^= w->how.lie == KASPA_WALLET_OTHER_CONSENT;
    kx_write_name(out, "result");
    assay_buf_add_byte(out, '{');
    if (w->how.lie != KASPA_WALLET_NO_CONSENT)
        kx_write_hex32(out, "intentDigest", digest);
    assay_buf_add_byte(out, '}');
    return true;
}

/* ---- the client's key ---- */

struct wallet_channel *wallet_find_channel(struct kaspa_wallet *w, const uint8_t client[32])
{
    for (size_t i = 0; i < w->channels.count; i++)
        if (memcmp(w->channels.at[i].key.xonly, client, ASSAY_XONLY_BYTES) == 0)
            return &w->channels.at[i];
    return NULL;
}

/* One a consent, so that a repeated call makes no other. */
static struct wallet_channel *channel_of(struct kaspa_wallet *w, const uint8_t consent[32],
                                         struct assay_err *why)
{
    struct wallet_channels *channels = &w->channels;
    struct wallet_channel *channel;
    char name[X402_HASH_TEXT_BYTES];

    for (size_t i = 0; i < channels->count; i++)
        if (memcmp(channels->at[i].consent, consent, 32) == 0)
            return &channels->at[i];
    if (channels->count == ARRAY_LEN(channels->at)) {
        (void)wallet_refuse(why, ASSAY_E_TOO_LARGE, "the wallet has no room for another channel");
        return NULL;
    }
    channel = &channels->at[channels->count++];
    memcpy(channel->consent, consent, sizeof(channel->consent));
    assay_hex_encode(name, assay_bytes_of(consent, 32));
    kaspa_key_from_seed(&channel->key, assay_bytes_of(w->key.secret, sizeof(w->key.secret)),
                        assay_str(name));
    return channel;
}

void wallet_own_address(char text[KASPA_ADDRESS_TEXT_MAX_BYTES], const struct kaspa_wallet *w)
{
    struct kaspa_address address;

    text[0] = '\0';
    if (kaspa_address_of_script(&address, &w->spk, w->network))
        kaspa_address_encode(text, &address);
}

bool wallet_make_key(struct kaspa_wallet *w, struct assay_buf *out, struct assay_arena *arena,
                     const struct assay_json *doc, struct assay_err *why)
{
    struct key_order {
        struct assay_bytes source;
        uint8_t digest[32];
    } order;
    static const struct kx_member members[] = {
        {"fundingSource", KX_KIND_TEXT, KX_AT(struct key_order, source), NULL, false},
        {"intentDigest", KX_KIND_BYTES, KX_AT(struct key_order, digest), NULL, false},
    };
    const struct kx_reader r = wallet_reader(arena, doc, "order", why);
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    const struct wallet_consent *consent;
    const struct wallet_channel *channel;

    if (!kx_read_members(&r, 0, members, ARRAY_LEN(members), &order))
        return false;
    consent = wallet_find_consent(w, order.digest);
    if (consent == NULL || !is_opening(consent))
        return wallet_refuse(why, ASSAY_E_DENIED, "no opening of that digest was consented to");
    if (!wallet_judge_source(w, order.source, consent->network, why) ||
        (channel = channel_of(w, order.digest, why)) == NULL)
        return false;
    wallet_own_address(address, w);
    kx_write_name(out, "result");
    assay_buf_add_byte(out, '{');
    kx_write_hex32(out, "clientPublicKey", channel->key.xonly);
    kx_write_str(out, "refundAddress", address);
    assay_buf_add_byte(out, '}');
    return true;
}

/* ---- vouchers ---- */

struct voucher_order {
    struct assay_bytes attempt_id, source, request_key;
    uint8_t digest[32], client[32];
    struct kx_voucher voucher;
    struct kx_presentation presented;
    int64_t expires_at_ms;
    struct wallet_channel *channel;
};

static bool read_voucher(struct voucher_order *out, struct assay_arena *arena,
                         const struct assay_json *doc, struct assay_err *why)
{
#define SAYS(name, kind, field)                                                                    \
    {                                                                                              \
        name, KX_KIND_##kind, KX_AT(struct voucher_order, field), NULL, false                      \
    }
    static const struct kx_member members[] = {
        SAYS("acceptedRequirementsHash", BYTES, presented.requirements),
        SAYS("attemptId", TEXT, attempt_id),
        SAYS("authorizedCumulativeAmount", SUM, voucher.amount),
        SAYS("channelId", BYTES, presented.channel_id),
        SAYS("clientPublicKey", BYTES, client),
        SAYS("covenantId", BYTES, voucher.covenant_id),
        SAYS("expiresAt", TEXT, presented.expires_at),
        SAYS("fundingSource", TEXT, source),
        SAYS("intentDigest", BYTES, digest),
        SAYS("network", TEXT, voucher.network),
        SAYS("nonce", BYTES, presented.nonce),
        SAYS("paymentIdentifier", TEXT, presented.identifier),
        SAYS("requestFingerprint", BYTES, presented.fingerprint),
        SAYS("requestKey", TEXT, request_key),
        SAYS("securityContextHash", BYTES, presented.context),
    };
#undef SAYS
    const struct kx_reader r = wallet_reader(arena, doc, "order", why);

    if (!kx_read_members(&r, 0, members, ARRAY_LEN(members), out))
        return false;
    out->presented.has_identifier = true;
    out->presented.covenant_id = out->voucher.covenant_id;
    if (out->request_key.len != X402_HASH_TEXT_BYTES - 1)
        return kx_read_fail(&r, ASSAY_E_MALFORMED, 0, "requestKey", "is no hash");
    return kx_time_read(&out->expires_at_ms, out->presented.expires_at) ||
           kx_read_fail(&r, ASSAY_E_MALFORMED, 0, "expiresAt", "is no time");
}

/* What was consented to, on a channel of this wallet's own, and once; and no total for two requests
 * while the first may still be presented. */
static bool judge_voucher(struct kaspa_wallet *w, struct voucher_order *order,
                          struct assay_err *why)
{
    const struct wallet_consent *consent = wallet_find_consent(w, order->digest);
    const struct wallet_channel *channel = order->channel = wallet_find_channel(w, order->client);

    if (consent == NULL)
        return wallet_refuse(why, ASSAY_E_DENIED, "no intent of that digest was consented to");
    if (channel == NULL || !channel->is_made ||
        memcmp(channel->id, order->presented.channel_id, 32) != 0 ||
        !kaspa_hash_equal(&channel->covenant_id, &order->voucher.covenant_id))
        return wallet_refuse(why, ASSAY_E_MISMATCH, "the channel is none of this wallet's");
    if (!wallet_consent_is_of(consent, channel) || order->voucher.amount != consent->after ||
        memcmp(order->presented.fingerprint, consent->fingerprint, 32) != 0 ||
        memcmp(order->presented.requirements, consent->requirements, 32) != 0 ||
        memcmp(order->presented.context, consent->context, 32) != 0)
        return wallet_refuse(why, ASSAY_E_MISMATCH, "this is not what was consented to");
    if (consent->vouched.len > 0 && !assay_bytes_equal(consent->vouched, order->attempt_id))
        return wallet_refuse(why, ASSAY_E_CONFLICT, "another attempt has used this consent up");
    if (channel->total == order->voucher.amount && ref_net_wall_ms() < channel->expires_at_ms &&
        !assay_bytes_is(order->request_key, channel->request_key))
        return wallet_refuse(why, ASSAY_E_CONFLICT,
                             "another request may still be presented at this total");
    return true;
}

/* Of an attempt that is known: the same order again. */
static bool is_same_order(struct kaspa_wallet *w, const struct voucher_order *order,
                          struct assay_bytes text, bool *is_known, struct assay_err *why)
{
    const struct wallet_attempt *a = wallet_find(&w->artifacts, order->attempt_id);

    *is_known = a != NULL;
    return a == NULL || assay_bytes_equal(a->intent, text) ||
           wallet_refuse(why, ASSAY_E_CONFLICT, "this attempt was made for other terms");
}

static bool remember_voucher(struct kaspa_wallet *w, const struct voucher_order *order,
                             struct assay_bytes text, struct assay_err *why)
{
    struct wallet_consent *consent = wallet_find_consent(w, order->digest);
    struct wallet_channel *channel = order->channel;
    struct wallet_attempt *a = wallet_new_attempt(w, order->attempt_id, text, why);

    if (a == NULL || consent == NULL)
        return false;
    consent->vouched = a->id;
    a->is_reserved = false; /* it keeps no coins back */
    w->artifacts.at[w->artifacts.count++] = a;
    w->channels.vouchers++;
    channel->total = order->voucher.amount;
    channel->expires_at_ms = order->expires_at_ms;
    (void)snprintf(channel->request_key, sizeof(channel->request_key), "%.*s",
                   (int)order->request_key.len, (const char *)order->request_key.at);
    return true;
}

static bool add_signatures(struct assay_buf *out, const struct kaspa_wallet *w,
                           const struct voucher_order *order)
{
    const struct kx_batch_binding *binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3"));
    const struct assay_key *key =
        w->how.lie == KASPA_WALLET_OTHER_SIGNER ? &w->stranger : &order->channel->key;
    struct kx_voucher voucher = order->voucher;
    struct kx_presentation presented = order->presented;
    uint8_t digest[32], signature[ASSAY_SIG_BYTES];

    kx_voucher_digest(presented.voucher_digest, binding, &voucher);
    voucher.amount += w->how.lie == KASPA_WALLET_OTHER_TOTAL;
    voucher.covenant_id.at[0] ^= w->how.lie == KASPA_WALLET_OTHER_COVENANT;
    presented.fingerprint[0] ^= w->how.lie == KASPA_WALLET_OTHER_PRESENTED;
    kx_write_name(out, "result");
    assay_buf_add_byte(out, '{');
    if (kx_presentation_digest(digest, &presented) != ASSAY_OK ||
        assay_schnorr_sign(signature, digest, key, NULL) != ASSAY_OK)
        return false;
    kx_write_hex(out, "presentationSignature", assay_bytes_of(signature, sizeof(signature)));
    kx_voucher_digest(digest, binding, &voucher);
    if (assay_schnorr_sign(signature, digest, key, NULL) != ASSAY_OK)
        return false;
    kx_write_hex(out, "voucherSignature", assay_bytes_of(signature, sizeof(signature)));
    assay_buf_add_byte(out, '}');
    return true;
}

bool wallet_sign_batch(struct kaspa_wallet *w, struct assay_buf *out, struct assay_arena *arena,
                       const struct assay_json *doc, struct assay_err *why)
{
    struct voucher_order order = {.source = ASSAY_LIT("")};
    bool is_known;

    if (!read_voucher(&order, arena, doc, why) ||
        !wallet_judge_source(w, order.source, order.voucher.network, why) ||
        !judge_voucher(w, &order, why) || !is_same_order(w, &order, doc->text, &is_known, why))
        return false;
    return (is_known || remember_voucher(w, &order, doc->text, why)) &&
           add_signatures(out, w, &order);
}
