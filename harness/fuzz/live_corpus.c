/* The sequences that a campaign against a live server changes; see live_corpus.h. */
#include "fuzz/live_corpus.h"

#include "base/buf.h"
#include "fuzz/inputs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX_BYTES = 1 << 28, PATH_BYTES = 4096 + 300 };

enum assay_code live_corpus_open(struct live_corpus *corpus, const char *folder,
                                 const char *profile, struct assay_err *err)
{
    corpus->arena = (struct assay_arena)ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    corpus->count = 0;
    corpus->profile = profile;
    if (snprintf(corpus->folder, sizeof(corpus->folder), "%s/corpus/%s", folder, profile) >=
        (int)sizeof(corpus->folder))
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the path of the folder %.100s... is too long",
                          folder);
    return assay_folder_make(corpus->folder, err);
}

void live_corpus_close(struct live_corpus *corpus)
{
    assay_arena_fini(&corpus->arena);
    corpus->count = 0;
}

enum assay_code live_corpus_remember(struct live_corpus *corpus,
                                     const struct live_sequence *sequence, struct assay_err *err)
{
    struct live_sequence *copy;

    if (corpus->count == LIVE_CORPUS_MAX)
        return ASSAY_OK;
    copy = assay_arena_alloc(&corpus->arena, sizeof(*copy));
    if (copy == NULL || live_sequence_copy(copy, &corpus->arena, sequence) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the corpus");
    corpus->at[corpus->count++] = copy;
    return ASSAY_OK;
}

enum assay_code live_corpus_keep(uint64_t *kept, struct live_corpus *corpus,
                                 const struct live_sequence *sequence, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
    enum assay_code rc = live_sequence_write(&text, sequence, corpus->profile);

    if (rc == ASSAY_OK)
        rc = inputs_add(kept, corpus->folder, assay_buf_view(&text), err);
    assay_buf_fini(&text);
    return rc == ASSAY_OK ? live_corpus_remember(corpus, sequence, err) : rc;
}

static enum assay_code load_file(struct live_corpus *corpus, const char *path,
                                 struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
    struct live_sequence *sequence = assay_arena_alloc(&corpus->arena, sizeof(*sequence));
    enum assay_code rc = sequence != NULL
                             ? assay_file_read(&text, path, err)
                             : assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the corpus");

    if (rc == ASSAY_OK)
        rc = live_sequence_read(sequence, &corpus->arena, assay_buf_view(&text), corpus->profile,
                                err);
    if (rc == ASSAY_OK)
        corpus->at[corpus->count++] = sequence;
    assay_buf_fini(&text);
    return rc;
}

enum assay_code live_corpus_load(struct live_corpus *corpus, void *context,
                                 void (*on_note)(void *context, const char *text),
                                 struct assay_err *err)
{
    char path[PATH_BYTES], said[PATH_BYTES + sizeof(err->text) + 32];
    struct dirent **entries = NULL;
    enum assay_code rc = ASSAY_OK;
    int count = scandir(corpus->folder, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        if (rc == ASSAY_OK && entries[i]->d_name[0] != '.' && corpus->count < LIVE_CORPUS_MAX &&
            snprintf(path, sizeof(path), "%s/%s", corpus->folder, entries[i]->d_name) <
                (int)sizeof(path)) {
            rc = load_file(corpus, path, err);
            if (rc != ASSAY_OK && rc != ASSAY_E_NOMEM) {
                (void)snprintf(said, sizeof(said), "%s is passed over: %s", path, err->text);
                on_note(context, said);
                rc = ASSAY_OK;
            }
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}
