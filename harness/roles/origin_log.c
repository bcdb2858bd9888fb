/* The log of an origin: executions in a ring, waited for on a condition; see origin.h. */
#include "roles/origin_internal.h"

#include "base/hex.h"
#include "http/sock.h"

#include <errno.h>

struct origin_entry {
    struct origin_entry *next;
    bool lent;
    char text[];
};

void origin_log_init(struct origin_log *log)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void origin_log_fini(struct origin_log *log)
{
    while (log->lent != NULL) {
        struct origin_entry *next = log->lent->next;

        assay_free(log->lent);
        log->lent = next;
    }
    for (size_t i = 0; i < ORIGIN_LOG_EXECUTIONS; i++)
        assay_free(log->strings[i]);
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->lock);
}

static struct origin_entry *copy_strings(struct origin_execution *execution,
                                         const struct origin_request *request)
{
    size_t text_len = request->text.len, body_len = request->body.len;
    struct origin_entry *entry = assay_alloc(sizeof(*entry) + text_len + body_len);
    const char *from = (const char *)request->text.at;

    execution->method = execution->target = execution->content_type = "";
    execution->body = ASSAY_LIT("");
    if (entry == NULL)
        return NULL;
    *entry = (struct origin_entry){0};
    memcpy(entry->text, from, text_len);
    if (body_len > 0)
        memcpy(entry->text + text_len, request->body.at, body_len);
    execution->method = entry->text + (request->method - from);
    execution->target = entry->text + (request->target - from);
    execution->content_type = entry->text + (request->content_type - from);
    execution->body = assay_bytes_of(entry->text + text_len, body_len);
    return entry;
}

uint64_t origin_log_begin(struct origin_log *log, struct origin_request *request)
{
    uint64_t number = ++log->counts.begun;
    size_t slot = number % ORIGIN_LOG_EXECUTIONS;
    struct origin_execution *execution = &log->executions[slot];
    uint8_t digest[ASSAY_SHA256_BYTES];

    if (log->strings[slot] != NULL && log->strings[slot]->lent) {
        log->strings[slot]->next = log->lent;
        log->lent = log->strings[slot];
    } else {
        assay_free(log->strings[slot]);
    }
    *execution = (struct origin_execution){
        .number = number, .body_bytes = request->body_bytes, .start_ns = sock_now_ns()};
    log->strings[slot] = copy_strings(execution, request);
    assay_sha256_end(&request->digest, digest);
    assay_hex_encode(execution->body_sha256, assay_bytes_of(digest, sizeof(digest)));
    pthread_cond_broadcast(&log->changed);
    return number;
}

void origin_log_end(struct origin_log *log, uint64_t number)
{
    struct origin_execution *execution = &log->executions[number % ORIGIN_LOG_EXECUTIONS];

    pthread_mutex_lock(&log->lock);
    log->counts.ended++;
    if (execution->number == number)
        execution->end_ns = sock_now_ns();
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

struct origin_counts origin_log_counts(struct origin_log *log)
{
    struct origin_counts counts;

    pthread_mutex_lock(&log->lock);
    counts = log->counts;
    pthread_mutex_unlock(&log->lock);
    return counts;
}

bool origin_log_await(struct origin_log *log, uint64_t count, bool idle, int deadline_ms)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    struct timespec until = {.tv_sec = deadline_ns / 1000000000,
                             .tv_nsec = deadline_ns % 1000000000};
    const struct origin_counts *counts = &log->counts;
    bool happened;
    int rc = 0;

    pthread_mutex_lock(&log->lock);
    while (!(happened = counts->begun >= count && (!idle || counts->begun == counts->ended)) &&
           rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&log->changed, &log->lock, &until);
    pthread_mutex_unlock(&log->lock);
    return happened;
}

bool origin_log_find(struct origin_log *log, uint64_t number, struct origin_execution *out)
{
    size_t slot = number % ORIGIN_LOG_EXECUTIONS;
    bool found;

    pthread_mutex_lock(&log->lock);
    found = number != 0 && log->executions[slot].number == number;
    if (found)
        *out = log->executions[slot];
    if (found && log->strings[slot] != NULL)
        log->strings[slot]->lent = true;
    pthread_mutex_unlock(&log->lock);
    return found;
}
