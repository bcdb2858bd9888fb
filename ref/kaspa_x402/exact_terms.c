/* The terms of an exact offer; see exact_terms.h. What a head's script and challenge are made of is
 * in exact_head.c. */
#include "kaspa_x402/exact_terms.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_payment.h"
#include "kaspa_x402/exact_read.h"

#include <assert.h>

static const char *const profile_names[] = {
    [KX_STANDARD_NATIVE] = "standard-native",
    [KX_ADDITIVE] = "additive",
    [KX_HASH_CHAIN] = "hash-chain-additive",
};
static const char *const finality_names[] = {
    [KX_FINALITY_MEMPOOL] = "mempool",
    [KX_FINALITY_ACCEPTED] = "accepted",
    [KX_FINALITY_CONFIRMED] = "confirmed",
};

static_assert(ARRAY_LEN(profile_names) == KX_PROFILE__COUNT, "a name for every profile");

const char *kx_profile_name(enum kx_profile profile)
{
    assert((size_t)profile < ARRAY_LEN(profile_names));
    return profile_names[profile];
}

const char *kx_finality_name(enum kx_finality finality)
{
    assert((size_t)finality < ARRAY_LEN(finality_names));
    return finality_names[finality];
}

enum kx_local kx_terms_local(enum kx_terms_fault fault)
{
    static const enum kx_local locals[] = {[KX_TERMS_OK] = KX_LOCAL_NONE,
#define X(name, local, rule) [KX_TERMS_##name] = KX_LOCAL_##local,
                                           KX_TERMS_FAULTS(X)
#undef X
    };

    static_assert(ARRAY_LEN(locals) == KX_TERMS__COUNT, "a name for every fault");
    assert((size_t)fault < ARRAY_LEN(locals));
    return locals[fault];
}

/* An offer that is being read. */
struct reading {
    struct kx_terms *out;
    const struct x402_terms *terms;
    struct kx_reader offer, extra;
    struct kaspa_address address; /* payTo, once it is known to be one */
};

static bool fail(const struct reading *t, enum assay_code code, const char *member,
                 const char *what)
{
    return kx_read_fail(&t->offer, code, t->terms->token, member, what);
}

static bool fail_extra(const struct reading *t, enum assay_code code, const char *member,
                       const char *what)
{
    return kx_read_fail(&t->extra, code, t->terms->extra, member, what);
}

/* Records the fault unless it holds; returns whether it does. */
static bool require(const struct reading *t, bool holds, enum assay_code code, const char *member,
                    const char *what)
{
    if (!holds)
        (void)fail(t, code, member, what);
    return holds;
}

static bool require_extra(const struct reading *t, bool holds, enum assay_code code,
                          const char *member, const char *what)
{
    if (!holds)
        (void)fail_extra(t, code, member, what);
    return holds;
}

static bool read_scheme(struct reading *t)
{
    return require(t, assay_bytes_is(t->terms->scheme, KX_SCHEME_EXACT), ASSAY_E_UNKNOWN, "scheme",
                   "is not exact");
}

static bool read_network(struct reading *t)
{
    t->out->network_text = t->terms->network;
    return require(t, kx_network_find(&t->out->network, t->terms->network), ASSAY_E_UNKNOWN,
                   "network", "is no network's canonical name");
}

static bool read_asset(struct reading *t)
{
    return require(t, assay_bytes_is(t->terms->asset, KX_ASSET) || REF_DEFECT(kx_offer_asset),
                   ASSAY_E_UNKNOWN, "asset", "is not KAS");
}

/* Of defect kx.terms.amount_lenient: as numbers are read by hand. */
static enum assay_code read_leading(uint64_t *out, struct assay_bytes text)
{
    size_t i = 0;

    while (i < text.len && (text.at[i] == ' ' || text.at[i] == '+'))
        i++;
    for (*out = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        *out = *out * 10 + (uint64_t)(text.at[i] - '0');
    return ASSAY_OK;
}

static bool read_amount(struct reading *t)
{
    enum assay_code rc = REF_DEFECT(kx_amount_lenient)
                             ? read_leading(&t->out->amount, t->terms->amount)
                             : assay_decimal_u64(&t->out->amount, t->terms->amount);

    t->out->amount_text = t->terms->amount;
    return require(t, rc == ASSAY_OK, rc, "amount", assay_code_text(rc));
}

/* Which profiles a binding has (sections 3.3 and 16). */
static bool read_binding(struct reading *t)
{
    static const struct {
        const char *binding;
        enum kx_profile profile;
    } known[] = {
        {KX_BINDING_EXACT, KX_STANDARD_NATIVE},
        {KX_BINDING_EXACT, KX_ADDITIVE},
        {KX_BINDING_HASH_CHAIN, KX_HASH_CHAIN},
    };
    uint32_t binding = assay_json_member(t->out->doc, t->terms->extra, "binding");
    uint32_t profile = assay_json_member(t->out->doc, t->terms->extra, "profile");
    size_t i = 0;

    while (i < ARRAY_LEN(known) &&
           !(assay_json_string_is(t->out->doc, binding, known[i].binding) &&
             assay_json_string_is(t->out->doc, profile, profile_names[known[i].profile])))
        i++;
    if (i == ARRAY_LEN(known))
        return fail_extra(t, ASSAY_E_UNKNOWN, "binding", "is not known, or has no such profile");
    t->out->profile = known[i].profile;
    if (t->out->profile == KX_HASH_CHAIN && t->out->network != KASPA_TESTNET)
        return fail_extra(t, ASSAY_E_UNSUPPORTED, "binding",
                          "is defined for kaspa:testnet-10 alone");
    return true;
}

#define NAME(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)("" text), sizeof(text) - 1                                               \
    }

/* What the schema forbids: another profile's members, and those of the binding's first version. */
static bool has_no_foreign_member(struct reading *t)
{
    static const struct assay_bytes first_version[] = {
        NAME("borrowOutpoint"),     NAME("borrowAmount"),  NAME("borrowScriptPublicKey"),
        NAME("borrowRedeemScript"), NAME("reservationId"), NAME("reservationExpiresAt"),
    };
    static const struct assay_bytes of_heads[] = {
        NAME("templateId"),       NAME("headId"),
        NAME("headVersion"),      NAME("expectedHeadOutpoint"),
        NAME("headAmount"),       NAME("headScriptPublicKey"),
        NAME("headRedeemScript"), NAME("additiveThresholdSompi"),
        NAME("challengeId"),      NAME("challengeExpiresAt"),
    };

    if (t->out->profile != KX_HASH_CHAIN && !REF_DEFECT(kx_terms_flow) &&
        !kx_read_without(&t->extra, t->terms->extra, first_version, ARRAY_LEN(first_version)))
        return false;
    return t->out->profile != KX_STANDARD_NATIVE || REF_DEFECT(kx_terms_flow) ||
           kx_read_without(&t->extra, t->terms->extra, of_heads, ARRAY_LEN(of_heads));
}

static bool read_finality(struct reading *t)
{
    uint32_t token = assay_json_member(t->out->doc, t->terms->extra, "finality");

    int weakest = REF_DEFECT(kx_offer_finality) ? KX_FINALITY_MEMPOOL : KX_FINALITY_ACCEPTED;

    for (int f = weakest; f <= KX_FINALITY_CONFIRMED; f++) {
        if (assay_json_string_is(t->out->doc, token, finality_names[f])) {
            t->out->finality = (enum kx_finality)f;
            return true;
        }
    }
    return fail_extra(t, ASSAY_E_UNKNOWN, "finality", "is neither accepted nor confirmed");
}

static bool read_form(struct reading *t)
{
    static const struct kx_member members[] = {
        {"transactionEncoding", KX_KIND_CONST, 0, 0, KX_ENCODING, false},
        {"payToScriptPublicKey", KX_KIND_SPK, KX_AT(struct kx_terms, spk), NULL, false},
        {"paymentFlow", KX_KIND_CONST, 0, 0, "upfront", false},
    };
    size_t unread = REF_DEFECT(kx_terms_flow) ? 1 : 0; /* of the members that there must be */
    struct hints {
        uint64_t output_index, decimals;
    } hints = {.decimals = 8};
    static const struct kx_member optional[] = {
        {"paymentOutputIndex", KX_KIND_U32, KX_AT(struct hints, output_index), NULL, true},
        {"assetKind", KX_KIND_CONST, 0, 0, "native", true},
        {"assetDecimals", KX_KIND_U32, KX_AT(struct hints, decimals), NULL, true},
    };
    uint32_t extra = t->terms->extra;

    t->out->pay_to = t->terms->pay_to;
    t->out->max_timeout_s = t->terms->max_timeout_s;
    if (t->terms->pay_to.len == 0)
        return fail(t, ASSAY_E_MALFORMED, "payTo", "is empty");
    if (t->terms->max_timeout_s < 1 || t->terms->max_timeout_s > UINT32_MAX)
        return fail(t, ASSAY_E_RANGE, "maxTimeoutSeconds", "is no number of 1 to 4294967295");
    if (!kx_read_members(&t->extra, extra, members, ARRAY_LEN(members) - unread, t->out) ||
        !kx_read_members(&t->extra, extra, optional, ARRAY_LEN(optional), &hints) ||
        !read_finality(t))
        return false;
    if (hints.decimals != 8)
        return fail_extra(t, ASSAY_E_UNKNOWN, "assetDecimals", "is not 8");
    return has_no_foreign_member(t);
}

/* Of the payment. That the head's own index is 0 is [R] and not judged: the server's own head says
 * what it is. */
static bool read_output_index(struct reading *t)
{
    uint64_t index;

    return require_extra(
        t, x402_integer(&index, t->out->doc, t->terms->extra, "paymentOutputIndex") && index == 0,
        ASSAY_E_MISMATCH, "paymentOutputIndex", "is not 0");
}

static const struct kx_member head_members[] = {
    {"headId", KX_KIND_BYTES, KX_AT(struct kx_terms, head.id), NULL, false},
    {"headVersion", KX_KIND_AMOUNT, KX_AT(struct kx_terms, head.version), NULL, false},
    {"headAmount", KX_KIND_AMOUNT, KX_AT(struct kx_terms, head.amount), NULL, false},
    {"headScriptPublicKey", KX_KIND_SPK, KX_AT(struct kx_terms, head.spk), NULL, false},
    {"headRedeemScript", KX_KIND_SCRIPT, KX_AT(struct kx_terms, head.redeem), NULL, false},
    {"challengeId", KX_KIND_BYTES, KX_AT(struct kx_terms, challenge_id), NULL, false},
    {"challengeExpiresAt", KX_KIND_TEXT, KX_AT(struct kx_terms, challenge_expires_at), NULL, false},
    {"expectedHeadOutpoint", KX_KIND_OUTPOINT, KX_AT(struct kx_terms, head.outpoint), NULL, false},
};
static const struct kx_member additive_members[] = {
    {"templateId", KX_KIND_CONST, 0, 0, KX_TEMPLATE_ADDITIVE, false},
    {"additiveThresholdSompi", KX_KIND_AMOUNT, KX_AT(struct kx_terms, threshold), NULL, false},
};
static const struct kx_member hash_chain_members[] = {
    {"templateId", KX_KIND_CONST, 0, 0, KX_TEMPLATE_HASH_CHAIN, false},
    {"assetTransferMethod", KX_KIND_CONST, 0, 0, "kaspa-v1-hash-chain-proof", false},
    {"covenantId", KX_KIND_BYTES, KX_AT(struct kx_terms, covenant_id), NULL, false},
    {"currentGuard", KX_KIND_BYTES, KX_AT(struct kx_terms, current_guard), NULL, false},
    {"nextGuard", KX_KIND_BYTES, KX_AT(struct kx_terms, next_guard), NULL, false},
    {"oneTimePublicKey", KX_KIND_BYTES, KX_AT(struct kx_terms, one_time_key), NULL, false},
    {"grantId", KX_KIND_BYTES, KX_AT(struct kx_terms, grant_id), NULL, false},
    {"grantClaimUrl", KX_KIND_TEXT, KX_AT(struct kx_terms, grant_claim_url), NULL, false},
    {"challengeIssuedAt", KX_KIND_TEXT, KX_AT(struct kx_terms, challenge_issued_at), NULL, false},
};

static bool read_hash_chain_form(struct reading *t)
{
    static const uint8_t zeros[sizeof(t->out->covenant_id)];

    if (!kx_read_members(&t->extra, t->terms->extra, hash_chain_members,
                         ARRAY_LEN(hash_chain_members), t->out))
        return false;
    if (t->out->grant_claim_url.len == 0)
        return fail_extra(t, ASSAY_E_MALFORMED, "grantClaimUrl", "is empty");
    return require_extra(t, memcmp(t->out->covenant_id, zeros, sizeof(zeros)) != 0,
                         ASSAY_E_MALFORMED, "covenantId", "is zero");
}

static bool read_head_form(struct reading *t)
{
    uint32_t extra = t->terms->extra;

    if (t->out->profile == KX_STANDARD_NATIVE)
        return true;
    if (t->out->profile == KX_HASH_CHAIN ? !read_hash_chain_form(t)
                                         : !kx_read_members(&t->extra, extra, additive_members,
                                                            ARRAY_LEN(additive_members), t->out))
        return false;
    return kx_read_members(&t->extra, extra, head_members, ARRAY_LEN(head_members), t->out) &&
           read_output_index(t);
}

/* Of defect kx.terms.pay_to_case; else payTo as it is. */
static struct assay_bytes pay_to_as_read(const struct reading *t)
{
    struct assay_bytes text = t->out->pay_to;
    uint8_t *lower =
        REF_DEFECT(kx_pay_to_case) ? assay_arena_alloc(t->offer.arena, text.len) : NULL;

    if (lower == NULL)
        return text;
    for (size_t i = 0; i < text.len; i++)
        lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20 : text.at[i];
    return assay_bytes_of(lower, text.len);
}

/* A wrong prefix is a wrong network, whatever else is wrong with it (section 7). */
static bool check_pay_to_network(struct reading *t)
{
    return require(t, kx_network_has(t->out->network, pay_to_as_read(t)), ASSAY_E_MISMATCH, "payTo",
                   "has not the prefix of the network");
}

static bool check_pay_to(struct reading *t)
{
    enum kaspa_address_error error = kaspa_address_decode(&t->address, NULL, pay_to_as_read(t));

    return require(t, error == KASPA_ADDRESS_OK, ASSAY_E_MALFORMED, "payTo",
                   kaspa_address_error_text(error));
}

/* A serialized script public key, of version 0 by its form, against a script. */
static bool script_is(struct assay_bytes serialized, struct assay_bytes script)
{
    return assay_bytes_equal(assay_bytes_part(serialized, 2, serialized.len), script);
}

static bool check_script(struct reading *t)
{
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_spk spk;

    kaspa_address_script(&spk, room, &t->address);
    return require_extra(t, script_is(t->out->spk, spk.script) || REF_DEFECT(kx_terms_script),
                         ASSAY_E_MISMATCH, "payToScriptPublicKey", "is not the script of payTo");
}

static bool check_amount(struct reading *t)
{
    return require(t, t->out->amount > 0, ASSAY_E_RANGE, "amount", "is 0");
}

static bool check_head_amounts(struct reading *t)
{
    struct kx_terms *out = t->out;

    if (out->profile == KX_STANDARD_NATIVE || REF_DEFECT(kx_head_terms))
        return true;
    if (out->head.amount == 0)
        return fail_extra(t, ASSAY_E_RANGE, "headAmount", "is 0");
    if (out->amount > UINT64_MAX - out->head.amount)
        return fail_extra(t, ASSAY_E_RANGE, "headAmount", "and the amount pass 64 bits");
    if (out->profile == KX_HASH_CHAIN)
        return true;
    return require_extra(t, out->threshold > 0 && out->threshold <= out->amount, ASSAY_E_RANGE,
                         "additiveThresholdSompi", "is 0 or above the amount");
}

static bool check_redeem(struct reading *t)
{
    uint8_t owner[ASSAY_BLAKE3_BYTES];
    uint64_t threshold;

    return require_extra(t,
                         kx_additive_redeem_read(t->out->head.redeem, owner, &threshold) &&
                             threshold == t->out->threshold,
                         ASSAY_E_MISMATCH, "headRedeemScript",
                         "is not the canonical script of the threshold");
}

/* An additive head is paid to itself; a hash-chain's payTo is the next head (section 16). */
static bool check_head_scripts(struct reading *t)
{
    uint8_t room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    struct kx_terms *out = t->out;
    bool is_additive = out->profile == KX_ADDITIVE;

    if (out->profile == KX_STANDARD_NATIVE || REF_DEFECT(kx_head_terms))
        return true;
    kaspa_script_add_pay_to_script_hash(&script, out->head.redeem);
    if (!script_is(out->head.spk, assay_buf_view(&script)))
        return fail_extra(t, ASSAY_E_MISMATCH, "headScriptPublicKey",
                          "is not the hash of the redeem script");
    if (!is_additive && t->address.version != KASPA_ADDRESS_SCRIPT_HASH)
        return fail(t, ASSAY_E_MISMATCH, "payTo", "is not the address of a script");
    if (assay_bytes_equal(out->head.spk, out->spk) != is_additive)
        return fail_extra(t, ASSAY_E_MISMATCH, "headScriptPublicKey",
                          is_additive ? "is not payToScriptPublicKey"
                                      : "is the next head's script too");
    return !is_additive || check_redeem(t);
}

/* The link of section 16: the head shows the hash of the guard and the key that it is spent with.
 */
static bool check_guard(struct reading *t)
{
    uint8_t link[ASSAY_BLAKE3_BYTES];
    struct assay_blake3 h;

    assay_blake3_init(&h, NULL);
    assay_blake3_add(&h, assay_bytes_of(t->out->next_guard, sizeof(t->out->next_guard)));
    assay_blake3_add(&h, assay_bytes_of(t->out->one_time_key, sizeof(t->out->one_time_key)));
    assay_blake3_end(&h, link);
    return require_extra(t, memcmp(link, t->out->current_guard, sizeof(link)) == 0,
                         ASSAY_E_MISMATCH, "currentGuard", "is not the hash of the next link");
}

static bool check_head(struct reading *t)
{
    int64_t issued, expires;

    if (t->out->profile != KX_HASH_CHAIN)
        return true;
    if (!check_guard(t))
        return false;
    if (!kx_time_read(&issued, t->out->challenge_issued_at))
        return fail_extra(t, ASSAY_E_MALFORMED, "challengeIssuedAt", "is no time");
    if (!kx_time_read(&expires, t->out->challenge_expires_at))
        return fail_extra(t, ASSAY_E_MALFORMED, "challengeExpiresAt", "is no time");
    return require_extra(
        t, expires > issued && expires - issued <= (int64_t)t->out->max_timeout_s * 1000,
        ASSAY_E_RANGE, "challengeExpiresAt", "is not within the time offered");
}

enum kx_terms_fault kx_terms_read(struct kx_terms *out, struct assay_arena *arena,
                                  const struct assay_json *doc, const struct x402_terms *terms,
                                  struct assay_err *err)
{
    static bool (*const steps[KX_TERMS__COUNT])(struct reading * t) = {
        [KX_TERMS_SCHEME] = read_scheme,
        [KX_TERMS_NETWORK] = read_network,
        [KX_TERMS_ASSET] = read_asset,
        [KX_TERMS_AMOUNT] = read_amount,
        [KX_TERMS_BINDING] = read_binding,
        [KX_TERMS_FORM] = read_form,
        [KX_TERMS_HEAD_FORM] = read_head_form,
        [KX_TERMS_PAY_TO_NETWORK] = check_pay_to_network,
        [KX_TERMS_PAY_TO] = check_pay_to,
        [KX_TERMS_SCRIPT] = check_script,
        [KX_TERMS_ZERO] = check_amount,
        [KX_TERMS_HEAD_AMOUNT] = check_head_amounts,
        [KX_TERMS_HEAD_SCRIPT] = check_head_scripts,
        [KX_TERMS_HEAD] = check_head,
    };
    struct kx_reader reader = {.doc = doc, .arena = arena, .err = err};
    struct reading t = {.out = out, .terms = terms, .offer = reader, .extra = reader};

    *out = (struct kx_terms){.doc = doc, .token = terms->token};
    t.offer.place = "offer";
    t.extra.place = "extra";
    for (int fault = KX_TERMS_OK + 1; fault < KX_TERMS__COUNT; fault++) {
        if (!steps[fault](&t))
            return (enum kx_terms_fault)fault;
    }
    return KX_TERMS_OK;
}
