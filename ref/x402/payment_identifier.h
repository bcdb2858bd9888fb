/** The payment-identifier extension. Source: Kaspa x402 exact digest, section 12; x402 v2 digest,
 *  section 7. */
#ifndef X402_PAYMENT_IDENTIFIER_H
#define X402_PAYMENT_IDENTIFIER_H

#include "x402/envelope.h"

#define X402_IDENTIFIER_MIN_CHARS 16
#define X402_IDENTIFIER_MAX_CHARS 128

enum x402_identifier_state {
    X402_IDENTIFIER_ABSENT,    /**< the extension is not there */
    X402_IDENTIFIER_MALFORMED, /**< its shape, its id or its schema is wrong; err says which */
    X402_IDENTIFIER_PRESENT,
};

struct x402_identifier {
    bool required;
    struct assay_bytes id; /**< empty where there is none */
    uint32_t info, schema;
};

/** Reads the extension of an envelope (`extensions` as there, or NONE). id: 16 to 128 of A-Z a-z
 *  0-9 _ - . The schema beside it is the built-in one (the form that x402_identifier_write
 *  advertises, which has a pattern) or keeps to the subset below; whether info is an instance of it
 *  is a question of the echo, since an offer has no id yet. *out is unchanged unless PRESENT. Where
 *  an id was written with escapes and the arena is used up: MALFORMED with err's code NOMEM. */
enum x402_identifier_state x402_identifier_read(struct x402_identifier *out,
                                                struct assay_arena *arena,
                                                const struct assay_json *doc, uint32_t extensions,
                                                struct assay_err *err);
/** Whether a paid retry echoes what was advertised: the same schema, every advertised member of
 *  info with the same value, more members allowed, and an info that is an instance of the schema.
 *  That an id is required and not there is for the caller to see. */
bool x402_identifier_is_echo(const struct assay_json *paid, const struct x402_identifier *echo,
                             const struct assay_json *offer,
                             const struct x402_identifier *advertised);
bool x402_identifier_id_is_valid(struct assay_bytes id);
/** Whether `info` is an instance of `schema`, by the subset: $id $schema additionalProperties const
 *  default description enum examples maxLength minLength properties required title type. info NONE
 *  asks of the schema alone. MALFORMED: the schema itself is wrong or has another keyword;
 *  MISMATCH: the value breaks it; NOMEM. Lengths are in code points. */
enum assay_code x402_identifier_check_schema(const struct assay_json *doc, uint32_t info,
                                             const struct assay_json *schema_doc, uint32_t schema,
                                             struct assay_err *err) ASSAY_MUST_USE;
/** Appends {"info":{"id":…,"required":…},"schema":…}, canonical, with the built-in schema: the form
 *  that is advertised (id empty: none) and echoed. */
void x402_identifier_write(struct assay_buf *out, bool required, struct assay_bytes id);

#endif
