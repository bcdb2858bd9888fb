/** The reference server of paid-tools: core, net and store put together, in several worker
 * processes that share one listening socket and one store.
 *
 *  Source: paid-tools digest, sections 1 to 7 and 10a. The goods are fixed: priced routes GET
 * /weather /forecast /report /files/... /gold /html /empty /binary, POST /action, MCP at /mcp with
 * the tools get_weather and get_time, and the free route GET /free; asset MOCK on network mock.
 */
#ifndef PT_SERVER_H
#define PT_SERVER_H

#include "core/paid_tools.h"

#define PT_SERVER_WORKERS_MAX 64

struct pt_server_options {
    const char *listen;     /**< "127.0.0.1:0"; port 0: the system chooses one */
    bool is_public;         /**< may listen, and reach an origin, beyond loopback */
    const char *store;      /**< a file, or "memory" (one worker only) */
    unsigned workers;       /**< processes, 1 to PT_SERVER_WORKERS_MAX */
    const char *origin;     /**< URL of the protected handler; NULL: a built-in one that echoes */
    const char *secret_env; /**< environment variable that holds the secret; it is wiped there */
    bool dev;               /**< a short or default secret may be used; unset: the default one */
    enum pt_rules rules;
    enum pt_wire wire;
    const char *price;  /**< of everything that is priced; NULL: each thing's own */
    int64_t ttl_ms;     /**< of a challenge */
    int64_t key_ttl_ms; /**< of a keyed answer */
    int64_t sweep_every_ms;
    uint32_t rate_per_second; /**< for all workers together; 0: no limit */
    size_t body_max_bytes;
    unsigned connection_max;    /**< a worker */
    int64_t read_deadline_ms;   /**< for a whole request to arrive */
    int64_t origin_deadline_ms; /**< for the origin's whole answer */
    int64_t stop_deadline_ms;   /**< for running requests once it is told to stop */
};
#define PT_SERVER_OPTIONS_DEFAULT                                                                  \
    {                                                                                              \
        .listen = "127.0.0.1:8402", .workers = 2, .secret_env = "ASSAY_SECRET",                    \
        .rules = PT_RULES_HARDENED, .wire = PT_WIRE_TOOLKIT, .ttl_ms = PT_DEFAULT_TTL_MS,          \
        .key_ttl_ms = 3600000, .sweep_every_ms = 60000, .body_max_bytes = 1u << 20,                \
        .connection_max = 256, .read_deadline_ms = 10000, .origin_deadline_ms = 30000,             \
        .stop_deadline_ms = 10000                                                                  \
    }

/** Serves until SIGTERM or SIGINT, then finishes what runs and returns.
 *
 *  Once every worker accepts, one line goes to stdout: "ready paid-tools http://ADDRESS:PORT". Each
 *  request is one line of JSON on stderr, with a hash of the nonce instead of it, and without
 * secrets, proofs and queries; so are workers that ended. One that ended is replaced, a bounded
 * number of times; not with the store in memory, whose loss would make spent payments good again.
 *  The calling process must have one thread. Its SIGTERM and SIGINT are blocked from the call on.
 *
 *  Returns: ASSAY_OK after a stop. Before ready: MALFORMED, RANGE or DENIED (an option; err names
 * it), MISSING (no secret, or no store), IO. After: CRASHED (workers ended too often).
 */
enum assay_code pt_server_run(const struct pt_server_options *options,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
