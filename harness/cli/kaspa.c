/* assay kaspa: addresses, scripts and transactions for people who debug. The table of its verbs,
 * and how they read and show. */
#include "cli/kaspa.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} verbs[] = {
    {"address", kaspa_cli_address, "an address taken apart, or the address of a script"},
    {"script", kaspa_cli_script, "a script from its text: hex, class, P2SH address"},
    {"disasm", kaspa_cli_disasm, "a script from its hex: one instruction a line"},
    {"txid", kaspa_cli_txid, "id, hash, size and masses of a transaction"},
    {"verify", kaspa_cli_verify, "every rule of a transaction, with its result"},
    {"run", kaspa_cli_run, "the scripts of a transaction, step by step"},
};

static void help(FILE *out)
{
    fputs("usage: assay kaspa VERB [options] [input]\n\n", out);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].what);
    fputs("\nEach verb has --help with an example, and takes \"-\" or nothing for standard input.\n"
          "exit: 0 valid, 1 refused, 2 undecided, 3 usage or bad input\n",
          out);
}

int cli_kaspa(int argc, char **argv)
{
    char name[32];

    if (argc < 2) {
        help(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0) {
            (void)snprintf(name, sizeof name, "kaspa %s", verbs[i].name);
            argv[1] = name;
            return verbs[i].run(argc - 1, argv + 1);
        }
    return cli_wrong("kaspa", "there is no verb \"%s\"", argv[1]);
}

/* ---- reading ---- */

static bool read_stdin(struct assay_buf *out, const char *verb)
{
    while (!feof(stdin)) {
        size_t before = out->len, n;
        uint8_t *at = assay_buf_extend(out, 65536);

        if (at == NULL) {
            cli_wrong(verb, "the input %s", assay_code_text(out->bad));
            return false;
        }
        n = fread(at, 1, 65536, stdin);
        out->len = before + n;
        if (ferror(stdin)) {
            cli_wrong(verb, "standard input cannot be read: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

/* The name of the input: NULL where it is standard input. */
static bool input_name(const char **out, int argc, char **argv)
{
    if (argc - optind > 1) {
        cli_wrong(argv[0], "expected one input, found %d", argc - optind);
        return false;
    }
    *out = argc - optind == 1 && strcmp(argv[optind], "-") != 0 ? argv[optind] : NULL;
    return true;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(struct assay_buf *text)
{
    size_t start = 0;

    while (text->len > 0 && is_space(text->at[text->len - 1]))
        text->len--;
    while (start < text->len && is_space(text->at[start]))
        start++;
    if (start > 0)
        memmove(text->at, text->at + start, text->len - start);
    text->len -= start;
}

bool kaspa_cli_text(struct assay_buf *out, int argc, char **argv)
{
    const char *name;

    if (!input_name(&name, argc, argv))
        return false;
    if (name == NULL && !read_stdin(out, argv[0]))
        return false;
    if (name == NULL && out->len == 0) {
        cli_wrong(argv[0], "the input is empty");
        return false;
    }
    if (name != NULL)
        assay_buf_add_str(out, name);
    if (!assay_buf_ok(out)) {
        cli_wrong(argv[0], "the input %s", assay_code_text(out->bad));
        return false;
    }
    trim(out);
    return true;
}

bool kaspa_cli_hex(struct assay_buf *out, struct assay_bytes text)
{
    uint8_t *at = assay_buf_extend(out, text.len / 2);

    return at != NULL && assay_hex_decode(at, text.len / 2, text, false) == ASSAY_OK;
}

/* Line and column of an offset, both from 1, the column in characters. */
static void place_of(struct assay_bytes text, size_t at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at && i < text.len; i++) {
        if (text.at[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((text.at[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

static void find_utxos(struct kaspa_cli_tx *t)
{
    while (t->without < t->tx.input_count && t->claims.has_utxo[t->without])
        t->without++;
    t->utxos = t->without == t->tx.input_count ? t->claims.utxos : NULL;
}

static bool parse(struct kaspa_cli_tx *t, const char *verb, const char *name,
                  struct assay_bytes text, bool unknown_members)
{
    const struct kaspa_json_options options = {.numbers = true, .unknown_members = unknown_members};
    struct assay_err err = {0};
    size_t line, column;

    if (kaspa_tx_parse(&t->tx, &t->claims, &t->arena, text, &options, &err) == ASSAY_OK) {
        find_utxos(t);
        return true;
    }
    place_of(text, err.at, &line, &column);
    cli_wrong(verb, "%s:%zu:%zu: %s", name != NULL ? name : "standard input", line, column,
              err.text);
    return false;
}

bool kaspa_cli_tx_read(struct kaspa_cli_tx *t, int argc, char **argv, bool unknown_members)
{
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES + 65536);
    struct assay_err err = {0};
    const char *name;
    bool ok;

    *t = (struct kaspa_cli_tx){.arena = ASSAY_ARENA_INIT((size_t)256 << 20)};
    if (!input_name(&name, argc, argv))
        return false;
    ok = name == NULL ? read_stdin(&text, argv[0]) : assay_file_read(&text, name, &err) == ASSAY_OK;
    if (!ok && name != NULL)
        cli_wrong(argv[0], "%s", err.text);
    ok = ok && parse(t, argv[0], name, assay_buf_view(&text), unknown_members);
    assay_buf_fini(&text);
    return ok;
}

void kaspa_cli_tx_fini(struct kaspa_cli_tx *t)
{
    assay_arena_fini(&t->arena);
}

/* ---- showing ---- */

void kaspa_cli_print_hex(struct assay_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", (unsigned)bytes.at[i]);
}

void kaspa_cli_print(const char *text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(4 * KASPA_CLI_TEXT_MAX_BYTES);

    assay_utf8_add_printable(&shown, assay_str(text));
    fputs(assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", stdout);
    assay_buf_fini(&shown);
}

void kaspa_cli_say_claims(void)
{
    puts("what it spends is taken from its own utxo blocks: claims of whoever wrote it, which only "
         "a node can confirm");
}

int kaspa_cli_end(const char *verb, int status)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return cli_wrong(verb, "the result cannot be printed");
    return status;
}
