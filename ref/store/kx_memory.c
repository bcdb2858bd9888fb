/* The ledger in memory of one process: its steps, entries, identifiers and heads.
 *
 * A step's changes are made at once and noted; leaving without a commit takes them back, the last
 * one first. */
#include "store/kx_memory.h"

#include <assert.h>

/* What the nodes of the lists are. */
struct entry_node {
    struct kx_node node;
    struct kx_entry entry; /* its slices follow the struct */
};

struct identifier_node {
    struct kx_node node;
    struct kx_identifier_record record;
    int64_t until_ms;
    struct assay_bytes identifier; /* follows the struct */
};

struct head_node {
    struct kx_node node;
    struct kx_head_record head;
};

static void turn(struct kx_memory *m, struct kx_node **at, struct kx_node *to,
                 struct kx_node *added, struct kx_node *removed)
{
    assert(m->change_count < KX_MEMORY_CHANGES_MAX);
    m->changes[m->change_count++] = (struct kx_change){at, *at, added, removed};
    *at = to;
}

void kx_memory_insert(struct kx_memory *m, struct kx_node **at, struct kx_node *added)
{
    added->next = *at;
    turn(m, at, added, added, NULL);
}

void kx_memory_replace(struct kx_memory *m, struct kx_node **at, struct kx_node *added)
{
    added->next = (*at)->next;
    turn(m, at, added, added, *at);
}

void kx_memory_take_out(struct kx_memory *m, struct kx_node **at)
{
    turn(m, at, (*at)->next, NULL, *at);
}

static enum assay_code memory_begin(struct kx_ledger *ledger, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;

    (void)err;
    pthread_mutex_lock(&m->lock);
    return ASSAY_OK;
}

static enum assay_code memory_commit(struct kx_ledger *ledger, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;

    (void)err;
    for (size_t i = 0; i < m->change_count; i++)
        assay_free(m->changes[i].removed);
    m->change_count = 0;
    return ASSAY_OK;
}

static void memory_leave(struct kx_ledger *ledger)
{
    struct kx_memory *m = (struct kx_memory *)ledger;

    while (m->change_count > 0) {
        const struct kx_change *c = &m->changes[--m->change_count];

        *c->at = c->before;
        assay_free(c->added);
    }
    pthread_mutex_unlock(&m->lock);
}

struct assay_bytes kx_memory_keep(uint8_t **room, struct assay_bytes bytes)
{
    struct assay_bytes kept = assay_bytes_of(*room, bytes.len);

    if (bytes.len > 0)
        memcpy(*room, bytes.at, bytes.len);
    *room += bytes.len;
    return kept;
}

static struct entry_node *entry_new(const struct kx_entry *entry)
{
    struct kx_entry e = *entry;
    struct assay_bytes *slices[KX_ENTRY_SLICES];
    struct entry_node *n;
    size_t len = 0;
    uint8_t *room;

    kx_entry_slices(&e, slices);
    for (size_t i = 0; i < ARRAY_LEN(slices); i++)
        len += slices[i]->len;
    n = assay_alloc(sizeof(*n) + len);
    if (n == NULL)
        return NULL;
    room = (uint8_t *)(n + 1);
    for (size_t i = 0; i < ARRAY_LEN(slices); i++)
        *slices[i] = kx_memory_keep(&room, *slices[i]);
    *n = (struct entry_node){.entry = e};
    return n;
}

static enum assay_code copy_out(struct kx_entry *out, struct assay_arena *arena,
                                const struct kx_entry *entry)
{
    struct kx_entry e = *entry;
    struct assay_bytes *slices[KX_ENTRY_SLICES];

    kx_entry_slices(&e, slices);
    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        *slices[i] = assay_arena_copy(arena, *slices[i]);
        if (slices[i]->at == NULL)
            return ASSAY_E_NOMEM;
    }
    *out = e;
    return ASSAY_OK;
}

static bool is_live_answer(const struct kx_entry *e)
{
    return e->attempt.status == KX_APPLIED && e->charge > 0;
}

static const struct kx_entry *oldest_answer(const struct kx_memory *m)
{
    const struct kx_entry *oldest = NULL;

    for (const struct kx_node *n = m->entries; n != NULL; n = n->next) {
        const struct kx_entry *e = &((const struct entry_node *)n)->entry;

        if (is_live_answer(e) && (oldest == NULL || e->committed_ms < oldest->committed_ms))
            oldest = e;
    }
    return oldest;
}

static const char *key_of(const struct kx_entry *e, enum kx_entry_key key)
{
    if (key == KX_BY_SETTLEMENT)
        return e->settlement;
    return key == KX_BY_SCOPE ? e->attempt.scope : e->attempt.txid;
}

static bool has_key(const struct kx_entry *e, enum kx_entry_key key, const char *value)
{
    return strcmp(key_of(e, key), value) == 0;
}

/* The link to the entry of that key, or the last one, to nothing. */
static struct kx_node **entry_at(struct kx_memory *m, enum kx_entry_key key, const char *value)
{
    struct kx_node **at = &m->entries;

    while (*at != NULL && !has_key(&((struct entry_node *)*at)->entry, key, value))
        at = &(*at)->next;
    return at;
}

static enum assay_code memory_find_entry(struct kx_ledger *ledger, struct kx_entry *out,
                                         struct assay_arena *arena, enum kx_entry_key key,
                                         const char *value, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct kx_entry *found;

    (void)err;
    if (key == KX_OLDEST_ANSWER) {
        found = oldest_answer(m);
    } else {
        const struct entry_node *n = (struct entry_node *)*entry_at(m, key, value);

        found = n != NULL ? &n->entry : NULL;
    }
    return found != NULL ? copy_out(out, arena, found) : ASSAY_E_MISSING;
}

static enum assay_code memory_put_entry(struct kx_ledger *ledger, const struct kx_entry *entry,
                                        struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = entry_at(m, KX_BY_TXID, entry->attempt.txid);
    struct entry_node *n = entry_new(entry);

    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an attempt");
    if (*at != NULL)
        kx_memory_replace(m, at, &n->node);
    else
        kx_memory_insert(m, at, &n->node);
    return ASSAY_OK;
}

static enum assay_code memory_drop_entry(struct kx_ledger *ledger, const char *txid,
                                         struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = entry_at(m, KX_BY_TXID, txid);

    (void)err;
    if (*at != NULL)
        kx_memory_take_out(m, at);
    return ASSAY_OK;
}

static enum assay_code memory_used(struct kx_ledger *ledger, struct kx_used *out,
                                   const uint8_t *payer, struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;

    (void)err;
    *out = (struct kx_used){0};
    for (const struct kx_node *n = m->entries; n != NULL; n = n->next) {
        const struct kx_entry *e = &((const struct entry_node *)n)->entry;

        out->records += e->charge > 0;
        out->bytes += e->charge;
        out->of_payer += e->charge > 0 && memcmp(e->attempt.payer, payer, 32) == 0;
    }
    kx_memory_add_channels(m, out, payer);
    return ASSAY_OK;
}

/* What the list's nodes say of themselves: the transaction, if it has not ended. */
static const char *open_entry(const struct kx_node *node)
{
    const struct kx_attempt *a = &((const struct entry_node *)node)->entry.attempt;

    return a->status != KX_APPLIED ? a->txid : NULL;
}

static enum assay_code memory_list(struct kx_ledger *ledger, enum kx_listed of,
                                   char (*ids)[X402_HASH_TEXT_BYTES], size_t room, size_t *count,
                                   struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;
    const struct {
        const struct kx_node *first;
        const char *(*id_of)(const struct kx_node *node);
    } lists[] = {
        [KX_OF_ATTEMPTS] = {m->entries, open_entry},
        [KX_OF_OPERATIONS] = {m->operations, kx_memory_open_operation},
        [KX_OF_CHANNELS] = {m->channels, kx_memory_claimable},
    };
    size_t found = 0;

    (void)err;
    for (const struct kx_node *n = lists[of].first; n != NULL; n = n->next) {
        const char *id = lists[of].id_of(n);

        if (id == NULL)
            continue;
        if (found < room)
            memcpy(ids[found], id, X402_HASH_TEXT_BYTES);
        found++;
    }
    *count = found;
    return ASSAY_OK;
}

static struct kx_node **identifier_at(struct kx_memory *m, struct assay_bytes identifier)
{
    struct kx_node **at = &m->identifiers;

    while (*at != NULL &&
           !assay_bytes_equal(((struct identifier_node *)*at)->identifier, identifier))
        at = &(*at)->next;
    return at;
}

static enum assay_code memory_find_identifier(struct kx_ledger *ledger,
                                              struct kx_identifier_record *out,
                                              struct assay_bytes identifier, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct identifier_node *n = (struct identifier_node *)*identifier_at(m, identifier);

    (void)err;
    if (n == NULL)
        return ASSAY_E_MISSING;
    *out = n->record;
    return ASSAY_OK;
}

static enum assay_code memory_put_identifier(struct kx_ledger *ledger,
                                             struct assay_bytes identifier,
                                             const struct kx_identifier_record *record,
                                             int64_t until_ms, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = identifier_at(m, identifier);
    struct identifier_node *n = assay_alloc(sizeof(*n) + identifier.len);
    uint8_t *room;

    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for an identifier");
    room = (uint8_t *)(n + 1);
    *n = (struct identifier_node){.record = *record, .until_ms = until_ms};
    n->identifier = kx_memory_keep(&room, identifier);
    if (*at != NULL)
        kx_memory_replace(m, at, &n->node);
    else
        kx_memory_insert(m, at, &n->node);
    return ASSAY_OK;
}

static enum assay_code memory_drop_identifiers(struct kx_ledger *ledger, int64_t now_ms,
                                               size_t limit, size_t *gone, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;

    (void)err;
    *gone = 0;
    for (struct kx_node **at = &m->identifiers; *at != NULL && *gone < limit;) {
        const struct identifier_node *n = (struct identifier_node *)*at;

        if (n->record.state == KX_ID_RELEASED && n->until_ms <= now_ms) {
            kx_memory_take_out(m, at);
            (*gone)++;
        } else {
            at = &(*at)->next;
        }
    }
    return ASSAY_OK;
}

/* The link to the head of that id, or to the first behind it. */
static struct kx_node **head_at(struct kx_memory *m, const uint8_t *id)
{
    struct kx_node **at = &m->heads;

    while (*at != NULL && memcmp(((struct head_node *)*at)->head.id, id, 32) < 0)
        at = &(*at)->next;
    return at;
}

static bool is_of(const struct kx_node *n, const uint8_t *id)
{
    return n != NULL && memcmp(((const struct head_node *)n)->head.id, id, 32) == 0;
}

static enum assay_code memory_find_head(struct kx_ledger *ledger, struct kx_head_record *out,
                                        const uint8_t *id, struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    const struct kx_node *n = *head_at(m, id);

    (void)err;
    if (!is_of(n, id))
        return ASSAY_E_MISSING;
    *out = ((const struct head_node *)n)->head;
    return ASSAY_OK;
}

static enum assay_code memory_find_head_at(struct kx_ledger *ledger, struct kx_head_record *out,
                                           const struct kaspa_outpoint *outpoint,
                                           struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;

    (void)err;
    for (const struct kx_node *n = m->heads; n != NULL; n = n->next) {
        const struct kx_head_record *h = &((const struct head_node *)n)->head;

        if (kaspa_hash_equal(&h->outpoint.txid, &outpoint->txid) &&
            h->outpoint.index == outpoint->index) {
            *out = *h;
            return ASSAY_OK;
        }
    }
    return ASSAY_E_MISSING;
}

static enum assay_code memory_find_available(struct kx_ledger *ledger, struct kx_head_record *out,
                                             uint64_t nth, struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;

    (void)err;
    for (const struct kx_node *n = m->heads; n != NULL; n = n->next) {
        const struct kx_head_record *h = &((const struct head_node *)n)->head;

        if (h->status == KX_HEAD_AVAILABLE && nth-- == 0) {
            *out = *h;
            return ASSAY_OK;
        }
    }
    return ASSAY_E_MISSING;
}

static enum assay_code memory_count_heads(struct kx_ledger *ledger, uint64_t *all,
                                          uint64_t *available, struct assay_err *err)
{
    const struct kx_memory *m = (const struct kx_memory *)ledger;

    (void)err;
    *all = *available = 0;
    for (const struct kx_node *n = m->heads; n != NULL; n = n->next) {
        *all += 1;
        *available += ((const struct head_node *)n)->head.status == KX_HEAD_AVAILABLE;
    }
    return ASSAY_OK;
}

static enum assay_code memory_put_head(struct kx_ledger *ledger, const struct kx_head_record *head,
                                       struct assay_err *err)
{
    struct kx_memory *m = (struct kx_memory *)ledger;
    struct kx_node **at = head_at(m, head->id);
    struct head_node *n = assay_alloc(sizeof(*n));

    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a head");
    *n = (struct head_node){.head = *head};
    if (is_of(*at, head->id))
        kx_memory_replace(m, at, &n->node);
    else
        kx_memory_insert(m, at, &n->node);
    return ASSAY_OK;
}

static void list_free(struct kx_node *list)
{
    while (list != NULL) {
        struct kx_node *next = list->next;

        assay_free(list);
        list = next;
    }
}

static uint64_t memory_commits(struct kx_ledger *ledger)
{
    (void)ledger;
    return 0;
}

static void memory_close(struct kx_ledger *ledger)
{
    struct kx_memory *m = (struct kx_memory *)ledger;

    list_free(m->entries);
    list_free(m->identifiers);
    list_free(m->heads);
    list_free(m->channels);
    list_free(m->operations);
    pthread_mutex_destroy(&m->lock);
    assay_free(m);
}

static const struct kx_ledger_ops ops = {
    .begin = memory_begin,
    .commit = memory_commit,
    .leave = memory_leave,
    .find_entry = memory_find_entry,
    .put_entry = memory_put_entry,
    .drop_entry = memory_drop_entry,
    .used = memory_used,
    .list = memory_list,
    .find_identifier = memory_find_identifier,
    .put_identifier = memory_put_identifier,
    .drop_identifiers = memory_drop_identifiers,
    .find_head = memory_find_head,
    .find_head_at = memory_find_head_at,
    .find_available = memory_find_available,
    .count_heads = memory_count_heads,
    .put_head = memory_put_head,
    .find_channel = kx_memory_find_channel,
    .find_covenant = kx_memory_find_covenant,
    .put_channel = kx_memory_put_channel,
    .find_lineage = kx_memory_find_lineage,
    .put_lineage = kx_memory_put_lineage,
    .find_operation = kx_memory_find_operation,
    .put_operation = kx_memory_put_operation,
    .drop_operation = kx_memory_drop_operation,
    .commits = memory_commits,
    .close = memory_close,
};

enum assay_code kx_store_memory_open(struct kx_store **out, const struct kx_store_limits *limits,
                                     struct assay_err *err)
{
    struct kx_memory *m = assay_alloc(sizeof(*m));
    enum assay_code code;

    if (m == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    *m = (struct kx_memory){.base.ops = &ops};
    pthread_mutex_init(&m->lock, NULL);
    if ((code = kx_store_over(out, &m->base, &m->base, limits, err)) != ASSAY_OK)
        memory_close(&m->base);
    return code;
}
