/** Questions that wait for their answers, matched by their ids: what the threads that ask and the
 *  thread of a connection share. For net/ws.c alone; any function may be called by any thread.
 */
#ifndef REF_NET_WS_QUESTIONS_H
#define REF_NET_WS_QUESTIONS_H

#include "net/ws.h"

#include <pthread.h>

#define REF_WS_ROOM_BYTES 64 /**< before each text, for whoever writes it */

struct ref_ws_waiting; /**< a question; on the stack of who asks */

struct ref_ws_questions {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ref_ws_waiting *first; /**< in the order of their coming */
    uint64_t ids;
    bool ended;
};

void ref_ws_questions_init(struct ref_ws_questions *questions);
void ref_ws_questions_fini(struct ref_ws_questions *questions); /**< when nobody waits any more */

/** As ref_ws_ask. `wake` is called, with the lock held, once the question is in the list, and not
 *  after _end has begun. */
enum assay_code ref_ws_questions_ask(struct ref_ws_questions *questions,
                                     struct ref_ws_answer *answer, bool *sent,
                                     const struct ref_ws_question *question,
                                     void (*wake)(void *cls), void *cls,
                                     struct assay_err *err) ASSAY_MUST_USE;

/** Ends those that wait, all or those that were sent, with a failure. */
void ref_ws_questions_fail(struct ref_ws_questions *questions, bool sent_alone,
                           enum assay_code code, const char *why);
/** Ends the question whose answer begins so, as nodes begin them: with its id before all else. One
 * that nobody waits for any more is dropped. False: this does not tell whose answer it is. */
bool ref_ws_questions_fail_one(struct ref_ws_questions *questions, struct assay_bytes front,
                               enum assay_code code, const char *why);
/** Ends all, those to come too. */
void ref_ws_questions_end(struct ref_ws_questions *questions);

bool ref_ws_questions_wait(struct ref_ws_questions *questions); /**< some have not been sent */
/** Hands the first that was not sent to `write`, which may change the text and what stands before
 * it; from then on it was sent, whatever comes of it. The lock is held, since who asks may give up
 * and take the text away. False: `write` says so. */
bool ref_ws_questions_send(struct ref_ws_questions *questions,
                           bool (*write)(void *cls, uint8_t *text, size_t len), void *cls);
/** Reads a message, in answer->text, and hands it to who waits for it; what nobody waits for is
 *  dropped. One that is too deep or has too many values fails its question alone, with TOO_LARGE,
 * if that can be told. The answer is taken, also on failure. MALFORMED, TOO_LARGE, NOMEM. */
enum assay_code ref_ws_questions_answer(struct ref_ws_questions *questions,
                                        struct ref_ws_answer *answer,
                                        struct assay_err *err) ASSAY_MUST_USE;

#endif
