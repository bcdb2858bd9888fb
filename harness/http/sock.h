/** Sockets of the harness: where they may be connected to, connecting without blocking, listening
 * on loopback, and the clock their deadlines are in. All sockets are close-on-exec and
 * non-blocking. */
#ifndef HTTP_SOCK_H
#define HTTP_SOCK_H

#include "http/exchange.h"

#include <netinet/in.h>
#include <sys/socket.h>

int64_t sock_now_ns(void); /**< CLOCK_MONOTONIC */
/** For poll: milliseconds until deadline_ns, rounded up, 0 when it has passed. */
int sock_ms_left(int64_t deadline_ns);

/** Whether the peer's host may be reached by its text: loopback, or in allowed_hosts (letters
 * without case). Nothing is looked up. DENIED. */
enum assay_code sock_may_reach(const struct http_peer *peer, struct assay_err *err) ASSAY_MUST_USE;
/** Whether a socket may be connected to address: 127.0.0.0/8, ::1, or any where the host is
 * allowed. */
bool sock_may_connect(const struct http_peer *peer, const struct sockaddr *address);

#define SOCK_ADDRESSES_MAX 4

/** A connection in the making: the addresses of a host, tried one after the other. */
struct sock_dial {
    int fd; /**< -1: none; once connected it is the caller's */
    size_t count, next;
    int error; /**< errno of the last address that failed; 0: the name has no address */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at[SOCK_ADDRESSES_MAX];
};

enum sock_state { SOCK_PENDING, SOCK_CONNECTED, SOCK_FAILED };

/** Finds the addresses. "localhost" is 127.0.0.1, then ::1; only allowed hosts are looked up by
 * name (which may block as long as the system's resolver does). DENIED. */
enum assay_code sock_dial_init(struct sock_dial *dial, const struct http_peer *peer,
                               struct assay_err *err) ASSAY_MUST_USE;
/** Starts, or goes on after poll reported the socket as writable or broken. */
enum sock_state sock_dial_step(struct sock_dial *dial);
/** Closes what was not handed over. */
void sock_dial_fini(struct sock_dial *dial);

/** Listens on 127.0.0.1, on the port `wanted`; 0: on one of the system's choice. IO. */
enum assay_code sock_listen(int *fd, uint16_t *port, uint16_t wanted,
                            struct assay_err *err) ASSAY_MUST_USE;
/** A port of 127.0.0.1 where nobody listens now, for a program that shall listen there, and again
 * when it is restarted: one that the system gives to nobody who does not name it, where there is
 * any. IO. */
enum assay_code sock_find_port(uint16_t *port, struct assay_err *err) ASSAY_MUST_USE;
/** Accepts one connection with TCP_NODELAY; -1 with errno as accept4 sets it. */
int sock_accept(int listener);
/** Closes with a reset: what the other side has not read yet may be lost. */
void sock_reset(int fd);
/** Wakes a thread that polls the eventfd, or takes the wake-up back. */
void sock_wake(int event_fd);
void sock_wake_taken(int event_fd);

#endif
