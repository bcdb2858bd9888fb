/* The tables of a simulated chain: lists of records, and records by hash. */
#include "roles/kaspa_chain_internal.h"

#include <assert.h>

#define LEAST_ROOM 64

/* More than any table may hold, so that sizes in bytes do not wrap. */
#define MOST_ROOM ((size_t)1 << 32)

static size_t room_for(size_t room, size_t need)
{
    room = room < LEAST_ROOM ? LEAST_ROOM : room;
    while (room < need)
        room *= 2;
    return room;
}

bool chain_list_reserve(struct chain_list *list, size_t more)
{
    size_t room;
    void **at;

    assert(more <= MOST_ROOM && list->len <= MOST_ROOM);
    if (more <= list->room - list->len)
        return true;
    room = room_for(list->room, list->len + more);
    at = assay_realloc(list->at, room * sizeof(*at));
    if (at == NULL)
        return false;
    list->at = at;
    list->room = room;
    return true;
}

void chain_list_push(struct chain_list *list, void *item)
{
    assert(list->len < list->room);
    list->at[list->len++] = item;
}

/* Hashes are evenly spread as they are. Half of the slots are free: the search ends. */
static struct chain_slot *slot_of(const struct chain_index *index, const struct kaspa_hash *hash)
{
    size_t at;

    memcpy(&at, hash->at, sizeof(at));
    for (at &= index->room - 1; index->slots[at].hash != NULL; at = (at + 1) & (index->room - 1))
        if (kaspa_hash_equal(index->slots[at].hash, hash))
            break;
    return &index->slots[at];
}

bool chain_index_reserve(struct chain_index *index, size_t more)
{
    struct chain_index larger = {0};

    assert(more <= MOST_ROOM && index->len <= MOST_ROOM);
    if (2 * (index->len + more) <= index->room)
        return true;
    larger.room = room_for(index->room, 2 * (index->len + more));
    larger.slots = assay_alloc(larger.room * sizeof(*larger.slots));
    if (larger.slots == NULL)
        return false;
    memset(larger.slots, 0, larger.room * sizeof(*larger.slots));
    for (size_t i = 0; i < index->room; i++)
        if (index->slots[i].hash != NULL)
            chain_index_add(&larger, index->slots[i].hash, index->slots[i].record);
    assay_free(index->slots);
    *index = larger;
    return true;
}

void chain_index_add(struct chain_index *index, const struct kaspa_hash *hash, void *record)
{
    assert(2 * (index->len + 1) <= index->room);
    *slot_of(index, hash) = (struct chain_slot){hash, record};
    index->len++;
}

void *chain_index_find(const struct chain_index *index, const struct kaspa_hash *hash)
{
    return slot_of(index, hash)->record;
}
