/* What the paying client accepts and refuses: offers against the policy, and challenges. Each
 * row changes one thing. */
#include "ref/tests/kx_play.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(kx_client_rules, .timeout = 120);

typedef void change_play(struct kx_play *p);

/* ---- offers ---- */

static json_t *extra(struct kx_play *p)
{
    return kx_world_extra(p->w);
}

static void edit(struct kx_play *p, const char *path, const char *value)
{
    kx_world_edit(kx_world_terms(p->w), path, value);
}

static void one_above(struct kx_play *p)
{
    p->policy.amount_max--;
}

static void one_below(struct kx_play *p)
{
    p->policy.amount_max++;
}

static void largest(struct kx_play *p)
{
    edit(p, "amount", "\"18446744073709551615\"");
}

static void other_payee(struct kx_play *p)
{
    p->policy.pay_to.at[0] = ASSAY_LIT("kaspatest:qqq");
}

/* The first characters are those of the offer's. */
static void payee_like_it(struct kx_play *p)
{
    struct assay_bytes like = assay_arena_copy(&p->arena, p->policy.pay_to.at[0]);
    char *last = (char *)(uintptr_t)&like.at[like.len - 1];

    *last = *last == 'q' ? 'p' : 'q';
    p->policy.pay_to.at[0] = like;
}

static void second_payee(struct kx_play *p)
{
    p->policy.pay_to.at[1] = p->policy.pay_to.at[0];
    p->policy.pay_to.at[0] = ASSAY_LIT("kaspatest:qqq");
    p->policy.pay_to.count = 2;
}

static void profile_off(struct kx_play *p)
{
    p->policy.profiles[p->w->profile] = false;
}

static void network_off(struct kx_play *p)
{
    p->policy.networks[KASPA_TESTNET] = false;
}

static void mainnet(struct kx_play *p)
{
    struct kaspa_address address;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES], quoted[KASPA_ADDRESS_TEXT_MAX_BYTES + 2];

    cr_assert_eq(kaspa_address_decode(&address, NULL, p->policy.pay_to.at[0]), KASPA_ADDRESS_OK);
    address.network = KASPA_MAINNET;
    kaspa_address_encode(text, &address);
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", text);
    edit(p, "network", "\"kaspa:mainnet\"");
    edit(p, "payTo", quoted);
    p->policy.pay_to.at[0] = assay_arena_copy(&p->arena, assay_str(text));
}

static void origin_of(struct kx_play *p, const char *origin)
{
    p->policy.origins.at[0] = assay_str(origin);
}

static void other_port(struct kx_play *p)
{
    origin_of(p, "https://api.example.test:8443/");
}

static void other_scheme(struct kx_play *p)
{
    origin_of(p, "http://api.example.test/");
}

static void trailing_dot(struct kx_play *p)
{
    origin_of(p, "https://api.example.test./");
}

static void origin_begins(struct kx_play *p)
{
    origin_of(p, "https://api.example.tes/");
}

static void origin_goes_on(struct kx_play *p)
{
    origin_of(p, "https://api.example.test.evil/");
}

static void second_origin(struct kx_play *p)
{
    p->policy.origins.at[1] = p->policy.origins.at[0];
    p->policy.origins.at[0] = ASSAY_LIT("https://evil.test/");
    p->policy.origins.count = 2;
}

static void hash_chain_on(struct kx_play *p)
{
    p->policy.profiles[KX_HASH_CHAIN] = true;
}

/* An offer before or behind the world's own, which stays the one that is signed. */
static void add_offer(struct kx_play *p, json_t *offer, bool before)
{
    json_t *accepts = json_object_get(p->w->required, "accepts");

    if (p->w->payment == NULL)
        kx_world_run(p->w, &(struct kx_change){0});
    cr_assert_eq(before ? json_array_insert_new(accepts, 0, offer)
                        : json_array_append_new(accepts, offer),
                 0);
}

static json_t *changed_offer(struct kx_play *p, const char *path, const char *value)
{
    json_t *offer = json_deep_copy(kx_world_terms(p->w));

    kx_world_edit(offer, path, value);
    return offer;
}

static void before_scheme(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "scheme", "\"upto\""), true);
}

static void before_network(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "network", "\"eip155:8453\""), true);
}

static void before_address(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "payTo", "\"kaspatest:broken\""), true);
}

static void before_shapeless(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "payTo", NULL), true);
}

static void before_number(struct kx_play *p)
{
    add_offer(p, json_integer(7), true);
}

static void before_dear(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "amount", "\"20000001\""), true);
}

static void before_cheap_other(struct kx_play *p)
{
    json_t *offer = changed_offer(p, "amount", "\"1\"");

    kx_world_edit(offer, "payTo",
                  "\"kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz\"");
    add_offer(p, offer, true);
}

static void behind_dear(struct kx_play *p)
{
    add_offer(p, changed_offer(p, "amount", "\"999999999999\""), false);
}

static void fifteen_more(struct kx_play *p)
{
    for (int i = 0; i < 15; i++)
        before_scheme(p);
}

static void sixteen_more(struct kx_play *p)
{
    for (int i = 0; i < 16; i++)
        before_scheme(p);
}

static void thousand_more(struct kx_play *p)
{
    for (int i = 0; i < 1000; i++)
        (void)json_array_append(json_object_get(p->w->required, "accepts"), kx_world_terms(p->w));
}

static void only_unknown(struct kx_play *p)
{
    edit(p, "scheme", "\"upto\"");
}

static void no_flow(struct kx_play *p)
{
    kx_world_edit(extra(p), "paymentFlow", NULL);
}

static void free_of_charge(struct kx_play *p)
{
    edit(p, "amount", "\"0\"");
}

/* ---- challenges ---- */

static void resource(struct kx_play *p, const char *url)
{
    kx_world_edit(p->w->required, "resource.url", url);
}

static void other_host(struct kx_play *p)
{
    resource(p, "\"https://evil.test/file\"");
}

static void other_path(struct kx_play *p)
{
    resource(p, "\"https://api.example.test/other\"");
}

static void plain_http(struct kx_play *p)
{
    resource(p, "\"http://api.example.test/file\"");
}

static void with_query(struct kx_play *p)
{
    resource(p, "\"https://api.example.test/file?a=1\"");
}

static void relative(struct kx_play *p)
{
    resource(p, "\"/file\"");
}

static void nameless(struct kx_play *p)
{
    resource(p, "\"\"");
}

static void spelled(struct kx_play *p)
{
    resource(p, "\"HTTPS://API.example.test:443/./file#x\"");
}

static void no_identifier(struct kx_play *p)
{
    kx_world_edit(p->w->required, "extensions", NULL);
}

static void own_identifier(struct kx_play *p)
{
    kx_world_edit(
        json_object_get(json_object_get(p->w->required, "extensions"), "payment-identifier"),
        "info.id", "\"identifier-of-the-server\"");
}

static void more_info(struct kx_play *p)
{
    kx_world_edit(
        json_object_get(json_object_get(p->w->required, "extensions"), "payment-identifier"),
        "info.note", "{\"b\":[1,2],\"a\":\"\\u00e9\"}");
}

static void version_one(struct kx_play *p)
{
    kx_world_edit(p->w->required, "x402Version", "1");
}

static void digest_handed_over(struct kx_play *p)
{
    kx_world_edit(extra(p), "requestHash",
                  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
}

static void deep(struct kx_play *p)
{
    json_t *at = json_object();

    for (int i = 0; i < 40; i++) {
        json_t *outer = json_object();

        (void)json_object_set_new(outer, "a", at);
        at = outer;
    }
    (void)json_object_set_new(p->w->required, "deep", at);
}

#define SIGNS "get kind network save:intended kind sign coins save:signed get+pay"

static const struct {
    const char *name;
    enum kx_profile profile;
    change_play *change;
    const char *rule; /* "": it is paid */
} offers[] = {
    {"at the maximum", KX_STANDARD_NATIVE, NULL, ""},
    {"one sompi above the maximum", KX_STANDARD_NATIVE, one_above, "client.policy.amount"},
    {"one sompi below the maximum", KX_STANDARD_NATIVE, one_below, ""},
    {"the largest amount", KX_STANDARD_NATIVE, largest, "client.policy.amount"},
    {"nothing", KX_STANDARD_NATIVE, free_of_charge, "client.skip"},
    {"another payee", KX_STANDARD_NATIVE, other_payee, "client.policy.payee"},
    {"a payee that looks like it", KX_STANDARD_NATIVE, payee_like_it, "client.policy.payee"},
    {"the second payee of the list", KX_STANDARD_NATIVE, second_payee, ""},
    {"a profile that is not listed", KX_STANDARD_NATIVE, profile_off, "client.policy.profile"},
    {"additive", KX_ADDITIVE, NULL, ""},
    {"additive that is not listed", KX_ADDITIVE, profile_off, "client.policy.profile"},
    {"hash-chain", KX_HASH_CHAIN, NULL, "client.policy.profile"},
    {"hash-chain, whatever the policy says", KX_HASH_CHAIN, hash_chain_on, "client.policy.profile"},
    {"a network that is not listed", KX_STANDARD_NATIVE, network_off, "client.mainnet"},
    {"mainnet", KX_STANDARD_NATIVE, mainnet, "client.mainnet"},
    {"an origin of another port", KX_STANDARD_NATIVE, other_port, "client.policy.origin"},
    {"an origin of another scheme", KX_STANDARD_NATIVE, other_scheme, "client.policy.origin"},
    {"an origin with a dot behind", KX_STANDARD_NATIVE, trailing_dot, "client.policy.origin"},
    {"an origin that it begins with", KX_STANDARD_NATIVE, origin_begins, "client.policy.origin"},
    {"an origin that begins with it", KX_STANDARD_NATIVE, origin_goes_on, "client.policy.origin"},
    {"the second origin of the list", KX_STANDARD_NATIVE, second_origin, ""},
    {"behind another scheme", KX_STANDARD_NATIVE, before_scheme, ""},
    {"behind another network", KX_STANDARD_NATIVE, before_network, ""},
    {"behind a bad address", KX_STANDARD_NATIVE, before_address, ""},
    {"behind an offer without a member", KX_STANDARD_NATIVE, before_shapeless, ""},
    {"behind a number", KX_STANDARD_NATIVE, before_number, ""},
    {"behind a dearer one", KX_STANDARD_NATIVE, before_dear, ""},
    {"behind a cheaper one of another payee", KX_STANDARD_NATIVE, before_cheap_other, ""},
    {"before a dearer one", KX_STANDARD_NATIVE, behind_dear, ""},
    {"the last of sixteen", KX_STANDARD_NATIVE, fifteen_more, ""},
    {"seventeen offers", KX_STANDARD_NATIVE, sixteen_more, "client.bounds"},
    {"a thousand offers", KX_STANDARD_NATIVE, thousand_more, "client.bounds"},
    {"none that is understood", KX_STANDARD_NATIVE, only_unknown, "client.skip"},
    {"without its flow", KX_STANDARD_NATIVE, no_flow, "client.skip"},
    {"of a resource on another host", KX_STANDARD_NATIVE, other_host, "client.resource"},
    {"of a resource of another path", KX_STANDARD_NATIVE, other_path, "client.resource"},
    {"of a resource over plain HTTP", KX_STANDARD_NATIVE, plain_http, "client.resource"},
    {"of a resource with a query", KX_STANDARD_NATIVE, with_query, "client.resource"},
    {"of a relative resource", KX_STANDARD_NATIVE, relative, "client.resource"},
    {"of no resource", KX_STANDARD_NATIVE, nameless, "client.resource"},
    {"of the same resource in another spelling", KX_STANDARD_NATIVE, spelled, ""},
    {"without an identifier", KX_STANDARD_NATIVE, no_identifier, NULL},
    {"with the server's identifier", KX_STANDARD_NATIVE, own_identifier, "client.artifact.once"},
    {"with more in its info", KX_STANDARD_NATIVE, more_info, ""},
    {"of version 1", KX_STANDARD_NATIVE, version_one, "client.skip"},
    {"with a digest to sign", KX_STANDARD_NATIVE, digest_handed_over, ""},
    {"too deep", KX_STANDARD_NATIVE, deep, "client.bounds"},
};

Test(kx_client_rules, take_an_offer_or_refuse_it_before_the_wallet_is_asked)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct kx_play *p = kx_play_new(offers[i].profile);
        const char *rule;

        if (offers[i].change != NULL)
            offers[i].change(p);
        kx_play_run(p);
        rule = p->outcome.rule != NULL ? p->outcome.rule : "";
        if (offers[i].rule != NULL && offers[i].rule[0] == '\0')
            cr_expect_eq(strncmp(p->trace, SIGNS, strlen(SIGNS)), 0, "row: %s: %s (%s)",
                         offers[i].name, p->trace, p->outcome.why);
        else
            cr_expect(strcmp(p->trace, "get refused") == 0 || strcmp(p->trace, "refused") == 0,
                      "row: %s: %s", offers[i].name, p->trace);
        cr_expect_str_eq(rule, offers[i].rule != NULL ? offers[i].rule : "", "row: %s: %s",
                         offers[i].name, p->outcome.why);
        kx_play_free(p);
    }
}
