/** Raw sockets for tests: what goes over them is written in the test, byte by byte. */
#ifndef REF_TESTS_WIRE_H
#define REF_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PATIENCE_MS 20000 /**< a server that is silent for so long fails the test */

int wire_dial(uint16_t port); /**< connects to 127.0.0.1, or fails the test; the caller closes it */
/** Sends as much as the other side takes: a server may refuse, and close, before it has all. */
void wire_say(int fd, const void *bytes, size_t len);
void wire_say_text(int fd, const char *text);
/** Reads until the other side closes, or until `enough` is there (NULL: only a close ends it). out
 * is NUL-terminated; what does not fit is dropped. Returns: whether the other side closed. */
bool wire_hear(int fd, char *out, size_t room, const char *enough);
int wire_status(const char *answer); /**< of a status line, or 0 */
bool wire_has_ipv6(void);            /**< whether ::1 can be listened on */

#endif
