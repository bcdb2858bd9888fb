/* assay completion: a script for bash or zsh, made of the help texts. */
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/verbs.h"

#include <stdio.h>

#define SCRIPT_MAX_BYTES ((size_t)1 << 20)

static const char help[] =
    "usage: assay completion bash|zsh\n\n"
    "Prints a script that completes verbs, options, files and names.\n\n"
    "  bash  source <(assay completion bash), or put it into bash_completion's folder as assay\n"
    "  zsh   put it into a folder of fpath as _assay\n\n"
    "exit: 0 printed, 3 otherwise\n";

/* What follows the table in either shell. Candidates that depend on the machine come from the
 * program itself. */
static const char bash_end[] =
    "_assay_names() { \"${COMP_WORDS[0]}\" list \"$1\" 2>/dev/null | cut -f1 | sort -u; }\n"
    "_assay() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local choices='' options='' takes='' files='' names=''\n"
    "    COMPREPLY=()\n"
    "    if [ \"$COMP_CWORD\" -eq 1 ]; then _assay_page ''\n"
    "    elif ! { [ \"$COMP_CWORD\" -gt 2 ] && _assay_page \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\"; "
    "}; "
    "then\n"
    "        _assay_page \"${COMP_WORDS[1]}\" || return 0\n"
    "        if [ \"$COMP_CWORD\" -ne 2 ]; then choices=''; fi\n"
    "    fi\n"
    "    case \" $takes \" in\n"
    "    *\" $prev \"*)\n"
    "        case $prev in\n"
    "        --profile) choices=$(_assay_names profiles) ;;\n"
    "        --defect) choices=$(_assay_names defects) ;;\n"
    "        *)\n"
    "            case \" $files \" in *\" $prev \"*) mapfile -t COMPREPLY < <(compgen -f -- "
    "\"$cur\") ;; esac\n"
    "            return 0\n"
    "            ;;\n"
    "        esac\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$cur\")\n"
    "        return 0\n"
    "        ;;\n"
    "    esac\n"
    "    case $cur in\n"
    "    -*) choices=$options ;;\n"
    "    *) for list in $names; do choices+=\" $(_assay_names \"$list\")\"; done ;;\n"
    "    esac\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$cur\")\n"
    "    case ${#COMPREPLY[@]}$cur in\n"
    "    0-*) ;;\n"
    "    0*) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -o filenames -F _assay assay\n";

static const char zsh_end[] =
    "_assay_names() { \"${words_[1]}\" list \"$1\" 2>/dev/null | cut -f1 | sort -u; }\n"
    "_assay() {\n"
    "    local cur=${words[CURRENT]} prev=${words[CURRENT-1]} list\n"
    "    local -a words_=(\"${words[@]}\")\n"
    "    local choices='' options='' takes='' files='' names=''\n"
    "    if (( CURRENT == 2 )); then _assay_page ''\n"
    "    elif ! { (( CURRENT > 3 )) && _assay_page \"${words_[2]} ${words_[3]}\"; }; then\n"
    "        _assay_page \"${words_[2]}\" || return 1\n"
    "        if (( CURRENT != 3 )); then choices=''; fi\n"
    "    fi\n"
    "    if [[ \" $takes \" == *\" $prev \"* ]]; then\n"
    "        case $prev in\n"
    "        --profile) compadd -- ${(f)\"$(_assay_names profiles)\"} ;;\n"
    "        --defect) compadd -- ${(f)\"$(_assay_names defects)\"} ;;\n"
    "        *) if [[ \" $files \" == *\" $prev \"* ]]; then _files; fi ;;\n"
    "        esac\n"
    "    elif [[ $cur == -* ]]; then compadd -- ${=options}\n"
    "    else\n"
    "        local none=1\n"
    "        for list in ${=names}; do compadd -- ${(f)\"$(_assay_names $list)\"} && none=0; done\n"
    "        if [[ -n $choices ]]; then compadd -- ${=choices} && none=0; fi\n"
    "        if (( none )); then _files; fi\n"
    "    fi\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _assay \"$@\"; else compdef _assay "
    "assay; "
    "fi\n";

/* ---- the table ---- */

/* What a page's help names, each list parted by spaces. */
struct lists {
    struct assay_buf words, options, takes, files;
};

static bool has_word(const struct assay_buf *list, struct assay_bytes word)
{
    for (size_t from = 0; from < list->len;) {
        size_t to = assay_bytes_find(assay_buf_view(list), ' ', from);

        if (assay_bytes_equal(assay_bytes_part(assay_buf_view(list), from, to), word))
            return true;
        from = to + 1;
    }
    return false;
}

/* Each word once. */
static void add_to(struct assay_buf *list, struct assay_bytes word)
{
    if (has_word(list, word))
        return;
    if (list->len > 0)
        assay_buf_add_byte(list, ' ');
    assay_buf_add(list, word);
}

static bool is_file(struct assay_bytes argument)
{
    static const char *const names[] = {"FILE", "DIR", "F", "FILE|memory"};
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        found = found || assay_bytes_is(argument, names[i]);
    return found;
}

static void take_item(struct lists *l, struct assay_bytes tag)
{
    struct assay_bytes name, argument, word = help_word(tag);

    if (!help_option(&name, &argument, tag)) {
        if (word.len > 0)
            add_to(&l->words, word);
        return;
    }
    add_to(&l->options, name);
    if (argument.len > 0)
        add_to(&l->takes, name);
    if (is_file(argument))
        add_to(&l->files, name);
}

static void take_page(struct lists *l, const struct help_page *page)
{
    struct assay_bytes text = assay_buf_view(&page->text), word;
    struct help_line line = {.kind = HELP_BLANK};

    for (size_t at = 0; help_next(&line, text, &at, line.kind);) {
        size_t pos = 0;

        if (line.kind == HELP_ITEM)
            take_item(l, line.tag);
        while (line.kind == HELP_USAGE && help_usage_word(&word, line.text, page->name, &pos))
            add_to(&l->words, word);
    }
}

/* Lists of `assay list` whose names a verb takes. */
static const char *names_of(const char *page)
{
    static const char *const takers[][2] = {{"run", "scenarios threats rules"},
                                            {"selftest", "scenarios defects"},
                                            {"explain", "scenarios threats rules defects"}};

    for (size_t i = 0; i < ARRAY_LEN(takers); i++)
        if (strcmp(page, takers[i][0]) == 0)
            return takers[i][1];
    return "";
}

static void add_row(struct assay_buf *out, const char *page, struct lists *l)
{
    add_to(&l->options, ASSAY_LIT("--help"));
    assay_buf_printf(out, "    '%s')\n        choices='%s'\n        options='%s'\n", page,
                     assay_buf_cstr(&l->words), assay_buf_cstr(&l->options));
    assay_buf_printf(out, "        takes='%s'\n        files='%s'\n        names='%s' ;;\n",
                     assay_buf_cstr(&l->takes), assay_buf_cstr(&l->files), names_of(page));
}

static void add_table(struct assay_buf *out, const struct help_pages *pages)
{
    assay_buf_add_str(out, "# shellcheck disable=SC2034 # what a page has, for its caller\n"
                           "_assay_page() {\n    case $1 in\n");
    for (size_t i = 0; i <= pages->count; i++) {
        struct lists l = {ASSAY_BUF_INIT(65536), ASSAY_BUF_INIT(65536), ASSAY_BUF_INIT(65536),
                          ASSAY_BUF_INIT(65536)};
        const struct cli_verb *verb;

        if (i > 0)
            take_page(&l, &pages->pages[i - 1]);
        for (size_t k = 0; i == 0 && (verb = cli_verb_at(k)) != NULL; k++)
            add_to(&l.words, assay_str(verb->name));
        if (i == 0)
            add_to(&l.options, ASSAY_LIT("--version"));
        add_row(out, i > 0 ? pages->pages[i - 1].name : "", &l);
        assay_buf_fini(&l.words);
        assay_buf_fini(&l.options);
        assay_buf_fini(&l.takes);
        assay_buf_fini(&l.files);
    }
    assay_buf_add_str(out, "    *) return 1 ;;\n    esac\n}\n");
}

static int print_script(bool is_bash)
{
    static struct help_pages pages;
    struct assay_buf text = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES);
    int status = 0;

    assay_buf_add_str(&text, is_bash ? "# bash completion of assay: assay completion bash\n"
                                     : "#compdef assay\n# assay completion zsh\n");
    if (help_pages_init(&pages) != ASSAY_OK)
        text.bad = ASSAY_E_NOMEM;
    add_table(&text, &pages);
    assay_buf_add_str(&text, is_bash ? bash_end : zsh_end);
    if (!assay_buf_ok(&text) || fwrite(text.at, 1, text.len, stdout) != text.len ||
        fflush(stdout) != 0)
        status = cli_wrong("completion", "the script cannot be printed");
    help_pages_fini(&pages);
    assay_buf_fini(&text);
    return status;
}

int cli_completion(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = cli_option(argc, argv, options);

    if (option == 'h') {
        fputs(help, stdout);
        return 0;
    }
    if (option == '?')
        return EXIT_TROUBLE;
    if (argc - optind == 1 && strcmp(argv[optind], "bash") == 0)
        return print_script(true);
    if (argc - optind == 1 && strcmp(argv[optind], "zsh") == 0)
        return print_script(false);
    return cli_wrong("completion", "expected bash or zsh");
}
