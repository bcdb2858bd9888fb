/* When a launched target is ready, and where it is (target/ready.h). */
#include "target/ready.h"
#include "fault/tree.h"
#include "http/client.h"

enum { TRY_DEADLINE_MS = 1000, RETRY_MS = 10 };

static bool is_allowed(struct assay_bytes host, const char *const *allowed)
{
    bool found = assay_url_host_is_loopback(host);

    for (size_t i = 0; !found && allowed != NULL && allowed[i] != NULL; i++)
        found = assay_bytes_equal_nocase(host, assay_str(allowed[i]));
    return found;
}

enum assay_code ready_use_url(struct http_peer *peer, const char *url,
                              const char *const *allowed_hosts, struct assay_err *err)
{
    struct assay_url parts;
    enum assay_code rc = assay_url_split(&parts, assay_str(url), err);

    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "%s", url);
    if (!is_allowed(parts.host, allowed_hosts))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "%s: is not on this machine; if you may test it, add --allow-host %.*s",
                          url, (int)parts.host.len, (const char *)parts.host.at);
    *peer = (struct http_peer){.url = parts, .allowed_hosts = allowed_hosts};
    return ASSAY_OK;
}

/* The URL in a line, up to white space; NULL: none. */
static const char *url_in(const char *line, struct assay_arena *arena)
{
    const char *http = strstr(line, "http://");
    const char *https = strstr(line, "https://");
    const char *at = https != NULL && (http == NULL || https < http) ? https : http;

    return at == NULL ? NULL
                      : assay_arena_printf(arena, "%.*s", (int)strcspn(at, " \t\r\"'<>"), at);
}

static enum assay_code await_line(const struct ready *r, int64_t deadline_ns, const char **url,
                                  struct assay_err *err)
{
    const char *line = NULL;

    switch (capture_await_line(r->capture, r->launch->ready_line, deadline_ns, &line, r->arena)) {
    case CAPTURE_ENDED:
        return ASSAY_E_CRASHED;
    case CAPTURE_LATE:
        return ASSAY_E_TIMEOUT;
    case CAPTURE_LINE:
        break;
    }
    *url = line != NULL ? url_in(line, r->arena) : NULL;
    if (*url == NULL && command_value(r->values, "PORT") != NULL)
        *url =
            assay_arena_printf(r->arena, "http://127.0.0.1:%s", command_value(r->values, "PORT"));
    return *url != NULL
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_MALFORMED, 0,
                            "its ready line names no URL; let it print one, or pass ${PORT}");
}

static enum assay_code ask_once(bool *answered, struct http_client *client,
                                const struct http_peer *peer, const struct http_request *request,
                                int64_t deadline_ns, struct assay_err *err)
{
    struct assay_arena scratch = ASSAY_ARENA_INIT(HTTP_BODY_KEEP_BYTES + (1u << 20));
    struct http_exchange *exchange = NULL;
    int left = milliseconds_until(deadline_ns);
    enum assay_code rc = http_send(client, &exchange, &scratch, peer, request,
                                   left < TRY_DEADLINE_MS ? left : TRY_DEADLINE_MS, err);

    *answered = rc == ASSAY_OK && exchange != NULL && exchange->outcome == HTTP_ANSWERED;
    assay_arena_fini(&scratch);
    return rc;
}

/* Asks until anything comes back. A refused connection is tried again a moment later, unless the
 * process has ended. */
static enum assay_code poll_url(const struct ready *r, int64_t deadline_ns, const char *url,
                                struct assay_err *err)
{
    struct http_client *client = NULL;
    struct http_peer peer = {0};
    struct http_request request;
    bool answered = false;
    enum assay_code rc = ready_use_url(&peer, url, r->allowed_hosts, err);

    if (rc != ASSAY_OK)
        return rc;
    client = http_client_new();
    if (client == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    request = http_get(peer.url.path.len > 0 ? (const char *)peer.url.path.at : "/");
    peer.url.path.len = 0;
    while (rc == ASSAY_OK) {
        int64_t retry_ns = monotonic_ns() + (int64_t)RETRY_MS * 1000000;

        rc = ask_once(&answered, client, &peer, &request, deadline_ns, err);
        if (rc != ASSAY_OK || answered)
            break;
        if (capture_await_end(r->capture, retry_ns < deadline_ns ? retry_ns : deadline_ns))
            rc = ASSAY_E_CRASHED;
        else if (milliseconds_until(deadline_ns) == 0)
            rc = ASSAY_E_TIMEOUT;
    }
    http_client_free(client);
    return rc;
}

/* What stands before the path. */
static const char *base_of(const char *url, struct assay_arena *arena)
{
    const char *authority = strstr(url, "://");

    authority = authority != NULL ? authority + 3 : url;
    return assay_arena_printf(arena, "%.*s",
                              (int)(authority - url) + (int)strcspn(authority, "/?#"), url);
}

enum assay_code ready_await(const struct ready *r, const char **url, struct http_peer *peer,
                            struct assay_err *err)
{
    uint64_t ms = r->launch->ready_ms < UINT32_MAX ? r->launch->ready_ms : UINT32_MAX;
    int64_t deadline_ns = monotonic_ns() + (int64_t)ms * 1000000;
    const char *at = NULL;
    enum assay_code rc;

    if (r->launch->ready_url != NULL) {
        const char *filled = command_text(r->arena, r->launch->ready_url, r->values);

        if (filled == NULL)
            return assay_fail(err, ASSAY_E_MISSING, 0, "launch.ready cannot be filled in");
        rc = poll_url(r, deadline_ns, filled, err);
        at = base_of(filled, r->arena);
    } else {
        rc = await_line(r, deadline_ns, &at, err);
    }
    if (rc != ASSAY_OK)
        return rc;
    if (at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    rc = ready_use_url(peer, at, r->allowed_hosts, err);
    if (rc == ASSAY_OK)
        *url = at;
    return rc;
}
