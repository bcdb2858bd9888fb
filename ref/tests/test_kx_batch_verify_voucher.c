/* Batch requests with one defect each: what the client signed, and what it comes to. */
#include "ref/tests/kx_batch_rows.h"

#include "base/hash.h"

#define H64 "abcdef7171717171717171717171717171717171717171717171717171717171"
#define PRESENTATION "payload.presentation."

static void sign_other_lineage(struct kx_batch_world *w)
{
    w->voucher.covenant_id.at[0] ^= 1;
}

static void sign_two_amounts(struct kx_batch_world *w)
{
    w->voucher.amount += 1000000;
}

static void sign_one_more(struct kx_batch_world *w)
{
    w->voucher.amount++;
}

static void sign_unchanged(struct kx_batch_world *w)
{
    w->voucher.amount -= 1000000;
}

static void sign_older(struct kx_batch_world *w)
{
    w->voucher.amount -= 2000000;
}

static void judge_full(struct kx_batch_world *w)
{
    w->channel.accounts = (struct kx_accounts){.funding = INT64_MAX,
                                               .authorized = INT64_MAX,
                                               .charged = INT64_MAX,
                                               .claimed = INT64_MAX,
                                               .reserve = 2000000};
}

static void judge_pending(struct kx_batch_world *w)
{
    w->channel.accounts.authorized += 500000;
}

static void judge_reserve_short(struct kx_batch_world *w)
{
    w->channel.accounts.funding = 9999999; /* (25000000 - 17000000) + 2000000 is one more */
}

static void sign_by_server(struct kx_batch_world *w)
{
    w->voucher_signer = &w->lane.server;
}

static void sign_on_mainnet(struct kx_batch_world *w)
{
    w->voucher.network = ASSAY_LIT(KX_NETWORK_MAINNET);
}

static void sign_in_older_domain(struct kx_batch_world *w)
{
    w->voucher_binding = &kx_batch_bindings[1];
}

/* The prototype's voucher (H1): the sum alone. */
static void send_sum_alone(struct kx_batch_world *w)
{
    uint8_t sum[8], digest[ASSAY_SHA256_BYTES], signature[ASSAY_SIG_BYTES];
    json_t *payload = json_object_get(w->payment, "payload");

    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(w->voucher.amount >> 8 * i);
    assay_sha256(digest, assay_bytes_of(sum, sizeof(sum)));
    cr_assert_eq(assay_schnorr_sign(signature, digest, &w->lane.client, NULL), ASSAY_OK);
    (void)json_object_set_new(json_object_get(payload, "voucher"), "signature",
                              kx_world_hex(assay_bytes_of(signature, sizeof(signature))));
}

static void judge_other_url(struct kx_batch_world *w)
{
    w->request.url = ASSAY_LIT("https://api.example.com/other.pdf");
}

static void judge_other_method(struct kx_batch_world *w)
{
    w->request.method = ASSAY_LIT("POST");
}

static void judge_other_body(struct kx_batch_world *w)
{
    w->request.body_text = ASSAY_LIT("x");
    w->request.has_body_text = true;
}

static void sign_at_no_date(struct kx_batch_world *w)
{
    w->expires_at = "2026-02-30T02:00:30.000Z";
}

static void sign_too_far(struct kx_batch_world *w)
{
    w->expires_at = "2026-09-09T02:01:00.001Z";
}

static void sign_just_now(struct kx_batch_world *w)
{
    w->expires_at = "2026-09-09T02:00:00Z";
}

static void judge_later(struct kx_batch_world *w)
{
    w->with.now_ms += 30000;
}

static void sign_presentation_by_server(struct kx_batch_world *w)
{
    w->presentation_signer = &w->lane.server;
}

static void judge_claiming(struct kx_batch_world *w)
{
    w->channel.is_claiming = true;
}

static void judge_corrupt(struct kx_batch_world *w)
{
    w->channel.accounts.charged++;
}

static const struct kx_batch_row voucher_rows[] = {
    {"another client (B45)",
     V,
     ALONE,
     R(CLIENT),
     {.sent_edit = "payload.clientPublicKey=\"" H64 "\""},
     0},
    {"the head before the last claim (B46)",
     V,
     ALONE,
     R(HEAD),
     {.sent_edit = "payload.fundingOutpoint.index=1"},
     0},
    {"another script (B47)",
     V,
     ALONE,
     R(HEAD),
     {.sent_edit = "payload.activeScriptPublicKey=\"0000aa20" H64 "87\""},
     0},
    {"the stored deposit with another amount",
     S,
     ALONE,
     R(HEAD),
     {.sent_edit = "payload.fundingAmountSompi=\"90000001\""},
     0},
    {"a voucher for another lineage (B05)", V, MORE, R(LINEAGE), {.sign = sign_other_lineage}, 0},
    {"it with a top-up", T, MORE, R(LINEAGE), {.sign = sign_other_lineage}, 0},
    {"two amounts (B09)", V, ALONE, R(TOTAL), {.sign = sign_two_amounts}, 0},
    {"one more (B09)", V, ALONE, R(TOTAL), {.sign = sign_one_more}, 0},
    {"an unchanged total (B10)", V, ALONE, R(TOTAL), {.sign = sign_unchanged}, 0},
    {"an older total (B11)", V, ALONE, R(TOTAL), {.sign = sign_older}, 0},
    {"a total of a new lane that is not the amount",
     O,
     ALONE,
     R(TOTAL),
     {.sign = sign_one_more},
     0},
    {"a total that would wrap (B13)", V, ALONE, R(TOTAL), {.judge = judge_full}, 0},
    {"another request in flight", V, ALONE, R(TOTAL), {.judge = judge_pending}, 0},
    {"stored sums that are wrong", V, ALONE, R(ACCOUNTS), {.judge = judge_corrupt}, 0},
    {"a reserve that does not fit (B14)", V, ALONE, R(ACCOUNTS), {.judge = judge_reserve_short}, 0},
    {"a voucher by the server", V, ALONE, R(VOUCHER), {.sign = sign_by_server}, 0},
    {"a voucher for mainnet (B04)", V, MORE, R(VOUCHER), {.sign = sign_on_mainnet}, 0},
    {"a voucher of the second binding (B07, B120)",
     V,
     MORE,
     R(VOUCHER),
     {.sign = sign_in_older_domain},
     0},
    {"a voucher over its sum alone (B01)", V, ALONE, R(VOUCHER), {.sent = send_sum_alone}, 0},
    {"another resource (B18)", V, ALONE, R(PRESENTED), {.judge = judge_other_url}, 0},
    {"another method (B18)", V, ALONE, R(PRESENTED), {.judge = judge_other_method}, 0},
    {"another body (B18)", V, ALONE, R(PRESENTED), {.judge = judge_other_body}, 0},
    {"a presentation of other terms (B19)",
     V,
     ALONE,
     R(PRESENTED),
     {.bind_edit = "acceptedRequirementsHash=\"" H64 "\""},
     0},
    {"of another caller",
     V,
     ALONE,
     R(PRESENTED),
     {.bind_edit = "securityContextHash=\"" H64 "\""},
     0},
    {"of another channel", V, ALONE, R(PRESENTED), {.bind_edit = "channelId=\"" H64 "\""}, 0},
    {"of another lineage (B05)",
     V,
     ALONE,
     R(PRESENTED),
     {.bind_edit = "covenantId=\"" H64 "\""},
     0},
    {"of another voucher", V, ALONE, R(PRESENTED), {.bind_edit = "voucherDigest=\"" H64 "\""}, 0},
    {"of another identifier (B32)",
     V,
     ALONE,
     R(PRESENTED),
     {.bind_edit = "paymentIdentifier=\"batch_world_identifier_2\""},
     0},
    {"of no identifier (B32)", V, ALONE, R(PRESENTED), {.bind_edit = "paymentIdentifier=null"}, 0},
    {"a nonce that was not signed (B21)",
     V,
     ALONE,
     R(DIGEST),
     {.sent_edit = PRESENTATION "nonce=\"" H64 "\""},
     0},
    {"an expiry that was not signed (B21)",
     V,
     ALONE,
     R(DIGEST),
     {.sent_edit = PRESENTATION "expiresAt=\"2026-09-09T02:00:31.000Z\""},
     0},
    {"its other spelling",
     V,
     ALONE,
     R(DIGEST),
     {.sent_edit = PRESENTATION "expiresAt=\"2026-09-09T02:00:30Z\""},
     0},
    {"another digest", V, ALONE, R(DIGEST), {.sent_edit = PRESENTATION "digest=\"" H64 "\""}, 0},
    {"an expiry at no date (B22)", V, ALONE, R(EXPIRY), {.sign = sign_at_no_date}, 0},
    {"an expiry too far away (B24)", V, ALONE, R(EXPIRY), {.sign = sign_too_far}, 0},
    {"a presentation by the server",
     V,
     ALONE,
     R(PRESENTATION),
     {.sign = sign_presentation_by_server},
     0},
    {"a presentation that expires now (B23)", V, ALONE, R(LIVE), {.sign = sign_just_now}, 0},
    {"one that has expired meanwhile (B25)", V, ALONE, R(LIVE), {.judge = judge_later}, 0},
    {"a claim under way (B34)", V, ALONE, R(CLAIMING), {.judge = judge_claiming}, 0},
};

Test(kx_batch_verify, refuses_what_the_client_did_not_sign_for_this)
{
    kx_batch_rows_expect(voucher_rows, ARRAY_LEN(voucher_rows), R(CLIENT), R(CLAIMING));
}
