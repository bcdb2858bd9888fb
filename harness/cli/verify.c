/* assay verify: one operation of the reference on JSON input. */
#include "cli/cli.h"
#include "run/operations.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: assay verify OP [JSON|FILE]\n\n"
    "Runs one operation on a JSON object, from the argument, which is one or names a file of one,\n"
    "or from standard input, and prints the result as one line of JSON. Operations:\n\n";

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

/* What starts as no JSON object or array does names a file; NULL: standard input. */
static json_t *read_input(const char *argument, json_error_t *where)
{
    if (argument == NULL)
        return json_loadf(stdin, JSON_REJECT_DUPLICATES, where);
    return strchr("{[", argument[0]) != NULL
               ? json_loads(argument, JSON_REJECT_DUPLICATES, where)
               : json_load_file(argument, JSON_REJECT_DUPLICATES, where);
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
    in = read_input(argv[optind + 1], &where); /* argv ends in NULL */
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
