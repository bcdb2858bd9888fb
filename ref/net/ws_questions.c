/* Questions that wait for their answers; see ws_questions.h. */
#include "net/ws_questions.h"

#include "base/decimal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    WHY_BYTES = 160,
    VALUES_FREE = 64, /* values that any answer may have */
    FRONT_BYTES = 64, /* of an answer: room for its id */
    VALUES_BYTES = 4, /* and one more for so many bytes: the densest answer needs eight */
    MS_PER_SECOND = 1000,
    NS_PER_MS = 1000000,
};

struct ref_ws_waiting {
    struct ref_ws_waiting *next;
    uint64_t id;
    struct assay_buf text; /* behind REF_WS_ROOM_BYTES */
    bool sent, done;
    enum assay_code code; /* of done */
    char why[WHY_BYTES];
    struct ref_ws_answer answer;
};

void ref_ws_questions_init(struct ref_ws_questions *questions)
{
    pthread_condattr_t steady;

    *questions = (struct ref_ws_questions){.first = NULL};
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&questions->lock, NULL);
    pthread_cond_init(&questions->changed, &steady);
    pthread_condattr_destroy(&steady);
}

void ref_ws_questions_fini(struct ref_ws_questions *questions)
{
    pthread_cond_destroy(&questions->changed);
    pthread_mutex_destroy(&questions->lock);
}

/* ---- by whoever holds the lock ---- */

static void finish(struct ref_ws_waiting *q, enum assay_code code, const char *why)
{
    q->done = true;
    q->code = code;
    (void)!snprintf(q->why, sizeof(q->why), "%s", why);
}

static void finish_stopped(struct ref_ws_waiting *q)
{
    finish(q, ASSAY_E_CLOSED, "this client is being stopped");
}

static struct ref_ws_waiting *find_unsent(struct ref_ws_questions *questions)
{
    struct ref_ws_waiting *q = questions->first;

    while (q != NULL && (q->sent || q->done))
        q = q->next;
    return q;
}

/* ---- the thread of the connection ---- */

void ref_ws_questions_fail(struct ref_ws_questions *questions, bool sent_alone,
                           enum assay_code code, const char *why)
{
    pthread_mutex_lock(&questions->lock);
    for (struct ref_ws_waiting *q = questions->first; q != NULL; q = q->next)
        if (!q->done && (q->sent || !sent_alone))
            finish(q, code, why);
    pthread_cond_broadcast(&questions->changed);
    pthread_mutex_unlock(&questions->lock);
}

/* Takes it off the front, and space before it. */
static bool take(struct assay_bytes *front, struct assay_bytes text)
{
    size_t space = 0;

    while (space < front->len && memchr(" \t\r\n", front->at[space], 4) != NULL)
        space++;
    if (!assay_bytes_equal(assay_bytes_part(*front, space, space + text.len), text))
        return false;
    *front = assay_bytes_part(*front, space + text.len, front->len);
    return true;
}

static bool read_id(uint64_t *id, struct assay_bytes front)
{
    size_t end;

    if (!take(&front, ASSAY_LIT("{")) || !take(&front, ASSAY_LIT("\"id\"")) ||
        !take(&front, ASSAY_LIT(":")))
        return false;
    (void)take(&front, ASSAY_LIT("")); /* the space */
    end = assay_bytes_find(front, ',', 0);
    return end < front.len && assay_decimal_u64(id, assay_bytes_part(front, 0, end)) == ASSAY_OK;
}

static struct ref_ws_waiting *find_sent(struct ref_ws_questions *questions, uint64_t id)
{
    struct ref_ws_waiting *q = questions->first;

    while (q != NULL && (q->id != id || !q->sent || q->done))
        q = q->next;
    return q;
}

bool ref_ws_questions_fail_one(struct ref_ws_questions *questions, struct assay_bytes front,
                               enum assay_code code, const char *why)
{
    struct ref_ws_waiting *q;
    uint64_t id;

    if (!read_id(&id, assay_bytes_part(front, 0, FRONT_BYTES)))
        return false;
    pthread_mutex_lock(&questions->lock);
    if ((q = find_sent(questions, id)) != NULL) {
        finish(q, code, why);
        pthread_cond_broadcast(&questions->changed);
    }
    pthread_mutex_unlock(&questions->lock);
    return true;
}

void ref_ws_questions_end(struct ref_ws_questions *questions)
{
    pthread_mutex_lock(&questions->lock);
    questions->ended = true;
    for (struct ref_ws_waiting *q = questions->first; q != NULL; q = q->next)
        if (!q->done)
            finish_stopped(q);
    pthread_cond_broadcast(&questions->changed);
    pthread_mutex_unlock(&questions->lock);
}

bool ref_ws_questions_wait(struct ref_ws_questions *questions)
{
    bool some;

    pthread_mutex_lock(&questions->lock);
    some = find_unsent(questions) != NULL;
    pthread_mutex_unlock(&questions->lock);
    return some;
}

bool ref_ws_questions_send(struct ref_ws_questions *questions,
                           bool (*write)(void *cls, uint8_t *text, size_t len), void *cls)
{
    struct ref_ws_waiting *q;
    bool ok = true;

    pthread_mutex_lock(&questions->lock);
    if ((q = find_unsent(questions)) != NULL) {
        q->sent = true;
        ok = write(cls, q->text.at + REF_WS_ROOM_BYTES, q->text.len - REF_WS_ROOM_BYTES);
    }
    pthread_mutex_unlock(&questions->lock);
    return ok;
}

static enum assay_code read_message(struct ref_ws_answer *answer, struct assay_err *err)
{
    struct assay_bytes text = assay_buf_view(&answer->text);
    size_t room = assay_json_token_bound(text), most = VALUES_FREE + text.len / VALUES_BYTES;
    enum assay_code rc;

    room = room < most ? room : most; /* what it costs to read follows from its length */
    answer->tokens = assay_alloc(room * sizeof(*answer->tokens));
    if (answer->tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for an answer");
    rc = assay_json_parse(&answer->doc, answer->tokens, room, text, ASSAY_JSON_STRICT, err);
    if (rc == ASSAY_OK && assay_json_type(&answer->doc, 0) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "is no object");
    return rc == ASSAY_OK || rc == ASSAY_E_TOO_LARGE ? rc : ASSAY_E_MALFORMED;
}

/* False: nobody waits for it. */
static bool deliver(struct ref_ws_questions *questions, const struct ref_ws_answer *answer)
{
    struct ref_ws_waiting *q;
    uint64_t id;

    if (assay_json_u64(&id, &answer->doc, assay_json_member(&answer->doc, 0, "id")) != ASSAY_OK)
        return false;
    pthread_mutex_lock(&questions->lock);
    if ((q = find_sent(questions, id)) != NULL) {
        q->answer = *answer;
        finish(q, ASSAY_OK, "");
        pthread_cond_broadcast(&questions->changed);
    }
    pthread_mutex_unlock(&questions->lock);
    return q != NULL;
}

enum assay_code ref_ws_questions_answer(struct ref_ws_questions *questions,
                                        struct ref_ws_answer *answer, struct assay_err *err)
{
    struct assay_err why = {.code = ASSAY_OK};
    enum assay_code rc = read_message(answer, &why);
    bool is_taken = rc == ASSAY_OK && deliver(questions, answer);

    if (rc == ASSAY_E_TOO_LARGE &&
        ref_ws_questions_fail_one(questions, assay_buf_view(&answer->text), rc, why.text))
        rc = ASSAY_OK;
    if (!is_taken)
        ref_ws_answer_fini(answer);
    if (rc != ASSAY_OK)
        (void)assay_fail(err, rc, why.at, "%s", why.text);
    return assay_err_wrap(err, rc, "a message that cannot be read");
}

/* ---- who asks ---- */

static enum assay_code write_question(struct ref_ws_questions *questions, struct ref_ws_waiting *q,
                                      const struct ref_ws_question *question, struct assay_err *err)
{
    uint8_t *room = assay_buf_extend(&q->text, REF_WS_ROOM_BYTES);

    if (room != NULL)
        memset(room, 0, REF_WS_ROOM_BYTES);
    pthread_mutex_lock(&questions->lock);
    q->id = ++questions->ids;
    pthread_mutex_unlock(&questions->lock);
    assay_buf_printf(&q->text, "{\"id\":%" PRIu64 ",\"method\":\"%s\",\"params\":", q->id,
                     question->method);
    assay_buf_add(&q->text, question->params);
    assay_buf_add_byte(&q->text, '}');
    if (!assay_buf_ok(&q->text))
        return assay_fail(err, q->text.bad, 0, "the question %s",
                          q->text.bad == ASSAY_E_TOO_LARGE ? "is larger than a node takes"
                                                           : "cannot be kept: out of memory");
    return ASSAY_OK;
}

/* The lock is held. */
static void wait_for(struct ref_ws_questions *questions, struct ref_ws_waiting *q,
                     int64_t deadline_ms)
{
    const struct timespec until = {
        .tv_sec = deadline_ms / MS_PER_SECOND,
        .tv_nsec = deadline_ms % MS_PER_SECOND * NS_PER_MS,
    };

    while (!q->done)
        if (pthread_cond_timedwait(&questions->changed, &questions->lock, &until) != 0 && !q->done)
            finish(q, ASSAY_E_TIMEOUT,
                   q->sent ? "no answer in time" : "no connection to ask over in time");
}

enum assay_code ref_ws_questions_ask(struct ref_ws_questions *questions,
                                     struct ref_ws_answer *answer, bool *sent,
                                     const struct ref_ws_question *question,
                                     void (*wake)(void *cls), void *cls, struct assay_err *err)
{
    struct ref_ws_waiting q = {
        .text = ASSAY_BUF_INIT(REF_WS_ROOM_BYTES + REF_WS_QUESTION_MAX_BYTES),
    };
    struct ref_ws_waiting **at = &questions->first;
    enum assay_code rc = write_question(questions, &q, question, err);

    *sent = false;
    if (rc != ASSAY_OK)
        goto out;
    pthread_mutex_lock(&questions->lock);
    if (questions->ended) {
        finish_stopped(&q);
    } else {
        while (*at != NULL)
            at = &(*at)->next;
        *at = &q;
        wake(cls);
        wait_for(questions, &q, question->deadline_ms);
        for (at = &questions->first; *at != &q;)
            at = &(*at)->next;
        *at = q.next;
    }
    pthread_mutex_unlock(&questions->lock);
    *sent = q.sent;
    if ((rc = q.code) == ASSAY_OK)
        *answer = q.answer;
    else
        (void)assay_fail(err, rc, 0, "%s", q.why);
out:
    assay_buf_fini(&q.text);
    return rc;
}

void ref_ws_answer_fini(struct ref_ws_answer *answer)
{
    assay_buf_fini(&answer->text);
    assay_free(answer->tokens);
    answer->tokens = NULL;
}
