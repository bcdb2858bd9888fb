/* Trouble under a store: SQLite's allocator, statements and file are stood in for. */
#include "ref/tests/store_trouble.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

static enum store_trouble armed = TROUBLE__COUNT;
static size_t left;
static bool has_struck;

const char *store_trouble_name(enum store_trouble trouble)
{
    static const char *const names[] = {"memory", "the library's memory", "a statement",
                                        "the file"};

    _Static_assert(ARRAY_LEN(names) == TROUBLE__COUNT, "each has a name");
    return names[trouble];
}

static bool strikes(enum store_trouble trouble)
{
    if (armed != trouble || has_struck)
        return false;
    has_struck = left == 0;
    left -= left > 0;
    return has_struck;
}

/* ---- memory ---- */

static sqlite3_mem_methods memory;

static void *take(int size)
{
    return strikes(TROUBLE_LIBRARY) ? NULL : memory.xMalloc(size);
}

static void *take_again(void *at, int size)
{
    return strikes(TROUBLE_LIBRARY) ? NULL : memory.xRealloc(at, size);
}

/* ---- statements ---- */

/* A statement runs that reads or changes. The handler is asked once more when one is done: to
 * interrupt it then would deny what has happened. */
static bool may_be_interrupted(sqlite3 *db)
{
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL; s = sqlite3_next_stmt(db, s)) {
        const char *text = sqlite3_stmt_busy(s) ? sqlite3_sql(s) : NULL;

        if (text != NULL && strncmp(text, "BEGIN", 5) != 0 && strcmp(text, "COMMIT") != 0 &&
            strcmp(text, "ROLLBACK") != 0)
            return true;
    }
    return false;
}

static int go_on(void *db)
{
    return may_be_interrupted(db) && strikes(TROUBLE_STATEMENT) ? 1 : 0;
}

static int may_commit(void *cls)
{
    (void)cls;
    return strikes(TROUBLE_STATEMENT) ? 1 : 0;
}

static int watch_connection(sqlite3 *db, char **text, const struct sqlite3_api_routines *api)
{
    (void)text;
    (void)api;
    sqlite3_progress_handler(db, 1, go_on, db);
    (void)sqlite3_commit_hook(db, may_commit, NULL);
    return SQLITE_OK;
}

/* ---- the file ---- */

static sqlite3_vfs files;
static sqlite3_vfs *files_below;

/* What a file does, by what stands in for it: a database has other methods than its journal. */
static struct methods {
    sqlite3_io_methods ours;
    const sqlite3_io_methods *below;
} tables[4];

static const sqlite3_io_methods *below(const sqlite3_file *f)
{
    return ((const struct methods *)(const void *)f->pMethods)->below;
}

static int read_file(sqlite3_file *f, void *at, int len, sqlite3_int64 from)
{
    return strikes(TROUBLE_FILE) ? SQLITE_IOERR_READ : below(f)->xRead(f, at, len, from);
}

static int write_file(sqlite3_file *f, const void *at, int len, sqlite3_int64 to)
{
    return strikes(TROUBLE_FILE) ? SQLITE_FULL : below(f)->xWrite(f, at, len, to);
}

/* Nothing here is about what a crash leaves: the disk is not waited for. */
static int sync_file(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return strikes(TROUBLE_FILE) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int is_synced)
{
    (void)vfs;
    (void)is_synced;
    return files_below->xDelete(files_below, name, 0);
}

static int lock_file(sqlite3_file *f, int offset, int count, int flags)
{
    bool fails = (flags & SQLITE_SHM_LOCK) != 0 && strikes(TROUBLE_FILE);

    return fails ? SQLITE_IOERR_SHMLOCK : below(f)->xShmLock(f, offset, count, flags);
}

static const sqlite3_io_methods *stand_in(const sqlite3_io_methods *methods)
{
    struct methods *t = tables;

    while (t->below != NULL && t->below != methods)
        t++;
    cr_assert_lt(t, tables + ARRAY_LEN(tables) - 1);
    if (t->below == NULL) {
        *t = (struct methods){.ours = *methods, .below = methods};
        t->ours.xRead = read_file;
        t->ours.xWrite = write_file;
        t->ours.xSync = sync_file;
        t->ours.xShmLock = methods->xShmLock != NULL ? lock_file : NULL;
    }
    return &t->ours;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc;

    (void)vfs;
    if (strikes(TROUBLE_FILE))
        return SQLITE_CANTOPEN;
    rc = files_below->xOpen(files_below, name, f, flags, out);
    if (rc != SQLITE_OK || f->pMethods == NULL)
        return rc;
    f->pMethods = stand_in(f->pMethods);
    return rc;
}

void store_trouble_install(void)
{
    sqlite3_mem_methods own;

    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory), SQLITE_OK);
    own = memory;
    own.xMalloc = take;
    own.xRealloc = take_again;
    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &own), SQLITE_OK);
    cr_assert_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
    files_below = sqlite3_vfs_find(NULL);
    cr_assert_not_null(files_below);
    files = *files_below;
    files.zName = "troubled";
    files.pNext = NULL;
    files.xOpen = open_file;
    files.xDelete = delete_file;
    cr_assert_eq(sqlite3_vfs_register(&files, 1), SQLITE_OK);
}

void store_trouble_arm(enum store_trouble trouble, size_t before)
{
    armed = trouble;
    left = before;
    has_struck = false;
    if (trouble == TROUBLE_MEMORY)
        (void)assay_alloc_fail_after(before);
}

bool store_trouble_struck(void)
{
    bool struck = has_struck;

    if (armed == TROUBLE_MEMORY)
        struck = assay_alloc_fail_after(SIZE_MAX) > left;
    armed = TROUBLE__COUNT;
    return struck;
}
