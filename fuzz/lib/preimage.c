/* Preimages, spelt a second time; see preimage.h. */
#include "fuzz/lib/preimage.h"

#include "base/cursor.h"
#include "base/hex.h"
#include "fuzz/fuzz.h"

enum { PREIMAGE_MAX = 4096, HASH = 32 };

void fuzz_preimage_text(struct assay_sha256 *h, struct assay_bytes text)
{
    uint8_t hash[ASSAY_SHA256_BYTES];

    assay_sha256(hash, text);
    assay_sha256_add(h, assay_bytes_of(hash, sizeof(hash)));
}

/* Of seven bits a character, as a JSON text has it. */
static void add_quoted(struct assay_buf *out, struct assay_bytes text)
{
    static const char shorts[] = "btn?fr"; /* of the characters 8 to 13 */

    assay_buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '"' || c == '\\')
            assay_buf_printf(out, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            assay_buf_printf(out, "\\%c", shorts[c - 8]);
        else if (c < 0x20)
            assay_buf_printf(out, "\\u%04x", c);
        else
            assay_buf_add_byte(out, c);
    }
    assay_buf_add_byte(out, '"');
}

static void add_hex(struct assay_buf *out, const char *name, const uint8_t *bytes)
{
    char hex[2 * HASH + 1];

    assay_hex_encode(hex, assay_bytes_of(bytes, HASH));
    assay_buf_printf(out, ",\"%s\":\"%s\"", name, hex);
}

void fuzz_spell_presentation(uint8_t *out, const struct kx_presentation *p)
{
    struct assay_buf text = ASSAY_BUF_INIT(PREIMAGE_MAX);

    add_hex(&text, "acceptedRequirementsHash", p->requirements);
    add_hex(&text, "channelId", p->channel_id);
    add_hex(&text, "covenantId", p->covenant_id.at);
    assay_buf_add_str(&text, ",\"expiresAt\":");
    add_quoted(&text, p->expires_at);
    add_hex(&text, "nonce", p->nonce);
    assay_buf_add_str(&text, ",\"paymentIdentifier\":");
    if (p->has_identifier)
        add_quoted(&text, p->identifier);
    else
        assay_buf_add_str(&text, "null");
    add_hex(&text, "requestFingerprint", p->fingerprint);
    assay_buf_add_str(&text, ",\"scope\":\"kaspa:x402:batch-presentation:v1\"");
    add_hex(&text, "securityContextHash", p->context);
    add_hex(&text, "voucherDigest", p->voucher_digest);
    assay_buf_add_byte(&text, '}');
    FUZZ_CHECK(assay_buf_ok(&text));
    text.at[0] = '{'; /* the first comma */
    assay_sha256(out, assay_buf_view(&text));
    assay_buf_fini(&text);
}

static void add_number(struct assay_sha256 *h, uint64_t number, size_t len)
{
    uint8_t bytes[sizeof(number)];

    assay_put_le(bytes, len, number);
    assay_sha256_add(h, assay_bytes_of(bytes, len));
}

static void add_hash(struct assay_sha256 *h, const uint8_t *hash)
{
    assay_sha256_add(h, assay_bytes_of(hash, HASH));
}

static void add_outpoint(struct assay_sha256 *h, const struct kaspa_outpoint *outpoint)
{
    add_hash(h, outpoint->txid.at);
    add_number(h, outpoint->index, 4);
}

static void begin(struct assay_sha256 *h, const char *what, const struct kx_batch_binding *binding)
{
    char domain[64];
    int len = snprintf(domain, sizeof(domain), "kaspa:x402:%s:v%d", what,
                       (int)(binding - kx_batch_bindings) + 1);

    FUZZ_CHECK(len > 0 && (size_t)len < sizeof(domain));
    assay_sha256_init(h);
    fuzz_preimage_text(h, assay_str(domain));
}

void fuzz_spell_voucher(uint8_t *out, const struct kx_batch_binding *binding,
                        const struct kx_voucher *v)
{
    uint8_t script[2 + FUZZ_PREIMAGE_SCRIPT_MAX] = {(uint8_t)(v->spk.version >> 8),
                                                    (uint8_t)v->spk.version};
    struct assay_sha256 h;

    FUZZ_CHECK(v->spk.script.len <= FUZZ_PREIMAGE_SCRIPT_MAX);
    memcpy(script + 2, v->spk.script.at, v->spk.script.len);
    begin(&h, "escrow-voucher", binding);
    fuzz_preimage_text(&h, v->network);
    if (binding->is_of_outpoint) {
        fuzz_preimage_text(&h, assay_bytes_of(script, 2 + v->spk.script.len));
        add_outpoint(&h, &v->outpoint);
    } else {
        add_hash(&h, v->covenant_id.at);
    }
    add_number(&h, v->amount, 8);
    assay_sha256_end(&h, out);
}

/* Sections 5.5 and 16: which sums stand where is what the generations differ in. */
void fuzz_spell_commitment(uint8_t *out, const struct kx_batch_binding *binding,
                           const struct kx_commitment *c)
{
    struct assay_bytes signature =
        assay_bytes_of(c->voucher_signature, sizeof(c->voucher_signature));
    struct assay_sha256 h;

    begin(&h, "batch-commitment", binding);
    add_hash(&h, c->channel_id);
    if (!binding->is_of_outpoint)
        add_hash(&h, c->covenant_id.at);
    if (binding->is_fixed)
        add_hash(&h, c->presentation);
    add_hash(&h, c->fingerprint);
    add_hash(&h, c->requirements);
    add_outpoint(&h, &c->outpoint);
    if (binding->is_fixed) {
        add_number(&h, c->before, 8);
        add_number(&h, c->after, 8);
        fuzz_preimage_text(&h, signature);
        add_number(&h, c->charge, 8);
    } else {
        add_number(&h, c->voucher_amount, 8);
        fuzz_preimage_text(&h, signature);
        add_number(&h, c->charge, 8);
        add_number(&h, c->before, 8);
        add_number(&h, c->after, 8);
    }
    add_number(&h, c->claimed, 8);
    assay_sha256_end(&h, out);
}
