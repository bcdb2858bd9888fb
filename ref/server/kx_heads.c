/* Additive heads that an operator names: known by the store, or found on the chain. */
#include "server/kx_parts.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/hex.h"
#include "kaspa_x402/exact_terms.h"

enum { REDEEM_MAX_BYTES = 80, HEAD_COINS_MAX = 4096, HEAD_ARENA_BYTES = 8 << 20 };

/* "txid:index" */
static enum assay_code read_outpoint(struct kaspa_outpoint *out, struct assay_bytes text,
                                     struct assay_err *err)
{
    size_t colon = assay_bytes_find(text, ':', 0);
    struct assay_bytes index = assay_bytes_part(text, colon + 1, text.len);
    uint64_t value = 0;

    if (assay_hex_decode(out->txid.at, sizeof(out->txid.at), assay_bytes_part(text, 0, colon),
                         false) != ASSAY_OK ||
        assay_decimal_u64(&value, index) != ASSAY_OK || value > UINT32_MAX)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "an outpoint is 64 hex digits, a colon, a number");
    out->index = (uint32_t)value;
    return ASSAY_OK;
}

/* A head is called after the coin that it began as. */
static void name_head(struct kx_head_record *head)
{
    uint8_t name[sizeof(head->outpoint.txid.at) + 4];

    memcpy(name, head->outpoint.txid.at, sizeof(head->outpoint.txid.at));
    for (size_t i = 0; i < 4; i++)
        name[sizeof(head->outpoint.txid.at) + i] = (uint8_t)(head->outpoint.index >> 8 * i);
    assay_sha256(head->id, assay_bytes_of(name, sizeof(name)));
}

struct heads {
    struct kaspa_outpoint outpoints[HEAD_COINS_MAX];
    struct kaspa_utxo utxos[HEAD_COINS_MAX];
    size_t count;
    struct assay_arena arena;
};

/* The coins of the one script that all heads of an owner and a threshold have. */
static enum assay_code ask_for_coins(struct heads *h, const struct kx_server_options *o,
                                     const uint8_t *owner, struct assay_err *err)
{
    const struct ref_kaspa_node_options options = kx_parts_node(o);
    uint8_t redeem_room[REDEEM_MAX_BYTES], room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf redeem = ASSAY_BUF_OVER(redeem_room), script = ASSAY_BUF_OVER(room);
    struct ref_kaspa_node *node = NULL;
    struct kaspa_spk spk = {0};
    enum assay_code code = ref_kaspa_node_start(&node, &options, err);

    if (code != ASSAY_OK)
        return code;
    kx_additive_redeem(&redeem, owner, o->threshold);
    kaspa_script_add_pay_to_script_hash(&script, assay_buf_view(&redeem));
    spk.script = assay_buf_view(&script);
    code = ref_kaspa_node_coins(node, h->outpoints, h->utxos, HEAD_COINS_MAX, &h->count, &h->arena,
                                &spk, err);
    if (h->count > HEAD_COINS_MAX)
        h->count = HEAD_COINS_MAX;
    ref_kaspa_node_stop(node);
    return assay_err_wrap(err, code, "heads: node %s", o->node);
}

/* One that the store knows, wherever it stands now, is left alone. */
static enum assay_code register_head(struct heads *h, const struct kx_server_options *o,
                                     struct kx_store *store, struct kx_head_record *head,
                                     struct assay_err *err)
{
    struct kx_head_record known;
    enum assay_code code = store->ops->load_head(store, &known, head->id, NULL);

    if (code != ASSAY_E_MISSING)
        return code == ASSAY_OK ? code : assay_fail(err, code, 0, "the store cannot be read");
    if (h->count == 0 && (code = ask_for_coins(h, o, head->owner, err)) != ASSAY_OK)
        return code;
    for (size_t i = 0; i < h->count; i++)
        if (memcmp(&h->outpoints[i].txid, &head->outpoint.txid, sizeof(head->outpoint.txid)) == 0 &&
            h->outpoints[i].index == head->outpoint.index) {
            head->amount = h->utxos[i].amount;
            return store->ops->register_head(store, head, err);
        }
    return assay_fail(err, ASSAY_E_MISSING, 0,
                      "the chain has no such coin of this owner and threshold");
}

enum assay_code kx_parts_register_heads(const struct kx_server_options *o, struct kx_store *store,
                                        struct assay_err *err)
{
    struct heads *h;
    struct kx_head_record head = {.threshold = o->threshold, .status = KX_HEAD_AVAILABLE};
    enum assay_code code = ASSAY_OK;

    if (o->head_count == 0)
        return ASSAY_OK;
    if (o->head_owner == NULL || assay_hex_decode(head.owner, sizeof(head.owner),
                                                  assay_str(o->head_owner), false) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "head-owner: 64 hex digits, the x-only key that heads belong to");
    if ((h = assay_alloc(sizeof(*h))) == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "heads: no memory");
    h->count = 0;
    h->arena = (struct assay_arena)ASSAY_ARENA_INIT(HEAD_ARENA_BYTES);
    for (size_t i = 0; i < o->head_count && code == ASSAY_OK; i++) {
        code = read_outpoint(&head.outpoint, assay_str(o->heads[i]), err);
        name_head(&head);
        if (code == ASSAY_OK)
            code = register_head(h, o, store, &head, err);
        (void)assay_err_wrap(err, code, "head %.80s", o->heads[i]);
    }
    assay_arena_fini(&h->arena);
    assay_free(h);
    return code;
}
