/* What a configuration must be before a paid-tools server may start with it. */
#include "base/decimal.h"
#include "base/url.h"
#include "base/utf8.h"
#include "core/paid_tools.h"

static enum assay_code check_secret(struct assay_bytes secret, struct assay_err *err)
{
    if (secret.len > PT_SECRET_MAX_BYTES)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "the secret has %zu bytes: use at most %d random ones", secret.len,
                          PT_SECRET_MAX_BYTES);
    if (assay_bytes_is(secret, PT_DEFAULT_SECRET))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "the secret is the public default: set one of at least %d random bytes",
                          PT_SECRET_MIN_BYTES);
    if (secret.len < PT_SECRET_MIN_BYTES)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "the secret has %zu bytes: set one of at least %d random bytes",
                          secret.len, PT_SECRET_MIN_BYTES);
    return ASSAY_OK;
}

static enum assay_code check_price(const char *price, unsigned places, const char *of,
                                   struct assay_err *err)
{
    uint64_t atomic = 0;

    if (price == NULL || strlen(price) >= PT_TEXT_MAX_BYTES ||
        assay_decimal_price(&atomic, assay_str(price), places) != ASSAY_OK || atomic == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "%s: the price must be a decimal above zero with at most %u places", of,
                          places);
    return ASSAY_OK;
}

/* Units that only look like the ones meant are made of other characters than these. */
static enum assay_code check_plain(const char *text, const char *of, struct assay_err *err)
{
    size_t len = text != NULL ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return assay_fail(err, ASSAY_E_RANGE, i,
                              "%s: only visible ASCII characters name it beyond doubt", of);
    }
    if (len == 0 || len >= PT_TEXT_MAX_BYTES)
        return assay_fail(err, ASSAY_E_RANGE, 0, "%s: must have 1 to %d characters", of,
                          PT_TEXT_MAX_BYTES - 1);
    return ASSAY_OK;
}

/* A path that would never be asked for under its own name could never be priced. */
static enum assay_code check_path(const char *path, struct assay_err *err)
{
    struct assay_buf canonical = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct pt_request request = {.target = assay_str(path)};
    enum assay_code rc = pt_request_path(&canonical, &request, NULL);

    if (rc == ASSAY_OK && !assay_bytes_is(assay_buf_view(&canonical), path)) /* of a slash first */
        rc = ASSAY_E_MALFORMED;
    assay_buf_fini(&canonical);
    if (rc == ASSAY_E_NOMEM)
        return assay_fail(err, rc, 0, "%s", assay_code_text(rc));
    return rc == ASSAY_OK ? rc
                          : assay_fail(err, ASSAY_E_MALFORMED, 0,
                                       "route: the path must be a canonical one, as /weather");
}

static enum assay_code check_route(const struct pt_route *route, unsigned places,
                                   struct assay_err *err)
{
    struct assay_bytes about = assay_str(route->description);
    enum assay_code rc;

    if (route->method == NULL ||
        (strcmp(route->method, "GET") != 0 && strcmp(route->method, "POST") != 0))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "route: the method must be GET or POST");
    if (route->path == NULL)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "route: has no path");
    if ((rc = check_path(route->path, err)) != ASSAY_OK)
        return rc;
    if (about.len >= PT_TEXT_MAX_BYTES || !assay_utf8_valid(about))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "route: the description must be UTF-8 of at most %d bytes",
                          PT_TEXT_MAX_BYTES - 1);
    return route->price == NULL ? ASSAY_OK : check_price(route->price, places, "route", err);
}

static enum assay_code check_mcp(const struct pt_core *core, struct assay_err *err)
{
    enum assay_code rc = check_path(core->mcp_path, err);

    if (rc == ASSAY_OK)
        rc = check_price(core->mcp_price, core->places, "MCP", err);
    for (size_t i = 0; rc == ASSAY_OK && core->mcp_tools != NULL && core->mcp_tools[i] != NULL; i++)
        rc = check_plain(core->mcp_tools[i], "tool", err);
    return rc;
}

enum assay_code pt_core_check(const struct pt_core *core, bool dev_mode, struct assay_err *err)
{
    enum assay_code rc;

    if (!dev_mode && (rc = check_secret(core->secret, err)) != ASSAY_OK)
        return rc;
    if (core->places > ASSAY_DECIMAL_MAX_PLACES)
        return assay_fail(err, ASSAY_E_RANGE, 0, "the asset's places must be at most %d",
                          ASSAY_DECIMAL_MAX_PLACES);
    if (core->price_of_all != NULL &&
        (rc = check_price(core->price_of_all, core->places, "price of all", err)) != ASSAY_OK)
        return rc;
    if (core->ttl_ms < 1000 || core->ttl_ms > INT32_MAX || core->key_ttl_ms < 1 ||
        core->sweep_every_ms < 1)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "lifetimes: a challenge lives 1 second to 24 days, and no other time "
                          "may be zero");
    if ((rc = check_plain(core->asset, "asset", err)) != ASSAY_OK ||
        (rc = check_plain(core->network, "network", err)) != ASSAY_OK ||
        (rc = check_plain(core->recipient, "recipient", err)) != ASSAY_OK)
        return rc;
    for (size_t i = 0; i < core->route_count; i++) {
        if ((rc = check_route(&core->routes[i], core->places, err)) != ASSAY_OK)
            return rc;
    }
    return core->mcp_path != NULL ? check_mcp(core, err) : ASSAY_OK;
}
