/* Requests that are paid on a channel: the cases of batch.payment, of each story and of the offer
 * and the channel. Source: Kaspa x402 batch digest, sections 3, 4, 6 and 7; B names a row of its
 * section 18. */
#include "vectors/batch_pay.h"

#include <stdio.h>

#define V PAY_VOUCHER
#define D PAY_DEPOSIT
#define S PAY_SAME
#define T PAY_TOP_UP
#define H64 "'abababababababababababababababababababababababababababababababab'"
#define NO_POINT "'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'"
#define MOST "9223372036854775807"
#define OFFERED "accepts.0."
#define EXTRA "accepts.0.extra."
#define IDENTIFIER "extensions.payment-identifier."
#define CONFIG "channelConfig."
#define SENT_CONFIG "payload.channelConfig."
#define CAPITALS "'ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB'"

/* ---- stories ---- */

#define BINDING "batch.terms.binding"
#define OF(generation, name, story)                                                                \
    PAY_ROW(name, story, generation, BINDING, "ok", NULL, NULL, NULL, PAY_UNCHANGED)
#define KNOWN(path, total)                                                                         \
    "{'outcome': 'valid', 'path': '" path "', 'replay': false, 'recovery': false, 'total': "       \
    "'" total "'}"

/* A control asks the first, which therefore is one that few slips refuse. */
static const struct vectors_pay_row stories[] = {
    PAY_ROW("a deposit", D, 5, "batch.deposit.genesis", "ok", NULL, KNOWN("open", "1000000"), NULL,
            PAY_UNCHANGED),
    PAY_ROW("a voucher", V, 5, "batch.voucher.total", "ok", NULL, KNOWN("voucher", "25000000"),
            NULL, PAY_UNCHANGED),
    PAY_ROW("the same deposit again", S, 5, "batch.channel.head", "ok", NULL,
            KNOWN("same", "2000000"), NULL, PAY_UNCHANGED),
    PAY_ROW("a top-up", T, 5, "batch.deposit.top-up", "ok", NULL, KNOWN("top-up", "25000000"), NULL,
            PAY_UNCHANGED),
    OF(4, "a voucher of v4", V),
    OF(4, "a deposit of v4", D),
    OF(4, "the same deposit of v4 again", S),
    OF(4, "a top-up of v4", T),
    OF(3, "a voucher of v3", V),
    OF(3, "a deposit of v3", D),
    OF(3, "the same deposit of v3 again", S),
    OF(3, "a top-up of v3", T),
    OF(2, "a voucher of v2", V),
    OF(2, "a deposit of v2", D),
    OF(2, "the same deposit of v2 again", S),
    OF(2, "a top-up of v2", T),
    OF(1, "a voucher of v1", V),
    OF(1, "a deposit of v1", D),
    OF(1, "the same deposit of v1 again", S),
    OF(1, "a top-up of v1", T),
};

/* ---- the offer ---- */

#define CALLER "batch.context.caller"
#define MATCH "batch.offer.match"
#define ECHOED "batch.identifier.echo"
#define UNMATCHED "batch.offer_unmatched"

static const struct vectors_pay_row offers[] = {
    TAKEN("of a public route", V, CALLER, PAY_UNCHANGED),
    TAKEN("of a caller who is known", V, CALLER,
          {PAY_PLAN, "caller",
           "{'version': 'kaspa-x402-trusted-security-context-v1', 'principal': 'alice', 'tenant': "
           "null, 'authorizationScopes': [], 'handlerState': {}}"},
          {PAY_JUDGE, "request.context", "{'principal': 'alice'}"}),
    PAY_ROW("of a caller who is known, where callers are not bound", V, 3, CALLER, "ok", NULL, NULL,
            NULL, {PAY_JUDGE, "request.context", "{'principal': 'alice'}"}),
    NOT("B20: by another caller", V, CALLER, NULL,
        {PAY_JUDGE, "request.context", "{'principal': 'mallory'}"}),
    NOT("offered to another caller", V, CALLER, NULL,
        {PAY_OFFER, EXTRA "securityContextHash", H64}),
    NOT("offered to another caller, with a deposit", D, CALLER, NULL,
        {PAY_OFFER, EXTRA "securityContextHash", H64}),

    TAKEN("an offer of another scheme beside it", V, MATCH,
          {PAY_JUDGE, "required.accepts.1",
           "{'scheme': 'exact', 'network': 'eip155:8453', 'amount': '1', 'asset': '0x0', 'payTo': "
           "'0x0', 'maxTimeoutSeconds': 60}"}),
    TAKEN("an unknown member that was offered", V, MATCH, {PAY_OFFER, EXTRA "note", "1"}),
    TAKEN("B110: a key in capitals", V, MATCH,
          {PAY_SENT, "accepted.extra.serverPublicKey", "'@KEY:server'"}),
    NOT("B19: an unknown member more", V, MATCH, UNMATCHED " batch.offer_members",
        {PAY_ACCEPTED, "extra.note", "1"}),
    NOT("B19: a policy more", V, MATCH, UNMATCHED " batch.offer_members",
        {PAY_ACCEPTED, "extra.claimPolicy", "{}"}),
    NOT("B19: a longer time", V, MATCH, UNMATCHED, {PAY_ACCEPTED, "maxTimeoutSeconds", "3600"}),
    NOT("B19: a member more than was signed", V, MATCH, NULL,
        {PAY_SENT, "accepted.extra.note", "1"}),
    NOT("B19: a sompi less", V, MATCH, UNMATCHED " batch.offer_amount",
        {PAY_PLAN, "total", "'24999999'"}, {PAY_ACCEPTED, "amount", "'999999'"}),
    NOT("B19: a smaller deposit", D, MATCH, UNMATCHED " batch.offer_deposit",
        {PAY_PLAN, "head.value", "'3000000'"},
        {PAY_ACCEPTED, "extra.minDepositSompi", "'3000000'"}),
    NOT("B19: a smaller reserve", D, MATCH, UNMATCHED,
        {PAY_ACCEPTED, "extra.claimReserveSompi", "'1'"}),
    NOT("B19: another payee", D, MATCH, UNMATCHED " batch.pay_to_any",
        {PAY_PLAN, CONFIG "payTo", "'@address:stranger'"},
        {PAY_ACCEPTED, "payTo", "'@address:stranger'"}),
    NOT("B19: another server", D, MATCH, UNMATCHED " batch.server_key_any",
        {PAY_PLAN, CONFIG "serverPublicKey", "'@key:stranger'"},
        {PAY_ACCEPTED, "extra.serverPublicKey", "'@key:stranger'"}),
    NOT("B19: another timeout", D, MATCH, UNMATCHED,
        {PAY_PLAN, CONFIG "refundTimeoutDaa", "'2000000'"},
        {PAY_ACCEPTED, "extra.refundTimeoutDaa", "'2000000'"}),
    NOT("B120: an older template", V, MATCH, "batch.template_any",
        {PAY_ACCEPTED, "extra.templateId", "'kaspa-x402-escrow-v4'"}),
    NOT("B20: a context that was not offered", V, MATCH, NULL,
        {PAY_PLAN, "caller",
         "{'version': 'kaspa-x402-trusted-security-context-v1', 'principal': 'alice', 'tenant': "
         "null, 'authorizationScopes': [], 'handlerState': {}}"},
        {PAY_JUDGE, "request.context", "{'principal': 'alice'}"},
        {PAY_JUDGE, "required." EXTRA "securityContextHash", H64}),

    TAKEN("an identifier of 16 characters", V, ECHOED,
          {PAY_PLAN, "identifier", "'AZaz09_-AZaz09_-'"}),
    TAKEN("an identifier that nobody advertised", V, ECHOED,
          {PAY_JUDGE, "required.extensions.payment-identifier", NULL}),
    TAKEN("no identifier where none is required", V, ECHOED,
          {PAY_OFFER, IDENTIFIER "info.required", "false"}, {PAY_PLAN, "identifier", "null"}),
    NOT("no identifier", V, ECHOED, "batch.identifier_free", {PAY_PLAN, "identifier", "null"}),
    NOT("no identifier with a deposit", D, ECHOED, "batch.identifier_free",
        {PAY_PLAN, "identifier", "null"}),
    NOT_AS("another schema echoed", V, ECHOED, "invalid_kaspa_payment_identifier",
           "batch.identifier_unechoed", {PAY_SENT, IDENTIFIER "schema", "{'type': 'object'}"}),
    NOT_AS("an advertised member not echoed", V, ECHOED, "invalid_kaspa_payment_identifier",
           "batch.identifier_unechoed", {PAY_OFFER, IDENTIFIER "info.issuer", "'us'"},
           {PAY_SENT, IDENTIFIER "info.issuer", NULL}),
    NOT_AS("an identifier of 15 characters", V, ECHOED, "invalid_kaspa_payment_identifier", NULL,
           {PAY_PLAN, "identifier", "'AZaz09_-AZaz09_'"}),

    TAKEN("a label of the payer's", V, "batch.payload.type",
          {PAY_SENT, "payload.payerAddress", "'whoever'"}),
    TAKEN("an unknown member of the payload", D, "batch.payload.type",
          {PAY_SENT, "payload.note", "1"}),
    NOT("a claim", V, "batch.payload.type", NULL, {PAY_SENT, "payload.type", "'claim'"},
        {PAY_SENT, "payload.claimAmount", "'8000000'"}),
    NOT("a refund", V, "batch.payload.type", NULL, {PAY_SENT, "payload.type", "'refund'"},
        {PAY_SENT, "payload.covenantId", H64}, {PAY_SENT, "payload.refundAmount", "'1'"},
        {PAY_SENT, "payload.refundAddress", "'@address:client'"},
        {PAY_SENT, "payload.clientSignature", "{'$repeat': [['ab', 64], ['01', 1]]}"}),
    NOT("a payload of no type", V, "batch.payload.type", NULL,
        {PAY_SENT, "payload.type", "'exact-transaction'"}),
};

/* ---- its terms ---- */

#define NETWORK "batch.terms.network"
#define AMOUNT "batch.terms.amount"
#define FORM "batch.terms.form"
#define PAY_TO "batch.terms.pay-to"
#define NOT_OFFERED(name, about, member, value, guards)                                            \
    NOT(name, V, about, guards, {PAY_OFFER, member, value})

static const struct vectors_pay_row terms[] = {
    PAY_ROW("v1 on mainnet", D, 1, NETWORK, "ok", NULL, NULL, NULL,
            {PAY_OFFER, OFFERED "network", "'kaspa:mainnet'"},
            {PAY_OFFER, OFFERED "payTo", "'@mainnet:merchant'"},
            {PAY_PLAN, CONFIG "network", "'kaspa:mainnet'"},
            {PAY_PLAN, CONFIG "payTo", "'@mainnet:merchant'"},
            {PAY_PLAN, CONFIG "refundAddress", "'@mainnet:client'"}),
    NOT_OFFERED("B106: mainnet", NETWORK, OFFERED "network", "'kaspa:mainnet'", NULL),
    NOT("B106: mainnet in offer and channel", D, NETWORK, NULL,
        {PAY_OFFER, OFFERED "network", "'kaspa:mainnet'"},
        {PAY_OFFER, OFFERED "payTo", "'@mainnet:merchant'"},
        {PAY_PLAN, CONFIG "network", "'kaspa:mainnet'"},
        {PAY_PLAN, CONFIG "payTo", "'@mainnet:merchant'"},
        {PAY_PLAN, CONFIG "refundAddress", "'@mainnet:client'"}),
    NOT_OFFERED("testnet-11", NETWORK, OFFERED "network", "'kaspa:testnet-11'", NULL),
    NOT_OFFERED("a network in capitals", NETWORK, OFFERED "network", "'KASPA:TESTNET-10'",
                "batch.network_case"),

    TAKEN("KAS, said to be native", V, "batch.terms.asset",
          {PAY_OFFER, EXTRA "assetKind", "'native'"}, {PAY_OFFER, EXTRA "assetDecimals", "8"}),
    NOT_OFFERED("another asset", "batch.terms.asset", OFFERED "asset", "'BTC'", "batch.asset_any"),
    NOT_OFFERED("an asset in small letters", "batch.terms.asset", OFFERED "asset", "'kas'",
                "batch.asset_any"),

    TAKEN("B12: a price of 2^63 - 1", D, AMOUNT, {PAY_OFFER, OFFERED "amount", "'" MOST "'"},
          {PAY_OFFER, EXTRA "minDepositSompi", "'" MOST "'"},
          {PAY_OFFER, EXTRA "claimReserveSompi", "'0'"}, {PAY_PLAN, "head.value", "'" MOST "'"},
          {PAY_PLAN, "total", "'" MOST "'"}),
    TAKEN("a price of a sompi", V, AMOUNT, {PAY_OFFER, OFFERED "amount", "'1'"},
          {PAY_PLAN, "total", "'24000001'"}),
    NOT_OFFERED("B12: a price of 2^63", AMOUNT, OFFERED "amount", "'9223372036854775808'", NULL),
    NOT_OFFERED("a price of nothing", AMOUNT, OFFERED "amount", "'0'", NULL),
    NOT_OFFERED("B17: a price with a zero in front", AMOUNT, OFFERED "amount", "'01000000'",
                "batch.amount_lenient"),
    NOT_OFFERED("B17: a price with a sign", AMOUNT, OFFERED "amount", "'+1000000'", NULL),
    NOT_OFFERED("B17: a price with an exponent", AMOUNT, OFFERED "amount", "'1e6'", NULL),
    NOT_OFFERED("B17: a price behind a space", AMOUNT, OFFERED "amount", "' 1000000'", NULL),
    NOT_OFFERED("B17: a price in KAS", AMOUNT, OFFERED "amount", "'0.01'", NULL),

    NOT_OFFERED("B120: a template of another binding", BINDING, EXTRA "templateId",
                "'kaspa-x402-escrow-v3'", NULL),
    NOT_OFFERED("a template that is none", BINDING, EXTRA "templateId", "'kaspa-x402-escrow-v6'",
                NULL),
    NOT_OFFERED("a binding that is none", BINDING, EXTRA "binding", "'kaspa-escrow-v4'", NULL),
    NOT_AS("another scheme", V, BINDING, "invalid_kaspa_x402_scheme", NULL,
           {PAY_ACCEPTED, "scheme", "'exact'"}),

    TAKEN("a policy of claims", V, FORM,
          {PAY_OFFER, EXTRA "claimPolicy",
           "{'claimWhenUnclaimedAmountExceeds': '5000000', 'claimAfterSeconds': 3600}"}),
    TAKEN("a channel's state", V, FORM,
          {PAY_OFFER, EXTRA "channelState",
           "{'channelId': " H64 ", 'covenantId': " H64 ", 'activeOutpoint': {'txid': " H64
           ", 'index': 0}, 'activeScriptPublicKey': '@spk:client', 'fundingAmount': '1', "
           "'authorizedCumulativeAmount': '1', 'claimedCumulativeAmount': '0'}"}),
    TAKEN("the last timeout", D, FORM, {PAY_OFFER, EXTRA "refundTimeoutDaa", "'499999999999'"},
          {PAY_PLAN, CONFIG "refundTimeoutDaa", "'499999999999'"}),
    NOT_OFFERED("B86: a timeout that is a time", FORM, EXTRA "refundTimeoutDaa", "'500000000000'",
                NULL),
    NOT_OFFERED("a timeout with a zero in front", FORM, EXTRA "refundTimeoutDaa", "'01000000'",
                NULL),
    NOT_OFFERED("a policy that is none", FORM, EXTRA "claimPolicy", "[]", NULL),
    NOT_OFFERED("a policy with more", FORM, EXTRA "claimPolicy", "{'note': 1}", NULL),
    NOT("no caller's context", V, FORM, NULL, {PAY_OFFER, EXTRA "securityContextHash", NULL},
        {PAY_PRESENTED, "securityContextHash", H64}),
    NOT_OFFERED("no server's key", FORM, EXTRA "serverPublicKey", NULL, NULL),
    NOT_AS("no reserve", V, FORM, "invalid_kaspa_x402_amount", NULL,
           {PAY_OFFER, EXTRA "claimReserveSompi", NULL}),
    NOT_AS("a deposit of 2^63", V, FORM, "invalid_kaspa_x402_amount", NULL,
           {PAY_OFFER, EXTRA "minDepositSompi", "'9223372036854775808'"}),
    NOT_OFFERED("B95: a voucher's signature", FORM, EXTRA "voucherState", "{'signature': " H64 "}",
                NULL),
    NOT_OFFERED("seven decimals", FORM, EXTRA "assetDecimals", "7", NULL),

    TAKEN("another payee", V, PAY_TO, {PAY_OFFER, OFFERED "payTo", "'@address:stranger'"},
          {PAY_PLAN, CONFIG "payTo", "'@address:stranger'"}),
    NOT_OFFERED("payTo cut off", PAY_TO, OFFERED "payTo", "'kaspatest:qqqq'", NULL),
    NOT_OFFERED("payTo in capitals behind its prefix", PAY_TO, OFFERED "payTo",
                "'kaspatest:QPFYGRGYCJPWGGANPUKX2GJKZJ8Y0FQG8U5GRFNMXZAMRYHQJSH9KHSUQNRZH'", NULL),
    NOT_AS("payTo of mainnet", V, PAY_TO, "invalid_kaspa_x402_network", NULL,
           {PAY_OFFER, OFFERED "payTo", "'@mainnet:merchant'"}),

    TAKEN("another server", V, "batch.terms.server-key",
          {PAY_OFFER, EXTRA "serverPublicKey", "'@key:stranger'"},
          {PAY_PLAN, CONFIG "serverPublicKey", "'@key:stranger'"}),
    NOT_OFFERED("B115: a server's key of no point", "batch.terms.server-key",
                EXTRA "serverPublicKey", NO_POINT, NULL),

    TAKEN("a deposit of amount and reserve", V, "batch.terms.deposit",
          {PAY_OFFER, EXTRA "minDepositSompi", "'3000000'"}),
    NOT_OFFERED("B16: a deposit below amount and reserve", "batch.terms.deposit",
                EXTRA "minDepositSompi", "'2999999'", "batch.deposit_for_amount"),
    NOT("a reserve that passes 2^63 - 1 with the amount", V, "batch.terms.deposit", NULL,
        {PAY_OFFER, EXTRA "claimReserveSompi", "'" MOST "'"},
        {PAY_OFFER, EXTRA "minDepositSompi", "'" MOST "'"}),

    TAKEN("a charge for errors", V, "batch.terms.mcp-charge",
          {PAY_OFFER, EXTRA "mcpErrorChargeSompi", "'1000000'"}),
    NOT_OFFERED("B38: a sompi less for errors", "batch.terms.mcp-charge",
                EXTRA "mcpErrorChargeSompi", "'999999'", "batch.mcp_free"),
    NOT_OFFERED("B38: nothing for errors", "batch.terms.mcp-charge", EXTRA "mcpErrorChargeSompi",
                "'0'", "batch.mcp_free"),
};

/* ---- the channel ---- */

#define CHANNEL "batch.channel.known"
#define TERMS "batch.channel.terms"
#define CONFIG_RULE "batch.channel.config"
#define ALL_TERMS "batch.channel_terms"
#define BELIEVED "batch.channel_id_believed"
#define CHANGED(name, member, value, guards)                                                       \
    NOT(name, D, CHANNEL, guards, {PAY_SENT, SENT_CONFIG member, value})

static const struct vectors_pay_row channels[] = {
    TAKEN("of another salt", D, CHANNEL, {PAY_PLAN, CONFIG "salt", H64}),
    TAKEN("B110: of a salt in capitals", D, CHANNEL, {PAY_PLAN, CONFIG "salt", H64},
          {PAY_SENT, SENT_CONFIG "salt", CAPITALS}),
    NOT("on a channel that nobody knows", V, CHANNEL, NULL, {PAY_JUDGE, "channel", NULL}),
    NOT("on a channel that is not active", V, CHANNEL, NULL,
        {PAY_JUDGE, "channel.active", "false"}),
    NOT("a deposit of one that is not active", S, CHANNEL, NULL,
        {PAY_JUDGE, "channel.active", "false"}),
    NOT("a top-up of one that is not active", T, CHANNEL, NULL,
        {PAY_JUDGE, "channel.active", "false"}),
    NOT("with another channel's id", V, CHANNEL, NULL, {PAY_SENT, "payload.channelId", H64}),
    NOT("with an id that is not the configuration's", D, CHANNEL, BELIEVED,
        {PAY_SENT, "payload.channelId", H64}),
    NOT("B120: with the id of an older domain", D, CHANNEL, NULL,
        {PAY_PLAN, "idOf", "'kaspa-escrow-v2'"}),
    NOT("a top-up with another configuration", T, CHANNEL, BELIEVED,
        {PAY_SENT, SENT_CONFIG "salt", H64}),
    CHANGED("with another network than its id", "network", "'kaspa:mainnet'", NULL),
    CHANGED("with another template than its id", "templateId", "'kaspa-x402-escrow-v4'", NULL),
    CHANGED("with another client than its id", "clientPublicKey", "'@key:stranger'", NULL),
    CHANGED("with another server than its id", "serverPublicKey", "'@key:stranger'", NULL),
    CHANGED("with another payee than its id", "payTo", "'@address:stranger'", NULL),
    CHANGED("with another refund address than its id", "refundAddress", "'@address:stranger'",
            NULL),
    CHANGED("with another timeout than its id", "refundTimeoutDaa", "'1000001'", NULL),
    CHANGED("with another salt than its id", "salt", H64, NULL),

    TAKEN("another timeout, of offer and channel", V, TERMS,
          {PAY_OFFER, EXTRA "refundTimeoutDaa", "'2000000'"},
          {PAY_PLAN, CONFIG "refundTimeoutDaa", "'2000000'"}),
    NOT("another timeout", V, TERMS, ALL_TERMS, {PAY_OFFER, EXTRA "refundTimeoutDaa", "'1000001'"}),
    NOT("another timeout of a deposit", D, TERMS, ALL_TERMS,
        {PAY_PLAN, CONFIG "refundTimeoutDaa", "'1000001'"}),
    NOT("another reserve", V, TERMS, ALL_TERMS,
        {PAY_OFFER, EXTRA "claimReserveSompi", "'2000001'"}),
    NOT("another payee of a deposit", D, TERMS, ALL_TERMS,
        {PAY_PLAN, CONFIG "payTo", "'@address:stranger'"}),
    NOT_AS("another server's key", V, TERMS, "invalid_kaspa_public_key", ALL_TERMS,
           {PAY_OFFER, EXTRA "serverPublicKey", "'@key:stranger'"}),
    NOT_AS("another template", V, TERMS, "invalid_kaspa_x402_binding", ALL_TERMS,
           {PAY_OFFER, EXTRA "templateId", "'kaspa-x402-escrow-v4'"}),
    NOT_AS("B120: a channel of an older binding", V, TERMS, "invalid_kaspa_x402_binding", NULL,
           {PAY_PLAN, CONFIG "templateId", "'kaspa-x402-escrow-v3'"}),
    NOT_AS("B106: a channel on mainnet", D, TERMS, "invalid_kaspa_x402_network", NULL,
           {PAY_PLAN, CONFIG "network", "'kaspa:mainnet'"},
           {PAY_PLAN, CONFIG "payTo", "'@mainnet:merchant'"},
           {PAY_PLAN, CONFIG "refundAddress", "'@mainnet:client'"}),

    TAKEN("refunded to a stranger", D, CONFIG_RULE,
          {PAY_PLAN, CONFIG "refundAddress", "'@address:stranger'"}),
    NOT("B115: of a client who is the server", D, CONFIG_RULE, NULL,
        {PAY_PLAN, CONFIG "clientPublicKey", "'@key:server'"}, {PAY_PLAN, "signer", "'server'"},
        {PAY_PLAN, "presenter", "'server'"}),
    NOT("B115: of a client whose key is no point", D, CONFIG_RULE, NULL,
        {PAY_PLAN, CONFIG "clientPublicKey", NO_POINT}),
    NOT_AS("refunded to mainnet", D, CONFIG_RULE, "invalid_kaspa_x402_payload",
           "batch.refund_address_network", {PAY_PLAN, CONFIG "refundAddress", "'@mainnet:client'"}),
    NOT_AS("refunded to no address", D, CONFIG_RULE, "invalid_kaspa_x402_payload", NULL,
           {PAY_PLAN, CONFIG "refundAddress", "'kaspatest:qqqq'"}),
};

/* ---- rows ---- */

static const struct kx_batch_rule_row *rule_of(const char *id)
{
    size_t i = 0;

    while (i < KX_BATCH_RULE__COUNT && strcmp(kx_batch_rules[i].id, id) != 0)
        i++;
    return i < KX_BATCH_RULE__COUNT ? &kx_batch_rules[i] : NULL;
}

/* What is no payment at all breaks the rule of messages. */
static const char *local_of(const struct vectors_pay_row *row)
{
    const struct kx_batch_rule_row *rule = rule_of(row->about);

    if (row->local != NULL)
        return row->local;
    return kx_local_text(rule != NULL ? rule->local : KX_LOCAL_PAYLOAD);
}

static void add_row(struct vectors *v, const struct vectors_pay_row *row)
{
    bool is_refused = row->expected == NULL;
    char refused[96];

    (void)snprintf(refused, sizeof(refused), "{'local': '%s'}", local_of(row));
    vectors_add_about(
        v, "batch.payment", row->name, is_refused ? row->about : row->expected,
        vectors_pay_base(v, row->generation != 0 ? row->generation : 5, row->story, row->patches),
        is_refused ? refused : row->known, row->about, row->guards);
}

void vectors_pay_add_rows(struct vectors *v, const struct vectors_pay_row *rows, size_t count)
{
    for (size_t i = 0; i < count && v->err->code == ASSAY_OK; i++)
        add_row(v, &rows[i]);
}

static void add_terms(struct vectors *v)
{
    vectors_pay_add_rows(v, stories, ARRAY_LEN(stories));
    vectors_pay_add_rows(v, offers, ARRAY_LEN(offers));
    vectors_pay_add_rows(v, terms, ARRAY_LEN(terms));
    vectors_pay_add_rows(v, channels, ARRAY_LEN(channels));
}

void vectors_batch_payments(struct vectors *v)
{
    add_terms(v);
    vectors_pay_signed(v);
    vectors_pay_chain(v);
}
