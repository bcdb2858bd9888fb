/* The chain of a Kaspa x402 server in virtual time: coins, transactions, and what is told of them;
 * see kx_shop.h. */
#include "ref/tests/kx_shop.h"

#include "kaspa/txid.h"

static bool same_outpoint(const struct kaspa_outpoint *a, const struct kaspa_outpoint *b)
{
    return a->index == b->index && kaspa_hash_equal(&a->txid, &b->txid);
}

struct shop_tx *shop_find_tx(struct shop *s, const struct kaspa_hash *txid)
{
    for (size_t i = 0; i < s->tx_count; i++) {
        if (kaspa_hash_equal(&s->txs[i].txid, txid))
            return &s->txs[i];
    }
    return NULL;
}

static struct shop_tx *add_tx(struct shop *s, const struct kaspa_hash *txid)
{
    struct shop_tx *tx = shop_find_tx(s, txid);

    if (tx != NULL)
        return tx;
    cr_assert_lt(s->tx_count, ARRAY_LEN(s->txs));
    tx = &s->txs[s->tx_count++];
    *tx = (struct shop_tx){.txid = *txid};
    return tx;
}

/* The accepted transaction that spends a coin, or NULL. */
static struct shop_tx *spender_of(struct shop *s, const struct kaspa_outpoint *coin)
{
    for (size_t i = 0; i < s->tx_count; i++) {
        for (size_t j = 0; s->txs[i].is_accepted && j < s->txs[i].spend_count; j++) {
            if (same_outpoint(&s->txs[i].spends[j], coin))
                return &s->txs[i];
        }
    }
    return NULL;
}

void shop_accept(struct shop *s, struct shop_tx *tx, uint64_t confirmations)
{
    (void)s;
    tx->is_accepted = true;
    tx->confirmations = confirmations;
}

void shop_spend_elsewhere(struct shop *s, const struct kaspa_outpoint *coin, uint64_t confirmations)
{
    const struct kaspa_hash other = {{0x99, (uint8_t)s->tx_count}};
    struct shop_tx *tx = add_tx(s, &other);

    tx->spends[tx->spend_count++] = *coin;
    shop_accept(s, tx, confirmations);
}

void shop_add_coin(struct shop *s, const struct kaspa_outpoint *outpoint,
                   const struct kaspa_utxo *utxo)
{
    for (size_t i = 0; i < s->coin_count; i++) {
        if (same_outpoint(&s->coins[i], outpoint))
            return;
    }
    cr_assert_lt(s->coin_count, ARRAY_LEN(s->coins));
    s->coins[s->coin_count] = *outpoint;
    s->utxos[s->coin_count] = *utxo;
    s->utxos[s->coin_count].spk.script = assay_arena_copy(&s->arena, utxo->spk.script);
    s->coin_count++;
}

static const struct kaspa_utxo *find_coin(struct shop *s, const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < s->coin_count; i++) {
        if (same_outpoint(&s->coins[i], outpoint))
            return &s->utxos[i];
    }
    return NULL;
}

static void tell_coin(struct shop *s, struct kx_sight *out, const struct kx_look *look, size_t i)
{
    const struct kaspa_utxo *coin = find_coin(s, &look->outpoints[i]);
    const struct shop_tx *spender = spender_of(s, &look->outpoints[i]);
    bool is_own = look->has_tx && spender != NULL && kaspa_hash_equal(&spender->txid, &look->txid);

    out->is_missing[i] = coin == NULL || spender != NULL;
    if (coin != NULL && (spender == NULL || (is_own && s->tells_spent && look->wants_spent)))
        out->utxos[i] = *coin;
}

static void tell_tx(struct shop *s, struct kx_chain_evidence *out, const struct kx_look *look)
{
    struct shop_tx *tx = shop_find_tx(s, &look->txid), *other;

    *out = (struct kx_chain_evidence){.status = KX_CHAIN_UNKNOWN, .transaction_id = look->txid};
    if (s->evidence != NULL) {
        *out = *s->evidence;
        return;
    }
    if (tx != NULL && s->accepts && !tx->is_accepted)
        shop_accept(s, tx, s->confirmations);
    if (tx != NULL && tx->is_accepted) {
        out->status = KX_CHAIN_ACCEPTED;
        out->has_confirmations = true;
        out->confirmations = tx->confirmations;
        return;
    }
    if (tx != NULL && s->tells_mempool)
        out->status = KX_CHAIN_MEMPOOL;
    for (size_t i = 0; i < look->count; i++) {
        if ((other = spender_of(s, &look->outpoints[i])) != NULL) {
            out->status = KX_CHAIN_ABSENT;
            out->has_confirmations = true;
            out->confirmations = other->confirmations;
        }
    }
}

enum assay_code shop_look(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                          const struct kx_look *asked)
{
    enum assay_code code = asked->has_tx ? s->evidence_code : s->look_code;

    if (s->chain != NULL)
        return s->chain(s, out, arena, asked);
    *out = (struct kx_sight){.pov = {KX_WORLD_AMOUNT, 1000}, .sink = {{0x51}}};
    s->looks += asked->has_tx ? 1 : 0;
    s->coin_looks += asked->has_tx ? 0 : 1;
    if (code != ASSAY_OK)
        return code;
    out->utxos = assay_arena_alloc(arena, asked->count * sizeof(*out->utxos));
    out->is_missing = assay_arena_alloc(arena, asked->count * sizeof(*out->is_missing));
    cr_assert(out->utxos != NULL && out->is_missing != NULL);
    if (asked->has_tx)
        tell_tx(s, &out->evidence, asked);
    out->has_before = out->evidence.status == KX_CHAIN_ACCEPTED;
    out->before.at[0] = out->has_before ? 0x52 : 0;
    for (size_t i = 0; i < asked->count; i++)
        tell_coin(s, out, asked, i);
    return ASSAY_OK;
}

struct shop_tx *shop_take(struct shop *s, const struct kaspa_tx *tx)
{
    struct kaspa_hash txid;
    struct shop_tx *made;

    kaspa_txid(&txid, tx);
    made = add_tx(s, &txid);
    made->spend_count = tx->input_count;
    for (size_t i = 0; i < tx->input_count; i++)
        made->spends[i] = tx->inputs[i].previous;
    return made;
}

enum assay_code shop_submit(struct shop *s, const struct kaspa_tx *tx)
{
    if (s->submit_code == ASSAY_OK || s->takes_silently)
        (void)shop_take(s, tx);
    s->submissions += s->is_unsent ? 0 : 1;
    return s->submit_code;
}
