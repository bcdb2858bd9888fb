/** What one worker of the kaspa-x402 server does with a request: it carries out what the decision
 * core asks for. For server/kaspa_x402.c. */
#ifndef KX_SHOP_H
#define KX_SHOP_H

#include "net/kaspa_node.h"
#include "net/server.h"
#include "server/admission.h"
#include "server/kaspa_x402.h"
#include "server/kx_facilitator.h"

#include <stdatomic.h>

/** Shared by all workers, in memory mapped before they are forked. */
struct kx_shop_shared {
    _Atomic int64_t last_sweep_ms;
};

/** What a worker's shop stands on; all of it is borrowed. */
struct kx_shop_base {
    const struct kx_core *core;
    const struct kx_server_options *options;
    struct kx_shop_shared *shared;
    struct ref_admission *admission;
    unsigned worker; /**< index */
    struct kx_store *store;
    struct ref_kaspa_node *node;        /**< NULL: nothing is settled here */
    struct kx_facilitator *facilitator; /**< NULL: none */
};

struct kx_shop;

/** NOMEM. */
enum assay_code kx_shop_new(struct kx_shop **out, const struct kx_shop_base *base,
                            struct assay_err *err) ASSAY_MUST_USE;
void kx_shop_free(struct kx_shop *shop); /**< NULL is taken */

/** Told of the answer, which lives until it returns. */
typedef void kx_shop_answer(void *to, const struct kx_response *response);
/** One request, from wherever it came: of `event` what was received is filled in. request: its
 * connection, NULL where it has none. `answer` is called once. */
void kx_shop_serve(struct kx_shop *shop, const struct kx_event_request *event,
                   const struct ref_net_request *request, kx_shop_answer *answer, void *to);

/** The handlers of ref_net_server_options; cls is the shop. */
void kx_shop_handle(void *shop, const struct ref_net_request *request,
                    struct ref_net_response *response);
void kx_shop_refused(void *shop, int status, struct assay_bytes method, struct assay_bytes target);

/** From now on nothing waits for the chain beyond the deadline: what is not settled by then stays
 * claimed, for the retry. */
void kx_shop_stopping(struct kx_shop *shop, int64_t deadline_ms);

#endif
