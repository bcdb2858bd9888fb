/* Every seeded defect of the facilitator shows: what holds of the correct one does not hold with
 * the defect switched on. See defects/kaspa_x402.def. */
#include "ref/tests/fac_shop.h"

#include "defects/defects.h"

static struct fac_shop f;

/* ---- probes: whether what must hold does ---- */

static bool is_settled(const char *token)
{
    struct fac_reply reply = fac_send(&f, "/settle", token);
    bool settled = fac_is_settled(&reply);

    fac_drop(&reply);
    return settled;
}

static bool is_valid(void)
{
    struct fac_reply reply = fac_verify(&f);
    bool valid = fac_is_valid(&reply);

    fac_drop(&reply);
    return valid;
}

static bool verify_submits_nothing(void)
{
    return is_valid() && f.shop.submissions == 0;
}

static bool settle_verifies(void)
{
    json_t *authorization = fac_at(&f, "paymentPayload.payload.authorization");

    kx_world_set(authorization, "expiresAt", "2098-12-31T23:59:29.000Z");
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool repetition_submits_nothing(void)
{
    return is_settled(SHOP_TOKEN) && is_settled(SHOP_TOKEN) && f.shop.submissions == 1;
}

/* A copy comes while the first one's submission is on its way. */
static bool copies_submit_once(void)
{
    const struct shop_ask ask = fac_ask(&f, "/settle", SHOP_TOKEN);
    struct shop_errand *first = shop_begin(&f.shop, &ask), *second;

    while (first->action.kind != KX_DO_SUBMIT)
        cr_assert(shop_step(first));
    second = shop_begin(&f.shop, &ask);
    for (int i = 0; i < 8; i++)
        (void)shop_step(second);
    (void)shop_step(first);
    shop_drop(first);
    shop_drop(second);
    return f.shop.submissions == 1;
}

static bool nobody_is_served(void)
{
    return !is_settled(NULL) && f.shop.submissions == 0;
}

static bool front_of_token_is_none(void)
{
    return !is_settled("alice-token");
}

static bool other_tenant_is_told_nothing(void)
{
    return is_settled(SHOP_TOKEN) && !is_settled(SHOP_TOKEN_B);
}

static bool other_network_is_refused(void)
{
    f.shop.core.network = KASPA_MAINNET;
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool other_mode_is_refused(void)
{
    static const struct kx_fac_core verify = {X402_MODE_VERIFY};

    f.shop.core.fac = &verify;
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool requirements_count(void)
{
    kx_world_edit(f.body, "paymentRequirements.amount", "\"30000000\"");
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool hash_is_required(void)
{
    json_object_del(f.body, "requestHash");
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool hash_is_compared(void)
{
    kx_world_edit(f.body, "requestHash",
                  "\"0000000000000000000000000000000000000000000000000000000000000001\"");
    return !is_settled(SHOP_TOKEN) && f.shop.submissions == 0;
}

static bool pending_is_told(void)
{
    struct fac_reply reply;
    bool is_right;

    f.shop.accepts = false;
    reply = fac_settle(&f);
    is_right = strcmp(fac_text(&reply, "errorReason"), "settlement_pending") == 0;
    fac_drop(&reply);
    return is_right;
}

static bool says(const char *member, const char *text)
{
    struct fac_reply reply = fac_settle(&f);
    bool is_right = text != NULL ? strcmp(fac_text(&reply, member), text) == 0
                                 : fac_text(&reply, member)[0] != '\0';

    fac_drop(&reply);
    return is_right;
}

static bool success_names_transaction(void)
{
    return says("transaction", NULL);
}

static bool success_names_network(void)
{
    return says("network", "kaspa:testnet-10");
}

static int status_of(const char *text, const char *type)
{
    struct shop_ask ask = fac_ask(&f, "/settle", SHOP_TOKEN);

    if (text != NULL)
        ask.body = text;
    ask.type = type;
    return shop_send(&f.shop, &ask).status;
}

static bool members_are_there_once(void)
{
    const struct shop_ask ask = fac_ask(&f, "/settle", SHOP_TOKEN);

    return status_of(assay_arena_printf(&f.shop.arena, "{\"x402Version\":2,%s", ask.body + 1),
                     "application/json") == 400;
}

static bool media_is_json(void)
{
    return status_of(NULL, "text/plain") == 400;
}

static bool nonsense_is_no_failure(void)
{
    return status_of("{", "application/json") == 400;
}

static bool charset_may_be_named(void)
{
    return status_of(NULL, "application/json; charset=utf-8") == 200;
}

static bool tenants_are_counted_apart(void)
{
    char one[X402_HASH_TEXT_BYTES], other[X402_HASH_TEXT_BYTES];

    kx_core_caller(one, &f.shop.core, ASSAY_LIT("Bearer " SHOP_TOKEN));
    kx_core_caller(other, &f.shop.core, ASSAY_LIT("Bearer " SHOP_TOKEN_B));
    return strcmp(one, other) != 0;
}

static bool slash_is_another_path(void)
{
    struct shop_ask ask = fac_ask(&f, "/settle/", SHOP_TOKEN);

    return shop_send(&f.shop, &ask).status == 404;
}

static bool supported_is(bool (*is_right)(const json_t *said))
{
    struct fac_reply reply = fac_send(&f, "/supported", NULL);
    bool right = is_right(reply.said);

    fac_drop(&reply);
    return right;
}

static bool has_one_kind(const json_t *said)
{
    return json_array_size(json_object_get(said, "kinds")) == 1;
}

static bool signs_for_its_network(const json_t *said)
{
    return json_object_get(json_object_get(said, "signers"), "kaspa:testnet-10") != NULL;
}

static bool lists_what_it_serves(void)
{
    return supported_is(has_one_kind);
}

static bool lists_signers_by_network(void)
{
    return supported_is(signs_for_its_network);
}

static const struct {
    const char *defect;
    bool (*holds)(void);
} probes[] = {
    {"fac.verify.submits", verify_submits_nothing},
    {"fac.settle.trusts", settle_verifies},
    {"fac.settle.repeats", repetition_submits_nothing},
    {"fac.settle.races", copies_submit_once},
    {"fac.auth.none", nobody_is_served},
    {"fac.auth.prefix", front_of_token_is_none},
    {"fac.tenant.shared", other_tenant_is_told_nothing},
    {"fac.kind.network", other_network_is_refused},
    {"fac.kind.mode", other_mode_is_refused},
    {"fac.requirements.echoed", requirements_count},
    {"fac.hash.optional", hash_is_required},
    {"fac.hash.inferred", hash_is_compared},
    {"fac.outcome.pending_failed", pending_is_told},
    {"fac.outcome.without_transaction", success_names_transaction},
    {"fac.outcome.other_network", success_names_network},
    {"fac.form.members_twice", members_are_there_once},
    {"fac.form.media_any", media_is_json},
    {"fac.form.fails", nonsense_is_no_failure},
    {"fac.form.path_lenient", slash_is_another_path},
    {"fac.served.media_exact", charset_may_be_named},
    {"fac.limits.shared", tenants_are_counted_apart},
    {"fac.supported.more", lists_what_it_serves},
    {"fac.supported.signers", lists_signers_by_network},
};

TestSuite(kx_fac_defects, .fini = ref_defect_all_off);

static bool holds(bool (*probe)(void), const char *defect)
{
    bool held;

    fac_open(&f);
    if (defect != NULL)
        cr_assert_eq(ref_defect_switch_on(assay_str(defect), NULL), ASSAY_OK, "%s", defect);
    held = probe();
    ref_defect_all_off();
    fac_close(&f);
    return held;
}

Test(kx_fac_defects, show)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        cr_expect(holds(probes[i].holds, NULL), "%s: without it", probes[i].defect);
        cr_expect_not(holds(probes[i].holds, probes[i].defect), "%s: with it", probes[i].defect);
    }
}

Test(kx_fac_defects, are_all_looked_for)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const char *id = ref_defect_at((enum ref_defect_id)i)->id;
        size_t at = 0;

        if (strncmp(id, "fac.", strlen("fac.")) != 0)
            continue;
        while (at < ARRAY_LEN(probes) && strcmp(probes[at].defect, id) != 0)
            at++;
        cr_expect_lt(at, ARRAY_LEN(probes), "%s is in no table here", id);
    }
}

/* A defect is a wrong turn, not a broken facilitator. */
Test(kx_fac_defects, leave_the_honest_payment_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        fac_open(&f);
        cr_assert_eq(ref_defect_switch_on(assay_str(probes[i].defect), NULL), ASSAY_OK);
        cr_expect(is_settled(SHOP_TOKEN), "%s", probes[i].defect);
        ref_defect_all_off();
        fac_close(&f);
    }
}
