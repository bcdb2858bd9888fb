/** Deadlines of connections: a watcher that cuts off what takes too long. For net/server.c alone.
 *
 *  libmicrohttpd's own timeout starts anew with every byte, so a request that drips never ends, and
 * it counts a slow handler as idleness; here each phase of a connection has one deadline from its
 * start.
 */
#ifndef REF_NET_DEADLINES_H
#define REF_NET_DEADLINES_H

#include "base/err.h"

#include <stdatomic.h>

enum ref_net_phase {
    REF_NET_IDLE,     /**< between requests */
    REF_NET_READING,  /**< from the request line to the end of the body */
    REF_NET_HANDLING, /**< no deadline here: the handler has its own */
    REF_NET_WRITING,
    REF_NET_CUT, /**< the watcher has shut the socket down; the end */
};

#define REF_NET_NEVER INT64_MAX

struct ref_net_watched {
    struct ref_net_watched *prev, *next;
    int fd;
    atomic_int phase;            /**< enum ref_net_phase */
    _Atomic int64_t deadline_ms; /**< CLOCK_MONOTONIC, or REF_NET_NEVER */
};

struct ref_net_watcher;

/** shortest_ms: the shortest deadline that will be set; the watcher looks that often while there
 * are connections, so that setting one need not wake it. cut is called once for each connection
 * that was cut, on the watcher's thread and before the socket is shut down, with the phase it was
 * in. IO, NOMEM. */
enum assay_code ref_net_watcher_start(struct ref_net_watcher **out, int64_t shortest_ms,
                                      void (*cut)(void *cls, struct ref_net_watched *connection,
                                                  enum ref_net_phase phase),
                                      void *cls, struct assay_err *err) ASSAY_MUST_USE;
void ref_net_watcher_stop(struct ref_net_watcher *watcher); /**< joins and frees; NULL is taken */

/** The fd must stay open until _leave has returned. */
void ref_net_watcher_join(struct ref_net_watcher *watcher, struct ref_net_watched *connection,
                          int64_t within_ms);
void ref_net_watcher_leave(struct ref_net_watcher *watcher, struct ref_net_watched *connection);

/** Enters a phase with a deadline from now (REF_NET_NEVER: none). Returns false where the
 * connection was cut meanwhile: nothing more may be written to it. */
bool ref_net_watcher_enter(struct ref_net_watcher *watcher, struct ref_net_watched *connection,
                           enum ref_net_phase phase, int64_t within_ms);

#endif
