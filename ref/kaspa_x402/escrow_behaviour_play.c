/* One execution, made for a script and run; see escrow_behaviour_internal.h. */
#include "kaspa_x402/escrow_behaviour_internal.h"

#include "kaspa/engine.h"

/* Five times what an honest claim needs, so that any script ends soon; and more memory than can be
 * pushed for that, so that a run without memory is the machine's fault. */
#define PLAY_UNITS 1000000U
#define PLAY_ARENA_BYTES ((size_t)1 << 24)

static void cover(void *context, const struct kaspa_step *step)
{
    const struct kx_scene *s = context;
    uint8_t dead[2] = {KX_COVER_DEAD, KX_COVER_DATA}; /* of the opcode, of its data */

    if (step->part != KASPA_PART_REDEEM)
        return;
    if (step->executed)
        dead[0] = dead[1] = KX_COVER_RUN;
    for (size_t at = step->instruction.at; at < step->instruction.next; at++) {
        uint8_t did = dead[at == step->instruction.at ? 0 : 1];

        if (s->play->cover[at] < did)
            s->play->cover[at] = did;
    }
}

static bool run(struct kx_scene *s)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(PLAY_ARENA_BYTES);
    struct kaspa_covenants covenants = {.index = NULL};
    const struct kaspa_engine engine = {
        .tx = &s->tx,
        .utxos = s->utxos,
        .input = s->head,
        .covenants = &covenants,
        .cache = &s->cache,
        .unit_limit = PLAY_UNITS,
        .arena = &arena,
        .on_step = s->play->cover != NULL ? cover : NULL,
        .on_schnorr = s->b->keys == NULL ? kx_scene_answer : NULL,
        .context = s,
    };
    struct kaspa_run result = {.outcome = KASPA_INVALID, .part = KASPA_PART_NONE};
    size_t at;
    bool resource = false;

    if (kaspa_covenants_make(&covenants, &at, &resource, &s->tx, s->utxos, &arena) == KASPA_TX_OK &&
        !resource)
        kaspa_engine_run_input(&result, &engine);
    s->play->has_no_memory =
        resource || (result.outcome == KASPA_UNDECIDED && result.why == KASPA_UNDECIDED_RESOURCE);
    if (result.part == KASPA_PART_REDEEM)
        s->play->ended_at = (uint16_t)result.at;
    assay_arena_fini(&arena);
    return result.outcome == KASPA_VALID;
}

static enum kx_batch_kind kind_of(enum kx_escrow_path path)
{
    return path == KX_ESCROW_CLAIM    ? KX_BATCH_CLAIM
           : path == KX_ESCROW_TOP_UP ? KX_BATCH_TOP_UP
                                      : KX_BATCH_REFUND;
}

bool kx_play(struct kx_play *play)
{
    const struct kx_execution *e = play->execution;
    struct kx_scene s = {.play = play, .e = e, .b = play->b, .kind = kind_of(e->row.path)};
    uint8_t successor[KX_BEHAVIOUR_SCRIPT_MAX];
    uint64_t value = (uint64_t)KX_PLAY_VALUE,
             amount = kx_moved((uint64_t)KX_PLAY_AMOUNT, e->amount_by);
    bool is_allowed;

    play->ended_at = UINT16_MAX;
    play->has_no_memory = false;
    memset(s.covenant_id.at, 0xc0, sizeof(s.covenant_id.at));
    kx_scene_set(&s, play->script, value, amount);
    is_allowed = kx_scene_sign(&s) && run(&s);
    if (!is_allowed || e->again == 0)
        return is_allowed;
    memcpy(successor, s.next_script, play->script.len);
    kx_scene_set(&s, assay_bytes_of(successor, play->script.len), value - amount, e->again);
    return kx_scene_sign(&s) && run(&s);
}
