/* The head of a lineage, derived from its journal; see lineage.h. */
#include "kaspa_x402/lineage_internal.h"

#include "base/planted.h"

#include <inttypes.h>

const char *kx_transition_name(enum kx_transition_kind kind)
{
    static const char *const names[] = {
        [KX_CLAIM] = "claim", [KX_TOP_UP] = "top-up", [KX_REFUND] = "refund"};

    return names[kind];
}

const char *kx_channel_status_name(enum kx_channel_status status)
{
    static const char *const names[] = {
        [KX_CHANNEL_ACTIVE] = "active",
        [KX_CHANNEL_REFUNDED] = "refunded",
        [KX_CHANNEL_SUSPICIOUS] = "suspicious",
        [KX_CHANNEL_UNAVAILABLE] = "unavailable",
    };

    return names[status];
}

enum assay_code kx_lineage_open(struct kx_lineage *out, const struct kx_launch *launch)
{
    uint8_t digest[32];
    enum assay_code rc = kx_launch_digest(digest, launch);

    if (rc != ASSAY_OK)
        return rc;
    memset(out, 0, sizeof(*out));
    memcpy(out->launch, digest, sizeof(digest));
    out->genesis = kx_launch_head(launch);
    out->checkpoint = launch->acceptance.checkpoint;
    out->count = 1;
    out->events[0] = (struct kx_event){
        .kind = KX_EVENT_GENESIS,
        .acceptance = launch->acceptance,
    };
    return ASSAY_OK;
}

bool kx_event_stands(const struct kx_lineage *lineage, size_t at)
{
    const struct kx_event *event = &lineage->events[at];

    if (event->kind == KX_EVENT_REMOVED)
        return false;
    for (size_t i = at + 1; i < lineage->count; i++) {
        if (lineage->events[i].kind == KX_EVENT_REMOVED &&
            kaspa_hash_equal(&lineage->events[i].acceptance.block, &event->acceptance.block))
            return false;
    }
    return true;
}

static enum kx_lineage_rule refuse_value(struct assay_err *err, const struct kx_lane_head *before,
                                         const struct kx_event *event, const char *what)
{
    (void)assay_fail(
        err, ASSAY_E_MISMATCH, 0,
        "%s: it takes a value of %" PRIu64 " with %" PRIu64 " claimed to %" PRIu64 " with %" PRIu64,
        what, before->value, before->claimed, event->successor.value, event->successor.claimed);
    return KX_LINEAGE_TRANSITION_VALUE;
}

/* What each kind does to value and total claimed. */
static enum kx_lineage_rule judge_value(const struct kx_lane_head *before,
                                        const struct kx_event *event, struct assay_err *err)
{
    const struct kx_lane_head *after = &event->successor;

    switch (event->transition) {
    case KX_CLAIM:
        if (after->value >= before->value || after->value == 0 ||
            after->claimed < before->claimed ||
            after->claimed - before->claimed != before->value - after->value)
            return refuse_value(err, before, event,
                                "a claim does not add to the total what it takes from the value");
        return KX_LINEAGE_OK;
    case KX_TOP_UP:
        if (after->value <= before->value || after->claimed != before->claimed)
            return refuse_value(err, before, event, "a top-up does not raise the value alone");
        return KX_LINEAGE_OK;
    case KX_REFUND:
        if (after->value > before->value)
            return refuse_value(err, before, event, "a refund pays more than there is");
        return KX_LINEAGE_OK;
    }
    return KX_LINEAGE_TRANSITION_VALUE;
}

static enum kx_lineage_rule step_genesis(struct kx_stand *stand, const struct kx_lineage *lineage,
                                         const struct kx_event *event, struct assay_err *err)
{
    if (stand->has_genesis)
        return kx_lineage_refuse(err, KX_LINEAGE_GENESIS_AGAIN, "the genesis is accepted already");
    *stand = (struct kx_stand){
        .has_genesis = true,
        .has_head = true,
        .head = lineage->genesis,
        .tip = event->acceptance,
    };
    return KX_LINEAGE_OK;
}

enum kx_lineage_rule kx_stand_step(struct kx_stand *stand, const struct kx_lineage *lineage,
                                   const struct kx_event *event, struct assay_err *err)
{
    enum kx_lineage_rule rule;

    if (event->kind == KX_EVENT_GENESIS)
        return step_genesis(stand, lineage, event, err);
    if (!stand->has_head)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_CONTINUITY,
                                 stand->has_genesis
                                     ? "there is no head to spend: the lineage was refunded"
                                     : "there is no head to spend: the genesis is not accepted");
    if (PLANTED(lineage_consumed)
            ? !kaspa_hash_equal(&stand->head.outpoint.txid, &event->consumed.txid)
            : !kaspa_outpoint_equal(&stand->head.outpoint, &event->consumed))
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_CONTINUITY,
                                 "it spends another outpoint than the head");
    if ((rule = judge_value(&stand->head, event, err)) != KX_LINEAGE_OK)
        return rule;
    stand->has_head = event->transition != KX_REFUND;
    stand->head = stand->has_head ? event->successor : (struct kx_lane_head){.value = 0};
    stand->tip = event->acceptance;
    return KX_LINEAGE_OK;
}

/* A transaction that stands more than once. */
static bool is_repeated(const struct kx_lineage *lineage, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (lineage->events[i].kind == KX_EVENT_ACCEPTED &&
            lineage->events[at].kind == KX_EVENT_ACCEPTED &&
            kaspa_hash_equal(&lineage->events[i].acceptance.txid,
                             &lineage->events[at].acceptance.txid) &&
            kx_event_stands(lineage, i))
            return true;
    }
    return false;
}

enum kx_lineage_rule kx_lineage_derive(struct kx_stand *out, const struct kx_lineage *lineage,
                                       struct assay_err *err)
{
    struct kx_stand stand = {.has_genesis = false};
    enum kx_lineage_rule rule = KX_LINEAGE_OK;

    if (lineage->anchor.folded > 0)
        stand = lineage->anchor.stand;
    for (size_t i = 0; i < lineage->count && rule == KX_LINEAGE_OK; i++) {
        if (!kx_event_stands(lineage, i))
            continue;
        rule = is_repeated(lineage, i) ? kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_REPEATED,
                                                           "its transaction stands already")
                                       : kx_stand_step(&stand, lineage, &lineage->events[i], err);
        if (rule != KX_LINEAGE_OK)
            (void)assay_err_wrap(err, ASSAY_E_MISMATCH, "events[%zu]", i);
    }
    if (rule == KX_LINEAGE_OK)
        *out = stand;
    return rule;
}

bool kx_lineage_head(struct kx_lane_head *out, const struct kx_lineage *lineage)
{
    struct kx_stand stand;

    if (lineage->unavailable != KX_LINEAGE_OK ||
        kx_lineage_derive(&stand, lineage, NULL) != KX_LINEAGE_OK || !stand.has_head)
        return false;
    *out = stand.head;
    return true;
}

/* A refund pays to the configured script, or it would not be in the journal. */
enum kx_channel_status kx_lineage_status(const struct kx_lineage *lineage,
                                         enum kx_channel_status before)
{
    struct kx_stand stand;

    if (lineage->unavailable != KX_LINEAGE_OK ||
        kx_lineage_derive(&stand, lineage, NULL) != KX_LINEAGE_OK || !stand.has_genesis)
        return KX_CHANNEL_UNAVAILABLE;
    if (!stand.has_head)
        return KX_CHANNEL_REFUNDED;
    return lineage->is_rolled_back || before == KX_CHANNEL_SUSPICIOUS ||
                   before == KX_CHANNEL_REFUNDED
               ? KX_CHANNEL_SUSPICIOUS
               : KX_CHANNEL_ACTIVE;
}
