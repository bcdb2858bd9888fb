/* A lineage's state and the updates of it, as JSON; see lineage.h. */
#include "kaspa_x402/lineage_json_internal.h"

#include "kaspa_x402/lineage_internal.h"

enum assay_code kx_json_parse(struct assay_json *out, struct assay_arena *arena,
                              struct assay_bytes text, struct assay_err *err)
{
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));

    if (tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the document's tokens");
    return assay_json_parse(out, tokens, room, text, ASSAY_JSON_STRICT, err);
}

/* ---- transitions ---- */

static enum assay_code read_kind(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    const char *const names[] = {kx_transition_name(KX_CLAIM), kx_transition_name(KX_TOP_UP),
                                 kx_transition_name(KX_REFUND)};
    size_t which = 0;
    enum assay_code rc = kx_json_choose(r, token, names, ARRAY_LEN(names), &which);

    *(enum kx_transition_kind *)out = (enum kx_transition_kind)which;
    return rc;
}

static enum assay_code read_successor(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"outpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_transition, successor.outpoint), 1,
         false},
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kx_transition, successor.covenant_id),
         2, false},
        {"authorizingInput", kaspa_json_u32, KASPA_JSON_AT(struct kx_transition, authorizing_input),
         4, false},
        {"scriptPublicKey", kaspa_json_spk, KASPA_JSON_AT(struct kx_transition, spk), 8, false},
        {"value", kx_json_amount, KASPA_JSON_AT(struct kx_transition, successor.value), 16, false},
        {"claimedCumulativeAmount", kx_json_amount,
         KASPA_JSON_AT(struct kx_transition, successor.claimed), 32, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct kx_transition *t = out;

    if (assay_json_type(r->doc, token) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    t->has_successor = true;
    return kx_json_whole(r, token, &shape, t);
}

static enum assay_code read_terminal(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"index", kaspa_json_u32, KASPA_JSON_AT(struct kx_transition, terminal_index), 1, false},
        {"scriptPublicKey", kaspa_json_spk, KASPA_JSON_AT(struct kx_transition, terminal_spk), 2,
         false},
        {"value", kx_json_amount, KASPA_JSON_AT(struct kx_transition, terminal_value), 4, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct kx_transition *t = out;

    if (assay_json_type(r->doc, token) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    t->has_terminal = true;
    return kx_json_whole(r, token, &shape, t);
}

enum assay_code kx_json_transition(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"kind", read_kind, KASPA_JSON_AT(struct kx_transition, kind), 1, false},
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kx_transition, covenant_id), 2, false},
        {"templateId", kaspa_json_text, KASPA_JSON_AT(struct kx_transition, template_id), 4, false},
        {"consumedOutpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_transition, consumed), 8,
         false},
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_transition, txid), 16, false},
        {"authorizedSuccessorCount", kx_json_score,
         KASPA_JSON_AT(struct kx_transition, successor_count), 32, false},
        {"successor", read_successor, 0, sizeof(struct kx_transition), 64, false},
        {"terminalOutput", read_terminal, 0, sizeof(struct kx_transition), 128, false},
        {"acceptance", kx_json_acceptance, KASPA_JSON_AT(struct kx_transition, acceptance), 256,
         false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

/* ---- updates ---- */

/* An array of at most `max` items in the arena. */
static enum assay_code read_array(struct kaspa_json_reader *r, uint32_t token,
                                  kaspa_json_read_value *read, size_t size, size_t max, void **out,
                                  size_t *count)
{
    size_t room = r->doc->tokens[token].count;

    if (assay_json_type(r->doc, token) == ASSAY_JSON_ARRAY && room > max)
        return kaspa_json_fail(r, ASSAY_E_TOO_LARGE, token, "has more items than are read");
    *out = assay_arena_alloc(r->arena, room * size);
    if (*out == NULL)
        return kaspa_json_fail_memory(r, token);
    return kx_json_items(r, token, read, *out, size, room, count);
}

static enum assay_code read_transitions(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kx_added *added = out;
    void *items = NULL;
    enum assay_code rc = read_array(r, token, kx_json_transition, sizeof(struct kx_transition),
                                    KX_UPDATE_EVENTS_MAX, &items, &added->count);

    added->transitions = items;
    return rc;
}

static enum assay_code read_genesis(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kx_added *added = out;

    if (assay_json_type(r->doc, token) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    added->has_genesis = true;
    return kx_json_acceptance(r, token, &added->genesis);
}

static enum assay_code read_block(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"acceptingBlockHash", kaspa_json_hash, KASPA_JSON_AT(struct kx_added, block), 1, false},
        {"genesis", read_genesis, 0, sizeof(struct kx_added), 2, false},
        {"transitions", read_transitions, 0, sizeof(struct kx_added), 4, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_continuity(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"complete", "pruned"};
    size_t which = 0;
    enum assay_code rc = kx_json_choose(r, token, names, ARRAY_LEN(names), &which);

    *(bool *)out = which == 1;
    return rc;
}

static enum assay_code read_removed(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kx_update *update = out;
    void *items = NULL;
    enum assay_code rc = read_array(r, token, kaspa_json_hash, sizeof(struct kaspa_hash),
                                    KX_UPDATE_REMOVED_MAX, &items, &update->removed_count);

    update->removed = items;
    return rc;
}

static enum assay_code read_added(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kx_update *update = out;
    void *items = NULL;
    enum assay_code rc = read_array(r, token, read_block, sizeof(struct kx_added),
                                    KX_UPDATE_EVENTS_MAX, &items, &update->added_count);

    update->added = items;
    return rc;
}

enum kx_lineage_rule kx_update_read(struct kx_update *out, struct assay_arena *arena,
                                    struct assay_bytes text, struct assay_err *err)
{
    static const struct kaspa_json_member members[] = {
        {"from", kx_json_checkpoint, KASPA_JSON_AT(struct kx_update, from), 1, false},
        {"checkpoint", kx_json_checkpoint, KASPA_JSON_AT(struct kx_update, to), 2, false},
        {"continuity", read_continuity, KASPA_JSON_AT(struct kx_update, is_pruned), 4, false},
        {"removed", read_removed, 0, sizeof(struct kx_update), 8, false},
        {"added", read_added, 0, sizeof(struct kx_update), 16, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct kaspa_json_reader r;
    struct assay_json doc;
    enum assay_code rc;

    if (text.len > KX_UPDATE_MAX_BYTES) {
        (void)assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                         "the update has %zu bytes, at most %zu are read", text.len,
                         KX_UPDATE_MAX_BYTES);
        return KX_LINEAGE_UPDATE_LIMITS;
    }
    if (kx_json_parse(&doc, arena, text, err) != ASSAY_OK)
        return KX_LINEAGE_UPDATE_FORM;
    r = kx_json_reader(&doc, arena, err);
    *out = (struct kx_update){.removed = NULL};
    rc = kx_json_whole(&r, 0, &shape, out);
    if (rc == ASSAY_E_TOO_LARGE)
        return KX_LINEAGE_UPDATE_LIMITS;
    return rc == ASSAY_OK ? KX_LINEAGE_OK : KX_LINEAGE_UPDATE_FORM;
}
