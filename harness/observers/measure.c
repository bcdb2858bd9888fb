/* Resident memory and the size of the store (observers/observers.h). */
#include "fault/tree.h"
#include "observers/observers.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 100000 };

/* 0 for a process that has just ended. */
static uint64_t resident_of(pid_t pid)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    unsigned long long total, pages = 0;
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    if (assay_file_read(&text, path, NULL) == ASSAY_OK && assay_buf_cstr(&text) != NULL &&
        sscanf(assay_buf_cstr(&text), "%llu %llu", &total, &pages) != 2)
        pages = 0;
    assay_buf_fini(&text);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t observe_resident_of(const pid_t *pids, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += resident_of(pids[i]);
    return sum;
}

enum assay_code observe_resident(uint64_t *bytes, struct instance *instance, struct assay_err *err)
{
    pid_t pids[PROCESS_TREE_MAX];
    size_t count = instance_processes(instance, pids, ARRAY_LEN(pids));

    if (count == 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "resident memory: no process to look at (not launched, or ended)");
    *bytes = observe_resident_of(pids, count);
    return ASSAY_OK;
}

static uint64_t bytes_in_folder(const char *path)
{
    char root[PATH_MAX];
    char *const roots[] = {root, NULL};
    uint64_t sum = 0;
    size_t files = 0;
    FTS *walk;
    FTSENT *entry;

    if (snprintf(root, sizeof(root), "%s", path) >= (int)sizeof(root))
        return 0;
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    while (walk != NULL && files < FILES_MAX && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_F) {
            sum += (uint64_t)entry->fts_statp->st_size;
            files++;
        }
    }
    if (walk != NULL)
        (void)fts_close(walk);
    return sum;
}

static uint64_t bytes_at(const char *path)
{
    static const char *const beside[] = {"", "-wal", "-journal"};
    struct stat st;
    uint64_t sum = 0;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return bytes_in_folder(path);
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        char name[PATH_MAX];

        if (snprintf(name, sizeof(name), "%s%s", path, beside[i]) < (int)sizeof(name) &&
            stat(name, &st) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_size;
    }
    return sum;
}

enum assay_code observe_store(uint64_t *bytes, struct instance *instance, struct assay_err *err)
{
    const struct target_list *paths = instance_store_paths(instance);
    uint64_t sum = 0;

    if (paths->count == 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "size of the store: the target file names no store.paths");
    for (size_t i = 0; i < paths->count; i++)
        sum += bytes_at(paths->items[i]);
    *bytes = sum;
    return ASSAY_OK;
}
