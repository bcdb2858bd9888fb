/* The seeded defects of the client that pays by channel: each does what its sentence says, and the
 * correct client, in the same situation, does not. The trace of the last run is the evidence. */
#include "ref/tests/kx_channel_play.h"

#include "base/hex.h"
#include "defects/defects.h"
#include "ref/tests/seeded.h"

#include <stdio.h>

#ifdef ASSAY_REF_DEFECTS

TestSuite(kx_client_channel_defects, .timeout = 240, .fini = ref_defect_all_off);

#define OTHER_KEY "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"
#define DISTANCE (BATCH_TIMEOUT - BATCH_DAA)

/* What comes before the run that counts, and what is changed for it. */
typedef void change_play(struct kx_channel_play *p);

/* ---- limits ---- */

static void low_deposit(struct kx_channel_play *p)
{
    p->policy.batch.limits.deposit = PLAY_DEPOSIT - 1;
}

static void low_total(struct kx_channel_play *p)
{
    p->policy.batch.limits.total = SHOP_BATCH_PRICE - 1;
}

static void long_lead(struct kx_channel_play *p)
{
    p->policy.batch.limits.refund_lead_daa = DISTANCE + 1;
}

static void at_horizon(struct kx_channel_play *p)
{
    p->policy.batch.limits.refund_horizon_daa = DISTANCE;
}

static void other_server(struct kx_channel_play *p)
{
    p->policy.batch.servers.at[0] = ASSAY_LIT(OTHER_KEY);
}

static void shorter_resource(struct kx_channel_play *p)
{
    p->policy.batch.resources.at[0] = ASSAY_LIT(SHOP_URL "/bat");
}

static void no_node(struct kx_channel_play *p)
{
    p->look_code = ASSAY_E_IO;
}

/* Two purchases are all that the deposit is good for, and have been claimed. */
static void used_up(struct kx_channel_play *p)
{
    p->policy.batch.deposit = 0;
    kx_channel_play_open(p);
    kx_channel_play_run(p);
    kx_channel_play_adopt(p);
}

static void used_up_and_claimed(struct kx_channel_play *p)
{
    used_up(p);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, 2 * SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    p->policy.batch.limits.exposure = 39999999;
}

static void topping_up(struct kx_channel_play *p)
{
    used_up(p);
    kx_channel_play_run(p);
}

/* ---- the offer and the node ---- */

static void offer_otherwise(struct kx_channel_play *p, struct shop_reply *reply, const char *member,
                            const char *value)
{
    if (p->is_paying || reply->offer == NULL)
        return;
    kx_world_edit(batch_entry(reply), member, value);
    for (size_t i = 0; i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_REQUIRED)))
            reply->headers[i].value = assay_str(shop_header(&p->shop.shop, reply->offer));
}

static void offer_old_template(struct kx_channel_play *p, struct shop_reply *reply)
{
    offer_otherwise(p, reply, "extra.templateId", "\"kaspa-x402-escrow-v4\"");
}

static void offer_digest(struct kx_channel_play *p, struct shop_reply *reply)
{
    offer_otherwise(p, reply, "extra.requestHash", "\"" OTHER_KEY "\"");
}

static void handed_over(struct kx_channel_play *p)
{
    p->bend = offer_digest;
}

static void old_template(struct kx_channel_play *p)
{
    p->bend = offer_old_template;
}

static void shallow(struct kx_channel_play *p)
{
    p->confirmations = 1;
}

static void shallow_before(struct kx_channel_play *p)
{
    shallow(p);
    kx_channel_play_run(p);
}

/* Under a voucher that this client has no receipt for. */
static void claimed_beyond(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->shop.total = 2 * SHOP_BATCH_PRICE;
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, 2 * SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
}

static void claimed(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
}

/* ---- the wallet ---- */

static void set_result(json_t *said, const char *member, const char *value)
{
    (void)json_object_set_new(json_object_get(said, "result"), member, json_string(value));
}

static void consent_otherwise(const char *call, json_t *said)
{
    if (strcmp(call, "authorizeBatchPayment") == 0)
        set_result(said, "intentDigest", ZEROS32);
}

static void other_consent(struct kx_channel_play *p)
{
    p->spoil = consent_otherwise;
}

static unsigned kinds; /* that it has told */

/* Its own source of funds once, and then another. */
static void change_source(const char *call, json_t *said)
{
    if (strcmp(call, "sourceKind") == 0 && kinds++ > 0)
        (void)json_object_set_new(said, "result", json_string("vault-treasury"));
}

static void used_up_by_another(struct kx_channel_play *p)
{
    used_up(p);
    kinds = 0;
    p->spoil = change_source;
}

static void low_fee(struct kx_channel_play *p)
{
    p->policy.fee_max = 1;
}

static void sign_otherwise(const char *call, json_t *said)
{
    if (strcmp(call, "signBatchPayment") == 0)
        set_result(said, "voucherSignature", ZEROS32 ZEROS32);
}

static void other_voucher(struct kx_channel_play *p)
{
    p->spoil = sign_otherwise;
}

/* ---- answers ---- */

static const char *edited_member, *edited_value;

static void say_nothing(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (p->is_paying)
        reply->status = 0;
}

static void unresolved(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->job.retries = 0;
    p->bend = say_nothing;
    kx_channel_play_run(p);
    p->bend = NULL;
    p->job.url = ASSAY_LIT(SHOP_URL "/batch?other");
}

/* The folder takes the request, and not its payment. */
static void unsaved(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->fails_save = 2;
}

static void charged(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
}

static void edit_receipt(struct kx_channel_play *p, struct shop_reply *reply)
{
    json_t *receipt;

    if (!p->is_paying || reply->settlement == NULL)
        return;
    receipt = json_deep_copy(reply->settlement);
    kx_world_edit(receipt, edited_member, edited_value);
    if (strcmp(edited_member, "transaction") == 0)
        kx_world_edit(receipt, "extensions.kaspa.commitmentId", edited_value);
    for (size_t i = 0; i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_RESPONSE)))
            reply->headers[i].value = assay_str(shop_header(&p->shop.shop, receipt));
    json_decref(receipt);
}

static void other_commitment(struct kx_channel_play *p)
{
    edited_member = "transaction";
    edited_value = "\"" ZEROS32 "\"";
    p->bend = edit_receipt;
}

static void other_outpoint(struct kx_channel_play *p)
{
    edited_member = "extensions.kaspa.channelState.activeOutpoint.index";
    edited_value = "7";
    p->bend = edit_receipt;
}

/* ---- refusals ---- */

static void edit_told(struct kx_channel_play *p, struct shop_reply *reply)
{
    json_t *told = p->is_paying && reply->offer != NULL ? batch_told(reply) : NULL;

    if (told == NULL)
        return;
    kx_world_edit(told, edited_member, edited_value);
    for (size_t i = 0; i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_REQUIRED)))
            reply->headers[i].value = assay_str(shop_header(&p->shop.shop, reply->offer));
}

static void tell(struct kx_channel_play *p, const char *member, const char *value)
{
    kx_channel_play_open(p);
    p->late = 1;
    edited_member = member;
    edited_value = value;
    p->bend = edit_told;
}

static void higher_total(struct kx_channel_play *p)
{
    tell(p, "authorizedCumulativeAmount", "\"20000000\"");
}

static void other_head(struct kx_channel_play *p)
{
    tell(p, "activeOutpoint.index", "7");
}

static void refused_twice(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->late = 2;
}

/* ---- the end ---- */

static void timed_out(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->shop.daa = p->shop.lane.channel.refund_timeout_daa;
}

static void refunding(struct kx_channel_play *p)
{
    timed_out(p);
    p->shop.daa++;
    p->confirmations = 0;
    kx_channel_play_refund(p);
}

/* ---- runs, and what their traces do not have ---- */

static void add(struct kx_channel_play *p, const char *word)
{
    size_t len = strlen(p->trace);

    cr_assert_lt(strlen(word), sizeof(p->trace) - len);
    memcpy(p->trace + len, word, strlen(word) + 1);
}

static void run_for_keys(struct kx_channel_play *p)
{
    kx_channel_play_run(p);
    add(p, p->keys > 0 ? " key-before" : " no-key-before");
}

static void run_for_fingerprint(struct kx_channel_play *p)
{
    uint8_t handed[32];

    cr_assert_eq(assay_hex_decode(handed, sizeof(handed), ASSAY_LIT(OTHER_KEY), true), ASSAY_OK);
    kx_channel_play_run(p);
    add(p, memcmp(p->fingerprint, handed, sizeof(handed)) == 0 ? " as-handed-over" : " its-own");
}

/* As many digits in a row as only a signature has. */
static void run_for_signature(struct kx_channel_play *p)
{
    size_t most = 0, digits = 0;

    kx_channel_play_run(p);
    for (const char *at = p->outcome.why; *at != '\0'; at++) {
        digits = strchr("0123456789abcdef", *at) != NULL ? digits + 1 : 0;
        most = digits > most ? digits : most;
    }
    add(p, most >= 2 * ASSAY_SIG_BYTES ? " signature-told" : " nothing-told");
}

#define CONSENTED "find look consent:open"

static const struct {
    const char *id;
    change_play *play;
    const char *correct, *broken; /* what the trace holds of the one and not of the other */
    void (*run)(struct kx_channel_play *p);
} rows[] = {
    {"client.channel.deposit_unlimited", low_deposit, "find look refused", CONSENTED,
     kx_channel_play_run},
    {"client.channel.total_unlimited", low_total, "find look refused", CONSENTED,
     kx_channel_play_run},
    {"client.channel.exposure_of_funding", used_up_and_claimed, "look look refused",
     "consent:top-up", kx_channel_play_run},
    {"client.channel.lead_ignored", long_lead, "find look refused", CONSENTED, kx_channel_play_run},
    {"client.channel.horizon_inclusive", at_horizon, "find look refused", CONSENTED,
     kx_channel_play_run},
    {"client.channel.any_server", other_server, "get 402 refused", CONSENTED, kx_channel_play_run},
    {"client.channel.resource_by_beginning", shorter_resource, "get 402 refused", CONSENTED,
     kx_channel_play_run},
    {"client.channel.old_template", old_template, "get 402 refused", CONSENTED,
     kx_channel_play_run},
    {"client.channel.time_of_offer", no_node, "refused", "consent:open", kx_channel_play_run},
    {"client.channel.shallow_genesis", shallow, "unresolved", "sign:1", kx_channel_play_run},
    {"client.channel.consent_unchecked", other_consent, "consent:open refused", "fund",
     kx_channel_play_run},
    {"client.channel.move_unverified", low_fee, "fund refused", "submit", kx_channel_play_run},
    {"client.channel.voucher_unverified", other_voucher, "sign:1 refused", "get+pay",
     kx_channel_play_run},
    {"client.channel.pending_ignored", unresolved, "find refused", "sign:2", kx_channel_play_run},
    {"client.channel.total_forgotten", charged, "sign:2", "sign:1", kx_channel_play_run},
    {"client.channel.receipt_unjudged", other_commitment, "unresolved", "served",
     kx_channel_play_run},
    {"client.channel.receipt_of_any", other_commitment, "unresolved", "served",
     kx_channel_play_run},
    {"client.channel.receipt_state", other_outpoint, "unresolved", "served", kx_channel_play_run},
    {"client.channel.told_total", higher_total, "unresolved", "sign:3", kx_channel_play_run},
    {"client.channel.told_head", other_head, "look save:open:signed unresolved",
     "look save:open:absent", kx_channel_play_run},
    {"client.channel.corrects_for_ever", refused_twice, "unresolved", "served",
     kx_channel_play_run},
    {"client.channel.head_stale", claimed, "served", "refused", kx_channel_play_run},
    {"client.channel.top_up_again", topping_up, "unresolved", "save:topping-up",
     kx_channel_play_run},
    {"client.channel.claims_counted", claimed_beyond, "refused", "sign:3", kx_channel_play_run},
    {"client.channel.key_first", other_consent, "refused no-key-before", "refused key-before",
     run_for_keys},
    {"client.channel.saved_late", unsaved, "save:open:signed refused", "get+pay",
     kx_channel_play_run},
    {"client.channel.opened_again", shallow_before, "await", "fund", kx_channel_play_run},
    {"client.channel.top_up_source", used_up_by_another, "consent:top-up refused", "top-up:1",
     kx_channel_play_run},
    {"client.channel.signature_told", other_commitment, "unresolved nothing-told",
     "unresolved signature-told", run_for_signature},
    {"client.signer.server_hash", handed_over, " its-own", " as-handed-over", run_for_fingerprint},
    {"client.channel.refund_early", timed_out, "look refused", "refund save",
     kx_channel_play_refund},
    {"client.channel.refund_again", refunding, "unresolved", "refund save", kx_channel_play_refund},
};

static void expect_row(size_t i, bool is_on)
{
    struct kx_channel_play *p = kx_channel_play_new();

    if (is_on)
        switch_on(rows[i].id);
    rows[i].play(p);
    rows[i].run(p);
    ref_defect_all_off();
    cr_expect_not_null(strstr(p->trace, is_on ? rows[i].broken : rows[i].correct),
                       "%s: %s: %s (%s)", rows[i].id, is_on ? "on" : "off", p->trace,
                       p->outcome.why);
    cr_expect(is_on || strstr(p->trace, rows[i].broken) == NULL, "%s: off: %s", rows[i].id,
              p->trace);
    kx_channel_play_free(p);
}

Test(kx_client_channel_defects, do_what_they_say_where_the_correct_client_does_not)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_row(i, false);
        expect_row(i, true);
    }
}

static bool is_of_channels(const struct ref_defect *defect)
{
    return strncmp(defect->id, "client.channel.", 15) == 0;
}

/* The two others show in a policy's text and in a folder: the scenarios of clients have them. */
Test(kx_client_channel_defects, are_all_here_but_for_those_of_files)
{
    static const char *const elsewhere[] = {"client.channel.limit_missing",
                                            "client.channel.unsaved"};
    static const struct seeded_ids tables[] = {SEEDED_IDS(rows, id), SEEDED_LIST(elsewhere)};

    seeded_expect_all(is_of_channels, tables, ARRAY_LEN(tables));
}

#endif
