/* The store's questions of the core, put to a store: the same for a server, and for tests in
 * virtual time. */
#include "core/kx_core.h"

static enum assay_code load(const struct kx_action *a, struct kx_store *store,
                            struct assay_arena *arena, struct kx_store_answer *to)
{
    const struct kx_store_ops *ops = store->ops;

    if (a->ask == KX_ASK_IDENTIFIER)
        return ops->load_identifier(store, &to->identifier, a->identifier, NULL);
    if (a->ask == KX_ASK_SCOPE)
        return ops->find_scope(store, to->txid, a->scope, NULL);
    if (a->ask == KX_ASK_ATTEMPT)
        return ops->load_attempt(store, &to->attempt, arena, a->txid, NULL);
    if (a->ask == KX_ASK_PAYMENT)
        return ops->load_payment(store, &to->payment, arena, a->txid, NULL);
    if (a->ask == KX_ASK_HEAD)
        return ops->load_head(store, &to->head, a->head_id, NULL);
    if (a->ask == KX_ASK_CHANNEL || a->ask == KX_ASK_LINEAGE)
        return ops->load_channel(store, &to->channel, arena, a->channel_id,
                                 a->ask == KX_ASK_LINEAGE, NULL);
    if (a->ask == KX_ASK_OPERATION)
        return ops->load_operation(store, &to->operation, arena, a->txid, NULL);
    return ops->select_head(store, &to->head, a->key, NULL);
}

enum assay_code kx_core_ask_store(struct kx_core_request *r, const struct kx_action *a,
                                  struct kx_store *store, struct kx_store_answer *to)
{
    const struct kx_store_ops *ops = store->ops;

    switch (a->ask) {
    case KX_ASK_IDENTIFIER:
    case KX_ASK_SCOPE:
    case KX_ASK_ATTEMPT:
    case KX_ASK_PAYMENT:
    case KX_ASK_HEAD:
    case KX_ASK_CHANNEL:
    case KX_ASK_LINEAGE:
    case KX_ASK_OPERATION:
    case KX_ASK_SELECT:
        break;
    case KX_ASK_CLAIM:
        return ops->claim(store, a->attempt, a->at_ms, &to->claim, NULL);
    case KX_ASK_BROADCAST:
        return ops->broadcast(store, a->txid, a->at_ms, NULL);
    case KX_ASK_ACCEPT:
        return ops->accept(store, a->txid, a->finality, a->at_ms, NULL);
    case KX_ASK_BEGIN:
        return ops->begin_handler(store, a->txid, a->at_ms, &to->done, NULL);
    case KX_ASK_RESET:
        return ops->reset_handler(store, a->txid, a->at_ms, NULL);
    case KX_ASK_RESULT:
        return ops->record_result(store, a->txid, a->result, a->at_ms, NULL);
    case KX_ASK_RECOVERY:
        return ops->mark_recovery(store, a->txid, a->reason, a->at_ms, NULL);
    case KX_ASK_COMMIT:
        return ops->commit(store, a->record, NULL);
    case KX_ASK_ABANDON:
        return ops->abandon(store, a->txid, a->at_ms, NULL);
    case KX_ASK_ABANDON_REFUSED:
        return ops->abandon_refused(store, a->txid, a->at_ms, NULL);
    case KX_ASK_HEAD_LOST:
        return ops->mark_head_unavailable(store, a->head, &to->done, NULL);
    case KX_ASK_FOLLOW:
        return ops->put_lineage(store, a->channel, a->at_ms, &to->done, NULL);
    }
    return load(a, store, kx_core_arena(r), to);
}
