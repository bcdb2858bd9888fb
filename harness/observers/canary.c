/* Planted texts looked for in what a target prints and writes (observers/observers.h). */
#include "observers/observers.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 << 20, FILES_MAX = 10000, CHUNK_BYTES = 1 << 16, CANARY_MIN_BYTES = 8 };

/* ---- one encoding each: whether the value stands at the beginning of `text` ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool at_raw(struct assay_bytes value, struct assay_bytes text)
{
    return text.len >= value.len && memcmp(text.at, value.at, value.len) == 0;
}

static bool at_hex(struct assay_bytes value, struct assay_bytes text)
{
    if (text.len / 2 < value.len)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (hex_digit(text.at[2 * i]) != value.at[i] >> 4 ||
            hex_digit(text.at[2 * i + 1]) != (value.at[i] & 15))
            return false;
    }
    return true;
}

/* Any mixture of bytes as they are, %XX and '+' for a space, with at least one of the latter two.
 */
static bool at_percent(struct assay_bytes value, struct assay_bytes text)
{
    bool escaped = false;
    size_t at = 0;

    for (size_t i = 0; i < value.len; i++) {
        struct assay_bytes rest = assay_bytes_part(text, at, text.len);
        uint8_t byte = value.at[i];

        if (rest.len >= 3 && rest.at[0] == '%' && hex_digit(rest.at[1]) == byte >> 4 &&
            hex_digit(rest.at[2]) == (byte & 15)) {
            escaped = true;
            at += 3;
        } else if (rest.len >= 1 && (rest.at[0] == byte || (byte == ' ' && rest.at[0] == '+'))) {
            escaped = escaped || rest.at[0] != byte;
            at++;
        } else {
            return false;
        }
    }
    return escaped;
}

/* The character that holds the six bits from `bit` on. */
static uint8_t base64_character(struct assay_bytes value, size_t bit, bool url)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t byte = bit / 8;
    unsigned pair =
        (unsigned)value.at[byte] << 8 | (byte + 1 < value.len ? value.at[byte + 1] : 0u);
    char letter = letters[pair >> (10 - bit % 8) & 63];

    if (url && (letter == '+' || letter == '/'))
        letter = letter == '+' ? '-' : '_';
    return (uint8_t)letter;
}

/* Only characters that the value determines alone: before and behind it may stand anything. `skip`
 * bits of the value lie in the character before: 0, 2 or 4, as the value begins at byte 0, 2 or 1
 * of a group of three. */
static bool at_base64_from(struct assay_bytes value, struct assay_bytes text, size_t skip, bool url)
{
    size_t n = 0;

    for (size_t bit = skip; bit + 6 <= 8 * value.len; bit += 6, n++) {
        if (n == text.len || text.at[n] != base64_character(value, bit, url))
            return false;
    }
    return true;
}

static bool at_base64(struct assay_bytes value, struct assay_bytes text)
{
    return at_base64_from(value, text, 0, false) || at_base64_from(value, text, 2, false) ||
           at_base64_from(value, text, 4, false);
}

static bool at_base64url(struct assay_bytes value, struct assay_bytes text)
{
    return at_base64_from(value, text, 0, true) || at_base64_from(value, text, 2, true) ||
           at_base64_from(value, text, 4, true);
}

/* Which bytes a hit can begin with: nearly every byte of a log is passed over by this alone. */
static void mark_first(bool first[256], struct assay_bytes value)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    memset(first, 0, 256);
    first[value.at[0]] = first['%'] = first['+'] = true;
    first[(uint8_t)digits[value.at[0] >> 4]] = first[(uint8_t)digits[16 + (value.at[0] >> 4)]] =
        true;
    for (size_t skip = 0; skip <= 4; skip += 2) {
        first[base64_character(value, skip, false)] = true;
        first[base64_character(value, skip, true)] = true;
    }
}

const char *canary_find(const struct canary *canary, struct assay_bytes text, size_t *offset)
{
    static const struct {
        const char *name;
        bool (*stands_at)(struct assay_bytes value, struct assay_bytes text);
    } encodings[] = {
        {"raw", at_raw},         {"hex", at_hex},
        {"base64", at_base64},   {"base64url", at_base64url},
        {"percent", at_percent},
    };
    bool first[256];

    if (canary->value.len < CANARY_MIN_BYTES)
        return NULL;
    mark_first(first, canary->value);
    for (size_t at = 0; at < text.len; at++) {
        for (size_t i = 0; first[text.at[at]] && i < ARRAY_LEN(encodings); i++) {
            if (!encodings[i].stands_at(canary->value, assay_bytes_part(text, at, text.len)))
                continue;
            *offset = at;
            return encodings[i].name;
        }
    }
    return NULL;
}

/* ---- where it is looked for ---- */

struct scan {
    const struct canary *canary;
    struct assay_arena *arena;
    struct assay_err *err;
    const char *where;
    uint64_t bytes;
    size_t sources;
};

static enum assay_code look_through(struct scan *scan, const char *source, struct assay_bytes text)
{
    size_t offset;
    const char *encoding = canary_find(scan->canary, text, &offset);

    scan->bytes += text.len;
    scan->sources++;
    if (encoding == NULL)
        return ASSAY_OK;
    scan->where = assay_arena_printf(scan->arena, "%s at byte %zu (%s)", source, offset, encoding);
    return scan->where != NULL ? ASSAY_OK
                               : assay_fail(scan->err, ASSAY_E_NOMEM, 0, "out of memory");
}

/* The beginning of a file, up to the limit. A file that vanishes or cannot be read is no source. */
static enum assay_code look_through_file(struct scan *scan, const char *path, const char *name)
{
    struct assay_buf text = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    enum assay_code rc = ASSAY_OK;
    ssize_t n = 1;

    while (fd >= 0 && n > 0 && text.len < text.max) {
        size_t ask = text.max - text.len < CHUNK_BYTES ? text.max - text.len : CHUNK_BYTES;
        uint8_t *at = assay_buf_extend(&text, ask);

        if (at == NULL) {
            rc = assay_fail(scan->err, text.bad, 0, "%s: out of memory", path);
            goto out;
        }
        do
            n = read(fd, at, ask);
        while (n < 0 && errno == EINTR);
        text.len -= ask - (n > 0 ? (size_t)n : 0);
    }
    if (fd >= 0 && n >= 0)
        rc = look_through(scan, name, assay_buf_view(&text));
out:
    if (fd >= 0)
        (void)close(fd);
    assay_buf_wipe(&text);
    return rc;
}

static enum assay_code look_through_folder(struct scan *scan, const char *path)
{
    char root[PATH_MAX];
    char *const roots[] = {root, NULL};
    enum assay_code rc = ASSAY_OK;
    size_t files = 0;
    FTSENT *entry;
    FTS *walk;

    if (path == NULL || snprintf(root, sizeof(root), "%s", path) >= (int)sizeof(root))
        return ASSAY_OK;
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return assay_fail(scan->err, ASSAY_E_NOMEM, 0, "%s: %s", path, strerror(errno));
    while (rc == ASSAY_OK && scan->where == NULL && files < FILES_MAX &&
           (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info != FTS_F)
            continue;
        files++;
        rc =
            look_through_file(scan, entry->fts_path,
                              entry->fts_pathlen > strlen(root) ? entry->fts_path + strlen(root) + 1
                                                                : entry->fts_path);
    }
    (void)fts_close(walk);
    return rc;
}

enum assay_code canary_scan(const char **where, uint64_t *bytes, size_t *sources,
                            struct assay_arena *arena, struct instance *instance,
                            const struct canary *canary, struct assay_err *err)
{
    struct scan scan = {.canary = canary, .arena = arena, .err = err};
    enum assay_code rc;

    if (instance_workdir(instance) == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "logs and files: the target is not launched by Assay (launch)");
    rc = look_through(&scan, "stdout", instance_stdout(instance));
    if (rc == ASSAY_OK && scan.where == NULL)
        rc = look_through(&scan, "stderr", instance_stderr(instance));
    if (rc == ASSAY_OK && scan.where == NULL)
        rc = look_through_folder(&scan, instance_workdir(instance));
    if (rc == ASSAY_OK && scan.where == NULL)
        rc = look_through_folder(&scan, instance_own_folder(instance));
    if (rc != ASSAY_OK)
        return rc;
    *where = scan.where;
    *bytes = scan.bytes;
    *sources = scan.sources;
    return ASSAY_OK;
}
