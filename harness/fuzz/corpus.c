/* Corpora cut down, joined and copied (fuzz/corpus.h). */
#include "fuzz/corpus.h"

#include "fuzz/findings.h"
#include "fuzz/inputs.h"
#include "target/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { ARENA_MAX_BYTES = 1 << 20 };

/* The folders of one merge, and its command line. */
struct merge {
    const char *corpus, *fresh, *log;
    struct bounded_words words;
};

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static uint64_t count_of(const char *folder)
{
    uint64_t count, bytes;

    inputs_count(&count, &bytes, folder);
    return count;
}

static void fill(struct merge *m, const struct campaign_target *target, const char *const *folders,
                 const struct corpus_rules *rules)
{
    bounded_word(&m->words, target->programs.of[FUZZ_LIBFUZZER]);
    bounded_word(&m->words, "-merge=1");
    bounded_number(&m->words, "-timeout=", rules->timeout_s);
    bounded_number(&m->words, "-rss_limit_mb=", rules->memory_mb);
    bounded_word(&m->words, assay_arena_printf(&m->words.arena, "-artifact_prefix=%s/", m->fresh));
    bounded_word(&m->words, m->fresh);
    bounded_word(&m->words, m->corpus);
    for (size_t i = 0; folders != NULL && folders[i] != NULL; i++)
        bounded_word(&m->words, folders[i]);
}

/* The merge itself, into the fresh folder. */
static enum assay_code run(struct merge *m, const struct campaign *c,
                           const struct corpus_rules *rules, struct assay_err *err)
{
    const char *const env[] = {c->marker, NULL};
    struct bounded_plan plan = {
        .argv = m->words.at, .env = env, .log = m->log, .seconds = rules->seconds};
    struct process_end end = {0};
    enum assay_code rc = bounded_run(&end, &plan, rules->stop, err);

    if (rc != ASSAY_OK)
        return rc;
    if (!end.ended)
        return assay_fail(err, ASSAY_E_TIMEOUT, 0, "the merge took longer than %" PRIu64 " s",
                          rules->seconds);
    if (end.status != 0)
        return assay_fail(err, ASSAY_E_CRASHED, 0, "the merge failed; what was said is in %s",
                          m->log);
    if (!inputs_any(m->fresh) && inputs_any(m->corpus))
        return assay_fail(err, ASSAY_E_CRASHED, 0, "the merge kept nothing; what was said is in %s",
                          m->log);
    return ASSAY_OK;
}

/* Inputs that fail are left out of a merge, and left by it as artifacts: findings. */
static enum assay_code adopt_and_swap(struct merge *m, const struct campaign *c,
                                      const struct campaign_target *target, struct assay_err *err)
{
    size_t added = 0;
    enum assay_code rc = findings_adopt(&added, c, target, m->fresh, m->log, err);

    if (rc == ASSAY_OK && renameat2(AT_FDCWD, m->fresh, AT_FDCWD, m->corpus, RENAME_EXCHANGE) != 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s: cannot take the place of %s: %s", m->fresh,
                        m->corpus, strerror(errno));
    return rc;
}

static enum assay_code merge_into_fresh(struct corpus_change *change, struct merge *m,
                                        const struct campaign *c, struct campaign_target *target,
                                        const char *const *folders,
                                        const struct corpus_rules *rules, struct assay_err *err)
{
    enum assay_code rc;

    fill(m, target, folders, rules);
    if (m->words.failed)
        return no_memory(err);
    if (!folder_remove(m->fresh))
        return assay_fail(err, ASSAY_E_IO, 0, "%s: %s", m->fresh, strerror(errno));
    change->before = count_of(m->corpus);
    rc = assay_folder_make(m->fresh, err);
    if (rc == ASSAY_OK)
        rc = run(m, c, rules, err);
    if (rc == ASSAY_OK)
        rc = adopt_and_swap(m, c, target, err);
    (void)folder_remove(m->fresh); /* by now it is the old one, or of no use */
    inputs_count(&target->state.corpus, &target->state.corpus_bytes, m->corpus);
    change->after = target->state.corpus;
    return rc == ASSAY_OK ? campaign_state_write(c, target, err) : rc;
}

enum assay_code corpus_merge(struct corpus_change *change, const struct campaign *c,
                             struct campaign_target *target, const char *const *folders,
                             const struct corpus_rules *rules, struct assay_err *err)
{
    struct merge m = {.words = BOUNDED_WORDS_INIT};
    enum assay_code rc = campaign_make_folders(c, target, err);

    *change = (struct corpus_change){0};
    m.corpus = campaign_path_take(&m.words.arena, c, target, "corpus");
    m.fresh = campaign_path_take(&m.words.arena, c, target, "work/fresh");
    m.log = campaign_path_take(&m.words.arena, c, target, "merge.log");
    if (rc == ASSAY_OK && target->programs.of[FUZZ_LIBFUZZER] == NULL)
        rc = assay_fail(err, ASSAY_E_MISSING, 0, "there is no program fuzz-%s", target->name);
    if (rc == ASSAY_OK && (m.corpus == NULL || m.fresh == NULL || m.log == NULL))
        rc = no_memory(err);
    if (rc == ASSAY_OK)
        rc = merge_into_fresh(change, &m, c, target, folders, rules, err);
    assay_arena_fini(&m.words.arena);
    return assay_err_wrap(err, rc, "%s", target->name);
}

enum assay_code corpus_min(struct corpus_change *change, const struct campaign *c,
                           struct campaign_target *target, const struct corpus_rules *rules,
                           struct assay_err *err)
{
    return corpus_merge(change, c, target, NULL, rules, err);
}

enum assay_code corpus_export(struct corpus_change *change, const struct campaign *c,
                              const struct campaign_target *target, const char *to,
                              struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *folder = assay_arena_printf(&arena, "%s/%s", to, target->name);
    const char *corpus = campaign_path(&path, c, target, "corpus");
    uint64_t added = 0;
    enum assay_code rc =
        folder == NULL || corpus == NULL ? no_memory(err) : assay_folder_make(folder, err);

    *change = (struct corpus_change){0};
    if (rc == ASSAY_OK) {
        change->before = count_of(folder);
        rc = inputs_copy(&added, folder, corpus, NULL, FINDING_MAX_BYTES, err);
        change->after = count_of(folder);
    }
    assay_buf_fini(&path);
    assay_arena_fini(&arena);
    return rc;
}
