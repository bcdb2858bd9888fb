/* Raw sockets for tests. */
#include "tests/wire.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

void wire_say(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        at += sent;
        len -= (size_t)sent;
    }
}

void wire_say_text(int fd, const char *text)
{
    wire_say(fd, text, strlen(text));
}

bool wire_hear(int fd, char *out, size_t room, const char *enough)
{
    size_t len = 0;
    char rest[4096];

    out[0] = '\0';
    while (enough == NULL || strstr(out, enough) == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        bool is_full = len + 1 >= room;
        ssize_t got;

        cr_assert_eq(poll(&p, 1, WIRE_PATIENCE_MS), 1, "the server said only: %s", out);
        got = recv(fd, is_full ? rest : out + len, is_full ? sizeof(rest) : room - len - 1, 0);
        if (got <= 0)
            return true;
        len += is_full ? 0 : (size_t)got;
        out[len] = '\0';
    }
    return false;
}

int wire_status(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

bool wire_has_ipv6(void)
{
    const struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return ok;
}
