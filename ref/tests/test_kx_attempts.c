/* The folder of attempts: written whole, found again, one program at a time. */
#include "client/kx_attempts.h"

#include "ref/tests/folder.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-attempts-XXXXXX", inside[64];
static struct assay_arena arena = ASSAY_ARENA_INIT((size_t)16 << 20);

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_lt(snprintf(inside, sizeof(inside), "%s/state", folder), (int)sizeof(inside));
}

static void end(void)
{
    folder_remove(folder);
    assay_arena_fini(&arena);
}

TestSuite(kx_attempts, .init = begin, .fini = end, .timeout = 120);

static const char key_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char key_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static struct kx_client_attempt attempt_of(const char *identifier, const char *key,
                                           enum kx_client_state state)
{
    struct kx_client_attempt a = {
        .identifier = assay_str(identifier),
        .state = state,
        .method = ASSAY_LIT("GET"),
        .url = ASSAY_LIT("http://127.0.0.1/\"\n\xc3\xa9"),
        .challenge = ASSAY_LIT("{\"a\":\"\\u0000\"}"),
        .offer = 3,
        .expires_at = ASSAY_LIT("2098-12-31T23:59:30.000Z"),
        .amount = ASSAY_LIT("1"),
        .network = ASSAY_LIT("kaspa:testnet-10"),
        .pay_to = ASSAY_LIT("kaspatest:q"),
        .header = ASSAY_LIT("e30="),
        .txid = ASSAY_LIT(""),
        .since = ASSAY_LIT(""),
    };

    memcpy(a.request_key, key, sizeof(a.request_key));
    memcpy(a.intent_hash, key, sizeof(a.intent_hash));
    return a;
}

static struct kx_attempts *open_state(void)
{
    struct kx_attempts *attempts = NULL;
    struct assay_err err = {0};

    cr_assert_eq(kx_attempts_open(&attempts, inside, &err), ASSAY_OK, "%s", err.text);
    return attempts;
}

static void put(struct kx_attempts *attempts, const struct kx_client_attempt *a)
{
    struct assay_err err = {0};

    cr_assert_eq(kx_attempts_save(attempts, a, &err), ASSAY_OK, "%s", err.text);
}

static const char *found(struct kx_attempts *attempts, const char *key, const char *identifier)
{
    struct kx_client_attempt a;
    bool is_found = false;
    struct assay_err err = {0};

    cr_assert_eq(
        kx_attempts_find(attempts, &a, &is_found, &arena, key, assay_str(identifier), &err),
        ASSAY_OK, "%s", err.text);
    return is_found ? (const char *)assay_arena_copy(&arena, a.identifier).at : "none";
}

Test(kx_attempts, are_found_by_their_name_or_while_they_are_unresolved)
{
    static const struct {
        enum kx_client_state state;
        bool is_delivered, is_unresolved;
    } rows[] = {
        {KX_CLIENT_INTENDED, false, true},   {KX_CLIENT_SIGNED, false, true},
        {KX_CLIENT_SIGNED, true, true},      {KX_CLIENT_SETTLED, false, true},
        {KX_CLIENT_SETTLED, true, false},    {KX_CLIENT_ABSENT, false, false},
        {KX_CLIENT_ABANDONED, false, false},
    };
    struct kx_attempts *attempts = open_state();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, rows[i].state);

        a.is_delivered = rows[i].is_delivered;
        put(attempts, &a);
        cr_expect_str_eq(found(attempts, key_a, ""),
                         rows[i].is_unresolved ? "the-first-attempt" : "none", "row %zu", i);
        cr_expect_str_eq(found(attempts, key_b, ""), "none");
        cr_expect_str_eq(found(attempts, key_b, "the-first-attempt"), "the-first-attempt");
        cr_expect_str_eq(found(attempts, key_a, "another-identifier"),
                         rows[i].is_unresolved ? "the-first-attempt" : "none", "row %zu", i);
    }
    kx_attempts_close(attempts);
}

Test(kx_attempts, come_back_as_they_were)
{
    struct kx_client_attempt a = attempt_of("-_attempt-0123456", key_a, KX_CLIENT_SIGNED), b;
    struct kx_attempts *attempts = open_state();
    bool is_found = false;

    put(attempts, &a);
    cr_assert_eq(kx_attempts_find(attempts, &b, &is_found, &arena, key_a, ASSAY_LIT(""), NULL),
                 ASSAY_OK);
    cr_assert(is_found);
    cr_expect(assay_bytes_equal(a.url, b.url) && assay_bytes_equal(a.challenge, b.challenge) &&
              assay_bytes_equal(a.header, b.header) && a.offer == b.offer);
    cr_expect_eq(b.state, KX_CLIENT_SIGNED);
    kx_attempts_close(attempts);
}

Test(kx_attempts, are_one_programs_at_a_time)
{
    struct kx_attempts *first = open_state(), *second = NULL;
    struct assay_err err = {0};

    cr_expect_eq(kx_attempts_open(&second, inside, &err), ASSAY_E_BUSY);
    cr_expect_not_null(strstr(err.text, "another payment"), "%s", err.text);
    kx_attempts_close(first);
    second = open_state();
    kx_attempts_close(second);
}

Test(kx_attempts, are_kept_from_others)
{
    struct kx_attempts *attempts = open_state();
    struct stat about;

    cr_assert_eq(stat(inside, &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0700);
    kx_attempts_close(attempts);
}

Test(kx_attempts, are_written_for_their_owner_alone)
{
    struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED);
    struct kx_attempts *attempts = open_state();
    mode_t before = umask(0);
    struct stat about;
    char path[128];

    put(attempts, &a);
    (void)umask(before);
    (void)snprintf(path, sizeof(path), "%s/the-first-attempt.json", inside);
    cr_assert_eq(stat(path, &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0600);
    kx_attempts_close(attempts);
}

/* It may be anybody's, such as that of all temporary files: it is not closed for them unasked. */
Test(kx_attempts, are_not_kept_in_a_folder_that_others_may_enter)
{
    static const mode_t modes[] = {0755, 0710, 0701, 01777};

    cr_assert_eq(mkdir(inside, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct kx_attempts *attempts = NULL;
        struct assay_err err = {0};

        cr_assert_eq(chmod(inside, modes[i]), 0);
        cr_expect_eq(kx_attempts_open(&attempts, inside, &err), ASSAY_E_DENIED);
        cr_expect_not_null(strstr(err.text, "chmod 700"), "%s", err.text);
    }
    cr_assert_eq(chmod(inside, 0700), 0);
    kx_attempts_close(open_state());
}

static void write_file(const char *name, const char *text)
{
    char path[128];

    cr_assert_lt(snprintf(path, sizeof(path), "%s/%s", inside, name), (int)sizeof(path));
    cr_assert_eq(assay_file_write(path, assay_str(text), NULL), ASSAY_OK);
}

static bool count_one(void *cls, const struct kx_client_attempt *attempt)
{
    (void)attempt;
    ++*(int *)cls;
    return true;
}

Test(kx_attempts, fail_closed_where_one_cannot_be_read)
{
    static const struct {
        const char *name, *file, *text;
        bool is_read; /* it is none of ours */
    } rows[] = {
        {"a leftover of a killed program", "the-first-attempt.json.12-0.tmp", "{", true},
        {"another file", "README", "x", true},
        {"a name that is no identifier", "short.json", "{", true},
        {"half of one", "the-second-attempt.json", "{\"amount\":", false},
        {"an empty one", "the-second-attempt.json", "", false},
        {"another program's", "the-second-attempt.json", "{\"format\":\"other\"}", false},
    };
    struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED), b;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_attempts *attempts = open_state();
        struct assay_err err = {0};
        bool is_found = false;
        int count = 0;

        put(attempts, &a);
        write_file(rows[i].file, rows[i].text);
        cr_expect_eq(kx_attempts_find(attempts, &b, &is_found, &arena, key_a, ASSAY_LIT(""),
                                      &err) == ASSAY_OK,
                     rows[i].is_read, "row: %s: %s", rows[i].name, err.text);
        cr_expect_eq(is_found, rows[i].is_read, "row: %s", rows[i].name);
        cr_expect_eq(kx_attempts_each(inside, count_one, &count, NULL) == ASSAY_OK,
                     rows[i].is_read);
        cr_expect_eq(count, 1, "row: %s", rows[i].name);
        kx_attempts_close(attempts);
        folder_remove(inside);
    }
}

/* The text of one that went through a channel, with something in it changed. */
static struct assay_bytes changed_text(const char *from, const char *to)
{
    struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED);
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    const char *text, *at;
    char *changed;

    a.channel_id = ASSAY_LIT("5555");
    kx_client_attempt_write(&out, &a);
    text = assay_buf_cstr(&out);
    at = strstr(text, from);
    cr_assert_not_null(at, "%s", from);
    changed = assay_arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assay_buf_fini(&out);
    cr_assert_not_null(changed);
    return assay_str(changed);
}

Test(kx_attempts, are_refused_when_something_in_them_was_changed)
{
    static const struct {
        const char *name, *from, *to;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"nothing", "", "", ASSAY_OK, ""},
        {"a flag that is a text", "\"delivered\":false", "\"delivered\":\"false\"", ASSAY_E_TYPE,
         "attempt.delivered has the wrong type: it has to be true or false"},
        {"an unknown state", "\"signed\"", "\"sealed\"", ASSAY_E_UNKNOWN, "attempt.state is none"},
        {"a member more", "{", "{\"voucher\":\"\",", ASSAY_E_UNKNOWN, "attempt has another member"},
        {"a member less", "\"offer\":3,", "", ASSAY_E_MISSING, "attempt.offer"},
        {"no channel, and sums of one", "\"channelId\":\"5555\",", "", ASSAY_E_UNKNOWN,
         "attempt has another member"},
        {"a channel without its sums", "\"funding\":\"0\",", "", ASSAY_E_MISSING,
         "attempt.funding"},
        {"a channel without id", "\"5555\"", "\"\"", ASSAY_E_MALFORMED,
         "attempt.channelId is empty"},
        {"an identifier that is none", "the-first-attempt", "the first attempt", ASSAY_E_MALFORMED,
         "attempt.identifier is none"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_bytes text = changed_text(rows[i].from, rows[i].to);
        struct kx_client_attempt read;
        struct assay_err err = {0};

        cr_expect_eq(kx_client_attempt_read(&read, &arena, text, &err), rows[i].code, "row: %s: %s",
                     rows[i].name, err.text);
        cr_expect(rows[i].code == ASSAY_OK || strstr(err.text, rows[i].says) != NULL, "row: %s: %s",
                  rows[i].name, err.text);
    }
}

Test(kx_attempts, are_not_those_of_a_file_that_was_renamed)
{
    struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED), b;
    struct kx_attempts *attempts = open_state();
    char from[128], to[128];
    bool is_found = false;

    put(attempts, &a);
    (void)snprintf(from, sizeof(from), "%s/the-first-attempt.json", inside);
    (void)snprintf(to, sizeof(to), "%s/the-first-attempt2.json", inside);
    cr_assert_eq(rename(from, to), 0);
    cr_expect_eq(kx_attempts_find(attempts, &b, &is_found, &arena, key_a, ASSAY_LIT(""), NULL),
                 ASSAY_E_MISMATCH);
    (void)snprintf(from, sizeof(from), "%s/another-attempt-1.json", inside);
    cr_assert_eq(rename(to, from), 0);
    cr_expect_eq(kx_attempts_find(attempts, &b, &is_found, &arena, key_a, ASSAY_LIT(""), NULL),
                 ASSAY_E_MISMATCH);
    kx_attempts_close(attempts);
}

static bool stop_at_one(void *cls, const struct kx_client_attempt *attempt)
{
    (void)attempt;
    return ++*(int *)cls < 1;
}

Test(kx_attempts, are_listed_until_who_is_told_has_enough)
{
    const struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED),
                                   b = attempt_of("the-second-attempt", key_a, KX_CLIENT_SIGNED);
    struct kx_attempts *attempts = open_state();
    int count = 0;

    put(attempts, &a);
    put(attempts, &b);
    cr_expect_eq(kx_attempts_each(inside, stop_at_one, &count, NULL), ASSAY_OK);
    cr_expect_eq(count, 1);
    kx_attempts_close(attempts);
}

/* kx_attempts.h: TOO_LARGE, more than KX_ATTEMPTS_MAX; none of them is read then. */
Test(kx_attempts, are_at_most_so_many)
{
    struct kx_attempts *attempts = open_state();
    struct assay_err err = {0};
    int count = 0;

    for (int i = 0; i <= KX_ATTEMPTS_MAX; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "an-attempt-of-many-%d.json", i);
        write_file(name, "");
    }
    cr_expect_eq(kx_attempts_each(inside, count_one, &count, &err), ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, "move settled ones away"), "%s", err.text);
    cr_expect_eq(count, 0);
    kx_attempts_close(attempts);
}

Test(kx_attempts, need_a_folder)
{
    struct kx_attempts *attempts = NULL;
    struct assay_err err = {0};
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/missing/state", folder);
    cr_expect_eq(kx_attempts_open(&attempts, path, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "cannot be made"), "%s", err.text);
    cr_expect_eq(kx_attempts_each(path, count_one, NULL, NULL), ASSAY_E_IO);
}

Test(kx_attempts, have_a_folder_with_a_name_that_can_be_kept)
{
    struct kx_attempts *attempts = NULL;
    struct assay_err err = {0};
    char path[2 * PATH_MAX];

    memset(path, 'a', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    cr_expect_eq(kx_attempts_open(&attempts, path, &err), ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, "too long"), "%s", err.text);
    cr_expect_null(attempts);
}

/* Opened, saved, found and listed; the first code that is not OK. */
static enum assay_code live(const struct kx_client_attempt *a, int *listed)
{
    struct kx_attempts *attempts = NULL;
    struct kx_client_attempt b;
    bool is_found = false;
    enum assay_code rc = kx_attempts_open(&attempts, inside, NULL);

    *listed = 0;
    if (rc == ASSAY_OK)
        rc = kx_attempts_save(attempts, a, NULL);
    if (rc == ASSAY_OK)
        rc = kx_attempts_find(attempts, &b, &is_found, &arena, key_a, a->identifier, NULL);
    if (rc == ASSAY_OK)
        rc = kx_attempts_each(inside, count_one, listed, NULL);
    cr_expect(rc != ASSAY_OK || (is_found && assay_bytes_equal(a->header, b.header)));
    kx_attempts_close(attempts);
    return rc;
}

Test(kx_attempts, survive_every_allocation_that_fails)
{
    const struct kx_client_attempt a = attempt_of("the-first-attempt", key_a, KX_CLIENT_SIGNED);
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n = 0;
    int listed = 0;

    for (; rc != ASSAY_OK && n < 1000; n++) {
        (void)assay_alloc_fail_after(n);
        rc = live(&a, &listed);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", n, assay_code_name(rc));
    }
    cr_expect(rc == ASSAY_OK && n > 5, "%zu", n);
    cr_expect_eq(listed, 1);
}
