/** How envelopes are taken apart, member by member. Internal to ref/x402.
 *
 *  Each reader returns the fault that its caller names for it and says in err which member it is;
 *  nothing is read as something else. Source: as of envelope.h.
 */
#ifndef X402_ENVELOPE_INTERNAL_H
#define X402_ENVELOPE_INTERNAL_H

#include "x402/envelope.h"

struct x402_reader {
    const struct assay_json *doc;
    struct assay_arena *arena;
    struct assay_err *err;
    uint32_t root; /**< the envelope's own object */
};

enum x402_presence { X402_REQUIRED, X402_OPTIONAL };

/** A text of an object, and where it goes: empty where it is absent. */
struct x402_text_member {
    const char *name;
    enum x402_presence presence;
    struct assay_bytes *to;
};

/** Records what is wrong with a member, whose value is `value` or NONE. Returns `fault`. */
enum x402_fault x402_wrong(const struct x402_reader *r, enum x402_fault fault, uint32_t value,
                           const char *member);

enum x402_fault x402_read_text(const struct x402_reader *r, uint32_t object,
                               const struct x402_text_member *member, enum x402_fault fault);
enum x402_fault x402_read_texts(const struct x402_reader *r, uint32_t object,
                                const struct x402_text_member *members, size_t count,
                                enum x402_fault fault);
/** *out: NONE where it is absent and may be. */
enum x402_fault x402_read_object(const struct x402_reader *r, uint32_t *out, uint32_t object,
                                 const char *member, enum x402_presence presence,
                                 enum x402_fault fault);

/* Of the root. */

/** That it is an object and of version 2: what the versioned envelopes have in common. */
enum x402_fault x402_read_head(const struct x402_reader *r);
/** *out: the object, or NONE. */
enum x402_fault x402_read_extensions(const struct x402_reader *r, uint32_t *out);
/** A boolean that has to be there; "true" and 1 are none. */
enum x402_fault x402_read_bool(const struct x402_reader *r, bool *out, const char *member);

#endif
