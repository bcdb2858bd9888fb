/** Reading and writing the JSON of node RPC. Internal to ref/net.
 *
 *  A reader takes one answer apart, member by member and strictly by type. The first member that is
 * not as it must be stands in err, as "getBlock: blueScore is no number of 64 bits", and all that
 * is read after it is zero, so that a body reads as the answer is made and is checked once, at its
 * end. Nothing is read as something else: a text is no number, and 1 is not true. Source: Kaspa
 * consensus digest, sections 7.1 and 7.2.
 */
#ifndef REF_NET_KASPA_JSON_H
#define REF_NET_KASPA_JSON_H

#include "base/json.h"
#include "kaspa/tx.h"

struct ref_kaspa_reader {
    const struct assay_json *doc;
    const char *method;  /**< that is answered */
    enum assay_code bad; /**< ASSAY_OK, or of the first failure: MALFORMED */
    struct assay_err *err;
};

/** Members of an object, which have to be there. */
uint32_t ref_kaspa_read_object(struct ref_kaspa_reader *r, uint32_t object, const char *name);
uint32_t ref_kaspa_read_list(struct ref_kaspa_reader *r, uint32_t object, const char *name);
/** Whether a text is another one; its own is an error only if it is none. */
bool ref_kaspa_read_is(struct ref_kaspa_reader *r, uint32_t object, const char *name,
                       const char *text);
bool ref_kaspa_read_bool(struct ref_kaspa_reader *r, uint32_t object, const char *name);
uint64_t ref_kaspa_read_u64(struct ref_kaspa_reader *r, uint32_t object, const char *name);
struct kaspa_hash ref_kaspa_read_hash(struct ref_kaspa_reader *r, uint32_t object,
                                      const char *name);
/** {"transactionId", "index"} */
struct kaspa_outpoint ref_kaspa_read_outpoint(struct ref_kaspa_reader *r, uint32_t object,
                                              const char *name);
/** A hash that is an element of a list, or another value that is no member; `name` is for err. */
struct kaspa_hash ref_kaspa_read_hash_at(struct ref_kaspa_reader *r, uint32_t token,
                                         const char *name);
/** One that may be null or absent: NONE. Of any type. */
uint32_t ref_kaspa_read_optional(const struct ref_kaspa_reader *r, uint32_t object,
                                 const char *name);
/** Records "<method>: <name> <what>". */
void ref_kaspa_read_fail(struct ref_kaspa_reader *r, const char *name, const char *what);

/** Appends `before` and a hash in quotes. */
void ref_kaspa_add_hash(struct assay_buf *out, const char *before, const struct kaspa_hash *hash);
/** Hex for messages. */
struct ref_kaspa_hex {
    char text[2 * KASPA_HASH_BYTES + 1];
};
struct ref_kaspa_hex ref_kaspa_hex(const struct kaspa_hash *hash);
/** A text of the node's for messages: printable ASCII, cut. */
struct ref_kaspa_shown {
    char text[320]; /**< a refusal names a transaction twice */
};
struct ref_kaspa_shown ref_kaspa_shown(const struct assay_json *doc, uint32_t token);

#endif
