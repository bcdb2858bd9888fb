/** Waiting until a launched target answers, and taking the URL it is then known by. */
#ifndef TARGET_READY_H
#define TARGET_READY_H

#include "http/exchange.h"
#include "target/capture.h"
#include "target/command.h"

struct ready {
    const struct target_launch *launch;
    const struct command_values *values;
    struct capture *capture;
    const char *const *allowed_hosts;
    struct assay_arena *arena;
};

/** Out: *url in the arena, *peer that borrows it. TIMEOUT and CRASHED without a text in err, which
 *  the caller words; MALFORMED: the line names no URL and there is no ${PORT}, or what it names is
 *  none; DENIED: a host that is not allowed. */
enum assay_code ready_await(const struct ready *ready, const char **url, struct http_peer *peer,
                            struct assay_err *err) ASSAY_MUST_USE;
/** A peer of a URL, which must outlive it. DENIED names the option that allows the host. */
enum assay_code ready_use_url(struct http_peer *peer, const char *url,
                              const char *const *allowed_hosts,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
