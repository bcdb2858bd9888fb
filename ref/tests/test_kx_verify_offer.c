/* Exact payments with one defect each: the offer, the payload and the deadlines. */
#include "ref/tests/kx_rows.h"

#include <stdlib.h>

#define H64 "5555555555555555555555555555555555555555555555555555555555555555"

static void offer_testnet_11(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "network", "kaspa:testnet-11");
}

static void offer_other_asset(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "asset", "BTC");
}

static void offer_mainnet(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "network", "kaspa:mainnet");
}

static void offer_no_address(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "payTo", "kaspatest:qqqq");
}

static void offer_escrow(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "paymentFlow", "escrow");
}

static void offer_other_script(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "payToScriptPublicKey", "000051");
}

static void offer_version_1(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "binding", "kaspa-exact-v1");
}

static void offer_zero(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "amount", "0");
}

static void offer_no_number(struct kx_world *w)
{
    kx_world_set(kx_world_terms(w), "amount", "1e3");
}

static void offer_half_a_head(struct kx_world *w)
{
    (void)json_object_del(kx_world_extra(w), "headVersion");
}

static void offer_high_threshold(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "additiveThresholdSompi", "20000001");
}

static void offer_other_redeem(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "headRedeemScript", "51");
}

static void offer_other_guard(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "nextGuard", H64);
}

static void offer_challenge_without_time(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "challengeExpiresAt", "soon");
}

static void offer_challenge_of_no_text(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "challengeExpiresAt", "");
}

static void offer_early_challenge(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "challengeExpiresAt", "2098-12-31T23:59:29.999Z");
}

static json_t *accept_copy(struct kx_world *w)
{
    w->accepted = json_deep_copy(kx_world_terms(w));
    return w->accepted;
}

static void accept_less(struct kx_world *w)
{
    kx_world_set(accept_copy(w), "amount", "1");
    w->outputs[0].value = 1000000;
}

static void accept_longer(struct kx_world *w)
{
    kx_world_edit(accept_copy(w), "maxTimeoutSeconds", "61");
}

static void accept_note(struct kx_world *w)
{
    kx_world_edit(accept_copy(w), "extra.note", "\"x\"");
}

static void accept_stranger(struct kx_world *w)
{
    json_t *terms = accept_copy(w);
    struct kaspa_spk spk = {.script = kx_world_script(w, &w->stranger)};
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;

    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    kx_world_set(terms, "payTo", text);
    (void)json_object_set_new(json_object_get(terms, "extra"), "payToScriptPublicKey",
                              kx_world_spk_hex(spk.script));
    w->outputs[0].spk = spk;
}

static void drop_identifier(struct kx_world *w)
{
    (void)json_object_del(kx_world_info(w), "id");
}

static void drop_extension(struct kx_world *w)
{
    (void)json_object_del(w->payment, "extensions");
}

static void alter_schema(struct kx_world *w)
{
    kx_world_edit(w->payment, "extensions.payment-identifier.schema.title", "\"x\"");
}

static void advertise_more(struct kx_world *w)
{
    kx_world_edit(w->required, "extensions.payment-identifier.info.issuer", "\"us\"");
}

static void drop_issuer(struct kx_world *w)
{
    (void)json_object_del(kx_world_info(w), "issuer");
}

static void name_other_profile(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "profile", "hash-chain-additive");
    kx_world_set(kx_world_payload(w), "grantId", H64);
}

static void hide_challenge(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "profile", "standard-native");
    (void)json_object_del(kx_world_payload(w), "challengeId");
}

static void forge_request_hash(struct kx_world *w)
{
    w->request_hash = H64;
}

static void ask_with_post(struct kx_world *w)
{
    w->request.method = ASSAY_LIT("POST");
}

static void ask_for_more(struct kx_world *w)
{
    w->request.url = ASSAY_LIT("https://api.example.test/file?x");
}

static void ask_with_body(struct kx_world *w)
{
    w->request.has_body_text = true;
    w->request.body_text = ASSAY_LIT("");
}

static void name_other_challenge(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "challengeId", H64);
}

static void name_other_grant(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "grantId", H64);
}

static void claim_output_1(struct kx_world *w)
{
    w->output_index = 1;
}

static void head_of_another_id(struct kx_world *w)
{
    w->head.id[0] = 0;
}

static void head_of_another_script(struct kx_world *w)
{
    w->head.spk = ASSAY_LIT("x");
}

static void head_of_another_redeem(struct kx_world *w)
{
    w->head.redeem = ASSAY_LIT("x");
}

static void head_of_next_version(struct kx_world *w)
{
    w->head.version++;
}

static void head_of_another_amount(struct kx_world *w)
{
    w->head.amount++;
}

static void head_of_another_index(struct kx_world *w)
{
    w->head.outpoint.index++;
}

static void head_of_another_txid(struct kx_world *w)
{
    w->head.outpoint.txid.at[31] ^= 1;
}

static void expire_too_late(struct kx_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.001Z";
}

static void expire_never(struct kx_world *w)
{
    w->expires_at = "2098-12-32T00:00:00.001Z";
}

static void spend_another_head(struct kx_world *w)
{
    w->spends[0].outpoint.index = 1;
}

static void want_higher_threshold(struct kx_world *w)
{
    w->with.policy.threshold_min = 10000001;
}

static const struct kx_row rows[] = {
    {"a smaller amount, paid", S, MORE, KX_EXACT_OFFERED, {.offer = accept_less}},
    {"a longer time", S, ALONE, KX_EXACT_OFFERED, {.offer = accept_longer}},
    {"a member more", S, ALONE, KX_EXACT_OFFERED, {.offer = accept_note}},
    {"a member more, to a head", A, ALONE, KX_EXACT_OFFERED, {.offer = accept_note}},
    {"another payee, paid", S, ALONE, KX_EXACT_OFFERED, {.offer = accept_stranger}},
    {"another schema", S, ALONE, KX_EXACT_IDENTIFIER_ECHO, {.payment = alter_schema}},
    {"an advertised member not echoed",
     S,
     ALONE,
     KX_EXACT_IDENTIFIER_ECHO,
     {.offer = advertise_more, .payment = drop_issuer}},
    {"no id", S, ALONE, KX_EXACT_IDENTIFIER, {.payment = drop_identifier}},
    {"no extensions", S, ALONE, KX_EXACT_IDENTIFIER, {.payment = drop_extension}},
    {"testnet-11", S, ALONE, KX_EXACT_NETWORK, {.offer = offer_testnet_11}},
    {"another asset", S, ALONE, KX_EXACT_ASSET, {.offer = offer_other_asset}},
    {"a testnet address on mainnet",
     S,
     ALONE,
     KX_EXACT_PAY_TO,
     {.offer = offer_mainnet},
     .local = KX_LOCAL_NETWORK},
    {"no address", S, ALONE, KX_EXACT_PAY_TO, {.offer = offer_no_address}},
    {"escrow", S, ALONE, KX_EXACT_BINDING, {.offer = offer_escrow}, .local = KX_LOCAL_PAYLOAD},
    {"binding of version 1", S, ALONE, KX_EXACT_BINDING, {.offer = offer_version_1}},
    {"script and address split", S, ALONE, KX_EXACT_BINDING, {.offer = offer_other_script}},
    {"amount 0", S, ALONE, KX_EXACT_AMOUNT, {.offer = offer_zero}},
    {"amount no number", S, ALONE, KX_EXACT_AMOUNT, {.offer = offer_no_number}},
    {"half a head", A, ALONE, KX_EXACT_HEAD_TERMS, {.offer = offer_half_a_head}},
    {"threshold above the amount",
     A,
     ALONE,
     KX_EXACT_HEAD_TERMS,
     {.offer = offer_high_threshold},
     .local = KX_LOCAL_AMOUNT},
    {"redeem script not the head's",
     A,
     ALONE,
     KX_EXACT_HEAD_TERMS,
     {.offer = offer_other_redeem},
     .local = KX_LOCAL_BINDING},
    {"a broken link", H, ALONE, KX_EXACT_HEAD_TERMS, {.offer = offer_other_guard}},
    {"threshold below the server's",
     A,
     ALONE,
     KX_EXACT_HEAD_TERMS,
     {.judge = want_higher_threshold},
     .local = KX_LOCAL_AMOUNT},
    {"another profile", A, ALONE, KX_EXACT_PROFILE, {.payment = name_other_profile}},
    {"a profile without challenge", A, MORE, KX_EXACT_PROFILE, {.payment = hide_challenge}},
    {"a forged request hash", S, MORE, KX_EXACT_REQUEST, {.text = forge_request_hash}},
    {"another method", S, MORE, KX_EXACT_REQUEST, {.judge = ask_with_post}},
    {"another query", A, MORE, KX_EXACT_REQUEST, {.judge = ask_for_more}},
    {"a body", H, MORE, KX_EXACT_REQUEST, {.judge = ask_with_body}},
    {"another challenge", A, ALONE, KX_EXACT_CHALLENGE, {.payment = name_other_challenge}},
    {"another grant", H, ALONE, KX_EXACT_CHALLENGE, {.payment = name_other_grant}},
    {"output 1 of a head's", A, MORE, KX_EXACT_CHALLENGE, {.text = claim_output_1}},
    {"another head", A, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_id}},
    {"a head of another script", A, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_script}},
    {"a head of another redeem script", H, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_redeem}},
    {"a head of the next version", A, ALONE, KX_EXACT_HEAD, {.judge = head_of_next_version}},
    {"a head of another amount", A, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_amount}},
    {"a head at another index", A, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_index}},
    {"a head of another transaction", H, ALONE, KX_EXACT_HEAD, {.judge = head_of_another_txid}},
    {"expiry a millisecond too late", S, ALONE, KX_EXACT_DEADLINES, {.text = expire_too_late}},
    {"expiry no time", S, ALONE, KX_EXACT_DEADLINES, {.text = expire_never}},
    {"challenge no time", A, ALONE, KX_EXACT_DEADLINES, {.offer = offer_challenge_without_time}},
    {"challenge no text", A, ALONE, KX_EXACT_DEADLINES, {.offer = offer_challenge_of_no_text}},
    {"challenge a millisecond too early",
     A,
     ALONE,
     KX_EXACT_DEADLINES,
     {.offer = offer_early_challenge}},
    {"another head spent", A, MORE, KX_EXACT_HEAD, {.offer = spend_another_head}},
};

Test(kx_verify_offer, every_defect_breaks_its_check_first_under_its_name)
{
    kx_rows_expect(rows, ARRAY_LEN(rows), KX_EXACT_OFFERED, KX_EXACT_DEADLINES);
}
