/* Words of the tables that stand for scripts of a channel; see batch_base.h. */
#include "vectors/batch_base.h"

#include <stdlib.h>

/* The same channel under a template of that number. */
static bool open_other(struct vectors *v, struct kx_lane *out, struct assay_arena *arena,
                       const struct kx_lane *lane, unsigned long generation)
{
    struct kx_channel channel = lane->channel;
    size_t i = 0;

    if (generation == 0 || generation > KX_ESCROW_TEMPLATES) {
        assay_fail(v->err, ASSAY_E_UNKNOWN, 0, "there is no template %lu", generation);
        return false;
    }
    channel.template_id = assay_str(kx_escrow_templates[generation - 1].id);
    while (i + 1 < KX_BATCH_BINDINGS &&
           !kx_batch_has_template(&kx_batch_bindings[i], channel.template_id))
        i++;
    return kx_lane_open(out, arena, &kx_batch_bindings[i], &channel, v->err) == KX_LOCAL_NONE;
}

json_t *vectors_lane_word(struct vectors *v, struct assay_arena *arena, const struct kx_lane *lane,
                          const char *text)
{
    bool is_other = strncmp(text, "@lane-v", 7) == 0;
    bool is_spk = is_other || strncmp(text, "@lane:", 6) == 0;
    const char *number = strchr(text, ':');
    struct assay_bytes redeem = {.len = 0};
    struct kx_lane own = *lane;
    struct kaspa_spk spk;
    uint64_t claimed;

    if (number == NULL || (!is_spk && strncmp(text, "@redeem:", 8) != 0))
        return NULL;
    claimed = strtoull(number + 1, NULL, 10);
    if (is_other && !open_other(v, &own, arena, lane, strtoul(text + 7, NULL, 10)))
        return NULL;
    if (kx_lane_spk(&spk, arena, &own, claimed) == ASSAY_OK &&
        kx_lane_redeem(&redeem, arena, &own, claimed) == ASSAY_OK)
        return is_spk ? kaspa_out_spk(&spk) : kaspa_out_hex(redeem);
    assay_fail(v->err, ASSAY_E_NOMEM, 0, "out of memory");
    return NULL;
}
