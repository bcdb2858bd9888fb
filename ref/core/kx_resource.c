/* What a request asks for, and who asks: the resource by its one normal form, the route that sells
 * it, the caller by his token. Source: Kaspa x402 exact digest, sections 2.3, 5 and 19. */
#include "base/mac.h"
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

/* ---- the caller ---- */

/* Of defect fac.auth.prefix: as far as what was sent goes. */
static bool is_token(struct assay_bytes own, struct assay_bytes sent)
{
    if (REF_DEFECT(kx_fac_token_prefix) && sent.len > 0)
        own = assay_bytes_part(own, 0, sent.len);
    return assay_secret_equal(own, sent);
}

/* Every token is compared, so that the time tells nothing. */
const struct kx_principal *kx_core_principal(const struct kx_core *core,
                                             struct assay_bytes authorization)
{
    static const char scheme[] = "Bearer ";
    struct assay_bytes front = assay_bytes_part(authorization, 0, sizeof(scheme) - 1);
    struct assay_bytes token =
        assay_bytes_part(authorization, sizeof(scheme) - 1, authorization.len);
    const struct kx_principal *found = NULL;

    if (!assay_bytes_equal_nocase(front, assay_str(scheme)))
        return NULL;
    for (size_t i = 0; i < core->principal_count; i++) {
        if (is_token(core->principals[i].token, token))
            found = &core->principals[i];
    }
    return found;
}

static enum assay_code write_caller(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct kx_principal *principal = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "principal", principal->name);
    kx_write_str(out, "scope", "kaspa:x402:authenticated-caller:v1");
    kx_write_str(out, "tenant", principal->tenant);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

/* Without memory for a very long name, which kx_core_check refuses, a caller is nobody in
 * particular. */
void kx_core_caller(char *out, const struct kx_core *core, struct assay_bytes authorization)
{
    static const char anonymous[] = "anonymous";
    const struct kx_principal *principal = kx_core_principal(core, authorization);

    if (REF_DEFECT(kx_fac_limits_shared) || principal == NULL ||
        kx_write_hash(out, write_caller, principal, NULL) != ASSAY_OK)
        memcpy(out, anonymous, sizeof(anonymous));
}

/* Nobody comes as what the route is not for [R]. */
const char *kx_core_access_fault(struct kx_core_request *r)
{
    const struct kx_principal *principal = kx_core_principal(r->core, r->event.authorization);

    if (r->route->is_authenticated && principal == NULL)
        return "missing_trusted_security_context";
    if (!r->route->is_authenticated && principal != NULL && r->route->price > 0)
        return "invalid_route_access";
    if (r->route->is_authenticated) {
        r->context = (struct kx_context){.principal = assay_str(principal->name),
                                         .tenant = assay_str(principal->tenant)};
        if (REF_DEFECT(kx_batch_context) && r->route->is_batch)
            r->context = (struct kx_context){.principal = ASSAY_LIT("caller")};
        r->request.context = &r->context;
    }
    return NULL;
}

/* ---- the resource ---- */

static enum assay_code normalise(struct assay_buf *out, struct assay_bytes front,
                                 struct assay_bytes back)
{
    struct assay_buf joined = ASSAY_BUF_INIT(KX_CORE_URL_MAX_BYTES);
    enum assay_code rc;

    assay_buf_clear(out);
    assay_buf_add(&joined, front);
    assay_buf_add(&joined, back);
    rc = assay_buf_ok(&joined) ? kx_url_normalise(out, assay_buf_view(&joined), NULL) : joined.bad;
    assay_buf_fini(&joined);
    return rc;
}

static bool is_authority(struct assay_bytes host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.at[i] == '/' || host.at[i] == '?' || host.at[i] == '#')
            return false;
    }
    return host.len > 0;
}

/* The origin that the Host header names, of our own scheme; ends in a slash. */
static enum assay_code read_host(struct kx_core_request *r, struct assay_buf *out)
{
    struct assay_bytes base = assay_buf_view(&r->base);
    size_t slashes = assay_bytes_find(base, '/', 0) + 2;

    if (!is_authority(r->event.host))
        return ASSAY_E_MALFORMED;
    return normalise(out, assay_bytes_part(base, 0, slashes), r->event.host);
}

/* A call's resource is its tool's, whatever carries the message (section 17). */
static enum assay_code resolve_call(struct kx_core_request *r)
{
    struct assay_bytes url;

    assay_buf_clear(&r->url);
    assay_buf_add_str(&r->url, "mcp:/");
    assay_buf_add(&r->url, r->event.target);
    if (!assay_buf_ok(&r->url))
        return r->url.bad;
    url = assay_buf_view(&r->url);
    r->target = r->path = assay_bytes_part(url, url.len - r->event.target.len, url.len);
    return ASSAY_OK;
}

/* Section 2.3: the request's own URL is that of the resource, which is made of what this server is
 * configured with. A target in absolute form names its origin by itself. */
enum assay_code kx_core_resolve(struct kx_core_request *r)
{
    struct assay_bytes target = r->event.target, base, url;
    bool is_absolute = target.len == 0 || target.at[0] != '/';
    enum assay_code rc;

    if (r->event.tool != NULL && r->event.host.len == 0)
        return resolve_call(r);
    if ((rc = normalise(&r->base, assay_str(r->core->base_url), ASSAY_LIT(""))) != ASSAY_OK ||
        (rc = read_host(r, &r->url)) != ASSAY_OK)
        return rc;
    if (REF_DEFECT(kx_host_believed)) {
        assay_buf_clear(&r->base);
        assay_buf_add(&r->base, assay_buf_view(&r->url));
    }
    base = assay_buf_view(&r->base);
    if (!assay_bytes_equal(assay_buf_view(&r->url), base))
        return ASSAY_E_MISMATCH;
    if (r->event.tool != NULL)
        return resolve_call(r);
    rc = normalise(&r->url, assay_bytes_part(base, 0, is_absolute ? 0 : base.len - 1), target);
    if (rc != ASSAY_OK)
        return rc;
    url = assay_buf_view(&r->url);
    if (!assay_bytes_equal(assay_bytes_part(url, 0, base.len), base))
        return ASSAY_E_MISMATCH;
    r->target = assay_bytes_part(url, base.len - 1, url.len);
    r->path = assay_bytes_part(r->target, 0, assay_bytes_find(r->target, '?', 0));
    return ASSAY_OK;
}

static bool route_matches(const struct kx_route *route, struct assay_bytes path)
{
    struct assay_bytes pattern = assay_str(route->path);

    if (pattern.at[pattern.len - 1] == '*') /* kx_core_check: it begins with a slash */
        return assay_bytes_equal(assay_bytes_part(path, 0, pattern.len - 1),
                                 assay_bytes_part(pattern, 0, pattern.len - 1));
    return assay_bytes_equal(path, pattern);
}

/* Whether `route` is the better one for a path that both match: the longer pattern, so that no
 * wildcard frees what is priced by name. */
static bool is_closer(const struct kx_route *route, const struct kx_route *best,
                      struct assay_bytes path)
{
    size_t len = strlen(route->path), other = best != NULL ? strlen(best->path) : 0;

    return best == NULL || len > other || (len == other && assay_bytes_is(path, route->path));
}

/* HEAD and OPTIONS of a priced route are no GET of it (KX-018), so that nothing is bound to them
 * and nothing runs. */
const struct kx_route *kx_core_find_route(const struct kx_core *core, struct assay_bytes path,
                                          struct assay_bytes method, const char **allow)
{
    static const char *const lists[] = {NULL, "GET", "POST", "GET, POST"};
    const struct kx_route *best = NULL;
    bool is_call = assay_bytes_is(method, KX_CALL);
    unsigned allowed = 0;

    for (size_t i = 0; i < core->route_count; i++) {
        const struct kx_route *route = &core->routes[i];

        if (!route_matches(route, path) || (strcmp(route->method, KX_CALL) == 0) != is_call)
            continue;
        allowed |= strcmp(route->method, "GET") == 0 ? 1u : 2u;
        if (assay_bytes_is(method, route->method) && is_closer(route, best, path))
            best = route;
    }
    *allow = lists[allowed];
    return best;
}
