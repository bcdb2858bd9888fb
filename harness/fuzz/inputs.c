/* Folders of inputs (fuzz/inputs.h). */
#include "fuzz/inputs.h"

#include "base/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* The next regular file, in no order; NULL at the end. */
static const struct dirent *next_file(DIR *folder, struct stat *about)
{
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' &&
            fstatat(dirfd(folder), entry->d_name, about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(about->st_mode))
            return entry;
    }
    return NULL;
}

void inputs_count(uint64_t *count, uint64_t *bytes, const char *folder)
{
    DIR *open = opendir(folder);
    struct stat about;

    *count = *bytes = 0;
    while (next_file(open, &about) != NULL) {
        ++*count;
        *bytes += (uint64_t)about.st_size;
    }
    if (open != NULL)
        (void)closedir(open);
}

bool inputs_any(const char *folder)
{
    DIR *open = opendir(folder);
    struct stat about;
    bool any = next_file(open, &about) != NULL;

    if (open != NULL)
        (void)closedir(open);
    return any;
}

enum assay_code inputs_add(uint64_t *added, const char *folder, struct assay_bytes input,
                           struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PATH_BYTES);
    char digest[2 * ASSAY_SHA256_BYTES + 1];
    enum assay_code rc = ASSAY_OK;

    assay_sha256_hex(digest, input);
    assay_buf_printf(&path, "%s/%.*s", folder, INPUT_NAME_BYTES - 1, digest);
    if (assay_buf_cstr(&path) == NULL) {
        rc = assay_fail(err, path.bad, 0, "%s: %s", folder, assay_code_text(path.bad));
    } else if (access(assay_buf_cstr(&path), F_OK) != 0) {
        rc = assay_file_write_unsynced(assay_buf_cstr(&path), input, err);
        *added += rc == ASSAY_OK;
    }
    assay_buf_fini(&path);
    return rc;
}

static enum assay_code copy_one(uint64_t *added, const char *to, const char *from, const char *name,
                                size_t max_bytes, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PATH_BYTES);
    struct assay_buf input = ASSAY_BUF_INIT(max_bytes);
    enum assay_code rc;

    assay_buf_printf(&path, "%s/%s", from, name);
    rc = assay_buf_cstr(&path) != NULL
             ? assay_file_read(&input, assay_buf_cstr(&path), err)
             : assay_fail(err, path.bad, 0, "%s: %s", from, assay_code_text(path.bad));
    if (rc == ASSAY_OK)
        rc = inputs_add(added, to, assay_buf_view(&input), err);
    assay_buf_fini(&input);
    assay_buf_fini(&path);
    return rc;
}

enum assay_code inputs_copy(uint64_t *added, const char *to, const char *from, const char *text,
                            size_t max_bytes, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    DIR *folder = opendir(from);
    const struct dirent *entry;
    struct stat about;

    while (rc == ASSAY_OK && (entry = next_file(folder, &about)) != NULL) {
        if ((text == NULL || strstr(entry->d_name, text) != NULL) &&
            (uint64_t)about.st_size <= max_bytes)
            rc = copy_one(added, to, from, entry->d_name, max_bytes, err);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return rc;
}
