/** The parts that launch manifests, journals, updates and evidence have in common, as JSON.
 *  Internal to ref/kaspa_x402.
 *
 *  Readers are of exactly their members and name the place of what is wrong. 64-bit scores and
 *  counts are decimal texts or numbers; amounts are decimal texts alone, at most 2^63-1.
 *  Writers write members in ascending order, as the canonical form has them.
 *  Source: Kaspa x402 batch digest, sections 2, 12 and 13.
 */
#ifndef KX_LINEAGE_JSON_INTERNAL_H
#define KX_LINEAGE_JSON_INTERNAL_H

#include "kaspa/json_read.h"
#include "kaspa_x402/lineage.h"

/** Parses a text that is within its limit; tokens are in the arena. Fails as assay_json_parse,
 * NOMEM.
 */
enum assay_code kx_json_parse(struct assay_json *out, struct assay_arena *arena,
                              struct assay_bytes text, struct assay_err *err) ASSAY_MUST_USE;
struct kaspa_json_reader kx_json_reader(const struct assay_json *doc, struct assay_arena *arena,
                                        struct assay_err *err);
/** Every member of the shape, and no other; all are required. */
enum assay_code kx_json_whole(struct kaspa_json_reader *r, uint32_t token,
                              const struct kaspa_json_shape *shape, void *out);
/** Calls `read` for each item of an array of at most `room`, with the place "name[i]", and counts
 *  them; out has room for that many of `size` bytes. `name` is the step that the reader is at. */
enum assay_code kx_json_items(struct kaspa_json_reader *r, uint32_t token,
                              kaspa_json_read_value *read, void *out, size_t size, size_t room,
                              size_t *count);

kaspa_json_read_value kx_json_score;      /**< uint64_t */
kaspa_json_read_value kx_json_amount;     /**< uint64_t */
kaspa_json_read_value kx_json_bytes32;    /**< 32 bytes that are no hash of Kaspa */
kaspa_json_read_value kx_json_outpoint;   /**< struct kaspa_outpoint */
kaspa_json_read_value kx_json_checkpoint; /**< struct kx_checkpoint */
kaspa_json_read_value kx_json_acceptance; /**< struct kx_acceptance */
kaspa_json_read_value kx_json_transition; /**< struct kx_transition, zeros before */

/** The text must be `text`. UNKNOWN. */
enum assay_code kx_json_expect(struct kaspa_json_reader *r, uint32_t token, const char *text);
/** The place in `names` of the text at a token. UNKNOWN: none of them. */
enum assay_code kx_json_choose(struct kaspa_json_reader *r, uint32_t token,
                               const char *const *names, size_t count, size_t *which);

void kx_write_hash32(struct assay_buf *out, const char *name, const struct kaspa_hash *hash);
void kx_write_spk(struct assay_buf *out, const char *name, const struct kaspa_spk *spk);
void kx_write_checkpoint(struct assay_buf *out, const char *name, const struct kx_checkpoint *c);
void kx_write_acceptance(struct assay_buf *out, const char *name, const struct kx_acceptance *a);

#endif
