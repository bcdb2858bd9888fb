/* Offers: what a route is sold for, written anew for every challenge, and once more to be compared
 * with what was accepted. Nothing is stored for an offer. Source: Kaspa x402 exact digest, sections
 * 3.1 to 3.3, 8.2 to 8.4 and 12. */
#include "base/decimal.h"
#include "base/hex.h"
#include "base/time.h"
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#include <assert.h>

enum { REDEEM_MAX_BYTES = 80 }; /* a canonical one has at most 66 */

/* What one entry says. */
struct quote {
    struct assay_bytes network, asset, amount, pay_to, spk; /* spk: serialized */
    enum kx_finality finality;
    uint64_t max_timeout_s;
    /* additive */
    const struct kx_head *head; /* NULL: standard-native */
    uint64_t threshold;
    struct assay_bytes expires_at;
    const char *challenge_id;
};

/* ---- text ---- */

/* Members in ascending order. */
static void write_extra(struct assay_buf *out, const struct quote *quote)
{
    const struct kx_head *head = quote->head;

    kx_write_name(out, "extra");
    assay_buf_add_byte(out, '{');
    if (head != NULL)
        kx_write_decimal(out, "additiveThresholdSompi", quote->threshold);
    kx_write_str(out, "binding", KX_BINDING_EXACT);
    if (head != NULL) {
        kx_write_text(out, "challengeExpiresAt", quote->expires_at);
        kx_write_str(out, "challengeId", quote->challenge_id);
        kx_write_outpoint(out, "expectedHeadOutpoint", &head->outpoint);
    }
    kx_write_str(out, "finality", kx_finality_name(quote->finality));
    if (head != NULL) {
        kx_write_decimal(out, "headAmount", head->amount);
        kx_write_hex(out, "headId", assay_bytes_of(head->id, sizeof(head->id)));
        kx_write_hex(out, "headRedeemScript", head->redeem);
        kx_write_hex(out, "headScriptPublicKey", head->spk);
        kx_write_decimal(out, "headVersion", head->version);
    }
    kx_write_hex(out, "payToScriptPublicKey", quote->spk);
    kx_write_str(out, "paymentFlow", "upfront");
    if (head != NULL)
        kx_write_number(out, "paymentOutputIndex", 0);
    kx_write_str(out, "profile", kx_profile_name(head != NULL ? KX_ADDITIVE : KX_STANDARD_NATIVE));
    if (head != NULL)
        kx_write_str(out, "templateId", KX_TEMPLATE_ADDITIVE);
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    assay_buf_add_byte(out, '}');
}

static const char *network_name(const struct kx_core *core)
{
    return core->network == KASPA_MAINNET ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET;
}

static void write_entry(struct assay_buf *out, const struct quote *quote)
{
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "amount", quote->amount);
    kx_write_text(out, "asset", quote->asset);
    write_extra(out, quote);
    kx_write_number(out, "maxTimeoutSeconds", quote->max_timeout_s);
    kx_write_text(out, "network", quote->network);
    kx_write_text(out, "payTo", quote->pay_to);
    kx_write_str(out, "scheme", KX_SCHEME_EXACT);
    assay_buf_add_byte(out, '}');
}

/* What the priced route is, to whom it is told. Of a tool it is the URL alone: all of it is bound
 * to the payment, and what the tool does is told by tools/list. */
static void write_resource(struct assay_buf *out, const struct kx_core_request *r)
{
    kx_write_name(out, "resource");
    assay_buf_add_byte(out, '{');
    if (r->route->description != NULL && r->event.tool == NULL)
        kx_write_str(out, "description", r->route->description);
    kx_write_text(out, "url", assay_buf_view(&r->url));
    assay_buf_add_byte(out, '}');
}

/* What is offered together; NULL: not. */
struct entries {
    const struct quote *standard, *additive;
    const struct kx_batch_offer *batch;
    const struct kx_core_request *facilitated;
    bool is_signed; /* where there is a key: of one that is sent */
};

/* How many; those of a facilitator stand last. */
static size_t write_entries(struct assay_buf *out, const struct entries *entries, size_t *own)
{
    const struct quote *const exact[] = {entries->standard, entries->additive};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(exact); i++) {
        if (exact[i] == NULL)
            continue;
        assay_buf_add_str(out, count == 0 ? "" : ",");
        write_entry(out, exact[i]);
        count++;
    }
    if (entries->batch != NULL) {
        assay_buf_add_str(out, count == 0 ? "" : ",");
        kx_batch_offer_write(out, entries->batch);
        count++;
    }
    *own = count;
    if (entries->facilitated != NULL)
        count += kx_facilitated_write(out, entries->facilitated, count);
    return count;
}

/* Canonical, and so what the header holds. */
static void write_offer(struct kx_core_request *r, const struct entries *entries)
{
    struct assay_buf *out = &r->offer_text;
    size_t own = 0;

    assay_buf_clear(out);
    assay_buf_add_str(out, "{\"accepts\":[");
    r->offer_count = write_entries(out, entries, &own);
    assay_buf_add_byte(out, ']');
    if (r->error != NULL)
        kx_write_str(out, "error", r->error);
    kx_write_name(out, "extensions");
    assay_buf_add_byte(out, '{');
    if (entries->is_signed)
        kx_facilitated_write_signed(out, r, own);
    kx_write_name(out, "payment-identifier");
    x402_identifier_write(out, kx_core_asks_identifier(r->core), ASSAY_LIT(""));
    assay_buf_add_byte(out, '}');
    write_resource(out, r);
    kx_write_number(out, "x402Version", X402_VERSION);
    assay_buf_add_byte(out, '}');
}

/* ---- what is quoted ---- */

static enum assay_code keep_spk(struct assay_bytes *out, struct assay_arena *arena,
                                const struct kaspa_spk *spk)
{
    uint8_t room[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf bytes = ASSAY_BUF_OVER(room);

    kaspa_spk_add_bytes(&bytes, spk);
    *out = assay_arena_copy(arena, assay_buf_view(&bytes));
    return out->at != NULL ? bytes.bad : ASSAY_E_NOMEM;
}

/* Of defects: prices that are another sum, or none at all. */
static void misquote(struct assay_bytes *amount, char *room, uint64_t price)
{
    if (REF_DEFECT(kx_fee_below_relay))
        *amount = ASSAY_LIT("1000");
    if (!REF_DEFECT(kx_price_unit))
        return;
    assay_decimal_price_text(room, price, 8);
    *amount = assay_str(room);
}

/* kx_core_check has seen to it that the address is one. */
static enum assay_code quote_standard(struct quote *out, struct kx_core_request *r)
{
    const struct kx_core *core = r->core;
    struct assay_bytes pay_to = assay_str(core->pay_to);
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_address address;
    struct kaspa_spk spk;
    char *amount = assay_arena_alloc(&r->arena, ASSAY_DECIMAL_TEXT_MAX_BYTES);

    if (amount == NULL)
        return ASSAY_E_NOMEM;
    if (kaspa_address_decode(&address, NULL, pay_to) != KASPA_ADDRESS_OK)
        return ASSAY_E_MALFORMED;
    kaspa_address_script(&spk, script, &address);
    assay_decimal_price_text(amount, r->route->price, 0);
    *out = (struct quote){.network = assay_str(network_name(core)),
                          .asset = ASSAY_LIT(KX_ASSET),
                          .amount = assay_str(amount),
                          .pay_to = pay_to,
                          .finality = core->policy.finality,
                          .max_timeout_s = core->max_timeout_s};
    misquote(&out->amount, amount, r->route->price);
    return keep_spk(&out->spk, &r->arena, &spk);
}

/* Whether a head sells for this price: within the threshold that its script asks for, and the sum
 * an amount. */
static bool sells(const struct kx_head_record *record, uint64_t price)
{
    return record->status == KX_HEAD_AVAILABLE && record->threshold <= price &&
           record->amount <= KASPA_MAX_SOMPI - price;
}

enum assay_code kx_core_read_head(struct kx_head *out, struct assay_arena *arena,
                                  const struct kx_head_record *record)
{
    uint8_t redeem_room[REDEEM_MAX_BYTES], script_room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf redeem = ASSAY_BUF_OVER(redeem_room), script = ASSAY_BUF_OVER(script_room);
    struct kaspa_spk spk = {0};

    *out = (struct kx_head){
        .version = record->version, .outpoint = record->outpoint, .amount = record->amount};
    memcpy(out->id, record->id, sizeof(out->id));
    kx_additive_redeem(&redeem, record->owner, record->threshold);
    kaspa_script_add_pay_to_script_hash(&script, assay_buf_view(&redeem));
    spk.script = assay_buf_view(&script);
    out->redeem = assay_arena_copy(arena, assay_buf_view(&redeem));
    assert(assay_buf_ok(&redeem)); /* of REDEEM_MAX_BYTES at most */
    if (out->redeem.at == NULL)
        return ASSAY_E_NOMEM;
    return keep_spk(&out->spk, arena, &spk);
}

/* Who is paid by a head payment: the address of the head's own script (section 8.1). */
static enum assay_code quote_pay_to(struct quote *out, struct kx_core_request *r)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (kaspa_spk_parse(&spk, out->head->spk) != ASSAY_OK ||
        !kaspa_address_of_script(&address, &spk, r->core->network))
        return ASSAY_E_MALFORMED;
    kaspa_address_encode(text, &address);
    out->spk = out->head->spk;
    out->pay_to = assay_arena_copy(&r->arena, assay_str(text));
    return out->pay_to.at != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
}

static enum assay_code quote_challenge(struct quote *out, struct kx_core_request *r)
{
    const struct kx_terms terms = {.network_text = assay_str(network_name(r->core)),
                                   .pay_to = out->pay_to,
                                   .amount = r->route->price,
                                   .head = *out->head,
                                   .threshold = out->threshold,
                                   .challenge_expires_at = out->expires_at};
    char *id = assay_arena_alloc(&r->arena, X402_HASH_TEXT_BYTES);

    out->challenge_id = id;
    return id != NULL ? kx_additive_challenge_id(id, &terms) : ASSAY_E_NOMEM;
}

/* The standard entry's terms, and those of a head until a deadline. */
static enum assay_code quote_additive(struct quote *out, struct kx_core_request *r,
                                      const struct quote *standard, const struct kx_head *head,
                                      struct assay_bytes expires_at)
{
    enum assay_code rc;

    *out = *standard;
    out->head = head;
    out->threshold = r->head_record.threshold;
    out->expires_at = expires_at;
    if ((rc = quote_pay_to(out, r)) != ASSAY_OK)
        return rc;
    return quote_challenge(out, r);
}

/* ---- a fresh offer ---- */

/* Without a facilitator that has been reached there is nothing that could be offered. */
static struct kx_action challenge_facilitated(struct kx_core_request *r,
                                              const struct entries *entries)
{
    write_offer(r, entries);
    return r->offer_count > 0
               ? kx_core_challenge_answer(r)
               : kx_core_busy(r, 500, KX_FACILITATOR_LOST, "facilitator.unreachable");
}

static struct kx_action challenge_with(struct kx_core_request *r, bool has_head)
{
    char until[ASSAY_TIME_TEXT_BYTES];
    struct quote standard, additive;
    struct kx_batch_offer batch;
    struct entries entries = {.facilitated = r, .is_signed = true};
    struct kx_head head;

    if (!kx_core_settles(r->core))
        return challenge_facilitated(r, &entries);
    entries.standard = &standard;
    if (quote_standard(&standard, r) != ASSAY_OK ||
        kx_batch_quote(&batch, &entries.batch, r) != ASSAY_OK)
        return kx_core_unavailable(r);
    if (!has_head || !sells(&r->head_record, r->route->price)) {
        write_offer(r, &entries);
        return kx_core_challenge_answer(r);
    }
    assay_time_text(until, r->now_ms + r->core->challenge_ms);
    if (kx_core_read_head(&head, &r->arena, &r->head_record) != ASSAY_OK ||
        quote_additive(&additive, r, &standard, &head, assay_str(until)) != ASSAY_OK)
        return kx_core_unavailable(r);
    entries.additive = &additive;
    write_offer(r, &entries);
    return kx_core_challenge_answer(r);
}

static struct kx_action offer(struct kx_core_request *r)
{
    return r->route->is_additive ? kx_core_ask(r, KX_ASK_SELECT) : challenge_with(r, false);
}

struct kx_action kx_core_challenge(struct kx_core_request *r, enum kx_wire reason, const char *rule)
{
    if (r->core->fac != NULL)
        return kx_fac_refuse(r, 402,
                             kx_wire_text(reason != KX_WIRE_NONE ? reason : KX_WIRE_PAYLOAD), rule);
    r->error = reason != KX_WIRE_NONE ? kx_wire_text(reason) : NULL;
    if (r->facilitated.reason != NULL)
        r->error = r->facilitated.reason;
    r->rule = rule;
    if (!kx_batch_is_sold(r) || r->daa_score != 0 || r->is_daa_asked)
        return offer(r);
    r->sought = KX_SOUGHT_DAA;
    r->look = (struct kx_look){.count = 0};
    return kx_core_look(r, 0);
}

/* Where the node cannot say, no refund timeout can be offered, and nothing of batch-settlement. */
struct kx_action kx_core_on_daa(struct kx_core_request *r)
{
    r->is_daa_asked = true;
    r->sought = KX_SOUGHT_COINS;
    return offer(r);
}

struct kx_action kx_core_on_select(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_store_answer *answer)
{
    if (code != ASSAY_OK && code != ASSAY_E_MISSING)
        return kx_core_unavailable(r);
    if (code == ASSAY_OK)
        r->head_record = answer->head;
    if (code == ASSAY_OK && REF_DEFECT(kx_head_by_offer))
        return kx_core_ask(r, KX_ASK_HEAD_LOST);
    return challenge_with(r, code == ASSAY_OK);
}

struct kx_action kx_core_on_head_lost(struct kx_core_request *r)
{
    if (REF_DEFECT(kx_head_by_offer))
        return challenge_with(r, true);
    return kx_core_refuse_payment(r, KX_WIRE_STATE, r->rule);
}

/* ---- an offer that came back ---- */

/* The deadline that came back where it can have been given, in the form in which it is; else the
 * last one that can, which is another. */
static struct assay_bytes deadline_given(const struct kx_core_request *r, char *last)
{
    struct assay_bytes text = r->terms.challenge_expires_at;
    int64_t until, latest = r->now_ms + r->core->challenge_ms;

    assay_time_text(last, latest);
    if (REF_DEFECT(kx_head_challenge))
        return text;
    return assay_time_parse(&until, text) == ASSAY_OK && until <= latest ? text : assay_str(last);
}

/* A payment to a head is compared with the offer of that head as it stood when it was accepted:
 * whether it still stands so is a question of its own (exact.head.known). */
static enum assay_code quote_again(struct quote *out, struct kx_core_request *r,
                                   const struct quote *standard, struct kx_head *head, char *last)
{
    *head = REF_DEFECT(kx_head_terms) ? r->terms.head : r->head;
    head->version = r->terms.head.version;
    head->outpoint = r->terms.head.outpoint;
    head->amount = r->terms.head.amount;
    return quote_additive(out, r, standard, head, deadline_given(r, last));
}

/* Of defect kx.http.members_twice: of the terms as they came back the first amount, and no further
 * one, is the offered one. */
static bool is_first_amount(const struct kx_core_request *r, struct assay_bytes amount)
{
    static const char name[] = "\"amount\":\"";
    struct assay_bytes terms = assay_json_raw(&r->doc, r->payment.envelope.accepted.token);
    size_t at = 0;

    while (at + sizeof(name) - 1 < terms.len && memcmp(terms.at + at, name, sizeof(name) - 1) != 0)
        at++;
    at += sizeof(name) - 1;
    return assay_bytes_equal(assay_bytes_part(terms, at, at + amount.len), amount);
}

/* Of defects: what is taken as it came back instead of being compared. */
static void take_back(struct quote *out, const struct kx_core_request *r)
{
    const struct kx_terms *accepted = &r->terms;

    if (REF_DEFECT(kx_offer_amount) ||
        (REF_DEFECT(kx_members_twice) && is_first_amount(r, out->amount)))
        out->amount = accepted->amount_text;
    if (REF_DEFECT(kx_amount_lenient) && accepted->amount == r->route->price)
        out->amount = accepted->amount_text;
    if (REF_DEFECT(kx_offer_pay_to))
        out->pay_to = accepted->pay_to;
    if (REF_DEFECT(kx_pay_to_case) && assay_bytes_equal_nocase(out->pay_to, accepted->pay_to))
        out->pay_to = accepted->pay_to;
    if (REF_DEFECT(kx_offer_pay_to) || REF_DEFECT(kx_terms_script))
        out->spk = accepted->spk;
    if (REF_DEFECT(kx_offer_finality))
        out->finality = accepted->finality;
    if (REF_DEFECT(kx_offer_timeout))
        out->max_timeout_s = accepted->max_timeout_s;
    if (REF_DEFECT(kx_offer_asset))
        out->asset = r->payment.envelope.accepted.asset;
    if (REF_DEFECT(kx_offer_network) &&
        assay_bytes_equal_nocase(out->network, accepted->network_text))
        out->network = accepted->network_text;
    if (REF_DEFECT(kx_head_terms))
        out->threshold = accepted->threshold;
}

/* The challenge that came back, as text. */
static enum assay_code take_challenge_back(struct quote *out, struct kx_core_request *r)
{
    char *id = assay_arena_alloc(&r->arena, X402_HASH_TEXT_BYTES);

    if (id == NULL)
        return ASSAY_E_NOMEM;
    assay_hex_encode(id, assay_bytes_of(r->terms.challenge_id, sizeof(r->terms.challenge_id)));
    out->challenge_id = id;
    return ASSAY_OK;
}

/* Reads r->offer_text as who paid has read it. */
static enum assay_code read_offer(struct kx_core_request *r)
{
    enum assay_code rc = r->offer_text.bad;

    if (rc != ASSAY_OK)
        return rc;
    rc = x402_document_parse(&r->offer_doc, &r->arena, assay_buf_view(&r->offer_text), true, NULL);
    if (rc == ASSAY_OK &&
        x402_required_read(&r->offer, &r->arena, &r->offer_doc, NULL) != X402_FAULT_NONE)
        rc = ASSAY_E_MALFORMED;
    return rc;
}

static enum assay_code offer_batch_again(struct kx_core_request *r)
{
    struct kx_batch_offer batch;
    enum assay_code rc = kx_batch_quote_again(&batch, r);

    if (rc != ASSAY_OK)
        return rc;
    write_offer(r, &(struct entries){.batch = &batch});
    return read_offer(r);
}

enum assay_code kx_core_offer_again(struct kx_core_request *r)
{
    struct quote standard, additive;
    struct kx_head head;
    char last[ASSAY_TIME_TEXT_BYTES];
    enum assay_code rc;

    if (r->core->fac != NULL) {
        kx_fac_write_offer(r);
        return read_offer(r);
    }
    if (r->is_facilitated) {
        write_offer(r, &(struct entries){.facilitated = r});
        return r->offer_count > 0 ? read_offer(r) : ASSAY_E_MISSING;
    }
    if (r->is_batch)
        return offer_batch_again(r);
    if ((rc = quote_standard(&standard, r)) != ASSAY_OK)
        return rc;
    if (r->has_head && (rc = quote_again(&additive, r, &standard, &head, last)) != ASSAY_OK)
        return rc;
    if (r->has_head && REF_DEFECT(kx_head_challenge) &&
        (rc = take_challenge_back(&additive, r)) != ASSAY_OK)
        return rc;
    if (r->fault == KX_TERMS_OK)
        take_back(r->has_head ? &additive : &standard, r);
    write_offer(
        r, &(struct entries){.standard = &standard, .additive = r->has_head ? &additive : NULL});
    return read_offer(r);
}
