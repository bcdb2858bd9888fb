/* Transactions of a batch channel: their form, what they spend and their witnesses, rule by rule;
 * and the kinds put together. Source: Kaspa x402 batch digest, sections 8 to 11 and 16; B names a
 * row of its section 18. */
#include "vectors/batch_base.h"

#include <stdio.h>

#define INPUT(txid)                                                                                \
    "{'previousOutpoint': {'transactionId': '" txid "', 'index': 0}, 'sequence': '0', "            \
    "'sigOpCount': 0, 'computeBudget': 10, 'signatureScript': ''}"
#define COIN(amount)                                                                               \
    "{'amount': '" amount "', 'scriptPublicKey': '@spk:client', 'blockDaaScore': '1000'}"
#define OUTPUT(value) "{'value': '" value "', 'scriptPublicKey': '@spk:client', 'covenant': null}"
#define V1_TEMPLATE                                                                                \
    {                                                                                              \
        BATCH_JUDGE, "channelConfig.templateId", "'kaspa-x402-escrow-v1'"                          \
    }

/* ---- the honest ones of every generation ---- */

#define GENERATION(number, kinds, known)                                                           \
    BATCH_ROW("of kaspa-x402-escrow-v" #number, kinds, number, "batch.tx.kind", "ok", known, NULL, \
              BATCH_UNCHANGED)

static const struct vectors_batch_row honest[] = {
    GENERATION(5, G, "{'amount': '" BATCH_DEPOSIT "', 'fee': '" BATCH_FEE "', 'relay': 'valid'}"),
    GENERATION(5, C,
               "{'total': '" BATCH_TOTAL "', 'amount': '" BATCH_AMOUNT "', 'payout': '" BATCH_PAYOUT
               "', 'fee': '" BATCH_FEE "', 'relay': 'valid'}"),
    GENERATION(5, T,
               "{'amount': '" BATCH_ADDED "', 'payout': '" BATCH_CHANGE "', 'relay': 'valid'}"),
    GENERATION(5, R, "{'payout': '" BATCH_REFUND "', 'fee': '" BATCH_FEE "', 'relay': 'valid'}"),
    GENERATION(4, GCTR, "{'relay': 'valid'}"),
    GENERATION(3, GCTR, "{'relay': 'valid'}"),
    GENERATION(2, GCTR, "{'relay': 'valid'}"),
    GENERATION(1, CR, "{'relay': 'valid'}"),
    REFUSED("to the script of a template without a lineage", G, "batch.tx.kind", "batch.kind_any",
            {BATCH_TX, "transaction.outputs.0.scriptPublicKey", "'@lane-v1:0'"}, V1_TEMPLATE),
    REFUSED("of a template without a lineage", GT, "batch.tx.kind", NULL, V1_TEMPLATE),
};

/* ---- what differs between the generations ---- */

#define OLD_SELECTOR(generation, kinds, guards, selector)                                          \
    BATCH_ROW("with the selector of another generation, under v" #generation, kinds, generation,   \
              "batch.tx.witness.selector", NULL, NULL, guards,                                     \
              {BATCH_SIGN, "selector", "'" selector "'"})
#define WEAK_TYPE(generation)                                                                      \
    BATCH_ROW("signed SINGLE, under v" #generation, CTR, generation, "batch.tx.hash-type", NULL,   \
              NULL, "batch.weak_type", {BATCH_SIGN, "providerType", "4"},                          \
              {BATCH_SIGN, "clientType", "4"})
#define WITHOUT_PROVIDER(generation)                                                               \
    BATCH_ROW("whose provider signed with zeros, under v" #generation, C, generation,              \
              "batch.tx.signature.provider", NULL, NULL, "batch.provider_unverified",              \
              {BATCH_SIGN, "provider", "null"})

static const struct vectors_batch_row generations[] = {
    OLD_SELECTOR(2, C, NULL, "0423959b42"),
    OLD_SELECTOR(2, R, NULL, "0417a2027b"),
    OLD_SELECTOR(3, T, "batch.selector_any", "04ae09679c"),
    OLD_SELECTOR(4, T, "batch.selector_any", "04525888a6"),
    OLD_SELECTOR(5, C, NULL, "00"),
    OLD_SELECTOR(5, T, "batch.selector_any", "04525888a6"),
    OLD_SELECTOR(5, R, NULL, "52"),
    WEAK_TYPE(2),
    WEAK_TYPE(3),
    WEAK_TYPE(4),
    WITHOUT_PROVIDER(1),
    WITHOUT_PROVIDER(2),
    WITHOUT_PROVIDER(3),
    WITHOUT_PROVIDER(4),
    BATCH_ROW("with a voucher of binding v3, under v3", C, 3, "batch.tx.signature.voucher", NULL,
              NULL, "batch.voucher_unverified",
              {BATCH_SIGN, "voucherBinding", "'kaspa-escrow-v3'"}),
    BATCH_ROW("with a voucher of binding v2, under v4", C, 4, "batch.tx.signature.voucher", NULL,
              NULL, "batch.voucher_unverified",
              {BATCH_SIGN, "voucherBinding", "'kaspa-escrow-v2'"}),
    BATCH_ROW("B116: with a voucher of another coin, under v1", C, 1, "batch.tx.signature.voucher",
              NULL, NULL, "batch.voucher_unverified", {BATCH_SIGN, "voucherIndex", "1"}),
    BATCH_ROW("with a covenant, under v1", C, 1, "batch.tx.successor.covenant", NULL, NULL,
              "batch.successor_unbound",
              {BATCH_TX, "transaction.outputs.1.covenant",
               "{'authorizingInput': 0, 'covenantId': '" BATCH_LINEAGE "'}"}),
    BATCH_ROW("at another channel's script, under v1", C, 1, "batch.tx.successor.script", NULL,
              NULL, "batch.successor_state_kept",
              {BATCH_TX, "transaction.outputs.1.scriptPublicKey", "'@spk:client'"}),
};

/* ---- form ---- */

static const struct vectors_batch_row forms[] = {
    REFUSED("of version 0", CR, "batch.tx.version", "batch.version_any",
            {BATCH_TX, "transaction.version", "0"},
            {BATCH_TX, "transaction.inputs.0.computeBudget", NULL},
            {BATCH_TX, "transaction.inputs.0.sigOpCount", "2"}),
    REFUSED("of version 2", GCTR, "batch.tx.version", "batch.version_any",
            {BATCH_TX, "transaction.version", "2"}),
    REFUSED("in a user's lane", GCTR, "batch.tx.subnetwork", "batch.subnetwork_any",
            {BATCH_TX, "transaction.subnetworkId", "'0300000000000000000000000000000000000000'"}),
    REFUSED("with gas", GCTR, "batch.tx.gas", "batch.gas_any",
            {BATCH_TX, "transaction.gas", "'1'"}),
    REFUSED("with a payload of a byte", GCTR, "batch.tx.payload", "batch.payload_any",
            {BATCH_TX, "transaction.payload", "'00'"}),
    REFUSED("B70: with another input", CR, "batch.tx.inputs", "batch.inputs_any",
            {BATCH_TX, "transaction.inputs.1", INPUT(BATCH_OTHER)},
            {BATCH_TX, "utxos.1", COIN("10000000")}),
    REFUSED("without funding", T, "batch.tx.inputs", NULL, {BATCH_TX, "transaction.inputs.1", NULL},
            {BATCH_TX, "utxos.1", NULL}),
    REFUSED("without inputs", GCTR, "batch.tx.inputs", NULL, {BATCH_TX, "transaction.inputs", "[]"},
            {BATCH_TX, "utxos", "[]"}),
    HOLDS("with two coins", GT, "batch.tx.inputs",
          {BATCH_PLAN, "funding.1", "{'value': '10000000'}"},
          {BATCH_PLAN, "funding.0.value", "'992000000'"}, {BATCH_PLAN, "amount", "'1000000000'"}),
    REFUSED("B51: with change", G, "batch.tx.outputs", "batch.outputs_any",
            {BATCH_TX, "transaction.outputs.1", OUTPUT("100000000")},
            {BATCH_TX, "utxos.0.amount", "'1102000000'"}),
    REFUSED("with a third output", C, "batch.tx.outputs", "batch.outputs_any",
            {BATCH_TX, "transaction.outputs.2", OUTPUT("60000000")},
            {BATCH_TX, "transaction.outputs.0.value", "'88000000'"}),
    REFUSED("with a third output", T, "batch.tx.outputs", "batch.outputs_any",
            {BATCH_TX, "transaction.outputs.2", OUTPUT("98000000")},
            {BATCH_TX, "transaction.outputs.1.value", "'100000000'"}),
    REFUSED("with a second output", R, "batch.tx.outputs", "batch.outputs_any",
            {BATCH_TX, "transaction.outputs.1", OUTPUT("98000000")},
            {BATCH_TX, "transaction.outputs.0.value", "'800000000'"}),
    HOLDS("without change", T, "batch.tx.outputs", {BATCH_PLAN, "amount", "'698000000'"}),
    REFUSED("with a sequence of 1", GCTR, "batch.tx.sequence", "batch.sequence_any",
            {BATCH_TX, "transaction.inputs.0.sequence", "'1'"}),
    REFUSED("with a final sequence", GCTR, "batch.tx.sequence", "batch.sequence_any",
            {BATCH_TX, "transaction.inputs.0.sequence", "'18446744073709551615'"}),
    REFUSED("whose coin has a sequence of 1", T, "batch.tx.sequence", "batch.sequence_any",
            {BATCH_TX, "transaction.inputs.1.sequence", "'1'"}),
    REFUSED("B69: with a lock time of 1", GCT, "batch.tx.lock-time", "batch.lock_time_any",
            {BATCH_TX, "transaction.lockTime", "'1'"}),
    REFUSED("B85: a score too early", R, "batch.tx.refund.lock-time", "batch.refund_early",
            {BATCH_TX, "transaction.lockTime", "'999999'"}),
    REFUSED("with a lock time of 0", R, "batch.tx.refund.lock-time", "batch.refund_early",
            {BATCH_TX, "transaction.lockTime", "'0'"}),
    REFUSED("B86: locked until a time", R, "batch.tx.refund.lock-time", "batch.refund_time",
            {BATCH_TX, "transaction.lockTime", "'500000000000'"}),
    HOLDS("locked longer", R, "batch.tx.refund.lock-time", {BATCH_PLAN, "lockTime", "'1999999'"}),
};

/* ---- what is spent ---- */

static const struct vectors_batch_row spends[] = {
    REFUSED("of another outpoint", CTR, "batch.tx.head", "batch.head_any",
            {BATCH_JUDGE, "head.outpoint.index", "1"}),
    REFUSED("B46: of the head before", CTR, "batch.tx.head", "batch.head_any",
            {BATCH_JUDGE, "head.outpoint.txid", "'" BATCH_OTHER "'"}),
    REFUSED("whose head is spent", CTR, "batch.tx.head.coin", NULL,
            {BATCH_JUDGE, "utxos.0", "null"}),
    REFUSED("whose head has another value", CTR, "batch.tx.head.coin", NULL,
            {BATCH_TX, "utxos.0.amount", "'900000001'"}),
    REFUSED("whose head has another script", CTR, "batch.tx.head.coin", NULL,
            {BATCH_TX, "utxos.0.scriptPublicKey", "'@lane:100000001'"}),
    REFUSED("whose head is of another lineage", CTR, "batch.tx.head.coin", "batch.coin_believed",
            {BATCH_TX, "utxos.0.covenantId", "'" BATCH_OTHER "'"}),
    REFUSED("whose head is of none", CTR, "batch.tx.head.coin", "batch.coin_believed",
            {BATCH_TX, "utxos.0.covenantId", NULL}),
    REFUSED("funded by a script", GT, "batch.tx.funding", NULL,
            {BATCH_TX, "utxos.F.scriptPublicKey", "'@lane:0'"}),
    REFUSED("funded by an ECDSA key", GT, "batch.tx.funding", NULL,
            {BATCH_TX, "utxos.F.scriptPublicKey", "'@ecdsa:client'"}),
    REFUSED("funded out of a covenant", GT, "batch.tx.funding", "batch.funding_bound",
            {BATCH_TX, "utxos.F.covenantId", "'" BATCH_OTHER "'"}),
    REFUSED("funded by a coin that is not there", GT, "batch.tx.funding", NULL,
            {BATCH_JUDGE, "utxos.F", "null"}),
    HOLDS("funded by somebody else", GT, "batch.tx.funding",
          {BATCH_TX, "utxos.F.scriptPublicKey", "'@spk:stranger'"},
          {BATCH_SIGN, "funder", "'stranger'"}),
};

/* ---- the witness ---- */

static const struct vectors_batch_row witnesses[] = {
    REFUSED("B72: with totals of 7 bytes", C, "batch.tx.witness.arguments", NULL,
            {BATCH_SIGN, "width", "7"}),
    REFUSED("B72: with a signature without its type", CTR, "batch.tx.witness.arguments", NULL,
            {BATCH_SIGN, "says", "-1"}),
    REFUSED("with a signature pushed in a longer form", CTR, "batch.tx.witness.arguments",
            "batch.push_any_form", {BATCH_SIGN, "long", "true"}),
    REFUSED("with a witness of nothing", CTR, "batch.tx.witness.arguments", NULL,
            {BATCH_JUDGE, "transaction.inputs.0.signatureScript", "''"}),
    REFUSED("B73: with a selector of zeros", CTR, "batch.tx.witness.selector", "batch.selector_any",
            {BATCH_SIGN, "selector", "'0400000000'"}),
    REFUSED("with the selector of another path", CT, "batch.tx.witness.selector",
            "batch.selector_any", {BATCH_SIGN, "selector", "'0417a2027b'"}),
    REFUSED("with the selector of another path", R, "batch.tx.witness.selector",
            "batch.selector_any", {BATCH_SIGN, "selector", "'0423959b42'"}),
    REFUSED("with the redeem script of another state", CTR, "batch.tx.witness.redeem",
            "batch.redeem_believed", {BATCH_SIGN, "redeem", "'@redeem:0'"}),
    REFUSED("with a redeem script that lets everybody spend", CTR, "batch.tx.witness.redeem",
            "batch.redeem_believed", {BATCH_SIGN, "redeem", "'51'"}),
    REFUSED("B74: with a push behind the redeem script", CTR, "batch.tx.witness.redeem",
            "batch.redeem_believed", {BATCH_SIGN, "rest", "'51'"}),
};

/* ---- the kinds ---- */

void vectors_batch_add_forms(struct vectors *v, enum kx_batch_kind kind)
{
    vectors_batch_add_rows(v, kind, honest, ARRAY_LEN(honest));
    vectors_batch_add_rows(v, kind, generations, ARRAY_LEN(generations));
    vectors_batch_add_rows(v, kind, forms, ARRAY_LEN(forms));
    vectors_batch_add_rows(v, kind, spends, ARRAY_LEN(spends));
    vectors_batch_add_rows(v, kind, witnesses, ARRAY_LEN(witnesses));
}

static bool has_accepted(const json_t *cases, const char *rule)
{
    const json_t *one;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)cases, i, one)
        if (json_object_get(one, "ok") != NULL &&
            strcmp(json_string_value(json_object_get(one, "about")), rule) == 0)
            return true;
    return false;
}

/* Of a rule that a right transaction has no choice in: another coin, and so another transaction. */
static void add_right(struct vectors *v, enum kx_batch_kind kind, enum kx_batch_tx_rule rule)
{
    char name[96], txid[67];
    const struct vectors_batch_row row = {
        .name = name,
        .kinds = 1U << kind,
        .about = kx_batch_tx_rules[rule].id,
        .expected = "ok",
        .known = "{'relay': 'valid'}",
        .patches = {{BATCH_PLAN, "txid", txid}},
    };

    (void)snprintf(name, sizeof(name), "right, for %s", row.about);
    (void)snprintf(txid, sizeof(txid), "'%064x'", 0x1000U + (unsigned)rule);
    vectors_batch_add_rows(v, kind, &row, 1);
}

static void add_kind(struct vectors *v, enum kx_batch_kind kind)
{
    vectors_batch_add_forms(v, kind);
    vectors_batch_add_values(v, kind);
    for (int i = 0; i < KX_BATCH_TX__COUNT && v->err->code == ASSAY_OK; i++) {
        const struct kx_batch_tx_rule_row *rule = &kx_batch_tx_rules[i];

        if ((rule->kinds & 1U << kind) != 0 &&
            !has_accepted(json_object_get(v->cases, vectors_batch_verifies[kind]), rule->id))
            add_right(v, kind, (enum kx_batch_tx_rule)i);
    }
    vectors_batch_add_builds(v, kind);
}

void vectors_batch_genesis(struct vectors *v)
{
    add_kind(v, KX_BATCH_GENESIS);
}

void vectors_batch_claim(struct vectors *v)
{
    add_kind(v, KX_BATCH_CLAIM);
}

void vectors_batch_top_up(struct vectors *v)
{
    add_kind(v, KX_BATCH_TOP_UP);
}

void vectors_batch_refund(struct vectors *v)
{
    add_kind(v, KX_BATCH_REFUND);
}
