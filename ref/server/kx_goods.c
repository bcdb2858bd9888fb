/* What the kaspa-x402 server sells, and for how much. */
#include "server/kx_parts.h"

/* 0.2 KAS: small change, of which a node still relays a transaction with two outputs. */
#define CHEAP UINT64_C(20000000)

static const struct kx_route routes[] = {
    {.method = "GET", .path = "/report", .price = CHEAP, .description = "A report"},
    {.method = "GET", .path = "/other", .price = CHEAP, .description = "Another report"},
    {.method = "GET", .path = "/file", .price = UINT64_C(25000000), .description = "A file"},
    {.method = "GET", .path = "/files/*", .price = CHEAP, .description = "One of many files"},
    {.method = "GET",
     .path = "/dear",
     .price = UINT64_C(1000000000),
     .description = "Something dear"},
    {.method = "GET",
     .path = "/html",
     .price = CHEAP,
     .description = "A page, for 1 \xE2\x82\xAE or \xF0\x9F\x92\xB0"},
    {.method = "GET", .path = "/empty", .price = CHEAP, .description = "Nothing"},
    {.method = "GET", .path = "/binary", .price = CHEAP, .description = "Bytes"},
    {.method = "POST", .path = "/action", .price = CHEAP, .description = "An action"},
    {.method = "GET", .path = "/notes", .price = CHEAP, .description = "Notes"},
    {.method = "POST", .path = "/notes", .price = CHEAP, .description = "A note"},
    {.method = "GET",
     .path = "/additive",
     .price = CHEAP,
     .description = "A report that also a head is paid for",
     .is_additive = true},
    {.method = "GET",
     .path = "/private",
     .price = CHEAP,
     .description = "A report for those who are known",
     .is_authenticated = true},
    {.method = "GET", .path = "/free", .price = 0, .description = "Free for everyone"},
};

static const struct kx_route tools[] = {
    {.method = KX_CALL, .path = KX_TOOL "quote", .price = CHEAP, .description = "A quote"},
    {.method = KX_CALL, .path = KX_TOOL "forecast", .price = CHEAP, .description = "A forecast"},
    {.method = KX_CALL, .path = KX_TOOL "free", .price = 0, .description = "Free for everyone"},
};

_Static_assert(ARRAY_LEN(routes) + ARRAY_LEN(tools) <= KX_GOODS_MAX, "there is room for all goods");

size_t kx_goods(struct kx_route *out, uint64_t price, bool has_tools)
{
    size_t count = ARRAY_LEN(routes);

    memcpy(out, routes, sizeof(routes));
    if (has_tools) {
        memcpy(out + count, tools, sizeof(tools));
        count += ARRAY_LEN(tools);
    }
    for (size_t i = 0; i < count; i++) {
        out[i].is_batch = out[i].price > 0;
        if (out[i].price > 0 && price > 0)
            out[i].price = price;
    }
    return count;
}
