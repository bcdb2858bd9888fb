/* Whom a node tells of changes, and what: the chain that was told last is kept by height, and of
 * each watched address the outputs, so that what differs is known whatever happened between. See
 * Kaspa consensus digest, section 7.3. */
#include "roles/kaspa_node_internal.h"

#include "kaspa/script.h"

#include <inttypes.h>

struct node_watch {
    struct node_address address;
    struct node_utxos told;
};

struct kaspa_spk node_address_spk(const struct node_address *address)
{
    return (struct kaspa_spk){.script = assay_bytes_of(address->script, address->script_len)};
}

/* ---- addresses ---- */

static struct node_watch *find_watch(const struct node_subscriber *subscriber,
                                     const struct node_address *address)
{
    for (size_t i = 0; i < subscriber->watch_count; i++)
        if (strcmp(subscriber->watches[i].address.text, address->text) == 0)
            return &subscriber->watches[i];
    return NULL;
}

bool node_watch_begin(struct node_subscriber *subscriber, const struct node_view *view,
                      const struct node_address *address)
{
    struct kaspa_spk spk = node_address_spk(address);
    struct node_watch watch = {.address = *address};

    if (find_watch(subscriber, address) != NULL)
        return true;
    if (subscriber->watch_count == subscriber->watch_room) {
        size_t room = subscriber->watch_room > 0 ? 2 * subscriber->watch_room : 4;
        struct node_watch *watches = assay_realloc(subscriber->watches, room * sizeof(*watches));

        if (watches == NULL)
            return false;
        subscriber->watches = watches;
        subscriber->watch_room = room;
    }
    if (!node_view_utxos(view, &watch.told, &spk)) {
        node_utxos_fini(&watch.told);
        return false;
    }
    subscriber->watches[subscriber->watch_count++] = watch;
    return true;
}

void node_watch_end(struct node_subscriber *subscriber, const struct node_address *address)
{
    struct node_watch *watch = find_watch(subscriber, address);

    if (watch == NULL)
        return;
    node_utxos_fini(&watch->told);
    *watch = subscriber->watches[--subscriber->watch_count];
}

void node_watch_end_all(struct node_subscriber *subscriber)
{
    for (size_t i = 0; i < subscriber->watch_count; i++)
        node_utxos_fini(&subscriber->watches[i].told);
    subscriber->watch_count = 0;
}

void node_subscriber_fini(struct node_subscriber *subscriber)
{
    node_watch_end_all(subscriber);
    assay_free(subscriber->watches);
    *subscriber = (struct node_subscriber){.watches = NULL};
}

/* ---- what was told of the chain ---- */

void node_told_fini(struct node_told *told)
{
    assay_free(told->chain);
    *told = (struct node_told){.chain = NULL};
}

struct node_news node_news_of(const struct node_told *told, const struct node_view *view)
{
    size_t kept = told->count;
    struct kaspa_chain_block block;

    while (kept > 0 && !(node_view_block_at(view, &block, kept - 1) &&
                         kaspa_hash_equal(&block.hash, &told->chain[kept - 1])))
        kept--;
    return (struct node_news){.told = told, .kept = kept};
}

bool node_told_take(struct node_told *told, const struct node_view *view, size_t kept)
{
    size_t count = (size_t)view->height + 1, room = 2 * count;
    struct kaspa_chain_block block;

    if (count > told->room) {
        struct kaspa_hash *chain = assay_realloc(told->chain, room * sizeof(*chain));

        if (chain == NULL)
            return false;
        told->chain = chain;
        told->room = room;
    }
    told->count = kept;
    while (told->count < count && node_view_block_at(view, &block, told->count))
        told->chain[told->count++] = block.hash;
    told->daa_score = view->info.daa_score;
    told->blue_score = node_blue_score(view, view->info.blue_score);
    return true;
}

/* ---- the messages ---- */

struct teller {
    struct node_subscriber *to;
    const struct node_view *view;
    const struct node_news *news;
    void (*send)(void *cls, struct assay_bytes message);
    void *cls;
    bool failed; /* something could not be told */
};

static void begin(struct assay_buf *out, const char *method, const char *scope)
{
    assay_buf_printf(out, "{\"method\":\"%s\",\"params\":{\"%s\":{", method, scope);
}

static void send_message(struct teller *t, struct assay_buf *out)
{
    assay_buf_add_str(out, "}}}");
    if (assay_buf_ok(out))
        t->send(t->cls, assay_buf_view(out));
    else
        t->failed = true;
    assay_buf_fini(out);
}

static void tell_block(struct teller *t, const struct kaspa_hash *hash)
{
    struct assay_buf out = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    struct kaspa_chain_block block;

    if (!node_view_block(t->view, &block, hash))
        return;
    begin(&out, "blockAddedNotification", "BlockAdded");
    assay_buf_add_str(&out, "\"block\":");
    node_add_block(&out, t->view, &block, true);
    send_message(t, &out);
}

/* What a chain block merges beside its selected parent was added just before it. */
static void tell_blocks(struct teller *t)
{
    struct kaspa_chain_block block;

    for (uint64_t height = t->news->kept; node_view_block_at(t->view, &block, height); height++) {
        for (size_t i = 1; i < block.merged_count; i++)
            tell_block(t, &block.merged[i]);
        tell_block(t, &block.hash);
    }
}

static void tell_chain(struct teller *t)
{
    struct assay_buf out = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    const struct node_told *told = t->news->told;
    struct kaspa_chain_block block;
    const char *comma = "";

    if (t->news->kept == told->count && t->news->kept > t->view->height)
        return;
    begin(&out, "virtualChainChangedNotification", "VirtualChainChanged");
    assay_buf_add_str(&out, "\"removedChainBlockHashes\":[");
    for (size_t i = told->count; i > t->news->kept; i--, comma = ",")
        assay_buf_printf(&out, "%s\"%s\"", comma, node_hex(&told->chain[i - 1]).text);
    assay_buf_add_str(&out, "],\"addedChainBlockHashes\":[");
    comma = "";
    for (uint64_t i = t->news->kept; node_view_block_at(t->view, &block, i); i++, comma = ",")
        assay_buf_printf(&out, "%s\"%s\"", comma, node_hex(&block.hash).text);
    assay_buf_add_str(&out, "],\"acceptedTransactionIds\":[");
    comma = "";
    for (uint64_t i = t->news->kept; t->to->accepted_ids && node_view_block_at(t->view, &block, i);
         i++, comma = ",") {
        assay_buf_add_str(&out, comma);
        node_add_accepted(&out, t->view, &block);
    }
    assay_buf_add_byte(&out, ']');
    send_message(t, &out);
}

static void tell_score(struct teller *t, const char *method, const char *scope, const char *member,
                       uint64_t before, uint64_t now)
{
    struct assay_buf out = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);

    if (before == now)
        return;
    begin(&out, method, scope);
    assay_buf_printf(&out, "\"%s\":%" PRIu64, member, now);
    send_message(t, &out);
}

static bool same(const struct node_utxo *a, const struct node_utxo *b)
{
    return a->amount == b->amount && a->block_daa_score == b->block_daa_score;
}

/* Adds to `out` what is in `these` and not, or not like this, in `those`: both are in order. */
static void add_difference(struct assay_buf *out, const struct node_address *address,
                           const struct node_utxos *these, const struct node_utxos *those)
{
    struct kaspa_spk spk = node_address_spk(address);
    size_t j = 0;

    for (size_t i = 0; i < these->count; i++) {
        const struct node_utxo *utxo = &these->at[i];

        while (j < those->count && node_utxo_order(&those->at[j], utxo) < 0)
            j++;
        if (j < those->count && node_utxo_order(&those->at[j], utxo) == 0 &&
            same(&those->at[j], utxo))
            continue;
        assay_buf_add_str(out, out->len > 0 ? "," : "");
        node_add_utxo(out, address->text, &spk, utxo);
    }
}

static void look_at(struct teller *t, struct node_watch *watch, struct assay_buf *added,
                    struct assay_buf *removed)
{
    struct kaspa_spk spk = node_address_spk(&watch->address);
    struct node_utxos now = {.at = NULL};

    if (!node_view_utxos(t->view, &now, &spk)) {
        t->failed = true;
        node_utxos_fini(&now);
        return;
    }
    add_difference(added, &watch->address, &now, &watch->told);
    add_difference(removed, &watch->address, &watch->told, &now);
    node_utxos_fini(&watch->told);
    watch->told = now;
}

static void tell_utxos(struct teller *t)
{
    struct assay_buf added = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    struct assay_buf removed = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    struct assay_buf out = ASSAY_BUF_INIT(2 * NODE_ANSWER_MAX_BYTES);

    for (size_t i = 0; i < t->to->watch_count; i++)
        look_at(t, &t->to->watches[i], &added, &removed);
    if (!assay_buf_ok(&added) || !assay_buf_ok(&removed)) {
        t->failed = true;
    } else if (added.len + removed.len > 0) {
        begin(&out, "utxosChangedNotification", "UtxosChanged");
        assay_buf_add_str(&out, "\"added\":[");
        assay_buf_add(&out, assay_buf_view(&added));
        assay_buf_add_str(&out, "],\"removed\":[");
        assay_buf_add(&out, assay_buf_view(&removed));
        assay_buf_add_byte(&out, ']');
        send_message(t, &out);
    }
    assay_buf_fini(&added);
    assay_buf_fini(&removed);
}

bool node_tell(struct node_subscriber *subscriber, const struct node_view *view,
               const struct node_news *news, void (*send)(void *cls, struct assay_bytes message),
               void *cls)
{
    struct teller t = {subscriber, view, news, send, cls, false};

    if (subscriber->block_added)
        tell_blocks(&t);
    if (subscriber->virtual_chain)
        tell_chain(&t);
    if (subscriber->watch_count > 0)
        tell_utxos(&t);
    if (subscriber->daa_score)
        tell_score(&t, "virtualDaaScoreChangedNotification", "VirtualDaaScoreChanged",
                   "virtualDaaScore", news->told->daa_score, view->info.daa_score);
    if (subscriber->blue_score)
        tell_score(&t, "sinkBlueScoreChangedNotification", "SinkBlueScoreChanged", "sinkBlueScore",
                   news->told->blue_score, node_blue_score(view, view->info.blue_score));
    return !t.failed;
}
