/* Making payments, honest and bent: terms, transaction, text, authorization, header, in that order,
 * each made of what the one before has become.
 *
 *  Hashes are made with jansson's sorted form, which is canonical for the ASCII names of the
 * protocol, so that they can be made of terms that no reader would take. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/mass.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"

#include <stdlib.h>

enum {
    COIN_FACTOR = 3, /* of the amount, so that there is change above what a node relays */
    TEXT_MAX_BYTES = 1 << 20,
};

#define COIN_LEAST (10 * KASPA_SOMPI_PER_KAS)

/* ---- hashes ---- */

static char *sorted(struct assay_case *t, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (text == NULL)
        case_end(t, VERDICT_BROKEN, "out of memory for the JSON of a payment");
    return text;
}

void kxp_hash_json(struct assay_case *t, char *out, const json_t *value)
{
    char *text = sorted(t, value);

    assay_sha256_hex(out, assay_str(text));
    free(text);
}

/* The caller as the target file says that the target knows it (exact digest, section 5); NULL:
 * nobody. */
static const struct kx_context *context_of(struct assay_case *t, const char *caller)
{
    const struct target_principal *p =
        caller != NULL ? target_principal(case_target(t), caller) : NULL;
    struct kx_context *context;
    struct assay_bytes *scopes;

    if (p == NULL)
        return NULL;
    context = case_alloc(t, sizeof(*context));
    scopes = case_alloc(t, (p->scopes.count + 1) * sizeof(*scopes));
    for (size_t i = 0; i < p->scopes.count; i++)
        scopes[i] = assay_str(p->scopes.items[i]);
    *context = (struct kx_context){.principal = assay_str(p->principal),
                                   .tenant = assay_str(p->tenant != NULL ? p->tenant : ""),
                                   .scopes = scopes,
                                   .scope_count = p->scopes.count};
    return context;
}

/* A host may hash the value that it has parsed instead of the text that was sent (section 5); NULL:
 * it does not, or cannot. */
static const struct assay_json *parsed_body(struct assay_case *t, const struct peer_want *want)
{
    struct assay_json *doc = case_alloc(t, sizeof(*doc));

    if (!target_supports(case_target(t), "parsed-body") || !want->has_body ||
        x402_document_parse(doc, case_arena(t), want->body, false, NULL) != ASSAY_OK)
        return NULL;
    return doc;
}

const char *kxp_fingerprint(struct assay_case *t, const struct kxp_offer *offer, const char *url,
                            const char *requirements)
{
    const struct peer_want *want = &offer->want;
    const struct kx_request request = {.method = assay_str(want->method),
                                       .url = assay_str(url),
                                       .body = parsed_body(t, want),
                                       .body_text = want->body,
                                       .has_body_text = want->has_body,
                                       .context = context_of(t, offer->caller)};
    char *out = case_alloc(t, X402_HASH_TEXT_BYTES);
    struct assay_err err = {0};

    if (kx_fingerprint(out, &request, requirements, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the request has no fingerprint: %s", err.text);
    return out;
}

const char *kxp_fingerprint_at(struct kxp_draft *d, const char *base_url)
{
    char requirements[X402_HASH_TEXT_BYTES];

    kxp_hash_json(d->t, requirements, d->accepted);
    return kxp_fingerprint(
        d->t, d->offer, case_printf(d->t, "%s%s", base_url, d->offer->want.target), requirements);
}

/* ---- coins ---- */

static void add_coin(struct kxp_draft *d, uint64_t amount)
{
    struct kaspa_spk spk = kxp_spk_of(d->t, &d->payer);
    struct kaspa_spend *spend = &d->spends[d->spend_count++];

    *spend = (struct kaspa_spend){
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = kxp_fund(d->t, &spk, amount),
        .utxo = {.amount = amount, .spk = spk},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &d->payer,
        .commit = KASPA_COMMIT_LEARN,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
    };
}

static void add_head(struct kxp_draft *d)
{
    const struct kx_head *head = &d->offer->terms.head;

    d->spends[d->spend_count++] = (struct kaspa_spend){
        .kind = KASPA_SPEND_SCRIPT_HASH,
        .outpoint = d->head_outpoint,
        .utxo = {.amount = d->head_amount,
                 .spk = {.script = assay_bytes_part(head->spk, 2, head->spk.len)}},
        .sequence = KASPA_SEQUENCE_FINAL,
        .commit = KASPA_COMMIT_LEARN,
        .unlock = assay_bytes_of("\0", 1),
        .redeem = head->redeem,
    };
}

struct kxp_draft *kxp_draft_new(struct assay_case *t, const struct kxp_offer *offer)
{
    struct kxp_draft *d = case_alloc(t, sizeof(*d));
    const struct kx_terms *terms = &offer->terms;
    const char *text = case_printf(t, "%.*s", (int)assay_json_raw(&offer->doc, terms->token).len,
                                   (const char *)assay_json_raw(&offer->doc, terms->token).at);
    uint64_t own = terms->profile == KX_ADDITIVE ? terms->head.amount : 0;

    *d = (struct kxp_draft){.t = t,
                            .offer = offer,
                            .accepted = kxp_owned(t, json_loads(text, 0, NULL)),
                            .sighash = KASPA_SIGHASH_ALL,
                            .version = KX_AUTHORIZATION,
                            .identifier = kxp_identifier(t),
                            .head_outpoint = terms->head.outpoint,
                            .head_amount = terms->head.amount};
    kaspa_key_from_seed(&d->payer, ASSAY_LIT("assay kaspa-x402"), assay_str(d->identifier));
    d->signer = d->payer;
    d->change = kxp_spk_of(t, &d->payer);
    d->input_index = terms->profile == KX_ADDITIVE ? 1 : 0;
    d->coin_amounts[d->coin_count++] =
        COIN_FACTOR * terms->amount > COIN_LEAST ? COIN_FACTOR * terms->amount : COIN_LEAST;
    d->outputs[d->output_count++] =
        (struct kaspa_output){.value = own + terms->amount,
                              .spk = {.script = assay_bytes_part(terms->spk, 2, terms->spk.len)}};
    return d;
}

/* ---- the transaction ---- */

static void take_coins(struct kxp_draft *d)
{
    if (d->offer->terms.profile == KX_ADDITIVE)
        add_head(d);
    for (size_t i = 0; i < d->coin_count; i++)
        add_coin(d, d->coin_amounts[i]);
}

static void build(struct kxp_draft *d)
{
    const struct kaspa_plan plan = {.version = d->offer->terms.profile == KX_ADDITIVE ? 1 : 0,
                                    .spends = d->spends,
                                    .spend_count = d->spend_count,
                                    .outputs = d->outputs,
                                    .output_count = d->output_count,
                                    .change = d->no_change ? NULL : &d->change,
                                    .payload = ASSAY_LIT("")};
    struct assay_err err = {0};

    if (kaspa_build(&d->tx, case_arena(d->t), &plan, &err) != ASSAY_OK)
        case_end(d->t, VERDICT_BROKEN, "the payment cannot be built: %s", err.text);
    memcpy(d->inputs, d->tx.inputs, d->tx.input_count * sizeof(d->inputs[0]));
    memcpy(d->made, d->tx.outputs, d->tx.output_count * sizeof(d->made[0]));
    d->tx.inputs = d->inputs;
    d->tx.outputs = d->made;
    for (size_t i = 0; i < d->spend_count; i++)
        d->coins[i] = d->spends[i].utxo;
}

static void sign(struct kxp_draft *d)
{
    if (!kaspa_storage_mass(&d->tx.storage_mass, &d->tx, d->coins))
        d->tx.storage_mass = 0;
    for (size_t i = 0; i < d->tx.input_count && i < d->spend_count; i++) {
        uint8_t *push = case_alloc(d->t, KASPA_SIGNATURE_PUSH_BYTES);

        if (d->spends[i].key == NULL || d->keeps_scripts)
            continue;
        if (kaspa_sign_schnorr(push, &d->tx, i, &d->coins[i], d->sighash, d->spends[i].key, NULL) !=
            ASSAY_OK)
            case_end(d->t, VERDICT_BROKEN, "the payment cannot be signed");
        d->inputs[i].signature_script = assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES);
    }
}

void kxp_write_text(struct kxp_draft *d)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct kaspa_hash id;

    kaspa_txid(&id, &d->tx);
    assay_hex_encode(d->transaction_id, assay_bytes_of(id.at, sizeof(id.at)));
    kaspa_tx_write(&text, &d->tx, d->coins, KASPA_JSON_NESTED);
    d->text = kxp_owned(d->t, json_loads((const char *)peer_keep(d->t, &text).at, 0, NULL));
}

/* ---- what is claimed with it ---- */

static const char *default_expiry(struct kxp_draft *d)
{
    int64_t now = case_now_ms(d->t);
    int64_t until = now + (int64_t)d->offer->terms.max_timeout_s * 500, challenge = 0;

    if (d->offer->terms.profile == KX_ADDITIVE &&
        kx_time_read(&challenge, d->offer->terms.challenge_expires_at) && until > challenge)
        until = challenge;
    return kxp_time_text(d->t, until);
}

static json_t *terms_member(const struct kxp_draft *d, const char *path)
{
    json_t *value = kxp_get(d->accepted, path);

    return value != NULL ? json_incref(value) : json_null();
}

static json_t *authorization_of(struct kxp_draft *d, const char *requirements)
{
    char digest_hex[X402_HASH_TEXT_BYTES];
    uint8_t digest[ASSAY_SHA256_BYTES], signature[ASSAY_SIG_BYTES];
    json_t *preimage = kxp_owned(
        d->t, json_pack("{s:s, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:s}",
                        "scope", d->version, "network", terms_member(d, "network"), "profile",
                        terms_member(d, "extra.profile"), "transactionId", d->transaction_id,
                        "paymentOutputIndex", (json_int_t)d->output_index, "amount",
                        terms_member(d, "amount"), "payTo", terms_member(d, "payTo"),
                        "payToScriptPublicKey", terms_member(d, "extra.payToScriptPublicKey"),
                        "paymentRequirementsHash", requirements, "requestHash", d->request_hash,
                        "paymentIdentifier", d->identifier, "challengeId",
                        terms_member(d, "extra.challengeId"), "inputIndex",
                        (json_int_t)d->input_index, "expiresAt", d->expires_at));

    kxp_hash_json(d->t, digest_hex, preimage);
    if (assay_hex_decode(digest, sizeof(digest), assay_str(digest_hex), true) != ASSAY_OK ||
        assay_schnorr_sign(signature, digest, &d->signer, NULL) != ASSAY_OK)
        case_end(d->t, VERDICT_BROKEN, "the payment cannot be authorised");
    return json_pack("{s:s, s:I, s:s, s:s, s:s}", "version", d->version, "inputIndex",
                     (json_int_t)d->input_index, "expiresAt", d->expires_at, "digest", digest_hex,
                     "signature", kxp_hex(d->t, assay_bytes_of(signature, sizeof(signature))));
}

static json_t *payload_of(struct kxp_draft *d, const char *requirements)
{
    json_t *challenge = kxp_get(d->accepted, "extra.challengeId");
    json_t *payload = json_pack(
        "{s:s, s:o, s:s, s:s, s:I, s:s, s:o}", "type", KX_PAYLOAD_EXACT, "profile",
        terms_member(d, "extra.profile"), "transaction", kxp_json_text(d->t, d->text),
        "transactionEncoding", KX_ENCODING, "paymentOutputIndex", (json_int_t)d->output_index,
        "requestHash", d->request_hash, "authorization", authorization_of(d, requirements));

    if (challenge != NULL)
        (void)json_object_set(payload, "challengeId", challenge);
    return payload;
}

json_t *kxp_extensions(const struct kxp_offer *offer, const char *identifier)
{
    struct assay_bytes raw = assay_json_raw(&offer->doc, offer->required.extensions);
    json_t *extensions = json_loadb((const char *)raw.at, raw.len, 0, NULL);

    kxp_set_text(extensions, "payment-identifier.info.id", identifier);
    return extensions;
}

static void claim(struct kxp_draft *d)
{
    char requirements[X402_HASH_TEXT_BYTES];

    kxp_hash_json(d->t, requirements, d->accepted);
    if (d->expires_at == NULL)
        d->expires_at = default_expiry(d);
    if (d->request_hash == NULL)
        d->request_hash =
            kxp_fingerprint(d->t, d->offer, kxp_url_of(d->t, d->offer->want), requirements);
    d->payment =
        kxp_owned(d->t, json_pack("{s:i, s:O, s:o, s:o}", "x402Version", X402_VERSION, "accepted",
                                  d->accepted, "payload", payload_of(d, requirements), "extensions",
                                  kxp_extensions(d->offer, d->identifier)));
}

static const struct kxp_payment *encode(struct kxp_draft *d)
{
    struct kxp_payment *p = case_alloc(d->t, sizeof(*p));
    const char *text = kxp_json_text(d->t, d->payment);

    *p = (struct kxp_payment){.offer = d->offer,
                              .header = kxp_encode(d->t, assay_str(text)),
                              .json = d->payment,
                              .identifier = d->identifier,
                              .tx = d->tx,
                              .draft = d};
    memcpy(p->transaction_id, d->transaction_id, sizeof(p->transaction_id));
    return p;
}

static void hook(struct kxp_draft *d, kxp_hook *change, const void *arg)
{
    d->arg = arg;
    if (change != NULL)
        change(d);
}

const struct kxp_payment *kxp_draft_finish(struct kxp_draft *d, struct kxp_bend bend,
                                           enum kxp_stage from)
{
    if (from <= KXP_STAGE_TERMS) {
        hook(d, bend.terms, bend.arg);
        take_coins(d);
        hook(d, bend.coins, bend.arg);
        build(d);
        hook(d, bend.tx, bend.arg);
        sign(d);
        kxp_write_text(d);
    }
    if (from <= KXP_STAGE_TEXT) {
        hook(d, bend.text, bend.arg);
        claim(d);
    }
    hook(d, bend.payload, bend.arg);
    return encode(d);
}

/* ---- payments ---- */

const struct kxp_payment *kxp_bent(struct assay_case *t, const struct kxp_offer *offer,
                                   struct kxp_bend bend)
{
    return kxp_draft_finish(kxp_draft_new(t, offer), bend, KXP_STAGE_TERMS);
}

const struct kxp_payment *kxp_given_payment(struct assay_case *t, const struct kxp_offer *offer)
{
    return kxp_bent(t, offer, (struct kxp_bend){0});
}

const struct kxp_payment *kxp_paid(struct assay_case *t, struct peer_want want)
{
    return kxp_given_payment(t, kxp_given_offer(t, want));
}

const struct kxp_payment *const *kxp_paid_many(struct assay_case *t, struct peer_want want,
                                               size_t n)
{
    const struct kxp_payment **paid = case_alloc(t, n * sizeof(void *));

    for (size_t i = 0; i < n; i++)
        paid[i] = kxp_paid(t, want);
    return paid;
}

/* A copy that may be changed without changing the payment that it is of. */
static struct kxp_draft *copy_of(struct assay_case *t, const struct kxp_payment *paid)
{
    struct kxp_draft *d = case_alloc(t, sizeof(*d));

    *d = *paid->draft;
    d->tx.inputs = d->inputs;
    d->tx.outputs = d->made;
    d->accepted = kxp_owned(t, json_deep_copy(paid->draft->accepted));
    d->text = kxp_owned(t, json_deep_copy(paid->draft->text));
    d->payment = kxp_owned(t, json_deep_copy(paid->draft->payment));
    return d;
}

const struct kxp_payment *kxp_reclaimed(struct assay_case *t, const struct kxp_payment *paid,
                                        const struct kxp_offer *offer, struct kxp_bend bend)
{
    struct kxp_draft *d = copy_of(t, paid);
    struct assay_bytes raw;

    d->request_hash = NULL;
    if (offer != NULL) {
        raw = assay_json_raw(&offer->doc, offer->terms.token);
        d->offer = offer;
        d->accepted = kxp_owned(t, json_loadb((const char *)raw.at, raw.len, 0, NULL));
        d->expires_at = NULL;
    }
    return kxp_draft_finish(d, bend, KXP_STAGE_TEXT);
}

const struct kxp_payment *kxp_rewritten(struct assay_case *t, const struct kxp_payment *paid,
                                        struct kxp_bend bend)
{
    return kxp_draft_finish(copy_of(t, paid), bend, KXP_STAGE_PAYLOAD);
}

const struct kxp_payment *kxp_with_header(struct assay_case *t, const struct kxp_payment *paid,
                                          const char *header)
{
    struct kxp_payment *p = case_alloc(t, sizeof(*p));

    *p = *paid;
    p->header = header;
    return p;
}
