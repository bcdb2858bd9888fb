/* The fault `link`: a byte-level proxy with rules, on one thread; see link.h. */
#include "fault/link.h"

#include "base/buf.h"
#include "http/sock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 256,
    CHUNK_BYTES = 16384,
    QUEUE_MAX_BYTES = 256 << 10,  /* held in one direction; more is left in the socket */
    BURST_MAX_BYTES = 1024 << 10, /* a larger burst is not sent twice */
    ACCEPT_AGAIN_MS = 20,
};

/* Bytes on their way, as they were read. */
struct chunk {
    struct chunk *next;
    int64_t due_ns;
    size_t len, gone;
    uint8_t at[];
};

/* One direction of a connection. */
struct way {
    struct chunk *first, *last;
    size_t queued;
    int64_t next_ns; /* dripping: not before */
    bool read_ended; /* the reading side has closed */
    bool shut;       /* and that was passed on */
};

struct pair {
    bool used;
    bool is_copy;    /* sends a burst for the second time: no client, answers are dropped */
    bool answered;   /* of a copy */
    bool connecting; /* to the service */
    int client, service;
    struct sock_dial dial;
    struct way towards, back;
    uint64_t back_passed;   /* bytes since the rule */
    struct assay_buf burst; /* towards the service since it last answered */
};

struct fault_link {
    pthread_mutex_t lock; /* rule, rule_number, stopping, counts */
    struct link_rule rule;
    uint64_t rule_number;
    bool stopping;
    uint64_t towards, back, connections;

    bool running;
    pthread_t thread;
    uint16_t port;
    int listener, wake;

    char host[64];
    struct http_peer service;
    struct link_rule now; /* the thread's copy */
    uint64_t now_number;
    bool accept_waits;
    size_t pairs_used; /* none beyond was ever */
    struct pair pairs[PAIRS_MAX];
    struct pollfd polls[2 + 2 * PAIRS_MAX];
};

/* ---- chunks ---- */

static void drop_first(struct way *way)
{
    struct chunk *chunk = way->first;

    way->first = chunk->next;
    if (way->first == NULL)
        way->last = NULL;
    way->queued -= chunk->len - chunk->gone;
    assay_free(chunk);
}

static bool queue(struct way *way, struct assay_bytes bytes, int64_t due_ns)
{
    struct chunk *chunk = assay_alloc(sizeof(*chunk) + bytes.len);

    if (chunk == NULL)
        return false;
    *chunk = (struct chunk){.due_ns = due_ns, .len = bytes.len};
    memcpy(chunk->at, bytes.at, bytes.len);
    if (way->last != NULL)
        way->last->next = chunk;
    else
        way->first = chunk;
    way->last = chunk;
    way->queued += bytes.len;
    return true;
}

/* When the first bytes of a way may go; INT64_MAX: there are none. */
static int64_t due_ns(const struct way *way)
{
    if (way->first == NULL)
        return INT64_MAX;
    return way->first->due_ns > way->next_ns ? way->first->due_ns : way->next_ns;
}

/* ---- pairs ---- */

static void close_pair(struct pair *pair, bool reset)
{
    if (pair->client >= 0) {
        if (reset)
            sock_reset(pair->client);
        else
            close(pair->client);
    }
    if (pair->service >= 0)
        close(pair->service);
    sock_dial_fini(&pair->dial);
    while (pair->towards.first != NULL)
        drop_first(&pair->towards);
    while (pair->back.first != NULL)
        drop_first(&pair->back);
    assay_buf_fini(&pair->burst);
    pair->used = false;
}

/* A free place; a copy that has done its work makes room. */
static struct pair *free_pair(struct fault_link *link)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (!link->pairs[i].used)
            return &link->pairs[i];
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (link->pairs[i].is_copy && link->pairs[i].answered) {
            close_pair(&link->pairs[i], false);
            return &link->pairs[i];
        }
    }
    return NULL;
}

static void dial(struct pair *pair)
{
    switch (sock_dial_step(&pair->dial)) {
    case SOCK_PENDING:
        return;
    case SOCK_CONNECTED:
        pair->service = pair->dial.fd;
        pair->dial.fd = -1;
        pair->connecting = false;
        return;
    case SOCK_FAILED:
        close_pair(pair, true);
    }
}

static void open_pair(struct fault_link *link, struct pair *pair, int client)
{
    size_t i = (size_t)(pair - link->pairs);

    /* What poll said was of another connection in this place. */
    link->polls[2 + 2 * i].revents = link->polls[3 + 2 * i].revents = 0;
    link->pairs_used = i + 1 > link->pairs_used ? i + 1 : link->pairs_used;
    *pair = (struct pair){
        .used = true,
        .is_copy = client < 0,
        .connecting = true,
        .client = client,
        .service = -1,
        .dial.fd = -1,
        .burst = ASSAY_BUF_INIT(BURST_MAX_BYTES),
    };
    if (sock_dial_init(&pair->dial, &link->service, NULL) != ASSAY_OK)
        close_pair(pair, true);
    else
        dial(pair);
}

/* The service has begun to answer, or the client has ended: what it was sent is complete. */
static void burst_complete(struct fault_link *link, struct pair *pair)
{
    struct pair *copy;

    if (link->now.duplicate && pair->burst.len > 0 && assay_buf_ok(&pair->burst) &&
        (copy = free_pair(link)) != NULL) {
        open_pair(link, copy, -1);
        for (size_t at = 0; copy->used && at < pair->burst.len; at += CHUNK_BYTES) {
            struct assay_bytes part =
                assay_bytes_part(assay_buf_view(&pair->burst), at, at + CHUNK_BYTES);

            if (!queue(&copy->towards, part, 0))
                close_pair(copy, false);
        }
    }
    assay_buf_clear(&pair->burst);
}

/* ---- reading ---- */

static void read_way(struct fault_link *link, struct pair *pair, bool is_back)
{
    uint8_t in[CHUNK_BYTES];
    struct way *way = is_back ? &pair->back : &pair->towards;
    ssize_t len = recv(is_back ? pair->service : pair->client, in, sizeof(in), MSG_DONTWAIT);
    struct assay_bytes bytes = assay_bytes_of(in, len > 0 ? (size_t)len : 0);
    bool drops = link->now.blackhole != 0 || pair->is_copy;

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len < 0) {
        close_pair(pair, true); /* it was reset: so is the other side */
        return;
    }
    if (!is_back && link->now.duplicate && !drops)
        assay_buf_add(&pair->burst, bytes);
    if (is_back || len == 0)
        burst_complete(link, pair);
    if (len == 0)
        way->read_ended = true;
    else if (is_back && pair->is_copy)
        pair->answered = true;
    else if (!drops && !queue(way, bytes, sock_now_ns() + (int64_t)link->now.delay_ms * 1000000))
        close_pair(pair, true);
}

/* ---- sending ---- */

/* How many bytes of the first chunk may go now; *cut: none more may ever. */
static size_t allowed(const struct fault_link *link, const struct pair *pair, bool is_back,
                      bool *cut)
{
    const struct way *way = is_back ? &pair->back : &pair->towards;
    size_t len = way->first->len - way->first->gone;

    if (link->now.drip_bytes > 0 && len > (size_t)link->now.drip_bytes)
        len = (size_t)link->now.drip_bytes;
    if (is_back && link->now.cut_after >= 0) {
        uint64_t left = (uint64_t)link->now.cut_after - pair->back_passed;

        *cut = left == 0;
        len = left < len ? (size_t)left : len;
    }
    return len;
}

/* Sends and counts in one, so that who has received bytes finds them counted. */
static ssize_t send_counted(struct fault_link *link, struct pair *pair, bool is_back, size_t len)
{
    const struct chunk *chunk = is_back ? pair->back.first : pair->towards.first;
    ssize_t sent;

    pthread_mutex_lock(&link->lock);
    sent = send(is_back ? pair->client : pair->service, chunk->at + chunk->gone, len,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
        *(is_back ? &link->back : &link->towards) += (uint64_t)sent;
    pthread_mutex_unlock(&link->lock);
    if (sent > 0 && is_back)
        pair->back_passed += (uint64_t)sent;
    return sent;
}

static void send_way(struct fault_link *link, struct pair *pair, bool is_back)
{
    struct way *way = is_back ? &pair->back : &pair->towards;
    struct chunk *chunk = way->first;
    bool cut = false;
    size_t len = allowed(link, pair, is_back, &cut);
    ssize_t sent;

    if (cut) {
        close_pair(pair, link->now.reset != 0);
        return;
    }
    sent = send_counted(link, pair, is_back, len);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent < 0) {
        close_pair(pair, true);
        return;
    }
    chunk->gone += (size_t)sent;
    way->queued -= (size_t)sent;
    if (chunk->gone == chunk->len)
        drop_first(way);
    if (link->now.drip_bytes > 0)
        way->next_ns = sock_now_ns() + (int64_t)link->now.drip_ms * 1000000;
}

/* Passes the end of a side on once everything before it has gone. */
static void pass_ends(struct fault_link *link, struct pair *pair)
{
    if (link->now.blackhole && !pair->is_copy) {
        if (pair->towards.read_ended)
            close_pair(pair, false);
        return;
    }
    if (pair->is_copy) {
        if (pair->back.read_ended)
            close_pair(pair, false);
        return;
    }
    if (pair->towards.read_ended && pair->towards.first == NULL && !pair->towards.shut &&
        !pair->connecting) {
        (void)shutdown(pair->service, SHUT_WR);
        pair->towards.shut = true;
    }
    if (pair->back.read_ended && pair->back.first == NULL && !pair->back.shut) {
        (void)shutdown(pair->client, SHUT_WR);
        pair->back.shut = true;
    }
    if (pair->towards.shut && pair->back.shut)
        close_pair(pair, false);
}

/* ---- the thread ---- */

/* A side that is done in both directions is left alone: it would only report that it is. */
static struct pollfd poll_side(const struct pair *pair, bool is_client, int64_t now_ns)
{
    const struct way *in = is_client ? &pair->towards : &pair->back;
    const struct way *out = is_client ? &pair->back : &pair->towards;
    bool done = in->read_ended && out->shut;
    short events = 0;

    if (!in->read_ended && in->queued < QUEUE_MAX_BYTES)
        events = POLLIN;
    if (due_ns(out) <= now_ns)
        events = (short)(events | POLLOUT);
    return (struct pollfd){.fd = done        ? -1
                                 : is_client ? pair->client
                                             : pair->service,
                           .events = events};
}

static void earliest(int64_t *next_ns, const struct way *way, int64_t now_ns)
{
    int64_t due = due_ns(way);

    if (due > now_ns && due < *next_ns)
        *next_ns = due;
}

/* Fills polls; returns when to look again at the latest, INT64_MAX: at an event. */
static int64_t fill_polls(struct fault_link *link)
{
    int64_t now_ns = sock_now_ns(), next_ns = INT64_MAX;
    bool room = link->pairs_used < PAIRS_MAX;

    for (size_t i = 0; i < link->pairs_used; i++) {
        const struct pair *pair = &link->pairs[i];
        struct pollfd *at = &link->polls[2 + 2 * i];

        at[0] = at[1] = (struct pollfd){.fd = -1};
        room = room || !pair->used || (pair->is_copy && pair->answered);
        if (!pair->used)
            continue;
        at[0] = poll_side(pair, true, now_ns);
        at[1] = pair->connecting ? (struct pollfd){.fd = pair->dial.fd, .events = POLLOUT}
                                 : poll_side(pair, false, now_ns);
        earliest(&next_ns, &pair->towards, now_ns);
        earliest(&next_ns, &pair->back, now_ns);
    }
    link->polls[0] = (struct pollfd){.fd = link->wake, .events = POLLIN};
    link->polls[1] =
        (struct pollfd){.fd = room && !link->accept_waits ? link->listener : -1, .events = POLLIN};
    return next_ns;
}

/* One at a time, so that the rule was taken over after it had come. */
static void accept_one(struct fault_link *link)
{
    struct pair *pair = free_pair(link);
    int fd = pair != NULL ? sock_accept(link->listener) : -1;

    if (fd < 0) {
        link->accept_waits = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        return;
    }
    pthread_mutex_lock(&link->lock);
    link->connections++;
    pthread_mutex_unlock(&link->lock);
    if (link->now.refuse)
        sock_reset(fd);
    else
        open_pair(link, pair, fd);
}

/* What happened on one side of a pair. One that broke after its end was read ends the pair. */
static void serve_side(struct fault_link *link, struct pair *pair, bool is_client, int got)
{
    const struct way *in = is_client ? &pair->towards : &pair->back;
    const struct way *out = is_client ? &pair->back : &pair->towards;

    if (got & (POLLIN | POLLHUP | POLLERR) && !in->read_ended)
        read_way(link, pair, !is_client);
    else if (got & (POLLHUP | POLLERR))
        close_pair(pair, true);
    if (pair->used && got & POLLOUT && out->first != NULL && due_ns(out) <= sock_now_ns())
        send_way(link, pair, is_client);
}

static void serve_pair(struct fault_link *link, struct pair *pair, const struct pollfd *at)
{
    int client = at[0].revents, service = at[1].revents;

    if (pair->connecting && service != 0) {
        dial(pair);
        service = 0;
    }
    if (pair->used && client != 0)
        serve_side(link, pair, true, client);
    if (pair->used && service != 0)
        serve_side(link, pair, false, service);
    if (pair->used)
        pass_ends(link, pair);
}

/* Takes the rule over, before anything that came after it was set; counting starts again with it.
 */
static bool heed_owner(struct fault_link *link)
{
    bool stopping, changed;

    if (link->polls[0].revents != 0)
        sock_wake_taken(link->wake);
    pthread_mutex_lock(&link->lock);
    stopping = link->stopping;
    changed = link->now_number != link->rule_number;
    link->now = link->rule;
    link->now_number = link->rule_number;
    pthread_mutex_unlock(&link->lock);
    for (size_t i = 0; changed && i < link->pairs_used; i++)
        link->pairs[i].back_passed = 0;
    return !stopping;
}

static void *forward(void *context)
{
    struct fault_link *link = context;

    for (;;) {
        int64_t next_ns = fill_polls(link);
        int timeout = next_ns == INT64_MAX ? -1 : sock_ms_left(next_ns);

        if (link->accept_waits && (timeout < 0 || timeout > ACCEPT_AGAIN_MS))
            timeout = ACCEPT_AGAIN_MS;
        if (poll(link->polls, 2 + 2 * link->pairs_used, timeout) < 0) {
            if (errno == EINTR || errno == ENOMEM)
                continue;
            break;
        }
        link->accept_waits = false;
        if (!heed_owner(link))
            break;
        for (size_t i = 0; i < link->pairs_used; i++) {
            if (link->pairs[i].used)
                serve_pair(link, &link->pairs[i], &link->polls[2 + 2 * i]);
        }
        if (link->polls[1].revents != 0)
            accept_one(link);
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (link->pairs[i].used)
            close_pair(&link->pairs[i], false);
    }
    return NULL;
}

/* ---- its owner's side ---- */

static bool start_thread(struct fault_link *link)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    link->running = pthread_create(&link->thread, NULL, forward, link) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return link->running;
}

enum assay_code fault_link_start(struct fault_link **out, const char *host, uint16_t port,
                                 struct assay_err *err)
{
    static const struct link_rule honest = LINK_RULE_HONEST;
    struct http_peer service = {
        .url = {.scheme = ASSAY_LIT("http"), .host = assay_str(host), .port = port}};
    struct fault_link *link;
    enum assay_code rc;

    if ((rc = sock_may_reach(&service, err)) != ASSAY_OK)
        return rc;
    link = assay_alloc(sizeof(*link));
    if (link == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a link");
    memset(link, 0, sizeof(*link));
    link->rule = link->now = honest;
    link->listener = -1;
    pthread_mutex_init(&link->lock, NULL);
    assert(strlen(host) < sizeof(link->host)); /* no loopback host is longer */
    memcpy(link->host, host, strlen(host));
    link->service = service;
    link->service.url.host = assay_str(link->host);
    link->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if ((rc = sock_listen(&link->listener, &link->port, 0, err)) != ASSAY_OK)
        goto out;
    if (link->wake < 0 || !start_thread(link)) {
        rc = assay_fail(err, ASSAY_E_IO, 0, "starting a link: %s", strerror(errno));
        goto out;
    }
    *out = link;
    link = NULL;
out:
    fault_link_stop(link);
    return rc;
}

void fault_link_stop(struct fault_link *link)
{
    if (link == NULL)
        return;
    if (link->running) {
        pthread_mutex_lock(&link->lock);
        link->stopping = true;
        pthread_mutex_unlock(&link->lock);
        sock_wake(link->wake);
        pthread_join(link->thread, NULL);
    }
    if (link->listener >= 0)
        close(link->listener);
    if (link->wake >= 0)
        close(link->wake);
    pthread_mutex_destroy(&link->lock);
    assay_free(link);
}

uint16_t fault_link_port(const struct fault_link *link)
{
    return link->port;
}

void fault_link_behave(struct fault_link *link, const struct link_rule *rule)
{
    pthread_mutex_lock(&link->lock);
    link->rule = *rule;
    link->rule_number++;
    pthread_mutex_unlock(&link->lock);
    sock_wake(link->wake);
}

void fault_link_counts(struct fault_link *link, uint64_t *towards, uint64_t *back,
                       uint64_t *connections)
{
    pthread_mutex_lock(&link->lock);
    *towards = link->towards;
    *back = link->back;
    *connections = link->connections;
    pthread_mutex_unlock(&link->lock);
}
