/* assay man: the help texts as man pages. */
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/verbs.h"
#include "run/version.h"

#include <ctype.h>
#include <stdio.h>

#define PAGE_MAX_BYTES ((size_t)4 << 20)

static const char help[] =
    "usage: assay man [NAME]\n"
    "       assay man --dir DIR\n\n"
    "Prints the man page of the program, or of one of its verbs (\"run\", \"fuzz-run\"), made of "
    "what "
    "--help prints.\n\n"
    "  --dir DIR  write all of them there: assay.1, assay-run.1 and so on\n\n"
    "exit: 0 printed or written, 3 otherwise\n";

/* Text as roff has it: nothing of it is a request or an escape. */
static void add_text(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t pos = 0; pos < text.len;) {
        int32_t c = assay_utf8_next(text, &pos);

        if (c < 0)
            break;
        if (c == '\\')
            assay_buf_add_str(out, "\\e");
        else if (c == '-')
            assay_buf_add_str(out, "\\-");
        else if (c == '\'')
            assay_buf_add_str(out, "\\(aq");
        else if (c == '`')
            assay_buf_add_str(out, "\\(ga");
        else if (c == '"')
            assay_buf_add_str(out, "\\(dq");
        else if (c == '.')
            assay_buf_add_str(out, "\\&.");
        else if (c < 0x80)
            assay_buf_add_byte(out, (uint8_t)c);
        else
            assay_buf_printf(out, "\\[u%04X]", (unsigned)c);
    }
}

static void add_upper(struct assay_buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        if (*name == ' ' || *name == '-')
            assay_buf_add_str(out, "\\-");
        else
            assay_buf_add_byte(out, (uint8_t)toupper((unsigned char)*name));
}

/* "fuzz run" as "assay-fuzz-run" */
static void add_name(struct assay_buf *out, const char *name, const char *dash)
{
    assay_buf_add_str(out, "assay");
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (i == 0 || name[i] == ' ')
            assay_buf_add_str(out, dash);
        if (name[i] == '-')
            assay_buf_add_str(out, dash);
        else if (name[i] != ' ')
            assay_buf_add_byte(out, (uint8_t)name[i]);
    }
}

static void add_head(struct assay_buf *out, const char *name, const char *what)
{
    assay_buf_add_str(out, ".\\\" made of what --help prints: assay man\n.TH ASSAY");
    if (name[0] != '\0')
        assay_buf_add_str(out, "\\-");
    add_upper(out, name);
    assay_buf_add_str(out, " 1 \"\" \"assay " ASSAY_VERSION "\" \"Assay\"\n.SH NAME\n");
    add_name(out, name, "\\-");
    assay_buf_add_str(out, " \\- ");
    add_text(out, assay_str(what));
    assay_buf_add_byte(out, '\n');
}

/* ---- a page's parts ---- */

struct writing {
    struct assay_buf *out;
    enum help_kind before;
    bool has_synopsis, has_description, has_options;
};

static void begin_section(struct assay_buf *out, bool *has, const char *name)
{
    if (!*has)
        assay_buf_printf(out, ".SH %s\n", name);
    *has = true;
}

static void add_usage(struct writing *w, struct assay_bytes text)
{
    if (w->has_synopsis)
        assay_buf_add_str(w->out, ".br\n");
    begin_section(w->out, &w->has_synopsis, "SYNOPSIS");
    add_text(w->out, text);
    assay_buf_add_byte(w->out, '\n');
}

static void add_item(struct writing *w, const struct help_line *line)
{
    struct assay_bytes name, argument;

    if (help_option(&name, &argument, line->tag)) {
        begin_section(w->out, &w->has_options, "OPTIONS");
        assay_buf_add_str(w->out, ".TP\n\\fB");
        add_text(w->out, name);
        assay_buf_add_str(w->out, argument.len > 0 ? "\\fR \\fI" : "\\fR");
        add_text(w->out, argument);
        assay_buf_add_str(w->out, argument.len > 0 ? "\\fR\n" : "\n");
    } else {
        begin_section(w->out, &w->has_description, "DESCRIPTION");
        assay_buf_add_str(w->out, ".TP\n\\fB");
        add_text(w->out, line->tag);
        assay_buf_add_str(w->out, "\\fR\n");
    }
    add_text(w->out, line->text.len > 0 ? line->text : ASSAY_LIT(" "));
    assay_buf_add_byte(w->out, '\n');
}

static void add_line(struct writing *w, const struct help_line *line)
{
    bool follows = w->before == line->kind;

    if (line->kind == HELP_USAGE)
        add_usage(w, line->text);
    else if (line->kind == HELP_ITEM)
        add_item(w, line);
    else if (line->kind != HELP_BLANK) {
        if (line->kind == HELP_EXIT && !follows)
            assay_buf_add_str(w->out, ".SH EXIT STATUS\n");
        else if (line->kind == HELP_TEXT && !w->has_description)
            begin_section(w->out, &w->has_description, "DESCRIPTION");
        else if (line->kind == HELP_TEXT && !follows)
            assay_buf_add_str(w->out, ".PP\n");
        add_text(w->out, line->text);
        assay_buf_add_byte(w->out, '\n');
    }
    w->before = line->kind;
}

static void add_help(struct assay_buf *out, struct assay_bytes text)
{
    struct writing w = {.out = out, .before = HELP_BLANK};
    struct help_line line;

    for (size_t at = 0; help_next(&line, text, &at, w.before);)
        add_line(&w, &line);
}

static void add_see_also(struct assay_buf *out, const struct help_pages *pages, const char *of)
{
    bool first = true;

    assay_buf_add_str(out, ".SH SEE ALSO\n");
    if (of[0] != '\0')
        assay_buf_add_str(out, "assay(1)\n");
    for (size_t i = 0; of[0] == '\0' && i < pages->count; i++) {
        if (!first)
            assay_buf_add_str(out, ",\n");
        first = false;
        add_name(out, pages->pages[i].name, "\\-");
        assay_buf_add_str(out, "(1)");
    }
    if (!first)
        assay_buf_add_byte(out, '\n');
}

/* The program's own page: its verbs. */
static void add_program(struct assay_buf *out, const struct help_pages *pages)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAGE_MAX_BYTES);
    const struct cli_verb *verb;

    add_head(out, "", cli_title);
    assay_buf_printf(&text, "%s\n", cli_usage);
    for (size_t i = 0; (verb = cli_verb_at(i)) != NULL; i++)
        assay_buf_printf(&text, "  %-10s  %s\n", verb->name, verb->what);
    assay_buf_printf(&text, "\n%s", cli_exits);
    add_help(out, assay_buf_view(&text));
    add_see_also(out, pages, "");
    assay_buf_fini(&text);
}

static void add_page(struct assay_buf *out, const struct help_pages *pages,
                     const struct help_page *page)
{
    if (page == NULL) {
        add_program(out, pages);
        return;
    }
    add_head(out, page->name, page->what);
    add_help(out, assay_buf_view(&page->text));
    add_see_also(out, pages, page->name);
}

/* ---- the verb ---- */

static int write_all(const struct help_pages *pages, const char *folder)
{
    struct assay_err err = {0};
    enum assay_code rc = assay_folder_make(folder, &err);

    for (size_t i = 0; rc == ASSAY_OK && i <= pages->count; i++) {
        const struct help_page *page = i > 0 ? &pages->pages[i - 1] : NULL;
        struct assay_buf text = ASSAY_BUF_INIT(PAGE_MAX_BYTES), path = ASSAY_BUF_INIT(8192);

        assay_buf_printf(&path, "%s/", folder);
        add_name(&path, page != NULL ? page->name : "", "-");
        assay_buf_add_str(&path, ".1");
        add_page(&text, pages, page);
        if (!assay_buf_ok(&text) || assay_buf_cstr(&path) == NULL)
            rc = assay_fail(&err, ASSAY_E_NOMEM, 0, "out of memory");
        else
            rc = assay_file_write_unsynced(assay_buf_cstr(&path), assay_buf_view(&text), &err);
        assay_buf_fini(&text);
        assay_buf_fini(&path);
    }
    return rc == ASSAY_OK ? 0 : cli_wrong("man", "%s", err.text);
}

/* "fuzz-run" and "fuzz run" are the same. */
static bool is_named(const struct help_page *page, const char *name)
{
    size_t i = 0;

    while (name[i] != '\0' &&
           (name[i] == page->name[i] || (name[i] == '-' && page->name[i] == ' ')))
        i++;
    return name[i] == '\0' && page->name[i] == '\0';
}

static int print_one(const struct help_pages *pages, const char *name)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAGE_MAX_BYTES);
    size_t i = 0;
    int status = 0;

    while (name != NULL && i < pages->count && !is_named(&pages->pages[i], name))
        i++;
    if (i == pages->count)
        return cli_wrong("man", "there is no page of \"%s\"; `assay --help` lists the verbs", name);
    add_page(&text, pages, name != NULL ? &pages->pages[i] : NULL);
    if (!assay_buf_ok(&text) || fwrite(text.at, 1, text.len, stdout) != text.len ||
        fflush(stdout) != 0)
        status = cli_wrong("man", "the page cannot be printed");
    assay_buf_fini(&text);
    return status;
}

int cli_man(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"dir", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    static struct help_pages pages;
    const char *folder = NULL, *name;
    int option, rest, status;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        folder = optarg;
    }
    rest = argc - optind;
    name = rest > 0 ? argv[optind] : NULL;
    if (rest > 1 || (folder != NULL && rest > 0))
        return cli_wrong("man", "expected one name, or --dir alone");
    if (help_pages_init(&pages) != ASSAY_OK)
        status = cli_wrong("man", "out of memory");
    else
        status = folder != NULL ? write_all(&pages, folder) : print_one(&pages, name);
    help_pages_fini(&pages);
    return status;
}
