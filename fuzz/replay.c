/* A main for fuzz targets where there is no libFuzzer: runs the target over every file that is
 * named, and over every file of a folder that is named. */
#include "fuzz.h"

#include "base/buf.h"
#include "fuzz/lib/mutate.h"

#include <dirent.h>
#include <sys/stat.h>

enum { INPUT_MAX_BYTES = 1 << 24, FOLDER_MAX_DEPTH = 8, FAILED = 3 };

/* Nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)data;
    return size < max_size ? size : max_size;
}

static int replay(const char *path, unsigned depth, unsigned long *count);

static int replay_file(const char *path)
{
    struct assay_buf input = ASSAY_BUF_INIT(INPUT_MAX_BYTES);
    struct assay_err err = {0};
    int rc = 0;

    if (assay_file_read(&input, path, &err) == ASSAY_OK) {
        /* an allocation of its own, so that a sanitizer sees where the input ends */
        uint8_t *copy = assay_alloc(input.len);

        if (copy == NULL)
            abort();
        memcpy(copy, assay_buf_view(&input).at, input.len);
        (void)LLVMFuzzerTestOneInput(copy, input.len);
        assay_free(copy);
    } else {
        (void)fprintf(stderr, "replay: %s\n", err.text);
        rc = FAILED;
    }
    assay_buf_fini(&input);
    return rc;
}

static int replay_folder(const char *path, unsigned depth, unsigned long *count)
{
    struct dirent **entries = NULL;
    int n = depth < FOLDER_MAX_DEPTH ? scandir(path, &entries, NULL, alphasort) : -1;
    int rc = n < 0 ? FAILED : 0;

    if (n < 0)
        (void)fprintf(stderr, "replay: %s: cannot be listed\n", path);
    for (int i = 0; i < n; i++) {
        struct assay_buf inner = ASSAY_BUF_INIT(1 << 16);

        assay_buf_printf(&inner, "%s/%s", path, entries[i]->d_name);
        if (!assay_buf_ok(&inner) ||
            (entries[i]->d_name[0] != '.' && replay(assay_buf_cstr(&inner), depth + 1, count) != 0))
            rc = FAILED;
        assay_buf_fini(&inner);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int replay(const char *path, unsigned depth, unsigned long *count)
{
    struct stat info;

    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return replay_folder(path, depth, count);
    ++*count;
    return replay_file(path);
}

int main(int argc, char **argv)
{
    unsigned long count = 0;
    int rc = argc > 1 ? 0 : FAILED;

    (void)LLVMFuzzerInitialize(&argc, &argv);
    if (argc < 2)
        (void)fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i], 0, &count) != 0)
            rc = FAILED;
    }
    printf("%lu inputs\n", count);
    return rc;
}
