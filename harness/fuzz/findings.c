/* Adopting what engines found (fuzz/findings.h). Every step is a rename or comes before one, so
 * that a crash between two of them leaves either the artifact or the finding. */
#include "fuzz/findings.h"

#include "base/hash.h"
#include "target/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_KEPT_BYTES = 1 << 16, DIGEST_BYTES = (FINDING_NAME_BYTES - 1) / 2 };

static const char *const artifacts[] = {"crash-", "leak-", "timeout-", "oom-", "id:", "id_"};

static bool is_artifact(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(artifacts); i++)
        if (strncmp(name, artifacts[i], strlen(artifacts[i])) == 0)
            return true;
    return false;
}

void findings_read_tail(struct assay_buf *out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t len = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = len > (off_t)out->max ? len - (off_t)out->max : 0;
    size_t wanted = len > 0 ? (size_t)(len - from) : 0;
    uint8_t *at;
    ssize_t n;

    assay_buf_clear(out);
    if (wanted > 0 && (at = assay_buf_extend(out, wanted)) != NULL) {
        n = pread(fd, at, wanted, from);
        out->len = n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        (void)close(fd);
}

/* The name of its content. */
static enum assay_code name_of(char name[FINDING_NAME_BYTES], const char *path,
                               struct assay_err *err)
{
    struct assay_buf input = ASSAY_BUF_INIT(FINDING_MAX_BYTES);
    char digest[2 * ASSAY_SHA256_BYTES + 1];
    enum assay_code rc = assay_file_read(&input, path, err);

    if (rc == ASSAY_OK) {
        assay_sha256_hex(digest, assay_buf_view(&input));
        memcpy(name, digest, FINDING_NAME_BYTES - 1);
        name[FINDING_NAME_BYTES - 1] = '\0';
    }
    assay_buf_fini(&input);
    return rc;
}

static enum assay_code keep_log(const char *finding, const char *log, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(LOG_KEPT_BYTES);
    enum assay_code rc = ASSAY_OK;

    assay_buf_printf(&path, "%s.log", finding);
    findings_read_tail(&text, log);
    if (!assay_buf_ok(&path))
        rc = assay_fail(err, path.bad, 0, "%s: %s", finding, assay_code_text(path.bad));
    else if (text.len > 0)
        rc = assay_file_write(assay_buf_cstr(&path), assay_buf_view(&text), err);
    assay_buf_fini(&text);
    assay_buf_fini(&path);
    return rc;
}

static enum assay_code adopt(size_t *added, const struct campaign *c,
                             const struct campaign_target *target, const char *artifact,
                             const char *log, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    char leaf[sizeof("findings/") + FINDING_NAME_BYTES] = "findings/";
    enum assay_code rc = name_of(leaf + strlen("findings/"), artifact, err);
    const char *finding;
    bool is_known;

    if (rc != ASSAY_OK)
        goto out;
    finding = campaign_path(&path, c, target, leaf);
    if (finding == NULL) {
        rc = assay_fail(err, path.bad, 0, "%s: %s", artifact, assay_code_text(path.bad));
        goto out;
    }
    is_known = access(finding, F_OK) == 0;
    if (!is_known && log != NULL)
        rc = keep_log(finding, log, err);
    if (rc == ASSAY_OK && rename(artifact, finding) != 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s: %s", artifact, strerror(errno));
    if (rc == ASSAY_OK && !is_known)
        ++*added;
out:
    assay_buf_fini(&path);
    return rc;
}

enum assay_code findings_adopt(size_t *added, const struct campaign *c,
                               const struct campaign_target *target, const char *folder,
                               const char *log, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc = ASSAY_OK;
    DIR *artifacts_in = opendir(folder);
    struct dirent *entry;

    while (artifacts_in != NULL && (entry = readdir(artifacts_in)) != NULL) {
        enum assay_code one;

        if (!is_artifact(entry->d_name))
            continue;
        assay_buf_clear(&path);
        assay_buf_printf(&path, "%s/%s", folder, entry->d_name);
        one = assay_buf_ok(&path)
                  ? adopt(added, c, target, assay_buf_cstr(&path), log, err)
                  : assay_fail(err, path.bad, 0, "%s: %s", folder, assay_code_text(path.bad));
        rc = rc == ASSAY_OK ? one : rc;
    }
    if (artifacts_in != NULL)
        (void)closedir(artifacts_in);
    assay_buf_fini(&path);
    return rc;
}

enum assay_code findings_adopt_afl(size_t *added, const struct campaign *c,
                                   const struct campaign_target *target, const char *log,
                                   struct assay_err *err)
{
    static const char *const leaves[] = {"afl/main/crashes", "afl/main/hangs"};
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_LEN(leaves) && rc == ASSAY_OK; i++)
        rc = campaign_path(&path, c, target, leaves[i]) == NULL
                 ? assay_fail(err, path.bad, 0, "%s", assay_code_text(path.bad))
                 : findings_adopt(added, c, target, assay_buf_cstr(&path), log, err);
    assay_buf_fini(&path);
    return rc;
}

/* One work folder: its artifacts, with the log that lies beside them; then it goes. */
static enum assay_code adopt_work(size_t *added, const struct campaign *c,
                                  const struct campaign_target *target, const char *folder,
                                  struct assay_err *err)
{
    struct assay_buf log = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc;

    assay_buf_printf(&log, "%s/log", folder);
    rc = assay_buf_ok(&log) ? findings_adopt(added, c, target, folder, assay_buf_cstr(&log), err)
                            : assay_fail(err, log.bad, 0, "%s", assay_code_text(log.bad));
    if (rc == ASSAY_OK && !folder_remove(folder))
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be removed: %s", folder, strerror(errno));
    assay_buf_fini(&log);
    return rc;
}

enum assay_code findings_adopt_leftovers(size_t *added, const struct campaign *c,
                                         const struct campaign_target *target,
                                         struct assay_err *err)
{
    struct assay_buf work = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf one = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *path = campaign_path(&work, c, target, "work");
    DIR *folder = path != NULL ? opendir(path) : NULL;
    enum assay_code rc = findings_adopt_afl(added, c, target, NULL, err);
    struct dirent *entry;

    while (folder != NULL && rc == ASSAY_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        assay_buf_clear(&one);
        assay_buf_printf(&one, "%s/%s", path, entry->d_name);
        rc = assay_buf_ok(&one) ? adopt_work(added, c, target, assay_buf_cstr(&one), err)
                                : assay_fail(err, one.bad, 0, "%s", assay_code_text(one.bad));
    }
    if (folder != NULL)
        (void)closedir(folder);
    assay_buf_fini(&one);
    assay_buf_fini(&work);
    return rc;
}

/* ---- listing ---- */

static int is_finding(const struct dirent *entry)
{
    return strlen(entry->d_name) == FINDING_NAME_BYTES - 1 &&
           strspn(entry->d_name, "0123456789abcdef") == FINDING_NAME_BYTES - 1;
}

enum assay_code findings_list(const char *const **names, size_t *count, struct assay_arena *arena,
                              const struct campaign *c, const struct campaign_target *target,
                              struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *folder = campaign_path(&path, c, target, "findings");
    struct dirent **entries = NULL;
    int n = folder != NULL ? scandir(folder, &entries, is_finding, alphasort) : -1;
    enum assay_code rc = ASSAY_OK;
    const char **out = assay_arena_alloc(arena, ((size_t)(n > 0 ? n : 0) + 1) * sizeof(*out));

    if (folder == NULL || out == NULL || (n < 0 && errno != ENOENT))
        rc = assay_fail(err, out == NULL ? ASSAY_E_NOMEM : ASSAY_E_IO, 0,
                        "the findings of %s cannot be listed", target->name);
    for (int i = 0; i < n; i++) {
        if (out != NULL && rc == ASSAY_OK &&
            (out[i] = assay_arena_printf(arena, "%s", entries[i]->d_name)) == NULL)
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        free(entries[i]);
    }
    free(entries);
    assay_buf_fini(&path);
    if (rc == ASSAY_OK) {
        *names = out;
        *count = n > 0 ? (size_t)n : 0;
    }
    return rc;
}
