/* What a payment spends, who authorised it, and what consensus says. Source: Kaspa x402 exact
 * digest, sections 6, 7 (2, 10, 11, 13), 8.1 (2, 3) and 16. */
#include "kaspa_x402/exact_verify_internal.h"

#include "base/sig.h"
#include "defects/defects.h"
#include "kaspa/sign.h"

static bool coin_is_head(const struct kx_verifying *v, const struct kaspa_utxo *coin)
{
    const struct kx_head *head = &v->terms.head;

    return coin->amount == head->amount && coin->spk.version == 0 &&
           assay_bytes_equal(coin->spk.script, assay_bytes_part(head->spk, 2, head->spk.len));
}

/* The borrower's branch: 00, then the push of the redeem script (section 8.1). */
static bool borrows(struct assay_bytes signature_script, struct assay_bytes redeem)
{
    uint8_t room[80]; /* a canonical redeem script has at most 66 bytes */
    struct assay_buf unlock = ASSAY_BUF_OVER(room);

    kaspa_script_add_opcode(&unlock, KASPA_OP_0);
    kaspa_script_add_push(&unlock, redeem);
    return assay_buf_ok(&unlock) && assay_bytes_equal(signature_script, assay_buf_view(&unlock));
}

/* What is wrong with the head's input, or NULL. How a hash-chain's head is unlocked is for
 * consensus to say. */
static const char *head_fault(const struct kx_verifying *v)
{
    const struct kaspa_input *in = &v->out->tx.inputs[0];

    if (v->out->tx.input_count == 0 ||
        !kaspa_outpoint_equal(&in->previous, &v->terms.head.outpoint))
        return "input 0 does not spend the head";
    if (!coin_is_head(v, &v->hints[0]))
        return "what input 0 spends has not the head's amount and script";
    if (v->terms.profile == KX_ADDITIVE && !borrows(in->signature_script, v->terms.head.redeem))
        return "input 0 does not take the borrower's branch";
    return NULL;
}

/* 41, 64 bytes, the type of what is signed. */
static bool is_signature_push(struct assay_bytes script)
{
    return script.len == KASPA_SIGNATURE_PUSH_BYTES && script.at[0] == ASSAY_SIG_BYTES + 1 &&
           kaspa_sighash_type_is_known(script.at[script.len - 1]);
}

static bool is_signed(const struct kx_verifying *v, size_t i, struct kaspa_sighash_cache *cache)
{
    struct assay_bytes script = v->out->tx.inputs[i].signature_script;
    struct kaspa_hash message;

    kaspa_sighash_schnorr(&message, &v->out->tx, i, &v->hints[i], script.at[script.len - 1], cache);
    return assay_schnorr_verify(script.at + 1, message.at,
                                kaspa_spk_payload(&v->hints[i].spk).at) == ASSAY_SIG_GOOD;
}

static bool hint_matches(const struct kx_verifying *v, size_t i)
{
    return v->hints[i].amount == v->coins[i].amount &&
           kaspa_spk_equal(&v->hints[i].spk, &v->coins[i].spk);
}

/* Whether consensus has run the scripts of the very coins that the text claims: it has then
 * verified every signature that is_signed would, over the same digests. */
static bool scripts_have_held(const struct kx_verifying *v)
{
    if (v->with->utxos == NULL)
        return false;
    for (size_t i = 0; i < v->out->tx.input_count; i++) {
        if (!hint_matches(v, i))
            return false;
    }
    return v->consensus.checks[KASPA_RULE_SCRIPTS].result == KASPA_CHECK_HELD;
}

void kx_judge_funding(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;
    const char *fault = kx_pays_head(v) ? head_fault(v) : NULL;
    struct kaspa_sighash_cache cache = {0};
    bool is_verified;

    if (fault != NULL) {
        kx_check_break(v, rule, "%s", fault);
        return;
    }
    for (size_t i = kx_first_payer(v); i < tx->input_count; i++) {
        if (kaspa_spk_class(&v->hints[i].spk) != KASPA_CLASS_PUBKEY ||
            !is_signature_push(tx->inputs[i].signature_script)) {
            kx_check_break(v, rule, "input %zu is no Schnorr pay-to-pubkey spend", i);
            return;
        }
    }
    is_verified = scripts_have_held(v);
    for (size_t i = kx_first_payer(v); i < tx->input_count && !is_verified; i++) {
        if (!is_signed(v, i, &cache)) {
            kx_check_break(v, rule, "the signature of input %zu is wrong", i);
            return;
        }
    }
    kx_check_hold(v, rule);
}

/* What is wrong with what the text says of a coin, or NULL. More than amount and script it need not
 * say; a covenant that it names is the coin's. */
static const char *hint_fault(const struct kx_verifying *v, size_t i)
{
    const struct kaspa_utxo *hint = &v->hints[i], *coin = &v->coins[i];

    if (v->with->is_missing != NULL && v->with->is_missing[i])
        return "is not there to be spent";
    if (!hint_matches(v, i))
        return "has another amount or script";
    if (hint->has_covenant &&
        (!coin->has_covenant || !kaspa_hash_equal(&hint->covenant_id, &coin->covenant_id)))
        return "is in another covenant, or in none";
    return NULL;
}

void kx_judge_hints(struct kx_verifying *v, enum kx_exact_rule rule)
{
    for (size_t i = 0; i < v->out->tx.input_count; i++) {
        const char *fault = hint_fault(v, i);

        if (fault != NULL) {
            kx_check_break(v, rule, "what input %zu spends %s", i, fault);
            return;
        }
    }
    kx_check_hold(v, rule);
}

/* The key of whichever coin signed. */
static const uint8_t *any_signer(const struct kx_verifying *v)
{
    const struct kx_authorization *a = &v->payment->authorization;

    for (size_t i = 0; i < v->out->tx.input_count; i++) {
        const uint8_t *key = kaspa_spk_payload(&v->coins[i].spk).at;

        if (kaspa_spk_class(&v->coins[i].spk) == KASPA_CLASS_PUBKEY &&
            assay_schnorr_verify(a->signature, a->digest, key) == ASSAY_SIG_GOOD)
            return key;
    }
    return NULL;
}

/* The key of the input that authorises; NULL: it is no input of the payer. That it is the key that
 * claimed a hash-chain's grant is for who gave the grant to check. */
static const uint8_t *signer_of(const struct kx_verifying *v)
{
    uint64_t i = v->payment->authorization.input_index;

    if (REF_DEFECT(kx_auth_any_input))
        return any_signer(v);
    if (i < kx_first_payer(v) || i >= v->out->tx.input_count ||
        kaspa_spk_class(&v->coins[i].spk) != KASPA_CLASS_PUBKEY)
        return NULL;
    return kaspa_spk_payload(&v->coins[i].spk).at;
}

void kx_judge_signer(struct kx_verifying *v, enum kx_exact_rule rule)
{
    if (signer_of(v) != NULL)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "input %llu is none of the payer's",
                       (unsigned long long)v->payment->authorization.input_index);
}

void kx_judge_authorization(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kx_authorization *authorization = &v->payment->authorization;
    struct kx_authorized authorized = {
        .terms = &v->terms,
        .transaction_id = v->out->transaction_id,
        .output_index = v->payment->output_index,
        .requirements_hash = v->out->requirements_hash,
        .fingerprint = v->out->fingerprint,
        .identifier = v->payment->identifier.id,
        .input_index = authorization->input_index,
        .expires_at = authorization->expires_at,
    };
    const uint8_t *key = signer_of(v);
    uint8_t digest[sizeof(authorization->digest)];

    if (v->fingerprint != ASSAY_OK || v->requirements != ASSAY_OK) {
        kx_check_pass_over(v, rule, "the request has no fingerprint");
    } else if (v->payment->identifier.id.len == 0) {
        kx_check_pass_over(v, rule, "the payment has no identifier");
    } else if (key == NULL) {
        kx_check_pass_over(v, rule, "no input of the payer is named");
    } else if (kx_authorization_digest(digest, &authorized) != ASSAY_OK) {
        kx_check_undecided(v, rule);
    } else if (memcmp(digest, authorization->digest, sizeof(digest)) != 0 &&
               !REF_DEFECT(kx_auth_digest_sent) && !REF_DEFECT(kx_auth_v1)) {
        kx_check_break(v, rule, "its digest is not the computed one");
    } else if (assay_schnorr_verify(authorization->signature, authorization->digest, key) !=
               ASSAY_SIG_GOOD) {
        kx_check_break(v, rule, "its signature is not by the key of input %llu",
                       (unsigned long long)authorization->input_index);
    } else {
        memcpy(v->out->payer, key, sizeof(v->out->payer));
        kx_check_hold(v, rule);
    }
}

/* Relay policy is not judged here: it binds no chain (24.23). */
void kx_judge_consensus(struct kx_verifying *v, enum kx_exact_rule rule)
{
    kx_check_set_by_consensus(&v->out->checks[rule], kx_exact_rules[rule].local, &v->consensus,
                              &v->out->tx);
}
