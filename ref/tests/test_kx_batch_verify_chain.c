/* Batch requests with one defect each: the chain, and where a deposit comes from. */
#include "ref/tests/kx_batch_rows.h"

static void judge_29(struct kx_batch_world *w)
{
    w->sight.evidence.acceptance.confirmations = 29;
    w->birth.acceptance.confirmations = 29;
}

/* 500 is the difference of blue scores, and counts for nothing. */
static void judge_inflated(struct kx_batch_world *w)
{
    w->sight.evidence.acceptance.confirmations = 3;
}

static void judge_inconsistent(struct kx_batch_world *w)
{
    struct kx_acceptance *a = &w->sight.evidence.acceptance;

    a->block = a->checkpoint.block;
    a->blue_score = a->checkpoint.blue_score;
}

static void judge_other_evidence(struct kx_batch_world *w)
{
    w->sight.evidence.acceptance.txid.at[0] ^= 1;
}

static void judge_at_lead(struct kx_batch_world *w)
{
    w->sight.daa_score = 123456789 - 1000;
}

static void judge_open_refund(struct kx_batch_world *w)
{
    w->sight.daa_score = 123456789;
}

static void judge_horizon(struct kx_batch_world *w)
{
    w->with.policy.horizon_daa = 23456788;
}

static void judge_no_coin(struct kx_batch_world *w)
{
    w->sight.is_missing = true;
}

static void judge_unbound(struct kx_batch_world *w)
{
    w->sight.coin.has_covenant = false;
}

static void judge_other_lineage(struct kx_batch_world *w)
{
    w->sight.coin.covenant_id.at[0] ^= 1;
}

static void judge_other_script(struct kx_batch_world *w)
{
    w->sight.coin.spk.script.len--;
}

static void judge_other_amount(struct kx_batch_world *w)
{
    w->sight.coin.amount--;
}

static void send_script_of_one(struct kx_batch_world *w)
{
    (void)json_object_set_new(json_object_get(w->payment, "payload"), "activeScriptPublicKey",
                              kx_batch_spk(w, &w->config, 1));
}

static void send_older_template(struct kx_batch_world *w)
{
    struct kx_channel channel = w->config.channel;
    struct kx_lane older;

    channel.template_id = ASSAY_LIT("kaspa-x402-escrow-v4");
    cr_assert_eq(kx_lane_open(&older, &w->lane.arena, w->config.binding, &channel, NULL),
                 KX_LOCAL_NONE);
    (void)json_object_set_new(json_object_get(w->payment, "payload"), "activeScriptPublicKey",
                              kx_batch_spk(w, &older, 0));
}

static void judge_change(struct kx_batch_world *w)
{
    w->birth.output_count = 2;
}

static void judge_two_heads(struct kx_batch_world *w)
{
    w->birth.authorized_count = 2;
}

/* A lineage that somebody else began: everybody names it, and nobody can have computed it. */
static void sign_forged(struct kx_batch_world *w)
{
    memset(w->voucher.covenant_id.at, 0x77, 32);
    w->head.covenant_id = w->voucher.covenant_id;
}

static void judge_from_other_input(struct kx_batch_world *w)
{
    w->birth.spent.index = 1;
}

static void judge_other_acceptance(struct kx_batch_world *w)
{
    w->birth.acceptance.blue_score++;
}

static void judge_other_birth_amount(struct kx_batch_world *w)
{
    w->birth.output.value++;
}

static void judge_other_outpoint(struct kx_batch_world *w)
{
    w->birth.outpoint.txid.at[0] ^= 1;
}

static void sign_no_increase(struct kx_batch_world *w)
{
    w->head.value = w->channel.head.value;
}

static void sign_output_1(struct kx_batch_world *w)
{
    w->head.outpoint.index = 1;
}

static void judge_unbound_output(struct kx_batch_world *w)
{
    w->birth.output.has_covenant = false;
}

static const struct kx_batch_row chain_rows[] = {
    {"29 of 30 confirmations (B48)", V, ALONE, R(CONFIRMED), {.judge = judge_29}, 0},
    {"it of a deposit (B48)", O, ALONE, R(CONFIRMED), {.judge = judge_29}, 0},
    {"3 of 30, 500 by blue score (B49)", V, ALONE, R(CONFIRMED), {.judge = judge_inflated}, 0},
    {"30 up to the accepting block itself (B50)",
     V,
     ALONE,
     R(CONFIRMED),
     {.judge = judge_inconsistent},
     0},
    {"evidence of another transaction", V, ALONE, R(CONFIRMED), {.judge = judge_other_evidence}, 0},
    {"the lead is reached (B89)", V, ALONE, R(REFUND), {.judge = judge_at_lead}, 0},
    {"the refund is open", V, ALONE, R(REFUND), {.judge = judge_open_refund}, 0},
    {"a refund beyond the horizon", V, ALONE, R(REFUND), {.judge = judge_horizon}, 0},
    {"no such coin", V, ALONE, R(COIN), {.judge = judge_no_coin}, 0},
    {"a coin in no covenant", V, ALONE, R(COIN_LINEAGE), {.judge = judge_unbound}, 0},
    {"a coin of another lineage", V, ALONE, R(COIN_LINEAGE), {.judge = judge_other_lineage}, 0},
    {"a coin of another script", V, ALONE, R(COIN_SCRIPT), {.judge = judge_other_script}, 0},
    {"a coin of another amount", V, ALONE, R(COIN_AMOUNT), {.judge = judge_other_amount}, 0},
    {"a script with S = 1 (B55)", O, ALONE, R(ESCROW), {.sent = send_script_of_one}, 0},
    {"a script of another template (B56)", O, ALONE, R(ESCROW), {.sent = send_older_template}, 0},
    {"another address",
     O,
     ALONE,
     R(ESCROW),
     {.sent_edit = "payload.escrowAddress=\"kaspatest:q\""},
     0},
    {"a deposit one short (B15)",
     O,
     ALONE,
     R(DEPOSIT),
     {.offer_edit = "extra.minDepositSompi=\"90000001\""},
     0},
    {"a genesis with change (B51)", O, ALONE, R(GENESIS), {.judge = judge_change}, 0},
    {"a genesis of two heads (B52)", O, ALONE, R(GENESIS), {.judge = judge_two_heads}, 0},
    {"a forged covenant id (B53)", O, ALONE, R(GENESIS), {.sign = sign_forged}, 0},
    {"one of another input (B54)", O, ALONE, R(GENESIS), {.judge = judge_from_other_input}, 0},
    {"a genesis accepted elsewhere", O, ALONE, R(GENESIS), {.judge = judge_other_acceptance}, 0},
    {"a genesis of another amount", O, ALONE, R(GENESIS), {.judge = judge_other_birth_amount}, 0},
    {"a top-up that spends another coin (B80)",
     T,
     ALONE,
     R(TOP_UP),
     {.judge = judge_from_other_input},
     0},
    {"a top-up of two heads", T, ALONE, R(TOP_UP), {.judge = judge_two_heads}, 0},
    {"a top-up that adds nothing", T, ALONE, R(TOP_UP), {.sign = sign_no_increase}, 0},
    {"a genesis in output 1", O, ALONE, R(GENESIS), {.sign = sign_output_1}, 0},
    {"a top-up of another amount", T, ALONE, R(TOP_UP), {.judge = judge_other_birth_amount}, 0},
    {"a top-up out of the lineage", T, ALONE, R(TOP_UP), {.judge = judge_unbound_output}, 0},
    {"a top-up to another outpoint", T, ALONE, R(TOP_UP), {.judge = judge_other_outpoint}, 0},
};

Test(kx_batch_verify, refuses_what_the_chain_does_not_bear_out)
{
    kx_batch_rows_expect(chain_rows, ARRAY_LEN(chain_rows), R(CONFIRMED), R(TOP_UP));
}

/* Sections 8.5 and 9.2: by the input that binds the head, whatever else the transaction makes. */
Test(kx_batch_birth, is_read_of_an_output_that_an_input_binds)
{
    struct kaspa_output outputs[] = {
        {.value = 5, .has_covenant = true, .authorizing_input = 1},
        {.value = 6, .has_covenant = true, .authorizing_input = 0},
        {.value = 7, .has_covenant = false, .authorizing_input = 1},
        {.value = 8, .has_covenant = true, .authorizing_input = 2},
        {.value = 9, .has_covenant = true, .authorizing_input = 1},
    };
    struct kaspa_input inputs[] = {{.previous.index = 10}, {.previous.index = 11}};
    const struct kaspa_tx tx = {.inputs = inputs,
                                .input_count = ARRAY_LEN(inputs),
                                .outputs = outputs,
                                .output_count = ARRAY_LEN(outputs)};
    struct kaspa_outpoint at = {.index = 0};
    struct kx_birth birth = {.output_count = 77};

    at.index = ARRAY_LEN(outputs);
    cr_expect_not(kx_birth_read(&birth, &tx, &at), "no such output");
    at.index = 3;
    cr_expect_not(kx_birth_read(&birth, &tx, &at), "no such input");
    cr_expect_eq(birth.output_count, 77);
    at.index = 0;
    cr_assert(kx_birth_read(&birth, &tx, &at));
    cr_expect_eq(birth.spent.index, 11);
    cr_expect_eq(birth.output.value, 5);
    cr_expect_eq(birth.authorized_count, 2);
    cr_expect_eq(birth.output_count, ARRAY_LEN(outputs));
}
