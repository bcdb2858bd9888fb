/** Reading the members of an object by a table, as the schemas have them. Internal to
 *  ref/kaspa_x402 and ref/client.
 *
 *  Hex is read in either case (exact digest, section 4). Numbers are those of ECMAScript: 2.0 is 2.
 * Every failure names the member and has its offset.
 */
#ifndef KX_EXACT_READ_H
#define KX_EXACT_READ_H

#include "base/arena.h"
#include "base/json.h"
#include "kaspa/tx.h"

#include <stddef.h>

enum kx_kind {
    KX_KIND_CONST,    /**< nothing: the text of the row */
    KX_KIND_TEXT,     /**< struct assay_bytes: a text of any length */
    KX_KIND_AMOUNT,   /**< uint64_t: a canonical decimal text */
    KX_KIND_U32,      /**< uint64_t: a number of 32 bits */
    KX_KIND_BYTES,    /**< as many bytes as its place has, as hex */
    KX_KIND_HEX,      /**< struct assay_bytes, in the arena: hex of any length */
    KX_KIND_SCRIPT,   /**< the same, of one byte or more */
    KX_KIND_SPK,      /**< the same: a script public key of version 0 */
    KX_KIND_SUM,      /**< uint64_t: a canonical decimal text up to 2^63-1 */
    KX_KIND_OUTPOINT, /**< struct kaspa_outpoint: a closed object of txid and index */
    KX_KIND_TOKEN,    /**< uint32_t: the token of a value of any type */
    KX_KIND_FLAG,     /**< bool: true or false; "true" and 1 are none */
};

struct kx_member {
    const char *name;
    enum kx_kind kind;
    size_t offset, size; /**< of what is read, in the struct of the object */
    const char *text;    /**< of CONST */
    bool is_optional;    /**< absent: what stands there stays */
};

#define KX_AT(type, field) offsetof(type, field), sizeof(((type *)0)->field)

struct kx_reader {
    const struct assay_json *doc;
    struct assay_arena *arena;
    const char *place; /**< the object's, for err: "extra" */
    struct assay_err *err;
};

/** Records "place.member what". */
void kx_read_record(const struct kx_reader *r, enum assay_code code, uint32_t token,
                    const char *member, const char *what);
/** The same as an expression that is false, as a constant. */
#define kx_read_fail(r, ...) ((void)kx_read_record((r), __VA_ARGS__), false)
/** Every member of the table in its order, into `out`. False: one is missing or wrong, or there is
 *  no memory (err's code NOMEM). */
bool kx_read_members(const struct kx_reader *r, uint32_t object, const struct kx_member *members,
                     size_t count, void *out);
/** The same of an object that has no other member. */
bool kx_read_closed(const struct kx_reader *r, uint32_t object, const struct kx_member *members,
                    size_t count, void *out);
/** Whether none of the names, which are literals, is a member; a member that is null is there. */
bool kx_read_without(const struct kx_reader *r, uint32_t object, const struct assay_bytes *names,
                     size_t count);

#endif
