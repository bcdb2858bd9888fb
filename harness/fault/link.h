/** The fault `link`: a byte-level proxy on loopback between a target and a service it depends on.
 *  One thread; rules can be changed while it runs and count from then on. */
#ifndef FAULT_LINK_H
#define FAULT_LINK_H

#include "base/err.h"

struct link_rule {
    int delay_ms;  /**< each chunk of bytes is held that long, in both directions */
    int refuse;    /**< 1: new connections are reset at once (as they are when the service cannot be
                      reached) */
    int blackhole; /**< 1: bytes are read and dropped, nothing comes back */
    int64_t cut_after; /**< >= 0: so many bytes of a connection pass towards the client; when there
                          is one more to pass, the connection is closed instead; -1: never */
    int reset;         /**< with cut_after: reset instead of close */
    int drip_bytes;    /**< > 0: at most so many bytes every drip_ms */
    int drip_ms;
    int duplicate; /**< 1: each burst of bytes towards the service is sent again on a new
                      connection, whose answers are dropped, once the service begins to answer it or
                      the client has ended; bursts above 1 MiB are not */
};
#define LINK_RULE_HONEST                                                                           \
    {                                                                                              \
        .cut_after = -1                                                                            \
    }

struct fault_link;

/** Forwards 127.0.0.1:port-of-its-own to host:port, which must be loopback. At most 256 connections
 * at a time. DENIED, IO, NOMEM. */
enum assay_code fault_link_start(struct fault_link **out, const char *host, uint16_t port,
                                 struct assay_err *err) ASSAY_MUST_USE;
void fault_link_stop(struct fault_link *link); /**< closes, joins, frees; NULL is taken */
uint16_t fault_link_port(const struct fault_link *link);
void fault_link_behave(struct fault_link *link, const struct link_rule *rule);
/** Bytes passed towards the service and back, and connections seen. */
void fault_link_counts(struct fault_link *link, uint64_t *towards, uint64_t *back,
                       uint64_t *connections);

#endif
