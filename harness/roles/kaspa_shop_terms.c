/* What the role `shop` asks for, what it makes of a payment, and what it says of it. Source: Kaspa
 * x402 exact digest, sections 3.1 to 3.5 and 13. */
#include "roles/kaspa_shop_internal.h"

#include "base/base64.h"
#include "base/hex.h"
#include "kaspa_x402/exact_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *network_name(const struct kaspa_shop *shop)
{
    return shop->network == KASPA_MAINNET ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET;
}

/* ---- the challenge ---- */

static void write_extra(struct assay_buf *out, const struct kaspa_shop *shop)
{
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES], room[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf bytes = ASSAY_BUF_OVER(room);
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (kaspa_address_decode(&address, NULL, assay_str(shop->pay_to)) != KASPA_ADDRESS_OK)
        return; /* the start has seen to it */
    kaspa_address_script(&spk, script, &address);
    kaspa_spk_add_bytes(&bytes, &spk);
    kx_write_name(out, "extra");
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "binding", KX_BINDING_EXACT);
    kx_write_str(out, "finality", "accepted");
    kx_write_hex(out, "payToScriptPublicKey", assay_buf_view(&bytes));
    kx_write_str(out, "paymentFlow", "upfront");
    kx_write_str(out, "profile", kx_profile_name(KX_STANDARD_NATIVE));
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    assay_buf_add_byte(out, '}');
}

static void write_offer(struct assay_buf *out, const struct kaspa_shop *shop)
{
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "amount", KASPA_SHOP_PRICE);
    kx_write_str(out, "asset", KX_ASSET);
    write_extra(out, shop);
    kx_write_number(out, "maxTimeoutSeconds", KASPA_SHOP_TIMEOUT_S);
    kx_write_str(out, "network", network_name(shop));
    kx_write_str(out, "payTo", shop->pay_to);
    kx_write_str(out, "scheme", KX_SCHEME_EXACT);
    assay_buf_add_byte(out, '}');
}

/* The resource is what was asked for, under the name that it was asked for by. */
static void write_challenge(struct assay_buf *out, const struct kaspa_shop *shop,
                            const struct shop_request *request)
{
    assay_buf_add_str(out, "{\"accepts\":[");
    write_offer(out, shop);
    assay_buf_add_str(out, "],\"extensions\":{\"payment-identifier\":");
    x402_identifier_write(out, true, ASSAY_LIT(""));
    assay_buf_printf(out, "},\"resource\":{\"url\":\"http://%s%s\"},\"x402Version\":%d}",
                     request->host, request->target, X402_VERSION);
}

void shop_add_challenge(struct assay_buf *out, const struct kaspa_shop *shop,
                        const struct shop_request *request, bool is_later)
{
    struct assay_buf honest = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    json_t *tree;
    char *text;

    write_challenge(&honest, shop, request);
    if (shop->how.edit == NULL || (shop->how.edits_later && !is_later)) {
        assay_buf_add(out, assay_buf_view(&honest));
        assay_buf_fini(&honest);
        return;
    }
    tree = json_loadb((const char *)honest.at, honest.len, 0, NULL);
    assay_buf_fini(&honest);
    if (tree == NULL)
        return;
    shop->how.edit(shop->how.arg, tree);
    text = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL)
        assay_buf_add_str(out, text);
    free(text);
    json_decref(tree);
}

/* ---- a payment ---- */

/* What is read of a payment on the way to a verdict. */
struct reading {
    struct assay_json payment_doc, offer_doc;
    struct kx_payment payment;
    struct x402_required offer;
    struct assay_buf offered, url;
    struct assay_err err;
};

static bool read_documents(struct reading *r, struct assay_arena *arena,
                           const struct kaspa_shop *shop, const struct shop_request *request)
{
    struct assay_bytes json;
    struct assay_buf raw = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    enum assay_code rc;

    assay_buf_printf(&raw, "http://%s%s", request->host, request->target);
    rc = kx_url_normalise(&r->url, assay_buf_view(&raw), &r->err);
    assay_buf_fini(&raw);
    shop_add_challenge(&r->offered, shop, request, false);
    return rc == ASSAY_OK &&
           x402_header_decode(&json, arena, assay_str(request->payment), &r->err) == ASSAY_OK &&
           x402_document_parse(&r->payment_doc, arena, json, false, &r->err) == ASSAY_OK &&
           kx_payment_read(&r->payment, arena, &r->payment_doc, &r->err) == KX_LOCAL_NONE &&
           x402_document_parse(&r->offer_doc, arena, assay_buf_view(&r->offered), false, &r->err) ==
               ASSAY_OK &&
           x402_required_read_known(&r->offer, arena, &r->offer_doc, &r->err) == X402_FAULT_NONE;
}

static void verify(struct shop_payment *out, struct assay_arena *arena, const struct reading *r,
                   const struct shop_request *request, int64_t now_ms)
{
    const struct kx_request asked = {.method = assay_str(request->method),
                                     .url = assay_buf_view(&r->url),
                                     .body_text = request->body,
                                     .has_body_text = request->body.len > 0};
    const struct kx_exact with = {.offer = &r->offer,
                                  .payment = &r->payment,
                                  .request = &asked,
                                  .policy = KX_EXACT_POLICY_INIT,
                                  .now_ms = now_ms,
                                  .arena = arena};

    kx_exact_verify(&out->verdict, &with);
    out->is_good = out->verdict.outcome != KASPA_INVALID && out->verdict.has_transaction;
    if (!out->is_good)
        (void)!snprintf(out->fault, sizeof(out->fault), "%s: %s",
                        kx_exact_rules[out->verdict.first].id,
                        out->verdict.checks[out->verdict.first].why);
}

void shop_read_payment(struct shop_payment *out, struct assay_arena *arena,
                       const struct kaspa_shop *shop, const struct shop_request *request)
{
    struct reading r = {.offered = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES),
                        .url = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES)};
    struct timespec now = {0};

    *out = (struct shop_payment){.is_read = false};
    clock_gettime(CLOCK_REALTIME, &now);
    out->is_read = read_documents(&r, arena, shop, request);
    if (out->is_read) {
        out->expires_ms = r.payment.authorization.expires_at_ms;
        verify(out, arena, &r, request, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    } else {
        (void)!snprintf(out->fault, sizeof(out->fault), "cannot be read: %s", r.err.text);
    }
    assay_buf_fini(&r.offered);
    assay_buf_fini(&r.url);
}

/* ---- the receipt ---- */

void shop_add_receipt(struct assay_buf *out, const struct kaspa_shop *shop,
                      const struct shop_payment *payment, enum kaspa_shop_receipt receipt)
{
    bool is_other_network = receipt == KASPA_SHOP_RECEIPT_OTHER_NETWORK;
    bool is_other_amount = receipt == KASPA_SHOP_RECEIPT_OTHER_AMOUNT;
    struct assay_buf json = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    char txid[X402_HASH_TEXT_BYTES];

    if (receipt == KASPA_SHOP_RECEIPT_MALFORMED) {
        assay_buf_add_str(out, "paid, thank you");
        return;
    }
    memcpy(txid, payment->verdict.transaction_id, sizeof(txid));
    if (receipt == KASPA_SHOP_RECEIPT_OTHER_TX)
        txid[0] = txid[0] == '0' ? '1' : '0';
    assay_buf_add_byte(&json, '{');
    kx_write_decimal(&json, "amount", KASPA_SHOP_PRICE - is_other_amount);
    if (receipt == KASPA_SHOP_RECEIPT_FAILED)
        kx_write_str(&json, "errorReason", "invalid_transaction_state");
    kx_write_str(&json, "network", is_other_network ? KX_NETWORK_MAINNET : network_name(shop));
    assay_buf_printf(&json, ",\"success\":%s",
                     receipt == KASPA_SHOP_RECEIPT_FAILED ? "false" : "true");
    kx_write_str(&json, "transaction", txid);
    assay_buf_add_byte(&json, '}');
    assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&json));
    assay_buf_fini(&json);
}
