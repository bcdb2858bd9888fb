/* MCP over stdin and stdout: a message a line, and nothing else on stdout. See kx_mcp.h. */
#include "server/kx_mcp.h"

#include "defects/defects.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { READ_BYTES = 16384, ANSWER_MAX_BYTES = REF_NET_RESPONSE_MAX_BYTES };

struct pipe {
    struct kx_mcp *mcp;
    struct assay_buf line; /* up to its end */
    bool is_too_long;      /* what is left of it is passed over */
    struct assay_err *err;
};

static enum assay_code write_all(struct assay_bytes bytes, struct assay_err *err)
{
    while (bytes.len > 0) {
        ssize_t sent = write(STDOUT_FILENO, bytes.at, bytes.len);

        if (sent >= 0)
            bytes = assay_bytes_part(bytes, (size_t)sent, bytes.len);
        else if (errno != EINTR)
            return assay_fail(err, ASSAY_E_IO, 0, "stdout: %s", strerror(errno));
    }
    return ASSAY_OK;
}

static enum assay_code end_line(struct pipe *p)
{
    struct assay_buf out = ASSAY_BUF_INIT(ANSWER_MAX_BYTES);
    enum assay_code code = ASSAY_OK;

    if (p->is_too_long)
        x402_mcp_write_error(&out, ASSAY_LIT("null"), X402_MCP_REQUEST);
    else
        kx_mcp_answer(p->mcp, &out, assay_buf_view(&p->line));
    if (out.len > 0 || !assay_buf_ok(&out)) {
        assay_buf_add_byte(&out, '\n');
        code = assay_buf_ok(&out) ? write_all(assay_buf_view(&out), p->err)
                                  : assay_fail(p->err, out.bad, 0, "no memory for an answer");
    }
    assay_buf_fini(&out);
    assay_buf_clear(&p->line);
    p->is_too_long = false;
    return code;
}

static enum assay_code take(struct pipe *p, struct assay_bytes bytes)
{
    enum assay_code code = ASSAY_OK;
    size_t at = 0;

    while (code == ASSAY_OK && at < bytes.len) {
        size_t end = assay_bytes_find(bytes, '\n', at);

        if (!p->is_too_long)
            assay_buf_add(&p->line, assay_bytes_part(bytes, at, end));
        if (p->line.bad == ASSAY_E_NOMEM)
            return assay_fail(p->err, ASSAY_E_NOMEM, 0, "no memory for a line");
        p->is_too_long = p->is_too_long || !assay_buf_ok(&p->line);
        if (end < bytes.len)
            code = end_line(p);
        at = end + 1;
    }
    return code;
}

/* False: it has ended, or is to end. */
static bool wait_for_more(int stops)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = stops, .events = POLLIN}};

    while (poll(fds, ARRAY_LEN(fds), -1) < 0)
        if (errno != EINTR)
            return false;
    return fds[1].revents == 0;
}

enum assay_code kx_mcp_pipe(struct kx_mcp *mcp, int stops, size_t line_max, struct assay_err *err)
{
    struct pipe p = {.mcp = mcp, .line = ASSAY_BUF_INIT(line_max), .err = err};
    enum assay_code code = ASSAY_OK;
    uint8_t room[READ_BYTES];

    if (REF_DEFECT(kx_mcp_chatter))
        code = write_all(ASSAY_LIT("ready kaspa-x402 over a pipe\n"), err);
    while (code == ASSAY_OK && wait_for_more(stops)) {
        ssize_t got = read(STDIN_FILENO, room, sizeof(room));

        if (got == 0)
            break;
        if (got > 0)
            code = take(&p, assay_bytes_of(room, (size_t)got));
        else if (errno != EINTR)
            code = assay_fail(err, ASSAY_E_IO, 0, "stdin: %s", strerror(errno));
    }
    assay_buf_fini(&p.line);
    return code;
}
