/* What a client makes of what a server tells it, and what no server may tell; see
 * batch_settlement.h. Source: Kaspa x402 batch digest, sections 6.4, 6.5 and 15.1 (H7). */
#include "kaspa_x402/batch_settlement.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/mac.h"

/* ---- a channel's state ---- */

static enum kx_local fail(struct assay_err *err, enum kx_local local, const char *what)
{
    (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "channelState: %s", what);
    return local;
}

enum kx_local kx_channel_state_judge(const struct kx_channel_state *told,
                                     const struct kx_channel_view *known, struct assay_err *err)
{
    const struct kx_accounts *own = &known->accounts;

    if (memcmp(told->channel_id, known->channel_id, sizeof(told->channel_id)) != 0)
        return fail(err, KX_LOCAL_CHANNEL, "it is of another channel");
    if (!known->binding->is_of_outpoint &&
        !kaspa_hash_equal(&told->covenant_id, &known->covenant_id))
        return fail(err, KX_LOCAL_BINDING, "it is of another lineage");
    if (!kaspa_outpoint_equal(&told->outpoint, &known->outpoint))
        return fail(err, KX_LOCAL_OUTPOINT, "activeOutpoint is not the head that our chain has");
    if (!assay_bytes_equal(told->spk, known->spk))
        return fail(err, KX_LOCAL_OUTPOINT, "activeScriptPublicKey is not made of this channel");
    if (told->funding != own->funding || told->claimed != own->claimed)
        return fail(err, KX_LOCAL_AMOUNT,
                    "fundingAmount or claimedCumulativeAmount is not what our chain has");
    if (told->authorized > own->authorized || told->charged > own->charged)
        return fail(err, KX_LOCAL_AMOUNT, "it says that we have signed for more than we have");
    return KX_LOCAL_NONE;
}

enum kx_local kx_batch_settlement_judge(const struct kx_batch_settled *told,
                                        const struct kx_channel_view *known,
                                        const struct kx_commitment *commitment,
                                        struct assay_err *err)
{
    uint8_t id[32];
    enum kx_local local;

    kx_commitment_id(id, known->binding, commitment);
    if (memcmp(id, told->id, sizeof(id)) != 0) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "the receipt commits to something else");
        return KX_LOCAL_TRANSACTION;
    }
    if (told->amount != commitment->charge) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "the receipt charges another amount");
        return KX_LOCAL_AMOUNT;
    }
    local = kx_channel_state_judge(&told->state, known, err);
    if (local != KX_LOCAL_NONE)
        return local;
    if (told->state.authorized != known->accounts.authorized ||
        told->state.charged != commitment->after)
        return fail(err, KX_LOCAL_AMOUNT, "it does not count this very request");
    return KX_LOCAL_NONE;
}

/* ---- what can be a signature ---- */

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Whether as many hex digits as a signature has stand by themselves: more are a script, or a
 * transaction. */
static bool has_signature(struct assay_bytes text)
{
    size_t run = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_hex(text.at[i])) {
            run++;
            continue;
        }
        if (run == 2 * ASSAY_SIG_BYTES)
            return true;
        run = 0;
    }
    return false;
}

static enum assay_code deny(const struct assay_json *doc, uint32_t token, struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_DENIED, doc->tokens[token].start,
                      "what can be a voucher's signature is told: it can be spent");
}

static enum assay_code check_text(const struct assay_json *doc, uint32_t token,
                                  struct assay_err *err)
{
    struct assay_buf unescaped = ASSAY_BUF_INIT(doc->text.len);
    struct assay_bytes raw = assay_json_raw(doc, token);
    struct assay_bytes text = assay_bytes_part(raw, 1, raw.len - 1);
    enum assay_code rc = ASSAY_OK;

    if (doc->tokens[token].escaped) {
        rc = assay_json_string(&unescaped, doc, token);
        text = assay_buf_view(&unescaped);
    }
    if (rc != ASSAY_OK)
        (void)assay_fail(err, rc, doc->tokens[token].start, "%s", assay_code_text(rc));
    else if (has_signature(text))
        rc = deny(doc, token, err);
    assay_buf_wipe(&unescaped);
    return rc;
}

/* Members under whose names one was ever told (section 16). */
static enum assay_code check_names(const struct assay_json *doc, uint32_t object,
                                   struct assay_err *err)
{
    static const char *const names[] = {"signature", "voucherSignature", "voucherState"};

    for (uint32_t at = assay_json_first(doc, object); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, object, at))
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            if (assay_json_string_is(doc, at, names[i]))
                return deny(doc, at, err);
    return ASSAY_OK;
}

/* A member with everything in it, whose tokens follow its own. */
static enum assay_code check_part(const struct assay_json *doc, uint32_t part,
                                  struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    if (part == ASSAY_JSON_NONE)
        return ASSAY_OK;
    for (uint32_t i = part; i < doc->tokens[part].next && rc == ASSAY_OK; i++)
        if (doc->tokens[i].type == ASSAY_JSON_STRING)
            rc = check_text(doc, i, err);
        else if (doc->tokens[i].type == ASSAY_JSON_OBJECT)
            rc = check_names(doc, i, err);
    return rc;
}

/* Elsewhere a signature, or 128 digits, may be anybody's: an offer's, a sign-in's, a hash. */
enum assay_code kx_holds_no_signature(const struct assay_json *doc, struct assay_err *err)
{
    uint32_t extensions = assay_json_member(doc, 0, "extensions");
    uint32_t accepts = assay_json_member(doc, 0, "accepts");
    enum assay_code rc = check_part(doc, assay_json_member(doc, extensions, "kaspa"), err);

    for (uint32_t at = assay_json_first(doc, accepts); at != ASSAY_JSON_NONE && rc == ASSAY_OK;
         at = assay_json_next_sibling(doc, accepts, at))
        rc = check_part(doc, assay_json_member(doc, at, "extra"), err);
    return rc;
}

/* ---- the very signature ---- */

/* The next character, with the escape undone that JSON may write it with. */
static unsigned next_character(struct assay_bytes text, size_t *at)
{
    struct assay_bytes rest = assay_bytes_part(text, *at, text.len);
    uint8_t code[2];

    if (rest.len >= 6 && rest.at[0] == '\\' && rest.at[1] == 'u' &&
        assay_hex_decode(code, sizeof(code), assay_bytes_part(rest, 2, 6), false) == ASSAY_OK) {
        *at += 6;
        return (unsigned)code[0] << 8 | code[1];
    }
    if (rest.len >= 2 && rest.at[0] == '\\' && rest.at[1] == '/')
        ++*at;
    if (*at >= text.len)
        return 0;
    return text.at[(*at)++];
}

static bool stands_at(struct assay_bytes text, size_t at, struct assay_bytes form, bool is_hex_form)
{
    for (size_t i = 0; i < form.len; i++) {
        unsigned c = next_character(text, &at);

        if (is_hex_form && c >= 'A' && c <= 'F')
            c |= 0x20;
        if (c != form.at[i])
            return false;
    }
    return true;
}

static bool holds_form(struct assay_bytes text, struct assay_bytes form, bool is_hex_form)
{
    for (size_t i = 0; i < text.len; i++)
        if (stands_at(text, i, form, is_hex_form))
            return true;
    return false;
}

bool kx_text_holds_signature(struct assay_bytes text, const uint8_t *signature)
{
    static const enum assay_base64 alphabets[] = {ASSAY_BASE64_STD, ASSAY_BASE64_URL};
    enum { DIGITS = (ASSAY_SIG_BYTES * 8 + 5) / 6 }; /* without padding */
    struct assay_bytes bytes = assay_bytes_of(signature, ASSAY_SIG_BYTES);
    char hex[2 * ASSAY_SIG_BYTES + 1], base64[DIGITS + 2];
    bool holds;

    assay_hex_encode(hex, bytes);
    holds = holds_form(text, assay_str(hex), true);
    for (size_t i = 0; i < ARRAY_LEN(alphabets) && !holds; i++) {
        struct assay_buf form = ASSAY_BUF_OVER(base64);

        assay_base64_encode(&form, alphabets[i], bytes);
        holds = holds_form(text, assay_bytes_of(base64, DIGITS), false);
    }
    assay_wipe(hex, sizeof(hex));
    assay_wipe(base64, sizeof(base64));
    return holds;
}
