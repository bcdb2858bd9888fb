/* Archives of bundles: what is read is written again to the same bytes, its names lead nowhere
 * else, and each file is found by its name. Source: bundle/archive.h. */
#include "fuzz.h"

#include "bundle/archive.h"
#include "bundle/bundle.h"
#include "fuzz/lib/mutate.h"

enum { BLOCK = 512, SUM_AT = 148, HEADERS_MAX = 64 };

/* Checksums made right, so that what is behind them is tried. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    for (size_t at = 0; seed % 4 != 0 && at + BLOCK <= size && at < HEADERS_MAX * BLOCK;
         at += BLOCK) {
        unsigned sum = 8 * ' ';

        if (memcmp(data + at + 257, "ustar", 5) != 0)
            continue;
        for (size_t i = 0; i < BLOCK; i++)
            sum += i >= SUM_AT && i < SUM_AT + 8 ? 0 : data[at + i];
        for (size_t i = 6; i > 0; i--, sum >>= 3)
            data[at + SUM_AT + i - 1] = (uint8_t)('0' + (sum & 7));
        data[at + SUM_AT + 6] = 0;
        data[at + SUM_AT + 7] = ' ';
    }
    return size;
}

static void check_file(const struct archive *archive, size_t i, struct assay_bytes input)
{
    const struct archive_file *file = &archive->files[i];
    char name[ARCHIVE_NAME_MAX_BYTES + 1] = "";

    FUZZ_CHECK(file->name.len > 0 && file->name.len <= ARCHIVE_NAME_MAX_BYTES);
    memcpy(name, file->name.at, file->name.len);
    FUZZ_CHECK(name[0] != '/' && name[0] != '-' && strstr(name, "..") != name);
    FUZZ_CHECK(strstr(name, "/.") == NULL && strstr(name, "//") == NULL);
    FUZZ_CHECK(archive_find(archive, name) == file);
    FUZZ_CHECK(file->content.at >= input.at &&
               file->content.len <= (size_t)(input.at + input.len - file->content.at));
    FUZZ_CHECK(i == 0 || assay_bytes_compare(archive->files[i - 1].name, file->name) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_bytes input = assay_bytes_of(data, size);
    struct assay_buf again = ASSAY_BUF_INIT(1 << 25);
    struct archive archive = {.count = 0}, added = {.count = 0};
    struct bundle_about about = {0};
    struct assay_err err = {0};
    enum assay_code rc = archive_read(&archive, input, &err);

    FUZZ_CHECK(rc == err.code && (rc == ASSAY_OK || err.text[0] != '\0'));
    FUZZ_CHECK(rc == ASSAY_OK || archive.count == 0);
    for (size_t i = 0; i < archive.count; i++) {
        char name[ARCHIVE_NAME_MAX_BYTES + 1] = "";

        check_file(&archive, i, input);
        memcpy(name, archive.files[i].name.at, archive.files[i].name.len);
        FUZZ_CHECK(archive_add(&added, name, archive.files[i].content, NULL) == ASSAY_OK);
        FUZZ_CHECK(archive_add(&added, name, ASSAY_LIT(""), NULL) == ASSAY_E_DUPLICATE);
        added.files[i].name = archive.files[i].name; /* name ends here */
    }
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(archive_write(&again, &added, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&again), input));
    }
    if (bundle_check(&about, input, NULL) == ASSAY_OK) {
        FUZZ_CHECK(rc == ASSAY_OK && about.files == archive.count);
        json_decref(about.run);
    }
    assay_buf_fini(&again);
    return 0;
}
