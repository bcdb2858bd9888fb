/* What building and judging batch transactions share; see batch_tx.h and batch_tx_internal.h. */
#include "kaspa_x402/batch_tx_internal.h"

#include "kaspa/covenant.h"

#include <assert.h>

const char *kx_batch_kind_name(enum kx_batch_kind kind)
{
    static const char *const names[] = {"genesis", "claim", "top-up", "refund"};

    static_assert(ARRAY_LEN(names) == KX_BATCH_KINDS, "a name for every kind");
    return names[kind];
}

static enum kx_escrow_path path_of(enum kx_batch_kind kind)
{
    static const enum kx_escrow_path paths[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = KX_ESCROW_COMMON,
        [KX_BATCH_CLAIM] = KX_ESCROW_CLAIM,
        [KX_BATCH_TOP_UP] = KX_ESCROW_TOP_UP,
        [KX_BATCH_REFUND] = KX_ESCROW_REFUND,
    };

    return paths[kind];
}

bool kx_tx_has_kind(const struct kx_escrow_template *tmpl, enum kx_batch_kind kind)
{
    return kind == KX_BATCH_GENESIS ? kx_tx_has_lineage(tmpl)
                                    : tmpl->selectors[path_of(kind)].len > 0;
}

static void add_argument(struct kx_tx_layout *layout, enum kx_tx_argument argument)
{
    layout->arguments[layout->count++] = argument;
    if (argument != KX_ARGUMENT_TOTAL && argument != KX_ARGUMENT_AMOUNT)
        layout->signature_count++;
}

void kx_tx_layout_of(struct kx_tx_layout *out, const struct kx_escrow_template *tmpl,
                     enum kx_batch_kind kind)
{
    *out = (struct kx_tx_layout){.selector = tmpl->selectors[path_of(kind)]};
    switch (kind) {
    case KX_BATCH_GENESIS:
        break;
    case KX_BATCH_CLAIM:
        add_argument(out, KX_ARGUMENT_PROVIDER);
        add_argument(out, KX_ARGUMENT_VOUCHER);
        add_argument(out, KX_ARGUMENT_TOTAL);
        if (kx_tx_has_lineage(tmpl))
            add_argument(out, KX_ARGUMENT_AMOUNT);
        break;
    case KX_BATCH_TOP_UP:
        add_argument(out, KX_ARGUMENT_CLIENT);
        if (tmpl->is_cosigned)
            add_argument(out, KX_ARGUMENT_PROVIDER);
        break;
    case KX_BATCH_REFUND:
        add_argument(out, KX_ARGUMENT_CLIENT);
        break;
    }
}

size_t kx_tx_argument_width(enum kx_tx_argument argument)
{
    static const size_t widths[] = {KX_TX_SIGNATURE_BYTES, KX_TX_SIGNATURE_BYTES, ASSAY_SIG_BYTES,
                                    8, 8};

    static_assert(ARRAY_LEN(widths) == KX_ARGUMENT__COUNT, "a width for every argument");
    return widths[argument];
}

void kx_tx_genesis_id(struct kaspa_hash *out, const struct kaspa_outpoint *from,
                      const struct kaspa_output *output)
{
    const struct kaspa_genesis_output group = {.index = 0, .output = output};

    kaspa_covenant_id(out, from, &group, 1);
}

enum assay_code kx_batch_head_coin(struct kaspa_utxo *out, struct assay_arena *arena,
                                   const struct kx_lane *lane, const struct kx_lane_head *head)
{
    struct kaspa_utxo coin = {
        .amount = head->value,
        .has_covenant = kx_tx_has_lineage(lane->tmpl),
        .covenant_id = head->covenant_id,
    };
    enum assay_code rc = kx_lane_spk(&coin.spk, arena, lane, head->claimed);

    if (rc == ASSAY_OK)
        *out = coin;
    return rc;
}
