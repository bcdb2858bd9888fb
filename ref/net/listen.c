/* Reads "ADDRESS:PORT", binds there and listens. */
#include "net/listen.h"

#include "base/decimal.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, HOST_MAX_BYTES = 64 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum assay_code split(struct assay_bytes *host, uint16_t *port, struct assay_bytes text)
{
    size_t colon = text.len;
    uint64_t number = 0;

    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    if (colon == 0 ||
        assay_decimal_u64(&number, assay_bytes_part(text, colon, text.len)) != ASSAY_OK ||
        number > UINT16_MAX)
        return ASSAY_E_MALFORMED;
    *port = (uint16_t)number;
    *host = assay_bytes_part(text, 0, colon - 1);
    if (host->len > 2 && host->at[0] == '[' && host->at[host->len - 1] == ']')
        *host = assay_bytes_part(*host, 1, host->len - 1);
    return ASSAY_OK;
}

static socklen_t parse(union address *out, struct assay_bytes host, uint16_t port)
{
    char text[HOST_MAX_BYTES];

    *out = (union address){0};
    if (assay_bytes_is(host, "localhost"))
        host = ASSAY_LIT("127.0.0.1");
    if (host.len >= sizeof(text))
        return 0;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return sizeof(out->v4);
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        return sizeof(out->v6);
    }
    return 0;
}

static enum assay_code bound_port(uint16_t *port, int fd)
{
    union address bound = {0};
    socklen_t len = sizeof(bound);

    if (getsockname(fd, &bound.any, &len) != 0)
        return ASSAY_E_IO;
    *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return ASSAY_OK;
}

enum assay_code ref_net_listen(int *fd, uint16_t *port, struct assay_bytes address, bool is_public,
                               struct assay_err *err)
{
    static const int one = 1;
    struct assay_bytes host;
    union address where;
    uint16_t wanted;
    socklen_t len;
    int s;

    if (split(&host, &wanted, address) != ASSAY_OK || (len = parse(&where, host, wanted)) == 0)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "is no address to listen on; write it as 127.0.0.1:8402");
    if (!is_public && !assay_url_host_is_loopback(host))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "is not a loopback address, and the server was not told to be public");
    s = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return assay_fail(err, ASSAY_E_IO, 0, "%s", strerror(errno));
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(s, &where.any, len) != 0 || listen(s, BACKLOG) != 0 ||
        bound_port(port, s) != ASSAY_OK) {
        (void)assay_fail(err, ASSAY_E_IO, 0, "%s", strerror(errno));
        (void)close(s);
        return ASSAY_E_IO;
    }
    *fd = s;
    return ASSAY_OK;
}
