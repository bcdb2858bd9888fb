/* What a wallet is asked to sign, and what it has signed: made into a payment, and verified before
 * anything leaves. Source: Kaspa x402 client digest, sections 1 and 2 (F1, F5, F12); exact digest,
 * sections 3.4, 6 and 12. */
#include "client/kx_client_internal.h"

#include "base/base64.h"
#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_write.h"

#define PAYLOAD_MAX_BYTES ((size_t)2 * X402_DECODED_MAX_BYTES)
#define YEAR_MS (INT64_C(365) * 86400000)

struct assay_bytes kx_client_kept(struct kx_client *c, struct assay_buf *text)
{
    struct assay_bytes copy = {NULL, 0};

    if (assay_buf_ok(text))
        copy = assay_arena_copy(&c->arena, assay_buf_view(text));
    assay_buf_fini(text);
    return copy;
}

/* ---- the intention ---- */

static void write_outpoint(struct assay_buf *out, const struct kaspa_outpoint *outpoint)
{
    kx_write_name(out, "expectedHeadOutpoint");
    assay_buf_add_byte(out, '{');
    kx_write_number(out, "index", outpoint->index);
    kx_write_hex(out, "txid", assay_bytes_of(outpoint->txid.at, sizeof(outpoint->txid.at)));
    assay_buf_add_byte(out, '}');
}

/* The terms of an additive head, by the names that they have in the offer. */
static void write_head(struct assay_buf *out, const struct kx_terms *terms)
{
    const struct kx_head *head = &terms->head;

    kx_write_decimal(out, "additiveThresholdSompi", terms->threshold);
    kx_write_text(out, "challengeExpiresAt", terms->challenge_expires_at);
    kx_write_hex(out, "challengeId", assay_bytes_of(terms->challenge_id, 32));
    write_outpoint(out, &head->outpoint);
    kx_write_decimal(out, "headAmount", head->amount);
    kx_write_hex(out, "headId", assay_bytes_of(head->id, sizeof(head->id)));
    kx_write_hex(out, "headRedeemScript", head->redeem);
    kx_write_hex(out, "headScriptPublicKey", head->spk);
    kx_write_decimal(out, "headVersion", head->version);
    kx_write_number(out, "paymentOutputIndex", 0);
    kx_write_str(out, "templateId", KX_TEMPLATE_ADDITIVE);
}

struct assay_bytes kx_client_intent_text(struct kx_client *c, const char *intent_hash)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES), *out = &text;
    const struct kx_terms *terms = &c->terms;

    assay_buf_add_byte(out, '{');
    kx_write_text(out, "amount", terms->amount_text);
    kx_write_text(out, "attemptId", c->attempt.identifier);
    kx_write_text(out, "authorizationExpiresAt", c->attempt.expires_at);
    kx_write_text(out, "fundingSource", c->policy->source);
    if (intent_hash != NULL)
        kx_write_str(out, "intentHash", intent_hash);
    kx_write_text(out, "network", terms->network_text);
    kx_write_text(out, "origin", c->origin);
    kx_write_text(out, "payTo", terms->pay_to);
    kx_write_hex(out, "payToScriptPublicKey", terms->spk);
    kx_write_text(out, "paymentIdentifier", c->attempt.identifier);
    kx_write_str(out, "paymentRequirementsHash", c->requirements_hash);
    kx_write_str(out, "profile", kx_profile_name(terms->profile));
    kx_write_str(out, "requestHash", c->fingerprint);
    kx_write_str(out, "requiredFinality", kx_finality_name(terms->finality));
    kx_write_text(out, "resourceUrl", c->request.url);
    if (terms->profile == KX_ADDITIVE)
        write_head(out, terms);
    assay_buf_add_byte(out, '}');
    return kx_client_kept(c, out);
}

/* The time in which the payment may be claimed: as short as offer, challenge and policy say. A
 * tenth of what is offered is left for a server whose clock is behind, which would refuse the rest.
 */
int64_t kx_client_deadline(const struct kx_client *c, int64_t now_ms)
{
    int64_t offered_ms = (int64_t)c->terms.max_timeout_s * 900, challenge_ms;
    int64_t life_ms = c->policy->authorization_ms;

    if (REF_DEFECT(kx_client_time_far))
        return now_ms + YEAR_MS;
    if (offered_ms < life_ms || REF_DEFECT(kx_client_time_offer))
        life_ms = offered_ms;
    if (c->terms.profile != KX_STANDARD_NATIVE &&
        kx_time_read(&challenge_ms, c->terms.challenge_expires_at) &&
        challenge_ms - now_ms < life_ms)
        life_ms = challenge_ms - now_ms;
    return now_ms + life_ms;
}

struct assay_bytes kx_client_identifier(struct kx_client *c, const uint8_t random[16])
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_IDENTIFIER_MAX_CHARS);

    if (REF_DEFECT(kx_client_identifier_fixed)) /* "of the request", so that it is stable */
        assay_buf_add(&text, assay_bytes_part(assay_str(c->key), 0, 32));
    else
        assay_base64_encode(&text, ASSAY_BASE64_URL, assay_bytes_of(random, 16));
    return kx_client_kept(c, &text);
}

bool kx_client_intend(struct kx_client *c, int64_t now_ms)
{
    struct kx_client_attempt *a = &c->attempt;
    char expires_at[ASSAY_TIME_TEXT_BYTES];
    struct assay_bytes text;

    assay_time_text(expires_at, kx_client_deadline(c, now_ms));
    a->identifier =
        c->job.identifier.len > 0 ? c->job.identifier : kx_client_identifier(c, c->job.random);
    a->expires_at = assay_arena_copy(&c->arena, assay_str(expires_at));
    a->method = c->job.method;
    a->url = c->url;
    a->amount = c->terms.amount_text;
    a->network = c->terms.network_text;
    a->pay_to = c->terms.pay_to;
    a->header = a->txid = a->since = a->channel_id = ASSAY_LIT("");
    a->state = KX_CLIENT_INTENDED;
    memcpy(a->request_key, c->key, sizeof(a->request_key));
    if (a->identifier.at == NULL || a->expires_at.at == NULL ||
        (text = kx_client_intent_text(c, NULL)).at == NULL)
        return kx_client_object(c, NULL, "out of memory");
    x402_hash_text(a->intent_hash, text);
    c->has_attempt = true;
    return true;
}

bool kx_client_intent_is_same(struct kx_client *c)
{
    struct assay_bytes text = kx_client_intent_text(c, NULL);
    char hash[X402_HASH_TEXT_BYTES];

    if (text.at == NULL)
        return kx_client_object(c, NULL, "out of memory");
    x402_hash_text(hash, text);
    return strcmp(hash, c->attempt.intent_hash) == 0 ||
           kx_client_object(c, "client.artifact.once",
                            "what the saved attempt asked the wallet to sign is not what it would "
                            "be asked now: the policy, or the attempt, was changed");
}

/* ---- the payment ---- */

/* What the wallet's result says beside the transaction. */
struct result {
    struct assay_bytes source;
    struct kaspa_hash txid;
    uint64_t output_index;
    uint32_t token, transaction, authorization, outpoints;
};

static bool read_result(struct result *out, const struct kx_reader *r)
{
    static const struct kx_member members[] = {
        {"transactionEncoding", KX_KIND_CONST, 0, 0, KX_ENCODING, false},
        {"transactionId", KX_KIND_BYTES, KX_AT(struct result, txid), NULL, false},
        {"paymentOutputIndex", KX_KIND_U32, KX_AT(struct result, output_index), NULL, false},
        {"fundingSource", KX_KIND_TEXT, KX_AT(struct result, source), NULL, true},
    };

    out->token = assay_json_member(r->doc, 0, "result");
    out->transaction = assay_json_member(r->doc, out->token, "transaction");
    out->authorization = assay_json_member(r->doc, out->token, "authorization");
    out->outpoints = assay_json_member(r->doc, out->token, "inputOutpoints");
    if (assay_json_type(r->doc, out->transaction) != ASSAY_JSON_STRING)
        return kx_read_fail(r, ASSAY_E_TYPE, out->token, "transaction", "is no text");
    if (assay_json_type(r->doc, out->authorization) != ASSAY_JSON_OBJECT)
        return kx_read_fail(r, ASSAY_E_TYPE, out->token, "authorization", "is no object");
    return kx_read_members(r, out->token, members, ARRAY_LEN(members), out);
}

/* The advertised extension with the identifier in it: every member of info as it came. */
void kx_client_write_extensions(struct assay_buf *out, const struct kx_client *c)
{
    const struct assay_json *doc = &c->challenge;
    uint32_t info = c->advertised.info;

    kx_write_name(out, "extensions");
    assay_buf_add_str(out, "{\"payment-identifier\":{\"info\":{");
    kx_write_text(out, "id", c->attempt.identifier);
    for (uint32_t at = assay_json_first(doc, info); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, info, at)) {
        assay_buf_add_byte(out, ',');
        assay_buf_add(out, assay_json_raw(doc, at));
        assay_buf_add_byte(out, ':');
        assay_buf_add(out, assay_json_raw(doc, at + 1));
    }
    assay_buf_add_str(out, "},\"schema\":");
    assay_buf_add(out, assay_json_raw(doc, c->advertised.schema));
    assay_buf_add_str(out, "}}");
}

static struct assay_bytes payment_text(struct kx_client *c, const struct result *result,
                                       const struct assay_json *wallet)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES), *out = &text;

    assay_buf_add_byte(out, '{');
    kx_write_name(out, "accepted");
    assay_buf_add(out, assay_json_raw(&c->challenge, c->terms.token));
    kx_client_write_extensions(out, c);
    kx_write_name(out, "payload");
    assay_buf_add_byte(out, '{');
    kx_write_name(out, "authorization");
    assay_buf_add(out, assay_json_raw(wallet, result->authorization));
    if (c->terms.profile == KX_ADDITIVE)
        kx_write_hex(out, "challengeId", assay_bytes_of(c->terms.challenge_id, 32));
    kx_write_number(out, "paymentOutputIndex", result->output_index);
    kx_write_str(out, "profile", kx_profile_name(c->terms.profile));
    kx_write_str(out, "requestHash", c->fingerprint);
    kx_write_name(out, "transaction");
    assay_buf_add(out, assay_json_raw(wallet, result->transaction));
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    kx_write_str(out, "type", KX_PAYLOAD_EXACT);
    assay_buf_add_str(out, "},\"x402Version\":2}");
    return kx_client_kept(c, out);
}

/* The payment's text read as a server would, and its transaction with what it says of the coins. */
static bool read_payment(struct kx_client *c, struct assay_bytes text)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct assay_err err = {0};

    if (x402_document_parse(&c->payment_doc, &c->arena, text, true, &err) == ASSAY_OK &&
        kx_payment_read(&c->payment, &c->arena, &c->payment_doc, &err) == KX_LOCAL_NONE &&
        kaspa_tx_parse(&c->tx, &c->claims, &c->arena, c->payment.transaction, &options, &err) ==
            ASSAY_OK)
        return true;
    return kx_client_object(c, "client.verify-artifact", "the wallet's payment cannot be read: %s",
                            err.text);
}

/* Every check that can be judged on this side of the server: its head, and what the chain will make
 * of the transaction, are not for the payer to know; the coins are once a node has shown them. */
static bool is_judged_here(enum kx_exact_rule rule, bool with_coins)
{
    if (rule == KX_EXACT_HINTS || rule == KX_EXACT_CONSENSUS)
        return with_coins;
    return rule != KX_EXACT_FINALITY && rule != KX_EXACT_HEAD;
}

static bool verify(struct kx_client *c, const struct kx_sight *sight, int64_t now_ms)
{
    const struct kx_exact with = {
        .offer = &c->required,
        .payment = &c->payment,
        .request = &c->request,
        .policy = {.fee_max = REF_DEFECT(kx_client_artifact_fee) ? UINT64_MAX : c->policy->fee_max,
                   .finality = KX_FINALITY_ACCEPTED,
                   .confirmations = c->policy->confirmations},
        .now_ms = now_ms,
        .utxos = sight != NULL ? sight->utxos : NULL,
        .is_missing = sight != NULL ? sight->is_missing : NULL,
        .pov = sight != NULL ? &sight->pov : NULL,
        .arena = &c->arena,
    };

    kx_exact_verify(&c->verdict, &with);
    for (int i = 0; i < KX_EXACT__COUNT && !REF_DEFECT(kx_client_artifact_unverified); i++) {
        enum kx_exact_rule rule = (enum kx_exact_rule)i;
        const struct kx_check *check = &c->verdict.checks[i];

        if (check->result == KASPA_CHECK_HELD || !is_judged_here(rule, sight != NULL))
            continue;
        if (REF_DEFECT(kx_client_artifact_outputs) &&
            (rule == KX_EXACT_MERCHANT || rule == KX_EXACT_OUTPUTS || rule == KX_EXACT_CHANGE))
            continue;
        return kx_client_object(c, "client.verify-artifact", "the wallet's payment breaks %s: %s",
                                kx_exact_rules[i].id, check->why);
    }
    return true;
}

bool kx_client_judge_named_source(struct kx_client *c, struct assay_bytes source)
{
    return kx_client_is_required(c, source) || REF_DEFECT(kx_client_source_result) ||
           kx_client_object(c, "client.source",
                            "the wallet's payment is from \"%.*s\", the policy requires %.*s",
                            (int)assay_bytes_part(source, 0, 60).len, (const char *)source.at,
                            (int)c->policy->source.len, (const char *)c->policy->source.at);
}

/* Whether the wallet's list of what is spent is the transaction's, in its order. */
static bool lists_inputs(struct kx_client *c, const struct assay_json *doc, uint32_t list)
{
    uint32_t at = assay_json_first(doc, list);
    size_t i = 0;

    while (at != ASSAY_JSON_NONE && i < c->tx.input_count) {
        struct spent {
            struct kaspa_hash txid;
            uint64_t index;
        } spent;
        static const struct kx_member members[] = {
            {"txid", KX_KIND_BYTES, KX_AT(struct spent, txid), NULL, false},
            {"index", KX_KIND_U32, KX_AT(struct spent, index), NULL, false},
        };
        const struct kx_reader r = {
            .doc = doc, .arena = &c->arena, .place = "inputOutpoints", .err = NULL};

        if (!kx_read_members(&r, at, members, ARRAY_LEN(members), &spent) ||
            !kaspa_hash_equal(&spent.txid, &c->tx.inputs[i].previous.txid) ||
            spent.index != c->tx.inputs[i].previous.index)
            return false;
        at = assay_json_next_sibling(doc, list, at);
        i++;
    }
    return at == ASSAY_JSON_NONE && i == c->tx.input_count;
}

/* What the result says beside the payment has to be what the payment says. */
static bool agrees(struct kx_client *c, const struct result *result, const struct assay_json *doc)
{
    char txid[X402_HASH_TEXT_BYTES];

    assay_hex_encode(txid, assay_bytes_of(result->txid.at, sizeof(result->txid.at)));
    if (strcmp(txid, c->verdict.transaction_id) != 0)
        return kx_client_object(c, "client.verify-artifact",
                                "the wallet says that its transaction is %s; it is %s", txid,
                                c->verdict.transaction_id);
    if (!assay_bytes_equal(c->payment.authorization.expires_at, c->attempt.expires_at))
        return kx_client_object(c, "client.time",
                                "the wallet's authorization does not end when it was told to");
    return lists_inputs(c, doc, result->outpoints) ||
           kx_client_object(c, "client.verify-artifact",
                            "the wallet lists other coins than its transaction spends");
}

static bool make_header(struct kx_client *c)
{
    struct assay_buf header = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    struct assay_err err = {0};
    enum assay_code rc = x402_header_encode(&header, &c->payment_doc, &err);

    c->attempt.header = kx_client_kept(c, &header);
    c->attempt.txid = assay_arena_copy(&c->arena, assay_str(c->verdict.transaction_id));
    if (rc == ASSAY_OK && c->attempt.header.at != NULL && c->attempt.txid.at != NULL)
        return true;
    return kx_client_object(c, "client.bounds", "the payment does not fit its header: %s",
                            err.text);
}

bool kx_client_take_artifact(struct kx_client *c, struct assay_bytes answer, int64_t now_ms)
{
    struct result result = {.source = ASSAY_LIT("")};
    struct assay_err err = {0};
    struct assay_json doc;
    const struct kx_reader r = {.doc = &doc, .arena = &c->arena, .place = "result", .err = &err};
    struct assay_bytes text;

    if (x402_document_parse(&doc, &c->arena, answer, true, &err) != ASSAY_OK ||
        !read_result(&result, &r))
        return kx_client_object(c, "client.verify-artifact", "the wallet's answer: %s", err.text);
    if (!kx_client_judge_named_source(c, result.source))
        return false;
    text = payment_text(c, &result, &doc);
    if (text.at == NULL)
        return kx_client_object(c, "client.bounds", "the wallet's payment is too large");
    return read_payment(c, text) && verify(c, NULL, now_ms) &&
           (REF_DEFECT(kx_client_artifact_unverified) || agrees(c, &result, &doc)) &&
           make_header(c);
}

bool kx_client_retake_artifact(struct kx_client *c)
{
    struct assay_err err = {0};
    struct assay_bytes json;

    if (x402_header_decode(&json, &c->arena, c->attempt.header, &err) != ASSAY_OK)
        return kx_client_object(c, NULL, "the saved payment: %s", err.text);
    return read_payment(c, json);
}

bool kx_client_look_for(struct kx_client *c, bool has_tx)
{
    size_t count = c->tx.input_count;
    struct kaspa_outpoint *outpoints = assay_arena_alloc(&c->arena, count * sizeof(*outpoints));
    struct kaspa_spk *spks = assay_arena_alloc(&c->arena, count * sizeof(*spks));
    uint64_t head = c->terms.profile == KX_ADDITIVE ? c->terms.head.amount : 0;

    if (outpoints == NULL || spks == NULL)
        return kx_client_object(c, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        outpoints[i] = c->tx.inputs[i].previous;
        spks[i] = c->claims.utxos[i].spk;
    }
    c->look = (struct kx_look){
        .outpoints = outpoints,
        .spks = spks,
        .count = count,
        .has_tx = has_tx,
        .output_index = (uint32_t)c->payment.output_index,
        .output_spk = {.script = assay_bytes_part(c->terms.spk, 2, c->terms.spk.len)},
        .output_amount = c->terms.amount + head, /* the terms have checked the sum */
    };
    kaspa_txid(&c->look.txid, &c->tx);
    c->look.has_since = assay_hex_decode(c->look.since.at, sizeof(c->look.since.at),
                                         c->attempt.since, true) == ASSAY_OK;
    return true;
}

bool kx_client_judge_coins(struct kx_client *c, const struct kx_sight *sight, int64_t now_ms)
{
    char since[X402_HASH_TEXT_BYTES];

    if (!verify(c, sight, now_ms))
        return false;
    assay_hex_encode(since, assay_bytes_of(sight->sink.at, sizeof(sight->sink.at)));
    c->attempt.since = assay_arena_copy(&c->arena, assay_str(since));
    return c->attempt.since.at != NULL || kx_client_object(c, NULL, "out of memory");
}
