/* The store in memory of one process: two hash tables behind one lock. A test fixture. */
#include "store/store.h"

#include "base/hash.h"

#include <pthread.h>

enum { FIRST_SLOTS = 64 };

/* A nonce or a key. Its bytes follow the struct: name, request hash, payment, content type, body.
 */
struct entry {
    struct entry *next;
    uint64_t hash;
    int64_t until_ms;
    bool ended; /* spent, or answered; else reserved by a running request */
    int status;
    struct assay_bytes name, request_hash, payment, content_type, body;
};

struct table {
    struct entry **slots;
    size_t slot_count; /* a power of two */
    uint64_t count;
    uint64_t max;
};

struct memory {
    struct ref_store base;
    pthread_mutex_t lock;
    struct table nonces, keys;
    int64_t floor_ms;
};

/* Names come from clients: a hash that they cannot steer keeps the chains short. */
static uint64_t hash_of(struct assay_bytes name)
{
    uint8_t digest[ASSAY_SHA256_BYTES];
    uint64_t hash;

    assay_sha256(digest, name);
    memcpy(&hash, digest, sizeof(hash));
    return hash;
}

static struct entry **place_of(const struct table *t, struct assay_bytes name)
{
    uint64_t hash = hash_of(name);
    struct entry **at = &t->slots[hash & (t->slot_count - 1)];

    while (*at != NULL && ((*at)->hash != hash || !assay_bytes_equal((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

static struct assay_bytes keep(uint8_t **room, struct assay_bytes bytes)
{
    struct assay_bytes kept = assay_bytes_of(*room, bytes.len);

    if (bytes.len > 0)
        memcpy(*room, bytes.at, bytes.len);
    *room += bytes.len;
    return kept;
}

static struct entry *entry_new(struct assay_bytes name, const struct ref_claim *claim,
                               const struct ref_answer *answer, int64_t until_ms)
{
    static const struct ref_answer nothing = {.content_type = {(const uint8_t *)"", 0},
                                              .body = {(const uint8_t *)"", 0}};
    struct entry *e;
    uint8_t *room;

    if (answer == NULL)
        answer = &nothing;
    e = assay_alloc(sizeof(*e) + name.len + claim->request_hash.len + claim->payment.len +
                    answer->content_type.len + answer->body.len);
    if (e == NULL)
        return NULL;
    *e = (struct entry){.hash = hash_of(name), .until_ms = until_ms, .status = answer->status};
    room = (uint8_t *)(e + 1);
    e->name = keep(&room, name);
    e->request_hash = keep(&room, claim->request_hash);
    e->payment = keep(&room, claim->payment);
    e->content_type = keep(&room, answer->content_type);
    e->body = keep(&room, answer->body);
    return e;
}

/* Doubles the slots once they are full on average. A table that cannot grow stays right, only slow.
 */
static void make_room(struct table *t)
{
    size_t wanted = t->slot_count * 2;
    struct entry **slots;

    if (t->count < t->slot_count)
        return;
    slots = assay_alloc(wanted * sizeof(struct entry *));
    if (slots == NULL)
        return;
    memset(slots, 0, wanted * sizeof(struct entry *));
    for (size_t i = 0; i < t->slot_count; i++) {
        for (struct entry *e = t->slots[i], *next; e != NULL; e = next) {
            struct entry **head = &slots[e->hash & (wanted - 1)];

            next = e->next;
            e->next = *head;
            *head = e;
        }
    }
    assay_free(t->slots);
    t->slots = slots;
    t->slot_count = wanted;
}

static void table_put(struct table *t, struct entry *e)
{
    struct entry **at;

    make_room(t);
    at = &t->slots[e->hash & (t->slot_count - 1)];
    e->next = *at;
    *at = e;
    t->count++;
}

static void table_drop(struct table *t, struct entry **at)
{
    struct entry *gone = *at;

    *at = gone->next;
    assay_free(gone);
    t->count--;
}

static enum assay_code table_init(struct table *t, uint64_t max)
{
    *t = (struct table){.slot_count = FIRST_SLOTS, .max = max};
    t->slots = assay_alloc(FIRST_SLOTS * sizeof(struct entry *));
    if (t->slots == NULL)
        return ASSAY_E_NOMEM;
    memset(t->slots, 0, FIRST_SLOTS * sizeof(struct entry *));
    return ASSAY_OK;
}

static void table_drop_until(struct table *t, int64_t now_ms)
{
    for (size_t i = 0; i < t->slot_count; i++) {
        for (struct entry **at = &t->slots[i]; *at != NULL;) {
            if ((*at)->until_ms <= now_ms)
                table_drop(t, at);
            else
                at = &(*at)->next;
        }
    }
}

static void table_fini(struct table *t)
{
    if (t->slots != NULL)
        table_drop_until(t, INT64_MAX);
    assay_free(t->slots);
}

static enum assay_code found_set(struct ref_found *found, const struct entry *e)
{
    struct assay_buf *s = &found->storage;
    size_t type_end = e->content_type.len, body_end = type_end + e->body.len;

    assay_buf_clear(s);
    assay_buf_add(s, e->content_type);
    assay_buf_add(s, e->body);
    assay_buf_add(s, e->payment);
    if (!assay_buf_ok(s))
        return s->bad;
    found->answer.status = e->status;
    found->answer.content_type = assay_bytes_part(assay_buf_view(s), 0, type_end);
    found->answer.body = assay_bytes_part(assay_buf_view(s), type_end, body_end);
    found->payment = assay_bytes_part(assay_buf_view(s), body_end, s->len);
    return ASSAY_OK;
}

/* What a key says of a claim. A key past its time says nothing (IK-2: it is new again). */
static enum assay_code ask_key(const struct memory *m, const struct ref_claim *claim,
                               enum ref_claim_result *result, struct ref_found *found)
{
    const struct entry *e = claim->key.len > 0 ? *place_of(&m->keys, claim->key) : NULL;

    *result = REF_CLAIM_FREE;
    if (e == NULL || e->until_ms <= claim->now_ms)
        return ASSAY_OK;
    *result = !assay_bytes_equal(e->request_hash, claim->request_hash) ? REF_CLAIM_KEY_CONFLICT
              : e->ended                                               ? REF_CLAIM_ANSWERED
                                                                       : REF_CLAIM_KEY_BUSY;
    return found_set(found, e);
}

static enum assay_code memory_lookup(struct ref_store *store, const struct ref_claim *claim,
                                     enum ref_claim_result *result, struct ref_found *found,
                                     struct assay_err *err)
{
    struct memory *m = (struct memory *)store;
    enum assay_code rc;

    pthread_mutex_lock(&m->lock);
    rc = ask_key(m, claim, result, found);
    pthread_mutex_unlock(&m->lock);
    return assay_err_wrap(err, rc, "store: lookup");
}

static enum assay_code begin_locked(struct memory *m, const struct ref_claim *claim,
                                    enum ref_claim_result *result, struct ref_found *found)
{
    struct entry *nonce = NULL, *key = NULL, **old = NULL;
    enum assay_code rc = ask_key(m, claim, result, found);

    if (rc != ASSAY_OK || *result != REF_CLAIM_FREE)
        return rc;
    if (claim->nonce.len > 0 && *place_of(&m->nonces, claim->nonce) != NULL) {
        *result = REF_CLAIM_NONCE_TAKEN;
        return ASSAY_OK;
    }
    if (claim->key.len > 0 && *(old = place_of(&m->keys, claim->key)) == NULL)
        old = NULL;
    if ((claim->nonce.len > 0 && m->nonces.count >= m->nonces.max) ||
        (claim->key.len > 0 && old == NULL && m->keys.count >= m->keys.max)) {
        *result = REF_CLAIM_FULL;
        return ASSAY_OK;
    }
    if (claim->nonce.len > 0 &&
        (nonce = entry_new(claim->nonce, claim, NULL, claim->nonce_until_ms)) == NULL)
        return ASSAY_E_NOMEM;
    if (claim->key.len > 0 &&
        (key = entry_new(claim->key, claim, NULL, claim->key_until_ms)) == NULL) {
        assay_free(nonce);
        return ASSAY_E_NOMEM;
    }
    if (old != NULL)
        table_drop(&m->keys, old);
    if (nonce != NULL)
        table_put(&m->nonces, nonce);
    if (key != NULL)
        table_put(&m->keys, key);
    return ASSAY_OK;
}

static enum assay_code memory_begin(struct ref_store *store, const struct ref_claim *claim,
                                    enum ref_claim_result *result, struct ref_found *found,
                                    struct assay_err *err)
{
    struct memory *m = (struct memory *)store;
    enum assay_code rc;

    pthread_mutex_lock(&m->lock);
    rc = begin_locked(m, claim, result, found);
    pthread_mutex_unlock(&m->lock);
    return assay_err_wrap(err, rc, "store: begin");
}

/* The reservation of that name, or NULL. */
static struct entry **reserved(const struct table *t, struct assay_bytes name)
{
    struct entry **at = name.len > 0 ? place_of(t, name) : NULL;

    return at != NULL && *at != NULL && !(*at)->ended ? at : NULL;
}

static enum assay_code finish_locked(struct memory *m, const struct ref_claim *claim,
                                     enum ref_outcome outcome, const struct ref_answer *answer)
{
    struct entry **nonce = reserved(&m->nonces, claim->nonce);
    struct entry **key = reserved(&m->keys, claim->key);
    struct entry *kept = NULL;

    if (answer != NULL && answer->body.len > REF_STORE_BODY_MAX_BYTES)
        return ASSAY_E_TOO_LARGE;
    if ((nonce == NULL && key == NULL) || (claim->nonce.len > 0 && nonce == NULL) ||
        (claim->key.len > 0 &&
         (key == NULL || !assay_bytes_equal((*key)->payment, claim->payment))))
        return ASSAY_E_MISSING;
    if (key != NULL && outcome == REF_OUTCOME_SPENT && answer != NULL) {
        kept = entry_new(claim->key, claim, answer, claim->key_until_ms);
        if (kept == NULL)
            return ASSAY_E_NOMEM;
        kept->ended = true;
    }
    if (key != NULL)
        table_drop(&m->keys, key);
    if (kept != NULL)
        table_put(&m->keys, kept);
    if (nonce != NULL && outcome == REF_OUTCOME_SPENT)
        (*nonce)->ended = true;
    else if (nonce != NULL)
        table_drop(&m->nonces, nonce);
    return ASSAY_OK;
}

static enum assay_code memory_finish(struct ref_store *store, const struct ref_claim *claim,
                                     enum ref_outcome outcome, const struct ref_answer *answer,
                                     struct assay_err *err)
{
    struct memory *m = (struct memory *)store;
    enum assay_code rc;

    pthread_mutex_lock(&m->lock);
    rc = finish_locked(m, claim, outcome, answer);
    pthread_mutex_unlock(&m->lock);
    return assay_err_wrap(err, rc, "store: finish");
}

static enum assay_code memory_sweep(struct ref_store *store, int64_t now_ms, struct assay_err *err)
{
    struct memory *m = (struct memory *)store;

    (void)err;
    pthread_mutex_lock(&m->lock);
    table_drop_until(&m->nonces, now_ms);
    table_drop_until(&m->keys, now_ms);
    m->floor_ms = m->floor_ms > now_ms ? m->floor_ms : now_ms;
    pthread_mutex_unlock(&m->lock);
    return ASSAY_OK;
}

static enum assay_code memory_floor(struct ref_store *store, int64_t *floor_ms,
                                    struct assay_err *err)
{
    struct memory *m = (struct memory *)store;

    (void)err;
    pthread_mutex_lock(&m->lock);
    *floor_ms = m->floor_ms;
    pthread_mutex_unlock(&m->lock);
    return ASSAY_OK;
}

static enum assay_code memory_count(struct ref_store *store, uint64_t *nonces, uint64_t *keys,
                                    struct assay_err *err)
{
    struct memory *m = (struct memory *)store;

    (void)err;
    pthread_mutex_lock(&m->lock);
    *nonces = m->nonces.count;
    *keys = m->keys.count;
    pthread_mutex_unlock(&m->lock);
    return ASSAY_OK;
}

static void memory_close(struct ref_store *store)
{
    struct memory *m = (struct memory *)store;

    if (m == NULL)
        return;
    table_fini(&m->nonces);
    table_fini(&m->keys);
    pthread_mutex_destroy(&m->lock);
    assay_free(m);
}

static const struct ref_store_ops memory_ops = {
    .lookup = memory_lookup,
    .begin = memory_begin,
    .finish = memory_finish,
    .sweep = memory_sweep,
    .floor = memory_floor,
    .count = memory_count,
    .close = memory_close,
};

enum assay_code ref_store_memory_open(struct ref_store **out, const struct ref_store_limits *limits,
                                      struct assay_err *err)
{
    struct memory *m = assay_alloc(sizeof(*m));

    if (m == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    *m = (struct memory){.base.ops = &memory_ops};
    pthread_mutex_init(&m->lock, NULL);
    if (table_init(&m->nonces, limits->max_nonces) != ASSAY_OK ||
        table_init(&m->keys, limits->max_keys) != ASSAY_OK) {
        memory_close(&m->base);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a store");
    }
    *out = &m->base;
    return ASSAY_OK;
}
