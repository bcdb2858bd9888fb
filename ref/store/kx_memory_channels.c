/* Channels, their lineages, and what spends their heads, in memory. */
#include "store/kx_memory.h"

#include <assert.h>

struct channel_node {
    struct kx_node node;
    struct kx_lane_entry entry; /* with its lineage; its slices follow the struct */
};

struct operation_node {
    struct kx_node node;
    struct kx_lane_operation operation; /* its text follows the struct */
};

static struct kx_node **channel_at(struct kx_memory *m, const char *channel_id)
{
    struct kx_node **at = &m->channels;

    while (*at != NULL &&
           strcmp(((struct channel_node *)*at)->entry.record.channel_id, channel_id) != 0)
        at = &(*at)->next;
    return at;
}

/* With the slices of the entry. */
static enum assay_code put(struct kx_memory *m, struct kx_node **at,
                           const struct kx_lane_entry *entry, struct assay_err *err)
{
    const struct kx_lane_record *r = &entry->record;
    struct channel_node *n = assay_alloc(sizeof(*n) + r->config.len + r->lineage.len);
    uint8_t *room;

    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a channel");
    room = (uint8_t *)(n + 1);
    *n = (struct channel_node){.entry = *entry};
    n->entry.record.config = kx_memory_keep(&room, r->config);
    n->entry.record.lineage = kx_memory_keep(&room, r->lineage);
    if (*at != NULL)
        kx_memory_replace(m, at, &n->node);
    else
        kx_memory_insert(m, at, &n->node);
    return ASSAY_OK;
}

static bool is_due(const struct kx_lane_entry *e)
{
    return e->record.status == KX_CHANNEL_REFUNDED && e->charge > 0 && e->record.lease[0] == '\0';
}

static const struct channel_node *refunded_first(const struct kx_memory *m)
{
    const struct channel_node *first = NULL;

    for (const struct kx_node *n = m->channels; n != NULL; n = n->next) {
        const struct channel_node *c = (const struct channel_node *)n;

        if (is_due(&c->entry) &&
            (first == NULL || c->entry.record.changed_ms < first->entry.record.changed_ms))
            first = c;
    }
    return first;
}

enum assay_code kx_memory_find_channel(struct kx_ledger *ledger, struct kx_lane_entry *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct channel_node *n =
        channel_id != NULL ? (struct channel_node *)*channel_at(m, channel_id) : refunded_first(m);
    struct kx_lane_entry e;

    if (n == NULL)
        return ASSAY_E_MISSING;
    e = n->entry;
    e.record.lineage = ASSAY_LIT("");
    e.record.config = assay_arena_copy(arena, e.record.config);
    if (e.record.config.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a channel");
    *out = e;
    return ASSAY_OK;
}

enum assay_code kx_memory_find_covenant(struct kx_ledger *ledger, char *channel_id,
                                        const struct kaspa_hash *covenant_id, struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;

    (void)err;
    for (const struct kx_node *n = m->channels; n != NULL; n = n->next) {
        const struct kx_lane_record *r = &((const struct channel_node *)n)->entry.record;

        if (kaspa_hash_equal(&r->head.covenant_id, covenant_id)) {
            memcpy(channel_id, r->channel_id, sizeof(r->channel_id));
            return ASSAY_OK;
        }
    }
    return ASSAY_E_MISSING;
}

enum assay_code kx_memory_put_channel(struct kx_ledger *ledger, const struct kx_lane_entry *entry,
                                      struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = channel_at(m, entry->record.channel_id);
    struct kx_lane_entry e = *entry;

    e.record.lineage =
        *at != NULL ? ((const struct channel_node *)*at)->entry.record.lineage : ASSAY_LIT("");
    return put(m, at, &e, err);
}

enum assay_code kx_memory_find_lineage(struct kx_ledger *ledger, struct assay_bytes *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct channel_node *n = (struct channel_node *)*channel_at(m, channel_id);
    struct assay_bytes lineage;

    assert(n != NULL);
    lineage = assay_arena_copy(arena, n->entry.record.lineage);
    if (lineage.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a lineage");
    *out = lineage;
    return ASSAY_OK;
}

enum assay_code kx_memory_put_lineage(struct kx_ledger *ledger, const char *channel_id,
                                      struct assay_bytes lineage, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = channel_at(m, channel_id);
    struct kx_lane_entry e;

    assert(*at != NULL);
    e = ((const struct channel_node *)*at)->entry;
    e.record.lineage = lineage;
    return put(m, at, &e, err);
}

void kx_memory_add_channels(const struct kx_memory *m, struct kx_used *used, const uint8_t *payer)
{
    for (const struct kx_node *n = m->channels; n != NULL; n = n->next) {
        const struct kx_lane_entry *e = &((const struct channel_node *)n)->entry;

        used->records += e->charge > 0;
        used->bytes += e->charge;
        used->of_payer += e->charge > 0 && memcmp(e->record.client, payer, 32) == 0;
    }
}

/* ---- operations ---- */

static struct kx_node **operation_at(struct kx_memory *m, const char *txid)
{
    struct kx_node **at = &m->operations;

    while (*at != NULL && strcmp(((struct operation_node *)*at)->operation.txid, txid) != 0)
        at = &(*at)->next;
    return at;
}

const char *kx_memory_claimable(const struct kx_node *node)
{
    const struct kx_lane_record *r = &((const struct channel_node *)node)->entry.record;
    bool may_claim = r->status == KX_CHANNEL_ACTIVE || r->status == KX_CHANNEL_SUSPICIOUS;

    return may_claim && r->charged > r->head.claimed ? r->channel_id : NULL;
}

const char *kx_memory_open_operation(const struct kx_node *node)
{
    const struct kx_lane_operation *o = &((const struct operation_node *)node)->operation;

    return o->status != KX_APPLIED ? o->txid : NULL;
}

enum assay_code kx_memory_find_operation(struct kx_ledger *ledger, struct kx_lane_operation *out,
                                         struct assay_arena *arena, const char *txid,
                                         struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct operation_node *n = (struct operation_node *)*operation_at(m, txid);
    struct kx_lane_operation o;

    if (n == NULL)
        return ASSAY_E_MISSING;
    o = n->operation;
    o.transaction = assay_arena_copy(arena, o.transaction);
    if (o.transaction.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an operation");
    *out = o;
    return ASSAY_OK;
}

enum assay_code kx_memory_put_operation(struct kx_ledger *ledger,
                                        const struct kx_lane_operation *operation,
                                        struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = operation_at(m, operation->txid);
    struct operation_node *n = assay_alloc(sizeof(*n) + operation->transaction.len);
    uint8_t *room;

    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an operation");
    room = (uint8_t *)(n + 1);
    *n = (struct operation_node){.operation = *operation};
    n->operation.transaction = kx_memory_keep(&room, operation->transaction);
    if (*at != NULL)
        kx_memory_replace(m, at, &n->node);
    else
        kx_memory_insert(m, at, &n->node);
    return ASSAY_OK;
}

enum assay_code kx_memory_drop_operation(struct kx_ledger *ledger, const char *txid,
                                         struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = operation_at(m, txid);

    (void)err;
    if (*at != NULL)
        kx_memory_take_out(m, at);
    return ASSAY_OK;
}
