/* Servers that are correct and set otherwise than the embedded one: none is accused, and no case is
 * lost to their being slow. Of the scenarios those run whose payments are put off, or whose handler
 * is to be caught at work. */
#include "program.h"

#include <criterion/criterion.h>

/* What differs: options of the server, and what the target file says of it. */
#define TARGET(options, accept_wait)                                                               \
    "{\"name\": \"shop\", \"profile\": \"kaspa-x402\", \"public_url\": \"http://shop.example\", "  \
    "\"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--listen\", "           \
    "\"127.0.0.1:0\", \"--base-url\", \"http://shop.example\", \"--store\", \"${STORE}\", "        \
    "\"--node\", \"${NODE}\", \"--origin\", \"${ORIGIN}\", \"--pay-to\", "                         \
    "\"kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy\", \"--poll\", "    \
    "\"20\", \"--node-deadline\", \"700\", \"--origin-deadline\", \"1000\", \"--quota\", \"0\", "  \
    "\"--accept-wait\", \"" accept_wait "\"" options                                               \
    "], \"ready\": \"ready kaspa-x402 \"}, \"executions\": \"origin\", \"endpoints\": "            \
    "{\"paid_get\": {\"method\": \"GET\", \"target\": \"/report?day=1\"}, "                        \
    "\"paid_get_other\": {\"method\": \"GET\", \"target\": \"/other?day=1\"}}, "                   \
    "\"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true}, "                               \
    "\"limits\": {\"handler_deadline_ms\": 1000, \"adapter_deadline_ms\": 700, "                   \
    "\"accept_wait_ms\": " accept_wait "}}"

static const struct server {
    const char *name, *target;
} servers[] = {
    {"waits for confirmations",
     TARGET(", \"--finality\", \"confirmed\", \"--confirmations\", \"5\"", "200")},
    {"does not wait at all", TARGET("", "1")},
};

static void check(const struct server *server)
{
    static const char *const args[] = {"run",
                                       "--out",
                                       "out",
                                       "--no-self-check",
                                       "--target",
                                       "target.json",
                                       "kaspa-x402/mempool_is_not_final",
                                       "kaspa-x402/evicted_payment",
                                       "kaspa-x402/forked_node",
                                       "kaspa-x402/late_acceptance",
                                       "kaspa-x402/reorganised_payment_stays",
                                       "kaspa-x402/payment_is_for_one_request",
                                       "kaspa-x402/failed_handler_does_not",
                                       "kaspa-x402/killed_handler",
                                       "kaspa-x402/payer_that_hangs_up",
                                       "kaspa-x402/node_trouble_while_the_handler_runs",
                                       NULL};
    struct program p;

    program_init(&p);
    program_write(&p, "target.json", assay_str(server->target));
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0, "%s: exit %d\n%.4000s%.700s", server->name, p.status,
                 assay_buf_cstr(&p.out), assay_buf_cstr(&p.err));
    program_fini(&p);
}

Test(correct_kaspa, servers_that_put_payments_off_are_not_accused, .timeout = 300)
{
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        check(&servers[i]);
}
