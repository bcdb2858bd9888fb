/* Seeded defects of any x402 server show: what holds of the correct one does not hold with the
 * defect switched on. See defects/x402.def; those of what a facilitator settles are proved beside
 * it, and that of a header's name in harness/tests/test_serve_facilitated.c. */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"
#include "defects/defects.h"
#include "x402/limits.h"

#include <criterion/criterion.h>

static struct shop s;

static void open_shop(void)
{
    shop_open(&s);
}
static void close_shop(void)
{
    ref_defect_all_off();
    shop_close(&s);
}
TestSuite(x402_defects, .init = open_shop, .fini = close_shop);

static void switch_on(const char *id)
{
    cr_assert_eq(ref_defect_switch_on(assay_str(id), NULL), ASSAY_OK, "%s", id);
}

static struct shop_reply ask(const char *target)
{
    return shop_send(&s, &(struct shop_ask){.target = target});
}

Test(x402_defects, test_word_opens_a_route)
{
    const struct shop_ask with_word = {.payment = "test"};

    cr_expect_eq(shop_send(&s, &with_word).status, 402);
    switch_on("x402.unpaid.test_word");
    cr_expect_eq(shop_send(&s, &with_word).status, 200);
}

/* The shop's routes, whose descriptions end in a sign beyond ASCII. */
static void describe_in_signs(struct kx_route *room)
{
    memcpy(room, s.core.routes, s.core.route_count * sizeof(*room));
    for (size_t i = 0; i < s.core.route_count; i++)
        room[i].description = "1 \xE2\x82\xAE";
    s.core.routes = room;
}

Test(x402_defects, text_beyond_ascii_is_an_error)
{
    struct kx_route room[32];

    cr_assert_leq(s.core.route_count, ARRAY_LEN(room));
    describe_in_signs(room);
    cr_expect_eq(ask("/report").status, 402);
    switch_on("x402.http.ascii_only");
    cr_expect_eq(ask("/report").status, 500);
}

/* A header's value of so many characters, which is no JSON. */
static const char *header_of(size_t len)
{
    char *text = assay_arena_alloc(&s.arena, len + 1);

    cr_assert_not_null(text);
    memset(text, 'A', len);
    text[len] = '\0';
    return text;
}

/* An array so deep, encoded. */
static const char *deep(size_t depth)
{
    struct assay_buf json = ASSAY_BUF_INIT(1 << 12), header = ASSAY_BUF_INIT(1 << 13);
    const char *kept;

    for (size_t i = 0; i < depth; i++)
        assay_buf_add_byte(&json, '[');
    for (size_t i = 0; i < depth; i++)
        assay_buf_add_byte(&json, ']');
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_buf_view(&json));
    kept = (const char *)assay_arena_copy(&s.arena, assay_buf_view(&header)).at;
    assay_buf_fini(&json);
    assay_buf_fini(&header);
    return kept;
}

Test(x402_defects, what_is_too_large_is_an_error)
{
    const char *const large[] = {header_of(X402_HEADER_MAX_CHARS + 4), deep(X402_MAX_DEPTH + 2)};

    for (size_t i = 0; i < ARRAY_LEN(large); i++) {
        int status = shop_send(&s, &(struct shop_ask){.payment = large[i]}).status;

        cr_expect(status == 400 || status == 402, "row %zu: %d", i, status);
    }
    switch_on("x402.http.large_is_error");
    for (size_t i = 0; i < ARRAY_LEN(large); i++)
        cr_expect_eq(shop_send(&s, &(struct shop_ask){.payment = large[i]}).status, 500, "row %zu",
                     i);
}

Test(x402_defects, query_stands_in_a_page)
{
    static const char target[] = "/report?q=%3Cscript%3E", markup[] = "<script>";

    cr_expect_null(strstr(ask(target).body, markup));
    switch_on("x402.http.query_in_page");
    cr_expect_not_null(strstr(ask(target).body, markup));
}

/* ---- sold through a facilitator ---- */

static const struct kx_facilitated_kind kind = {"exact", "eip155:84532", "0xasset", "0xpayee",
                                                NULL};
static const struct kx_facilitated_core facilitated = {&kind, 1};

static bool is_offered_alike(void)
{
    struct x402_kind listed = {.extra = ASSAY_JSON_NONE,
                               .version = X402_VERSION,
                               .scheme = assay_str(kind.scheme),
                               .network = assay_str(kind.network),
                               .modes = X402_MODE_VERIFY | X402_MODE_SETTLE};
    struct x402_supported supported = {.kinds = &listed, .kind_count = 1};
    struct shop_reply one, other;

    s.core.facilitated = &facilitated;
    s.core.pay_to[0] = '\0';
    s.supported = &supported;
    s.random = 1;
    one = ask("/report");
    s.random = 2;
    other = ask("/report");
    s.supported = NULL;
    cr_assert_eq(json_array_size(json_object_get(one.offer, "accepts")), 1);
    return json_equal(one.offer, other.offer) == 1;
}

Test(x402_defects, each_offer_is_another)
{
    cr_expect(is_offered_alike());
    switch_on("x402.offer.unstable");
    cr_expect_not(is_offered_alike());
}
