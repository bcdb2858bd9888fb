/* The core of paid tools in each of its flows while memory fails at every place once: what was
 * asked right is answered, or is refused with 500 or 503, which costs nothing; the next request
 * ends as if nothing had been. */
#include "ref/tests/pt_world.h"

TestSuite(pt_flows, .timeout = 240);

#define ALLOCATIONS_MOST 5000
#define CALL                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"                \
    "\"get_weather\",\"arguments\":{\"city\":\"Oslo\"}}}"

struct flow {
    struct ask ask; /* without its payment */
    bool is_paid, is_bridged;
    enum pt_wire wire;
    int in_the_end; /* the status of the whole answer */
    unsigned runs;
};

static const char *paid_by_bridge(struct world *w, struct ask ask)
{
    const struct pt_challenge challenge = world_challenge(w, ask);
    const struct pt_proof proof = world_proof(w, &challenge);

    return world_bridge(w, &proof);
}

static void expect_under(const struct flow *flow, enum pt_rules rules)
{
    bool is_whole = false;
    size_t n = 0;

    for (; !is_whole; n++) {
        struct ask ask = flow->ask;
        struct reply reply;
        struct world w;

        cr_assert_lt(n, ALLOCATIONS_MOST);
        world_open(&w, rules);
        w.core.wire = flow->wire;
        if (flow->is_bridged)
            ask.bridge = paid_by_bridge(&w, ask);
        else if (flow->is_paid)
            ask.proof = world_paid(&w, ask);
        w.allocations = n;
        reply = world_send(&w, ask);
        is_whole = w.allocations > 0;
        w.allocations = SIZE_MAX;
        cr_expect(reply.status == flow->in_the_end ||
                      (!is_whole && (reply.status == 500 || reply.status == 503)),
                  "%zu: %d %s by %s", n, reply.status, reply.body, reply.rule);
        if (reply.status == 500 || reply.status == 503) {
            reply = world_send(&w, ask);
            cr_expect(reply.status == flow->in_the_end || w.runs > 0, "%zu: %d %s by %s", n,
                      reply.status, reply.body, reply.rule);
        }
        cr_expect_leq(w.runs, flow->runs, "%zu", n);
        world_close(&w);
    }
    cr_expect_gt(n, 1, "%zu", n);
}

static void expect_flow(const struct flow *flow)
{
    expect_under(flow, PT_RULES_BASE);
    expect_under(flow, PT_RULES_HARDENED);
}

Test(pt_flows, of_get)
{
    static const struct flow flows[] = {
        {.ask = {.target = "/weather?b=2&a=1"}, .in_the_end = 402},
        {.ask = {.target = "/weather?b=2&a=1"}, .is_paid = true, .in_the_end = 200, .runs = 1},
        {.ask = {.target = "/free"}, .in_the_end = 200, .runs = 1},
        {.ask = {.target = "/nowhere"}, .in_the_end = 404},
        {.ask = {.target = "/files/a%2fb/c"}, .in_the_end = 402},
        {.ask = {.target = "/weather", .proof = "bm9uZQ=="}, .in_the_end = 402},
    };

    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        expect_flow(&flows[i]);
}

Test(pt_flows, of_post)
{
    static const struct flow flows[] = {
        {.ask = {.method = "POST", .target = "/action", .body = "{\"b\":2, \"a\":1}"},
         .is_paid = true,
         .in_the_end = 200,
         .runs = 1},
        {.ask = {.method = "POST", .target = "/action", .body = "{\"b\":2, \"a\":1}", .key = "k"},
         .is_paid = true,
         .in_the_end = 200,
         .runs = 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        expect_flow(&flows[i]);
}

Test(pt_flows, of_the_bridge)
{
    static const struct flow flows[] = {
        {.ask = {.target = "/weather"}, .wire = PT_WIRE_COINBASE, .in_the_end = 402},
        {.ask = {.target = "/weather"}, .wire = PT_WIRE_DUAL, .in_the_end = 402},
        {.ask = {.target = "/weather"},
         .is_bridged = true,
         .wire = PT_WIRE_DUAL,
         .in_the_end = 200,
         .runs = 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        expect_flow(&flows[i]);
}

Test(pt_flows, of_tools)
{
    static const struct flow flows[] = {
        {.ask = {.method = "POST", .target = "/mcp", .body = CALL}, .in_the_end = 402},
        {.ask = {.method = "POST", .target = "/mcp", .body = CALL},
         .is_paid = true,
         .in_the_end = 200,
         .runs = 1},
        {.ask = {.method = "POST",
                 .target = "/mcp",
                 .body = "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\"}"},
         .in_the_end = 200},
        {.ask = {.method = "POST", .target = "/mcp", .body = "{"}, .in_the_end = 400},
    };

    for (size_t i = 0; i < ARRAY_LEN(flows); i++)
        expect_flow(&flows[i]);
}
