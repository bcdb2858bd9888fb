/** A payload for an offer: the one thing in a payment by x402 that is of a network's own making.
 *
 *  What pays is chosen by the terms' scheme and network: `exact` on eip155 is an authorization that
 *  is really signed (of tokens that nobody needs to have: no chain is asked); for all else the
 *  payload is an opaque object with a nonce, since servers that leave judging to a facilitator do
 *  not look inside. A payload is made in two stages, and can be bent at each: before it is signed,
 *  so that it is wrong in one thing alone and signed all the same, and afterwards.
 *
 *  Pure: no clock, no randomness of its own, no case. Source: x402 v2 digest, sections 2.2 and 12.
 */
#ifndef PEER_X402_PAYLOAD_H
#define PEER_X402_PAYLOAD_H

#include "base/arena.h"
#include "x402/facilitator.h"

#include <jansson.h>

#define X4P_FRESH_BYTES 32

/** A payload in the making. Every text is a literal, or in the arena; what a hook sets is signed as
 *  far as it can be: a text that no signature can be made of fails x4p_payload_make, and is for the
 *  hook after it. */
struct x4p_draft {
    const struct x4p_ask *ask;

    /* before it is signed */
    const char *from;                       /**< the payer that the seed stands for */
    const char *to, *value;                 /**< as the terms have them */
    const char *valid_after, *valid_before; /**< seconds: ten minutes ago; now and the timeout */
    const char *nonce;                      /**< 0x and hex */
    const char *network, *asset;            /**< that it is signed for: as the terms have them */
    const char *name, *version;             /**< of the token's domain; "" where there is none */

    json_t *payload; /**< once it is signed: the object as it will be sent */
};

typedef void x4p_hook(struct x4p_draft *d, const void *arg);

/** What is bent, and when; either may be NULL. */
struct x4p_bend {
    x4p_hook *sign;    /**< its texts, before they are signed */
    x4p_hook *payload; /**< d->payload, after it */
    const void *arg;
};

/** What is to be paid, by whom, when. */
struct x4p_ask {
    const struct assay_json *offer; /**< that the terms are of */
    const struct x402_terms *terms; /**< the chosen one */
    struct assay_bytes payer;       /**< seed of the payer's key: the same is the same payer */
    uint8_t fresh[X4P_FRESH_BYTES]; /**< that nobody has used: the nonce */
    int64_t now_ms;                 /**< the target's clock */
    struct assay_arena *arena;
    struct x4p_bend bend;
};

struct x4p_payload {
    json_t *json;       /**< the member `payload` of a PaymentPayload; the caller's reference */
    const char *payer;  /**< as facilitators name who pays; in the arena */
    const char *nonce;  /**< as it was signed */
    const char *plugin; /**< what made it: "evm" or "opaque" */
};

/** Makes one; the same ask gives the same bytes. Unchanged on failure, with what is wrong in err:
 *  MISSING, MALFORMED, RANGE, MISMATCH: the terms, or a text that the hook before signing left,
 *  cannot be signed; UNSUPPORTED: another transfer method than eip3009; NOMEM. */
enum assay_code x4p_payload_make(struct x4p_payload *out, const struct x4p_ask *ask,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** The same as opaque, whatever the terms are: for servers whose facilitator is ours. */
enum assay_code x4p_payload_make_opaque(struct x4p_payload *out, const struct x4p_ask *ask,
                                        struct assay_err *err) ASSAY_MUST_USE;
/** "evm" or "opaque": what x4p_payload_make will use. */
const char *x4p_plugin_name(const struct x402_terms *terms);

/** What an honest facilitator refuses a request for: a reason of the x402 v2 digest, section 4, or
 *  NULL. Of what is opaque it finds no fault, nor of what only a chain can judge. */
const char *x4p_refusal(const struct x402_request *request, int64_t now_ms);

/* For hooks; NULL where memory is short, which x4p_payload_make then tells. */

const char *x4p_text(struct x4p_draft *d, const char *format, ...) ASSAY_PRINTF(2, 3);
/** So many seconds from now (or ago), not below 0. */
const char *x4p_time(struct x4p_draft *d, int64_t seconds);
/** A decimal of up to 256 bits plus `more`; `number` itself where it is none or that has no result
 *  in 0 .. 2^256-1. */
const char *x4p_plus(struct x4p_draft *d, const char *number, int64_t more);
/** Flips a bit of a text of hex digits in an object, such as {"signature"}; nothing where there is
 *  no such text or digit. */
void x4p_flip(json_t *object, const char *member, size_t bit);

#endif
