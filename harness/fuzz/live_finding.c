/* Findings in a live server; see live_finding.h. */
#include "fuzz/live_finding.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct reducing {
    struct live_found *found;
    struct live_world *world;
    const volatile sig_atomic_t *stop;
    size_t runs;
    enum assay_code rc;
};

uint64_t live_sort_of(const struct live_outcome *outcome)
{
    size_t i = outcome->exchange > 0 ? outcome->exchange : outcome->class_count;

    return i > 0 && i <= outcome->class_count ? outcome->classes[i - 1].hash : 0;
}

const char *live_finding_repeats(const struct live_found *found)
{
    return found->repeats == LIVE_REPEATS ? "always" : found->repeats > 0 ? "sometimes" : "never";
}

/* ---- again, and smaller ---- */

/* Whether it fails in the same way on a fresh instance; the outcome is kept then. */
static bool fails(struct reducing *r, const struct live_sequence *sequence)
{
    struct live_outcome outcome;
    bool sells;

    if (r->rc != ASSAY_OK || *r->stop != 0)
        return false;
    r->runs++;
    r->rc = live_world_fresh(r->world, &sells);
    if (r->rc != ASSAY_OK || (!sells && r->found->kind == LIVE_FINDING_STUCK))
        return false; /* what never sold was not stuck by this */
    r->rc = live_world_run(r->world, sequence, &outcome);
    if (r->rc != ASSAY_OK || outcome.finding != r->found->kind) {
        assay_buf_fini(&outcome.log);
        return false;
    }
    assay_buf_fini(&r->found->outcome.log);
    r->found->outcome = outcome;
    return true;
}

/* Takes over a smaller sequence that still fails. */
static bool keep(struct reducing *r, const struct live_sequence *smaller)
{
    if (r->runs >= LIVE_REDUCE_RUNS || !fails(r, smaller))
        return false;
    r->found->sequence = *smaller;
    return true;
}

static void drop_exchanges(struct reducing *r)
{
    for (size_t i = r->found->sequence.count; i-- > 0 && r->found->sequence.count > 1;) {
        struct live_sequence smaller = r->found->sequence;

        memmove(&smaller.exchanges[i], &smaller.exchanges[i + 1],
                (smaller.count - i - 1) * sizeof(smaller.exchanges[0]));
        smaller.count--;
        (void)keep(r, &smaller);
    }
}

static void drop_edits(struct reducing *r, size_t i)
{
    for (size_t k = r->found->sequence.exchanges[i].edit_count; k-- > 0;) {
        struct live_sequence smaller = r->found->sequence;
        struct live_exchange *x = &smaller.exchanges[i];

        memmove(&x->edits[k], &x->edits[k + 1], (x->edit_count - k - 1) * sizeof(x->edits[0]));
        x->edit_count--;
        (void)keep(r, &smaller);
    }
}

static bool shorten_once(struct reducing *r, size_t i, size_t k)
{
    struct live_sequence smaller = r->found->sequence;
    struct live_edit *edit = &smaller.exchanges[i].edits[k];

    if (edit->times > 1)
        edit->times /= 2;
    else if (edit->text.len > 1)
        edit->text.len /= 2;
    else
        return false;
    return keep(r, &smaller);
}

static void simplify(struct reducing *r, size_t i)
{
    struct live_sequence smaller = r->found->sequence;

    smaller.exchanges[i].key = 0;
    if (r->found->sequence.exchanges[i].key > 0 && !keep(r, &smaller))
        smaller = r->found->sequence;
    smaller.exchanges[i].payment = 0;
    if (r->found->sequence.exchanges[i].payment > 0)
        (void)keep(r, &smaller);
    for (size_t k = 0; k < r->found->sequence.exchanges[i].edit_count; k++)
        while (shorten_once(r, i, k))
            continue;
}

enum assay_code live_finding_settle(struct live_found *found, struct live_world *world,
                                    struct assay_arena *arena, const volatile sig_atomic_t *stop)
{
    struct reducing r = {.found = found, .world = world, .stop = stop};
    struct live_sequence whole;

    r.rc = live_sequence_copy(&whole, arena, &found->sequence);
    found->sequence = whole;
    found->repeats = 0;
    live_world_seek(world, found->kind);
    for (size_t i = 0; i < LIVE_REPEATS; i++)
        found->repeats += fails(&r, &found->sequence) ? 1 : 0;
    if (found->repeats == LIVE_REPEATS) {
        drop_exchanges(&r);
        for (size_t i = 0; i < found->sequence.count; i++) {
            drop_edits(&r, i);
            simplify(&r, i);
        }
        drop_exchanges(&r);
    }
    live_world_seek(world, LIVE_NOTHING);
    live_world_renew(world);
    if (r.rc != ASSAY_OK)
        return r.rc;
    return *stop != 0 ? ASSAY_E_INTERRUPTED : ASSAY_OK;
}

/* ---- files ---- */

static enum assay_code write_beside(const char *stem, const char *ending,
                                    struct assay_bytes content, struct assay_err *err)
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s%s", stem, ending) >= (int)sizeof(path))
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the path %.100s... is too long", stem);
    return assay_file_write(path, content, err);
}

static json_t *description(const struct live_found *found, const char *request,
                           const struct target *target, const char *named, uint64_t seed)
{
    const struct live_outcome *o = &found->outcome;
    size_t i = o->exchange > 0 ? o->exchange : o->class_count;
    const char *class = i > 0 && i <= o->class_count ? o->classes[i - 1].text : "";

    return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:s, s:I, s:o, s:o}", "kind",
                     live_finding_name(found->kind), "target", target->name, "profile",
                     target->profile, "said", case_text(assay_str(o->said)), "request",
                     (json_int_t)o->exchange, "class", case_text(assay_str(class)), "repeats",
                     live_finding_repeats(found), "of", (json_int_t)LIVE_REPEATS, "seed",
                     json_sprintf("%016" PRIx64, seed), "command",
                     found->kind == LIVE_FINDING_GROWTH
                         ? json_sprintf("assay fuzz run %s --seed %016" PRIx64, named, seed)
                         : json_sprintf("assay fuzz run %s --replay %s", named, request));
}

static enum assay_code write_description(const struct live_found *found, const char *stem,
                                         const char *request, const struct target *target,
                                         const char *named, uint64_t seed, struct assay_err *err)
{
    json_t *tree = description(found, request, target, named, seed);
    char *text = tree != NULL ? json_dumps(tree, JSON_INDENT(1)) : NULL;
    enum assay_code rc = text != NULL
                             ? write_beside(stem, ".json", assay_str(text), err)
                             : assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a finding");

    free(text);
    json_decref(tree);
    return rc;
}

enum assay_code live_finding_save(const struct live_found *found, char path[4096],
                                  const char *folder, const struct target *target,
                                  const char *named, uint64_t seed, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
    char stem[4096 - 16];
    enum assay_code rc;

    if (snprintf(stem, sizeof(stem), "%s/findings", folder) >= (int)sizeof(stem))
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the path %.100s... is too long", folder);
    rc = assay_folder_make(stem, err);
    if (rc == ASSAY_OK &&
        snprintf(stem, sizeof(stem), "%s/findings/%s-%016" PRIx64, folder,
                 live_finding_name(found->kind), found->sort) >= (int)sizeof(stem))
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the path %.100s... is too long", folder);
    (void)snprintf(path, 4096, "%s.request", stem);
    if (rc == ASSAY_OK && live_sequence_write(&text, &found->sequence, target->profile) != ASSAY_OK)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a finding");
    if (rc == ASSAY_OK)
        rc = write_beside(stem, ".request", assay_buf_view(&text), err);
    if (rc == ASSAY_OK)
        rc = write_beside(stem, ".log", assay_buf_view(&found->outcome.log), err);
    if (rc == ASSAY_OK)
        rc = write_description(found, stem, path, target, named, seed, err);
    assay_buf_fini(&text);
    return rc;
}
