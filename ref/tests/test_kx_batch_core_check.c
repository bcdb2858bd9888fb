/* What a server's configuration of batch-settlement must be, and what an operator is told
 * otherwise. Batch digest, sections 1, 3 and 18 (B16, B106). */
#include "ref/tests/kx_batch_shop.h"

static struct batch_shop b;
static struct kx_route route;

static void good(void)
{
}

static void mainnet(void)
{
    struct kaspa_address address = {
        .network = KASPA_MAINNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};

    memcpy(address.payload, b.lane.server.xonly, 32);
    kaspa_address_encode(b.shop.core.pay_to, &address);
    b.shop.core.network = KASPA_MAINNET;
}

static void older_binding(void)
{
    b.config.binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v2"));
}

static void no_binding(void)
{
    b.config.binding = NULL;
}

static void older_template(void)
{
    b.config.template_id = KX_ESCROW_V3_TEMPLATE;
}

static void no_point(void)
{
    memset(b.config.server, 0xff, sizeof(b.config.server));
}

static void no_confirmations(void)
{
    b.config.policy.confirmations = 0;
}

static void no_bucket(void)
{
    b.config.refund_bucket_daa = 0;
}

static void no_life(void)
{
    b.config.refund_life_daa = 0;
}

static void a_time(void)
{
    b.config.refund_life_daa = KX_BATCH_TIMEOUT_MAX + 1;
}

static void near_horizon(void)
{
    b.config.policy.horizon_daa = KX_REFUND_LEAD_DEFAULT + 109999;
}

static void far_horizon(void)
{
    b.config.policy.horizon_daa = KX_REFUND_LEAD_DEFAULT + 110000;
}

static void long_policy(void)
{
    b.config.claim_after_s = UINT64_C(1) << 32;
}

static void sell_for(uint64_t price)
{
    route = (struct kx_route){.method = "GET", .path = "/a", .price = price, .is_batch = true};
    b.shop.core.routes = &route;
    b.shop.core.route_count = 1;
    b.config.min_deposit = SHOP_BATCH_PRICE + BATCH_RESERVE;
}

static void covered(void)
{
    sell_for(SHOP_BATCH_PRICE);
}

static void uncovered(void)
{
    sell_for(SHOP_BATCH_PRICE + 1);
}

static void huge_reserve(void)
{
    b.config.reserve = UINT64_MAX;
}

static const struct {
    const char *name;
    void (*change)(void);
    enum assay_code code;
    const char *says; /* part of the sentence */
} rows[] = {
    {"good", good, ASSAY_OK, ""},
    {"B106: mainnet", mainnet, ASSAY_E_RANGE, "kaspa:testnet-10 alone"},
    {"an older binding", older_binding, ASSAY_E_RANGE, "kaspa-escrow-v3"},
    {"no binding", no_binding, ASSAY_E_RANGE, "kaspa-escrow-v3"},
    {"a template of another binding", older_template, ASSAY_E_RANGE, "kaspa-x402-escrow-v5"},
    {"a key that is none", no_point, ASSAY_E_RANGE, "key"},
    {"no confirmations", no_confirmations, ASSAY_E_RANGE, "confirmations"},
    {"no bucket", no_bucket, ASSAY_E_RANGE, "bucket"},
    {"no life", no_life, ASSAY_E_RANGE, "life"},
    {"a life that is a time", a_time, ASSAY_E_RANGE, "500000000000"},
    {"a horizon before what is offered", near_horizon, ASSAY_E_RANGE, "horizon"},
    {"a horizon at what is offered", far_horizon, ASSAY_OK, ""},
    {"a claim policy of many years", long_policy, ASSAY_E_RANGE, "claim policy"},
    {"B16: a deposit that covers price and reserve", covered, ASSAY_OK, ""},
    {"B16: one that does not", uncovered, ASSAY_E_RANGE, "at least 20000001"},
    {"a reserve of more than there is", huge_reserve, ASSAY_E_RANGE, "at most"},
};

Test(kx_batch_core_check, says_what_to_change)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};

        batch_shop_open(&b);
        rows[i].change();
        cr_expect_eq(kx_core_check(&b.shop.core, &err), rows[i].code, "%s: %s", rows[i].name,
                     err.text);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].name, err.text);
        batch_shop_close(&b);
    }
}
