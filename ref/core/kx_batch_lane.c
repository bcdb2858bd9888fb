/* Lanes and their journals as the core keeps them: what the store holds of a channel as text, read
 * back and written anew. Source: Kaspa x402 batch digest, sections 4, 13 and 14. */
#include "core/kx_core_internal.h"

#include "base/hex.h"
#include "kaspa_x402/exact_read.h"

/* ---- the configuration ---- */

static const struct kx_lane *lane_of(const struct kx_core_request *r)
{
    return r->batch.has_record ? &r->batch.lane : r->batch.verdict.lane;
}

static enum assay_code read_config(struct kx_channel *out, struct kx_core_request *r,
                                   struct assay_bytes text)
{
    static const struct kx_member members[] = {
        {"network", KX_KIND_TEXT, KX_AT(struct kx_channel, network), NULL, false},
        {"asset", KX_KIND_CONST, 0, 0, KX_ASSET, false},
        {"templateId", KX_KIND_TEXT, KX_AT(struct kx_channel, template_id), NULL, false},
        {"clientPublicKey", KX_KIND_BYTES, KX_AT(struct kx_channel, client), NULL, false},
        {"serverPublicKey", KX_KIND_BYTES, KX_AT(struct kx_channel, server), NULL, false},
        {"payTo", KX_KIND_TEXT, KX_AT(struct kx_channel, pay_to), NULL, false},
        {"refundAddress", KX_KIND_TEXT, KX_AT(struct kx_channel, refund_address), NULL, false},
        {"refundTimeoutDaa", KX_KIND_AMOUNT, KX_AT(struct kx_channel, refund_timeout_daa), NULL,
         false},
        {"salt", KX_KIND_BYTES, KX_AT(struct kx_channel, salt), NULL, false},
    };
    struct assay_err err = {0};
    struct assay_json *doc = assay_arena_alloc(&r->arena, sizeof(*doc));
    const struct kx_reader reader = {doc, &r->arena, "channelConfig", &err};
    enum assay_code rc;

    if (doc == NULL)
        return ASSAY_E_NOMEM;
    if ((rc = x402_document_parse(doc, &r->arena, text, true, NULL)) != ASSAY_OK)
        return rc;
    return kx_read_closed(&reader, 0, members, ARRAY_LEN(members), out) ? ASSAY_OK : err.code;
}

enum assay_code kx_batch_open_lane(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    struct kx_channel channel = {.refund_timeout_daa = 0};
    struct assay_err err = {0};
    enum assay_code rc = read_config(&channel, r, b->record.config);

    if (rc == ASSAY_OK &&
        kx_lane_open(&b->lane, &r->arena, r->core->batch->binding, &channel, &err) != KX_LOCAL_NONE)
        rc = err.code;
    return rc;
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

/* Three lines: the manifest that it began with, the journal, and where the chain is read from to
 * find what made the head, or nothing. */
static enum assay_code write_journal(struct assay_bytes *out, struct kx_core_request *r)
{
    const struct kx_batch_journal *journal = r->batch.journal;
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    enum assay_code rc;

    assay_buf_add(&text, journal->launch);
    assay_buf_add_byte(&text, '\n');
    rc = kx_lineage_write(&text, &r->arena, lane_of(r), &journal->lineage);
    assay_buf_add_byte(&text, '\n');
    if (journal->has_before)
        assay_buf_add_hex(&text, assay_bytes_of(journal->before.at, sizeof(journal->before.at)));
    if (rc == ASSAY_OK)
        rc = text.bad;
    if (rc == ASSAY_OK) {
        *out = assay_arena_copy(&r->arena, assay_buf_view(&text));
        rc = out->at != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    return rc;
}

static struct kx_batch_journal *new_journal(struct kx_core_request *r)
{
    struct kx_batch_journal *journal = assay_arena_alloc(&r->arena, sizeof(*journal));

    if (journal != NULL)
        *journal = (struct kx_batch_journal){.has_before = false};
    r->batch.journal = journal;
    return journal;
}

enum assay_code kx_batch_read_journal(struct kx_core_request *r)
{
    struct kx_batch_journal *journal = new_journal(r);
    struct assay_bytes text = r->batch.record.lineage;
    size_t first = assay_bytes_find(text, '\n', 0);
    size_t second = assay_bytes_find(text, '\n', first + 1);
    struct assay_bytes before = assay_bytes_part(text, second + 1, text.len);

    if (journal == NULL)
        return ASSAY_E_NOMEM;
    journal->launch = assay_bytes_part(text, 0, first);
    journal->has_before = before.len > 0;
    if (journal->has_before &&
        assay_hex_decode(journal->before.at, sizeof(journal->before.at), before, true) != ASSAY_OK)
        return ASSAY_E_MALFORMED;
    return kx_lineage_read(&journal->lineage, &r->arena, &r->batch.lane,
                           assay_bytes_part(text, first + 1, second), NULL) == KX_LINEAGE_OK
               ? ASSAY_OK
               : ASSAY_E_MALFORMED;
}

static enum assay_code open_journal(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    struct kx_batch_journal *journal = new_journal(r);
    struct assay_buf text = ASSAY_BUF_INIT(KX_LAUNCH_MAX_BYTES);
    struct kx_launch launch;
    enum assay_code rc = ASSAY_E_NOMEM;

    if (journal != NULL)
        rc = kx_launch_make(&launch, &r->arena, b->verdict.lane, &b->verdict.head,
                            &b->sight.evidence.acceptance);
    if (rc == ASSAY_OK)
        rc = kx_lineage_open(&journal->lineage, &launch);
    if (rc == ASSAY_OK) {
        kx_launch_write(&text, &launch);
        journal->launch = assay_arena_copy(&r->arena, assay_buf_view(&text));
        rc = journal->launch.at != NULL ? text.bad : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    return rc;
}

/* ---- deposits ---- */

static enum assay_code open_record(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    enum assay_code rc = open_journal(r);

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
        r, &(struct kx_batch_news){.transition = &top_up, .to = acceptance->checkpoint});
}

enum assay_code kx_batch_write_deposit(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    enum assay_code rc = b->verdict.path == KX_PATH_OPEN ? open_record(r) : add_top_up(r);

    if (rc != ASSAY_OK)
        return rc;
    b->journal->has_before = b->has_before;
    b->journal->before = b->before;
    return write_journal(&b->moved.lineage, r);
}

/* ---- the chain's word ---- */

struct kx_acceptance kx_batch_acceptance(const struct kx_sight *sight)
{
    return (struct kx_acceptance){
        .txid = sight->evidence.transaction_id,
        .block = sight->accepting_block,
        .blue_score = sight->evidence.accepting_blue_score,
        .confirmations = sight->evidence.confirmations,
        .checkpoint = {.block = sight->sink,
                       .blue_score = sight->sink_blue_score,
                       .daa_score = sight->sink_daa_score},
    };
}

static bool spends(const struct kaspa_tx *tx, const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        if (kaspa_outpoint_equal(&tx->inputs[i].previous, outpoint))
            return true;
    }
    return false;
}

static void set_successor(struct kx_transition *out, const struct kx_lane_head *head,
                          const struct kaspa_output *output, uint32_t index)
{
    bool is_claim = output->value < head->value;

    out->kind = is_claim ? KX_CLAIM : KX_TOP_UP;
    out->has_successor = true;
    out->authorizing_input = output->authorizing_input;
    out->spk = output->spk;
    out->successor = (struct kx_lane_head){
        .outpoint = {out->txid, index},
        .covenant_id = head->covenant_id,
        .value = output->value,
        .claimed = is_claim ? head->claimed + (head->value - output->value) : head->claimed,
    };
}

bool kx_batch_transition(struct kx_transition *out, const struct kx_lane *lane,
                         const struct kx_lane_head *head, const struct kx_sight *sight)
{
    const struct kaspa_tx *tx = &sight->body;

    if (!spends(tx, &head->outpoint) || tx->output_count == 0)
        return false;
    *out = (struct kx_transition){
        .kind = KX_REFUND,
        .covenant_id = head->covenant_id,
        .template_id = lane->channel.template_id,
        .consumed = head->outpoint,
        .txid = sight->accepted,
        .acceptance = kx_batch_acceptance(sight),
    };
    for (size_t i = 0; i < tx->output_count; i++) {
        const struct kaspa_output *output = &tx->outputs[i];

        if (!output->has_covenant || !kaspa_hash_equal(&output->covenant_id, &head->covenant_id))
            continue;
        out->successor_count++;
        set_successor(out, head, output, (uint32_t)i);
    }
    if (out->kind != KX_REFUND)
        return true;
    out->has_terminal = true;
    out->terminal_spk = tx->outputs[0].spk;
    out->terminal_value = tx->outputs[0].value;
    return true;
}

enum assay_code kx_batch_apply(struct kx_core_request *r, const struct kx_batch_news *news)
{
    struct kx_lineage *lineage = &r->batch.journal->lineage;
    struct kx_added added = {.transitions = news->transition, .count = 1};
    struct kx_update update = {.from = lineage->checkpoint,
                               .to = news->to,
                               .removed = news->removed,
                               .removed_count = news->removed != NULL ? 1 : 0,
                               .added = &added,
                               .added_count = 1};

    if (news->transition != NULL) {
        added.block = news->transition->acceptance.block;
    } else if (news->genesis != NULL) {
        added = (struct kx_added){
            .block = news->genesis->block, .has_genesis = true, .genesis = *news->genesis};
    } else {
        update.added_count = 0;
    }
    return kx_lineage_apply(lineage, &r->arena, &r->batch.lane, &update, NULL) == KX_LINEAGE_OK
               ? ASSAY_OK
               : ASSAY_E_MISMATCH;
}

/* A lineage that has ended, or is unavailable, keeps the last head: no other can be named. */
enum assay_code kx_batch_write_moved(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;

    b->moved = b->record;
    b->moved.status = kx_lineage_status(
        &b->journal->lineage, b->record.is_closed ? KX_CHANNEL_SUSPICIOUS : b->record.status);
    if (!kx_lineage_head(&b->moved.head, &b->journal->lineage))
        b->moved.head = b->record.head;
    return write_journal(&b->moved.lineage, r);
}
