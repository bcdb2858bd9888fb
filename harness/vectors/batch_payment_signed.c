/* Requests that are paid on a channel: what the client signed, and what it comes to. Source: Kaspa
 * x402 batch digest, sections 2.1, 5, 6.1 and 7, steps 13 to 17; B names a row of its section 18.
 */
#include "vectors/batch_pay.h"

#define V PAY_VOUCHER
#define D PAY_DEPOSIT
#define S PAY_SAME
#define T PAY_TOP_UP
#define H64 "'abababababababababababababababababababababababababababababababab'"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define OTHER "'" BATCH_OTHER "'"
#define MOST "9223372036854775807"
#define PRESENTATION "payload.presentation."

/* ---- who pays, and from where ---- */

#define CLIENT "batch.channel.client"
#define HEAD "batch.channel.head"
#define LINEAGE "batch.voucher.lineage"

static const struct vectors_pay_row heads[] = {
    TAKEN("B110: of a client in capitals", V, CLIENT,
          {PAY_SENT, "payload.clientPublicKey", "'@KEY:client'"}),
    NOT("B45: of another client", V, CLIENT, "batch.client_believed",
        {PAY_SENT, "payload.clientPublicKey", "'@key:stranger'"},
        {PAY_PLAN, "signer", "'stranger'"}, {PAY_PLAN, "presenter", "'stranger'"}),
    NOT("B45: of another client's key", V, CLIENT, NULL,
        {PAY_SENT, "payload.clientPublicKey", "'@key:stranger'"}),

    TAKEN("on the head after a claim", V, HEAD, {PAY_PLAN, "head.claimed", "'20000000'"},
          {PAY_PLAN, "head.value", "'87000000'"}),
    NOT("B46: on the head before the last claim", V, HEAD, "batch.head_unchecked",
        {PAY_SENT, "payload.fundingOutpoint.txid", H64}),
    NOT("on another output", V, HEAD, "batch.head_unchecked",
        {PAY_SENT, "payload.fundingOutpoint.index", "1"}),
    NOT("B47: with the script before the last claim", V, HEAD, "batch.head_unchecked",
        {PAY_SENT, "payload.activeScriptPublicKey", "'@lane:0'"}),
    NOT("B47: with a stranger's script", V, HEAD, "batch.head_unchecked",
        {PAY_SENT, "payload.activeScriptPublicKey", "'@spk:stranger'"}),
    NOT("the stored deposit with another amount", S, HEAD, NULL,
        {PAY_SENT, "payload.fundingAmountSompi", "'90000001'"}),

    TAKEN("of another lineage, in the store as well", V, LINEAGE,
          {PAY_PLAN, "head.covenantId", OTHER}),
    NOT("B05: of another lineage", V, LINEAGE, "batch.lineage_believed",
        {PAY_PLAN, "lineage", OTHER}),
    NOT("B05: a top-up of another lineage", T, LINEAGE, "batch.lineage_believed",
        {PAY_PLAN, "lineage", OTHER}),
};

/* ---- the total ---- */

#define TOTAL "batch.voucher.total"
#define ACCOUNTS "batch.channel.accounts"
#define ABOVE "batch.total_above"
#define BELOW "batch.total_below"

static const struct vectors_pay_row totals[] = {
    TAKEN("B12: of 2^63 - 1 in all", V, TOTAL, {PAY_PLAN, "head.claimed", "'9223372036846775807'"},
          {PAY_PLAN, "authorized", "'9223372036853775807'"},
          {PAY_PLAN, "charged", "'9223372036853775807'"}, {PAY_PLAN, "total", "'" MOST "'"}),
    TAKEN("a retry while it is in flight", V, TOTAL,
          {PAY_JUDGE, "channel.authorized", "'25000000'"}),
    PAY_ROW("of v3, by a total that was signed before", V, 3, TOTAL, "ok", NULL,
            "{'total': '30000000'}", NULL, {PAY_PLAN, "authorized", "'30000000'"},
            {PAY_PLAN, "total", "'30000000'"}),
    NOT("B09: of two requests", V, TOTAL, ABOVE, {PAY_PLAN, "total", "'26000000'"}),
    NOT("B09: of a sompi more", V, TOTAL, ABOVE, {PAY_PLAN, "total", "'25000001'"}),
    NOT("of a sompi less", V, TOTAL, BELOW, {PAY_PLAN, "total", "'24999999'"}),
    NOT("B10: of nothing more", V, TOTAL, BELOW, {PAY_PLAN, "total", "'24000000'"}),
    NOT("B11: of an older total", V, TOTAL, BELOW, {PAY_PLAN, "total", "'23000000'"}),
    NOT("B09: of two requests with a deposit", D, TOTAL, ABOVE, {PAY_PLAN, "total", "'2000000'"}),
    NOT("B10: of nothing more with a deposit", S, TOTAL, BELOW, {PAY_PLAN, "total", "'1000000'"}),
    NOT("B09: of a sompi more with a top-up", T, TOTAL, ABOVE, {PAY_PLAN, "total", "'25000001'"}),
    NOT("B13: behind 2^63 - 1", V, TOTAL, NULL, {PAY_PLAN, "head.claimed", "'" MOST "'"},
        {PAY_PLAN, "authorized", "'" MOST "'"}, {PAY_PLAN, "charged", "'" MOST "'"},
        {PAY_PLAN, "total", "'" MOST "'"}),
    NOT("while another total is pending", V, TOTAL, NULL,
        {PAY_JUDGE, "channel.authorized", "'24500000'"}),
    PAY_ROW("of v3, below what was signed before", V, 3, TOTAL, NULL, NULL, NULL, BELOW,
            {PAY_PLAN, "authorized", "'30000000'"}),
    PAY_ROW("of v1, with what was claimed counted again", V, 1, TOTAL, NULL, NULL, NULL, ABOVE,
            {PAY_PLAN, "total", "'25000000'"}),

    TAKEN("B14: the reserve just fits", V, ACCOUNTS, {PAY_PLAN, "head.value", "'10000000'"}),
    TAKEN("B14: the reserve just fits behind a top-up", T, ACCOUNTS,
          {PAY_OFFER, "accepts.0.extra.minDepositSompi", "'3000000'"},
          {PAY_PLAN, "head.value", "'9000000'"}, {PAY_PLAN, "topUp.value", "'10000000'"}),
    TAKEN("all that was charged is claimed", V, ACCOUNTS, {PAY_PLAN, "head.claimed", "'24000000'"},
          {PAY_PLAN, "head.value", "'83000000'"}),
    NOT("B14: the reserve lacks a sompi", V, ACCOUNTS, "batch.reserve_ignored",
        {PAY_PLAN, "head.value", "'9999999'"}),
    NOT("B14: the reserve lacks a sompi behind a top-up", T, ACCOUNTS,
        "batch.reserve_ignored batch.top_up_added",
        {PAY_OFFER, "accepts.0.extra.minDepositSompi", "'3000000'"},
        {PAY_PLAN, "head.value", "'9000000'"}, {PAY_PLAN, "topUp.value", "'9999999'"}),
    NOT("more charged than the head is worth", V, ACCOUNTS, "batch.uncovered",
        {PAY_PLAN, "head.value", "'7999999'"}),
    NOT("more charged than was signed", V, ACCOUNTS, NULL,
        {PAY_JUDGE, "channel.charged", "'24000001'"}),
    NOT("more claimed than was charged", V, ACCOUNTS, NULL,
        {PAY_PLAN, "head.claimed", "'24000001'"}),
};

/* ---- the voucher ---- */

#define VOUCHER "batch.voucher.signature"

static const struct vectors_pay_row vouchers[] = {
    TAKEN("by a client of another key", V, VOUCHER,
          {PAY_PLAN, "channelConfig.clientPublicKey", "'@key:another'"},
          {PAY_PLAN, "signer", "'another'"}, {PAY_PLAN, "presenter", "'another'"}),
    NOT("by the server", V, VOUCHER, NULL, {PAY_PLAN, "signer", "'server'"}),
    NOT("by a stranger", D, VOUCHER, NULL, {PAY_PLAN, "signer", "'stranger'"}),
    NOT("with a signature of zeros", V, VOUCHER, NULL,
        {PAY_SENT, "payload.voucher.signature", "'" ZEROS ZEROS "'"}),
    NOT("B04: for mainnet", V, VOUCHER, "batch.voucher_any_network",
        {PAY_SIGNED, "network", "'kaspa:mainnet'"}),
    NOT("B07: under the domain of v2", V, VOUCHER, "batch.voucher_old_domain",
        {PAY_SIGNED, "binding", "'kaspa-escrow-v2'"}),
    NOT("B01: of no lineage", V, VOUCHER, "batch.voucher_unbound",
        {PAY_SIGNED, "covenantId", "'" ZEROS "'"}),
    NOT("B01: of the total alone", V, VOUCHER, "batch.voucher_sum_alone",
        {PAY_PLAN, "signs", "'sum'"}),
    NOT("B05: signed for another lineage", T, VOUCHER, NULL, {PAY_SIGNED, "covenantId", OTHER}),
    NOT("signed for a sompi less", V, VOUCHER, NULL, {PAY_SIGNED, "amount", "'24999999'"}),
    PAY_ROW("B116: of v1, signed for another coin", V, 1, VOUCHER, NULL, NULL, NULL, NULL,
            {PAY_SIGNED, "outpoint.index", "3"}),
    PAY_ROW("B116: of v1, signed for another script", D, 1, VOUCHER, NULL, NULL, NULL, NULL,
            {PAY_SIGNED, "scriptPublicKey", "'@spk:client'"}),
    PAY_ROW("of v3, under the domain of v3", V, 3, VOUCHER, NULL, NULL, NULL, NULL,
            {PAY_SIGNED, "binding", "'kaspa-escrow-v3'"}),
};

/* ---- the presentation ---- */

#define PRESENTED "batch.presentation.binding"
#define DIGEST "batch.presentation.digest"
#define EXPIRY "batch.presentation.expiry"
#define SIGNATURE "batch.presentation.signature"
#define LIVE "batch.presentation.live"
#define ANY "batch.presentation_believed"
#define AS_SENT "batch.digest_as_sent"
#define FOREIGN(name, member, value, guards)                                                       \
    NOT(name, V, PRESENTED, guards, {PAY_PRESENTED, member, value})

static const struct vectors_pay_row presentations[] = {
    TAKEN("another spelling of the URL", V, PRESENTED,
          {PAY_JUDGE, "request.url", "'HTTPS://API.EXAMPLE.TEST:443/./file#top'"}),
    TAKEN("the host's own request hash", V, PRESENTED, {PAY_PLAN, "requestHash", H64},
          {PAY_JUDGE, "request.requestHash", H64}),
    TAKEN("a request with a body", V, PRESENTED, {PAY_PLAN, "request.method", "'POST'"},
          {PAY_PLAN, "request.body", "{'b': [1, 'x'], 'a': null}"}),
    NOT("B18: of another URL", V, PRESENTED, ANY,
        {PAY_JUDGE, "request.url", "'https://api.example.test/other'"}),
    NOT("B18: of another query", D, PRESENTED, ANY,
        {PAY_JUDGE, "request.url", "'https://api.example.test/file?all'"}),
    NOT("B18: of another method", V, PRESENTED, ANY, {PAY_JUDGE, "request.method", "'POST'"}),
    NOT("B18: of another body", V, PRESENTED, ANY, {PAY_JUDGE, "request.body", "{'a': 1}"}),
    FOREIGN("of another request", "requestFingerprint", H64, ANY),
    FOREIGN("B19: of other terms", "acceptedRequirementsHash", H64, ANY),
    FOREIGN("B20: of another caller", "securityContextHash", H64, ANY),
    FOREIGN("of another channel", "channelId", H64, ANY),
    FOREIGN("B05: of another lineage presented", "covenantId", OTHER, ANY),
    FOREIGN("of another voucher", "voucherDigest", H64, ANY),
    FOREIGN("B32: of another identifier", "paymentIdentifier", "'vectors_identifier_0002'",
            ANY " batch.presentation_identifier"),
    FOREIGN("B32: of no identifier", "paymentIdentifier", "null",
            ANY " batch.presentation_identifier"),

    TAKEN("of another nonce", V, DIGEST, {PAY_PLAN, "nonce", H64}),
    TAKEN("of an end without milliseconds", V, DIGEST,
          {PAY_PLAN, "expiresAt", "'2098-12-31T23:59:30Z'"}),
    NOT("B21: a nonce that was not signed", V, DIGEST, AS_SENT,
        {PAY_SENT, PRESENTATION "nonce", H64}),
    NOT("B21: an end that was not signed", V, DIGEST, AS_SENT,
        {PAY_SENT, PRESENTATION "expiresAt", "'2098-12-31T23:59:31.000Z'"}),
    NOT("B21: the end in another spelling", V, DIGEST, AS_SENT,
        {PAY_SENT, PRESENTATION "expiresAt", "'2098-12-31T23:59:30Z'"}),
    NOT("another digest", V, DIGEST, NULL, {PAY_SENT, PRESENTATION "digest", H64}),

    TAKEN("B24: at the last end that is allowed", V, EXPIRY,
          {PAY_PLAN, "expiresAt", "'2099-01-01T00:00:00.000Z'"}),
    NOT("B24: a millisecond later", V, EXPIRY, "batch.expiry_far",
        {PAY_PLAN, "expiresAt", "'2099-01-01T00:00:00.001Z'"}),
    NOT("B22: at the end of 30 February", V, EXPIRY, NULL,
        {PAY_PLAN, "expiresAt", "'2098-02-30T23:59:30.000Z'"}),

    TAKEN("of a nonce of zeros", V, SIGNATURE, {PAY_PLAN, "nonce", "'" ZEROS "'"}),
    NOT("presented by the server", V, SIGNATURE, "batch.presentation_unsigned",
        {PAY_PLAN, "presenter", "'server'"}),
    NOT("presented by a stranger", D, SIGNATURE, "batch.presentation_unsigned",
        {PAY_PLAN, "presenter", "'stranger'"}),
    NOT("presented with zeros", V, SIGNATURE, "batch.presentation_unsigned",
        {PAY_SENT, PRESENTATION "signature", "'" ZEROS ZEROS "'"}),

    TAKEN("a millisecond before it ends", V, LIVE,
          {PAY_JUDGE, "now", "'2098-12-31T23:59:29.999Z'"}),
    PAY_ROW("B27: a recovery behind its end", V, 5, LIVE, "ok", NULL, "{'recovery': true}", NULL,
            {PAY_JUDGE, "now", "'2098-12-31T23:59:30.000Z'"}, {PAY_JUDGE, "started", "true"}),
    PAY_ROW("a recovery before its end", V, 5, LIVE, "ok", NULL, "{'recovery': false}", NULL,
            {PAY_JUDGE, "started", "true"}),
    NOT("B23: when it ends", V, LIVE, "batch.expiry_unchecked batch.expiry_once",
        {PAY_JUDGE, "now", "'2098-12-31T23:59:30.000Z'"}),
    NOT("B25: behind its end", D, LIVE, "batch.expiry_unchecked batch.expiry_once",
        {PAY_JUDGE, "now", "'2099-01-01T23:59:30.000Z'"}),
};

/* ---- what is no such payment ---- */

#define FORM "http.form"
#define NO_PAYMENT(name, story, path, value) NOT(name, story, FORM, NULL, {PAY_SENT, path, value})
#define AUTHORIZED "payload.voucher.authorizedCumulativeAmount"

static const struct vectors_pay_row forms[] = {
    NOT_AS("version 1 of the envelope", V, FORM, "invalid_kaspa_x402_version", NULL,
           {PAY_SENT, "x402Version", "1"}),
    NO_PAYMENT("no channel's id", V, "payload.channelId", NULL),
    NO_PAYMENT("B06: no lineage", V, "payload.voucher.covenantId", "'" ZEROS "'"),
    NO_PAYMENT("B12: a total of 2^63", V, AUTHORIZED, "'9223372036854775808'"),
    NO_PAYMENT("a total of nothing", V, AUTHORIZED, "'0'"),
    NO_PAYMENT("B17: a total with a zero in front", V, AUTHORIZED, "'025000000'"),
    NO_PAYMENT("B17: a total that is a number", V, AUTHORIZED, "25000000"),
    NO_PAYMENT("B08: an amount of v2 beside it", V, "payload.voucher.amount", "'25000000'"),
    NO_PAYMENT("a voucher without signature", V, "payload.voucher.signature", NULL),
    NO_PAYMENT("no presentation", V, "payload.presentation", NULL),
    NO_PAYMENT("a presentation with more", V, PRESENTATION "note", "1"),
    NO_PAYMENT("a presentation of another version", V, PRESENTATION "version",
               "'kaspa-x402-batch-presentation-v2'"),
    NO_PAYMENT("B22: an end with an offset", V, PRESENTATION "expiresAt",
               "'2098-12-31T23:59:30+00:00'"),
    NO_PAYMENT("B22: an end without Z", V, PRESENTATION "expiresAt", "'2098-12-31T23:59:30.000'"),
    NO_PAYMENT("B22: an end in microseconds", V, PRESENTATION "expiresAt",
               "'2098-12-31T23:59:30.000000Z'"),
    NO_PAYMENT("an identifier of nothing", V, PRESENTATION "paymentIdentifier", "''"),
    NOT_AS("an outpoint with more", V, FORM, "invalid_kaspa_outpoint", NULL,
           {PAY_SENT, "payload.fundingOutpoint.note", "1"}),
    NO_PAYMENT("a configuration with a tenth member", D, "payload.channelConfig.note", "1"),
    NO_PAYMENT("a configuration of another asset", D, "payload.channelConfig.asset", "'BTC'"),
    NO_PAYMENT("B86: a configuration until a time", D, "payload.channelConfig.refundTimeoutDaa",
               "'500000000000'"),
    NO_PAYMENT("a deposit without amount", D, "payload.fundingAmountSompi", NULL),
    NO_PAYMENT("a script of version 1", D, "payload.activeScriptPublicKey", "'000151'"),
};

void vectors_pay_signed(struct vectors *v)
{
    vectors_pay_add_rows(v, heads, ARRAY_LEN(heads));
    vectors_pay_add_rows(v, totals, ARRAY_LEN(totals));
    vectors_pay_add_rows(v, vouchers, ARRAY_LEN(vouchers));
    vectors_pay_add_rows(v, presentations, ARRAY_LEN(presentations));
    vectors_pay_add_rows(v, forms, ARRAY_LEN(forms));
}
