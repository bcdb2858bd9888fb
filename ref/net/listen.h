/** Listening sockets, made before a server forks its workers and shared by them. */
#ifndef REF_NET_LISTEN_H
#define REF_NET_LISTEN_H

#include "base/err.h"

/** Binds and listens on "ADDRESS:PORT" ("127.0.0.1:0", "[::1]:8402"; names are not looked up, but
 *  "localhost" is 127.0.0.1). The socket is non-blocking and closed on exec.
 *
 *  Out:     fd    the caller's to close
 *           port  the one that was bound, where 0 was asked for
 *  Fails:   MALFORMED (no such address), DENIED (not loopback and not is_public), IO (bind,
 * listen). */
enum assay_code ref_net_listen(int *fd, uint16_t *port, struct assay_bytes address, bool is_public,
                               struct assay_err *err) ASSAY_MUST_USE;

#endif
