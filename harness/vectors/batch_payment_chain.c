/* Requests that are paid on a channel: what the store and the chain say of its head, and what was
 * committed last. Source: Kaspa x402 batch digest, sections 6.1, 7, 8.5, 9.1, 10 and 12; B names a
 * row of its section 18. */
#include "vectors/batch_pay.h"

#define V PAY_VOUCHER
#define D PAY_DEPOSIT
#define S PAY_SAME
#define T PAY_TOP_UP
#define H64 "'abababababababababababababababababababababababababababababababab'"
#define ZEROS "'0000000000000000000000000000000000000000000000000000000000000000'"
#define OTHER "'" BATCH_OTHER "'"
#define OUTPOINT "{'txid': " H64 ", 'index': 0}"
#define EVIDENCE "sight.evidence."
#define COIN "sight.coin."
#define BIRTH "sight.birth."

/* ---- the head ---- */

#define CLAIM "batch.channel.claim"
#define CONFIRMED "batch.head.confirmed"
#define REFUND "batch.refund.window"
#define THERE "batch.head.exists"
#define BOUND "batch.head.lineage"
#define SCRIPT "batch.head.script"
#define AMOUNT "batch.head.amount"
#define ABSENT                                                                                     \
    "{'status': 'absent', 'transactionId': "                                                       \
    "'4444444444444444444444444444444444444444444444444444444444444444', 'reason': 'it is not "    \
    "valid', 'proof': {'kind': 'consensus-rejection', 'rejectedTransactionId': "                   \
    "'4444444444444444444444444444444444444444444444444444444444444444', 'rejectionCode': "        \
    "'INVALID_SCRIPT', 'checkpoint': {'blockHash': " H64                                           \
    ", 'blueScore': '1500', 'daaScore': '900000'}}}"
#define UNKNOWN                                                                                    \
    "{'status': 'unknown', 'transactionId': "                                                      \
    "'4444444444444444444444444444444444444444444444444444444444444444', 'reason': 'the node "     \
    "does "                                                                                        \
    "not answer'}"

static const struct vectors_pay_row heads[] = {
    TAKEN("no claim under way", V, CLAIM, {PAY_JUDGE, "channel.claiming", "false"}),
    NOT("B34: a claim under way", V, CLAIM, NULL, {PAY_JUDGE, "channel.claiming", "true"}),
    NOT("B34: a claim under way beside a top-up", T, CLAIM, NULL,
        {PAY_JUDGE, "channel.claiming", "true"}),

    TAKEN("with 31 of 30 confirmations", V, CONFIRMED,
          {PAY_JUDGE, EVIDENCE "confirmationCount", "'31'"}),
    TAKEN("with the one confirmation that is asked for", V, CONFIRMED,
          {PAY_JUDGE, EVIDENCE "confirmationCount", "'1'"},
          {PAY_JUDGE, "policy", "{'confirmations': '1'}"}),
    NOT("B48: with 29 of 30 confirmations", V, CONFIRMED, "batch.unconfirmed",
        {PAY_JUDGE, EVIDENCE "confirmationCount", "'29'"}),
    NOT("B48: a deposit with 29 of 30 confirmations", D, CONFIRMED, "batch.unconfirmed",
        {PAY_JUDGE, EVIDENCE "confirmationCount", "'29'"}),
    NOT("B49: with 3 of 30 confirmations, 500 by blue score", V, CONFIRMED, "batch.unconfirmed",
        {PAY_JUDGE, EVIDENCE "confirmationCount", "'3'"}),
    NOT("B50: with 30 up to the accepting block itself", V, CONFIRMED, NULL,
        {PAY_JUDGE, EVIDENCE "checkpoint.blockHash",
         "'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1'"},
        {PAY_JUDGE, EVIDENCE "checkpoint.blueScore", "'1000'"}),
    NOT("with a checkpoint before the accepting block", V, CONFIRMED, NULL,
        {PAY_JUDGE, EVIDENCE "checkpoint.blueScore", "'999'"}),
    NOT("with evidence of another transaction", V, CONFIRMED, NULL,
        {PAY_JUDGE, EVIDENCE "transactionId", H64}),
    NOT("made by what was rejected", V, CONFIRMED, NULL, {PAY_JUDGE, "sight.evidence", ABSENT}),
    OPEN("with no evidence", V, CONFIRMED, {PAY_JUDGE, "sight.evidence", NULL}),
    OPEN("with evidence of nothing", V, CONFIRMED, {PAY_JUDGE, "sight.evidence", UNKNOWN}),
    OPEN("before the chain was asked", V, CONFIRMED, {PAY_JUDGE, "sight", NULL}),

    TAKEN("B89: a score before the lead", V, REFUND, {PAY_JUDGE, "sight.daaScore", "'998999'"}),
    TAKEN("at the horizon", V, REFUND, {PAY_JUDGE, "policy", "{'horizonDaa': '100000'}"}),
    TAKEN("a score before the refund, without a lead", V, REFUND,
          {PAY_JUDGE, "policy", "{'refundLeadDaa': '0'}"},
          {PAY_JUDGE, "sight.daaScore", "'999999'"}),
    NOT("B89: at the lead", V, REFUND, "batch.refund_lead batch.refund_ignored",
        {PAY_JUDGE, "sight.daaScore", "'999000'"}),
    NOT("B89: a deposit at the lead", D, REFUND, "batch.refund_lead batch.refund_ignored",
        {PAY_JUDGE, "sight.daaScore", "'999000'"}),
    NOT("when the refund opens", V, REFUND, "batch.refund_ignored",
        {PAY_JUDGE, "sight.daaScore", "'1000000'"}),
    NOT("behind the horizon", V, REFUND, "batch.refund_ignored",
        {PAY_JUDGE, "policy", "{'horizonDaa': '99999'}"}),
    OPEN("at no known score", V, REFUND, {PAY_JUDGE, "sight.daaScore", NULL}),

    TAKEN("of a coin of the first block", V, THERE, {PAY_JUDGE, COIN "blockDaaScore", "'0'"}),
    NOT("of a coin that is spent", V, THERE, NULL, {PAY_JUDGE, "sight.coin", "null"}),
    NOT("a deposit of no coin", D, THERE, NULL, {PAY_JUDGE, "sight.coin", "null"}),
    NOT("a top-up of no coin", T, THERE, NULL, {PAY_JUDGE, "sight.coin", "null"}),

    TAKEN("of another lineage, in store and chain", V, BOUND, {PAY_PLAN, "head.covenantId", H64}),
    NOT("of a coin in no covenant", V, BOUND, "batch.coin_unbound",
        {PAY_JUDGE, COIN "covenantId", NULL}),
    NOT("of a coin in another covenant", V, BOUND, "batch.coin_unbound",
        {PAY_JUDGE, COIN "covenantId", OTHER}),
    NOT("B06: of a coin in the covenant of zeros", V, BOUND, "batch.coin_unbound",
        {PAY_JUDGE, COIN "covenantId", ZEROS}),

    PAY_ROW("of the coin after a claim", V, 5, SCRIPT, "ok", NULL, NULL, "batch.script_state",
            PAY_UNCHANGED),
    NOT("of a coin with the script before the claim", V, SCRIPT, NULL,
        {PAY_JUDGE, COIN "scriptPublicKey", "'@lane:0'"}),
    NOT("of a coin with the script of v4", V, SCRIPT, NULL,
        {PAY_JUDGE, COIN "scriptPublicKey", "'@lane-v4:17000000'"}),
    NOT("of a stranger's coin", D, SCRIPT, NULL,
        {PAY_JUDGE, COIN "scriptPublicKey", "'@spk:client'"}),

    TAKEN("of a coin that is worth more than the deposit", V, AMOUNT,
          {PAY_PLAN, "head.value", "'90000001'"}),
    NOT("of a coin that lacks a sompi", V, AMOUNT, "batch.funding_believed",
        {PAY_JUDGE, COIN "amount", "'89999999'"}),
    NOT("a deposit that lacks a sompi of what it says", D, AMOUNT, "batch.funding_believed",
        {PAY_JUDGE, COIN "amount", "'89999999'"}, {PAY_JUDGE, BIRTH "output.value", "'90000000'"}),
};

/* ---- a deposit ---- */

#define ESCROW "batch.deposit.escrow"
#define MINIMUM "batch.deposit.minimum"
#define GENESIS "batch.deposit.genesis"
#define TOP_UP "batch.deposit.top-up"
#define AT_GENESIS(name, member, value, guards)                                                    \
    NOT(name, D, GENESIS, guards, {PAY_JUDGE, BIRTH member, value})
#define AT_TOP_UP(name, member, value, guards)                                                     \
    NOT(name, T, TOP_UP, guards, {PAY_JUDGE, BIRTH member, value})

static const struct vectors_pay_row deposits[] = {
    TAKEN("with an opaque transaction", D, ESCROW,
          {PAY_SENT, "payload.fundingTransaction", "'00'"}),
    NOT("B55: with a script that has claimed a sompi", D, ESCROW, NULL,
        {PAY_SENT, "payload.activeScriptPublicKey", "'@lane:1'"}),
    NOT("B56: with the script of v4", D, ESCROW, NULL,
        {PAY_SENT, "payload.activeScriptPublicKey", "'@lane-v4:0'"}),
    NOT("at another address", D, ESCROW, "batch.escrow_believed",
        {PAY_SENT, "payload.escrowAddress", "'@address:client'"}),
    NOT("B47: a top-up with the script before the claim", T, ESCROW, NULL,
        {PAY_SENT, "payload.activeScriptPublicKey", "'@lane:0'"}),
    NOT("B47: a top-up to the script before the claim", T, SCRIPT, "batch.escrow_believed",
        {PAY_PLAN, "script", "'@lane:0'"}),

    TAKEN("of no less than the smallest", D, MINIMUM,
          {PAY_OFFER, "accepts.0.extra.minDepositSompi", "'90000000'"}),
    NOT("B15: a sompi less than the smallest", D, MINIMUM, "batch.deposit_any",
        {PAY_PLAN, "head.value", "'89999999'"}),

    TAKEN("accepted as its coin is, told again", D, GENESIS,
          {PAY_JUDGE, BIRTH "evidence",
           "{'status': 'accepted', 'transactionId': "
           "'6666666666666666666666666666666666666666666666666666666666666666', "
           "'acceptingBlockHash': "
           "'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', "
           "'acceptingBlockBlueScore': '1000', 'confirmationCount': '30', 'checkpoint': "
           "{'blockHash': 'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', "
           "'blueScore': '1500', 'daaScore': '900000'}}"}),
    AT_GENESIS("B51: a genesis with change", "outputs", "2", "batch.genesis_outputs"),
    AT_GENESIS("B52: a genesis of two heads", "authorized", "2", NULL),
    AT_GENESIS("a genesis of no head", "authorized", "0", "batch.coin_unbound"),
    AT_GENESIS("B54: a genesis from another input", "spent.index", "1", NULL),
    AT_GENESIS("B54: a genesis by another input", "output.authorizingInput", "1", NULL),
    AT_GENESIS("a genesis of another amount", "output.value", "'90000001'", NULL),
    AT_GENESIS("a genesis of another script", "output.scriptPublicKey", "'@lane:1'", NULL),
    AT_GENESIS("a genesis out of its covenant", "output.covenantId", NULL, "batch.coin_unbound"),
    AT_GENESIS("a genesis in another output", "outpoint.index", "1", NULL),
    NOT("a deposit in output 1", D, GENESIS, NULL, {PAY_PLAN, "head.outpoint.index", "1"}),
    NOT("B53: with a covenant id that nobody computed", D, GENESIS, NULL,
        {PAY_PLAN, "head.covenantId", OTHER}),
    NOT("a genesis that was accepted elsewhere", D, GENESIS, NULL,
        {PAY_JUDGE, BIRTH "evidence",
         "{'status': 'accepted', 'transactionId': "
         "'6666666666666666666666666666666666666666666666666666666666666666', "
         "'acceptingBlockHash': " H64
         ", 'acceptingBlockBlueScore': '1000', 'confirmationCount': '30', 'checkpoint': "
         "{'blockHash': 'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', "
         "'blueScore': '1500', 'daaScore': '900000'}}"}),
    OPEN("a deposit of unknown birth", D, GENESIS, {PAY_JUDGE, "sight.birth", NULL}),

    TAKEN("a sompi more", T, TOP_UP, {PAY_PLAN, "topUp.value", "'90000001'"}),
    TAKEN("a top-up without change", T, TOP_UP, {PAY_JUDGE, BIRTH "outputs", "1"}),
    PAY_ROW("a top-up of v1 that does not spend the head", T, 1, TOP_UP, NULL, NULL, NULL, NULL,
            {PAY_JUDGE, BIRTH "spent", OUTPOINT}),
    AT_TOP_UP("B80: a top-up that spends another coin", "spent", OUTPOINT,
              "batch.top_up_elsewhere"),
    AT_TOP_UP("a top-up of two heads", "authorized", "2", "batch.top_up_elsewhere"),
    AT_TOP_UP("a top-up of no head", "authorized", "0", "batch.top_up_elsewhere"),
    AT_TOP_UP("a top-up of another amount", "output.value", "'110000001'",
              "batch.top_up_elsewhere"),
    AT_TOP_UP("a top-up out of the lineage", "output.covenantId", NULL, "batch.top_up_elsewhere"),
    AT_TOP_UP("a top-up to another outpoint", "outpoint", OUTPOINT, "batch.top_up_elsewhere"),
    NOT("B77: nothing more", T, TOP_UP, NULL, {PAY_PLAN, "topUp.value", "'90000000'"}),
    NOT("a sompi more than before, by another script's accounts", T, MINIMUM, "batch.deposit_any",
        {PAY_PLAN, "head.value", "'89999998'"}, {PAY_PLAN, "topUp.value", "'89999999'"}),
    OPEN("a top-up of unknown birth", T, TOP_UP, {PAY_JUDGE, "sight.birth", NULL}),
};

/* ---- what was committed last ---- */

static const char last_text[] = "{'commitment': {'binding': 'kaspa-escrow-v3', 'charge': "
                                "'1000000', 'before': '24000000', 'after': '25000000', 'claimed': "
                                "'17000000'}, 'payloadHash': ''}";

/* Copies a member under another name. */
static void take(json_t *to, const char *as, const json_t *from, const char *name)
{
    (void)json_object_set_new(to, as, json_deep_copy(vectors_member(from, name)));
}

/* The commitment of a request that is taken, as its store remembers it. */
static json_t *commitment_of(struct vectors *v, const json_t *in)
{
    const json_t *payload = json_object_get(json_object_get(in, "payment"), "payload");
    const json_t *presentation = json_object_get(payload, "presentation");
    json_t *last = vectors_json(v, last_text), *told = NULL;
    json_t *commitment = json_object_get(last, "commitment");
    struct assay_err err = {0};

    if (operation_run(operation_find("batch.payment"), in, &told, &err) != OPERATION_OK)
        assay_fail(v->err, ASSAY_E_MISMATCH, 0, "what was paid last is not taken: %s", err.text);
    take(last, "payloadHash", told, "payloadHash");
    take(commitment, "channelId", payload, "channelId");
    take(commitment, "covenantId", presentation, "covenantId");
    take(commitment, "presentationDigest", presentation, "digest");
    take(commitment, "requestFingerprint", told, "fingerprint");
    take(commitment, "acceptedRequirementsHash", told, "acceptedRequirementsHash");
    take(commitment, "activeOutpoint", payload, "fundingOutpoint");
    take(commitment, "voucherSignature", json_object_get(payload, "voucher"), "signature");
    json_decref(told);
    return last;
}

static const struct {
    const char *name;
    bool is_replay;
    struct vectors_patch patches[2]; /* of the channel */
} replays[] = {
    {"B28: the last request again", true, {{NULL, NULL}}},
    {"B29: a request before the last one again",
     false,
     {{"last.commitment.requestFingerprint", H64}, {NULL, NULL}}},
    {"the last request again, with another payload",
     false,
     {{"last.payloadHash", H64}, {NULL, NULL}}},
    {"the last request again, from another head",
     false,
     {{"last.commitment.activeOutpoint.index", "1"}, {NULL, NULL}}},
    {"the last request again, under other terms",
     false,
     {{"last.commitment.acceptedRequirementsHash", H64}, {NULL, NULL}}},
    {"the last request again, of another channel",
     false,
     {{"last.commitment.channelId", H64}, {NULL, NULL}}},
};

/* None of them is charged again; of the very last one the answer is there. */
static void add_replays(struct vectors *v)
{
    static const struct vectors_pay_patch unchanged[] = {{PAY_END, NULL, NULL}};

    for (size_t i = 0; i < ARRAY_LEN(replays) && v->err->code == ASSAY_OK; i++) {
        json_t *in = vectors_pay_base(v, 5, PAY_VOUCHER, unchanged);
        json_t *channel = json_object_get(in, "channel");

        (void)json_object_set_new(channel, "last", commitment_of(v, in));
        (void)json_object_set_new(channel, "authorized", json_string("25000000"));
        (void)json_object_set_new(channel, "charged", json_string("25000000"));
        vectors_patch(v, channel, replays[i].patches);
        vectors_add_about(v, "batch.payment", replays[i].name, "batch.voucher.total", in,
                          replays[i].is_replay ? "{'replay': true}" : "{'replay': false}",
                          "batch.voucher.total", "batch.total_below");
    }
}

void vectors_pay_chain(struct vectors *v)
{
    vectors_pay_add_rows(v, heads, ARRAY_LEN(heads));
    vectors_pay_add_rows(v, deposits, ARRAY_LEN(deposits));
    add_replays(v);
}
