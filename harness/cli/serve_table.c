/* Options by a table: listed, and taken into their fields; see serve_table.h. */
#include "cli/serve_table.h"

#include <assert.h>
#include <stdio.h>

enum { FIRST_CODE = 256, ROWS_MAX = 128 };

static void list_row(const struct row *row)
{
    const char *text = row->help, *end = strchr(text, '\n');
    char option[48];

    (void)snprintf(option, sizeof(option), "--%s%s%s", row->name, row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    printf("  %-27s %.*s\n", option, end != NULL ? (int)(end - text) : (int)strlen(text), text);
    if (end != NULL)
        printf("  %-27s %s\n", "", end + 1);
}

void serve_table_list(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].help != NULL)
            list_row(&rows[i]);
}

void serve_take_one_of(bool *wrong, const char *verb, const char *what, const char *text,
                       const char **list, size_t *count, size_t room)
{
    if (*count < room) {
        list[(*count)++] = text;
        return;
    }
    cli_wrong(verb, "--%s: %zu at most", what, room);
    *wrong = true;
}

static void take_number(const struct serve_table *t, const struct row *row, const char *text)
{
    char option[48];
    uint64_t wide;
    uint32_t narrow;

    (void)snprintf(option, sizeof(option), "--%s", row->name);
    wide = serve_number(t->wrong, t->verb, option, text, row->least, row->most);
    narrow = (uint32_t)wide;
    if (row->size == sizeof(wide))
        memcpy((char *)t->options + row->offset, &wide, sizeof(wide));
    else
        memcpy((char *)t->options + row->offset, &narrow, sizeof(narrow));
}

static void take(const struct serve_table *t, const struct row *row, const char *text)
{
    static const char *const finalities[] = {"accepted", "confirmed", NULL};
    struct kx_server_options *o = t->options;

    switch (row->kind) {
    case TEXT:
        memcpy((char *)o + row->offset, &text, sizeof(text));
        break;
    case FLAG:
        *((char *)o + row->offset) = true;
        break;
    case NUMBER:
        take_number(t, row, text);
        break;
    case FINALITY:
        o->finality = serve_word(t->wrong, t->verb, "--finality", text, finalities) == 0
                          ? KX_FINALITY_ACCEPTED
                          : KX_FINALITY_CONFIRMED;
        break;
    case DEFECT:
        serve_switch_on(t->wrong, t->verb, text);
        break;
    default:
        t->own(t->cls, row, text);
        break;
    }
}

int serve_table_take(const struct serve_table *t, int argc, char **argv)
{
    struct option options[ROWS_MAX + 2] = {{0}};
    int option;

    assert(t->row_count <= ROWS_MAX);
    for (size_t i = 0; i < t->row_count; i++)
        options[i] = (struct option){t->rows[i].name,
                                     t->rows[i].argument != NULL ? required_argument : no_argument,
                                     NULL, FIRST_CODE + (int)i};
    options[t->row_count] = (struct option){"help", no_argument, NULL, 'h'};
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return EXIT_TROUBLE;
        if (option == 'h') {
            t->help();
            return 0;
        }
        take(t, &t->rows[option - FIRST_CODE], optarg);
        if (*t->wrong)
            return EXIT_TROUBLE;
    }
    return -1;
}
