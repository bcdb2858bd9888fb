/* The operation template.behaviour: what a script that is not byte-equal to a channel's would let
 * happen, and no longer let happen, by executions. */
#include "kaspa_x402/escrow_behaviour.h"
#include "run/operations_batch.h"

/* By name, with how it comes out. */
static json_t *differences(const struct kx_behaviour *b, const struct kx_behaviour_verdict *v)
{
    json_t *list = json_array();

    for (int i = 0; i < KX_EXECUTION__COUNT; i++)
        if (v->allowed[i] != b->allowed[i])
            json_array_append_new(list, json_pack("{s:s, s:b}", "execution",
                                                  kx_execution((enum kx_execution_id)i)->name,
                                                  "allowed", (int)v->allowed[i]));
    return list;
}

static enum operation_answer answer_of(json_t **result, const struct kx_behaviour *b,
                                       const struct kx_behaviour_verdict *v)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    *result = json_pack("{s:s, s:I, s:o}", "behaviour", kx_behaviour_class_name(v->class), "tried",
                        (json_int_t)KX_EXECUTION__COUNT, "differences", differences(b, v));
    if (v->class == KX_BEHAVIOUR_SAME)
        return OPERATION_OK;
    kx_behaviour_add_text(&text, b, v, 3);
    json_object_set_new(*result, "rule", json_string("template.behaviour"));
    json_object_set_new(*result, "reason", operation_words(assay_buf_cstr(&text)));
    assay_buf_fini(&text);
    return OPERATION_REFUSED;
}

static enum operation_answer judge(struct assay_arena *arena, const json_t *in, json_t **result,
                                   struct assay_err *err)
{
    struct kx_behaviour_verdict *v = kaspa_in_room(arena, 1, sizeof *v, err);
    struct kx_behaviour *b = kaspa_in_room(arena, 1, sizeof *b, err);
    enum operation_answer answer;
    struct assay_bytes script;
    struct kx_lane lane;
    uint64_t claimed = 0;
    enum assay_code rc;

    if (v == NULL || b == NULL || !kaspa_in_hex(&script, arena, in, "script", err) ||
        (json_object_get(in, "claimed") != NULL && !kaspa_in_u64(&claimed, in, "claimed", err)))
        return OPERATION_ERROR;
    if ((answer = batch_in_lane(&lane, arena, in, result, err)) != OPERATION_OK)
        return answer;
    rc = kx_behaviour_open(b, arena, &lane, claimed, NULL, err);
    if (rc == ASSAY_OK)
        rc = kx_behaviour_judge(v, b, script);
    if (rc == ASSAY_OK)
        return answer_of(result, b, v);
    assay_fail(err, rc, 0, "%s",
               rc == ASSAY_E_TOO_LARGE ? "member script: expected at most 4096 bytes"
                                       : "out of memory");
    return OPERATION_ERROR;
}

static enum operation_answer template_behaviour(const json_t *in, json_t **result,
                                                struct assay_err *err)
{
    static const char *const members[] = {"binding", "channelConfig", "claimed", "script", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer =
        operation_members(in, members, err) ? judge(&arena, in, result, err) : OPERATION_ERROR;

    assay_arena_fini(&arena);
    return answer;
}

const struct operation operations_behaviour[] = {
    {"template.behaviour", "channelConfig, script, claimed?, binding?",
     "behaviour (same, allows more, locks, allows more and locks), tried, differences [{execution, "
     "allowed}]",
     template_behaviour},
    {0},
};
