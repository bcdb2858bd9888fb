/* The channel of a bundle; see evidence_world_internal.h. */
#include "ref/tests/evidence_world_internal.h"

#include "kaspa_x402/launch.h"
#include "ref/tests/kx_world.h"

#define ATTEMPT "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"

enum { RESERVE = 2000000 };

struct state {
    uint64_t charged, claimed, authorized, funding;
};

static json_t *state_json(const struct state *s)
{
    return ew_pack(json_pack("{s:o, s:o, s:o, s:o, s:o}", "A", ew_decimal(s->charged), "S",
                             ew_decimal(s->claimed), "T", ew_decimal(s->authorized), "V",
                             ew_decimal(s->funding), "R", ew_decimal(RESERVE)));
}

static json_t *moved_json(struct ew_making *m, const char *kind,
                          const struct kx_batch_artifact *artifact, uint64_t fee,
                          const struct state *state)
{
    struct kx_acceptance acceptance = ew_accept(m, &artifact->id);
    struct kaspa_hash hash = ew_artifact_of(&artifact->tx);
    json_t *step = ew_pack(json_pack("{s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "kind", kind,
                                     "transaction", ew_tx_json(&artifact->tx), "coins",
                                     ew_coins_json(artifact->utxos, artifact->tx.input_count),
                                     "chain", ew_acceptance_json(&acceptance), "broadcast",
                                     ew_broadcast_json(&artifact->tx), "report", "artifactSha256",
                                     ew_hash_text(&hash), "feeSompi", ew_decimal(fee),
                                     "storageMass", ew_decimal(artifact->tx.storage_mass)));

    if (state != NULL)
        ew_set_text(step, "state", state_json(state));
    return step;
}

static json_t *step_json(struct ew_making *m, struct kx_lane_world *lane, enum kx_lane_step step,
                         const char *kind, const struct state *state)
{
    struct kx_batch_artifact artifact;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, lane, step);
    kx_lane_world_build(&artifact, lane, &plan);
    return moved_json(m, kind, &artifact, plan.fee, state);
}

static json_t *voucher_json(struct kx_lane_world *lane, uint64_t amount, const struct state *state)
{
    uint8_t signature[ASSAY_SIG_BYTES];
    struct kx_lane_head head = {.covenant_id = lane->covenant_id};

    kx_lane_world_voucher(signature, lane, &head, state->authorized);
    return ew_pack(json_pack("{s:s, s:{s:o, s:o, s:o}, s:o, s:o}", "kind", "voucher", "voucher",
                             "covenantId", ew_hash_text(&lane->covenant_id),
                             "authorizedCumulativeAmount", ew_decimal(state->authorized),
                             "signature",
                             kx_world_hex(assay_bytes_of(signature, sizeof(signature))), "amount",
                             ew_decimal(amount), "state", state_json(state)));
}

void ew_add_channel(struct ew_making *m, struct kx_lane_world *lane)
{
    const struct state opened = {.funding = 90000000};
    const struct state first_charge = {10000000, 0, 10000000, 90000000};
    const struct state second_charge = {30000000, 0, 30000000, 90000000};
    const struct state first_claim = {30000000, 8000000, 30000000, 82000000};
    const struct state second_claim = {30000000, 17000000, 30000000, 73000000};
    const struct state topped_up = {30000000, 17000000, 30000000, 90000000};
    json_t *first = step_json(m, lane, KX_LANE_GENESIS, "genesis", &opened), *second;

    ew_add_flow(m, KX_FLOW_BATCH_GENESIS, first, voucher_json(lane, 10000000, &first_charge), NULL);
    ew_add_flow(m, KX_FLOW_BATCH_VOUCHER, voucher_json(lane, 20000000, &second_charge), NULL, NULL);
    first = step_json(m, lane, KX_LANE_CLAIM, "claim", &first_claim);
    second = step_json(m, lane, KX_LANE_CLAIM_TWO, "claim", &second_claim);
    ew_add_flow(m, KX_FLOW_BATCH_CLAIMS, first, second, NULL);
    first = step_json(m, lane, KX_LANE_TOP_UP, "top-up", &topped_up);
    ew_add_flow(m, KX_FLOW_BATCH_TOP_UP, first, NULL, NULL);
    first = ew_done_json(ew_pack(json_pack("{s:s, s:s, s:o}", "kind", "reload", "unresolved",
                                           ATTEMPT, "state", state_json(&topped_up))),
                         1, 0);
    ew_add_flow(m, KX_FLOW_BATCH_RESTART, first, NULL, NULL);
}

/* A batch payment with the identifier of the first exact one. */
static json_t *cross_scheme_json(void)
{
    return ew_pack(json_pack(
        "{s:i, s:{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s}}, s:{s:s}, s:{s:{s:{s:b, s:s}, s:{s:s, "
        "s:[s]}}}}",
        "x402Version", 2, "accepted", "scheme", "batch-settlement", "network", KX_NETWORK_TESTNET,
        "amount", "1000000", "asset", "KAS", "payTo", "kaspatest:q", "maxTimeoutSeconds", 60,
        "extra", "binding", "kaspa-escrow-v3", "payload", "type", "voucher", "extensions",
        "payment-identifier", "info", "required", 1, "id", ew_identifier_of(1), "schema", "type",
        "object", "required", "required"));
}

void ew_add_refund(struct ew_making *m, struct kx_lane_world *lane)
{
    json_t *refund, *reserved, *chain;

    ew_add_flow(m, KX_FLOW_CROSS_SCHEME, ew_refused_json(cross_scheme_json(), 409), NULL, NULL);
    refund = step_json(m, lane, KX_LANE_REFUND, "refund", NULL);
    chain = json_object_get(refund, "chain");
    reserved = ew_pack(
        json_pack("{s:s, s:O, s:O, s:s, s:s}", "kind", "reserved", "transactionId",
                  json_object_get(chain, "transactionId"), "artifactSha256",
                  json_object_get(json_object_get(refund, "report"), "artifactSha256"), "storedAt",
                  "2026-01-31T12:00:00.000Z", "broadcastAt", "2026-01-31T12:00:00.001Z"));
    ew_add_flow(m, KX_FLOW_BATCH_REFUND, reserved, refund, NULL);
    ew_add_flow(m, KX_FLOW_REFUND_RESTART,
                ew_restart_json(json_object_get(chain, "transactionId"), 0, 1),
                ew_recovery_json(chain, 0), NULL);
}

json_t *ew_channel_json(const struct kx_channel *c)
{
    return ew_pack(json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o}", "network", KX_NETWORK_TESTNET, "asset",
        "KAS", "templateId", KX_ESCROW_V5_TEMPLATE, "clientPublicKey",
        kx_world_hex(assay_bytes_of(c->client, 32)), "serverPublicKey",
        kx_world_hex(assay_bytes_of(c->server, 32)), "payTo", (const char *)c->pay_to.at,
        "refundAddress", (const char *)c->refund_address.at, "refundTimeoutDaa",
        ew_decimal(c->refund_timeout_daa), "salt", kx_world_hex(assay_bytes_of(c->salt, 32))));
}

/* Of the genesis that was accepted in the block behind the last one. */
json_t *ew_launch_json(const struct ew_making *m, struct kx_lane_world *lane)
{
    struct ew_making next = *m;
    struct assay_buf text = ASSAY_BUF_INIT(KX_LAUNCH_MAX_BYTES);
    struct kx_batch_artifact genesis;
    struct kx_acceptance acceptance;
    struct kx_batch_plan plan;
    struct kx_launch launch;

    kx_lane_world_plan(&plan, lane, KX_LANE_GENESIS);
    kx_lane_world_build(&genesis, lane, &plan);
    acceptance = ew_accept(&next, &genesis.id);
    cr_assert_eq(kx_launch_make(&launch, &lane->arena, &lane->lane, &genesis.next, &acceptance),
                 ASSAY_OK);
    kx_launch_write(&text, &launch);
    return ew_parsed(&text);
}
