/* Judging a payment: first without the chain, so that a forgery costs no look; then with what the
 * chain says of its coins; then the claim, which makes it this request's. Source: Kaspa x402 exact
 * digest, sections 6 to 8 and 13, steps 14 to 33. */
#include "base/hex.h"
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa/safejson.h"
#include "kaspa/sign.h"

/* ---- the verdict ---- */

static void verify(struct kx_core_request *r, const struct kx_sight *sight)
{
    bool has_coins = sight != NULL && !r->is_forgiven && !REF_DEFECT(kx_hints_believed) &&
                     !REF_DEFECT(kx_head_stale);
    const struct kx_exact with = {
        .offer = &r->offer,
        .payment = &r->payment,
        .request = &r->request,
        .policy = r->core->policy,
        .now_ms = r->now_ms,
        .utxos = has_coins ? sight->utxos : NULL,
        .is_missing = has_coins && !r->is_accepted ? sight->is_missing : NULL,
        .pov = sight != NULL ? &sight->pov : NULL,
        .head = r->has_head ? &r->head : NULL,
        .arena = &r->arena,
    };

    kx_exact_verify(&r->verdict, &with);
}

/* What must hold before a claim: everything that does not wait for the chain yet. */
static bool can_wait(enum kx_exact_rule rule, bool with_chain)
{
    return rule == KX_EXACT_FINALITY ||
           (!with_chain && (rule == KX_EXACT_HINTS || rule == KX_EXACT_CONSENSUS));
}

/* Of defect kx.expiry.milliseconds: seconds are made into milliseconds twice. */
static bool ends_in_time(const struct kx_core_request *r)
{
    uint64_t left = (uint64_t)r->payment.authorization.expires_at_ms - (uint64_t)r->now_ms;

    return left / 1000 / 1000 <= r->terms.max_timeout_s;
}

/* Of defects: checks that are forgotten. */
static bool is_passed_over(const struct kx_core_request *r, enum kx_exact_rule rule,
                           bool with_chain)
{
    bool other_head = REF_DEFECT(kx_head_stale) || REF_DEFECT(kx_head_dust);
    bool has_no_id = REF_DEFECT(kx_identifier_free) && r->payment.identifier.id.len == 0;
    bool no_coins = r->is_forgiven || REF_DEFECT(kx_hints_believed) || REF_DEFECT(kx_head_stale);
    const bool passed_over[KX_EXACT__COUNT] = {
        [KX_EXACT_OFFERED] = REF_DEFECT(kx_offer_unmatched) || REF_DEFECT(kx_terms_flow) ||
                             REF_DEFECT(kx_offer_additions),
        [KX_EXACT_IDENTIFIER_ECHO] = REF_DEFECT(kx_identifier_echo) || has_no_id,
        [KX_EXACT_IDENTIFIER] = REF_DEFECT(kx_identifier_free),
        [KX_EXACT_PROFILE] = REF_DEFECT(kx_terms_profile) || REF_DEFECT(kx_replay_profile),
        [KX_EXACT_CHALLENGE] = REF_DEFECT(kx_terms_profile) || REF_DEFECT(kx_replay_profile) ||
                               REF_DEFECT(kx_head_challenge) || REF_DEFECT(kx_head_terms),
        [KX_EXACT_HEAD] = other_head || REF_DEFECT(kx_head_terms),
        [KX_EXACT_DEADLINES] =
            REF_DEFECT(kx_expiry_far) || (REF_DEFECT(kx_expiry_seconds) && ends_in_time(r)),
        [KX_EXACT_OUTPOINTS] = REF_DEFECT(kx_outpoints_twice),
        [KX_EXACT_SHAPE] = REF_DEFECT(kx_context_free),
        [KX_EXACT_COMMITMENTS] = REF_DEFECT(kx_commitments_free),
        [KX_EXACT_STORAGE_MASS] = REF_DEFECT(kx_mass_believed),
        [KX_EXACT_FEE] = REF_DEFECT(kx_fee_unlimited),
        [KX_EXACT_ID] = REF_DEFECT(kx_id_believed) || REF_DEFECT(kx_id_key),
        [KX_EXACT_FUNDING] = REF_DEFECT(kx_funding_any_script) || REF_DEFECT(kx_funding_unverified),
        [KX_EXACT_HINTS] = no_coins,
        [KX_EXACT_AUTHORIZATION] = REF_DEFECT(kx_auth_unverified) || has_no_id,
        [KX_EXACT_CHANGE] = REF_DEFECT(kx_change_foreign),
        [KX_EXACT_CONSENSUS] = no_coins || REF_DEFECT(kx_consensus_none) ||
                               REF_DEFECT(kx_outpoints_twice) || REF_DEFECT(kx_mass_believed) ||
                               REF_DEFECT(kx_funding_unverified) || REF_DEFECT(kx_output_wraps) ||
                               REF_DEFECT(kx_outputs_covenant),
        [KX_EXACT_LIVE] = REF_DEFECT(kx_expiry_none) || (REF_DEFECT(kx_expiry_claim) && with_chain),
    };

    return passed_over[rule];
}

/* UNDECIDED: memory was short, or the scripts are beyond what is run. */
static enum kaspa_outcome weigh(struct kx_core_request *r, bool with_chain)
{
    enum kaspa_outcome outcome = KASPA_VALID;

    for (int i = 0; i < KX_EXACT__COUNT; i++) {
        enum kx_exact_rule rule = (enum kx_exact_rule)i;
        enum kaspa_check_result result = r->verdict.checks[i].result;

        if (is_passed_over(r, rule, with_chain) || kx_fac_leaves_open(r, rule))
            continue;
        if (result == KASPA_CHECK_BROKEN) {
            r->broken = rule;
            return KASPA_INVALID;
        }
        if (result == KASPA_CHECK_UNDECIDED ||
            (result == KASPA_CHECK_NOT_JUDGED && !can_wait(rule, with_chain)))
            outcome = KASPA_UNDECIDED;
    }
    return outcome;
}

struct kx_action kx_core_refuse_payment(struct kx_core_request *r, enum kx_wire reason,
                                        const char *rule)
{
    r->is_refused = true;
    r->refusal = reason;
    r->rule = rule;
    return kx_core_ask(r, KX_ASK_IDENTIFIER);
}

static struct kx_action refuse(struct kx_core_request *r)
{
    return kx_core_refuse_payment(r, kx_wire_of(r->verdict.checks[r->broken].local),
                                  kx_exact_rules[r->broken].id);
}

/* ---- without the chain ---- */

static enum kx_finality stronger(enum kx_finality a, enum kx_finality b)
{
    return a > b ? a : b;
}

/* Of defects: the head that is paid is none of ours, or none that we hold. */
static bool is_unheld(void)
{
    return REF_DEFECT(kx_head_by_offer) || REF_DEFECT(kx_head_stale) || REF_DEFECT(kx_head_dust) ||
           REF_DEFECT(kx_head_terms);
}

/* Of a payment to a head: what of the head is claimed, and what it grows to. */
static void fill_head(struct kx_attempt *attempt, const struct kx_terms *terms)
{
    attempt->has_head = !is_unheld();
    memcpy(attempt->head_id, terms->head.id, sizeof(attempt->head_id));
    attempt->head_version = terms->head.version;
    attempt->head_next_amount = terms->head.amount + terms->amount;
    if (!kx_time_read(&attempt->challenge_expires_ms, terms->challenge_expires_at))
        attempt->challenge_expires_ms = 0; /* long past: the verdict has read it */
}

/* The terms that the claim is made on. Its transaction is written anew, in one spelling. */
static void fill_attempt(struct kx_core_request *r)
{
    const struct kx_exact_verdict *verdict = &r->verdict;
    const struct kx_terms *terms = &r->terms;
    struct kx_attempt *attempt = &r->attempt;

    *attempt = (struct kx_attempt){
        .profile = terms->profile,
        .amount = terms->amount,
        .output_index = (uint32_t)r->payment.output_index,
        .identifier = r->identifier,
        .authorization_expires_ms = r->payment.authorization.expires_at_ms,
        .challenge_expires_ms = KX_NO_TIME,
        .pay_to_spk = terms->spk,
        .transaction = assay_buf_view(&r->transaction),
        .required = stronger(terms->finality, r->core->policy.finality),
        .status = KX_PENDING,
        .since = ASSAY_LIT(""),
        .handler_started_ms = KX_NO_TIME,
        .recovery = ASSAY_LIT(""),
    };
    memcpy(attempt->txid, verdict->transaction_id, sizeof(attempt->txid));
    memcpy(attempt->fingerprint, r->fingerprint, sizeof(attempt->fingerprint));
    memcpy(attempt->requirements_hash, verdict->requirements_hash,
           sizeof(attempt->requirements_hash));
    memcpy(attempt->payload_hash, r->payload_hash, sizeof(attempt->payload_hash));
    memcpy(attempt->scope, r->scope, sizeof(attempt->scope));
    memcpy(attempt->payer, verdict->payer, sizeof(attempt->payer));
    if (r->has_head)
        fill_head(attempt, terms);
    if (REF_DEFECT(kx_final_offer_only) || REF_DEFECT(kx_offer_finality))
        attempt->required = REF_DEFECT(kx_offer_finality) ? terms->finality : KX_FINALITY_ACCEPTED;
    if (REF_DEFECT(kx_expiry_none))
        attempt->authorization_expires_ms = attempt->challenge_expires_ms = INT64_MAX;
}

/* The transaction in the one spelling that is kept. The verdict has read it, but for members that
 * are there twice, which nobody else shall read otherwise than we. */
static enum assay_code write_transaction(struct kx_core_request *r)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct kaspa_claims claims;
    enum assay_code rc;

    rc = kaspa_tx_parse(&r->tx, &claims, &r->arena, r->payment.transaction, &options, NULL);
    if (rc != ASSAY_OK)
        return rc;
    assay_buf_clear(&r->transaction);
    kaspa_tx_write(&r->transaction, &r->verdict.tx, claims.utxos, KASPA_JSON_NESTED);
    return r->transaction.bad;
}

/* Of defect kx.sighash.all_only. */
static bool is_all_signed(const struct kaspa_tx *tx)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        struct assay_bytes script = tx->inputs[i].signature_script;

        if (script.len == KASPA_SIGNATURE_PUSH_BYTES &&
            script.at[script.len - 1] != KASPA_SIGHASH_ALL)
            return false;
    }
    return true;
}

/* Of defect kx.verify.chain_first: what can be looked at is, whatever was found wrong. */
static bool asks_first(const struct kx_core_request *r)
{
    return REF_DEFECT(kx_chain_first) && r->fault == KX_TERMS_OK && r->verdict.has_transaction;
}

static struct kx_action refuse_transaction(struct kx_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    return kx_core_refuse_payment(r, KX_WIRE_STATE, kx_exact_rules[KX_EXACT_ENCODING].id);
}

/* Whether the transaction has bought before is asked ahead of the chain, not behind it as in
 * section 13: what it spends is then gone, and its payer is owed the better answer. */
static struct kx_action judge_alone(struct kx_core_request *r)
{
    enum assay_code rc;

    if (kx_core_offer_again(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    verify(r, NULL);
    switch (weigh(r, false)) {
    case KASPA_VALID:
        break;
    case KASPA_INVALID:
        if (asks_first(r))
            break;
        return refuse(r);
    case KASPA_UNDECIDED:
        return kx_core_unavailable(r);
    }
    if ((rc = write_transaction(r)) != ASSAY_OK)
        return refuse_transaction(r, rc);
    if (REF_DEFECT(kx_funding_one_coin) && r->verdict.tx.input_count > 1)
        return kx_core_refuse_payment(r, KX_WIRE_STATE, kx_exact_rules[KX_EXACT_FUNDING].id);
    if (REF_DEFECT(kx_sighash_all_only) && !is_all_signed(&r->verdict.tx))
        return kx_core_refuse_payment(r, KX_WIRE_STATE, kx_exact_rules[KX_EXACT_FUNDING].id);
    fill_attempt(r);
    if (kx_authorization_id(r->attempt.authorization_id, &r->payment.authorization) != ASSAY_OK ||
        kx_core_remember_as(r, r->attempt.txid) != ASSAY_OK)
        return kx_core_unavailable(r);
    memcpy(r->txid, r->attempt.txid, sizeof(r->txid));
    return kx_core_search(r, KX_SEARCH_TXID);
}

struct kx_action kx_core_judge(struct kx_core_request *r)
{
    bool is_additive = r->fault == KX_TERMS_OK && r->terms.profile == KX_ADDITIVE;

    if (r->is_facilitated)
        return kx_facilitated_judge(r);
    return is_additive && r->route->is_additive ? kx_core_ask(r, KX_ASK_HEAD) : judge_alone(r);
}

/* A head that another payment has claimed is lost already (section 8.4); one that nobody knows is
 * in no offer. */
struct kx_action kx_core_on_head(struct kx_core_request *r, enum assay_code code,
                                 const struct kx_store_answer *answer)
{
    if (code == ASSAY_E_MISSING)
        return judge_alone(r);
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    if (answer->head.status != KX_HEAD_AVAILABLE && !REF_DEFECT(kx_head_by_offer))
        return kx_core_refuse_payment(r, KX_WIRE_STATE, "head.race");
    r->has_head = true;
    r->head_record = answer->head;
    if (kx_core_read_head(&r->head, &r->arena, &r->head_record) != ASSAY_OK)
        return kx_core_unavailable(r);
    return judge_alone(r);
}

/* ---- with the chain ---- */

struct kx_action kx_core_look_at_coins(struct kx_core_request *r)
{
    enum assay_code rc = kx_core_look_for(&r->look, &r->tx, &r->arena, &r->attempt, NULL);

    if (rc != ASSAY_OK)
        return refuse_transaction(r, rc);
    r->look.has_tx = false; /* whether it is on the chain matters where its coins are not */
    return kx_core_look(r, 0);
}

/* A node that cannot be asked is no fault of the payer's, as the reference would have it (402
 * invalid_payload): nothing is claimed, and the same payment may be sent again. */
struct kx_action kx_core_refuse_blind(struct kx_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_TIMEOUT)
        return kx_core_busy(r, 504, "adapter_timeout", "node.deadline");
    if (code == ASSAY_E_BUSY)
        return kx_core_busy(r, 503, "adapter_concurrency_exceeded", "node.deadline");
    return kx_core_busy(r, 503, KX_GATEWAY, code == ASSAY_E_DENIED ? "node.fit" : "node.answers");
}

/* The head's coin is gone. Why, a look for it alone tells: with the others it might be one of
 * theirs that another transaction has spent. */
static struct kx_action look_for_head(struct kx_core_request *r)
{
    r->is_head_sought = true;
    r->look.count = 1;
    r->look.wants_spent = false;
    r->look.wants_spender = true;
    return kx_core_look(r, 0);
}

/* An offer of a head that another accepted transaction has spent is worth nothing: it moved without
 * us, and where to is for an operator to prove (section 8.4). One whose coin is gone for another
 * reason, such as a payment that a reorganisation took back, is kept: it comes back with it. */
static struct kx_action on_head_sought(struct kx_core_request *r, enum assay_code code,
                                       const struct kx_sight *sight)
{
    if (code != ASSAY_OK || !sight->is_missing[0] || sight->evidence.status != KX_CHAIN_ABSENT)
        return refuse(r);
    r->rule = kx_exact_rules[r->broken].id;
    return kx_core_ask(r, KX_ASK_HEAD_LOST);
}

static bool any_is_missing(const struct kx_core_request *r, const struct kx_sight *sight)
{
    for (size_t i = 0; i < r->look.count; i++) {
        if (sight->is_missing[i])
            return true;
    }
    return false;
}

/* Section 7, rule 11: its coins may be gone where it has spent them itself, its payer having been
 * quicker than we. What they were must then be told by the node: the text's word and a signature
 * that fits it are anybody's. */
static bool is_own_spend(const struct kx_core_request *r, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *evidence = &sight->evidence;

    if (!r->look.has_tx || evidence->status != KX_CHAIN_ACCEPTED ||
        !kaspa_hash_equal(&evidence->transaction_id, &r->look.txid))
        return false;
    for (size_t i = 0; i < r->look.count; i++) {
        if (sight->utxos[i].spk.script.len == 0)
            return false;
    }
    return true;
}

static struct kx_action look_for_itself(struct kx_core_request *r)
{
    r->look.has_tx = true;
    r->look.wants_spent = true;
    return kx_core_look(r, 0);
}

/* What no node relays would be claimed, never accepted, and held for good: the profile allows it,
 * so it is our policy that does not. What is accepted already needs no relay. */
static bool can_arrive(const struct kx_core_request *r)
{
    return r->is_accepted || r->is_forgiven || r->verdict.relay != KASPA_INVALID ||
           REF_DEFECT(kx_relay_unasked);
}

/* The store compares the deadlines once more, with the time at which it writes. */
static struct kx_action claim(struct kx_core_request *r, const struct kx_sight *sight)
{
    const struct kaspa_hash *since = r->is_accepted ? &sight->before : &sight->sink;
    char *text;

    if (kx_fac_only_verifies(r))
        return REF_DEFECT(kx_fac_verify_submits) ? kx_core_submit(r) : kx_fac_valid(r);
    text = assay_arena_alloc(&r->arena, X402_HASH_TEXT_BYTES);
    if (text == NULL)
        return kx_core_unavailable(r);
    r->look.has_since = !r->is_accepted || sight->has_before;
    r->look.since = *since;
    if (r->look.has_since)
        assay_hex_encode(text, assay_bytes_of(since->at, sizeof(since->at)));
    r->attempt.since = assay_str(text);
    r->attempt.claimed_ms = r->now_ms;
    r->look.has_tx = true;
    r->look.wants_spent = false;
    r->is_late = REF_DEFECT(kx_replay_late) || REF_DEFECT(kx_handler_failed_released);
    r->has_attempt = r->is_late;
    return r->is_late ? kx_core_submit(r) : kx_core_ask(r, KX_ASK_CLAIM);
}

struct kx_action kx_core_on_coins(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_sight *sight)
{
    if (r->is_head_sought)
        return on_head_sought(r, code, sight);
    if (code != ASSAY_OK)
        return kx_core_trusts(code) ? claim(r, &(struct kx_sight){0})
                                    : kx_core_refuse_blind(r, code);
    if (!r->look.has_tx && any_is_missing(r, sight) && !REF_DEFECT(kx_final_own))
        return look_for_itself(r);
    r->is_accepted = is_own_spend(r, sight);
    r->is_forgiven = (kx_core_forgets() || REF_DEFECT(kx_hints_own)) &&
                     sight->evidence.status == KX_CHAIN_ACCEPTED;
    verify(r, sight);
    switch (weigh(r, true)) {
    case KASPA_VALID:
        return can_arrive(r) ? claim(r, sight)
                             : kx_core_refuse_payment(r, KX_WIRE_STATE, "payment.relayable");
    case KASPA_INVALID:
        break;
    case KASPA_UNDECIDED:
        return kx_core_unavailable(r);
    }
    return r->has_head && sight->is_missing[0] ? look_for_head(r) : refuse(r);
}

/* ---- the claim ---- */

struct kx_action kx_core_on_claim(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_store_answer *answer)
{
    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    if (r->is_late && !r->is_facilitated)
        return kx_core_on_late_claim(r, answer->claim == KX_CLAIM_CREATED);
    if (r->is_facilitated && REF_DEFECT(fac_race) && answer->claim == KX_CLAIM_EXISTS)
        return kx_core_ask(r, KX_ASK_BEGIN);
    switch (answer->claim) {
    case KX_CLAIM_CREATED:
        r->has_attempt = true;
        if (r->is_facilitated)
            return kx_core_ask(r, KX_ASK_BEGIN);
        if (r->is_batch)
            return kx_batch_begin(r);
        return r->is_accepted ? kx_core_look_once(r) : kx_core_submit(r);
    case KX_CLAIM_EXISTS: /* a copy of this request was quicker; or of another witness */
    case KX_CLAIM_OTHER_TERMS:
        return kx_core_search(r, KX_SEARCH_KNOWN);
    case KX_CLAIM_ID_TAKEN:
        return kx_core_refuse(r, 409, kx_wire_text(KX_WIRE_STATE), "identifier.conflict");
    case KX_CLAIM_HEAD_MOVED:
        return kx_core_challenge(r, KX_WIRE_STATE, "head.race");
    case KX_CLAIM_EXPIRED:
        return kx_core_challenge(r, KX_WIRE_PAYLOAD, "expiry.claim");
    case KX_CLAIM_LEASED:
    case KX_CLAIM_CHANNEL_MOVED:
    case KX_CLAIM_LINEAGE_TAKEN:
        return kx_batch_on_unclaimed(r, answer->claim);
    case KX_CLAIM_FULL:
        break;
    }
    return kx_core_pending(r, "store.quota");
}
