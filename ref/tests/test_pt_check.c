/* The limits of a paid-tools server's configuration: the last value that may stand, the first that
 * may not, and that the sentence names what to change (ref/core/paid_tools_check.c). */
#include "base/decimal.h"
#include "ref/tests/limits.h"
#include "ref/tests/pt_world.h"

static struct world w;
static struct pt_core *core;
static struct pt_route route;
static const char *const *tools;

static void use_route(const char *method, const char *path, const char *price, const char *about)
{
    route = (struct pt_route){method, path, price, about};
    core->routes = &route;
    core->route_count = 1;
}

static void use_mcp(const char *path, const char *price, const char *tool)
{
    static const char *names[2];

    names[0] = tool;
    tools = names;
    core->mcp_path = path;
    core->mcp_price = price;
    core->mcp_tools = tools;
}

CHANGE(longest_secret, core->secret = assay_str(text_of_length(PT_SECRET_MAX_BYTES)))
CHANGE(longer_secret, core->secret = assay_str(text_of_length(PT_SECRET_MAX_BYTES + 1)))
CHANGE(most_places, core->places = ASSAY_DECIMAL_MAX_PLACES)
CHANGE(more_places, core->places = ASSAY_DECIMAL_MAX_PLACES + 1)
CHANGE(one_price, core->price_of_all = "0.5")
CHANGE(one_price_of_nothing, core->price_of_all = "0")
CHANGE(shortest_life, core->ttl_ms = 1000)
CHANGE(shorter_life, core->ttl_ms = 999)
CHANGE(longest_life, core->ttl_ms = INT32_MAX)
CHANGE(longer_life, core->ttl_ms = (int64_t)INT32_MAX + 1)
CHANGE(no_key_life, core->key_ttl_ms = 0)
CHANGE(no_sweep, core->sweep_every_ms = 0)
CHANGE(no_asset, core->asset = NULL)
CHANGE(blank_network, core->network = "a b")
CHANGE(empty_network, core->network = "")
CHANGE(longest_recipient, core->recipient = text_of_length(PT_TEXT_MAX_BYTES - 1))
CHANGE(longer_recipient, core->recipient = text_of_length(PT_TEXT_MAX_BYTES))
CHANGE(deleted_recipient, core->recipient = "a\x7f")
CHANGE(no_method, use_route(NULL, "/w", "1", NULL))
CHANGE(other_method, use_route("PUT", "/w", "1", NULL))
CHANGE(posted, use_route("POST", "/w", "1", NULL))
CHANGE(no_path, use_route("GET", NULL, "1", NULL))
CHANGE(bare_path, use_route("GET", "a", "1", NULL))
CHANGE(empty_path, use_route("GET", "", "1", NULL))
CHANGE(absolute_path, use_route("GET", "http:///a", "1", NULL))
CHANGE(long_price, use_route("GET", "/w", text_of_length(PT_TEXT_MAX_BYTES), NULL))
CHANGE(no_price, use_route("GET", "/w", NULL, NULL))
CHANGE(longest_about, use_route("GET", "/w", "1", text_of_length(PT_TEXT_MAX_BYTES - 1)))
CHANGE(longer_about, use_route("GET", "/w", "1", text_of_length(PT_TEXT_MAX_BYTES)))
CHANGE(foreign_about, use_route("GET", "/w", "1", "\xff"))
CHANGE(mcp, use_mcp("/mcp", "1", "quote"))
CHANGE(mcp_without_tools, use_mcp("/mcp", "1", NULL))
CHANGE(mcp_path, use_mcp("/../mcp", "1", "quote"))
CHANGE(mcp_for_nothing, use_mcp("/mcp", NULL, "quote"))
CHANGE(mcp_tool, use_mcp("/mcp", "1", "a quote"))

static const struct limit_row rows[] = {
    {"the longest secret", longest_secret, ASSAY_OK, ""},
    {"SG-2: a longer one", longer_secret, ASSAY_E_DENIED, "at most"},
    {"the most places", most_places, ASSAY_OK, ""},
    {"more of them", more_places, ASSAY_E_RANGE, "places"},
    {"one price of all", one_price, ASSAY_OK, ""},
    {"UC-1: one of nothing", one_price_of_nothing, ASSAY_E_RANGE, "price of all"},
    {"the shortest life", shortest_life, ASSAY_OK, ""},
    {"a shorter one", shorter_life, ASSAY_E_RANGE, "lifetimes"},
    {"the longest life", longest_life, ASSAY_OK, ""},
    {"a longer one", longer_life, ASSAY_E_RANGE, "lifetimes"},
    {"keyed answers that die at once", no_key_life, ASSAY_E_RANGE, "lifetimes"},
    {"no time between sweeps", no_sweep, ASSAY_E_RANGE, "lifetimes"},
    {"no asset", no_asset, ASSAY_E_RANGE, "asset: must have 1"},
    {"a network with a blank", blank_network, ASSAY_E_RANGE, "network: only visible"},
    {"no network", empty_network, ASSAY_E_RANGE, "network: must have 1"},
    {"the longest recipient", longest_recipient, ASSAY_OK, ""},
    {"a longer one", longer_recipient, ASSAY_E_RANGE, "recipient: must have"},
    {"one with a control", deleted_recipient, ASSAY_E_RANGE, "recipient: only visible"},
    {"no method", no_method, ASSAY_E_MALFORMED, "GET or POST"},
    {"another method", other_method, ASSAY_E_MALFORMED, "GET or POST"},
    {"POST", posted, ASSAY_OK, ""},
    {"no path", no_path, ASSAY_E_MALFORMED, "no path"},
    {"a path without its slash", bare_path, ASSAY_E_MALFORMED, "canonical"},
    {"an empty path", empty_path, ASSAY_E_MALFORMED, "canonical"},
    {"a whole URL", absolute_path, ASSAY_E_MALFORMED, "canonical"},
    {"a price too long to print", long_price, ASSAY_E_RANGE, "price"},
    {"no price", no_price, ASSAY_OK, ""},
    {"the longest description", longest_about, ASSAY_OK, ""},
    {"a longer one", longer_about, ASSAY_E_MALFORMED, "UTF-8"},
    {"one of other bytes", foreign_about, ASSAY_E_MALFORMED, "UTF-8"},
    {"MCP", mcp, ASSAY_OK, ""},
    {"MCP without tools", mcp_without_tools, ASSAY_OK, ""},
    {"MCP at no canonical path", mcp_path, ASSAY_E_MALFORMED, "canonical"},
    {"MCP for nothing", mcp_for_nothing, ASSAY_E_RANGE, "MCP: the price"},
    {"a tool with a blank", mcp_tool, ASSAY_E_RANGE, "tool: only visible"},
};

Test(pt_check, says_what_to_change)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};

        world_open(&w, PT_RULES_BASE);
        core = &w.core;
        rows[i].change();
        cr_expect_eq(pt_core_check(core, false, &err), rows[i].code, "%s: %s", rows[i].name,
                     err.text);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].name, err.text);
        world_close(&w);
    }
}

Test(pt_check, says_that_there_was_no_memory)
{
    struct assay_err err = {0};

    world_open(&w, PT_RULES_BASE);
    (void)assay_alloc_fail_after(0);
    cr_expect_eq(pt_core_check(&w.core, false, &err), ASSAY_E_NOMEM, "%s", err.text);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_neq(err.text[0], '\0');
    world_close(&w);
}
