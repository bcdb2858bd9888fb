/** Kaspa transactions as plain structs over the caller's storage, and the limits of their parts.
 *
 *  Nothing here owns: arrays and slices belong to the caller, or to the arena of who made them.
 *  Amounts are sompi (100 000 000 = 1 KAS). Hashes are printed in storage order, never reversed.
 *  Source: Kaspa consensus digest, section 1. Both versions that consensus knows are here: 0, and 1
 *  (since the Toccata fork: compute budgets, covenant bindings, user lanes).
 */
#ifndef KASPA_TX_H
#define KASPA_TX_H

#include "base/bytes.h"

#define KASPA_HASH_BYTES 32
#define KASPA_SUBNETWORK_BYTES 20
#define KASPA_MAX_SOMPI UINT64_C(2900000000000000000) /**< of one amount, and of any sum */
#define KASPA_SOMPI_PER_KAS UINT64_C(100000000)
#define KASPA_TX_MAX_VERSION 1
#define KASPA_TX_MAX_INPUTS 1000
#define KASPA_TX_MAX_OUTPUTS 1000
#define KASPA_COINBASE_MAX_OUTPUTS 126 /**< ghostdag k of 124, and 2 */
#define KASPA_SIGNATURE_SCRIPT_MAX_BYTES 250000
#define KASPA_OUTPUT_SCRIPT_MAX_BYTES 10000
#define KASPA_COINBASE_OUTPUT_SCRIPT_MAX_BYTES 150
#define KASPA_LOCK_TIME_THRESHOLD                                                                  \
    UINT64_C(500000000000) /**< below: DAA score; else: milliseconds */
#define KASPA_SEQUENCE_FINAL UINT64_MAX
#define KASPA_SEQUENCE_LOCK_DISABLED (UINT64_C(1) << 63)
#define KASPA_SEQUENCE_LOCK_MASK UINT64_C(0xffffffff)

struct kaspa_hash {
    uint8_t at[KASPA_HASH_BYTES];
};

struct kaspa_outpoint {
    struct kaspa_hash txid;
    uint32_t index;
};

/** A script public key. Only version 0 is interpreted; higher ones are anyone's to spend. */
struct kaspa_spk {
    uint16_t version;
    struct assay_bytes script;
};

/** What an input commits itself to compute: version 0 has a count of signature operations (at most
 *  255), version 1 a budget. The kind that does not go with the version is refused by consensus,
 * and is hashed as 0. */
enum kaspa_commit { KASPA_COMMIT_SIG_OPS, KASPA_COMMIT_BUDGET };

struct kaspa_input {
    struct kaspa_outpoint previous;
    struct assay_bytes signature_script;
    uint64_t sequence;
    enum kaspa_commit commit_kind;
    uint16_t commit;
};

struct kaspa_output {
    uint64_t value;
    struct kaspa_spk spk;
    bool has_covenant; /**< version 1 only */
    uint16_t authorizing_input;
    struct kaspa_hash covenant_id;
};

struct kaspa_tx {
    uint16_t version;
    const struct kaspa_input *inputs;
    size_t input_count;
    const struct kaspa_output *outputs;
    size_t output_count;
    uint64_t lock_time;
    uint8_t subnetwork_id[KASPA_SUBNETWORK_BYTES];
    uint64_t gas;
    struct assay_bytes payload;
    uint64_t storage_mass; /**< the commitment; in no transaction id */
};

/** What a transaction spends. The signature vouches for amount and script public key alone; the
 * rest is known from a node or not at all. */
struct kaspa_utxo {
    uint64_t amount;
    struct kaspa_spk spk;
    uint64_t block_daa_score; /**< UINT64_MAX while it is in the mempool only */
    bool is_coinbase;
    bool has_covenant;
    struct kaspa_hash covenant_id;
};

/** What may be said of a script, a rule or a whole transaction. `undecided` is never valid. */
enum kaspa_outcome { KASPA_VALID, KASPA_INVALID, KASPA_UNDECIDED };

/** "valid", "invalid", "undecided". */
const char *kaspa_outcome_name(enum kaspa_outcome outcome);

static inline bool kaspa_hash_equal(const struct kaspa_hash *a, const struct kaspa_hash *b)
{
    return memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

static inline bool kaspa_outpoint_equal(const struct kaspa_outpoint *a,
                                        const struct kaspa_outpoint *b)
{
    return a->index == b->index && kaspa_hash_equal(&a->txid, &b->txid);
}

static inline bool kaspa_hash_is_zero(const struct kaspa_hash *hash)
{
    static const struct kaspa_hash zeros;

    return kaspa_hash_equal(hash, &zeros);
}

/** A coinbase is known by its subnetwork id alone: 01 and nineteen zeros. */
bool kaspa_tx_is_coinbase(const struct kaspa_tx *tx);
/** Twenty zeros. */
bool kaspa_tx_is_native(const struct kaspa_tx *tx);
/** A four-byte name with a byte that is not zero among its last three, then sixteen zeros. */
bool kaspa_tx_is_user_lane(const struct kaspa_tx *tx);

#endif
