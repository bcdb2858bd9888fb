/* WebSocket as the role node speaks it (RFC 6455): handshakes, frames of every kind, and why a
 * connection is closed. */
#include "node_world.h"

#include "http/sock.h"

#include <poll.h>
#include <unistd.h>

#define CALL "{\"id\":7,\"method\":\"getSyncStatus\",\"params\":{}}"
#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* section 1.3, as is its answer */
#define ACCEPT "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY_LINE "Sec-WebSocket-Key: " KEY "\r\n"

/* Reads so many bytes; false: they do not come. */
static bool receives(int fd, char *out, size_t len)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)DEADLINE_MS * 1000000;

    while (len > 0) {
        struct pollfd at = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&at, 1, sock_ms_left(deadline_ns)) > 0 ? recv(fd, out, len, 0) : 0;

        if (got <= 0)
            return false;
        out += got;
        len -= (size_t)got;
    }
    return true;
}

static bool receives_this(int fd, struct assay_bytes expected)
{
    char got[256];

    cr_assert_leq(expected.len, sizeof(got));
    return receives(fd, got, expected.len) && memcmp(got, expected.at, expected.len) == 0;
}

/* ---- handshakes ---- */

static const struct {
    const char *name, *head;
    bool is_taken;
} heads[] = {
    {"as it should be", LINE HOST UPGRADE VERSION KEY_LINE, true},
    {"in another order", LINE KEY_LINE VERSION UPGRADE HOST, true},
    {"in other letters",
     "GET /?a HTTP/1.1\r\nHOST:x\r\nUPGRADE:  WebSocket \r\nconnection:upgrade\r\n" VERSION
     "sec-websocket-key:\t" KEY "\r\n",
     true},
    {"among others",
     LINE HOST "Upgrade: h2c, websocket\r\nConnection: keep-alive, Upgrade\r\n" VERSION KEY_LINE
               "Sec-WebSocket-Extensions: permessage-deflate\r\n",
     true},
    {"another method", "POST / HTTP/1.1\r\n" HOST UPGRADE VERSION KEY_LINE, false},
    {"another version of HTTP", "GET / HTTP/1.0\r\n" HOST UPGRADE VERSION KEY_LINE, false},
    {"a line too short", "GET \r\n" HOST UPGRADE VERSION KEY_LINE, false},
    {"no host", LINE UPGRADE VERSION KEY_LINE, false},
    {"no upgrade", LINE HOST "Connection: Upgrade\r\n" VERSION KEY_LINE, false},
    {"another upgrade", LINE HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n" VERSION KEY_LINE,
     false},
    {"no connection header", LINE HOST "Upgrade: websocket\r\n" VERSION KEY_LINE, false},
    {"a connection that is closed",
     LINE HOST "Upgrade: websocket\r\nConnection: close\r\n" VERSION KEY_LINE, false},
    {"no version", LINE HOST UPGRADE KEY_LINE, false},
    {"another version", LINE HOST UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY_LINE, false},
    {"no key", LINE HOST UPGRADE VERSION, false},
    {"two keys", LINE HOST UPGRADE VERSION KEY_LINE KEY_LINE, false},
    {"a short key", LINE HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhl\r\n", false},
    {"a long key", LINE HOST UPGRADE VERSION "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n",
     false},
    {"a key that is no base64", LINE HOST UPGRADE VERSION "Sec-WebSocket-Key: ?\r\n", false},
    {"nothing", "", false},
};

Test(kaspa_node_frames, begin_with_a_handshake)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        int fd = tcp_connect(kaspa_node_rpc_url(w.node));

        cr_assert(tcp_send(fd, assay_str(heads[i].head)));
        cr_assert(tcp_send(fd, ASSAY_LIT("\r\n")));
        if (heads[i].head[0] == '\0') /* an empty line ends nothing yet */
            shutdown(fd, SHUT_WR);
        else if (heads[i].is_taken)
            cr_expect(receives_this(fd, ASSAY_LIT("HTTP/1.1 101 Switching Protocols\r\n"
                                                  "Upgrade: websocket\r\n"
                                                  "Connection: Upgrade" ACCEPT "\r\n")),
                      "row: %s", heads[i].name);
        else
            cr_expect(receives_this(fd, ASSAY_LIT("HTTP/1.1 426 Upgrade Required\r\n")), "row: %s",
                      heads[i].name);
        cr_expect(heads[i].is_taken || tcp_await_end(fd, DEADLINE_MS), "row: %s", heads[i].name);
        close(fd);
    }
    world_end(&w);
}

Test(kaspa_node_frames, may_come_right_behind_a_handshake_that_comes_in_pieces)
{
    static const char head[] = LINE HOST UPGRADE VERSION KEY_LINE "\r";
    struct node_world w;
    char answer[256];
    int fd;

    world_begin(&w);
    fd = tcp_connect(kaspa_node_rpc_url(w.node));
    for (size_t i = 0; i + 1 < sizeof(head); i++)
        cr_assert(tcp_send(fd, assay_bytes_of(head + i, 1)));
    cr_assert(tcp_send(fd, ASSAY_LIT("\n\x89\x81\0\0\0\0!")));
    cr_assert(receives(fd, answer, strlen("HTTP/1.1 101 Switching Protocols\r\n")));
    cr_assert(
        receives(fd, answer, strlen("Upgrade: websocket\r\nConnection: Upgrade" ACCEPT "\r\n")));
    cr_expect(receives_this(fd, ASSAY_LIT("\x8A\x01!")));
    close(fd);
    world_end(&w);
}

Test(kaspa_node_frames, are_not_waited_for_behind_a_head_without_end)
{
    struct node_world w;
    char filler[10000];
    int fd;

    world_begin(&w);
    memset(filler, 'x', sizeof(filler));
    fd = tcp_connect(kaspa_node_rpc_url(w.node));
    cr_assert(tcp_send(fd, ASSAY_LIT(LINE)));
    (void)tcp_send(fd, assay_bytes_of(filler, sizeof(filler)));
    cr_expect(tcp_await_end(fd, DEADLINE_MS));
    close(fd);
    world_end(&w);
}

/* ---- frames ---- */

static const struct {
    const char *name, *frame;
    size_t len;
    unsigned close_code;
} wrong[] = {
    {"a reserved opcode", "\x83\x80\0\0\0\0", 6, 1002},
    {"a reserved opcode of control", "\x8B\x80\0\0\0\0", 6, 1002},
    {"a reserved bit", "\xC1\x80\0\0\0\0", 6, 1002},
    {"no mask", "\x81\x02hi", 4, 1002},
    {"a continuation of nothing", "\x80\x80\0\0\0\0", 6, 1002},
    {"a text within a text", "\x01\x81\0\0\0\0{\x81\x81\0\0\0\0}", 14, 1002},
    {"a ping in fragments", "\x09\x80\0\0\0\0", 6, 1002},
    {"a ping of 126 bytes", "\x89\xFE\0\x7E\0\0\0\0", 8, 1002},
    {"a length of 2^63", "\x81\xFF\x80\0\0\0\0\0\0\0\0\0\0\0", 14, 1002},
    {"a length of 2^62", "\x81\xFF\x40\0\0\0\0\0\0\0\0\0\0\0", 14, 1009},
    {"a binary frame", "\x82\x80\0\0\0\0", 6, 1003},
    {"a binary frame with a call in it", "\x82\x82\0\0\0\0{}", 8, 1003},
    {"a close frame of one byte", "\x88\x81\0\0\0\0x", 7, 1002},
};

Test(kaspa_node_frames, that_are_wrong_end_the_connection_and_say_why)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct ws_client c;

        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        (void)tcp_send(c.fd, assay_bytes_of(wrong[i].frame, wrong[i].len));
        cr_expect(ws_await_end(&c, DEADLINE_MS), "row: %s", wrong[i].name);
        cr_expect_eq(c.close_code, wrong[i].close_code, "row: %s: %u", wrong[i].name, c.close_code);
        ws_close(&c);
        cr_expect_not_null(rpc(&w, "getInfo", "{}"), "row: %s", wrong[i].name);
    }
    cr_expect_eq(kaspa_node_calls(w.node), ARRAY_LEN(wrong));
    world_end(&w);
}

/* What still comes behind the wrong frame is read, so that no reset hides the reason. */
Test(kaspa_node_frames, that_follow_a_wrong_one_are_thrown_away)
{
    struct node_world w;
    struct ws_client c;

    world_begin(&w);
    cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_assert(tcp_send(c.fd, ASSAY_LIT("\x82\x80\0\0\0\0")));
    cr_assert(ws_send(&c, CALL));
    cr_expect(receives_this(c.fd, ASSAY_LIT("\x88\x02\x03\xEB")));
    cr_assert(ws_send(&c, CALL));
    cr_expect(tcp_await_end(c.fd, DEADLINE_MS));
    cr_expect_eq(kaspa_node_calls(w.node), 0);
    ws_close(&c);
    world_end(&w);
}

/* A client that is told why, and does not go, is not read for good: then what it sends is answered
 * with a reset. */
Test(kaspa_node_frames, that_follow_a_wrong_one_are_not_read_for_good)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)DEADLINE_MS * 1000000;
    struct node_world w;
    struct ws_client c;

    world_begin(&w);
    cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_assert(tcp_send(c.fd, ASSAY_LIT("\x82\x80\0\0\0\0")));
    cr_expect(tcp_await_end(c.fd, DEADLINE_MS));
    while (sock_ms_left(deadline_ns) > 0 && tcp_send(c.fd, ASSAY_LIT("\x81"))) {
        struct pollfd at = {.fd = c.fd};

        (void)poll(&at, 1, SHORT_MS); /* ends with an error or a reset */
    }
    cr_expect_gt(sock_ms_left(deadline_ns), 0);
    ws_close(&c);
    world_end(&w);
}

static const struct {
    const char *name, *frame, *answer;
    size_t len, answer_len;
} closes[] = {
    {"without a reason", "\x88\x80\0\0\0\0", "\x88\0", 6, 2},
    {"with a code", "\x88\x82\0\0\0\0\x03\xE8", "\x88\x02\x03\xE8", 8, 4},
    {"with code and text, masked", "\x88\x84\1\2\3\4\x02\xEA\x6C\x6B", "\x88\x02\x03\xE8", 10, 4},
};

Test(kaspa_node_frames, of_closing_are_answered_in_kind)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(closes); i++) {
        struct ws_client c;

        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(tcp_send(c.fd, assay_bytes_of(closes[i].frame, closes[i].len)));
        cr_expect(receives_this(c.fd, assay_bytes_of(closes[i].answer, closes[i].answer_len)),
                  "row: %s", closes[i].name);
        cr_expect(tcp_await_end(c.fd, DEADLINE_MS), "row: %s", closes[i].name);
        ws_close(&c);
    }
    world_end(&w);
}

/* Also of those whose length stands in two bytes, which ws_send never makes. */
Test(kaspa_node_frames, of_every_length_are_read)
{
    static const size_t lengths[] = {125, 126, 127, 65535};
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct assay_buf frame = ASSAY_BUF_INIT(1 << 20);
        size_t len = lengths[i];
        uint8_t *rest;

        assay_buf_add_byte(&frame, WS_FIN | WS_TEXT);
        assay_buf_add_byte(&frame, (uint8_t)(0x80 | (len < 126 ? len : 126)));
        if (len >= 126) {
            assay_buf_add_byte(&frame, (uint8_t)(len >> 8));
            assay_buf_add_byte(&frame, (uint8_t)len);
        }
        assay_buf_add(&frame, ASSAY_LIT("\0\0\0\0" CALL));
        rest = assay_buf_extend(&frame, len - strlen(CALL));
        cr_assert_not_null(rest);
        memset(rest, ' ', len - strlen(CALL));
        cr_assert(tcp_send(w.ws.fd, assay_buf_view(&frame)));
        cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "7", "%zu bytes", len);
        assay_buf_fini(&frame);
    }
    world_end(&w);
}

Test(kaspa_node_frames, of_every_length_are_written)
{
    static const size_t lengths[] = {125, 126, 127, 65535, 65536, 65537, 131072};
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_OVERSIZED,
                                                       .large_bytes = lengths[i]});
        cr_expect_eq(strlen(rpc(&w, "getSyncStatus", "{}")), lengths[i]);
    }
    world_end(&w);
}

/* ---- pings ---- */

Test(kaspa_node_frames, of_pinging_are_answered_with_what_they_hold)
{
    static const size_t lengths[] = {0, 1, 125};
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char pong[127];

        memset(pong, '?', sizeof(pong));
        cr_assert(ws_send_frame(&w.ws, WS_FIN | WS_PONG, ASSAY_LIT("nobody asked")));
        cr_assert(ws_send_frame(&w.ws, WS_FIN | WS_PING, assay_bytes_of(pong, lengths[i])));
        pong[0] = (char)(WS_FIN | WS_PONG);
        pong[1] = (char)lengths[i];
        cr_expect(receives_this(w.ws.fd, assay_bytes_of(pong, 2 + lengths[i])));
    }
    world_end(&w);
}

Test(kaspa_node_frames, of_pinging_are_answered_between_those_of_an_answer)
{
    enum { LARGE_BYTES = 32 << 20 };
    struct node_world w;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_OVERSIZED,
                                                   .large_bytes = LARGE_BYTES});
    cr_assert(ws_send(&w.ws, CALL));
    cr_assert(kaspa_node_await(w.node, NULL, 1, DEADLINE_MS));
    for (int i = 0; i < 10; i++)
        cr_assert(ws_send_frame(&w.ws, WS_FIN | WS_PING, ASSAY_LIT("still there?")));
    cr_expect_eq(strlen(ws_receive(&w.ws, DEADLINE_MS)), LARGE_BYTES);
    cr_expect_str_eq(at(&w, rpc(&w, "getInfo", "{}"), "id"), "1");
    world_end(&w);
}

/* Answers to pings wait for a reader, but not without end. */
Test(kaspa_node_frames, of_pinging_whose_answers_nobody_reads_end_the_connection)
{
    struct assay_buf pings = ASSAY_BUF_INIT(1 << 20);
    struct node_world w;
    unsigned sent = 0;

    world_begin(&w);
    for (int i = 0; i < 500; i++) {
        uint8_t *ping = assay_buf_extend(&pings, 131);

        cr_assert_not_null(ping);
        memset(ping, 0, 131);
        ping[0] = WS_FIN | WS_PING;
        ping[1] = 0x80 | 125;
    }
    while (sent < 2000 && tcp_send(w.ws.fd, assay_buf_view(&pings)))
        sent++;
    cr_expect_lt(sent, 2000);
    assay_buf_fini(&pings);
    world_end(&w);
}
