/* The lane of a request: read from the store's record, told to its client, and written into the
 * record that a deposit brings. Source: Kaspa x402 batch digest, sections 4, 6.3 and 13. */
#include "core/kx_core_internal.h"

/* ---- the configuration ---- */

static const struct kx_lane *lane_of(const struct kx_core_request *r)
{
    return r->batch.has_record ? &r->batch.lane : r->batch.verdict.lane;
}

enum assay_code kx_batch_open_lane(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;

    return kx_lane_journal_lane(&b->lane, &r->arena, r->core->batch->binding, b->record.config);
}

/* In the one spelling that is kept: the payment's text is the payer's. */
static enum assay_code write_config(struct assay_bytes *out, struct kx_core_request *r)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STORE_CONFIG_MAX_BYTES);
    uint32_t config =
        assay_json_member(&r->doc, r->batch.payment.envelope.payload, "channelConfig");
    enum assay_code rc = assay_json_canonical(&text, &r->doc, config, NULL);

    if (rc == ASSAY_OK) {
        *out = assay_arena_copy(&r->arena, assay_buf_view(&text));
        rc = out->at != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    return rc;
}

/* ---- what is told ---- */

enum assay_code kx_batch_state(struct kx_channel_state *out, struct kx_core_request *r,
                               const struct kx_lane_head *head, uint64_t authorized)
{
    const struct kx_lane *lane = lane_of(r);
    uint8_t room[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf bytes = ASSAY_BUF_OVER(room);
    struct kaspa_spk spk;
    enum assay_code rc = kx_lane_spk(&spk, &r->arena, lane, head->claimed);

    if (rc != ASSAY_OK)
        return rc;
    kaspa_spk_add_bytes(&bytes, &spk);
    *out = (struct kx_channel_state){
        .covenant_id = head->covenant_id,
        .outpoint = head->outpoint,
        .spk = assay_arena_copy(&r->arena, assay_buf_view(&bytes)),
        .funding = head->value,
        .authorized = authorized,
        .charged = authorized,
        .claimed = head->claimed,
        .is_open = true,
    };
    memcpy(out->channel_id, lane->channel_id, sizeof(out->channel_id));
    return out->spk.at != NULL ? bytes.bad : ASSAY_E_NOMEM;
}

/* ---- the journal ---- */

static struct kx_lane_journal *new_journal(struct kx_core_request *r)
{
    r->batch.journal = assay_arena_alloc(&r->arena, sizeof(*r->batch.journal));
    return r->batch.journal;
}

enum assay_code kx_batch_read_journal(struct kx_core_request *r)
{
    struct kx_lane_journal *journal = new_journal(r);

    return journal != NULL
               ? kx_lane_journal_read(journal, &r->arena, &r->batch.lane, r->batch.record.lineage)
               : ASSAY_E_NOMEM;
}

enum assay_code kx_batch_apply(struct kx_core_request *r, const struct kx_lane_journal_news *news)
{
    return kx_lane_journal_apply(r->batch.journal, &r->arena, &r->batch.lane, news);
}

static enum assay_code write_journal(struct kx_core_request *r)
{
    return kx_lane_journal_write(&r->batch.moved.lineage, &r->arena, lane_of(r), r->batch.journal);
}

enum assay_code kx_batch_write_moved(struct kx_core_request *r)
{
    r->batch.moved = r->batch.record;
    kx_lane_journal_settle(&r->batch.moved, r->batch.journal);
    return write_journal(r);
}

/* ---- deposits ---- */

static enum assay_code open_record(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    enum assay_code rc = new_journal(r) != NULL
                             ? kx_lane_journal_open(b->journal, &r->arena, b->verdict.lane,
                                                    &b->verdict.head, &b->sight.evidence.acceptance)
                             : ASSAY_E_NOMEM;

    b->moved = (struct kx_lane_record){.status = KX_CHANNEL_ACTIVE, .head = b->verdict.head};
    memcpy(b->moved.channel_id, r->scope, sizeof(b->moved.channel_id));
    memcpy(b->moved.client, b->payment.client, sizeof(b->moved.client));
    return rc == ASSAY_OK ? write_config(&b->moved.config, r) : rc;
}

/* The verifier has seen that it spends the stored head, and continues it once. */
static enum assay_code add_top_up(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    const struct kx_acceptance *acceptance = &b->sight.evidence.acceptance;
    const struct kx_transition top_up = {
        .kind = KX_TOP_UP,
        .covenant_id = b->verdict.head.covenant_id,
        .template_id = b->lane.channel.template_id,
        .consumed = b->record.head.outpoint,
        .txid = acceptance->txid,
        .successor_count = 1,
        .has_successor = true,
        .successor = b->verdict.head,
        .authorizing_input = b->birth.output.authorizing_input,
        .spk = b->birth.output.spk,
        .acceptance = *acceptance,
    };

    b->moved = b->record;
    b->moved.head = b->verdict.head;
    b->moved.version = b->record.version + 1;
    return kx_batch_apply(
        r, &(struct kx_lane_journal_news){.transition = &top_up, .to = acceptance->checkpoint});
}

enum assay_code kx_batch_write_deposit(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    enum assay_code rc = b->verdict.path == KX_PATH_OPEN ? open_record(r) : add_top_up(r);

    if (rc != ASSAY_OK)
        return rc;
    b->journal->has_before = b->has_before;
    b->journal->before = b->before;
    return write_journal(r);
}
