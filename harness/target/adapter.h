/** Library adapters: a library in any language, driven as a child process over stdin and stdout.
 *
 *  One JSON object a line, at most 16 MiB. A request is the operation's members with `id` and
 *  `op`; an answer has that id and one of `ok` (the result), `refused` (a reason, or an object
 *  with one), `unsupported` (text) or `error` (text). Objects without id are events. Several
 *  requests may be outstanding. An adapter that crashes, hangs, garbles or says too much is a
 *  finding, told as the status of what was outstanding; it is then killed, and the next request
 *  starts it again. Source: design, section 4. Used from one thread.
 */
#ifndef TARGET_ADAPTER_H
#define TARGET_ADAPTER_H

#include "base/arena.h"

#include <jansson.h>
#include <sys/types.h>

#define ADAPTER_LINE_MAX_BYTES (16u << 20)
#define ADAPTER_OUTSTANDING_MAX 256
#define ADAPTER_EVENTS_MAX 1000 /**< kept; later ones are dropped */

enum adapter_status {
    ADAPTER_OK,          /**< value: the result */
    ADAPTER_REFUSED,     /**< value: the reason, a text or an object */
    ADAPTER_UNSUPPORTED, /**< it does not have the operation */
    ADAPTER_ERROR,       /**< it says that the request was wrong */
    ADAPTER_CRASHED,     /**< it ended before the answer */
    ADAPTER_HUNG,        /**< no answer by the deadline */
    ADAPTER_OVERSIZED,   /**< a line longer than the limit */
    ADAPTER_GARBLED, /**< a line that is no JSON object, or an answer to nothing that was asked */
};

struct adapter_answer {
    enum adapter_status status;
    json_t *value; /**< a new reference, or NULL; see the status */
    /** in words what is not OK; may quote the adapter, and is then fit to be shown */
    char text[256];
};

struct adapter;
struct spawn;

/** Finds the program (see spawn_program; relative names with a slash are relative to `folder`,
 *  which may be NULL) and starts it. argv is NULL-terminated and must outlive the adapter, as the
 *  arena must. IO, NOMEM. */
enum assay_code adapter_start(struct adapter **out, struct assay_arena *arena,
                              const char *const *argv, const char *folder,
                              struct assay_err *err) ASSAY_MUST_USE;
/** The same of a program that is found, with its environment and folder; in, out and err are not
 *  read. What it points to, and the arena, must outlive the adapter. */
enum assay_code adapter_start_as(struct adapter **out, struct assay_arena *arena,
                                 const struct spawn *program, struct assay_err *err) ASSAY_MUST_USE;
/** Ends every process of it; what was outstanding is CRASHED, and the next request starts it again.
 */
void adapter_end(struct adapter *a);
/** Ids of its living processes, at most `room`; returns how many. */
size_t adapter_processes(const struct adapter *a, pid_t *out, size_t room);
void adapter_free(struct adapter *a); /**< ends every process of it; NULL is taken */

struct adapter_hello {
    /** in the arena of the adapter; "" where it does not say */
    const char *name, *version, *language;
    json_t *operations; /**< array of texts, the caller's reference */
};
/** Asks who it is. CRASHED, TIMEOUT, MALFORMED (no proper hello), with its words in err. */
enum assay_code adapter_hello(struct adapter *a, struct adapter_hello *out, int deadline_ms,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Whether an operation is among those of a hello. */
bool adapter_names(const json_t *operations, const char *name);

/** Queues a request; `in` is an object without id and op, or NULL, and stays the caller's. Out: *id
 *  for adapter_await. TOO_LARGE: the request exceeds a line; BUSY: too many are outstanding; IO: it
 *  cannot be started again; NOMEM. */
enum assay_code adapter_ask(struct adapter *a, uint64_t *id, const char *op, const json_t *in,
                            struct assay_err *err) ASSAY_MUST_USE;
/** Waits for the answer to `id`, each id once and in any order. adapter_answer_fini releases it. */
void adapter_await(struct adapter *a, uint64_t id, int deadline_ms, struct adapter_answer *answer);
void adapter_answer_fini(struct adapter_answer *answer);

/** Objects without id that came so far, in order; borrowed, grows with later calls. */
const json_t *adapter_events(const struct adapter *a);
/** How many times it had to be started, the first included. */
unsigned adapter_starts(const struct adapter *a);

#endif
