/* Payloads for offers: what is common to all networks, and the choice of who makes one; see
 * payload.h. */
#include "peer/x402/payload_internal.h"

#include "base/hex.h"
#include "evm/uint256.h"
#include "kaspa/sign.h"

#include <stdio.h>

enum {
    AGO_S = 600,    /* validAfter: clocks differ (x402 v2 digest, section 2.2; so do its clients) */
    TIMEOUT_S = 60, /* where the terms name none */
    TEXT_MAX_BYTES = 1024,
};

void x4p_payer_key(struct assay_key *out, const struct x4p_ask *ask)
{
    kaspa_key_from_seed(out, ask->payer, ASSAY_LIT("x402 payer"));
}

/* ---- for hooks ---- */

const char *x4p_text(struct x4p_draft *d, const char *format, ...)
{
    char text[TEXT_MAX_BYTES];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(text))
        return NULL;
    return (const char *)assay_arena_copy(d->ask->arena, assay_str(text)).at;
}

const char *x4p_time(struct x4p_draft *d, int64_t seconds)
{
    int64_t now_s = d->ask->now_ms > 0 ? d->ask->now_ms / 1000 : 0;
    int64_t at = 0;

    if (__builtin_add_overflow(now_s, seconds, &at))
        at = seconds > 0 ? INT64_MAX : 0;
    return x4p_text(d, "%lld", (long long)(at > 0 ? at : 0));
}

const char *x4p_plus(struct x4p_draft *d, const char *number, int64_t more)
{
    char text[EVM_UINT256_TEXT_MAX_BYTES];
    struct evm_uint256 sum;
    uint64_t by = more < 0 ? 0 - (uint64_t)more : (uint64_t)more;

    if (evm_uint256_parse(&sum, assay_str(number)) != ASSAY_OK ||
        !(more < 0 ? evm_uint256_subtract(&sum, by) : evm_uint256_add(&sum, by)))
        return number;
    evm_uint256_text(text, &sum);
    return x4p_text(d, "%s", text);
}

void x4p_flip(json_t *object, const char *member, size_t bit)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "ABCDEF";
    struct assay_bytes was = assay_str(json_string_value(json_object_get(object, member)));
    size_t at = 2 + bit / 4; /* behind 0x */
    struct assay_buf bent = ASSAY_BUF_INIT(was.len + 1);
    size_t digit;

    if (at >= was.len)
        return;
    digit = assay_bytes_find(assay_str(digits), was.at[at], 0);
    if (digit == 16)
        digit = 10 + assay_bytes_find(assay_str(capitals), was.at[at], 0);
    if (digit == 16)
        return;
    assay_buf_add(&bent, assay_bytes_part(was, 0, at));
    assay_buf_add_byte(&bent, (uint8_t)digits[digit ^ (1U << bit % 4)]);
    assay_buf_add(&bent, assay_bytes_part(was, at + 1, was.len));
    if (assay_buf_ok(&bent))
        (void)json_object_set_new(object, member, json_stringn((const char *)bent.at, bent.len));
    assay_buf_fini(&bent);
}

/* ---- making ---- */

static const char *kept(struct x4p_draft *d, struct assay_bytes text)
{
    return (const char *)assay_arena_copy(d->ask->arena, text).at;
}

/* What every network's terms say, or the clock. */
static void fill(struct x4p_draft *d)
{
    const struct x402_terms *terms = d->ask->terms;
    uint64_t timeout = terms->max_timeout_s != X402_NO_TIMEOUT ? terms->max_timeout_s : TIMEOUT_S;
    char hex[2 * X4P_FRESH_BYTES + 1];

    assay_hex_encode(hex, assay_bytes_of(d->ask->fresh, sizeof(d->ask->fresh)));
    d->to = kept(d, terms->pay_to);
    d->value = kept(d, terms->amount);
    d->network = kept(d, terms->network);
    d->asset = kept(d, terms->asset);
    d->valid_after = x4p_time(d, -AGO_S);
    d->valid_before = x4p_time(d, timeout <= INT64_MAX ? (int64_t)timeout : INT64_MAX);
    d->nonce = x4p_text(d, "0x%s", hex);
}

static bool is_whole(const struct x4p_draft *d)
{
    return d->from != NULL && d->to != NULL && d->value != NULL && d->valid_after != NULL &&
           d->valid_before != NULL && d->nonce != NULL && d->network != NULL && d->asset != NULL &&
           d->name != NULL && d->version != NULL;
}

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a payload");
}

static enum assay_code make(struct x4p_payload *out, const struct x4p_ask *ask,
                            const struct x4p_plugin *plugin, struct assay_err *err)
{
    struct x4p_draft d = {.ask = ask, .name = "", .version = ""};
    const char *payer;
    enum assay_code rc;

    fill(&d);
    if ((rc = plugin->prepare(&d, err)) != ASSAY_OK)
        return assay_err_wrap(err, rc, "payload for the offer");
    payer = d.from;
    if (ask->bend.sign != NULL)
        ask->bend.sign(&d, ask->bend.arg);
    if (!is_whole(&d))
        return no_memory(err);
    if ((rc = plugin->sign(&d, err)) != ASSAY_OK)
        return assay_err_wrap(err, rc, "payload for the offer");
    if (d.payload == NULL)
        return no_memory(err);
    if (ask->bend.payload != NULL)
        ask->bend.payload(&d, ask->bend.arg);
    *out = (struct x4p_payload){
        .json = d.payload, .payer = payer, .nonce = d.nonce, .plugin = plugin->name};
    return ASSAY_OK;
}

static const struct x4p_plugin *plugin_of(const struct x402_terms *terms)
{
    return x4p_evm.takes(terms) ? &x4p_evm : &x4p_opaque;
}

enum assay_code x4p_payload_make(struct x4p_payload *out, const struct x4p_ask *ask,
                                 struct assay_err *err)
{
    return make(out, ask, plugin_of(ask->terms), err);
}

enum assay_code x4p_payload_make_opaque(struct x4p_payload *out, const struct x4p_ask *ask,
                                        struct assay_err *err)
{
    return make(out, ask, &x4p_opaque, err);
}

const char *x4p_plugin_name(const struct x402_terms *terms)
{
    return plugin_of(terms)->name;
}

const char *x4p_refusal(const struct x402_request *request, int64_t now_ms)
{
    const struct x4p_plugin *plugin = plugin_of(&request->requirements);

    return plugin->refusal != NULL ? plugin->refusal(request, now_ms) : NULL;
}
