/* The folder of attempts: files that are whole or not there, one program at a time; see
 * kx_attempts.h. */
#include "client/kx_attempts_internal.h"

#include "defects/defects.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".json"
enum { SCRATCH_MAX_BYTES = 4 << 20 };

struct kx_attempts {
    char folder[PATH_MAX];
    int fd; /* of the folder: locked, and synced after each rename */
};

static enum assay_code fail_io(struct assay_err *err, const char *folder, const char *what)
{
    char why[128];

    return assay_fail(err, ASSAY_E_IO, 0, "state folder %s: cannot be %s: %s", folder, what,
                      strerror_r(errno, why, sizeof(why)));
}

/* A folder that was just made is in its parent only when that is synced. */
static bool sync_parent(int fd)
{
    int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = parent >= 0 && fsync(parent) == 0;

    if (parent >= 0)
        (void)close(parent);
    return synced;
}

static enum assay_code open_folder(struct kx_attempts *a, struct assay_err *err)
{
    bool is_made = mkdir(a->folder, 0700) == 0;
    struct stat about;

    if (!is_made && errno != EEXIST)
        return fail_io(err, a->folder, "made");
    a->fd = open(a->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->fd < 0 || fstat(a->fd, &about) != 0 || (is_made && !sync_parent(a->fd)))
        return fail_io(err, a->folder, "opened");
    if ((about.st_mode & 077) != 0)
        return assay_fail(
            err, ASSAY_E_DENIED, 0,
            "state folder %s: is open to others than its owner, and holds what can be "
            "spent: close it with chmod 700, or name another folder",
            a->folder);
    if (flock(a->fd, LOCK_EX | LOCK_NB) != 0)
        return assay_fail(err, ASSAY_E_BUSY, 0,
                          "state folder %s: another payment is using it; wait for its end, or name "
                          "another folder",
                          a->folder);
    return ASSAY_OK;
}

enum assay_code kx_attempts_open(struct kx_attempts **out, const char *folder,
                                 struct assay_err *err)
{
    struct kx_attempts *a = assay_alloc(sizeof(*a));
    enum assay_code rc;

    if (a == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the state folder");
    *a = (struct kx_attempts){.fd = -1};
    if (snprintf(a->folder, sizeof(a->folder), "%s", folder) >= (int)sizeof(a->folder))
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the state folder's name is too long");
    else
        rc = open_folder(a, err);
    if (rc == ASSAY_OK)
        *out = a;
    else
        kx_attempts_close(a);
    return rc;
}

void kx_attempts_close(struct kx_attempts *a)
{
    if (a == NULL)
        return;
    if (a->fd >= 0)
        (void)close(a->fd); /* and with it the lock */
    assay_free(a);
}

enum assay_code kx_attempts_write(struct kx_attempts *a, const char *name,
                                  const struct assay_buf *text, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(2 * PATH_MAX);
    enum assay_code rc;
    const char *file;

    assay_buf_printf(&path, "%s/%s", a->folder, name);
    file = assay_buf_cstr(&path);
    rc = file != NULL ? text->bad : path.bad;
    if (rc == ASSAY_OK)
        rc = assay_file_write_private(file, assay_buf_view(text), err);
    else
        (void)assay_fail(err, rc, 0, "file %s: %s", name, assay_code_text(rc));
    if (rc == ASSAY_OK && fsync(a->fd) != 0)
        rc = fail_io(err, a->folder, "synced");
    assay_buf_fini(&path);
    return rc;
}

enum assay_code kx_attempts_remove(struct kx_attempts *a, const char *name, struct assay_err *err)
{
    if (unlinkat(a->fd, name, 0) != 0 && errno != ENOENT)
        return fail_io(err, a->folder, "changed");
    return fsync(a->fd) == 0 ? ASSAY_OK : fail_io(err, a->folder, "synced");
}

bool kx_attempts_has(const struct kx_attempts *a, const char *name)
{
    return faccessat(a->fd, name, F_OK, 0) == 0 || errno != ENOENT;
}

const char *kx_attempts_folder(const struct kx_attempts *a)
{
    return a->folder;
}

enum assay_code kx_attempts_save(struct kx_attempts *a, const struct kx_client_attempt *attempt,
                                 struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_ATTEMPT_MAX_BYTES);
    char name[X402_IDENTIFIER_MAX_CHARS + sizeof(SUFFIX)];
    enum assay_code rc;

    if (REF_DEFECT(kx_client_unsaved))
        return ASSAY_OK;
    (void)snprintf(name, sizeof(name), "%.*s%s", (int)attempt->identifier.len,
                   (const char *)attempt->identifier.at, SUFFIX); /* letters, digits, _ and - */
    kx_client_attempt_write(&text, attempt);
    rc = kx_attempts_write(a, name, &text, err);
    assay_buf_fini(&text);
    return rc;
}

/* ---- reading ---- */

static int is_attempt(const struct dirent *entry)
{
    struct assay_bytes name = assay_str(entry->d_name);
    size_t len = name.len - (name.len < strlen(SUFFIX) ? name.len : strlen(SUFFIX));

    return assay_bytes_is(assay_bytes_part(name, len, name.len), SUFFIX) &&
           x402_identifier_id_is_valid(assay_bytes_part(name, 0, len));
}

enum assay_code kx_folder_read(struct assay_bytes *out, struct assay_arena *arena,
                               const char *folder, const char *name, size_t max,
                               struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(2 * PATH_MAX), text = ASSAY_BUF_INIT(max);
    enum assay_code rc;
    const char *file;

    assay_buf_printf(&path, "%s/%s", folder, name);
    file = assay_buf_cstr(&path);
    rc = file == NULL ? path.bad : assay_file_read(&text, file, err);
    if (rc == ASSAY_OK && (*out = assay_arena_copy(arena, assay_buf_view(&text))).at == NULL)
        rc = ASSAY_E_NOMEM;
    assay_buf_fini(&path);
    assay_buf_fini(&text);
    return rc;
}

static enum assay_code read_file(struct kx_client_attempt *out, struct assay_arena *arena,
                                 const char *folder, const char *name, struct assay_err *err)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = kx_folder_read(&text, arena, folder, name, KX_ATTEMPT_MAX_BYTES, err);

    if (rc == ASSAY_OK)
        rc = assay_err_wrap(err, kx_client_attempt_read(out, arena, text, err), "%s/%s", folder,
                            name);
    if (rc == ASSAY_OK &&
        (strncmp(name, (const char *)out->identifier.at, out->identifier.len) != 0 ||
         strlen(name) != out->identifier.len + strlen(SUFFIX)))
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0, "%s/%s: is another attempt's", folder, name);
    if (rc != ASSAY_OK)
        (void)assay_fail(err, rc, 0, "state folder %s: %s", folder, assay_code_text(rc));
    return rc;
}

enum assay_code kx_folder_walk(const char *folder, int (*is_one)(const struct dirent *entry),
                               enum assay_code (*each)(void *cls, bool *goes_on,
                                                       struct assay_arena *arena, const char *name,
                                                       struct assay_err *err),
                               void *cls, struct assay_err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_one, alphasort);
    enum assay_code rc = ASSAY_OK;
    bool goes_on = true;

    if (count < 0)
        return fail_io(err, folder, "read");
    if (count > KX_ATTEMPTS_MAX)
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                        "state folder %s: has more than %d attempts; move settled ones away",
                        folder, KX_ATTEMPTS_MAX);
    for (int i = 0; i < count; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(SCRATCH_MAX_BYTES);

        if (rc == ASSAY_OK && goes_on)
            rc = each(cls, &goes_on, &arena, entries[i]->d_name, err);
        assay_arena_fini(&arena);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* Who is told of each attempt. */
struct listener {
    const char *folder;
    bool (*each)(void *cls, const struct kx_client_attempt *attempt);
    void *cls;
};

static enum assay_code tell(void *cls, bool *goes_on, struct assay_arena *arena, const char *name,
                            struct assay_err *err)
{
    const struct listener *to = cls;
    struct kx_client_attempt attempt;
    enum assay_code rc = read_file(&attempt, arena, to->folder, name, err);

    if (rc == ASSAY_OK)
        *goes_on = to->each(to->cls, &attempt);
    return rc;
}

enum assay_code kx_attempts_each(const char *folder,
                                 bool (*each)(void *cls, const struct kx_client_attempt *attempt),
                                 void *cls, struct assay_err *err)
{
    struct listener to = {folder, each, cls};

    return kx_folder_walk(folder, is_attempt, tell, &to, err);
}

/* What is looked for, and the best that was found. */
struct search {
    const char *request_key;
    struct assay_bytes identifier;
    char name[X402_IDENTIFIER_MAX_CHARS + sizeof(SUFFIX)];
    bool found;
};

static bool look_at(void *cls, const struct kx_client_attempt *attempt)
{
    struct search *s = cls;
    bool is_it = s->identifier.len > 0 && assay_bytes_equal(s->identifier, attempt->identifier);

    if (!is_it && (s->found || strcmp(s->request_key, attempt->request_key) != 0 ||
                   !kx_client_attempt_is_unresolved(attempt)))
        return true;
    (void)snprintf(s->name, sizeof(s->name), "%.*s%s", (int)attempt->identifier.len,
                   (const char *)attempt->identifier.at, SUFFIX);
    s->found = true;
    return !is_it;
}

enum assay_code kx_attempts_find(struct kx_attempts *a, struct kx_client_attempt *out, bool *found,
                                 struct assay_arena *arena, const char *request_key,
                                 struct assay_bytes identifier, struct assay_err *err)
{
    struct search s = {.request_key = request_key, .identifier = identifier};
    enum assay_code rc = kx_attempts_each(a->folder, look_at, &s, err);

    *found = rc == ASSAY_OK && s.found && !REF_DEFECT(kx_client_forgets);
    return *found ? read_file(out, arena, a->folder, s.name, err) : rc;
}
