/** Operations: what the operator of a target can do, as its file says (`operations`): a command
 * that is run in the instance's folder, or a request to it.
 */
#ifndef TARGET_OPERATION_H
#define TARGET_OPERATION_H

#include "http/client.h"
#include "target/client_run.h"

struct operation_result {
    bool done;  /**< the command ended with 0, or the answer was 2xx */
    int status; /**< exit or HTTP status; -1: a signal, no answer, or not by the deadline */
    const struct http_exchange *exchange; /**< of a request, in the arena; else NULL */
    struct client_run *run;               /**< of a command, ended; else NULL */
};

/** Carries it out and waits for its end. `values`: placeholders beyond the instance's ({"TXID",
 * …}), ends with a NULL name; NULL: none. The value STDIN is no placeholder: it names the file that
 * a command reads as its input. ${URL} is the instance's own. A command that is late is
 *  killed. UNSUPPORTED: the target file has no such operation; MISSING: a placeholder has no value;
 *  DENIED: a host that is not allowed; IO, NOMEM. The arena holds the exchange. */
enum assay_code instance_operation(struct instance *instance, struct assay_arena *arena,
                                   const char *name, const struct target_pair *values,
                                   int deadline_ms, struct operation_result *result,
                                   struct assay_err *err) ASSAY_MUST_USE;
void operation_result_fini(struct operation_result *result);

#endif
