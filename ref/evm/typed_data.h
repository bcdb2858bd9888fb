/** EIP-712: the digest of a structure under a domain, which is what wallets sign.
 *
 *  A structure's type is a text that both sides know beforehand; its members are added in the
 *  type's order. There is no nesting, and no array, for want of a use.
 */
#ifndef EVM_TYPED_DATA_H
#define EVM_TYPED_DATA_H

#include "evm/address.h"
#include "evm/keccak.h"
#include "evm/uint256.h"

struct evm_domain {
    struct assay_bytes name, version;
    uint64_t chain_id;
    const struct evm_address *contract; /**< NULL: the domain has no such member */
};

/** A structure's hash: _init with its type, a call for each member, _end. */
struct evm_typed {
    struct evm_keccak hash;
};

void evm_typed_init(struct evm_typed *s, const char *type);
void evm_typed_add_text(struct evm_typed *s, struct assay_bytes text); /**< string */
void evm_typed_add_number(struct evm_typed *s, const struct evm_uint256 *number);
void evm_typed_add_address(struct evm_typed *s, const struct evm_address *address);
void evm_typed_add_word(struct evm_typed *s, const uint8_t word[EVM_WORD_BYTES]); /**< bytes32 */
void evm_typed_end(struct evm_typed *s, uint8_t out[EVM_KECCAK_BYTES]);

/** The domain separator. */
void evm_domain_hash(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain);
/** Ends the structure: what is signed. */
void evm_typed_digest(uint8_t out[EVM_KECCAK_BYTES], const struct evm_domain *domain,
                      struct evm_typed *s);

#endif
