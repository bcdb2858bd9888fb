/* Help texts, asked for and taken apart (cli/help.h). */
#include "cli/help.h"

#include "cli/verbs.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELP_MAX_BYTES = 1 << 20 };

/* ---- lines ---- */

static bool begins(struct assay_bytes text, const char *with)
{
    return assay_bytes_is(assay_bytes_part(text, 0, strlen(with)), with);
}

static size_t indent_of(struct assay_bytes line)
{
    size_t i = 0;

    while (i < line.len && line.at[i] == ' ')
        i++;
    return i;
}

/* Where two spaces are; a tag too long for that has one before what it means, or nothing. */
static void split_item(struct help_line *out, struct assay_bytes line)
{
    size_t end = 0;

    while (end < line.len &&
           !(line.at[end] == ' ' && (end + 1 == line.len || line.at[end + 1] == ' ')))
        end++;
    out->tag = assay_bytes_part(line, 0, end);
    out->text = assay_bytes_part(line, end, line.len);
    out->text = assay_bytes_part(out->text, indent_of(out->text), out->text.len);
}

bool help_next(struct help_line *out, struct assay_bytes help, size_t *at, enum help_kind before)
{
    size_t end = assay_bytes_find(help, '\n', *at), indent;
    struct assay_bytes line = assay_bytes_part(help, *at, end);

    if (*at >= help.len)
        return false;
    *at = end + 1;
    indent = indent_of(line);
    *out = (struct help_line){.tag = ASSAY_LIT("")};
    out->text = assay_bytes_part(line, indent, line.len);
    if (out->text.len == 0)
        out->kind = HELP_BLANK;
    else if (begins(line, "usage: ")) {
        out->kind = HELP_USAGE;
        out->text = assay_bytes_part(line, strlen("usage: "), line.len);
    } else if (before == HELP_USAGE && begins(out->text, "assay "))
        out->kind = HELP_USAGE;
    else if (begins(line, "exit: ")) {
        out->kind = HELP_EXIT;
        out->text = assay_bytes_part(line, strlen("exit: "), line.len);
    } else if (before == HELP_EXIT && indent > 0)
        out->kind = HELP_EXIT;
    else if (indent == 2) {
        out->kind = HELP_ITEM;
        split_item(out, out->text);
    } else
        out->kind = indent > 2 && before != HELP_BLANK ? HELP_MORE : HELP_TEXT;
    return true;
}

bool help_option(struct assay_bytes *name, struct assay_bytes *argument, struct assay_bytes tag)
{
    size_t end = assay_bytes_find(tag, ' ', 0);

    *name = assay_bytes_part(tag, 0, end);
    *argument = assay_bytes_part(tag, end + 1, tag.len);
    return begins(tag, "--") && name->len > 2;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static size_t word_at(struct assay_bytes text, size_t at)
{
    size_t end = at;

    while (end < text.len && is_word_byte(text.at[end]))
        end++;
    return end > at && text.at[at] >= 'a' && text.at[at] <= 'z' ? end : at;
}

/* A tag of one word, or of one and "(default)"; with a dot in it, it is an operation's, whose tag
 * may run into what it means. */
struct assay_bytes help_word(struct assay_bytes tag)
{
    size_t end = word_at(tag, 0);
    struct assay_bytes word = assay_bytes_part(tag, 0, end);

    if (end < tag.len && !assay_bytes_is(assay_bytes_part(tag, end, tag.len), " (default)") &&
        assay_bytes_find(word, '.', 0) == word.len)
        end = 0;
    return assay_bytes_part(tag, 0, end);
}

bool help_usage_word(struct assay_bytes *word, struct assay_bytes usage, const char *page,
                     size_t *at)
{
    size_t end;

    if (*at == 0)
        *at = strlen("assay ") + strlen(page) + 1;
    else if (*at < usage.len && usage.at[*at] == '|')
        ++*at;
    else
        return false;
    end = *at < usage.len ? word_at(usage, *at) : *at;
    *word = assay_bytes_part(usage, *at, end);
    *at = end;
    return word->len > 0 && (end == usage.len || usage.at[end] == ' ' || usage.at[end] == '|');
}

/* ---- pages ---- */

/* What a verb prints for --help. It prints to stdout, which is ours for as long. */
static void ask(struct assay_buf *out, const struct cli_verb *verb, const char *word)
{
    char name[HELP_NAME_BYTES], part[HELP_NAME_BYTES], option[] = "--help";
    char *argv[] = {name, option, NULL, NULL}, *text = NULL;
    FILE *own = stdout, *kept;
    size_t len = 0;
    int argc = 2;

    if (snprintf(name, sizeof name, "%s", verb->name) >= (int)sizeof name ||
        (word != NULL && snprintf(part, sizeof part, "%s", word) >= (int)sizeof part) ||
        (kept = open_memstream(&text, &len)) == NULL) {
        out->bad = ASSAY_E_NOMEM;
        return;
    }
    if (word != NULL) {
        argv[1] = part;
        argv[2] = option;
        argc = 3;
    }
    stdout = kept;
    optind = 0; /* begins anew */
    (void)verb->run(argc, argv);
    stdout = own;
    if (fclose(kept) != 0)
        out->bad = ASSAY_E_NOMEM;
    assay_buf_add(out, assay_bytes_of(text, len));
    free(text);
}

/* Whether the help is one of that page's own: its usage names it. */
static bool is_of(const struct help_page *page)
{
    struct assay_bytes help = assay_buf_view(&page->text);
    char usage[2 * HELP_NAME_BYTES];
    int len = snprintf(usage, sizeof usage, "usage: assay %s", page->name);

    return len > 0 && len < (int)sizeof usage && begins(help, usage) && help.len > (size_t)len &&
           (help.at[len] == ' ' || help.at[len] == '\n');
}

static enum assay_code add_page(struct help_pages *pages, const struct cli_verb *verb,
                                struct assay_bytes word, struct assay_bytes what)
{
    struct help_page *page = &pages->pages[pages->count];
    char part[HELP_NAME_BYTES];
    const char *sub = word.len > 0 ? part : NULL;
    int len;

    if (pages->count == HELP_PAGES_MAX || word.len >= sizeof part)
        return ASSAY_E_TOO_LARGE;
    *page = (struct help_page){.text = ASSAY_BUF_INIT(HELP_MAX_BYTES)};
    memcpy(part, word.at, word.len);
    part[word.len] = '\0';
    len =
        snprintf(page->name, sizeof page->name, "%s%s%s", verb->name, sub != NULL ? " " : "", part);
    if (len >= (int)sizeof page->name ||
        snprintf(page->what, sizeof page->what, "%.*s", (int)what.len, (const char *)what.at) < 0)
        return ASSAY_E_TOO_LARGE;
    ask(&page->text, verb, sub);
    if (!assay_buf_ok(&page->text) || !is_of(page))
        assay_buf_fini(&page->text);
    else
        pages->count++;
    return page->text.bad;
}

static bool has_page(const struct help_pages *pages, const char *verb, struct assay_bytes word)
{
    char name[HELP_NAME_BYTES];
    bool found = false;

    if (snprintf(name, sizeof name, "%s %.*s", verb, (int)word.len, (const char *)word.at) >=
        (int)sizeof name)
        return false;
    for (size_t i = 0; i < pages->count; i++)
        found = found || strcmp(pages->pages[i].name, name) == 0;
    return found;
}

static enum assay_code add_part(struct help_pages *pages, const struct cli_verb *verb,
                                struct assay_bytes word, struct assay_bytes what)
{
    return word.len == 0 || has_page(pages, verb->name, word) ? ASSAY_OK
                                                              : add_page(pages, verb, word, what);
}

/* The pages below a verb's own, which stands at `at` and does not move: of its items, and then of
 * the words of its usage that no item explains. */
static enum assay_code add_parts(struct help_pages *pages, const struct cli_verb *verb, size_t at)
{
    struct assay_bytes help = assay_buf_view(&pages->pages[at].text), word;
    struct help_line line = {.kind = HELP_BLANK};
    enum assay_code rc = ASSAY_OK;

    for (size_t pos = 0; rc == ASSAY_OK && help_next(&line, help, &pos, line.kind);)
        if (line.kind == HELP_ITEM)
            rc = add_part(pages, verb, help_word(line.tag), line.text);
    line.kind = HELP_BLANK;
    for (size_t pos = 0; rc == ASSAY_OK && help_next(&line, help, &pos, line.kind);)
        for (size_t from = 0; rc == ASSAY_OK && line.kind == HELP_USAGE &&
                              help_usage_word(&word, line.text, verb->name, &from);)
            rc = add_part(pages, verb, word, assay_str(verb->what));
    return rc;
}

enum assay_code help_pages_init(struct help_pages *out)
{
    const struct cli_verb *verb;
    enum assay_code rc = ASSAY_OK;

    *out = (struct help_pages){.count = 0};
    for (size_t i = 0; rc == ASSAY_OK && (verb = cli_verb_at(i)) != NULL; i++) {
        size_t at = out->count;

        rc = add_page(out, verb, ASSAY_LIT(""), assay_str(verb->what));
        if (rc == ASSAY_OK && out->count > at)
            rc = add_parts(out, verb, at);
    }
    return rc;
}

void help_pages_fini(struct help_pages *pages)
{
    for (size_t i = 0; i < pages->count; i++)
        assay_buf_fini(&pages->pages[i].text);
}
