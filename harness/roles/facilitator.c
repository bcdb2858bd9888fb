/* The role `facilitator`: its owner's side; see facilitator.h. */
#include "roles/facilitator_internal.h"

#include "http/sock.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- start and stop ---- */

static void init(struct facilitator *f)
{
    pthread_condattr_t attributes;

    memset(f, 0, sizeof(*f)); /* too large for a literal, which may stand on the stack */
    f->texts = (struct assay_arena)ASSAY_ARENA_INIT(FACILITATOR_LOG_MAX_BYTES);
    for (size_t i = 0; i < FACILITATOR_PLACES; i++)
        f->places[i] =
            (struct facilitator_place){.facilitator = f, .is_elsewhere = i > 0, .listener = -1};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum assay_code start_place(struct facilitator_place *place, uint16_t port,
                                   struct assay_err *err)
{
    enum assay_code rc = sock_listen(&place->listener, &port, port, err);

    if (rc != ASSAY_OK)
        return rc;
    (void)!snprintf(place->url, sizeof(place->url), "http://127.0.0.1:%u", (unsigned)port);
    return facilitator_serve(place, err);
}

/* Who holds a call lets go of it. */
static void stop_server(struct facilitator_place *place)
{
    struct facilitator *f = place->facilitator;

    pthread_mutex_lock(&f->lock);
    f->closing = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    role_http_stop(place->server);
    place->server = NULL;
    pthread_mutex_lock(&f->lock);
    f->closing = false;
    pthread_mutex_unlock(&f->lock);
}

enum assay_code facilitator_start(struct facilitator **out,
                                  const struct facilitator_options *options, struct assay_err *err)
{
    struct facilitator *f = assay_alloc(sizeof(*f));
    enum assay_code rc;

    if (f == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a facilitator");
    init(f);
    if ((rc = facilitator_config_read(&f->config, options, err)) == ASSAY_OK &&
        (rc = start_place(&f->places[1], 0, err)) == ASSAY_OK &&
        (rc = start_place(&f->places[0], options->port, err)) == ASSAY_OK)
        *out = f;
    else
        facilitator_stop(f);
    return rc;
}

void facilitator_stop(struct facilitator *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < FACILITATOR_PLACES; i++) {
        stop_server(&f->places[i]);
        if (f->places[i].listener >= 0)
            close(f->places[i].listener);
    }
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    facilitator_config_fini(&f->config);
    assay_arena_fini(&f->texts);
    assay_free(f);
}

enum assay_code facilitator_restart(struct facilitator *f, struct assay_err *err)
{
    stop_server(&f->places[0]);
    return facilitator_serve(&f->places[0], err);
}

/* ---- while it runs ---- */

const char *facilitator_url(const struct facilitator *f)
{
    return f->places[0].url;
}

const char *facilitator_elsewhere(const struct facilitator *f)
{
    return f->places[1].url;
}

enum assay_code facilitator_configure(struct facilitator *f,
                                      const struct facilitator_options *options,
                                      struct assay_err *err)
{
    struct facilitator_config next, was;
    enum assay_code rc = facilitator_config_read(&next, options, err);

    was = next;
    if (rc == ASSAY_OK) {
        pthread_mutex_lock(&f->lock);
        was = f->config;
        f->config = next;
        pthread_mutex_unlock(&f->lock);
    }
    facilitator_config_fini(&was);
    return rc;
}

void facilitator_forget(struct facilitator *f)
{
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->payment_count; i++)
        f->forgotten[i] = true;
    pthread_mutex_unlock(&f->lock);
}

void facilitator_behave(struct facilitator *f, const struct facilitator_behaviour *behaviour)
{
    pthread_mutex_lock(&f->lock);
    f->how = *behaviour;
    memset(f->asked, 0, sizeof(f->asked));
    f->behaviours++;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

void facilitator_release(struct facilitator *f)
{
    pthread_mutex_lock(&f->lock);
    f->releases++;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* ---- what it saw ---- */

struct facilitator_counts facilitator_counts(struct facilitator *f)
{
    struct facilitator_counts counts;

    pthread_mutex_lock(&f->lock);
    counts = f->counts;
    counts.payments = f->payment_count;
    pthread_mutex_unlock(&f->lock);
    return counts;
}

bool facilitator_call(struct facilitator *f, uint64_t number, struct facilitator_call *out)
{
    bool found;

    pthread_mutex_lock(&f->lock);
    found = number != 0 && number <= f->count && number <= FACILITATOR_CALLS_MAX;
    if (found)
        *out = f->calls[number - 1];
    pthread_mutex_unlock(&f->lock);
    return found;
}

bool facilitator_payment(struct facilitator *f, uint64_t number, struct facilitator_payment *out)
{
    bool found;

    pthread_mutex_lock(&f->lock);
    found = number != 0 && number <= f->payment_count;
    if (found)
        *out = f->payments[number - 1];
    pthread_mutex_unlock(&f->lock);
    return found;
}

static struct timespec time_in(int ms)
{
    int64_t at_ns = sock_now_ns() + (int64_t)ms * 1000000;

    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

bool facilitator_await(struct facilitator *f, enum facilitator_what what, uint64_t count,
                       int deadline_ms)
{
    struct timespec until = time_in(deadline_ms);
    bool came;
    int rc = 0;

    pthread_mutex_lock(&f->lock);
    while (f->counts.calls[what] < count && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    came = f->counts.calls[what] >= count;
    pthread_mutex_unlock(&f->lock);
    return came;
}

bool facilitator_await_idle(struct facilitator *f, int deadline_ms)
{
    struct timespec until = time_in(deadline_ms);
    bool is_idle;
    int rc = 0;

    pthread_mutex_lock(&f->lock);
    while (f->running > 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    is_idle = f->running == 0;
    pthread_mutex_unlock(&f->lock);
    return is_idle;
}
