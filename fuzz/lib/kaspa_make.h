/** Whole transactions for mutators: loaded from what was parsed, changed in one thing, signed
 * again.
 *
 *  Signatures are those of fuzz/standin/sig.c, by which whoever knows a key can sign for it. */
#ifndef ASSAY_FUZZ_LIB_KASPA_MAKE_H
#define ASSAY_FUZZ_LIB_KASPA_MAKE_H

#include "fuzz/lib/mutate.h"
#include "kaspa/safejson.h"
#include "kaspa/sign.h"

enum { FUZZ_TX_PARTS = 20 };

struct fuzz_tx {
    struct kaspa_tx tx; /**< its arrays are those below; scripts are borrowed */
    struct kaspa_input inputs[FUZZ_TX_PARTS];
    struct kaspa_output outputs[FUZZ_TX_PARTS];
    struct kaspa_utxo utxos[FUZZ_TX_PARTS];
    uint8_t pushes[FUZZ_TX_PARTS][KASPA_SIGNATURE_PUSH_BYTES];
    uint8_t stranger[KASPA_SPK_MAX_STANDARD_BYTES]; /**< a script of nobody's here */
};

/** A key that the stand-in signs for: it asks for the public key alone. */
struct assay_key fuzz_key_of(const uint8_t *xonly);
/** False: it has more parts than there is room for, or does not say what it spends. */
bool fuzz_tx_load(struct fuzz_tx *out, const struct kaspa_tx *tx,
                  const struct kaspa_claims *claims);
/** Changes one thing of the transaction, or of what it spends. */
void fuzz_tx_change(struct fuzz_tx *t, struct fuzz_dice *dice);
/** Sets the storage mass and signs every pay-to-pubkey input. */
void fuzz_tx_sign(struct fuzz_tx *t, uint8_t type);
/** Mostly ALL; else another of the six. */
uint8_t fuzz_sighash_type(struct fuzz_dice *dice);

#endif
