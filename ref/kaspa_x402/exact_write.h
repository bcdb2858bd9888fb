/** Writing the canonical objects that are hashed, member by member. Internal to
 *  ref/kaspa_x402, ref/client and ref/core.
 *
 *  The caller names the members in ascending order; nothing here sorts. A comma is put wherever
 * something stands before. Source: Kaspa x402 exact digest, section 4.
 */
#ifndef KX_EXACT_WRITE_H
#define KX_EXACT_WRITE_H

#include "base/buf.h"
#include "kaspa/tx.h"

/** `"name":`, after a comma where the object has a member already. */
void kx_write_name(struct assay_buf *out, const char *name);
void kx_write_text(struct assay_buf *out, const char *name, struct assay_bytes text);
/** The same of a NUL-terminated text; NULL is null. */
void kx_write_str(struct assay_buf *out, const char *name, const char *text);
/** In lower case. */
void kx_write_hex(struct assay_buf *out, const char *name, struct assay_bytes bytes);
/** The same of a hash, or of another value of 32 bytes. */
void kx_write_hex32(struct assay_buf *out, const char *name, const uint8_t *bytes);
/** true or false. */
void kx_write_flag(struct assay_buf *out, const char *name, bool is_set);
/** A JSON number below 2^53. */
void kx_write_number(struct assay_buf *out, const char *name, uint64_t number);
/** A decimal text. */
void kx_write_decimal(struct assay_buf *out, const char *name, uint64_t number);

/** An object of index and txid. */
void kx_write_outpoint(struct assay_buf *out, const char *name,
                       const struct kaspa_outpoint *outpoint);

/** Writes what is hashed; fails only where the buffer does not. */
typedef enum assay_code kx_writer(struct assay_buf *out, const void *what, struct assay_err *err);

/** SHA-256 over what the writer writes, or why it did not: its code, TOO_LARGE above 64 MiB, NOMEM.
 *  The writer may be called twice: first with room on the stack. out: 32 bytes, unchanged on
 *  failure. */
enum assay_code kx_write_digest(uint8_t *out, kx_writer *writer, const void *what,
                                struct assay_err *err) ASSAY_MUST_USE;
/** The same as lower-case hex and a NUL. */
enum assay_code kx_write_hash(char *out, kx_writer *writer, const void *what,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
