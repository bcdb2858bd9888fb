/* Threat payer-drain, by size and silence: challenges and answers that are too large, too deep, too
 * many or never come. What a client reads and waits for is bounded, and ends in a refusal. */
#include "peer/kaspa-x402/client.h"

#include <inttypes.h>

enum { TOO_MANY = 1000, DEEP = 20000, HEADER_BYTES = 200 << 10, SILENCE_MS = 60 };
#define TOO_LARGE ((size_t)64 << 20)

/* So many of one text between two others, as the value of PAYMENT-REQUIRED. */
static const char *repeated(struct assay_case *t, const char *before, const char *part, size_t n,
                            const char *after)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);

    assay_buf_add_str(&text, before);
    for (size_t i = 0; i < n; i++)
        assay_buf_add_str(&text, part);
    assay_buf_add_str(&text, after);
    return kxp_encode(t, peer_keep(t, &text));
}

static const char *many_offers(struct assay_case *t)
{
    return repeated(t, "{\"x402Version\":2,\"resource\":{\"url\":\"u\"},\"accepts\":[{}", ",{}",
                    TOO_MANY, "]}");
}

static const char *deep_offers(struct assay_case *t)
{
    return repeated(t, "{\"x402Version\":2,\"accepts\":", "[", DEEP, "");
}

static const char *large_header(struct assay_case *t)
{
    return repeated(t, "{\"x402Version\":2,\"note\":\"", "x", HEADER_BYTES, "\"}");
}

static const char *no_base64(struct assay_case *t)
{
    return case_printf(t, "pay me");
}

static const struct excess {
    const char *name;
    const char *(*required)(struct assay_case *t); /* PAYMENT-REQUIRED; NULL: the usual one */
    size_t padding;
    bool of_paid;
    bool is_silent;
} excesses[] = {
    {"a thousand offers", many_offers, 0, false, false},
    {"twenty thousand arrays in one another", deep_offers, 0, false, false},
    {"a header of 200 KiB", large_header, 0, false, false},
    {"a header that is no base64", no_base64, 0, false, false},
    {"64 MiB before payment", NULL, TOO_LARGE, false, false},
    {"64 MiB for the payment", NULL, TOO_LARGE, true, false},
    {"no answer before payment", NULL, 0, false, true},
    {"no answer to the payment", NULL, 0, true, true},
};

static void exceed(struct assay_case *t, const struct excess *row)
{
    struct kaspa_shop_answer answer = {.padding = row->padding,
                                       .payment = KASPA_SHOP_LEAVES,
                                       .end = row->is_silent ? KASPA_SHOP_HOLDS : KASPA_SHOP_WHOLE};

    if (row->required != NULL) {
        answer.status = 402;
        answer.fields[0] = (struct kaspa_shop_field){"PAYMENT-REQUIRED", row->required(t)};
    }
    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.unpaid = {answer},
                                                      .unpaid_count = row->of_paid ? 0 : 1,
                                                      .paid = {answer},
                                                      .paid_count = 1});
}

SCENARIO(client_bounds_what_it_reads, OF_A_CLIENT,
         .title = "A challenge or answer that is too large, too deep, or never comes costs bounded "
                  "memory and time, and no second payment",
         .threat = "payer-drain", .rule = "client.bounds", .ideas = "CL-28 CL-15",
         .catches = DEFECTS("client.bounds.none"), TABLE(excesses))
{
    const struct excess *row = case_row(t);
    struct kaspa_shop_call call;
    const struct kxp_run *run;

    exceed(t, row);
    run = kxp_client_runs(
        t, (struct kxp_buys){.policy = {.request_ms = row->is_silent ? SILENCE_MS : 0}});
    for (uint64_t i = 1; kxp_asked(t, i, &call); i++)
        expect(t, call.taken < TOO_LARGE, "an answer of 64 MiB to be cut off before its end",
               "%" PRIu64 " bytes were taken", call.taken);
    if (row->of_paid)
        expect_pending(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}
