/** EIP-3009: TransferWithAuthorization, by which whoever holds the signature moves tokens of the
 *  signer's. Nothing else is signed: no URL, no method, no resource. */
#ifndef EVM_TRANSFER_H
#define EVM_TRANSFER_H

#include "evm/typed_data.h"

struct evm_transfer {
    struct evm_address from, to;
    struct evm_uint256 value;
    struct evm_uint256 valid_after, valid_before; /**< seconds; valid strictly between them */
    uint8_t nonce[EVM_WORD_BYTES]; /**< the signer's choice; a token takes each once */
};

/** What `from` signs. domain: the token's, with its contract. */
void evm_transfer_digest(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain,
                         const struct evm_transfer *transfer);

#endif
