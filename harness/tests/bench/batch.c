/* What judging channels costs beside the signatures that it cannot avoid, in one run: a voucher
 * from its parsed form, and a claim with its scripts. Usage: bench-batch. */
#include "harness/tests/bench/pair.h"
#include "kaspa/build.h"
#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/batch_tx.h"
#include "kaspa_x402/kx.h"

enum { ARENA_BYTES = 1 << 24 };

#define VALUE UINT64_C(900000000)
#define TOTAL UINT64_C(300000000)

struct world {
    struct assay_arena arena;
    struct assay_key client, server;
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES], refund_address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kx_lane lane;
    struct kx_lane_head head;
    struct kx_voucher voucher;
    uint8_t digest[32], signature[ASSAY_SIG_BYTES];
    struct kx_batch_artifact claim;
    size_t wrong; /* how often something was not what it must be */
};

static void bare_signature(void *world)
{
    struct world *w = world;

    w->wrong += assay_schnorr_verify(w->signature, w->digest, w->client.xonly) != ASSAY_SIG_GOOD;
}

static void voucher(void *world)
{
    struct world *w = world;

    w->wrong += kx_voucher_verify(w->lane.binding, &w->voucher, w->signature, w->client.xonly) !=
                ASSAY_SIG_GOOD;
}

/* The voucher's, and the server's of the transaction. */
static void both_signatures(void *world)
{
    bare_signature(world);
    bare_signature(world);
}

static void claim(void *world)
{
    struct world *w = world;
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    const struct kx_batch_tx with = {.kind = KX_BATCH_CLAIM,
                                     .lane = &w->lane,
                                     .head = &w->head,
                                     .tx = &w->claim.tx,
                                     .utxos = w->claim.utxos,
                                     .fee_max = KX_BATCH_FEE_MAX_DEFAULT,
                                     .arena = &arena};
    struct kx_batch_tx_verdict verdict;

    kx_batch_tx_verify(&verdict, &with);
    w->wrong += verdict.outcome == KASPA_INVALID ||
                verdict.checks[KX_BATCH_TX_SCRIPT].result != KASPA_CHECK_HELD;
    assay_arena_fini(&arena);
}

static void address_of(char *text, const struct assay_key *key)
{
    struct kaspa_address address = {
        .network = KASPA_TESTNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};

    memcpy(address.payload, key->xonly, ASSAY_XONLY_BYTES);
    kaspa_address_encode(text, &address);
}

static enum assay_code open_channel(struct world *w, struct assay_err *err)
{
    struct kx_channel channel = {.network = ASSAY_LIT(KX_NETWORK_TESTNET),
                                 .template_id = ASSAY_LIT(KX_ESCROW_V5_TEMPLATE),
                                 .refund_timeout_daa = 1000000};

    kaspa_key_from_seed(&w->client, ASSAY_LIT("bench"), ASSAY_LIT("client"));
    kaspa_key_from_seed(&w->server, ASSAY_LIT("bench"), ASSAY_LIT("server"));
    address_of(w->pay_to, &w->server);
    address_of(w->refund_address, &w->client);
    channel.pay_to = assay_str(w->pay_to);
    channel.refund_address = assay_str(w->refund_address);
    memcpy(channel.client, w->client.xonly, sizeof(channel.client));
    memcpy(channel.server, w->server.xonly, sizeof(channel.server));
    w->head = (struct kx_lane_head){.value = VALUE, .covenant_id.at = {1}, .outpoint.txid.at = {2}};
    return kx_lane_open(&w->lane, &w->arena, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")),
                        &channel, err) == KX_LOCAL_NONE
               ? ASSAY_OK
               : ASSAY_E_MALFORMED;
}

static enum assay_code sign_voucher(struct world *w)
{
    w->voucher = (struct kx_voucher){
        .network = w->lane.channel.network, .covenant_id = w->head.covenant_id, .amount = TOTAL};
    kx_voucher_digest(w->digest, w->lane.binding, &w->voucher);
    return assay_schnorr_sign(w->signature, w->digest, &w->client, NULL);
}

static enum assay_code prepare(struct world *w, struct assay_err *err)
{
    const struct kx_batch_plan plan = {.kind = KX_BATCH_CLAIM,
                                       .lane = &w->lane,
                                       .head = &w->head,
                                       .fee = 1000000,
                                       .amount = TOTAL,
                                       .total = TOTAL,
                                       .voucher = w->signature,
                                       .provider.key = &w->server};
    enum assay_code rc;

    if ((rc = open_channel(w, err)) != ASSAY_OK || (rc = sign_voucher(w)) != ASSAY_OK)
        return rc;
    return kx_batch_tx_build(&w->claim, &w->arena, &plan, err);
}

int main(void)
{
    static const struct bench_pair pairs[] = {
        {"a parsed voucher, of bare Schnorr", bare_signature, voucher, 400, 85},
        {"a claim with its scripts, of its two Schnorr", both_signatures, claim, 200, 50},
    };
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES)};
    struct assay_err err = {0};
    bool ok = prepare(&w, &err) == ASSAY_OK;

    if (!ok)
        fprintf(stderr, "bench-batch: no claim: %s\n", err.text);
    for (size_t i = 0; ok && i < ARRAY_LEN(pairs); i++)
        bench_measure(&pairs[i], &w);
    if (ok && w.wrong > 0) {
        fprintf(stderr, "bench-batch: %zu results were not as they must be\n", w.wrong);
        ok = false;
    }
    assay_key_wipe(&w.client);
    assay_key_wipe(&w.server);
    assay_arena_fini(&w.arena);
    return ok ? 0 : 1;
}
