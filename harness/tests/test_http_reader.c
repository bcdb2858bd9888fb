/* The response reader: what it takes, what it calls garbled, and that no piece of input can hurt
 * it. */
#include "http/reader.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static enum http_read read_all(struct http_response *response, struct assay_arena *arena,
                               struct assay_bytes bytes, size_t step, bool head, bool closes)
{
    struct http_reader reader;
    enum http_read result = HTTP_READ_MORE;
    size_t used;

    http_reader_init(&reader, arena, head, 1 << 20);
    for (size_t at = 0; at < bytes.len && result == HTTP_READ_MORE; at += used) {
        result = http_reader_feed(&reader, &used, assay_bytes_part(bytes, at, at + step));
        cr_expect(result != HTTP_READ_MORE ||
                  used == (step < bytes.len - at ? step : bytes.len - at));
    }
    if (result == HTTP_READ_MORE && closes && http_reader_ends_here(&reader))
        result = HTTP_READ_DONE;
    if (result == HTTP_READ_DONE)
        result = http_reader_take(&reader, response);
    cr_expect(result != HTTP_READ_GARBLED || reader.trouble != NULL);
    http_reader_fini(&reader);
    return result;
}

static const struct {
    const char *name;
    const char *text;
    int status;
    const char *body;
    bool head, closes;
} good[] = {
    {"a length", OK "Content-Length: 5\r\n\r\nhello", 200, "hello", false, false},
    {"no body", OK "Content-Length: 0\r\n\r\n", 200, "", false, false},
    {"bare line feeds", "HTTP/1.0 402 x\nContent-Length: 2\n\nab", 402, "ab", false, false},
    {"no reason", "HTTP/1.1 204\r\n\r\n", 204, "", false, false},
    {"not modified", "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", 304, "", false, false},
    {"an answer to HEAD", OK "Content-Length: 9\r\n\r\n", 200, "", true, false},
    {"until the close", OK "\r\nall of it", 200, "all of it", false, true},
    {"chunks", CHUNKED "5\r\nhello\r\n1 ;x=y\r\n!\r\n0\r\n\r\n", 200, "hello!", false, false},
    {"chunks with a trailer", CHUNKED "00a\r\n0123456789\r\n0\r\nA: b\r\nC: d\r\n\r\n", 200,
     "0123456789", false, false},
    {"chunks despite a length",
     OK "Content-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, "x",
     false, false},
    {"one length twice", OK "Content-Length: 1\r\ncontent-length: 1\r\n\r\nx", 200, "x", false,
     false},
    {"interim responses",
     "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" OK
     "Content-Length: 1\r\n\r\nx",
     200, "x", false, false},
    {"other protocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 101, "", false, false},
};

Test(http_reader, reads_every_framing_in_pieces_of_any_size)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        for (size_t step = 1; step < 64; step++) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
            struct http_response response = {0};
            enum http_read result = read_all(&response, &arena, assay_str(good[i].text), step,
                                             good[i].head, good[i].closes);

            cr_expect_eq(result, HTTP_READ_DONE, "row: %s", good[i].name);
            cr_expect_eq(response.status, good[i].status, "row: %s", good[i].name);
            cr_expect(assay_bytes_is(response.body, good[i].body), "row: %s", good[i].name);
            cr_expect_eq(response.body_bytes, strlen(good[i].body), "row: %s", good[i].name);
            assay_arena_fini(&arena);
        }
    }
}

/* Every strict prefix asks for more; the bytes behind the response are left. The input ends at a
 * page that cannot be read. */
Test(http_reader, takes_no_prefix_for_a_whole_and_reads_nothing_beyond)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(pages, MAP_FAILED);
    cr_assert_eq(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        size_t len = strlen(good[i].text);

        for (size_t cut = 0; cut < len; cut++) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
            struct http_response response = {0};

            memcpy(pages + page - cut, good[i].text, cut);
            cr_expect_eq(read_all(&response, &arena, assay_bytes_of(pages + page - cut, cut), 4096,
                                  good[i].head, false),
                         HTTP_READ_MORE, "row: %s, %zu bytes", good[i].name, cut);
            assay_arena_fini(&arena);
        }
    }
    munmap(pages, 2 * page);
}

Test(http_reader, leaves_what_follows_the_response)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_bytes two = ASSAY_LIT(OK "Content-Length: 1\r\n\r\nxHTTP/1.1 500 Next");
    struct http_reader reader;
    size_t used = 0;

    http_reader_init(&reader, &arena, false, 100);
    cr_expect_eq(http_reader_feed(&reader, &used, two), HTTP_READ_DONE);
    cr_expect(assay_bytes_is(assay_bytes_part(two, used, two.len), "HTTP/1.1 500 Next"));
    http_reader_fini(&reader);
    assay_arena_fini(&arena);
}

static const struct {
    const char *name, *text;
} bad[] = {
    {"another protocol", "SSH-2.0-x"},
    {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"},
    {"another version", "HTTP/2.0 200 OK\r\n\r\n"},
    {"version 1.2", "HTTP/1.2 200 OK\r\n\r\n"},
    {"a status of two digits", "HTTP/1.1 20\r\n\r\n"},
    {"a status of four", "HTTP/1.1 2000\r\n\r\n"},
    {"a status below 100", "HTTP/1.1 099 x\r\n\r\n"},
    {"a header without colon", OK "abc\r\n\r\n"},
    {"space before the colon", OK "A : b\r\n\r\n"},
    {"a folded header", OK "A: b\r\n c\r\n\r\n"},
    {"an empty name", OK ": b\r\n\r\n"},
    {"two lengths", OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
    {"a length in hex", OK "Content-Length: 0x1\r\n\r\n"},
    {"a negative length", OK "Content-Length: -1\r\n\r\n"},
    {"an empty length", OK "Content-Length:\r\n\r\n"},
    {"a length above 2^64", OK "Content-Length: 18446744073709551617\r\n\r\n"},
    {"another coding", OK "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {"chunked twice", OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"a chunk without size", CHUNKED "\r\nx\r\n0\r\n\r\n"},
    {"a chunk size in words", CHUNKED "five\r\nhello\r\n"},
    {"a signed chunk size", CHUNKED "-5\r\nhello\r\n"},
    {"a chunk above 2^64", CHUNKED "10000000000000005\r\nhello\r\n"},
    {"a chunk that runs on", CHUNKED "2\r\nabc\r\n0\r\n\r\n"},
};

Test(http_reader, calls_what_is_no_response_garbled)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (size_t step = 1; step < 64; step += 31) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
            struct http_response response = {0};

            cr_expect_eq(read_all(&response, &arena, assay_str(bad[i].text), step, false, true),
                         HTTP_READ_GARBLED, "row: %s", bad[i].name);
            assay_arena_fini(&arena);
        }
    }
}

/* `repeat` a piece behind a start, for ever. */
static enum http_read endless(const char *start, const char *repeat)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(4 << 20);
    struct http_reader reader;
    enum http_read result;
    size_t used;

    http_reader_init(&reader, &arena, false, 100);
    result = http_reader_feed(&reader, &used, assay_str(start));
    for (size_t i = 0; i < (1u << 18) && result == HTTP_READ_MORE; i++)
        result = http_reader_feed(&reader, &used, assay_str(repeat));
    cr_expect_leq(reader.line.room, HTTP_HEAD_MAX_BYTES);
    cr_expect_leq(reader.body.room, 100u);
    http_reader_fini(&reader);
    assay_arena_fini(&arena);
    return result;
}

Test(http_reader, calls_a_nul_in_the_head_garbled)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct http_response response = {0};

    cr_expect_eq(read_all(&response, &arena, ASSAY_LIT(OK "A: b\0c\r\n\r\n"), 5, false, true),
                 HTTP_READ_GARBLED);
    assay_arena_fini(&arena);
}

Test(http_reader, stops_at_its_limits)
{
    cr_expect_eq(endless(OK, "A: b\r\n"), HTTP_READ_GARBLED);
    cr_expect_eq(endless(OK "A: ", "bbbbbbbbbb"), HTTP_READ_GARBLED);
    cr_expect_eq(endless("", "HTTP/1.1 100 Continue\r\n\r\n"), HTTP_READ_GARBLED);
    cr_expect_eq(endless(CHUNKED "1;", "bbbbbbbbbb"), HTTP_READ_GARBLED);
    cr_expect_eq(endless(CHUNKED "0\r\n", "A: b\r\n"), HTTP_READ_GARBLED);
    cr_expect_eq(endless(CHUNKED, "1\r\nx\r\n"), HTTP_READ_MORE);
    cr_expect_eq(endless(OK "\r\n", "body for ever"), HTTP_READ_MORE);
}

Test(http_reader, counts_the_body_it_does_not_keep)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct http_response response;
    struct http_reader reader;
    size_t used;

    http_reader_init(&reader, &arena, false, 3);
    cr_assert_eq(
        http_reader_feed(&reader, &used, ASSAY_LIT(OK "Content-Length: 8\r\n\r\nabcdefgh")),
        HTTP_READ_DONE);
    cr_assert_eq(http_reader_take(&reader, &response), HTTP_READ_DONE);
    cr_expect(assay_bytes_is(response.body, "abc"));
    cr_expect_eq(response.body_bytes, 8u);
    http_reader_fini(&reader);
    assay_arena_fini(&arena);
}

Test(http_reader, keeps_values_as_they_came)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct http_response response = {0};
    struct assay_bytes bytes =
        ASSAY_LIT(OK "X-A:  \x01\xff\rb \t\r\nx-a: second\r\nContent-Length: 0\r\n\r\n");
    bool found = false;

    cr_assert_eq(read_all(&response, &arena, bytes, 7, false, false), HTTP_READ_DONE);
    cr_expect(assay_bytes_is(http_response_header(&response, "x-A", &found), "\x01\xff\rb"));
    cr_expect(found);
    cr_expect_eq(http_response_header(&response, "X-B", &found).len, 0u);
    cr_expect_not(found);
    cr_expect_eq(response.header_count, 3u);
    assay_arena_fini(&arena);
}

/* One byte of a good response changed to every value: any result but a crash, and memory in bounds.
 */
Test(http_reader, survives_any_changed_byte)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        size_t len = strlen(good[i].text);
        size_t results[4] = {0};

        for (size_t at = 0; at < len; at++) {
            for (unsigned value = 0; value < 256; value += 3) {
                struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
                struct http_response response = {0};
                uint8_t copy[256];

                cr_assert_lt(len, sizeof(copy));
                memcpy(copy, good[i].text, len);
                copy[at] = (uint8_t)value;
                results[read_all(&response, &arena, assay_bytes_of(copy, len), 11, good[i].head,
                                 true)]++;
                assay_arena_fini(&arena);
            }
        }
        cr_expect_eq(results[HTTP_READ_NOMEM], 0u, "row: %s", good[i].name);
        cr_expect_gt(results[HTTP_READ_GARBLED], 0u, "row: %s", good[i].name);
    }
}

Test(http_reader, says_so_when_any_allocation_fails)
{
    struct assay_bytes bytes = ASSAY_LIT(CHUNKED "5\r\nhello\r\n0\r\n\r\n");
    enum http_read result = HTTP_READ_NOMEM;

    for (size_t n = 0; n < 100 && result == HTTP_READ_NOMEM; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct http_response response = {0};

        (void)assay_alloc_fail_after(n);
        result = read_all(&response, &arena, bytes, 3, false, false);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(n > 0 || result == HTTP_READ_NOMEM);
        assay_arena_fini(&arena);
    }
    cr_expect_eq(result, HTTP_READ_DONE);
}
