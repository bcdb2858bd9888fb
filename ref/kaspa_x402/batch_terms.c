/* The terms of a batch offer; see batch_terms.h. */
#include "kaspa_x402/batch_terms.h"

#include "base/decimal.h"
#include "defects/defects.h"
#include "kaspa_x402/escrow.h"
#include "kaspa_x402/exact_write.h"

#include <assert.h>

enum kx_local kx_batch_terms_local(enum kx_batch_terms_fault fault)
{
    static const enum kx_local locals[] = {[KX_BATCH_TERMS_OK] = KX_LOCAL_NONE,
#define X(name, local, rule) [KX_BATCH_TERMS_##name] = KX_LOCAL_##local,
                                           KX_BATCH_TERMS_FAULTS(X)
#undef X
    };

    static_assert(ARRAY_LEN(locals) == KX_BATCH_TERMS__COUNT, "a name for every fault");
    assert((size_t)fault < ARRAY_LEN(locals));
    return locals[fault];
}

enum kx_kind kx_batch_sum_kind(const struct kx_batch_binding *binding)
{
    return binding->amount_max > INT64_MAX ? KX_KIND_AMOUNT : KX_KIND_SUM;
}

/* ---- the state of a channel ---- */

/* What the client has signed for, and what was charged of it: one sum where charges are fixed. */
static const char *authorized_name(const struct kx_batch_binding *binding)
{
    return binding->is_fixed ? "authorizedCumulativeAmount" : "signedMaxClaimable";
}

bool kx_channel_state_read(struct kx_channel_state *out, const struct kx_reader *reader,
                           const struct kx_batch_binding *binding, uint32_t token)
{
    struct kx_channel_state read = {.spk = ASSAY_LIT("")};
    enum kx_kind sum = kx_batch_sum_kind(binding);
    /* that some bindings do not have stand at either end */
    const struct kx_member members[] = {
        {"covenantId", KX_KIND_BYTES, KX_AT(struct kx_channel_state, covenant_id), NULL, false},
        {"channelId", KX_KIND_BYTES, KX_AT(struct kx_channel_state, channel_id), NULL, false},
        {"activeOutpoint", KX_KIND_OUTPOINT, KX_AT(struct kx_channel_state, outpoint), NULL, false},
        {"activeScriptPublicKey", KX_KIND_SPK, KX_AT(struct kx_channel_state, spk), NULL, false},
        {"fundingAmount", sum, KX_AT(struct kx_channel_state, funding), NULL, false},
        {"claimedCumulativeAmount", sum, KX_AT(struct kx_channel_state, claimed), NULL, false},
        {authorized_name(binding), sum, KX_AT(struct kx_channel_state, authorized), NULL, false},
        {"status", KX_KIND_CONST, 0, 0, "open", true},
        {"chargedCumulativeAmount", sum, KX_AT(struct kx_channel_state, charged), NULL, false},
    };
    size_t first = binding->is_of_outpoint ? 1 : 0, last = binding->is_fixed ? 1 : 0;

    if (!kx_read_closed(reader, token, members + first, ARRAY_LEN(members) - first - last, &read))
        return false;
    if (!binding->is_of_outpoint && kaspa_hash_is_zero(&read.covenant_id))
        return kx_read_fail(reader, ASSAY_E_MALFORMED, token, "covenantId", "is zero");
    if (binding->is_fixed)
        read.charged = read.authorized;
    read.is_open = assay_json_member(reader->doc, token, "status") != ASSAY_JSON_NONE;
    *out = read;
    return true;
}

void kx_channel_state_write(struct assay_buf *out, const struct kx_batch_binding *binding,
                            const struct kx_channel_state *state)
{
    assay_buf_add_byte(out, '{');
    kx_write_outpoint(out, "activeOutpoint", &state->outpoint);
    kx_write_hex(out, "activeScriptPublicKey", state->spk);
    if (binding->is_fixed)
        kx_write_decimal(out, authorized_name(binding), state->authorized);
    kx_write_hex32(out, "channelId", state->channel_id);
    if (!binding->is_fixed)
        kx_write_decimal(out, "chargedCumulativeAmount", state->charged);
    kx_write_decimal(out, "claimedCumulativeAmount", state->claimed);
    if (!binding->is_of_outpoint)
        kx_write_hex32(out, "covenantId", state->covenant_id.at);
    kx_write_decimal(out, "fundingAmount", state->funding);
    if (!binding->is_fixed)
        kx_write_decimal(out, authorized_name(binding), state->authorized);
    if (state->is_open)
        kx_write_str(out, "status", "open");
    assay_buf_add_byte(out, '}');
}

/* ---- read ---- */

/* An offer that is being read. */
struct reading {
    struct kx_batch_offer *out;
    const struct x402_terms *terms;
    struct kx_reader offer, extra;
    uint64_t mcp_charge;
    const uint8_t *known_key; /* that is a point; or NULL */
};

/* Records the fault unless it holds; returns whether it does. */
static bool require(const struct reading *t, bool holds, enum assay_code code, const char *member,
                    const char *what)
{
    return holds || kx_read_fail(&t->offer, code, t->terms->token, member, what);
}

static bool require_extra(const struct reading *t, bool holds, enum assay_code code,
                          const char *member, const char *what)
{
    return holds || kx_read_fail(&t->extra, code, t->terms->extra, member, what);
}

static bool says(const struct reading *t, const char *member)
{
    return assay_json_member(t->out->doc, t->terms->extra, member) != ASSAY_JSON_NONE;
}

static bool read_scheme(struct reading *t)
{
    return require(t, assay_bytes_is(t->terms->scheme, KX_SCHEME_BATCH), ASSAY_E_UNKNOWN, "scheme",
                   "is not batch-settlement");
}

/* Which networks there are is the binding's, which is judged after; one that is not known has the
 * strictest. */
static bool read_network(struct reading *t)
{
    struct assay_bytes name = ASSAY_LIT("");
    bool is_known;

    if (x402_text(&name, t->extra.arena, t->out->doc, t->terms->extra, "binding"))
        t->out->binding = kx_batch_binding_find(name);
    t->out->terms.network = t->terms->network;
    is_known = kx_network_find(&t->out->network, t->terms->network) &&
               (t->out->network == KASPA_TESTNET ||
                (t->out->binding != NULL && t->out->binding->has_mainnet));
    if (REF_DEFECT(kx_batch_network) && t->out->network == KASPA_TESTNET)
        t->out->terms.network = ASSAY_LIT(KX_NETWORK_TESTNET);
    return require(t, is_known, ASSAY_E_UNKNOWN, "network", "is none that the binding has");
}

static bool read_asset(struct reading *t)
{
    return require(t, assay_bytes_is(t->terms->asset, KX_ASSET) || REF_DEFECT(kx_batch_asset),
                   ASSAY_E_UNKNOWN, "asset", "is not KAS");
}

/* Of defect batch.amount_lenient; else the amount as it is. */
static struct assay_bytes amount_as_read(const struct reading *t)
{
    struct assay_bytes text = t->terms->amount;

    while (REF_DEFECT(kx_batch_amount) && text.len > 1 && text.at[0] == '0')
        text = assay_bytes_part(text, 1, text.len);
    return text;
}

static bool read_amount(struct reading *t)
{
    enum assay_code rc = assay_decimal_u64(&t->out->terms.amount, amount_as_read(t));

    if (rc == ASSAY_OK && t->out->binding != NULL &&
        t->out->terms.amount > t->out->binding->amount_max)
        rc = ASSAY_E_RANGE;
    return require(t, rc == ASSAY_OK, rc, "amount", assay_code_text(rc));
}

static bool read_binding(struct reading *t)
{
    static const struct kx_member members[] = {
        {"templateId", KX_KIND_TEXT, KX_AT(struct kx_batch_offer, terms.template_id), NULL, false},
    };

    if (t->out->binding == NULL)
        return require_extra(t, false, ASSAY_E_UNKNOWN, "binding", "is not known");
    if (!kx_read_members(&t->extra, t->terms->extra, members, ARRAY_LEN(members), t->out))
        return false;
    if (REF_DEFECT(kx_batch_template))
        t->out->terms.template_id = ASSAY_LIT(KX_ESCROW_V5_TEMPLATE);
    return require_extra(t, kx_batch_has_template(t->out->binding, t->out->terms.template_id),
                         ASSAY_E_MISMATCH, "templateId", "is no template of the binding");
}

/* A closed object, of which no member has to be there. */
static bool read_policy(struct reading *t)
{
    static const struct kx_member members[] = {
        {"claimWhenUnclaimedAmountExceeds", KX_KIND_SUM, KX_AT(struct kx_batch_offer, claim_above),
         NULL, true},
        {"claimAfterSeconds", KX_KIND_U32, KX_AT(struct kx_batch_offer, claim_after_s), NULL, true},
    };
    uint32_t token = assay_json_member(t->out->doc, t->terms->extra, "claimPolicy");
    struct kx_reader r = t->extra;

    t->out->has_policy = token != ASSAY_JSON_NONE;
    if (!t->out->has_policy)
        return true;
    r.place = "extra.claimPolicy";
    if (assay_json_type(r.doc, token) != ASSAY_JSON_OBJECT)
        return require_extra(t, false, ASSAY_E_TYPE, "claimPolicy", "is no object");
    t->out->has_claim_above = assay_json_member(r.doc, token, members[0].name) != ASSAY_JSON_NONE;
    t->out->has_claim_after = assay_json_member(r.doc, token, members[1].name) != ASSAY_JSON_NONE;
    return kx_read_closed(&r, token, members, ARRAY_LEN(members), t->out);
}

static bool read_form(struct reading *t)
{
    struct hints {
        uint64_t decimals;
    } hints = {.decimals = 8};
    static const struct kx_member of_fixed[] = {
        {"securityContextHash", KX_KIND_BYTES, KX_AT(struct kx_batch_offer, context), NULL, false},
    };
    static const struct kx_member key[] = {
        {"serverPublicKey", KX_KIND_BYTES, KX_AT(struct kx_batch_offer, terms.server), NULL, false},
    };
    static const struct kx_member native[] = {
        {"assetKind", KX_KIND_CONST, 0, 0, "native", true},
        {"assetDecimals", KX_KIND_U32, KX_AT(struct hints, decimals), NULL, true},
    };
    uint32_t extra = t->terms->extra;

    t->out->terms.pay_to = t->terms->pay_to;
    t->out->terms.max_timeout_s = t->terms->max_timeout_s;
    t->out->has_native = says(t, "assetKind") && says(t, "assetDecimals");
    return require(t, t->terms->max_timeout_s != X402_NO_TIMEOUT, ASSAY_E_RANGE,
                   "maxTimeoutSeconds", "is no number above 0") &&
           kx_read_members(&t->extra, extra, key, ARRAY_LEN(key), t->out) &&
           (!t->out->binding->is_fixed ||
            kx_read_members(&t->extra, extra, of_fixed, ARRAY_LEN(of_fixed), t->out)) &&
           kx_read_members(&t->extra, extra, native, ARRAY_LEN(native), &hints) &&
           require_extra(t, hints.decimals == 8, ASSAY_E_UNKNOWN, "assetDecimals", "is not 8") &&
           read_policy(t);
}

static bool read_deposit(struct reading *t)
{
    enum kx_kind sum = kx_batch_sum_kind(t->out->binding);
    const struct kx_member members[] = {
        {"minDepositSompi", sum, KX_AT(struct kx_batch_offer, terms.min_deposit), NULL, false},
        {"claimReserveSompi", sum, KX_AT(struct kx_batch_offer, terms.claim_reserve), NULL, false},
    };

    return kx_read_members(&t->extra, t->terms->extra, members,
                           t->out->binding->has_reserve ? 2 : 1, t->out);
}

static bool read_timeout(struct reading *t)
{
    static const struct kx_member members[] = {
        {"refundTimeoutDaa", KX_KIND_AMOUNT, KX_AT(struct kx_batch_offer, terms.refund_timeout_daa),
         NULL, false},
    };

    return kx_read_members(&t->extra, t->terms->extra, members, ARRAY_LEN(members), t->out) &&
           require_extra(t, t->out->terms.refund_timeout_daa <= KX_BATCH_TIMEOUT_MAX, ASSAY_E_RANGE,
                         "refundTimeoutDaa",
                         "is a time, not a DAA score: it must be below 500000000000");
}

/* A voucherState, which had a signature that can be spent, is of the older bindings (6.5). */
static bool read_state(struct reading *t)
{
    struct kx_reader r = t->extra;
    uint32_t token = assay_json_member(r.doc, t->terms->extra, "channelState");

    if (t->out->binding->is_fixed &&
        !kx_read_without(&r, t->terms->extra, &ASSAY_LIT("voucherState"), 1))
        return false;
    r.place = "extra.channelState";
    t->out->has_state = token != ASSAY_JSON_NONE;
    return !t->out->has_state || kx_channel_state_read(&t->out->state, &r, t->out->binding, token);
}

static bool check_pay_to_network(struct reading *t)
{
    return require(t, kx_network_has(t->out->network, t->terms->pay_to), ASSAY_E_MISMATCH, "payTo",
                   "has not the prefix of the network");
}

static bool check_pay_to(struct reading *t)
{
    struct kaspa_address address;
    enum kaspa_address_error error = kaspa_address_decode(&address, NULL, t->terms->pay_to);

    return require(t, error == KASPA_ADDRESS_OK || REF_DEFECT(kx_batch_pay_to), ASSAY_E_MALFORMED,
                   "payTo", kaspa_address_error_text(error));
}

static bool check_key(struct reading *t)
{
    const uint8_t *key = t->out->terms.server;
    bool is_known =
        t->known_key != NULL && memcmp(key, t->known_key, sizeof(t->out->terms.server)) == 0;

    return require_extra(t,
                         is_known || assay_xonly_is_point(key) || REF_DEFECT(kx_batch_server_key),
                         ASSAY_E_MALFORMED, "serverPublicKey", "is the x of no point");
}

static bool check_amount(struct reading *t)
{
    return require(t, t->out->terms.amount > 0, ASSAY_E_RANGE, "amount", "is 0");
}

/* Without a reserve the smallest deposit covers the amount alone. */
static bool check_deposit(struct reading *t)
{
    const struct kx_batch_terms *terms = &t->out->terms;
    bool fits = terms->amount <= t->out->binding->amount_max - terms->claim_reserve;

    fits = fits && terms->amount + terms->claim_reserve <= terms->min_deposit;
    return require_extra(t, fits || REF_DEFECT(kx_batch_deposit_low), ASSAY_E_RANGE,
                         "minDepositSompi", "is below the amount and claimReserveSompi together");
}

static bool check_mcp(struct reading *t)
{
    static const struct kx_member members[] = {
        {"mcpErrorChargeSompi", KX_KIND_SUM, KX_AT(struct reading, mcp_charge), NULL, true},
    };

    t->out->has_mcp_charge = t->out->binding->is_fixed && says(t, members[0].name);
    if (!t->out->has_mcp_charge)
        return true;
    return kx_read_members(&t->extra, t->terms->extra, members, ARRAY_LEN(members), t) &&
           require_extra(t, t->mcp_charge == t->out->terms.amount || REF_DEFECT(kx_batch_mcp),
                         ASSAY_E_MISMATCH, members[0].name, "is not the amount");
}

enum kx_batch_terms_fault kx_batch_offer_read_known(struct kx_batch_offer *out,
                                                    struct assay_arena *arena,
                                                    const struct assay_json *doc,
                                                    const struct x402_terms *terms,
                                                    const uint8_t *known_key, struct assay_err *err)
{
    static bool (*const steps[KX_BATCH_TERMS__COUNT])(struct reading * t) = {
        [KX_BATCH_TERMS_SCHEME] = read_scheme,
        [KX_BATCH_TERMS_NETWORK] = read_network,
        [KX_BATCH_TERMS_ASSET] = read_asset,
        [KX_BATCH_TERMS_AMOUNT] = read_amount,
        [KX_BATCH_TERMS_BINDING] = read_binding,
        [KX_BATCH_TERMS_FORM] = read_form,
        [KX_BATCH_TERMS_DEPOSIT_FORM] = read_deposit,
        [KX_BATCH_TERMS_TIMEOUT] = read_timeout,
        [KX_BATCH_TERMS_STATE] = read_state,
        [KX_BATCH_TERMS_PAY_TO_NETWORK] = check_pay_to_network,
        [KX_BATCH_TERMS_PAY_TO] = check_pay_to,
        [KX_BATCH_TERMS_KEY] = check_key,
        [KX_BATCH_TERMS_ZERO] = check_amount,
        [KX_BATCH_TERMS_DEPOSIT] = check_deposit,
        [KX_BATCH_TERMS_MCP] = check_mcp,
    };
    struct kx_reader reader = {.doc = doc, .arena = arena, .err = err};
    struct reading t = {
        .out = out, .terms = terms, .offer = reader, .extra = reader, .known_key = known_key};

    *out = (struct kx_batch_offer){.doc = doc, .token = terms->token};
    t.offer.place = "offer";
    t.extra.place = "extra";
    for (int fault = KX_BATCH_TERMS_OK + 1; fault < KX_BATCH_TERMS__COUNT; fault++) {
        if (!steps[fault](&t))
            return (enum kx_batch_terms_fault)fault;
    }
    return KX_BATCH_TERMS_OK;
}

enum kx_batch_terms_fault kx_batch_offer_read(struct kx_batch_offer *out, struct assay_arena *arena,
                                              const struct assay_json *doc,
                                              const struct x402_terms *terms, struct assay_err *err)
{
    return kx_batch_offer_read_known(out, arena, doc, terms, NULL, err);
}

/* ---- written ---- */

static void write_policy(struct assay_buf *out, const struct kx_batch_offer *offer)
{
    kx_write_name(out, "claimPolicy");
    assay_buf_add_byte(out, '{');
    if (offer->has_claim_after)
        kx_write_number(out, "claimAfterSeconds", offer->claim_after_s);
    if (offer->has_claim_above)
        kx_write_decimal(out, "claimWhenUnclaimedAmountExceeds", offer->claim_above);
    assay_buf_add_byte(out, '}');
}

/* Members in ascending order; what not every binding has stands where it belongs. */
static void write_extra(struct assay_buf *out, const struct kx_batch_offer *offer)
{
    const struct kx_batch_terms *terms = &offer->terms;

    assay_buf_add_byte(out, '{');
    if (offer->has_native) {
        kx_write_number(out, "assetDecimals", 8);
        kx_write_str(out, "assetKind", "native");
    }
    kx_write_str(out, "binding", offer->binding->name);
    if (offer->has_state) {
        kx_write_name(out, "channelState");
        kx_channel_state_write(out, offer->binding, &offer->state);
    }
    if (offer->has_policy)
        write_policy(out, offer);
    if (offer->binding->has_reserve)
        kx_write_decimal(out, "claimReserveSompi", terms->claim_reserve);
    if (offer->has_mcp_charge)
        kx_write_decimal(out, "mcpErrorChargeSompi", REF_DEFECT(kx_batch_mcp) ? 0 : terms->amount);
    kx_write_decimal(out, "minDepositSompi", terms->min_deposit);
    kx_write_decimal(out, "refundTimeoutDaa", terms->refund_timeout_daa);
    if (offer->binding->is_fixed)
        kx_write_hex32(out, "securityContextHash", offer->context);
    kx_write_hex32(out, "serverPublicKey", terms->server);
    kx_write_text(out, "templateId", terms->template_id);
    assay_buf_add_byte(out, '}');
}

void kx_batch_offer_write(struct assay_buf *out, const struct kx_batch_offer *offer)
{
    const struct kx_batch_terms *terms = &offer->terms;

    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "amount", terms->amount);
    kx_write_str(out, "asset", KX_ASSET);
    kx_write_name(out, "extra");
    write_extra(out, offer);
    kx_write_number(out, "maxTimeoutSeconds", terms->max_timeout_s);
    kx_write_text(out, "network", terms->network);
    kx_write_text(out, "payTo", terms->pay_to);
    kx_write_str(out, "scheme", KX_SCHEME_BATCH);
    assay_buf_add_byte(out, '}');
}

/* ---- hashed ---- */

enum assay_code kx_batch_accepted_hash(uint8_t out[32], const struct kx_batch_offer *offer,
                                       struct assay_err *err)
{
    if (offer->binding->is_fixed)
        return kx_batch_requirements_hash(out, offer->binding, offer->doc, offer->token, err);
    kx_batch_terms_hash(out, offer->binding, &offer->terms);
    return ASSAY_OK;
}

static enum assay_code write_resource(struct assay_buf *out, const void *what,
                                      struct assay_err *err)
{
    const struct assay_bytes *resource = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "resource", *resource);
    kx_write_str(out, "scope", "kaspa:x402:security-context:v1");
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_public_context_hash(char *out, struct assay_bytes resource)
{
    return kx_write_hash(out, write_resource, &resource, NULL);
}
