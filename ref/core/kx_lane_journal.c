/* Channels as a store keeps them; see kx_lane_journal.h. */
#include "core/kx_lane_journal.h"

#include "base/hex.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/launch.h"

/* ---- the configuration ---- */

static enum assay_code read_config(struct kx_channel *out, struct assay_arena *arena,
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
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));
    const struct kx_reader reader = {doc, arena, "channelConfig", &err};
    enum assay_code rc;

    if (doc == NULL)
        return ASSAY_E_NOMEM;
    if ((rc = x402_document_parse(doc, arena, text, true, NULL)) != ASSAY_OK)
        return rc;
    return kx_read_closed(&reader, 0, members, ARRAY_LEN(members), out) ? ASSAY_OK : err.code;
}

enum assay_code kx_lane_journal_lane(struct kx_lane *out, struct assay_arena *arena,
                                     const struct kx_batch_binding *binding,
                                     struct assay_bytes config)
{
    struct kx_channel channel = {.refund_timeout_daa = 0};
    struct assay_err err = {0};
    enum assay_code rc = read_config(&channel, arena, config);

    if (rc == ASSAY_OK && kx_lane_open(out, arena, binding, &channel, &err) != KX_LOCAL_NONE)
        rc = err.code;
    return rc;
}

/* ---- its text ---- */

enum assay_code kx_lane_journal_open(struct kx_lane_journal *out, struct assay_arena *arena,
                                     const struct kx_lane *lane, const struct kx_lane_head *head,
                                     const struct kx_acceptance *genesis)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_LAUNCH_MAX_BYTES);
    struct kx_launch launch;
    enum assay_code rc = kx_launch_make(&launch, arena, lane, head, genesis);

    *out = (struct kx_lane_journal){.has_before = false};
    if (rc == ASSAY_OK)
        rc = kx_lineage_open(&out->lineage, &launch);
    if (rc == ASSAY_OK) {
        kx_launch_write(&text, &launch);
        out->launch = assay_arena_copy(arena, assay_buf_view(&text));
        rc = out->launch.at != NULL ? text.bad : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    return rc;
}

enum assay_code kx_lane_journal_read(struct kx_lane_journal *out, struct assay_arena *arena,
                                     const struct kx_lane *lane, struct assay_bytes text)
{
    size_t first = assay_bytes_find(text, '\n', 0);
    size_t second = assay_bytes_find(text, '\n', first + 1);
    struct assay_bytes before = assay_bytes_part(text, second + 1, text.len);

    *out = (struct kx_lane_journal){.launch = assay_bytes_part(text, 0, first),
                                    .has_before = before.len > 0};
    if (out->has_before &&
        assay_hex_decode(out->before.at, sizeof(out->before.at), before, true) != ASSAY_OK)
        return ASSAY_E_MALFORMED;
    return kx_lineage_read(&out->lineage, arena, lane, assay_bytes_part(text, first + 1, second),
                           NULL) == KX_LINEAGE_OK
               ? ASSAY_OK
               : ASSAY_E_MALFORMED;
}

/* The manifest that it began with, the journal, and where the chain is read from to find what made
 * the head, or nothing. */
enum assay_code kx_lane_journal_write(struct assay_bytes *out, struct assay_arena *arena,
                                      const struct kx_lane *lane,
                                      const struct kx_lane_journal *journal)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    enum assay_code rc;

    assay_buf_add(&text, journal->launch);
    assay_buf_add_byte(&text, '\n');
    rc = kx_lineage_write(&text, arena, lane, &journal->lineage);
    assay_buf_add_byte(&text, '\n');
    if (journal->has_before)
        assay_buf_add_hex(&text, assay_bytes_of(journal->before.at, sizeof(journal->before.at)));
    if (rc == ASSAY_OK)
        rc = text.bad;
    if (rc == ASSAY_OK) {
        *out = assay_arena_copy(arena, assay_buf_view(&text));
        rc = out->at != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    return rc;
}

/* ---- the chain's word ---- */

struct kx_acceptance kx_lane_journal_acceptance(const struct kx_sight *sight)
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

bool kx_lane_journal_transition(struct kx_transition *out, const struct kx_lane *lane,
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
        .acceptance = kx_lane_journal_acceptance(sight),
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

enum assay_code kx_lane_journal_apply(struct kx_lane_journal *journal, struct assay_arena *arena,
                                      const struct kx_lane *lane,
                                      const struct kx_lane_journal_news *news)
{
    struct kx_added added = {.transitions = news->transition, .count = 1};
    struct kx_update update = {.from = journal->lineage.checkpoint,
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
    return kx_lineage_apply(&journal->lineage, arena, lane, &update, NULL) == KX_LINEAGE_OK
               ? ASSAY_OK
               : ASSAY_E_MISMATCH;
}

void kx_lane_journal_settle(struct kx_lane_record *record, const struct kx_lane_journal *journal)
{
    struct kx_lane_head head;

    record->status = kx_lineage_status(&journal->lineage,
                                       record->is_closed ? KX_CHANNEL_SUSPICIOUS : record->status);
    if (kx_lineage_head(&head, &journal->lineage))
        record->head = head;
}
