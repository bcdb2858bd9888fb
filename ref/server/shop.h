/** What one worker serves: it carries out what the decision core asks for. For server/paid_tools.c.
 */
#ifndef PT_SHOP_H
#define PT_SHOP_H

#include "net/server.h"
#include "server/paid_tools.h"

#include <stdatomic.h>

/** Shared by all workers, in memory mapped before they are forked. */
struct pt_shop_shared {
    _Atomic int64_t floor_ms; /**< never below what the store says; see ref_store floor */
    _Atomic int64_t last_sweep_ms;
    _Atomic uint64_t rate; /**< second of the monotonic clock, and requests in it (low 24 bits) */
};

/** The fixed goods with the options' terms. secret is borrowed. */
void pt_shop_core(struct pt_core *out, const struct pt_server_options *options,
                  struct assay_bytes secret);

struct pt_shop;

/** NOMEM. core, options, shared and store are borrowed until _free. */
enum assay_code pt_shop_new(struct pt_shop **out, const struct pt_core *core,
                            const struct pt_server_options *options, struct pt_shop_shared *shared,
                            struct ref_store *store, struct assay_err *err) ASSAY_MUST_USE;
void pt_shop_free(struct pt_shop *shop); /**< NULL is taken */

/** The handlers of ref_net_server_options; cls is the shop. */
void pt_shop_handle(void *shop, const struct ref_net_request *request,
                    struct ref_net_response *response);
void pt_shop_refused(void *shop, int status, struct assay_bytes method, struct assay_bytes target);

#endif
