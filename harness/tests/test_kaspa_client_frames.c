/* The client of a node before odd frames, large messages, and servers that are no node. */
#include "answers_world.h"
#include "scripted.h"

#include <stdio.h>
#include <stdlib.h>

#define REPEATED_MAX_BYTES ((size_t)32 * ANSWER_MAX_BYTES)
enum { FIRST_TEXT = 0x01, LAST = 0x80, TEXT_RESERVED = 0x83, BINARY = 0x82, PING = 0x89 };

/* ---- ways to answer ---- */

#define SYNCED ANSWER("{'isSynced':true}")

/* What comes with the answer, or how it comes; it is right, unless it ends the connection. */
static const struct {
    const char *name;
    struct ws_scripted_row rows[4];
    size_t count;
    enum assay_code code;
} ways[] = {
    {"behind a notification",
     {{SYNC, "{'method':'x','params':{'isSynced':false}}", 0}, {SYNC, SYNCED, 0}},
     2,
     ASSAY_OK},
    {"behind an answer to nobody",
     {{SYNC, "{'id':18446744073709551615,'params':{}}", 0}, {SYNC, SYNCED, 0}},
     2,
     ASSAY_OK},
    {"behind an id as text", {{SYNC, "{'id':'$','params':{}}", 0}, {SYNC, SYNCED, 0}}, 2, ASSAY_OK},
    {"before another answer",
     {{SYNC, SYNCED, 0}, {SYNC, ANSWER("{'isSynced':false}"), 0}},
     2,
     ASSAY_OK},
    {"behind a greeting", {{NULL, "{'method':'x','params':{}}", 0}}, 1, ASSAY_OK},
    {"in fragments",
     {{SYNC, "{'id':$,'params':{'isS", FIRST_TEXT},
      {SYNC, "ynced':", CONTINUED},
      {SYNC, "tr", CONTINUED},
      {SYNC, "ue}}", LAST}},
     4,
     ASSAY_OK},
    {"in fragments with a ping between",
     {{SYNC, "{'id':$,'params':{'isS", FIRST_TEXT},
      {SYNC, "hello", PING},
      {SYNC, "ynced':true}}", LAST}},
     3,
     ASSAY_OK},
    {"in a binary frame", {{SYNC, SYNCED, BINARY}}, 1, ASSAY_E_MALFORMED},
    {"under a reserved opcode", {{SYNC, SYNCED, TEXT_RESERVED}}, 1, ASSAY_E_CLOSED},
    {"with the end alone", {{SYNC, NULL, 0}}, 1, ASSAY_E_CLOSED},
    {"with the end within it",
     {{SYNC, "{'id':$,'params':{'isS", FIRST_TEXT}, {SYNC, NULL, 0}},
     2,
     ASSAY_E_CLOSED},
};

Test(kaspa_client_frames, may_bring_an_answer_in_many_ways)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct asking a;

        asking_begin(&a, ways[i].rows, ways[i].count);
        cr_expect_eq(asking_look(&a), ways[i].code, "row %s: %s", ways[i].name, a.err.text);
        cr_expect_eq(a.sight.evidence.status == KX_CHAIN_ACCEPTED, ways[i].code == ASSAY_OK,
                     "row %s", ways[i].name);
        cr_expect_eq(ws_scripted_connections(a.server), ways[i].code == ASSAY_E_CLOSED ? 2 : 1,
                     "row %s", ways[i].name);
        asking_end(&a);
    }
}

/* ---- limits ---- */

#define OPEN_ANSWER "{'id':2,'params':{'isSynced':true}"
enum { OPEN_BYTES = sizeof(OPEN_ANSWER) - 1 };

/* A repeated text between two others. */
static char *repeat(const char *before, const char *text, size_t times, const char *after)
{
    struct assay_buf all = ASSAY_BUF_INIT(REPEATED_MAX_BYTES);
    char *copy;

    assay_buf_add_str(&all, before);
    for (size_t i = 0; i < times; i++)
        assay_buf_add_str(&all, text);
    assay_buf_add_str(&all, after);
    copy = strdup(assay_buf_cstr(&all));
    assay_buf_fini(&all);
    cr_assert_not_null(copy);
    return copy;
}

static const struct {
    const char *name, *before, *text, *after;
    size_t times;
    enum assay_code code;
} limits[] = {
    {"as many bytes as may be", OPEN_ANSWER, " ", "}", ANSWER_MAX_BYTES - OPEN_BYTES - 1, ASSAY_OK},
    {"one byte more", OPEN_ANSWER, " ", "}", ANSWER_MAX_BYTES - OPEN_BYTES, ASSAY_E_TOO_LARGE},
    {"twice as many bytes", OPEN_ANSWER, " ", "}", 2 * ANSWER_MAX_BYTES, ASSAY_E_TOO_LARGE},
    {"few values", OPEN_ANSWER ",'x':[0", ",0", "]}", 50, ASSAY_OK},
    {"many small values", OPEN_ANSWER ",'x':[0", ",0", "]}", 10000, ASSAY_E_TOO_LARGE},
    {"many values", OPEN_ANSWER ",'x':[0", ",12345678", "]}", 5000, ASSAY_OK},
    {"depth", OPEN_ANSWER ",'x':", "[", "", 1000, ASSAY_E_TOO_LARGE},
};

Test(kaspa_client_frames, are_limited_in_bytes_values_and_depth)
{
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        char *text = repeat(limits[i].before, limits[i].text, limits[i].times, limits[i].after);
        const struct ws_scripted_row row = {SYNC, text, 0};
        struct asking a;

        asking_begin(&a, &row, 1);
        cr_expect_eq(asking_look(&a), limits[i].code, "row %s: %s", limits[i].name, a.err.text);
        asking_end(&a);
        free(text);
    }
}

/* It is the trouble of who asked for it, and no reason to end what others share; if it does not say
 * whose it is, or is endless, the connection ends, and the question is asked a second time. */
static const struct {
    const char *name, *before, *text, *after;
    size_t times;
    enum assay_code code;
    unsigned connections;
} large[] = {
    {"bytes", OPEN_ANSWER, " ", "}", 2 * ANSWER_MAX_BYTES, ASSAY_E_TOO_LARGE, 1},
    {"values", OPEN_ANSWER ",'x':[0", ",0", "]}", 10000, ASSAY_E_TOO_LARGE, 1},
    {"depth", OPEN_ANSWER ",'x':", "[", "", 1000, ASSAY_E_TOO_LARGE, 1},
    {"bytes, and space before the id", "\n{ 'id' : $,'x':'", " ", "'}", 2 * ANSWER_MAX_BYTES,
     ASSAY_E_TOO_LARGE, 1},
    {"values, and no id", "[0", ",0", "]", 10000, ASSAY_E_CLOSED, 2},
    {"bytes, and the id behind them", "{'x':'", " ", "','id':$}", 2 * ANSWER_MAX_BYTES,
     ASSAY_E_CLOSED, 2},
    {"bytes, and no id", "{'x':'", " ", "'}", 2 * ANSWER_MAX_BYTES, ASSAY_E_CLOSED, 2},
    {"bytes, and an id as text", "{'id':'$','x':'", " ", "'}", 2 * ANSWER_MAX_BYTES, ASSAY_E_CLOSED,
     2},
    {"bytes, and no end of the id", "{'id':", "1", "}", 2 * ANSWER_MAX_BYTES, ASSAY_E_CLOSED, 2},
    {"all that is thrown away", "{'id':$,'x':'", "                ", "'}", ANSWER_MAX_BYTES - 2,
     ASSAY_E_TOO_LARGE, 1},
};

Test(kaspa_client_frames, that_are_too_large_fail_one_question_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(large); i++) {
        char *text = repeat(large[i].before, large[i].text, large[i].times, large[i].after);
        const struct ws_scripted_row row = {SYNC, text, 0};
        struct asking a;

        asking_begin(&a, &row, 1);
        cr_expect_eq(asking_look(&a), large[i].code, "row %s: %s", large[i].name, a.err.text);
        cr_expect_eq(ws_scripted_connections(a.server), large[i].connections, "row %s",
                     large[i].name);
        asking_end(&a);
        free(text);
    }
}

/* What is endless is not even thrown away; the next question is asked over another connection. */
Test(kaspa_client_frames, that_are_endless_end_the_connection_behind_them)
{
    char *text = repeat("{'id':$,'x':'", "                 ", ANSWER_MAX_BYTES, "'}");
    const struct ws_scripted_row row = {SYNC, text, 0};
    struct asking a;

    asking_begin(&a, &row, 1);
    for (unsigned i = 1; i <= 3; i++) {
        cr_expect_eq(asking_look(&a), ASSAY_E_TOO_LARGE, "%s", a.err.text);
        cr_expect_eq(ws_scripted_connections(a.server), i);
    }
    asking_end(&a);
    free(text);
}

/* ---- who is no node ---- */

static struct scripted *start_at(char url[40], const struct scripted_answer *answer)
{
    struct scripted *server = scripted_start(answer, answer != NULL ? 1 : 0);

    (void)!snprintf(url, 40, "ws://127.0.0.1:%u/", (unsigned)scripted_peer(server).url.port);
    return server;
}

static const struct {
    const char *name, *answer;
} handshakes[] = {
    {"no such thing", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {"a page", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
    {"no key", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\n\r\n"},
    {"a wrong key", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"},
    {"what is no HTTP", "SSH-2.0-x\r\n\r\n\r\n"},
    {"nothing", ""},
};

Test(kaspa_client_frames, need_a_handshake_first)
{
    for (size_t i = 0; i < ARRAY_LEN(handshakes); i++) {
        const struct scripted_answer answer = {assay_str(handshakes[i].answer), SCRIPTED_CLOSE};
        char url[40];
        struct scripted *server = start_at(url, &answer);
        struct asking a;
        enum assay_code rc;

        asking_begin_at(&a, url);
        rc = asking_look(&a);
        cr_expect_eq(rc, ASSAY_E_IO, "row %s: %s: %s", handshakes[i].name, assay_code_name(rc),
                     a.err.text);
        cr_expect_eq(scripted_requests(server), 1, "row %s", handshakes[i].name);
        asking_end(&a);
        scripted_stop(server);
    }
}

/* The place that a redirect names is not gone to, whoever listens there. */
Test(kaspa_client_frames, never_lead_to_another_place)
{
    char there_url[40], url[40], moved[160];
    struct scripted *there = start_at(there_url, NULL), *server;
    struct scripted_answer answer = {.end = SCRIPTED_CLOSE};
    struct asking a;

    (void)!snprintf(moved, sizeof(moved),
                    "HTTP/1.1 307 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", there_url);
    answer.bytes = assay_str(moved);
    server = start_at(url, &answer);
    asking_begin_at(&a, url);
    cr_expect_eq(asking_look(&a), ASSAY_E_IO, "%s", a.err.text);
    cr_expect_eq(scripted_requests(there), 0);
    asking_end(&a);
    scripted_stop(server);
    scripted_stop(there);
}
