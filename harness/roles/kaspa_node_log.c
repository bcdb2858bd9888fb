/* The log of a node's calls: kept in order up to a limit, counted beyond it, waited for on a
 * condition; see kaspa_node.h. */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"

#include <errno.h>

enum { FIRST_ROOM = 64 };

void node_log_init(struct node_log *log)
{
    pthread_condattr_t attributes;

    *log = (struct node_log){.texts = ASSAY_ARENA_INIT(KASPA_NODE_LOG_BYTES)};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->came, &attributes);
    pthread_condattr_destroy(&attributes);
}

void node_log_fini(struct node_log *log)
{
    pthread_cond_destroy(&log->came);
    pthread_mutex_destroy(&log->lock);
    assay_free(log->calls);
    assay_arena_fini(&log->texts);
}

/* NULL: the log is full, or memory is. */
static struct kaspa_node_call *next_entry(struct node_log *log)
{
    size_t room = log->room > 0 ? 2 * log->room : FIRST_ROOM;
    struct kaspa_node_call *calls;

    if (log->kept != log->count || log->kept == KASPA_NODE_LOG_CALLS)
        return NULL;
    if (log->kept == log->room) {
        calls = assay_realloc(log->calls, room * sizeof(*calls));
        if (calls == NULL)
            return NULL;
        log->calls = calls;
        log->room = room;
    }
    return &log->calls[log->kept++];
}

static const char *keep_text(struct node_log *log, struct assay_bytes text)
{
    struct assay_bytes copy = assay_arena_copy(&log->texts, text);

    return copy.at != NULL ? (const char *)copy.at : "";
}

bool node_is_submission(bool is_rest, const char *method)
{
    return is_rest ? strcmp(method, "POST /transactions") == 0
                   : strncmp(method, "submitTransaction", strlen("submitTransaction")) == 0;
}

uint64_t node_log_add(struct node_log *log, bool is_rest, const char *method,
                      struct assay_bytes params)
{
    struct kaspa_node_call *call = next_entry(log);

    log->count++;
    log->submissions += node_is_submission(is_rest, method) ? 1 : 0;
    if (call != NULL)
        *call = (struct kaspa_node_call){
            .number = log->count,
            .is_rest = is_rest,
            .method = keep_text(log, assay_str(method)),
            .params = keep_text(log, assay_bytes_part(params, 0, NODE_PARAMS_KEEP_BYTES)),
            .at_ns = sock_now_ns(),
        };
    pthread_cond_broadcast(&log->came);
    return log->count;
}

void node_log_answered(struct node_log *log, uint64_t number)
{
    pthread_mutex_lock(&log->lock);
    if (number != 0 && number <= log->kept)
        log->calls[number - 1].answered = true;
    pthread_mutex_unlock(&log->lock);
}

static bool is_of(const struct kaspa_node_call *call, const char *method)
{
    size_t len = strlen(method);

    if (len > 0 && method[len - 1] == '/')
        return strncmp(call->method, method, len) == 0;
    return strcmp(call->method, method) == 0;
}

static struct timespec time_in(int ms)
{
    int64_t at_ns = sock_now_ns() + (int64_t)ms * 1000000;

    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

uint64_t node_log_submissions(struct node_log *log)
{
    uint64_t count;

    pthread_mutex_lock(&log->lock);
    count = log->submissions;
    pthread_mutex_unlock(&log->lock);
    return count;
}

bool node_log_await_submissions(struct node_log *log, uint64_t count, int deadline_ms)
{
    struct timespec until = time_in(deadline_ms);
    bool came;
    int rc = 0;

    pthread_mutex_lock(&log->lock);
    while (log->submissions < count && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&log->came, &log->lock, &until);
    came = log->submissions >= count;
    pthread_mutex_unlock(&log->lock);
    return came;
}

bool node_log_await(struct node_log *log, const char *method, uint64_t count, int deadline_ms)
{
    struct timespec until = time_in(deadline_ms);
    uint64_t came = 0;
    size_t looked = 0;
    int rc = 0;

    pthread_mutex_lock(&log->lock);
    for (;;) {
        while (method != NULL && looked < log->kept)
            came += is_of(&log->calls[looked++], method);
        if (method == NULL)
            came = log->count;
        if (came >= count || rc == ETIMEDOUT)
            break;
        rc = pthread_cond_timedwait(&log->came, &log->lock, &until);
    }
    pthread_mutex_unlock(&log->lock);
    return came >= count;
}
