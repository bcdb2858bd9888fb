/** A WebSocket connection over which JSON texts are asked and answered by their ids: the envelope
 * of node RPC. No type of the library below it shows here.
 *
 *  One thread owns the connection; questions of many threads share it. It is made when a question
 * finds none, asks for no extension, follows no redirect and takes no proxy from the environment.
 * A question is written once or not at all, never again. What answers nobody (a notification, what
 * comes too late) is dropped. A message that cannot be read ends the connection, since it may be
 * the answer to any question: all that were sent fail with it. One that is too large fails its own
 * question alone, and is read and thrown away, if its id stands before all else, as nodes have it,
 * and it is no larger than sixteen times the limit; else it ends the connection. A connection whose
 * other side no longer answers pings is ended, too. Only a host that is not loopback is ever looked
 * up, by the system's resolver, which may hold up the thread, and _end. Source: Kaspa consensus
 * digest, section 7.1; RFC 6455.
 */
#ifndef REF_NET_WS_H
#define REF_NET_WS_H

#include "base/json.h"

#define REF_WS_QUESTION_MAX_BYTES (((size_t)4 << 20) + 65536) /**< as nodes take them */

struct ref_ws_options {
    const char *url; /**< "ws://127.0.0.1:18210"; kept by reference */
    bool is_public;  /**< may connect elsewhere than to loopback, checked on the socket */
    size_t answer_max_bytes;
};

struct ref_ws_question {
    const char *method;
    struct assay_bytes params; /**< text of a JSON object */
    int64_t deadline_ms;       /**< as ref_net_now_ms has it */
};

struct ref_ws_answer {
    struct assay_buf text;
    struct assay_json_token *tokens;
    struct assay_json doc; /**< an object with the question's "id"; borrows from both */
};

struct ref_ws;

/** MALFORMED: no ws:// URL; DENIED: not loopback and not is_public. */
enum assay_code ref_ws_check(const struct ref_ws_options *options,
                             struct assay_err *err) ASSAY_MUST_USE;
/** Connects when first asked. As _check; IO, NOMEM. */
enum assay_code ref_ws_start(struct ref_ws **out, const struct ref_ws_options *options,
                             struct assay_err *err) ASSAY_MUST_USE;
/** Ends the connection and its thread: every question fails with CLOSED, those under way and those
 * to come. */
void ref_ws_end(struct ref_ws *ws);
/** After _end, when no thread is in _ask any more. NULL is taken. */
void ref_ws_free(struct ref_ws *ws);

/** Asks and waits. *sent: it was handed to the socket, whole or in part; written always.
 *
 *  Returns: ASSAY_OK with the answer, for _fini. TIMEOUT; IO: no connection can be made; CLOSED: it
 *  ended before the answer came, also by a message that was too large for anybody; MALFORMED: a
 *  message that is no JSON object in a text frame; TOO_LARGE: the question, or its answer: above
 *  answer_max_bytes, nested deeper or of more values for its length than an answer has; NOMEM. */
enum assay_code ref_ws_ask(struct ref_ws *ws, struct ref_ws_answer *answer, bool *sent,
                           const struct ref_ws_question *question,
                           struct assay_err *err) ASSAY_MUST_USE;
void ref_ws_answer_fini(struct ref_ws_answer *answer);

#endif
