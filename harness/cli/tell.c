/* Live lines and findings; see tell.h. */
#include "cli/tell.h"

#include "base/utf8.h"
#include "fault/tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_BYTES = 4096, COLUMNS_DEFAULT = 80 };

#define SECOND_NS INT64_C(1000000000)

void tell_live_init(struct tell_live *live)
{
    *live = (struct tell_live){.is_terminal = isatty(STDERR_FILENO) != 0};
}

bool tell_live_is_due(struct tell_live *live)
{
    int64_t now;

    if (!live->is_terminal)
        return false;
    now = monotonic_ns();
    if (now - live->told_ns < SECOND_NS)
        return false;
    live->told_ns = now;
    return true;
}

static int columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col
                                                                            : COLUMNS_DEFAULT;
}

void tell_live_show(struct tell_live *live, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;

    if (!live->is_terminal)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
    live->is_shown = true;
}

void tell_live_clear(struct tell_live *live)
{
    if (live->is_shown)
        fputs("\r\033[K", stderr);
    live->is_shown = false;
}

void tell_printable(FILE *out, const char *text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(1 << 16);

    assay_utf8_add_printable(&shown, assay_str(text));
    fputs(assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", out);
    assay_buf_fini(&shown);
}

enum assay_code tell_found(struct assay_buf *path, const char *folder, const json_t *found,
                           struct assay_err *err)
{
    char *text = json_dumps(found, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    enum assay_code rc;

    assay_buf_clear(path);
    assay_buf_printf(path, "%s/%s.json", folder, json_string_value(json_object_get(found, "name")));
    if (text == NULL)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    else if (assay_buf_cstr(path) == NULL)
        rc = assay_fail(err, path->bad, 0, "%s: %s", folder, assay_code_text(path->bad));
    else if ((rc = assay_folder_make(folder, err)) == ASSAY_OK)
        rc = assay_file_write(assay_buf_cstr(path), assay_str(text), err);
    free(text);
    return rc;
}
