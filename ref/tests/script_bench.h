/** A transaction to run scripts against, and scripts written as words.
 *
 *  Input 0 spends a pay-to-pubkey output of covenant 2222… and is continued by outputs 0 and 2. The
 *  rest is chosen to be out of the ordinary, as the tests that read it say.
 */
#ifndef REF_TESTS_SCRIPT_BENCH_H
#define REF_TESTS_SCRIPT_BENCH_H

#include "kaspa/engine.h"

struct bench {
    struct assay_arena arena; /**< of the bench itself */
    struct assay_arena work;  /**< of the engine; emptied before each run */
    struct kaspa_input inputs[2];
    struct kaspa_output outputs[3];
    struct kaspa_utxo utxos[2];
    struct kaspa_tx tx;
    struct kaspa_covenants covenants;
    struct kaspa_engine engine;
    struct kaspa_run run; /**< of the last script */
};

void bench_init(struct bench *b);
void bench_fini(struct bench *b);

/** A script of words that spaces separate: those of kaspa_script_assemble, and
 *    word*N  the word N times
 *    @N      a push of N zeros
 *    $A $B $C, $AE $BE $CE   keys, for Schnorr and for ECDSA
 *    $a $b $c, $ae $be $ce   their signatures (ALL) of input 0
 *    $m, $am $aem            a message of 32 bytes, and A's signatures of it without a type
 *  Lives until bench_fini. */
struct assay_bytes bench_script(struct bench *b, const char *words);

/** Runs a script with the transaction at hand. */
void bench_run(struct bench *b, const char *words);
/** Runs a script without any. */
void bench_run_bare(struct bench *b, const char *words);
/** Spends input 0 with these two scripts. Signatures of before are those of another script. */
void bench_spend(struct bench *b, const char *signature, const char *spk);
/** Spends a pay-to-script-hash output: the redeem script's push is added to `unlock`. */
void bench_spend_hash(struct bench *b, const char *unlock, const char *redeem);

/** One of these four, as a column of a table; `two` is of the latter two. */
enum bench_how { BENCH_SCRIPT, BENCH_BARE, BENCH_SPEND, BENCH_HASH };
void bench_run_as(struct bench *b, enum bench_how how, const char *one, const char *two);

#endif
