/* Settlement responses, written and checked; see settlement.h. */
#include "kaspa_x402/settlement.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "base/sig.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"

#include <assert.h>

/* ---- written ---- */

static const char *template_of(enum kx_profile profile)
{
    return profile == KX_ADDITIVE ? KX_TEMPLATE_ADDITIVE : KX_TEMPLATE_HASH_CHAIN;
}

static void write_head(struct assay_buf *out, const struct kx_head *head)
{
    kx_write_hex32(out, "headId", head->id);
    kx_write_outpoint(out, "headOutpoint", &head->outpoint);
    kx_write_decimal(out, "headVersion", head->version);
}

/* In ascending order; what only some profiles have stands where it belongs. */
static void write_extension(struct assay_buf *out, const struct kx_settled *settled)
{
    const struct kx_terms *terms = settled->terms;
    bool is_hash_chain = terms->profile == KX_HASH_CHAIN;
    bool has_head = terms->profile != KX_STANDARD_NATIVE;

    assay_buf_add_byte(out, '{');
    if (is_hash_chain)
        kx_write_hex32(out, "covenantId", terms->covenant_id);
    kx_write_str(out, "exactProfile", kx_profile_name(terms->profile));
    kx_write_str(out, "finality", kx_finality_name(settled->finality));
    if (is_hash_chain)
        kx_write_hex32(out, "grantId", terms->grant_id);
    if (has_head)
        write_head(out, &terms->head);
    kx_write_number(out, "paymentOutputIndex", settled->output_index);
    kx_write_str(out, "requestHash", settled->fingerprint);
    if (has_head)
        kx_write_str(out, "templateId", template_of(terms->profile));
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    assay_buf_add_byte(out, '}');
}

void kx_payer_text(char *out, enum kaspa_network network, const uint8_t *payer)
{
    struct kaspa_address address = {
        .network = network, .version = KASPA_ADDRESS_PUBKEY, .payload_len = ASSAY_XONLY_BYTES};

    memcpy(address.payload, payer, ASSAY_XONLY_BYTES);
    kaspa_address_encode(out, &address);
}

static void write_payer(struct assay_buf *out, const struct kx_settled *settled)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];

    kx_payer_text(text, settled->terms->network, settled->payer);
    kx_write_str(out, "payer", text);
}

void kx_settlement_write(struct assay_buf *out, const struct kx_settled *settled)
{
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "amount", settled->terms->amount_text);
    kx_write_name(out, "extensions");
    assay_buf_add_byte(out, '{');
    kx_write_name(out, "kaspa");
    write_extension(out, settled);
    assay_buf_add_byte(out, '}');
    kx_write_text(out, "network", settled->terms->network_text);
    if (settled->payer != NULL)
        write_payer(out, settled);
    kx_write_name(out, "success");
    assay_buf_add_str(out, "true");
    kx_write_str(out, "transaction", settled->transaction_id);
    assay_buf_add_byte(out, '}');
}

void kx_settlement_write_failure(struct assay_buf *out, enum kx_wire reason,
                                 struct assay_bytes network)
{
    assert(reason != KX_WIRE_NONE);
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "errorReason", kx_wire_text(reason));
    if (network.len > 0)
        kx_write_text(out, "network", network);
    kx_write_name(out, "success");
    assay_buf_add_str(out, "false");
    kx_write_str(out, "transaction", "");
    assay_buf_add_byte(out, '}');
}

/* ---- checked ---- */

struct checking {
    const struct x402_settlement *settlement;
    struct kx_reader root, kaspa; /* the envelope, and extensions.kaspa */
    uint32_t extension;           /* or NONE */
};

static bool fail_root(const struct checking *c, const char *member, const char *what)
{
    return kx_read_fail(&c->root, ASSAY_E_MALFORMED, assay_json_member(c->root.doc, 0, member),
                        member, what);
}

static bool has(const struct checking *c, const char *member)
{
    return assay_json_member(c->root.doc, 0, member) != ASSAY_JSON_NONE;
}

static bool says(const struct checking *c, const char *member)
{
    return assay_json_member(c->kaspa.doc, c->extension, member) != ASSAY_JSON_NONE;
}

static bool check_transaction(const struct checking *c)
{
    uint8_t id[KASPA_HASH_BYTES];
    struct assay_bytes text = c->settlement->transaction;

    if ((text.len == 0 && !c->settlement->success) ||
        assay_hex_decode(id, sizeof(id), text, false) == ASSAY_OK)
        return true;
    return fail_root(c, "transaction", "is no transaction id");
}

static bool check_envelope(const struct checking *c)
{
    const struct x402_settlement *s = c->settlement;
    enum kaspa_network network;
    uint64_t amount;

    if (has(c, "extra"))
        return fail_root(c, "extra", "is not allowed");
    if (has(c, "network") && !kx_network_find(&network, s->network))
        return fail_root(c, "network", "is no network's canonical name");
    if (has(c, "amount") && assay_decimal_u64(&amount, s->amount) != ASSAY_OK)
        return fail_root(c, "amount", "is no canonical 64-bit decimal");
    if (s->success && !has(c, "amount"))
        return fail_root(c, "amount", "is missing from a success");
    if (!s->success && !has(c, "errorReason"))
        return fail_root(c, "errorReason", "is missing from a failure");
    return true;
}

/* A text that is one of a list, the last of which is NULL; or absent. */
static bool check_word(const struct checking *c, const char *member, const char *const *words)
{
    uint32_t token = assay_json_member(c->kaspa.doc, c->extension, member);

    if (token == ASSAY_JSON_NONE)
        return true;
    for (; *words != NULL; words++) {
        if (assay_json_string_is(c->kaspa.doc, token, *words))
            return true;
    }
    return kx_read_fail(&c->kaspa, ASSAY_E_UNKNOWN, token, member, "is not known");
}

static bool check_words(const struct checking *c)
{
    static const char *const finalities[] = {"mempool", "accepted", "confirmed", NULL};
    static const char *const profiles[] = {"standard-native", "additive", "hash-chain-additive",
                                           NULL};
    static const char *const templates[] = {KX_TEMPLATE_ADDITIVE, KX_TEMPLATE_HASH_CHAIN, NULL};

    return check_word(c, "finality", finalities) && check_word(c, "exactProfile", profiles) &&
           check_word(c, "templateId", templates);
}

struct extension {
    uint64_t output_index, charged, funding, head_version;
    uint8_t hash[KASPA_HASH_BYTES], covenant_id[KASPA_HASH_BYTES];
    struct assay_bytes refund_address;
    struct kaspa_outpoint outpoint;
};

/* The form of what is there; hashes are read over each other, and outpoints. */
static bool check_members(const struct checking *c, struct extension *out)
{
    static const struct kx_member members[] = {
        {"paymentOutputIndex", KX_KIND_U32, KX_AT(struct extension, output_index), NULL, true},
        {"requestHash", KX_KIND_BYTES, KX_AT(struct extension, hash), NULL, true},
        {"transactionEncoding", KX_KIND_CONST, 0, 0, KX_ENCODING, true},
        {"headId", KX_KIND_BYTES, KX_AT(struct extension, hash), NULL, true},
        {"headVersion", KX_KIND_AMOUNT, KX_AT(struct extension, head_version), NULL, true},
        {"grantId", KX_KIND_BYTES, KX_AT(struct extension, hash), NULL, true},
        {"commitmentId", KX_KIND_BYTES, KX_AT(struct extension, hash), NULL, true},
        {"channelId", KX_KIND_BYTES, KX_AT(struct extension, hash), NULL, true},
        {"covenantId", KX_KIND_BYTES, KX_AT(struct extension, covenant_id), NULL, true},
        {"chargedAmount", KX_KIND_AMOUNT, KX_AT(struct extension, charged), NULL, true},
        {"fundingAmount", KX_KIND_AMOUNT, KX_AT(struct extension, funding), NULL, true},
        {"refundAddress", KX_KIND_TEXT, KX_AT(struct extension, refund_address), NULL, true},
        {"headOutpoint", KX_KIND_OUTPOINT, KX_AT(struct extension, outpoint), NULL, true},
        {"claimOutpoint", KX_KIND_OUTPOINT, KX_AT(struct extension, outpoint), NULL, true},
        {"continuationOutpoint", KX_KIND_OUTPOINT, KX_AT(struct extension, outpoint), NULL, true},
    };
    static const uint8_t zeros[KASPA_HASH_BYTES];

    if (!kx_read_members(&c->kaspa, c->extension, members, ARRAY_LEN(members), out))
        return false;
    if (says(c, "covenantId") && memcmp(out->covenant_id, zeros, sizeof(zeros)) == 0)
        return kx_read_fail(&c->kaspa, ASSAY_E_MALFORMED, c->extension, "covenantId", "is zero");
    if (out->charged > INT64_MAX || out->funding > INT64_MAX)
        return kx_read_fail(&c->kaspa, ASSAY_E_RANGE, c->extension,
                            out->charged > INT64_MAX ? "chargedAmount" : "fundingAmount",
                            "is above 2^63-1");
    return check_words(c);
}

static bool is_of_channel(const struct checking *c)
{
    static const char *const members[] = {
        "commitmentId", "chargedAmount", "fundingAmount",        "channelState", "channelId",
        "covenantId",   "claimOutpoint", "continuationOutpoint", "refundAddress"};
    size_t i = 0;

    while (i < ARRAY_LEN(members) && !says(c, members[i]))
        i++;
    return i < ARRAY_LEN(members);
}

/* Side effects of the schema (section 3.5, 24.18): members of channels and covenants are of
 * testnet-10 alone, and make the amount one of 63 bits. */
static bool check_side_effects(const struct checking *c)
{
    const struct x402_settlement *s = c->settlement;
    uint64_t amount = 0;

    if (!is_of_channel(c))
        return true;
    if (has(c, "network") && !assay_bytes_is(s->network, KX_NETWORK_TESTNET))
        return fail_root(c, "network", "does not go with members of a channel or covenant");
    if (has(c, "amount") &&
        (assay_decimal_u64(&amount, s->amount) != ASSAY_OK || amount > INT64_MAX))
        return fail_root(c, "amount", "passes 2^63-1 beside members of a channel or covenant");
    return true;
}

/* What a success names of its commitment goes together. */
static bool check_commitment(const struct checking *c)
{
    static const char *const together[] = {"commitmentId", "chargedAmount", "channelState"};
    uint32_t state = assay_json_member(c->kaspa.doc, c->extension, "channelState");

    if (state != ASSAY_JSON_NONE && assay_json_type(c->kaspa.doc, state) != ASSAY_JSON_OBJECT)
        return kx_read_fail(&c->kaspa, ASSAY_E_TYPE, state, "channelState", "is no object");
    if (!c->settlement->success || (!says(c, "commitmentId") && !says(c, "fundingAmount")))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(together); i++) {
        if (!says(c, together[i]))
            return kx_read_fail(&c->kaspa, ASSAY_E_MISSING, c->extension, together[i],
                                "is missing beside a commitment or a funding amount");
    }
    return true;
}

static bool check_extension(struct checking *c)
{
    struct extension read = {.refund_address = ASSAY_LIT("")};

    c->extension = assay_json_member(c->root.doc, c->settlement->extensions, "kaspa");
    if (c->extension == ASSAY_JSON_NONE)
        return true;
    if (assay_json_type(c->root.doc, c->extension) != ASSAY_JSON_OBJECT)
        return kx_read_fail(&c->kaspa, ASSAY_E_TYPE, c->extension, "kaspa", "is no object");
    return check_members(c, &read) && check_side_effects(c) && check_commitment(c);
}

static bool is_no_text(const struct assay_json *doc, uint32_t token)
{
    return token != ASSAY_JSON_NONE && assay_json_type(doc, token) != ASSAY_JSON_STRING;
}

enum kx_local kx_settlement_check(struct x402_settlement *out, struct assay_arena *arena,
                                  const struct assay_json *doc, struct assay_err *err)
{
    struct kx_reader reader = {.doc = doc, .arena = arena, .place = "settlement", .err = err};
    struct checking c = {.settlement = out, .root = reader, .kaspa = reader};

    c.kaspa.place = "extensions.kaspa";
    if (x402_settlement_read(out, arena, doc, err) != X402_FAULT_NONE)
        return is_no_text(doc, assay_json_member(doc, 0, "transaction")) ? KX_LOCAL_TRANSACTION
                                                                         : KX_LOCAL_SETTLEMENT;
    if (!check_transaction(&c))
        return KX_LOCAL_TRANSACTION;
    return check_envelope(&c) && check_extension(&c) ? KX_LOCAL_NONE : KX_LOCAL_SETTLEMENT;
}
