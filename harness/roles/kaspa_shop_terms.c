/* What the role `shop` asks for, what it makes of a payment, and what it says of it. Source: Kaspa
 * x402 exact digest, sections 3.1 to 3.5 and 13. */
#include "roles/kaspa_shop_internal.h"

#include "base/base64.h"
#include "base/hex.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/settlement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *shop_network_name(const struct kaspa_shop *shop)
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
    kx_write_str(out, "network", shop_network_name(shop));
    kx_write_str(out, "payTo", shop->pay_to);
    kx_write_str(out, "scheme", KX_SCHEME_EXACT);
    assay_buf_add_byte(out, '}');
}

/* The resource is what was asked for, under the name that it was asked for by. */
static void write_challenge(struct assay_buf *out, const struct kaspa_shop *shop,
                            const struct shop_request *request, const struct shop_channel *channel)
{
    assay_buf_add_str(out, "{\"accepts\":[");
    if (shop->how.by_channel)
        shop_add_channel_offer(out, shop, request, channel);
    else
        write_offer(out, shop);
    assay_buf_add_str(out, "],\"extensions\":{\"payment-identifier\":");
    x402_identifier_write(out, true, ASSAY_LIT(""));
    assay_buf_printf(out, "},\"resource\":{\"url\":\"http://%s%s\"},\"x402Version\":%d}",
                     request->host, request->target, X402_VERSION);
}

void shop_add_edited(struct assay_buf *out, struct assay_bytes text, kaspa_shop_edit *edit,
                     const void *arg)
{
    json_t *tree = edit != NULL ? json_loadb((const char *)text.at, text.len, 0, NULL) : NULL;
    char *edited;

    if (edit == NULL)
        assay_buf_add(out, text);
    if (tree == NULL)
        return;
    edit(arg, tree);
    edited = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
    if (edited != NULL)
        assay_buf_add_str(out, edited);
    free(edited);
    json_decref(tree);
}

void shop_add_challenge(struct assay_buf *out, const struct kaspa_shop *shop,
                        const struct shop_request *request, bool is_later,
                        const struct shop_channel *channel)
{
    struct assay_buf honest = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    bool is_edited = is_later || !shop->how.edits_later;

    write_challenge(&honest, shop, request, channel);
    shop_add_edited(out, assay_buf_view(&honest), is_edited ? shop->how.edit : NULL, shop->how.arg);
    assay_buf_fini(&honest);
}

/* ---- a payment ---- */

static bool read_documents(struct shop_reading *r, const struct kaspa_shop *shop,
                           const struct shop_request *request)
{
    struct assay_bytes json;
    struct assay_buf raw = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    enum assay_code rc;

    assay_buf_printf(&raw, "http://%s%s", request->host, request->target);
    rc = kx_url_normalise(&r->url, assay_buf_view(&raw), &r->err);
    assay_buf_fini(&raw);
    shop_add_challenge(&r->offered, shop, request, false, NULL);
    return rc == ASSAY_OK &&
           x402_header_decode(&json, r->arena, assay_str(request->payment), &r->err) == ASSAY_OK &&
           x402_document_parse(&r->payment_doc, r->arena, json, false, &r->err) == ASSAY_OK &&
           x402_document_parse(&r->offer_doc, r->arena, assay_buf_view(&r->offered), false,
                               &r->err) == ASSAY_OK &&
           x402_required_read_known(&r->offer, r->arena, &r->offer_doc, &r->err) == X402_FAULT_NONE;
}

static void fail(struct shop_payment *out, const char *rule, const char *why)
{
    (void)!snprintf(out->fault, sizeof(out->fault), "%s: %s", rule, why);
}

static void read_exact(struct shop_payment *out, struct shop_reading *r,
                       const struct kx_request *asked, int64_t now_ms)
{
    struct kx_payment payment;
    const struct kx_exact with = {.offer = &r->offer,
                                  .payment = &payment,
                                  .request = asked,
                                  .policy = KX_EXACT_POLICY_INIT,
                                  .now_ms = now_ms,
                                  .arena = r->arena};

    if (kx_payment_read(&payment, r->arena, &r->payment_doc, &r->err) != KX_LOCAL_NONE)
        return;
    out->is_read = true;
    out->expires_ms = payment.authorization.expires_at_ms;
    kx_exact_verify(&out->verdict, &with);
    out->is_good = out->verdict.outcome != KASPA_INVALID && out->verdict.has_transaction;
    if (!out->is_good)
        fail(out, kx_exact_rules[out->verdict.first].id,
             out->verdict.checks[out->verdict.first].why);
}

static void read_batch(struct shop_payment *out, struct shop_reading *r, struct kaspa_shop *shop,
                       const struct kx_request *asked, int64_t now_ms)
{
    const struct kx_batch_verdict *verdict;

    shop_read_batch(out, r, shop, asked, now_ms);
    if (!out->is_read || out->is_good)
        return;
    verdict = &out->batch->verdict;
    fail(out,
         verdict->outcome == KASPA_INVALID ? kx_batch_rules[verdict->first].id
                                           : "not all could be judged",
         verdict->outcome == KASPA_INVALID ? verdict->checks[verdict->first].why : "");
}

void shop_read_payment(struct shop_payment *out, struct assay_arena *arena, struct kaspa_shop *shop,
                       const struct shop_request *request)
{
    struct shop_reading r = {.arena = arena,
                             .offered = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES),
                             .url = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES)};
    struct kx_request asked = {.method = assay_str(request->method),
                               .body_text = request->body,
                               .has_body_text = request->body.len > 0};
    struct timespec now = {0};
    int64_t now_ms;

    *out = (struct shop_payment){.is_read = false};
    clock_gettime(CLOCK_REALTIME, &now);
    now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (read_documents(&r, shop, request)) {
        asked.url = assay_buf_view(&r.url);
        if (shop->how.by_channel)
            read_batch(out, &r, shop, &asked, now_ms);
        else
            read_exact(out, &r, &asked, now_ms);
    }
    if (!out->is_read)
        (void)!snprintf(out->fault, sizeof(out->fault), "cannot be read: %s", r.err.text);
    assay_buf_fini(&r.offered);
    assay_buf_fini(&r.url);
}

/* ---- the receipt ---- */

static void write_exact(struct assay_buf *json, const struct kaspa_shop *shop,
                        const struct shop_payment *payment, enum kaspa_shop_receipt receipt)
{
    bool is_other_network = receipt == KASPA_SHOP_RECEIPT_OTHER_NETWORK;
    bool is_other_amount = receipt == KASPA_SHOP_RECEIPT_OTHER_AMOUNT;
    char txid[X402_HASH_TEXT_BYTES];

    memcpy(txid, payment->verdict.transaction_id, sizeof(txid));
    if (receipt == KASPA_SHOP_RECEIPT_OTHER_TX)
        txid[0] = txid[0] == '0' ? '1' : '0';
    assay_buf_add_byte(json, '{');
    kx_write_decimal(json, "amount", KASPA_SHOP_PRICE - is_other_amount);
    if (receipt == KASPA_SHOP_RECEIPT_FAILED)
        kx_write_str(json, "errorReason", "invalid_transaction_state");
    kx_write_str(json, "network", is_other_network ? KX_NETWORK_MAINNET : shop_network_name(shop));
    assay_buf_printf(json, ",\"success\":%s",
                     receipt == KASPA_SHOP_RECEIPT_FAILED ? "false" : "true");
    kx_write_str(json, "transaction", txid);
    assay_buf_add_byte(json, '}');
}

void shop_add_receipt(struct assay_buf *out, const struct kaspa_shop *shop,
                      const struct shop_payment *payment, enum kaspa_shop_receipt receipt)
{
    struct assay_buf honest = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES),
                     json = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);

    if (receipt == KASPA_SHOP_RECEIPT_MALFORMED) {
        assay_buf_add_str(out, "paid, thank you");
        return;
    }
    if (payment->batch == NULL)
        write_exact(&json, shop, payment, receipt);
    else if (receipt == KASPA_SHOP_RECEIPT_FAILED || payment->channel == NULL)
        kx_settlement_write_failure(&json, KX_WIRE_PAYLOAD, assay_str(shop_network_name(shop)));
    else
        shop_write_charge(&honest, shop, payment);
    if (honest.len > 0)
        shop_add_edited(&json, assay_buf_view(&honest), shop->how.edit_receipt, shop->how.arg);
    assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&json));
    assay_buf_fini(&honest);
    assay_buf_fini(&json);
}
