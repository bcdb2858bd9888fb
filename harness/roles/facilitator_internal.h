/** The parts of the role `facilitator`: what it remembers of payments, what it answers, how answers
 *  are spoiled, its log, and its servers. Internal to harness/roles.
 *
 *  One lock guards all of it.
 */
#ifndef ROLES_FACILITATOR_INTERNAL_H
#define ROLES_FACILITATOR_INTERNAL_H

#include "roles/facilitator.h"
#include "roles/role_http.h"

#include <pthread.h>

#define FACILITATOR_PLACES 2                           /**< here, and elsewhere */
#define FACILITATOR_BODY_MAX_BYTES ((size_t)1 << 20)   /**< of a request */
#define FACILITATOR_REPLY_MAX_BYTES ((size_t)64 << 20) /**< compressed bombs among them */
#define FACILITATOR_TURN_MAX_BYTES ((size_t)16 << 20)
#define FACILITATOR_LOG_MAX_BYTES ((size_t)64 << 20)

/** Its options, and their kinds as they were read. */
struct facilitator_config {
    struct facilitator_options options;
    struct assay_arena arena; /**< of the documents of its kinds */
    struct x402_kind kinds[FACILITATOR_KINDS_MAX];
    size_t kind_count;
};

struct facilitator_place {
    struct facilitator *facilitator;
    struct role_http *server; /**< NULL: it serves nothing */
    bool is_elsewhere;
    int listener; /**< kept through a restart */
    char url[32];
};

struct facilitator {
    pthread_mutex_t lock;
    pthread_cond_t changed; /**< behaviour, a call, or the end */
    struct facilitator_config config;
    struct facilitator_behaviour how;
    uint64_t asked[FACILITATOR_WHATS]; /**< calls of this behaviour */
    uint64_t behaviours, releases;
    bool closing; /**< its servers end */

    struct facilitator_payment payments[FACILITATOR_PAYMENTS_MAX];
    bool forgotten[FACILITATOR_PAYMENTS_MAX];
    size_t payment_count;
    uint64_t transactions; /**< that it has named so far */

    struct assay_arena texts; /**< of the log */
    struct facilitator_call calls[FACILITATOR_CALLS_MAX];
    uint64_t count, running;
    struct facilitator_counts counts;

    struct facilitator_place places[FACILITATOR_PLACES];
};

/* ---- facilitator_payments.c: what it remembers; the lock is held ---- */

/** The payment of a request, a new one where it came never before; NULL: there is no room. */
struct facilitator_payment *facilitator_payment_of(struct facilitator *f,
                                                   const struct x402_request *request);
/** Whether it has settled it and remembers that. */
bool facilitator_knows(const struct facilitator *f, const struct facilitator_payment *payment);
/** Its money moves, and it gets a transaction unless it has one. */
void facilitator_move(struct facilitator *f, struct facilitator_payment *payment,
                      struct assay_bytes network);
/** A transaction that nobody has named yet, as the network has them. */
void facilitator_name_transaction(struct facilitator *f, char out[68], struct assay_bytes network);

/* ---- facilitator_answer.c: what it says ---- */

/** Appends the answer, carries out what is asked for, and returns the status. The lock is held. */
int facilitator_answer(struct facilitator *f, struct assay_buf *out, enum facilitator_what what,
                       struct assay_bytes body, const struct facilitator_rule *rule);

/* ---- facilitator_supported.c ---- */

/** Copies options and reads their kinds. MALFORMED, NOMEM: to be freed all the same. */
enum assay_code facilitator_config_read(struct facilitator_config *out,
                                        const struct facilitator_options *options,
                                        struct assay_err *err) ASSAY_MUST_USE;
void facilitator_config_fini(struct facilitator_config *config);
/** Appends what it lists. */
void facilitator_list(const struct facilitator_config *config, struct assay_buf *out,
                      struct assay_arena *arena, enum facilitator_lie lie);

/* ---- facilitator_shape.c ---- */

/** Replaces an answer by one of another shape. */
void facilitator_reshape(struct assay_buf *body, enum facilitator_what what,
                         enum facilitator_shape shape);

/* ---- facilitator_log.c: its calls; the lock is held ---- */

/** Logs a call; NULL: the log is full. It is counted in any case. */
struct facilitator_call *facilitator_log(struct facilitator *f,
                                         const struct facilitator_call *call);
void facilitator_log_end(struct facilitator *f, struct facilitator_call *call,
                         const struct facilitator_rule *rule, int status, struct assay_bytes reply);

/* ---- facilitator_http.c: its servers ---- */

/** `listener` is the place's own by then. IO, NOMEM. */
enum assay_code facilitator_serve(struct facilitator_place *place,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
