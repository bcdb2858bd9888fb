/* What a configuration of the core must be, and what an operator is told otherwise. */
#include "ref/tests/kx_shop.h"

static struct kx_route route;
static struct kx_principal pair[2];

static void good(struct kx_core *core)
{
    (void)core;
}

static void address_typo(struct kx_core *core)
{
    core->pay_to[20] = core->pay_to[20] == 'q' ? 'p' : 'q';
}

static void other_network(struct kx_core *core)
{
    core->network = KASPA_MAINNET;
}

static void unknown_network(struct kx_core *core)
{
    core->network = KASPA_SIMNET;
}

static void base_path(struct kx_core *core)
{
    core->base_url = "http://shop.test/x";
}

static void base_slash(struct kx_core *core)
{
    core->base_url = "https://SHOP.test:443/";
}

static void base_query(struct kx_core *core)
{
    core->base_url = "http://shop.test?";
}

static void base_fragment(struct kx_core *core)
{
    core->base_url = "http://shop.test/#";
}

static void base_socket(struct kx_core *core)
{
    core->base_url = "ws://shop.test";
}

static void base_nothing(struct kx_core *core)
{
    core->base_url = "";
}

static void no_time(struct kx_core *core)
{
    core->max_timeout_s = 0;
}

static void no_poll(struct kx_core *core)
{
    core->poll_ms = 0;
}

static void no_challenge(struct kx_core *core)
{
    core->challenge_ms = 999;
}

static void long_wait(struct kx_core *core)
{
    core->accept_wait_ms = INT64_C(86400001);
}

static void mempool(struct kx_core *core)
{
    core->policy.finality = KX_FINALITY_MEMPOOL;
}

static void no_confirmations(struct kx_core *core)
{
    core->policy.confirmations = 0;
}

static void low_threshold(struct kx_core *core)
{
    core->threshold = core->policy.threshold_min - 1;
}

static void use_route(struct kx_core *core, const char *method, const char *path, uint64_t price)
{
    route = (struct kx_route){.method = method, .path = path, .price = price};
    core->routes = &route;
    core->route_count = 1;
}

static void dust(struct kx_core *core)
{
    use_route(core, "GET", "/a", 1999999);
}

static void least(struct kx_core *core)
{
    use_route(core, "GET", "/a", 2000000);
}

static void too_dear(struct kx_core *core)
{
    use_route(core, "GET", "/a", KASPA_MAX_SOMPI + 1);
}

static void other_method(struct kx_core *core)
{
    use_route(core, "HEAD", "/a", 0);
}

static void dots(struct kx_core *core)
{
    use_route(core, "GET", "/a/../b", 0);
}

static void no_slash(struct kx_core *core)
{
    use_route(core, "GET", "a", 0);
}

static void a_query(struct kx_core *core)
{
    use_route(core, "GET", "/a?b", 0);
}

static void bad_description(struct kx_core *core)
{
    use_route(core, "GET", "/a", 0);
    route.description = "\xff";
}

static void use_pair(struct kx_core *core, const char *name, const char *token)
{
    pair[0] = (struct kx_principal){.name = "alice", .token = ASSAY_LIT("0123456789abcdef")};
    pair[1] = (struct kx_principal){.name = name, .token = assay_str(token)};
    core->principals = pair;
    core->principal_count = 2;
}

static void two_callers(struct kx_core *core)
{
    use_pair(core, "bob", "fedcba9876543210");
}

static void same_token(struct kx_core *core)
{
    use_pair(core, "bob", "0123456789abcdef");
}

static void short_token(struct kx_core *core)
{
    use_pair(core, "bob", "0123456789abcde");
}

static void no_name(struct kx_core *core)
{
    use_pair(core, "", "fedcba9876543210");
}

static void no_tenant(struct kx_core *core)
{
    use_pair(core, "bob", "fedcba9876543210");
    pair[1].tenant = "";
}

static const struct {
    const char *name;
    void (*change)(struct kx_core *core);
    enum assay_code code;
    const char *says; /* part of the sentence */
} rows[] = {
    {"good", good, ASSAY_OK, ""},
    {"address", address_typo, ASSAY_E_MALFORMED, "payTo"},
    {"address of another network", other_network, ASSAY_E_MALFORMED, "kaspa:"},
    {"network", unknown_network, ASSAY_E_RANGE, "network"},
    {"base with a path", base_path, ASSAY_E_MALFORMED, "without a path"},
    {"base with a slash", base_slash, ASSAY_OK, ""},
    {"base with a query", base_query, ASSAY_E_MALFORMED, "base URL"},
    {"base with a fragment", base_fragment, ASSAY_E_MALFORMED, "base URL"},
    {"base of another kind", base_socket, ASSAY_E_MALFORMED, "base URL"},
    {"no base", base_nothing, ASSAY_E_MALFORMED, "base URL"},
    {"no time to pay", no_time, ASSAY_E_RANGE, "above 0 seconds"},
    {"no time between looks", no_poll, ASSAY_E_RANGE, "times"},
    {"an offer that dies at once", no_challenge, ASSAY_E_RANGE, "times"},
    {"a day and more to wait", long_wait, ASSAY_E_RANGE, "times"},
    {"finality", mempool, ASSAY_E_RANGE, "finality"},
    {"confirmations", no_confirmations, ASSAY_E_RANGE, "confirmations"},
    {"threshold", low_threshold, ASSAY_E_RANGE, "threshold"},
    {"dust", dust, ASSAY_E_RANGE, "2000000"},
    {"the least price", least, ASSAY_OK, ""},
    {"the dearest", too_dear, ASSAY_E_RANGE, "price"},
    {"method", other_method, ASSAY_E_MALFORMED, "GET, POST or tools/call"},
    {"path with dots", dots, ASSAY_E_MALFORMED, "canonical"},
    {"path without a slash", no_slash, ASSAY_E_MALFORMED, "canonical"},
    {"path with a query", a_query, ASSAY_E_MALFORMED, "canonical"},
    {"description", bad_description, ASSAY_E_MALFORMED, "UTF-8"},
    {"two callers", two_callers, ASSAY_OK, ""},
    {"one token for two", same_token, ASSAY_E_RANGE, "alice"},
    {"a token to guess", short_token, ASSAY_E_RANGE, "token"},
    {"a caller without a name", no_name, ASSAY_E_MALFORMED, "principal 1"},
    {"an empty tenant", no_tenant, ASSAY_E_MALFORMED, "tenant"},
};

Test(kx_core_check, says_what_to_change)
{
    struct shop shop;

    shop_open(&shop);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_core core = shop.core;
        struct assay_err err = {0};

        rows[i].change(&core);
        cr_expect_eq(kx_core_check(&core, &err), rows[i].code, "%s: %s", rows[i].name, err.text);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].name, err.text);
    }
    shop_close(&shop);
}
