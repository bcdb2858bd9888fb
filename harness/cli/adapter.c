/* assay adapter: the reference as a library adapter, one JSON object a line on stdin and stdout
 * (design, section 4). */
#include "cli/cli.h"
#include "defects/defects.h"
#include "run/operations.h"
#include "run/version.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)16 << 20)

static const char help[] = "usage: assay adapter [--defect ID]…\n\n"
                           "Answers {\"id\": n, \"op\": NAME, …} with {\"id\": n, \"ok\": result}, "
                           "{\"refused\": {rule, reason}},\n"
                           "{\"unsupported\": text} or {\"error\": text}; {\"op\": \"hello\"} says "
                           "what there is. Ends with its input.\n";

static json_t *hello(void)
{
    json_t *names = json_array();
    const struct operation *op;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++)
        json_array_append_new(names, json_string(op->name));
    return json_pack("{s:s, s:s, s:s, s:o}", "name", "assay reference", "version", ASSAY_VERSION,
                     "language", "C", "operations", names);
}

/* The answer without its id. */
static json_t *answer_to(json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "op"));
    const struct operation *op = name != NULL ? operation_find(name) : NULL;
    struct assay_err err = {0};
    json_t *result = NULL, *answer;

    if (name == NULL)
        return json_pack("{s:s}", "error", "expected an object with the text member op");
    if (strcmp(name, "hello") == 0)
        return json_pack("{s:o}", "ok", hello());
    if (op == NULL)
        return json_pack("{s:s}", "unsupported", "no such operation");
    json_object_del(request, "op");
    json_object_del(request, "id");
    switch (operation_run(op, request, &result, &err)) {
    case OPERATION_OK:
        return json_pack("{s:o}", "ok", result);
    case OPERATION_REFUSED:
        return json_pack("{s:o}", "refused", result);
    case OPERATION_UNSUPPORTED:
        name = json_string_value(json_object_get(result, "reason"));
        answer = json_pack("{s:o}", "unsupported", operation_words(name));
        json_decref(result);
        return answer;
    case OPERATION_ERROR:
        break;
    }
    return json_pack("{s:o}", "error", operation_words(err.text));
}

static bool serve_line(const char *line, size_t len)
{
    json_error_t where;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
    json_t *id = json_object_get(request, "id");
    json_t *answer;
    bool ok;

    json_incref(id);
    answer = json_is_object(request) ? answer_to(request)
                                     : json_pack("{s:s}", "error", "no JSON object");
    if (id != NULL)
        json_object_set_new(answer, "id", id);
    ok = answer != NULL && json_dumpf(answer, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF &&
         fflush(stdout) == 0;
    json_decref(answer);
    json_decref(request);
    return ok;
}

int cli_adapter(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"defect", required_argument, NULL, 'D'},
                                            {NULL, 0, NULL, 0}};
    struct assay_err err = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int option, status = 0;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        if (ref_defect_switch_on(assay_str(optarg), &err) != ASSAY_OK)
            return cli_wrong("adapter", "%s", err.text);
    }
    while (status == 0 && (len = getline(&line, &room, stdin)) > 0)
        if ((size_t)len > LINE_MAX_BYTES || !serve_line(line, (size_t)len))
            status = EXIT_TROUBLE;
    free(line);
    return status;
}
