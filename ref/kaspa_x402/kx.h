/** What the Kaspa x402 bindings share: names, codes and the rules list.
 *  Source: Kaspa x402 exact digest, sections 1, 13 and 22. */
#ifndef KX_KX_H
#define KX_KX_H

#include "kaspa/address.h"

#define KX_NETWORK_MAINNET "kaspa:mainnet"
#define KX_NAMESPACE "kaspa:"
#define KX_NETWORK_TESTNET "kaspa:testnet-10"
#define KX_ASSET "KAS"
#define KX_SCHEME_EXACT "exact"
#define KX_BINDING_EXACT "kaspa-exact-v2"
#define KX_BINDING_HASH_CHAIN "kaspa-hash-chain-exact-v1"
#define KX_ENCODING "kaspa-sdk-safe-json-v2.0.0"
#define KX_AUTHORIZATION "kaspa-x402-exact-request-authorization-v2"
#define KX_TEMPLATE_ADDITIVE "kaspa-x402-kip10-additive-v1"
#define KX_TEMPLATE_HASH_CHAIN "kaspa-x402-hash-chain-head-v2"
#define KX_PAYLOAD_EXACT "exact-transaction"

/** What may cross to the other side: section 22. */
#define KX_WIRE(X)                                                                                 \
    X(NONE, "")                                                                                    \
    X(VERSION, "invalid_x402_version")                                                             \
    X(SCHEME, "invalid_scheme")                                                                    \
    X(NETWORK, "invalid_network")                                                                  \
    X(REQUIREMENTS, "invalid_payment_requirements")                                                \
    X(PAYLOAD, "invalid_payload")                                                                  \
    X(STATE, "invalid_transaction_state")                                                          \
    X(UNSUPPORTED_SCHEME, "unsupported_scheme")                                                    \
    X(SETTLE, "unexpected_settle_error")

#define KX_WIRE_ENUM(name, text) KX_WIRE_##name,
enum kx_wire { KX_WIRE(KX_WIRE_ENUM) KX_WIRE__COUNT };
#undef KX_WIRE_ENUM

/** The diagnostics of this side, and the wire reason that each becomes. */
#define KX_LOCAL(X)                                                                                \
    X(NONE, "", NONE)                                                                              \
    X(VERSION, "invalid_kaspa_x402_version", VERSION)                                              \
    X(SCHEME, "invalid_kaspa_x402_scheme", SCHEME)                                                 \
    X(NETWORK, "invalid_kaspa_x402_network", NETWORK)                                              \
    X(ASSET, "invalid_kaspa_x402_asset", REQUIREMENTS)                                             \
    X(AMOUNT, "invalid_kaspa_x402_amount", REQUIREMENTS)                                           \
    X(BINDING, "invalid_kaspa_x402_binding", REQUIREMENTS)                                         \
    X(ACCEPTED, "invalid_kaspa_x402_accepted", REQUIREMENTS)                                       \
    X(PAYLOAD, "invalid_kaspa_x402_payload", PAYLOAD)                                              \
    X(PAYLOAD_TYPE, "invalid_kaspa_payment_payload_type", PAYLOAD)                                 \
    X(PUBLIC_KEY, "invalid_kaspa_public_key", PAYLOAD)                                             \
    X(SIGNATURE, "invalid_kaspa_signature", PAYLOAD)                                               \
    X(HEX, "invalid_kaspa_hex", PAYLOAD)                                                           \
    X(IDENTIFIER, "invalid_kaspa_payment_identifier", PAYLOAD)                                     \
    X(NO_IDENTIFIER, "missing_kaspa_payment_identifier", PAYLOAD)                                  \
    X(SETTLEMENT, "invalid_kaspa_settlement_response", STATE)                                      \
    X(TRANSACTION, "invalid_kaspa_transaction", STATE)                                             \
    X(OUTPOINT, "invalid_kaspa_outpoint", STATE)                                                   \
    X(CHANNEL, "invalid_kaspa_channel_id", STATE)                                                  \
    X(IDENTIFIER_CONFLICT, "kaspa_payment_identifier_conflict", STATE)                             \
    X(REPLAY, "exact_payment_replay", STATE)                                                       \
    X(UNSUPPORTED_SCHEME, "unsupported_scheme", UNSUPPORTED_SCHEME)                                \
    X(FACILITATOR_ACTION, "unsupported_kaspa_facilitator_action", UNSUPPORTED_SCHEME)

#define KX_LOCAL_ENUM(name, text, wire) KX_LOCAL_##name,
enum kx_local { KX_LOCAL(KX_LOCAL_ENUM) KX_LOCAL__COUNT };
#undef KX_LOCAL_ENUM

const char *kx_wire_text(enum kx_wire wire);
const char *kx_local_text(enum kx_local local);
enum kx_wire kx_wire_of(enum kx_local local);

/** The network of a canonical name, or false; no alias is one. */
bool kx_network_find(enum kaspa_network *out, struct assay_bytes name);
/** Whether a text has the prefix of the network's addresses, and its colon. */
bool kx_network_has(enum kaspa_network network, struct assay_bytes address);

#endif
