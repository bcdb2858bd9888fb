/* assay verify: one operation of the reference on JSON input. */
#include "cli/cli.h"
#include "run/operations.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] = "usage: assay verify OP [JSON]\n\n"
                           "Runs one operation on a JSON object, from the argument or from "
                           "standard input, and prints the\n"
                           "result as one line of JSON. Operations:\n\n";

static const char help_end[] =
    "\nexit: 0 accepted, 1 refused (the line says rule and reason), 2 it "
    "cannot be decided here\n      (the line says why), 3 the input "
    "is no proper input\n";

static void print_help(void)
{
    const struct operation *op;

    fputs(help, stdout);
    for (size_t i = 0; (op = operation_at(i)) != NULL; i++)
        printf("  %-22s %s\n%26s-> %s\n", op->name, op->in, "", op->out);
    fputs(help_end, stdout);
}

int cli_verify(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = cli_option(argc, argv, options);
    const struct operation *op;
    struct assay_err err = {0};
    json_error_t where;
    json_t *in, *result = NULL;
    enum operation_answer answer;
    char *text;

    if (option == 'h') {
        print_help();
        return 0;
    }
    if (option == '?')
        return EXIT_TROUBLE;
    if (argc - optind < 1 || argc - optind > 2)
        return cli_wrong("verify", "expected an operation and perhaps its input");
    op = operation_find(argv[optind]);
    if (op == NULL)
        return cli_wrong("verify", "there is no operation \"%s\"", argv[optind]);
    in = argc - optind == 2 ? json_loads(argv[optind + 1], JSON_REJECT_DUPLICATES, &where)
                            : json_loadf(stdin, JSON_REJECT_DUPLICATES, &where);
    if (in == NULL)
        return cli_wrong("verify", "the input is no JSON object: line %d: %s", where.line,
                         where.text);
    answer = operation_run(op, in, &result, &err);
    json_decref(in);
    if (answer == OPERATION_ERROR)
        return cli_wrong("verify", "%s: %s; expected %s", op->name, err.text, op->in);
    text = json_dumps(result, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(result);
    if (text == NULL || puts(text) < 0 || fflush(stdout) != 0)
        return cli_wrong("verify", "the result cannot be printed");
    free(text);
    return answer == OPERATION_OK ? 0 : answer == OPERATION_REFUSED ? 1 : 2;
}
