/* Transactions of a batch channel that are put together as they are asked to: what must come of it,
 * and what no builder may go along with. Source: Kaspa x402 batch digest, sections 8.4, 10, 15.2
 * and 17.1. */
#include "vectors/batch_base.h"

#include <stdio.h>

#define PLAN "batch.tx.plan"
#define BUILT(name, kinds, about, ...)                                                             \
    BATCH_ROW(name, kinds, 0, about, "ok", NULL, NULL, __VA_ARGS__)
/* It is refused before anything is put together. */
#define NO_PLAN(name, kinds, about, ...)                                                           \
    BATCH_ROW(name, kinds, 0, about, PLAN, NULL, NULL, __VA_ARGS__)
#define OUT(index, member) "transaction.outputs." index "." member
/* As in batch_value.c, and the same asked for. */
#define CLAIM_OF(amount, payout, rest, next)                                                       \
    {BATCH_SIGN, "amount", "'" amount "'"}, {BATCH_TX, OUT("0", "value"), "'" payout "'"},         \
        {BATCH_TX, OUT("1", "value"), "'" rest "'"},                                               \
        {BATCH_TX, OUT("1", "scriptPublicKey"), "'@lane:" next "'"},                               \
    {                                                                                              \
        BATCH_JUDGE, "amount", "'" amount "'"                                                      \
    }
#define CLAIM_BY(total)                                                                            \
    {BATCH_SIGN, "total", "'" total "'"}, {BATCH_SIGN, "voucherTotal", "'" total "'"},             \
    {                                                                                              \
        BATCH_JUDGE, "total", "'" total "'"                                                        \
    }

/* generation 0: kaspa-x402-escrow-v5 and -v2. */
static const struct vectors_batch_row rows[] = {
    BUILT("right", GCTR, "batch.tx.kind", BATCH_UNCHANGED),
    BUILT("with another fee", CTR, "batch.tx.fee", {BATCH_PLAN, "fee", "'3000000'"}),
    BUILT("without change", T, "batch.tx.outputs", {BATCH_PLAN, "amount", "'698000000'"}),
    BUILT("of two coins", GT, "batch.tx.inputs", {BATCH_PLAN, "amount", "'1000000000'"},
          {BATCH_PLAN, "funding.0.value", "'992000000'"},
          {BATCH_PLAN, "funding.1", "{'value': '10000000'}"}),
    BUILT("of all that is authorized", C, "batch.tx.claim.amount",
          {BATCH_PLAN, "amount", "'200000000'"}),
    BUILT("of the largest T", C, "batch.tx.claim.total", CLAIM_BY("9223372036854775807")),
    BUILT("of a head of which nothing is claimed", C, "batch.tx.successor.script",
          {BATCH_PLAN, "claimed", "'0'"}),
    BUILT("locked longer", R, "batch.tx.refund.lock-time", {BATCH_PLAN, "lockTime", "'1999999'"}),

    REFUSED("with a lock time of 1", GCT, "batch.tx.lock-time", "batch.lock_time_any",
            {BATCH_ASK, "lockTime", "'1'"}),
    REFUSED("with a sequence of 1", GCTR, "batch.tx.sequence", "batch.sequence_any",
            {BATCH_ASK, "sequence", "'1'"}),
    REFUSED("with a payload", GCTR, "batch.tx.payload", "batch.payload_any",
            {BATCH_ASK, "payload", "'00'"}),
    BUILT("with an empty payload", GCTR, "batch.tx.payload", {BATCH_ASK, "payload", "''"}),
    BUILT("with the state that it must have", C, "batch.tx.successor.script",
          {BATCH_ASK, "successorClaimed", "'" BATCH_NEXT "'"}),
    REFUSED("whose state is still S", C, "batch.tx.successor.script", "batch.successor_state_kept",
            {BATCH_ASK, "successorClaimed", "'" BATCH_CLAIMED "'"}),
    REFUSED("whose state is 0 again", CT, "batch.tx.successor.script", "batch.successor_state_kept",
            {BATCH_ASK, "successorClaimed", "'0'"}),
    REFUSED("whose state changes", T, "batch.tx.successor.script", "batch.successor_state_kept",
            {BATCH_ASK, "successorClaimed", "'100000001'"}),
    BUILT("by the script's timeout", R, "batch.channel.terms",
          {BATCH_JUDGE, "timeoutDaa", "'" BATCH_TIMEOUT "'"}),
    REFUSED("by a timeout that is not the script's", R, "batch.channel.terms", NULL,
            {BATCH_JUDGE, "timeoutDaa", "'1'"}),

    NO_PLAN("a score too early", R, "batch.tx.refund.lock-time",
            {BATCH_ASK, "lockTime", "'999999'"}),
    NO_PLAN("locked until a time", R, "batch.tx.refund.lock-time",
            {BATCH_ASK, "lockTime", "'500000000000'"}),
    NO_PLAN("of a T that is claimed", C, "batch.tx.claim.total", CLAIM_BY(BATCH_CLAIMED)),
    NO_PLAN("of a T of 2^63", C, "batch.tx.claim.total", CLAIM_BY("9223372036854775808")),
    NO_PLAN("of a sompi more than is authorized", C, "batch.tx.claim.amount",
            CLAIM_OF("200000001", "198000001", "699999999", "300000001")),
    NO_PLAN("of nothing", C, "batch.tx.claim.amount", {BATCH_JUDGE, "amount", "'0'"}),
    NO_PLAN("of all that there is", C, "batch.tx.claim.remainder", CLAIM_BY("1000000000"),
            CLAIM_OF("900000000", "898000000", "0", "1000000000")),
    NO_PLAN("whose fee is D", C, "batch.tx.payee.amount",
            {BATCH_JUDGE, "fee", "'" BATCH_AMOUNT "'"}),
    NO_PLAN("whose fee is all that there is", R, "batch.tx.payee.amount",
            {BATCH_JUDGE, "fee", "'" BATCH_VALUE "'"}),
    NO_PLAN("without coins", GT, "batch.tx.inputs", {BATCH_JUDGE, "funding", "[]"}),
    NO_PLAN("that adds nothing", GT, "batch.tx.successor.amount", {BATCH_JUDGE, "amount", "'0'"}),
    NO_PLAN("with change", G, "batch.tx.outputs", {BATCH_JUDGE, "funding.0.value", "'1102000000'"}),

    REFUSED("with a voucher of a stranger", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucher", "'stranger'"}),
    REFUSED("with a voucher of less", C, "batch.tx.signature.voucher", "batch.voucher_unverified",
            {BATCH_SIGN, "voucherTotal", "'299999999'"}),
    REFUSED("with a voucher of another lineage", C, "batch.tx.signature.voucher",
            "batch.voucher_unverified", {BATCH_SIGN, "voucherCovenantId", "'" BATCH_OTHER "'"}),
    REFUSED("whose provider is a stranger", C, "batch.tx.signature.provider",
            "batch.provider_unverified", {BATCH_SIGN, "provider", "'stranger'"}),
    REFUSED("whose provider signed with zeros", C, "batch.tx.signature.provider",
            "batch.provider_unverified", {BATCH_SIGN, "provider", "null"}),
    BATCH_ROW("whose provider is the client", T, 5, "batch.tx.signature.provider", NULL, NULL,
              "batch.provider_unverified", {BATCH_SIGN, "provider", "'client'"}),
    REFUSED("whose client is a stranger", TR, "batch.tx.signature.client",
            "batch.client_unverified", {BATCH_SIGN, "client", "'stranger'"}),
    REFUSED("whose client signed with zeros", TR, "batch.tx.signature.client",
            "batch.client_unverified", {BATCH_SIGN, "client", "null"}),
    REFUSED("funded by a stranger's signature", GT, "batch.tx.signature.funding",
            "batch.funding_unverified", {BATCH_SIGN, "funder", "'stranger'"}),
};

static void add_row(struct vectors *v, enum kx_batch_kind kind, int generation,
                    const struct vectors_batch_row *row)
{
    char name[128];

    (void)snprintf(name, sizeof(name), "%s, under v%d", row->name, generation);
    vectors_add_about(v, vectors_batch_builds[kind], name,
                      row->expected != NULL ? row->expected : row->about,
                      vectors_batch_build(v, generation, kind, row->patches), row->known,
                      row->about, row->guards);
}

void vectors_batch_add_builds(struct vectors *v, enum kx_batch_kind kind)
{
    static const int generations[] = {5, 2};

    for (size_t i = 0; i < ARRAY_LEN(rows) && v->err->code == ASSAY_OK; i++)
        for (size_t k = 0; k < ARRAY_LEN(generations); k++)
            if ((rows[i].kinds & 1U << kind) != 0 &&
                (rows[i].generation == 0 || rows[i].generation == generations[k]))
                add_row(v, kind, generations[k], &rows[i]);
}
