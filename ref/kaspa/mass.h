/** Masses in grams, fees, script units and compute budgets.
 *  Source: Kaspa consensus digest, sections 4.4, 6.4 and 6.5. */
#ifndef KASPA_MASS_H
#define KASPA_MASS_H

#include "kaspa/tx.h"

#define KASPA_STORAGE_MASS_C UINT64_C(1000000000000)
#define KASPA_BLOCK_COMPUTE_LIMIT UINT64_C(500000)
#define KASPA_BLOCK_STORAGE_LIMIT UINT64_C(500000)
#define KASPA_BLOCK_TRANSIENT_LIMIT UINT64_C(1000000)
#define KASPA_LANE_GAS_LIMIT UINT64_C(1000000000)
#define KASPA_RELAY_FEE_PER_KILOGRAM UINT64_C(100000) /**< sompi */

#define KASPA_UNITS_PER_SIG_OP UINT64_C(100000)
#define KASPA_UNITS_PER_BUDGET UINT64_C(10000)
#define KASPA_UNITS_FREE UINT64_C(9999)           /**< of each input, beyond what it committed to */
#define KASPA_UNITS_PER_SCRIPT_BYTE UINT64_C(100) /**< of a spent script beyond 35 bytes */
#define KASPA_SCRIPT_BYTES_FREE 35
#define KASPA_UNITS_UNLIMITED UINT64_MAX

/** The size that masses are made of; by a formula, never the length of any encoding. */
uint64_t kaspa_estimated_size(const struct kaspa_tx *tx);
/** 0 for a coinbase, as all masses are. */
uint64_t kaspa_compute_mass(const struct kaspa_tx *tx);
uint64_t kaspa_transient_mass(const struct kaspa_tx *tx);

/** How many storage units an output of this script occupies: 1 for standard ones. */
uint64_t kaspa_plurality(size_t script_len, bool has_covenant);

struct kaspa_cell {
    uint64_t plurality; /**< > 0 */
    uint64_t amount;
};
/** The storage mass of such cells, `c` being KASPA_STORAGE_MASS_C. False: it does not fit 64 bits,
 *  be it because the term of an output or the sum of all inputs does not; or a cell whose term is
 *  asked for is worth 0. No inputs take nothing off. */
bool kaspa_storage_mass_of(uint64_t *out, const struct kaspa_cell *inputs, size_t input_count,
                           const struct kaspa_cell *outputs, size_t output_count,
                           uint64_t c) ASSAY_MUST_USE;
/** Of a transaction and what it spends, one an input; without allocation. 0 for a coinbase. False:
 *  as above; isolation refuses an output that is worth 0. */
bool kaspa_storage_mass(uint64_t *out, const struct kaspa_tx *tx,
                        const struct kaspa_utxo *utxos) ASSAY_MUST_USE;

/** floor(mass * rate / 1000); at least `rate` when that is 0 and the rate is not; at most
 *  KASPA_MAX_SOMPI. */
uint64_t kaspa_minimum_fee(uint64_t mass, uint64_t sompi_per_kilogram);
/** The mass that relay asks a fee of: compute mass, or half the transient mass if that is more. */
uint64_t kaspa_relay_mass(const struct kaspa_tx *tx);
/** The minimum fee of that mass. */
uint64_t kaspa_relay_fee(const struct kaspa_tx *tx);

/** The units that an input may use: what it committed to, and the free ones. Of the commitment that
 *  does not go with the version: the free ones alone. */
uint64_t kaspa_unit_limit(const struct kaspa_tx *tx, size_t input);
/** The smallest compute budget that covers `units`; false: none does. */
bool kaspa_budget_for(uint16_t *out, uint64_t units) ASSAY_MUST_USE;

#endif
