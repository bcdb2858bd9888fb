/** Transactions as JSON text, in the forms that are published.
 *
 *  Source: Kaspa consensus digest, section 8; Kaspa x402 exact digest, section 9. One reader takes
 *  all of them, one object at a time: an input's outpoint flattened ("transactionId", "index") or
 *  nested ("previousOutpoint" with "transactionId" or "txid", and "index"); 64-bit values as
 * decimal texts, and as JSON numbers where the caller allows them; an output's "value" or "amount";
 *  "storageMass" or "mass"; sigOpCount and computeBudget as the version has them (the other one may
 *  be there as 0 or null). `id` and `utxo` are the sender's claims and are kept apart.
 */
#ifndef KASPA_SAFEJSON_H
#define KASPA_SAFEJSON_H

#include "base/arena.h"
#include "base/json.h"
#include "kaspa/tx.h"

#define KASPA_JSON_MAX_BYTES ((size_t)16 << 20)

/** What the text claims and nobody has checked. */
struct kaspa_claims {
    bool has_id;
    struct kaspa_hash id;
    bool has_storage_mass;    /**< absent: tx->storage_mass is 0 */
    const bool *has_utxo;     /**< one an input */
    struct kaspa_utxo *utxos; /**< one an input; only where has_utxo */
};

struct kaspa_json_options {
    bool numbers;         /**< 64-bit values may be JSON numbers too */
    bool unknown_members; /**< they are passed over instead of refused */
    size_t max_inputs;    /**< 0: as many as consensus allows, and one */
    size_t max_outputs;
};

/** Parses a whole text. options is never NULL. Out: tx and claims (may be NULL) live in the arena
 * and borrow nothing from the text; both unchanged on failure. err names the member
 * ("inputs[2].sequence") and has its offset. MALFORMED: no JSON, odd or wrong hex, a script public
 * key without its version, a number with sign, leading zero, fraction or exponent; DUPLICATE: a
 * member twice; TYPE; MISSING; UNKNOWN: a member that no form has; RANGE: a number outside its
 * field, a hash of another length; CONFLICT: both forms of one thing with different values, or a
 * compute commitment above 0 that the version does not have beside the one that it has; TOO_LARGE:
 * text, nesting, inputs or outputs; NOMEM.
 *
 *  A commitment of the wrong kind that stands alone is kept as that kind, since consensus refuses
 * it by its name; only a sigOpCount of 0 alone in version 1 is the budget's default of 0. Versions
 *  above 1 are read as 1 is. */
enum assay_code kaspa_tx_parse(struct kaspa_tx *tx, struct kaspa_claims *claims,
                               struct assay_arena *arena, struct assay_bytes text,
                               const struct kaspa_json_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
/** The same of a value within a document that is already parsed. */
enum assay_code kaspa_tx_parse_value(struct kaspa_tx *tx, struct kaspa_claims *claims,
                                     struct assay_arena *arena, const struct assay_json *doc,
                                     uint32_t token, const struct kaspa_json_options *options,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** A UTXO entry {amount, scriptPublicKey, blockDaaScore?, isCoinbase?, covenantId?, address?}; what
 *  is absent is 0, false and none. An address is passed over, being a claim of a claim. */
enum assay_code kaspa_utxo_parse_value(struct kaspa_utxo *utxo, struct assay_arena *arena,
                                       const struct assay_json *doc, uint32_t token,
                                       const struct kaspa_json_options *options,
                                       struct assay_err *err) ASSAY_MUST_USE;

enum kaspa_json_form {
    KASPA_JSON_FLAT,   /**< the SDK's serializeToSafeJSON */
    KASPA_JSON_NESTED, /**< with previousOutpoint, as the x402 exact scheme has it; of a UTXO it has
                        * amount and script public key alone */
    KASPA_JSON_RPC, /**< as a node takes it over RPC (digest, section 7.2): nested, without id and
                     * UTXOs, 64-bit values as numbers, both compute commitments of each input
                     * and the storage mass under both its names; not a safe form */
};

/** Appends one of the forms, the safe ones with the true id; utxos may be NULL (one an input
 *  otherwise). Members in the order of the digests. Of a compute commitment that the version does
 *  not have, only that one is written in a safe form, so that it reads back as what it is. Fails as
 *  the buffer does. */
void kaspa_tx_write(struct assay_buf *out, const struct kaspa_tx *tx,
                    const struct kaspa_utxo *utxos, enum kaspa_json_form form);
/** In the flattened form, with every member; its address is null. */
void kaspa_utxo_write(struct assay_buf *out, const struct kaspa_utxo *utxo);

/** Every field says the same; of a covenant that is not there the rest does not count. */
bool kaspa_tx_equal(const struct kaspa_tx *a, const struct kaspa_tx *b);
bool kaspa_utxo_equal(const struct kaspa_utxo *a, const struct kaspa_utxo *b);

#endif
