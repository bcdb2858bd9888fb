/** Reads the official test data beside the project, where it is there.
 *
 *  The data is `../shared/upstream` or the folder that ASSAY_UPSTREAM names; tests only read it.
 * Where it is not there, a test that asks for it is skipped and says so, and `make check` counts
 * it. Transactions are read with jansson, and so by other code than the reader under test.
 */
#ifndef REF_TESTS_UPSTREAM_H
#define REF_TESTS_UPSTREAM_H

#include "base/arena.h"
#include "kaspa/tx.h"

#include <jansson.h>

/** The document, or the test is skipped here. A file that is there and no JSON fails the test. */
json_t *upstream_load(const char *file);

/** What a test reads goes into this arena; _fini at its end. Whatever is missing or of the wrong
 *  shape fails the test. */
struct assay_bytes upstream_hex(struct assay_arena *arena, const json_t *text);
void upstream_hash(struct kaspa_hash *out, const json_t *text);
/** A decimal text or a JSON integer. */
uint64_t upstream_u64(const json_t *value);
/** The serialized form: two bytes of version, big-endian, and the script. */
struct kaspa_spk upstream_spk(struct assay_arena *arena, const json_t *text);
struct kaspa_outpoint upstream_outpoint(const json_t *object); /**< transactionId or txid; index */
/** An output with value or amount, scriptPublicKey, covenant (null or absent: none). */
struct kaspa_output upstream_output(struct assay_arena *arena, const json_t *object);
/** Nested outpoints; sigOpCount is the commitment in version 0, computeBudget in version 1, unless
 *  only the other one is there. */
struct kaspa_tx upstream_tx(struct assay_arena *arena, const json_t *object);
struct kaspa_utxo upstream_utxo(struct assay_arena *arena, const json_t *object);
/** As many as the array has. */
struct kaspa_utxo *upstream_utxos(struct assay_arena *arena, const json_t *array);

/** The test fails, naming `row`, unless the hash is the one that the text spells. */
void upstream_expect_hash(const struct kaspa_hash *hash, const json_t *text, const char *row);

#endif
