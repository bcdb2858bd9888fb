/** Scripts as data: opcodes by name, decoding, classes of script public keys, pushes, P2SH, text.
 *  Source: Kaspa consensus digest, sections 3, 4.3 and 5. Running them is engine.h. */
#ifndef KASPA_SCRIPT_H
#define KASPA_SCRIPT_H

#include "base/buf.h"
#include "kaspa/errors.h"
#include "kaspa/tx.h"

#define KASPA_SCRIPT_MAX_BYTES 1000000  /**< signature script, script public key */
#define KASPA_ELEMENT_MAX_BYTES 1000000 /**< of one stack item */
#define KASPA_MULTISIG_MAX_KEYS 20
#define KASPA_SIG_OPS_MAX 15 /**< of a redeem script, by relay policy */

#define KASPA_SPK_SCHNORR_BYTES 34     /**< 20 key32 ac */
#define KASPA_SPK_ECDSA_BYTES 35       /**< 21 key33 ab */
#define KASPA_SPK_SCRIPT_HASH_BYTES 35 /**< aa 20 hash32 87 */
#define KASPA_SPK_MAX_STANDARD_BYTES 35

/** One row an opcode in opcodes.def. */
enum kaspa_opcode {
#define X(constant, byte, name) KASPA_OP_##constant = (byte),
#include "kaspa/opcodes.def"
#undef X
};

/** "CHECKSIG", "DATA32"; "UNKNOWN_CA" for a byte that is no opcode. Never NULL. */
const char *kaspa_opcode_name(uint8_t opcode);
/** By name, with or without "OP" in front, case and underscores ignored ("OP_DATA_8", "TxInputSeq",
 *  "UNKNOWN_CA"): 0..255, or -1. FALSE, TRUE and 1NEGATE are known too. */
int kaspa_opcode_find(struct assay_bytes name);
/** Pushes data or a number: up to 0x60, and so the reserved 0x50 too. */
bool kaspa_opcode_is_push(uint8_t opcode);

/** One instruction of a script. */
struct kaspa_instruction {
    size_t at; /**< offset of the opcode */
    uint8_t opcode;
    struct assay_bytes data; /**< what follows it in the script, for 01..4e; else empty */
    size_t next;             /**< offset behind it */
};

/** Decodes the instruction at `at` (< script.len). MALFORMED_PUSH, MALFORMED_PUSH_SIZE; out is
 *  unchanged then. */
enum kaspa_script_error kaspa_instruction_decode(struct kaspa_instruction *out,
                                                 struct assay_bytes script,
                                                 size_t at) ASSAY_MUST_USE;

enum kaspa_class {
    KASPA_CLASS_NONSTANDARD, /**< any other script, or a version above 0 */
    KASPA_CLASS_PUBKEY,
    KASPA_CLASS_PUBKEY_ECDSA,
    KASPA_CLASS_SCRIPT_HASH,
};

enum kaspa_class kaspa_spk_class(const struct kaspa_spk *spk);
/** "nonstandard", "pubkey", "pubkeyecdsa", "scripthash". */
const char *kaspa_class_name(enum kaspa_class class);
/** The key or hash within a standard script; empty for NONSTANDARD. */
struct assay_bytes kaspa_spk_payload(const struct kaspa_spk *spk);
bool kaspa_spk_equal(const struct kaspa_spk *a, const struct kaspa_spk *b);
/** It can never be spent: version 0, and it starts with RETURN, does not decode to its end or is
 *  above KASPA_SCRIPT_MAX_BYTES. */
bool kaspa_spk_is_unspendable(const struct kaspa_spk *spk);

/** Appends the standard script of a class (not NONSTANDARD) around its key or hash: 32, 33 or 32
 *  bytes. */
void kaspa_script_add_standard(struct assay_buf *out, enum kaspa_class class,
                               const uint8_t *payload);
/** The same by name. xonly is 32 bytes, compressed is 33. */
void kaspa_script_add_pay_to_pubkey(struct assay_buf *out, const uint8_t *xonly);
void kaspa_script_add_pay_to_pubkey_ecdsa(struct assay_buf *out, const uint8_t *compressed);
/** Of the redeem script itself, whose plain BLAKE2b-256 it holds. */
void kaspa_script_add_pay_to_script_hash(struct assay_buf *out, struct assay_bytes redeem);

/** Appends the shortest push of the bytes: empty, one of -1 and 1..16, or data. Above
 *  KASPA_ELEMENT_MAX_BYTES the buffer fails with TOO_LARGE. */
void kaspa_script_add_push(struct assay_buf *out, struct assay_bytes bytes);
/** The push of its minimal form. -2^63 takes 9 bytes, which no opcode reads as a number. */
void kaspa_script_add_number(struct assay_buf *out, int64_t number);
void kaspa_script_add_opcode(struct assay_buf *out, uint8_t opcode);

/** The serialized form of texts and introspection: version as two big-endian bytes, then the
 * script. _hex appends it as lower-case hex; _parse borrows from bytes that are already decoded. */
void kaspa_spk_add_bytes(struct assay_buf *out, const struct kaspa_spk *spk);
void kaspa_spk_add_hex(struct assay_buf *out, const struct kaspa_spk *spk);
/** MALFORMED: fewer than two bytes. */
enum assay_code kaspa_spk_parse(struct kaspa_spk *out, struct assay_bytes bytes) ASSAY_MUST_USE;

/** What the last instruction of a signature script pushes: the redeem script of a P2SH input. It
 *  borrows from the script (a small number from static storage). False: the last one is no push,
 *  there is none, or one does not decode. */
bool kaspa_script_last_push(struct assay_bytes *out, struct assay_bytes signature_script);
/** How many signature operations relay policy counts for an input: of the redeem script when the
 *  spent script is P2SH, else 0; 0 for whatever does not decode. Digest, section 5. */
uint64_t kaspa_p2sh_sig_ops(struct assay_bytes signature_script, const struct kaspa_spk *spk);

/** Appends the script as text, one instruction after another separated by spaces: names, and data
 *  as 0x… hex; of a PUSHDATA its length bytes first, as raw as they are in the script. What does
 * not decode ends the text as "[MalformedPush at 7: 4c05…]", with up to 16 of its bytes. */
void kaspa_script_add_text(struct assay_buf *out, struct assay_bytes script);
/** The reverse, of every script that decodes. Words are names as kaspa_opcode_find takes them,
 *  decimal numbers as minimal pushes, 'text' without spaces as a push, 0x… as raw bytes; # starts a
 *  comment up to the end of the line (the short form of the node's script tests).
 *  Appends; nothing is appended on failure. UNKNOWN: a word that is none of these; RANGE: a number
 *  outside 64 bits; MALFORMED: odd or wrong hex, an open quote; TOO_LARGE, NOMEM: as the buffer
 *  fails. err->at is the word's offset. */
enum assay_code kaspa_script_assemble(struct assay_buf *out, struct assay_bytes text,
                                      struct assay_err *err) ASSAY_MUST_USE;

#endif
