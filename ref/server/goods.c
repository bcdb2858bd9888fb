/* What the reference server sells, and on what terms. */
#include "server/shop.h"

static const struct pt_route routes[] = {
    {"GET", "/weather", "0.001", "Weather now"}, {"GET", "/forecast", "0.002", "Weather to come"},
    {"GET", "/report", "0.001", "A report"},     {"GET", "/files/*", "0.001", "A file"},
    {"POST", "/action", "0.001", "An action"},   {"GET", "/gold", "1.00", "Something dear"},
    {"GET", "/html", "0.001", "A page"},         {"GET", "/empty", "0.001", "Nothing"},
    {"GET", "/binary", "0.001", "Bytes"},        {"GET", "/free", NULL, "Free for everyone"},
};

static const char *const tools[] = {"get_weather", "get_time", NULL};

void pt_shop_core(struct pt_core *out, const struct pt_server_options *options,
                  struct assay_bytes secret)
{
    *out = (struct pt_core){
        .rules = options->rules,
        .wire = options->wire,
        .secret = secret,
        .asset = "MOCK",
        .network = "mock",
        .recipient = "mock-merchant",
        .places = PT_BRIDGE_DEFAULT_PLACES,
        .ttl_ms = options->ttl_ms,
        .key_ttl_ms = options->key_ttl_ms,
        .sweep_every_ms = options->sweep_every_ms,
        .rate_per_second = options->rate_per_second,
        .body_max_bytes = options->body_max_bytes,
        .price_of_all = options->price,
        .routes = routes,
        .route_count = ARRAY_LEN(routes),
        .mcp_path = "/mcp",
        .mcp_tools = tools,
        .mcp_price = "0.001",
    };
}
