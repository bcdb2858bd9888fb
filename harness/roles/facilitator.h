/** The role `facilitator`: it verifies and settles for x402 servers, of any scheme and network,
 *  without a chain and without funds. What it has settled is what it remembers: so it is also the
 *  oracle of what was settled, and how often.
 *
 *  Honest unless told otherwise: it takes every payment of its kinds whose requirements are those
 *  that were accepted and that it has not settled before. A payment is known by its authorization
 *  (network, asset, from and nonce), as on EVM networks, by the same members of an opaque payload,
 *  or where it has none by its network and scheme's payload; signatures are for `judge`. It can be
 * told to misbehave, each kind of call by itself, and changed while a case runs. Its log is locked.
 *
 *  Source: x402 v2 digest, section 4; Kaspa x402 exact digest, section 15.
 *
 *  Starting, restarting and stopping are for one thread; the rest is for any.
 */
#ifndef ROLES_FACILITATOR_H
#define ROLES_FACILITATOR_H

#include "x402/facilitator.h"

#define FACILITATOR_KINDS_MAX 16
#define FACILITATOR_CALLS_MAX 4096    /**< kept; later ones are counted and answered */
#define FACILITATOR_PAYMENTS_MAX 4096 /**< remembered; one more is answered 500 */

enum facilitator_what {
    FACILITATOR_SUPPORTED,
    FACILITATOR_VERIFY,
    FACILITATOR_SETTLE,
    FACILITATOR_OTHER, /**< answered 404 */
    FACILITATOR_WHATS,
};

/* How it lies, and in words. A lie of another call is none. */
#define FACILITATOR_LIES(X)                                                                        \
    X(HONEST, "honest")                                                                            \
    FACILITATOR_LIST_LIES(X)                                                                       \
    FACILITATOR_ANY_LIES(X)                                                                        \
    FACILITATOR_VERIFY_LIES(X)                                                                     \
    FACILITATOR_SETTLE_LIES(X)
/* of /supported */
#define FACILITATOR_LIST_LIES(X)                                                                   \
    X(MORE_KINDS, "lists another scheme on another network")                                       \
    X(MORE_SCHEMES, "lists other schemes of its networks")                                         \
    X(MORE_NETWORKS, "lists other networks of its schemes")                                        \
    X(MORE_MODES, "lists every mode of its kinds")                                                 \
    X(MORE_ASSETS, "lists other assets of its kinds")                                              \
    X(MORE_SIGNERS, "lists a signer for every network")                                            \
    X(FEWER_KINDS, "lists its first kind alone")                                                   \
    X(NO_KINDS, "lists no kind")
/* of /verify and /settle */
#define FACILITATOR_ANY_LIES(X)                                                                    \
    X(YES, "says yes, and has done nothing")                                                       \
    X(NO, "says no, and has done nothing")
/* of /verify */
#define FACILITATOR_VERIFY_LIES(X) X(YES_THEN_NO, "says yes to a payment that it will not settle")
/* of /settle, all of what it has settled; PENDING: the next honest call says yes */
#define FACILITATOR_SETTLE_LIES(X)                                                                 \
    X(OTHER_NETWORK, "says that it settled on another network")                                    \
    X(NO_TRANSACTION, "names no transaction")                                                      \
    X(OTHER_PAYER, "names another payer")                                                          \
    X(OTHER_AMOUNT, "names ten times the amount")                                                  \
    X(OTHER_TRANSACTION, "names another transaction every time")                                   \
    X(DENIES, "says that it failed, and names no transaction")                                     \
    X(DENIES_WITH_TRANSACTION, "says that it failed, and names the transaction")                   \
    X(PENDING, "says that it is pending")

/* Another shape, and in words. "The answer" is isValid, success or kinds. */
#define FACILITATOR_SHAPES(X)                                                                      \
    X(WHOLE, "as it must be")                                                                      \
    X(MISSING, "without the answer")                                                               \
    X(TEXT, "with the answer as a text")                                                           \
    X(NUMBER, "with 1 for the answer")                                                             \
    X(NULL_ANSWER, "with null for the answer")                                                     \
    X(TWICE, "with two answers, no and yes")                                                       \
    X(NULL_BODY, "null alone")                                                                     \
    X(ARRAY_BODY, "within an array")                                                               \
    X(EMPTY_BODY, "empty")                                                                         \
    X(HTML_BODY, "a page of HTML")                                                                 \
    X(DEEP_BODY, "with 5000 arrays in one another")                                                \
    X(HALF_BODY, "cut off in the middle")

/* What becomes of the answer, and in words. */
#define FACILITATOR_FAULTS(X)                                                                      \
    X(SOUND, "sent")                                                                               \
    X(SLOW, "sent later")          /* after delay_ms */                                            \
    X(HELD, "held until released") /* or until the behaviour changes */                            \
    X(SILENT, "never sent")        /* the connection ends when the behaviour changes */            \
    X(RESET, "a reset")                                                                            \
    X(REDIRECT, "a redirect to elsewhere")        /* status 308; never carried out */              \
    X(OVERSIZED, "sent with spaces up to a size") /* large_bytes */                                \
    X(BOMB, "sent as gzip of a size")             /* large_bytes, without having been asked for */

#define FACILITATOR_ENUM(name, text) FACILITATOR_##name,
enum facilitator_lie { FACILITATOR_LIES(FACILITATOR_ENUM) };
enum facilitator_shape { FACILITATOR_SHAPES(FACILITATOR_ENUM) };
enum facilitator_fault { FACILITATOR_FAULTS(FACILITATOR_ENUM) };
#undef FACILITATOR_ENUM

/** How it answers one kind of call. Those of a kind are alternatives, several kinds can be on
 *  together. The text is kept by reference. */
struct facilitator_rule {
    enum facilitator_lie lie;
    enum facilitator_shape shape;
    enum facilitator_fault fault;
    bool undone;        /**< what never gets its answer (SILENT, RESET) is not carried out either,
                         * and what gets it late is carried out then. Else it is carried out first */
    int status;         /**< whatever the answer says; 0: its own */
    const char *reason; /**< of its refusals; NULL: their own */
    unsigned after;     /**< so many calls are answered honestly before */
    unsigned times;     /**< so many by the rule, then honestly again; 0: for good */
    unsigned delay_ms;
    size_t large_bytes;
};

struct facilitator_behaviour {
    struct facilitator_rule supported, verify, settle;
};

enum facilitator_reuse {
    FACILITATOR_ONCE,        /**< a settled payment is refused */
    FACILITATOR_SAME_ANSWER, /**< the settlement is told again, as idempotent chain reads do */
    FACILITATOR_EVERY_TIME,  /**< it is settled once more: no memory at all */
};

struct facilitator_kind {
    const char *scheme, *network;
    const char *extra; /**< a JSON object; NULL: none */
};

/** Texts are kept by reference. */
struct facilitator_options {
    struct facilitator_kind kinds[FACILITATOR_KINDS_MAX]; /**< up to one without a scheme */
    const char *extensions, *signers; /**< JSON, for /supported; NULL: [] and {} */
    enum facilitator_reuse reuse;
    /** Why a payment that could be read is none, as a reason, or NULL: by its signature, its time.
     * On the role's threads. NULL: it takes them all. */
    const char *(*judge)(const void *cls, const struct x402_request *request);
    const void *cls;
    uint16_t port; /**< of 127.0.0.1; 0: any */
};

/** One call, as it came and as it was answered. Texts live until the facilitator stops; where its
 * log is full they are empty. */
struct facilitator_call {
    uint64_t number; /**< 1, 2, 3 … */
    enum facilitator_what what;
    bool is_elsewhere; /**< at the other origin, by who followed a redirect */
    const char *method, *target;
    const char *headers;             /**< "Name: value\n" each, in their order */
    struct assay_bytes body;         /**< every byte */
    int64_t at_ns, ended_ns;         /**< CLOCK_MONOTONIC; 0: it has not ended */
    int status;                      /**< 0: not answered */
    struct assay_bytes reply;        /**< as it was sent, without padding, before compression */
    const char *lie, *shape, *fault; /**< in words */
};

/** A payment that could be read. */
struct facilitator_payment {
    char key[65];            /**< what makes it the same payment, as a hash */
    char transaction[68];    /**< "": it was not settled */
    uint64_t verify, settle; /**< calls about it */
    uint64_t settled;        /**< how often its money moved */
    bool is_pending;         /**< it was told so last */
    bool is_doomed;          /**< it said yes and will not settle it */
};

struct facilitator_counts {
    uint64_t calls[FACILITATOR_WHATS]; /**< elsewhere not among them */
    uint64_t elsewhere;
    uint64_t payments; /**< that could be read, each once */
    uint64_t settled;  /**< of these, whose money moved */
    uint64_t moved;    /**< movements of money altogether */
};

struct facilitator;

/** Starts listening. MALFORMED: an extra is no JSON object; IO, NOMEM. */
enum assay_code facilitator_start(struct facilitator **out,
                                  const struct facilitator_options *options,
                                  struct assay_err *err) ASSAY_MUST_USE;
void facilitator_stop(struct facilitator *facilitator); /**< closes, joins, frees; NULL is taken */
/** Ends every connection and serves again on the same port, which it keeps meanwhile. Log, payments
 *  and behaviour stay. IO, NOMEM: it serves nothing until a later restart. */
enum assay_code facilitator_restart(struct facilitator *facilitator,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** Has these options from the next call on, but for the port; what it has settled it remembers. As
 *  _start, on failure unchanged. */
enum assay_code facilitator_configure(struct facilitator *facilitator,
                                      const struct facilitator_options *options,
                                      struct assay_err *err) ASSAY_MUST_USE;
/** Forgets which payments it has settled, as one does that keeps them for a while in memory; their
 *  counts stay. */
void facilitator_forget(struct facilitator *facilitator);

const char *facilitator_url(const struct facilitator *facilitator); /**< "http://127.0.0.1:PORT" */
/** The other origin, which says yes to everything. */
const char *facilitator_elsewhere(const struct facilitator *facilitator);
/** From the next call on; what counts counts anew. What is HELD or SLOW is answered, what is SILENT
 *  ends. */
void facilitator_behave(struct facilitator *facilitator,
                        const struct facilitator_behaviour *behaviour);
void facilitator_release(struct facilitator *facilitator); /**< answers what is HELD or SLOW */

struct facilitator_counts facilitator_counts(struct facilitator *facilitator);
bool facilitator_call(struct facilitator *facilitator, uint64_t number,
                      struct facilitator_call *out);
/** By number, from 1, in the order in which they came first. */
bool facilitator_payment(struct facilitator *facilitator, uint64_t number,
                         struct facilitator_payment *out);
/** Waits until `count` calls of that kind came. False: not in time. */
bool facilitator_await(struct facilitator *facilitator, enum facilitator_what what, uint64_t count,
                       int deadline_ms);
/** Waits until none is under way. */
bool facilitator_await_idle(struct facilitator *facilitator, int deadline_ms);

/** Appends "POST /settle, answered 200: says that it is pending; …", for evidence. */
void facilitator_describe(struct assay_buf *out, const struct facilitator_call *call);

#endif
