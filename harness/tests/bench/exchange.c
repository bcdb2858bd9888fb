/* What an exchange of the harness costs: 1,000 in sequence by http_send against 1,000 by a bare
 * loop on a kept socket, in turn, several rounds. Usage: bench-exchange [URL]; without one, an
 * origin of its own. */
#include "http/client.h"
#include "http/sock.h"
#include "roles/origin.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { EXCHANGES = 1000, ROUNDS = 11, DEADLINE_MS = 10000, RATIO_LIMIT_TENTHS = 20 };

/* A connected socket that blocks, with a deadline, as a loop that does nothing else would have it.
 */
static bool connect_bare(struct sock_dial *dial, const struct http_peer *peer)
{
    const struct timeval deadline = {.tv_sec = DEADLINE_MS / 1000};

    if (sock_dial_init(dial, peer, NULL) != ASSAY_OK)
        return false;
    while (sock_dial_step(dial) != SOCK_CONNECTED) {
        struct pollfd at = {.fd = dial->fd, .events = POLLOUT};

        if (dial->fd < 0 || poll(&at, 1, DEADLINE_MS) != 1)
            return false;
    }
    return fcntl(dial->fd, F_SETFL, 0) == 0 &&
           setsockopt(dial->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) == 0;
}

/* Whether the answer in text is whole: a head and Content-Length bytes. The text ends in a NUL. */
static bool is_whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");

    return end != NULL && length != NULL && length < end &&
           len >= (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
}

static bool bare_exchange(int fd, struct assay_bytes request)
{
    char text[8192];
    size_t len = 0;

    if (send(fd, request.at, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
        return false;
    do {
        ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, 0);

        if (got <= 0)
            return false;
        len += (size_t)got;
        text[len] = '\0';
    } while (!is_whole(text, len));
    return true;
}

/* Nanoseconds for all of them, or -1. */
static int64_t bare(const struct http_peer *peer, const struct http_request *request)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(8192);
    struct sock_dial dial;
    int64_t start_ns = sock_now_ns();
    bool ok = connect_bare(&dial, peer);

    http_request_write(&bytes, peer, request, false);
    for (int i = 0; i < EXCHANGES && ok; i++)
        ok = bare_exchange(dial.fd, assay_buf_view(&bytes));
    sock_dial_fini(&dial);
    assay_buf_fini(&bytes);
    return ok ? sock_now_ns() - start_ns : -1;
}

static int64_t harness(const struct http_peer *peer, const struct http_request *request)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
    struct http_client *client = http_client_new();
    int64_t start_ns = sock_now_ns();
    bool ok = client != NULL;

    for (int i = 0; i < EXCHANGES && ok; i++) {
        struct http_exchange *exchange = NULL;

        ok = http_send(client, &exchange, &arena, peer, request, DEADLINE_MS, NULL) == ASSAY_OK &&
             exchange->outcome == HTTP_ANSWERED;
    }
    start_ns = sock_now_ns() - start_ns;
    http_client_free(client);
    assay_arena_fini(&arena);
    return ok ? start_ns : -1;
}

static int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

static int measure(const struct http_peer *peer)
{
    struct http_request request = http_get("/");
    double ratios[ROUNDS], ms[ROUNDS], limits[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        int64_t bare_ns = bare(peer, &request), harness_ns = harness(peer, &request);

        if (bare_ns <= 0 || harness_ns <= 0) {
            fprintf(stderr, "bench-exchange: an exchange failed\n");
            return 1;
        }
        ratios[i] = (double)harness_ns / (double)bare_ns;
        ms[i] = (double)harness_ns / 1e6;
        limits[i] = (double)bare_ns / 1e6 * RATIO_LIMIT_TENTHS / 10;
    }
    qsort(ratios, ROUNDS, sizeof(ratios[0]), by_value);
    qsort(ms, ROUNDS, sizeof(ms[0]), by_value);
    qsort(limits, ROUNDS, sizeof(limits[0]), by_value);
    printf("bench: %-44s %9.3f %-3s limit %9.3f  ratio %.2f\n", "1,000 exchanges in sequence",
           ms[ROUNDS / 2], "ms", limits[ROUNDS / 2], ms[ROUNDS / 2] / limits[ROUNDS / 2]);
    printf("bench: %-44s %9.3f x   limit %9.3f  min %.2f max %.2f of %d rounds\n",
           "an exchange, times a bare keep-alive loop", ratios[ROUNDS / 2],
           RATIO_LIMIT_TENTHS / 10.0, ratios[0], ratios[ROUNDS - 1], ROUNDS);
    return 0;
}

int main(int argc, char **argv)
{
    struct http_peer peer = {0};
    struct origin *origin = NULL;
    struct assay_err err = {0};
    int status = 1;

    if ((argc < 2 && origin_start(&origin, 0, &err) != ASSAY_OK) ||
        assay_url_split(&peer.url, assay_str(argc < 2 ? origin_url(origin) : argv[1]), &err) !=
            ASSAY_OK)
        fprintf(stderr, "bench-exchange: %s\n", err.text);
    else
        status = measure(&peer);
    origin_stop(origin);
    return status;
}
