/* One thread that waits for the nearest deadline of all connections and cuts off those past theirs.
 */
#include "net/deadlines.h"

#include "base/buf.h"
#include "net/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONGEST_WAIT_MS = 60000 };

struct ref_net_watcher {
    pthread_t thread;
    pthread_mutex_t lock; /* of the list; sockets in it are open while it is held */
    struct ref_net_watched *first;
    _Atomic int64_t wake_at_ms; /* when the thread looks again by itself */
    atomic_bool stopping;
    int64_t shortest_ms;
    int wake_fd;
    void (*cut)(void *cls, struct ref_net_watched *connection, enum ref_net_phase phase);
    void *cls;
};

static void wake(struct ref_net_watcher *w)
{
    static const uint64_t one = 1;

    (void)!write(w->wake_fd, &one, sizeof(one)); /* EAGAIN: it is awake already */
}

static void cut_if_late(struct ref_net_watcher *w, struct ref_net_watched *c, int64_t now_ms)
{
    int phase = atomic_load(&c->phase);

    if (phase == REF_NET_HANDLING || phase == REF_NET_CUT || atomic_load(&c->deadline_ms) > now_ms)
        return;
    /* Lost to a connection that has just gone on to its next phase: then it is not late. */
    if (!atomic_compare_exchange_strong(&c->phase, &phase, REF_NET_CUT))
        return;
    atomic_store(&c->deadline_ms, REF_NET_NEVER);
    w->cut(w->cls, c, (enum ref_net_phase)phase);
    (void)shutdown(c->fd, SHUT_RDWR);
}

static int64_t look(struct ref_net_watcher *w, int64_t now_ms)
{
    int64_t nearest = now_ms + LONGEST_WAIT_MS;

    pthread_mutex_lock(&w->lock);
    if (w->first != NULL && now_ms + w->shortest_ms < nearest)
        nearest = now_ms + w->shortest_ms;
    for (struct ref_net_watched *c = w->first; c != NULL; c = c->next) {
        int64_t deadline;

        cut_if_late(w, c, now_ms);
        deadline = atomic_load(&c->deadline_ms);
        nearest = deadline < nearest ? deadline : nearest;
    }
    pthread_mutex_unlock(&w->lock);
    return nearest;
}

static void *watch(void *arg)
{
    struct ref_net_watcher *w = arg;

    while (!atomic_load(&w->stopping)) {
        struct pollfd fd = {.fd = w->wake_fd, .events = POLLIN};
        int64_t now_ms = ref_net_now_ms(), nearest;
        uint64_t count;

        atomic_store(&w->wake_at_ms, INT64_MAX); /* a deadline set from here on wakes us */
        nearest = look(w, now_ms);
        atomic_store(&w->wake_at_ms, nearest);
        (void)poll(&fd, 1, nearest > now_ms ? (int)(nearest - now_ms) : 0);
        if (read(w->wake_fd, &count, sizeof(count)) < 0)
            continue; /* nobody called: a deadline has come */
    }
    return NULL;
}

enum assay_code ref_net_watcher_start(struct ref_net_watcher **out, int64_t shortest_ms,
                                      void (*cut)(void *cls, struct ref_net_watched *connection,
                                                  enum ref_net_phase phase),
                                      void *cls, struct assay_err *err)
{
    struct ref_net_watcher *w = assay_alloc(sizeof(*w));

    if (w == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a server");
    *w = (struct ref_net_watcher){.shortest_ms = shortest_ms, .cut = cut, .cls = cls};
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake_fd < 0) {
        assay_free(w);
        return assay_fail(err, ASSAY_E_IO, 0, "eventfd: %s", strerror(errno));
    }
    pthread_mutex_init(&w->lock, NULL);
    if (pthread_create(&w->thread, NULL, watch, w) != 0) {
        (void)close(w->wake_fd);
        pthread_mutex_destroy(&w->lock);
        assay_free(w);
        return assay_fail(err, ASSAY_E_IO, 0, "no thread to watch deadlines");
    }
    *out = w;
    return ASSAY_OK;
}

void ref_net_watcher_stop(struct ref_net_watcher *w)
{
    if (w == NULL)
        return;
    atomic_store(&w->stopping, true);
    wake(w);
    (void)pthread_join(w->thread, NULL);
    (void)close(w->wake_fd);
    pthread_mutex_destroy(&w->lock);
    assay_free(w);
}

static void set_deadline(struct ref_net_watcher *w, struct ref_net_watched *c, int64_t within_ms)
{
    int64_t deadline = within_ms == REF_NET_NEVER ? REF_NET_NEVER : ref_net_now_ms() + within_ms;

    atomic_store(&c->deadline_ms, deadline);
    if (deadline < atomic_load(&w->wake_at_ms))
        wake(w);
}

void ref_net_watcher_join(struct ref_net_watcher *w, struct ref_net_watched *c, int64_t within_ms)
{
    atomic_store(&c->phase, REF_NET_IDLE);
    c->prev = NULL;
    pthread_mutex_lock(&w->lock);
    c->next = w->first;
    if (w->first != NULL)
        w->first->prev = c;
    w->first = c;
    set_deadline(w, c, within_ms);
    pthread_mutex_unlock(&w->lock);
}

void ref_net_watcher_leave(struct ref_net_watcher *w, struct ref_net_watched *c)
{
    pthread_mutex_lock(&w->lock);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        w->first = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    pthread_mutex_unlock(&w->lock);
}

bool ref_net_watcher_enter(struct ref_net_watcher *w, struct ref_net_watched *c,
                           enum ref_net_phase phase, int64_t within_ms)
{
    int before = atomic_load(&c->phase);

    /* The deadline of the old phase must not strike the new one: none until the new one is set. */
    atomic_store(&c->deadline_ms, REF_NET_NEVER);
    if (before == REF_NET_CUT || !atomic_compare_exchange_strong(&c->phase, &before, (int)phase))
        return false;
    set_deadline(w, c, within_ms);
    return true;
}
