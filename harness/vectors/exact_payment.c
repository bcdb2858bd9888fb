/* Exact payments: what holds every check, and every check broken once, by what a wrong server lets
 * pass. Each row is right but for its changes; what follows from them is made and signed anew. */
#include "kaspa_x402/exact_verify.h"
#include "vectors/exact_base.h"

#include <stdio.h>

#define S KX_STANDARD_NATIVE
#define A KX_ADDITIVE
#define H64 "'5555555555555555555555555555555555555555555555555555555555555555'"
#define EXTRA "accepts.0.extra."
#define IDENTIFIER "extensions.payment-identifier."
#define AUTHORIZATION "payload.authorization."
#define ONES "11111111111111111111111111111111"
#define WRONG_PUSH "'41" ONES ONES ONES ONES
#define COIN(index, commitment)                                                                    \
    "{'previousOutpoint': {'transactionId': "                                                      \
    "'7070707070707070707070707070707070707070707070707070707070707070', 'index': " index          \
    "}, 'sequence': '18446744073709551615', " commitment                                           \
    ", 'signatureScript': '', 'utxo': {'amount': '500000000', 'scriptPublicKey': '@spk:payer'}}"
#define COIN_V0(index) COIN(index, "'sigOpCount': 1")
#define COIN_V1(index) COIN(index, "'sigOpCount': 0, 'computeBudget': 10")
#define UTXO "{'amount': '500000000', 'scriptPublicKey': '@spk:payer', 'blockDaaScore': '1000'}"
#define OUTPUT(value, spk) "{'value': '" value "', 'scriptPublicKey': '" spk "', 'covenant': null}"

struct row {
    const char *name;
    enum kx_profile profile;
    const char *about;          /* the rule */
    const char *expected;       /* "ok", "unsupported"; NULL: the rule refuses */
    const char *local;          /* of a refusal: its name; NULL: the rule's own */
    const char *known, *guards; /* as vectors_add_about has them, or NULL */
    struct vectors_exact_patch patches[VECTORS_EXACT_PATCHES_MAX];
};

#define UNCHANGED                                                                                  \
    {                                                                                              \
        AT_END, NULL, NULL                                                                         \
    }
#define HOLDS_WITH(name, profile, about, known, ...)                                               \
    {                                                                                              \
        name, profile, about, "ok", NULL, known, NULL,                                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define HOLDS_AGAINST(name, profile, about, guards, ...)                                           \
    {                                                                                              \
        name, profile, about, "ok", NULL, NULL, guards,                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define HOLDS(name, profile, about, ...) HOLDS_AGAINST(name, profile, about, NULL, __VA_ARGS__)
#define OPEN(name, profile, about, guards, ...)                                                    \
    {                                                                                              \
        name, profile, about, "unsupported", NULL, NULL, guards,                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define REFUSED_AS(name, profile, about, local, guards, ...)                                       \
    {                                                                                              \
        name, profile, about, NULL, local, NULL, guards,                                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define REFUSED(name, profile, about, guards, ...)                                                 \
    REFUSED_AS(name, profile, about, NULL, guards, __VA_ARGS__)

static const struct row offers[] = {
    HOLDS_WITH("standard-native", S, "exact.offer.match", "{'outcome': 'valid'}", UNCHANGED),
    HOLDS_WITH("additive", A, "exact.offer.match", "{'outcome': 'valid'}", UNCHANGED),
    HOLDS("an offer of another network beside it", S, "exact.offer.match",
          {AT_JUDGE, "required.accepts.1",
           "{'scheme': 'exact', 'network': 'eip155:8453', 'amount': '1', 'asset': '0x0', 'payTo': "
           "'0x0', 'maxTimeoutSeconds': 60}"}),
    HOLDS_AGAINST("an offer with its hex in capitals", A, "exact.offer.match",
                  "kx.replay.upper_case",
                  {AT_OFFER, EXTRA "headId",
                   "'abababababababababababababababababababababababababababababababab'"},
                  {AT_JUDGE, "required." EXTRA "headId",
                   "'ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB'"},
                  {AT_JUDGE, "head.headId",
                   "'abababababababababababababababababababababababababababababababab'"}),
    REFUSED("a sompi less accepted and paid", S, "exact.offer.match",
            "kx.offer.unmatched kx.offer.without_amount", {AT_ACCEPTED, "amount", "'99999999'"},
            {AT_TX, "outputs.0.value", "'99999999'"}),
    REFUSED("a sompi less accepted and paid to a head", A, "exact.offer.match",
            "kx.offer.unmatched kx.offer.without_amount", {AT_ACCEPTED, "amount", "'99999999'"},
            {AT_TX, "outputs.0.value", "'1099999999'"}),
    REFUSED("a stranger accepted and paid", S, "exact.offer.match",
            "kx.offer.unmatched kx.offer.without_pay_to",
            {AT_ACCEPTED, "payTo", "'@address:stranger'"},
            {AT_ACCEPTED, "extra.payToScriptPublicKey", "'@spk:stranger'"},
            {AT_TX, "outputs.0.scriptPublicKey", "'@spk:stranger'"}),
    REFUSED("a longer time accepted", S, "exact.offer.match",
            "kx.offer.unmatched kx.offer.without_timeout",
            {AT_ACCEPTED, "maxTimeoutSeconds", "61"}),
    REFUSED("a weaker finality accepted", S, "exact.offer.match",
            "kx.offer.unmatched kx.offer.without_finality",
            {AT_OFFER, EXTRA "finality", "'confirmed'"},
            {AT_ACCEPTED, "extra.finality", "'accepted'"}),
    REFUSED("an unknown member more", S, "exact.offer.match", "kx.offer.unmatched",
            {AT_ACCEPTED, "extra.note", "'x'"}),
    HOLDS("an identifier that nobody advertised", S, "exact.identifier.echo",
          {AT_JUDGE, "required.extensions.payment-identifier", NULL}),
    HOLDS("an identifier with another member", S, "exact.identifier.echo",
          {AT_PAYMENT, IDENTIFIER "info.note", "1"}),
    HOLDS("an identifier of 16 characters", S, "exact.identifier.echo",
          {AT_CLAIM, "identifier", "'AZaz09_-AZaz09_-'"}),
    REFUSED("an identifier of 15 characters", S, "exact.identifier.echo", "kx.identifier.any_form",
            {AT_CLAIM, "identifier", "'AZaz09_-AZaz09_'"}),
    REFUSED("an identifier with a space", A, "exact.identifier.echo", "kx.identifier.any_form",
            {AT_CLAIM, "identifier", "'sixteen letters and more'"}),
    REFUSED("another schema echoed", S, "exact.identifier.echo", "kx.identifier.echo_unchecked",
            {AT_PAYMENT, IDENTIFIER "schema", "{'type': 'object'}"}),
    REFUSED("an advertised member not echoed", S, "exact.identifier.echo",
            "kx.identifier.echo_unchecked", {AT_OFFER, IDENTIFIER "info.issuer", "'us'"},
            {AT_PAYMENT, IDENTIFIER "info.issuer", NULL}),
    HOLDS("an identifier", A, "exact.identifier.present",
          {AT_CLAIM, "identifier", "'another_identifier_of_the_payer'"}),
    REFUSED("no identifier", S, "exact.identifier.present", "kx.identifier.unenforced",
            {AT_PAYMENT, IDENTIFIER "info.id", NULL}),
    REFUSED("no extensions", A, "exact.identifier.present", "kx.identifier.unenforced",
            {AT_PAYMENT, "extensions", NULL}),
};

static const struct row terms[] = {
    HOLDS("mainnet", S, "exact.terms.network", {AT_OFFER, "accepts.0.network", "'kaspa:mainnet'"},
          {AT_OFFER, "accepts.0.payTo", "'@mainnet:merchant'"}),
    REFUSED("testnet-11", S, "exact.terms.network", "kx.offer.without_network",
            {AT_OFFER, "accepts.0.network", "'kaspa:testnet-11'"}),
    REFUSED("a network in capitals", A, "exact.terms.network", "kx.offer.without_network",
            {AT_OFFER, "accepts.0.network", "'KASPA:TESTNET-10'"}),
    HOLDS("KAS, and said to be native", S, "exact.terms.asset",
          {AT_OFFER, EXTRA "assetKind", "'native'"}, {AT_OFFER, EXTRA "assetDecimals", "8"}),
    REFUSED("another asset", S, "exact.terms.asset", "kx.offer.without_asset",
            {AT_OFFER, "accepts.0.asset", "'BTC'"}),
    HOLDS("an address of mainnet on mainnet", S, "exact.terms.pay-to",
          {AT_OFFER, "accepts.0.network", "'kaspa:mainnet'"},
          {AT_OFFER, "accepts.0.payTo", "'@mainnet:merchant'"},
          {AT_OFFER, "accepts.0.maxTimeoutSeconds", "30"}),
    REFUSED_AS("an address of mainnet on testnet", S, "exact.terms.pay-to",
               "invalid_kaspa_x402_network", "kx.terms.script_unchecked",
               {AT_OFFER, "accepts.0.payTo", "'@mainnet:merchant'"}),
    REFUSED("an address in capitals behind its prefix", S, "exact.terms.pay-to",
            "kx.terms.pay_to_case",
            {AT_OFFER, "accepts.0.payTo",
             "'kaspatest:QPFYGRGYCJPWGGANPUKX2GJKZJ8Y0FQG8U5GRFNMXZAMRYHQJSH9KHSUQNRZH'"}),
    REFUSED("an address that is too short", A, "exact.terms.pay-to", "kx.terms.script_unchecked",
            {AT_OFFER, "accepts.0.payTo", "'kaspatest:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq'"}),
    HOLDS("an output index that the offer names", S, "exact.terms.binding",
          {AT_OFFER, EXTRA "paymentOutputIndex", "0"}),
    REFUSED("a script that is not the address's", S, "exact.terms.binding",
            "kx.terms.script_unchecked",
            {AT_OFFER, EXTRA "payToScriptPublicKey", "'@spk:stranger'"},
            {AT_TX, "outputs.0.scriptPublicKey", "'@spk:stranger'"}),
    REFUSED("the first binding", S, "exact.terms.binding", NULL,
            {AT_OFFER, EXTRA "binding", "'kaspa-exact-v1'"}),
    REFUSED_AS("no payment flow", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
               "kx.terms.flow_unchecked", {AT_OFFER, EXTRA "paymentFlow", NULL}),
    REFUSED_AS("the flow of an escrow", A, "exact.terms.binding", "invalid_kaspa_x402_payload",
               "kx.terms.flow_unchecked", {AT_OFFER, EXTRA "paymentFlow", "'escrow'"}),
    REFUSED_AS("a finality of the mempool", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
               NULL, {AT_OFFER, EXTRA "finality", "'mempool'"}),
    REFUSED_AS("a reservation of the first binding", S, "exact.terms.binding",
               "invalid_kaspa_x402_payload", "kx.terms.flow_unchecked",
               {AT_OFFER, EXTRA "reservationId", H64}),
    REFUSED_AS("a challenge without a head", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
               NULL, {AT_OFFER, EXTRA "challengeId", H64}),
    HOLDS("a higher price", S, "exact.terms.amount", {AT_OFFER, "accepts.0.amount", "'100000001'"},
          {AT_TX, "outputs.0.value", "'100000001'"}),
    REFUSED("a price of nothing", S, "exact.terms.amount", NULL,
            {AT_OFFER, "accepts.0.amount", "'0'"}),
    REFUSED("a price in KAS", S, "exact.terms.amount", "kx.price.unit kx.terms.amount_lenient",
            {AT_OFFER, "accepts.0.amount", "'1.00000000'"}),
    REFUSED("a price with a zero in front", S, "exact.terms.amount", "kx.terms.amount_lenient",
            {AT_OFFER, "accepts.0.amount", "'0100000000'"}),
    REFUSED("a price above 64 bits", A, "exact.terms.amount", "kx.terms.amount_lenient",
            {AT_OFFER, "accepts.0.amount", "'18446744073709551616'"}),
    HOLDS("a threshold at the server's least", A, "exact.terms.head",
          {AT_JUDGE, "policy", "{'thresholdMin': '10000000'}"}),
    REFUSED_AS("a threshold below the server's least", A, "exact.terms.head",
               "invalid_kaspa_x402_amount", NULL,
               {AT_JUDGE, "policy", "{'thresholdMin': '10000001'}"}),
    REFUSED_AS("a threshold above the amount", A, "exact.terms.head", "invalid_kaspa_x402_amount",
               "kx.terms.head_unchecked",
               {AT_OFFER, EXTRA "additiveThresholdSompi", "'100000001'"}),
    REFUSED_AS("a redeem script that is not the head's", A, "exact.terms.head",
               "invalid_kaspa_x402_binding", "kx.terms.head_unchecked",
               {AT_OFFER, EXTRA "headRedeemScript", "'51'"}),
    REFUSED("half a head", A, "exact.terms.head", NULL, {AT_OFFER, EXTRA "headVersion", NULL}),
    REFUSED_AS("a head that grows above 64 bits", A, "exact.terms.head",
               "invalid_kaspa_x402_amount", "kx.terms.head_unchecked",
               {AT_OFFER, EXTRA "headAmount", "'18446744073709551615'"}),
};

static const struct row payloads[] = {
    HOLDS("a label of the payer's", S, "exact.payload.profile",
          {AT_PAYMENT, "payload.payerAddress", "'whoever'"}),
    REFUSED("another profile than the accepted one", S, "exact.payload.profile",
            "kx.terms.profile_unchecked", {AT_PAYMENT, "payload.profile", "'additive'"},
            {AT_PAYMENT, "payload.challengeId", H64}),
    REFUSED("a hash-chain's profile for a head", A, "exact.payload.profile",
            "kx.terms.profile_unchecked", {AT_PAYMENT, "payload.profile", "'hash-chain-additive'"},
            {AT_PAYMENT, "payload.grantId", H64}),
    HOLDS("another spelling of the URL", S, "exact.payload.request-hash",
          {AT_JUDGE, "request.url", "'HTTPS://API.EXAMPLE.TEST:443/./file#top'"}),
    HOLDS("the host's own request hash", A, "exact.payload.request-hash",
          {AT_CLAIM, "requestHash", H64}, {AT_JUDGE, "request.requestHash", H64}),
    REFUSED("a request hash that is forged", S, "exact.payload.request-hash", "kx.request.unbound",
            {AT_CLAIM, "requestHash", H64}),
    REFUSED("another method", S, "exact.payload.request-hash", "kx.request.without_method",
            {AT_JUDGE, "request.method", "'POST'"}),
    REFUSED("another query", A, "exact.payload.request-hash", "kx.request.without_query",
            {AT_JUDGE, "request.url", "'https://api.example.test/file?x'"}),
    REFUSED("another path", S, "exact.payload.request-hash", "kx.request.unbound",
            {AT_JUDGE, "request.url", "'https://api.example.test/other'"}),
    REFUSED("another host", S, "exact.payload.request-hash", "kx.request.host_believed",
            {AT_JUDGE, "request.url", "'https://evil.example.test/file'"}),
    REFUSED("a body", S, "exact.payload.request-hash", "kx.request.without_body",
            {AT_JUDGE, "request.body", "''"}),
    REFUSED("another caller", S, "exact.payload.request-hash", "kx.request.without_caller",
            {AT_JUDGE, "request.context", "{'principal': 'user:42'}"}),
    HOLDS("a challenge that is not derived", A, "exact.payload.challenge",
          {AT_OFFER, EXTRA "challengeId", H64}),
    REFUSED("another challenge", A, "exact.payload.challenge", "kx.head.challenge_unchecked",
            {AT_PAYMENT, "payload.challengeId", H64}),
    REFUSED("output 1 of a head payment", A, "exact.payload.challenge",
            "kx.head.challenge_unchecked", {AT_CLAIM, "outputIndex", "1"}),
    HOLDS("a head of version 2^64-1", A, "exact.head.known",
          {AT_OFFER, EXTRA "headVersion", "'18446744073709551615'"},
          {AT_JUDGE, "head.headVersion", "'18446744073709551615'"}),
    REFUSED("a head of the next version", A, "exact.head.known", "kx.head.stale",
            {AT_JUDGE, "head.headVersion", "'8'"}),
    REFUSED("a head that has moved on", A, "exact.head.known", "kx.head.stale",
            {AT_JUDGE, "head.expectedHeadOutpoint.txid", H64}),
    REFUSED("another head", A, "exact.head.known", "kx.head.stale", {AT_JUDGE, "head.headId", H64}),
    OPEN("a head that is not known", A, "exact.head.known", NULL, {AT_JUDGE, "head", NULL}),
};

static const struct row times[] = {
    HOLDS("an end at its bound", S, "exact.expiry.bounds",
          {AT_CLAIM, "expiresAt", "'2099-01-01T00:00:00.000Z'"}),
    HOLDS("an end without places", S, "exact.expiry.bounds",
          {AT_CLAIM, "expiresAt", "'2099-01-01T00:00:00Z'"}),
    HOLDS("an end with the challenge", A, "exact.expiry.bounds",
          {AT_CLAIM, "expiresAt", "'2098-12-31T23:59:45.000Z'"}),
    REFUSED("an end a millisecond too late", S, "exact.expiry.bounds",
            "kx.expiry.far kx.expiry.milliseconds kx.offer.without_timeout",
            {AT_CLAIM, "expiresAt", "'2099-01-01T00:00:00.001Z'"}),
    REFUSED("an end a millisecond behind the challenge", A, "exact.expiry.bounds", "kx.expiry.far",
            {AT_CLAIM, "expiresAt", "'2098-12-31T23:59:45.001Z'"}),
    REFUSED("an end on 32 December", S, "exact.expiry.bounds", NULL,
            {AT_CLAIM, "expiresAt", "'2098-12-32T23:59:30.000Z'"}),
    REFUSED_AS("an end with an offset", S, "http.form", "invalid_kaspa_x402_payload", NULL,
               {AT_CLAIM, "expiresAt", "'2098-12-31T23:59:30.000+00:00'"}),
    HOLDS("a millisecond before its end", S, "exact.expiry.live",
          {AT_JUDGE, "now", "'2098-12-31T23:59:29.999Z'"}),
    HOLDS_AGAINST("claimed in time and delivered a year later", A, "exact.expiry.live",
                  "kx.finality.late_is_lost", {AT_JUDGE, "now", "'2099-12-31T23:59:00.000Z'"},
                  {AT_JUDGE, "claimed", "true"}),
    REFUSED("at its end", S, "exact.expiry.live", "kx.expiry.unchecked",
            {AT_JUDGE, "now", "'2098-12-31T23:59:30.000Z'"}),
    REFUSED("at the end of its challenge", A, "exact.expiry.live", "kx.expiry.unchecked",
            {AT_CLAIM, "expiresAt", "'2098-12-31T23:59:45.000Z'"},
            {AT_JUDGE, "now", "'2098-12-31T23:59:45.000Z'"}),
    HOLDS("30 confirmations of 30", S, "exact.finality.reached",
          {AT_OFFER, EXTRA "finality", "'confirmed'"},
          {AT_JUDGE, "evidence.confirmations", "'30'"}),
    REFUSED("29 confirmations of 30", S, "exact.finality.reached", "kx.offer.without_finality",
            {AT_OFFER, EXTRA "finality", "'confirmed'"},
            {AT_JUDGE, "evidence.confirmations", "'29'"}),
    REFUSED("accepted where the server asks for more", A, "exact.finality.reached",
            "kx.finality.policy_ignored",
            {AT_JUDGE, "policy", "{'finality': 'confirmed', 'confirmations': '2'}"}),
    REFUSED("in the mempool", S, "exact.finality.reached",
            "kx.finality.mempool kx.finality.at_submission",
            {AT_JUDGE, "evidence.status", "'mempool'"}),
    REFUSED("conflicted", S, "exact.finality.reached", "kx.finality.replaced_served",
            {AT_JUDGE, "evidence.status", "'absent'"}),
    REFUSED("evidence of another transaction", A, "exact.finality.reached",
            "kx.node.other_id kx.finality.replaced_served",
            {AT_JUDGE, "evidence.transactionId", H64}),
    OPEN("a node that knows nothing of it", S, "exact.finality.reached", "kx.node.error_accepts",
         {AT_JUDGE, "evidence", "{'status': 'unknown'}"}),
    OPEN("no evidence yet", A, "exact.finality.reached", NULL, {AT_JUDGE, "evidence", NULL}),
};

static const struct row forms[] = {
    HOLDS("defaults left out", S, "exact.transaction.encoding", {AT_TEXT, "lockTime", NULL},
          {AT_TEXT, "gas", NULL}, {AT_TEXT, "payload", NULL}, {AT_TEXT, "subnetworkId", NULL}),
    REFUSED("no storage mass", S, "exact.transaction.encoding",
            "kx.mass.believed kx.encoding.lenient", {AT_TEXT, "storageMass", NULL}),
    REFUSED("no covenant member", A, "exact.transaction.encoding", NULL,
            {AT_TEXT, "outputs.1.covenant", NULL}),
    REFUSED("a number for a text", S, "exact.transaction.encoding", NULL,
            {AT_TEXT, "lockTime", "0"}),
    REFUSED("17 inputs", S, "exact.transaction.encoding", "kx.http.no_budget",
            {AT_TEXT, "inputs", "{'$repeat': [[" COIN_V0("0") ", 17]]}"}),
    REFUSED("65 outputs", A, "exact.transaction.encoding", "kx.http.no_budget",
            {AT_TEXT, "outputs", "{'$repeat': [[" OUTPUT("1", "000051") ", 65]]}"}),
    REFUSED("a transaction that is no JSON", S, "exact.transaction.encoding", NULL,
            {AT_PAYMENT, "payload.transaction", "'deadbeef'"}),
    REFUSED("no authorization", S, "http.form", "kx.authorization.unverified",
            {AT_PAYMENT, "payload.authorization", NULL}),
    REFUSED("an authorization of version 1", S, "http.form", "kx.authorization.v1",
            {AT_PAYMENT, AUTHORIZATION "version", "'kaspa-x402-exact-request-authorization-v1'"}),
    REFUSED("an authorization with another member", A, "http.form", NULL,
            {AT_PAYMENT, AUTHORIZATION "note", "1"}),
    REFUSED("a transaction id beside the transaction", S, "http.form", "kx.id.key",
            {AT_PAYMENT, "payload.transactionId", H64}),
    REFUSED_AS("another payload type", S, "http.form", "invalid_kaspa_payment_payload_type", NULL,
               {AT_PAYMENT, "payload.type", "'exact-transfer'"}),
    REFUSED_AS("x402 version 1", S, "http.form", "invalid_kaspa_x402_version",
               "kx.http.any_version", {AT_PAYMENT, "x402Version", "1"}),
    HOLDS("x402 version 2.0", S, "http.form", {AT_PAYMENT, "x402Version", "2.0"}),
};

static const struct row transactions[] = {
    HOLDS("two coins", S, "exact.transaction.outpoints", {AT_TX, "inputs.1", COIN_V0("1")},
          {AT_TX, "outputs.1.value", "'890000000'"}, {AT_JUDGE, "utxos.1", UTXO}),
    REFUSED("one coin twice", S, "exact.transaction.outpoints", "kx.outpoints.twice",
            {AT_TX, "inputs.1", COIN_V0("0")}, {AT_TX, "outputs.1.value", "'890000000'"},
            {AT_JUDGE, "utxos.1", UTXO}),
    HOLDS("two coins to a head", A, "exact.transaction.shape", {AT_TX, "inputs.2", COIN_V1("1")},
          {AT_TX, "outputs.1.value", "'890000000'"}, {AT_JUDGE, "utxos.2", UTXO}),
    REFUSED("version 1", S, "exact.transaction.shape", "kx.context.unchecked",
            {AT_TX, "version", "1"}, {AT_TX, "inputs.0.sigOpCount", "0"},
            {AT_TX, "inputs.0.computeBudget", "10"}),
    REFUSED("a lock time", S, "exact.transaction.shape", "kx.context.unchecked",
            {AT_TX, "lockTime", "'1'"}),
    REFUSED("gas", S, "exact.transaction.shape", "kx.context.unchecked", {AT_TX, "gas", "'1'"}),
    REFUSED("a payload", A, "exact.transaction.shape", "kx.context.unchecked",
            {AT_TX, "payload", "'00'"}),
    REFUSED("another subnetwork", S, "exact.transaction.shape", "kx.context.unchecked",
            {AT_TX, "subnetworkId", "'0900000000000000000000000000000000000000'"}),
    HOLDS("no change", S, "exact.transaction.outputs",
          {AT_TX, "inputs.0.utxo.amount", "'110000000'"},
          {AT_TX, "outputs", "[" OUTPUT("100000000", "@spk:merchant") "]"},
          {AT_JUDGE, "utxos.0.amount", "'110000000'"}),
    REFUSED("two outputs of change", S, "exact.transaction.outputs", "kx.outputs.any_number",
            {AT_TX, "outputs.1.value", "'200000000'"},
            {AT_TX, "outputs.2", OUTPUT("190000000", "@spk:payer")}),
    REFUSED("two outputs of change beside a head", A, "exact.transaction.outputs",
            "kx.outputs.any_number", {AT_TX, "outputs.1.value", "'200000000'"},
            {AT_TX, "outputs.2", OUTPUT("190000000", "@spk:payer")}),
    REFUSED("change in a covenant", A, "exact.transaction.outputs", "kx.outputs.covenant",
            {AT_TX, "outputs.1.covenant", "{'authorizingInput': 1, 'covenantId': " H64 "}"}),
    HOLDS("a budget that covers the signature", A, "exact.transaction.commitments",
          {AT_TX, "inputs.1.computeBudget", "10"}),
    REFUSED("two signature operations", S, "exact.transaction.commitments",
            "kx.commitments.unchecked", {AT_TX, "inputs.0.sigOpCount", "2"}),
    REFUSED("a budget larger than needed", A, "exact.transaction.commitments",
            "kx.commitments.unchecked", {AT_TX, "inputs.1.computeBudget", "11"}),
    REFUSED("a budget for the head", A, "exact.transaction.commitments", "kx.commitments.unchecked",
            {AT_TX, "inputs.0.computeBudget", "10"}),
    HOLDS("the storage mass of smaller change", S, "exact.transaction.storage-mass",
          {AT_TX, "outputs.1.value", "'350000000'"}),
    REFUSED("a storage mass of one", S, "exact.transaction.storage-mass", "kx.mass.believed",
            {AT_TEXT, "storageMass", "'1'"}),
    REFUSED("a storage mass above 32 bits", A, "exact.transaction.storage-mass", "kx.mass.believed",
            {AT_TEXT, "storageMass", "'4294967296'"}),
    HOLDS_WITH("a fee at the policy", S, "exact.transaction.fee", "{'fee': '100000000'}",
               {AT_TX, "outputs.1.value", "'300000000'"}),
    REFUSED("a fee of a sompi more", S, "exact.transaction.fee", "kx.fee.unlimited",
            {AT_TX, "outputs.1.value", "'299999999'"}),
    REFUSED("a fee above a lower policy", A, "exact.transaction.fee", "kx.fee.unlimited",
            {AT_JUDGE, "policy", "{'feeMax': '1000'}"}),
    REFUSED("outputs whose sum passes 2^64", S, "exact.transaction.fee", "kx.output.wraps",
            {AT_TX, "outputs.1.value", "'18446744073709551615'"},
            {AT_JUDGE, "policy", "{'feeMax': '500000000'}"}),
    REFUSED("outputs of a sompi more than there is", S, "exact.transaction.fee", NULL,
            {AT_TX, "outputs.1.value", "'400000001'"}),
    HOLDS("an id that is computed", A, "exact.transaction.id",
          {AT_TX, "outputs.1.value", "'390000000'"}),
    REFUSED("another id in the text", S, "exact.transaction.id", "kx.id.believed kx.id.key",
            {AT_TEXT, "id", H64}),
    REFUSED("no id in the text", A, "exact.transaction.id", "kx.id.believed",
            {AT_TEXT, "id", NULL}),
};

static const struct row outputs[] = {
    HOLDS("the merchant second", S, "exact.transaction.merchant-output",
          {AT_TX, "outputs",
           "[" OUTPUT("390000000", "@spk:payer") ", " OUTPUT("100000000", "@spk:merchant") "]"},
          {AT_CLAIM, "outputIndex", "1"}),
    REFUSED("a sompi less", S, "exact.transaction.merchant-output", "kx.output.one_short",
            {AT_TX, "outputs.0.value", "'99999999'"}),
    REFUSED("a sompi more", S, "exact.transaction.merchant-output", "kx.output.at_least",
            {AT_TX, "outputs.0.value", "'100000001'"}),
    REFUSED("a sompi less to a head", A, "exact.transaction.merchant-output", "kx.output.one_short",
            {AT_TX, "outputs.0.value", "'1099999999'"}),
    REFUSED("a sompi more to a head", A, "exact.transaction.merchant-output", "kx.head.at_least",
            {AT_TX, "outputs.0.value", "'1100000001'"}),
    REFUSED("a head below the amount and above its threshold", A,
            "exact.transaction.merchant-output", "kx.head.at_least",
            {AT_TX, "outputs.0.value", "'1010000000'"}, {AT_TX, "outputs.1.value", "'480000000'"}),
    REFUSED("two outputs that are the amount together", S, "exact.transaction.merchant-output",
            "kx.output.sum", {AT_TX, "inputs.0.utxo.amount", "'110000000'"},
            {AT_TX, "outputs",
             "[" OUTPUT("60000000", "@spk:merchant") ", " OUTPUT("40000000", "@spk:merchant") "]"},
            {AT_JUDGE, "utxos.0.amount", "'110000000'"}),
    REFUSED("the amount, and more to the merchant", S, "exact.transaction.merchant-output",
            "kx.output.twice", {AT_TX, "outputs.1.scriptPublicKey", "'@spk:merchant'"}),
    REFUSED("the change claimed", S, "exact.transaction.merchant-output", "kx.output.any_index",
            {AT_CLAIM, "outputIndex", "1"}),
    REFUSED("an output claimed that is not there", S, "exact.transaction.merchant-output",
            "kx.output.any_index", {AT_CLAIM, "outputIndex", "9"}),
    REFUSED("nobody paid", S, "exact.transaction.merchant-output",
            "kx.output.any_index kx.output.any_script",
            {AT_TX, "outputs.0.scriptPublicKey", "'@spk:payer'"}),
    HOLDS("change to a second coin's script", S, "exact.transaction.change",
          {AT_TX, "inputs.1", COIN_V0("1")}, {AT_TX, "outputs.1.value", "'890000000'"},
          {AT_JUDGE, "utxos.1", UTXO}, {AT_CLAIM, "inputIndex", "1"}),
    REFUSED("change to a stranger", S, "exact.transaction.change", "kx.change.foreign",
            {AT_TX, "outputs.1.scriptPublicKey", "'@spk:stranger'"}),
    REFUSED("change to a stranger beside a head", A, "exact.transaction.change",
            "kx.change.foreign", {AT_TX, "outputs.1.scriptPublicKey", "'@spk:stranger'"}),
};

static const struct row signatures[] = {
    HOLDS_AGAINST("signed for NONE", S, "exact.transaction.funding", "kx.sighash.all_only",
                  {AT_CLAIM, "sighash", "2"}),
    HOLDS_AGAINST("signed for SINGLE", S, "exact.transaction.funding", "kx.sighash.all_only",
                  {AT_CLAIM, "sighash", "4"}),
    HOLDS_AGAINST("signed for ALL by anyone", A, "exact.transaction.funding", "kx.sighash.all_only",
                  {AT_CLAIM, "sighash", "129"}),
    HOLDS_AGAINST("signed for NONE by anyone", S, "exact.transaction.funding",
                  "kx.sighash.all_only", {AT_CLAIM, "sighash", "130"}),
    HOLDS_AGAINST("signed for SINGLE by anyone", S, "exact.transaction.funding",
                  "kx.sighash.all_only", {AT_CLAIM, "sighash", "132"}),
    REFUSED("a signature that is none", S, "exact.transaction.funding",
            "kx.verify.chain_first kx.funding.unverified",
            {AT_TEXT, "inputs.0.signatureScript", WRONG_PUSH "01'"}),
    REFUSED("a signature of an unknown type", S, "exact.transaction.funding", NULL,
            {AT_TEXT, "inputs.0.signatureScript", WRONG_PUSH "03'"}),
    REFUSED("no signature", A, "exact.transaction.funding", "kx.funding.unverified",
            {AT_TEXT, "inputs.1.signatureScript", "''"}),
    REFUSED("an ECDSA coin", S, "exact.transaction.funding", "kx.funding.any_script",
            {AT_TX, "inputs.0.utxo.scriptPublicKey", "'@ecdsa:payer'"},
            {AT_JUDGE, "utxos.0.scriptPublicKey", "'@ecdsa:payer'"}),
    REFUSED("a head spent without its script", A, "exact.transaction.funding",
            "kx.funding.unverified", {AT_TEXT, "inputs.0.signatureScript", "'00'"}),
    REFUSED("a head at another outpoint", A, "exact.transaction.funding", NULL,
            {AT_TX, "inputs.0.previousOutpoint.index", "1"}),
    HOLDS("a coin that was mined", S, "exact.transaction.hints",
          {AT_JUDGE, "utxos.0.isCoinbase", "true"}),
    REFUSED("a coin of another amount on the chain", S, "exact.transaction.hints",
            "kx.hints.believed", {AT_JUDGE, "utxos.0.amount", "'500000001'"}),
    REFUSED("a coin of another script on the chain", A, "exact.transaction.hints",
            "kx.hints.believed", {AT_JUDGE, "utxos.1.scriptPublicKey", "'@spk:stranger'"}),
    REFUSED("a coin that is not there", S, "exact.transaction.hints", "kx.hints.believed",
            {AT_JUDGE, "utxos.0", "null"}),
    OPEN("coins that nobody has looked for", S, "exact.transaction.hints", "kx.hints.believed",
         {AT_JUDGE, "utxos", NULL}),
    HOLDS("authorised by the second coin", S, "exact.authorization.input",
          {AT_TX, "inputs.1", COIN_V0("1")}, {AT_TX, "outputs.1.value", "'890000000'"},
          {AT_JUDGE, "utxos.1", UTXO}, {AT_CLAIM, "inputIndex", "1"}),
    REFUSED("authorised by an input that is not there", S, "exact.authorization.input",
            "kx.authorization.any_input", {AT_CLAIM, "inputIndex", "9"}),
    REFUSED("authorised by the head", A, "exact.authorization.input", "kx.authorization.any_input",
            {AT_CLAIM, "inputIndex", "0"}),
    HOLDS("another end authorised", S, "exact.authorization.signature",
          {AT_CLAIM, "expiresAt", "'2098-12-31T23:59:31.000Z'"}),
    REFUSED("authorised by a stranger", S, "exact.authorization.signature",
            "kx.authorization.unverified", {AT_CLAIM, "signer", "'stranger'"}),
    REFUSED("authorised by a stranger, to a head", A, "exact.authorization.signature",
            "kx.authorization.unverified", {AT_CLAIM, "signer", "'stranger'"}),
    REFUSED("another end than the one that was signed", S, "exact.authorization.signature",
            "kx.authorization.digest_as_sent",
            {AT_PAYMENT, AUTHORIZATION "expiresAt", "'2098-12-31T23:59:31.000Z'"}),
    REFUSED("another identifier than the one that was signed", A, "exact.authorization.signature",
            "kx.authorization.digest_as_sent",
            {AT_PAYMENT, IDENTIFIER "info.id", "'another_identifier_0001'"}),
    REFUSED("another digest", S, "exact.authorization.signature", NULL,
            {AT_PAYMENT, AUTHORIZATION "digest", H64}),
    HOLDS("a lock that is just open", S, "exact.transaction.consensus",
          {AT_TX, "inputs.0.sequence", "'10'"}, {AT_JUDGE, "utxos.0.blockDaaScore", "'1990'"}),
    REFUSED("a lock that is not open", S, "exact.transaction.consensus", "kx.consensus.unchecked",
            {AT_TX, "inputs.0.sequence", "'10'"}, {AT_JUDGE, "utxos.0.blockDaaScore", "'1991'"}),
    REFUSED("a coin that was mined just now", A, "exact.transaction.consensus",
            "kx.consensus.unchecked", {AT_JUDGE, "utxos.1.isCoinbase", "true"},
            {AT_JUDGE, "utxos.1.blockDaaScore", "'1001'"}),
};

/* What a rule's refusal is called where the row does not say otherwise. */
static const char *local_of(const struct row *row)
{
    for (int i = 0; i < KX_EXACT__COUNT && row->local == NULL; i++)
        if (strcmp(kx_exact_rules[i].id, row->about) == 0)
            return kx_local_text(kx_exact_rules[i].local);
    return row->local != NULL ? row->local : kx_local_text(KX_LOCAL_PAYLOAD);
}

static void add_row(struct vectors *v, const struct row *row)
{
    bool is_refused = row->expected == NULL;
    char local[128];

    (void)snprintf(local, sizeof local, "{'local': '%s'}", local_of(row));
    vectors_add_about(v, "exact.payment", row->name, is_refused ? row->about : row->expected,
                      vectors_exact_base(v, row->profile, row->patches),
                      is_refused ? local : row->known, row->about, row->guards);
}

static void add_rows(struct vectors *v, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count && v->err->code == ASSAY_OK; i++)
        add_row(v, &rows[i]);
}

void vectors_exact_payment(struct vectors *v)
{
    add_rows(v, offers, ARRAY_LEN(offers));
    add_rows(v, terms, ARRAY_LEN(terms));
    add_rows(v, payloads, ARRAY_LEN(payloads));
    add_rows(v, times, ARRAY_LEN(times));
    add_rows(v, forms, ARRAY_LEN(forms));
    add_rows(v, transactions, ARRAY_LEN(transactions));
    add_rows(v, outputs, ARRAY_LEN(outputs));
    add_rows(v, signatures, ARRAY_LEN(signatures));
}
