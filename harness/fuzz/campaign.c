/* The folder of a campaign: its lock, targets, programs and states (fuzz/campaign.h). */
#include "fuzz/campaign.h"

#include "fault/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ARENA_MAX_BYTES = 1 << 20,
    STATE_MAX_BYTES = 1 << 16,
    LEFTOVERS_MS = 5000,
    CMPLOG = FUZZ_ENGINE__COUNT,
    MUTATOR
};

static const char *const engine_names[] = {"libfuzzer", "afl"};
/* What a program's name begins with, by engine, and of what AFL++ takes beside it. */
static const char *const prefixes[] = {"fuzz-", "afl-", "cmplog-", "mutator-"};

const char *fuzz_engine_name(enum fuzz_engine engine)
{
    return engine_names[engine];
}

bool campaign_name_is_proper(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < CAMPAIGN_NAME_BYTES && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

const char *campaign_path(struct assay_buf *out, const struct campaign *c,
                          const struct campaign_target *target, const char *leaf)
{
    assay_buf_clear(out);
    assay_buf_add_str(out, c->folder);
    if (target != NULL)
        assay_buf_printf(out, "/%s", target->name);
    if (leaf != NULL)
        assay_buf_printf(out, "/%s", leaf);
    return assay_buf_cstr(out);
}

const char *campaign_path_take(struct assay_arena *arena, const struct campaign *c,
                               const struct campaign_target *target, const char *leaf)
{
    return assay_arena_printf(arena, "%s/%s/%s", c->folder, target->name, leaf);
}

bool campaign_is_named(const char *const *names, const char *name)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return names == NULL || names[0] == NULL;
}

static enum assay_code path_failed(struct assay_err *err, const struct assay_buf *path)
{
    return assay_fail(err, path->bad, 0, "a path: %s", assay_code_text(path->bad));
}

/* ---- targets ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct campaign_target *)a)->name,
                  ((const struct campaign_target *)b)->name);
}

struct campaign_target *campaign_target(const struct campaign *c, const char *name)
{
    struct campaign_target key = {.name = name};

    return c->count == 0 ? NULL : bsearch(&key, c->targets, c->count, sizeof(*c->targets), by_name);
}

/* The target of that name, new where there was none. */
static enum assay_code target_add(struct campaign_target **out, struct campaign *c,
                                  const char *name, struct assay_err *err)
{
    struct campaign_target added = {0};
    size_t at;

    if ((*out = campaign_target(c, name)) != NULL)
        return ASSAY_OK;
    if (c->count == CAMPAIGN_TARGETS_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d targets", CAMPAIGN_TARGETS_MAX);
    added.name = assay_arena_printf(&c->arena, "%s", name);
    if (added.name == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    at = c->count++;
    for (; at > 0 && by_name(&c->targets[at - 1], &added) > 0; at--)
        c->targets[at] = c->targets[at - 1];
    c->targets[at] = added;
    *out = &c->targets[at];
    return ASSAY_OK;
}

static const char **program_of(struct campaign_programs *programs, size_t kind)
{
    if (kind == CMPLOG)
        return &programs->cmplog;
    return kind == MUTATOR ? &programs->mutator : &programs->of[kind];
}

/* Takes in one file of a folder of programs, where its name is that of one. */
static enum assay_code take_program(struct campaign *c, const char *folder, const char *name,
                                    struct assay_err *err)
{
    struct campaign_target *target;
    enum assay_code rc;
    const char *file;
    size_t kind = 0;

    while (kind < ARRAY_LEN(prefixes) && strncmp(name, prefixes[kind], strlen(prefixes[kind])) != 0)
        kind++;
    if (kind == ARRAY_LEN(prefixes) || !campaign_name_is_proper(name + strlen(prefixes[kind])))
        return ASSAY_OK;
    file = assay_arena_printf(&c->arena, "%s/%s", folder, name);
    if (file == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (access(file, X_OK) != 0)
        return ASSAY_OK;
    rc = target_add(&target, c, name + strlen(prefixes[kind]), err);
    if (rc == ASSAY_OK)
        *program_of(&target->programs, kind) = file;
    return rc;
}

enum assay_code campaign_discover(struct campaign *c, const char *folder, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    DIR *programs = opendir(folder);
    struct dirent *entry;

    while (programs != NULL && rc == ASSAY_OK && (entry = readdir(programs)) != NULL)
        rc = take_program(c, folder, entry->d_name, err);
    if (programs != NULL)
        (void)closedir(programs);
    return rc;
}

enum assay_code campaign_make_folders(const struct campaign *c, struct campaign_target *target,
                                      struct assay_err *err)
{
    static const char *const leaves[] = {"corpus", "findings", "work"};
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_LEN(leaves) && rc == ASSAY_OK; i++)
        rc = campaign_path(&path, c, target, leaves[i]) == NULL
                 ? path_failed(err, &path)
                 : assay_folder_make(assay_buf_cstr(&path), err);
    target->has_folder = rc == ASSAY_OK;
    assay_buf_fini(&path);
    return rc;
}

/* ---- states ---- */

enum assay_code campaign_state_write(const struct campaign *c, const struct campaign_target *target,
                                     struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(STATE_MAX_BYTES);
    const struct campaign_state *s = &target->state;
    enum assay_code rc;

    assay_buf_add_str(&text, "{\n  \"format\": \"assay-fuzz-state/1\"");
#define X(member, name)                                                                            \
    assay_buf_add_str(&text, ",\n  \"" name "\": ");                                               \
    assay_buf_add_u64(&text, s->member);
    CAMPAIGN_STATE(X)
#undef X
    assay_buf_add_str(&text, "\n}\n");
    if (campaign_path(&path, c, target, "state.json") == NULL)
        rc = path_failed(err, &path);
    else
        rc = assay_buf_ok(&text)
                 ? assay_file_write(assay_buf_cstr(&path), assay_buf_view(&text), err)
                 : assay_fail(err, text.bad, 0, "state: %s", assay_code_text(text.bad));
    assay_buf_fini(&text);
    assay_buf_fini(&path);
    return rc;
}

static uint64_t count_of(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));

    return n > 0 ? (uint64_t)n : 0;
}

static enum assay_code state_parse(struct campaign_state *state, const char *path,
                                   struct assay_bytes text, struct assay_err *err)
{
    json_error_t wrong;
    json_t *object = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &wrong);
    const char *format = json_string_value(json_object_get(object, "format"));
    bool is_ours = format != NULL && strcmp(format, "assay-fuzz-state/1") == 0;

#define X(member, name) state->member = count_of(object, name);
    CAMPAIGN_STATE(X)
#undef X
    json_decref(object);
    return is_ours ? ASSAY_OK
                   : assay_fail(err, ASSAY_E_MALFORMED, 0,
                                "%s: is no state of a target; remove it to begin its counts anew "
                                "(corpus and findings stay)",
                                path);
}

static enum assay_code state_read(const struct campaign *c, struct campaign_target *target,
                                  struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(STATE_MAX_BYTES);
    const char *name = campaign_path(&path, c, target, "state.json");
    enum assay_code rc = ASSAY_OK;

    if (name == NULL)
        rc = path_failed(err, &path);
    else if (access(name, F_OK) == 0) { /* a folder without one was never fuzzed */
        rc = assay_file_read(&text, name, err);
        if (rc == ASSAY_OK)
            rc = state_parse(&target->state, name, assay_buf_view(&text), err);
    }
    assay_buf_fini(&text);
    assay_buf_fini(&path);
    return rc;
}

/* ---- opening ---- */

/* Whoever holds the lock is alone with the folder: what still carries its marker is an engine's
 * child whose engine was killed (AFL++ leaves one that is stopped). */
static void end_leftovers(struct campaign *c)
{
    struct process_tree tree = {.anywhere = true};
    struct stat about;

    if (fstat(c->lock, &about) != 0)
        return;
    (void)snprintf(c->marker, sizeof(c->marker), "ASSAY_FUZZ=%jx-%jx", (uintmax_t)about.st_dev,
                   (uintmax_t)about.st_ino);
    (void)snprintf(tree.marker, sizeof(tree.marker), "%s", c->marker);
    (void)process_tree_end(&tree, false, LEFTOVERS_MS);
}

static enum assay_code take_lock(struct campaign *c, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc = assay_folder_make(c->folder, err);

    if (rc == ASSAY_OK && campaign_path(&path, c, NULL, "lock") == NULL)
        rc = path_failed(err, &path);
    if (rc == ASSAY_OK) {
        c->lock = open(assay_buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (c->lock < 0)
            rc = assay_fail(err, ASSAY_E_IO, 0, "%s: %s", assay_buf_cstr(&path), strerror(errno));
        else if (flock(c->lock, LOCK_EX | LOCK_NB) != 0)
            rc = assay_fail(err, ASSAY_E_BUSY, 0,
                            "%s: another assay fuzz is at work there; wait for it, or name "
                            "another folder with --out",
                            c->folder);
        else
            end_leftovers(c);
    }
    assay_buf_fini(&path);
    return rc;
}

/* A target's folder is known by its corpus. */
static bool is_target_folder(const struct campaign *c, const char *name)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct campaign_target named = {.name = name};
    struct stat about;
    bool is = campaign_name_is_proper(name) && campaign_path(&path, c, &named, "corpus") != NULL &&
              stat(assay_buf_cstr(&path), &about) == 0 && S_ISDIR(about.st_mode);

    assay_buf_fini(&path);
    return is;
}

static enum assay_code read_targets(struct campaign *c, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    DIR *folder = opendir(c->folder);
    struct dirent *entry;

    if (folder == NULL)
        return assay_fail(err, errno == ENOENT ? ASSAY_E_MISSING : ASSAY_E_IO, 0,
                          "%s: %s; `assay fuzz run` makes a campaign there", c->folder,
                          strerror(errno));
    while (rc == ASSAY_OK && (entry = readdir(folder)) != NULL) {
        struct campaign_target *target;

        if (!is_target_folder(c, entry->d_name))
            continue;
        rc = target_add(&target, c, entry->d_name, err);
        if (rc == ASSAY_OK) {
            target->has_folder = true;
            rc = state_read(c, target, err);
        }
    }
    (void)closedir(folder);
    return rc;
}

enum assay_code campaign_open(struct campaign *c, const char *folder, bool writes,
                              struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    *c = (struct campaign){.lock = -1, .arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES)};
    c->folder = assay_arena_printf(&c->arena, "%s", folder);
    c->targets = assay_arena_alloc(&c->arena, CAMPAIGN_TARGETS_MAX * sizeof(*c->targets));
    if (c->folder == NULL || c->targets == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (writes)
        rc = take_lock(c, err);
    return rc == ASSAY_OK ? read_targets(c, err) : rc;
}

void campaign_close(struct campaign *c)
{
    if (c->lock >= 0)
        (void)close(c->lock);
    c->lock = -1;
    c->count = 0;
    assay_arena_fini(&c->arena);
}
