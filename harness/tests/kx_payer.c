/* An honest payer of exact offers; see kx_payer.h. */
#include "kx_payer.h"

#include "base/hex.h"
#include "base/time.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_hash.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#define COIN (20 * KAS)

/* A payment on its way. */
struct paying {
    struct node_world *w;
    const struct kx_bill *bill;
    struct assay_json doc;
    struct x402_required required;
    struct kx_terms terms;
    struct kaspa_spk pay_to; /* of the offer */
    struct kaspa_tx tx;
    const struct kaspa_utxo *utxos;
    uint32_t input; /* that authorises */
    char requirements[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES];
    char expires_at[ASSAY_TIME_TEXT_BYTES];
};

struct kaspa_outpoint kx_payer_fund(struct node_world *w, const struct kaspa_spk *spk,
                                    uint64_t amount)
{
    struct kaspa_outpoint coin;

    kaspa_chain_lock_take(w->lock);
    cr_assert_eq(kaspa_chain_fund(w->chain, &coin, spk, amount), ASSAY_OK);
    kaspa_chain_lock_give(w->lock);
    kaspa_node_changed(w->node);
    return coin;
}

static void read_offer(struct paying *p)
{
    const char *wanted = p->bill->profile != NULL ? p->bill->profile : "standard-native";
    struct assay_arena *arena = &p->w->arena;
    struct assay_bytes text = ASSAY_LIT("");
    struct assay_err err = {0};
    bool found = false;

    cr_assert_eq(x402_header_decode(&text, arena, p->bill->required, &err), ASSAY_OK, "%s",
                 err.text);
    cr_assert_eq(x402_document_parse(&p->doc, arena, text, true, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(x402_required_read(&p->required, arena, &p->doc, &err), X402_FAULT_NONE, "%s",
                 err.text);
    for (size_t i = 0; i < p->required.accept_count && !found; i++) {
        cr_assert_eq(kx_terms_read(&p->terms, arena, &p->doc, &p->required.accepts[i], &err),
                     KX_TERMS_OK, "%s", err.text);
        found = strcmp(kx_profile_name(p->terms.profile), wanted) == 0;
    }
    cr_assert(found, "no offer of profile %s", wanted);
    p->pay_to.script = assay_bytes_part(p->terms.spk, 2, p->terms.spk.len);
}

static struct kaspa_spend own_coin(struct node_world *w)
{
    return (struct kaspa_spend){
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = kx_payer_fund(w, &w->spk, COIN),
        .utxo = {.amount = COIN, .spk = w->spk},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &w->key,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
        .commit = KASPA_COMMIT_LEARN,
    };
}

static struct kaspa_spend head_coin(const struct paying *p)
{
    return (struct kaspa_spend){
        .kind = KASPA_SPEND_SCRIPT_HASH,
        .outpoint = p->terms.head.outpoint,
        .utxo = {.amount = p->terms.head.amount, .spk = p->pay_to},
        .sequence = KASPA_SEQUENCE_FINAL,
        .unlock = assay_bytes_of("\0", 1),
        .redeem = p->terms.head.redeem,
        .commit = KASPA_COMMIT_LEARN,
    };
}

static void build(struct paying *p)
{
    bool additive = p->terms.profile == KX_ADDITIVE;
    struct kaspa_spend spends[2] = {own_coin(p->w)};
    const struct kaspa_output output = {
        .value = p->terms.amount + (additive ? p->terms.head.amount : 0), .spk = p->pay_to};
    const struct kaspa_plan plan = {
        .version = additive ? 1 : 0,
        .spends = spends,
        .spend_count = additive ? 2 : 1,
        .outputs = &output,
        .output_count = 1,
        .change = &p->w->spk,
        .payload = ASSAY_LIT(""),
    };
    struct assay_err err = {0};

    if (additive) {
        spends[1] = spends[0];
        spends[0] = head_coin(p);
        p->input = 1;
    }
    cr_assert_eq(kaspa_build(&p->tx, &p->w->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    p->utxos = kaspa_plan_utxos(&p->w->arena, &plan);
    cr_assert_not_null(p->utxos);
}

static void bind_request(struct paying *p)
{
    const struct kx_context context = {.principal = assay_str(p->bill->principal),
                                       .tenant = ASSAY_LIT("")};
    const struct kx_request request = {
        .method = assay_str(p->bill->method),
        .url = assay_str(p->bill->url),
        .body_text = assay_str(p->bill->body),
        .has_body_text = p->bill->body != NULL,
        .context = p->bill->principal != NULL ? &context : NULL,
    };
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    assay_time_text(p->expires_at, now.tv_sec * 1000 + now.tv_nsec / 1000000 +
                                       (p->bill->lasts_ms != 0 ? p->bill->lasts_ms : 30000));
    cr_assert_eq(kx_requirements_hash(p->requirements, &p->doc, p->terms.token, NULL), ASSAY_OK);
    cr_assert_eq(kx_fingerprint(p->fingerprint, &request, p->requirements, NULL), ASSAY_OK);
}

static json_t *hex(struct assay_bytes bytes)
{
    char text[2 * ASSAY_SIG_BYTES + 1];

    cr_assert_leq(bytes.len, ASSAY_SIG_BYTES);
    assay_hex_encode(text, bytes);
    return json_string(text);
}

static json_t *authorize(struct paying *p, const char *txid)
{
    const struct kx_authorized what = {
        .terms = &p->terms,
        .transaction_id = txid,
        .requirements_hash = p->requirements,
        .fingerprint = p->fingerprint,
        .identifier = assay_str(p->bill->identifier),
        .input_index = p->input,
        .expires_at = assay_str(p->expires_at),
    };
    uint8_t digest[32], signature[ASSAY_SIG_BYTES];

    cr_assert_eq(kx_authorization_digest(digest, &what), ASSAY_OK);
    cr_assert_eq(assay_schnorr_sign(signature, digest, &p->w->key, NULL), ASSAY_OK);
    return json_pack("{s:s, s:i, s:s, s:o, s:o}", "version", KX_AUTHORIZATION, "inputIndex",
                     (int)p->input, "expiresAt", p->expires_at, "digest",
                     hex(assay_bytes_of(digest, sizeof(digest))), "signature",
                     hex(assay_bytes_of(signature, sizeof(signature))));
}

static json_t *payload_of(struct paying *p, const char *txid)
{
    struct assay_buf text = ASSAY_BUF_INIT(65536);
    json_t *payload;

    kaspa_tx_write(&text, &p->tx, p->utxos, KASPA_JSON_NESTED);
    payload = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:o}", "type", KX_PAYLOAD_EXACT, "profile",
                        kx_profile_name(p->terms.profile), "transaction", assay_buf_cstr(&text),
                        "transactionEncoding", KX_ENCODING, "paymentOutputIndex", 0, "requestHash",
                        p->fingerprint, "authorization", authorize(p, txid));
    cr_assert_not_null(payload);
    if (p->terms.profile == KX_ADDITIVE)
        (void)json_object_set_new(payload, "challengeId",
                                  hex(assay_bytes_of(p->terms.challenge_id, 32)));
    assay_buf_fini(&text);
    return payload;
}

static json_t *value_of(const struct paying *p, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(&p->doc, token);
    json_t *value = json_loadb((const char *)raw.at, raw.len, 0, NULL);

    cr_assert_not_null(value);
    return value;
}

static const char *write_header(struct paying *p, json_t *envelope)
{
    char *text = json_dumps(envelope, JSON_COMPACT);
    struct assay_buf out = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    struct assay_json doc = {.token_count = 0};
    struct assay_bytes kept;

    cr_assert_not_null(text);
    cr_assert_eq(x402_document_parse(&doc, &p->w->arena, assay_str(text), true, NULL), ASSAY_OK);
    cr_assert_eq(x402_header_encode(&out, &doc, NULL), ASSAY_OK);
    kept = assay_arena_copy(&p->w->arena, assay_buf_view(&out));
    cr_assert_not_null(kept.at);
    assay_buf_fini(&out);
    free(text);
    return (const char *)kept.at;
}

struct kx_cheque kx_payer_pay(struct node_world *w, const struct kx_bill *bill)
{
    struct paying p = {.w = w, .bill = bill};
    struct kx_cheque cheque;
    json_t *envelope, *info;

    read_offer(&p);
    build(&p);
    bind_request(&p);
    kaspa_txid(&cheque.txid, &p.tx);
    assay_hex_encode(cheque.txid_text, assay_bytes_of(cheque.txid.at, sizeof(cheque.txid.at)));
    envelope = json_pack("{s:i, s:o, s:o, s:o}", "x402Version", 2, "accepted",
                         value_of(&p, p.terms.token), "payload", payload_of(&p, cheque.txid_text),
                         "extensions", value_of(&p, p.required.extensions));
    cr_assert_not_null(envelope);
    info = json_object_get(
        json_object_get(json_object_get(envelope, "extensions"), "payment-identifier"), "info");
    cr_assert_eq(json_object_set_new(info, "id", json_string(bill->identifier)), 0);
    cheque.header = write_header(&p, envelope);
    json_decref(envelope);
    return cheque;
}
