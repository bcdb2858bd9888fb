/** A WebSocket server for tests that answers node RPC with texts of the test's choice. One thread;
 * connections are served one after the other. */
#ifndef TESTS_WS_SCRIPTED_H
#define TESTS_WS_SCRIPTED_H

#include <stddef.h>
#include <stdint.h>

/** A frame that is sent for each call of a method: all rows of the method, in their order. */
struct ws_scripted_row {
    const char *method; /**< NULL: when a connection begins */
    const char *text;   /**< $ stands for the call's id, ? for the hash in its params, ' for ";
                         * NULL: the connection is closed */
    uint8_t first;      /**< the frame's first byte; 0: of a whole text */
};
#define CONTINUED                                                                                  \
    0x40 /**< stands for a first byte of 0: more of a message, and not the last of it */

struct ws_scripted;

/** Of rows for a method those of `special` count alone where it has any. Both live until the stop.
 * Aborts the test on trouble. */
struct ws_scripted *ws_scripted_start(const struct ws_scripted_row *special, size_t special_count,
                                      const struct ws_scripted_row *rows, size_t count);
void ws_scripted_stop(struct ws_scripted *scripted);
const char *ws_scripted_url(const struct ws_scripted *scripted);
unsigned ws_scripted_connections(struct ws_scripted *scripted); /**< so far, with a handshake */

#endif
