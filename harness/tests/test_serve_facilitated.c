/* `assay serve kaspa-x402 --facilitator`: what a facilitator settles is sold by the program, over
 * HTTP, beside what it settles itself. What a facilitator may say is in test_kx_facilitated.c; here
 * it is said by the role. */
#include "sold_world.h"

#include "base/base64.h"

#include <stdio.h>

static struct sold_world w;

static void begin(void)
{
    sold_begin(&w);
    serve_start(&w.serve);
}
static void end(void)
{
    sold_end(&w);
}
TestSuite(serve_facilitated, .init = begin, .fini = end, .timeout = 120);

Test(serve_facilitated, sells_what_both_have_beside_its_own)
{
    struct http_request request;
    const struct http_exchange *first;
    struct purchase own;

    cr_assert(sold_comes_to_offer(&w, true));
    request = sold_pay(&w, "0x1");
    first = serve_send(&w.serve, &request);
    expect_bought(&w.serve, first, "through the facilitator");
    expect_alike(&w.serve, first, serve_send(&w.serve, &request));
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    own = serve_buy(&w.serve, "/report?day=2");
    expect_bought(&w.serve, serve_send(&w.serve, &own.request), "by itself");
}

Test(serve_facilitated, stops_selling_what_the_facilitator_stops_doing)
{
    static const struct facilitator_options other = {.kinds = {{"exact", "eip155:1", NULL}}};
    struct assay_err err = {0};

    cr_assert(sold_comes_to_offer(&w, true));
    cr_assert_eq(facilitator_configure(w.role, &other, &err), ASSAY_OK, "%s", err.text);
    cr_expect(sold_comes_to_offer(&w, false));
}

Test(serve_facilitated, withholds_what_was_not_settled_and_asks_again)
{
    const struct facilitator_behaviour silent = {
        .settle = {.fault = FACILITATOR_RESET, .times = 1}};
    struct http_request request;
    const struct http_exchange *answer;

    cr_assert(sold_comes_to_offer(&w, true));
    request = sold_pay(&w, "0x2");
    facilitator_behave(w.role, &silent);
    answer = serve_send(&w.serve, &request);
    cr_expect_eq(status_of(answer), 503, "%d: %s", status_of(answer), body_of(&w.serve, answer));
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    answer = serve_send(&w.serve, &request);
    cr_expect(status_of(answer) == 503 || status_of(answer) == 200);
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(serve_facilitated, sells_on_after_a_restart)
{
    struct http_request request;
    const struct http_exchange *first;

    cr_assert(sold_comes_to_offer(&w, true));
    request = sold_pay(&w, "0x3");
    first = serve_send(&w.serve, &request);
    expect_bought(&w.serve, first, "before");
    serve_stop(&w.serve);
    serve_start(&w.serve);
    expect_alike(&w.serve, first, serve_send(&w.serve, &request));
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

/* What /proc shows of the variables that it was started with. */
static bool shows_in_environment(const struct program *p, const char *secret)
{
    char path[64], text[1 << 16];
    struct assay_bytes needle = assay_str(secret);
    bool is_there = false;
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)p->pid);
    cr_assert_not_null(file = fopen(path, "r"));
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    cr_assert_gt(len, 0);
    for (size_t i = 0; i + needle.len <= len && !is_there; i++)
        is_there = memcmp(text + i, needle.at, needle.len) == 0;
    return is_there;
}

Test(serve_facilitated, signs_by_the_key_of_a_variable_that_it_wipes)
{
    struct http_request request;
    const struct http_exchange *answer;
    struct assay_buf told = ASSAY_BUF_INIT(1 << 16);

    serve_stop(&w.serve);
    serve_use(&w.serve, "--offer-key=KX_TEST_SECRET");
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
    cr_expect_not(shows_in_environment(&w.serve.server, SERVE_SECRET));
    request = sold_pay(&w, "0x6"); /* with what was signed of the offer */
    answer = serve_send(&w.serve, &request);
    expect_bought(&w.serve, answer, "signed");
    cr_assert_eq(
        assay_base64_decode(&told, ASSAY_BASE64_STD, header_of(answer, "PAYMENT-RESPONSE"), NULL),
        ASSAY_OK);
    cr_expect_not_null(strstr(assay_buf_cstr(&told), "\"offer-receipt\""));
    expect_alike(&w.serve, answer, serve_send(&w.serve, &request));
    assay_buf_fini(&told);
}

/* The paid request with its header in small letters. */
static struct http_request pay_in_small_letters(const char *nonce)
{
    struct http_request request = sold_pay(&w, nonce);
    struct http_header *last = &request.headers[request.header_count - 1];

    cr_assert_str_eq(last->name, "PAYMENT-SIGNATURE");
    last->name = "payment-signature";
    return request;
}

Test(serve_facilitated, reads_the_name_of_a_header_in_any_case)
{
    struct http_request request;

    cr_assert(sold_comes_to_offer(&w, true));
    request = pay_in_small_letters("0x4");
    expect_bought(&w.serve, serve_send(&w.serve, &request), "in small letters");
    serve_stop(&w.serve);
    serve_use(&w.serve, "--defect=x402.http.name_case");
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
    request = pay_in_small_letters("0x5");
    cr_expect_eq(status_of(serve_send(&w.serve, &request)), 402);
}
