/* What a client makes of what a server tells it, and what no server may tell; see
 * batch_settlement.h. Source: Kaspa x402 batch digest, sections 6.4, 6.5 and 15.1 (H7). */
#include "kaspa_x402/batch_settlement.h"

#include "base/hex.h"

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

/* ---- signatures ---- */

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

/* Names under which one was ever told (section 16). */
static bool names_signature(struct assay_bytes text)
{
    return assay_bytes_is(text, "signature") || assay_bytes_is(text, "voucherSignature") ||
           assay_bytes_is(text, "voucherState");
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
    else if (has_signature(text) || names_signature(text))
        rc = assay_fail(err, ASSAY_E_DENIED, doc->tokens[token].start,
                        "what can be a voucher's signature is told: it can be spent");
    assay_buf_fini(&unescaped);
    return rc;
}

enum assay_code kx_holds_no_signature(const struct assay_json *doc, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    for (uint32_t i = 0; i < doc->token_count && rc == ASSAY_OK; i++)
        if (doc->tokens[i].type == ASSAY_JSON_STRING)
            rc = check_text(doc, i, err);
    return rc;
}

bool kx_text_holds_signature(struct assay_bytes text, const uint8_t *signature)
{
    char hex[2 * ASSAY_SIG_BYTES + 1];
    struct assay_bytes wanted;

    assay_hex_encode(hex, assay_bytes_of(signature, ASSAY_SIG_BYTES));
    wanted = assay_str(hex);
    for (size_t i = 0; i + wanted.len <= text.len; i++)
        if ((text.at[i] | 0x20) == (wanted.at[0] | 0x20) &&
            assay_bytes_equal_nocase(assay_bytes_part(text, i, i + wanted.len), wanted))
            return true;
    return false;
}
