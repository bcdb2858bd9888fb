/* Whole files, read and replaced. */
#include "base/buf.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[sizeof(folder) + 16];

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_lt(snprintf(path, sizeof(path), "%s/file", folder), (int)sizeof(path));
}

static void remove_folder(void)
{
    (void)unlink(path);
    cr_expect_eq(rmdir(folder), 0, "nothing but the file was left");
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

Test(file, reads_back_what_was_written_and_replaces_it)
{
    static uint8_t content[200000];
    struct assay_buf buf = ASSAY_BUF_INIT(sizeof(content));
    struct assay_err err = {0};

    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t len = sizeof(content); len > 0; len = len / 7) {
        struct assay_bytes want = assay_bytes_of(content, len);

        cr_assert_eq(assay_file_write(path, want, &err), ASSAY_OK, "%s", err.text);
        cr_assert_eq(assay_file_read(&buf, path, &err), ASSAY_OK, "%s", err.text);
        cr_expect(assay_bytes_equal(assay_buf_view(&buf), want), "%zu bytes", len);
        assay_buf_clear(&buf);
    }
    assay_buf_fini(&buf);
}

Test(file, one_byte_above_the_maximum_is_too_large)
{
    struct assay_buf buf = ASSAY_BUF_INIT(10);
    struct assay_err err = {0};

    cr_assert_eq(assay_file_write(path, ASSAY_LIT("0123456789"), NULL), ASSAY_OK);
    cr_expect_eq(assay_file_read(&buf, path, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(buf.len, 10);
    assay_buf_clear(&buf);
    cr_assert_eq(assay_file_write(path, ASSAY_LIT("0123456789x"), NULL), ASSAY_OK);
    cr_expect_eq(assay_file_read(&buf, path, &err), ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, path));
    cr_expect_eq(buf.len, 0, "as before");
    cr_expect(assay_buf_ok(&buf));
    assay_buf_fini(&buf);
}

Test(file, a_failure_says_which_file_and_why)
{
    struct assay_buf buf = ASSAY_BUF_INIT(100);
    struct assay_err err = {0};

    cr_expect_eq(assay_file_read(&buf, path, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, path));
    cr_expect_not_null(strstr(err.text, "No such file"));
    memset(&err, 0, sizeof(err));
    cr_expect_eq(assay_file_read(&buf, folder, &err), ASSAY_E_IO, "a folder");
    memset(&err, 0, sizeof(err));
    cr_expect_eq(assay_file_write(folder, ASSAY_LIT("x"), &err), ASSAY_E_IO, "over a folder");
    cr_expect_not_null(strstr(err.text, folder));
    memset(&err, 0, sizeof(err));
    cr_expect_eq(assay_file_write("/nowhere/at/all", ASSAY_LIT("x"), &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "/nowhere/at/all"));
    assay_buf_fini(&buf);
}

Test(file, what_was_there_stays_when_the_new_content_cannot_be_put_in_place)
{
    struct assay_buf buf = ASSAY_BUF_INIT(100);
    char inside[sizeof(path) + 8];

    cr_assert_lt(snprintf(inside, sizeof(inside), "%s/inner", path), (int)sizeof(inside));
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(assay_file_write(inside, ASSAY_LIT("kept"), NULL), ASSAY_OK);
    cr_expect_eq(assay_file_write(path, ASSAY_LIT("new"), NULL), ASSAY_E_IO);
    cr_expect_eq(assay_file_read(&buf, inside, NULL), ASSAY_OK);
    cr_expect(assay_bytes_is(assay_buf_view(&buf), "kept"));
    cr_expect_eq(unlink(inside), 0);
    cr_expect_eq(rmdir(path), 0);
    assay_buf_fini(&buf);
}

/* What can be spent is for its owner's eyes, however lax the umask, and stays so when replaced. */
Test(file, a_private_one_is_its_owners_alone)
{
    mode_t before = umask(0);
    struct stat about;

    cr_assert_eq(assay_file_write(path, ASSAY_LIT("x"), NULL), ASSAY_OK);
    cr_assert_eq(stat(path, &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0666);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(assay_file_write_private(path, ASSAY_LIT("x"), NULL), ASSAY_OK);
        cr_assert_eq(stat(path, &about), 0);
        cr_expect_eq(about.st_mode & 0777, 0600);
    }
    (void)umask(before);
}

Test(file, a_folder_is_made_with_all_above_it_and_may_be_there_already)
{
    char deep[sizeof(path) + 16];
    struct assay_err err = {0};

    cr_assert_lt(snprintf(deep, sizeof(deep), "%s/deeper//still", path), (int)sizeof(deep));
    for (int i = 0; i < 2; i++)
        cr_expect_eq(assay_folder_make(deep, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(rmdir(deep), 0);
    cr_assert_lt(snprintf(deep, sizeof(deep), "%s/deeper", path), (int)sizeof(deep));
    cr_expect_eq(rmdir(deep), 0);
    cr_expect_eq(rmdir(path), 0);
    cr_assert_eq(assay_file_write(path, ASSAY_LIT("x"), &err), ASSAY_OK);
    cr_expect_eq(assay_folder_make(deep, &err), ASSAY_E_IO, "below a file");
    cr_expect_neq(strstr(err.text, "cannot be made"), NULL, "%s", err.text);
    cr_expect_eq(unlink(path), 0);
}

Test(file, a_folder_that_cannot_be_made_ends_the_making)
{
    static char beyond[2 * PATH_MAX];
    char deep[sizeof(path) + 32];
    struct assay_err err = {0};

    cr_assert_eq(assay_file_write(path, ASSAY_LIT("x"), &err), ASSAY_OK);
    cr_assert_lt(snprintf(deep, sizeof(deep), "%s/deeper/still", path), (int)sizeof(deep));
    cr_expect_eq(assay_folder_make(deep, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "/deeper: cannot be made"), "the first of them: %s",
                       err.text);
    memset(&err, 0, sizeof(err));
    memset(beyond, 'a', sizeof(beyond) - 1);
    cr_expect_eq(assay_folder_make(beyond, &err), ASSAY_E_TOO_LARGE, "longer than a path can be");
    cr_expect_eq(err.code, ASSAY_E_TOO_LARGE);
}

Test(file, a_buffer_that_is_bad_already_reads_nothing)
{
    struct assay_buf buf = ASSAY_BUF_INIT(4);
    struct assay_err err = {0};

    cr_assert_eq(assay_file_write(path, ASSAY_LIT("x"), NULL), ASSAY_OK);
    assay_buf_add_str(&buf, "longer");
    cr_assert_not(assay_buf_ok(&buf));
    cr_expect_eq(assay_file_read(&buf, path, &err), ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, path), "%s", err.text);
    cr_expect_not(assay_buf_ok(&buf), "and stays bad");
    assay_buf_fini(&buf);
}

/* What an earlier process of the same id left beside it is neither used nor removed. */
Test(file, a_temporary_name_that_is_taken_is_left_alone)
{
    char taken[100][sizeof(path) + 40];
    struct assay_buf buf = ASSAY_BUF_INIT(100);
    struct assay_err err = {0};

    for (unsigned i = 0; i < ARRAY_LEN(taken); i++) {
        int fd;

        (void)snprintf(taken[i], sizeof(taken[i]), "%s.%ld-%u.tmp", path, (long)getpid(), i);
        if (i == ARRAY_LEN(taken) - 1)
            cr_expect_eq(assay_file_write(path, ASSAY_LIT("new"), &err), ASSAY_OK, "%s", err.text);
        fd = open(taken[i], O_WRONLY | O_CREAT | O_EXCL, 0600);
        cr_assert_geq(fd, 0);
        cr_assert_eq(close(fd), 0);
    }
    cr_expect_eq(assay_file_write(path, ASSAY_LIT("newer"), &err), ASSAY_E_IO, "all are taken");
    cr_expect_not_null(strstr(err.text, "cannot be created"), "%s", err.text);
    cr_expect_eq(assay_file_read(&buf, path, NULL), ASSAY_OK);
    cr_expect(assay_bytes_is(assay_buf_view(&buf), "new"));
    for (unsigned i = 0; i < ARRAY_LEN(taken); i++)
        cr_expect_eq(unlink(taken[i]), 0);
    assay_buf_fini(&buf);
}

Test(file, what_was_there_stays_when_the_disk_takes_no_more)
{
    static uint8_t content[64];
    struct rlimit before, limit;
    struct assay_buf buf = ASSAY_BUF_INIT(100);
    struct assay_err err = {0};

    cr_assert_eq(assay_file_write(path, ASSAY_LIT("old"), NULL), ASSAY_OK);
    cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 16, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(assay_file_write(path, assay_bytes_of(content, sizeof(content)), &err),
                 ASSAY_E_IO);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_expect_not_null(strstr(err.text, "cannot be written"), "%s", err.text);
    cr_expect_eq(assay_file_read(&buf, path, NULL), ASSAY_OK);
    cr_expect(assay_bytes_is(assay_buf_view(&buf), "old"));
    assay_buf_fini(&buf);
}
