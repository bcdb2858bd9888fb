/* Whole files read into a buffer, and written so that nobody ever sees half of one (base/buf.h). */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, TEMPORARY_TRIES = 100 };

static enum assay_code fail_io(struct assay_err *err, const char *path, const char *what)
{
    char why[128];

    return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be %s: %s", path, what,
                      strerror_r(errno, why, sizeof(why)));
}

/* Reads once, into `at`; a signal is no failure. Returns the count, 0 at the end, -1 with errno. */
static ssize_t read_some(int fd, uint8_t *at, size_t len)
{
    ssize_t n;

    do
        n = read(fd, at, len);
    while (n < 0 && errno == EINTR);
    return n;
}

/* One chunk more, cut to what `out` may hold. Returns ASSAY_OK with *ended once there is no more.
 */
static enum assay_code read_chunk(struct assay_buf *out, int fd, bool *ended, const char *path,
                                  struct assay_err *err)
{
    size_t room = out->max - out->len;
    size_t ask = room < CHUNK_BYTES ? room : CHUNK_BYTES;
    uint8_t beyond;
    uint8_t *at = ask > 0 ? assay_buf_extend(out, ask) : &beyond;
    ssize_t n;

    if (at == NULL)
        return assay_fail(err, out->bad, 0, "%s: %s", path, assay_code_text(out->bad));
    n = read_some(fd, at, ask > 0 ? ask : 1);
    out->len -= ask;
    if (n < 0)
        return fail_io(err, path, "read");
    if (n > 0 && ask == 0)
        return assay_fail(err, ASSAY_E_TOO_LARGE, out->len, "%s: is larger than %zu bytes", path,
                          out->max);
    out->len += (size_t)n;
    *ended = n == 0;
    return ASSAY_OK;
}

enum assay_code assay_file_read(struct assay_buf *out, const char *path, struct assay_err *err)
{
    size_t before = out->len;
    enum assay_code rc = out->bad;
    bool ended = false;
    int fd;

    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "%s: %s", path, assay_code_text(rc));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_io(err, path, "opened");
    while (rc == ASSAY_OK && !ended)
        rc = read_chunk(out, fd, &ended, path, err);
    (void)close(fd);
    if (rc != ASSAY_OK) {
        out->len = before;
        out->bad = ASSAY_OK;
    }
    return rc;
}

/* Creates a new file beside `path`; its name is left in `name`. Returns a descriptor or -1. */
static int create_beside(struct assay_buf *name, const char *path, mode_t mode)
{
    for (unsigned i = 0; i < TEMPORARY_TRIES; i++) {
        const char *text;
        int fd;

        assay_buf_clear(name);
        assay_buf_printf(name, "%s.%ld-%u.tmp", path, (long)getpid(), i);
        text = assay_buf_cstr(name);
        if (text == NULL) {
            errno = ENOMEM;
            return -1;
        }
        fd = open(text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static bool write_all(int fd, struct assay_bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.at, content.len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            content = assay_bytes_part(content, (size_t)n, content.len);
    }
    return true;
}

static enum assay_code replace(const char *path, mode_t mode, bool is_synced,
                               struct assay_bytes content, struct assay_err *err)
{
    struct assay_buf name = ASSAY_BUF_INIT(2 * PATH_MAX);
    enum assay_code rc = ASSAY_OK;
    int fd = create_beside(&name, path, mode);
    bool written;

    if (fd < 0) {
        rc = assay_buf_ok(&name) ? fail_io(err, path, "created")
                                 : assay_fail(err, name.bad, 0, "%s: no room for its name", path);
        goto out;
    }
    written = write_all(fd, content) && (!is_synced || fsync(fd) == 0);
    if (!written)
        rc = fail_io(err, path, "written");
    if (close(fd) != 0 && written)
        rc = fail_io(err, path, "written");
    if (rc == ASSAY_OK && rename((const char *)name.at, path) != 0)
        rc = fail_io(err, path, "replaced");
    if (rc != ASSAY_OK)
        (void)unlink((const char *)name.at);
out:
    assay_buf_fini(&name);
    return rc;
}

enum assay_code assay_file_write(const char *path, struct assay_bytes content,
                                 struct assay_err *err)
{
    return replace(path, 0666, true, content, err);
}

enum assay_code assay_file_write_unsynced(const char *path, struct assay_bytes content,
                                          struct assay_err *err)
{
    return replace(path, 0666, false, content, err);
}

enum assay_code assay_file_write_private(const char *path, struct assay_bytes content,
                                         struct assay_err *err)
{
    return replace(path, 0600, true, content, err);
}

enum assay_code assay_folder_make(const char *path, struct assay_err *err)
{
    struct assay_buf part = ASSAY_BUF_INIT(PATH_MAX);
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; path[i] != '\0' && rc == ASSAY_OK; i++) {
        assay_buf_add_byte(&part, (uint8_t)path[i]);
        if (path[i + 1] != '/' && path[i + 1] != '\0')
            continue;
        if (assay_buf_cstr(&part) == NULL)
            rc = assay_fail(err, part.bad, 0, "%s: %s", path, assay_code_text(part.bad));
        else if (mkdir(assay_buf_cstr(&part), 0777) != 0 && errno != EEXIST)
            rc = fail_io(err, assay_buf_cstr(&part), "made");
    }
    assay_buf_fini(&part);
    return rc;
}
