/* What came of a batch payment, written and checked; see batch_settlement.h. */
#include "kaspa_x402/batch_settlement.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/settlement.h"

static bool is_request(enum kx_payload_type type)
{
    return type == KX_PAYLOAD_DEPOSIT || type == KX_PAYLOAD_VOUCHER;
}

/* ---- written ---- */

/* Output 0 pays the provider, output 1 is the successor (section 8.4). */
static struct kaspa_outpoint claim_output(const struct kx_batch_settled *settled, uint32_t index)
{
    struct kaspa_outpoint outpoint = {.index = index};

    memcpy(outpoint.txid.at, settled->id, sizeof(outpoint.txid.at));
    return outpoint;
}

/* Members in ascending order; what only some types have stands where it belongs. */
static void write_extension(struct assay_buf *out, const struct kx_batch_settled *s)
{
    struct kaspa_outpoint payout = claim_output(s, 0), successor = claim_output(s, 1);

    assay_buf_add_byte(out, '{');
    if (s->type == KX_PAYLOAD_REFUND)
        kx_write_hex32(out, "channelId", s->channel_id);
    if (s->type != KX_PAYLOAD_REFUND) {
        kx_write_name(out, "channelState");
        kx_channel_state_write(out, s->binding, &s->state);
    }
    if (is_request(s->type))
        kx_write_decimal(out, "chargedAmount", s->amount);
    if (s->type == KX_PAYLOAD_CLAIM)
        kx_write_outpoint(out, "claimOutpoint", &payout);
    if (is_request(s->type))
        kx_write_hex32(out, "commitmentId", s->id);
    if (s->type == KX_PAYLOAD_CLAIM)
        kx_write_outpoint(out, "continuationOutpoint", &successor);
    if (!s->binding->is_of_outpoint)
        kx_write_hex32(out, "covenantId", s->covenant_id.at);
    if (s->type == KX_PAYLOAD_DEPOSIT)
        kx_write_decimal(out, "fundingAmount", s->deposit);
    if (s->type == KX_PAYLOAD_REFUND)
        kx_write_text(out, "refundAddress", s->refund_address);
    assay_buf_add_byte(out, '}');
}

void kx_batch_settlement_write(struct assay_buf *out, const struct kx_batch_settled *settled)
{
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "amount", settled->amount);
    kx_write_name(out, "extensions");
    assay_buf_add_byte(out, '{');
    kx_write_name(out, "kaspa");
    write_extension(out, settled);
    assay_buf_add_byte(out, '}');
    kx_write_text(out, "network", settled->network);
    if (settled->payer.len > 0)
        kx_write_text(out, "payer", settled->payer);
    kx_write_name(out, "success");
    assay_buf_add_str(out, "true");
    kx_write_hex32(out, "transaction", settled->id);
    assay_buf_add_byte(out, '}');
}

/* ---- read ---- */

enum {
    OF_DEPOSIT = 1 << KX_PAYLOAD_DEPOSIT,
    OF_VOUCHER = 1 << KX_PAYLOAD_VOUCHER,
    OF_CLAIM = 1 << KX_PAYLOAD_CLAIM,
    OF_REFUND = 1 << KX_PAYLOAD_REFUND,
    OF_REQUESTS = OF_DEPOSIT | OF_VOUCHER,
};

struct reading {
    struct kx_batch_settled *out;
    struct x402_settlement envelope;
    struct kx_reader root, kaspa; /* the envelope, and extensions.kaspa */
    uint32_t extension, state;
    uint8_t commitment[32];
    uint64_t charged;
    struct kaspa_outpoint payout, successor;
};

static bool fail_kaspa(const struct reading *t, const char *member, const char *what)
{
    return kx_read_fail(&t->kaspa, ASSAY_E_MISMATCH,
                        assay_json_member(t->kaspa.doc, t->extension, member), member, what);
}

static bool fail_root(const struct reading *t, const char *member, const char *what)
{
    return kx_read_fail(&t->root, ASSAY_E_MISMATCH, assay_json_member(t->root.doc, 0, member),
                        member, what);
}

/* The schema has judged the form of id and amount. */
static bool read_envelope(struct reading *t)
{
    struct kx_batch_settled *out = t->out;

    out->network = t->envelope.network;
    out->payer = t->envelope.payer;
    if (!t->envelope.success)
        return fail_root(t, "success", "is false: the payment failed");
    t->extension = assay_json_member(t->root.doc, t->envelope.extensions, "kaspa");
    if (t->extension == ASSAY_JSON_NONE)
        return fail_root(t, "extensions", "has no member kaspa");
    (void)!assay_hex_decode(out->id, sizeof(out->id), t->envelope.transaction, false);
    (void)!assay_decimal_u64(&out->amount, t->envelope.amount);
    return true;
}

/* What the schema leaves open: which of its members each type has. */
static bool read_members(struct reading *t)
{
    static const struct {
        struct kx_member member;
        unsigned types;
    } rows[] = {
        {{"commitmentId", KX_KIND_BYTES, KX_AT(struct reading, commitment), NULL, false},
         OF_REQUESTS},
        {{"chargedAmount", KX_KIND_AMOUNT, KX_AT(struct reading, charged), NULL, false},
         OF_REQUESTS},
        {{"channelState", KX_KIND_TOKEN, KX_AT(struct reading, state), NULL, false},
         OF_REQUESTS | OF_CLAIM},
        {{"claimOutpoint", KX_KIND_OUTPOINT, KX_AT(struct reading, payout), NULL, false}, OF_CLAIM},
        {{"continuationOutpoint", KX_KIND_OUTPOINT, KX_AT(struct reading, successor), NULL, false},
         OF_CLAIM},
    };
    static const struct {
        struct kx_member member;
        unsigned types;
    } settled[] = {
        {{"covenantId", KX_KIND_BYTES, KX_AT(struct kx_batch_settled, covenant_id), NULL, false},
         OF_REQUESTS | OF_CLAIM | OF_REFUND},
        {{"fundingAmount", KX_KIND_AMOUNT, KX_AT(struct kx_batch_settled, deposit), NULL, false},
         OF_DEPOSIT},
        {{"channelId", KX_KIND_BYTES, KX_AT(struct kx_batch_settled, channel_id), NULL, false},
         OF_REFUND},
        {{"refundAddress", KX_KIND_TEXT, KX_AT(struct kx_batch_settled, refund_address), NULL,
          false},
         OF_REFUND},
    };
    size_t first = t->out->binding->is_of_outpoint ? 1 : 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((rows[i].types & 1U << t->out->type) != 0 &&
            !kx_read_members(&t->kaspa, t->extension, &rows[i].member, 1, t))
            return false;
    for (size_t i = first; i < ARRAY_LEN(settled); i++)
        if ((settled[i].types & 1U << t->out->type) != 0 &&
            !kx_read_members(&t->kaspa, t->extension, &settled[i].member, 1, t->out))
            return false;
    return true;
}

static struct kx_accounts accounts_of(const struct kx_channel_state *state)
{
    return (struct kx_accounts){.funding = state->funding,
                                .authorized = state->authorized,
                                .charged = state->charged,
                                .claimed = state->claimed};
}

static bool read_state(struct reading *t)
{
    struct kx_batch_settled *out = t->out;
    struct kx_reader r = t->kaspa;
    enum kx_account_fault fault;
    struct kx_accounts accounts;

    if (out->type == KX_PAYLOAD_REFUND)
        return true;
    r.place = "extensions.kaspa.channelState";
    if (!kx_channel_state_read(&out->state, &r, out->binding, t->state))
        return false;
    accounts = accounts_of(&out->state);
    fault = kx_accounts_check(out->binding, &accounts);
    if (fault != KX_ACCOUNT_OK)
        return fail_kaspa(t, "channelState", kx_account_text(fault));
    if (!out->binding->is_of_outpoint &&
        !kaspa_hash_equal(&out->state.covenant_id, &out->covenant_id))
        return fail_kaspa(t, "covenantId", "is not that of channelState");
    return out->type != KX_PAYLOAD_DEPOSIT || out->deposit == out->state.funding ||
           fail_kaspa(t, "fundingAmount", "is not that of channelState");
}

/* The provider's output and the successor, by the one transaction that made both. */
static bool check_claim(struct reading *t)
{
    const struct kaspa_outpoint payout = claim_output(t->out, 0),
                                successor = claim_output(t->out, 1);

    if (t->out->type != KX_PAYLOAD_CLAIM)
        return true;
    if (!kaspa_outpoint_equal(&t->payout, &payout))
        return fail_kaspa(t, "claimOutpoint", "is not output 0 of the transaction");
    if (!kaspa_outpoint_equal(&t->successor, &successor))
        return fail_kaspa(t, "continuationOutpoint", "is not output 1 of the transaction");
    return kaspa_outpoint_equal(&t->out->state.outpoint, &successor) ||
           fail_kaspa(t, "channelState", "is not where the claim has left the channel");
}

static enum kx_local check_commitment(struct reading *t)
{
    if (!is_request(t->out->type))
        return KX_LOCAL_NONE;
    if (memcmp(t->commitment, t->out->id, sizeof(t->commitment)) != 0) {
        (void)fail_root(t, "transaction", "is not commitmentId");
        return KX_LOCAL_TRANSACTION;
    }
    if (t->charged == t->out->amount)
        return KX_LOCAL_NONE;
    (void)fail_kaspa(t, "chargedAmount", "is not the amount");
    return KX_LOCAL_SETTLEMENT;
}

enum kx_local kx_batch_settlement_read(struct kx_batch_settled *out, struct assay_arena *arena,
                                       const struct assay_json *doc,
                                       const struct kx_batch_binding *binding,
                                       enum kx_payload_type type, struct assay_err *err)
{
    struct kx_reader reader = {.doc = doc, .arena = arena, .place = "settlement", .err = err};
    struct reading t = {.out = out, .root = reader, .kaspa = reader};
    enum kx_local local = kx_settlement_check(&t.envelope, arena, doc, err);

    *out = (struct kx_batch_settled){.binding = binding, .type = type};
    out->refund_address = out->state.spk = ASSAY_LIT("");
    t.kaspa.place = "extensions.kaspa";
    if (local != KX_LOCAL_NONE)
        return local;
    if (kx_holds_no_signature(doc, err) != ASSAY_OK)
        return KX_LOCAL_SIGNATURE;
    if (!read_envelope(&t) || !read_members(&t) || !read_state(&t) || !check_claim(&t))
        return KX_LOCAL_SETTLEMENT;
    return check_commitment(&t);
}
