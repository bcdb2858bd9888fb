/* EIP-3009; see transfer.h. */
#include "evm/transfer.h"

#define TYPE                                                                                       \
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"          \
    "uint256 validBefore,bytes32 nonce)"

void evm_transfer_digest(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain,
                         const struct evm_transfer *transfer)
{
    struct evm_typed s;

    evm_typed_init(&s, TYPE);
    evm_typed_add_address(&s, &transfer->from);
    evm_typed_add_address(&s, &transfer->to);
    evm_typed_add_number(&s, &transfer->value);
    evm_typed_add_number(&s, &transfer->valid_after);
    evm_typed_add_number(&s, &transfer->valid_before);
    evm_typed_add_word(&s, transfer->nonce);
    evm_typed_digest(out, domain, &s);
}
