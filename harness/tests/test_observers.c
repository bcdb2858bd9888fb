/* Observers: what is found where, and what is counted. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/url.h"
#include "observers/observers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct assay_arena arena = ASSAY_ARENA_INIT(64u << 20);

static void free_arena(void)
{
    assay_arena_fini(&arena);
}

TestSuite(observers, .fini = free_arena);

#define VALUE "cañary\xff 7?>~value"

static const struct canary canary = {.name = "c",
                                     .value = {(const uint8_t *)VALUE, sizeof(VALUE) - 1}};

/* ---- encodings ---- */

static void add_upper(struct assay_buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        assay_buf_add_byte(out, (uint8_t)(*text >= 'a' && *text <= 'f' ? *text - 32 : *text));
}

/* Appends `before` VALUE `after` in that encoding. */
static void add_encoded(struct assay_buf *out, const char *encoding, const char *before,
                        const char *after)
{
    struct assay_buf plain = ASSAY_BUF_INIT(4096);
    char hex[2 * 4096 + 1];

    assay_buf_printf(&plain, "%s%s%s", before, VALUE, after);
    assay_hex_encode(hex, assay_buf_view(&plain));
    if (strcmp(encoding, "raw") == 0)
        assay_buf_add(out, assay_buf_view(&plain));
    else if (strcmp(encoding, "hex") == 0)
        assay_buf_add_str(out, hex);
    else if (strcmp(encoding, "HEX") == 0)
        add_upper(out, hex);
    else if (strcmp(encoding, "base64") == 0)
        assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&plain));
    else if (strcmp(encoding, "base64url") == 0)
        assay_base64_encode(out, ASSAY_BASE64_URL, assay_buf_view(&plain));
    else
        assay_url_escape_component(out, assay_buf_view(&plain));
    assay_buf_fini(&plain);
}

Test(observers, find_a_canary_in_every_encoding_at_every_alignment)
{
    static const char *const encodings[] = {"raw", "hex", "HEX", "base64", "base64url", "percent"};
    static const char *const sides[] = {"", "x", "xy", "xyz", "four"};

    for (size_t e = 0; e < ARRAY_LEN(encodings); e++) {
        for (size_t s = 0; s < ARRAY_LEN(sides) * ARRAY_LEN(sides); s++) {
            struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
            const char *found, *name = e == 2 ? "hex" : encodings[e];
            size_t offset = SIZE_MAX, begin;

            assay_buf_add_str(&text, "some log: {");
            begin = text.len;
            add_encoded(&text, encodings[e], sides[s % ARRAY_LEN(sides)],
                        sides[s / ARRAY_LEN(sides)]);
            assay_buf_add_str(&text, "}\n");
            found = canary_find(&canary, assay_buf_view(&text), &offset);
            cr_expect_not_null(found, "%s %zu", encodings[e], s);
            cr_expect(found != NULL && strcmp(found, name) == 0, "%s %zu: %s", encodings[e], s,
                      found);
            cr_expect(offset >= begin && offset <= begin + 2 * strlen("four"), "%s %zu: %zu",
                      encodings[e], s, offset);
            assay_buf_fini(&text);
        }
    }
}

Test(observers, find_no_canary_that_lacks_a_byte)
{
    static const char *const encodings[] = {"raw", "hex", "HEX", "base64", "base64url", "percent"};

    for (size_t e = 0; e < ARRAY_LEN(encodings); e++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
        size_t offset;

        add_encoded(&text, encodings[e], "", "");
        text.len -=
            e == 3 ? 2 : 1; /* with its padding, base64 ends in a character that says nothing */
        cr_expect_null(
            canary_find(&canary, assay_bytes_part(assay_buf_view(&text), 0, text.len - 3), &offset),
            "%s", encodings[e]);
        cr_expect_null(
            canary_find(&canary, assay_bytes_part(assay_buf_view(&text), 4, text.len), &offset),
            "%s", encodings[e]);
        assay_buf_fini(&text);
    }
    cr_expect_null(canary_find(&canary, assay_bytes_of(NULL, 0), NULL));
}

Test(observers, find_the_first_of_several_and_never_a_short_one)
{
    static const struct canary plain = {.value = {(const uint8_t *)"CANARY-77", 9}};
    static const struct canary small = {.value = {(const uint8_t *)"CANARY-", 7}};
    size_t offset;

    cr_expect_str_eq(canary_find(&plain, ASSAY_LIT("..CANARY%2d77 CANARY-77"), &offset), "percent");
    cr_expect_eq(offset, 2);
    cr_expect_str_eq(canary_find(&plain, ASSAY_LIT("..CANARY+77 CANARY-77"), &offset), "raw");
    cr_expect_eq(offset, 12);
    cr_expect_null(canary_find(&small, ASSAY_LIT("CANARY-77"), &offset));
}

/* ---- of an instance ---- */

static struct instance *start(const char *script, const char *more)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct target *target = assay_arena_alloc(&arena, sizeof(*target));
    struct instance *instance = NULL;
    struct assay_err err = {0};

    assay_buf_printf(&text,
                     "{\"name\": \"t\", \"profile\": \"paid-tools\", \"launch\": {\"command\": "
                     "[\"sh\", \"-c\", \"%s; echo ready "
                     "http://127.0.0.1:7/; exec tail -f /dev/null\"], \"env\": {\"STORE\": "
                     "\"${STORE}\", \"WORK\": \"${WORKDIR}\"}, "
                     "\"ready\": \"ready \"}, \"endpoints\": {\"free\": {\"method\": \"GET\", "
                     "\"target\": \"/\"}}%s}",
                     script, more);
    cr_assert_eq(target_parse(target, &arena, assay_buf_view(&text), "a", &err), ASSAY_OK, "%s",
                 err.text);
    assay_buf_fini(&text);
    cr_assert_eq(instance_start(&instance, &arena, target, NULL, &err), ASSAY_OK, "%s", err.text);
    return instance;
}

static const struct {
    const char *name, *script, *where;
} leaks[] = {
    {"nowhere", "echo nothing; mkdir $WORK/d; echo CANARY-7 > $WORK/d/f", NULL},
    {"stdout", "echo CANARY-77", "stdout at byte 0 (raw)"},
    {"stderr", "echo 'key=Q0FOQVJZLTc3' >&2", "stderr at byte 4 (base64)"},
    {"a file in a folder", "mkdir $WORK/d; echo x43414e4152592d3737 > $WORK/d/f",
     "d/f at byte 1 (hex)"},
    {"the store", "echo CANARY%2D77 > $STORE", "store/store.db at byte 0 (percent)"},
    {"a link to elsewhere", "ln -s /proc/self/cmdline $WORK/CANARY-77", NULL},
    {"a pipe nobody feeds", "mkfifo $WORK/pipe", NULL},
};

Test(observers, scan_logs_and_files_but_follow_no_links)
{
    static const struct canary planted = {.name = "k", .value = {(const uint8_t *)"CANARY-77", 9}};

    for (size_t i = 0; i < ARRAY_LEN(leaks); i++) {
        struct instance *instance = start(leaks[i].script, "");
        struct assay_err err = {0};
        const char *where = "?";
        uint64_t bytes = 0;
        size_t sources = 0;

        cr_expect_eq(canary_scan(&where, &bytes, &sources, &arena, instance, &planted, &err),
                     ASSAY_OK, "%s", err.text);
        if (leaks[i].where == NULL)
            cr_expect_null(where, "%s: %s", leaks[i].name, where);
        else
            cr_expect(where != NULL && strcmp(where, leaks[i].where) == 0, "%s: %s", leaks[i].name,
                      where);
        cr_expect(sources >= 1 && bytes > 0, "%s: %ju bytes of %zu sources", leaks[i].name,
                  (uintmax_t)bytes, sources);
        instance_free(instance);
    }
}

Test(observers, measure_the_store_with_what_sqlite_keeps_beside_it)
{
    struct instance *instance =
        start("printf 12345 > $STORE; printf 123 > $STORE-wal; printf 1 > $STORE-other; "
              "mkdir -p $WORK/d/e; printf 12 > $WORK/d/e/f; printf 1 > $WORK/d/g",
              ", \"store\": {\"paths\": [\"${STORE}\", \"${WORKDIR}/d\", \"/nowhere/at/all\"]}");
    struct assay_err err = {0};
    uint64_t bytes = 0;

    cr_expect_eq(observe_store(&bytes, instance, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(bytes, 5 + 3 + 2 + 1, "%ju", (uintmax_t)bytes);
    instance_free(instance);
    instance = start("true", "");
    cr_expect_eq(observe_store(&bytes, instance, &err), ASSAY_E_UNSUPPORTED);
    instance_free(instance);
}

Test(observers, measure_the_memory_of_every_process)
{
    struct instance *one = start("true", ""),
                    *three = start("tail -f /dev/null & tail -f /dev/null & true", "");
    struct assay_err err = {0};
    uint64_t few = 0, more = 0;

    cr_expect_eq(observe_resident(&few, one, &err), ASSAY_OK, "%s", err.text);
    /* Its children may not have become the programs they are to be. */
    for (int i = 0; i < 10000 && more <= few; i++)
        cr_assert_eq(observe_resident(&more, three, &err), ASSAY_OK, "%s", err.text);
    cr_expect(few > 4096 && more > few, "%ju of one, %ju of three", (uintmax_t)few,
              (uintmax_t)more);
    instance_kill(one);
    cr_expect_eq(observe_resident(&few, one, &err), ASSAY_E_UNSUPPORTED);
    instance_free(one);
    instance_free(three);
}

Test(observers, have_nothing_to_look_at_without_launch)
{
    static const char text[] =
        "{\"name\": \"t\", \"profile\": \"paid-tools\", \"base_url\": \"http://127.0.0.1:1\", "
        "\"endpoints\": {\"free\": {\"method\": \"GET\", \"target\": \"/\"}}}";
    struct instance *instance;
    struct target target;
    const char *where;
    uint64_t bytes;
    size_t sources;

    cr_assert_eq(target_parse(&target, &arena, assay_str(text), "a", NULL), ASSAY_OK);
    cr_assert_eq(instance_start(&instance, &arena, &target, NULL, NULL), ASSAY_OK);
    cr_expect_eq(observe_resident(&bytes, instance, NULL), ASSAY_E_UNSUPPORTED);
    cr_expect_eq(observe_store(&bytes, instance, NULL), ASSAY_E_UNSUPPORTED);
    cr_expect_eq(canary_scan(&where, &bytes, &sources, &arena, instance, &canary, NULL),
                 ASSAY_E_UNSUPPORTED);
    instance_free(instance);
}
