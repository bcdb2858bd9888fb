/* Transactions of a batch channel: what they pay, what they commit to, who signed them, and what
 * the chain says, rule by rule. Source: Kaspa x402 batch digest, sections 6.1, 8 to 11 and 16; B
 * names a row of its section 18. */
#include "vectors/batch_base.h"

#define BOUND "{'authorizingInput': 0, 'covenantId': '" BATCH_LINEAGE "'}"
#define OUT(index, member) "transaction.outputs." index "." member
/* A claim of another D, with all that follows from it. */
#define CLAIM_OF(amount, payout, rest, next)                                                       \
    {BATCH_SIGN, "amount", "'" amount "'"}, {BATCH_TX, OUT("0", "value"), "'" payout "'"},         \
        {BATCH_TX, OUT("1", "value"), "'" rest "'"},                                               \
    {                                                                                              \
        BATCH_TX, OUT("1", "scriptPublicKey"), "'@lane:" next "'"                                  \
    }
/* A claim by another T, which the client has signed. */
#define CLAIM_BY(total)                                                                            \
    {BATCH_SIGN, "total", "'" total "'"},                                                          \
    {                                                                                              \
        BATCH_SIGN, "voucherTotal", "'" total "'"                                                  \
    }

static const struct vectors_batch_row amounts[] = {
    HOLDS("of the largest T", C, "batch.tx.claim.total", CLAIM_BY("9223372036854775807")),
    REFUSED("B71: of a T of 2^63", C, "batch.tx.claim.total", "batch.total_unsigned",
            CLAIM_BY("9223372036854775808")),
    REFUSED("B02: of a T that is claimed", C, "batch.tx.claim.total", "batch.total_claimed",
            {BATCH_PLAN, "amount", "'50000000'"}, CLAIM_BY(BATCH_CLAIMED)),
    REFUSED("of a T below S", C, "batch.tx.claim.total", "batch.total_claimed",
            {BATCH_PLAN, "amount", "'50000000'"}, CLAIM_BY("99999999")),
    HOLDS("of all that is authorized", C, "batch.tx.claim.amount",
          {BATCH_PLAN, "amount", "'200000000'"}),
    REFUSED("of a sompi more than is authorized", C, "batch.tx.claim.amount", "batch.over_claim",
            CLAIM_OF("200000001", "198000001", "699999999", "300000001")),
    REFUSED("of nothing", C, "batch.tx.claim.amount", NULL,
            CLAIM_OF("0", "148000000", "900000000", "100000000")),
    REFUSED("B119: of all of T", C, "batch.tx.claim.amount", "batch.over_claim",
            CLAIM_OF("300000000", "298000000", "600000000", "400000000")),
    HOLDS("of all but what a successor must have", C, "batch.tx.claim.remainder",
          {BATCH_PLAN, "total", "'2000000000'"}, {BATCH_PLAN, "amount", "'800000000'"}),
    REFUSED("B68: of all that there is", C, "batch.tx.claim.remainder", "batch.drained",
            CLAIM_BY("1000000000"), CLAIM_OF("900000000", "898000000", "0", "1000000000")),
};

static const struct vectors_batch_row outputs[] = {
    REFUSED("B60: to a stranger", CR, "batch.tx.payee.script", "batch.payee_any",
            {BATCH_TX, OUT("0", "scriptPublicKey"), "'@spk:stranger'"}),
    REFUSED("B79: whose change goes to a stranger", T, "batch.tx.payee.script", "batch.payee_any",
            {BATCH_TX, OUT("1", "scriptPublicKey"), "'@spk:stranger'"}),
    REFUSED("B61: whose payee is in the lineage", CTR, "batch.tx.payee.unbound",
            "batch.payee_bound", {BATCH_TX, OUT("P", "covenant"), BOUND}),
    REFUSED("B67: that pays out a sompi more than D", C, "batch.tx.payee.amount",
            "batch.payout_above", {BATCH_TX, OUT("0", "value"), "'150000001'"}),
    REFUSED("that pays out more than there is", R, "batch.tx.payee.amount", "batch.payout_above",
            {BATCH_TX, OUT("0", "value"), "'900000001'"}),
    HOLDS("that pays out less", CR, "batch.tx.payee.amount", {BATCH_PLAN, "fee", "'9000000'"}),
    REFUSED("B62: whose successor is in no covenant", CT, "batch.tx.successor.covenant",
            "batch.successor_unbound", {BATCH_TX, OUT("S", "covenant"), "null"}),
    REFUSED("B64: whose outputs are swapped", C, "batch.tx.payee.script", NULL,
            {BATCH_TX, OUT("0", "value"), "'" BATCH_REST "'"},
            {BATCH_TX, OUT("0", "scriptPublicKey"), "'@lane:" BATCH_NEXT "'"},
            {BATCH_TX, OUT("0", "covenant"), BOUND},
            {BATCH_TX, OUT("1", "value"), "'" BATCH_PAYOUT "'"},
            {BATCH_TX, OUT("1", "scriptPublicKey"), "'@spk:merchant'"},
            {BATCH_TX, OUT("1", "covenant"), "null"}),
    REFUSED("whose successor is of another lineage", CT, "batch.tx.successor.covenant",
            "batch.successor_unbound",
            {BATCH_TX, OUT("S", "covenant.covenantId"), "'" BATCH_OTHER "'"}),
    REFUSED("whose successor is authorized by another input", T, "batch.tx.successor.covenant",
            "batch.successor_unbound", {BATCH_TX, OUT("0", "covenant.authorizingInput"), "1"}),
    REFUSED("B53: with another covenant id", G, "batch.tx.genesis.covenant-id",
            "batch.covenant_id_believed", {BATCH_SIGN, "genesisId", "'" BATCH_OTHER "'"}),
    REFUSED("in no covenant", G, "batch.tx.genesis.covenant-id", "batch.covenant_id_believed",
            {BATCH_TX, OUT("0", "covenant"), "null"}),
    REFUSED("B65: whose state is still S", C, "batch.tx.successor.script",
            "batch.successor_state_kept",
            {BATCH_TX, OUT("1", "scriptPublicKey"), "'@lane:" BATCH_CLAIMED "'"}),
    REFUSED("whose state is a sompi less", C, "batch.tx.successor.script",
            "batch.successor_state_kept",
            {BATCH_TX, OUT("1", "scriptPublicKey"), "'@lane:249999999'"}),
    REFUSED("B78: whose state changes", T, "batch.tx.successor.script",
            "batch.successor_state_kept",
            {BATCH_TX, OUT("0", "scriptPublicKey"), "'@lane:100000001'"}),
    REFUSED("whose state is reset", T, "batch.tx.successor.script", "batch.successor_state_kept",
            {BATCH_TX, OUT("0", "scriptPublicKey"), "'@lane:0'"}),
    REFUSED("B55: with something claimed", G, "batch.tx.successor.script",
            "batch.successor_state_kept", {BATCH_TX, OUT("0", "scriptPublicKey"), "'@lane:1'"}),
    REFUSED("whose successor is the client's own", CT, "batch.tx.successor.script",
            "batch.successor_state_kept", {BATCH_TX, OUT("S", "scriptPublicKey"), "'@spk:client'"}),
    REFUSED("B66: whose successor lacks a sompi", C, "batch.tx.successor.amount",
            "batch.successor_short", {BATCH_TX, OUT("1", "value"), "'749999999'"}),
    REFUSED("whose fee is the successor's", C, "batch.tx.successor.amount", "batch.successor_short",
            {BATCH_TX, OUT("0", "value"), "'" BATCH_AMOUNT "'"},
            {BATCH_TX, OUT("1", "value"), "'748000000'"}),
    REFUSED("B77: that adds nothing", T, "batch.tx.successor.amount", "batch.successor_short",
            {BATCH_TX, OUT("0", "value"), "'" BATCH_VALUE "'"},
            {BATCH_TX, OUT("1", "value"), "'698000000'"}),
    REFUSED("above 2^63 - 1", G, "batch.tx.successor.amount", NULL,
            {BATCH_TX, OUT("0", "value"), "'9223372036854775808'"}),
    HOLDS("that adds a tenth of a KAS", T, "batch.tx.successor.amount",
          {BATCH_PLAN, "amount", "'10000000'"}),
};

static const struct vectors_batch_row commitments[] = {
    HOLDS("with the largest fee", CTR, "batch.tx.fee", {BATCH_PLAN, "fee", "'100000000'"}),
    HOLDS("with the largest fee", G, "batch.tx.fee", {BATCH_PLAN, "fee", "'100000000'"},
          {BATCH_PLAN, "funding.0.value", "'1100000000'"}),
    REFUSED("with a fee above all that is allowed", CTR, "batch.tx.fee", "batch.fee_unbounded",
            {BATCH_PLAN, "fee", "'100000001'"}),
    REFUSED("with a fee above all that is allowed", G, "batch.tx.fee", "batch.fee_unbounded",
            {BATCH_PLAN, "fee", "'100000001'"}, {BATCH_PLAN, "funding.0.value", "'1100000001'"}),
    REFUSED("B88: with a fee above the signer's own bound", GCTR, "batch.tx.fee",
            "batch.fee_unbounded", {BATCH_JUDGE, "feeMax", "'1999999'"}),
    REFUSED("B113: with a storage mass of 1", GCTR, "batch.tx.storage-mass", "batch.mass_believed",
            {BATCH_JUDGE, "transaction.storageMass", "'1'"}),
    REFUSED("B113: with a budget of 1 more", GCTR, "batch.tx.compute-budget",
            "batch.budget_believed", {BATCH_TX, "transaction.inputs.0.computeBudget", "21"}),
    REFUSED("with a funding budget of 1 more", T, "batch.tx.compute-budget",
            "batch.budget_believed", {BATCH_TX, "transaction.inputs.1.computeBudget", "11"}),
};

#define TYPE(name, type)                                                                           \
    HOLDS(name, GCTR, "batch.tx.hash-type", {BATCH_SIGN, "providerType", type},                    \
          {BATCH_SIGN, "clientType", type}, {BATCH_SIGN, "fundingType", type})
#define NO_TYPE(name, type)                                                                        \
    REFUSED(name, CTR, "batch.tx.hash-type", "batch.hash_type_any", {BATCH_SIGN, "says", type}),   \
        REFUSED("its coin " name, GT, "batch.tx.hash-type", "batch.hash_type_any",                 \
                {BATCH_SIGN, "fundingSays", type})

static const struct vectors_batch_row signatures[] = {
    TYPE("signed NONE", "2"),
    TYPE("signed SINGLE", "4"),
    TYPE("signed ALL by anyone", "129"),
    TYPE("signed NONE by anyone", "130"),
    TYPE("signed SINGLE by anyone", "132"),
    NO_TYPE("B82: signed type 00", "0"),
    NO_TYPE("B82: signed type 03", "3"),
    NO_TYPE("B82: signed type 80", "128"),
    NO_TYPE("B82: signed type ff", "255"),
    REFUSED("with a voucher of a stranger", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucher", "'stranger'"}),
    REFUSED("with a voucher of the provider", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucher", "'server'"}),
    REFUSED("with a voucher of less", C, "batch.tx.signature.voucher", "batch.voucher_unverified",
            {BATCH_SIGN, "voucherTotal", "'299999999'"}),
    REFUSED("B04: with a voucher of mainnet", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucherNetwork", "'kaspa:mainnet'"}),
    REFUSED("B05: with a voucher of another lineage", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucherCovenantId", "'" BATCH_OTHER "'"}),
    REFUSED("B07: with a voucher of binding v2", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucherBinding", "'kaspa-escrow-v2'"}),
    REFUSED("with a voucher of binding v1", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucherBinding", "'kaspa-escrow-v1'"}),
    REFUSED("whose provider is a stranger", CT, "batch.tx.signature.provider",
            "batch.provider_unverified", {BATCH_SIGN, "provider", "'stranger'"}),
    REFUSED("B75: whose provider is the client", CT, "batch.tx.signature.provider",
            "batch.provider_unverified", {BATCH_SIGN, "provider", "'client'"}),
    REFUSED("B75: whose provider signed with zeros", CT, "batch.tx.signature.provider",
            "batch.provider_unverified", {BATCH_SIGN, "provider", "null"}),
    REFUSED("whose client is a stranger", TR, "batch.tx.signature.client",
            "batch.client_unverified", {BATCH_SIGN, "client", "'stranger'"}),
    REFUSED("whose client is the provider", TR, "batch.tx.signature.client",
            "batch.client_unverified", {BATCH_SIGN, "client", "'server'"}),
    REFUSED("whose client signed with zeros", TR, "batch.tx.signature.client",
            "batch.client_unverified", {BATCH_SIGN, "client", "null"}),
    REFUSED("B83: whose types are flipped", CT, "batch.tx.signature.provider", NULL,
            {BATCH_SIGN, "says", "129"}),
    REFUSED("B83: whose type is flipped", R, "batch.tx.signature.client", NULL,
            {BATCH_SIGN, "says", "129"}),
    REFUSED("funded by a stranger's signature", GT, "batch.tx.signature.funding",
            "batch.funding_unverified", {BATCH_SIGN, "funder", "'stranger'"}),
    REFUSED("funded with zeros", GT, "batch.tx.signature.funding", "batch.funding_unverified",
            {BATCH_SIGN, "funder", "null"}),
};

static const struct vectors_batch_row chain[] = {
    REFUSED("B84: at its very lock time", R, "batch.tx.refund.ready", "batch.refund_at_lock",
            {BATCH_JUDGE, "pov.daaScore", "'" BATCH_TIMEOUT "'"}),
    REFUSED("before its lock time", R, "batch.tx.refund.ready", NULL,
            {BATCH_JUDGE, "pov.daaScore", "'999999'"}),
    HOLDS("a score behind its lock time", R, "batch.tx.refund.ready",
          {BATCH_JUDGE, "pov.daaScore", "'1000001'"}),
    REFUSED("of dust", C, "batch.tx.consensus", NULL, {BATCH_PLAN, "fee", "'99999000'"},
            CLAIM_OF("100000000", "1000", "800000000", "200000000")),
    REFUSED("of dust", R, "batch.tx.consensus", NULL, {BATCH_TX, OUT("0", "value"), "'1000'"},
            {BATCH_JUDGE, "feeMax", "'" BATCH_VALUE "'"}),
    REFUSED("whose change is dust", T, "batch.tx.consensus", NULL,
            {BATCH_PLAN, "amount", "'697999000'"}),
    REFUSED("from a coinbase that is too young", G, "batch.tx.consensus", NULL,
            {BATCH_TX, "utxos.0.isCoinbase", "true"},
            {BATCH_TX, "utxos.0.blockDaaScore", "'1999999'"}),
};

void vectors_batch_add_values(struct vectors *v, enum kx_batch_kind kind)
{
    vectors_batch_add_rows(v, kind, amounts, ARRAY_LEN(amounts));
    vectors_batch_add_rows(v, kind, outputs, ARRAY_LEN(outputs));
    vectors_batch_add_rows(v, kind, commitments, ARRAY_LEN(commitments));
    vectors_batch_add_rows(v, kind, signatures, ARRAY_LEN(signatures));
    vectors_batch_add_rows(v, kind, chain, ARRAY_LEN(chain));
}
