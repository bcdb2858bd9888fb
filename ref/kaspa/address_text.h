/** The text form beneath addresses: a prefix, bytes in groups of five bits, and a checksum over
 * both. For address.c, its tests and generators: the official vectors have prefixes and lengths
 * that no address has. Source: Kaspa consensus digest, section 3. */
#ifndef KASPA_ADDRESS_TEXT_H
#define KASPA_ADDRESS_TEXT_H

#include "kaspa/address.h"

#define KASPA_ADDRESS_CHECKSUM_CHARACTERS 8

/** Writes prefix, colon, data and checksum, NUL-terminated; out has room for that: a character for
 *  every five bits of data, the last of them begun, and KASPA_ADDRESS_CHECKSUM_CHARACTERS. */
void kaspa_address_text_write(char *out, struct assay_bytes prefix, struct assay_bytes data);
/** The same of groups of five bits, each below 32, be they bytes or not: a generator needs
 * spellings that no data has. `groups` may stand in out where their characters will. */
void kaspa_address_text_write_groups(char *out, struct assay_bytes prefix, const uint8_t *groups,
                                     size_t count);

/** Reads what follows the colon. Out: *len, how many whole bytes there are, and the first `room` of
 *  them. Bits behind the last whole byte are passed over, as the node does. On failure *at is the
 *  offset in `text` of what is wrong: DECODING_ERROR, BAD_PAYLOAD (no room for a checksum),
 *  BAD_CHECKSUM. */
enum kaspa_address_error kaspa_address_text_read(uint8_t *out, size_t room, size_t *len, size_t *at,
                                                 struct assay_bytes prefix,
                                                 struct assay_bytes text) ASSAY_MUST_USE;

#endif
