/** How the tables make their cases. Internal to the vectors. */
#ifndef VECTORS_CASES_H
#define VECTORS_CASES_H

#include "base/sig.h"
#include "kaspa/address.h"
#include "run/operations_kaspa.h"
#include "vectors/vectors.h"

/** What is being made: after the first failure nothing more is added. */
struct vectors {
    json_t *cases; /**< operation -> array */
    struct assay_err *err;
};

/** Computes the answer and adds the case. `in` is stolen. expected: "ok", "unsupported", "error",
 *  or what refuses: the rule; of kaspa.tx the node's kind, and ":" and the script's kind where a
 *  script is why. known: members that the answer has, as JSON with ' for "; or NULL. */
void vectors_add(struct vectors *v, const char *operation, const char *name, const char *expected,
                 json_t *in, const char *known);

/** The same of a case that was written with defects in mind: which rule it is about, and the ids of
 *  the defects that a library that answers it rightly has not, with spaces between; NULL: none. */
void vectors_add_about(struct vectors *v, const char *operation, const char *name,
                       const char *expected, json_t *in, const char *known, const char *about,
                       const char *guards);

/** JSON with ' for ". NULL, and the failure noted, where it is none: a table is wrong. */
json_t *vectors_json(struct vectors *v, const char *text);

/** A change of an input: the value at a path ("transaction.inputs.0.sequence"), or the removal of
 *  a member or an element where json is NULL. */
struct vectors_patch {
    const char *path, *json;
};
#define VECTORS_PATCHES_MAX 5
/** No patch. */
#define VECTORS_UNCHANGED                                                                          \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
/** Carries out the patches up to the first without path. */
void vectors_patch(struct vectors *v, json_t *in, const struct vectors_patch *patches);

/** The signers of all tables: from the seed "assay vectors" and a name. */
void vectors_key(struct assay_key *out, const char *name);

json_t *vectors_out_spk(struct assay_bytes script);
json_t *vectors_out_address(struct assay_bytes script, enum kaspa_network network);
/** What another word stands for, or NULL where the text is none. */
typedef json_t *vectors_word(const char *text, void *context);
/** Puts in place of every text within that is a word what it stands for: "@spk:NAME",
 * "@ecdsa:NAME",
 *  "@key:NAME", "@address:NAME" and "@mainnet:NAME", of the key of that name, and what `more`
 *  knows, which is asked first and may be NULL. */
void vectors_put_words(json_t *value, vectors_word *more, void *context);

/** sha256 of the canonical form of a value whose names are ASCII: X402_HASH_TEXT_BYTES. */
void vectors_hash(char *out, const json_t *value);
/** BIP-340 by the key of that name, as hex; the failure is noted. */
json_t *vectors_signature(struct vectors *v, const uint8_t digest[32], const char *signer);
/** What an offer advertises of payment identifiers: one is required. */
json_t *vectors_identifier_extension(void);
/** A member, or null; a text, or "". */
json_t *vectors_member(const json_t *object, const char *name);
const char *vectors_text(const json_t *object, const char *name);
/** A JSON text as a value; NULL: it is none. */
json_t *vectors_loaded(const struct assay_buf *text);

/** The tables. */
void vectors_kaspa_ids(struct vectors *v);
void vectors_kaspa_data(struct vectors *v);
void vectors_kaspa_covenants(struct vectors *v);
void vectors_kaspa_scripts(struct vectors *v);
void vectors_kaspa_opcodes(struct vectors *v);
void vectors_kaspa_tx(struct vectors *v);
void vectors_exact_payment(struct vectors *v);
void vectors_exact_parts(struct vectors *v);
void vectors_x402(struct vectors *v);
void vectors_evm(struct vectors *v);
void vectors_batch_channels(struct vectors *v);
void vectors_batch_templates(struct vectors *v);
void vectors_batch_vouchers(struct vectors *v);
void vectors_batch_presentations(struct vectors *v);
void vectors_batch_commitments(struct vectors *v);
void vectors_batch_genesis(struct vectors *v);
void vectors_batch_claim(struct vectors *v);
void vectors_batch_top_up(struct vectors *v);
void vectors_batch_refund(struct vectors *v);
void vectors_batch_payments(struct vectors *v);

/** Appends a script: text as kaspa_script_assemble takes it, and these words.
 *
 *    @key:a  @ecdsakey:a        a key, x-only or compressed
 *    @sig:a:01  @ecdsasig:a:01  a signature of input 0 with its type; k is what is signed
 *    @data:a  @ecdsadata:a      a signature of 32 bytes 42
 *    @covenant                  32 bytes cc
 *
 *  False after saying in err which word is none; k may be NULL where nothing is signed. */
bool vectors_assemble(struct assay_buf *out, const char *text, const struct kaspa_in *k,
                      struct assay_err *err);

/** A case of kaspa.script.run as a row. Input 1 and output 1 of its transaction are in a covenant.
 */
struct vectors_script {
    const char *name, *signature, *spk, *expected;
    const char *redeem; /**< spk is then P2SH of it, and it is pushed last */
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
};
void vectors_add_script(struct vectors *v, const struct vectors_script *row);

#endif
