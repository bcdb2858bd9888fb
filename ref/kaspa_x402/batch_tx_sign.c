/* Who signed a batch transaction, and what their signatures cover. Source: Kaspa x402 batch digest,
 * sections 5.1, 8.2 and 9.2. */
#include "kaspa_x402/batch_tx_internal.h"

#include "defects/defects.h"

static const char *const signers[] = {"provider", "client", "owner of a funding coin"};

/* False: no such type, or not the one that the template asks for. */
static bool note_type(struct kx_tx_judging *j, enum kx_batch_tx_rule rule,
                      enum kx_batch_signer signer, uint8_t type, bool is_all_only)
{
    uint8_t *noted = &j->out->hash_types[signer];

    if (!kaspa_sighash_type_is_known(type) && !REF_DEFECT(kx_batch_hash_type)) {
        kx_tx_break(j, rule, "the %s signed 0x%02x, which is none", signers[signer],
                    (unsigned)type);
        return false;
    }
    if (is_all_only && type != KASPA_SIGHASH_ALL && !REF_DEFECT(kx_batch_weak_type)) {
        kx_tx_break(j, rule, "the %s signed 0x%02x, %s takes 0x01 alone", signers[signer],
                    (unsigned)type, j->lane->tmpl->id);
        return false;
    }
    if (*noted == 0 || *noted == KASPA_SIGHASH_ALL)
        *noted = type;
    j->out->weak_scope = j->out->weak_scope || type != KASPA_SIGHASH_ALL;
    return true;
}

static bool note_argument(struct kx_tx_judging *j, enum kx_batch_tx_rule rule,
                          enum kx_batch_signer signer, enum kx_tx_argument argument)
{
    struct assay_bytes signature = j->arguments[argument];

    return signature.at == NULL ||
           note_type(j, rule, signer, signature.at[signature.len - 1], j->lane->tmpl->is_all_only);
}

/* The covenant says nothing of the types of funding inputs. What is no signature is for
 * batch.tx.funding to refuse. */
static bool note_funding(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    for (size_t i = kx_tx_first_funding(j->with->kind); i < j->tx->input_count; i++) {
        struct assay_bytes script = j->tx->inputs[i].signature_script;

        if (script.len == KASPA_SIGNATURE_PUSH_BYTES &&
            !note_type(j, rule, KX_BATCH_FUNDER, script.at[script.len - 1], false))
            return false;
    }
    return true;
}

void kx_tx_judge_hash_type(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (note_argument(j, rule, KX_BATCH_PROVIDER, KX_ARGUMENT_PROVIDER) &&
        note_argument(j, rule, KX_BATCH_CLIENT, KX_ARGUMENT_CLIENT) &&
        kx_tx_is_funded(j->with->kind))
        (void)note_funding(j, rule);
}

/* Whether the very scripts of this lane and head have run and let everything be spent: they have
 * then verified every signature that would be verified here, over the same digests. */
static bool is_vouched(const struct kx_tx_judging *j)
{
    const char *what;

    if (j->coins == NULL || j->consensus.checks[KASPA_RULE_SCRIPTS].result != KASPA_CHECK_HELD)
        return false;
    return j->with->kind == KX_BATCH_GENESIS ||
           (kx_tx_has_held(j, KX_BATCH_TX_HEAD) && kx_tx_has_held(j, KX_BATCH_TX_REDEEM) &&
            kx_tx_coin_is_head(j, &j->coins[0], &what));
}

/* signature: with its type. */
static bool is_signed(const struct kx_tx_judging *j, size_t input, const struct kaspa_utxo *coin,
                      const uint8_t *signature, const uint8_t *key)
{
    uint8_t type = REF_DEFECT(kx_batch_hash_type) ? KASPA_SIGHASH_ALL : signature[ASSAY_SIG_BYTES];
    struct kaspa_hash message;

    kaspa_sighash_schnorr(&message, j->tx, input, coin, type, NULL);
    return assay_schnorr_verify(signature, message.at, key) == ASSAY_SIG_GOOD;
}

static void judge_signature(struct kx_tx_judging *j, enum kx_batch_tx_rule rule,
                            enum kx_tx_argument argument, const uint8_t *key)
{
    const uint8_t *signature = j->arguments[argument].at;

    if (signature != NULL && !is_vouched(j) && !is_signed(j, 0, &j->head_coin, signature, key))
        kx_tx_break(j, rule,
                    "it is not by the channel's key over this transaction and the head's coin");
}

/* Not asked for in a top-up of a template that is not co-signed. */
void kx_tx_judge_provider(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (!REF_DEFECT(kx_batch_provider))
        judge_signature(j, rule, KX_ARGUMENT_PROVIDER, j->lane->channel.server);
}

void kx_tx_judge_client(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (!REF_DEFECT(kx_batch_client))
        judge_signature(j, rule, KX_ARGUMENT_CLIENT, j->lane->channel.client);
}

void kx_tx_judge_voucher(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint8_t digest[32];

    if (is_vouched(j) || REF_DEFECT(kx_batch_voucher))
        return;
    if (kx_lane_voucher(digest, j->with->arena, j->lane, j->with->head, j->out->total) != ASSAY_OK)
        kx_check_set_undecided(&j->out->checks[rule]);
    else if (assay_schnorr_verify(j->arguments[KX_ARGUMENT_VOUCHER].at, digest,
                                  j->lane->channel.client) != ASSAY_SIG_GOOD)
        kx_tx_break(j, rule, "it is not by the client's key over a voucher of T for this %s",
                    j->lane->binding->is_of_outpoint ? "coin" : "lineage");
}

void kx_tx_judge_funding_signature(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (is_vouched(j) || REF_DEFECT(kx_batch_funder))
        return;
    for (size_t i = kx_tx_first_funding(j->with->kind); i < j->tx->input_count; i++) {
        const struct kaspa_utxo *coin = &j->coins[i];

        if (is_signed(j, i, coin, j->tx->inputs[i].signature_script.at + 1,
                      kaspa_spk_payload(&coin->spk).at))
            continue;
        kx_tx_break(j, rule, "that of input %zu is not by its coin's key", i);
        return;
    }
}

/* What a signature that covers no output, or only that of its own number, leaves open. */
static const char *open_outputs(enum kx_batch_kind kind, enum kx_batch_signer signer, bool is_none)
{
    if (signer == KX_BATCH_FUNDER)
        return is_none ? "what its coin pays for" : "all outputs but the one of its own number";
    switch (kind) {
    case KX_BATCH_CLAIM:
        return is_none ? "the payout, down to 1 sompi, and D, up to T - S"
                       : "D, up to T - S, where what the successor then lacks is fee";
    case KX_BATCH_TOP_UP:
        return is_none ? "the successor, down to V + 1, and the change" : "the change";
    case KX_BATCH_REFUND:
        return is_none ? "the refund, down to 1 sompi" : "nothing: there is no other output";
    case KX_BATCH_GENESIS:
        break;
    }
    return "nothing";
}

static const char *open_inputs(enum kx_batch_kind kind)
{
    return kx_tx_is_funded(kind) ? "other inputs" : "no other input, since the script allows none";
}

static void add_scope(struct assay_buf *out, enum kx_batch_kind kind, enum kx_batch_signer signer,
                      uint8_t type)
{
    uint8_t base = type & (uint8_t)~KASPA_SIGHASH_ANYONE_CAN_PAY;

    assay_buf_printf(out, "The %s signed 0x%02x, which leaves open: ", signers[signer],
                     (unsigned)type);
    if (base != KASPA_SIGHASH_ALL)
        assay_buf_add_str(out, open_outputs(kind, signer, base == KASPA_SIGHASH_NONE));
    if (base != KASPA_SIGHASH_ALL && base != type)
        assay_buf_add_str(out, "; and ");
    if (base != type)
        assay_buf_add_str(out, open_inputs(kind));
    assay_buf_add_str(out, ". ");
}

void kx_batch_tx_add_scopes(struct assay_buf *out, enum kx_batch_kind kind,
                            const struct kx_batch_tx_verdict *verdict)
{
    for (size_t i = 0; i < KX_BATCH_SIGNERS; i++) {
        uint8_t type = verdict->hash_types[i];

        if (type != 0 && type != KASPA_SIGHASH_ALL)
            add_scope(out, kind, (enum kx_batch_signer)i, type);
    }
}
