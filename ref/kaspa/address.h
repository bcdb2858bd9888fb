/** Addresses of all networks and versions. Source: Kaspa consensus digest, section 3. */
#ifndef KASPA_ADDRESS_H
#define KASPA_ADDRESS_H

#include "kaspa/script.h"

enum kaspa_network {
    KASPA_MAINNET,
    KASPA_TESTNET,
    KASPA_SIMNET,
    KASPA_DEVNET,
    KASPA_NETWORK__COUNT
};

enum kaspa_address_version {
    KASPA_ADDRESS_PUBKEY = 0,       /**< 32 bytes */
    KASPA_ADDRESS_PUBKEY_ECDSA = 1, /**< 33 bytes */
    KASPA_ADDRESS_SCRIPT_HASH = 8,  /**< 32 bytes */
};

#define KASPA_ADDRESS_PAYLOAD_MAX_BYTES 33
#define KASPA_ADDRESS_TEXT_MAX_BYTES                                                               \
    80 /**< "kaspatest:" and 63 characters, and a NUL; rounded up */

struct kaspa_address {
    enum kaspa_network network;
    enum kaspa_address_version version;
    uint8_t payload[KASPA_ADDRESS_PAYLOAD_MAX_BYTES];
    size_t payload_len;
};

/* constant, name, what a person is told; all but the last under the node's names */
#define KASPA_ADDRESS_ERRORS(X)                                                                    \
    X(MISSING_PREFIX, "MissingPrefix", "no colon: the network's prefix is missing")                \
    X(INVALID_PREFIX, "InvalidPrefix",                                                             \
      "the prefix is none of kaspa, kaspatest, kaspasim, kaspadev, in lower case")                 \
    X(DECODING_ERROR, "DecodingError", "a character is not of the address alphabet")               \
    X(BAD_PAYLOAD, "BadPayload", "too short to hold a checksum and a version")                     \
    X(BAD_CHECKSUM, "BadChecksum", "the checksum is wrong: a typing error, or another prefix")     \
    X(INVALID_VERSION, "InvalidVersion", "the version is none of 0, 1 and 8")                      \
    X(INVALID_PAYLOAD_LENGTH, "InvalidPayloadLength", "its length is not the one of its version")  \
    X(NOT_CANONICAL, "NotCanonical",                                                               \
      "another spelling of an address: what follows the data is not zero, or too long")

#define KASPA_ADDRESS_ERROR_ENUM(name, node, text) KASPA_ADDRESS_##name,
enum kaspa_address_error {
    KASPA_ADDRESS_OK,
    KASPA_ADDRESS_ERRORS(KASPA_ADDRESS_ERROR_ENUM) KASPA_ADDRESS__COUNT
};
#undef KASPA_ADDRESS_ERROR_ENUM

/** Reads the one text form. *at (may be NULL) is the offset of what is wrong, 0 on success. Out is
 *  unchanged on failure. The order is the node's and that of the list above, but that a missing
 *  version shows only behind a right checksum. Unlike the node it refuses spellings that are not
 *  canonical. */
enum kaspa_address_error kaspa_address_decode(struct kaspa_address *out, size_t *at,
                                              struct assay_bytes text) ASSAY_MUST_USE;
/** Writes it, NUL-terminated, into KASPA_ADDRESS_TEXT_MAX_BYTES; payload_len is the one of the
 *  version. */
void kaspa_address_encode(char *text, const struct kaspa_address *address);
/** "MissingPrefix" and so on; "OK". */
const char *kaspa_address_error_name(enum kaspa_address_error error);
const char *kaspa_address_error_text(enum kaspa_address_error error);

/** The standard script that pays to an address: script has KASPA_SPK_MAX_STANDARD_BYTES; the spk
 *  borrows it. */
void kaspa_address_script(struct kaspa_spk *out, uint8_t *script,
                          const struct kaspa_address *address);
/** The address of a standard script; false for a script that has none. */
bool kaspa_address_of_script(struct kaspa_address *out, const struct kaspa_spk *spk,
                             enum kaspa_network network);

/** "kaspa", "kaspatest", "kaspasim", "kaspadev". */
const char *kaspa_network_prefix(enum kaspa_network network);
/** "mainnet", "testnet-10", "simnet", "devnet". */
const char *kaspa_network_name(enum kaspa_network network);
/** By either name; false: neither. */
bool kaspa_network_find(enum kaspa_network *out, struct assay_bytes name);

#endif
