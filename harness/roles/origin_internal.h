/** The parts of the role `origin`: reading requests, the log of executions, and the role itself.
 *  Internal to harness/roles. */
#ifndef ROLES_ORIGIN_INTERNAL_H
#define ROLES_ORIGIN_INTERNAL_H

#include "base/hash.h"
#include "http/chunked.h"
#include "roles/origin.h"

#include <poll.h>
#include <pthread.h>

#define ORIGIN_LINKS_MAX 1024              /**< connections; more wait in the listen queue */
#define ORIGIN_HEAD_MAX_BYTES (64u << 10)  /**< of a request */
#define ORIGIN_BODY_KEEP_BYTES (64u << 10) /**< of a request */
#define ORIGIN_PIPELINE_BYTES (128u << 10) /**< read ahead while an answer is held or sent */
#define ORIGIN_IN_MAX_BYTES (256u << 10)
#define ORIGIN_ANSWER_MAX_BYTES (64u << 20) /**< a rule's body included */
#define ORIGIN_LOG_EXECUTIONS 4096

/* ---- origin_request.c: requests as they arrive, read strictly ---- */

enum origin_request_read {
    ORIGIN_REQUEST_MORE,
    ORIGIN_REQUEST_CONTINUE, /**< the client waits for "100 Continue"; read again afterwards */
    ORIGIN_REQUEST_DONE,
    ORIGIN_REQUEST_BAD, /**< no HTTP/1 request, two framings, or a head beyond its limit */
    ORIGIN_REQUEST_NOMEM,
};

struct origin_request {
    struct assay_buf in;   /**< received, not yet read */
    struct assay_buf text; /**< holds method, target and content_type, each with its NUL */
    const char *method, *target, *content_type;
    struct assay_buf body;
    uint64_t body_bytes;
    struct assay_sha256 digest; /**< of the whole body */
    struct http_chunked chunks;
    uint64_t left;
    bool head_done;
    bool chunked, has_length, has_type, expects;
    bool is_head, keep_alive;
};

void origin_request_init(struct origin_request *request);
/** Ready for the next request, which may be in `in` already. */
void origin_request_next(struct origin_request *request);
void origin_request_fini(struct origin_request *request);
enum origin_request_read origin_request_read(struct origin_request *request) ASSAY_MUST_USE;

/* ---- origin_log.c: what was executed, under a lock ---- */

struct origin_counts {
    uint64_t begun, ended;
};

struct origin_entry; /**< the strings of one execution */

struct origin_log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct origin_counts counts;
    struct origin_execution executions[ORIGIN_LOG_EXECUTIONS]; /**< by number modulo */
    struct origin_entry *strings[ORIGIN_LOG_EXECUTIONS];
    struct origin_entry *lent; /**< of executions that left the log but were given to somebody */
};

void origin_log_init(struct origin_log *log);
void origin_log_fini(struct origin_log *log);
/** The lock is held by the caller. Returns its number. Without memory its strings are empty. */
uint64_t origin_log_begin(struct origin_log *log, struct origin_request *request);
void origin_log_end(struct origin_log *log, uint64_t number);
struct origin_counts origin_log_counts(struct origin_log *log);
/** Until begun >= count and, when idle, nothing runs. */
bool origin_log_await(struct origin_log *log, uint64_t count, bool idle, int deadline_ms);
bool origin_log_find(struct origin_log *log, uint64_t number, struct origin_execution *out);

/* ---- the role ---- */

struct origin_link {
    int fd; /**< -1: free */
    struct origin_request request;
    struct assay_buf out; /**< being answered while it holds something */
    size_t out_sent;
    uint64_t large_left;
    uint64_t execution; /**< being answered; 0: none */
    uint64_t stalled_at;
    bool stalled;
    size_t held_from; /**< of out: while stalled no more than what is before it is sent */
    bool interim;     /**< out holds a "100 Continue" */
    bool close_after;
    bool ended; /**< nothing more is read from it */
};

struct origin {
    struct origin_log log; /**< its lock is for the rule and `stopping` as well */
    struct origin_rule rule;
    char *rule_text; /**< what the rule borrows */
    unsigned rule_used;
    uint64_t releases; /**< how often stalled executions were let go */
    bool stopping;

    bool running; /**< the thread was started; its owner's alone */
    pthread_t thread;
    char url[32];

    int listener, wake; /**< these and below: the thread's alone once it runs */
    bool accept_waits;  /**< no descriptor was left: tried again a little later */
    size_t links_used;  /**< none beyond was ever */
    struct origin_link links[ORIGIN_LINKS_MAX];
    struct pollfd polls[ORIGIN_LINKS_MAX + 2];
    struct origin_link *polled[ORIGIN_LINKS_MAX + 2];
};

#endif
