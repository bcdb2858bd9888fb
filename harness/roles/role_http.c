/* HTTP by libmicrohttpd for the roles that answer as a server would not; see role_http.h. */
#include "roles/role_http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDLE_SECONDS = 60, BLOCK_BYTES = 64 << 10 };

struct role_http {
    struct role_http_options options;
    struct MHD_Daemon *daemon;
};

/* One request on its way in; made when its first line is read. */
struct exchange {
    struct assay_buf target;
    struct assay_buf body;
    bool has_head;
};

/* ---- requests ---- */

static void *on_request_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    const struct role_http *http = cls;
    struct exchange *x = assay_alloc(sizeof(*x));

    (void)connection;
    if (x == NULL)
        return NULL;
    *x = (struct exchange){
        .target = ASSAY_BUF_INIT(http->options.head_max_bytes),
        .body = ASSAY_BUF_INIT(http->options.body_max_bytes),
    };
    assay_buf_add_str(&x->target, target);
    return x;
}

/* Called by the library: once when the head has been read, for each part of the body, at the end.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    const struct role_http *http = cls;
    struct exchange *x = *state;

    (void)version;
    if (x == NULL || assay_buf_cstr(&x->target) == NULL)
        return MHD_NO;
    if (!x->has_head) {
        x->has_head = true;
        return MHD_YES;
    }
    if (*data_len > 0) {
        assay_buf_add(&x->body, assay_bytes_of(data, *data_len));
        *data_len = 0;
        return assay_buf_ok(&x->body) ? MHD_YES : MHD_NO;
    }
    return http->options.serve(http->options.cls,
                               &(struct role_http_request){
                                   .connection = connection,
                                   .method = method,
                                   .path = path,
                                   .target = assay_buf_cstr(&x->target),
                                   .body = assay_buf_view(&x->body),
                               })
               ? MHD_YES
               : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *state;

    (void)cls;
    (void)connection;
    (void)why;
    if (x == NULL)
        return;
    assay_buf_fini(&x->target);
    assay_buf_fini(&x->body);
    assay_free(x);
    *state = NULL;
}

static enum MHD_Result on_connection(void *cls, const struct sockaddr *address, socklen_t len)
{
    const struct role_http *http = cls;

    (void)address;
    (void)len;
    return http->options.refuses != NULL && http->options.refuses(http->options.cls) ? MHD_NO
                                                                                     : MHD_YES;
}

/* ---- answers ---- */

static ssize_t read_body(void *cls, uint64_t at, char *out, size_t room)
{
    const struct role_http_body *b = cls;
    struct assay_bytes rest = at < b->text.len
                                  ? assay_bytes_part(assay_buf_view(&b->text), (size_t)at, SIZE_MAX)
                                  : ASSAY_LIT("");
    uint64_t left = b->until > at ? b->until - at : 0;
    size_t len = left < room ? (size_t)left : room;

    if (len == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    memset(out, ' ', len);
    memcpy(out, rest.at, rest.len < len ? rest.len : len);
    if (b->on_taken != NULL)
        b->on_taken(b->cls, b->call, len);
    return (ssize_t)len;
}

static void free_body(void *cls)
{
    struct role_http_body *b = cls;

    assay_buf_fini(&b->text);
    assay_free(b);
}

struct MHD_Response *role_http_response(const struct role_http_body *body)
{
    struct role_http_body *kept = assay_alloc(sizeof(*kept));
    struct assay_buf text = body->text;
    struct MHD_Response *response;

    if (kept == NULL) {
        assay_buf_fini(&text);
        return NULL;
    }
    *kept = *body;
    response =
        MHD_create_response_from_callback(kept->len, BLOCK_BYTES, read_body, kept, free_body);
    if (response == NULL)
        free_body(kept);
    return response;
}

int role_http_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info != NULL ? info->connect_fd : -1;
}

/* ---- start and stop ---- */

static struct MHD_Daemon *start_daemon(struct role_http *http)
{
    const struct role_http_options *o = &http->options;
    struct MHD_Daemon *daemon;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                                  MHD_USE_POLL | MHD_USE_ITC,
                              0, on_connection, http, on_request, http, MHD_OPTION_LISTEN_SOCKET,
                              o->listener, MHD_OPTION_CONNECTION_LIMIT, o->connections_max,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->head_max_bytes,
                              MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                              MHD_OPTION_URI_LOG_CALLBACK, on_request_line, http, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

/* A library that fails to start has closed the listener, or has not: it is closed if it is still
 * the file that it was. */
static void close_if(int fd, const struct stat *was)
{
    struct stat is;

    if (fstat(fd, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino)
        close(fd);
}

enum assay_code role_http_start(struct role_http **out, const struct role_http_options *options,
                                const char *name, struct assay_err *err)
{
    struct role_http *http = assay_alloc(sizeof(*http));
    struct stat listener = {0};

    if (http == NULL) {
        close(options->listener);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for %s", name);
    }
    (void)fstat(options->listener, &listener);
    *http = (struct role_http){.options = *options};
    http->daemon = start_daemon(http);
    if (http->daemon == NULL) {
        close_if(options->listener, &listener);
        assay_free(http);
        return assay_fail(err, ASSAY_E_IO, 0, "%s cannot be started", name);
    }
    *out = http;
    return ASSAY_OK;
}

void role_http_stop(struct role_http *http)
{
    if (http == NULL)
        return;
    MHD_stop_daemon(http->daemon);
    assay_free(http);
}
