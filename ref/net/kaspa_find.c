/* Where along the selected chain a transaction is looked for. A node reads its chain forwards
 * alone, so what lies further back than any block that the caller knows is found by marks: a page
 * of hashes from one to the next. Source: Kaspa consensus digest, section 7.2. */
#include "net/kaspa_node_internal.h"

enum { MARKS_MAX = 1024 }; /* pages of a chain; a network keeps 42 hours, a third of that */

enum assay_code ref_kaspa_walk_from(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                    const struct kaspa_hash *start)
{
    walk->end = *start;
    walk->sink = search->dag.sink;
    return ref_kaspa_walk(search->ask, walk);
}

enum assay_code ref_kaspa_walk_near(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                    bool *is_read)
{
    const struct ref_kaspa_walk fresh = *walk;
    struct kaspa_hash start = search->look->since;
    enum assay_code rc;

    *is_read = search->look->has_since || ref_kaspa_oldest_checkpoint(search->ask->node, &start);
    if (!*is_read)
        return ASSAY_OK;
    rc = ref_kaspa_walk_from(search, walk, &start);
    *is_read = walk->is_found || walk->is_whole;
    if (rc == ASSAY_E_DENIED) {
        *search->ask->err = (struct assay_err){.code = ASSAY_OK};
        *is_read = false;
        rc = ASSAY_OK;
    }
    if (!*is_read || !walk->is_found)
        *walk = fresh;
    return rc;
}

/* ---- marks ---- */

/* What is read takes a while on a long chain, so the sink is asked for anew behind it. */
static enum assay_code read_marks(struct ref_kaspa_search *search)
{
    static const struct kaspa_hash nothing;
    struct ref_kaspa_ask *ask = search->ask;
    struct ref_kaspa_walk walk = {
        .end = search->dag.pruning_point,
        .sink = search->dag.sink,
        .txid = &nothing,
        .is_found = true, /* so that blocks are counted, and hashes are all that is read */
    };
    enum assay_code rc = ASSAY_OK;

    if (search->marks != NULL)
        return ASSAY_OK;
    search->marks = assay_arena_alloc(&ask->scratch, MARKS_MAX * sizeof(*search->marks));
    if (search->marks == NULL)
        return assay_fail(ask->err, ASSAY_E_NOMEM, 0, "out of memory for the chain");
    walk.is_whole = kaspa_hash_equal(&walk.end, &walk.sink);
    do {
        if (search->mark_count == MARKS_MAX)
            return assay_fail(ask->err, ASSAY_E_TOO_LARGE, 0,
                              "the node keeps more than %d pages of chain", (int)MARKS_MAX);
        search->marks[search->mark_count++] = walk.end;
        if (!walk.is_whole)
            rc = ref_kaspa_walk_page(ask, &walk, search->mark_count == 1);
    } while (rc == ASSAY_OK && !walk.is_whole && !walk.is_at_end);
    search->end = walk.end;
    search->blocks = walk.depth;
    return rc == ASSAY_OK ? ref_kaspa_get_dag(ask, &search->dag) : rc;
}

static enum assay_code walk_section(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                    size_t mark)
{
    walk->has_until = mark + 1 < search->mark_count;
    if (walk->has_until)
        walk->until = search->marks[mark + 1];
    return ref_kaspa_walk_from(search, walk, &search->marks[mark]);
}

/* The last is part of a section, and comes on top of page_max. */
enum assay_code ref_kaspa_walk_back(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk)
{
    const struct ref_kaspa_walk fresh = *walk;
    unsigned pages = 0, most = search->ask->node->options.page_max;
    enum assay_code rc = read_marks(search);

    for (size_t mark = search->mark_count;
         mark > 0 && rc == ASSAY_OK && !walk->is_found && pages < most; mark--) {
        *walk = fresh;
        walk->pages = pages;
        rc = walk_section(search, walk, mark - 1);
        pages = mark < search->mark_count ? walk->pages : 0;
    }
    return rc;
}

/* Scores rise along the chain. */
enum assay_code ref_kaspa_walk_at(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                  uint64_t daa_score, bool *is_older)
{
    enum assay_code rc = read_marks(search);
    size_t below = 0, high = search->mark_count;

    while (rc == ASSAY_OK && below < high) {
        size_t middle = below + (high - below) / 2;
        struct ref_kaspa_block block = {.daa_score = 0};

        rc = ref_kaspa_get_block(search->ask, &block, &search->marks[middle]);
        if (block.daa_score < daa_score)
            below = middle + 1;
        else
            high = middle;
    }
    if (rc != ASSAY_OK)
        return rc;
    *is_older = below == 0;
    return *is_older ? ASSAY_OK : walk_section(search, walk, below - 1);
}
