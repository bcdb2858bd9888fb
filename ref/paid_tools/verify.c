/* The verdict on a payment proof, and the signature that a payer puts under one. See proof.h. */
#include "base/hex.h"
#include "defects/defects.h"
#include "paid_tools/nonce.h"
#include "paid_tools/text.h"

#include <assert.h>

void pt_proof_mac(char out[PT_HASH_TEXT_BYTES], struct assay_bytes secret, struct assay_bytes nonce,
                  struct assay_bytes request_hash)
{
    uint8_t text[PT_PROOF_HEADER_MAX_BYTES + 1 + PT_TEXT_MAX_BYTES], mac[ASSAY_SHA256_BYTES];
    struct assay_buf message = ASSAY_BUF_OVER(text);

    assay_buf_add(&message, nonce);
    assay_buf_add_byte(&message, '|');
    assay_buf_add(&message, request_hash);
    assay_hmac_sha256(mac, secret, assay_buf_view(&message));
    assay_hex_encode(out, assay_bytes_of(mac, sizeof(mac)));
}

enum assay_code pt_proof_pay(struct pt_proof *out, const struct pt_challenge *challenge,
                             struct assay_bytes secret, const char *payer, int64_t now_ms)
{
    struct pt_proof paid = {.version = challenge->version};

    static_assert(sizeof(paid.nonce) >= sizeof(challenge->nonce) &&
                      sizeof(paid.request_hash) >= sizeof(challenge->request_hash) &&
                      sizeof(paid.expires_at) >= sizeof(challenge->expires_at),
                  "what a challenge says fits into its proof");
    (void)!pt_text_copy(paid.nonce, sizeof(paid.nonce), challenge->nonce);
    (void)!pt_text_copy(paid.request_hash, PT_TEXT_MAX_BYTES, challenge->request_hash);
    (void)!pt_text_copy(paid.expires_at, PT_TEXT_MAX_BYTES, challenge->expires_at);
    if (pt_text_copy(paid.payer, PT_TEXT_MAX_BYTES, payer) != ASSAY_OK)
        return ASSAY_E_RANGE;
    /* A payer repeats what it was told; judging an odd expiry is the server's work. */
    if (assay_time_parse(&paid.expires_ms, assay_str(paid.expires_at)) != ASSAY_OK)
        paid.expires_ms = 0;
    assay_time_text(paid.timestamp, now_ms);
    pt_proof_mac(paid.signature, secret, assay_str(paid.nonce), assay_str(paid.request_hash));
    *out = paid;
    return ASSAY_OK;
}

/* The text behind what keep_coerced of proof.c made of a nonce. */
static struct assay_bytes coerced(struct assay_bytes nonce)
{
    size_t from = 0, to;

    while (from < nonce.len && memchr("[\" ", nonce.at[from], 3) != NULL)
        from++;
    for (to = from; to < nonce.len && memchr("\"] ", nonce.at[to], 3) == NULL; to++)
        ;
    return nonce.len > 0 && nonce.at[0] == '[' ? assay_bytes_part(nonce, from, to) : nonce;
}

static struct assay_bytes verified_nonce(const struct pt_proof *proof)
{
    struct assay_bytes nonce = assay_str(proof->nonce);

    if (REF_DEFECT(nonce_array) || REF_DEFECT(nonce_number) || REF_DEFECT(proof_duplicate_members))
        return coerced(nonce);
    return nonce;
}

static bool is_digits(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    }
    return text.len > 0;
}

static bool is_nonce(struct assay_bytes text)
{
    uint8_t uuid[16];

    if (REF_DEFECT(nonce_empty) && text.len == 0)
        return true;
    if (REF_DEFECT(nonce_number) && is_digits(text))
        return true;
    if (REF_DEFECT(nonce_unbounded) && text.len >= ASSAY_UUID_TEXT_BYTES)
        return true;
    return pt_nonce_parse(uuid, text) == ASSAY_OK;
}

static bool is_hex(struct assay_bytes text)
{
    uint8_t bytes[ASSAY_SHA256_BYTES];

    return assay_hex_decode(bytes, sizeof(bytes), text, true) == ASSAY_OK;
}

/* Of defect mac.separator_optional. */
static bool holds_without_bar(struct assay_bytes signature, struct assay_bytes secret,
                              struct assay_bytes nonce, struct assay_bytes hash)
{
    struct assay_buf message = ASSAY_BUF_INIT(PT_PROOF_HEADER_MAX_BYTES + PT_TEXT_MAX_BYTES);
    uint8_t mac[ASSAY_SHA256_BYTES];
    char text[PT_HASH_TEXT_BYTES];

    assay_buf_add(&message, nonce);
    assay_buf_add(&message, hash);
    assay_hmac_sha256(mac, secret, assay_buf_view(&message));
    assay_hex_encode(text, assay_bytes_of(mac, sizeof(mac)));
    assay_buf_fini(&message);
    return assay_bytes_is(signature, text);
}

static bool mac_holds(const struct pt_proof *proof, struct assay_bytes secret)
{
    struct assay_bytes hash = assay_str(proof->request_hash), nonce = verified_nonce(proof);
    struct assay_bytes given = assay_str(proof->signature), mac;
    char expected[PT_HASH_TEXT_BYTES];
    bool same;

    pt_proof_mac(expected, secret, nonce, hash);
    mac = assay_str(expected);
    if (REF_DEFECT(mac_prefix))
        mac.len = given.len < mac.len ? given.len : mac.len;
    same = assay_secret_equal(given, mac);
    if (REF_DEFECT(mac_unchecked))
        same = is_hex(given);
    if (REF_DEFECT(mac_nocase))
        same = assay_bytes_equal_nocase(given, mac);
    if (REF_DEFECT(mac_no_bar) && !same)
        same = holds_without_bar(given, secret, nonce, hash);
    if (REF_DEFECT(secret_default) && !same) {
        pt_proof_mac(expected, assay_str(PT_DEFAULT_SECRET), nonce, hash);
        same = assay_bytes_is(given, expected);
    }
    assay_wipe(expected, sizeof(expected));
    return same;
}

/* When the proof ends. */
static int64_t end_of(const struct pt_proof *proof, const struct pt_verify *with)
{
    int64_t made_ms;

    if (REF_DEFECT(expiry_from_timestamp) &&
        assay_time_parse(&made_ms, assay_str(proof->timestamp)) == ASSAY_OK)
        return made_ms + with->ttl_ms;
    return proof->expires_ms;
}

static bool is_over(int64_t end_ms, int64_t now_ms)
{
    if (REF_DEFECT(expiry_unchecked))
        return false;
    return REF_DEFECT(expiry_inclusive) ? end_ms < now_ms : end_ms <= now_ms;
}

static enum assay_code broke(const char **rule, const char *id, enum assay_code code,
                             struct assay_err *err, const char *what)
{
    *rule = id;
    return assay_fail(err, code, 0, "%s: %s", id, what);
}

enum assay_code pt_proof_verify(const struct pt_proof *proof, const struct pt_verify *with,
                                const char **rule, struct assay_err *err)
{
    const char *unused;

    rule = rule != NULL ? rule : &unused;
    *rule = NULL;
    if (proof->version != 1 && !REF_DEFECT(proof_version))
        return broke(rule, "PF-3", ASSAY_E_UNSUPPORTED, err, "the version is not 1");
    if (strcmp(proof->request_hash, with->request_hash) != 0 && !REF_DEFECT(hash_unchecked))
        return broke(rule, "RH-1", ASSAY_E_MISMATCH, err, "the hash is of another request");
    if (is_over(end_of(proof, with), with->now_ms))
        return broke(rule, "EX-1", ASSAY_E_EXPIRED, err, "the proof has expired");
    if (proof->expires_ms - with->now_ms > with->ttl_ms + PT_EXPIRY_SKEW_MS &&
        !REF_DEFECT(expiry_far))
        return broke(rule, "EX-3", ASSAY_E_RANGE, err, "the expiry is further off than any issued");
    if (!is_nonce(verified_nonce(proof)))
        return broke(rule, "NS-3", ASSAY_E_MALFORMED, err, "the nonce is no lower-case v4 UUID");
    if (!mac_holds(proof, with->secret))
        return broke(rule, "SG-1", ASSAY_E_DENIED, err, "the signature does not hold");
    return ASSAY_OK;
}
