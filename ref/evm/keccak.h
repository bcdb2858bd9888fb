/** Keccak-256 as Ethereum has it: the sponge of SHA3-256 with the padding from before FIPS 202.
 *
 *  Our own, since Debian 12 has no C library with that padding (libcrypto has it from 3.2 on).
 *  Source: FIPS 202, sections 3 to 5.
 */
#ifndef EVM_KECCAK_H
#define EVM_KECCAK_H

#include "base/bytes.h"

#define EVM_KECCAK_BYTES 32
#define EVM_KECCAK_LANES 25

/** The first byte of the padding, in which the two functions differ. */
enum evm_padding { EVM_PADDING_KECCAK = 0x01, EVM_PADDING_SHA3 = 0x06 };

/** A digest in parts: _init, _add as often as wanted, _end once. Never fails. */
struct evm_keccak {
    uint64_t lanes[EVM_KECCAK_LANES];
    size_t at; /**< where in the block the next byte goes */
};

void evm_keccak_init(struct evm_keccak *h);
void evm_keccak_add(struct evm_keccak *h, struct assay_bytes bytes);
void evm_keccak_end(struct evm_keccak *h, uint8_t out[EVM_KECCAK_BYTES]);
/** With either padding: that of SHA3 is for tests to hold the sponge against another's. */
void evm_keccak_end_padded(struct evm_keccak *h, uint8_t out[EVM_KECCAK_BYTES],
                           enum evm_padding padding);
/** All at once. */
void evm_keccak256(uint8_t out[EVM_KECCAK_BYTES], struct assay_bytes bytes);

#endif
