/* The log of a reference server. */
#include "server/log.h"

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"
#include "net/clock.h"

#include <poll.h>
#include <unistd.h>

enum { TEXT_BYTES = 200 };

void ref_log_line(struct assay_buf *line)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    assay_buf_add_byte(line, '\n');
    if (assay_buf_ok(line) && poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0)
        (void)!write(STDERR_FILENO, line->at, line->len);
}

void ref_log_add_text(struct assay_buf *line, const char *name, struct assay_bytes text)
{
    char room[4 * TEXT_BYTES * 3];
    struct assay_buf printable = ASSAY_BUF_OVER(room);

    assay_utf8_add_printable(&printable, assay_bytes_part(text, 0, TEXT_BYTES));
    assay_buf_printf(line, ",\"%s\":", name);
    assay_json_add_string(line, assay_buf_view(&printable));
}

void ref_log_add_request(struct assay_buf *line, struct assay_bytes method,
                         struct assay_bytes target, int status, int64_t took_ms, const char *rule)
{
    char now[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(now, ref_net_wall_ms());
    assay_buf_printf(line, "{\"time\":\"%s\",\"pid\":%d", now, (int)getpid());
    ref_log_add_text(line, "method", method);
    ref_log_add_text(line, "path", assay_bytes_part(target, 0, assay_bytes_find(target, '?', 0)));
    assay_buf_printf(line, ",\"status\":%d,\"ms\":%lld", status, (long long)took_ms);
    if (rule != NULL)
        assay_buf_printf(line, ",\"rule\":\"%s\"", rule);
}

void ref_log_failure(const char *what, const struct assay_err *err)
{
    char room[REF_LOG_LINE_BYTES];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    assay_buf_printf(&line, "{\"event\":\"%s\"", what);
    ref_log_add_text(&line, "why", assay_str(err->text));
    assay_buf_add_byte(&line, '}');
    ref_log_line(&line);
}
