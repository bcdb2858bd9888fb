/* A WebSocket connection by libwebsockets, on one thread that owns it, and which every new question
 * wakes; see ws.h. */
#include "net/ws.h"

#include "base/arena.h"
#include "base/url.h"
#include "net/ws_questions.h"

#include <libwebsockets.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    DESCRIPTORS_MAX = 16, /* of the library's own table */
    RECEIVE_BYTES = 65536,
    URL_TEXTS_MAX_BYTES = 16384,
    WHY_BYTES = 160,
    CONNECT_SECONDS = 5,     /* for a connection, and again for its handshake */
    PING_AFTER_SECONDS = 10, /* of silence */
    HANG_UP_AFTER_SECONDS = 20,
    DROPPED_TIMES = 16, /* the limit for answers: what is larger is not even thrown away */
};

_Static_assert(REF_WS_ROOM_BYTES >= LWS_PRE, "the library writes before a text");

enum link { LINK_NONE, LINK_CONNECTING, LINK_OPEN };

struct ref_ws {
    struct ref_ws_options options;
    struct assay_arena texts; /* of the URL's parts */
    const char *host, *authority, *path;
    uint16_t port;
    struct lws_context *context;
    pthread_t thread;
    bool running; /* the thread was started; its owner's alone */
    atomic_bool stopping;
    struct ref_ws_questions questions;

    struct lws *wsi; /* the rest is the thread's */
    enum link link;
    struct assay_buf in; /* a message as far as it has come */
    size_t dropped;      /* bytes of one that is thrown away; 0: it is kept */
};

/* ---- what comes in, on the thread ---- */

static void forget_link(struct ref_ws *ws)
{
    ws->link = LINK_NONE;
    ws->wsi = NULL;
    ws->dropped = 0;
    assay_buf_fini(&ws->in);
}

/* Ends the connection by what a callback returns. It is none from now on, so that a question that
 * comes before it is closed has another. */
static int refuse(struct ref_ws *ws, enum assay_code code, const char *why)
{
    forget_link(ws);
    ref_ws_questions_fail(&ws->questions, true, code, why);
    lws_cancel_service(ws->context);
    return -1;
}

static int on_message(struct ref_ws *ws)
{
    struct ref_ws_answer answer = {.text = ws->in};
    struct assay_err err = {.code = ASSAY_OK};
    enum assay_code rc;

    ws->in = (struct assay_buf)ASSAY_BUF_INIT(ws->options.answer_max_bytes);
    rc = ref_ws_questions_answer(&ws->questions, &answer, &err);
    if (rc == ASSAY_E_TOO_LARGE) /* for whom cannot be told */
        rc = ASSAY_E_CLOSED;
    return rc == ASSAY_OK ? 0 : refuse(ws, rc, err.text);
}

/* A message above the limit is the trouble of who asked for it alone, as long as it says so. */
static bool begin_to_drop(struct ref_ws *ws, struct assay_bytes part)
{
    struct assay_bytes front = ws->in.len > 0 ? assay_buf_view(&ws->in) : part;
    bool is_told = ref_ws_questions_fail_one(&ws->questions, front, ASSAY_E_TOO_LARGE,
                                             "an answer above the limit");

    ws->dropped = ws->in.len;
    assay_buf_fini(&ws->in);
    return is_told;
}

static int drop(struct ref_ws *ws, struct assay_bytes part, bool is_last)
{
    if (ws->dropped == 0 && !begin_to_drop(ws, part))
        return refuse(ws, ASSAY_E_CLOSED,
                      "a message above the limit for answers, and it does not say whose it is");
    ws->dropped += part.len;
    if (ws->dropped / DROPPED_TIMES > ws->options.answer_max_bytes)
        return refuse(ws, ASSAY_E_CLOSED, "a message far above the limit for answers");
    if (is_last)
        ws->dropped = 0;
    return 0;
}

static int on_part(struct ref_ws *ws, struct assay_bytes part)
{
    bool is_last = lws_is_final_fragment(ws->wsi) && lws_remaining_packet_payload(ws->wsi) == 0;

    if (lws_frame_is_binary(ws->wsi))
        return refuse(ws, ASSAY_E_MALFORMED, "a message in a binary frame: text was expected");
    if (ws->dropped == 0)
        assay_buf_add(&ws->in, part);
    if (ws->in.bad == ASSAY_E_NOMEM)
        return refuse(ws, ASSAY_E_NOMEM, "out of memory for an answer");
    if (ws->dropped > 0 || ws->in.bad == ASSAY_E_TOO_LARGE)
        return drop(ws, part, is_last);
    return is_last ? on_message(ws) : 0;
}

/* ---- what goes out, on the thread ---- */

/* The library keeps a copy of what the socket does not take at once. */
static bool write_text(void *cls, uint8_t *text, size_t len)
{
    struct ref_ws *ws = cls;

    return lws_write(ws->wsi, text, len, LWS_WRITE_TEXT) >= (int)len;
}

static int on_writable(struct ref_ws *ws)
{
    if (!ref_ws_questions_send(&ws->questions, write_text, ws))
        return -1;
    if (ref_ws_questions_wait(&ws->questions))
        lws_callback_on_writable(ws->wsi);
    return 0;
}

/* ---- the connection, on the thread ---- */

static void disconnected(struct ref_ws *ws, enum assay_code code, const char *why)
{
    forget_link(ws);
    ref_ws_questions_fail(&ws->questions, false, code, why);
}

static void cannot_connect(struct ref_ws *ws, struct assay_bytes reason)
{
    char why[WHY_BYTES];

    (void)!snprintf(why, sizeof(why), "no connection to %s: %.*s", ws->options.url, (int)reason.len,
                    (const char *)reason.at);
    disconnected(ws, ASSAY_E_IO, why);
}

static void dial(struct ref_ws *ws)
{
    static const lws_retry_bo_t pings = {
        .secs_since_valid_ping = PING_AFTER_SECONDS,
        .secs_since_valid_hangup = HANG_UP_AFTER_SECONDS,
    };
    const struct lws_client_connect_info info = {
        .context = ws->context,
        .address = ws->host,
        .port = ws->port,
        .path = ws->path,
        .host = ws->authority,
        .local_protocol_name = "answers",
        .pwsi = &ws->wsi,
        .retry_and_idle_policy = &pings,
    };

    ws->link = LINK_CONNECTING;
    if (lws_client_connect_via_info(&info) == NULL && ws->link != LINK_NONE)
        cannot_connect(ws, ASSAY_LIT("it cannot even be tried"));
}

/* A question may have come. */
static void go_on(struct ref_ws *ws)
{
    bool some = ref_ws_questions_wait(&ws->questions);

    if (some && ws->link == LINK_NONE)
        dial(ws);
    else if (some && ws->link == LINK_OPEN)
        lws_callback_on_writable(ws->wsi);
}

/* Whatever a name led to, the socket is what counts. */
static bool may_talk(const struct ref_ws *ws, struct lws *wsi)
{
    char address[64] = "";

    if (ws->options.is_public)
        return true;
    (void)lws_get_peer_simple(wsi, address, sizeof(address));
    return assay_url_host_is_loopback(assay_str(address));
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct ref_ws *ws = lws_context_user(lws_get_context(wsi));

    (void)user;
    switch ((int)reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        go_on(ws);
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return may_talk(ws, wsi) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        return -1;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        ws->link = LINK_OPEN;
        go_on(ws);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return wsi == ws->wsi ? on_part(ws, assay_bytes_of(in, len)) : -1;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return wsi == ws->wsi ? on_writable(ws) : -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        cannot_connect(ws, assay_bytes_of(in, len));
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (wsi == ws->wsi)
            disconnected(ws, ASSAY_E_CLOSED, "the connection ended before the answer came");
        return 0;
    case LWS_CALLBACK_WSI_DESTROY: /* of one that ended without either of the two above */
        if (wsi == ws->wsi && ws->link != LINK_NONE)
            cannot_connect(ws, ASSAY_LIT("it was closed as it was made"));
        return 0;
    default:
        return 0;
    }
}

static void *serve(void *context)
{
    struct ref_ws *ws = context;

    while (!atomic_load(&ws->stopping) && lws_service(ws->context, 0) >= 0)
        ;
    return NULL;
}

/* ---- starting and ending ---- */

static enum assay_code check(const struct ref_ws_options *options, struct assay_url *url,
                             struct assay_err *err)
{
    if (assay_url_split(url, assay_str(options->url), NULL) != ASSAY_OK ||
        !assay_bytes_equal_nocase(url->scheme, ASSAY_LIT("ws")))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "is no URL of a node; write it as ws://127.0.0.1:18210");
    if (!options->is_public && !assay_url_host_is_loopback(url->host))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "is not a loopback host, and the program was not told to be public");
    return ASSAY_OK;
}

enum assay_code ref_ws_check(const struct ref_ws_options *options, struct assay_err *err)
{
    struct assay_url url;

    return check(options, &url, err);
}

/* The texts of the URL as the library takes them. "localhost" is looked up nowhere. */
static bool take_url(struct ref_ws *ws, const struct assay_url *url)
{
    bool is_name = assay_bytes_equal_nocase(url->host, ASSAY_LIT("localhost"));
    struct assay_bytes host = is_name ? ASSAY_LIT("127.0.0.1") : url->host;
    bool is_v6 = assay_bytes_find(host, ':', 0) < host.len;

    ws->port = url->port;
    ws->host = assay_arena_printf(&ws->texts, "%.*s", (int)host.len, (const char *)host.at);
    ws->authority =
        assay_arena_printf(&ws->texts, is_v6 ? "[%.*s]:%u" : "%.*s:%u", (int)url->host.len,
                           (const char *)url->host.at, (unsigned)url->port);
    ws->path = assay_arena_printf(&ws->texts, "%s%.*s%s%.*s", url->path.len == 0 ? "/" : "",
                                  (int)url->path.len, (const char *)url->path.at,
                                  url->has_query ? "?" : "", (int)url->query.len,
                                  (const char *)url->query.at);
    return ws->host != NULL && ws->authority != NULL && ws->path != NULL;
}

static bool start_library(struct ref_ws *ws)
{
    static const struct lws_protocols protocols[] = {
        {"answers", on_event, 0, RECEIVE_BYTES, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = ws,
        .fd_limit_per_thread = DESCRIPTORS_MAX,
        .pt_serv_buf_size = RECEIVE_BYTES,
        .http_proxy_address = "", /* else it is taken from the environment */
        .connect_timeout_secs = CONNECT_SECONDS,
        .timeout_secs = CONNECT_SECONDS,
    };

    lws_set_log_level(0, NULL);
    return (ws->context = lws_create_context(&info)) != NULL;
}

static bool start_thread(struct ref_ws *ws)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    ws->running = pthread_create(&ws->thread, NULL, serve, ws) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ws->running;
}

enum assay_code ref_ws_start(struct ref_ws **out, const struct ref_ws_options *options,
                             struct assay_err *err)
{
    struct assay_url url;
    enum assay_code rc = check(options, &url, err);
    struct ref_ws *ws;

    if (rc != ASSAY_OK)
        return rc;
    if ((ws = assay_alloc(sizeof(*ws))) == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a connection");
    *ws = (struct ref_ws){
        .options = *options,
        .texts = ASSAY_ARENA_INIT(URL_TEXTS_MAX_BYTES),
        .in = ASSAY_BUF_INIT(options->answer_max_bytes),
    };
    ref_ws_questions_init(&ws->questions);
    if (!take_url(ws, &url))
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a connection");
    else if (!start_library(ws) || !start_thread(ws))
        rc = assay_fail(err, ASSAY_E_IO, 0, "a WebSocket connection cannot be set up");
    if (rc != ASSAY_OK) {
        ref_ws_end(ws);
        ref_ws_free(ws);
        return rc;
    }
    *out = ws;
    return ASSAY_OK;
}

void ref_ws_end(struct ref_ws *ws)
{
    ref_ws_questions_end(&ws->questions);
    if (ws->running) {
        atomic_store(&ws->stopping, true);
        lws_cancel_service(ws->context);
        pthread_join(ws->thread, NULL);
        ws->running = false;
    }
    if (ws->context != NULL)
        lws_context_destroy(ws->context);
    ws->context = NULL;
    assay_buf_fini(&ws->in);
}

void ref_ws_free(struct ref_ws *ws)
{
    if (ws == NULL)
        return;
    ref_ws_questions_fini(&ws->questions);
    assay_arena_fini(&ws->texts);
    assay_free(ws);
}

/* ---- who asks ---- */

static void wake(void *cls)
{
    struct ref_ws *ws = cls;

    lws_cancel_service(ws->context);
}

enum assay_code ref_ws_ask(struct ref_ws *ws, struct ref_ws_answer *answer, bool *sent,
                           const struct ref_ws_question *question, struct assay_err *err)
{
    return ref_ws_questions_ask(&ws->questions, answer, sent, question, wake, ws, err);
}
