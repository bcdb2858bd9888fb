/* The limits of a server's configuration: the last value that may stand, the first that may not,
 * and that the sentence names what to change (ref/core/kx_check.c). */
#include "ref/tests/kx_batch_shop.h"
#include "ref/tests/kx_sold.h"
#include "ref/tests/limits.h"

static struct batch_shop b;
static struct sold_list list;
static struct kx_core *core;
static struct kx_route route;
static struct kx_principal caller;
static struct kx_facilitated_kind kinds[2];
static struct kx_facilitated_core facilitated;
static struct kx_fac_core fac;

static void expect_row(const struct limit_row *row)
{
    struct assay_err err = {0};

    row->change();
    cr_expect_eq(kx_core_check(core, &err), row->code, "%s: %s", row->name, err.text);
    cr_expect(strstr(err.text, row->says) != NULL, "%s: %s", row->name, err.text);
}

static void expect_rows(const struct limit_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        batch_shop_open(&b);
        core = &b.shop.core;
        expect_row(&rows[i]);
        batch_shop_close(&b);
    }
}

/* ---- times and thresholds ---- */

CHANGE(offer_of_a_second, core->challenge_ms = 1000)
CHANGE(offer_of_a_day, core->challenge_ms = 86400000)
CHANGE(offer_of_more, core->challenge_ms = 86400001)
CHANGE(no_wait, core->accept_wait_ms = 0)
CHANGE(wait_of_a_day, core->accept_wait_ms = 86400000)
CHANGE(negative_wait, core->accept_wait_ms = -1)
CHANGE(poll_of_a_day, core->poll_ms = 86400000)
CHANGE(poll_of_more, core->poll_ms = 86400001)
CHANGE(no_sweep, core->sweep_every_ms = 0)
CHANGE(confirmed, core->policy.finality = KX_FINALITY_CONFIRMED)
CHANGE(greatest_threshold, core->threshold = KASPA_MAX_SOMPI)
CHANGE(no_threshold, core->threshold = KASPA_MAX_SOMPI + 1)

Test(kx_core_limits, of_times_and_thresholds)
{
    static const struct limit_row rows[] = {
        {"an offer of a second", offer_of_a_second, ASSAY_OK, ""},
        {"an offer of a day", offer_of_a_day, ASSAY_OK, ""},
        {"an offer of more", offer_of_more, ASSAY_E_RANGE, "1 second to 1 day"},
        {"no wait", no_wait, ASSAY_OK, ""},
        {"a wait of a day", wait_of_a_day, ASSAY_OK, ""},
        {"a wait below 0", negative_wait, ASSAY_E_RANGE, "times"},
        {"a look each day", poll_of_a_day, ASSAY_OK, ""},
        {"looks further apart", poll_of_more, ASSAY_E_RANGE, "times"},
        {"no time between sweeps", no_sweep, ASSAY_E_RANGE, "times"},
        {"confirmed finality", confirmed, ASSAY_OK, ""},
        {"the greatest threshold", greatest_threshold, ASSAY_OK, ""},
        {"a threshold of more than there is", no_threshold, ASSAY_E_RANGE, "threshold"},
    };

    expect_rows(rows, ARRAY_LEN(rows));
}

/* ---- routes and callers ---- */

static void use_route(const char *method, const char *path, const char *description)
{
    route = (struct kx_route){.method = method, .path = path, .description = description};
    core->routes = &route;
    core->route_count = 1;
}

static void use_caller(const char *name, const char *tenant, struct assay_bytes token)
{
    caller = (struct kx_principal){.name = name, .tenant = tenant, .token = token};
    core->principals = &caller;
    core->principal_count = 1;
}

static const char *path_of_length(size_t len)
{
    static char path[1024];

    cr_assert_lt(len, sizeof(path));
    memset(path, 'a', len);
    path[0] = '/';
    path[len] = '\0';
    return path;
}

CHANGE(no_method, use_route(NULL, "/a", NULL))
CHANGE(no_path, use_route("GET", NULL, NULL))
CHANGE(foreign_path, use_route("GET", "/a b", NULL))
CHANGE(bare_path, use_route("GET", "a", NULL))
CHANGE(empty_path, use_route("GET", "", NULL))
CHANGE(long_path, use_route("GET", path_of_length(600), NULL))
CHANGE(longest_about, use_route("GET", "/a", text_of_length(1024)))
CHANGE(longer_about, use_route("GET", "/a", text_of_length(1025)))
CHANGE(longest_name, use_caller(text_of_length(256), NULL, ASSAY_LIT(SHOP_TOKEN)))
CHANGE(longer_name, use_caller(text_of_length(257), NULL, ASSAY_LIT(SHOP_TOKEN)))
CHANGE(no_utf8, use_caller("\xff", NULL, ASSAY_LIT(SHOP_TOKEN)))
CHANGE(longer_tenant, use_caller("a", text_of_length(257), ASSAY_LIT(SHOP_TOKEN)))
CHANGE(longest_token, use_caller("a", NULL, assay_str(text_of_length(4096))))
CHANGE(longer_token, use_caller("a", NULL, assay_str(text_of_length(4097))))

Test(kx_core_limits, of_routes_and_callers)
{
    static const struct limit_row rows[] = {
        {"no method", no_method, ASSAY_E_MALFORMED, "method"},
        {"no path", no_path, ASSAY_E_MALFORMED, "canonical"},
        {"a path that nobody can ask for", foreign_path, ASSAY_E_MALFORMED, "canonical"},
        {"a path without its slash", bare_path, ASSAY_E_MALFORMED, "canonical"},
        {"an empty path", empty_path, ASSAY_E_MALFORMED, "canonical"},
        {"a path that is too long", long_path, ASSAY_E_MALFORMED, "canonical"},
        {"the longest description", longest_about, ASSAY_OK, ""},
        {"a longer one", longer_about, ASSAY_E_MALFORMED, "1 KiB"},
        {"the longest name", longest_name, ASSAY_OK, ""},
        {"a longer one", longer_name, ASSAY_E_MALFORMED, "256"},
        {"a name of other bytes", no_utf8, ASSAY_E_MALFORMED, "UTF-8"},
        {"a longer tenant", longer_tenant, ASSAY_E_MALFORMED, "256"},
        {"the longest token", longest_token, ASSAY_OK, ""},
        {"a longer one", longer_token, ASSAY_E_RANGE, "4096"},
    };

    expect_rows(rows, ARRAY_LEN(rows));
}

/* ---- batch-settlement ---- */

CHANGE(bucket, b.config.refund_bucket_daa = KX_BATCH_TIMEOUT_MAX + 1)
CHANGE(lead, b.config.policy.refund_lead_daa = KX_BATCH_TIMEOUT_MAX + 1)
CHANGE(deposit, b.config.min_deposit = (uint64_t)KX_BATCH_AMOUNT_MAX + 1)
CHANGE(claim_above, b.config.claim_above = (uint64_t)KX_BATCH_AMOUNT_MAX + 1)
CHANGE(claim_after, b.config.claim_after_s = UINT32_MAX)
CHANGE(no_horizon, b.config.policy.horizon_daa = 0)
CHANGE(unknown_template, b.config.template_id = "kaspa-x402-escrow-v9")

static void reserve_above_deposit(void)
{
    route = (struct kx_route){.method = "GET", .path = "/a", .price = 2000000, .is_batch = true};
    core->routes = &route;
    core->route_count = 1;
    b.config.min_deposit = BATCH_RESERVE - 1;
}

static void no_channels_for_it(void)
{
    reserve_above_deposit();
    core->batch = NULL;
}

Test(kx_core_limits, of_batch_settlement)
{
    static const struct limit_row rows[] = {
        {"a bucket that is a time", bucket, ASSAY_E_RANGE, "500000000000"},
        {"a lead that is a time", lead, ASSAY_E_RANGE, "500000000000"},
        {"a deposit of more than there is", deposit, ASSAY_E_RANGE, "at most"},
        {"a claim of more than there is", claim_above, ASSAY_E_RANGE, "claim policy"},
        {"the longest claim policy", claim_after, ASSAY_OK, ""},
        {"no horizon", no_horizon, ASSAY_OK, ""},
        {"a template that nobody knows", unknown_template, ASSAY_E_RANGE, "kaspa-x402-escrow-v5"},
        {"B16: a deposit below the reserve", reserve_above_deposit, ASSAY_E_RANGE, "smallest"},
        {"a route of channels without any", no_channels_for_it, ASSAY_OK, ""},
    };

    expect_rows(rows, ARRAY_LEN(rows));
}

/* ---- what a facilitator settles ---- */

static void sell_one(const char *scheme, const char *network, const char *asset, const char *pay_to)
{
    kinds[0] = (struct kx_facilitated_kind){scheme, network, asset, pay_to, NULL};
    facilitated = (struct kx_facilitated_core){.kinds = kinds, .kind_count = 1};
    core->facilitated = &facilitated;
}

static void sell_two(const char *scheme, const char *network)
{
    sell_one("exact", "eip155:1", SOLD_ASSET, SOLD_PAYEE);
    kinds[1] = (struct kx_facilitated_kind){scheme, network, SOLD_ASSET, SOLD_PAYEE, NULL};
    facilitated.kind_count = 2;
}

static void sell_many(size_t count)
{
    sell_one("exact", "eip155:1", SOLD_ASSET, SOLD_PAYEE);
    facilitated.kind_count = count;
}

static void sign_offers(const char *network)
{
    static const struct assay_key key = {.secret = {1}};

    sell_one("exact", network, SOLD_ASSET, SOLD_PAYEE);
    facilitated.offer_key = &key;
}

CHANGE(no_scheme, sell_one("", "eip155:1", SOLD_ASSET, SOLD_PAYEE))
CHANGE(no_network, sell_one("exact", NULL, SOLD_ASSET, SOLD_PAYEE))
CHANGE(no_asset, sell_one("exact", "eip155:1", "", SOLD_PAYEE))
CHANGE(no_payee, sell_one("exact", "eip155:1", SOLD_ASSET, ""))
CHANGE(own_network, sell_one("exact", KX_NETWORK_TESTNET, SOLD_ASSET, SOLD_PAYEE))
CHANGE(one_twice, sell_two("exact", "eip155:1"))
CHANGE(two_schemes, sell_two("upto", "eip155:1"))
CHANGE(two_networks, sell_two("exact", "eip155:2"))
CHANGE(no_kind, sell_many(0))
CHANGE(too_many, sell_many(KX_FACILITATED_KINDS_MAX + 1))
CHANGE(signed_offers, sign_offers("eip155:1"))
CHANGE(nothing_to_sign, sign_offers("solana:devnet"))

Test(kx_core_limits, of_what_a_facilitator_settles)
{
    static const struct limit_row rows[] = {
        {"no scheme", no_scheme, ASSAY_E_MALFORMED, "kind 0"},
        {"no network", no_network, ASSAY_E_MALFORMED, "kind 0"},
        {"no asset", no_asset, ASSAY_E_MALFORMED, "kind 0"},
        {"no payee", no_payee, ASSAY_E_MALFORMED, "kind 0"},
        {"what it settles itself", own_network, ASSAY_E_RANGE, "settles kaspa:testnet-10 itself"},
        {"one twice", one_twice, ASSAY_E_RANGE, "kind 1: exact on eip155:1 is offered twice"},
        {"two schemes", two_schemes, ASSAY_OK, ""},
        {"two networks", two_networks, ASSAY_OK, ""},
        {"none", no_kind, ASSAY_E_RANGE, "1 to 8"},
        {"too many", too_many, ASSAY_E_RANGE, "1 to 8"},
        {"signed offers", signed_offers, ASSAY_OK, ""},
        {"nothing that is signed", nothing_to_sign, ASSAY_E_RANGE, "key to sign"},
    };

    expect_rows(rows, ARRAY_LEN(rows));
}

/* ---- a facilitator ---- */

static void settle_for_others(unsigned modes)
{
    fac.modes = modes;
    core->fac = &fac;
    core->pay_to[0] = '\0';
    core->batch = NULL;
    core->route_count = 0;
}

static void settle_and(const struct kx_facilitated_core *through, const struct kx_batch_core *batch,
                       size_t route_count)
{
    settle_for_others(X402_MODE_VERIFY);
    core->facilitated = through;
    core->batch = batch;
    core->route_count = route_count;
}

static void settle_on(enum kaspa_network network)
{
    settle_for_others(X402_MODE_SETTLE);
    core->network = network;
}

static void settle_for_nobody(void)
{
    settle_for_others(X402_MODE_SETTLE);
    core->principal_count = 0;
}

static void settle_unsure(void)
{
    settle_for_others(X402_MODE_SETTLE);
    core->policy.confirmations = 0;
}

CHANGE(both_modes, settle_for_others(X402_MODE_VERIFY | X402_MODE_SETTLE))
CHANGE(no_mode, settle_for_others(0))
CHANGE(other_mode, settle_for_others(X402_MODE_VERIFY | X402_MODE_SETTLE | 1u << 30))
CHANGE(sells_itself, core->fac = &fac)
CHANGE(sells_through, settle_and(&facilitated, NULL, 0))
CHANGE(sells_channels, settle_and(NULL, &b.config, 0))
CHANGE(sells_a_route, settle_and(NULL, NULL, 1))
CHANGE(on_simnet, settle_on(KASPA_SIMNET))

Test(kx_core_limits, of_a_facilitator)
{
    static const struct limit_row rows[] = {
        {"both modes", both_modes, ASSAY_OK, ""},
        {"no mode", no_mode, ASSAY_E_RANGE, "modes"},
        {"a mode that nobody knows", other_mode, ASSAY_E_RANGE, "modes"},
        {"a payee of its own", sells_itself, ASSAY_E_RANGE, "sells nothing"},
        {"another facilitator", sells_through, ASSAY_E_RANGE, "sells nothing"},
        {"channels", sells_channels, ASSAY_E_RANGE, "sells nothing"},
        {"a route", sells_a_route, ASSAY_E_RANGE, "sells nothing"},
        {"no tenant", settle_for_nobody, ASSAY_E_MISSING, "tenant"},
        {"another network", on_simnet, ASSAY_E_RANGE, "network"},
        {"no confirmations", settle_unsure, ASSAY_E_RANGE, "confirmations"},
    };

    expect_rows(rows, ARRAY_LEN(rows));
}

/* What settles nothing itself needs no address, nor what goes with it. */
Test(kx_core_limits, of_a_server_that_settles_nothing_itself)
{
    struct shop s;
    struct assay_err err = {0};

    sold_open(&s, &list);
    s.core.pay_to[0] = '\0';
    s.core.policy.confirmations = 0;
    s.core.network = KASPA_SIMNET;
    cr_expect_eq(kx_core_check(&s.core, &err), ASSAY_OK, "%s", err.text);
    s.core.facilitated = NULL;
    cr_expect_eq(kx_core_check(&s.core, &err), ASSAY_E_RANGE, "it sells nothing: %s", err.text);
    shop_close(&s);
}
