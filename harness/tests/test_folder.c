/* Folders put away: with all they hold, links not followed, and saying so where something is left.
 */
#include "target/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[256];

static const char *in(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void make(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/assay-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void touch(const char *name)
{
    int fd = open(in(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    cr_assert_geq(fd, 0);
    (void)close(fd);
}

TestSuite(folder, .init = make);

Test(folder, is_removed_with_what_it_holds_and_no_link_is_followed)
{
    char outside[64];

    cr_assert_eq(mkdir(in("run"), 0700), 0);
    cr_assert_eq(mkdir(in("run/store"), 0700), 0);
    touch("run/store/.hidden");
    touch("kept");
    (void)snprintf(outside, sizeof(outside), "%s", folder);
    cr_assert_eq(symlink(outside, in("run/store/link")), 0);
    cr_expect(folder_remove(in("run")));
    cr_expect_eq(access(in("run"), F_OK), -1);
    cr_expect_eq(access(in("kept"), F_OK), 0);
    cr_expect(folder_remove(folder));
}

Test(folder, that_was_not_there_is_no_failure)
{
    cr_expect(folder_remove(in("none")));
    touch("file");
    cr_expect_not(folder_remove(in("file/none")), "that is none of a folder");
    cr_expect(folder_remove(folder));
}
