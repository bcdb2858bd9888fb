/** Exact payments that are right, and what is wrong with others: inputs of exact.payment, in which
 *  everything behind a change is computed and signed anew, so that the change is the only defect.
 *
 *  Hashes that the payer signs are made here of jansson's sorted form, and so by other code than
 *  that which is judged. All transactions pay more than the relay minimum. The hash-chain's script
 *  template is official data, so there is no payment to one. Internal to the vectors and the
 *  benchmark.
 */
#ifndef VECTORS_EXACT_BASE_H
#define VECTORS_EXACT_BASE_H

#include "kaspa_x402/exact_terms.h"
#include "vectors/cases.h"

/** Made of a price of 1 KAS on kaspa:testnet-10, paid by input 0 or, beside a head of 10 KAS, by
 *  input 1; judged half a minute before everything expires, when the chain has accepted it. */
#define VECTORS_EXACT_ID "vectors_identifier_0001"

/** When a change is made: what is made before it stays, what is made behind it follows. */
enum vectors_exact_stage {
    AT_END,      /**< none: the list ends */
    AT_OFFER,    /**< of the PaymentRequired */
    AT_ACCEPTED, /**< of the offer as it is accepted */
    AT_TX,       /**< of the transaction, which is then weighed, identified and signed */
    AT_CLAIM,    /**< of what is claimed: expiresAt, identifier, outputIndex, inputIndex,
                  *   requestHash (null: the right one), signer, sighash */
    AT_TEXT,     /**< of the transaction's text, which is then authorised as it is */
    AT_PAYMENT,  /**< of the PaymentPayload as it is sent */
    AT_JUDGE,    /**< of the operation's input: required, payment, request, now, utxos, pov, head,
                  *   evidence, policy, claimed */
};

/** As vectors_patch, of what that stage makes. A text "@spk:NAME", "@ecdsa:NAME", "@address:NAME"
 * or
 *  "@mainnet:NAME" stands for the script public key, or the address, of that name's key; payer,
 *  merchant and owner are those of the payment. {"$repeat": …} is carried out within a
 *  transaction. */
struct vectors_exact_patch {
    enum vectors_exact_stage stage;
    const char *path, *json;
};
#define VECTORS_EXACT_PATCHES_MAX 6

/** NULL: v->err says why. profile: standard-native or additive. */
json_t *vectors_exact_base(struct vectors *v, enum kx_profile profile,
                           const struct vectors_exact_patch *patches);
/** The PaymentRequired alone. */
json_t *vectors_exact_offer(struct vectors *v, enum kx_profile profile);

#endif
