/* Writes and reads archives of one spelling (bundle/archive.h). Source: POSIX.1-2017, pax, "ustar
 * Interchange Format". */
#include "bundle/archive.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { BLOCK_BYTES = 512, CHECKSUM_AT = 148, CHECKSUM_BYTES = 8, TYPE_AT = 156, SHOWN_BYTES = 120 };

/* The fields of a header in their order; numbers are octal digits and a NUL. */
struct header {
    char name[100];
    char mode[8], owner[8], group[8];
    char size[12], time[12];
    char checksum[CHECKSUM_BYTES]; /* six digits, a NUL, a space */
    char type;
    char link[100];
    char magic[6], version[2];
    char owner_name[32], group_name[32];
    char device_major[8], device_minor[8];
    char prefix[155];
    char rest[12];
};
static_assert(sizeof(struct header) == BLOCK_BYTES, "a header is a block");
static_assert(offsetof(struct header, checksum) == CHECKSUM_AT, "as the source has it");
static_assert(offsetof(struct header, type) == TYPE_AT, "as the source has it");

static size_t padding_of(size_t len)
{
    return (BLOCK_BYTES - len % BLOCK_BYTES) % BLOCK_BYTES;
}

/* ---- names ---- */

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* Parts that are neither empty nor begin with a dot or a dash: none leads out of the folder, hides,
 * or is taken for an option. */
static bool is_name(struct assay_bytes name)
{
    bool begins = true;

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        if (c == '/' ? begins : !is_name_byte(c) || (begins && (c == '.' || c == '-')))
            return false;
        begins = c == '/';
    }
    return !begins && name.len <= ARCHIVE_NAME_MAX_BYTES;
}

static enum assay_code refuse_name(struct assay_bytes name, size_t at, struct assay_err *err)
{
    char room[4 * SHOWN_BYTES + 1];
    struct assay_buf shown = ASSAY_BUF_OVER(room);

    assay_utf8_add_printable(&shown, assay_bytes_part(name, 0, SHOWN_BYTES));
    return assay_fail(err, ASSAY_E_DENIED, at,
                      "the name \"%s\" cannot be in a bundle: letters, digits, \"._-\" and \"/\" "
                      "between parts, none of which begins with a dot or a dash",
                      assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "");
}

/* ---- a list of files ---- */

static size_t place_of(const struct archive *archive, struct assay_bytes name, bool *is_there)
{
    size_t i = 0;

    *is_there = false;
    while (i < archive->count && assay_bytes_compare(archive->files[i].name, name) < 0)
        i++;
    *is_there = i < archive->count && assay_bytes_equal(archive->files[i].name, name);
    return i;
}

static enum assay_code add_at_end(struct archive *archive, struct assay_bytes name,
                                  struct assay_bytes content, size_t at, struct assay_err *err)
{
    if (archive->count == ARCHIVE_FILES_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, at, "more than %d files", ARCHIVE_FILES_MAX);
    archive->files[archive->count++] = (struct archive_file){name, content};
    return ASSAY_OK;
}

enum assay_code archive_add(struct archive *archive, const char *name, struct assay_bytes content,
                            struct assay_err *err)
{
    bool is_there;
    size_t place = place_of(archive, assay_str(name), &is_there);
    enum assay_code rc;

    if (!is_name(assay_str(name)))
        return refuse_name(assay_str(name), 0, err);
    if (is_there)
        return assay_fail(err, ASSAY_E_DUPLICATE, 0, "%s comes twice", name);
    if ((rc = add_at_end(archive, assay_str(name), content, 0, err)) != ASSAY_OK)
        return rc;
    for (size_t i = archive->count - 1; i > place; i--) {
        struct archive_file other = archive->files[i - 1];

        archive->files[i - 1] = archive->files[i];
        archive->files[i] = other;
    }
    return ASSAY_OK;
}

const struct archive_file *archive_find(const struct archive *archive, const char *name)
{
    bool is_there;
    size_t place = place_of(archive, assay_str(name), &is_there);

    return is_there ? &archive->files[place] : NULL;
}

/* ---- headers ---- */

static void put_octal(char *field, size_t len, uint64_t number)
{
    field[len - 1] = '\0';
    for (size_t i = len - 1; i > 0; i--, number >>= 3)
        field[i - 1] = (char)('0' + (number & 7));
}

static uint64_t checksum_of(const uint8_t *block)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES ? ' ' : block[i];
    return sum;
}

/* The one header of a file of that name, at most ARCHIVE_NAME_MAX_BYTES long. */
static void make_header(struct header *h, struct assay_bytes name, uint64_t size)
{
    *h = (struct header){.type = '0', .magic = "ustar", .version = {'0', '0'}};
    memcpy(h->name, name.at, name.len);
    put_octal(h->mode, sizeof h->mode, 0644);
    put_octal(h->owner, sizeof h->owner, 0);
    put_octal(h->group, sizeof h->group, 0);
    put_octal(h->size, sizeof h->size, size);
    put_octal(h->time, sizeof h->time, 0);
    put_octal(h->device_major, sizeof h->device_major, 0);
    put_octal(h->device_minor, sizeof h->device_minor, 0);
    put_octal(h->checksum, sizeof h->checksum - 1, checksum_of((const uint8_t *)h));
    h->checksum[sizeof h->checksum - 1] = ' ';
}

/* ---- writing ---- */

static void add_zeros(struct assay_buf *out, size_t len)
{
    uint8_t *at = assay_buf_extend(out, len);

    if (at != NULL)
        memset(at, 0, len);
}

enum assay_code archive_write(struct assay_buf *out, const struct archive *archive,
                              struct assay_err *err)
{
    for (size_t i = 0; i < archive->count; i++) {
        const struct archive_file *file = &archive->files[i];
        struct header h;

        make_header(&h, file->name, file->content.len);
        assay_buf_add(out, assay_bytes_of(&h, sizeof h));
        assay_buf_add(out, file->content);
        add_zeros(out, padding_of(file->content.len));
    }
    add_zeros(out, 2 * BLOCK_BYTES);
    return assay_buf_ok(out)
               ? ASSAY_OK
               : assay_fail(err, out->bad, 0, "the archive %s", assay_code_text(out->bad));
}

/* ---- reading ---- */

static bool is_zero(struct assay_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] != 0)
            return false;
    return true;
}

static bool read_octal(uint64_t *out, const char *field, size_t len)
{
    *out = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        if (field[i] < '0' || field[i] > '7')
            return false;
        *out = *out << 3 | (uint64_t)(field[i] - '0');
    }
    return true;
}

/* What a header says, in the order in which a person would want to know it. */
static enum assay_code read_header(struct assay_bytes *name, uint64_t *size,
                                   struct assay_bytes block, size_t at, struct assay_err *err)
{
    struct header h, same;
    uint64_t sum;

    memcpy(&h, block.at, sizeof h);
    if (memcmp(h.magic, "ustar", sizeof h.magic) != 0)
        return assay_fail(err, ASSAY_E_MALFORMED, at,
                          "byte %zu: no header of a file: this is no bundle, or it is damaged", at);
    if (!read_octal(&sum, h.checksum, sizeof h.checksum - 1) || sum != checksum_of(block.at))
        return assay_fail(err, ASSAY_E_MALFORMED, at,
                          "byte %zu: the header's checksum differs: it is damaged", at);
    *name = assay_bytes_part(block, 0, assay_bytes_find(block, 0, 0));
    if (h.type != '0')
        return assay_fail(err, ASSAY_E_DENIED, at,
                          "byte %zu: a link, folder or device (type %02x): a bundle holds plain "
                          "files alone",
                          at, (unsigned)(unsigned char)h.type);
    if (!is_name(*name) || h.prefix[0] != '\0')
        return refuse_name(*name, at, err);
    if (!read_octal(size, h.size, sizeof h.size))
        return assay_fail(err, ASSAY_E_MALFORMED, at, "byte %zu: its size is no number", at);
    make_header(&same, *name, *size);
    if (memcmp(&h, &same, sizeof h) != 0)
        return assay_fail(err, ASSAY_E_MALFORMED, at,
                          "byte %zu: an owner, time or mode that `assay bundle` does not write: "
                          "the archive was packed anew by another program",
                          at);
    return ASSAY_OK;
}

static enum assay_code check_order(const struct archive *archive, struct assay_bytes name,
                                   size_t at, struct assay_err *err)
{
    int order = archive->count > 0
                    ? assay_bytes_compare(archive->files[archive->count - 1].name, name)
                    : -1;

    if (order == 0)
        return assay_fail(err, ASSAY_E_DUPLICATE, at, "byte %zu: %.*s comes twice", at,
                          (int)name.len, (const char *)name.at);
    return order < 0 ? ASSAY_OK
                     : assay_fail(err, ASSAY_E_MALFORMED, at,
                                  "byte %zu: %.*s is out of order: the archive was packed anew by "
                                  "another program",
                                  at, (int)name.len, (const char *)name.at);
}

/* One file, from its header at *at to the next. */
static enum assay_code read_file(struct archive *archive, struct assay_bytes bytes, size_t *at,
                                 struct assay_err *err)
{
    struct assay_bytes block = assay_bytes_part(bytes, *at, *at + BLOCK_BYTES);
    struct assay_bytes name = ASSAY_LIT(""), content, rest;
    uint64_t size = 0;
    enum assay_code rc;

    if (block.len < BLOCK_BYTES)
        return assay_fail(err, ASSAY_E_MALFORMED, *at,
                          "byte %zu: cut short: an archive ends in two blocks of zeros", *at);
    if ((rc = read_header(&name, &size, block, *at, err)) != ASSAY_OK ||
        (rc = check_order(archive, name, *at, err)) != ASSAY_OK)
        return rc;
    rest = assay_bytes_part(bytes, *at + BLOCK_BYTES, bytes.len);
    if (size > rest.len || padding_of((size_t)size) > rest.len - (size_t)size)
        return assay_fail(err, ASSAY_E_MALFORMED, *at,
                          "byte %zu: cut short: %.*s has %" PRIu64 " bytes, of which %zu are there",
                          *at, (int)name.len, (const char *)name.at, size, rest.len);
    content = assay_bytes_part(rest, 0, (size_t)size);
    rest = assay_bytes_part(rest, content.len, content.len + padding_of(content.len));
    if (!is_zero(rest))
        return assay_fail(err, ASSAY_E_MALFORMED, *at, "byte %zu: bytes behind the end of %.*s",
                          *at + BLOCK_BYTES + content.len, (int)name.len, (const char *)name.at);
    rc = add_at_end(archive, name, content, *at, err);
    *at += BLOCK_BYTES + content.len + rest.len;
    return rc;
}

enum assay_code archive_read(struct archive *out, struct assay_bytes bytes, struct assay_err *err)
{
    struct archive archive = {.count = 0};
    size_t at = 0;

    while (at + 2 * BLOCK_BYTES != bytes.len || !is_zero(assay_bytes_part(bytes, at, bytes.len))) {
        enum assay_code rc = read_file(&archive, bytes, &at, err);

        if (rc != ASSAY_OK)
            return rc;
    }
    *out = archive;
    return ASSAY_OK;
}
