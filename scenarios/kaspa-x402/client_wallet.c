/* Threat payer-drain, by the wallet: what it has signed is not what it was asked for, or it gives
 * no answer that can be used. Nothing of that is sent. */
#include "peer/kaspa-x402/client.h"

static const struct wallet {
    const char *name;
    struct kaspa_wallet_behaviour how;
    unsigned wallet_ms; /* 0: the usual */
} wallets[] = {
    {"pays another payee", {.lie = KASPA_WALLET_OTHER_PAYEE}, 0},
    {"pays one sompi more", {.lie = KASPA_WALLET_MORE}, 0},
    {"pays one sompi less", {.lie = KASPA_WALLET_LESS}, 0},
    {"pays a stranger as well", {.lie = KASPA_WALLET_EXTRA_OUTPUT}, 0},
    {"leaves two KAS to the miners", {.lie = KASPA_WALLET_HIGH_FEE}, 0},
    {"shows another transaction", {.lie = KASPA_WALLET_OTHER_TX}, 0},
    {"names another id", {.lie = KASPA_WALLET_OTHER_ID}, 0},
    {"authorises another request", {.lie = KASPA_WALLET_OTHER_REQUEST}, 0},
    {"authorises for longer", {.lie = KASPA_WALLET_ENDS_LATER}, 0},
    {"lists no coins", {.lie = KASPA_WALLET_UNLISTED_COINS}, 0},
    {"is silent", {.fault = KASPA_WALLET_SILENT, .fault_call = "payExactTransaction"}, 100},
    {"fails", {.fault = KASPA_WALLET_ERROR, .fault_call = "payExactTransaction"}, 0},
    {"gives half an answer",
     {.fault = KASPA_WALLET_MALFORMED, .fault_call = "payExactTransaction"},
     0},
    {"gives an answer of another shape",
     {.fault = KASPA_WALLET_WRONG_SHAPE, .fault_call = "payExactTransaction"},
     0},
    {"gives eight megabytes",
     {.fault = KASPA_WALLET_HUGE,
      .fault_call = "payExactTransaction",
      .large_bytes = (size_t)8 << 20},
     0},
};

SCENARIO(client_sends_only_what_it_asked_for, OF_A_CLIENT,
         .title = "A payment that the wallet has signed otherwise than it was asked is not sent",
         .threat = "payer-drain", .rule = "client.verify-artifact",
         .catches = DEFECTS("client.artifact.unverified", "client.artifact.outputs_unchecked",
                            "client.artifact.fee_unlimited"),
         TABLE(wallets))
{
    const struct wallet *row = case_row(t);

    kxp_wallet_behaves(t, row->how);
    expect_client_refused(
        t, kxp_client_runs(t, (struct kxp_buys){.policy = {.wallet_ms = row->wallet_ms}}),
        KXP_SENDS_NOTHING);
}
