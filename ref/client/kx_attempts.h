/** What a payer must remember of its payments, in a folder: one file an attempt.
 *
 *  A file (0600) is written beside, synced, renamed over, and its folder synced, so that after a
 * kill or a loss of power an attempt is there whole or as it was. One program at a time works on a
 * folder: it holds a lock from _open to _close. Reading a list needs none.
 *
 *  Life of an attempt:  INTENDED: identifier, terms and deadline are fixed, a wallet may have been
 *                       asked to sign them, nothing has left.
 *                       SIGNED: the wallet's payment was verified; it may have been sent, and may
 *                       arrive on the chain at any time.
 *                       SETTLED: a node has shown it accepted. ABSENT: a node has shown that it can
 *                       never be. ABANDONED: it was intended, never left, and its time is over.
 *
 *  INTENDED and SIGNED, and SETTLED that was not delivered, are unresolved: the same request is not
 *  paid anew meanwhile.
 *
 *  Of a payment by channel, which its receipt settles: SIGNED is a voucher with its presentation,
 *  SETTLED that the receipt has counted this very request, ABSENT that it can never be charged.
 *
 *  Source: Kaspa x402 client digest, section 2 (F5, F6).
 */
#ifndef KX_ATTEMPTS_H
#define KX_ATTEMPTS_H

#include "base/arena.h"
#include "x402/document.h"
#include "x402/payment_identifier.h"

/** Files of a folder; more are refused, and settled ones may be moved away. */
#define KX_ATTEMPTS_MAX 4096
#define KX_ATTEMPT_MAX_BYTES ((size_t)1 << 20)

#define KX_CLIENT_STATES(X)                                                                        \
    X(INTENDED, "intended")                                                                        \
    X(SIGNED, "signed") X(SETTLED, "settled") X(ABSENT, "absent") X(ABANDONED, "abandoned")
#define KX_CLIENT_STATE_ENUM(name, text) KX_CLIENT_##name,
enum kx_client_state { KX_CLIENT_STATES(KX_CLIENT_STATE_ENUM) KX_CLIENT_STATE__COUNT };
#undef KX_CLIENT_STATE_ENUM
const char *kx_client_state_name(enum kx_client_state state);

/** Slices are borrowed by what takes it; of what was read they are in the arena. */
struct kx_client_attempt {
    struct assay_bytes identifier; /**< the payment's; also the attempt's id for the wallet */
    enum kx_client_state state;
    bool is_delivered; /**< an answer that was paid for has been handed on */
    /* what was intended; never changes */
    char request_key[X402_HASH_TEXT_BYTES]; /**< of method, URL and body */
    char intent_hash[X402_HASH_TEXT_BYTES]; /**< of all that the wallet is asked to sign */
    struct assay_bytes method, url;         /**< url normalised */
    struct assay_bytes challenge;  /**< the PaymentRequired that was answered, as JSON text */
    uint64_t offer;                /**< which of its known offers was taken, from 0 */
    struct assay_bytes expires_at; /**< of the authorization */
    struct assay_bytes amount, network, pay_to;
    /* what was signed; empty until then */
    struct assay_bytes header; /**< PAYMENT-SIGNATURE, as it is sent, byte for byte */
    struct assay_bytes txid;
    struct assay_bytes since; /**< a chain block from before it was sent: 64 hex digits, or empty */
    /* of a payment by channel, whose txid is the id of its commitment */
    struct assay_bytes channel_id; /**< hex; empty: of an exact payment */
    uint64_t funding, claimed;     /**< V and S of the head that it is made upon */
    uint64_t before;               /**< T without it */
};

bool kx_client_attempt_is_unresolved(const struct kx_client_attempt *attempt);

/** Appends its text; header and challenge hold what can be spent, and it is for the folder alone.
 *  Fails as the buffer does. */
void kx_client_attempt_write(struct assay_buf *out, const struct kx_client_attempt *attempt);
/** Reads one, strictly: what this program did not write so is MALFORMED, MISSING, UNKNOWN, TYPE,
 *  with the member in err. NOMEM. */
enum assay_code kx_client_attempt_read(struct kx_client_attempt *out, struct assay_arena *arena,
                                       struct assay_bytes text,
                                       struct assay_err *err) ASSAY_MUST_USE;

struct kx_attempts;

/** Makes the folder (0700) where it is missing, and locks it. IO; DENIED: it is open to others than
 *  its owner; BUSY: another program works on it; NOMEM. */
enum assay_code kx_attempts_open(struct kx_attempts **out, const char *folder,
                                 struct assay_err *err) ASSAY_MUST_USE;
void kx_attempts_close(struct kx_attempts *attempts); /**< NULL is taken */

/** Writes it over what was there of its identifier; durable when it returns. IO, TOO_LARGE, NOMEM.
 */
enum assay_code kx_attempts_save(struct kx_attempts *attempts,
                                 const struct kx_client_attempt *attempt,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** The attempt of that identifier, where one is given and there is one; else an unresolved one of
 *  the request; else *found is false. One that cannot be read fails the whole (fail closed). IO,
 *  TOO_LARGE (more than KX_ATTEMPTS_MAX), NOMEM, or as kx_client_attempt_read. */
enum assay_code kx_attempts_find(struct kx_attempts *attempts, struct kx_client_attempt *out,
                                 bool *found, struct assay_arena *arena, const char *request_key,
                                 struct assay_bytes identifier,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Calls `each` for every attempt of a folder, by identifier, until it returns false. Takes no
 *  lock. Fails as kx_attempts_find. */
enum assay_code kx_attempts_each(const char *folder,
                                 bool (*each)(void *cls, const struct kx_client_attempt *attempt),
                                 void *cls, struct assay_err *err) ASSAY_MUST_USE;

#endif
