/* Removes a folder with what it holds; see folder.h. */
#include "target/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

enum { OPEN_MAX_FOLDERS = 16 };

/* Goes on whatever happens: what one entry is kept by is no reason to keep the others. */
static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    (void)remove(path);
    return 0;
}

bool folder_remove(const char *path)
{
    (void)nftw(path, remove_one, OPEN_MAX_FOLDERS, FTW_DEPTH | FTW_PHYS);
    return rmdir(path) == 0 || errno == ENOENT;
}
