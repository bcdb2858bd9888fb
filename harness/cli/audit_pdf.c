/* Prints the audit report with headless Chromium (cli/audit_pdf.h). */
#include "cli/audit_pdf.h"

#include "fuzz/bounded.h"
#include "reports/report.h"
#include "target/folder.h"
#include "target/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PRINT_SECONDS = 60, HTML_MAX_BYTES = 256 << 20, FOLDER_ROOM = 4096 };

enum assay_code cli_pdf_browser(const char **browser, struct assay_arena *arena,
                                struct assay_err *err)
{
    enum assay_code rc = spawn_program(browser, arena, "chromium", NULL, NULL);

    if (rc != ASSAY_E_IO)
        return rc;
    return assay_fail(err, ASSAY_E_MISSING, 0,
                      "--audit-pdf needs Chromium, which is not in PATH: install the package "
                      "chromium, or print the file of --audit in any browser");
}

static enum assay_code print_page(const char *browser, const char *folder, struct assay_err *err)
{
    struct bounded_words words = BOUNDED_WORDS_INIT;
    const char *const env[] = {assay_arena_printf(&words.arena, "HOME=%s", folder), NULL};
    struct bounded_plan plan = {.env = env, .seconds = PRINT_SECONDS};
    static const volatile sig_atomic_t never = 0; /* a signal ends us, and the browser with us */
    struct process_end end = {0};
    enum assay_code rc = ASSAY_E_NOMEM;
    char how[80];

    bounded_word(&words, browser);
    bounded_word(&words, "--headless=new");
    bounded_word(&words, "--disable-gpu");
    bounded_word(&words, "--disable-dev-shm-usage");
    bounded_word(&words, "--no-pdf-header-footer");
    if (geteuid() ==
        0) /* for root it has no sandbox; the page runs no script and fetches nothing */
        bounded_word(&words, "--no-sandbox");
    bounded_word(&words, assay_arena_printf(&words.arena, "--user-data-dir=%s/profile", folder));
    bounded_word(&words, assay_arena_printf(&words.arena, "--print-to-pdf=%s/audit.pdf", folder));
    bounded_word(&words, assay_arena_printf(&words.arena, "file://%s/audit.html", folder));
    plan.argv = words.at;
    plan.log = assay_arena_printf(&words.arena, "%s/log", folder);
    if (!words.failed && env[0] != NULL && plan.log != NULL)
        rc = bounded_run(&end, &plan, &never, err);
    if (rc == ASSAY_OK && !end.ended)
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s printed nothing within %d seconds", browser,
                        PRINT_SECONDS);
    else if (rc == ASSAY_OK && end.status != 0) {
        process_end_text(how, sizeof(how), &end);
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s ended %s instead of printing", browser, how);
    }
    assay_arena_fini(&words.arena);
    return rc;
}

static enum assay_code write_page(const char *folder, const json_t *run, struct assay_err *err)
{
    struct assay_buf html = ASSAY_BUF_INIT(HTML_MAX_BYTES);
    char path[FOLDER_ROOM + 32];
    enum assay_code rc = report_audit(&html, run, err);

    (void)snprintf(path, sizeof(path), "%s/audit.html", folder);
    if (rc == ASSAY_OK)
        rc = assay_file_write_private(path, assay_buf_view(&html), err);
    assay_buf_fini(&html);
    return rc;
}

static enum assay_code read_pdf(struct assay_buf *out, const char *folder, struct assay_err *err)
{
    char path[FOLDER_ROOM + 32];
    size_t from = out->len;
    enum assay_code rc;

    (void)snprintf(path, sizeof(path), "%s/audit.pdf", folder);
    rc = assay_file_read(out, path, err);
    if (rc == ASSAY_OK && (out->len < from + 5 || memcmp(out->at + from, "%PDF-", 5) != 0))
        rc = assay_fail(err, ASSAY_E_IO, 0, "what the browser wrote is no PDF");
    return rc;
}

enum assay_code cli_pdf_add(struct assay_buf *out, const char *browser, const json_t *run,
                            struct assay_err *err)
{
    const char *base = getenv("TMPDIR");
    char folder[FOLDER_ROOM];
    int len = snprintf(folder, sizeof(folder), "%s/assay-pdf-XXXXXX",
                       base != NULL && base[0] == '/' ? base : "/tmp");
    enum assay_code rc;

    if (len < 0 || (size_t)len >= sizeof(folder) || mkdtemp(folder) == NULL)
        return assay_fail(err, ASSAY_E_IO, 0, "%.200s: no folder can be made for the browser",
                          folder);
    rc = write_page(folder, run, err);
    if (rc == ASSAY_OK)
        rc = print_page(browser, folder, err);
    if (rc == ASSAY_OK)
        rc = read_pdf(out, folder, err);
    (void)folder_remove(folder);
    return rc;
}
