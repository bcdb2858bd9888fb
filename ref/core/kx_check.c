/* What a configuration must be before a Kaspa x402 server may start with it. */
#include "base/url.h"
#include "base/utf8.h"
#include "core/kx_core_internal.h"
#include "kaspa/mass.h"
#include "kaspa_x402/launch.h"
#include "x402/exact_evm.h"

#include <string.h>

#define DESCRIPTION_MAX_BYTES 1024
#define NAME_MAX_BYTES 256
#define TOKEN_MIN_BYTES 16
#define TOKEN_MAX_BYTES 4096
#define DAY_MS INT64_C(86400000)
/* Below it the storage mass of the merchant's output alone is more than a block has room for, and
 * nothing in a plain payment takes it off. */
#define PRICE_MIN (KASPA_STORAGE_MASS_C / KASPA_BLOCK_STORAGE_LIMIT)

static enum assay_code fail_route(struct assay_err *err, enum assay_code code, const char *what)
{
    return assay_fail(err, code, 0, "route: %s", what);
}

/* A path that would never be asked for under its own name could never be priced. */
static bool is_canonical(const char *path)
{
    char room[512];
    struct assay_buf canonical = ASSAY_BUF_OVER(room);
    struct assay_bytes query;
    bool is_foreign;

    return path[0] == '/' &&
           assay_url_target(&canonical, &query, &is_foreign, assay_str(path)) == ASSAY_OK &&
           assay_bytes_is(assay_buf_view(&canonical), path);
}

static enum assay_code check_route(const struct kx_route *route, struct assay_err *err)
{
    struct assay_bytes about = assay_str(route->description);

    if (route->method == NULL ||
        (strcmp(route->method, "GET") != 0 && strcmp(route->method, "POST") != 0 &&
         strcmp(route->method, KX_CALL) != 0))
        return fail_route(err, ASSAY_E_MALFORMED, "the method must be GET, POST or " KX_CALL);
    if (route->path == NULL || !is_canonical(route->path))
        return fail_route(err, ASSAY_E_MALFORMED, "the path must be a canonical one, as /report");
    if (about.len > DESCRIPTION_MAX_BYTES || !assay_utf8_valid(about))
        return fail_route(err, ASSAY_E_MALFORMED, "the description must be UTF-8 of at most 1 KiB");
    if (route->price > KASPA_MAX_SOMPI || (route->price > 0 && route->price < PRICE_MIN))
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "route %s: the price must be 0, or %llu sompi and more: no node relays "
                          "a smaller output",
                          route->path, (unsigned long long)PRICE_MIN);
    return ASSAY_OK;
}

static bool is_text(const char *text)
{
    struct assay_bytes bytes = assay_str(text);

    return bytes.len > 0 && bytes.len <= NAME_MAX_BYTES && assay_utf8_valid(bytes);
}

static enum assay_code check_principal(const struct kx_core *core, size_t i, struct assay_err *err)
{
    const struct kx_principal *principal = &core->principals[i];

    if (!is_text(principal->name) || (principal->tenant != NULL && !is_text(principal->tenant)))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "principal %zu: name and tenant must be UTF-8 of 1 to 256 bytes", i);
    if (principal->token.len < TOKEN_MIN_BYTES || principal->token.len > TOKEN_MAX_BYTES)
        return assay_fail(err, ASSAY_E_RANGE, 0, "principal %s: the token must have %d to %d bytes",
                          principal->name, TOKEN_MIN_BYTES, TOKEN_MAX_BYTES);
    for (size_t j = 0; j < i; j++) {
        if (assay_bytes_equal(core->principals[j].token, principal->token))
            return assay_fail(err, ASSAY_E_RANGE, 0, "principal %s: %s has the same token",
                              principal->name, core->principals[j].name);
    }
    return ASSAY_OK;
}

static enum assay_code check_network(const struct kx_core *core, struct assay_err *err)
{
    if (core->network == KASPA_MAINNET || core->network == KASPA_TESTNET)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_E_RANGE, 0, "network: must be %s or %s", KX_NETWORK_MAINNET,
                      KX_NETWORK_TESTNET);
}

static enum assay_code check_address(const struct kx_core *core, struct assay_err *err)
{
    struct kaspa_address address;
    enum kaspa_address_error error;
    enum assay_code rc;

    if ((rc = check_network(core, err)) != ASSAY_OK)
        return rc;
    error = kaspa_address_decode(&address, NULL, assay_str(core->pay_to));
    if (error != KASPA_ADDRESS_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "payTo: %s", kaspa_address_error_text(error));
    if (address.network != core->network)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "payTo: is no address of the network: it must start with %s:",
                          kaspa_network_prefix(core->network));
    return ASSAY_OK;
}

static enum assay_code check_base(const char *base, struct assay_err *err)
{
    struct assay_err inner = {0};
    struct assay_url url;

    if (assay_url_split(&url, assay_str(base), &inner) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, inner.at, "base URL: %s", inner.text);
    if (!assay_bytes_equal_nocase(assay_bytes_part(url.scheme, 0, 4), ASSAY_LIT("http")) ||
        url.has_query || assay_bytes_find(assay_str(base), '#', 0) < strlen(base) ||
        (url.path.len > 0 && !assay_bytes_is(url.path, "/")))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "base URL: must be http or https, a host and a port, without a path");
    return ASSAY_OK;
}

static enum assay_code check_times(const struct kx_core *core, struct assay_err *err)
{
    if (core->max_timeout_s == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "the time for a payment must be above 0 seconds");
    if (core->challenge_ms < 1000 || core->challenge_ms > DAY_MS || core->accept_wait_ms < 0 ||
        core->accept_wait_ms > DAY_MS || core->poll_ms < 1 || core->poll_ms > DAY_MS ||
        core->sweep_every_ms < 1)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "times: an additive offer lives 1 second to 1 day, the chain is waited "
                          "for at most 1 day, and no other time may be 0");
    return ASSAY_OK;
}

static enum assay_code check_policy(const struct kx_core *core, struct assay_err *err)
{
    const struct kx_exact_policy *policy = &core->policy;

    if (policy->finality != KX_FINALITY_ACCEPTED && policy->finality != KX_FINALITY_CONFIRMED)
        return assay_fail(err, ASSAY_E_RANGE, 0, "finality: must be accepted or confirmed");
    if (policy->confirmations == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "confirmations: must be above 0");
    if (core->threshold < policy->threshold_min || core->threshold > KASPA_MAX_SOMPI)
        return assay_fail(err, ASSAY_E_RANGE, 0, "threshold: must be at least %llu sompi",
                          (unsigned long long)policy->threshold_min);
    return ASSAY_OK;
}

/* ---- batch-settlement ---- */

static enum assay_code fail_batch(struct assay_err *err, const char *what)
{
    return assay_fail(err, ASSAY_E_RANGE, 0, "batch-settlement: %s", what);
}

/* Of fixed charges alone: what a server of an older binding charges, it decides when it has
 * answered. */
static enum assay_code check_template(const struct kx_core *core, struct assay_err *err)
{
    const struct kx_batch_core *batch = core->batch;
    struct assay_bytes template_id = assay_str(batch->template_id);

    if (core->network != KASPA_TESTNET)
        return fail_batch(err, "is on " KX_NETWORK_TESTNET " alone: do not offer it on another "
                               "network");
    if (batch->binding == NULL || !batch->binding->is_fixed ||
        !kx_batch_has_template(batch->binding, template_id) ||
        kx_launch_pins_find(template_id) == NULL)
        return fail_batch(err, "must be of binding kaspa-escrow-v3 and template "
                               "kaspa-x402-escrow-v5");
    if (!assay_xonly_is_point(batch->server))
        return fail_batch(err, "the server's key is the x of no point: nobody could claim with it");
    return ASSAY_OK;
}

static enum assay_code check_numbers(const struct kx_batch_core *batch, struct assay_err *err)
{
    uint64_t lead = batch->policy.refund_lead_daa;

    if (batch->policy.confirmations == 0)
        return fail_batch(err, "confirmations must be above 0");
    if (batch->refund_bucket_daa == 0 || batch->refund_life_daa == 0 ||
        batch->refund_bucket_daa > KX_BATCH_TIMEOUT_MAX ||
        batch->refund_life_daa > KX_BATCH_TIMEOUT_MAX || lead > KX_BATCH_TIMEOUT_MAX)
        return fail_batch(err, "lead, life and bucket of refunds are DAA scores below "
                               "500000000000, and life and bucket above 0");
    if (batch->policy.horizon_daa > 0 &&
        batch->policy.horizon_daa < lead + batch->refund_life_daa + batch->refund_bucket_daa)
        return fail_batch(err, "the refund horizon must reach as far as what is offered: lead, "
                               "life and bucket together");
    if (batch->min_deposit > KX_BATCH_AMOUNT_MAX || batch->reserve > KX_BATCH_AMOUNT_MAX)
        return fail_batch(err, "deposit and reserve are amounts of at most 9223372036854775807");
    if (batch->claim_after_s > UINT32_MAX || batch->claim_above > KX_BATCH_AMOUNT_MAX)
        return fail_batch(err, "the claim policy is beyond what an offer can say");
    return ASSAY_OK;
}

/* Section 3: what a client would refuse is never offered. */
static enum assay_code check_deposit(const struct kx_core *core, const struct kx_route *route,
                                     struct assay_err *err)
{
    const struct kx_batch_core *batch = core->batch;

    if (!route->is_batch || batch == NULL)
        return ASSAY_OK;
    if (batch->reserve > batch->min_deposit || route->price > batch->min_deposit - batch->reserve)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "route %s: batch-settlement: the smallest deposit must cover price and "
                          "reserve: at least %llu sompi",
                          route->path,
                          (unsigned long long)route->price + (unsigned long long)batch->reserve);
    return ASSAY_OK;
}

static enum assay_code check_batch(const struct kx_core *core, struct assay_err *err)
{
    enum assay_code rc;

    if (core->batch == NULL)
        return ASSAY_OK;
    if ((rc = check_template(core, err)) != ASSAY_OK)
        return rc;
    return check_numbers(core->batch, err);
}

/* ---- what a facilitator settles ---- */

static enum assay_code check_kind(const struct kx_core *core, size_t i, struct assay_err *err)
{
    const struct kx_facilitated_kind *kinds = core->facilitated->kinds, *k = &kinds[i];

    if (!is_text(k->scheme) || !is_text(k->network) || !is_text(k->asset) || !is_text(k->pay_to))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "kind %zu: scheme, network, asset and payTo are texts", i);
    if (kx_core_settles(core) && strncmp(k->network, KX_NAMESPACE, strlen(KX_NAMESPACE)) == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "kind %zu: this server settles %s itself", i,
                          k->network);
    for (size_t j = 0; j < i; j++)
        if (strcmp(kinds[j].scheme, k->scheme) == 0 && strcmp(kinds[j].network, k->network) == 0)
            return assay_fail(err, ASSAY_E_RANGE, 0, "kind %zu: %s on %s is offered twice", i,
                              k->scheme, k->network);
    return ASSAY_OK;
}

/* Of other networks nothing could be signed. */
static enum assay_code check_signing(const struct kx_facilitated_core *f, struct assay_err *err)
{
    uint64_t chain_id;

    if (f->offer_key == NULL)
        return ASSAY_OK;
    for (size_t i = 0; i < f->kind_count; i++)
        if (x402_evm_chain_id(&chain_id, assay_str(f->kinds[i].network)))
            return ASSAY_OK;
    return assay_fail(err, ASSAY_E_RANGE, 0,
                      "there is a key to sign offers with, and nothing is sold on a network "
                      "eip155:N, where they are signed");
}

static enum assay_code check_facilitated(const struct kx_core *core, struct assay_err *err)
{
    const struct kx_facilitated_core *f = core->facilitated;
    enum assay_code rc = ASSAY_OK;

    if (f == NULL)
        return ASSAY_OK;
    if (f->kind_count == 0 || f->kind_count > KX_FACILITATED_KINDS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "1 to %d kinds can be sold through a facilitator",
                          KX_FACILITATED_KINDS_MAX);
    for (size_t i = 0; rc == ASSAY_OK && i < f->kind_count; i++)
        rc = check_kind(core, i, err);
    return rc == ASSAY_OK ? check_signing(f, err) : rc;
}

/* ---- a facilitator ---- */

static enum assay_code check_fac(const struct kx_core *core, struct assay_err *err)
{
    const unsigned all = X402_MODE_VERIFY | X402_MODE_SETTLE;
    enum assay_code rc;

    if (kx_core_settles(core) || core->facilitated != NULL || core->batch != NULL ||
        core->route_count > 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "a facilitator sells nothing itself");
    if (core->fac->modes == 0 || (core->fac->modes & ~all) != 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "modes: verify, settle or both");
    if (core->principal_count == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "a facilitator without a tenant settles for nobody: name one");
    if ((rc = check_network(core, err)) != ASSAY_OK)
        return rc;
    return check_policy(core, err);
}

/* What it settles itself; else nothing of it is looked at. */
static enum assay_code check_settling(const struct kx_core *core, struct assay_err *err)
{
    enum assay_code rc;

    if (core->fac != NULL)
        return check_fac(core, err);
    if (!kx_core_settles(core) && core->facilitated != NULL)
        return ASSAY_OK;
    if ((rc = check_address(core, err)) != ASSAY_OK || (rc = check_policy(core, err)) != ASSAY_OK)
        return rc;
    return check_batch(core, err);
}

enum assay_code kx_core_check(const struct kx_core *core, struct assay_err *err)
{
    enum assay_code rc;

    if ((rc = check_settling(core, err)) != ASSAY_OK ||
        (rc = check_facilitated(core, err)) != ASSAY_OK ||
        (rc = check_base(core->base_url, err)) != ASSAY_OK ||
        (rc = check_times(core, err)) != ASSAY_OK)
        return rc;
    for (size_t i = 0; rc == ASSAY_OK && i < core->route_count; i++) {
        rc = check_route(&core->routes[i], err);
        if (rc == ASSAY_OK)
            rc = check_deposit(core, &core->routes[i], err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < core->principal_count; i++)
        rc = check_principal(core, i, err);
    return rc;
}
