/* Folding the beginning of a journal into its anchor, and what a stored record may become; see
 * lineage.h. */
#include "kaspa_x402/lineage_internal.h"

#include "base/hash.h"
#include "base/hex.h"

#include <inttypes.h>

/* ---- the filter ---- */

/* The first four bytes of SHA-256("<salt>:<hash>"), read big-endian. */
static uint32_t filter_index(const struct kaspa_hash *block, unsigned salt)
{
    char text[2 + 2 * KASPA_HASH_BYTES + 1];
    uint8_t digest[32];

    text[0] = (char)('0' + salt);
    text[1] = ':';
    assay_hex_encode(text + 2, assay_bytes_of(block->at, sizeof(block->at)));
    assay_sha256(digest, assay_bytes_of(text, sizeof(text) - 1));
    return (((uint32_t)digest[0] << 24) | ((uint32_t)digest[1] << 16) | ((uint32_t)digest[2] << 8) |
            digest[3]) %
           (8 * KX_FILTER_BYTES);
}

bool kx_anchor_has(const struct kx_anchor *anchor, const struct kaspa_hash *block)
{
    if (anchor->folded == 0)
        return false;
    for (unsigned salt = 0; salt < KX_FILTER_INDICES; salt++) {
        uint32_t at = filter_index(block, salt);

        if ((anchor->filter[at / 8] & (1U << at % 8)) == 0)
            return false;
    }
    return true;
}

static void filter_add(struct kx_anchor *anchor, const struct kaspa_hash *block)
{
    for (unsigned salt = 0; salt < KX_FILTER_INDICES; salt++) {
        uint32_t at = filter_index(block, salt);

        anchor->filter[at / 8] |= (uint8_t)(1U << at % 8);
    }
}

/* ---- folding ---- */

static enum assay_code add_history(struct kx_lineage *lineage, struct assay_arena *arena,
                                   const struct kx_lane *lane, size_t at)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    enum assay_code rc = kx_event_write(&text, arena, lane, lineage, at);
    struct kx_anchor *anchor = &lineage->anchor;
    struct assay_sha256 h;
    uint8_t digest[32];

    if (rc == ASSAY_OK) {
        assay_sha256(digest, assay_buf_view(&text));
        assay_sha256_init(&h);
        assay_sha256_add(&h, assay_bytes_of(anchor->history, sizeof(anchor->history)));
        assay_sha256_add(&h, assay_bytes_of(digest, sizeof(digest)));
        assay_sha256_end(&h, anchor->history);
    }
    assay_buf_fini(&text);
    return rc;
}

/* What stands at the cut is all that can ever be removed of what is folded. */
static enum assay_code add_stand(struct kx_lineage *lineage, size_t n)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    struct kx_anchor *anchor = &lineage->anchor;
    enum assay_code rc;

    for (size_t i = 0; i < n; i++) {
        const struct kx_event *event = &lineage->events[i];

        if (!kx_event_stands(lineage, i))
            continue;
        (void)kx_stand_step(&anchor->stand, lineage, event, NULL); /* as when it was appended */
        filter_add(anchor, &event->acceptance.block);
    }
    kx_stand_write(&text, &anchor->stand);
    rc = text.bad;
    if (rc == ASSAY_OK)
        assay_sha256(anchor->snapshot, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

enum assay_code kx_lineage_fold(struct kx_lineage *lineage, struct assay_arena *arena,
                                const struct kx_lane *lane, size_t n)
{
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < n && rc == ASSAY_OK; i++)
        rc = add_history(lineage, arena, lane, i);
    if (rc == ASSAY_OK)
        rc = add_stand(lineage, n);
    if (rc != ASSAY_OK)
        return rc;
    lineage->anchor.folded += n;
    lineage->count -= n;
    memmove(lineage->events, lineage->events + n, lineage->count * sizeof(lineage->events[0]));
    return ASSAY_OK;
}

/* Whether the events from `cut` on can be undone without those before: no event behind it is of a
 * block that has one before it, be it accepted there or removed. A block that was removed and is
 * back has begun anew. */
static bool is_cut(const struct kx_lineage *lineage, size_t cut)
{
    for (size_t i = cut; i < lineage->count; i++) {
        const struct kaspa_hash *block = &lineage->events[i].acceptance.block;

        for (size_t k = cut; k-- > 0;) {
            if (!kaspa_hash_equal(&lineage->events[k].acceptance.block, block))
                continue;
            if (lineage->events[k].kind != KX_EVENT_REMOVED)
                return false;
            break;
        }
    }
    return true;
}

enum assay_code kx_lineage_compact(struct kx_lineage *lineage, struct assay_arena *arena,
                                   const struct kx_lane *lane)
{
    size_t cut = lineage->count > KX_JOURNAL_KEPT ? lineage->count - KX_JOURNAL_KEPT : 0;
    struct kx_lineage draft;
    enum assay_code rc;

    while (cut > 0 && !is_cut(lineage, cut))
        cut--;
    if (cut == 0)
        return ASSAY_OK;
    draft = *lineage;
    rc = kx_lineage_fold(&draft, arena, lane, cut);
    if (rc == ASSAY_OK)
        *lineage = draft;
    return rc;
}

/* ---- what a record may become ---- */

static bool same_event(const struct kx_event *a, const struct kx_event *b)
{
    return a->kind == b->kind && kx_acceptance_equal(&a->acceptance, &b->acceptance) &&
           a->transition == b->transition && kaspa_outpoint_equal(&a->consumed, &b->consumed) &&
           kx_lane_head_equal(&a->successor, &b->successor);
}

/* Of two that have folded as much. */
static bool same_anchor(const struct kx_anchor *a, const struct kx_anchor *b)
{
    return a->folded == 0 || (memcmp(a->history, b->history, sizeof(a->history)) == 0 &&
                              memcmp(a->snapshot, b->snapshot, sizeof(a->snapshot)) == 0 &&
                              memcmp(a->filter, b->filter, sizeof(a->filter)) == 0);
}

/* `after` with as much folded as it has, its journal begins with what is left of `before`. */
static enum kx_lineage_rule judge_journal(const struct kx_lineage *before,
                                          const struct kx_lineage *after, struct assay_arena *arena,
                                          const struct kx_lane *lane, struct assay_err *err)
{
    struct kx_lineage folded = *before;
    uint64_t n = after->anchor.folded - before->anchor.folded;

    if (after->anchor.folded < before->anchor.folded || n > before->count)
        return kx_lineage_refuse(
            err, KX_LINEAGE_EXTENSION_JOURNAL,
            "the anchor has folded less than it had, or what never was in the journal");
    if (n > 0 && kx_lineage_fold(&folded, arena, lane, (size_t)n) != ASSAY_OK) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory to fold the journal");
        return KX_LINEAGE_EXTENSION_JOURNAL;
    }
    if (!same_anchor(&folded.anchor, &after->anchor))
        return kx_lineage_refuse(err, KX_LINEAGE_EXTENSION_JOURNAL,
                                 "the anchor is not that of its events");
    for (size_t i = 0; i < folded.count; i++) {
        if (i < after->count && same_event(&folded.events[i], &after->events[i]))
            continue;
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "events[%zu] was changed or is gone", i);
        return KX_LINEAGE_EXTENSION_JOURNAL;
    }
    if (before->is_rolled_back && !after->is_rolled_back)
        return kx_lineage_refuse(err, KX_LINEAGE_EXTENSION_JOURNAL,
                                 "that it was rolled back is forgotten");
    return KX_LINEAGE_OK;
}

static bool same_offchain(const struct kx_offchain *a, const struct kx_offchain *b)
{
    return a->charged == b->charged && a->authorized == b->authorized &&
           memcmp(a->voucher, b->voucher, sizeof(a->voucher)) == 0 &&
           memcmp(a->last_commitment, b->last_commitment, sizeof(a->last_commitment)) == 0;
}

enum kx_lineage_rule kx_record_extends(const struct kx_channel_record *before,
                                       const struct kx_channel_record *after,
                                       struct assay_arena *arena, const struct kx_lane *lane,
                                       struct assay_err *err)
{
    if (memcmp(before->lineage.launch, after->lineage.launch, sizeof(after->lineage.launch)) != 0 ||
        !kx_lane_head_equal(&before->lineage.genesis, &after->lineage.genesis))
        return kx_lineage_refuse(err, KX_LINEAGE_EXTENSION_LAUNCH,
                                 "the launch manifest is another one");
    if (!same_offchain(&before->offchain, &after->offchain))
        return kx_lineage_refuse(err, KX_LINEAGE_EXTENSION_OFFCHAIN,
                                 "charges, authorization, voucher or last commitment were changed");
    if (before->offchain.version == UINT64_MAX ||
        after->offchain.version != before->offchain.version + 1) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0,
                         "version is %" PRIu64 ", and was %" PRIu64 ": it rises by 1",
                         after->offchain.version, before->offchain.version);
        return KX_LINEAGE_EXTENSION_VERSION;
    }
    return judge_journal(&before->lineage, &after->lineage, arena, lane, err);
}
