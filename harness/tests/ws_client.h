/** A WebSocket client for tests (RFC 6455), as careful or as rude as a test wants. Blocking, with
 * deadlines; nothing of it sleeps. */
#ifndef TESTS_WS_CLIENT_H
#define TESTS_WS_CLIENT_H

#include "base/buf.h"

#define WS_FIN 0x80
#define WS_CONTINUATION 0
#define WS_TEXT 1
#define WS_BINARY 2
#define WS_CLOSE 8
#define WS_PING 9
#define WS_PONG 10

struct ws_client {
    int fd;
    struct assay_buf in;  /**< received and not yet read */
    struct assay_buf out; /**< the last message, whole */
    unsigned fragments;   /**< frames of the last message */
    bool closed;          /**< the other side has ended it */
    unsigned close_code;  /**< of its close frame; 0: none */
};

/** Connects to 127.0.0.1 at the port of a URL, without a handshake. Aborts the test on failure. */
int tcp_connect(const char *url);
/** Sends all of it; false: the other side has closed. */
bool tcp_send(int fd, struct assay_bytes bytes);
/** Waits for the end of a connection, whatever comes before it. False: not in time. */
bool tcp_await_end(int fd, int deadline_ms);

/** With the handshake; false: it was refused. */
bool ws_open(struct ws_client *client, const char *url, int deadline_ms);
void ws_close(struct ws_client *client); /**< without a close frame; frees */
/** One masked frame: its first byte is given whole. */
bool ws_send_frame(struct ws_client *client, uint8_t first, struct assay_bytes payload);
bool ws_send(struct ws_client *client, const char *text); /**< in one text frame */
/** The next text message; NULL: not in time, or closed. Valid until the next call. */
const char *ws_receive(struct ws_client *client, int deadline_ms);
/** Waits until the other side closes, passing over messages. */
bool ws_await_end(struct ws_client *client, int deadline_ms);

#endif
