/* Exact payments with one defect each: what is spent, who authorised it, consensus, and time. */
#include "ref/tests/kx_rows.h"

#include <stdlib.h>

#define H64 "5555555555555555555555555555555555555555555555555555555555555555"

static void judge_at_expiry(struct kx_world *w)
{
    w->with.now_ms = KX_WORLD_NOW_MS + 30000;
}

static void judge_at_end_of_challenge(struct kx_world *w)
{
    judge_at_expiry(w);
    w->with.now_ms += 15000;
}

static void expire_with_challenge(struct kx_world *w)
{
    w->expires_at = KX_WORLD_CHALLENGE_EXPIRES;
}

static json_t *input_text(struct kx_world *w, size_t i)
{
    return json_array_get(json_object_get(w->text, "inputs"), i);
}

static void change_to_stranger(struct kx_world *w)
{
    w->made[1].spk.script = kx_world_script(w, &w->stranger);
}

static void spend_by_ecdsa(struct kx_world *w)
{
    uint8_t room[KASPA_SPK_ECDSA_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_pubkey_ecdsa(&script, w->payer.compressed);
    w->spends[0].kind = KASPA_SPEND_PUBKEY_ECDSA;
    w->spends[0].utxo.spk.script = assay_arena_copy(&w->arena, assay_buf_view(&script));
}

static json_t *sign_text(struct kx_world *w, size_t i, const char *from, const char *to)
{
    json_t *in = input_text(w, i);
    char *text = strdup(json_string_value(json_object_get(in, "signatureScript")));
    size_t len = strlen(text);

    if (from != NULL)
        memcpy(text, from, strlen(from));
    if (to != NULL)
        memcpy(text + len - strlen(to), to, strlen(to));
    kx_world_set(in, "signatureScript", text);
    free(text);
    return in;
}

static void sign_wrongly(struct kx_world *w)
{
    (void)sign_text(w, w->plan.spend_count - 1, "41000000", NULL);
}

static void sign_with_flag_00(struct kx_world *w)
{
    (void)sign_text(w, 0, NULL, "00");
}

static void sign_with_flag_03(struct kx_world *w)
{
    (void)sign_text(w, 0, NULL, "03");
}

static void sign_with_flag_41(struct kx_world *w)
{
    (void)sign_text(w, 0, NULL, "41");
}

static void sign_with_flag_ff(struct kx_world *w)
{
    (void)sign_text(w, 0, NULL, "ff");
}

static void sign_with_other_flag(struct kx_world *w)
{
    (void)sign_text(w, 0, NULL, "02");
}

static void push_by_other_opcode(struct kx_world *w)
{
    (void)sign_text(w, 0, "40", NULL);
}

static void sign_with_nothing(struct kx_world *w)
{
    kx_world_set(input_text(w, 0), "signatureScript", "");
}

static void say_head_is_worth_more(struct kx_world *w)
{
    w->hints[0].amount++;
    w->made[1].value++;
}

static void say_head_is_of_stranger(struct kx_world *w)
{
    w->hints[0].spk.script = kx_world_script(w, &w->stranger);
}

static void say_head_is_of_version_1(struct kx_world *w)
{
    w->hints[0].spk.version = 1;
}

static void take_owners_branch(struct kx_world *w)
{
    (void)sign_text(w, 0, "51", NULL);
}

static void push_longer(struct kx_world *w)
{
    json_t *in = input_text(w, 0);
    const char *text = json_string_value(json_object_get(in, "signatureScript"));
    char longer[256];

    (void)snprintf(longer, sizeof(longer), "004c%s", text + 2);
    kx_world_set(in, "signatureScript", longer);
}

static void forge_amount(struct kx_world *w)
{
    w->hints[0].amount++;
}

static void know_the_amount(struct kx_world *w)
{
    w->coins[0].amount--;
}

static void find_another_amount(struct kx_world *w)
{
    w->coins[w->plan.spend_count - 1].amount++;
}

static void find_another_script(struct kx_world *w)
{
    w->coins[w->plan.spend_count - 1].spk.script = kx_world_script(w, &w->stranger);
}

static void find_nothing(struct kx_world *w)
{
    w->is_missing[w->plan.spend_count - 1] = true;
    w->with.is_missing = w->is_missing;
}

static void find_no_covenant(struct kx_world *w)
{
    w->coins[0].has_covenant = false;
}

static void find_another_covenant(struct kx_world *w)
{
    w->coins[0].covenant_id.at[0] ^= 1;
}

static void authorize_by_head(struct kx_world *w)
{
    w->input_index = 0;
}

static void authorize_by_input_9(struct kx_world *w)
{
    w->input_index = 9;
}

static void authorize_by_stranger(struct kx_world *w)
{
    w->signer = &w->stranger;
}

static void other_digest(struct kx_world *w)
{
    kx_world_edit(kx_world_payload(w), "authorization.digest", "\"" H64 "\"");
}

static void no_signature(struct kx_world *w)
{
    char zeros[129];

    memset(zeros, '0', 128);
    zeros[128] = '\0';
    kx_world_set(json_object_get(kx_world_payload(w), "authorization"), "signature", zeros);
}

static void open_lock(struct kx_world *w)
{
    w->spends[0].sequence = 0;
}

static void coin_is_too_young(struct kx_world *w)
{
    w->coins[0].block_daa_score = w->pov.daa_score + 1;
}

static void coinbase_is_too_young(struct kx_world *w)
{
    w->coins[0].is_coinbase = true;
    w->pov.daa_score = w->coins[0].block_daa_score + 999;
}

static void mempool(struct kx_world *w)
{
    w->evidence.status = KX_CHAIN_MEMPOOL;
}

static void absent(struct kx_world *w)
{
    w->evidence.status = KX_CHAIN_ABSENT;
}

static void evidence_of_another(struct kx_world *w)
{
    w->evidence.transaction_id.at[0] ^= 1;
}

static void server_wants_confirmed(struct kx_world *w)
{
    w->with.policy.finality = KX_FINALITY_CONFIRMED;
    w->evidence.has_confirmations = true;
    w->evidence.confirmations = 29;
}

static void offer_confirmed(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "finality", "confirmed");
}

static const struct kx_row rows[] = {
    {"an ECDSA coin", S, MORE, KX_EXACT_FUNDING, {.offer = spend_by_ecdsa}},
    {"a wrong signature", S, MORE, KX_EXACT_FUNDING, {.text = sign_wrongly}},
    {"a wrong signature beside a head", A, MORE, KX_EXACT_FUNDING, {.text = sign_wrongly}},
    {"flag 00", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_flag_00}},
    {"flag 03", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_flag_03}},
    {"flag 41", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_flag_41}},
    {"flag ff", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_flag_ff}},
    {"another flag than signed", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_other_flag}},
    {"another push", S, MORE, KX_EXACT_FUNDING, {.text = push_by_other_opcode}},
    {"no signature of the coin", S, MORE, KX_EXACT_FUNDING, {.text = sign_with_nothing}},
    {"a head said to be worth more", A, ALONE, KX_EXACT_FUNDING, {.tx = say_head_is_worth_more}},
    {"a head said to be a stranger's", A, MORE, KX_EXACT_FUNDING, {.tx = say_head_is_of_stranger}},
    {"a head said to be of version 1",
     A,
     ALONE,
     KX_EXACT_FUNDING,
     {.tx = say_head_is_of_version_1}},
    {"the owner's branch", A, MORE, KX_EXACT_FUNDING, {.text = take_owners_branch}},
    {"a longer push of the redeem script", A, ALONE, KX_EXACT_FUNDING, {.text = push_longer}},
    {"a forged amount", S, MORE, KX_EXACT_HINTS, {.tx = forge_amount, .judge = know_the_amount}},
    {"another amount on the chain", A, MORE, KX_EXACT_HINTS, {.judge = find_another_amount}},
    {"another script on the chain", S, MORE, KX_EXACT_HINTS, {.judge = find_another_script}},
    {"nothing to spend", S, MORE, KX_EXACT_HINTS, {.judge = find_nothing}},
    {"a head in no covenant", H, MORE, KX_EXACT_HINTS, {.judge = find_no_covenant}},
    {"a head in another covenant", H, MORE, KX_EXACT_HINTS, {.judge = find_another_covenant}},
    {"authorised by the head", A, ALONE, KX_EXACT_SIGNER, {.text = authorize_by_head}},
    {"authorised by the hash-chain's head", H, ALONE, KX_EXACT_SIGNER, {.text = authorize_by_head}},
    {"authorised by no input", S, ALONE, KX_EXACT_SIGNER, {.text = authorize_by_input_9}},
    {"authorised by a stranger", S, ALONE, KX_EXACT_AUTHORIZATION, {.text = authorize_by_stranger}},
    {"another digest", S, ALONE, KX_EXACT_AUTHORIZATION, {.payment = other_digest}},
    {"a signature of zeros", A, ALONE, KX_EXACT_AUTHORIZATION, {.payment = no_signature}},
    {"change to a stranger", S, ALONE, KX_EXACT_CHANGE, {.tx = change_to_stranger}},
    {"change to a stranger beside a head", A, ALONE, KX_EXACT_CHANGE, {.tx = change_to_stranger}},
    {"change to a stranger of a hash-chain", H, ALONE, KX_EXACT_CHANGE, {.tx = change_to_stranger}},
    {"a closed lock",
     S,
     ALONE,
     KX_EXACT_CONSENSUS,
     {.offer = open_lock, .judge = coin_is_too_young}},
    {"a young coinbase", S, ALONE, KX_EXACT_CONSENSUS, {.judge = coinbase_is_too_young}},
    {"expired to the millisecond", S, ALONE, KX_EXACT_LIVE, {.judge = judge_at_expiry}},
    {"expired with its challenge",
     A,
     ALONE,
     KX_EXACT_LIVE,
     {.text = expire_with_challenge, .judge = judge_at_end_of_challenge}},
    {"mempool", S, ALONE, KX_EXACT_FINALITY, {.judge = mempool}},
    {"absent", A, ALONE, KX_EXACT_FINALITY, {.judge = absent}},
    {"evidence of another transaction",
     S,
     ALONE,
     KX_EXACT_FINALITY,
     {.judge = evidence_of_another}},
    {"confirmed by policy", S, ALONE, KX_EXACT_FINALITY, {.judge = server_wants_confirmed}},
    {"confirmed by offer", S, ALONE, KX_EXACT_FINALITY, {.offer = offer_confirmed}},
};

Test(kx_verify_funding, every_defect_breaks_its_check_first_under_its_name)
{
    kx_rows_expect(rows, ARRAY_LEN(rows), KX_EXACT_FUNDING, KX_EXACT_FINALITY);
}
