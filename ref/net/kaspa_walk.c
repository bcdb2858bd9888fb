/* Walks along the selected chain in search of a transaction. Depth is counted in blocks, never in
 * blue scores. Source: Kaspa consensus digest, sections 7.2 and 7.6. */
#include "net/kaspa_node_internal.h"

#include "defects/defects.h"

#include <inttypes.h>

enum { PARAMS_MAX_BYTES = 512 };

/* One page of a walk while it is read. */
struct page {
    struct ref_kaspa_ask *ask;
    struct ref_kaspa_reader *r;
    struct ref_kaspa_walk *walk;
    uint32_t params;
    size_t blocks;
};

static void pass_block(struct page *page, const struct kaspa_hash *hash)
{
    struct ref_kaspa_walk *walk = page->walk;

    if (kaspa_hash_equal(hash, &walk->end))
        ref_kaspa_read_fail(page->r, "addedChainBlockHashes", "has a block twice in a row");
    page->blocks++;
    if (!walk->is_found)
        walk->before = walk->end;
    walk->end = *hash;
    walk->depth += walk->is_found;
    walk->is_whole = walk->is_whole || kaspa_hash_equal(hash, &walk->sink);
    walk->is_past = walk->is_past || (walk->has_until && kaspa_hash_equal(hash, &walk->until));
}

/* ---- by ids: getVirtualChainFromBlock ---- */

static bool lists_it(struct page *page, uint32_t entry)
{
    struct ref_kaspa_reader *r = page->r;
    uint32_t ids = ref_kaspa_read_list(r, entry, "acceptedTransactionIds");
    bool found = false;

    for (uint32_t at = assay_json_first(r->doc, ids); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, ids, at)) {
        struct kaspa_hash id = ref_kaspa_read_hash_at(r, at, "acceptedTransactionIds");

        found = found || kaspa_hash_equal(&id, page->walk->txid);
    }
    return found;
}

static void find_in_block(struct page *page, const struct kaspa_hash *block, uint32_t entry)
{
    struct ref_kaspa_walk *walk = page->walk;

    if (!lists_it(page, entry))
        return;
    if (walk->is_found)
        ref_kaspa_read_fail(page->r, "a transaction", "is accepted by two blocks");
    walk->is_found = true;
    walk->found = *walk->txid;
    walk->block = *block;
    walk->depth = 1;
    walk->pages = 0;
}

/* What blocks accepted stands in their order; one that is not named accepted nothing. */
static void read_ids(struct page *page)
{
    struct ref_kaspa_reader *r = page->r;
    uint32_t added = ref_kaspa_read_list(r, page->params, "addedChainBlockHashes");
    uint32_t entries = ref_kaspa_read_list(r, page->params, "acceptedTransactionIds");
    uint32_t entry = assay_json_first(r->doc, entries);

    for (uint32_t at = assay_json_first(r->doc, added); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, added, at)) {
        struct kaspa_hash block = ref_kaspa_read_hash_at(r, at, "addedChainBlockHashes");
        struct kaspa_hash accepting = block;

        if (r->bad != ASSAY_OK)
            return;
        pass_block(page, &block);
        if (entry != ASSAY_JSON_NONE)
            accepting = ref_kaspa_read_hash(r, entry, "acceptingBlockHash");
        if (entry == ASSAY_JSON_NONE || !kaspa_hash_equal(&accepting, &block))
            continue;
        find_in_block(page, &block, entry);
        entry = assay_json_next_sibling(r->doc, entries, entry);
    }
    if (entry != ASSAY_JSON_NONE)
        ref_kaspa_read_fail(r, "acceptingBlockHash",
                            "is none of the chain blocks, or out of order");
}

/* ---- in full: getVirtualChainFromBlockV2 ---- */

/* The number of the outpoint that an input spends; of none, as many as there are. */
static size_t read_number(struct page *page, uint32_t input)
{
    const struct ref_kaspa_walk *walk = page->walk;
    struct kaspa_outpoint spent = ref_kaspa_read_outpoint(page->r, input, "previousOutpoint");

    for (size_t i = 0; i < walk->outpoint_count && page->r->bad == ASSAY_OK; i++)
        if (walk->outpoints[i].index == spent.index &&
            kaspa_hash_equal(&walk->outpoints[i].txid, &spent.txid))
            return i;
    return walk->outpoint_count;
}

/* Said to be the one that is looked for; every member is optional there. */
static bool bears_id(struct page *page, uint32_t tx)
{
    struct ref_kaspa_reader *r = page->r;
    uint32_t data = ref_kaspa_read_optional(r, tx, "verboseData");
    uint32_t token = ref_kaspa_read_optional(r, data, "transactionId");
    struct kaspa_hash id;

    if (token == ASSAY_JSON_NONE)
        return false;
    id = ref_kaspa_read_hash_at(r, token, "transactionId");
    return kaspa_hash_equal(&id, page->walk->txid);
}

static bool spends_one(struct page *page, uint32_t tx)
{
    struct ref_kaspa_reader *r = page->r;
    uint32_t inputs = ref_kaspa_read_optional(r, tx, "inputs");

    for (uint32_t at = assay_json_first(r->doc, inputs); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, inputs, at))
        if (read_number(page, at) < page->walk->outpoint_count)
            return true;
    return false;
}

static void read_spent(struct page *page, uint32_t tx)
{
    struct ref_kaspa_reader *r = page->r;
    struct ref_kaspa_walk *walk = page->walk;
    uint32_t inputs = ref_kaspa_read_list(r, tx, "inputs");

    for (uint32_t at = assay_json_first(r->doc, inputs); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, inputs, at)) {
        size_t i = read_number(page, at);

        if (i < walk->outpoint_count)
            ref_kaspa_read_spent(r, &walk->spent[i], walk->arena, at);
    }
}

/* Its id is made anew, so that it is bound to all that it spends and makes. */
static void take_it(struct page *page, uint32_t tx)
{
    struct ref_kaspa_reader *r = page->r;
    struct ref_kaspa_walk *walk = page->walk;
    struct assay_arena *arena = walk->keeps_body ? walk->arena : &page->ask->scratch;
    uint32_t data = ref_kaspa_read_object(r, tx, "verboseData");
    struct kaspa_hash told = ref_kaspa_read_hash(r, data, "transactionId");
    struct kaspa_hash id = ref_kaspa_read_tx(r, &walk->body, arena, tx);

    if (REF_DEFECT(kx_body_unhashed))
        id = told;
    if (!kaspa_hash_equal(&told, &id))
        ref_kaspa_read_fail(r, "transactionId", "is not the transaction's");
    if (walk->spent != NULL)
        read_spent(page, tx);
    walk->is_found = true;
    walk->found = id;
}

static bool is_it(struct page *page, uint32_t tx)
{
    return page->walk->txid != NULL ? bears_id(page, tx) : spends_one(page, tx);
}

static void read_transactions(struct page *page)
{
    struct ref_kaspa_reader *r = page->r;
    uint32_t added = ref_kaspa_read_list(r, page->params, "addedChainBlockHashes");
    uint32_t entries = ref_kaspa_read_list(r, page->params, "chainBlockAcceptedTransactions");

    for (uint32_t at = assay_json_first(r->doc, added); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, added, at)) {
        struct kaspa_hash block = ref_kaspa_read_hash_at(r, at, "addedChainBlockHashes");

        if (r->bad == ASSAY_OK)
            pass_block(page, &block);
    }
    for (uint32_t entry = assay_json_first(r->doc, entries); entry != ASSAY_JSON_NONE;
         entry = assay_json_next_sibling(r->doc, entries, entry)) {
        uint32_t txs = ref_kaspa_read_list(r, entry, "acceptedTransactions");

        for (uint32_t tx = assay_json_first(r->doc, txs); tx != ASSAY_JSON_NONE;
             tx = assay_json_next_sibling(r->doc, txs, tx))
            if (r->bad == ASSAY_OK && !page->walk->is_found && is_it(page, tx))
                take_it(page, tx);
    }
}

/* ---- pages ---- */

/* Only the first page may take blocks away: those of a start that left the chain. */
static enum assay_code read_page(struct page *page, bool is_first)
{
    uint32_t removed = ref_kaspa_read_list(page->r, page->params, "removedChainBlockHashes");

    if (!is_first && assay_json_first(page->r->doc, removed) != ASSAY_JSON_NONE)
        return ref_kaspa_contradicts(page->ask, "the chain changed while it was read");
    if (page->walk->is_full)
        read_transactions(page);
    else
        read_ids(page);
    page->walk->is_at_end = page->blocks == 0;
    return page->r->bad;
}

/* A node leaves out what is not more than a number of blue scores behind its sink. */
static void add_params(struct assay_buf *out, const struct ref_kaspa_walk *walk)
{
    ref_kaspa_add_hash(out, "{\"startHash\":", &walk->end);
    if (walk->is_full)
        assay_buf_add_str(out, ",\"dataVerbosityLevel\":\"Full\"");
    else
        assay_buf_printf(out, ",\"includeAcceptedTransactionIds\":%s",
                         walk->is_found ? "false" : "true");
    if (walk->behind > 0)
        assay_buf_printf(out, ",\"minConfirmationCount\":%" PRIu64, walk->behind - 1);
    assay_buf_add_byte(out, '}');
}

enum assay_code ref_kaspa_walk_page(struct ref_kaspa_ask *ask, struct ref_kaspa_walk *walk,
                                    bool is_first)
{
    char room[PARAMS_MAX_BYTES];
    struct assay_buf params = ASSAY_BUF_OVER(room);
    struct page page = {.ask = ask, .walk = walk};
    struct ref_kaspa_call call;
    enum assay_code rc;

    add_params(&params, walk);
    rc = ref_kaspa_call(ask, &call, NULL,
                        walk->is_full ? "getVirtualChainFromBlockV2" : "getVirtualChainFromBlock",
                        assay_buf_view(&params));
    if (rc == ASSAY_OK) {
        page.r = &call.r;
        page.params = call.params;
        rc = read_page(&page, is_first);
    }
    ref_kaspa_call_fini(&call);
    return rc;
}

/* In full it is all that is wanted; by ids the depth counts too. */
static bool is_over(const struct ref_kaspa_walk *walk)
{
    return walk->is_whole || (walk->is_found ? walk->is_full : walk->is_past);
}

enum assay_code ref_kaspa_walk(struct ref_kaspa_ask *ask, struct ref_kaspa_walk *walk)
{
    enum assay_code rc = ASSAY_OK;
    bool is_first = true;

    walk->is_whole = kaspa_hash_equal(&walk->end, &walk->sink);
    while (!is_over(walk) && rc == ASSAY_OK && walk->pages < ask->node->options.page_max) {
        walk->pages++;
        rc = ref_kaspa_walk_page(ask, walk, is_first);
        if (rc == ASSAY_OK && walk->is_at_end && !walk->is_whole)
            return ref_kaspa_contradicts(ask, "its sink is not on its chain");
        is_first = false;
    }
    return rc;
}
